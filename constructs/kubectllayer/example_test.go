package kubectllayer_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
)

// Kubernetes 1.36 needs a newer kubectl than the built-in layer has: npm install --save-exact @aws-cdk/lambda-layer-kubectl-v36.
func ExampleFromNpm() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Demo"), nil)
	cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{
		Vpc:     dualstack.NewVpc(stack, "Network", nil).L2,
		Version: "1.36",
		Kubectl: kubectllayer.FromNpm(stack, "Kubectl", "1.36"),
	})
	cluster.AddNodeGroup("Nodes", nil)
	app.Synth(nil)
}
