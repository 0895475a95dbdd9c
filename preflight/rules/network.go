package rules

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
	"github.com/eks-ipv6/cdk/internal/network"
)

const (
	docNetwork    = "https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html"
	docIPv6       = "https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html"
	docCidrBlock  = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpccidrblock.html"
	docSubnet     = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-subnet.html"
	docPractices  = "https://docs.aws.amazon.com/eks/latest/best-practices/ipv6.html"
	docSubnetSize = "https://docs.aws.amazon.com/eks/latest/best-practices/subnets.html"
)

var networkRules = []Rule{
	{
		ID: "V01", Severity: Error, Title: "IPv6 cluster in a VPC without an IPv6 range",
		Why:    "EKS refuses the cluster: VPC and subnets must have an IPv4 and an IPv6 range.",
		Fix:    "add an AWS::EC2::VPCCidrBlock with AmazonProvidedIpv6CidrBlock: true, or create the VPC dual-stack",
		Source: docIPv6,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				if c.withoutIPv6(cl.VPC) {
					c.report(c.raw(cl.VPC), "", "VPC %s of the IPv6 cluster %s has no IPv6 range", cl.VPC.LogicalID, cl.LogicalID)
				}
			}
		},
	},
	{
		ID: "V02", Severity: Error, Title: "Cluster subnet without IPv4 or without IPv6",
		Why:    "EKS refuses subnets that do not have both families; nodes need an IPv4 address even in an IPv6 cluster.",
		Fix:    "give the subnet a CidrBlock and an Ipv6CidrBlock, and leave Ipv6Native out",
		Source: docNetwork,
		check: func(c *check) {
			extra := map[*cfn.Resource]bool{}
			for _, r := range c.set.Resources("AWS::EC2::SubnetCidrBlock") {
				s, ok := r.Prop("SubnetId").Resource()
				if !ok {
					return // it may belong to any of the subnets
				}
				extra[s] = true
			}
			for _, s := range c.clusterSubnets() {
				r := c.raw(s)
				switch {
				case on(r.Prop("Ipv6Native"), false):
					c.report(r, "Ipv6Native", "subnet %s is IPv6-only", r.ID)
				case missing(r, "CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength"):
					c.report(r, "CidrBlock", "subnet %s has no IPv4 range", r.ID)
				case missing(r, "Ipv6CidrBlock", "Ipv6IpamPoolId", "Ipv6NetmaskLength") && !extra[r] && !c.withoutIPv6(s.VPC):
					c.report(r, "Ipv6CidrBlock", "subnet %s has no IPv6 range", r.ID)
				}
			}
		},
	},
	{
		ID: "V03", Severity: Error, Title: "Node subnet that assigns no IPv6 addresses",
		Why:    "Nodes start without an IPv6 address; a managed node group fails with Ec2SubnetMissingIpv6Assignment.",
		Fix:    "set AssignIpv6AddressOnCreation: true on the subnet",
		Source: docIPv6,
		check: func(c *check) {
			for _, n := range c.nodes() {
				if !n.Managed && n.Template != nil && n.Template.IPv6AddressCount > 0 {
					continue
				}
				for _, s := range c.declared(n.Subnets) {
					r := c.raw(s)
					if off(r.Prop("AssignIpv6AddressOnCreation"), on(r.Prop("Ipv6Native"), false)) && !c.withoutIPv6(s.VPC) {
						c.report(r, "AssignIpv6AddressOnCreation", "subnet %s of the nodes %s does not assign IPv6 addresses", r.ID, n.LogicalID)
					}
				}
			}
		},
	},
	{
		ID: "V04", Severity: Error, Title: "Managed nodes in a public subnet without public IPv4",
		Why:    "EKS refuses the node group with Ec2SubnetInvalidConfiguration: in a public subnet it wants public IPv4 addresses, IPv6 or not.",
		Fix:    "put the nodes into private subnets, or set MapPublicIpOnLaunch: true on the subnet",
		Source: "https://github.com/aws/containers-roadmap/issues/2444",
		check: func(c *check) {
			for _, n := range c.nodes() {
				for _, s := range c.declared(n.Subnets) {
					if n.Managed && c.public(s) && off(c.raw(s).Prop("MapPublicIpOnLaunch"), false) {
						c.report(c.raw(s), "MapPublicIpOnLaunch", "subnet %s of the managed nodes %s is public and maps no public IPv4 addresses", s.LogicalID, n.LogicalID)
					}
				}
			}
		},
	},
	{
		ID: "V08", Severity: Error, Title: "Cluster subnet smaller than /28",
		Why:    "EC2 has no subnets smaller than /28, and EKS wants 6 free addresses in each, better 16.",
		Fix:    "give the subnet a /28 or larger; /24 or larger where nodes run",
		Source: docNetwork,
		check: func(c *check) {
			for _, s := range c.clusterSubnets() {
				if s.IPv4.IsValid() && s.IPv4.Bits() > 28 {
					c.report(c.raw(s), "CidrBlock", "subnet %s has only %s", s.LogicalID, s.IPv4)
				}
			}
		},
	},
	{
		ID: "V09", Severity: Error, Title: "VPC without DNS resolution or DNS host names",
		Why:    "Nodes cannot register: EKS needs both, for the private endpoint too.",
		Fix:    "set EnableDnsSupport: true and EnableDnsHostnames: true on the VPC",
		Source: docNetwork,
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if cl.VPC == nil || c.raw(cl.VPC) == nil {
					continue
				}
				r := c.raw(cl.VPC)
				if off(r.Prop("EnableDnsSupport"), true) {
					c.report(r, "EnableDnsSupport", "VPC %s has DNS resolution off", r.ID)
				}
				if off(r.Prop("EnableDnsHostnames"), false) {
					c.report(r, "EnableDnsHostnames", "VPC %s has DNS host names off", r.ID)
				}
			}
		},
	},
	{
		ID: "V26", Severity: Error, Title: "IPv6 range of a length that EC2 does not have",
		Why:    "Amazon gives a /56; other VPC ranges are /44 to /60 and subnets /44 to /64, in steps of 4, and a subnet lies in its VPC.",
		Fix:    "use a /56 for the VPC and /64 for subnets, or a length in steps of 4 that fits",
		Source: docSubnetSize,
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::EC2::VPCCidrBlock") {
				if n, ok := r.Prop("Ipv6NetmaskLength").Int(); ok && !slices.Contains([]int{44, 48, 52, 56, 60}, n) {
					c.report(r, "Ipv6NetmaskLength", "the VPC range %s is a /%d, wanted /44, /48, /52, /56 or /60", r.ID, n)
				}
				if p, ok := prefixOf(r.Prop("Ipv6CidrBlock")); ok && p.Addr().Is6() && (p.Bits() < 44 || p.Bits() > 60 || p.Bits()%4 != 0) {
					c.report(r, "Ipv6CidrBlock", "the VPC range %s of %s is a /%d, wanted /44, /48, /52, /56 or /60", p, r.ID, p.Bits())
				}
				if on(r.Prop("AmazonProvidedIpv6CidrBlock"), false) {
					for _, p := range []string{"Ipv6CidrBlock", "Ipv6NetmaskLength", "Ipv6IpamPoolId", "Ipv6Pool"} {
						if r.Prop(p).Exists() {
							c.report(r, p, "%s asks for a range from Amazon, which is always a /56 of Amazon's choice, and sets %s too", r.ID, p)
						}
					}
				}
			}
			for _, v := range c.net.VPCs {
				for _, s := range c.declared(v.Subnets) {
					r := c.raw(s)
					if n, ok := r.Prop("Ipv6NetmaskLength").Int(); ok && (n < 44 || n > 64 || n%4 != 0) {
						c.report(r, "Ipv6NetmaskLength", "subnet %s asks for a /%d, wanted /44 to /64 in steps of 4", r.ID, n)
					}
					if !s.IPv6.IsValid() {
						continue
					}
					if n := s.IPv6.Bits(); n < 44 || n > 64 || n%4 != 0 {
						c.report(r, "Ipv6CidrBlock", "subnet %s has the /%d %s, wanted /44 to /64 in steps of 4", r.ID, n, s.IPv6)
						continue
					}
					blocks := v.Prefixes(network.IPv6)
					literal := len(blocks) > 0 && !slices.ContainsFunc(v.Blocks, func(b network.Block) bool { return !b.Prefix.IsValid() })
					if literal && !uses(r, "Ipv6CidrBlocks") && !slices.ContainsFunc(v.Blocks, func(b network.Block) bool { return b.Assumed }) &&
						!slices.ContainsFunc(blocks, func(p netip.Prefix) bool { return netset.Holds(p, s.IPv6) }) {
						c.report(r, "Ipv6CidrBlock", "subnet %s has %s, which is not in the VPC's %v", r.ID, s.IPv6, blocks)
					}
				}
			}
		},
	},
	{
		ID: "V27", Severity: Error, Title: "IPv6 pool without its range, or the range without the pool",
		Why:    "An address range of your own needs both Ipv6Pool and Ipv6CidrBlock; an IPAM pool needs a length or a range.",
		Fix:    "set Ipv6Pool and Ipv6CidrBlock together, or Ipv6IpamPoolId with Ipv6NetmaskLength",
		Source: docCidrBlock,
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::EC2::VPCCidrBlock") {
				switch {
				case !missing(r, "Ipv6Pool") && missing(r, "Ipv6CidrBlock"):
					c.report(r, "Ipv6Pool", "%s names the pool but not the range out of it", r.ID)
				case !missing(r, "Ipv6CidrBlock") && missing(r, "Ipv6Pool", "Ipv6IpamPoolId"):
					c.report(r, "Ipv6CidrBlock", "%s names a range but not the pool it is from", r.ID)
				}
			}
		},
	},
	{
		ID: "V39", Severity: Error, Title: "VPC's IPv6 range used before it is there",
		Why:    "The range is an attribute of the VPC that stays empty until the VPCCidrBlock exists: the first deployment fails with \"Fn::Select cannot select nonexistent value at index 0\", or EC2 does not know the subnet's range.",
		Fix:    "add DependsOn with the logical id of the AWS::EC2::VPCCidrBlock",
		Source: "https://github.com/aws/aws-cdk/issues/36714",
		check: func(c *check) {
			blocks := map[*cfn.Resource][]*cfn.Resource{}
			for _, r := range c.set.Resources("AWS::EC2::VPCCidrBlock") {
				if vpc, ok := r.Prop("VpcId").Resource(); ok && vpc.Stack == r.Stack && missing(r, "CidrBlock", "Ipv4IpamPoolId") {
					blocks[vpc] = append(blocks[vpc], r)
				}
			}
			for _, r := range c.set.Resources() {
				var vpc *cfn.Resource
				property := ""
				for _, u := range r.Uses() {
					if u.Attr == "Ipv6CidrBlocks" && len(blocks[u.Resource]) > 0 {
						vpc = u.Resource
					}
				}
				if r.Type == "AWS::EC2::Subnet" && vpc == nil && r.Prop("Ipv6CidrBlock").Exists() {
					if v, ok := r.Prop("VpcId").Resource(); ok && v.Stack == r.Stack && len(blocks[v]) > 0 {
						vpc = v
					}
				}
				if r.Type == "AWS::EC2::Subnet" {
					property = "Ipv6CidrBlock"
				}
				if vpc == nil || r.Type == "AWS::EC2::VPCCidrBlock" {
					continue
				}
				needs := dependencies(r)
				if !slices.ContainsFunc(blocks[vpc], func(b *cfn.Resource) bool { return needs[b] }) {
					c.report(r, property, "%s uses the IPv6 range of %s and does not depend on %s", r.ID, vpc.ID, blocks[vpc][0].ID)
				}
			}
		},
	},
	{
		ID: "V51", Severity: Error, Title: "Two subnets with the same addresses",
		Why:    "EC2 refuses a subnet that overlaps another with InvalidSubnet.Conflict.",
		Fix:    "give each subnet a range of its own; with Fn::Cidr, an index of its own",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html",
		check: func(c *check) {
			for _, v := range c.net.VPCs {
				for _, f := range []network.Family{network.IPv4, network.IPv6} {
					subnets := slices.DeleteFunc(c.declared(v.Subnets), func(s *network.Subnet) bool { return !s.Prefix(f).IsValid() })
					slices.SortStableFunc(subnets, func(a, b *network.Subnet) int {
						if d := a.Prefix(f).Addr().Compare(b.Prefix(f).Addr()); d != 0 {
							return d
						}
						return a.Prefix(f).Bits() - b.Prefix(f).Bits()
					})
					property := map[network.Family]string{network.IPv4: "CidrBlock", network.IPv6: "Ipv6CidrBlock"}[f]
					for i := 1; i < len(subnets); i++ {
						a, b := subnets[i-1], subnets[i]
						if a.Prefix(f).Overlaps(b.Prefix(f)) && !c.raw(a).Conditional && !c.raw(b).Conditional {
							c.report(c.raw(b), property, "subnet %s has %s, which overlaps %s of subnet %s", b.LogicalID, b.Prefix(f), a.Prefix(f), a.LogicalID)
							subnets[i] = wider(a, b, f)
						}
					}
				}
			}
		},
	},
	{
		ID: "V55", Severity: Error, Title: "Subnet whose family settings contradict its ranges",
		Why:    "EC2 refuses IPv6 addresses on creation where there is no IPv6 range, and an IPv6-only subnet with an IPv4 range.",
		Fix:    "give the subnet an Ipv6CidrBlock, or leave AssignIpv6AddressOnCreation out; give an IPv6-only subnet no CidrBlock",
		Source: docSubnet,
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::EC2::Subnet") {
				if on(r.Prop("AssignIpv6AddressOnCreation"), false) && missing(r, "Ipv6CidrBlock", "Ipv6IpamPoolId", "Ipv6NetmaskLength") {
					c.report(r, "AssignIpv6AddressOnCreation", "subnet %s assigns IPv6 addresses and has no IPv6 range", r.ID)
				}
				if on(r.Prop("Ipv6Native"), false) && !missing(r, "CidrBlock") {
					c.report(r, "CidrBlock", "subnet %s is IPv6-only and has an IPv4 range", r.ID)
				}
			}
		},
	},
	{
		ID: "W01", Severity: Warning, Title: "DNS64 on a subnet of Pods",
		Why:    "Names with IPv4 addresses only resolve to NAT64 addresses: Pods' traffic to them goes through the NAT gateway, even within the VPC, at its price.",
		Fix:    "leave EnableDns64 off: the VPC CNI translates Pods' IPv4 traffic on the node",
		Source: docPractices,
		check: func(c *check) {
			for _, s := range c.nodeSubnets() {
				if on(c.raw(s).Prop("EnableDns64"), false) {
					c.report(c.raw(s), "EnableDns64", "subnet %s, in which Pods run, has DNS64 on", s.LogicalID)
				}
			}
		},
	},
	{
		ID: "W15", Severity: Warning, Title: "Node subnet that is closed to the VPC CNI",
		Why:    "With kubernetes.io/role/cni=0 the CNI wants a network interface in another subnet, which the IPv6 policy does not allow: nodes stay NotReady.",
		Fix:    "take the tag kubernetes.io/role/cni=0 off the subnet",
		Source: "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3598",
		check: func(c *check) {
			for _, s := range c.nodeSubnets() {
				if s.Tags[aws.CNIRoleTag] == "0" {
					c.report(c.raw(s), "Tags", "subnet %s, in which nodes run, has the tag kubernetes.io/role/cni=0", s.LogicalID)
				}
			}
		},
	},
	{
		ID: "W16", Severity: Warning, Title: "Fargate subnet with little IPv4 room",
		Why:    "Each Fargate Pod takes an IPv4 address of the subnet as well; without a free one it is not scheduled.",
		Fix:    "give Fargate subnets a /26 or larger",
		Source: docPractices,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				for _, f := range cl.Fargate {
					for _, s := range c.declared(f.Subnets) {
						if s.IPv4.IsValid() && s.IPv4.Bits() > 26 {
							c.report(c.raw(s), "CidrBlock", "subnet %s of the Fargate profile %s has only %s", s.LogicalID, f.LogicalID, s.IPv4)
						}
					}
				}
			}
		},
	},
	{
		ID: "W22", Severity: Warning, Title: "Subnet without a role tag for load balancers",
		Why:    "The load balancer controller finds subnets by kubernetes.io/role/elb and kubernetes.io/role/internal-elb; untagged ones are left out, or found only by their routes.",
		Fix:    "tag public subnets kubernetes.io/role/elb=1 and private ones kubernetes.io/role/internal-elb=1",
		Source: docNetwork,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				if cl.Controller == nil {
					continue
				}
				for _, s := range c.declared(cl.Subnets) {
					four, sure := c.internetRoute(s, network.IPv4)
					if _, other := four.(*network.Other); other || !sure || !c.raw(s).Prop("Tags").Known() {
						continue
					}
					want := aws.InternalRoleTag
					if c.public(s) {
						want = aws.PublicRoleTag
					}
					if _, ok := s.Tags[want]; !ok {
						c.report(c.raw(s), "Tags", "subnet %s of cluster %s has no tag %s", s.LogicalID, cl.LogicalID, want)
					}
				}
			}
		},
	},
	{
		ID: "W31", Severity: Warning, Title: "Node subnet with little IPv4 room",
		Why:    "Each node, endpoint and load balancer still takes IPv4 addresses of the subnet, 8 free ones for a load balancer alone.",
		Fix:    "give subnets of nodes a /24 or larger",
		Source: docSubnetSize,
		check: func(c *check) {
			for _, s := range c.nodeSubnets() {
				if s.IPv4.IsValid() && s.IPv4.Bits() > 24 && s.IPv4.Bits() <= 28 {
					c.report(c.raw(s), "CidrBlock", "subnet %s, in which nodes run, has only %s", s.LogicalID, s.IPv4)
				}
			}
		},
	},
	{
		ID: "W32", Severity: Warning, Title: "Several IPv6 ranges, told apart by position",
		Why:    "The order of a VPC's Ipv6CidrBlocks is not defined: with two ranges, Fn::Select 0 may be either.",
		Fix:    "associate one IPv6 range with the VPC, or write the subnets' ranges out",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html",
		check: func(c *check) {
			for _, v := range c.net.VPCs {
				if len(v.Prefixes(network.IPv6)) < 2 {
					continue
				}
				for _, s := range c.declared(v.Subnets) {
					if uses(c.raw(s), "Ipv6CidrBlocks") {
						c.report(c.raw(s), "Ipv6CidrBlock", "subnet %s takes a range of %s by position, and the VPC has %d", s.LogicalID, v.LogicalID, len(v.Prefixes(network.IPv6)))
					}
				}
			}
		},
	},
}

// uses says that r reads an attribute of this name.
func uses(r *cfn.Resource, attr string) bool {
	return slices.ContainsFunc(r.Uses(), func(u cfn.Use) bool { return u.Attr == attr || strings.HasPrefix(u.Attr, attr+".") })
}

func wider(a, b *network.Subnet, f network.Family) *network.Subnet {
	if a.Prefix(f).Bits() <= b.Prefix(f).Bits() {
		return a
	}
	return b
}

// withoutIPv6 reports whether a VPC of the templates has no IPv6 range: then nothing in it can have one, and V01 tells.
func (c *check) withoutIPv6(v *network.VPC) bool {
	if v == nil || v.Imported || c.raw(v) == nil {
		return false
	}
	for _, r := range c.set.Resources("AWS::EC2::VPCCidrBlock") {
		of, ok := r.Prop("VpcId").Resource()
		if !ok || of == c.raw(v) && missing(r, "CidrBlock", "Ipv4IpamPoolId") {
			return false // or it may belong to any of the VPCs
		}
	}
	return true
}
