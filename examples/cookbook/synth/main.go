// Synth synthesizes a recipe of the cookbook: npx cdk synth --quiet --app "go run ./examples/cookbook/synth database".
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/examples/cookbook"
	"github.com/eks-ipv6/cdk/preflight/synthcheck"
)

func main() {
	name := strings.Join(os.Args[1:], " ")
	recipe := cookbook.Recipes[name]
	if recipe == nil {
		fmt.Fprintf(os.Stderr, "%q is no recipe: want one of %s\n", name, strings.Join(slices.Sorted(maps.Keys(cookbook.Recipes)), ", "))
		os.Exit(1)
	}
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	synthcheck.Register(app, nil) // cdk synth stops where a flow is missed
	recipe(app)
	app.Synth(nil)
}
