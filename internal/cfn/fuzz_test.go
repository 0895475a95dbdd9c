package cfn_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func seeds(f *testing.F) {
	for _, name := range []string{"eksctl.yaml", "cluster.yaml", "cdk.out/Network.template.json", "cdk.out/Cluster.template.json", "cdk.out/NetworkData.nested.template.json"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{
		"Resources: {A: {Type: X, Properties: {V: !Ref A}}}",
		"Resources:\n  A: &a\n    Type: X\n    <<: *a\n",
		`{"Resources": {"N": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "t.yaml"}}}}`,
		"Resources: {}\nOutputs: {A: {Value: !ImportValue b, Export: {Name: !Sub \"${AWS::StackName}-a\"}}}",
		"Conditions: {A: !Or [!Condition B, !Equals [a, !Ref AWS::Region]], B: !Not [!Condition A]}\nResources: {}",
		"Resources: {A: {Type: X, Properties: {V: !Select [1, !Cidr [\"2001:db8::/56\", 2, 64]], W: !Base64 x}}}",
	} {
		f.Add([]byte(s))
	}
}

// exercise reads everything a set can be asked for.
func exercise(t *testing.T, set *cfn.Set) {
	all := func() (out []string) {
		for _, st := range set.Stacks() {
			for _, name := range st.Outputs() {
				out = append(out, st.Output(name).String())
			}
		}
		for _, r := range set.Resources() {
			v := r.Props()
			for _, k := range v.Keys() {
				if p := r.Prop(k); !v.Get(k).Equal(p) {
					t.Errorf("%s: Prop(%q) = %s, but Props has %s", r, k, p, v.Get(k))
				}
				if d, err := v.Field(k).Decode(); err == nil {
					_ = d.String()
				}
			}
			if v.Equal(r.Props()) != true {
				t.Errorf("%s: two readings differ", r)
			}
			for _, m := range v.Resources() {
				if m.Stack.Resource(m.ID) != m {
					t.Errorf("%s mentions %s, which is not in its stack", r, m)
				}
			}
			out = append(out, v.String(), fmt.Sprint(r.DependsOn(), r.Metadata("aws:cdk:path"), v.Known()))
		}
		return append(out, fmt.Sprint(set.Notes()))
	}
	first := all()
	set.Provide(func(r *cfn.Resource, attr string) (cfn.Value, bool) {
		if attr == "Ipv6CidrBlocks" {
			return cfn.Strings("2001:db8:0:100::/56"), true
		}
		return r.Prop("V"), attr == "V"
	})
	all()
	set.Provide(nil)
	for i, s := range all() {
		if i < len(first)-1 && s != first[i] {
			t.Errorf("after a provider came and went, %q became %q", first[i], s)
		}
	}
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "t.yaml", Data: data})
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		exercise(t, set)
	})
}

// FuzzResolve puts any expression into a template that has something of everything.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{
		`!Select [0, !Cidr [!Select [0, !GetAtt VPC.Ipv6CidrBlocks], 8, 64]]`,
		`!Sub ["${A}-${Name}-${VPC.CidrBlock}-${!x}", {A: !Select [1, !Ref Zones]}]`,
		`!If [Maybe, !Ref "AWS::NoValue", {"Fn::ToJsonString": {a: !Ref Open}}]`,
		`{"Fn::FindInMap": [Sizes, !Ref Name, Type, {DefaultValue: !Join [",", !Ref Subnets]}]}`,
		`!Split [",", !Sub "a,${VPC},${Role.Arn}"]`,
		`{"Fn::Length": !Split ["-", !GetAZs ""]}`,
		`!Equals [!ImportValue a, !Base64 b]`,
		`'{"a": "b"}'`,
		`[&a [1], *a, {<<: {b: !GetAtt [X2, B.C]}}]`,
		`!GetStackOutput {StackName: t, OutputName: O}`,
		`{"Fn::Transform": {Name: x}, y: !And [!Condition Yes, !Condition No]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		text := fmt.Sprintf(world, expr) + "  X2: {Type: Custom::X}\n"
		set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "t.yaml", Data: []byte(text)})
		if err == nil {
			exercise(t, set)
		}
	})
}
