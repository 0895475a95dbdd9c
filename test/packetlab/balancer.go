package packetlab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// balance starts what a load balancer does for a flow: it takes the client's connection at one of its interfaces, or at
// an endpoint's, and opens another to the target. Where it keeps the client's address, it translates instead.
func (l *Lab) balance(f *Flow, at netip.AddrPort) error {
	to, front := l.card(*f.To), l.card(*f.Front)
	if to == nil || front == nil || !to.has(at.Addr()) || !l.forwards(f) {
		return nil
	}
	backend := l.card(*f.Backend)
	target := f.target()
	if backend == nil || !backend.ready {
		return nil
	}
	udp := f.Proto == network.UDP
	if err := l.listen(everywhere(homeOf(backend, *f.Backend), target, f.Proto)); err != nil {
		return err
	}
	if preserves(f) {
		return nil // filter has the translation
	}
	return l.start(server{to.box, at, udp}, func(t ticket, _, _ netip.AddrPort) []byte {
		g := l.flow(t) // the flow whose target is meant: many flows share a listener
		if g == nil || g.Backend == nil || !l.forwards(g) {
			return nil
		}
		front := l.card(*g.Front)
		var port uint16 // any, where the tracer knows of no connection
		if h, ok := g.forwarded(); ok {
			port = h.After.SrcPort
		}
		if err := open(front.box, udp, netip.AddrPortFrom(address(*g.Front, g.Target.Family), port), g.target(), 0, t, patience); err != nil {
			return nil
		}
		answer, _ := json.Marshal(Seen{At: front.Name})
		return answer
	})
}

// target is what a load balancer forwards a flow to.
func (f *Flow) target() netip.AddrPort {
	return netip.AddrPortFrom(address(*f.Backend, f.Target.Family), cmp.Or(f.Target.Port, f.Port))
}

// forwards reports whether AWS lets the load balancer have the target: the families must fit, and it must have a subnet in the
// target's zone.
// See https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html#target-group-ip-address-type.
func (l *Lab) forwards(f *Flow) bool {
	lb, tg := f.Front.Balancer, f.Target
	switch {
	case lb == nil || tg == nil || f.Backend == nil,
		tg.Family == network.IPv6 && !lb.Speaks(network.IPv6),
		tg.Family == network.IPv6 && tg.TargetType == "instance" && !tg.PrimaryIPv6,
		tg.Cluster != nil && tg.Cluster.Family != tg.Family,
		!address(*f.Backend, tg.Family).IsValid(),
		!address(*f.Front, tg.Family).IsValid(),
		f.Backend.VPC == f.Front.VPC && !slices.ContainsFunc(lb.Subnets, func(s *network.Subnet) bool { return s.Zone == f.Backend.Subnet.Zone }),
		preserves(f) && f.Backend.VPC != f.Front.VPC && !l.peered(f.Front.VPC, f.Backend.VPC):
		return false
	case f.Endpoint != nil && f.Family == network.IPv6:
		return lb.Speaks(network.IPv6) && slices.Contains(f.Endpoint.Provider.AddressTypes, "ipv6")
	case f.Endpoint != nil:
		return slices.Contains(f.Endpoint.Provider.AddressTypes, "ipv4")
	}
	return true
}

// peered reports whether two VPCs are peered: behind a transit gateway no target can be given the client's address.
// See https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation.
func (l *Lab) peered(a, b *network.VPC) bool {
	return slices.ContainsFunc(l.net.Peerings, func(p *network.Peering) bool { return p.Other(a) == b && b != nil })
}

// preserves reports whether the target sees the client's own address.
// See https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation.
func preserves(f *Flow) bool {
	return f.Front.Balancer.Kind == network.NLB && f.Target.PreserveClient && f.Family == f.Target.Family && f.Endpoint == nil
}

// The marks of connections that a load balancer forwards under the client's address.
const balancerMark = 10000

// backToBalancer sends a target's answers to the load balancer that forwarded the connection, whatever the routes say of
// the client's address, and remembers which connections those are.
func (l *Lab) backToBalancer(r *router, f *wire.Filter) {
	c := f.Chain("back", wire.Before, -151)
	seen := map[string]bool{}
	for i, p := range r.ports {
		if p.card == nil || p.card.Balancer == nil {
			continue
		}
		mark := uint32(balancerMark + i)
		for _, flow := range l.flows {
			if flow.Front == nil || keyOf(*flow.Front) != p.card.key || !l.forwards(flow) || !preserves(flow) {
				continue
			}
			target := address(*flow.Backend, flow.Target.Family)
			if key := fmt.Sprint(mark, target); !seen[key] {
				seen[key] = true
				c.Rule(wire.In(p.name), wire.Fresh, wire.To(wire.One(target)), wire.MarkConnection(mark))
			}
		}
		c.Rule(wire.Answer, wire.Marked(mark), wire.Mark(mark))
	}
}

// balancerRoutes lead marked answers back.
func (l *Lab) balancerRoutes(r *router) error {
	for i, p := range r.ports {
		if p.card == nil || p.card.Balancer == nil {
			continue
		}
		table := balancerMark + i
		for _, all := range wire.Everything {
			if err := r.box.Route(wire.Route{Table: table, To: all, Link: p.name, Via: wire.Leaf.Addr(all.Addr().Is6())}); err != nil {
				return err
			}
		}
		if err := r.box.Rule(wire.Rule{Number: 40, Mark: uint32(table), Table: table}); err != nil {
			return err
		}
	}
	return nil
}

// balancerFilters translate for those load balancers that keep the client's address, and ask their security groups about
// what comes by PrivateLink.
func (l *Lab) balancerFilters() error {
	for _, c := range l.cards {
		var keep, behind []*Flow
		for _, f := range l.flows {
			switch {
			case f.Front == nil || f.Front.Balancer == nil || f.Target == nil || f.Backend == nil:
			case f.Endpoint == nil && keyOf(*f.Front) == c.key && l.forwards(f) && preserves(f):
				keep = append(keep, f)
			case f.Endpoint != nil && keyOf(*f.To) == c.key && f.Front.Balancer.EnforcePrivateLink && !f.Front.Unfiltered:
				behind = append(behind, f)
			}
		}
		if len(keep)+len(behind) == 0 {
			continue
		}
		if err := c.box.Filter(func(t *wire.Filter) {
			in := t.Translation("in", wire.Before, -100)
			for _, f := range keep {
				to := wire.DNAT(f.target().Addr(), f.target().Port())
				if h, ok := f.forwarded(); ok {
					w := h.Before.SrcPort
					in.Rule(wire.From(wire.One(h.Before.Src)), wire.To(wire.One(address(*f.To, f.Family))), wire.Proto(byte(f.Proto)), wire.SrcPort(w, w), wire.DstPort(f.Port, f.Port), to)
				}
			}
			for _, f := range keep { // whose port something translated on the way
				in.Rule(wire.To(wire.One(address(*f.To, f.Family))), wire.Proto(byte(f.Proto)), wire.DstPort(f.Port, f.Port), wire.DNAT(f.target().Addr(), f.target().Port()))
			}
			if len(behind) > 0 {
				l.privateLink(t, behind[0])
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

// privateLink asks the load balancer's groups about the client, whose address the endpoint still sees.
// See https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html.
func (l *Lab) privateLink(t *wire.Filter, f *Flow) {
	c := t.Chain("privatelink", wire.Before, -150)
	c.Rule(wire.Known, wire.Return)
	for _, g := range f.Front.Groups {
		for _, rule := range g.Ingress {
			var peers []netip.Prefix
			switch {
			case rule.Unknown != "" || rule.Group != nil: // a group of the provider holds no consumer
			case rule.List != nil:
				peers = rule.List.Entries
			case rule.Prefix.IsValid():
				peers = []netip.Prefix{rule.Prefix}
			}
			for _, p := range peers {
				for _, s := range service(rule.Proto, rule.From, rule.To) {
					c.Rule(wire.In(eth0), s, wire.From(p), wire.Return)
				}
			}
		}
	}
	for _, p := range transports {
		c.Rule(wire.In(eth0), wire.Proto(byte(p)), wire.Drop)
	}
}
