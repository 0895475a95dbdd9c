package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Name names an end of a flow:
//
//	pod:any  pod:NAME  pod:NAMESPACE/NAME    Pods, on every node group and Fargate profile
//	pod:any@PLACE                            Pods in one place: a node group, a subnet, or GROUP@SUBNET
//	service:NAMESPACE/NAME  ingress:NAMESPACE/NAME  gateway:NAMESPACE/NAME
//	nodegroup:NAME  nodegroup:NAME@SUBNET  subnet:NAME  internet4  internet6
//	apiserver  apiserver@SUBNET              the Kubernetes API, by one of its interfaces
//	internet  anyone                         hosts on the internet, of both families
//	203.0.113.7  2001:db8::7                 an address
//	203.0.113.0/24  2a00:1450::/32           a range beyond the network
//	example.com                              a host name, to which
//	s3  ecr.api  sts                         an AWS service, to which
//	NAME                                     any of these by logical id or construct path
type Name string

// family is the one that the endpoint's own text decides, or 0.
func (e Name) family() Family {
	switch e {
	case Internet4:
		return IPv4
	case Internet6:
		return IPv6
	default:
	}
	if p, err := netip.ParsePrefix(string(e)); err == nil {
		return FamilyOf(p.Addr())
	}
	a, _ := netip.ParseAddr(string(e))
	return FamilyOf(a)
}

// Ends that need no name.
const (
	AnyPod    Name = "pod:any"
	Internet4 Name = "internet4" // a host on the IPv4 internet
	Internet6 Name = "internet6" // a host on the IPv6 internet
	APIServer Name = "apiserver" // the Kubernetes API of the cluster
	// Everywhere and Anyone are hosts on the internet of both families.
	Everywhere Name = "internet"
	Anyone     Name = "anyone"
)

// Bracketed sets an IPv6 address apart from the port that follows.
func Bracketed(name string) string {
	if a, err := netip.ParseAddr(name); err == nil && a.Is6() {
		return "[" + name + "]"
	}
	return name
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
	out := []Name{Everywhere, Internet4, Internet6}
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
	return slices.Contains(r.names(), name)
}

// ends resolves an endpoint to the interfaces it means.
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
		if len(n.byRef[s]) == 0 {
			if out, assumes, err := n.outside(ep, source); len(out) > 0 || err != nil {
				return out, assumes, err
			}
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

func (n *Network) isDestinationOnly(ep Name) bool {
	_, err := n.dests(Query{From: AnyPod, To: ep, Proto: TCP}, n.Internet(IPv4))
	return err == nil
}
