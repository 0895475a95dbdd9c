// Stock builds, with CDK's own L2s, what comes closest to the quickstart's platform: the baseline of the benchmarks and of
// the template report. It is nothing to deploy; the README says what its cluster lacks.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/test/stock/build"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	build.Stack(app)
	app.Synth(nil)
}
