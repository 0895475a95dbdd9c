package updates

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var schemas = Schemas{
	"A::Vpc":                                {CreateOnly: []string{"Cidr", "Settings/Family"}, Conditional: []string{"Tenancy"}},
	"A::Subnet":                             {CreateOnly: []string{"VpcId"}},
	"A::Role":                               {CreateOnly: []string{"Name", "Path"}, Identifier: []string{"Name"}},
	"A::Member":                             {CreateOnly: []string{"Vpc", "Kind"}, Identifier: []string{"Vpc", "Who"}},
	"A::Joint":                              {CreateOnly: []string{"Kind"}, Identifier: []string{"Who"}, DeleteFirst: true},
	"AWS::EC2::LaunchTemplate":              {CreateOnly: []string{"LaunchTemplateName"}},
	"AWS::EKS::Nodegroup":                   {CreateOnly: []string{"Subnets"}},
	"A::Balancer":                           {CreateOnly: []string{"Scheme"}},
	"A::Targets":                            {CreateOnly: []string{"Port"}},
	"AWS::ElasticLoadBalancingV2::Listener": {CreateOnly: []string{"LoadBalancerArn"}},
	"AWS::EKS::Cluster":                     {},
	"AWS::EC2::Subnet":                      {CreateOnly: []string{"AvailabilityZone", "CidrBlock"}},
	customResource:                          {CreateOnly: []string{"ServiceToken"}},
}

// brief is a result in one line: what happens to whom, and why.
func brief(r Result) string {
	var out []string
	for _, c := range r.Changes {
		s := fmt.Sprintf("%v %s", c.Kind, c.ID)
		if len(c.Properties) > 0 {
			s += "(" + strings.Join(c.Properties, " ") + ")"
		}
		for _, l := range c.Left {
			s += " left " + l
		}
		for what, is := range map[string]bool{" maybe": c.Maybe, " kept": c.Kept} {
			if is {
				s += what
			}
		}
		if c.Refused != "" {
			s += " REFUSED " + c.Refused
		}
		out = append(out, s)
	}
	for what, names := range map[string][]string{"+": r.AddedOutputs, "~": r.ChangedOutputs, "-": r.DeletedOutputs} {
		for _, n := range names {
			out = append(out, what+n)
		}
	}
	return strings.Join(append(out, r.Refused...), "; ")
}

func TestCompare(t *testing.T) {
	t.Parallel()
	const vpc = `"V":{"Type":"A::Vpc","Properties":{"Cidr":"1","Settings":{"Family":"six","Log":"a"},"Name":"x"}}`
	for name, c := range map[string]struct{ before, after, want string }{
		"nothing":            {vpc, vpc, ""},
		"added":              {``, vpc, "added V"},
		"deleted":            {vpc, ``, "deleted V"},
		"left behind":        {`"V":{"Type":"A::Vpc","DeletionPolicy":"RetainExceptOnCreate"}`, ``, "deleted V kept"},
		"in place":           {vpc, strings.Replace(vpc, `"x"`, `"y"`, 1), "changed V(Name)"},
		"a property goes":    {vpc, strings.Replace(vpc, `,"Name":"x"`, ``, 1), "changed V(Name)"},
		"anew":               {vpc, strings.Replace(vpc, `"1"`, `"2"`, 1), "replaced V(Cidr)"},
		"anew, nested":       {vpc, strings.Replace(vpc, `six`, `four`, 1), "replaced V(Settings/Family)"},
		"beside nested":      {vpc, strings.Replace(vpc, `"a"`, `"b"`, 1), "changed V(Settings)"},
		"maybe anew":         {vpc, strings.Replace(vpc, `"Name"`, `"Tenancy":"own","Name"`, 1), "replaced V(Tenancy) maybe"},
		"anew, one kept":     {vpc, strings.Replace(vpc, `"Properties":{"Cidr":"1"`, `"UpdateReplacePolicy":"Retain","Properties":{"Cidr":"2"`, 1), "replaced V(Cidr) kept"},
		"order and metadata": {vpc, strings.Replace(vpc, `"Properties"`, `"DependsOn":["W"],"Metadata":{"a":1},"Properties"`, 1), ""},
		"policy":             {vpc, strings.Replace(vpc, `"Properties"`, `"DeletionPolicy":"Retain","Properties"`, 1), "changed V(DeletionPolicy)"},
		"another type":       {`"V":{"Type":"A::Vpc"}`, `"V":{"Type":"A::Role"}`, "changed V(Type) REFUSED a resource's type cannot change: from A::Vpc to A::Role"},
		"follows": {
			`"V":{"Type":"A::Vpc","Properties":{"Cidr":"1"}},"S":{"Type":"A::Subnet","Properties":{"VpcId":{"Ref":"V"}}},"R":{"Type":"A::Role","Properties":{"Text":{"Fn::Join":["",["a",{"Fn::GetAtt":["S","Arn"]}]]}}}`,
			`"V":{"Type":"A::Vpc","Properties":{"Cidr":"2"}},"S":{"Type":"A::Subnet","Properties":{"VpcId":{"Ref":"V"}}},"R":{"Type":"A::Role","Properties":{"Text":{"Fn::Join":["",["a",{"Fn::GetAtt":["S","Arn"]}]]}}}`,
			"changed R(Text); replaced S(VpcId); replaced V(Cidr)",
		},
		"follows Fn::Sub": {
			`"V":{"Type":"A::Vpc","Properties":{"Cidr":"1"}},"S":{"Type":"A::Subnet","Properties":{"VpcId":{"Fn::Sub":"x${V.Id}"}}},"T":{"Type":"A::Subnet","Properties":{"VpcId":{"Fn::Sub":["${V}${w}",{"w":1}]}}}`,
			`"V":{"Type":"A::Vpc","Properties":{"Cidr":"2"}},"S":{"Type":"A::Subnet","Properties":{"VpcId":{"Fn::Sub":"x${V.Id}"}}},"T":{"Type":"A::Subnet","Properties":{"VpcId":{"Fn::Sub":["${V}${w}",{"w":1}]}}}`,
			"replaced S(VpcId); replaced T(VpcId); replaced V(Cidr)",
		},
		"does not follow what stays": {
			`"V":{"Type":"A::Vpc","Properties":{"Name":"1"}},"S":{"Type":"A::Subnet","Properties":{"VpcId":{"Ref":"V"}}}`,
			`"V":{"Type":"A::Vpc","Properties":{"Name":"2"}},"S":{"Type":"A::Subnet","Properties":{"VpcId":{"Ref":"V"}}}`,
			"changed V(Name)",
		},
		"the newest launch template": {
			`"L":{"Type":"AWS::EC2::LaunchTemplate","Properties":{"Data":"1"}},"N":{"Type":"AWS::EKS::Nodegroup","Properties":{"Id":{"Ref":"L"},"LaunchTemplate":{"Fn::GetAtt":"L.LatestVersionNumber"}}}`,
			`"L":{"Type":"AWS::EC2::LaunchTemplate","Properties":{"Data":"2"}},"N":{"Type":"AWS::EKS::Nodegroup","Properties":{"Id":{"Ref":"L"},"LaunchTemplate":{"Fn::GetAtt":"L.LatestVersionNumber"}}}`,
			"changed L(Data); changed N(LaunchTemplate)",
		},
		"a name that is taken": {`"R":{"Type":"A::Role","Properties":{"Name":"r","Path":"/"}}`, `"R":{"Type":"A::Role","Properties":{"Name":"r","Path":"/x"}}`,
			"replaced R(Path) REFUSED it is made anew under the same name, which the old one still has: R, Name"},
		"a name of CloudFormation's": {`"R":{"Type":"A::Role","Properties":{"Path":"/"}}`, `"R":{"Type":"A::Role","Properties":{"Path":"/x"}}`, "replaced R(Path)"},
		"another name":               {`"R":{"Type":"A::Role","Properties":{"Name":"r"}}`, `"R":{"Type":"A::Role","Properties":{"Name":"s"}}`, "replaced R(Name)"},
		"the same in another": {
			`"V":{"Type":"A::Vpc","Properties":{"Cidr":"1"}},"M":{"Type":"A::Member","Properties":{"Vpc":{"Ref":"V"},"Who":"w"}}`,
			`"V":{"Type":"A::Vpc","Properties":{"Cidr":"2"}},"M":{"Type":"A::Member","Properties":{"Vpc":{"Ref":"V"},"Who":"w"}}`,
			"replaced M(Vpc); replaced V(Cidr)",
		},
		"the same in the same": {`"M":{"Type":"A::Member","Properties":{"Vpc":"v","Who":"w","Kind":"a"}}`, `"M":{"Type":"A::Member","Properties":{"Vpc":"v","Who":"w","Kind":"b"}}`,
			"replaced M(Kind) REFUSED it is made anew under the same name, which the old one still has: M, Vpc, Who"},
		"deleted first": {`"J":{"Type":"A::Joint","Properties":{"Who":"w","Kind":"a"}}`, `"J":{"Type":"A::Joint","Properties":{"Who":"w","Kind":"b"}}`, "replaced J(Kind)"},
		"custom":        {`"C":{"Type":"Custom::Chart","Properties":{"ServiceToken":"t","V":1}}`, `"C":{"Type":"Custom::Chart","Properties":{"ServiceToken":"t","V":2}}`, "changed C(V)"},
		"custom, anew":  {`"C":{"Type":"Custom::Chart","Properties":{"ServiceToken":"t"}}`, `"C":{"Type":"Custom::Chart","Properties":{"ServiceToken":"u"}}`, "replaced C(ServiceToken)"},
		"one at a time": {`"N":{"Type":"AWS::EKS::Nodegroup","Properties":{"Version":"1","Labels":"a"}}`, `"N":{"Type":"AWS::EKS::Nodegroup","Properties":{"Version":"2","Labels":"b"}}`,
			"changed N(Labels Version) REFUSED EKS changes a node group's Version alone: not with Labels"},
		"these two at a time": {`"N":{"Type":"AWS::EKS::Nodegroup","Properties":{"Version":"1"}}`, `"N":{"Type":"AWS::EKS::Nodegroup","Properties":{"Version":"2","ReleaseVersion":"2.1"}}`, "changed N(ReleaseVersion Version)"},
		"not at a time": {`"N":{"Type":"AWS::EKS::Nodegroup","Properties":{"Tags":"1","LaunchTemplate":"a"}}`, `"N":{"Type":"AWS::EKS::Nodegroup","Properties":{"Tags":"2","LaunchTemplate":"b"}}`,
			"changed N(LaunchTemplate Tags) REFUSED EKS changes a node group's Tags and LaunchTemplate one after the other: not at once"},
		"a handler's new id": {`"C":{"Type":"Custom::LogRetention","Properties":{"LogGroupName":"a"}}`, `"C":{"Type":"Custom::LogRetention","Properties":{"LogGroupName":"b"}}`, "replaced C(LogGroupName)"},
		"a cluster that would move": {
			`"S":{"Type":"AWS::EC2::Subnet","Properties":{"AvailabilityZone":"1"}},"C":{"Type":"AWS::EKS::Cluster","Properties":{"ResourcesVpcConfig":{"SubnetIds":[{"Ref":"S"}]}}}`,
			`"S":{"Type":"AWS::EC2::Subnet","Properties":{"AvailabilityZone":"2"}},"C":{"Type":"AWS::EKS::Cluster","Properties":{"ResourcesVpcConfig":{"SubnetIds":[{"Ref":"S"}]}}}`,
			"changed C(ResourcesVpcConfig) REFUSED EKS moves no cluster to another VPC or to other zones: S is made anew there; replaced S(AvailabilityZone)",
		},
		"a cluster that stays where it is": {
			`"S":{"Type":"AWS::EC2::Subnet","Properties":{"CidrBlock":"1"}},"C":{"Type":"AWS::EKS::Cluster","Properties":{"ResourcesVpcConfig":{"SubnetIds":[{"Ref":"S"}]}}}`,
			`"S":{"Type":"AWS::EC2::Subnet","Properties":{"CidrBlock":"2"}},"C":{"Type":"AWS::EKS::Cluster","Properties":{"ResourcesVpcConfig":{"SubnetIds":[{"Ref":"S"}]}}}`,
			"changed C(ResourcesVpcConfig); replaced S(CidrBlock)",
		},
		"a range that is taken": {
			`"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":"v","CidrBlock":"10.0.0.0/24"}}`, `"N":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":"v","CidrBlock":"10.0.0.0/20"}}`,
			"added N REFUSED the range is made while the old one is still there: N, S; deleted S",
		},
		"an IPv6 range that is taken": {
			`"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":"v","CidrBlock":"10.0.0.0/24","Ipv6CidrBlock":{"Fn::Select":[0,"x"]}}}`,
			`"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":"v","CidrBlock":"10.1.0.0/24","Ipv6CidrBlock":{"Fn::Select":[0,"x"]}}}`,
			"replaced S(CidrBlock) REFUSED the range is made while the old one is still there: S, S",
		},
		"the same range elsewhere": {
			`"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":"v","CidrBlock":"10.0.0.0/24"}}`, `"N":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":"w","CidrBlock":"10.0.0.0/24"}}`,
			"added N; deleted S",
		},
		"targets of the old load balancer": {
			listening("a"), listening("b"),
			"replaced B(Scheme); replaced L(LoadBalancerArn) REFUSED a target group serves one load balancer, until the end the old one: T",
		},
		"a binding of new targets": {
			manifest("1", bindingOf("a")), manifest("2", bindingOf("a")),
			"changed M(Manifest) REFUSED spec.targetGroupARN of a TargetGroupBinding cannot change: TargetGroupBinding n/a; replaced T(Port)",
		},
		"another binding of the same targets": {
			manifest("1", bindingOf("a")), manifest("1", bindingOf("b")),
			"changed M(Manifest) left TargetGroupBinding n/a REFUSED a target group has one TargetGroupBinding, and the old one is there until the end: TargetGroupBinding n/b, TargetGroupBinding n/a",
		},
		"another binding of new targets": {manifest("1", bindingOf("a")), manifest("2", bindingOf("b")), "changed M(Manifest) left TargetGroupBinding n/a; replaced T(Port)"},
		"another binding in another manifest": {
			manifest("1", bindingOf("a")), strings.Replace(manifest("1", bindingOf("b")), `"M"`, `"O"`, 1),
			"added O REFUSED a target group has one TargetGroupBinding, and the old one is there until the end: TargetGroupBinding n/b, TargetGroupBinding n/a; deleted M",
		},
		"another binding of new targets in another manifest": {
			manifest("1", bindingOf("a")), strings.Replace(manifest("2", bindingOf("b")), `"M"`, `"O"`, 1), "added O; replaced T(Port); deleted M",
		},
		"an object that kubectl deletes": {
			manifest("1", bindingOf("a"), `{\"kind\":\"Service\",\"metadata\":{\"name\":\"s\"}}`), manifest("1", bindingOf("a")), "changed M(Manifest)",
		},
	} {
		before, after := parsed(t, `{"Resources":{`+c.before+`}}`), parsed(t, `{"Resources":{`+c.after+`}}`)
		got, err := Compare(before, after, schemas, nil)
		if err != nil || brief(got) != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, brief(got), c.want)
		}
	}
}

// listening is a listener of a load balancer of a scheme, with a target group.
func listening(scheme string) string {
	return `"B":{"Type":"A::Balancer","Properties":{"Scheme":"` + scheme + `"}},"T":{"Type":"A::Targets","Properties":{"Port":"1"}},
		"L":{"Type":"AWS::ElasticLoadBalancingV2::Listener","Properties":{"LoadBalancerArn":{"Ref":"B"},"DefaultActions":[{"TargetGroupArn":{"Ref":"T"}}]}}`
}

// manifest is a manifest of objects and a target group of a port.
func manifest(port string, objects ...string) string {
	return `"T":{"Type":"A::Targets","Properties":{"Port":"` + port + `"}},"M":{"Type":"Custom::AWSCDK-EKS-KubernetesResource","Properties":{"ServiceToken":"t",
		"Manifest":{"Fn::Join":["",["[` + strings.Join(objects, ",") + `]"]]}}}`
}

// bindingOf is a TargetGroupBinding of a name, for the target group T.
func bindingOf(name string) string {
	return `{\"kind\":\"TargetGroupBinding\",\"metadata\":{\"namespace\":\"n\",\"name\":\"` + name + `\"},\"spec\":{\"targetGroupARN\":\"",{"Ref":"T"},"\"}}`
}

func parsed(t *testing.T, text string) Template {
	t.Helper()
	out, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	const both = `{"Resources":{"V":{"Type":"A::Vpc","Properties":{"Cidr":"%s"}}},"Outputs":{"Id":{"Value":{"Ref":"V"},"Export":{"Name":"N:Id"}},"%s":{"Value":1}}}`
	before, after := parsed(t, fmt.Sprintf(both, "1", "Old")), parsed(t, fmt.Sprintf(both, "2", "New"))
	user := parsed(t, `{"Resources":{"S":{"Type":"A::Subnet","Properties":{"VpcId":{"Fn::ImportValue":"N:Id"}}}}}`)
	for want, imported := range map[string]map[string]bool{
		"replaced V(Cidr); +New; ~Id; -Old": nil,
		"replaced V(Cidr); +New; ~Id; -Old; another stack imports what would change or go: N:Id": Imports(user),
	} {
		got, err := Compare(before, after, schemas, imported)
		if sorted(brief(got)) != sorted(want) || err != nil {
			t.Errorf("%v\n got %s\nwant %s", err, brief(got), want)
		}
	}
	same, err := Compare(before, before, schemas, Imports(user))
	if err != nil || brief(same) != "" {
		t.Errorf("%v: %s, want nothing", err, brief(same))
	}
}

// sorted has the outputs, which come in the order of a map, in one order.
func sorted(s string) string {
	parts := strings.Split(s, "; ")
	for i := range parts {
		for j := i + 1; j < len(parts); j++ {
			if parts[j] < parts[i] {
				parts[i], parts[j] = parts[j], parts[i]
			}
		}
	}
	return strings.Join(parts, "; ")
}

func TestCompareRefuses(t *testing.T) {
	t.Parallel()
	for want, pair := range map[string][2]string{
		"V: no schema of A::New": {`{}`, `{"Resources":{"V":{"Type":"A::New"}}}`},
		"W: no schema of A::Old": {`{"Resources":{"W":{"Type":"A::Old"}}}`, `{}`},
		"Parameters differ":      {`{"Parameters":{"P":{"Default":"1"}}}`, `{"Parameters":{"P":{"Default":"2"}}}`},
		"Conditions differ":      {`{}`, `{"Conditions":{"C":1}}`},
	} {
		if _, err := Compare(parsed(t, pair[0]), parsed(t, pair[1]), schemas, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestReadSchemas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s.json")
	if err := os.WriteFile(path, []byte(`{"A::B":{"createOnly":["P"],"conditional":["Q"],"identifier":["R"],"deleteFirst":true}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSchemas(path)
	want := Schemas{"A::B": {CreateOnly: []string{"P"}, Conditional: []string{"Q"}, Identifier: []string{"R"}, DeleteFirst: true}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := ReadSchemas(path + "x"); err == nil {
		t.Error("a file that is not there is read")
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	r := Result{Changes: []Change{{ID: "a", Type: "A"}, {ID: "b", Type: "B"}, {ID: "c", Type: "A", Kind: Deleted}}}
	if n := len(r.Of(Added)); n != 2 {
		t.Errorf("%d are added, want 2", n)
	}
	if got := r.Of(Deleted, "B", "A"); len(got) != 1 || got[0].ID != "c" || got[0].Kind.String() != "deleted" {
		t.Errorf("deleted: %v", got)
	}
}
