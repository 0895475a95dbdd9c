package netset_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"go4.org/netipx"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// masks are pairs of sets: the particular ones with each other, and random ones, dense and sparse.
func masks(n int) (out [][2]uint32) {
	some := []uint32{0, 1, 1 << 31, 0xffff, 0xffff0000, 0x8000, 0x10000, 0x18000, 0x55555555, 0xffffffff, 0x00f0f000}
	for _, a := range some {
		for _, b := range some {
			out = append(out, [2]uint32{a, b})
		}
	}
	r := rand.New(rand.NewPCG(4, 6))
	for range n {
		a, b := r.Uint32(), r.Uint32()
		switch r.IntN(4) {
		case 0:
			a &= r.Uint32() & r.Uint32() //nolint:staticcheck // the identity is what is tested
		case 1:
			b |= a
		case 2:
			a |= a << 1
			b |= b<<1 | b<<2
		}
		out = append(out, [2]uint32{a, b})
	}
	return out
}

// set is what address sets and number sets have in common.
type set[S any] interface {
	IsEmpty() bool
	Covers(S) bool
	Overlaps(S) bool
	Equal(S) bool
	Union(S) S
	Intersect(S) S
	Minus(S) S
	String() string
}

// checkAlgebra compares two sets and what becomes of them with their masks.
func checkAlgebra[S set[S]](t *testing.T, a, b S, x, y uint32, mask func(S) uint32, of func(uint32) S) {
	t.Helper()
	for _, c := range []struct {
		what string
		got  S
		want uint32
	}{
		{"a", a, x}, {"b", b, y}, {"union", a.Union(b), x | y}, {"intersection", a.Intersect(b), x & y}, {"difference", a.Minus(b), x &^ y},
	} {
		what := fmt.Sprintf("%s of a = %s, b = %s", c.what, a, b)
		same(t, what, mask(c.got), c.want)
		same(t, what+" equals the same set", c.got.Equal(of(c.want)) && of(c.want).Equal(c.got), true)
		same(t, what+" is empty", c.got.IsEmpty(), c.want == 0)
	}
	of2 := fmt.Sprintf(" of a = %s, b = %s", a, b)
	same(t, "covers"+of2, a.Covers(b), y&^x == 0)
	same(t, "overlaps"+of2, a.Overlaps(b), x&y != 0)
	same(t, "equal"+of2, a.Equal(b), x == y)
	same(t, "a is as it was", mask(a), x)
	same(t, "b is as it was", mask(b), y)
}

func checkAddrs(t *testing.T, u addresses, x, y uint32) {
	t.Helper()
	a, b := u.of(x, int(x%4)), u.of(y, int(y%4))
	checkAlgebra(t, a, b, x, y, u.mask, func(m uint32) netset.Addrs { return u.of(m, 0) })

	var first, last, single netip.Addr
	if x != 0 {
		first, last = u.at(bits.TrailingZeros32(x)), u.at(31-bits.LeadingZeros32(x))
	}
	if bits.OnesCount32(x) == 1 {
		single = first
	}
	same(t, "first of "+a.String(), a.First(), first)
	same(t, "last of "+a.String(), a.Last(), last)
	got, ok := a.Single()
	same(t, "single of "+a.String(), got, single)
	same(t, "single of "+a.String(), ok, single.IsValid())

	ranges := a.Ranges()
	same(t, "ranges of "+a.String(), len(ranges), runs(x, true))
	var again netset.Addrs
	for i, r := range ranges {
		again = again.Union(netset.Range(r.From(), r.To()))
		same(t, "ranges in order", i == 0 || ranges[i-1].To().Less(r.From()), true)
	}
	same(t, "ranges are all", again.Equal(a), true)

	prefixes := a.Prefixes()
	same(t, "prefixes of "+a.String(), len(prefixes), fewest(u.blocks(), x, math.MaxUint32))
	same(t, "prefixes are all", netset.Of(prefixes...).Equal(a), true)
	same(t, "prefixes in order", slices.IsSortedFunc(prefixes, func(p, q netip.Prefix) int { return p.Addr().Compare(q.Addr()) }), true)

	for _, p := range []netip.Prefix{u.lower, u.upper, netset.Every4, netset.Every6, {}} {
		half, _ := netset.Part(p, p.Bits()+3, int(y%8))
		for _, q := range []netip.Prefix{p, half, netip.PrefixFrom(netset.Plus(half.Addr(), 1), half.Bits())} { // the last has host bits
			in := u.mask(netset.Of(q))
			same(t, fmt.Sprintf("%s inside %s", a, q), a.Inside(q), x&^in == 0)
			same(t, fmt.Sprintf("%s meets %s", a, q), a.Meets(q), x&in != 0)
		}
	}
}

// checkWithin holds [netset.Addrs.Within] to its promise: the set's addresses, none of the domain's others, and no shorter list.
func checkWithin(t *testing.T, u addresses, x, y uint32) {
	t.Helper()
	a, domain := u.of(x, 0), u.of(y, 0)
	list := a.Within(domain)
	held := netset.Of(list...)
	same(t, fmt.Sprintf("%s within %s is %v", a, domain, list), u.mask(held)&y, x&y)
	same(t, fmt.Sprintf("%s within %s is %v: how many", a, domain, list), len(list), fewest(u.blocks(), x&y, y))
	for i, p := range list {
		same(t, fmt.Sprintf("%s has host bits", p), p, p.Masked())
		same(t, fmt.Sprintf("%v is in order", list), i == 0 || netset.Last(list[i-1]).Less(p.Addr()), true)
		// Nothing longer would do.
		tight := a.Intersect(domain).Intersect(netset.Of(p))
		lower, upper := netset.Halves(p)
		same(t, fmt.Sprintf("%s of %s within %s is the longest", p, a, domain), p.IsSingleIP() || tight.Meets(lower) && tight.Meets(upper), true)
	}
}

func TestAddrsAgainstBruteForce(t *testing.T) {
	t.Parallel()
	for _, u := range universes {
		for _, m := range masks(100) {
			checkAddrs(t, u, m[0], m[1])
			checkWithin(t, u, m[0], m[1])
			if t.Failed() {
				t.Fatalf("%s: masks %#x, %#x", u.name, m[0], m[1])
			}
		}
	}
}

func FuzzAddrs(f *testing.F) {
	for i, m := range masks(20) {
		f.Add(uint8(i), m[0], m[1])
	}
	f.Fuzz(func(t *testing.T, which uint8, x, y uint32) {
		u := universes[int(which)%len(universes)]
		checkAddrs(t, u, x, y)
		checkWithin(t, u, x, y)
	})
}

// FuzzRanges makes sets of ranges anywhere, of both families, and compares them with netipx's own.
func FuzzRanges(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13"))
	r := rand.New(rand.NewPCG(5, 8))
	for range 30 {
		data := make([]byte, 4+r.IntN(200))
		for i := range data {
			data[i] = byte(r.Uint32()) & byte(r.Uint32()) //nolint:staticcheck // the identity is what is tested
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var lists [2]netipx.IPSetBuilder
		var sets [2]netset.Addrs
		for i := 0; len(data) >= 5; i++ {
			// Every chunk is a range or a prefix near one of few addresses, so that they meet.
			a := netip.AddrFrom4([4]byte{data[0] & 3 * 85, 0, data[1], data[2]})
			if data[0]&4 != 0 {
				a = netip.AddrFrom16([16]byte{data[0] & 3 * 85, 7: data[1], 15: data[2]})
			}
			if data[0]&8 != 0 {
				p := netip.PrefixFrom(a, int(data[3])%(a.BitLen()+1))
				lists[i%2].AddPrefix(p)
				sets[i%2] = sets[i%2].Union(netset.Of(p))
			} else if r := netipx.IPRangeFrom(a, netset.Plus(a, int(data[3])<<data[4]%16)); r.IsValid() {
				lists[i%2].AddRange(r)
				sets[i%2] = sets[i%2].Union(netset.Range(r.From(), r.To()))
			}
			data = data[5:]
		}
		compare := func(what string, got netset.Addrs, b *netipx.IPSetBuilder) {
			want, err := b.IPSet()
			if err != nil {
				t.Fatal(err)
			}
			same(t, what, fmt.Sprint(got.Ranges()), fmt.Sprint(want.Ranges()))
			same(t, what, fmt.Sprint(got.Prefixes()), fmt.Sprint(want.Prefixes()))
		}
		a, b := sets[0], sets[1]
		second, _ := lists[1].IPSet()
		compare("a", a, &lists[0])
		compare("b", b, &lists[1])
		for _, c := range []struct {
			what string
			got  netset.Addrs
			do   func(*netipx.IPSetBuilder, *netipx.IPSet)
		}{
			{"union", a.Union(b), (*netipx.IPSetBuilder).AddSet},
			{"intersection", a.Intersect(b), (*netipx.IPSetBuilder).Intersect},
			{"difference", a.Minus(b), (*netipx.IPSetBuilder).RemoveSet},
		} {
			both := lists[0].Clone()
			c.do(both, second)
			compare(c.what, c.got, both)
		}
		same(t, "covers", a.Covers(b), b.Minus(a).IsEmpty())
		same(t, "overlaps", a.Overlaps(b), !a.Intersect(b).IsEmpty())
		list := a.Within(b)
		same(t, "within", netset.Of(list...).Intersect(b).Equal(a.Intersect(b)), true)
		same(t, "within is no longer than the prefixes", len(list) <= len(a.Intersect(b).Prefixes()), true)
	})
}

// numbers is the set of a mask of the 32 numbers from a first one.
func numbers(first uint16, mask uint32) netset.Numbers {
	var list []netset.Span
	for i := range 32 {
		if mask>>i&1 == 1 {
			n := first + uint16(i)
			list = append([]netset.Span{{From: n, To: n}}, list...)
		}
	}
	return netset.Spans(list...)
}

func checkNumbers(t *testing.T, first uint16, x, y uint32) {
	t.Helper()
	a, b := numbers(first, x), numbers(first, y)
	mask := func(s netset.Numbers) (m uint32) {
		for i := range 32 {
			if s.Contains(first + uint16(i)) {
				m |= 1 << i
			}
		}
		return m
	}
	checkAlgebra(t, a, b, x, y, mask, func(m uint32) netset.Numbers { return numbers(first, m) })
	var low, high uint16
	if x != 0 {
		low, high = first+uint16(bits.TrailingZeros32(x)), first+uint16(31-bits.LeadingZeros32(x))
	}
	same(t, "first of "+a.String(), a.First(), low)
	same(t, "last of "+a.String(), a.Last(), high)
	n, ok := a.Single()
	same(t, "single of "+a.String(), ok, bits.OnesCount32(x) == 1)
	same(t, "single of "+a.String(), ok && n != low, false)
	spans := a.Spans()
	same(t, "spans of "+a.String(), len(spans), runs(x, false))
	same(t, "spans are all", netset.Spans(spans...).Equal(a), true)
	same(t, "spans in order", slices.IsSortedFunc(spans, func(a, b netset.Span) int { return cmp.Compare(a.From, b.From) }), true)
	slices.Reverse(spans)
	same(t, "the caller's spans are the caller's", mask(a), x)
}

func TestNumbersAgainstBruteForce(t *testing.T) {
	t.Parallel()
	for _, first := range []uint16{0, 1000, math.MaxUint16 - 31} {
		for _, m := range masks(300) {
			if checkNumbers(t, first, m[0], m[1]); t.Failed() {
				t.Fatalf("from %d: masks %#x, %#x", first, m[0], m[1])
			}
		}
	}
}

func FuzzNumbers(f *testing.F) {
	for i, m := range masks(20) {
		f.Add(uint16(i*5000), m[0], m[1])
	}
	f.Fuzz(func(t *testing.T, first uint16, x, y uint32) { checkNumbers(t, min(first, math.MaxUint16-31), x, y) })
}

// The whole line, its ends, and spans that are none.
func TestNumbers(t *testing.T) {
	t.Parallel()
	every := netset.Between(0, math.MaxUint16)
	for _, c := range []struct {
		got  netset.Numbers
		want string
	}{
		{every, "0-65535"},
		{every.Minus(netset.Just(0, math.MaxUint16)), "1-65534"},
		{every.Minus(every), ""},
		{netset.Between(5, 4), ""},
		{netset.Spans(netset.Span{From: 9, To: 1}, netset.Span{From: 3, To: 3}), "3"},
		{netset.Just(443, 80, 81, 80, 22), "22,80-81,443"},
		{netset.Just(math.MaxUint16).Union(netset.Just(0)), "0,65535"},
		{netset.Between(0, 32767).Union(netset.Between(32768, math.MaxUint16)), "0-65535"},
		{netset.Numbers{}, ""},
	} {
		same(t, "numbers", c.got.String(), c.want)
	}
	list := []netset.Span{{From: 7, To: 8}, {From: 1, To: 2}}
	netset.Spans(list...)
	same(t, "the caller's list", fmt.Sprint(list), "[{7 8} {1 2}]")
}

// The plane is few packets, enough to try them all: 4 × 2 × 3 × 2 × 4.
var (
	plane  = [5]int{4, 2, 3, 2, 4}
	points = 4 * 2 * 3 * 2 * 4
)

// box is a box of the plane: dims[d] is the mask of what it has of a field.
func box(dims [5]uint32) netset.Box {
	u := universes[0]
	return netset.Box{Src: u.of(dims[0], 0), Dst: u.of(dims[1]<<16, 0), Proto: numbers(6, dims[2]), SrcPort: numbers(1024, dims[3]), DstPort: numbers(80, dims[4])}
}

// point is the box of the ith packet of the plane alone.
func point(i int) netset.Box {
	var dims [5]uint32
	for d, n := range plane {
		dims[d] = 1 << (i % n)
		i /= n
	}
	return box(dims)
}

var pointBoxes = func() (out []netset.Box) {
	for i := range points {
		out = append(out, point(i))
	}
	return out
}()

// packets are those of the plane in a set; no two boxes share one.
func packets(t *testing.T, what string, p netset.Packets) (in [192]bool) {
	t.Helper()
	for i := range in {
		for _, b := range p {
			if b.Covers(pointBoxes[i]) {
				if in[i] {
					t.Errorf("%s: two boxes have packet %d", what, i)
				}
				in[i] = true
			}
		}
	}
	for i, b := range p {
		same(t, what+" has an empty box", b.IsEmpty(), false)
		for _, o := range p[:i] {
			same(t, what+" has boxes that overlap", b.Overlaps(o), false)
		}
	}
	return in
}

// checkPackets builds two sets of boxes, by union and by difference, and compares with packets that are counted one by one.
func checkPackets(t *testing.T, data []byte) {
	t.Helper()
	var sets [2]netset.Packets
	var want [2][192]bool
	for n := 0; len(data) >= 3; n++ {
		w := binary.BigEndian.Uint16(data)
		dims := [5]uint32{uint32(w & 15), uint32(w >> 4 & 3), uint32(w >> 6 & 7), uint32(w >> 9 & 3), uint32(w >> 11 & 15)}
		b := box(dims)
		which := n % 2
		add := data[2]%3 != 0
		for i := range points {
			if b.Covers(pointBoxes[i]) {
				want[which][i] = add
			}
		}
		if one := (netset.Packets{b}); add {
			sets[which] = sets[which].Union(one)
		} else {
			sets[which] = sets[which].Minus(one)
		}
		if n > 0 { // and single boxes with each other
			inside, shared := true, false
			was := pointsIn(sets[1-which])
			for i := range points {
				if b.Covers(pointBoxes[i]) {
					inside = inside && was[i]
					shared = shared || was[i]
				}
			}
			same(t, "covers a box", sets[1-which].Covers(netset.Packets{b}), inside)
			same(t, "shares with a box", !sets[1-which].Intersect(netset.Packets{b}).IsEmpty(), shared)
		}
		data = data[3:]
	}
	a, b := sets[0], sets[1]
	same(t, "a", packets(t, "a", a), want[0])
	same(t, "b", packets(t, "b", b), want[1])
	var union, both, rest [192]bool
	covers, empty := true, true
	for i := range points {
		x, y := want[0][i], want[1][i]
		union[i], both[i], rest[i] = x || y, x && y, x && !y
		covers = covers && (x || !y)
		empty = empty && !x
	}
	same(t, "union", packets(t, "union", a.Union(b)), union)
	same(t, "intersection", packets(t, "intersection", a.Intersect(b)), both)
	same(t, "difference", packets(t, "difference", a.Minus(b)), rest)
	same(t, "covers", a.Covers(b), covers)
	same(t, "equal", a.Equal(b), want[0] == want[1])
	same(t, "equal to itself, cut up", a.Equal(a.Minus(b).Union(a.Intersect(b))), true)
	same(t, "empty", a.IsEmpty(), empty)
}

func pointsIn(p netset.Packets) (in [192]bool) {
	for i := range in {
		in[i] = slices.ContainsFunc(p, func(b netset.Box) bool { return b.Covers(pointBoxes[i]) })
	}
	return in
}

func TestPacketsAgainstBruteForce(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 9))
	for range 150 {
		data := make([]byte, 3*(1+r.IntN(7)))
		for i := range data {
			data[i] = byte(r.Uint32() | r.Uint32()) //nolint:staticcheck // the identity is what is tested
		}
		if checkPackets(t, data); t.Failed() {
			t.Fatalf("of %q", data)
		}
	}
}

func FuzzPackets(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 1, 0x12, 0x34, 1, 0x0f, 0xf0, 0})
	f.Add([]byte{0xff, 0xff, 1, 0xff, 0xff, 1, 0xff, 0xff, 0, 0xff, 0xff, 0})
	f.Fuzz(func(t *testing.T, data []byte) { checkPackets(t, data[:min(len(data), 24)]) })
}

// A box with an empty field has no packet, and none is taken away with it.
func TestEmptyBox(t *testing.T) {
	t.Parallel()
	full := box([5]uint32{15, 3, 7, 3, 15})
	for d := range plane {
		dims := [5]uint32{15, 3, 7, 3, 15}
		dims[d] = 0
		none := box(dims)
		same(t, "empty", none.IsEmpty() && (netset.Packets{none, none}).IsEmpty(), true)
		same(t, "covered", full.Covers(none) && none.Covers(none) && !none.Covers(full), true)
		same(t, "overlap", none.Overlaps(full) || full.Overlaps(none), false)
		same(t, "less nothing", full.Minus(none).Equal(netset.Packets{full}), true)
		same(t, "nothing less", len(none.Minus(full))+len(netset.Packets{none}.Minus(nil))+len(netset.Packets{none}.Union(nil)), 0)
	}
	same(t, "less itself", len(full.Minus(full)), 0)
	same(t, "wide, yet empty", box([5]uint32{1, 1, 1, 1, 1}).Covers(box([5]uint32{15, 3, 7, 3, 0})), true)
}

// number is an address as an integer.
func number(a netip.Addr) *big.Int { return new(big.Int).SetBytes(a.AsSlice()) }

func checkPart(t *testing.T, p netip.Prefix, length, n int) {
	t.Helper()
	what := fmt.Sprintf("part %d of %s in /%d", n, p, length)
	part, ok := netset.Part(p, length, n)
	if !p.IsValid() || length < p.Bits() || length > p.Addr().BitLen() {
		same(t, what, ok, false)
		return
	}
	index, count := big.NewInt(int64(n)), new(big.Int).Lsh(big.NewInt(1), uint(length-p.Bits()))
	if n < 0 {
		index.Add(index, count)
	}
	if index.Sign() < 0 || index.Cmp(count) >= 0 {
		same(t, what, ok, false)
		same(t, what, part, netip.Prefix{})
		return
	}
	index.Lsh(index, uint(p.Addr().BitLen()-length))
	index.Add(index, number(p.Masked().Addr()))
	same(t, what, ok, true)
	same(t, what, part.Bits(), length)
	same(t, what, part, part.Masked())
	same(t, what, number(part.Addr()).String(), index.String())
	same(t, what+" is in it", netset.Holds(p, part), true)
}

// checkPlus compares with integers that wrap.
func checkPlus(t *testing.T, a netip.Addr, n int) {
	t.Helper()
	size := new(big.Int).Lsh(big.NewInt(1), uint(a.BitLen()))
	want := new(big.Int).Add(number(a), big.NewInt(int64(n)))
	want.Mod(want, size)
	same(t, fmt.Sprintf("%s plus %d", a, n), number(netset.Plus(a, n)).String(), want.String())
	same(t, fmt.Sprintf("family of %s plus %d", a, n), netset.Plus(a, n).BitLen(), a.BitLen())
}

func checkPrefix(t *testing.T, p netip.Prefix) {
	t.Helper()
	lower, upper := netset.Halves(p)
	switch whole := netset.Of(p); {
	case !p.IsValid():
		same(t, "halves of nothing", lower.IsValid() || upper.IsValid(), false)
	case p.IsSingleIP():
		same(t, "halves of one", lower == p && !upper.IsValid(), true)
		same(t, "last of one", netset.Last(p), p.Addr())
	default:
		same(t, fmt.Sprintf("halves of %s", p), lower.Bits() == p.Bits()+1 && upper.Bits() == p.Bits()+1 && !lower.Overlaps(upper), true)
		same(t, fmt.Sprintf("halves of %s", p), netset.Of(lower, upper).Equal(whole), true)
		same(t, fmt.Sprintf("last of %s", p), netset.Last(p), whole.Last())
		same(t, fmt.Sprintf("last of %s", p), p.Contains(netset.Last(p)) && !p.Contains(netset.Last(p).Next()), true)
	}
}

// shape makes a prefix of four numbers.
func shape(six bool, high, low uint64, length uint8) netip.Prefix {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], high)
	binary.BigEndian.PutUint64(b[8:], low)
	a := netip.AddrFrom16(b)
	if !six {
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	return netip.PrefixFrom(a, int(length)%(a.BitLen()+1))
}

func checkArithmetic(t *testing.T, six bool, high, low uint64, length, more uint8, n int64) {
	t.Helper()
	p := shape(six, high, low, length)
	for _, n := range []int{int(n), int(n % 300), int(n % 3), 0, -1} {
		checkPart(t, p, p.Bits()+int(more)%80, n)
		checkPlus(t, p.Addr(), n)
	}
	checkPrefix(t, p)
	q := shape(six != (n%5 == 0), high^uint64(n), low, more)
	same(t, fmt.Sprintf("%s holds %s", p, q), netset.Holds(p, q), netset.Of(p).Covers(netset.Of(q)))
}

func TestArithmetic(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2, 3))
	for range 5000 {
		checkArithmetic(t, r.IntN(2) == 0, r.Uint64(), r.Uint64(), uint8(r.Uint32()), uint8(r.Uint32()), r.Int64()>>r.IntN(64))
		if t.Failed() {
			t.FailNow()
		}
	}
	for length := range 129 {
		for _, n := range []int{0, 1, 2, -1, -2, -3, math.MaxInt, math.MinInt} {
			checkPart(t, netset.Every6, length, n)
			checkPart(t, netset.Every4, length, n)
			checkPart(t, netip.MustParsePrefix("2001:db8:1:2:3:4:5:6/127"), length, n)
		}
	}
	checkPart(t, netset.Every4, -1, 0)
	checkPart(t, netip.Prefix{}, 8, -1)
	checkPrefix(t, netip.Prefix{})
	same(t, "no address plus one", netset.Plus(netip.Addr{}, 1), netip.Addr{})
	same(t, "nothing holds nothing", netset.Holds(netip.Prefix{}, netip.Prefix{}) || netset.Holds(netset.Every4, netip.Prefix{}), false)
}

func FuzzArithmetic(f *testing.F) {
	f.Add(false, uint64(0), uint64(0), uint8(0), uint8(0), int64(0))
	f.Add(true, uint64(math.MaxUint64), uint64(math.MaxUint64), uint8(64), uint8(64), int64(math.MinInt64))
	f.Add(false, uint64(0), uint64(0xffffffff), uint8(28), uint8(4), int64(math.MaxInt64))
	f.Add(true, uint64(0x20010db8_00000100), uint64(0), uint8(56), uint8(72), int64(-16))
	f.Fuzz(checkArithmetic)
}

// NAT64 and back is where one was.
func checkEmbed(t *testing.T, u addresses, x, y uint32) {
	t.Helper()
	four := netset.Of(u.lower)
	a := u.of(x, 0)
	six := netset.EmbedAll(aws.NAT64.Prefix, a)
	same(t, "embedded", six.Inside(aws.NAT64.Prefix), true)
	same(t, "there and back of "+a.String(), netset.EmbeddedAll(aws.NAT64.Prefix, six).Equal(a.Intersect(four)), true)
	// Back, with addresses beside the prefix, and there.
	beside := six.Union(u.of(y&0xffff0000, 0)).Union(netset.Of(netip.MustParsePrefix("64:ff9a:ffff::/48"), netip.MustParsePrefix("64:ff9b:0:0:0:1::/96")))
	same(t, "back of "+beside.String(), netset.EmbeddedAll(aws.NAT64.Prefix, beside).Equal(a.Intersect(four)), true)
	for _, p := range []netip.Prefix{aws.NAT64.Prefix, netip.MustParsePrefix("2001:db8:1:2:3:4::/96"), netip.MustParsePrefix("64:ff9b::/48")} {
		all := netset.EmbedAll(p, a)
		same(t, "embedded in "+p.String(), netset.EmbeddedAll(p, all).Equal(a.Intersect(four)), true)
		same(t, "EmbedAll and Single agree", all.IsEmpty(), x&0xffff == 0)
		for i := range 16 {
			got := netset.Embed(p, u.at(i))
			same(t, "embedded "+u.at(i).String(), netset.Embedded(got), u.at(i))
			same(t, "all has "+got.String(), all.Contains(got), x>>i&1 == 1)
		}
	}
}

func TestEmbedAgainstBruteForce(t *testing.T) {
	t.Parallel()
	for _, u := range universes {
		for _, m := range masks(50) {
			if checkEmbed(t, u, m[0], m[1]); t.Failed() {
				t.Fatalf("%s: masks %#x, %#x", u.name, m[0], m[1])
			}
		}
	}
	same(t, "RFC 6052", netset.Embed(aws.NAT64.Prefix, netip.MustParseAddr("192.0.2.33")).String(), "64:ff9b::c000:221")
	all := netset.EmbedAll(aws.NAT64.Prefix, netset.Of(netset.Every4))
	same(t, "all of IPv4", all.Equal(netset.Of(aws.NAT64.Prefix)), true)
	same(t, "all of IPv6 back", netset.EmbeddedAll(netip.MustParsePrefix("2001:db8::/32"), netset.Of(netset.Every6)).String(), "0.0.0.0/0")
	across := netset.Range(netip.MustParseAddr("64:ff9b::ffff:fff0"), netip.MustParseAddr("64:ff9b::1:0:5"))
	same(t, "of the /96 only", netset.EmbeddedAll(netip.MustParsePrefix("64:ff9b::/64"), across).String(), "255.255.255.240/28")
	same(t, "no prefix", netset.EmbeddedAll(netip.Prefix{}, netset.Of(netset.Every6)).IsEmpty(), true)
}

// checkTable compares a table with the plain search.
func checkTable(t *testing.T, r *rand.Rand) {
	t.Helper()
	var table netset.Table[int]
	var list []netip.Prefix
	table.Add(netip.Prefix{}, -1)
	random := func(bits4, bits6 int) netip.Prefix {
		if r.IntN(2) == 0 {
			return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(r.IntN(4)), byte(r.IntN(4)), byte(r.IntN(2))}), bits4)
		}
		return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, byte(r.IntN(4)), byte(r.IntN(4)), 15: byte(r.IntN(2))}), bits6)
	}
	for i := range r.IntN(40) {
		p := random(r.IntN(33), r.IntN(129))
		list = append(list, p.Masked())
		same(t, "the first value of "+p.String(), table.Add(p, i), slices.Index(list, p.Masked())) // with host bits
	}
	for range 50 {
		a := random(32, 128).Addr()
		var want []string
		for n := 128; n >= 0; n-- {
			if i := slices.IndexFunc(list, func(p netip.Prefix) bool { return p.Bits() == n && p.Contains(a) }); i >= 0 {
				want = append(want, fmt.Sprint(list[i], i)) // the first that was added
			}
		}
		var got []string
		for p, v := range table.Matches(a) {
			got = append(got, fmt.Sprint(p, v))
		}
		same(t, "matches of "+a.String(), fmt.Sprint(got), fmt.Sprint(want))
		v, n := table.Lookup(a)
		switch {
		case len(want) == 0:
			same(t, "no match of "+a.String(), v == 0 && n == -1, true)
		default:
			p, _ := a.Prefix(n)
			same(t, "longest match of "+a.String(), fmt.Sprint(p, v), want[0])
		}
	}
}

func TestTableAgainstPlainSearch(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		if checkTable(t, rand.New(rand.NewPCG(seed, 2))); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	var empty netset.Table[int]
	for _, a := range []netip.Addr{{}, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::1"), netip.MustParseAddr("fe80::1%eth0")} {
		v, n := empty.Lookup(a)
		same(t, "an empty table", fmt.Sprint(v, n), "0 -1")
		empty.Add(netip.Prefix{}, 7)
	}
	empty.Add(netip.MustParsePrefix("2001:db8::/64"), 8)
	v, n := empty.Lookup(netip.Addr{})
	same(t, "no address", fmt.Sprint(v, n), "0 -1")
}

func FuzzTable(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, x, y uint64) { checkTable(t, rand.New(rand.NewPCG(x, y))) })
}

// What is no address, no range or no prefix adds nothing.
func TestNoAddresses(t *testing.T) {
	t.Parallel()
	four, six := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")
	for what, s := range map[string]netset.Addrs{
		"zero":             {},
		"of nothing":       netset.Of(),
		"no prefix":        netset.Of(netip.Prefix{}, netip.PrefixFrom(four, 40)),
		"no address":       netset.One(netip.Addr{}),
		"backwards":        netset.Range(six, six.Prev()),
		"of two families":  netset.Range(four, six),
		"to nowhere":       netset.Range(four, netip.Addr{}),
		"nothing embedded": netset.EmbedAll(aws.NAT64.Prefix, netset.One(six)),
	} {
		same(t, what, s.IsEmpty() && s.String() == "" && len(s.Ranges())+len(s.Prefixes()) == 0 && !s.First().IsValid() && !s.Last().IsValid(), true)
		same(t, what+" is inside all", s.Inside(netset.Every4) && !s.Meets(netset.Every4), true)
		same(t, what+" covers nothing else", s.Covers(netset.Addrs{}) && !s.Covers(netset.One(four)), true)
	}
	zoned := netip.MustParseAddr("fe80::1%eth0")
	same(t, "zone", netset.One(zoned).String(), "fe80::1")
	same(t, "zone", netset.One(zoned).Contains(zoned) || netset.Of(netset.Every6).Contains(zoned), false)
}
