package test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/preflighttest"
	"github.com/eks-ipv6/cdk/preflight/rules"
	"github.com/eks-ipv6/cdk/preflight/synthcheck"
	"github.com/eks-ipv6/cdk/stacks"
)

// today keeps the rules about support periods from changing their minds.
var today = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

// checked builds an app that proves its network, and gives what its synth panics with and the folder it writes to.
func checked(t *testing.T, opts *synthcheck.Options, build func(app awscdk.App)) (stopped, outdir string) {
	t.Helper()
	app, outdir := newApp(t)
	app.Node().SetContext(jsiix.Str("@aws-cdk/core:appMode"), "inmemory") // the panic says what was found
	o := jsiix.Value(opts)
	o.Today = today
	synthcheck.Register(app, &o)
	build(app)
	return panicOf(func() { app.Synth(nil) }), outdir
}

// violations are what CDK's report holds of the plugin: id, severity and construct path of each, then those suppressed.
func violations(t *testing.T, outdir string) (active, suppressed []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(outdir, "validation-report.json"))
	if err != nil {
		t.Fatal(err)
	}
	type violation struct {
		RuleName, Severity, SuggestedFix, Reason string
		ViolatingConstructs                      []struct{ ConstructPath string }
	}
	var report struct {
		PluginReports []struct {
			PluginName, PluginVersion        string
			Violations, SuppressedViolations []violation
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	for _, r := range report.PluginReports {
		if r.PluginName != synthcheck.Name {
			continue
		}
		if r.PluginVersion == "" {
			t.Error("the plugin's report has no version")
		}
		for _, v := range r.Violations {
			active = append(active, v.RuleName+" "+v.Severity+" "+v.ViolatingConstructs[0].ConstructPath)
		}
		for _, v := range r.SuppressedViolations {
			suppressed = append(suppressed, v.RuleName+": "+v.Reason)
		}
	}
	return active, suppressed
}

// misroute sends the IPv6 internet's packets of a private subnet nowhere.
func misroute(vpc *dualstack.Vpc) {
	route := vpc.L2.Node().FindChild(jsiix.Str("PrivateSubnet1")).Node().FindChild(jsiix.Str("DefaultRoute6")).(awsec2.CfnRoute)
	route.AddPropertyOverride(jsiix.Str("DestinationIpv6CidrBlock"), "2001:db8:77::/48")
}

func TestSynthcheckPasses(t *testing.T) {
	sound := maps.Clone(reference)
	for name, props := range platforms {
		sound[name] = func(app awscdk.App) { stacks.NewPlatform(app, "P", props) }
	}
	for name, build := range sound {
		stopped, outdir := checked(t, nil, build)
		if stopped != "" {
			t.Errorf("%s: %s", name, stopped)
		}
		active, _ := violations(t, outdir)
		if name == "single NAT" { // the one choice that is warned of
			active = slices.DeleteFunc(active, func(a string) bool { return strings.HasPrefix(a, "W04 warning ") })
		}
		if len(active) > 0 {
			t.Errorf("%s: %v", name, active)
		}
	}
}

func TestSynthcheckStops(t *testing.T) {
	stopped, outdir := checked(t, nil, func(app awscdk.App) { misroute(stacks.NewPlatform(app, "P", nil).Vpc) })
	for _, want := range []string{
		"ERROR F3 Pod to an IPv6 internet host: ", "drop at route table: no route to 2001:db8:ffff:ffff::7",
		"P/Network/PrivateSubnet1/RouteTable (NetworkPrivateSubnet1RouteTable",
		"Suggested fix: route ::/0 in this table to an egress-only internet gateway",
		"Acknowledge with 'preflight::F3'",
	} {
		if !strings.Contains(stopped, want) {
			t.Errorf("no %q in:\n%s", want, stopped)
		}
	}
	active, _ := violations(t, outdir)
	if !slices.Contains(active, "F3 error P/Network/PrivateSubnet1/RouteTable") {
		t.Errorf("no F3 at the route table among %v", active)
	}
	for _, a := range active {
		if strings.HasPrefix(a, "F4 ") || strings.Contains(a, "Subnet2") {
			t.Errorf("more than what is broken: %s", a)
		}
	}
}

// TestSynthcheckFindings is for rules, which tell one place each.
func TestSynthcheckFindings(t *testing.T) {
	oneNAT := func(app awscdk.App) {
		stacks.NewPlatform(app, "P", &stacks.PlatformProps{Network: dualstack.VpcProps{Nat: dualstack.NatSingle}})
	}
	stopped, outdir := checked(t, nil, oneNAT)
	if stopped != "" {
		t.Errorf("a warning stops the synth: %s", stopped)
	}
	active, _ := violations(t, outdir)
	if !slices.ContainsFunc(active, func(a string) bool { return strings.HasPrefix(a, "W04 warning P/Network/") }) {
		t.Errorf("no W04 in %v", active)
	}
	_, outdir = checked(t, &synthcheck.Options{Acknowledge: []rules.Acknowledge{{ID: "W04", Reason: "a test account"}}}, oneNAT)
	active, suppressed := violations(t, outdir)
	if len(active) > 0 || !slices.Equal(suppressed, []string{"W04: a test account"}) {
		t.Errorf("acknowledged: active %v, suppressed %v", active, suppressed)
	}
}

func TestSynthcheckAcknowledges(t *testing.T) {
	var opts synthcheck.Options
	for _, id := range []string{"F3", "F9", "V40"} {
		opts.Acknowledge = append(opts.Acknowledge, rules.Acknowledge{ID: id, Reason: "no IPv6 egress in the first zone"})
	}
	broken := func(app awscdk.App) { misroute(stacks.NewPlatform(app, "P", nil).Vpc) }
	stopped, outdir := checked(t, &opts, broken)
	active, suppressed := violations(t, outdir)
	if stopped != "" || len(active) > 0 || !slices.Contains(suppressed, "F3: no IPv6 egress in the first zone") {
		t.Errorf("stopped by %q, active %v, suppressed %v", stopped, active, suppressed)
	}
	opts.Acknowledge = opts.Acknowledge[:1]
	if stopped, _ = checked(t, &opts, broken); !strings.Contains(stopped, "preflight::V40") || strings.Contains(stopped, "preflight::F3") {
		t.Errorf("V40 is not acknowledged, F3 is: %s", stopped)
	}
}

// TestSynthcheckStages wants the stacks of every stage traced, those with the same name too. The CDK CLI turns on the
// metadata that tells their resources apart.
func TestSynthcheckStages(t *testing.T) {
	stopped, _ := checked(t, nil, func(app awscdk.App) {
		app.Node().SetContext(jsiix.Str("aws:cdk:enable-path-metadata"), true)
		for _, name := range []string{"Dev", "Prod"} {
			stage := awscdk.NewStage(app, jsiix.Str(name), nil)
			network := stacks.NewNetwork(stage, "Network", &stacks.NetworkProps{Stack: awscdk.StackProps{StackName: jsiix.Str("net")}})
			if name == "Prod" {
				misroute(network.Vpc)
			}
		}
	})
	if !strings.Contains(stopped, "F3 ") || !strings.Contains(stopped, "Prod/Network/Network/PrivateSubnet1") {
		t.Errorf("want F3 of the stage Prod in:\n%s", stopped)
	}
	if strings.Contains(stopped, "Dev/Network/") {
		t.Errorf("the stage Dev is sound, and blamed in:\n%s", stopped)
	}
}

// TestSynthcheckOneStage registers it on a stage, whose stacks alone are looked at.
func TestSynthcheckOneStage(t *testing.T) {
	for _, broken := range []string{"Dev", "Prod"} {
		app, _ := newApp(t)
		app.Node().SetContext(jsiix.Str("@aws-cdk/core:appMode"), "inmemory")
		for _, name := range []string{"Dev", "Prod"} {
			stage := awscdk.NewStage(app, jsiix.Str(name), nil)
			if name == "Prod" {
				synthcheck.Register(stage, nil)
			}
			network := stacks.NewNetwork(stage, "Network", nil)
			if name == broken {
				misroute(network.Vpc)
			}
		}
		stopped := panicOf(func() { app.Synth(nil) })
		if (stopped != "") != (broken == "Prod") {
			t.Errorf("%s is broken and Prod is checked: stopped by %q", broken, stopped)
		}
	}
}

// TestSynthcheckUnreadable wants the reasons of a template that is none as violations: the CDK CLI takes no notice of a
// plugin that fails.
func TestSynthcheckUnreadable(t *testing.T) {
	stopped, outdir := checked(t, nil, func(app awscdk.App) {
		stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
		network := dualstack.NewVpc(stack, "Network", nil)
		network.L2.Node().DefaultChild().(awsec2.CfnVPC).AddPropertyOverride(jsiix.Str("CidrBlock"), map[string]any{"Fn::GetAtt": []any{"Nowhere", "Cidr"}})
	})
	if !strings.Contains(stopped, "FATAL ") || !strings.Contains(stopped, "Nowhere") || strings.Contains(stopped, "defect") {
		t.Errorf("want the reason in: %s", stopped)
	}
	if active, _ := violations(t, outdir); !slices.Contains(active, "not-readable fatal S/Network/Resource") {
		t.Errorf("the resource is not named: %v", active)
	}
}

func TestSynthcheckRefusesOptions(t *testing.T) {
	app, _ := newApp(t)
	mustPanic(t, func() {
		synthcheck.Register(app, &synthcheck.Options{Acknowledge: []rules.Acknowledge{{ID: "V999", Reason: "x"}, {ID: "F4"}}, Deployed: []string{""}})
	}, "synthcheck.Register", "Deployed[0] is empty", `Acknowledge "V999"`, "Acknowledge F4: the reason is missing")
}

// TestAssertionsOnCDK hands what CDK gives in Go to the assertions for users' tests.
func TestAssertionsOnCDK(t *testing.T) {
	app, _ := newApp(t)
	platform := stacks.NewPlatform(app, "P", nil)
	egress := flow.Query{From: flow.AnyPod, To: flow.Internet4, Port: 443}
	template := assertions.Template_FromStack(platform.Stack, nil)
	preflighttest.MustReach(t, template, egress)
	preflighttest.MustReach(t, template.ToJSON(), egress)
	assembly := app.Synth(nil)
	preflighttest.MustReach(t, assembly.Directory(), egress)
	preflighttest.MustNotReach(t, assembly, flow.Query{From: flow.Internet6, To: flow.AnyPod})
	preflighttest.MustPass(t, assembly)
	preflighttest.NoFindings(t, assembly, rules.Options{Today: today})
}

// BenchmarkSynthcheck is what the plugin adds to a synth of the platform, in turns, since the kernel slows down with
// every app.
func BenchmarkSynthcheck(b *testing.B) {
	var took [2]time.Duration
	for b.Loop() {
		for i := range took {
			app, _ := newApp(b)
			if i == 1 {
				synthcheck.Register(app, nil)
			}
			stacks.NewPlatform(app, "P", nil)
			start := time.Now()
			app.Synth(nil)
			took[i] += time.Since(start)
		}
	}
	for i, unit := range []string{"ms-without/op", "ms-with/op"} {
		b.ReportMetric(float64(took[i].Milliseconds())/float64(b.N), unit)
	}
}

// TestSynthcheckDeployed compares with templates that are deployed: the one that is made now, changed.
func TestSynthcheckDeployed(t *testing.T) {
	build := func(app awscdk.App) { stacks.NewPlatform(app, "P", nil) }
	_, outdir := checked(t, nil, build)
	text, err := os.ReadFile(filepath.Join(outdir, "P.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	deployed := func(edit func(resources map[string]map[string]any)) string {
		var template map[string]any
		if err := json.Unmarshal(text, &template); err != nil {
			t.Fatal(err)
		}
		resources := map[string]map[string]any{}
		for id, r := range template["Resources"].(map[string]any) {
			resources[id] = r.(map[string]any)
		}
		edit(resources)
		template["Resources"] = resources
		delete(template, "Outputs") // which refer to what may not be there
		out, err := json.Marshal(template)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "old.json")
		if err := os.WriteFile(path, out, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	nodes := func(resources map[string]map[string]any) map[string]any {
		return resources["ClusterNodesB31FF752"]["Properties"].(map[string]any)
	}
	for name, c := range map[string]struct {
		path    string
		stopped []string // parts of what is said; none where it is not stopped
		active  []string
	}{
		"the same":         {path: deployed(func(map[string]map[string]any) {})},
		"an older version": {path: deployed(func(r map[string]map[string]any) { nodes(r)["Version"] = "1.34" })},
		"an older version and other labels": {
			deployed(func(r map[string]map[string]any) {
				nodes(r)["Version"], nodes(r)["Labels"] = "1.34", map[string]any{"a": "b"}
			}),
			[]string{"ERROR V64 ClusterNodesB31FF752: EKS changes a node group's Version alone", "P/Cluster/Nodes", "Suggested fix: deploy twice", "Acknowledge with 'preflight::V64'"},
			[]string{"V64 error P/Cluster/Nodes"},
		},
		"an address that goes": {path: deployed(func(r map[string]map[string]any) {
			r["Gone"] = map[string]any{"Type": "AWS::EC2::EIP", "Metadata": map[string]any{"aws:cdk:path": "P/Gone/EIP"}}
		}), active: []string{"W45 warning "}},
		"no file": {"none.json", []string{"FATAL not-readable no such file or directory", "none.json"}, []string{"not-readable fatal "}},
		"a file of something else": {deployed(func(r map[string]map[string]any) {
			clear(r)
			r["Other"] = map[string]any{"Type": "AWS::EC2::EIP"}
		}), []string{"FATAL not-readable", "old.json: it shares no resource with P"}, []string{"not-readable fatal "}},
	} {
		t.Run(name, func(t *testing.T) {
			stopped, outdir := checked(t, &synthcheck.Options{Deployed: []string{c.path}}, build)
			for _, part := range c.stopped {
				if !strings.Contains(stopped, part) {
					t.Errorf("no %q in:\n%s", part, stopped)
				}
			}
			if c.stopped == nil && stopped != "" {
				t.Errorf("stopped:\n%s", stopped)
			}
			active, _ := violations(t, outdir)
			if !slices.Equal(active, c.active) {
				t.Errorf("%q, want %q", active, c.active)
			}
		})
	}
}
