package expose

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/expose/kube"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// BoundNLBProps are the choices of a [BoundNLB]. Cluster, Controller, Service and Ports are required.
type BoundNLBProps struct {
	// Cluster is where the Service is.
	Cluster *ipv6eks.Cluster
	// Controller registers the Service's Pods. The binding is applied after it and deleted before it. For an existing cluster
	// (ipv6eks.FromClusterAttributes) whose controller is not of this app it may be nil.
	Controller *lbc.Controller

	// Service is the name of the Kubernetes Service, of type ClusterIP. It need not exist yet. For another Service or
	// Namespace give the construct another id: the controller takes one binding for a target group, and the API server refuses
	// the second.
	Service string
	// Namespace is the Service's.
	// Default: default.
	Namespace string
	// Ports are the load balancer's listeners, 50 at most
	// (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html). A TCP and a UDP port with one
	// number and one target, as DNS has them, become one listener of protocol TCP_UDP.
	Ports []BoundPort

	// Scheme says from where it is reached.
	// Default: Internal.
	Scheme Scheme
	// Subnets is where the load balancer's interfaces go: dual-stack subnets, one in a zone.
	// Default: the VPC's private subnets, or its public ones if InternetFacing.
	Subnets *awsec2.SubnetSelection

	// Inbound says who may connect.
	// Default: the cluster's VPC, if Internal.
	Inbound Inbound
	// ClientVpcs may connect too, with all their addresses of both families: VPCs that are joined with the cluster's.
	// Default: none.
	ClientVpcs []*dualstack.Vpc
	// ClientSecurityGroups may connect too, from their members' private addresses.
	// Default: none.
	ClientSecurityGroups []awsec2.ISecurityGroup
	// AnyPrivateLinkClient leaves it to the endpoint service's permissions, and to the endpoints' own security groups,
	// who connects over PrivateLink. Otherwise the client's own address must be let in, also when it comes by an endpoint
	// in another VPC (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html).
	// Default: false.
	AnyPrivateLinkClient bool

	// HealthCheck says which Pods get connections. UDP cannot be checked: with a UDP port, unless there is a TCP port of the same
	// number, its Port is required, a TCP port of the Pods.
	// Default: a TCP connection to the port that traffic goes to.
	HealthCheck HealthCheck

	// CrossZone spreads each zone's clients over the Pods of all zones; traffic between zones costs.
	// Default: false.
	CrossZone bool
	// ProxyProtocol sends the client's address to the Pods in a header of version 2, which they must understand. Without
	// it they see the load balancer's address.
	// Default: false.
	ProxyProtocol bool
	// DeletionProtection makes Elastic Load Balancing refuse to delete the load balancer, and so the stack, until it is
	// switched off again.
	// Default: false.
	DeletionProtection bool
	// AccessLogs records TLS connections; those of other protocols are not logged
	// (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html).
	// Default: nil, nothing is logged.
	AccessLogs *AccessLogs

	// Tune changes the load balancer's properties before it is made. Security groups are added to this construct's own. What
	// IPv6 Pods need (dual stack, a security group, the source NAT prefix for UDP), the VPC and the scheme are refused.
	// Default: nil.
	Tune func(*awselasticloadbalancingv2.NetworkLoadBalancerProps)
	// TuneTargets changes the properties of each port's target group before it is made. The VPC, IPv6 and ip targets, and a
	// protocol that the listener does not forward to, are refused. A TargetGroupName is the group's alone: change it with what replaces the group, such as TargetPort.
	// Default: nil.
	TuneTargets func(BoundPort, *awselasticloadbalancingv2.NetworkTargetGroupProps)
}

// BoundPort is a listener of a [BoundNLB] and what is behind it: TCP, TLS if it has certificates, or UDP.
type BoundPort struct {
	// Port is where clients connect.
	Port int
	// ServicePort is the Service's port.
	// Default: Port.
	ServicePort int
	// TargetPort is the number of the Pods' port, which the security group of the nodes is opened for.
	// Default: ServicePort.
	TargetPort int
	// UDP is for datagrams. It turns on the IPv6 prefix for source NAT, without which a dual-stack NLB takes no UDP
	// listener (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-ip-address-type.html).
	// Default: false, TCP.
	UDP bool
	// CertificateArns makes it a TLS listener: ACM certificates, the default one first. May be tokens.
	// Default: none, TCP passes through.
	CertificateArns []string
	// ALPN is what a TLS listener agrees on with clients: HTTP2Preferred, or HTTP2Only, for gRPC.
	// Default: none, nothing is agreed, and clients that speak gRPC do not connect.
	ALPN ALPNPolicy

	both bool // that it is of TCP and UDP
}

func (p BoundPort) withDefaults() BoundPort {
	if p.ServicePort == 0 {
		p.ServicePort = p.Port
	}
	if p.TargetPort == 0 {
		p.TargetPort = p.ServicePort
	}
	return p
}

// BoundNLB is a dual-stack network load balancer that the stack owns, in front of a Service of an IPv6 cluster. What
// must know a load balancer at deploy time needs one like this: a PrivateLink endpoint service, a Route 53 alias, Global
// Accelerator. One that the controller makes for a Service is known only afterwards.
//
// It makes an AWS::ElasticLoadBalancingV2::LoadBalancer with a security group, for each port a listener and an IPv6
// target group, and a manifest with a TargetGroupBinding, by which the controller registers the Service's Pods and lets the
// load balancer, and nobody else, reach their ports in the nodes' security group.
//
// A target group's port, protocol and name cannot change, nor a binding's target group, nor can a target group move to
// another load balancer. So each target group and its binding are called by what they are: with another TargetPort, UDP or
// Scheme there is a second pair, the listener goes over to it, and the first pair goes, binding first. Until the new targets
// are healthy, some minutes, the port is not served: for a change without a gap, add a port and move the clients.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-targetgroup.html
// and https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html
type BoundNLB struct {
	// Construct is the scope that all parts are made in.
	Construct constructs.Construct
	// LoadBalancer is the stock construct, for endpoint services, alias records and accelerators.
	LoadBalancer awselasticloadbalancingv2.NetworkLoadBalancer
	// SecurityGroup decides who may connect.
	SecurityGroup awsec2.SecurityGroup
	// Listeners are in the order of Ports; a TCP and a UDP port with one number have one, at the place of the first.
	Listeners []awselasticloadbalancingv2.NetworkListener
	// TargetGroups are those of Listeners, in their order.
	TargetGroups []awselasticloadbalancingv2.NetworkTargetGroup
	// Bindings apply the TargetGroupBindings, in the order of TargetGroups. What makes the namespace must come before them: see
	// [BoundNLB.BindAfter].
	Bindings []awseksv2.KubernetesManifest

	kinds []targetKind // of TargetGroups
	ports []BoundPort
}

// Arn is the load balancer's ARN, as a token.
func (b *BoundNLB) Arn() string { return *b.LoadBalancer.LoadBalancerArn() }

// DNSName is the load balancer's name, as a token: it has A and AAAA records, of private addresses if it is internal,
// that every resolver finds.
func (b *BoundNLB) DNSName() string { return *b.LoadBalancer.LoadBalancerDnsName() }

// AllowFrom lets the members of a security group, any that CDK knows of, connect to all ports, from their private addresses of
// both families. BoundNLBProps.ClientSecurityGroups does so for those that are known beforehand.
func (b *BoundNLB) AllowFrom(group awsec2.ISecurityGroup, description string) {
	if group == nil {
		panic(fmt.Errorf("expose.BoundNLB.AllowFrom %s: nil: want a security group", *b.Construct.Node().Path()))
	}
	for _, port := range b.ports {
		b.SecurityGroup.AddIngressRule(group, port.ec2(), jsiix.Str(description), nil)
	}
}

// BindAfter has the bindings wait for what makes the Service's namespace, or the Service.
func (b *BoundNLB) BindAfter(first ...constructs.IDependable) {
	for _, m := range b.Bindings {
		m.Node().AddDependency(first...)
	}
}

func (p *BoundNLBProps) withDefaults() BoundNLBProps {
	out := jsiix.Value(p)
	if out.Namespace == "" {
		out.Namespace = metav1.NamespaceDefault
	}
	ports := make([]BoundPort, len(out.Ports))
	for i, port := range out.Ports {
		ports[i] = port.withDefaults()
	}
	out.Ports = ports
	return out
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK, and leaves Cluster and Controller,
// which do, to [NewBoundNLB].
func (p *BoundNLBProps) Validate() error {
	var bad problems.List
	p.withDefaults().check(&bad)
	return bad.Err()
}

// front is what a BoundNLB has in common with other load balancers.
func (p BoundNLBProps) front() front {
	in := p.Inbound
	if len(p.ClientVpcs)+len(p.ClientSecurityGroups) > 0 { // they have both families
		in.ClusterVpc = in.ClusterVpc || !in.Anywhere
	}
	subnets := 0
	if p.Subnets != nil {
		subnets = 1
	}
	return front{
		cluster: p.Cluster, controller: p.Controller, namespace: p.Namespace, kind: network, crossZoneField: true,
		scheme: p.Scheme, inbound: in, listeners: len(p.Ports), subnets: subnets,
		health: p.HealthCheck, times: aws.NetworkHealthCheck(p.healthProtocol()), logs: p.AccessLogs, protection: p.DeletionProtection, crossZone: p.CrossZone,
	}
}

// check is Validate of choices with every default written out.
func (p BoundNLBProps) check(bad *problems.List) {
	if msgs := validation.IsDNS1035Label(p.Service); len(msgs) > 0 {
		bad.Add("Service", "%q: want the name of a Service: lower case letters, digits and hyphens, beginning with a letter, 63 at most", p.Service)
	}
	checkNamespace(bad, p.Namespace)
	p.checkPorts(bad)
	p.checkClients(bad)
	p.front().check(bad)
	if p.AccessLogs != nil && !slices.ContainsFunc(p.Ports, func(b BoundPort) bool { return len(b.CertificateArns) > 0 }) {
		bad.Add("AccessLogs", "given, and no port has certificates: a network load balancer logs TLS connections only: want CertificateArns on a port, or VPC flow logs (dualstack.FlowLogs)")
	}
}

func (p BoundNLBProps) checkPorts(bad *problems.List) {
	if n := len(p.Ports); n == 0 || n > maxListeners {
		bad.Add("Ports", "%d: want 1 to %d, the quota of a load balancer's listeners", n, maxListeners)
	}
	seen := map[int][]BoundPort{}
	for i, b := range p.Ports {
		here := bad.At("Ports", i)
		b.check(here)
		seen[b.Port] = append(seen[b.Port], b)
		switch same := seen[b.Port]; {
		case len(same) < 2:
		case len(same) > 2 || !same[0].pairs(same[1]):
			here.Add("Port", "%d is named twice: a load balancer has one listener for a port: want each port once, or once for TCP and once for UDP", b.Port)
		case same[0].TargetPort != b.TargetPort || same[0].ServicePort != b.ServicePort:
			// One listener, TCP_UDP, has one target group.
			here.Add("TargetPort", "%d of the Service's port %d, and %d of %d for the other protocol of port %d: want one for both",
				b.TargetPort, b.ServicePort, same[0].TargetPort, same[0].ServicePort, b.Port)
		}
		if b.UDP && p.HealthCheck.Port == 0 && !slices.ContainsFunc(p.Ports, func(o BoundPort) bool { return o.Port == b.Port && o.pairs(b) }) {
			here.Add("UDP", "true without HealthCheck.Port: nothing tells whether datagrams arrive, so UDP targets are checked over TCP or HTTP: want a TCP port of the Pods there")
		}
	}
}

// pairs tells whether two ports are TCP and UDP, and can be one listener.
func (p BoundPort) pairs(other BoundPort) bool {
	return p.UDP != other.UDP && len(p.CertificateArns)+len(other.CertificateArns) == 0
}

// listeners are the ports with each pair as one, at the place of its first.
func (p BoundNLBProps) listeners() (out []BoundPort) {
	for _, port := range p.Ports {
		i := slices.IndexFunc(out, func(o BoundPort) bool { return o.Port == port.Port })
		if i < 0 {
			out = append(out, port)
			continue
		}
		out[i].both, out[i].UDP = true, false
	}
	return out
}

// protocols are what a listener hears.
func (p BoundPort) protocols() []string {
	switch {
	case p.both:
		return []string{"TCP", "UDP"}
	case p.UDP:
		return []string{"UDP"}
	}
	return []string{"TCP"}
}

func (p BoundPort) check(here *problems.List) {
	checkALPN(here, p.ALPN, len(p.CertificateArns) > 0, "CertificateArns")
	switch { // each is the default of the next
	case !isPort(p.Port):
		here.Add("Port", "%d: want 1 to 65535", p.Port)
	case !isPort(p.ServicePort):
		here.Add("ServicePort", "%d: want 1 to 65535", p.ServicePort)
	case !isPort(p.TargetPort):
		here.Add("TargetPort", "%d: want 1 to 65535", p.TargetPort)
	}
	if p.UDP && len(p.CertificateArns) > 0 {
		here.Add("CertificateArns", "given for a UDP port: want a TCP port for TLS")
	}
	checkArns(here, "CertificateArns", "acm", p.CertificateArns...)
	checkCertificates(here, "CertificateArns", network, p.CertificateArns)
}

func (p BoundNLBProps) checkClients(bad *problems.List) {
	for i, v := range p.ClientVpcs {
		if v == nil {
			bad.At("ClientVpcs", i).Add("", "nil: want a VPC of dualstack.NewVpc")
		}
	}
	for i, g := range p.ClientSecurityGroups {
		if g == nil {
			bad.At("ClientSecurityGroups", i).Add("", "nil: want a security group")
		}
	}
	if p.Inbound.Anywhere && len(p.ClientVpcs)+len(p.ClientSecurityGroups) > 0 {
		bad.Add("Inbound.Anywhere", "true with ClientVpcs or ClientSecurityGroups: want one of the two")
	}
}

// NewBoundNLB makes a [BoundNLB] in scope. It panics with the error of [BoundNLBProps.Validate] and the construct's path,
// as every CDK construct panics on bad properties.
func NewBoundNLB(scope constructs.Construct, id string, props *BoundNLBProps) *BoundNLB {
	p := props.withDefaults()
	var bad problems.List
	p.check(&bad)
	p.front().checkTree(&bad)
	if p.ofClusterVpc() && p.Cluster != nil && vpcRanges(p.Cluster) == nil {
		bad.Add("Inbound", "the ranges of the cluster's VPC, which was made elsewhere, are not known here: want them in Inbound.Cidrs")
	}
	if err := bad.Err(); err != nil {
		panic(fmt.Errorf("expose.NewBoundNLB %s/%s: %w", *scope.Node().Path(), id, err))
	}
	b := &BoundNLB{Construct: constructs.NewConstruct(scope, jsiix.Str(id)), ports: p.Ports}
	b.addSecurityGroup(p)
	b.addLoadBalancer(p)
	for _, port := range p.listeners() {
		b.addPort(p, port)
	}
	b.bind(p)
	return b
}

// ofClusterVpc tells whether the cluster's own VPC may connect.
func (p BoundNLBProps) ofClusterVpc() bool {
	return p.Inbound.ClusterVpc || p.Scheme == Internal && len(p.Inbound.Cidrs) == 0
}

func (b *BoundNLB) addSecurityGroup(p BoundNLBProps) {
	b.SecurityGroup = awsec2.NewSecurityGroup(b.Construct, jsiix.Str("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc: p.Cluster.Vpc, Description: jsiix.Str("Load balancer of Service " + p.Namespace + "/" + p.Service),
		AllowAllOutbound: jsiix.Bool(true), AllowAllIpv6Outbound: jsiix.Bool(true),
	})
	in := p.Inbound
	if p.ofClusterVpc() {
		in.vpc = vpcRanges(p.Cluster)
		b.waitForIpv6(p.Cluster.Vpc.(awsec2.Vpc))
	}
	var ranges []string
	if in.Anywhere || in.vpc != nil || len(in.Cidrs) > 0 {
		ranges, _ = in.ranges()
	}
	for _, port := range p.Ports {
		open := port.ec2()
		for _, r := range ranges {
			peer := awsec2.Peer_Ipv4
			if !jsiix.IsToken(r) && strings.Contains(r, ":") || in.vpc != nil && r == in.vpc[1] {
				peer = awsec2.Peer_Ipv6
			}
			b.SecurityGroup.AddIngressRule(peer(jsiix.Str(r)), open, jsiix.Str("clients"), nil)
		}
		for _, vpc := range p.ClientVpcs {
			vpc.AllowFrom(b.SecurityGroup, open, "clients")
		}
	}
	for _, group := range p.ClientSecurityGroups {
		b.AllowFrom(group, "clients")
	}
}

// ec2 is the port as security groups know it.
func (p BoundPort) ec2() awsec2.Port {
	if p.UDP {
		return awsec2.Port_Udp(jsiix.Num(p.Port))
	}
	return awsec2.Port_Tcp(jsiix.Num(p.Port))
}

// waitForIpv6 has the security group wait for the VPC's IPv6 range, which it names, and which is an attribute of the VPC
// that stays empty until then (https://github.com/aws/aws-cdk/issues/36714).
func (b *BoundNLB) waitForIpv6(vpc awsec2.Vpc) {
	for _, id := range []string{"Ipv6Block", "ipv6cidr"} { // of dualstack.Vpc and of the stock construct
		if block, ok := vpc.Node().TryFindChild(jsiix.Str(id)).(awsec2.CfnVPCCidrBlock); ok && block != nil {
			b.SecurityGroup.Node().AddDependency(block)
		}
	}
}

func (b *BoundNLB) addLoadBalancer(p BoundNLBProps) {
	lp := &awselasticloadbalancingv2.NetworkLoadBalancerProps{
		Vpc: p.Cluster.Vpc, InternetFacing: jsiix.Bool(p.Scheme == InternetFacing), VpcSubnets: p.Subnets,
		CrossZoneEnabled: jsiix.Bool(p.CrossZone), DeletionProtection: jsiix.Bool(p.DeletionProtection),
		EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: jsiix.Bool(!p.AnyPrivateLinkClient),
	}
	if lp.VpcSubnets == nil {
		lp.VpcSubnets = &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}
		if p.Scheme == InternetFacing {
			lp.VpcSubnets = &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC}
		}
	}
	lp.IpAddressType = awselasticloadbalancingv2.IpAddressType_DUAL_STACK
	lp.EnablePrefixForIpv6SourceNat = jsiix.Bool(slices.ContainsFunc(p.Ports, func(b BoundPort) bool { return b.UDP }))
	if p.Tune != nil {
		before := *lp
		p.Tune(lp)
		if err := refuseBalancer(&before, lp); err != nil {
			panic(fmt.Errorf("expose.NewBoundNLB %s: Tune: %w", *b.Construct.Node().Path(), err))
		}
	}
	lp.SecurityGroups = withGroup(b.SecurityGroup, lp.SecurityGroups)
	b.LoadBalancer = awselasticloadbalancingv2.NewNetworkLoadBalancer(b.Construct, jsiix.Str("LoadBalancer"), lp)
	if p.AccessLogs != nil {
		logs := attributes(nil, p.AccessLogs, false, false)
		for _, key := range slices.Sorted(maps.Keys(logs)) {
			b.LoadBalancer.SetAttribute(jsiix.Str(key), jsiix.Str(logs[key]))
		}
	}
}

// refuseBalancer tells what a Tune function changed that IPv6 Pods need, or that another field stands for.
func refuseBalancer(before, p *awselasticloadbalancingv2.NetworkLoadBalancerProps) error {
	var bad problems.List
	if p.Vpc != before.Vpc {
		bad.Add("Vpc", "another one: want the cluster's, where the Pods are")
	}
	if p.IpAddressType != before.IpAddressType {
		bad.Add("IpAddressType", "%s: a load balancer of one family reaches no IPv6 Pods, or no IPv4 client: leave it alone", p.IpAddressType)
	}
	if jsiix.Value(p.InternetFacing) != jsiix.Value(before.InternetFacing) {
		bad.Add("InternetFacing", "%t: want BoundNLBProps.Scheme, by which subnets and target groups are chosen", jsiix.Value(p.InternetFacing))
	}
	if jsiix.Value(p.DisableSecurityGroups) {
		bad.Add("DisableSecurityGroups", "true: a network load balancer made without a security group can never get one: leave it out")
	}
	if jsiix.Value(before.EnablePrefixForIpv6SourceNat) && !jsiix.Value(p.EnablePrefixForIpv6SourceNat) {
		bad.Add("EnablePrefixForIpv6SourceNat", "false with a UDP port: AWS takes no UDP listener then: leave it alone")
	}
	return bad.Err()
}

// refuseTargets is refuseBalancer of a target group behind a listener.
func refuseTargets(before, p *awselasticloadbalancingv2.NetworkTargetGroupProps, listener awselasticloadbalancingv2.Protocol) error {
	var bad problems.List
	if p.Vpc != before.Vpc {
		bad.Add("Vpc", "another one: want the cluster's, where the Pods are")
	}
	if p.TargetType != before.TargetType {
		bad.Add("TargetType", "%s: targets are Pod addresses, and instance targets need a primary IPv6 address that node groups do not give: leave it alone", p.TargetType)
	}
	if p.IpAddressType != before.IpAddressType {
		bad.Add("IpAddressType", "%s: Pods have IPv6 addresses, and the controller registers none in another group: leave it alone", p.IpAddressType)
	}
	if p.Port == nil {
		bad.Add("Port", "none: want one, such as %v", *before.Port)
	}
	if !aws.Fits(string(network), string(listener), string(p.Protocol)) {
		bad.Add("Protocol", "%s: a %s listener does not forward to it: want %s", p.Protocol, listener, before.Protocol)
	}
	return bad.Err()
}

// withGroup is a list of groups, the first of them group.
func withGroup(group awsec2.ISecurityGroup, more *[]awsec2.ISecurityGroup) *[]awsec2.ISecurityGroup {
	out := append([]awsec2.ISecurityGroup{group}, jsiix.Value(more)...)
	return &out
}

func (b *BoundNLB) addPort(p BoundNLBProps, port BoundPort) {
	lp := &awselasticloadbalancingv2.BaseNetworkListenerProps{Port: jsiix.Num(port.Port), Protocol: awselasticloadbalancingv2.Protocol_TCP}
	tp := &awselasticloadbalancingv2.NetworkTargetGroupProps{
		Vpc: p.Cluster.Vpc, Port: jsiix.Num(port.TargetPort), Protocol: awselasticloadbalancingv2.Protocol_TCP,
		ProxyProtocolV2: jsiix.Bool(p.ProxyProtocol), HealthCheck: p.healthCheck(),
	}
	switch {
	case port.both:
		lp.Protocol, tp.Protocol = awselasticloadbalancingv2.Protocol_TCP_UDP, awselasticloadbalancingv2.Protocol_TCP_UDP
	case port.UDP:
		lp.Protocol, tp.Protocol = awselasticloadbalancingv2.Protocol_UDP, awselasticloadbalancingv2.Protocol_UDP
	case len(port.CertificateArns) > 0:
		lp.Protocol = awselasticloadbalancingv2.Protocol_TLS
		// What the console recommends: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html
		lp.SslPolicy = awselasticloadbalancingv2.SslPolicy_TLS13_12_RES_PQ
		certificates := []awselasticloadbalancingv2.IListenerCertificate{}
		for _, arn := range port.CertificateArns {
			certificates = append(certificates, awselasticloadbalancingv2.ListenerCertificate_FromArn(jsiix.Str(arn)))
		}
		lp.Certificates = &certificates
		lp.AlpnPolicy = alpn[port.ALPN]
	}
	tp.TargetType = awselasticloadbalancingv2.TargetType_IP
	tp.IpAddressType = awselasticloadbalancingv2.TargetGroupIpAddressType_IPV6
	if p.TuneTargets != nil {
		before := *tp
		p.TuneTargets(port, tp)
		if err := refuseTargets(&before, tp, lp.Protocol); err != nil {
			panic(fmt.Errorf("expose.NewBoundNLB %s: TuneTargets of port %d: %w", *b.Construct.Node().Path(), port.Port, err))
		}
	}
	kind := targetKind{listener: port.Port, port: int(*tp.Port), protocol: string(tp.Protocol), scheme: p.Scheme, name: jsiix.Value(tp.TargetGroupName)}
	b.kinds = append(b.kinds, kind)
	targets := awselasticloadbalancingv2.NewNetworkTargetGroup(b.Construct, jsiix.Str("Targets"+kind.id()), tp)
	lp.DefaultTargetGroups = jsiix.List[awselasticloadbalancingv2.INetworkTargetGroup](targets)
	b.TargetGroups = append(b.TargetGroups, targets)
	b.Listeners = append(b.Listeners, b.LoadBalancer.AddListener(jsiix.Str(fmt.Sprintf("Listener%d", port.Port)), lp))
}

// alpn are CDK's names of the policies.
var alpn = map[ALPNPolicy]awselasticloadbalancingv2.AlpnPolicy{
	HTTP1Only: awselasticloadbalancingv2.AlpnPolicy_HTTP1_ONLY, HTTP2Only: awselasticloadbalancingv2.AlpnPolicy_HTTP2_ONLY,
	HTTP2Optional: awselasticloadbalancingv2.AlpnPolicy_HTTP2_OPTIONAL, HTTP2Preferred: awselasticloadbalancingv2.AlpnPolicy_HTTP2_PREFERRED,
	"None": awselasticloadbalancingv2.AlpnPolicy_NONE,
}

// A targetKind is all of a target group that cannot change while it lives.
type targetKind struct {
	listener, port int
	protocol       string
	scheme         Scheme
	name           string // of TuneTargets
}

// parts are the listener's port, and what is not as one would expect behind it: another port, another protocol than TCP, an
// internet-facing load balancer, a name.
func (k targetKind) parts() []string {
	out := []string{strconv.Itoa(k.listener)}
	if k.port != k.listener {
		out = append(out, "to", strconv.Itoa(k.port))
	}
	if k.protocol != "" && k.protocol != "TCP" {
		out = append(out, strings.ToLower(strings.ReplaceAll(k.protocol, "_", "")))
	}
	if k.scheme == InternetFacing {
		out = append(out, "public")
	}
	if k.name != "" && !jsiix.IsToken(k.name) { // a token says nothing before deployment
		out = append(out, "named", strings.ToLower(k.name))
	}
	return out
}

// id ends the logical ids of the target group and its binding: 443, 443To8443, 53Udp.
func (k targetKind) id() string {
	out := ""
	for _, part := range k.parts() {
		out += strings.ToUpper(part[:1]) + part[1:]
	}
	return out
}

// object is the name of the TargetGroupBinding: shop-443, shop-443-to-8443, shop-53-udp.
func (k targetKind) object(service string) string {
	return service + "-" + strings.Join(k.parts(), "-")
}

// healthProtocol is what targets are asked by.
func (p BoundNLBProps) healthProtocol() string {
	switch c := p.HealthCheck; {
	case c.Protocol != "":
		return c.Protocol
	case c.Path != "" || c.SuccessCodes != "":
		return "HTTP"
	}
	return "TCP"
}

func (p BoundNLBProps) healthCheck() *awselasticloadbalancingv2.HealthCheck {
	c := p.HealthCheck
	h := &awselasticloadbalancingv2.HealthCheck{
		Protocol: awselasticloadbalancingv2.Protocol(p.healthProtocol()), Path: jsiix.StrOrNil(c.Path), HealthyHttpCodes: jsiix.StrOrNil(c.SuccessCodes),
		HealthyThresholdCount: jsiix.NumOrNil(c.HealthyThreshold), UnhealthyThresholdCount: jsiix.NumOrNil(c.UnhealthyThreshold),
	}
	if c.Port != 0 {
		h.Port = jsiix.Str(strconv.Itoa(c.Port))
	}
	if c.IntervalSeconds != 0 {
		h.Interval = awscdk.Duration_Seconds(jsiix.Num(c.IntervalSeconds))
	}
	if c.TimeoutSeconds != 0 {
		h.Timeout = awscdk.Duration_Seconds(jsiix.Num(c.TimeoutSeconds))
	}
	return h
}

// bind applies the TargetGroupBindings. They have a finalizer that the controller removes once it has deregistered the
// Pods and closed the nodes' security group: they go before the controller, the load balancer and its group.
func (b *BoundNLB) bind(p BoundNLBProps) {
	arns := make([]string, len(b.TargetGroups))
	for i, t := range b.TargetGroups {
		arns[i] = *t.TargetGroupArn()
	}
	for i, binding := range p.bindings(arns, *b.SecurityGroup.SecurityGroupId()) {
		binding.Name = b.kinds[i].object(p.Service)
		// A target group serves nobody before it has a listener.
		object := mustManifest(binding)
		m := newManifest(b.Construct, "Binding"+b.kinds[i].id(), p.Cluster, []*map[string]any{&object})
		m.Node().AddDependency(append(after(p.Controller), b.Listeners[i])...)
		b.Bindings = append(b.Bindings, m)
	}
}

// Objects are the TargetGroupBindings that join the Service with target groups, in the order of Ports, a pair of TCP and UDP at
// the place of its first, for those who apply
// their Kubernetes objects by other means than CDK. securityGroupID is the load balancer's. They are made from Namespace,
// Service, Ports and HealthCheck.Port, and called by Service and Port: a binding cannot change its target group, so give one
// for another target group another name. The error is that of Validate, or says that there is not a target group for each.
func (p *BoundNLBProps) Objects(targetGroupARNs []string, securityGroupID string) ([]runtime.Object, error) {
	n := p.withDefaults()
	var bad problems.List
	n.check(&bad)
	if want := len(n.listeners()); len(targetGroupARNs) != want {
		bad.Add("", "%d target groups for %d listeners: want one for each", len(targetGroupARNs), want)
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	var out []runtime.Object
	for _, b := range n.bindings(targetGroupARNs, securityGroupID) {
		out = append(out, b)
	}
	return out, nil
}

// bindings are Objects of choices that were checked.
func (p BoundNLBProps) bindings(targetGroupARNs []string, securityGroupID string) (out []*kube.TargetGroupBinding) {
	for i, port := range p.listeners() {
		var open []kube.NetworkingPort
		for _, protocol := range port.protocols() {
			open = append(open, kube.NetworkingPort{Protocol: protocol, Port: intstr.FromInt(port.TargetPort)})
		}
		if check := (kube.NetworkingPort{Protocol: "TCP", Port: intstr.FromInt(p.HealthCheck.Port)}); p.HealthCheck.Port != 0 && !slices.Contains(open, check) {
			open = append(open, check)
		}
		out = append(out, &kube.TargetGroupBinding{
			TypeMeta:   metav1.TypeMeta{APIVersion: elbAPI, Kind: "TargetGroupBinding"},
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", p.Service, port.Port), Namespace: p.Namespace},
			Spec: kube.TargetGroupBindingSpec{
				TargetGroupARN: targetGroupARNs[i], TargetType: "ip", IPAddressType: "ipv6",
				ServiceRef: kube.ServiceReference{Name: p.Service, Port: intstr.FromInt(port.ServicePort)},
				Networking: &kube.TargetGroupBindingNetworking{Ingress: []kube.NetworkingIngressRule{{
					From: []kube.NetworkingPeer{{SecurityGroup: &kube.SecurityGroupPeer{GroupID: securityGroupID}}}, Ports: open,
				}}},
			},
		})
	}
	return out
}
