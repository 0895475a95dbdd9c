package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// What is beyond the network has names that no template declares: the internet, a range of it, a host name, an AWS service.

// hostName is a DNS name with a dot in it.
var hostName = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.?$`)

// outside resolves a name of hosts beyond the network; none where it is no such name.
func (n *Network) outside(name Name, source bool) (out []*Interface, assumes []string, err error) {
	s := string(name)
	switch {
	case name == Everywhere, name == Anyone:
		return []*Interface{n.Internet(IPv6), n.Internet(IPv4)}, nil, nil
	case strings.Contains(s, "/"):
		var list []netip.Prefix
		for _, one := range strings.Split(s, ",") {
			p, err := netip.ParsePrefix(one)
			if err != nil {
				return nil, nil, nil
			}
			if err := n.isBeyond(p); err != nil {
				return nil, nil, err
			}
			if p.Addr().Is4() != (len(list) == 0 && p.Addr().Is4() || len(list) > 0 && list[0].Addr().Is4()) {
				return nil, nil, fmt.Errorf("%s holds ranges of both families: ask for each", s)
			}
			list = append(list, p)
		}
		return []*Interface{rangesOf(list)}, nil, nil
	case hostName.MatchString(s) && !source:
		for _, f := range []Family{IPv6, IPv4} {
			i := n.Internet(f)
			i.Name, i.free = s, assigned
			out = append(out, i)
		}
		return out, []string{fmt.Sprintf("%s is a host on the internet with addresses of both families", s)}, nil
	}
	return nil, nil, nil
}

// isBeyond says what is wrong with a range as one of hosts beyond the network.
func (n *Network) isBeyond(p netip.Prefix) error {
	if p != p.Masked() {
		return fmt.Errorf("%s has bits beyond its length: want %s, or the address alone", p, p.Masked())
	}
	if p.Addr().Is4In6() {
		return fmt.Errorf("%s is an IPv4 range written as IPv6: want it as IPv4", p)
	}
	for _, v := range n.VPCs {
		for _, b := range v.Blocks {
			if b.Prefix.IsValid() && b.Prefix.Overlaps(p) {
				return fmt.Errorf("%s overlaps the range %s of %s: name one of its subnets, or an address", p, b.Prefix, v.Ref)
			}
		}
	}
	return nil
}

// rangesOf are the hosts that have the addresses of ranges of one family beyond the network.
func rangesOf(list []netip.Prefix) *Interface {
	set := netset.Of(list...)
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.String()
	}
	first := list[0].Addr()
	if set.Contains(first.Next()) {
		first = first.Next()
	}
	i := internetHost(strings.Join(names, ","), first)
	i.free = chosen
	if first.Is4() {
		i.range4 = set
	} else {
		i.range6 = set
	}
	return i
}

// HostsOf are the hosts on the internet that have the addresses of ranges of one family; nil where there are none. Ranges that no host on
// the internet has, such as private ones, are left out.
func (n *Network) HostsOf(ranges []netip.Prefix) *Interface {
	var public []netip.Prefix
	for _, p := range ranges {
		global := n.global4
		if p.Addr().Is6() {
			global = n.global6
		}
		if n.isBeyond(p) == nil && global.Overlaps(netset.Of(p)) {
			public = append(public, p)
		}
	}
	if len(public) == 0 {
		return nil
	}
	return rangesOf(public)
}

// toAWS is an AWS service by its short name, such as s3 or ecr.api: by the endpoints that the sender's VPC has for it, else by its names on
// the internet, of which the plain one has IPv4 only.
func (n *Network) toAWS(q Query, from *Interface) (out []Destination) {
	service := string(q.To)
	_, private := aws.InterfaceEndpoint(service)
	_, gateway := aws.GatewayEndpoint(service)
	public, dual := aws.PublicEndpoint(service)
	if !private && !gateway && !dual {
		return nil
	}
	if from.VPC != nil {
		for _, e := range from.VPC.Endpoints {
			if e.ShortName == service && e.Provider == nil {
				out = append(out, n.ToEndpoint(e, q)...)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, a := range ServiceAddresses(service) {
		f := FamilyOf(a)
		if f == IPv6 && !dual {
			continue
		}
		i := &Interface{Kind: ServiceHost, Name: service, Component: AtService, Ref: Ref{Type: "AWS service", Name: service}, Service: service, Unfiltered: true}
		i.set(a)
		told := fmt.Sprintf("%s stands for the addresses of %s", a, service)
		if f == IPv6 {
			told += ", which a client asks for by its dual-stack name (" + public.Source + ")"
		}
		out = append(out, Destination{Name: service, To: i, Port: cmp.Or(q.Port, 443), Proto: q.Proto, Family: f, Named: true, Everything: q.Everything, Assumes: []string{told}})
	}
	return out
}

// Listed is a name that a query can use, and what it stands for.
type Listed struct {
	Name Name
	What string // "Pods of the Deployment", "subnet"
	Path string // the construct path of what it is, or its logical id
}

// List are the names that a query can use on this network, with what each stands for; addresses, ranges and host names aside.
func (n *Network) List() []Listed {
	var out []Listed
	add := func(name Name, what string, r Ref) {
		out = append(out, Listed{name, what, cmp.Or(r.ConstructPath, r.Label())})
	}
	add(Everywhere, "any host on the internet, over IPv6 and IPv4; anyone is the same", Ref{})
	add(Internet6, "any host on the IPv6 internet", Ref{})
	add(Internet4, "any host on the IPv4 internet", Ref{})
	if len(n.ClusterPods) > 0 {
		add(AnyPod, "Pods of every node group and Fargate profile", Ref{})
		add(APIServer, "the Kubernetes API", Ref{})
	}
	for _, c := range n.ClusterPods {
		for _, w := range c.Cluster.Workloads() {
			add(Name("pod:"+w.Namespace+"/"+w.ObjectName), "Pods of the "+w.Kind, w.Ref)
		}
		for _, o := range c.Cluster.Objects {
			switch o.Kind {
			case "Service", "Ingress", "Gateway":
				add(Name(strings.ToLower(o.Kind)+":"+o.Namespace+"/"+o.ObjectName), o.Kind, o.Ref)
			}
		}
		for _, g := range c.Cluster.NodeGroups {
			add(Name("nodegroup:"+g.String()), "nodes", g.Ref)
		}
		for _, f := range c.Cluster.Fargate {
			add(Name(f.String()), "Pods of the Fargate profile", f.Ref)
		}
	}
	services := map[string]bool{}
	for _, v := range n.VPCs {
		for _, s := range v.Subnets {
			add(Name("subnet:"+s.String()), "a host in the subnet", s.Ref)
		}
		for _, e := range v.Endpoints {
			add(Name(e.String()), "VPC endpoint of "+e.ShortName, e.Ref)
			if e.Provider == nil && !services[e.ShortName] {
				services[e.ShortName] = true
				add(Name(e.ShortName), "AWS service, by the VPC's endpoint", e.Ref)
			}
		}
	}
	for _, h := range n.Hosts {
		add(Name(h.String()), h.Kind.String(), h.Ref)
	}
	for _, l := range n.LoadBalancers {
		if !l.Hypothetical && l.For == nil {
			add(Name(l.String()), lbLabel(l).String(), l.Ref)
		}
	}
	return out
}
