package netset

import (
	"net/netip"
	"strings"

	"go4.org/netipx"
)

// Addrs is a set of addresses. The zero value is the empty set. One set may hold both families.
type Addrs struct{ set *netipx.IPSet }

// Of returns the set of all addresses in some prefixes. A prefix that is not valid adds nothing.
func Of(prefixes ...netip.Prefix) Addrs {
	var b netipx.IPSetBuilder
	for _, p := range prefixes {
		if p.IsValid() {
			b.AddPrefix(p)
		}
	}
	return build(&b)
}

// One returns the set of a single address; the empty set where it is not valid.
func One(a netip.Addr) Addrs {
	if !a.IsValid() {
		return Addrs{}
	}
	var b netipx.IPSetBuilder
	b.Add(a)
	return build(&b)
}

// Range returns the set of the addresses from one to another, both included.
func Range(from, to netip.Addr) Addrs {
	var b netipx.IPSetBuilder
	b.AddRange(netipx.IPRangeFrom(from, to))
	return build(&b)
}

func build(b *netipx.IPSetBuilder) Addrs {
	s, err := b.IPSet()
	if err != nil { // only for ranges that are not valid, which no function here adds
		panic("netset: " + err.Error())
	}
	return Addrs{s}
}

// IsEmpty reports whether the set has no address.
func (s Addrs) IsEmpty() bool { return s.set == nil || len(s.set.Ranges()) == 0 }

// Contains reports whether an address is in the set.
func (s Addrs) Contains(a netip.Addr) bool { return s.set != nil && s.set.Contains(a) }

// Covers reports whether every address of another set is in the set.
func (s Addrs) Covers(o Addrs) bool {
	if o.IsEmpty() {
		return true
	}
	if s.set == nil {
		return false
	}
	for _, r := range o.set.Ranges() {
		if !s.set.ContainsRange(r) {
			return false
		}
	}
	return true
}

// Overlaps reports whether the sets share an address.
func (s Addrs) Overlaps(o Addrs) bool {
	if s.set == nil || o.set == nil {
		return false
	}
	for _, r := range o.set.Ranges() {
		if s.set.OverlapsRange(r) {
			return true
		}
	}
	return false
}

// Equal reports whether the sets have the same addresses.
func (s Addrs) Equal(o Addrs) bool {
	if s.IsEmpty() || o.IsEmpty() {
		return s.IsEmpty() && o.IsEmpty()
	}
	return s.set == o.set || s.set.Equal(o.set)
}

// Union returns the addresses in either set.
func (s Addrs) Union(o Addrs) Addrs {
	switch {
	case s.IsEmpty():
		return o
	case o.IsEmpty():
		return s
	}
	var b netipx.IPSetBuilder
	b.AddSet(s.set)
	b.AddSet(o.set)
	return build(&b)
}

// Intersect returns the addresses in both sets.
func (s Addrs) Intersect(o Addrs) Addrs {
	if s.IsEmpty() || o.IsEmpty() {
		return Addrs{}
	}
	var b netipx.IPSetBuilder
	b.AddSet(s.set)
	b.Intersect(o.set)
	return build(&b)
}

// Minus returns the addresses of the set that are not in another.
func (s Addrs) Minus(o Addrs) Addrs {
	if s.IsEmpty() || o.IsEmpty() {
		return s
	}
	var b netipx.IPSetBuilder
	b.AddSet(s.set)
	b.RemoveSet(o.set)
	return build(&b)
}

// First returns the lowest address, IPv4 before IPv6; not valid for the empty set.
func (s Addrs) First() netip.Addr {
	if s.IsEmpty() {
		return netip.Addr{}
	}
	return s.set.Ranges()[0].From()
}

// Last returns the highest address; not valid for the empty set.
func (s Addrs) Last() netip.Addr {
	if s.IsEmpty() {
		return netip.Addr{}
	}
	r := s.set.Ranges()
	return r[len(r)-1].To()
}

// Single returns the address of a set that has one only.
func (s Addrs) Single() (netip.Addr, bool) {
	if s.set == nil {
		return netip.Addr{}, false
	}
	r := s.set.Ranges()
	if len(r) != 1 || r[0].From() != r[0].To() {
		return netip.Addr{}, false
	}
	return r[0].From(), true
}

// Ranges returns the set as the fewest ranges, in order.
func (s Addrs) Ranges() []netipx.IPRange {
	if s.set == nil {
		return nil
	}
	return s.set.Ranges()
}

// Prefixes returns the set as the fewest disjoint prefixes, in order.
func (s Addrs) Prefixes() []netip.Prefix {
	if s.set == nil {
		return nil
	}
	return s.set.Prefixes()
}

// Within returns the fewest prefixes that hold the set's addresses and none of the others of a domain: addresses beyond the
// domain do not matter, so that half of the internet is 8000::/1 and not the seven prefixes that the reserved ranges leave of it.
// Addresses of the set that are not in the domain are left out.
func (s Addrs) Within(domain Addrs) []netip.Prefix {
	s = s.Intersect(domain)
	var out []netip.Prefix
	for _, root := range []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)} {
		out = within(out, root, s.Intersect(Of(root)), domain.Intersect(Of(root)))
	}
	return out
}

// within appends the prefixes for what set and domain have inside p.
func within(out []netip.Prefix, p netip.Prefix, set, domain Addrs) []netip.Prefix {
	switch {
	case set.IsEmpty():
		return out
	case set.Equal(domain):
		return append(out, common(set.First(), set.Last()))
	}
	lower, upper := Halves(p)
	out = within(out, lower, set.Intersect(Of(lower)), domain.Intersect(Of(lower)))
	return within(out, upper, set.Intersect(Of(upper)), domain.Intersect(Of(upper)))
}

// common returns the longest prefix that holds two addresses of one family.
func common(a, b netip.Addr) netip.Prefix {
	for bits := a.BitLen(); ; bits-- {
		if p := netip.PrefixFrom(a, bits); p.Contains(b) {
			return p.Masked()
		}
	}
}

// String writes the fewest prefixes, with commas between.
func (s Addrs) String() string { return join(s.Prefixes()) }

func join(list []netip.Prefix) string {
	text := make([]string, len(list))
	for i, p := range list {
		text[i] = p.String()
		if p.IsSingleIP() {
			text[i] = p.Addr().String()
		}
	}
	return strings.Join(text, ", ")
}

// Inside reports whether every address of the set is in a prefix.
func (s Addrs) Inside(p netip.Prefix) bool {
	for _, r := range s.Ranges() {
		if !p.Contains(r.From()) || !p.Contains(r.To()) {
			return false
		}
	}
	return true
}

// Meets reports whether an address of the set is in a prefix.
func (s Addrs) Meets(p netip.Prefix) bool {
	return s.set != nil && p.IsValid() && s.set.OverlapsPrefix(p)
}
