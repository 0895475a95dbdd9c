package flow_test

import (
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
)

// TestDocumented asks what packets alone do not settle, so that the packet lab has no part in it.
func TestDocumented(t *testing.T) {
	t.Parallel()
	for _, c := range documented() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.ask(t, func(tp template) *flow.Network { return read(t, tp) })
		})
	}
}

// instance is a host of cluster.yaml whose group, named after it, lets in TCP 443 from everywhere.
func instance(id, subnet string, props object) edit {
	if props == nil {
		props = object{}
	}
	if props["SubnetId"] == nil && props["NetworkInterfaces"] == nil && props["LaunchTemplate"] == nil {
		props["SubnetId"] = ref(subnet)
	}
	if props["SecurityGroupIds"] == nil && props["NetworkInterfaces"] == nil && props["LaunchTemplate"] == nil {
		props["SecurityGroupIds"] = []any{ref(id + "Group")}
	}
	return all(add(id, "AWS::EC2::Instance", props), add(id+"Group", "AWS::EC2::SecurityGroup", object{"VpcId": ref("Vpc"), "GroupDescription": "g", "SecurityGroupIngress": []any{
		object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}, object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv6": "::/0"}}}))
}

// manifest applies Kubernetes objects.
func manifest(id, objects string) edit {
	return add(id, "Custom::AWSCDK-EKS-KubernetesResource", object{"ClusterName": ref("Cluster"), "Manifest": objects})
}

// documented are questions that AWS's documentation answers, and that templates seldom ask: what gives an address, what adds a route,
// what stands in the way, and what nobody but the deployment decides.
func documented() []question {
	const (
		cluster, transit, peering, interop = "cluster.yaml", "transit.yaml", "peering.yaml", "interop.yaml"

		four = "0.0.0.0/0"
		pod  = "pod:any@NodesX86@PrivateA"
		web  = "pod:shop/web@NodesX86@PrivateA"
	)
	egress := func(group, cidr string) edit {
		return add("Out", "AWS::EC2::SecurityGroupEgress", object{"GroupId": att(group, "GroupId"), "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": cidr})
	}
	noPublic := func() edit {
		return all(set("PublicA", "MapPublicIpOnLaunch", false), instance("Host", "PublicA", nil), add("Own", "AWS::EC2::EIP", object{}))
	}
	associated := func(props object) edit {
		props["AllocationId"] = att("Own", "AllocationId")
		return add("OwnAssociation", "AWS::EC2::EIPAssociation", props)
	}
	face := func(props object) object {
		props["DeviceIndex"], props["SubnetId"], props["GroupSet"] = "0", ref("PrivateA"), []any{ref("HostGroup")}
		return object{"NetworkInterfaces": []any{props}}
	}
	behindNAT := func() edit { // a server in a peered VPC, which lets one address of the NAT gateway's subnet in
		return all(set("PublicA", "CidrBlock", "10.0.0.0/20"), add("OtherVpc", "AWS::EC2::VPC", object{"CidrBlock": "10.9.0.0/16"}), add("OtherSubnet", "AWS::EC2::Subnet", object{"VpcId": ref("OtherVpc"), "CidrBlock": "10.9.0.0/24"}),
			add("OtherTable", "AWS::EC2::RouteTable", object{"VpcId": ref("OtherVpc")}), add("OtherAssociation", "AWS::EC2::SubnetRouteTableAssociation", object{"SubnetId": ref("OtherSubnet"), "RouteTableId": ref("OtherTable")}),
			add("Joined", "AWS::EC2::VPCPeeringConnection", object{"VpcId": ref("Vpc"), "PeerVpcId": ref("OtherVpc")}),
			add("There", "AWS::EC2::Route", object{"RouteTableId": ref("PublicATable"), "DestinationCidrBlock": "10.9.0.0/16", "VpcPeeringConnectionId": ref("Joined")}),
			add("Back", "AWS::EC2::Route", object{"RouteTableId": ref("OtherTable"), "DestinationCidrBlock": "10.0.0.0/16", "VpcPeeringConnectionId": ref("Joined")}),
			add("ServerGroup", "AWS::EC2::SecurityGroup", object{"VpcId": ref("OtherVpc"), "GroupDescription": "g", "SecurityGroupIngress": []any{object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.99/32"}}}),
			add("Server", "AWS::EC2::Instance", object{"SubnetId": ref("OtherSubnet"), "SecurityGroupIds": []any{ref("ServerGroup")}}))
	}
	vgw := all(add("Vgw", "AWS::EC2::VPNGateway", object{"Type": "ipsec.1"}), add("VgwAttachment", "AWS::EC2::VPCGatewayAttachment", object{"VpcId": ref("Vpc"), "VpnGatewayId": ref("Vgw")}))
	learns := all(vgw, add("Propagation", "AWS::EC2::VPNGatewayRoutePropagation", object{"VpnGatewayId": ref("Vgw"), "RouteTableIds": []any{ref("PrivateATable")}}))
	office := add("EastToOffice", "AWS::EC2::Route", object{"RouteTableId": ref("EastPrivateATable"), "DestinationCidrBlock": "192.168.0.0/16", "TransitGatewayId": ref("Transit")})
	vpn := add("Vpn", "AWS::EC2::VPNConnection", object{"Type": "ipsec.1", "CustomerGatewayId": "cgw-1", "TransitGatewayId": ref("Transit")})
	propagated := func(from any) edit {
		return all(office, add("Learned", "AWS::EC2::TransitGatewayRouteTablePropagation", object{"TransitGatewayRouteTableId": ref("TransitTable"), "TransitGatewayAttachmentId": from}))
	}
	byDefault := all(office, set("Transit", "DefaultRouteTablePropagation", nil), set("Transit", "DefaultRouteTableAssociation", nil), drop("EastAssociated", "EastPropagated"))
	gwlb := all(add("Inspect", "AWS::EC2::VPCEndpoint", object{"VpcId": ref("Vpc"), "VpcEndpointType": "GatewayLoadBalancer", "ServiceName": "com.amazonaws.vpce.eu-west-1.vpce-svc-1", "SubnetIds": []any{ref("PublicB")}}))
	edge := func(target object) edit {
		target["RouteTableId"], target["DestinationCidrBlock"] = ref("EdgeTable"), "10.0.0.0/20"
		return all(gwlb, instance("Host", "PublicA", nil), add("EdgeTable", "AWS::EC2::RouteTable", object{"VpcId": ref("Vpc")}), add("EdgeRoute", "AWS::EC2::Route", target),
			add("Edge", "AWS::EC2::GatewayRouteTableAssociation", object{"GatewayId": ref("Igw"), "RouteTableId": ref("EdgeTable")}))
	}
	targets := func(protocol string, port any) object {
		return object{"VpcId": ref("Vpc"), "TargetType": "instance", "Protocol": protocol, "Port": port, "Targets": []any{object{"Id": ref("Host")}}}
	}
	served := func(subnets []any, attributes ...any) edit {
		return all(instance("Host", "PrivateB", nil), nlb(subnets, targets("TCP", 443)), set("Nlb", "LoadBalancerAttributes", attributes))
	}
	private := []any{ref("PrivateA"), ref("PrivateB")}
	fits := func(listener, group string) edit {
		return all(instance("Host", "PrivateA", nil), nlb(private, targets(group, 443)), set("NlbListener", "Protocol", listener))
	}
	accelerated := func(id any) edit {
		return add("Accelerated", "AWS::GlobalAccelerator::EndpointGroup", object{"ListenerArn": "arn", "EndpointConfigurations": []any{object{"EndpointId": id}}})
	}
	admin := all(set("WestCluster", "ResourcesVpcConfig.EndpointPrivateAccess", true), set("WestCluster", "ResourcesVpcConfig.EndpointPublicAccess", false),
		add("AdminGroup", "AWS::EC2::SecurityGroup", object{"VpcId": ref("EastVpc"), "GroupDescription": "g"}), add("Admin", "AWS::EC2::Instance", object{"SubnetId": ref("EastPrivateA"), "SecurityGroupIds": []any{ref("AdminGroup")}}),
		add("FromAdmin", "AWS::EC2::SecurityGroupIngress", object{"GroupId": att("WestCluster", "ClusterSecurityGroupId"), "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"}))
	cni := func(env string) edit {
		return add("OldCni", "AWS::EKS::Addon", object{"ClusterName": ref("OldCluster"), "AddonName": "vpc-cni", "ConfigurationValues": `{"env":{` + env + `}}`})
	}
	policy := func(kind, spec string) edit {
		return manifest("Policy", `[{"apiVersion":"networking.k8s.io/v1","kind":"`+kind+`","metadata":{"name":"closed","namespace":"shop"},"spec":`+spec+`}]`)
	}
	enforced := set("Cni", "ConfigurationValues", `{"enableNetworkPolicy":"true"}`)
	closed := func(spec string) edit { return all(policy("NetworkPolicy", spec), enforced) }
	exclusive := func(other object) edit {
		other["RouteTableId"], other["DestinationCidrBlock"] = ref("PrivateATable"), four
		return all(add("Other", "AWS::EC2::Route", other), func(tp template) {
			tp["Parameters"] = object{"Use": object{"Type": "String"}}
			tp["Conditions"] = object{"First": object{"Fn::Equals": []any{ref("Use"), "a"}}, "Second": object{"Fn::Not": []any{object{"Condition": "First"}}}}
			resource(tp, "PrivateADefault4")["Condition"], resource(tp, "Other")["Condition"] = "First", "Second"
		})
	}
	return []question{
		// Groups and ports.
		{"a separate egress rule takes EC2's default egress away", cluster, all(instance("Host", "PrivateA", nil), egress("HostGroup", "10.0.0.0/16")),
			flow.Query{From: "Host", To: flow.Internet4}, flow.Denied, "HostGroup", "no rule allows", ""},
		{"of its own group only", cluster, all(instance("Host", "PrivateA", nil), instance("More", "PrivateA", nil), egress("MoreGroup", "10.0.0.0/16")),
			flow.Query{From: "Host", To: flow.Internet4}, flow.ExitsNetwork, "", "", ""},
		{"and allows what it states", cluster, all(instance("Host", "PrivateA", nil), egress("HostGroup", four)), flow.Query{From: "Host", To: flow.Internet4}, flow.ExitsNetwork, "", "", ""},
		{"port 65979 is not port 443", cluster, all(instance("Host", "PrivateA", nil), nlb(private, targets("TCP", 443)), set("NlbListener", "Port", 65979)),
			flow.Query{From: "subnet:PrivateC", To: "Nlb", Port: 443, Family: flow.IPv4}, flow.NoRoute, "Nlb", "no listener on port 443", ""},
		{"nor is that of a Service", cluster, replace("AppNlb", "Manifest", `"port":443`, `"port":65979`), flow.Query{From: flow.Internet6, To: flow.Service("shop", "web-nlb"), Port: 443}, flow.NoRoute, "AppNlb", "no listener on port 443", ""},
		{"nor that of a rule", cluster, set("DatabaseFromNodes", "FromPort", 65536+5432), flow.Query{From: pod, To: "Database"}, flow.Insufficient, "DatabaseFromNodes", "port 70968", ""},
		{"a TCP listener before UDP targets", cluster, fits("TCP", "UDP"), flow.Query{From: "subnet:PrivateC", To: "Nlb", Family: flow.IPv4}, flow.Denied, "NlbListener", "protocol UDP of target group NlbTargets does not fit", ""},
		{"a TLS listener before HTTP targets", cluster, fits("TLS", "HTTP"), flow.Query{From: "subnet:PrivateC", To: "Nlb", Family: flow.IPv4}, flow.Denied, "NlbListener", "protocol HTTP of target group NlbTargets does not fit", ""},
		{"a TCP listener before targets of both", cluster, fits("TCP", "TCP_UDP"), flow.Query{From: "subnet:PrivateC", To: "Nlb", Family: flow.IPv4}, flow.Delivered, "Host", "", ""},
		{"UDP to a TCP listener", cluster, fits("TCP", "TCP"), flow.Query{From: "subnet:PrivateC", To: "Nlb", Port: 443, Proto: flow.UDP, Family: flow.IPv4}, flow.NoRoute, "Nlb", "no listener", ""},

		// Addresses.
		{"an elastic address of an instance, by its association", cluster, all(noPublic(), associated(object{"InstanceId": ref("Host")})), flow.Query{From: "Host", To: flow.Internet4}, flow.ExitsNetwork, "", "", ""},
		{"by itself, from the internet", cluster, all(noPublic(), set("Own", "InstanceId", ref("Host"))), flow.Query{From: flow.Internet4, To: "Host"}, flow.Delivered, "Host", "", ""},
		{"by the instance's first interface", cluster, all(noPublic(), add("Card", "AWS::EC2::NetworkInterface", object{"SubnetId": ref("PublicA"), "GroupSet": []any{ref("HostGroup")}}),
			add("Carded", "AWS::EC2::Instance", object{"NetworkInterfaces": []any{object{"DeviceIndex": "0", "NetworkInterfaceId": ref("Card")}}}), associated(object{"NetworkInterfaceId": ref("Card")})),
			flow.Query{From: "Carded", To: flow.Internet4}, flow.ExitsNetwork, "", "", ""},
		{"of another instance", cluster, all(noPublic(), instance("Other", "PublicA", nil), associated(object{"InstanceId": ref("Other")})), flow.Query{From: "Host", To: flow.Internet4}, flow.NoRoute, "Igw", "no public IPv4 address", ""},
		{"of an instance that the deployment names", cluster, all(noPublic(), associated(object{"InstanceId": ref("Which")}), func(tp template) { tp["Parameters"] = object{"Which": object{"Type": "String"}} }),
			flow.Query{From: "Host", To: flow.Internet4}, flow.Insufficient, "Igw", "OwnAssociation.InstanceId (Which) is decided at deployment", ""},
		{"a publicly accessible database", cluster, all(set("DatabaseSubnets", "SubnetIds", []any{ref("PublicA"), ref("PublicB")}), set("Database", "PubliclyAccessible", true), set("DatabaseFromNodes", "SourceSecurityGroupId", nil), set("DatabaseFromNodes", "CidrIp", four)),
			flow.Query{From: flow.Internet4, To: "Database"}, flow.Delivered, "Database", "", ""},
		{"one that says no", cluster, all(set("DatabaseSubnets", "SubnetIds", []any{ref("PublicA"), ref("PublicB")}), set("Database", "PubliclyAccessible", false), set("DatabaseFromNodes", "SourceSecurityGroupId", nil), set("DatabaseFromNodes", "CidrIp", four)),
			flow.Query{From: flow.Internet4, To: "Database"}, flow.NoRoute, "Igw", "no public IPv4 address", ""},
		{"one in private subnets, whatever it says", cluster, set("Database", "PubliclyAccessible", true), flow.Query{From: flow.Internet4, To: "Database"}, flow.Denied, "NatA", "lets nothing in", ""},
		{"what a subnet assigns, an interface of an instance has", cluster, all(instance("Host", "", face(object{}))), flow.Query{From: "Host", To: flow.Internet6}, flow.ExitsNetwork, "", "", ""},
		{"unless it says 0", cluster, all(instance("Host", "", face(object{"Ipv6AddressCount": 0}))), flow.Query{From: "Host", To: flow.Internet6}, flow.NoRoute, "Host", "no IPv6 address", ""},
		{"and one of a launch template", cluster, set("NodeTemplate", "LaunchTemplateData.NetworkInterfaces", []any{object{"DeviceIndex": 0}}), flow.Query{From: pod, To: flow.Internet6}, flow.ExitsNetwork, "", "", ""},
		{"unless that says 0", cluster, set("NodeTemplate", "LaunchTemplateData.NetworkInterfaces", []any{object{"DeviceIndex": 0, "Ipv6AddressCount": 0}}), flow.Query{From: pod, To: flow.Internet6}, flow.NoRoute, "PrivateA", "no IPv6 address", ""},
		{"or gives a prefix only, which is for Pods", cluster, set("NodeTemplate", "LaunchTemplateData.NetworkInterfaces", []any{object{"DeviceIndex": 0, "Ipv6PrefixCount": 1}}), flow.Query{From: pod, To: flow.Internet6}, flow.NoRoute, "PrivateA", "no IPv6 address", ""},
		{"a launch template that gives nodes no public address", cluster, all(set("NodesX86", "Subnets", []any{ref("PublicA")}), set("NodeTemplate", "LaunchTemplateData.NetworkInterfaces", []any{object{"DeviceIndex": 0, "AssociatePublicIpAddress": false}})),
			flow.Query{From: "pod:any@NodesX86@PublicA", To: flow.Internet4}, flow.NoRoute, "Igw", "no public IPv4 address", ""},
		{"one that gives them one", cluster, all(set("NodesX86", "Subnets", []any{ref("PublicA")}), set("PublicA", "MapPublicIpOnLaunch", false), set("NodeTemplate", "LaunchTemplateData.NetworkInterfaces", []any{object{"DeviceIndex": 0, "AssociatePublicIpAddress": true}})),
			flow.Query{From: "pod:any@NodesX86@PublicA", To: flow.Internet4}, flow.ExitsNetwork, "", "", ""},
		{"one that leaves it to the deployment", cluster, all(set("NodesX86", "Subnets", []any{ref("PublicA")}), set("NodeTemplate", "LaunchTemplateData.NetworkInterfaces", []any{object{"DeviceIndex": 0, "AssociatePublicIpAddress": ref("Which")}}), func(tp template) { tp["Parameters"] = object{"Which": object{"Type": "String"}} }),
			flow.Query{From: "pod:any@NodesX86@PublicA", To: flow.Internet4}, flow.Insufficient, "Igw", "AssociatePublicIpAddress of NodeTemplate is Which", ""},
		{"an instance has the groups of its launch template", cluster, all(instance("Host", "", object{"SubnetId": ref("PrivateA"), "LaunchTemplate": object{"LaunchTemplateId": ref("HostTemplate"), "Version": "1"}}),
			add("HostTemplate", "AWS::EC2::LaunchTemplate", object{"LaunchTemplateData": object{"SecurityGroupIds": []any{ref("HostGroup")}}})), flow.Query{From: pod, To: "Host"}, flow.Delivered, "Host", "", ""},
		{"and the subnet of its interface", cluster, all(instance("Host", "", object{"LaunchTemplate": object{"LaunchTemplateName": "own", "Version": "1"}}),
			add("HostTemplate", "AWS::EC2::LaunchTemplate", object{"LaunchTemplateName": "own", "LaunchTemplateData": object{"NetworkInterfaces": []any{object{"DeviceIndex": 0, "SubnetId": ref("PrivateB"), "Groups": []any{ref("HostGroup")}}}}})),
			flow.Query{From: pod, To: "Host"}, flow.Delivered, "Host", "in PrivateB", ""},
		{"one from elsewhere is not known", cluster, instance("Host", "", object{"SubnetId": ref("PrivateA"), "LaunchTemplate": object{"LaunchTemplateId": "lt-1", "Version": "1"}}), flow.Query{From: pod, To: "Host"}, flow.Insufficient, "Host", "launch template", ""},
		{"an address that is written down is denied by name", cluster, all(instance("Host", "PrivateA", object{"PrivateIpAddress": "10.0.128.99"}), set("PrivateA", "CidrBlock", "10.0.128.0/20"),
			add("Ban", "AWS::EC2::NetworkAclEntry", object{"NetworkAclId": ref("Acl"), "RuleNumber": 5, "Protocol": -1, "RuleAction": "deny", "CidrBlock": "10.0.128.99/32", "Egress": true})),
			flow.Query{From: "subnet:PrivateB", To: "Host", Family: flow.IPv4}, flow.Denied, "Ban", "entry 5 denies", ""},
		{"one that AWS chooses may be", cluster, all(instance("Host", "PrivateA", nil), set("PrivateA", "CidrBlock", "10.0.128.0/20"),
			add("Ban", "AWS::EC2::NetworkAclEntry", object{"NetworkAclId": ref("Acl"), "RuleNumber": 5, "Protocol": -1, "RuleAction": "deny", "CidrBlock": "10.0.128.99/32", "Egress": true})),
			flow.Query{From: "subnet:PrivateB", To: "Host", Family: flow.IPv4}, flow.Insufficient, "", "is decided at deployment", ""},
		{"and one that is written down is not, where another is denied", cluster, all(instance("Host", "PrivateA", object{"PrivateIpAddress": "10.0.128.98"}), set("PrivateA", "CidrBlock", "10.0.128.0/20"),
			add("Ban", "AWS::EC2::NetworkAclEntry", object{"NetworkAclId": ref("Acl"), "RuleNumber": 5, "Protocol": -1, "RuleAction": "deny", "CidrBlock": "10.0.128.99/32", "Egress": true})),
			flow.Query{From: "subnet:PrivateB", To: "Host", Family: flow.IPv4}, flow.Delivered, "Host", "", ""},

		{"a load balancer's address that is written down", cluster, all(instance("Host", "PrivateB", nil), nlb(nil, targets("TCP", 443)), set("Nlb", "Subnets", nil), set("PrivateB", "CidrBlock", "10.0.144.0/20"),
			set("Nlb", "SubnetMappings", []any{object{"SubnetId": ref("PrivateB"), "PrivateIPv4Address": "10.0.144.99"}}), set("HostGroup", "SecurityGroupIngress", []any{object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.144.99/32"}}),
			set("NlbTargets", "TargetGroupAttributes", preserve("false"))), flow.Query{From: "subnet:PrivateC", To: "Nlb", Family: flow.IPv4}, flow.Delivered, "Host", "", ""},
		{"and one that is not", cluster, all(instance("Host", "PrivateB", nil), nlb([]any{ref("PrivateB")}, targets("TCP", 443)), set("PrivateB", "CidrBlock", "10.0.144.0/20"),
			set("HostGroup", "SecurityGroupIngress", []any{object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.144.99/32"}}),
			set("NlbTargets", "TargetGroupAttributes", preserve("false"))), flow.Query{From: "subnet:PrivateC", To: "Nlb", Family: flow.IPv4}, flow.Insufficient, "", "is decided at deployment", ""},
		{"a NAT gateway's address that is written down", cluster, all(behindNAT(), set("NatA", "PrivateIpAddress", "10.0.0.99")), flow.Query{From: "subnet:PrivateA", To: "Server", Family: flow.IPv4}, flow.Delivered, "Server", "", "NAT gateway NatA: snat"},
		{"and one that AWS chooses", cluster, behindNAT(), flow.Query{From: "subnet:PrivateA", To: "Server", Family: flow.IPv4}, flow.Insufficient, "", "is decided at deployment", ""},

		// Routes that others add, and what stands in the way.
		{"routes that a virtual private gateway learns", cluster, all(learns, drop("PrivateADefault4")), flow.Query{From: "subnet:PrivateA", To: "192.168.5.5"}, flow.Insufficient, "PrivateATable", "what Vgw learns from the other side", ""},
		{"may be more specific than those to a NAT gateway", cluster, learns, flow.Query{From: "subnet:PrivateA", To: "192.168.5.5"}, flow.Insufficient, "PrivateATable", "unless a route of Propagation is more specific", ""},
		{"are of the tables that they are propagated to", cluster, all(learns, drop("PrivateBDefault4")), flow.Query{From: "subnet:PrivateB", To: "192.168.5.5"}, flow.NoRoute, "PrivateBTable", "no route to 192.168.5.5", ""},
		{"and never of the VPC's own range", cluster, all(learns, instance("Host", "PrivateB", nil)), flow.Query{From: "subnet:PrivateA", To: "Host", Family: flow.IPv4}, flow.Delivered, "Host", "", ""},
		{"from a private network by a virtual private gateway", cluster, all(vgw, instance("Host", "PrivateB", nil)), flow.Query{From: "192.168.5.5", To: "Host"}, flow.Insufficient, "Host", "may come by Vgw", ""},
		{"or by a gateway that the subnet's table leads to", cluster, all(instance("Host", "PrivateB", nil), add("ToOffice", "AWS::EC2::Route", object{"RouteTableId": ref("PrivateBTable"), "DestinationCidrBlock": "192.168.0.0/16", "GatewayId": "vgw-1"})),
			flow.Query{From: "192.168.5.5", To: "Host"}, flow.Insufficient, "Host", "may come by vgw-1", ""},
		{"and not without one", cluster, instance("Host", "PublicA", nil), flow.Query{From: "192.168.5.5", To: "Host"}, flow.NoRoute, "", "", ""},
		{"from a client of a Client VPN endpoint", cluster, all(instance("Host", "PrivateB", nil), add("Clients", "AWS::EC2::ClientVpnEndpoint", object{"ClientCidrBlock": "10.200.0.0/22"})),
			flow.Query{From: "10.200.0.5", To: "Host"}, flow.Insufficient, "Clients", "client of the VPN endpoint", ""},
		{"a gateway route table leads to a gateway load balancer", cluster, edge(object{"VpcEndpointId": ref("Inspect")}), flow.Query{From: flow.Internet4, To: "Host"}, flow.Insufficient, "EdgeTable", "leads to a gateway load balancer", ""},
		{"and the answer's way too", cluster, all(edge(object{"VpcEndpointId": ref("Inspect")})), flow.Query{From: "Host", To: flow.Internet4}, flow.Insufficient, "EdgeTable", "leads to a gateway load balancer", ""},
		{"it leads to a network interface", cluster, edge(object{"NetworkInterfaceId": "eni-1"}), flow.Query{From: flow.Internet4, To: "Host"}, flow.Insufficient, "EdgeTable", "NetworkInterfaceId eni-1", ""},
		{"of one family", cluster, edge(object{"VpcEndpointId": ref("Inspect")}), flow.Query{From: flow.Internet6, To: "Host"}, flow.Delivered, "Host", "", ""},
		{"a subnet's own table leads to a gateway load balancer", cluster, all(gwlb, set("PrivateADefault4", "NatGatewayId", nil), set("PrivateADefault4", "VpcEndpointId", ref("Inspect"))),
			flow.Query{From: "subnet:PrivateA", To: flow.Internet4}, flow.Insufficient, "PrivateATable", "leads to a gateway load balancer", ""},
		{"also for what comes from the internet", cluster, all(gwlb, instance("Host", "PublicA", nil), set("PublicADefault4", "GatewayId", nil), set("PublicADefault4", "VpcEndpointId", ref("Inspect"))),
			flow.Query{From: flow.Internet4, To: "Host"}, flow.Insufficient, "PublicATable", "leads to a gateway load balancer", ""},
		{"routes of conditions that exclude each other, to two ends", cluster, exclusive(object{"GatewayId": ref("Igw")}), flow.Query{From: "subnet:PrivateA", To: flow.Internet4}, flow.Insufficient, "", "which of the routes Other and PrivateADefault4 is there", ""},
		{"to one end", cluster, exclusive(object{"NatGatewayId": ref("NatB")}), flow.Query{From: "subnet:PrivateA", To: flow.Internet4}, flow.ExitsNetwork, "", "", ""},
		{"associations of one subnet that exclude each other", cluster, add("ZOther", "AWS::EC2::SubnetRouteTableAssociation", object{"SubnetId": ref("PrivateA"), "RouteTableId": ref("PublicATable")}),
			flow.Query{From: "subnet:PrivateA", To: flow.Internet6}, flow.Insufficient, "PrivateA", "which of PrivateAAssociation and ZOther is there", ""},
		{"instance metadata is no host of the internet", cluster, nil, flow.Query{From: pod, To: "169.254.169.254"}, flow.NoRoute, "", "no router passes it on", ""},
		{"nor is shared address space", cluster, nil, flow.Query{From: pod, To: "100.64.1.1"}, flow.NoRoute, "", "is reserved", ""},
		{"nor a link-local address", cluster, nil, flow.Query{From: pod, To: "fe80::1"}, flow.NoRoute, "", "no router passes it on", ""},
		{"nor the discard prefix", cluster, nil, flow.Query{From: pod, To: "100::1"}, flow.NoRoute, "EgressOnly", "is reserved", ""},

		// Zones.
		{"a target in a zone that its load balancer has no subnet in", cluster, served([]any{ref("PrivateA")}), flow.Query{From: "subnet:PrivateA", To: "Nlb", Family: flow.IPv4}, flow.NoRoute, "Nlb", "no subnet in the zone of PrivateB", ""},
		{"also with cross-zone load balancing", cluster, served([]any{ref("PrivateA")}, object{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}), flow.Query{From: "subnet:PrivateA", To: "Nlb", Family: flow.IPv4}, flow.NoRoute, "Nlb", "no subnet in the zone of PrivateB", ""},
		{"a zone that is an id may be the target's", cluster, all(served([]any{ref("PrivateA")}), set("PrivateA", "AvailabilityZone", nil), set("PrivateA", "AvailabilityZoneId", "euw1-az1")), flow.Query{From: "subnet:PrivateC", To: "Nlb", Family: flow.IPv4}, flow.Insufficient, "Nlb", "named by its id", ""},
		{"without cross-zone load balancing only the interface in the target's zone forwards", cluster, all(served(private), acl("Vpc", "PrivateA")), flow.Query{From: "subnet:PrivateC", To: "Nlb", Family: flow.IPv4}, flow.Delivered, "Host", "", ""},
		{"with it all of them do", cluster, all(served(private, object{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}), acl("Vpc", "PrivateA")), flow.Query{From: "subnet:PrivateC", To: "Nlb", Family: flow.IPv4}, flow.Denied, "Own", "no inbound entry", ""},
		{"also where the target group says it", cluster, all(served(private), acl("Vpc", "PrivateA"), set("NlbTargets", "TargetGroupAttributes", []any{object{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}})),
			flow.Query{From: "subnet:PrivateC", To: "Nlb", Family: flow.IPv4}, flow.Denied, "Own", "no inbound entry", ""},
		{"an attachment's zone by id", transit, all(set("EastPrivateA", "AvailabilityZone", nil), set("EastPrivateA", "AvailabilityZoneId", "euw1-az1"), set("EastAttachment", "SubnetIds", []any{ref("EastPrivateB")})),
			flow.Query{From: eastToWest, To: "pod:any@WestNodes@WestPrivateA"}, flow.Insufficient, "EastAttachment", "in the zone of EastPrivateA is not known", ""},
		{"or one that AWS chooses", transit, all(set("EastPrivateA", "AvailabilityZone", nil), set("EastAttachment", "SubnetIds", []any{ref("EastPrivateB")})),
			flow.Query{From: eastToWest, To: "pod:any@WestNodes@WestPrivateA"}, flow.Insufficient, "EastAttachment", "in the zone of EastPrivateA is not known", ""},
		{"and the sender's own subnet, whatever its zone", transit, set("EastPrivateA", "AvailabilityZone", nil), flow.Query{From: eastToWest, To: "pod:any@WestNodes@WestPrivateA"}, flow.Delivered, "WestNodes", "", ""},

		// What leads in from elsewhere.
		{"an accelerator before an internal load balancer", cluster, all(balancer("internal"), accelerated(ref("Alb"))), flow.Query{From: flow.Internet4, To: "Alb"}, flow.Insufficient, "Alb", "Global Accelerator (Accelerated)", ""},
		{"before an instance in a private subnet", cluster, all(instance("Host", "PrivateA", nil), accelerated(ref("Host"))), flow.Query{From: flow.Internet4, To: "Host"}, flow.Insufficient, "Host", "Global Accelerator (Accelerated)", ""},
		{"before another", cluster, all(instance("Host", "PrivateA", nil), instance("More", "PrivateA", nil), accelerated(ref("More"))), flow.Query{From: flow.Internet4, To: "Host"}, flow.NoRoute, "Igw", "no public IPv4 address", ""},

		{"the API's private endpoint from a peered VPC", peering, admin, flow.Query{From: "Admin", To: "apiserver@WestPrivateA", Family: flow.IPv4}, flow.Delivered, "WestCluster", "interface in WestPrivateA", ""},
		{"and by a transit gateway", transit, admin, flow.Query{From: "Admin", To: "apiserver@WestPrivateA", Family: flow.IPv4}, flow.Delivered, "WestCluster", "interface in WestPrivateA", ""},
		{"not where the name has public addresses", peering, all(admin, set("WestCluster", "ResourcesVpcConfig.EndpointPublicAccess", true)), flow.Query{From: "Admin", To: "apiserver@WestPrivateA", Family: flow.IPv4}, flow.NoRoute, "EastPrivateATable", "no route to", ""},
		{"what a VPN of a transit gateway learns", transit, all(byDefault, vpn), flow.Query{From: "subnet:EastPrivateA", To: "192.168.5.5"}, flow.Insufficient, "Transit", "what Vpn learns from the other side", ""},
		{"where the default table takes propagations", transit, all(byDefault, vpn, set("Transit", "DefaultRouteTablePropagation", "disable")), flow.Query{From: "subnet:EastPrivateA", To: "192.168.5.5"}, flow.NoRoute, "Transit", "no route to 192.168.5.5", ""},
		{"by a propagation that names it", transit, all(vpn, propagated(att("Vpn", "TransitGatewayAttachmentId"))), flow.Query{From: "subnet:EastPrivateA", To: "192.168.5.5"}, flow.Insufficient, "TransitTable", "what Vpn learns from the other side", ""},
		{"which may be more specific than another", transit, all(vpn, propagated(att("Vpn", "TransitGatewayAttachmentId")), add("AllWest", "AWS::EC2::TransitGatewayRoute", object{"TransitGatewayRouteTableId": ref("TransitTable"), "TransitGatewayAttachmentId": ref("WestAttachment"), "DestinationCidrBlock": four})),
			flow.Query{From: "subnet:EastPrivateA", To: "192.168.5.5"}, flow.Insufficient, "TransitTable", "unless a route of Learned is more specific", ""},
		{"not without any", transit, all(vpn, office), flow.Query{From: "subnet:EastPrivateA", To: "192.168.5.5"}, flow.NoRoute, "TransitTable", "no route to 192.168.5.5", ""},
		{"from behind a VPN of a transit gateway", transit, all(vpn, office, add("ServerGroup", "AWS::EC2::SecurityGroup", object{"VpcId": ref("EastVpc"), "GroupDescription": "g"}), add("Server", "AWS::EC2::Instance", object{"SubnetId": ref("EastPrivateA"), "SecurityGroupIds": []any{ref("ServerGroup")}})),
			flow.Query{From: "192.168.5.5", To: "Server"}, flow.Insufficient, "Server", "may come by Vpn", ""},

		// Pods.
		{"custom networking", interop, cni(`"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG":"true"`), flow.Query{From: "pod:any@OldNodes@SharedPrivateA", To: "subnet:SharedPrivateB", Family: flow.IPv4}, flow.Insufficient, "OldNodes", "ENIConfigs", ""},
		{"is nothing to the nodes", interop, cni(`"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG":"true"`), flow.Query{From: "nodegroup:OldNodes@SharedPrivateA", To: "subnet:SharedPrivateB", Family: flow.IPv4}, flow.Delivered, "", "", ""},
		{"that is off", interop, cni(`"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG":"false"`), flow.Query{From: "pod:any@OldNodes@SharedPrivateA", To: "subnet:SharedPrivateB", Family: flow.IPv4}, flow.Delivered, "", "", ""},
		{"a subnet for Pods by its tag", interop, set("SharedPrivateB", "Tags", []any{object{"Key": "kubernetes.io/role/cni", "Value": "1"}}), flow.Query{From: "pod:any@OldNodes@SharedPrivateA", To: "subnet:SharedPrivateB", Family: flow.IPv4}, flow.Insufficient, "OldNodes", "SharedPrivateB has the tag", ""},
		{"a NetworkPolicy that lets Pods send nothing", cluster, closed(`{"podSelector":{},"policyTypes":["Ingress","Egress"]}`), flow.Query{From: web, To: flow.Internet6}, flow.Denied, "Policy", "lets nothing through", ""},
		{"of other Pods", cluster, closed(`{"podSelector":{"matchLabels":{"app":"db"}},"policyTypes":["Egress"]}`), flow.Query{From: web, To: flow.Internet6}, flow.ExitsNetwork, "", "", ""},
		{"of Pods that expressions select", cluster, closed(`{"podSelector":{"matchExpressions":[{"key":"app","operator":"Exists"}]},"policyTypes":["Egress"]}`), flow.Query{From: web, To: flow.Internet6}, flow.Insufficient, "Policy", "is not read", ""},
		{"of the other direction", cluster, closed(`{"podSelector":{}}`), flow.Query{From: web, To: flow.Internet6}, flow.ExitsNetwork, "", "", ""},
		{"that lets them receive nothing, from a load balancer", cluster, closed(`{"podSelector":{"matchLabels":{"app":"web"}}}`), flow.Query{From: flow.Internet6, To: flow.Ingress("shop", "web")}, flow.Denied, "Policy", "lets nothing through", ""},
		{"with rules", cluster, closed(`{"podSelector":{},"policyTypes":["Egress"],"egress":[{"ports":[{"port":443}]}]}`), flow.Query{From: web, To: flow.Internet6}, flow.Insufficient, "Policy", "is not read", ""},
		{"beside one that lets everything through", cluster, all(closed(`{"podSelector":{},"policyTypes":["Egress"]}`), manifest("Open", `[{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"open","namespace":"shop"},"spec":{"podSelector":{},"policyTypes":["Egress"],"egress":[{}]}}]`)),
			flow.Query{From: web, To: flow.Internet6}, flow.ExitsNetwork, "", "", ""},
		{"that nobody is known to enforce", cluster, policy("NetworkPolicy", `{"podSelector":{},"policyTypes":["Egress"]}`), flow.Query{From: web, To: flow.Internet6}, flow.Insufficient, "Policy", "enforces it", ""},
		{"a SecurityGroupPolicy", cluster, policy("SecurityGroupPolicy", `{"podSelector":{"matchLabels":{"app":"web"}},"securityGroups":{"groupIds":["sg-1"]}}`), flow.Query{From: web, To: flow.Internet6}, flow.Insufficient, "Policy", "security groups of its own", ""},
		{"a policy of another engine", cluster, policy("CiliumNetworkPolicy", `{}`), flow.Query{From: web, To: flow.Internet6}, flow.Insufficient, "Policy", "is not read", ""},
	}
}
