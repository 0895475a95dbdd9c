package network

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtController, Name: "AWS Load Balancer Controller",
		Fix:     "give the controller what it looks for: public subnets tagged kubernetes.io/role/elb, private ones kubernetes.io/role/internal-elb, and ip targets with address type dualstack",
		Reads:   []Reading{{readControllers, (*builder).controllers}},
		Subject: "AWS Load Balancer Controller",
		Models: "found by its Helm chart, or part of Auto Mode; what it will create for each Ingress, Service and Gateway, from the class, the annotations and the " +
			"chart's values; subnets by role tags, or by reachability when no subnet has one; load balancer and target group attributes; its security groups and " +
			"the rules it adds to the nodes', which hold for whoever they name; its own refusals, such as `lb not dual-stack`",
		Source: "[controller](https://kubernetes-sigs.github.io/aws-load-balancer-controller/)",
	})
}

// Controller is the AWS Load Balancer Controller in a cluster.
type Controller struct {
	Ref
	Cluster           *Cluster
	Chart             *Chart // nil when built into Auto Mode
	DefaultTargetType string // instance by default; ip on Auto Mode
	DefaultScheme     string // internal by default
	// ClassParams is the spec of the IngressClassParams that the chart creates for class "alb".
	ClassParams cfn.Value
	// BackendGroup is the shared backend security group that it puts on load balancers.
	BackendGroup *SecurityGroup
}

// AtLeast reports whether the controller's version is the given one or later; known is false for Auto Mode's, and where the
// template does not say. Charts of major version 1 hold the controller's version 2 with the same minor one.
func (c *Controller) AtLeast(major, minor, patch int) (yes, known bool) {
	if c.Chart == nil {
		return false, false
	}
	text, _, _ := strings.Cut(strings.TrimPrefix(c.Chart.Version, "v"), "-")
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return false, false
	}
	var v [3]int
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil {
			return false, false
		}
		v[i] = n
	}
	if v[0] == 1 {
		v[0] = 2
	}
	return slices.Compare(v[:], []int{major, minor, patch}) >= 0, true
}

const controllerChart = "aws-load-balancer-controller"

// controllers finds the AWS Load Balancer Controller of each cluster, and builds the load balancers that it will create.
func (b *builder) controllers() {
	for _, c := range b.net.Clusters {
		c.Controller = b.controller(c)
		b.exposed(c)
	}
}

func (b *builder) controller(c *Cluster) *Controller {
	var ctl *Controller
	for _, ch := range c.Charts {
		if ch.Chart == controllerChart || strings.HasSuffix(ch.Chart, "/"+controllerChart) || strings.HasSuffix(strings.TrimRight(ch.Repository, "/"), "/"+controllerChart) {
			ctl = &Controller{Ref: ch.Ref, Cluster: c, Chart: ch, DefaultTargetType: "instance", DefaultScheme: "internal"}
			if v := At(ch.Values, "defaultTargetType"); v.Exists() {
				ctl.DefaultTargetType = v.String()
			}
			if v := At(ch.Values, "defaultLoadBalancerScheme"); v.Exists() {
				ctl.DefaultScheme = v.String()
			}
			if yes(At(ch.Values, "ingressClassParams", "create"), true) {
				ctl.ClassParams = At(ch.Values, "ingressClassParams", "spec")
			}
		}
	}
	if ctl == nil && c.AutoMode {
		ctl = &Controller{Ref: c.In("ElasticLoadBalancing"), Cluster: c, DefaultTargetType: "ip", DefaultScheme: "internal"}
	}
	if ctl != nil {
		r := ctl.Ref
		r.Type = "security group of the load balancer controller"
		r.Name = "shared backend security group"
		ctl.BackendGroup = &SecurityGroup{Ref: r, VPC: c.VPC, Egress: everywhere(r, c.VPC)}
	}
	return ctl
}

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
	if t.AnyPort = svc == nil && t.TargetType == "ip"; !t.AnyPort && svc != nil {
		t.Ref = svc.Ref
		var has []string
		found := false
		for _, p := range At(svc.Value, "spec", "ports").Items() {
			pn, _ := p.Get("port").Int()
			has = append(has, strings.TrimSpace(str(p.Get("name"))+" "+str(p.Get("port"))))
			if known && pn != n || !known && port.Exists() && !p.Get("name").Is(port.String()) {
				continue
			}
			found = true
			own := b.port(svc.Ref, p.Get("port"))
			switch tp := p.Get("targetPort"); {
			case tp.Kind() == cfn.Absent:
				t.Port = own
			default:
				if _, ok := tp.Int(); ok {
					t.Port = b.port(svc.Ref, tp)
					break
				}
				t.Port = b.namedPort(c, svc, tp.String())
				pods := c.Selected(svc)
				t.AnyPort = t.Port == 0 && (len(pods) == 0 || !tp.Known())
				if t.Port == 0 && !t.AnyPort {
					t.missing = fmt.Sprintf("no container of %s has a port named %s, which service %s/%s sends to", pods[0].Name, tp, namespace, name)
				}
			}
			break
		}
		if _, text := port.Text(); !found && (known || text) && len(has) > 0 {
			t.missing = fmt.Sprintf("unable to find port %s on service %s/%s: its ports are %s", port, namespace, name, strings.Join(has, ", "))
		}
	}
	if t.AnyPort {
		t.Port = cmp.Or(t.Port, 8080)
	}
	return t
}

// namedPort looks a port name up in the workloads that a Service selects; 0 where none has it.
func (b *builder) namedPort(c *Cluster, svc *Object, name string) uint16 {
	for _, w := range c.Selected(svc) {
		for _, p := range containerPorts(w) {
			if p.name == name {
				return p.number
			}
		}
	}
	return 0
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
	for _, li := range l.Listeners {
		for _, t := range li.Targets {
			if t.missing != "" {
				b.refuse(l, l.Ref, t.missing)
				return
			}
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
				rule := &Rule{Ref: c.Controller.In("backend rule"), Proto: t.Proto, From: t.Port, To: t.Port, Group: c.Controller.BackendGroup, Implied: true}
				if t.AnyPort { // the controller reads the port in the cluster
					rule.From, rule.To = 0, 65535
				}
				t.Backend = []*Rule{rule}
			}
		}
	}
	b.net.LoadBalancers = append(b.net.LoadBalancers, l)
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
	t.Name, t.AnyPort = "its Pods", false
	l.Listeners = []*Listener{{Ref: r, Port: 443, Proto: TCP, Targets: []*TargetGroup{t}}}
	b.finish(l, s)
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
