package test

import (
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

// CDK's and CloudFormation's spelling is Ipv6; here it is IPv6 throughout.
var otherSpelling = regexp.MustCompile(`Ipv[46]|Eks|VpcCni`)

// What people import has one spelling for each thing, repeats no type's name in a field that holds CDK's construct of it, and
// names no type that they cannot.
func TestAPI(t *testing.T) {
	seen := 0
	for _, p := range modulePackages(t) {
		if !p.in("constructs", "stacks") {
			continue
		}
		for _, f := range p.own {
			hidden := internalImports(f)
			for _, d := range f.Decls {
				for _, n := range exported(d) {
					seen++
					switch pkg, _ := packageOf(n.typ); {
					case otherSpelling.MatchString(n.name):
						t.Errorf("%s: %s: want IPv4, IPv6, EKS, VpcCNI", p.path, n)
					case n.owner != "" && n.name == n.owner && strings.HasPrefix(pkg, "aws"):
						t.Errorf("%s: %s: want L2 for CDK's construct, L1 for the resource", p.path, n)
					case hidden[pkg]:
						t.Errorf("%s: %s has a type of package internal/%s", p.path, n, pkg)
					}
				}
			}
		}
	}
	if seen < 400 {
		t.Errorf("only %d names looked at", seen)
	}
}

// A name is something that an importer can write: owner is the type of a field or a method.
type name struct {
	owner, name string
	typ         ast.Expr // of a field
	documented  bool
}

func (n name) String() string {
	if n.owner == "" {
		return n.name
	}
	return n.owner + "." + n.name
}

// exported are the names that a declaration gives to importers.
func exported(d ast.Decl) (names []name) {
	add := func(n name) {
		if ast.IsExported(n.name) {
			names = append(names, n)
		}
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		owner := receiver(d)
		if owner == "" || ast.IsExported(owner) {
			add(name{owner, d.Name.Name, nil, d.Doc != nil})
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, id := range s.Names {
					add(name{"", id.Name, nil, d.Doc != nil || s.Doc != nil || s.Comment != nil})
				}
			case *ast.TypeSpec:
				add(name{"", s.Name.Name, nil, d.Doc != nil || s.Doc != nil})
				if st, ok := s.Type.(*ast.StructType); ok && ast.IsExported(s.Name.Name) {
					for _, field := range st.Fields.List {
						for _, id := range field.Names {
							add(name{s.Name.Name, id.Name, field.Type, field.Doc != nil || field.Comment != nil})
						}
					}
				}
			}
		}
	}
	return names
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// packageOf is the package that a type is of, as the file calls it.
func packageOf(typ ast.Expr) (string, bool) {
	switch typ := typ.(type) {
	case *ast.StarExpr:
		return packageOf(typ.X)
	case *ast.ArrayType:
		return packageOf(typ.Elt)
	case *ast.MapType:
		return packageOf(typ.Value)
	case *ast.SelectorExpr:
		id, ok := typ.X.(*ast.Ident)
		return id.Name, ok
	}
	return "", false
}

func internalImports(f *ast.File) map[string]bool {
	out := map[string]bool{}
	for _, i := range f.Imports {
		if path := strings.Trim(i.Path.Value, `"`); strings.HasPrefix(path, module+"internal/") {
			out[path[strings.LastIndex(path, "/")+1:]] = true
		}
	}
	return out
}
