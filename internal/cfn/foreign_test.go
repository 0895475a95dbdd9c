package cfn_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// TestWhatCloudFormationReads are templates that CloudFormation takes: which resources there are, and properties of them.
func TestWhatCloudFormationReads(t *testing.T) {
	t.Parallel()
	const loop = "Transform: AWS::LanguageExtensions\nParameters: {Names: {Type: CommaDelimitedList, Default: 'a, b'}, Open: {Type: CommaDelimitedList}}\n"
	for _, c := range []struct {
		name, text string
		ids        string
		props      map[string]string // by id and property
		notes      string
	}{
		{"a key twice in YAML", "Resources:\n  A: {Type: X}\n  B: {Type: X}\n  A: {Type: Y, Properties: {P: 1}}\n", "A B", map[string]string{"A.P": "1"}, `Resources.A: line 4: the key "A" stands twice: the last one holds`},
		{"a key twice in JSON", "{\"Resources\": {\"A\": {\"Type\": \"X\", \"Properties\": {\"P\": 1,\n \"P\": 2}}}}", "A", map[string]string{"A.P": "2"}, `Resources.A.Properties.P: line 2: the key "P" stands twice: the last one holds`},
		{"a key twice in a map of many", "Resources: {A: {Type: X, Properties: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, b: 10}}}\n", "A", map[string]string{"A.b": "10"}, `Resources.A.Properties.b: line 1: the key "b" stands twice: the last one holds`},

		{"a blank list has one blank item", "Parameters: {L: {Type: CommaDelimitedList, Default: ''}}\nConditions: {Some: !Not [!Equals [!Select [0, !Ref L], '']]}\nResources: {A: {Type: X}, B: {Type: X, Condition: Some}}\n", "A", nil, ""},
		{"and so has one of ids", "Parameters: {L: {Type: 'List<AWS::EC2::Subnet::Id>', Default: ''}}\nConditions: {Some: !Not [!Equals [!Join ['', !Ref L], '']]}\nResources: {A: {Type: X, Properties: {P: !Select [0, !Ref L]}}, B: {Type: X, Condition: Some}}\n", "A", map[string]string{"A.P": ""}, ""},
		{"a list of two, one blank", "Parameters: {L: {Type: CommaDelimitedList, Default: 'x,'}}\nResources: {A: {Type: X, Properties: {P: !Select [1, !Ref L], Q: !Select [0, !Ref L]}}}\n", "A", map[string]string{"A.P": "", "A.Q": "x"}, ""},

		{"functions of rules", "Parameters: {V: {Type: 'AWS::EC2::VPC::Id'}}\nRules: {R: {RuleCondition: !Contains [[a], a], Assertions: [{Assert: !EachMemberEquals [!ValueOfAll ['AWS::EC2::VPC::Id', Tags.a], b]}, {Assert: !EachMemberIn [!RefAll 'AWS::EC2::VPC::Id', [!ValueOf [V, Tags.a]]]}]}}\nResources: {A: {Type: X}}\n", "A", nil, ""},

		{"globals of SAM", "Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {Timeout: 5, VpcConfig: {SubnetIds: [a]}}}\nResources: {A: {Type: 'AWS::Serverless::Function', Properties: {Timeout: 6, VpcConfig: {SubnetIds: [b], SecurityGroupIds: [c]}}}, B: {Type: 'AWS::Serverless::Function'}, C: {Type: X}}\n", "A B C",
			map[string]string{"A.Timeout": "6", "A.VpcConfig.SubnetIds": "[a, b]", "A.VpcConfig.SecurityGroupIds": "[c]", "B.Timeout": "5", "C.Timeout": ""}, "Transform: what the transform AWS::Serverless-2016-10-31 adds or changes at deployment is not seen"},
		{"a resource that SAM makes", "Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: X, Properties: {P: !GetAtt JobRole.Arn, Q: !Ref ServerlessRestApi}}}\n", "A", map[string]string{"A.Q": "ServerlessRestApi"}, "Transform: what the transform AWS::Serverless-2016-10-31 adds or changes at deployment is not seen"},

		{"a loop over a literal list", loop + "Resources: {'Fn::ForEach::S': [N, ['1', '2'], {'Sub${N}': {Type: X, Properties: {P: !Sub '10.${N}.${AWS::Region}', Q: !Ref N}}}], B: {Type: X, Properties: {R: !GetAtt Sub1.Arn}}}\n", "B Sub1 Sub2",
			map[string]string{"Sub1.P": "10.1.${AWS::Region}", "Sub2.Q": "2", "B.R": "Sub1.Arn"}, ""},
		{"a loop over a parameter, in a loop", loop + "Resources: {'Fn::ForEach::S': [N, !Ref Names, {'Fn::ForEach::T': [M, [10.0, y], {'R${N}&{M}': {Type: X, Properties: {P: !Sub '${N}${M}'}}}]}]}\n", "Ra100 Ray Rb100 Rby", map[string]string{"Ra100.P": "a10.0"}, ""},
		{"a loop in properties and outputs", loop + "Resources: {A: {Type: X, Properties: {'Fn::ForEach::P': [N, [P, Q], {'${N}': !Sub 'the ${N}'}]}}}\nOutputs: {'Fn::ForEach::O': [N, [O1], {'${N}': {Value: !GetAtt A.B}}]}\n", "A", map[string]string{"A.Q": "the Q"}, ""},
		{"a loop over what the deployment knows", loop + "Resources: {A: {Type: X, Properties: {P: !Ref Suba}}, 'Fn::ForEach::S': [N, !Ref Open, {'Sub${N}': {Type: X}}]}\n", "A", nil, "Resources.Fn::ForEach::S: what this loop makes is not read: its collection Open is decided at deployment (unread)"},
		{"a macro among the resources", "Resources: {A: {Type: X, Properties: {P: !Ref Elsewhere}}, 'Fn::Transform': {Name: 'AWS::Include', Parameters: {Location: s3}}}\n", "A", nil, "Resources.Fn::Transform: what this macro adds is not read (unread)"},
		{"a macro over the template", "Transform: Own\nResources: {A: {Type: X, Condition: Elsewhere}}\n", "A", nil, "Transform: what the transform Own adds or changes is not read (unread)"},

		{"an import that is passed on", "Parameters: {Parent: {Type: String}}\nResources: {A: {Type: X, Properties: {P: !ImportValue {'Fn::Sub': '${Parent}-Net'}}}}\nOutputs: {Net: {Value: !ImportValue {'Fn::Sub': '${Parent}-Net'}, Export: {Name: !Sub '${AWS::StackName}-Net'}}}\n", "A",
			map[string]string{"A.P": "Fn::ImportValue(${Parent}-Net)"}, "Outputs.Net.Value.Fn::ImportValue: the import ${Parent}-Net is unknown: no template here exports it; Resources.A.Properties.P.Fn::ImportValue: the import ${Parent}-Net is unknown: no template here exports it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			set := parse(t, cfn.Options{}, c.text)
			if got := strings.Join(ids(set.Resources()), " "); got != c.ids {
				t.Errorf("resources %s, want %s", got, c.ids)
			}
			for at, want := range c.props {
				id, prop, _ := strings.Cut(at, ".")
				if got := set.Find(id)[0].Prop(prop).String(); got != want {
					t.Errorf("%s is %q, want %q", at, got, want)
				}
			}
			if diff := cmp.Diff(c.notes, notes(set)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTwoPassOnAnImport: two templates that each pass on an import of an unknown stack are no circle.
func TestTwoPassOnAnImport(t *testing.T) {
	t.Parallel()
	const text = "Parameters: {Parent: {Type: String}}\nResources: {}\nOutputs: {Net: {Value: !ImportValue {'Fn::Sub': '${Parent}-Net'}, Export: {Name: !Sub '${AWS::StackName}-Net'}}}\n"
	if _, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "a.yaml", Data: []byte(text)}, cfn.Source{Name: "b.yaml", Data: []byte(text)}); err != nil {
		t.Error(err)
	}
}

func notes(set *cfn.Set) string {
	var out []string
	for _, n := range set.Notes() {
		text := fmt.Sprintf("%s: %s", n.Path, n.Text)
		if n.Unread {
			text += " (unread)"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// TestNestedByURL: which of the files that are given is the template of a nested stack.
func TestNestedByURL(t *testing.T) {
	t.Parallel()
	const child = "Parameters: {Range: {Type: String, Default: none}}\nResources: {%s: {Type: X, Properties: {P: !Ref Range}}}\nOutputs: {O: {Value: !Ref Range}}\n"
	for _, c := range []struct {
		name, url string
		files     []string
		want      string // file of the nested stack
	}{
		{"a literal URL", "https://s3.amazonaws.com/bucket/parts/child.yaml", []string{"parts/child.yaml"}, "parts/child.yaml"},
		{"a URL of Fn::Sub", "!Sub 'https://${Bucket}.s3.amazonaws.com/${Prefix}parts/child.yaml'", []string{"parts/child.yaml"}, "parts/child.yaml"},
		{"a URL of Fn::Sub with variables", "!Sub ['https://${B}/child.yaml', {B: !Ref Bucket}]", []string{"parts/child.yaml"}, "parts/child.yaml"},
		{"a URL of Fn::Join", "!Join ['/', ['https://s3.amazonaws.com', !Ref Bucket, 'parts', 'child.yaml']]", []string{"parts/child.yaml"}, "parts/child.yaml"},
		{"the longest end", "https://x/y/parts/child.yaml", []string{"other/child.yaml", "parts/child.yaml"}, "parts/child.yaml"},
		{"two that could be it", "https://x/y/child.yaml", []string{"other/child.yaml", "parts/child.yaml"}, ""},
		{"another name", "https://x/y/kid.yaml", []string{"parts/child.yaml"}, ""},
		{"only the end of the name", "https://x/y/grandchild.yaml", []string{"parts/child.yaml"}, ""},
		{"a URL that is a parameter", "!Ref Bucket", []string{"parts/child.yaml"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sources := []cfn.Source{{Name: "parent.yaml", Data: []byte("Parameters: {Bucket: {Type: String}, Prefix: {Type: String}}\nResources:\n  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: " + c.url + ", Parameters: {Range: given}}}\n  A: {Type: X, Properties: {P: !GetAtt N.Outputs.O}}\n")}}
			for i, f := range c.files {
				sources = append(sources, cfn.Source{Name: f, Data: fmt.Appendf(nil, child, fmt.Sprintf("C%d", i))})
			}
			set, err := cfn.Parse(cfn.Options{}, sources...)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, st := range set.Stacks() {
				if st.Parent != nil {
					got = st.File
				}
			}
			if got != c.want {
				t.Errorf("the nested stack is %q, want %q", got, c.want)
			}
			if unread := strings.Contains(notes(set), "(unread)"); unread != (c.want == "") {
				t.Errorf("unread is %v: %s", unread, notes(set))
			}
			if v := set.Find("A")[0].Prop("P").String(); (v == "given") != (c.want != "") {
				t.Errorf("the output is %s", v)
			}
		})
	}
}

// TestNestedLoop: a loop of a nested stack runs over what its parent passes.
func TestNestedLoop(t *testing.T) {
	t.Parallel()
	const child = "Transform: AWS::LanguageExtensions\nParameters: {L: {Type: CommaDelimitedList, Default: d}}\nResources: {'Fn::ForEach::S': [N, !Ref L, {'R${N}': {Type: X}}]}\n"
	for given, want := range map[string]string{"'a,b'": "N Ra Rb", "!Ref P": "N", "!Ref AWS::NoValue": "N", "": "N Rd"} {
		parameters := "{L: " + given + "}"
		if given == "" {
			parameters = "{}"
		}
		parent := "Parameters: {P: {Type: String}}\nResources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: c.yaml, Parameters: " + parameters + "}}}\n"
		set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "p.yaml", Data: []byte(parent)}, cfn.Source{Name: "c.yaml", Data: []byte(child)})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(ids(set.Resources()), " "); got != want {
			t.Errorf("given %s: %s, want %s", given, got, want)
		}
	}
}

// TestAssetList: an assembly's list of what it uploads names the template of a nested stack.
func TestAssetList(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/listed.out")
	if got := strings.Join(ids(set.Resources()), " "); got != "Part Box Vpc" && got != "Box Part Vpc" {
		t.Errorf("resources %s", got)
	}
	if r := set.Find("Box")[0]; r.Prop("VpcId").String() != "Vpc" {
		t.Errorf("Box is in %s", r.Prop("VpcId"))
	}
	if n := notes(set); n != "" {
		t.Error(n)
	}
}
