package expose

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/constructs-go/constructs/v10"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/eks-ipv6/cdk/constructs/expose/kube"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// GatewayAPIVersion is the Gateway API whose standard channel must be in the cluster before a [Gateway]: the first in which
// TCPRoute is v1, as the controller's version 3.5.0 wants it.
const GatewayAPIVersion = lbc.DefaultGatewayAPIVersion

// GatewayProps are the choices of a [Gateway]. Name, CRDsInstalled and HTTPRoutes or TCPRoutes are required.
type GatewayProps struct {
	// Cluster is where the Gateway goes. Only [NewGateway] needs it.
	Cluster *ipv6eks.Cluster
	// Controller is what serves it there. Only [NewGateway] needs it. For an existing cluster
	// (ipv6eks.FromClusterAttributes) whose controller is not of this app it may be nil.
	Controller *lbc.Controller

	// CRDsInstalled confirms that the cluster has the Gateway API's kinds, which are not the controller's alone, where
	// [lbc.NewGatewayAPI] does not apply them:
	//
	//	kubectl apply --server-side -f https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.6.0/standard-install.yaml
	//
	// The controller's own, of group gateway.k8s.aws, come with lbc.NewController.
	//
	// The controller looks for them when it starts: restart it (kubectl -n kube-system rollout restart deployment
	// aws-load-balancer-controller) when they came later.
	// Default: false, and the Gateway is refused; with NewGateway true where the Controller has lbc.ControllerProps.GatewayAPI.
	CRDsInstalled bool

	// Name is the Gateway's, and begins those of its routes.
	Name string
	// Namespace is where it, its routes and their Services are.
	// Default: default.
	Namespace string

	// HTTPRoutes make it an ALB that listens on port 80, or with Certificates on 443.
	// Default: none.
	HTTPRoutes []HTTPRoute
	// TCPRoutes make it an NLB that listens on their ports. They need the controller's version 3.5.0; HTTPRoutes, 3.2.0. A Gateway has routes
	// of one kind, because a load balancer has. Change the Name with the kind: the class of a live Gateway cannot become
	// another controller's, and the API server refuses it.
	// Default: none.
	TCPRoutes []TCPRoute

	// Scheme is Internal or InternetFacing.
	// Default: Internal.
	Scheme Scheme
	// AddressType is DualStack or, for HTTPRoutes, DualStackWithoutPublicIPv4.
	// Default: DualStack.
	AddressType AddressType
	// Inbound says who may connect. An internet-facing load balancer has no default.
	// Default: the cluster's VPC, both families.
	Inbound Inbound

	// Certificates are the ARNs of ACM certificates for HTTPRoutes; the first is the default one.
	// Default: none, and HTTP.
	Certificates []string
	// TLSPolicy is the security policy of the HTTPS listener.
	// Default: DefaultTLSPolicy.
	TLSPolicy string
	// ProtocolVersion is what the load balancer of HTTPRoutes speaks with the Pods. HTTP2 and GRPC need Certificates; a method of
	// gRPC is a path, /package.Service/Method.
	// Default: HTTP1.
	ProtocolVersion ProtocolVersion
	// HealthCheck says which Pods can serve.
	// Default: the controller's.
	HealthCheck HealthCheck
	// WAFArn is a regional AWS WAF web ACL, for HTTPRoutes.
	// Default: none.
	WAFArn string
	// AccessLogs keeps a log.
	// Default: none.
	AccessLogs *AccessLogs
	// DeletionProtection keeps the load balancer even when its Gateway goes. Switch it off and deploy before you destroy.
	// Default: false.
	DeletionProtection bool
	// LoadBalancerName is the load balancer's. A live load balancer keeps its name: the controller takes another one only
	// when it makes or replaces it.
	// Default: the controller's choice; for TCPRoutes with NewGateway, as ServiceProps.LoadBalancerName.
	LoadBalancerName string
	// Attributes are the load balancer's.
	// Default: AWS's.
	Attributes map[string]string
	// Tags are on the AWS resources.
	// Default: the controller's alone.
	Tags map[string]string

	// Tune changes each object before it is applied, also where Objects gives it: a kube.TargetGroupConfiguration, a
	// kube.LoadBalancerConfiguration, the Gateway API's GatewayClass, Gateway and routes. What the load balancer cannot do
	// without, or what another field rests on (addresses, targets, scheme, ranges, names, class, listeners, parents of routes),
	// is refused.
	// Default: nil.
	Tune func(runtime.Object)
}

// HTTPRoute sends requests to Services by host and path.
type HTTPRoute struct {
	// Name is the route's, and so that of its object. Give it one, so that it stays itself when others go before it.
	// Default: the Gateway's Name and the route's place, NAME-1.
	Name string
	// Hosts are DNS names, which may begin with a label *.
	// Default: any host.
	Hosts []string
	// Paths say which requests go where. A Backend's port is a number here.
	Paths []Path
}

// TCPRoute sends the connections to a port to a Service.
type TCPRoute struct {
	// Name is as that of an HTTPRoute.
	// Default: the Gateway's Name and the route's place, NAME-1.
	Name string
	// Port is the listener's.
	Port int
	// Backend is where connections go. Its port is a number here.
	Backend Backend
}

// Gateway is a Gateway API Gateway with its routes that the controller answers with a dual-stack ALB or NLB. It has a
// GatewayClass of its own, whose LoadBalancerConfiguration makes the load balancer dual-stack from its first moment: a
// Gateway without one begins as an IPv4 load balancer and stays stuck there.
type Gateway struct {
	// Construct is the scope that all parts are made in.
	Construct constructs.Construct
	// Configurations apply the TargetGroupConfiguration and the LoadBalancerConfiguration, in this order.
	Configurations []awseksv2.KubernetesManifest
	// Class applies the GatewayClass, after them.
	Class awseksv2.KubernetesManifest
	// Manifest applies the Gateway, after its class.
	Manifest awseksv2.KubernetesManifest
	// Routes apply the routes, after the Gateway: HTTPRoutes, then TCPRoutes.
	Routes []awseksv2.KubernetesManifest

	balancer published
}

const (
	gatewayGroup = "gateway.networking.k8s.io"
	// gatewayElbAPI is served by every version of the controller since 3.0.0, and by 3.5.0 beside its v1.
	gatewayElbAPI = aws.GatewayGroup + "/v1beta1"
	minGateway    = "3.2.0"
	minTCPRoute   = "3.5.0"

	// Of a route in the Gateway API: https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec
	maxGatewayPaths = 16 // its rules
	maxGatewayHosts = 16
)

func (p *GatewayProps) withDefaults() GatewayProps {
	out := jsiix.Value(p)
	out.Namespace = or(out.Namespace, metav1.NamespaceDefault)
	return out
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK, and leaves Cluster and Controller to
// [NewGateway].
func (p *GatewayProps) Validate() error {
	var bad problems.List
	p.withDefaults().check(&bad)
	return bad.Err()
}

// network tells that the load balancer is an NLB.
func (p GatewayProps) network() bool { return len(p.TCPRoutes) > 0 }

// front is what a Gateway has in common with other load balancers.
func (p GatewayProps) front() front {
	kind := application
	if p.network() {
		kind = network
	}
	return front{
		cluster: p.Cluster, controller: p.Controller, namespace: p.Namespace, kind: kind,
		scheme: p.Scheme, addressType: p.AddressType, inbound: p.Inbound, listeners: max(1, len(p.TCPRoutes)),
		version: p.ProtocolVersion, health: p.HealthCheck, times: aws.GatewayHealthCheck, policy: p.TLSPolicy, name: p.LoadBalancerName, attributes: p.Attributes, logs: p.AccessLogs,
		protection: p.DeletionProtection, tags: p.Tags, certificates: p.Certificates, waf: p.WAFArn,
	}
}

// check is Validate of choices with every default written out.
func (p GatewayProps) check(bad *problems.List) {
	if !p.CRDsInstalled {
		bad.Add("CRDsInstalled", "false: the controller brings no kinds of the Gateway API: want lbc.NewGatewayAPI for the controller, or version %s applied by somebody else (the command is at this field) and true", GatewayAPIVersion)
	}
	checkName(bad, p.Name, p.Namespace)
	switch {
	case p.network() && len(p.HTTPRoutes) > 0:
		bad.Add("TCPRoutes", "given with HTTPRoutes: a load balancer is an ALB or an NLB: want two Gateways")
	case !p.network() && len(p.HTTPRoutes) == 0:
		bad.Add("HTTPRoutes", "missing: want routes, without which the controller makes an empty load balancer")
	}
	p.checkRoutes(bad)
	p.front().check(bad)
	p.checkKind(bad)
}

// checkKind tells what an ALB has and an NLB has not, and what needs certificates.
func (p GatewayProps) checkKind(bad *problems.List) {
	if p.network() && p.AddressType == DualStackWithoutPublicIPv4 {
		bad.Add("AddressType", "%s with TCPRoutes: an NLB has no such address type: want DualStack", p.AddressType)
	}
	if p.network() && (len(p.Certificates) > 0 || p.WAFArn != "") {
		bad.Add("Certificates, WAFArn", "given with TCPRoutes: want HTTPRoutes, or a Service with a port of Protocol TLS")
	}
	if p.TLSPolicy != "" && len(p.Certificates) == 0 {
		bad.Add("TLSPolicy", "%s without Certificates: want the ARN of a certificate", p.TLSPolicy)
	}
}

func (p GatewayProps) checkRoutes(bad *problems.List) {
	p.checkHTTPRoutes(bad)
	p.checkTCPRoutes(bad)
	if n := len(p.TCPRoutes); n > maxListeners {
		bad.Add("TCPRoutes", "%d: an NLB has %d listeners", n, maxListeners)
	}
}

func (p GatewayProps) checkHTTPRoutes(bad *problems.List) {
	names, rules := map[string]bool{}, 0
	for i, r := range p.HTTPRoutes {
		here := bad.At("HTTPRoutes", i)
		checkRouteName(here, r.Name, p.routeName(r.Name, i), names)
		if n := len(r.Hosts); n > maxGatewayHosts {
			here.Add("Hosts", "%d: a route takes %d: want several routes, or a name such as *.example.com", n, maxGatewayHosts)
		}
		for j, h := range r.Hosts {
			checkHost(here.At("Hosts", j), h)
		}
		// Each host and path is a rule: https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/gateway/routeutils/route_rule_precedence.go
		rules += max(1, len(r.Hosts)) * len(r.Paths)
		if n := len(r.Paths); n == 0 || n > maxGatewayPaths {
			here.Add("Paths", "%d: want 1 to %d, the rules of a route", n, maxGatewayPaths)
		}
		for j, path := range r.Paths {
			path.check(here.At("Paths", j))
			path.Backend.checkNumber(here.At("Paths", j).In("Backend"))
		}
	}
	if rules > aws.ListenerRules {
		bad.Add("HTTPRoutes", "%d rules, one for each host and path: an ALB takes %d: want several Gateways, or names such as *.example.com", rules, aws.ListenerRules)
	}
}

func (p GatewayProps) checkTCPRoutes(bad *problems.List) {
	names, ports := map[string]bool{}, map[int]bool{}
	for i, r := range p.TCPRoutes {
		here := bad.At("TCPRoutes", i)
		checkRouteName(here, r.Name, p.routeName(r.Name, i), names)
		if !isPort(r.Port) || ports[r.Port] {
			here.Add("Port", "%d: want 1 to 65535, each port once", r.Port)
		}
		ports[r.Port] = true
		r.Backend.check(here.In("Backend"))
		r.Backend.checkNumber(here.In("Backend"))
	}
}

// checkRouteName checks the name that a route was given, and that no other of its kind has the one that it gets.
func checkRouteName(here *problems.List, own, name string, names map[string]bool) {
	if own != "" && len(validation.IsDNS1123Subdomain(own)) > 0 {
		here.Add("Name", "%q: want lower case letters, digits, hyphens and dots", own)
	}
	if names[name] {
		here.Add("Name", "%s is named twice: want each name once", name)
	}
	names[name] = true
}

// checkNumber wants a port by its number.
func (b Backend) checkNumber(here *problems.List) {
	if b.PortName != "" {
		here.Add("PortName", "%s: the Gateway API knows ports by number: want Port", b.PortName)
	}
}

// Objects are the configurations of the load balancer and its targets, the GatewayClass, the Gateway and its routes, in the
// order to apply them. The error is that of Validate, or says that the ranges of the cluster's VPC are not known here.
func (p *GatewayProps) Objects() ([]runtime.Object, error) {
	v := p.withDefaults()
	var bad problems.List
	v.check(&bad)
	ranges := v.front().ranges(&bad)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	objects := v.objects(&bad, ranges)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return objects, nil
}

// gatewayParts are what Tune leaves alone, by the kind of object.
var gatewayParts = map[string][]part{
	"TargetGroupConfiguration": {{[]string{"spec", "defaultConfiguration", "targetType"}, "it left alone: targets are Pod addresses"},
		{[]string{"spec", "defaultConfiguration", "protocolVersion"}, "the field ProtocolVersion"}},
	"LoadBalancerConfiguration": {{[]string{"spec", "scheme"}, "the field Scheme"}, {[]string{"spec", "ipAddressType"}, "the field AddressType"},
		{[]string{"spec", "sourceRanges"}, "the field Inbound"}, {[]string{"spec", "loadBalancerName"}, "the field LoadBalancerName"},
		{[]string{"spec", "defaultTargetGroupConfiguration"}, "it left alone: it makes targets of Pod addresses"}, {[]string{"spec", "wafV2"}, "the field WAFArn"}},
	"GatewayClass": {{[]string{"spec", "controllerName"}, "HTTPRoutes or TCPRoutes, which choose the controller"},
		{[]string{"spec", "parametersRef"}, "it left alone: it makes the load balancer dual-stack"}},
	"Gateway":   {{[]string{"spec", "gatewayClassName"}, "it left alone: the class is this Gateway's own"}, {[]string{"spec", "listeners"}, "Certificates or TCPRoutes, which choose the listeners"}},
	"HTTPRoute": {{[]string{"spec", "parentRefs"}, "it left alone: the route is this Gateway's"}},
	"TCPRoute":  {{[]string{"spec", "parentRefs"}, "it left alone: the route is this Gateway's"}},
}

// objects are all of them, as Tune has them. What Tune should not have changed is added to the problems.
func (p GatewayProps) objects(bad *problems.List, ranges []string) []runtime.Object {
	out := append(p.class(ranges), p.gateway()...)
	for i, o := range out {
		out[i] = tuned(bad, o, p.Tune, gatewayParts[o.GetObjectKind().GroupVersionKind().Kind])
	}
	return out
}

// className is cluster-wide, so it holds the namespace too. The Gateway alone is of that class.
func (p GatewayProps) className() string { return p.Namespace + "." + p.Name }

func (p GatewayProps) listeners() []gatewayv1.Listener {
	var out []gatewayv1.Listener
	listen := func(protocol gatewayv1.ProtocolType, port int) {
		out = append(out, gatewayv1.Listener{
			Name: gatewayv1.SectionName(strings.ToLower(string(protocol)) + "-" + strconv.Itoa(port)), Port: gatewayv1.PortNumber(port), Protocol: protocol,
		})
	}
	for _, r := range p.TCPRoutes {
		listen(gatewayv1.TCPProtocolType, r.Port)
	}
	switch {
	case len(out) > 0:
	case len(p.Certificates) > 0:
		listen(gatewayv1.HTTPSProtocolType, 443)
	default:
		listen(gatewayv1.HTTPProtocolType, 80)
	}
	return out
}

// routeName is the name of the route at a place, from 0.
func (p GatewayProps) routeName(own string, place int) string {
	return or(own, p.Name+"-"+strconv.Itoa(place+1))
}

func (p GatewayProps) class(ranges []string) []runtime.Object {
	namespace := p.Namespace
	meta := metav1.ObjectMeta{Name: p.Name, Namespace: namespace}
	targets := &kube.TargetGroupConfiguration{
		TypeMeta: metav1.TypeMeta{APIVersion: gatewayElbAPI, Kind: "TargetGroupConfiguration"}, ObjectMeta: meta,
		Spec: kube.TargetGroupConfigurationSpec{DefaultConfiguration: kube.TargetGroupProps{TargetType: "ip", ProtocolVersion: string(p.ProtocolVersion), HealthCheckConfig: p.HealthCheck.gateway(p.ProtocolVersion)}},
	}
	conf := &kube.LoadBalancerConfiguration{
		TypeMeta: metav1.TypeMeta{APIVersion: gatewayElbAPI, Kind: "LoadBalancerConfiguration"}, ObjectMeta: meta,
		Spec: kube.LoadBalancerConfigurationSpec{
			LoadBalancerName: p.LoadBalancerName, Scheme: p.Scheme.String(), IPAddressType: p.AddressType.String(), SourceRanges: ranges,
			DefaultTargetGroupConfiguration: &kube.ConfigurationReference{Name: p.Name}, Tags: p.Tags,
		},
	}
	all := p.front().allAttributes()
	for _, k := range sorted(all) {
		conf.Spec.LoadBalancerAttributes = append(conf.Spec.LoadBalancerAttributes, kube.Attribute{Key: k, Value: all[k]})
	}
	if len(p.Certificates) > 0 {
		conf.Spec.ListenerConfigurations = []kube.ListenerConfiguration{{
			ProtocolPort: "HTTPS:443", DefaultCertificate: p.Certificates[0], Certificates: append([]string(nil), p.Certificates[1:]...), SslPolicy: or(p.TLSPolicy, DefaultTLSPolicy),
		}}
	}
	if p.WAFArn != "" {
		conf.Spec.WAFv2 = &kube.WAFv2{WebACL: p.WAFArn}
	}
	controller := gatewayv1.GatewayController(aws.GatewayALB)
	if p.network() {
		controller = aws.GatewayNLB
	}
	ns := gatewayv1.Namespace(namespace)
	class := &gatewayv1.GatewayClass{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayGroup + "/v1", Kind: "GatewayClass"},
		ObjectMeta: metav1.ObjectMeta{Name: p.className()},
		Spec: gatewayv1.GatewayClassSpec{ControllerName: controller, ParametersRef: &gatewayv1.ParametersReference{
			Group: aws.GatewayGroup, Kind: "LoadBalancerConfiguration", Name: p.Name, Namespace: &ns,
		}},
	}
	return []runtime.Object{targets, conf, class}
}

func (h HealthCheck) gateway(version ProtocolVersion) *kube.HealthCheckConfig {
	if h == (HealthCheck{}) {
		return nil
	}
	out := &kube.HealthCheckConfig{
		Path: h.Path, Protocol: h.Protocol, Interval: h.IntervalSeconds, Timeout: h.TimeoutSeconds,
		HealthyThreshold: h.HealthyThreshold, UnhealthyThreshold: h.UnhealthyThreshold,
	}
	if h.Port != 0 {
		out.Port = strconv.Itoa(h.Port)
	}
	if h.Protocol == "" && (h.Path != "" || h.SuccessCodes != "") {
		out.Protocol = "HTTP"
	}
	if h.SuccessCodes != "" {
		out.Matcher = &kube.HealthCheckMatcher{HTTPCode: h.SuccessCodes}
		if version == GRPC {
			out.Matcher = &kube.HealthCheckMatcher{GRPCCode: h.SuccessCodes}
		}
	}
	return out
}

func (p GatewayProps) gateway() []runtime.Object {
	namespace := p.Namespace
	listeners := p.listeners()
	out := []runtime.Object{&gatewayv1.Gateway{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayGroup + "/v1", Kind: "Gateway"},
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: namespace},
		Spec:       gatewayv1.GatewaySpec{GatewayClassName: gatewayv1.ObjectName(p.className()), Listeners: listeners},
	}}
	parent := func(l gatewayv1.Listener) gatewayv1.CommonRouteSpec {
		section := l.Name
		return gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{Name: gatewayv1.ObjectName(p.Name), SectionName: &section}}}
	}
	for i, r := range p.HTTPRoutes {
		route := &gatewayv1.HTTPRoute{
			TypeMeta:   metav1.TypeMeta{APIVersion: gatewayGroup + "/v1", Kind: "HTTPRoute"},
			ObjectMeta: metav1.ObjectMeta{Name: p.routeName(r.Name, i), Namespace: namespace},
			Spec:       gatewayv1.HTTPRouteSpec{CommonRouteSpec: parent(listeners[0])},
		}
		for _, h := range r.Hosts {
			route.Spec.Hostnames = append(route.Spec.Hostnames, gatewayv1.Hostname(h))
		}
		for _, path := range r.Paths {
			kind, value := gatewayv1.PathMatchPathPrefix, or(path.Path, "/")
			if path.Exact {
				kind = gatewayv1.PathMatchExact
			}
			route.Spec.Rules = append(route.Spec.Rules, gatewayv1.HTTPRouteRule{
				Matches:     []gatewayv1.HTTPRouteMatch{{Path: &gatewayv1.HTTPPathMatch{Type: &kind, Value: &value}}},
				BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: path.Backend.ref()}},
			})
		}
		out = append(out, route)
	}
	for i, r := range p.TCPRoutes {
		out = append(out, &gatewayv1.TCPRoute{
			TypeMeta:   metav1.TypeMeta{APIVersion: gatewayGroup + "/v1", Kind: "TCPRoute"},
			ObjectMeta: metav1.ObjectMeta{Name: p.routeName(r.Name, i), Namespace: namespace},
			Spec: gatewayv1.TCPRouteSpec{
				CommonRouteSpec: parent(listeners[i]), Rules: []gatewayv1.TCPRouteRule{{BackendRefs: []gatewayv1.BackendRef{r.Backend.ref()}}},
			},
		})
	}
	return out
}

func (b Backend) ref() gatewayv1.BackendRef {
	port := gatewayv1.PortNumber(b.Port)
	return gatewayv1.BackendRef{BackendObjectReference: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(b.Service), Port: &port}}
}

// NewGateway applies a [Gateway] to a cluster, after the controller's chart, and deletes it before. It panics with the error
// of [GatewayProps.Validate], or of the cluster: one without public subnets holds no internet-facing load balancer.
func NewGateway(scope constructs.Construct, id string, props *GatewayProps) *Gateway {
	p := props.withDefaults()
	p.Inbound.vpc = vpcRanges(p.Cluster)
	p.CRDsInstalled = p.CRDsInstalled || p.Controller != nil && p.Controller.GatewayAPI != nil
	if p.network() && p.LoadBalancerName == "" {
		p.LoadBalancerName = networkName(scope, id, p.Namespace, p.Name, p.Scheme)
	}
	var bad problems.List
	p.check(&bad)
	ranges := p.front().ranges(&bad)
	p.front().checkTree(&bad)
	p.checkController(&bad)
	var all []runtime.Object
	if bad.Err() == nil { // Tune sees what is sound
		all = p.objects(&bad, ranges)
	}
	if err := bad.Err(); err != nil {
		panic(fmt.Errorf("expose.NewGateway %s/%s: %w", *scope.Node().Path(), id, err))
	}
	g := &Gateway{Construct: constructs.NewConstruct(scope, jsiix.Str(id))}
	// The class and its configurations outlive the Gateway, whose load balancer is deleted by them.
	class := apply(g.Construct, "", p.Cluster, after(p.Controller), all[:3]...)
	g.Configurations, g.Class = class[:2], class[2]
	objects := all[3:]
	g.Manifest = apply(g.Construct, "", p.Cluster, []constructs.IDependable{g.Class}, objects[0])[0]
	for _, route := range objects[1:] { // beside each other, each after the Gateway
		g.Routes = append(g.Routes, apply(g.Construct, "", p.Cluster, []constructs.IDependable{g.Manifest}, route)...)
	}
	g.balancer = p.front().published(published{
		manifests: append([]awseksv2.KubernetesManifest{g.Manifest}, g.Routes...), resource: "gateway." + gatewayGroup, name: p.Name,
		list: "addresses", field: "value", application: !p.network(),
	}, controllersName(p.Controller, "", p.Namespace, p.Name))
	return g
}

// checkController tells whether the controller's version knows what the Gateway needs of it.
// Source: https://github.com/kubernetes-sigs/aws-load-balancer-controller/releases
func (p GatewayProps) checkController(bad *problems.List) {
	switch c := p.Controller; {
	case c == nil:
	case !c.AtLeast(minGateway):
		bad.Add("Controller", "version %s has the Gateway API off, and no configuration of targets: want %s or later", c.ChartVersion, minGateway)
	case p.network() && !c.AtLeast(minTCPRoute):
		bad.Add("TCPRoutes", "the controller's version %s knows TCPRoute in a version that the Gateway API %s gave up: want %s or later", c.ChartVersion, GatewayAPIVersion, minTCPRoute)
	case p.network() && c.GatewayAPI != nil && !c.GatewayAPI.AtLeast(GatewayAPIVersion):
		bad.Add("TCPRoutes", "the Gateway API %s has no TCPRoute of version v1 in its standard channel: want lbc.GatewayAPIProps.Version %s or later", c.GatewayAPI.Version, GatewayAPIVersion)
	}
}

// Hostname is a token for the load balancer's DNS name, which has addresses of both families. Asking for it makes the
// deployment wait until the controller has made the load balancer, and, when a changed Scheme replaces it, the new one. With
// TCPRoutes and a LoadBalancerName of your own, change it together with Scheme: see [Service.Hostname]. A load balancer that
// has another name than the Gateway says fails the deployment after 10 minutes.
func (g *Gateway) Hostname() string { return g.balancer.hostname(g.Construct) }
