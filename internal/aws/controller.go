package aws

import (
	"slices"
	"strings"
)

// Tags by which the AWS Load Balancer Controller, EKS Auto Mode and the VPC CNI find subnets. Public subnets have the
// first, for internet-facing load balancers, and private ones the second, for internal load balancers.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
const (
	PublicRoleTag   = "kubernetes.io/role/elb"
	InternalRoleTag = "kubernetes.io/role/internal-elb"
)

// CNIRoleTag with the value 0 keeps the VPC CNI's interfaces out of a subnet.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/cni-subnet-selection.html
const CNIRoleTag = "kubernetes.io/role/cni"

// What the load balancer controller reads in annotations: of Ingresses after the first prefix, of Services after the
// second. SourceRangesAnnotation is Kubernetes' own.
// Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/ and
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/
const (
	IngressAnnotation      = "alb.ingress.kubernetes.io/"
	ServiceAnnotation      = "service.beta.kubernetes.io/aws-load-balancer-"
	SourceRangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges"
)

// What the controller answers to: the class of a Service, the controller of an IngressClass, and those of
// GatewayClasses; and the API groups of its own kinds.
// Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/ingress_class/,
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/nlb/ and
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/gateway/gateway/
const (
	ServiceClass      = "service.k8s.aws/nlb"
	IngressController = "ingress.k8s.aws/alb"
	GatewayALB        = GatewayGroup + "/alb"
	GatewayNLB        = GatewayGroup + "/nlb"

	ControllerGroup = "elbv2.k8s.aws"
	GatewayGroup    = "gateway.k8s.aws"
)

// trackingTags are the first parts of the tags by which the controller knows what it has made. A resource whose tags say
// otherwise is not found again.
// Source: https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/deploy/tracking/provider.go and
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/config/controller_config.go
var trackingTags = []string{
	ControllerGroup, "ingress.k8s.aws", "service.k8s.aws", GatewayGroup, GatewayGroup + ".alb", GatewayGroup + ".nlb",
}

// ControllerTags is how many tags the controller sets of its own.
// Source: ResourceTags of https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/deploy/tracking/provider.go
const ControllerTags = 3

// IsControllerTag reports whether a tag's key is one of the controller's own, such as elbv2.k8s.aws/cluster.
func IsControllerTag(key string) bool {
	first, _, ok := strings.Cut(key, "/")
	return ok && slices.Contains(trackingTags, first)
}

// DualStackWithoutPublicIPv4 is the address type of an ALB with public IPv6 and private IPv4 addresses.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#ip-address-type
const DualStackWithoutPublicIPv4 = "dualstack-without-public-ipv4"

// KarpenterLabel begins the labels by which Karpenter's pools choose instances.
// Source: https://karpenter.sh/docs/concepts/scheduling/
const KarpenterLabel = "karpenter.k8s.aws/"
