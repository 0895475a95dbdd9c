package packetlab

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// internet is a host that has the addresses of all that flows name beyond the VPCs, which reach it by their gateways.
type internet struct {
	box   *wire.Box
	doors []*door
}

// door is a gateway as the internet sees it. The answer to what came by a door goes back by it.
type door struct {
	link string
	mark uint32 // of what goes out by it
	vpc  *network.VPC
	in   bool // an internet gateway, by which a host on the internet may begin
	box  *wire.Box
}

// doorTable is the internet's first table; each door has one.
const doorTable = 1000

func (l *Lab) buildInternet() error {
	b, err := l.box("internet")
	if err != nil {
		return err
	}
	l.internet = &internet{box: b}
	have := map[netip.Addr]bool{}
	for _, f := range l.flows {
		for _, i := range []network.Interface{f.From, *f.To} {
			if a := address(i, f.Family); !inside(i) && a.IsValid() && !have[a] {
				have[a] = true
				if err := b.Address("lo", a); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// doorTo joins a gateway's box to the internet.
func (n *internet) doorTo(b *wire.Box, v *network.VPC, in bool) (*door, error) {
	d := &door{link: fmt.Sprintf("d%d", len(n.doors)), mark: uint32(len(n.doors) + 1), vpc: v, in: in, box: b}
	n.doors = append(n.doors, d)
	if err := wire.Link(n.box, d.link, b, "net"); err != nil {
		return nil, err
	}
	return d, n.box.Rule(wire.Rule{Number: 100, Mark: d.mark, Table: d.table()})
}

func (d *door) table() int { return doorTable + int(d.mark) }

// announce routes to each door what the internet knows of its VPC: public addresses, and IPv6 ranges that are not private.
// Who sends without asking for a door comes to the internet gateway, and where a VPC has none to the egress-only gateway.
func (l *Lab) announce() error {
	known := map[netip.Prefix]bool{}
	doors := slices.Clone(l.internet.doors)
	slices.SortStableFunc(doors, func(a, b *door) int {
		switch {
		case a.in == b.in:
			return 0
		case a.in:
			return -1
		}
		return 1
	})
	for _, d := range doors {
		for _, p := range l.public(l.routers[d.vpc]) {
			tables := []int{d.table()}
			if !known[p] {
				known[p] = true
				tables = append(tables, 0)
			}
			for _, t := range tables {
				if err := l.internet.box.Route(wire.Route{Table: t, To: p, Link: d.link, Via: wire.Leaf.Addr(p.Addr().Is6())}); err != nil {
					return err
				}
			}
		}
		if err := unreachable(l.internet.box, d.table()); err != nil {
			return err
		}
	}
	return nil
}

// buildGateways makes the internet, egress-only and NAT gateways of every VPC, and the gateway endpoints.
func (l *Lab) buildGateways() error {
	for _, r := range l.order {
		if g := r.vpc.InternetGateway; g != nil && g.VPC == r.vpc {
			if err := l.internetGateway(r, g); err != nil {
				return err
			}
		}
		for _, g := range r.vpc.EgressOnly {
			if err := l.egressOnly(r, g); err != nil {
				return err
			}
		}
		for _, g := range r.vpc.NATs {
			if err := l.natGateway(r, g); err != nil {
				return err
			}
		}
		for _, e := range r.vpc.Endpoints {
			if e.Gateway {
				if err := l.gatewayEndpoint(r, e); err != nil {
					return err
				}
			}
		}
	}
	if err := l.announce(); err != nil {
		return err
	}
	return l.internet.box.Filter(l.filterInternet)
}

// gateway makes a box between a VPC and the internet.
func (l *Lab) gateway(r *router, g network.Ref, in bool) (*wire.Box, error) {
	b, err := l.box(id(g))
	if err != nil {
		return nil, err
	}
	p, err := r.plug(b, "vpc", "g", nil)
	if err != nil {
		return nil, err
	}
	p.leads = id(g)
	if _, err := l.internet.doorTo(b, r.vpc, in); err != nil {
		return nil, err
	}
	if err := b.Default("net"); err != nil {
		return nil, err
	}
	for _, block := range r.vpc.Blocks {
		if block.Prefix.IsValid() {
			if err := b.Route(wire.Route{To: block.Prefix, Link: "vpc", Via: wire.Root.Addr(block.Prefix.Addr().Is6())}); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// internetGateway translates public IPv4 addresses one to one, and passes IPv6 on.
func (l *Lab) internetGateway(r *router, g *network.InternetGateway) error {
	b, err := l.gateway(r, g.Ref, true)
	if err != nil {
		return err
	}
	public := map[netip.Addr]netip.Addr{} // by private address
	var more []netip.Addr                 // private addresses of which another is the one that is known outside
	for _, c := range l.cards {
		if c.router == r && c.ready && c.Public.IsValid() && c.IPv4.IsValid() {
			public[c.IPv4] = c.Public
			for _, a := range c.also {
				if a.Is4() {
					more = append(more, a)
					public[a] = c.Public
				}
			}
		}
	}
	for _, n := range r.vpc.NATs {
		if a := n.Address(); a.IsValid() && n.Public.IsValid() {
			public[a] = n.Public
			if n.Subnet == nil {
				if err := b.Route(wire.Route{To: wire.One(a), Link: "vpc", Via: wire.Root.Addr(false)}); err != nil {
					return err
				}
			}
		}
	}
	return b.Filter(func(f *wire.Filter) {
		in, out := f.Translation("in", wire.Before, -100), f.Translation("out", wire.After, 100)
		known := f.Called("known")
		for _, flow := range l.flows { // one public address may stand for those of several hosts
			if h, ok := flow.enters(g); ok {
				in.Rule(wire.In("net"), wire.Proto(byte(flow.Proto)), wire.From(wire.One(h.Before.Src)), wire.SrcPort(h.Before.SrcPort, h.Before.SrcPort),
					wire.To(wire.One(h.Before.Dst)), wire.DstPort(h.Before.DstPort, h.Before.DstPort), wire.DNAT(h.After.Dst, 0))
			}
		}
		for private, a := range public {
			if !slices.Contains(more, private) {
				in.Rule(wire.In("net"), wire.To(wire.One(a)), wire.DNAT(private, 0))
			}
			out.Rule(wire.Out("net"), wire.From(wire.One(private)), wire.SNAT(a, 0, 0))
			known.Rule(wire.From(wire.One(private)), wire.Return)
		}
		known.Rule(wire.Drop)
		forward := f.Chain("forward", wire.Through, 0)
		for _, c := range l.cards {
			if c.router == r && c.Balancer != nil && c.Balancer.DenyIGW && c.IPv6.IsValid() {
				forward.Rule(wire.To(wire.One(c.IPv6)), wire.Drop)
			}
		}
		l.publicAccess(r, f, forward, false)
		forward.Rule(wire.In("vpc"), wire.Four, wire.Jump("known"))
	})
}

// egressOnly passes IPv6 connections from inside, and what answers them.
func (l *Lab) egressOnly(r *router, g *network.EgressOnlyGateway) error {
	b, err := l.gateway(r, g.Ref, false)
	if err != nil {
		return err
	}
	return b.Filter(func(f *wire.Filter) {
		forward := f.Chain("forward", wire.Through, 0)
		l.publicAccess(r, f, forward, true)
		forward.Rule(wire.Four, wire.Drop)
		forward.Rule(wire.Known, wire.Accept)
		forward.Rule(wire.In("vpc"), wire.Fresh, wire.Accept)
		forward.Rule(wire.Drop)
	})
}

// publicAccess is VPC Block Public Access at a gateway.
// See https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html.
func (l *Lab) publicAccess(r *router, f *wire.Filter, forward wire.Chain, egressOnly bool) {
	mode := l.net.PublicAccess.Mode
	if mode != "block-bidirectional" && mode != "block-ingress" {
		return
	}
	c := f.Called("publicaccess") // what it lets pass is still for the gateway to decide
	forward.Rule(wire.Jump("publicaccess"))
	for _, e := range l.net.PublicAccess.Exclusions {
		var excluded []netip.Prefix
		switch {
		case e.VPC == r.vpc:
			excluded = slices.Clone(wire.Everything)
		case e.Subnet != nil && e.Subnet.VPC == r.vpc:
			excluded = []netip.Prefix{e.Subnet.IPv4, e.Subnet.IPv6}
		}
		for _, p := range excluded {
			if !p.IsValid() {
				continue
			}
			switch {
			case e.Mode == "allow-bidirectional":
				c.Rule(wire.In("vpc"), wire.From(p), wire.Return)
				c.Rule(wire.In("net"), wire.To(p), wire.Return)
			case mode == "block-bidirectional": // allow-egress
				c.Rule(wire.In("vpc"), wire.From(p), wire.Onward, wire.Return)
				c.Rule(wire.In("net"), wire.To(p), wire.Answer, wire.Return)
			}
		}
	}
	if mode == "block-ingress" { // it leaves NAT and egress-only gateways alone
		if egressOnly {
			return
		}
		for _, g := range r.vpc.NATs {
			if a := g.Address(); a.IsValid() {
				c.Rule(wire.From(wire.One(a)), wire.Return)
				c.Rule(wire.To(wire.One(a)), wire.Return)
			}
		}
	}
	c.Rule(wire.Drop)
}

// filterInternet keeps to what the internet routes: no private address, and from a VPC only what is its own. It
// remembers by which door a connection came, for the answers.
func (l *Lab) filterInternet(f *wire.Filter) {
	in := f.Chain("in", wire.Before, -150)
	for _, d := range l.internet.doors {
		own := f.Called("own-" + d.link)
		for _, p := range l.public(l.routers[d.vpc]) {
			own.Rule(wire.From(p), wire.Onward, wire.MarkConnection(d.mark), wire.Return)
			own.Rule(wire.From(p), wire.Return)
		}
		for _, t := range transports {
			own.Rule(wire.Proto(byte(t)), wire.Drop) // neighbours may ask for each other
		}
		for _, p := range unrouted {
			in.Rule(wire.In(d.link), wire.To(p), wire.Drop)
		}
		in.Rule(wire.In(d.link), wire.Jump("own-"+d.link))
	}
	back, through := f.Rerouting("back", -150), f.Chain("through", wire.Before, -145)
	for _, d := range l.internet.doors {
		for _, c := range []wire.Chain{back, through} {
			c.Rule(wire.Answer, wire.Marked(d.mark), wire.Mark(d.mark))
		}
	}
	l.publicEndpoint(f)
}

// unrouted are ranges that the internet does not know.
var unrouted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("fc00::/7")}

// public is what the internet knows of a VPC: its public IPv4 addresses, and its IPv6 ranges that are not private.
func (l *Lab) public(r *router) []netip.Prefix {
	var out []netip.Prefix
	add := func(p netip.Prefix) {
		if p.IsValid() && !slices.Contains(out, p) && !slices.ContainsFunc(unrouted, p.Overlaps) {
			out = append(out, p)
		}
	}
	for _, b := range r.vpc.Blocks {
		if b.Prefix.IsValid() && b.Prefix.Addr().Is6() && !b.Private {
			add(b.Prefix.Masked())
		}
	}
	for _, c := range l.cards {
		if c.router == r && c.Public.IsValid() {
			add(wire.One(c.Public))
		}
	}
	for _, n := range r.vpc.NATs {
		if n.Public.IsValid() {
			add(wire.One(n.Public))
		}
	}
	return out
}

// publicEndpoint admits to a cluster's public endpoint whom its ranges hold.
func (l *Lab) publicEndpoint(f *wire.Filter) {
	c := f.Chain("endpoints", wire.Before, -140)
	for _, g := range l.flows {
		a := address(*g.To, g.Family)
		if g.PublicAPI == nil || !a.IsValid() {
			continue
		}
		to := wire.To(wire.One(a))
		for _, p := range g.PublicAPI.PublicCIDRs {
			c.Rule(to, wire.From(p), wire.Return)
		}
		c.Rule(to, wire.Drop)
	}
}

// natGateway is a card in its subnet, or, regional, a port of its own, that sends what it gets out again under its own
// address.
func (l *Lab) natGateway(r *router, g *network.NATGateway) error {
	a := g.Address()
	if !a.IsValid() || g.Subnet != nil && g.Subnet.Imported {
		return nil
	}
	b, err := l.box(id(g.Ref))
	if err != nil {
		return err
	}
	p, err := r.plug(b, eth0, "n", g.Subnet)
	if err != nil {
		return err
	}
	p.leads = id(g.Ref)
	p.card = &card{Interface: network.Interface{Name: id(g.Ref), Unfiltered: true, IPv4: a}, router: r, port: p, box: b, ready: true}
	if g.Subnet == nil {
		p.table = portTable + len(r.ports)
		var out []route
		if igw := r.vpc.InternetGateway; igw != nil {
			out = append(out, route{wire.Everything[0], r.leading(igw.Ref)})
		}
		if err := r.fill(p.table, out); err != nil {
			return err
		}
	}
	if err := b.Address(eth0, a); err != nil {
		return err
	}
	if err := b.Default(eth0); err != nil {
		return err
	}
	if l.translates(g) {
		t, err := startNAT64(l.tools, b)
		if err != nil {
			return err
		}
		l.open = append(l.open, t)
	}
	return b.Filter(func(f *wire.Filter) {
		forward := f.Chain("forward", wire.Through, 0)
		forward.Rule(wire.Invalid, wire.Drop)
		forward.Rule(wire.In(eth0), wire.Out(eth0), wire.Six, wire.Drop) // of IPv6 it takes what it translates
		out := f.Translation("out", wire.After, 100)
		for _, h := range l.flows {
			choose(out, h, isNAT(g))
		}
		out.Rule(wire.Out(eth0), wire.Four, wire.SNAT(a, 0, 0))
	})
}

// nat64 is the prefix that NAT gateways translate to IPv4.
// See https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// translates reports whether a flow may need a NAT gateway's NAT64.
func (l *Lab) translates(g *network.NATGateway) bool {
	return slices.ContainsFunc(l.flows, func(f *Flow) bool {
		return f.From.VPC == g.VPC && nat64.Contains(f.dialled())
	})
}

// gatewayEndpoint is the service as the VPC's gateway endpoint reaches it.
// See https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html.
func (l *Lab) gatewayEndpoint(r *router, e *network.Endpoint) error {
	b, err := l.box(id(e.Ref))
	if err != nil {
		return err
	}
	p, err := r.plug(b, eth0, "s", nil)
	if err != nil {
		return err
	}
	p.leads = id(e.Ref)
	for _, a := range network.ServiceAddresses(e.ShortName) {
		if e.Speaks(network.FamilyOf(a)) {
			if err := b.Address(eth0, a); err != nil {
				return err
			}
		}
	}
	if err := b.Default(eth0); err != nil {
		return err
	}
	return b.Filter(func(f *wire.Filter) { // it serves its own VPC only, and TCP only
		in := f.Chain("in", wire.Before, 0)
		in.Rule(wire.Proto(byte(network.UDP)), wire.Drop)
		for _, block := range r.vpc.Blocks {
			if block.Prefix.IsValid() {
				in.Rule(wire.From(block.Prefix), wire.Return)
			}
		}
		in.Rule(wire.Proto(byte(network.TCP)), wire.Drop)
	})
}

// buildJoins makes peering connections and transit gateways.
func (l *Lab) buildJoins() error {
	for i, p := range l.net.Peerings {
		if err := l.peer(i, p); err != nil {
			return err
		}
	}
	for _, g := range l.net.TransitGateways {
		if !g.Imported {
			if err := l.transit(g); err != nil {
				return err
			}
		}
	}
	return nil
}

// peer joins two routers, unless their ranges overlap: then AWS refuses the connection. What comes in by it ends in
// the VPC.
// See https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-limitations.
func (l *Lab) peer(n int, p *network.Peering) error {
	a, b := l.routers[p.Requester], l.routers[p.Accepter]
	if a == nil || b == nil || a == b {
		return nil
	}
	for _, x := range p.Requester.Blocks {
		for _, y := range p.Accepter.Blocks {
			if x.Prefix.IsValid() && y.Prefix.IsValid() && x.Prefix.Overlaps(y.Prefix) {
				return nil
			}
		}
	}
	near := &port{name: fmt.Sprintf("p%d", len(a.ports)), leads: id(p.Ref), joins: true, end: wire.East(n)}
	far := &port{name: fmt.Sprintf("p%d", len(b.ports)), leads: id(p.Ref), joins: true, end: wire.West(n)}
	a.ports, b.ports = append(a.ports, near), append(b.ports, far)
	return wire.Trunk(n, a.box, near.name, b.box, far.name)
}

// transit makes a transit gateway: a table for what comes in by each attachment, by the zone it comes from.
func (l *Lab) transit(g *network.TransitGateway) error {
	b, err := l.box(id(g.Ref))
	if err != nil {
		return err
	}
	type end struct {
		*network.Attachment
		subnet *network.Subnet
		link   string
	}
	var ends []end
	for _, a := range g.Attachments {
		r := l.routers[a.VPC]
		if r == nil {
			continue
		}
		for _, s := range a.Subnets {
			if s.Imported {
				continue
			}
			e := end{a, s, fmt.Sprintf("a%d", len(ends))}
			p, err := r.plug(b, e.link, "t", s)
			if err != nil {
				return err
			}
			p.leads, p.joins = id(g.Ref), true
			ends = append(ends, e)
		}
	}
	// An attachment hands packets to its interface in the sender's zone, else to its first.
	exit := func(a *network.Attachment, zone string) string {
		first := ""
		for _, e := range ends {
			if e.Attachment != a {
				continue
			}
			if e.subnet.Zone == zone {
				return e.link
			}
			if first == "" {
				first = e.link
			}
		}
		return first
	}
	for i, e := range ends {
		table := firstTable + i
		if err := b.Rule(wire.Rule{Number: 100, In: e.link, Table: table}); err != nil {
			return err
		}
		seen := map[netip.Prefix]bool{}
		if e.Table != nil {
			for _, t := range transitRoutes(e.Table) {
				to := t.Destination
				if !to.IsValid() || seen[to.Masked()] {
					continue
				}
				seen[to.Masked()] = true
				line := wire.Route{Table: table, To: to, Kind: wire.Unreachable}
				if !t.Blackhole && t.Attachment != nil && t.Attachment.VPC != e.VPC {
					if link := exit(t.Attachment, e.subnet.Zone); link != "" {
						line.Kind, line.Link, line.Via = 0, link, wire.Root.Addr(to.Addr().Is6())
					}
				}
				if err := b.Route(line); err != nil {
					return err
				}
			}
		}
		for _, all := range wire.Everything {
			if !seen[all] {
				if err := b.Route(wire.Route{Table: table, To: all, Kind: wire.Unreachable}); err != nil {
					return err
				}
			}
		}
	}
	return b.Filter(func(f *wire.Filter) {
		forward := f.Chain("forward", wire.Through, 0)
		for _, e := range ends {
			if !e.IPv6 {
				forward.Rule(wire.In(e.link), wire.Six, wire.Drop)
				forward.Rule(wire.Out(e.link), wire.Six, wire.Drop)
			}
		}
	})
}

// transitRoutes puts static routes before propagated ones: of equal destinations the first holds.
func transitRoutes(t *network.TransitTable) []*network.TransitRoute {
	out := slices.Clone(t.Routes)
	slices.SortStableFunc(out, func(a, b *network.TransitRoute) int {
		switch {
		case a.Propagated == b.Propagated:
			return 0
		case b.Propagated:
			return -1
		}
		return 1
	})
	return out
}
