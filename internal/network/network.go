// Package network is the network that a set of CloudFormation templates describes, and what it does with packets.
//
// [Load] and [Read] make a [Network] of linked values: VPCs, routes, gateways, filters, load balancers, EKS clusters and the Kubernetes
// objects that the templates apply. [Network.TraceAll] and [Network.Ask] follow packets through it.
//
// Each thing of AWS or Kubernetes has one file: what it is, how it is read, what it does with packets, and its [Kind], which names it
// for everybody else. The files packet.go, walk.go, region.go and sample.go are the engine, the others that name no thing
// (network.go, read.go, names.go, question.go, open.go, coverage.go) what all kinds share.
//
// What the templates cannot tell (the /56 Amazon will choose, an elastic address) gets a documentation
// address, the same one for the same input, and is written down as an [Assumption]. What is not known and
// cannot be assumed stays unknown: an Unknown field names the expression, and callers must not read the
// value beside it as a fact.
package network

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// Network is everything the templates say about the network. Its slices are in the order of the templates
// (sorted by logical id inside each), so equal input gives an equal Network.
type Network struct {
	// Templates are what the network was read from, for readers that need a property which is not modelled.
	Templates *cfn.Set

	VPCs             []*VPC
	Peerings         []*Peering
	TransitGateways  []*TransitGateway
	EndpointServices []*EndpointService
	SecurityGroups   []*SecurityGroup
	PrefixLists      []*PrefixList
	LoadBalancers    []*LoadBalancer // those in the templates, then those the controller will create
	TargetGroups     []*TargetGroup
	Clusters         []*Cluster
	Hosts            []*Host // instances, databases and other single interfaces
	PublicAccess     BlockPublicAccess
	VPNClients       []VPNClients

	// Assumptions are the values put in place of what the templates leave open.
	Assumptions []Assumption
	// Unmodelled are resources that may decide over packets and that this package does not know. They are
	// listed so that nobody takes a verdict for more than it is.
	Unmodelled []Ref
	// Problems are parts of resources that could not be read, such as a manifest that is not JSON.
	Problems []Problem
	// Unread are parts of the templates whose resources are not seen: a nested stack that is not at hand, a loop, a macro.
	Unread []Problem

	open     []*Open
	standIns netset.Table[string]
	ends
}

// StandIns returns the assumptions whose stand-in range holds an address.
func (n *Network) StandIns(a netip.Addr) []string {
	var out []string
	for _, text := range n.standIns.Matches(a) {
		out = append(out, text)
	}
	return out
}

// Assumption is a value the templates do not hold and that was assumed.
type Assumption struct {
	Ref    Ref
	Prefix netip.Prefix // the stand-in range, when it is one
	Text   string       // "IPv6 range 2001:db8:0:100::/56 stands for the /56 Amazon will choose"
}

// Problem is a part of a resource that could not be read.
type Problem struct {
	Ref  Ref
	Text string
}

// Ref says where a thing is written in the templates. Every modelled resource embeds one.
type Ref struct {
	Stack         string // the stack the resource is in, by cfn.Stack.ID
	LogicalID     string // logical id in that template; empty for what no template declares
	Type          string // CloudFormation type, or a Kubernetes kind, or a name such as "EKS cluster security group"
	ConstructPath string // aws:cdk:path metadata, empty on templates that CDK did not make
	Property      string // path within the resource, such as SecurityGroupEgress[0]
	Name          string // a name better than the logical id, such as "ingress default/web"
}

// Resource returns the Ref itself: embedding a Ref makes a type a [Resource].
func (r Ref) Resource() Ref { return r }

// In returns the Ref of a property inside the resource.
func (r Ref) In(property string) Ref {
	r.Property = property
	return r
}

// String is the shortest name a reader can find in the template: the logical id, with the property when
// there is one.
func (r Ref) String() string {
	name := r.LogicalID
	if r.Name != "" {
		name = r.Name
	}
	if name == "" {
		name = r.Type
	}
	if r.Property != "" {
		return name + "." + r.Property
	}
	return name
}

// Label is the logical id, with the stack before it where several stacks have that logical id.
func (r Ref) Label() string {
	if label := r.Stack + "/" + r.LogicalID; r.Name == label {
		return label
	}
	return r.LogicalID
}

// names are what people call a resource: its logical id, its construct path, that of the construct that it is the resource of, its name.
func (r Ref) names() []string {
	out := []string{r.LogicalID, r.ConstructPath, r.Name}
	for _, own := range []string{"/Resource", "/Default"} {
		if path, ok := strings.CutSuffix(r.ConstructPath, own); ok {
			out = append(out, path)
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// Resource is anything that knows where it is written.
type Resource interface{ Resource() Ref }

// Tags are the tags of a resource. A tag whose key is decided at deployment is left out.
type Tags map[string]string

// Has reports whether a tag is present with the value "1" or an empty value: the way the AWS Load Balancer
// Controller reads subnet role tags.
func (t Tags) Has(key string) bool {
	v, ok := t[key]
	return ok && (v == "" || v == "1")
}

// ends are the interfaces of a network where packets start and end.
type ends struct {
	addressing     *addressing
	ClusterPods    []*ClusterPods // one for each cluster
	HostInterfaces []*Interface
	endpoints      []endpointAt
	fronts         map[*LoadBalancer][]*Interface
	byRef          map[string][]any // what a logical id, construct path or name means
	byAddr         map[netip.Addr]*Interface
	assumptions    map[declared][]string
	// global4 and global6 are the addresses that hosts on the internet have; anyone6 are all that IPv6 keeps for nothing else, which
	// a sender may claim.
	global4, global6, anyone6 netset.Addrs
}

// declared is where a template declares a resource.
type declared struct{ stack, logicalID string }

// prepare gives every interface its addresses. It runs once: a Network is immutable after it.
func (n *Network) prepare() {
	n.addressing = &addressing{used: map[*Subnet]int{}, ranges: map[netip.Prefix]netset.Addrs{}}
	n.addressing.keep(n)
	n.beyond()
	n.byRef = map[string][]any{}
	n.byAddr = map[netip.Addr]*Interface{}
	add := func(r Ref, v any) {
		for _, name := range r.names() {
			if !slices.Contains(n.byRef[name], v) {
				n.byRef[name] = append(n.byRef[name], v)
			}
		}
	}
	for _, c := range n.Clusters {
		s := n.addressing.clusterPods(c)
		n.ClusterPods = append(n.ClusterPods, s)
		for _, ng := range c.NodeGroups {
			add(ng.Ref, ng)
			if ng.Name != "" {
				add(Ref{Name: ng.Name}, ng)
			}
		}
		for _, f := range c.Fargate {
			add(f.Ref, f)
		}
		add(c.Ref, c)
		for _, list := range [][]*Interface{s.Pods, s.Peers} {
			for _, p := range list {
				p.Backend = n.backendRules(c, p)
				n.address(p)
				n.address(p.Node())
			}
		}
		for _, p := range s.API {
			n.address(p)
		}
	}
	for _, h := range n.Hosts {
		for _, s := range h.Subnets {
			p := n.addressing.in(&Interface{Kind: HostInterface, Name: h.String(), Component: h.Kind, Ref: h.Ref, Groups: h.Groups, Port: h.Port}, s)
			p.On = "in " + s.String()
			if !h.IPv6 {
				p.IPv6 = netip.Addr{}
			}
			p.PublicUnknown, p.Accelerator = h.PublicUnknown, h.Accelerator
			if h.PublicIPv4 {
				p.Public = n.addressing.elastic()
			}
			for _, a := range h.Fixed {
				p.fix(a)
			}
			p.Unknown = cmp.Or(p.Unknown, h.Unknown)
			n.HostInterfaces = append(n.HostInterfaces, p)
			n.address(p)
			add(h.Ref, p)
		}
	}
	for _, v := range n.VPCs {
		for _, s := range v.Subnets {
			add(s.Ref, s)
		}
		for _, e := range v.Endpoints {
			if e.Gateway {
				add(e.Ref, e)
				continue
			}
			for _, s := range e.Subnets {
				p := n.addressing.in(&Interface{Kind: EndpointInterface, Name: e.String(), Component: AtEndpoint, Ref: e.Ref, Groups: e.Groups, Port: 443, Service: e.ShortName}, s)
				p.On = "in " + s.String()
				if !e.Speaks(IPv4) {
					p.IPv4 = netip.Addr{}
				}
				if !e.Speaks(IPv6) {
					p.IPv6 = netip.Addr{}
				}
				n.endpoints = append(n.endpoints, endpointAt{e, p})
				n.address(p)
				add(e.Ref, e)
			}
		}
	}
	n.fronts = map[*LoadBalancer][]*Interface{}
	for _, l := range n.LoadBalancers {
		n.fronts[l] = n.balancer(l)
		add(l.Ref, l)
		for _, p := range n.fronts[l] {
			n.address(p)
		}
	}
	n.assumptions = map[declared][]string{}
	for _, a := range n.Assumptions {
		if !a.Prefix.IsValid() && a.Ref.LogicalID != "" {
			at := declared{a.Ref.Stack, a.Ref.LogicalID}
			n.assumptions[at] = append(n.assumptions[at], a.Text)
		}
	}
}

// beyond finds the addresses of the internet: all that are global and that neither the network's VPCs nor the stand-ins of AWS
// services have.
func (n *Network) beyond() {
	var own []netip.Prefix
	for _, v := range n.VPCs {
		for _, b := range v.Blocks {
			own = append(own, b.Prefix)
		}
		for _, e := range v.Endpoints {
			if e.PrefixList != nil {
				own = append(own, e.PrefixList.Entries...)
			}
		}
	}
	taken := netset.Of(own...)
	n.global4 = netset.Of(everyone[0]).Minus(netset.Of(aws.Special4()...)).Minus(taken)
	n.anyone6 = netset.Of(everyone[1]).Minus(netset.Of(aws.Special6()...)).Minus(taken)
	n.global6 = n.anyone6.Intersect(netset.Of(aws.GlobalUnicast6()))
}

func (n *Network) address(p *Interface) {
	for _, a := range []netip.Addr{p.IPv4, p.IPv6} {
		if a.IsValid() && n.byAddr[a] == nil {
			n.byAddr[a] = p
		}
	}
}

// assumed are the assumptions that a region rests on: the stand-in ranges its addresses lie in, and those of the
// resources it passes.
func (n *Network) assumed(r Region) []string {
	var out []string
	seen := map[string]bool{}
	say := func(s string) {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	addrs := map[netip.Addr]bool{}
	address := func(a netip.Addr) {
		if addrs[a] {
			return
		}
		addrs[a] = true
		for _, s := range n.StandIns(a) {
			say(s)
		}
	}
	var last declared
	for _, hops := range [][]Hop{r.Hops, r.Return} {
		for _, h := range hops {
			address(h.After.Src)
			address(h.After.Dst)
			at := declared{h.Stack, h.LogicalID}
			if at == last {
				continue
			}
			last = at
			for _, s := range n.assumptions[at] {
				say(s)
			}
		}
	}
	return out
}
