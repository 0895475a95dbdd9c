package updates

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// Templates are stacks as they are deployed, or as they will be.
type Templates struct {
	set   *cfn.Set
	named bool // the stacks' names are their own, whatever the files are called
}

// Load reads template files (JSON or YAML, or what aws cloudformation get-template prints) and cloud assembly folders.
func Load(paths ...string) (*Templates, error) {
	set, err := cfn.Load(cfn.Options{Apart: true}, paths...)
	if err != nil {
		return nil, err
	}
	return &Templates{set: set}, nil
}

// Read reads templates from memory, by the names of their stacks.
func Read(templates map[string][]byte) (*Templates, error) {
	var sources []cfn.Source
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		sources = append(sources, cfn.Source{Name: name, Data: templates[name]})
	}
	set, err := cfn.Parse(cfn.Options{Apart: true}, sources...)
	if err != nil {
		return nil, err
	}
	return &Templates{set: set, named: true}, nil
}

// tops are the stacks that no other nests.
func (t *Templates) tops() (out []*cfn.Stack) {
	for _, s := range t.set.Stacks() {
		if s.Parent == nil {
			out = append(out, s)
		}
	}
	return out
}

// pair finds which deployed stack each new one takes the place of: that of its name, else a template file that has no
// stack's name (old.json) by the resources that both have.
func pair(deployed, next *Templates) (map[*cfn.Stack]*cfn.Stack, error) {
	before := map[*cfn.Stack]*cfn.Stack{} // of a new stack
	olds, news := deployed.tops(), next.tops()
	take := func(i int, is *cfn.Stack) {
		before[is] = olds[i]
		olds = slices.Delete(olds, i, i+1)
	}
	for _, is := range news {
		i := slices.IndexFunc(olds, func(was *cfn.Stack) bool { return was.ID == is.ID })
		if i < 0 {
			i = slices.IndexFunc(olds, func(was *cfn.Stack) bool { return was.Name == is.Name })
		}
		if i >= 0 {
			take(i, is)
		}
	}
	var names []string
	for _, is := range news {
		if before[is] == nil {
			names = append(names, is.ID)
		}
	}
	var errs []error
	for i := 0; i < len(olds); {
		was := olds[i]
		if deployed.named || was.Named() { // a stack that is not deployed now
			i++
			continue
		}
		best, most, twice := (*cfn.Stack)(nil), 0, false
		for _, is := range news {
			if n := shared(was, is); before[is] == nil && n > 0 && n >= most {
				best, most, twice = is, n, n == most
			}
		}
		switch {
		case best == nil && len(names) == 0:
			errs = append(errs, fmt.Errorf("%s: every new stack has a deployed template already: leave this one out", was.File))
			i++
		case best == nil:
			errs = append(errs, fmt.Errorf("%s: it shares no resource with %s: give the template that is deployed", was.File, strings.Join(names, ", ")))
			i++
		case twice:
			errs = append(errs, fmt.Errorf("%s: it may be the template of several stacks: name the file after its own, one of %s", was.File, strings.Join(names, ", ")))
			i++
		default:
			take(i, best)
		}
	}
	for _, is := range news {
		was := before[is]
		if was == nil {
			continue
		}
		a, errA := filepath.Abs(was.File)
		b, errB := filepath.Abs(is.File)
		if !deployed.named && !next.named && a == b && errors.Join(errA, errB) == nil {
			errs = append(errs, fmt.Errorf("%s: this is the new template: give the one that is deployed", was.File))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(before) == 0 {
		var have []string
		for _, was := range olds {
			have = append(have, was.ID)
		}
		return nil, fmt.Errorf("nothing to compare: deployed is %s, and new is %s", strings.Join(have, ", "), strings.Join(names, ", "))
	}
	return before, nil
}

// shared counts the resources of the same id and type.
func shared(a, b *cfn.Stack) (n int) {
	for _, r := range a.Resources() {
		if other := b.Resource(r.ID); other != nil && other.Type == r.Type {
			n++
		}
	}
	return n
}

// reference is a use of another resource: of its id, where attribute is empty, or of an attribute.
type reference struct {
	resource  *cfn.Resource
	attribute string
}

func referenceOf(v cfn.Value) (reference, bool) {
	if r, attribute, ok := v.Attribute(); ok {
		return reference{r, attribute}, true
	}
	if r, ok := v.Resource(); ok {
		return reference{r, ""}, true
	}
	return reference{}, false
}

// walk visits a value and all in it.
func walk(v cfn.Value, visit func(cfn.Value)) {
	visit(v)
	for _, child := range children(v) {
		walk(child, visit)
	}
}

func children(v cfn.Value) []cfn.Value {
	switch v.Kind() {
	case cfn.List:
		return v.Items()
	case cfn.Text:
		return v.Parts()
	case cfn.Call:
		_, args, _ := v.Call()
		return args
	case cfn.Map:
		var out []cfn.Value
		for _, k := range v.Keys() {
			out = append(out, v.Field(k))
		}
		return out
	default:
	}
	return nil
}

// references are the uses of other resources in a value, wherever they stand in it.
func references(v cfn.Value) (out []reference) {
	walk(v, func(e cfn.Value) {
		if ref, ok := referenceOf(e); ok && !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	})
	return out
}

// at is what is found at a path of properties; * stands for every item of a list.
func at(v cfn.Value, path string) cfn.Value {
	step, rest, more := strings.Cut(path, "/")
	if step == "*" {
		var items []cfn.Value
		for _, item := range v.Items() {
			if more {
				item = at(item, rest)
			}
			items = append(items, item)
		}
		return cfn.ListOf(items...)
	}
	if v.Kind() != cfn.Map && v.Exists() && !v.Known() {
		return v // a whole that is not known stands for its parts
	}
	v = v.Field(step)
	if more {
		return at(v, rest)
	}
	return v
}

// imports are the names of exports that a stack uses.
func imports(s *cfn.Stack) (out []cfn.Value) {
	look := func(v cfn.Value) {
		walk(v, func(e cfn.Value) {
			if fn, args, ok := e.Call(); ok && fn == "Fn::ImportValue" && len(args) == 1 {
				out = append(out, args[0])
			}
		})
	}
	for _, r := range s.Resources() {
		look(r.Props())
	}
	for _, name := range s.Outputs() {
		look(s.Output(name))
	}
	return out
}
