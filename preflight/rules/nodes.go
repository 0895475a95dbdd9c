package rules

import (
	"encoding/base64"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

var nodeRules = []Rule{
	{
		ID: "V12", Severity: Error, Title: "Instance type that is not Nitro",
		Why:    "The VPC CNI refuses to run: prefix delegation, which IPv6 needs, is there on Nitro instances only. Nodes never become Ready.",
		Fix:    "use a Nitro instance type, such as m7g.large or m6i.large",
		Source: "https://github.com/eksctl-io/eksctl/issues/4980",
		check: func(c *check) {
			for _, n := range c.nodes() {
				r := c.raw(n)
				for i, v := range r.Prop("InstanceTypes").Items() {
					if t, ok := v.Text(); ok && aws.Xen(t) {
						c.report(r, "InstanceTypes."+itoa(i), "the nodes %s of an IPv6 cluster may be %s, which is not Nitro", n.LogicalID, t)
					}
				}
				if n.Template == nil || c.raw(n.Template) == nil {
					continue
				}
				lt := c.raw(n.Template)
				if t, ok := lt.Prop("LaunchTemplateData.InstanceType").Text(); ok && aws.Xen(t) {
					c.report(lt, "LaunchTemplateData.InstanceType", "the nodes %s of an IPv6 cluster are %s, which is not Nitro", n.LogicalID, t)
				}
			}
			for _, cl := range c.clusters6() {
				for _, o := range cl.ObjectsOf("NodePool") {
					if types := xenChosen(o); len(types) > 0 && c.raw(o) != nil && c.karpenters(o) && !nitroOnly(o) {
						c.reportFix(c.raw(o), "Manifest", "take them out of the requirement, or require karpenter.k8s.aws/instance-hypervisor In [nitro] as well",
							"the NodePool %s of an IPv6 cluster may choose %s, which is not Nitro", o.ObjectName, strings.Join(types, " and "))
					}
				}
			}
		},
	},
	{
		ID: "V13", Severity: Error, Title: "Security groups for Pods on burstable instances",
		Why:    "No instance type of the t families has trunk interfaces: Pods with a security group of their own are not scheduled.",
		Fix:    "use an instance type that supports trunk interfaces, such as m7g.large",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html",
		check: func(c *check) {
			for _, n := range c.nodes() {
				a := n.Cluster.Addon("vpc-cni")
				if a == nil || !on(a.Env("ENABLE_POD_ENI"), false) {
					continue
				}
				types := c.raw(n).Prop("InstanceTypes")
				burstable := func(v cfn.Value) bool {
					t, ok := v.Text()
					return ok && burst.MatchString(t)
				}
				if len(types.Items()) > 0 && !slices.ContainsFunc(types.Items(), func(v cfn.Value) bool { return !burstable(v) }) {
					c.report(c.raw(n), "InstanceTypes", "the nodes %s are %s, and the VPC CNI has security groups for Pods on", n.LogicalID, types)
				}
			}
		},
	},
	{
		ID: "V35", Severity: Error, Title: "Node bootstrapped for IPv4",
		Why:    "A node learns its family from the service range in its user data: with an IPv4 one it joins as an IPv4 node, and its DNS is wrong.",
		Fix:    "pass the cluster's KubernetesNetworkConfig.ServiceIpv6Cidr as spec.cluster.cidr of the NodeConfig (bootstrap.sh: --ip-family ipv6 --service-ipv6-cidr)",
		Source: "https://github.com/eksctl-io/eksctl/pull/8120",
		check: func(c *check) {
			for _, n := range c.nodes() {
				if n.Template == nil || c.raw(n.Template) == nil || n.Managed && n.Template.ImageID == "" {
					continue // EKS writes the bootstrap of managed nodes with its own image
				}
				lt := c.raw(n.Template)
				data, known := userData(lt.Prop("LaunchTemplateData.UserData"))
				switch {
				case strings.Contains(data, "node.eks.aws/"):
					m := nodeConfigCIDR.FindStringSubmatch(data)
					if m == nil && known || m != nil && strings.Contains(m[1], ".") && !strings.Contains(m[1], "${") {
						c.report(lt, "LaunchTemplateData.UserData", "the NodeConfig of the nodes %s gives no IPv6 service range as cidr", n.LogicalID)
					}
				case strings.Contains(data, "/etc/eks/bootstrap.sh") && known && !strings.Contains(data, "--ip-family ipv6"):
					c.report(lt, "LaunchTemplateData.UserData", "bootstrap.sh of the nodes %s is called without --ip-family ipv6", n.LogicalID)
				}
			}
		},
	},
	{
		ID: "V43", Severity: Error, Title: "Launch template whose interface has no IPv6",
		Why:    "What the interface in a launch template says replaces what the subnet assigns: with Ipv6AddressCount 0, or nothing said in a subnet that assigns none, nodes start without an IPv6 address of their own. A prefix is for Pods and gives the node none.",
		Fix:    "set Ipv6AddressCount: 1 on the interface, without a prefix",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ec2-launchtemplate-networkinterface.html",
		check: func(c *check) {
			for _, n := range c.nodes() {
				if n.Template == nil || c.raw(n.Template) == nil {
					continue
				}
				lt := c.raw(n.Template)
				for i, ni := range lt.Prop("LaunchTemplateData.NetworkInterfaces").Items() {
					device, known := ni.Get("DeviceIndex").Int()
					if device != 0 || !known && ni.Get("DeviceIndex").Exists() {
						continue
					}
					count := ni.Get("Ipv6AddressCount")
					zero := count.Is("0") || !count.Exists() && (ni.Get("Ipv6Prefixes").Exists() || ni.Get("Ipv6PrefixCount").Exists() || !slices.ContainsFunc(n.Subnets, func(s *network.Subnet) bool { return s.AssignIPv6 || s.Imported }))
					if zero && !ni.Get("Ipv6Addresses").Exists() && !ni.Get("NetworkInterfaceId").Exists() {
						c.report(lt, "LaunchTemplateData.NetworkInterfaces."+itoa(i), "the interface in the launch template of the nodes %s gets no IPv6 address", n.LogicalID)
					}
				}
			}
		},
	},
	{
		ID: "V48", Severity: Error, Title: "Control plane that cannot reach its nodes",
		Why:    "Nodes in security groups of their own must let the control plane in: 10250 for logs and exec, 9443 for the load balancer controller's webhook, without which no Ingress or Service is accepted.",
		Fix:    "put nodes into the cluster security group, or let it in on 10250 and 9443",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html",
		check: func(c *check) {
			for _, n := range c.nodes() {
				if len(n.Groups) == 0 || n.Unknown != "" || n.Template != nil && n.Template.GroupsUnknown != "" || slices.Contains(n.Groups, n.Cluster.Group) {
					continue
				}
				ports := []uint16{10250}
				if n.Cluster.Controller != nil && n.Cluster.Controller.Chart != nil {
					ports = append(ports, 9443)
				}
				from := append([]*network.SecurityGroup{n.Cluster.Group}, n.Cluster.Groups...)
				var ranges []netip.Prefix
				for _, s := range n.Cluster.Subnets {
					if s.IPv6.IsValid() {
						ranges = append(ranges, s.IPv6)
					}
				}
				for _, port := range ports {
					if ok, sure := admits(n.Groups, port, from, ranges); !ok && sure && !c.stray("AWS::EC2::SecurityGroupIngress", "GroupId") {
						c.report(c.raw(n.Groups[0]), "", "the security groups of the nodes %s do not let the control plane of %s in on TCP %d", n.LogicalID, n.Cluster.LogicalID, port)
					}
				}
			}
		},
	},
	{
		ID: "V49", Severity: Error, Title: "VPC CNI that waits for its nodes",
		Why:    "Nodes become Ready only with a CNI: an add-on that depends on the node group never comes, and the node group times out.",
		Fix:    "create vpc-cni first, and make node groups depend on it",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/managing-vpc-cni.html",
		check: func(c *check) {
			for _, n := range c.nodes() {
				a := n.Cluster.Addon("vpc-cni")
				if a == nil || c.raw(a) == nil || n.Cluster.SelfManagedAddons {
					continue
				}
				if dependencies(c.raw(a))[c.raw(n)] {
					c.report(c.raw(a), "", "the add-on %s depends on the nodes %s, which need it to become Ready", a.LogicalID, n.LogicalID)
				}
			}
		},
	},
	{
		ID: "V53", Severity: Error, Title: "AMI type that does not fit the nodes",
		Why:    "EKS has no Amazon Linux 2 images from Kubernetes 1.33 on, and refuses instance types of another architecture than the image's.",
		Fix:    "use AL2023 or Bottlerocket, and an ARM_64 type for Graviton instances",
		Source: "https://github.com/aws/aws-cdk/issues/37012",
		check: func(c *check) {
			for _, n := range c.nodes() {
				r := c.raw(n)
				ami, ok := r.Prop("AmiType").Text()
				if !ok {
					continue
				}
				version, _ := c.clusterProp(n.Cluster, "Version")
				if minor, known := aws.MinorOf(version.String()); known && version.Known() && minor >= 33 && strings.HasPrefix(ami, "AL2_") {
					c.report(r, "AmiType", "the nodes %s are %s, and cluster %s runs Kubernetes %s", n.LogicalID, ami, n.Cluster.LogicalID, version)
				}
				for i, v := range r.Prop("InstanceTypes").Items() {
					t, ok := v.Text()
					if image := strings.Contains(strings.ToUpper(ami), "ARM_64"); ok && ami != "CUSTOM" && image != aws.ARM(t) {
						c.report(r, "InstanceTypes."+itoa(i), "the nodes %s may be %s, and their image is %s", n.LogicalID, t, ami)
					}
				}
			}
		},
	},
	{
		ID: "W12", Severity: Warning, Title: "Instance metadata open to Pods, or over IPv6",
		Why:    "A hop limit above 1 gives every Pod the node's role; the IPv6 endpoint of the metadata service is not supported on EKS.",
		Fix:    "set HttpPutResponseHopLimit: 1 and leave HttpProtocolIpv6 disabled; give Pods roles by Pod Identity",
		Source: "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
		check: func(c *check) {
			seen := map[*cfn.Resource]bool{}
			for _, n := range c.nodes() {
				if n.Template == nil || c.raw(n.Template) == nil || seen[c.raw(n.Template)] {
					continue
				}
				lt := c.raw(n.Template)
				seen[lt] = true
				options := lt.Prop("LaunchTemplateData.MetadataOptions")
				if hops, ok := options.Get("HttpPutResponseHopLimit").Int(); ok && hops > 1 {
					c.report(lt, "LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit", "the launch template %s gives Pods the instance metadata: its hop limit is %d", lt.ID, hops)
				}
				if options.Get("HttpProtocolIpv6").Is("enabled") {
					c.report(lt, "LaunchTemplateData.MetadataOptions.HttpProtocolIpv6", "the launch template %s turns the metadata's IPv6 endpoint on", lt.ID)
				}
			}
		},
	},
	{
		ID: "W17", Severity: Warning, Title: "Security group that lets no IPv6 out",
		Why:    "With egress rules for IPv4 only, nodes and their Pods, load balancers and the control plane cannot open IPv6 connections. CDK's allowAllOutbound is IPv4 only.",
		Fix:    "add an egress rule for ::/0 (in CDK allowAllIpv6Outbound: true)",
		Source: "https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ec2.SecurityGroup.html",
		check: func(c *check) {
			seen := map[*network.SecurityGroup]bool{}
			closed := func(g *network.SecurityGroup, what string) {
				if g == nil || seen[g] || g.Imported || c.raw(g) == nil || c.raw(g).Type != "AWS::EC2::SecurityGroup" {
					return
				}
				seen[g] = true
				if c.stray("AWS::EC2::VPCCidrBlock", "VpcId") && missing(c.raw(g), "SecurityGroupEgress") {
					return // EC2's own rules are of the families that the VPC has
				}
				if open, sure := lets6(g.Egress); !open && sure && len(g.Egress) > 0 {
					c.report(c.raw(g), "SecurityGroupEgress", "security group %s of %s lets IPv4 out and no IPv6", g.LogicalID, what)
				}
			}
			for _, cl := range c.clusters6() {
				for _, g := range cl.Groups {
					closed(g, "the control plane of "+cl.LogicalID)
				}
				for _, n := range cl.NodeGroups {
					for _, g := range n.Groups {
						closed(g, "the nodes "+n.String())
					}
				}
			}
			for _, l := range c.net.LoadBalancers {
				if c.raw(l) == nil || !l.Speaks(network.IPv6) || l.Cluster != nil {
					continue
				}
				for _, g := range l.Groups {
					closed(g, "the load balancer "+l.LogicalID)
				}
			}
		},
	},
	{
		ID: "W25", Severity: Warning, Title: "Nodes that do not wait for the VPC CNI",
		Why:    "Nodes that join before the CNI has its role get no IPv6 prefix: the node group fails when the add-on loses the race.",
		Fix:    "add DependsOn with the vpc-cni add-on to the node group",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html",
		check: func(c *check) {
			for _, n := range c.nodes() {
				a := n.Cluster.Addon("vpc-cni")
				if a == nil || c.raw(a) == nil || c.raw(a).Stack != c.raw(n).Stack || n.Cluster.SelfManagedAddons {
					continue
				}
				if !dependencies(c.raw(n))[c.raw(a)] && !dependencies(c.raw(a))[c.raw(n)] {
					c.report(c.raw(n), "", "the nodes %s do not depend on the add-on %s", n.LogicalID, a.LogicalID)
				}
			}
		},
	},
}

var burst = regexp.MustCompile(`^t[1-4][a-z]*\.`)

// nodeConfigCIDR finds the service range in a NodeConfig.
var nodeConfigCIDR = regexp.MustCompile(`(?m)^\s*"?cidr"?:\s*["']?([^"'\s]+)`)

// userData is the text of a UserData property, unknown parts as ${…}; known says that there are none.
func userData(v cfn.Value) (text string, known bool) {
	if fn, args, ok := v.Call(); ok && fn == "Fn::Base64" && len(args) == 1 {
		return args[0].String(), args[0].Known()
	}
	s, ok := v.Text()
	if !ok {
		return "", false
	}
	plain, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return s, true
	}
	return string(plain), true
}
