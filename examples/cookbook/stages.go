package cookbook

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/preflight/rules"
	"github.com/eks-ipv6/cdk/preflight/synthcheck"
	"github.com/eks-ipv6/cdk/stacks"
)

// Stages has a cheap platform for development and a hardened one for production, in accounts of their own.
func Stages(app awscdk.App) {
	dev := awscdk.NewStage(app, jsii.String("Dev"), &awscdk.StageProps{
		Env: &awscdk.Environment{Account: jsii.String("111122223333"), Region: jsii.String("eu-west-1")},
	})
	synthcheck.Register(dev, &synthcheck.Options{Acknowledge: []rules.Acknowledge{
		{ID: "W04", Reason: "development may wait for a zone to come back"},
	}})
	stacks.NewPlatform(dev, "Platform", &stacks.PlatformProps{
		Network: dualstack.VpcProps{Nat: dualstack.NatSingle},
		Workload: stacks.Workload{
			Nodes: ipv6eks.NodeGroupProps{Architecture: ipv6eks.ARM, Spot: true},
		},
	})

	prod := awscdk.NewStage(app, jsii.String("Prod"), &awscdk.StageProps{
		Env: &awscdk.Environment{Account: jsii.String("444455556666"), Region: jsii.String("eu-west-1")},
	})
	synthcheck.Register(prod, nil)
	stacks.NewPlatform(prod, "Platform", &stacks.PlatformProps{
		Stack:   awscdk.StackProps{TerminationProtection: jsii.Bool(true)},
		Network: dualstack.VpcProps{Azs: 3, IsolatedSubnets: true},
		Workload: stacks.Workload{
			Hardened: true,
			Nodes:    ipv6eks.NodeGroupProps{Min: 3, Max: 12},
		},
	})
}
