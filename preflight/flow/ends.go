package flow

import (
	"cmp"

	"github.com/eks-ipv6/cdk/internal/model"
)

// Ends are the trace's source and destination as the model has them, for callers in this module. The second result is
// false for a Trace that no Network made.
func (t Trace) Ends() (model.Ends, bool) {
	if t.from == nil {
		return model.Ends{}, false
	}
	d := t.dest
	e := model.Ends{From: t.from.iface(), To: d.place.iface(), Family: d.over(t.from), Proto: protos[d.proto], Port: d.port, Named: d.named,
		Virtual: d.virtual, Absent: d.failWhy, Endpoint: d.endpoint, Listener: d.listener, Target: d.target, PublicAPI: d.publicAPI}
	if d.backend != nil {
		b := d.backend.iface()
		e.Backend = &b
	}
	switch {
	case d.front != nil:
		f := d.front.iface()
		e.Front = &f
	case d.listener != nil:
		e.Front = &e.To
	}
	t.sampled(&e)
	return e, true
}

var kinds = map[placeKind]model.InterfaceKind{
	podPlace: model.PodInterface, nodePlace: model.NodeInterface, hostPlace: model.HostInterface, apiPlace: model.ControlPlaneInterface,
	balancerPlace: model.BalancerInterface, endpointPlace: model.EndpointInterface, internetPlace: model.InternetHost, servicePlace: model.ServiceHost,
}

func (p *place) iface() model.Interface {
	return model.Interface{Ref: p.ref, Name: cmp.Or(p.name, p.label), Kind: kinds[p.kind], VPC: p.vpc, Subnet: p.subnet, Groups: p.groups, Unfiltered: p.open,
		IPv4: p.v4, IPv6: p.v6, NodeIPv6: p.node6, Public: p.public, Port: p.port, Cluster: p.cluster, NodeGroup: p.nodes, HostNetwork: p.host,
		Backend: p.backend, Balancer: p.lb, Service: p.service, Nowhere: p.gone != ""}
}
