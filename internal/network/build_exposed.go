package network

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

// settings are what the controller makes of an Ingress, a Service or a Gateway: every field with the place that
// decided it.
type settings struct {
	address, target, scheme string
	addressBy               Ref
	targetBy                Ref
	cidrs                   []string
	subnets                 cfn.Value
	groups                  cfn.Value
	manageBackend           bool
	preserve, denyIGW       cfn.Value // attributes
	static                  []staticAddresses
	conflict                string // of the group's Ingresses, as the controller tells it
	crossZone               cfn.Value
}

// exposed builds the load balancers that the controller will create.
func (b *builder) exposed(c *Cluster) {
	b.bindings(c)
	for _, o := range c.Objects {
		switch o.Kind {
		case "Ingress":
			b.ingress(c, o)
		case "Service":
			if o.Text("spec", "type") == "LoadBalancer" {
				b.serviceLB(c, o)
			}
		case "Gateway":
			if strings.HasPrefix(o.APIVersion, "gateway.networking.k8s.io/") {
				b.gateway(c, o)
			}
		}
	}
	if c.Controller == nil {
		return
	}
	for _, l := range b.net.LoadBalancers {
		if l.Cluster == c {
			return
		}
		for _, li := range l.Listeners {
			for _, t := range li.Targets {
				if t.Cluster == c {
					return
				}
			}
		}
	}
	if c.VPC != nil && c.VPC.InternetGateway != nil { // without one, nobody means to be reached from the internet
		b.hypothetical(c, "internet-facing")
	}
	b.hypothetical(c, "internal")
}

// bindings joins target groups of the templates with the Services that TargetGroupBinding objects name.
func (b *builder) bindings(c *Cluster) {
	for _, o := range c.ObjectsOf("TargetGroupBinding") {
		arn := At(o.Value, "spec", "targetGroupARN")
		t := b.targets[key(arn)]
		if t == nil {
			continue
		}
		t.Binding, t.Cluster, t.PrimaryIPv6 = o, c, primaryIPv6(c)
		// Only spec.networking makes the controller open the nodes' security groups.
		for i, rule := range At(o.Value, "spec", "networking", "ingress").Items() {
			where := o.In(fmt.Sprintf("spec.networking.ingress[%d]", i))
			var ports []cfn.Value
			if ports = rule.Get("ports").Items(); len(ports) == 0 {
				ports = []cfn.Value{{}}
			}
			for _, from := range rule.Get("from").Items() {
				for _, p := range ports {
					r := &Rule{Ref: where, Proto: TCP, To: 65535}
					if p.Get("protocol").Is("UDP") {
						r.Proto = UDP
					}
					if n := b.port(where, p.Get("port")); n != 0 {
						r.From, r.To = n, n
					}
					if g := from.Get("securityGroup.groupID"); g.Exists() {
						r.Group = b.group(g)
					} else if cidr := from.Get("ipBlock.cidr"); cidr.Exists() {
						r.Prefix, r.Unknown = prefix(cidr, 0)
					} else {
						r.Unknown = from.String()
					}
					t.Backend = append(t.Backend, r)
				}
			}
		}
	}
}

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

// hypothetical is the ALB that the controller would create for an Ingress of class "alb" that asks for what every
// Ingress of an IPv6 cluster needs and the class does not already give.
func (b *builder) hypothetical(c *Cluster, scheme string) {
	r := c.Controller.Ref
	r.Type, r.Name, r.Property = "Ingress", "hypothetical "+scheme+" Ingress", ""
	params, by, _ := c.classParams("alb")
	assumed := "no Service is exposed in the templates: an Ingress of class alb with scheme " + scheme + " stands for one"
	var extra []string
	s := b.ingressSettings(c, params, by, func(name string) cfn.Value {
		switch {
		case name == "scheme":
			return cfn.String(scheme)
		case name == "ip-address-type" && c.Family == IPv6:
			extra = append(extra, "ip-address-type: dualstack")
			return cfn.String("dualstack")
		case name == "target-type" && c.Controller.DefaultTargetType != "ip":
			extra = append(extra, "target-type: ip")
			return cfn.String("ip")
		}
		return cfn.Value{}
	}, r)
	if s.scheme != scheme {
		return // the class forces the other one
	}
	if len(extra) > 0 {
		assumed += ", with the annotations " + strings.Join(extra, " and ") + " that the class does not give"
	}
	l := b.newLB(c, &Object{Ref: r, Cluster: c, Kind: "Ingress"}, ALB, s)
	l.For, l.Hypothetical, l.Assumption = nil, true, assumed
	t := b.serviceTarget(c, &Object{Ref: r, Cluster: c}, s, "", "", cfn.String("8080"))
	t.Name = "its Pods"
	l.Listeners = []*Listener{{Ref: r, Port: 443, Proto: TCP, Targets: []*TargetGroup{t}}}
	b.finish(l, s)
}

func (b *builder) newLB(c *Cluster, o *Object, kind LoadBalancerKind, s settings) *LoadBalancer {
	l := &LoadBalancer{Ref: o.Ref, Kind: kind, Cluster: c, For: o, Internal: s.scheme != "internet-facing", AddressType: s.address, VPC: c.VPC}
	l.DenyIGW, l.CrossZone = yes(s.denyIGW, l.Internal), yes(s.crossZone, false)
	l.EnforcePrivateLink = true
	return l
}

func (b *builder) refuse(l *LoadBalancer, because Ref, message string) {
	l.Refused, l.Because = message, because
	l.AddressType = cmp.Or(l.AddressType, "ipv4")
	l.VPC = l.Cluster.VPC
	b.net.LoadBalancers = append(b.net.LoadBalancers, l)
}

// serviceTarget is the target group that the controller makes for a port of a Service.
func (b *builder) serviceTarget(c *Cluster, o *Object, s settings, namespace, name string, port cfn.Value) *TargetGroup {
	t := &TargetGroup{Ref: o.Ref, Namespace: namespace, Service: name, TargetType: s.target, Family: c.Family, VPC: c.VPC, PrimaryIPv6: primaryIPv6(c), Cluster: c, Binding: o, Proto: TCP}
	svc := c.Object("Service", namespace, name)
	n, known := port.Int()
	t.Port = b.port(o.Ref, port)
	if svc != nil {
		t.Ref = svc.Ref
		for _, p := range At(svc.Value, "spec", "ports").Items() {
			pn, _ := p.Get("port").Int()
			if known && pn != n || !known && port.Exists() && !p.Get("name").Is(port.String()) {
				continue
			}
			own := b.port(svc.Ref, p.Get("port"))
			switch tp := p.Get("targetPort"); {
			case tp.Kind() == cfn.Absent:
				t.Port = own
			default:
				if _, ok := tp.Int(); ok {
					t.Port = b.port(svc.Ref, tp)
				} else {
					t.Port = b.namedPort(c, svc, tp.String(), own)
				}
			}
			break
		}
	}
	return t
}

// namedPort looks a port name up in the workloads that a Service selects.
func (b *builder) namedPort(c *Cluster, svc *Object, name string, otherwise uint16) uint16 {
	for _, w := range c.Selected(svc) {
		for _, ct := range At(w.PodSpec(), "containers").Items() {
			for _, p := range ct.Get("ports").Items() {
				if p.Get("name").Is(name) {
					if n := b.port(w.Ref, p.Get("containerPort")); n != 0 {
						return n
					}
				}
			}
		}
	}
	return otherwise
}

// finish gives a load balancer its subnets and security groups as the controller would, or the controller's
// refusal. See https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/subnet_discovery/.
func (b *builder) finish(l *LoadBalancer, s settings) {
	c := l.Cluster
	dual := l.Speaks(IPv6)
	switch {
	case s.conflict != "":
		b.refuse(l, s.addressBy, s.conflict)
		return
	case c.Family == IPv6 && !dual:
		b.refuse(l, s.addressBy, fmt.Sprintf("unsupported IPv6 configuration, lb not dual-stack: its address type is %s and its Pods have IPv6 addresses; want dualstack", cmp.Or(s.address, "ipv4")))
		return
	case s.target == "instance" && c.Family == IPv6 && !primaryIPv6(c):
		b.refuse(l, s.targetBy, "target type instance needs a primary IPv6 address on the nodes' interfaces, which the nodes do not have; want target type ip")
		return
	case s.subnets.Exists():
		list, unknown := items(s.subnets)
		if s.subnets.Kind() == cfn.Scalar {
			list = nil
			for _, id := range split(s.subnets) {
				list = append(list, cfn.String(id))
			}
		}
		if s.subnets.Kind() == cfn.Text { // "${A},${B}"
			list, unknown = nil, ""
			for _, p := range s.subnets.Parts() {
				if r, ok := p.Resource(); ok && r.Type == "AWS::EC2::Subnet" {
					list = append(list, p)
				} else if p.Kind() != cfn.Scalar {
					unknown = p.String()
				}
			}
		}
		l.Unknown = unknown
		for _, e := range list {
			l.Subnets = append(l.Subnets, b.subnetOrName(c.VPC, e))
		}
		for _, sub := range l.Subnets {
			if dual && !sub.Imported && !sub.IPv6.IsValid() {
				b.refuse(l, sub.Ref, fmt.Sprintf("subnet %s has no IPv6 range, which a dualstack load balancer needs", sub.Ref))
				return
			}
		}
	default:
		if !b.discover(l, dual) {
			return
		}
	}
	if refused := b.misfit(l, s.static); refused != "" {
		b.refuse(l, l.Ref, refused)
		return
	}
	rules := s.cidrs
	if len(rules) == 0 {
		rules = []string{"0.0.0.0/0"}
		if dual {
			rules = append(rules, "::/0")
		}
	}
	if s.groups.Exists() {
		list, unknown := items(s.groups)
		if s.groups.Kind() == cfn.Scalar {
			list = nil
			for _, id := range split(s.groups) {
				list = append(list, cfn.String(id))
			}
		}
		l.Unknown = cmp.Or(l.Unknown, unknown)
		for _, e := range list {
			l.Groups = append(l.Groups, b.group(e))
		}
	} else {
		r := l.Ref
		r.Type = "security group of the load balancer controller"
		r.Name = "load balancer security group of " + l.String()
		g := &SecurityGroup{Ref: r, VPC: l.VPC, Egress: everywhere(r, l.VPC)}
		for _, li := range l.Listeners {
			for _, cidr := range rules {
				rule := &Rule{Ref: r.In("inbound-cidrs " + cidr), Proto: li.Proto, From: li.Port, To: li.Port}
				rule.Prefix, rule.Unknown = prefix(cfn.String(cidr), 0)
				g.Ingress = append(g.Ingress, rule)
			}
		}
		l.Groups = []*SecurityGroup{g}
	}
	for _, li := range l.Listeners {
		for _, t := range li.Targets {
			t.PreserveClient = l.Kind == NLB && preserves(t.Proto == UDP, t.TargetType, s.preserve)
		}
	}
	if s.manageBackend {
		l.Groups = append(l.Groups, c.Controller.BackendGroup)
		for _, li := range l.Listeners {
			for _, t := range li.Targets {
				t.Backend = []*Rule{{Ref: c.Controller.In("backend rule"), Proto: t.Proto, From: t.Port, To: t.Port, Group: c.Controller.BackendGroup, Implied: true}}
			}
		}
	}
	b.net.LoadBalancers = append(b.net.LoadBalancers, l)
}

func primaryIPv6(c *Cluster) bool {
	for _, n := range c.NodeGroups {
		if n.Template == nil || !n.Template.PrimaryIPv6 {
			return false
		}
	}
	return len(c.NodeGroups) > 0
}

func (b *builder) subnetOrName(v *VPC, e cfn.Value) *Subnet {
	if v != nil {
		for _, s := range v.Subnets {
			if s.Tags["Name"] != "" && e.Is(s.Tags["Name"]) {
				return s
			}
		}
	}
	return b.subnet(e)
}

// discover finds a load balancer's subnets by their role tags, one for each zone; without any role tag in the VPC,
// by whether they reach an internet gateway.
func (b *builder) discover(l *LoadBalancer, dual bool) bool {
	c := l.Cluster
	if c.VPC == nil || c.VPC.Imported {
		l.Unknown = "the subnets of the cluster's VPC"
		b.net.LoadBalancers = append(b.net.LoadBalancers, l)
		return false
	}
	role := aws.PublicRoleTag
	if l.Internal {
		role = aws.InternalRoleTag
	}
	var found []*Subnet
	anyRole := false
	for _, s := range c.VPC.Subnets {
		anyRole = anyRole || s.Tags.Has(aws.PublicRoleTag) || s.Tags.Has(aws.InternalRoleTag)
		if s.Tags.Has(role) {
			found = append(found, s)
		}
	}
	how := "tagged " + role + "=1"
	// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/subnet_discovery/
	reachability, known := c.Controller.AtLeast(2, 12, 1)
	if !anyRole && c.Controller.Chart != nil && (reachability || !known) {
		how = "that reach an internet gateway"
		if l.Internal {
			how = "that reach no internet gateway"
		}
		for _, s := range c.VPC.Subnets {
			if reachesInternet(s) == !l.Internal {
				found = append(found, s)
			}
		}
	}
	if looks, known := c.Controller.AtLeast(3, 5, 0); dual && known && !looks {
		if refused, unknown := blind(found); refused != "" || unknown != "" {
			l.Unknown = unknown
			if refused != "" {
				b.refuse(l, c.Controller.In("Version"), refused)
			} else {
				b.net.LoadBalancers = append(b.net.LoadBalancers, l)
			}
			return false
		}
	}
	zones := map[string]bool{}
	without := ""
	for _, s := range found {
		switch {
		case dual && !s.IPv6.IsValid():
			without = s.String()
		case !zones[s.Zone]:
			zones[s.Zone] = true
			l.Subnets = append(l.Subnets, s)
		}
	}
	need := 1
	if l.Kind == ALB {
		need = 2
	}
	if len(l.Subnets) >= need {
		return true
	}
	msg := fmt.Sprintf("unable to resolve at least %d subnet(s) in different zones: %d of %s are %s", need, len(l.Subnets), c.VPC.Ref, how)
	if without != "" {
		msg += "; " + without + " has no IPv6 range"
	}
	l.Subnets = nil
	b.refuse(l, Ref{Stack: c.VPC.Stack, LogicalID: c.VPC.LogicalID, Type: c.VPC.Type, ConstructPath: c.VPC.ConstructPath, Property: "subnet tags"}, msg)
	return false
}

func reachesInternet(s *Subnet) bool {
	if s.RouteTable == nil {
		return false
	}
	for _, r := range s.RouteTable.Routes {
		if _, ok := r.Target.(*InternetGateway); ok {
			return true
		}
	}
	return false
}
