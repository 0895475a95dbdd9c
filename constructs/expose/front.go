package expose

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/kept"
	"github.com/eks-ipv6/cdk/internal/lbtags"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// A front is what the choices of every load balancer of this package have in common, whoever makes it: an [Ingress], a
// [Service], a [Gateway] or a [BoundNLB]. It is checked here and nowhere else.
type front struct {
	cluster    *ipv6eks.Cluster
	controller *lbc.Controller
	namespace  string // of its object

	kind        balancerKind
	scheme      Scheme
	addressType AddressType
	inbound     Inbound
	listeners   int      // that the ranges of inbound open
	icmp        bool     // that they let in ICMP too
	groups      []string // security groups instead of them
	subnets     int      // how many were named

	version ProtocolVersion // of target groups
	login   bool            // that users are asked who they are

	health HealthCheck
	times  aws.HealthCheckTimes // where health says none

	name                  string // the load balancer's
	attributes            map[string]string
	logs                  *AccessLogs
	protection, crossZone bool
	crossZoneField        bool // that it has CrossZone
	targetAttributes      map[string]string
	tags                  map[string]string
	certificates          []string
	policy                string // of TLS
	waf                   string
}

// healthProtocols are the protocols of health checks, by the kind of load balancer.
var healthProtocols = map[balancerKind][]string{application: {"HTTP", "HTTPS"}, network: {"TCP", "HTTP", "HTTPS"}}

// check tells what is wrong with the choices. It needs no CDK.
func (f front) check(bad *problems.List) {
	checkScheme(bad, f.scheme)
	f.inbound.check(bad, f.scheme, f.listeners, f.icmp, len(f.groups) > 0)
	f.checkAddressType(bad)
	checkArns(bad, "Certificates", "acm", f.certificates...)
	checkCertificates(bad, "Certificates", f.kind, f.certificates)
	if len(f.certificates) > 0 {
		checkPolicy(bad, "TLSPolicy", f.policy)
	}
	if f.waf != "" {
		checkArn(bad.In("WAFArn"), "wafv2", f.waf)
	}
	f.health.check(bad, f.kind, f.times)
	f.health.checkCodes(bad, f.version)
	f.checkVersion(bad)
	checkBalancerName(bad, f.name)
	checkSecurityGroups(bad, f.groups)
	f.checkAttributes(bad)
	checkKnown(bad, "TargetGroupAttributes", f.targetAttributes, f.kind, aws.TargetGroupAttributes)
	lbtags.Check(bad, f.tags)
}

func checkScheme(bad *problems.List, scheme Scheme) {
	if scheme != Internal && scheme != InternetFacing {
		bad.Add("Scheme", "%d: want Internal or InternetFacing", int(scheme))
	}
}

func (f front) checkAddressType(bad *problems.List) {
	switch f.addressType {
	case DualStack:
		return
	case DualStackWithoutPublicIPv4:
	default:
		bad.Add("AddressType", "%d: want DualStack or DualStackWithoutPublicIPv4", int(f.addressType))
		return
	}
	if f.scheme == Internal {
		bad.Add("AddressType", "%s on an internal load balancer, which has no public addresses anyway: want DualStack", f.addressType)
	}
	if f.inbound.Families == OnlyIPv4 {
		bad.Add("Inbound.Families", "OnlyIPv4 with AddressType %s: no IPv4 client can reach it: want DualStack", f.addressType)
	}
}

// checkTree tells what is wrong with the cluster and the controller that were given.
func (f front) checkTree(bad *problems.List) {
	checkTarget(bad, f.cluster, f.controller)
	if f.cluster != nil && f.scheme == InternetFacing && f.subnets == 0 && f.cluster.Vpc != nil && len(*f.cluster.Vpc.PublicSubnets()) == 0 {
		bad.Add("Scheme", "InternetFacing: the cluster's VPC has no public subnets for the load balancer: want Internal, or a VPC with public subnets")
	}
	if f.controller != nil && f.waf != "" && f.controller.WithoutWAF {
		// The load balancer would be left open, in silence.
		bad.Add("WAFArn", "%s: the controller's part for AWS WAF is off (lbc.ControllerProps.WithoutWAFAndShield, or the chart's enableWafv2), and the load balancer would have no web ACL: want it on, or no WAFArn", f.waf)
	}
}

// ranges are what the object names: none where security groups of the user's own admit the clients.
func (f front) ranges(bad *problems.List) []string {
	if len(f.groups) > 0 {
		return nil
	}
	ranges, err := f.inbound.ranges()
	bad.Join(err)
	return ranges
}

// allAttributes are the load balancer's: the user's own, and those that fields stand for.
func (f front) allAttributes() map[string]string {
	return attributes(f.attributes, f.logs, f.protection, f.crossZone)
}

// published completes what is known of the load balancer's DNS name. controllers is what the name begins with when the
// controller chooses it.
func (f front) published(p published, controllers string) published {
	p.cluster, p.namespace, p.scheme, p.begins = f.cluster, f.namespace, f.scheme, controllers
	if f.name != "" {
		p.begins = nameBegins(f.name)
	}
	return p
}

// checkTarget tells what is wrong with the cluster that a construct applies its objects to.
func checkTarget(bad *problems.List, cluster *ipv6eks.Cluster, controller *lbc.Controller) {
	switch {
	case cluster == nil:
		bad.Add("Cluster", "missing: want a cluster of ipv6eks.NewCluster")
	case !cluster.HasKubectl():
		bad.Add("Cluster", "it has no kubectl layer, which manifests are applied with: want ipv6eks.ClusterProps.Kubectl, for example kubectllayer.New(…)")
	}
	if controller == nil && (cluster == nil || !cluster.Existing()) {
		bad.Add("Controller", "missing: want the cluster's lbc.NewController(…), which must be there to make and to delete the load balancer")
	}
}

// after is what a controller's objects wait for, and are deleted before: its chart. An existing cluster may have a controller that is
// not of this app.
func after(controller *lbc.Controller) []constructs.IDependable {
	if controller == nil {
		return nil
	}
	return []constructs.IDependable{controller.Chart}
}

// vpcTokens are the ranges of a cluster's VPC: the same tokens each time, so that Ingresses of a group can be compared.
type vpcTokens []string

// vpcRanges are the ranges of a cluster's VPC, IPv4 before IPv6, as tokens; nil where they are not known, as with a VPC
// that was made elsewhere.
func vpcRanges(cluster *ipv6eks.Cluster) []string {
	if cluster == nil {
		return nil
	}
	vpc, ok := cluster.Vpc.(awsec2.Vpc)
	if !ok {
		return nil
	}
	known := kept.Of[vpcTokens](cluster)
	if *known == nil {
		*known = vpcTokens{*vpc.VpcCidrBlock(), *awscdk.Fn_Select(jsiix.Num(0), vpc.VpcIpv6CidrBlocks())}
	}
	return *known
}
