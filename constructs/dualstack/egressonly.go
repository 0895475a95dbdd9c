package dualstack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// egressOnly is the egress-only internet gateway. It is stateful, costs nothing and serves all zones: private
// subnets open IPv6 connections through it with their own addresses, and nothing opens one the other way
// (https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html).
//
// The stock construct makes it, with the route ::/0 in each private route table, for every dual-stack VPC that
// has private subnets; here there always are.
func egressOnly(vpc constructs.Node) awsec2.CfnEgressOnlyInternetGateway {
	return vpc.FindChild(jsiix.Str("EIGW6")).(awsec2.CfnEgressOnlyInternetGateway)
}

// RouteEgressOnly gives a private subnet that you made yourself in the VPC the IPv6 default route through the
// egress-only internet gateway.
func (v *Vpc) RouteEgressOnly(subnet awsec2.Subnet) {
	subnet.AddIpv6DefaultEgressOnlyInternetRoute(v.EgressOnly.Ref())
}
