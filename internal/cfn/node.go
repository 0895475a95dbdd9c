package cfn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Limits of one document. CloudFormation itself takes templates of 1 MB and is far stricter in the rest:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const (
	maxBytes = 16 << 20
	maxDepth = 100
	maxNodes = 1_000_000 // after YAML aliases are expanded
)

// node is a piece of a template as written, short forms turned into long ones.
type node struct {
	kind nodeKind
	lit  literal
	text string
	list []*node // the items of a list; the values of a map, in the order of its keys
	keys []string
	dict map[string]*node // of a map with more than a few keys
	line int
}

type nodeKind uint8

const (
	nullNode nodeKind = iota
	scalarNode
	listNode
	mapNode
)

func (n *node) is(k nodeKind) bool { return n != nil && n.kind == k }

func (n *node) what() string {
	if n == nil {
		return "nothing"
	}
	switch n.kind {
	case nullNode:
		return "null"
	case listNode:
		return "a list"
	case mapNode:
		return "a map"
	case scalarNode:
	}
	switch n.lit {
	case litBool:
		return "the boolean " + n.text
	case litNumber:
		return "the number " + n.text
	default:
		return fmt.Sprintf("the string %q", clip(n.text, 60))
	}
}

// field is the entry of a map, or nil.
func (n *node) field(key string) *node {
	if !n.is(mapNode) {
		return nil
	}
	if n.dict != nil {
		return n.dict[key]
	}
	for i, k := range n.keys {
		if k == key {
			return n.list[i]
		}
	}
	return nil
}

func (n *node) str(key string) string {
	if f := n.field(key); f.is(scalarNode) {
		return f.text
	}
	return ""
}

func (n *node) sortedKeys() []string {
	if !n.is(mapNode) {
		return nil
	}
	keys := append([]string(nil), n.keys...)
	sort.Strings(keys)
	return keys
}

// intrinsic is the function of a map that is a call: one key, Ref or Fn::….
func (n *node) intrinsic() (fn string, ok bool) {
	if !n.is(mapNode) || len(n.keys) != 1 {
		return "", false
	}
	if k := n.keys[0]; k == "Ref" || strings.HasPrefix(k, "Fn::") {
		return k, true
	}
	return "", false
}

// few is up to how many keys of a map are searched one by one: most maps of a template have one to four.
const few = 8

func (n *node) set(key string, v *node) {
	n.keys = append(n.keys, key)
	n.list = append(n.list, v)
	switch {
	case n.dict != nil:
		n.dict[key] = v
	case len(n.keys) > few:
		n.dict = make(map[string]*node, 2*few)
		for i, k := range n.keys {
			n.dict[k] = n.list[i]
		}
	}
}

// put sets the value of a key that the map may have.
func (n *node) put(key string, v *node) {
	if n.field(key) == nil {
		n.set(key, v)
		return
	}
	n.list[slices.Index(n.keys, key)] = v
	if n.dict != nil {
		n.dict[key] = v
	}
}

// without is a map without one key.
func (n *node) without(key string) *node {
	if n.field(key) == nil {
		return n
	}
	out := newMap(n.line)
	for i, k := range n.keys {
		if k != key {
			out.set(k, n.list[i])
		}
	}
	return out
}

func newMap(line int) *node { return &node{kind: mapNode, line: line} }

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// syntaxError is a document that cannot be read; place is a path in it.
type syntaxError struct {
	line  int
	place string
	msg   string
}

func (e *syntaxError) Error() string {
	var b strings.Builder
	if e.line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.line)
	}
	if e.place != "" {
		b.WriteString(e.place + ": ")
	}
	b.WriteString(e.msg)
	return b.String()
}

// twice is a key that a map has a second time.
type twice struct {
	line  int
	place string // path of the map
	key   string
}

// read decodes a JSON or YAML document in which no map has a key twice.
func read(data []byte) (*node, error) {
	n, again, err := readLast(data)
	if err == nil && len(again) > 0 {
		t := again[0]
		return nil, &syntaxError{t.line, t.place, fmt.Sprintf("the key %q stands twice; keep one", clip(t.key, 60))}
	}
	return n, err
}

// readLast decodes a JSON or YAML document. Of a key that stands twice the last value holds, as CloudFormation has it.
func readLast(data []byte) (*node, []twice, error) {
	if len(data) > maxBytes {
		return nil, nil, &syntaxError{msg: fmt.Sprintf("%d bytes are more than a template can have (limit here %d)", len(data), maxBytes)}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 {
		return nil, nil, &syntaxError{msg: "the file is empty"}
	}
	if !utf8.Valid(data) {
		return nil, nil, &syntaxError{msg: "not UTF-8 text"}
	}
	if trimmed[0] == '{' || trimmed[0] == '[' {
		n, again, err := readJSON(data)
		if err == nil {
			return n, again, nil
		}
		// A YAML flow mapping starts like JSON. Its keys or strings are bare, so JSON's error stands
		// wherever YAML does not read it either.
		if y, again, yerr := readYAML(data); yerr == nil {
			return y, again, nil
		}
		return nil, nil, err
	}
	return readYAML(data)
}

type jsonReader struct {
	dec  *json.Decoder
	data []byte
	line int // at offset seen
	seen int64

	again []twice
}

func readJSON(data []byte) (*node, []twice, error) {
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(data)), data: data, line: 1}
	r.dec.UseNumber()
	n, err := r.value(&place{}, 0)
	if err != nil {
		return nil, nil, r.wrap(err)
	}
	if _, err := r.dec.Token(); err != io.EOF {
		return nil, nil, &syntaxError{line: r.at(), msg: "more text follows the end of the JSON document"}
	}
	return n, r.again, nil
}

func (r *jsonReader) at() int {
	off := min(r.dec.InputOffset(), int64(len(r.data)))
	if off > r.seen {
		r.line += bytes.Count(r.data[r.seen:off], []byte{'\n'})
		r.seen = off
	}
	return r.line
}

func (r *jsonReader) wrap(err error) error {
	var mine *syntaxError
	if errors.As(err, &mine) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the document ends too early")
	}
	return &syntaxError{line: r.at(), msg: "not valid JSON: " + err.Error()}
}

func (r *jsonReader) value(place *place, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, tooDeep(r.at(), place)
	}
	tok, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	line := r.at()
	switch t := tok.(type) {
	case json.Delim:
		if t == '[' {
			n := &node{kind: listNode, line: line}
			for r.dec.More() {
				e, err := r.value(place.at(len(n.list)), depth+1)
				if err != nil {
					return nil, err
				}
				n.list = append(n.list, e)
			}
			_, err := r.dec.Token()
			return n, err
		}
		n := newMap(line)
		for r.dec.More() {
			k, err := r.dec.Token()
			if err != nil {
				return nil, err
			}
			key, _ := k.(string)
			if n.field(key) != nil {
				r.again = append(r.again, twice{r.at(), clip(place.String(), 120), key})
			}
			v, err := r.value(place.to(key), depth+1)
			if err != nil {
				return nil, err
			}
			n.put(key, v)
		}
		_, err := r.dec.Token()
		return n, err
	case string:
		return &node{kind: scalarNode, text: t, line: line}, nil
	case json.Number:
		return &node{kind: scalarNode, lit: litNumber, text: t.String(), line: line}, nil
	case bool:
		return &node{kind: scalarNode, lit: litBool, text: fmt.Sprint(t), line: line}, nil
	default:
		return &node{line: line}, nil
	}
}

func tooDeep(line int, place *place) error {
	return &syntaxError{line: line, place: clip(place.String(), 120), msg: fmt.Sprintf("nested deeper than %d levels", maxDepth)}
}

// shortForms maps a YAML tag to the function it stands for.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
var shortForms = map[string]string{
	"!Ref": "Ref", "!Condition": "Condition", "!And": "Fn::And", "!Base64": "Fn::Base64", "!Cidr": "Fn::Cidr",
	"!Equals": "Fn::Equals", "!FindInMap": "Fn::FindInMap", "!GetAZs": "Fn::GetAZs", "!GetAtt": "Fn::GetAtt", "!GetStackOutput": "Fn::GetStackOutput",
	"!If": "Fn::If", "!ImportValue": "Fn::ImportValue", "!Join": "Fn::Join", "!Length": "Fn::Length", "!Not": "Fn::Not",
	"!Or": "Fn::Or", "!Select": "Fn::Select", "!Split": "Fn::Split", "!Sub": "Fn::Sub", "!ToJsonString": "Fn::ToJsonString",
	"!Transform": "Fn::Transform",
	// In Rules only: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html
	"!Contains": "Fn::Contains", "!EachMemberEquals": "Fn::EachMemberEquals", "!EachMemberIn": "Fn::EachMemberIn",
	"!RefAll": "Fn::RefAll", "!ValueOf": "Fn::ValueOf", "!ValueOfAll": "Fn::ValueOfAll",
}

type yamlReader struct {
	nodes int
	again []twice
}

func readYAML(data []byte) (*node, []twice, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := decodeYAML(dec, &doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil, &syntaxError{msg: "the file is empty"}
		}
		return nil, nil, &syntaxError{msg: "not valid YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	var next yaml.Node
	if err := decodeYAML(dec, &next); err == nil {
		return nil, nil, &syntaxError{line: next.Line, msg: "a second YAML document starts here; a template is one document"}
	} else if !errors.Is(err, io.EOF) {
		return nil, nil, &syntaxError{msg: "not valid YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	if len(doc.Content) != 1 {
		return nil, nil, &syntaxError{msg: "the file is empty"}
	}
	r := &yamlReader{}
	n, err := r.value(doc.Content[0], &place{}, 0, nil)
	return n, r.again, err
}

// decodeYAML turns the panics that the YAML library keeps for malformed input into errors.
func decodeYAML(dec *yaml.Decoder, into *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return dec.Decode(into)
}

// open are the anchors being expanded, to refuse an alias within itself.
func (r *yamlReader) value(y *yaml.Node, place *place, depth int, open []*yaml.Node) (*node, error) {
	if depth > maxDepth {
		return nil, tooDeep(y.Line, place)
	}
	if r.nodes++; r.nodes > maxNodes {
		return nil, &syntaxError{line: y.Line, place: clip(place.String(), 120), msg: fmt.Sprintf("the document holds more than %d values once its aliases are expanded", maxNodes)}
	}
	if y.Kind == yaml.AliasNode {
		for _, o := range open {
			if o == y.Alias {
				return nil, &syntaxError{line: y.Line, place: clip(place.String(), 120), msg: fmt.Sprintf("the alias *%s contains itself", y.Value)}
			}
		}
		return r.value(y.Alias, place, depth+1, append(open[:len(open):len(open)], y.Alias))
	}
	if y.Anchor != "" {
		open = append(open[:len(open):len(open)], y)
	}
	n, err := r.untagged(y, place, depth, open)
	if err != nil {
		return nil, err
	}
	if y.Style&yaml.TaggedStyle == 0 || strings.HasPrefix(y.Tag, "!!") || y.Tag == "!" {
		return n, nil
	}
	fn, ok := shortForms[y.Tag]
	if !ok {
		return nil, &syntaxError{line: y.Line, place: clip(place.String(), 120), msg: fmt.Sprintf("the tag %s is no CloudFormation function; wanted one of %s", clip(y.Tag, 40), strings.Join(sorted(shortForms), " "))}
	}
	if fn == "Fn::GetAtt" && n.is(scalarNode) {
		n = dottedGetAtt(n)
	}
	call := newMap(y.Line)
	call.set(fn, n)
	return call, nil
}

func (r *yamlReader) untagged(y *yaml.Node, place *place, depth int, open []*yaml.Node) (*node, error) {
	switch y.Kind {
	case yaml.SequenceNode:
		n := &node{kind: listNode, line: y.Line, list: make([]*node, 0, len(y.Content))}
		for i, c := range y.Content {
			e, err := r.value(c, place.at(i), depth+1, open)
			if err != nil {
				return nil, err
			}
			n.list = append(n.list, e)
		}
		return n, nil
	case yaml.MappingNode:
		n := newMap(y.Line)
		var merged []*node
		for i := 0; i+1 < len(y.Content); i += 2 {
			k := y.Content[i]
			if k.Kind == yaml.AliasNode {
				k = k.Alias
			}
			if k.Kind != yaml.ScalarNode {
				return nil, &syntaxError{line: k.Line, place: clip(place.String(), 120), msg: "a map's key must be a string"}
			}
			v, err := r.value(y.Content[i+1], place.to(k.Value), depth+1, open)
			if err != nil {
				return nil, err
			}
			if k.Tag == "!!merge" {
				if v.is(listNode) {
					merged = append(merged, v.list...)
				} else {
					merged = append(merged, v)
				}
				continue
			}
			if n.field(k.Value) != nil {
				r.again = append(r.again, twice{k.Line, clip(place.String(), 120), k.Value})
			}
			n.put(k.Value, v)
		}
		for _, m := range merged {
			for _, k := range m.keysOf() {
				if n.field(k) == nil {
					n.set(k, m.field(k))
				}
			}
		}
		return n, nil
	default:
		return yamlScalar(y), nil
	}
}

func (n *node) keysOf() []string {
	if !n.is(mapNode) {
		return nil
	}
	return n.keys
}

func yamlScalar(y *yaml.Node) *node {
	n := &node{kind: scalarNode, text: y.Value, line: y.Line}
	if y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return n
	}
	switch y.ShortTag() {
	case "!!null":
		return &node{line: y.Line}
	case "!!bool":
		n.lit, n.text = litBool, strings.ToLower(y.Value)
	case "!!int", "!!float":
		n.lit = litNumber
	}
	return n
}

func dottedGetAtt(n *node) *node {
	id, attr, _ := strings.Cut(n.text, ".")
	return &node{kind: listNode, line: n.line, list: []*node{
		{kind: scalarNode, text: id, line: n.line},
		{kind: scalarNode, text: attr, line: n.line},
	}}
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
