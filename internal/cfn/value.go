package cfn

import (
	"sort"
	"strconv"
	"strings"
)

// Kind says what is known of a [Value].
type Kind uint8

// The kinds of a value. Scalar, List and Map are known here; Ref, Attr, Text and Call wait for the
// deployment, wholly or in part.
const (
	Absent Kind = iota // no such property, null, or AWS::NoValue
	Scalar             // a string, number or boolean
	List               // a list; its items may be of any kind
	Map                // a map; its values may be of any kind
	Ref                // the physical id of a resource
	Attr               // an attribute of a resource, as Fn::GetAtt names it
	Text               // a string of several parts, at least one of them unknown
	Call               // a function over something unknown, a parameter without value, or a pseudo parameter
)

var kindNames = [...]string{"absent", "scalar", "list", "map", "ref", "attr", "text", "call"}

// String is the kind's name.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Value is what a template says of a property, as far as the template decides it. The zero Value is absent.
// Values are immutable.
type Value struct {
	kind  Kind
	lit   literal
	text  string // Scalar: the text; Attr: the attribute; Call: the function or parameter
	list  []Value
	keys  []string // Map: in template order
	dict  map[string]Value
	res   *Resource
	stack *Stack // Call: whose parameter or pseudo parameter
	size  int    // of what list and dict hold, each reference to a shared value counted
}

// maxSize bounds a value that is counted out in full; shared parts can make it far larger than its memory.
const maxSize = 1 << 18

func (v Value) weight() int { return 1 + v.size + len(v.text)/32 }

func weigh(items []Value) int {
	n := 0
	for _, v := range items {
		n += v.weight()
	}
	return n
}

// mapOf makes a map; it takes over keys and dict.
func mapOf(keys []string, dict map[string]Value) Value {
	n := 0
	for _, v := range dict {
		n += v.weight()
	}
	return Value{kind: Map, keys: keys, dict: dict, size: n}
}

// textOf makes a text of two or more parts.
func textOf(parts []Value) Value { return Value{kind: Text, list: parts, size: weigh(parts)} }

// unknown makes a call.
func unknown(fn string, args ...Value) Value {
	return Value{kind: Call, text: fn, list: args, size: weigh(args)}
}

type literal uint8

const (
	litString literal = iota
	litNumber
	litBool
)

// String makes a scalar.
func String(s string) Value { return Value{kind: Scalar, text: s} }

// Strings makes a list of scalars.
func Strings(items ...string) Value {
	list := make([]Value, len(items))
	for i, s := range items {
		list[i] = String(s)
	}
	return ListOf(list...)
}

// ListOf makes a list.
func ListOf(items ...Value) Value { return Value{kind: List, list: items, size: weigh(items)} }

// Kind says what is known of the value.
func (v Value) Kind() Kind { return v.kind }

// Exists says that the property is there, known or not.
func (v Value) Exists() bool { return v.kind != Absent }

// Known says that nothing in the value waits for the deployment. An absent value is known.
func (v Value) Known() bool {
	switch v.kind {
	case Absent, Scalar:
		return true
	case List:
		for _, e := range v.list {
			if !e.Known() {
				return false
			}
		}
		return true
	case Map:
		for _, e := range v.dict {
			if !e.Known() {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// Text is the scalar's text: CloudFormation takes 1 and "1", true and "true" for the same.
func (v Value) Text() (text string, ok bool) {
	if v.kind != Scalar {
		return "", false
	}
	return v.text, true
}

// Is says that the value is the scalar text, whatever its case. An unknown value is not.
func (v Value) Is(text string) bool { return v.kind == Scalar && strings.EqualFold(v.text, text) }

// Bool is the scalar as a boolean, with YAML 1.1's yes, no, on and off.
func (v Value) Bool() (b, ok bool) {
	if v.kind != Scalar {
		return false, false
	}
	switch strings.ToLower(v.text) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

// Int is the scalar as a whole number.
func (v Value) Int() (n int, ok bool) {
	if v.kind != Scalar {
		return 0, false
	}
	n, err := strconv.Atoi(v.text)
	if err != nil {
		f, ferr := strconv.ParseFloat(v.text, 64)
		if ferr != nil || f != float64(int(f)) {
			return 0, false
		}
		n = int(f)
	}
	return n, true
}

// List is the list's items. CloudFormation takes a single scalar or reference for a list of one where a list is
// wanted, but this does not: ok is false.
func (v Value) List() (items []Value, ok bool) { return v.list, v.kind == List }

// Items is the list's items, or none where the value is no list.
func (v Value) Items() []Value {
	if v.kind != List {
		return nil
	}
	return v.list
}

// Keys are the keys of a map, in template order.
func (v Value) Keys() []string {
	if v.kind != Map {
		return nil
	}
	return v.keys
}

// Get follows a path into maps and lists: "Spec.Rules.0.Host". A key that itself holds dots is found too, longest
// first. What is not there is absent; a path into something unknown is unknown.
func (v Value) Get(path string) Value {
	if path == "" {
		return v
	}
	first, rest, _ := strings.Cut(path, ".")
	switch v.kind {
	case Map:
		if e, ok := v.dict[path]; ok {
			return e
		}
		if e, ok := v.dict[first]; ok {
			if got := e.Get(rest); got.Exists() {
				return got
			}
		}
		for i := len(path) - 1; i > len(first); i-- {
			if path[i] != '.' {
				continue
			}
			if e, ok := v.dict[path[:i]]; ok {
				return e.Get(path[i+1:])
			}
		}
		return Value{}
	case List:
		i, err := strconv.Atoi(first)
		if err != nil || i < 0 || i >= len(v.list) {
			return Value{}
		}
		return v.list[i].Get(rest)
	case Absent, Scalar:
		return Value{}
	default:
		return unknown("path", v, String(path))
	}
}

// Field is the value under one key of a map, dots and all; absent where there is none.
func (v Value) Field(key string) Value {
	if v.kind != Map {
		return Value{}
	}
	return v.dict[key]
}

// Resource is the resource that the value identifies: by Ref, or by an attribute that is its id, ARN or name
// (GroupId of a security group, Arn of a role).
func (v Value) Resource() (r *Resource, ok bool) {
	switch v.kind {
	case Ref:
		return v.res, true
	case Attr:
		if identifies(v.res.Type, v.text) {
			return v.res, true
		}
	default:
	}
	return nil, false
}

// Attribute is the resource and attribute that the value is, for example a cluster and
// "ClusterSecurityGroupId". A Ref is no attribute.
func (v Value) Attribute() (r *Resource, attr string, ok bool) {
	if v.kind != Attr {
		return nil, "", false
	}
	return v.res, v.text, true
}

// Branches are the values that the deployment chooses among by conditions, absent ones too; any other value is its own only
// branch.
func (v Value) Branches() []Value {
	if v.kind != Call || v.text != "Fn::If" || len(v.list) != 3 {
		return []Value{v}
	}
	return append(v.list[1].Branches(), v.list[2].Branches()...)
}

// MayBeAbsent reports whether the deployment may leave the property out.
func (v Value) MayBeAbsent() bool {
	for _, b := range v.Branches() {
		if !b.Exists() {
			return true
		}
	}
	return false
}

// Parts are the parts of a text, known and unknown in turn; any other value is its own only part.
func (v Value) Parts() []Value {
	if v.kind == Text {
		return v.list
	}
	return []Value{v}
}

// Call is the function and its arguments where the value waits for one, for example "Fn::Select" or
// "Fn::If"; a parameter without value is "Ref" of its name, a pseudo parameter "AWS::Region".
func (v Value) Call() (fn string, args []Value, ok bool) {
	if v.kind != Call {
		return "", nil, false
	}
	return v.text, v.list, true
}

// Resources lists every resource the value mentions, once each, in order of appearance.
func (v Value) Resources() []*Resource {
	seen := map[*Resource]bool{}
	var out []*Resource
	v.walk(func(e Value) {
		if e.res != nil && !seen[e.res] {
			seen[e.res] = true
			out = append(out, e.res)
		}
	})
	return out
}

func (v Value) walk(f func(Value)) {
	f(v)
	for _, e := range v.list {
		e.walk(f)
	}
	for _, k := range v.keys {
		v.dict[k].walk(f)
	}
}

// Equal says that both are surely the same: equal known values, the same reference, or the same expression over the
// same unknowns. False means "not surely".
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.size == w.size && len(v.text) == len(w.text) && v.Key() == w.Key()
}

// Key is a text equal for exactly those values that [Value.Equal] calls the same; use it as a map key.
func (v Value) Key() string {
	var b strings.Builder
	v.key(&b)
	return b.String()
}

func (v Value) key(b *strings.Builder) {
	switch v.kind {
	case Absent:
		b.WriteByte('-')
	case Scalar:
		b.WriteString(strconv.Quote(v.text))
	case Ref, Attr:
		b.WriteString(strconv.Itoa(v.res.Stack.index))
		b.WriteByte('/')
		b.WriteString(strconv.Quote(v.res.ID))
		if v.kind == Attr {
			b.WriteByte('.')
			b.WriteString(strconv.Quote(v.text))
		}
	case Map:
		keys := append([]string(nil), v.keys...)
		sort.Strings(keys)
		b.WriteByte('{')
		for _, k := range keys {
			b.WriteString(strconv.Quote(k))
			b.WriteByte(':')
			v.dict[k].key(b)
			b.WriteByte(',')
		}
		b.WriteByte('}')
	default:
		b.WriteString(v.kind.String())
		if v.stack != nil {
			b.WriteByte('@')
			b.WriteString(strconv.Itoa(v.stack.index))
		}
		b.WriteString(strconv.Quote(v.text))
		b.WriteByte('[')
		for _, e := range v.list {
			e.key(b)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	}
}

// String is the value for people: a scalar's text, VPC for a reference, VPC.CidrBlock for an attribute,
// "${AWS::Region}a" for a text, Fn::Select(0, VPC.Ipv6CidrBlocks) for a call.
func (v Value) String() string {
	var b strings.Builder
	v.print(&b)
	return b.String()
}

func (v Value) print(b *strings.Builder) {
	list := func(open, end string) {
		b.WriteString(open)
		for i, e := range v.list {
			if i > 0 {
				b.WriteString(", ")
			}
			if e.kind == Absent {
				b.WriteString("AWS::NoValue")
			}
			e.print(b)
		}
		b.WriteString(end)
	}
	switch v.kind {
	case Scalar:
		b.WriteString(v.text)
	case Ref:
		b.WriteString(v.res.ID)
	case Attr:
		b.WriteString(v.res.ID)
		b.WriteByte('.')
		b.WriteString(v.text)
	case List:
		list("[", "]")
	case Map:
		b.WriteByte('{')
		for i, k := range v.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(k)
			b.WriteString(": ")
			v.dict[k].print(b)
		}
		b.WriteByte('}')
	case Text:
		for _, e := range v.list {
			if e.kind == Scalar {
				b.WriteString(e.text)
				continue
			}
			b.WriteString("${")
			e.print(b)
			b.WriteByte('}')
		}
	case Call:
		switch {
		case v.text == "Ref" && len(v.list) == 1:
			v.list[0].print(b)
		case v.text == "path" && len(v.list) == 2:
			v.list[0].print(b)
			b.WriteByte('.')
			v.list[1].print(b)
		case len(v.list) == 0:
			b.WriteString(v.text)
		default:
			b.WriteString(v.text)
			list("(", ")")
		}
	case Absent:
	}
}
