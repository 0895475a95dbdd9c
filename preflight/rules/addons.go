package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

const docCNI = "https://github.com/aws/amazon-vpc-cni-k8s#readme"

var addonRules = []Rule{
	{
		ID: "V14", Severity: Error, Title: "VPC CNI settings that IPv6 mode refuses",
		Why:    "On IPv6 the CNI refuses to start with custom networking, with IPv4 mode on as well, or with prefix delegation off.",
		Fix:    "leave ENABLE_IPv4, ENABLE_IPv6, ENABLE_PREFIX_DELEGATION and AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG out of the configuration",
		Source: docCNI,
		check: func(c *check) {
			c.eachCNI(func(cl *network.Cluster, a *network.Addon, r *cfn.Resource) {
				for name, bad := range map[string]bool{"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": true, "ENABLE_IPv4": true, "ENABLE_IPv6": false, "ENABLE_PREFIX_DELEGATION": false} {
					if set, known := flag(a.Env(name), !bad); known && set == bad {
						c.report(r, "ConfigurationValues", "the add-on %s of the IPv6 cluster %s sets %s to %v", r.ID, cl.LogicalID, name, set)
					}
				}
				if on(network.At(a.Configuration, "eniConfig", "create"), false) {
					c.report(r, "ConfigurationValues", "the add-on %s of the IPv6 cluster %s creates ENIConfigs, which is custom networking", r.ID, cl.LogicalID)
				}
			})
		},
	},
	{
		ID: "V15", Severity: Error, Title: "VPC CNI too old",
		Why:    "IPv6 needs v1.10.1, security groups for Pods on IPv6 v1.16.0, and ENABLE_V4_EGRESS v1.15.1.",
		Fix:    "leave AddonVersion out for EKS's default, or name v1.22.2 or later",
		Source: docIPv6,
		check: func(c *check) {
			c.eachCNI(func(cl *network.Cluster, a *network.Addon, r *cfn.Resource) {
				v, ok := versionOf(r.Prop("AddonVersion"))
				switch {
				case !ok:
				case v.Before("v1.10.1"):
					c.report(r, "AddonVersion", "the add-on %s of the IPv6 cluster %s is %s, wanted v1.10.1 or later", r.ID, cl.LogicalID, v)
				case v.Before("v1.16.0") && on(a.Env("ENABLE_POD_ENI"), false):
					c.report(r, "AddonVersion", "the add-on %s is %s; security groups for Pods on IPv6 want v1.16.0 or later", r.ID, v)
				case v.Before("v1.15.1") && a.Env("ENABLE_V4_EGRESS").Exists():
					c.report(r, "AddonVersion", "the add-on %s is %s; ENABLE_V4_EGRESS wants v1.15.1 or later", r.ID, v)
				}
			})
		},
	},
	{
		ID: "V36", Severity: Error, Title: "Add-on that does not exist",
		Why:    "The AWS Load Balancer Controller is no EKS add-on: EKS refuses it.",
		Fix:    "install the Helm chart aws-load-balancer-controller, or use EKS Auto Mode",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/aws-load-balancer-controller.html",
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::EKS::Addon") {
				if r.Prop("AddonName").Is("aws-load-balancer-controller") {
					c.report(r, "AddonName", "%s is the add-on aws-load-balancer-controller", r.ID)
				}
			}
		},
	},
	{
		ID: "V37", Severity: Warning, Title: "Add-on that Auto Mode already has",
		Why:    "EKS Auto Mode brings CNI, DNS, kube-proxy, EBS and Pod Identity itself; without other nodes the add-on has nowhere to run and stays degraded.",
		Fix:    "remove the add-on, or add a node group for it",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/automode.html",
		check: func(c *check) {
			builtIn := []string{"vpc-cni", "coredns", "kube-proxy", "eks-pod-identity-agent", "aws-ebs-csi-driver", "eks-node-monitoring-agent"}
			for _, cl := range c.net.Clusters {
				if !cl.AutoMode || slices.ContainsFunc(cl.NodeGroups, func(n *network.NodeGroup) bool { return !n.Auto }) {
					continue
				}
				for _, a := range cl.Addons {
					if slices.Contains(builtIn, a.Name) {
						c.report(c.raw(a), "AddonName", "the add-on %s is %s, which the Auto Mode cluster %s has built in", a.LogicalID, a.Name, cl.LogicalID)
					}
				}
			}
		},
	},
	{
		ID: "V52", Severity: Error, Title: "Load balancer controller that cannot find its Region and VPC",
		Why:    "Without region and vpcId the controller asks the instance metadata, which Pods do not reach: a hop limit of 1, as EKS's own node groups, Karpenter and Auto Mode have it, keeps them from it, and on Fargate there is none. It crash-loops.",
		Fix:    "set region and vpcId in the chart's values",
		Source: "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/installation/",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				if cl.Controller == nil || cl.Controller.Chart == nil || cl.Controller.Chart.ValuesUnknown != "" || c.raw(cl.Controller.Chart) == nil {
					continue
				}
				where := c.withoutMetadata(cl)
				if where == "" {
					continue
				}
				values := cl.Controller.Chart.Values
				for _, key := range []string{"region", "vpcId"} {
					if !values.Field(key).Exists() && (key != "vpcId" || !values.Field("vpcTags").Exists()) {
						c.report(c.raw(cl.Controller.Chart), "Values", "the chart %s sets no %s, and Pods of %s do not reach the instance metadata: %s", cl.Controller.Chart.LogicalID, key, cl.LogicalID, where)
					}
				}
			}
		},
	},
	{
		ID: "V54", Severity: Error, Title: "Add-on configuration that cannot be read",
		Why:    "EKS refuses configuration values that are neither a JSON nor a YAML map.",
		Fix:    "write the values as one JSON object, in a string",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-eks-addon.html",
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::EKS::Addon") {
				v := r.Prop("ConfigurationValues")
				if s, ok := v.Text(); !ok || strings.TrimSpace(s) == "" {
					continue
				}
				if d, err := v.Decode(); err != nil {
					c.report(r, "ConfigurationValues", "the configuration of the add-on %s: %v", r.ID, err)
				} else if d.Kind() != cfn.Map && d.Exists() {
					c.report(r, "ConfigurationValues", "the configuration of the add-on %s is a %s", r.ID, d.Kind())
				}
			}
		},
	},
	{
		ID: "W02", Severity: Warning, Title: "Network policies that do not see IPv4",
		Why:    "Policies are not applied to the Pods' IPv4 egress: a default-deny lets every IPv4 connection out.",
		Fix:    "set ENABLE_V4_EGRESS to \"false\" in the VPC CNI's configuration, or control IPv4 by security groups and a firewall, and acknowledge this",
		Source: "https://github.com/aws/aws-network-policy-agent/issues/55",
		check: func(c *check) {
			c.eachCNI(func(cl *network.Cluster, a *network.Addon, r *cfn.Resource) {
				v4, _, unknown := cl.IPv4Egress()
				enforced := on(network.At(a.Configuration, "enableNetworkPolicy"), false)
				if v4 && unknown == "" && enforced {
					c.report(r, "ConfigurationValues", "the add-on %s enforces network policies in %s, and Pods have IPv4 egress that these do not filter", r.ID, cl.LogicalID)
				}
			})
		},
	},
	{
		ID: "W43", Severity: Warning, Title: "CoreDNS that asks an IPv4 resolver, in Pods without IPv4",
		Why:    "CoreDNS forwards to the name servers of the node's resolv.conf. No page says that these are more than IPv4 in dual-stack subnets, and with ENABLE_V4_EGRESS false a Pod has no IPv4: names outside the cluster may not be resolved.",
		Fix:    "set corefile in the add-on's configuration, with forward . fd00:ec2::253, the VPC resolver's IPv6 address",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				v4, _, unknown := cl.IPv4Egress()
				a := cl.Addon("coredns")
				if v4 || unknown != "" || cl.Addon("vpc-cni") == nil || a == nil || c.raw(a) == nil || a.ConfigurationUnknown != "" {
					continue
				}
				corefile := network.At(a.Configuration, "corefile")
				text, known := corefile.Text()
				if corefile.Exists() && (!known || forwards6.MatchString(text)) {
					continue
				}
				c.report(c.raw(a), "ConfigurationValues", "the add-on %s of cluster %s forwards to no IPv6 name server, and Pods have no IPv4 egress", a.LogicalID, cl.LogicalID)
			}
		},
	},
	{
		ID: "W47", Severity: Warning, Title: "Network policy with ranges of the other family only",
		Why:    "Pods of a cluster have one family, and the VPC CNI's network policy agent leaves blocks of the other one out: the rule allows nothing of what it names.",
		Fix:    "name the ranges of the Pods' family in the rule as well",
		Source: "https://github.com/aws/aws-network-policy-agent/pull/321",
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if !c.familyKnown(cl) {
					continue
				}
				for _, o := range cl.ObjectsOf("NetworkPolicy") {
					if r := c.raw(o); r != nil && strings.HasPrefix(o.APIVersion, "networking.k8s.io/") {
						for _, list := range deadBlocks(o, cl.Family) {
							c.report(r, "Manifest", "the network policy %s/%s of the %s cluster %s names %s only", o.Namespace, o.ObjectName, cl.Family, cl.LogicalID, list)
						}
					}
				}
			}
		},
	},
	{
		ID: "W35", Severity: Warning, Title: "Load balancer controller that starts before its role",
		Why:    "Pods get credentials when they start: a controller that is there before its association has none until it is restarted.",
		Fix:    "make the chart depend on the Pod Identity association",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				if cl.Controller == nil || cl.Controller.Chart == nil || c.raw(cl.Controller.Chart) == nil {
					continue
				}
				chart := c.raw(cl.Controller.Chart)
				if id := c.identityOf(cl); id != nil && !dependencies(chart)[id] {
					c.report(chart, "", "the chart %s does not depend on %s, which gives it its role", chart.ID, id.ID)
				}
			}
		},
	},
	{
		ID: "W09", Severity: Warning, Title: "Auto Mode node class that does not fit IPv6",
		Why:    "Network policies do not see the Pods' IPv4 egress, which a node class leaves on; snatPolicy and ipv4PrefixSize are for IPv4 clusters.",
		Fix:    "set advancedNetworking.enableV4Egress: false where policies must hold, and leave snatPolicy and ipv4PrefixSize out",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/auto-change.html",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				if !cl.AutoMode {
					continue
				}
				closed := false
				for _, o := range cl.ObjectsOf("NodeClass") {
					r := c.raw(o)
					if r == nil {
						continue
					}
					for _, p := range []string{"snatPolicy", "ipv4PrefixSize"} {
						if v := network.At(o.Value, "spec", p); v.Exists() || network.At(o.Value, "spec", "advancedNetworking", p).Exists() {
							c.report(r, "Manifest", "the NodeClass %s of the IPv6 cluster %s sets %s", o.ObjectName, cl.LogicalID, p)
						}
					}
					egress := network.At(o.Value, "spec", "advancedNetworking", "enableV4Egress")
					closed = closed || off(egress, true) || !egress.Known()
				}
				if policies := cl.ObjectsOf("NetworkPolicy"); len(policies) > 0 && !closed && c.raw(policies[0]) != nil {
					c.report(c.raw(policies[0]), "Manifest", "the network policy %s in %s does not filter the Pods' IPv4 egress", policies[0].ObjectName, cl.LogicalID)
				}
			}
		},
	},
	{
		ID: "W20", Severity: Warning, Title: "VPC CNI settings without effect on IPv6",
		Why:    "There is no warm pool on IPv6, one /80 serves each node, and IPv6 is never translated: these settings do nothing.",
		Fix:    "take the setting out of the configuration",
		Source: docCNI,
		check: func(c *check) {
			c.eachCNI(func(cl *network.Cluster, a *network.Addon, r *cfn.Resource) {
				for _, name := range network.At(a.Configuration, "env").Keys() {
					if strings.HasPrefix(name, "WARM_") || strings.HasPrefix(name, "MINIMUM_") || strings.HasPrefix(name, "AWS_VPC_K8S_CNI_EXTERNALSNAT") {
						c.report(r, "ConfigurationValues", "the add-on %s of the IPv6 cluster %s sets %s", r.ID, cl.LogicalID, name)
					}
				}
			})
		},
	},
	{
		ID: "W21", Severity: Warning, Title: "VPC CNI v1.22.1",
		Why:    "This version's discovery of security groups was taken back in v1.22.2.",
		Fix:    "use v1.22.2 or later",
		Source: "https://github.com/aws/amazon-vpc-cni-k8s/blob/master/CHANGELOG.md",
		check: func(c *check) {
			c.eachCNI(func(cl *network.Cluster, a *network.Addon, r *cfn.Resource) {
				if v, ok := versionOf(r.Prop("AddonVersion")); ok && v == "v1.22.1" {
					c.report(r, "AddonVersion", "the add-on %s of cluster %s is v1.22.1", r.ID, cl.LogicalID)
				}
			})
		},
	},
}

// deadBlocks are the blocks of each rule of a network policy whose blocks are all of another family.
func deadBlocks(o *network.Object, f network.Family) (out []string) {
	for _, way := range []struct{ rules, peers string }{{"ingress", "from"}, {"egress", "to"}} {
		for _, rule := range network.At(o.Value, "spec", way.rules).Items() {
			var other []string
			live := false
			for _, peer := range rule.Get(way.peers).Items() {
				cidr := peer.Get("ipBlock.cidr")
				p, ok := prefixOf(cidr)
				switch {
				case !cidr.Exists():
				case ok && network.FamilyOf(p.Addr()) != f:
					other = append(other, p.String())
				default:
					live = true
				}
			}
			if len(other) > 0 && !live {
				out = append(out, way.rules+" "+way.peers+" "+strings.Join(other, ", "))
			}
		}
	}
	return out
}

// withoutMetadata is a place of the controller's Pods where they do not reach the instance metadata; "" where none is known.
// Sources: https://docs.aws.amazon.com/eks/latest/userguide/al2023.html, https://docs.aws.amazon.com/eks/latest/userguide/automode.html,
// https://karpenter.sh/docs/concepts/nodeclasses/, https://docs.aws.amazon.com/eks/latest/userguide/fargate.html.
func (c *check) withoutMetadata(cl *network.Cluster) string {
	if r := c.fargateOf(cl, orDefaultText(cl.Controller.Chart.Namespace, "default")); r != nil {
		return "the Fargate profile " + r.ID + " takes them"
	}
	for _, n := range cl.NodeGroups {
		switch {
		case n.Auto:
			return "the nodes of Auto Mode have the hop limit 1"
		case n.Template != nil && n.Template.HopLimit == 1:
			return "the nodes " + n.LogicalID + " have the hop limit 1"
		case n.Managed && c.raw(n) != nil && missing(c.raw(n), "LaunchTemplate") && (n.AmiType == "" || strings.HasPrefix(n.AmiType, "AL2023_")):
			return "the nodes " + n.LogicalID + " have no launch template, and so the hop limit 1"
		}
	}
	for _, o := range cl.ObjectsOf("EC2NodeClass") {
		if hops := network.At(o.Value, "spec", "metadataOptions", "httpPutResponseHopLimit"); !hops.Exists() || hops.Is("1") {
			return "the nodes of EC2NodeClass " + o.ObjectName + " have the hop limit 1"
		}
	}
	return ""
}

// forwards6 finds an IPv6 address in a forward line of a Corefile.
var forwards6 = regexp.MustCompile(`(?m)^\s*forward\s.*[0-9a-f]*:[0-9a-f:]*:[0-9a-f]+`)

// identityOf is the resource that gives the load balancer controller its role, in the chart's own stack; nil where
// there is none.
func (c *check) identityOf(cl *network.Cluster) *cfn.Resource {
	chart := c.raw(cl.Controller.Chart)
	for _, id := range c.identities(cl) {
		if id.account.Equal(c.controllerAccount(cl)) && id.at.Stack == chart.Stack {
			return id.at
		}
	}
	return nil
}

// eachCNI visits the vpc-cni add-ons of IPv6 clusters whose configuration is known or absent.
func (c *check) eachCNI(visit func(*network.Cluster, *network.Addon, *cfn.Resource)) {
	for _, cl := range c.clusters6() {
		if a := cl.Addon("vpc-cni"); a != nil && c.raw(a) != nil {
			visit(cl, a, c.raw(a))
		}
	}
}
