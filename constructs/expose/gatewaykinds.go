package expose

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// LoadBalancerConfiguration is the controller's kind, gateway.k8s.aws, with the fields that this package sets: what a
// Gateway's load balancer is.
type LoadBalancerConfiguration struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              LoadBalancerConfigurationSpec `json:"spec"`
}

// LoadBalancerConfigurationSpec is the specification of a [LoadBalancerConfiguration].
type LoadBalancerConfigurationSpec struct {
	LoadBalancerName                string                  `json:"loadBalancerName,omitempty"`
	Scheme                          string                  `json:"scheme,omitempty"`
	IPAddressType                   string                  `json:"ipAddressType,omitempty"`
	SourceRanges                    []string                `json:"sourceRanges,omitempty"`
	ListenerConfigurations          []ListenerConfiguration `json:"listenerConfigurations,omitempty"`
	LoadBalancerAttributes          []LoadBalancerAttribute `json:"loadBalancerAttributes,omitempty"`
	DefaultTargetGroupConfiguration *ConfigurationReference `json:"defaultTargetGroupConfiguration,omitempty"`
	Tags                            map[string]string       `json:"tags,omitempty"`
	WAFv2                           *WAFv2                  `json:"wafV2,omitempty"`
}

// ListenerConfiguration is what a Gateway's listener cannot say.
type ListenerConfiguration struct {
	ProtocolPort       string   `json:"protocolPort"`
	DefaultCertificate string   `json:"defaultCertificate,omitempty"`
	Certificates       []string `json:"certificates,omitempty"`
	SslPolicy          string   `json:"sslPolicy,omitempty"`
}

// LoadBalancerAttribute is an attribute by name.
type LoadBalancerAttribute struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// ConfigurationReference names a TargetGroupConfiguration of the same namespace.
type ConfigurationReference struct {
	Name string `json:"name"`
}

// WAFv2 is a web ACL.
type WAFv2 struct {
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
	Spec              TargetGroupConfigurationSpec `json:"spec"`
}

// TargetGroupConfigurationSpec is the specification of a [TargetGroupConfiguration].
type TargetGroupConfigurationSpec struct {
	DefaultConfiguration TargetGroupProps `json:"defaultConfiguration"`
}

// TargetGroupProps are the choices of target groups.
type TargetGroupProps struct {
	TargetType        string             `json:"targetType,omitempty"`
	HealthCheckConfig *HealthCheckConfig `json:"healthCheckConfig,omitempty"`
}

// HealthCheckConfig is a [HealthCheck] in the controller's words.
type HealthCheckConfig struct {
	Path               string              `json:"healthCheckPath,omitempty"`
	Port               string              `json:"healthCheckPort,omitempty"`
	Protocol           string              `json:"healthCheckProtocol,omitempty"`
	Interval           int                 `json:"healthCheckInterval,omitempty"`
	Timeout            int                 `json:"healthCheckTimeout,omitempty"`
	HealthyThreshold   int                 `json:"healthyThresholdCount,omitempty"`
	UnhealthyThreshold int                 `json:"unhealthyThresholdCount,omitempty"`
	Matcher            *HealthCheckMatcher `json:"matcher,omitempty"`
}

// HealthCheckMatcher are the answers of a healthy Pod.
type HealthCheckMatcher struct {
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

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
