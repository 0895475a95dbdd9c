package flow_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// interop is a golden template of stacks.NewInterop.
func interop(t *testing.T, name string) template {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "test", "testdata", "templates", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var out template
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestInterop reads the stacks of the VPC boundary: every flow that applies passes, and those across the boundary by a
// load balancer that is in the template, not by one that the controller might make.
func TestInterop(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want   string
		across []string
	}{
		"InteropPeering":        {"F1 4/4, F2 12/12, F3 2/2, F4 2/2, F6 12/12, F9 4/4, F13 4/4, F14 4/4, X1 2/2", []string{"F13", "F14"}},
		"InteropTransitGateway": {"F1 4/4, F2 12/12, F3 2/2, F4 2/2, F6 12/12, F9 4/4, F13 4/4, F14 4/4, X1 2/2", []string{"F13", "F14"}},
		"InteropPrivateLink":    {"F1 4/4, F2 12/12, F3 2/2, F4 2/2, F6 12/12, F9 4/4, F15 8/8, X1 2/2", []string{"F15"}},
		"InteropSameVpc":        {"F1 4/4, F2 12/12, F3 2/2, F4 2/2, F6 12/12, F9 4/4, F10 4/4, F11 4/4, X1 2/2", []string{"F10", "F11"}},
		"InteropIpv6Clusters":   {"F1 8/8, F2 20/20, F3 4/4, F4 4/4, F6 24/24, F9 8/8, F12 8/8, X1 4/4", []string{"F12"}},
	} {
		r := networkOf(t, name+".json", interop(t, name)).Check()
		checkReport(t, r)
		if got := summary(r); got != c.want || !r.OK() {
			t.Errorf("%s: %s, want %s\n%s", name, got, c.want, render.Text(r, render.TextOptions{}))
		}
		if len(r.Unmodelled) > 0 || len(r.Problems) > 0 {
			t.Errorf("%s: unmodelled %v, problems %v", name, r.Unmodelled, r.Problems)
		}
		for _, s := range r.Skipped {
			if s.ID == "F7" && name != "InteropIpv6Clusters" && s.Reason != "its load balancers are internal" { // its second cluster has none
				t.Errorf("%s: F7 does not apply because %s", name, s.Reason)
			}
		}
		for _, id := range c.across {
			delivered := 0
			for _, res := range r.Results {
				if res.ID != id {
					continue
				}
				if res.Trace.Verdict == flow.Delivered {
					delivered++
				}
				if told := strings.Join(res.Trace.Assumptions, "\n"); strings.Contains(told, "no Service is exposed") {
					t.Errorf("%s %s: by a load balancer that no template holds:\n%s", name, id, told)
				}
			}
			if delivered == 0 {
				t.Errorf("%s: %s is not traced", name, id)
			}
		}
	}
}

// only finds the one resource of a type whose id holds a text.
func only(t *testing.T, tp template, typ, part string) string {
	t.Helper()
	var found []string
	for id, r := range tp["Resources"].(map[string]any) {
		if r.(map[string]any)["Type"] == typ && strings.Contains(id, part) {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%v of type %s with %s in the id, want one", found, typ, part)
	}
	return found[0]
}

// TestInteropBroken breaks one thing of a sound stack, and wants the flow that crosses it to be missed there.
func TestInteropBroken(t *testing.T) {
	t.Parallel()
	remove := func(tp template, id string) { delete(tp["Resources"].(map[string]any), id) }
	for name, c := range map[string]struct {
		stack, flow string
		edit        func(tp template)
		want        string // in the last hop
	}{
		"no way out": {"InteropPeering", "F13", func(tp template) { remove(tp, only(t, tp, "AWS::EC2::Route", "JoinClients1ToNetworkIpv4")) },
			"route table"},
		"no way back": {"InteropPeering", "F13", func(tp template) {
			remove(tp, only(t, tp, "AWS::EC2::Route", "JoinNetwork1ToClientsIpv4"))
			remove(tp, only(t, tp, "AWS::EC2::Route", "JoinNetwork2ToClientsIpv4"))
		}, "route table"},
		"load balancer closed": {"InteropPeering", "F13", func(tp template) {
			props(tp, only(t, tp, "AWS::EC2::SecurityGroup", "BridgeSecurityGroup"))["SecurityGroupIngress"] = []any{}
		}, "security group BridgeSecurityGroup"},
		"IPv4 Pods closed": {"InteropPeering", "F14", func(tp template) { remove(tp, only(t, tp, "AWS::EC2::SecurityGroupIngress", "ClientsFromCluster")) },
			"security group"},
		"attached elsewhere": {"InteropTransitGateway", "F13", func(tp template) {
			props(tp, only(t, tp, "AWS::EC2::TransitGatewayAttachment", "ClientsAttachment"))["TransitGatewayId"] = "tgw-0123456789abcdef0"
		}, "transit gateway"},
		"not announced": {"InteropTransitGateway", "F13", func(tp template) {
			props(tp, only(t, tp, "AWS::EC2::TransitGateway", ""))["DefaultRouteTablePropagation"] = "disable"
		}, "transit gateway route table"},
		"IPv4 targets": {"InteropTransitGateway", "F13", func(tp template) {
			props(tp, only(t, tp, "AWS::ElasticLoadBalancingV2::TargetGroup", "Bridge"))["IpAddressType"] = "ipv4"
		}, ""},
		"Pods closed": {"InteropPrivateLink", "F15", func(tp template) {
			p := props(tp, only(t, tp, "Custom::AWSCDK-EKS-KubernetesResource", "BridgeBinding"))
			text, _ := json.Marshal(p["Manifest"])
			var m any
			if err := json.Unmarshal([]byte(strings.Replace(string(text), `\"networking\":`, `\"nothing\":`, 1)), &m); err != nil {
				t.Fatal(err)
			}
			p["Manifest"] = m
		}, "security group"},
		"endpoint closed": {"InteropPrivateLink", "F15", func(tp template) {
			props(tp, only(t, tp, "AWS::EC2::SecurityGroup", "JoinEndpointSecurityGroup"))["SecurityGroupIngress"] = []any{}
		}, "security group JoinEndpointSecurityGroup"},
		"IPv4 load balancer": {"InteropSameVpc", "F11", func(tp template) {
			props(tp, only(t, tp, "AWS::ElasticLoadBalancingV2::LoadBalancer", "Bridge"))["IpAddressType"] = "ipv4"
		}, ""},
		"neighbour closed": {"InteropSameVpc", "F10", func(tp template) { remove(tp, only(t, tp, "AWS::EC2::SecurityGroupIngress", "ClientsFromCluster")) },
			"security group"},
		"no IPv6 way": {"InteropIpv6Clusters", "F12", func(tp template) { remove(tp, only(t, tp, "AWS::EC2::Route", "JoinNetwork1ToClientsIpv6")) },
			""},
		"attachment without IPv6": {"InteropIpv6Clusters", "F12", func(tp template) {
			props(tp, only(t, tp, "AWS::EC2::TransitGatewayAttachment", "NetworkAttachment"))["Options"] = map[string]any{}
		}, "transit gateway attachment"},
	} {
		t.Run(name, func(t *testing.T) {
			tp := interop(t, c.stack)
			c.edit(tp)
			r := networkOf(t, c.stack+".json", tp).Check()
			missed := false
			for _, res := range r.Missed() {
				last := res.Trace.Last()
				missed = missed || res.ID == c.flow && strings.Contains(last.Component+" "+last.Name(), c.want)
			}
			if !missed {
				t.Errorf("%s is not missed at %q\n%s", c.flow, c.want, render.Text(r, render.TextOptions{Verbose: true}))
			}
		})
	}
}
