package cfn

import (
	"fmt"
	"slices"
	"strings"

	near "github.com/eks-ipv6/cdk/internal/nearest"
)

// template is a document whose shape is checked: every section is a map, every resource has a type.
type template struct {
	file                                                 string
	parameters, mappings, conditions, resources, outputs *node
	dependsOn                                            map[string][]string
	nestedIDs                                            []string // logical ids of AWS::CloudFormation::Stack, sorted
	transforms                                           []string

	root   *node    // as written, loops too
	loops  bool     // root has loops
	twice  []twice  // keys that stand twice
	unread []unread // what the deployment adds
}

// unread is a part of a template that stands for resources which are not read.
type unread struct{ path, why string }

// partial reports whether the deployment adds to the template: a name that is not there may come from that.
func (t *template) partial() bool { return len(t.unread) > 0 || t.serverless() }

// serverless reports whether the template is one of AWS SAM's.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy.html
func (t *template) serverless() bool {
	return slices.ContainsFunc(t.transforms, func(name string) bool { return strings.HasPrefix(name, "AWS::Serverless-") })
}

// harmless are the transforms of AWS that add no resources, or none that decide over packets.
var harmless = []string{"AWS::LanguageExtensions", "AWS::Serverless-", "AWS::CodeDeployBlueGreen", "AWS::SecretsManager-"}

// macros finds what transforms add that is not read.
func (t *template) macros(n *node) {
	for _, name := range t.transforms {
		if !slices.ContainsFunc(harmless, func(h string) bool { return strings.HasPrefix(name, h) }) {
			t.unread = append(t.unread, unread{"Transform", "what the transform " + clip(name, 80) + " adds or changes is not read"})
		}
	}
	if n.field("Fn::Transform") != nil {
		t.unread = append(t.unread, unread{"Fn::Transform", "what this macro adds is not read"})
	}
	for _, section := range sections {
		if s := n.field(section); s.field("Fn::Transform") != nil {
			t.unread = append(t.unread, unread{section + ".Fn::Transform", "what this macro adds is not read"})
		}
	}
}

// expand writes out the loops of a template.
func (t *template) expand(n *node, fail func(path, format string, args ...any), parameter func(*node, string) *node) *node {
	if !hasLoops(n) {
		return n
	}
	t.loops = true
	if !slices.Contains(t.transforms, "AWS::LanguageExtensions") {
		fail("", "Fn::ForEach needs Transform: AWS::LanguageExtensions")
		return n
	}
	l := &loops{fail: fail, parameter: func(name string) *node { return parameter(n.field("Parameters").field(name), name) }}
	out := l.write(n, &place{}, nil)
	if l.nodes > maxNodes {
		fail("", "the template holds more than %d values once its loops are written out", maxNodes)
	}
	t.unread = append(t.unread, l.open...)
	return out
}

// globals puts the properties that AWS SAM gives to all resources of a kind into each of them: a map's keys are joined, a
// list's items come first, and what the resource says itself holds.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
func (t *template) globals(n *node) {
	out := newMap(t.resources.line)
	for i, id := range t.resources.keys {
		r := t.resources.list[i]
		if kind, ok := strings.CutPrefix(r.str("Type"), "AWS::Serverless::"); ok && n.field(kind) != nil {
			props := joined(n.field(kind), r.field("Properties"))
			r = r.without("Properties")
			r = &node{kind: mapNode, line: r.line, keys: slices.Concat(r.keys, []string{"Properties"}), list: slices.Concat(r.list, []*node{props})}
		}
		out.set(id, r)
	}
	t.resources = out
}

func joined(global, own *node) *node {
	switch {
	case own == nil, own.is(nullNode):
		return global
	case global.is(mapNode) && own.is(mapNode):
		if _, call := own.intrinsic(); call {
			return own
		}
		out := newMap(own.line)
		for i, k := range global.keys {
			out.set(k, joined(global.list[i], own.field(k)))
		}
		for i, k := range own.keys {
			if global.field(k) == nil {
				out.set(k, own.list[i])
			}
		}
		return out
	case global.is(listNode) && own.is(listNode):
		return &node{kind: listNode, line: own.line, list: slices.Concat(global.list, own.list)}
	}
	return own
}

var sections = []string{"AWSTemplateFormatVersion", "Conditions", "Description", "Hooks", "Mappings", "Metadata", "Outputs", "Parameters", "Resources", "Rules", "Transform"}

// newTemplate checks a document's shape. parameter is the value of a parameter, by its declaration and name, that a loop runs
// over.
func newTemplate(file string, n *node, p *problems, parameter func(*node, string) *node) *template {
	fail := func(path, format string, args ...any) {
		p.add(&Error{File: file, Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if !n.is(mapNode) {
		fail("", "not a CloudFormation template: found %s, wanted a map with Resources", n.what())
		return nil
	}
	if n.field("Resources") == nil {
		found := n.sortedKeys()
		hint := ""
		switch {
		case n.field("artifacts") != nil:
			hint = "; this is a cloud assembly manifest, name its folder instead"
		case n.field("apiVersion") != nil && n.field("kind") != nil:
			hint = "; this is a Kubernetes manifest or an eksctl config"
		}
		if len(found) > 8 {
			found = append(found[:8:8], "…")
		}
		fail("", "not a CloudFormation template: no Resources, found the keys [%s]%s", clip(strings.Join(found, " "), 200), hint)
		return nil
	}
	t := &template{file: file, root: n, dependsOn: map[string][]string{}}
	if tr := n.field("Transform"); tr.is(scalarNode) {
		t.transforms = []string{tr.text}
	} else if tr.is(listNode) {
		for _, e := range tr.list {
			if e.is(scalarNode) {
				t.transforms = append(t.transforms, e.text)
			}
		}
	}
	t.macros(n)
	n = t.expand(n, fail, parameter)
	for _, k := range n.keys {
		known := slices.Contains(sections, k) || k == "Globals" && t.serverless() || k == "Fn::Transform"
		if !known {
			fail(clip(k, 60), "no section of a template has this name%s", nearest(k, sections))
		}
	}
	for _, s := range []struct {
		name string
		into **node
	}{
		{"Parameters", &t.parameters}, {"Mappings", &t.mappings}, {"Conditions", &t.conditions},
		{"Resources", &t.resources}, {"Outputs", &t.outputs},
	} {
		*s.into = newMap(0)
		switch f := n.field(s.name); {
		case f.is(mapNode):
			*s.into = f.without("Fn::Transform")
		case f.is(nullNode) || f == nil:
		default:
			fail(s.name, "is %s, wanted a map", f.what())
		}
	}
	for _, section := range []*node{t.parameters, t.outputs} {
		name := "Parameters"
		if section == t.outputs {
			name = "Outputs"
		}
		for _, id := range section.keys {
			if strings.HasPrefix(id, forEach) {
				continue
			}
			if strings.HasPrefix(id, "Fn::") {
				fail(name+"."+id, "%s is no name; wanted a logical id", id)
			} else if !section.field(id).is(mapNode) {
				fail(name+"."+id, "is %s, wanted a map", section.field(id).what())
			}
		}
	}
	if t.serverless() {
		t.globals(n.field("Globals"))
	}
	for _, id := range t.resources.sortedKeys() {
		t.resource(id, fail)
	}
	return t
}

func (t *template) resource(id string, fail func(path, format string, args ...any)) {
	r := t.resources.field(id)
	at := "Resources." + id
	if strings.HasPrefix(id, forEach) {
		return // it is said already why it is not written out
	}
	if strings.HasPrefix(id, "Fn::") {
		fail(at, "%s is no logical id", id)
		return
	}
	if !r.is(mapNode) {
		fail(at, "is %s, wanted a map with Type and Properties", r.what())
		return
	}
	if r.str("Type") == "" {
		fail(at, "has no Type")
	}
	if p := r.field("Properties"); p != nil && !p.is(mapNode) && !p.is(nullNode) {
		fail(at+".Properties", "is %s, wanted a map", p.what())
	}
	if c := r.field("Condition"); c != nil && !c.is(scalarNode) {
		fail(at+".Condition", "is %s, wanted the name of a condition", c.what())
	}
	switch d := r.field("DependsOn"); {
	case d == nil:
	case d.is(scalarNode):
		t.dependsOn[id] = []string{d.text}
	case d.is(listNode):
		for _, e := range d.list {
			if !e.is(scalarNode) {
				fail(at+".DependsOn", "holds %s, wanted logical ids", e.what())
				continue
			}
			t.dependsOn[id] = append(t.dependsOn[id], e.text)
		}
	default:
		fail(at+".DependsOn", "is %s, wanted logical ids", d.what())
	}
	if r.str("Type") == "AWS::CloudFormation::Stack" {
		t.nestedIDs = append(t.nestedIDs, id)
	}
}

// nearest is a hint with the name most like the wanted one, or "".
func nearest(name string, among []string) string {
	if len(name) > 100 {
		return ""
	}
	best := near.Of(name, among, min(max(2, len(name)/3), len(name)-1))
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
