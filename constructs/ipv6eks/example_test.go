package ipv6eks_test

import (
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
	"github.com/eks-ipv6/cdk/constructs/lbc"
)

func ExampleNewCluster() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Demo"), nil)
	network := dualstack.NewVpc(stack, "Network", nil)

	cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{
		Vpc:            network.L2,
		Kubectl:        kubectllayer.New(stack, "Kubectl"),
		APIAccessCidrs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8:10::/48")},
		AdminRoleArns:  []string{"arn:aws:iam::111122223333:role/PlatformAdmin"},
		CNI:            ipv6eks.CNIOptions{NetworkPolicy: true, DisableIPv4Egress: true},
	})
	cluster.AddNodeGroup("General", &ipv6eks.NodeGroupProps{AMI: ipv6eks.Bottlerocket, Architecture: ipv6eks.ARM, Min: 2, Max: 10})
	cluster.AddNodeGroup("Batch", &ipv6eks.NodeGroupProps{
		InstanceTypes: []string{"m7i.xlarge", "m6i.xlarge", "m5.xlarge"}, Spot: true, Max: 20, ScaleToZero: true,
		Taints: []ipv6eks.Taint{{Key: "batch", Effect: ipv6eks.NoSchedule}},
	})

	app.Synth(nil)
}

func ExampleCluster_NewPodIdentity() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Demo"), nil)
	cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{Vpc: dualstack.NewVpc(stack, "Network", nil).L2})
	cluster.AddNodeGroup("Nodes", nil)

	// Pods of service account web in namespace shop may read the bucket.
	bucket := awss3.NewBucket(stack, jsii.String("Pictures"), nil)
	cluster.NewPodIdentity(stack, "Web", &ipv6eks.PodIdentityProps{Namespace: "shop", ServiceAccount: "web"}).GrantTo(bucket.GrantRead)

	app.Synth(nil)
}

// Access for people who do not administer, an encrypted default StorageClass, and nodes that stay a version behind while the
// control plane is upgraded.
func ExampleCluster_AddNodeGroup() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Demo"), nil)
	cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{
		Vpc: dualstack.NewVpc(stack, "Network", nil).L2, Version: "1.36", Kubectl: kubectllayer.For(stack, "Kubectl", "1.36"),
		EBSDriver: true,
		Access: []ipv6eks.Access{
			{Principal: "arn:aws:iam::111122223333:role/OnCall", Right: ipv6eks.AdminView},
			{Principal: "arn:aws:iam::111122223333:role/Shop", Right: ipv6eks.Edit, Namespaces: []string{"shop", "shop-*"}},
		},
	})
	cluster.AddNodeGroup("General", &ipv6eks.NodeGroupProps{Version: "1.35", VolumeKey: ipv6eks.NewVolumeKey(stack, "Volumes")})
	cluster.AddNodeGroup("Gpu", &ipv6eks.NodeGroupProps{
		InstanceTypes: []string{"g6.xlarge"}, AMI: ipv6eks.AL2023Nvidia, ScaleToZero: true,
		Taints: []ipv6eks.Taint{{Key: "nvidia.com/gpu", Effect: ipv6eks.NoSchedule}},
	})
	app.Synth(nil)
}

// Jobs of a namespace run on Fargate, everything else on nodes.
func ExampleCluster_AddFargateProfile() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Demo"), nil)
	cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{Vpc: dualstack.NewVpc(stack, "Network", nil).L2})
	cluster.AddNodeGroup("Nodes", nil)
	cluster.AddFargateProfile("Jobs", &ipv6eks.FargateProfileProps{
		Selectors: []ipv6eks.FargateSelector{{Namespace: "jobs", Labels: map[string]string{"run-on": "fargate"}}},
	})
	app.Synth(nil)
}

// An add-on with a role for its controller, and one that nodes wait for.
func ExampleCluster_AddAddon() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Demo"), nil)
	cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{
		Vpc: dualstack.NewVpc(stack, "Network", nil).L2,
		// The add-ons that every cluster has are configured here.
		AddonConfiguration: map[string]map[string]any{"coredns": {"replicaCount": 3}},
	})
	cluster.AddNodeGroup("Nodes", nil)
	cluster.AddAddon("aws-efs-csi-driver", &ipv6eks.AddonProps{
		Configuration: map[string]any{"controller": map[string]any{"replicaCount": 1}},
		Identities: []ipv6eks.AddonIdentity{{
			ServiceAccount: "efs-csi-controller-sa", ManagedPolicies: []string{"service-role/AmazonEFSCSIDriverPolicy"},
		}},
	})
	cluster.AddAddon("aws-network-flow-monitoring-agent", &ipv6eks.AddonProps{BeforeNodes: true})
	app.Synth(nil)
}

// A chart comes after nodes, CoreDNS and the load balancer controller, whose webhooks Services go through.
func ExampleCluster_NewChart() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Demo"), nil)
	cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{
		Vpc: dualstack.NewVpc(stack, "Network", nil).L2, Kubectl: kubectllayer.New(stack, "Kubectl"),
	})
	cluster.AddNodeGroup("Nodes", nil)
	controller := lbc.NewController(stack, "LoadBalancerController", &lbc.ControllerProps{Cluster: cluster})
	cluster.ChartsWaitFor(controller.Construct)

	web := cluster.NewPodIdentity(stack, "Web", &ipv6eks.PodIdentityProps{Namespace: "shop", ServiceAccount: "web"})
	cluster.NewChart(stack, "Shop", &ipv6eks.ChartProps{
		Chart: "shop", Repository: "https://charts.example.com", Version: "1.4.0", Namespace: "shop",
		Values: map[string]any{"serviceAccount": map[string]any{"name": "web"}},
		After:  []constructs.IDependable{web.Association},
	})
	app.Synth(nil)
}

// An application in a stack of its own, by what is known of the platform's cluster.
func ExampleFromClusterAttributes() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: jsii.String("111122223333"), Region: jsii.String("eu-west-1")},
	})
	cluster := ipv6eks.FromClusterAttributes(stack, "Cluster", &ipv6eks.ClusterAttributes{
		Name: "platform", Version: "1.35", SecurityGroupID: "sg-0123456789abcdef0",
		Vpc:     awsec2.Vpc_FromLookup(stack, jsii.String("Vpc"), &awsec2.VpcLookupOptions{VpcId: jsii.String("vpc-0123456789abcdef0")}),
		Kubectl: kubectllayer.New(stack, "Kubectl"),
	})
	cluster.NewChart(stack, "Shop", &ipv6eks.ChartProps{Chart: "shop", Repository: "https://charts.example.com", Version: "1.4.0", Namespace: "shop"})
	app.Synth(nil)
}

// A database lets the cluster's Pods in.
func ExampleCluster_Connections() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Demo"), nil)
	network := dualstack.NewVpc(stack, "Network", &dualstack.VpcProps{IsolatedSubnets: true})
	cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{Vpc: network.L2})
	cluster.AddNodeGroup("Nodes", nil)
	database := awsrds.NewDatabaseCluster(stack, jsii.String("Orders"), &awsrds.DatabaseClusterProps{
		Engine: awsrds.DatabaseClusterEngine_AuroraPostgres(&awsrds.AuroraPostgresClusterEngineProps{
			Version: awsrds.AuroraPostgresEngineVersion_VER_16_4(),
		}),
		Writer: awsrds.ClusterInstance_ServerlessV2(jsii.String("Writer"), nil),
		Vpc:    network.L2, VpcSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
		NetworkType: awsrds.NetworkType_DUAL,
	})
	database.Connections().AllowDefaultPortFrom(cluster, jsii.String("Pods"))
	app.Synth(nil)
}
