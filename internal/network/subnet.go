package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
)

func init() {
	register(Kind{
		Types: []string{"AWS::EC2::Subnet", "AWS::EC2::SubnetCidrBlock"},
		Open: []Opening{
			{Type: "AWS::EC2::Subnet", Properties: []string{"AssignIpv6AddressOnCreation", "Ipv6Native"}, Decides: []Component{AtNode}},
			{Type: "AWS::EC2::SubnetCidrBlock", Properties: []string{"SubnetId"}, Decides: []Component{AtNode}},
		},
		Reads:    []Reading{{readSubnets, (*builder).readSubnets}},
		OpenAlso: (*builder).openSubnet,
	})
}

// Subnet is an AWS::EC2::Subnet.
type Subnet struct {
	Ref
	Index  int // position in VPC.Subnets
	VPC    *VPC
	Zone   string // availability zone, as written or as far as known
	IPv4   netip.Prefix
	IPv6   netip.Prefix
	Tags   Tags
	Native bool // Ipv6Native: no IPv4 at all

	AssignIPv6 bool // AssignIpv6AddressOnCreation
	MapPublic  bool // MapPublicIpOnLaunch
	// PublicUnknown is the expression of MapPublicIpOnLaunch where the deployment decides it, else "".
	PublicUnknown string
	DNS64         bool // EnableDns64

	RouteTable  *RouteTable
	Association Ref  // the association, or the VPC when the main table is used
	MainTable   bool // no association: RouteTable is the VPC's main table
	NetworkACL  *ACL

	zone, zoneID cfn.Value // one of them, or none where AWS chooses the zone

	// Imported says that templates use this subnet but none declares it.
	Imported bool
	// Unknown names an expression for a range that could not be known, such as an IPAM allocation.
	Unknown string
}

// SameZone reports whether two subnets are in one zone; known is false where the templates do not say: AWS chooses the zone of one,
// or one is written by name and the other by id, which name different zones in each account.
// See https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html.
func (s *Subnet) SameZone(o *Subnet) (same, known bool) {
	if s == o {
		return true, true
	}
	a, b := s.zone, o.zone
	if !a.Exists() && !b.Exists() {
		a, b = s.zoneID, o.zoneID
	}
	switch {
	case !a.Exists() || !b.Exists():
		return false, false
	case a.Equal(b):
		return true, true
	case a.Known() && b.Known():
		return false, true
	case letter(a) != 0 && letter(b) != 0 && letter(a) != letter(b): // as in ${AWS::Region}a
		return false, true
	}
	f, x, _ := a.Call()
	g, y, _ := b.Call()
	choices := f == "Fn::Select" && g == f && len(x) == 2 && len(y) == 2 && x[1].Equal(y[1]) && x[0].Known() && y[0].Known()
	return false, choices // of one list of zones, different ones
}

// letter is the known end of a zone's name, 0 where it is not known.
func letter(v cfn.Value) byte {
	parts := v.Parts()
	if len(parts) == 0 {
		return 0
	}
	s, ok := parts[len(parts)-1].Text()
	if !ok || s == "" {
		return 0
	}
	return s[len(s)-1]
}

// Serving finds the first of some subnets in the zone of another; known is false where one may be, and none surely is.
func Serving(list []*Subnet, s *Subnet) (found *Subnet, known bool) {
	known = true
	for _, o := range list {
		same, sure := o.SameZone(s)
		if same {
			return o, true
		}
		known = known && sure
	}
	return nil, known
}

// Prefix returns the subnet's range of a family; it is not valid when the subnet has none.
func (s *Subnet) Prefix(f Family) netip.Prefix {
	if f == IPv6 {
		return s.IPv6
	}
	return s.IPv4
}

// lacksIPv6 says why interfaces in the subnet have no IPv6 address: the VPC, or the subnet alone, has no range.
func (s *Subnet) lacksIPv6(at Component) *Failure {
	if s.VPC != nil && len(s.VPC.Prefixes(IPv6)) == 0 {
		return &Failure{NoRoute, at, s.VPC.Ref, fmt.Sprintf("VPC %s has no IPv6 range", s.VPC.Ref)}
	}
	return &Failure{NoRoute, at, s.Ref, fmt.Sprintf("subnet %s has no IPv6 range", s.Ref)}
}

// Meant says by a subnet's tags what it is for, whatever its routes do: the role tags of the load balancer controller
// (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html) and the type that CDK writes down. Both are false
// where there is no tag, or tags that contradict each other.
func (s *Subnet) Meant() (public, private bool) {
	typ := s.Tags["aws-cdk:subnet-type"]
	public = s.Tags.Has(aws.PublicRoleTag) || typ == "Public"
	private = s.Tags.Has(aws.InternalRoleTag) || typ == "Private" || typ == "Isolated"
	if public && private {
		return false, false
	}
	return public, private
}

// Isolated reports whether the subnet's tag says that it is meant to have no way out.
// See https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ec2.SubnetType.html.
func (s *Subnet) Isolated() bool { return s.Tags["aws-cdk:subnet-type"] == "Isolated" }

// readSubnets reads subnets with their ranges. One whose range only the deployment knows gets a part of its VPC's.
func (b *builder) readSubnets() {
	taken := map[*VPC]int{}
	var later []func()
	for _, r := range b.set.Resources("AWS::EC2::Subnet") {
		s := &Subnet{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId")), Tags: tags(r.Prop("Tags"))}
		b.subnets[own(r)] = s
		s.zone, s.zoneID = r.Prop("AvailabilityZone"), r.Prop("AvailabilityZoneId")
		s.Zone = str(r.Prop("AvailabilityZone"))
		if s.Zone == "" {
			s.Zone = str(r.Prop("AvailabilityZoneId"))
		}
		s.Native = yes(r.Prop("Ipv6Native"), false)
		s.AssignIPv6 = yes(r.Prop("AssignIpv6AddressOnCreation"), s.Native)
		s.MapPublic = yes(r.Prop("MapPublicIpOnLaunch"), false)
		if v := r.Prop("MapPublicIpOnLaunch"); v.Exists() && !v.Known() {
			s.PublicUnknown = "MapPublicIpOnLaunch is " + v.String()
		}
		s.DNS64 = yes(r.Prop("EnableDns64"), false)
		var unknown4, unknown6 string
		s.IPv4, unknown4 = prefix(r.Prop("CidrBlock"), IPv4)
		s.IPv6, unknown6 = prefix(r.Prop("Ipv6CidrBlock"), IPv6)
		if s.VPC == nil {
			b.problem(s.Ref, "VpcId is missing")
			continue
		}
		s.Index = len(s.VPC.Subnets)
		s.VPC.Subnets = append(s.VPC.Subnets, s)
		later = append(later, func() { // once the ranges that are written down are all known
			if !s.IPv4.IsValid() && !s.Native && (unknown4 != "" || r.Prop("Ipv4IpamPoolId").Exists()) {
				n, _ := r.Prop("Ipv4NetmaskLength").Int()
				s.IPv4 = b.slice(s, IPv4, taken, cmp.Or(n, 24))
			}
			if !s.IPv6.IsValid() && (unknown6 != "" || r.Prop("Ipv6IpamPoolId").Exists()) {
				n, _ := r.Prop("Ipv6NetmaskLength").Int()
				s.IPv6 = b.slice(s, IPv6, taken, cmp.Or(n, 64))
			}
			switch {
			case unknown4 != "" && !s.IPv4.IsValid():
				s.Unknown = unknown4
			case unknown6 != "" && !s.IPv6.IsValid():
				s.Unknown = unknown6
			}
		})
		s.RouteTable, s.MainTable, s.Association = s.VPC.MainTable, true, s.Ref
	}
	for _, r := range b.set.Resources("AWS::EC2::SubnetCidrBlock") {
		s := b.subnet(r.Prop("SubnetId"))
		if s == nil || s.Imported || s.IPv6.IsValid() {
			continue
		}
		var unknown string
		s.IPv6, unknown = prefix(r.Prop("Ipv6CidrBlock"), IPv6)
		later = append(later, func() {
			if s.IPv6.IsValid() {
				return
			}
			if s.VPC != nil {
				s.IPv6 = b.slice(s, IPv6, taken, 64)
			}
			if !s.IPv6.IsValid() {
				s.Unknown = unknown
			}
		})
	}
	for _, f := range later {
		f()
	}
}

// slice takes a range for a subnet whose range is not known from the end of its VPC's first block, away from the
// ranges that templates usually write.
func (b *builder) slice(s *Subnet, f Family, taken map[*VPC]int, bits int) netip.Prefix {
	blocks := s.VPC.Prefixes(f)
	if len(blocks) == 0 {
		return netip.Prefix{}
	}
	vpc := blocks[0]
	for taken[s.VPC] < 1<<20 {
		taken[s.VPC]++
		p, ok := netset.Part(vpc, bits, -taken[s.VPC])
		if !ok {
			return netip.Prefix{}
		}
		clash := slices.ContainsFunc(s.VPC.Subnets, func(o *Subnet) bool {
			q := o.Prefix(f)
			return q.IsValid() && q.Overlaps(p)
		})
		if !clash {
			b.standIn(s.Ref, p, "%s range %s stands for the one %s will get", f, p, s.Ref)
			return p
		}
	}
	return netip.Prefix{}
}

func (b *builder) subnet(v cfn.Value) *Subnet {
	if !v.Exists() {
		return nil
	}
	k := key(v)
	if got := b.subnets[k]; got != nil {
		return got
	}
	got := &Subnet{Ref: outside("AWS::EC2::Subnet", v), Imported: true, Index: -1, Unknown: v.String()}
	b.subnets[k] = got
	return got
}

// subnetList reads a list of subnets; unknown names the list when it is decided at deployment.
func (b *builder) subnetList(v cfn.Value) (out []*Subnet, unknown string) {
	list, unknown := items(v)
	for _, e := range list {
		if s := b.subnet(e); s != nil && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out, unknown
}

// openSubnet finds role tags and a VPC that a deployment decides, and a zone that is a parameter.
func (b *builder) openSubnet(r *cfn.Resource) {
	for i, tag := range r.Prop("Tags").Items() {
		k, known := tag.Get("Key").Text()
		role := k == aws.PublicRoleTag || k == aws.InternalRoleTag
		if !known || role && !tag.Get("Value").Known() {
			b.net.open = append(b.net.open, &Open{Ref: ref(r).In(fmt.Sprintf("Tags[%d]", i)), Value: tag.String(), parts: exposing})
		}
	}
	if vpc := r.Prop("VpcId"); waits(vpc) {
		b.net.open = append(b.net.open, &Open{Ref: ref(r).In("VpcId"), Value: vpc.String(), parts: append([]Component{AtNATGateway}, exposing...)})
	}
	if v := r.Prop("EnableDns64"); waits(v) {
		b.net.open = append(b.net.open, &Open{Ref: ref(r).In("EnableDns64"), Value: v.String(), parts: resolving})
	}
	zone := r.Prop("AvailabilityZone")
	if fn, _, ok := zone.Call(); ok && fn == "Ref" {
		b.net.open = append(b.net.open, &Open{Ref: ref(r).In("AvailabilityZone"), Value: zone.String(), parts: transiting})
	}
}

func assigns(subnets []*Subnet) bool {
	return slices.ContainsFunc(subnets, func(s *Subnet) bool { return s.AssignIPv6 && s.IPv6.IsValid() })
}
