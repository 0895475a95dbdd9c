package network

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/intent"
)

func init() {
	register(Kind{
		Component: AtVPC, Name: "VPC",
		Fix:   "attach an internet gateway to the VPC",
		Types: []string{"AWS::EC2::VPC", "AWS::EC2::VPCCidrBlock", "AWS::EC2::IPAM", "AWS::EC2::IPAMPool", "AWS::EC2::IPAMScope", "AWS::EC2::IPAMPoolCidr"},
		Open: []Opening{
			{Type: "AWS::EC2::VPC", Properties: []string{"CidrBlock"}, Decides: []Component{AtNATGateway}},
			{Type: "AWS::EC2::VPCCidrBlock", Properties: []string{"VpcId", "AmazonProvidedIpv6CidrBlock"}, Decides: []Component{anyComponent}},
		},
		Reads: []Reading{{readVPCs, (*builder).addresses}},
	})
}

// VPC is an AWS::EC2::VPC with what hangs on it.
type VPC struct {
	Ref
	Index        int // position in Network.VPCs
	Blocks       []Block
	Subnets      []*Subnet
	RouteTables  []*RouteTable
	MainTable    *RouteTable // the table EC2 makes with the VPC; subnets without an association use it
	NetworkACLs  []*ACL
	DefaultACL   *ACL
	DefaultGroup *SecurityGroup

	InternetGateway *InternetGateway // nil when none is attached
	PrivateGateway  *Ref             // the virtual private gateway, nil when none is attached
	EgressOnly      []*EgressOnlyGateway
	NATs            []*NATGateway
	Endpoints       []*Endpoint

	DNSSupport   bool // default true
	DNSHostnames bool // default false
	// NoIPv4Internet says that the author means the VPC's hosts to reach no IPv4 internet: [intent.NoIPv4Internet] is in the metadata
	// of the VPC.
	NoIPv4Internet bool
	// Imported says that templates use this VPC but none declares it; nothing is known of it.
	Imported bool
}

// Prefixes returns the VPC's ranges of a family.
func (v *VPC) Prefixes(f Family) []netip.Prefix {
	var out []netip.Prefix
	for _, b := range v.Blocks {
		if b.Prefix.IsValid() && FamilyOf(b.Prefix.Addr()) == f {
			out = append(out, b.Prefix)
		}
	}
	return out
}

// Contains reports whether an address lies in one of the VPC's ranges, and in which.
func (v *VPC) Contains(a netip.Addr) (Block, bool) {
	for _, b := range v.Blocks {
		if b.Prefix.IsValid() && b.Prefix.Contains(a) {
			return b, true
		}
	}
	return Block{}, false
}

// Block is one address range of a VPC.
type Block struct {
	Ref
	Prefix  netip.Prefix
	Origin  Origin
	Assumed bool // Prefix is a documentation range
	// Private says that the range is not advertised to the internet (an IPAM private scope, or unique
	// local addresses): internet and egress-only gateways are useless for it.
	Private bool
	// Unknown names the expression when Prefix could not be known nor assumed.
	Unknown string
}

// Origin says where an address block comes from.
type Origin string

// Where address blocks come from.
const (
	OriginLiteral Origin = "literal" // written in the template
	OriginAmazon  Origin = "Amazon"  // AmazonProvidedIpv6CidrBlock, always a /56
	OriginIPAM    Origin = "IPAM"
	OriginBYOIP   Origin = "BYOIP"
)

// addresses decides the ranges of every VPC and installs the attributes that depend on them.
func (b *builder) addresses() {
	for _, r := range b.set.Resources("AWS::EC2::VPC") {
		v := &VPC{Ref: ref(r), Index: len(b.net.VPCs)}
		v.DNSSupport = yes(r.Prop("EnableDnsSupport"), true)
		v.NoIPv4Internet = intends(r, intent.NoIPv4Internet)
		v.DNSHostnames = yes(r.Prop("EnableDnsHostnames"), false)
		b.net.VPCs = append(b.net.VPCs, v)
		b.vpcs[own(r)] = v
		b.block4(v, r, "CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength")
	}
	// A block's own VpcId may be an attribute of another stack: install the provider before reading them.
	b.set.Provide(b.attribute)
	for _, r := range b.set.Resources("AWS::EC2::VPCCidrBlock") {
		v := b.vpc(r.Prop("VpcId"))
		switch {
		case v == nil:
			b.problem(ref(r), "VpcId is missing")
		case r.Prop("CidrBlock").Exists() || r.Prop("Ipv4IpamPoolId").Exists():
			b.block4(v, r, "CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength")
		default:
			b.block6(v, r)
		}
	}
	b.set.Provide(b.attribute) // again: what was read before is read anew
}

func (b *builder) block4(v *VPC, r *cfn.Resource, cidr, pool, length string) {
	bl := Block{Ref: ref(r).In(cidr), Origin: OriginLiteral}
	if r.Prop(pool).Exists() {
		bl.Origin = OriginIPAM
		bl.Ref = ref(r).In(pool)
	}
	bl.Prefix, bl.Unknown = prefix(r.Prop(cidr), IPv4)
	if !bl.Prefix.IsValid() && bl.Origin == OriginIPAM {
		bits := 16
		if n, ok := r.Prop(length).Int(); ok && n >= 16 && n <= 28 {
			bits = n
		}
		// Class E: reserved, so it collides with no range that anyone writes in a template.
		base := netip.AddrFrom4([4]byte{240 + byte(v.Index>>8)%15, byte(v.Index), byte(len(v.Blocks)) << 4, 0})
		bl.Prefix, bl.Assumed, bl.Unknown = netip.PrefixFrom(base, bits).Masked(), true, ""
		b.standIn(bl.Ref, bl.Prefix, "IPv4 range %s stands for the range that IPAM will choose for %s", bl.Prefix, v.Ref)
	}
	if bl.Prefix.IsValid() || bl.Unknown != "" {
		v.Blocks = append(v.Blocks, bl)
	}
}

func (b *builder) block6(v *VPC, r *cfn.Resource) {
	bl := Block{Ref: ref(r), Origin: OriginLiteral}
	bits := 56
	what := "the range that Amazon will choose"
	switch {
	case yes(r.Prop("AmazonProvidedIpv6CidrBlock"), false):
		bl.Origin = OriginAmazon
	case r.Prop("Ipv6IpamPoolId").Exists():
		bl.Origin = OriginIPAM
		what = "the range that IPAM will choose"
		if n, ok := r.Prop("Ipv6NetmaskLength").Int(); ok && n >= 44 && n <= 60 {
			bits = n
		}
		bl.Private = b.privatePool(r.Prop("Ipv6IpamPoolId"))
	case r.Prop("Ipv6Pool").Exists():
		bl.Origin = OriginBYOIP
		what = "the range of the pool"
	}
	bl.Prefix, bl.Unknown = prefix(r.Prop("Ipv6CidrBlock"), IPv6)
	if !bl.Prefix.IsValid() {
		if bl.Origin == OriginLiteral && bl.Unknown == "" {
			b.problem(ref(r), "names no range: want AmazonProvidedIpv6CidrBlock, Ipv6IpamPoolId, or Ipv6CidrBlock with Ipv6Pool")
			return
		}
		bl.Prefix, bl.Assumed, bl.Unknown = documentation(v.Index, len(v.Prefixes(IPv6)), bits), true, ""
		b.standIn(bl.Ref, bl.Prefix, "IPv6 range %s stands for %s for %s", bl.Prefix, what, v.Ref)
	}
	bl.Private = bl.Private || bl.Prefix.Addr().IsPrivate()
	v.Blocks = append(v.Blocks, bl)
}

// privatePool reports whether an IPAM pool of the templates lies in a private scope.
func (b *builder) privatePool(pool cfn.Value) bool {
	r, ok := pool.Resource()
	if !ok || r.Type != "AWS::EC2::IPAMPool" {
		return false
	}
	scope := r.Prop("IpamScopeId")
	if _, attr, ok := scope.Attribute(); ok && attr == "PrivateDefaultScopeId" {
		return true
	}
	s, ok := scope.Resource() // AWS::EC2::IPAMScope is always private
	return ok && s.Type == "AWS::EC2::IPAMScope"
}

// documentation is the IPv6 range that stands for block n of a VPC: a part of aws.Documentation6, or of
// aws.DocumentationLarge6 when the block is larger than a /48.
func documentation(vpc, n, bits int) netip.Prefix {
	i := vpc + 1
	if bits < 48 {
		i <<= 4
		a := aws.DocumentationLarge6.Addr().As16()
		a[2], a[4], a[5] = byte(n), byte(i>>8), byte(i)
		return netip.PrefixFrom(netip.AddrFrom16(a), bits).Masked()
	}
	a := aws.Documentation6.Addr().As16()
	a[4], a[5], a[6] = byte(i>>8), byte(i), byte(n+1)
	return netip.PrefixFrom(netip.AddrFrom16(a), bits).Masked()
}

// attribute decides what only a deployment knows.
func (b *builder) attribute(r *cfn.Resource, attr string) (cfn.Value, bool) {
	switch r.Type {
	case "AWS::EC2::VPC":
		v := b.vpcs[own(r)]
		if v == nil {
			return cfn.Value{}, false
		}
		switch attr {
		case "CidrBlock":
			return first(v.Blocks, IPv4)
		case "Ipv6CidrBlocks":
			var out []string
			for _, p := range v.Prefixes(IPv6) {
				out = append(out, p.String())
			}
			return cfn.Strings(out...), len(out) > 0
		}
	case "AWS::EC2::Subnet":
		switch attr {
		case "CidrBlock":
			v := r.Prop("CidrBlock")
			return v, v.Known() && v.Exists()
		case "Ipv6CidrBlocks":
			if v := r.Prop("Ipv6CidrBlock"); v.Exists() && v.Known() {
				return cfn.ListOf(v), true
			}
		}
	case "AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::ElastiCache::ReplicationGroup":
		switch attr {
		case "Endpoint.Port", "PrimaryEndPoint.Port", "ConfigurationEndPoint.Port":
			if n := b.portOf(r); n != 0 {
				return cfn.String(strconv.Itoa(int(n))), true
			}
		}
	case "AWS::EKS::Cluster":
		if attr == "KubernetesNetworkConfig.ServiceIpv6Cidr" {
			for i, c := range b.set.Resources(clusterTypes...) {
				if c == r {
					return cfn.String(serviceRange(i).String()), true
				}
			}
		}
	}
	return cfn.Value{}, false
}

func first(blocks []Block, f Family) (cfn.Value, bool) {
	for _, bl := range blocks {
		if bl.Prefix.IsValid() && FamilyOf(bl.Prefix.Addr()) == f {
			return cfn.String(bl.Prefix.String()), true
		}
	}
	return cfn.Value{}, false
}

// vpc finds a VPC, or makes one that is known by name only.
func (b *builder) vpc(v cfn.Value) *VPC {
	if !v.Exists() {
		return nil
	}
	k := key(v)
	if got := b.vpcs[k]; got != nil {
		return got
	}
	got := &VPC{Ref: outside("AWS::EC2::VPC", v), Index: len(b.net.VPCs), Imported: true, DNSSupport: true}
	b.net.VPCs = append(b.net.VPCs, got)
	b.vpcs[k] = got
	return got
}

// intends reports whether the metadata of a resource holds an intent of its author.
func intends(r *cfn.Resource, name string) bool {
	return slices.ContainsFunc(r.Metadata(intent.Metadata).Items(), func(v cfn.Value) bool { return v.Is(name) })
}

// block is the range of a VPC that holds an address.
func (t *tracer) block(v *VPC, a address) (Block, bool) {
	for _, b := range v.Blocks {
		if b.Prefix.IsValid() && t.inPrefix(a, b.Prefix) {
			return b, true
		}
	}
	return Block{}, false
}

// joins reports whether a peering connection or a transit gateway joins two VPCs.
func (n *Network) joins(a, b *VPC) bool { return n.joint(a, b) != nil }

// joint is the first peering connection or transit gateway that joins two VPCs; nil where none does.
func (n *Network) joint(a, b *VPC) Resource {
	if i := slices.IndexFunc(n.Peerings, func(p *Peering) bool { return p.Other(a) == b }); i >= 0 {
		return n.Peerings[i]
	}
	if i := slices.IndexFunc(n.TransitGateways, func(g *TransitGateway) bool { return g.Attachment(a) != nil && g.Attachment(b) != nil }); i >= 0 {
		return n.TransitGateways[i]
	}
	return nil
}

// Overlap is a range of a family that two VPCs share, or the invalid prefix.
func Overlap(a, b *VPC, f Family) netip.Prefix {
	if a == nil || b == nil || a == b {
		return netip.Prefix{}
	}
	for _, p := range a.Prefixes(f) {
		for _, q := range b.Prefixes(f) {
			if p.Overlaps(q) {
				if p.Bits() > q.Bits() {
					return p
				}
				return q
			}
		}
	}
	return netip.Prefix{}
}

// privateRanges are addresses that no route on the internet leads to.
var privateRanges = aws.PrivateRanges()
