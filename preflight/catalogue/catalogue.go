// Package catalogue is the table of the communication patterns of EKS on IPv6, F1 to F15 and X1, and asks each of a network.
package catalogue

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/netset"
	"github.com/eks-ipv6/cdk/internal/network"
)

// Flow is a communication pattern.
type Flow struct {
	ID, Title string
	Expect    network.Expect // what must hold; of F4 the opposite, where the templates say so
	Applies   string         // where it applies

	ask func(*catalogue, *network.ClusterPods) // asks it of an IPv6 cluster with Pods
}

// Flows are the patterns, in order.
var Flows = [...]Flow{
	{"F1", "Pod to Pod in the cluster", network.ExpectDelivered, "every IPv6 cluster with nodes or Fargate profiles", (*catalogue).podToPod},
	{"F2", "Pod to Service ClusterIP", network.ExpectDelivered, "CoreDNS and the Services in the templates", (*catalogue).clusterIPs},
	{"F3", "Pod to an IPv6 internet host", network.ExpectExits, "VPCs with an egress-only gateway or a default route", (*catalogue).internet6},
	{"F4", "Pod to an IPv4 internet host", network.ExpectExits, "VPCs with a NAT gateway or a default route, and where Pods reach the IPv6 internet", (*catalogue).internet4},
	{"F5", "Pod to a private endpoint in the VPC", network.ExpectDelivered, "databases, caches and mount targets of the VPC, over each family that they have; other hosts that have IPv4 only and listen", (*catalogue).privateIPv4},
	{"F6", "Pod to the Kubernetes API, and the API to kubelet and webhooks", network.ExpectDelivered, "control planes whose subnets are in the templates", (*catalogue).api},
	{"F7", "IPv4 internet client to a service", network.ExpectDelivered, "internet-facing load balancers, and those that the controller could make", (*catalogue).fromInternet4},
	{"F8", "IPv6 internet client to a service", network.ExpectDelivered, "as F7", (*catalogue).fromInternet6},
	{"F9", "Pod to AWS services", network.ExpectDelivered, "VPC endpoints, else the ways to the internet", (*catalogue).services},
	{"F10", "IPv6-cluster Pod to an IPv4 cluster in the same VPC", network.ExpectDelivered, "an IPv4 cluster in the VPC", (*catalogue).toIPv4Cluster},
	{"F11", "IPv4-cluster Pod to an IPv6-cluster service in the same VPC", network.ExpectDelivered, "an IPv4 cluster in the VPC, and an internal load balancer", (*catalogue).fromIPv4Cluster},
	{"F12", "IPv6 cluster to an IPv6 cluster in another VPC", network.ExpectDelivered, "VPCs that peering or a transit gateway joins", (*catalogue).otherCluster},
	{"F13", "IPv4 client in another VPC to an IPv6-cluster service", network.ExpectDelivered, "VPCs that peering or a transit gateway joins, and an internal load balancer", (*catalogue).fromOtherVPC},
	{"F14", "IPv6-cluster Pod to an IPv4 service in another VPC", network.ExpectDelivered, "VPCs that peering or a transit gateway joins", (*catalogue).toOtherVPC},
	{"F15", "IPv6-cluster service over PrivateLink", network.ExpectDelivered, "endpoints of PrivateLink services in the templates", nil}, // asked of the network, by privateLink
	{"X1", "IPv6 internet host directly to a Pod", network.ExpectRefused, "every IPv6 cluster; private subnets, where there is no cluster", (*catalogue).fromInternetToPod},
}

// Result is one flow between two interfaces.
type Result struct {
	Flow     *Flow
	From, To string
	Expect   network.Expect
	Trace    network.Trace
	OK       bool // the verdict is the expected one
}

// Skipped is a flow that does not apply.
type Skipped struct {
	Flow   *Flow
	Reason string
}

// Ask traces the flows that apply to a network and compares each with its expectation. Every node group and every subnet of it is
// traced, not only the first.
func Ask(n *network.Network) ([]Result, []Skipped) {
	c := &catalogue{Network: n, results: map[string][]Result{}, why: map[string]string{}, connected: map[*network.VPC][]*network.VPC{}}
	c.connections()
	six := 0
	for _, s := range n.ClusterPods {
		if s.Cluster.Family != network.IPv6 {
			continue
		}
		six++
		for i := range Flows {
			c.flow = &Flows[i]
			switch {
			case len(s.Pods) == 0:
				c.skip("cluster %s has no nodes in the templates", s.Cluster.Ref)
			case c.flow.ask != nil:
				c.flow.ask(c, s)
			}
		}
	}
	if len(n.ClusterPods) == 0 {
		c.subnets()
	}
	c.privateLink()
	var results []Result
	var skipped []Skipped
	for i := range Flows {
		f := &Flows[i]
		results = append(results, c.results[f.ID]...)
		if len(c.results[f.ID]) == 0 {
			why := c.why[f.ID]
			if six == 0 {
				why = cmp.Or(why, "no EKS cluster of IP family ipv6 in the templates")
			}
			skipped = append(skipped, Skipped{f, why})
		}
	}
	return results, skipped
}

// catalogue asks a network.
type catalogue struct {
	*network.Network
	flow      *Flow // that is asked
	results   map[string][]Result
	why       map[string]string // why a flow does not apply
	connected map[*network.VPC][]*network.VPC
}

// skip says why the flow does not apply; the first reason is told.
func (c *catalogue) skip(format string, args ...any) {
	if c.why[c.flow.ID] == "" {
		c.why[c.flow.ID] = fmt.Sprintf(format, args...)
	}
}

// about takes a flow for the one that is asked.
func (c *catalogue) about(id string) {
	c.flow = &Flows[slices.IndexFunc(Flows[:], func(f Flow) bool { return f.ID == id })]
}

// add traces the flow from one interface to another.
func (c *catalogue) add(expect network.Expect, from *network.Interface, d network.Destination) {
	q := network.Query{From: network.Name(from.Name), To: network.Name(d.Name), Port: d.Port, Proto: d.Proto, Family: d.Family}
	t := c.Network.Ask(q, from, d).For(expect)
	c.results[c.flow.ID] = append(c.results[c.flow.ID], Result{Flow: c.flow, From: from.Name, To: d.Name, Expect: expect, Trace: t, OK: expect.Met(t.Verdict)})
}

// each traces every source to its partners among the destinations.
func (c *catalogue) each(from []*network.Interface, to func(*network.Interface) []network.Destination) {
	c.expect(c.flow.Expect, from, to)
}

func (c *catalogue) expect(expect network.Expect, from []*network.Interface, to func(*network.Interface) []network.Destination) {
	for i, f := range from {
		dests := to(f)
		for _, j := range network.Partners(i, len(from), len(dests)) {
			c.add(expect, f, dests[j])
		}
	}
}

// always are destinations that are the same for every source.
func always(list ...network.Destination) func(*network.Interface) []network.Destination {
	return func(*network.Interface) []network.Destination { return list }
}

// listening are interfaces by several ports of a protocol.
func listening(list []*network.Interface, proto network.Proto, ports netset.Numbers, f network.Family) []network.Destination {
	out := make([]network.Destination, len(list))
	for i, p := range list {
		out[i] = p.By(ports.First(), f)
		out[i].Proto, out[i].Ports = proto, ports
	}
	return out
}

// pods are the Pods of a cluster by the ports that the templates declare.
func pods(s *network.ClusterPods, f network.Family, inside bool) (out []network.Destination) {
	declared := network.DeclaredPorts(s.Cluster, inside)
	for _, proto := range []network.Proto{network.TCP, network.UDP, network.SCTP} {
		if ports := declared[proto]; !ports.IsEmpty() {
			out = append(out, listening(s.Peers, proto, ports, f)...)
		}
	}
	return out
}

func (c *catalogue) podToPod(s *network.ClusterPods) {
	c.each(s.Pods, always(pods(s, network.IPv6, true)...))
}

func (c *catalogue) fromInternetToPod(s *network.ClusterPods) {
	for _, p := range s.Pods {
		c.add(c.flow.Expect, c.Internet(network.IPv6), anything(p.By(443, network.IPv6)))
	}
}

// anything asks for every protocol and port.
func anything(d network.Destination) network.Destination {
	d.Everything = true
	return d
}

func (c *catalogue) clusterIPs(s *network.ClusterPods) {
	if s.Cluster.Runs("coredns") {
		c.service(s, c.ClusterIP(s, nil, "kube-system", "kube-dns", network.Query{}))
	}
	for _, svc := range s.Cluster.ObjectsOf("Service") {
		if svc.Text("spec", "clusterIP") == "None" || svc.Text("spec", "type") == "ExternalName" || len(network.At(svc.Value, "spec", "selector").Keys()) == 0 {
			continue
		}
		c.service(s, c.ClusterIP(s, svc, svc.Namespace, svc.ObjectName, network.Query{}))
	}
	c.skip("CoreDNS is not installed and no Service is in the templates")
}

// service traces a Service by each of its ports.
func (c *catalogue) service(s *network.ClusterPods, dests []network.Destination) {
	for len(dests) > 0 {
		other := slices.IndexFunc(dests, func(d network.Destination) bool { return d.Proto != dests[0].Proto || d.Port != dests[0].Port })
		if other < 0 {
			other = len(dests)
		}
		port := dests[:other]
		c.each(s.Pods, always(port...))
		dests = dests[other:]
	}
}

// meant are the Pods of a cluster that are meant to reach the internet of each family. The cluster as a whole decides: one table among
// several without a route is a miss, none with one is a choice. What reaches the IPv6 internet only is asked for the IPv4 one too, which
// is refused where the templates say that it is meant to be.
func (c *catalogue) meant(s *network.ClusterPods) (six, four []*network.Interface, refused bool) {
	vpc := s.Cluster.VPC
	any6, any4 := vpc != nil && len(vpc.EgressOnly) > 0, vpc != nil && len(vpc.NATs) > 0
	for _, p := range s.Pods { // those for whom only the deployment tells
		r4, u4 := defaultRoute(p, c.Internet(network.IPv4))
		r6, u6 := defaultRoute(p, c.Internet(network.IPv6))
		any4, any6 = any4 || r4, any6 || r6 || r4
		if u4 {
			four = append(four, p)
		}
		if u6 {
			six = append(six, p)
		}
	}
	if any6 {
		six = c.meantOut(s.Pods, network.IPv6)
	}
	if any4 {
		four = c.meantOut(s.Pods, network.IPv4)
	}
	if on, _, unknown := s.Cluster.IPv4Egress(); len(six) > 0 && len(four) == 0 && (on || unknown != "") {
		return six, s.Pods, vpc != nil && vpc.NoIPv4Internet
	}
	return six, four, false
}

func (c *catalogue) internet6(s *network.ClusterPods) {
	six, _, _ := c.meant(s)
	c.each(six, always(c.Internet(network.IPv6).By(443, network.IPv6)))
	c.skip("no node subnet has a default route and the VPC no egress-only internet gateway: a private cluster")
}

func (c *catalogue) internet4(s *network.ClusterPods) {
	_, four, refused := c.meant(s)
	expect := c.flow.Expect
	if refused {
		expect = network.ExpectRefused
	}
	c.expect(expect, four, always(c.Internet(network.IPv4).By(443, network.IPv4)))
	c.skip("no node subnet has an IPv4 default route and the VPC no NAT gateway: no IPv4 internet by choice")
}

// services asks for AWS's services by the VPC's endpoints, or, in a VPC without one, by the ways to the internet.
func (c *catalogue) services(s *network.ClusterPods) {
	vpc := s.Cluster.VPC
	if vpc == nil || len(vpc.Endpoints) == 0 {
		six, four, refused := c.meant(s)
		c.expect(network.ExpectExits, six, always(c.Internet(network.IPv6).By(443, network.IPv6)))
		if !refused {
			c.expect(network.ExpectExits, four, always(c.Internet(network.IPv4).By(443, network.IPv4)))
		}
		c.skip("no VPC endpoint and no way to the internet")
		return
	}
	for _, e := range vpc.Endpoints {
		if e.Provider == nil {
			c.each(s.Pods, always(c.ToEndpoint(e, network.Query{Proto: network.TCP})...))
		}
	}
}

// meantOut leaves out the interfaces of isolated subnets, which no default route of the family leads out of on purpose.
func (c *catalogue) meantOut(list []*network.Interface, f network.Family) []*network.Interface {
	return slices.DeleteFunc(slices.Clone(list), func(p *network.Interface) bool {
		known, unknown := defaultRoute(p, c.Internet(f))
		return p.Subnet != nil && p.Subnet.Isolated() && !known && !unknown
	})
}

func defaultRoute(p, to *network.Interface) (known, unknown bool) {
	if p.Subnet == nil || p.Subnet.RouteTable == nil || p.Subnet.RouteTable.Imported {
		return false, true
	}
	a := to.IPv4
	if !a.IsValid() {
		a = to.IPv6
	}
	r, uncertain := p.Subnet.RouteTable.Lookup(a)
	if r == nil {
		return false, len(uncertain) > 0
	}
	return wide(r.Destination), false
}

// wide reports whether a route's destination is all of the internet, or half of it: 0.0.0.0/0 and ::/0, the two halves of IPv4, 2000::/3.
func wide(p netip.Prefix) bool {
	return p.IsValid() && p.Bits() <= map[bool]int{true: 1, false: 3}[p.Addr().Is4()]
}

func (c *catalogue) privateIPv4(s *network.ClusterPods) {
	for _, h := range c.HostInterfaces {
		port, ok := listens(h)
		if !ok || h.VPC != s.Cluster.VPC {
			continue
		}
		switch h.Component {
		case network.AtDatabase, network.AtCache, network.AtMountTarget: // whose names have all of their addresses
			if h.IPv6.IsValid() {
				c.each(s.Pods, always(h.By(port, network.IPv6)))
			}
			c.each(s.Pods, always(h.By(port, network.IPv4)))
		default:
			if !h.IPv6.IsValid() {
				c.each(s.Pods, always(h.By(port, network.IPv4)))
			}
		}
	}
	c.skip("no database, cache or mount target in the VPC, and no instance with IPv4 only that admits private ranges")
}

// listens reports whether a host offers a service inside the network, and its port: what a database or a mount target
// is known for, and of an instance the first port that its groups open to private addresses. A bastion that admits an
// office only is nothing that Pods are meant to reach.
func listens(h *network.Interface) (uint16, bool) {
	if !h.IPv4.IsValid() || h.Component == network.AtFunction {
		return 0, false
	}
	if h.Port != 0 {
		return h.Port, true
	}
	for _, g := range h.Groups {
		for _, r := range g.Ingress {
			private := r.Prefix.IsValid() && (r.Prefix.Addr().IsPrivate() || r.Prefix.Bits() == 0 && r.Prefix.Addr().Is4())
			if private && (r.Proto == network.TCP || r.Proto == network.AnyProto) {
				return cmp.Or(r.From, 443), true
			}
		}
	}
	return 0, false
}

func (c *catalogue) api(s *network.ClusterPods) {
	for i, p := range s.Pods {
		dests := c.API(network.Query{To: network.APIServer}, p)
		for _, j := range network.Partners(i, len(s.Pods), len(dests)) {
			c.add(c.flow.Expect, p, dests[j])
		}
	}
	var nodes []*network.Interface
	for _, p := range s.Pods {
		if p.NodeGroup != nil {
			nodes = append(nodes, p.Node())
		}
	}
	c.each(s.API, always(listening(nodes, network.TCP, netset.Just(10250), network.IPv6)...))
	for _, ports := range network.WebhookPorts(s.Cluster) {
		c.each(s.API, always(listening(s.Pods, network.TCP, ports, network.IPv6)...))
	}
	c.skip("the subnets of the control plane are not in the templates")
}

// balancers are the load balancers in front of a cluster's Pods.
func (c *catalogue) balancers(cl *network.Cluster) []*network.LoadBalancer {
	var out []*network.LoadBalancer
	for _, l := range c.LoadBalancers {
		bound := slices.ContainsFunc(l.Listeners, func(li *network.Listener) bool {
			return slices.ContainsFunc(li.Targets, func(t *network.TargetGroup) bool { return t.Cluster == cl })
		})
		if l.Cluster == cl || bound {
			out = append(out, l)
		}
	}
	return out
}

func (c *catalogue) fromInternet4(s *network.ClusterPods) { c.fromInternet(s, network.IPv4) }
func (c *catalogue) fromInternet6(s *network.ClusterPods) { c.fromInternet(s, network.IPv6) }

func (c *catalogue) fromInternet(s *network.ClusterPods, f network.Family) {
	all := c.balancers(s.Cluster)
	for _, l := range all {
		switch {
		case l.Internal:
			continue
		case f == network.IPv4 && l.AddressType == aws.DualStackWithoutPublicIPv4:
			c.skip("%s has address type dualstack-without-public-ipv4: IPv4 clients are not meant", l.Ref)
			continue
		}
		client, told := c.admitted(l, c.Internet(f))
		for _, d := range c.Through(l, network.Query{Proto: network.TCP}, client) {
			d.Assumes = append(slices.Clone(d.Assumes), told...)
			c.add(c.flow.Expect, client, d)
		}
	}
	c.skipUnbound(s.Cluster, false)
	if len(all) == 0 {
		c.skip("no internet-facing load balancer, and no AWS Load Balancer Controller to make one")
	}
	c.skip("its load balancers are internal")
}

// skipUnbound says that there are load balancers of the templates in the cluster's VPC, and that none of their target groups is known
// to lead to the cluster.
func (c *catalogue) skipUnbound(cl *network.Cluster, internal bool) {
	ours := c.balancers(cl)
	for _, l := range c.LoadBalancers {
		if l.Cluster == nil && l.Internal == internal && l.VPC == cl.VPC && !slices.Contains(ours, l) {
			c.skip("no target group of load balancer %s is bound to cluster %s: no TargetGroupBinding in the templates names one", l.Ref, cl.Ref)
		}
	}
}

// admitted are the clients on the internet that a load balancer's groups admit: any host, or where they name some public ranges of the
// client's family, the hosts of those. Who admits the family from nowhere is asked by any host, and so is who names half of it.
func (c *catalogue) admitted(l *network.LoadBalancer, anyone *network.Interface) (*network.Interface, []string) {
	var ranges []netip.Prefix
	for _, g := range l.Groups {
		for _, r := range g.Ingress {
			if r.Proto != network.AnyProto && r.Proto != network.TCP && r.Proto != network.UDP {
				continue
			}
			for _, p := range r.Peers() {
				if p.Addr().Is4() != anyone.IPv4.IsValid() {
					continue
				}
				if wide(p) {
					return anyone, nil
				}
				if !slices.Contains(ranges, p) {
					ranges = append(ranges, p)
				}
			}
		}
	}
	some := c.HostsOf(ranges)
	if some == nil {
		return anyone, nil
	}
	return some, []string{fmt.Sprintf("the client has an address of %s, which the security groups of %s admit", some.Name, l.Ref)}
}

func (c *catalogue) internal(cl *network.Cluster, from *network.Interface) []network.Destination {
	var out []network.Destination
	for _, l := range c.balancers(cl) {
		if l.Internal {
			out = append(out, c.Through(l, network.Query{Proto: network.TCP}, from)...)
		}
	}
	return out
}

// inVPC are the IPv4 clusters with Pods in the VPC of another.
func (c *catalogue) inVPC(s *network.ClusterPods) (out []*network.ClusterPods) {
	for _, o := range c.ClusterPods {
		if o != s && len(o.Pods) > 0 && o.Cluster.Family == network.IPv4 && o.Cluster.VPC == s.Cluster.VPC {
			out = append(out, o)
		}
	}
	return out
}

func (c *catalogue) toIPv4Cluster(s *network.ClusterPods) {
	for _, four := range c.inVPC(s) {
		c.each(s.Pods, func(p *network.Interface) []network.Destination {
			if lbs := c.internal(four.Cluster, p); len(lbs) > 0 {
				return lbs
			}
			return pods(four, network.IPv4, false)
		})
	}
	c.skip("no IPv4 cluster in the VPC of an IPv6 cluster")
}

func (c *catalogue) fromIPv4Cluster(s *network.ClusterPods) {
	for _, four := range c.inVPC(s) {
		c.each(four.Pods, func(p *network.Interface) []network.Destination { return forceIPv4(c.internal(s.Cluster, p)) })
		c.skipUnbound(s.Cluster, true)
		c.skip("the IPv6 cluster has no internal load balancer, and no AWS Load Balancer Controller to make one")
	}
	c.skip("no IPv4 cluster in the VPC of an IPv6 cluster")
}

func (c *catalogue) otherCluster(s *network.ClusterPods) {
	for _, o := range c.ClusterPods {
		if vpc := o.Cluster.VPC; o != s && len(o.Pods) > 0 && o.Cluster.Family == network.IPv6 && vpc != s.Cluster.VPC && slices.Contains(c.connected[s.Cluster.VPC], vpc) {
			c.each(s.Pods, always(pods(o, network.IPv6, false)...))
		}
	}
	c.skip("no other IPv6 cluster in a VPC that peering or a transit gateway joins")
}

func forceIPv4(list []network.Destination) []network.Destination {
	for i := range list {
		list[i].Family = network.IPv4
	}
	return list
}

// connections finds which VPCs are joined by peering or a transit gateway. A route to a transit gateway says that its
// VPC is meant to be joined, attached or not.
func (c *catalogue) connections() {
	join := func(a, b *network.VPC) {
		if a == nil || b == nil || a == b || slices.Contains(c.connected[a], b) {
			return
		}
		c.connected[a] = append(c.connected[a], b)
		c.connected[b] = append(c.connected[b], a)
	}
	for _, p := range c.Peerings {
		join(p.Requester, p.Accepter)
	}
	for _, g := range c.TransitGateways {
		var vpcs []*network.VPC
		for _, a := range g.Attachments {
			vpcs = append(vpcs, a.VPC)
		}
		for _, v := range c.VPCs {
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

func routesTo(v *network.VPC, g *network.TransitGateway) bool {
	return slices.ContainsFunc(v.RouteTables, func(t *network.RouteTable) bool {
		return slices.ContainsFunc(t.Routes, func(r *network.Route) bool { return r.Target == network.Target(g) })
	})
}

// clients are what starts connections in a VPC: Pods, else instances, else any host of a subnet that is not public.
func (c *catalogue) clients(v *network.VPC) []*network.Interface {
	var out []*network.Interface
	for _, s := range c.ClusterPods {
		if s.Cluster.VPC == v {
			out = append(out, s.Pods...)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, h := range c.HostInterfaces {
		if h.VPC == v && h.Component == network.AtInstance {
			out = append(out, h)
		}
	}
	if len(out) > 0 {
		return out
	}
	return c.anyHosts(v, true)
}

func (c *catalogue) anyHosts(v *network.VPC, source bool) []*network.Interface {
	var private, all []*network.Interface
	for _, s := range v.Subnets {
		if !s.IPv4.IsValid() {
			continue
		}
		p := c.HostIn(s, source)
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
func public(s *network.Subnet) bool {
	if public, private := s.Meant(); public || private {
		return public
	}
	if s.RouteTable == nil {
		return false
	}
	open := false
	for _, r := range s.RouteTable.Routes {
		if !wide(r.Destination) {
			continue
		}
		switch r.Target.(type) {
		case *network.InternetGateway:
			open = true
		case *network.NATGateway, *network.EgressOnlyGateway:
			return false
		}
	}
	return open
}

// withIPv4 are the VPCs that peering or a transit gateway joins to a cluster's, and that IPv4 leads to or from.
func (c *catalogue) withIPv4(s *network.ClusterPods) (out []*network.VPC) {
	for _, v := range c.connected[s.Cluster.VPC] {
		switch {
		case v.Imported:
			c.skip("the VPC at the other end, %s, is in none of the templates", v.Ref)
		case c.sixOnly(v):
		case c.overlapping(s.Cluster.VPC, v):
			c.skip("%s and %s hold the same IPv4 range: PrivateLink joins them (F15)", s.Cluster.VPC.Ref, v.Ref)
			if c.peered(s.Cluster.VPC, v) {
				out = append(out, v)
			}
		default:
			out = append(out, v)
		}
	}
	return out
}

func (c *catalogue) fromOtherVPC(s *network.ClusterPods) {
	for _, v := range c.withIPv4(s) {
		clients := slices.DeleteFunc(slices.Clone(c.clients(v)), func(p *network.Interface) bool {
			return !p.IPv4.IsValid() || p.Kind == network.PodInterface && p.Cluster.Family == network.IPv6
		})
		c.each(clients, func(p *network.Interface) []network.Destination {
			out := forceIPv4(c.internal(s.Cluster, p))
			for i := range out {
				out[i] = assumeHost(out[i], p)
			}
			return out
		})
	}
	if len(c.withIPv4(s)) > 0 {
		c.skipUnbound(s.Cluster, true)
	}
	c.skip("no VPC with IPv4 clients is joined by peering or a transit gateway, or the cluster has no internal load balancer")
}

func (c *catalogue) toOtherVPC(s *network.ClusterPods) {
	for _, v := range c.withIPv4(s) {
		c.each(s.Pods, func(p *network.Interface) []network.Destination { return c.offered(v, p) })
	}
	c.skip("no VPC with IPv4 hosts is joined by peering or a transit gateway")
}

// offered is what a VPC offers over IPv4: hosts that listen, IPv4 clusters; where the templates have neither, any host.
func (c *catalogue) offered(v *network.VPC, from *network.Interface) (out []network.Destination) {
	for _, h := range c.HostInterfaces {
		if port, ok := listens(h); ok && h.VPC == v {
			out = append(out, h.By(port, network.IPv4))
		}
	}
	for _, o := range c.ClusterPods {
		if o.Cluster.VPC != v || o.Cluster.Family != network.IPv4 {
			continue
		}
		if lbs := c.internal(o.Cluster, from); len(lbs) > 0 {
			out = append(out, forceIPv4(lbs)...)
		} else {
			out = append(out, pods(o, network.IPv4, false)...)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, h := range c.anyHosts(v, false) {
		out = append(out, assumeHost(h.By(443, network.IPv4), h))
	}
	return out
}

// assumeHost writes down what a stand-in host takes for granted.
func assumeHost(d network.Destination, p *network.Interface) network.Destination {
	if p.Kind == network.HostInterface && p.Unfiltered {
		d.Assumes = append(slices.Clone(d.Assumes), fmt.Sprintf(network.HostAssumption, p.Subnet.Ref))
	}
	return d
}

// sixOnly reports whether the VPC's part in the templates is an IPv6 cluster, whose flows F12 traces.
func (c *catalogue) sixOnly(v *network.VPC) bool {
	has6, other := false, false
	for _, s := range c.ClusterPods {
		if s.Cluster.VPC == v {
			has6 = has6 || s.Cluster.Family == network.IPv6
			other = other || s.Cluster.Family == network.IPv4
		}
	}
	for _, h := range c.HostInterfaces {
		_, ok := listens(h)
		other = other || h.VPC == v && ok
	}
	return has6 && !other
}

func (c *catalogue) overlapping(a, b *network.VPC) bool {
	return network.Overlap(a, b, network.IPv4).IsValid()
}

func (c *catalogue) peered(a, b *network.VPC) bool {
	return slices.ContainsFunc(c.Peerings, func(p *network.Peering) bool { return p.Other(a) == b && b != nil })
}

// privateLink are the endpoints of services in front of IPv6 clusters, each from every client of its VPC.
func (c *catalogue) privateLink() {
	c.about("F15")
	for _, v := range c.VPCs {
		for _, e := range v.Endpoints {
			if e.Provider == nil || e.Gateway {
				continue
			}
			c.each(c.clients(v), func(p *network.Interface) []network.Destination {
				out := c.ToEndpoint(e, network.Query{Proto: network.TCP})
				for i := range out {
					out[i] = assumeHost(out[i], p)
				}
				return out
			})
		}
	}
	c.skip("no VPC endpoint of a PrivateLink service in the templates")
}

// subnets is the catalogue of a network without clusters: what Pods there would need, asked for any host.
func (c *catalogue) subnets() {
	var untagged, private []string
	for _, v := range c.VPCs {
		if v.Imported || len(v.Prefixes(network.IPv6)) == 0 {
			continue
		}
		var hosts []*network.Interface
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
			h := c.HostIn(s, true)
			r4, _ := defaultRoute(h, c.Internet(network.IPv4))
			r6, _ := defaultRoute(h, c.Internet(network.IPv6))
			four, six = four || r4, six || r6 || r4
			hosts = append(hosts, h)
			private = append(private, s.Ref.String())
		}
		if six {
			c.about("F3")
			for _, h := range c.meantOut(hosts, network.IPv6) {
				c.add(c.flow.Expect, h, assumeHost(c.Internet(network.IPv6).By(443, network.IPv6), h))
			}
		}
		if four {
			c.about("F4")
			for _, h := range c.meantOut(hosts, network.IPv4) {
				if h.IPv4.IsValid() || h.Subnet.DNS64 {
					c.add(c.flow.Expect, h, assumeHost(c.Internet(network.IPv4).By(443, network.IPv4), h))
				}
			}
		}
		c.about("X1")
		for _, h := range hosts {
			c.add(c.flow.Expect, c.Internet(network.IPv6), assumeHost(anything(h.By(443, network.IPv6)), h))
		}
	}
	for i := range Flows {
		c.flow = &Flows[i]
		switch c.flow.ID {
		case "F3", "F4", "X1":
			if len(private) > 0 {
				c.skip("%s: no default route of the private subnets with an IPv6 range, and no gateway of their VPC, leads to the %s internet: none by choice",
					strings.Join(private, ", "), map[string]network.Family{"F3": network.IPv6, "F4": network.IPv4}[c.flow.ID])
			}
			if len(untagged) > 0 {
				c.skip("no private subnet with an IPv6 range in the templates: %s, without a tag %s, count as public by their routes to the internet gateway",
					strings.Join(untagged, ", "), aws.InternalRoleTag)
			}
			c.skip("no private subnet with an IPv6 range in the templates")
		case "F15": // privateLink asks it
		default:
			c.skip("no EKS cluster in the templates")
		}
	}
}
