package network

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// A question is about many packets, and the tracer walks one of them at a time. Every field of the walked packet is a value of a
// variable, whose domain are the values that the field may have. A decision that the walk makes on a field narrows the domain to
// the values on which the decision is the same; the other values are put aside as a fork, and walked later. So each walk ends
// with a region: all the packets that fare as the walked one does. The regions of a question are disjoint, and together they are
// the question.
//
// No code may look at the value of a field but by the methods of [walk] and [address.is], or the region would be too wide.

// freedom says who decides over the value of a variable.
type freedom uint8

const (
	// assigned is one value that AWS gives at deployment, such as the address of an instance.
	assigned freedom = iota
	// every value occurs: a source port, an address of a Pod. A flow that must pass is missed where one value fails.
	every
	// chosen values are the asker's: the destination on the internet, the port.
	chosen
)

// domain is the set of values that a variable may have: of addresses or of numbers.
type domain struct {
	addrs   netset.Addrs
	numbers netset.Numbers
}

// variable is what a field's value is of.
type variable struct {
	key     any
	name    string
	free    freedom
	asked   domain // at the start of the question
	now     domain // what is left after the decisions of this walk
	address bool
	names   []string // of a choice: what each number stands for
}

// address is an address of the walked packet. one is the value that is walked; as says how it follows from the variable's.
type address struct {
	one netip.Addr
	of  *variable // nil for an address that cannot be another
	as  mapping
}

// mapping is how an address follows from the value of its variable.
type mapping uint8

const (
	itself    mapping = iota
	embedded          // the IPv4 address in 64:ff9b::/96
	extracted         // the last 32 bits of an address in 64:ff9b::/96
)

func fixedAddress(a netip.Addr) address { return address{one: a} }

// embed is the address that DNS64 answers with for an IPv4 address (RFC 6052); extract takes it back.
func (a address) embed() address {
	return address{one: netset.Embed(nat64, a.one), of: a.of, as: embedded}
}

func (a address) extract() address {
	as := extracted
	if a.as == embedded {
		as = itself
	}
	return address{one: netset.Embedded(a.one), of: a.of, as: as}
}

func (a address) valid() bool { return a.one.IsValid() }

func (a address) family() Family { return FamilyOf(a.one) }

// number is a port or a protocol of the walked packet.
type number struct {
	one uint16
	of  *variable
}

func fixedNumber(n uint16) number { return number{one: n} }

// header is what routes and filters look at, of the walked packet.
type header struct {
	src, dst         address
	proto            number
	srcPort, dstPort number
}

func (h header) family() Family { return h.dst.family() }

// reply is the header of the answer.
func (h header) reply() header {
	return header{src: h.dst, dst: h.src, proto: h.proto, srcPort: h.dstPort, dstPort: h.srcPort}
}

// packet is the header as it is shown.
func (h header) packet() Packet {
	return Packet{Src: h.src.one, Dst: h.dst.one, Proto: Proto(h.proto.one), SrcPort: h.srcPort.one, DstPort: h.dstPort.one}
}

// service is the protocol and the destination port, as in tcp/443.
func (h header) service() string {
	p := Proto(h.proto.one)
	if p != TCP && p != UDP && p != SCTP {
		return p.String()
	}
	return fmt.Sprintf("%s/%d", p, h.dstPort.one)
}

// walk is the state of the variables in one walk.
type walk struct {
	start map[any]domain // where this walk's variables start, by key; absent where the whole question is asked
	vars  []*variable
	byKey map[any]*variable
	forks []map[any]domain
}

func newWalk(start map[any]domain) *walk { return &walk{start: start, byKey: map[any]*variable{}} }

// variable returns the variable of a key, made with a domain when it is asked for first.
func (w *walk) variable(key any, name string, free freedom, d domain) *variable {
	if v := w.byKey[key]; v != nil {
		return v
	}
	v := &variable{key: key, name: name, free: free, asked: d, now: d, address: !d.addrs.IsEmpty()}
	if s, ok := w.start[key]; ok {
		v.now = s
	}
	w.byKey[key] = v
	w.vars = append(w.vars, v)
	return v
}

// address makes an address field; prefer is walked where the domain has it.
func (w *walk) address(key any, name string, free freedom, set netset.Addrs, prefer netip.Addr) address {
	if _, one := set.Single(); one || set.IsEmpty() {
		return address{one: prefer}
	}
	v := w.variable(key, name, free, domain{addrs: set})
	if !v.now.addrs.Contains(prefer) {
		prefer = v.now.addrs.First()
	}
	return address{one: prefer, of: v}
}

// number makes a port or protocol field; prefer is walked where the domain has it.
func (w *walk) number(key any, name string, free freedom, set netset.Numbers, prefer uint16) number {
	if n, one := set.Single(); one {
		return number{one: n}
	}
	v := w.variable(key, name, free, domain{numbers: set})
	if !v.now.numbers.Contains(prefer) {
		prefer = v.now.numbers.First()
	}
	return number{one: prefer, of: v}
}

// narrow leaves a variable the part of its domain where a decision is the same, and puts the rest aside.
func (w *walk) narrow(v *variable, keep, rest domain) {
	fork := make(map[any]domain, len(w.start)+len(w.vars))
	maps.Copy(fork, w.start)
	for _, o := range w.vars {
		fork[o.key] = o.now
	}
	fork[v.key] = rest
	w.forks = append(w.forks, fork)
	v.now = keep
}

// in reports whether an address is in a set.
func (w *walk) in(a address, set netset.Addrs) bool {
	got := set.Contains(a.one)
	if a.of == nil {
		return got
	}
	switch a.as {
	case embedded:
		set = netset.EmbeddedAll(nat64, set)
	case extracted:
		set = netset.EmbedAll(nat64, set)
	default:
	}
	now := a.of.now.addrs
	switch {
	case got && set.Covers(now), !got && !set.Overlaps(now):
	case got:
		w.narrow(a.of, domain{addrs: now.Intersect(set)}, domain{addrs: now.Minus(set)})
	default:
		w.narrow(a.of, domain{addrs: now.Minus(set)}, domain{addrs: now.Intersect(set)})
	}
	return got
}

// inPrefix reports whether an address is in a prefix.
func (w *walk) inPrefix(a address, p netip.Prefix) bool {
	got := p.Contains(a.one)
	if a.of == nil {
		return got
	}
	if a.as == itself { // most often it needs no set
		now := a.of.now.addrs
		if got && now.Inside(p) || !got && !now.Meets(p) {
			return got
		}
	}
	return w.in(a, netset.Of(p))
}

// oneOf reports whether a number is in a set.
func (w *walk) oneOf(n number, set netset.Numbers) bool {
	got := set.Contains(n.one)
	if n.of == nil {
		return got
	}
	now := n.of.now.numbers
	same, other := now.Intersect(set), now.Minus(set)
	if !got {
		same, other = other, same
	}
	if !other.IsEmpty() {
		w.narrow(n.of, domain{numbers: same}, domain{numbers: other})
	}
	return got
}

// between reports whether a number is one of a span.
func (w *walk) between(n number, from, to uint16) bool {
	if n.of == nil { // most often it needs no set
		return from <= n.one && n.one <= to
	}
	return w.oneOf(n, netset.Between(from, to))
}

// is reports whether two addresses are the same one, whatever their variable's value is.
func (a address) is(b address) bool {
	if a.of != nil || b.of != nil {
		return a.of == b.of && a.as == b.as
	}
	return a.one == b.one
}

// among finds the first of some prefixes that holds an address; -1 where none does. The decision is that one does: it is the
// same for all that the prefixes hold together.
func (t *tracer) among(a address, list []netip.Prefix) int {
	i := slices.IndexFunc(list, func(p netip.Prefix) bool { return p.Contains(a.one) })
	if a.of == nil {
		return i
	}
	if i >= 0 && a.as == itself && a.of.now.addrs.Inside(list[i]) {
		return i
	}
	t.in(a, netset.Of(list...))
	return i
}
