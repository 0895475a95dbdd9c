package ipv6eks

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// hasIPv6 tells whether a VPC of this app has an IPv6 block, as far as the app is built: a child of the VPC, as dualstack.Vpc
// and CDK's dual-stack VPC have it, or an AWS::EC2::VPCCidrBlock anywhere in the app, which somebody has made for it.
func hasIPv6(vpc awsec2.Vpc) bool {
	node := vpc.Node()
	for _, id := range []string{"Ipv6Block", "ipv6cidr"} {
		if node.TryFindChild(jsiix.Str(id)) != nil {
			return true
		}
	}
	for _, c := range *node.Root().Node().FindAll(constructs.ConstructOrder_PREORDER) {
		block, ok := c.(awsec2.CfnVPCCidrBlock)
		if ok && block.CidrBlock() == nil && block.Ipv4IpamPoolId() == nil && sameValue(awscdk.Stack_Of(block), block.VpcId(), vpc.VpcId()) {
			return true
		}
	}
	return false
}

// sameValue tells whether two strings with tokens are the same in a stack's template.
func sameValue(stack awscdk.Stack, a, b *string) bool {
	one, errA := json.Marshal(stack.Resolve(a))
	other, errB := json.Marshal(stack.Resolve(b))
	return errA == nil && errB == nil && string(one) == string(other)
}
