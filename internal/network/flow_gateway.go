package network

import (
	"fmt"
	"net/netip"
)

// public reports whether the internet carries the packet to a place inside the network: to its public IPv4 address, or
// to an IPv6 address that is not private, in another VPC; or, of the answer, to where the connection left for the internet.
// See https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html.
func (t *tracer) public(to *Interface) bool {
	switch {
	case to.Outside() || to.VPC == nil:
		return false
	case t.reply:
		return t.egressGateway != nil
	case t.pkt.family() == IPv4:
		return t.pkt.dst.is(t.publicAddress(to))
	}
	b, ok := t.block(to.VPC, t.pkt.dst)
	return ok && !b.Private
}

// byInternet takes a packet that has left one VPC into another. What it left by, no group of the first VPC means.
func (t *tracer) byInternet(from, to *Interface) Verdict {
	beyond := &Interface{Kind: InternetHost, Name: from.Name, Component: from.Component, Unfiltered: true}
	return t.enter(beyond, to, t.egressGateway)
}

// leadsAway ends a packet for a place inside the network that a route sends to the internet.
func (t *tracer) leadsAway(route *Route, to *Interface) Verdict {
	return t.stop(NoRoute, AtRouteTable, route.Table.Ref, "%s leads to the internet: no route leads to %s (%s)", describe(route), to.Name, t.pkt.dst.one)
}

// exitIGW sends the packet out by an internet gateway.
// See https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html.
func (t *tracer) exitIGW(g *InternetGateway, from, to *Interface, route *Route) Verdict {
	const name = AtInternetGateway
	switch {
	case g.VPC == nil:
		return t.stop(NoRoute, name, g.Ref, "%s is attached to no VPC", g.Ref)
	case g.VPC != route.Table.VPC:
		return t.stop(NoRoute, name, g.Ref, "%s is attached to another VPC", g.Ref)
	case g.VPC != from.VPC && t.pkt.family() == IPv4:
		return t.stop(NoRoute, name, g.Ref, "%s translates public addresses of %s only: %s is in another VPC", g.Ref, g.VPC.Ref, from.Name)
	case !to.Outside() && !t.public(to):
		return t.leadsAway(route, to)
	case t.inPrefix(t.pkt.dst, nat64):
		return t.untranslated(name, g.Ref, route)
	}
	if v := t.notGlobal(name, g.Ref, to); v != 0 {
		return v
	}
	if v := t.publicAccess(from, g.VPC, true, name, g.Ref); v != 0 {
		return v
	}
	if t.pkt.family() == IPv4 {
		if !from.Public.IsValid() {
			if from.PublicUnknown != "" {
				return t.stop(Insufficient, name, g.Ref, "whether %s %s has a public IPv4 address is not known: %s", from.Component, from.On, from.PublicUnknown)
			}
			return t.stop(NoRoute, name, g.Ref, "%s %s has no public IPv4 address, which %s in %s needs", from.Component, from.On, describe(route), route.Table.Ref)
		}
		t.standsFor(from)
		after := t.pkt
		after.src = t.publicAddress(from)
		t.change(SNAT, name, g.Ref, "one to one with the public IPv4 address", after)
	} else {
		if v := t.routable(g.VPC, t.pkt.src, name, g.Ref); v != 0 {
			return v
		}
		t.hop(Forward, name, g.Ref, "global IPv6 address, no translation"+t.detour(route, to))
	}
	if !to.Outside() {
		return t.byInternet(from, to)
	}
	return 0
}

// notGlobal ends a packet for an address that no host on the internet has.
func (t *tracer) notGlobal(name Component, g Ref, to *Interface) Verdict {
	switch {
	case t.among(t.pkt.dst, privateRanges) >= 0:
		return t.stop(NoRoute, name, g, "%s is private: the internet does not route it", t.pkt.dst.one)
	case to.Outside() && (t.among(t.pkt.dst, specialRanges) >= 0):
		return t.stop(NoRoute, name, g, "%s is reserved: no host on the internet has it", t.pkt.dst.one)
	}
	return 0
}

// detour tells a reader that a packet for another VPC takes the way of the internet.
func (t *tracer) detour(route *Route, to *Interface) string {
	if to.Outside() || t.reply {
		return ""
	}
	return fmt.Sprintf("; by the internet, for no route of %s leads to %s", route.Table.Ref, to.Name)
}

// standsFor writes down that a public address is a stand-in; a NAT gateway's is among the model's assumptions.
func (t *tracer) standsFor(p *Interface) {
	if p.nat == nil {
		t.note("public IPv4 address %s stands for the one of %s", p.Public, p.Ref)
	}
}

// exitEgressOnly sends the packet out by an egress-only internet gateway.
func (t *tracer) exitEgressOnly(g *EgressOnlyGateway, from, to *Interface, route *Route) Verdict {
	const name = AtEgressOnlyGateway
	switch {
	case t.pkt.family() == IPv4:
		return t.stop(NoRoute, name, g.Ref, "%s carries IPv6 only; the route sends it %s", g.Ref, t.pkt.dst.one)
	case g.VPC != route.Table.VPC:
		return t.stop(NoRoute, name, g.Ref, "%s belongs to another VPC", g.Ref)
	case t.inPrefix(t.pkt.dst, nat64):
		return t.untranslated(name, g.Ref, route)
	case !to.Outside() && !t.public(to):
		return t.leadsAway(route, to)
	}
	if t.reply {
		return t.stop(NoRoute, name, g.Ref, "the connection came in elsewhere: its answer cannot leave by %s", g.Ref)
	}
	if v := t.notGlobal(name, g.Ref, to); v != 0 {
		return v
	}
	if v := t.publicAccess(from, g.VPC, true, name, g.Ref); v != 0 {
		return v
	}
	if v := t.routable(g.VPC, t.pkt.src, name, g.Ref); v != 0 {
		return v
	}
	t.hop(Forward, name, g.Ref, "connections from inside, no translation"+t.detour(route, to))
	if !to.Outside() {
		return t.byInternet(from, to)
	}
	return 0
}

// untranslated ends a packet for a host that DNS64 gave an IPv6 address, at a gateway that does not translate it back.
func (t *tracer) untranslated(name Component, g Ref, route *Route) Verdict {
	return t.stop(NoRoute, name, g, "%s translates nothing: %s needs a route for %s to a NAT gateway in %s", g, t.pkt.dst.one, nat64, route.Table.Ref)
}

// routable refuses IPv6 addresses that the internet does not route to the gateway's VPC: private ones, and those of
// another VPC, for which IPv6 has no translation to hide behind.
func (t *tracer) routable(v *VPC, a address, name Component, r Ref) Verdict {
	b, ok := t.block(v, a)
	switch {
	case !ok && len(v.Blocks) > 0:
		return t.stop(NoRoute, name, r, "%s is not an address of %s: the internet sends no answer for it to %s", a.one, v.Ref, r)
	case b.Private:
		return t.stop(NoRoute, name, b.Ref, "%s is private: the internet does not route it", b.Prefix)
	}
	return 0
}

// publicAccess asks VPC Block Public Access about what a place of the VPC sends to the internet or gets from there.
func (t *tracer) publicAccess(p *Interface, v *VPC, outbound bool, name Component, r Ref) Verdict {
	bpa := t.net.PublicAccess
	if bpa.Mode == "" || bpa.Mode == "off" {
		return 0
	}
	if bpa.Mode != "block-bidirectional" && bpa.Mode != "block-ingress" {
		return t.stop(Insufficient, name, bpa.Ref, "the mode of VPC Block Public Access, %s, is decided at deployment", bpa.Mode)
	}
	open := ""
	for _, e := range bpa.Exclusions {
		if (e.VPC == nil || e.VPC != v) && (e.Subnet == nil || e.Subnet != p.Subnet) {
			continue
		}
		// allow-egress means something under block-bidirectional only.
		if e.Mode == "allow-bidirectional" || e.Mode == "allow-egress" && bpa.Mode == "block-bidirectional" && outbound && !t.reply {
			return 0
		}
		if e.Mode != "allow-egress" {
			open = fmt.Sprintf("%s, the mode of the exclusion %s, is decided at deployment", e.Mode, e.Ref)
		}
	}
	// block-ingress leaves NAT and egress-only gateways alone, and stops all else, what goes out too.
	if bpa.Mode == "block-ingress" && (p.nat != nil || name == AtEgressOnlyGateway) {
		return 0
	}
	if open != "" {
		return t.stop(Insufficient, name, bpa.Ref, "VPC Block Public Access is %s, and %s", bpa.Mode, open)
	}
	return t.stop(Denied, name, bpa.Ref, "VPC Block Public Access is %s and no exclusion covers the subnet", bpa.Mode)
}

// enter brings a packet from the internet to a place: a new connection, or the answer to one that left by out.
func (t *tracer) enter(from, to *Interface, out Target) Verdict {
	if to.Unknown != "" {
		return t.stopAt(Insufficient, to, "%s", to.Unknown)
	}
	if to.gone != nil {
		return t.fail(to.gone)
	}
	v := to.VPC
	if t.reply {
		switch g := out.(type) {
		case *EgressOnlyGateway:
			t.hop(Forward, AtEgressOnlyGateway, g.Ref, "answer to a connection from inside")
		case *InternetGateway:
			if t.pkt.family() == IPv4 {
				after := t.pkt
				after.dst = t.address(to, IPv4)
				t.change(DNAT, AtInternetGateway, g.Ref, "one to one with the public IPv4 address", after)
			} else {
				t.hop(Forward, AtInternetGateway, g.Ref, "no translation")
			}
		case *Endpoint:
			t.hop(Forward, AtEndpoint, g.Ref, "answer of the service")
		}
		if g, ok := out.(*InternetGateway); ok {
			if v := t.edge(g, to); v != 0 {
				return v
			}
		}
		return t.arrive(to, from, false)
	}
	g := v.InternetGateway
	if v := t.private(v, to); v != 0 {
		return v
	}
	if to.Accelerator != nil && !to.Public.IsValid() {
		return t.stopAt(Insufficient, to, "Global Accelerator (%s) brings packets from the internet to %s, and how is not modelled", *to.Accelerator, to.Ref)
	}
	if g == nil {
		if to.Subnet != nil && to.Subnet.RouteTable != nil {
			if r, _ := t.lookupIn(to.Subnet.RouteTable, t.pkt.src); r != nil {
				if e, ok := r.Target.(*EgressOnlyGateway); ok {
					return t.stop(Denied, AtEgressOnlyGateway, e.Ref, "%s in %s: it lets nothing in that was not asked for from inside", describe(r), to.Subnet.RouteTable.Ref)
				}
			}
		}
		return t.stop(NoRoute, AtVPC, v.Ref, "%s has no internet gateway attached", v.Ref)
	}
	if t.pkt.family() == IPv6 {
		if v := t.routable(v, t.pkt.dst, AtInternetGateway, g.Ref); v != 0 {
			return v
		}
	} else if !to.Public.IsValid() && to.PublicUnknown != "" {
		return t.stop(Insufficient, AtInternetGateway, g.Ref, "whether %s %s has a public IPv4 address is not known: %s", to.Component, to.On, to.PublicUnknown)
	} else if !to.Public.IsValid() || !to.IPv4.IsValid() {
		return t.stop(NoRoute, AtInternetGateway, g.Ref, "%s %s has no public IPv4 address", to.Component, to.On)
	}
	if to.Subnet.RouteTable == nil || to.Subnet.RouteTable.Imported {
		return t.stop(Insufficient, AtRouteTable, to.Subnet.Ref, "the route table of subnet %s is in none of the templates", to.Subnet.Ref)
	}
	if v := t.edge(g, to); v != 0 {
		return v
	}
	// A gateway serves a subnet only when the subnet's table sends the client's address to it.
	table := to.Subnet.RouteTable
	route, uncertain := t.lookupIn(table, t.pkt.src)
	var target Target
	if route != nil {
		target = route.Target
	}
	switch g2 := target.(type) {
	case *InternetGateway:
		if g2 != g {
			return t.stop(NoRoute, AtRouteTable, table.Ref, "%s is not the gateway attached to %s", describe(route), v.Ref)
		}
	case *EgressOnlyGateway:
		return t.stop(Denied, AtEgressOnlyGateway, g2.Ref, "%s in %s: it lets nothing in that was not asked for from inside", describe(route), table.Ref)
	case *NATGateway:
		return t.stop(Denied, AtNATGateway, g2.Ref, "%s in %s: it lets nothing in that was not asked for from inside", describe(route), table.Ref)
	case nil:
		if len(uncertain) > 0 {
			return t.stop(Insufficient, AtRouteTable, table.Ref, "no known route to %s; the destination of %s is %s", t.pkt.src.one, uncertain[0].Ref, uncertain[0].Unknown)
		}
		return t.stop(NoRoute, AtRouteTable, table.Ref, "no route to the internet (%s) from subnet %s: the internet gateway does not serve it", t.pkt.src.one, to.Subnet.Ref)
	default:
		if isMiddlebox(target) {
			return t.middlebox(route, to)
		}
		return t.stop(NoRoute, AtRouteTable, table.Ref, "%s does not lead to the internet gateway", describe(route))
	}
	if v := t.publicAccess(to, v, false, AtInternetGateway, g.Ref); v != 0 {
		return v
	}
	if t.pkt.family() == IPv4 {
		t.standsFor(to)
		after := t.pkt
		after.dst = t.address(to, IPv4)
		t.change(DNAT, AtInternetGateway, g.Ref, "one to one with the public IPv4 address", after)
	} else {
		if to.Balancer != nil && to.Balancer.DenyIGW {
			return t.stop(Denied, AtInternetGateway, to.Balancer.In("ipv6.deny_all_igw_traffic"), "ipv6.deny_all_igw_traffic is true, as on every internal load balancer")
		}
		t.hop(Forward, AtInternetGateway, g.Ref, "no translation; "+describe(route))
	}
	return t.arrive(to, from, false)
}

// edge asks the route table of an internet gateway, if it has one, where a packet from the internet goes first.
// See https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html.
func (t *tracer) edge(g *InternetGateway, to *Interface) Verdict {
	if g.Edge == nil || to.Subnet == nil {
		return 0
	}
	inside := t.address(to, t.pkt.family())
	if g.Edge.Imported {
		return t.stop(Insufficient, AtRouteTable, g.Edge.Ref, "the route table %s of %s is in none of the templates", g.Edge, g.Ref)
	}
	route, unsure := t.lookupIn(g.Edge, inside)
	switch {
	case route != nil && isMiddlebox(route.Target):
		return t.middlebox(route, to)
	case len(unsure) > 0:
		return t.stop(Insufficient, AtRouteTable, g.Edge.Ref, "the destination of %s is %s", unsure[0].Ref, unsure[0].Unknown)
	}
	return 0
}

// private is where a packet with a private source may come in that no internet gateway lets in: by a VPN or a Direct Connect of
// the VPC, or of a transit gateway that it is attached to, or by what the subnet's table sends the answer to.
func (t *tracer) private(v *VPC, to *Interface) Verdict {
	var by *Ref
	if v.PrivateGateway != nil {
		by = v.PrivateGateway
	}
	for _, g := range t.net.TransitGateways {
		if g.Attachment(v) == nil {
			continue
		}
		for _, a := range g.Attachments {
			if a.Learns {
				by = &a.Ref
			}
		}
	}
	if t.among(t.pkt.src, privateRanges) < 0 {
		return 0
	}
	if s := to.Subnet; by == nil && s != nil && s.RouteTable != nil && !s.RouteTable.Imported {
		if route, _ := t.lookupIn(s.RouteTable, t.pkt.src); route != nil {
			g, transit := route.Target.(*TransitGateway)
			if isMiddlebox(route.Target) || transit && g.Imported {
				at := route.Target.Resource()
				by = &at
			}
		}
	}
	if by == nil {
		return 0
	}
	return t.stopAt(Insufficient, to, "%s may come by %s, whose other side is not in the templates", t.pkt.src.one, *by)
}

// toNAT brings the packet to a NAT gateway.
func (t *tracer) toNAT(g *NATGateway, at position, from, to *Interface, route *Route) (*Interface, Verdict) {
	const name = AtNATGateway
	switch {
	case g.VPC != at.vpc:
		return nil, t.stop(NoRoute, name, g.Ref, "%s is in another VPC", g.Ref)
	case !to.Outside() && !t.public(to) && t.pkt.family() == IPv4 && t.endsAtInternet(g):
		return nil, t.leadsAway(route, to)
	case from.nat == g:
		return nil, t.stop(NoRoute, name, g.Ref, "%s in %s, the table of its own subnet, leads back to it: it needs a subnet whose table leads to the internet gateway", describe(route), route.Table.Ref)
	case t.pkt.family() == IPv6 && !t.inPrefix(t.pkt.dst, nat64):
		return nil, t.stop(NoRoute, name, g.Ref, "%s carries IPv4, and of IPv6 only %s: %s cannot pass", g.Ref, nat64, describe(route))
	case t.reply: // it would translate the answer as a connection of its own
		return nil, t.stop(NoRoute, name, g.Ref, "the connection came in elsewhere: its answer cannot leave by %s", g.Ref)
	case g.Subnet != nil && g.Subnet.Imported:
		return nil, t.stop(Insufficient, name, g.Ref, "subnet %s of %s is in none of the templates", g.Subnet.Ref, g.Ref)
	}
	p := &Interface{Kind: NATInterface, Name: g.String(), Component: name, Ref: g.Ref, nat: g, VPC: g.VPC, Subnet: g.Subnet, Unfiltered: true, Public: g.Public}
	p.IPv4 = g.Address()
	if g.Subnet != nil && !g.Fixed.IsValid() {
		p.range4 = t.net.places.usable(g.Subnet.IPv4)
	}
	if g.Subnet == nil {
		p.On = "regional"
		return p, 0
	}
	p.On = "in " + g.Subnet.String()
	if !p.IPv4.IsValid() {
		return nil, t.stop(NoRoute, name, g.Ref, "subnet %s has no IPv4 range for %s", g.Subnet.Ref, g.Ref)
	}
	if g.Subnet != at.subnet {
		if v := t.acl(g.Subnet, false); v != 0 {
			return nil, v
		}
	}
	return p, 0
}

// endsAtInternet reports whether a NAT gateway sends the packet to the internet and nowhere else.
func (t *tracer) endsAtInternet(g *NATGateway) bool {
	if g.Subnet == nil {
		if g.VPC == nil || g.VPC.InternetGateway == nil {
			return false
		}
		_, own := t.block(g.VPC, t.pkt.dst)
		return !own
	}
	if g.Subnet.RouteTable == nil {
		return false
	}
	route, _ := t.lookupIn(g.Subnet.RouteTable, t.pkt.dst)
	if route == nil {
		return false
	}
	_, igw := route.Target.(*InternetGateway)
	return igw
}

// translate is what a NAT gateway does: source translation, and for 64:ff9b::/96 translation to IPv4.
func (t *tracer) translate(p *Interface) Verdict {
	after := t.pkt
	after.src, after.srcPort = t.address(p, IPv4), t.port(p)
	if t.pkt.family() == IPv6 {
		after.dst = t.pkt.dst.extract()
		t.change(NAT64, AtNATGateway, p.Ref, fmt.Sprintf("%s to IPv4", nat64), after)
		return 0
	}
	t.change(SNAT, AtNATGateway, p.Ref, "to the gateway's address "+p.On, after)
	return 0
}

// peer carries the packet over a peering connection.
func (t *tracer) peer(p *Peering, at position, from, to *Interface) Verdict {
	const name = AtPeering
	other := p.Other(at.vpc)
	shared := Overlap(p.Requester, p.Accepter, IPv4)
	if six := Overlap(p.Requester, p.Accepter, IPv6); six.IsValid() {
		shared = six
	}
	switch {
	case other == nil:
		return t.stop(NoRoute, name, p.Ref, "%s does not join %s", p.Ref, at.vpc.Ref)
	case shared.IsValid():
		return t.stop(Denied, name, p.Ref, "%s and %s both hold %s: AWS does not peer VPCs whose ranges overlap", p.Requester.Ref, p.Accepter.Ref, shared)
	case to.Outside():
		return t.stop(NoRoute, name, p.Ref, "a peering connection leads to the VPC at its other end only, not to the internet behind it")
	case other.Imported:
		return t.stop(Insufficient, name, p.Ref, "%s at the other end is in none of the templates", other.Ref)
	case to.VPC != other:
		return t.stop(NoRoute, name, p.Ref, "%s is not in %s at the other end: peering is not transitive", to.Name, other.Ref)
	}
	t.hop(Forward, name, p.Ref, fmt.Sprintf("%s → %s", at.vpc.Ref, other.Ref))
	return t.arrive(to, from, false)
}

// overlap is a range of a family that two VPCs share, or the invalid prefix.
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

// transit carries the packet through a transit gateway, to the subnet of the attachment at the far side.
// See https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html.
func (t *tracer) transit(g *TransitGateway, at position, from, to *Interface) (position, Verdict) {
	const name = AtTransitGateway
	six := t.pkt.family() == IPv6
	a := g.Attachment(at.vpc)
	var near *Subnet // the attachment's, in the zone of the packet
	inZone := true
	if a != nil && at.subnet != nil {
		near, inZone = Serving(a.Subnets, at.subnet)
	}
	switch {
	case a == nil && g.Imported:
		return at, t.stop(Insufficient, name, g.Ref, "the attachments of %s are in none of the templates", g.Ref)
	case a == nil:
		return at, t.stop(NoRoute, name, g.Ref, "%s has no attachment of %s", g.Ref, at.vpc.Ref)
	case six && !a.IPv6:
		return at, t.stop(NoRoute, AtTransitAttachment, a.Ref, "Ipv6Support of %s is not enable", a.Ref)
	case !inZone:
		return at, t.stop(Insufficient, AtTransitAttachment, a.Ref, "whether %s has a subnet in the zone of %s is not known: AWS chooses the zone of one, or one is named by its id", a.Ref, at.subnet.Ref)
	case at.subnet != nil && len(a.Subnets) > 0 && near == nil:
		return at, t.stop(NoRoute, AtTransitAttachment, a.Ref, "%s has no subnet in zone %s of %s", a.Ref, at.subnet.Zone, at.subnet.Ref)
	case g.Imported && a.Table == nil:
		return at, t.stop(Insufficient, name, g.Ref, "the route tables of %s are in none of the templates", g.Ref)
	case a.Table == nil:
		return at, t.stop(NoRoute, AtTransitAttachment, a.Ref, "%s is associated with no transit gateway route table", a.Ref)
	}
	if near != nil { // also when it is the sender's own
		if v := t.acl(near, false); v != 0 {
			return at, v
		}
	}
	route, uncertain := t.transitRoute(a.Table, t.pkt.dst)
	switch {
	case route == nil && len(uncertain) > 0:
		return at, t.stop(Insufficient, AtTransitTable, a.Table.Ref, "no known route to %s; the destination of %s is %s", t.pkt.dst.one, uncertain[0].Ref, uncertain[0].Unknown)
	case route == nil:
		return at, t.stop(NoRoute, AtTransitTable, a.Table.Ref, "no route to %s", t.pkt.dst.one)
	case route.Blackhole:
		t.explicit = true
		return at, t.stop(NoRoute, AtTransitTable, route.Ref, "%s is a blackhole", route.Destination)
	case route.Attachment == nil:
		return at, t.stop(Insufficient, AtTransitTable, route.Ref, "the attachment of route %s is in none of the templates", route.Ref)
	}
	next := route.Attachment
	for _, u := range uncertain {
		if u.Attachment == nil || !u.Attachment.Learns {
			continue
		}
		if to.Outside() && t.among(t.pkt.dst, privateRanges) >= 0 {
			return at, t.stop(Insufficient, AtTransitTable, a.Table.Ref, "%s → %s, unless a route of %s is more specific: %s", route.Destination, next.Ref, u.Ref, u.Unknown)
		}
		t.note("the destination of route %s (%s) is not known at synth: assumed not to hold %s", u.Ref, u.Unknown, t.pkt.dst.one)
	}
	t.hop(Routed, AtTransitTable, a.Table.Ref, fmt.Sprintf("%s → %s", route.Destination, next.Ref))
	switch {
	case six && !next.IPv6:
		return at, t.stop(NoRoute, AtTransitAttachment, next.Ref, "Ipv6Support of %s is not enable", next.Ref)
	case next.VPC == nil || next.VPC.Imported:
		return at, t.stop(Insufficient, AtTransitAttachment, next.Ref, "the VPC of %s is in none of the templates", next.Ref)
	case next.VPC == at.vpc:
		return at, t.stop(NoRoute, AtTransitTable, a.Table.Ref, "%s leads back to %s", route.Destination, at.vpc.Ref)
	}
	s := farSubnet(next, at.subnet)
	if s == nil || s.Imported {
		return at, t.stop(Insufficient, AtTransitAttachment, next.Ref, "the subnets of %s are in none of the templates", next.Ref)
	}
	t.hop(Forward, name, g.Ref, fmt.Sprintf("%s → %s", at.vpc.Ref, next.VPC.Ref))
	return position{next.VPC, s}, 0
}

// transitRoute finds the route of a transit gateway's table for an address, as [tracer.lookupIn] does for a VPC's.
func (t *tracer) transitRoute(table *TransitTable, a address) (*TransitRoute, []*TransitRoute) {
	route, uncertain := table.Lookup(a.one)
	if a.of == nil {
		return route, uncertain
	}
	if route != nil {
		t.inPrefix(a, route.Destination)
	}
	for _, r := range table.Routes {
		if r.Destination.IsValid() && !r.Destination.Contains(a.one) {
			t.inPrefix(a, r.Destination)
		}
	}
	return route, uncertain
}

// farSubnet is the subnet by which a packet leaves an attachment: one in the zone that it comes from, else the first.
func farSubnet(a *Attachment, from *Subnet) *Subnet {
	if from != nil {
		if s, _ := Serving(a.Subnets, from); s != nil {
			return s
		}
	}
	if len(a.Subnets) == 0 {
		return nil
	}
	return a.Subnets[0]
}

// toService delivers the packet to an AWS service by a gateway endpoint.
// See https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html.
func (t *tracer) toService(e *Endpoint, from, to *Interface) Verdict {
	const name = AtEndpoint
	switch {
	case to.Kind != ServiceHost || to.Service != e.ShortName:
		return t.stop(NoRoute, name, e.Ref, "%s leads to %s only", e.Ref, e.ShortName)
	case e.VPC != nil && from.VPC != e.VPC:
		return t.stop(NoRoute, name, e.Ref, "%s serves %s only: %s is in another VPC", e.Ref, e.VPC.Ref, from.Name)
	case !t.covers(TCP, 0, 65535):
		return t.stop(NoRoute, name, e.Ref, "%s carries TCP only", e.Ref)
	}
	t.hop(Forward, AtEndpoint, e.Ref, "gateway endpoint of "+e.ShortName)
	return 0
}
