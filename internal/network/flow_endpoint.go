package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// prepare gives every place its addresses. It runs once: a Network is immutable after it.
func (n *Network) prepare() {
	n.places = &addressing{used: map[*Subnet]int{}, ranges: map[netip.Prefix]netset.Addrs{}}
	n.places.keep(n)
	n.beyond()
	n.byRef = map[string][]any{}
	n.byAddr = map[netip.Addr]*Interface{}
	add := func(r Ref, v any) {
		for _, name := range []string{r.LogicalID, r.ConstructPath, r.Name} {
			if name != "" && !slices.Contains(n.byRef[name], v) {
				n.byRef[name] = append(n.byRef[name], v)
			}
		}
	}
	for _, c := range n.Clusters {
		s := n.places.clusterPods(c)
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
			p := n.places.in(&Interface{Kind: HostInterface, Name: h.String(), Component: h.Kind, Ref: h.Ref, Groups: h.Groups, Port: h.Port}, s)
			p.On = "in " + s.String()
			if !h.IPv6 {
				p.IPv6 = netip.Addr{}
			}
			p.PublicUnknown, p.Accelerator = h.PublicUnknown, h.Accelerator
			if h.PublicIPv4 {
				p.Public = n.places.elastic()
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
				p := n.places.in(&Interface{Kind: EndpointInterface, Name: e.String(), Component: AtEndpoint, Ref: e.Ref, Groups: e.Groups, Port: 443, Service: e.ShortName}, s)
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

type endpointAt struct {
	endpoint *Endpoint
	place    *Interface
}

// balancer makes the interfaces of a load balancer, one for each of its subnets.
func (n *Network) balancer(l *LoadBalancer) []*Interface {
	var out []*Interface
	subnets := l.Subnets
	if len(subnets) == 0 {
		subnets = []*Subnet{{Ref: l.Ref, VPC: l.VPC, Imported: true}}
	}
	for _, s := range subnets {
		p := n.places.in(&Interface{Kind: BalancerInterface, Name: l.String(), Component: lbLabel(l), Ref: l.Ref, Groups: l.Groups, Balancer: l,
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
			p.Public = n.places.elastic()
		}
		out = append(out, p)
	}
	return out
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

// UnknownNameError is a name in a query that the templates do not hold.
type UnknownNameError struct {
	Name    Name
	Nearest []string // names that may have been meant, best first
	Why     string   // why there is no such place, where the templates tell
}

func (e *UnknownNameError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("no endpoint %q: %s", string(e.Name), e.Why)
	}
	msg := fmt.Sprintf("unknown endpoint %q", string(e.Name))
	if len(e.Nearest) > 0 {
		msg += "; did you mean " + strings.Join(e.Nearest, ", ") + "?"
	}
	return msg
}

// nowhere says why an endpoint that the templates name is no place: its condition takes it out, or the cluster's subnets are
// not known.
func (n *Network) nowhere(ep Name) string {
	_, name, kind := strings.Cut(string(ep), ":")
	if !kind {
		name = string(ep)
	}
	name, _, _ = strings.Cut(name, "@")
	if set := n.Templates; set != nil {
		if st, condition, ok := set.Removed(name); ok {
			return fmt.Sprintf("%s of %s is not created: its condition %s is false with the parameters' values; -parameter NAME=VALUE gives others", name, st.ID, condition)
		}
	}
	if strings.Contains(string(ep), "@") || !strings.HasPrefix(string(ep), "pod:") && !strings.HasPrefix(string(ep), "nodegroup:") && !isAPI(ep) {
		return ""
	}
	for _, s := range n.ClusterPods {
		if len(s.Cluster.Subnets) == 0 && len(s.Pods) == 0 {
			return fmt.Sprintf("the subnets of cluster %s are in none of the templates", s.Cluster.Ref)
		}
	}
	return ""
}

// unknown makes the error with the nearest names.
func (n *Network) unknown(ep Name) error {
	if why := n.nowhere(ep); why != "" {
		return &UnknownNameError{Name: ep, Why: why}
	}
	type scored struct {
		name string
		d    int
	}
	var all []scored
	for _, name := range n.Endpoints() {
		if name == ep {
			continue
		}
		want, have := strings.ToLower(string(ep)), strings.ToLower(string(name))
		d := min(distance(want, have), distance(want, tail(have)), distance(tail(want), tail(have)))
		all = append(all, scored{string(name), d})
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(a.d, b.d) })
	e := &UnknownNameError{Name: ep}
	for _, s := range all {
		if len(e.Nearest) == 3 || s.d > max(len(ep)*2/3, 3) {
			break
		}
		e.Nearest = append(e.Nearest, s.name)
	}
	if len(e.Nearest) == 0 {
		for _, s := range all[:min(3, len(all))] {
			e.Nearest = append(e.Nearest, s.name)
		}
	}
	return e
}

// tail is the last part of an endpoint: the name without kind, namespace or path.
func tail(s string) string { return s[strings.LastIndexAny(s, ":/")+1:] }

// distance is the edit distance of names, cut to a length where it stays cheap.
func distance(a, b string) int {
	return levenshtein.Distance(a[:min(len(a), 64)], b[:min(len(b), 64)], nil)
}

// Endpoints lists the names a query can use on this network, addresses aside.
func (n *Network) Endpoints() []Name {
	out := []Name{Internet4, Internet6}
	if len(n.ClusterPods) > 0 {
		out = append(out, AnyPod, APIServer)
	}
	for _, s := range n.ClusterPods {
		for _, w := range s.Cluster.Workloads() {
			out = append(out, Name("pod:"+w.Namespace+"/"+w.ObjectName))
		}
		for _, o := range s.Cluster.Objects {
			switch o.Kind {
			case "Service", "Ingress", "Gateway":
				out = append(out, Name(strings.ToLower(o.Kind)+":"+o.Namespace+"/"+o.ObjectName))
			}
		}
		for _, ng := range s.Cluster.NodeGroups {
			out = append(out, Name("nodegroup:"+ng.String()))
		}
	}
	for _, v := range n.VPCs {
		for _, s := range v.Subnets {
			out = append(out, Name("subnet:"+s.String()))
		}
	}
	var rest []Name
	for name := range n.byRef {
		if !slices.Contains(out, Name(name)) {
			rest = append(rest, Name(name))
		}
	}
	slices.Sort(rest)
	return append(out, rest...)
}

// match reports whether a resource has a name: its logical id, construct path or other name.
func match(r Ref, name string) bool {
	return name != "" && (r.LogicalID == name || r.ConstructPath == name || r.Name == name)
}

// podsOf are the Pods that "any", "NAME" or "NAMESPACE/NAME" means, in every cluster.
func (n *Network) podsOf(spec string, peers bool) []*Interface {
	name, at, _ := strings.Cut(spec, "@")
	var out []*Interface
	for _, s := range n.ClusterPods {
		list := s.Pods
		if peers {
			list = s.Peers
		}
		if name == "any" {
			out = append(out, filter(list, at)...)
			continue
		}
		for _, w := range s.Cluster.Workloads() {
			if w.ObjectName != name && w.Namespace+"/"+w.ObjectName != name {
				continue
			}
			for _, p := range filter(s.onFargate(list, w.Namespace), at) {
				out = append(out, p.workload(w))
			}
		}
	}
	return out
}

// onFargate keeps the places where a namespace's Pods run: a matching Fargate profile takes them all.
func (s *ClusterPods) onFargate(list []*Interface, namespace string) []*Interface {
	var ids []Ref
	for _, f := range s.Cluster.Fargate {
		if slices.Contains(f.Namespaces, namespace) {
			ids = append(ids, f.Ref)
		}
	}
	out := slices.DeleteFunc(slices.Clone(list), func(p *Interface) bool {
		if len(ids) > 0 {
			return p.NodeGroup != nil || !slices.Contains(ids, p.Ref)
		}
		return p.NodeGroup == nil
	})
	if len(out) == 0 {
		return list
	}
	return out
}

// filter keeps the places that "PLACE" or "GROUP@SUBNET" names; "" names all.
func filter(list []*Interface, at string) []*Interface {
	if at == "" {
		return list
	}
	first, second, two := strings.Cut(at, "@")
	var out []*Interface
	for _, p := range list {
		group := match(p.Ref, first) || p.NodeGroup != nil && p.NodeGroup.Name == first
		switch {
		case two && group && match(p.Subnet.Ref, second), !two && (group || match(p.Subnet.Ref, first)):
			out = append(out, p)
		}
	}
	return out
}

// workload is the place of a workload's Pod.
func (p *Interface) workload(w *Object) *Interface {
	q := *p
	q.Name = strings.Replace(p.Name, string(AnyPod), "pod:"+w.Namespace+"/"+w.ObjectName, 1)
	q.Workload, q.works = w.ObjectName, []*Object{w}
	spec := w.PodSpec()
	for _, c := range spec.Get("containers").Items() {
		for _, port := range c.Get("ports").Items() {
			if v, ok := port.Get("containerPort").Int(); ok && q.Port == p.Port {
				q.Port = uint16(v)
			}
		}
	}
	if on, _ := spec.Get("hostNetwork").Bool(); on && p.NodeGroup != nil {
		node := q.Node()
		node.Kind, node.Name, node.Component, node.Workload, node.Port = PodInterface, q.Name, q.Component, q.Workload, q.Port
		return node
	}
	return &q
}

// anyHost is the number of the address in a subnet that stands for any host there as a source; the next is that of a destination.
const anyHost = 100

// hostIn stands for any host in a subnet; what its security groups allow is for the asker to know.
func (n *Network) HostIn(s *Subnet, source bool) *Interface {
	p := &Interface{Kind: HostInterface, Name: string(Name("subnet:" + s.String())), Component: AtHost, Ref: s.Ref, Subnet: s, VPC: s.VPC, Unfiltered: true, Port: 443, free: every}
	p.On = "in " + s.String()
	i := anyHost
	if !source {
		i++
	}
	p.IPv4, p.IPv6 = hostAddr(s.IPv4, i), hostAddr(s.IPv6, i)
	p.range4, p.range6 = n.places.usable(s.IPv4), n.places.usable(s.IPv6)
	if p.PublicUnknown = s.PublicUnknown; s.MapPublic && p.IPv4.IsValid() {
		p.Public = netip.AddrFrom4([4]byte{198, 51, 100, byte(i - 37)}) // beside those of [places.elastic]; the range's last one is for no host
	}
	if s.Imported {
		p.Unknown = fmt.Sprintf("subnet %s is in none of the templates", s.Ref)
	}
	return p
}

const HostAssumption = "the security groups of the host in %s allow the flow"

// ends resolves an endpoint to the places it means.
func (n *Network) endsOf(ep Name, source bool) (out []*Interface, assumes []string, err error) {
	s := string(ep)
	kind, name, hasKind := strings.Cut(s, ":")
	switch {
	case ep == Internet4:
		return []*Interface{n.Internet(IPv4)}, nil, nil
	case ep == Internet6:
		return []*Interface{n.Internet(IPv6)}, nil, nil
	case isAPI(ep):
		for _, sh := range n.ClusterPods {
			out = append(out, filter(sh.API, at(ep))...)
		}
	case strings.HasPrefix(s, "pod:"):
		out = n.podsOf(name, !source)
	case strings.HasPrefix(s, "nodegroup:"):
		for _, sh := range n.ClusterPods {
			for _, p := range filter(sh.Pods, name) {
				if p.NodeGroup != nil {
					out = append(out, p.Node())
				}
			}
		}
	case strings.HasPrefix(s, "subnet:"):
		for _, v := range n.byRef[name] {
			if sub, ok := v.(*Subnet); ok {
				out = append(out, n.HostIn(sub, source))
				assumes = append(assumes, fmt.Sprintf(HostAssumption, sub.Ref))
			}
		}
	default:
		if a, err := netip.ParseAddr(s); err == nil {
			p, assumes := n.At(a.Unmap(), source)
			return []*Interface{p}, assumes, nil
		}
		if hasKind && kind != "service" && kind != "ingress" && kind != "gateway" && len(n.byRef[s]) == 0 {
			return nil, nil, n.unknown(ep)
		}
		for _, v := range n.byRef[s] {
			switch v := v.(type) {
			case *Interface:
				out = append(out, v)
			case *Subnet:
				out = append(out, n.HostIn(v, source))
				assumes = append(assumes, fmt.Sprintf(HostAssumption, v.Ref))
			case *NodeGroup:
				for _, sh := range n.ClusterPods {
					for _, p := range sh.Pods {
						if p.NodeGroup == v {
							out = append(out, p.Node())
						}
					}
				}
			case *FargateProfile:
				out = append(out, n.podsOf("any@"+v.String(), !source)...)
			case *Cluster:
				for _, sh := range n.ClusterPods {
					if sh.Cluster == v {
						out = append(out, sh.API...)
					}
				}
			}
		}
	}
	if len(out) == 0 {
		return nil, nil, n.unknown(ep)
	}
	return out, assumes, nil
}

// at is the place of an address.
func (n *Network) At(a netip.Addr, source bool) (*Interface, []string) {
	if p := n.byAddr[a]; p != nil {
		return p, nil
	}
	for _, c := range n.VPNClients {
		if source && c.Prefix.Contains(a) {
			p := internetHost(a.String(), a)
			p.Component, p.Ref = AtVPNClient, c.Ref
			p.Unknown = fmt.Sprintf("%s is a client of the VPN endpoint %s, which gives its packets an address of its own: that is not modelled", a, c.Ref)
			return p, nil
		}
	}
	for _, v := range n.VPCs {
		if _, ok := v.Contains(a); !ok {
			continue
		}
		for _, s := range v.Subnets {
			if !s.Prefix(FamilyOf(a)).Contains(a) {
				continue
			}
			p := n.HostIn(s, source)
			p.Name = a.String()
			p.set(a)
			if source {
				return p, []string{fmt.Sprintf(HostAssumption, s.Ref)}
			}
			p.Unknown = fmt.Sprintf("no resource of the templates has the address %s: its security groups are not known", a)
			return p, nil
		}
		p := &Interface{Kind: HostInterface, Name: a.String(), Component: AtAddress, On: "in no subnet of " + v.String(), Ref: v.Ref, VPC: v, Unfiltered: true,
			gone: &Failure{NoRoute, AtAddress, v.Ref, fmt.Sprintf("%s lies in %s but in none of its subnets", a, v.Ref)}}
		p.set(a)
		return p, nil
	}
	return internetHost(a.String(), a), nil
}
