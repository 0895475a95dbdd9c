// Package build holds the stock stack, for the program and for the tests.
package build

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
)

// Stack is a dual-stack Vpc, an IPv6 Cluster, a managed node group and the AlbController, all of CDK's.
func Stack(app awscdk.App) awscdk.Stack {
	stack := awscdk.NewStack(app, jsii.String("Stock"), nil)
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{
		IpProtocol: awsec2.IpProtocol_DUAL_STACK, MaxAzs: jsii.Number(2),
	})
	cluster := awseksv2.NewCluster(stack, jsii.String("Cluster"), &awseksv2.ClusterProps{
		Version: awseksv2.KubernetesVersion_Of(jsii.String("1.35")), Vpc: vpc, IpFamily: awseksv2.IpFamily_IP_V6,
		DefaultCapacityType: awseksv2.DefaultCapacityType_NODEGROUP, DefaultCapacity: jsii.Number(0),
		KubectlProviderOptions: &awseksv2.KubectlProviderOptions{KubectlLayer: layer(stack)},
	})
	nodes := cluster.AddNodegroupCapacity(jsii.String("Nodes"), &awseksv2.NodegroupOptions{AmiType: awseksv2.NodegroupAmiType_AL2023_X86_64_STANDARD})
	controller := awseksv2.AlbController_Create(stack, &awseksv2.AlbControllerProps{Cluster: cluster, Version: awseksv2.AlbControllerVersion_V3_2_2()})
	controller.Node().AddDependency(nodes)
	return stack
}

// layer is the one that the quickstart takes: npm's where it is installed.
func layer(stack awscdk.Stack) awslambda.ILayerVersion {
	if path, err := kubectllayer.NpmPath("1.36"); err == nil {
		return kubectllayer.FromPath(stack, "Kubectl", path, "1.36").Layer
	}
	return kubectllayer.New(stack, "Kubectl").Layer
}
