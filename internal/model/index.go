package model

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
)

// prefixIndex finds the longest prefix that contains an address: one map probe for each length in use,
// so that the time does not grow with the number of routes.
type prefixIndex[T any] struct {
	byPrefix  map[netip.Prefix]T
	bits4     []int // lengths in use, longest first
	bits6     []int
	uncertain []T // entries of unknown prefix
}

// add keeps the first entry for a prefix: the caller adds in order of preference.
func (x *prefixIndex[T]) add(p netip.Prefix, v T) {
	if x.byPrefix == nil {
		x.byPrefix = map[netip.Prefix]T{}
	}
	p = p.Masked()
	if _, ok := x.byPrefix[p]; ok {
		return
	}
	x.byPrefix[p] = v
	bits := &x.bits6
	if p.Addr().Is4() {
		bits = &x.bits4
	}
	i, found := slices.BinarySearchFunc(*bits, p.Bits(), func(a, b int) int { return cmp.Compare(b, a) })
	if !found {
		*bits = slices.Insert(*bits, i, p.Bits())
	}
}

// lookup returns the entry of the longest prefix and its length, or the zero value and -1.
func (x *prefixIndex[T]) lookup(a netip.Addr) (v T, bits int) {
	if x == nil {
		return v, -1
	}
	lens := x.bits6
	if a.Is4() {
		lens = x.bits4
	}
	for _, n := range lens {
		p, err := a.Prefix(n)
		if err != nil {
			continue
		}
		if hit, ok := x.byPrefix[p]; ok {
			return hit, n
		}
	}
	return v, -1
}

// each calls f with every entry whose prefix contains an address, the longest first.
func (x *prefixIndex[T]) each(a netip.Addr, f func(T)) {
	lens := x.bits6
	if a.Is4() {
		lens = x.bits4
	}
	for _, n := range lens {
		if p, err := a.Prefix(n); err == nil {
			if hit, ok := x.byPrefix[p]; ok {
				f(hit)
			}
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
