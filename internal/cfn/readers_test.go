package cfn_test

import (
	"testing"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// TestNestedParameters: a nested stack's parameter is what its parent gives, not its default.
func TestNestedParameters(t *testing.T) {
	t.Parallel()
	set, err := cfn.Parse(cfn.Options{},
		cfn.Source{Name: "top.yaml", Data: []byte(`
Parameters: {Range: {Type: String, Default: 10.1.0.0/16}, Zones: {Type: String, Default: "a,b"}}
Resources:
  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: leaf.yaml, Parameters: {Given: !Ref Range, List: !Ref Zones, Vpc: !Ref Vpc}}}
  Vpc: {Type: AWS::EC2::VPC}
`)},
		cfn.Source{Name: "leaf.yaml", Data: []byte(`
Parameters:
  Given: {Type: String, Default: 10.2.0.0/16}
  Left: {Type: String, Default: 10.3.0.0/16}
  List: {Type: CommaDelimitedList, Default: c}
  Vpc: {Type: String}
Resources:
  X: {Type: Custom::X, Properties: {Given: !Ref Given, Left: !Ref Left, Second: !Select [1, !Ref List], Vpc: !Ref Vpc}}
`)})
	if err != nil {
		t.Fatal(err)
	}
	props(t, set, map[string]string{"X/Given": "10.1.0.0/16", "X/Left": "10.3.0.0/16", "X/Second": "b", "X/Vpc": "Vpc"})
	if r, ok := set.Find("X")[0].Prop("Vpc").Resource(); !ok || r.Type != "AWS::EC2::VPC" {
		t.Errorf("the parent's VPC is %v in the nested stack", r)
	}
}

// TestMapDefaults: the default of Fn::FindInMap stands for a key that the map lacks, at either level, and for none that it has.
func TestMapDefaults(t *testing.T) {
	t.Parallel()
	set := parse(t, cfn.Options{}, `
Parameters: {Range: {Type: String, Default: 10.1.0.0/16}}
Mappings: {Stages: {prod: {Cidr: 10.2.0.0/16}}}
Resources:
  X:
    Type: Custom::X
    Properties:
      NoStage: !FindInMap [Stages, test, Cidr, {DefaultValue: !Ref Range}]
      NoKey: !FindInMap [Stages, prod, Cidr6, {DefaultValue: "::/0"}]
      NoMap: !FindInMap [Regions, prod, Cidr, {DefaultValue: none}]
      Both: !FindInMap [Stages, prod, Cidr, {DefaultValue: !Ref Range}]
`)
	props(t, set, map[string]string{"X/NoStage": "10.1.0.0/16", "X/NoKey": "::/0", "X/NoMap": "none", "X/Both": "10.2.0.0/16"})
}

// TestEqualsCase: Fn::Equals tells upper case from lower case.
func TestEqualsCase(t *testing.T) {
	t.Parallel()
	set := parse(t, cfn.Options{}, `
Parameters: {Mode: {Type: String, Default: "True"}}
Conditions: {Same: !Equals [!Ref Mode, "True"], Other: !Equals [!Ref Mode, "true"]}
Resources:
  Made: {Type: Custom::X, Condition: Same}
  NotMade: {Type: Custom::X, Condition: Other}
`)
	if got := ids(set.Resources()); len(got) != 1 || got[0] != "Made" {
		t.Errorf("resources %v, want Made only", got)
	}
}
