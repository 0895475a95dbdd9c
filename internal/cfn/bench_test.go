package cfn_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// network is a template in CDK's shape with n subnets, each with its table, association and two routes.
func network(n int) cfn.Source {
	var b strings.Builder
	b.WriteString(`{"Resources":{"Vpc":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":"10.0.0.0/8"},"Metadata":{"aws:cdk:path":"S/Vpc/Resource"}},
"Igw":{"Type":"AWS::EC2::InternetGateway"},"Eigw":{"Type":"AWS::EC2::EgressOnlyInternetGateway","Properties":{"VpcId":{"Ref":"Vpc"}}}`)
	for i := range n {
		fmt.Fprintf(&b, `,
"Subnet%[1]d":{"Type":"AWS::EC2::Subnet","Properties":{"VpcId":{"Ref":"Vpc"},"AssignIpv6AddressOnCreation":true,"AvailabilityZone":{"Fn::Select":[%[2]d,{"Fn::GetAZs":""}]},
"CidrBlock":{"Fn::Select":[%[3]d,{"Fn::Cidr":[{"Fn::GetAtt":["Vpc","CidrBlock"]},256,"8"]}]},"Ipv6CidrBlock":{"Fn::Select":[%[3]d,{"Fn::Cidr":[{"Fn::Select":[0,{"Fn::GetAtt":["Vpc","Ipv6CidrBlocks"]}]},256,"64"]}]}},"Metadata":{"aws:cdk:path":"S/Vpc/Subnet%[1]d/Subnet"}},
"Table%[1]d":{"Type":"AWS::EC2::RouteTable","Properties":{"VpcId":{"Ref":"Vpc"}}},
"Assoc%[1]d":{"Type":"AWS::EC2::SubnetRouteTableAssociation","Properties":{"RouteTableId":{"Ref":"Table%[1]d"},"SubnetId":{"Ref":"Subnet%[1]d"}}},
"Four%[1]d":{"Type":"AWS::EC2::Route","Properties":{"RouteTableId":{"Ref":"Table%[1]d"},"DestinationCidrBlock":"0.0.0.0/0","GatewayId":{"Ref":"Igw"}}},
"Six%[1]d":{"Type":"AWS::EC2::Route","Properties":{"RouteTableId":{"Ref":"Table%[1]d"},"DestinationIpv6CidrBlock":"::/0","EgressOnlyInternetGatewayId":{"Ref":"Eigw"}}}`, i, i%6, i%256)
	}
	b.WriteString("}}")
	return cfn.Source{Name: "n.json", Data: []byte(b.String())}
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{6, 100, 1000} {
		b.Run(fmt.Sprintf("subnets=%d", n), func(b *testing.B) {
			src := network(n)
			b.SetBytes(int64(len(src.Data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cfn.Parse(cfn.Options{}, src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkProp(b *testing.B) {
	set, err := cfn.Parse(cfn.Options{Attribute: func(r *cfn.Resource, attr string) (cfn.Value, bool) {
		return cfn.Strings("2001:db8:0:100::/56"), attr == "Ipv6CidrBlocks"
	}}, network(10))
	if err != nil {
		b.Fatal(err)
	}
	r := set.Find("Subnet3")[0]
	for _, prop := range []string{"VpcId", "Ipv6CidrBlock"} {
		b.Run(prop, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Prop(prop)
			}
		})
	}
}
