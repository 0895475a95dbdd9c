package rules_test

import (
	"os"
	"testing"
	"time"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/model"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/rules"
)

// today is a day on which Kubernetes 1.35 is in standard support.
var today = time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)

func check(t testing.TB, opts cfn.Options, name, text string) []rules.Finding {
	t.Helper()
	set, err := cfn.Parse(opts, cfn.Source{Name: name, Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	findings, err := rules.Check(flow.Of(model.Build(set)), rules.Options{Today: today})
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestGoodTemplates(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"good.yaml", "auto.yaml"} {
		for _, f := range check(t, cfn.Options{}, name, read(t, "testdata/"+name)) {
			t.Errorf("%s: %s", name, f)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "good.yaml", Data: []byte(read(b, "testdata/good.yaml"))})
	if err != nil {
		b.Fatal(err)
	}
	network := flow.Of(model.Build(set))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rules.Check(network, rules.Options{Today: today}); err != nil {
			b.Fatal(err)
		}
	}
}
