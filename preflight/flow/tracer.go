package flow

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/model"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// tracer follows one packet and its answer. A method that moves the packet returns the verdict that ended it, or 0
// while it goes on.
type tracer struct {
	*walk
	net   *Network
	model *model.Network
	pkt   header
	asked header // the header that the question begins with
	hops  []Hop
	legs  []leg
	notes []string
	reply bool // on the way back
	// explicit says that what ended the walk denies these packets by name: an entry of a network ACL, a blackhole.
	explicit bool
	// elsewhere says that a route takes these packets, which are for the internet, to another network by name.
	elsewhere bool
	// door is the gateway by which the connection left, where its answer comes back from another VPC by the internet.
	door model.Target
}

// leg is a packet's way between two places, without translation at either end.
type leg struct {
	from, to *place
	out      model.Target // the gateway by which it left the network
	undo     []undo       // what from does to the answer, in order
	// preserved says that an NLB kept the client's address: the answer goes back through the NLB, whatever the
	// routes say of that address.
	preserved bool
}

// undo is a translation on the way back.
type undo struct {
	action    Action
	component string
	ref       model.Ref
	by        string
	after     header
}

func (t *tracer) hop(a Action, component string, r model.Ref, by string) {
	t.change(a, component, r, by, t.pkt)
}

func (t *tracer) change(a Action, component string, r model.Ref, by string, after header) {
	if len(t.hops) == 0 && !t.reply {
		t.asked = t.pkt
	}
	t.hops = append(t.hops, Hop{Component: component, Type: r.Type, LogicalID: r.LogicalID, ConstructPath: r.ConstructPath,
		Stack: r.Stack, Label: r.Label(), Action: a, By: by, Before: t.pkt.packet(), After: after.packet()})
	t.pkt = after
}

// stop ends the trace. What something undecided may carry on is not surely blocked.
func (t *tracer) stop(v Verdict, component string, r model.Ref, format string, args ...any) Verdict {
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

// undecided is a property that only the deployment decides, and that may change what a component does to the packet.
func (t *tracer) undecided(component string) *model.Open {
	for _, o := range t.model.Undecided(component) {
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
func (t *tracer) send(from, to *place, undos ...undo) Verdict {
	for range 8 {
		l := leg{from: from, to: to, undo: undos}
		nat, out, v := t.carry(from, to)
		if v != 0 {
			return v
		}
		l.out = out
		if nat == nil {
			t.legs = append(t.legs, l)
			return 0
		}
		l.to = nat
		t.legs = append(t.legs, l)
		before := t.pkt
		if v := t.translate(nat); v != 0 {
			return v
		}
		back := undo{action: DNAT, component: "NAT gateway", ref: nat.ref, by: "its connection table", after: before.reply()}
		if before.family() != t.pkt.family() {
			back.action = NAT64
		}
		from, undos = nat, []undo{back}
	}
	return t.stop(NoRoute, "route table", from.ref, "the packet passes more than 8 NAT gateways: a loop")
}

// back carries the answer over the legs, last first.
func (t *tracer) back() Verdict {
	t.reply = true
	t.pkt = t.pkt.reply()
	for i := len(t.legs) - 1; i >= 0; i-- {
		l := t.legs[i]
		var v Verdict
		switch {
		case l.to.outside():
			v = t.enter(l.to, l.from, l.out)
		case l.preserved:
			if l.to.subnet != l.from.subnet {
				if v = t.acl(l.to.subnet, true); v == 0 {
					v = t.acl(l.from.subnet, false)
				}
			}
		default:
			t.door = l.out
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
	vpc    *model.VPC
	subnet *model.Subnet
}

// carry moves the packet from a place until it is at the destination, at a NAT gateway, or out of the network by a
// gateway. The order is the one AWS works in: security group, network ACL, route; then network ACL, security group.
func (t *tracer) carry(from, to *place) (nat *place, out model.Target, v Verdict) {
	if from.outside() {
		return nil, nil, t.enter(from, to, nil)
	}
	if from.unknown != "" {
		return nil, nil, t.stop(Insufficient, from.label, from.ref, "%s", from.unknown)
	}
	if to.unknown != "" && !to.outside() && !t.holds(to, t.pkt.dst) {
		return nil, nil, t.stop(Insufficient, to.label, to.ref, "%s", to.unknown)
	}
	if from.beside(to) && (t.reply || t.pkt.dst.is(t.address(to, t.pkt.family()))) {
		t.hop(Forward, "node", from.ref, "on the same node: neither routes nor security groups are asked")
		return nil, nil, 0
	}
	if !t.reply {
		if v := t.groups(from, to, true); v != 0 {
			return nil, nil, v
		}
	}
	if from.subnet != nil && to.subnet == from.subnet && t.pkt.dst.is(t.address(to, t.pkt.family())) {
		t.hop(Route, "route table", from.subnet.RouteTable.Ref, fmt.Sprintf("same subnet %s", from.subnet.Ref))
		return nil, nil, t.arrive(to, from, true)
	}
	at := position{from.vpc, from.subnet}
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
		t.elsewhere = t.elsewhere || to.kind == internetPlace && namesANetwork(route)
		switch target := route.Target.(type) {
		case model.Local:
			if to.outside() || to.vpc != at.vpc {
				return nil, nil, t.stop(NoRoute, "route table", route.Table.Ref, "%s lies in the own range %s of %s, whose local route no other can replace: the ranges overlap",
					t.pkt.dst.one, route.Destination, at.vpc.Ref)
			}
			return nil, nil, t.arrive(to, from, i > 0 && at.subnet == to.subnet)
		case *model.InternetGateway:
			return nil, target, t.exitIGW(target, from, to, route)
		case *model.EgressOnlyGateway:
			return nil, target, t.exitEgressOnly(target, from, to, route)
		case *model.NATGateway:
			if i == 0 && from.subnet != nil && from.subnet.IPv4.IsValid() && to.nat != target && t.inPrefix(t.pkt.dst, from.subnet.IPv4) {
				return nil, nil, t.stop(NoRoute, "route table", route.Table.Ref, "%s lies in the sender's own subnet %s, where no route is asked: the ranges overlap", t.pkt.dst.one, from.subnet.Ref)
			}
			if to.nat == target { // the answer to what it translated
				return nil, nil, t.arrive(to, from, at.subnet == to.subnet)
			}
			nat, v := t.toNAT(target, at, from, to, route)
			return nat, nil, v
		case *model.Peering:
			return nil, nil, t.peer(target, at, from, to)
		case *model.TransitGateway:
			next, v := t.transit(target, at, from, to)
			if v != 0 {
				return nil, nil, v
			}
			at = next
		case *model.Endpoint:
			if target.Middlebox {
				return nil, nil, t.middlebox(route, to)
			}
			return nil, target, t.toService(target, from, to)
		case *model.Other:
			if target.Dangling {
				return nil, nil, t.stop(NoRoute, "route table", route.Ref, "the route has no target")
			}
			return nil, nil, t.middlebox(route, to)
		default:
			return nil, nil, t.middlebox(route, to)
		}
	}
	return nil, nil, t.stop(NoRoute, "route table", from.ref, "the routes send the packet in a loop")
}

// namesANetwork reports whether a route is for a network of somebody's own that is not behind the internet: to a peering
// connection, a transit gateway or a gateway that is not modelled, for a range that is no large part of the address space.
func namesANetwork(r *model.Route) bool {
	switch target := r.Target.(type) {
	case *model.Peering, *model.TransitGateway:
	case *model.Other:
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
func (t *tracer) stays(at position, to *place, byTransit bool) bool {
	if at.subnet.RouteTable == nil {
		return false
	}
	route, _ := t.lookupIn(at.subnet.RouteTable, t.pkt.dst)
	if route == nil {
		return false
	}
	switch target := route.Target.(type) {
	case *model.NATGateway:
		return target.Subnet == at.subnet
	case model.Local:
		return byTransit && at.subnet == to.subnet
	}
	return false
}

func describe(r *model.Route) string {
	dst := r.Unknown
	switch {
	case r.Destination.IsValid():
		dst = r.Destination.String()
	case r.PrefixList != nil:
		dst = r.PrefixList.String()
	}
	target := "local"
	if _, local := r.Target.(model.Local); !local {
		target = r.Target.Resource().String()
		if r.LogicalID != "" && r.LogicalID != r.Table.LogicalID {
			return fmt.Sprintf("%s → %s (%s)", dst, target, r.LogicalID)
		}
	}
	return fmt.Sprintf("%s → %s", dst, target)
}

// lookup finds the route for the packet and shows it.
func (t *tracer) lookup(at position, from, to *place) (*model.Route, Verdict) {
	if at.subnet == nil { // a regional NAT gateway: AWS keeps its table
		if at.vpc == nil || at.vpc.InternetGateway == nil {
			return nil, t.stop(NoRoute, "NAT gateway", from.ref, "the VPC has no internet gateway attached for the regional NAT gateway to use")
		}
		_, own := t.block(at.vpc, t.pkt.dst)
		switch {
		case own && t.reply:
			r, _ := t.lookupIn(&model.RouteTable{Ref: from.ref, VPC: at.vpc}, t.pkt.dst)
			t.hop(Route, "route table", from.ref, "the gateway's own table: local")
			return r, 0
		case own:
			return nil, t.stop(Insufficient, "NAT gateway", from.ref, "which address a regional NAT gateway has inside its VPC is not documented, and so not how %s answers it", t.pkt.dst.one)
		case t.reply:
			return nil, t.stop(Insufficient, "NAT gateway", from.ref, "what the regional NAT gateway's own table holds beside the default routes is not modelled: a route to %s", t.pkt.dst.one)
		}
		r := &model.Route{Ref: from.ref, Table: &model.RouteTable{Ref: from.ref, VPC: at.vpc}, Destination: netip.MustParsePrefix("0.0.0.0/0"), Target: at.vpc.InternetGateway}
		t.hop(Route, "route table", from.ref, fmt.Sprintf("the gateway's own table: 0.0.0.0/0 → %s", at.vpc.InternetGateway.Ref))
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
			return nil, t.stop(Insufficient, "route table", r, "%s", table.Unknown)
		}
		return nil, t.stop(Insufficient, "route table", r, "%s of subnet %s is in none of the templates", name, at.subnet.Ref)
	}
	if why := t.unrouted(t.pkt.dst); why != "" {
		return nil, t.stop(NoRoute, "route table", table.Ref, "%s", why)
	}
	route, uncertain := t.lookupIn(table, t.pkt.dst)
	where := ""
	if at.subnet.MainTable {
		where = fmt.Sprintf("; subnet %s has no route table association, so the VPC's main table holds", at.subnet.Ref)
	}
	if route == nil {
		if len(uncertain) > 0 {
			return nil, t.stop(Insufficient, "route table", table.Ref, "no known route to %s; the destination of %s is %s", t.pkt.dst.one, uncertain[0].Ref, uncertain[0].Unknown)
		}
		return nil, t.stop(NoRoute, "route table", table.Ref, "no route to %s from subnet %s%s", t.pkt.dst.one, at.subnet.Ref, where)
	}
	for _, u := range uncertain {
		if _, local := route.Target.(model.Local); !local && to.outside() && slices.Contains(table.Learned, u) && t.among(t.pkt.dst, privateRanges) >= 0 {
			return nil, t.stop(Insufficient, "route table", table.Ref, "%s, unless a route of %s is more specific: %s", describe(route), u.Ref, u.Unknown)
		}
		if _, local := route.Target.(model.Local); !local { // nothing is more specific than what decides in the VPC itself
			t.note("the destination of route %s (%s) is decided at deployment: assumed not to hold %s", u.Ref, u.Unknown, t.pkt.dst.one)
		}
	}
	t.hop(Route, "route table", table.Ref, describe(route)+where)
	return route, 0
}

// lookupIn finds the route of a table for an address. The decision is the same for the addresses of the route's destination
// that no route with a longer prefix takes.
func (t *tracer) lookupIn(table *model.RouteTable, a address) (*model.Route, []*model.Route) {
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
func (t *tracer) whichOf(r *model.Route) *model.Route {
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
func (t *tracer) middlebox(route *model.Route, to *place) Verdict {
	switch target := route.Target.(type) {
	case *model.Endpoint:
		return t.stop(Insufficient, "route table", route.Table.Ref, "%s leads to a gateway load balancer: whether what is behind it passes the packet to %s is not in the templates", describe(route), to.name)
	case *model.Other:
		return t.stop(Insufficient, "route table", route.Table.Ref, "%s leads to %s %s, which is not modelled or not in the templates", describe(route), target.Property, target.Value)
	}
	return t.stop(Insufficient, "route table", route.Table.Ref, "%s leads to something unknown", describe(route))
}

// isMiddlebox reports whether what a route leads to may pass a packet on, or may not.
func isMiddlebox(target model.Target) bool {
	switch target := target.(type) {
	case *model.Endpoint:
		return target.Middlebox
	case *model.Other:
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
func (t *tracer) block(v *model.VPC, a address) (model.Block, bool) {
	for _, b := range v.Blocks {
		if b.Prefix.IsValid() && t.inPrefix(a, b.Prefix) {
			return b, true
		}
	}
	return model.Block{}, false
}

// holds says that an address is of the place's own subnet, and no stand-in for what is not known.
func (t *tracer) holds(p *place, a address) bool {
	if p.subnet == nil || p.subnet.Imported || p.vpc == nil || p.vpc.Imported {
		return false
	}
	r := p.subnet.Prefix(a.family())
	return r.IsValid() && t.inPrefix(a, r)
}

// address is a place's address of a family, as a field of the walked packet.
func (t *tracer) address(p *place, f Family) address {
	one := p.addr(f)
	if !one.IsValid() {
		return address{}
	}
	set := p.range4
	if f == IPv6 {
		set = p.range6
	}
	return t.walk.address(one, "address of "+p.name, p.free, set, one)
}

// publicAddress is a place's public IPv4 address. AWS chooses it: it may be any.
func (t *tracer) publicAddress(p *place) address {
	if !p.public.IsValid() {
		return address{}
	}
	return t.walk.address(p.public, "public address of "+p.name, assigned, t.net.global4, p.public)
}

// port is the source port that a place opens a connection from.
func (t *tracer) port(p *place) number {
	r := p.ephemeral()
	return t.number(portKey{p.name, len(t.legs), len(t.hops)}, "source port of "+p.name, every, netset.Between(r[0], r[1]), r[0])
}

// portKey tells the source ports of one flow apart: a packet may pass one translator twice.
type portKey struct {
	place      string
	legs, hops int
}

// arrive takes the packet through the filters of its destination; within says that it comes from the subnet itself.
func (t *tracer) arrive(to, from *place, within bool) Verdict {
	if to.unknown != "" && to.kind != hostPlace {
		return t.stop(Insufficient, to.label, to.ref, "%s", to.unknown)
	}
	if to.gone != "" {
		return t.stop(NoRoute, to.label, to.ref, "%s", to.gone)
	}
	if !t.pkt.dst.is(t.address(to, t.pkt.family())) {
		return t.stop(NoRoute, to.label, to.ref, "nothing at %s answers", t.pkt.dst.one)
	}
	if to.subnet != nil && !within {
		if v := t.acl(to.subnet, false); v != 0 {
			return v
		}
	}
	if !t.reply {
		if to.unknown != "" {
			return t.stop(Insufficient, to.label, to.ref, "%s", to.unknown)
		}
		return t.groups(from, to, false)
	}
	return 0
}
