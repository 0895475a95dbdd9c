package cfn

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Unknown parts of an embedded document travel through its parser as a number between these two, which are private
// use characters that JSON and YAML take for letters.
const (
	markStart = '\uE0F0'
	markEnd   = '\uE0F1'
)

// Decode reads the JSON or YAML that the value holds as text, for example a Kubernetes manifest or an add-on's
// configuration, and keeps the unknown parts in their places. A list or map is itself; so is a value
// of which nothing is known.
func (v Value) Decode() (Value, error) {
	if v.kind != Scalar && v.kind != Text {
		return v, nil
	}
	var doc strings.Builder
	var unknowns []Value
	quoted, escaped := false, false
	isJSON := strings.HasPrefix(strings.TrimSpace(v.Parts()[0].text), "{") || strings.HasPrefix(strings.TrimSpace(v.Parts()[0].text), "[")
	for _, p := range v.Parts() {
		if p.kind == Scalar {
			for _, c := range p.text {
				if c == markStart || c == markEnd {
					return Value{}, fmt.Errorf("the text holds the private character %U", c)
				}
				switch {
				case escaped:
					escaped = false
				case c == '\\':
					escaped = quoted
				case c == '"':
					quoted = !quoted
				}
			}
			doc.WriteString(p.text)
			continue
		}
		mark := string(markStart) + strconv.Itoa(len(unknowns)) + string(markEnd)
		unknowns = append(unknowns, p)
		if isJSON && !quoted {
			mark = `"` + mark + `"`
		}
		doc.WriteString(mark)
	}
	n, err := read([]byte(doc.String()))
	if err != nil {
		return Value{}, err
	}
	return n.plain(unknowns), nil
}

// plain is a document's value, with nothing evaluated but the marks.
func (n *node) plain(unknowns []Value) Value {
	switch n.kind {
	case scalarNode:
		if len(unknowns) == 0 || !strings.ContainsRune(n.text, markStart) {
			return Value{kind: Scalar, lit: n.lit, text: n.text}
		}
		return unmark(n.text, unknowns)
	case listNode:
		items := make([]Value, len(n.list))
		for i, c := range n.list {
			items[i] = c.plain(unknowns)
		}
		return ListOf(items...)
	case mapNode:
		keys, dict := make([]string, 0, len(n.keys)), make(map[string]Value, len(n.keys))
		for i, k := range n.keys {
			name := unmark(k, unknowns).String()
			if _, twice := dict[name]; twice {
				name = k
			}
			keys = append(keys, name)
			dict[name] = n.list[i].plain(unknowns)
		}
		return mapOf(keys, dict)
	case nullNode:
	}
	return Value{}
}

func unmark(s string, unknowns []Value) Value {
	var parts []Value
	for s != "" {
		i := strings.IndexRune(s, markStart)
		end := strings.IndexRune(s, markEnd)
		if i < 0 || end < i {
			parts = append(parts, String(s))
			break
		}
		if i > 0 {
			parts = append(parts, String(s[:i]))
		}
		if k, err := strconv.Atoi(s[i+len(string(markStart)) : end]); err == nil && k >= 0 && k < len(unknowns) {
			parts = append(parts, unknowns[k])
		}
		s = s[end+len(string(markEnd)):]
	}
	switch len(parts) {
	case 0:
		return String("")
	case 1:
		return parts[0]
	}
	return textOf(parts)
}

// json appends the value's JSON as parts, unknown ones in their places.
func (v Value) json(parts []Value) []Value {
	switch v.kind {
	case Absent:
		return append(parts, String("null"))
	case Scalar:
		if v.lit != litString {
			return append(parts, String(v.text))
		}
		return append(parts, String(quote(v.text)))
	case List:
		parts = append(parts, String("["))
		for i, e := range v.list {
			if i > 0 {
				parts = append(parts, String(","))
			}
			parts = e.json(parts)
		}
		return append(parts, String("]"))
	case Map:
		parts = append(parts, String("{"))
		for i, k := range v.keys {
			if i > 0 {
				parts = append(parts, String(","))
			}
			parts = v.dict[k].json(append(parts, String(quote(k)+":")))
		}
		return append(parts, String("}"))
	case Text:
		parts = append(parts, String(`"`))
		for _, p := range v.list {
			if p.kind == Scalar {
				q := quote(p.text)
				p = String(q[1 : len(q)-1])
			}
			parts = append(parts, p)
		}
		return append(parts, String(`"`))
	default:
		return append(parts, String(`"`), v, String(`"`))
	}
}

func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
