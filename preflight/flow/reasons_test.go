package flow_test

import (
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
)

// alb is a load balancer of the small network's VPC that nothing binds to the cluster.
const alb = `  Alb: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Type: application, Scheme: SCHEME, IpAddressType: dualstack, Subnets: [!Ref Private]}}
  Listener: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Alb, Port: 80, Protocol: HTTP, DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]}}
  Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref Vpc, Port: 80, Protocol: HTTP, TargetType: ip, IpAddressType: ipv6}}
`

// TestSkippedFor: a flow that does not apply says why, and not that there is no load balancer where there is one.
func TestSkippedFor(t *testing.T) {
	t.Parallel()
	const none, unbound = "no internet-facing load balancer", "no target group of load balancer Alb is bound to cluster Cluster"
	for _, c := range []struct{ name, add, want string }{
		{"no load balancer", "", none},
		{"not bound", strings.Replace(alb, "SCHEME", "internet-facing", 1), unbound},
		{"an internal one", strings.Replace(alb, "SCHEME", "internal", 1), none},
	} {
		n, err := flow.Read("small.yaml", []byte(small+c.add))
		if err != nil {
			t.Fatal(err)
		}
		why := map[string]string{}
		for _, s := range n.Check().Skipped {
			why[s.ID] = s.Reason
		}
		for _, id := range []string{"F7", "F8"} {
			if !strings.Contains(why[id], c.want) {
				t.Errorf("%s: %s does not apply because %q, want %q", c.name, id, why[id], c.want)
			}
		}
	}
}

// TestMissingRouteToPeer: where VPCs are peered and packets take the way to the internet, the route to the peering connection is missing.
func TestMissingRouteToPeer(t *testing.T) {
	t.Parallel()
	two := small + strings.NewReplacer("Resources:\n", "", "10.0.0.0", "10.1.0.0", "Vpc", "FarVpc", "  Ipv6:", "  FarIpv6:", "EgressOnly:", "FarEgressOnly:", "!Ref EgressOnly", "!Ref FarEgressOnly",
		"Private", "FarPrivate", "Table:", "FarTable:", "!Ref Table", "!Ref FarTable", "Association:", "FarAssociation:", "  Out:", "  FarOut:", "Cluster:", "FarCluster:", "!Ref Cluster", "!Ref FarCluster", "  Nodes:", "  FarNodes:",
		"FarVpcId", "VpcId").Replace(strings.ReplaceAll(small, "VpcId", "\x00")) + "  Peer: {Type: AWS::EC2::VPCPeeringConnection, Properties: {VpcId: !Ref Vpc, PeerVpcId: !Ref FarVpc}}\n"
	two = strings.ReplaceAll(two, "\x00", "VpcId")
	route := "  ToPeer: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationIpv6CidrBlock: !Select [0, !GetAtt FarVpc.Ipv6CidrBlocks], VpcPeeringConnectionId: !Ref Peer}}\n"
	open := "  Perhaps: {Type: AWS::EC2::Route, Properties: {RouteTableId: !ImportValue table, DestinationIpv6CidrBlock: !Select [0, !GetAtt FarVpc.Ipv6CidrBlocks], VpcPeeringConnectionId: !Ref Peer}}\n"
	for _, c := range []struct {
		name, add string
		verdict   flow.Verdict
		at, by    string
	}{
		{"no route", "", flow.NoRoute, "Table", "by Peer, which joins the VPCs"},
		{"a route back is missing", route, flow.Denied, "FarCluster", ""},
		{"perhaps a route", open, flow.Insufficient, "Table", "by Peer, which joins the VPCs"},
	} {
		n, err := flow.Read("two.yaml", []byte(two+c.add))
		if err != nil {
			t.Fatal(err)
		}
		tr, err := n.Trace(flow.Query{From: "nodegroup:Nodes", To: "nodegroup:FarNodes", Port: 443})
		if err != nil {
			t.Fatal(err)
		}
		last := tr.Last()
		if tr.Verdict != c.verdict || last.LogicalID != c.at || !strings.Contains(last.By, c.by) {
			t.Errorf("%s: %s at %s: %s", c.name, tr.Verdict, last.Name(), last.By)
		}
	}
}
