package netset

import (
	"net/netip"

	"go4.org/netipx"
)

// Plus returns the address n steps after a. It wraps at the end of the family.
func Plus(a netip.Addr, n int) netip.Addr {
	b := a.AsSlice()
	for i := len(b) - 1; i >= 0 && n > 0; i-- {
		n += int(b[i])
		b[i] = byte(n)
		n >>= 8
	}
	out, _ := netip.AddrFromSlice(b)
	return out
}

// Last returns the highest address of a prefix.
func Last(p netip.Prefix) netip.Addr { return netipx.PrefixLastIP(p) }

// Halves returns the two halves of a prefix. A prefix of one address is its own lower half.
func Halves(p netip.Prefix) (lower, upper netip.Prefix) {
	p = p.Masked()
	if p.IsSingleIP() {
		return p, netip.Prefix{}
	}
	b := p.Addr().AsSlice()
	b[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	half, _ := netip.AddrFromSlice(b)
	return netip.PrefixFrom(p.Addr(), p.Bits()+1), netip.PrefixFrom(half, p.Bits()+1)
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
	var b netipx.IPSetBuilder
	for _, r := range s.Ranges() {
		if r.From().Is4() {
			b.AddRange(netipx.IPRangeFrom(Embed(prefix, r.From()), Embed(prefix, r.To())))
		}
	}
	return build(&b)
}

// EmbeddedAll returns [Embedded] of every address of a set that lies in a /96 prefix.
func EmbeddedAll(prefix netip.Prefix, s Addrs) Addrs {
	var b netipx.IPSetBuilder
	for _, r := range s.Intersect(Of(prefix)).Ranges() {
		b.AddRange(netipx.IPRangeFrom(Embedded(r.From()), Embedded(r.To())))
	}
	return build(&b)
}
