package updates

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// brief is what happens to a stack in one line: to whom, and why.
func brief(s Stack) string {
	var out []string
	for _, c := range s.Changes {
		text := fmt.Sprintf("%v %s", c.Kind, c.ID)
		if len(c.Properties) > 0 {
			text += "(" + strings.Join(c.Properties, " ") + ")"
		}
		for _, l := range c.Left {
			text += " left " + l
		}
		for _, mark := range []struct {
			text string
			is   bool
		}{{" maybe", c.Maybe}, {" kept", c.Kept}, {" unknown", c.Unknown}} {
			if mark.is {
				text += mark.text
			}
		}
		out = append(out, text+why(c.Refused))
	}
	for _, o := range []struct {
		mark  string
		names []string
	}{{"+", s.AddedOutputs}, {"~", s.ChangedOutputs}, {"-", s.DeletedOutputs}} {
		for _, n := range o.names {
			out = append(out, o.mark+n)
		}
	}
	return strings.TrimSpace(strings.Join(out, "; ") + why(s.Refused))
}

func why(refused []Refusal) (text string) {
	for _, r := range refused {
		text += " REFUSED "
		if r.Maybe {
			text += "PERHAPS "
		}
		text += r.Text
	}
	return text
}

// of reads stacks by name, or files where the names are of files; a text that is no template is what its Resources hold.
func of(t *testing.T, stacks map[string]string) *Templates {
	t.Helper()
	texts, dir := map[string][]byte{}, t.TempDir()
	var files []string
	for name, text := range stacks {
		if !strings.HasPrefix(text, "{") {
			text = `{"Resources":{` + text + `}}`
		}
		texts[name] = []byte(text)
		if strings.HasSuffix(name, ".json") {
			files = append(files, filepath.Join(dir, name))
		}
		if err := os.WriteFile(filepath.Join(dir, name), texts[name], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (*Templates, error) { return Read(texts) }
	if len(files) == len(stacks) {
		slices.Sort(files)
		read = func() (*Templates, error) { return Load(files...) }
	}
	out, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// update compares two templates of one stack.
func update(t *testing.T, before, after string) Stack {
	t.Helper()
	u, err := Compare(of(t, map[string]string{"S": before}), of(t, map[string]string{"S": after}))
	if err != nil {
		t.Fatal(err)
	}
	return u.Stacks[0]
}

type row struct{ before, after, want string }

func check(t *testing.T, rows map[string]row) {
	t.Helper()
	for name, r := range rows {
		if got := brief(update(t, r.before, r.after)); got != r.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, r.want)
		}
	}
}

// both are two templates that differ in one text.
func both(template, was, is, want string) row {
	return row{strings.ReplaceAll(template, "%", was), strings.ReplaceAll(template, "%", is), want}
}

const (
	vpc        = `"V":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":"10.0.0.0/16","EnableDnsSupport":"a","InstanceTenancy":"t"}}`
	kubernetes = `"C":{"Type":"AWS::EKS::Cluster","Properties":{"KubernetesNetworkConfig":{"IpFamily":"ipv6","ElasticLoadBalancing":"a"},"Logging":"l"}}`
)

func TestKinds(t *testing.T) {
	t.Parallel()
	check(t, map[string]row{
		"nothing":                           {vpc, vpc, ""},
		"added":                             {`"W":{"Type":"AWS::EC2::VPC"}`, `"W":{"Type":"AWS::EC2::VPC"},` + vpc, "added V"},
		"deleted":                           {`"W":{"Type":"AWS::EC2::VPC"},` + vpc, `"W":{"Type":"AWS::EC2::VPC"}`, "deleted V"},
		"left behind":                       {`"W":{"Type":"AWS::EC2::VPC"},"V":{"Type":"AWS::EC2::VPC","DeletionPolicy":"RetainExceptOnCreate"}`, `"W":{"Type":"AWS::EC2::VPC"}`, "deleted V kept"},
		"in place":                          {vpc, strings.Replace(vpc, `"a"`, `"b"`, 1), "changed V(EnableDnsSupport)"},
		"a property goes":                   {vpc, strings.Replace(vpc, `"EnableDnsSupport":"a",`, ``, 1), "changed V(EnableDnsSupport)"},
		"a number as text":                  both(`"V":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":%}}`, `1`, `"1"`, ""),
		"anew":                              {vpc, strings.Replace(vpc, `/16`, `/17`, 1), "replaced V(CidrBlock)"},
		"anew, nested":                      {kubernetes, strings.Replace(kubernetes, `ipv6`, `ipv4`, 1), "replaced C(KubernetesNetworkConfig/IpFamily)"},
		"beside nested":                     {kubernetes, strings.Replace(kubernetes, `"a"`, `"b"`, 1), "changed C(KubernetesNetworkConfig)"},
		"anew, in lists":                    both(`"P":{"Type":"AWS::EC2::TransitGatewayConnectPeer","Properties":{"ConnectPeerConfiguration":{"BgpConfigurations":[{"PeerAsn":1},{"PeerAsn":%}]}}}`, "2", "3", "replaced P(ConnectPeerConfiguration ConnectPeerConfiguration/BgpConfigurations/*/PeerAsn)"),
		"maybe anew":                        both(`"D":{"Type":"AWS::RDS::DBInstance","Properties":{"MultiAZ":%}}`, "true", "false", "replaced D(MultiAZ) maybe"),
		"anew, one kept":                    both(`"V":{"Type":"AWS::EC2::VPC","UpdateReplacePolicy":"Retain","Properties":{"CidrBlock":"%"}}`, "1", "2", "replaced V(CidrBlock) kept"),
		"order and metadata":                {`"W":{"Type":"AWS::EC2::VPC"},` + vpc, `"W":{"Type":"AWS::EC2::VPC"},` + strings.Replace(vpc, `"Properties"`, `"DependsOn":["W"],"Metadata":{"a":1},"Properties"`, 1), ""},
		"policy":                            {vpc, strings.Replace(vpc, `"Properties"`, `"DeletionPolicy":"Retain","Properties"`, 1), "changed V(DeletionPolicy)"},
		"another type":                      {`"V":{"Type":"AWS::EC2::VPC"}`, `"V":{"Type":"AWS::IAM::Role"}`, "changed V(Type) REFUSED a resource's type cannot change: from AWS::EC2::VPC to AWS::IAM::Role"},
		"an unknown type":                   both(`"Z":{"Type":"AWS::New::Thing","Properties":{"A":"%"}}`, "1", "2", "changed Z(A) unknown"),
		"an unknown type, kept from now on": {`"Z":{"Type":"AWS::New::Thing"}`, `"Z":{"Type":"AWS::New::Thing","DeletionPolicy":"Retain"}`, "changed Z(DeletionPolicy)"},
		"after an unknown type": both(`"Z":{"Type":"AWS::New::Thing","Properties":{"A":"%"}},"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":{"Ref":"Z"}}}`, "1", "2",
			"changed Z(A) unknown; replaced S(VpcId) maybe"),
		"a known handler":                  both(`"H":{"Type":"Custom::AWSCDK-EKS-HelmChart","Properties":{"ServiceToken":"t","V":"%"}}`, "1", "2", "changed H(V)"),
		"a known handler, anew":            both(`"H":{"Type":"Custom::LogRetention","Properties":{"ServiceToken":"t","LogGroupName":"%"}}`, "1", "2", "replaced H(LogGroupName)"),
		"a handler of one's own":           both(`"H":{"Type":"Custom::Own","Properties":{"ServiceToken":"t","V":"%"}}`, "1", "2", "changed H(V) unknown"),
		"another handler":                  both(`"H":{"Type":"Custom::Own","Properties":{"ServiceToken":"%"}}`, "1", "2", "replaced H(ServiceToken)"),
		"what GetTemplate makes of a dash": both(`"V":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":"a % b"}}`, "?", "—", ""),
		"a question mark goes":             both(`"V":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":"a % b"}}`, "?", "!", "replaced V(CidrBlock)"),
	})
}

func TestReferences(t *testing.T) {
	t.Parallel()
	const (
		subnetOf = `"V":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":"%"}},"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":%v}}`
		two      = `"A":{"Type":"AWS::EC2::VPC"},"B":{"Type":"AWS::EC2::VPC"},"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":%}}`
		groups   = `"L":{"Type":"AWS::EC2::LaunchTemplate","Properties":{"%":1}},"N":{"Type":"AWS::EKS::Nodegroup","Properties":{"LaunchTemplate":{"Id":{"Ref":"L"},"Version":{"Fn::GetAtt":"L.%v"}}}}`
	)
	follows := func(ref, want string) row { return both(strings.ReplaceAll(subnetOf, "%v", ref), "1", "2", want) }
	latest := func(attribute, was, is, want string) row {
		return both(strings.ReplaceAll(groups, "%v", attribute), was, is, want)
	}
	check(t, map[string]row{
		"Ref":           follows(`{"Ref":"V"}`, "replaced S(VpcId); replaced V(CidrBlock)"),
		"Fn::GetAtt":    follows(`{"Fn::GetAtt":["V","VpcId"]}`, "replaced S(VpcId); replaced V(CidrBlock)"),
		"Fn::Join":      follows(`{"Fn::Join":["",["a",{"Fn::GetAtt":["V","DefaultSecurityGroup"]}]]}`, "replaced S(VpcId); replaced V(CidrBlock)"),
		"Fn::Sub":       follows(`{"Fn::Sub":"x${V.VpcId}"}`, "replaced S(VpcId); replaced V(CidrBlock)"),
		"Fn::Sub, list": follows(`{"Fn::Sub":["${V}${w}",{"w":1}]}`, "replaced S(VpcId); replaced V(CidrBlock)"),
		"further": both(`"V":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":"%"}},"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":{"Ref":"V"}}},"R":{"Type":"AWS::IAM::Role","Properties":{"Policies":[{"Ref":"S"}]}}`,
			"1", "2", "changed R(Policies); replaced S(VpcId); replaced V(CidrBlock)"),
		"what stays is not followed":      both(`"V":{"Type":"AWS::EC2::VPC","Properties":{"EnableDnsSupport":"%"}},"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":{"Ref":"V"}}}`, "1", "2", "changed V(EnableDnsSupport)"),
		"the newest launch template":      latest("LatestVersionNumber", "VersionDescription", "LaunchTemplateData", "changed L(LaunchTemplateData VersionDescription); changed N(LaunchTemplate)"),
		"its tags alone":                  latest("LatestVersionNumber", "TagSpecifications", "Unused", "changed L(TagSpecifications Unused)"),
		"the default launch template":     latest("DefaultVersionNumber", "VersionDescription", "LaunchTemplateData", "changed L(LaunchTemplateData VersionDescription)"),
		"another resource":                both(two, `{"Ref":"A"}`, `{"Ref":"B"}`, "replaced S(VpcId)"),
		"an attribute that may be the id": both(two, `{"Ref":"A"}`, `{"Fn::GetAtt":["A","Arn"]}`, "replaced S(VpcId) maybe"),
		"a text that may be the id":       both(two, `{"Ref":"A"}`, `"vpc-1"`, "replaced S(VpcId) maybe"),
		"a text that is not the id": {`"A":{"Type":"AWS::EC2::VPC"},"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":{"Ref":"A"}}}`,
			`"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":"vpc-1"}}`, "replaced S(VpcId); deleted A"},
		"a text of what is kept": {`"A":{"Type":"AWS::EC2::VPC","DeletionPolicy":"Retain"},"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":{"Ref":"A"}}}`,
			`"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":"vpc-1"}}`, "replaced S(VpcId) maybe; deleted A kept"},
		"a new resource for a text": {`"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":"vpc-1"}}`,
			`"A":{"Type":"AWS::EC2::VPC"},"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":{"Ref":"A"}}}`, "added A; replaced S(VpcId)"},
	})
}

// What a template leaves to its deployment is the same as long as it is written the same, and open where it is not.
func TestOpenValues(t *testing.T) {
	t.Parallel()
	const template = `{"Parameters":{"P":{"Type":"String"},"Q":{"Type":"String"},"D":{"Type":"String","Default":"%d"},"M":{"Type":"AWS::SSM::Parameter::Value<String>","Default":"%m"}},
		"Conditions":{"If":{"Fn::Equals":[{"Ref":"P"},"%c"]}},
		"Resources":{"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":%v}}}}`
	value := func(d, m, c, v string) string {
		return strings.NewReplacer("%d", d, "%m", m, "%c", c, "%v", v).Replace(template)
	}
	of := func(was, is, want string) row { return row{value("d", "m", "c", was), value("d", "m", "c", is), want} }
	const maybe, anew = "replaced S(VpcId) maybe", "replaced S(VpcId)"
	check(t, map[string]row{
		"a parameter":               of(`{"Ref":"P"}`, `{"Ref":"P"}`, ""),
		"another parameter":         of(`{"Ref":"P"}`, `{"Ref":"Q"}`, maybe),
		"a text for a parameter":    of(`{"Ref":"P"}`, `"v"`, maybe),
		"its default":               of(`{"Ref":"D"}`, `"d"`, ""),
		"another default":           {value("d", "m", "c", `{"Ref":"D"}`), value("e", "m", "c", `{"Ref":"D"}`), anew},
		"another key of a store":    {value("d", "m", "c", `{"Ref":"M"}`), value("d", "n", "c", `{"Ref":"M"}`), maybe},
		"another condition":         {value("d", "m", "c", `{"Fn::If":["If","a","b"]}`), value("d", "m", "e", `{"Fn::If":["If","a","b"]}`), maybe},
		"another branch":            of(`{"Fn::If":["If","a","b"]}`, `{"Fn::If":["If","a","c"]}`, maybe),
		"a branch without it":       of(`{"Fn::If":["If","a",{"Ref":"AWS::NoValue"}]}`, `{"Ref":"AWS::NoValue"}`, maybe),
		"another Region's zone":     of(`{"Fn::Sub":"${AWS::Region}a"}`, `{"Fn::Sub":"${AWS::Region}b"}`, anew),
		"a text with more parts":    of(`{"Fn::Sub":"${AWS::Region}a"}`, `{"Fn::Sub":"${AWS::Region}a${P}"}`, maybe),
		"another item":              of(`{"Fn::Select":[0,{"Fn::GetAZs":""}]}`, `{"Fn::Select":[1,{"Fn::GetAZs":""}]}`, anew),
		"another function":          of(`{"Fn::Select":[0,{"Fn::GetAZs":""}]}`, `{"Fn::ImportValue":"v"}`, maybe),
		"a list with one item more": of(`["a"]`, `["a","b"]`, anew),
		"a list with one perhaps":   of(`["a"]`, `["a",{"Fn::If":["If","b",{"Ref":"AWS::NoValue"}]}]`, maybe),
		"a list for a text":         of(`"a"`, `["a"]`, anew),
	})
}

func TestNodegroups(t *testing.T) {
	t.Parallel()
	const (
		group = `"L":{"Type":"AWS::EC2::LaunchTemplate","Properties":{"LaunchTemplateData":{"UserData":"%data"}}},
			"N":{"Type":"AWS::EKS::Nodegroup","Properties":{%props,"LaunchTemplate":{"Id":{"Ref":"L"},"Version":{"Fn::GetAtt":["L","LatestVersionNumber"]}}}}`
		alone = " REFUSED EKS changes a node group's Version alone: Version goes from 1.34 to 1.35 together with "
	)
	of := func(was, is, dataWas, dataIs, want string) row {
		text := func(props, data string) string {
			return strings.NewReplacer("%props", props, "%data", data).Replace(group)
		}
		return row{text(was, dataWas), text(is, dataIs), want}
	}
	check(t, map[string]row{
		"the version":                of(`"Version":"1.34"`, `"Version":"1.35"`, "a", "a", "changed N(Version)"),
		"both versions":              of(`"Version":"1.34","ReleaseVersion":"r"`, `"Version":"1.35","ReleaseVersion":"s"`, "a", "a", "changed N(ReleaseVersion Version)"),
		"with force":                 of(`"Version":"1.34"`, `"Version":"1.35","ForceUpdateEnabled":true`, "a", "a", "changed N(ForceUpdateEnabled Version)"),
		"with labels":                of(`"Version":"1.34","Labels":"a"`, `"Version":"1.35","Labels":"b"`, "a", "a", "changed N(Labels Version)"+alone+"Labels"),
		"with two others":            of(`"Version":"1.34","Labels":"a"`, `"Version":"1.35","Taints":"b"`, "a", "a", "changed N(Labels Taints Version)"+alone+"Labels and Taints"),
		"with the launch template":   of(`"Version":"1.34"`, `"Version":"1.35"`, "a", "b", "changed L(LaunchTemplateData); changed N(LaunchTemplate Version)"+alone+"LaunchTemplate (L changes in LaunchTemplateData)"),
		"the launch template":        of(`"Version":"1.34"`, `"Version":"1.34"`, "a", "b", "changed L(LaunchTemplateData); changed N(LaunchTemplate)"),
		"the release with labels":    of(`"ReleaseVersion":"r","Labels":"a"`, `"ReleaseVersion":"s"`, "a", "a", "changed N(Labels ReleaseVersion) REFUSED EKS changes a node group's ReleaseVersion alone: ReleaseVersion goes from r to s together with Labels"),
		"a version that was not set": of(`"Labels":"a"`, `"Version":"1.35"`, "a", "a", "changed N(Labels Version) REFUSED EKS changes a node group's Version alone: Version goes from none to 1.35 together with Labels"),
		"anew":                       of(`"Version":"1.34","AmiType":"a"`, `"Version":"1.35","AmiType":"b"`, "a", "a", "replaced N(AmiType)"),
		"tags and the launch template": of(`"Tags":"a"`, `"Tags":"b"`, "a", "b",
			"changed L(LaunchTemplateData); changed N(LaunchTemplate Tags) REFUSED EKS changes a node group's Tags and LaunchTemplate one after the other: not Tags at once with LaunchTemplate (L changes in LaunchTemplateData)"),
		"tags and labels": of(`"Tags":"a","Labels":"a"`, `"Tags":"b","Labels":"b"`, "a", "a", "changed N(Labels Tags)"),
	})
	open := func(version, labels string) string {
		return `{"Parameters":{"P":{"Type":"String"}},"Resources":{"N":{"Type":"AWS::EKS::Nodegroup","Properties":{"Version":` + version + `,"Labels":` + labels + `}}}}`
	}
	const maybe = "changed N(Labels Version) REFUSED PERHAPS EKS changes a node group's Version alone: Version goes from "
	check(t, map[string]row{
		"a version that the deployment decides": {open(`{"Ref":"P"}`, `"a"`), open(`"1.35"`, `"b"`), maybe + "P to 1.35 together with Labels"},
		"labels that the deployment decides":    {open(`"1.34"`, `{"Ref":"P"}`), open(`"1.35"`, `"b"`), maybe + "1.34 to 1.35 together with Labels"},
	})
}

func TestClusters(t *testing.T) {
	t.Parallel()
	const older = `"C":{"Type":"Custom::AWSCDK-EKS-Cluster","Properties":{"ServiceToken":"t","Config":%}}`
	native := func(was, is, want string) row {
		return both(`"C":{"Type":"AWS::EKS::Cluster","Properties":%}`, was, is, want)
	}
	moved := `"S":{"Type":"AWS::EC2::Subnet","Properties":{"%":1}},"C":{"Type":"AWS::EKS::Cluster","Properties":{"ResourcesVpcConfig":{"SubnetIds":[{"Ref":"S"}]}}}`
	check(t, map[string]row{
		"one version":          native(`{"Version":"1.34"}`, `{"Version":"1.35"}`, "changed C(Version)"),
		"two versions":         native(`{"Version":"1.34"}`, `{"Version":"1.36"}`, "changed C(Version) REFUSED EKS raises a control plane by one minor version at a time: not from 1.34 to 1.36"),
		"down":                 native(`{"Version":"1.35"}`, `{"Version":"1.34"}`, "changed C(Version) REFUSED CloudFormation does not lower a control plane's version: not from 1.35 to 1.34"),
		"from EKS's default":   native(`{}`, `{"Version":"1.36"}`, "changed C(Version)"),
		"older, one version":   both(older, `{"version":"1.34"}`, `{"version":"1.35"}`, "changed C(Config)"),
		"older, two versions":  both(older, `{"version":"1.34"}`, `{"version":"1.36"}`, "changed C(Config) REFUSED EKS raises a control plane by one minor version at a time: not from 1.34 to 1.36"),
		"older, several kinds": both(older, `{"version":"1.34","logging":"a"}`, `{"version":"1.35","logging":"b"}`, "changed C(Config) REFUSED CDK's handler makes one kind of update at a time: not the version, logging"),
		"older, one kind":      both(older, `{"resourcesVpcConfig":{"endpointPublicAccess":true,"publicAccessCidrs":["a"]}}`, `{"resourcesVpcConfig":{"endpointPublicAccess":false}}`, "changed C(Config)"),
		"older, two kinds of VPC settings": both(older, `{"resourcesVpcConfig":{"endpointPublicAccess":true,"subnetIds":["a"]}}`, `{"resourcesVpcConfig":{"endpointPublicAccess":false,"subnetIds":["b"]}}`,
			"changed C(Config) REFUSED CDK's handler makes one kind of update at a time: not subnets and security groups, endpoint access"),
		"older, encryption":        both(older, `{"encryptionConfig":"a"}`, `{"encryptionConfig":"b"}`, "changed C(Config) REFUSED CDK's handler changes no encryption: the EncryptionConfig of C"),
		"older, another name":      both(older, `{"name":"a"}`, `{"name":"b"}`, "replaced C(Config/name)"),
		"older, another role":      both(older, `{"roleArn":"a"}`, `{"roleArn":"b"}`, "replaced C(Config/roleArn)"),
		"older, the name is taken": both(older, `{"name":"n","roleArn":"a"}`, `{"name":"n","roleArn":"b"}`, "replaced C(Config/roleArn) REFUSED it is made anew under the same name, which the old one still has: C, Config/name"),
		"access entries":           native(`{"AccessConfig":{"AuthenticationMode":"CONFIG_MAP"}}`, `{"AccessConfig":{"AuthenticationMode":"API_AND_CONFIG_MAP"}}`, "changed C(AccessConfig)"),
		"and back": native(`{"AccessConfig":{"AuthenticationMode":"API"}}`, `{"AccessConfig":{"AuthenticationMode":"API_AND_CONFIG_MAP"}}`,
			"changed C(AccessConfig) REFUSED EKS takes no authentication mode back: not from API to API_AND_CONFIG_MAP"),
		"other zones":  both(moved, "AvailabilityZone", "AvailabilityZoneId", "changed C(ResourcesVpcConfig) REFUSED EKS moves no cluster to another VPC or to other zones: S is made anew there; replaced S(AvailabilityZone AvailabilityZoneId)"),
		"other ranges": both(moved, "CidrBlock", "Ipv6Native", "changed C(ResourcesVpcConfig); replaced S(CidrBlock Ipv6Native)"),
	})
}

func TestBeside(t *testing.T) {
	t.Parallel()
	role := func(props string) string { return `"R":{"Type":"AWS::IAM::Role","Properties":{` + props + `}}` }
	entry := `"E":{"Type":"AWS::EKS::AccessEntry","Properties":{"ClusterName":"%c","PrincipalArn":"p","Type":"%t"}}`
	member := func(c, t string) string { return strings.NewReplacer("%c", c, "%t", t).Replace(entry) }
	subnetIn := func(id, vpc, ranges string) string {
		return `"` + id + `":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":"` + vpc + `",` + ranges + `}},"Z":{"Type":"AWS::EC2::VPC"}`
	}
	check(t, map[string]row{
		"a name that is taken":        {role(`"RoleName":"r","Path":"/"`), role(`"RoleName":"r","Path":"/x"`), "replaced R(Path) REFUSED it is made anew under the same name, which the old one still has: R, RoleName"},
		"a name of CloudFormation's":  {role(`"Path":"/"`), role(`"Path":"/x"`), "replaced R(Path)"},
		"another name":                {role(`"RoleName":"r"`), role(`"RoleName":"s"`), "replaced R(RoleName)"},
		"a name beside an identifier": both(`"G":{"Type":"AWS::EC2::SecurityGroup","Properties":{"GroupName":"g","GroupDescription":"%"}}`, "a", "b", "replaced G(GroupDescription) REFUSED it is made anew under the same name, which the old one still has: G, GroupName"),
		"the same in another":         {member("c", "t"), member("d", "t"), "replaced E(ClusterName)"},
		"the same in the same":        {member("c", "t"), member("c", "u"), "replaced E(Type) REFUSED it is made anew under the same name, which the old one still has: E, ClusterName, PrincipalArn"},
		"deleted first":               both(`"J":{"Type":"AWS::EKS::IdentityProviderConfig","Properties":{"ClusterName":"c","IdentityProviderConfigName":"n","Type":"oidc","Oidc":"%"}}`, "a", "b", "replaced J(Oidc)"),
		"a range that is taken": {subnetIn("S", "v", `"CidrBlock":"10.0.0.0/24"`), subnetIn("N", "v", `"CidrBlock":"10.0.0.0/20"`),
			"added N REFUSED the range is made while the old one is still there: N, S; deleted S"},
		"an IPv6 range that is taken": {subnetIn("S", "v", `"CidrBlock":"10.0.0.0/24","Ipv6CidrBlock":{"Fn::Select":[0,{"Fn::GetAZs":""}]}`), subnetIn("S", "v", `"CidrBlock":"10.1.0.0/24","Ipv6CidrBlock":{"Fn::Select":[0,{"Fn::GetAZs":""}]}`),
			"replaced S(CidrBlock) REFUSED the range is made while the old one is still there: S, S"},
		"the same range elsewhere": {subnetIn("S", "v", `"CidrBlock":"10.0.0.0/24"`), subnetIn("N", "w", `"CidrBlock":"10.0.0.0/24"`), "added N; deleted S"},
		"targets of the old load balancer": both(`"B":{"Type":"AWS::ElasticLoadBalancingV2::LoadBalancer","Properties":{"Scheme":"%"}},"T":{"Type":"AWS::ElasticLoadBalancingV2::TargetGroup"},
			"L":{"Type":"AWS::ElasticLoadBalancingV2::Listener","Properties":{"LoadBalancerArn":{"Ref":"B"},"DefaultActions":[{"TargetGroupArn":{"Ref":"T"}}]}}`, "a", "b",
			"replaced L(LoadBalancerArn) REFUSED a target group serves one load balancer, until the end the old one: T; replaced B(Scheme)"),
	})
}

// manifest is a manifest of objects and a target group of a port.
func manifest(port string, objects ...string) string {
	return `"T":{"Type":"AWS::ElasticLoadBalancingV2::TargetGroup","Properties":{"Port":"` + port + `"}},"M":{"Type":"Custom::AWSCDK-EKS-KubernetesResource","Properties":{"ServiceToken":"t",
		"Manifest":{"Fn::Join":["",["[` + strings.Join(objects, ",") + `]"]]}}}`
}

// bindingOf is a TargetGroupBinding of a name, for the target group T.
func bindingOf(name string) string {
	return `{\"kind\":\"TargetGroupBinding\",\"metadata\":{\"namespace\":\"n\",\"name\":\"` + name + `\"},\"spec\":{\"targetGroupARN\":\"",{"Ref":"T"},"\"}}`
}

func TestObjects(t *testing.T) {
	t.Parallel()
	check(t, map[string]row{
		"a binding of new targets": {manifest("1", bindingOf("a")), manifest("2", bindingOf("a")),
			"changed M(Manifest) REFUSED spec.targetGroupARN of a TargetGroupBinding cannot change: TargetGroupBinding n/a; replaced T(Port)"},
		"another binding of the same targets": {manifest("1", bindingOf("a")), manifest("1", bindingOf("b")),
			"changed M(Manifest) left TargetGroupBinding n/a REFUSED a target group has one TargetGroupBinding, and the old one is there until the end: TargetGroupBinding n/b, TargetGroupBinding n/a"},
		"another binding of new targets": {manifest("1", bindingOf("a")), manifest("2", bindingOf("b")), "changed M(Manifest) left TargetGroupBinding n/a; replaced T(Port)"},
		"another binding in another manifest": {manifest("1", bindingOf("a")), strings.Replace(manifest("1", bindingOf("b")), `"M"`, `"O"`, 1),
			"added O REFUSED a target group has one TargetGroupBinding, and the old one is there until the end: TargetGroupBinding n/b, TargetGroupBinding n/a; deleted M"},
		"another binding of new targets in another manifest": {manifest("1", bindingOf("a")), strings.Replace(manifest("2", bindingOf("b")), `"M"`, `"O"`, 1), "added O; replaced T(Port); deleted M"},
		"an object that kubectl deletes":                     {manifest("1", bindingOf("a"), `{\"kind\":\"Service\",\"metadata\":{\"name\":\"s\"}}`), manifest("1", bindingOf("a")), "changed M(Manifest)"},
	})
}

func TestStacks(t *testing.T) {
	t.Parallel()
	const both = `{"Resources":{"V":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":"%s"}}},"Outputs":{"Id":{"Value":{"Ref":"V"},"Export":{"Name":"N:Id"}},"%s":{"Value":1}}}`
	const user = `"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":{"Fn::ImportValue":"N:Id"}}}`
	const reader = `"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":{"Fn::GetStackOutput":{"StackName":"N","OutputName":"Id"}}}}`
	circle := func(name string) string {
		other := map[string]string{"N": "M", "M": "N"}[name]
		return `{"Resources":{"V":{"Type":"AWS::EC2::VPC"}},"Outputs":{"Id":{"Value":{"Fn::GetStackOutput":{"StackName":"` + other + `","OutputName":"Id"}}}}}`
	}
	old, next := fmt.Sprintf(both, "1", "Old"), fmt.Sprintf(both, "2", "New")
	const change = "replaced V(CidrBlock); +New; ~Id; -Old"
	for name, c := range map[string]struct{ before, after, want map[string]string }{
		"one":                 {map[string]string{"N": old}, map[string]string{"N": next}, map[string]string{"N": change}},
		"one is used":         {map[string]string{"N": old, "U": user}, map[string]string{"N": next, "U": user}, map[string]string{"N": change + " REFUSED another stack imports what would change or go: N:Id, by U", "U": ""}},
		"one is no more used": {map[string]string{"N": old, "U": user}, map[string]string{"N": next}, map[string]string{"N": change + " REFUSED another stack imports what would change or go: N:Id, by U"}},
		"one will be used":    {map[string]string{"N": old}, map[string]string{"N": next, "U": user}, map[string]string{"N": change, "U": "new"}},
		"none changes":        {map[string]string{"N": old, "U": user}, map[string]string{"N": old, "U": user}, map[string]string{"N": "", "U": ""}},
		"its output is read":  {map[string]string{"N": old, "U": reader}, map[string]string{"N": next, "U": reader}, map[string]string{"N": change, "U": "replaced S(VpcId)"}},
		"another is read":     {map[string]string{"N": old, "M": old, "U": reader}, map[string]string{"N": old, "M": next, "U": reader}, map[string]string{"N": "", "M": change, "U": ""}},
		"outputs in a circle": {map[string]string{"N": circle("N"), "M": circle("M")}, map[string]string{"N": circle("N"), "M": circle("M")}, map[string]string{"M": "", "N": ""}},
		"by what is in it":    {map[string]string{"old.json": old}, map[string]string{"U": user, "N": next}, map[string]string{"N": change, "U": "new"}},
		"by what is in them": {map[string]string{"o1.json": old, "o2.json": user}, map[string]string{"U": user, "N": next},
			map[string]string{"N": change + " REFUSED another stack imports what would change or go: N:Id, by o2", "U": ""}},
	} {
		u, err := Compare(of(t, c.before), of(t, c.after))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := map[string]string{}
		for _, s := range u.Stacks {
			got[s.Name] = brief(s)
			if s.Deployed == "" {
				got[s.Name] = "new"
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, c.want)
		}
	}
}

// A template of an assembly, which names its environment and what is exported, is the same as the one that is deployed.
func TestAssembly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const template = `{"Resources":{"S":{"Type":"AWS::EC2::Subnet","Properties":{"AvailabilityZone":{"Fn::Sub":"${AWS::Region}a"},"VpcId":{"Fn::ImportValue":"Net:Id"},"Tags":[{"Value":{"Ref":"AWS::StackName"}}]}}}}`
	write("out/manifest.json", `{"artifacts":{"App":{"type":"aws:cloudformation:stack","environment":"aws://1/eu-west-1","properties":{"templateFile":"App.json"}},
		"Net":{"type":"aws:cloudformation:stack","environment":"aws://1/eu-west-1","properties":{"templateFile":"Net.json"}}}}`)
	write("out/App.json", template)
	write("out/Net.json", `{"Resources":{"V":{"Type":"AWS::EC2::VPC"}},"Outputs":{"Id":{"Value":{"Ref":"V"},"Export":{"Name":"Net:Id"}}}}`)
	quoted := strings.NewReplacer(`"`, `\"`).Replace(template)
	for name, text := range map[string]string{"old.json": template, "answer.json": `{"TemplateBody":` + template + `,"StagesAvailable":["Original"]}`, "text.json": `"` + quoted + `"`, "yaml.json": `{"TemplateBody":"` + quoted + `"}`} {
		deployed, err := Load(write(name, text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		next, err := Load(filepath.Join(dir, "out"))
		if err != nil {
			t.Fatal(err)
		}
		u, err := Compare(deployed, next)
		if err != nil || brief(u.Stacks[0]) != "" || u.Stacks[0].Deployed == "" || u.Stacks[1].Deployed != "" {
			t.Errorf("%s: %v %+v", name, err, u)
		}
	}
}

func TestNestedStacks(t *testing.T) {
	t.Parallel()
	const (
		parent = `"N":{"Type":"AWS::CloudFormation::Stack","Properties":{"TemplateURL":"n.json","Parameters":{"Cidr":"%"}}},
			"S":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":{"Fn::GetAtt":["N","Outputs.Id"]}}}`
		child = `{"Parameters":{"Cidr":{"Type":"String"}},"Resources":{"V":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":{"Ref":"Cidr"}}}},"Outputs":{"Id":{"Value":{"Ref":"V"}}}}`
	)
	was, is := strings.ReplaceAll(parent, "%", "1"), strings.ReplaceAll(parent, "%", "2")
	for name, c := range map[string]struct {
		before, after map[string]string
		want          []string
	}{
		"a parameter":                {map[string]string{"S": was, "n.json": child}, map[string]string{"S": is, "n.json": child}, []string{"S: changed N(Parameters); replaced S(VpcId)", "S/N: replaced V(CidrBlock); ~Id"}},
		"nothing":                    {map[string]string{"S": was, "n.json": child}, map[string]string{"S": was, "n.json": child}, []string{"S: ", "S/N: "}},
		"it was not there":           {map[string]string{"S": was}, map[string]string{"S": is, "n.json": child}, []string{"S: changed N(Parameters) unknown; replaced S(VpcId) maybe", "S/N: "}},
		"it goes with what it holds": {map[string]string{"S": was + `,"Z":{"Type":"AWS::EC2::VPC"}`, "n.json": child}, map[string]string{"S": `"Z":{"Type":"AWS::EC2::VPC"}`}, []string{"S: deleted N; deleted S", "S/N: deleted V"}},
	} {
		u, err := Compare(of(t, c.before), of(t, c.after))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, s := range u.Stacks {
			got = append(got, s.Name+": "+brief(s))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	t.Parallel()
	const other = `"W":{"Type":"AWS::EC2::VPC"}`
	for want, c := range map[string][2]map[string]string{
		"old.json: it shares no resource with S: give the template that is deployed":                                                                         {{"old.json": other}, {"S": vpc}},
		"old.json: every new stack has a deployed template already: leave this one out":                                                                      {{"S.json": vpc, "old.json": other}, {"S": vpc}},
		"old.json: it may be the template of several stacks: name the file after its own, one of S, T":                                                       {{"old.json": vpc}, {"S": vpc, "T": vpc}},
		"a.json: it shares no resource with S: give the template that is deployed\nb.json: it shares no resource with S: give the template that is deployed": {{"a.json": other, "b.json": other}, {"S": vpc}},
	} {
		_, err := Compare(of(t, c[0]), of(t, c[1]))
		if err == nil || regexp.MustCompile(`(?m)^/.*/`).ReplaceAllString(err.Error(), "") != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.json")); err == nil {
		t.Error("a file that is not there is read")
	}
	if _, err := Read(map[string][]byte{"S": []byte(`{`)}); err == nil {
		t.Error("half a template is read")
	}
	named := func(name string) *Templates {
		dir := t.TempDir()
		for file, text := range map[string]string{"manifest.json": `{"artifacts":{"` + name + `":{"type":"aws:cloudformation:stack","properties":{"templateFile":"t.json"}}}}`, "t.json": `{"Resources":{` + vpc + `}}`} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		out, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if _, err := Compare(named("A"), named("B")); err == nil || err.Error() != "nothing to compare: deployed is A, and new is B" {
		t.Errorf("two assemblies of other stacks: %v", err)
	}
}

// TestTypes holds the table to the templates of this module: every type of theirs is in it.
func TestTypes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../test/testdata/templates/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	set, err := cfn.Load(cfn.Options{Apart: true}, files...)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Resources() {
		if _, ok := schemaOf(r.Type); !ok {
			t.Errorf("%s: nothing is known of %s: add its service to createonly.py and run it, or its handler to handlers", r.ID, r.Type)
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	s := Stack{Changes: []Change{{ID: "a", Type: "A"}, {ID: "b", Type: "B"}, {ID: "c", Type: "A", Kind: Deleted}}}
	if n := len(s.Of(Added)); n != 2 {
		t.Errorf("%d are added, want 2", n)
	}
	if got := s.Of(Deleted, "B", "A"); len(got) != 1 || got[0].ID != "c" || got[0].Kind.String() != "deleted" {
		t.Errorf("deleted: %v", got)
	}
}
