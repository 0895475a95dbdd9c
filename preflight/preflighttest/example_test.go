package preflighttest_test

import (
	"fmt"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/preflighttest"
)

// screen stands for a test's *testing.T, and prints what it is told.
type screen struct{ testing.TB }

func (screen) Helper()                           {}
func (screen) Errorf(format string, args ...any) { fmt.Printf(format, args...) }
func (screen) FailNow()                          {}

func Example() {
	var t screen // in a test: func TestEgress(t *testing.T)

	preflighttest.MustReach(t, "testdata/network.yaml",
		flow.Query{From: flow.Subnet("Private"), To: flow.Internet4, Port: 443},
		flow.Query{From: flow.Subnet("Private"), To: flow.Internet6, Port: 443})
	preflighttest.MustNotReach(t, "testdata/network.yaml",
		flow.Query{From: flow.Internet6, To: flow.Subnet("Private"), Port: 22})
	preflighttest.MustPass(t, "testdata/network.yaml")

	// A failure prints the trace.
	preflighttest.MustReach(t, "testdata/network.yaml",
		flow.Query{From: flow.Internet6, To: flow.Subnet("Private"), Port: 22})
	// Output:
	// internet6 → subnet:Private:22/tcp must pass, and is denied:
	// internet6 → subnet:Private:22/tcp  DENIED
	//  1   internet                                 originate  IPv6  2001:db8:ffff:ffff::7 → 2001:db8:1:101::69  internet6
	//  2 ✗ egress-only internet gateway EgressOnly  deny       IPv6  2001:db8:ffff:ffff::7 → 2001:db8:1:101::69  ::/0 → EgressOnly (PrivateIpv6) in PrivateTable: it lets nothing in that was not asked for from inside
	// assumes:
	//   - the security groups of the host in Private allow the flow
	//   - IPv6 range 2001:db8:1:100::/56 stands for the range that Amazon will choose for Vpc
}
