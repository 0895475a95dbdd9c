package network

import (
	"fmt"
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/aws"
)

// LoadBalancer is an AWS::ElasticLoadBalancingV2::LoadBalancer, or one that the AWS Load Balancer
// Controller will create for an Ingress, a Service or a Gateway.
type LoadBalancer struct {
	Ref
	Kind        LoadBalancerKind
	Internal    bool
	AddressType string // ipv4, dualstack or dualstack-without-public-ipv4
	VPC         *VPC
	Subnets     []*Subnet
	Groups      []*SecurityGroup
	Fixed       []netip.Addr // the addresses that SubnetMappings write down, each of the subnet whose range holds it
	Listeners   []*Listener
	// CrossZone says that its nodes send to targets of every zone that it serves: load_balancing.cross_zone.enabled, always on ALBs.
	CrossZone   bool
	Accelerator *Ref // the endpoint group of Global Accelerator that leads to it, nil when none does
	// DenyIGW is the attribute ipv6.deny_all_igw_traffic: true by default on internal load balancers.
	DenyIGW bool
	// EnforcePrivateLink is EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic, on by default.
	EnforcePrivateLink bool

	// Cluster is the cluster whose controller creates it; nil for load balancers in a template.
	Cluster *Cluster
	// For is the Kubernetes object it is created for; nil for load balancers in a template.
	For *Object
	// Hypothetical says that no object asks for it: it is what the controller would create.
	Hypothetical bool
	Assumption   string // what a hypothetical one stands for
	// Refused is the controller's message when it will not create it, and Because where that is decided.
	Refused string
	Because Ref
	// Unknown names what is not known of it, such as subnets given by a parameter.
	Unknown string
}

// LoadBalancerKind tells a load balancer that ends connections from one that forwards them.
type LoadBalancerKind string

// The kinds of load balancer.
const (
	ALB LoadBalancerKind = "application"
	NLB LoadBalancerKind = "network"
	GLB LoadBalancerKind = "gateway"
)

// Speaks reports whether clients inside the network can reach it by a family.
func (l *LoadBalancer) Speaks(f Family) bool {
	return f == IPv4 || l.AddressType == "dualstack" || l.AddressType == aws.DualStackWithoutPublicIPv4
}

// Listener is an AWS::ElasticLoadBalancingV2::Listener.
type Listener struct {
	Ref
	Port     uint16
	Proto    Proto
	Protocol string         // as the template has it, such as TCP_UDP; empty where the controller makes the listener
	Targets  []*TargetGroup // of the default action and of the rules
}

// TargetGroup is an AWS::ElasticLoadBalancingV2::TargetGroup, or one the controller makes.
type TargetGroup struct {
	Ref
	Port       uint16
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

// Crosses reports whether a node of the load balancer sends to the targets of a group in other zones too.
// See https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#cross-zone-load-balancing.
func (l *LoadBalancer) Crosses(t *TargetGroup) bool {
	switch {
	case l.Kind == ALB || t.CrossZone == "true":
		return true
	case t.CrossZone == "false":
		return false
	}
	return l.CrossZone
}

// Takes reports whether a listener hears packets of a protocol.
func (l *Listener) Takes(p Proto) bool {
	return l.Proto == p || aws.HearsBoth(l.Protocol)
}

// Misfit says why a listener cannot forward to a target group, whose protocol must fit its own; "" where it can.
func (l *Listener) Misfit(kind LoadBalancerKind, t *TargetGroup) string {
	if l.Protocol == "" || t.Protocol == "" || t.TargetType == "lambda" || aws.Fits(string(kind), l.Protocol, t.Protocol) {
		return ""
	}
	return fmt.Sprintf("protocol %s of target group %s does not fit protocol %s of listener %s", t.Protocol, t.Ref, l.Protocol, l.Ref)
}
