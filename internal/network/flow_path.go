package network

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// dest is what a packet is sent to, and what happens to it after it got there.
type Destination struct {
	Name  string
	To    *Interface // the interface or host that the packet goes to first
	Port  uint16
	Proto Proto
	// family is the one to use; 0 is IPv6 where both ends have it.
	Family Family
	Named  bool // reached by a DNS name: DNS64 can answer for it

	// A ClusterIP Service: kube-proxy translates to place.
	Virtual netip.Addr
	Service Ref

	// A load balancer: place is one of its interfaces, backend one of its targets.
	Listener *Listener
	Target   *TargetGroup
	Backend  *Interface

	// PrivateLink: place is an endpoint's interface, and the load balancer is behind it.
	Endpoint *Endpoint
	Front    *Interface // the load balancer's interface

	// publicAPI is the cluster whose public endpoint this is.
	PublicAPI *Cluster

	// Fails ends the trace at the destination: it does not exist or cannot take the packet.
	Fails *Failure

	Assumes []string

	// ports are asked for instead of port, where there are several.
	Ports netset.Numbers
	// targets are the ports of place behind a ClusterIP.
	Targets netset.Numbers
	// everything asks for every protocol and every port, not for proto and port only.
	Everything bool
}

// over is the address family by which a place reaches the destination.
func (d Destination) over(from *Interface) Family {
	switch {
	case d.Family != 0:
		return d.Family
	case from.IPv6.IsValid() && (d.To.IPv6.IsValid() || d.Virtual.Is6()):
		return IPv6
	}
	return IPv4
}

// By is an interface as a destination by name, over TCP to a port.
func (i *Interface) By(port uint16, f Family) Destination {
	d := Destination{Name: i.Name, To: i, Port: port, Proto: TCP, Family: f, Named: true}
	if f == IPv6 {
		d.Fails = i.lacks6
	}
	return d
}

// forward follows the packet; OK verdicts mean that it got there.
func (t *tracer) forward(from *Interface, d Destination) Verdict {
	if p := d.To; p.Kind == PodInterface && !p.HostNetwork && p.Cluster.Family == IPv6 {
		pod := *p
		pod.IPv4 = netip.Addr{} // the node's, by which nobody reaches the Pod
		d.To = &pod
	}
	f := t.question(from, d)
	switch {
	case d.Virtual.IsValid() && FamilyOf(d.Virtual) != f:
		t.pkt.dst = address{}
		d.Fails = &Failure{NoRoute, AtKubernetesService, d.Service, fmt.Sprintf("%s has a ClusterIP of %s only", d.Name, FamilyOf(d.Virtual))}
	case d.Virtual.IsValid():
		t.pkt.dst = fixedAddress(d.Virtual)
	case f == IPv4 && d.To.Public.IsValid() && (from.Outside() || d.Named && d.To.Balancer != nil):
		// From outside only the public address is known, and the name of an internet-facing load balancer means that
		// everywhere: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
		t.pkt.dst = t.publicAddress(d.To)
	}
	sender, undos, v := t.originate(from, d, f)
	if v != 0 {
		return v
	}
	if v := t.policies(from, true); v != 0 {
		return v
	}
	if d.Fails != nil {
		return t.fail(d.Fails)
	}
	if d.Virtual.IsValid() {
		if !from.Cluster.Runs("kube-proxy") {
			return t.stop(NoRoute, AtKubeProxy, from.Cluster.Ref, "kube-proxy is not installed: EKS installs it with BootstrapSelfManagedAddons, otherwise an AWS::EKS::Addon does")
		}
		switch {
		case d.To.lacks6 != nil:
			return t.fail(d.To.lacks6)
		case d.To.Unknown != "":
			return t.stopAt(Insufficient, d.To, "%s", d.To.Unknown)
		case !d.To.addr(f).IsValid():
			return t.stopAt(NoRoute, d.To, "%s has no %s address", d.To.Name, f)
		}
		undos = append(undos, undo{SNAT, AtKubeProxy, d.Service, "its connection table", t.pkt.reply()})
		after := t.pkt
		after.dst, after.dstPort = t.address(d.To, f), t.targetPort(d)
		t.change(DNAT, AtKubeProxy, d.Service, "ClusterIP of "+d.Name, after)
	}
	if !from.Outside() || !d.To.Outside() { // from the internet to a public endpoint there is no network to pass
		if v := t.send(sender, d.To, undos...); v != 0 {
			return v
		}
	}
	last := d.To
	if d.Listener != nil || d.Endpoint != nil {
		if v := t.proxy(from, d); v != 0 {
			return v
		}
		if d.Backend != nil {
			last = d.Backend
		}
	}
	switch {
	case d.PublicAPI != nil:
		if v := t.publicCIDRs(d.PublicAPI); v != 0 {
			return v
		}
		t.hop(Deliver, AtPublicEndpoint, d.PublicAPI.Ref, "kube-apiserver")
		return Delivered
	case last.Kind == InternetHost:
		t.hopAt(Exit, last, last.Name)
		return ExitsNetwork
	}
	if last.Outside() && t.paths[len(t.paths)-1].out != nil {
		if e, ok := t.paths[len(t.paths)-1].out.(*Endpoint); !ok || e == nil {
			if open := t.undecided(AtEndpoint); open != nil {
				return t.stop(Insufficient, AtEndpoint, open.Ref, "%s, by the internet; but %s", last.Name, open)
			}
			t.hopAt(Exit, last, last.Name+", by the internet")
			return ExitsNetwork
		}
	}
	if v := t.policies(last, false); v != 0 {
		return v
	}
	t.hopAt(Deliver, last, arrival(last))
	return Delivered
}

// policies asks the NetworkPolicies and their like about a new connection of a Pod. A place that stands for any Pod stands for one
// that none is about.
func (t *tracer) policies(p *Interface, egress bool) Verdict {
	if p.Kind != PodInterface || p.HostNetwork || p.Cluster == nil {
		return 0
	}
	if len(p.works) == 0 {
		for _, o := range p.Cluster.Policies() {
			t.note("any Pod stands for one that %s is not about", o.Name)
		}
		return 0
	}
	for _, w := range p.works {
		pol := p.Cluster.PolicyFor(w, egress)
		switch {
		case pol == nil:
		case pol.Denies:
			return t.stop(Denied, AtNetworkPolicy, pol.Ref, "%s", pol.Why)
		default:
			return t.stop(Insufficient, AtNetworkPolicy, pol.Ref, "%s", pol.Why)
		}
	}
	return 0
}

func arrival(p *Interface) string {
	if p.On == "" {
		return p.Name
	}
	return p.On
}

// originate starts the packet. sender is the interface that puts it on the network.
func (t *tracer) originate(from *Interface, d Destination, f Family) (sender *Interface, undos []undo, v Verdict) {
	if !t.pkt.dst.valid() {
		t.pkt.dst = t.address(from, f) // a header must have an address; what ends the trace says why there is none
		if !t.pkt.src.valid() {
			t.pkt.src, t.pkt.dst = fixedAddress(internetHost4), fixedAddress(internetHost4)
		}
		t.hopAt(Originate, from, arrival(from))
		if d.Fails != nil {
			return nil, nil, t.fail(d.Fails)
		}
		if d.To.Unknown != "" {
			return nil, nil, t.stopAt(Insufficient, d.To, "%s", d.To.Unknown)
		}
		return nil, nil, t.stopAt(NoRoute, d.To, "%s has no %s address", d.Name, f)
	}
	if from.Unknown != "" {
		if !t.pkt.src.valid() {
			t.pkt.src = t.pkt.dst
		}
		return nil, nil, t.stopAt(Insufficient, from, "%s", from.Unknown)
	}
	if from.gone != nil {
		if !t.pkt.src.valid() {
			t.pkt.src = t.pkt.dst
		}
		return nil, nil, t.fail(from.gone)
	}
	c := from.Cluster
	if from.lacks6 != nil {
		t.pkt.src = fixedAddress(netset.Plus(internetHost6, 1))
		if !t.pkt.dst.one.Is6() {
			t.pkt.dst = fixedAddress(internetHost6)
		}
		return nil, nil, t.fail(from.lacks6)
	}
	if from.Kind == PodInterface && !from.HostNetwork && c.Family == IPv6 && f == IPv4 {
		return t.podToIPv4(from, d)
	}
	if from.Kind == PodInterface && !from.HostNetwork && c.Family == IPv4 && f == IPv6 {
		return t.podToIPv6(from, d)
	}
	if !t.pkt.src.valid() && f == IPv4 && from.IPv6.IsValid() && d.Named && from.Subnet != nil && from.Subnet.DNS64 {
		t.byDNS64(from)
		return from, nil, 0
	}
	if !t.pkt.src.valid() {
		t.pkt.src = t.pkt.dst
		t.hopAt(Originate, from, arrival(from))
		return nil, nil, t.stopAt(NoRoute, from, "%s has no %s address", from.Name, f)
	}
	t.hopAt(Originate, from, arrival(from))
	if from.Kind == PodInterface && !from.HostNetwork && c.Family == IPv4 && c.TranslatesOutside() && c.RandomPorts() {
		if _, own := t.block(from.VPC, t.pkt.dst); !own && (!c.ServiceRange.IsValid() || !t.inPrefix(t.pkt.dst, c.ServiceRange)) {
			node, back := t.asNode(from, c.Ref, IPv4, "beyond the VPC: to the node's address, from any port")
			return node, []undo{back}, 0
		}
	}
	return from, nil, 0
}

// podToIPv4 is what an IPv6 Pod does with an IPv4 destination: with DNS64 it sees an IPv6 address; else the VPC
// CNI's IPv4 egress gives it a node-local address and the node translates that to its own.
// See https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html.
func (t *tracer) podToIPv4(from *Interface, d Destination) (*Interface, []undo, Verdict) {
	c := from.Cluster
	if d.Named && from.Subnet.DNS64 {
		t.byDNS64(from)
		return from, nil, 0
	}
	t.pkt.src = fixedAddress(podLinkLocal)
	t.hopAt(Originate, from, arrival(from))
	on, by, unknown := c.IPv4Egress()
	switch {
	case unknown != "":
		return nil, nil, t.stop(Insufficient, AtVPCCNI, by, "ENABLE_V4_EGRESS is %s, which is decided at deployment", unknown)
	case !on && by.Property == "ConfigurationValues.env.ENABLE_V4_EGRESS":
		return nil, nil, t.stop(NoRoute, AtVPCCNI, by, "ENABLE_V4_EGRESS is false: the Pod has no IPv4 address")
	case !on:
		return nil, nil, t.stop(NoRoute, AtVPCCNI, by, "the VPC CNI is not installed: EKS installs it with BootstrapSelfManagedAddons, otherwise an AWS::EKS::Addon does")
	case !from.IPv4.IsValid():
		return nil, nil, t.stop(NoRoute, AtNode, from.Subnet.Ref, "subnet %s has no IPv4 range", from.Subnet.Ref)
	}
	if from.beside(d.To) && t.pkt.dst.is(t.address(d.To, IPv4)) {
		return from, nil, 0
	}
	node, back := t.asNode(from, by, IPv4, "IPv4 egress: to the node's IPv4 address")
	return node, []undo{back}, 0
}

// byDNS64 starts a packet for the name of an IPv4 host from who has no IPv4 address: the subnet's resolver answers with an IPv6
// address that stands for the IPv4 address.
// See https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html.
func (t *tracer) byDNS64(from *Interface) {
	four := t.pkt.dst
	t.pkt.src, t.pkt.dst = t.address(from, IPv6), four.embed()
	t.hopAt(Originate, from, arrival(from))
	t.hop(Resolve, AtDNS64, from.Subnet.In("EnableDns64"), fmt.Sprintf("the resolver answers %s for %s", t.pkt.dst.one, four.one))
}

// asNode is what the VPC CNI does with a Pod's connection that the network shall see under an address of the node: unless
// told otherwise it chooses a source port at random.
func (t *tracer) asNode(from *Interface, by Ref, f Family, how string) (*Interface, undo) {
	back := undo{DNAT, AtVPCCNI, by, "the node's connection table", t.pkt.reply()}
	node := *from
	node.Kind, node.Component, node.Workload, node.random = NodeInterface, AtNode, "", from.Cluster.RandomPorts()
	if f == IPv6 {
		node.IPv6, node.range6 = from.NodeIPv6, from.nodeRange6
	}
	after := t.pkt
	after.src, after.srcPort = t.address(&node, f), t.port(&node)
	t.change(SNAT, AtVPCCNI, by, how, after)
	return &node, back
}

// podToIPv6 is the mirror for IPv4 clusters: ENABLE_V6_EGRESS, off by default.
func (t *tracer) podToIPv6(from *Interface, d Destination) (*Interface, []undo, Verdict) {
	a := from.Cluster.Addon("vpc-cni")
	on := false
	if a != nil {
		on, _ = a.Env("ENABLE_V6_EGRESS").Bool()
	}
	t.pkt.src = fixedAddress(podUniqueLocal)
	t.hopAt(Originate, from, arrival(from))
	if !on {
		return nil, nil, t.stop(NoRoute, AtVPCCNI, from.Cluster.Ref, "Pods of an IPv4 cluster have no IPv6 address, and ENABLE_V6_EGRESS is not set")
	}
	if !from.NodeIPv6.IsValid() {
		return nil, nil, t.stop(NoRoute, AtNode, from.Subnet.Ref, "nodes in subnet %s have no IPv6 address", from.Subnet.Ref)
	}
	if from.beside(d.To) && t.pkt.dst.is(t.address(d.To, IPv6)) {
		return from, nil, 0
	}
	by := a.In("ConfigurationValues.env.ENABLE_V6_EGRESS")
	node, back := t.asNode(from, by, IPv6, "IPv6 egress: to the node's IPv6 address")
	return node, []undo{back}, 0
}

// proxy takes the packet through a load balancer to a target, over PrivateLink when it came to an endpoint.
func (t *tracer) proxy(from *Interface, d Destination) Verdict {
	front := d.To
	undos := []undo{}
	if e := d.Endpoint; e != nil {
		f := t.pkt.family()
		p := e.Provider
		if !slices.Contains(p.AddressTypes, map[Family]string{IPv4: "ipv4", IPv6: "ipv6"}[f]) {
			return t.stop(Denied, AtEndpointService, p.Ref, "SupportedIpAddressTypes of %s is %v: endpoint %s cannot use %s", p.Ref, p.AddressTypes, e.Ref, f)
		}
		front = d.Front
		if front == nil {
			return t.stop(Insufficient, AtEndpointService, p.Ref, "the load balancer of %s is in none of the templates", p.Ref)
		}
		if f == IPv6 && !front.Balancer.Speaks(IPv6) {
			return t.stop(Denied, AtEndpointService, p.Ref, "%s offers IPv6 and its load balancer %s has address type %s", p.Ref, front.Balancer.Ref, front.Balancer.AddressType)
		}
		undos = append(undos, undo{Forward, AtEndpointService, p.Ref, "PrivateLink", t.pkt.reply()})
		t.hop(Forward, AtEndpointService, p.Ref, fmt.Sprintf("PrivateLink: %s → %s", e.Ref, front.Balancer.Ref))
		if front.Balancer.EnforcePrivateLink {
			consumer := &Interface{Kind: HostInterface, VPC: from.VPC}
			if v := t.groups(consumer, front, false); v != 0 {
				return v
			}
		}
	}
	lb, tg := front.Balancer, d.Target
	name := lbLabel(lb)
	if d.Listener == nil {
		return t.stop(NoRoute, name, lb.Ref, "%s has no listener on port %d", lb.Ref, t.pkt.dstPort.one)
	}
	if tg == nil {
		return t.stop(Insufficient, name, d.Listener.Ref, "listener %s forwards to no target group of the templates", d.Listener.Ref)
	}
	if why := d.Listener.Misfit(lb.Kind, tg); why != "" {
		return t.stop(Denied, name, d.Listener.Ref, "%s: Elastic Load Balancing refuses it", why)
	}
	if tg.Family == IPv6 && !lb.Speaks(IPv6) {
		return t.stop(Denied, name, lb.Ref, "target group %s has IPv6 targets and address type %s of %s takes none: want dualstack", tg.Ref, lb.AddressType, lb.Ref)
	}
	if d.Backend == nil {
		return t.stop(Insufficient, AtTargetGroup, tg.Ref, "nothing in the templates registers targets with %s", tg.Ref)
	}
	if v := t.served(lb, d.Backend, name); v != 0 {
		return v
	}
	dst := t.address(d.Backend, tg.Family)
	switch {
	case d.Backend.Unknown != "":
		return t.stopAt(Insufficient, d.Backend, "%s", d.Backend.Unknown)
	case !dst.valid() || tg.Cluster != nil && tg.Cluster.Family != tg.Family:
		return t.stop(Denied, AtTargetGroup, tg.Ref, "IpAddressType of %s is %s and its target has only the other family", tg.Ref, map[Family]string{IPv4: "ipv4", IPv6: "ipv6"}[tg.Family])
	case d.Backend.lacks6 != nil:
		return t.fail(d.Backend.lacks6)
	case tg.Family == IPv6 && tg.TargetType == "instance" && !tg.PrimaryIPv6:
		return t.stop(Denied, AtTargetGroup, tg.Ref, "target type instance needs a primary IPv6 address on the node's interface; want target type ip")
	}
	after := header{src: t.address(front, tg.Family), dst: dst, proto: t.pkt.proto, srcPort: t.port(front), dstPort: fixedNumber(tg.Port)}
	if tg.Port == 0 {
		after.dstPort = t.pkt.dstPort
	}
	action, how := Connect, "a new connection to the target"
	preserved := false
	if lb.Kind == NLB {
		action, how = Translate, "from the load balancer's own address"
		if tg.PreserveClient && t.pkt.family() == tg.Family && d.Endpoint == nil {
			after.src, after.srcPort, how, preserved = t.pkt.src, t.pkt.srcPort, "the client's address is kept", true
		}
	}
	switch {
	case !after.src.valid():
		return t.stop(NoRoute, name, lb.Ref, "%s has no %s address in subnet %s", lb.Ref, tg.Family, front.Subnet.Ref)
	case preserved && (after.src.is(dst) || from.beside(d.Backend) && after.src.is(t.address(from, tg.Family))):
		return t.stop(NoRoute, name, tg.Ref, "%s keeps the client's address, and the client is the target or on its node: the answer does not come back by %s", tg.Ref, lb.Ref)
	}
	undos = append([]undo{{action, name, lb.Ref, "answer on the client's connection", t.pkt.reply()}}, undos...)
	t.change(action, name, lb.Ref, fmt.Sprintf("listener %s/%d → %s: %s", d.Listener.Proto, d.Listener.Port, tg.Ref, how), after)
	n, hops := len(t.paths), len(t.hops)
	if v := t.send(front, d.Backend, undos...); v != 0 {
		return v
	}
	transit := func(h Hop) bool { return h.Component == AtTransitGateway }
	if i := slices.IndexFunc(t.hops[hops:], transit); preserved && i >= 0 {
		t.hops = t.hops[:hops]
		return t.stop(NoRoute, name, tg.Ref, "%s keeps the client's address, which does not work for targets behind a transit gateway", tg.Ref)
	}
	t.paths[n].preserved = preserved
	return 0
}

// served ends a packet for a target in a zone that the load balancer has no subnet in: such targets get nothing. Those in other
// VPCs are of no zone.
// See https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html#availability-zones.
func (t *tracer) served(lb *LoadBalancer, target *Interface, name Component) Verdict {
	if target.Subnet == nil || target.Unknown != "" || target.VPC != lb.VPC || len(lb.Subnets) == 0 {
		return 0
	}
	s, known := Serving(lb.Subnets, target.Subnet)
	if s == nil && lb.Cluster != nil { // the controller finds the subnets
		if open := t.undecided(AtController); open != nil {
			return t.stop(Insufficient, name, lb.Ref, "%s has no subnet in the zone of %s; but %s", lb.Ref, target.Subnet.Ref, open)
		}
	}
	switch {
	case !known:
		return t.stop(Insufficient, name, lb.Ref, "whether %s serves the zone of %s is not known: AWS chooses the zone of one of its subnets, or one is named by its id", lb.Ref, target.Subnet.Ref)
	case s == nil:
		return t.stop(NoRoute, name, lb.Ref, "%s has no subnet in the zone of %s: targets there get nothing", lb.Ref, target.Subnet.Ref)
	}
	return 0
}

func lbLabel(l *LoadBalancer) Component {
	switch l.Kind {
	case NLB:
		return AtNLB
	case GLB:
		return AtGLB
	default:
		return AtALB
	}
}

// publicCIDRs asks who may use the cluster's public endpoint.
func (t *tracer) publicCIDRs(c *Cluster) Verdict {
	src := t.pkt.src
	if t.among(src, c.PublicCIDRs) >= 0 {
		return 0
	}
	r := c.In("ResourcesVpcConfig.PublicAccessCidrs")
	some := slices.ContainsFunc(c.PublicCIDRs, func(p netip.Prefix) bool { return FamilyOf(p.Addr()) == src.family() })
	switch {
	case c.PublicCIDRsUnknown != "":
		return t.stop(Insufficient, AtPublicEndpoint, r, "PublicAccessCidrs holds %s, which is decided at deployment", c.PublicCIDRsUnknown)
	case some && len(t.net.StandIns(src.one)) > 0:
		return t.stop(Insufficient, AtPublicEndpoint, r, "whether PublicAccessCidrs holds the address that stands here as %s is decided at deployment", src.one)
	case some:
		return t.stop(Denied, AtPublicEndpoint, r, "PublicAccessCidrs does not hold %s", src.one)
	}
	return t.stop(Denied, AtPublicEndpoint, r, "PublicAccessCidrs holds no %s range", src.family())
}

// question makes the header that the flow begins with, as its sender has it.
func (t *tracer) question(from *Interface, d Destination) Family {
	f := d.over(from)
	t.pkt = header{src: t.address(from, f), dst: t.address(d.To, f), proto: t.protocol(d), srcPort: t.port(from), dstPort: t.destinationPort(d)}
	return f
}

// The keys of the protocol, the destination port, and the port of a Pod behind a ClusterIP, where a question has several.
const protocolKey, destinationKey, targetPortKey = "protocol", "port", "target port"

// protocol is the protocol field of a question.
func (t *tracer) protocol(d Destination) number {
	if d.Everything {
		return t.number(protocolKey, "protocol", chosen, netset.Between(0, 255), TCP.Number())
	}
	return fixedNumber(d.Proto.Number())
}

// destinationPort is the destination port field of a question.
func (t *tracer) destinationPort(d Destination) number {
	if d.Everything {
		return t.number(destinationKey, "destination port", chosen, netset.Between(0, 65535), d.Port)
	}
	switch {
	case d.Ports.Equal(anyPort): // one of them, which the templates do not say
		return t.number(destinationKey, "destination port", assigned, d.Ports, d.Port)
	case !d.Ports.IsEmpty():
		return t.number(destinationKey, "destination port", every, d.Ports, d.Port)
	}
	return fixedNumber(d.Port)
}

// targetPort is the port of a Pod behind a ClusterIP. Where several are possible, one is, and the templates do not say which.
func (t *tracer) targetPort(d Destination) number {
	if d.Targets.IsEmpty() {
		return fixedNumber(d.To.Port)
	}
	return t.number(targetPortKey, "target port of "+d.Name, assigned, d.Targets, d.Targets.First())
}
