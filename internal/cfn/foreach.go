package cfn

import (
	"fmt"
	"strings"
)

const forEach = "Fn::ForEach::"

// loops writes out the loops of a template, as AWS::LanguageExtensions does before anything else is read.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
type loops struct {
	// parameter is the value of a parameter that a loop runs over; nil where only the deployment knows it.
	parameter func(name string) *node
	fail      func(path, format string, args ...any)
	// open are the loops that cannot be written out, with the reason.
	open  []unread
	nodes int
}

// has reports whether a loop is somewhere in a document.
func hasLoops(n *node) bool {
	if n == nil {
		return false
	}
	for _, k := range n.keys {
		if strings.HasPrefix(k, forEach) {
			return true
		}
	}
	for _, c := range n.list {
		if hasLoops(c) {
			return true
		}
	}
	return false
}

// write is a copy of a document with its loops written out.
func (l *loops) write(n *node, at *place, names map[string]string) *node {
	if n == nil {
		return nil
	}
	if l.nodes++; l.nodes > maxNodes {
		return &node{line: n.line}
	}
	switch n.kind {
	case scalarNode:
		out := *n
		out.text = fill(n.text, names)
		return &out
	case listNode:
		out := &node{kind: listNode, line: n.line, list: make([]*node, len(n.list))}
		for i, c := range n.list {
			out.list[i] = l.write(c, at.at(i), names)
		}
		return out
	case mapNode:
		if v := n.named(names); v != nil {
			return v
		}
		out := newMap(n.line)
		for i, k := range n.keys {
			if strings.HasPrefix(k, forEach) {
				l.loop(out, n.list[i], at.to(k), names)
				continue
			}
			out.put(fill(k, names), l.write(n.list[i], at.to(k), names))
		}
		return out
	default:
	}
	return n
}

// named is the value of a Ref to a loop's identifier, else nil.
func (n *node) named(names map[string]string) *node {
	if fn, ok := n.intrinsic(); ok && fn == "Ref" {
		if text, ok := names[n.str("Ref")]; ok {
			return &node{kind: scalarNode, text: text, line: n.line}
		}
	}
	return nil
}

// fill puts the values of identifiers into a text. The form with & leaves out what is no letter or digit.
func fill(text string, names map[string]string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	var pairs []string
	for name, value := range names {
		pairs = append(pairs, "${"+name+"}", value, "&{"+name+"}", alphanumeric(value))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func alphanumeric(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, s)
}

// loop puts into a map what a loop of it stands for.
func (l *loops) loop(into, n *node, at *place, names map[string]string) {
	if !n.is(listNode) || len(n.list) != 3 || !n.list[0].is(scalarNode) || !n.list[2].is(mapNode) {
		l.fail(at.String(), "is %s, wanted [identifier, collection, map]", n.what())
		return
	}
	items, why := l.collection(n.list[1], names)
	if why != "" {
		l.open = append(l.open, unread{at.String(), why})
		return
	}
	for _, item := range items {
		inner := map[string]string{n.list[0].text: item}
		for k, v := range names {
			if k != n.list[0].text {
				inner[k] = v
			}
		}
		body := l.write(n.list[2], at.at(2), inner)
		for i, k := range body.keysOf() {
			if into.field(k) != nil {
				l.fail(at.String(), "makes %q twice", clip(k, 60))
				continue
			}
			into.set(k, body.list[i])
		}
	}
}

// collection are the values that a loop runs over, or why they are not known.
func (l *loops) collection(n *node, names map[string]string) (items []string, why string) {
	if v := n.named(names); v != nil {
		n = v
	}
	if fn, ok := n.intrinsic(); ok {
		if fn != "Ref" {
			return nil, fmt.Sprintf("what this loop makes is not read: its collection is a call of %s", fn)
		}
		name := n.str("Ref")
		v := l.parameter(name)
		if v == nil {
			return nil, fmt.Sprintf("what this loop makes is not read: its collection %s is decided at deployment", clip(name, 60))
		}
		for _, item := range strings.Split(v.text, ",") {
			items = append(items, strings.TrimSpace(item))
		}
		return items, ""
	}
	if !n.is(listNode) {
		return nil, fmt.Sprintf("what this loop makes is not read: its collection is %s", n.what())
	}
	for _, c := range n.list {
		if fn, ok := c.intrinsic(); ok && fn == "Ref" {
			more, why := l.collection(c, names)
			if why != "" {
				return nil, why
			}
			items = append(items, more...)
			continue
		}
		if !c.is(scalarNode) {
			return nil, fmt.Sprintf("what this loop makes is not read: its collection holds %s", c.what())
		}
		items = append(items, fill(c.text, names))
	}
	return items, ""
}
