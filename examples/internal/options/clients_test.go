package options_test

import (
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/examples/internal/options"
)

func TestClients(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]struct {
		families expose.Families
		ranges   int
		anywhere bool
	}{
		"world":                         {expose.BothFamilies, 0, true},
		"203.0.113.0/24, 2001:db8::/32": {expose.BothFamilies, 2, false},
		"203.0.113.0/24":                {expose.OnlyIPv4, 1, false},
		"2001:db8::/32":                 {expose.OnlyIPv6, 1, false},
	} {
		in, err := options.Clients(map[string]any{"clients": value})
		if err != nil || in.Families != want.families || len(in.Cidrs) != want.ranges || in.Anywhere != want.anywhere {
			t.Errorf("%s: %+v, %v", value, in, err)
		}
	}
	if in, err := options.Clients(nil); err != nil || !in.Anywhere {
		t.Errorf("no key: %+v, %v", in, err)
	}
	if _, err := options.Clients(map[string]any{"clients": "203.0.113.7,x"}); err == nil || strings.Count(err.Error(), "is not a range") != 2 || !strings.Contains(err.Error(), "-c clients=203.0.113.7,x") {
		t.Errorf("bad ranges: %v", err)
	}
}
