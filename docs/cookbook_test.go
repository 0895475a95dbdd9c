package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/golden"
)

// program is a block of a page that shows a file.
var program = regexp.MustCompile("(?s)<!-- (examples/\\S+\\.go) -->\n```go\n.*?```\n")

// TestCookbook keeps the programs on the cookbook's pages those of examples/cookbook, which test synthesizes.
func TestCookbook(t *testing.T) {
	pages, err := filepath.Glob("cookbook/*.md")
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	index, err := os.ReadFile("cookbook.md")
	if err != nil {
		t.Fatal(err)
	}
	on := map[string]string{} // the page that shows a program
	for _, page := range append(pages, "cookbook.md", "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		shown := false
		golden.Check(t, page, program.ReplaceAllFunc(text, func(block []byte) []byte {
			name := string(program.FindSubmatch(block)[1])
			if other, ok := on[name]; ok {
				t.Errorf("%s is on %s and on %s", name, other, page)
			}
			on[name], shown = page, true
			code, err := os.ReadFile("../" + name)
			if err != nil {
				t.Error(page, err)
			}
			return []byte("<!-- " + name + " -->\n```go\n" + string(code) + "```\n")
		}))
		if filepath.Dir(page) == "cookbook" && (!shown || strings.Count(string(index), "]("+page+")") != 1) {
			t.Errorf("%s shows no program, or docs/cookbook.md does not link it once", page)
		}
	}
	for _, pattern := range []string{"../examples/cookbook/*.go", "../examples/cookbook/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			name := filepath.ToSlash(strings.TrimPrefix(f, ".."+string(filepath.Separator)))
			if base := filepath.Base(f); on[name] == "" && base != "cookbook.go" && base != "example_test.go" {
				t.Errorf("%s is on no page", name)
			}
		}
	}
}

// link is one to a file of the project.
var link = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)

// TestLinks wants the files that the README and these pages name.
func TestLinks(t *testing.T) {
	pages := []string{"../README.md", "../CONTRIBUTING.md"}
	for _, pattern := range []string{"*.md", "cookbook/*.md", "../examples/*/README.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, more...)
	}
	seen := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			seen++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d links", seen)
	}
}
