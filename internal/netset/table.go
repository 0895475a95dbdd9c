package netset

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"
)

// Table holds values by prefix and finds the longest prefix that contains an address: one map probe for each length in use,
// so that the time does not grow with the number of prefixes. The zero value is an empty table.
type Table[T any] struct {
	byPrefix map[netip.Prefix]T
	lengths  [2][]int // in use, of IPv4 and of IPv6, the longest first
}

// Add puts a value under a prefix, if there is none yet: the caller adds in order of preference. It returns the value that is
// there then. A prefix that is not valid adds nothing.
func (t *Table[T]) Add(p netip.Prefix, v T) T {
	p = p.Masked()
	if first, ok := t.byPrefix[p]; ok || !p.IsValid() {
		return first
	}
	if t.byPrefix == nil {
		t.byPrefix = map[netip.Prefix]T{}
	}
	t.byPrefix[p] = v
	lengths := &t.lengths[family(p.Addr())]
	i, found := slices.BinarySearchFunc(*lengths, p.Bits(), func(a, b int) int { return cmp.Compare(b, a) })
	if !found {
		*lengths = slices.Insert(*lengths, i, p.Bits())
	}
	return v
}

// family is the index of an address' family.
func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// Lookup returns the value of the longest prefix that contains an address, and the prefix' length; the zero value and -1 where
// there is none.
func (t *Table[T]) Lookup(a netip.Addr) (v T, bits int) {
	for p, v := range t.Matches(a) {
		return v, p.Bits()
	}
	return v, -1
}

// Matches returns every prefix that contains an address, with its value, the longest first.
func (t *Table[T]) Matches(a netip.Addr) iter.Seq2[netip.Prefix, T] {
	return func(yield func(netip.Prefix, T) bool) {
		for _, n := range t.lengths[family(a)] {
			p, err := a.Prefix(n)
			if err != nil {
				return
			}
			if v, ok := t.byPrefix[p]; ok && !yield(p, v) {
				return
			}
		}
	}
}
