package netset_test

import (
	"cmp"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"testing"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// What the ADR on packet sets measures: a security group of 60 rules, a network ACL of 40 entries of which the first that matches
// decides, and a route table of 1,000 routes of which the longest does.

// filter is one rule: what matches, and whether it lets through.
type filter struct {
	box   netset.Box
	allow bool
}

var (
	everywhere = netset.Of(netset.Every4, netset.Every6)
	anyPort    = netset.Between(0, 65535)
	anyProto   = netset.Between(0, 255)
	anything   = netset.Box{Src: everywhere, Dst: everywhere, Proto: anyProto, SrcPort: anyPort, DstPort: anyPort}
)

func prefix(format string, args ...any) netset.Addrs {
	return netset.Of(netip.MustParsePrefix(fmt.Sprintf(format, args...)).Masked())
}

// group is the 60 rules of a security group, ranges of both families to ports that partly overlap.
func group() (out []filter) {
	for i := range 60 {
		b := anything
		b.Proto = netset.Just(6)
		b.Src = prefix("10.%d.0.0/%d", i*4, 12+i%8)
		if i%2 == 0 {
			b.Src = prefix("2001:db8:%x::/%d", i, 44+i%20)
		}
		b.DstPort = netset.Between(uint16(1000*(i%10)), uint16(1000*(i%10)+100*(i%17)))
		switch i % 15 {
		case 3:
			b.DstPort = netset.Just(443)
		case 7:
			b.Proto = netset.Just(17)
		case 11:
			b.Proto, b.DstPort = anyProto, anyPort
		}
		out = append(out, filter{b, true})
	}
	return out
}

// acl is the 40 entries of a network ACL: exceptions before what they are exceptions of, and nothing after the last.
func acl() (out []filter) {
	for i := range 39 {
		b := anything
		b.Proto = netset.Just(6)
		b.Src = prefix("10.%d.0.0/%d", i*6, 10+i%9)
		if i%2 == 0 {
			b.Src = prefix("2001:db8:%x::/%d", i*2, 36+i%24)
		}
		b.DstPort = netset.Between(uint16(500*(i%13)), uint16(500*(i%13)+300*(i%11)))
		switch i % 13 {
		case 5:
			b.DstPort = netset.Between(1024, 65535)
		case 9:
			b.Proto, b.DstPort = anyProto, anyPort
		}
		out = append(out, filter{b, i%3 != 0})
	}
	return append(out, filter{anything, false})
}

// route is a prefix and which of ten targets it leads to.
type route struct {
	to     netip.Prefix
	target int
}

// routes is a route table, the longest first.
func routes() []route {
	r := rand.New(rand.NewPCG(6, 4))
	seen := map[netip.Prefix]bool{}
	out := []route{{netset.Every4, 0}, {netset.Every6, 0}}
	for len(out) < 1000 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(r.IntN(256)), byte(r.IntN(256))}), 10+r.IntN(19)).Masked()
		if len(out)%2 == 0 {
			p = netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(r.IntN(4)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}), 32+r.IntN(33)).Masked()
		}
		if !seen[p] {
			seen[p] = true
			out = append(out, route{p, r.IntN(10)})
		}
	}
	slices.SortStableFunc(out, func(a, b route) int { return cmp.Compare(b.to.Bits(), a.to.Bits()) })
	return out
}

// permitted is what a list of rules lets through, the first that matches deciding.
func permitted(list []filter) (out netset.Packets) {
	var before netset.Packets
	for _, f := range list {
		rest := netset.Packets{f.box}.Minus(before)
		if f.allow {
			out = append(out, rest...)
		}
		before = append(before, rest...)
	}
	return out
}

// leading is the addresses that a table sends to a target: what the shorter prefixes give, less what the longer ones of one
// length take away, and those that they give.
func leading(list []route, target int) (out netset.Addrs) {
	for n := len(list); n > 0; {
		var take, give []netip.Prefix
		for bits := list[n-1].to.Bits(); n > 0 && list[n-1].to.Bits() == bits; n-- {
			if r := list[n-1]; r.target == target {
				give = append(give, r.to)
			} else {
				take = append(take, r.to)
			}
		}
		out = out.Minus(netset.Of(take...)).Union(netset.Of(give...))
	}
	return out
}

// question is a small domain: a subnet's connections to one port of another's.
var question = netset.Box{Src: prefix("2001:db8:2::/64"), Dst: prefix("2001:db8:ff::/64"), Proto: netset.Just(6), SrcPort: netset.Between(32768, 60999), DstPort: netset.Just(2100)}

// TestBenchmarked keeps the benchmarks honest: what they measure has an answer.
func TestBenchmarked(t *testing.T) {
	g, a := permitted(group()), permitted(acl())
	same(t, "the group lets the question in", g.Covers(netset.Packets{question}), true)
	same(t, "boxes of the group", len(g), 61)
	same(t, "boxes of the ACL", len(a), 28)
	same(t, "routes", len(routes()), 1000)
	sum := netset.Addrs{}
	for target := range 10 {
		s := leading(routes(), target)
		same(t, "targets share an address", s.Overlaps(sum), false)
		sum = sum.Union(s)
	}
	same(t, "all addresses lead somewhere", sum.Equal(everywhere), true)
}

// retained is how many bytes of the heap a value takes.
func retained(make func() any) float64 {
	const n = 50
	var keep [n]any
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range keep {
		keep[i] = make()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(keep)
	return (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / n
}

// BenchmarkBoxes is what the tracer does, on its sets.
func BenchmarkBoxes(b *testing.B) {
	g, a, table := group(), acl(), routes()
	gs, as, ts := permitted(g), permitted(a), leading(table, 3)
	run := func(name string, f func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
	b.Run("make/group", func(b *testing.B) {
		for b.Loop() {
			permitted(g)
		}
		b.ReportMetric(retained(func() any { return permitted(g) }), "B-kept")
		b.ReportMetric(float64(len(gs)), "boxes")
	})
	b.Run("make/acl", func(b *testing.B) {
		for b.Loop() {
			permitted(a)
		}
		b.ReportMetric(retained(func() any { return permitted(a) }), "B-kept")
		b.ReportMetric(float64(len(as)), "boxes")
	})
	b.Run("make/table", func(b *testing.B) {
		for b.Loop() {
			leading(table, 3)
		}
		b.ReportMetric(retained(func() any { return leading(table, 3) }), "B-kept")
		b.ReportMetric(float64(len(ts.Ranges())), "ranges")
	})
	one := netset.Packets{question}
	run("covered/group", func() { gs.Covers(one) })
	run("covered/acl", func() { as.Covers(one) })
	run("covered/table", func() { ts.Covers(question.Dst) })
	run("subtract/group-acl", func() { gs.Minus(as) })
	run("subtract/acl-group", func() { as.Minus(gs) })
	run("render/table", func() { ts.Within(everywhere) })
	run("render/group", func() { sources(gs, 2100).Within(everywhere) })
	run("walk", func() { walk(g, a, table) })
	b.Run("all", func(b *testing.B) { // the whole set of what passes group and ACL to a target
		var p netset.Packets
		for b.Loop() {
			p = gs.Intersect(as).Intersect(netset.Packets{{Src: everywhere, Dst: ts, Proto: anyProto, SrcPort: anyPort, DstPort: anyPort}})
		}
		b.ReportMetric(float64(len(p)), "boxes")
	})
}

// sources are the addresses that a set lets through to a TCP port.
func sources(p netset.Packets, port uint16) (out netset.Addrs) {
	for _, b := range p {
		if b.Proto.Contains(6) && b.DstPort.Contains(port) {
			out = out.Union(b.Src)
		}
	}
	return out
}

// walk carries one packet through all three and narrows what fares the same: a rule that matches narrows every field that it
// looks at, another one only the first field that tells them apart.
func walk(g, a []filter, table []route) netset.Box {
	packet := netset.Box{Src: netset.One(question.Src.First()), Dst: netset.One(question.Dst.First()), Proto: question.Proto, SrcPort: netset.Just(40000), DstPort: question.DstPort}
	region := anything
	for _, list := range [][]filter{g, a} {
		for _, f := range list {
			switch {
			case f.box.Covers(packet):
				region = region.Intersect(f.box)
			case !f.box.Src.Covers(packet.Src):
				region.Src = region.Src.Minus(f.box.Src)
			case !f.box.Proto.Covers(packet.Proto):
				region.Proto = region.Proto.Minus(f.box.Proto)
			default:
				region.DstPort = region.DstPort.Minus(f.box.DstPort)
			}
			if f.box.Covers(packet) {
				break
			}
		}
	}
	longest := slices.IndexFunc(table, func(r route) bool { return r.to.Contains(packet.Dst.First()) })
	var longer []netip.Prefix
	for _, r := range table[:longest] {
		if netset.Holds(table[longest].to, r.to) {
			longer = append(longer, r.to)
		}
	}
	region.Dst = region.Dst.Intersect(netset.Of(table[longest].to)).Minus(netset.Of(longer...))
	return region
}

// Atoms: every field is cut where some rule begins or ends. A cell is a piece of each field; cells that the same rules match are
// one class, and a set is the bits of its classes. Every set that will ever be asked for has to be there from the start.

type atoms struct {
	pieces  [5]int
	members [5][][]uint64 // of each piece of each field: which rules have it
	class   []int32       // of every cell
	sets    [][]uint64    // of every rule: its classes
}

type bitset = []uint64

// piecesOf cuts a field, whose sets are lists of spans of integers.
func piecesOf(sets [][][2]string) (members []bitset) {
	at := map[string]bool{}
	for _, s := range sets {
		for _, span := range s {
			at[span[0]], at[span[1]] = true, true
		}
	}
	cuts := make([]string, 0, len(at))
	for c := range at {
		cuts = append(cuts, c)
	}
	slices.Sort(cuts)
	members = make([]bitset, len(cuts))
	for i := range members {
		members[i] = make(bitset, (len(sets)+63)/64)
	}
	for n, s := range sets {
		for _, span := range s {
			from, _ := slices.BinarySearch(cuts, span[0])
			to, _ := slices.BinarySearch(cuts, span[1])
			for i := from; i < to; i++ {
				members[i][n/64] |= 1 << (n % 64)
			}
		}
	}
	return slices.DeleteFunc(members, func(m bitset) bool { return !slices.ContainsFunc(m, func(w uint64) bool { return w != 0 }) })
}

// key writes a point so that texts sort as points do; what comes after the last one too.
func key(family int, a []byte, more int64) string {
	n := new(big.Int).SetBytes(a)
	n.Add(n, big.NewInt(more))
	return fmt.Sprintf("%d%033x", family, n)
}

func spansOf(s any) (out [][2]string) {
	switch s := s.(type) {
	case netset.Addrs:
		for _, r := range s.Ranges() {
			out = append(out, [2]string{key(r.From().BitLen(), r.From().AsSlice(), 0), key(r.From().BitLen(), r.To().AsSlice(), 1)})
		}
	case netset.Numbers:
		for _, r := range s.Spans() {
			out = append(out, [2]string{fmt.Sprintf("%05d", r.From), fmt.Sprintf("%05d", int(r.To)+1)})
		}
	}
	return out
}

func fields(b netset.Box) [5]any { return [5]any{b.Src, b.Dst, b.Proto, b.SrcPort, b.DstPort} }

// cut finds the pieces of every field, and cells returns how many there are.
func cut(boxes []netset.Box) (out atoms) {
	for d := range 5 {
		var sets [][][2]string
		for _, b := range boxes {
			sets = append(sets, spansOf(fields(b)[d]))
		}
		out.members[d] = piecesOf(sets)
		out.pieces[d] = len(out.members[d])
	}
	return out
}

func (a *atoms) cells() int {
	n := 1
	for _, p := range a.pieces {
		n *= p
	}
	return n
}

// sort puts the cells into classes.
func (a *atoms) sort(rules int) {
	words := (rules + 63) / 64
	classes := map[[4]uint64]int32{}
	var of [][4]uint64
	a.class = make([]int32, 0, a.cells())
	var visit func(d int, in [4]uint64)
	visit = func(d int, in [4]uint64) {
		if d == 5 {
			n, ok := classes[in]
			if !ok {
				n = int32(len(of))
				classes[in], of = n, append(of, in)
			}
			a.class = append(a.class, n)
			return
		}
		for _, m := range a.members[d] {
			next := in
			for w := range words {
				next[w] &= m[w]
			}
			visit(d+1, next)
		}
	}
	var full [4]uint64
	for w := range words {
		full[w] = ^uint64(0)
	}
	visit(0, full)
	a.sets = make([][]uint64, rules)
	for r := range rules {
		a.sets[r] = make(bitset, (len(of)+63)/64)
		for c, in := range of {
			if in[r/64]>>(r%64)&1 == 1 {
				a.sets[r][c/64] |= 1 << (c % 64)
			}
		}
	}
}

func (a *atoms) permitted(list []filter) bitset {
	out, before := make(bitset, len(a.sets[0])), make(bitset, len(a.sets[0]))
	for r, f := range list {
		for w, bits := range a.sets[r] {
			if f.allow {
				out[w] |= bits &^ before[w]
			}
			before[w] |= bits
		}
	}
	return out
}

// BenchmarkAtoms is the same with atoms.
func BenchmarkAtoms(b *testing.B) {
	for _, c := range []struct {
		name string
		list []filter
	}{{"group", group()}, {"acl", acl()}} {
		boxes := []netset.Box{}
		for _, f := range c.list {
			boxes = append(boxes, f.box)
		}
		boxes = append(boxes, question, anything)
		var a atoms
		made := func() {
			a = cut(boxes)
			a.sort(len(boxes))
		}
		b.Run("make/"+c.name, func(b *testing.B) {
			for b.Loop() {
				made()
			}
			b.ReportMetric(float64(len(a.class)), "cells")
			b.ReportMetric(float64(1+slices.Max(a.class)), "classes")
			b.ReportMetric(float64(4*len(a.class)), "B-kept")
		})
		made()
		set := a.permitted(c.list)
		b.Run("covered/"+c.name, func(b *testing.B) {
			for b.Loop() {
				rest := uint64(0)
				for w, bits := range a.sets[len(c.list)] {
					rest |= bits &^ set[w]
				}
				sink = rest == 0
			}
		})
		b.Run("subtract/"+c.name, func(b *testing.B) {
			out := make(bitset, len(set))
			for b.Loop() {
				for w, bits := range set {
					out[w] = bits &^ a.sets[0][w]
				}
			}
		})
		b.Run("render/"+c.name, func(b *testing.B) { // which pieces of the source are in, over all cells
			each := a.cells() / a.pieces[0]
			for b.Loop() {
				for piece := range a.pieces[0] {
					sink = slices.ContainsFunc(a.class[piece*each:(piece+1)*each], func(n int32) bool { return set[n/64]>>(n%64)&1 == 1 })
				}
			}
		})
	}
	b.Run("make/table", func(b *testing.B) {
		sets := [][][2]string{}
		for _, r := range routes() {
			sets = append(sets, spansOf(netset.Of(r.to)))
		}
		var members []bitset
		for b.Loop() {
			members = piecesOf(sets)
		}
		b.ReportMetric(float64(len(members)), "cells")
	})
	b.Run("make/all", func(b *testing.B) { // one network has all of them, and its sets must have the same classes
		boxes := []netset.Box{question, anything}
		for _, f := range slices.Concat(group(), acl()) {
			boxes = append(boxes, f.box)
		}
		for _, r := range routes() {
			box := anything
			box.Dst = netset.Of(r.to)
			boxes = append(boxes, box)
		}
		var a atoms
		for b.Loop() {
			a = cut(boxes)
		}
		b.ReportMetric(float64(a.cells()), "cells")
		b.ReportMetric(float64(a.cells())/8, "B-each-set")
	})
}

var sink bool
