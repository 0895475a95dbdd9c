package expose

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/constructs-go/constructs/v10"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/lbtags"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// Protocol is what a listener of a network load balancer speaks.
type Protocol string

// The protocols. TLS ends at the load balancer and goes on to the Pod as TCP.
const (
	TCP Protocol = "TCP"
	UDP Protocol = "UDP"
	TLS Protocol = "TLS"
)

// ServiceProps are the choices of a [Service]. Name, Selector and Ports are required.
type ServiceProps struct {
	// Cluster is where the Service goes. Only [NewService] needs it.
	Cluster *ipv6eks.Cluster
	// Controller is what serves it there. Only [NewService] needs it. For an existing cluster
	// (ipv6eks.FromClusterAttributes) whose controller is not of this app it may be nil.
	Controller *lbc.Controller

	// Name is the Service's.
	Name string
	// Namespace is where it and its Pods are.
	// Default: default.
	Namespace string
	// Selector are the labels of its Pods.
	Selector map[string]string
	// Ports are the load balancer's listeners, 50 at most
	// (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html). One of protocol UDP
	// turns on the IPv6 prefix for source NAT, without which AWS takes no UDP on a dual-stack load balancer; it cannot be
	// turned off while there is UDP. A TCP and a UDP port with one number and one target, as DNS has them, become one listener
	// of protocol TCP_UDP.
	Ports []Port

	// Scheme is Internal or InternetFacing.
	// Default: Internal.
	Scheme Scheme
	// Inbound says who may connect. An internet-facing load balancer has no default.
	// Default: the cluster's VPC, both families.
	Inbound Inbound

	// Certificates are the ARNs of ACM certificates for the TLS ports; the first is the default one.
	// Default: none, and no TLS ports.
	Certificates []string
	// TLSPolicy is the security policy of the TLS ports.
	// Default: DefaultTLSPolicy.
	TLSPolicy string

	// ALPN is what the TLS ports agree on with clients: HTTP2Preferred, or HTTP2Only, for gRPC.
	// Default: none, nothing is agreed, and clients that speak gRPC do not connect.
	ALPN ALPNPolicy

	// HealthCheck says which Pods can serve. UDP has no check of its own and needs a Port that answers TCP or HTTP.
	// Default: TCP on the port that traffic goes to.
	HealthCheck HealthCheck
	// CrossZone spreads each zone's connections over the Pods of all zones, at the price of traffic between zones.
	// Default: false.
	CrossZone bool
	// ProxyProtocol sends a header of proxy protocol version 2 before each connection. Pods see the load balancer's address
	// otherwise, always for IPv4 clients: the load balancer cannot keep an IPv4 source on the way to an IPv6 Pod. The Pods
	// must understand it, at health checks too.
	// Default: false.
	ProxyProtocol bool
	// AccessLogs keeps a log of TLS connections.
	// Default: none.
	AccessLogs *AccessLogs
	// DeletionProtection keeps the load balancer even when its Service goes. Switch it off and deploy before you destroy:
	// the controller waits for it, and so does CloudFormation.
	// Default: false.
	DeletionProtection bool

	// Subnets are the load balancer's, each in its own zone, with static addresses where clients need to know them. They
	// cannot be taken away later.
	// Default: those that the controller finds by their role tags, and addresses that AWS chooses.
	Subnets []SubnetAddresses
	// SecurityGroups are the load balancer's, by id or Name tag, instead of Inbound. The controller still opens the Pods to
	// it. A network load balancer made without any can never get one
	// (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html), so there is no way
	// to ask for none.
	// Default: one that the controller makes of Inbound.
	SecurityGroups []string

	// LoadBalancerName is the load balancer's. A live load balancer keeps its name: the controller takes another one only
	// when it makes or replaces it.
	// Default: with NewService int- or pub-, by Scheme, namespace, Name and a hash that is this construct's; without it, the
	// controller's choice.
	LoadBalancerName string
	// Attributes are the load balancer's.
	// Default: AWS's.
	Attributes map[string]string
	// TargetGroupAttributes are its target groups', such as deregistration_delay.timeout_seconds.
	// Default: AWS's.
	TargetGroupAttributes map[string]string
	// Tags are on the AWS resources.
	// Default: the controller's alone.
	Tags map[string]string
	// Annotations are further ones of the Service. Those that a field stands for are refused.
	// Default: none.
	Annotations map[string]string

	// Tune changes the Service before it is applied, also where Objects gives it. What the load balancer cannot do without, or
	// what another field rests on (addresses, targets, scheme, ranges, names, class, numbers and protocols of ports), is refused.
	// Default: nil.
	Tune func(*corev1.Service)
}

// Port is a listener and the Pods' port behind it.
type Port struct {
	// Name tells several ports apart.
	// Default: port-NUMBER; port-NUMBER-udp beside a TCP port with the number.
	Name string
	// Port is the listener's.
	Port int
	// TargetPort is the Pods' port by number.
	// Default: TargetName, or Port where there is none.
	TargetPort int
	// TargetName is the Pods' port by its name in them, instead of TargetPort.
	// Default: none.
	TargetName string
	// Protocol is TCP, UDP or TLS.
	// Default: TCP.
	Protocol Protocol
}

// SubnetAddresses is a subnet of a network load balancer, with the addresses that it has there. All subnets have a kind of
// static address, or none has.
type SubnetAddresses struct {
	// Subnet is the subnet's id or Name tag.
	Subnet string
	// Cidrs are the subnet's ranges, for those who know them: the addresses are then held against them.
	// Default: with NewService what the template says of a subnet of the cluster's VPC, otherwise unknown.
	Cidrs []netip.Prefix
	// EIPAllocation is the allocation id of an Elastic IP, for internet-facing load balancers.
	// Default: an address that AWS chooses.
	EIPAllocation string
	// PrivateIPv4 is an address of the subnet's IPv4 range, for internal load balancers.
	// Default: one that AWS chooses.
	PrivateIPv4 netip.Addr
	// IPv6 is an address of the subnet's IPv6 range.
	// Default: one that AWS chooses.
	IPv6 netip.Addr
}

// Service is a Kubernetes Service of type LoadBalancer that the controller answers with a dual-stack NLB, listeners, target
// groups of IPv6 addresses and a security group.
type Service struct {
	// Construct is the scope that all parts are made in.
	Construct constructs.Construct
	// Manifest applies the Service.
	Manifest awseksv2.KubernetesManifest

	balancer published
}

const maxListeners = 50

// eipAllocation is the id of an Elastic IP's allocation.
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html
var eipAllocation = regexp.MustCompile(`^eipalloc-[0-9a-z]+$`)

var nlbOwned = []ownedAnnotation{
	{"ip-address-type", "it left out: the controller refuses an IPv4 load balancer in front of IPv6 Pods, and an NLB has no dualstack-without-public-ipv4"},
	{"nlb-target-type", "it left out: targets are Pod addresses, and instance targets need a primary IPv6 address that node groups do not give"},
	{"type", "it left out: the class is this package's"}, {"scheme", "the field Scheme"}, {"internal", "the field Scheme"},
	{aws.SourceRangesAnnotation, "the field Inbound"}, {"security-group-prefix-lists", "SecurityGroups with prefix lists in their rules"},
	{"security-groups", "the field SecurityGroups"}, {"manage-backend-security-group-rules", "it left out: the controller opens the Pods to the load balancer"},
	{"disable-nlb-sg", "it left out: a load balancer made without a security group can never get one"},
	{"enable-prefix-for-ipv6-source-nat", "a port of Protocol UDP, which turns it on"},
	{"enable-tcp-udp-listener", "a TCP and a UDP port with one number, which turn it on"},
	{"ssl-cert", "the field Certificates"}, {"ssl-ports", "a port of Protocol TLS"}, {"ssl-negotiation-policy", "the field TLSPolicy"}, {"alpn-policy", "the field ALPN"},
	{"proxy-protocol", "the field ProxyProtocol"}, {"subnets", "the field Subnets"}, {"eip-allocations", "the field Subnets"},
	{"private-ipv4-addresses", "the field Subnets"}, {"ipv6-addresses", "the field Subnets"}, {"name", "the field LoadBalancerName"},
	{"attributes", "the field Attributes"}, {"target-group-attributes", "the field TargetGroupAttributes"}, {"additional-resource-tags", "the field Tags"},
	{"cross-zone-load-balancing-enabled", "the field CrossZone"}, {"access-log-enabled", "the field AccessLogs"},
	{"access-log-s3-bucket-name", "the field AccessLogs"}, {"access-log-s3-bucket-prefix", "the field AccessLogs"},
	{"healthcheck-protocol", "the field HealthCheck"}, {"healthcheck-path", "the field HealthCheck"}, {"healthcheck-port", "the field HealthCheck"},
	{"healthcheck-interval", "the field HealthCheck"}, {"healthcheck-timeout", "the field HealthCheck"}, {"healthcheck-healthy-threshold", "the field HealthCheck"},
	{"healthcheck-unhealthy-threshold", "the field HealthCheck"}, {"healthcheck-success-codes", "the field HealthCheck"},
}

func (p *ServiceProps) withDefaults() ServiceProps {
	out := jsiix.Value(p)
	out.Namespace = or(out.Namespace, metav1.NamespaceDefault)
	return out
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK, and leaves Cluster and Controller to
// [NewService].
func (p *ServiceProps) Validate() error {
	var bad problems.List
	p.withDefaults().check(&bad)
	return bad.Err()
}

// front is what a Service has in common with other load balancers.
func (p ServiceProps) front() front {
	return front{
		cluster: p.Cluster, controller: p.Controller, namespace: p.Namespace, kind: network, icmp: p.letsICMP(), crossZoneField: true,
		scheme: p.Scheme, inbound: p.Inbound, listeners: len(p.Ports), groups: p.SecurityGroups, subnets: len(p.Subnets),
		health: p.HealthCheck, times: aws.ServiceHealthCheck, policy: p.TLSPolicy, name: p.LoadBalancerName, attributes: p.Attributes, logs: p.AccessLogs,
		protection: p.DeletionProtection, crossZone: p.CrossZone, targetAttributes: p.TargetGroupAttributes, tags: p.Tags, certificates: p.Certificates,
	}
}

// check is Validate of choices with every default written out.
func (p ServiceProps) check(bad *problems.List) {
	checkName(bad, p.Name, p.Namespace)
	if len(p.Selector) == 0 {
		bad.Add("Selector", "missing: want the labels of the Pods")
	}
	checkLabels(bad, "Selector", p.Selector)
	p.checkPorts(bad)
	p.front().check(bad)
	p.checkSubnets(bad)
	checkStatic(bad, p.Subnets)
	p.checkPathMTU(bad)
	if _, ok := p.TargetGroupAttributes["proxy_protocol_v2.enabled"]; ok {
		bad.Add("TargetGroupAttributes[proxy_protocol_v2.enabled]", "want the field ProxyProtocol")
	}
	checkAnnotations(bad, p.Annotations, aws.ServiceAnnotation, nlbOwned)
}

func (p ServiceProps) checkPorts(bad *problems.List) {
	if n := len(p.Ports); n == 0 || n > maxListeners {
		bad.Add("Ports", "%d: want 1 to %d, an NLB's listeners", n, maxListeners)
	}
	numbers, names := map[int][]Port{}, map[string]bool{}
	for i, port := range p.Ports {
		here := bad.At("Ports", i)
		switch port.Protocol {
		case "", TCP, TLS:
		case UDP:
			if p.HealthCheck.Port == 0 && !p.paired(port) { // where TCP is asked
				// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
				here.Add("Protocol", "UDP has no health check of its own: want HealthCheck.Port, a port of the Pods that answers TCP or HTTP")
			}
		default:
			here.Add("Protocol", "%q: want TCP, UDP or TLS", port.Protocol)
		}
		if port.Port < 1 || port.Port > 65535 {
			here.Add("Port", "%d: want 1 to 65535", port.Port)
		}
		numbers[port.Port] = append(numbers[port.Port], port)
		switch same := numbers[port.Port]; {
		case len(same) < 2:
		case len(same) > 2 || !pair(same[0], same[1]):
			here.Add("Port", "%d is listened on twice: want each port once, or once for TCP and once for UDP", port.Port)
		case same[0].target() != same[1].target():
			// One listener, TCP_UDP, has one target group.
			here.Add("TargetPort", "%s, and %s for the other protocol of port %d: want one for both", same[1].target(), same[0].target(), port.Port)
		}
		switch {
		case port.TargetPort != 0 && port.TargetName != "":
			here.Add("TargetPort", "%d with TargetName %q: want one of the two", port.TargetPort, port.TargetName)
		case port.TargetPort < 0 || port.TargetPort > 65535:
			here.Add("TargetPort", "%d: want 1 to 65535", port.TargetPort)
		case port.TargetName != "" && len(validation.IsValidPortName(port.TargetName)) > 0:
			here.Add("TargetName", "%q: want the name of a container's port, 15 letters, digits and hyphens at most", port.TargetName)
		}
		name := p.portName(i)
		if len(validation.IsDNS1123Label(name)) > 0 {
			here.Add("Name", "%q: want lower case letters, digits and hyphens", port.Name)
		}
		if names[name] {
			here.Add("Name", "%s is named twice: want each name once", name)
		}
		names[name] = true
	}
	tls := slices.ContainsFunc(p.Ports, func(port Port) bool { return port.Protocol == TLS })
	checkALPN(bad, p.ALPN, tls, "a port of Protocol TLS")
	switch {
	case tls && len(p.Certificates) == 0:
		bad.Add("Certificates", "missing: a port has Protocol TLS: want the ARN of a certificate")
	case !tls && (len(p.Certificates) > 0 || p.TLSPolicy != ""):
		bad.Add("Certificates", "%d with TLSPolicy %q, and no port has Protocol TLS: want such a port", len(p.Certificates), p.TLSPolicy)
	}
}

// portName is the name of a port in the Service.
func (p ServiceProps) portName(i int) string {
	port := p.Ports[i]
	name := "port-" + strconv.Itoa(port.Port)
	if port.Protocol == UDP && p.paired(port) {
		name += "-udp"
	}
	return or(port.Name, name)
}

// paired tells whether a port's number is that of a port of the other protocol.
func (p ServiceProps) paired(port Port) bool {
	return slices.ContainsFunc(p.Ports, func(other Port) bool { return other.Port == port.Port && pair(other, port) })
}

// pair tells whether two ports are TCP and UDP.
func pair(a, b Port) bool {
	tcp := func(p Port) bool { return p.Protocol == "" || p.Protocol == TCP }
	return tcp(a) && b.Protocol == UDP || a.Protocol == UDP && tcp(b)
}

// target is the Pods' port.
func (p Port) target() string {
	if p.TargetPort != 0 {
		return strconv.Itoa(p.TargetPort)
	}
	return or(p.TargetName, strconv.Itoa(p.Port))
}

func (p ServiceProps) checkSubnets(bad *problems.List) {
	eips, four, six := 0, 0, 0
	seen := map[string]bool{}
	for i, s := range p.Subnets {
		here := bad.At("Subnets", i)
		if strings.TrimSpace(s.Subnet) == "" || strings.Contains(s.Subnet, ",") || seen[s.Subnet] {
			here.Add("Subnet", "%q: want the id or Name tag of a subnet, each once", s.Subnet)
		} else {
			lbtags.Blanks(here.In("Subnet"), s.Subnet)
		}
		for j, c := range s.Cidrs {
			if !valid(c) || c != c.Masked() {
				here.At("Cidrs", j).Add("", "%s: want a range of the subnet, such as 10.0.0.0/24 or 2001:db8::/64", c)
			}
		}
		seen[s.Subnet] = true
		if s.EIPAllocation != "" {
			eips++
			if p.Scheme == Internal {
				here.Add("EIPAllocation", "%s on an internal load balancer: want PrivateIPv4, or InternetFacing", s.EIPAllocation)
			}
			if !jsiix.IsToken(s.EIPAllocation) && !eipAllocation.MatchString(s.EIPAllocation) {
				here.Add("EIPAllocation", "%q: want the allocation id of an Elastic IP, eipalloc-…", s.EIPAllocation)
			}
		}
		if s.PrivateIPv4.IsValid() {
			four++
			if p.Scheme == InternetFacing {
				here.Add("PrivateIPv4", "%s on an internet-facing load balancer: want EIPAllocation, or Internal", s.PrivateIPv4)
			}
			if !s.PrivateIPv4.Is4() {
				here.Add("PrivateIPv4", "%s is not IPv4: want an address of the subnet's IPv4 range", s.PrivateIPv4)
			}
		}
		if s.IPv6.IsValid() {
			six++
			if !s.IPv6.Is6() || s.IPv6.Is4In6() || s.IPv6.Zone() != "" {
				here.Add("IPv6", "%s is not IPv6: want an address of the subnet's IPv6 range", s.IPv6)
			}
		}
	}
	for _, kind := range []struct {
		field string
		n     int
	}{{"EIPAllocation", eips}, {"PrivateIPv4", four}, {"IPv6", six}} {
		if kind.n != 0 && kind.n != len(p.Subnets) {
			bad.Add("Subnets", "%d of %d have %s: the count of static addresses and subnets must match: want one for each subnet, or none", kind.n, len(p.Subnets), kind.field)
		}
	}
}

// Objects are the Service. The error is that of Validate, or says that the ranges of the cluster's VPC are not known here.
func (p *ServiceProps) Objects() ([]runtime.Object, error) {
	v := p.withDefaults()
	var bad problems.List
	v.check(&bad)
	ranges := v.front().ranges(&bad)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	service := v.service(&bad, ranges)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return []runtime.Object{service}, nil
}

// serviceParts are what Tune leaves alone of a Service.
var serviceParts = append(notes(aws.ServiceAnnotation, nlbOwned, "ip-address-type", "nlb-target-type", "type", "scheme", "internal", "security-groups", "name",
	"manage-backend-security-group-rules", "disable-nlb-sg", "enable-prefix-for-ipv6-source-nat", "enable-tcp-udp-listener", aws.SourceRangesAnnotation),
	part{[]string{"spec", "type"}, "it left alone: the controller answers a LoadBalancer"},
	part{[]string{"spec", "loadBalancerClass"}, "it left alone: the class is the controller's"},
	part{[]string{"spec", "ipFamilies"}, "it left alone: Pods have IPv6 addresses"},
	part{[]string{"spec", "ipFamilyPolicy"}, "it left alone: Pods have IPv6 addresses"},
	part{[]string{"spec", "loadBalancerSourceRanges"}, "the field Inbound"},
)

// service is the object, as Tune has it. What Tune should not have changed is added to the problems.
func (p ServiceProps) service(bad *problems.List, ranges []string) *corev1.Service {
	class, policy, nodePorts := aws.ServiceClass, corev1.IPFamilyPolicySingleStack, false
	out := &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Annotations: p.annotations()},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeLoadBalancer, Selector: p.Selector,
			IPFamilyPolicy: &policy, IPFamilies: []corev1.IPFamily{corev1.IPv6Protocol},
			LoadBalancerClass: &class, LoadBalancerSourceRanges: ranges,
			AllocateLoadBalancerNodePorts: &nodePorts, // targets are Pods
		},
	}
	for i, port := range p.Ports {
		sp := corev1.ServicePort{Name: p.portName(i), Port: int32(port.Port), Protocol: corev1.ProtocolTCP}
		if port.Protocol == UDP {
			sp.Protocol = corev1.ProtocolUDP
		}
		switch {
		case port.TargetName != "":
			sp.TargetPort = intstr.FromString(port.TargetName)
		case port.TargetPort != 0:
			sp.TargetPort = intstr.FromInt32(int32(port.TargetPort))
		default:
			sp.TargetPort = intstr.FromInt32(int32(port.Port))
		}
		out.Spec.Ports = append(out.Spec.Ports, sp)
	}
	before := heard(out.Spec.Ports)
	out = tuned(bad, out, p.Tune, serviceParts)
	if now := heard(out.Spec.Ports); now != before {
		bad.Add("Tune", "Service %s: spec.ports: %s: want the field Ports, which has %s", p.Name, now, before)
	}
	return out
}

// heard are the numbers and protocols of ports.
func heard(ports []corev1.ServicePort) string {
	list := make([]string, len(ports))
	for i, p := range ports {
		list[i] = strings.ToLower(string(p.Protocol)) + "/" + strconv.Itoa(int(p.Port))
	}
	return strings.Join(list, ", ")
}

func (p ServiceProps) annotations() map[string]string {
	a := set{}
	a.put("ip-address-type", DualStack.String())
	a.put("nlb-target-type", "ip")
	a.put("scheme", p.Scheme.String())
	var tls []string
	for _, port := range p.Ports {
		switch port.Protocol {
		case UDP:
			a.put("enable-prefix-for-ipv6-source-nat", "on")
			if p.paired(port) {
				// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/#tcp-udp-listener
				a.put("enable-tcp-udp-listener", "true")
			}
		case TLS:
			tls = append(tls, strconv.Itoa(port.Port))
		case TCP: // which wants nothing
		}
	}
	if len(tls) > 0 {
		a.put("ssl-ports", strings.Join(tls, ","))
		a.put("ssl-cert", strings.Join(p.Certificates, ","))
		a.put("ssl-negotiation-policy", or(p.TLSPolicy, DefaultTLSPolicy))
		a.put("alpn-policy", string(p.ALPN))
	}
	h := p.HealthCheck
	if h.Protocol == "" && (h.Path != "" || h.SuccessCodes != "") {
		h.Protocol = "HTTP"
	}
	a.put("healthcheck-protocol", strings.ToLower(h.Protocol))
	a.put("healthcheck-path", h.Path)
	a.num("healthcheck-port", h.Port)
	a.num("healthcheck-interval", h.IntervalSeconds)
	a.num("healthcheck-timeout", h.TimeoutSeconds)
	a.num("healthcheck-healthy-threshold", h.HealthyThreshold)
	a.num("healthcheck-unhealthy-threshold", h.UnhealthyThreshold)
	a.put("healthcheck-success-codes", h.SuccessCodes)
	if p.ProxyProtocol {
		a.put("proxy-protocol", "*")
	}
	var subnets, eips, four, six []string
	for _, s := range p.Subnets {
		subnets = append(subnets, s.Subnet)
		if s.EIPAllocation != "" {
			eips = append(eips, s.EIPAllocation)
		}
		if s.PrivateIPv4.IsValid() {
			four = append(four, s.PrivateIPv4.String())
		}
		if s.IPv6.IsValid() {
			six = append(six, s.IPv6.String())
		}
	}
	a.put("subnets", strings.Join(subnets, ","))
	a.put("eip-allocations", strings.Join(eips, ","))
	a.put("private-ipv4-addresses", strings.Join(four, ","))
	a.put("ipv6-addresses", strings.Join(six, ","))
	if len(p.SecurityGroups) > 0 {
		a.put("security-groups", strings.Join(p.SecurityGroups, ","))
		a.put("manage-backend-security-group-rules", "true")
	}
	a.put("name", p.LoadBalancerName)
	a.put("attributes", pairs(p.front().allAttributes()))
	a.put("target-group-attributes", pairs(p.TargetGroupAttributes))
	a.put("additional-resource-tags", pairs(p.Tags))
	return prefixed(aws.ServiceAnnotation, a, p.Annotations)
}

// withRanges are subnets with the IPv4 ranges that the template says, where they are of the cluster's VPC. Their IPv6 ranges
// are known only once the VPC is there.
func withRanges(cluster *ipv6eks.Cluster, subnets []SubnetAddresses) []SubnetAddresses {
	out := slices.Clone(subnets)
	if cluster == nil || !slices.ContainsFunc(out, func(s SubnetAddresses) bool { return s.PrivateIPv4.IsValid() && len(s.Cidrs) == 0 }) {
		return out
	}
	vpc, ok := cluster.Vpc.(awsec2.Vpc)
	if !ok {
		return out
	}
	for _, subnet := range slices.Concat(*vpc.PrivateSubnets(), *vpc.PublicSubnets(), *vpc.IsolatedSubnets()) {
		id := *subnet.SubnetId()
		for i, s := range out {
			if s.Subnet != id || len(s.Cidrs) > 0 {
				continue
			}
			if r, err := netip.ParsePrefix(*subnet.Ipv4CidrBlock()); err == nil {
				out[i].Cidrs = []netip.Prefix{r.Masked()}
			}
		}
	}
	return out
}

// NewService applies a [Service] to a cluster, after the controller's chart, and deletes it before. It panics with the error
// of [ServiceProps.Validate], or of the cluster: one without public subnets holds no internet-facing load balancer.
func NewService(scope constructs.Construct, id string, props *ServiceProps) *Service {
	p := props.withDefaults()
	p.Inbound.vpc = vpcRanges(p.Cluster)
	p.Subnets = withRanges(p.Cluster, p.Subnets)
	if p.LoadBalancerName == "" {
		p.LoadBalancerName = networkName(scope, id, p.Namespace, p.Name, p.Scheme)
	}
	var bad problems.List
	p.check(&bad)
	ranges := p.front().ranges(&bad)
	p.front().checkTree(&bad)
	var object *corev1.Service
	if bad.Err() == nil { // Tune sees what is sound
		object = p.service(&bad, ranges)
	}
	if err := bad.Err(); err != nil {
		panic(fmt.Errorf("expose.NewService %s/%s: %w", *scope.Node().Path(), id, err))
	}
	s := &Service{Construct: constructs.NewConstruct(scope, jsiix.Str(id))}
	manifests := apply(s.Construct, "Manifest", p.Cluster, after(p.Controller), object)
	s.Manifest = manifests[0]
	s.balancer = p.front().published(published{
		manifests: manifests, resource: "service", name: p.Name, list: "loadBalancer.ingress", field: "hostname",
	}, "")
	return s
}

// Hostname is a token for the load balancer's DNS name, which has addresses of both families. Asking for it makes the
// deployment wait until the controller has made the load balancer, and, when a changed Scheme replaces it, the new one. With a
// LoadBalancerName of your own, change it together with Scheme: the DNS name of a network load balancer tells its name and not
// its scheme, so that otherwise the old one may be read, which ends. A load balancer that has another name than the Service
// says fails the deployment after 10 minutes.
func (s *Service) Hostname() string { return s.balancer.hostname(s.Construct) }
