package network

import (
	"fmt"
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// Interface is where a packet starts, is translated, or ends: an interface in a subnet, a Pod on a node, or a host
// beyond the network.
type Interface struct {
	Kind      InterfaceKind
	Name      string // as an Endpoint spells it
	Component Component
	Workload  string // of a Pod: what it is of, where that is known
	On        string // where it is, for a reader
	Ref       Ref

	Subnet     *Subnet
	VPC        *VPC
	Groups     []*SecurityGroup
	Unfiltered bool // no security group filters it: a NAT gateway, an NLB without groups
	IPv4, IPv6 netip.Addr
	// range4 and range6 are the addresses that v4 and v6 may be, where they are not fixed; free says who decides.
	range4, range6 netset.Addrs
	free           freedom
	Public         netip.Addr // the IPv4 address that an internet gateway gives it, one to one
	Accelerator    *Ref       // the endpoint group of Global Accelerator that leads to it
	PublicUnknown  string     // why it is not known whether it has one
	Port           uint16     // where it listens

	Cluster     *Cluster
	NodeGroup   *NodeGroup // nil on Fargate
	HostNetwork bool       // a Pod on the host network, or the node itself
	random      bool       // it translates Pods' connections, to any port
	NodeIPv6    netip.Addr // of a Pod of an IPv4 cluster: the node's IPv6 address, and what it may be
	nodeRange6  netset.Addrs
	nodeUnknown string    // of a Pod whose own addresses are not known: what is not known of the node
	works       []*Object // of a Pod: the workloads that it may be of, none for any Pod
	Backend     []*Rule   // what the load balancer controller adds to the node's groups
	Balancer    *LoadBalancer
	nat         *NATGateway
	Service     string   // short name of an AWS service
	Unknown     string   // what is not known of it
	gone        *Failure // why nothing is there
	lacks6      *Failure // why it has no IPv6 address though it needs one
	// Instead are other addresses of its subnet, by which the packets of a sample know the interface; see [Sampling].
	Instead []netip.Addr
}

// InterfaceKind says what an interface belongs to.
type InterfaceKind uint8

// The kinds of interfaces.
const (
	PodInterface InterfaceKind = iota + 1
	NodeInterface
	HostInterface
	ControlPlaneInterface
	BalancerInterface
	EndpointInterface
	NATInterface
	InternetHost
	ServiceHost
)

// addr returns the interface's address of a family, not valid when it has none.
func (p *Interface) addr(f Family) netip.Addr {
	if f == IPv6 {
		return p.IPv6
	}
	return p.IPv4
}

// Outside reports whether the interface is beyond the network.
func (p *Interface) Outside() bool { return p.Kind == InternetHost || p.Kind == ServiceHost }

// Nowhere reports whether nothing is at the address.
func (p *Interface) Nowhere() bool { return p.gone != nil }

// The port ranges that connections are opened from: by NAT gateways, load balancers, functions, the VPC CNI's
// translation and clients anywhere, and the narrower one of Linux.
// See https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html.
var (
	anyEphemeral   = [2]uint16{1024, 65535}
	linuxEphemeral = [2]uint16{32768, 60999}
)

func (p *Interface) ephemeral() [2]uint16 {
	if p.random || p.Component == AtFunction {
		return anyEphemeral
	}
	switch p.Kind {
	case PodInterface, NodeInterface, HostInterface, ControlPlaneInterface:
		return linuxEphemeral
	default:
	}
	return anyEphemeral
}

// set gives an interface one address and no other.
func (p *Interface) set(a netip.Addr) {
	p.IPv4, p.IPv6, p.range4, p.range6 = netip.Addr{}, netip.Addr{}, netset.Addrs{}, netset.Addrs{}
	if a.Is4() {
		p.IPv4 = a
	} else {
		p.IPv6 = a
	}
}

// fix gives an interface the address of a family that is written down for it.
func (p *Interface) fix(a netip.Addr) {
	switch {
	case a.Is4() && p.IPv4.IsValid():
		p.IPv4, p.range4 = a, netset.Addrs{}
	case a.Is6() && p.IPv6.IsValid():
		p.IPv6, p.range6 = a, netset.Addrs{}
	}
}

// beside reports whether two interfaces are on one node, where packets between them never reach the network.
func (p *Interface) beside(q *Interface) bool {
	node := func(x *Interface) (four, six netip.Addr, ok bool) {
		if x.Kind == PodInterface && !x.HostNetwork {
			return x.IPv4, x.nodesIPv6(), true
		}
		return x.IPv4, x.IPv6, x.Kind == PodInterface || x.Kind == NodeInterface
	}
	four, six, ok := node(p)
	four2, six2, ok2 := node(q)
	return ok && ok2 && p.Subnet == q.Subnet && (four.IsValid() && four == four2 || six.IsValid() && six == six2)
}

// hostAddr is the nth address of a subnet that a host can have: AWS keeps the first four and the last.
func hostAddr(p netip.Prefix, n int) netip.Addr {
	if !p.IsValid() {
		return netip.Addr{}
	}
	size := 1 << 16
	if room := p.Addr().BitLen() - p.Bits(); room < 16 {
		size = max(1<<room-5, 1)
	}
	return netset.Plus(p.Addr(), 4+n%size)
}

// addressing gives every subnet its running number of addresses, so that no two interfaces share one, and every public address
// once.
type addressing struct {
	used   map[*Subnet]int
	ranges map[netip.Prefix]netset.Addrs
	public int
}

// keep makes the sets of the subnets' ranges, which nothing writes to later: a network serves many at once.
func (a *addressing) keep(m *Network) {
	for _, v := range m.VPCs {
		for _, s := range v.Subnets {
			a.ranges[s.IPv4], a.ranges[s.IPv6] = a.usable(s.IPv4), a.usable(s.IPv6)
		}
	}
}

// usable are the addresses of a subnet that an interface can have: AWS keeps the first four and the last.
// See https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html.
func (a *addressing) usable(p netip.Prefix) netset.Addrs {
	if !p.IsValid() {
		return netset.Addrs{}
	}
	if set, ok := a.ranges[p]; ok {
		return set
	}
	if p.Addr().BitLen()-p.Bits() >= 3 {
		return netset.Range(netset.Plus(p.Masked().Addr(), 4), netset.Last(p).Prev())
	}
	return netset.Of(p)
}

func (a *addressing) next(s *Subnet) int {
	n := a.used[s]
	a.used[s]++
	return n
}

// in puts an interface into a subnet.
func (a *addressing) in(p *Interface, s *Subnet) *Interface {
	n := a.next(s)
	p.Subnet, p.VPC = s, s.VPC
	p.IPv4, p.IPv6 = hostAddr(s.IPv4, n), hostAddr(s.IPv6, n)
	p.range4, p.range6 = a.usable(s.IPv4), a.usable(s.IPv6)
	switch {
	case s.Imported || s.VPC == nil || s.VPC.Imported:
		p.Unknown = fmt.Sprintf("subnet %s is in none of the templates", s.Ref)
		p.IPv4, p.IPv6 = aws.DocumentationAWS4.Nth(n&0xff), netset.Plus(aws.SomeImported6, n+1)
		p.range4, p.range6 = netset.Addrs{}, netset.Addrs{}
	case s.Unknown != "" && (!p.IPv4.IsValid() || !p.IPv6.IsValid()):
		p.Unknown = fmt.Sprintf("a range of subnet %s is %s", s.Ref, s.Unknown)
	}
	return p
}

func arrival(p *Interface) string {
	if p.On == "" {
		return p.Name
	}
	return p.On
}

// holds says that an address is of the interface's own subnet, and no stand-in for what is not known.
func (t *tracer) holds(p *Interface, a address) bool {
	if p.Subnet == nil || p.Subnet.Imported || p.VPC == nil || p.VPC.Imported {
		return false
	}
	r := p.Subnet.Prefix(a.family())
	return r.IsValid() && t.inPrefix(a, r)
}
