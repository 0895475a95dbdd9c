package rules

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

const (
	docCreateRoute     = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html"
	docCreateInterface = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html"
	docCidr            = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html"
)

// exclusiveRules are about properties and resources that EC2 refuses together or twice.
var exclusiveRules = []Rule{
	{
		ID: "V82", Severity: Error, Title: "What EC2 takes once, given twice",
		Why:    "A table has one route to a destination, a subnet one route table and one IPv6 range, a VPC one internet gateway, a network ACL one entry of a number and direction: EC2 refuses the second with RouteAlreadyExists, Resource.AlreadyAssociated and the like.",
		Fix:    "remove one of the two, or give it a destination, table or number of its own",
		Source: docCreateRoute,
		check:  func(c *check) { c.duplicates() },
	},
	{
		ID: "V71", Severity: Error, Title: "Properties of a network interface that exclude each other",
		Why:    "EC2 takes IPv6 addresses or IPv6 prefixes for an interface, by number or by name, not several of these; and no subnet or security groups beside a list of interfaces.",
		Fix:    "for nodes give Ipv6AddressCount: 1 alone, since the VPC CNI asks for the prefix itself; put groups and subnet into NetworkInterfaces, or leave that out",
		Source: docCreateInterface,
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::EC2::LaunchTemplate", "AWS::EC2::Instance", "AWS::EC2::NetworkInterface") {
				c.interfaces(r)
			}
		},
	},
	{
		ID: "V72", Severity: Error, Title: "Range asked for in two ways",
		Why:    "A range is written out, or has a length and is chosen from a pool: EC2 refuses both at once, a length without a pool, and one association with a range of each family.",
		Fix:    "keep the range or the length, and name the IPAM pool beside a length",
		Source: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateVpcCidrBlock.html",
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::EC2::VPC", "AWS::EC2::VPCCidrBlock", "AWS::EC2::Subnet") {
				for _, f := range []struct{ cidr, length, pool string }{
					{"Ipv6CidrBlock", "Ipv6NetmaskLength", "Ipv6IpamPoolId"}, {"CidrBlock", "Ipv4NetmaskLength", "Ipv4IpamPoolId"},
				} {
					switch {
					case missing(r, f.length) || on(r.Prop("AmazonProvidedIpv6CidrBlock"), false): // V26 tells of the latter
					case !missing(r, f.cidr):
						c.report(r, f.length, "%s has the range %s and asks for a /%s, wanted one of %s and %s", r.ID, r.Prop(f.cidr), r.Prop(f.length), f.cidr, f.length)
					case missing(r, f.pool):
						c.report(r, f.length, "%s asks for a /%s and names no pool, wanted %s", r.ID, r.Prop(f.length), f.pool)
					}
				}
				if r.Type == "AWS::EC2::VPCCidrBlock" && !missing(r, "CidrBlock", "Ipv4IpamPoolId") && !missing(r, "Ipv6CidrBlock", "Ipv6IpamPoolId", "Ipv6Pool", "AmazonProvidedIpv6CidrBlock") {
					c.report(r, "", "%s adds ranges of both families, wanted one family in an association", r.ID)
				}
			}
		},
	},
	{
		ID: "V73", Severity: Error, Title: "More subnets than the block has room for",
		Why:    "Fn::Cidr fails where a block does not hold as many blocks as it is asked for, and EC2 has no range left for a further subnet: a /60 holds 16 subnets of /64, a /56 256.",
		Fix:    "ask Fn::Cidr for as many blocks as there are, or give the VPC a larger range",
		Source: docCidr,
		check: func(c *check) {
			c.overcut()
			c.overfull()
		},
	},
}

// duplicates reports every second resource where EC2 takes one.
func (c *check) duplicates() {
	first := map[string]*cfn.Resource{}
	once := func(r *cfn.Resource, property, what string, key ...string) {
		if r == nil || r.Conditional || conditionalParent(r) {
			return // the other one may be its alternative
		}
		k := strings.Join(key, "\n")
		if other := first[k]; other != nil && other != r {
			c.report(r, property, "%s and %s both %s, wanted one of them", other.ID, r.ID, what)
			return
		}
		first[k] = r
	}
	c.twoRoutes(once)
	for _, r := range c.set.Resources("AWS::EC2::NetworkAclEntry") {
		if n, ok := r.Prop("RuleNumber").Int(); ok && r.Prop("NetworkAclId").Exists() {
			if egress, known := flag(r.Prop("Egress"), false); known {
				way := map[bool]string{true: "outbound", false: "inbound"}[egress]
				once(r, "RuleNumber", fmt.Sprintf("are the %s entry %d of the network ACL %s", way, n, r.Prop("NetworkAclId")), "acl", sameAs(r.Prop("NetworkAclId")), way, itoa(n))
			}
		}
	}
	pairs := func(typ, property, what string, key ...string) {
		for _, r := range c.set.Resources(typ) {
			list := []string{typ + property}
			for _, p := range key {
				if !r.Prop(p).Exists() {
					list = nil
					break
				}
				list = append(list, sameAs(r.Prop(p)))
			}
			if list != nil {
				once(r, property, what+" "+r.Prop(key[0]).String(), list...)
			}
		}
	}
	pairs("AWS::EC2::SubnetRouteTableAssociation", "SubnetId", "give a route table to subnet", "SubnetId")
	pairs("AWS::EC2::TransitGatewayVpcAttachment", "VpcId", "attach to one transit gateway the VPC", "VpcId", "TransitGatewayId")
	pairs("AWS::EC2::TransitGatewayAttachment", "VpcId", "attach to one transit gateway the VPC", "VpcId", "TransitGatewayId")
	for _, r := range c.set.Resources("AWS::EC2::VPCGatewayAttachment") {
		if !missing(r, "InternetGatewayId") && !missing(r, "VpcId") {
			once(r, "VpcId", "attach an internet gateway to VPC "+r.Prop("VpcId").String(), "igw", sameAs(r.Prop("VpcId")))
		}
	}
	for _, r := range c.set.Resources("AWS::EC2::Subnet") {
		if !missing(r, "Ipv6CidrBlock", "Ipv6IpamPoolId") {
			first["range\nr"+r.Ref().Key()] = r
		}
	}
	for _, r := range c.set.Resources("AWS::EC2::SubnetCidrBlock") {
		if !missing(r, "Ipv6CidrBlock", "Ipv6IpamPoolId") {
			once(r, "SubnetId", "give an IPv6 range to subnet "+r.Prop("SubnetId").String(), "range", sameAs(r.Prop("SubnetId")))
		}
	}
	c.twoRules(once)
}

// sameAs is equal for values that surely are the same thing.
func sameAs(v cfn.Value) string {
	if r, ok := v.Resource(); ok {
		return "r" + r.Ref().Key()
	}
	return v.Key()
}

// twoRoutes passes on the routes by the table and the destination as EC2 stores it: a range without host bits, in whichever
// spelling, or a prefix list. A gateway endpoint is a route to its service's list in each of its tables.
func (c *check) twoRoutes(once func(r *cfn.Resource, property, what string, key ...string)) {
	for _, r := range c.set.Resources("AWS::EC2::Route", "AWS::EC2::TransitGatewayRoute") {
		table := "RouteTableId"
		if r.Type == "AWS::EC2::TransitGatewayRoute" {
			table = "TransitGatewayRouteTableId"
		}
		if missing(r, table) {
			continue
		}
		for _, p := range []string{"DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"} {
			v := r.Prop(p)
			if !v.Exists() {
				continue
			}
			key, text := sameAs(v), v.String()
			if dest, ok := prefixOf(v); ok {
				key, text = dest.Masked().String(), dest.Masked().String()
			}
			once(r, p, fmt.Sprintf("route %s in table %s", text, r.Prop(table)), "route", sameAs(r.Prop(table)), key)
		}
	}
	for _, r := range c.set.Resources("AWS::EC2::VPCEndpoint") {
		e := c.endpoints[r]
		if e == nil || !e.Gateway || e.ShortName == "" || strings.Contains(e.ShortName, "${") {
			continue
		}
		for _, t := range r.Prop("RouteTableIds").Items() {
			once(r, "RouteTableIds", fmt.Sprintf("route the prefix list of %s in table %s", e.ShortName, t), "endpoint", sameAs(t), e.ShortName)
		}
	}
}

// twoRules passes on the rules of security groups that stand in resources of their own, which EC2 refuses with
// InvalidPermission.Duplicate where the group already has them.
func (c *check) twoRules(once func(r *cfn.Resource, property, what string, key ...string)) {
	for _, g := range c.net.SecurityGroups {
		for way, list := range map[string][]*network.Rule{"into": g.Ingress, "out of": g.Egress} {
			for _, rule := range list {
				r := c.raw(rule)
				if r == nil || rule.Unknown != "" || rule.Implied || r.Type == "AWS::EC2::SecurityGroup" && r != c.raw(g) {
					continue
				}
				peer := rule.Prefix.String()
				switch {
				case rule.Group != nil:
					peer = rule.Group.String()
				case rule.List != nil:
					peer = rule.List.String()
				}
				ports := "all"
				if rule.Proto == network.TCP || rule.Proto == network.UDP {
					ports = fmt.Sprintf("%d-%d", rule.From, rule.To)
				} else if rule.Proto != network.AnyProto {
					continue // what ICMP's ports mean is not read
				}
				once(r, "", fmt.Sprintf("let %s %s %s %s security group %s", peer, rule.Proto, ports, way, g), "rule", g.Ref.Stack, g.String(), way, peer, rule.Proto.String(), ports)
			}
		}
	}
}

// interfaces reports what excludes each other in the interfaces of a launch template or an instance, or in an interface.
func (c *check) interfaces(r *cfn.Resource) {
	if r.Type == "AWS::EC2::NetworkInterface" {
		c.oneInterface(r, r.Props(), "")
		return
	}
	at, data := "", r.Props()
	if r.Type == "AWS::EC2::LaunchTemplate" {
		at, data = "LaunchTemplateData.", r.Prop("LaunchTemplateData")
	}
	if data.Kind() != cfn.Map {
		return
	}
	list := data.Get("NetworkInterfaces").Items()
	if len(list) == 0 {
		c.addressesAndPrefixes(r, data, strings.TrimSuffix(at, "."))
		return
	}
	for _, p := range []string{"SecurityGroupIds", "SecurityGroups", "SubnetId", "Ipv6AddressCount", "Ipv6Addresses"} {
		if given(data.Get(p)) {
			c.report(r, at+p, "%s has %s beside NetworkInterfaces, wanted in one of the two places", r.ID, p)
		}
	}
	for i, ni := range list {
		path := at + "NetworkInterfaces." + itoa(i)
		c.oneInterface(r, ni, path)
		if public, _ := ni.Get("AssociatePublicIpAddress").Bool(); public && len(list) > 1 {
			c.report(r, path, "%s wants a public IPv4 address for one of %d interfaces, wanted one interface", r.ID, len(list))
		}
	}
}

func (c *check) oneInterface(r *cfn.Resource, ni cfn.Value, path string) {
	if ni.Kind() != cfn.Map {
		return
	}
	c.addressesAndPrefixes(r, ni, path)
	if !ni.Get("NetworkInterfaceId").Exists() {
		return
	}
	for _, p := range []string{"SubnetId", "Groups", "GroupSet", "Ipv6AddressCount", "Ipv6Addresses", "Ipv6PrefixCount", "Ipv6Prefixes"} {
		if given(ni.Get(p)) {
			c.report(r, path, "%s names the interface %s, which is there, and sets its %s, wanted one of the two", r.ID, ni.Get("NetworkInterfaceId"), p)
		}
	}
}

// addressesAndPrefixes reports addresses of one family that are asked for in several ways.
func (c *check) addressesAndPrefixes(r *cfn.Resource, ni cfn.Value, path string) {
	for _, ways := range [][]string{
		{"Ipv6AddressCount", "Ipv6Addresses", "Ipv6PrefixCount", "Ipv6Prefixes"},
		{"SecondaryPrivateIpAddressCount", "PrivateIpAddresses", "Ipv4PrefixCount", "Ipv4Prefixes"},
	} {
		var used []string
		for _, p := range ways {
			if given(ni.Get(p)) {
				used = append(used, p)
			}
		}
		if len(used) > 1 {
			c.report(r, path, "%s gives an interface %s, wanted one of them", r.ID, strings.Join(used, " and "))
		}
	}
}

// given says that a property is there and surely asks for something: neither 0 nor an empty list, and nothing that may be that.
func given(v cfn.Value) bool {
	if list, ok := v.List(); ok {
		return len(list) > 0
	}
	return v.Exists() && !v.Is("0") && v.Kind() != cfn.Call
}

// overcut reports the uses of Fn::Cidr whose block does not hold what they ask for, once for each block and count.
func (c *check) overcut() {
	type cut struct {
		of          netip.Prefix
		count, bits int
	}
	at := map[cut][]*cfn.Resource{}
	var order []cut
	for _, r := range c.set.Resources() {
		if r.Conditional || conditionalParent(r) {
			continue
		}
		calls(r.Props(), func(fn string, args []cfn.Value) {
			if fn != "Fn::Cidr" || len(args) != 3 {
				return
			}
			of, ok := prefixOf(args[0])
			count, ok2 := args[1].Int()
			bits, ok3 := args[2].Int()
			if !ok || !ok2 || !ok3 || bits < 1 || fits(of, of.Addr().BitLen()-bits) >= float64(count) {
				return
			}
			k := cut{of, count, bits}
			if at[k] == nil {
				order = append(order, k)
			}
			if !slices.Contains(at[k], r) {
				at[k] = append(at[k], r)
			}
		})
	}
	for _, k := range order {
		list := at[k]
		more := ""
		if n := len(list) - 1; n > 0 {
			more = fmt.Sprintf(" (and %d more)", n)
		}
		length := k.of.Addr().BitLen() - k.bits
		property := ""
		if list[0].Type == "AWS::EC2::Subnet" {
			property = map[bool]string{true: "Ipv6CidrBlock", false: "CidrBlock"}[k.of.Addr().Is6()]
		}
		c.report(list[0], property, "%s%s cuts %d blocks of /%d from a /%d, which has room for %s", list[0].ID, more, k.count, length, k.of.Bits(), number(fits(k.of, length)))
	}
}

// calls visits every function within v that waits for the deployment, or cannot be evaluated.
func calls(v cfn.Value, visit func(fn string, args []cfn.Value)) {
	walk(v, "", func(_ string, v cfn.Value) {
		fn, args, ok := v.Call()
		if !ok {
			return
		}
		visit(fn, args)
		for _, a := range args {
			calls(a, visit)
		}
	})
}

// fits is how many blocks of a length a block holds.
func fits(block netip.Prefix, length int) float64 { return math.Exp2(float64(length - block.Bits())) }

func number(n float64) string {
	if n < 1 {
		return "none"
	}
	return strconv.FormatFloat(n, 'f', 0, 64)
}

// overfull reports VPCs whose subnets need more than the VPC's blocks have, by their lengths.
func (c *check) overfull() {
	for _, v := range c.net.VPCs {
		for _, f := range []network.Family{network.IPv4, network.IPv6} {
			var block *cfn.Resource
			room, known := 0.0, !v.Imported && !c.stray("AWS::EC2::VPCCidrBlock", "VpcId")
			for _, b := range v.Blocks {
				r := c.raw(b)
				if r == nil || !b.Prefix.IsValid() {
					known = known && b.Prefix.IsValid() // an unknown block may be of either family
					continue
				}
				if network.FamilyOf(b.Prefix.Addr()) != f {
					continue
				}
				// An IPAM pool's own default is not known here.
				known = known && (b.Origin != network.OriginIPAM || !missing(r, "Ipv6NetmaskLength", "Ipv4NetmaskLength", "Ipv6CidrBlock", "CidrBlock"))
				room += math.Exp2(float64(-b.Prefix.Bits()))
				block = r
			}
			if !known || block == nil {
				continue
			}
			need, n := 0.0, 0
			for _, s := range c.declared(v.Subnets) {
				if r := c.raw(s); !r.Conditional && !conditionalParent(r) {
					if length, ok := subnetLength(s, r, f); ok {
						need += math.Exp2(float64(-length))
						n++
					}
				}
			}
			if need > room {
				c.report(block, "", "VPC %s has %d subnets with %s, which need more than its blocks have (%s)", v, n, f, blocks(v, f))
			}
		}
	}
}

// subnetLength is the length of a subnet's range of a family.
func subnetLength(s *network.Subnet, r *cfn.Resource, f network.Family) (int, bool) {
	if p := s.Prefix(f); p.IsValid() {
		return p.Bits(), true
	}
	property := map[network.Family]string{network.IPv4: "Ipv4NetmaskLength", network.IPv6: "Ipv6NetmaskLength"}[f]
	return r.Prop(property).Int()
}

// blocks are a VPC's blocks of a family, as lengths.
func blocks(v *network.VPC, f network.Family) string {
	var out []string
	for _, p := range v.Prefixes(f) {
		out = append(out, "/"+itoa(p.Bits()))
	}
	return strings.Join(out, ", ")
}
