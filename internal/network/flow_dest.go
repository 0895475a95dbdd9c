package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// TraceAll answers a query for every place that it names, at least one.
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
	for i, f := range from {
		dests, err := n.dests(q, f)
		if err != nil {
			return nil, err
		}
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

// partners are the destinations that source i of ns is traced to: all of a few, of many so many that every source and
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

func (n *Network) isDestinationOnly(ep Name) bool {
	_, err := n.dests(Query{From: AnyPod, To: ep, Proto: TCP}, n.Internet(IPv4))
	return err == nil
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

// isAPI reports whether an endpoint is apiserver, or apiserver@SUBNET: one interface of the control plane.
func isAPI(ep Name) bool {
	return ep == APIServer || strings.HasPrefix(string(ep), string(APIServer)+"@")
}

// at is what follows the @ of an endpoint.
func at(ep Name) string {
	_, place, _ := strings.Cut(string(ep), "@")
	return place
}

// api is the Kubernetes API as a source sees it: the control plane's interfaces in the cluster's subnets with private
// access, else the public endpoint.
func (n *Network) API(q Query, from *Interface) []Destination {
	var out []Destination
	for _, sh := range n.ClusterPods {
		c := sh.Cluster
		if from.Cluster != nil && from.Cluster != c {
			continue
		}
		port := cmp.Or(q.Port, 443)
		inside := !from.Outside() && from.VPC != nil && from.VPC == c.VPC
		// Without public access the name has the private addresses everywhere, and other networks of the templates may lead there.
		// See https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html.
		joined := !from.Outside() && from.VPC != nil && !c.PublicAccess && c.AccessUnknown == "" && n.joins(from.VPC, c.VPC)
		if (inside || joined) && c.PrivateAccess {
			for _, p := range filter(sh.API, at(q.To)) {
				d := Destination{Name: p.Name, To: p, Port: port, Proto: TCP, Named: true}
				if c.Family == IPv6 {
					d.Family = IPv6
				}
				out = append(out, d)
			}
			continue
		}
		f := IPv4
		if c.Family == IPv6 && (from.IPv6.IsValid() || !from.IPv4.IsValid()) {
			f = IPv6
		}
		a := netset.Plus(publicAPI4, c.Index)
		if f == IPv6 {
			a = netset.Plus(publicAPI6, c.Index)
		}
		p := internetHost("public endpoint of "+c.String(), a)
		d := Destination{Name: string(APIServer), To: p, Port: port, Proto: TCP, Named: true, Family: f, PublicAPI: c}
		if c.AccessUnknown != "" {
			d.Fails = &Failure{Insufficient, AtPublicEndpoint, c.In("ResourcesVpcConfig"), c.AccessUnknown}
		} else if !c.PublicAccess {
			d.Fails = &Failure{Denied, AtPublicEndpoint, c.In("ResourcesVpcConfig.EndpointPublicAccess"), ""}
			d.Fails.Why = "public access to the endpoint is off, and private access reaches no further than the VPC"
			if inside {
				d.Fails.Why = "public access and private access to the endpoint are both off"
			}
		}
		out = append(out, d)
	}
	return out
}

// joins reports whether a peering connection or a transit gateway joins two VPCs.
func (n *Network) joins(a, b *VPC) bool {
	return slices.ContainsFunc(n.Peerings, func(p *Peering) bool { return p.Other(a) == b }) ||
		slices.ContainsFunc(n.TransitGateways, func(g *TransitGateway) bool { return g.Attachment(a) != nil && g.Attachment(b) != nil })
}

// toEndpoint is a VPC endpoint as destination.
func (n *Network) ToEndpoint(e *Endpoint, q Query) []Destination {
	if e.Gateway {
		var out []Destination
		for _, a := range ServiceAddresses(e.ShortName) {
			if !e.Speaks(FamilyOf(a)) {
				continue
			}
			p := &Interface{Kind: ServiceHost, Name: e.ShortName, Component: AtService, Ref: Ref{Type: "AWS service", Name: e.ShortName}, Service: e.ShortName, Unfiltered: true}
			if a.Is4() {
				p.IPv4 = a
			} else {
				p.IPv6 = a
			}
			out = append(out, Destination{Name: e.String(), To: p, Port: cmp.Or(q.Port, 443), Proto: q.Proto, Family: FamilyOf(a),
				Assumes: []string{fmt.Sprintf("%s stands for the addresses of %s", a, e.ShortName)}})
		}
		return out
	}
	var out []Destination
	for _, at := range n.endpoints {
		if at.endpoint != e {
			continue
		}
		if e.Provider == nil {
			out = append(out, Destination{Name: e.String(), To: at.place, Port: cmp.Or(q.Port, 443), Proto: q.Proto, Named: true})
			continue
		}
		if len(e.Provider.LoadBalancers) == 0 {
			out = append(out, Destination{Name: e.String(), To: at.place, Port: cmp.Or(q.Port, 443), Proto: q.Proto, Named: true, Endpoint: e})
		}
		for _, l := range e.Provider.LoadBalancers {
			for _, d := range n.Through(l, q, at.place) {
				d.Name, d.Front, d.To, d.Endpoint, d.Named = e.String(), d.To, at.place, e, true
				out = append(out, d)
			}
		}
	}
	return out
}

// throughLB is a load balancer as destination: each of its interfaces and targets in some pair.
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

// backends are the places that a target group's targets can be in.
func (n *Network) backends(tg *TargetGroup) []*Interface {
	var out []*Interface
	for _, sh := range n.ClusterPods {
		if sh.Cluster != tg.Cluster {
			continue
		}
		for _, p := range sh.Pods {
			q := *p
			if tg.TargetType == "instance" {
				q = *p.Node()
			}
			q.Port = tg.Port
			if tg.TargetType != "instance" {
				q.works = sh.Cluster.Behind(tg)
			}
			if n.mayManage(&q) { // a hypothetical load balancer's rules are not among those of its nodes
				q.Backend = append(slices.Clone(q.Backend), tg.Backend...)
			}
			out = append(out, &q)
		}
	}
	for _, h := range tg.Hosts {
		for _, p := range n.HostInterfaces {
			if p.Ref == h.Ref {
				out = append(out, p)
			}
		}
	}
	return out
}

// backendRules are what the controller adds to a node's groups for all load balancers of the cluster. They admit whoever
// they name, by whichever way it comes.
func (n *Network) backendRules(c *Cluster, p *Interface) []*Rule {
	if !n.mayManage(p) {
		return nil
	}
	var out []*Rule
	for _, l := range n.LoadBalancers {
		if l.Hypothetical || l.Refused != "" {
			continue
		}
		for _, li := range l.Listeners {
			for _, tg := range li.Targets {
				if tg.Cluster == c {
					out = append(out, tg.Backend...)
				}
			}
		}
	}
	return out
}

// mayManage reports whether the controller finds the one group of an interface that it may edit: the only one, or the
// only one with the cluster's tag.
// See https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/security_groups/.
func (n *Network) mayManage(p *Interface) bool {
	if len(p.Groups) < 2 {
		return true
	}
	tagged := 0
	for _, g := range p.Groups {
		if g == p.Cluster.Group {
			tagged++
			continue
		}
		for k := range g.Tags {
			if strings.HasPrefix(k, "kubernetes.io/cluster/") {
				tagged++
				break
			}
		}
	}
	return tagged == 1
}

// exposed is a Service, Ingress or Gateway as destination: a Service by its ClusterIP from inside its cluster, else by
// the load balancers in front of it.
func (n *Network) exposed(q Query, from *Interface, kind, name string) ([]Destination, error) {
	namespace, object, ok := strings.Cut(name, "/")
	if !ok {
		namespace, object = "default", name
	}
	var out []Destination
	found := false
	for _, sh := range n.ClusterPods {
		c := sh.Cluster
		var svc *Object
		if kind == "service" {
			svc = c.Object("Service", namespace, object)
			if from.Cluster == c && from.Kind != ControlPlaneInterface {
				if d := n.ClusterIP(sh, svc, namespace, object, q); d != nil {
					return d, nil
				}
				continue
			}
		}
		for _, l := range n.LoadBalancers {
			if l.Cluster != c && !slices.ContainsFunc(l.Listeners, func(li *Listener) bool {
				return slices.ContainsFunc(li.Targets, func(t *TargetGroup) bool { return t.Cluster == c })
			}) {
				continue
			}
			if n.serves(l, kind, namespace, object) {
				out = append(out, n.Through(l, q, from)...)
			}
		}
		found = found || svc != nil
	}
	switch {
	case len(out) > 0:
		return out, nil
	case found:
		return nil, fmt.Errorf("service %s/%s has no load balancer in the templates: it is reached from its own cluster only", namespace, object)
	}
	return nil, n.unknown(q.To)
}

// serves reports whether a load balancer is in front of a Kubernetes object.
func (n *Network) serves(l *LoadBalancer, kind, namespace, object string) bool {
	is := func(o *Object, kind string) bool {
		return o != nil && strings.EqualFold(o.Kind, kind) && o.Namespace == namespace && o.ObjectName == object
	}
	if is(l.For, kind) {
		return true
	}
	if kind != "service" {
		return false
	}
	for _, li := range l.Listeners {
		for _, t := range li.Targets {
			if t.Name == "service "+namespace+"/"+object {
				return true
			}
			if is(t.Binding, "TargetGroupBinding") || t.Binding != nil && t.Binding.Kind == "TargetGroupBinding" && t.Binding.Namespace == namespace && t.Binding.Text("spec", "serviceRef", "name") == object {
				return true
			}
		}
	}
	return false
}
