package flow_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// balancer puts a dual-stack ALB of the template in front of the cluster's Pods, in the public subnets.
func balancer(scheme string, attributes ...any) edit {
	return all(
		add("Alb", "AWS::ElasticLoadBalancingV2::LoadBalancer", object{"Scheme": scheme, "IpAddressType": "dualstack", "Subnets": []any{ref("PublicA"), ref("PublicB"), ref("PublicC")},
			"SecurityGroups": []any{att("AlbGroup", "GroupId")}, "LoadBalancerAttributes": attributes}),
		add("AlbGroup", "AWS::EC2::SecurityGroup", object{"VpcId": ref("Vpc"), "GroupDescription": "alb", "SecurityGroupIngress": []any{
			object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}, object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv6": "::/0"}}}),
		add("AlbTargets", "AWS::ElasticLoadBalancingV2::TargetGroup", object{"VpcId": ref("Vpc"), "TargetType": "ip", "IpAddressType": "ipv6", "Protocol": "HTTP", "Port": 8080}),
		add("AlbListener", "AWS::ElasticLoadBalancingV2::Listener", object{"LoadBalancerArn": ref("Alb"), "Port": 443, "Protocol": "HTTPS", "DefaultActions": []any{
			object{"Type": "forward", "ForwardConfig": object{"TargetGroups": []any{object{"TargetGroupArn": ref("AlbTargets")}}}}}}),
		add("AlbBinding", "Custom::AWSCDK-EKS-KubernetesResource", object{"ClusterName": ref("Cluster"), "Manifest": object{"Fn::Join": []any{"", []any{
			`[{"apiVersion":"elbv2.k8s.aws/v1beta1","kind":"TargetGroupBinding","metadata":{"name":"b","namespace":"shop"},"spec":{"targetGroupARN":"`, ref("AlbTargets"),
			`","networking":{"ingress":[{"from":[{"securityGroup":{"groupID":"`, att("AlbGroup", "GroupId"), `"}}],"ports":[{"port":8080,"protocol":"TCP"}]}]}}}]`}}}}),
	)
}

// dual gives the consumer of privatelink.yaml IPv6, up to its endpoint.
var dual = all(
	add("ConsumerIpv6", "AWS::EC2::VPCCidrBlock", object{"VpcId": ref("ConsumerVpc"), "Ipv6CidrBlock": "2001:db8:77::/56", "Ipv6Pool": "p"}),
	set("ConsumerPrivateA", "Ipv6CidrBlock", "2001:db8:77:1::/64"), set("ConsumerPrivateA", "AssignIpv6AddressOnCreation", true),
	set("ConsumerPrivateB", "Ipv6CidrBlock", "2001:db8:77:2::/64"), set("ConsumerPrivateB", "AssignIpv6AddressOnCreation", true),
	set("Endpoint", "IpAddressType", "dualstack"),
	set("EndpointGroup", "SecurityGroupIngress", []any{object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv6": "2001:db8:77::/56"}}),
	set("BalancerGroup", "SecurityGroupIngress", []any{object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv6": "2001:db8:77::/56"}}),
)

// question is asked of a changed template: the verdict, the hop that the way ends at, and what stands among the hops there and
// back.
type question struct {
	name     string
	file     string
	edit     edit
	query    flow.Query
	verdict  flow.Verdict
	resource string
	by       string
	via      string
}

// eastToWest is a Pod of transit.yaml and of peering.yaml that calls the other VPC.
const eastToWest = "pod:any@EastNodes@EastPrivateA"

// TestBreaks asks one question of a changed template.
func TestBreaks(t *testing.T) {
	t.Parallel()
	static := all(drop("WestPropagated"), set("WestAttachment", "Options", nil),
		add("Static", "AWS::EC2::TransitGatewayRoute", object{"TransitGatewayRouteTableId": ref("TransitTable"), "TransitGatewayAttachmentId": ref("WestAttachment"), "DestinationCidrBlock": "2001:db8:3::/48"}))
	asked := []question{
		{"the far attachment has no IPv6 support, by a static route", "transit.yaml", static, flow.Query{From: eastToWest, To: "pod:any@WestNodes@WestPrivateA"}, flow.NoRoute, "WestAttachment", "Ipv6Support", ""},
		{"an attachment without IPv6 support propagates no IPv6 range", "transit.yaml", set("WestAttachment", "Options", nil), flow.Query{From: eastToWest, To: "pod:any@WestNodes@WestPrivateA"}, flow.NoRoute, "TransitTable", "no route to 2001:db8:3:", ""},
		{"a group of another VPC in a rule says nothing over a transit gateway", "transit.yaml", all(set("WestFromEast", "CidrIpv6", nil), set("WestFromEast", "SourceSecurityGroupId", att("EastCluster", "ClusterSecurityGroupId"))),
			flow.Query{From: eastToWest, To: "pod:any@WestNodes@WestPrivateA"}, flow.Denied, "WestCluster", "no rule allows tcp/8080", ""},
		{"a group of another VPC counts where the transit gateway supports it", "transit.yaml", all(set("WestFromEast", "CidrIpv6", nil), set("WestFromEast", "SourceSecurityGroupId", att("EastCluster", "ClusterSecurityGroupId")), set("Transit", "SecurityGroupReferencingSupport", "enable")),
			flow.Query{From: eastToWest, To: "pod:any@WestNodes@WestPrivateA"}, flow.Delivered, "WestNodes", "", ""},
		{"and not where an attachment refuses it", "transit.yaml", all(set("WestFromEast", "CidrIpv6", nil), set("WestFromEast", "SourceSecurityGroupId", att("EastCluster", "ClusterSecurityGroupId")), set("Transit", "SecurityGroupReferencingSupport", "enable"),
			set("EastAttachment", "Options.SecurityGroupReferencingSupport", "disable")), flow.Query{From: eastToWest, To: "pod:any@WestNodes@WestPrivateA"}, flow.Denied, "WestCluster", "no rule allows tcp/8080", ""},
		{"a group of a peered VPC in a rule counts", "peering.yaml", all(set("WestFromEast", "CidrIp", nil), set("WestFromEast", "SourceSecurityGroupId", att("EastCluster", "ClusterSecurityGroupId"))),
			flow.Query{From: eastToWest, To: "pod:any@WestNodes@WestPrivateA"}, flow.Delivered, "WestNodes", "", ""},
		{"no network ACL holds for what a transit gateway brings into the attachment's own subnet; both directions hold for what leaves by it", "transit.yaml", all(
			add("Acl", "AWS::EC2::NetworkAcl", object{"VpcId": ref("WestVpc")}),
			add("AclIn", "AWS::EC2::NetworkAclEntry", object{"NetworkAclId": ref("Acl"), "RuleNumber": 1, "Protocol": -1, "RuleAction": "allow", "Ipv6CidrBlock": "2001:db8:3::/48"}),
			add("AclOut", "AWS::EC2::NetworkAclEntry", object{"NetworkAclId": ref("Acl"), "RuleNumber": 1, "Egress": true, "Protocol": -1, "RuleAction": "allow", "Ipv6CidrBlock": "2001:db8:1::/48"}),
			add("AclA", "AWS::EC2::SubnetNetworkAclAssociation", object{"SubnetId": ref("WestPrivateA"), "NetworkAclId": ref("Acl")})),
			flow.Query{From: eastToWest, To: "pod:any@WestNodes@WestPrivateA"}, flow.Delivered, "WestNodes", "", ""},
		{"peered VPCs that share a secondary range", "peering.yaml", all(add("EastMore", "AWS::EC2::VPCCidrBlock", object{"VpcId": ref("EastVpc"), "CidrBlock": "100.64.0.0/16"}), add("WestMore", "AWS::EC2::VPCCidrBlock", object{"VpcId": ref("WestVpc"), "CidrBlock": "100.64.0.0/20"})),
			flow.Query{From: eastToWest, To: "pod:any@WestNodes@WestPrivateA"}, flow.Denied, "Peering", "100.64.0.0/20", ""},

		{"no route to a peer, and a NAT gateway that takes all: the Pod's own table is named", "cluster.yaml", all(
			add("Other", "AWS::EC2::VPC", object{"CidrBlock": "10.9.0.0/16"}), add("OtherSubnet", "AWS::EC2::Subnet", object{"VpcId": ref("Other"), "CidrBlock": "10.9.0.0/24"}),
			add("Server", "AWS::EC2::Instance", object{"SubnetId": ref("OtherSubnet")}), add("Peering", "AWS::EC2::VPCPeeringConnection", object{"VpcId": ref("Vpc"), "PeerVpcId": ref("Other")})),
			flow.Query{From: "pod:any@PrivateB", To: "Server"}, flow.NoRoute, "PrivateBTable", "leads to the internet: no route leads to Server", ""},
		{"a NAT gateway of another VPC", "cluster.yaml", all(add("Other", "AWS::EC2::VPC", object{"CidrBlock": "10.9.0.0/16"}), add("OtherSubnet", "AWS::EC2::Subnet", object{"VpcId": ref("Other"), "CidrBlock": "10.9.0.0/24"}), set("NatA", "SubnetId", ref("OtherSubnet"))),
			flow.Query{From: "pod:any@PrivateA", To: flow.Internet4}, flow.NoRoute, "NatA", "another VPC", ""},
		{"the NAT gateway's subnet lets nothing in", "cluster.yaml", all(add("Shut", "AWS::EC2::NetworkAcl", object{"VpcId": ref("Vpc")}), add("ShutA", "AWS::EC2::SubnetNetworkAclAssociation", object{"SubnetId": ref("PublicA"), "NetworkAclId": ref("Shut")})),
			flow.Query{From: "pod:any@PrivateA", To: flow.Internet4}, flow.Denied, "Shut", "no inbound entry of subnet PublicA", ""},
		{"entries count by number, not by name", "cluster.yaml", add("ZDeny", "AWS::EC2::NetworkAclEntry", object{"NetworkAclId": ref("Acl"), "RuleNumber": 5, "Egress": true, "Protocol": -1, "RuleAction": "deny", "Ipv6CidrBlock": "::/0"}),
			flow.Query{From: "pod:any@PrivateA", To: flow.Internet6}, flow.Denied, "ZDeny", "entry 5 denies", ""},
		{"a rule that names a parameter", "cluster.yaml", all(set("DatabaseFromNodes", "SourceSecurityGroupId", nil), set("DatabaseFromNodes", "CidrIp", ref("Clients")), func(tp template) { tp["Parameters"] = object{"Clients": object{"Type": "String"}} }),
			flow.Query{From: "pod:any@PrivateA", To: "Database"}, flow.Insufficient, "DatabaseFromNodes", "Clients", ""},
		{"a rule that names a parameter, beside one that allows", "cluster.yaml", all(add("More", "AWS::EC2::SecurityGroupIngress", object{"GroupId": att("DatabaseGroup", "GroupId"), "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": ref("Clients")}), func(tp template) { tp["Parameters"] = object{"Clients": object{"Type": "String"}} }),
			flow.Query{From: "pod:any@PrivateA", To: "Database"}, flow.Delivered, "Database", "", ""},
		{"public ranges of the API that may hold the VPC's", "cluster.yaml", all(set("Cluster", "ResourcesVpcConfig.EndpointPrivateAccess", false), set("Cluster", "ResourcesVpcConfig.EndpointPublicAccess", true), set("Cluster", "ResourcesVpcConfig.PublicAccessCidrs", []any{"2001:db8:42::/48"})),
			flow.Query{From: "pod:any@PrivateA", To: flow.APIServer}, flow.Insufficient, "Cluster", "PublicAccessCidrs", ""},
		{"the public API for all", "cluster.yaml", all(set("Cluster", "ResourcesVpcConfig.EndpointPrivateAccess", false), set("Cluster", "ResourcesVpcConfig.EndpointPublicAccess", true)),
			flow.Query{From: "pod:any@PrivateA", To: flow.APIServer}, flow.Delivered, "Cluster", "kube-apiserver", ""},

		{"an internet-facing ALB of the template", "cluster.yaml", balancer("internet-facing"), flow.Query{From: flow.Internet6, To: "Alb"}, flow.Delivered, "", "", ""},
		{"an internal ALB in public subnets", "cluster.yaml", balancer("internal"), flow.Query{From: flow.Internet6, To: "Alb"}, flow.Denied, "Alb", "ipv6.deny_all_igw_traffic", ""},
		{"an internal ALB opened to the internet gateway", "cluster.yaml", balancer("internal", object{"Key": "ipv6.deny_all_igw_traffic", "Value": "false"}), flow.Query{From: flow.Internet6, To: "Alb"}, flow.Delivered, "", "", ""},
		{"an internal ALB has no public IPv4 address", "cluster.yaml", balancer("internal"), flow.Query{From: flow.Internet4, To: "Alb"}, flow.NoRoute, "Igw", "no public IPv4 address", ""},
		{"an ALB that IPv4 clients cannot reach", "cluster.yaml", all(balancer("internet-facing"), set("Alb", "IpAddressType", "dualstack-without-public-ipv4")), flow.Query{From: flow.Internet4, To: "Alb"}, flow.NoRoute, "Igw", "no public IPv4 address", ""},
		{"a binding that opens another port", "cluster.yaml", all(balancer("internet-facing"), replace("AlbBinding", "Manifest", `"port":8080`, `"port":8081`)), flow.Query{From: flow.Internet6, To: "Alb"}, flow.Denied, "Cluster", "no rule allows tcp/8080", ""},
		{"the client's address kept by an NLB: the answer goes back through it", "cluster.yaml", replace("AppNlb", "Manifest", `"annotations":{`, `"annotations":{"service.beta.kubernetes.io/aws-load-balancer-target-group-attributes":"preserve_client_ip.enabled=true",`),
			flow.Query{From: flow.Internet6, To: flow.Service("shop", "web-nlb")}, flow.Delivered, "", "", ""},
		{"a tagged subnet without IPv6 is no place for a dual-stack load balancer", "cluster.yaml", all(set("PublicB", "Ipv6CidrBlock", nil), set("PublicB", "AssignIpv6AddressOnCreation", nil), set("PublicC", "Tags", nil)),
			flow.Query{From: flow.Internet6, To: flow.Ingress("shop", "web")}, flow.Denied, "Vpc", "PublicB has no IPv6 range", ""},
		{"no role tag anywhere: found by the route to the internet gateway", "cluster.yaml", all(set("PublicA", "Tags", nil), set("PublicB", "Tags", nil), set("PublicC", "Tags", nil), set("PrivateA", "Tags", nil), set("PrivateB", "Tags", nil), set("PrivateC", "Tags", nil)),
			flow.Query{From: flow.Internet6, To: flow.Ingress("shop", "web")}, flow.Delivered, "", "", ""},

		{"PrivateLink in IPv6", "privatelink.yaml", dual, flow.Query{From: "subnet:ConsumerPrivateA", To: "Endpoint"}, flow.Delivered, "ProviderNodes", "", ""},
		{"PrivateLink in IPv6 to an IPv4-only load balancer", "privatelink.yaml", all(dual, set("Balancer", "IpAddressType", "ipv4")), flow.Query{From: "subnet:ConsumerPrivateA", To: "Endpoint"}, flow.Denied, "Service", "address type ipv4", ""},
		{"instance targets of IPv6 in the template", "privatelink.yaml", set("Targets", "TargetType", "instance"), flow.Query{From: "subnet:ConsumerPrivateA", To: "Endpoint"}, flow.Denied, "Targets", "primary IPv6", ""},
		{"rules off for PrivateLink traffic", "privatelink.yaml", all(set("BalancerGroup", "SecurityGroupIngress", []any{}), set("Balancer", "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "off")), flow.Query{From: "subnet:ConsumerPrivateA", To: "Endpoint"}, flow.Delivered, "ProviderNodes", "", ""},
	}
	for _, c := range slices.Concat(asked, settled()) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.ask(t, func(tp template) *flow.Network { return networkOf(t, c.file, tp, c.query) })
		})
	}
}

// ask changes the template, asks, and compares.
func (c question) ask(t *testing.T, read func(template) *flow.Network) {
	tp := open(t, c.file)
	if c.edit != nil {
		c.edit(tp)
	}
	tr, err := read(tp).Trace(c.query)
	if err != nil {
		t.Fatal(err)
	}
	if err := invariants(tr); err != nil {
		t.Error(err)
	}
	last := tr.Last()
	if tr.Verdict.OK() {
		last = tr.Hops[len(tr.Hops)-1]
	}
	if tr.Verdict != c.verdict || c.resource != "" && last.LogicalID != c.resource || !strings.Contains(last.By, c.by) {
		t.Errorf("%v at %s saying %q; want %v at %s saying %q\n%s", tr.Verdict, last.LogicalID, last.By, c.verdict, c.resource, c.by, render.TraceText(tr, render.TextOptions{}))
	}
	if way := strings.Join(append(hops(tr.Hops), hops(tr.Return)...), ", "); !strings.Contains(way, c.via) {
		t.Errorf("the way is %s; want in it %s", way, c.via)
	}
}

// TestListens: an instance is a private service where its groups admit private addresses, and a bastion for an office
// is none that Pods are meant to reach.
func TestListens(t *testing.T) {
	t.Parallel()
	tp := open(t, "cluster.yaml")
	group := func(cidr string, port int) object {
		return object{"VpcId": ref("Vpc"), "GroupDescription": "g", "SecurityGroupIngress": []any{object{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": cidr}}}
	}
	all(add("OfficeGroup", "AWS::EC2::SecurityGroup", group("198.51.100.0/24", 22)), add("ServerGroup", "AWS::EC2::SecurityGroup", group("10.0.0.0/8", 9000)),
		add("Bastion", "AWS::EC2::Instance", object{"SubnetId": ref("PrivateA"), "SecurityGroupIds": []any{ref("OfficeGroup")}, "NetworkInterfaces": nil}),
		add("Server", "AWS::EC2::Instance", object{"NetworkInterfaces": []any{object{"DeviceIndex": "0", "Ipv6AddressCount": 0, "SubnetId": ref("PrivateA"), "GroupSet": []any{ref("ServerGroup")}}}}))(tp)
	var asked []string
	r := networkOf(t, "cluster.yaml", tp).Check()
	for _, res := range r.Results {
		if res.ID == "F5" {
			asked = append(asked, res.To)
			if res.To == "Server" && res.Trace.Query.Port != 9000 {
				t.Errorf("Server is asked on port %d", res.Trace.Query.Port)
			}
		}
	}
	if got := strings.Join(unique(asked), " "); got != "Server Database" && got != "Database Server" {
		t.Errorf("F5 asks for %s", got)
	}
	if !r.OK() {
		t.Error(render.Text(r, render.TextOptions{}))
	}
}

// TestAdmitted: a load balancer for some public ranges is asked from all of them, in each family that it admits, also where they hold the
// address that stands for any host.
func TestAdmitted(t *testing.T) {
	t.Parallel()
	for _, ranges := range []string{"192.0.2.0/24,2001:db8:42::/48", "203.0.113.0/24,2001:db8:ffff::/48"} {
		tp := open(t, "cluster.yaml")
		replace("AppIngress", "Manifest", `"annotations":{`, `"annotations":{"alb.ingress.kubernetes.io/inbound-cidrs":"`+ranges+`",`)(tp)
		r := networkOf(t, "cluster.yaml", tp).Check()
		from := map[string]bool{}
		for _, res := range r.Results {
			if res.To == "ingress shop/web" {
				from[res.From] = true
			}
		}
		four, six, _ := strings.Cut(ranges, ",")
		if !r.OK() || len(from) != 2 || !from[four] || !from[six] {
			t.Errorf("asked from %v\n%s", from, render.Text(r, render.TextOptions{}))
		}
	}
}

// TestCompute runs the same cluster on EKS Auto Mode, on Fargate, on nodes of an Auto Scaling group, and as CDK's older
// construct writes it.
func TestCompute(t *testing.T) {
	t.Parallel()
	subnets := []any{ref("PrivateA"), ref("PrivateB"), ref("PrivateC")}
	noNodes := drop("NodesX86", "NodesArm")
	for _, c := range []struct {
		name string
		edit edit
		pods string // what the sources of F3 are called
	}{
		{"Auto Mode", all(noNodes, drop("Cni", "KubeProxy", "CoreDns"), set("Cluster", "ComputeConfig", object{"Enabled": true})), "pod:any@auto mode nodes of Cluster@PrivateA"},
		{"Fargate", all(noNodes, add("Profile", "AWS::EKS::FargateProfile", object{"ClusterName": ref("Cluster"), "PodExecutionRoleArn": "r", "Subnets": subnets, "Selectors": []any{object{"Namespace": "shop"}}})), "pod:any@Profile@PrivateA"},
		{"Auto Scaling group", all(noNodes, add("Group", "AWS::AutoScaling::AutoScalingGroup", object{"VPCZoneIdentifier": subnets, "LaunchTemplate": object{"LaunchTemplateId": ref("NodeTemplate")},
			"Tags": []any{object{"Key": object{"Fn::Join": []any{"", []any{"kubernetes.io/cluster/", ref("Cluster")}}}, "Value": "owned"}}})), "pod:any@Group@PrivateA"},
		{"the older construct", func(tp template) {
			p := props(tp, "Cluster")
			vpc := p["ResourcesVpcConfig"].(object)
			resource(tp, "Cluster")["Type"] = "Custom::AWSCDK-EKS-Cluster"
			resource(tp, "Cluster")["Properties"] = object{"Config": object{"name": "demo", "kubernetesNetworkConfig": object{"ipFamily": "ipv6"}, "bootstrapSelfManagedAddons": false,
				"resourcesVpcConfig": object{"subnetIds": vpc["SubnetIds"], "securityGroupIds": vpc["SecurityGroupIds"], "endpointPrivateAccess": true, "endpointPublicAccess": false}}}
		}, "pod:any@NodesArm@PrivateA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tp := open(t, "cluster.yaml")
			c.edit(tp)
			r := networkOf(t, "cluster.yaml", tp).Check()
			checkReport(t, r)
			var from, ids []string
			for _, res := range r.Results {
				ids = append(ids, res.ID)
				if res.ID == "F3" {
					from = append(from, res.From)
				}
			}
			if !r.OK() || len(r.Problems) > 0 {
				t.Error(render.Text(r, render.TextOptions{}))
			}
			if got, want := strings.Join(unique(ids), " "), "F1 F2 F3 F4 F5 F6 F7 F8 F9 X1"; got != want {
				t.Errorf("flows %s, want %s", got, want)
			}
			if len(from) == 0 || from[0] != c.pods {
				t.Errorf("Pods of F3 are %v, want %s first", from, c.pods)
			}
		})
	}
}

// TestFargateNamespace: a profile takes the Pods of its namespace, the nodes keep the others.
func TestFargateNamespace(t *testing.T) {
	t.Parallel()
	tp := open(t, "cluster.yaml")
	add("Profile", "AWS::EKS::FargateProfile", object{"ClusterName": ref("Cluster"), "PodExecutionRoleArn": "r", "Subnets": []any{ref("PrivateC")}, "Selectors": []any{object{"Namespace": "shop"}}})(tp)
	web, others := flow.Query{From: flow.Pod("shop/web"), To: flow.Internet6}, flow.Query{From: flow.AnyPod, To: flow.Internet6}
	n := networkOf(t, "cluster.yaml", tp, web, others)
	traces, err := n.TraceAll(web)
	if err != nil || len(traces) != 1 || traces[0].From != "pod:shop/web@Profile@PrivateC" {
		t.Errorf("%v, %d traces from %s", err, len(traces), traces[0].From)
	}
	if traces, err = n.TraceAll(others); err != nil || len(traces) != 6 {
		t.Errorf("%v, %d traces of any Pod, want 6", err, len(traces))
	}
}
