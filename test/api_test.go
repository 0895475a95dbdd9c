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
// names no type that they cannot. All of it is documented, and each kind of props can be validated.
func TestAPI(t *testing.T) {
	seen := 0
	for _, p := range modulePackages(t) {
		if !p.in("constructs", "stacks", "preflight/flow", "preflight/render", "preflight/rules", "preflight/updates", "preflight/synthcheck", "preflight/preflighttest") {
			continue
		}
		props, validated := map[string]bool{}, map[string]bool{}
		for _, f := range p.own {
			hidden := internalImports(f)
			for _, d := range f.Decls {
				for _, n := range exported(d) {
					seen++
					for _, given := range n.takes {
						props[given] = true
					}
					if n.name == "Validate" && n.validates {
						validated[n.owner] = true
					}
					if !n.documented && !p.in("preflight") { // whose structs of results have a comment for what does not say itself
						t.Errorf("%s: %s has no doc comment", p.path, n)
					}
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
		for name := range props {
			if !validated[name] {
				t.Errorf("%s: %s has no Validate() error", p.path, name)
			}
		}
	}
	if seen < 400 {
		t.Errorf("only %d names looked at", seen)
	}
}

// The root's map has every package that can be imported.
func TestRootNamesPackages(t *testing.T) {
	doc, seen := "", 0
	list := modulePackages(t)
	for _, p := range list {
		if p.ImportPath+"/" == module {
			doc = p.own[0].Doc.Text()
		}
	}
	for _, p := range list {
		if p.Name == "main" || len(p.own) == 0 || p.ImportPath+"/" == module || p.in("test", "examples", "docs") || strings.Contains(p.path+"/", "internal/") {
			continue
		}
		seen++
		if !strings.Contains(doc, p.path) {
			t.Errorf("doc.go does not name %s", p.path)
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages", seen)
	}
}

// A name is something that an importer can write: owner is the type of a field or a method.
type name struct {
	owner, name string
	typ         ast.Expr // of a field
	documented  bool
	validates   bool     // func (*T) …() error
	takes       []string // the props that a function wants
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
			add(name{owner, d.Name.Name, nil, d.Doc != nil, validates(d), propsOf(d)})
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, id := range s.Names {
					add(name{"", id.Name, nil, d.Doc != nil || s.Doc != nil || s.Comment != nil, false, nil})
				}
			case *ast.TypeSpec:
				add(name{"", s.Name.Name, nil, d.Doc != nil || s.Doc != nil, false, nil})
				if st, ok := s.Type.(*ast.StructType); ok && ast.IsExported(s.Name.Name) {
					for _, field := range st.Fields.List {
						for _, id := range field.Names {
							add(name{s.Name.Name, id.Name, field.Type, field.Doc != nil || field.Comment != nil, false, nil})
						}
					}
				}
			}
		}
	}
	return names
}

// validates tells whether a method is func (*T) Validate() error, but for its name.
func validates(f *ast.FuncDecl) bool {
	if f.Recv == nil || f.Type.Params.NumFields() != 0 || f.Type.Results.NumFields() != 1 {
		return false
	}
	_, pointer := f.Recv.List[0].Type.(*ast.StarExpr)
	result, ok := f.Type.Results.List[0].Type.(*ast.Ident)
	return pointer && ok && result.Name == "error"
}

// propsOf are the types of this package that a function takes as *…Props or *…Attributes.
func propsOf(f *ast.FuncDecl) (names []string) {
	for _, parameter := range f.Type.Params.List {
		if star, ok := parameter.Type.(*ast.StarExpr); ok {
			if id, ok := star.X.(*ast.Ident); ok && (strings.HasSuffix(id.Name, "Props") || strings.HasSuffix(id.Name, "Attributes")) {
				names = append(names, id.Name)
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
