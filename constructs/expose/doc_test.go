package expose_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Every exported name and field says what it is, where pkg.go.dev shows it.
func TestEverythingIsDocumented(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, dir := range []string{".", "kube", "../lbc"} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(files, name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			bare := func(what *ast.Ident, docs ...*ast.CommentGroup) {
				if !what.IsExported() {
					return
				}
				seen++
				for _, d := range docs {
					if d != nil {
						return
					}
				}
				t.Errorf("%s: %s has no doc comment", files.Position(what.Pos()), what.Name)
			}
			for _, d := range file.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type)) {
						bare(d.Name, d.Doc)
					}
				case *ast.GenDecl:
					for _, s := range d.Specs {
						switch s := s.(type) {
						case *ast.ValueSpec:
							for _, n := range s.Names {
								bare(n, s.Doc, s.Comment, d.Doc)
							}
						case *ast.TypeSpec:
							bare(s.Name, s.Doc, d.Doc)
							fields, ok := s.Type.(*ast.StructType)
							if !ok || !s.Name.IsExported() {
								continue
							}
							for _, f := range fields.Fields.List {
								for _, n := range f.Names {
									bare(n, f.Doc, f.Comment)
								}
							}
						}
					}
				}
			}
		}
	}
	if seen < 200 {
		t.Errorf("%d names looked at: are these the packages?", seen)
	}
}

func receiver(e ast.Expr) string {
	if p, ok := e.(*ast.StarExpr); ok {
		e = p.X
	}
	n, _ := e.(*ast.Ident)
	return n.Name
}
