// Package test holds every test that starts the jsii kernel: one process, one kernel, no parallel tests.
package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

func TestMain(m *testing.M) {
	// CDK's template validation costs 8 s of CPU for each process; make strict runs it on every reference stack. The
	// jsii client copied the environment when its package was initialised: closing it unused makes the next one see this.
	os.Setenv("CDK_VALIDATION", "false")
	os.Setenv("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "18,20")
	jsii.Close()
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// A template is a synthesized CloudFormation template.
type template struct {
	Resources  map[string]resource
	Outputs    map[string]struct{ Value any }
	Conditions map[string]any

	text []byte
}

type resource struct {
	Type                string
	Properties          map[string]any
	DependsOn           list
	DeletionPolicy      string
	UpdateReplacePolicy string
	Metadata            map[string]any
}

// list is a string or a list of strings, as DependsOn may be.
type list []string

func (l *list) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

// newApp is an app with the feature flags of the project's cdk.json, so that what is tested is what cdk synth makes.
func newApp(t testing.TB) (app awscdk.App, outdir string) {
	t.Helper()
	var context map[string]any
	if err := json.Unmarshal([]byte(projectContext(t)), &context); err != nil {
		t.Fatal(err)
	}
	outdir = t.TempDir()
	return awscdk.NewApp(&awscdk.AppProps{
		Outdir: jsiix.Str(outdir), Context: &context, AnalyticsReporting: jsiix.Bool(false),
	}), outdir
}

// synth builds an app and returns its stacks' templates by name. jsii failures are panics; here they fail the test.
func synth(t testing.TB, build func(app awscdk.App)) map[string]template {
	t.Helper()
	app, outdir := newApp(t)
	if msg := panicOf(func() { build(app); app.Synth(nil) }); msg != "" {
		t.Fatal(msg)
	}
	return readTemplates(t, outdir)
}

// readTemplates are the templates of a cloud assembly by their stacks' names.
func readTemplates(t testing.TB, outdir string) map[string]template {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(outdir, "*.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]template{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tpl := template{text: text}
		if err := json.Unmarshal(text, &tpl); err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".template.json")] = tpl
	}
	return out
}

// synthStack builds one stack and returns its template.
func synthStack(t testing.TB, build func(stack awscdk.Stack)) template {
	t.Helper()
	return synth(t, func(app awscdk.App) { build(awscdk.NewStack(app, jsiix.Str("S"), nil)) })["S"]
}

// panicOf is what f panics with, or the empty string.
func panicOf(f func()) (msg string) {
	defer func() {
		if r := recover(); r != nil {
			msg = fmt.Sprint(r)
		}
	}()
	f()
	return ""
}

// mustPanic checks that f panics with every one of the given texts.
func mustPanic(t *testing.T, f func(), want ...string) {
	t.Helper()
	msg := panicOf(f)
	for _, w := range want {
		if !strings.Contains(msg, w) {
			t.Errorf("panic says %q, want %q in it", msg, w)
		}
	}
	if msg == "" {
		t.Error("no panic")
	}
}

// of are the logical ids of a type's resources, sorted.
func (t template) of(types ...string) []string {
	var ids []string
	for id, r := range t.Resources {
		for _, typ := range types {
			if r.Type == typ {
				ids = append(ids, id)
			}
		}
	}
	sort.Strings(ids)
	return ids
}

// one is the only resource of a type.
func (t template) one(tb testing.TB, typ string) (string, resource) {
	tb.Helper()
	ids := t.of(typ)
	if len(ids) != 1 {
		tb.Fatalf("%d resources of type %s, want one: %v", len(ids), typ, ids)
	}
	return ids[0], t.Resources[ids[0]]
}

// find is the only resource of a type whose property, written as JSON, holds a text.
func (t template) find(tb testing.TB, typ, property, text string) (string, resource) {
	tb.Helper()
	var ids []string
	for _, id := range t.of(typ) {
		if strings.Contains(js(t.Resources[id].Properties[property]), text) {
			ids = append(ids, id)
		}
	}
	if len(ids) != 1 {
		tb.Fatalf("%d resources of type %s whose %s holds %s, want one: %v", len(ids), typ, property, text, ids)
	}
	return ids[0], t.Resources[ids[0]]
}

func js(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// at walks into nested properties: at(r, "ResourcesVpcConfig", "SubnetIds").
func (r resource) at(path ...string) any {
	var v any = r.Properties
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// directDeps are the resources that one names, in DependsOn or in its properties.
func (t template) directDeps(id string) []string {
	seen := map[string]bool{}
	add := func(name string) {
		if _, ok := t.Resources[name]; ok && name != id {
			seen[name] = true
		}
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["Ref"].(string); ok {
				add(ref)
			}
			if get, ok := v["Fn::GetAtt"].([]any); ok {
				add(get[0].(string))
			}
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(t.Resources[id].Properties)
	for _, d := range t.Resources[id].DependsOn {
		add(d)
	}
	var out []string
	for d := range seen {
		out = append(out, d)
	}
	sort.Strings(out)
	return out
}

// waitsFor tells whether CloudFormation creates b before a.
func (t template) waitsFor(a, b string) bool {
	seen := map[string]bool{}
	var walk func(string) bool
	walk = func(id string) bool {
		for _, d := range t.directDeps(id) {
			if d == b || !seen[d] && func() bool { seen[d] = true; return walk(d) }() {
				return true
			}
		}
		return false
	}
	return walk(a)
}

// chain is the longest line of resources of which each waits for the one before.
func (t template) chain() []string {
	memo := map[string][]string{}
	var longest func(string) []string
	longest = func(id string) []string {
		if c, ok := memo[id]; ok {
			return c
		}
		var best []string
		for _, d := range t.directDeps(id) {
			if c := longest(d); len(c) > len(best) {
				best = c
			}
		}
		memo[id] = append(append([]string{}, best...), id)
		return memo[id]
	}
	var best []string
	for _, id := range t.ids() {
		if c := longest(id); len(c) > len(best) {
			best = c
		}
	}
	return best
}

func (t template) ids() []string {
	var ids []string
	for id := range t.Resources {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

var assetHash = regexp.MustCompile(`[0-9a-f]{64}`)

// checkGolden compares a whole template, asset hashes aside, with its golden file. None leaves logs behind.
func checkGolden(t *testing.T, name string, tpl template) {
	t.Helper()
	for id, group := range tpl.logGroups(t) {
		if group.DeletionPolicy != "Delete" {
			t.Errorf("%s: the logs of %s stay: %s", name, id, group.DeletionPolicy)
		}
	}
	golden.Check(t, "testdata/templates/"+name+".json", append(assetHash.ReplaceAll(tpl.text, []byte("ASSET-HASH")), '\n'))
}
