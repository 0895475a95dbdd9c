package rules

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

const docDualStackServices = "https://kubernetes.io/docs/concepts/services-networking/dual-stack/"

// familyRules are about families that do not fit together: of what stands in a subnet and the subnet, of a Service and the
// cluster.
var familyRules = []Rule{
	{
		ID: "V74", Severity: Error, Title: "Family that the subnets do not have",
		Why:    "What stands in a subnet takes its addresses from there: AWS refuses dual-stack databases, caches, load balancers, functions and attachments with IPv6 support in subnets without IPv6, and most of them, and NAT gateways and transit gateway attachments whatever they carry, in IPv6-only subnets.",
		Fix:    "use dual-stack subnets, or the family that the subnets have",
		Source: "https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html",
		check: func(c *check) {
			for _, t := range tenants {
				for _, r := range c.set.Resources(t.typ) {
					c.misplaced(t, r)
				}
			}
		},
	},
	{
		ID: "V75", Severity: Error, Title: "Service of a family that the cluster does not have",
		Why:    "Clusters of EKS have one family: the API server refuses a Service with ipFamilies of the other one, with RequireDualStack, or with a cluster address of the other family, and what applies it fails.",
		Fix:    "leave ipFamilies, ipFamilyPolicy and clusterIP out, or use the cluster's family with SingleStack or PreferDualStack",
		Source: docDualStackServices,
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if !c.familyKnown(cl) {
					continue
				}
				for _, o := range cl.ObjectsOf("Service") {
					if r := c.raw(o); r != nil && o.APIVersion == "v1" {
						for _, wrong := range c.otherFamily(cl, network.At(o.Value, "spec")) {
							c.report(r, "Manifest", "the Service %s/%s has %s, and cluster %s is %s only", o.Namespace, o.ObjectName, wrong, cl.LogicalID, cl.Family)
						}
					}
				}
				for _, ch := range cl.Charts {
					r := c.raw(ch)
					if r == nil || ch.ValuesUnknown != "" {
						continue
					}
					walk(ch.Values, "", func(path string, v cfn.Value) {
						if v.Kind() != cfn.Map {
							return
						}
						for _, wrong := range c.otherFamily(cl, v) {
							c.report(r, "Values", "the chart %s has %s at %s, and cluster %s is %s only", ch.LogicalID, wrong, orDefaultText(path, "its top"), cl.LogicalID, cl.Family)
						}
					})
				}
			}
		},
	},
}

// familyKnown says that a cluster is in the templates and its family is decided there.
func (c *check) familyKnown(cl *network.Cluster) bool {
	if c.raw(cl) == nil {
		return false
	}
	fam, _ := c.clusterProp(cl, "KubernetesNetworkConfig.IpFamily")
	config, _ := c.clusterProp(cl, "KubernetesNetworkConfig")
	return fam.Known() && (config.Known() || config.Kind() == cfn.Map)
}

// otherFamily is what a Service's spec asks for that a cluster of one family refuses.
func (c *check) otherFamily(cl *network.Cluster, spec cfn.Value) (wrong []string) {
	for _, f := range spec.Field("ipFamilies").Items() {
		if s, ok := f.Text(); ok && (s == "IPv4" || s == "IPv6") && s != cl.Family.String() {
			wrong = append(wrong, "ipFamilies with "+s)
		}
	}
	if spec.Field("ipFamilyPolicy").Is("RequireDualStack") {
		wrong = append(wrong, "ipFamilyPolicy RequireDualStack")
	}
	seen := map[string]bool{}
	for _, v := range append(spec.Field("clusterIPs").Items(), spec.Field("clusterIP")) {
		s, _ := v.Text()
		if a, err := netip.ParseAddr(s); err == nil && !seen[s] && network.FamilyOf(a) != cl.Family {
			seen[s] = true
			wrong = append(wrong, "the cluster address "+s)
		}
	}
	return wrong
}

func orDefaultText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// A tenant is a type of resource that stands in subnets and whose addresses are of a family that a property says.
type tenant struct {
	typ, what string
	// subnets are the properties with the subnets, or with the name of a subnet group, whose SubnetIds are.
	subnets []string
	// property says the family, by one of these values, in lower case; otherwise is its default.
	property         string
	dual, six, plain []string // both families; IPv6 alone; IPv4 (plain ones take dual-stack subnets as well)
}

// tenants are the types that AWS documents. Sources: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBSubnetGroup.html,
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/network-type.html, https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html,
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html, https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html,
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-ip-address-type.html and each type's page.
var tenants = []tenant{
	{typ: "AWS::RDS::DBInstance", what: "database", subnets: []string{"DBSubnetGroupName"}, property: "NetworkType", dual: []string{"dual"}, plain: []string{"", "ipv4"}},
	{typ: "AWS::RDS::DBCluster", what: "database", subnets: []string{"DBSubnetGroupName"}, property: "NetworkType", dual: []string{"dual"}, plain: []string{"", "ipv4"}},
	{typ: "AWS::DocDB::DBCluster", what: "database", subnets: []string{"DBSubnetGroupName"}, property: "NetworkType", dual: []string{"dual"}, plain: []string{"", "ipv4"}},
	{typ: "AWS::ElastiCache::ReplicationGroup", what: "cache", subnets: []string{"CacheSubnetGroupName"}, property: "NetworkType", dual: []string{"dual_stack"}, six: []string{"ipv6"}, plain: []string{"", "ipv4"}},
	{typ: "AWS::ElastiCache::CacheCluster", what: "cache", subnets: []string{"CacheSubnetGroupName"}, property: "NetworkType", dual: []string{"dual_stack"}, six: []string{"ipv6"}, plain: []string{"", "ipv4"}},
	{typ: "AWS::MemoryDB::Cluster", what: "database", subnets: []string{"SubnetGroupName"}, property: "NetworkType", dual: []string{"dual_stack"}, six: []string{"ipv6"}, plain: []string{"", "ipv4"}},
	{typ: "AWS::DAX::Cluster", what: "cache", subnets: []string{"SubnetGroupName"}, property: "NetworkType", dual: []string{"dual_stack"}, six: []string{"ipv6"}, plain: []string{"", "ipv4"}},
	{typ: "AWS::EFS::MountTarget", what: "mount target", subnets: []string{"SubnetId"}, property: "IpAddressType", dual: []string{"dual_stack"}, six: []string{"ipv6_only"}, plain: []string{"", "ipv4_only"}},
	{typ: "AWS::OpenSearchService::Domain", what: "domain", subnets: []string{"VPCOptions.SubnetIds"}, property: "IPAddressType", dual: []string{"dualstack"}, plain: []string{"", "ipv4"}},
	{typ: "AWS::Lambda::Function", what: "function", subnets: []string{"VpcConfig.SubnetIds"}, property: "VpcConfig.Ipv6AllowedForDualStack", dual: []string{"true"}, plain: []string{"", "false"}},
	{typ: "AWS::EC2::TransitGatewayVpcAttachment", what: "transit gateway attachment", subnets: []string{"SubnetIds"}, property: "Options.Ipv6Support", dual: []string{"enable"}, plain: []string{"", "disable"}},
	{typ: "AWS::EC2::TransitGatewayAttachment", what: "transit gateway attachment", subnets: []string{"SubnetIds"}, property: "Options.Ipv6Support", dual: []string{"enable"}, plain: []string{"", "disable"}},
	{typ: "AWS::NetworkManager::VpcAttachment", what: "Cloud WAN attachment", subnets: []string{"SubnetArns"}, property: "Options.Ipv6Support", dual: []string{"true"}},
	{typ: "AWS::EC2::NatGateway", what: "NAT gateway", subnets: []string{"SubnetId"}, property: "AvailabilityMode", plain: []string{"", "zonal"}},
	{typ: "AWS::ElasticLoadBalancingV2::LoadBalancer", what: "load balancer", subnets: []string{"Subnets", "SubnetMappings"}, property: "IpAddressType", dual: []string{"dualstack", aws.DualStackWithoutPublicIPv4}, plain: []string{"", "ipv4"}},
}

// misplaced reports a resource whose family its subnets do not have, once for each subnet.
func (c *check) misplaced(t tenant, r *cfn.Resource) {
	v := r.Prop(t.property)
	if !v.Known() {
		return
	}
	text, _ := v.Text()
	value := strings.ToLower(text)
	for _, s := range c.standsIn(t, r) {
		native := on(s.Prop("Ipv6Native"), false)
		missing6 := c.lacks6(s)
		is := func(list []string) bool { return slices.Contains(list, value) }
		setting := t.property + " " + text
		if text == "" {
			setting = "IPv4 addresses"
		}
		property := t.property
		if text == "" {
			property = t.subnets[0]
		}
		switch {
		case is(t.dual) && native, is(t.plain) && native:
			c.report(r, property, "the %s %s has %s, and its subnet %s is IPv6-only, wanted a subnet with IPv4", t.what, r.ID, setting, s.ID)
		case is(t.dual) && missing6:
			c.report(r, property, "the %s %s has %s, and its subnet %s has no IPv6 range, wanted a dual-stack subnet", t.what, r.ID, setting, s.ID)
		case is(t.six) && off(s.Prop("Ipv6Native"), false):
			c.report(r, property, "the %s %s has %s, and its subnet %s is not IPv6-only, wanted an IPv6-only subnet or both families", t.what, r.ID, setting, s.ID)
		}
	}
}

// standsIn are the subnets of the templates that a tenant is in.
func (c *check) standsIn(t tenant, r *cfn.Resource) (out []*cfn.Resource) {
	add := func(v cfn.Value) {
		if s, ok := arnResource(v); ok && s.Type == "AWS::EC2::Subnet" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, p := range t.subnets {
		v := r.Prop(p)
		if group, ok := v.Resource(); ok && strings.HasSuffix(group.Type, "SubnetGroup") {
			v = group.Prop("SubnetIds")
			if !v.Exists() {
				v = group.Prop("SubnetIDs")
			}
		}
		list, isList := v.List()
		if !isList {
			list = []cfn.Value{v}
		}
		for _, e := range list {
			if e.Kind() == cfn.Map { // a subnet mapping
				e = e.Get("SubnetId")
			}
			add(e)
		}
	}
	return out
}

// lacks6 says that a subnet of the templates surely has no IPv6 range.
func (c *check) lacks6(s *cfn.Resource) bool {
	if !missing(s, "Ipv6CidrBlock", "Ipv6IpamPoolId", "Ipv6NetmaskLength") {
		return false
	}
	return !slices.ContainsFunc(c.set.Resources("AWS::EC2::SubnetCidrBlock"), func(r *cfn.Resource) bool {
		other, ok := r.Prop("SubnetId").Resource()
		return !ok || other == s // one that is not known may be this subnet's
	})
}
