package rules_test

import (
	"bytes"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// TestUnknown puts a parameter without a value into every place of the good templates, one at a time: what is not
// known must not become a finding.
func TestUnknown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"good.yaml", "auto.yaml", "more.yaml"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var doc yaml.Node
			if err := yaml.Unmarshal([]byte(read(t, "testdata/"+name)), &doc); err != nil {
				t.Fatal(err)
			}
			root := doc.Content[0]
			var open yaml.Node
			if err := yaml.Unmarshal([]byte("Open: {Type: String}"), &open); err != nil {
				t.Fatal(err)
			}
			if params := child(root, "Parameters"); params != nil {
				params.Content = append(params.Content, open.Content[0].Content...)
			} else {
				root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "Parameters"}, open.Content[0])
			}
			places := 0
			resources := child(root, "Resources")
			for i := 0; i < len(resources.Content); i += 2 {
				id := resources.Content[i].Value
				each(child(resources.Content[i+1], "Properties"), id, func(path string, n *yaml.Node) {
					saved := *n
					*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!Ref", Value: "Open", Style: yaml.TaggedStyle}
					defer func() { *n = saved }()
					var text bytes.Buffer
					if err := yaml.NewEncoder(&text).Encode(&doc); err != nil {
						t.Fatal(err)
					}
					set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: name, Data: text.Bytes()})
					if err != nil {
						return // a place that takes no function, such as the name in !GetAtt
					}
					places++
					for _, f := range checkSet(t, set) {
						t.Errorf("with %s unknown: %s", path, f)
					}
				})
			}
			if places < 50 {
				t.Errorf("only %d places were tried", places)
			}
		})
	}
}

func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// each visits every value within n, calls as a whole first.
func each(n *yaml.Node, path string, visit func(string, *yaml.Node)) {
	if n == nil {
		return
	}
	if strings.Contains(path, ".") {
		visit(path, n)
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			each(n.Content[i+1], path+"."+n.Content[i].Value, visit)
		}
	case yaml.SequenceNode:
		for i, e := range n.Content {
			each(e, path+"."+string(rune('0'+i%10)), visit)
		}
	default:
	}
}
