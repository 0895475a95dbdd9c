package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/preflight/rules"
)

// mutation breaks one thing of a good template.
type mutation struct {
	name   string
	base   string   // template under testdata; good.yaml when empty
	edits  []string // old, new, old, new, …; each old text stands once in the template
	add    string   // appended to the resources
	region string   // where the stack is deployed, if that is known
	want   string   // rule and logical ids it names, as "V03 PrivateA PrivateB"; "" for no finding
	also   string   // further findings that are true as well, in the same form, separated by "; "
}

const auto = "auto.yaml"

// unseen adds a cluster in some subnets.
func unseen(subnets string) string {
	return `  Far: {Type: AWS::EKS::Cluster, Properties: {RoleArn: x, Version: "1.35", KubernetesNetworkConfig: {IpFamily: ipv6}, ResourcesVpcConfig: {EndpointPublicAccess: false, EndpointPrivateAccess: true, SubnetIds: ` + subnets + "}}}\n"
}

// subnet adds a subnet to good.yaml that nodes, and so most rules, do not look at unless something names it.
func subnet(id, more string) string {
	return fmt.Sprintf("  %s: {Type: AWS::EC2::Subnet, DependsOn: Ipv6Block, Properties: {VpcId: !Ref Vpc, %s}}\n", id, more)
}

// What the mutations below add to good.yaml, or take away.
const (
	interfaceIn = "VpcEndpointType: Interface, SubnetIds: [!Ref PrivateA, !Ref PrivateB], SecurityGroupIds: [!Ref EndpointGroup]"

	// kubectlFunctions are CDK's: the provider framework's and the handler that it calls.
	kubectlFunctions = `  Handler: {Type: AWS::Lambda::Function, Properties: {Role: x, Code: {ZipFile: x}, Timeout: 900, VpcConfig: {Ipv6AllowedForDualStack: true, SubnetIds: [!Ref PrivateB], SecurityGroupIds: [!GetAtt Cluster.ClusterSecurityGroupId]}}}
  OnEvent: {Type: AWS::Lambda::Function, Properties: {Role: x, Code: {ZipFile: x}, Timeout: 900, Environment: {Variables: {USER_ON_EVENT_FUNCTION_ARN: !GetAtt Handler.Arn}}, VpcConfig: {SubnetIds: [!Ref PrivateB], SecurityGroupIds: [!GetAtt Cluster.ClusterSecurityGroupId]}}}
`
	otherVPC = `  OtherVpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.50.0.0/16}}
  OtherGroup: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: x, VpcId: !Ref OtherVpc}}
`
	kubectlUse = `  Apply: {Type: Custom::AWSCDK-EKS-KubernetesResource, Properties: {ServiceToken: !GetAtt OnEvent.Arn, ServiceTimeout: 1000, ClusterName: !Ref Cluster, Manifest: "[]"}}
`
)

var (
	// noNAT takes IPv4 to the internet from PrivateB.
	noNAT = []string{"  PrivateRouteB4: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 0.0.0.0/0, ", "  PrivateRouteB4: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 10.200.0.0/16, "}
	// bootstrap are the endpoints that nodes start with; S3's is there.
	bootstrap = strings.ReplaceAll(endpoint("ec2", "ipv4", interfaceIn), "Extra", "Ec2Endpoint") + strings.ReplaceAll(endpoint("ecr.api", "ipv4", interfaceIn), "Extra", "EcrApiEndpoint") +
		strings.ReplaceAll(endpoint("ecr.dkr", "ipv4", interfaceIn), "Extra", "EcrDkrEndpoint")
	// tainted taints both node groups.
	tainted = []string{"      AmiType: AL2023_x86_64_STANDARD\n", "      AmiType: AL2023_x86_64_STANDARD\n      Taints: [{Key: gpu, Value: x, Effect: NO_SCHEDULE}]\n",
		"      LaunchTemplate: {Id: !Ref OwnTemplate,", "      Taints: [{Key: mine, Value: x, Effect: NO_EXECUTE}]\n      LaunchTemplate: {Id: !Ref OwnTemplate,"}
)

func with(edits []string, more ...string) []string { return slices.Concat(edits, more) }

func endpoint(service, addressType, more string) string {
	return fmt.Sprintf("  Extra: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Vpc, ServiceName: !Sub \"com.amazonaws.${AWS::Region}.%s\", IpAddressType: %s, %s}}\n", service, addressType, more)
}

// app is a manifest with one workload of a kind, in the namespace logs.
func app(kind, spec string) string {
	spec = "{" + spec + "}"
	switch kind {
	case "CronJob":
		spec = `{"jobTemplate": {"spec": {"template": {"spec": ` + spec + `}}}}`
	case "Pod":
	default:
		spec = `{"template": {"spec": ` + spec + `}}`
	}
	return "  App: {Type: Custom::AWSCDK-EKS-KubernetesResource, Properties: {ClusterName: !Ref Cluster, Manifest: '[{\"apiVersion\": \"v1\", \"kind\": \"" + kind + "\", \"metadata\": {\"name\": \"app\", \"namespace\": \"logs\"}, \"spec\": " + spec + "}]'}}\n"
}

func fargate(id, more, namespace string) string {
	return fmt.Sprintf("  %s: {Type: AWS::EKS::FargateProfile, %sProperties: {ClusterName: !Ref Cluster, PodExecutionRoleArn: !GetAtt NodeRole.Arn, Subnets: [!Ref PrivateA], Selectors: [{Namespace: %s}]}}\n", id, more, namespace)
}

// ordered are n Fargate profiles, each after the one before; the first is good.yaml's.
func ordered(n int) string {
	out, last := "", "Fargate"
	for i := range n {
		id := fmt.Sprintf("P%d", i)
		out += fargate(id, "DependsOn: "+last+", ", id)
		last = id
	}
	return out
}

func coredns(more string) string {
	return "  Dns: {Type: AWS::EKS::Addon, DependsOn: Nodes, Properties: {ClusterName: !Ref Cluster, AddonName: coredns" + more + "}}\n"
}

func many(n int, format string) string {
	out := ""
	for i := range n {
		out += fmt.Sprintf(format, i+1)
	}
	return out
}

// zones adds a subnet in each of n zones of a Region to auto.yaml.
func zones(region string, n int) string {
	out := ""
	for i := range n {
		out += subnet(fmt.Sprintf("Z%d", i+1), fmt.Sprintf("AvailabilityZone: %s%c, CidrBlock: 10.0.%d.0/20, AssignIpv6AddressOnCreation: true, Ipv6CidrBlock: !Select [%d, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 16, 64]]", region, 'a'+i, 64+16*i, 4+i))
		out += fmt.Sprintf("  TableZ%[1]d: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Z%[1]d, RouteTableId: !Ref Table}}\n", i+1)
	}
	return out
}

var mutations = []mutation{
	{name: "V01 no range", edits: []string{"  Ipv6Block:\n    Type: AWS::EC2::VPCCidrBlock\n    Properties: {VpcId: !Ref Vpc, AmazonProvidedIpv6CidrBlock: true}",
		"  Ipv6Block:\n    Type: AWS::EC2::VPCCidrBlock\n    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.5.0.0/16}"}, want: "V01 Vpc"},
	{name: "V02 IPv6 only", base: auto, edits: []string{"      CidrBlock: 10.0.0.0/20\n", "      Ipv6Native: true\n"}, want: "V02 A"},
	{name: "V02 no IPv4", base: auto, edits: []string{"      CidrBlock: 10.0.0.0/20\n", ""}, want: "V02 A"},
	{name: "V02 no IPv6", edits: []string{"      CidrBlock: 10.0.32.0/20\n      Ipv6CidrBlock: !Select [2, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]\n",
		"      CidrBlock: 10.0.32.0/20\n"}, want: "V02 PrivateA", also: "V28 EksEndpoint; V55 PrivateA; V74 Attachment Database Nlb"},
	{name: "V03 not assigned", edits: []string{"      CidrBlock: 10.0.32.0/20\n      Ipv6CidrBlock: !Select [2, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]\n      AssignIpv6AddressOnCreation: true\n",
		"      CidrBlock: 10.0.32.0/20\n      Ipv6CidrBlock: !Select [2, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]\n"}, want: "V03 PrivateA"},
	{name: "V04 public nodes", edits: []string{"Version: !GetAtt Template.LatestVersionNumber}\n      Subnets: [!Ref PrivateA, !Ref PrivateB]",
		"Version: !GetAtt Template.LatestVersionNumber}\n      Subnets: [!Ref PublicA]"}, want: "V04 PublicA", also: "V57 Controller; V58 Nodes"},
	{name: "V05", edits: []string{"KubernetesNetworkConfig: {IpFamily: ipv6}", "KubernetesNetworkConfig: {IpFamily: ipv6, ServiceIpv4Cidr: 172.20.0.0/16}"}, want: "V05 Cluster"},
	{name: "V06", edits: []string{"KubernetesNetworkConfig: {IpFamily: ipv6}", `KubernetesNetworkConfig: {IpFamily: ipv6, ServiceIpv6Cidr: "fd00::/108"}`}, want: "V06 Cluster"},
	{name: "V07 one zone", base: auto, edits: []string{"!Select [1, !GetAZs \"\"]", "!Select [0, !GetAZs \"\"]"}, want: "V07 Cluster"},
	{name: "V07 bad zone", base: auto, edits: []string{"AvailabilityZone: !Select [1, !GetAZs \"\"]", "AvailabilityZoneId: use1-az3"}, want: "V07 B"},
	{name: "V08", edits: []string{"CidrBlock: 10.0.32.0/20", "CidrBlock: 10.0.32.0/29"}, want: "V08 PrivateA", also: "W16 PrivateA"},
	{name: "V09 host names", edits: []string{"EnableDnsSupport: true, EnableDnsHostnames: true", "EnableDnsSupport: true"}, want: "V09 Vpc"},
	{name: "V09 resolution", edits: []string{"EnableDnsSupport: true, EnableDnsHostnames: true", `EnableDnsSupport: "false", EnableDnsHostnames: "true"`}, want: "V09 Vpc"},
	{name: "V11 hybrid", edits: []string{"KubernetesNetworkConfig: {IpFamily: ipv6}", "KubernetesNetworkConfig: {IpFamily: ipv6}\n      RemoteNetworkConfig: {RemoteNodeNetworks: [{Cidrs: [10.200.0.0/16]}]}"}, want: "V11 Cluster"},
	{name: "V11 windows", edits: []string{"AmiType: AL2023_x86_64_STANDARD", "AmiType: WINDOWS_CORE_2022_x86_64"}, want: "V11 Nodes"},
	{name: "V12 node group", edits: []string{"InstanceTypes: [m6i.large, i3.metal]", "InstanceTypes: [m6i.large, t2.medium]"}, want: "V12 Nodes"},
	{name: "V12 launch template", edits: []string{"InstanceType: m7g.large", "InstanceType: m4.large"}, want: "V12 OwnTemplate"},
	{name: "V13 needs burstable nodes", edits: []string{`{"LOG": "info"}}'`, `{"ENABLE_POD_ENI": "true"}}'`}, want: ""},
	{name: "V13 needs the setting", edits: []string{"InstanceTypes: [m6i.large, i3.metal]", "InstanceTypes: [t3.large, t3a.large]"}, want: ""},
	{name: "V14 prefix delegation", edits: []string{`{"LOG": "info"}}'`, `{"ENABLE_PREFIX_DELEGATION": "false"}}'`}, want: "V14 Cni"},
	{name: "V14 IPv4", edits: []string{`{"LOG": "info"}}'`, `{"ENABLE_IPv4": true}}'`}, want: "V14 Cni"},
	{name: "V14 custom networking", edits: []string{`'{"env": {"LOG": "info"}}'`, "|\n        env:\n          AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: \"true\""}, want: "V14 Cni"},
	{name: "V14 ENI configs", edits: []string{`{"LOG": "info"}}'`, `{}, "eniConfig": {"create": true}}'`}, want: "V14 Cni"},
	{name: "V15 too old", edits: []string{"AddonVersion: v1.23.1-eksbuild.1", "AddonVersion: v1.10.0-eksbuild.1"}, want: "V15 Cni"},
	{name: "V15 egress", edits: []string{"AddonVersion: v1.23.1-eksbuild.1\n      ConfigurationValues: '{\"env\": {\"LOG\": \"info\"}}'", "AddonVersion: v1.15.0-eksbuild.1\n      ConfigurationValues: '{\"env\": {\"ENABLE_V4_EGRESS\": \"true\"}}'"}, want: "V15 Cni"},
	{name: "V15 pod groups", edits: []string{"AddonVersion: v1.23.1-eksbuild.1\n      ConfigurationValues: '{\"env\": {\"LOG\": \"info\"}}'", "AddonVersion: v1.15.5-eksbuild.1\n      ConfigurationValues: '{\"env\": {\"ENABLE_POD_ENI\": \"true\"}}'"}, want: "V15 Cni"},
	{name: "V16 five actions", edits: []string{`"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", `, ""}, want: "V16 CniRole"},
	{name: "V16 the IPv4 policy", edits: []string{"Principal: {Service: pods.eks.amazonaws.com}}]}\n      Policies:\n        - PolicyName: ipv6", "Principal: {Service: pods.eks.amazonaws.com}}]}\n      ManagedPolicyArns: [!Sub \"arn:${AWS::Partition}:iam::aws:policy/AmazonEKS_CNI_Policy\"]\n      Description: x\n      Tags:\n        - PolicyName: ipv6"}, want: "V16 CniRole"},
	{name: "V16 nothing at all", edits: []string{"      PodIdentityAssociations: [{ServiceAccount: aws-node, RoleArn: !GetAtt CniRole.Arn}]\n", ""}, want: "V16 NodeRole"},
	{name: "V17", edits: []string{"policy/AmazonEKSWorkerNodePolicy", "policy/AmazonEKS_CNI_IPv6_Policy"}, want: "V17 NodeRole"},
	{name: "V18", edits: []string{"      PodIdentityAssociations: [{ServiceAccount: aws-node", "      ServiceAccountRoleArn: !GetAtt CniRole.Arn\n      PodIdentityAssociations: [{ServiceAccount: aws-node"}, want: "V18 Cni"},
	{name: "V20", base: auto, edits: []string{"EndpointPrivateAccess: true, EndpointPublicAccess: false", "EndpointPublicAccess: false"}, want: "V20 Cluster"},
	{name: "V21 no range", edits: []string{"PublicAccessCidrs: [203.0.113.0/24, ", "PublicAccessCidrs: [203.0.113.7, "}, want: "V21 Cluster"},
	{name: "V21 host bits", edits: []string{"\"2001:db8:1::/48\"", "\"2001:db8:1::1/48\""}, want: "V21 Cluster"},
	{name: "V22", edits: []string{`RouteTableId: !Ref PrivateTableB, DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Eigw`, `RouteTableId: !Ref PrivateTableB, DestinationIpv6CidrBlock: "::/0", GatewayId: !Ref Igw`}, want: "V22 PrivateRouteB6", also: "V83 PrivateRouteB6"},
	{name: "V23 IPv6 to NAT", edits: []string{`RouteTableId: !Ref PrivateTableB, DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Eigw`, `RouteTableId: !Ref PrivateTableB, DestinationIpv6CidrBlock: "::/0", NatGatewayId: !Ref NatB`}, want: "V23 PrivateRouteB6"},
	{name: "V23 IPv4 to EIGW", edits: []string{"RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref NatB", "RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 0.0.0.0/0, EgressOnlyInternetGatewayId: !Ref Eigw"}, want: "V23 PrivateRouteB4", also: "V57 Controller; V58 Nodes"},
	{name: "V24 no route", edits: []string{"CidrBlock: 10.0.0.0/20\n", "CidrBlock: 10.0.0.0/20\n      EnableDns64: true\n"}, want: "V24 PublicA"},
	{name: "V24 wrong target", add: `  Nat64: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref PrivateTableA, DestinationIpv6CidrBlock: "64:ff9b::/96", EgressOnlyInternetGatewayId: !Ref Eigw}}` + "\n", want: "V24 Nat64"},
	{name: "V25 zonal", edits: []string{"NatA: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref PublicA, ", "NatA: {Type: AWS::EC2::NatGateway, Properties: {"}, want: "V25 NatA", also: "V57 Controller; V58 Nodes"},
	{name: "V25 regional", base: auto, edits: []string{"AvailabilityMode: regional, VpcId: !Ref Vpc", "AvailabilityMode: regional, VpcId: !Ref Vpc, SubnetId: !Ref A"}, want: "V25 Nat", also: "V83 Nat"},
	{name: "V25 no VPC", base: auto, edits: []string{"AvailabilityMode: regional, VpcId: !Ref Vpc", "AvailabilityMode: regional"}, want: "V25 Nat", also: "W19 A B"},
	{name: "V25 zone twice", base: auto, edits: []string{"AvailabilityMode: regional, VpcId: !Ref Vpc", "AvailabilityMode: regional, VpcId: !Ref Vpc, AvailabilityZoneAddresses: [{AvailabilityZone: a, AllocationIds: [x]}, {AvailabilityZone: a, AllocationIds: [y]}]"}, want: "V25 Nat"},
	{name: "V26 subnet", edits: []string{"!Select [2, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]", "!Select [1, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 65]]"}, want: "V26 PrivateA", also: "V51 PrivateB"},
	{name: "V26 Amazon's", edits: []string{"AmazonProvidedIpv6CidrBlock: true}", "AmazonProvidedIpv6CidrBlock: true, Ipv6NetmaskLength: 52}"}, want: "V26 Ipv6Block"},
	{name: "V26 pool", edits: []string{"AmazonProvidedIpv6CidrBlock: true}", "Ipv6IpamPoolId: ipam-pool-1, Ipv6NetmaskLength: 58}"}, want: "V26 Ipv6Block"},
	{name: "V26 outside", base: auto, edits: []string{"AmazonProvidedIpv6CidrBlock: true}}", "Ipv6Pool: p, Ipv6CidrBlock: \"2001:db8:1::/56\"}}"},
		add: subnet("C", `CidrBlock: 10.0.32.0/20, Ipv6CidrBlock: "2001:db8:2::/64"`), want: "V26 C"},
	{name: "V27 no range", base: auto, edits: []string{"AmazonProvidedIpv6CidrBlock: true}}", "Ipv6Pool: ipv6pool-1}}"}, want: "V27 Ipv6Block"},
	{name: "V27 no pool", base: auto, edits: []string{"AmazonProvidedIpv6CidrBlock: true}}", "Ipv6CidrBlock: \"2001:db8:1::/56\"}}"}, want: "V27 Ipv6Block"},
	{name: "V28 type", edits: []string{"      IpAddressType: dualstack\n      SubnetIds", "      IpAddressType: ipv6\n      SubnetIds"}, want: "V28 EksEndpoint"},
	{name: "V28 record", edits: []string{"      IpAddressType: dualstack\n      SubnetIds", "      IpAddressType: ipv4\n      SubnetIds"}, want: "V28 EksEndpoint"},
	{name: "V29", edits: []string{"      IpAddressType: dualstack\n      EnablePrefixForIpv6SourceNat: \"on\"\n", ""}, want: "V29 Service", also: "V46 Listener"},
	{name: "V30", edits: []string{"      EnablePrefixForIpv6SourceNat: \"on\"\n", ""}, want: "V30 Nlb"},
	{name: "V30 Service", edits: []string{`, "service.beta.kubernetes.io/aws-load-balancer-enable-prefix-for-ipv6-source-nat": "on"`, ""}, want: "V30 Web"},
	{name: "V31", edits: []string{"Port: 53, Protocol: TCP_UDP, TargetType: ip, ", "Port: 53, Protocol: TCP_UDP, "}, want: "V31 Targets"},
	{name: "V32", edits: []string{", Options: {Ipv6Support: enable}", ""}, want: "V32 Attachment"},
	{name: "V32 Cloud WAN", add: `  Wan: {Type: AWS::NetworkManager::VpcAttachment, Properties: {CoreNetworkId: core-1, VpcArn: !Sub "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:vpc/${Vpc}", SubnetArns: [x]}}
  WanRoute: {Type: AWS::EC2::Route, DependsOn: Wan, Properties: {RouteTableId: !Ref PrivateTableA, DestinationIpv6CidrBlock: "2001:db8:fff0::/48", CoreNetworkArn: arn}}
`, want: "V32 Wan"},
	{name: "V33", edits: []string{"CidrBlock: 10.1.0.0/16", "CidrBlock: 10.0.128.0/17"}, want: "V33 Peering"},
	{name: "V33 IPv6", add: `  VpcOwn: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, Ipv6CidrBlock: "2001:db8:42::/48", Ipv6Pool: p}}
  OtherOwn: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Other, Ipv6CidrBlock: "2001:db8:42:100::/56", Ipv6Pool: p}}
`, want: "V33 Peering", also: "W32 PrivateA PrivateB PublicA PublicB"},
	{name: "V33 stand-ins", add: `  Fifth: {Type: AWS::EC2::VPC, Properties: {Ipv4IpamPoolId: ipam-pool-1, Ipv4NetmaskLength: 20}}
  Late: {Type: AWS::EC2::VPCPeeringConnection, Properties: {VpcId: !Ref Fifth, PeerVpcId: !Ref Other}}
  More: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Other, CidrBlock: 240.0.0.0/16}}
`, want: ""},
	{name: "V34 has its routes", base: auto, edits: []string{"EndpointPublicAccess: false}", "EndpointPublicAccess: false, ControlPlaneEgressMode: CUSTOMER_ROUTED}"}, want: ""},
	{name: "V35 IPv4 range", edits: []string{"cidr: ${Cluster.KubernetesNetworkConfig.ServiceIpv6Cidr}", "cidr: 10.100.0.0/16"}, want: "V35 OwnTemplate"},
	{name: "V36", add: "  Lbc: {Type: AWS::EKS::Addon, Properties: {ClusterName: !Ref Cluster, AddonName: aws-load-balancer-controller}}\n", want: "V36 Lbc"},
	{name: "V37", base: auto, add: "  Dns: {Type: AWS::EKS::Addon, Properties: {ClusterName: !Ref Cluster, AddonName: coredns}}\n", want: "V37 Dns"},
	{name: "V39 subnet", edits: []string{"  PrivateA:\n    Type: AWS::EC2::Subnet\n    DependsOn: Ipv6Block\n", "  PrivateA:\n    Type: AWS::EC2::Subnet\n"}, want: "V39 PrivateA"},
	{name: "V39 group", edits: []string{"  EndpointGroup:\n    Type: AWS::EC2::SecurityGroup\n    DependsOn: Ipv6Block\n", "  EndpointGroup:\n    Type: AWS::EC2::SecurityGroup\n"}, want: "V39 EndpointGroup"},
	{name: "V40", edits: []string{"  PrivateRouteB6: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref PrivateTableB, ", "  PrivateRouteB6: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref PublicTable, "}, want: "V40 PrivateB", also: "V82 PublicRoute6"},
	{name: "V41", edits: []string{`Version: "1.35"`, `Version: "1.20"`}, want: "V41 Cluster", also: "W13 Cluster"},
	{name: "V42", edits: []string{"        EndpointPrivateAccess: true\n        EndpointPublicAccess: true\n        PublicAccessCidrs: [203.0.113.0/24, \"2001:db8:1::/48\"]", "        PublicAccessCidrs: [203.0.113.0/24]"}, want: "V42 Cluster"},
	{name: "V43", edits: []string{"DeviceIndex: 0, Ipv6AddressCount: 1, ", "DeviceIndex: 0, Ipv6AddressCount: 0, "}, want: "V43 OwnTemplate"},
	{name: "V44", edits: []string{"AddonName: eks-pod-identity-agent", "AddonName: metrics-server"}, want: "V44 Cni"},
	{name: "V45", edits: []string{"  CniRole:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: [\"sts:AssumeRole\", \"sts:TagSession\"]", "  CniRole:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: [\"sts:AssumeRole\"]"}, want: "V45 CniRole"},
	{name: "V46", edits: []string{"Scheme: internet-facing, IpAddressType: dualstack", "Scheme: internet-facing"}, want: "V46 AlbListener"},
	{name: "V46 mixed", edits: []string{"DefaultActions: [{Type: forward, TargetGroupArn: !Ref Targets}]", "DefaultActions: [{Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Targets}, {TargetGroupArn: !Ref Four}]}}]"},
		add: "  Four: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref Vpc, Port: 53, Protocol: TCP_UDP, TargetType: ip}}\n", want: "V46 Listener"},
	{name: "V47", edits: []string{`"spec":{"ipAddressType":"dualstack","targetType":"ip"}`, `"spec":{"targetType":"ip"}`}, want: "V47 Web", also: "W11 Controller"},
	{name: "V48 kubelet", edits: []string{"        - {IpProtocol: tcp, FromPort: 10250, ToPort: 10250, SourceSecurityGroupId: !GetAtt Cluster.ClusterSecurityGroupId}\n", ""}, want: "V48 OwnGroup"},
	{name: "V48 webhook", edits: []string{"FromPort: 9443, ToPort: 9443", "FromPort: 9444, ToPort: 9444"}, want: "V48 OwnGroup"},
	{name: "V50 route", edits: []string{`RouteTableId: !Ref PublicTable, DestinationIpv6CidrBlock: "::/0"`, `RouteTableId: !Ref PublicTable, DestinationCidrBlock: "::/0"`}, want: "V50 PublicRoute6"},
	{name: "V50 group", edits: []string{"CidrIp: 0.0.0.0/0}, {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIpv6: \"::/0\"}", "CidrIp: 0.0.0.0/0}, {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: \"::/0\"}"}, want: "V50 NlbGroup"},
	{name: "V50 two targets", edits: []string{"DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref NatA", "DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref NatA, GatewayId: !Ref Igw"}, want: "V50 PrivateRouteA4", also: "V57 Controller; V58 Nodes; V04 PrivateA; V76 Fargate; W22 PrivateA"},
	{name: "V51 IPv6", edits: []string{"!Select [3, !Cidr", "!Select [2, !Cidr"}, want: "V51 PrivateB"},
	{name: "V51 IPv4", edits: []string{"CidrBlock: 10.0.48.0/20", "CidrBlock: 10.0.32.0/21"}, want: "V51 PrivateB"},
	{name: "V52", edits: []string{`"region":"${AWS::Region}",`, ""}, want: "V52 Controller"},

	{name: "V53 no AL2", edits: []string{"AmiType: AL2023_x86_64_STANDARD", "AmiType: AL2_x86_64"}, want: "V53 Nodes"},
	{name: "V53 architecture", edits: []string{"InstanceTypes: [m6i.large, i3.metal]", "InstanceTypes: [m6i.large, c7gn.large]"}, want: "V53 Nodes"},
	{name: "V53 other architecture", edits: []string{"AmiType: AL2023_x86_64_STANDARD", "AmiType: BOTTLEROCKET_ARM_64"}, want: "V53 Nodes"},
	{name: "V54 broken", edits: []string{`{"LOG": "info"}}'`, `{"LOG": "info"}'`}, want: "V54 Cni"},
	{name: "V54 a list", edits: []string{`'{"env": {"LOG": "info"}}'`, `'["env"]'`}, want: "V54 Cni"},
	{name: "V55 no range", add: subnet("C", "CidrBlock: 10.0.64.0/20, AssignIpv6AddressOnCreation: true"), want: "V55 C"},
	{name: "V55 IPv6-only", add: subnet("C", `CidrBlock: 10.0.64.0/20, Ipv6Native: true, Ipv6CidrBlock: !Select [9, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 10, 64]]`), want: "V55 C"},
	{name: "W34", edits: []string{"Chart: aws-load-balancer-controller", "Chart: metrics-server"}, want: "W34 Web"},
	{name: "W35", edits: []string{"DependsOn: [Nodes, ControllerIdentity]", "DependsOn: Nodes"}, want: "W35 Controller"},
	{name: "W01", edits: []string{"CidrBlock: 10.0.32.0/20\n", "CidrBlock: 10.0.32.0/20\n      EnableDns64: true\n"},
		add: `  Nat64: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref PrivateTableA, DestinationIpv6CidrBlock: "64:ff9b::/96", NatGatewayId: !Ref NatA}}` + "\n", want: "W01 PrivateA"},
	{name: "W02", edits: []string{`'{"env": {"LOG": "info"}}'`, `'{"enableNetworkPolicy": "true"}'`}, want: "W02 Cni"},
	{name: "W04", edits: []string{"RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref NatB", "RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref NatA"}, want: "W04 NatA"},
	{name: "W05 default", edits: []string{"        PublicAccessCidrs: [203.0.113.0/24, \"2001:db8:1::/48\"]\n", ""}, want: "W05 Cluster"},
	{name: "W05 half", edits: []string{"\"2001:db8:1::/48\"", "\"::/0\""}, want: "W05 Cluster"},
	{name: "W06", edits: []string{".s3\", IpAddressType: dualstack, ", ".s3\", "}, want: "W06 S3"},
	{name: "W07 endpoint", edits: []string{"        - {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIpv6: !Select [0, !GetAtt Vpc.Ipv6CidrBlocks]}\n", ""}, want: "W07 EndpointGroup"},
	{name: "W07 database", edits: []string{"FromPort: 5432, ToPort: 5432, SourceSecurityGroupId: !GetAtt Cluster.ClusterSecurityGroupId", "FromPort: 5432, ToPort: 5432, CidrIp: 10.0.0.0/16"}, want: "W07 DatabaseGroup"},
	{name: "W08", edits: []string{"RuleNumber: 101, RuleAction: allow, Protocol: -1, Ipv6CidrBlock: \"::/0\", Egress: true", "RuleNumber: 102, RuleAction: allow, Protocol: -1, CidrBlock: 0.0.0.0/0, Egress: true"}, want: "W08 Acl"},
	{name: "W09 policy", base: auto, edits: []string{`"spec": {"advancedNetworking": {"enableV4Egress": false}}`, `"spec": {}`}, want: "W09 App"},
	{name: "W09 SNAT", base: auto, edits: []string{`"spec": {"advancedNetworking": {"enableV4Egress": false}}`, `"spec": {"snatPolicy": "Disabled", "advancedNetworking": {"enableV4Egress": false}}`}, want: "W09 App"},
	{name: "W10 block", add: "  Block: {Type: AWS::EC2::VPCBlockPublicAccessOptions, Properties: {InternetGatewayBlockMode: block-bidirectional}}\n", want: "W10 Block", also: "V57 Controller; V58 Nodes Fargate"},
	{name: "W10 encryption", base: auto, add: "  Encrypt: {Type: AWS::EC2::VPCEncryptionControl, Properties: {VpcId: !Ref Vpc, Mode: enforce, NatGatewayExclusionInput: enable}}\n", want: "W10 Encrypt"},
	{name: "W12 hops", edits: []string{"    Properties:\n      LaunchTemplateData:\n        MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 1}", "    Properties:\n      LaunchTemplateData:\n        MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 2}"}, want: "W12 Template"},
	{name: "W12 IPv6", edits: []string{"    Properties:\n      LaunchTemplateData:\n        MetadataOptions: {HttpTokens: required,", "    Properties:\n      LaunchTemplateData:\n        MetadataOptions: {HttpProtocolIpv6: enabled,"}, want: "W12 Template"},
	{name: "W13 soon", edits: []string{`Version: "1.35"`, `Version: "1.34"`}, want: "W13 Cluster"},
	{name: "W13 ended", edits: []string{`Version: "1.35"`, `Version: "1.30"`}, want: "W13 Cluster"},
	{name: "W14", edits: []string{"Scheme: internet-facing, IpAddressType: dualstack", "Scheme: internet-facing, IpAddressType: dualstack-without-public-ipv4"}, want: "W14 AlbListener"},
	{name: "W14 Ingress", edits: []string{`"alb.ingress.kubernetes.io/scheme": "internet-facing"`, `"alb.ingress.kubernetes.io/auth-type": "oidc", "alb.ingress.kubernetes.io/ip-address-type": "dualstack-without-public-ipv4"`}, want: "W14 Web"},
	{name: "W17 control plane", edits: []string{"GroupDescription: control plane\n      VpcId: !Ref Vpc\n      SecurityGroupEgress: [{IpProtocol: \"-1\", CidrIp: 0.0.0.0/0}, {IpProtocol: \"-1\", CidrIpv6: \"::/0\"}]", "GroupDescription: control plane\n      VpcId: !Ref Vpc\n      SecurityGroupEgress: [{IpProtocol: \"-1\", CidrIp: 0.0.0.0/0}]"}, want: "W17 ControlPlaneGroup"},
	{name: "W17 nodes", edits: []string{"        - {IpProtocol: tcp, FromPort: 9443, ToPort: 9443, SourceSecurityGroupId: !GetAtt Cluster.ClusterSecurityGroupId}\n      SecurityGroupEgress: [{IpProtocol: \"-1\", CidrIp: 0.0.0.0/0}, {IpProtocol: \"-1\", CidrIpv6: \"::/0\"}]", "        - {IpProtocol: tcp, FromPort: 9443, ToPort: 9443, SourceSecurityGroupId: !GetAtt Cluster.ClusterSecurityGroupId}\n      SecurityGroupEgress: [{IpProtocol: \"-1\", CidrIp: 0.0.0.0/0}]"}, want: "W17 OwnGroup"},
	{name: "W18", edits: []string{"      SecurityGroups: [!Ref NlbGroup]\n      LoadBalancerAttributes", "      LoadBalancerAttributes"}, want: "W18 Nlb"},
	{name: "W19", base: auto, edits: []string{"DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat", "DestinationCidrBlock: 10.200.0.0/16, NatGatewayId: !Ref Nat"}, want: "W19 A B"},
	{name: "W20", edits: []string{`{"LOG": "info"}}'`, `{"WARM_IP_TARGET": "5"}}'`}, want: "W20 Cni"},
	{name: "W21", edits: []string{"AddonVersion: v1.23.1-eksbuild.1", "AddonVersion: v1.22.1-eksbuild.2"}, want: "W21 Cni"},
	{name: "W22", edits: []string{"      CidrBlock: 10.0.16.0/20\n      Ipv6CidrBlock: !Select [1, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]\n      AssignIpv6AddressOnCreation: true\n      Tags: [{Key: kubernetes.io/role/elb, Value: \"1\"}]\n",
		"      CidrBlock: 10.0.16.0/20\n      Ipv6CidrBlock: !Select [1, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]\n      AssignIpv6AddressOnCreation: true\n"}, want: "W22 PublicB", also: "V47 Web"},
	{name: "W23", edits: []string{`{"LOG": "info"}}'`, `{"ENABLE_V4_EGRESS": "false"}}'`}, want: "W23 Cni"},
	{name: "W24", edits: []string{"      PodIdentityAssociations: [{ServiceAccount: aws-node, RoleArn: !GetAtt CniRole.Arn}]\n", ""},
		add: "  Grant: {Type: AWS::IAM::Policy, Properties: {PolicyName: cni, Roles: [!Ref NodeRole], PolicyDocument: {Statement: {Effect: Allow, Action: [\"ec2:AssignIpv6*\", \"ec2:Describe*\"], Resource: \"*\"}}}}\n", want: "W24 NodeRole"},
	{name: "W25", edits: []string{"  Nodes:\n    Type: AWS::EKS::Nodegroup\n    DependsOn: Cni\n", "  Nodes:\n    Type: AWS::EKS::Nodegroup\n"}, want: "W25 Nodes"},
	{name: "W26", edits: []string{`Resource: !Sub "arn:${AWS::Partition}:ec2:*:*:network-interface/*"`, `Resource: "arn:aws:ec2:*:*:network-interface/*"`}, want: "W26 CniRole"},
	{name: "W27", edits: []string{"  NodeRole:\n    Type: AWS::IAM::Role\n    Properties:\n", "  NodeRole:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: nodes\n"}, want: "W27 NodeRole"},
	{name: "W28", edits: []string{`Action: ["elasticloadbalancing:*", "ec2:Describe*"]`, `Action: ["elasticloadbalancing:Describe*", "elasticloadbalancing:Create*", "ec2:Describe*"]`}, want: "W28 ControllerRole"},
	{name: "W29", edits: []string{`"alb.ingress.kubernetes.io/scheme": "internet-facing"`, `"alb.ingress.kubernetes.io/scheme": "internet-facing", "alb.ingress.kubernetes.io/inbound-cidrs": "0.0.0.0/0"`}, want: "W29 Web"},
	{name: "W30", edits: []string{"{Key: load_balancing.cross_zone.enabled, Value: \"true\"}", "{Key: ipv6.deny_all_igw_traffic, Value: \"false\"}"}, want: "W30 Nlb", also: "W42 Nlb"},
	{name: "W31", edits: []string{"CidrBlock: 10.0.32.0/20", "CidrBlock: 10.0.32.0/26"}, want: "W31 PrivateA"},
	{name: "W32", base: auto, add: "  Second: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, AmazonProvidedIpv6CidrBlock: true}}\n", want: "W32 A B"},

	{name: "V56", add: endpoint("ec2", "dualstack", interfaceIn), want: "V56 Extra"},
	{name: "V56 IPv6 only", add: endpoint("elasticloadbalancing", "ipv6", interfaceIn), want: "V56 Extra", also: "V28 Extra"},
	{name: "V56 not IPv4", add: endpoint("ec2", "ipv4", interfaceIn), want: ""},
	{name: "V56 not a service that takes both", add: endpoint("logs", "dualstack", interfaceIn), want: ""},
	{name: "V56 not the newest page's", add: endpoint("ecr.api", "dualstack", interfaceIn), want: ""},
	{name: "V56 not an unknown service", add: endpoint("codewhisperer", "dualstack", interfaceIn), want: ""},
	{name: "V56 region from a parameter", edits: []string{"  Azs: {", "  Where: {Type: String}\n  Azs: {"}, add: strings.ReplaceAll(endpoint("rds", "dualstack", interfaceIn), "${AWS::Region}", "${Where}"), want: "V56 Extra"},
	{name: "W36 gateway", add: endpoint("dynamodb", "dualstack", "RouteTableIds: [!Ref PrivateTableA]"), want: "W36 Extra"},
	{name: "W36 interface", add: endpoint("ec2messages", "dualstack", interfaceIn), want: "W36 Extra"},
	{name: "W36 not S3", add: endpoint("s3", "dualstack", "RouteTableIds: [!Ref PublicTable]"), want: ""},
	{name: "W06 not DynamoDB", add: endpoint("dynamodb", "ipv4", "RouteTableIds: [!Ref PrivateTableA]"), want: ""},
	{name: "V28 DynamoDB's records", add: endpoint("dynamodb", "ipv4", "RouteTableIds: [!Ref PrivateTableA], DnsOptions: {DnsRecordIpType: ipv4}"), want: "V28 Extra"},
	{name: "V28 not the default of gateways", add: endpoint("dynamodb", "ipv4", "RouteTableIds: [!Ref PrivateTableA], DnsOptions: {DnsRecordIpType: service-defined}"), want: ""},

	{name: "V57 manifest", edits: noNAT, add: app("Deployment", `"initContainers": [{"image": "ecr-public.aws.com/x/init:1"}], "containers": [{"image": "public.ecr.aws/x/app:1"}]`), want: "V57 App Controller", also: "V58 Nodes"},
	{name: "V57 init container", edits: noNAT, add: app("DaemonSet", `"initContainers": [{"image": "public.ecr.aws/x/init:1"}], "containers": [{"image": "quay.io/x/app:1"}]`), want: "V57 App Controller", also: "V58 Nodes"},
	{name: "V57 private ECR", edits: noNAT, add: app("StatefulSet", `"containers": [{"image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1"}]`), want: "V57 App Controller", also: "V58 Nodes"},
	{name: "V57 not private ECR with endpoints", edits: noNAT, add: bootstrap + app("StatefulSet", `"containers": [{"image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1"}]`), want: "V57 Controller"},
	{name: "V57 not the dual-stack name", edits: with(noNAT, `"region":"${AWS::Region}",`, `"region":"${AWS::Region}","image":{"repository":"ecr-public.aws.com/eks/aws-load-balancer-controller"},`), add: bootstrap, want: ""},
	{name: "V57 not an unknown host", edits: with(noNAT, `"region":"${AWS::Region}",`, `"region":"${AWS::Region}","image":{"repository":"registry.example.com/lbc"},`), add: bootstrap + app("Pod", `"containers": [{"image": "mcr.microsoft.com/app:1"}]`), want: ""},
	{name: "V57 not where other nodes are meant", edits: with(noNAT, `"region":"${AWS::Region}",`, `"region":"${AWS::Region}","nodeSelector":{"zone":"a"},`), add: bootstrap, want: ""},
	{name: "V57 chart by a function", add: kubectlFunctions + "  Fetched: {Type: Custom::AWSCDK-EKS-HelmChart, Properties: {ServiceToken: !GetAtt OnEvent.Arn, ServiceTimeout: 1000, ClusterName: !Ref Cluster, Chart: \"oci://public.ecr.aws/x/y\", Release: y, Namespace: y}}\n", edits: noNAT,
		want: "V57 Fetched Controller", also: "V58 Nodes; V59 OnEvent"},
	{name: "V57 not from GitHub Pages", add: kubectlFunctions + "  Fetched: {Type: Custom::AWSCDK-EKS-HelmChart, Properties: {ServiceToken: !GetAtt OnEvent.Arn, ServiceTimeout: 1000, ClusterName: !Ref Cluster, Repository: \"https://aws.github.io/eks-charts\", Chart: y, Release: y, Namespace: y}}\n", edits: noNAT,
		want: "V57 Controller", also: "V58 Nodes; V59 OnEvent"},
	{name: "V57 by IPv4 only", add: strings.Replace(kubectlFunctions, "Ipv6AllowedForDualStack: true, ", "", 1) + "  Fetched: {Type: Custom::AWSCDK-EKS-HelmChart, Properties: {ServiceToken: !GetAtt OnEvent.Arn, ServiceTimeout: 1000, ClusterName: !Ref Cluster, Repository: \"https://aws.github.io/eks-charts\", Chart: y, Release: y, Namespace: y}}\n", edits: noNAT,
		want: "V57 Fetched Controller", also: "V58 Nodes; V59 OnEvent"},
	{name: "W37", edits: noNAT, add: app("CronJob", `"containers": [{"image": "ghcr.io/x/app:1"}]`), want: "W37 App", also: "V57 Controller; V58 Nodes"},
	{name: "V57 neither family", edits: with(noNAT, `RouteTableId: !Ref PrivateTableB, DestinationIpv6CidrBlock: "::/0"`, `RouteTableId: !Ref PrivateTableB, DestinationIpv6CidrBlock: "fd00:aaaa::/48"`), add: bootstrap + app("CronJob", `"containers": [{"image": "quay.io/x/app:1"}]`),
		want: "V57 App Controller", also: "W33 PrivateB"},
	{name: "W37 not over NAT", add: app("CronJob", `"containers": [{"image": "ghcr.io/x/app:1"}]`), want: ""},
	{name: "V58 nodes", edits: noNAT, want: "V58 Nodes", also: "V57 Controller"},
	{name: "V58 not with endpoints", edits: noNAT, add: bootstrap, want: "V57 Controller"},
	{name: "V58 endpoint closed to nodes", edits: noNAT, add: strings.ReplaceAll(bootstrap, "!Ref EndpointGroup", "!Ref DatabaseGroup"), want: "V58 Nodes", also: "V57 Controller"},
	{name: "V58 endpoint without its name", edits: noNAT, add: strings.ReplaceAll(bootstrap, "VpcEndpointType: Interface", "VpcEndpointType: Interface, PrivateDnsEnabled: false"), want: "V57 Controller"},
	{name: "V58 not behind a proxy", edits: with(noNAT, "    Properties:\n      LaunchTemplateData:\n        MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 1}", "    Properties:\n      LaunchTemplateData:\n        UserData: !Base64 \"HTTPS_PROXY=http://proxy:3128\"\n        MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 1}"), want: "V58 OwnNodes"},
	{name: "V58 Fargate", edits: with(noNAT, "Subnets: [!Ref PrivateA], Selectors: [{Namespace: batch}]", "Subnets: [!Ref PrivateB], Selectors: [{Namespace: kube-system}]"), add: "  Dns: {Type: AWS::EKS::Addon, DependsOn: Nodes, Properties: {ClusterName: !Ref Cluster, AddonName: coredns}}\n",
		want: "V58 Fargate Nodes", also: "V57 Controller; V62 ControllerIdentity"},
	{name: "V58 not Fargate that pulls over IPv6", edits: with(noNAT, "Subnets: [!Ref PrivateA], Selectors", "Subnets: [!Ref PrivateB], Selectors"), add: bootstrap, want: "V57 Controller"},
	{name: "V58 not by NAT64", edits: with(noNAT, "CidrBlock: 10.0.48.0/20\n", "CidrBlock: 10.0.48.0/20\n      EnableDns64: true\n"),
		add: `  Nat64: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref PrivateTableB, DestinationIpv6CidrBlock: "64:ff9b::/96", NatGatewayId: !Ref NatB}}` + "\n", want: "W01 PrivateB"},
	{name: "V58 not Fargate in public subnets", edits: []string{"Subnets: [!Ref PrivateA], Selectors: [{Namespace: batch}]", "Subnets: [!Ref PublicA], Selectors: [{Namespace: kube-system}]"}, add: coredns(""), want: "V62 ControllerIdentity", also: "V76 Fargate"},
	{name: "V59", edits: noNAT, add: kubectlFunctions + kubectlUse, want: "V59 OnEvent", also: "V57 Controller; V58 Nodes"},
	{name: "V59 handler", edits: noNAT, add: kubectlFunctions + strings.Replace(kubectlUse, "ServiceTimeout: 1000", "ServiceTimeout: 1000, RoleArn: x", 1), want: "V59 Handler OnEvent", also: "V57 Controller; V58 Nodes"},
	{name: "V59 not with endpoints", edits: noNAT, add: kubectlFunctions + kubectlUse + bootstrap + strings.ReplaceAll(endpoint("lambda", "ipv4", interfaceIn), "Extra", "LambdaEndpoint"), want: "V57 Controller"},
	{name: "V59 not with NAT", add: kubectlFunctions + kubectlUse, want: ""},

	{name: "V60", add: fargate("Second", "", "x"), want: "V60 Second"},
	{name: "V60 not in order", add: fargate("Second", "DependsOn: Fargate, ", "x"), want: ""},
	{name: "V60 three", add: fargate("Second", "DependsOn: Fargate, ", "x") + fargate("Third", "DependsOn: Fargate, ", "y"), want: "V60 Third"},
	{name: "V61 taints", edits: tainted, add: coredns(""), want: "V61 Dns"},
	{name: "V61 no nodes", edits: []string{"      InstanceTypes: [m6i.large, i3.metal]\n", "      InstanceTypes: [m6i.large, i3.metal]\n      ScalingConfig: {MinSize: 0, DesiredSize: 0, MaxSize: 3}\n", tainted[2], tainted[3]}, add: coredns(""), want: "V61 Dns"},
	{name: "V61 not one group", edits: tainted[:2], add: coredns(""), want: ""},
	{name: "V61 not CriticalAddonsOnly", edits: []string{tainted[0], strings.Replace(tainted[1], "Key: gpu", "Key: CriticalAddonsOnly", 1), tainted[2], tainted[3]}, add: coredns(""), want: ""},
	{name: "V61 not with tolerations", edits: tainted, add: coredns(`, ConfigurationValues: '{"tolerations": [{"operator": "Exists"}]}'`), want: ""},
	{name: "V61 not on Fargate", edits: with(tainted, "Selectors: [{Namespace: batch}]", "Selectors: [{Namespace: kube-*, Labels: [{Key: k8s-app, Value: kube-dns}]}]"), add: coredns(""), want: ""},
	{name: "V61 Fargate only", edits: []string{"  Nodes:\n    Type: AWS::EKS::Nodegroup\n", "  Nodes:\n    Type: AWS::CloudFormation::WaitConditionHandle\n", "  OwnNodes:\n    Type: AWS::EKS::Nodegroup\n", "  OwnNodes:\n    Type: AWS::CloudFormation::WaitConditionHandle\n"}, add: coredns(""), want: "V61 Dns"},
	{name: "V62", edits: []string{"Selectors: [{Namespace: batch}]", "Selectors: [{Namespace: \"kube-*\"}]"}, want: "V62 ControllerIdentity"},
	{name: "V62 not by labels", edits: []string{"Selectors: [{Namespace: batch}]", "Selectors: [{Namespace: kube-system, Labels: [{Key: a, Value: b}]}]"}, want: ""},
	{name: "V62 not a DaemonSet's", edits: []string{"Selectors: [{Namespace: batch}]", "Selectors: [{Namespace: logs}]"}, add: app("DaemonSet", `"serviceAccountName": "shipper", "containers": [{"image": "quay.io/x/y"}]`) +
		"  Identity: {Type: AWS::EKS::PodIdentityAssociation, Properties: {ClusterName: !Ref Cluster, Namespace: logs, ServiceAccount: shipper, RoleArn: !GetAtt ControllerRole.Arn}}\n", want: ""},
	{name: "V63 newer", edits: []string{"      AmiType: AL2023_x86_64_STANDARD\n", "      AmiType: AL2023_x86_64_STANDARD\n      Version: \"1.36\"\n"}, want: "V63 Nodes"},
	{name: "V63 older", edits: []string{"      AmiType: AL2023_x86_64_STANDARD\n", "      AmiType: AL2023_x86_64_STANDARD\n      ReleaseVersion: 1.31.4-20250101\n"}, want: "V63 Nodes"},
	{name: "V63 older Windows", edits: []string{"      AmiType: AL2023_x86_64_STANDARD\n", "      AmiType: !Ref AWS::StackName\n      ReleaseVersion: 1.31-2025.01.14\n"}, want: "V63 Nodes"},
	{name: "V63 not Bottlerocket's own number", edits: []string{"      AmiType: AL2023_x86_64_STANDARD\n", "      AmiType: BOTTLEROCKET_x86_64\n      ReleaseVersion: 1.50.0-20260102\n"}, want: ""},
	{name: "V63 not Bottlerocket's, of a type that is not known", edits: []string{"      AmiType: AL2023_x86_64_STANDARD\n", "      AmiType: !Ref AWS::StackName\n      ReleaseVersion: 1.50.0-3a5c8b21\n"}, want: ""},
	{name: "V63 Bottlerocket of a newer version", edits: []string{"      AmiType: AL2023_x86_64_STANDARD\n", "      AmiType: BOTTLEROCKET_x86_64\n      Version: \"1.36\"\n"}, want: "V63 Nodes"},
	{name: "V63 not three older", edits: []string{"      AmiType: AL2023_x86_64_STANDARD\n", "      AmiType: AL2023_x86_64_STANDARD\n      Version: \"1.32\"\n"}, want: ""},
	{name: "V63 kube-proxy", add: "  Proxy: {Type: AWS::EKS::Addon, DependsOn: Cni, Properties: {ClusterName: !Ref Cluster, AddonName: kube-proxy, AddonVersion: v1.36.0-eksbuild.25}}\n", want: "V63 Proxy"},
	{name: "V63 not kube-proxy of the cluster's", add: "  Proxy: {Type: AWS::EKS::Addon, DependsOn: Cni, Properties: {ClusterName: !Ref Cluster, AddonName: kube-proxy, AddonVersion: v1.35.3-eksbuild.29}}\n", want: ""},
	{name: "V07 all of us-east-1", base: auto, edits: []string{"SubnetIds: [!Ref A, !Ref B]", "SubnetIds: [!Ref A, !Ref B, !Ref Z1, !Ref Z2, !Ref Z3, !Ref Z4, !Ref Z5, !Ref Z6]"}, add: zones("us-east-1", 6), want: "V07 Cluster", also: "W22 Z1 Z2 Z3 Z4 Z5 Z6"},

	{name: "W38 addresses", add: many(4, "  Eip%d: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}\n"), want: "W38 EipB"},
	{name: "W38 not five", add: many(3, "  Eip%d: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}\n"), want: ""},
	{name: "W38 not what may not be there", edits: []string{"Resources:\n", "Conditions:\n  Maybe: !Equals [!Ref Azs, !Ref \"AWS::StackName\"]\nResources:\n"}, add: many(4, "  Eip%d: {Type: AWS::EC2::EIP, Condition: Maybe, Properties: {Domain: vpc}}\n"), want: ""},
	{name: "W38 VPCs", add: many(4, "  Vpc%d: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.9.0.0/16}}\n"), want: "W38 Vpc4"},
	{name: "W38 egress-only gateways", add: many(5, "  Eigw%d: {Type: AWS::EC2::EgressOnlyInternetGateway, Properties: {VpcId: !Ref Other}}\n"), want: "W38 Eigw5"},
	{name: "W38 NAT gateways", add: many(5, "  Nat%d: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref PublicA, ConnectivityType: private}}\n"), want: "W38 NatA"},
	{name: "W38 profiles", add: ordered(10), want: "W38 P9"},

	{name: "W39 none", add: kubectlFunctions + strings.Replace(kubectlUse, "ServiceTimeout: 1000, ", "", 1), want: "W39 Apply"},
	{name: "W39 too short", add: kubectlFunctions + strings.Replace(kubectlUse, "ServiceTimeout: 1000", "ServiceTimeout: \"900\"", 1), want: "W39 Apply"},
	{name: "W39 not without its function", edits: []string{"      Release: lbc\n", "      ServiceToken: arn:aws:lambda:eu-west-1:111122223333:function:kubectl\n      Release: lbc\n"}, want: ""},
	{name: "W40", edits: []string{"      Release: lbc\n", "      ServiceToken: !GetAtt OnEvent.Arn\n      ServiceTimeout: 1000\n      Timeout: 900s\n      Release: lbc\n"}, add: kubectlFunctions, want: "W40 Controller"},
	{name: "W40 not shorter", edits: []string{"      Release: lbc\n", "      ServiceToken: !GetAtt OnEvent.Arn\n      ServiceTimeout: 1000\n      Timeout: 600s\n      Release: lbc\n"}, add: kubectlFunctions, want: ""},
	{name: "W41", add: "  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/eks/mine/cluster}}\n", want: "W41 Logs"},
	{name: "W41 not retained", add: "  Logs: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain, Properties: {LogGroupName: /aws/eks/mine/cluster}}\n", want: ""},
	{name: "W41 not others", add: "  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/eks/mine/pods}}\n", want: ""},
	{name: "W42", edits: []string{`{Key: load_balancing.cross_zone.enabled, Value: "true"}`, `{Key: load_balancing.cross_zone.enabled, Value: "false"}`}, want: "W42 Nlb"},
	{name: "W42 not by target groups", edits: []string{`{Key: load_balancing.cross_zone.enabled, Value: "true"}`, `{Key: deletion_protection.enabled, Value: "true"}`, "Port: 53, Protocol: TCP_UDP, TargetType: ip, ", `Port: 53, TargetGroupAttributes: [{Key: load_balancing.cross_zone.enabled, Value: "true"}], Protocol: TCP_UDP, TargetType: ip, `}, want: ""},
	{name: "V50 not of targets that exclude each other", edits: []string{"Parameters:\n", "Conditions: {Gw: !Equals [!Ref Kind, gateway], Box: !Not [!Condition Gw]}\nParameters:\n  Kind: {Type: String}\n",
		"DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref NatB", "DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !If [Gw, !Ref NatB, !Ref AWS::NoValue], InstanceId: !If [Box, i-0123456789abcdef0, !Ref AWS::NoValue]"}},
	{name: "V50 of one that is surely there and another", edits: []string{"DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref NatB", "DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref NatB, InstanceId: i-0123456789abcdef0"}, want: "V50 PrivateRouteB4"},
	{name: "V83 route", edits: []string{"    DependsOn: IgwAttachment\n    Properties: {RouteTableId: !Ref PublicTable, DestinationIpv6CidrBlock", "    Properties: {RouteTableId: !Ref PublicTable, DestinationIpv6CidrBlock"}, want: "V83 PublicRoute6"},
	{name: "V83 address", edits: []string{"EipA: {Type: AWS::EC2::EIP, DependsOn: IgwAttachment,", "EipA: {Type: AWS::EC2::EIP,"}, want: "V83 EipA"},
	{name: "V83 not where the gateway waits itself", edits: []string{"EipA: {Type: AWS::EC2::EIP, DependsOn: IgwAttachment,", "EipA: {Type: AWS::EC2::EIP,", "NatA: {Type: AWS::EC2::NatGateway,", "NatA: {Type: AWS::EC2::NatGateway, DependsOn: IgwAttachment,"}},
	{name: "V83 association", add: "  Box: {Type: AWS::EC2::Instance, Properties: {ImageId: x, SubnetId: !Ref PublicA}}\n  Fixed: {Type: AWS::EC2::EIP}\n  Tie: {Type: AWS::EC2::EIPAssociation, Properties: {AllocationId: !GetAtt Fixed.AllocationId, InstanceId: !Ref Box}}\n", want: "V83 Fixed"},
	{name: "V83 instance", add: "  Box: {Type: AWS::EC2::Instance, Properties: {ImageId: x, SubnetId: !Ref PublicA}}\n  Fixed: {Type: AWS::EC2::EIP, Properties: {InstanceId: !Ref Box}}\n", want: "V83 Fixed"},
	{name: "V83 not of a private gateway", add: "  Own: {Type: AWS::EC2::NatGateway, Properties: {ConnectivityType: private, SubnetId: !Ref PrivateA}}\n"},
	{name: "V84", add: subnet("More", "CidrBlock: 10.1.0.0/24"), want: "V84 More"},
	{name: "V84 wider than the VPC's", add: "  Small: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.9.0.0/24}}\n  More: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Small, CidrBlock: 10.9.0.0/23}}\n", want: "V84 More", also: "V73 Small"},
	{name: "V84 not in a second range", add: "  Second: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, CidrBlock: 100.64.0.0/20}}\n  More: {Type: AWS::EC2::Subnet, DependsOn: Second, Properties: {VpcId: !Ref Vpc, CidrBlock: 100.64.1.0/24}}\n"},
	{name: "V85 VPC", add: "  Wide: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/8}}\n", want: "V85 Wide"},
	{name: "V85 block", add: "  Second: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, CidrBlock: 100.64.0.0/29}}\n", want: "V85 Second"},
	{name: "V85 subnet", add: subnet("More", "CidrBlock: 10.0.200.0/29"), want: "V85 More"},
	{name: "V85 IPAM", add: "  Asked: {Type: AWS::EC2::VPC, Properties: {Ipv4IpamPoolId: x, Ipv4NetmaskLength: 12}}\n", want: "V85 Asked"},
	{name: "V86", add: otherVPC + "  Mine: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: x, VpcId: !Ref Vpc, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 1, ToPort: 2, SourceSecurityGroupId: !Ref OtherGroup}]}}\n", want: "V86 Mine"},
	{name: "V86 separate rule", add: otherVPC + "  Rule: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !GetAtt Cluster.ClusterSecurityGroupId, IpProtocol: tcp, FromPort: 1, ToPort: 2, SourceSecurityGroupId: !Ref OtherGroup}}\n", want: "V86 Rule"},
	{name: "V86 not where peering joins them", add: otherVPC + "  Join: {Type: AWS::EC2::VPCPeeringConnection, Properties: {VpcId: !Ref Vpc, PeerVpcId: !Ref OtherVpc}}\n  Mine: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: x, VpcId: !Ref Vpc, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 1, ToPort: 2, SourceSecurityGroupId: !Ref OtherGroup}]}}\n"},
	{name: "W54", edits: []string{"RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 0.0.0.0/0,", "RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 128.0.0.0/1,"}, want: "W54 PrivateB"},
	{name: "W54 not by halves", edits: []string{"RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 0.0.0.0/0,", "RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 128.0.0.0/1,"}, add: "  Lower: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 0.0.0.0/1, NatGatewayId: !Ref NatB}}\n"},
	{name: "W52", add: "  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://s3.amazonaws.com/bucket/nested.yaml}}\n", want: "W52 Nested"},
	{name: "W55", add: unseen("[subnet-0a, subnet-0b]"), want: "W55 Far"},
	{name: "W55 not where one is seen", add: unseen("[subnet-0a, !Ref PrivateB]"), want: ""},
	{name: "W53", add: "  Twice: {Type: AWS::SNS::Topic, Metadata: {a: 1}, Metadata: {b: 1}}\n", want: "W53 Twice"},
	{name: "W43", edits: []string{`{"LOG": "info"}}'`, `{"ENABLE_V4_EGRESS": "false"}}'`}, add: coredns(""), want: "W43 Dns", also: "W23 Cni"},
	{name: "W43 IPv4 resolver", edits: []string{`{"LOG": "info"}}'`, `{"ENABLE_V4_EGRESS": "false"}}'`}, add: coredns(`, ConfigurationValues: '{"corefile": ".:53 {\n  forward . 10.0.0.2:53\n}"}'`), want: "W43 Dns", also: "W23 Cni"},
	{name: "W43 not the IPv6 resolver", edits: []string{`{"LOG": "info"}}'`, `{"ENABLE_V4_EGRESS": "false"}}'`}, add: coredns(`, ConfigurationValues: '{"corefile": ".:53 {\n  forward . fd00:ec2::253\n}"}'`), want: "W23 Cni"},
	{name: "W43 not with IPv4", add: coredns(""), want: ""},

	// Some take more than one edit.
	{name: "V10", base: auto, region: "cn-north-1", want: "V10 Cluster"},
	{name: "V13", edits: []string{`{"LOG": "info"}}'`, `{"ENABLE_POD_ENI": "true"}}'`, "InstanceTypes: [m6i.large, i3.metal]", "InstanceTypes: [t3.large, t3a.large]"}, want: "V13 Nodes"},
	{name: "V16 found only by a wildcard", edits: []string{`"ec2:AssignIpv6Addresses", "ec2:DescribeInstances", "ec2:DescribeSecurityGroups", `, `"ec2:Assign*", "ec2:describe*", `}, want: ""},
	{name: "V16 not before v1.22.1", edits: []string{`"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", `, "", "v1.23.1-eksbuild.1", "v1.21.0-eksbuild.1"}, want: ""},
	{name: "V16 not without subnet discovery", edits: []string{`"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", `, "", `{"LOG": "info"}}'`, `{"ENABLE_SUBNET_DISCOVERY": "false"}}'`}, want: ""},
	{name: "V02 has its range from elsewhere", edits: []string{"      CidrBlock: 10.0.32.0/20\n      Ipv6CidrBlock: !Select [2, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]\n", "      CidrBlock: 10.0.32.0/20\n"},
		add: "  Range: {Type: AWS::EC2::SubnetCidrBlock, DependsOn: Ipv6Block, Properties: {SubnetId: !Ref PrivateA, Ipv6CidrBlock: !Select [2, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]}}\n", want: "V55 PrivateA"},
	{name: "W07 not with a group from outside", edits: []string{"        - {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIpv6: !Select [0, !GetAtt Vpc.Ipv6CidrBlocks]}\n", "", "SecurityGroupIds: [!Ref EndpointGroup]", "SecurityGroupIds: [!Ref EndpointGroup, sg-0123456789abcdef0]"}, want: ""},
	{name: "V40 not with a wider route", base: auto, edits: []string{`DestinationIpv6CidrBlock: "::/0"`, `DestinationIpv6CidrBlock: "2000::/3"`}, want: ""},
	{name: "V19", edits: []string{"KubernetesNetworkConfig: {IpFamily: ipv6}", "KubernetesNetworkConfig: {IpFamily: ipv4}"}, want: "V19 Cluster"},
	{name: "V34", base: auto, edits: []string{"EndpointPublicAccess: false}", "EndpointPublicAccess: false, ControlPlaneEgressMode: CUSTOMER_ROUTED}", `DestinationIpv6CidrBlock: "::/0"`, `DestinationIpv6CidrBlock: "2000::/3"`}, want: "V34 A B"},
	{name: "V35 bootstrap.sh", edits: []string{"            apiVersion: node.eks.aws/v1alpha1\n            kind: NodeConfig\n", "            #!/bin/bash\n            /etc/eks/bootstrap.sh my-cluster\n", "name: ${Cluster}", "name: x",
		"apiServerEndpoint: ${Cluster.Endpoint}", "x", "certificateAuthority: ${Cluster.CertificateAuthorityData}", "y"}, want: "V35 OwnTemplate"},
	{name: "V38", base: auto, edits: []string{"      Tags: [{Key: kubernetes.io/role/internal-elb, Value: \"1\"}]\n  B:", "  B:", "      Tags: [{Key: kubernetes.io/role/internal-elb, Value: \"1\"}]\n  Igw:", "  Igw:"}, want: "V38 App", also: "W22 A B; V47 App"},
	{name: "V49", edits: []string{"    DependsOn: Agent\n", "    DependsOn: [Agent, Nodes, OwnNodes]\n", "  Nodes:\n    Type: AWS::EKS::Nodegroup\n    DependsOn: Cni\n", "  Nodes:\n    Type: AWS::EKS::Nodegroup\n",
		"  OwnNodes:\n    Type: AWS::EKS::Nodegroup\n    DependsOn: Cni\n", "  OwnNodes:\n    Type: AWS::EKS::Nodegroup\n"}, want: "V49 Cni"},
	{name: "W03", base: auto, edits: []string{"  Eigw: {Type: AWS::EC2::EgressOnlyInternetGateway, Properties: {VpcId: !Ref Vpc}}\n", "", "  Route6: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationIpv6CidrBlock: \"::/0\", EgressOnlyInternetGatewayId: !Ref Eigw}}\n", ""},
		want: "W03 Vpc", also: "V40 A B"},
	{name: "W11", edits: []string{`"spec":{"ipAddressType":"dualstack","targetType":"ip"}`, `"spec":{"targetType":"ip"}`, `"alb.ingress.kubernetes.io/scheme": "internet-facing"`, `"alb.ingress.kubernetes.io/ip-address-type": "dualstack"`}, want: "W11 Controller"},
	{name: "W15", edits: []string{"2, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]\n      AssignIpv6AddressOnCreation: true\n      Tags: [", "2, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]\n      AssignIpv6AddressOnCreation: true\n      Tags: [{Key: kubernetes.io/role/cni, Value: \"0\"}, "}, want: "W15 PrivateA"},
	{name: "W16", edits: []string{"CidrBlock: 10.0.32.0/20", "CidrBlock: 10.0.32.0/27"}, want: "W16 PrivateA", also: "W31 PrivateA"},
	{name: "W33", edits: []string{"  PrivateRouteB4: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 0.0.0.0/0, ", "  PrivateRouteB4: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref PrivateTableB, DestinationCidrBlock: 10.200.0.0/16, ",
		`RouteTableId: !Ref PrivateTableB, DestinationIpv6CidrBlock: "::/0"`, `RouteTableId: !Ref PrivateTableB, DestinationIpv6CidrBlock: "2001:db8:ffff::/48"`}, want: "W33 PrivateB", also: "V57 Controller; V58 Nodes"},
}

// TestMutations breaks good templates, one thing at a time, and wants exactly the findings that are then true.
func TestMutations(t *testing.T) {
	t.Parallel()
	tested := testedUpdates()
	for _, m := range slices.Concat(mutations, moreMutations) {
		if m.base == "" {
			m.base = "good.yaml"
		}
		var wanted []string
		for _, w := range append(strings.Split(m.also, "; "), m.want) {
			for i, id := range strings.Fields(w) {
				if i > 0 {
					wanted = append(wanted, strings.Fields(w)[0]+" "+id)
				}
			}
		}
		slices.Sort(wanted)
		if m.want != "" {
			tested[strings.Fields(m.want)[0]] = true
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			text := edited(t, m.base, m.edits...) + m.add
			golden.Keep(t, golden.Kept{Base: m.base, Region: m.region, Text: text})
			var got []string
			findings := check(t, cfn.Options{Region: m.region}, m.base, text)
			for _, f := range findings {
				got = append(got, f.ID+" "+f.LogicalID)
			}
			slices.Sort(got)
			for i, f := range findings {
				if slices.Contains(findings[:i], f) {
					t.Errorf("told twice: %s", f)
				}
			}
			if diff := cmp.Diff(wanted, slices.Compact(got)); diff != "" {
				t.Errorf("findings (-want +got):\n%s%v", diff, findings)
			}
		})
	}
	for _, r := range rules.All() {
		if !tested[r.ID] {
			t.Errorf("no mutation breaks rule %s (%s)", r.ID, r.Title)
		}
	}
}

func edited(t *testing.T, base string, edits ...string) string {
	t.Helper()
	text := read(t, "testdata/"+base)
	for i := 0; i+1 < len(edits); i += 2 {
		if n := strings.Count(text, edits[i]); n != 1 {
			t.Fatalf("%q stands %d times in %s, wanted once", edits[i], n, base)
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	return text
}
