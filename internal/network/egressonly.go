package network

func init() {
	register(Kind{
		Component: AtEgressOnlyGateway, Name: "egress-only internet gateway",
		Fix:   "attach it to this VPC, route only IPv6 (::/0) to it, and IPv4 (0.0.0.0/0) to a NAT gateway",
		Types: []string{"AWS::EC2::EgressOnlyInternetGateway"},
		Open: []Opening{
			{Type: "AWS::EC2::EgressOnlyInternetGateway", Properties: []string{"VpcId"}, Decides: []Component{AtEgressOnlyGateway}},
		},
		Reads:   []Reading{{readGateways, (*builder).egressOnlyGateways}},
		Subject: "egress-only gateway",
		Models:  "IPv6 only, stateful, outbound only, no translation; leads to another VPC's public IPv6 addresses too",
		Source:  "[egress-only gateways](https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html)",
	})
}

// EgressOnlyGateway is an AWS::EC2::EgressOnlyInternetGateway: IPv6 only, stateful, outbound only.
// See https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html.
type EgressOnlyGateway struct {
	Ref
	VPC *VPC
}

func (b *builder) egressOnlyGateways() {
	for _, r := range b.set.Resources("AWS::EC2::EgressOnlyInternetGateway") {
		g := &EgressOnlyGateway{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId"))}
		b.egress[own(r)] = g
		if g.VPC != nil {
			g.VPC.EgressOnly = append(g.VPC.EgressOnly, g)
		}
	}
}

// carry sends the packet out by an egress-only internet gateway.
func (g *EgressOnlyGateway) carry(t *tracer, s step) (next, Verdict) {
	return next{out: g}, t.outOnly(g, s.from, s.to, s.route)
}

func (t *tracer) outOnly(g *EgressOnlyGateway, from, to *Interface, route *Route) Verdict {
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
		return t.byInternet(from, to, route)
	}
	return 0
}
