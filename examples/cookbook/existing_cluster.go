package cookbook

import (
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
)

// ExistingCluster puts an application on a cluster that another program, or another team, has made.
func ExistingCluster(app awscdk.App) {
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	cluster := ipv6eks.FromClusterAttributes(stack, "Cluster", &ipv6eks.ClusterAttributes{
		Name: "platform", Version: "1.35",
		SecurityGroupID: "sg-0123456789abcdef0", // aws eks describe-cluster: clusterSecurityGroupId
		Vpc: awsec2.Vpc_FromVpcAttributes(stack, jsii.String("Vpc"), &awsec2.VpcAttributes{
			VpcId:                      jsii.String("vpc-0123456789abcdef0"),
			AvailabilityZones:          jsii.Strings("eu-west-1a", "eu-west-1b"),
			PrivateSubnetIds:           jsii.Strings("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
			PrivateSubnetRouteTableIds: jsii.Strings("rtb-0123456789abcdef0", "rtb-0123456789abcdef1"),
		}),
		Kubectl: kubectllayer.For(stack, "Kubectl", "1.35"), // functions of this stack
	})

	web := cluster.NewPodIdentity(stack, "Web", &ipv6eks.PodIdentityProps{Namespace: "shop", ServiceAccount: "web"})
	chart := cluster.NewChart(stack, "Shop", &ipv6eks.ChartProps{
		Chart: "shop", Repository: "https://charts.example.com", Version: "1.4.0", Namespace: "shop",
		Values: map[string]any{"serviceAccount": map[string]any{"name": "web"}},
		After:  []constructs.IDependable{web.Association},
	})

	// The load balancer controller is another program's too: Controller is left out.
	ingress := expose.NewIngress(stack, "Ingress", &expose.IngressProps{
		Cluster: cluster, Name: "shop", Namespace: "shop",
		Inbound: expose.Inbound{Cidrs: []netip.Prefix{
			netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("2001:db8:1234:5600::/56"), // the VPC's, both families
		}},
		DefaultBackend: expose.Backend{Service: "shop", Port: 80},
	})
	ingress.Construct.Node().AddDependency(chart)
}
