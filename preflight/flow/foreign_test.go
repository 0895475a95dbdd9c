package flow_test

import (
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// frontYAML is a VPC with a public subnet and an instance in it, as others write them.
const frontYAML = `
Parameters: {Office: {Type: String}, Kind: {Type: String}}
Conditions: {Gw: !Equals [!Ref Kind, gateway], Box: !Not [!Condition Gw]}
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.9.0.0/16}}
  Gate: {Type: AWS::EC2::InternetGateway}
  GateOn: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Net, InternetGatewayId: !Ref Gate}}
  Front: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.9.1.0/24, MapPublicIpOnLaunch: true}}
  FrontRoutes: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  FrontOut: {Type: AWS::EC2::Route, DependsOn: GateOn, Properties: {RouteTableId: !Ref FrontRoutes, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gate}}
  FrontJoin: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Front, RouteTableId: !Ref FrontRoutes}}
  Back: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.9.2.0/24}}
  BackRoutes: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  BackJoin: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Back, RouteTableId: !Ref BackRoutes}}
  Door: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: web, VpcId: !Ref Net, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]}}
  Web: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, SubnetId: !Ref Front, SecurityGroupIds: [!Ref Door]}}
`

// The parts that a case adds to it.
const (
	aclYAML = `
  Acl: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref Net}}
  AclOn: {Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: {SubnetId: !Ref Front, NetworkAclId: !Ref Acl}}
  InAny: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, RuleNumber: 100, Protocol: 6, RuleAction: allow, PortRange: {From: 1024, To: 65535}, CidrBlock: 0.0.0.0/0}}
  OutAny: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, Egress: true, RuleNumber: 100, Protocol: -1, RuleAction: allow, CidrBlock: 0.0.0.0/0}}
`
	natYAML = `
  Ip: {Type: AWS::EC2::EIP, DependsOn: GateOn}
  Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref Front, AllocationId: !GetAtt Ip.AllocationId}}
`
	dbYAML = `
  DbDoor: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: db, VpcId: !Ref Net}}
  Grp: {Type: AWS::RDS::DBSubnetGroup, Properties: {DBSubnetGroupDescription: x, SubnetIds: [!Ref Front, !Ref Back]}}
`
	sixYAML = `
  Six: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Net, AmazonProvidedIpv6CidrBlock: true}}
  Out6: {Type: AWS::EC2::EgressOnlyInternetGateway, Properties: {VpcId: !Ref Net}}
  Only6: {Type: AWS::EC2::Subnet, DependsOn: Six, Properties: {VpcId: !Ref Net, Ipv6Native: true, EnableDns64: true, Ipv6CidrBlock: !Select [1, !Cidr [!Select [0, !GetAtt Net.Ipv6CidrBlocks], 8, 64]]}}
  SixTable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  SixJoin: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Only6, RouteTableId: !Ref SixTable}}
  SixOut: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref SixTable, DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Out6}}
  Six64: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref SixTable, DestinationIpv6CidrBlock: "64:ff9b::/96", NatGatewayId: !Ref Nat}}
`
	nodesYAML = `
  C: {Type: AWS::EKS::Cluster, Properties: {Name: one, RoleArn: arn:aws:iam::111122223333:role/x, Version: "1.35", ResourcesVpcConfig: {SubnetIds: [!Ref Front, !Ref Back]}}}
  Asg: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {MinSize: 1, MaxSize: 2, LaunchConfigurationName: !Ref Lc, VPCZoneIdentifier: [!Ref Front], Tags: [{Key: kubernetes.io/cluster/one, Value: owned, PropagateAtLaunch: true}]}}
`
	profileYAML = `
  C: {Type: AWS::EKS::Cluster, Properties: {RoleArn: arn:aws:iam::111122223333:role/x, Version: "1.35", ResourcesVpcConfig: {SubnetIds: [!Ref Front, !Ref Back]}}}
`
)

func asked(from, to flow.Endpoint) flow.Query { return flow.Query{From: from, To: to} }

// TestForeign asks a question of templates in the shapes that others write.
func TestForeign(t *testing.T) {
	t.Parallel()
	entry := func(props string) string {
		return aclYAML + "  Entry: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, RuleNumber: 90, Protocol: 6, " + props + "}}\n"
	}
	db := func(props, port string) string {
		return dbYAML + "  Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceClass: db.t3.micro, VPCSecurityGroups: [!Ref DbDoor], DBSubnetGroupName: !Ref Grp, " + props + "}}\n" +
			"  Let: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !Ref DbDoor, IpProtocol: tcp, FromPort: " + port + ", ToPort: " + port + ", SourceSecurityGroupId: !Ref Door}}\n"
	}
	either := func(target string) string {
		return natYAML + "  BackOut: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref BackRoutes, DestinationCidrBlock: 0.0.0.0/0, " + target + "}}\n"
	}
	configuration := func(props string) string {
		return nodesYAML + "  Lc: {Type: AWS::AutoScaling::LaunchConfiguration, Properties: {ImageId: ami-1, InstanceType: m6i.large, SecurityGroups: [!Ref Door]" + props + "}}\n"
	}
	profile := func(props string) string {
		return profileYAML + "  F: {Type: AWS::EKS::FargateProfile, Properties: {ClusterName: !Ref C, PodExecutionRoleArn: arn, Selectors: [{Namespace: default}]" + props + "}}\n"
	}
	for _, c := range []struct {
		name    string
		edit    []string // old, new
		add     string
		query   flow.Query
		verdict flow.Verdict
		by      string // part of the hop that decides
	}{
		{"a host of a public subnet reaches the internet", nil, "", asked("subnet:Front", flow.Internet4), flow.ExitsNetwork, ""},
		{"and is reached from there", nil, "", asked(flow.Internet4, "subnet:Front"), flow.Delivered, ""},
		{"a host at an address of it too", nil, "", asked("10.9.1.77", flow.Internet4), flow.ExitsNetwork, ""},
		{"a subnet that gives none", []string{", MapPublicIpOnLaunch: true", ""}, "", asked("subnet:Front", flow.Internet4), flow.NoRoute, "has no public IPv4 address"},
		{"the deployment decides whether it gives one", []string{"MapPublicIpOnLaunch: true", "MapPublicIpOnLaunch: !Ref Kind"}, "", asked("subnet:Front", flow.Internet4), flow.Insufficient, "MapPublicIpOnLaunch is Kind"},
		{"to an instance of it too", []string{"MapPublicIpOnLaunch: true", "MapPublicIpOnLaunch: !Ref Kind"}, "", asked(flow.Internet4, "Web"), flow.Insufficient, "MapPublicIpOnLaunch is Kind"},

		{"an entry for another port does not matter", nil, entry("RuleAction: allow, PortRange: {From: 22, To: 22}, CidrBlock: !Ref Office"), asked("Web", flow.Internet4), flow.ExitsNetwork, ""},
		{"an entry that denies another port neither", nil, entry("RuleAction: deny, PortRange: {From: 22, To: 22}, CidrBlock: !Ref Office"), asked("Web", flow.Internet4), flow.ExitsNetwork, ""},
		{"an entry that allows what is allowed anyway neither", nil, entry("RuleAction: allow, PortRange: {From: 1024, To: 65535}, CidrBlock: !Ref Office"), asked("Web", flow.Internet4), flow.ExitsNetwork, ""},
		{"an entry that may deny the answer decides", nil, entry("RuleAction: deny, PortRange: {From: 1024, To: 65535}, CidrBlock: !Ref Office"), asked("Web", flow.Internet4), flow.Insufficient, "entry 90 of Acl names Office"},
		{"an entry whose action is open decides", nil, entry("RuleAction: !Ref Kind, PortRange: {From: 1024, To: 65535}, CidrBlock: 0.0.0.0/0"), asked("Web", flow.Internet4), flow.Insufficient, "entry 90 of Acl names Kind"},
		{"an entry whose action is open, where nothing else allows", nil, entry("RuleAction: !Ref Kind, PortRange: {From: 443, To: 443}, CidrBlock: 0.0.0.0/0"), asked(flow.Internet4, "Web"), flow.Insufficient, "entry 90 of Acl names Kind"},
		{"an entry for the other family does not matter", nil, entry("RuleAction: deny, PortRange: {From: 0, To: 65535}, Ipv6CidrBlock: !Ref Office"), asked("Web", flow.Internet4), flow.ExitsNetwork, ""},
		{"what only an open entry may allow is open", nil, entry("RuleAction: allow, PortRange: {From: 443, To: 443}, CidrBlock: !Ref Office"), asked(flow.Internet4, "Web"), flow.Insufficient, "entry 90 of Acl names Office"},

		{"a database's port by its engine, in any case", nil, db("Engine: MySQL", "3306"), asked("Web", "Db"), flow.Delivered, ""},
		{"a rule with the database's port", nil, db("Engine: mysql", "!GetAtt Db.Endpoint.Port"), asked("Web", "Db"), flow.Delivered, ""},
		{"a rule with the port that is given", nil, db("Engine: mysql, Port: 3333", "!GetAtt Db.Endpoint.Port"), asked("Web", "Db"), flow.Delivered, ""},
		{"a rule with another port", nil, db("Engine: custom-oracle-ee", "1522"), asked("Web", "Db"), flow.Denied, "no rule allows tcp/1521"},
		{"a port that is a parameter", nil, db("Engine: mysql, Port: !Ref Kind", "!GetAtt Db.Endpoint.Port"), asked("Web", "Db"), flow.Insufficient, "Let names Db.Endpoint.Port"},

		{"a host without IPv4 reaches a name by DNS64", nil, natYAML + sixYAML, asked("Only6", flow.Internet4), flow.ExitsNetwork, ""},
		{"an instance too", nil, natYAML + sixYAML + "  Box: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref Only6, Ipv6AddressCount: 1}}\n", asked("Box", flow.Internet4), flow.ExitsNetwork, ""},
		{"an address is no name", nil, natYAML + sixYAML, asked("Only6", "8.8.8.8"), flow.NoRoute, "has no IPv4 address"},
		{"without DNS64", nil, strings.Replace(natYAML+sixYAML, "EnableDns64: true", "EnableDns64: false", 1), asked("Only6", flow.Internet4), flow.NoRoute, "has no IPv4 address"},
		{"the deployment decides on DNS64", nil, strings.Replace(natYAML+sixYAML, "EnableDns64: true", "EnableDns64: !Ref Kind", 1), asked("Only6", flow.Internet4), flow.Insufficient, "Only6.EnableDns64 (Kind) is decided at deployment"},
		{"without the route to the NAT gateway", nil, strings.Replace(natYAML+sixYAML, "64:ff9b::/96", "2001:db8:77::/48", 1), asked("Only6", flow.Internet4), flow.NoRoute, "64:ff9b::/96"},

		{"either of two targets that both lead on", nil, either("NatGatewayId: !If [Gw, !Ref Nat, !Ref Nat]"), asked("Back", flow.Internet4), flow.ExitsNetwork, ""},
		{"either of two targets, one not modelled", nil, either("NatGatewayId: !If [Gw, !Ref Nat, !Ref AWS::NoValue], InstanceId: !If [Box, !Ref Web, !Ref AWS::NoValue]"), asked("Back", flow.Internet4), flow.Insufficient, "Web"},
		{"either of two targets, one of which leads nowhere", nil, either("GatewayId: !If [Gw, !Ref Gate, !Ref AWS::NoValue], NatGatewayId: !If [Box, !Ref Nat, !Ref AWS::NoValue]"), asked("Back", flow.Internet4), flow.Insufficient, "is decided at deployment"},
		{"a target that may be left out", nil, either("NatGatewayId: !If [Gw, !Ref Nat, !Ref AWS::NoValue]"), asked("Back", flow.Internet4), flow.ExitsNetwork, ""},

		{"nodes by a launch configuration", nil, configuration(""), asked(flow.AnyPod, flow.Internet4), flow.ExitsNetwork, ""},
		{"which gives no public address", nil, configuration(", AssociatePublicIpAddress: false"), asked(flow.AnyPod, flow.Internet4), flow.NoRoute, "has no public IPv4 address"},
		{"which gives one where the subnet does not", []string{", MapPublicIpOnLaunch: true", ""}, configuration(", AssociatePublicIpAddress: true"), asked(flow.AnyPod, flow.Internet4), flow.ExitsNetwork, ""},
		{"which is named", []string{"LaunchConfigurationName: !Ref Lc", "LaunchConfigurationName: nodes"}, configuration(", LaunchConfigurationName: nodes"), asked(flow.AnyPod, flow.Internet4), flow.ExitsNetwork, ""},
		{"which is a parameter", nil, strings.Replace(nodesYAML, "!Ref Lc", "!Ref Kind", 1), asked(flow.AnyPod, flow.Internet4), flow.Insufficient, "launch configuration Kind of Asg is decided at deployment"},

		{"a Fargate profile without subnets takes the private ones", nil, natYAML + profile("") + "  BackOut: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref BackRoutes, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat}}\n", asked(flow.AnyPod, flow.Internet4), flow.ExitsNetwork, ""},
		{"a Fargate profile whose subnets are a parameter", nil, profile(", Subnets: !Ref Kind"), asked(flow.AnyPod, flow.Internet4), flow.Insufficient, "Kind"},

		{"a function of SAM", nil, "  Job: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, InlineCode: x, VpcConfig: {SubnetIds: [!Ref Back], SecurityGroupIds: [!Ref Door]}}}\n", asked("Job", flow.Internet4), flow.NoRoute, "no route to"},
		{"a nested stack that is not seen may hold the route", nil, "  More: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://s3/b/more.yaml}}\n", asked("subnet:Back", flow.Internet4), flow.Insufficient, "More: the template of this nested stack is not at hand"},
		{"a macro may make it", nil, "  Fn::Transform: {Name: Own}\n", asked("subnet:Back", flow.Internet4), flow.Insufficient, "Resources.Fn::Transform: what this macro adds is not read"},
		{"CDK's own kubectl stack does not", nil, "  K: {Type: AWS::CloudFormation::Stack, Metadata: {'aws:cdk:path': 'S/@aws-cdk--aws-eks.KubectlProvider.NestedStack/K'}, Properties: {TemplateURL: https://s3/b/k.json}}\n", asked("subnet:Back", flow.Internet4), flow.NoRoute, "no route to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := frontYAML + c.add
			for i := 0; i < len(c.edit); i += 2 {
				if !strings.Contains(text, c.edit[i]) {
					t.Fatalf("no %q in the template", c.edit[i])
				}
				text = strings.Replace(text, c.edit[i], c.edit[i+1], 1)
			}
			golden.Keep(t, golden.Kept{Text: text})
			n, err := flow.Read("foreign.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			all, err := n.TraceAll(c.query)
			if err != nil {
				t.Fatal(err)
			}
			for _, tr := range all {
				if tr.Verdict != c.verdict || !strings.Contains(tr.Last().By, c.by) {
					t.Errorf("%s → %s is %s: %s; want %s: %s", tr.From, tr.To, tr.Verdict, tr.Last().By, c.verdict, c.by)
				}
			}
		})
	}
}

// TestFargateDefault: which subnets a Fargate profile without any takes.
func TestFargateDefault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ routes, pods, problem string }{
		"one is private":  {"", "F@Back", ""},
		"none is private": {"  BackOut: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref BackRoutes, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gate}}\n", "", "none of cluster C is private"},
		"a route to the gateway for one range": {"  BackOut: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref BackRoutes, DestinationCidrBlock: 203.0.113.0/24, GatewayId: !Ref Gate}}\n", "",
			"none of cluster C is private"},
	} {
		n, err := flow.Read("f.yaml", []byte(frontYAML+profileYAML+c.routes+"  F: {Type: AWS::EKS::FargateProfile, Properties: {ClusterName: !Ref C, PodExecutionRoleArn: arn, Selectors: [{Namespace: default}]}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		var pods []string
		if all, err := n.TraceAll(asked(flow.AnyPod, flow.Internet4)); err == nil {
			for _, tr := range all {
				pods = append(pods, strings.TrimPrefix(tr.From, "pod:any@"))
			}
		}
		if got := strings.Join(pods, " "); got != c.pods {
			t.Errorf("%s: Pods at %q, want %q", name, got, c.pods)
		}
		if got := strings.Join(n.Check().Problems, "; "); !strings.Contains(got, c.problem) || (got == "") != (c.problem == "") {
			t.Errorf("%s: problems %q, want %q", name, got, c.problem)
		}
	}
}

// TestIsolatedTier: no way out is asked of a subnet whose tag says that it has none.
func TestIsolatedTier(t *testing.T) {
	t.Parallel()
	const text = `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.9.0.0/16}}
  Six: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Net, AmazonProvidedIpv6CidrBlock: true}}
  Out6: {Type: AWS::EC2::EgressOnlyInternetGateway, Properties: {VpcId: !Ref Net}}
  App: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.9.1.0/24, Ipv6CidrBlock: !Select [0, !Cidr [!Select [0, !GetAtt Net.Ipv6CidrBlocks], 8, 64]], AssignIpv6AddressOnCreation: true}}
  AppTable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  AppJoin: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref App, RouteTableId: !Ref AppTable}}
  AppSix: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref AppTable, DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Out6}}
  Data: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.9.2.0/24, Ipv6CidrBlock: !Select [1, !Cidr [!Select [0, !GetAtt Net.Ipv6CidrBlocks], 8, 64]], AssignIpv6AddressOnCreation: true, Tags: [TAG]}}
  DataTable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  DataJoin: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Data, RouteTableId: !Ref DataTable}}
`
	const nodes = `
  C: {Type: AWS::EKS::Cluster, Properties: {RoleArn: r, KubernetesNetworkConfig: {IpFamily: ipv6}, ResourcesVpcConfig: {SubnetIds: [!Ref App, !Ref Data]}}}
  N: {Type: AWS::EKS::Nodegroup, Properties: {ClusterName: !Ref C, NodeRole: r, Subnets: [!Ref App, !Ref Data]}}
`
	const isolated = `{Key: "aws-cdk:subnet-type", Value: Isolated}`
	for name, c := range map[string]struct {
		text string
		from string // the sources of F3
		ok   bool
	}{
		"tagged isolated":          {strings.Replace(text, "TAG", isolated, 1), "subnet:App", true},
		"without a tag":            {strings.Replace(text, "TAG", "", 1), "subnet:App subnet:Data", false},
		"tagged private":           {strings.Replace(text, "TAG", `{Key: "aws-cdk:subnet-type", Value: Private}`, 1), "subnet:App subnet:Data", false},
		"isolated with a way out":  {strings.Replace(text, "TAG", isolated, 1) + "  Odd: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref DataTable, DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId: !Ref Out6}}\n", "subnet:App subnet:Data", true},
		"nodes in an isolated one": {strings.Replace(text, "TAG", isolated, 1) + nodes, "pod:any@N@App", true},
		"nodes in an untagged one": {strings.Replace(text, "TAG", "", 1) + nodes, "pod:any@N@App pod:any@N@Data", false},
	} {
		n, err := flow.Read("f.yaml", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		var from []string
		ok := true
		for _, r := range n.Check().Results {
			if r.ID == "F3" {
				from = append(from, r.From)
				ok = ok && r.OK
			}
		}
		if got := strings.Join(from, " "); got != c.from || ok != c.ok {
			t.Errorf("%s: F3 from %q, passed %v; want %q, %v", name, got, ok, c.from, c.ok)
		}
	}
}

// TestForeignTexts: what is said of templates in the shapes that others write, and what is not.
func TestForeignTexts(t *testing.T) {
	t.Parallel()
	const dual = `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.9.0.0/16}}
  Six: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Net, AmazonProvidedIpv6CidrBlock: true}}
  Out6: {Type: AWS::EC2::EgressOnlyInternetGateway, Properties: {VpcId: !Ref Net}}
  Gate: {Type: AWS::EC2::InternetGateway}
  GateOn: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Net, InternetGatewayId: !Ref Gate}}
  Inner: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.9.2.0/24, Ipv6CidrBlock: !Select [1, !Cidr [!Select [0, !GetAtt Net.Ipv6CidrBlocks], 8, 64]]}}
  InnerTable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  InnerJoin: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Inner, RouteTableId: !Ref InnerTable}}
  InnerSix: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref InnerTable, DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Out6}}
  Edge: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.9.1.0/24, Ipv6CidrBlock: !Select [0, !Cidr [!Select [0, !GetAtt Net.Ipv6CidrBlocks], 8, 64]]}}
  EdgeTable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  EdgeJoin: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Edge, RouteTableId: !Ref EdgeTable}}
  EdgeSix: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref EdgeTable, DestinationIpv6CidrBlock: "::/0", GatewayId: !Ref Gate}}
`
	const outside = `
Parameters: {Table: {Type: String}, Hub: {Type: String}, Groups: {Type: CommaDelimitedList}}
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.9.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.9.1.0/24}}
  AJoin: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref A, RouteTableId: !Ref Table}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.9.2.0/24}}
  BTable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  BJoin: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref B, RouteTableId: !Ref BTable}}
  BOut: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref BTable, DestinationCidrBlock: 0.0.0.0/0, TransitGatewayId: !Ref Hub}}
`
	for _, c := range []struct {
		name, text string
		query      *flow.Query
		want, not  []string
	}{
		{"no way out of IPv4 by choice", dual, nil,
			[]string{"Inner: no default route of the private subnets with an IPv6 range", "leads to the IPv4 internet", "F1, F2, F5, F6, F7, F8, F9, F10, F11, F12, F13, F14: no EKS cluster in the templates"}, []string{"count as public", "IPv6-cluster Pod to"}},
		{"a table from outside", outside, &flow.Query{From: "A", To: flow.Internet4}, []string{"unknown at route table: route table parameter Table of subnet A"}, []string{"route table route table", "synth"}},
		{"a transit gateway from outside", outside, &flow.Query{From: "B", To: flow.Internet4}, []string{"unknown at transit gateway: the attachments of parameter Hub"}, []string{"transit gateway transit gateway", "synth"}},
		{"a launch template from outside", frontYAML + strings.Replace(nodesYAML, "LaunchConfigurationName: !Ref Lc", "LaunchTemplate: {LaunchTemplateId: !Ref Kind}", 1), &flow.Query{From: flow.AnyPod, To: flow.Internet4},
			[]string{"the launch template of Asg is decided at deployment"}, []string{"of Asg of Asg", "synth"}},
	} {
		n, err := flow.Read("f.yaml", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		report := n.Check()
		if c.query != nil {
			if report, err = n.Answer(*c.query); err != nil {
				t.Fatal(err)
			}
		}
		text := render.Text(report, render.TextOptions{Verbose: true})
		for _, w := range c.want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %q in:\n%s", c.name, w, text)
			}
		}
		for _, w := range c.not {
			if strings.Contains(text, w) {
				t.Errorf("%s: %q in:\n%s", c.name, w, text)
			}
		}
	}
}
