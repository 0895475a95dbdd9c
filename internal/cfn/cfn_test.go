package cfn_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func parse(t *testing.T, opts cfn.Options, text string) *cfn.Set {
	t.Helper()
	set, err := cfn.Parse(opts, cfn.Source{Name: "t.yaml", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// world is what the expressions of the table below are evaluated in.
const world = `
Parameters:
  Name: {Type: String, Default: web}
  Open: {Type: String}
  Count: {Type: Number, Default: 3}
  Zones: {Type: CommaDelimitedList, Default: "a, b,c"}
  None: {Type: CommaDelimitedList, Default: ""}
  Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}
  Ami: {Type: "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", Default: /aws/service/ami}
Mappings:
  Sizes:
    prod: {Type: m7g.large, Zones: [x, y]}
Conditions:
  Yes: !Equals [!Ref Name, web]
  No: !Not [!Condition Yes]
  Maybe: !Equals [!Ref Open, "1"]
  Both: !And [!Condition Yes, !Condition Maybe]
  BothNo: !And [!Condition No, !Condition Maybe]
  Either: !Or [!Condition Yes, !Condition Maybe]
  NumberIsText: !Equals [!Ref Count, "3"]
  TrueIsText: !Equals [true, "true"]
  SameOpen: !Equals [!Ref Open, !Ref Open]
Resources:
  VPC:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16}
  Role:
    Type: AWS::IAM::Role
    Properties: {}
  X:
    Type: Custom::X
    Properties:
      V: %s
`

func TestFunctions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ expr, kind, want string }{
		"ref to a default":           {`!Ref Name`, "scalar", "web"},
		"ref to an open parameter":   {`!Ref Open`, "call", "Open"},
		"ref to a parameter store":   {`!Ref Ami`, "call", "Ami"},
		"ref to a list":              {`!Ref Zones`, "list", "[a, b, c]"},
		"ref to an empty list":       {`!Ref None`, "list", "[]"},
		"ref to a resource":          {`!Ref VPC`, "ref", "VPC"},
		"region":                     {`!Ref AWS::Region`, "call", "AWS::Region"},
		"no value":                   {`!Ref AWS::NoValue`, "absent", ""},
		"no value in a list":         {`[a, !Ref "AWS::NoValue", b]`, "list", "[a, b]"},
		"no value in a map":          {`{a: 1, b: !Ref "AWS::NoValue"}`, "map", "{a: 1}"},
		"dotted attribute":           {`!GetAtt VPC.Ipv6CidrBlocks`, "attr", "VPC.Ipv6CidrBlocks"},
		"attribute as list":          {`!GetAtt [VPC, DefaultSecurityGroup]`, "attr", "VPC.DefaultSecurityGroup"},
		"attribute as string":        {`{"Fn::GetAtt": Role.Arn}`, "attr", "Role.Arn"},
		"attribute of many parts":    {`{"Fn::GetAtt": [X2, A.B]}`, "attr", "X2.A.B"},
		"attribute that echoes":      {`!GetAtt VPC.CidrBlock`, "scalar", "10.0.0.0/16"},
		"join":                       {`!Join ["-", [a, !Ref Name, 1, true]]`, "scalar", "a-web-1-true"},
		"join of nothing":            {`!Join ["-", []]`, "scalar", ""},
		"join keeps unknown parts":   {`!Join ["", ["arn:", !Ref "AWS::Partition", ":iam"]]`, "text", "arn:${AWS::Partition}:iam"},
		"join of one unknown":        {`!Join ["", [!Ref VPC]]`, "ref", "VPC"},
		"join of an open list":       {`!Join [",", !Ref Subnets]`, "call", "Fn::Join(,, Subnets)"},
		"joins within joins":         {`!Join ["/", [!Join ["", [a, !Ref VPC]], b]]`, "text", "a${VPC}/b"},
		"sub":                        {`!Sub "${Name}.${AWS::URLSuffix}/${VPC}/${Role.Arn}/${!Name}"`, "text", "web.${AWS::URLSuffix}/${VPC}/${Role.Arn}/${Name}"},
		"sub with variables":         {`!Sub ["${A}-${Name}", {A: !Select [1, !Ref Zones]}]`, "scalar", "b-web"},
		"sub leaves a lone dollar":   {`!Sub "$x ${ Name } ${"`, "scalar", "$x web ${"},
		"select":                     {`!Select ["1", [a, b]]`, "scalar", "b"},
		"select of an open list":     {`!Select [0, !Ref Subnets]`, "call", "Fn::Select(0, Subnets)"},
		"split":                      {`!Split ["/", "a/b//"]`, "list", "[a, b, , ]"},
		"split of a join":            {`!Split [",", !Join [",", [!Ref VPC, x, !GetAtt Role.Arn]]]`, "list", "[VPC, x, Role.Arn]"},
		"split where parts may hold": {`!Split ["/", !Sub "a/${Role.Arn}"]`, "call", "Fn::Split(/, a/${Role.Arn})"},
		"split of an attribute":      {`!Select [5, !Split [":", !GetAtt Role.Arn]]`, "call", "Fn::Select(5, Fn::Split(:, Role.Arn))"},
		"cidr 4":                     {`!Select [2, !Cidr [10.0.0.0/16, 4, 12]]`, "scalar", "10.0.32.0/20"},
		"cidr 4 of an echo":          {`!Select [5, !Cidr [!GetAtt VPC.CidrBlock, 6, 13]]`, "scalar", "10.0.160.0/19"},
		"cidr 4 masks host bits":     {`!Select [1, !Cidr [10.0.3.7/16, 2, 8]]`, "scalar", "10.0.1.0/24"},
		"cidr 6":                     {`!Select [255, !Cidr ["2001:db8:0:100::/56", 256, 64]]`, "scalar", "2001:db8:0:1ff::/64"},
		"cidr of an unknown":         {`!Select [0, !Cidr [!Select [0, !GetAtt VPC.Ipv6CidrBlocks], 8, 64]]`, "call", "Fn::Select(0, Fn::Cidr(Fn::Select(0, VPC.Ipv6CidrBlocks), 8, 64))"},
		"zones":                      {`!Select [1, !GetAZs ""]`, "text", "${AWS::Region}b"},
		"zones of a region":          {`!Select [0, !GetAZs us-east-1]`, "scalar", "us-east-1a"},
		"if true":                    {`!If [Yes, 1, 2]`, "scalar", "1"},
		"if false":                   {`!If [No, 1, !If [Yes, 3, 4]]`, "scalar", "3"},
		"if not decided":             {`!If [Maybe, 1, !Ref "AWS::NoValue"]`, "call", "Fn::If(Condition(Maybe), 1, AWS::NoValue)"},
		"if both are the same":       {`!If [Maybe, !Ref VPC, !Ref VPC]`, "ref", "VPC"},
		"and not decided":            {`!If [Both, 1, 2]`, "call", "Fn::If(Condition(Both), 1, 2)"},
		"and decided by one":         {`!If [BothNo, 1, 2]`, "scalar", "2"},
		"or decided by one":          {`!If [Either, 1, 2]`, "scalar", "1"},
		"numbers equal text":         {`!If [NumberIsText, 1, 2]`, "scalar", "1"},
		"booleans equal text":        {`!If [TrueIsText, 1, 2]`, "scalar", "1"},
		"an unknown equals itself":   {`!If [SameOpen, 1, 2]`, "scalar", "1"},
		"map":                        {`!FindInMap [Sizes, prod, Type]`, "scalar", "m7g.large"},
		"map with a list":            {`!FindInMap [Sizes, prod, Zones]`, "list", "[x, y]"},
		"map with a default":         {`{"Fn::FindInMap": [Sizes, dev, Type, {DefaultValue: !Ref Name}]}`, "scalar", "web"},
		"map with an open key":       {`!FindInMap [Sizes, !Ref Open, Type]`, "call", "Fn::FindInMap(Sizes, Open, Type)"},
		"length":                     {`{"Fn::Length": !Ref Zones}`, "scalar", "3"},
		"length of the zones":        {`{"Fn::Length": {"Fn::GetAZs": us-east-1}}`, "call", "Fn::Length([us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1e, us-east-1f])"},
		"json":                       {`{"Fn::ToJsonString": {a: [1, "1", true], b: "x\"y", c: !Ref VPC, d: !Sub "${Name}<${VPC}"}}`, "text", `{"a":[1,"1",true],"b":"x\"y","c":"${VPC}","d":"web<${VPC}"}`},
		"base64":                     {`!Base64 hello`, "scalar", "aGVsbG8="},
		"base64 of an unknown":       {`{"Fn::Base64": !Sub "x ${VPC}"}`, "call", "Fn::Base64(x ${VPC})"},
		"import without an export":   {`!ImportValue other`, "call", "Fn::ImportValue(other)"},
		"transform":                  {`!Transform {Name: "AWS::Include", Parameters: {Location: x}}`, "call", "Fn::Transform({Name: AWS::Include, Parameters: {Location: x}})"},
		"condition as a value":       {`!Equals [a, a]`, "scalar", "true"},
		"merge keys":                 {`{<<: {a: 1, b: 2}, b: 3}`, "map", "{b: 3, a: 1}"},
		"null":                       {`null`, "absent", ""},
		"date stays text":            {`2012-10-17`, "scalar", "2012-10-17"},
		"octal stays text":           {`0755`, "scalar", "0755"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := parse(t, cfn.Options{}, fmt.Sprintf(world, tt.expr)+"  X2: {Type: Custom::X}\n")
			v := set.Find("X")[0].Prop("V")
			if v.Kind().String() != tt.kind || v.String() != tt.want {
				t.Errorf("%s = %s %q, want %s %q", tt.expr, v.Kind(), v, tt.kind, tt.want)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	text := fmt.Sprintf(world, `!Sub "${AWS::Region} ${AWS::AccountId} ${AWS::Partition} ${AWS::URLSuffix} ${Name} ${Open}"`)
	set := parse(t, cfn.Options{Region: "cn-north-1", AccountID: "111122223333", Parameters: map[string]string{"Open": "o", "t.Name": "n", "Name": "not this"}}, text)
	if got, want := set.Find("X")[0].Prop("V").String(), "cn-north-1 111122223333 aws-cn amazonaws.com.cn n o"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	set := parse(t, cfn.Options{}, fmt.Sprintf(world, `
        num: 7
        text: "8"
        float: 9.0
        yes: yes
        list: [a, {b.c: d, b: {e: f}}]
        open: !Ref Open
        group: !GetAtt VPC.DefaultSecurityGroup
        role: !GetAtt Role.Arn
        id: !GetAtt VPC.VpcId
        ref: !Ref VPC
        mixed: !Sub "${VPC}/${Role.Arn}/${VPC}"`))
	x := set.Find("X")[0]
	for path, want := range map[string]int{"V.num": 7, "V.text": 8, "V.float": 9} {
		if n, ok := x.Prop(path).Int(); !ok || n != want {
			t.Errorf("%s.Int() = %d, %v", path, n, ok)
		}
	}
	if b, ok := x.Prop("V.yes").Bool(); !b || !ok {
		t.Errorf("yes is not true")
	}
	for path, want := range map[string]string{"V.list.1.b.c": "d", "V.list.1.b.e": "f", "V.list.0": "a", "V.list.9": "", "V.nothing.at.all": "", "V.open.x": "Open.x"} {
		if got := x.Prop(path).String(); got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
	vpc, role := set.Find("VPC")[0], set.Find("Role")[0]
	for path, want := range map[string]*cfn.Resource{"V.ref": vpc, "V.id": vpc, "V.role": role, "V.group": nil, "V.mixed": nil, "V.num": nil} {
		if got, ok := x.Prop(path).Resource(); got != want || ok != (want != nil) {
			t.Errorf("%s.Resource() = %v, %v, want %v", path, got, ok, want)
		}
	}
	if r, attr, ok := x.Prop("V.group").Attribute(); r != vpc || attr != "DefaultSecurityGroup" || !ok {
		t.Errorf("Attribute() = %v, %q, %v", r, attr, ok)
	}
	if diff := cmp.Diff([]string{"VPC", "Role"}, ids(x.Prop("V.mixed").Resources())); diff != "" {
		t.Errorf("Resources():\n%s", diff)
	}
	if x.Prop("V.ref").Equal(x.Prop("V.role")) || !x.Prop("V.ref").Equal(vpc.Ref()) {
		t.Errorf("Equal mistakes references")
	}
	if x.Prop("V.open").Known() || !x.Prop("V.list").Known() || x.Props().Known() {
		t.Errorf("Known is wrong")
	}
}

func ids(rs []*cfn.Resource) []string {
	var out []string
	for _, r := range rs {
		out = append(out, r.ID)
	}
	return out
}

func TestProvide(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/eksctl.yaml")
	subnet := set.Find("PrivateSubnetB")[0]
	if _, ok := subnet.Prop("Ipv6CidrBlock").Text(); ok {
		t.Fatal("an Amazon-provided block is known without a provider")
	}
	var uses []string
	for _, u := range subnet.Uses() {
		uses = append(uses, u.Resource.ID+"."+u.Attr)
	}
	if diff := cmp.Diff([]string{"VPC.", "VPC.CidrBlock", "VPC.Ipv6CidrBlocks"}, uses); diff != "" {
		t.Errorf("Uses():\n%s", diff)
	}
	calls := 0
	set.Provide(func(r *cfn.Resource, attr string) (cfn.Value, bool) {
		calls++
		if r.Type == "AWS::EC2::VPC" && attr == "Ipv6CidrBlocks" {
			return cfn.Strings("2001:db8:0:100::/56"), true
		}
		return cfn.Value{}, false
	})
	if got, _ := subnet.Prop("Ipv6CidrBlock").Text(); got != "2001:db8:0:103::/64" {
		t.Errorf("Ipv6CidrBlock = %q", got)
	}
	if calls == 0 {
		t.Error("the provider was not asked")
	}
	if got := subnet.Prop("VpcId").Kind(); got != cfn.Ref {
		t.Errorf("VpcId is %s", got)
	}
	set.Provide(nil)
	if got := subnet.Prop("Ipv6CidrBlock").String(); !strings.Contains(got, "VPC.Ipv6CidrBlocks") {
		t.Errorf("after taking the provider away: %s", got)
	}
}

// A provider that answers with what it was asked for must end.
func TestProviderWithinItself(t *testing.T) {
	t.Parallel()
	set := parse(t, cfn.Options{}, fmt.Sprintf(world, `!GetAtt Role.Arn`))
	set.Provide(func(r *cfn.Resource, attr string) (cfn.Value, bool) { return r.Attr(attr), true })
	if got := set.Find("X")[0].Prop("V").String(); got != "Role.Arn" {
		t.Errorf("got %q", got)
	}
}

func load(t testing.TB, paths ...string) *cfn.Set {
	t.Helper()
	set, err := cfn.Load(cfn.Options{}, paths...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func props(t *testing.T, set *cfn.Set, want map[string]string) {
	t.Helper()
	for key, w := range want {
		id, path, _ := strings.Cut(key, "/")
		rs := set.Find(id)
		if len(rs) != 1 {
			t.Errorf("%d resources are called %s", len(rs), id)
			continue
		}
		if got := rs[0].Prop(path).String(); got != w {
			t.Errorf("%s = %q, want %q", key, got, w)
		}
	}
}

func TestEksctlShape(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/eksctl.yaml")
	props(t, set, map[string]string{
		"PublicSubnetA/CidrBlock":         "192.168.0.0/19",
		"PrivateSubnetB/CidrBlock":        "192.168.96.0/19",
		"PrivateSubnetB/AvailabilityZone": "us-west-2b",
		"NATGateway/AllocationId":         "EIP.AllocationId",
		"VPC/Tags.0.Value":                "${AWS::StackName}/VPC",
		"ServiceRole/AssumeRolePolicyDocument.Statement.0.Principal.Service": "Fn::FindInMap(ServicePrincipals, AWS::Partition, EKS)",
		"ServiceRole/AssumeRolePolicyDocument.Version":                       "2012-10-17",
		"ServiceRole/ManagedPolicyArns.0":                                    "arn:${AWS::Partition}:iam::aws:policy/AmazonEKSClusterPolicy",
		"PrivateDefaultRouteB/NatGatewayId":                                  "NATGateway",
	})
	if got := ids(set.Find("NATGateway")[0].DependsOn()); !cmp.Equal(got, []string{"EIP", "PublicSubnetA", "VPCGatewayAttachment"}) {
		t.Errorf("DependsOn = %v", got)
	}
	off, err := cfn.Load(cfn.Options{Parameters: map[string]string{"NatMode": "Disable"}}, "testdata/eksctl.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(off.Resources("AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Route")); got != nil {
		t.Errorf("with NAT off there is still %v", got)
	}
}

func TestStacksAreJoined(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/eksctl.yaml", "testdata/cluster.yaml")
	props(t, set, map[string]string{
		"ControlPlane/ResourcesVpcConfig.SubnetIds": "[PrivateSubnetB, PublicSubnetA]",
		"NodeSecurityGroup/VpcId":                   "VPC",
	})
	if notes := set.Notes(); len(notes) != 2 || !strings.Contains(notes[0].Text, "is taken for the export") {
		t.Errorf("notes = %v", notes)
	}
	alone := load(t, "testdata/cluster.yaml")
	props(t, alone, map[string]string{"NodeSecurityGroup/VpcId": "Fn::ImportValue(${NetworkStack}::VPC)"})
}

// What is wrong only where an undecided condition leads is not refused: the deployment may never go there.
func TestUndecidedBranches(t *testing.T) {
	t.Parallel()
	set := parse(t, cfn.Options{}, `
Parameters: {Mode: {Type: String}, Zones: {Type: CommaDelimitedList, Default: "a,b"}}
Conditions:
  Maybe: !Equals [!Ref Mode, big]
  No: !Equals [1, 2]
Resources:
  Gone: {Type: Custom::X, Condition: No}
  X:
    Type: Custom::X
    Properties:
      V: !If [Maybe, !Ref Gone, none]
      W: !If [Maybe, !Select [2, !Ref Zones], none]
      Y: !Select [1, !Ref Zones]
  Z: {Type: Custom::X, Condition: Maybe, Properties: {V: !GetAtt Gone.Arn}}
Outputs:
  O: {Condition: Maybe, Value: !Ref Gone}
`)
	props(t, set, map[string]string{"X/V": "Fn::If(Condition(Maybe), Gone, none)", "X/W": "Fn::If(Condition(Maybe), Fn::Select(2, [a, b]), none)", "X/Y": "b"})
}

// An import that several exports could answer is not joined with any.
func TestImportOfSeveral(t *testing.T) {
	t.Parallel()
	network := func(name string) cfn.Source {
		return cfn.Source{Name: name, Data: []byte(`{"Resources": {"Vpc": {"Type": "AWS::EC2::VPC"}}, "Outputs": {"V": {"Value": {"Ref": "Vpc"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-vpc"}}}}}`)}
	}
	set, err := cfn.Parse(cfn.Options{}, network("a.json"), network("b.json"), cfn.Source{Name: "c.yaml", Data: []byte("Parameters: {Net: {Type: String}}\n" + x(`{"Fn::ImportValue": !Sub "${Net}-vpc"}`))})
	if err != nil {
		t.Fatal(err)
	}
	props(t, set, map[string]string{"X/V": "Fn::ImportValue(${Net}-vpc)"})
	if notes := set.Notes(); len(notes) != 1 || notes[0].Text != "the import ${Net}-vpc is unknown: 2 exports here could have this name" {
		t.Errorf("notes = %v", notes)
	}
}

// A nested stack goes with the resource that makes it.
func TestNestedStackRemoved(t *testing.T) {
	t.Parallel()
	set, err := cfn.Parse(cfn.Options{},
		cfn.Source{Name: "top.yaml", Data: []byte("Conditions: {No: !Equals [1, 2]}\nResources: {N: {Type: AWS::CloudFormation::Stack, Condition: No, Properties: {TemplateURL: mid.yaml}}}\n")},
		cfn.Source{Name: "mid.yaml", Data: []byte("Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: leaf.yaml}}}\n")},
		cfn.Source{Name: "leaf.yaml", Data: []byte("Resources: {Topic: {Type: AWS::SNS::Topic}}\n")})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Stacks()) != 1 || len(set.Resources()) != 0 {
		t.Errorf("stacks %v and resources %v are left", set.Stacks(), set.Resources())
	}
}

func TestPseudo(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/cdk.out")
	for name, want := range map[string]string{
		"Vpc8378EB38": "AWS::Region AWS::AccountId AWS::Partition AWS::URLSuffix Network",
		"Manifest":    "eu-central-1 111122223333 aws amazonaws.com my-cluster",
		"Topic":       "cn-north-1 AWS::AccountId aws-cn amazonaws.com.cn Prod-App",
	} {
		var got []string
		for _, p := range []string{"AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::URLSuffix", "AWS::StackName"} {
			got = append(got, set.Find(name)[0].Stack.Pseudo(p).String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", name, got, want)
		}
	}
}

func TestStackOutputs(t *testing.T) {
	t.Parallel()
	network := cfn.Source{Name: "Network.template.json", Data: []byte(`{"Resources": {"Vpc": {"Type": "AWS::EC2::VPC"}}, "Outputs": {"VpcId": {"Value": {"Ref": "Vpc"}}}}`)}
	app := func(args string) cfn.Source {
		return cfn.Source{Name: "App.yaml", Data: []byte(x(`{"Fn::GetStackOutput": ` + args + `}`))}
	}
	for args, want := range map[string]string{
		"{StackName: Network, OutputName: VpcId}":                    "Vpc",
		"{StackName: Network, OutputName: VpcId, Region: eu-west-1}": "Vpc",
		"{StackName: Other, OutputName: VpcId}":                      "Fn::GetStackOutput(Other, VpcId)",
		"{StackName: !Ref AWS::StackName, OutputName: VpcId}":        "Fn::GetStackOutput(AWS::StackName, VpcId)",
	} {
		set, err := cfn.Parse(cfn.Options{}, network, app(args))
		if err != nil {
			t.Fatal(err)
		}
		if got := set.Find("X")[0].Prop("V").String(); got != want {
			t.Errorf("%s = %s, want %s", args, got, want)
		}
	}
	far, err := cfn.Parse(cfn.Options{Region: "eu-west-1"}, network, app("{StackName: Network, OutputName: VpcId, Region: us-east-1}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := far.Find("X")[0].Prop("V").Resource(); ok || len(far.Notes()) != 1 {
		t.Errorf("a stack of another Region is taken for the one named")
	}
	for args, want := range map[string]string{
		"{StackName: Network, OutputName: Vpc}": `App.yaml: Resources.X.Properties.V.Fn::GetStackOutput.OutputName: the stack Network has no output "Vpc"`,
		"[Network, Vpc]":                        "App.yaml: Resources.X.Properties.V.Fn::GetStackOutput: is a list, wanted a map with StackName and OutputName",
	} {
		if _, err := cfn.Parse(cfn.Options{}, network, app(args)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: err = %v, want %s", args, err, want)
		}
	}
}

func TestAssembly(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"testdata/cdk.out", "testdata/cdk.out/manifest.json"} {
		set := load(t, path)
		var stacks []string
		for _, s := range set.Stacks() {
			stacks = append(stacks, s.Name)
		}
		if diff := cmp.Diff([]string{"Network", "Network/Data", "my-cluster", "Prod-App"}, stacks); diff != "" {
			t.Errorf("stacks:\n%s", diff)
		}
		props(t, set, map[string]string{
			"VpcPublicSubnet1Subnet5C2D37C4/AvailabilityZone": "${AWS::Region}a",
			"Group/VpcId":           "Vpc8378EB38",
			"SubnetGroup/SubnetIds": "[VpcPrivateSubnet1Subnet536B997A, VpcPublicSubnet1Subnet5C2D37C4]",
			"UsesNested/Value":      "Group.GroupId",
			"Topic/TopicName":       "Prod-App-aws-cn-amazonaws.com.cn",
		})
		a, b := set.Find("Network/Vpc/PublicSubnet1/Subnet")[0], set.Find("VpcPrivateSubnet1Subnet536B997A")[0]
		if !a.Prop("AvailabilityZone").Equal(b.Prop("AvailabilityZone")) {
			t.Errorf("the same zone is not the same")
		}
		if vpc, ok := set.Find("Group")[0].Prop("VpcId").Resource(); !ok || vpc != set.Find("Network/Vpc")[0] {
			t.Errorf("a nested stack's parameter is not its parent's resource")
		}
		if len(set.Find("OnlyHere")) != 1 || len(set.Find("OnlyElsewhere")) != 0 {
			t.Errorf("the environment's Region does not decide the conditions")
		}
		if !set.Find("CDKMetadata")[0].Conditional || a.Conditional {
			t.Errorf("Conditional is wrong")
		}
		doc, err := set.Find("Manifest")[0].Prop("Manifest").Decode()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := doc.String(), "[{apiVersion: v1, kind: ConfigMap, metadata: {name: net}, data: {vpc: id-${Vpc8378EB38}, region: eu-central-1, port: Other.Port}}]"; got != want {
			t.Errorf("manifest = %s\nwant %s", got, want)
		}
	}
}

// A template that another nests is not a stack of its own, even when a glob names it.
func TestNestedTemplateNamedToo(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/cdk.out/NetworkData.nested.template.json", "testdata/cdk.out/Network.template.json")
	if got := len(set.Stacks()); got != 2 {
		t.Errorf("%d stacks, want 2", got)
	}
}

func TestNestedTemplateMissing(t *testing.T) {
	t.Parallel()
	set := parse(t, cfn.Options{}, `
Resources:
  Net: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: "https://example.com/x.yaml"}}
  X: {Type: Custom::X, Properties: {V: !GetAtt Net.Outputs.VpcId}}
`)
	props(t, set, map[string]string{"X/V": "Net.Outputs.VpcId"})
	if notes := set.Notes(); len(notes) != 1 || notes[0].Path != "Resources.Net" {
		t.Errorf("notes = %v", notes)
	}
	if _, ok := set.Find("X")[0].Prop("V").Resource(); ok {
		t.Error("an unknown output passes for the nested stack itself")
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ expr, want, err string }{
		"json":            {`'{"env": {"ENABLE_V4_EGRESS": "false", "n": 1}}'`, "{env: {ENABLE_V4_EGRESS: false, n: 1}}", ""},
		"yaml":            {`"env:\n  A: b\n"`, "{env: {A: b}}", ""},
		"yaml with parts": {`!Sub "cluster: ${VPC}\nname: x-${Role.Arn}-y\n"`, "{cluster: VPC, name: x-${Role.Arn}-y}", ""},
		"in a key":        {`!Sub '{"${VPC}/x": 1}'`, "{${VPC}/x: 1}", ""},
		"unquoted":        {`!Sub '{"a": ${VPC}, "b": "\"${VPC}\""}'`, `{a: VPC, b: "${VPC}"}`, ""},
		"a map already":   {`{a: 1}`, "{a: 1}", ""},
		"all unknown":     {`!Ref Open`, "Open", ""},
		"broken":          {`'{"a": '`, "", "the document ends too early"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := parse(t, cfn.Options{}, fmt.Sprintf(world, tt.expr)).Find("X")[0].Prop("V").Decode()
			switch {
			case tt.err != "":
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("err = %v, want %q", err, tt.err)
				}
			case err != nil:
				t.Error(err)
			case v.String() != tt.want:
				t.Errorf("got %s, want %s", v, tt.want)
			}
		})
	}
}

// Stacks of several stages may have one name: each stays itself, and imports from its own stage.
func TestStacksOfOneName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"manifest.json": `{"artifacts": {
			"dev": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "dev"}},
			"prod": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "prod"}}}}`,
		"dev/manifest.json": `{"artifacts": {
			"N": {"type": "aws:cloudformation:stack", "displayName": "dev/net", "properties": {"templateFile": "N.json", "stackName": "net"}},
			"A": {"type": "aws:cloudformation:stack", "displayName": "dev/app", "properties": {"templateFile": "A.yaml", "stackName": "app"}}}}`,
		"prod/manifest.json": `{"artifacts": {
			"N": {"type": "aws:cloudformation:stack", "displayName": "prod/net", "properties": {"templateFile": "N.json", "stackName": "net"}},
			"A": {"type": "aws:cloudformation:stack", "displayName": "prod/app", "properties": {"templateFile": "A.yaml", "stackName": "app"}}}}`,
		"dev/N.json":  `{"Resources": {"Vpc": {"Type": "AWS::EC2::VPC"}}, "Outputs": {"V": {"Value": {"Ref": "Vpc"}, "Export": {"Name": "vpc"}}}}`,
		"prod/N.json": `{"Resources": {"Vpc": {"Type": "AWS::EC2::VPC"}}, "Outputs": {"V": {"Value": {"Ref": "Vpc"}, "Export": {"Name": "vpc"}}}}`,
		"dev/A.yaml":  x(`[!ImportValue vpc, !GetStackOutput {StackName: net, OutputName: V}, !Ref AWS::StackName]`),
		"prod/A.yaml": x(`[!ImportValue vpc, !GetStackOutput {StackName: net, OutputName: V}, !Ref AWS::StackName]`),
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set := load(t, dir)
	var ids []string
	for _, s := range set.Stacks() {
		ids = append(ids, s.ID)
	}
	if diff := cmp.Diff([]string{"dev/net", "dev/app", "prod/net", "prod/app"}, ids); diff != "" {
		t.Errorf("ids:\n%s", diff)
	}
	for i, r := range set.Find("X") {
		for _, step := range []string{"V.0", "V.1"} {
			vpc, ok := r.Prop(step).Resource()
			if !ok || vpc != set.Find("Vpc")[i] {
				t.Errorf("%s of %s is %s, not the VPC of its stage", step, r.Stack.ID, r.Prop(step))
			}
		}
		if name, _ := r.Prop("V.2").Text(); name != "app" {
			t.Errorf("AWS::StackName of %s = %q, want app", r.Stack.ID, name)
		}
	}
}

func TestStackIDs(t *testing.T) {
	t.Parallel()
	nests := []byte("Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ../leaf.yaml}}}\n")
	set, err := cfn.Parse(cfn.Options{},
		cfn.Source{Name: "a/net.yaml", Data: nests}, cfn.Source{Name: "b/net.json", Data: nests}, cfn.Source{Name: "c/app.yaml", Data: nests},
		cfn.Source{Name: "leaf.yaml", Data: []byte("Resources: {Topic: {Type: AWS::SNS::Topic}}\n")})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range set.Stacks() {
		ids = append(ids, s.ID)
	}
	want := []string{"a/net.yaml", "a/net.yaml/N", "b/net.json", "b/net.json/N", "app", "app/N"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("ids:\n%s", diff)
	}
}

// Exports belong to one account and Region.
func TestExportsOfRegions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"manifest.json": `{"artifacts": {
			"E": {"type": "aws:cloudformation:stack", "environment": "aws://1/eu-west-1", "properties": {"templateFile": "E.json"}},
			"U": {"type": "aws:cloudformation:stack", "environment": "aws://1/us-east-1", "properties": {"templateFile": "U.json"}},
			"A": {"type": "aws:cloudformation:stack", "environment": "aws://1/us-east-1", "properties": {"templateFile": "A.yaml"}},
			"B": {"type": "aws:cloudformation:stack", "environment": "aws://1/us-west-2", "properties": {"templateFile": "B.yaml"}},
			"C": {"type": "aws:cloudformation:stack", "environment": "aws://1/unknown-region", "properties": {"templateFile": "C.yaml"}}}}`,
		"E.json": `{"Resources": {"Europe": {"Type": "AWS::EC2::VPC"}}, "Outputs": {"V": {"Value": {"Ref": "Europe"}, "Export": {"Name": "vpc"}}}}`,
		"U.json": `{"Resources": {"States": {"Type": "AWS::EC2::VPC"}}, "Outputs": {"V": {"Value": {"Ref": "States"}, "Export": {"Name": "vpc"}}}}`,
		"A.yaml": x(`!ImportValue vpc`), "B.yaml": x(`!ImportValue vpc`), "C.yaml": x(`!ImportValue vpc`),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set := load(t, dir)
	got := map[string]string{}
	for _, r := range set.Find("X") {
		got[r.Stack.ID] = r.Prop("V").String()
	}
	if diff := cmp.Diff(map[string]string{"A": "States", "B": "Fn::ImportValue(vpc)", "C": "Fn::ImportValue(vpc)"}, got); diff != "" {
		t.Errorf("imports:\n%s", diff)
	}
	var notes []string
	for _, n := range set.Notes() {
		notes = append(notes, n.Stack.ID+": "+n.Text)
	}
	if diff := cmp.Diff([]string{"B: the import vpc is unknown: no template here exports it", "C: the import vpc is unknown: 2 exports here could have this name"}, notes); diff != "" {
		t.Errorf("notes:\n%s", diff)
	}
}

// Apart from its environment a stack says only what its own template does.
func TestApart(t *testing.T) {
	t.Parallel()
	const child = `{"Parameters": {"P": {"Type": "String"}}, "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "P"}}}}, "Outputs": {"O": {"Value": "known"}}}`
	const text = `{"Parameters": {"S": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "key"}},
"Conditions": {"C": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}},
"Resources": {
 "N": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "child.json", "Parameters": {"P": "given"}}},
 "Q": {"Type": "AWS::SQS::Queue", "UpdateReplacePolicy": "Retain", "Properties": {
  "region": {"Ref": "AWS::Region"}, "stack": {"Ref": "AWS::StackName"}, "import": {"Fn::ImportValue": "E"}, "nested": {"Fn::GetAtt": ["N", "Outputs.O"]},
  "ssm": {"Ref": "S"}, "if": {"Fn::If": ["C", "a", "b"]}, "join": {"Fn::Join": ["", ["a", "b"]]}}}},
"Outputs": {"E": {"Value": "exported", "Export": {"Name": "E"}}, "None": {"Value": "v"}}}`
	sources := []cfn.Source{{Name: "top.json", Data: []byte(text)}, {Name: "child.json", Data: []byte(child)}}
	for _, apart := range []bool{false, true} {
		set, err := cfn.Parse(cfn.Options{Apart: apart, Region: "eu-west-1"}, sources...)
		if err != nil {
			t.Fatal(err)
		}
		top := set.Stacks()[0]
		want := map[string]string{"region": "eu-west-1", "stack": "AWS::StackName", "import": "exported", "nested": "known", "ssm": "S", "if": "a", "join": "ab"}
		if apart {
			want = map[string]string{"region": "eu-west-1", "stack": "AWS::StackName", "import": "Fn::ImportValue(E)", "nested": "N.Outputs.O", "ssm": "Ref(S, key)", "if": "a", "join": "ab"}
		}
		for name, w := range want {
			if got := top.Resource("Q").Prop(name).String(); got != w {
				t.Errorf("apart %v: %s is %s, want %s", apart, name, got, w)
			}
		}
		if got := top.Nested("N").Resource("Q").Prop("QueueName").String(); got != "given" {
			t.Errorf("apart %v: a nested stack's parameter is %s", apart, got)
		}
		if got := []string{top.Export("E").String(), top.Export("None").String(), top.Resource("Q").UpdateReplacePolicy().String()}; !slices.Equal(got, []string{"E", "", "Retain"}) {
			t.Errorf("apart %v: %q", apart, got)
		}
	}
	set, err := cfn.Parse(cfn.Options{Apart: true}, sources...)
	if err != nil {
		t.Fatal(err)
	}
	const want = "Fn::If(Condition(C, Fn::Equals(AWS::Region, eu-west-1)), a, b)"
	if got := set.Stacks()[0].Resource("Q").Prop("if").String(); got != want {
		t.Errorf("an open condition is %s, want %s", got, want)
	}
}

// What aws cloudformation get-template prints is the template in it.
func TestGetTemplate(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"the answer":           `{"TemplateBody": {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}, "StagesAvailable": ["Original"]}`,
		"the answer with YAML": `{"TemplateBody": "Resources:\n  Q: {Type: AWS::SQS::Queue}\n"}`,
		"a string of YAML":     `"Resources:\n  Q: {Type: AWS::SQS::Queue}\n"`,
		"a string of JSON":     `"{\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}}"`,
	} {
		set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "t", Data: []byte(text)})
		if err != nil || set.Stacks()[0].Resource("Q") == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for text, want := range map[string]string{
		`"Resources are scarce"`:               `t: not a CloudFormation template: found the string "Resources are scarce", wanted a map with Resources`,
		`{"TemplateBody": "Resources: ["}`:     "t: ",
		`{"TemplateBody": ["Resources"]}`:      "t: not a CloudFormation template: found a list, wanted a map with Resources",
		`{"Resources": {}, "TemplateBody": 1}`: "t: TemplateBody: no section of a template has this name",
	} {
		if _, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "t", Data: []byte(text)}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
