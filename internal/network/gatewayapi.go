package network

import (
	"cmp"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
)

// gateway builds the load balancer of a Gateway of the controller's classes.
func (b *builder) gateway(c *Cluster, o *Object) {
	class := c.named("GatewayClass", o.Text("spec", "gatewayClassName"))
	if class == nil {
		return
	}
	kind := ALB
	switch class.Text("spec", "controllerName") {
	case aws.GatewayALB:
	case aws.GatewayNLB:
		kind = NLB
	default:
		return
	}
	if c.Controller == nil {
		b.refuse(&LoadBalancer{Ref: o.Ref, Kind: kind, Cluster: c, For: o}, o.Ref,
			"no controller in the templates creates its load balancer: the AWS Load Balancer Controller is not installed")
		return
	}
	s := settings{manageBackend: true, scheme: c.Controller.DefaultScheme, address: "ipv4", addressBy: o.In("LoadBalancerConfiguration (none)"),
		target: c.Controller.DefaultTargetType, targetBy: c.Controller.In("Values.defaultTargetType")}
	apply := func(conf *Object) {
		if conf == nil {
			return
		}
		if v := At(conf.Value, "spec", "ipAddressType"); v.Exists() {
			s.address, s.addressBy = v.String(), conf.In("spec.ipAddressType")
		}
		if v := At(conf.Value, "spec", "scheme"); v.Exists() {
			s.scheme = v.String()
		}
		if v := attributeOf(At(conf.Value, "spec", "loadBalancerAttributes"), denyIGW); v.Exists() {
			s.denyIGW = v
		}
		if v := attributeOf(At(conf.Value, "spec", "loadBalancerAttributes"), crossZone); v.Exists() {
			s.crossZone = v
		}
		if v := At(conf.Value, "spec", "defaultTargetGroupConfiguration", "name"); v.Exists() {
			for _, tg := range c.ObjectsOf("TargetGroupConfiguration") {
				if tg.ObjectName == v.String() {
					s.preserve = attributeOf(At(tg.Value, "spec", "defaultConfiguration", "targetGroupAttributes"), preserveClient)
					if tt := tg.Text("spec", "defaultConfiguration", "targetType"); tt != "" {
						s.target, s.targetBy = tt, tg.In("spec.defaultConfiguration.targetType")
					}
				}
			}
		}
		if v := At(conf.Value, "spec", "sourceRanges"); v.Exists() {
			s.cidrs = nil
			for _, e := range v.Items() {
				s.cidrs = append(s.cidrs, e.String())
			}
		}
	}
	own := c.named("LoadBalancerConfiguration", o.Text("spec", "infrastructure", "parametersRef", "name"))
	fromClass := c.named("LoadBalancerConfiguration", class.Text("spec", "parametersRef", "name"))
	if fromClass != nil && fromClass.Text("spec", "mergingMode") == "prefer-gateway" {
		apply(fromClass)
		apply(own)
	} else { // prefer-gateway-class is the default
		apply(own)
		apply(fromClass)
	}
	l := b.newLB(c, o, kind, s)
	var targets []*TargetGroup
	for _, route := range c.Objects {
		if !strings.HasSuffix(route.Kind, "Route") {
			continue
		}
		attached := false
		for _, p := range At(route.Value, "spec", "parentRefs").Items() {
			attached = attached || p.Get("name").Is(o.ObjectName) && cmp.Or(str(p.Get("namespace")), route.Namespace) == o.Namespace
		}
		if !attached {
			continue
		}
		for _, r := range At(route.Value, "spec", "rules").Items() {
			for _, be := range r.Get("backendRefs").Items() {
				ns := cmp.Or(str(be.Get("namespace")), route.Namespace)
				t := b.serviceTarget(c, o, s, ns, str(be.Get("name")), be.Get("port"))
				if route.Kind == "UDPRoute" {
					t.Proto = UDP
				}
				targets = append(targets, t)
			}
		}
	}
	for _, e := range At(o.Value, "spec", "listeners").Items() {
		li := &Listener{Ref: o.Ref, Port: b.port(o.Ref, e.Get("port")), Proto: TCP}
		if e.Get("protocol").Is("UDP") {
			li.Proto = UDP
		}
		for _, t := range targets {
			if t.Proto == li.Proto {
				li.Targets = append(li.Targets, t)
			}
		}
		l.Listeners = append(l.Listeners, li)
	}
	b.finish(l, s)
}
