package cfn

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxWork bounds one load, in values made and bytes joined; maxPropWork bounds one property.
const (
	maxWork     = 32 << 20
	maxPropWork = 4 << 20
	maxInFlight = 200 // providers within providers
)

// place is where in the template the evaluator is; it is spelled out only for a message, and nil where there are no
// messages.
type place struct {
	up  *place
	key string
	i   int
}

func (p *place) to(key string) *place {
	if p == nil {
		return nil
	}
	return &place{up: p, key: key}
}

func (p *place) at(i int) *place {
	if p == nil {
		return nil
	}
	return &place{up: p, i: i}
}

func (p *place) out() *place {
	if p == nil {
		return nil
	}
	return p.up
}

// String is the path, as in Resources.Web.Properties.Subnets.0.
func (p *place) String() string {
	if p == nil {
		return ""
	}
	s := p.key
	if s == "" && p.up != nil {
		s = strconv.Itoa(p.i)
	}
	if up := p.up.String(); up != "" {
		return up + "." + s
	}
	return s
}

// visit is a condition, parameter or output being evaluated, and what led to it.
type visit struct {
	up   *visit
	st   *Stack
	kind string
	name string
}

// evaluator turns nodes of one stack into values. It keeps no state between calls but the budget.
type evaluator struct {
	st       *Stack
	problems *problems    // nil when reading a set that is already checked
	uses     map[Use]bool // references met, or nil
	visits   *visit
	budget   *int
	depth    int
	naming   bool // an export's name is evaluated; exports are not known yet
	unsure   bool // a condition that is not decided may keep this from being evaluated at all
}

func (e *evaluator) fail(at *place, format string, args ...any) {
	if e.problems != nil {
		e.problems.add(&Error{File: e.st.File, Path: clip(at.String(), 300), Msg: fmt.Sprintf(format, args...)})
	}
}

// refuse reports what is wrong only where the deployment evaluates it.
func (e *evaluator) refuse(at *place, format string, args ...any) {
	if !e.unsure {
		e.fail(at, format, args...)
	}
}

// note tells of an assumption, once: when the set is loaded.
func (e *evaluator) note(at *place, text string) {
	if e.problems != nil {
		e.st.set.note(e.st, clip(at.String(), 300), text)
	}
}

// spend takes n from the budget; false when it is used up.
func (e *evaluator) spend(n int, at *place) bool {
	if *e.budget < n {
		if *e.budget >= 0 {
			e.fail(at, "evaluating this grows beyond all measure")
			*e.budget = -1
		}
		return false
	}
	*e.budget -= n
	return true
}

var exhausted = Value{kind: Call, text: "(too large)"}

// enter goes one level into another stack's or section's entity; nil when that is a circle.
func (e *evaluator) enter(st *Stack, kind, name string, at *place) *evaluator {
	for v := e.visits; v != nil; v = v.up {
		if v.st != st || v.kind != kind || v.name != name {
			continue
		}
		var steps []string
		for w := e.visits; ; w = w.up {
			steps = append([]string{w.label(st)}, steps...)
			if w == v {
				break
			}
		}
		e.fail(at, "circular definition: %s", strings.Join(append(steps, v.label(st)), " -> "))
		return nil
	}
	if e.depth > maxDepth*4 {
		e.fail(at, "definitions refer to one another more than %d deep", maxDepth*4)
		return nil
	}
	return &evaluator{st: st, problems: e.problems, visits: &visit{e.visits, st, kind, name}, budget: e.budget, depth: e.depth + 1, naming: e.naming}
}

// visiting reports whether an export is what is being evaluated.
func (e *evaluator) visiting(x export) bool {
	for v := e.visits; v != nil; v = v.up {
		if v.st == x.stack && v.kind == "output" && v.name == x.output {
			return true
		}
	}
	return false
}

func (v *visit) label(home *Stack) string {
	if v.st != home {
		return v.kind + " " + v.name + " of " + v.st.Name
	}
	return v.kind + " " + v.name
}

func (e *evaluator) value(n *node, at *place) Value {
	if n == nil || n.kind == nullNode {
		return Value{}
	}
	if e.depth > maxDepth*8 || !e.spend(1, at) {
		return exhausted
	}
	e.depth++
	v := e.expand(n, at)
	e.depth--
	if v.size > maxSize {
		e.fail(at, "the value holds more than %d parts", maxSize)
		return exhausted
	}
	return v
}

func (e *evaluator) expand(n *node, at *place) Value {
	switch n.kind {
	case scalarNode:
		return Value{kind: Scalar, lit: n.lit, text: n.text}
	case listNode:
		items := make([]Value, 0, len(n.list))
		for i, c := range n.list {
			if v := e.value(c, at.at(i)); v.Exists() {
				items = append(items, v)
			}
		}
		return ListOf(items...)
	case nullNode, mapNode:
	}
	if fn, ok := n.intrinsic(); ok {
		return e.call(fn, n.field(fn), at.to(fn))
	}
	keys, dict := make([]string, 0, len(n.keys)), make(map[string]Value, len(n.keys))
	for i, k := range n.keys {
		if strings.HasPrefix(k, "Fn::") && k != "Fn::Transform" && !strings.HasPrefix(k, "Fn::ForEach") {
			e.fail(at, "%s stands beside other keys (%s); a function must be the only key of its map", clip(k, 60), clip(strings.Join(n.keys, ", "), 120))
		}
		if v := e.value(n.list[i], at.to(k)); v.Exists() {
			keys = append(keys, k)
			dict[k] = v
		}
	}
	return mapOf(keys, dict)
}

// eval evaluates a part of a checked set.
func (r *Resource) eval(n *node) Value {
	budget := maxPropWork
	e := &evaluator{st: r.Stack, budget: &budget}
	return e.value(n, nil)
}

// Output evaluates an output of the stack; absent where there is none or its condition is false.
func (s *Stack) Output(name string) Value {
	budget := maxPropWork
	e := &evaluator{st: s, budget: &budget}
	return e.output(s, name, nil)
}

// forget drops what was remembered, after a change of the provider.
func (s *Stack) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conditions, s.params, s.outputs = map[string]Value{}, map[string]Value{}, map[string]Value{}
}

// remembered gives the value of a name in one of the stack's memories, evaluating it at the first question.
func (s *Stack) remembered(memory *map[string]Value, name string, make func() Value) Value {
	s.mu.Lock()
	v, ok := (*memory)[name]
	s.mu.Unlock()
	if ok {
		return v
	}
	v = make()
	s.mu.Lock()
	(*memory)[name] = v
	s.mu.Unlock()
	return v
}

// Export evaluates the name by which an output is exported; absent where it is not.
func (s *Stack) Export(output string) Value {
	budget := maxPropWork
	e := &evaluator{st: s, budget: &budget}
	return e.value(s.tmpl.outputs.field(output).field("Export").field("Name"), nil)
}

func (e *evaluator) output(st *Stack, name string, at *place) Value {
	return st.remembered(&st.outputs, name, func() Value {
		n := st.tmpl.outputs.field(name)
		if n == nil {
			return Value{}
		}
		in := e.enter(st, "output", name, at)
		if in == nil {
			return unknown("(circular)")
		}
		home := (&place{key: "Outputs"}).to(name)
		keep, certain := in.keeps(n, home)
		if !keep {
			return Value{}
		}
		in.unsure = !certain
		return in.value(n.field("Value"), home.to("Value"))
	})
}

// keeps says whether the Condition of a resource or output lets it be, and whether that is certain.
func (s *Stack) keeps(n *node, where string, p *problems, budget *int) (keep, certain bool) {
	return (&evaluator{st: s, problems: p, budget: budget}).keeps(n, &place{key: where})
}

func (e *evaluator) keeps(n *node, at *place) (keep, certain bool) {
	c := n.field("Condition")
	if !c.is(scalarNode) {
		return true, true
	}
	b, ok := e.condition(c.text, at.to("Condition")).Bool()
	return b || !ok, ok
}

// condition evaluates a named condition to true, false or something unknown.
func (e *evaluator) condition(name string, at *place) Value {
	n := e.st.tmpl.conditions.field(name)
	if n == nil && e.st.tmpl.partial() {
		return unknown("Condition", String(name))
	}
	if n == nil {
		e.fail(at, "there is no condition %q%s", clip(name, 60), nearest(name, e.st.tmpl.conditions.keys))
		return unknown("Condition", String(name))
	}
	return e.st.remembered(&e.st.conditions, name, func() Value {
		in := e.enter(e.st, "condition", name, at)
		if in == nil {
			return unknown("(circular)")
		}
		v := in.test(n, (&place{key: "Conditions"}).to(name))
		if _, ok := v.Bool(); !ok {
			c := Value{kind: Call, text: "Condition", list: []Value{String(name)}, stack: e.st}
			if e.st.set.opts.Apart {
				c.list = append(c.list, v) // another expression is another condition
			}
			return c
		}
		return v
	})
}

// test evaluates a condition's expression.
func (e *evaluator) test(n *node, at *place) Value {
	if n.is(mapNode) && len(n.keys) == 1 {
		if e.depth > maxDepth*8 || !e.spend(1, at) {
			return exhausted
		}
		e.depth++
		defer func() { e.depth-- }()
		fn := n.keys[0]
		arg, in := n.field(fn), at.to(fn)
		switch fn {
		case "Condition":
			if arg.is(scalarNode) {
				return e.condition(arg.text, in)
			}
		case "Fn::Equals":
			if arg.is(listNode) && len(arg.list) == 2 {
				a, b := e.value(arg.list[0], in.at(0)), e.value(arg.list[1], in.at(1))
				switch {
				case !e.spend(a.weight()+b.weight(), in):
					return exhausted
				case a.Equal(b):
					return boolean(true)
				case a.Known() && b.Known():
					return boolean(false)
				}
				return unknown(fn, a, b)
			}
			e.fail(in, "wants a list of two values, found %s", arg.what())
			return unknown(fn)
		case "Fn::Not":
			if arg.is(listNode) && len(arg.list) == 1 {
				v := e.test(arg.list[0], in.at(0))
				if b, ok := v.Bool(); ok {
					return boolean(!b)
				}
				return unknown(fn, v)
			}
			e.fail(in, "wants a list of one condition, found %s", arg.what())
			return unknown(fn)
		case "Fn::And", "Fn::Or":
			if !arg.is(listNode) || len(arg.list) < 2 || len(arg.list) > 10 {
				e.fail(in, "wants a list of 2 to 10 conditions, found %s", arg.what())
				return unknown(fn)
			}
			decides := fn == "Fn::Or"
			var open []Value
			decided := false
			for i, c := range arg.list {
				v := e.test(c, in.at(i))
				if b, ok := v.Bool(); !ok {
					open = append(open, v)
				} else if b == decides {
					decided = true
				}
			}
			switch {
			case decided:
				return boolean(decides)
			case len(open) == 0:
				return boolean(!decides)
			}
			return unknown(fn, open...)
		}
	}
	v := e.value(n, at)
	if _, ok := v.Bool(); !ok && v.Known() {
		e.fail(at, "is %s, wanted a condition (Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition)", n.what())
	}
	return v
}

func boolean(b bool) Value { return Value{kind: Scalar, lit: litBool, text: strconv.FormatBool(b)} }

// parameter evaluates a Ref to a parameter: the parent's value, the caller's, or the default.
func (e *evaluator) parameter(name string, at *place) Value {
	st := e.st
	return st.remembered(&st.params, name, func() Value {
		decl := st.tmpl.parameters.field(name)
		typ := decl.str("Type")
		// The Default of such a parameter is the name of a key in Parameter Store, not the value.
		// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
		if strings.HasPrefix(typ, "AWS::SSM::Parameter::Value<") {
			v := st.open(name)
			if key := decl.str("Default"); st.set.opts.Apart && key != "" {
				v.list = append(v.list, String(key)) // another key is another value
			}
			return v
		}
		v := Value{}
		if st.Parent != nil {
			given := st.Parent.node.field("Properties").field("Parameters").field(name)
			if given != nil {
				in := e.enter(st.Parent.Stack, "parameter", st.Parent.ID+"."+name, at)
				if in == nil {
					return unknown("(circular)")
				}
				in.unsure = st.Parent.Conditional
				v = in.value(given, (&place{key: "Resources"}).to(st.Parent.ID).to("Properties").to("Parameters").to(name))
			}
		} else if s, ok := st.set.opts.Parameters[st.Name+"."+name]; ok {
			v = String(s)
		} else if s, ok := st.set.opts.Parameters[name]; ok {
			v = String(s)
		}
		if !v.Exists() {
			d := decl.field("Default")
			if d == nil || d.kind == nullNode {
				return st.open(name)
			}
			if !d.is(scalarNode) {
				e.fail((&place{key: "Parameters"}).to(name).to("Default"), "is %s, wanted a string", d.what())
				return st.open(name)
			}
			v = Value{kind: Scalar, lit: d.lit, text: d.text}
		}
		if typ == "CommaDelimitedList" || strings.HasPrefix(typ, "List<") {
			return splitCommas(v)
		}
		return v
	})
}

// open is a parameter without a value.
func (s *Stack) open(name string) Value {
	return Value{kind: Call, text: "Ref", list: []Value{String(name)}, stack: s}
}

// splitCommas is a list parameter's value: a blank text is a list of one blank item.
func splitCommas(v Value) Value {
	items, ok := split(",", v)
	if !ok {
		return v
	}
	for i, it := range items {
		if it.kind == Scalar {
			items[i].text = strings.TrimSpace(it.text)
		}
	}
	return ListOf(items...)
}

// pseudo evaluates a pseudo parameter.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
func (s *Stack) pseudo(name string) (v Value, ok bool) {
	first := func(options ...string) Value {
		for _, o := range options {
			if o != "" {
				return String(o)
			}
		}
		return unknown(name)
	}
	top := s.home()
	if s.set.opts.Apart {
		top = &Stack{}
	}
	region, _ := first(top.region, s.set.opts.Region).Text()
	partition := s.set.opts.Partition
	if partition == "" && region != "" {
		partition = partitionOf(region)
	}
	switch name {
	case "AWS::NoValue":
		return Value{}, true
	case "AWS::Region":
		return first(region), true
	case "AWS::AccountId":
		return first(top.account, s.set.opts.AccountID), true
	case "AWS::Partition":
		return first(partition), true
	case "AWS::URLSuffix":
		switch partition {
		case "aws", "aws-us-gov":
			return String("amazonaws.com"), true
		case "aws-cn":
			return String("amazonaws.com.cn"), true
		}
		return unknown(name), true
	case "AWS::StackName":
		if s.named && s.Parent == nil && !s.set.opts.Apart {
			return String(s.Name), true
		}
		return Value{kind: Call, text: name, stack: s}, true
	case "AWS::StackId", "AWS::NotificationARNs":
		return Value{kind: Call, text: name, stack: s}, true
	}
	return Value{}, false
}

func partitionOf(region string) string {
	for prefix, p := range map[string]string{"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b", "us-isof-": "aws-iso-f", "eu-isoe-": "aws-iso-e", "eusc-": "aws-eusc"} {
		if strings.HasPrefix(region, prefix) {
			return p
		}
	}
	return "aws"
}

// provided asks the provider.
func (s *Set) provided(r *Resource, attr string) (Value, bool) {
	s.mu.Lock()
	p := s.provider
	s.mu.Unlock()
	if p == nil {
		return Value{}, false
	}
	// A provider that asks for what it is being asked for would never end.
	if s.depth.Add(1) > maxInFlight {
		s.depth.Add(-1)
		return Value{}, false
	}
	defer s.depth.Add(-1)
	return p(r, attr)
}

// echoes are attributes that return a property as it was given.
var echoes = map[string]map[string]bool{
	"AWS::EC2::VPC":           {"CidrBlock": true},
	"AWS::EC2::Subnet":        {"AvailabilityZone": true, "CidrBlock": true, "VpcId": true},
	"AWS::EC2::SecurityGroup": {"VpcId": true},
	"AWS::EKS::Nodegroup":     {"ClusterName": true, "NodegroupName": true},
}

func (s *Stack) attribute(r *Resource, name string) Value {
	budget := maxPropWork
	return (&evaluator{st: s, budget: &budget}).attribute(r, name, nil)
}

func (e *evaluator) attribute(r *Resource, name string, at *place) Value {
	if child := r.Stack.nested[r.ID]; child != nil && !r.Stack.set.opts.Apart {
		if out, ok := strings.CutPrefix(name, "Outputs."); ok {
			if child.tmpl.outputs.field(out) == nil {
				e.fail(at, "the nested stack %s has no output %q%s", r.ID, out, nearest(out, child.tmpl.outputs.keys))
				return Value{kind: Attr, res: r, text: name}
			}
			return e.output(child, out, at)
		}
	}
	if v, ok := r.Stack.set.provided(r, name); ok {
		return v
	}
	if echoes[r.Type][name] {
		if in := e.enter(r.Stack, "attribute", r.ID+"."+name, at); in != nil {
			in.unsure = r.Conditional
			v := in.value(r.node.field("Properties").field(name), (&place{key: "Resources"}).to(r.ID).to("Properties").to(name))
			if v.Exists() {
				return v
			}
		}
	}
	return Value{kind: Attr, res: r, text: name}
}

// identifies says that an attribute names the resource itself rather than something about it.
func identifies(typ, attr string) bool {
	switch attr {
	case "Id", "Arn", "Name":
		return true
	}
	switch typ + "." + attr {
	case "AWS::EC2::SecurityGroup.GroupId", "AWS::EC2::EIP.AllocationId":
		return true
	}
	last := typ[strings.LastIndex(typ, ":")+1:]
	for _, suffix := range []string{"Id", "Arn", "Name"} {
		if strings.EqualFold(attr, last+suffix) {
			return true
		}
	}
	return false
}

// export is an output that other stacks may import.
type export struct {
	stack  *Stack
	output string
	name   Value
}

// home is the top-level stack that a stack belongs to: itself, where nothing nests it.
func (s *Stack) home() *Stack {
	for s.Parent != nil {
		s = s.Parent.Stack
	}
	return s
}

// elsewhere says that two stacks are deployed to different Regions or accounts, which share no exports.
func (s *Stack) elsewhere(other *Stack) bool {
	for _, name := range []string{"AWS::Region", "AWS::AccountId"} {
		a, _ := s.pseudo(name)
		b, _ := other.pseudo(name)
		if differ(a, b) {
			return true
		}
	}
	return false
}

// differ says that two values are known and not the same.
func differ(a, b Value) bool { return a.Known() && b.Known() && !a.Equal(b) }

// nearby keeps what is in the stack's own assembly, or everything where nothing is: each stage of an app is an assembly
// that can be deployed by itself.
func nearby[T any](s *Stack, all []T, in func(T) *Stack) []T {
	var own []T
	for _, x := range all {
		if in(x).home().assembly == s.home().assembly {
			own = append(own, x)
		}
	}
	if len(own) > 0 {
		return own
	}
	return all
}

func (s *Set) findExports(p *problems, budget *int) []export {
	if s.opts.Apart {
		return nil
	}
	var out []export
	byName := map[string][]export{}
	for _, st := range s.stacks {
		for _, name := range st.Outputs() {
			n := st.tmpl.outputs.field(name)
			e := &evaluator{st: st, problems: p, budget: budget, naming: true}
			at := (&place{key: "Outputs"}).to(name)
			if n.field("Export").field("Name") == nil {
				continue
			}
			if keep, _ := e.keeps(n, at); !keep {
				continue
			}
			x := export{st, name, e.value(n.field("Export").field("Name"), at.to("Export").to("Name"))}
			if t, ok := x.name.Text(); ok {
				twice := slices.IndexFunc(byName[t], func(o export) bool {
					return o.stack.home().assembly == st.home().assembly && !o.stack.elsewhere(st)
				})
				if twice >= 0 {
					first := byName[t][twice]
					e.fail(at.to("Export").to("Name"), "%q is exported already by output %s of %s", clip(t, 120), first.output, first.stack.File)
					continue
				}
				byName[t] = append(byName[t], x)
			}
			out = append(out, x)
		}
	}
	return out
}

// imported evaluates Fn::ImportValue. A name that is known in part is joined with the one export it can be; that
// is noted, for it is an inference.
func (e *evaluator) imported(name Value, at *place) Value {
	if e.naming {
		e.fail(at, "Fn::ImportValue cannot be part of an export's name")
		return unknown("Fn::ImportValue", name)
	}
	if !e.spend(name.weight(), at) {
		return exhausted
	}
	set := e.st.set
	var exact, alike []export
	for _, x := range set.exports {
		if x.stack.elsewhere(e.st) {
			continue
		}
		if x.name.Equal(name) {
			exact = append(exact, x)
		} else if x.stack != e.st && (!name.Known() || !x.name.Known()) && couldEqual(name, x.name) { // no stack imports an export of its own
			alike = append(alike, x)
		}
	}
	exporter := func(x export) *Stack { return x.stack }
	if exact = nearby(e.st, exact, exporter); len(exact) == 1 {
		return e.output(exact[0].stack, exact[0].output, at)
	} else if len(exact) > 1 {
		alike = exact
	}
	alike = slices.DeleteFunc(alike, e.visiting) // it passes this import on: it is none of its sources
	if alike = nearby(e.st, alike, exporter); len(alike) == 1 {
		x := alike[0]
		e.note(at, fmt.Sprintf("the import %s is taken for the export %s of %s: no other export can have this name", name, x.name, x.stack.Name))
		return e.output(x.stack, x.output, at)
	}
	why := "no template here exports it"
	if len(alike) > 1 {
		why = fmt.Sprintf("%d exports here could have this name", len(alike))
	}
	e.note(at, fmt.Sprintf("the import %s is unknown: %s", clip(name.String(), 120), why))
	return unknown("Fn::ImportValue", name)
}

// couldEqual says that two texts with unknown parts share some known text and could come out the same.
func couldEqual(a, b Value) bool {
	p, q := pattern(a), pattern(b)
	if strings.Trim(p, "\x00") == "" || strings.Trim(q, "\x00") == "" {
		return false
	}
	return len(p)*len(q) <= 1<<20 && globsMeet(p, q)
}

// pattern spells a text with NUL for each unknown part.
func pattern(v Value) string {
	var b strings.Builder
	for _, p := range v.Parts() {
		if t, ok := p.Text(); ok {
			b.WriteString(strings.ReplaceAll(t, "\x00", ""))
		} else {
			b.WriteByte(0)
		}
	}
	return b.String()
}

// globsMeet says that some string matches both patterns, NUL standing for any text.
func globsMeet(p, q string) bool {
	// meet[j] says that p[i:] and q[j:] have a string in common; rows go from the last i to the first.
	meet := make([]bool, len(q)+1)
	for i := len(p); i >= 0; i-- {
		row := make([]bool, len(q)+1)
		for j := len(q); j >= 0; j-- {
			switch {
			case i == len(p) && j == len(q):
				row[j] = true
			case i < len(p) && p[i] == 0:
				row[j] = meet[j] || j < len(q) && row[j+1]
			case j < len(q) && q[j] == 0:
				row[j] = row[j+1] || i < len(p) && meet[j]
			case i < len(p) && j < len(q):
				row[j] = p[i] == q[j] && meet[j+1]
			}
		}
		meet = row
	}
	return meet[0]
}
