package flow_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// hops writes a way in short: component, action, family where it changes.
func hops(list []flow.Hop) (out []string) {
	for _, h := range list {
		name := h.Component
		if h.LogicalID != "" {
			name += " " + h.LogicalID
		}
		s := fmt.Sprintf("%s: %s", name, h.Action)
		if h.FamilyIn() != h.FamilyOut() {
			s += fmt.Sprintf(" %s to %s", h.FamilyIn(), h.FamilyOut())
		}
		out = append(out, s)
	}
	return out
}

// TestWays follows one packet of each kind hop by hop, there and back.
func TestWays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		file    string
		query   flow.Query
		verdict flow.Verdict
		out     []string
		back    []string
	}{
		{"F3: nobody translates, the egress-only gateway carries", "cluster.yaml", flow.Query{From: "pod:any@NodesArm@PrivateA", To: flow.Internet6, Port: 443}, flow.ExitsNetwork,
			[]string{"pod NodesArm: originate", "security group Cluster: allow", "network ACL Acl: allow", "route table PrivateATable: route", "egress-only internet gateway EgressOnly: forward", "internet: exit"},
			[]string{"egress-only internet gateway EgressOnly: forward", "network ACL Acl: allow", "pod NodesArm: deliver"}},
		{"F4: the VPC CNI and the NAT gateway translate", "cluster.yaml", flow.Query{From: "pod:any@NodesArm@PrivateB", To: flow.Internet4, Port: 443}, flow.ExitsNetwork,
			[]string{"pod NodesArm: originate", "VPC CNI Cni: snat", "security group Cluster: allow", "network ACL Acl: allow", "route table PrivateBTable: route", "NAT gateway NatB: snat", "route table PublicBTable: route", "internet gateway Igw: snat", "internet: exit"},
			[]string{"internet gateway Igw: dnat", "NAT gateway NatB: dnat", "route table PublicBTable: route", "network ACL Acl: allow", "VPC CNI Cni: dnat", "pod NodesArm: deliver"}},
		{"F7: the ALB ends the IPv4 connection and opens one of IPv6", "cluster.yaml", flow.Query{From: flow.Internet4, To: flow.Ingress("shop", "web")}, flow.Delivered,
			[]string{"internet: originate", "internet gateway Igw: dnat", "security group AppIngress: allow", "application load balancer AppIngress: connect IPv4 to IPv6", "security group AppIngress: allow", "route table PublicATable: route", "network ACL Acl: allow", "security group Controller: allow", "pod NodesArm: deliver"},
			[]string{"network ACL Acl: allow", "route table PrivateATable: route", "application load balancer AppIngress: connect IPv6 to IPv4", "route table PublicATable: route", "internet gateway Igw: snat", "internet: deliver"}},
		{"F8: the NLB translates, within the family", "cluster.yaml", flow.Query{From: flow.Internet6, To: flow.Service("shop", "web-nlb"), Port: 443}, flow.Delivered,
			[]string{"internet: originate", "internet gateway Igw: forward", "security group AppNlb: allow", "network load balancer AppNlb: translate", "security group AppNlb: allow", "route table PublicATable: route", "network ACL Acl: allow", "security group Controller: allow", "pod NodesArm: deliver"},
			[]string{"network ACL Acl: allow", "route table PrivateATable: route", "network load balancer AppNlb: translate", "route table PublicATable: route", "internet gateway Igw: forward", "internet: deliver"}},
		{"X1: the egress-only gateway refuses", "cluster.yaml", flow.Query{From: flow.Internet6, To: "pod:web@NodesArm@PrivateA", Port: 8080}, flow.Denied,
			[]string{"internet: originate", "egress-only internet gateway EgressOnly: deny"}, nil},
		{"F9: S3 by its gateway endpoint", "cluster.yaml", flow.Query{From: "pod:any@NodesArm@PrivateA", To: "S3Endpoint"}, flow.Delivered,
			[]string{"pod NodesArm: originate", "VPC CNI Cni: snat", "security group Cluster: allow", "network ACL Acl: allow", "route table PrivateATable: route", "VPC endpoint S3Endpoint: forward", "AWS service: deliver"},
			[]string{"VPC endpoint S3Endpoint: forward", "network ACL Acl: allow", "VPC CNI Cni: dnat", "pod NodesArm: deliver"}},
		{"F12: native IPv6 over the transit gateway", "transit.yaml", flow.Query{From: "pod:any@EastNodes@EastPrivateA", To: "pod:any@WestNodes@WestPrivateB", Port: 8080}, flow.Delivered,
			[]string{"pod EastNodes: originate", "security group EastCluster: allow", "route table EastPrivateATable: route", "transit gateway route table TransitTable: route", "transit gateway Transit: forward", "route table WestPrivateATable: route", "security group WestFromEast: allow", "pod WestNodes: deliver"},
			[]string{"route table WestPrivateBTable: route", "transit gateway route table TransitTable: route", "transit gateway Transit: forward", "route table EastPrivateBTable: route", "pod EastNodes: deliver"}},
		{"F14: the VPC CNI, then the peering", "peering.yaml", flow.Query{From: "pod:any@EastNodes@EastPrivateA", To: "pod:any@WestNodes@WestPrivateA", Port: 8080}, flow.Delivered,
			[]string{"pod EastNodes: originate", "VPC CNI EastCluster: snat", "security group EastCluster: allow", "route table EastPrivateATable: route", "VPC peering connection Peering: forward", "security group WestFromEast: allow", "pod WestNodes: deliver"},
			[]string{"route table WestPrivateATable: route", "VPC peering connection Peering: forward", "VPC CNI EastCluster: dnat", "pod EastNodes: deliver"}},
		{"F15: PrivateLink and the NLB translate IPv4 to IPv6", "privatelink.yaml", flow.Query{From: "subnet:ConsumerPrivateA", To: "Endpoint"}, flow.Delivered,
			[]string{"host ConsumerPrivateA: originate", "route table ConsumerPrivateATable: route", "security group EndpointGroup: allow", "VPC endpoint service Service: forward", "security group BalancerGroup: allow", "network load balancer Balancer: translate IPv4 to IPv6", "security group BalancerGroup: allow", "route table ProviderPrivateATable: route", "security group NodesFromBalancer: allow", "pod ProviderNodes: deliver"},
			[]string{"route table ProviderPrivateATable: route", "network load balancer Balancer: translate IPv6 to IPv4", "VPC endpoint service Service: forward", "route table ConsumerPrivateATable: route", "host ConsumerPrivateA: deliver"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tr, err := networkOf(t, c.file, open(t, c.file), c.query).Trace(c.query)
			if err != nil {
				t.Fatal(err)
			}
			if tr.Verdict != c.verdict {
				t.Errorf("verdict %v, want %v", tr.Verdict, c.verdict)
			}
			if diff := cmp.Diff(c.out, hops(tr.Hops)); diff != "" {
				t.Errorf("way (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.back, hops(tr.Return)); diff != "" {
				t.Errorf("way back (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNAT64 is the one pattern in which a NAT gateway changes the family: DNS64 on, IPv4 egress of the CNI off.
func TestNAT64(t *testing.T) {
	t.Parallel()
	tp := open(t, "cluster.yaml")
	all(set("PrivateA", "EnableDns64", true), set("Cni", "ConfigurationValues", `{"env":{"ENABLE_V4_EGRESS":"false"}}`),
		add("Nat64", "AWS::EC2::Route", object{"RouteTableId": ref("PrivateATable"), "DestinationIpv6CidrBlock": "64:ff9b::/96", "NatGatewayId": ref("NatA")}))(tp)
	query := flow.Query{From: "pod:any@NodesX86@PrivateA", To: flow.Internet4}
	tr, err := networkOf(t, "cluster.yaml", tp, query).Trace(query)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"pod NodesX86: originate", "DNS64 PrivateA: resolve", "security group Cluster: allow", "network ACL Acl: allow", "route table PrivateATable: route",
		"NAT gateway NatA: nat64 IPv6 to IPv4", "route table PublicATable: route", "internet gateway Igw: snat", "internet: exit"}
	if diff := cmp.Diff(want, hops(tr.Hops)); diff != "" || tr.Verdict != flow.ExitsNetwork {
		t.Errorf("%v (-want +got):\n%s", tr.Verdict, diff)
	}
	if err := invariants(tr); err != nil {
		t.Error(err)
	}
}

// TestEndpoints asks by every spelling of an endpoint.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	tp := open(t, "cluster.yaml")
	n := read(t, tp)
	for _, c := range []struct {
		from, to flow.Endpoint
		port     uint16
		traces   int
		verdict  flow.Verdict
	}{
		{flow.AnyPod, flow.Internet6, 443, 5, flow.ExitsNetwork},
		{"pod:any@PrivateC", flow.Internet6, 443, 1, flow.ExitsNetwork},
		{"pod:any@Demo/Network/PrivateA/Subnet", flow.Internet4, 443, 2, flow.ExitsNetwork},
		{flow.Pod("web"), flow.Internet4, 443, 5, flow.ExitsNetwork},
		{flow.Pod("shop/web"), "203.0.113.9", 443, 5, flow.ExitsNetwork},
		{flow.AnyPod, "2001:db8:ffff::9", 443, 5, flow.ExitsNetwork},
		{flow.NodeGroup("NodesX86"), flow.Internet4, 443, 3, flow.ExitsNetwork},
		{flow.NodeGroup("Demo/Cluster/NodesX86/Resource"), flow.Internet6, 443, 3, flow.ExitsNetwork},
		{"NodesArm", flow.Internet6, 443, 2, flow.ExitsNetwork},
		{flow.Subnet("PublicA"), flow.Internet6, 443, 1, flow.ExitsNetwork},
		{"PrivateA", flow.Internet6, 443, 1, flow.ExitsNetwork},
		{flow.APIServer, flow.NodeGroup("NodesArm"), 10250, 6, flow.Delivered},
		{"apiserver@PrivateA", flow.NodeGroup("NodesArm"), 10250, 2, flow.Delivered},
		{"pod:any@NodesArm@PrivateA", flow.APIServer, 0, 3, flow.Delivered},
		{"pod:any@NodesArm@PrivateA", "apiserver@PrivateB", 0, 1, flow.Delivered},
		{"pod:any@NodesArm@PrivateA", flow.Service("shop", "web"), 80, 5, flow.Delivered},
		{"pod:any@NodesArm@PrivateA", flow.Service("kube-system", "kube-dns"), 0, 5, flow.Delivered},
		{"pod:any@NodesArm@PrivateA", "Database", 0, 2, flow.Delivered},
		{"pod:any@NodesArm@PrivateA", "EcrEndpoint", 0, 3, flow.Delivered},
		{flow.Internet6, flow.Ingress("shop", "web"), 80, 5, flow.Delivered},
		{flow.Internet6, flow.Service("shop", "web"), 0, 5, flow.Delivered}, // by the Ingress in front of it
		{flow.Internet4, flow.Ingress("shop", "web"), 8443, 3, flow.NoRoute},
		{flow.Internet6, flow.AnyPod, 8080, 5, flow.Denied},
		{flow.Internet4, flow.AnyPod, 8080, 5, flow.NoRoute},
		{"pod:any@NodesArm@PrivateA", "10.0.159.77", 5432, 1, flow.Insufficient}, // in PrivateB, nothing there in the template
		{"pod:any@NodesArm@PrivateA", "10.0.250.1", 5432, 1, flow.NoRoute},       // in the VPC, in no subnet
		{"pod:any@NodesArm@PrivateA", "10.99.0.1", 443, 1, flow.NoRoute},         // private, not in the VPC
	} {
		query := flow.Query{From: c.from, To: c.to, Port: c.port}
		keep(t, "cluster.yaml", tp, query)
		traces, err := n.TraceAll(query)
		if err != nil {
			t.Errorf("%s → %s: %v", c.from, c.to, err)
			continue
		}
		if len(traces) != c.traces || traces[0].Verdict != c.verdict {
			t.Errorf("%s → %s: %d traces, %v; want %d, %v\n%s", c.from, c.to, len(traces), traces[0].Verdict, c.traces, c.verdict, render.TraceText(traces[0], render.TextOptions{}))
		}
		for _, tr := range traces {
			if err := invariants(tr); err != nil {
				t.Errorf("%s → %s: %v", c.from, c.to, err)
			}
		}
	}
}

func TestUnknownEndpoint(t *testing.T) {
	t.Parallel()
	n := read(t, open(t, "cluster.yaml"))
	for _, c := range []struct {
		q       flow.Query
		nearest string // "" where the error is of another kind
		text    string
	}{
		{flow.Query{From: "pod:wbe", To: flow.Internet6}, "pod:shop/web", `unknown endpoint "pod:wbe"`},
		{flow.Query{From: flow.AnyPod, To: "intrnet6"}, "internet6", "did you mean"},
		{flow.Query{From: flow.AnyPod, To: "service:shop/wed"}, "service:shop/web", "service:shop/wed"},
		{flow.Query{From: flow.AnyPod, To: "subnet:PrivatA"}, "subnet:PrivateA", "subnet:PrivatA"},
		{flow.Query{From: "nodegroup:NodesArn", To: flow.Internet6}, "nodegroup:NodesArm", ""},
		{flow.Query{From: "volcano", To: flow.Internet6}, "", "unknown endpoint"},
		{flow.Query{From: "", To: flow.Internet6}, "", "unknown endpoint"},
		{flow.Query{From: flow.Ingress("shop", "web"), To: flow.Internet6}, "", "use it as the destination"},
		{flow.Query{From: flow.AnyPod, To: flow.Internet6, Proto: "icmp"}, "", "want tcp or udp"},
		{flow.Query{From: flow.AnyPod, To: flow.Internet6, Family: 5}, "", "want IPv4 or IPv6"},
	} {
		_, err := n.Trace(c.q)
		if err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: error %v, want %q in it", c.q, err, c.text)
			continue
		}
		if c.nearest == "" {
			continue
		}
		var unknown *flow.UnknownEndpointError
		if !errors.As(err, &unknown) || !slices.Contains(unknown.Nearest, c.nearest) {
			t.Errorf("%v: %v, want %q among the nearest", c.q, err, c.nearest)
		}
	}
}

// TestAskAgain asks each flow of the catalogue again by the names in its result: the answer is the same.
func TestAskAgain(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures {
		n := read(t, open(t, name))
		for _, r := range n.Check().Results {
			traces, err := n.TraceAll(r.Trace.Query)
			if err != nil {
				t.Errorf("%s %s: %v", name, r.ID, err)
				continue
			}
			if !slices.ContainsFunc(traces, func(tr flow.Trace) bool {
				return tr.Verdict == r.Trace.Verdict && cmp.Equal(hops(tr.Hops), hops(r.Trace.Hops))
			}) {
				t.Errorf("%s %s %v: %v, asked again %v", name, r.ID, r.Trace.Query, r.Trace.Verdict, traces[0].Verdict)
			}
		}
	}
}
