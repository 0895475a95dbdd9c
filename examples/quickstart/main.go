// Quickstart synthesizes the whole platform in one stack, from CDK context: see README.md beside it.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/examples/internal/options"
	"github.com/eks-ipv6/cdk/stacks"
)

func main() {
	options.Run(func(app awscdk.App, props *stacks.PlatformProps) {
		stacks.NewPlatform(app, "Ipv6Platform", props)
	})
}
