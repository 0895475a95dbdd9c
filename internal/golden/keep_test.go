package golden

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// named is a test of another name.
type named struct {
	*recorder
	name string
}

func (n named) Name() string { return n.name }

func TestKeep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	template := json.RawMessage(`{"Resources":{"Vpc":{"Type":"AWS::EC2::VPC"}}}`)
	long := "TestX/" + strings.Repeat("very", 100)
	cases := []Kept{
		{Test: "TestX/no_::/0", Base: "a.yaml", Template: template, Query: &Query{From: "pod:any", To: "internet6", Port: 443, Proto: "udp", Family: 6}},
		{Test: "TestX/no_../0", Base: "a.yaml", Template: template}, // safe, it reads as another does
		{Test: "TestX/no_//0", Base: "a.yaml", Template: template},
		{Test: "TestX/twice", Text: "Resources: {A: !Ref B}\n", Region: "cn-north-1"},
		{Test: "TestX/twice", Text: "Resources: {A: !Ref C}\n"},
		{Test: long + "a", Sources: []Source{{"a.yaml", "A"}, {"b.yaml", "B"}}},
		{Test: long + "b", Text: "A"},
	}
	write := func() {
		for _, c := range cases {
			want := c.Test
			c.Test = ""
			Keep(named{&recorder{TB: t}, want}, c)
		}
	}
	write()
	if _, err := os.Stat(dir); err == nil || flag.Lookup("keep").DefValue != "" {
		t.Fatal("something is written without -keep")
	}
	*keep = dir
	defer func() { *keep = "" }()
	write()
	write() // as with -count=2: nothing is there twice
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := ReadKept(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cases, got, cmpopts.IgnoreFields(Kept{}, "Name"), cmpopts.SortSlices(less), cmp.Transformer("compact", compact)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if !slices.IsSortedFunc(got, func(a, b Kept) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("what is read is not sorted by name")
	}
	for _, k := range got {
		if !strings.HasPrefix(k.Name, "golden.TestX-") || len(k.Name) > 200 || strings.ContainsAny(k.Name, `/\: `) {
			t.Errorf("file name %q", k.Name)
		}
	}
}

func less(a, b Kept) bool { return a.Test+a.Text < b.Test+b.Text }

func compact(m json.RawMessage) string { return strings.Join(strings.Fields(string(m)), "") }

func TestKeepRelative(t *testing.T) {
	*keep = "out"
	defer func() { *keep = "" }()
	r := &recorder{TB: t}
	func() {
		defer func() { _ = recover() }()
		Keep(r, Kept{Text: "A"})
	}()
	if !strings.Contains(r.text, "absolute path") {
		t.Errorf("a relative folder fails with %q", r.text)
	}
}

func TestStacks(t *testing.T) {
	two := []Source{{"a.yaml", "A"}, {"b.yaml", "B"}}
	for _, c := range []struct {
		kept Kept
		want []Source
	}{
		{Kept{Sources: two}, two},
		{Kept{Text: "A"}, []Source{{"template.yaml", "A"}}},
		{Kept{Template: json.RawMessage("{}")}, []Source{{"template.json", "{}"}}},
	} {
		if diff := cmp.Diff(c.want, c.kept.Stacks()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestReadKept(t *testing.T) {
	dir := t.TempDir()
	if k, err := ReadKept(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("an empty folder reads as %v, %v", k, err)
	}
	if _, err := ReadKept(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there is read")
	}
	if err := os.WriteFile(filepath.Join(dir, "x.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKept(dir); err == nil || !strings.Contains(err.Error(), "x.json") {
		t.Errorf("a broken file: %v, want its name", err)
	}
}
