package packetlab

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/catalogue"
	"github.com/eks-ipv6/cdk/test/packetlab/random"
)

const regressions = "testdata/regressions"

// TestRegressions holds the networks that the tracer and the lab once disagreed about.
func TestRegressions(t *testing.T) {
	kept, err := golden.ReadKept(regressions)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		t.Run(strings.TrimSuffix(k.Name, ".json"), func(t *testing.T) {
			t.Parallel()
			keptNetwork(t, k).agrees(t, "regressions")
		})
	}
}

// shrinking is done of one network in a run: it takes a minute.
var shrinking sync.Once

// shrink writes the smallest template that it finds to still be answered differently, with the question.
func shrink(t *testing.T, template map[string]any, s uint64, q network.Query) {
	t.Helper()
	differs := func(tp map[string]any) bool {
		data, err := json.Marshal(tp)
		if err != nil {
			return false
		}
		n, err := network.Parse("random", data)
		if err != nil {
			return false
		}
		traces, err := n.TraceAll(q)
		if err != nil {
			return false
		}
		var results []catalogue.Result
		for _, tr := range traces {
			results = append(results, catalogue.Result{Flow: asked, From: tr.From, To: tr.To, Trace: tr})
		}
		tools := ToolsFromEnv()
		flows, _ := Flows(n, results, tools)
		differ, err := Hold(n, flows, tools)
		var refused *RefusedError
		if err != nil && !errors.As(err, &refused) {
			t.Logf("while making it smaller: %v", err)
		}
		return len(differ) > 0
	}
	if !differs(template) {
		t.Logf("%v alone is answered alike: no regression to write", q)
		return
	}
	data, err := json.Marshal(random.Shrink(template, differs))
	if err != nil {
		t.Fatal(err)
	}
	kept := golden.Kept{Test: fmt.Sprintf("random network %d", s), Template: data,
		Query: &golden.Query{From: string(q.From), To: string(q.To), Port: q.Port, Proto: q.Proto.String(), Family: uint8(q.Family)}}
	data, err = json.MarshalIndent(kept, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(regressions, fmt.Sprintf("seed-%d.json", s))
	if err := os.MkdirAll(regressions, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("made smaller: %s", file)
}
