package network

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// VPC is an AWS::EC2::VPC with what hangs on it.
type VPC struct {
	Ref
	Index        int // position in Network.VPCs
	Blocks       []Block
	Subnets      []*Subnet
	RouteTables  []*RouteTable
	MainTable    *RouteTable // the table EC2 makes with the VPC; subnets without an association use it
	NetworkACLs  []*NetworkACL
	DefaultACL   *NetworkACL
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

// Origin says where an address block comes from.
type Origin string

// Where address blocks come from.
const (
	OriginLiteral Origin = "literal" // written in the template
	OriginAmazon  Origin = "Amazon"  // AmazonProvidedIpv6CidrBlock, always a /56
	OriginIPAM    Origin = "IPAM"
	OriginBYOIP   Origin = "BYOIP"
)

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
	NetworkACL  *NetworkACL

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

// RouteTable is an AWS::EC2::RouteTable, or the main table EC2 makes with each VPC.
type RouteTable struct {
	Ref
	VPC  *VPC
	Main bool
	// Imported says that templates use this table but none declares it; its routes are not all known.
	Imported bool
	Routes   []*Route // without the local routes, which every table has for each block of the VPC
	// Learned are the routes that a virtual private gateway learns and propagates: which, only the deployment tells.
	Learned []*Route
	// Unknown says why it is not known which table this is; "" where it is.
	Unknown string

	index     netset.Table[*Route]
	uncertain []*Route // whose destinations are not known
}

// Route is an AWS::EC2::Route, or a route that AWS adds for a gateway endpoint.
type Route struct {
	Ref
	Table       *RouteTable
	Destination netip.Prefix
	PrefixList  *PrefixList // instead of Destination
	Target      Target
	// Unknown names the destination expression when it is decided at deployment, and Family its family where
	// the property tells.
	Unknown string
	Family  Family

	alternatives []*Route
}

// Alternatives are the routes of one destination, of which only one can be there: their conditions are decided at deployment.
func (r *Route) Alternatives() []*Route { return r.alternatives }

// Lookup returns the most specific route for an address: a local route, one of the table, or nil.
// uncertain are the routes whose destination is not known and that may therefore be more specific.
// See https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html.
func (t *RouteTable) Lookup(a netip.Addr) (route *Route, uncertain []*Route) {
	best, bits := t.index.Lookup(a)
	local, localBits := t.local(a)
	if local != nil && localBits >= bits {
		best = local
	}
	for _, r := range t.uncertain {
		if r.Family == 0 || r.Family == FamilyOf(a) {
			uncertain = append(uncertain, r)
		}
	}
	return best, uncertain
}

func (t *RouteTable) local(a netip.Addr) (*Route, int) {
	if t.VPC == nil {
		return nil, -1
	}
	bits := -1
	var hit Block
	for _, b := range t.VPC.Blocks {
		if b.Prefix.IsValid() && b.Prefix.Contains(a) && b.Prefix.Bits() > bits {
			hit, bits = b, b.Prefix.Bits()
		}
	}
	if bits < 0 {
		// A subnet's range is one of its VPC's, also where that is not known.
		i := slices.IndexFunc(t.VPC.Blocks, func(b Block) bool { return b.Unknown != "" })
		if i < 0 {
			return nil, -1
		}
		for _, s := range t.VPC.Subnets {
			if p := s.Prefix(FamilyOf(a)); p.IsValid() && p.Contains(a) && p.Bits() > bits {
				hit, bits = t.VPC.Blocks[i], p.Bits()
				hit.Prefix = p
			}
		}
		if bits < 0 {
			return nil, -1
		}
	}
	return &Route{Ref: t.In("local"), Table: t, Destination: hit.Prefix, Target: Local{t.Ref}}, bits
}

// Target is where a route sends packets. It is one of [Local], [*InternetGateway], [*EgressOnlyGateway],
// [*NATGateway], [*Peering], [*TransitGateway], [*Endpoint], or [Other].
type Target interface{ Resource }

// Local is the target of the routes that every table has for the VPC's own ranges.
type Local struct{ Ref }

// Other is a target that is known to exist but not modelled (a VPN gateway, a network interface), or that
// is not known at all (an id from outside the templates).
type Other struct {
	Ref
	Property string // the Route property that named it, such as NetworkInterfaceId
	Value    string // what the property held
	Dangling bool   // it names a resource that the template does not declare
}

// InternetGateway is an AWS::EC2::InternetGateway.
type InternetGateway struct {
	Ref
	Attachment Ref
	VPC        *VPC        // nil when not attached
	Edge       *RouteTable // where packets from the internet go first, nil when no table is associated with the gateway
}

// EgressOnlyGateway is an AWS::EC2::EgressOnlyInternetGateway: IPv6 only, stateful, outbound only.
// See https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html.
type EgressOnlyGateway struct {
	Ref
	VPC *VPC
}

// NATGateway is an AWS::EC2::NatGateway.
type NATGateway struct {
	Ref
	Index    int     // position among the NAT gateways of the network
	Subnet   *Subnet // nil for a regional gateway
	VPC      *VPC
	Regional bool // AvailabilityMode regional: no subnet, AWS keeps its route table to the internet gateway
	Private  bool // ConnectivityType private
	Public   netip.Addr
	Fixed    netip.Addr // PrivateIpAddress, not valid where AWS chooses it
	// NoAddress says that a zonal public gateway has no AllocationId.
	NoAddress bool
}

// Address is the gateway's private IPv4 address: one from the end of its subnet, away from the hosts, and for a regional
// gateway one that no subnet holds. It is not valid where the subnet has no IPv4 range.
func (g *NATGateway) Address() netip.Addr {
	if g.Fixed.IsValid() {
		return g.Fixed
	}
	if g.Subnet == nil {
		return netip.AddrFrom4([4]byte{100, 64, byte(g.Index >> 8), byte(g.Index)})
	}
	p := g.Subnet.IPv4.Masked()
	if !p.IsValid() {
		return netip.Addr{}
	}
	room := min(p.Addr().BitLen()-p.Bits(), 16)
	return netset.Plus(p.Addr(), max(1<<room-3-g.Index%8, 1))
}

// Peering is an AWS::EC2::VPCPeeringConnection.
type Peering struct {
	Ref
	Requester, Accepter *VPC
}

// Other returns the VPC at the far end.
func (p *Peering) Other(v *VPC) *VPC {
	switch v {
	case p.Requester:
		return p.Accepter
	case p.Accepter:
		return p.Requester
	}
	return nil
}

// TransitGateway is an AWS::EC2::TransitGateway.
type TransitGateway struct {
	Ref
	Attachments []*Attachment
	Tables      []*TransitTable
	Default     *TransitTable // the table that AWS makes; nil when both defaults are disabled
	// GroupReferences is SecurityGroupReferencingSupport: ingress rules may name groups of attached VPCs.
	GroupReferences bool
	Imported        bool
}

// Attachment returns the gateway's attachment of a VPC, or nil.
func (g *TransitGateway) Attachment(v *VPC) *Attachment {
	for _, a := range g.Attachments {
		if a.VPC == v {
			return a
		}
	}
	return nil
}

// Attachment is an AWS::EC2::TransitGatewayAttachment or AWS::EC2::TransitGatewayVpcAttachment.
type Attachment struct {
	Ref
	Gateway *TransitGateway
	VPC     *VPC
	Subnets []*Subnet
	IPv6    bool          // Options.Ipv6Support enable; the default is disable
	Table   *TransitTable // the table it is associated with, nil when none
	// GroupReferences is Options.SecurityGroupReferencingSupport, on unless disabled.
	GroupReferences bool
	// Learns says that it is of a VPN or the like, whose far side tells which routes it has.
	Learns bool
}

// TransitTable is an AWS::EC2::TransitGatewayRouteTable, or the default table of the gateway.
type TransitTable struct {
	Ref
	Gateway *TransitGateway
	Routes  []*TransitRoute

	index     netset.Table[*TransitRoute]
	uncertain []*TransitRoute // whose destinations are not known
}

// TransitRoute is a static or propagated route in a transit gateway table.
type TransitRoute struct {
	Ref
	Destination netip.Prefix
	Attachment  *Attachment // nil for a blackhole
	Blackhole   bool
	Propagated  bool
	Unknown     string
}

// Lookup returns the most specific route for an address, or nil, and the routes of unknown destination.
// A static route wins over a propagated one of the same length.
func (t *TransitTable) Lookup(a netip.Addr) (route *TransitRoute, uncertain []*TransitRoute) {
	route, _ = t.index.Lookup(a)
	return route, t.uncertain
}

// Endpoint is an AWS::EC2::VPCEndpoint.
type Endpoint struct {
	Ref
	VPC         *VPC
	Gateway     bool   // S3 and DynamoDB: reached by routes instead of interfaces
	Middlebox   bool   // of a gateway load balancer: what is behind it may drop the packet
	Service     string // service name as far as known, such as com.amazonaws.eu-west-1.s3
	ShortName   string // last part of the name: s3, ecr.api
	AddressType string // ipv4 (default), ipv6 or dualstack
	Subnets     []*Subnet
	Groups      []*SecurityGroup
	RouteTables []*RouteTable
	PrefixList  *PrefixList      // of a gateway endpoint: assumed addresses of the service
	Provider    *EndpointService // when the service is declared in the templates
}

// Speaks reports whether the endpoint has addresses of a family.
func (e *Endpoint) Speaks(f Family) bool {
	switch e.AddressType {
	case "dualstack":
		return true
	case "ipv6":
		return f == IPv6
	}
	return f == IPv4
}

// EndpointService is an AWS::EC2::VPCEndpointService: PrivateLink's provider side.
type EndpointService struct {
	Ref
	LoadBalancers []*LoadBalancer
	AddressTypes  []string // SupportedIpAddressTypes; ipv4 when none is given
}

// PrefixList is an AWS::EC2::PrefixList, or a list that AWS keeps for a service.
type PrefixList struct {
	Ref
	Entries []netip.Prefix
	Unknown string
}

// Host is a thing with one network interface per subnet that is not part of a cluster: an EC2 instance, a
// network interface, an RDS database, an EFS mount target.
type Host struct {
	Ref
	Kind       Component // an instance, a network interface, a database, a cache, a mount target or a function
	Subnets    []*Subnet
	Groups     []*SecurityGroup
	IPv6       bool // has IPv6 addresses
	PublicIPv4 bool
	// PublicUnknown says why it is not known whether it has a public IPv4 address; "" where it is.
	PublicUnknown string
	Accelerator   *Ref         // the endpoint group of Global Accelerator that leads to it, nil when none does
	Fixed         []netip.Addr // the addresses that are written down, at most one for each family counts
	Port          uint16       // where it listens, 0 when it does not say
	Source        bool         // it starts connections of its own (an instance does, a database does not)
	Unknown       string

	primary *Host // of an instance: the network interface of its own that is its first
}

// Prefixes are the destinations of the route: one, or those of its prefix list.
func (r *Route) Prefixes() iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		if r.Destination.IsValid() {
			yield(r.Destination)
			return
		}
		if r.PrefixList == nil {
			return
		}
		for _, p := range r.PrefixList.Entries {
			if !yield(p) {
				return
			}
		}
	}
}

// Prefixes are the destinations of all routes of the table, those to the VPC itself among them, in order.
func (t *RouteTable) Prefixes() iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		for _, r := range t.Routes {
			for p := range r.Prefixes() {
				if !yield(p) {
					return
				}
			}
		}
		if t.VPC == nil {
			return
		}
		unknown := false
		for _, b := range t.VPC.Blocks {
			unknown = unknown || b.Unknown != ""
			if b.Prefix.IsValid() && !yield(b.Prefix) {
				return
			}
		}
		if !unknown {
			return
		}
		for _, s := range t.VPC.Subnets {
			for _, p := range []netip.Prefix{s.IPv4, s.IPv6} {
				if p.IsValid() && !yield(p) {
					return
				}
			}
		}
	}
}
