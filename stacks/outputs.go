package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

func output(stack awscdk.Stack, id, description string, value *string) {
	awscdk.NewCfnOutput(stack, jsiix.Str(id), &awscdk.CfnOutputProps{Value: value, Description: jsiix.Str(description)})
}

func networkOutputs(stack awscdk.Stack, vpc *dualstack.Vpc) {
	ids := func(subnets []awsec2.ISubnet) *string {
		list := make([]*string, len(subnets))
		for i, s := range subnets {
			list[i] = s.SubnetId()
		}
		return awscdk.Fn_Join(jsiix.Str(","), &list)
	}
	output(stack, "VpcId", "The VPC", vpc.L2.VpcId())
	output(stack, "VpcIpv6Cidr", "The VPC's IPv6 block", jsiix.Str(vpc.IPv6Cidr()))
	output(stack, "PublicSubnetIds", "Public subnets, for internet-facing load balancers", ids(vpc.PublicSubnets))
	output(stack, "PrivateSubnetIds", "Private subnets, for nodes, Pods and internal load balancers", ids(vpc.PrivateSubnets))
	if len(vpc.IsolatedSubnets) > 0 {
		output(stack, "IsolatedSubnetIds", "Isolated subnets, without a way out of the VPC", ids(vpc.IsolatedSubnets))
	}
}

func clusterOutputs(stack awscdk.Stack, c *ipv6eks.Cluster) {
	output(stack, "ClusterName", "The EKS cluster", jsiix.Str(c.Name))
	output(stack, "ClusterEndpoint", "The Kubernetes API server", c.L1.AttrEndpoint())
	output(stack, "ServiceIpv6Cidr", "The range of Services' ClusterIPs, which EKS chose", c.L1.AttrKubernetesNetworkConfigServiceIpv6Cidr())
	output(stack, "KubeconfigCommand", "Points kubectl at the cluster", awscdk.Fn_Join(jsiix.Str(" "), jsiix.Strs([]string{
		"aws eks update-kubeconfig --name", c.Name, "--region", c.Region,
	})))
}
