package packetlab

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/catalogue"
	"github.com/eks-ipv6/cdk/test/packetlab/random"
)

// question is a network with what is asked of it.
type question struct {
	net *network.Network
	ask []network.Query // beside the catalogue
}

// flows are the flows of the catalogue, and those that the questions are about.
func (n question) flows(t *testing.T) (decided []*Flow, left Left) {
	t.Helper()
	results, _ := catalogue.Ask(n.net)
	for _, q := range n.ask {
		traces, err := n.net.TraceAll(q)
		if err != nil {
			t.Fatalf("%v: %v", q, err)
		}
		for _, tr := range traces {
			results = append(results, catalogue.Result{Flow: asked, From: tr.From, To: tr.To, Trace: tr})
		}
	}
	return Flows(n.net, results, ToolsFromEnv())
}

// hold compares a network's traces with packets.
func (n question) hold(t *testing.T, row string) []Disagreement {
	t.Helper()
	flows, left := n.flows(t)
	differ, err := Hold(n.net, flows, ToolsFromEnv())
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		tally.refuse(row)
		t.Log(refused)
		return nil
	case err != nil:
		t.Fatal(err)
	}
	if len(left.Unsent) > 0 {
		t.Errorf("no packet is sent of %d flows: %v", len(left.Unsent), left.Unsent)
	}
	tally.add(row, flows, left)
	return differ
}

func (n question) agrees(t *testing.T, row string) {
	t.Helper()
	for _, d := range n.hold(t, row) {
		t.Error(d)
	}
}

// load reads templates and cloud assemblies as one network.
func load(t *testing.T, paths ...string) *network.Network {
	t.Helper()
	n, err := network.Load(cfn.Options{}, paths...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestReferenceStacks holds every flow of the catalogue in every reference stack, and in templates that no one here wrote.
func TestReferenceStacks(t *testing.T) {
	const templates, others = "../testdata/templates/", "../../preflight/flow/testdata/"
	for _, c := range []struct {
		row   string
		paths []string
	}{
		{"Ipv6Platform", []string{templates + "Ipv6Platform.json"}},
		{"Ipv6Network with Ipv6Cluster", []string{templates + "Ipv6Network.json", templates + "Ipv6Cluster.json"}},
		{"Ipv6Network", []string{templates + "Ipv6Network.json"}},
		{"Ipv6Exposed", []string{templates + "Ipv6Exposed.json"}},
		{"InteropPeering", []string{templates + "InteropPeering.json"}},
		{"InteropTransitGateway", []string{templates + "InteropTransitGateway.json"}},
		{"InteropPrivateLink", []string{templates + "InteropPrivateLink.json"}},
		{"InteropSameVpc", []string{templates + "InteropSameVpc.json"}},
		{"InteropIpv6Clusters", []string{templates + "InteropIpv6Clusters.json"}},
		{"CDK's stock constructs", []string{others + "stock-cdk.json"}},
		{"eksctl", []string{others + "eksctl/eksctl-demo-cluster.yaml", others + "eksctl/eksctl-demo-nodegroup.yaml"}},
	} {
		t.Run(c.row, func(t *testing.T) {
			t.Parallel()
			question{net: load(t, c.paths...)}.agrees(t, c.row)
		})
	}
	// A golden template that this table does not have would go unheld.
	files, err := filepath.Glob(templates + "*.json")
	if err != nil || len(files) != 9 {
		t.Errorf("%d golden templates, want the 9 above (%v)", len(files), err)
	}
}

// TestMutants holds the templates that preflight's own tests make: most have one thing broken.
func TestMutants(t *testing.T) {
	dir, err := mutants()
	must(t, err)
	kept, err := golden.ReadKept(dir)
	must(t, err)
	for _, k := range kept {
		t.Run(strings.TrimSuffix(k.Name, ".json"), func(t *testing.T) {
			t.Parallel()
			pkg, _, _ := strings.Cut(k.Name, ".")
			keptNetwork(t, k).agrees(t, "templates of the tests of preflight/"+pkg)
		})
	}
}

func keptNetwork(t *testing.T, k golden.Kept) question {
	t.Helper()
	var sources []cfn.Source
	for _, s := range k.Stacks() {
		sources = append(sources, cfn.Source{Name: s.Name, Data: []byte(s.Text)})
	}
	set, err := cfn.Parse(cfn.Options{Region: k.Region}, sources...)
	if err != nil {
		t.Fatal(err)
	}
	n := question{net: network.Read(set)}
	if q := k.Query; q != nil {
		n.ask = append(n.ask, network.Query{From: network.Name(q.From), To: network.Name(q.To), Port: q.Port, Proto: map[string]network.Proto{"udp": network.UDP}[q.Proto], Family: network.Family(q.Family)})
	}
	return n
}

// questions is how many are asked of a random network beside the catalogue.
const questions = 40

func randomNetwork(t *testing.T, template map[string]any, seed uint64) question {
	t.Helper()
	data, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.Parse("random", data)
	if err != nil {
		t.Fatal(err)
	}
	return question{net: n, ask: random.Queries(n, seed, questions)}
}

// TestRandomNetworks holds networks made from seeds. One that fails is made smaller and written to testdata/regressions:
// keep it there when the fault is found.
func TestRandomNetworks(t *testing.T) {
	for i := range uint64(*networks) {
		s := *seed + i
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			t.Parallel()
			template := random.Template(s)
			differ := randomNetwork(t, template, s).hold(t, rowRandom)
			if len(differ) == 0 {
				return
			}
			t.Error(differ[0])
			shrinking.Do(func() { shrink(t, template, s, differ[0].Flow.Trace.Query) })
		})
	}
}
