package flow

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/model"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// dest is what a packet is sent to, and what happens to it after it got there.
type dest struct {
	name  string
	place *place // the interface or host that the packet goes to first
	port  uint16
	proto Proto
	// family is the one to use; 0 is IPv6 where both ends have it.
	family Family
	named  bool // reached by a DNS name: DNS64 can answer for it

	// A ClusterIP Service: kube-proxy translates to place.
	virtual netip.Addr
	service model.Ref

	// A load balancer: place is one of its interfaces, backend one of its targets.
	listener *model.Listener
	target   *model.TargetGroup
	backend  *place

	// PrivateLink: place is an endpoint's interface, and the load balancer is behind it.
	endpoint *model.Endpoint
	front    *place // the load balancer's interface

	// publicAPI is the cluster whose public endpoint this is.
	publicAPI *model.Cluster

	// fails ends the trace at the destination: it does not exist or cannot take the packet.
	fails     Verdict
	failAt    model.Ref
	failLabel string
	failWhy   string

	assumes []string

	// ports are asked for instead of port, where there are several.
	ports netset.Numbers
	// targets are the ports of place behind a ClusterIP.
	targets netset.Numbers
	// everything asks for every protocol and every port, not for proto and port only.
	everything bool
}

// over is the address family by which a place reaches the destination.
func (d dest) over(from *place) Family {
	switch {
	case d.family != 0:
		return d.family
	case from.v6.IsValid() && (d.place.v6.IsValid() || d.virtual.Is6()):
		return IPv6
	}
	return IPv4
}

// forward follows the packet; OK verdicts mean that it got there.
func (t *tracer) forward(from *place, d dest) Verdict {
	if p := d.place; p.kind == podPlace && !p.host && p.cluster.Family == IPv6 {
		pod := *p
		pod.v4 = netip.Addr{} // the node's, by which nobody reaches the Pod
		d.place = &pod
	}
	f := t.question(from, d)
	switch {
	case d.virtual.IsValid() && model.FamilyOf(d.virtual) != f:
		t.pkt.dst = address{}
		d.fails, d.failAt, d.failLabel, d.failWhy = NoRoute, d.service, "Service", fmt.Sprintf("%s has a ClusterIP of %s only", d.name, model.FamilyOf(d.virtual))
	case d.virtual.IsValid():
		t.pkt.dst = fixedAddress(d.virtual)
	case f == IPv4 && d.place.public.IsValid() && (from.outside() || d.named && d.place.lb != nil):
		// From outside only the public address is known, and the name of an internet-facing load balancer means that
		// everywhere: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
		t.pkt.dst = t.publicAddress(d.place)
	}
	sender, undos, v := t.originate(from, d, f)
	if v != 0 {
		return v
	}
	if v := t.policies(from, true); v != 0 {
		return v
	}
	if d.fails != 0 {
		return t.stop(d.fails, d.failLabel, d.failAt, "%s", d.failWhy)
	}
	if d.virtual.IsValid() {
		if !from.cluster.Runs("kube-proxy") {
			return t.stop(NoRoute, "kube-proxy", from.cluster.Ref, "kube-proxy is not installed: EKS installs it with BootstrapSelfManagedAddons, otherwise an AWS::EKS::Addon does")
		}
		switch {
		case d.place.lacks6 != "":
			return t.stop(NoRoute, "node", d.place.lacks6R, "%s", d.place.lacks6)
		case d.place.unknown != "":
			return t.stop(Insufficient, d.place.label, d.place.ref, "%s", d.place.unknown)
		case !d.place.addr(f).IsValid():
			return t.stop(NoRoute, d.place.label, d.place.ref, "%s has no %s address", d.place.name, f)
		}
		undos = append(undos, undo{SNAT, "kube-proxy", d.service, "its connection table", t.pkt.reply()})
		after := t.pkt
		after.dst, after.dstPort = t.address(d.place, f), t.targetPort(d)
		t.change(DNAT, "kube-proxy", d.service, "ClusterIP of "+d.name, after)
	}
	if !from.outside() || !d.place.outside() { // from the internet to a public endpoint there is no network to pass
		if v := t.send(sender, d.place, undos...); v != 0 {
			return v
		}
	}
	last := d.place
	if d.listener != nil || d.endpoint != nil {
		if v := t.proxy(from, d); v != 0 {
			return v
		}
		if d.backend != nil {
			last = d.backend
		}
	}
	switch {
	case d.publicAPI != nil:
		if v := t.publicCIDRs(d.publicAPI); v != 0 {
			return v
		}
		t.hop(Deliver, "EKS public endpoint", d.publicAPI.Ref, "kube-apiserver")
		return Delivered
	case last.kind == internetPlace:
		t.hop(Exit, last.label, last.ref, last.name)
		return ExitsNetwork
	}
	if last.outside() && t.legs[len(t.legs)-1].out != nil {
		if e, ok := t.legs[len(t.legs)-1].out.(*model.Endpoint); !ok || e == nil {
			if open := t.undecided("VPC endpoint"); open != nil {
				return t.stop(Insufficient, "VPC endpoint", open.Ref, "%s, by the internet; but %s", last.name, open)
			}
			t.hop(Exit, last.label, last.ref, last.name+", by the internet")
			return ExitsNetwork
		}
	}
	if v := t.policies(last, false); v != 0 {
		return v
	}
	t.hop(Deliver, last.label, last.ref, arrival(last))
	return Delivered
}

// policies asks the NetworkPolicies and their like about a new connection of a Pod. A place that stands for any Pod stands for one
// that none is about.
func (t *tracer) policies(p *place, egress bool) Verdict {
	if p.kind != podPlace || p.host || p.cluster == nil {
		return 0
	}
	if len(p.works) == 0 {
		for _, o := range p.cluster.Policies() {
			t.note("any Pod stands for one that %s is not about", o.Name)
		}
		return 0
	}
	for _, w := range p.works {
		pol := p.cluster.PolicyFor(w, egress)
		switch {
		case pol == nil:
		case pol.Denies:
			return t.stop(Denied, "network policy", pol.Ref, "%s", pol.Why)
		default:
			return t.stop(Insufficient, "network policy", pol.Ref, "%s", pol.Why)
		}
	}
	return 0
}

func arrival(p *place) string {
	if p.on == "" {
		return p.name
	}
	return p.on
}

// originate starts the packet. sender is the interface that puts it on the network.
func (t *tracer) originate(from *place, d dest, f Family) (sender *place, undos []undo, v Verdict) {
	if !t.pkt.dst.valid() {
		t.pkt.dst = t.address(from, f) // a header must have an address; what ends the trace says why there is none
		if !t.pkt.src.valid() {
			t.pkt.src, t.pkt.dst = fixedAddress(internetHost4), fixedAddress(internetHost4)
		}
		t.hop(Originate, from.label, from.ref, arrival(from))
		if d.fails != 0 {
			return nil, nil, t.stop(d.fails, d.failLabel, d.failAt, "%s", d.failWhy)
		}
		if d.place.unknown != "" {
			return nil, nil, t.stop(Insufficient, d.place.label, d.place.ref, "%s", d.place.unknown)
		}
		return nil, nil, t.stop(NoRoute, d.place.label, d.place.ref, "%s has no %s address", d.name, f)
	}
	if from.unknown != "" {
		if !t.pkt.src.valid() {
			t.pkt.src = t.pkt.dst
		}
		return nil, nil, t.stop(Insufficient, from.label, from.ref, "%s", from.unknown)
	}
	if from.gone != "" {
		if !t.pkt.src.valid() {
			t.pkt.src = t.pkt.dst
		}
		return nil, nil, t.stop(NoRoute, from.label, from.ref, "%s", from.gone)
	}
	c := from.cluster
	if from.lacks6 != "" {
		t.pkt.src = fixedAddress(netset.Plus(internetHost6, 1))
		if !t.pkt.dst.one.Is6() {
			t.pkt.dst = fixedAddress(internetHost6)
		}
		return nil, nil, t.stop(NoRoute, "node", from.lacks6R, "%s", from.lacks6)
	}
	if from.kind == podPlace && !from.host && c.Family == IPv6 && f == IPv4 {
		return t.podToIPv4(from, d)
	}
	if from.kind == podPlace && !from.host && c.Family == IPv4 && f == IPv6 {
		return t.podToIPv6(from, d)
	}
	if !t.pkt.src.valid() && f == IPv4 && from.v6.IsValid() && d.named && from.subnet != nil && from.subnet.DNS64 {
		t.byDNS64(from)
		return from, nil, 0
	}
	if !t.pkt.src.valid() {
		t.pkt.src = t.pkt.dst
		t.hop(Originate, from.label, from.ref, arrival(from))
		return nil, nil, t.stop(NoRoute, from.label, from.ref, "%s has no %s address", from.name, f)
	}
	t.hop(Originate, from.label, from.ref, arrival(from))
	if from.kind == podPlace && !from.host && c.Family == IPv4 && c.TranslatesOutside() && c.RandomPorts() {
		if _, own := t.block(from.vpc, t.pkt.dst); !own && (!c.ServiceRange.IsValid() || !t.inPrefix(t.pkt.dst, c.ServiceRange)) {
			node, back := t.asNode(from, c.Ref, IPv4, "beyond the VPC: to the node's address, from any port")
			return node, []undo{back}, 0
		}
	}
	return from, nil, 0
}

// podToIPv4 is what an IPv6 Pod does with an IPv4 destination: with DNS64 it sees an IPv6 address; else the VPC
// CNI's IPv4 egress gives it a node-local address and the node translates that to its own.
// See https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html.
func (t *tracer) podToIPv4(from *place, d dest) (*place, []undo, Verdict) {
	c := from.cluster
	if d.named && from.subnet.DNS64 {
		t.byDNS64(from)
		return from, nil, 0
	}
	t.pkt.src = fixedAddress(podLinkLocal)
	t.hop(Originate, from.label, from.ref, arrival(from))
	on, by, unknown := c.IPv4Egress()
	switch {
	case unknown != "":
		return nil, nil, t.stop(Insufficient, "VPC CNI", by, "ENABLE_V4_EGRESS is %s, which is decided at deployment", unknown)
	case !on && by.Property == "ConfigurationValues.env.ENABLE_V4_EGRESS":
		return nil, nil, t.stop(NoRoute, "VPC CNI", by, "ENABLE_V4_EGRESS is false: the Pod has no IPv4 address")
	case !on:
		return nil, nil, t.stop(NoRoute, "VPC CNI", by, "the VPC CNI is not installed: EKS installs it with BootstrapSelfManagedAddons, otherwise an AWS::EKS::Addon does")
	case !from.v4.IsValid():
		return nil, nil, t.stop(NoRoute, "node", from.subnet.Ref, "subnet %s has no IPv4 range", from.subnet.Ref)
	}
	if from.beside(d.place) && t.pkt.dst.is(t.address(d.place, IPv4)) {
		return from, nil, 0
	}
	node, back := t.asNode(from, by, IPv4, "IPv4 egress: to the node's IPv4 address")
	return node, []undo{back}, 0
}

// byDNS64 starts a packet for the name of an IPv4 host from who has no IPv4 address: the subnet's resolver answers with an IPv6
// address that stands for the IPv4 address.
// See https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html.
func (t *tracer) byDNS64(from *place) {
	four := t.pkt.dst
	t.pkt.src, t.pkt.dst = t.address(from, IPv6), four.embed()
	t.hop(Originate, from.label, from.ref, arrival(from))
	t.hop(Resolve, "DNS64", from.subnet.In("EnableDns64"), fmt.Sprintf("the resolver answers %s for %s", t.pkt.dst.one, four.one))
}

// asNode is what the VPC CNI does with a Pod's connection that the network shall see under an address of the node: unless
// told otherwise it chooses a source port at random.
func (t *tracer) asNode(from *place, by model.Ref, f Family, how string) (*place, undo) {
	back := undo{DNAT, "VPC CNI", by, "the node's connection table", t.pkt.reply()}
	node := *from
	node.kind, node.label, node.random = nodePlace, "node", from.cluster.RandomPorts()
	if f == IPv6 {
		node.v6, node.range6 = from.node6, from.nodeRange6
	}
	after := t.pkt
	after.src, after.srcPort = t.address(&node, f), t.port(&node)
	t.change(SNAT, "VPC CNI", by, how, after)
	return &node, back
}

// podToIPv6 is the mirror for IPv4 clusters: ENABLE_V6_EGRESS, off by default.
func (t *tracer) podToIPv6(from *place, d dest) (*place, []undo, Verdict) {
	a := from.cluster.Addon("vpc-cni")
	on := false
	if a != nil {
		on, _ = a.Env("ENABLE_V6_EGRESS").Bool()
	}
	t.pkt.src = fixedAddress(podUniqueLocal)
	t.hop(Originate, from.label, from.ref, arrival(from))
	if !on {
		return nil, nil, t.stop(NoRoute, "VPC CNI", from.cluster.Ref, "Pods of an IPv4 cluster have no IPv6 address, and ENABLE_V6_EGRESS is not set")
	}
	if !from.node6.IsValid() {
		return nil, nil, t.stop(NoRoute, "node", from.subnet.Ref, "nodes in subnet %s have no IPv6 address", from.subnet.Ref)
	}
	if from.beside(d.place) && t.pkt.dst.is(t.address(d.place, IPv6)) {
		return from, nil, 0
	}
	by := a.In("ConfigurationValues.env.ENABLE_V6_EGRESS")
	node, back := t.asNode(from, by, IPv6, "IPv6 egress: to the node's IPv6 address")
	return node, []undo{back}, 0
}

// proxy takes the packet through a load balancer to a target, over PrivateLink when it came to an endpoint.
func (t *tracer) proxy(from *place, d dest) Verdict {
	front := d.place
	undos := []undo{}
	if e := d.endpoint; e != nil {
		f := t.pkt.family()
		p := e.Provider
		if !slices.Contains(p.AddressTypes, map[Family]string{IPv4: "ipv4", IPv6: "ipv6"}[f]) {
			return t.stop(Denied, "VPC endpoint service", p.Ref, "SupportedIpAddressTypes of %s is %v: endpoint %s cannot use %s", p.Ref, p.AddressTypes, e.Ref, f)
		}
		front = d.front
		if front == nil {
			return t.stop(Insufficient, "VPC endpoint service", p.Ref, "the load balancer of %s is in none of the templates", p.Ref)
		}
		if f == IPv6 && !front.lb.Speaks(IPv6) {
			return t.stop(Denied, "VPC endpoint service", p.Ref, "%s offers IPv6 and its load balancer %s has address type %s", p.Ref, front.lb.Ref, front.lb.AddressType)
		}
		undos = append(undos, undo{Forward, "VPC endpoint service", p.Ref, "PrivateLink", t.pkt.reply()})
		t.hop(Forward, "VPC endpoint service", p.Ref, fmt.Sprintf("PrivateLink: %s → %s", e.Ref, front.lb.Ref))
		if front.lb.EnforcePrivateLink {
			consumer := &place{kind: hostPlace, vpc: from.vpc}
			if v := t.groups(consumer, front, false); v != 0 {
				return v
			}
		}
	}
	lb, tg := front.lb, d.target
	name := lbLabel(lb)
	if d.listener == nil {
		return t.stop(NoRoute, name, lb.Ref, "%s has no listener on port %d", lb.Ref, t.pkt.dstPort.one)
	}
	if tg == nil {
		return t.stop(Insufficient, name, d.listener.Ref, "listener %s forwards to no target group of the templates", d.listener.Ref)
	}
	if why := d.listener.Misfit(lb.Kind, tg); why != "" {
		return t.stop(Denied, name, d.listener.Ref, "%s: Elastic Load Balancing refuses it", why)
	}
	if tg.Family == IPv6 && !lb.Speaks(IPv6) {
		return t.stop(Denied, name, lb.Ref, "target group %s has IPv6 targets and address type %s of %s takes none: want dualstack", tg.Ref, lb.AddressType, lb.Ref)
	}
	if d.backend == nil {
		return t.stop(Insufficient, "target group", tg.Ref, "nothing in the templates registers targets with %s", tg.Ref)
	}
	if v := t.served(lb, d.backend, name); v != 0 {
		return v
	}
	dst := t.address(d.backend, tg.Family)
	switch {
	case d.backend.unknown != "":
		return t.stop(Insufficient, d.backend.label, d.backend.ref, "%s", d.backend.unknown)
	case !dst.valid() || tg.Cluster != nil && tg.Cluster.Family != tg.Family:
		return t.stop(Denied, "target group", tg.Ref, "IpAddressType of %s is %s and its target has only the other family", tg.Ref, map[Family]string{IPv4: "ipv4", IPv6: "ipv6"}[tg.Family])
	case d.backend.lacks6 != "":
		return t.stop(NoRoute, "node", d.backend.lacks6R, "%s", d.backend.lacks6)
	case tg.Family == IPv6 && tg.TargetType == "instance" && !tg.PrimaryIPv6:
		return t.stop(Denied, "target group", tg.Ref, "target type instance needs a primary IPv6 address on the node's interface; want target type ip")
	}
	after := header{src: t.address(front, tg.Family), dst: dst, proto: t.pkt.proto, srcPort: t.port(front), dstPort: fixedNumber(tg.Port)}
	if tg.Port == 0 {
		after.dstPort = t.pkt.dstPort
	}
	action, how := Connect, "a new connection to the target"
	preserved := false
	if lb.Kind == model.NLB {
		action, how = Translate, "from the load balancer's own address"
		if tg.PreserveClient && t.pkt.family() == tg.Family && d.endpoint == nil {
			after.src, after.srcPort, how, preserved = t.pkt.src, t.pkt.srcPort, "the client's address is kept", true
		}
	}
	switch {
	case !after.src.valid():
		return t.stop(NoRoute, name, lb.Ref, "%s has no %s address in subnet %s", lb.Ref, tg.Family, front.subnet.Ref)
	case preserved && (after.src.is(dst) || from.beside(d.backend) && after.src.is(t.address(from, tg.Family))):
		return t.stop(NoRoute, name, tg.Ref, "%s keeps the client's address, and the client is the target or on its node: the answer does not come back by %s", tg.Ref, lb.Ref)
	}
	undos = append([]undo{{action, name, lb.Ref, "answer on the client's connection", t.pkt.reply()}}, undos...)
	t.change(action, name, lb.Ref, fmt.Sprintf("listener %s/%d → %s: %s", d.listener.Proto, d.listener.Port, tg.Ref, how), after)
	n, hops := len(t.legs), len(t.hops)
	if v := t.send(front, d.backend, undos...); v != 0 {
		return v
	}
	transit := func(h Hop) bool { return h.Component == "transit gateway" }
	if i := slices.IndexFunc(t.hops[hops:], transit); preserved && i >= 0 {
		t.hops = t.hops[:hops]
		return t.stop(NoRoute, name, tg.Ref, "%s keeps the client's address, which does not work for targets behind a transit gateway", tg.Ref)
	}
	t.legs[n].preserved = preserved
	return 0
}

// served ends a packet for a target in a zone that the load balancer has no subnet in: such targets get nothing. Those in other
// VPCs are of no zone.
// See https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html#availability-zones.
func (t *tracer) served(lb *model.LoadBalancer, target *place, name string) Verdict {
	if target.subnet == nil || target.unknown != "" || target.vpc != lb.VPC || len(lb.Subnets) == 0 {
		return 0
	}
	s, known := model.Serving(lb.Subnets, target.subnet)
	if s == nil && lb.Cluster != nil { // the controller finds the subnets
		if open := t.undecided("AWS Load Balancer Controller"); open != nil {
			return t.stop(Insufficient, name, lb.Ref, "%s has no subnet in the zone of %s; but %s", lb.Ref, target.subnet.Ref, open)
		}
	}
	switch {
	case !known:
		return t.stop(Insufficient, name, lb.Ref, "whether %s serves the zone of %s is not known: AWS chooses the zone of one of its subnets, or one is named by its id", lb.Ref, target.subnet.Ref)
	case s == nil:
		return t.stop(NoRoute, name, lb.Ref, "%s has no subnet in the zone of %s: targets there get nothing", lb.Ref, target.subnet.Ref)
	}
	return 0
}

func lbLabel(l *model.LoadBalancer) string {
	switch l.Kind {
	case model.NLB:
		return "network load balancer"
	case model.GLB:
		return "gateway load balancer"
	default:
		return "application load balancer"
	}
}

// publicCIDRs asks who may use the cluster's public endpoint.
func (t *tracer) publicCIDRs(c *model.Cluster) Verdict {
	src := t.pkt.src
	if t.among(src, c.PublicCIDRs) >= 0 {
		return 0
	}
	r := c.In("ResourcesVpcConfig.PublicAccessCidrs")
	some := slices.ContainsFunc(c.PublicCIDRs, func(p netip.Prefix) bool { return model.FamilyOf(p.Addr()) == src.family() })
	switch {
	case c.PublicCIDRsUnknown != "":
		return t.stop(Insufficient, "EKS public endpoint", r, "PublicAccessCidrs holds %s, which is decided at deployment", c.PublicCIDRsUnknown)
	case some && len(t.model.StandIns(src.one)) > 0:
		return t.stop(Insufficient, "EKS public endpoint", r, "whether PublicAccessCidrs holds the address that stands here as %s is decided at deployment", src.one)
	case some:
		return t.stop(Denied, "EKS public endpoint", r, "PublicAccessCidrs does not hold %s", src.one)
	}
	return t.stop(Denied, "EKS public endpoint", r, "PublicAccessCidrs holds no %s range", src.family())
}

// question makes the header that the flow begins with, as its sender has it.
func (t *tracer) question(from *place, d dest) Family {
	f := d.over(from)
	t.pkt = header{src: t.address(from, f), dst: t.address(d.place, f), proto: t.protocol(d), srcPort: t.port(from), dstPort: t.destinationPort(d)}
	return f
}

// The keys of the protocol, the destination port, and the port of a Pod behind a ClusterIP, where a question has several.
const protocolKey, destinationKey, targetPortKey = "protocol", "port", "target port"

// protocol is the protocol field of a question.
func (t *tracer) protocol(d dest) number {
	if d.everything {
		return t.number(protocolKey, "protocol", chosen, netset.Between(0, 255), model.TCP.Number())
	}
	return fixedNumber(protos[d.proto].Number())
}

// destinationPort is the destination port field of a question.
func (t *tracer) destinationPort(d dest) number {
	if d.everything {
		return t.number(destinationKey, "destination port", chosen, netset.Between(0, 65535), d.port)
	}
	switch {
	case d.ports.Equal(anyPort): // one of them, which the templates do not say
		return t.number(destinationKey, "destination port", assigned, d.ports, d.port)
	case !d.ports.IsEmpty():
		return t.number(destinationKey, "destination port", every, d.ports, d.port)
	}
	return fixedNumber(d.port)
}

// targetPort is the port of a Pod behind a ClusterIP. Where several are possible, one is, and the templates do not say which.
func (t *tracer) targetPort(d dest) number {
	if d.targets.IsEmpty() {
		return fixedNumber(d.place.port)
	}
	return t.number(targetPortKey, "target port of "+d.name, assigned, d.targets, d.targets.First())
}
