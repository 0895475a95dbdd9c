package network

import (
	"fmt"
	"net/netip"
	"slices"

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
	// egressGateway is the gateway by which the connection left, where its answer comes back from another VPC by the internet.
	egressGateway Target
}

// networkPath is a packet's way between two interfaces, without translation at either end.
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

// Failure is why packets get no further, and where.
type Failure struct {
	Verdict   Verdict
	Component Component
	Ref       Ref
	Why       string
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

// forward follows the packet; OK verdicts mean that it got there.
func (t *tracer) forward(from *Interface, d Destination) Verdict {
	if p := d.To; p.Kind == PodInterface && !p.HostNetwork && p.Cluster.Family == IPv6 {
		pod := *p
		pod.IPv4 = netip.Addr{} // the node's, by which nobody reaches the Pod
		d.To = &pod
	}
	f := t.question(from, d)
	switch {
	case d.Virtual.IsValid() && FamilyOf(d.Virtual) != f:
		t.pkt.dst = address{}
		d.Fails = &Failure{NoRoute, AtKubernetesService, d.Service, fmt.Sprintf("%s has a ClusterIP of %s only", d.Name, FamilyOf(d.Virtual))}
	case d.Virtual.IsValid():
		t.pkt.dst = fixedAddress(d.Virtual)
	case f == IPv4 && d.To.Public.IsValid() && (from.Outside() || d.Named && d.To.Balancer != nil):
		// From outside only the public address is known, and the name of an internet-facing load balancer means that
		// everywhere: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
		t.pkt.dst = t.publicAddress(d.To)
	}
	sender, undos, v := t.originate(from, d, f)
	if v != 0 {
		return v
	}
	if v := t.policies(from, true); v != 0 {
		return v
	}
	if d.Fails != nil {
		return t.fail(d.Fails)
	}
	if d.Virtual.IsValid() {
		back, v := t.toPodBehind(from, d, f)
		if v != 0 {
			return v
		}
		undos = append(undos, back)
	}
	if !from.Outside() || !d.To.Outside() { // from the internet to a public endpoint there is no network to pass
		if v := t.send(sender, d.To, undos...); v != 0 {
			return v
		}
	}
	last := d.To
	if d.Listener != nil || d.Endpoint != nil {
		if v := t.proxy(from, d); v != 0 {
			return v
		}
		if d.Backend != nil {
			last = d.Backend
		}
	}
	switch {
	case d.PublicAPI != nil:
		return t.atPublicEndpoint(d.PublicAPI)
	case last.Kind == InternetHost:
		t.hopAt(Exit, last, last.Name)
		return ExitsNetwork
	}
	if last.Outside() && t.paths[len(t.paths)-1].out != nil {
		if e, ok := t.paths[len(t.paths)-1].out.(*Endpoint); !ok || e == nil {
			return t.offNetwork(last)
		}
	}
	if v := t.policies(last, false); v != 0 {
		return v
	}
	t.hopAt(Deliver, last, arrival(last))
	return Delivered
}

// originate starts the packet. sender is the interface that puts it on the network.
func (t *tracer) originate(from *Interface, d Destination, f Family) (sender *Interface, undos []undo, v Verdict) {
	if !t.pkt.dst.valid() {
		t.pkt.dst = t.address(from, f) // a header must have an address; what ends the trace says why there is none
		if !t.pkt.src.valid() {
			t.pkt.src, t.pkt.dst = fixedAddress(internetHost4), fixedAddress(internetHost4)
		}
		t.hopAt(Originate, from, arrival(from))
		if d.Fails != nil {
			return nil, nil, t.fail(d.Fails)
		}
		if d.To.Unknown != "" {
			return nil, nil, t.stopAt(Insufficient, d.To, "%s", d.To.Unknown)
		}
		return nil, nil, t.stopAt(NoRoute, d.To, "%s has no %s address", d.Name, f)
	}
	if from.Unknown != "" {
		if !t.pkt.src.valid() {
			t.pkt.src = t.pkt.dst
		}
		return nil, nil, t.stopAt(Insufficient, from, "%s", from.Unknown)
	}
	if from.gone != nil {
		if !t.pkt.src.valid() {
			t.pkt.src = t.pkt.dst
		}
		return nil, nil, t.fail(from.gone)
	}
	c := from.Cluster
	if from.lacks6 != nil {
		t.pkt.src = fixedAddress(netset.Plus(internetHost6, 1))
		if !t.pkt.dst.one.Is6() {
			t.pkt.dst = fixedAddress(internetHost6)
		}
		return nil, nil, t.fail(from.lacks6)
	}
	if from.Kind == PodInterface && !from.HostNetwork && c.Family != f {
		return t.podOfOther(from, d, f)
	}
	if !t.pkt.src.valid() && f == IPv4 && from.IPv6.IsValid() && d.Named && from.Subnet != nil && from.Subnet.DNS64 {
		t.byDNS64(from)
		return from, nil, 0
	}
	if !t.pkt.src.valid() {
		t.pkt.src = t.pkt.dst
		t.hopAt(Originate, from, arrival(from))
		return nil, nil, t.stopAt(NoRoute, from, "%s has no %s address", from.Name, f)
	}
	t.hopAt(Originate, from, arrival(from))
	if from.Kind == PodInterface && !from.HostNetwork {
		node, undos := t.beyondVPC(from)
		return node, undos, 0
	}
	return from, nil, 0
}

// send carries the packet from one interface to another, by as many between them as the routes say.
func (t *tracer) send(from, to *Interface, undos ...undo) Verdict {
	for range 8 {
		p := networkPath{from: from, to: to, undo: undos}
		by, out, v := t.carry(from, to)
		if v != 0 {
			return v
		}
		p.out = out
		if by == nil {
			t.paths = append(t.paths, p)
			return 0
		}
		p.to = by
		t.paths = append(t.paths, p)
		from, undos = by, []undo{t.translate(by)}
	}
	return t.stop(NoRoute, AtRouteTable, from.Ref, "the packet passes more than 8 NAT gateways: a loop")
}

// back carries the answer over the paths, last first.
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

// step is a packet that a route has led to its target.
type step struct {
	from, to *Interface
	route    *Route
	at       position
	first    bool // the route is of the sender's own table
}

// next is where a target leaves a packet. The zero value is at its end.
type next struct {
	at  position   // where it is routed next
	by  *Interface // that sends it on under its own address
	out Target     // by which it left the network
}

// carry moves the packet from an interface until it is at the destination, at one that sends it on (by), or out of the network. The
// order is the one AWS works in: the filters of the sender, of its subnet, routes; then the filters of the receiver's subnet, and its own.
func (t *tracer) carry(from, to *Interface) (by *Interface, out Target, v Verdict) {
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
		n, v := route.Target.carry(t, step{from, to, route, at, i == 0})
		if v != 0 || n.at == (position{}) {
			return n.by, n.out, v
		}
		at = n.at
	}
	return nil, nil, t.stop(NoRoute, AtRouteTable, from.Ref, "the routes send the packet in a loop")
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

// address is an interface's address of a family, as a field of the walked packet.
func (t *tracer) address(p *Interface, f Family) address {
	one := p.addr(f)
	if !one.IsValid() {
		return address{}
	}
	set := p.range4
	if f == IPv6 {
		set = p.range6
	}
	return t.walk.address(p.key(one), "address of "+p.Name, p.free, set, one)
}

// publicAddress is an interface's public IPv4 address. AWS chooses it: it may be any.
func (t *tracer) publicAddress(p *Interface) address {
	if !p.Public.IsValid() {
		return address{}
	}
	return t.walk.address(addressKey{noVPC, p.Public}, "public address of "+p.Name, assigned, t.net.global4, p.Public)
}

// port is the source port that an interface opens a connection from.
func (t *tracer) port(p *Interface) number {
	r := p.ephemeral()
	return t.number(portKey{p.Name, len(t.paths), len(t.hops)}, "source port of "+p.Name, every, netset.Between(r[0], r[1]), r[0])
}
