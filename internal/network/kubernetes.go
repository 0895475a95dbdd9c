package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
)

func init() {
	register(Kind{
		Component: AtKubernetesService, Name: "Service",
		Types:   []string{"Custom::AWSCDK-EKS-KubernetesResource"},
		Reads:   []Reading{{readObjects, (*builder).manifests}},
		Subject: "Kubernetes objects",
		Models: "in `Custom::AWSCDK-EKS-KubernetesResource`: NetworkPolicies as far as which workload and direction they close or open, workloads, Service, Ingress, " +
			"IngressClass, IngressClassParams, Gateway, GatewayClass, HTTPRoute and its kin, LoadBalancerConfiguration, TargetGroupConfiguration, " +
			"TargetGroupBinding, MutatingAdmissionPolicy that gives Services a dual-stack default",
	})
}

// Object is a Kubernetes object that a template applies.
type Object struct {
	Ref
	Cluster    *Cluster
	APIVersion string
	Kind       string
	Namespace  string // "default" when a namespaced object gives none
	ObjectName string
	Value      cfn.Value // the whole object; unknown parts stay in their places
}

// Text follows keys to a scalar, as text; "" when there is none. An unknown value is its expression.
func (o *Object) Text(keys ...string) string {
	v := At(o.Value, keys...)
	if !v.Exists() {
		return ""
	}
	return v.String()
}

// Annotation returns an annotation; absent when it is not set.
func (o *Object) Annotation(key string) cfn.Value { return At(o.Value, "metadata", "annotations", key) }

// At follows keys into maps. Unlike [cfn.Value.Get] it takes a key with dots for one key, as Kubernetes
// annotations need.
func At(v cfn.Value, keys ...string) cfn.Value {
	for i, k := range keys {
		if v.Kind() != cfn.Map {
			return v.Get(strings.Join(keys[i:], "."))
		}
		v = v.Field(k)
	}
	return v
}

// ObjectsOf returns the cluster's objects of a kind.
func (c *Cluster) ObjectsOf(kind string) []*Object {
	var out []*Object
	for _, o := range c.Objects {
		if o.Kind == kind {
			out = append(out, o)
		}
	}
	return out
}

// manifests reads the objects that templates apply.
func (b *builder) manifests() {
	for _, r := range b.set.Resources("Custom::AWSCDK-EKS-KubernetesResource") {
		c := b.clusterOf(r.Prop("ClusterName"), ref(r))
		if c == nil {
			continue
		}
		d, err := r.Prop("Manifest").Decode()
		if err != nil {
			b.problem(ref(r), "Manifest: %v", err)
			continue
		}
		list := []cfn.Value{d}
		if d.Kind() == cfn.List {
			list = d.Items()
		}
		for _, v := range list {
			b.object(c, ref(r), v)
		}
	}
}

func (b *builder) object(c *Cluster, where Ref, v cfn.Value) {
	if v.Kind() != cfn.Map {
		if v.Exists() {
			b.problem(where, "Manifest holds %s, which is no Kubernetes object", v.Kind())
		}
		return
	}
	if v.Field("kind").Is("List") {
		for _, e := range v.Field("items").Items() {
			b.object(c, where, e)
		}
		return
	}
	o := &Object{Ref: where, Cluster: c, Value: v}
	o.Kind, o.APIVersion = o.Text("kind"), o.Text("apiVersion")
	o.ObjectName, o.Namespace = o.Text("metadata", "name"), cmp.Or(o.Text("metadata", "namespace"), "default")
	o.Name = strings.ToLower(o.Kind) + " " + o.Namespace + "/" + o.ObjectName
	c.Objects = append(c.Objects, o)
}

// Object finds an object of the cluster, or nil.
func (c *Cluster) Object(kind, namespace, name string) *Object {
	for _, o := range c.Objects {
		if o.Kind == kind && o.Namespace == namespace && o.ObjectName == name {
			return o
		}
	}
	return nil
}

// named finds a cluster-scoped object.
func (c *Cluster) named(kind, name string) *Object {
	for _, o := range c.Objects {
		if o.Kind == kind && o.ObjectName == name {
			return o
		}
	}
	return nil
}

// PodSpec is the Pod spec of a workload: a Pod's own, or its template's; absent for other kinds.
func (o *Object) PodSpec() cfn.Value {
	switch o.Kind {
	case "Pod":
		return At(o.Value, "spec")
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job":
		return At(o.Value, "spec", "template", "spec")
	case "CronJob":
		return At(o.Value, "spec", "jobTemplate", "spec", "template", "spec")
	}
	return cfn.Value{}
}

// Workloads are the objects that start Pods.
func (c *Cluster) Workloads() []*Object {
	var out []*Object
	for _, o := range c.Objects {
		if o.PodSpec().Exists() {
			out = append(out, o)
		}
	}
	return out
}

// Behind are the workloads whose Pods are the targets of a target group.
func (c *Cluster) Behind(t *TargetGroup) []*Object {
	svc := c.Object("Service", t.Namespace, t.Service)
	if b := t.Binding; b != nil && b.Kind == "TargetGroupBinding" {
		svc = c.Object("Service", b.Namespace, b.Text("spec", "serviceRef", "name"))
	}
	if svc == nil {
		return nil
	}
	return c.Selected(svc)
}

// Selected are the workloads whose Pods a Service selects.
func (c *Cluster) Selected(svc *Object) []*Object {
	sel := At(svc.Value, "spec", "selector")
	var out []*Object
	for _, w := range c.Workloads() {
		if w.Namespace != svc.Namespace || len(sel.Keys()) == 0 {
			continue
		}
		labels := At(w.Value, "spec", "template", "metadata", "labels")
		if w.Kind == "Pod" {
			labels = At(w.Value, "metadata", "labels")
		}
		match := true
		for _, k := range sel.Keys() {
			match = match && labels.Field(k).Exists() && labels.Field(k).Equal(sel.Field(k))
		}
		if match {
			out = append(out, w)
		}
	}
	return out
}

// What templates declare is what the catalogue asks: the ports of containers, of Services and of webhooks.

// servicePort is a port of a Service.
type servicePort struct {
	proto Proto
	port  uint16
	// target are the ports of the Pods behind it: one, or all that it may be where the templates do not hold the container that
	// gives the port its name.
	target netset.Numbers
}

// anyPort are all ports.
var anyPort = netset.Between(1, 65535)

// servicePorts are the ports of a Service, with those of the Pods that it selects.
// See https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports.
func servicePorts(c *Cluster, svc *Object) (out []servicePort) {
	for _, p := range At(svc.Value, "spec", "ports").Items() {
		port, ok := portNumber(p.Get("port"))
		if !ok {
			continue
		}
		sp := servicePort{proto: portProtocol(p.Get("protocol")), port: port, target: netset.Just(port)}
		if v := p.Get("targetPort"); v.Exists() {
			sp.target = targets(c, svc, v)
		}
		out = append(out, sp)
	}
	return out
}

// targets are the ports that a Service's targetPort means: a number, or the name of ports of the containers that it selects.
func targets(c *Cluster, svc *Object, v cfn.Value) netset.Numbers {
	if n, ok := portNumber(v); ok {
		return netset.Just(n)
	}
	var named []uint16
	if name, known := v.Text(); known {
		for _, w := range c.Selected(svc) {
			for _, p := range containerPorts(w) {
				if p.name == name {
					named = append(named, p.number)
				}
			}
		}
	}
	if len(named) == 0 {
		return anyPort
	}
	return netset.Just(named...)
}

func portNumber(v cfn.Value) (uint16, bool) {
	n, ok := v.Int()
	return uint16(n), ok && n > 0 && n <= 65535
}

// portProtocol is the protocol of a port in a manifest, TCP where it says none.
func portProtocol(v cfn.Value) Proto {
	switch {
	case v.Is("UDP"):
		return UDP
	case v.Is("SCTP"):
		return SCTP
	}
	return TCP
}

type containerPort struct {
	name   string
	number uint16
	proto  Proto
}

// containerPorts are the ports of a workload's containers.
func containerPorts(w *Object) (out []containerPort) {
	spec := w.PodSpec()
	for _, c := range slices.Concat(spec.Get("containers").Items(), spec.Get("initContainers").Items()) {
		for _, p := range c.Get("ports").Items() {
			if n, ok := portNumber(p.Get("containerPort")); ok {
				name, _ := p.Get("name").Text()
				out = append(out, containerPort{name, n, portProtocol(p.Get("protocol"))})
			}
		}
	}
	return out
}

// DeclaredPorts are the ports at which the templates say that Pods of a cluster listen, by protocol; TCP 8080 where they say none.
// From another network those behind Services are meant; inside the cluster those of containers too, as kubelet's probes.
func DeclaredPorts(c *Cluster, inside bool) map[Proto]netset.Numbers {
	out := map[Proto]netset.Numbers{}
	if inside {
		for _, w := range c.Workloads() {
			for _, p := range containerPorts(w) {
				out[p.proto] = out[p.proto].Union(netset.Just(p.number))
			}
		}
	}
	for _, svc := range c.ObjectsOf("Service") {
		for _, p := range servicePorts(c, svc) {
			if !p.target.Equal(anyPort) {
				out[p.proto] = out[p.proto].Union(p.target)
			}
		}
	}
	if len(out) == 0 {
		out[TCP] = netset.Just(8080)
	}
	return out
}

// controllerWebhook is the port of the AWS Load Balancer Controller's webhook.
const controllerWebhook = 9443

// WebhookPorts are the ports of Pods that the Kubernetes API calls: the controller's, and those behind the Services that webhook
// configurations, conversions of custom resources and API services name.
func WebhookPorts(c *Cluster) []netset.Numbers {
	certain := netset.Just(controllerWebhook)
	var open []netset.Numbers
	call := func(ref cfn.Value) {
		namespace, _ := ref.Get("namespace").Text()
		name, _ := ref.Get("name").Text()
		svc := c.Object("Service", namespace, name)
		if svc == nil {
			return // its Pods are not in the templates, and so is what they listen at
		}
		port, ok := portNumber(ref.Get("port"))
		if !ok {
			port = 443
		}
		for _, p := range servicePorts(c, svc) {
			switch {
			case p.port != port || p.proto != TCP:
			case p.target.Equal(anyPort):
				open = append(open, p.target)
			default:
				certain = certain.Union(p.target)
			}
		}
	}
	for _, o := range c.Objects {
		switch o.Kind {
		case "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
			for _, w := range At(o.Value, "webhooks").Items() {
				call(At(w, "clientConfig", "service"))
			}
		case "APIService":
			call(At(o.Value, "spec", "service"))
		case "CustomResourceDefinition":
			call(At(o.Value, "spec", "conversion", "webhook", "clientConfig", "service"))
		}
	}
	return append([]netset.Numbers{certain}, open...)
}

// ClusterIP is a Service inside its cluster, by each of its ports that a query asks for. kube-dns is there wherever CoreDNS runs.
func (n *Network) ClusterIP(sh *ClusterPods, svc *Object, namespace, name string, q Query) []Destination {
	c := sh.Cluster
	d := Destination{Name: "service:" + namespace + "/" + name, Named: true}
	d.Service = Ref{Type: "Kubernetes Service", Name: namespace + "/" + name}
	ordinal := 0
	var ports []servicePort
	switch {
	case svc != nil:
		d.Service = svc.Ref
		d.Service.Type = "Kubernetes Service"
		ordinal = 100 + slices.Index(c.Objects, svc)
		ports = servicePorts(c, svc)
	case namespace == "kube-system" && name == "kube-dns" && c.Runs("coredns"):
		ordinal = 10
		ports = []servicePort{{UDP, 53, netset.Just(53)}, {TCP, 53, netset.Just(53)}}
		if a := c.Addon("coredns"); a != nil {
			d.Service = a.Ref
		}
	default:
		return nil
	}
	d.Virtual = netset.Plus(c.ServiceRange.Addr(), ordinal)
	if c.Family == IPv6 {
		d.Family = IPv6
	}
	backends := sh.Peers
	if svc != nil {
		if selected := c.Selected(svc); len(selected) > 0 {
			backends = nil
			for _, w := range selected {
				for _, p := range sh.onFargate(sh.Peers, w.Namespace) {
					backends = append(backends, p.workload(w))
				}
			}
		}
	}
	var out []Destination
	for _, p := range ports {
		if q.Port != 0 && q.Port != p.port || q.Proto != 0 && q.Proto != p.proto {
			continue
		}
		for _, b := range backends {
			e := d
			e.To, e.Port, e.Proto, e.Targets = b, p.port, p.proto, p.target
			out = append(out, e)
		}
	}
	if len(out) == 0 { // nothing listens there
		for _, b := range backends {
			e := d
			e.To, e.Port, e.Proto = b, cmp.Or(q.Port, 443), cmp.Or(q.Proto, TCP)
			e.Fails = &Failure{NoRoute, AtKubernetesService, d.Service, "the Service has no such port"}
			out = append(out, e)
		}
	}
	return out
}

// exposed is a Service, Ingress or Gateway as destination: a Service by its ClusterIP from inside its cluster, else by
// the load balancers in front of it.
func (n *Network) exposed(q Query, from *Interface, kind, name string) ([]Destination, error) {
	namespace, object, ok := strings.Cut(name, "/")
	if !ok {
		namespace, object = "default", name
	}
	var out []Destination
	found := false
	for _, sh := range n.ClusterPods {
		c := sh.Cluster
		var svc *Object
		if kind == "service" {
			svc = c.Object("Service", namespace, object)
			if from.Cluster == c && from.Kind != ControlPlaneInterface {
				if d := n.ClusterIP(sh, svc, namespace, object, q); d != nil {
					return d, nil
				}
				continue
			}
		}
		for _, l := range n.LoadBalancers {
			if l.Cluster != c && !slices.ContainsFunc(l.Listeners, func(li *Listener) bool {
				return slices.ContainsFunc(li.Targets, func(t *TargetGroup) bool { return t.Cluster == c })
			}) {
				continue
			}
			if n.serves(l, kind, namespace, object) {
				out = append(out, n.Through(l, q, from)...)
			}
		}
		found = found || svc != nil
	}
	switch {
	case len(out) > 0:
		return out, nil
	case found:
		return nil, fmt.Errorf("service %s/%s has no load balancer in the templates: it is reached from its own cluster only", namespace, object)
	}
	return nil, n.unknown(q.To)
}

// serves reports whether a load balancer is in front of a Kubernetes object.
func (n *Network) serves(l *LoadBalancer, kind, namespace, object string) bool {
	is := func(o *Object, kind string) bool {
		return o != nil && strings.EqualFold(o.Kind, kind) && o.Namespace == namespace && o.ObjectName == object
	}
	if is(l.For, kind) {
		return true
	}
	if kind != "service" {
		return false
	}
	for _, li := range l.Listeners {
		for _, t := range li.Targets {
			if t.Name == "service "+namespace+"/"+object {
				return true
			}
			if is(t.Binding, "TargetGroupBinding") || t.Binding != nil && t.Binding.Kind == "TargetGroupBinding" && t.Binding.Namespace == namespace && t.Binding.Text("spec", "serviceRef", "name") == object {
				return true
			}
		}
	}
	return false
}

// toPodBehind has kube-proxy translate a ClusterIP to a Pod behind it.
func (t *tracer) toPodBehind(from *Interface, d Destination, f Family) (undo, Verdict) {
	if !from.Cluster.Runs("kube-proxy") {
		return undo{}, t.stop(NoRoute, AtKubeProxy, from.Cluster.Ref, "kube-proxy is not installed: EKS installs it with BootstrapSelfManagedAddons, otherwise an AWS::EKS::Addon does")
	}
	switch {
	case d.To.lacks6 != nil:
		return undo{}, t.fail(d.To.lacks6)
	case d.To.Unknown != "":
		return undo{}, t.stopAt(Insufficient, d.To, "%s", d.To.Unknown)
	case !d.To.addr(f).IsValid():
		return undo{}, t.stopAt(NoRoute, d.To, "%s has no %s address", d.To.Name, f)
	}
	back := undo{SNAT, AtKubeProxy, d.Service, "its connection table", t.pkt.reply()}
	after := t.pkt
	after.dst, after.dstPort = t.address(d.To, f), t.targetPort(d)
	t.change(DNAT, AtKubeProxy, d.Service, "ClusterIP of "+d.Name, after)
	return back, 0
}
