package golden

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var keep = flag.String("keep", "", "write the templates that tests make to this folder, an absolute path")

// Kept is a template that a test made, and what the test asks of it. One of Template, Text and Sources is set.
type Kept struct {
	Name     string          `json:"-"`                  // Name is the file's.
	Test     string          `json:"test"`               // Test is the full name of the test, without its package.
	Base     string          `json:"base"`               // Base is the file that the test changed, or "".
	Region   string          `json:"region,omitempty"`   // Region is where the stack is deployed, if the test says so.
	Template json.RawMessage `json:"template,omitempty"` // Template is a template in JSON.
	Text     string          `json:"text,omitempty"`     // Text is a template as written, in YAML or JSON.
	Sources  []Source        `json:"sources,omitempty"`  // Sources are the templates of several stacks.
	Query    *Query          `json:"query,omitempty"`    // Query is the one question asked; nil means the whole catalogue.
}

// Source is the template of one stack.
type Source struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Query has the fields of flow.Query, which this package does not import: the tests of flow import this package.
type Query struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Port   uint16 `json:"port,omitempty"`
	Proto  string `json:"proto,omitempty"`
	Family uint8  `json:"family,omitempty"` // Family is 4, 6, or 0 where the query leaves it open.
}

// Stacks are the templates of k, whichever way it holds them.
func (k Kept) Stacks() []Source {
	switch {
	case k.Sources != nil:
		return k.Sources
	case k.Text != "":
		return []Source{{"template.yaml", k.Text}}
	default:
		return []Source{{"template.json", string(k.Template)}}
	}
}

var unsafe = regexp.MustCompile(`[^A-Za-z0-9._]+`)

// Keep writes k as the running test's to the folder of -keep; without the flag it does nothing. The same again, by the
// same test, is one file.
func Keep(t testing.TB, k Kept) {
	t.Helper()
	if *keep == "" {
		return
	}
	if !filepath.IsAbs(*keep) {
		t.Fatalf("-keep %s: want an absolute path, each package's tests run in a folder of their own", *keep)
	}
	pkg, err := os.Getwd() // of a test, its package's folder
	if err != nil {
		t.Fatal(err)
	}
	k.Test = t.Name()
	data, err := json.MarshalIndent(k, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	name := unsafe.ReplaceAllString(filepath.Base(pkg)+"."+k.Test, "-")
	name = fmt.Sprintf("%.150s-%.4x.json", name, sha256.Sum256(data))
	if err := os.MkdirAll(*keep, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*keep, name), append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// ReadKept reads what -keep wrote to a folder, sorted by name. A folder without any is an error.
func ReadKept(dir string) ([]Kept, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []Kept
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".json" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		k := Kept{Name: f.Name()}
		if err := json.Unmarshal(data, &k); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, f.Name()), err)
		}
		out = append(out, k)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no template is kept here", dir)
	}
	return out, nil
}
