package flow_test

import (
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
)

// TestOutside: what is beyond the network by the names that people use.
func TestOutside(t *testing.T) {
	t.Parallel()
	deny := func(cidr string) func(template) {
		return add("Denied", "AWS::EC2::NetworkAclEntry", object{"NetworkAclId": ref("Acl"), "RuleNumber": 50, "Protocol": -1, "RuleAction": "deny", "Egress": true, "Ipv6CidrBlock": cidr})
	}
	for _, c := range []struct {
		name string
		edit func(template)
		q    flow.Query
		want string // the endpoints that are reached with their verdicts, each once; or what the error says
	}{
		{"the internet of both families", nil, flow.Query{From: flow.AnyPod, To: flow.Internet}, "internet6 ExitsNetwork, internet4 ExitsNetwork"},
		{"one family of it", nil, flow.Query{From: flow.AnyPod, To: flow.Internet, Family: flow.IPv4}, "internet4 ExitsNetwork"},
		{"anyone", nil, flow.Query{From: "anyone", To: flow.Ingress("shop", "web"), Port: 80}, "ingress shop/web Delivered"},
		{"a range", nil, flow.Query{From: flow.AnyPod, To: "2a00:1450::/32"}, "2a00:1450::/32 ExitsNetwork"},
		{"a range, a part of which is denied by name", deny("2a00:1450:4000::/37"), flow.Query{From: flow.AnyPod, To: "2a00:1450::/32"}, "2a00:1450::/32 ExitsNetwork"},
		{"a range within one that is denied", deny("2a00:1450::/32"), flow.Query{From: flow.AnyPod, To: "2a00:1450:4000::/37"}, "2a00:1450:4000::/37 Denied"},
		{"a range that no route of the internet leads to", nil, flow.Query{From: flow.AnyPod, To: "192.168.0.0/16"}, "192.168.0.0/16 NoRoute"},
		{"a host name may be any host", nil, flow.Query{From: flow.AnyPod, To: "example.com"}, "example.com ExitsNetwork"},
		{"a host name may be one of those that are denied", deny("2a00:1450::/32"), flow.Query{From: flow.AnyPod, To: "example.com", Family: flow.IPv6}, "example.com Insufficient"},
		{"a service with an endpoint in the VPC", nil, flow.Query{From: flow.AnyPod, To: "ecr.api"}, "EcrEndpoint Delivered"},
		{"a service without one", nil, flow.Query{From: flow.AnyPod, To: "sts"}, "sts ExitsNetwork"},
		{"a service that has no dual-stack name", nil, flow.Query{From: flow.AnyPod, To: "ecr.dkr", Family: flow.IPv6}, "ecr.dkr NoRoute"},
		{"a range of the VPC", nil, flow.Query{From: flow.AnyPod, To: "10.0.0.0/8"}, "overlaps the range 10.0.0.0/16 of Vpc"},
		{"a range with bits beyond its length", nil, flow.Query{From: flow.AnyPod, To: "2a00:1450::1/32"}, "want 2a00:1450::/32"},
		{"a range that is none", nil, flow.Query{From: flow.AnyPod, To: "2a00:1450::/129"}, "unknown endpoint"},
		{"a host name that starts something", nil, flow.Query{From: "example.com", To: flow.AnyPod}, "only answers"},
		{"a service that starts something", nil, flow.Query{From: "s3", To: flow.AnyPod}, "only answers"},
		{"both ends beyond the network", nil, flow.Query{From: flow.Internet, To: "example.com"}, "both beyond the network"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tp := open(t, "cluster.yaml")
			if c.edit != nil {
				c.edit(tp)
			}
			traces, err := read(t, tp).TraceAll(c.q)
			if err == nil {
				keep(t, "cluster.yaml", tp, c.q)
			}
			var got []string
			for _, tr := range traces {
				if one := tr.To + " " + tr.Verdict.String(); !strings.Contains(strings.Join(got, ", "), one) {
					got = append(got, one)
				}
			}
			text := strings.Join(got, ", ")
			if err != nil {
				text = err.Error()
			}
			if err == nil && text != c.want || err != nil && !strings.Contains(text, c.want) {
				t.Errorf("got %s; want %s", text, c.want)
			}
		})
	}
}

// TestList: every name that is listed can be asked for.
func TestList(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"cluster.yaml", "privatelink.yaml", "transit.yaml"} {
		n, err := flow.Load("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		list := n.List()
		if len(list) < 5 {
			t.Errorf("%s: %d names", file, len(list))
		}
		for _, l := range list {
			from := flow.Internet
			if strings.HasPrefix(string(l.Endpoint), "internet") || strings.HasPrefix(l.What, "VPC endpoint") {
				from = "" // not from one end beyond the network to another
				for _, o := range list {
					if strings.HasPrefix(string(o.Endpoint), "subnet:") {
						from = o.Endpoint
					}
				}
			}
			if strings.HasPrefix(l.What, "AWS service") {
				continue // from its own VPC
			}
			if _, err := n.TraceAll(flow.Query{From: from, To: l.Endpoint}); err != nil && !strings.Contains(err.Error(), "has no load balancer") {
				t.Errorf("%s: %s (%s): %v", file, l.Endpoint, l.What, err)
			}
			if l.What == "" {
				t.Errorf("%s: %s stands for nothing", file, l.Endpoint)
			}
		}
	}
}

// TestDatabases: F5 asks for a database by each family that it has, and constructs are called by their own paths.
func TestDatabases(t *testing.T) {
	t.Parallel()
	four := set("DatabaseGroup", "SecurityGroupIngress", []any{object{"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.0.0.0/16"}})
	for _, c := range []struct {
		name   string
		edit   func(template)
		missed flow.Family
		asked  int // families
	}{
		{"IPv4 only", all(drop("DatabaseFromNodes"), four), 0, 1},
		{"both families", set("Database", "NetworkType", "DUAL"), 0, 2},
		{"both families, of which the group admits IPv4", all(set("Database", "NetworkType", "DUAL"), drop("DatabaseFromNodes"), four), flow.IPv6, 2},
	} {
		tp := open(t, "cluster.yaml")
		c.edit(tp)
		asked := map[flow.Family]bool{}
		for _, r := range networkOf(t, "cluster.yaml", tp).Check().Results {
			if r.ID != "F5" {
				continue
			}
			f := r.Trace.Query.Family
			asked[f] = true
			if r.OK == (f == c.missed) {
				t.Errorf("%s: over %s: %v", c.name, f, r.Trace.Verdict)
			}
		}
		if len(asked) != c.asked {
			t.Errorf("%s: asked over %v", c.name, asked)
		}
	}
	n, err := flow.Load("testdata/cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []flow.Endpoint{"Demo/Cluster/NodesX86", "nodegroup:Demo/Cluster/NodesX86", "Demo/Cluster/NodesX86/Resource", "pod:any@Demo/Cluster/NodesX86"} {
		if _, err := n.Trace(flow.Query{From: e, To: flow.Internet6}); err != nil {
			t.Error(err)
		}
	}
}
