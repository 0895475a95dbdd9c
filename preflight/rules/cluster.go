package rules

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

const (
	docKubernetesNetwork = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-eks-cluster-kubernetesnetworkconfig.html"
	docEndpointAccess    = "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html"
)

var clusterRules = []Rule{
	{
		ID: "V05", Severity: Error, Title: "IPv4 service range on an IPv6 cluster",
		Why:    "EKS refuses serviceIpv4Cidr together with ipFamily ipv6.",
		Fix:    "leave ServiceIpv4Cidr out: EKS chooses an IPv6 service range",
		Source: docKubernetesNetwork,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				if v, p := c.clusterProp(cl, "KubernetesNetworkConfig.ServiceIpv4Cidr"); v.Exists() {
					c.report(c.raw(cl), p, "the IPv6 cluster %s sets the IPv4 service range %s", cl.LogicalID, v)
				}
			}
		},
	},
	{
		ID: "V06", Severity: Error, Title: "IPv6 service range chosen by hand",
		Why:    "EKS chooses the range from fc00::/7 and takes no other; the property is an output only.",
		Fix:    "leave ServiceIpv6Cidr out, and read it with Fn::GetAtt KubernetesNetworkConfig.ServiceIpv6Cidr",
		Source: docPractices,
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if c.raw(cl) == nil {
					continue
				}
				config, _ := c.clusterProp(cl, "KubernetesNetworkConfig")
				if v, p := c.clusterProp(cl, "KubernetesNetworkConfig.ServiceIpv6Cidr"); v.Exists() && config.Kind() == cfn.Map {
					c.report(c.raw(cl), p, "cluster %s sets the IPv6 service range %s", cl.LogicalID, v)
				}
			}
		},
	},
	{
		ID: "V07", Severity: Error, Title: "Cluster in one zone, or in a zone that EKS does not use",
		Why:    "EKS wants subnets in two zones, and hosts no control plane in use1-az3, usw1-az2 and cac1-az3.",
		Fix:    "name subnets in two or more other zones",
		Source: aws.DocZones,
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if c.raw(cl) == nil {
					continue
				}
				list, p := c.clusterProp(cl, "ResourcesVpcConfig.SubnetIds")
				// A zone's name is another zone in another account: names tell nothing, but for all six of us-east-1.
				named := map[string]bool{}
				for _, s := range c.declared(cl.Subnets) {
					if name, ok := c.raw(s).Prop("AvailabilityZone").Text(); ok && strings.HasPrefix(name, "us-east-1") {
						named[name] = true
					}
				}
				if len(named) >= 6 {
					c.report(c.raw(cl), p, "the subnets of cluster %s are in all zones of us-east-1, of which one is use1-az3", cl.LogicalID)
				}
				for _, s := range c.declared(cl.Subnets) {
					id, _ := c.raw(s).Prop("AvailabilityZoneId").Text()
					if _, bad := aws.NoControlPlane(id); bad {
						c.report(c.raw(s), "AvailabilityZoneId", "subnet %s of cluster %s is in %s", s.LogicalID, cl.LogicalID, id)
					}
				}
				declared := c.declared(cl.Subnets)
				if items, ok := list.List(); !ok || len(items) == 0 || len(declared) != len(items) {
					continue
				}
				zones := map[string]bool{}
				for _, s := range declared {
					zone := c.raw(s).Prop("AvailabilityZone")
					if !zone.Exists() {
						zone = c.raw(s).Prop("AvailabilityZoneId")
					}
					if !zone.Exists() {
						zones = nil
						break
					}
					zones[zone.Key()] = true
				}
				if len(zones) == 1 {
					c.report(c.raw(cl), p, "all %d subnets of cluster %s are in the zone %s", len(declared), cl.LogicalID, declared[0].Zone)
				}
			}
		},
	},
	{
		ID: "V10", Severity: Error, Title: "IPv6 cluster in a China Region",
		Why:    "EKS refuses ipFamily ipv6 there.",
		Fix:    "use IpFamily: ipv4 in China Regions",
		Source: docKubernetesNetwork,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				if p, ok := c.raw(cl).Stack.Pseudo("AWS::Partition").Text(); ok && p == "aws-cn" {
					_, property := c.clusterProp(cl, "KubernetesNetworkConfig.IpFamily")
					c.report(c.raw(cl), property, "the IPv6 cluster %s is in the Region %s", cl.LogicalID, c.raw(cl).Stack.Pseudo("AWS::Region"))
				}
			}
		},
	},
	{
		ID: "V11", Severity: Error, Title: "Outposts, hybrid nodes or Windows on an IPv6 cluster",
		Why:    "EKS has none of the three on IPv6.",
		Fix:    "leave OutpostConfig and RemoteNetworkConfig out, and use Linux AMI types; or use an IPv4 cluster",
		Source: docIPv6,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				for _, p := range []string{"OutpostConfig", "RemoteNetworkConfig"} {
					if v, property := c.clusterProp(cl, p); v.Exists() {
						c.report(c.raw(cl), property, "the IPv6 cluster %s has %s", cl.LogicalID, p)
					}
				}
			}
			for _, n := range c.nodes() {
				if t, ok := c.raw(n).Prop("AmiType").Text(); ok && strings.HasPrefix(t, "WINDOWS") {
					c.report(c.raw(n), "AmiType", "the nodes %s of the IPv6 cluster %s are %s", n.LogicalID, n.Cluster.LogicalID, t)
				}
			}
		},
	},
	{
		ID: "V19", Severity: Error, Title: "IPv6 range for the public endpoint of an IPv4 cluster",
		Why:    "EKS refuses it: the endpoint of an IPv4 cluster has IPv4 only.",
		Fix:    "take the IPv6 ranges out of PublicAccessCidrs, or make the cluster IPv6",
		Source: docEndpointAccess,
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if c.raw(cl) == nil || cl.Family == network.IPv6 {
					continue
				}
				if fam, _ := c.clusterProp(cl, "KubernetesNetworkConfig.IpFamily"); !fam.Known() {
					continue
				}
				list, p := c.clusterProp(cl, "ResourcesVpcConfig.PublicAccessCidrs")
				for i, v := range list.Items() {
					if x, ok := prefixOf(v); ok && x.Addr().Is6() {
						c.report(c.raw(cl), p+"."+itoa(i), "the IPv4 cluster %s opens its endpoint to %s", cl.LogicalID, x)
					}
				}
			}
		},
	},
	{
		ID: "V20", Severity: Error, Title: "Cluster that nobody can reach",
		Why:    "With public and private access off, EKS refuses the cluster.",
		Fix:    "set EndpointPrivateAccess: true",
		Source: docEndpointAccess,
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if c.raw(cl) == nil {
					continue
				}
				pub, _ := c.clusterProp(cl, "ResourcesVpcConfig.EndpointPublicAccess")
				priv, p := c.clusterProp(cl, "ResourcesVpcConfig.EndpointPrivateAccess")
				if off(pub, true) && off(priv, false) {
					c.report(c.raw(cl), p, "cluster %s has public and private access off", cl.LogicalID)
				}
			}
		},
	},
	{
		ID: "V21", Severity: Error, Title: "Public access range that is no range",
		Why:    "EKS refuses what is no CIDR block, and blocks with host bits set.",
		Fix:    "write the network's address and its length, such as 203.0.113.0/24 or 2001:db8:1::/48",
		Source: docEndpointAccess,
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if c.raw(cl) == nil {
					continue
				}
				list, p := c.clusterProp(cl, "ResourcesVpcConfig.PublicAccessCidrs")
				for i, v := range list.Items() {
					s, ok := v.Text()
					if !ok {
						continue
					}
					x, err := netip.ParsePrefix(s)
					switch {
					case err != nil:
						c.report(c.raw(cl), p+"."+itoa(i), "the public access range %q of cluster %s is no CIDR block", s, cl.LogicalID)
					case x != x.Masked():
						c.report(c.raw(cl), p+"."+itoa(i), "the public access range %s of cluster %s has host bits set; its network is %s", x, cl.LogicalID, x.Masked())
					}
				}
			}
		},
	},
	{
		ID: "V34", Severity: Error, Title: "Control plane egress without routes",
		Why:    "With ControlPlaneEgressMode CUSTOMER_ROUTED the control plane goes out through the cluster's subnets: an IPv6 cluster wants 0.0.0.0/0 and ::/0 there.",
		Fix:    "route 0.0.0.0/0 to a NAT gateway and ::/0 to an egress-only internet gateway in every cluster subnet",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/control-plane-egress.html",
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if c.raw(cl) == nil {
					continue
				}
				if mode, _ := c.clusterProp(cl, "ResourcesVpcConfig.ControlPlaneEgressMode"); !mode.Is("CUSTOMER_ROUTED") {
					continue
				}
				for _, s := range c.declared(cl.Subnets) {
					for _, f := range []network.Family{network.IPv4, network.IPv6} {
						if target, sure := c.internetRoute(s, f); target == nil && sure && (f == network.IPv4 || cl.Family == network.IPv6) {
							c.report(c.raw(s), "", "subnet %s carries the egress of cluster %s and has no %s default route", s.LogicalID, cl.LogicalID, f)
						}
					}
				}
			}
		},
	},
	{
		ID: "V41", Severity: Error, Title: "Kubernetes version without IPv6",
		Why:    "EKS has IPv6 from Kubernetes 1.21 on.",
		Fix:    "use a version in standard support",
		Source: docKubernetesNetwork,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				if v, p := c.clusterProp(cl, "Version"); v.Known() && v.Exists() {
					if minor, ok := aws.MinorOf(v.String()); ok && minor < 21 {
						c.report(c.raw(cl), p, "the IPv6 cluster %s runs Kubernetes %s", cl.LogicalID, v)
					}
				}
			}
		},
	},
	{
		ID: "V42", Severity: Error, Title: "Public endpoint closed to its own nodes",
		Why:    "Without private access nodes use the public endpoint, over IPv6 and without translation: a list with IPv4 ranges only keeps them out.",
		Fix:    "set EndpointPrivateAccess: true",
		Source: docEndpointAccess,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				priv, _ := c.clusterProp(cl, "ResourcesVpcConfig.EndpointPrivateAccess")
				pub, _ := c.clusterProp(cl, "ResourcesVpcConfig.EndpointPublicAccess")
				list, p := c.clusterProp(cl, "ResourcesVpcConfig.PublicAccessCidrs")
				if !off(priv, false) || !on(pub, true) || len(list.Items()) == 0 || !list.Known() {
					continue
				}
				six := slices.ContainsFunc(list.Items(), func(v cfn.Value) bool {
					x, ok := prefixOf(v)
					return ok && x.Addr().Is6()
				})
				if !six {
					c.report(c.raw(cl), p, "the IPv6 cluster %s has private access off and opens the public endpoint to IPv4 ranges only", cl.LogicalID)
				}
			}
		},
	},
	{
		ID: "W05", Severity: Warning, Title: "Kubernetes API open to the world",
		Why:    "The default of PublicAccessCidrs is everyone, in both families. Ranges that together are as wide as that, such as two halves, are the same.",
		Fix:    "name the ranges in PublicAccessCidrs, or set EndpointPublicAccess: false",
		Source: docEndpointAccess,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				pub, _ := c.clusterProp(cl, "ResourcesVpcConfig.EndpointPublicAccess")
				list, p := c.clusterProp(cl, "ResourcesVpcConfig.PublicAccessCidrs")
				if !on(pub, true) || !list.Known() {
					continue
				}
				var ranges []netip.Prefix
				for _, v := range list.Items() {
					if x, ok := prefixOf(v); ok {
						ranges = append(ranges, x)
					}
				}
				open := []string{}
				for _, x := range worldly(ranges...) {
					open = append(open, x.String())
				}
				if !list.Exists() {
					open = []string{"0.0.0.0/0", "::/0 (the default)"}
				}
				if len(open) > 0 {
					c.report(c.raw(cl), p, "the API endpoint of cluster %s is open to %s", cl.LogicalID, strings.Join(open, " and "))
				}
			}
		},
	},
	{
		ID: "W13", Severity: Warning, Title: "Kubernetes version at the end of its support",
		Why:    "After standard support a version costs six times as much, and is upgraded by force a year later.",
		Fix:    "use a later version",
		Source: aws.DocVersions,
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if c.raw(cl) == nil {
					continue
				}
				v, p := c.clusterProp(cl, "Version")
				minor, ok := aws.MinorOf(v.String())
				if !v.Exists() || !v.Known() || !ok {
					continue
				}
				k, listed := aws.KubernetesVersion("1." + itoa(minor))
				end := k.StandardUntil
				switch {
				case minor < aws.KubernetesVersions()[0].Minor:
					c.report(c.raw(cl), p, "cluster %s runs Kubernetes %s, whose standard support has ended", cl.LogicalID, v)
				case !listed:
				case c.today.After(end):
					c.report(c.raw(cl), p, "cluster %s runs Kubernetes %s, whose standard support ended on %s", cl.LogicalID, v, end.Format(time.DateOnly))
				case c.today.After(end.AddDate(0, 0, -60)):
					c.report(c.raw(cl), p, "cluster %s runs Kubernetes %s, whose standard support ends on %s", cl.LogicalID, v, end.Format(time.DateOnly))
				}
			}
		},
	},
	{
		ID: "W41", Severity: Warning, Title: "Control plane log group that comes back",
		Why:    "EKS writes on while the cluster goes and makes the group again after CloudFormation has deleted it: the next deployment under the name fails with \"already exists\".",
		Fix:    "set DeletionPolicy: Retain and import the group, or let EKS make it and set its retention by CDK's LogRetention",
		Source: "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2763",
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::Logs::LogGroup") {
				name, ok := r.Prop("LogGroupName").Text()
				policy := r.DeletionPolicy()
				if ok && controlPlaneLogs.MatchString(name) && (!policy.Exists() || policy.Is("Delete")) {
					c.report(r, "LogGroupName", "the log group %s has the fixed name %s and is deleted with the stack", r.ID, name)
				}
			}
		},
	},
}

// controlPlaneLogs is the name of the log group that EKS writes a cluster's logs to.
// https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
var controlPlaneLogs = regexp.MustCompile(`^/aws/eks/[^/]+/cluster$`)
