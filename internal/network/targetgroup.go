package network

import (
	"cmp"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtTargetGroup, Name: "target group",
		Fix:   "use target type ip with IpAddressType ipv6, behind a dualstack load balancer",
		Types: []string{"AWS::ElasticLoadBalancingV2::TargetGroup"},
		Open: []Opening{
			{Type: "AWS::ElasticLoadBalancingV2::TargetGroup", Properties: []string{"IpAddressType", "Port", "Protocol", "TargetType"}, Decides: balancing},
		},
		Reads: []Reading{{readTargetGroups, (*builder).targetGroups}, {readTargets, (*builder).registerHosts}},
	})
}

// TargetGroup is an AWS::ElasticLoadBalancingV2::TargetGroup, or one the controller makes.
type TargetGroup struct {
	Ref
	Port       uint16
	missing    string // why no Pod is one of its targets
	AnyPort    bool   // of a Service whose Pods' port no template tells: Port stands for it
	Proto      Proto
	Protocol   string // as the template has it, such as TCP_UDP; empty where the controller makes the group
	TargetType string // instance (default), ip, lambda, alb
	Family     Family // IpAddressType, IPv4 by default
	VPC        *VPC
	// PreserveClient is preserve_client_ip.enabled: by default on for instance targets, off for ip targets
	// over TCP and TLS, and always on over UDP and QUIC.
	PreserveClient bool
	CrossZone      string // its own word on load_balancing.cross_zone.enabled: "true", "false", or else the load balancer's holds
	// PrimaryIPv6 says that the nodes behind instance targets have a primary IPv6 address.
	PrimaryIPv6        bool
	Namespace, Service string // of the Service whose Pods the controller registers
	// Binding is the Kubernetes object that registers Pods, nil when nothing does.
	Binding *Object
	Cluster *Cluster // of Binding
	Hosts   []*Host  // instances and addresses that the template registers
	// Backend allows traffic from the load balancer in the nodes' security groups, when the controller
	// manages it.
	Backend []*Rule
}

func (b *builder) targetGroups() {
	for _, r := range b.set.Resources("AWS::ElasticLoadBalancingV2::TargetGroup") {
		t := &TargetGroup{Ref: ref(r), TargetType: cmp.Or(str(r.Prop("TargetType")), "instance"), Family: IPv4, VPC: b.vpc(r.Prop("VpcId"))}
		if r.Prop("IpAddressType").Is("ipv6") {
			t.Family = IPv6
		}
		t.Port = b.port(t.Ref, r.Prop("Port"))
		t.Protocol = str(r.Prop("Protocol"))
		t.Proto = transport(t.Protocol)
		datagrams := slices.Contains([]string{"UDP", "TCP_UDP", "QUIC", "TCP_QUIC"}, strings.ToUpper(str(r.Prop("Protocol"))))
		t.PreserveClient = preserves(datagrams, t.TargetType, attributeOf(r.Prop("TargetGroupAttributes"), preserveClient))
		t.CrossZone = strings.ToLower(str(attributeOf(r.Prop("TargetGroupAttributes"), crossZone)))
		b.targets[own(r)] = t
		b.net.TargetGroups = append(b.net.TargetGroups, t)
	}
}

// preserves reports whether the targets of an NLB see the client's address. Where datagrams are among what the target group
// takes they do, whatever its attribute says.
// See https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation.
func preserves(datagrams bool, targetType string, attribute cfn.Value) bool {
	return datagrams || yes(attribute, targetType == "instance")
}

// registerHosts joins target groups with the instances they name.
func (b *builder) registerHosts() {
	for _, r := range b.set.Resources("AWS::ElasticLoadBalancingV2::TargetGroup") {
		t := b.targets[own(r)]
		for _, e := range r.Prop("Targets").Items() {
			h := b.hosts[key(e.Get("Id"))]
			if of, _, ok := e.Get("Id").Attribute(); ok { // an address of the host, as targets of type ip are registered
				h = b.hosts[own(of)]
			}
			if h != nil && t != nil {
				t.Hosts = append(t.Hosts, h)
			}
		}
	}
}

// backends are the interfaces that a target group's targets can be in.
func (n *Network) backends(tg *TargetGroup) []*Interface {
	var out []*Interface
	for _, sh := range n.ClusterPods {
		if sh.Cluster != tg.Cluster {
			continue
		}
		for _, p := range sh.Pods {
			q := *p
			if tg.TargetType == "instance" {
				q = *p.Node()
			}
			q.Port = tg.Port
			if tg.TargetType != "instance" {
				q.works = sh.Cluster.Behind(tg)
			}
			if n.mayManage(&q) { // a hypothetical load balancer's rules are not among those of its nodes
				q.Backend = append(slices.Clone(q.Backend), tg.Backend...)
			}
			out = append(out, &q)
		}
	}
	for _, h := range tg.Hosts {
		for _, p := range n.HostInterfaces {
			if p.Ref == h.Ref {
				out = append(out, p)
			}
		}
	}
	return out
}

// backendRules are what the controller adds to a node's groups for all load balancers of the cluster. They admit whoever
// they name, by whichever way it comes.
func (n *Network) backendRules(c *Cluster, p *Interface) []*Rule {
	if !n.mayManage(p) {
		return nil
	}
	var out []*Rule
	for _, l := range n.LoadBalancers {
		if l.Hypothetical || l.Refused != "" {
			continue
		}
		for _, li := range l.Listeners {
			for _, tg := range li.Targets {
				if tg.Cluster == c {
					out = append(out, tg.Backend...)
				}
			}
		}
	}
	return out
}

// mayManage reports whether the controller finds the one group of an interface that it may edit: the only one, or the
// only one with the cluster's tag.
// See https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/security_groups/.
func (n *Network) mayManage(p *Interface) bool {
	if len(p.Groups) < 2 {
		return true
	}
	tagged := 0
	for _, g := range p.Groups {
		if g == p.Cluster.Group {
			tagged++
			continue
		}
		for k := range g.Tags {
			if strings.HasPrefix(k, "kubernetes.io/cluster/") {
				tagged++
				break
			}
		}
	}
	return tagged == 1
}
