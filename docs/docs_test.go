// Package docs_test makes the pages of this folder that show what the tracer says, so that they cannot rot.
package docs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/eks-ipv6/cdk/internal/cli" // so that a changed command makes go test run these again
	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// patterns are the flows of the catalogue: what each is, who translates (the component of the hop too; none where nobody
// may), and the templates that show it.
var patterns = []struct{ id, what, translates, translator, template string }{
	{"F1", "Every Pod has a global IPv6 address from its node's /80, and uses it as it is. Subnets, network ACLs and security groups see Pod addresses.",
		"nobody", "", platform},
	{"F2", "EKS chooses a unique local IPv6 range for the ClusterIPs of Services. No route leads there: kube-proxy on the Pod's own node turns the address into that of a Pod.",
		"kube-proxy, IPv6 to IPv6", "kube-proxy", platform},
	{"F3", "The private subnet's table sends ::/0 to the egress-only internet gateway, which lets out and nothing in. The host sees the Pod's address.",
		"nobody", "", platform},
	{"F4", "Each Pod also has an address of 169.254.172.0/22, known on its node only. The VPC CNI translates it to the node's IPv4 address; from there on it is the way of any private IPv4 host.",
		"the VPC CNI to the node's IPv4 address, the NAT gateway and the internet gateway to a public one", "VPC CNI", platform},
	{"F5", "A database, a file system or a machine with IPv4 only sees the node's IPv4 address: security groups must allow the node, not the Pod.",
		"the VPC CNI", "VPC CNI", cluster},
	{"F6", "The control plane has interfaces in the cluster's subnets. Pods reach the API there, and the API reaches the kubelet (10250) and webhooks in Pods (the load balancer controller's is 9443), all over IPv6.",
		"nobody", "", platform},
	{"F7", "A dual-stack load balancer with ip targets takes the client's IPv4 connection and opens an IPv6 one to the Pod.",
		"the load balancer", "load balancer", exposed},
	{"F8", "The same load balancer answers on IPv6. The Pod sees the load balancer's address with an ALB; an NLB can keep the client's.",
		"nobody; an ALB opens a connection of its own", "", exposed},
	{"F9", "Dual-stack endpoints of AWS services are reached as F3, IPv4-only ones as F4; a VPC endpoint keeps either within the VPC.",
		"as F3 or F4", "VPC CNI", platform},
	{"F10", "To Pods and Services of an IPv4 cluster a Pod of the IPv6 cluster comes with its node's IPv4 address.",
		"the VPC CNI", "VPC CNI", sameVpc},
	{"F11", "Pods of an IPv4 cluster have no IPv6. They reach the IPv6 cluster's services by an internal dual-stack load balancer.",
		"the load balancer", "load balancer", sameVpc},
	{"F12", "Where peering or a transit gateway joins two VPCs with routes for their IPv6 ranges on both sides, Pods reach Pods. IPv6 ranges do not overlap.",
		"nobody", "", clusters},
	{"F13", "An IPv4 client in the other VPC uses an internal dual-stack load balancer.",
		"the load balancer", "load balancer", peering},
	{"F14", "The Pod leaves with its node's IPv4 address, which the other VPC routes back.",
		"the VPC CNI", "VPC CNI", peering},
	{"F15", "With overlapping IPv4 ranges there is no peering. An endpoint in the client's VPC stands for an endpoint service, whose dual-stack NLB has IPv6 targets.",
		"PrivateLink and the load balancer", "load balancer", privatelink},
	{"X1", "Pods have global addresses, and must still not be reachable from the internet: the egress-only internet gateway refuses. This flow is as expected when it is blocked.",
		"nobody: it is refused", "", platform},
}

const (
	templates   = "test/testdata/templates/"
	platform    = templates + "Ipv6Platform.json"
	exposed     = templates + "Ipv6Exposed.json"
	sameVpc     = templates + "InteropSameVpc.json"
	clusters    = templates + "InteropIpv6Clusters.json"
	peering     = templates + "InteropPeering.json"
	privatelink = templates + "InteropPrivateLink.json"
	cluster     = "preflight/flow/testdata/cluster.yaml"
)

// TestFlows keeps docs/flows.md what the tracer says.
func TestFlows(t *testing.T) {
	reports := map[string]flow.Report{}
	for _, p := range patterns {
		if _, ok := reports[p.template]; ok {
			continue
		}
		network, err := flow.Load("../" + p.template)
		if err != nil {
			t.Fatal(err)
		}
		reports[p.template] = network.Check()
	}
	all := reports[platform]
	if n := len(all.Skipped) + len(ids(all.Results)); n != len(patterns) {
		t.Fatalf("the catalogue has %d flows, and this page %d: add what is new to patterns", n, len(patterns))
	}
	var b strings.Builder
	b.WriteString(`# Flows

What ` + "`preflight trace`" + ` proves, one communication pattern after the other: what it is, who translates between IPv4 and IPv6, and its way hop by
hop. F1 to F4, F6 to F9 and X1 are traced in the template of the [quickstart](../examples/quickstart), the others in small templates of
their own. Addresses that only a deployment knows are documentation addresses.

This page is made by the tracer (` + "`make golden`" + `).

| | flow | who translates | verdict |
|---|---|---|---|
`)
	sections := make([]string, len(patterns))
	for i, p := range patterns {
		ways := distinct(reports[p.template].Results, p.id)
		if len(ways) == 0 {
			t.Errorf("%s is traced in no template of this page: %s has not the parts for it", p.id, p.template)
			continue
		}
		for _, w := range ways {
			if !w.OK {
				t.Errorf("%s is not as expected in %s:\n%s", p.id, p.template, render.TraceText(w.Trace, render.TextOptions{}))
			}
		}
		if got := translators(ways); p.translator == "" && len(got) > 0 || p.translator != "" && !strings.Contains(strings.Join(got, ", "), p.translator) {
			t.Errorf("%s: %q translate, and the page says: %s", p.id, got, p.translates)
		}
		title := ways[0].Title
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", p.id, anchor(p.id+" "+title), title, p.translates, ways[0].Trace.Verdict)
		var s strings.Builder
		fmt.Fprintf(&s, "\n## %s %s\n\n%s\n\nWho translates: %s. Traced in [%s](../%s).\n\n```text\n", p.id, title, p.what, p.translates, base(p.template), p.template)
		for j, w := range ways {
			if j > 0 {
				s.WriteString("\n")
			}
			s.WriteString(render.TraceText(w.Trace, render.TextOptions{}))
		}
		fmt.Fprintf(&s, "```\n\n```mermaid\n%s```\n", render.Mermaid(flow.Report{Results: ways}))
		sections[i] = s.String()
	}
	b.WriteString(strings.Join(sections, ""))
	golden.Check(t, "flows.md", []byte(b.String()))
}

// distinct are a flow's results, the longest of each port and address family.
func distinct(results []flow.Result, id string) []flow.Result {
	type kind struct {
		port   uint16
		family flow.Family
	}
	at := map[kind]int{}
	var out []flow.Result
	for _, r := range results {
		if r.ID != id {
			continue
		}
		first := r.Trace.Hops[0].Before
		k := kind{first.DstPort, first.Family()}
		i, ok := at[k]
		switch {
		case !ok:
			at[k] = len(out)
			out = append(out, r)
		case len(r.Trace.Hops) > len(out[i].Trace.Hops):
			out[i] = r
		}
	}
	return out
}

// translators are the components that change the address family, or one address for another, on the way there.
func translators(results []flow.Result) []string {
	var out []string
	for _, r := range results {
		for _, h := range r.Trace.Hops {
			if h.FamilyIn() != h.FamilyOut() || h.Action == flow.SNAT || h.Action == flow.DNAT {
				out = append(out, h.Component)
			}
		}
	}
	return out
}

func ids(results []flow.Result) map[string]bool {
	out := map[string]bool{}
	for _, r := range results {
		out[r.ID] = true
	}
	return out
}

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(heading), ",", ""), " ", "-")
}

func base(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// TestPreflight runs the commands that docs/preflight.md and the README show, where cdk.out is the quickstart's, broken.out the same
// with one route changed, and old.json what was deployed before, and compares what they print with the page.
func TestPreflight(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "preflight"), "../cmd/preflight")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile("../" + platform)
	if err != nil {
		t.Fatal(err)
	}
	assembly(t, filepath.Join(dir, "cdk.out"), text)
	assembly(t, filepath.Join(dir, "broken.out"), narrowed(t, text))
	if err := os.WriteFile(filepath.Join(dir, "old.json"), earlier(t, text), 0o644); err != nil {
		t.Fatal(err)
	}

	for _, name := range []string{"preflight.md", "../README.md"} {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		golden.Check(t, name, replay(t, dir, string(page)))
	}
}

// replay is a page with what its console blocks print now.
func replay(t *testing.T, dir, page string) []byte {
	t.Helper()
	var out strings.Builder
	for i, part := range strings.Split(page, "```") { // odd parts are the code between fences
		if i > 0 {
			out.WriteString("```")
		}
		commands, ok := strings.CutPrefix(part, "console\n")
		if i%2 == 0 || !ok {
			out.WriteString(part)
			continue
		}
		out.WriteString("console\n")
		status := 0
		for _, line := range strings.Split(commands, "\n") {
			command, ok := strings.CutPrefix(line, "$ ")
			if !ok {
				continue // what it printed when the page was made
			}
			fmt.Fprintln(&out, line)
			if command == "echo $?" {
				fmt.Fprintln(&out, status)
				continue
			}
			var printed []byte
			printed, status = run(t, dir, command)
			out.Write(printed)
		}
	}
	return []byte(out.String())
}

// run is what a shell shows of a command.
func run(t *testing.T, dir, command string) (printed []byte, status int) {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	printed, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return printed, cmd.ProcessState.ExitCode()
}

// assembly writes a cloud assembly of one stack.
func assembly(t *testing.T, dir string, template []byte) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"manifest.json": []byte(`{"version":"48.0.0","artifacts":{"Ipv6Platform":{"type":"aws:cloudformation:stack",
			"environment":"aws://unknown-account/unknown-region","properties":{"templateFile":"Ipv6Platform.template.json"}}}}`),
		"Ipv6Platform.template.json": template,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// earlier is the template with older nodes, whose launch template gives Pods the metadata service.
func earlier(t *testing.T, template []byte) []byte {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(template, &all); err != nil {
		t.Fatal(err)
	}
	changed := 0
	for _, r := range all["Resources"].(map[string]any) {
		r := r.(map[string]any)
		p, _ := r["Properties"].(map[string]any)
		switch r["Type"] {
		case "AWS::EKS::Nodegroup":
			p["Version"] = "1.34"
			changed++
		case "AWS::EC2::LaunchTemplate":
			p["LaunchTemplateData"].(map[string]any)["MetadataOptions"].(map[string]any)["HttpPutResponseHopLimit"] = 2
			changed++
		}
	}
	if changed != 2 {
		t.Fatalf("%d resources are changed, want the node group and its launch template", changed)
	}
	out, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// narrowed is the template with the IPv6 default route of the first private subnet changed to lead elsewhere.
func narrowed(t *testing.T, template []byte) []byte {
	t.Helper()
	var decoded struct {
		Resources map[string]map[string]any
	}
	var all map[string]any
	if err := errors.Join(json.Unmarshal(template, &decoded), json.Unmarshal(template, &all)); err != nil {
		t.Fatal(err)
	}
	for id, r := range decoded.Resources {
		p, _ := r["Properties"].(map[string]any)
		if strings.HasPrefix(id, "NetworkPrivateSubnet1DefaultRoute") && p["DestinationIpv6CidrBlock"] == "::/0" {
			p["DestinationIpv6CidrBlock"] = "2001:db8:77::/48"
			all["Resources"] = decoded.Resources
			text, err := json.Marshal(all)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
	t.Fatal("the first private subnet has no IPv6 default route")
	return nil
}
