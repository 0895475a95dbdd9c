package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

// ingress builds the ALB of an Ingress, when it is the controller's.
func (b *builder) ingress(c *Cluster, o *Object) {
	params, by, mine := c.classParams(classOf(o))
	if !mine {
		return
	}
	if c.Controller == nil {
		b.refuse(&LoadBalancer{Ref: o.Ref, Kind: ALB, Cluster: c, For: o}, o.Ref,
			"no controller in the templates creates its load balancer: the AWS Load Balancer Controller is not installed")
		return
	}
	group := c.ingressGroup(o, params)
	s := b.ingressSettings(c, params, by, group.annotation(o), o.Ref)
	s.conflict = group.conflict()
	l := b.newLB(c, o, ALB, s)
	listeners := b.ingressPorts(o)
	services := ingressServices(o)
	for _, port := range listeners {
		li := &Listener{Ref: o.Ref, Port: port, Proto: TCP}
		for _, sv := range services {
			li.Targets = append(li.Targets, b.serviceTarget(c, o, s, o.Namespace, sv.name, sv.port))
		}
		l.Listeners = append(l.Listeners, li)
	}
	b.finish(l, s)
}

func classOf(ingress *Object) string {
	return cmp.Or(ingress.Text("spec", "ingressClassName"), ingress.Text("metadata", "annotations", "kubernetes.io/ingress.class"), "alb")
}

// classParams returns the IngressClassParams spec behind an Ingress class, where it is written, and whether the
// class belongs to the load balancer controller.
func (c *Cluster) classParams(class string) (cfn.Value, Ref, bool) {
	if ic := c.named("IngressClass", class); ic != nil {
		switch ic.Text("spec", "controller") {
		case aws.IngressController, "eks.amazonaws.com/alb":
		default:
			return cfn.Value{}, Ref{}, false
		}
		if p := c.named("IngressClassParams", ic.Text("spec", "parameters", "name")); p != nil {
			return At(p.Value, "spec"), p.In("spec"), true
		}
		return cfn.Value{}, ic.Ref, true
	}
	if c.Controller == nil || c.Controller.Chart == nil {
		return cfn.Value{}, c.Ref, class == "alb"
	}
	chart := c.Controller.Chart
	if name := At(chart.Values, "ingressClass"); name.Exists() && name.String() != class || !name.Exists() && class != "alb" {
		return cfn.Value{}, Ref{}, false
	}
	return c.Controller.ClassParams, chart.In("Values.ingressClassParams.spec"), true
}

func (b *builder) ingressSettings(c *Cluster, params cfn.Value, by Ref, note func(string) cfn.Value, where Ref) settings {
	pick := func(param, annotation, otherwise string, otherwiseBy Ref) (string, Ref) {
		if v := params.Get(param); v.Exists() {
			return v.String(), Ref{Stack: by.Stack, LogicalID: by.LogicalID, Type: by.Type, ConstructPath: by.ConstructPath, Name: by.Name,
				Property: strings.TrimPrefix(by.Property+"."+param, ".")}
		}
		if v := note(annotation); v.Exists() {
			return v.String(), where.In(aws.IngressAnnotation + annotation)
		}
		return otherwise, otherwiseBy
	}
	s := settings{manageBackend: true}
	s.address, s.addressBy = pick("ipAddressType", "ip-address-type", "ipv4", where.In(aws.IngressAnnotation+"ip-address-type (not set)"))
	s.target, s.targetBy = pick("targetType", "target-type", c.Controller.DefaultTargetType, c.Controller.In("Values.defaultTargetType"))
	s.scheme, _ = pick("scheme", "scheme", c.Controller.DefaultScheme, c.Controller.Ref)
	for _, v := range params.Get("inboundCIDRs").Items() {
		s.cidrs = append(s.cidrs, v.String())
	}
	if v := note("inbound-cidrs"); len(s.cidrs) == 0 && v.Exists() {
		s.cidrs = split(v)
	}
	if v := params.Get("subnets.ids"); v.Exists() {
		s.subnets = v
	} else if v := note("subnets"); v.Exists() {
		s.subnets = v
	}
	if v := note("security-groups"); v.Exists() {
		s.groups = v
		s.manageBackend = yes(note("manage-backend-security-group-rules"), false)
	}
	s.denyIGW = attributeOf(note("load-balancer-attributes"), denyIGW)
	if v := attributeOf(params.Get("loadBalancerAttributes"), denyIGW); v.Exists() {
		s.denyIGW = v
	}
	return s
}

func split(v cfn.Value) []string {
	return strings.FieldsFunc(v.String(), func(r rune) bool { return r == ',' || r == ' ' })
}

type serviceRef struct {
	name string
	port cfn.Value
}

func ingressServices(o *Object) (out []serviceRef) {
	add := func(v cfn.Value) {
		if n := v.Get("service.name"); n.Exists() {
			port := v.Get("service.port.number")
			if !port.Exists() {
				port = v.Get("service.port.name")
			}
			out = append(out, serviceRef{n.String(), port})
		}
	}
	add(At(o.Value, "spec", "defaultBackend"))
	for _, r := range At(o.Value, "spec", "rules").Items() {
		for _, p := range r.Get("http.paths").Items() {
			add(p.Get("backend"))
		}
	}
	return out
}

// ingressPorts are the listeners of an Ingress: the listen-ports annotation, else 443 with a certificate, else 80.
func (b *builder) ingressPorts(o *Object) (out []uint16) {
	if v := o.Annotation(aws.IngressAnnotation + "listen-ports"); v.Exists() {
		d, err := v.Decode()
		if err != nil {
			b.problem(o.Ref, "annotation listen-ports: %v", err)
		}
		for _, e := range d.Items() {
			for _, k := range e.Keys() {
				if n := b.port(o.Ref, e.Field(k)); n != 0 {
					out = append(out, n)
				}
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	if o.Annotation(aws.IngressAnnotation+"certificate-arn").Exists() || len(At(o.Value, "spec", "tls").Items()) > 0 {
		return []uint16{443}
	}
	return []uint16{80}
}

// ingressGroup are the Ingresses that share a load balancer with one, itself among them.
type ingressGroup struct {
	name    string
	members []groupMember
}

type groupMember struct {
	ingress *Object
	params  cfn.Value // of its class
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
