package expose

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/constructs-go/constructs/v10"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-ipv6/cdk/constructs/expose/kube"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/lbtags"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// IngressProps are the choices of an [Ingress]. Name and Rules or DefaultBackend are required.
type IngressProps struct {
	// Cluster is where the Ingress goes. Only [NewIngress] needs it.
	Cluster *ipv6eks.Cluster
	// Controller is what serves it there. Only [NewIngress] needs it. For an existing cluster
	// (ipv6eks.FromClusterAttributes) whose controller is not of this app it may be nil.
	Controller *lbc.Controller

	// Name is the Ingress's.
	Name string
	// Namespace is where it and its Services are.
	// Default: default.
	Namespace string

	// Rules say which requests go to which Service.
	// Default: none, all go to DefaultBackend.
	Rules []Rule
	// DefaultBackend gets the requests that no rule takes.
	// Default: none, such requests get a 404.
	DefaultBackend Backend

	// Scheme is Internal or InternetFacing.
	// Default: Internal.
	Scheme Scheme
	// AddressType is DualStack or DualStackWithoutPublicIPv4. The latter makes an IngressClass and IngressClassParams of
	// its own, because the class alb of lbc.NewController forces dualstack, whatever an annotation says.
	// Default: DualStack.
	AddressType AddressType
	// Inbound says who may connect. An internet-facing load balancer has no default.
	// Default: the cluster's VPC, both families.
	Inbound Inbound

	// Certificates are the ARNs of ACM certificates, 25 at most beside the first, which is the default one. With them the
	// load balancer listens on port 443 and redirects port 80 there.
	// Default: none, and HTTP on port 80.
	Certificates []string
	// TLSPolicy is the security policy of the HTTPS listener.
	// Default: DefaultTLSPolicy.
	TLSPolicy string
	// WithoutRedirect closes port 80 instead of redirecting it.
	// Default: false.
	WithoutRedirect bool

	// Cognito makes the load balancer ask users for a login of a Cognito user pool. It needs Certificates.
	// Default: nobody is asked.
	Cognito *Cognito
	// OIDC makes it ask for a login of another provider, instead of Cognito. It needs Certificates.
	// Default: nobody is asked.
	OIDC *OIDC

	// ProtocolVersion is what the load balancer speaks with the Pods. HTTP2 and GRPC need Certificates.
	// Default: HTTP1.
	ProtocolVersion ProtocolVersion
	// HealthCheck says which Pods can serve.
	// Default: HTTP / on the port that traffic goes to; for GRPC the method /AWS.ALB/healthcheck.
	HealthCheck HealthCheck
	// WAFArn is a regional AWS WAF web ACL.
	// Default: none.
	WAFArn string
	// AccessLogs keeps a log of requests.
	// Default: none.
	AccessLogs *AccessLogs
	// DeletionProtection keeps the load balancer even when its Ingress goes. Switch it off and deploy before you destroy:
	// the controller waits for it, and so does CloudFormation.
	// Default: false.
	DeletionProtection bool

	// Group puts the Ingress on one load balancer with others of that group, of any namespace: who can write an Ingress can
	// then add rules to it. What the load balancer has once, such as AddressType, Scheme and Inbound, must be the same in all.
	// Default: a load balancer of its own.
	Group string
	// GroupOrder is the place among the group's rules, 1 to 1000, each once.
	// Default: 0, before the others, by name.
	GroupOrder int

	// LoadBalancerName is the load balancer's. A live load balancer keeps its name: the controller takes another one only
	// when it makes or replaces it.
	// Default: the controller's choice.
	LoadBalancerName string
	// Subnets are the load balancer's, by id or Name tag, in two zones at least.
	// Default: those that the controller finds by their role tags.
	Subnets []string
	// SecurityGroups are the load balancer's, by id or Name tag, instead of Inbound. The controller still opens the Pods to
	// it.
	// Default: one that the controller makes of Inbound.
	SecurityGroups []string
	// Attributes are the load balancer's, such as idle_timeout.timeout_seconds.
	// Default: AWS's.
	Attributes map[string]string
	// TargetGroupAttributes are its target groups', such as deregistration_delay.timeout_seconds.
	// Default: AWS's.
	TargetGroupAttributes map[string]string
	// Tags are on the AWS resources.
	// Default: the controller's alone.
	Tags map[string]string
	// Annotations are further ones of the Ingress. Those that a field stands for are refused.
	// Default: none.
	Annotations map[string]string

	// Tune changes the Ingress before it is applied, also where Objects gives it. What the load balancer cannot do without, or
	// what another field rests on (addresses, targets, scheme, ranges, names, class, group), is refused.
	// Default: nil.
	Tune func(*networkingv1.Ingress)
}

// Rule sends requests for a host to Services by path.
type Rule struct {
	// Host is a DNS name, which may begin with a label *.
	// Default: any host.
	Host string
	// Paths are tried by the controller longest first.
	Paths []Path
}

// Path sends requests for a path to a Service.
type Path struct {
	// Path is an absolute path.
	// Default: /.
	Path string
	// Exact takes this path alone instead of all below it too.
	// Default: false.
	Exact bool
	// Backend is where requests go.
	Backend Backend
}

// Backend is a port of a Service in the Ingress's namespace.
type Backend struct {
	// Service is its name. Any type will do: the targets are its Pods.
	Service string
	// Port is the Service's port by number, or 0 with PortName.
	Port int
	// PortName is the Service's port by name, instead of Port.
	PortName string
}

// Cognito asks users for a login of a Cognito user pool.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
type Cognito struct {
	// UserPoolArn is the pool's ARN.
	UserPoolArn string
	// UserPoolClientID is the id of the pool's client for the load balancer, which has a secret.
	UserPoolClientID string
	// UserPoolDomain is the prefix of the pool's domain, or its whole name, without https://.
	UserPoolDomain string
}

// OIDC asks users for a login of an OpenID Connect provider.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
type OIDC struct {
	// Issuer is the provider's address, as its tokens name it.
	Issuer string
	// AuthorizationEndpoint, TokenEndpoint and UserInfoEndpoint are the provider's, with https://. The load balancer calls the
	// last two, over IPv4.
	AuthorizationEndpoint, TokenEndpoint, UserInfoEndpoint string
	// SecretName is a Secret in the Ingress's namespace with the keys clientID and clientSecret. The controller's chart lets it
	// read no Secret, so the Ingress comes with a Role and a RoleBinding, NAME-oidc, for this one.
	SecretName string
}

// Ingress is a Kubernetes Ingress that the controller answers with a dual-stack ALB, listeners, target groups of IPv6
// addresses and a security group.
type Ingress struct {
	// Construct is the scope that all parts are made in.
	Construct constructs.Construct
	// Manifest applies the Ingress.
	Manifest awseksv2.KubernetesManifest
	// ClassParams and Class apply the IngressClassParams and the IngressClass of DualStackWithoutPublicIPv4, or are nil.
	ClassParams, Class awseksv2.KubernetesManifest
	// SecretAccess apply the Role and the RoleBinding by which the controller reads the Secret of OIDC; none without.
	SecretAccess []awseksv2.KubernetesManifest

	balancer published
	props    IngressProps
	awaited  bool // somebody waits for the load balancer's name
}

const (
	albClass = "alb"
	elbAPI   = aws.ControllerGroup + "/v1beta1"
)

var groupName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)

var albOwned = []ownedAnnotation{
	{"scheme", "the field Scheme"}, {"ip-address-type", "the field AddressType: the controller refuses an IPv4 load balancer in front of IPv6 Pods"},
	{"target-type", "it left out: targets are Pod addresses, and instance targets need a primary IPv6 address that node groups do not give"},
	{"inbound-cidrs", "the field Inbound"}, {"security-groups", "the field SecurityGroups"}, {"manage-backend-security-group-rules", "it left out: the controller opens the Pods to the load balancer"},
	{"certificate-arn", "the field Certificates"}, {"ssl-policy", "the field TLSPolicy"}, {"listen-ports", "the field Certificates"}, {"ssl-redirect", "the field Certificates"},
	{"wafv2-acl-arn", "the field WAFArn"}, {"group.name", "the field Group"}, {"group.order", "the field GroupOrder"}, {"load-balancer-attributes", "the field Attributes"},
	{"target-group-attributes", "the field TargetGroupAttributes"}, {"subnets", "the field Subnets"}, {"load-balancer-name", "the field LoadBalancerName"}, {"tags", "the field Tags"},
	{"backend-protocol-version", "the field ProtocolVersion"},
	{"auth-type", "the field Cognito or OIDC"}, {"auth-idp-cognito", "the field Cognito"}, {"auth-idp-oidc", "the field OIDC"},
	{"healthcheck-protocol", "the field HealthCheck"}, {"healthcheck-path", "the field HealthCheck"}, {"healthcheck-port", "the field HealthCheck"},
	{"healthcheck-interval-seconds", "the field HealthCheck"}, {"healthcheck-timeout-seconds", "the field HealthCheck"},
	{"healthy-threshold-count", "the field HealthCheck"}, {"unhealthy-threshold-count", "the field HealthCheck"}, {"success-codes", "the field HealthCheck"},
	{"kubernetes.io/ingress.class", "it left out: the class is this package's"},
}

func (p *IngressProps) withDefaults() IngressProps {
	out := jsiix.Value(p)
	out.Namespace = or(out.Namespace, metav1.NamespaceDefault)
	return out
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK, and leaves Cluster and Controller to
// [NewIngress].
func (p *IngressProps) Validate() error {
	var bad problems.List
	p.withDefaults().check(&bad)
	return bad.Err()
}

// front is what an Ingress has in common with other load balancers.
func (p IngressProps) front() front {
	listeners := 1
	if len(p.Certificates) > 0 && !p.WithoutRedirect {
		listeners = 2
	}
	return front{
		cluster: p.Cluster, controller: p.Controller, namespace: p.Namespace, kind: application,
		scheme: p.Scheme, addressType: p.AddressType, inbound: p.Inbound, listeners: listeners, groups: p.SecurityGroups, subnets: len(p.Subnets),
		version: p.ProtocolVersion, login: p.Cognito != nil || p.OIDC != nil, health: p.HealthCheck, times: aws.IngressHealthCheck, policy: p.TLSPolicy, name: p.LoadBalancerName, attributes: p.Attributes, logs: p.AccessLogs,
		protection: p.DeletionProtection, targetAttributes: p.TargetGroupAttributes, tags: p.Tags, certificates: p.Certificates, waf: p.WAFArn,
	}
}

// check is Validate of choices with every default written out.
func (p IngressProps) check(bad *problems.List) {
	checkName(bad, p.Name, p.Namespace)
	p.checkRules(bad)
	p.front().check(bad)
	if p.AddressType == DualStackWithoutPublicIPv4 && (p.Cognito != nil || p.OIDC != nil) {
		bad.Add("AddressType", "%s with authentication: the load balancer calls the identity provider from a public IPv4 address, and answers 500 without one: want DualStack, or no Cognito and OIDC", p.AddressType)
	}
	p.checkTLS(bad)
	if p.Group != "" && !groupName.MatchString(p.Group) {
		bad.Add("Group", "%q: want lower case letters, digits, hyphens and dots, a letter or digit at both ends, 63 at most", p.Group)
	}
	if p.GroupOrder != 0 && (p.Group == "" || p.GroupOrder < 1 || p.GroupOrder > 1000) {
		bad.Add("GroupOrder", "%d with Group %q: want 1 to 1000 in a group", p.GroupOrder, p.Group)
	}
	p.checkSubnets(bad)
	p.checkConditions(bad)
	checkAnnotations(bad, p.Annotations, aws.IngressAnnotation, albOwned)
}

func (p IngressProps) checkSubnets(bad *problems.List) {
	if len(p.Subnets) == 1 {
		bad.Add("Subnets", "one: want subnets in two zones at least, which an ALB needs")
	}
	seen := map[string]bool{}
	for i, s := range p.Subnets {
		here := bad.At("Subnets", i)
		if strings.TrimSpace(s) == "" || strings.Contains(s, ",") || seen[s] {
			here.Add("", "%q: want the id or Name tag of a subnet, each once", s)
			continue
		}
		lbtags.Blanks(here, s)
		seen[s] = true
	}
}

func (p IngressProps) checkRules(bad *problems.List) {
	if len(p.Rules) == 0 && p.DefaultBackend == (Backend{}) {
		bad.Add("Rules", "missing: want rules, or a DefaultBackend for all requests")
	}
	if p.DefaultBackend != (Backend{}) {
		p.DefaultBackend.check(bad.In("DefaultBackend"))
	}
	paths := 0
	for i, r := range p.Rules {
		here := bad.At("Rules", i)
		if r.Host != "" {
			checkHost(here.In("Host"), r.Host)
		}
		if len(r.Paths) == 0 {
			here.Add("Paths", "missing: want a path, such as / for all")
		}
		for j, path := range r.Paths {
			paths++
			path.check(here.At("Paths", j))
		}
	}
	if paths > aws.ListenerRules {
		bad.Add("Rules", "%d paths: an ALB takes %d rules: want several Ingresses, or a higher quota", paths, aws.ListenerRules)
	}
}

func (p Path) check(here *problems.List) {
	checkPath(here.In("Path"), p)
	p.Backend.check(here.In("Backend"))
}

func (b Backend) check(here *problems.List) {
	if len(validation.IsDNS1035Label(b.Service)) > 0 {
		here.Add("Service", "%q: want a Service's name", b.Service)
	}
	switch {
	case (b.Port == 0) == (b.PortName == ""):
		here.Add("Port", "%d with PortName %q: want one of the two", b.Port, b.PortName)
	case b.PortName == "" && !isPort(b.Port):
		here.Add("Port", "%d: want 1 to 65535", b.Port)
	}
}

// isPort tells that a number is a port's.
func isPort(n int) bool { return n >= 1 && n <= 65535 }

func (p IngressProps) checkTLS(bad *problems.List) {
	if len(p.Certificates) == 0 {
		if p.TLSPolicy != "" || p.WithoutRedirect {
			bad.Add("TLSPolicy", "%q, WithoutRedirect: %t, without Certificates: want the ARN of a certificate", p.TLSPolicy, p.WithoutRedirect)
		}
		if p.Cognito != nil || p.OIDC != nil {
			bad.Add("Cognito, OIDC", "without Certificates: an ALB asks users who they are over HTTPS only: want the ARN of a certificate")
		}
	}
	if p.Cognito != nil && p.OIDC != nil {
		bad.Add("Cognito, OIDC", "both: want one of the two")
	}
	if p.Cognito != nil {
		p.Cognito.check(bad)
	}
	if p.OIDC != nil {
		p.OIDC.check(bad)
	}
}

func (c Cognito) check(bad *problems.List) {
	if c.UserPoolArn == "" || c.UserPoolClientID == "" || c.UserPoolDomain == "" {
		bad.Add("Cognito", "%+v: want all of it", c)
		return
	}
	checkArn(bad.In("Cognito.UserPoolArn"), "cognito-idp", c.UserPoolArn)
	if lbtags.Blanks(bad.In("Cognito.UserPoolClientID"), c.UserPoolClientID) && strings.ContainsAny(c.UserPoolDomain, " :/") {
		bad.Add("Cognito.UserPoolDomain", "%q: want the domain's prefix, such as shop, or its whole name without https://", c.UserPoolDomain)
	}
}

// check wants what an ALB calls, over HTTPS, and the name of a Secret.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AuthenticateOidcActionConfig.html
func (o OIDC) check(bad *problems.List) {
	if o.Issuer == "" || o.AuthorizationEndpoint == "" || o.TokenEndpoint == "" || o.UserInfoEndpoint == "" || o.SecretName == "" {
		bad.Add("OIDC", "%+v: want all of it", o)
		return
	}
	for _, f := range []struct{ field, url string }{
		{"Issuer", o.Issuer}, {"AuthorizationEndpoint", o.AuthorizationEndpoint}, {"TokenEndpoint", o.TokenEndpoint}, {"UserInfoEndpoint", o.UserInfoEndpoint},
	} {
		if u, err := url.Parse(f.url); !jsiix.IsToken(f.url) && (err != nil || u.Scheme != "https" || u.Hostname() == "" || strings.ContainsAny(f.url, " ")) {
			bad.Add("OIDC."+f.field, "%q: want a whole address that begins with https://", f.url)
		}
	}
	if len(validation.IsDNS1123Subdomain(o.SecretName)) > 0 {
		bad.Add("OIDC.SecretName", "%q: want the name of a Secret: lower case letters, digits, hyphens and dots", o.SecretName)
	}
}

// Objects are the Ingress and before it, for DualStackWithoutPublicIPv4, its class and, for OIDC, the Role and RoleBinding by
// which the controller reads the Secret. The error is that of Validate, or says
// that the ranges of the cluster's VPC are not known here.
func (p *IngressProps) Objects() ([]runtime.Object, error) {
	v := p.withDefaults()
	var bad problems.List
	v.check(&bad)
	ranges := v.front().ranges(&bad)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	ingress := v.ingress(&bad, ranges)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return slices.Concat(v.class(), v.access(), []runtime.Object{ingress}), nil
}

// ingressParts are what Tune leaves alone of an Ingress.
var ingressParts = append(notes(aws.IngressAnnotation, albOwned, "ip-address-type", "target-type", "scheme", "inbound-cidrs", "security-groups",
	"manage-backend-security-group-rules", "group.name", "group.order", "load-balancer-name", "wafv2-acl-arn", "auth-idp-oidc", "kubernetes.io/ingress.class"),
	part{[]string{"spec", "ingressClassName"}, "the field AddressType, which chooses the class"})

// access lets the controller read the Secret of OIDC, and no other: its chart grants none, and without it the controller
// never finds the client's id.
// Source: https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/examples/secrets_access.md
func (p IngressProps) access() []runtime.Object {
	if p.OIDC == nil {
		return nil
	}
	const group = "rbac.authorization.k8s.io"
	meta := metav1.ObjectMeta{Name: p.Name + "-oidc", Namespace: p.Namespace}
	return []runtime.Object{
		&rbacv1.Role{
			TypeMeta: metav1.TypeMeta{APIVersion: group + "/v1", Kind: "Role"}, ObjectMeta: meta,
			Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{p.OIDC.SecretName}, Verbs: []string{"get", "list", "watch"}}},
		},
		&rbacv1.RoleBinding{
			TypeMeta: metav1.TypeMeta{APIVersion: group + "/v1", Kind: "RoleBinding"}, ObjectMeta: meta,
			RoleRef:  rbacv1.RoleRef{APIGroup: group, Kind: "Role", Name: meta.Name},
			Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: lbc.ServiceAccount, Namespace: lbc.Namespace}},
		},
	}
}

// className is cluster-wide, so it holds the namespace too. No part of it has a dot of its own.
func (p IngressProps) className() string {
	if p.AddressType == DualStack {
		return albClass
	}
	return albClass + "." + p.Namespace + "." + p.Name
}

// class is the IngressClass of the Ingress alone, so that deleting one Ingress leaves the others their class.
func (p IngressProps) class() []runtime.Object {
	if p.AddressType == DualStack {
		return nil
	}
	name := p.className()
	group := aws.ControllerGroup
	return []runtime.Object{
		&kube.IngressClassParams{
			TypeMeta:   metav1.TypeMeta{APIVersion: elbAPI, Kind: "IngressClassParams"},
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       kube.IngressClassParamsSpec{IPAddressType: p.AddressType.String(), TargetType: "ip", Scheme: p.Scheme.String()},
		},
		&networkingv1.IngressClass{
			TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "IngressClass"},
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: networkingv1.IngressClassSpec{Controller: aws.IngressController, Parameters: &networkingv1.IngressClassParametersReference{
				APIGroup: &group, Kind: "IngressClassParams", Name: name,
			}},
		},
	}
}

// ingress is the object, as Tune has it. What Tune should not have changed is added to the problems.
func (p IngressProps) ingress(bad *problems.List, ranges []string) *networkingv1.Ingress {
	class := p.className()
	out := &networkingv1.Ingress{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"},
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Annotations: p.annotations(ranges)},
		Spec:       networkingv1.IngressSpec{IngressClassName: &class},
	}
	if p.DefaultBackend != (Backend{}) {
		b := p.DefaultBackend.object()
		out.Spec.DefaultBackend = &b
	}
	for _, r := range p.Rules {
		rule := networkingv1.IngressRule{Host: r.Host}
		rule.HTTP = &networkingv1.HTTPIngressRuleValue{}
		for _, path := range r.Paths {
			kind := networkingv1.PathTypePrefix
			if path.Exact {
				kind = networkingv1.PathTypeExact
			}
			rule.HTTP.Paths = append(rule.HTTP.Paths, networkingv1.HTTPIngressPath{Path: or(path.Path, "/"), PathType: &kind, Backend: path.Backend.object()})
		}
		out.Spec.Rules = append(out.Spec.Rules, rule)
	}
	return tuned(bad, out, p.Tune, ingressParts)
}

func (b Backend) object() networkingv1.IngressBackend {
	return networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
		Name: b.Service, Port: networkingv1.ServiceBackendPort{Name: b.PortName, Number: int32(b.Port)},
	}}
}

func (p IngressProps) annotations(ranges []string) map[string]string {
	a := set{}
	a.put("ip-address-type", p.AddressType.String())
	a.put("target-type", "ip")
	a.put("scheme", p.Scheme.String())
	a.put("inbound-cidrs", strings.Join(ranges, ","))
	switch {
	case len(p.Certificates) == 0:
		a.put("listen-ports", `[{"HTTP": 80}]`)
	case p.WithoutRedirect:
		a.put("listen-ports", `[{"HTTPS": 443}]`)
	default:
		a.put("listen-ports", `[{"HTTP": 80}, {"HTTPS": 443}]`)
		a.put("ssl-redirect", "443")
	}
	if len(p.Certificates) > 0 {
		a.put("certificate-arn", strings.Join(p.Certificates, ","))
		a.put("ssl-policy", or(p.TLSPolicy, DefaultTLSPolicy))
	}
	if c := p.Cognito; c != nil {
		a.put("auth-type", "cognito")
		a.put("auth-idp-cognito", object(map[string]string{"userPoolARN": c.UserPoolArn, "userPoolClientID": c.UserPoolClientID, "userPoolDomain": c.UserPoolDomain}))
	}
	if o := p.OIDC; o != nil {
		a.put("auth-type", "oidc")
		a.put("auth-idp-oidc", object(map[string]string{"issuer": o.Issuer, "authorizationEndpoint": o.AuthorizationEndpoint,
			"tokenEndpoint": o.TokenEndpoint, "userInfoEndpoint": o.UserInfoEndpoint, "secretName": o.SecretName}))
	}
	a.put("backend-protocol-version", string(p.ProtocolVersion))
	h := p.HealthCheck
	a.put("healthcheck-protocol", h.Protocol)
	a.put("healthcheck-path", h.Path)
	a.num("healthcheck-port", h.Port)
	a.num("healthcheck-interval-seconds", h.IntervalSeconds)
	a.num("healthcheck-timeout-seconds", h.TimeoutSeconds)
	a.num("healthy-threshold-count", h.HealthyThreshold)
	a.num("unhealthy-threshold-count", h.UnhealthyThreshold)
	a.put("success-codes", h.SuccessCodes)
	a.put("wafv2-acl-arn", p.WAFArn)
	a.put("group.name", p.Group)
	a.num("group.order", p.GroupOrder)
	a.put("load-balancer-name", p.LoadBalancerName)
	a.put("subnets", strings.Join(p.Subnets, ","))
	if len(p.SecurityGroups) > 0 {
		a.put("security-groups", strings.Join(p.SecurityGroups, ","))
		a.put("manage-backend-security-group-rules", "true")
	}
	a.put("load-balancer-attributes", pairs(p.front().allAttributes()))
	a.put("target-group-attributes", pairs(p.TargetGroupAttributes))
	a.put("tags", pairs(p.Tags))
	return prefixed(aws.IngressAnnotation, a, p.Annotations)
}

// prefixed are annotations of the controller's, with others.
func prefixed(prefix string, a set, others map[string]string) map[string]string {
	out := maps.Clone(others)
	if out == nil {
		out = map[string]string{}
	}
	for k, v := range a {
		out[prefix+k] = v
	}
	return out
}

// object is a JSON object with its keys in order.
func object(m map[string]string) string {
	text, _ := json.Marshal(m) // strings always marshal
	return string(text)
}

// NewIngress applies an [Ingress] to a cluster, after the controller's chart, and deletes it before. It panics with the
// error of [IngressProps.Validate], or of the cluster: one without public subnets holds no internet-facing load balancer. What
// [CheckGroups] says of all the cluster's Ingresses ends the synth.
func NewIngress(scope constructs.Construct, id string, props *IngressProps) *Ingress {
	p := props.withDefaults()
	p.Inbound.vpc = vpcRanges(p.Cluster)
	var bad problems.List
	p.check(&bad)
	ranges := p.front().ranges(&bad)
	p.front().checkTree(&bad)
	var object *networkingv1.Ingress
	if bad.Err() == nil { // Tune sees what is sound
		object = p.ingress(&bad, ranges)
	}
	if err := bad.Err(); err != nil {
		panic(fmt.Errorf("expose.NewIngress %s/%s: %w", *scope.Node().Path(), id, err))
	}
	i := &Ingress{Construct: constructs.NewConstruct(scope, jsiix.Str(id)), props: p}
	wait := after(p.Controller)
	if class := p.class(); len(class) > 0 {
		// In manifests of their own, so that they outlive the Ingress, whose load balancer is deleted by them.
		manifests := apply(i.Construct, "", p.Cluster, wait, class...)
		i.ClassParams, i.Class = manifests[0], manifests[1]
		wait = append(wait, i.Class)
	}
	if access := p.access(); len(access) > 0 {
		i.SecretAccess = apply(i.Construct, "", p.Cluster, wait, access...)
		wait = append(wait, i.SecretAccess[len(i.SecretAccess)-1])
	}
	i.Manifest = apply(i.Construct, "Manifest", p.Cluster, wait, object)[0]
	i.balancer = p.front().published(published{
		manifests: []awseksv2.KubernetesManifest{i.Manifest}, resource: "ingress", name: p.Name, list: "loadBalancer.ingress", field: "hostname", application: true,
	}, controllersName(p.Controller, p.Group, p.Namespace, p.Name))
	joinGroups(i)
	return i
}

// Hostname is a token for the load balancer's DNS name, which has addresses of both families. Asking for it makes the
// deployment wait until the controller has made the load balancer, and, when a changed Scheme or Group gives the Ingress
// another, until it has that one. A load balancer that has another name than the Ingress says fails the deployment after 10
// minutes.
func (i *Ingress) Hostname() string {
	i.awaited = true
	return i.balancer.hostname(i.Construct)
}
