package cfn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// template is a document whose shape is checked: every section is a map, every resource has a type.
type template struct {
	file                                                 string
	parameters, mappings, conditions, resources, outputs *node
	dependsOn                                            map[string][]string
	nestedIDs                                            []string // logical ids of AWS::CloudFormation::Stack, sorted
	transforms                                           []string
}

var sections = []string{"AWSTemplateFormatVersion", "Conditions", "Description", "Hooks", "Mappings", "Metadata", "Outputs", "Parameters", "Resources", "Rules", "Transform"}

func newTemplate(file string, n *node, p *problems) *template {
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
	for _, k := range n.keys {
		if !slices.Contains(sections, k) {
			fail(clip(k, 60), "no section of a template has this name%s", nearest(k, sections))
		}
	}
	t := &template{file: file, dependsOn: map[string][]string{}}
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
			*s.into = f
		case f.is(nullNode) || f == nil:
		default:
			fail(s.name, "is %s, wanted a map", f.what())
		}
	}
	if tr := n.field("Transform"); tr.is(scalarNode) {
		t.transforms = []string{tr.text}
	} else if tr.is(listNode) {
		for _, e := range tr.list {
			if e.is(scalarNode) {
				t.transforms = append(t.transforms, e.text)
			}
		}
	}
	for _, section := range []*node{t.parameters, t.outputs} {
		name := "Parameters"
		if section == t.outputs {
			name = "Outputs"
		}
		for _, id := range section.keys {
			if strings.HasPrefix(id, "Fn::") {
				fail(name+"."+id, "a macro stands here that only CloudFormation expands; give the processed template (aws cloudformation get-template --template-stage Processed)")
			} else if !section.field(id).is(mapNode) {
				fail(name+"."+id, "is %s, wanted a map", section.field(id).what())
			}
		}
	}
	for _, id := range t.resources.sortedKeys() {
		t.resource(id, fail)
	}
	return t
}

func (t *template) resource(id string, fail func(path, format string, args ...any)) {
	r := t.resources.field(id)
	at := "Resources." + id
	if strings.HasPrefix(id, "Fn::") {
		fail(at, "a macro stands here that only CloudFormation expands; give the processed template (aws cloudformation get-template --template-stage Processed)")
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
	best, at := "", min(max(2, len(name)/3)+1, len(name))
	if len(name) > 100 {
		return ""
	}
	for _, c := range among {
		if len(c) > 200 {
			continue
		}
		if d := levenshtein.Distance(strings.ToLower(name), strings.ToLower(c), nil); d < at {
			best, at = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
