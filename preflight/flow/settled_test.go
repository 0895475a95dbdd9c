package flow_test

import (
	"strings"

	"github.com/eks-ipv6/cdk/preflight/flow"
)

// acl gives a subnet a network ACL of its own, with these entries.
func acl(vpc, subnet string, entries ...object) edit {
	edits := []edit{add("Own", "AWS::EC2::NetworkAcl", object{"VpcId": ref(vpc)}), add(subnet+"Acl", "AWS::EC2::SubnetNetworkAclAssociation", object{"SubnetId": ref(subnet), "NetworkAclId": ref("Own")})}
	for i, e := range entries {
		e["NetworkAclId"], e["RuleNumber"] = ref("Own"), i+1
		edits = append(edits, add("Own"+string(rune('A'+i)), "AWS::EC2::NetworkAclEntry", e))
	}
	return all(edits...)
}

// in and out are entries of a network ACL that allow everything from or to a range.
func in(prefix string) object  { return entry(prefix, false) }
func out(prefix string) object { return entry(prefix, true) }

func entry(prefix string, egress bool) object {
	property := "CidrBlock"
	if strings.Contains(prefix, ":") {
		property = "Ipv6CidrBlock"
	}
	return object{"RuleAction": "allow", "Egress": egress, "Protocol": -1, property: prefix}
}

// ports leaves a range of an entry's TCP ports.
func ports(e object, from, to int) object {
	e["Protocol"], e["PortRange"] = 6, object{"From": from, "To": to}
	return e
}

// bind registers the cluster's Pods with a target group and has the controller open them to a range.
func bind(targets, prefix, protocol string) edit {
	return add(targets+"Binding", "Custom::AWSCDK-EKS-KubernetesResource", object{"ClusterName": ref("Cluster"), "Manifest": object{"Fn::Join": []any{"", []any{
		`[{"apiVersion":"elbv2.k8s.aws/v1beta1","kind":"TargetGroupBinding","metadata":{"name":"own","namespace":"shop"},"spec":{"targetGroupARN":"`, ref(targets),
		`","networking":{"ingress":[{"from":[{"ipBlock":{"cidr":"` + prefix + `"}}],"ports":[{"port":8080,"protocol":"` + protocol + `"}]}]}}}]`}}}})
}

// nlb is an internal NLB of the template, without security groups.
func nlb(subnets []any, targets object) edit {
	return all(
		add("Nlb", "AWS::ElasticLoadBalancingV2::LoadBalancer", object{"Type": "network", "Scheme": "internal", "IpAddressType": "dualstack", "Subnets": subnets}),
		add("NlbTargets", "AWS::ElasticLoadBalancingV2::TargetGroup", targets),
		add("NlbListener", "AWS::ElasticLoadBalancingV2::Listener", object{"LoadBalancerArn": ref("Nlb"), "Port": 443, "Protocol": targets["Protocol"], "DefaultActions": []any{object{"Type": "forward", "TargetGroupArn": ref("NlbTargets")}}}))
}

// preserve are the attributes of a target group that keeps or hides the client's address.
func preserve(value string) []any {
	return []any{object{"Key": "preserve_client_ip.enabled", "Value": value}}
}

// toIgw makes PrivateA of cluster.yaml a public subnet for IPv6.
var toIgw = all(set("PrivateADefault6", "EgressOnlyInternetGatewayId", nil), set("PrivateADefault6", "GatewayId", ref("Igw")))

// settled are the questions about which the tracer and the packet lab, or the tracer and AWS's words, once disagreed: docs/supported.md
// has a line for each.
func settled() []question {
	const (
		cluster, peering, transit, egress, interop = "cluster.yaml", "peering.yaml", "transit.yaml", "egress.yaml", "interop.yaml"

		pod, node   = "pod:any@NodesX86@PrivateA", "nodegroup:NodesX86@PrivateA"
		west        = "pod:any@WestNodes@WestPrivateA"
		spoke       = "pod:any@SpokeNodes@SpokePrivateA"
		old         = "pod:any@OldNodes@SharedPrivateA"
		four, six   = "0.0.0.0/0", "::/0"
		eastIPv6    = "2001:db8:1::/48" // a range that holds what stands for Amazon's choice
		westIPv6    = "2001:db8:3::/48"
		publicAIPv6 = "2001:db8:1:100::/64"
	)
	closed := all(add("NodeGroup", "AWS::EC2::SecurityGroup", object{"VpcId": ref("Vpc"), "GroupDescription": "nodes"}), set("NodeTemplate", "LaunchTemplateData.SecurityGroupIds", []any{att("NodeGroup", "GroupId")}))
	opened := all(balancer("internet-facing"), drop("AlbBinding"), bind("AlbTargets", six, "TCP"))

	server := func(subnet string, rule object) edit {
		rule["IpProtocol"], rule["FromPort"], rule["ToPort"] = "tcp", 443, 443
		return all(add("ServerGroup", "AWS::EC2::SecurityGroup", object{"VpcId": ref("HubVpc"), "GroupDescription": "server", "SecurityGroupIngress": []any{rule}}),
			add("Server", "AWS::EC2::Instance", object{"SubnetId": ref(subnet), "SecurityGroupIds": []any{att("ServerGroup", "GroupId")}}),
			add("HubPublicADefault6", "AWS::EC2::Route", object{"RouteTableId": ref("HubPublicATable"), "DestinationIpv6CidrBlock": six, "GatewayId": ref("HubIgw")}))
	}
	spokeIgw := all(add("SpokeIgw", "AWS::EC2::InternetGateway", object{}), add("SpokeIgwAttachment", "AWS::EC2::VPCGatewayAttachment", object{"VpcId": ref("SpokeVpc"), "InternetGatewayId": ref("SpokeIgw")}),
		set("SpokePrivateADefault6", "EgressOnlyInternetGatewayId", nil), set("SpokePrivateADefault6", "GatewayId", ref("SpokeIgw")))
	apart := drop("HubAttachment", "Default") // nothing joins the VPCs
	hubEgressOnly := all(add("HubEgressOnly", "AWS::EC2::EgressOnlyInternetGateway", object{"VpcId": ref("HubVpc")}),
		add("HubPrivateADefault6", "AWS::EC2::Route", object{"RouteTableId": ref("HubPrivateATable"), "DestinationIpv6CidrBlock": six, "EgressOnlyInternetGatewayId": ref("HubEgressOnly")}))
	roundabout := all(add("HubPrivateADefault6", "AWS::EC2::Route", object{"RouteTableId": ref("HubPrivateATable"), "DestinationIpv6CidrBlock": six, "TransitGatewayId": ref("Transit")}),
		add("Default6", "AWS::EC2::TransitGatewayRoute", object{"TransitGatewayRouteTableId": att("Transit", "AssociationDefaultRouteTableId"), "TransitGatewayAttachmentId": ref("SpokeAttachment"), "DestinationCidrBlock": six}),
		set("SpokePrivateADefault6", "EgressOnlyInternetGatewayId", nil))

	bpa := func(exclusion string) edit {
		block := add("Bpa", "AWS::EC2::VPCBlockPublicAccessOptions", object{"InternetGatewayBlockMode": "block-ingress"})
		if exclusion == "" {
			return block
		}
		return all(block, add("Excluded", "AWS::EC2::VPCBlockPublicAccessExclusion", object{"InternetGatewayExclusionMode": exclusion, "SubnetId": ref("PublicA")}))
	}

	narrow := func(vpc, subnet string) edit {
		return acl(vpc, subnet, ports(in(four), 32768, 65535), ports(in(six), 32768, 65535), out(four), out(six))
	}
	cni := func(id, cluster, env string) edit {
		return add(id, "AWS::EKS::Addon", object{"ClusterName": ref(cluster), "AddonName": "vpc-cni", "ConfigurationValues": `{"env":{` + env + `}}`})
	}

	edge := all(add("EastEdge", "AWS::EC2::Subnet", object{"VpcId": ref("EastVpc"), "AvailabilityZone": object{"Fn::Select": []any{0, object{"Fn::GetAZs": ""}}}, "CidrBlock": "10.0.0.0/28",
		"Ipv6CidrBlock": object{"Fn::Select": []any{0, object{"Fn::Cidr": []any{object{"Fn::Select": []any{0, att("EastVpc", "Ipv6CidrBlocks")}}, 16, 64}}}}}),
		set("EastAttachment", "SubnetIds", []any{ref("EastEdge"), ref("EastPrivateB")}))
	westEndpoint := all(add("WestEcr", "AWS::EC2::VPCEndpoint", object{"VpcId": ref("WestVpc"), "VpcEndpointType": "Interface", "IpAddressType": "dualstack", "ServiceName": object{"Fn::Sub": "com.amazonaws.${AWS::Region}.ecr.api"},
		"SubnetIds": []any{ref("WestPrivateA")}, "SecurityGroupIds": []any{att("WestEcrGroup", "GroupId")}}),
		add("WestEcrGroup", "AWS::EC2::SecurityGroup", object{"VpcId": ref("WestVpc"), "GroupDescription": "endpoint", "SecurityGroupIngress": []any{
			object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "SourceSecurityGroupId": att("EastCluster", "ClusterSecurityGroupId")}}}),
		set("Transit", "SecurityGroupReferencingSupport", "enable"))

	keeps := replace("AppNlb", "Manifest", `"annotations":{`, `"annotations":{"service.beta.kubernetes.io/aws-load-balancer-target-group-attributes":"preserve_client_ip.enabled=true",`)
	internal := replace("AppNlb", "Manifest", `scheme":"internet-facing"`, `scheme":"internal"`)
	private := []any{ref("PrivateA"), ref("PrivateB"), ref("PrivateC")}
	pods := func(protocol, kept string) edit {
		return nlb(private, object{"VpcId": ref("Vpc"), "TargetType": "ip", "IpAddressType": "ipv6", "Protocol": protocol, "Port": 8080, "TargetGroupAttributes": preserve(kept)})
	}
	remote := func(kept string) edit {
		return nlb([]any{ref("EastPrivateA"), ref("EastPrivateB")}, object{"VpcId": ref("EastVpc"), "TargetType": "ip", "Protocol": "TCP", "Port": 443, "TargetGroupAttributes": preserve(kept),
			"Targets": []any{object{"Id": att("OldInstance", "PrivateIp"), "AvailabilityZone": "all"}}})
	}

	regional := all(set("NatA", "SubnetId", nil), set("NatA", "AllocationId", nil), set("NatA", "AvailabilityMode", "regional"), set("NatA", "VpcId", ref("Vpc")))
	nat64 := func(table string) edit {
		return add("Nat64", "AWS::EC2::Route", object{"RouteTableId": ref(table), "DestinationIpv6CidrBlock": "64:ff9b::/96", "NatGatewayId": ref("NatA")})
	}
	twice := all(add("Hosts", "AWS::EC2::PrefixList", object{"AddressFamily": "IPv4", "MaxEntries": 1, "PrefixListName": "hosts", "Entries": []any{object{"Cidr": "203.0.113.0/24"}}}),
		add("AByList", "AWS::EC2::Route", object{"RouteTableId": ref("PrivateATable"), "DestinationPrefixListId": att("Hosts", "PrefixListId"), "GatewayId": ref("Igw")}),
		add("ByCidr", "AWS::EC2::Route", object{"RouteTableId": ref("PrivateATable"), "DestinationCidrBlock": "203.0.113.0/24", "NatGatewayId": ref("NatA")}))
	six4 := all(cni("OldCni", "OldCluster", `"ENABLE_V6_EGRESS":"true"`), add("EgressOnly", "AWS::EC2::EgressOnlyInternetGateway", object{"VpcId": ref("SharedVpc")}),
		add("Default6", "AWS::EC2::Route", object{"RouteTableId": ref("SharedPrivateATable"), "DestinationIpv6CidrBlock": six, "EgressOnlyInternetGatewayId": ref("EgressOnly")}))

	return []question{
		{"a Pod reaches its own node, which no group guards from it", cluster, closed, flow.Query{From: pod, To: node}, flow.Delivered, "NodesX86", "",
			"pod NodesX86: originate, node NodesX86: forward, node NodesX86: deliver"},
		{"and over IPv4 under its own address", cluster, closed, flow.Query{From: pod, To: node, Family: flow.IPv4}, flow.Delivered, "NodesX86", "",
			"pod NodesX86: originate, node NodesX86: forward, node NodesX86: deliver"},

		{"what the controller opens is open to the internet too", cluster, all(opened, toIgw), flow.Query{From: flow.Internet6, To: pod, Port: 8080}, flow.Delivered, "", "", "security group AlbTargetsBinding: allow"},
		{"and to other hosts", cluster, opened, flow.Query{From: "subnet:PublicA", To: pod, Port: 8080}, flow.Delivered, "", "", "security group AlbTargetsBinding: allow"},

		{"out by an egress-only gateway, in by the internet gateway of another VPC", egress, server("HubPublicA", object{"CidrIpv6": six}), flow.Query{From: spoke, To: "Server"}, flow.Delivered, "Server", "",
			"egress-only internet gateway SpokeEgressOnly: forward, internet gateway HubIgw: forward"},
		{"out by an internet gateway, in by that of another VPC", egress, all(server("HubPublicA", object{"CidrIpv6": six}), spokeIgw), flow.Query{From: spoke, To: "Server"}, flow.Delivered, "Server", "",
			"internet gateway SpokeIgw: forward, internet gateway HubIgw: forward"},
		{"a subnet behind an egress-only gateway refuses other VPCs too", egress, all(server("HubPrivateA", object{"CidrIpv6": six}), hubEgressOnly, spokeIgw, apart), flow.Query{From: spoke, To: "Server"}, flow.Denied, "HubEgressOnly", "lets nothing in", ""},
		{"a subnet behind an egress-only gateway is reached by what joins the VPCs, and no route leads to that", egress, all(server("HubPrivateA", object{"CidrIpv6": six}), hubEgressOnly, spokeIgw), flow.Query{From: spoke, To: "Server"}, flow.NoRoute, "SpokePrivateATable", "by Transit, which joins the VPCs", ""},
		{"by the internet a group of another VPC means nothing", egress, server("HubPublicA", object{"SourceSecurityGroupId": att("SpokeCluster", "ClusterSecurityGroupId")}), flow.Query{From: spoke, To: "Server"}, flow.Denied, "ServerGroup", "no rule allows tcp/443", ""},
		{"the internet does not carry private IPv6 between VPCs", egress, all(add("HubIpv6", "AWS::EC2::VPCCidrBlock", object{"VpcId": ref("HubVpc"), "Ipv6CidrBlock": "fd12:3456:789a::/56"}), server("HubPublicA", object{"CidrIpv6": six})),
			flow.Query{From: spoke, To: "Server"}, flow.NoRoute, "SpokePrivateATable", "leads to the internet", ""},

		{"an internet-facing load balancer is called by its public address, inside too", cluster, nil, flow.Query{From: pod, To: flow.Ingress("shop", "web"), Family: flow.IPv4}, flow.Delivered, "", "",
			"NAT gateway NatA: snat, route table PublicATable: route, internet gateway Igw: snat, internet gateway Igw: dnat"},
		{"so its group does not see the VPC's range", cluster, replace("AppIngress", "Manifest", `"annotations":{`, `"annotations":{"alb.ingress.kubernetes.io/inbound-cidrs":"10.0.0.0/16",`),
			flow.Query{From: pod, To: flow.Ingress("shop", "web"), Family: flow.IPv4}, flow.Denied, "AppIngress", "from 198.51.100.", ""},
		{"and without a way out it is not reached", cluster, drop("PrivateADefault4"), flow.Query{From: pod, To: flow.Ingress("shop", "web"), Family: flow.IPv4}, flow.NoRoute, "PrivateATable", "no route to 198.51.100.", ""},

		{"an internet gateway does not translate what DNS64 made up", cluster, all(set("PrivateA", "EnableDns64", true), toIgw), flow.Query{From: pod, To: flow.Internet4}, flow.NoRoute, "Igw", "translates nothing", ""},

		{"block-ingress stops what goes out directly", cluster, bpa(""), flow.Query{From: "subnet:PublicA", To: flow.Internet6}, flow.Denied, "Bpa", "block-ingress", ""},
		{"allow-egress lets nothing out of block-ingress", cluster, bpa("allow-egress"), flow.Query{From: "subnet:PublicA", To: flow.Internet6}, flow.Denied, "Bpa", "block-ingress", ""},
		{"allow-bidirectional does", cluster, bpa("allow-bidirectional"), flow.Query{From: "subnet:PublicA", To: flow.Internet6}, flow.ExitsNetwork, "", "", "internet gateway Igw: forward"},
		{"block-ingress leaves NAT alone", cluster, bpa(""), flow.Query{From: pod, To: flow.Internet4}, flow.ExitsNetwork, "", "", "NAT gateway NatA: snat"},
		{"block-ingress leaves egress-only gateways alone", cluster, bpa(""), flow.Query{From: pod, To: flow.Internet6}, flow.ExitsNetwork, "", "", "egress-only internet gateway EgressOnly: forward"},

		{"the VPC CNI sends from any port", cluster, narrow("Vpc", "PrivateA"), flow.Query{From: pod, To: flow.Internet4}, flow.Mixed, "Own", "tcp/1024", ""},
		{"unless it is told not to", cluster, all(narrow("Vpc", "PrivateA"), cni("Cni", "Cluster", `"AWS_VPC_K8S_CNI_RANDOMIZESNAT":"none"`)), flow.Query{From: pod, To: flow.Internet4}, flow.ExitsNetwork, "", "", "VPC CNI Cni: snat"},
		{"a node sends from Linux' ports", cluster, narrow("Vpc", "PrivateA"), flow.Query{From: node, To: flow.Internet4}, flow.ExitsNetwork, "", "", ""},
		{"a function sends from any port", cluster, all(narrow("Vpc", "PrivateA"), add("Function", "AWS::Lambda::Function", object{"VpcConfig": object{"SubnetIds": []any{ref("PrivateA")}, "SecurityGroupIds": []any{att("ControlPlaneGroup", "GroupId")}}})),
			flow.Query{From: "Function", To: flow.Internet4}, flow.Mixed, "Own", "tcp/1024", ""},
		{"beyond the VPC the VPC CNI of an IPv4 cluster sends from any port", peering, narrow("WestVpc", "WestPrivateA"), flow.Query{From: west, To: "subnet:EastPrivateA"}, flow.Mixed, "Own", "tcp/1024", ""},
		{"within it the Pod from its own", peering, narrow("WestVpc", "WestPrivateA"), flow.Query{From: west, To: "subnet:WestPrivateB"}, flow.Delivered, "", "", ""},
		{"and everywhere with external translation", peering, all(narrow("WestVpc", "WestPrivateA"), cni("WestCni", "WestCluster", `"AWS_VPC_K8S_CNI_EXTERNALSNAT":"true"`)), flow.Query{From: west, To: "subnet:EastPrivateA"}, flow.Delivered, "", "", ""},

		{"what leaves by the attachment in its own subnet is asked about inbound too", transit, acl("EastVpc", "EastPrivateA", in(westIPv6), out(six)), flow.Query{From: eastToWest, To: west}, flow.Denied, "Own", "no inbound entry of subnet EastPrivateA", ""},
		{"the attachment's subnet admits the sender", transit, all(edge, acl("EastVpc", "EastEdge", out(eastIPv6))), flow.Query{From: eastToWest, To: west}, flow.Denied, "Own", "no inbound entry of subnet EastEdge", ""},
		{"and lets the answer out to it", transit, all(edge, acl("EastVpc", "EastEdge", in(eastIPv6))), flow.Query{From: eastToWest, To: west}, flow.Denied, "Own", "no outbound entry of subnet EastEdge", ""},
		{"and need not know the other side", transit, all(edge, acl("EastVpc", "EastEdge", in(eastIPv6), out(eastIPv6))), flow.Query{From: eastToWest, To: west}, flow.Delivered, "WestNodes", "", ""},
		{"no network ACL stands before a NAT gateway in the sender's subnet", cluster, all(set("NodesArm", "Subnets", []any{ref("PublicA"), ref("PrivateB")}), set("PublicA", "EnableDns64", true), nat64("PublicATable"), acl("Vpc", "PublicA", in(four), out(four))),
			flow.Query{From: "pod:any@NodesArm@PublicA", To: flow.Internet4}, flow.ExitsNetwork, "", "", "NAT gateway NatA: nat64 IPv6 to IPv4"},

		{"a gateway endpoint serves no other VPC", egress, add("HubS3", "AWS::EC2::VPCEndpoint", object{"VpcId": ref("HubVpc"), "VpcEndpointType": "Gateway", "ServiceName": object{"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"}, "RouteTableIds": []any{ref("HubPrivateATable"), ref("HubPrivateBTable")}}),
			flow.Query{From: spoke, To: "HubS3"}, flow.NoRoute, "HubS3", "serves HubVpc only", ""},
		{"a gateway endpoint carries no UDP", cluster, nil, flow.Query{From: pod, To: "S3Endpoint", Proto: flow.UDP}, flow.NoRoute, "S3Endpoint", "TCP only", ""},
		{"an internet gateway translates for its own VPC", egress, all(set("HubPrivateADefault4", "NatGatewayId", nil), set("HubPrivateADefault4", "GatewayId", ref("HubIgw")),
			add("Server", "AWS::EC2::Instance", object{"NetworkInterfaces": []any{object{"DeviceIndex": "0", "SubnetId": ref("SpokePrivateA"), "AssociatePublicIpAddress": true}}})),
			flow.Query{From: "Server", To: flow.Internet4}, flow.NoRoute, "HubIgw", "of HubVpc only", ""},
		{"a table has no use of another VPC's internet gateway, also for that VPC's hosts", egress, all(roundabout, set("SpokePrivateADefault6", "GatewayId", ref("HubIgw"))), flow.Query{From: "subnet:HubPrivateA", To: flow.Internet6}, flow.NoRoute, "HubIgw", "attached to another VPC", ""},
		{"nor of its egress-only gateway", egress, all(hubEgressOnly, roundabout, set("SpokePrivateADefault6", "EgressOnlyInternetGatewayId", ref("HubEgressOnly"))), flow.Query{From: "subnet:HubPrivateA", To: flow.Internet6}, flow.NoRoute, "HubEgressOnly", "belongs to another VPC", ""},
		{"peered VPCs that share IPv6", peering, all(add("EastOwn", "AWS::EC2::VPCCidrBlock", object{"VpcId": ref("EastVpc"), "Ipv6CidrBlock": "2001:db8:42::/48", "Ipv6Pool": "p"}),
			add("WestOwn", "AWS::EC2::VPCCidrBlock", object{"VpcId": ref("WestVpc"), "Ipv6CidrBlock": "2001:db8:42:100::/56", "Ipv6Pool": "p"})), flow.Query{From: eastToWest, To: west}, flow.Denied, "Peering", "2001:db8:42:100::/56", ""},
		{"over a transit gateway no group of another VPC opens a VPC endpoint", transit, westEndpoint, flow.Query{From: eastToWest, To: "WestEcr"}, flow.Denied, "WestEcrGroup", "no rule allows tcp/443", ""},

		{"with the client's address kept the targets' subnet lets the answer out to the client", cluster, all(keeps, acl("Vpc", "PrivateA", in(six), out(eastIPv6))), flow.Query{From: flow.Internet6, To: flow.Service("shop", "web-nlb")}, flow.Mixed, "Own", "no outbound entry of subnet PrivateA", ""},
		{"and the load balancer's subnet lets it in", cluster, all(keeps, acl("Vpc", "PublicA", ports(in(six), 443, 443), out(six))), flow.Query{From: flow.Internet6, To: flow.Service("shop", "web-nlb")}, flow.Denied, "Own", "no inbound entry of subnet PublicA", ""},
		{"from the targets' addresses", cluster, all(keeps, acl("Vpc", "PublicA", ports(in(six), 443, 443), ports(in(eastIPv6), 1024, 65535), out(six))), flow.Query{From: flow.Internet6, To: flow.Service("shop", "web-nlb")}, flow.Delivered, "", "", ""},
		{"none is asked where both are in one subnet", cluster, all(pods("TCP", "true"), bind("NlbTargets", publicAIPv6, "TCP"), set("Nlb", "Subnets", []any{ref("PrivateA")}), set("NodesArm", "Subnets", []any{ref("PrivateA")}), set("NodesX86", "Subnets", []any{ref("PrivateA")}),
			acl("Vpc", "PrivateA", in(publicAIPv6), out(publicAIPv6))), flow.Query{From: "subnet:PublicA", To: "Nlb"}, flow.Delivered, "", "", ""},
		{"a client that is its own target gets no answer", cluster, all(pods("TCP", "true"), bind("NlbTargets", six, "TCP")), flow.Query{From: "pod:any@NodesArm@PrivateA", To: "Nlb"}, flow.NoRoute, "NlbTargets", "the client is the target", ""},
		{"unless the load balancer hides its address", cluster, all(pods("TCP", "false"), bind("NlbTargets", six, "TCP")), flow.Query{From: "pod:any@NodesArm@PrivateA", To: "Nlb"}, flow.Delivered, "NodesArm", "", ""},
		{"over UDP the client's address is kept, also where that is off", cluster, all(pods("UDP", "false"), bind("NlbTargets", publicAIPv6, "UDP")), flow.Query{From: "subnet:PublicA", To: "Nlb", Proto: flow.UDP}, flow.Delivered, "NodesArm", "", ""},
		{"and not over TCP", cluster, all(pods("TCP", "false"), bind("NlbTargets", publicAIPv6, "TCP")), flow.Query{From: "subnet:PublicA", To: "Nlb"}, flow.Denied, "Cluster", "no rule allows tcp/8080", ""},
		{"a target registered by an instance's address, behind a transit gateway", transit, remote("false"), flow.Query{From: "subnet:EastPrivateA", To: "Nlb"}, flow.Delivered, "OldInstance", "", ""},
		{"where the client's address cannot be kept", transit, remote("true"), flow.Query{From: "subnet:EastPrivateA", To: "Nlb", Family: flow.IPv4}, flow.NoRoute, "NlbTargets", "behind a transit gateway", ""},
		{"an internal NLB of a Service that the internet may call", cluster, all(internal, toIgw, set("PrivateB", "Tags", nil), set("PrivateC", "Tags", nil), set("NodesX86", "Subnets", []any{ref("PrivateA")}), set("NodesArm", "Subnets", []any{ref("PrivateA")}),
			replace("AppNlb", "Manifest", `"annotations":{`, `"annotations":{"service.beta.kubernetes.io/aws-load-balancer-attributes":"ipv6.deny_all_igw_traffic=false",`)), flow.Query{From: flow.Internet6, To: flow.Service("shop", "web-nlb")}, flow.Delivered, "", "", ""},

		{"a route to a CIDR before one to a prefix list that holds it", cluster, twice, flow.Query{From: pod, To: flow.Internet4}, flow.ExitsNetwork, "", "", "NAT gateway NatA: snat"},
		{"how a regional NAT gateway is answered from inside", cluster, all(regional, set("PrivateA", "EnableDns64", true), nat64("PrivateATable")), flow.Query{From: pod, To: "Database"}, flow.Insufficient, "NatA", "not documented", ""},
		{"a node of an IPv4 cluster has IPv6 where its subnet gives it", interop, six4, flow.Query{From: "nodegroup:OldNodes@SharedPrivateA", To: flow.Internet6}, flow.ExitsNetwork, "", "", "egress-only internet gateway EgressOnly: forward"},
		{"its Pods go out under that address", interop, six4, flow.Query{From: old, To: flow.Internet6}, flow.ExitsNetwork, "", "", "VPC CNI OldCni: snat"},
		{"from any port", interop, all(six4, narrow("SharedVpc", "SharedPrivateA")), flow.Query{From: old, To: flow.Internet6}, flow.Mixed, "Own", "tcp/1024", ""},
		{"and not where the subnet gives none", interop, all(six4, set("SharedPrivateA", "AssignIpv6AddressOnCreation", nil)), flow.Query{From: old, To: flow.Internet6}, flow.NoRoute, "SharedPrivateA", "have no IPv6 address", ""},

		{"an address of the VPC in no subnet opens no connection", cluster, nil, flow.Query{From: "10.0.250.1", To: flow.Internet4}, flow.NoRoute, "Vpc", "in none of its subnets", ""},
		{"and none reaches it", cluster, nil, flow.Query{From: flow.Internet6, To: "2001:db8:1:1fe::1"}, flow.NoRoute, "Vpc", "in none of its subnets", ""},
	}
}
