package random

import (
	"fmt"
	"net/netip"
	"slices"
)

// link is a target of routes: the property that names it, and the VPC that it leads to.
type link struct {
	property, id string
	to           *vpc
}

// join makes a link in both directions.
func join(property, id string, v, w *vpc) {
	v.links = append(v.links, link{property, id, w})
	w.links = append(w.links, link{property, id, v})
}

func (v *vpc) overlaps(p netip.Prefix) bool {
	return slices.ContainsFunc(v.ranges, func(c cidr) bool { return c.four.Overlaps(p) })
}

func (b *builder) peering(v *vpc) {
	w := one(b.Rand, b.vpcs...)
	joined := slices.ContainsFunc(v.links, func(l link) bool { return l.to == w })
	if v != w && !joined && (!v.overlaps(w.ranges[0].four) || b.chance(40)) {
		join("VpcPeeringConnectionId", b.add("AWS::EC2::VPCPeeringConnection", object{"VpcId": ref(v.id), "PeerVpcId": ref(w.id)}), v, w)
	}
}

// publicAccess blocks public access in a few networks.
func (b *builder) publicAccess() {
	if b.blocked = b.chance(10); b.blocked {
		b.add("AWS::EC2::VPCBlockPublicAccessOptions", object{"InternetGatewayBlockMode": one(b.Rand, "block-bidirectional", "block-ingress", "block-ingress")})
	}
}

// exclusion lifts the block for a VPC or one of its subnets.
func (b *builder) exclusion(v *vpc) {
	if !b.blocked || b.chance(30) {
		return
	}
	p := object{"InternetGatewayExclusionMode": one(b.Rand, "allow-bidirectional", "allow-egress")}
	if b.chance(40) {
		p["VpcId"] = ref(v.id)
	} else {
		p["SubnetId"] = ref(one(b.Rand, v.subnets...).id)
	}
	b.add("AWS::EC2::VPCBlockPublicAccessExclusion", p)
}

type transit struct {
	id     string
	own    bool // the template says which attachment belongs to which table
	tables []any
	taken  map[string]bool // destinations, by table
}

func (b *builder) transitGateway() *transit {
	t := &transit{own: b.chance(40), taken: map[string]bool{}}
	t.id = b.add("AWS::EC2::TransitGateway", object{"SecurityGroupReferencingSupport": when(b.chance(50), "enable"),
		"DefaultRouteTableAssociation": when(t.own, "disable"), "DefaultRouteTablePropagation": when(t.own, "disable")})
	if !t.own {
		t.tables = list{att(t.id, "AssociationDefaultRouteTableId")}
	}
	for range either(t.own, 1+b.IntN(2), 0) {
		t.tables = append(t.tables, ref(b.add("AWS::EC2::TransitGatewayRouteTable", object{"TransitGatewayId": ref(t.id)})))
	}
	return t
}

// attachment joins a VPC to the transit gateway, unless it overlaps with one that has joined.
func (b *builder) attachment(v *vpc) {
	if b.transit == nil {
		b.transit = b.transitGateway()
	}
	joined := slices.DeleteFunc(slices.Clone(b.vpcs), func(w *vpc) bool { return w.attachment == "" })
	in := b.spread(v, false, hasFour)
	if len(in) == 0 || slices.ContainsFunc(joined, func(w *vpc) bool { return v.overlaps(w.ranges[0].four) }) {
		return
	}
	in = in[either(len(in) > 1 && b.chance(15), 1, 0):] // perhaps a zone is missing
	v.attachment = b.add("AWS::EC2::TransitGatewayAttachment", object{"TransitGatewayId": ref(b.transit.id), "VpcId": ref(v.id),
		"SubnetIds": refs(in), "Options": when(v.six && b.chance(90), object{"Ipv6Support": "enable"})})
	for _, w := range joined {
		join("TransitGatewayId", b.transit.id, v, w)
	}
}

func (b *builder) transitRoutes(v *vpc) {
	t := b.transit
	if v.attachment == "" {
		return
	}
	if t.own && b.chance(95) {
		b.add("AWS::EC2::TransitGatewayRouteTableAssociation",
			object{"TransitGatewayRouteTableId": one(b.Rand, t.tables...), "TransitGatewayAttachmentId": ref(v.attachment)})
	}
	for _, table := range t.tables {
		if t.own && b.chance(90) {
			b.add("AWS::EC2::TransitGatewayRouteTablePropagation", object{"TransitGatewayRouteTableId": table, "TransitGatewayAttachmentId": ref(v.attachment)})
		}
		for range b.IntN(3) {
			props := object{"TransitGatewayRouteTableId": table, "TransitGatewayAttachmentId": ref(v.attachment)}
			to := b.destination(v)
			switch {
			case b.chance(25):
				to, props = b.destination(nil), object{"TransitGatewayRouteTableId": table, "Blackhole": true}
			case len(v.nats) > 0 && b.chance(60): // they serve the others
				to = all(b.chance(30))
			}
			props["DestinationCidrBlock"] = to.value
			if key := fmt.Sprint(table, to.value); !t.taken[key] {
				t.taken[key] = true
				b.add("AWS::EC2::TransitGatewayRoute", props)
			}
		}
	}
}

type prefixList struct {
	id      string
	entries []cidr
}

func (b *builder) prefixList(*vpc) {
	var l prefixList
	var entries list
	half := len(everywhere) / 2
	six := b.IntN(2)
	for _, s := range some(b, 1+b.IntN(2), everywhere[six*half:six*half+half]) {
		l.entries, entries = append(l.entries, literal(s)), append(entries, object{"Cidr": s})
	}
	l.id = b.add("AWS::EC2::PrefixList", object{"PrefixListName": fmt.Sprint("list", len(b.lists)), "MaxEntries": len(entries),
		"AddressFamily": either(six == 1, "IPv6", "IPv4"), "Entries": entries})
	b.lists = append(b.lists, l)
}

// routes fill the tables: the defaults that are meant, ways to the VPCs that a link leads to, and some that hit or miss.
func (b *builder) routes(v *vpc) {
	links := v.links
	for _, w := range b.vpcs {
		if v.attachment == "" && w.attachment != "" && b.chance(40) { // the attachment is gone, the routes are left
			links = append(links, link{"TransitGatewayId", b.transit.id, w})
		}
	}
	for _, t := range v.tables {
		gateway, nat := link{property: "GatewayId", id: v.gateway}, link{property: "NatGatewayId"}
		if len(v.nats) > 0 {
			nat.id = one(b.Rand, v.nats...)
		}
		four, six := nat, link{property: "EgressOnlyInternetGatewayId", id: v.egressOnly}
		if t.public || b.chance(5) {
			four, six = gateway, gateway
		}
		if len(v.links) > 0 && b.chance(15) { // by another VPC
			four = one(b.Rand, v.links...)
			six = either(b.chance(70), four, six)
		}
		for _, r := range []struct {
			to cidr
			by link
		}{{all(false), four}, {all(true), six}, {literal(nat64), either(b.chance(70), nat, link{})}} {
			if b.chance(90) {
				b.route(t, r.to, r.by)
			}
		}
		for _, l := range links {
			for _, c := range l.to.ranges {
				if b.chance(90) {
					b.route(t, c, l)
				}
			}
		}
		targets := append([]link{gateway, nat, six}, links...)
		for range b.IntN(4) {
			b.route(t, b.destination(nil), one(b.Rand, targets...))
		}
		if len(b.lists) > 0 && b.chance(25) { // one at most: AWS does not say which of two wins
			b.listRoute(t, one(b.Rand, b.lists...), one(b.Rand, targets...))
		}
	}
}

const nat64 = "64:ff9b::/96"

func (b *builder) route(t *table, to cidr, by link) {
	if key := fmt.Sprint(to.value); by.id != "" && !t.taken[key] && t.accepts(to, by) {
		t.taken[key] = true
		b.add("AWS::EC2::Route", object{"RouteTableId": ref(t.id), to.in("DestinationCidrBlock", "DestinationIpv6CidrBlock"): to.value, by.property: ref(by.id)})
	}
}

func (b *builder) listRoute(t *table, l prefixList, by link) {
	if by.id != "" && !slices.ContainsFunc(l.entries, func(c cidr) bool { return !t.accepts(c, by) }) {
		b.add("AWS::EC2::Route", object{"RouteTableId": ref(t.id), "DestinationPrefixListId": att(l.id, "PrefixListId"), by.property: ref(by.id)})
	}
}

// accepts says that AWS takes a route: an egress-only gateway carries IPv6 only, a NAT gateway translates 64:ff9b::/96,
// and within the VPC's own ranges only the whole range of a subnet can go elsewhere, and of the targets here only to a
// NAT gateway.
func (t *table) accepts(to cidr, by link) bool {
	if to.six() {
		return to.of != t.vpc && (by.property != "NatGatewayId" || to.value == nat64)
	}
	if slices.ContainsFunc(t.vpc.ranges, func(c cidr) bool { return c.four.Overlaps(to.four) && c.four.Bits() <= to.four.Bits() }) {
		return by.property == "NatGatewayId" && slices.ContainsFunc(t.vpc.subnets, func(s *subnet) bool { return s.four == to.four })
	}
	return by.property != "EgressOnlyInternetGatewayId"
}
