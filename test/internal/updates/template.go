package updates

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Template is a CloudFormation template in JSON, as far as updates look at it.
type Template struct {
	Resources  map[string]Resource
	Outputs    map[string]Output
	Parameters map[string]any
	Mappings   map[string]any
	Conditions map[string]any
}

// Resource is one of a template.
type Resource struct {
	Type                string
	Properties          map[string]any
	DeletionPolicy      string
	UpdateReplacePolicy string
}

// Output is a value of a stack, and what other stacks import it by.
type Output struct {
	Value  any
	Export struct{ Name string }
}

// Parse reads a template.
func Parse(text []byte) (Template, error) {
	var t Template
	return t, json.Unmarshal(text, &t)
}

// reference is a use of another resource: of its id, where attribute is empty, or of an attribute.
type reference struct{ id, attribute string }

var substitution = regexp.MustCompile(`\$\{([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}`)

// references are the uses in a value, wherever they stand in it.
func references(v any) []reference {
	seen := map[reference]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["Ref"].(string); ok && len(v) == 1 {
				seen[reference{id: ref}] = true
			}
			switch get := v["Fn::GetAtt"].(type) {
			case []any:
				if len(get) == 2 {
					id, _ := get[0].(string)
					attribute, _ := get[1].(string)
					seen[reference{id, attribute}] = true
				}
			case string:
				id, attribute, _ := strings.Cut(get, ".")
				seen[reference{id, attribute}] = true
			}
			sub := v["Fn::Sub"]
			if list, ok := sub.([]any); ok && len(list) > 0 {
				sub = list[0]
			}
			if text, ok := sub.(string); ok {
				for _, m := range substitution.FindAllStringSubmatch(text, -1) {
					seen[reference{m[1], m[2]}] = true
				}
			}
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return slices.SortedFunc(maps.Keys(seen), func(a, b reference) int {
		return strings.Compare(a.id+"."+a.attribute, b.id+"."+b.attribute)
	})
}

// at is what is found at a path of properties, or nil.
func at(properties map[string]any, path string) any {
	var v any = properties
	for _, p := range strings.Split(path, "/") {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// imports are the names of exports that a template uses, as text.
func imports(t Template) map[string]bool {
	out := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if name, ok := v["Fn::ImportValue"].(string); ok {
				out[name] = true
			}
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	for _, r := range t.Resources {
		walk(r.Properties)
	}
	for _, o := range t.Outputs {
		walk(o.Value)
	}
	return out
}
