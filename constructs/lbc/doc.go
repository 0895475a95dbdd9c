// Package lbc installs the AWS Load Balancer Controller on an IPv6 cluster, with the defaults that IPv6 needs: every
// Ingress becomes a dual-stack ALB, and targets are Pod addresses.
//
// Left to its own defaults the controller makes IPv4 load balancers and instance targets. In front of IPv6 Pods the
// first is refused ("unsupported IPv6 configuration, lb not dual-stack") and the second needs a primary IPv6 address that
// node groups do not give. A Service of type LoadBalancer has no cluster-wide setting for it: it carries the annotation
//
//	service.beta.kubernetes.io/aws-load-balancer-ip-address-type: dualstack
//
// or, from Kubernetes 1.36 on, gets it from the admission policy of ControllerProps.DualStackServices.
//
// The controller's rights come through EKS Pod Identity: no OIDC provider, and no Lambda function beyond the two of
// CDK's kubectl provider. policies/ holds the controller's own IAM policy as data, Apache-2.0, from
// https://github.com/kubernetes-sigs/aws-load-balancer-controller (docs/install/iam_policy.json).
package lbc
