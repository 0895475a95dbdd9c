// Package cdk is the root of EKS on IPv6 for CDK Go: constructs and reference stacks for Kubernetes on AWS with IPv6
// Pods, on aws-cdk-go. It holds no code; these packages do:
//
//   - constructs/dualstack: the dual-stack VPC, its subnets, NAT, egress-only internet gateway and endpoints
//   - constructs/ipv6eks: the IPv6 cluster, the VPC CNI, add-ons, node groups, Fargate profiles, access, charts and Pod identities
//   - constructs/lbc: the AWS Load Balancer Controller, and the Gateway API's kinds
//   - constructs/expose: services behind dual-stack load balancers: Ingress, Service, Gateway, and an NLB that the stack owns;
//     constructs/expose/kube: the controller's own kinds of objects
//   - constructs/kubectllayer: the Lambda layer that charts and manifests are applied with
//   - stacks: the constructs composed into stacks that deploy as they are
//   - preflight/flow, preflight/rules: proof on the templates, before deployment; cmd/preflight is their command
//   - preflight/catalogue, preflight/render: the flows that are asked for, and how reports are written
//   - preflight/updates: what an update replaces, deletes or cannot do, from two templates
//   - preflight/synthcheck: the same in every cdk synth
//   - preflight/preflighttest: the same in Go tests
//
// Start with the README: https://github.com/eks-ipv6/cdk#readme
package cdk
