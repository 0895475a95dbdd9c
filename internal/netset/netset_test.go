package netset_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/eks-ipv6/cdk/internal/netset"
)

func prefixes(list ...string) netset.Addrs {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return netset.Of(out...)
}

// The fewest prefixes leave out of account what the question does not ask for.
func TestWithin(t *testing.T) {
	internet := prefixes("::/0").Minus(prefixes("fc00::/7", "fe80::/10", "ff00::/8", "2001:db8::/56"))
	for _, c := range []struct {
		set, domain netset.Addrs
		want        string
	}{
		{prefixes("8000::/1").Intersect(internet), internet, "[8000::/1]"},
		{prefixes("2a00:1450::/32"), internet, "[2a00:1450::/32]"},
		{internet, internet, "[::/0]"},
		{netset.Addrs{}, internet, "[]"},
		{prefixes("10.0.1.0/28"), prefixes("10.0.1.0/24"), "[10.0.1.0/28]"},
		{prefixes("10.0.1.0/24").Minus(prefixes("10.0.1.0/28")), prefixes("10.0.1.0/24"), "[10.0.1.16/28 10.0.1.32/27 10.0.1.64/26 10.0.1.128/25]"},
		{prefixes("10.0.1.0/24", "2001:db8::/64"), prefixes("10.0.1.0/24", "2001:db8::/64"), "[10.0.1.0/24 2001:db8::/64]"},
	} {
		if got := fmt.Sprint(c.set.Within(c.domain)); got != c.want {
			t.Errorf("%s within %s: %s, want %s", c.set, c.domain, got, c.want)
		}
	}
}
