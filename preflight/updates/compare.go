package updates

import (
	"cmp"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// Kind is what happens to a resource.
type Kind int

// The kinds, in the order in which they are shown.
const (
	Added    Kind = iota
	Changed       // in place
	Replaced      // made anew: the new one first, the old one deleted at the end
	Deleted
)

var kinds = [...]string{"added", "changed", "replaced", "deleted"}

// String is added, changed, replaced or deleted.
func (k Kind) String() string { return kinds[k] }

// Change is what an update does to one resource.
type Change struct {
	ID, Type, ConstructPath string
	Kind                    Kind
	// Properties are those that change, top-level ones and attributes such as DeletionPolicy, sorted; of what is replaced,
	// the paths that make it so.
	Properties []string
	// Maybe says that the deployment decides whether it happens: by a value that the templates leave open, or by what the
	// resource's handler finds.
	Maybe bool
	// Unknown says that nothing is known of the type, or that a nested template is not at hand: what is said to change in
	// place may be made anew.
	Unknown bool
	// Kept says that what is deleted, or replaced, stays in the account without belonging to the stack.
	Kept bool
	// Left are objects of a manifest that stay in the cluster, although the manifest has them no longer.
	Left []string
	// Refused tells why CloudFormation, or the service, refuses the change and with it the whole update.
	Refused []Refusal

	certainty map[string]certainty // of Properties
}

// Place is where in the resource's template entry one of Properties stands, for example Properties.Version.
func (c Change) Place(property string) string {
	if property == "Type" || slices.Contains(policies, property) {
		return property
	}
	return "Properties." + strings.ReplaceAll(property, "/", ".")
}

// Update is what new templates do to what is deployed, stack by stack.
type Update struct{ Stacks []Stack }

// Stack is what an update does to one stack.
type Stack struct {
	// Name is the stack's; of a nested one with its parent's before it.
	Name string
	// Deployed is the file of the deployed template, or "" where the stack is new. Nothing is said of what is in a new stack.
	Deployed string
	Changes  []Change // by kind, type and id
	// Outputs that come and that go, sorted, and those with another value.
	AddedOutputs, DeletedOutputs, ChangedOutputs []string
	// Refused tells why the update fails for the sake of other stacks.
	Refused []Refusal
}

// Of are the changes of a kind, of the given types or of all.
func (s Stack) Of(kind Kind, types ...string) []Change {
	var out []Change
	for _, c := range s.Changes {
		if c.Kind == kind && (len(types) == 0 || slices.Contains(types, c.Type)) {
			out = append(out, c)
		}
	}
	return out
}

// CompareFiles loads two sets of templates and compares them.
func CompareFiles(deployed, next []string) (*Update, error) {
	before, errBefore := Load(deployed...)
	after, errAfter := Load(next...)
	if err := errors.Join(errBefore, errAfter); err != nil {
		return nil, err
	}
	return Compare(before, after)
}

// Compare tells what an update of the stacks that are deployed does. A stack is known by its name; a template file that is
// named otherwise, by its resources. It is an error if a deployed template belongs to no new one. A deployed stack that is not
// among the new ones is left as it is.
func Compare(deployed, next *Templates) (*Update, error) {
	before, err := pair(deployed, next)
	if err != nil {
		return nil, err
	}
	c := &comparison{before: before, after: map[*cfn.Stack]*cfn.Stack{}, changes: map[*cfn.Resource]Change{}, props: map[*cfn.Resource]cfn.Value{}}
	for _, is := range next.set.Stacks() { // parents come before their children
		if is.Parent != nil && before[is.Parent.Stack] != nil {
			if was := before[is.Parent.Stack].Nested(is.Parent.ID); was != nil {
				before[is] = was
			}
		}
		if before[is] != nil {
			c.after[before[is]] = is
		}
	}
	for c.round(next.set.Resources()) { // until nothing more follows from what changes
	}
	var u Update
	for _, is := range next.set.Stacks() {
		u.Stacks = append(u.Stacks, c.stack(is, deployed))
	}
	for _, was := range deployed.set.Stacks() { // what was nested and is not any more
		if was.Parent != nil && c.after[was] == nil && c.gone(was) {
			u.Stacks = append(u.Stacks, Stack{Name: was.ID, Deployed: was.File, Changes: c.sorted(deletions(was, nil))})
		}
	}
	return &u, nil
}

type comparison struct {
	before, after map[*cfn.Stack]*cfn.Stack // of a new stack, and of a deployed one
	changes       map[*cfn.Resource]Change  // of new resources that are deployed already
	props         map[*cfn.Resource]cfn.Value
	reading       int // outputs of other stacks, one within the other
}

// twin is the deployed resource that a new one is, or nil.
func (c *comparison) twin(is *cfn.Resource) *cfn.Resource {
	if was := c.before[is.Stack]; was != nil {
		return was.Resource(is.ID)
	}
	return nil
}

// gone says that a nested stack goes, or one that nests it does.
func (c *comparison) gone(was *cfn.Stack) bool {
	up := was.Parent.Stack
	if is := c.after[up]; is != nil {
		return is.Resource(was.Parent.ID) == nil
	}
	return up.Parent != nil && c.gone(up)
}

// of are the properties of a resource, evaluated once.
func (c *comparison) of(r *cfn.Resource) cfn.Value {
	v, ok := c.props[r]
	if !ok {
		v = r.Props()
		c.props[r] = v
	}
	return v
}

// round looks at every resource that stays, with what is known so far of the others, and tells whether it found more.
func (c *comparison) round(resources []*cfn.Resource) (more bool) {
	for _, is := range resources {
		was := c.twin(is)
		if was == nil {
			continue
		}
		if change, ok := c.look(was, is); ok && !reflect.DeepEqual(change, c.changes[is]) {
			c.changes[is], more = change, true
		}
	}
	return more
}

// policies are the attributes that say what becomes of a resource, and are none of its properties.
var policies = []string{"DeletionPolicy", "UpdateReplacePolicy"}

// look tells what happens to a resource that stays.
func (c *comparison) look(was, is *cfn.Resource) (Change, bool) {
	out := Change{ID: is.ID, Type: is.Type, ConstructPath: is.ConstructPath, Kind: Changed, certainty: map[string]certainty{}}
	if was.Type != is.Type {
		out.Properties = []string{"Type"}
		out.refuse(Beside, surely, "a resource's type cannot change: from %s to %s", was.Type, is.Type)
		return out, true
	}
	before, after := c.of(was), c.of(is)
	note := func(name string, how certainty) {
		if how > same {
			out.certainty[name] = how
		}
	}
	for _, name := range slices.Concat(before.Keys(), after.Keys()) {
		note(name, c.differ(before.Field(name), after.Field(name)))
	}
	note(policies[0], c.differ(was.DeletionPolicy(), is.DeletionPolicy()))
	note(policies[1], c.differ(was.UpdateReplacePolicy(), is.UpdateReplacePolicy()))
	if len(out.certainty) == 0 {
		return Change{}, false
	}
	out.Properties = slices.Sorted(maps.Keys(out.certainty))

	known := c.classify(&out, before, after)
	onlyKept := !slices.ContainsFunc(out.Properties, func(p string) bool { return !slices.Contains(policies, p) })
	out.Unknown = !known && out.Kind == Changed && !onlyKept
	if child := is.Stack.Nested(is.ID); is.Type == nestedStack && (child == nil || c.before[child] == nil) {
		out.Unknown = true
	}
	out.Kept = out.Kind == Replaced && kept(is.UpdateReplacePolicy())
	c.refusals(&out, was, is)
	return out, true
}

// classify tells whether a change is made in place, and whether its type is known.
func (c *comparison) classify(out *Change, before, after cfn.Value) (known bool) {
	schema, known := schemaOf(out.Type)
	var sure, open []string
	for _, path := range schema.CreateOnly {
		switch c.differ(at(before, path), at(after, path)) {
		case surely:
			sure = append(sure, path)
		case perhaps:
			open = append(open, path)
		default:
		}
	}
	for _, path := range schema.Conditional {
		if c.differ(at(before, path), at(after, path)) > same {
			open = append(open, path)
		}
	}
	switch {
	case len(sure) > 0:
		out.Kind, out.Properties = Replaced, sure
	case len(open) > 0:
		out.Kind, out.Properties, out.Maybe = Replaced, open, true
	default:
		out.Maybe = !slices.ContainsFunc(out.Properties, func(p string) bool { return out.certainty[p] == surely })
	}
	return known
}

// stack is what happens to one new stack.
func (c *comparison) stack(is *cfn.Stack, deployed *Templates) Stack {
	s := Stack{Name: is.ID}
	was := c.before[is]
	if was == nil {
		return s
	}
	s.Deployed = was.File
	for _, r := range is.Resources() {
		if c.twin(r) == nil {
			add := Change{ID: r.ID, Type: r.Type, ConstructPath: r.ConstructPath, Kind: Added}
			c.refusals(&add, nil, r)
			s.Changes = append(s.Changes, add)
		} else if change, ok := c.changes[r]; ok {
			s.Changes = append(s.Changes, change)
		}
	}
	s.Changes = c.sorted(append(s.Changes, deletions(was, is)...))
	for _, name := range is.Outputs() {
		before, after := was.Output(name), is.Output(name)
		switch {
		case !after.Exists():
		case !before.Exists():
			s.AddedOutputs = append(s.AddedOutputs, name)
		case c.differ(before, after) == surely || c.differ(was.Export(name), is.Export(name)) == surely:
			s.ChangedOutputs = append(s.ChangedOutputs, name)
		}
	}
	for _, name := range was.Outputs() {
		if was.Output(name).Exists() && !is.Output(name).Exists() {
			s.DeletedOutputs = append(s.DeletedOutputs, name)
		}
	}
	s.Refused = imported(was, slices.Concat(s.ChangedOutputs, s.DeletedOutputs), deployed)
	return s
}

// deletions are the resources of a deployed stack that a new one has no longer; all, where there is none.
func deletions(was, is *cfn.Stack) (out []Change) {
	for _, r := range was.Resources() {
		if is == nil || is.Resource(r.ID) == nil {
			out = append(out, Change{ID: r.ID, Type: r.Type, ConstructPath: r.ConstructPath, Kind: Deleted, Kept: kept(r.DeletionPolicy()), Maybe: r.Conditional})
		}
	}
	return out
}

func (*comparison) sorted(changes []Change) []Change {
	slices.SortFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Type, b.Type), strings.Compare(a.ID, b.ID))
	})
	return changes
}
