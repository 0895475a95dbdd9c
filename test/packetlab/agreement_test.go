package packetlab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/internal/model"
	"github.com/eks-ipv6/cdk/preflight/flow"
)

// mutants are the templates that preflight's own tests make, most of them with one thing broken.
func mutants(t *testing.T) []network {
	t.Helper()
	kept, err := golden.ReadKept(os.Getenv("PACKETLAB_MUTANTS"))
	if err != nil {
		t.Fatal(err)
	}
	var out []network
	for _, k := range kept {
		var sources []cfn.Source
		for _, s := range k.Stacks() {
			sources = append(sources, cfn.Source{Name: s.Name, Data: []byte(s.Text)})
		}
		set, err := cfn.Parse(cfn.Options{Region: k.Region}, sources...)
		if err != nil {
			t.Fatal(k.Name, err)
		}
		n := network{name: strings.TrimSuffix(k.Name, ".json"), net: flow.Of(model.Build(set))}
		if q := k.Query; q != nil {
			n.ask = append(n.ask, flow.Query{From: flow.Endpoint(q.From), To: flow.Endpoint(q.To), Port: q.Port, Proto: flow.Proto(q.Proto), Family: flow.Family(q.Family)})
		}
		out = append(out, n)
	}
	return out
}

type network struct {
	name string
	net  *flow.Network
	ask  []flow.Query // beside the catalogue
}

func (n network) flows() (flows []*Flow, insufficient int) {
	results := n.net.Check().Results
	for _, q := range n.ask {
		traces, err := n.net.TraceAll(q)
		if err != nil {
			continue
		}
		for _, tr := range traces {
			results = append(results, flow.Result{ID: "query", From: tr.From, To: tr.To, Trace: tr})
		}
	}
	return Flows(results)
}

func TestMutants(t *testing.T) {
	slots := make(chan struct{}, 4)
	var group sync.WaitGroup
	for _, n := range mutants(t) {
		if f := os.Getenv("ONLY"); f != "" {
			if ok, _ := filepath.Match(f, n.name); !ok {
				continue
			}
		}
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			flows, insufficient := n.flows()
			bad, err := Hold(n.net.Model(), flows, ToolsFromEnv())
			if err != nil {
				t.Errorf("%s: %v", n.name, err)
				return
			}
			var text []string
			for _, d := range bad {
				if strings.Contains(d.Lab, "network is unreachable") || strings.Contains(d.Lab, "] by \n") {
					continue
				}
				if len(text) < 2 {
					text = append(text, fmt.Sprintf("%s: %s | %s", d.Flow.Name, d.Tracer, d.Lab))
				}
			}
			if len(text) > 0 {
				t.Errorf("%s: %d flows, %d insufficient, %d differ\n%s", n.name, len(flows), insufficient, len(bad), strings.Join(text, "\n"))
			}
		})
	}
	group.Wait()
}
