package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

// ingressGroup are the Ingresses that share a load balancer with one, itself among them.
type ingressGroup struct {
	name    string
	members []groupMember
}

type groupMember struct {
	ingress *Object
	params  cfn.Value // of its class
}

// ingressGroup returns the group of an Ingress. One without a group's name is alone.
func (c *Cluster) ingressGroup(o *Object, params cfn.Value) ingressGroup {
	g := ingressGroup{name: groupName(o, params)}
	if g.name == "" {
		return g
	}
	for _, other := range c.ObjectsOf("Ingress") {
		params, _, mine := c.classParams(classOf(other))
		if mine && groupName(other, params) == g.name {
			g.members = append(g.members, groupMember{other, params})
		}
	}
	return g
}

func groupName(o *Object, params cfn.Value) string {
	if v := params.Get("group.name"); v.Exists() {
		return v.String()
	}
	return str(o.Annotation(aws.IngressAnnotation + "group.name"))
}

// groupSettings are the annotations that hold for the load balancer of a group, with the fields of IngressClassParams that go
// before them and the words that the controller has for them.
// See https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/ingress/model_build_load_balancer.go.
var groupSettings = []struct{ annotation, param, words string }{
	{"scheme", "scheme", "scheme"},
	{"ip-address-type", "ipAddressType", "IPAddressType"},
	{"load-balancer-name", "loadBalancerName", "load balancer name"},
	{"subnets", "subnets.ids", "subnets"},
	{"security-groups", "", "securityGroups"},
	{"customer-owned-ipv4-pool", "", "CustomerOwnedIPv4Pool"},
	{"enable-frontend-nlb", "", "enable frontend NLB values"},
}

// explicit is what a member says of a setting of the group.
func (m groupMember) explicit(annotation, param string) cfn.Value {
	if v := m.params.Get(param); param != "" && v.Exists() {
		return v
	}
	return m.ingress.Annotation(aws.IngressAnnotation + annotation)
}

// annotation reads an Ingress' own annotations, and for settings of the load balancer those of the group's other members where
// it has none.
func (g ingressGroup) annotation(o *Object) func(string) cfn.Value {
	return func(name string) cfn.Value {
		own := o.Annotation(aws.IngressAnnotation + name)
		if own.Exists() {
			return own
		}
		for _, s := range groupSettings {
			if s.annotation != name {
				continue
			}
			for _, m := range g.members {
				if v := m.explicit(s.annotation, s.param); v.Exists() {
					return v
				}
			}
		}
		return own
	}
}

// conflict is what the controller says of a group whose members ask for different load balancers; "" where they do not. It
// then serves none of them.
func (g ingressGroup) conflict() string {
	for _, s := range groupSettings {
		said := map[string][]string{}
		var order []string
		for _, m := range g.members {
			v := m.explicit(s.annotation, s.param)
			if !v.Exists() || !v.Known() {
				continue
			}
			list := split(v)
			if items := v.Items(); len(items) > 0 {
				list = nil
				for _, e := range items {
					list = append(list, e.String())
				}
			}
			slices.Sort(list)
			value := strings.Join(list, ",")
			if said[value] == nil {
				order = append(order, value)
			}
			said[value] = append(said[value], m.ingress.Namespace+"/"+m.ingress.ObjectName)
		}
		if len(order) < 2 {
			continue
		}
		for i, value := range order {
			order[i] = fmt.Sprintf("%s (%s)", value, strings.Join(said[value], ", "))
		}
		return fmt.Sprintf("conflicting %s in the Ingress group %s: %s; none of its Ingresses is served", s.words, g.name, strings.Join(order, " and "))
	}
	return ""
}

// staticAddresses are addresses that a Service asks for, one for each of its load balancer's subnets.
type staticAddresses struct {
	words string // the controller's
	list  []string
	known bool // each is written down
	count int  // -1 where it is not known
}

// staticOf reads a Service's static addresses.
func staticOf(note func(string) cfn.Value) (out []staticAddresses) {
	for _, a := range []struct{ annotation, words string }{
		{"eip-allocations", "EIP allocations"}, {"private-ipv4-addresses", "private IPv4 addresses"}, {"ipv6-addresses", "IPv6 addresses"},
	} {
		v := note(a.annotation)
		if !v.Exists() {
			continue
		}
		s := staticAddresses{words: a.words, known: v.Known(), count: -1}
		switch v.Kind() {
		case cfn.Scalar:
			s.list = split(v)
			s.count = len(s.list)
		case cfn.Text: // "${A.AllocationId},${B.AllocationId}"
			s.count = 1
			for _, p := range v.Parts() {
				if text, ok := p.Text(); ok {
					s.count += strings.Count(text, ",")
				}
			}
		case cfn.Ref, cfn.Attr:
			s.count = 1
		default:
		}
		out = append(out, s)
	}
	return out
}

// misfit is the controller's refusal of static addresses that do not fit the load balancer and its subnets; "" where they fit, or
// where that is not known.
// See https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/service/model_build_load_balancer.go.
func (b *builder) misfit(l *LoadBalancer, static []staticAddresses) string {
	for _, s := range static {
		var f Family
		switch s.words {
		case "EIP allocations":
			if l.Internal {
				return "EIP allocations can only be set for internet facing load balancers"
			}
		case "private IPv4 addresses":
			if f = IPv4; !l.Internal {
				return "private IPv4 addresses can only be set for internal load balancers"
			}
		case "IPv6 addresses":
			if f = IPv6; !l.Speaks(IPv6) {
				return "IPv6 addresses can only be set for dualstack load balancers"
			}
		}
		if l.Unknown != "" || s.count < 0 {
			continue
		}
		if s.count != len(l.Subnets) {
			return fmt.Sprintf("count of %s (%d) and subnets (%d) must match", s.words, s.count, len(l.Subnets))
		}
		if f == 0 || !s.known {
			continue
		}
		for _, sub := range l.Subnets {
			if !b.written(sub.Prefix(f)) {
				continue
			}
			n := 0
			for _, text := range s.list {
				if a, err := netip.ParseAddr(text); err == nil && sub.Prefix(f).Contains(a) {
					n++
				}
			}
			if n != 1 {
				return fmt.Sprintf("expect one %s address configured for subnet: %s (%s)", f, sub, sub.Prefix(f))
			}
		}
	}
	return ""
}

// written reports whether a range is written down, and does not stand for one that AWS will choose.
func (b *builder) written(p netip.Prefix) bool {
	return p.IsValid() && !slices.ContainsFunc(b.net.Assumptions, func(a Assumption) bool { return a.Prefix.IsValid() && a.Prefix.Overlaps(p) })
}

// blind says what comes of a dual-stack load balancer whose controller looks for no IPv6 when it finds subnets, as it does
// before 3.5.0: it takes one subnet of each zone, and Elastic Load Balancing refuses the load balancer where that one has none.
// See https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/networking/subnet_resolver.go.
func blind(found []*Subnet) (refused, unknown string) {
	with, without := map[string]*Subnet{}, map[string]*Subnet{}
	for _, s := range found {
		if s.IPv6.IsValid() {
			with[s.Zone] = s
		} else {
			without[s.Zone] = s
		}
	}
	for _, s := range found {
		bad := without[s.Zone]
		switch {
		case bad == nil:
		case with[s.Zone] == nil:
			return fmt.Sprintf("subnet %s of a zone has no IPv6 range, and before version 3.5.0 the controller takes it for a dualstack load balancer, which Elastic Load Balancing then refuses", bad), ""
		default:
			unknown = fmt.Sprintf("which of %s and %s the controller takes: before version 3.5.0 it does not look for IPv6", bad, with[s.Zone])
		}
	}
	return "", unknown
}
