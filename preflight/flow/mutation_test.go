package flow_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// template is a template that a test breaks.
type template = object

// open reads a template of testdata that has no short forms.
func open(t testing.TB, name string) template {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var out template
	if err := yaml.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// networkOf reads a template that a test made of a file, and hands it out with -keep: once for each question asked of it,
// or once where the whole catalogue is.
func networkOf(t testing.TB, base string, tp template, asked ...flow.Query) *flow.Network {
	t.Helper()
	keep(t, base, tp, asked...)
	return read(t, tp)
}

func keep(t testing.TB, base string, tp template, asked ...flow.Query) {
	t.Helper()
	k := golden.Kept{Base: base, Template: marshal(t, tp)}
	if len(asked) == 0 {
		golden.Keep(t, k)
	}
	for _, q := range asked {
		k.Query = &golden.Query{From: string(q.From), To: string(q.To), Port: q.Port, Proto: string(q.Proto), Family: uint8(q.Family)}
		golden.Keep(t, k)
	}
}

// read reads a template that is not handed out: one as it is in testdata, or one of thousands.
func read(t testing.TB, tp template) *flow.Network {
	t.Helper()
	n, err := flow.Read("template.json", marshal(t, tp))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func marshal(t testing.TB, tp template) []byte {
	t.Helper()
	data, err := json.Marshal(tp)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func resource(tp template, id string) map[string]any {
	r, ok := tp["Resources"].(map[string]any)[id].(map[string]any)
	if !ok {
		panic("no resource " + id)
	}
	return r
}

func props(tp template, id string) map[string]any {
	p, ok := resource(tp, id)["Properties"].(map[string]any)
	if !ok {
		panic("no properties in " + id)
	}
	return p
}

// edit is one break.
type edit func(template)

// drop takes resources away.
func drop(ids ...string) edit {
	return func(t template) {
		for _, id := range ids {
			resource(t, id)
			delete(t["Resources"].(map[string]any), id)
			for _, r := range t["Resources"].(map[string]any) {
				if r := r.(map[string]any); r["DependsOn"] == id {
					delete(r, "DependsOn")
				}
			}
		}
	}
}

// set gives a property another value; nil takes it away. A path has dots, and numbers for list entries.
func set(id, path string, value any) edit {
	return func(t template) {
		var at any = props(t, id)
		keys := strings.Split(path, ".")
		for _, k := range keys[:len(keys)-1] {
			switch v := at.(type) {
			case map[string]any:
				at = v[k]
			case []any:
				at = v[index(k)]
			}
		}
		last := keys[len(keys)-1]
		switch v := at.(type) {
		case map[string]any:
			if value == nil {
				delete(v, last)
			} else {
				v[last] = value
			}
		case []any:
			v[index(last)] = value
		default:
			panic(fmt.Sprintf("%s.%s: no such place", id, path))
		}
	}
}

// index is a step of a path into a list.
func index(step string) int {
	i, err := strconv.Atoi(step)
	if err != nil {
		panic(err)
	}
	return i
}

// add puts a resource in.
func add(id, typ string, props map[string]any) edit {
	return func(t template) {
		t["Resources"].(map[string]any)[id] = map[string]any{"Type": typ, "Properties": props}
	}
}

// replace changes text in a string property, such as a manifest.
func replace(id, path, old, new string) edit {
	return func(t template) {
		p := props(t, id)
		data, _ := json.Marshal(p[path])
		oldJSON, newJSON := quoted(old), quoted(new)
		if !strings.Contains(string(data), oldJSON) {
			panic(fmt.Sprintf("%s.%s does not hold %s", id, path, old))
		}
		var v any
		if err := json.Unmarshal([]byte(strings.ReplaceAll(string(data), oldJSON, newJSON)), &v); err != nil {
			panic(err)
		}
		p[path] = v
	}
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

func all(edits ...edit) edit {
	return func(t template) {
		for _, e := range edits {
			e(t)
		}
	}
}

func ref(id string) map[string]any { return map[string]any{"Ref": id} }

func att(id, attr string) map[string]any { return map[string]any{"Fn::GetAtt": []any{id, attr}} }

type object = map[string]any

// TestMutations breaks one thing of a good template at a time: the flow that it breaks is missed, and its last hop
// names what broke. Resource is the logical id of that hop, by a part of its reason.
func TestMutations(t *testing.T) {
	t.Parallel()
	const cluster, peering, transit, privatelink, interop, egress = "cluster.yaml", "peering.yaml", "transit.yaml", "privatelink.yaml", "interop.yaml", "egress.yaml"
	for _, c := range []struct {
		name     string
		file     string
		edit     edit
		flow     string
		verdict  flow.Verdict
		resource string
		by       string
	}{
		// Routes.
		{"no ::/0 in one of three private tables", cluster, drop("PrivateBDefault6"), "F3", flow.NoRoute, "PrivateBTable", "no route to 2001:db8:ffff:ffff::7 from subnet PrivateB"},
		{"no 0.0.0.0/0 in one of three private tables", cluster, drop("PrivateCDefault4"), "F4", flow.NoRoute, "PrivateCTable", "no route to 203.0.113.7 from subnet PrivateC"},
		{"one private subnet without its association", cluster, drop("PrivateCAssociation"), "F3", flow.NoRoute, "Vpc", "subnet PrivateC has no route table association"},
		{"::/0 of a private table to the NAT gateway", cluster, all(set("PrivateADefault6", "EgressOnlyInternetGatewayId", nil), set("PrivateADefault6", "NatGatewayId", ref("NatA"))), "F3", flow.NoRoute, "NatA", "carries IPv4"},
		{"0.0.0.0/0 of a private table to the egress-only gateway", cluster, all(set("PrivateADefault4", "NatGatewayId", nil), set("PrivateADefault4", "EgressOnlyInternetGatewayId", ref("EgressOnly"))), "F4", flow.NoRoute, "EgressOnly", "carries IPv6 only"},
		{"an IPv4 prefix in a route to the egress-only gateway takes the endpoint's traffic", cluster, all(set("PrivateBDefault4", "NatGatewayId", nil), set("PrivateBDefault4", "EgressOnlyInternetGatewayId", ref("EgressOnly"))), "F4", flow.NoRoute, "EgressOnly", "203.0.113.7"},
		{"0.0.0.0/0 of a private table to the internet gateway", cluster, all(set("PrivateADefault4", "NatGatewayId", nil), set("PrivateADefault4", "GatewayId", ref("Igw"))), "F4", flow.NoRoute, "Igw", "no public IPv4 address"},
		{"a more specific route takes an internet host away", cluster, add("Specific", "AWS::EC2::Route", object{"RouteTableId": ref("PrivateATable"), "DestinationIpv6CidrBlock": "2001:db8:ffff::/48", "NatGatewayId": ref("NatA")}), "F3", flow.Mixed, "NatA", "2001:db8:ffff::/48"},
		{"a route to a gateway that is not declared", cluster, set("PrivateADefault6", "EgressOnlyInternetGatewayId", "eigw-0123456789abcdef0"), "F3", flow.Insufficient, "PrivateATable", "eigw-0123456789abcdef0"},
		{"a route whose destination is a parameter", cluster, all(set("PrivateADefault6", "DestinationIpv6CidrBlock", ref("Destination")), func(tp template) {
			tp["Parameters"] = object{"Destination": object{"Type": "String"}}
		}), "F3", flow.Insufficient, "PrivateATable", "Destination"},
		{"no public ::/0: IPv6 clients", cluster, drop("PublicADefault6"), "F8", flow.NoRoute, "PublicATable", "no route to the internet"},
		{"no public 0.0.0.0/0: IPv4 clients", cluster, drop("PublicBDefault4"), "F7", flow.NoRoute, "PublicBTable", "no route to the internet"},

		// Gateways.
		{"the internet gateway is not attached", cluster, drop("IgwAttachment"), "F4", flow.NoRoute, "Igw", "attached to no VPC"},
		{"the internet gateway is attached to another VPC", cluster, all(add("Other", "AWS::EC2::VPC", object{"CidrBlock": "10.9.0.0/16"}), set("IgwAttachment", "VpcId", ref("Other"))), "F7", flow.NoRoute, "Vpc", "no internet gateway attached"},
		{"the egress-only gateway is in another VPC", cluster, all(add("Other", "AWS::EC2::VPC", object{"CidrBlock": "10.9.0.0/16"}), set("EgressOnly", "VpcId", ref("Other"))), "F3", flow.NoRoute, "EgressOnly", "another VPC"},
		{"a NAT gateway stranded in a private subnet", cluster, set("NatB", "SubnetId", ref("PrivateB")), "F4", flow.NoRoute, "NatB", "leads back to it"},
		{"a NAT gateway in a public subnet without its default route", cluster, drop("PublicADefault4"), "F4", flow.NoRoute, "PublicATable", "no route to 203.0.113.7 from subnet PublicA"},
		{"a private NAT gateway", cluster, all(set("NatA", "ConnectivityType", "private"), set("NatA", "AllocationId", nil)), "F4", flow.NoRoute, "Igw", "NAT gateway in PublicA has no public IPv4 address"},
		{"a public NAT gateway without an address", cluster, set("NatC", "AllocationId", nil), "F4", flow.NoRoute, "Igw", "NAT gateway in PublicC has no public IPv4 address"},
		{"a regional NAT gateway in a VPC without internet gateway", cluster, all(drop("IgwAttachment"), set("NatA", "SubnetId", nil), set("NatA", "AllocationId", nil), set("NatA", "AvailabilityMode", "regional"), set("NatA", "VpcId", ref("Vpc"))), "F4", flow.NoRoute, "NatA", "no internet gateway attached"},
		{"IPv6 from a private IPAM scope", cluster, all(add("Ipam", "AWS::EC2::IPAM", object{}), add("Pool", "AWS::EC2::IPAMPool", object{"AddressFamily": "ipv6", "IpamScopeId": att("Ipam", "PrivateDefaultScopeId")}),
			set("Ipv6", "AmazonProvidedIpv6CidrBlock", nil), set("Ipv6", "Ipv6IpamPoolId", ref("Pool")), set("Ipv6", "Ipv6NetmaskLength", 56)), "F3", flow.NoRoute, "Ipv6", "private"},
		{"VPC Block Public Access, both directions", cluster, add("Bpa", "AWS::EC2::VPCBlockPublicAccessOptions", object{"InternetGatewayBlockMode": "block-bidirectional"}), "F3", flow.Denied, "Bpa", "block-bidirectional"},
		{"VPC Block Public Access, ingress", cluster, add("Bpa", "AWS::EC2::VPCBlockPublicAccessOptions", object{"InternetGatewayBlockMode": "block-ingress"}), "F8", flow.Denied, "Bpa", "block-ingress"},

		// DNS64 and NAT64.
		{"DNS64 without a NAT64 route", cluster, set("PrivateA", "EnableDns64", true), "F4", flow.NoRoute, "EgressOnly", "64:ff9b::/96"},
		{"DNS64 with the NAT64 route to a gateway without a way out", cluster, all(set("PrivateA", "EnableDns64", true), drop("PublicADefault4"),
			add("Nat64", "AWS::EC2::Route", object{"RouteTableId": ref("PrivateATable"), "DestinationIpv6CidrBlock": "64:ff9b::/96", "NatGatewayId": ref("NatA")})), "F4", flow.NoRoute, "PublicATable", "203.0.113.7"},

		// Addresses.
		{"a node subnet that assigns no IPv6", cluster, set("PrivateB", "AssignIpv6AddressOnCreation", false), "F1", flow.NoRoute, "PrivateB", "AssignIpv6AddressOnCreation"},
		{"a node subnet without IPv6 range", cluster, all(set("PrivateB", "Ipv6CidrBlock", nil), set("PrivateB", "AssignIpv6AddressOnCreation", nil)), "F3", flow.NoRoute, "PrivateB", "no IPv6 range"},

		// Network ACLs.
		{"the ACL lets no IPv6 out", cluster, drop("AclOut6"), "F3", flow.Denied, "Acl", "no outbound entry of subnet PrivateA"},
		{"the ACL lets no IPv6 in: the answer is lost", cluster, drop("AclIn6"), "F3", flow.Denied, "Acl", "no inbound entry"},
		{"the ACL lets no IPv4 in: the answer is lost", cluster, drop("AclIn4"), "F4", flow.Denied, "Acl", "no inbound entry"},
		{"the ACL lets IPv6 in on service ports only", cluster, all(set("AclIn6", "Protocol", 6), set("AclIn6", "PortRange", object{"From": 1, "To": 32000})), "F3", flow.Denied, "Acl", "tcp/32768"},
		{"the ACL lets half of the ephemeral ports in", cluster, all(set("AclIn6", "Protocol", 6), set("AclIn6", "PortRange", object{"From": 1, "To": 50000})), "F3", flow.Mixed, "Acl", "tcp/50001"},
		{"a deny entry before the allow", cluster, add("AclDeny", "AWS::EC2::NetworkAclEntry", object{"NetworkAclId": ref("Acl"), "RuleNumber": 50, "Egress": true, "Protocol": -1, "RuleAction": "deny", "Ipv6CidrBlock": "::/0"}), "F3", flow.Denied, "AclDeny", "entry 50 denies"},
		{"an ACL entry with a parameter before the allow", cluster, all(add("AclDeny", "AWS::EC2::NetworkAclEntry", object{"NetworkAclId": ref("Acl"), "RuleNumber": 50, "Egress": true, "Protocol": -1, "RuleAction": "deny", "Ipv6CidrBlock": ref("Blocked")}), func(tp template) {
			tp["Parameters"] = object{"Blocked": object{"Type": "String"}}
		}), "F3", flow.Insufficient, "AclDeny", "Blocked"},

		// Security groups.
		{"a node group whose own group has only IPv4 egress", cluster, all(add("NodeGroup", "AWS::EC2::SecurityGroup", object{"VpcId": ref("Vpc"), "GroupDescription": "nodes", "SecurityGroupEgress": []any{object{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}}}),
			set("NodeTemplate", "LaunchTemplateData.SecurityGroupIds", []any{att("NodeGroup", "GroupId")})), "F3", flow.Denied, "NodeGroup", "its rules name IPv4 only"},
		{"a node group whose own group lets the API not in", cluster, all(add("NodeGroup", "AWS::EC2::SecurityGroup", object{"VpcId": ref("Vpc"), "GroupDescription": "nodes"}),
			set("NodeTemplate", "LaunchTemplateData.SecurityGroupIds", []any{att("NodeGroup", "GroupId")})), "F6", flow.Denied, "NodeGroup", "no rule allows tcp/10250"},
		{"nodes with a group from outside", cluster, set("NodeTemplate", "LaunchTemplateData.SecurityGroupIds", []any{"sg-0123456789abcdef0"}), "F1", flow.Insufficient, "", "sg-0123456789abcdef0"},
		{"the database admits nobody", cluster, drop("DatabaseFromNodes"), "F5", flow.Denied, "DatabaseGroup", "no rule allows tcp/5432"},
		{"the database admits another port", cluster, all(set("DatabaseFromNodes", "FromPort", 3306), set("DatabaseFromNodes", "ToPort", 3306)), "F5", flow.Denied, "DatabaseGroup", "tcp/5432"},
		{"an endpoint's group admits IPv4 only", cluster, set("EndpointGroup", "SecurityGroupIngress", []any{object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/16"}}), "F9", flow.Denied, "EndpointGroup", "its rules name IPv4 only"},
		{"nodes open to the IPv6 internet in a subnet with a route to it", cluster, all(set("PrivateADefault6", "EgressOnlyInternetGatewayId", nil), set("PrivateADefault6", "GatewayId", ref("Igw")),
			add("Open", "AWS::EC2::SecurityGroupIngress", object{"GroupId": att("Cluster", "ClusterSecurityGroupId"), "IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "CidrIpv6": "::/0"})), "X1", flow.Mixed, "", ""},
		{"nodes that the controller opens to the IPv6 internet in a subnet with a route to it", cluster, all(balancer("internet-facing"), bind("AlbTargets", "::/0", "TCP"), toIgw), "X1", flow.Mixed, "", ""},

		// Endpoints.
		{"a private table without the gateway endpoint", cluster, set("S3Endpoint", "RouteTableIds", []any{ref("PrivateATable"), ref("PrivateBTable")}), "F9", flow.ExitsNetwork, "", "by the internet"},

		// EKS.
		{"IPv4 egress of the VPC CNI off", cluster, set("Cni", "ConfigurationValues", `{"env":{"ENABLE_V4_EGRESS":"false"}}`), "F4", flow.NoRoute, "Cni", "ENABLE_V4_EGRESS is false"},
		{"IPv4 egress of the VPC CNI off: the database", cluster, set("Cni", "ConfigurationValues", "env:\n  ENABLE_V4_EGRESS: false\n"), "F5", flow.NoRoute, "Cni", "ENABLE_V4_EGRESS is false"},
		{"IPv4 egress of the VPC CNI by a parameter", cluster, all(set("Cni", "ConfigurationValues", object{"Fn::Sub": `{"env":{"ENABLE_V4_EGRESS":"${Egress}"}}`}), func(tp template) {
			tp["Parameters"] = object{"Egress": object{"Type": "String"}}
		}), "F4", flow.Insufficient, "Cni", "Egress"},
		{"no VPC CNI", cluster, drop("Cni"), "F4", flow.NoRoute, "Cluster", "VPC CNI is not installed"},
		{"no kube-proxy", cluster, drop("KubeProxy"), "F2", flow.NoRoute, "Cluster", "kube-proxy is not installed"},
		{"private access off and public off", cluster, set("Cluster", "ResourcesVpcConfig.EndpointPrivateAccess", false), "F6", flow.Denied, "Cluster", "both off"},
		{"public endpoint for IPv4 ranges only", cluster, all(set("Cluster", "ResourcesVpcConfig.EndpointPrivateAccess", false), set("Cluster", "ResourcesVpcConfig.EndpointPublicAccess", true),
			set("Cluster", "ResourcesVpcConfig.PublicAccessCidrs", []any{"198.51.100.0/24"})), "F6", flow.Denied, "Cluster", "no IPv6 range"},

		// Load balancers.
		{"no internet-facing role tag", cluster, all(set("PublicA", "Tags", nil), set("PublicB", "Tags", nil), set("PublicC", "Tags", nil)), "F7", flow.Denied, "Vpc", "kubernetes.io/role/elb=1"},
		{"role tags in one zone only: an ALB needs two", cluster, all(set("PublicB", "Tags", nil), set("PublicC", "Tags", nil)), "F8", flow.Denied, "Vpc", "at least 2 subnet(s)"},
		{"an IPv4-only ALB by the class", cluster, replace("Controller", "Values", `"ipAddressType":"dualstack"`, `"ipAddressType":"ipv4"`), "F7", flow.Denied, "Controller", "lb not dual-stack"},
		{"an NLB without the dual-stack annotation", cluster, replace("AppNlb", "Manifest", `,"service.beta.kubernetes.io/aws-load-balancer-ip-address-type":"dualstack"`, ""), "F8", flow.Denied, "AppNlb", "lb not dual-stack"},
		{"an address type that a Service cannot have", cluster, replace("AppNlb", "Manifest", `ip-address-type":"dualstack"`, `ip-address-type":"dualstack-without-public-ipv4"`), "F7", flow.Denied, "AppNlb", "unknown IPAddressType"},
		{"instance targets", cluster, replace("AppNlb", "Manifest", `"service.beta.kubernetes.io/aws-load-balancer-scheme"`, `"service.beta.kubernetes.io/aws-load-balancer-nlb-target-type":"instance","service.beta.kubernetes.io/aws-load-balancer-scheme"`), "F7", flow.Denied, "AppNlb", "primary IPv6"},
		{"inbound ranges of IPv4 only", cluster, replace("AppIngress", "Manifest", `"annotations":{`, `"annotations":{"alb.ingress.kubernetes.io/inbound-cidrs":"0.0.0.0/0",`), "F8", flow.Denied, "AppIngress", "its rules name IPv4 only"},
		{"no controller", cluster, drop("Controller"), "F7", flow.Denied, "AppIngress", "not installed"},
		{"two groups on the nodes, neither of them the cluster's own", cluster, all(
			add("One", "AWS::EC2::SecurityGroup", object{"VpcId": ref("Vpc"), "GroupDescription": "one"}), add("Two", "AWS::EC2::SecurityGroup", object{"VpcId": ref("Vpc"), "GroupDescription": "two"}),
			set("NodeTemplate", "LaunchTemplateData.SecurityGroupIds", []any{att("One", "GroupId"), att("Two", "GroupId")})), "F7", flow.Denied, "One", "no rule allows tcp/8080"},

		// Peering.
		{"no route to the peer in one of two tables", peering, drop("EastPrivateBToWest"), "F14", flow.NoRoute, "EastPrivateBTable", "no route to 10.1."},
		{"no route back from the peer", peering, drop("WestPrivateAToEast"), "F14", flow.NoRoute, "WestPrivateATable", "no route to 10.0."},
		{"no route from the peer", peering, drop("WestPrivateBToEast"), "F13", flow.NoRoute, "WestPrivateBTable", "no route to 10.0."},
		{"overlapping ranges", peering, all(set("WestVpc", "CidrBlock", "10.0.0.0/16")), "F13", flow.NoRoute, "WestPrivateATable", "the ranges overlap"},
		{"the peer's group admits nobody", peering, drop("WestFromEast"), "F14", flow.Denied, "WestCluster", "no rule allows tcp/8080"},
		{"a peering that joins another VPC", peering, all(add("Third", "AWS::EC2::VPC", object{"CidrBlock": "10.7.0.0/16"}), add("Second", "AWS::EC2::VPCPeeringConnection", object{"VpcId": ref("EastVpc"), "PeerVpcId": ref("Third")}),
			set("EastPrivateAToWest", "VpcPeeringConnectionId", ref("Second"))), "F14", flow.NoRoute, "Second", "not transitive"},

		// Transit gateway.
		{"an attachment without IPv6 support", transit, set("WestAttachment", "Options", nil), "F12", flow.NoRoute, "WestAttachment", "Ipv6Support"},
		{"no attachment", transit, drop("WestAttachment", "WestAssociated", "WestPropagated"), "F14", flow.NoRoute, "Transit", "no attachment of WestVpc"},
		{"an attachment without association", transit, drop("EastAssociated"), "F12", flow.NoRoute, "EastAttachment", "associated with no transit gateway route table"},
		{"a table that does not learn the other VPC", transit, drop("WestPropagated"), "F12", flow.NoRoute, "TransitTable", "no route to 2001:db8:3:"},
		{"a blackhole", transit, add("Hole", "AWS::EC2::TransitGatewayRoute", object{"TransitGatewayRouteTableId": ref("TransitTable"), "DestinationCidrBlock": "10.2.0.0/16", "Blackhole": true}), "F14", flow.NoRoute, "Hole", "blackhole"},
		{"an attachment without a subnet in one zone", transit, set("EastAttachment", "SubnetIds", []any{ref("EastPrivateA")}), "F12", flow.NoRoute, "EastAttachment", "no subnet in zone"},
		{"no IPv6 route to the transit gateway", transit, drop("EastPrivateAToWest6"), "F12", flow.NoRoute, "EastPrivateATable", "no route to 2001:db8:3:"},
		{"no IPv6 route back", transit, drop("WestPrivateBToEast6"), "F12", flow.NoRoute, "WestPrivateBTable", "no route to 2001:db8:1:"},
		{"the other cluster admits nobody", transit, drop("WestFromEast"), "F12", flow.Denied, "WestCluster", "no rule allows tcp/8080"},

		// PrivateLink.
		{"an IPv4-only load balancer before IPv6 targets", privatelink, set("Balancer", "IpAddressType", "ipv4"), "F15", flow.Denied, "Balancer", "takes none: want dualstack"},
		{"an IPv4 target group", privatelink, set("Targets", "IpAddressType", "ipv4"), "F15", flow.Denied, "Targets", "IpAddressType"},
		{"a service without IPv4", privatelink, set("Service", "SupportedIpAddressTypes", []any{"ipv6"}), "F15", flow.Denied, "Service", "SupportedIpAddressTypes"},
		{"the endpoint's group admits nobody", privatelink, set("EndpointGroup", "SecurityGroupIngress", []any{object{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/16"}}), "F15", flow.Denied, "EndpointGroup", "tcp/443"},
		{"the load balancer's group admits nobody", privatelink, set("BalancerGroup", "SecurityGroupIngress", []any{}), "F15", flow.Denied, "BalancerGroup", "no rule allows tcp/443"},
		{"the load balancer's group has IPv4 egress only", privatelink, set("BalancerGroup", "SecurityGroupEgress", []any{object{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}}), "F15", flow.Denied, "BalancerGroup", "its rules name IPv4 only"},
		{"the nodes do not admit the load balancer", privatelink, drop("NodesFromBalancer"), "F15", flow.Denied, "ProviderCluster", "no rule allows tcp/8080"},
		{"nothing registers targets", privatelink, drop("Binding"), "F15", flow.Insufficient, "Targets", "registers targets"},
		{"no listener", privatelink, drop("Listener"), "F15", flow.NoRoute, "Balancer", "no listener"},

		// Two families in one VPC.
		{"the IPv4 cluster admits nobody", interop, drop("OldFromNew"), "F10", flow.Denied, "OldCluster", "no rule allows tcp/8080"},
		{"no internal role tag", interop, all(set("SharedPrivateA", "Tags", []any{object{"Key": "kubernetes.io/role/elb", "Value": "1"}}), set("SharedPrivateB", "Tags", nil)), "F11", flow.Denied, "SharedVpc", "kubernetes.io/role/internal-elb=1"},

		// A shared egress VPC.
		{"the transit gateway knows no way to the egress VPC", egress, drop("Default"), "F4", flow.NoRoute, "Transit", "no route to 203.0.113.7"},
		{"the egress VPC's attachment subnet has no way on", egress, drop("HubPrivateBDefault4"), "F4", flow.NoRoute, "HubPrivateBTable", "no route to 203.0.113.7"},
		{"the NAT gateway knows no way back to the cluster", egress, drop("HubPublicAToSpoke", "HubPublicBToSpoke"), "F4", flow.NoRoute, "HubPublicATable", "no route"},
		{"IPv6 through the egress VPC", egress, all(set("SpokePrivateADefault6", "EgressOnlyInternetGatewayId", nil), set("SpokePrivateADefault6", "TransitGatewayId", ref("Transit")),
			add("Default6", "AWS::EC2::TransitGatewayRoute", object{"TransitGatewayRouteTableId": att("Transit", "AssociationDefaultRouteTableId"), "TransitGatewayAttachmentId": ref("HubAttachment"), "DestinationCidrBlock": "::/0"}),
			add("HubEgressOnly", "AWS::EC2::EgressOnlyInternetGateway", object{"VpcId": ref("HubVpc")}),
			add("HubPrivateADefault6", "AWS::EC2::Route", object{"RouteTableId": ref("HubPrivateATable"), "DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": ref("HubEgressOnly")})),
			"F3", flow.NoRoute, "HubEgressOnly", "is not an address of HubVpc"},
	} {
		t.Run(c.file+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			tp := open(t, c.file)
			c.edit(tp)
			report := networkOf(t, c.file, tp).Check()
			var near []string
			for _, r := range report.Results {
				if r.OK {
					continue
				}
				last := r.Trace.Last()
				line := fmt.Sprintf("%s %s at %s (%s): %s", r.ID, r.Trace.Verdict, last.LogicalID, last.Component, last.By)
				if r.ID == c.flow && r.Trace.Verdict == c.verdict && (c.resource == "" || last.LogicalID == c.resource) && strings.Contains(last.By, c.by) {
					return
				}
				near = append(near, line)
			}
			t.Errorf("no miss of %s with %v at %s saying %q; misses:\n%s", c.flow, c.verdict, c.resource, c.by, strings.Join(unique(near), "\n"))
		})
	}
}

func unique(in []string) (out []string) {
	seen := map[string]bool{}
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// TestUnbroken is the other half of [TestMutations]: nothing is missed in the templates as they are.
func TestUnbroken(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"cluster.yaml":     {"F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "X1"},
		"peering.yaml":     {"F1", "F2", "F6", "F13", "F14", "X1"},
		"transit.yaml":     {"F1", "F2", "F6", "F12", "F13", "F14", "X1"},
		"privatelink.yaml": {"F1", "F2", "F6", "F15", "X1"},
		"interop.yaml":     {"F1", "F2", "F6", "F10", "F11", "X1"},
		"egress.yaml":      {"F1", "F2", "F3", "F4", "F6", "F9", "F14", "X1"},
	}
	for file, ids := range want {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			report := networkOf(t, file, open(t, file)).Check()
			var got []string
			for _, r := range report.Results {
				got = append(got, r.ID)
				if !r.OK {
					t.Errorf("missed:\n%s", render.TraceText(r.Trace, render.TextOptions{}))
				}
			}
			if got := unique(got); fmt.Sprint(got) != fmt.Sprint(ids) {
				t.Errorf("flows %v, want %v", got, ids)
			}
			if len(report.Unmodelled) > 0 || len(report.Problems) > 0 {
				t.Errorf("unmodelled %v, problems %v", report.Unmodelled, report.Problems)
			}
		})
	}
}
