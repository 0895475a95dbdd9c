package packetlab

import (
	"fmt"
	"io"
	"net/netip"
	"sync"

	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// Lab is a network of templates, built of namespaces.
type Lab struct {
	net      *network.Network
	tools    Tools
	flows    []*Flow
	boxes    []*wire.Box
	internet *internet
	routers  map[*network.VPC]*router
	order    []*router // in the order of the model
	cards    map[string]*card
	servers  map[server]bool
	open     []io.Closer
	noting   sync.Mutex
}

// RefusedError is a network that EC2 does not create, so that there is nothing to build.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return "EC2 refuses the network: " + e.Why }

// refused looks for what EC2 refuses and that the lab could not build either.
// See https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html.
func refused(net *network.Network) error {
	for _, v := range net.VPCs {
		for i, s := range v.Subnets {
			if s.IPv4.IsValid() && (s.IPv4.Bits() < 16 || s.IPv4.Bits() > 28) {
				return &RefusedError{fmt.Sprintf("%s of %s is not between /16 and /28", s.IPv4, s.Ref)}
			}
			for _, o := range v.Subnets[:i] {
				for _, f := range []network.Family{network.IPv4, network.IPv6} {
					if a, b := s.Prefix(f), o.Prefix(f); a.IsValid() && b.IsValid() && a.Overlaps(b) {
						return &RefusedError{fmt.Sprintf("subnets %s and %s overlap: %s, %s", o.Ref, s.Ref, b, a)}
					}
				}
			}
		}
	}
	return nil
}

// New builds the lab for flows of a network: the network itself, and of the interfaces those that the flows need.
func New(net *network.Network, flows []*Flow, tools Tools) (*Lab, error) {
	l := &Lab{net: net, tools: tools, flows: flows, routers: map[*network.VPC]*router{}, cards: map[string]*card{}, servers: map[server]bool{}}
	if err := refused(net); err != nil {
		return nil, err
	}
	for _, step := range []func() error{l.buildInternet, l.buildRouters, l.buildCards, l.buildGateways, l.buildJoins, l.route, l.filter, l.serve} {
		if err := step(); err != nil {
			l.Close()
			return nil, err
		}
	}
	for _, b := range l.boxes {
		b.Built()
	}
	return l, nil
}

// Close ends every process and socket of the lab and lets go of its namespaces.
func (l *Lab) Close() {
	for _, c := range l.open {
		_ = c.Close()
	}
	for _, b := range l.boxes {
		b.Close()
	}
	l.open, l.boxes = nil, nil
}

func (l *Lab) box(name string) (*wire.Box, error) {
	b, err := wire.New(name)
	if err == nil {
		l.boxes = append(l.boxes, b)
	}
	return b, err
}

// router is a VPC: a routing table for each subnet, the security groups of the interfaces and the network ACLs of the
// subnets.
type router struct {
	vpc   *network.VPC
	box   *wire.Box
	ports []*port
}

// port is an interface of a router.
type port struct {
	name   string
	subnet *network.Subnet // nil for what is in no subnet
	card   *card           // nil for gateways
	leads  string          // the id of the gateway
	joins  bool            // it leads to other VPCs: a peering connection or a transit gateway
	end    wire.End        // of the cable, where the gateway is
	table  int             // where what comes in by it is looked up first; 0 is the VPC's own interfaces only
}

// plug joins a box to the router by a new port.
func (r *router) plug(b *wire.Box, link, kind string, s *network.Subnet) (*port, error) {
	p := &port{name: fmt.Sprintf("%s%d", kind, len(r.ports)), subnet: s, end: wire.Leaf}
	if err := wire.Link(r.box, p.name, b, link); err != nil {
		return nil, err
	}
	r.ports = append(r.ports, p)
	return p, nil
}

// The router's tables: one for each subnet, then those of single ports, and one of the VPC's own interfaces.
const (
	firstTable = 1000
	portTable  = 5000
	ownTable   = 900
)

func tableOf(s *network.Subnet) int { return firstTable + s.Index }

// markOf is the mark of packets that come from a subnet.
func markOf(s *network.Subnet) uint32 { return uint32(s.Index + 1) }

func (l *Lab) buildRouters() error {
	for _, v := range l.net.VPCs {
		if v.Imported {
			continue
		}
		b, err := l.box(v.String())
		if err != nil {
			return err
		}
		r := &router{vpc: v, box: b}
		l.routers[v] = r
		l.order = append(l.order, r)
	}
	return nil
}

// card is a network interface in a subnet, with the box that has it.
type card struct {
	network.Interface
	key    string
	router *router
	port   *port
	box    *wire.Box
	pod    *wire.Box // the Pod's own box; nil where processes run in box itself
	podIP  netip.Addr
	also   []netip.Addr // by which samples know it too
	ready  bool         // it has the addresses that its kind needs
}

// addresses are what a router delivers to the card.
func (c *card) addresses() []netip.Addr {
	if !c.ready {
		return nil
	}
	var out []netip.Addr
	for _, a := range append([]netip.Addr{c.IPv4, c.IPv6, c.podIP}, c.also...) {
		if a.IsValid() {
			out = append(out, a)
		}
	}
	return out
}

func (c *card) has(a netip.Addr) bool {
	for _, b := range c.addresses() {
		if a == b {
			return true
		}
	}
	return false
}

// homeOf is the box where an interface's processes run: the Pod's own, or the node's for what is on its network.
func homeOf(c *card, i network.Interface) *wire.Box {
	if c.pod == nil || i.Kind == network.NodeInterface || i.HostNetwork || i.Cluster.Family == network.IPv4 {
		return c.box
	}
	return c.pod
}

// inside reports whether an interface is in a VPC of the lab.
func inside(i network.Interface) bool {
	return i.Kind != network.InternetHost && i.Kind != network.ServiceHost
}

// keyOf tells interfaces apart. A Pod and its node share one.
func keyOf(i network.Interface) string {
	vpc := -1
	if i.VPC != nil {
		vpc = i.VPC.Index
	}
	return fmt.Sprintf("%d %s %s", vpc, i.IPv4, cardIPv6(i))
}

// cardIPv6 is the IPv6 address of an interface's card: of a Pod, the node's.
func cardIPv6(i network.Interface) netip.Addr {
	switch {
	case i.Kind != network.PodInterface || i.HostNetwork:
		return i.IPv6
	case i.Cluster.Family == network.IPv4:
		return i.NodeIPv6
	}
	return network.NodeIPv6(i.IPv6)
}

// card finds an interface of a flow; nil where the lab has none for it.
func (l *Lab) card(i network.Interface) *card { return l.cards[keyOf(i)] }

func (l *Lab) buildCards() error {
	for _, f := range l.flows {
		list := []network.Interface{f.From, *f.To}
		if f.Absent() == "" && f.Front != nil {
			list = append(list, *f.Front)
		}
		if f.Absent() == "" && f.Backend != nil {
			list = append(list, *f.Backend)
		}
		for _, i := range list {
			if inside(i) && !i.Nowhere() && i.Subnet != nil && !i.Subnet.Imported {
				if err := l.buildCard(i); err != nil {
					return fmt.Errorf("%s: %w", i.Name, err)
				}
			}
		}
	}
	return nil
}
