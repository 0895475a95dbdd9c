package flow_test

import (
	"fmt"
	"log"

	"github.com/eks-ipv6/cdk/preflight/flow"
)

const small = `
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}, Metadata: {"eks-ipv6:intents": [no-ipv4-internet]}}
  Ipv6: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, AmazonProvidedIpv6CidrBlock: true}}
  EgressOnly: {Type: AWS::EC2::EgressOnlyInternetGateway, Properties: {VpcId: !Ref Vpc}}
  Private:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref Vpc
      CidrBlock: 10.0.0.0/20
      Ipv6CidrBlock: !Select [0, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]
      AssignIpv6AddressOnCreation: true
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  Association: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Private, RouteTableId: !Ref Table}}
  Out: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: !Ref EgressOnly}}
  Cluster:
    Type: AWS::EKS::Cluster
    Properties:
      KubernetesNetworkConfig: {IpFamily: ipv6}
      ResourcesVpcConfig: {SubnetIds: [!Ref Private]}
  Nodes: {Type: AWS::EKS::Nodegroup, Properties: {ClusterName: !Ref Cluster, Subnets: [!Ref Private]}}
`

// A Pod in a private subnet reaches the IPv6 internet by the egress-only gateway, with its own address.
func ExampleNetwork_Trace() {
	network, err := flow.Read("small.yaml", []byte(small))
	if err != nil {
		log.Fatal(err)
	}
	trace, err := network.Trace(flow.Query{From: flow.AnyPod, To: flow.Internet6, Port: 443})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(trace.Verdict)
	for _, hop := range trace.Hops {
		fmt.Printf("%-27s %-9s %s\n", hop.Component, hop.Action, hop.By)
	}
	// Output:
	// ExitsNetwork
	// pod                         originate on Nodes in Private
	// security group              allow     cluster security group of Cluster.default egress: all to ::/0
	// route table                 route     ::/0 → EgressOnly (Out)
	// egress-only internet gateway forward   connections from inside, no translation
	// internet                    exit      internet6
}

// To the IPv4 internet there is no route: that is a verdict, not an error, and the last hop says why.
func ExampleTrace_Last() {
	network, err := flow.Read("small.yaml", []byte(small))
	if err != nil {
		log.Fatal(err)
	}
	trace, err := network.Trace(flow.Query{From: flow.AnyPod, To: flow.Internet4, Port: 443})
	if err != nil {
		log.Fatal(err)
	}
	last := trace.Last()
	fmt.Printf("%v at %s %s: %s\n", trace.Verdict, last.Component, last.LogicalID, last.By)
	// Output: NoRoute at route table Table: no route to 203.0.113.7 from subnet Private
}

// Check asks every communication pattern that the templates have the parts for.
func ExampleNetwork_Check() {
	network, err := flow.Read("small.yaml", []byte(small))
	if err != nil {
		log.Fatal(err)
	}
	report := network.Check()
	for _, r := range report.Results {
		if r.ID == "F3" || r.ID == "X1" {
			fmt.Println(r.ID, r.Title, r.Trace.Verdict, r.OK)
		}
	}
	fmt.Println(report.OK(), len(report.Skipped) > 0)
	// Output:
	// F3 Pod to an IPv6 internet host ExitsNetwork true
	// X1 IPv6 internet host directly to a Pod Denied true
	// true true
}
