package rules

import (
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
	"github.com/eks-ipv6/cdk/internal/network"
)

const (
	docEgressOnly = "https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html"
	docNAT64      = "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html"
	docNAT        = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-natgateway.html"
)

var routeRules = []Rule{
	{
		ID: "V22", Severity: Error, Title: "Private subnet open to the internet over IPv6",
		Why:    "Pods have public IPv6 addresses: a ::/0 route to the internet gateway makes them reachable from the internet, with only security groups between.",
		Fix:    "send ::/0 of private route tables to an egress-only internet gateway",
		Source: docEgressOnly,
		check: func(c *check) {
			c.eachTable(func(t *network.RouteTable, used []*network.Subnet) {
				six, _ := c.routeTo(t, all6)
				if six == nil || c.raw(six) == nil {
					return
				}
				if _, igw := six.Target.(*network.InternetGateway); !igw {
					return
				}
				private := slices.ContainsFunc(used, func(s *network.Subnet) bool {
					_, meant := s.Meant()
					return meant
				})
				if four, _ := c.routeTo(t, all4); four != nil {
					_, nat := four.Target.(*network.NATGateway)
					private = private || nat
				}
				if private {
					c.report(c.raw(six), "GatewayId", "route %s sends ::/0 of the private table %s to the internet gateway", six.LogicalID, t.LogicalID)
				}
			})
		},
	},
	{
		ID: "V23", Severity: Error, Title: "Gateway that does not carry the route's family",
		Why:    "An egress-only internet gateway carries IPv6 only, and a NAT gateway no IPv6 but the NAT64 range: EC2 refuses the route.",
		Fix:    "route 0.0.0.0/0 to the NAT gateway and ::/0 to the egress-only internet gateway",
		Source: docNAT64,
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::EC2::Route") {
				if !missing(r, "EgressOnlyInternetGatewayId") && !missing(r, "DestinationCidrBlock") {
					c.report(r, "EgressOnlyInternetGatewayId", "route %s sends the IPv4 range %s to an egress-only internet gateway", r.ID, r.Prop("DestinationCidrBlock"))
				}
				if dest, ok := prefixOf(r.Prop("DestinationIpv6CidrBlock")); ok && !missing(r, "NatGatewayId") && !netset.Holds(nat64, dest) {
					c.report(r, "NatGatewayId", "route %s sends %s to a NAT gateway, which takes 64:ff9b::/96 only", r.ID, dest)
				}
			}
		},
	},
	{
		ID: "V24", Severity: Error, Title: "DNS64 without NAT64, or NAT64 without a NAT gateway",
		Why:    "DNS64 answers with addresses in 64:ff9b::/96; without a route from there to a NAT gateway, IPv4-only names hang.",
		Fix:    "route 64:ff9b::/96 to a NAT gateway in the subnet's route table, or leave EnableDns64 off",
		Source: docNAT64,
		check: func(c *check) {
			for _, v := range c.net.VPCs {
				for _, s := range c.declared(v.Subnets) {
					if !on(c.raw(s).Prop("EnableDns64"), false) {
						continue
					}
					if r, sure := c.routeTo(s.RouteTable, nat64); r == nil && sure {
						c.report(c.raw(s), "EnableDns64", "subnet %s has DNS64 on, and its route table no route for 64:ff9b::/96", s.LogicalID)
					}
				}
			}
			for _, r := range c.set.Resources("AWS::EC2::Route") {
				if dest, ok := prefixOf(r.Prop("DestinationIpv6CidrBlock")); ok && dest == nat64 &&
					!missing(r, "GatewayId", "EgressOnlyInternetGatewayId", "TransitGatewayId", "VpcPeeringConnectionId") {
					c.report(r, "DestinationIpv6CidrBlock", "route %s sends the NAT64 range 64:ff9b::/96 to what is no NAT gateway", r.ID)
				}
			}
		},
	},
	{
		ID: "V25", Severity: Error, Title: "NAT gateway neither zonal nor regional",
		Why:    "A zonal NAT gateway lives in a subnet, a regional one in none; EC2 refuses the mixture.",
		Fix:    "give a zonal gateway SubnetId; give a regional one VpcId and each zone once",
		Source: docNAT,
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::EC2::NatGateway") {
				mode := r.Prop("AvailabilityMode")
				regional := mode.Is("regional")
				switch {
				case regional && !missing(r, "SubnetId"):
					c.report(r, "SubnetId", "the regional NAT gateway %s names a subnet", r.ID)
				case regional && missing(r, "VpcId"):
					c.report(r, "VpcId", "the regional NAT gateway %s names no VPC", r.ID)
				case !regional && mode.Known() && missing(r, "SubnetId"):
					c.report(r, "SubnetId", "the zonal NAT gateway %s names no subnet", r.ID)
				}
				seen := map[string]bool{}
				for _, a := range r.Prop("AvailabilityZoneAddresses").Items() {
					for _, p := range []string{"AvailabilityZone", "AvailabilityZoneId"} {
						zone := a.Get(p)
						if zone.Exists() && seen[zone.Key()] {
							c.report(r, "AvailabilityZoneAddresses", "the regional NAT gateway %s lists the zone %s twice", r.ID, zone)
						}
						seen[zone.Key()] = true
					}
				}
			}
		},
	},
	{
		ID: "V32", Severity: Error, Title: "IPv6 route to an attachment without IPv6",
		Why:    "A transit gateway or Cloud WAN attachment carries IPv6 only where its Ipv6Support is on, and that is off by default: the packets are dropped.",
		Fix:    "set Options: {Ipv6Support: enable} on the attachment (true on AWS::NetworkManager::VpcAttachment)",
		Source: "https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html",
		check: func(c *check) {
			reported := map[*cfn.Resource]bool{}
			for _, v := range c.net.VPCs {
				for _, t := range v.RouteTables {
					for _, route := range t.Routes {
						gw, ok := route.Target.(*network.TransitGateway)
						six := route.Family == network.IPv6 || route.Destination.IsValid() && route.Destination.Addr().Is6()
						if !ok || !six {
							continue
						}
						a := gw.Attachment(v)
						if a == nil || a.IPv6 || c.raw(a) == nil || reported[c.raw(a)] || !c.raw(a).Prop("Options.Ipv6Support").Known() {
							continue
						}
						reported[c.raw(a)] = true
						c.report(c.raw(a), "Options.Ipv6Support", "the attachment %s does not carry IPv6, and route %s sends it IPv6", a.LogicalID, route.LogicalID)
					}
				}
			}
			for _, r := range c.set.Resources("AWS::EC2::Route") {
				if missing(r, "CoreNetworkArn") || missing(r, "DestinationIpv6CidrBlock") {
					continue
				}
				table, ok := r.Prop("RouteTableId").Resource()
				if !ok {
					continue
				}
				for _, a := range c.set.Resources("AWS::NetworkManager::VpcAttachment") {
					vpc, aok := arnResource(a.Prop("VpcArn"))
					tvpc, tok := table.Prop("VpcId").Resource()
					if aok && tok && vpc == tvpc && !reported[a] && off(a.Prop("Options.Ipv6Support"), false) {
						reported[a] = true
						c.report(a, "Options.Ipv6Support", "the attachment %s does not carry IPv6, and route %s sends it IPv6", a.ID, r.ID)
					}
				}
			}
		},
	},
	{
		ID: "V33", Severity: Error, Title: "Peering of VPCs whose ranges overlap",
		Why:    "EC2 refuses the peering where ranges of either family overlap, even where only the other family would be routed.",
		Fix:    "give one VPC another range, or connect them by a transit gateway, PrivateLink or VPC Lattice",
		Source: "https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html",
		check: func(c *check) {
			for _, p := range c.net.Peerings {
				if c.raw(p) == nil || p.Requester == nil || p.Accepter == nil {
					continue
				}
				if a, b, ok := overlap(p.Requester, p.Accepter); ok {
					c.report(c.raw(p), "PeerVpcId", "the peering %s joins %s (%s) and %s (%s)", p.LogicalID, p.Requester.LogicalID, a, p.Accepter.LogicalID, b)
				}
			}
		},
	},
	{
		ID: "V40", Severity: Error, Title: "Node subnet with IPv4 to the internet and no IPv6",
		Why:    "Pods have an IPv6 address and prefer AAAA records: without a ::/0 route every connection to a dual-stack host waits for a time-out, and nodes may not join.",
		Fix:    "add a route for ::/0 to an egress-only internet gateway in the subnet's route table",
		Source: docNetwork,
		check: func(c *check) {
			for _, s := range c.nodeSubnets() {
				if !c.noIPv6(s) {
					continue
				}
				c.report(c.raw(s), "", "the route table %s of subnet %s, in which nodes run, has a route for 0.0.0.0/0 and none for ::/0", s.RouteTable.Ref, s.LogicalID)
			}
		},
	},
	{
		ID: "V50", Severity: Error, Title: "Address range of the other family",
		Why:    "EC2 refuses an IPv6 range in an IPv4 property and the reverse, and a route with two destinations or two targets.",
		Fix:    "use DestinationIpv6CidrBlock, CidrIpv6 or Ipv6CidrBlock for IPv6 ranges; one destination and one target a route",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-route.html",
		check: func(c *check) {
			wrong := func(r *cfn.Resource, property string, v cfn.Value, six bool) {
				if p, ok := prefixOf(v); ok && p.Addr().Is6() != six {
					c.report(r, property, "%s of %s is %s, which is no IPv%d range", property, r.ID, p, map[bool]int{true: 6, false: 4}[six])
				}
			}
			for _, r := range c.set.Resources("AWS::EC2::Route", "AWS::EC2::NetworkAclEntry", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::Subnet") {
				for _, p := range []string{"DestinationCidrBlock", "CidrBlock", "CidrIp"} {
					wrong(r, p, r.Prop(p), false)
				}
				for _, p := range []string{"DestinationIpv6CidrBlock", "Ipv6CidrBlock", "CidrIpv6"} {
					wrong(r, p, r.Prop(p), true)
				}
			}
			for _, r := range c.set.Resources("AWS::EC2::SecurityGroup") {
				for _, list := range []string{"SecurityGroupIngress", "SecurityGroupEgress"} {
					for i, e := range r.Prop(list).Items() {
						at := list + "." + itoa(i) + "."
						wrong(r, at+"CidrIp", e.Get("CidrIp"), false)
						wrong(r, at+"CidrIpv6", e.Get("CidrIpv6"), true)
					}
				}
			}
			for _, r := range c.set.Resources("AWS::EC2::Route") {
				count := func(names ...string) (n int) {
					for _, p := range names {
						if v := r.Prop(p); v.Exists() && !v.MayBeAbsent() {
							n++
						}
					}
					return n
				}
				if count("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId") > 1 {
					c.report(r, "", "route %s has several destinations", r.ID)
				}
				if count(targets...) > 1 {
					c.report(r, "", "route %s has several targets", r.ID)
				}
			}
		},
	},
	{
		ID: "W03", Severity: Warning, Title: "Private subnets without a way out over IPv6",
		Why:    "Without an egress-only internet gateway what has an IPv6 address in private subnets cannot reach IPv6 hosts.",
		Fix:    "add an AWS::EC2::EgressOnlyInternetGateway and a ::/0 route to it in each private route table",
		Source: docEgressOnly,
		check: func(c *check) {
			for _, v := range c.net.VPCs {
				if c.raw(v) == nil || len(v.EgressOnly) > 0 || len(v.Prefixes(network.IPv6)) == 0 {
					continue
				}
				for _, s := range c.declared(v.Subnets) {
					four, _ := c.internetRoute(s, network.IPv4)
					six, sure := c.internetRoute(s, network.IPv6)
					if _, nat := four.(*network.NATGateway); nat && s.IPv6.IsValid() && six == nil && sure {
						c.report(c.raw(v), "", "VPC %s has private subnets with IPv6, such as %s, and no egress-only internet gateway", v.LogicalID, s.LogicalID)
						break
					}
				}
			}
		},
	},
	{
		ID: "W04", Severity: Warning, Title: "One NAT gateway for several zones",
		Why:    "IPv4 of all zones stops with the gateway's zone, and traffic from the others is billed across zones.",
		Fix:    "use one NAT gateway in each zone, or a regional one",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html",
		check: func(c *check) {
			zones := map[*network.NATGateway]map[string]bool{}
			var order []*network.NATGateway
			for _, v := range c.net.VPCs {
				for _, s := range c.declared(v.Subnets) {
					four, _ := c.internetRoute(s, network.IPv4)
					nat, ok := four.(*network.NATGateway)
					if !ok || nat.Regional || c.raw(nat) == nil || !c.raw(nat).Prop("AvailabilityMode").Known() || s.Zone == "" {
						continue
					}
					if zones[nat] == nil {
						zones[nat] = map[string]bool{}
						order = append(order, nat)
					}
					zones[nat][s.Zone] = true
				}
			}
			for _, nat := range order {
				if len(zones[nat]) > 1 {
					c.report(c.raw(nat), "", "the NAT gateway %s serves subnets in %d zones", nat.LogicalID, len(zones[nat]))
				}
			}
		},
	},
	{
		ID: "W08", Severity: Warning, Title: "Network ACL without IPv6 entries",
		Why:    "A network ACL of your own denies what no entry allows: IPv6 packets are dropped without a word.",
		Fix:    "add entries with Ipv6CidrBlock in both directions",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/nacl-basics.html",
		check: func(c *check) {
			for _, v := range c.net.VPCs {
				for _, s := range c.declared(v.Subnets) {
					acl := s.NetworkACL
					if acl == nil || acl.Default || acl.Imported || c.raw(acl) == nil || !s.IPv6.IsValid() {
						continue
					}
					if c.stray("AWS::EC2::NetworkAclEntry", "NetworkAclId") {
						continue
					}
					in, sureIn := c.admits6(acl, false)
					out, sureOut := c.admits6(acl, true)
					sure := sureIn && sureOut
					if sure && (!in || !out) {
						c.report(c.raw(acl), "", "the network ACL %s of the dual-stack subnet %s lets IPv6 through in %s", acl.LogicalID, s.LogicalID,
							map[[2]bool]string{{false, false}: "neither direction", {true, false}: "one direction only, in", {false, true}: "one direction only, out"}[[2]bool{in, out}])
					}
				}
			}
		},
	},
	{
		ID: "W10", Severity: Warning, Title: "VPC that blocks its own gateways",
		Why:    "Block Public Access in block-bidirectional mode stops internet and egress-only gateways; enforced encryption stops gateways that are not excluded.",
		Fix:    "add an exclusion (AWS::EC2::VPCBlockPublicAccessExclusion, or the gateway's exclusion of AWS::EC2::VPCEncryptionControl)",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html",
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::EC2::VPCBlockPublicAccessOptions") {
				if !r.Prop("InternetGatewayBlockMode").Is("block-bidirectional") {
					continue
				}
				for _, v := range c.net.VPCs {
					excluded := slices.ContainsFunc(c.net.PublicAccess.Exclusions, func(e network.BlockPublicAccessExclusion) bool {
						return e.VPC == v || e.Subnet != nil && e.Subnet.VPC == v || e.VPC == nil && e.Subnet == nil
					})
					if c.raw(v) != nil && !excluded && (v.InternetGateway != nil || len(v.EgressOnly) > 0) {
						c.report(r, "InternetGatewayBlockMode", "Block Public Access stops the gateways of VPC %s, which has no exclusion", v.LogicalID)
					}
				}
			}
			for _, r := range c.set.Resources("AWS::EC2::VPCEncryptionControl") {
				vpc, ok := r.Prop("VpcId").Resource()
				if !ok || !r.Prop("Mode").Is("enforce") {
					continue
				}
				for _, v := range c.net.VPCs {
					if c.raw(v) != vpc {
						continue
					}
					for _, g := range []struct {
						has      bool
						property string
					}{
						{len(v.EgressOnly) > 0, "EgressOnlyInternetGatewayExclusionInput"},
						{len(v.NATs) > 0, "NatGatewayExclusionInput"},
						{v.InternetGateway != nil, "InternetGatewayExclusionInput"},
					} {
						if p := r.Prop(g.property); g.has && p.Known() && !p.Is("enable") {
							c.report(r, g.property, "the encryption control %s of VPC %s does not exclude its gateway", r.ID, vpc.ID)
						}
					}
				}
			}
		},
	},
	{
		ID: "W19", Severity: Warning, Title: "Nodes without IPv4 to the internet and without endpoints",
		Why:    "Hosts with IPv4 addresses only, many image registries among them, are reached through NAT; nodes in subnets with neither NAT nor endpoints for ECR and S3 pull no images.",
		Fix:    "route 0.0.0.0/0 to a NAT gateway, or add endpoints for ecr.api, ecr.dkr and s3",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
		check: func(c *check) {
			seen := map[*network.Subnet]bool{}
			for _, cl := range c.clusters6() {
				for _, n := range cl.NodeGroups {
					bad, _ := c.stranded(cl, n)
					for _, p := range bad {
						seen[p.subnet] = true // V58 tells: these nodes do not even start
					}
				}
			}
			for _, cl := range c.clusters6() {
				for _, n := range cl.NodeGroups {
					for _, p := range c.nodePullers(n) {
						lacks := c.lacking(p, "ecr.api", "ecr.dkr", "s3")
						if r := c.raw(p.subnet); len(lacks) > 0 && !seen[p.subnet] && r != nil {
							seen[p.subnet] = true
							c.report(r, "", "subnet %s, in which nodes run, has no way to the IPv4 internet, and its VPC no endpoint for %v", p.subnet.LogicalID, lacks)
						}
					}
				}
			}
		},
	},
}

var targets = []string{"CarrierGatewayId", "CoreNetworkArn", "EgressOnlyInternetGatewayId", "GatewayId", "InstanceId", "LocalGatewayId",
	"NatGatewayId", "NetworkInterfaceId", "TransitGatewayId", "VpcEndpointId", "VpcPeeringConnectionId"}

// eachTable visits the declared route tables with the subnets that use them.
func (c *check) eachTable(visit func(*network.RouteTable, []*network.Subnet)) {
	for _, v := range c.net.VPCs {
		used := map[*network.RouteTable][]*network.Subnet{}
		for _, s := range v.Subnets {
			used[s.RouteTable] = append(used[s.RouteTable], s)
		}
		for _, t := range v.RouteTables {
			if !t.Imported {
				visit(t, used[t])
			}
		}
	}
}

// hasBroaderRoute6 says that a table routes global IPv6 addresses without a ::/0 route, as 2000::/3 does.
func hasBroaderRoute6(t *network.RouteTable) bool {
	return slices.ContainsFunc(t.Routes, func(r *network.Route) bool {
		return r.Destination.IsValid() && r.Destination.Addr().Is6() && r.Destination.Bits() <= 3
	})
}

// overlap is a range of each of two VPCs, of either family, that overlap; those that only stand for AWS's choice do not
// count.
func overlap(a, b *network.VPC) (x, y netip.Prefix, ok bool) {
	for _, x := range a.Blocks {
		for _, y := range b.Blocks {
			if x.Prefix.IsValid() && y.Prefix.IsValid() && !x.Assumed && !y.Assumed && x.Prefix.Overlaps(y.Prefix) {
				return x.Prefix, y.Prefix, true
			}
		}
	}
	return x, y, false
}

// missingEndpoints are those of the services for which a VPC has no endpoint; none where some endpoint's service is
// unknown.
func missingEndpoints(v *network.VPC, services ...string) (lacking []string) {
	for _, want := range services {
		if !slices.ContainsFunc(v.Endpoints, func(e *network.Endpoint) bool { return e.ShortName == want }) {
			lacking = append(lacking, want)
		}
	}
	if slices.ContainsFunc(v.Endpoints, func(e *network.Endpoint) bool { return e.ShortName == "" }) {
		return nil
	}
	return lacking
}

// arnResource is the resource within an ARN that is written as a text, such as a VPC's.
func arnResource(v cfn.Value) (*cfn.Resource, bool) {
	if r, ok := v.Resource(); ok {
		return r, true
	}
	parts := v.Parts()
	return parts[len(parts)-1].Resource()
}
