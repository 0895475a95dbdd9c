package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

// serviceLB builds the NLB of a Service of type LoadBalancer.
func (b *builder) serviceLB(c *Cluster, o *Object) {
	note := func(name string) cfn.Value { return o.Annotation(aws.ServiceAnnotation + name) }
	class, typ := o.Text("spec", "loadBalancerClass"), str(note("type"))
	l := &LoadBalancer{Ref: o.Ref, Kind: NLB, Cluster: c, For: o}
	switch {
	case class == aws.ServiceClass || class == "eks.amazonaws.com/nlb" || typ == "external" || typ == "nlb-ip":
	case class != "":
		return // another controller's
	case c.Controller != nil && (c.Controller.Chart == nil || yes(At(c.Controller.Chart.Values, "enableServiceMutatorWebhook"), true)):
		// the webhook gives every Service of this type the controller's class
	default:
		b.refuse(l, o.In("spec.loadBalancerClass"), "Kubernetes' in-tree controller takes this Service, and it knows no IPv6: set loadBalancerClass to service.k8s.aws/nlb")
		return
	}
	if c.Controller == nil {
		b.refuse(l, o.Ref, "no controller in the templates creates its load balancer: the AWS Load Balancer Controller is not installed")
		return
	}
	s := settings{manageBackend: true, scheme: c.Controller.DefaultScheme, address: "ipv4",
		addressBy: o.In(aws.ServiceAnnotation + "ip-address-type (not set)"), target: c.Controller.DefaultTargetType, targetBy: c.Controller.In("Values.defaultTargetType")}
	if class == "eks.amazonaws.com/nlb" && c.AutoMode { // Auto Mode's own, also beside a chart
		s.target, s.targetBy = "ip", c.In("ElasticLoadBalancing")
	}
	if p := c.serviceDefault(); p != nil {
		s.address, s.addressBy = "dualstack", p.Ref
	}
	if v := note("ip-address-type"); v.Exists() {
		s.address, s.addressBy = v.String(), o.In(aws.ServiceAnnotation+"ip-address-type")
	}
	if s.address == aws.DualStackWithoutPublicIPv4 {
		b.refuse(l, s.addressBy, "unknown IPAddressType: dualstack-without-public-ipv4 (a Service has ipv4 or dualstack)")
		return
	}
	if typ == "nlb-ip" {
		s.target, s.targetBy = "ip", o.In(aws.ServiceAnnotation+"type")
	}
	if v := note("nlb-target-type"); v.Exists() {
		s.target, s.targetBy = v.String(), o.In(aws.ServiceAnnotation+"nlb-target-type")
	}
	if v := note("scheme"); v.Exists() {
		s.scheme = v.String()
	} else if v := note("internal"); v.Exists() && !v.Is("false") {
		s.scheme = "internal"
	}
	for _, v := range At(o.Value, "spec", "loadBalancerSourceRanges").Items() {
		s.cidrs = append(s.cidrs, v.String())
	}
	if v := o.Annotation(aws.SourceRangesAnnotation); len(s.cidrs) == 0 && v.Exists() {
		s.cidrs = split(v)
	}
	if v := note("subnets"); v.Exists() {
		s.subnets = v
	}
	if v := note("security-groups"); v.Exists() {
		s.groups = v
		s.manageBackend = yes(note("manage-backend-security-group-rules"), false)
	}
	s.preserve, s.denyIGW = attributeOf(note("target-group-attributes"), preserveClient), attributeOf(note("attributes"), denyIGW)
	s.static = staticOf(note)
	s.crossZone = attributeOf(note("attributes"), crossZone)
	if v := note("cross-zone-load-balancing-enabled"); v.Exists() && !s.crossZone.Exists() {
		s.crossZone = v
	}
	l = b.newLB(c, o, NLB, s)
	for _, p := range At(o.Value, "spec", "ports").Items() {
		li := &Listener{Ref: o.Ref, Port: b.port(o.Ref, p.Get("port")), Proto: TCP}
		if p.Get("protocol").Is("UDP") {
			li.Proto = UDP
		}
		t := b.serviceTarget(c, o, s, o.Namespace, o.ObjectName, p.Get("port"))
		t.Proto = li.Proto
		li.Targets = []*TargetGroup{t}
		l.Listeners = append(l.Listeners, li)
	}
	b.finish(l, s)
}

// serviceDefault is the MutatingAdmissionPolicy that gives Services a dual-stack load balancer, or nil. The
// controller itself has no such default.
func (c *Cluster) serviceDefault() *Object {
	for _, o := range c.ObjectsOf("MutatingAdmissionPolicy") {
		bound := false
		for _, p := range c.ObjectsOf("MutatingAdmissionPolicyBinding") {
			bound = bound || p.Text("spec", "policyName") == o.ObjectName
		}
		for _, m := range At(o.Value, "spec", "mutations").Items() {
			e := m.String()
			if bound && strings.Contains(e, aws.ServiceAnnotation+"ip-address-type") && strings.Contains(e, "dualstack") {
				return o
			}
		}
	}
	return nil
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
