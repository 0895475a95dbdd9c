package rules_test

import (
	"fmt"
	"strings"
)

const more = "more.yaml"

// object adds a Kubernetes object to more.yaml.
func object(json string) string {
	return "  Extra: {Type: Custom::AWSCDK-EKS-KubernetesResource, DependsOn: Controller, Properties: {ClusterName: !Ref Cluster, Manifest: '[" + json + "]'}}\n"
}

func service(spec string) string {
	return object(`{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {` + spec + `}}`)
}

// nlb is a Service with a dual-stack network load balancer.
func nlb(annotations, ports string) string { //nolint:unparam // reads as what it makes
	return object(`{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "annotations": {"service.beta.kubernetes.io/aws-load-balancer-ip-address-type": "dualstack", "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip"` +
		strings.ReplaceAll(annotations, "nlb-", "service.beta.kubernetes.io/aws-load-balancer-") + `}}, "spec": {"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb", "selector": {"app": "x"}, "ports": [` + ports + `]}}`)
}

func networkPolicy(egress string) string {
	return object(`{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "x"}, "spec": {"podSelector": {}, "egress": [` + egress + `]}}`)
}

func ingress(name, annotations string) string {
	return object(`{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "` + name + `", "annotations": {` + strings.ReplaceAll(annotations, "alb-", "alb.ingress.kubernetes.io/") +
		`}}, "spec": {"ingressClassName": "alb", "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}}`)
}

func nodePool(requirements string) string {
	return object(`{"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "x"}, "spec": {"template": {"spec": {"nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"}, "requirements": [` + requirements + `]}}}}`)
}

func nodeClass(spec string) string {
	return object(`{"apiVersion": "karpenter.k8s.aws/v1", "kind": "EC2NodeClass", "metadata": {"name": "x"}, "spec": {` + spec + `}}`)
}

// userData puts another line into the user data of more.yaml's nodes.
func userData(line string) []string {
	return []string{"            sysctl -w net.ipv4.conf.all.log_martians=1\n", "            " + line + "\n"}
}

// acl adds an inbound entry to more.yaml's network ACL, before those that allow everything.
func acl(id, number, action, ports, from string) string { //nolint:unparam // reads as what it makes
	cidr := "CidrBlock: " + from
	if strings.Contains(from, ":") {
		cidr = fmt.Sprintf("Ipv6CidrBlock: %q", from)
	}
	return fmt.Sprintf("  %s: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, RuleNumber: %s, RuleAction: %s, Protocol: 6, PortRange: {%s}, %s}}\n", id, number, action, ports, cidr)
}

// admits adds an inbound rule to the security group of more.yaml's cache.
func admits(id, rule string) string {
	return fmt.Sprintf("  %s: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !Ref CacheGroup, %s}}\n", id, rule)
}

// nodeGroup gives more.yaml's nodes a security group of their own with one inbound rule, in public subnets or not.
func nodeGroup(rule string, public bool) (edits []string, add string) {
	edits = []string{"Groups: [!GetAtt Cluster.ClusterSecurityGroupId]", "Groups: [!GetAtt Cluster.ClusterSecurityGroupId, !Ref NodeGroup]"}
	if public {
		edits = append(edits, "Subnets: [!Ref A, !Ref B]}", "Subnets: [!Ref PublicA, !Ref PublicB]}",
			"CidrBlock: 10.0.0.0/24, ", "CidrBlock: 10.0.0.0/24, MapPublicIpOnLaunch: true, ", "CidrBlock: 10.0.1.0/24, ", "CidrBlock: 10.0.1.0/24, MapPublicIpOnLaunch: true, ")
	}
	return edits, "  NodeGroup: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: nodes, VpcId: !Ref Vpc, SecurityGroupIngress: [{" + rule + "}]}}\n"
}

// opened is a mutation of the nodes' security group.
func opened(name, rule string, public bool, want string) mutation {
	edits, add := nodeGroup(rule, public)
	return mutation{name: name, base: more, edits: edits, add: add, want: want}
}

var subnetC = `  C: {Type: AWS::EC2::Subnet, DependsOn: Block, Properties: {VpcId: !Ref Vpc, AvailabilityZone: c, CidrBlock: 10.0.64.0/20}}
`

var subnetNative = `  C: {Type: AWS::EC2::Subnet, DependsOn: Block, Properties: {VpcId: !Ref Vpc, AvailabilityZone: c, Ipv6Native: true, AssignIpv6AddressOnCreation: true, Ipv6CidrBlock: "2001:db8:1:c::/64"}}
`

// moreMutations are further ones, in the order of their kinds.
var moreMutations = []mutation{
	{name: "V82 default route", base: more, add: `  Twice: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Eigw}}` + "\n", want: "V82 Twice"},
	{name: "V82 another spelling", base: more, add: `  Twice: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationIpv6CidrBlock: "0:0:0:0:0:0:0:0/0", EgressOnlyInternetGatewayId: !Ref Eigw}}` + "\n", want: "V82 Twice"},
	{name: "V82 host bits", base: more, add: `  Twice: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 10.91.7.7/16, VpcPeeringConnectionId: !Ref Peering}}` + "\n", want: "V82 Twice"},
	{name: "V82 prefix list", base: more, add: `  List: {Type: AWS::EC2::PrefixList, Properties: {PrefixListName: x, AddressFamily: IPv4, MaxEntries: 1, Entries: [{Cidr: 192.0.2.0/24}]}}
  One: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationPrefixListId: !Ref List, TransitGatewayId: !Ref Tgw}}
  Two: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationPrefixListId: !GetAtt List.PrefixListId, VpcPeeringConnectionId: !Ref Peering}}
`, want: "V82 Two"},
	{name: "V82 not in two tables", base: more, add: `  Other: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  Once: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Other, DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Eigw}}
`, want: ""},
	{name: "V82 not alternatives", base: more, edits: []string{"Resources:\n", "Conditions:\n  Maybe: !Equals [!Ref \"AWS::StackName\", x]\nResources:\n"}, add: `  Twice: {Type: AWS::EC2::Route, Condition: Maybe, Properties: {RouteTableId: !Ref Table, DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Eigw}}` + "\n", want: ""},
	{name: "V82 transit gateway route", base: more, add: `  Twice: {Type: AWS::EC2::TransitGatewayRoute, Properties: {TransitGatewayRouteTableId: !Ref TgwTable, DestinationCidrBlock: "::/0", Blackhole: true}}` + "\n", want: "V82 Twice"},
	{name: "V82 gateway endpoints", base: more, add: `  S3: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Vpc, ServiceName: !Sub "com.amazonaws.${AWS::Region}.s3", IpAddressType: dualstack, RouteTableIds: [!Ref Table]}}
  S3Too: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Vpc, ServiceName: !Sub "com.amazonaws.${AWS::Region}.s3", IpAddressType: dualstack, RouteTableIds: [!Ref Table]}}
`, want: "V82 S3Too"},
	{name: "V82 route table of a subnet", base: more, add: "  Twice: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref PublicA, RouteTableId: !Ref PublicTable}}\n", want: "V82 Twice"},
	{name: "V82 entry", base: more, add: `  Twice: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, RuleNumber: "110", RuleAction: allow, Protocol: -1, CidrBlock: 10.0.0.0/8}}` + "\n", want: "V82 Twice"},
	{name: "V82 not the other direction's entry", base: more, add: `  Once: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, RuleNumber: 120, RuleAction: allow, Protocol: -1, CidrBlock: 10.0.0.0/8}}
  Too: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, RuleNumber: 120, Egress: true, RuleAction: allow, Protocol: -1, CidrBlock: 10.0.0.0/8}}
`, want: ""},
	{name: "V82 internet gateway", base: more, add: "  Igw2: {Type: AWS::EC2::InternetGateway}\n  Twice: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Igw2}}\n", want: "V82 Twice"},
	{name: "V82 rule", base: more, add: admits("Twice", `IpProtocol: "6", FromPort: 6379, ToPort: 6379, CidrIp: 10.0.0.0/16`), want: "V82 Twice"},
	{name: "V82 range of a subnet", base: more, add: `  Twice: {Type: AWS::EC2::SubnetCidrBlock, Properties: {SubnetId: !Ref A, Ipv6CidrBlock: "2001:db8:1:9::/64"}}` + "\n", want: "V82 Twice"},

	{name: "V71 address and prefix", base: more, edits: []string{"Ipv6AddressCount: 1, PrimaryIpv6: true", "Ipv6AddressCount: 1, Ipv6PrefixCount: 1, PrimaryIpv6: true"}, want: "V71 Template"},
	{name: "V71 address by number and by name", base: more, edits: []string{"AssociatePublicIpAddress: true", `AssociatePublicIpAddress: true, Ipv6AddressCount: 1, Ipv6Addresses: [{Ipv6Address: "2001:db8:1::7"}]`}, want: "V71 NatInstance"},
	{name: "V71 interface", base: more, add: "  Nic: {Type: AWS::EC2::NetworkInterface, Properties: {SubnetId: !Ref A, Ipv4PrefixCount: 1, SecondaryPrivateIpAddressCount: 2}}\n", want: "V71 Nic"},
	{name: "V71 groups beside interfaces", base: more, edits: []string{"        NetworkInterfaces: [", "        SecurityGroupIds: [!Ref NatGroup]\n        NetworkInterfaces: ["}, want: "V71 Template"},
	{name: "V71 subnet of an interface that is there", base: more, add: "  Nic: {Type: AWS::EC2::NetworkInterface, Properties: {SubnetId: !Ref A}}\n  Host: {Type: AWS::EC2::Instance, Properties: {NetworkInterfaces: [{DeviceIndex: \"0\", NetworkInterfaceId: !Ref Nic, SubnetId: !Ref A}]}}\n", want: "V71 Host"},
	{name: "V71 not none", base: more, edits: []string{"Ipv6AddressCount: 1, PrimaryIpv6: true", "Ipv6AddressCount: 1, Ipv6PrefixCount: 0, Ipv6Prefixes: [], PrimaryIpv6: true"}, want: ""},
	{name: "V43 prefix only", edits: []string{"NetworkInterfaces: [{DeviceIndex: 0, Ipv6AddressCount: 1,", "NetworkInterfaces: [{DeviceIndex: 0, Ipv6PrefixCount: 1,"}, want: "V43 OwnTemplate"},
	{name: "V43 prefix by name", edits: []string{"NetworkInterfaces: [{DeviceIndex: 0, Ipv6AddressCount: 1,", `NetworkInterfaces: [{DeviceIndex: 0, Ipv6Prefixes: [{Ipv6Prefix: "2001:db8::/80"}],`}, want: "V43 OwnTemplate"},

	{name: "V72 length and range", base: more, edits: []string{`Ipv6CidrBlock: "2001:db8:1::/60"}`, `Ipv6CidrBlock: "2001:db8:1::/60", Ipv6NetmaskLength: 60}`}, want: "V72 Block"},
	{name: "V72 subnet", base: more, edits: []string{"CidrBlock: 10.0.0.0/24, ", "CidrBlock: 10.0.0.0/24, Ipv4IpamPoolId: ipam-pool-1, Ipv4NetmaskLength: 24, "}, want: "V72 PublicA"},
	{name: "V72 no pool", base: more, edits: []string{"Ipv6IpamPoolId: ipam-pool-0bbbbbbbbbbbbbbbb, ", ""}, want: "V72 HubA"},
	{name: "V72 both families", base: more, edits: []string{`Ipv6CidrBlock: "2001:db8:1::/60"}`, `Ipv6CidrBlock: "2001:db8:1::/60", CidrBlock: 10.5.0.0/16}`}, want: "V72 Block", also: "V01 Vpc; W17 NlbGroup"},
	{name: "V73 256 of a /60", base: more, edits: []string{"!Select [2, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 16, 64]]", "!Select [2, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 256, 64]]"}, want: "V73 A"},
	{name: "V73 too many lengths", base: more, add: many(16, "  Hub%d: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Hub, Ipv6IpamPoolId: ipam-pool-0bbbbbbbbbbbbbbbb, Ipv6NetmaskLength: 64, Ipv6Native: true}}\n"), want: "V73 HubBlock"},
	{name: "V73 not 16", base: more, add: many(15, "  Hub%d: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Hub, Ipv6IpamPoolId: ipam-pool-0bbbbbbbbbbbbbbbb, Ipv6NetmaskLength: 64, Ipv6Native: true}}\n"), want: ""},
	{name: "V73 not a pool's own length", base: more, edits: []string{", Ipv6NetmaskLength: 60}", "}"}, add: many(16, "  Hub%d: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Hub, Ipv6IpamPoolId: ipam-pool-0bbbbbbbbbbbbbbbb, Ipv6NetmaskLength: 64, Ipv6Native: true}}\n"), want: ""},

	{name: "V74 attachment in IPv6-only subnets", base: more, edits: []string{"SubnetIds: [!Ref A, !Ref B], Options", "SubnetIds: [!Ref A, !Ref C], Options"}, add: subnetNative, want: "V74 Attachment"},
	{name: "V74 attachment without IPv6 in IPv6-only subnets", base: more, edits: []string{"SubnetIds: [!Ref A, !Ref B], Options: {Ipv6Support: enable}", "SubnetIds: [!Ref A, !Ref C]"}, add: subnetNative, want: "V74 Attachment"},
	{name: "V74 attachment with IPv6 in IPv4 subnets", base: more, edits: []string{"SubnetIds: [!Ref A, !Ref B], Options", "SubnetIds: [!Ref A, !Ref C], Options"}, add: subnetC, want: "V74 Attachment"},
	{name: "V74 cache", base: more, edits: []string{"SubnetIds: [!Ref A, !Ref B]}}\n  Cache:", "SubnetIds: [!Ref A, !Ref C]}}\n  Cache:"}, add: subnetC, want: "V74 Cache"},
	{name: "V74 cache with IPv6 alone", base: more, edits: []string{"NetworkType: dual_stack", "NetworkType: ipv6"}, want: "V74 Cache"},
	{name: "V74 database", base: more, add: subnetC + `  DbSubnets: {Type: AWS::RDS::DBSubnetGroup, Properties: {SubnetIds: [!Ref A, !Ref C]}}
  Db: {Type: AWS::RDS::DBCluster, Properties: {Engine: aurora-postgresql, NetworkType: DUAL, DBSubnetGroupName: !Ref DbSubnets, VpcSecurityGroupIds: [!GetAtt Cluster.ClusterSecurityGroupId]}}
`, want: "V74 Db"},
	{name: "V74 mount target", base: more, add: "  Mount: {Type: AWS::EFS::MountTarget, Properties: {FileSystemId: x, SubnetId: !Ref A, IpAddressType: IPV6_ONLY, SecurityGroups: [!GetAtt Cluster.ClusterSecurityGroupId]}}\n", want: "V74 Mount"},
	{name: "V74 load balancer", base: more, edits: []string{"SubnetMappings: [{SubnetId: !Ref PublicA}, {SubnetId: !Ref PublicB}]", "SubnetMappings: [{SubnetId: !Ref PublicA}, {SubnetId: !Ref C}]"}, add: subnetC, want: "V74 Nlb"},
	{name: "V74 function", base: more, add: subnetC + "  Fn: {Type: AWS::Lambda::Function, Properties: {Role: x, Code: {ZipFile: x}, VpcConfig: {Ipv6AllowedForDualStack: true, SubnetIds: [!Ref C], SecurityGroupIds: [!GetAtt Cluster.ClusterSecurityGroupId]}}}\n", want: "V74 Fn"},
	{name: "V74 NAT gateway", base: more, add: subnetNative + "  Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref C, ConnectivityType: private}}\n", want: "V74 Nat"},
	{name: "V74 not IPv4 in dual-stack subnets", base: more, edits: []string{"NetworkType: dual_stack", "NetworkType: ipv4"}, want: ""},
	{name: "V74 not a range from elsewhere", base: more, edits: []string{"SubnetIds: [!Ref A, !Ref B]}}\n  Cache:", "SubnetIds: [!Ref A, !Ref C]}}\n  Cache:"}, add: subnetC + `  Range: {Type: AWS::EC2::SubnetCidrBlock, Properties: {SubnetId: !Ref C, Ipv6CidrBlock: "2001:db8:1:c::/64"}}` + "\n", want: ""},

	{name: "V75 ipFamilies", base: more, add: service(`"ipFamilies": ["IPv4"], "ports": [{"port": 80}]`), want: "V75 Extra"},
	{name: "V75 both families", base: more, add: service(`"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6", "IPv4"], "ports": [{"port": 80}]`), want: "V75 Extra"},
	{name: "V75 RequireDualStack", base: more, add: service(`"ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 80}]`), want: "V75 Extra"},
	{name: "V75 address", base: more, add: service(`"clusterIP": "172.20.0.10", "clusterIPs": ["172.20.0.10"], "ports": [{"port": 80}]`), want: "V75 Extra"},
	{name: "V75 chart", base: more, add: `  Chart: {Type: Custom::AWSCDK-EKS-HelmChart, Properties: {ClusterName: !Ref Cluster, Release: x, Chart: ingress-nginx, Namespace: x, Values: '{"controller": {"service": {"ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}}}'}}` + "\n", want: "V75 Chart"},
	{name: "V75 on an IPv4 cluster", base: more, edits: []string{"KubernetesNetworkConfig: {IpFamily: ipv6}", "KubernetesNetworkConfig: {IpFamily: ipv4}", `"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6"]`, `"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6"]`}, want: "V75 Web"},
	{name: "V75 not headless", base: more, add: service(`"clusterIP": "None", "ipFamilyPolicy": "SingleStack", "ports": [{"port": 80}]`), want: ""},

	{name: "V76", base: more, add: "  Fargate: {Type: AWS::EKS::FargateProfile, Properties: {ClusterName: !Ref Cluster, PodExecutionRoleArn: x, Subnets: [!Ref PublicA, !Ref A], Selectors: [{Namespace: batch}]}}\n", want: "V76 Fargate"},
	{name: "V76 IPv6 alone", base: more, edits: []string{"DestinationIpv6CidrBlock: \"::/0\", EgressOnlyInternetGatewayId: !Ref Eigw", "DestinationIpv6CidrBlock: \"::/0\", GatewayId: !Ref Igw"}, add: "  Fargate: {Type: AWS::EKS::FargateProfile, Properties: {ClusterName: !Ref Cluster, PodExecutionRoleArn: x, Subnets: [!Ref A], Selectors: [{Namespace: batch}]}}\n", want: "V76 Fargate", also: "V22 Out6; V83 Out6"},
	{name: "V76 CDK's older construct", base: more, add: "  Fargate: {Type: Custom::AWSCDK-EKS-FargateProfile, Properties: {Config: {clusterName: !Ref Cluster, podExecutionRoleArn: x, subnets: [!Ref PublicB], selectors: [{namespace: batch}]}}}\n", want: "V76 Fargate"},
	{name: "V76 not EKS's choice of subnets", base: more, add: "  Fargate: {Type: AWS::EKS::FargateProfile, Properties: {ClusterName: !Ref Cluster, PodExecutionRoleArn: x, Selectors: [{Namespace: batch}]}}\n", want: ""},

	{name: "V77 Service", base: more, edits: []string{`, "service.beta.kubernetes.io/aws-load-balancer-enable-tcp-udp-listener": "true"`, ""}, want: "V77 Web"},
	{name: "V77 switched off", base: more, edits: []string{`enable-tcp-udp-listener": "true"`, `enable-tcp-udp-listener": "false"`}, want: "V77 Web"},
	{name: "V77 controller too old", base: more, edits: []string{"Version: 3.5.0", "Version: 1.12.1"}, want: "V77 Web"},
	{name: "V77 listeners", base: more, add: "  Udp: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Nlb, Port: \"80\", Protocol: TLS, DefaultActions: [{Type: forward, TargetGroupArn: !Ref Targets}]}}\n", want: "V77 Udp"},
	{name: "V77 not by the controller's setting", base: more, edits: []string{`, "service.beta.kubernetes.io/aws-load-balancer-enable-tcp-udp-listener": "true"`, "", `"vpcId":"${Vpc}"`, `"vpcId":"${Vpc}","controllerConfig":{"featureGates":{"EnableTCPUDPListener":true}}`}, want: ""},
	{name: "V77 not on two ports", base: more, edits: []string{`, "service.beta.kubernetes.io/aws-load-balancer-enable-tcp-udp-listener": "true"`, "", `{"name": "u", "port": 53,`, `{"name": "u", "port": 54,`}, want: ""},
	{name: "V30 by the cluster's default", base: more, add: object(`{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": "p"}, "spec": {"mutations": [{"applyConfiguration": {"expression": "service.beta.kubernetes.io/aws-load-balancer-ip-address-type: dualstack"}}]}}, {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": "p"}, "spec": {"policyName": "p"}}, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "annotations": {"service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip"}}, "spec": {"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb", "ports": [{"port": 53, "protocol": "UDP"}]}}`), want: "V30 Extra"},
	{name: "V30 Gateway", base: more, add: gatewayUDP(""), want: "V30 Extra"},
	{name: "V30 not a Gateway with it", base: more, add: gatewayUDP(`, "enablePrefixForIpv6SourceNat": "on"`), want: ""},
	{name: "V31 alb", base: more, edits: []string{"TargetType: instance, IpAddressType: ipv6", "TargetType: alb, IpAddressType: ipv6"}, want: "V31 Targets"},
	{name: "V31 no primary address", base: more, edits: []string{"Ipv6AddressCount: 1, PrimaryIpv6: true", "Ipv6AddressCount: 1"}, want: "V31 Targets"},

	{name: "V47 one address for two subnets", base: more, edits: []string{"2001:db8:1::53, 2001:db8:1:1::53", "2001:db8:1::53"}, want: "V47 Web"},
	{name: "V47 address of another subnet", base: more, edits: []string{"2001:db8:1::53, 2001:db8:1:1::53", "2001:db8:1::53, 2001:db8:1::54"}, want: "V47 Web"},
	{name: "V47 one elastic address", base: more, add: nlb(`, "nlb-scheme": "internet-facing", "nlb-eip-allocations": "eipalloc-0aaaaaaaaaaaaaaaa"`, `{"port": 80}`), want: "V47 Extra"},
	{name: "V47 elastic addresses inside", base: more, add: nlb(`, "nlb-eip-allocations": "eipalloc-0aaaaaaaaaaaaaaaa,eipalloc-0bbbbbbbbbbbbbbbb"`, `{"port": 80}`), want: "V47 Extra"},
	{name: "V47 private addresses outside", base: more, add: nlb(`, "nlb-scheme": "internet-facing", "nlb-private-ipv4-addresses": "10.0.0.7,10.0.1.7"`, `{"port": 80}`), want: "V47 Extra"},
	{name: "V47 not private addresses of named subnets", base: more, add: strings.Replace(nlb(`, "nlb-subnets": "${A}", "nlb-private-ipv4-addresses": "10.0.16.7"`, `{"port": 80}`), "Manifest: ", "Manifest: !Sub ", 1), want: ""},
	{name: "V47 two schemes", base: more, edits: []string{`"namespace": "other", "annotations": {`, `"namespace": "other", "annotations": {"alb.ingress.kubernetes.io/scheme": "internal", `}, want: "V47 Web"},
	{name: "V47 two address types", base: more, edits: []string{`"spec":{"ipAddressType":"dualstack","targetType":"ip"}`, `"spec":{"targetType":"ip"}`, `"namespace": "other", "annotations": {`, `"namespace": "other", "annotations": {"alb.ingress.kubernetes.io/ip-address-type": "ipv4", `, `"alb.ingress.kubernetes.io/scheme": "internet-facing"}`, `"alb.ingress.kubernetes.io/scheme": "internet-facing", "alb.ingress.kubernetes.io/ip-address-type": "dualstack"}`}, want: "V47 Web", also: "W11 Controller"},
	{name: "V47 two names", base: more, add: ingress("three", `"alb-group.name": "edge", "alb-load-balancer-name": "a"`) + strings.Replace(ingress("four", `"alb-group.name": "edge", "alb-load-balancer-name": "b"`), "Extra", "Fourth", 1), want: "V47 Extra Fourth Web"},
	{name: "V47 not what one says for all", base: more, edits: []string{`"spec":{"ipAddressType":"dualstack","targetType":"ip"}`, `"spec":{"targetType":"ip"}`, `"alb.ingress.kubernetes.io/scheme": "internet-facing"}`, `"alb.ingress.kubernetes.io/scheme": "internet-facing", "alb.ingress.kubernetes.io/ip-address-type": "dualstack"}`}, want: "W11 Controller"},
	{name: "V47 not where the class decides", base: more, edits: []string{`"spec":{"ipAddressType":"dualstack","targetType":"ip"}`, `"spec":{"ipAddressType":"dualstack","targetType":"ip","scheme":"internet-facing"}`, `"namespace": "other", "annotations": {`, `"namespace": "other", "annotations": {"alb.ingress.kubernetes.io/scheme": "internal", `}, want: ""},
	{name: "V47 subnets without IPv6 before 3.5.0", base: more, edits: []string{"Version: 3.5.0", "Version: 3.4.3", "    Properties: {VpcId: !Ref Vpc, AvailabilityZone: b, CidrBlock: 10.0.1.0/24, Ipv6CidrBlock: \"2001:db8:1:1::/64\", AssignIpv6AddressOnCreation: true,", "    Properties: {VpcId: !Ref Vpc, AvailabilityZone: b, CidrBlock: 10.0.1.0/24,", "2001:db8:1::53, 2001:db8:1:1::53", "2001:db8:1::53"}, want: "V47 Web", also: "V74 Nlb"},
	{name: "V47 not from 3.5.0 on", base: more, edits: []string{"2001:db8:1::53, 2001:db8:1:1::53", "2001:db8:1::53, 2001:db8:1:1::53"}, add: `  Public3: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, AvailabilityZone: c, CidrBlock: 10.0.3.0/24, Tags: [{Key: kubernetes.io/role/elb, Value: "1"}]}}` + "\n", want: ""},

	{name: "V52 Auto Mode", base: auto, add: chart(`"region":"${AWS::Region}"`), want: "V52 Lbc"},
	{name: "V52 not with vpcTags", base: auto, add: chart(`"region":"${AWS::Region}","vpcTags":{"Name":"x"}`), want: ""},
	{name: "V52 nodes without a template", base: more, edits: []string{`"vpcId":"${Vpc}",`, "", "LaunchTemplate: {Id: !Ref Template, Version: !GetAtt Template.LatestVersionNumber}, ", ""}, want: "V52 Controller"},
	{name: "V52 Karpenter", base: more, edits: []string{`"vpcId":"${Vpc}",`, "", "HttpPutResponseHopLimit: 1}", "HttpPutResponseHopLimit: 2}"}, want: "V52 Controller", also: "W12 Template"},
	{name: "V52 Fargate", base: more, edits: []string{`"vpcId":"${Vpc}",`, "", "HttpPutResponseHopLimit: 1}", "HttpPutResponseHopLimit: 2}", `"spec": {"userData"`, `"spec": {"metadataOptions": {"httpPutResponseHopLimit": 2}, "userData"`}, add: "  Fargate: {Type: AWS::EKS::FargateProfile, Properties: {ClusterName: !Ref Cluster, PodExecutionRoleArn: x, Subnets: [!Ref A], Selectors: [{Namespace: kube-*}]}}\n", want: "V52 Controller", also: "W12 Template"},
	{name: "V52 not with the metadata open", base: more, edits: []string{`"vpcId":"${Vpc}",`, "", "HttpPutResponseHopLimit: 1}", "HttpPutResponseHopLimit: 2}", `"spec": {"userData"`, `"spec": {"metadataOptions": {"httpPutResponseHopLimit": 2}, "userData"`}, want: "W12 Template"},

	{name: "V78 sysctl", base: more, edits: userData("echo net.ipv6.conf.all.disable_ipv6=1 > /etc/sysctl.d/90-hardening.conf"), want: "V78 Template"},
	{name: "V78 with blanks and slashes", base: more, edits: userData("sysctl -w 'net/ipv6/conf/default/disable_ipv6 = 1'"), want: "V78 Template"},
	{name: "V78 /proc", base: more, edits: userData("echo 1 | sudo tee /proc/sys/net/ipv6/conf/all/disable_ipv6"), want: "V78 Template"},
	{name: "V78 kernel", base: more, edits: userData("grubby --update-kernel=ALL --args=ipv6.disable=1"), want: "V78 Template"},
	{name: "V78 module", base: more, edits: userData("echo 'install ipv6 /bin/true' > /etc/modprobe.d/ipv6.conf"), want: "V78 Template"},
	{name: "V78 Karpenter's Bottlerocket", base: more, add: nodeClass(`"userData": "[settings.kernel.sysctl]\n\"net.ipv6.conf.all.disable_ipv6\" = \"1\"\n"`), want: "V78 Extra"},
	{name: "V78 DaemonSet", base: more, edits: []string{"sysctl net.ipv6.conf.all.forwarding=1", "sysctl -w net.ipv6.conf.all.disable_ipv6=1"}, want: "V78 Web"},
	{name: "V78 Pods", base: more, edits: []string{`{"name": "net.core.somaxconn", "value": "1024"}`, `{"name": "net.ipv6.conf.all.disable_ipv6", "value": "1"}`}, want: "V78 Web"},
	{name: "V78 launch configuration", base: more, add: `  Config: {Type: AWS::AutoScaling::LaunchConfiguration, Properties: {ImageId: x, InstanceType: m7g.large, UserData: {Fn::Base64: "sysctl -w net.ipv6.conf.all.disable_ipv6=1"}}}
  Group: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {LaunchConfigurationName: !Ref Config, MinSize: "1", MaxSize: "1", VPCZoneIdentifier: [!Ref A], Tags: [{Key: !Sub "kubernetes.io/cluster/${Cluster}", Value: owned, PropagateAtLaunch: true}]}}
`, want: "V78 Config"},
	{name: "V78 not the loopback", base: more, edits: userData("sysctl -w net.ipv6.conf.lo.disable_ipv6=1"), want: ""},
	{name: "V78 not switched on", base: more, edits: userData("sysctl -w net.ipv6.conf.all.disable_ipv6=0"), want: ""},

	{name: "V79 Karpenter", base: more, add: nodeClass(`"kubelet": {"clusterDNS": ["172.20.0.10"]}`), want: "V79 Extra"},
	{name: "V79 bootstrap.sh", base: more, edits: userData("/etc/eks/bootstrap.sh x --ip-family ipv6 --dns-cluster-ip 172.20.0.10"), want: "V79 Template"},
	{name: "V79 NodeConfig", base: more, edits: userData("spec: {kubelet: {config: {clusterDNS: [10.100.0.10]}}}"), want: "V79 Template"},
	{name: "V79 Bottlerocket", base: more, add: nodeClass(`"userData": "[settings.kubernetes]\ncluster-dns-ip = \"10.100.0.10\"\n"`), want: "V79 Extra"},
	{name: "V79 on an IPv4 cluster", base: more, edits: []string{"KubernetesNetworkConfig: {IpFamily: ipv6}", "KubernetesNetworkConfig: {IpFamily: ipv4}", `"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6"], `, ""}, add: nodeClass(`"kubelet": {"clusterDNS": ["fd00::a"]}`), want: "V79 Extra"},
	{name: "V79 not the cluster's", base: more, add: nodeClass(`"kubelet": {"clusterDNS": ["fd30:1c53:5f8a::a"]}`), want: ""},
	{name: "V79 not a cache on the node", base: more, add: nodeClass(`"kubelet": {"clusterDNS": ["169.254.20.10"]}`), want: ""},

	{name: "V12 pool by family", base: more, add: nodePool(`{"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": ["m4", "m5"]}`), want: "V12 Extra"},
	{name: "V12 pool by type", base: more, add: nodePool(`{"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["t2.large"]}`), want: "V12 Extra"},
	{name: "V12 not with the hypervisor", base: more, add: nodePool(`{"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": ["m4", "m5"]}, {"key": "karpenter.k8s.aws/instance-hypervisor", "operator": "In", "values": ["nitro"]}`), want: ""},
	{name: "W48", base: more, add: nodePool(`{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}`), want: "W48 Extra"},
	{name: "W48 old generations", base: more, add: nodePool(`{"key": "karpenter.k8s.aws/instance-generation", "operator": "Gt", "values": ["2"]}, {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64", "arm64"]}`), want: "W48 Extra"},
	{name: "W48 not on ARM", base: more, add: nodePool(`{"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}`), want: ""},
	{name: "W48 not Auto Mode's pools", base: auto, add: strings.Replace(strings.Replace(nodePool(""), "DependsOn: Controller, ", "", 1), "karpenter.k8s.aws", "eks.amazonaws.com", 1), want: ""},

	{name: "W19 not for a few addresses elsewhere", base: more, add: "  Few: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 192.0.2.0/24, TransitGatewayId: !Ref Tgw}}\n", want: ""},
	{name: "W47 egress", base: more, add: networkPolicy(`{"to": [{"ipBlock": {"cidr": "10.0.0.0/16"}}]}`), want: "W47 Extra"},
	{name: "W47 two blocks", base: more, add: networkPolicy(`{"to": [{"ipBlock": {"cidr": "10.0.0.0/16"}}, {"ipBlock": {"cidr": "0.0.0.0/0"}}, {"podSelector": {}}]}`), want: "W47 Extra"},
	{name: "W47 on an IPv4 cluster", base: more, edits: []string{"KubernetesNetworkConfig: {IpFamily: ipv6}", "KubernetesNetworkConfig: {IpFamily: ipv4}", `"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6"], `, ""}, add: networkPolicy(`{"to": [{"ipBlock": {"cidr": "2001:db8::/32"}}]}`), want: "W47 Extra"},
	{name: "W47 not without blocks", base: more, add: networkPolicy(`{"to": [{"podSelector": {}}]}, {}`), want: ""},

	{name: "V80 transit gateway", base: more, edits: []string{`DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Eigw`, `DestinationIpv6CidrBlock: "::/0", TransitGatewayId: !Ref Tgw`}, want: "V80 Out6"},
	{name: "V80 internet gateway", base: more, edits: []string{`DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Eigw`, `DestinationIpv6CidrBlock: "::/0", TransitGatewayId: !Ref Tgw`, `DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref HubEigw`, `DestinationIpv6CidrBlock: "::/0", GatewayId: !Ref HubIgw`},
		add: "  HubIgw: {Type: AWS::EC2::InternetGateway}\n  HubIgwAttachment: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Hub, InternetGatewayId: !Ref HubIgw}}\n", want: "V80 Out6", also: "V83 HubOut6"},
	{name: "V80 peering", base: more, edits: []string{`DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Eigw`, `DestinationIpv6CidrBlock: "::/0", VpcPeeringConnectionId: !Ref Peering`}, want: "V80 Out6"},
	{name: "V80 not by NAT66", base: more, edits: []string{`DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref Eigw`, `DestinationIpv6CidrBlock: "::/0", TransitGatewayId: !Ref Tgw`, `DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref HubEigw`, `DestinationIpv6CidrBlock: "::/0", InstanceId: !Ref Nat66`},
		add: "  Nat66: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref HubA, SourceDestCheck: false}}\n", want: ""},
	{name: "V81", base: more, edits: []string{"SourceDestCheck: false, ", ""}, want: "V81 NatInstance"},
	{name: "V81 switched on", base: more, edits: []string{"SourceDestCheck: false, ", "SourceDestCheck: \"true\", "}, want: "V81 NatInstance"},
	{name: "V81 interface", base: more, edits: []string{"DestinationCidrBlock: 0.0.0.0/0, InstanceId: !Ref NatInstance", "DestinationCidrBlock: 0.0.0.0/0, NetworkInterfaceId: !Ref Nic"}, add: "  Nic: {Type: AWS::EC2::NetworkInterface, Properties: {SubnetId: !Ref PublicA, GroupSet: [!Ref NatGroup]}}\n", want: "V81 Nic"},
	{name: "V81 not with an interface of its own", base: more, edits: []string{"SourceDestCheck: false, NetworkInterfaces: [{DeviceIndex: \"0\", AssociatePublicIpAddress: true, SubnetId: !Ref PublicA, GroupSet: [!Ref NatGroup]}]", "NetworkInterfaces: [{DeviceIndex: \"0\", NetworkInterfaceId: !Ref Nic}]"}, add: "  Nic: {Type: AWS::EC2::NetworkInterface, Properties: {SubnetId: !Ref PublicA, SourceDestCheck: false, GroupSet: [!Ref NatGroup]}}\n", want: ""},
	{name: "W49 peering", base: more, edits: []string{"  Peer6: {Type: AWS::EC2::Route, DependsOn: PeerBlock, Properties: {RouteTableId: !Ref Table, DestinationIpv6CidrBlock: !Select [0, !GetAtt Peer.Ipv6CidrBlocks], VpcPeeringConnectionId: !Ref Peering}}\n", ""}, want: "W49 Table"},
	{name: "W49 transit gateway", base: more, edits: []string{"  HubBack6: {Type: AWS::EC2::Route, DependsOn: HubAttachment, Properties: {RouteTableId: !Ref HubTable, DestinationIpv6CidrBlock: \"2001:db8:1::/60\", TransitGatewayId: !Ref Tgw}}\n", ""}, want: "W49 HubTable"},
	{name: "W49 another range", base: more, edits: []string{`DestinationIpv6CidrBlock: "2001:db8:1::/60", TransitGatewayId`, `DestinationIpv6CidrBlock: "2001:db8:2::/60", TransitGatewayId`}, want: "W49 HubTable"},
	{name: "W49 not by a prefix list", base: more, edits: []string{`DestinationIpv6CidrBlock: "2001:db8:1::/60", TransitGatewayId`, `DestinationPrefixListId: !Ref List, TransitGatewayId`}, add: "  List: {Type: AWS::EC2::PrefixList, Properties: {PrefixListName: x, AddressFamily: IPv6, MaxEntries: 1, Entries: [{Cidr: \"2001:db8:1::/60\"}]}}\n", want: ""},

	{name: "W50 world", base: more, add: admits("Open", `IpProtocol: tcp, FromPort: 6379, ToPort: 6379, CidrIpv6: "::/0"`), want: "W50 Open"},
	{name: "W50 half of the world", base: more, add: admits("Open", `IpProtocol: "-1", CidrIpv6: "8000::/1"`), want: "W50 Open"},
	{name: "W50 two halves", base: more, add: admits("Low", `IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/1`) + admits("Up", `IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 128.0.0.0/1`), want: "W50 Low Up"},
	{name: "W50 many parts", base: more, add: admits("P0", `IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIpv6: "2a00::/16"`) + admits("P1", `IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIpv6: "2a01::/16"`), want: "W50 P0 P1"},
	{name: "W50 not many ports", base: more, add: admits("P0", `IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIpv6: "2a00::/16"`) + admits("P1", `IpProtocol: tcp, FromPort: 23, ToPort: 23, CidrIpv6: "2a01::/16"`), want: ""},
	{name: "W50 not private ranges", base: more, add: admits("Own", `IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIpv6: "fc00::/7"`) + admits("Own4", `IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8`), want: ""},
	opened("W50 nodes", `IpProtocol: "-1", CidrIpv6: "::/0"`, false, "W50 NodeGroup"),
	opened("W50 a part of the internet at public nodes", `IpProtocol: tcp, FromPort: 30000, ToPort: 32767, CidrIpv6: "2a00:1450::/32"`, true, "W50 NodeGroup"),
	opened("W50 not at private nodes", `IpProtocol: tcp, FromPort: 30000, ToPort: 32767, CidrIpv6: "2a00:1450::/32"`, false, ""),
	opened("W50 not the VPC's own", `IpProtocol: tcp, FromPort: 30000, ToPort: 32767, CidrIpv6: "2001:db8:1::/60"`, true, ""),

	{name: "W51 middle", base: more, add: acl("Deny", "50", "deny", "From: 33000, To: 60000", "::/0"), want: "W51 Acl"},
	{name: "W51 behind translation", base: more, add: acl("Deny", "50", "deny", "From: 5000, To: 6000", "0.0.0.0/0"), want: "W51 Acl"},
	{name: "W51 allowed in part", base: more, edits: []string{"PortRange: {From: 443, To: 65535}", "PortRange: {From: 49152, To: 65535}"}, want: "W51 Acl"},
	{name: "W51 half of the internet", base: more, add: acl("Deny", "50", "deny", "From: 40000, To: 40000", "2000::/3"), want: "W51 Acl"},
	{name: "W51 not below", base: more, add: acl("Deny", "50", "deny", "From: 1, To: 1023", "0.0.0.0/0") + acl("Deny6", "51", "deny", "From: 1024, To: 32767", "::/0"), want: ""},
	{name: "W51 not a few networks", base: more, add: acl("Deny", "50", "deny", "From: 33000, To: 60000", "2001:db8:bad::/48"), want: ""},
	{name: "W51 not after what allows", base: more, add: acl("Deny", "500", "deny", "From: 33000, To: 60000", "::/0"), want: ""},
	{name: "W05 two halves", edits: []string{`"2001:db8:1::/48"]`, `"::/1", "8000::/1"]`}, want: "W05 Cluster"},
	{name: "W05 half of IPv4", edits: []string{`203.0.113.0/24, "2001:db8:1::/48"]`, `128.0.0.0/1, "2001:db8:1::/48"]`}, want: "W05 Cluster"},
	{name: "W07 load balancer", base: more, edits: []string{`, {IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIpv6: "::/0"}`, ""}, want: "W07 NlbGroup"},
	{name: "W07 application load balancer", edits: []string{`SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}, {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIpv6: "::/0"}]`, `SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]`}, want: "W07 NlbGroup"},
	{name: "W08 denied before", edits: []string{`AclIn6: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, RuleNumber: 101, `, `AclIn6: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, RuleNumber: 102, `}, add: `  AclNo6: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, RuleNumber: 101, RuleAction: deny, Protocol: -1, Ipv6CidrBlock: "::/0"}}` + "\n", want: "W08 Acl"},
	{name: "V16 not on Fargate alone", edits: []string{"  Nodes:\n    Type: AWS::EKS::Nodegroup\n", "  Nodes:\n    Type: AWS::CloudFormation::WaitConditionHandle\n", "  OwnNodes:\n    Type: AWS::EKS::Nodegroup\n", "  OwnNodes:\n    Type: AWS::CloudFormation::WaitConditionHandle\n",
		"      PodIdentityAssociations: [{ServiceAccount: aws-node, RoleArn: !GetAtt CniRole.Arn}]\n", ""}, want: ""},
}

// gatewayUDP is a Gateway with a UDP listener, on a dual-stack network load balancer.
func gatewayUDP(settings string) string {
	return object(`{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "nlb"}, "spec": {"controllerName": "gateway.k8s.aws/nlb"}}, ` +
		`{"apiVersion": "gateway.k8s.aws/v1", "kind": "LoadBalancerConfiguration", "metadata": {"name": "conf"}, "spec": {"ipAddressType": "dualstack"` + settings + `, "defaultTargetGroupConfiguration": {"name": "tg"}}}, ` +
		`{"apiVersion": "gateway.k8s.aws/v1", "kind": "TargetGroupConfiguration", "metadata": {"name": "tg"}, "spec": {"defaultConfiguration": {"targetType": "ip"}}}, ` +
		`{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "g"}, "spec": {"gatewayClassName": "nlb", "infrastructure": {"parametersRef": {"name": "conf"}}, "listeners": [{"name": "u", "port": 53, "protocol": "UDP"}]}}`)
}

// chart is the load balancer controller's, in auto.yaml.
func chart(values string) string {
	return `  Lbc: {Type: Custom::AWSCDK-EKS-HelmChart, Properties: {ClusterName: !Ref Cluster, Release: lbc, Chart: aws-load-balancer-controller, Version: 3.5.0, Namespace: kube-system, Values: !Sub '{"clusterName":"${Cluster}",` + values + `,"ingressClassParams":{"create":true,"spec":{"ipAddressType":"dualstack","targetType":"ip"}}}'}}` + "\n"
}
