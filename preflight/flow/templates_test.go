package flow_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// summary is how often each flow met its expectation.
func summary(r flow.Report) string {
	var out []string
	for i := 0; i < len(r.Results); {
		id, ok, n := r.Results[i].ID, 0, 0
		for ; i < len(r.Results) && r.Results[i].ID == id; i++ {
			n++
			if r.Results[i].OK {
				ok++
			}
		}
		out = append(out, fmt.Sprintf("%s %d/%d", id, ok, n))
	}
	return strings.Join(out, ", ")
}

// TestStockCDK is the template of stock CDK 2.270: Vpc with DUAL_STACK, a cluster of awseksv2 with IP_V6, a node group
// and the AlbController, which says nothing about dual stack.
func TestStockCDK(t *testing.T) {
	t.Parallel()
	n, err := flow.Load("testdata/stock-cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	r := n.Check()
	checkReport(t, r)
	if got, want := summary(r), "F1 4/4, F2 8/8, F3 2/2, F4 2/2, F6 24/24, F7 2/2, F8 2/2, F9 4/4, X1 2/2"; got != want {
		t.Errorf("%s, want %s\n%s", got, want, render.Text(r, render.TextOptions{}))
	}
	if len(r.Unmodelled) > 0 || len(r.Problems) > 0 {
		t.Errorf("unmodelled %v, problems %v", r.Unmodelled, r.Problems)
	}
	for _, res := range r.Results {
		if res.ID != "F7" {
			continue
		}
		told := strings.Join(res.Trace.Assumptions, "\n")
		for _, want := range []string{"no Service is exposed in the templates", "ip-address-type: dualstack", "target-type: ip"} {
			if !strings.Contains(told, want) {
				t.Errorf("F7 to a hypothetical Ingress does not say %q:\n%s", want, told)
			}
		}
	}
}

// TestEksctl reads two stacks that eksctl would make, joined by exports: nodes in private and in public subnets, a
// public endpoint only, and no add-on in any template.
func TestEksctl(t *testing.T) {
	t.Parallel()
	n, err := flow.Load("testdata/eksctl/eksctl-demo-cluster.yaml", "testdata/eksctl/eksctl-demo-nodegroup.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := n.Check()
	checkReport(t, r)
	if got, want := summary(r), "F1 12/12, F2 24/24, F3 6/6, F4 6/6, F6 30/30, F9 12/12, X1 6/6"; got != want {
		t.Errorf("%s, want %s\n%s", got, want, render.Text(r, render.TextOptions{}))
	}
	for _, c := range []struct {
		q    flow.Query
		last string
	}{
		{flow.Query{From: "pod:any@ManagedNodeGroup@PrivateSubnetUSWEST2A", To: flow.Internet4}, "NAT gateway NATGateway: snat"},
		{flow.Query{From: "pod:any@PublicNodeGroup@PublicSubnetUSWEST2A", To: flow.Internet4}, "internet gateway InternetGateway: snat"},
		{flow.Query{From: "pod:any@PublicNodeGroup@PublicSubnetUSWEST2A", To: flow.Internet6}, "internet gateway InternetGateway: forward"},
		{flow.Query{From: "pod:any@ManagedNodeGroup@PrivateSubnetUSWEST2A", To: flow.APIServer}, "EKS public endpoint ControlPlane: deliver"},
	} {
		tr, err := n.Trace(c.q)
		if err != nil || !strings.Contains(strings.Join(hops(tr.Hops), "\n"), c.last) {
			t.Errorf("%v: %v, want %q in\n%s", c.q, err, c.last, render.TraceText(tr, render.TextOptions{}))
		}
	}
	// In a public subnet only the security group stands between the internet and a Pod.
	tr, err := n.Trace(flow.Query{From: flow.Internet6, To: "pod:any@PublicNodeGroup@PublicSubnetUSWEST2A", Port: 8080})
	if err != nil || tr.Verdict != flow.Denied || tr.Last().Component != "security group" {
		t.Errorf("%v\n%s", err, render.TraceText(tr, render.TextOptions{}))
	}
}

// TestPart reads one stack of two: what it cannot know is neither passed nor blocked.
func TestPart(t *testing.T) {
	t.Parallel()
	n, err := flow.Load("testdata/eksctl/eksctl-demo-cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := n.Check()
	checkReport(t, r)
	if !r.OK() || len(r.Results) == 0 {
		t.Errorf("the cluster's stack alone: %s\n%s", summary(r), render.Text(r, render.TextOptions{}))
	}
	if told := strings.Join(r.Results[0].Trace.Assumptions, "\n"); !strings.Contains(told, "no node group of ControlPlane is in the templates") {
		t.Errorf("nodes that no template holds are traced without a word:\n%s", told)
	}

	tp := open(t, "cluster.yaml")
	for _, id := range []string{"PrivateA", "PrivateB", "PrivateC"} {
		for _, res := range []string{"NodesX86", "NodesArm", "Cluster"} {
			data, _ := json.Marshal(props(tp, res))
			var p object
			if err := json.Unmarshal([]byte(strings.ReplaceAll(string(data), `{"Ref":"`+id+`"}`, `"subnet-`+id+`"`)), &p); err != nil {
				t.Fatal(err)
			}
			resource(tp, res)["Properties"] = p
		}
	}
	r = networkOf(t, "cluster.yaml", tp).Check()
	checkReport(t, r)
	for _, res := range r.Results {
		if res.ID != "F7" && res.ID != "F8" && res.Trace.Verdict != flow.Insufficient {
			t.Errorf("%s between subnets that no template holds: %v\n%s", res.ID, res.Trace.Verdict, render.TraceText(res.Trace, render.TextOptions{}))
		}
	}
	if !r.Insufficient() || r.OK() {
		t.Errorf("report OK %v, insufficient %v", r.OK(), r.Insufficient())
	}
}

// TestRender keeps what people and programs read.
func TestRender(t *testing.T) {
	t.Parallel()
	good := read(t, open(t, "cluster.yaml")).Check()
	tp := open(t, "cluster.yaml")
	all(drop("PrivateBDefault6"), set("Cni", "ConfigurationValues", `{"env":{"ENABLE_V4_EGRESS":"false"}}`),
		set("NatC", "SubnetId", "subnet-0123456789abcdef0"), add("Firewall", "AWS::NetworkFirewall::Firewall", object{}))(tp)
	bad := networkOf(t, "cluster.yaml", tp).Check()
	text := small + "  Firewall: {Type: AWS::NetworkFirewall::Firewall}\n"
	golden.Keep(t, golden.Kept{Text: text})
	n, err := flow.Read("small.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	one := n.Check() // of each outcome, one: the schema of docs holds what JSON writes of whole networks
	one.Results = slices.DeleteFunc(one.Results, func(r flow.Result) bool { return r.ID != "F1" && r.ID != "F4" && r.ID != "X1" })
	j, err := render.JSON(one)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/golden/cluster.txt", []byte(render.Text(good, render.TextOptions{})))
	golden.Check(t, "testdata/golden/cluster-verbose.txt", []byte(render.Text(good, render.TextOptions{Verbose: true})))
	golden.Check(t, "testdata/golden/broken.txt", []byte(render.Text(bad, render.TextOptions{})))
	golden.Check(t, "testdata/golden/small.json", j)
	golden.Check(t, "testdata/golden/broken.mmd", []byte(render.Mermaid(bad)))
	if plain, painted := render.Text(bad, render.TextOptions{}), render.Text(bad, render.TextOptions{Color: true}); strings.Contains(plain, "\x1b") || !strings.Contains(painted, "\x1b[31m✗") {
		t.Error("colour where none was asked for, or none where it was")
	}
}

// TestJSONShape reads the output back by the field names that programs rely on.
func TestJSONShape(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/golden/small.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Flows []map[string]any `json:"flows"`
		Un    []map[string]any `json:"unmodelled"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	for _, f := range doc.Flows {
		for _, k := range []string{"id", "from", "to", "expect", "verdict", "ok", "hops", "return", "assumptions"} {
			if v, ok := f[k]; !ok || v == nil {
				t.Fatalf("flow %v has no %s", f["id"], k)
			}
		}
		for _, h := range append(f["hops"].([]any), f["return"].([]any)...) {
			for _, k := range []string{"component", "type", "logicalId", "constructPath", "action", "familyIn", "familyOut", "by"} {
				if _, ok := h.(map[string]any)[k]; !ok {
					t.Fatalf("hop of %v has no %s", f["id"], k)
				}
			}
		}
	}
	if len(doc.Flows) == 0 || len(doc.Un) != 1 || doc.Un[0]["logicalId"] != "Firewall" {
		t.Errorf("%d flows, unmodelled %v", len(doc.Flows), doc.Un)
	}
	if _, err := render.JSON(flow.Report{Results: []flow.Result{{}}}); err == nil {
		t.Error("an invalid verdict becomes JSON")
	}
}
