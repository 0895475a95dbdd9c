package flow_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
)

// TestUnknownIsNeverBlocked leaves one property after the other of templates without a miss to the deployment: whatever a
// property decides, what is not known may pass or be insufficient, but nothing is blocked by it.
func TestUnknownIsNeverBlocked(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"cluster.yaml", "egress.yaml", "interop.yaml", "peering.yaml", "privatelink.yaml", "transit.yaml"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, id := range slices.Sorted(maps.Keys(open(t, name)["Resources"].(map[string]any))) {
				p, ok := resource(open(t, name), id)["Properties"].(map[string]any)
				if !ok {
					continue
				}
				for _, path := range leaves("", p) {
					tp := open(t, name)
					set(id, path, ref("Decided"))(tp)
					parameters, _ := tp["Parameters"].(map[string]any)
					if parameters == nil {
						parameters = object{}
					}
					parameters["Decided"] = object{"Type": "String"}
					tp["Parameters"] = parameters
					for _, r := range read(t, tp).Check().Results {
						if !r.OK && r.Trace.Verdict != flow.Insufficient {
							t.Errorf("%s.%s unknown: %s from %s to %s is %s: %s", id, path, r.ID, r.From, r.To, r.Trace.Verdict, r.Trace.Last().By)
							break
						}
					}
				}
			}
		})
	}
}

// TestUndecided names what the deployment decides, and keeps it from what it cannot concern.
func TestUndecided(t *testing.T) {
	t.Parallel()
	decided := edit(func(tp template) {
		tp["Parameters"] = object{"Decided": object{"Type": "String"}, "Subnets": object{"Type": "List<AWS::EC2::Subnet::Id>"}}
	})
	stray := func(cidr string) edit {
		return add("Stray", "AWS::EC2::Route", object{"RouteTableId": ref("Decided"), "DestinationIpv6CidrBlock": cidr, "EgressOnlyInternetGatewayId": ref("EgressOnly")})
	}
	rule := func(cidr string) edit {
		return add("StrayRule", "AWS::EC2::SecurityGroupIngress", object{"GroupId": ref("Decided"), "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": cidr})
	}
	mode := func(property, value string) edit {
		return all(add("Block", "AWS::EC2::VPCBlockPublicAccessOptions", object{"InternetGatewayBlockMode": "block-bidirectional"}),
			add("Except", "AWS::EC2::VPCBlockPublicAccessExclusion", object{"VpcId": ref("Vpc"), "InternetGatewayExclusionMode": "allow-bidirectional"}),
			edit(func(tp template) {
				id := "Block"
				if property == "InternetGatewayExclusionMode" {
					id = "Except"
				} else {
					drop("Except")(tp)
				}
				props(tp, id)[property] = ref(value)
			}))
	}
	for _, c := range []struct {
		name    string
		edit    edit
		id      string
		verdict flow.Verdict // of the first that is not as expected
		by      string
	}{
		{"a route of a table that is a parameter", all(drop("PrivateADefault6"), stray("::/0")), "F3", flow.Insufficient, "Stray.RouteTableId (Decided) is decided at deployment"},
		{"a route of such a table to elsewhere", all(drop("PrivateADefault6"), stray("2001:db8:abcd::/48")), "F3", flow.Mixed, "no route to"},
		{"a rule of a group that is a parameter", all(drop("DatabaseFromNodes"), rule("10.0.0.0/8")), "F5", flow.Insufficient, "StrayRule.GroupId (Decided) is decided at deployment"},
		{"a rule of such a group for others", all(drop("DatabaseFromNodes"), rule("192.0.2.0/24")), "F5", flow.Denied, "no rule allows"},
		{"nodes in subnets that are a parameter", all(set("NodesX86", "Subnets", ref("Subnets")), set("NodesArm", "Subnets", ref("Subnets"))), "F6", flow.Insufficient, "subnet Subnets is in none of the templates"},
		{"nodes in one subnet that is a parameter", set("NodesX86", "Subnets.0", ref("Decided")), "F1", flow.Insufficient, "subnet parameter Decided is in none of the templates"},
		{"private access to the API", set("Cluster", "ResourcesVpcConfig.EndpointPrivateAccess", ref("Decided")), "F6", flow.Insufficient, "EndpointPrivateAccess is Decided, which is decided at deployment"},
		{"the mode of Block Public Access", mode("InternetGatewayBlockMode", "Decided"), "F3", flow.Insufficient, "the mode of VPC Block Public Access, Decided, is decided at deployment"},
		{"the mode of an exclusion", mode("InternetGatewayExclusionMode", "Decided"), "F3", flow.Insufficient, "the mode of the exclusion Except, is decided at deployment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tp := open(t, "cluster.yaml")
			all(decided, c.edit)(tp)
			for _, r := range networkOf(t, "cluster.yaml", tp).Check().Results {
				if r.ID != c.id || r.OK {
					continue
				}
				if r.Trace.Verdict != c.verdict || !strings.Contains(r.Trace.Last().By, c.by) {
					t.Errorf("%s is %s: %s; want %s: %s", r.ID, r.Trace.Verdict, r.Trace.Last().By, c.verdict, c.by)
				}
				return
			}
			t.Errorf("%s is as expected everywhere, want %s", c.id, c.verdict)
		})
	}
}

// leaves are the paths of the values in a map of properties; a function is one value.
func leaves(at string, v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if k == "Ref" || strings.HasPrefix(k, "Fn::") {
				return []string{at}
			}
			out = append(out, leaves(strings.TrimPrefix(at+"."+k, "."), v[k])...)
		}
	case []any:
		for i, e := range v {
			out = append(out, leaves(at+"."+strconv.Itoa(i), e)...)
		}
	default:
		return []string{at}
	}
	return out
}
