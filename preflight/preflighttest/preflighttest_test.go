package preflighttest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/preflighttest"
	"github.com/eks-ipv6/cdk/preflight/rules"
)

const (
	platform = "../../test/testdata/templates/Ipv6Platform.json"
	network  = "testdata/network.yaml"
)

// recorder is a testing.TB that keeps what the test is told.
type recorder struct {
	testing.TB
	log    strings.Builder
	failed bool
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failed = true
	fmt.Fprintf(&r.log, format+"\n", args...)
}
func (r *recorder) FailNow() {
	r.failed = true
	runtime.Goexit()
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	r.FailNow()
}

// record runs an assertion as a test of its own: log is what it said, and passed whether it let the test go on.
func record(assert func(testing.TB)) (log string, passed bool) {
	r := &recorder{}
	ended := make(chan bool)
	go func() {
		defer func() { ended <- true }()
		assert(r)
	}()
	<-ended
	return r.log.String(), !r.failed
}

// broken is the network with one text of its template replaced by another.
func broken(t *testing.T, old, with string) []byte {
	t.Helper()
	text, err := os.ReadFile(network)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("no %q in %s", old, network)
	}
	return []byte(strings.ReplaceAll(string(text), old, with))
}

type assembly string

func (a assembly) Directory() *string { return (*string)(&a) }

type decoded map[string]any

func (d decoded) ToJSON() *map[string]any { return (*map[string]any)(&d) }

func TestSources(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(platform)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	path := platform
	dir := t.TempDir()
	manifest := `{"version":"48.0.0","artifacts":{"P":{"type":"aws:cloudformation:stack","properties":{"templateFile":"P.json"}}}}`
	for name, data := range map[string][]byte{"manifest.json": []byte(manifest), "P.json": text} {
		if err := os.WriteFile(dir+"/"+name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	egress := flow.Query{From: flow.AnyPod, To: flow.Internet4, Port: 443}
	for name, source := range map[string]any{
		"path": path, "*string": &path, "paths": []string{path}, "bytes": text, "raw": json.RawMessage(text), "map": m, "*map": &m,
		"folder": dir, "assembly": assembly(dir), "decoded": decoded(m), "network": preflighttest.Load(t, path),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if log, passed := record(func(tb testing.TB) { preflighttest.MustReach(tb, source, egress) }); !passed {
				t.Error(log)
			}
		})
	}
	split := []string{"../../test/testdata/templates/Ipv6Network.json", "../../test/testdata/templates/Ipv6Cluster.json"}
	preflighttest.MustReach(t, split, egress)
}

func TestRefusedSources(t *testing.T) {
	t.Parallel()
	var nowhere *string
	var none *flow.Network
	for name, c := range map[string]struct {
		source any
		want   string
	}{
		"nil":         {nil, "a source cannot be a <nil>"},
		"number":      {7, "a source cannot be a int"},
		"nil pointer": {nowhere, "a source cannot be a struct"},
		"nil network": {none, "nil *flow.Network"},
		"no file":     {"testdata/none.yaml", "testdata/none.yaml: no such file"},
		"no template": {[]byte("words"), "not a CloudFormation template"},
		"function":    {map[string]any{"Resources": func() {}}, "the template is not JSON"},
	} {
		log, passed := record(func(tb testing.TB) { preflighttest.MustPass(tb, c.source) })
		if passed || !strings.Contains(log, c.want) {
			t.Errorf("%s: want %q in %q", name, c.want, log)
		}
	}
}

func TestAssertions(t *testing.T) {
	t.Parallel()
	out := flow.Query{From: flow.Subnet("Private"), To: flow.Internet6, Port: 443}
	out4 := flow.Query{From: flow.Subnet("Private"), To: flow.Internet4, Port: 443}
	in := flow.Query{From: flow.Internet6, To: flow.Subnet("Private"), Port: 443}
	noRoute := broken(t, `DestinationIpv6CidrBlock: "::/0", EgressOnly`, `DestinationIpv6CidrBlock: "2001:db8:9::/48", EgressOnly`)
	open := broken(t, "EgressOnlyInternetGatewayId: !Ref EgressOnly", "EgressOnlyInternetGatewayId: !ImportValue Gateway")
	noOrder := broken(t, "DependsOn: Ipv6", "DependsOn: []")
	halfRead := append(broken(t, "Resources:", "Resources:"), `  Manifest: {Type: "Custom::AWSCDK-EKS-KubernetesResource", Properties: {Manifest: "[]", ClusterName: other}}`+"\n"...)
	for name, c := range map[string]struct {
		assert func(testing.TB)
		want   []string // nil when the assertion holds
	}{
		"reach":             {func(t testing.TB) { preflighttest.MustReach(t, network, out, out4) }, nil},
		"reach, missed":     {func(t testing.TB) { preflighttest.MustReach(t, noRoute, out4, out) }, []string{"subnet:Private → internet6:443/tcp must pass, and some of its packets do, and some do not", "✗ route table PrivateTable", "no route to 2001:db8:"}},
		"reach, every miss": {func(t testing.TB) { preflighttest.MustReach(t, noRoute, out, in) }, []string{"no route to", "internet6 → subnet:Private:443/tcp must pass, and"}},
		"reach, unknown":    {func(t testing.TB) { preflighttest.MustReach(t, open, out) }, []string{"must pass, and whether it does, the templates do not say", "INSUFFICIENT"}},
		"reach, no query":   {func(t testing.TB) { preflighttest.MustReach(t, network) }, []string{"no query"}},
		"reach, unknown name": {func(t testing.TB) {
			preflighttest.MustReach(t, network, flow.Query{From: "Privat", To: flow.Internet6})
		}, []string{`unknown endpoint "Privat"`, "subnet:Private"}},
		"refuse":           {func(t testing.TB) { preflighttest.MustNotReach(t, network, in) }, nil},
		"refuse, passes":   {func(t testing.TB) { preflighttest.MustNotReach(t, network, in, out) }, []string{"internet6:443/tcp must be refused, and leaves for the internet", "egress-only internet gateway EgressOnly"}},
		"refuse, unknown":  {func(t testing.TB) { preflighttest.MustNotReach(t, open, out) }, []string{"must be refused, and whether it does"}},
		"refuse, no query": {func(t testing.TB) { preflighttest.MustNotReach(t, network) }, []string{"no query"}},
		"pass":             {func(t testing.TB) { preflighttest.MustPass(t, network) }, nil},
		"pass, missed":     {func(t testing.TB) { preflighttest.MustPass(t, noRoute) }, []string{"1 of 3 flows are not as expected", "F3   ✗ Pod to an IPv6 internet host", "✗ route table PrivateTable"}},
		"pass, unknown":    {func(t testing.TB) { preflighttest.MustPass(t, open) }, []string{"F3   ? ", "INSUFFICIENT"}},
		"pass, nothing": {func(t testing.TB) {
			preflighttest.MustPass(t, []byte(`{"Resources":{"B":{"Type":"AWS::S3::Bucket"}}}`))
		}, []string{"nothing is proved"}},
		"pass, half read":   {func(t testing.TB) { preflighttest.MustPass(t, halfRead) }, []string{"cannot be read", `cluster "other" is in none of the templates`}},
		"findings, none":    {func(t testing.TB) { preflighttest.NoFindings(t, network, rules.Options{}) }, nil},
		"findings":          {func(t testing.TB) { preflighttest.NoFindings(t, noOrder, rules.Options{}) }, []string{"2 findings:", "error V39 Private:", "error V39 Public:", "Fix: "}},
		"findings, wanted":  {func(t testing.TB) { preflighttest.NoFindings(t, noOrder, acknowledged("V39")) }, nil},
		"findings, no rule": {func(t testing.TB) { preflighttest.NoFindings(t, network, acknowledged("V999")) }, []string{`"V999": no rule has this id`}},
		"platform, pods": {func(t testing.TB) {
			preflighttest.MustReach(t, platform, flow.Query{From: flow.AnyPod, To: flow.APIServer})
		}, nil},
		"platform, from world": {func(t testing.TB) {
			preflighttest.MustNotReach(t, platform, flow.Query{From: flow.Internet6, To: flow.AnyPod})
		}, nil},
		"platform, pass": {func(t testing.TB) { preflighttest.MustPass(t, platform) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, passed := record(c.assert)
			if passed != (c.want == nil) {
				t.Errorf("passed %v: %s", passed, log)
			}
			for _, w := range c.want {
				if !strings.Contains(log, w) {
					t.Errorf("no %q in:\n%s", w, log)
				}
			}
		})
	}
}

func acknowledged(id string) rules.Options {
	return rules.Options{Acknowledge: []rules.Acknowledge{{ID: id, Reason: "this test wants it"}}}
}
