package network

import (
	"cmp"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtDatabase, Name: "database",
		Types: []string{"AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::DBSubnetGroup"},
		Reads: []Reading{{readServices, (*builder).databases}},
	})
}

func (b *builder) databases() {
	b.hostsOf("AWS::RDS::DBInstance", func(h *Host, r *cfn.Resource) {
		if r.Prop("DBClusterIdentifier").Exists() {
			h.Kind = AtNothing // the cluster has the groups and subnets
			return
		}
		b.database(h, r, "VPCSecurityGroups")
		h.publiclyAccessible(r.Prop("PubliclyAccessible"))
	})
	b.hostsOf("AWS::RDS::DBCluster", func(h *Host, r *cfn.Resource) {
		b.database(h, r, "VpcSecurityGroupIds")
		instances := 0
		for _, i := range b.set.Resources("AWS::RDS::DBInstance") {
			if of, ok := i.Prop("DBClusterIdentifier").Resource(); ok && of == r {
				h.publiclyAccessible(i.Prop("PubliclyAccessible"))
				instances++
			}
		}
		if instances == 0 {
			h.publiclyAccessible(r.Prop("PubliclyAccessible"))
		}
	})
}

func (b *builder) database(h *Host, r *cfn.Resource, groups string) {
	h.Kind = AtDatabase
	h.Groups, h.Unknown = b.groupList(r.Prop(groups))
	b.subnetGroup(h, r.Prop("DBSubnetGroupName"))
	h.IPv6 = r.Prop("NetworkType").Is("DUAL")
	h.Port = b.portOf(r)
}

// portOf is the port of a database or cache: the one that it names, else the engine's; 0 where neither is known.
func (b *builder) portOf(r *cfn.Resource) uint16 {
	if v := r.Prop("Port"); v.Exists() {
		return b.port(ref(r), v)
	}
	if r.Type == "AWS::ElastiCache::ReplicationGroup" {
		return 6379
	}
	if c, ok := r.Prop("DBClusterIdentifier").Resource(); ok && c != r {
		return b.portOf(c)
	}
	return aws.DatabasePort(str(r.Prop("Engine")))
}

func (b *builder) subnetGroup(h *Host, name cfn.Value) {
	r, ok := name.Resource()
	if !ok {
		h.Unknown = cmp.Or(h.Unknown, "subnet group "+name.String())
		return
	}
	var unknown string
	h.Subnets, unknown = b.subnetList(r.Prop("SubnetIds"))
	h.Unknown = cmp.Or(h.Unknown, unknown)
}
