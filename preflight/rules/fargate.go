package rules

import (
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

var fargateRules = []Rule{
	{
		ID: "V60", Severity: Error, Title: "Fargate profiles that are made at once",
		Why:    "EKS makes and deletes one Fargate profile of a cluster at a time: while one is being created the next is refused with ResourceInUseException.",
		Fix:    "let each profile of the cluster depend on the one before (DependsOn)",
		Source: "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateFargateProfile.html",
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				var before []*cfn.Resource
				for _, f := range cl.Fargate {
					r := c.raw(f)
					if r == nil || r.Conditional {
						continue
					}
					needs := dependencies(r)
					for _, b := range before {
						if b.Stack == r.Stack && !needs[b] && !dependencies(b)[r] {
							c.report(r, "", "the Fargate profiles %s and %s of cluster %s do not wait for each other", b.ID, r.ID, cl.LogicalID)
							break
						}
					}
					before = append(before, r)
				}
			}
		},
	},
	{
		ID: "V61", Severity: Error, Title: "Cluster in which CoreDNS can run nowhere",
		Why:    "CoreDNS tolerates no taints but CriticalAddonsOnly: where every node group is tainted or empty, and no Fargate profile takes kube-system, it stays pending, no name is resolved, and the add-on fails.",
		Fix:    "add a node group without taints, a Fargate profile for kube-system, or tolerations to the add-on's configuration",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html",
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				r, why := c.dnsHomeless(cl)
				if r != nil {
					c.report(r, "", "CoreDNS of cluster %s has nowhere to run: %s", cl.LogicalID, why)
				}
			}
		},
	},
	{
		ID: "V62", Severity: Error, Title: "Pod Identity for Pods on Fargate",
		Why:    "The Pod Identity agent is a DaemonSet, which Fargate does not run: these Pods get no credentials.",
		Fix:    "give the service account a role by an OpenID Connect provider (IRSA), or take its namespace out of the Fargate profile",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if c.raw(cl) == nil {
					continue
				}
				for _, id := range c.identities(cl) {
					ns, ok := id.namespace.Text()
					account, ok2 := id.account.Text()
					if !ok || !ok2 || id.at.Conditional || c.onNodesOnly(cl, ns, account) {
						continue
					}
					if f := c.fargateOf(cl, ns); f != nil {
						c.report(id.at, id.property, "%s gives the service account %s/%s a role by Pod Identity, and the Fargate profile %s takes every Pod of %s", id.at.ID, ns, account, f.ID, ns)
					}
				}
			}
		},
	},
	{
		ID: "V76", Severity: Error, Title: "Fargate profile in a public subnet",
		Why:    "EKS refuses a profile whose subnets have a direct route to an internet gateway: Pods on Fargate get no public IPv4 address, whatever the subnet says.",
		Fix:    "name private subnets in the profile, whose tables send 0.0.0.0/0 to a NAT gateway and ::/0 to an egress-only internet gateway",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html",
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				for _, f := range cl.Fargate {
					r := c.raw(f)
					if r == nil {
						continue
					}
					property := "Subnets"
					if r.Type != "AWS::EKS::FargateProfile" {
						property = "Config.subnets"
					}
					if r.Prop(property).Kind() != cfn.List {
						continue // EKS takes the cluster's private subnets, or they are not known
					}
					for _, s := range f.Subnets {
						if route := c.toInternetGateway(s); route != nil {
							c.report(r, property, "the Fargate profile %s is in subnet %s, which %s sends to the internet gateway, wanted a private subnet", r.ID, s, route)
						}
					}
				}
			}
		},
	},
}

// toInternetGateway is a route of a subnet's table to an internet gateway, of either family; nil where there is none, or where
// another table may be the subnet's.
func (c *check) toInternetGateway(s *network.Subnet) *network.Route {
	if s.RouteTable == nil || s.RouteTable.Imported ||
		s.MainTable && (c.stray("AWS::EC2::SubnetRouteTableAssociation", "SubnetId") || c.stray("AWS::EC2::SubnetRouteTableAssociation", "RouteTableId")) {
		return nil
	}
	for _, r := range s.RouteTable.Routes {
		if _, ok := r.Target.(*network.InternetGateway); ok {
			return r
		}
	}
	return nil
}

// fargateOf is the Fargate profile that surely takes every Pod of a namespace: by a selector without labels. Nil where
// there is none.
func (c *check) fargateOf(cl *network.Cluster, namespace string) *cfn.Resource {
	for _, f := range cl.Fargate {
		r := c.raw(f)
		if r == nil || r.Conditional {
			continue
		}
		for _, s := range c.selectors(r) {
			ns, ok := s.namespace.Text()
			if ok && glob(ns, namespace) && s.labels.Known() && len(s.labels.Items()) == 0 && len(s.labels.Keys()) == 0 {
				return r
			}
		}
	}
	return nil
}

// mayTake says that a Fargate profile takes some Pods of a namespace, or that this is not known.
func (c *check) mayTake(f *network.FargateProfile, namespace string) bool {
	r := c.raw(f)
	if r == nil {
		return true
	}
	list := c.selectors(r)
	return len(list) == 0 || slices.ContainsFunc(list, func(s selector) bool {
		ns, ok := s.namespace.Text()
		return !ok || glob(ns, namespace)
	})
}

type selector struct{ namespace, labels cfn.Value }

// selectors are a Fargate profile's, in either of CDK's two spellings.
func (c *check) selectors(r *cfn.Resource) (out []selector) {
	list, ns, labels := r.Prop("Selectors"), "Namespace", "Labels"
	if r.Type != "AWS::EKS::FargateProfile" {
		list, ns, labels = r.Prop("Config.selectors"), "namespace", "labels"
	}
	for _, s := range list.Items() {
		out = append(out, selector{s.Get(ns), s.Get(labels)})
	}
	return out
}

// daemons are service accounts of DaemonSets, which run on nodes whatever a Fargate profile says.
// Source: the manifests of EKS's add-ons, https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
var daemons = []string{"aws-node", "aws-for-fluent-bit", "cloudwatch-agent", "ebs-csi-node-sa", "efs-csi-node-sa", "eks-node-monitoring-agent", "eks-pod-identity-agent",
	"fluent-bit", "fsx-csi-node-sa", "kube-proxy", "s3-csi-driver-sa"}

// onNodesOnly says that the Pods of a service account may be those of a DaemonSet.
func (c *check) onNodesOnly(cl *network.Cluster, namespace, account string) bool {
	if slices.Contains(daemons, account) {
		return true
	}
	return slices.ContainsFunc(cl.Workloads(), func(w *network.Object) bool {
		return w.Kind == "DaemonSet" && w.Namespace == namespace && w.PodSpec().Get("serviceAccountName").Is(account)
	})
}

// dnsHomeless is the resource of a cluster's CoreDNS, and why it runs nowhere; nil where it does, or where this is not
// known.
func (c *check) dnsHomeless(cl *network.Cluster) (r *cfn.Resource, why string) {
	r = c.raw(cl)
	if r == nil || cl.AutoMode || len(cl.NodeGroups)+len(cl.Fargate) == 0 {
		return nil, ""
	}
	a := cl.Addon("coredns")
	switch {
	case a == nil && (!cl.SelfManagedAddons || len(cl.NodeGroups) == 0):
		return nil, "" // nodes may come later: nothing waits for CoreDNS
	case a != nil:
		r = c.raw(a)
		if r == nil || a.ConfigurationUnknown != "" || network.At(a.Configuration, "tolerations").Exists() {
			return nil, ""
		}
	}
	if c.stray("AWS::EKS::Nodegroup", "ClusterName") || c.stray("AWS::EKS::FargateProfile", "ClusterName") || c.scales(cl) {
		return nil, ""
	}
	var reasons []string
	for _, n := range cl.NodeGroups {
		nr := c.raw(n)
		if !n.Managed || n.Auto || n.Assumed || nr == nil {
			return nil, ""
		}
		if nodes, ok := nr.Prop("ScalingConfig.DesiredSize").Int(); ok && nodes == 0 {
			reasons = append(reasons, nr.ID+" has 0 nodes")
			continue
		}
		key := taint(nr)
		if key == "" {
			return nil, ""
		}
		reasons = append(reasons, nr.ID+" has the taint "+key)
	}
	for _, f := range cl.Fargate {
		if c.mayTake(f, "kube-system") {
			return nil, ""
		}
		reasons = append(reasons, f.LogicalID+" does not take kube-system")
	}
	return r, strings.Join(reasons, ", ")
}

// taint is the key of a taint that keeps CoreDNS from a managed node group; "" where there is none, or none is known.
func taint(r *cfn.Resource) string {
	for _, t := range r.Prop("Taints").Items() {
		key, ok := t.Get("Key").Text()
		effect := t.Get("Effect")
		if ok && key != "CriticalAddonsOnly" && key != "node-role.kubernetes.io/control-plane" && (effect.Is("NO_SCHEDULE") || effect.Is("NO_EXECUTE")) {
			return key
		}
	}
	return ""
}

// scales says that something in the templates may add nodes to a cluster.
func (c *check) scales(cl *network.Cluster) bool {
	scaler := func(s string) bool {
		return strings.Contains(s, "karpenter") || strings.Contains(s, "cluster-autoscaler")
	}
	return slices.ContainsFunc(cl.Charts, func(ch *network.Chart) bool { return scaler(ch.Chart) || scaler(ch.Repository) }) ||
		slices.ContainsFunc(cl.Objects, func(o *network.Object) bool { return scaler(o.ObjectName) || scaler(o.APIVersion) })
}
