// Package stacks composes the constructs into stacks that deploy as they are.
//
//   - [NewPlatform]: network, cluster, nodes and load balancer controller in one stack.
//   - [NewExposed]: the same with an example application behind an internet-facing ALB and NLB.
//   - [NewInterop]: the same and clients beyond its boundary, joined by peering, a transit gateway, PrivateLink or one VPC.
//   - [NewNetwork] and [NewCluster]: the same in two stacks, for teams that own them separately.
//
// Each returns a struct with the stack and everything in it, so that more can be added: node groups, Pod identities,
// charts, databases in the isolated subnets.
package stacks
