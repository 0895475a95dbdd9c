package kube

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// LoadBalancerConfiguration is the controller's kind, gateway.k8s.aws, with the fields that matter on IPv6 clusters: what a
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
	LoadBalancerAttributes []Attribute `json:"loadBalancerAttributes,omitempty"`
	// DefaultTargetGroupConfiguration is what all its target groups are.
	DefaultTargetGroupConfiguration *ConfigurationReference `json:"defaultTargetGroupConfiguration,omitempty"`
	// Tags are on the AWS resources.
	Tags map[string]string `json:"tags,omitempty"`
	// LoadBalancerSubnets are the load balancer's. Left out they are those that the controller finds by their role tags.
	LoadBalancerSubnets []SubnetConfiguration `json:"loadBalancerSubnets,omitempty"`
	// SecurityGroups are the load balancer's, by id or Name tag, instead of one that the controller makes of SourceRanges.
	SecurityGroups []string `json:"securityGroups,omitempty"`
	// SecurityGroupPrefixes are the ids of prefix lists that are let in beside SourceRanges.
	SecurityGroupPrefixes []string `json:"securityGroupPrefixes,omitempty"`
	// ManageBackendSecurityGroupRules has the controller open the Pods to SecurityGroups.
	ManageBackendSecurityGroupRules bool `json:"manageBackendSecurityGroupRules,omitempty"`
	// EnableICMP lets in what tells of packets that are too big. Network load balancers only.
	EnableICMP bool `json:"enableICMP,omitempty"`
	// EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic is on or off. Network load balancers only.
	EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic string `json:"enforceSecurityGroupInboundRulesOnPrivateLinkTraffic,omitempty"`
	// MinimumLoadBalancerCapacity is what is reserved.
	MinimumLoadBalancerCapacity *MinimumLoadBalancerCapacity `json:"minimumLoadBalancerCapacity,omitempty"`
	// ShieldConfiguration is about AWS Shield Advanced. Application load balancers only.
	ShieldConfiguration *ShieldConfiguration `json:"shieldConfiguration,omitempty"`
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
	// AlpnPolicy is what a TLS listener agrees on with clients.
	AlpnPolicy string `json:"alpnPolicy,omitempty"`
	// ListenerAttributes are the listener's, by name.
	ListenerAttributes []Attribute `json:"listenerAttributes,omitempty"`
	// MutualAuthentication asks clients for a certificate.
	MutualAuthentication *MutualAuthentication `json:"mutualAuthentication,omitempty"`
}

// MutualAuthentication says whether clients show a certificate, and which ones are trusted.
type MutualAuthentication struct {
	// Mode is off, passthrough or verify.
	Mode string `json:"mode"`
	// TrustStore is the name or ARN of the store for verify.
	TrustStore string `json:"trustStore,omitempty"`
	// IgnoreClientCertificateExpiry takes certificates that have expired.
	IgnoreClientCertificateExpiry bool `json:"ignoreClientCertificateExpiry,omitempty"`
	// AdvertiseTrustStoreCaNames is on or off.
	AdvertiseTrustStoreCaNames string `json:"advertiseTrustStoreCaNames,omitempty"`
}

// SubnetConfiguration is a subnet of a load balancer, and its addresses there.
type SubnetConfiguration struct {
	// Identifier is the subnet's id or Name tag.
	Identifier string `json:"identifier"`
	// EIPAllocation is the allocation id of an Elastic IP.
	EIPAllocation string `json:"eipAllocation,omitempty"`
	// PrivateIPv4Allocation is an address of the subnet's IPv4 range.
	PrivateIPv4Allocation string `json:"privateIPv4Allocation,omitempty"`
	// IPv6Allocation is an address of the subnet's IPv6 range.
	IPv6Allocation string `json:"ipv6Allocation,omitempty"`
	// SourceNatIPv6Prefix is an IPv6 prefix of 80 bits for UDP, or auto_assigned.
	SourceNatIPv6Prefix string `json:"sourceNatIPv6Prefix,omitempty"`
}

// MinimumLoadBalancerCapacity is a reservation.
type MinimumLoadBalancerCapacity struct {
	// CapacityUnits is how much.
	CapacityUnits int32 `json:"capacityUnits"`
}

// ShieldConfiguration is about AWS Shield Advanced.
type ShieldConfiguration struct {
	// Enabled says that it protects the load balancer.
	Enabled bool `json:"enabled"`
}

// Attribute is an attribute by name.
type Attribute struct {
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
func (c *LoadBalancerConfiguration) DeepCopyObject() runtime.Object { return deepCopy(c) }

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
	// Protocol is what Pods speak: HTTP or HTTPS behind an application load balancer, TCP, TLS, UDP or TCP_UDP behind a network
	// load balancer. Left out it is the listener's, without TLS.
	Protocol string `json:"protocol,omitempty"`
	// TargetGroupAttributes are the target groups', by name.
	TargetGroupAttributes []Attribute `json:"targetGroupAttributes,omitempty"`
	// Tags are on the target groups.
	Tags map[string]string `json:"tags,omitempty"`
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
func (c *TargetGroupConfiguration) DeepCopyObject() runtime.Object { return deepCopy(c) }
