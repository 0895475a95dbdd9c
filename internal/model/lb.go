package model

import "github.com/eks-ipv6/cdk/internal/aws"

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
	Listeners   []*Listener
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
	Port    uint16
	Proto   Proto
	Targets []*TargetGroup // of the default action and of the rules
}

// TargetGroup is an AWS::ElasticLoadBalancingV2::TargetGroup, or one the controller makes.
type TargetGroup struct {
	Ref
	Port       uint16
	Proto      Proto
	TargetType string // instance (default), ip, lambda, alb
	Family     Family // IpAddressType, IPv4 by default
	VPC        *VPC
	// PreserveClient is preserve_client_ip.enabled: by default on for instance targets, off for ip targets
	// over TCP and TLS, and always on over UDP and QUIC.
	PreserveClient bool
	// PrimaryIPv6 says that the nodes behind instance targets have a primary IPv6 address.
	PrimaryIPv6 bool
	// Binding is the Kubernetes object that registers Pods, nil when nothing does.
	Binding *Object
	Cluster *Cluster // of Binding
	Hosts   []*Host  // instances and addresses that the template registers
	// Backend allows traffic from the load balancer in the nodes' security groups, when the controller
	// manages it.
	Backend []*Rule
}
