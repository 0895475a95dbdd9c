package netset_test

import (
	"math"
	"math/bits"
	"net/netip"
	"testing"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// addresses is a universe of 32 addresses, few enough to try them all. A set of them is a mask: bit i is the ith.
type addresses struct {
	name         string
	lower, upper netip.Prefix // 16 addresses each
}

// Two of the universes end where a family ends, the last one where IPv4 ends and IPv6 begins.
var universes = []addresses{
	{"plain", netip.MustParsePrefix("10.0.0.16/28"), netip.MustParsePrefix("2001:db8::f0/124")},
	{"ends", netip.MustParsePrefix("0.0.0.0/28"), netip.MustParsePrefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124")},
	{"border", netip.MustParsePrefix("255.255.255.240/28"), netip.MustParsePrefix("::/124")},
	{"mapped", netip.MustParsePrefix("0.0.0.0/28"), netip.MustParsePrefix("::ffff:0:0/124")},
}

func (u addresses) at(i int) netip.Addr {
	if i >= 16 {
		return netset.Plus(u.upper.Addr(), i-16)
	}
	return netset.Plus(u.lower.Addr(), i)
}

// of makes the set of a mask, in one of four ways.
func (u addresses) of(mask uint32, way int) netset.Addrs {
	var s netset.Addrs
	var list []netip.Prefix
	for i := range 32 {
		switch one := netset.One(u.at(i)); {
		case mask>>i&1 == 0:
		case way == 1:
			s = one.Union(s)
		case way == 2 && i > 0 && i != 16 && mask>>(i-1)&1 == 1: // ranges that overlap
			s = s.Union(netset.Range(u.at(i-1), u.at(i)))
		case way == 3:
			list = append([]netip.Prefix{netip.PrefixFrom(u.at(i), u.at(i).BitLen())}, list...)
		default:
			s = s.Union(one)
		}
	}
	return s.Union(netset.Of(list...))
}

// mask is the addresses of a set that are in the universe.
func (u addresses) mask(s netset.Addrs) (mask uint32) {
	for i := range 32 {
		if s.Contains(u.at(i)) {
			mask |= 1 << i
		}
	}
	return mask
}

// blocks are the prefixes that hold an address of the universe, as masks; the universe's halves stand for all that are wider.
func (u addresses) blocks() (out []uint32) {
	for size := 1; size <= 16; size *= 2 {
		for at := 0; at < 32; at += size {
			out = append(out, (1<<size-1)<<at)
		}
	}
	return out
}

// fewest is how few blocks together hold all of a set and nothing else of a domain, found by trying every block that has the
// lowest address left.
func fewest(blocks []uint32, set, domain uint32) int {
	known := map[uint32]int{0: 0}
	var rest func(left uint32) int
	rest = func(left uint32) int {
		if n, ok := known[left]; ok {
			return n
		}
		best := math.MaxInt
		for _, b := range blocks {
			if b&left&-left != 0 && b&domain&^set == 0 {
				best = min(best, 1+rest(left&^b))
			}
		}
		known[left] = best
		return best
	}
	return rest(set & domain)
}

// runs is how many ranges a mask is, where a range may not go from one half of the universe to the other.
func runs(mask uint32, apart bool) int {
	if apart {
		return runs(mask&0xffff, false) + runs(mask>>16, false)
	}
	return bits.OnesCount32(mask &^ (mask << 1))
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
