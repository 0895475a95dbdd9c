package options

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/preflight/synthcheck"
	"github.com/eks-ipv6/cdk/stacks"
)

// Run makes an app, reads its context, has build add the stacks, and synthesizes, which proves the network too. Bad
// context ends the program with a message and exit status 1, before anything is written.
func Run(build func(app awscdk.App, props *stacks.PlatformProps)) {
	defer jsii.Close()
	debug.SetGCPercent(400) // a synth is over before its garbage is in the way
	// A stack trace of a construct names JavaScript alone, and costs a tenth of a second.
	app := awscdk.NewApp(&awscdk.AppProps{StackTraces: jsii.Bool(false)})
	context, _ := app.Node().GetAllContext(nil).(map[string]any)
	props, err := Parse(context, os.Getenv("CDK_DEFAULT_REGION"))
	if err != nil {
		Fail(err)
	}
	if os.Getenv("CDK_VALIDATION") != "false" { // what switches off CDK's own validation, for a quick look at a template
		synthcheck.Register(app, nil)
	}
	build(app, props)
	app.Synth(nil)
}

// Fail ends the program with a message and exit status 1, once Node.js has ended: what it has to say comes before.
func Fail(err error) {
	jsii.Close()
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
