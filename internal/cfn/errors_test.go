package cfn_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"empty":                 {"", "t: the file is empty"},
		"only a comment":        {"# nothing\n", "t: the file is empty"},
		"a list":                {"[1, 2]", "t: not a CloudFormation template: found a list, wanted a map with Resources"},
		"prose":                 {"hello", `t: not a CloudFormation template: found the string "hello", wanted a map with Resources`},
		"kubernetes":            {"apiVersion: v1\nkind: Pod\n", "t: not a CloudFormation template: no Resources, found the keys [apiVersion kind]; this is a Kubernetes manifest or an eksctl config"},
		"manifest":              {`{"artifacts": {}}`, "t: not a CloudFormation template: no Resources, found the keys [artifacts]; this is a cloud assembly manifest, name its folder instead"},
		"binary":                {"\xff\xfe{", "t: not UTF-8 text"},
		"broken JSON":           {"{\n\"Resources\": {\n", "t: line 2: not valid JSON: the document ends too early"},
		"more JSON":             {`{"Resources": {}} {}`, "t: line 1: more text follows the end of the JSON document"},
		"broken YAML":           {"Resources:\n  A: [\n", "t: not valid YAML: line 2: did not find expected node content"},
		"two documents":         {"Resources: {}\n---\nResources: {}\n", "t: line 2: a second YAML document starts here; a template is one document"},
		"unknown tag":           {"Resources:\n  A: {Type: X, Properties: {V: !Reff B}}\n", "t: line 2: Resources.A.Properties.V: the tag !Reff is no CloudFormation function; wanted one of !And !Base64 !Cidr !Condition !Contains !EachMemberEquals !EachMemberIn !Equals !FindInMap !GetAZs !GetAtt !GetStackOutput !If !ImportValue !Join !Length !Not !Or !Ref !RefAll !Select !Split !Sub !ToJsonString !Transform !ValueOf !ValueOfAll"},
		"unknown function":      {x(`{"Fn::Joyn": ["", []]}`), `t: Resources.X.Properties.V.Fn::Joyn: Fn::Joyn is no CloudFormation function; did you mean "Fn::Join"?`},
		"function beside keys":  {x(`{"Fn::Join": ["", []], a: 1}`), "t: Resources.X.Properties.V: Fn::Join stands beside other keys (Fn::Join, a); a function must be the only key of its map"},
		"unknown section":       {"Resource: {}\nResources: {}\n", `t: Resource: no section of a template has this name; did you mean "Resources"?`},
		"resources a list":      {"Resources: [a]\n", "t: Resources: is a list, wanted a map"},
		"resource a string":     {"Resources: {A: b}\n", `t: Resources.A: is the string "b", wanted a map with Type and Properties`},
		"no type":               {"Resources: {A: {}}\n", "t: Resources.A: has no Type"},
		"depends on nothing":    {"Resources: {A: {Type: X, DependsOn: Be}, Bee: {Type: X}}\n", `t: Resources.A.DependsOn: "Be" is no resource of this template; did you mean "Bee"?`},
		"ref to nothing":        {x("!Ref Q"), `t: Resources.X.Properties.V.Ref: refers to "Q", which is neither a resource nor a parameter`},
		"sub of nothing":        {x(`!Sub "a ${Nothing.Arn}"`), `t: Resources.X.Properties.V.Fn::Sub: refers to "Nothing", which is neither a resource nor a parameter`},
		"getatt of nothing":     {x(`!GetAtt Nothing.Arn`), `t: Resources.X.Properties.V.Fn::GetAtt: refers to "Nothing", which is neither a resource nor a parameter`},
		"getatt of no name":     {x(`!GetAtt X`), `t: Resources.X.Properties.V.Fn::GetAtt: names no attribute of "X"; wanted [logical id, attribute]`},
		"ref to the removed":    {"Conditions: {No: !Equals [1, 2]}\nResources:\n  A: {Type: X, Condition: No}\n  B: {Type: X, Properties: {V: !Ref A}}\n", "t: Resources.B.Properties.V.Ref: refers to A, which its condition No removes"},
		"no such condition":     {x(`!If [Yess, 1, 2]`) + "Conditions: {Yes: !Equals [1, 1]}\n", `t: Resources.X.Properties.V.Fn::If.0: there is no condition "Yess"; did you mean "Yes"?`},
		"if of two":             {x(`!If [A, 1]`), "t: Resources.X.Properties.V.Fn::If: wants [condition, value if true, value if false], found a list"},
		"join of a map":         {x(`!Join ["", [{a: 1}]]`), "t: Resources.X.Properties.V.Fn::Join: joins a map, wanted strings"},
		"select past the end":   {x(`!Select [2, [a, b]]`), "t: Resources.X.Properties.V.Fn::Select: selects item 2 of a list of 2"},
		"select by a word":      {x(`!Select [a, [a, b]]`), `t: Resources.X.Properties.V.Fn::Select.0: is the string "a", wanted an index`},
		"split by nothing":      {x(`!Split ["", a]`), "t: Resources.X.Properties.V.Fn::Split.0: the delimiter is empty"},
		"cidr of no block":      {x(`!Cidr [10.0.0.0, 1, 8]`), `t: Resources.X.Properties.V.Fn::Cidr: "10.0.0.0" is no CIDR block`},
		"cidr too many":         {x(`!Cidr [10.0.0.0/20, 9, 9]`), "t: Resources.X.Properties.V.Fn::Cidr: 9 blocks of /23 do not fit into 10.0.0.0/20, which has room for 8"},
		"cidr too large":        {x(`!Cidr [10.0.0.0/20, 1, 13]`), "t: Resources.X.Properties.V.Fn::Cidr: blocks with 13 host bits do not fit into 10.0.0.0/20; wanted 1 to 12"},
		"cidr of none":          {x(`!Cidr [10.0.0.0/20, 0, 8]`), "t: Resources.X.Properties.V.Fn::Cidr.1: count is 0, wanted 1 to 256"},
		"map without the key":   {x(`!FindInMap [M, a, Typo]`) + "Mappings: {M: {a: {Type: 1}}}\n", `t: Resources.X.Properties.V.Fn::FindInMap.2: there is no key "Typo" in Mappings.M.a; did you mean "Type"?`},
		"not over two":          {"Conditions: {A: !Not [!Equals [1, 1], !Equals [1, 1]]}\nResources: {}\n", "t: Conditions.A.Fn::Not: wants a list of one condition, found a list"},
		"a condition of text":   {"Conditions: {A: maybe}\nResources: {}\n", `t: Conditions.A: is the string "maybe", wanted a condition (Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition)`},
		"a circle of resources": {"Resources:\n  A: {Type: X, Properties: {V: !Ref B}}\n  B: {Type: X, Properties: {V: !Sub \"${C.Arn}\"}}\n  C: {Type: X, DependsOn: A}\n", "t: Resources: circular dependency: A -> B -> C -> A"},
		"a resource in itself":  {x(`!GetAtt X.Arn`), "t: Resources: circular dependency: X -> X"},
		"a circle of echoes":    {"Resources:\n  A: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !GetAtt B.CidrBlock}}\n  B: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !GetAtt A.CidrBlock}}\n", "t: Resources.A.Properties.CidrBlock.Fn::GetAtt: circular definition: attribute B.CidrBlock -> attribute A.CidrBlock -> attribute B.CidrBlock"},
		"a circle of conditions": {"Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}\nResources: {}\n",
			"t: Conditions.B.Fn::Not.0.Condition: circular definition: condition A -> condition B -> condition A"},
		"a circle of exports": {"Resources: {}\nOutputs: {A: {Value: !ImportValue a, Export: {Name: a}}}\n", "t: Outputs.A.Value.Fn::ImportValue: circular definition: output A -> output A"},
		"an export by import": {"Resources: {}\nOutputs: {A: {Value: 1, Export: {Name: !ImportValue a}}}\n", "t: Outputs.A.Export.Name.Fn::ImportValue: Fn::ImportValue cannot be part of an export's name"},
		"an export twice":     {"Resources: {}\nOutputs: {A: {Value: 1, Export: {Name: x}}, B: {Value: 2, Export: {Name: x}}}\n", `t: Outputs.B.Export.Name: "x" is exported already by output A of t`},
		"for each":            {"Resources: {\"Fn::ForEach::S\": [a, [b], {}]}\n", "t: Fn::ForEach needs Transform: AWS::LanguageExtensions"},
		"an alias in itself":  {"Resources: &r {A: *r}\n", "t: line 1: Resources.A: the alias *r contains itself"},
		"too deep":            {x(strings.Repeat("[", 150) + strings.Repeat("]", 150)), "t: line 1: Resources.X.Properties.V" + strings.Repeat(".0", 48) + "…: nested deeper than 100 levels"},
		"a nested stack in itself": {"Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: t}}}\n",
			"t: the template nests itself: t -> t"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "t", Data: []byte(tt.text)})
			if err == nil {
				t.Fatalf("no error, want %s", tt.want)
			}
			first, _, _ := strings.Cut(err.Error(), "\n")
			if !strings.HasPrefix(first, tt.want) {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

func x(expr string) string {
	return fmt.Sprintf("Resources: {X: {Type: Custom::X, Properties: {V: %s}}}\n", expr)
}

func TestEveryErrorIsTold(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("Resources:\n")
	for i := range 60 {
		fmt.Fprintf(&b, "  R%02d: {Type: X, Properties: {V: !Ref Missing%02d}}\n", i, i)
	}
	_, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "t", Data: []byte(b.String())})
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 51 || lines[50] != "and 10 more" {
		t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
	var e *cfn.Error
	if !errors.As(err, &e) || e.File != "t" || e.Path != "Resources.R00.Properties.V.Ref" {
		t.Errorf("errors.As gives %+v", e)
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("empty/x", "")
	write("none/manifest.json", `{"artifacts": {}}`)
	write("loop/manifest.json", `{"artifacts": {"a": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "."}}}}`)
	write("gone/manifest.json", `{"artifacts": {"a": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "a.template.json"}}}}`)
	write("big.yaml", "Resources: {} #"+strings.Repeat("x", 17<<20))
	tests := map[string]struct {
		paths []string
		want  string
	}{
		"nothing":            {nil, "no input: name template files or a cloud assembly folder (cdk.out)"},
		"no such file":       {[]string{dir + "/nowhere.yaml"}, dir + "/nowhere.yaml: no such file or directory"},
		"no assembly":        {[]string{dir + "/empty"}, dir + "/empty: no manifest.json here, so this is no cloud assembly; run cdk synth, or name the template files"},
		"an empty assembly":  {[]string{dir + "/none"}, dir + "/none: the cloud assembly has no stacks"},
		"a circle of stages": {[]string{dir + "/loop"}, dir + "/loop: the cloud assembly has no stacks"},
		"a missing template": {[]string{dir + "/gone"}, dir + "/gone/a.template.json: no such file or directory"},
		"too big":            {[]string{dir + "/big.yaml"}, dir + "/big.yaml: 17825807 bytes are more than a template can have (limit here 16777216)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := cfn.Load(cfn.Options{}, tt.paths...)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// bombs are documents that are small and would grow without end.
func bombs() map[string][]cfn.Source {
	var aliases strings.Builder
	aliases.WriteString("Metadata:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := range 12 {
		fmt.Fprintf(&aliases, "  a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i, i, i, i, i)
	}
	aliases.WriteString("Resources: {}\n")

	var conditions strings.Builder
	conditions.WriteString("Parameters: {P: {Type: String}}\nResources: {A: {Type: X, Condition: C50}}\nConditions:\n  C0: !Equals [!Ref P, 1]\n")
	for i := range 50 {
		fmt.Fprintf(&conditions, "  C%d: !And [!Condition C%d, !Condition C%d]\n", i+1, i, i)
	}

	// Each stack doubles the text, or the list, that it imports from the one before.
	double := func(value string) []cfn.Source {
		out := []cfn.Source{{Name: "s0", Data: []byte("Resources: {}\nOutputs: {O: {Value: xxxxxxxx, Export: {Name: e0}}}\n")}}
		for i := range 60 {
			v := strings.ReplaceAll(value, "E", fmt.Sprintf(`{"Fn::ImportValue": e%d}`, i))
			out = append(out, cfn.Source{Name: fmt.Sprintf("s%d", i+1), Data: fmt.Appendf(nil, "Parameters: {P: {Type: String}}\nResources: {}\nConditions: {C: {\"Fn::Equals\": [{Ref: P}, 1]}}\nOutputs: {O: {Value: %s, Export: {Name: e%d}}}\n", v, i+1)})
		}
		return out
	}
	nested := []cfn.Source{{Name: "n15", Data: []byte("Resources: {}\n")}}
	for i := range 15 {
		child := fmt.Sprintf("{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: n%d}}", i+1)
		nested = append(nested, cfn.Source{Name: fmt.Sprintf("n%d", i), Data: fmt.Appendf(nil, "Resources: {A: %s, B: %s, C: %s, D: %s}\n", child, child, child, child)})
	}
	var chain strings.Builder
	chain.WriteString("Resources: {}\nConditions:\n  C0: !Equals [1, 1]\n")
	for i := range 5000 {
		fmt.Fprintf(&chain, "  C%d: !Not [!Condition C%d]\n", i+1, i)
	}
	return map[string][]cfn.Source{
		"aliases":       {{Name: "t", Data: []byte(aliases.String())}},
		"texts":         double(`!Join ["", [E, E]]`),
		"lists":         double(`[E, E]`),
		"open texts":    double(`!Join ["", [E, !Ref "AWS::Region", E]]`),
		"open choices":  double(`!If [C, E, [E, E]]`),
		"json":          double(`{"Fn::ToJsonString": [E, E]}`),
		"nested stacks": nested,
		"a long chain":  {{Name: "t", Data: []byte(chain.String())}},
		"conditions":    {{Name: "t", Data: []byte(conditions.String())}},
	}
}

func TestBombs(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"aliases":       "holds more than 1000000 values",
		"texts":         "holds more than 262144 parts",
		"lists":         "holds more than 262144 parts",
		"open texts":    "holds more than 262144 parts",
		"open choices":  "holds more than 262144 parts",
		"json":          "holds more than 262144 parts",
		"nested stacks": "more than 2000 stacks",
		"a long chain":  "refer to one another more than 400 deep",
		"conditions":    "",
	}
	for name, sources := range bombs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			set, err := cfn.Parse(cfn.Options{}, sources...)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
			if w := want[name]; (w == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), w) {
				t.Errorf("err = %v, want %q", err, w)
			}
			if err == nil {
				for _, r := range set.Resources() {
					_ = r.Props().String()
				}
			}
		})
	}
}

func TestNotesOfTransforms(t *testing.T) {
	t.Parallel()
	set := parse(t, cfn.Options{}, "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]\nResources: {}\n")
	var got []string
	for _, n := range set.Notes() {
		got = append(got, n.Text)
	}
	if diff := cmp.Diff([]string{"what the transform AWS::Serverless-2016-10-31 adds or changes at deployment is not seen"}, got); diff != "" {
		t.Error(diff)
	}
}
