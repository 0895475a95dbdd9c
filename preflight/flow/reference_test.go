package flow_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// reference is the folder of the reference stacks' golden templates.
const reference = "../../test/testdata/templates"

// openJSON reads a template of the reference stacks.
func openJSON(t testing.TB, name string) template {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(reference, name))
	if err != nil {
		t.Fatal(err)
	}
	var tp template
	if err := json.Unmarshal(data, &tp); err != nil {
		t.Fatal(err)
	}
	return tp
}

// TestReference checks the reference stacks as they are deployed: the platform in one stack, and split in two. The
// flows of one cluster that reaches the internet and is reached from it all apply, and none is missed.
func TestReference(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files []string
		flows []string
	}{
		{"platform", []string{"Ipv6Platform.json"}, []string{"F1", "F2", "F3", "F4", "F6", "F7", "F8", "F9", "X1"}},
		{"split", []string{"Ipv6Network.json", "Ipv6Cluster.json"}, []string{"F1", "F2", "F3", "F4", "F6", "F9", "X1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var paths []string
			for _, f := range c.files {
				paths = append(paths, filepath.Join(reference, f))
			}
			n, err := flow.Load(paths...)
			if err != nil {
				t.Fatal(err)
			}
			r := n.Check()
			checkReport(t, r)
			var ids []string
			for _, res := range r.Results {
				ids = append(ids, res.ID)
			}
			for _, id := range c.flows {
				if !slices.Contains(ids, id) {
					t.Errorf("%s does not apply", id)
				}
			}
			if !r.OK() || len(r.Unmodelled) > 0 || len(r.Problems) > 0 {
				t.Errorf("want every flow as expected and every resource known:\n%s", render.Text(r, render.TextOptions{}))
			}
			if c.name == "platform" {
				golden.Check(t, "testdata/golden/platform.txt", []byte(render.Text(r, render.TextOptions{Verbose: true})))
			}
		})
	}
}

// TestEveryPartCounts takes each route, association and attachment out of the platform, one at a time: a flow is
// missed each time, so none of them is traced past.
func TestEveryPartCounts(t *testing.T) {
	t.Parallel()
	for id, r := range openJSON(t, "Ipv6Platform.json")["Resources"].(object) {
		typ := r.(object)["Type"].(string)
		switch typ {
		case "AWS::EC2::Route", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPCGatewayAttachment":
		case "AWS::EKS::Addon":
			name := r.(object)["Properties"].(object)["AddonName"]
			if name != "vpc-cni" && name != "kube-proxy" {
				continue
			}
		default:
			continue
		}
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			tp := openJSON(t, "Ipv6Platform.json")
			forget(tp, id)
			report := networkOf(t, "Ipv6Platform.json", tp).Check()
			checkReport(t, report)
			if len(report.Missed()) == 0 {
				t.Errorf("%s %s is gone and nothing is missed:\n%s", typ, id, render.Text(report, render.TextOptions{}))
			}
		})
	}
}

// forget drops a resource and what depends on it by DependsOn alone.
func forget(tp template, id string) {
	res := tp["Resources"].(object)
	delete(res, id)
	for _, r := range res {
		r := r.(object)
		list, ok := r["DependsOn"].([]any)
		if !ok {
			if r["DependsOn"] == id {
				delete(r, "DependsOn")
			}
			continue
		}
		r["DependsOn"] = slices.DeleteFunc(list, func(d any) bool { return d == id })
	}
}

// TestConstructPaths reads construct paths off the hops of a template that CDK made: a reader finds the resource in the
// CDK code.
func TestConstructPaths(t *testing.T) {
	t.Parallel()
	n, err := flow.Load("testdata/stock-cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	tr, err := n.Trace(flow.Query{From: flow.AnyPod, To: flow.Internet4})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range tr.Hops {
		if h.LogicalID != "" && !strings.HasPrefix(h.Name(), "Stock/") {
			t.Errorf("hop %s %s has no construct path", h.Component, h.LogicalID)
		}
	}
}
