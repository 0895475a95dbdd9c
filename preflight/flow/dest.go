package flow

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/model"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// TraceAll answers a query for every place that it names, at least one.
func (n *Network) TraceAll(q Query) ([]Trace, error) {
	if q.Proto == "" {
		q.Proto = TCP
	}
	if q.Proto != TCP && q.Proto != UDP {
		return nil, fmt.Errorf("flow: unknown protocol %q: want tcp or udp", string(q.Proto))
	}
	if q.Family != 0 && q.Family != IPv4 && q.Family != IPv6 {
		return nil, fmt.Errorf("flow: unknown address family %d: want IPv4 or IPv6", q.Family)
	}
	for _, end := range []Endpoint{q.From, q.To} {
		if f := end.family(); f != 0 && q.Family != 0 && f != q.Family {
			return nil, fmt.Errorf("flow: %s has no %s address: leave the family out, or ask for %s", string(end), q.Family, f)
		}
	}
	from, assumes, err := n.ends(q.From, true)
	if err != nil {
		if n.isDestinationOnly(q.From) {
			return nil, fmt.Errorf("flow: %q only answers, it starts no connection: use it as the destination", string(q.From))
		}
		return nil, err
	}
	var out []Trace
	for i, f := range from {
		dests, err := n.dests(q, f)
		if err != nil {
			return nil, err
		}
		for _, j := range partners(i, len(from), len(dests)) {
			d := dests[j]
			if f.outside() && d.place.outside() && d.publicAPI == nil {
				return nil, fmt.Errorf("flow: %s and %s are both beyond the network: name one end in the templates", f.name, d.name)
			}
			if q.Family != 0 {
				d.family = q.Family
			}
			d.assumes = append(slices.Clone(assumes), d.assumes...)
			out = append(out, n.trace(q, f, d))
		}
	}
	return out, nil
}

// partners are the destinations that source i of ns is traced to: all of a few, of many so many that every source and
// every destination is in some pair, which is enough to find a broken one.
func partners(i, ns, nd int) []int {
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

func (n *Network) isDestinationOnly(ep Endpoint) bool {
	_, err := n.dests(Query{From: AnyPod, To: ep, Proto: TCP}, n.internet(IPv4))
	return err == nil
}

// dests resolves the destination of a query for a source.
func (n *Network) dests(q Query, from *place) ([]dest, error) {
	s := string(q.To)
	kind, name, _ := strings.Cut(s, ":")
	switch kind {
	case "service", "ingress", "gateway":
		return n.exposed(q, from, kind, name)
	}
	if isAPI(q.To) {
		out := n.api(q, from)
		if len(out) == 0 {
			return nil, n.unknown(q.To)
		}
		return out, nil
	}
	var out []dest
	for _, v := range n.byRef[s] {
		switch v := v.(type) {
		case *model.LoadBalancer:
			out = append(out, n.throughLB(v, q, from)...)
		case *model.Endpoint:
			out = append(out, n.toEndpoint(v, q)...)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	places, assumes, err := n.ends(q.To, false)
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		if p.cluster != nil && from.cluster != nil && p.cluster != from.cluster && strings.HasPrefix(s, "pod:") && len(places) > 1 && sameCluster(places, from) {
			continue // "pod:any" from a Pod means the Pods of its own cluster, where it has any
		}
		_, literal := netip.ParseAddr(s)
		d := dest{name: p.name, place: p, port: cmp.Or(q.Port, p.port, 443), proto: q.Proto, named: literal != nil, assumes: assumes, everything: q.Everything}
		if p.kind == internetPlace || literal == nil {
			d.family = IPv4
			if p.v6.IsValid() {
				d.family = IPv6
			}
		}
		if p.kind == podPlace && p.cluster.Family == IPv6 && p.v6.IsValid() && !p.host {
			d.family = IPv6 // a Pod of an IPv6 cluster has no IPv4 address of its own
		}
		if p.lacks6 != "" {
			d.fails, d.failAt, d.failLabel, d.failWhy = NoRoute, p.lacks6R, "node", p.lacks6
		}
		out = append(out, d)
	}
	return out, nil
}

func sameCluster(list []*place, from *place) bool {
	return slices.ContainsFunc(list, func(p *place) bool { return p.cluster == from.cluster })
}

// isAPI reports whether an endpoint is apiserver, or apiserver@SUBNET: one interface of the control plane.
func isAPI(ep Endpoint) bool {
	return ep == APIServer || strings.HasPrefix(string(ep), string(APIServer)+"@")
}

// at is what follows the @ of an endpoint.
func at(ep Endpoint) string {
	_, place, _ := strings.Cut(string(ep), "@")
	return place
}

// api is the Kubernetes API as a source sees it: the control plane's interfaces in the cluster's subnets with private
// access, else the public endpoint.
func (n *Network) api(q Query, from *place) []dest {
	var out []dest
	for _, sh := range n.shelves {
		c := sh.cluster
		if from.cluster != nil && from.cluster != c {
			continue
		}
		port := cmp.Or(q.Port, 443)
		inside := !from.outside() && from.vpc != nil && from.vpc == c.VPC
		// Without public access the name has the private addresses everywhere, and other networks of the templates may lead there.
		// See https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html.
		joined := !from.outside() && from.vpc != nil && !c.PublicAccess && c.AccessUnknown == "" && n.joins(from.vpc, c.VPC)
		if (inside || joined) && c.PrivateAccess {
			for _, p := range filter(sh.api, at(q.To)) {
				d := dest{name: p.name, place: p, port: port, proto: TCP, named: true}
				if c.Family == IPv6 {
					d.family = IPv6
				}
				out = append(out, d)
			}
			continue
		}
		f := IPv4
		if c.Family == IPv6 && (from.v6.IsValid() || !from.v4.IsValid()) {
			f = IPv6
		}
		a := netset.Plus(publicAPI4, c.Index)
		if f == IPv6 {
			a = netset.Plus(publicAPI6, c.Index)
		}
		p := internetHost("public endpoint of "+c.String(), a)
		d := dest{name: string(APIServer), place: p, port: port, proto: TCP, named: true, family: f, publicAPI: c}
		if c.AccessUnknown != "" {
			d.fails, d.failAt, d.failLabel, d.failWhy = Insufficient, c.In("ResourcesVpcConfig"), "EKS public endpoint", c.AccessUnknown
		} else if !c.PublicAccess {
			d.fails, d.failAt, d.failLabel = Denied, c.In("ResourcesVpcConfig.EndpointPublicAccess"), "EKS public endpoint"
			d.failWhy = "public access to the endpoint is off, and private access reaches no further than the VPC"
			if inside {
				d.failWhy = "public access and private access to the endpoint are both off"
			}
		}
		out = append(out, d)
	}
	return out
}

// joins reports whether a peering connection or a transit gateway joins two VPCs.
func (n *Network) joins(a, b *model.VPC) bool {
	return slices.ContainsFunc(n.model.Peerings, func(p *model.Peering) bool { return p.Other(a) == b }) ||
		slices.ContainsFunc(n.model.TransitGateways, func(g *model.TransitGateway) bool { return g.Attachment(a) != nil && g.Attachment(b) != nil })
}

// toEndpoint is a VPC endpoint as destination.
func (n *Network) toEndpoint(e *model.Endpoint, q Query) []dest {
	if e.Gateway {
		var out []dest
		for _, a := range model.ServiceAddresses(e.ShortName) {
			if !e.Speaks(model.FamilyOf(a)) {
				continue
			}
			p := &place{kind: servicePlace, name: e.ShortName, label: "AWS service", ref: model.Ref{Type: "AWS service", Name: e.ShortName}, service: e.ShortName, open: true}
			if a.Is4() {
				p.v4 = a
			} else {
				p.v6 = a
			}
			out = append(out, dest{name: e.String(), place: p, port: cmp.Or(q.Port, 443), proto: q.Proto, family: model.FamilyOf(a),
				assumes: []string{fmt.Sprintf("%s stands for the addresses of %s", a, e.ShortName)}})
		}
		return out
	}
	var out []dest
	for _, at := range n.endpoints {
		if at.endpoint != e {
			continue
		}
		if e.Provider == nil {
			out = append(out, dest{name: e.String(), place: at.place, port: cmp.Or(q.Port, 443), proto: q.Proto, named: true})
			continue
		}
		if len(e.Provider.LoadBalancers) == 0 {
			out = append(out, dest{name: e.String(), place: at.place, port: cmp.Or(q.Port, 443), proto: q.Proto, named: true, endpoint: e})
		}
		for _, l := range e.Provider.LoadBalancers {
			for _, d := range n.throughLB(l, q, at.place) {
				d.name, d.front, d.place, d.endpoint, d.named = e.String(), d.place, at.place, e, true
				out = append(out, d)
			}
		}
	}
	return out
}

// throughLB is a load balancer as destination: each of its interfaces and targets in some pair.
func (n *Network) throughLB(l *model.LoadBalancer, q Query, from *place) []dest {
	fronts := n.fronts[l]
	base := dest{name: l.String(), proto: q.Proto, port: q.Port, named: true}
	if l.Hypothetical {
		base.assumes = []string{l.Assumption}
	}
	switch from.name {
	case string(Internet4):
		base.family = IPv4
	case string(Internet6):
		base.family = IPv6
	}
	if from.outside() && base.family == 0 {
		base.family = IPv4
		if from.v6.IsValid() {
			base.family = IPv6
		}
	}
	if l.Refused != "" {
		base.place = fronts[0]
		base.port = cmp.Or(base.port, 443)
		base.fails, base.failAt, base.failLabel, base.failWhy = Denied, l.Because, "AWS Load Balancer Controller", fmt.Sprintf("%s: %s", l.Ref, l.Refused)
		return []dest{base}
	}
	listeners := l.Listeners
	if q.Port != 0 {
		listeners = slices.DeleteFunc(slices.Clone(listeners), func(li *model.Listener) bool { return li.Port != q.Port || q.Proto == UDP && !li.Takes(model.UDP) })
	}
	var out []dest
	if len(listeners) == 0 {
		for _, f := range fronts {
			d := base
			d.place, d.port = f, cmp.Or(q.Port, 443)
			d.fails, d.failAt, d.failLabel, d.failWhy = NoRoute, l.Ref, lbLabel(l), fmt.Sprintf("%s has no listener on port %d", l.Ref, d.port)
			out = append(out, d)
		}
		return out
	}
	for _, li := range listeners {
		d := base
		d.listener, d.port = li, li.Port
		if q.Proto == TCP && !li.Takes(model.TCP) { // TCP is what is asked where nothing is said
			if q.Port != 0 && slices.ContainsFunc(listeners, func(o *model.Listener) bool { return o.Takes(model.TCP) }) {
				continue
			}
			d.proto = UDP
		}
		if len(li.Targets) == 0 {
			d.place = fronts[0]
			out = append(out, d)
		}
		for _, tg := range li.Targets {
			d.target = tg
			backends := n.backends(tg)
			if len(backends) == 0 {
				d.place = fronts[0]
				out = append(out, d)
				continue
			}
			for _, pair := range joined(l, tg, fronts, backends) {
				e := d
				e.place, e.backend = pair[0], pair[1]
				out = append(out, e)
			}
		}
	}
	return out
}

// joined are the interfaces of a load balancer with targets that they send to: each in some pair, and within one zone where the
// load balancer does not cross zones. Then an interface without a target in its zone has none, and its address is not given out.
func joined(l *model.LoadBalancer, tg *model.TargetGroup, fronts, backends []*place) (out [][2]*place) {
	if l.Crosses(tg) {
		for i := range max(len(fronts), len(backends)) {
			out = append(out, [2]*place{fronts[i%len(fronts)], backends[i%len(backends)]})
		}
		return out
	}
	for i, b := range backends {
		front := fronts[i%len(fronts)]
		for _, f := range fronts {
			if b.subnet == nil || f.subnet == nil {
				continue
			}
			if same, _ := f.subnet.SameZone(b.subnet); same {
				front = f
			}
		}
		out = append(out, [2]*place{front, b})
	}
	return out
}

// backends are the places that a target group's targets can be in.
func (n *Network) backends(tg *model.TargetGroup) []*place {
	var out []*place
	for _, sh := range n.shelves {
		if sh.cluster != tg.Cluster {
			continue
		}
		for _, p := range sh.pods {
			q := *p
			if tg.TargetType == "instance" {
				q = *p.node()
			}
			q.port = tg.Port
			if tg.TargetType != "instance" {
				q.works = sh.cluster.Behind(tg)
			}
			if n.mayManage(&q) { // a hypothetical load balancer's rules are not among those of its nodes
				q.backend = append(slices.Clone(q.backend), tg.Backend...)
			}
			out = append(out, &q)
		}
	}
	for _, h := range tg.Hosts {
		for _, p := range n.hosts {
			if p.ref == h.Ref {
				out = append(out, p)
			}
		}
	}
	return out
}

// backendRules are what the controller adds to a node's groups for all load balancers of the cluster. They admit whoever
// they name, by whichever way it comes.
func (n *Network) backendRules(c *model.Cluster, p *place) []*model.Rule {
	if !n.mayManage(p) {
		return nil
	}
	var out []*model.Rule
	for _, l := range n.model.LoadBalancers {
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
func (n *Network) mayManage(p *place) bool {
	if len(p.groups) < 2 {
		return true
	}
	tagged := 0
	for _, g := range p.groups {
		if g == p.cluster.Group {
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
func (n *Network) exposed(q Query, from *place, kind, name string) ([]dest, error) {
	namespace, object, ok := strings.Cut(name, "/")
	if !ok {
		namespace, object = "default", name
	}
	var out []dest
	found := false
	for _, sh := range n.shelves {
		c := sh.cluster
		var svc *model.Object
		if kind == "service" {
			svc = c.Object("Service", namespace, object)
			if from.cluster == c && from.kind != apiPlace {
				if d := n.clusterIP(sh, svc, namespace, object, q); d != nil {
					return d, nil
				}
				continue
			}
		}
		for _, l := range n.model.LoadBalancers {
			if l.Cluster != c && !slices.ContainsFunc(l.Listeners, func(li *model.Listener) bool {
				return slices.ContainsFunc(li.Targets, func(t *model.TargetGroup) bool { return t.Cluster == c })
			}) {
				continue
			}
			if n.serves(l, kind, namespace, object) {
				out = append(out, n.throughLB(l, q, from)...)
			}
		}
		found = found || svc != nil
	}
	switch {
	case len(out) > 0:
		return out, nil
	case found:
		return nil, fmt.Errorf("flow: service %s/%s has no load balancer in the templates: it is reached from its own cluster only", namespace, object)
	}
	return nil, n.unknown(q.To)
}

// serves reports whether a load balancer is in front of a Kubernetes object.
func (n *Network) serves(l *model.LoadBalancer, kind, namespace, object string) bool {
	is := func(o *model.Object, kind string) bool {
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
