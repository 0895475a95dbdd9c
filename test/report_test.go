package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/stacks"
	"github.com/eks-ipv6/cdk/test/stock/build"
)

// A deployment takes as long as its longest line of resources: ours, with add-ons that the stock stack lacks, must not be
// longer than the stock L2s'. Run with -v to see the report.
func TestReport(t *testing.T) {
	ours := synth(t, func(app awscdk.App) { stacks.NewPlatform(app, "Ipv6Platform", nil) })["Ipv6Platform"]
	stock := synth(t, func(app awscdk.App) { build.Stack(app) })["Stock"]
	for name, tpl := range map[string]template{"platform": ours, "stock L2s": stock} {
		chain := tpl.chain()
		t.Logf("%-9s %d resources, longest chain %d:\n  %s", name, len(tpl.Resources), len(chain), strings.Join(chain, "\n  "))
	}
	if o, s := len(ours.chain()), len(stock.chain()); o > s {
		t.Errorf("the longest chain has %d resources, the stock L2s' %d", o, s)
	}
}

// BenchmarkSynth runs the quickstart and the stock stack in turn, each as a process of its own with validation off, and
// reports their CPU time (Go and Node together) and the ratio.
func BenchmarkSynth(b *testing.B) {
	dir := b.TempDir()
	program := func(pkg string) string {
		path := filepath.Join(dir, filepath.Base(pkg))
		if out, err := exec.Command("go", "build", "-o", path, pkg).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		return path
	}
	quickstart, stock := program("../examples/quickstart"), program("./stock")
	context := projectContext(b)
	cpu := func(path string) time.Duration {
		out := filepath.Join(dir, "out-"+filepath.Base(path))
		cmd := exec.Command(path)
		cmd.Dir = ".." // where the CDK CLI runs the quickstart
		cmd.Env = append(os.Environ(), "CDK_VALIDATION=false", "CDK_OUTDIR="+out, "CDK_CONTEXT_JSON="+context)
		return cpuOf(b, cmd)
	}
	cpu(quickstart) // the first run fills jsii's package cache
	cpu(stock)
	var ours, theirs time.Duration
	for b.Loop() {
		ours += cpu(quickstart)
		theirs += cpu(stock)
	}
	b.ReportMetric(ours.Seconds()/float64(b.N), "cpu-s/quickstart")
	b.ReportMetric(theirs.Seconds()/float64(b.N), "cpu-s/stock")
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "ratio")
}

// projectContext is the context of the project's cdk.json, as the CDK CLI hands it to an app.
func projectContext(tb testing.TB) string {
	tb.Helper()
	b, err := os.ReadFile("../cdk.json")
	if err != nil {
		tb.Fatal(err)
	}
	var project struct{ Context json.RawMessage }
	if err := json.Unmarshal(b, &project); err != nil {
		tb.Fatal(err)
	}
	return string(project.Context)
}
