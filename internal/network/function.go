package network

import (
	"cmp"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtFunction, Name: "function",
		Types: []string{"AWS::Lambda::Function", "AWS::Serverless::Function"},
		Reads: []Reading{{readServices, (*builder).functions}},
	})
}

func (b *builder) functions() {
	function := func(h *Host, r *cfn.Resource) {
		if !r.Prop("VpcConfig").Exists() {
			h.Kind = AtNothing
			return
		}
		h.Kind, h.Source = AtFunction, true
		h.Subnets, h.Unknown = b.subnetList(r.Prop("VpcConfig.SubnetIds"))
		groups, unknown := b.groupList(r.Prop("VpcConfig.SecurityGroupIds"))
		h.Groups, h.Unknown = groups, cmp.Or(h.Unknown, unknown)
		h.IPv6 = yes(r.Prop("VpcConfig.Ipv6AllowedForDualStack"), false)
	}
	b.hostsOf("AWS::Lambda::Function", function)
	b.hostsOf("AWS::Serverless::Function", function)
}
