package render_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

const schemaFile = "../../docs/trace.schema.json"

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// conforms says what the schema has against a document.
func conforms(t *testing.T, s *jsonschema.Schema, doc []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// TestSchema holds docs/trace.schema.json against what the renderer writes of every network of flow's tests, of a question, and of
// templates of which a part is not seen.
func TestSchema(t *testing.T) {
	t.Parallel()
	s := schema(t)
	write := func(name string, r flow.Report) {
		b, err := render.JSON(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := conforms(t, s, b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	files, err := filepath.Glob("../flow/testdata/*.*")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		n, err := flow.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		write(file, n.Check())
	}
	n, err := flow.Load("../flow/testdata/cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []flow.Query{
		{From: flow.AnyPod, To: flow.Internet4}, {From: flow.Internet6, To: flow.AnyPod, Everything: true},
		{From: "subnet:PublicA", To: flow.Internet6, Family: flow.IPv6}, {From: flow.AnyPod, To: flow.APIServer},
	} {
		r, err := n.Answer(q)
		if err != nil {
			t.Fatal(err)
		}
		write(q.String(), r)
	}
	n, err = flow.Read("unseen.yaml", []byte("Resources:\n  Part: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: elsewhere.yaml}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := n.Check()
	if len(r.Unread) == 0 {
		t.Error("nothing is unread")
	}
	write("unseen.yaml", r)
	golden, err := os.ReadFile("../flow/testdata/golden/small.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := conforms(t, s, golden); err != nil {
		t.Errorf("small.json: %v", err)
	}
}

// TestSchemaRefuses: a document that is broken in one place is none.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	s := schema(t)
	golden, err := os.ReadFile("../flow/testdata/golden/small.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{`"version": 2`, `"version": 1`},
		{`"verdict": "Delivered"`, `"verdict": "Arrived"`},
		{`"familyIn": "IPv6"`, `"familyIn": "6"`},
		{`"action": "originate"`, `"action": "start"`},
		{`"ok": true`, `"ok": "yes"`},
		{`"ok": true,`, ``},
		{`"exception": false,`, `"exception": false, "why": "nobody knows",`},
		{`"sourcePorts": [`, `"sourcePorts": [ "many",`},
		{`"src": [`, `"src": [ "everywhere",`},
		{`"unmodelled": [`, `"unmodelled": [ {},`},
		{`"expect": "Refused"`, `"expect": "Blocked"`},
		{`"id": "F1"`, `"id": "first"`},
	} {
		doc := strings.Replace(string(golden), c[0], c[1], 1)
		if doc == string(golden) {
			t.Errorf("small.json has no %s", c[0])
			continue
		}
		if conforms(t, s, []byte(doc)) == nil {
			t.Errorf("%s in the place of %s is accepted", c[1], c[0])
		}
	}
}

// TestSchemaDescribes: every property has a description, every object takes no others, and the verdicts are those of the tracer.
func TestSchemaDescribes(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		node, ok := v.(map[string]any)
		if !ok {
			return
		}
		if d, _ := node["description"].(string); d == "" && !strings.HasSuffix(at, "/items") && !strings.HasSuffix(at, "/not") {
			t.Errorf("%s has no description", at)
		}
		if node["type"] == "object" && node["additionalProperties"] != false {
			t.Errorf("%s takes any property", at)
		}
		for _, key := range []string{"properties", "$defs"} {
			list, _ := node[key].(map[string]any)
			for name, p := range list {
				walk(at+"/"+name, p)
			}
		}
		walk(at+"/items", node["items"])
	}
	walk("", doc)
	var verdicts []any
	for v := flow.Verdict(1); ; v++ {
		name, err := v.MarshalText()
		if err != nil {
			break
		}
		verdicts = append(verdicts, string(name))
	}
	if got := doc["$defs"].(map[string]any)["verdict"].(map[string]any)["enum"]; fmt.Sprint(got) != fmt.Sprint(verdicts) {
		t.Errorf("verdicts %v, want %v", got, verdicts)
	}
}
