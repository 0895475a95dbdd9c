package seeded

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const source = `package p

type pair[T any] struct{ a, b T }

func (p *pair[T]) first() T { return p.a }

func less(a, b int) bool {
	if a < b { // in order
		return true
	}
	return a+1 < b
}

func other(a, b int) bool { return a < b }
`

func TestOverlay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change Change
		want   string // of the changed file, or of the error
	}{
		{"an expression", Change{Func: "less", Old: "a<b", New: "b < a"}, "if b < a { // in order"},
		{"a statement", Change{Func: "less", Old: "return   true", New: "return false"}, "\t\treturn false\n"},
		{"nothing in its place", Change{Func: "less", Old: "return a+1 < b", New: "panic(1)"}, "\tpanic(1)\n"},
		{"the first statement", Change{Func: "pair.first", New: "return p.b;"}, "return p.b"},
		{"another function", Change{Func: "other", Old: "a < b", New: "true"}, "func other(a, b int) bool { return true }"},
		{"no such function", Change{Func: "more", New: "return"}, "has no function more"},
		{"no such code", Change{Func: "other", Old: "b < a", New: "true"}, "other has 0 times b < a, want it once"},
		{"twice", Change{Func: "less", Old: "a", New: "b"}, "less has 2 times a, want it once"},
		{"no code", Change{Func: "less", Old: "a <", New: "b"}, "less: "},
		{"what does not parse", Change{Func: "less", Old: "a < b", New: "b <"}, "less with b <: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root, dir := t.TempDir(), t.TempDir()
			if err := os.WriteFile(filepath.Join(root, "p.go"), []byte(source), 0o644); err != nil {
				t.Fatal(err)
			}
			got := changed(t, root, dir, c.change)
			if !strings.Contains(got, c.want) {
				t.Errorf("it is\n%s\nwant %q in it", got, c.want)
			}
		})
	}
}

// changed is the text of the one file that changes, or of the error.
func changed(t *testing.T, root, dir string, changes ...Change) string {
	t.Helper()
	overlay, err := Overlay(root, dir, changes...)
	if err != nil {
		return err.Error()
	}
	data, err := os.ReadFile(overlay)
	if err != nil {
		t.Fatal(err)
	}
	var o struct{ Replace map[string]string }
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.Replace[filepath.Join(root, "p.go")])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTwoChanges: changes to one file add up.
func TestTwoChanges(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "p.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	got := changed(t, root, t.TempDir(), Change{Func: "less", Old: "return true", New: "return false"}, Change{Func: "other", Old: "a < b", New: "true"})
	if !strings.Contains(got, "return false") || !strings.Contains(got, "return true }") {
		t.Errorf("it is\n%s", got)
	}
}

// TestBugs: each bug of the tracer can be put in. The packet lab finds them.
func TestBugs(t *testing.T) {
	t.Parallel()
	for _, b := range Bugs {
		if _, err := Overlay(filepath.Join("..", ".."), t.TempDir(), b.Changes...); err != nil {
			t.Errorf("%s: %v", b.Name, err)
		}
	}
}
