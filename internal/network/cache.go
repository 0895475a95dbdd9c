package network

import (
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtCache, Name: "cache",
		Types: []string{"AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::SubnetGroup"},
		Reads: []Reading{{readServices, (*builder).caches}},
	})
}

func (b *builder) caches() {
	b.hostsOf("AWS::ElastiCache::ReplicationGroup", func(h *Host, r *cfn.Resource) {
		h.Kind, h.Port = AtCache, b.portOf(r)
		h.Groups, h.Unknown = b.groupList(r.Prop("SecurityGroupIds"))
		b.subnetGroup(h, r.Prop("CacheSubnetGroupName"))
		h.IPv6 = r.Prop("NetworkType").Is("dual_stack") || r.Prop("NetworkType").Is("ipv6")
	})
}
