package network

import (
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// ends are the places of a network where packets start and end.
type ends struct {
	places         *addressing
	ClusterPods    []*ClusterPods // one for each cluster
	HostInterfaces []*Interface
	endpoints      []endpointAt
	fronts         map[*LoadBalancer][]*Interface
	byRef          map[string][]any // what a logical id, construct path or name means
	byAddr         map[netip.Addr]*Interface
	assumptions    map[declared][]string
	// global4 and global6 are the addresses that hosts on the internet have; anyone6 are all that IPv6 keeps for nothing else, which
	// a sender may claim.
	global4, global6, anyone6 netset.Addrs
}

// declared is where a template declares a resource.
type declared struct{ stack, logicalID string }

// Expect is what a flow needs.
type Expect string

// The expectations.
const (
	ExpectDelivered Expect = "Delivered"
	ExpectExits     Expect = "ExitsNetwork"
	ExpectPasses    Expect = "Passes"  // Delivered or ExitsNetwork
	ExpectRefused   Expect = "Refused" // Denied or NoRoute
)

// Met reports whether a verdict is the expected one. Insufficient meets nothing.
func (e Expect) Met(v Verdict) bool {
	switch e {
	case ExpectDelivered:
		return v == Delivered
	case ExpectExits:
		return v == ExitsNetwork
	case ExpectPasses:
		return v.OK()
	case ExpectRefused:
		return v.Blocked()
	}
	return false
}
