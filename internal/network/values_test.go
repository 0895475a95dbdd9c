package network

import (
	"net/netip"
	"testing"
)

// Value is what a field of a packet is, or what is chosen on the packet's way: an address, or a number.
type Value struct {
	Addr   netip.Addr
	Number uint16
}

// RegionFinder finds the region of a trace that holds a packet. The packet is a list of values, in the order of the names of the
// tracer's variables.
func RegionFinder(t testing.TB, tr Trace, names []string) func(packet []Value) []Region {
	t.Helper()
	type field struct {
		at int
		variable
	}
	at := map[string]int{}
	for i, name := range names {
		at[name] = i
	}
	cases := make([][][]field, len(tr.Regions))
	for i, r := range tr.Regions {
		for _, c := range r.cases {
			var fields []field
			for _, v := range c.list {
				n, ok := at[v.name]
				if !ok {
					t.Fatalf("%s → %s: the answer depends on %q, which no packet has", tr.From, tr.To, v.name)
				}
				fields = append(fields, field{n, v})
			}
			cases[i] = append(cases[i], fields)
		}
	}
	holds := func(fields []field, packet []Value) bool {
		for _, f := range fields {
			one := packet[f.at]
			if f.address && !f.now.addrs.Contains(one.Addr) || !f.address && !f.now.numbers.Contains(one.Number) {
				return false
			}
		}
		return true
	}
	return func(packet []Value) (out []Region) {
		for i, r := range tr.Regions {
			for _, fields := range cases[i] {
				if holds(fields, packet) {
					out = append(out, r)
				}
			}
		}
		return out
	}
}
