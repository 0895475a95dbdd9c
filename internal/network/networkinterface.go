package network

import (
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtNetworkInterface, Name: "interface",
		Types: []string{"AWS::EC2::NetworkInterface"},
		Reads: []Reading{{readInterfaces, (*builder).networkInterfaces}},
	})
}

func (b *builder) networkInterfaces() {
	b.hostsOf("AWS::EC2::NetworkInterface", func(h *Host, r *cfn.Resource) {
		h.Kind, h.Source = AtNetworkInterface, true
		h.Subnets = b.oneSubnet(h, r.Prop("SubnetId"))
		h.Groups, h.Unknown = b.groupList(r.Prop("GroupSet"))
		b.interfaceAddresses(h, func(names ...string) cfn.Value { return r.Prop(names[0]) })
	})
}
