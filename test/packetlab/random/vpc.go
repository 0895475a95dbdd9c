package random

import (
	"fmt"
	"net/netip"
	"slices"
)

// vpc is what the makers must know of a VPC.
type vpc struct {
	id         string
	ranges     []cidr
	six        bool
	subnets    []*subnet
	tables     []*table
	gateway    string // the internet gateway that its routes name
	attached   string // the one that is attached to it
	egressOnly string
	nats       []string
	links      []link
	attachment string   // of the transit gateway
	filters    []string // security groups of the template
	groups     []any    // the ids of these, and of those that EKS makes
	instances  []instance
	clusters   []cluster
}

type subnet struct {
	id, zone string
	ranges   []cidr
	four     netip.Prefix // not valid in a subnet of IPv6 only
	six      bool
	public   bool // meant to be
	filtered bool // has a network ACL of its own
}

type table struct {
	id     string
	vpc    *vpc
	public bool            // meant to be
	taken  map[string]bool // the destinations that it has
}

func (s *subnet) String() string { return s.id }
func (t *table) String() string  { return t.id }

func hasFour(s *subnet) bool { return s.four.IsValid() }
func hasBoth(s *subnet) bool { return s.four.IsValid() && s.six }

func (b *builder) vpc() {
	n := len(b.vpcs)
	block := netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", n))
	if n > 0 && b.chance(15) { // the range of another, or half of it
		i := b.IntN(2)
		block = part(b.vpcs[0].ranges[0].four, 16+i, i)
	}
	v := &vpc{ranges: []cidr{literal(block.String())}, six: b.chance(88)}
	v.id = b.add("AWS::EC2::VPC", object{"CidrBlock": block.String(), "EnableDnsSupport": true, "EnableDnsHostnames": true})
	if b.chance(15) {
		second := fmt.Sprintf("10.%d.0.0/20", 100+n)
		v.ranges = append(v.ranges, literal(second))
		b.add("AWS::EC2::VPCCidrBlock", object{"VpcId": ref(v.id), "CidrBlock": second})
	}
	if v.six {
		v.ranges = append(v.ranges, cidr{value: object{"Fn::Select": list{0, att(v.id, "Ipv6CidrBlocks")}}, of: v})
		props := object{"VpcId": ref(v.id), "AmazonProvidedIpv6CidrBlock": true}
		switch n := b.IntN(100); {
		case n < 20:
			props = object{"VpcId": ref(v.id), "Ipv6Pool": "ipv6pool-ec2-0123456789abcdef0", "Ipv6CidrBlock": fmt.Sprintf("2001:db8:b%03d::/56", len(b.vpcs))}
		case n < 25: // the internet does not route it
			ipam := b.add("AWS::EC2::IPAM", object{"OperatingRegions": list{object{"RegionName": "eu-west-1"}}})
			pool := b.add("AWS::EC2::IPAMPool", object{"AddressFamily": "ipv6", "IpamScopeId": att(ipam, "PrivateDefaultScopeId")})
			props = object{"VpcId": ref(v.id), "Ipv6IpamPoolId": ref(pool), "Ipv6NetmaskLength": 56}
		}
		b.add("AWS::EC2::VPCCidrBlock", props)
	}
	b.vpcs = append(b.vpcs, v)
}

func (b *builder) subnet(v *vpc) {
	i := len(v.subnets)
	native := v.six && b.chance(5)
	s := &subnet{public: i%2 == 0, six: native || v.six && b.chance(88), zone: fmt.Sprintf("eu-west-1%c", 'a'+either(b.chance(85), i%3, b.IntN(3)))}
	assigned := native || s.six && b.chance(88)
	props := object{"VpcId": ref(v.id), "AvailabilityZone": s.zone, "Ipv6Native": when(native, true),
		"MapPublicIpOnLaunch": when(!native && b.chance(either(s.public, 80, 5)), true), "AssignIpv6AddressOnCreation": when(assigned, true),
		"EnableDns64": when(s.six && b.chance(40), true)}
	if b.chance(75) {
		role := either(s.public != b.chance(5), "kubernetes.io/role/elb", "kubernetes.io/role/internal-elb")
		props["Tags"] = list{object{"Key": role, "Value": "1"}}
	}
	if !native {
		block := v.ranges[0].four
		if second := v.ranges[min(1, len(v.ranges)-1)].four; second.IsValid() && b.chance(50) {
			block = second
		}
		quarter := block.Bits() + 2
		s.four = part(part(block, quarter, i), one(b.Rand, quarter, quarter+1, 24), 0)
		s.ranges = append(s.ranges, literal(s.four.String()))
	}
	if s.six {
		of := v.ranges[len(v.ranges)-1]
		s.ranges = append(s.ranges, cidr{value: object{"Fn::Select": list{i, object{"Fn::Cidr": list{of.value, 16, 64}}}}, of: v})
	}
	for _, c := range s.ranges {
		props[c.in("CidrBlock", "Ipv6CidrBlock")] = c.value
	}
	s.id = b.add("AWS::EC2::Subnet", props)
	v.subnets = append(v.subnets, s)
}

// spread are subnets that a filter takes, at most one in each zone; first those that are meant for the public, or not.
func (b *builder) spread(v *vpc, public bool, take func(*subnet) bool) (out []*subnet) {
	subnets := some(b, len(v.subnets), v.subnets)
	slices.SortStableFunc(subnets, func(x, y *subnet) int { return either(x.public == y.public, 0, either(x.public == public, -1, 1)) })
	for _, s := range subnets {
		if take(s) && !slices.ContainsFunc(out, func(o *subnet) bool { return o.zone == s.zone }) {
			out = append(out, s)
		}
	}
	return out
}

func (b *builder) internetGateway(v *vpc) {
	v.gateway = b.add("AWS::EC2::InternetGateway", object{})
	to := either(b.chance(94), v, one(b.Rand, b.vpcs...))
	if to.attached == "" && b.chance(94) {
		to.attached = v.gateway
		b.add("AWS::EC2::VPCGatewayAttachment", object{"VpcId": ref(to.id), "InternetGatewayId": ref(v.gateway)})
	}
}

func (b *builder) egressOnlyGateway(v *vpc) {
	if v.six {
		v.egressOnly = b.add("AWS::EC2::EgressOnlyInternetGateway", object{"VpcId": ref(v.id)})
	}
}

func (b *builder) natGateway(v *vpc) {
	in := b.spread(v, b.chance(80), hasFour)
	if len(in) == 0 {
		return
	}
	props := object{"SubnetId": ref(in[0].id), "ConnectivityType": "private"}
	switch n := b.IntN(100); {
	case v.attached == "" || n < 15:
	case n < 30:
		props = object{"VpcId": ref(v.id), "AvailabilityMode": "regional"}
	default:
		props = object{"SubnetId": ref(in[0].id), "AllocationId": att(b.add("AWS::EC2::EIP", object{"Domain": "vpc"}), "AllocationId")}
	}
	v.nats = append(v.nats, b.add("AWS::EC2::NatGateway", props))
}

func (b *builder) table(v *vpc) {
	t := &table{vpc: v, public: len(v.tables)%2 == 0, taken: map[string]bool{}}
	t.id = b.add("AWS::EC2::RouteTable", object{"VpcId": ref(v.id)})
	v.tables = append(v.tables, t)
}

// associations leave some subnets to the main table.
func (b *builder) associations(v *vpc) {
	for _, s := range v.subnets {
		tables := some(b, len(v.tables), v.tables)
		meant := slices.IndexFunc(tables, func(t *table) bool { return t.public == s.public })
		if b.chance(92) {
			b.add("AWS::EC2::SubnetRouteTableAssociation", object{"SubnetId": ref(s.id), "RouteTableId": ref(tables[max(meant, 0)].id)})
		}
	}
}
