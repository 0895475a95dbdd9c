// Package build holds the stock stack, for the program and for the tests.
package build

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
)

// Stack is what the quickstart makes, as far as CDK's own L2s have it: a dual-stack Vpc with S3's endpoint, an IPv6 Cluster
// with its key, its logs and their retention, the add-ons, the VPC CNI's role, a managed node group, the AlbController, and
// the outputs. It lacks what has no L2: stable subnets, both families everywhere, the order of things, the controller's kinds.
func Stack(app awscdk.App) awscdk.Stack {
	stack := awscdk.NewStack(app, jsii.String("Stock"), nil)
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{
		IpProtocol: awsec2.IpProtocol_DUAL_STACK, MaxAzs: jsii.Number(2),
	})
	vpc.AddGatewayEndpoint(jsii.String("S3"), &awsec2.GatewayVpcEndpointOptions{Service: awsec2.GatewayVpcEndpointAwsService_S3()})
	logs := awslogs.NewLogRetention(stack, jsii.String("Logs"), &awslogs.LogRetentionProps{
		LogGroupName: jsii.String("/aws/eks/stock/cluster"), Retention: awslogs.RetentionDays_THREE_MONTHS,
	})
	cluster := awseksv2.NewCluster(stack, jsii.String("Cluster"), &awseksv2.ClusterProps{
		ClusterName: jsii.String("stock"), Version: awseksv2.KubernetesVersion_Of(jsii.String("1.35")), Vpc: vpc, IpFamily: awseksv2.IpFamily_IP_V6,
		DefaultCapacityType: awseksv2.DefaultCapacityType_NODEGROUP, DefaultCapacity: jsii.Number(0), BootstrapSelfManagedAddons: jsii.Bool(false),
		EndpointAccess:         awseksv2.EndpointAccess_PRIVATE(),
		SecretsEncryptionKey:   awskms.NewKey(stack, jsii.String("Key"), &awskms.KeyProps{EnableKeyRotation: jsii.Bool(true)}),
		ClusterLogging:         &[]awseksv2.ClusterLoggingTypes{awseksv2.ClusterLoggingTypes_API, awseksv2.ClusterLoggingTypes_AUDIT, awseksv2.ClusterLoggingTypes_AUTHENTICATOR},
		KubectlProviderOptions: &awseksv2.KubectlProviderOptions{KubectlLayer: layer(stack)},
	})
	cluster.Node().AddDependency(logs)
	nodes := cluster.AddNodegroupCapacity(jsii.String("Nodes"), &awseksv2.NodegroupOptions{AmiType: awseksv2.NodegroupAmiType_AL2023_X86_64_STANDARD})
	cni := awsiam.NewRole(stack, jsii.String("Cni"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewSessionTagsPrincipal(awsiam.NewServicePrincipal(jsii.String("pods.eks.amazonaws.com"), nil)),
	})
	cni.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings("ec2:AssignIpv6Addresses", "ec2:Describe*", "ec2:CreateTags"), Resources: jsii.Strings("*"),
	}))
	awseksv2.NewCfnPodIdentityAssociation(stack, jsii.String("CniIdentity"), &awseksv2.CfnPodIdentityAssociationProps{
		ClusterName: cluster.ClusterName(), Namespace: jsii.String("kube-system"), ServiceAccount: jsii.String("aws-node"), RoleArn: cni.RoleArn(),
	})
	for _, name := range []string{"vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent"} {
		awseksv2.NewAddon(stack, jsii.String(name), &awseksv2.AddonProps{Cluster: cluster, AddonName: jsii.String(name)})
	}
	controller := awseksv2.AlbController_Create(stack, &awseksv2.AlbControllerProps{Cluster: cluster, Version: awseksv2.AlbControllerVersion_V3_2_2()})
	controller.Node().AddDependency(nodes)
	outputs(stack, vpc, cluster)
	return stack
}

// outputs are the quickstart's.
func outputs(stack awscdk.Stack, vpc awsec2.Vpc, cluster awseksv2.Cluster) {
	out := func(id string, value *string) {
		awscdk.NewCfnOutput(stack, jsii.String(id), &awscdk.CfnOutputProps{Value: value})
	}
	ids := func(subnets *[]awsec2.ISubnet) *string {
		var list []*string
		for _, s := range *subnets {
			list = append(list, s.SubnetId())
		}
		return awscdk.Fn_Join(jsii.String(","), &list)
	}
	out("VpcId", vpc.VpcId())
	out("VpcIpv6Cidr", awscdk.Fn_Select(jsii.Number(0), vpc.VpcIpv6CidrBlocks()))
	out("PublicSubnetIds", ids(vpc.PublicSubnets()))
	out("PrivateSubnetIds", ids(vpc.PrivateSubnets()))
	out("ClusterName", cluster.ClusterName())
	out("ClusterEndpoint", cluster.ClusterEndpoint())
}

// layer is the one that the quickstart takes: npm's where it is installed.
func layer(stack awscdk.Stack) awslambda.ILayerVersion {
	if path, err := kubectllayer.NpmPath("1.36"); err == nil {
		return kubectllayer.FromPath(stack, "Kubectl", path, "1.36").Layer
	}
	return kubectllayer.New(stack, "Kubectl").Layer
}
