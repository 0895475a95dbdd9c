package network_test

import (
	"net/netip"
	"slices"
)

// This is the tracer once more, as simple as it can be: it takes one packet, with every field given, through a network of the plain
// values below, in the order that AWS's documentation gives, and says where it is lost. It knows no sets and no templates, and shares
// no code with the tracer: TestBruteForce holds the two against each other.

type naiveNetwork struct {
	vpcs     []*naiveVPC
	peerings []*naivePeering
	hosts    []*naiveHost
	nats     []*naiveNAT
}

type naiveVPC struct {
	id        string
	four, six netip.Prefix
	attached  bool // an internet gateway
	subnets   []*naiveSubnet
	groups    []*naiveGroup
}

type naivePeering struct {
	id   string
	a, b *naiveVPC
}

type naiveSubnet struct {
	id        string
	vpc       *naiveVPC
	four, six netip.Prefix
	routes    []naiveRoute
	own       bool // it has a network ACL with entries of its own; the default one allows everything
	entries   []naiveEntry
}

type naiveRoute struct {
	destination netip.Prefix
	kind        string // internet, egress-only, nat, peering, nothing
	vpc         *naiveVPC
	nat         *naiveNAT
	peering     *naivePeering
}

type naiveMatch struct {
	proto    int // -1 for all
	from, to uint16
	prefix   netip.Prefix
}

type naiveEntry struct {
	naiveMatch
	number        int
	egress, allow bool
}

type naiveGroup struct {
	id              string
	ingress, egress []naiveRule // without any, EC2 gives egress to everywhere
}

type naiveRule struct {
	naiveMatch
	group *naiveGroup // instead of the prefix
}

type naiveHost struct {
	id       string
	subnet   *naiveSubnet
	groups   []*naiveGroup
	four     netip.Addr // where it is written down
	six      netip.Addr
	speaks6  bool
	internet bool // it has a public IPv4 address
}

type naiveNAT struct {
	id     string
	subnet *naiveSubnet
	public bool
	four   netip.Addr // where it is written down
}

// naiveEnd is where a packet starts or ends, with the values that this packet's walk gives it.
type naiveEnd struct {
	subnet     *naiveSubnet // nil on the internet
	groups     []*naiveGroup
	unfiltered bool
	four, six  netip.Addr
	public     netip.Addr // not valid where it has none
	nat        *naiveNAT
}

type naivePacket struct {
	src, dst     netip.Addr
	proto        uint8
	sport, dport uint16
}

func (p naivePacket) answer() naivePacket {
	return naivePacket{p.dst, p.src, p.proto, p.dport, p.sport}
}

// naiveWalk is a packet's walk: what is given, and where the packet was lost.
type naiveWalk struct {
	*naiveNetwork
	nat  func(*naiveNAT) (four netip.Addr, port uint16)
	lost string // "security group", "network ACL", "way"
}

func (w *naiveWalk) lose(where string) bool {
	w.lost = where
	return false
}

// naiveTrip is a part of the way without translation at a NAT gateway.
type naiveTrip struct {
	from, to naiveEnd
	left     string // the kind of gateway by which it left for the internet
	before   naivePacket
}

// passes takes a packet from one end to the other, and its answer back.
func (w *naiveWalk) passes(p naivePacket, from, to naiveEnd) bool {
	var trips []naiveTrip
	switch from.subnet {
	case nil:
		if !w.enters(&p, from, to) {
			return false
		}
		trips = append(trips, naiveTrip{from: from, to: to})
	default:
		for {
			if len(trips) == 8 {
				return w.lose("way")
			}
			trip := naiveTrip{from: from, to: to, before: p}
			nat, left, ok := w.leaves(&p, from, to, "")
			if !ok {
				return false
			}
			trip.left = left
			if nat == nil {
				trips = append(trips, trip)
				break
			}
			// A NAT gateway sends the packet on as its own.
			gateway := naiveEnd{subnet: nat.subnet, unfiltered: true, nat: nat}
			gateway.four, p.sport = w.nat(nat)
			p.src = gateway.four
			if nat.public {
				gateway.public = netip.MustParseAddr("198.51.100.1")
			}
			trip.to = gateway
			trips = append(trips, trip)
			from = gateway
		}
	}
	p = p.answer()
	for i, trip := range slices.Backward(trips) {
		if trip.to.subnet == nil { // the gateway knows the connection, and gives the host's own address back
			if trip.from.subnet != nil && p.dst.Is4() {
				p.dst = trip.from.four
			}
			if !w.arrives(p, trip.to, trip.from, false, true) {
				return false
			}
		} else if _, _, ok := w.leaves(&p, trip.to, trip.from, trip.answered()); !ok {
			return false
		}
		if i > 0 { // the NAT gateway at the trip's start undoes what it did
			p = trips[i-1].before.answer()
		}
	}
	return true
}

// answered says that the answer of a trip is one, and by which gateway the trip left, if by any.
func (t naiveTrip) answered() string {
	if t.left != "" {
		return t.left
	}
	return "answer"
}

// leaves takes a packet from an end in a VPC to the other end, to a NAT gateway, or to the internet. answering is "" for a new
// connection, else the kind of gateway by which the connection left for the internet, or "answer".
func (w *naiveWalk) leaves(p *naivePacket, from, to naiveEnd, answering string) (by *naiveNAT, left string, ok bool) {
	subnet, vpc := from.subnet, from.subnet.vpc
	if answering == "" && !w.admits(*p, from, to, true) {
		return nil, "", w.lose("security group")
	}
	inside := to.subnet != nil
	if inside && to.subnet == subnet && (p.dst == to.four || p.dst == to.six) {
		return nil, "", w.arrives(*p, from, to, true, answering != "")
	}
	r := subnet.route(p.dst)
	stays := r.kind == "nat" && r.nat.subnet == subnet
	if !stays && !w.entries(subnet, *p, true) {
		return nil, "", w.lose("network ACL")
	}
	six := p.dst.Is6()
	switch r.kind {
	case "local":
		if !inside || to.subnet.vpc != vpc || p.dst != to.four && p.dst != to.six {
			return nil, "", w.lose("way")
		}
		return nil, "", w.arrives(*p, from, to, false, answering != "")
	case "peering":
		other := r.peering.a
		if other == vpc {
			other = r.peering.b
		} else if r.peering.b != vpc {
			return nil, "", w.lose("way")
		}
		if other.four.Overlaps(vpc.four) || other.six.Overlaps(vpc.six) || !inside || to.subnet.vpc != other {
			return nil, "", w.lose("way")
		}
		return nil, "", w.arrives(*p, from, to, false, answering != "")
	case "nat":
		same := r.nat.subnet.vpc == vpc
		if to.nat == r.nat && same { // the answer to what it translated
			return nil, "", w.arrives(*p, from, to, subnet == to.subnet, true)
		}
		onLink := subnet.four.Contains(p.dst) // no router is asked
		if six || !same || answering != "" || from.nat == r.nat || onLink {
			return nil, "", w.lose("way")
		}
		if inside && r.nat.subnet.route(p.dst).kind == "internet" { // it would leave for the internet with a private destination
			return nil, "", w.lose("way")
		}
		if r.nat.subnet != subnet && !w.entries(r.nat.subnet, *p, false) {
			return nil, "", w.lose("network ACL")
		}
		return r.nat, "", true
	case "internet", "egress-only":
		if r.vpc != vpc || r.kind == "internet" && !vpc.attached || !naiveGlobal(p.dst) {
			return nil, "", w.lose("way")
		}
		if r.kind == "egress-only" && (!six || answering != "") {
			return nil, "", w.lose("way")
		}
		if six && (!vpc.six.Contains(p.src) || !naiveGlobal(p.src)) || !six && !from.public.IsValid() {
			return nil, "", w.lose("way")
		}
		if !inside {
			return nil, r.kind, true
		}
		// To another VPC by the internet: IPv6 only, and answers only where the connection took this way.
		if !six || answering == "answer" {
			return nil, "", w.lose("way")
		}
		if answering != "" {
			return nil, "", w.arrives(*p, naiveEnd{}, to, false, true)
		}
		return nil, r.kind, w.enters(p, naiveEnd{}, to)
	}
	return nil, "", w.lose("way")
}

// enters takes a new connection from the internet to an end in a VPC.
func (w *naiveWalk) enters(p *naivePacket, from, to naiveEnd) bool {
	vpc := to.subnet.vpc
	if !vpc.attached {
		return w.lose("way")
	}
	if p.dst.Is6() {
		if !vpc.six.Contains(p.dst) || !naiveGlobal(p.dst) {
			return w.lose("way")
		}
	} else if !to.public.IsValid() {
		return w.lose("way")
	}
	// The gateway serves a subnet whose table sends the client's address to it.
	if r := to.subnet.route(p.src); r.kind != "internet" || r.vpc != vpc {
		return w.lose("way")
	}
	if p.dst.Is4() {
		p.dst = to.four
	}
	return w.arrives(*p, from, to, false, false)
}

// arrives asks the filters of the destination: its subnet's network ACL, and, of a new connection, its security groups.
func (w *naiveWalk) arrives(p naivePacket, from, to naiveEnd, within, answer bool) bool {
	if to.subnet == nil {
		return true
	}
	if !within && !w.entries(to.subnet, p, false) {
		return w.lose("network ACL")
	}
	if !answer && !w.admits(p, from, to, false) {
		return w.lose("security group")
	}
	return true
}

// route is the route with the longest prefix; the VPC's own ranges are routes of every table, which win where the length is the same.
func (s *naiveSubnet) route(a netip.Addr) naiveRoute {
	best := naiveRoute{kind: "none"}
	bits := -1
	for _, own := range []netip.Prefix{s.vpc.four, s.vpc.six} {
		if own.IsValid() && own.Contains(a) {
			best, bits = naiveRoute{kind: "local"}, own.Bits()
		}
	}
	for _, r := range s.routes {
		if r.destination.Contains(a) && r.destination.Bits() > bits {
			best, bits = r, r.destination.Bits()
		}
	}
	return best
}

// entries asks a network ACL: of the entries that match, the one with the lowest number decides.
func (w *naiveWalk) entries(s *naiveSubnet, p naivePacket, egress bool) bool {
	if !s.own {
		return p.dst.Is4() || s.vpc.six.IsValid()
	}
	peer := p.src
	if egress {
		peer = p.dst
	}
	number, allow := 1<<16, false
	for _, e := range s.entries {
		if e.egress == egress && e.number < number && e.matches(p, peer) {
			number, allow = e.number, e.allow
		}
	}
	return allow
}

func (m naiveMatch) matches(p naivePacket, peer netip.Addr) bool {
	return m.covers(p) && m.prefix.Contains(peer)
}

func (m naiveMatch) covers(p naivePacket) bool {
	if m.proto < 0 {
		return true
	}
	if int(p.proto) != m.proto {
		return false
	}
	return p.proto != 6 && p.proto != 17 || m.from <= p.dport && p.dport <= m.to
}

// admits asks the security groups of one end about the other: one rule that matches is enough.
func (w *naiveWalk) admits(p naivePacket, from, to naiveEnd, egress bool) bool {
	here, there, peer := to, from, p.src
	if egress {
		here, there, peer = from, to, p.dst
	}
	if here.unfiltered {
		return true
	}
	for _, g := range here.groups {
		rules := g.ingress
		if egress {
			if rules = g.egress; len(rules) == 0 && (peer.Is4() || here.subnet.vpc.six.IsValid()) {
				return true
			}
		}
		for _, r := range rules {
			if r.group == nil && r.matches(p, peer) {
				return true
			}
			if r.group != nil && r.covers(p) && there.subnet != nil && slices.Contains(there.groups, r.group) && w.refers(here.subnet.vpc, there.subnet.vpc) {
				return true
			}
		}
	}
	return false
}

// refers reports whether rules of one VPC's groups may name groups of another.
func (w *naiveWalk) refers(a, b *naiveVPC) bool {
	return a == b || slices.ContainsFunc(w.peerings, func(p *naivePeering) bool { return p.a == a && p.b == b || p.a == b && p.b == a })
}
