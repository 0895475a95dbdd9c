package updates

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
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
	ID, Type string
	Kind     Kind
	// Properties are those that change, top-level ones and attributes such as DeletionPolicy, sorted; of what is replaced,
	// the paths that make it so.
	Properties []string
	// Maybe says that Replaced depends on what the resource's handler finds.
	Maybe bool
	// Kept says that what is deleted, or replaced, stays in the account without belonging to the stack.
	Kept bool
	// Left are objects of a manifest that stay in the cluster, although the manifest has them no longer.
	Left []string
	// Refused tells why CloudFormation, or the service, refuses the change and with it the whole update, a colon, and what it
	// is about; or nothing.
	Refused string
}

// Result is what an update of one stack does.
type Result struct {
	Changes []Change // by kind, type and id
	// Outputs that come and that go, sorted, and those with another value.
	AddedOutputs, DeletedOutputs, ChangedOutputs []string
	// Refused tells why the update fails for the sake of other stacks.
	Refused []string
}

// Of are the changes of a kind, of the given types or of all.
func (r Result) Of(kind Kind, types ...string) []Change {
	var out []Change
	for _, c := range r.Changes {
		if c.Kind == kind && (len(types) == 0 || slices.Contains(types, c.Type)) {
			out = append(out, c)
		}
	}
	return out
}

// Compare tells what an update from one template to another does. imported are the exports that other stacks use while it
// runs. It is an error if a resource's type is in no schema, or if the templates differ in what it does not look into.
func Compare(before, after Template, schemas Schemas, imported map[string]bool) (Result, error) {
	for what, pair := range map[string][2]map[string]any{
		"Parameters": {before.Parameters, after.Parameters}, "Mappings": {before.Mappings, after.Mappings}, "Conditions": {before.Conditions, after.Conditions},
	} {
		if len(pair[0])+len(pair[1]) > 0 && !reflect.DeepEqual(pair[0], pair[1]) {
			return Result{}, fmt.Errorf("%s differ, and what refers to them is not followed", what)
		}
	}
	var errs []error
	for _, t := range []Template{before, after} {
		for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
			if _, ok := schemas.of(t.Resources[id].Type); !ok {
				errs = append(errs, fmt.Errorf("%s: no schema of %s: add the type to MORE in test/testdata/createonly.py and run it", id, t.Resources[id].Type))
			}
		}
	}
	if len(errs) > 0 {
		return Result{}, errors.Join(errs...)
	}
	c := comparison{before: before, after: after, schemas: schemas, changes: map[string]Change{}}
	for c.round() { // until nothing more follows from what changes
	}
	return c.result(imported), nil
}

type comparison struct {
	before, after Template
	schemas       Schemas
	changes       map[string]Change
}

// round looks at every resource that stays, with what is known so far of the others, and tells whether it found more.
func (c comparison) round() (more bool) {
	for _, id := range slices.Sorted(maps.Keys(c.after.Resources)) {
		was, ok := c.before.Resources[id]
		if !ok {
			continue
		}
		if change, ok := c.look(id, was, c.after.Resources[id]); ok && !reflect.DeepEqual(change, c.changes[id]) {
			c.changes[id], more = change, true
		}
	}
	return more
}

// differs tells whether a value changes: itself, or what it refers to.
func (c comparison) differs(was, is any) bool {
	if !reflect.DeepEqual(was, is) {
		return true
	}
	for _, ref := range references(is) {
		change, ok := c.changes[ref.id]
		if ok && (change.Kind == Replaced || slices.Contains(volatile[change.Type], ref.attribute)) {
			return true
		}
	}
	return false
}

func (c comparison) look(id string, was, is Resource) (Change, bool) {
	out := Change{ID: id, Type: is.Type, Kind: Changed}
	if was.Type != is.Type {
		out.Properties, out.Refused = []string{"Type"}, fmt.Sprintf("a resource's type cannot change: from %s to %s", was.Type, is.Type)
		return out, true
	}
	names := map[string]bool{}
	for _, properties := range []map[string]any{was.Properties, is.Properties} {
		for name := range properties {
			names[name] = true
		}
	}
	for name := range names {
		if c.differs(was.Properties[name], is.Properties[name]) {
			out.Properties = append(out.Properties, name)
		}
	}
	for name, differ := range map[string]bool{
		"DeletionPolicy": was.DeletionPolicy != is.DeletionPolicy, "UpdateReplacePolicy": was.UpdateReplacePolicy != is.UpdateReplacePolicy,
	} {
		if differ {
			out.Properties = append(out.Properties, name)
		}
	}
	if len(out.Properties) == 0 {
		return Change{}, false
	}
	slices.Sort(out.Properties)

	schema, _ := c.schemas.of(is.Type)
	changed := func(path string) bool { return c.differs(at(was.Properties, path), at(is.Properties, path)) }
	reasons := filter(schema.CreateOnly, changed)
	if len(reasons) == 0 {
		reasons = filter(schema.Conditional, changed)
		out.Maybe = len(reasons) > 0
	}
	if len(reasons) == 0 {
		out.Refused = cmp.Or(together(is.Type, out.Properties), c.moved(is))
		if is.Type == manifestType {
			out.Left, out.Refused = c.kubernetes(was, is)
		}
		return out, true
	}
	out.Kind, out.Properties = Replaced, reasons
	out.Kept = is.UpdateReplacePolicy == "Retain"
	if schema.DeleteFirst {
		return out, true
	}
	out.Refused = cmp.Or(c.overlaps(id, is), c.served(is))
	if name := c.taken(schema, is, changed); name != "" {
		out.Refused = fmt.Sprintf("it is made anew under the same name, which the old one still has: %s, %s", id, name)
	}
	return out, true
}

// taken is what a resource is named by, if a second one would be named the same, or nothing.
func (c comparison) taken(schema Schema, is Resource, changed func(string) bool) string {
	names := schema.Identifier
	for _, n := range namesOfTheirOwn {
		if slices.Contains(schema.CreateOnly, n) && at(is.Properties, n) != nil && !changed(n) {
			return n
		}
	}
	if len(names) == 0 {
		return ""
	}
	for _, n := range names {
		if at(is.Properties, n) == nil || changed(n) { // CloudFormation makes a new one up, or it is another
			return ""
		}
	}
	return strings.Join(names, ", ")
}

// together tells what EKS says of properties that change at once, or nothing.
func together(typ string, properties []string) string {
	for _, name := range slices.Sorted(maps.Keys(alone[typ])) {
		with := alone[typ][name]
		if !slices.Contains(properties, name) {
			continue
		}
		others := filter(properties, func(p string) bool { return p != name && !slices.Contains(with, p) })
		if len(others) > 0 {
			return fmt.Sprintf("EKS changes a node group's %s alone: not with %s", name, strings.Join(others, ", "))
		}
	}
	for _, pair := range apart[typ] {
		if slices.Contains(properties, pair[0]) && slices.Contains(properties, pair[1]) {
			return fmt.Sprintf("EKS changes a node group's %s and %s one after the other: not at once", pair[0], pair[1])
		}
	}
	return ""
}

// moved tells what EKS says of a cluster whose subnets are made anew elsewhere, or nothing.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
func (c comparison) moved(is Resource) string {
	if is.Type != cluster {
		return ""
	}
	for _, ref := range references(is.Properties["ResourcesVpcConfig"]) {
		change := c.changes[ref.id]
		if change.Type == subnet && change.Kind == Replaced && !change.Maybe && (slices.Contains(change.Properties, "VpcId") || slices.Contains(change.Properties, "AvailabilityZone")) {
			return "EKS moves no cluster to another VPC or to other zones: " + ref.id + " is made anew there"
		}
	}
	return ""
}

// overlaps tells which range of the same VPC, that goes only at the end, stands in the way of a new one, or nothing.
func (c comparison) overlaps(id string, is Resource) string {
	if is.Type != subnet && is.Type != vpcRange {
		return ""
	}
	for _, other := range slices.Sorted(maps.Keys(c.before.Resources)) {
		was := c.before.Resources[other]
		_, stays := c.after.Resources[other]
		goes := !stays || c.changes[other].Kind == Replaced
		if was.Type != is.Type || !goes || c.differs(was.Properties["VpcId"], is.Properties["VpcId"]) {
			continue
		}
		for _, family := range []string{"CidrBlock", "Ipv6CidrBlock"} {
			if range1, range2 := was.Properties[family], is.Properties[family]; range1 != nil && range2 != nil && overlap(range1, range2) {
				return fmt.Sprintf("the range is made while the old one is still there: %s, %s", id, other)
			}
		}
	}
	return ""
}

// overlap tells whether two ranges do, as far as templates show it.
func overlap(a, b any) bool {
	first, errA := netip.ParsePrefix(fmt.Sprint(a))
	second, errB := netip.ParsePrefix(fmt.Sprint(b))
	if errA != nil || errB != nil {
		return reflect.DeepEqual(a, b)
	}
	return first.Overlaps(second)
}

// served tells which target group a new listener of another load balancer cannot have yet, or nothing: it serves one load
// balancer at a time, and the old listener goes at the end.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html (TargetGroupAssociationLimit)
func (c comparison) served(is Resource) string {
	if is.Type != listener {
		return ""
	}
	for _, ref := range references(is.Properties["DefaultActions"]) {
		if _, ok := c.before.Resources[ref.id]; ok && c.changes[ref.id].Kind != Replaced {
			return fmt.Sprintf("a target group serves one load balancer, until the end the old one: %s", ref.id)
		}
	}
	return ""
}

func (c comparison) result(imported map[string]bool) Result {
	var r Result
	for id, is := range c.after.Resources {
		if _, ok := c.before.Resources[id]; !ok {
			r.Changes = append(r.Changes, Change{ID: id, Type: is.Type, Kind: Added, Refused: cmp.Or(c.overlaps(id, is), c.made(is))})
		}
	}
	for id, was := range c.before.Resources {
		if _, ok := c.after.Resources[id]; !ok {
			r.Changes = append(r.Changes, Change{ID: id, Type: was.Type, Kind: Deleted, Kept: strings.HasPrefix(was.DeletionPolicy, "Retain")})
		}
	}
	r.Changes = slices.AppendSeq(r.Changes, maps.Values(c.changes))
	slices.SortFunc(r.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Type, b.Type), strings.Compare(a.ID, b.ID))
	})
	for name, is := range c.after.Outputs {
		if was, ok := c.before.Outputs[name]; !ok {
			r.AddedOutputs = append(r.AddedOutputs, name)
		} else if c.differs(was.Value, is.Value) || was.Export != is.Export {
			r.ChangedOutputs = append(r.ChangedOutputs, name)
		}
	}
	for name := range c.before.Outputs {
		if _, ok := c.after.Outputs[name]; !ok {
			r.DeletedOutputs = append(r.DeletedOutputs, name)
		}
	}
	for _, list := range [][]string{r.AddedOutputs, r.ChangedOutputs, r.DeletedOutputs} {
		slices.Sort(list)
	}
	for _, name := range slices.Concat(r.ChangedOutputs, r.DeletedOutputs) {
		if export := c.before.Outputs[name].Export.Name; imported[export] {
			r.Refused = append(r.Refused, fmt.Sprintf("another stack imports what would change or go: %s", export))
		}
	}
	return r
}

func filter(list []string, keep func(string) bool) (out []string) {
	for _, s := range list {
		if keep(s) {
			out = append(out, s)
		}
	}
	return out
}

// Imports are the exports that stacks use.
func Imports(stacks ...Template) map[string]bool {
	out := map[string]bool{}
	for _, t := range stacks {
		maps.Copy(out, imports(t))
	}
	return out
}
