// Package preflighttest asserts in Go tests that flows pass, or are refused, in the network that templates describe.
//
//	func TestEgress(t *testing.T) {
//		template := assertions.Template_FromStack(stack, nil)
//		preflighttest.MustReach(t, template, flow.Query{From: flow.AnyPod, To: flow.Internet4, Port: 443})
//		preflighttest.MustNotReach(t, template, flow.Query{From: flow.Internet6, To: flow.AnyPod})
//		preflighttest.MustPass(t, template)
//	}
//
// A failure prints the trace up to the hop that decided. What the templates leave open fails too, since it is neither
// passed nor refused.
//
// Every source is one of:
//
//   - a string or *string: the path of a template file (JSON or YAML) or of a cloud assembly folder
//   - a []string: several of them, as one network
//   - a []byte or json.RawMessage: the text of a template
//   - a map[string]any, or a pointer to one: a decoded template
//   - what has the method Directory() *string, such as app.Synth(nil) of CDK: its stacks and nested stacks, as one network
//   - what has the method ToJSON() *map[string]any, such as assertions.Template_FromStack(stack, nil) of CDK
//   - a *flow.Network, to load once what many assertions ask
//
// A stack that imports from another is half a network: hand over the assembly, not the template of one.
package preflighttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
	"github.com/eks-ipv6/cdk/preflight/rules"
)

// Load reads a source; see the package's documentation. What cannot be read ends the test.
func Load(t testing.TB, source any) *flow.Network {
	t.Helper()
	network, err := load(source)
	if err != nil {
		t.Fatalf("preflighttest: %v", err)
	}
	return network
}

func load(source any) (*flow.Network, error) {
	switch s := source.(type) {
	case *flow.Network:
		if s == nil {
			return nil, fmt.Errorf("the source is a nil %T", source)
		}
		return s, nil
	case string:
		return flow.Load(s)
	case []string:
		return flow.Load(s...)
	case []byte:
		return flow.Read("template", s)
	case json.RawMessage:
		return flow.Read("template", s)
	case map[string]any:
		text, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("the template is not JSON: %w", err)
		}
		return flow.Read("template", text)
	case *string:
		return load(pointed(s))
	case *map[string]any:
		return load(pointed(s))
	case interface{ Directory() *string }:
		return load(pointed(s.Directory()))
	case interface{ ToJSON() *map[string]any }:
		return load(pointed(s.ToJSON()))
	}
	return nil, fmt.Errorf("a source cannot be a %T; want a path, a template's text or map, a cloud assembly or a *flow.Network", source)
}

// pointed is what p points to; a nil pointer becomes a source that is refused by its type.
func pointed[T any](p *T) any {
	if p == nil {
		return struct{ nilPointer *T }{}
	}
	return *p
}

// MustReach fails the test unless every query's packet passes, from every place that the query names, and its answer
// comes back.
func MustReach(t testing.TB, source any, queries ...flow.Query) {
	t.Helper()
	ask(t, source, queries, "must pass", flow.ExpectPasses)
}

// MustNotReach fails the test unless no packet of any query passes, from every place that the query names. A query without a port
// and a protocol is about all of them.
func MustNotReach(t testing.TB, source any, queries ...flow.Query) {
	t.Helper()
	queries = slices.Clone(queries)
	for i, q := range queries {
		queries[i].Everything = q.Everything || q.Port == 0 && q.Proto == ""
	}
	ask(t, source, queries, "must be refused", flow.ExpectRefused)
}

func ask(t testing.TB, source any, queries []flow.Query, want string, expect flow.Expect) {
	t.Helper()
	network := Load(t, source)
	if len(queries) == 0 {
		t.Fatalf("preflighttest: no query: name one, such as flow.Query{From: flow.AnyPod, To: flow.Internet6}")
	}
	failed := false
	for _, q := range queries {
		traces, err := network.TraceAll(q)
		if err != nil {
			t.Errorf("preflighttest: %v", err)
			failed = true
			continue
		}
		for _, trace := range traces {
			trace = trace.For(expect)
			if !expect.Met(trace.Verdict) {
				t.Errorf("%s %s, and %s:\n%s", q, want, outcomes[trace.Verdict], render.TraceText(trace, render.TextOptions{}))
				failed = true
			}
		}
	}
	if failed {
		t.FailNow()
	}
}

var outcomes = map[flow.Verdict]string{
	flow.Delivered:    "is delivered",
	flow.ExitsNetwork: "leaves for the internet",
	flow.Denied:       "is denied",
	flow.NoRoute:      "finds no route",
	flow.Mixed:        "some of its packets do, and some do not",
	flow.Insufficient: "whether it does, the templates do not say",
}

// MustPass fails the test unless every communication pattern that applies (F1 to F15, X1) is as expected, from every
// node group and every subnet, at least one applies, and every part of the templates can be read.
func MustPass(t testing.TB, source any) {
	t.Helper()
	report := Load(t, source).Check()
	if len(report.Results) == 0 {
		t.Fatalf("none of the communication patterns applies to these templates: nothing is proved:\n%s", render.Text(report, render.TextOptions{}))
	}
	if len(report.Problems) > 0 {
		t.Fatalf("parts of the templates cannot be read, so that not every flow is known:\n%s", strings.Join(report.Problems, "\n"))
	}
	if report.OK() {
		return
	}
	failing := flow.Report{}
	for _, r := range report.Results {
		if !r.OK {
			failing.Results = append(failing.Results, r)
		}
	}
	t.Fatalf("%d of %d flows are not as expected:\n%s", len(failing.Results), len(report.Results), render.Text(failing, render.TextOptions{Verbose: true}))
}

// NoFindings fails the test when a rule finds a mistake, be it an error or a warning. Options acknowledge what is wanted,
// and their Today keeps a test from changing its mind when a Kubernetes version's support ends.
func NoFindings(t testing.TB, source any, opts rules.Options) {
	t.Helper()
	findings, err := rules.Check(Load(t, source), opts)
	if err != nil {
		t.Fatalf("preflighttest: %v", err)
	}
	if len(findings) == 0 {
		return
	}
	lines := make([]string, len(findings))
	for i, f := range findings {
		lines[i] = f.String()
	}
	t.Fatalf("%d findings:\n%s", len(findings), strings.Join(lines, "\n"))
}
