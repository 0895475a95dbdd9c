package synthcheck_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/preflight/rules"
	"github.com/eks-ipv6/cdk/preflight/synthcheck"
	"github.com/eks-ipv6/cdk/stacks"
)

func ExampleRegister() {
	app := awscdk.NewApp(nil)
	synthcheck.Register(app, &synthcheck.Options{
		Acknowledge: []rules.Acknowledge{{ID: "W05", Reason: "the API is public on purpose"}},
	})
	stacks.NewPlatform(app, "Platform", nil)
	app.Synth(nil)
}
