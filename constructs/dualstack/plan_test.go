package dualstack_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
)

var tiers = []dualstack.Tier{dualstack.Public, dualstack.Private, dualstack.Isolated}

// The addresses are contract: a changed one replaces a user's subnet. So they stand here as literals.
func TestPlanAddresses(t *testing.T) {
	t.Parallel()
	plan := mustPlan(t, "10.0.0.0/16")
	for _, c := range []struct {
		tier dualstack.Tier
		az   int
		cidr string
		ipv6 int
	}{
		{dualstack.Public, 0, "10.0.128.0/21", 0},
		{dualstack.Public, 1, "10.0.136.0/21", 1},
		{dualstack.Public, 5, "10.0.168.0/21", 5},
		{dualstack.Private, 0, "10.0.0.0/20", 16},
		{dualstack.Private, 1, "10.0.16.0/20", 17},
		{dualstack.Private, 5, "10.0.80.0/20", 21},
		{dualstack.Isolated, 0, "10.0.192.0/22", 32},
		{dualstack.Isolated, 5, "10.0.212.0/22", 37},
	} {
		got := plan.Slot(c.tier, c.az)
		if got.Cidr != netip.MustParsePrefix(c.cidr) || got.IPv6Index != c.ipv6 {
			t.Errorf("%v in zone %d: got %v, /64 number %d; want %s, %d", c.tier, c.az, got.Cidr, got.IPv6Index, c.cidr, c.ipv6)
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	for cidr, want := range map[string]string{
		"10.0.0.0/23":    "too small for the address plan",
		"10.0.0.0/15":    "larger than a VPC can be",
		"10.0.0.1/16":    "has host bits set: want 10.0.0.0/16",
		"8.8.0.0/16":     "neither private (RFC 1918) nor shared",
		"100.128.0.0/16": "neither private (RFC 1918) nor shared",
		"2001:db8::/56":  "is not IPv4",
	} {
		_, err := dualstack.NewPlan(netip.MustParsePrefix(cidr))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Cidr: "+cidr) {
			t.Errorf("%s: got %v, want an error about Cidr that says %q", cidr, err, want)
		}
	}
	if _, err := dualstack.NewPlan(netip.Prefix{}); err == nil || !strings.Contains(err.Error(), "invalid prefix") {
		t.Errorf("the zero prefix: got %v", err)
	}
}

func TestPlanSmallestStillHoldsLoadBalancers(t *testing.T) {
	t.Parallel()
	plan := mustPlan(t, "192.168.0.0/22")
	if bits := plan.Slot(dualstack.Public, 0).Cidr.Bits(); bits > 27 {
		t.Errorf("public subnets of a /22 are /%d, too small for a load balancer's /27", bits)
	}
	for _, tier := range tiers {
		if bits := plan.Slot(tier, 0).Cidr.Bits(); bits > 28 {
			t.Errorf("%v subnets of a /22 are /%d, smaller than AWS allows", tier, bits)
		}
	}
}

func TestPlanPanicsOutsideItsSlots(t *testing.T) {
	t.Parallel()
	plan := mustPlan(t, "10.0.0.0/16")
	for name, f := range map[string]func(){
		"zone 6":  func() { plan.Slot(dualstack.Public, 6) },
		"zone -1": func() { plan.Slot(dualstack.Public, -1) },
		"tier 9":  func() { plan.Slot(dualstack.Tier(9), 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// FuzzPlan checks, for any range that is accepted, what every VPC relies on.
func FuzzPlan(f *testing.F) {
	for _, s := range []string{"10.0.0.0/16", "10.255.0.0/16", "172.16.0.0/18", "192.168.252.0/22", "100.127.252.0/22", "0.0.0.0/0", "255.255.255.255/32", "fd00::/56"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cidr, err := netip.ParsePrefix(s)
		if err != nil {
			return
		}
		plan, err := dualstack.NewPlan(cidr)
		if err != nil {
			return
		}
		var slots []dualstack.Slot
		for _, tier := range tiers {
			for az := range dualstack.MaxAzs {
				slots = append(slots, plan.Slot(tier, az))
			}
		}
		for i, a := range slots {
			if !cidr.Contains(a.Cidr.Addr()) || a.Cidr.Bits() <= cidr.Bits() {
				t.Errorf("%v: slot %v lies outside", cidr, a.Cidr)
			}
			if a.Cidr != a.Cidr.Masked() {
				t.Errorf("%v: slot %v has host bits", cidr, a.Cidr)
			}
			if a.IPv6Index < 0 || a.IPv6Index > 63 {
				t.Errorf("%v: /64 number %d does not exist", cidr, a.IPv6Index)
			}
			for _, b := range slots[:i] {
				if a.Cidr.Overlaps(b.Cidr) || a.IPv6Index == b.IPv6Index {
					t.Errorf("%v: slots %v and %v share addresses", cidr, a, b)
				}
			}
		}
	})
}

func ExamplePlan() {
	plan, err := dualstack.NewPlan(netip.MustParsePrefix("10.20.0.0/16"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, tier := range []dualstack.Tier{dualstack.Public, dualstack.Private} {
		for az := range 2 {
			slot := plan.Slot(tier, az)
			fmt.Printf("%-7v zone %d  %-15v /64 number %d\n", tier, az, slot.Cidr, slot.IPv6Index)
		}
	}
	// Output:
	// Public  zone 0  10.20.128.0/21  /64 number 0
	// Public  zone 1  10.20.136.0/21  /64 number 1
	// Private zone 0  10.20.0.0/20    /64 number 16
	// Private zone 1  10.20.16.0/20   /64 number 17
}

func mustPlan(t *testing.T, cidr string) dualstack.Plan {
	t.Helper()
	plan, err := dualstack.NewPlan(netip.MustParsePrefix(cidr))
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
