package network

import (
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// NodeIPv6 is the address of the node whose Pod has the given address: outside the node's /80, and apart from the hosts of
// the subnet.
func NodeIPv6(pod netip.Addr) netip.Addr {
	if !pod.Is6() {
		return netip.Addr{}
	}
	a := pod.As16()
	a[8], a[9], a[13], a[14], a[15] = 0, 0, 1, a[8], a[9]
	return netip.AddrFrom16(a)
}

// Sampling says which packets of a trace's question are taken, to be sent.
type Sampling struct {
	Max       int            // how many at most
	Seed      uint64         // one seed draws the same packets, anywhere
	Protocols netset.Numbers // those that can be sent
	// Used are the headers that other packets have on their way, which no packet may have that is sent beside them. Those of the
	// packets that are taken come to them.
	Used map[Header]bool
	// Given are the addresses that samples have given to interfaces beside their own, and the one that each is instead of.
	Given map[netip.Addr]netip.Addr
}

// Header is what tells one connection from another.
type Header struct {
	Src, Dst netip.AddrPort
	Proto    string
}
