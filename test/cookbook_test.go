package test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"

	"github.com/eks-ipv6/cdk/examples/cookbook"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/preflighttest"
	"github.com/eks-ipv6/cdk/preflight/rules"
)

// recipes are what the cookbook's programs must show: the flows that their templates have the parts for, at least, and the
// warnings that they accept.
var recipes = map[string]struct{ flows, accepts, unread string }{
	"application-stack": {flows: platformFlows},
	"argo-cd":           {flows: platformFlows},
	"cert-manager":      {flows: platformFlows},
	"database":          {flows: platformFlows},
	"existing-cluster":  {unread: `cluster "platform" is in none of the templates`},
	"grpc":              {flows: platformFlows},
	"guardrails":        {flows: platformFlows},
	"private-cluster":   {flows: "F1 F2 F3 F6 F7 F8 F9 X1"},
	"stages":            {flows: platformFlows, accepts: "W04"},
	"volumes":           {flows: platformFlows},
}

const platformFlows = "F1 F2 F3 F4 F6 F7 F8 F9 X1"

// Each recipe of the cookbook synthesizes, its templates pass every flow, and no rule finds anything.
func TestCookbook(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(cookbook.Recipes)) {
		t.Run(name, func(t *testing.T) {
			want, ok := recipes[name]
			if !ok {
				t.Fatal("the recipe is not in this test's table")
			}
			app, outdir := newApp(t)
			if msg := panicOf(func() { cookbook.Recipes[name](app); app.Synth(nil) }); msg != "" {
				t.Fatal(msg)
			}
			network, err := flow.Load(outdir)
			if err != nil {
				t.Fatal(err)
			}
			report := network.Check()
			seen := map[string]bool{}
			for _, r := range report.Results {
				seen[r.ID] = true
				if !r.OK {
					t.Errorf("%s from %s to %s: %s: %s", r.ID, r.From, r.To, r.Trace.Verdict, r.Fix())
				}
			}
			for _, id := range strings.Fields(want.flows) {
				if !seen[id] {
					t.Errorf("%s is not traced", id)
				}
			}
			for _, problem := range slices.Concat(report.Problems, report.Unread) {
				if want.unread == "" || !strings.Contains(problem, want.unread) {
					t.Errorf("not read: %s", problem)
				}
			}
			if len(report.Unmodelled) > 0 {
				t.Errorf("not modelled: %v", report.Unmodelled)
			}
			findings, err := rules.Check(network, rules.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range findings {
				if !slices.Contains(strings.Fields(want.accepts), f.ID) {
					t.Errorf("%s", f)
				}
			}
		})
	}
}

// The boundary is on every role, and the Aspect stops what it is for.
func TestCookbookGuardrails(t *testing.T) {
	tpl := synth(t, cookbook.Guardrails)["Platform"]
	roles := tpl.of("AWS::IAM::Role")
	for _, id := range roles {
		if !strings.Contains(js(tpl.Resources[id].Properties["PermissionsBoundary"]), ":policy/developers") {
			t.Errorf("%s has no boundary", id)
		}
	}
	if len(roles) < 8 {
		t.Errorf("only %d roles", len(roles))
	}
	app, outdir := newApp(t)
	cookbook.Guardrails(app)
	awss3.NewBucket(awscdk.NewStack(app, jsiix.Str("S"), nil), jsiix.Str("Plain"), nil)
	mustPanic(t, func() { app.Synth(nil) }, "Validation failed")
	report, err := os.ReadFile(filepath.Join(outdir, "validation-report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(report), "this bucket keeps no versions"); n == 0 {
		t.Errorf("the report says nothing of it: %s", report)
	}
}

// The Pods of the database's recipe reach it over both families, and the internet does not.
func TestCookbookDatabase(t *testing.T) {
	tpl := synth(t, cookbook.Database)["Platform"]
	network := preflighttest.Load(t, tpl.text)
	id, _ := tpl.one(t, "AWS::RDS::DBCluster")
	orders := flow.Resource(id)
	for _, family := range []flow.Family{flow.IPv4, flow.IPv6} {
		preflighttest.MustReach(t, network, flow.Query{From: flow.AnyPod, To: orders, Family: family})
	}
	preflighttest.MustNotReach(t, network, flow.Query{From: flow.Internet4, To: orders}, flow.Query{From: flow.Internet6, To: orders})
}
