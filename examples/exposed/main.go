// Exposed synthesizes the platform with an echo application behind an ALB and an NLB that face the internet: see README.md
// beside it.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/examples/internal/options"
	"github.com/eks-ipv6/cdk/stacks"
)

func main() {
	options.Run(func(app awscdk.App, props *stacks.PlatformProps) {
		context, _ := app.Node().GetAllContext(nil).(map[string]any)
		clients, err := options.Clients(context)
		exposed := &stacks.ExposedProps{PlatformProps: *props, Inbound: clients}
		if err == nil {
			err = exposed.Validate()
		}
		if err != nil {
			options.Fail(err)
		}
		stacks.NewExposed(app, "Ipv6Exposed", exposed)
	})
}
