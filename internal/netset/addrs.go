package netset

import (
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
)

// Addrs is a set of addresses. The zero value is the empty set. One set may hold both families; an IPv4 address that is mapped
// into IPv6 is an IPv6 address. Addresses have no zone here.
type Addrs struct{ set spans[netip.Addr] }

// Of returns the set of all addresses in some prefixes. A prefix that is not valid adds nothing.
func Of(prefixes ...netip.Prefix) Addrs {
	list := make([]span[netip.Addr], 0, len(prefixes))
	for _, p := range prefixes {
		if p.IsValid() {
			list = append(list, all(p))
		}
	}
	return Addrs{spansOf(list)}
}

func all(p netip.Prefix) span[netip.Addr] { return span[netip.Addr]{p.Masked().Addr(), Last(p)} }

// One returns the set of a single address; the empty set where it is not valid.
func One(a netip.Addr) Addrs { return Range(a, a) }

// Range returns the set of the addresses from one to another, both included: the empty set where from is after to, or one of
// them is not valid, or of another family.
func Range(from, to netip.Addr) Addrs {
	from, to = from.WithZone(""), to.WithZone("")
	if !netipx.IPRangeFrom(from, to).IsValid() {
		return Addrs{}
	}
	return Addrs{spans[netip.Addr]{{from, to}}}
}

// IsEmpty reports whether the set has no address.
func (s Addrs) IsEmpty() bool { return len(s.set) == 0 }

// Contains reports whether an address is in the set. One with a zone is not.
func (s Addrs) Contains(a netip.Addr) bool { return a.Zone() == "" && s.set.contains(a) }

// Covers reports whether every address of another set is in the set.
func (s Addrs) Covers(o Addrs) bool { return s.set.covers(o.set) }

// Overlaps reports whether the sets share an address.
func (s Addrs) Overlaps(o Addrs) bool { return s.set.overlaps(o.set) }

// Inside reports whether every address of the set is in a prefix.
func (s Addrs) Inside(p netip.Prefix) bool {
	for _, r := range s.set {
		if !p.Contains(r.from) || !p.Contains(r.to) {
			return false
		}
	}
	return true
}

// Meets reports whether an address of the set is in a prefix.
func (s Addrs) Meets(p netip.Prefix) bool {
	if !p.IsValid() {
		return false
	}
	i := s.set.after(p.Masked().Addr())
	return i < len(s.set) && (p.Contains(s.set[i].from) || s.set[i].from.Less(p.Addr()))
}

// Equal reports whether the sets have the same addresses.
func (s Addrs) Equal(o Addrs) bool { return slices.Equal(s.set, o.set) }

// Union returns the addresses in either set.
func (s Addrs) Union(o Addrs) Addrs { return Addrs{s.set.union(o.set)} }

// Intersect returns the addresses in both sets.
func (s Addrs) Intersect(o Addrs) Addrs { return Addrs{s.set.intersect(o.set)} }

// Minus returns the addresses of the set that are not in another.
func (s Addrs) Minus(o Addrs) Addrs { return Addrs{s.set.minus(o.set)} }

// First returns the lowest address, IPv4 before IPv6; not valid for the empty set.
func (s Addrs) First() netip.Addr {
	if s.IsEmpty() {
		return netip.Addr{}
	}
	return s.set[0].from
}

// Last returns the highest address; not valid for the empty set.
func (s Addrs) Last() netip.Addr {
	if s.IsEmpty() {
		return netip.Addr{}
	}
	return s.set[len(s.set)-1].to
}

// Single returns the address of a set that has one only.
func (s Addrs) Single() (netip.Addr, bool) { return s.set.single() }

// Ranges returns the set as the fewest ranges, in order.
func (s Addrs) Ranges() []netipx.IPRange {
	out := make([]netipx.IPRange, len(s.set))
	for i, r := range s.set {
		out[i] = netipx.IPRangeFrom(r.from, r.to)
	}
	return out
}

// Prefixes returns the set as the fewest disjoint prefixes, in order.
func (s Addrs) Prefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, r := range s.set {
		out = netipx.IPRangeFrom(r.from, r.to).AppendPrefixes(out)
	}
	return out
}

// Within returns the fewest prefixes that hold the set's addresses and none of the others of a domain: addresses beyond the
// domain do not matter, so that half of the internet is 8000::/1 and not the seven prefixes that the reserved ranges leave of it.
// Addresses of the set that are not in the domain are left out.
func (s Addrs) Within(domain Addrs) []netip.Prefix {
	s = s.Intersect(domain)
	var out []netip.Prefix
	for _, root := range []netip.Prefix{Every4, Every6} {
		out = within(out, root, s.set, domain.set)
	}
	return out
}

// within appends the prefixes for what set and domain have inside p.
func within(out []netip.Prefix, p netip.Prefix, set, domain spans[netip.Addr]) []netip.Prefix {
	in := all(p)
	set = set.cut(in.from, in.to)
	if len(set) == 0 {
		return out
	}
	p = common(most(in.from, set[0].from), least(in.to, set[len(set)-1].to))
	in = all(p)
	domain = domain.cut(in.from, in.to)
	if sameIn(in, set, domain) {
		return append(out, p)
	}
	lower, upper := Halves(p)
	return within(within(out, lower, set, domain), upper, set, domain)
}

// sameIn reports whether two sets have the same addresses in a span in which both have some.
func sameIn(in span[netip.Addr], a, b spans[netip.Addr]) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if most(a[i].from, in.from) != most(b[i].from, in.from) || least(a[i].to, in.to) != least(b[i].to, in.to) {
			return false
		}
	}
	return true
}

// common returns the longest prefix that holds two addresses of one family.
func common(a, b netip.Addr) netip.Prefix {
	p := netip.PrefixFrom(a, a.BitLen())
	for !p.Contains(b) {
		p = netip.PrefixFrom(a, p.Bits()-1)
	}
	return p.Masked()
}

// String writes the fewest prefixes, with commas between.
func (s Addrs) String() string { return Text(s.Prefixes()) }

// Text writes prefixes with commas between, an address without its length.
func Text(list []netip.Prefix) string {
	text := make([]string, len(list))
	for i, p := range list {
		text[i] = p.String()
		if p.IsSingleIP() {
			text[i] = p.Addr().String()
		}
	}
	return strings.Join(text, ", ")
}
