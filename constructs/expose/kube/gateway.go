package kube

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// LoadBalancerConfiguration is the controller's kind, gateway.k8s.aws, with the fields that expose sets: what a
// Gateway's load balancer is.
type LoadBalancerConfiguration struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	// Spec is what the load balancer is.
	Spec LoadBalancerConfigurationSpec `json:"spec"`
}

// LoadBalancerConfigurationSpec is the specification of a [LoadBalancerConfiguration].
type LoadBalancerConfigurationSpec struct {
	// LoadBalancerName is the load balancer's; none for the controller's choice.
	LoadBalancerName string `json:"loadBalancerName,omitempty"`
	// Scheme is internal or internet-facing.
	Scheme string `json:"scheme,omitempty"`
	// IPAddressType is dualstack or dualstack-without-public-ipv4. Left out it is ipv4.
	IPAddressType string `json:"ipAddressType,omitempty"`
	// SourceRanges are the clients' ranges, of both families. Left out they are everyone.
	SourceRanges []string `json:"sourceRanges,omitempty"`
	// ListenerConfigurations are about listeners with certificates.
	ListenerConfigurations []ListenerConfiguration `json:"listenerConfigurations,omitempty"`
	// LoadBalancerAttributes are the load balancer's, by name.
	LoadBalancerAttributes []LoadBalancerAttribute `json:"loadBalancerAttributes,omitempty"`
	// DefaultTargetGroupConfiguration is what all its target groups are.
	DefaultTargetGroupConfiguration *ConfigurationReference `json:"defaultTargetGroupConfiguration,omitempty"`
	// Tags are on the AWS resources.
	Tags map[string]string `json:"tags,omitempty"`
	// WAFv2 is the web ACL in front of it.
	WAFv2 *WAFv2 `json:"wafV2,omitempty"`
}

// ListenerConfiguration is what a Gateway's listener cannot say.
type ListenerConfiguration struct {
	// ProtocolPort is which listener, such as HTTPS:443.
	ProtocolPort string `json:"protocolPort"`
	// DefaultCertificate is the ARN of the one for clients that name no host.
	DefaultCertificate string `json:"defaultCertificate,omitempty"`
	// Certificates are the ARNs of those beside it.
	Certificates []string `json:"certificates,omitempty"`
	// SslPolicy is the security policy.
	SslPolicy string `json:"sslPolicy,omitempty"`
}

// LoadBalancerAttribute is an attribute by name.
type LoadBalancerAttribute struct {
	// Key is the attribute's name.
	Key string `json:"key"`
	// Value is what it is.
	Value string `json:"value"`
}

// ConfigurationReference names a TargetGroupConfiguration of the same namespace.
type ConfigurationReference struct {
	// Name is the TargetGroupConfiguration's.
	Name string `json:"name"`
}

// WAFv2 is a web ACL.
type WAFv2 struct {
	// WebACL is the ARN of a regional web ACL.
	WebACL string `json:"webACL"`
}

// DeepCopyObject makes it a runtime.Object.
func (c *LoadBalancerConfiguration) DeepCopyObject() runtime.Object {
	out := *c
	out.ObjectMeta = *c.ObjectMeta.DeepCopy()
	out.Spec.SourceRanges = slices.Clone(c.Spec.SourceRanges)
	out.Spec.ListenerConfigurations = slices.Clone(c.Spec.ListenerConfigurations)
	for i := range out.Spec.ListenerConfigurations {
		l := &out.Spec.ListenerConfigurations[i]
		l.Certificates = slices.Clone(l.Certificates)
	}
	out.Spec.LoadBalancerAttributes = slices.Clone(c.Spec.LoadBalancerAttributes)
	out.Spec.DefaultTargetGroupConfiguration = clone(c.Spec.DefaultTargetGroupConfiguration)
	out.Spec.Tags = maps.Clone(c.Spec.Tags)
	out.Spec.WAFv2 = clone(c.Spec.WAFv2)
	return &out
}

// TargetGroupConfiguration is the controller's kind, gateway.k8s.aws, with the fields that this package sets: what the
// target groups behind a Gateway are.
type TargetGroupConfiguration struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	// Spec is what the target groups are.
	Spec TargetGroupConfigurationSpec `json:"spec"`
}

// TargetGroupConfigurationSpec is the specification of a [TargetGroupConfiguration].
type TargetGroupConfigurationSpec struct {
	// DefaultConfiguration is for all routes.
	DefaultConfiguration TargetGroupProps `json:"defaultConfiguration"`
}

// TargetGroupProps are the choices of target groups.
type TargetGroupProps struct {
	// TargetType is ip: the targets are Pods.
	TargetType string `json:"targetType,omitempty"`
	// ProtocolVersion is HTTP1, HTTP2 or GRPC.
	ProtocolVersion string `json:"protocolVersion,omitempty"`
	// HealthCheckConfig says which Pods can serve.
	HealthCheckConfig *HealthCheckConfig `json:"healthCheckConfig,omitempty"`
}

// HealthCheckConfig is a health check in the controller's words.
type HealthCheckConfig struct {
	// Path is what HTTP checks ask for.
	Path string `json:"healthCheckPath,omitempty"`
	// Port is the Pods' port that is asked.
	Port string `json:"healthCheckPort,omitempty"`
	// Protocol is HTTP, HTTPS or TCP.
	Protocol string `json:"healthCheckProtocol,omitempty"`
	// Interval is the time between two checks, in seconds.
	Interval int `json:"healthCheckInterval,omitempty"`
	// Timeout is how long an answer may take, in seconds.
	Timeout int `json:"healthCheckTimeout,omitempty"`
	// HealthyThreshold is how many good answers in a row make a Pod healthy.
	HealthyThreshold int `json:"healthyThresholdCount,omitempty"`
	// UnhealthyThreshold is how many bad ones make it unhealthy.
	UnhealthyThreshold int `json:"unhealthyThresholdCount,omitempty"`
	// Matcher says which answers are good.
	Matcher *HealthCheckMatcher `json:"matcher,omitempty"`
}

// HealthCheckMatcher are the answers of a healthy Pod.
type HealthCheckMatcher struct {
	// GRPCCode are codes of gRPC, such as 0.
	GRPCCode string `json:"grpcCode,omitempty"`
	// HTTPCode are codes of HTTP, such as 200-399.
	HTTPCode string `json:"httpCode,omitempty"`
}

// DeepCopyObject makes it a runtime.Object.
func (c *TargetGroupConfiguration) DeepCopyObject() runtime.Object {
	out := *c
	out.ObjectMeta = *c.ObjectMeta.DeepCopy()
	if h := clone(c.Spec.DefaultConfiguration.HealthCheckConfig); h != nil {
		h.Matcher = clone(h.Matcher)
		out.Spec.DefaultConfiguration.HealthCheckConfig = h
	}
	return &out
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
