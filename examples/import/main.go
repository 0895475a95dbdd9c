// Import synthesizes an IPv6 cluster in a stack of one's own.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/preflight/synthcheck"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	synthcheck.Register(app, nil) // cdk synth stops where a flow is missed

	stack := awscdk.NewStack(app, jsii.String("Mine"), nil)
	network := dualstack.NewVpc(stack, "Network", &dualstack.VpcProps{Azs: 3})
	cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{
		Vpc: network.L2, Kubectl: kubectllayer.New(stack, "Kubectl"),
	})
	cluster.AddNodeGroup("Graviton", &ipv6eks.NodeGroupProps{Architecture: ipv6eks.ARM, Spot: true})
	lbc.NewController(stack, "LoadBalancerController", &lbc.ControllerProps{Cluster: cluster})

	app.Synth(nil)
}
