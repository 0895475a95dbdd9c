package cfn

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// functions maps an intrinsic function to its evaluation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
var functions map[string]func(e *evaluator, arg *node, at *place) Value

func init() {
	functions = map[string]func(e *evaluator, arg *node, at *place) Value{
		"Ref":                (*evaluator).callRef,
		"Fn::Base64":         (*evaluator).callBase64,
		"Fn::Cidr":           (*evaluator).callCidr,
		"Fn::FindInMap":      (*evaluator).callFindInMap,
		"Fn::GetAZs":         (*evaluator).callGetAZs,
		"Fn::GetAtt":         (*evaluator).callGetAtt,
		"Fn::GetStackOutput": (*evaluator).callGetStackOutput,
		"Fn::If":             (*evaluator).callIf,
		"Fn::ImportValue":    (*evaluator).callImportValue,
		"Fn::Join":           (*evaluator).callJoin,
		"Fn::Length":         (*evaluator).callLength,
		"Fn::Select":         (*evaluator).callSelect,
		"Fn::Split":          (*evaluator).callSplit,
		"Fn::Sub":            (*evaluator).callSub,
		"Fn::ToJsonString":   (*evaluator).callToJSONString,
		"Fn::Transform":      (*evaluator).callTransform,
		// Conditions are functions of a property too where a value is a boolean.
		"Fn::And": nil, "Fn::Equals": nil, "Fn::Not": nil, "Fn::Or": nil,
	}
}

func (e *evaluator) call(fn string, arg *node, at *place) Value {
	f, ok := functions[fn]
	switch {
	case !ok:
		e.fail(at, "%s is no CloudFormation function%s", clip(fn, 60), nearest(fn, sorted(functions)))
		return unknown(clip(fn, 60))
	case f == nil:
		n := newMap(0)
		n.set(fn, arg)
		return e.test(n, at.out())
	}
	return f(e, arg, at)
}

// args evaluates a function's arguments, of which there must be min to max.
func (e *evaluator) args(arg *node, at *place, min, max int, wanted string) ([]Value, bool) {
	if !arg.is(listNode) || len(arg.list) < min || len(arg.list) > max {
		found := arg.what()
		if arg.is(listNode) {
			found = fmt.Sprintf("a list of %d", len(arg.list))
		}
		e.fail(at, "wants %s, found %s", wanted, found)
		return nil, false
	}
	out := make([]Value, len(arg.list))
	for i, a := range arg.list {
		out[i] = e.value(a, at.at(i))
	}
	return out, true
}

func (e *evaluator) callRef(arg *node, at *place) Value {
	if !arg.is(scalarNode) {
		e.fail(at, "is %s, wanted the name of a resource or parameter", arg.what())
		return unknown("Ref")
	}
	return e.ref(arg.text, at)
}

func (e *evaluator) ref(name string, at *place) Value {
	st := e.st
	if r := st.byID[name]; r != nil {
		if e.uses != nil {
			e.uses[Use{Resource: r}] = true
		}
		return r.Ref()
	}
	if st.tmpl.parameters.field(name) != nil {
		return e.parameter(name, at)
	}
	if v, ok := st.pseudo(name); ok {
		return v
	}
	return e.missing("Ref", name, at)
}

// missing reports a name that is no resource here.
func (e *evaluator) missing(fn, name string, at *place) Value {
	st := e.st
	if c := st.removed[name]; c != "" {
		e.refuse(at, "refers to %s, which its condition %s removes", name, c)
	} else if st.tmpl.resources.field(name) == nil && !st.tmpl.partial() {
		among := append(sorted(st.byID), st.tmpl.parameters.keys...)
		e.fail(at, "refers to %q, which is neither a resource nor a parameter%s", clip(name, 80), nearest(name, among))
	}
	return unknown(fn, String(name))
}

func (e *evaluator) callGetAtt(arg *node, at *place) Value {
	if arg.is(scalarNode) {
		arg = dottedGetAtt(arg)
	}
	if !arg.is(listNode) || len(arg.list) < 2 || !arg.list[0].is(scalarNode) {
		e.fail(at, "is %s, wanted [logical id, attribute]", arg.what())
		return unknown("Fn::GetAtt")
	}
	var names []string
	for i, a := range arg.list[1:] {
		v := e.value(a, at.at(i+1))
		t, ok := v.Text()
		if !ok {
			if v.Known() {
				e.fail(at.at(i+1), "is %s, wanted an attribute's name", a.what())
			}
			return unknown("Fn::GetAtt", String(arg.list[0].text), v)
		}
		names = append(names, t)
	}
	attr := strings.Join(names, ".")
	if attr == "" {
		e.fail(at, "names no attribute of %q; wanted [logical id, attribute]", clip(arg.list[0].text, 80))
		return unknown("Fn::GetAtt", String(arg.list[0].text))
	}
	return e.getAtt(arg.list[0].text, attr, at)
}

func (e *evaluator) getAtt(id, attr string, at *place) Value {
	r := e.st.byID[id]
	if r == nil {
		return e.missing("Fn::GetAtt", id, at)
	}
	if e.uses != nil {
		e.uses[Use{r, attr}] = true
	}
	return e.attribute(r, attr, at)
}

func (e *evaluator) callIf(arg *node, at *place) Value {
	if !arg.is(listNode) || len(arg.list) != 3 {
		e.fail(at, "wants [condition, value if true, value if false], found %s", arg.what())
		return unknown("Fn::If")
	}
	var c Value
	if arg.list[0].is(scalarNode) {
		c = e.condition(arg.list[0].text, at.at(0))
	} else {
		c = e.test(arg.list[0], at.at(0))
	}
	if b, ok := c.Bool(); ok {
		if b {
			return e.value(arg.list[1], at.at(1))
		}
		return e.value(arg.list[2], at.at(2))
	}
	was := e.unsure
	e.unsure = true
	a, b := e.value(arg.list[1], at.at(1)), e.value(arg.list[2], at.at(2))
	e.unsure = was
	if !e.spend(a.weight()+b.weight(), at) {
		return exhausted
	}
	if a.Equal(b) {
		return a
	}
	return unknown("Fn::If", c, a, b)
}

func (e *evaluator) callJoin(arg *node, at *place) Value {
	args, ok := e.args(arg, at, 2, 2, "[delimiter, list]")
	if !ok {
		return unknown("Fn::Join")
	}
	delim, dok := args[0].Text()
	items, lok := args[1].List()
	if !dok || !lok {
		if args[1].kind == Scalar || args[1].kind == Map || args[0].kind == List || args[0].kind == Map {
			e.fail(at, "wants [delimiter, list]")
		}
		return unknown("Fn::Join", args...)
	}
	parts := make([]Value, 0, 2*len(items))
	for i, it := range items {
		if i > 0 && delim != "" {
			parts = append(parts, String(delim))
		}
		parts = append(parts, it)
	}
	return e.concat(parts, at)
}

// concat joins parts to a scalar, or to a text where some are unknown.
func (e *evaluator) concat(parts []Value, at *place) Value {
	var out []Value
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			out = append(out, String(b.String()))
			b.Reset()
		}
	}
	var add func(v Value) bool
	add = func(v Value) bool {
		switch v.kind {
		case Absent:
		case Scalar:
			if !e.spend(len(v.text), at) {
				return false
			}
			b.WriteString(v.text)
		case Text:
			for _, p := range v.list {
				if !add(p) {
					return false
				}
			}
		case List, Map:
			e.fail(at, "joins %s, wanted strings", map[Kind]string{List: "a list", Map: "a map"}[v.kind])
			flush()
			out = append(out, v)
		default:
			if !e.spend(1, at) {
				return false
			}
			flush()
			out = append(out, v)
		}
		return true
	}
	for _, p := range parts {
		if !add(p) {
			return exhausted
		}
	}
	flush()
	switch {
	case len(out) == 0:
		return String("")
	case len(out) == 1:
		return out[0]
	}
	return textOf(out)
}

func (e *evaluator) callSub(arg *node, at *place) Value {
	text, vars := arg, (*node)(nil)
	if arg.is(listNode) && len(arg.list) == 2 {
		text, vars = arg.list[0], arg.list[1]
	}
	if !text.is(scalarNode) || vars != nil && !vars.is(mapNode) {
		e.fail(at, "is %s, wanted a string, or [string, map of variables]", arg.what())
		return unknown("Fn::Sub")
	}
	var parts []Value
	s := text.text
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			break
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 {
			break
		}
		if i > 0 {
			parts = append(parts, String(s[:i]))
		}
		name := s[i+2 : i+end]
		s = s[i+end+1:]
		if lit, ok := strings.CutPrefix(name, "!"); ok {
			parts = append(parts, String("${"+lit+"}"))
			continue
		}
		name = strings.TrimSpace(name)
		switch id, attr, dotted := strings.Cut(name, "."); {
		case vars.field(name) != nil:
			parts = append(parts, e.value(vars.field(name), at.at(1).to(name)))
		case dotted:
			parts = append(parts, e.getAtt(id, attr, at))
		default:
			parts = append(parts, e.ref(name, at))
		}
		if !e.spend(1, at) {
			return exhausted
		}
	}
	if s != "" {
		parts = append(parts, String(s))
	}
	return e.concat(parts, at)
}

func (e *evaluator) callSelect(arg *node, at *place) Value {
	// One of many blocks is cut alone; templates do so for every subnet.
	if arg.is(listNode) && len(arg.list) == 2 && arg.list[0].is(scalarNode) {
		if fn, ok := arg.list[1].intrinsic(); ok && fn == "Fn::Cidr" {
			if i, err := strconv.Atoi(arg.list[0].text); err == nil {
				c, v := e.cutting(arg.list[1].field(fn), at.at(1).to(fn))
				switch {
				case v.Exists():
					return unknown("Fn::Select", String(arg.list[0].text), v)
				case i >= 0 && i < c.count:
					return String(c.block(i))
				}
			}
		}
	}
	args, ok := e.args(arg, at, 2, 2, "[index, list]")
	if !ok {
		return unknown("Fn::Select")
	}
	i, iok := args[0].Int()
	items, lok := args[1].List()
	switch {
	case !iok && args[0].Known():
		e.fail(at.at(0), "is %s, wanted an index", arg.list[0].what())
	case args[1].kind == Scalar || args[1].kind == Map:
		e.fail(at.at(1), "is %s, wanted a list", arg.list[1].what())
	case iok && lok && i >= 0 && i < len(items):
		return items[i]
	case iok && lok:
		e.refuse(at, "selects item %d of a list of %d", i, len(items))
	}
	return unknown("Fn::Select", args...)
}

func (e *evaluator) callSplit(arg *node, at *place) Value {
	args, ok := e.args(arg, at, 2, 2, "[delimiter, string]")
	if !ok {
		return unknown("Fn::Split")
	}
	delim, dok := args[0].Text()
	if dok && delim == "" {
		e.fail(at.at(0), "the delimiter is empty")
		return unknown("Fn::Split", args...)
	}
	if args[1].kind == List || args[1].kind == Map {
		e.fail(at.at(1), "is %s, wanted a string", arg.list[1].what())
		return unknown("Fn::Split", args...)
	}
	if dok {
		if t, known := args[1].Text(); known && !e.spend(len(t), at) {
			return exhausted
		}
		if items, done := split(delim, args[1]); done {
			return ListOf(items...)
		}
	}
	return unknown("Fn::Split", args...)
}

// split cuts a text at a delimiter. Unknown parts stay whole where they cannot hold the delimiter themselves: a
// comma or bar is in no id, name or ARN, and ids of references hold only letters, digits and hyphens.
func split(delim string, v Value) ([]Value, bool) {
	if v.kind == Scalar {
		return Strings(strings.Split(v.text, delim)...).list, true
	}
	if v.kind != Text {
		return nil, false
	}
	var items []Value
	var current []Value
	flush := func() {
		switch len(current) {
		case 0:
			items = append(items, String(""))
		case 1:
			items = append(items, current[0])
		default:
			items = append(items, textOf(current))
		}
		current = nil
	}
	for _, p := range v.list {
		if p.kind != Scalar {
			apart := strings.Trim(delim, ",|;") == "" || p.kind == Ref && strings.HasPrefix(p.res.Type, "AWS::EC2::") && delim != "-"
			if !apart {
				return nil, false
			}
			current = append(current, p)
			continue
		}
		pieces := strings.Split(p.text, delim)
		for i, s := range pieces {
			if i > 0 {
				flush()
			}
			if s != "" {
				current = append(current, String(s))
			}
		}
	}
	flush()
	return items, true
}

func (e *evaluator) callFindInMap(arg *node, at *place) Value {
	args, ok := e.args(arg, at, 3, 4, "[map, key, key]")
	if !ok {
		return unknown("Fn::FindInMap")
	}
	var fallback *node
	if len(args) == 4 {
		if fallback = arg.list[3].field("DefaultValue"); fallback == nil {
			e.fail(at.at(3), "is %s, wanted a map with DefaultValue", arg.list[3].what())
		}
	}
	n := e.st.tmpl.mappings
	names := []string{"Mappings"}
	for i, a := range args[:3] {
		key, known := a.Text()
		if !known {
			if a.Known() {
				e.fail(at.at(i), "is %s, wanted a key", arg.list[i].what())
			}
			return unknown("Fn::FindInMap", args[:3]...)
		}
		next := n.field(key)
		if next == nil {
			if fallback != nil {
				return args[3].Field("DefaultValue")
			}
			e.refuse(at.at(i), "there is no key %q in %s%s", clip(key, 60), clip(strings.Join(names, "."), 120), nearest(key, n.keysOf()))
			return unknown("Fn::FindInMap", args[:3]...)
		}
		n, names = next, append(names, key)
	}
	return e.value(n, at)
}

// zones is how many zones Fn::GetAZs is taken to give: no Region has more.
const zones = 6

// callGetAZs names the zones of a Region by letter, as they are named in every account's own order.
func (e *evaluator) callGetAZs(arg *node, at *place) Value {
	region := e.value(arg, at)
	if !region.Exists() || region.Equal(String("")) {
		region, _ = e.st.pseudo("AWS::Region")
	}
	if region.kind == List || region.kind == Map {
		e.fail(at, "is %s, wanted a Region", arg.what())
		return unknown("Fn::GetAZs")
	}
	list := make([]Value, zones)
	for i := range list {
		list[i] = e.concat([]Value{region, String(string(rune('a' + i)))}, at)
	}
	return ListOf(list...)
}

func (e *evaluator) callCidr(arg *node, at *place) Value {
	c, v := e.cutting(arg, at)
	if v.Exists() {
		return v
	}
	if !e.spend(c.count*8, at) {
		return exhausted
	}
	blocks := make([]string, c.count)
	for i := range blocks {
		blocks[i] = c.block(i)
	}
	return Strings(blocks...)
}

// cut is a block cut into count parts with bits host bits each.
type cut struct {
	of          netip.Prefix
	count, bits int
}

// cutting evaluates the arguments of Fn::Cidr; v is what the call comes to where there is no cut to make.
func (e *evaluator) cutting(arg *node, at *place) (c cut, v Value) {
	args, ok := e.args(arg, at, 2, 3, "[block, count, bits]")
	if !ok {
		return cut{}, unknown("Fn::Cidr")
	}
	numbers := [2]int{}
	for i, a := range args[1:] {
		n, isInt := a.Int()
		if !isInt {
			if a.Known() {
				e.fail(at.at(i+1), "is %s, wanted a whole number", arg.list[i+1].what())
			}
			return cut{}, unknown("Fn::Cidr", args...)
		}
		numbers[i] = n
	}
	if n := numbers[0]; n < 1 || n > 256 {
		e.fail(at.at(1), "count is %d, wanted 1 to 256", n)
		return cut{}, unknown("Fn::Cidr", args...)
	}
	text, known := args[0].Text()
	if !known {
		if args[0].Known() {
			e.fail(at.at(0), "is %s, wanted a CIDR block", arg.list[0].what())
		}
		return cut{}, unknown("Fn::Cidr", args...)
	}
	if len(args) == 2 {
		// The service's default for the number of bits is not documented.
		return cut{}, unknown("Fn::Cidr", args...)
	}
	c = cut{count: numbers[0], bits: numbers[1]}
	var err error
	if c.of, err = netip.ParsePrefix(strings.TrimSpace(text)); err != nil {
		e.refuse(at, "%q is no CIDR block", clip(text, 60))
		return cut{}, unknown("Fn::Cidr", args...)
	}
	if err := c.check(); err != nil {
		e.refuse(at, "%v", err)
		return cut{}, unknown("Fn::Cidr", args...)
	}
	return c, Value{}
}

func (c cut) length() int { return c.of.Addr().BitLen() - c.bits }

func (c cut) check() error {
	if c.bits < 1 || c.length() < c.of.Bits() {
		return fmt.Errorf("blocks with %d host bits do not fit into %s; wanted 1 to %d", c.bits, c.of, c.of.Addr().BitLen()-c.of.Bits())
	}
	if room := c.length() - c.of.Bits(); room < 9 && c.count > 1<<room {
		return fmt.Errorf("%d blocks of /%d do not fit into %s, which has room for %d", c.count, c.length(), c.of, 1<<room)
	}
	return nil
}

// block is the part number i.
func (c cut) block(i int) string {
	p, _ := netset.Part(c.of, c.length(), i)
	return p.String()
}

func (e *evaluator) callLength(arg *node, at *place) Value {
	v := e.value(arg, at)
	switch v.kind {
	case List:
		// The zones stand for however many the Region has.
		if fn, ok := arg.intrinsic(); ok && fn == "Fn::GetAZs" {
			return unknown("Fn::Length", v)
		}
		return Value{kind: Scalar, lit: litNumber, text: strconv.Itoa(len(v.list))}
	case Scalar, Map, Absent:
		e.fail(at, "is %s, wanted a list", arg.what())
	case Ref, Attr, Text, Call: // what they are is not known
	}
	return unknown("Fn::Length", v)
}

func (e *evaluator) callBase64(arg *node, at *place) Value {
	v := e.value(arg, at)
	t, ok := v.Text()
	if !ok {
		if v.kind == List || v.kind == Map {
			e.fail(at, "is %s, wanted a string", arg.what())
		}
		return unknown("Fn::Base64", v)
	}
	if !e.spend(len(t)*2, at) {
		return exhausted
	}
	return String(base64.StdEncoding.EncodeToString([]byte(t)))
}

func (e *evaluator) callImportValue(arg *node, at *place) Value {
	v := e.value(arg, at)
	if v.kind == List || v.kind == Map || v.kind == Absent {
		e.fail(at, "is %s, wanted the name of an export", arg.what())
		return unknown("Fn::ImportValue")
	}
	return e.imported(v, at)
}

// callGetStackOutput reads an output of another stack by name, of another Region or account too.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getstackoutput.html
func (e *evaluator) callGetStackOutput(arg *node, at *place) Value {
	if !arg.is(mapNode) || arg.field("StackName") == nil || arg.field("OutputName") == nil {
		e.fail(at, "is %s, wanted a map with StackName and OutputName", arg.what())
		return unknown("Fn::GetStackOutput")
	}
	stack, output := e.value(arg.field("StackName"), at.to("StackName")), e.value(arg.field("OutputName"), at.to("OutputName"))
	region := e.value(arg.field("Region"), at.to("Region"))
	if !region.Exists() {
		region, _ = e.st.pseudo("AWS::Region")
	}
	open := unknown("Fn::GetStackOutput", stack, output)
	if e.st.set.opts.Apart {
		return unknown("Fn::GetStackOutput", stack, output, region)
	}
	name, nok := stack.Text()
	out, ook := output.Text()
	if !nok || !ook {
		e.note(at, "the output of another stack is unknown: its name is decided at deployment")
		return open
	}
	var named []*Stack
	for _, st := range e.st.set.stacks {
		theirs, _ := st.pseudo("AWS::Region")
		if st.Parent == nil && st.Name == name && !differ(theirs, region) {
			named = append(named, st)
		}
	}
	if named = nearby(e.st, named, func(st *Stack) *Stack { return st }); len(named) > 1 {
		e.note(at, fmt.Sprintf("the output %s of the stack %s is unknown: %d stacks here have that name", clip(out, 60), clip(name, 60), len(named)))
		return open
	}
	if len(named) == 0 {
		e.note(at, fmt.Sprintf("the output %s of the stack %s is unknown: no template here is that stack", clip(out, 60), clip(name, 60)))
		return open
	}
	if outputs := named[0].tmpl.outputs; outputs.field(out) == nil {
		e.fail(at.to("OutputName"), "the stack %s has no output %q%s", name, clip(out, 60), nearest(out, outputs.keys))
		return open
	}
	return e.output(named[0], out, at)
}

func (e *evaluator) callTransform(arg *node, at *place) Value {
	return unknown("Fn::Transform", e.value(arg, at))
}

func (e *evaluator) callToJSONString(arg *node, at *place) Value {
	v := e.value(arg, at)
	if v.kind != List && v.kind != Map {
		if v.Known() {
			e.fail(at, "is %s, wanted a map or a list", arg.what())
		}
		return unknown("Fn::ToJsonString", v)
	}
	if !e.spend(v.weight(), at) {
		return exhausted
	}
	return e.concat(v.json(nil), at)
}
