package network

import (
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/aws"
)

func init() {
	register(Kind{
		Types: []string{"AWS::EC2::EIP", "AWS::EC2::EIPAssociation"},
		Open: []Opening{
			{Type: "AWS::EC2::EIP", Properties: []string{"InstanceId"}, Decides: []Component{AtInternetGateway}},
			{Type: "AWS::EC2::EIPAssociation", Properties: []string{"InstanceId", "NetworkInterfaceId"}, Decides: []Component{AtInternetGateway}},
		},
		Reads: []Reading{{readElastic, (*builder).elasticAddresses}},
	})
}

// elasticAddresses gives hosts the public addresses that elastic addresses are.
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-eipassociation.html.
func (b *builder) elasticAddresses() {
	for _, r := range b.set.Resources("AWS::EC2::EIP", "AWS::EC2::EIPAssociation") {
		for _, at := range []string{"InstanceId", "NetworkInterfaceId"} {
			if h := b.hosts[key(r.Prop(at))]; h != nil {
				h.PublicIPv4 = true
			}
		}
	}
	for _, h := range b.net.Hosts {
		if h.primary != nil {
			h.PublicIPv4 = h.PublicIPv4 || h.primary.PublicIPv4
		}
	}
}

// elastic is the next public IPv4 address that stands for one that AWS gives. The NAT gateways have the first of the
// range.
func (a *addressing) elastic() netip.Addr {
	a.public++
	return aws.DocumentationAWS4.Nth(64 + a.public%190)
}
