package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// tracer follows one packet and its answer. A method that moves the packet returns the verdict that ended it, or 0
// while it goes on.
type tracer struct {
	*walk
	net   *Network
	pkt   header
	asked header // the header that the question begins with
	hops  []Hop
	paths []networkPath
	notes []string
	reply bool // on the way back
	// explicit says that what ended the walk denies these packets by name: an entry of a network ACL, a blackhole.
	explicit bool
	// elsewhere says that a route takes these packets, which are for the internet, to another network by name.
	elsewhere bool
	// door is the gateway by which the connection left, where its answer comes back from another VPC by the internet.
	egressGateway Target
}

// leg is a packet's way between two places, without translation at either end.
type networkPath struct {
	from, to *Interface
	out      Target // the gateway by which it left the network
	undo     []undo // what from does to the answer, in order
	// preserved says that an NLB kept the client's address: the answer goes back through the NLB, whatever the
	// routes say of that address.
	preserved bool
}

// undo is a translation on the way back.
type undo struct {
	action    Action
	component Component
	ref       Ref
	by        string
	after     header
}

func (t *tracer) hop(a Action, component Component, r Ref, by string) {
	t.change(a, component, r, by, t.pkt)
}

func (t *tracer) change(a Action, component Component, r Ref, by string, after header) {
	if len(t.hops) == 0 && !t.reply {
		t.asked = t.pkt
	}
	t.hops = append(t.hops, Hop{Component: component, Ref: r, Action: a, By: by, Before: t.pkt.packet(), After: after.packet()})
	t.pkt = after
}

// hopAt is hop at an interface.
func (t *tracer) hopAt(a Action, i *Interface, by string) {
	t.hop(a, i.Component, i.Ref, by)
	t.hops[len(t.hops)-1].Workload = i.Workload
}

// stopAt is stop at an interface.
func (t *tracer) stopAt(v Verdict, i *Interface, format string, args ...any) Verdict {
	v = t.stop(v, i.Component, i.Ref, format, args...)
	t.hops[len(t.hops)-1].Workload = i.Workload
	return v
}

// stop ends the trace. What something undecided may carry on is not surely blocked.
func (t *tracer) stop(v Verdict, component Component, r Ref, format string, args ...any) Verdict {
	if v != Insufficient {
		if open := t.undecided(component); open != nil {
			v = Insufficient
			format, args = format+"; but %s", append(args, open)
		}
	}
	a := map[Verdict]Action{Denied: Deny, NoRoute: Drop, Insufficient: Unknown}[v]
	t.hop(a, component, r, fmt.Sprintf(format, args...))
	return v
}

// Failure is why packets get no further, and where.
type Failure struct {
	Verdict   Verdict
	Component Component
	Ref       Ref
	Why       string
}

func (t *tracer) fail(f *Failure) Verdict { return t.stop(f.Verdict, f.Component, f.Ref, "%s", f.Why) }

// undecided is a property that only the deployment decides, and that may change what a component does to the packet.
func (t *tracer) undecided(component Component) *Open {
	for _, o := range t.net.Undecided(component) {
		if !o.About.IsValid() || t.inPrefix(t.pkt.src, o.About) || t.inPrefix(t.pkt.dst, o.About) {
			return o
		}
	}
	return nil
}

func (t *tracer) note(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if !slices.Contains(t.notes, s) {
		t.notes = append(t.notes, s)
	}
}

// send carries the packet from one place to another, through as many NAT gateways as the routes say.
func (t *tracer) send(from, to *Interface, undos ...undo) Verdict {
	for range 8 {
		l := networkPath{from: from, to: to, undo: undos}
		nat, out, v := t.carry(from, to)
		if v != 0 {
			return v
		}
		l.out = out
		if nat == nil {
			t.paths = append(t.paths, l)
			return 0
		}
		l.to = nat
		t.paths = append(t.paths, l)
		before := t.pkt
		if v := t.translate(nat); v != 0 {
			return v
		}
		back := undo{action: DNAT, component: AtNATGateway, ref: nat.Ref, by: "its connection table", after: before.reply()}
		if before.family() != t.pkt.family() {
			back.action = NAT64
		}
		from, undos = nat, []undo{back}
	}
	return t.stop(NoRoute, AtRouteTable, from.Ref, "the packet passes more than 8 NAT gateways: a loop")
}

// back carries the answer over the legs, last first.
func (t *tracer) back() Verdict {
	t.reply = true
	t.pkt = t.pkt.reply()
	for i := len(t.paths) - 1; i >= 0; i-- {
		l := t.paths[i]
		var v Verdict
		switch {
		case l.to.Outside():
			v = t.enter(l.to, l.from, l.out)
		case l.preserved:
			if l.to.Subnet != l.from.Subnet {
				if v = t.acl(l.to.Subnet, true); v == 0 {
					v = t.acl(l.from.Subnet, false)
				}
			}
		default:
			t.egressGateway = l.out
			_, _, v = t.carry(l.to, l.from)
		}
		if v != 0 {
			return v
		}
		for _, u := range l.undo {
			t.change(u.action, u.component, u.ref, u.by, u.after)
		}
	}
	return 0
}

// position is where a packet is routed: a subnet's route table in a VPC.
type position struct {
	vpc    *VPC
	subnet *Subnet
}

// carry moves the packet from a place until it is at the destination, at a NAT gateway, or out of the network by a
// gateway. The order is the one AWS works in: security group, network ACL, route; then network ACL, security group.
func (t *tracer) carry(from, to *Interface) (nat *Interface, out Target, v Verdict) {
	if from.Outside() {
		return nil, nil, t.enter(from, to, nil)
	}
	if from.Unknown != "" {
		return nil, nil, t.stopAt(Insufficient, from, "%s", from.Unknown)
	}
	if to.Unknown != "" && !to.Outside() && !t.holds(to, t.pkt.dst) {
		return nil, nil, t.stopAt(Insufficient, to, "%s", to.Unknown)
	}
	if from.beside(to) && (t.reply || t.pkt.dst.is(t.address(to, t.pkt.family()))) {
		t.hop(Forward, AtNode, from.Ref, "on the same node: neither routes nor security groups are asked")
		return nil, nil, 0
	}
	if !t.reply {
		if v := t.groups(from, to, true); v != 0 {
			return nil, nil, v
		}
	}
	if from.Subnet != nil && to.Subnet == from.Subnet && t.pkt.dst.is(t.address(to, t.pkt.family())) {
		t.hop(Routed, AtRouteTable, from.Subnet.RouteTable.Ref, fmt.Sprintf("same subnet %s", from.Subnet.Ref))
		return nil, nil, t.arrive(to, from, true)
	}
	at := position{from.VPC, from.Subnet}
	for i := range 8 {
		if at.subnet != nil && !t.stays(at, to, i > 0) {
			if v := t.acl(at.subnet, true); v != 0 {
				return nil, nil, v
			}
		}
		route, v := t.lookup(at, from, to)
		if v != 0 {
			return nil, nil, v
		}
		t.elsewhere = t.elsewhere || to.Kind == InternetHost && namesANetwork(route)
		switch target := route.Target.(type) {
		case Local:
			if to.Outside() || to.VPC != at.vpc {
				return nil, nil, t.stop(NoRoute, AtRouteTable, route.Table.Ref, "%s lies in the own range %s of %s, whose local route no other can replace: the ranges overlap",
					t.pkt.dst.one, route.Destination, at.vpc.Ref)
			}
			return nil, nil, t.arrive(to, from, i > 0 && at.subnet == to.Subnet)
		case *InternetGateway:
			return nil, target, t.exitIGW(target, from, to, route)
		case *EgressOnlyGateway:
			return nil, target, t.exitEgressOnly(target, from, to, route)
		case *NATGateway:
			if i == 0 && from.Subnet != nil && from.Subnet.IPv4.IsValid() && to.nat != target && t.inPrefix(t.pkt.dst, from.Subnet.IPv4) {
				return nil, nil, t.stop(NoRoute, AtRouteTable, route.Table.Ref, "%s lies in the sender's own subnet %s, where no route is asked: the ranges overlap", t.pkt.dst.one, from.Subnet.Ref)
			}
			if to.nat == target { // the answer to what it translated
				return nil, nil, t.arrive(to, from, at.subnet == to.Subnet)
			}
			nat, v := t.toNAT(target, at, from, to, route)
			return nat, nil, v
		case *Peering:
			return nil, nil, t.peer(target, at, from, to)
		case *TransitGateway:
			next, v := t.transit(target, at, from, to)
			if v != 0 {
				return nil, nil, v
			}
			at = next
		case *Endpoint:
			if target.Middlebox {
				return nil, nil, t.middlebox(route, to)
			}
			return nil, target, t.toService(target, from, to)
		case *Other:
			if target.Dangling {
				return nil, nil, t.stop(NoRoute, AtRouteTable, route.Ref, "the route has no target")
			}
			return nil, nil, t.middlebox(route, to)
		default:
			return nil, nil, t.middlebox(route, to)
		}
	}
	return nil, nil, t.stop(NoRoute, AtRouteTable, from.Ref, "the routes send the packet in a loop")
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

// block is the range of a VPC that holds an address.
func (t *tracer) block(v *VPC, a address) (Block, bool) {
	for _, b := range v.Blocks {
		if b.Prefix.IsValid() && t.inPrefix(a, b.Prefix) {
			return b, true
		}
	}
	return Block{}, false
}

// holds says that an address is of the place's own subnet, and no stand-in for what is not known.
func (t *tracer) holds(p *Interface, a address) bool {
	if p.Subnet == nil || p.Subnet.Imported || p.VPC == nil || p.VPC.Imported {
		return false
	}
	r := p.Subnet.Prefix(a.family())
	return r.IsValid() && t.inPrefix(a, r)
}

// address is a place's address of a family, as a field of the walked packet.
func (t *tracer) address(p *Interface, f Family) address {
	one := p.addr(f)
	if !one.IsValid() {
		return address{}
	}
	set := p.range4
	if f == IPv6 {
		set = p.range6
	}
	return t.walk.address(one, "address of "+p.Name, p.free, set, one)
}

// publicAddress is a place's public IPv4 address. AWS chooses it: it may be any.
func (t *tracer) publicAddress(p *Interface) address {
	if !p.Public.IsValid() {
		return address{}
	}
	return t.walk.address(p.Public, "public address of "+p.Name, assigned, t.net.global4, p.Public)
}

// port is the source port that a place opens a connection from.
func (t *tracer) port(p *Interface) number {
	r := p.ephemeral()
	return t.number(portKey{p.Name, len(t.paths), len(t.hops)}, "source port of "+p.Name, every, netset.Between(r[0], r[1]), r[0])
}

// portKey tells the source ports of one flow apart: a packet may pass one translator twice.
type portKey struct {
	place      string
	legs, hops int
}

// arrive takes the packet through the filters of its destination; within says that it comes from the subnet itself.
func (t *tracer) arrive(to, from *Interface, within bool) Verdict {
	if to.Unknown != "" && to.Kind != HostInterface {
		return t.stopAt(Insufficient, to, "%s", to.Unknown)
	}
	if to.gone != nil {
		return t.fail(to.gone)
	}
	if !t.pkt.dst.is(t.address(to, t.pkt.family())) {
		return t.stopAt(NoRoute, to, "nothing at %s answers", t.pkt.dst.one)
	}
	if to.Subnet != nil && !within {
		if v := t.acl(to.Subnet, false); v != 0 {
			return v
		}
	}
	if !t.reply {
		if to.Unknown != "" {
			return t.stopAt(Insufficient, to, "%s", to.Unknown)
		}
		return t.groups(from, to, false)
	}
	return 0
}
