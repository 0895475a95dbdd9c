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
// CDK's kubectl provider. On Fargate there is no Pod Identity, so the controller is refused there.
//
// Its kinds (CRDs) are applied by the template and updated with it, which helm does not do; they stay when the controller
// goes: docs/adr/0009.
//
// Gateways need kinds of the Gateway API besides, which are not the controller's alone: [NewGatewayAPI].
//
// policies/ and crds/ hold the controller's own IAM policy and kinds as data, Apache-2.0, from
// https://github.com/kubernetes-sigs/aws-load-balancer-controller (docs/install/iam_policy.json and
// helm/aws-load-balancer-controller/crds of release 3.5.0), and the Gateway API's kinds, Apache-2.0, from
// https://github.com/kubernetes-sigs/gateway-api (config/crd/standard of release 1.6.0).
package lbc
