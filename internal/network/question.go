package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// Query asks for the fate of a packet.
type Query struct {
	From, To Name
	Port     uint16 // destination port; 0 means the port the destination is known for, else 443
	Proto    Proto  // TCP unless said
	Family   Family // 0 means IPv6 where both ends have it, else IPv4
	// Everything asks for every protocol and every port, not for Port and Proto only. Of a load balancer it asks for the listeners.
	Everything bool
}

func (q Query) String() string {
	s := fmt.Sprintf("%s → %s", q.From, q.To)
	if q.Port != 0 {
		proto := q.Proto
		if proto == 0 {
			proto = TCP
		}
		s = fmt.Sprintf("%s → %s:%d/%s", q.From, Bracketed(string(q.To)), q.Port, proto)
	}
	if q.Everything {
		s = fmt.Sprintf("%s → %s on every protocol and port", q.From, q.To)
	}
	if q.Family != 0 {
		s += " over " + q.Family.String()
	}
	return s
}

// Destination is what a packet is sent to, and what happens to it after it got there.
type Destination struct {
	Name  string
	To    *Interface // the interface or host that the packet goes to first
	Port  uint16
	Proto Proto
	// family is the one to use; 0 is IPv6 where both ends have it.
	Family Family
	Named  bool // reached by a DNS name: DNS64 can answer for it

	// A ClusterIP Service: kube-proxy translates to interface.
	Virtual netip.Addr
	Service Ref

	// A load balancer: interface is one of its interfaces, backend one of its targets.
	Listener *Listener
	Target   *TargetGroup
	Backend  *Interface

	// PrivateLink: interface is an endpoint's interface, and the load balancer is behind it.
	Endpoint *Endpoint
	Front    *Interface // the load balancer's interface

	// publicAPI is the cluster whose public endpoint this is.
	PublicAPI *Cluster

	// Fails ends the trace at the destination: it does not exist or cannot take the packet.
	Fails *Failure

	Assumes []string

	// ports are asked for instead of port, where there are several.
	Ports netset.Numbers
	// targets are the ports of interface behind a ClusterIP.
	Targets netset.Numbers
	// everything asks for every protocol and every port, not for proto and port only.
	Everything bool
}

// over is the address family by which an interface reaches the destination.
func (d Destination) over(from *Interface) Family {
	switch {
	case d.Family != 0:
		return d.Family
	case from.IPv6.IsValid() && (d.To.IPv6.IsValid() || d.Virtual.Is6()):
		return IPv6
	}
	return IPv4
}

// Absent says why there is nothing to reach, such as the controller's refusal to make a load balancer; "" where there is something.
func (d Destination) Absent() string {
	if d.Fails == nil {
		return ""
	}
	return d.Fails.Why
}

// By is an interface as a destination by name, over TCP to a port.
func (p *Interface) By(port uint16, f Family) Destination {
	d := Destination{Name: p.Name, To: p, Port: port, Proto: TCP, Family: f, Named: true}
	if f == IPv6 {
		d.Fails = p.lacks6
	}
	return d
}

// TraceAll answers a query for every interface that it names, at least one.
func (n *Network) TraceAll(q Query) ([]Trace, error) {
	q.Proto = cmp.Or(q.Proto, TCP)
	if q.Family != 0 && q.Family != IPv4 && q.Family != IPv6 {
		return nil, fmt.Errorf("unknown address family %d: want IPv4 or IPv6", q.Family)
	}
	for _, end := range []Name{q.From, q.To} {
		if f := end.family(); f != 0 && q.Family != 0 && f != q.Family {
			return nil, fmt.Errorf("%s has no %s address: leave the family out, or ask for %s", string(end), q.Family, f)
		}
	}
	from, assumes, err := n.endsOf(q.From, true)
	if err != nil {
		if n.isDestinationOnly(q.From) {
			return nil, fmt.Errorf("%q only answers, it starts no connection: use it as the destination", string(q.From))
		}
		return nil, err
	}
	var out []Trace
	from = ofFamily(from, q.Family)
	for i, f := range from {
		dests, err := n.dests(q, f)
		if err != nil {
			return nil, err
		}
		dests = toFamily(dests, q.Family)
		for _, j := range Partners(i, len(from), len(dests)) {
			d := dests[j]
			if f.Outside() && d.To.Outside() && d.PublicAPI == nil {
				return nil, fmt.Errorf("%s and %s are both beyond the network: name one end in the templates", f.Name, d.Name)
			}
			if q.Family != 0 {
				d.Family = q.Family
			}
			d.Assumes = append(slices.Clone(assumes), d.Assumes...)
			out = append(out, n.Ask(q, f, d))
		}
	}
	return out, nil
}

// Partners are the destinations that source i of ns is traced to: all of a few, of many so many that every source and
// every destination is in some pair, which is enough to find a broken one.
func Partners(i, ns, nd int) []int {
	if nd == 0 {
		return nil
	}
	if ns*nd <= 16 {
		all := make([]int, nd)
		for j := range all {
			all[j] = j
		}
		return all
	}
	var out []int
	for j := i % nd; len(out) < max(2, (nd+ns-1)/ns) && len(out) < nd; j = (j + 1) % nd {
		out = append(out, j)
	}
	if ns < nd { // far-apart destinations too: source i takes every ns-th
		out = out[:0]
		for j := i; j < nd; j += ns {
			out = append(out, j)
		}
	}
	return out
}

// dests resolves the destination of a query for a source.
func (n *Network) dests(q Query, from *Interface) ([]Destination, error) {
	s := string(q.To)
	kind, name, _ := strings.Cut(s, ":")
	switch kind {
	case "service", "ingress", "gateway":
		return n.exposed(q, from, kind, name)
	}
	if isAPI(q.To) {
		out := n.API(q, from)
		if len(out) == 0 {
			return nil, n.unknown(q.To)
		}
		return out, nil
	}
	var out []Destination
	for _, v := range n.byRef[s] {
		switch v := v.(type) {
		case *LoadBalancer:
			out = append(out, n.Through(v, q, from)...)
		case *Endpoint:
			out = append(out, n.ToEndpoint(v, q)...)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	if len(n.byRef[s]) == 0 {
		if out := n.toAWS(q, from); len(out) > 0 {
			return out, nil
		}
	}
	places, assumes, err := n.endsOf(q.To, false)
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		if p.Cluster != nil && from.Cluster != nil && p.Cluster != from.Cluster && strings.HasPrefix(s, "pod:") && len(places) > 1 && sameCluster(places, from) {
			continue // "pod:any" from a Pod means the Pods of its own cluster, where it has any
		}
		_, literal := netip.ParseAddr(s)
		d := Destination{Name: p.Name, To: p, Port: cmp.Or(q.Port, p.Port, 443), Proto: q.Proto, Named: literal != nil, Assumes: assumes, Everything: q.Everything}
		if p.Kind == InternetHost || literal == nil {
			d.Family = IPv4
			if p.IPv6.IsValid() {
				d.Family = IPv6
			}
		}
		if p.Kind == PodInterface && p.Cluster.Family == IPv6 && p.IPv6.IsValid() && !p.HostNetwork {
			d.Family = IPv6 // a Pod of an IPv6 cluster has no IPv4 address of its own
		}
		if p.lacks6 != nil {
			d.Fails = p.lacks6
		}
		out = append(out, d)
	}
	return out, nil
}

func sameCluster(list []*Interface, from *Interface) bool {
	return slices.ContainsFunc(list, func(p *Interface) bool { return p.Cluster == from.Cluster })
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

// Ends are the two ends of a trace, for callers that build them for real and send the trace's packets between them. Of a sample they have
// the values of its packet.
type Ends struct {
	From Interface
	Destination
}

// Ends are the trace's source and destination. The second result is false for a Trace that no Network made.
func (t Trace) Ends() (Ends, bool) {
	if t.from == nil {
		return Ends{}, false
	}
	e := Ends{From: *t.from, Destination: *t.dest}
	e.Family = e.over(t.from)
	for _, p := range []**Interface{&e.To, &e.Backend, &e.Front} {
		if *p != nil {
			own := **p
			*p = &own
		}
	}
	if e.Front == nil && e.Listener != nil {
		e.Front = e.To
	}
	t.sampled(&e)
	return e, true
}

// ofFamily leaves out the senders on the internet that have no address of a family, where others of the same name have.
func ofFamily(list []*Interface, f Family) []*Interface {
	lacks := func(i *Interface) bool { return f != 0 && i.Outside() && !i.addr(f).IsValid() }
	if !slices.ContainsFunc(list, func(i *Interface) bool { return !lacks(i) }) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), lacks)
}

// toFamily leaves out the destinations on the internet that have no address of a family, where others of the same name have.
func toFamily(list []Destination, f Family) []Destination {
	lacks := func(d Destination) bool { return f != 0 && d.To.Outside() && !d.To.addr(f).IsValid() }
	if !slices.ContainsFunc(list, func(d Destination) bool { return !lacks(d) }) {
		return list
	}
	return slices.DeleteFunc(list, lacks)
}
