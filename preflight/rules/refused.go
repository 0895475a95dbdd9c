package rules

import (
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

const (
	docVPCRange     = "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"
	docSubnetSizing = "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"
)

// refusedRules are about what EC2 refuses, on the IPv4 side too.
var refusedRules = []Rule{
	{
		ID: "V83", Severity: Error, Title: "Internet gateway used before it is attached",
		Why:    "A route to an internet gateway, a public NAT gateway and an elastic address need the gateway attached to their VPC. Nothing else makes CloudFormation wait for that: the first deployment fails where the attachment comes later.",
		Fix:    "add DependsOn with the logical id of the AWS::EC2::VPCGatewayAttachment",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html#gatewayattachment",
		check:  (*check).beforeAttachment,
	},
	{
		ID: "V84", Severity: Error, Title: "IPv4 range of a subnet outside its VPC's",
		Why:    "EC2 refuses the subnet with InvalidSubnet.Range.",
		Fix:    "give the subnet a range within one of the VPC's, or add an AWS::EC2::VPCCidrBlock and depend on it",
		Source: docSubnetSizing,
		check:  (*check).subnetsOutside,
	},
	{
		ID: "V85", Severity: Error, Title: "IPv4 range of a length that EC2 does not have",
		Why:    "IPv4 ranges of VPCs and subnets are /16 to /28: EC2 refuses others with InvalidVpc.Range or InvalidSubnet.Range.",
		Fix:    "use a range from /16 to /28",
		Source: docVPCRange,
		check:  (*check).lengths4,
	},
	{
		ID: "V86", Severity: Error, Title: "Rule that names a security group of a VPC that nothing joins",
		Why:    "A rule names groups of its own VPC, of a peered one, or inbound of one that a transit gateway joins: EC2 refuses others with InvalidGroup.NotFound.",
		Fix:    "name a range instead of the group, or join the two VPCs",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
		check:  (*check).groupsElsewhere,
	},
	{
		ID: "W54", Severity: Warning, Title: "Nodes that reach a part of the internet only",
		Why:    "The routes of the subnet leave a large part of the internet's addresses without a way: which hosts that are changes with every name that is looked up.",
		Fix:    "route 0.0.0.0/0 and ::/0, or all of their halves",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html",
		check:  (*check).halfTheInternet,
	},
}

// attachmentsOf are the attachments of internet gateways by VPC, of each stack by itself.
func (c *check) attachmentsOf() map[*cfn.Resource][]*cfn.Resource {
	out := map[*cfn.Resource][]*cfn.Resource{}
	for _, r := range c.set.Resources("AWS::EC2::VPCGatewayAttachment") {
		if v, ok := r.Prop("VpcId").Resource(); ok && r.Prop("InternetGatewayId").Exists() {
			out[v] = append(out[v], r)
		}
	}
	return out
}

func (c *check) beforeAttachment() {
	attachments := c.attachmentsOf()
	late := func(r, vpc *cfn.Resource) (at *cfn.Resource) {
		needs := dependencies(r)
		for _, a := range attachments[vpc] {
			if needs[a] || a.Stack != r.Stack {
				return nil
			}
			at = a
		}
		return at
	}
	for _, r := range c.set.Resources("AWS::EC2::Route") {
		g, ok := r.Prop("GatewayId").Resource()
		if !ok || r.Conditional || g.Type != "AWS::EC2::InternetGateway" {
			continue
		}
		for vpc, list := range attachments {
			for _, a := range list {
				if of, ok := a.Prop("InternetGatewayId").Resource(); ok && of == g && late(r, vpc) != nil {
					c.report(r, "GatewayId", "route %s leads to %s and does not depend on %s, which attaches it", r.ID, g.ID, a.ID)
				}
			}
		}
	}
	for _, r := range c.set.Resources("AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::EIPAssociation") {
		vpc := c.addressedVPC(r)
		if vpc == nil || r.Conditional || !r.Prop("AllocationId").Known() && !ownAllocation(r) {
			continue
		}
		at := late(r, vpc)
		if at == nil {
			continue
		}
		if eip, ok := r.Prop("AllocationId").Resource(); ok && eip.Stack == r.Stack {
			c.report(eip, "", "elastic address %s of %s does not depend on %s, which attaches the internet gateway", eip.ID, r.ID, at.ID)
			continue
		}
		c.report(r, "", "%s needs an internet gateway and does not depend on %s, which attaches it", r.ID, at.ID)
	}
}

// ownAllocation reports whether the elastic address that a resource uses is of the same templates.
func ownAllocation(r *cfn.Resource) bool {
	_, ok := r.Prop("AllocationId").Resource()
	return ok
}

// addressedVPC is the VPC in which a NAT gateway or an elastic address is used, nil where it is in none of the templates.
func (c *check) addressedVPC(r *cfn.Resource) *cfn.Resource {
	if r.Prop("ConnectivityType").Is("private") {
		return nil
	}
	inSubnet := func(v cfn.Value) *cfn.Resource {
		s, ok := v.Resource()
		if !ok {
			return nil
		}
		vpc, _ := s.Prop("VpcId").Resource()
		return vpc
	}
	if r.Type == "AWS::EC2::NatGateway" {
		return inSubnet(r.Prop("SubnetId"))
	}
	for _, at := range []string{"InstanceId", "NetworkInterfaceId"} {
		if host, ok := r.Prop(at).Resource(); ok {
			return inSubnet(host.Prop("SubnetId"))
		}
	}
	return nil
}

func (c *check) subnetsOutside() {
	for _, v := range c.net.VPCs {
		blocks := v.Prefixes(network.IPv4)
		open := slices.ContainsFunc(v.Blocks, func(b network.Block) bool { return !b.Prefix.IsValid() || b.Assumed && b.Prefix.Addr().Is4() })
		if c.raw(v) == nil || len(blocks) == 0 || open || c.stray("AWS::EC2::VPCCidrBlock", "VpcId") {
			continue
		}
		for _, s := range c.declared(v.Subnets) {
			p, ok := prefixOf(c.raw(s).Prop("CidrBlock"))
			if ok && p.Addr().Is4() && !slices.ContainsFunc(blocks, func(b netip.Prefix) bool { return b.Bits() <= p.Bits() && b.Contains(p.Addr()) }) {
				c.report(c.raw(s), "CidrBlock", "subnet %s has %s, which is not in the VPC's %v", s.LogicalID, p, blocks)
			}
		}
	}
}

func (c *check) lengths4() {
	for _, r := range c.set.Resources("AWS::EC2::VPC", "AWS::EC2::VPCCidrBlock", "AWS::EC2::Subnet") {
		if p, ok := prefixOf(r.Prop("CidrBlock")); ok && p.Addr().Is4() && (p.Bits() < 16 || p.Bits() > 28) {
			if r.Type == "AWS::EC2::Subnet" && p.Bits() > 28 && slices.ContainsFunc(c.clusterSubnets(), func(s *network.Subnet) bool { return c.raw(s) == r }) {
				continue // V08 tells
			}
			c.report(r, "CidrBlock", "%s has the /%d %s, wanted /16 to /28", r.ID, p.Bits(), p)
		}
		if n, ok := r.Prop("Ipv4NetmaskLength").Int(); ok && (n < 16 || n > 28) {
			c.report(r, "Ipv4NetmaskLength", "%s asks for a /%d, wanted /16 to /28", r.ID, n)
		}
	}
}

func (c *check) groupsElsewhere() {
	if c.stray("AWS::EC2::VPCPeeringConnection", "PeerVpcId") || c.stray("AWS::EC2::VPCPeeringConnection", "VpcId") {
		return
	}
	for _, g := range c.net.SecurityGroups {
		for _, rules := range [][]*network.Rule{g.Ingress, g.Egress} {
			for _, r := range rules {
				o := r.Group
				if o == nil || g.VPC == nil || o.VPC == nil || g.VPC == o.VPC || c.raw(g.VPC) == nil || c.raw(o.VPC) == nil || c.joined(g.VPC, o.VPC) {
					continue
				}
				if at := c.raw(r); at != nil {
					c.report(at, "", "a rule of %s in VPC %s names %s in VPC %s, which nothing joins", g.Ref, g.VPC.LogicalID, o.Ref, o.VPC.LogicalID)
				}
			}
		}
	}
}

// joined reports whether peering or a transit gateway may join two VPCs.
func (c *check) joined(a, b *network.VPC) bool {
	return slices.ContainsFunc(c.net.Peerings, func(p *network.Peering) bool { return p.Other(a) == b || p.Requester == nil || p.Accepter == nil }) ||
		slices.ContainsFunc(c.net.TransitGateways, func(g *network.TransitGateway) bool { return g.Attachment(a) != nil && g.Attachment(b) != nil })
}

// noIPv6 reports whether V40 is about a subnet: its table leads to the IPv4 internet and not to the IPv6 internet.
func (c *check) noIPv6(s *network.Subnet) bool {
	four, _ := c.internetRoute(s, network.IPv4)
	six, sure := c.internetRoute(s, network.IPv6)
	return four != nil && six == nil && sure && !hasBroaderRoute6(s.RouteTable)
}

func (c *check) halfTheInternet() {
	seen := map[*network.Subnet]bool{}
	parts := map[wayKey]map[*network.Subnet]network.Trace{}
	for _, cl := range c.clusters6() {
		for _, n := range cl.NodeGroups {
			for _, p := range c.nodePullers(n) {
				r := c.raw(p.subnet)
				if r == nil || seen[p.subnet] {
					continue
				}
				seen[p.subnet] = true
				for _, f := range []network.Family{network.IPv4, network.IPv6} {
					if f == network.IPv6 && c.noIPv6(p.subnet) {
						continue // V40 tells
					}
					key := wayKey{p.from, map[network.Family]network.Name{network.IPv4: network.Internet4, network.IPv6: network.Internet6}[f], f}
					if parts[key] == nil {
						parts[key] = c.partOf(key)
					}
					if t, ok := parts[key][p.subnet]; ok {
						c.report(r, "", "nodes in subnet %s do not reach all of the %s internet: %s", r.ID, f, t.Decisive().Last().By)
					}
				}
			}
		}
	}
}

// partOf finds the subnets of a source whose table leads to a part of the internet only, with the first trace that says so.
func (c *check) partOf(key wayKey) map[*network.Subnet]network.Trace {
	out := map[*network.Subnet]network.Trace{}
	for _, t := range c.traces(key) {
		if t.Verdict != network.Mixed || t.Decisive().Verdict != network.NoRoute || passing(t) < 0.5 { // W19, V58 and others tell of those that reach next to nothing
			continue
		}
		if slices.ContainsFunc(t.Regions, func(r network.Region) bool { return r.Verdict == network.Insufficient }) {
			continue
		}
		if ends, ok := t.Ends(); ok {
			if _, told := out[ends.From.Subnet]; !told {
				out[ends.From.Subnet] = t
			}
		}
	}
	return out
}
