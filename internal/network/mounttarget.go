package network

import (
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtMountTarget, Name: "mount target",
		Types: []string{"AWS::EFS::MountTarget"},
		Reads: []Reading{{readServices, (*builder).mountTargets}},
	})
}

func (b *builder) mountTargets() {
	b.hostsOf("AWS::EFS::MountTarget", func(h *Host, r *cfn.Resource) {
		h.Kind, h.Port = AtMountTarget, 2049
		h.Subnets = b.oneSubnet(h, r.Prop("SubnetId"))
		h.Groups, h.Unknown = b.groupList(r.Prop("SecurityGroups"))
		for _, at := range []string{"IpAddress", "Ipv6Address"} {
			if a, ok := addressIn(r.Prop(at)); ok {
				h.Fixed = append(h.Fixed, a)
			}
		}
		h.IPv6 = r.Prop("IpAddressType").Is("DUAL_STACK") || r.Prop("IpAddressType").Is("IPV6_ONLY")
	})
}
