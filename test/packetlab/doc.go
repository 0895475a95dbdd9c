// Package packetlab holds preflight's verdicts against real packets.
//
// It builds the network that a template describes out of Linux network namespaces: each VPC is a router with a routing
// table for each subnet, security groups as stateful filters and network ACLs as stateless ones; gateways, nodes, Pods
// and load balancers are boxes of their own, and the VPC CNI's IPv4 egress is the work of AWS's own plugin. Each flow that
// preflight traces is then opened as a real connection, and the two answers are compared: whether it was delivered, what
// the destination saw, and by which gateways it went.
//
// The package is a module of its own: what it needs stays out of the library.
package packetlab
