package flow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/model"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// titles are the flows of the catalogue, in order.
var titles = []struct{ id, title string }{
	{"F1", "Pod to Pod in the cluster"},
	{"F2", "Pod to Service ClusterIP"},
	{"F3", "Pod to an IPv6 internet host"},
	{"F4", "Pod to an IPv4 internet host"},
	{"F5", "Pod to a private IPv4 endpoint in the VPC"},
	{"F6", "Pod to the Kubernetes API, and the API to kubelet and webhooks"},
	{"F7", "IPv4 internet client to a service"},
	{"F8", "IPv6 internet client to a service"},
	{"F9", "Pod to AWS services"},
	{"F10", "IPv6-cluster Pod to an IPv4 cluster in the same VPC"},
	{"F11", "IPv4-cluster Pod to an IPv6-cluster service in the same VPC"},
	{"F12", "IPv6 cluster to an IPv6 cluster in another VPC"},
	{"F13", "IPv4 client in another VPC to an IPv6-cluster service"},
	{"F14", "IPv6-cluster Pod to an IPv4 service in another VPC"},
	{"F15", "IPv6-cluster service over PrivateLink"},
	{"X1", "IPv6 internet host directly to a Pod"},
}

// Check traces the catalogue of flows that apply to the network and compares each with its expectation. Every node
// group and every subnet of it is traced, not only the first.
func (n *Network) Check() Report {
	c := &catalogue{net: n, results: map[string][]Result{}, why: map[string]string{}, connected: map[*model.VPC][]*model.VPC{}}
	c.connections()
	six := 0
	for _, s := range n.shelves {
		if s.cluster.Family == IPv6 {
			six++
			c.cluster(s)
		}
	}
	if six == 0 && len(n.shelves) == 0 {
		c.subnets()
	}
	c.privateLink()
	var r Report
	for _, t := range titles {
		for i := range c.results[t.id] {
			c.results[t.id][i].Title = t.title
		}
		r.Results = append(r.Results, c.results[t.id]...)
		if len(c.results[t.id]) == 0 {
			why := c.why[t.id]
			if six == 0 {
				why = cmp.Or(why, "no EKS cluster of IP family ipv6 in the templates")
			}
			r.Skipped = append(r.Skipped, Skipped{t.id, t.title, why})
		}
	}
	n.told(&r)
	return r
}

// told adds what a reader of any report must know of the templates.
func (n *Network) told(r *Report) {
	for _, u := range n.model.Unmodelled {
		r.Unmodelled = append(r.Unmodelled, Component{u.Type, u.LogicalID, u.ConstructPath})
	}
	for _, p := range n.model.Problems {
		r.Problems = append(r.Problems, fmt.Sprintf("%s: %s", p.Ref, p.Text))
	}
	for _, p := range n.model.Unread {
		r.Unread = append(r.Unread, fmt.Sprintf("%s: %s", p.Ref, p.Text))
	}
}

type catalogue struct {
	net       *Network
	results   map[string][]Result
	why       map[string]string // why a flow does not apply
	connected map[*model.VPC][]*model.VPC
}

func (c *catalogue) skip(id, format string, args ...any) {
	if c.why[id] == "" {
		c.why[id] = fmt.Sprintf(format, args...)
	}
}

func (c *catalogue) add(id string, expect Expect, q Query, from *place, d dest) {
	q.From, q.To = Endpoint(from.name), Endpoint(d.name)
	q.Port, q.Proto, q.Family = d.port, d.proto, d.family
	t := c.net.trace(q, from, d).For(expect)
	c.results[id] = append(c.results[id], Result{ID: id, From: from.name, To: d.name, Expect: expect, Trace: t, OK: expect.Met(t.Verdict)})
}

// each traces every source to its partners among the destinations.
func (c *catalogue) each(id string, expect Expect, from []*place, to func(*place) []dest) {
	for i, f := range from {
		dests := to(f)
		for _, j := range partners(i, len(from), len(dests)) {
			c.add(id, expect, Query{}, f, dests[j])
		}
	}
}

func one(p *place, port uint16, f Family) dest {
	d := dest{name: p.name, place: p, port: port, proto: TCP, family: f, named: true}
	if p.lacks6 != "" && f == IPv6 {
		d.fails, d.failAt, d.failLabel, d.failWhy = NoRoute, p.lacks6R, "node", p.lacks6
	}
	return d
}

// always are destinations that are the same for every source.
func always(list ...dest) func(*place) []dest { return func(*place) []dest { return list } }

// listening are places by several ports of a protocol.
func listening(list []*place, proto Proto, ports netset.Numbers, f Family) []dest {
	out := make([]dest, len(list))
	for i, p := range list {
		out[i] = one(p, ports.First(), f)
		out[i].proto, out[i].ports = proto, ports
	}
	return out
}

// pods are the Pods of a cluster by the ports that the templates declare.
func pods(s *shelf, f Family, inside bool) (out []dest) {
	declared := declaredPorts(s.cluster, inside)
	for _, proto := range []Proto{TCP, UDP, SCTP} {
		if ports := declared[proto]; !ports.IsEmpty() {
			out = append(out, listening(s.peers, proto, ports, f)...)
		}
	}
	return out
}

func (c *catalogue) cluster(s *shelf) {
	if len(s.pods) == 0 {
		for _, t := range titles {
			c.skip(t.id, "cluster %s has no nodes in the templates", s.cluster.Ref)
		}
		return
	}
	cl, vpc := s.cluster, s.cluster.VPC
	c.each("F1", ExpectDelivered, s.pods, always(pods(s, IPv6, true)...))
	c.clusterIPs(s)
	c.internet(s)
	c.privateIPv4(s)
	c.api(s)
	for _, l := range c.balancers(cl) {
		c.fromInternet(l)
	}
	private := "its load balancers are internal"
	if len(c.balancers(cl)) == 0 {
		private = "no internet-facing load balancer, and no AWS Load Balancer Controller to make one"
	}
	c.skip("F7", "%s", private)
	c.skip("F8", "%s", private)
	for _, other := range c.net.shelves {
		if other == s || len(other.pods) == 0 {
			continue
		}
		same := other.cluster.VPC == vpc
		switch {
		case same && other.cluster.Family == IPv4:
			c.sameVPC(s, other)
		case !same && other.cluster.Family == IPv6 && slices.Contains(c.connected[vpc], other.cluster.VPC):
			c.each("F12", ExpectDelivered, s.pods, always(pods(other, IPv6, false)...))
		}
	}
	c.skip("F10", "no IPv4 cluster in the VPC of an IPv6 cluster")
	c.skip("F11", "no IPv4 cluster in the VPC of an IPv6 cluster")
	c.skip("F12", "no other IPv6 cluster in a VPC that peering or a transit gateway joins")
	c.otherVPCs(s)
	for _, p := range s.pods {
		c.add("X1", ExpectRefused, Query{}, c.net.internet(IPv6), anything(one(p, 443, IPv6)))
	}
}

// anything asks for every protocol and port.
func anything(d dest) dest {
	d.everything = true
	return d
}

func (c *catalogue) clusterIPs(s *shelf) {
	if s.cluster.Runs("coredns") {
		c.service(s, c.net.clusterIP(s, nil, "kube-system", "kube-dns", Query{}))
	}
	for _, svc := range s.cluster.ObjectsOf("Service") {
		if svc.Text("spec", "clusterIP") == "None" || svc.Text("spec", "type") == "ExternalName" || len(model.At(svc.Value, "spec", "selector").Keys()) == 0 {
			continue
		}
		c.service(s, c.net.clusterIP(s, svc, svc.Namespace, svc.ObjectName, Query{}))
	}
	c.skip("F2", "CoreDNS is not installed and no Service is in the templates")
}

// service traces a Service by each of its ports.
func (c *catalogue) service(s *shelf, dests []dest) {
	for len(dests) > 0 {
		other := slices.IndexFunc(dests, func(d dest) bool { return d.proto != dests[0].proto || d.port != dests[0].port })
		if other < 0 {
			other = len(dests)
		}
		port := dests[:other]
		c.each("F2", ExpectDelivered, s.pods, always(port...))
		dests = dests[other:]
	}
}

// internet decides from the cluster as a whole whether its Pods are meant to reach the internet: one table among
// several without a route is a miss, none with one is a choice.
func (c *catalogue) internet(s *shelf) {
	vpc := s.cluster.VPC
	six, four := vpc != nil && len(vpc.EgressOnly) > 0, vpc != nil && len(vpc.NATs) > 0
	var open6, open4 []*place // where only the deployment tells
	for _, p := range s.pods {
		r4, u4 := defaultRoute(p, c.net.internet(IPv4))
		r6, u6 := defaultRoute(p, c.net.internet(IPv6))
		four, six = four || r4, six || r6 || r4
		if u4 {
			open4 = append(open4, p)
		}
		if u6 {
			open6 = append(open6, p)
		}
	}
	d6, d4 := one(c.net.internet(IPv6), 443, IPv6), one(c.net.internet(IPv4), 443, IPv4)
	from6, from4 := open6, open4
	if six {
		from6 = c.meantOut(s.pods, IPv6)
	}
	if four {
		from4 = c.meantOut(s.pods, IPv4)
	}
	c.each("F3", ExpectExits, from6, always(d6))
	expect4 := ExpectExits
	if on, _, unknown := s.cluster.IPv4Egress(); len(from6) > 0 && len(from4) == 0 && (on || unknown != "") {
		from4 = s.pods // they reach the IPv6 internet, and nothing says that they are not meant to reach the other
		if vpc != nil && vpc.NoIPv4Internet {
			expect4 = ExpectRefused
		}
	}
	c.each("F4", expect4, from4, always(d4))
	if expect4 == ExpectRefused {
		from4 = nil
	}
	c.skip("F3", "no node subnet has a default route and the VPC no egress-only internet gateway: a private cluster")
	c.skip("F4", "no node subnet has an IPv4 default route and the VPC no NAT gateway: no IPv4 internet by choice")

	if vpc == nil || len(vpc.Endpoints) == 0 {
		c.each("F9", ExpectExits, from6, always(d6))
		c.each("F9", ExpectExits, from4, always(d4))
		c.skip("F9", "no VPC endpoint and no way to the internet")
		return
	}
	for _, e := range vpc.Endpoints {
		if e.Provider != nil {
			continue
		}
		dests := c.net.toEndpoint(e, Query{Proto: TCP})
		c.each("F9", ExpectDelivered, s.pods, always(dests...))
	}
}

// meantOut leaves out the places of isolated subnets, which no default route of the family leads out of on purpose.
func (c *catalogue) meantOut(list []*place, f Family) []*place {
	return slices.DeleteFunc(slices.Clone(list), func(p *place) bool {
		known, unknown := defaultRoute(p, c.net.internet(f))
		return p.subnet != nil && p.subnet.Isolated() && !known && !unknown
	})
}

func defaultRoute(p, to *place) (known, unknown bool) {
	if p.subnet == nil || p.subnet.RouteTable == nil || p.subnet.RouteTable.Imported {
		return false, true
	}
	a := to.v4
	if !a.IsValid() {
		a = to.v6
	}
	r, uncertain := p.subnet.RouteTable.Lookup(a)
	if r == nil {
		return false, len(uncertain) > 0
	}
	return r.Destination.Bits() == 0, false
}

func (c *catalogue) privateIPv4(s *shelf) {
	for _, h := range c.net.hosts {
		if port, ok := listens(h); ok && h.vpc == s.cluster.VPC && !h.v6.IsValid() {
			c.each("F5", ExpectDelivered, s.pods, always(one(h, port, IPv4)))
		}
	}
	c.skip("F5", "no IPv4-only service (database, cache, mount target, instance that admits private ranges) in the VPC")
}

// listens reports whether a host offers a service inside the network, and its port: what a database or a mount target
// is known for, and of an instance the first port that its groups open to private addresses. A bastion that admits an
// office only is nothing that Pods are meant to reach.
func listens(h *place) (uint16, bool) {
	if !h.v4.IsValid() || h.label == "function" {
		return 0, false
	}
	if h.port != 0 {
		return h.port, true
	}
	for _, g := range h.groups {
		for _, r := range g.Ingress {
			private := r.Prefix.IsValid() && (r.Prefix.Addr().IsPrivate() || r.Prefix.Bits() == 0 && r.Prefix.Addr().Is4())
			if private && (r.Proto == model.TCP || r.Proto == model.AnyProto) {
				return cmp.Or(r.From, 443), true
			}
		}
	}
	return 0, false
}

func (c *catalogue) api(s *shelf) {
	for i, p := range s.pods {
		dests := c.net.api(Query{To: APIServer}, p)
		for _, j := range partners(i, len(s.pods), len(dests)) {
			expect := ExpectDelivered
			c.add("F6", expect, Query{}, p, dests[j])
		}
	}
	var nodes []*place
	for _, p := range s.pods {
		if p.nodes != nil {
			nodes = append(nodes, p.node())
		}
	}
	c.each("F6", ExpectDelivered, s.api, always(listening(nodes, TCP, netset.Just(10250), IPv6)...))
	for _, ports := range webhookPorts(s.cluster) {
		c.each("F6", ExpectDelivered, s.api, always(listening(s.pods, TCP, ports, IPv6)...))
	}
	c.skip("F6", "the subnets of the control plane are not in the templates")
}

// balancers are the load balancers in front of a cluster's Pods.
func (c *catalogue) balancers(cl *model.Cluster) []*model.LoadBalancer {
	var out []*model.LoadBalancer
	for _, l := range c.net.model.LoadBalancers {
		bound := slices.ContainsFunc(l.Listeners, func(li *model.Listener) bool {
			return slices.ContainsFunc(li.Targets, func(t *model.TargetGroup) bool { return t.Cluster == cl })
		})
		if l.Cluster == cl || bound {
			out = append(out, l)
		}
	}
	return out
}

func (c *catalogue) fromInternet(l *model.LoadBalancer) {
	if l.Internal {
		return
	}
	for _, f := range []struct {
		id     string
		client *place
	}{{"F7", c.net.internet(IPv4)}, {"F8", c.net.internet(IPv6)}} {
		if f.id == "F7" && l.AddressType == aws.DualStackWithoutPublicIPv4 {
			c.skip("F7", "%s has address type dualstack-without-public-ipv4: IPv4 clients are not meant", l.Ref)
			continue
		}
		client, told := c.admitted(l, f.client)
		for _, d := range c.net.throughLB(l, Query{Proto: TCP}, client) {
			d.assumes = append(slices.Clone(d.assumes), told...)
			c.add(f.id, ExpectDelivered, Query{}, client, d)
		}
	}
}

// admitted is a client on the internet that a load balancer's groups admit: any host, or where they name some public
// ranges of the client's family, one in the first. Who admits the family from nowhere is asked by any host.
func (c *catalogue) admitted(l *model.LoadBalancer, anyone *place) (*place, []string) {
	var some *place
	for _, g := range l.Groups {
		for _, r := range g.Ingress {
			if !r.Prefix.IsValid() || r.Proto != model.AnyProto && r.Proto != model.TCP && r.Proto != model.UDP {
				continue
			}
			a := r.Prefix.Addr()
			switch {
			case r.Prefix.Contains(anyone.v4) || r.Prefix.Contains(anyone.v6):
				return anyone, nil
			case some != nil || a.Is4() != anyone.v4.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate():
			default:
				if one := a.Next(); r.Prefix.Contains(one) {
					a = one
				}
				some, _ = c.net.at(a, true)
			}
		}
	}
	if some == nil || !some.outside() {
		return anyone, nil
	}
	return some, []string{fmt.Sprintf("the client has the address %s, which the security groups of %s admit", some.name, l.Ref)}
}

func (c *catalogue) internal(cl *model.Cluster, from *place) []dest {
	var out []dest
	for _, l := range c.balancers(cl) {
		if l.Internal {
			out = append(out, c.net.throughLB(l, Query{Proto: TCP}, from)...)
		}
	}
	return out
}

// sameVPC are the flows between an IPv6 and an IPv4 cluster in one VPC.
func (c *catalogue) sameVPC(six, four *shelf) {
	c.each("F10", ExpectDelivered, six.pods, func(p *place) []dest {
		if lbs := c.internal(four.cluster, p); len(lbs) > 0 {
			return lbs
		}
		return pods(four, IPv4, false)
	})
	c.each("F11", ExpectDelivered, four.pods, func(p *place) []dest { return forceIPv4(c.internal(six.cluster, p)) })
	c.skip("F11", "the IPv6 cluster has no internal load balancer, and no AWS Load Balancer Controller to make one")
}

func forceIPv4(list []dest) []dest {
	for i := range list {
		list[i].family = IPv4
	}
	return list
}

// connections finds which VPCs are joined by peering or a transit gateway. A route to a transit gateway says that its
// VPC is meant to be joined, attached or not.
func (c *catalogue) connections() {
	join := func(a, b *model.VPC) {
		if a == nil || b == nil || a == b || slices.Contains(c.connected[a], b) {
			return
		}
		c.connected[a] = append(c.connected[a], b)
		c.connected[b] = append(c.connected[b], a)
	}
	for _, p := range c.net.model.Peerings {
		join(p.Requester, p.Accepter)
	}
	for _, g := range c.net.model.TransitGateways {
		var vpcs []*model.VPC
		for _, a := range g.Attachments {
			vpcs = append(vpcs, a.VPC)
		}
		for _, v := range c.net.model.VPCs {
			if !slices.Contains(vpcs, v) && routesTo(v, g) {
				vpcs = append(vpcs, v)
			}
		}
		for i, a := range vpcs {
			for _, b := range vpcs[:i] {
				join(a, b)
			}
		}
	}
}

func routesTo(v *model.VPC, g *model.TransitGateway) bool {
	return slices.ContainsFunc(v.RouteTables, func(t *model.RouteTable) bool {
		return slices.ContainsFunc(t.Routes, func(r *model.Route) bool { return r.Target == model.Target(g) })
	})
}

// clients are what starts connections in a VPC: Pods, else instances, else any host of a subnet that is not public.
func (c *catalogue) clients(v *model.VPC) []*place {
	var out []*place
	for _, s := range c.net.shelves {
		if s.cluster.VPC == v {
			out = append(out, s.pods...)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, h := range c.net.hosts {
		if h.vpc == v && h.label == "instance" {
			out = append(out, h)
		}
	}
	if len(out) > 0 {
		return out
	}
	return c.anyHosts(v, true)
}

func (c *catalogue) anyHosts(v *model.VPC, source bool) []*place {
	var private, all []*place
	for _, s := range v.Subnets {
		if !s.IPv4.IsValid() {
			continue
		}
		p := c.net.hostIn(s, source)
		all = append(all, p)
		if !public(s) {
			private = append(private, p)
		}
	}
	if len(private) > 0 {
		return private
	}
	return all
}

// public says what a subnet is for: its tags tell, else its default routes. One to the internet gateway makes it public,
// but where the other family's goes to a NAT gateway or to an egress-only internet gateway: then the first is a mistake
// that F4 or X1 shall find.
func public(s *model.Subnet) bool {
	if public, private := s.Meant(); public || private {
		return public
	}
	if s.RouteTable == nil {
		return false
	}
	open := false
	for _, r := range s.RouteTable.Routes {
		if !r.Destination.IsValid() || r.Destination.Bits() != 0 {
			continue
		}
		switch r.Target.(type) {
		case *model.InternetGateway:
			open = true
		case *model.NATGateway, *model.EgressOnlyGateway:
			return false
		}
	}
	return open
}

// otherVPCs are the flows to and from VPCs that peering or a transit gateway joins.
func (c *catalogue) otherVPCs(s *shelf) {
	for _, v := range c.connected[s.cluster.VPC] {
		if v.Imported {
			c.skip("F13", "the VPC at the other end, %s, is in none of the templates", v.Ref)
			c.skip("F14", "the VPC at the other end, %s, is in none of the templates", v.Ref)
			continue
		}
		if c.sixOnly(v) {
			continue
		}
		clients := slices.DeleteFunc(slices.Clone(c.clients(v)), func(p *place) bool { return !p.v4.IsValid() || p.kind == podPlace && p.cluster.Family == IPv6 })
		if c.overlapping(s.cluster.VPC, v) {
			c.skip("F13", "%s and %s hold the same IPv4 range: PrivateLink joins them (F15)", s.cluster.VPC.Ref, v.Ref)
			c.skip("F14", "%s and %s hold the same IPv4 range: PrivateLink joins them (F15)", s.cluster.VPC.Ref, v.Ref)
			if !c.peered(s.cluster.VPC, v) {
				continue
			}
		}
		c.each("F13", ExpectDelivered, clients, func(p *place) []dest {
			out := forceIPv4(c.internal(s.cluster, p))
			for i := range out {
				out[i] = assumeHost(out[i], p)
			}
			return out
		})
		c.each("F14", ExpectDelivered, s.pods, func(p *place) []dest {
			var out []dest
			for _, h := range c.net.hosts {
				if port, ok := listens(h); ok && h.vpc == v {
					out = append(out, one(h, port, IPv4))
				}
			}
			for _, o := range c.net.shelves {
				if o.cluster.VPC == v && o.cluster.Family == IPv4 {
					if lbs := c.internal(o.cluster, p); len(lbs) > 0 {
						out = append(out, forceIPv4(lbs)...)
					} else {
						out = append(out, pods(o, IPv4, false)...)
					}
				}
			}
			if len(out) > 0 {
				return out
			}
			for _, h := range c.anyHosts(v, false) {
				out = append(out, assumeHost(one(h, 443, IPv4), h))
			}
			return out
		})
	}
	c.skip("F13", "no VPC with IPv4 clients is joined by peering or a transit gateway, or the cluster has no internal load balancer")
	c.skip("F14", "no VPC with IPv4 hosts is joined by peering or a transit gateway")
}

// assumeHost writes down what a stand-in host takes for granted.
func assumeHost(d dest, p *place) dest {
	if p.kind == hostPlace && p.open {
		d.assumes = append(slices.Clone(d.assumes), fmt.Sprintf(hostAssumption, p.subnet.Ref))
	}
	return d
}

// sixOnly reports whether the VPC's part in the templates is an IPv6 cluster, whose flows F12 traces.
func (c *catalogue) sixOnly(v *model.VPC) bool {
	has6, other := false, false
	for _, s := range c.net.shelves {
		if s.cluster.VPC == v {
			has6 = has6 || s.cluster.Family == IPv6
			other = other || s.cluster.Family == IPv4
		}
	}
	for _, h := range c.net.hosts {
		_, ok := listens(h)
		other = other || h.vpc == v && ok
	}
	return has6 && !other
}

func (c *catalogue) overlapping(a, b *model.VPC) bool { return overlap(a, b, IPv4).IsValid() }

func (c *catalogue) peered(a, b *model.VPC) bool {
	return slices.ContainsFunc(c.net.model.Peerings, func(p *model.Peering) bool { return p.Other(a) == b && b != nil })
}

// privateLink are the endpoints of services in front of IPv6 clusters, each from every client of its VPC.
func (c *catalogue) privateLink() {
	for _, v := range c.net.model.VPCs {
		for _, e := range v.Endpoints {
			if e.Provider == nil || e.Gateway {
				continue
			}
			c.each("F15", ExpectDelivered, c.clients(v), func(p *place) []dest {
				out := c.net.toEndpoint(e, Query{Proto: TCP})
				for i := range out {
					out[i] = assumeHost(out[i], p)
				}
				return out
			})
		}
	}
	c.skip("F15", "no VPC endpoint of a PrivateLink service in the templates")
}

// subnets is the catalogue of a network without clusters: what Pods there would need, asked for any host.
func (c *catalogue) subnets() {
	var untagged, private []string
	for _, v := range c.net.model.VPCs {
		if v.Imported || len(v.Prefixes(IPv6)) == 0 {
			continue
		}
		var hosts []*place
		four, six := len(v.NATs) > 0, len(v.EgressOnly) > 0
		for _, s := range v.Subnets {
			if !s.IPv6.IsValid() {
				continue
			}
			if public(s) {
				if meant, _ := s.Meant(); !meant {
					untagged = append(untagged, s.Ref.String())
				}
				continue
			}
			h := c.net.hostIn(s, true)
			r4, _ := defaultRoute(h, c.net.internet(IPv4))
			r6, _ := defaultRoute(h, c.net.internet(IPv6))
			four, six = four || r4, six || r6 || r4
			hosts = append(hosts, h)
			private = append(private, s.Ref.String())
		}
		if six {
			for _, h := range c.meantOut(hosts, IPv6) {
				c.add("F3", ExpectExits, Query{}, h, assumeHost(one(c.net.internet(IPv6), 443, IPv6), h))
			}
		}
		if four {
			for _, h := range c.meantOut(hosts, IPv4) {
				if h.v4.IsValid() || h.subnet.DNS64 {
					c.add("F4", ExpectExits, Query{}, h, assumeHost(one(c.net.internet(IPv4), 443, IPv4), h))
				}
			}
		}
		for _, h := range hosts {
			c.add("X1", ExpectRefused, Query{}, c.net.internet(IPv6), assumeHost(anything(one(h, 443, IPv6)), h))
		}
	}
	for _, id := range []string{"F1", "F2", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12", "F13", "F14"} {
		c.skip(id, "no EKS cluster in the templates")
	}
	for _, id := range []string{"F3", "F4", "X1"} {
		if len(private) > 0 {
			c.skip(id, "%s: no default route of the private subnets with an IPv6 range, and no gateway of their VPC, leads to the %s internet: none by choice",
				strings.Join(private, ", "), map[string]Family{"F3": IPv6, "F4": IPv4}[id])
		}
		if len(untagged) > 0 {
			c.skip(id, "no private subnet with an IPv6 range in the templates: %s, without a tag %s, count as public by their routes to the internet gateway",
				strings.Join(untagged, ", "), aws.InternalRoleTag)
		}
		c.skip(id, "no private subnet with an IPv6 range in the templates")
	}
}

// places of a result for a reader: without what every name of the report repeats.
func short(name string) string {
	if rest, ok := strings.CutPrefix(name, string(AnyPod)+"@"); ok {
		group, subnet, _ := strings.Cut(rest, "@")
		return fmt.Sprintf("pod on %s in %s", group, subnet)
	}
	if rest, ok := strings.CutPrefix(name, "nodegroup:"); ok {
		group, subnet, two := strings.Cut(rest, "@")
		if two {
			return fmt.Sprintf("node of %s in %s", group, subnet)
		}
	}
	return name
}
