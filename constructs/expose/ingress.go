package expose

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/constructs-go/constructs/v10"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// IngressProps are the choices of an [Ingress]. Name and Rules or DefaultBackend are required.
type IngressProps struct {
	// Cluster is where the Ingress goes, and Controller is what serves it there. Only [NewIngress] needs them.
	Cluster    *ipv6eks.Cluster
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

	// Cognito and OIDC make the load balancer ask users who they are. They need Certificates.
	// Default: neither.
	Cognito *Cognito
	OIDC    *OIDC

	// HealthCheck says which Pods can serve.
	// Default: HTTP / on the port that traffic goes to.
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
	// Port is the Service's port by number, or PortName by name.
	Port     int
	PortName string
}

// Cognito asks users for a login of a Cognito user pool.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
type Cognito struct {
	UserPoolArn, UserPoolClientID, UserPoolDomain string
}

// OIDC asks users for a login of an OpenID Connect provider. SecretName is a Secret in the Ingress's namespace with the
// keys clientID and clientSecret.
type OIDC struct {
	Issuer, AuthorizationEndpoint, TokenEndpoint, UserInfoEndpoint, SecretName string
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

	balancer published
	props    IngressProps
}

const (
	albClass     = "alb"
	elbAPI       = aws.ControllerGroup + "/v1beta1"
	maxCertsMore = 25 // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
	maxAlbRules  = 100
)

var groupName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)

var albOwned = []ownedAnnotation{
	{"scheme", "the field Scheme"}, {"ip-address-type", "the field AddressType: the controller refuses an IPv4 load balancer in front of IPv6 Pods"},
	{"target-type", "it left out: targets are Pod addresses, and instance targets need a primary IPv6 address that node groups do not give"},
	{"inbound-cidrs", "the field Inbound"}, {"security-groups", "the field SecurityGroups"}, {"manage-backend-security-group-rules", "it left out: the controller opens the Pods to the load balancer"},
	{"certificate-arn", "the field Certificates"}, {"ssl-policy", "the field TLSPolicy"}, {"listen-ports", "the field Certificates"}, {"ssl-redirect", "the field Certificates"},
	{"wafv2-acl-arn", "the field WAFArn"}, {"group.name", "the field Group"}, {"group.order", "the field GroupOrder"}, {"load-balancer-attributes", "the field Attributes"},
	{"target-group-attributes", "the field TargetGroupAttributes"}, {"subnets", "the field Subnets"}, {"load-balancer-name", "the field LoadBalancerName"}, {"tags", "the field Tags"},
	{"auth-type", "the field Cognito or OIDC"}, {"auth-idp-cognito", "the field Cognito"}, {"auth-idp-oidc", "the field OIDC"},
	{"healthcheck-protocol", "the field HealthCheck"}, {"healthcheck-path", "the field HealthCheck"}, {"healthcheck-port", "the field HealthCheck"},
	{"healthcheck-interval-seconds", "the field HealthCheck"}, {"healthcheck-timeout-seconds", "the field HealthCheck"},
	{"healthy-threshold-count", "the field HealthCheck"}, {"unhealthy-threshold-count", "the field HealthCheck"}, {"success-codes", "the field HealthCheck"},
	{"kubernetes.io/ingress.class", "it left out: the class is this package's"},
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK, and leaves Cluster and Controller to
// [NewIngress].
func (p *IngressProps) Validate() error {
	v := jsiix.Value(p)
	var bad problems
	checkName(&bad, v.Name, v.Namespace)
	v.checkRules(&bad)
	ports := 1
	if len(v.Certificates) > 0 && !v.WithoutRedirect {
		ports = 2
	}
	v.Inbound.check(&bad, v.Scheme, ports, len(v.SecurityGroups) > 0)
	if v.AddressType == DualStackWithoutPublicIPv4 {
		if v.Scheme == Internal {
			bad.add("AddressType: %s on an internal load balancer, which has no public addresses anyway: want DualStack", v.AddressType)
		}
		if v.Cognito != nil || v.OIDC != nil {
			bad.add("AddressType: %s with authentication: the load balancer calls the identity provider from a public IPv4 address, and answers 500 without one: want DualStack, or no Cognito and OIDC", v.AddressType)
		}
		if v.Inbound.Families == OnlyIPv4 {
			bad.add("Inbound.Families: OnlyIPv4 with AddressType %s: no IPv4 client can reach it: want DualStack", v.AddressType)
		}
	}
	v.checkTLS(&bad)
	v.HealthCheck.check(&bad, "HTTP", "HTTPS")
	if v.WAFArn != "" {
		checkArns(&bad, "WAFArn", "wafv2", v.WAFArn)
	}
	if v.Group != "" && !groupName.MatchString(v.Group) {
		bad.add("Group: %q: want lower case letters, digits, hyphens and dots, a letter or digit at both ends, 63 at most", v.Group)
	}
	if v.GroupOrder != 0 && (v.Group == "" || v.GroupOrder < 1 || v.GroupOrder > 1000) {
		bad.add("GroupOrder: %d with Group %q: want 1 to 1000 in a group", v.GroupOrder, v.Group)
	}
	if len(v.Subnets) == 1 {
		bad.add("Subnets: one: want subnets in two zones at least, which an ALB needs")
	}
	checkBalancerName(&bad, v.LoadBalancerName)
	checkSecurityGroups(&bad, v.SecurityGroups)
	checkAttributes(&bad, v.Attributes, v.AccessLogs, v.Scheme)
	checkPairs(&bad, "TargetGroupAttributes", v.TargetGroupAttributes)
	checkPairs(&bad, "Tags", v.Tags)
	checkAnnotations(&bad, v.Annotations, aws.IngressAnnotation, albOwned)
	return errors.Join(bad...)
}

func (p IngressProps) checkRules(bad *problems) {
	if len(p.Rules) == 0 && p.DefaultBackend == (Backend{}) {
		bad.add("Rules: missing: want rules, or a DefaultBackend for all requests")
	}
	if p.DefaultBackend != (Backend{}) {
		p.DefaultBackend.check(bad, "DefaultBackend")
	}
	paths := 0
	for i, r := range p.Rules {
		field := fmt.Sprintf("Rules[%d]", i)
		host := strings.TrimPrefix(r.Host, "*.")
		if r.Host != "" && len(validation.IsDNS1123Subdomain(host)) > 0 {
			bad.add("%s.Host: %q: want a DNS name such as www.example.com or *.example.com", field, r.Host)
		}
		if len(r.Paths) == 0 {
			bad.add("%s.Paths: missing: want a path, such as / for all", field)
		}
		for j, path := range r.Paths {
			paths++
			if path.Path != "" && !strings.HasPrefix(path.Path, "/") {
				bad.add("%s.Paths[%d].Path: %q: want a path that begins with /", field, j, path.Path)
			}
			path.Backend.check(bad, fmt.Sprintf("%s.Paths[%d].Backend", field, j))
		}
	}
	if paths > maxAlbRules {
		bad.add("Rules: %d paths: an ALB takes %d rules: want several Ingresses, or a higher quota", paths, maxAlbRules)
	}
}

func (b Backend) check(bad *problems, field string) {
	if len(validation.IsDNS1035Label(b.Service)) > 0 {
		bad.add("%s.Service: %q: want a Service's name", field, b.Service)
	}
	switch {
	case (b.Port == 0) == (b.PortName == ""):
		bad.add("%s.Port: %d with PortName %q: want one of the two", field, b.Port, b.PortName)
	case b.PortName == "" && (b.Port < 1 || b.Port > 65535):
		bad.add("%s.Port: %d: want 1 to 65535", field, b.Port)
	}
}

func (p IngressProps) checkTLS(bad *problems) {
	checkArns(bad, "Certificates", "acm", p.Certificates...)
	if len(p.Certificates) > 1+maxCertsMore {
		bad.add("Certificates: %d: an ALB takes %d beside the default one", len(p.Certificates), maxCertsMore)
	}
	if len(p.Certificates) == 0 {
		if p.TLSPolicy != "" || p.WithoutRedirect {
			bad.add("TLSPolicy: %q, WithoutRedirect: %t, without Certificates: want the ARN of a certificate", p.TLSPolicy, p.WithoutRedirect)
		}
		if p.Cognito != nil || p.OIDC != nil {
			bad.add("Cognito, OIDC: without Certificates: an ALB asks users who they are over HTTPS only: want the ARN of a certificate")
		}
	}
	if p.Cognito != nil && p.OIDC != nil {
		bad.add("Cognito, OIDC: both: want one of the two")
	}
	if c := p.Cognito; c != nil && (c.UserPoolArn == "" || c.UserPoolClientID == "" || c.UserPoolDomain == "") {
		bad.add("Cognito: %+v: want all of it", *c)
	}
	if o := p.OIDC; o != nil && (o.Issuer == "" || o.AuthorizationEndpoint == "" || o.TokenEndpoint == "" || o.UserInfoEndpoint == "" || o.SecretName == "") {
		bad.add("OIDC: %+v: want all of it", *o)
	}
}

// exclusive are what the controller takes once for a group: every Ingress that says it says the same.
// Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
var exclusive = []struct{ annotation, field string }{
	{"ip-address-type", "AddressType"}, {"scheme", "Scheme"}, {"inbound-cidrs", "Inbound"}, {"ssl-policy", "TLSPolicy"}, {"wafv2-acl-arn", "WAFArn"},
	{"security-groups", "SecurityGroups"}, {"subnets", "Subnets"}, {"load-balancer-name", "LoadBalancerName"},
}

// CheckGroups tells which Ingresses of a group cannot be on one load balancer. The controller refuses a group whose members
// contradict each other ("conflicting IPAddressType"), and then serves none of it. [NewIngress] asks it of all Ingresses of a
// cluster.
func CheckGroups(ingresses ...*IngressProps) error {
	var bad problems
	type said struct{ by, value string }
	first, orders := map[string]said{}, map[string]string{}
	for _, p := range ingresses {
		if p == nil || p.Group == "" {
			continue
		}
		id := or(p.Namespace, "default") + "/" + p.Name
		var ranges []string
		if len(p.SecurityGroups) == 0 {
			ranges, _ = p.Inbound.ranges() // Validate tells what is wrong with them
		}
		slices.Sort(ranges)
		annotations := p.annotations(ranges)
		for _, e := range exclusive {
			value, key := annotations[aws.IngressAnnotation+e.annotation], p.Group+" "+e.annotation
			switch f, ok := first[key]; {
			case value == "":
			case !ok:
				first[key] = said{id, value}
			case f.value != value:
				bad.add("Group: %s: Ingress %s has %s %s, and %s has %s: want the same in all of a group", p.Group, id, e.field, value, f.by, f.value)
			}
		}
		if p.GroupOrder != 0 {
			key := p.Group + " " + strconv.Itoa(p.GroupOrder)
			if other := orders[key]; other != "" {
				bad.add("GroupOrder: %d: Ingress %s has the place of %s in group %s: want each place once", p.GroupOrder, id, other, p.Group)
			}
			orders[key] = id
		}
	}
	return errors.Join(bad...)
}

// Objects are the Ingress and, for DualStackWithoutPublicIPv4, its class before it. The error is that of Validate, or says
// that the ranges of the cluster's VPC are not known here.
func (p *IngressProps) Objects() ([]runtime.Object, error) {
	v := jsiix.Value(p)
	ranges, err := v.Inbound.rangesBeside(v.SecurityGroups, p.Validate())
	if err != nil {
		return nil, err
	}
	class := v.class()
	return append(class, v.ingress(ranges)), nil
}

// className is cluster-wide, so it holds the namespace too. No part of it has a dot of its own.
func (p IngressProps) className() string {
	if p.AddressType == DualStack {
		return albClass
	}
	return albClass + "." + or(p.Namespace, "default") + "." + p.Name
}

// class is the IngressClass of the Ingress alone, so that deleting one Ingress leaves the others their class.
func (p IngressProps) class() []runtime.Object {
	if p.AddressType == DualStack {
		return nil
	}
	name := p.className()
	group := aws.ControllerGroup
	return []runtime.Object{
		&IngressClassParams{
			TypeMeta:   metav1.TypeMeta{APIVersion: elbAPI, Kind: "IngressClassParams"},
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       IngressClassParamsSpec{IPAddressType: p.AddressType.String(), TargetType: "ip", Scheme: p.Scheme.String()},
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

func (p IngressProps) ingress(ranges []string) *networkingv1.Ingress {
	class := p.className()
	out := &networkingv1.Ingress{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"},
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: or(p.Namespace, "default"), Annotations: p.annotations(ranges)},
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
	return out
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
	a.put("load-balancer-attributes", pairs(attributes(p.Attributes, p.AccessLogs, p.DeletionProtection, false)))
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

// IngressClassParams is the controller's kind, elbv2.k8s.aws/v1beta1, with the fields that this package sets. It outranks
// the annotations of an Ingress of its class.
type IngressClassParams struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              IngressClassParamsSpec `json:"spec"`
}

// IngressClassParamsSpec is the specification of an [IngressClassParams].
type IngressClassParamsSpec struct {
	IPAddressType string `json:"ipAddressType,omitempty"`
	TargetType    string `json:"targetType,omitempty"`
	Scheme        string `json:"scheme,omitempty"`
}

// DeepCopyObject makes it a runtime.Object.
func (p *IngressClassParams) DeepCopyObject() runtime.Object {
	out := *p
	out.ObjectMeta = *p.ObjectMeta.DeepCopy()
	return &out
}

// groups are the Ingresses of each cluster that are in a group, so that NewIngress sees a group as a whole.
var groups = struct {
	sync.Mutex
	of map[*ipv6eks.Cluster][]*IngressProps
}{of: map[*ipv6eks.Cluster][]*IngressProps{}}

// joinGroup adds an Ingress to those of its cluster, or tells why it cannot be with them.
func joinGroup(p IngressProps) error {
	if p.Group == "" || p.Cluster == nil {
		return nil
	}
	groups.Lock()
	defer groups.Unlock()
	all := append(slices.Clone(groups.of[p.Cluster]), &p)
	if err := CheckGroups(all...); err != nil {
		return err
	}
	groups.of[p.Cluster] = all
	return nil
}

// NewIngress applies an [Ingress] to a cluster, after the controller's chart, and deletes it before. It panics with the
// error of [IngressProps.Validate], of [CheckGroups] over the cluster's Ingresses, or of the cluster: one without public
// subnets holds no internet-facing load balancer.
func NewIngress(scope constructs.Construct, id string, props *IngressProps) *Ingress {
	p := jsiix.Value(props)
	p.Inbound.vpc = vpcRanges(p.Cluster)
	objects, err := p.Objects()
	err = errors.Join(err, checkTarget(p.Cluster, p.Controller), checkPublic(p.Cluster, p.Scheme, len(p.Subnets)), checkWAF(p.Controller, p.WAFArn))
	if err == nil {
		err = joinGroup(p)
	}
	if err != nil {
		panic(fmt.Errorf("expose.NewIngress %s/%s: %w", *scope.Node().Path(), id, err))
	}
	i := &Ingress{Construct: constructs.NewConstruct(scope, jsiix.Str(id)), props: p}
	after := []constructs.IDependable{p.Controller.Chart}
	if class := objects[:len(objects)-1]; len(class) > 0 {
		// In manifests of their own, so that they outlive the Ingress, whose load balancer is deleted by them.
		manifests := apply(i.Construct, "", p.Cluster, after, class...)
		i.ClassParams, i.Class = manifests[0], manifests[1]
		after = append(after, i.Class)
	}
	i.Manifest = apply(i.Construct, "Manifest", p.Cluster, after, objects[len(objects)-1])[0]
	namespace := or(p.Namespace, "default")
	begins := controllersName(p.Controller, p.Group, namespace, p.Name)
	if p.LoadBalancerName != "" {
		begins = nameBegins(p.LoadBalancerName)
	}
	i.balancer = published{
		cluster: p.Cluster, manifests: []awseksv2.KubernetesManifest{i.Manifest}, resource: "ingress", namespace: namespace, name: p.Name,
		list: "loadBalancer.ingress", field: "hostname", begins: begins, application: true, scheme: p.Scheme,
	}
	return i
}

// Hostname is a token for the load balancer's DNS name, which has addresses of both families. Asking for it makes the
// deployment wait until the controller has made the load balancer, and, when a changed Scheme or Group gives the Ingress
// another, until it has that one. A load balancer that has another name than the Ingress says fails the deployment after 10
// minutes.
func (i *Ingress) Hostname() string {
	if i.props.Group != "" && i.props.LoadBalancerName == "" && i.Construct.Node().TryFindChild(jsiix.Str("Hostname")) == nil {
		i.Construct.Node().AddValidation(&groupCheck{i.props})
	}
	return i.balancer.hostname(i.Construct)
}

// groupCheck looks, at synth, at the other Ingresses of a group, which may come later and name its load balancer.
type groupCheck struct{ IngressProps }

// Validate is called by CDK and tells that the group's load balancer has a name that an Ingress does not say.
func (g *groupCheck) Validate() *[]*string {
	groups.Lock()
	defer groups.Unlock()
	for _, other := range groups.of[g.Cluster] {
		if other.Group == g.Group && other.LoadBalancerName != "" {
			return jsiix.List(jsiix.Str(fmt.Sprintf("expose: LoadBalancerName: Ingress %s/%s of group %s says none, and %s/%s says %s: Hostname waits for the name that the Ingress says: want the same in both",
				or(g.Namespace, "default"), g.Name, g.Group, or(other.Namespace, "default"), other.Name, other.LoadBalancerName)))
		}
	}
	return &[]*string{}
}
