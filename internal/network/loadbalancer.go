package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtALB, Name: "application load balancer",
		Fix:   "make it dualstack, in subnets of both address families, with a listener on the port",
		Types: []string{"AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule"},
		Open: []Opening{
			{Type: "AWS::ElasticLoadBalancingV2::LoadBalancer", Properties: []string{"Scheme", "IpAddressType"}, Decides: balancing},
			{Type: "AWS::ElasticLoadBalancingV2::Listener", Properties: []string{"LoadBalancerArn", "Port", "Protocol", "DefaultActions"}, Decides: balancing},
		},
		Reads:   []Reading{{readLoadBalancers, (*builder).loadBalancers}, {readListeners, (*builder).readListeners}},
		Subject: "load balancers",
		Models: "ALB: a new connection to the target. NLB: translation, or the client's address kept within a family: by default for instance targets, always where the " +
			"target group takes UDP or QUIC, else as its attribute says; then a target behind a transit gateway, or that is the client itself, is not reached, and " +
			"the network ACLs of both subnets are asked about the answer to the client's address. From inside the VPC too an internet-facing one is called by its " +
			"public IPv4 address. Targets in a zone that the load balancer has no subnet in get nothing; without cross-zone load balancing an interface sends to " +
			"targets of its own zone. Protocols of listener and target group must fit. Listeners, rules' forward actions, target groups, " +
			"`dualstack-without-public-ipv4`, `ipv6.deny_all_igw_traffic`",
		Source: "[ALB](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/), [NLB](https://docs.aws.amazon.com/elasticloadbalancing/latest/network/)",
	})
	register(Kind{
		Component: AtNLB, Name: "network load balancer",
		Fix: "make it dualstack, in subnets of both address families, with a listener on the port",
	})
	register(Kind{
		Component: AtGLB, Name: "gateway load balancer",
	})
}

// LoadBalancer is an AWS::ElasticLoadBalancingV2::LoadBalancer, or one that the AWS Load Balancer
// Controller will create for an Ingress, a Service or a Gateway.
type LoadBalancer struct {
	Ref
	Kind        LoadBalancerKind
	Internal    bool
	AddressType string // ipv4, dualstack or dualstack-without-public-ipv4
	VPC         *VPC
	Subnets     []*Subnet
	Groups      []*SecurityGroup
	Fixed       []netip.Addr // the addresses that SubnetMappings write down, each of the subnet whose range holds it
	Listeners   []*Listener
	// CrossZone says that its nodes send to targets of every zone that it serves: load_balancing.cross_zone.enabled, always on ALBs.
	CrossZone   bool
	Accelerator *Ref // the endpoint group of Global Accelerator that leads to it, nil when none does
	// DenyIGW is the attribute ipv6.deny_all_igw_traffic: true by default on internal load balancers.
	DenyIGW bool
	// EnforcePrivateLink is EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic, on by default.
	EnforcePrivateLink bool

	// Cluster is the cluster whose controller creates it; nil for load balancers in a template.
	Cluster *Cluster
	// For is the Kubernetes object it is created for; nil for load balancers in a template.
	For *Object
	// Hypothetical says that no object asks for it: it is what the controller would create.
	Hypothetical bool
	Assumption   string // what a hypothetical one stands for
	// Refused is the controller's message when it will not create it, and Because where that is decided.
	Refused string
	Because Ref
	// Unknown names what is not known of it, such as subnets given by a parameter.
	Unknown string
}

// LoadBalancerKind tells a load balancer that ends connections from one that forwards them.
type LoadBalancerKind string

// The kinds of load balancer.
const (
	ALB LoadBalancerKind = "application"
	NLB LoadBalancerKind = "network"
	GLB LoadBalancerKind = "gateway"
)

// Speaks reports whether clients inside the network can reach it by a family.
func (l *LoadBalancer) Speaks(f Family) bool {
	return f == IPv4 || l.AddressType == "dualstack" || l.AddressType == aws.DualStackWithoutPublicIPv4
}

// Listener is an AWS::ElasticLoadBalancingV2::Listener.
type Listener struct {
	Ref
	Port     uint16
	Proto    Proto
	Protocol string         // as the template has it, such as TCP_UDP; empty where the controller makes the listener
	Targets  []*TargetGroup // of the default action and of the rules
}

// Takes reports whether a listener hears packets of a protocol.
func (l *Listener) Takes(p Proto) bool {
	return l.Proto == p || aws.HearsBoth(l.Protocol)
}

// Misfit says why a listener cannot forward to a target group, whose protocol must fit its own; "" where it can.
func (l *Listener) Misfit(kind LoadBalancerKind, t *TargetGroup) string {
	if l.Protocol == "" || t.Protocol == "" || t.TargetType == "lambda" || aws.Fits(string(kind), l.Protocol, t.Protocol) {
		return ""
	}
	return fmt.Sprintf("protocol %s of target group %s does not fit protocol %s of listener %s", t.Protocol, t.Ref, l.Protocol, l.Ref)
}

func (b *builder) loadBalancers() {
	for _, r := range b.set.Resources("AWS::ElasticLoadBalancingV2::LoadBalancer") {
		l := &LoadBalancer{Ref: ref(r), Kind: LoadBalancerKind(cmp.Or(strings.ToLower(str(r.Prop("Type"))), "application"))}
		l.Internal = r.Prop("Scheme").Is("internal")
		l.AddressType = strings.ToLower(cmp.Or(str(r.Prop("IpAddressType")), "ipv4"))
		l.DenyIGW = yes(attributeOf(r.Prop("LoadBalancerAttributes"), denyIGW), l.Internal)
		l.CrossZone = yes(attributeOf(r.Prop("LoadBalancerAttributes"), crossZone), false)
		l.EnforcePrivateLink = !r.Prop("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic").Is("off")
		var unknown string
		l.Subnets, l.Unknown = b.subnetList(r.Prop("Subnets"))
		mappings, unknown := items(r.Prop("SubnetMappings"))
		l.Unknown = cmp.Or(l.Unknown, unknown)
		for _, m := range mappings {
			if s := b.subnet(m.Get("SubnetId")); s != nil {
				l.Subnets = append(l.Subnets, s)
				for _, at := range []string{"PrivateIPv4Address", "IPv6Address"} {
					if a, ok := addressIn(m.Get(at)); ok {
						l.Fixed = append(l.Fixed, a)
					}
				}
			}
		}
		l.Groups, unknown = b.groupList(r.Prop("SecurityGroups"))
		l.Unknown = cmp.Or(l.Unknown, unknown)
		for _, s := range l.Subnets {
			if s.VPC != nil {
				l.VPC = s.VPC
			}
		}
		if len(l.Groups) == 0 && l.Kind == ALB && l.VPC != nil && l.VPC.DefaultGroup != nil {
			l.Groups = []*SecurityGroup{l.VPC.DefaultGroup}
		}
		b.balancers[own(r)] = l
		b.net.LoadBalancers = append(b.net.LoadBalancers, l)
	}
}

// readListeners reads listeners, and the target groups of their rules.
func (b *builder) readListeners() {
	for _, r := range b.set.Resources("AWS::ElasticLoadBalancingV2::Listener") {
		l := b.balancers[key(r.Prop("LoadBalancerArn"))]
		li := &Listener{Ref: ref(r), Protocol: str(r.Prop("Protocol")), Targets: b.actions(r.Prop("DefaultActions"))}
		li.Proto = transport(li.Protocol)
		li.Port = b.port(li.Ref, r.Prop("Port"))
		b.listeners[own(r)] = li
		if l != nil && (li.Port != 0 || !r.Prop("Port").Known()) {
			l.Listeners = append(l.Listeners, li)
		}
	}
	for _, r := range b.set.Resources("AWS::ElasticLoadBalancingV2::ListenerRule") {
		if li := b.listeners[key(r.Prop("ListenerArn"))]; li != nil {
			for _, t := range b.actions(r.Prop("Actions")) {
				if !slices.Contains(li.Targets, t) {
					li.Targets = append(li.Targets, t)
				}
			}
		}
	}
}

func (b *builder) actions(v cfn.Value) (out []*TargetGroup) {
	list, _ := items(v)
	for _, a := range list {
		arns := []cfn.Value{a.Get("TargetGroupArn")}
		for _, t := range a.Get("ForwardConfig.TargetGroups").Items() {
			arns = append(arns, t.Get("TargetGroupArn"))
		}
		for _, arn := range arns {
			if t := b.targets[key(arn)]; arn.Exists() && t != nil && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// The attributes of load balancers and target groups that decide over packets.
const (
	denyIGW        = "ipv6.deny_all_igw_traffic"
	preserveClient = "preserve_client_ip.enabled"
	crossZone      = "load_balancing.cross_zone.enabled"
)

// attributeOf is the value of an attribute: of a template's list, of a Kubernetes object's, or of an annotation such as
// "key=value,key=value".
func attributeOf(v cfn.Value, name string) cfn.Value {
	for _, e := range v.Items() {
		switch {
		case e.Get("Key").Is(name):
			return e.Get("Value")
		case e.Get("key").Is(name):
			return e.Get("value")
		}
	}
	for e := range strings.SplitSeq(str(v), ",") {
		if k, value, ok := strings.Cut(strings.TrimSpace(e), "="); ok && k == name {
			return cfn.String(value)
		}
	}
	return cfn.Value{}
}

// transport is the protocol that a listener or target group is traced with: TCP where it takes both.
func transport(listener string) Proto {
	switch strings.ToUpper(listener) {
	case "UDP", "QUIC":
		return UDP
	}
	return TCP
}

// balancer makes the interfaces of a load balancer, one for each of its subnets.
func (n *Network) balancer(l *LoadBalancer) []*Interface {
	var out []*Interface
	subnets := l.Subnets
	if len(subnets) == 0 {
		subnets = []*Subnet{{Ref: l.Ref, VPC: l.VPC, Imported: true}}
	}
	for _, s := range subnets {
		p := n.addressing.in(&Interface{Kind: BalancerInterface, Name: l.String(), Component: lbLabel(l), Ref: l.Ref, Groups: l.Groups, Balancer: l,
			Unfiltered: len(l.Groups) == 0}, s)
		p.On = "in " + s.String()
		p.Unknown = cmp.Or(l.Unknown, p.Unknown)
		p.Accelerator = l.Accelerator
		for _, a := range l.Fixed {
			if r := s.Prefix(FamilyOf(a)); r.IsValid() && r.Contains(a) {
				p.fix(a)
			}
		}
		if l.Refused != "" {
			p.Unknown = ""
		}
		if !l.Speaks(IPv6) {
			p.IPv6 = netip.Addr{}
		}
		if !l.Internal && l.AddressType != aws.DualStackWithoutPublicIPv4 {
			p.Public = n.addressing.elastic()
		}
		out = append(out, p)
	}
	return out
}

// Through is a load balancer as destination: each of its interfaces and targets in some pair.
func (n *Network) Through(l *LoadBalancer, q Query, from *Interface) []Destination {
	fronts := n.fronts[l]
	base := Destination{Name: l.String(), Proto: q.Proto, Port: q.Port, Named: true}
	if l.Hypothetical {
		base.Assumes = []string{l.Assumption}
	}
	switch from.Name {
	case string(Internet4):
		base.Family = IPv4
	case string(Internet6):
		base.Family = IPv6
	}
	if from.Outside() && base.Family == 0 {
		base.Family = IPv4
		if from.IPv6.IsValid() {
			base.Family = IPv6
		}
	}
	if l.Refused != "" {
		base.To = fronts[0]
		base.Port = cmp.Or(base.Port, 443)
		base.Fails = &Failure{Denied, AtController, l.Because, fmt.Sprintf("%s: %s", l.Ref, l.Refused)}
		return []Destination{base}
	}
	listeners := l.Listeners
	if q.Port != 0 {
		listeners = slices.DeleteFunc(slices.Clone(listeners), func(li *Listener) bool { return li.Port != q.Port || q.Proto == UDP && !li.Takes(UDP) })
	}
	var out []Destination
	if len(listeners) == 0 {
		for _, f := range fronts {
			d := base
			d.To, d.Port = f, cmp.Or(q.Port, 443)
			d.Fails = &Failure{NoRoute, lbLabel(l), l.Ref, fmt.Sprintf("%s has no listener on port %d", l.Ref, d.Port)}
			out = append(out, d)
		}
		return out
	}
	for _, li := range listeners {
		d := base
		d.Listener, d.Port = li, li.Port
		if q.Proto == TCP && !li.Takes(TCP) { // TCP is what is asked where nothing is said
			if q.Port != 0 && slices.ContainsFunc(listeners, func(o *Listener) bool { return o.Takes(TCP) }) {
				continue
			}
			d.Proto = UDP
		}
		if len(li.Targets) == 0 {
			d.To = fronts[0]
			out = append(out, d)
		}
		for _, tg := range li.Targets {
			d.Target = tg
			backends := n.backends(tg)
			if len(backends) == 0 {
				d.To = fronts[0]
				out = append(out, d)
				continue
			}
			for _, pair := range joined(l, tg, fronts, backends) {
				e := d
				e.To, e.Backend = pair[0], pair[1]
				out = append(out, e)
			}
		}
	}
	return out
}

// joined are the interfaces of a load balancer with targets that they send to: each in some pair, and within one zone where the
// load balancer does not cross zones. Then an interface without a target in its zone has none, and its address is not given out.
func joined(l *LoadBalancer, tg *TargetGroup, fronts, backends []*Interface) (out [][2]*Interface) {
	if l.Crosses(tg) {
		for i := range max(len(fronts), len(backends)) {
			out = append(out, [2]*Interface{fronts[i%len(fronts)], backends[i%len(backends)]})
		}
		return out
	}
	for i, b := range backends {
		front := fronts[i%len(fronts)]
		for _, f := range fronts {
			if b.Subnet == nil || f.Subnet == nil {
				continue
			}
			if same, _ := f.Subnet.SameZone(b.Subnet); same {
				front = f
			}
		}
		out = append(out, [2]*Interface{front, b})
	}
	return out
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
	switch {
	case tg.AnyPort:
		after.dstPort = t.number(backendPort(tg.Port), "port of the Pods behind "+tg.Ref.String(), assigned, anyPort, tg.Port)
	case tg.Port == 0:
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

// Crosses reports whether a node of the load balancer sends to the targets of a group in other zones too.
// See https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#cross-zone-load-balancing.
func (l *LoadBalancer) Crosses(t *TargetGroup) bool {
	switch {
	case l.Kind == ALB || t.CrossZone == "true":
		return true
	case t.CrossZone == "false":
		return false
	}
	return l.CrossZone
}
