package lbc

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/eks-ipv6/cdk/internal/golden"
)

// upstreamCRDs are the objects of the controller's own files, without descriptions.
func upstreamCRDs(t *testing.T) (out []any) {
	t.Helper()
	for _, file := range []string{"crds/crds.yaml", "crds/gateway-crds.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range bytes.Split(text, []byte("\n---\n")) {
			var o any
			if err := yaml.Unmarshal(doc, &o); err != nil {
				t.Fatal(err)
			}
			if o != nil {
				out = append(out, withoutDescriptions(o))
			}
		}
	}
	return out
}

// With -update it writes the file.
func TestCRDsAreUpstreams(t *testing.T) {
	objects := upstreamCRDs(t)
	text, err := json.Marshal(objects)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "crds/v3.json", append(text, '\n'))
	var names []string
	for _, o := range objects {
		names = append(names, o.(map[string]any)["metadata"].(map[string]any)["name"].(string))
	}
	const want = "albtargetcontrolconfigs.elbv2.k8s.aws globalaccelerators.aga.k8s.aws ingressclassparams.elbv2.k8s.aws targetgroupbindings.elbv2.k8s.aws " +
		"listenerruleconfigurations.gateway.k8s.aws loadbalancerconfigurations.gateway.k8s.aws targetgroupconfigurations.gateway.k8s.aws"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("kinds %s", got)
	}
}

// kubectl apply writes each object into an annotation of it, and an object's annotations take 256 KiB.
// Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/
func TestCRDsFitWhereTheyGo(t *testing.T) {
	t.Parallel()
	if n := len(crdsOf(DefaultChartVersion)); n == 0 || n > maxCRDs {
		t.Errorf("%d bytes, want 1 to %d", n, maxCRDs)
	}
	for _, o := range upstreamCRDs(t) {
		text, _ := json.Marshal(o)
		if len(text) > 262144/2 {
			t.Errorf("a kind of %d bytes: %.80s…", len(text), text)
		}
	}
}

// The one set serves all charts that it is said to serve: what 3.4's controller asks for is still served beside 3.5's.
func TestCRDsServeOlderControllers(t *testing.T) {
	t.Parallel()
	for _, o := range upstreamCRDs(t) {
		spec := o.(map[string]any)["spec"].(map[string]any)
		served, schemas := map[string]bool{}, map[string]string{}
		for _, v := range spec["versions"].([]any) {
			v := v.(map[string]any)
			served[v["name"].(string)] = v["served"].(bool)
			text, _ := json.Marshal(v["schema"])
			schemas[v["name"].(string)] = string(text)
		}
		if !served["v1beta1"] {
			t.Errorf("%v: v1beta1 is not served", spec["names"])
		}
		if spec["group"] == "gateway.k8s.aws" && (!served["v1"] || schemas["v1"] != schemas["v1beta1"]) {
			t.Errorf("%v: v1 is not served beside v1beta1 with the same schema", spec["names"])
		}
		if spec["conversion"] != nil {
			t.Errorf("%v: a conversion, which may need the controller's webhook: %v", spec["names"], spec["conversion"])
		}
	}
}

func TestCRDsOfVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"3.0.0": true, "v3.4.3": true, "3.5.0": true, "3.5.1": false, "3.6.0": false, "2.17.1": false} {
		if got := crdsOf(version) != ""; got != want {
			t.Errorf("%s: known %t, want %t", version, got, want)
		}
	}
}
