package flow_test

import (
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// TestEveryPacket: what one packet of a flow does not show. Each of these passed when a flow was one packet.
func TestEveryPacket(t *testing.T) {
	t.Parallel()
	toIgw := all(set("PrivateADefault6", "EgressOnlyInternetGatewayId", nil), set("PrivateADefault6", "GatewayId", ref("Igw")))
	admit := func(props object) func(template) {
		rule := object{"GroupId": att("Cluster", "ClusterSecurityGroupId")}
		for k, v := range props {
			rule[k] = v
		}
		return all(toIgw, add("Open", "AWS::EC2::SecurityGroupIngress", rule))
	}
	tcp := func(cidr string, port int) object {
		return object{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIpv6": cidr}
	}
	deny := func(family string, from, to int) func(template) {
		props := object{"NetworkAclId": ref("Acl"), "RuleNumber": 50, "Protocol": 6, "RuleAction": "deny", "Egress": false, "PortRange": object{"From": from, "To": to}}
		if family == "F3" {
			props["Ipv6CidrBlock"] = "::/0"
		} else {
			props["CidrBlock"] = "0.0.0.0/0"
		}
		return add("AnswersDenied", "AWS::EC2::NetworkAclEntry", props)
	}
	route := func(id, dest string, target object) func(template) {
		props := object{"RouteTableId": ref("PrivateATable"), "DestinationIpv6CidrBlock": dest}
		for k, v := range target {
			props[k] = v
		}
		return add(id, "AWS::EC2::Route", props)
	}
	for _, c := range []struct {
		name, id string
		edit     func(template)
		verdict  flow.Verdict
		packets  string // that the deciding region holds
	}{
		{"half of all IPv6 addresses is let in", "X1", admit(tcp("8000::/1", 8080)), flow.Mixed, "from 8000::/1, tcp port 8080"},
		{"half of the IPv6 internet is let in", "X1", admit(tcp("3000::/4", 8080)), flow.Mixed, "from 3000::/4, tcp port 8080"},
		{"one provider's range is let in", "X1", admit(tcp("2a00:1450::/32", 8080)), flow.Mixed, "from 2a00:1450::/32, tcp port 8080"},
		{"one host is let in", "X1", admit(tcp("2a00:1450::1/128", 22)), flow.Mixed, "from 2a00:1450::1, tcp port 22"},
		{"all UDP is let in", "X1", admit(object{"IpProtocol": "udp", "FromPort": 0, "ToPort": 65535, "CidrIpv6": "::/0"}), flow.Mixed, "udp"},
		{"ICMPv6 is let in", "X1", admit(object{"IpProtocol": "icmpv6", "FromPort": -1, "ToPort": -1, "CidrIpv6": "::/0"}), flow.Mixed, "icmpv6"},
		{"another protocol is let in", "X1", admit(object{"IpProtocol": "47", "CidrIpv6": "::/0"}), flow.Mixed, "protocol 47"},
		{"everything is let in", "X1", admit(object{"IpProtocol": "-1", "CidrIpv6": "::/0"}), flow.Delivered, "every packet"},
		{"a high port is let in", "X1", admit(tcp("::/0", 30000)), flow.Mixed, "tcp port 30000"},

		{"answers in the middle of the port range are denied, IPv6", "F3", deny("F3", 33000, 60000), flow.Mixed, "source port 33000-60000"},
		{"answers to a few ports are denied, IPv6", "F3", deny("F3", 40000, 40001), flow.Mixed, "source port 40000-40001"},
		{"answers in the middle of the port range are denied, IPv4", "F4", deny("F4", 33000, 60000), flow.Mixed, "33000-60000"},
		{"answers to ports that the VPC CNI picks are denied, IPv4", "F4", deny("F4", 5000, 6000), flow.Mixed, "5000-6000"},

		{"half of the internet has a route", "F3", all(set("PrivateADefault6", "DestinationIpv6CidrBlock", "3000::/4")), flow.Mixed, "to 2000::/4"},
		{"a range for the shares of the IPv6 internet that are given out", "", set("PrivateADefault6", "DestinationIpv6CidrBlock", "2000::/3"), flow.ExitsNetwork, ""},
		{"a quarter of the IPv4 internet has no route", "F4", all(set("PrivateADefault4", "DestinationCidrBlock", "0.0.0.0/1"),
			add("Upper", "AWS::EC2::Route", object{"RouteTableId": ref("PrivateATable"), "DestinationCidrBlock": "192.0.0.0/2", "NatGatewayId": ref("NatA")})), flow.Mixed, "to 128.0.0.0/2"},
		{"the network ACL lets only some ports out", "F3", all(set("AclOut6", "Protocol", 6), set("AclOut6", "PortRange", object{"From": 80, "To": 442})), flow.Denied, "every packet"},
		{"another gateway takes one range", "F3", route("Other", "2600::/12", object{"NatGatewayId": ref("NatA")}), flow.Mixed, "to 2600::/12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tp := open(t, "cluster.yaml")
			c.edit(tp)
			report := networkOf(t, "cluster.yaml", tp).Check()
			checkReport(t, report)
			if c.id == "" {
				if !report.OK() {
					t.Error(render.Text(report, render.TextOptions{}))
				}
				return
			}
			var seen []string
			for _, r := range report.Results {
				if r.ID != c.id || r.OK {
					continue
				}
				text := strings.Join(r.Trace.Decisive().Text(), "; ")
				if r.Trace.Verdict == c.verdict && strings.Contains(text, c.packets) {
					return
				}
				seen = append(seen, r.Trace.Verdict.String()+" "+text)
			}
			t.Errorf("no miss of %s that is %s with %q; misses: %q", c.id, c.verdict, c.packets, seen)
		})
	}
}

// TestExceptions: what the author of the templates takes out by name is no miss, and is shown.
func TestExceptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, id, packets string
		edit              func(template)
	}{
		{"a network ACL denies a range", "F3", "to 2a00:1450::/32", add("Denied", "AWS::EC2::NetworkAclEntry",
			object{"NetworkAclId": ref("Acl"), "RuleNumber": 50, "Protocol": -1, "RuleAction": "deny", "Egress": true, "Ipv6CidrBlock": "2a00:1450::/32"})},
		{"answers of a range are denied", "F4", "to 203.0.112.0/21", add("Denied", "AWS::EC2::NetworkAclEntry",
			object{"NetworkAclId": ref("Acl"), "RuleNumber": 50, "Protocol": -1, "RuleAction": "deny", "Egress": false, "CidrBlock": "203.0.112.0/21"})},
		{"a company's own range is behind a gateway", "F3", "to 2620:10::/32", add("Company", "AWS::EC2::Route",
			object{"RouteTableId": ref("PrivateATable"), "DestinationIpv6CidrBlock": "2620:10::/32", "GatewayId": "vgw-0123456789abcdef0"})},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tp := open(t, "cluster.yaml")
			c.edit(tp)
			report := networkOf(t, "cluster.yaml", tp).Check()
			checkReport(t, report)
			found := false
			for _, r := range report.Results {
				if r.ID != c.id {
					continue
				}
				if !r.OK {
					t.Errorf("%s is missed: %s", c.id, r.Trace.Last().By)
				}
				for _, e := range r.Trace.Exceptions() {
					found = found || strings.Contains(strings.Join(e.Text(), "; "), c.packets)
				}
			}
			if text := render.Text(report, render.TextOptions{}); !found || !strings.Contains(text, "◐") || !strings.Contains(text, c.packets) {
				t.Errorf("no exception %q of %s in:\n%s", c.packets, c.id, text)
			}
		})
	}
}
