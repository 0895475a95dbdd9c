package network

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/aws"
)

func init() {
	register(Kind{
		Component: AtInternetGateway, Name: "internet gateway",
		Fix:   "attach the internet gateway to the VPC, and give what is behind it a public address; in private subnets, route 0.0.0.0/0 to a NAT gateway instead",
		Types: []string{"AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::GatewayRouteTableAssociation"},
		Open: []Opening{
			{Type: "AWS::EC2::VPCGatewayAttachment", Properties: []string{"VpcId", "InternetGatewayId", "VpnGatewayId"}, Decides: attaching},
			{Type: "AWS::EC2::GatewayRouteTableAssociation", Properties: []string{"GatewayId", "RouteTableId"}, Decides: attaching},
		},
		Reads:   []Reading{{readGateways, (*builder).internetGateways}},
		Subject: "internet gateway",
		Models: "attachment; the route table of the gateway itself; nothing to addresses that IANA reserves; IPv6 only of the VPC's own ranges; IPv4 needs a public " +
			"address of an interface of its own VPC, translated one to one; IPv6 needs a range that the internet routes, and `64:ff9b::/96` is none; serves a " +
			"subnet only if the subnet's table sends the client's address to it; leads to another VPC's public addresses too, as from any host on the internet",
		Source: "[internet gateways](https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html)",
	})
	register(Kind{
		Component: AtInternet, Name: "internet",
	})
}

// InternetGateway is an AWS::EC2::InternetGateway.
type InternetGateway struct {
	Ref
	Attachment Ref
	VPC        *VPC        // nil when not attached
	Edge       *RouteTable // where packets from the internet go first, nil when no table is associated with the gateway
}

func (b *builder) internetGateways() {
	for _, r := range b.set.Resources("AWS::EC2::InternetGateway") {
		b.internet[own(r)] = &InternetGateway{Ref: ref(r)}
	}
	for _, r := range b.set.Resources("AWS::EC2::VPCGatewayAttachment") {
		v := b.vpc(r.Prop("VpcId"))
		id := r.Prop("InternetGatewayId")
		if gw := r.Prop("VpnGatewayId"); v != nil && gw.Exists() {
			at := b.outsideOr("AWS::EC2::VPNGateway", gw)
			v.PrivateGateway = &at
		}
		if v == nil || !id.Exists() {
			continue
		}
		g := b.internet[key(id)]
		if g == nil {
			g = &InternetGateway{Ref: outside("AWS::EC2::InternetGateway", id)}
			b.internet[key(id)] = g
		}
		g.Attachment, g.VPC, v.InternetGateway = ref(r), v, g
	}
	for _, r := range b.set.Resources("AWS::EC2::GatewayRouteTableAssociation") {
		if g, t := b.internet[key(r.Prop("GatewayId"))], b.table(r.Prop("RouteTableId")); g != nil && t != nil {
			g.Edge = t
		}
	}
}

// carry sends the packet out by an internet gateway.
// See https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html.
func (g *InternetGateway) carry(t *tracer, s step) (next, Verdict) {
	return next{out: g}, t.toInternet(g, s.from, s.to, s.route)
}

func (t *tracer) toInternet(g *InternetGateway, from, to *Interface, route *Route) Verdict {
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
		return t.byInternet(from, to, route)
	}
	return 0
}

// enter brings a packet from the internet to an interface: a new connection, or the answer to one that left by out.
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

// public reports whether the internet carries the packet to an interface inside the network: to its public IPv4 address, or
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

// byInternet takes a packet that has left one VPC into another. What it left by, no group of the first VPC means. Where nothing lets
// it in there, and a peering connection or a transit gateway joins the VPCs, it is the route to that which is missing. Not so over IPv4:
// what goes to a public address is meant to go by the internet.
func (t *tracer) byInternet(from, to *Interface, route *Route) Verdict {
	beyond := &Interface{Kind: InternetHost, Name: from.Name, Component: from.Component, Unfiltered: true}
	gateway := len(t.hops) - 1
	v := t.enter(beyond, to, t.egressGateway)
	joint := t.net.joint(from.VPC, to.VPC)
	if !v.Blocked() || t.reply || joint == nil || t.pkt.family() == IPv4 {
		return v
	}
	if c := t.hops[len(t.hops)-1].Component; c == AtSecurityGroup || c == AtNetworkACL { // it has got there
		return v
	}
	t.hops = t.hops[:gateway]
	return t.stop(NoRoute, AtRouteTable, route.Table.Ref, "no route to %s by %s, which joins the VPCs: %s leads to the internet", t.pkt.dst.one, joint.Resource(), describe(route))
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

// Internet is every host on the internet of a family.
func (n *Network) Internet(f Family) *Interface {
	p := &Interface{Kind: InternetHost, Component: AtInternet, Unfiltered: true, Ref: Ref{Type: "internet"}, free: chosen}
	if f == IPv6 {
		p.Name, p.IPv6, p.range6 = string(Internet6), internetHost6, n.global6
	} else {
		p.Name, p.IPv4, p.range4 = string(Internet4), internetHost4, n.global4
	}
	return p
}

// internetHost is the host on the internet that has an address.
func internetHost(name string, a netip.Addr) *Interface {
	p := &Interface{Kind: InternetHost, Component: AtInternet, Name: name, Unfiltered: true, Ref: Ref{Type: "internet"}}
	p.set(a)
	return p
}

// The hosts on the internet. RFC 5737 and RFC 3849 keep these addresses for documentation.
var (
	internetHost4  = aws.SomeHost4
	internetHost6  = aws.SomeHost6
	publicAPI4     = aws.SomeAPI4
	publicAPI6     = aws.SomeAPI6
	podUniqueLocal = aws.PodEgress6.Nth(2)
	podLinkLocal   = aws.PodEgress4.Nth(2)
	nat64          = aws.NAT64.Prefix
)

// specialRanges are addresses that no host on the internet has.
var specialRanges = slices.Concat(aws.Special4(), aws.Special6())
