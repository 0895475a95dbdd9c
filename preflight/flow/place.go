package flow

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/model"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// place is where a packet starts, is translated, or ends: an interface in a subnet, a Pod on a node, or a host
// beyond the network.
type place struct {
	kind  placeKind
	name  string // as an Endpoint spells it
	label string // what a reader calls it: "pod", "instance"
	on    string // where it is, for a reader
	ref   model.Ref

	subnet *model.Subnet
	vpc    *model.VPC
	groups []*model.SecurityGroup
	open   bool // no security group filters it: a NAT gateway, an NLB without groups
	v4, v6 netip.Addr
	// range4 and range6 are the addresses that v4 and v6 may be, where they are not fixed; free says who decides.
	range4, range6 netset.Addrs
	free           freedom
	public         netip.Addr // the IPv4 address that an internet gateway gives it, one to one
	accelerator    *model.Ref // the endpoint group of Global Accelerator that leads to it
	publicUnknown  string     // why it is not known whether it has one
	port           uint16     // where it listens

	cluster     *model.Cluster
	nodes       *model.NodeGroup // nil on Fargate
	host        bool             // a Pod on the host network, or the node itself
	random      bool             // it translates Pods' connections, to any port
	node6       netip.Addr       // of a Pod of an IPv4 cluster: the node's IPv6 address, and what it may be
	nodeRange6  netset.Addrs
	nodeUnknown string          // of a Pod whose own addresses are not known: what is not known of the node
	works       []*model.Object // of a Pod: the workloads that it may be of, none for any Pod
	backend     []*model.Rule   // what the load balancer controller adds to the node's groups
	lb          *model.LoadBalancer
	nat         *model.NATGateway
	service     string // short name of an AWS service
	unknown     string // what is not known of it
	gone        string // why nothing is there
	lacks6      string // why it has no IPv6 address though it needs one, and where that is decided
	lacks6R     model.Ref
}

type placeKind uint8

const (
	podPlace placeKind = iota + 1
	nodePlace
	hostPlace
	apiPlace
	balancerPlace
	endpointPlace
	natPlace
	internetPlace
	servicePlace
)

// addr returns the place's address of a family, not valid when it has none.
func (p *place) addr(f Family) netip.Addr {
	if f == IPv6 {
		return p.v6
	}
	return p.v4
}

// outside reports whether the place is beyond the network.
func (p *place) outside() bool { return p.kind == internetPlace || p.kind == servicePlace }

// The port ranges that connections are opened from: by NAT gateways, load balancers, functions, the VPC CNI's
// translation and clients anywhere, and the narrower one of Linux.
// See https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html.
var (
	anyEphemeral   = [2]uint16{1024, 65535}
	linuxEphemeral = [2]uint16{32768, 60999}
)

func (p *place) ephemeral() [2]uint16 {
	if p.random || p.label == "function" {
		return anyEphemeral
	}
	switch p.kind {
	case podPlace, nodePlace, hostPlace, apiPlace:
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
func (n *Network) internet(f Family) *place {
	p := &place{kind: internetPlace, label: "internet", open: true, ref: model.Ref{Type: "internet"}, free: chosen}
	if f == IPv6 {
		p.name, p.v6, p.range6 = string(Internet6), internetHost6, n.global6
	} else {
		p.name, p.v4, p.range4 = string(Internet4), internetHost4, n.global4
	}
	return p
}

// internetHost is the host on the internet that has an address.
func internetHost(name string, a netip.Addr) *place {
	p := &place{kind: internetPlace, label: "internet", name: name, open: true, ref: model.Ref{Type: "internet"}}
	p.set(a)
	return p
}

// set gives a place one address and no other.
func (p *place) set(a netip.Addr) {
	p.v4, p.v6, p.range4, p.range6 = netip.Addr{}, netip.Addr{}, netset.Addrs{}, netset.Addrs{}
	if a.Is4() {
		p.v4 = a
	} else {
		p.v6 = a
	}
}

// fix gives a place the address of a family that is written down for it.
func (p *place) fix(a netip.Addr) {
	switch {
	case a.Is4() && p.v4.IsValid():
		p.v4, p.range4 = a, netset.Addrs{}
	case a.Is6() && p.v6.IsValid():
		p.v6, p.range6 = a, netset.Addrs{}
	}
}

// places gives every subnet its running number of addresses, so that no two places share one, and every public address
// once.
type places struct {
	used   map[*model.Subnet]int
	ranges map[netip.Prefix]netset.Addrs
	public int
}

// usable are the addresses of a subnet that an interface can have: AWS keeps the first four and the last.
// See https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html.
func (a *places) usable(p netip.Prefix) netset.Addrs {
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
func (a *places) keep(m *model.Network) {
	for _, v := range m.VPCs {
		for _, s := range v.Subnets {
			a.ranges[s.IPv4], a.ranges[s.IPv6] = a.usable(s.IPv4), a.usable(s.IPv6)
		}
	}
}

// elastic is the next public IPv4 address that stands for one that AWS gives. The NAT gateways have the first of the
// range.
func (a *places) elastic() netip.Addr {
	a.public++
	return aws.DocumentationAWS4.Nth(64 + a.public%190)
}

func (a *places) next(s *model.Subnet) int {
	n := a.used[s]
	a.used[s]++
	return n
}

// in puts a place into a subnet.
func (a *places) in(p *place, s *model.Subnet) *place {
	n := a.next(s)
	p.subnet, p.vpc = s, s.VPC
	p.v4, p.v6 = hostAddr(s.IPv4, n), hostAddr(s.IPv6, n)
	p.range4, p.range6 = a.usable(s.IPv4), a.usable(s.IPv6)
	switch {
	case s.Imported || s.VPC == nil || s.VPC.Imported:
		p.unknown = fmt.Sprintf("subnet %s is in none of the templates", s.Ref)
		p.v4, p.v6 = aws.DocumentationAWS4.Nth(n&0xff), netset.Plus(aws.SomeImported6, n+1)
		p.range4, p.range6 = netset.Addrs{}, netset.Addrs{}
	case s.Unknown != "" && (!p.v4.IsValid() || !p.v6.IsValid()):
		p.unknown = fmt.Sprintf("a range of subnet %s is %s", s.Ref, s.Unknown)
	}
	return p
}

// shelf keeps the places of a cluster where Pods run.
type shelf struct {
	cluster *model.Cluster
	pods    []*place // one for each node group or Fargate profile and subnet
	peers   []*place // a Pod on another node in the same place
	api     []*place // the control plane's interfaces, one for each cluster subnet
}

func (a *places) shelf(c *model.Cluster) *shelf {
	s := &shelf{cluster: c}
	add := func(ng *model.NodeGroup, ref model.Ref, subnets []*model.Subnet, groups []*model.SecurityGroup, unknown string) {
		if len(subnets) == 0 {
			if unknown == "" {
				return
			}
			subnets = []*model.Subnet{{Ref: model.Ref{Type: "AWS::EC2::Subnet", Name: unknown}, Imported: true}}
		}
		for _, sub := range subnets {
			s.pods = append(s.pods, a.pod(c, ng, ref, sub, groups, unknown))
			s.peers = append(s.peers, a.pod(c, ng, ref, sub, groups, unknown))
		}
	}
	for _, ng := range c.NodeGroups {
		add(ng, ng.Ref, ng.Subnets, ng.Groups, ng.Unknown)
	}
	for _, f := range c.Fargate {
		add(nil, f.Ref, f.Subnets, []*model.SecurityGroup{c.Group}, f.Unknown)
	}
	for _, sub := range c.Subnets {
		p := a.in(&place{kind: apiPlace, name: string(APIServer), label: "EKS control plane", ref: c.Ref, cluster: c, port: 443,
			groups: append([]*model.SecurityGroup{c.Group}, c.Groups...)}, sub)
		p.on = "interface in " + sub.String()
		p.name = fmt.Sprintf("%s@%s", APIServer, sub.Ref)
		if c.Family == IPv4 {
			p.v6 = netip.Addr{}
		}
		s.api = append(s.api, p)
	}
	return s
}

func (a *places) pod(c *model.Cluster, ng *model.NodeGroup, ref model.Ref, sub *model.Subnet, groups []*model.SecurityGroup, unknown string) *place {
	p := &place{kind: podPlace, label: "pod", ref: ref, cluster: c, nodes: ng, groups: groups, port: 8080, free: every}
	p.name = fmt.Sprintf("%s@%s@%s", AnyPod, ref, sub.Ref)
	p.on = fmt.Sprintf("on %s in %s", ref, sub.Ref)
	n := a.used[sub]
	a.in(p, sub)
	if unknown != "" && p.unknown == "" {
		p.unknown = fmt.Sprintf("%s of %s is decided at deployment", unknown, ref)
	}
	p.nodeUnknown = p.unknown
	if why := c.CustomNetworking(); why != "" {
		p.unknown = cmp.Or(p.unknown, why)
	} else if s := c.ExtraPodSubnet(); s != nil && s != sub {
		p.unknown = cmp.Or(p.unknown, fmt.Sprintf("%s has the tag kubernetes.io/role/cni: Pods may have addresses of it, which is not modelled", s.Ref))
	}
	if ng != nil && p.v4.IsValid() {
		public, unknown := ng.Public(sub)
		if p.publicUnknown = unknown; public {
			p.public = a.elastic()
		}
	}
	if c.Family == IPv4 {
		if sub.AssignIPv6 {
			p.node6, p.nodeRange6 = p.v6, p.range6
		}
		p.v6 = netip.Addr{}
		return p
	}
	switch {
	case p.unknown != "":
	case !sub.IPv6.IsValid():
		p.lacks6, p.lacks6R = fmt.Sprintf("subnet %s has no IPv6 range", sub.Ref), sub.Ref
	case ng != nil && !ng.IPv6(sub):
		p.lacks6, p.lacks6R = fmt.Sprintf("subnet %s has AssignIpv6AddressOnCreation false: its nodes get no IPv6 address", sub.Ref), sub.In("AssignIpv6AddressOnCreation")
	}
	p.v6 = podAddr(sub.IPv6, n)
	if p.unknown != "" && !p.v6.IsValid() {
		p.v6 = netset.Plus(aws.SomeImported6, n+1)
	}
	return p
}

// beside reports whether two places are on one node, where packets between them never reach the network.
func (p *place) beside(q *place) bool {
	node := func(x *place) (four, six netip.Addr, ok bool) {
		if x.kind == podPlace && !x.host {
			return x.v4, x.node().v6, true
		}
		return x.v4, x.v6, x.kind == podPlace || x.kind == nodePlace
	}
	four, six, ok := node(p)
	four2, six2, ok2 := node(q)
	return ok && ok2 && p.subnet == q.subnet && (four.IsValid() && four == four2 || six.IsValid() && six == six2)
}

// node is the node that a Pod's place is on.
func (p *place) node() *place {
	n := *p
	n.kind, n.label, n.host, n.port = nodePlace, "node", true, 10250
	n.name = fmt.Sprintf("nodegroup:%s@%s", p.ref, p.subnet.Ref)
	n.works = nil
	if p.kind == podPlace && p.cluster != nil && !p.host {
		n.unknown = p.nodeUnknown
	}
	n.v6 = model.NodeIPv6(p.v6)
	if p.node6.IsValid() {
		n.v6, n.range6 = p.node6, p.nodeRange6
	}
	return &n
}
