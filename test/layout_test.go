package test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module  = "github.com/eks-ipv6/cdk/"
	jsiiMod = "github.com/aws/jsii-runtime-go"
)

// A pkg is what go list tells of a package of this module.
type pkg struct {
	ImportPath, Name, Dir                    string
	GoFiles, TestGoFiles, XTestGoFiles       []string
	Imports, TestImports, XTestImports, Deps []string
	path                                     string // within the module
	own, tests                               []*ast.File
}

func (p pkg) in(folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return p.path == f || strings.HasPrefix(p.path, f+"/") })
}

// modulePackages are the module's packages, parsed.
func modulePackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		p.path = strings.TrimPrefix(p.ImportPath+"/", module)
		p.path = strings.TrimSuffix(p.path, "/")
		for _, f := range p.GoFiles {
			p.own = append(p.own, parse(t, p.Dir, f))
		}
		for _, f := range append(p.TestGoFiles, p.XTestGoFiles...) {
			p.tests = append(p.tests, parse(t, p.Dir, f))
		}
		list = append(list, p)
	}
	return list
}

func parse(t *testing.T, dir, name string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLayout(t *testing.T) {
	needsNode := func(dep string) bool {
		return strings.HasPrefix(dep, jsiiMod) || strings.HasPrefix(dep, "github.com/aws/aws-cdk-go/") ||
			strings.HasPrefix(dep, "github.com/aws/constructs-go/") || strings.HasPrefix(dep, "github.com/cdklabs/")
	}
	within := func(dep string, folders ...string) bool {
		return pkg{path: strings.TrimPrefix(dep, module)}.in(folders...) && strings.HasPrefix(dep, module)
	}
	list := modulePackages(t)
	deps := map[string][]string{}
	for _, p := range list {
		deps[p.ImportPath] = p.Deps
	}
	seen := map[string]int{}
	for _, p := range list {
		// What proves templates runs without Node.js, its tests too.
		if p.in("preflight", "internal/aws", "internal/cfn", "internal/network", "internal/cli", "internal/golden", "cmd/preflight", "docs") && !p.in("preflight/synthcheck") {
			seen["pure"]++
			all := slices.Concat(p.Deps, p.TestImports, p.XTestImports)
			for _, dep := range slices.Concat(p.TestImports, p.XTestImports) {
				all = append(all, deps[dep]...)
			}
			for _, dep := range all {
				if needsNode(dep) {
					t.Errorf("%s depends on %s: only preflight/synthcheck may", p.path, dep)
				}
			}
		}
		// Constructs build, stacks compose, preflight proves: nothing looks up.
		if p.in("constructs") {
			seen["constructs"]++
			for _, dep := range p.Deps {
				if within(dep, "stacks", "preflight", "examples", "internal/cfn", "internal/network", "internal/cli") {
					t.Errorf("%s depends on %s: constructs know only other constructs", p.path, dep)
				}
			}
		}
		if !p.in("examples", "test", "cmd") && slices.Contains(p.Imports, module+"stacks") {
			t.Errorf("%s imports stacks: only examples, tests and commands may", p.path)
		}
		// One place turns values into pointers.
		if !p.in("internal/jsiix", "examples", "test/stock") {
			for _, f := range p.own {
				seen["files"]++
				for _, name := range pointers(f) {
					t.Errorf("%s spells jsii.%s: use internal/jsiix", p.path, name)
				}
			}
		}
		// What people import shows how.
		if p.Name != "main" && len(p.own) > 0 && p.path != "" && !p.in("test") && !strings.Contains(p.path+"/", "internal/") {
			seen["examples"]++
			if !slices.ContainsFunc(p.tests, hasExample) {
				t.Errorf("%s has no Example function", p.path)
			}
		}
	}
	for what, least := range map[string]int{"pure": 8, "constructs": 4, "files": 50, "examples": 8} {
		if seen[what] < least {
			t.Errorf("only %d %s looked at: the test misses its packages", seen[what], what)
		}
	}
}

// pointers are the functions of jsii that make a pointer of a value, as far as a file uses them.
func pointers(f *ast.File) (names []string) {
	name := ""
	for _, i := range f.Imports {
		if i.Path.Value == `"`+jsiiMod+`"` {
			name = "jsii"
			if i.Name != nil {
				name = i.Name.Name
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && name != "" {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == name && slices.Contains([]string{"String", "Strings", "Number", "Numbers", "Bool", "Bools", "Time", "Sprintf"}, s.Sel.Name) {
				names = append(names, s.Sel.Name)
			}
		}
		return true
	})
	return names
}

func hasExample(f *ast.File) bool {
	return slices.ContainsFunc(f.Decls, func(d ast.Decl) bool {
		fn, ok := d.(*ast.FuncDecl)
		return ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Example")
	})
}
