package network

import (
	"cmp"
	"slices"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
)

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

// declaredPorts are the ports at which the templates say that Pods of a cluster listen, by protocol; TCP 8080 where they say none.
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

// webhookPorts are the ports of Pods that the Kubernetes API calls: the controller's, and those behind the Services that webhook
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

// clusterIP is a Service inside its cluster, by each of its ports that a query asks for. kube-dns is there wherever CoreDNS runs.
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
