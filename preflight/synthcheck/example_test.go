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

func ExampleRegister_deployed() {
	app := awscdk.NewApp(nil)
	synthcheck.Register(app, &synthcheck.Options{
		// aws cloudformation get-template --stack-name Platform --query TemplateBody > deployed.json
		Deployed: []string{"deployed.json"},
	})
	stacks.NewPlatform(app, "Platform", nil)
	app.Synth(nil)
}
