package rules_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/eks-ipv6/cdk/internal/behind"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/rules"
	"github.com/eks-ipv6/cdk/preflight/updates"
)

// updateMutation changes good.yaml between what is deployed and what is new.
type updateMutation struct {
	name    string
	was, is []string // edits as of a mutation; is is made of the deployed text
	// wasAdd and isAdd are appended to the resources.
	wasAdd, isAdd string
	want          string // findings of the update rules as "V64 Nodes; W44 Vpc", sorted
}

const (
	amiType   = "      AmiType: AL2023_x86_64_STANDARD\n"
	hops      = "      LaunchTemplateData:\n        MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 1}\n"
	ownGroup  = "        - {IpProtocol: tcp, FromPort: 9443, ToPort: 9443, SourceSecurityGroupId: !GetAtt Cluster.ClusterSecurityGroupId}\n"
	oldNodes  = "      Version: \"1.34\"\n"
	newNodes  = "      Version: \"1.35\"\n"
	older     = "  Older: {Type: Custom::AWSCDK-EKS-Cluster, Properties: {ServiceToken: t, Config: {%s}}}\n"
	role      = "  Role: {Type: AWS::IAM::Role, Properties: {RoleName: r, AssumeRolePolicyDocument: {Statement: []}, Path: %s}}\n"
	manifests = `  Binding: {Type: Custom::AWSCDK-EKS-KubernetesResource, Properties: {ServiceToken: t, ClusterName: !Ref Cluster, Manifest: '[{"kind": "%s", "metadata": {"name": "x"}, "spec": {"selector": "%s"}}]'}}` + "\n"
	table     = "  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: %s}%s}\n"
	thing     = "  Thing: {Type: AWS::New::Thing, Properties: {A: %s}}\n"
)

var updateMutations = []updateMutation{
	{name: "nothing"},
	{name: "V64 labels", was: []string{amiType, amiType + oldNodes}, is: []string{oldNodes, newNodes + "      Labels: {a: b}\n"}, want: "V64 Nodes"},
	{name: "V64 launch template", was: []string{amiType, amiType + oldNodes}, is: []string{oldNodes, newNodes, hops, strings.Replace(hops, "HttpPut", "InstanceMetadataTags: enabled, HttpPut", 1)}, want: "V64 Nodes"},
	{name: "V64 release of another group", is: []string{"      LaunchTemplate: {Id: !Ref OwnTemplate", "      ReleaseVersion: r\n      Taints: []\n      LaunchTemplate: {Id: !Ref OwnTemplate"}, want: "V64 OwnNodes"},
	{name: "V64 tags", is: []string{amiType, amiType + "      Tags: {a: b}\n", hops, strings.Replace(hops, "HttpPut", "InstanceMetadataTags: enabled, HttpPut", 1)}, want: "V64 Nodes"},
	{name: "V64 not the version alone", was: []string{amiType, amiType + oldNodes}, is: []string{oldNodes, newNodes}},
	{name: "V64 not the launch template of another group", was: []string{amiType, amiType + oldNodes}, is: []string{oldNodes, newNodes, "        InstanceType: m7g.large\n", "        InstanceType: m7g.xlarge\n"}},
	{name: "V64 not a group that is made anew", was: []string{amiType, amiType + oldNodes}, is: []string{oldNodes, newNodes, "[m6i.large, i3.metal]", "[m6i.xlarge]"}, want: "W44 Nodes"},
	{name: "V65 two up", was: []string{"Version: \"1.35\"", "Version: \"1.33\""}, is: []string{"Version: \"1.33\"", "Version: \"1.35\""}, want: "V65 Cluster"},
	{name: "V65 down", is: []string{"Version: \"1.35\"", "Version: \"1.34\""}, want: "V65 Cluster"},
	{name: "V65 not one up", was: []string{"Version: \"1.35\"", "Version: \"1.34\""}, is: []string{"Version: \"1.34\"", "Version: \"1.35\""}},
	{name: "V66", wasAdd: fmt.Sprintf(older, `version: "1.34", logging: a`), isAdd: fmt.Sprintf(older, `version: "1.35", logging: b`), want: "V66 Older"},
	{name: "V66 endpoint and subnets", wasAdd: fmt.Sprintf(older, `resourcesVpcConfig: {endpointPublicAccess: true, subnetIds: [!Ref PrivateA]}`), isAdd: fmt.Sprintf(older, `resourcesVpcConfig: {endpointPublicAccess: false, subnetIds: [!Ref PrivateB]}`), want: "V66 Older"},
	{name: "V66 not one kind", wasAdd: fmt.Sprintf(older, `version: "1.34", logging: a`), isAdd: fmt.Sprintf(older, `version: "1.34", logging: b`)},
	{name: "V67 zones", is: []string{"eu-west-1a,eu-west-1b", "eu-west-1c,eu-west-1b"}, want: "V67 Cluster; V68 PrivateA; V68 PublicA; W44 NatA; W44 Nodes; W44 OwnNodes; W44 PrivateA; W44 PublicA"},
	{name: "V67 access", was: []string{"Version: \"1.35\"", "AccessConfig: {AuthenticationMode: API}"}, is: []string{"AccessConfig: {AuthenticationMode: API}", "AccessConfig: {AuthenticationMode: API_AND_CONFIG_MAP}"}, want: "V67 Cluster"},
	{name: "V67 not access forward", was: []string{"Version: \"1.35\"", "AccessConfig: {AuthenticationMode: CONFIG_MAP}"}, is: []string{"AccessConfig: {AuthenticationMode: CONFIG_MAP}", "AccessConfig: {AuthenticationMode: API_AND_CONFIG_MAP}"}},
	{name: "V68 name", wasAdd: fmt.Sprintf(role, "/"), isAdd: fmt.Sprintf(role, "/x/"), want: "V68 Role"},
	{name: "V68 range", wasAdd: subnet("More", "CidrBlock: 10.0.192.0/24"), isAdd: subnet("Another", "CidrBlock: 10.0.192.0/25"), want: "V68 Another; W45 More"},
	{name: "V68 not another range", wasAdd: subnet("More", "CidrBlock: 10.0.192.0/24"), isAdd: subnet("Another", "CidrBlock: 10.0.193.0/24"), want: "W45 More"},
	{name: "V69 selector", wasAdd: fmt.Sprintf(manifests, "Deployment", "a"), isAdd: fmt.Sprintf(manifests, "Deployment", "b"), want: "V69 Binding"},
	{name: "V69 not of a Service", wasAdd: fmt.Sprintf(manifests, "Service", "a"), isAdd: fmt.Sprintf(manifests, "Service", "b")},
	{name: "W44 table", wasAdd: fmt.Sprintf(table, "a", ""), isAdd: fmt.Sprintf(table, "b", ""), want: "W44 Table"},
	{name: "W44 load balancer", is: []string{"      Type: network\n      Scheme: internal\n", "      Type: network\n      Scheme: internet-facing\n"}, want: "V68 Listener; W44 Nlb"},
	{name: "W44 not what holds nothing", is: []string{"GroupDescription: load balancer", "GroupDescription: the load balancer"}, want: ""},
	{name: "W45 table", wasAdd: fmt.Sprintf(table, "a", ""), want: "W45 Table"},
	{name: "W45 not what is kept", wasAdd: fmt.Sprintf(table, "a", ", DeletionPolicy: Retain")},
	{name: "W46 unknown type", wasAdd: fmt.Sprintf(thing, "1"), isAdd: fmt.Sprintf(thing, "2"), want: "W46 Thing"},
	{name: "W46 own handler", wasAdd: "  Own: {Type: Custom::Own, Properties: {ServiceToken: t, A: 1}}\n", isAdd: "  Own: {Type: Custom::Own, Properties: {ServiceToken: t, A: 2}}\n", want: "W46 Own"},
	{name: "W46 not a new thing", isAdd: fmt.Sprintf(thing, "2")},
	{name: "W46 open version", was: []string{amiType, amiType + "      Version: !Sub \"${AWS::Region}\"\n"}, is: []string{"      Version: !Sub \"${AWS::Region}\"\n", newNodes + "      Labels: {a: b}\n"}, want: "W46 Nodes"},
}

// updateFindings are those of the rules about updates, between two templates of a stack.
func updateFindings(t testing.TB, was, is string) []rules.Finding {
	t.Helper()
	return stackFindings(t, map[string]string{"good": was}, map[string]string{"good": is})
}

func stackFindings(t testing.TB, was, is map[string]string) []rules.Finding {
	t.Helper()
	load := func(stacks map[string]string) *updates.Templates {
		texts := map[string][]byte{}
		for name, text := range stacks {
			texts[name] = []byte(text)
		}
		out, err := updates.Read(texts)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	before, after := load(was), load(is)
	u, err := updates.Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	findings, err := rules.Check(behind.Flow(&network.Network{}).(*flow.Network), rules.Options{Today: today, Update: u})
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// testedUpdates are the update rules that a mutation breaks.
func testedUpdates() map[string]bool {
	tested := map[string]bool{"V70": true} // by TestImports
	for _, m := range updateMutations {
		for _, f := range strings.Split(m.want, "; ") {
			id, _, _ := strings.Cut(f, " ")
			tested[id] = true
		}
	}
	return tested
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	for _, m := range updateMutations {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			was := edited(t, "good.yaml", m.was...)
			is := was
			for i := 0; i+1 < len(m.is); i += 2 {
				if n := strings.Count(is, m.is[i]); n != 1 {
					t.Fatalf("%q stands %d times, wanted once", m.is[i], n)
				}
				is = strings.Replace(is, m.is[i], m.is[i+1], 1)
			}
			var got []string
			for _, f := range updateFindings(t, was+m.wasAdd, is+m.isAdd) {
				got = append(got, f.ID+" "+f.LogicalID)
			}
			slices.Sort(got)
			if diff := cmp.Diff(m.want, strings.Join(got, "; ")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	const (
		vpc  = "Resources:\n  V: {Type: AWS::EC2::EgressOnlyInternetGateway, Properties: {VpcId: %s}}\nOutputs:\n  Id: {Value: !Ref V, Export: {Name: Net:Id}}\n"
		user = "Resources:\n  S: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !ImportValue Net:%s}}\n"
	)
	was, is := fmt.Sprintf(vpc, "a"), fmt.Sprintf(vpc, "b")
	for name, c := range map[string]struct {
		was, is map[string]string
		want    string
	}{
		"changes":             {map[string]string{"N": was, "U": fmt.Sprintf(user, "Id")}, map[string]string{"N": is, "U": fmt.Sprintf(user, "Id")}, "V70 N Outputs.Id"},
		"goes":                {map[string]string{"N": was, "U": fmt.Sprintf(user, "Id")}, map[string]string{"N": strings.Split(was, "Outputs")[0]}, "V70 N Outputs.Id"},
		"is not imported":     {map[string]string{"N": was, "U": fmt.Sprintf(user, "Other")}, map[string]string{"N": is}, ""},
		"the user is unknown": {map[string]string{"N": was}, map[string]string{"N": is, "U": fmt.Sprintf(user, "Id")}, ""},
	} {
		var got []string
		for _, f := range stackFindings(t, c.was, c.is) {
			got = append(got, f.ID+" "+f.Stack+" "+f.Path)
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %q, want %s", name, got, c.want)
		}
	}
}

// TestUpdateMessages has the words of the findings that people meet most.
func TestUpdateMessages(t *testing.T) {
	t.Parallel()
	was := edited(t, "good.yaml", amiType, amiType+oldNodes)
	is := edited(t, "good.yaml", amiType, amiType+newNodes+"      Labels: {a: b}\n", hops, strings.Replace(hops, "HttpPut", "InstanceMetadataTags: enabled, HttpPut", 1),
		"      Type: network\n      Scheme: internal\n", "      Type: network\n")
	var got []string
	for _, f := range updateFindings(t, was+fmt.Sprintf(table, "a", ""), is+fmt.Sprintf(table, "a", "")) {
		got = append(got, f.Path+": "+f.Message)
	}
	want := []string{
		"Resources.Nodes.Properties.Labels: Nodes: EKS changes a node group's Version alone: Version goes from 1.34 to 1.35 together with Labels and LaunchTemplate (Template changes in LaunchTemplateData)",
		"Resources.Listener.Properties.LoadBalancerArn: Listener: a target group serves one load balancer, until the end the old one: Targets",
		"Resources.Nlb.Properties.Scheme: the load balancer Nlb is made anew (Scheme changes) and loses its addresses and its DNS name",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// decides matches the types whose updates are refused for what they are, or what they refer to.
var decides = regexp.MustCompile(`Cluster|Nodegroup|LaunchTemplate|Subnet$|VPC|Listener|TargetGroup|KubernetesResource`)

// TestUnknownUpdates puts a parameter without a value into every property of a template that is deployed, and in its place
// back: what the deployment decides is no error.
func TestUnknownUpdates(t *testing.T) {
	t.Parallel()
	text := edited(t, "good.yaml", amiType, amiType+oldNodes+"      Labels: {a: b}\n      ReleaseVersion: 1.34.1-20260101\n", "  Azs: {", "  Open: {Type: String}\n  Azs: {")
	tried := 0
	opened := func(text string, visit func(path, changed string)) {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		resources := child(doc.Content[0], "Resources")
		for i := 0; i < len(resources.Content); i += 2 {
			id := resources.Content[i].Value
			if !decides.MatchString(child(resources.Content[i+1], "Type").Value) {
				continue
			}
			each(child(resources.Content[i+1], "Properties"), id, func(path string, n *yaml.Node) {
				saved := *n
				*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!Ref", Value: "Open", Style: yaml.TaggedStyle}
				defer func() { *n = saved }()
				var out bytes.Buffer
				if err := yaml.NewEncoder(&out).Encode(&doc); err != nil {
					t.Fatal(err)
				}
				visit(path, out.String())
			})
		}
	}
	before := func(text string) *updates.Templates {
		out, err := updates.Read(map[string][]byte{"good": []byte(text)})
		if err != nil {
			return nil // a place that takes no function
		}
		return out
	}
	known := before(text)
	opened(text, func(path, changed string) {
		open := before(changed)
		if open == nil {
			return
		}
		tried++
		for way, pair := range map[string][2]*updates.Templates{"as deployed": {open, known}, "as it will be": {known, open}} {
			u, err := updates.Compare(pair[0], pair[1])
			if err != nil {
				t.Fatal(err)
			}
			findings, err := rules.Check(behind.Flow(&network.Network{}).(*flow.Network), rules.Options{Today: today, Update: u})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range findings {
				if f.Severity == rules.Error {
					t.Errorf("with %s unknown %s: %s", path, way, f)
				}
			}
		}
	})
	if tried < 50 {
		t.Errorf("only %d places were tried", tried)
	}
}
