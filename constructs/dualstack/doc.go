// Package dualstack builds the network that an IPv6 EKS cluster runs in: a VPC whose subnets all carry both
// families, with a NAT gateway for outgoing IPv4 and an egress-only internet gateway for outgoing IPv6.
//
//	                     internet
//	          IPv4 │ IPv6          │ IPv6, outgoing only
//	         ┌─────┴─────┐   ┌─────┴──────┐
//	         │    IGW    │   │ egress-only│
//	         └─────┬─────┘   └─────┬──────┘
//	Public   /21 + /64 per zone    │        load balancers, NAT gateways
//	         NAT ──┐               │
//	Private  /20 + /64 per zone ───┘        nodes and Pods
//	         0.0.0.0/0 → NAT, ::/0 → egress-only gateway
//	Isolated /22 + /64 per zone             no way out (optional)
//
// What it holds to, whatever the options:
//
//   - Every subnet has an IPv4 range and its own /64, assigns an IPv6 address to each interface (EKS refuses
//     nodes otherwise) and waits for the VPC's IPv6 block.
//   - No private route table leads in from the internet: ::/0 goes to the egress-only gateway, never to the internet gateway.
//   - Addresses are stable: see [Plan].
//   - Role tags for the load balancer controller's subnet discovery sit on subnets and on nothing else.
//   - DNS64 stays off: on subnets with Pods it would send traffic through the NAT gateway that the VPC CNI
//     translates on the node (https://docs.aws.amazon.com/eks/latest/best-practices/ipv6.html).
//
// The files follow the parts: plan.go (addresses), subnets.go, nat.go, egressonly.go, endpoints.go, flowlogs.go.
package dualstack
