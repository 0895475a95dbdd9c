// Package tests has the tests of a user's own stack: docs/cookbook/snapshot-tests.md.
package tests

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/preflighttest"
)

var update = flag.Bool("update", false, "write the snapshots")

// newNetwork is what is tested.
func newNetwork(app awscdk.App) {
	stack := awscdk.NewStack(app, jsii.String("Network"), nil)
	dualstack.NewVpc(stack, "Network", &dualstack.VpcProps{IsolatedSubnets: true})
}

func TestNetwork(t *testing.T) {
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir: jsii.String(t.TempDir()), AnalyticsReporting: jsii.Bool(false),
		// Constructs' paths in the template, as the CDK CLI has them: queries can name places by them.
		Context: &map[string]any{"aws:cdk:enable-path-metadata": true},
	})
	newNetwork(app)
	assembly := app.Synth(nil)

	// What the network is for, whatever its template looks like.
	network := preflighttest.Load(t, assembly)
	preflighttest.MustReach(t, network,
		flow.Query{From: flow.Subnet("Network/Network/PrivateSubnet1/Subnet"), To: flow.Internet4, Port: 443},
		flow.Query{From: flow.Subnet("Network/Network/PrivateSubnet1/Subnet"), To: flow.Internet6, Port: 443})
	preflighttest.MustNotReach(t, network,
		flow.Query{From: flow.Internet6, To: flow.Subnet("Network/Network/PrivateSubnet1/Subnet")},
		flow.Query{From: flow.Subnet("Network/Network/IsolatedSubnet1/Subnet"), To: flow.Internet4})

	// And nothing changes unseen.
	snapshot(t, assembly, "Network")
}

// hash is that of an asset: another one for each version of CDK, and no change of what is deployed.
var hash = regexp.MustCompile(`[0-9a-f]{64}`)

// snapshot compares a stack's template with testdata/STACK.json, which go test -update writes.
func snapshot(t *testing.T, assembly interface{ Directory() *string }, stack string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(*assembly.Directory(), stack+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	got = hash.ReplaceAll(got, []byte("HASH"))
	file := filepath.Join("testdata", stack+".json")
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s has changed; if that is meant, run go test -update and review the difference (-file +template):\n%s", stack, diff)
	}
}
