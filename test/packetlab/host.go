package packetlab

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// eth0 is the interface of every box but routers and gateways; pod0 is a node's to its Pod.
const eth0, pod0 = "eth0", "pod0"

// buildCard makes the box of an interface and plugs it into its VPC's router.
func (l *Lab) buildCard(i network.Interface) error {
	r := l.routers[i.VPC]
	if r == nil {
		return nil // of a VPC that no template declares
	}
	c := l.cards[keyOf(i)]
	if c == nil {
		c = &card{Interface: i, key: keyOf(i), router: r}
		b, err := l.box(i.Name)
		if err != nil {
			return err
		}
		c.box, l.cards[c.key] = b, c
		if c.port, err = r.plug(b, eth0, "e", i.Subnet); err != nil {
			return err
		}
		c.port.card = c
		c.IPv6, c.ready = cardIPv6(i), true
		if (i.Kind == network.PodInterface || i.Kind == network.NodeInterface) && i.Cluster.Family == network.IPv6 && !joins(i) {
			c.ready = false
			return nil
		}
		if err := b.Address(eth0, i.IPv4, c.IPv6); err != nil {
			return err
		}
		if err := b.Default(eth0); err != nil {
			return err
		}
	}
	c.Interface.Backend = append(c.Interface.Backend, i.Backend...)
	if !c.Public.IsValid() {
		c.Public = i.Public
	}
	switch {
	case i.Kind != network.PodInterface || i.HostNetwork || !c.ready || c.pod != nil:
	case i.Cluster.Family == network.IPv6:
		if err := l.buildPod(c, i); err != nil {
			return err
		}
	case l.dials(c, network.IPv6):
		if err := l.buildIPv4Pod(c, i); err != nil {
			return err
		}
	}
	return c.add(i)
}

// add gives a card the addresses by which a sample knows it.
func (c *card) add(i network.Interface) error {
	for _, a := range i.Instead {
		if !c.ready || slices.Contains(c.also, a) {
			continue
		}
		c.also = append(c.also, a)
		b := c.box
		if a.Is6() && onlyIPv6(i) {
			b = c.pod
			if err := c.box.Route(wire.Route{To: wire.One(a), Link: pod0, Via: wire.Pod.Addr(true)}); err != nil {
				return err
			}
		}
		if err := b.Address(eth0, a); err != nil {
			return err
		}
	}
	return nil
}

// joins reports whether a node can join an IPv6 cluster: it needs an IPv6 address of its own.
// See https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html.
func joins(i network.Interface) bool {
	switch {
	case !i.Subnet.IPv6.IsValid():
		return false
	case i.NodeGroup == nil: // Fargate sees to it
		return true
	}
	return i.NodeGroup.IPv6(i.Subnet)
}

// buildPod makes a Pod on a node: an IPv6 address of the node's prefix, and for IPv4 what the VPC CNI's own plugin does.
func (l *Lab) buildPod(c *card, i network.Interface) error {
	pod, err := l.box(i.Name)
	if err != nil {
		return err
	}
	c.pod, c.podIP = pod, i.IPv6
	if err := wire.Nest(c.box, pod0, pod, eth0); err != nil {
		return err
	}
	if err := pod.Address(eth0, i.IPv6); err != nil {
		return err
	}
	all6 := wire.Everything[1]
	if err := pod.Route(wire.Route{To: all6, Link: eth0, Via: wire.Node.Addr(true)}); err != nil {
		return err
	}
	if err := c.box.Route(wire.Route{To: wire.One(i.IPv6), Link: pod0, Via: wire.Pod.Addr(true)}); err != nil {
		return err
	}
	on, _, _ := i.Cluster.IPv4Egress()
	if !i.IPv4.IsValid() || !l.dials(c, network.IPv4) {
		return nil
	}
	_, err = addEgress(l.tools, c.box, pod, egressConf{NodeIP: i.IPv4, Enabled: on, RandomizeSNAT: randomize(i.Cluster)})
	return err
}

// randomize is how the VPC CNI of a cluster chooses source ports; "" is its default.
func randomize(c *network.Cluster) string {
	a := c.Addon("vpc-cni")
	if a == nil {
		return ""
	}
	text, _ := a.Env("AWS_VPC_K8S_CNI_RANDOMIZESNAT").Text()
	return text
}

// buildIPv4Pod makes a Pod of an IPv4 cluster that dials IPv6: by the VPC CNI's IPv6 egress, where that is on. For IPv4 the
// node's address stands for the Pod's, and its own box for the Pod's.
func (l *Lab) buildIPv4Pod(c *card, i network.Interface) error {
	pod, err := l.box(i.Name)
	if err != nil {
		return err
	}
	c.pod = pod
	if err := wire.Nest(c.box, pod0, pod, eth0); err != nil {
		return err
	}
	on := false
	if a := i.Cluster.Addon("vpc-cni"); a != nil {
		on, _ = a.Env("ENABLE_V6_EGRESS").Bool()
	}
	if !on || !c.IPv6.IsValid() {
		return nil
	}
	_, err = addEgress(l.tools, c.box, pod, egressConf{NodeIP: c.IPv6, Enabled: true, V6: true, RandomizeSNAT: randomize(i.Cluster)})
	return err
}

// dials reports whether a flow leaves the card over a family.
func (l *Lab) dials(c *card, f network.Family) bool {
	return slices.ContainsFunc(l.flows, func(g *Flow) bool { return g.Family == f && keyOf(g.From) == c.key })
}

// kubeProxy translates ClusterIPs on the nodes where flows dial them. kube-proxy itself chooses a backend at random; here
// the client's port chooses, so that each flow gets the one it is about.
func (l *Lab) kubeProxy(c *card) func(*wire.Filter) {
	return func(f *wire.Filter) {
		for place, from := range map[string]wire.Expr{wire.Before: wire.In(pod0), wire.Outgoing: nil} {
			chain := f.Translation("kubeproxy-"+place, place, -100)
			for _, g := range l.flows {
				if !g.Virtual.IsValid() || keyOf(g.From) != c.key || !g.From.Cluster.Runs("kube-proxy") {
					continue
				}
				client, to := address(g.From, g.Family), address(*g.To, g.Family)
				if !client.IsValid() || !to.IsValid() {
					continue
				}
				w := g.port()
				chain.Rule(from, wire.From(wire.One(client)), wire.To(wire.One(g.Virtual)), wire.Proto(byte(g.Proto)), wire.SrcPort(w, w), wire.DstPort(g.Port, g.Port),
					wire.DNAT(to, g.To.Port))
			}
		}
	}
}

// address is what an interface is reached by over a family: Pods of IPv6 clusters by IPv6 only.
func address(i network.Interface, f network.Family) netip.Addr {
	if f == network.IPv4 && onlyIPv6(i) {
		return netip.Addr{}
	}
	for _, a := range i.Instead {
		if network.FamilyOf(a) == f {
			return a
		}
	}
	if f == network.IPv6 {
		return i.IPv6
	}
	return i.IPv4
}

func (l *Lab) nodeFilters() error {
	for _, c := range l.cards {
		if c.Cluster == nil || c.pod == nil && c.Kind == network.ControlPlaneInterface {
			continue
		}
		if !slices.ContainsFunc(l.flows, func(f *Flow) bool {
			return keyOf(f.From) == c.key && (f.Virtual.IsValid() || f.Family != f.From.Cluster.Family)
		}) {
			continue
		}
		if err := c.box.Filter(func(f *wire.Filter) {
			l.kubeProxy(c)(f)
			if c.pod != nil {
				l.edges(f, c)
			}
		}); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return nil
}

// edges makes the node's translation of a Pod's connections choose the ports that samples have. The plugin's own rule chooses at
// random.
func (l *Lab) edges(f *wire.Filter, c *card) {
	chain := f.Translation("edges", wire.After, 99)
	for _, g := range l.flows {
		if keyOf(g.From) == c.key {
			choose(chain, g, isCNI)
		}
	}
}

// choose makes a translator give a flow's connection the source that its sample has.
func choose(c wire.Chain, f *Flow, by func(network.Hop) bool) {
	h, ok := f.translated(by)
	if !ok {
		return
	}
	var client wire.Expr // as the translator sees it; the VPC CNI's plugin and the translator of NAT64 choose another address
	if h.Action == network.SNAT && !isCNI(h) {
		client = wire.From(wire.One(h.Before.Src))
	}
	from, to := h.Before.SrcPort, h.After
	c.Rule(client, wire.Out(eth0), wire.Proto(byte(f.Proto)), wire.SrcPort(from, from), wire.To(wire.One(to.Dst)), wire.DstPort(to.DstPort, to.DstPort),
		wire.SNAT(to.Src, to.SrcPort, to.SrcPort))
}
