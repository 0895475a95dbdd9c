package flow

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/model"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// prepare gives every place its addresses. It runs once: a Network is immutable after it.
func (n *Network) prepare() {
	n.places = &places{used: map[*model.Subnet]int{}, ranges: map[netip.Prefix]netset.Addrs{}}
	n.places.keep(n.model)
	n.beyond()
	n.byRef = map[string][]any{}
	n.byAddr = map[netip.Addr]*place{}
	add := func(r model.Ref, v any) {
		for _, name := range []string{r.LogicalID, r.ConstructPath, r.Name} {
			if name != "" && !slices.Contains(n.byRef[name], v) {
				n.byRef[name] = append(n.byRef[name], v)
			}
		}
	}
	m := n.model
	for _, c := range m.Clusters {
		s := n.places.shelf(c)
		n.shelves = append(n.shelves, s)
		for _, ng := range c.NodeGroups {
			add(ng.Ref, ng)
			if ng.Name != "" {
				add(model.Ref{Name: ng.Name}, ng)
			}
		}
		for _, f := range c.Fargate {
			add(f.Ref, f)
		}
		add(c.Ref, c)
		for _, list := range [][]*place{s.pods, s.peers} {
			for _, p := range list {
				p.backend = n.backendRules(c, p)
				n.address(p)
				n.address(p.node())
			}
		}
		for _, p := range s.api {
			n.address(p)
		}
	}
	for _, h := range m.Hosts {
		for _, s := range h.Subnets {
			p := n.places.in(&place{kind: hostPlace, name: h.String(), label: h.Kind, ref: h.Ref, groups: h.Groups, port: h.Port}, s)
			p.on = "in " + s.String()
			if !h.IPv6 {
				p.v6 = netip.Addr{}
			}
			p.publicUnknown, p.accelerator = h.PublicUnknown, h.Accelerator
			if h.PublicIPv4 {
				p.public = n.places.elastic()
			}
			for _, a := range h.Fixed {
				p.fix(a)
			}
			p.unknown = cmp.Or(p.unknown, h.Unknown)
			n.hosts = append(n.hosts, p)
			n.address(p)
			add(h.Ref, p)
		}
	}
	for _, v := range m.VPCs {
		for _, s := range v.Subnets {
			add(s.Ref, s)
		}
		for _, e := range v.Endpoints {
			if e.Gateway {
				add(e.Ref, e)
				continue
			}
			for _, s := range e.Subnets {
				p := n.places.in(&place{kind: endpointPlace, name: e.String(), label: "VPC endpoint", ref: e.Ref, groups: e.Groups, port: 443, service: e.ShortName}, s)
				p.on = "in " + s.String()
				if !e.Speaks(IPv4) {
					p.v4 = netip.Addr{}
				}
				if !e.Speaks(IPv6) {
					p.v6 = netip.Addr{}
				}
				n.endpoints = append(n.endpoints, endpointAt{e, p})
				n.address(p)
				add(e.Ref, e)
			}
		}
	}
	n.fronts = map[*model.LoadBalancer][]*place{}
	for _, l := range m.LoadBalancers {
		n.fronts[l] = n.balancer(l)
		add(l.Ref, l)
		for _, p := range n.fronts[l] {
			n.address(p)
		}
	}
	n.assumptions = map[declared][]string{}
	for _, a := range m.Assumptions {
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
	for _, v := range n.model.VPCs {
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

func (n *Network) address(p *place) {
	for _, a := range []netip.Addr{p.v4, p.v6} {
		if a.IsValid() && n.byAddr[a] == nil {
			n.byAddr[a] = p
		}
	}
}

type endpointAt struct {
	endpoint *model.Endpoint
	place    *place
}

// balancer makes the interfaces of a load balancer, one for each of its subnets.
func (n *Network) balancer(l *model.LoadBalancer) []*place {
	var out []*place
	subnets := l.Subnets
	if len(subnets) == 0 {
		subnets = []*model.Subnet{{Ref: l.Ref, VPC: l.VPC, Imported: true}}
	}
	for _, s := range subnets {
		p := n.places.in(&place{kind: balancerPlace, name: l.String(), label: lbLabel(l), ref: l.Ref, groups: l.Groups, lb: l,
			open: len(l.Groups) == 0}, s)
		p.on = "in " + s.String()
		p.unknown = cmp.Or(l.Unknown, p.unknown)
		p.accelerator = l.Accelerator
		for _, a := range l.Fixed {
			if r := s.Prefix(model.FamilyOf(a)); r.IsValid() && r.Contains(a) {
				p.fix(a)
			}
		}
		if l.Refused != "" {
			p.unknown = ""
		}
		if !l.Speaks(IPv6) {
			p.v6 = netip.Addr{}
		}
		if !l.Internal && l.AddressType != aws.DualStackWithoutPublicIPv4 {
			p.public = n.places.elastic()
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
		for _, s := range n.model.StandIns(a) {
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

// UnknownEndpointError is an endpoint of a query that the templates do not hold.
type UnknownEndpointError struct {
	Endpoint Endpoint
	Nearest  []string // names that may have been meant, best first
	Why      string   // why there is no such place, where the templates tell
}

func (e *UnknownEndpointError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("flow: no endpoint %q: %s", string(e.Endpoint), e.Why)
	}
	msg := fmt.Sprintf("flow: unknown endpoint %q", string(e.Endpoint))
	if len(e.Nearest) > 0 {
		msg += "; did you mean " + strings.Join(e.Nearest, ", ") + "?"
	}
	return msg
}

// nowhere says why an endpoint that the templates name is no place: its condition takes it out, or the cluster's subnets are
// not known.
func (n *Network) nowhere(ep Endpoint) string {
	_, name, kind := strings.Cut(string(ep), ":")
	if !kind {
		name = string(ep)
	}
	name, _, _ = strings.Cut(name, "@")
	if set := n.model.Templates; set != nil {
		if st, condition, ok := set.Removed(name); ok {
			return fmt.Sprintf("%s of %s is not created: its condition %s is false with the parameters' values; -parameter NAME=VALUE gives others", name, st.ID, condition)
		}
	}
	if strings.Contains(string(ep), "@") || !strings.HasPrefix(string(ep), "pod:") && !strings.HasPrefix(string(ep), "nodegroup:") && !isAPI(ep) {
		return ""
	}
	for _, s := range n.shelves {
		if len(s.cluster.Subnets) == 0 && len(s.pods) == 0 {
			return fmt.Sprintf("the subnets of cluster %s are in none of the templates", s.cluster.Ref)
		}
	}
	return ""
}

// unknown makes the error with the nearest names.
func (n *Network) unknown(ep Endpoint) error {
	if why := n.nowhere(ep); why != "" {
		return &UnknownEndpointError{Endpoint: ep, Why: why}
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
	e := &UnknownEndpointError{Endpoint: ep}
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
func (n *Network) Endpoints() []Endpoint {
	out := []Endpoint{Internet4, Internet6}
	if len(n.shelves) > 0 {
		out = append(out, AnyPod, APIServer)
	}
	for _, s := range n.shelves {
		for _, w := range s.cluster.Workloads() {
			out = append(out, Endpoint("pod:"+w.Namespace+"/"+w.ObjectName))
		}
		for _, o := range s.cluster.Objects {
			switch o.Kind {
			case "Service", "Ingress", "Gateway":
				out = append(out, Endpoint(strings.ToLower(o.Kind)+":"+o.Namespace+"/"+o.ObjectName))
			}
		}
		for _, ng := range s.cluster.NodeGroups {
			out = append(out, NodeGroup(ng.String()))
		}
	}
	for _, v := range n.model.VPCs {
		for _, s := range v.Subnets {
			out = append(out, Subnet(s.String()))
		}
	}
	var rest []Endpoint
	for name := range n.byRef {
		if !slices.Contains(out, Endpoint(name)) {
			rest = append(rest, Endpoint(name))
		}
	}
	slices.Sort(rest)
	return append(out, rest...)
}

// match reports whether a resource has a name: its logical id, construct path or other name.
func match(r model.Ref, name string) bool {
	return name != "" && (r.LogicalID == name || r.ConstructPath == name || r.Name == name)
}

// podsOf are the Pods that "any", "NAME" or "NAMESPACE/NAME" means, in every cluster.
func (n *Network) podsOf(spec string, peers bool) []*place {
	name, at, _ := strings.Cut(spec, "@")
	var out []*place
	for _, s := range n.shelves {
		list := s.pods
		if peers {
			list = s.peers
		}
		if name == "any" {
			out = append(out, filter(list, at)...)
			continue
		}
		for _, w := range s.cluster.Workloads() {
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
func (s *shelf) onFargate(list []*place, namespace string) []*place {
	var ids []model.Ref
	for _, f := range s.cluster.Fargate {
		if slices.Contains(f.Namespaces, namespace) {
			ids = append(ids, f.Ref)
		}
	}
	out := slices.DeleteFunc(slices.Clone(list), func(p *place) bool {
		if len(ids) > 0 {
			return p.nodes != nil || !slices.Contains(ids, p.ref)
		}
		return p.nodes == nil
	})
	if len(out) == 0 {
		return list
	}
	return out
}

// filter keeps the places that "PLACE" or "GROUP@SUBNET" names; "" names all.
func filter(list []*place, at string) []*place {
	if at == "" {
		return list
	}
	first, second, two := strings.Cut(at, "@")
	var out []*place
	for _, p := range list {
		group := match(p.ref, first) || p.nodes != nil && p.nodes.Name == first
		switch {
		case two && group && match(p.subnet.Ref, second), !two && (group || match(p.subnet.Ref, first)):
			out = append(out, p)
		}
	}
	return out
}

// workload is the place of a workload's Pod.
func (p *place) workload(w *model.Object) *place {
	q := *p
	q.name = strings.Replace(p.name, string(AnyPod), "pod:"+w.Namespace+"/"+w.ObjectName, 1)
	q.label, q.works = "pod "+w.ObjectName, []*model.Object{w}
	spec := w.PodSpec()
	for _, c := range spec.Get("containers").Items() {
		for _, port := range c.Get("ports").Items() {
			if v, ok := port.Get("containerPort").Int(); ok && q.port == p.port {
				q.port = uint16(v)
			}
		}
	}
	if on, _ := spec.Get("hostNetwork").Bool(); on && p.nodes != nil {
		node := q.node()
		node.kind, node.name, node.label, node.port = podPlace, q.name, q.label, q.port
		return node
	}
	return &q
}

// anyHost is the number of the address in a subnet that stands for any host there as a source; the next is that of a destination.
const anyHost = 100

// hostIn stands for any host in a subnet; what its security groups allow is for the asker to know.
func (n *Network) hostIn(s *model.Subnet, source bool) *place {
	p := &place{kind: hostPlace, name: string(Subnet(s.String())), label: "host", ref: s.Ref, subnet: s, vpc: s.VPC, open: true, port: 443, free: every}
	p.on = "in " + s.String()
	i := anyHost
	if !source {
		i++
	}
	p.v4, p.v6 = hostAddr(s.IPv4, i), hostAddr(s.IPv6, i)
	p.range4, p.range6 = n.places.usable(s.IPv4), n.places.usable(s.IPv6)
	if p.publicUnknown = s.PublicUnknown; s.MapPublic && p.v4.IsValid() {
		p.public = netip.AddrFrom4([4]byte{198, 51, 100, byte(i - 37)}) // beside those of [places.elastic]; the range's last one is for no host
	}
	if s.Imported {
		p.unknown = fmt.Sprintf("subnet %s is in none of the templates", s.Ref)
	}
	return p
}

const hostAssumption = "the security groups of the host in %s allow the flow"

// ends resolves an endpoint to the places it means.
func (n *Network) ends(ep Endpoint, source bool) (out []*place, assumes []string, err error) {
	s := string(ep)
	kind, name, hasKind := strings.Cut(s, ":")
	switch {
	case ep == Internet4:
		return []*place{n.internet(IPv4)}, nil, nil
	case ep == Internet6:
		return []*place{n.internet(IPv6)}, nil, nil
	case isAPI(ep):
		for _, sh := range n.shelves {
			out = append(out, filter(sh.api, at(ep))...)
		}
	case strings.HasPrefix(s, "pod:"):
		out = n.podsOf(name, !source)
	case strings.HasPrefix(s, "nodegroup:"):
		for _, sh := range n.shelves {
			for _, p := range filter(sh.pods, name) {
				if p.nodes != nil {
					out = append(out, p.node())
				}
			}
		}
	case strings.HasPrefix(s, "subnet:"):
		for _, v := range n.byRef[name] {
			if sub, ok := v.(*model.Subnet); ok {
				out = append(out, n.hostIn(sub, source))
				assumes = append(assumes, fmt.Sprintf(hostAssumption, sub.Ref))
			}
		}
	default:
		if a, err := netip.ParseAddr(s); err == nil {
			p, assumes := n.at(a.Unmap(), source)
			return []*place{p}, assumes, nil
		}
		if hasKind && kind != "service" && kind != "ingress" && kind != "gateway" && len(n.byRef[s]) == 0 {
			return nil, nil, n.unknown(ep)
		}
		for _, v := range n.byRef[s] {
			switch v := v.(type) {
			case *place:
				out = append(out, v)
			case *model.Subnet:
				out = append(out, n.hostIn(v, source))
				assumes = append(assumes, fmt.Sprintf(hostAssumption, v.Ref))
			case *model.NodeGroup:
				for _, sh := range n.shelves {
					for _, p := range sh.pods {
						if p.nodes == v {
							out = append(out, p.node())
						}
					}
				}
			case *model.FargateProfile:
				out = append(out, n.podsOf("any@"+v.String(), !source)...)
			case *model.Cluster:
				for _, sh := range n.shelves {
					if sh.cluster == v {
						out = append(out, sh.api...)
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
func (n *Network) at(a netip.Addr, source bool) (*place, []string) {
	if p := n.byAddr[a]; p != nil {
		return p, nil
	}
	for _, c := range n.model.VPNClients {
		if source && c.Prefix.Contains(a) {
			p := internetHost(a.String(), a)
			p.label, p.ref = "VPN client", c.Ref
			p.unknown = fmt.Sprintf("%s is a client of the VPN endpoint %s, which gives its packets an address of its own: that is not modelled", a, c.Ref)
			return p, nil
		}
	}
	for _, v := range n.model.VPCs {
		if _, ok := v.Contains(a); !ok {
			continue
		}
		for _, s := range v.Subnets {
			if !s.Prefix(model.FamilyOf(a)).Contains(a) {
				continue
			}
			p := n.hostIn(s, source)
			p.name = a.String()
			p.set(a)
			if source {
				return p, []string{fmt.Sprintf(hostAssumption, s.Ref)}
			}
			p.unknown = fmt.Sprintf("no resource of the templates has the address %s: its security groups are not known", a)
			return p, nil
		}
		p := &place{kind: hostPlace, name: a.String(), label: "address", on: "in no subnet of " + v.String(), ref: v.Ref, vpc: v, open: true,
			gone: fmt.Sprintf("%s lies in %s but in none of its subnets", a, v.Ref)}
		p.set(a)
		return p, nil
	}
	return internetHost(a.String(), a), nil
}
