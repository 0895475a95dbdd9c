package network

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// CheckRegions walks packets of a trace's question one by one.
func CheckRegions(t *testing.T, n *Network, tr Trace, rnd *rand.Rand) {
	t.Helper()
	from := n.anyone(tr.from, *tr.dest)
	for packet := range packets(tr.Regions, rnd) {
		alone, forks := n.walk(packet, from, *tr.dest, false)
		if len(forks) > 0 {
			t.Fatalf("%s → %s: a single packet falls into %d cases", tr.From, tr.To, len(forks)+1)
		}
		var in []Region
		for _, r := range tr.Regions {
			for _, c := range r.cases {
				if c.holds(packet) {
					in = append(in, r)
				}
			}
		}
		if len(in) != 1 {
			t.Fatalf("%s → %s: packet %v is in %d regions, want 1", tr.From, tr.To, packet, len(in))
		}
		if r := in[0]; r.Verdict != alone.Verdict || way(r.Hops)+way(r.Return) != way(alone.Hops)+way(alone.Return) {
			t.Fatalf("%s → %s: packet %v alone is %v by %s, and its region is %v by %s", tr.From, tr.To, packet,
				alone.Verdict, way(alone.Hops)+way(alone.Return), r.Verdict, way(r.Hops)+way(r.Return))
		}
	}
}

// packets draws packets of a question: at the edges of each case, and at random.
func packets(regions []Region, rnd *rand.Rand) func(func(map[any]domain) bool) {
	vars := map[any]variable{}
	var cases []*variables
	for _, r := range regions {
		for _, c := range r.cases {
			cases = append(cases, c)
			for _, v := range c.list {
				vars[v.key] = v
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(vars), func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return func(yield func(map[any]domain) bool) {
		for range 4 {
			packet := map[any]domain{}
			for _, k := range keys {
				packet[k] = anyOf(vars[k].asked, vars[k].address, rnd)
			}
			if !yield(packet) {
				return
			}
		}
		for _, c := range cases {
			for _, v := range c.list {
				if !v.narrowed() {
					continue
				}
				for _, edge := range edges(v) {
					packet := map[any]domain{}
					for _, k := range keys {
						packet[k] = anyOf(vars[k].asked, vars[k].address, rnd)
					}
					for _, w := range c.list {
						packet[w.key] = anyOf(w.now, w.address, rnd)
					}
					packet[v.key] = edge
					if !yield(packet) {
						return
					}
				}
			}
		}
	}
}

// edges are the first and last value of each span of a variable, and the ones beside them that the question has.
func edges(v variable) (out []domain) {
	if v.address {
		for _, r := range v.now.addrs.Ranges() {
			for _, a := range []netip.Addr{r.From(), r.To(), r.From().Prev(), r.To().Next()} {
				if a.IsValid() && v.asked.addrs.Contains(a) {
					out = append(out, domain{addrs: netset.One(a)})
				}
			}
		}
		return out
	}
	for _, s := range v.now.numbers.Spans() {
		for _, n := range []int{int(s.From), int(s.To), int(s.From) - 1, int(s.To) + 1} {
			if n >= 0 && n <= 65535 && v.asked.numbers.Contains(uint16(n)) {
				out = append(out, domain{numbers: netset.Just(uint16(n))})
			}
		}
	}
	return out
}

// anyOf is one value of a domain.
func anyOf(d domain, address bool, rnd *rand.Rand) domain {
	if address {
		ranges := d.addrs.Ranges()
		r := ranges[rnd.IntN(len(ranges))]
		a := r.From().AsSlice()
		for i := range a { // a random address below the end of the range, byte by byte from the right as far as it goes
			if b, ok := netip.AddrFromSlice(slices.Concat(a[:len(a)-1-i], randomBytes(rnd, i+1))); ok && !b.Less(r.From()) && !r.To().Less(b) {
				return domain{addrs: netset.One(b)}
			}
			if rnd.IntN(4) == 0 {
				break
			}
		}
		if rnd.IntN(2) == 0 {
			return domain{addrs: netset.One(r.To())}
		}
		return domain{addrs: netset.One(r.From())}
	}
	spans := d.numbers.Spans()
	s := spans[rnd.IntN(len(spans))]
	return domain{numbers: netset.Just(uint16(int(s.From) + rnd.IntN(int(s.To)-int(s.From)+1)))}
}

func randomBytes(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.IntN(256))
	}
	return b
}
