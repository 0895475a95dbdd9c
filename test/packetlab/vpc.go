package packetlab

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// route fills the routers' tables.
func (l *Lab) route() error {
	for _, r := range l.order {
		if err := l.routeVPC(r); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) routeVPC(r *router) error {
	for _, s := range r.vpc.Subnets {
		var list []route
		if s.RouteTable != nil && !s.RouteTable.Imported {
			var lists []route
			for _, rt := range s.RouteTable.Routes {
				if rt.PrefixList != nil {
					lists = append(lists, l.routesOf(r, s, rt)...)
				} else {
					list = append(list, l.routesOf(r, s, rt)...)
				}
			}
			list = append(list, lists...) // a route to a CIDR wins over one to a prefix list that holds the same
		}
		if err := r.fill(tableOf(s), list); err != nil {
			return err
		}
		if err := r.box.Rule(wire.Rule{Number: 50, Mark: markOf(s), Table: tableOf(s)}); err != nil {
			return err
		}
	}
	for _, p := range r.ports {
		table := p.table
		if p.subnet != nil {
			table = tableOf(p.subnet)
		}
		if table == 0 {
			continue
		}
		if p.card != nil && p.subnet != nil { // neighbours in a subnet need no router
			for _, own := range []netip.Prefix{p.subnet.IPv4, p.subnet.IPv6} {
				if own.IsValid() {
					if err := r.box.Rule(wire.Rule{Number: 90, In: p.name, To: own, Table: ownTable}); err != nil {
						return err
					}
				}
			}
		}
		if err := r.box.Rule(wire.Rule{Number: 100, In: p.name, Table: table}); err != nil {
			return err
		}
	}
	if err := l.balancerRoutes(r); err != nil {
		return err
	}
	// What a table throws back is the VPC's own: each interface has its addresses.
	if err := r.box.Rule(wire.Rule{Number: 200, Table: ownTable}); err != nil {
		return err
	}
	for _, p := range r.ports {
		if p.card == nil {
			continue
		}
		for _, a := range p.card.addresses() {
			to := wire.Route{Table: ownTable, To: wire.One(a), Link: p.name}
			if a == p.card.podIP || a.Is6() {
				to.Via = wire.Leaf.Addr(a.Is6())
			}
			if a.Is4() {
				to.Via = wire.Leaf.Addr(false)
			}
			if err := r.box.Route(to); err != nil {
				return err
			}
		}
	}
	return unreachable(r.box, ownTable)
}

// route is one line of a table: through a port, or nowhere.
type route struct {
	to   netip.Prefix
	port *port
}

// fill makes a table: the VPC's own ranges, the given routes, and for the rest nothing. Of equal destinations the first
// holds, as EC2 has one only.
func (r *router) fill(table int, list []route) error {
	seen := map[netip.Prefix]bool{}
	for _, b := range r.vpc.Blocks {
		if !b.Prefix.IsValid() || seen[b.Prefix.Masked()] {
			continue
		}
		seen[b.Prefix.Masked()] = true
		if err := r.box.Route(wire.Route{Table: table, To: b.Prefix, Kind: wire.Throw}); err != nil {
			return err
		}
	}
	for _, rt := range list {
		to := rt.to.Masked()
		if seen[to] {
			continue
		}
		seen[to] = true
		line := wire.Route{Table: table, To: to, Kind: wire.Unreachable}
		if rt.port != nil {
			line.Kind, line.Link, line.Via = 0, rt.port.name, rt.port.end.Addr(to.Addr().Is6())
		}
		if err := r.box.Route(line); err != nil {
			return err
		}
	}
	for _, all := range wire.Everything {
		if !seen[all] {
			if err := r.box.Route(wire.Route{Table: table, To: all, Kind: wire.Unreachable}); err != nil {
				return err
			}
		}
	}
	return nil
}

// unreachable ends a table.
func unreachable(b *wire.Box, table int) error {
	for _, all := range wire.Everything {
		if err := b.Route(wire.Route{Table: table, To: all, Kind: wire.Unreachable}); err != nil {
			return err
		}
	}
	return nil
}

// routesOf are the lines that a route of the template makes in the table of a subnet. A target that cannot take the
// packets is a route to nowhere, which AWS shows as a blackhole.
func (l *Lab) routesOf(r *router, s *network.Subnet, rt *network.Route) []route {
	dests := []netip.Prefix{rt.Destination}
	if rt.PrefixList != nil {
		dests = rt.PrefixList.Entries
	}
	var out []route
	for _, d := range dests {
		if d.IsValid() {
			out = append(out, route{d, l.target(r, s, rt.Target, d)})
		}
	}
	return out
}

func (l *Lab) target(r *router, s *network.Subnet, t network.Target, d netip.Prefix) *port {
	switch t := t.(type) {
	case *network.InternetGateway:
		if t.VPC == r.vpc {
			return r.leading(t.Ref)
		}
	case *network.EgressOnlyGateway:
		if t.VPC == r.vpc && d.Addr().Is6() {
			return r.leading(t.Ref)
		}
	case *network.NATGateway:
		if t.VPC == r.vpc {
			return r.leading(t.Ref)
		}
	case *network.Peering, *network.Endpoint:
		return r.leading(t.Resource())
	case *network.TransitGateway:
		return r.attached(t, s)
	}
	return nil
}

// id names a resource: several stacks may have one of the same logical id.
func id(r network.Ref) string { return r.Stack + "/" + r.LogicalID }

// leading is the port to a gateway, or nil.
func (r *router) leading(g network.Ref) *port {
	i := slices.IndexFunc(r.ports, func(p *port) bool { return p.leads == id(g) })
	if i < 0 {
		return nil
	}
	return r.ports[i]
}

// attached is the port to a transit gateway for a subnet: by the attachment's interface in the subnet's zone.
// See https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html.
func (r *router) attached(g *network.TransitGateway, s *network.Subnet) *port {
	for _, p := range r.ports {
		if p.leads == id(g.Ref) && p.subnet != nil && p.subnet.Zone == s.Zone {
			return p
		}
	}
	return nil
}

// filter puts the security groups and network ACLs into the routers.
func (l *Lab) filter() error {
	for _, r := range l.order {
		if err := r.box.Filter(func(f *wire.Filter) { l.filterVPC(r, f) }); err != nil {
			return err
		}
	}
	if err := l.nodeFilters(); err != nil {
		return err
	}
	return l.balancerFilters()
}

func (l *Lab) filterVPC(r *router, f *wire.Filter) {
	l.onlyServed(r, f)
	l.backToBalancer(r, f)
	for _, a := range r.vpc.NetworkACLs {
		aclChains(f, a)
	}
	groups := f.Called("groups")
	for _, p := range r.ports {
		if p.card != nil && !p.card.Unfiltered {
			l.groupChains(r, f, p)
			groups.Rule(wire.In(p.name), wire.Jump("out-"+p.name))
		}
	}
	for _, p := range r.ports {
		if p.card != nil && !p.card.Unfiltered {
			groups.Rule(wire.Out(p.name), wire.Jump("in-"+p.name))
		}
	}
	acls := f.Called("acls")
	// A packet within one subnet meets no network ACL, nor does one that a transit gateway brings into it. What goes to a
	// transit gateway is asked about in both directions, in the sender's own subnet too.
	// See https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html.
	for _, p := range r.ports {
		if p.card != nil && p.subnet != nil {
			acls.Rule(wire.Out(p.name), wire.HasMark(markOf(p.subnet)), wire.Return)
		}
	}
	for _, s := range r.vpc.Subnets {
		if a := s.NetworkACL; a != nil && !a.Imported {
			acls.Rule(wire.HasMark(markOf(s)), wire.Jump(aclChain(a, true)))
		}
	}
	for _, p := range r.ports {
		if p.subnet != nil && p.subnet.NetworkACL != nil && !p.subnet.NetworkACL.Imported {
			acls.Rule(wire.Out(p.name), wire.Jump(aclChain(p.subnet.NetworkACL, false)))
		}
	}
	forward := f.Chain("forward", wire.Through, 0)
	forward.Rule(wire.Mark(0))
	for _, p := range r.ports {
		if p.subnet != nil {
			forward.Rule(wire.In(p.name), wire.Mark(markOf(p.subnet)))
		}
	}
	forward.Rule(wire.Fresh, wire.Jump("groups"))
	forward.Rule(wire.Invalid, wire.Jump("groups"))
	forward.Rule(wire.Jump("acls"))
	forward.Watch()
}

// groupChains are the rules of a card's security groups. The router knows connections: what answers one that was let
// through is not asked about.
func (l *Lab) groupChains(r *router, f *wire.Filter, p *port) {
	in, out := f.Called("in-"+p.name), f.Called("out-"+p.name)
	in.Rule(wire.Invalid, wire.Drop)
	out.Rule(wire.Invalid, wire.Drop)
	for _, g := range p.card.Groups {
		for _, rule := range g.Ingress {
			l.allow(r, in, rule, p.card, false)
		}
		for _, rule := range g.Egress {
			l.allow(r, out, rule, p.card, true)
		}
	}
	for _, rule := range p.card.Interface.Backend {
		l.allow(r, in, rule, p.card, false)
	}
	in.Rule(wire.Drop)
	out.Rule(wire.Drop)
}

var transports = []network.Proto{network.TCP, network.UDP}

// service matches what a rule's protocol and ports cover of what the lab sends, once for each protocol.
func service(proto network.Proto, from, to uint16) []wire.Expr {
	var out []wire.Expr
	for _, t := range transports {
		switch proto {
		case network.AnyProto:
			out = append(out, wire.Proto(byte(t)))
		case t:
			out = append(out, append(slices.Clone(wire.Proto(byte(t))), wire.DstPort(from, to)...))
		default:
		}
	}
	if proto == network.AnyProto || proto == network.ICMPv6 {
		out = append(out, wire.Proto(byte(network.ICMPv6)))
	}
	return out
}

// allow adds what a security group rule allows.
func (l *Lab) allow(r *router, c wire.Chain, rule *network.Rule, of *card, egress bool) {
	if rule.Unknown != "" {
		return
	}
	peer, link := wire.From, wire.In
	if egress {
		peer, link = wire.To, wire.Out
	}
	var peers []wire.Expr
	switch {
	case rule.Group != nil:
		for _, m := range l.cards {
			switch {
			case !slices.Contains(m.Groups, rule.Group):
			case m.router == r: // whatever address its packets have
				peers = append(peers, link(m.port.name))
			case l.refers(of, m, egress):
				for _, p := range r.ports {
					for _, a := range m.addresses() {
						if p.joins { // what comes round by the internet is nobody's member
							peers = append(peers, append(slices.Clone(link(p.name)), peer(wire.One(a))...))
						}
					}
				}
			}
		}
	case rule.List != nil:
		for _, e := range rule.List.Entries {
			peers = append(peers, peer(e))
		}
	case rule.Prefix.IsValid():
		peers = append(peers, peer(rule.Prefix))
	}
	for _, s := range service(rule.Proto, rule.From, rule.To) {
		for _, p := range peers {
			c.Rule(s, p, wire.Return)
		}
	}
}

// refers reports whether a rule may name a group of another VPC: of a peered one, and for what comes in of one behind a
// transit gateway that supports it, but for VPC endpoints.
// See https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html and
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html.
func (l *Lab) refers(here, there *card, egress bool) bool {
	for _, p := range l.net.Peerings {
		if p.Other(here.VPC) == there.VPC && there.VPC != nil {
			return true
		}
	}
	for _, g := range l.net.TransitGateways {
		a, b := g.Attachment(here.VPC), g.Attachment(there.VPC)
		endpoint := here.Kind == network.EndpointInterface || there.Kind == network.EndpointInterface
		if !egress && !endpoint && g.GroupReferences && a != nil && b != nil && a.GroupReferences && b.GroupReferences {
			return true
		}
	}
	return false
}

func aclChain(a *network.ACL, egress bool) string {
	name := id(a.Ref)
	if a.Default {
		name = "default"
	}
	if egress {
		return "acl-out-" + name
	}
	return "acl-in-" + name
}

// aclChains are the entries of a network ACL in their order. It knows no connections.
func aclChains(f *wire.Filter, a *network.ACL) {
	if a.Imported {
		return
	}
	for _, egress := range []bool{false, true} {
		c := f.Called(aclChain(a, egress))
		for _, e := range a.Entries {
			if e.Egress != egress || !e.Prefix.IsValid() || e.Unknown != "" {
				continue
			}
			peer, fate := wire.From(e.Prefix), wire.Drop
			if egress {
				peer = wire.To(e.Prefix)
			}
			if e.Allow {
				fate = wire.Return
			}
			for _, s := range service(e.Proto, e.From, e.To) {
				c.Rule(s, peer, fate)
			}
		}
		c.Rule(wire.Drop)
	}
}

// onlyServed lets an internet gateway's packets in to the subnets only whose tables send their source to it: a gateway
// serves those subnets that route to it.
// See https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html.
func (l *Lab) onlyServed(r *router, f *wire.Filter) {
	g := r.vpc.InternetGateway
	if g == nil {
		return
	}
	p := r.leading(g.Ref)
	if p == nil {
		return
	}
	c := f.Chain("served", wire.Before, -150)
	for _, n := range r.vpc.NATs {
		if n.Subnet == nil {
			c.Rule(wire.In(p.name), wire.To(wire.One(n.Address())), wire.Return)
		}
	}
	for _, s := range r.vpc.Subnets {
		for _, prefix := range []netip.Prefix{s.IPv4, s.IPv6} {
			if prefix.IsValid() {
				c.Rule(wire.In(p.name), wire.To(prefix), wire.Mark(markOf(s)))
			}
		}
	}
	c.Rule(wire.In(p.name), wire.LeadsBackTo(p.name), wire.Mark(0), wire.Return)
	c.Rule(wire.In(p.name), wire.Drop)
}

func (p *port) String() string {
	switch {
	case p.card != nil:
		return p.card.Name
	case p.leads != "":
		return p.leads
	}
	return fmt.Sprintf("port %s", p.name)
}
