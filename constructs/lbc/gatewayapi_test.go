package lbc

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/golden"
)

// upstreamGatewayKinds are the kinds of the module that go.mod names, without descriptions.
func upstreamGatewayKinds(t *testing.T) (out []map[string]any) {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "config", "crd", "standard", "*.yaml"))
	if err != nil || len(files) < 9 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.Contains(name, "safeupgrades") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list, err := ParseCRDs(text)
		if err != nil {
			t.Fatal(name, err)
		}
		out = append(out, list...)
	}
	return out
}

// With -update it writes the file.
func TestGatewayKindsAreUpstreams(t *testing.T) {
	var lines, names []string
	for _, o := range upstreamGatewayKinds(t) {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		meta := o["metadata"].(map[string]any)
		if v := meta["annotations"].(map[string]any)[bundleVersion]; v != "v"+DefaultGatewayAPIVersion {
			t.Errorf("%v is of version %v, want %s", meta["name"], v, DefaultGatewayAPIVersion)
		}
		lines, names = append(lines, string(text)), append(names, strings.TrimSuffix(meta["name"].(string), ".gateway.networking.k8s.io"))
	}
	golden.Check(t, "crds/gateway-api-1.6.0.jsonl", []byte(strings.Join(lines, "\n")+"\n"))
	if got := strings.Join(names, " "); got != "backendtlspolicies gatewayclasses gateways grpcroutes httproutes listenersets referencegrants tcproutes tlsroutes udproutes" {
		t.Errorf("kinds %s", got)
	}
}

func TestPortions(t *testing.T) {
	t.Parallel()
	all := portions((&GatewayAPIProps{}).withDefaults().objects())
	n := 0
	for _, p := range all {
		var list []map[string]any
		if err := json.Unmarshal([]byte(p), &list); err != nil || len(p) > portion+100 || len(list) == 0 {
			t.Errorf("%d bytes, %d kinds: %v", len(p), len(list), err)
		}
		n += len(list)
	}
	if n != 10 || len(all) > 3 {
		t.Errorf("%d kinds in %d resources", n, len(all))
	}
	if got := portions([]string{strings.Repeat("a", portion), "b", "c"}); len(got) != 2 || got[1] != "[b,c]" {
		t.Errorf("%d portions", len(got))
	}
}

func TestParseCRDs(t *testing.T) {
	t.Parallel()
	list, err := ParseCRDs([]byte("# a release\n---\napiVersion: v1\nkind: Namespace\n---\nkind: CustomResourceDefinition\nspec:\n  description: long\n  properties:\n    description: {type: string}\n"))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if text, _ := json.Marshal(list[0]); string(text) != `{"kind":"CustomResourceDefinition","spec":{"properties":{"description":{"type":"string"}}}}` {
		t.Errorf("%s", text)
	}
	for text, want := range map[string]string{"kind: Namespace": "no CustomResourceDefinition", "": "no CustomResourceDefinition", "a: [": "lbc.ParseCRDs: "} {
		if _, err := ParseCRDs([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestGatewayAPIRefuses(t *testing.T) {
	t.Parallel()
	kind := func(version string) map[string]any {
		return map[string]any{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
			"metadata": map[string]any{"name": "gateways.gateway.networking.k8s.io", "annotations": map[string]any{bundleVersion: version}}}
	}
	for name, c := range map[string]struct {
		props *GatewayAPIProps
		want  string
	}{
		"nothing":          {nil, ""},
		"the default":      {&GatewayAPIProps{Version: "v1.6.0"}, ""},
		"no version":       {&GatewayAPIProps{Version: "latest"}, `Version: "latest": want a version such as 1.6.0`},
		"another":          {&GatewayAPIProps{Version: "1.7.0"}, "Version: 1.7.0: its kinds are not known here"},
		"another, given":   {&GatewayAPIProps{Version: "1.7.0", CRDs: []map[string]any{kind("v1.7.0")}}, ""},
		"of another":       {&GatewayAPIProps{Version: "1.7.0", CRDs: []map[string]any{kind("v1.6.0")}}, "CRDs[0]: gateways.gateway.networking.k8s.io is of version v1.6.0: want 1.7.0"},
		"none":             {&GatewayAPIProps{CRDs: []map[string]any{}}, "CRDs: none"},
		"something else":   {&GatewayAPIProps{CRDs: []map[string]any{{"kind": "Namespace"}}}, "CRDs[0]: <nil> Namespace \"\": want a CustomResourceDefinition"},
		"with a CDK token": {&GatewayAPIProps{CRDs: []map[string]any{kind("${Token[TOKEN.1]}")}}, "CRDs[0]: a CDK token in them"},
	} {
		err := c.props.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
