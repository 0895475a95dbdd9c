package netset

import (
	"encoding/binary"
	"net/netip"

	"go4.org/netipx"
)

// All addresses of a family.
var (
	Every4 = netip.MustParsePrefix("0.0.0.0/0")
	Every6 = netip.MustParsePrefix("::/0")
)

// Holds reports whether every address of a prefix is in another.
func Holds(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// Plus returns the address n steps after a, or before it where n is negative. It wraps at the end of the family.
func Plus(a netip.Addr, n int) netip.Addr {
	b := a.As16()
	for i := len(b) - 1; i >= len(b)-a.BitLen()/8; i-- {
		sum := int(b[i]) + n&0xff
		b[i] = byte(sum)
		n = n>>8 + sum>>8
	}
	return like(a, b)
}

// like returns the address in b, of the family of a; an invalid one has none.
func like(a netip.Addr, b [16]byte) netip.Addr {
	switch {
	case a.Is4():
		return netip.AddrFrom4([4]byte(b[12:]))
	case a.Is6():
		return netip.AddrFrom16(b)
	}
	return netip.Addr{}
}

// Last returns the highest address of a prefix.
func Last(p netip.Prefix) netip.Addr { return netipx.PrefixLastIP(p) }

// Halves returns the two halves of a prefix. A prefix of one address is its own lower half.
func Halves(p netip.Prefix) (lower, upper netip.Prefix) {
	lower, ok := Part(p, p.Bits()+1, 0)
	if !ok {
		return p, netip.Prefix{}
	}
	upper, _ = Part(p, p.Bits()+1, 1)
	return lower, upper
}

// Part returns the nth of the equal parts of a prefix whose length is bits, counted from 0; where n is negative, counted from the
// end: the last one is -1. It is not ok where there is no such part.
func Part(p netip.Prefix, bits, n int) (part netip.Prefix, ok bool) {
	first := p.Masked()
	if n < 0 {
		first = netip.PrefixFrom(Last(p), bits).Masked()
		n = ^n
	}
	room := bits - p.Bits()
	if !p.IsValid() || room < 0 || bits > p.Addr().BitLen() || room < 63 && n >= 1<<room {
		return netip.Prefix{}, false
	}
	// The bits that count the parts are all zero in the first part and all one in the last.
	b := first.Addr().As16()
	shift := p.Addr().BitLen() - bits
	high, low := uint64(n)<<max(shift-64, 0)>>max(64-shift, 0), uint64(n)<<shift
	binary.BigEndian.PutUint64(b[:8], binary.BigEndian.Uint64(b[:8])^high)
	binary.BigEndian.PutUint64(b[8:], binary.BigEndian.Uint64(b[8:])^low)
	return netip.PrefixFrom(like(p.Addr(), b), bits), true
}

// Embed returns the IPv6 address that holds an IPv4 address in the last 32 bits of a /96 prefix (RFC 6052).
func Embed(prefix netip.Prefix, four netip.Addr) netip.Addr {
	b := prefix.Addr().As16()
	a := four.As4()
	copy(b[12:], a[:])
	return netip.AddrFrom16(b)
}

// Embedded returns the IPv4 address in the last 32 bits of an IPv6 address.
func Embedded(six netip.Addr) netip.Addr {
	b := six.As16()
	return netip.AddrFrom4([4]byte(b[12:]))
}

// EmbedAll returns [Embed] of every IPv4 address of a set.
func EmbedAll(prefix netip.Prefix, s Addrs) Addrs {
	in := all(Every4)
	s.set = s.set.cut(in.from, in.to)
	out := make(spans[netip.Addr], len(s.set))
	for i, r := range s.set {
		out[i] = span[netip.Addr]{Embed(prefix, r.from), Embed(prefix, r.to)}
	}
	return Addrs{out}
}

// EmbeddedAll returns [Embedded] of every address of a set that lies in a /96 prefix.
func EmbeddedAll(prefix netip.Prefix, s Addrs) Addrs {
	s = s.Intersect(Of(netip.PrefixFrom(prefix.Addr(), 96)))
	out := make(spans[netip.Addr], len(s.set))
	for i, r := range s.set {
		out[i] = span[netip.Addr]{Embedded(r.from), Embedded(r.to)}
	}
	return Addrs{out}
}
