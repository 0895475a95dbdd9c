package network

import (
	"cmp"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
)

func init() {
	register(Kind{
		Component: AtRouteTable, Name: "route table",
		Types: []string{"AWS::EC2::RouteTable", "AWS::EC2::Route", "AWS::EC2::SubnetRouteTableAssociation"},
		Open: []Opening{
			{Type: "AWS::EC2::Route", Properties: []string{"RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId", "GatewayId"}, About: []string{"DestinationCidrBlock", "DestinationIpv6CidrBlock"}, Decides: routing},
			{Type: "AWS::EC2::SubnetRouteTableAssociation", Properties: []string{"SubnetId", "RouteTableId"}, Decides: routing},
		},
		Reads:   []Reading{{readRouteTables, (*builder).routeTables}, {readAssociations, (*builder).tableAssociations}, {readRoutes, (*builder).routes}},
		Subject: "routes",
		Models: "longest prefix, a CIDR before a prefix list that holds the same, local routes of every VPC range, main table of subnets without association, prefix " +
			"lists, routes of gateway endpoints; of routes to one destination that conditions exclude each is walked; nothing for the host or its link only " +
			"(loopback, link-local, metadata, multicast) is routed",
		Source: "[route priority](https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html)",
	})
}

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

// Target is where a route sends packets. It is one of [Local], [*InternetGateway], [*EgressOnlyGateway],
// [*NATGateway], [*Peering], [*TransitGateway], [*Endpoint], or [Other].
type Target interface {
	Resource
	// carry takes a packet that a route leads to the target: on to where it is routed next, or to its end.
	carry(*tracer, step) (next, Verdict)
}

// Local is the target of the routes that every table has for the VPC's own ranges.
type Local struct{ Ref }

func (Local) carry(t *tracer, s step) (next, Verdict) {
	if s.to.Outside() || s.to.VPC != s.at.vpc {
		return next{}, t.stop(NoRoute, AtRouteTable, s.route.Table.Ref, "%s lies in the own range %s of %s, whose local route no other can replace: the ranges overlap",
			t.pkt.dst.one, s.route.Destination, s.at.vpc.Ref)
	}
	return next{}, t.arrive(s.to, s.from, !s.first && s.at.subnet == s.to.Subnet)
}

// Other is a target that is known to exist but not modelled (a VPN gateway, a network interface), or that
// is not known at all (an id from outside the templates).
type Other struct {
	Ref
	Property string // the Route property that named it, such as NetworkInterfaceId
	Value    string // what the property held
	Dangling bool   // it names a resource that the template does not declare
}

func (o *Other) carry(t *tracer, s step) (next, Verdict) {
	if o.Dangling {
		return next{}, t.stop(NoRoute, AtRouteTable, s.route.Ref, "the route has no target")
	}
	return next{}, t.middlebox(s.route, s.to)
}

// Alternatives are the routes of one destination, of which only one can be there: their conditions are decided at deployment.
func (r *Route) Alternatives() []*Route { return r.alternatives }

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

// routeTables reads route tables, and gives every VPC its main one.
func (b *builder) routeTables() {
	for _, v := range b.net.VPCs {
		if v.Imported {
			continue
		}
		main := v.Ref
		main.Name = "main route table of " + v.String()
		v.MainTable = &RouteTable{Ref: main, VPC: v, Main: true}
		v.RouteTables = append(v.RouteTables, v.MainTable)
	}
	for _, r := range b.set.Resources("AWS::EC2::RouteTable") {
		t := &RouteTable{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId"))}
		b.tables[own(r)] = t
		if t.VPC != nil {
			t.VPC.RouteTables = append(t.VPC.RouteTables, t)
		}
	}
}

// tableAssociations gives subnets their route tables.
func (b *builder) tableAssociations() {
	for _, r := range b.set.Resources("AWS::EC2::SubnetRouteTableAssociation") {
		s, t := b.subnet(r.Prop("SubnetId")), b.table(r.Prop("RouteTableId"))
		if s != nil && t != nil {
			if !s.MainTable { // EC2 takes one association only: a condition leaves one of them out
				t = &RouteTable{Ref: s.Ref, VPC: s.VPC, Imported: true,
					Unknown: fmt.Sprintf("which of %s and %s is there is decided at deployment", s.Association, ref(r))}
			}
			s.RouteTable, s.MainTable, s.Association = t, false, ref(r)
			if !t.Imported && (t.VPC == nil || t.VPC.Imported) && s.VPC != nil {
				t.VPC = s.VPC // a table serves subnets of its own VPC only
				s.VPC.RouteTables = append(s.VPC.RouteTables, t)
			}
		}
	}
}

func (b *builder) table(v cfn.Value) *RouteTable {
	if !v.Exists() {
		return nil
	}
	k := key(v)
	if got := b.tables[k]; got != nil {
		return got
	}
	got := &RouteTable{Ref: outside("AWS::EC2::RouteTable", v), Imported: true}
	b.tables[k] = got
	return got
}

// routes come last of the network: their targets must exist.
func (b *builder) routes() {
	for _, r := range b.set.Resources("AWS::EC2::Route") {
		t := b.table(r.Prop("RouteTableId"))
		if t == nil {
			b.problem(ref(r), "RouteTableId is missing")
			continue
		}
		rt := &Route{Ref: ref(r), Table: t}
		four, unknown4 := prefix(r.Prop("DestinationCidrBlock"), IPv4)
		six, unknown6 := prefix(r.Prop("DestinationIpv6CidrBlock"), IPv6)
		switch {
		case four.IsValid():
			rt.Destination = four
		case six.IsValid():
			rt.Destination = six
		case r.Prop("DestinationPrefixListId").Exists():
			rt.PrefixList = b.prefixList(r.Prop("DestinationPrefixListId"))
			rt.Unknown = rt.PrefixList.Unknown
		default:
			rt.Unknown = cmp.Or(unknown4, unknown6, "no destination")
			switch {
			case unknown4 != "":
				rt.Family = IPv4
			case unknown6 != "":
				rt.Family = IPv6
			}
		}
		list := b.routeTargets(r)
		if len(list) > 1 && !rt.Destination.IsValid() {
			list = []Target{&Other{Ref: rt.Ref, Property: "one of several targets", Value: list[0].Resource().String()}}
		}
		for _, target := range list { // one, or of several that exclude each other
			one := *rt
			one.Target = target
			t.Routes = append(t.Routes, &one)
		}
	}
}

// targetProperties are the properties of a route of which one names its target.
var targetProperties = []string{"GatewayId", "EgressOnlyInternetGatewayId", "NatGatewayId", "VpcPeeringConnectionId",
	"TransitGatewayId", "VpcEndpointId", "InstanceId", "NetworkInterfaceId", "CarrierGatewayId", "LocalGatewayId",
	"CoreNetworkArn", "OdbNetworkArn"}

// routeTargets are the targets that a route may have: one, or those among which the deployment chooses.
func (b *builder) routeTargets(r *cfn.Resource) (out []Target) {
	for _, name := range targetProperties {
		for _, v := range r.Prop(name).Branches() {
			if !v.Exists() {
				continue
			}
			if t := b.routeTarget(name, v); !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
		if len(out) > 0 && !r.Prop(name).MayBeAbsent() {
			return out
		}
	}
	if len(out) == 0 {
		out = []Target{&Other{Ref: ref(r), Property: "target", Dangling: true}}
	}
	return out
}

func (b *builder) routeTarget(name string, v cfn.Value) Target {
	k := key(v)
	switch {
	case b.internet[k] != nil:
		return b.internet[k]
	case b.egress[k] != nil:
		return b.egress[k]
	case b.nats[k] != nil:
		return b.nats[k]
	case b.peerings[k] != nil:
		return b.peerings[k]
	case b.transits[k] != nil:
		return b.transits[k]
	case b.endpoints[k] != nil:
		return b.endpoints[k]
	case name == "TransitGatewayId":
		return b.transit(v)
	}
	o := &Other{Ref: outside(routeTargetTypes[name], v), Property: name, Value: v.String()}
	if res, ok := v.Resource(); ok {
		o.Ref = ref(res)
	}
	return o
}

var routeTargetTypes = map[string]string{
	"GatewayId":                   "AWS::EC2::InternetGateway",
	"EgressOnlyInternetGatewayId": "AWS::EC2::EgressOnlyInternetGateway",
	"NatGatewayId":                "AWS::EC2::NatGateway",
	"VpcPeeringConnectionId":      "AWS::EC2::VPCPeeringConnection",
	"VpcEndpointId":               "AWS::EC2::VPCEndpoint",
	"InstanceId":                  "AWS::EC2::Instance",
	"NetworkInterfaceId":          "AWS::EC2::NetworkInterface",
	"CarrierGatewayId":            "AWS::EC2::CarrierGateway",
	"LocalGatewayId":              "AWS::EC2::LocalGateway",
	"CoreNetworkArn":              "AWS::NetworkManager::CoreNetwork",
	"OdbNetworkArn":               "AWS::ODB::OdbNetwork",
}

func describe(r *Route) string {
	dst := r.Unknown
	switch {
	case r.Destination.IsValid():
		dst = r.Destination.String()
	case r.PrefixList != nil:
		dst = r.PrefixList.String()
	}
	target := "local"
	if _, local := r.Target.(Local); !local {
		target = r.Target.Resource().String()
		if r.LogicalID != "" && r.LogicalID != r.Table.LogicalID {
			return fmt.Sprintf("%s → %s (%s)", dst, target, r.LogicalID)
		}
	}
	return fmt.Sprintf("%s → %s", dst, target)
}

// namesANetwork reports whether a route is for a network of somebody's own that is not behind the internet: to a peering
// connection, a transit gateway or a gateway that is not modelled, for a range that is no large part of the address space.
func namesANetwork(r *Route) bool {
	switch target := r.Target.(type) {
	case *Peering, *TransitGateway:
	case *Other:
		if target.Dangling {
			return false
		}
	default:
		return false
	}
	return r.Destination.IsValid() && r.Destination.Bits() >= map[bool]int{true: 8, false: 16}[r.Destination.Addr().Is4()]
}

// lookup finds the route for the packet and shows it.
func (t *tracer) lookup(at position, from, to *Interface) (*Route, Verdict) {
	if at.subnet == nil { // a regional NAT gateway: AWS keeps its table
		if at.vpc == nil || at.vpc.InternetGateway == nil {
			return nil, t.stop(NoRoute, AtNATGateway, from.Ref, "the VPC has no internet gateway attached for the regional NAT gateway to use")
		}
		_, own := t.block(at.vpc, t.pkt.dst)
		switch {
		case own && t.reply:
			r, _ := t.lookupIn(&RouteTable{Ref: from.Ref, VPC: at.vpc}, t.pkt.dst)
			t.hop(Routed, AtRouteTable, from.Ref, "the gateway's own table: local")
			return r, 0
		case own:
			return nil, t.stop(Insufficient, AtNATGateway, from.Ref, "which address a regional NAT gateway has inside its VPC is not documented, and so not how %s answers it", t.pkt.dst.one)
		case t.reply:
			return nil, t.stop(Insufficient, AtNATGateway, from.Ref, "what the regional NAT gateway's own table holds beside the default routes is not modelled: a route to %s", t.pkt.dst.one)
		}
		r := &Route{Ref: from.Ref, Table: &RouteTable{Ref: from.Ref, VPC: at.vpc}, Destination: netip.MustParsePrefix("0.0.0.0/0"), Target: at.vpc.InternetGateway}
		t.hop(Routed, AtRouteTable, from.Ref, fmt.Sprintf("the gateway's own table: 0.0.0.0/0 → %s", at.vpc.InternetGateway.Ref))
		return r, 0
	}
	table := at.subnet.RouteTable
	if table == nil || table.Imported {
		name := "the route table"
		r := at.subnet.Ref
		if table != nil {
			name, r = "route table "+table.String(), table.Ref
		}
		if table != nil && table.Unknown != "" {
			return nil, t.stop(Insufficient, AtRouteTable, r, "%s", table.Unknown)
		}
		return nil, t.stop(Insufficient, AtRouteTable, r, "%s of subnet %s is in none of the templates", name, at.subnet.Ref)
	}
	if why := t.unrouted(t.pkt.dst); why != "" {
		return nil, t.stop(NoRoute, AtRouteTable, table.Ref, "%s", why)
	}
	route, uncertain := t.lookupIn(table, t.pkt.dst)
	where := ""
	if at.subnet.MainTable {
		where = fmt.Sprintf("; subnet %s has no route table association, so the VPC's main table holds", at.subnet.Ref)
	}
	if route == nil {
		if len(uncertain) > 0 {
			return nil, t.stop(Insufficient, AtRouteTable, table.Ref, "no known route to %s; the destination of %s is %s", t.pkt.dst.one, uncertain[0].Ref, uncertain[0].Unknown)
		}
		return nil, t.stop(NoRoute, AtRouteTable, table.Ref, "no route to %s from subnet %s%s", t.pkt.dst.one, at.subnet.Ref, where)
	}
	for _, u := range uncertain {
		if _, local := route.Target.(Local); !local && to.Outside() && slices.Contains(table.Learned, u) && t.among(t.pkt.dst, privateRanges) >= 0 {
			return nil, t.stop(Insufficient, AtRouteTable, table.Ref, "%s, unless a route of %s is more specific: %s", describe(route), u.Ref, u.Unknown)
		}
		if _, local := route.Target.(Local); !local { // nothing is more specific than what decides in the VPC itself
			t.note("the destination of route %s (%s) is decided at deployment: assumed not to hold %s", u.Ref, u.Unknown, t.pkt.dst.one)
		}
	}
	t.hop(Routed, AtRouteTable, table.Ref, describe(route)+where)
	return route, 0
}

// lookupIn finds the route of a table for an address. The decision is the same for the addresses of the route's destination
// that no route with a longer prefix takes.
func (t *tracer) lookupIn(table *RouteTable, a address) (*Route, []*Route) {
	route, uncertain := table.Lookup(a.one)
	if a.of == nil {
		return t.whichOf(route), uncertain
	}
	if route != nil {
		best := netip.Prefix{}
		for p := range route.Prefixes() {
			if p.Contains(a.one) && p.Bits() >= best.Bits() {
				best = p
			}
		}
		if best.IsValid() {
			t.inPrefix(a, best)
		}
	}
	for p := range table.Prefixes() {
		if !p.Contains(a.one) {
			t.inPrefix(a, p)
		}
	}
	return t.whichOf(route), uncertain
}

// whichOf is the walked one of the routes that exclude each other.
func (t *tracer) whichOf(r *Route) *Route {
	if r == nil || len(r.Alternatives()) == 0 {
		return r
	}
	list := r.Alternatives()
	names := make([]string, len(list))
	for i, o := range list {
		names[i] = o.Ref.String()
		if list[0].Ref == list[1].Ref { // one route, whose target the deployment chooses
			names[i] += " to " + o.Target.Resource().String()
		}
	}
	which := t.number(r, "of the routes "+strings.Join(names, " and "), assigned, netset.Between(0, uint16(len(list)-1)), 0)
	which.of.names = names
	for i, o := range list {
		if t.oneOf(which, netset.Just(uint16(i))) {
			return o
		}
	}
	return r
}

// middlebox ends a packet at something that may change it or drop it, and that the templates do not show the inside of.
func (t *tracer) middlebox(route *Route, to *Interface) Verdict {
	switch target := route.Target.(type) {
	case *Endpoint:
		return t.stop(Insufficient, AtRouteTable, route.Table.Ref, "%s leads to a gateway load balancer: whether what is behind it passes the packet to %s is not in the templates", describe(route), to.Name)
	case *Other:
		return t.stop(Insufficient, AtRouteTable, route.Table.Ref, "%s leads to %s %s, which is not modelled or not in the templates", describe(route), target.Property, target.Value)
	}
	return t.stop(Insufficient, AtRouteTable, route.Table.Ref, "%s leads to something unknown", describe(route))
}

// isMiddlebox reports whether what a route leads to may pass a packet on, or may not.
func isMiddlebox(target Target) bool {
	switch target := target.(type) {
	case *Endpoint:
		return target.Middlebox
	case *Other:
		return !target.Dangling
	}
	return false
}

// unrouted says why no router passes a packet for an address on; "" where one may. The host itself answers for the link-local
// addresses of AWS's services, such as instance metadata.
// See https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html and RFC 3927, RFC 4291.
func (t *tracer) unrouted(a address) string {
	if t.among(a, unroutable) < 0 {
		return ""
	}
	return fmt.Sprintf("%s is for the host or its link only (loopback, link-local, multicast): no router passes it on", a.one)
}

// unroutable are addresses that no router passes on.
var unroutable = aws.Unroutable()

// stays reports whether a packet does not leave the subnet where it is routed, so that no network ACL is asked: a NAT
// gateway is there, or a transit gateway brought it into the subnet of its destination.
// See https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html.
func (t *tracer) stays(at position, to *Interface, byTransit bool) bool {
	if at.subnet.RouteTable == nil {
		return false
	}
	route, _ := t.lookupIn(at.subnet.RouteTable, t.pkt.dst)
	if route == nil {
		return false
	}
	switch target := route.Target.(type) {
	case *NATGateway:
		return target.Subnet == at.subnet
	case Local:
		return byTransit && at.subnet == to.Subnet
	}
	return false
}

// leadsAway ends a packet for an interface inside the network that a route sends to the internet.
func (t *tracer) leadsAway(route *Route, to *Interface) Verdict {
	return t.stop(NoRoute, AtRouteTable, route.Table.Ref, "%s leads to the internet: no route leads to %s (%s)", describe(route), to.Name, t.pkt.dst.one)
}
