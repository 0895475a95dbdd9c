package model

import (
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// Ends are the two ends of one flow, as the interfaces that they are: what it takes to build them for real and to
// send the flow's packets between them.
type Ends struct {
	From, To Interface
	Family   Family // of the connection that From opens
	Proto    Proto  // TCP or UDP
	Port     uint16 // that From dials
	Named    bool   // From dials a DNS name, for which DNS64 may answer
	Virtual  netip.Addr
	Absent   string // why there is nothing to dial, such as the controller's refusal to make the load balancer

	// Where To is an interface of a load balancer, or of an endpoint with Front behind it: what it forwards to.
	// Backend and Front are nil where there is none.
	Endpoint *Endpoint
	Front    *Interface
	Listener *Listener
	Target   *TargetGroup
	Backend  *Interface

	PublicAPI *Cluster // whose public endpoint To is
}

// Interface is a network interface, or a host beyond the network.
type Interface struct {
	Ref
	Name   string
	Kind   InterfaceKind
	VPC    *VPC
	Subnet *Subnet // nil beyond the network
	Groups []*SecurityGroup
	// Unfiltered says that no security group holds for it: a NAT gateway, a load balancer without groups.
	Unfiltered bool
	IPv4, IPv6 netip.Addr // of a Pod: the node's IPv4 address, and the Pod's own IPv6 address
	NodeIPv6   netip.Addr // of a Pod of an IPv4 cluster: the node's IPv6 address, if it has one
	// Instead are other addresses of its subnet, by which the packets of a sample know the interface; see [Sampling].
	Instead []netip.Addr
	Public  netip.Addr // the IPv4 address that an internet gateway gives it, one to one
	Port    uint16     // where it listens

	Cluster     *Cluster
	NodeGroup   *NodeGroup // nil on Fargate
	HostNetwork bool       // a node, or a Pod on its node's network
	Backend     []*Rule    // what the load balancer controller adds to the groups
	Balancer    *LoadBalancer
	Service     string // short name of an AWS service
	Nowhere     bool   // an address in no subnet
}

// InterfaceKind says what an interface belongs to.
type InterfaceKind string

// The kinds of interface.
const (
	PodInterface          InterfaceKind = "Pod"
	NodeInterface         InterfaceKind = "node"
	HostInterface         InterfaceKind = "host"
	ControlPlaneInterface InterfaceKind = "control plane"
	BalancerInterface     InterfaceKind = "load balancer"
	EndpointInterface     InterfaceKind = "VPC endpoint"
	InternetHost          InterfaceKind = "internet host"
	ServiceHost           InterfaceKind = "AWS service"
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
