package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// place is where a packet starts, is translated, or ends: an interface in a subnet, a Pod on a node, or a host
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

// placeKind says what an interface belongs to.
type InterfaceKind uint8

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

// addr returns the place's address of a family, not valid when it has none.
func (p *Interface) addr(f Family) netip.Addr {
	if f == IPv6 {
		return p.IPv6
	}
	return p.IPv4
}

// outside reports whether the place is beyond the network.
func (p *Interface) Outside() bool { return p.Kind == InternetHost || p.Kind == ServiceHost }

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

// podAddr is an address in the nth node's /80, the prefix that the VPC CNI takes for the node's Pods.
func podAddr(p netip.Prefix, n int) netip.Addr {
	if !p.IsValid() {
		return netip.Addr{}
	}
	a := p.Addr().As16()
	n += 16
	a[8], a[9], a[15] = a[8]|byte(n>>8), a[9]|byte(n), a[15]|2
	return netip.AddrFrom16(a)
}

// The hosts on the internet. RFC 5737 and RFC 3849 keep these addresses for documentation.
var (
	internetHost4  = aws.SomeHost4
	internetHost6  = aws.SomeHost6
	publicAPI4     = aws.SomeAPI4
	publicAPI6     = aws.SomeAPI6
	podUniqueLocal = aws.PodEgress6.Nth(2)
	podLinkLocal   = aws.PodEgress4.Nth(2)
	nat64          = aws.NAT64.Prefix
)

// unroutable are addresses that no router passes on.
var unroutable = aws.Unroutable()

// privateRanges are addresses that no route on the internet leads to.
var privateRanges = aws.PrivateRanges()

// specialRanges are addresses that no host on the internet has.
var specialRanges = slices.Concat(aws.Special4(), aws.Special6())

// internet is every host on the internet of a family.
func (n *Network) Internet(f Family) *Interface {
	p := &Interface{Kind: InternetHost, Component: AtInternet, Unfiltered: true, Ref: Ref{Type: "internet"}, free: chosen}
	if f == IPv6 {
		p.Name, p.IPv6, p.range6 = string(Internet6), internetHost6, n.global6
	} else {
		p.Name, p.IPv4, p.range4 = string(Internet4), internetHost4, n.global4
	}
	return p
}

// internetHost is the host on the internet that has an address.
func internetHost(name string, a netip.Addr) *Interface {
	p := &Interface{Kind: InternetHost, Component: AtInternet, Name: name, Unfiltered: true, Ref: Ref{Type: "internet"}}
	p.set(a)
	return p
}

// set gives a place one address and no other.
func (p *Interface) set(a netip.Addr) {
	p.IPv4, p.IPv6, p.range4, p.range6 = netip.Addr{}, netip.Addr{}, netset.Addrs{}, netset.Addrs{}
	if a.Is4() {
		p.IPv4 = a
	} else {
		p.IPv6 = a
	}
}

// fix gives a place the address of a family that is written down for it.
func (p *Interface) fix(a netip.Addr) {
	switch {
	case a.Is4() && p.IPv4.IsValid():
		p.IPv4, p.range4 = a, netset.Addrs{}
	case a.Is6() && p.IPv6.IsValid():
		p.IPv6, p.range6 = a, netset.Addrs{}
	}
}

// places gives every subnet its running number of addresses, so that no two places share one, and every public address
// once.
type addressing struct {
	used   map[*Subnet]int
	ranges map[netip.Prefix]netset.Addrs
	public int
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

// keep makes the sets of the subnets' ranges, which nothing writes to later: a network serves many at once.
func (a *addressing) keep(m *Network) {
	for _, v := range m.VPCs {
		for _, s := range v.Subnets {
			a.ranges[s.IPv4], a.ranges[s.IPv6] = a.usable(s.IPv4), a.usable(s.IPv6)
		}
	}
}

// elastic is the next public IPv4 address that stands for one that AWS gives. The NAT gateways have the first of the
// range.
func (a *addressing) elastic() netip.Addr {
	a.public++
	return aws.DocumentationAWS4.Nth(64 + a.public%190)
}

func (a *addressing) next(s *Subnet) int {
	n := a.used[s]
	a.used[s]++
	return n
}

// in puts a place into a subnet.
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

// shelf keeps the places of a cluster where Pods run.
type ClusterPods struct {
	Cluster *Cluster
	Pods    []*Interface // one for each node group or Fargate profile and subnet
	Peers   []*Interface // a Pod on another node in the same place
	API     []*Interface // the control plane's interfaces, one for each cluster subnet
}

func (a *addressing) clusterPods(c *Cluster) *ClusterPods {
	s := &ClusterPods{Cluster: c}
	add := func(ng *NodeGroup, ref Ref, subnets []*Subnet, groups []*SecurityGroup, unknown string) {
		if len(subnets) == 0 {
			if unknown == "" {
				return
			}
			subnets = []*Subnet{{Ref: Ref{Type: "AWS::EC2::Subnet", Name: unknown}, Imported: true}}
		}
		for _, sub := range subnets {
			s.Pods = append(s.Pods, a.pod(c, ng, ref, sub, groups, unknown))
			s.Peers = append(s.Peers, a.pod(c, ng, ref, sub, groups, unknown))
		}
	}
	for _, ng := range c.NodeGroups {
		add(ng, ng.Ref, ng.Subnets, ng.Groups, ng.Unknown)
	}
	for _, f := range c.Fargate {
		add(nil, f.Ref, f.Subnets, []*SecurityGroup{c.Group}, f.Unknown)
	}
	for _, sub := range c.Subnets {
		p := a.in(&Interface{Kind: ControlPlaneInterface, Name: string(APIServer), Component: AtControlPlane, Ref: c.Ref, Cluster: c, Port: 443,
			Groups: append([]*SecurityGroup{c.Group}, c.Groups...)}, sub)
		p.On = "interface in " + sub.String()
		p.Name = fmt.Sprintf("%s@%s", APIServer, sub.Ref)
		if c.Family == IPv4 {
			p.IPv6 = netip.Addr{}
		}
		s.API = append(s.API, p)
	}
	return s
}

func (a *addressing) pod(c *Cluster, ng *NodeGroup, ref Ref, sub *Subnet, groups []*SecurityGroup, unknown string) *Interface {
	p := &Interface{Kind: PodInterface, Component: AtPod, Ref: ref, Cluster: c, NodeGroup: ng, Groups: groups, Port: 8080, free: every}
	p.Name = fmt.Sprintf("%s@%s@%s", AnyPod, ref, sub.Ref)
	p.On = fmt.Sprintf("on %s in %s", ref, sub.Ref)
	n := a.used[sub]
	a.in(p, sub)
	if unknown != "" && p.Unknown == "" {
		p.Unknown = fmt.Sprintf("%s of %s is decided at deployment", unknown, ref)
	}
	p.nodeUnknown = p.Unknown
	if why := c.CustomNetworking(); why != "" {
		p.Unknown = cmp.Or(p.Unknown, why)
	} else if s := c.ExtraPodSubnet(); s != nil && s != sub {
		p.Unknown = cmp.Or(p.Unknown, fmt.Sprintf("%s has the tag kubernetes.io/role/cni: Pods may have addresses of it, which is not modelled", s.Ref))
	}
	if ng != nil && p.IPv4.IsValid() {
		public, unknown := ng.Public(sub)
		if p.PublicUnknown = unknown; public {
			p.Public = a.elastic()
		}
	}
	if c.Family == IPv4 {
		if sub.AssignIPv6 {
			p.NodeIPv6, p.nodeRange6 = p.IPv6, p.range6
		}
		p.IPv6 = netip.Addr{}
		return p
	}
	switch {
	case p.Unknown != "":
	case !sub.IPv6.IsValid():
		p.lacks6 = &Failure{NoRoute, AtNode, sub.Ref, fmt.Sprintf("subnet %s has no IPv6 range", sub.Ref)}
	case ng != nil && !ng.IPv6(sub):
		p.lacks6 = &Failure{NoRoute, AtNode, sub.In("AssignIpv6AddressOnCreation"), fmt.Sprintf("subnet %s has AssignIpv6AddressOnCreation false: its nodes get no IPv6 address", sub.Ref)}
	}
	p.IPv6 = podAddr(sub.IPv6, n)
	if p.Unknown != "" && !p.IPv6.IsValid() {
		p.IPv6 = netset.Plus(aws.SomeImported6, n+1)
	}
	return p
}

// beside reports whether two places are on one node, where packets between them never reach the network.
func (p *Interface) beside(q *Interface) bool {
	node := func(x *Interface) (four, six netip.Addr, ok bool) {
		if x.Kind == PodInterface && !x.HostNetwork {
			return x.IPv4, x.Node().IPv6, true
		}
		return x.IPv4, x.IPv6, x.Kind == PodInterface || x.Kind == NodeInterface
	}
	four, six, ok := node(p)
	four2, six2, ok2 := node(q)
	return ok && ok2 && p.Subnet == q.Subnet && (four.IsValid() && four == four2 || six.IsValid() && six == six2)
}

// node is the node that a Pod's place is on.
func (p *Interface) Node() *Interface {
	n := *p
	n.Kind, n.Component, n.HostNetwork, n.Port = NodeInterface, AtNode, true, 10250
	n.Name = fmt.Sprintf("nodegroup:%s@%s", p.Ref, p.Subnet.Ref)
	n.works, n.Workload = nil, ""
	if p.Kind == PodInterface && p.Cluster != nil && !p.HostNetwork {
		n.Unknown = p.nodeUnknown
	}
	n.IPv6 = NodeIPv6(p.IPv6)
	if p.NodeIPv6.IsValid() {
		n.IPv6, n.range6 = p.NodeIPv6, p.nodeRange6
	}
	return &n
}
