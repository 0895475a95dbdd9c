// Package seeded puts faults into copies of Go source files, to see whether the tests find them. A fault names a function and what
// changes in it, so that it holds wherever the function stands.
package seeded

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Change is one change to a function.
type Change struct {
	Package string // its folder, below the module's root
	Func    string // the function's name: "Build", or "tracer.acl" for a method
	// Old is an expression or a statement of the function, which occurs once there, and New what stands in its place. Without Old, New
	// goes before the function's own statements.
	Old, New string
}

// Overlay writes the changed files into a folder, with the overlay that the go command takes for them, and returns that one's path. Paths
// in it begin with root, which names the module's root as the go command is run.
func Overlay(root, dir string, changes ...Change) (string, error) {
	texts := map[string][]byte{}
	for _, c := range changes {
		name, text, err := c.apply(root, texts)
		if err != nil {
			return "", err
		}
		texts[name] = text
	}
	replace := map[string]string{}
	for name, text := range texts {
		changed := filepath.Join(dir, strings.ReplaceAll(filepath.ToSlash(strings.TrimPrefix(name, root)), "/", "+"))
		if err := os.WriteFile(changed, text, 0o644); err != nil {
			return "", err
		}
		replace[name] = changed
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, data, 0o644)
}

// apply finds the function in its package, and returns the file that has it, changed. texts are the files that are changed already.
func (c Change) apply(root string, texts map[string][]byte) (name string, text []byte, err error) {
	files, err := filepath.Glob(filepath.Join(root, c.Package, "*.go"))
	if err != nil {
		return "", nil, err
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text := texts[name]
		if text == nil {
			if text, err = os.ReadFile(name); err != nil {
				return "", nil, err
			}
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			return "", nil, err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil && nameOf(f) == c.Func {
				text, err := c.in(fset, f, text)
				return name, text, err
			}
		}
	}
	return "", nil, fmt.Errorf("%s has no function %s", c.Package, c.Func)
}

// nameOf is the name of a function, with the type that it is a method of.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if p, ok := t.(*ast.StarExpr); ok {
		t = p.X
	}
	if p, ok := t.(*ast.IndexExpr); ok {
		t = p.X
	}
	return t.(*ast.Ident).Name + "." + f.Name.Name
}

// in changes the function in the text of its file.
func (c Change) in(fset *token.FileSet, f *ast.FuncDecl, text []byte) ([]byte, error) {
	from, to := f.Body.Lbrace+1, f.Body.Lbrace+1
	if c.Old != "" {
		old, err := spelled(c.Old)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Func, err)
		}
		var found []ast.Node
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if is(fset, n, old) && !slices.ContainsFunc(found, func(o ast.Node) bool { return o.Pos() == n.Pos() && o.End() == n.End() }) {
				found = append(found, n)
			}
			return true
		})
		if len(found) != 1 {
			return nil, fmt.Errorf("%s has %d times %s, want it once", c.Func, len(found), c.Old)
		}
		from, to = found[0].Pos(), found[0].End()
	}
	at := func(p token.Pos) int { return fset.Position(p).Offset }
	text = slices.Concat(text[:at(from)], []byte(" "+c.New+" "), text[at(to):])
	out, err := format.Source(text)
	if err != nil {
		return nil, fmt.Errorf("%s with %s: %w", c.Func, c.New, err)
	}
	return out, nil
}

// is reports whether a node is an expression or a statement that is spelled so.
func is(fset *token.FileSet, n ast.Node, spelling string) bool {
	switch n.(type) {
	case ast.Expr, ast.Stmt:
		var b bytes.Buffer
		return printer.Fprint(&b, fset, n) == nil && strings.Join(strings.Fields(b.String()), " ") == spelling
	}
	return false
}

// spelled is code as the printer writes it, on one line.
func spelled(code string) (string, error) {
	out, err := format.Source([]byte(code))
	return strings.Join(strings.Fields(string(out)), " "), err
}
