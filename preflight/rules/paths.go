package rules

import (
	"slices"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

// pathRules are about ways through several networks, and through instances.
var pathRules = []Rule{
	{
		ID: "V80", Severity: Error, Title: "Internet by another VPC's gateway",
		Why:    "Internet and egress-only gateways carry the IPv6 addresses of their own VPC only, and a peering leads to the other VPC and no further: what comes by transit gateway or peering for the internet is dropped. For IPv4 a transit gateway may lead to another VPC's NAT gateway.",
		Fix:    "give the VPC an egress-only internet gateway of its own and route ::/0 to it (0.0.0.0/0 to a NAT gateway); or translate in the other VPC, by instances with NAT66 or by proxies",
		Source: "https://docs.aws.amazon.com/whitepapers/latest/building-scalable-secure-multi-vpc-network-infrastructure/centralized-egress-for-ipv6.html",
		check: func(c *check) {
			for _, v := range c.net.VPCs {
				for _, t := range v.RouteTables {
					for _, r := range t.Routes {
						if c.raw(r) == nil || r.Destination != all6 && r.Destination != all4 {
							continue
						}
						switch target := r.Target.(type) {
						case *network.Peering:
							c.report(c.raw(r), "VpcPeeringConnectionId", "route %s sends %s by the peering %s, which leads to no internet", r.LogicalID, r.Destination, target)
						case *network.TransitGateway:
							if far, gateway := c.farGateway(target, v); r.Destination == all6 && gateway != "" {
								c.report(c.raw(r), "TransitGatewayId", "route %s sends ::/0 of VPC %s by %s to VPC %s, whose %s carries the addresses of %s only", r.LogicalID, v, target, far, gateway, far)
							}
						}
					}
				}
			}
		},
	},
	{
		ID: "V81", Severity: Error, Title: "Instance that drops what it is to forward",
		Why:    "EC2 drops packets that an instance neither sends nor receives for itself, unless its source and destination check is off: a NAT instance then forwards nothing.",
		Fix:    "set SourceDestCheck: false on the instance, or on the interface that the route names",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html",
		check: func(c *check) {
			seen := map[*cfn.Resource]bool{}
			for _, r := range c.set.Resources("AWS::EC2::Route") {
				for _, p := range []string{"InstanceId", "NetworkInterfaceId"} {
					host, ok := r.Prop(p).Resource()
					if !ok || seen[host] || host.Type != "AWS::EC2::Instance" && host.Type != "AWS::EC2::NetworkInterface" || c.interfaceOf(host) != nil {
						continue
					}
					if on(host.Prop("SourceDestCheck"), true) {
						seen[host] = true
						c.report(host, "SourceDestCheck", "route %s sends packets to %s, whose source and destination check is on", r.ID, host.ID)
					}
				}
			}
		},
	},
	{
		ID: "W49", Severity: Warning, Title: "Way between VPCs for IPv4 only",
		Why:    "Peering and transit gateways carry both families, each by its own routes: names with an AAAA record are tried over IPv6 first, and wait for a time-out.",
		Fix:    "add a route for the other VPC's IPv6 range (DestinationIpv6CidrBlock) to the same target, in this table and in those of the other VPC",
		Source: "https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html",
		check: func(c *check) {
			c.eachTable(func(t *network.RouteTable, used []*network.Subnet) {
				if c.raw(t) == nil || c.stray("AWS::EC2::Route", "RouteTableId") || !slices.ContainsFunc(used, func(s *network.Subnet) bool { return s.IPv6.IsValid() }) {
					return
				}
				for _, r := range t.Routes {
					if far := c.farSide(t, r); far != nil && !leads6(t, far, r.Target) {
						c.report(c.raw(t), "", "the route table %s has the route %s for %s of VPC %s by %s, and none for its IPv6 range %s", t, r, r.Destination, far, r.Target, range6(far))
					}
				}
			})
		},
	},
}

// interfaceOf is the declared interface that is an instance's first, which then has the check; nil where the instance has it.
func (c *check) interfaceOf(instance *cfn.Resource) *cfn.Resource {
	for _, ni := range instance.Prop("NetworkInterfaces").Items() {
		if r, ok := ni.Get("NetworkInterfaceId").Resource(); ok {
			return r
		}
	}
	return nil
}

// farGateway is the VPC to which a transit gateway sends what a VPC has for the IPv6 internet, and that VPC's gateway to which
// the attachment's subnets send it on; "" where something else takes it there, or where that is not known.
func (c *check) farGateway(g *network.TransitGateway, v *network.VPC) (far *network.VPC, gateway string) {
	own := g.Attachment(v)
	if g.Imported || own == nil || own.Table == nil {
		return nil, ""
	}
	i := slices.IndexFunc(own.Table.Routes, func(r *network.TransitRoute) bool { return r.Destination == all6 && !r.Blackhole })
	if i < 0 || own.Table.Routes[i].Attachment == nil {
		return nil, ""
	}
	hub := own.Table.Routes[i].Attachment
	if hub.VPC == nil || hub.VPC == v || hub.VPC.Imported || len(hub.Subnets) == 0 {
		return nil, ""
	}
	for _, s := range hub.Subnets {
		target, _ := c.internetRoute(s, network.IPv6)
		switch target.(type) {
		case *network.EgressOnlyGateway:
			gateway = "egress-only internet gateway"
		case *network.InternetGateway:
			gateway = "internet gateway"
		default:
			return nil, ""
		}
	}
	return hub.VPC, gateway
}

// farSide is the other VPC of an IPv4 route by a peering or a transit gateway, where both VPCs have IPv6 and the way would carry
// it; nil for other routes.
func (c *check) farSide(t *network.RouteTable, r *network.Route) *network.VPC {
	if !r.Destination.IsValid() || r.Destination.Addr().Is6() || r.Destination == all4 || c.raw(r) == nil {
		return nil
	}
	var far *network.VPC
	switch target := r.Target.(type) {
	case *network.Peering:
		far = target.Other(t.VPC)
	case *network.TransitGateway:
		own := target.Attachment(t.VPC)
		for _, a := range target.Attachments {
			if a.VPC != nil && a.VPC != t.VPC && a.IPv6 && own != nil && own.IPv6 &&
				slices.ContainsFunc(a.VPC.Blocks, func(b network.Block) bool { return b.Prefix.IsValid() && r.Destination.Overlaps(b.Prefix) }) {
				far = a.VPC
			}
		}
	}
	if far == nil || far.Imported || len(far.Prefixes(network.IPv6)) == 0 || len(t.VPC.Prefixes(network.IPv6)) == 0 {
		return nil
	}
	return far
}

// range6 is a VPC's IPv6 range as it is written down, or the attribute that holds it.
func range6(v *network.VPC) string {
	for _, b := range v.Blocks {
		if b.Prefix.IsValid() && b.Prefix.Addr().Is6() && !b.Assumed {
			return b.Prefix.String()
		}
	}
	return v.String() + ".Ipv6CidrBlocks"
}

// leads6 says that a table has a route for some of a VPC's IPv6 range, or may have one: any to the same target where the range is
// not written down. The default route to the internet does not lead there by the way that IPv4 takes.
func leads6(t *network.RouteTable, v *network.VPC, by network.Target) bool {
	chosen := slices.ContainsFunc(v.Blocks, func(b network.Block) bool { return b.Assumed || !b.Prefix.IsValid() })
	return slices.ContainsFunc(t.Routes, func(r *network.Route) bool {
		if r.Unknown != "" && r.Family != network.IPv4 || r.PrefixList != nil && r.PrefixList.Unknown != "" {
			_, endpoint := r.Target.(*network.Endpoint)
			return !endpoint
		}
		ranges := []*network.Route{r}
		if r.PrefixList != nil {
			ranges = nil
			for _, p := range r.PrefixList.Entries {
				ranges = append(ranges, &network.Route{Destination: p, Target: r.Target})
			}
		}
		return slices.ContainsFunc(ranges, func(r *network.Route) bool {
			if !r.Destination.IsValid() || r.Destination.Addr().Is4() || r.Destination == all6 && outward(r.Target) {
				return false
			}
			return chosen && r.Target == by || slices.ContainsFunc(v.Prefixes(network.IPv6), r.Destination.Overlaps)
		})
	})
}

// outward says that a target is a gateway to the internet.
func outward(t network.Target) bool {
	switch t.(type) {
	case *network.InternetGateway, *network.EgressOnlyGateway, *network.NATGateway:
		return true
	}
	return false
}
