package flow_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/behind"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// networkAlone is a VPC of two subnets without a cluster: A, whose tags and default routes vary, and Edge with the NAT gateway.
const networkAlone = `
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Six: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, AmazonProvidedIpv6CidrBlock: true}}
  Igw: {Type: AWS::EC2::InternetGateway}
  Attached: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Igw}}
  Eigw: {Type: AWS::EC2::EgressOnlyInternetGateway, Properties: {VpcId: !Ref Vpc}}
  Address: {Type: AWS::EC2::EIP, DependsOn: Attached}
  Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref Edge, AllocationId: !GetAtt Address.AllocationId}}
  Edge:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24, Tags: [{Key: kubernetes.io/role/elb, Value: "1"}]}
  EdgeTable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  EdgeRoute: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref EdgeTable, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Igw}}
  EdgeJoin: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Edge, RouteTableId: !Ref EdgeTable}}
  A:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref Vpc
      CidrBlock: 10.0.2.0/24
      Ipv6CidrBlock: !Select [0, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]
      Tags: [%s]
  ATable: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  AJoin: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref A, RouteTableId: !Ref ATable}}
  A4: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref ATable, DestinationCidrBlock: 0.0.0.0/0, %s}}
  A6: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref ATable, DestinationIpv6CidrBlock: "::/0", %s}}
`

// Without a cluster, what a subnet is for is told by its tags, and only then by its routes: a break of the routes must not
// make a private subnet pass for a public one.
func TestNetworkAlone(t *testing.T) {
	t.Parallel()
	const (
		nat, igw, eigw = "NatGatewayId: !Ref Nat", "GatewayId: !Ref Igw", "EgressOnlyInternetGatewayId: !Ref Eigw"
		internal       = `{Key: kubernetes.io/role/internal-elb, Value: "1"}`
		cdk            = `{Key: "aws-cdk:subnet-type", Value: Private}`
		isolated       = `{Key: "aws-cdk:subnet-type", Value: Isolated}`
		elb            = `{Key: kubernetes.io/role/elb, Value: "1"}`
		byRoutes       = "A, without a tag kubernetes.io/role/internal-elb, count as public by their routes to the internet gateway"
	)
	for _, c := range []struct {
		tags, four, six string
		flows           string // and the verdicts of those missed
		why             string // part of why F4 does not apply
	}{
		{"", nat, eigw, "F3 ok, F4 ok, X1 ok", ""},
		{internal, nat, eigw, "F3 ok, F4 ok, X1 ok", ""},
		{internal, igw, eigw, "F3 ok, F4 NoRoute, X1 ok", ""},
		{cdk, igw, eigw, "F3 ok, F4 NoRoute, X1 ok", ""},
		{internal, igw, igw, "F3 ok, F4 NoRoute, X1 Delivered", ""},
		{isolated, igw, igw, "F3 ok, F4 NoRoute, X1 Delivered", ""},
		{"", igw, eigw, "F3 ok, F4 NoRoute, X1 ok", ""},
		{"", nat, igw, "F3 ok, F4 ok, X1 Delivered", ""},
		{"", igw, igw, "", byRoutes},
		{elb, igw, igw, "", "no private subnet with an IPv6 range in the templates"},
		{internal + ", " + elb, igw, igw, "", byRoutes},
		{elb, nat, igw, "", "no private subnet with an IPv6 range in the templates"},
	} {
		t.Run(fmt.Sprint(c.tags, c.four, c.six), func(t *testing.T) {
			t.Parallel()
			text := fmt.Sprintf(networkAlone, c.tags, c.four, c.six)
			golden.Keep(t, golden.Kept{Text: text})
			set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "net.yaml", Data: []byte(text)})
			if err != nil {
				t.Fatal(err)
			}
			r := behind.Flow(network.Read(set)).(*flow.Network).Check()
			var got []string
			for _, res := range r.Results {
				verdict := res.Trace.Verdict.String()
				if res.OK {
					verdict = "ok"
				}
				got = append(got, res.ID+" "+verdict)
			}
			if flows := strings.Join(got, ", "); flows != c.flows {
				t.Errorf("%s, want %s\n%s", flows, c.flows, render.Text(r, render.TextOptions{}))
			}
			for _, res := range r.Results {
				if by := res.Trace.Last().By; res.ID == "F4" && !res.OK && !strings.Contains(by, "0.0.0.0/0 → Igw (A4) in ATable") {
					t.Errorf("F4 is missed and the route is not named: %s", by)
				}
			}
			for _, s := range r.Skipped {
				if s.ID == "F4" && (!strings.Contains(s.Reason, c.why) || c.why == "") {
					t.Errorf("F4 is not applicable for %q, want %q", s.Reason, c.why)
				}
			}
		})
	}
}
