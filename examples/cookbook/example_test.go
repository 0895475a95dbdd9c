package cookbook_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/examples/cookbook"
)

func ExampleDatabase() {
	app := awscdk.NewApp(nil)
	cookbook.Database(app)
	app.Synth(nil)
}
