package test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

const (
	manifestType = "Custom::AWSCDK-EKS-KubernetesResource"
	chartType    = "Custom::AWSCDK-EKS-HelmChart"
	valueType    = "Custom::AWSCDK-EKS-KubernetesObjectValue"
)

// controllerTemplate is a stack with a cluster and the controller, and the warnings of its synth.
func controllerTemplate(t testing.TB, cp ipv6eks.ClusterProps, lp lbc.ControllerProps) (tpl template, warnings string) {
	t.Helper()
	app, outdir := newApp(t)
	if msg := panicOf(func() { controllerStack(app, cp, lp); app.Synth(nil) }); msg != "" {
		t.Fatal(msg)
	}
	text, err := os.ReadFile(filepath.Join(outdir, "S.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &tpl); err != nil {
		t.Fatal(err)
	}
	tpl.text = text
	return tpl, warningsOf(t, outdir)
}

func controllerStack(app awscdk.App, cp ipv6eks.ClusterProps, lp lbc.ControllerProps) *ipv6eks.Cluster {
	stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
	cp.Kubectl = kubectllayer.New(stack, "Kubectl")
	lp.Cluster = cluster(stack, cp)
	addNodes(stack, lp.Cluster)
	lbc.NewController(stack, "Controller", &lp)
	return lp.Cluster
}

// warningsOf are the warnings in a cloud assembly, one a line.
func warningsOf(t testing.TB, outdir string) string {
	t.Helper()
	var out []string
	files, err := filepath.Glob(filepath.Join(outdir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var walk func(any)
		walk = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				if data, ok := v["data"].(string); ok && v["type"] == "aws:cdk:warning" {
					out = append(out, data)
				}
				for _, e := range v {
					walk(e)
				}
			case []any:
				for _, e := range v {
					walk(e)
				}
			}
		}
		var v any
		if json.Unmarshal(text, &v) == nil {
			walk(v)
		}
	}
	return strings.Join(sorted(out), "\n")
}

// Helm gives up before the function that runs it, that before the one which calls it, and CloudFormation last: each of them
// still hears the cause.
func TestTimesNest(t *testing.T) {
	tpl := synth(t, reference["exposed"])["Ipv6Exposed"]
	_, chart := tpl.one(t, chartType)
	if p := chart.Properties; p["Timeout"] != "360s" || p["Wait"] != true || p["Atomic"] != true {
		t.Errorf("the chart: timeout %v, wait %v, atomic %v", p["Timeout"], p["Wait"], p["Atomic"])
	}
	const twice = 2 * 360 // and a rollback as long again
	for _, id := range tpl.of("AWS::Lambda::Function") {
		if timeout := tpl.Resources[id].Properties["Timeout"].(float64); timeout <= twice || timeout >= 960 {
			t.Errorf("%s has %v s", id, timeout)
		}
	}
	_, inner := tpl.find(t, "AWS::Lambda::Function", "Description", "onEvent handler for EKS kubectl")
	_, outer := tpl.find(t, "AWS::Lambda::Function", "Description", "AWS CDK resource provider framework - onEvent")
	if in, out := inner.Properties["Timeout"].(float64), outer.Properties["Timeout"].(float64); in >= out {
		t.Errorf("the kubectl function has %v s, the one that calls it %v: it would not hear of a failure", in, out)
	}
	custom := tpl.of(manifestType, chartType, valueType)
	if len(custom) < 8 {
		t.Fatalf("only %v", custom)
	}
	for _, id := range custom {
		if got := tpl.Resources[id].Properties["ServiceTimeout"]; got != 960.0 {
			t.Errorf("%s: CloudFormation waits %v s", id, got)
		}
	}
	for _, id := range tpl.of(valueType) {
		if timeout := tpl.Resources[id].Properties["TimeoutSeconds"].(float64); timeout >= 14*60 {
			t.Errorf("%s waits %v s, and its function is cut off before", id, timeout)
		}
	}
}

// The kinds are the template's own: helm would install them once and never again.
func TestControllerOwnsItsKinds(t *testing.T) {
	tpl, warnings := controllerTemplate(t, ipv6eks.ClusterProps{}, lbc.ControllerProps{})
	id, crds := tpl.find(t, manifestType, "Manifest", "CustomResourceDefinition")
	chart, _ := tpl.one(t, chartType)
	if !tpl.waitsFor(chart, id) {
		t.Error("the chart does not wait for its kinds")
	}
	if crds.DeletionPolicy != "Retain" || crds.UpdateReplacePolicy != "Retain" {
		t.Errorf("deletion %q, replacement %q: deleting a kind deletes its objects", crds.DeletionPolicy, crds.UpdateReplacePolicy)
	}
	if crds.Properties["Overwrite"] != true || crds.Properties["PruneLabel"] != nil {
		t.Errorf("%v %v: kinds that helm made would be refused", crds.Properties["Overwrite"], crds.Properties["PruneLabel"])
	}
	if objects := tpl.objects(t, id); len(objects) != 7 {
		t.Errorf("%d kinds", len(objects))
	}
	if warnings != "" {
		t.Errorf("warnings: %s", warnings)
	}

	own := []map[string]any{{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "widgets.example.com"},
	}}
	policy := map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": "elasticloadbalancing:*", "Resource": "*"}}}
	for name, c := range map[string]struct {
		props    lbc.ControllerProps
		kinds    int
		warnings string
	}{
		"own kinds":     {lbc.ControllerProps{ChartVersion: "3.9.0", Policy: policy, CRDs: own}, 1, ""},
		"kinds unknown": {lbc.ControllerProps{ChartVersion: "3.9.0", Policy: policy}, 0, "chart 3.9.0: its kinds (CRDs) are not known here"},
		"another's":     {lbc.ControllerProps{CRDs: []map[string]any{}}, 0, ""},
		"older chart":   {lbc.ControllerProps{ChartVersion: "3.2.2"}, 7, ""},
	} {
		tpl, warnings := controllerTemplate(t, ipv6eks.ClusterProps{}, c.props)
		n := 0
		for _, id := range tpl.of(manifestType) {
			n += len(tpl.objects(t, id))
		}
		if n != c.kinds || !strings.Contains(warnings, c.warnings) || (warnings == "") != (c.warnings == "") {
			t.Errorf("%s: %d kinds, warnings %q", name, n, warnings)
		}
	}
}

func TestControllerSources(t *testing.T) {
	tpl, _ := controllerTemplate(t, ipv6eks.ClusterProps{}, lbc.ControllerProps{
		ImageRepository: lbc.DualStackImageRepository, ChartRepository: "oci://ghcr.io/mirror/aws-load-balancer-controller", DisruptionBudget: true,
		Values: map[string]any{"image": map[string]any{"pullPolicy": "Always"}},
	})
	_, chart := tpl.one(t, chartType)
	values := helmValues(t, chart)
	if got := js(values["image"]); got != `{"pullPolicy":"Always","repository":"ecr-public.aws.com/eks/aws-load-balancer-controller"}` {
		t.Errorf("image: %s", got)
	}
	if got := js(values["podDisruptionBudget"]); got != `{"maxUnavailable":1}` {
		t.Errorf("budget: %s", got)
	}
	if got := chart.Properties["Repository"]; got != "oci://ghcr.io/mirror/aws-load-balancer-controller" {
		t.Errorf("chart from %v", got)
	}
}

// What the controller makes has the stack's tags and its own; the chart of an importer's own waits for its webhooks.
func TestControllerTags(t *testing.T) {
	tpl := synth(t, func(app awscdk.App) {
		stack := awscdk.NewStack(app, jsiix.Str("S"), &awscdk.StackProps{Tags: &map[string]*string{"team": jsiix.Str("web"), "env": jsiix.Str("dev")}})
		c := cluster(stack, ipv6eks.ClusterProps{Kubectl: kubectllayer.New(stack, "Kubectl")})
		c.AddNodeGroup("Nodes", nil)
		lbc.NewController(stack, "Controller", &lbc.ControllerProps{Cluster: c, Tags: map[string]string{"env": "prod"}, Values: map[string]any{"defaultTags": map[string]any{"cost": "7"}}})
		c.NewChart(stack, "Shop", &ipv6eks.ChartProps{Chart: "shop", Repository: "https://charts.example.com", Version: "1.0.0"})
	})["S"]
	id, chart := tpl.find(t, chartType, "Chart", "aws-load-balancer-controller")
	if got := js(helmValues(t, chart)["defaultTags"]); got != `{"cost":"7","env":"prod","team":"web"}` {
		t.Errorf("tags: %s", got)
	}
	shop, _ := tpl.find(t, chartType, "Chart", "shop")
	if !tpl.waitsFor(shop, id) {
		t.Error("a chart does not wait for the controller")
	}
	if err := (&lbc.ControllerProps{Tags: map[string]string{"aws:cost": "1", "elbv2.k8s.aws/cluster": "a"}}).Validate(); err == nil ||
		!strings.Contains(err.Error(), "Tags[aws:cost]") || !strings.Contains(err.Error(), "Tags[elbv2.k8s.aws/cluster]") {
		t.Errorf("got %v", err)
	}
}

func TestControllerTuneIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		tune func(*awseksv2.HelmChartProps)
		want string
	}{
		"longer":       {func(p *awseksv2.HelmChartProps) { p.Timeout = awscdk.Duration_Minutes(jsiix.Num(7)) }, "Timeout: 420 seconds"},
		"no time":      {func(p *awseksv2.HelmChartProps) { p.Timeout = nil }, "Timeout: none"},
		"not atomic":   {func(p *awseksv2.HelmChartProps) { p.Atomic = jsiix.Bool(false) }, "Atomic: false: a release that fails would stay pending"},
		"no atomic":    {func(p *awseksv2.HelmChartProps) { p.Atomic = nil }, "Atomic: false"},
		"no waiting":   {func(p *awseksv2.HelmChartProps) { p.Wait = nil }, "Wait: false"},
		"release":      {func(p *awseksv2.HelmChartProps) { p.Release = jsiix.Str("mine") }, `Release: "mine": the Pods' labels have it`},
		"namespace":    {func(p *awseksv2.HelmChartProps) { p.Namespace = jsiix.Str("lbc") }, `Namespace: "lbc": the controller's role is bound`},
		"version":      {func(p *awseksv2.HelmChartProps) { p.Version = jsiix.Str("3.4.0") }, `Version: "3.4.0": want ControllerProps.ChartVersion`},
		"repository":   {func(p *awseksv2.HelmChartProps) { p.Repository = nil }, `Repository: "": want ControllerProps.ChartRepository`},
		"chart":        {func(p *awseksv2.HelmChartProps) { p.Chart = jsiix.Str("other") }, `Chart: "other": want a ChartAsset`},
		"skipped CRDs": {func(p *awseksv2.HelmChartProps) { p.SkipCrds = jsiix.Bool(true) }, "SkipCrds: true: CDK's function does not pass it on"},
		"Region":       {func(p *awseksv2.HelmChartProps) { (*p.Values)["region"] = "eu-west-1" }, "Values[region]: eu-west-1"},
		"no values":    {func(p *awseksv2.HelmChartProps) { p.Values = nil }, "Values[defaultTargetType]"},
		"account":      {func(p *awseksv2.HelmChartProps) { (*p.Values)["serviceAccount"] = map[string]any{"create": true} }, "Values[serviceAccount.name]"},
		"certificate":  {func(p *awseksv2.HelmChartProps) { (*p.Values)["keepTLSSecret"] = false }, "Values[keepTLSSecret]"},
	} {
		app, _ := newApp(t)
		msg := panicOf(func() { controllerStack(app, ipv6eks.ClusterProps{}, lbc.ControllerProps{Tune: c.tune}) })
		if !strings.Contains(msg, "lbc.NewController S/Controller: Tune: ") || !strings.Contains(msg, c.want) {
			t.Errorf("%s: panic says %q, want %q in it", name, msg, c.want)
		}
	}
	tpl, _ := controllerTemplate(t, ipv6eks.ClusterProps{}, lbc.ControllerProps{Tune: func(p *awseksv2.HelmChartProps) {
		p.Timeout = awscdk.Duration_Minutes(jsiix.Num(3))
		(*p.Values)["replicaCount"] = 3
	}})
	_, chart := tpl.one(t, chartType)
	if values := helmValues(t, chart); chart.Properties["Timeout"] != "180s" || values["replicaCount"] != 3.0 {
		t.Errorf("Tune's choices: %s", js(chart.Properties))
	}
}

// On Fargate there is no Pod Identity, whatever came first, the profile or the controller.
func TestControllerNotOnFargate(t *testing.T) {
	synthesize := func(lp lbc.ControllerProps, selectors ...ipv6eks.FargateSelector) string {
		app, _ := newApp(t)
		return panicOf(func() {
			controllerStack(app, ipv6eks.ClusterProps{}, lp).AddFargateProfile("System", &ipv6eks.FargateProfileProps{Selectors: selectors})
			app.Synth(nil)
		})
	}
	const want = "lbc: Fargate profile System takes the controller's Pods (namespace kube-system, label app.kubernetes.io/name=aws-load-balancer-controller)"
	for name, s := range map[string]ipv6eks.FargateSelector{
		"namespace": {Namespace: "kube-system"}, "pattern": {Namespace: "kube-*"},
		"label": {Namespace: "kube-system", Labels: map[string]string{"app.kubernetes.io/instance": "aws-load-balancer-controller"}},
	} {
		if msg := synthesize(lbc.ControllerProps{}, ipv6eks.FargateSelector{Namespace: "batch"}, s); !strings.Contains(msg, want) || !strings.Contains(msg, "k8s-app: kube-dns") {
			t.Errorf("%s: synth says %q", name, msg)
		}
	}
	team := map[string]any{"podLabels": map[string]any{"team": "network"}}
	if msg := synthesize(lbc.ControllerProps{Values: team}, ipv6eks.FargateSelector{Namespace: "*", Labels: map[string]string{"team": "net*"}}); !strings.Contains(msg, want) {
		t.Errorf("a label of Values: synth says %q", msg)
	}
	for name, s := range map[string]ipv6eks.FargateSelector{
		"CoreDNS alone": {Namespace: "kube-system", Labels: map[string]string{"k8s-app": "kube-dns"}}, "another namespace": {Namespace: "default"},
	} {
		if msg := synthesize(lbc.ControllerProps{}, s); msg != "" {
			t.Errorf("%s: synth says %q", name, msg)
		}
	}
}

// Pods without IPv4 reach AWS by the names that have IPv6, and what has none is off, or refused.
func TestControllerOverIPv6(t *testing.T) {
	off := ipv6eks.ClusterProps{CNI: ipv6eks.CNIOptions{DisableIPv4Egress: true}}
	values := func(cp ipv6eks.ClusterProps, v map[string]any) map[string]any {
		tpl, _ := controllerTemplate(t, cp, lbc.ControllerProps{Values: v})
		_, chart := tpl.one(t, chartType)
		return helmValues(t, chart)
	}
	v := values(off, map[string]any{"env": map[string]any{"A": "b"}})
	if got := js(v["env"]); got != `{"A":"b","AWS_USE_DUALSTACK_ENDPOINT":"true"}` || v["enableShield"] != false || v["enableWaf"] != false || v["enableWafv2"] != nil {
		t.Errorf("over IPv6: %s", js(v))
	}
	for name, v := range map[string]map[string]any{
		"with IPv4":             values(ipv6eks.ClusterProps{}, nil),
		"on the node's network": values(off, map[string]any{"hostNetwork": true}),
	} {
		if v["env"] != nil || v["enableShield"] != nil || v["enableWaf"] != nil {
			t.Errorf("%s: %s", name, js(v))
		}
	}
	for value, v := range map[string]map[string]any{
		"Values[env.AWS_USE_DUALSTACK_ENDPOINT]: false":            {"env": map[string]any{"AWS_USE_DUALSTACK_ENDPOINT": "false"}},
		"Values[enableShield]: true":                               {"enableShield": true},
		"Values[enableWaf]: true":                                  {"enableWaf": true},
		"Values[controllerConfig.featureGates.EnableRGTAPI]: true": {"controllerConfig": map[string]any{"featureGates": map[string]any{"EnableRGTAPI": true}}},
	} {
		app, _ := newApp(t)
		mustPanic(t, func() { controllerStack(app, off, lbc.ControllerProps{Values: v}) }, value, "leave CNI.DisableIPv4Egress out, or put the controller on the node's network")
	}

	for region, want := range map[string]string{"eu-west-1": "", "eu-south-2": "it is not sure that ec2.eu-south-2.api.aws exists"} {
		app, outdir := newApp(t)
		stack := awscdk.NewStack(app, jsiix.Str("S"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsiix.Str(region)}})
		cp := off
		cp.Kubectl = kubectllayer.New(stack, "Kubectl")
		c := cluster(stack, cp)
		addNodes(stack, c)
		lbc.NewController(stack, "Controller", &lbc.ControllerProps{Cluster: c})
		if msg := panicOf(func() { app.Synth(nil) }); msg != "" {
			t.Fatal(msg)
		}
		if got := warningsOf(t, outdir); !strings.Contains(got, want) || strings.Contains(got, "it is not sure") != (want != "") {
			t.Errorf("%s: warnings %q", region, got)
		}
	}
}
