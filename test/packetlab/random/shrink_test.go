package random

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/network"
)

func types(t map[string]any) (out []string) {
	for _, r := range t["Resources"].(object) {
		typ := r.(object)["Type"].(string)
		out = append(out, typ[strings.LastIndex(typ, ":")+1:])
	}
	slices.Sort(out)
	return out
}

// TestShrinkTrace makes random networks smaller while a packet of a subnet leaves by an egress-only gateway: what it needs
// is left, and nothing else.
func TestShrinkTrace(t *testing.T) {
	t.Parallel()
	leaves := func(template map[string]any) bool {
		n := read(t, template)
		for _, id := range ids(template) {
			traces, err := n.TraceAll(network.Query{From: network.Name("subnet:" + id), To: network.Internet6})
			if err == nil && traces[0].Verdict.OK() && slices.ContainsFunc(traces[0].Hops, func(h network.Hop) bool { return h.Component == network.AtEgressOnlyGateway }) {
				return true
			}
		}
		return false
	}
	want := []string{"EgressOnlyInternetGateway", "Route", "RouteTable", "Subnet", "SubnetRouteTableAssociation", "VPC", "VPCCidrBlock"}
	tried := 0
	for seed := uint64(0); tried < 5; seed++ {
		template := Template(seed)
		if !leaves(template) {
			continue
		}
		tried++
		before := encode(t, template)
		small := Shrink(template, leaves)
		if !leaves(small) || !slices.Equal(types(small), want) {
			t.Errorf("seed %d: %v is left", seed, encode(t, small))
		}
		for _, id := range ids(small) {
			if props := small["Resources"].(object)[id].(object)["Properties"].(object); strings.HasPrefix(id, "Subnet") && props["MapPublicIpOnLaunch"] != nil {
				t.Errorf("seed %d: %s has %v", seed, id, props)
			}
		}
		if encode(t, template) != before {
			t.Errorf("seed %d: the template itself is changed", seed)
		}
		if again := Shrink(template, leaves); !reflect.DeepEqual(small, again) {
			t.Errorf("seed %d: two results: %v, %v", seed, small, again)
		}
	}
}

// TestShrinkParts makes one template smaller until each question about its text has its least answer.
func TestShrinkParts(t *testing.T) {
	t.Parallel()
	var template object
	const source = `{"Resources":{
		"Vpc":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":"10.0.0.0/16","EnableDnsSupport":true}},
		"Ipv6":{"Type":"AWS::EC2::VPCCidrBlock","Properties":{"VpcId":{"Ref":"Vpc"},"AmazonProvidedIpv6CidrBlock":true}},
		"Net":{"Type":"AWS::EC2::Subnet","DependsOn":["Ipv6"],"Properties":{"VpcId":{"Ref":"Vpc"},"CidrBlock":"10.0.0.0/24","AssignIpv6AddressOnCreation":true,
			"Ipv6CidrBlock":{"Fn::Select":[0,{"Fn::Cidr":[{"Fn::Select":[0,{"Fn::GetAtt":["Vpc","Ipv6CidrBlocks"]}]},16,64]}]}}},
		"Web":{"Type":"AWS::EC2::SecurityGroup","Properties":{"GroupDescription":"web","VpcId":{"Ref":"Vpc"},"SecurityGroupIngress":[
			{"IpProtocol":"tcp","FromPort":80,"ToPort":80,"CidrIp":"10.0.0.0/8"},
			{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"CidrIpv6":{"Fn::Select":[0,{"Fn::GetAtt":["Vpc","Ipv6CidrBlocks"]}]}}]}},
		"Other":{"Type":"AWS::EC2::SecurityGroup","Properties":{"GroupDescription":"other","VpcId":{"Ref":"Vpc"}}},
		"Acl":{"Type":"AWS::EC2::NetworkAcl","Properties":{"VpcId":{"Ref":"Vpc"}}},
		"Entry":{"Type":"AWS::EC2::NetworkAclEntry","Properties":{"NetworkAclId":{"Ref":"Acl"},"RuleNumber":7,"RuleAction":"deny","Protocol":6,
			"PortRange":{"From":1024,"To":65535},"CidrBlock":"10.1.0.0/16"}},
		"Host":{"Type":"AWS::EC2::Instance","Properties":{"SubnetId":{"Ref":"Net"},"SecurityGroupIds":[{"Fn::GetAtt":["Web","GroupId"]},{"Fn::GetAtt":"Other.GroupId"}]}},
		"Name":{"Type":"AWS::SSM::Parameter","Properties":{"Value":{"Fn::Sub":"${Host.PrivateIp} of ${Net}"}}}}}`
	if err := json.Unmarshal([]byte(source), &template); err != nil {
		t.Fatal(err)
	}
	host := `"Host":{"Properties":{"SubnetId":{"Ref":"Net"}},"Type":"AWS::EC2::Instance"}`
	network := `"Net":{"Properties":{"CidrBlock":"10.0.0.0/24","VpcId":{"Ref":"Vpc"}},"Type":"AWS::EC2::Subnet"},"Vpc":{"Properties":{"CidrBlock":"10.0.0.0/16"},"Type":"AWS::EC2::VPC"}`
	for _, c := range []struct{ keep, want string }{
		{"nothing at all", ""},
		{"", "{}"},
		{"AWS::EC2::Instance", "{" + host + "," + network + "}"},
		{"PrivateIp", "{" + host + `,"Name":{"Properties":{"Value":{"Fn::Sub":"${Host.PrivateIp} of ${Net}"}},"Type":"AWS::SSM::Parameter"},` + network + "}"},
		{"RuleAction", `{"Acl":{"Properties":{"VpcId":{"Ref":"Vpc"}},"Type":"AWS::EC2::NetworkAcl"},"Entry":{"Properties":{"CidrBlock":"0.0.0.0/0","NetworkAclId":{"Ref":"Acl"},` +
			`"Protocol":-1,"RuleAction":"deny","RuleNumber":7},"Type":"AWS::EC2::NetworkAclEntry"},"Vpc":{"Properties":{"CidrBlock":"10.0.0.0/16"},"Type":"AWS::EC2::VPC"}}`},
		{`"CidrIp"`, `{"Vpc":{"Properties":{"CidrBlock":"10.0.0.0/16"},"Type":"AWS::EC2::VPC"},"Web":{"Properties":{"GroupDescription":"web","SecurityGroupIngress":` +
			`[{"CidrIp":"0.0.0.0/0","IpProtocol":"-1"}],"VpcId":{"Ref":"Vpc"}},"Type":"AWS::EC2::SecurityGroup"}}`},
	} {
		calls := 0
		got := Shrink(template, func(t2 map[string]any) bool {
			calls++
			dangling(t, t2)
			return strings.Contains(encode(t, t2), c.keep)
		})
		if c.want == "" {
			c.want = encode(t, template["Resources"])
		}
		if left := encode(t, got["Resources"]); left != c.want {
			t.Errorf("what keeps %q is %s\nwant %s", c.keep, left, c.want)
		}
		if calls > maxCalls {
			t.Errorf("%d calls for %q", calls, c.keep)
		}
	}
}

// TestShrinkBound has a template of so many parts that asking about each would be too much.
func TestShrinkBound(t *testing.T) {
	t.Parallel()
	parts := object{}
	for i := range 600 {
		parts[fmt.Sprint("Part", i)] = object{"Type": "AWS::SSM::Parameter", "Properties": object{"Value": "x"}}
	}
	calls := 0
	Shrink(object{"Resources": parts}, func(map[string]any) bool {
		calls++
		return false
	})
	if calls != maxCalls {
		t.Errorf("%d calls, want %d", calls, maxCalls)
	}
}

// TestShrinkRandom has parts of random networks taken away at random: it ends, and leaves nothing dangling.
func TestShrinkRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		template := Template(seed)
		calls, asked := 0, map[string]bool{}
		Shrink(template, func(smaller map[string]any) bool {
			calls++
			key := encode(t, smaller)
			if asked[key] {
				t.Fatalf("seed %d: asked twice about %s", seed, key)
			}
			asked[key] = true
			dangling(t, smaller)
			return (uint64(len(key))+seed)%5 == 0
		})
		if calls == 0 || calls > maxCalls {
			t.Errorf("seed %d: %d calls", seed, calls)
		}
	}
}

// dangling reports references to what a template does not have: a reading would not fail for all of them.
func dangling(t *testing.T, template map[string]any) {
	t.Helper()
	all := slices.Concat(ids(template), []string{"AWS::Region"})
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case object:
			name, _ := v["Ref"].(string)
			if at, ok := v["Fn::GetAtt"].(list); ok {
				name = at[0].(string)
				if six := at[1] == "Ipv6CidrBlocks"; six && !slices.ContainsFunc(ids(template), func(id string) bool {
					r := template["Resources"].(object)[id].(object)
					return r["Type"] == "AWS::EC2::VPCCidrBlock" && reflect.DeepEqual(r["Properties"].(object)["VpcId"], object{"Ref": name}) && r["Properties"].(object)["CidrBlock"] == nil
				}) {
					t.Errorf("%s has no IPv6 range", name)
				}
			}
			if name != "" && !slices.Contains(all, name) {
				t.Errorf("%s is gone", name)
			}
			if sub, ok := v["Fn::Sub"].(string); ok {
				for _, part := range strings.Split(sub, "${")[1:] {
					if name := strings.FieldsFunc(part, func(r rune) bool { return r == '}' || r == '.' })[0]; !slices.Contains(all, name) {
						t.Errorf("%s is gone from %s", name, sub)
					}
				}
			}
			walk(slices.Collect(maps.Values(v)))
		case list:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(template["Resources"])
	for _, id := range ids(template) {
		r := template["Resources"].(object)[id].(object)
		for _, e := range entries(r["DependsOn"]) {
			if !slices.Contains(all, e.(string)) {
				t.Errorf("%s depends on %s, which is gone", id, e)
			}
		}
		if props := r["Properties"].(object); props["AssignIpv6AddressOnCreation"] != nil && props["Ipv6CidrBlock"] == nil {
			t.Errorf("%s assigns addresses of no range", id)
		}
	}
}
