package network

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// Sampling says which packets of a trace's question are taken, to be sent.
type Sampling struct {
	Max       int            // how many at most
	Seed      uint64         // one seed draws the same packets, anywhere
	Protocols netset.Numbers // those that can be sent
	// Used are the headers that other packets have on their way, which no packet may have that is sent beside them. Those of the
	// packets that are taken come to them.
	Used map[Header]bool
	// Given are the addresses that samples have given to interfaces beside their own, and the one that each is instead of.
	Given map[netip.Addr]netip.Addr
}

// Header is what tells one connection from another.
type Header struct {
	Src, Dst netip.AddrPort
	Proto    string
}

// Sample walks single packets of a trace's question, for callers in this module that send them. Of every region it takes some: inside
// it, at its corners, and one step outside, where another region begins. Each answer is the trace of one packet, with the hops,
// the verdict and the [Trace.Ends] of that packet; its Regions are those of t that hold the packet, which is one.
//
// An address that AWS gives at deployment is the one that the network's interfaces have. So is, in some, that of a Pod or a host whose
// subnet no rule divides.
func (n *Network) Sample(t Trace, of Sampling) []Trace {
	if t.from == nil {
		return nil
	}
	s := newSampler(n, t, of)
	var wishes [][]wish
	for _, r := range t.Regions {
		wishes = append(wishes, s.wishes(r))
	}
	var out []Trace
	for i := 0; len(out) < of.Max; i++ { // of each region in turn
		left := false
		for _, list := range wishes {
			if i < len(list) && len(out) < of.Max {
				left = true
				if one, ok := s.take(list[i]); ok {
					out = append(out, one)
				}
			}
		}
		if !left {
			break
		}
	}
	return out
}

// sampler draws packets of one question.
type sampler struct {
	net   *Network
	trace Trace
	from  *Interface
	of    Sampling
	rnd   *rand.Rand
	vars  map[any]variable // all that some packet of the question meets
	keys  []any
	fixed map[any]bool // what is in the network as it is built: addresses, which of two routes there is
	whole map[any]bool // addresses in subnets that no rule divides
	taken map[string]bool
}

func newSampler(n *Network, t Trace, of Sampling) *sampler {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, t.From, t.To, t.Query)
	s := &sampler{net: n, trace: t, from: n.anyone(t.from, *t.dest), of: of, rnd: rand.New(rand.NewPCG(h.Sum64(), of.Seed)),
		vars: map[any]variable{}, fixed: map[any]bool{}, whole: map[any]bool{}, taken: map[string]bool{}}
	split := map[any]bool{}
	for _, r := range t.Regions {
		for _, c := range r.cases {
			for _, v := range c.list {
				s.vars[v.key] = v
				split[v.key] = split[v.key] || v.narrowed()
			}
		}
	}
	for k, v := range s.vars {
		s.fixed[k] = v.free == assigned && k != destinationKey && k != targetPortKey
		s.whole[k] = v.address && v.free == every && !split[k] && s.inside(k)
	}
	s.keys = slices.SortedFunc(maps.Keys(s.vars), func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return s
}

// inside reports whether a variable is the address of an interface in a VPC.
func (s *sampler) inside(key any) bool {
	a, ok := key.(addressKey)
	return ok && !slices.ContainsFunc([]*Interface{s.from, s.trace.dest.To}, func(p *Interface) bool {
		return p.Outside() && (a == p.key(p.IPv4) || a == p.key(p.IPv6))
	})
}

// wish is a packet to look for: of a case, with one variable at an edge or several at the ends of what was asked.
type wish struct {
	of   *variables
	key  any // the variable at the edge; nil where there is none
	edge domain
	step int  // by which the edge may be left, into the set
	end  side // where variables that no decision narrows are taken
}

// side says where in its set a value is taken.
type side uint8

const (
	anywhere side = iota
	lowest
	highest
)

// wishes are the packets to look for in a region, the more telling first.
func (s *sampler) wishes(r Region) []wish {
	if len(s.trace.Regions) == 1 && len(r.cases) == 1 && !slices.ContainsFunc(r.cases[0].list, func(v variable) bool { return v.narrowed() }) {
		return unsplit(r.cases[0], s.of.Seed)
	}
	var first, rest []wish
	for _, c := range r.cases {
		first = append(first, wish{of: c})
		for _, v := range c.list {
			if s.fixed[v.key] || !v.narrowed() {
				continue
			}
			for _, e := range v.edges() {
				e.of = c
				rest = append(rest, e)
			}
		}
		rest = append(rest, wish{of: c, end: lowest}, wish{of: c, end: highest})
	}
	return append(first, rest...)
}

// unsplit are the packets to look for where all packets of a question fare alike: two of its lowest, its highest and one inside, which
// two by the seed, so that each comes of two traces in three.
func unsplit(c *variables, seed uint64) []wish {
	ends := [...]side{anywhere, lowest, highest}
	return []wish{{of: c, end: ends[seed%3]}, {of: c, end: ends[(seed+1)%3]}}
}

// edges are the values of a variable at which others of the question begin, and those others beside them.
func (v *variable) edges() []wish {
	var out []wish
	if v.key == protocolKey { // which has no order that a rule could go by
		return nil
	}
	one := v.now.single()
	add := func(in, beside domain, inward int) {
		if !one { // any packet of the case is at the edge
			out = append(out, wish{key: v.key, edge: in, step: inward})
		}
		out = append(out, wish{key: v.key, edge: beside})
	}
	address := func(in, beside netip.Addr, inward int) {
		if v.asked.addrs.Contains(beside) {
			add(domain{addrs: netset.One(in)}, domain{addrs: netset.One(beside)}, inward)
		}
	}
	number := func(in uint16, beside, inward int) {
		if beside >= 0 && beside <= 65535 && v.asked.numbers.Contains(uint16(beside)) {
			add(domain{numbers: netset.Just(in)}, domain{numbers: netset.Just(uint16(beside))}, inward)
		}
	}
	for _, r := range v.now.addrs.Ranges() {
		address(r.From(), r.From().Prev(), 1)
		address(r.To(), r.To().Next(), -1)
	}
	for _, s := range v.now.numbers.Spans() {
		number(s.From, int(s.From)-1, 1)
		number(s.To, int(s.To)+1, -1)
	}
	return out
}

func (d domain) single() bool {
	_, addr := d.addrs.Single()
	_, number := d.numbers.Single()
	return addr || number
}

// tries is how many packets are drawn for one wish until one can be sent beside the others.
const tries = 8

// take walks a packet that a wish is about; false where there is none that can be sent.
func (s *sampler) take(w wish) (Trace, bool) {
	for try := range tries {
		packet, ok := s.draw(w, try)
		if !ok {
			return Trace{}, false
		}
		name := s.name(packet)
		if s.taken[name] || !s.given(packet) {
			continue
		}
		one, ok := s.walk(packet)
		headers := headersOf(one)
		if !ok || slices.ContainsFunc(headers, func(h Header) bool { return s.of.Used[h] }) {
			continue
		}
		for _, h := range headers {
			s.of.Used[h] = true
		}
		s.taken[name] = true
		return one, true
	}
	return Trace{}, false
}

// given reports whether nobody else has the addresses that a packet has instead of the network's own, and notes who has them now.
func (s *sampler) given(packet map[any]domain) bool {
	for _, k := range s.keys {
		own, ok := k.(addressKey)
		a := packet[k].addrs.First()
		if !ok || a == own.one || !s.inside(k) {
			continue
		}
		if whose, ok := s.of.Given[a]; s.net.has(a) || ok && whose != own.one {
			return false
		}
		s.of.Given[a] = own.one
	}
	return true
}

// has reports whether an interface of the network has an address of its own.
func (n *Network) has(a netip.Addr) bool {
	if n.byAddr[a] != nil {
		return true
	}
	for _, v := range n.VPCs {
		if slices.ContainsFunc(v.NATs, func(g *NATGateway) bool { return g.Address() == a }) {
			return true
		}
		for _, s := range v.Subnets {
			if p := s.Prefix(FamilyOf(a)); p.Contains(a) && (a == hostAddr(p, anyHost) || a == hostAddr(p, anyHost+1)) {
				return true
			}
		}
	}
	return false
}

func (s *sampler) name(packet map[any]domain) string {
	var b strings.Builder
	for _, k := range s.keys {
		d := packet[k]
		fmt.Fprint(&b, d.addrs.First(), d.numbers.First(), " ")
	}
	return b.String()
}

// headersOf are the headers that a packet has on its way there.
func headersOf(t Trace) []Header {
	var out []Header
	for _, h := range t.Hops {
		for _, p := range []Packet{h.Before, h.After} {
			one := Header{Src: netip.AddrPortFrom(p.Src, p.SrcPort), Dst: netip.AddrPortFrom(p.Dst, p.DstPort), Proto: p.Proto.String()}
			if !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
	}
	return out
}

// walk follows one packet.
func (s *sampler) walk(packet map[any]domain) (Trace, bool) {
	r, forks := s.net.walk(packet, s.from, *s.trace.dest, false)
	if len(forks) > 0 {
		return Trace{}, false // the question falls into too many cases to know them all
	}
	one := Trace{Query: s.trace.Query, From: s.trace.From, To: s.trace.To, Verdict: r.Verdict, Hops: r.Hops, Return: r.Return, Assumptions: r.Assumptions,
		from: s.from, dest: s.trace.dest, one: packet}
	for _, in := range s.trace.Regions {
		if slices.ContainsFunc(in.cases, func(c *variables) bool { return c.holds(packet) }) {
			one.Regions = append(one.Regions, in)
		}
	}
	return one, true
}

// holds reports whether a case holds a packet, given by the values of all variables.
func (c *variables) holds(packet map[any]domain) bool {
	return !slices.ContainsFunc(c.list, func(v variable) bool {
		p := packet[v.key]
		return v.address && !v.now.addrs.Covers(p.addrs) || !v.address && !v.now.numbers.Covers(p.numbers)
	})
}

// draw gives every variable a value.
func (s *sampler) draw(w wish, try int) (map[any]domain, bool) {
	packet := map[any]domain{}
	for _, k := range s.keys {
		v := s.vars[k]
		v.now = v.asked
		for _, c := range w.of.list {
			if c.key == k {
				v.now = c.now
			}
		}
		if k == w.key {
			v.now = moved(w.edge, w.step*try, v)
		}
		d, ok := s.value(v, w, try)
		if !ok {
			return nil, false
		}
		packet[k] = d
	}
	return packet, true
}

// moved is an edge n steps into a variable's set, where it has that value.
func moved(edge domain, n int, v variable) domain {
	if a, ok := edge.addrs.Single(); ok && n != 0 {
		if b := netset.Plus(a, n); v.now.addrs.Contains(b) {
			return domain{addrs: netset.One(b)}
		}
	}
	if a, ok := edge.numbers.Single(); ok && n != 0 {
		if b := int(a) + n; b >= 0 && b <= 65535 && v.now.numbers.Contains(uint16(b)) {
			return domain{numbers: netset.Just(uint16(b))}
		}
	}
	return edge
}

// value is one value of a variable that can be sent; false where there is none.
func (s *sampler) value(v variable, w wish, try int) (domain, bool) {
	if s.fixed[v.key] || s.whole[v.key] && w.end == anywhere {
		own := ownValue(v)
		return own, v.now.addrs.Covers(own.addrs) && v.now.numbers.Covers(own.numbers)
	}
	at := w.end
	if v.narrowed() && v.key != w.key || s.whole[v.key] {
		at = anywhere
	}
	if v.address {
		return s.someAddress(v.now.addrs, at, try)
	}
	return s.someNumber(v, at, try)
}

// ownValue is what the network has as it is built: of an address the variable's key, where that is one, else the first.
func ownValue(v variable) domain {
	if a, ok := v.key.(addressKey); ok {
		return domain{addrs: netset.One(a.one)}
	}
	if p, ok := v.key.(backendPort); ok {
		return domain{numbers: netset.Just(uint16(p))}
	}
	if v.address {
		return domain{addrs: netset.One(v.asked.addrs.First())}
	}
	return domain{numbers: netset.Just(v.asked.numbers.First())}
}

// someAddress draws from a set: one of its prefixes, then an address in it.
func (s *sampler) someAddress(set netset.Addrs, at side, try int) (domain, bool) {
	var a netip.Addr
	switch list := set.Prefixes(); {
	case len(list) == 0:
		return domain{}, false
	case at == lowest:
		a = netset.Plus(set.First(), try)
	case at == highest:
		a = netset.Plus(set.Last(), -try)
	default:
		p := list[s.rnd.IntN(len(list))]
		b := p.Addr().AsSlice()
		for i := p.Bits(); i < len(b)*8; i++ {
			b[i/8] |= byte(s.rnd.IntN(2)) << (7 - i%8)
		}
		a, _ = netip.AddrFromSlice(b)
	}
	if !set.Contains(a) {
		a = set.First()
	}
	return domain{addrs: netset.One(a)}, true
}

// someNumber draws from a set of numbers: one of its spans, then a number in it. At an end of a set it keeps apart from the other
// traces of the network, whose packets have their ports there too.
func (s *sampler) someNumber(v variable, at side, try int) (domain, bool) {
	set := v.now.numbers
	if v.key == protocolKey {
		set = set.Intersect(s.of.Protocols)
	} else {
		set = set.Minus(netset.Just(0)) // of which no socket is
	}
	spans := set.Spans()
	if len(spans) == 0 {
		return domain{}, false
	}
	apart := uint16(s.of.Seed%256) + uint16(256*try)
	sp := spans[s.rnd.IntN(len(spans))]
	n := sp.From + uint16(s.rnd.IntN(int(sp.To)-int(sp.From)+1))
	switch {
	case at == lowest && set.Contains(set.First()+apart):
		n = set.First() + apart
	case at == highest && set.Contains(set.Last()-apart):
		n = set.Last() - apart
	}
	return domain{numbers: netset.Just(n)}, true
}

// sampled gives the ends of a sample the values of its packet.
func (t Trace) sampled(e *Ends) {
	if t.one == nil {
		return
	}
	first := t.Hops[0].Before
	e.Port = first.DstPort
	if d, ok := t.one[protocolKey]; ok {
		e.Proto = Proto(d.numbers.First())
	}
	for _, h := range t.Hops {
		if h.Component == AtKubeProxy && h.Action == DNAT {
			e.To.Port = h.After.DstPort
		}
	}
	for _, i := range []*Interface{&e.From, e.To, e.Front, e.Backend} {
		if i != nil {
			t.readdress(i)
		}
	}
}

// readdress gives an interface the addresses that a sample's packet has in their place.
func (t Trace) readdress(i *Interface) {
	beyond := i.Outside()
	for _, own := range []*netip.Addr{&i.IPv4, &i.IPv6, &i.NodeIPv6} {
		d, ok := t.one[i.key(*own)]
		if !ok || d.addrs.First() == *own {
			continue
		}
		if beyond {
			*own = d.addrs.First()
		} else if !slices.Contains(i.Instead, d.addrs.First()) {
			i.Instead = append(i.Instead, d.addrs.First())
		}
	}
}
