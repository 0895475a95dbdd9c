package network

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
)

func init() {
	register(Kind{
		Component: AtTransitGateway, Name: "transit gateway",
		Types: []string{"AWS::EC2::TransitGateway"},
		Open: []Opening{
			{Type: "AWS::EC2::TransitGateway", Properties: []string{"DefaultRouteTableAssociation", "DefaultRouteTablePropagation"}, Decides: transiting},
		},
		Reads:   []Reading{{readPaths, (*builder).transitGateways}},
		Subject: "transit gateway",
		Models: "attachments, `Ipv6Support`, a subnet in the sender's zone (`Insufficient` where AWS chooses a zone, or one is written by name and the other by id), " +
			"associations, propagations, static routes, blackholes, the default table; then the table of the attachment's subnet, so a shared egress VPC works; " +
			"network ACLs of the attachments' subnets as above",
		Source: "[transit gateways](https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html)",
	})
	register(Kind{
		Component: AtTransitAttachment, Name: "transit gateway attachment",
		Fix:   "attach every zone's subnets, with Options {Ipv6Support: enable}, and associate the attachment with a route table",
		Types: []string{"AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment"},
		Open: []Opening{
			{Type: "AWS::EC2::TransitGatewayAttachment", Properties: []string{"TransitGatewayId", "VpcId", "SubnetIds", "Options.Ipv6Support"}, Decides: transiting},
			{Type: "AWS::EC2::TransitGatewayVpcAttachment", Properties: []string{"TransitGatewayId", "VpcId", "SubnetIds", "Options.Ipv6Support"}, Decides: transiting},
		},
	})
	register(Kind{
		Component: AtTransitTable, Name: "transit gateway route table",
		Fix:   "propagate the attachment of the other VPC into this table, or route its IPv4 and IPv6 ranges to it",
		Types: []string{"AWS::EC2::TransitGatewayRouteTable", "AWS::EC2::TransitGatewayRoute", "AWS::EC2::TransitGatewayRouteTableAssociation", "AWS::EC2::TransitGatewayRouteTablePropagation"},
		Open: []Opening{
			{Type: "AWS::EC2::TransitGatewayRoute", Properties: []string{"TransitGatewayRouteTableId", "TransitGatewayAttachmentId", "DestinationCidrBlock"}, About: []string{"DestinationCidrBlock"}, Decides: transiting},
			{Type: "AWS::EC2::TransitGatewayRouteTableAssociation", Properties: []string{"TransitGatewayRouteTableId", "TransitGatewayAttachmentId"}, Decides: transiting},
			{Type: "AWS::EC2::TransitGatewayRouteTablePropagation", Properties: []string{"TransitGatewayRouteTableId", "TransitGatewayAttachmentId"}, Decides: transiting},
		},
	})
}

// TransitGateway is an AWS::EC2::TransitGateway.
type TransitGateway struct {
	Ref
	Attachments []*Attachment
	Tables      []*TransitTable
	Default     *TransitTable // the table that AWS makes; nil when both defaults are disabled
	// GroupReferences is SecurityGroupReferencingSupport: ingress rules may name groups of attached VPCs.
	GroupReferences bool
	Imported        bool
}

// Attachment returns the gateway's attachment of a VPC, or nil.
func (g *TransitGateway) Attachment(v *VPC) *Attachment {
	for _, a := range g.Attachments {
		if a.VPC == v {
			return a
		}
	}
	return nil
}

// Attachment is an AWS::EC2::TransitGatewayAttachment or AWS::EC2::TransitGatewayVpcAttachment.
type Attachment struct {
	Ref
	Gateway *TransitGateway
	VPC     *VPC
	Subnets []*Subnet
	IPv6    bool          // Options.Ipv6Support enable; the default is disable
	Table   *TransitTable // the table it is associated with, nil when none
	// GroupReferences is Options.SecurityGroupReferencingSupport, on unless disabled.
	GroupReferences bool
	// Learns says that it is of a VPN or the like, whose far side tells which routes it has.
	Learns bool
}

// TransitTable is an AWS::EC2::TransitGatewayRouteTable, or the default table of the gateway.
type TransitTable struct {
	Ref
	Gateway *TransitGateway
	Routes  []*TransitRoute

	index     netset.Table[*TransitRoute]
	uncertain []*TransitRoute // whose destinations are not known
}

// TransitRoute is a static or propagated route in a transit gateway table.
type TransitRoute struct {
	Ref
	Destination netip.Prefix
	Attachment  *Attachment // nil for a blackhole
	Blackhole   bool
	Propagated  bool
	Unknown     string
}

// Lookup returns the most specific route for an address, or nil, and the routes of unknown destination.
// A static route wins over a propagated one of the same length.
func (t *TransitTable) Lookup(a netip.Addr) (route *TransitRoute, uncertain []*TransitRoute) {
	route, _ = t.index.Lookup(a)
	return route, t.uncertain
}

// transitGateways reads transit gateways, their route tables and attachments, then what joins the three.
func (b *builder) transitGateways() {
	for _, r := range b.set.Resources("AWS::EC2::TransitGateway") {
		g := &TransitGateway{Ref: ref(r), GroupReferences: r.Prop("SecurityGroupReferencingSupport").Is("enable")}
		// Both defaults are "enable"; one table serves both.
		if !r.Prop("DefaultRouteTableAssociation").Is("disable") || !r.Prop("DefaultRouteTablePropagation").Is("disable") {
			t := g.Ref
			t.Name = "default route table of " + g.String()
			g.Default = &TransitTable{Ref: t, Gateway: g}
			g.Tables = append(g.Tables, g.Default)
		}
		b.transits[own(r)] = g
		b.net.TransitGateways = append(b.net.TransitGateways, g)
	}
	b.transitRouteTables()
	b.transitAttachments()
	b.learners()
	b.transitRoutes()
}

func (b *builder) transitRouteTables() {
	for _, r := range b.set.Resources("AWS::EC2::TransitGatewayRouteTable") {
		t := &TransitTable{Ref: ref(r), Gateway: b.transit(r.Prop("TransitGatewayId"))}
		b.transitTables[own(r)] = t
		if t.Gateway != nil {
			t.Gateway.Tables = append(t.Gateway.Tables, t)
		}
	}
}

func (b *builder) transitAttachments() {
	for _, r := range b.set.Resources("AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment") {
		a := &Attachment{Ref: ref(r), Gateway: b.transit(r.Prop("TransitGatewayId")), VPC: b.vpc(r.Prop("VpcId"))}
		a.Subnets, _ = b.subnetList(r.Prop("SubnetIds"))
		a.IPv6 = r.Prop("Options.Ipv6Support").Is("enable")
		a.GroupReferences = !r.Prop("Options.SecurityGroupReferencingSupport").Is("disable")
		b.attachments[own(r)] = a
		if a.Gateway == nil {
			continue
		}
		a.Gateway.Attachments = append(a.Gateway.Attachments, a)
		gw := a.Gateway
		if gw.Default == nil {
			continue
		}
		tgw := b.find(gw.Ref)
		if tgw == nil || !tgw.Prop("DefaultRouteTableAssociation").Is("disable") {
			a.Table = gw.Default
		}
		if tgw == nil || !tgw.Prop("DefaultRouteTablePropagation").Is("disable") {
			propagate(gw.Default, a, a.Ref)
		}
	}
}

// learners are the attachments of VPNs, Direct Connect gateways and Connect peers: which routes they have, their other sides
// tell. They are associated with the default table and propagate to it as those of VPCs.
// See https://docs.aws.amazon.com/vpc/latest/tgw/tgw-route-tables.html.
func (b *builder) learners() {
	for _, r := range b.set.Resources("AWS::EC2::VPNConnection", "AWS::EC2::TransitGatewayConnect", "AWS::DirectConnect::GatewayAssociation") {
		id := r.Prop("TransitGatewayId")
		if r.Type == "AWS::DirectConnect::GatewayAssociation" {
			id = r.Prop("AssociatedGatewayId")
		}
		if !id.Exists() || r.Type == "AWS::DirectConnect::GatewayAssociation" && b.transits[key(id)] == nil {
			continue
		}
		a := &Attachment{Ref: ref(r), Gateway: b.transit(id), IPv6: true, Learns: true}
		b.attachments[own(r)] = a
		a.Gateway.Attachments = append(a.Gateway.Attachments, a)
		if tgw := b.find(a.Gateway.Ref); a.Gateway.Default != nil && (tgw == nil || !tgw.Prop("DefaultRouteTablePropagation").Is("disable")) {
			propagate(a.Gateway.Default, a, a.Ref)
		}
	}
}

// transitRoutes are associations, propagations and static routes.
func (b *builder) transitRoutes() {
	for _, r := range b.set.Resources("AWS::EC2::TransitGatewayRouteTableAssociation") {
		a, t := b.attachment(r.Prop("TransitGatewayAttachmentId")), b.transitTable(r.Prop("TransitGatewayRouteTableId"))
		if a != nil && t != nil {
			a.Table = t
		}
	}
	for _, r := range b.set.Resources("AWS::EC2::TransitGatewayRouteTablePropagation") {
		a, t := b.attachment(r.Prop("TransitGatewayAttachmentId")), b.transitTable(r.Prop("TransitGatewayRouteTableId"))
		if a != nil && t != nil {
			propagate(t, a, ref(r))
		}
	}
	for _, r := range b.set.Resources("AWS::EC2::TransitGatewayRoute") {
		t := b.transitTable(r.Prop("TransitGatewayRouteTableId"))
		if t == nil {
			continue
		}
		rt := &TransitRoute{Ref: ref(r), Blackhole: yes(r.Prop("Blackhole"), false)}
		rt.Destination, rt.Unknown = prefix(r.Prop("DestinationCidrBlock"), 0)
		rt.Attachment = b.attachment(r.Prop("TransitGatewayAttachmentId"))
		t.Routes = append(t.Routes, rt)
	}
}

// propagate puts a VPC's ranges into a transit gateway table. IPv6 ranges propagate only from attachments with
// IPv6 support: https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
func propagate(t *TransitTable, a *Attachment, by Ref) {
	if a.Learns {
		t.Routes = append(t.Routes, &TransitRoute{Ref: by, Attachment: a, Propagated: true, Unknown: fmt.Sprintf("what %s learns from the other side", a.Ref)})
	}
	if a.VPC == nil {
		return
	}
	for _, bl := range a.VPC.Blocks {
		if !bl.Prefix.IsValid() || bl.Prefix.Addr().Is6() && !a.IPv6 {
			continue
		}
		t.Routes = append(t.Routes, &TransitRoute{Ref: by, Destination: bl.Prefix, Attachment: a, Propagated: true})
	}
}

// attachment is the one of an id, which a VPN has as an attribute.
func (b *builder) attachment(v cfn.Value) *Attachment {
	if r, attr, ok := v.Attribute(); ok && attr == "TransitGatewayAttachmentId" {
		return b.attachments[own(r)]
	}
	return b.attachments[key(v)]
}

func (b *builder) transit(v cfn.Value) *TransitGateway {
	if !v.Exists() {
		return nil
	}
	k := key(v)
	if got := b.transits[k]; got != nil {
		return got
	}
	got := &TransitGateway{Ref: outside("AWS::EC2::TransitGateway", v), Imported: true}
	b.transits[k] = got
	b.net.TransitGateways = append(b.net.TransitGateways, got)
	return got
}

func (b *builder) transitTable(v cfn.Value) *TransitTable {
	if !v.Exists() {
		return nil
	}
	if r, attr, ok := v.Attribute(); ok && strings.Contains(attr, "DefaultRouteTableId") {
		if g := b.transits[own(r)]; g != nil {
			return g.Default
		}
	}
	return b.transitTables[key(v)]
}

// transit carries the packet through a transit gateway, to the subnet of the attachment at the far side.
// See https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html.
func (g *TransitGateway) carry(t *tracer, s step) (next, Verdict) {
	at, v := t.transit(g, s.at, s.from, s.to)
	return next{at: at}, v
}

func (t *tracer) transit(g *TransitGateway, at position, from, to *Interface) (position, Verdict) {
	const name = AtTransitGateway
	six := t.pkt.family() == IPv6
	a := g.Attachment(at.vpc)
	var near *Subnet // the attachment's, in the zone of the packet
	inZone := true
	if a != nil && at.subnet != nil {
		near, inZone = Serving(a.Subnets, at.subnet)
	}
	switch {
	case a == nil && g.Imported:
		return at, t.stop(Insufficient, name, g.Ref, "the attachments of %s are in none of the templates", g.Ref)
	case a == nil:
		return at, t.stop(NoRoute, name, g.Ref, "%s has no attachment of %s", g.Ref, at.vpc.Ref)
	case six && !a.IPv6:
		return at, t.stop(NoRoute, AtTransitAttachment, a.Ref, "Ipv6Support of %s is not enable", a.Ref)
	case !inZone:
		return at, t.stop(Insufficient, AtTransitAttachment, a.Ref, "whether %s has a subnet in the zone of %s is not known: AWS chooses the zone of one, or one is named by its id", a.Ref, at.subnet.Ref)
	case at.subnet != nil && len(a.Subnets) > 0 && near == nil:
		return at, t.stop(NoRoute, AtTransitAttachment, a.Ref, "%s has no subnet in zone %s of %s", a.Ref, at.subnet.Zone, at.subnet.Ref)
	case g.Imported && a.Table == nil:
		return at, t.stop(Insufficient, name, g.Ref, "the route tables of %s are in none of the templates", g.Ref)
	case a.Table == nil:
		return at, t.stop(NoRoute, AtTransitAttachment, a.Ref, "%s is associated with no transit gateway route table", a.Ref)
	}
	if near != nil { // also when it is the sender's own
		if v := t.acl(near, false); v != 0 {
			return at, v
		}
	}
	route, uncertain := t.transitRoute(a.Table, t.pkt.dst)
	switch {
	case route == nil && len(uncertain) > 0:
		return at, t.stop(Insufficient, AtTransitTable, a.Table.Ref, "no known route to %s; the destination of %s is %s", t.pkt.dst.one, uncertain[0].Ref, uncertain[0].Unknown)
	case route == nil:
		return at, t.stop(NoRoute, AtTransitTable, a.Table.Ref, "no route to %s", t.pkt.dst.one)
	case route.Blackhole:
		t.explicit = true
		return at, t.stop(NoRoute, AtTransitTable, route.Ref, "%s is a blackhole", route.Destination)
	case route.Attachment == nil:
		return at, t.stop(Insufficient, AtTransitTable, route.Ref, "the attachment of route %s is in none of the templates", route.Ref)
	}
	next := route.Attachment
	for _, u := range uncertain {
		if u.Attachment == nil || !u.Attachment.Learns {
			continue
		}
		if to.Outside() && t.among(t.pkt.dst, privateRanges) >= 0 {
			return at, t.stop(Insufficient, AtTransitTable, a.Table.Ref, "%s → %s, unless a route of %s is more specific: %s", route.Destination, next.Ref, u.Ref, u.Unknown)
		}
		t.note("the destination of route %s (%s) is not known at synth: assumed not to hold %s", u.Ref, u.Unknown, t.pkt.dst.one)
	}
	t.hop(Routed, AtTransitTable, a.Table.Ref, fmt.Sprintf("%s → %s", route.Destination, next.Ref))
	switch {
	case six && !next.IPv6:
		return at, t.stop(NoRoute, AtTransitAttachment, next.Ref, "Ipv6Support of %s is not enable", next.Ref)
	case next.VPC == nil || next.VPC.Imported:
		return at, t.stop(Insufficient, AtTransitAttachment, next.Ref, "the VPC of %s is in none of the templates", next.Ref)
	case next.VPC == at.vpc:
		return at, t.stop(NoRoute, AtTransitTable, a.Table.Ref, "%s leads back to %s", route.Destination, at.vpc.Ref)
	}
	s := farSubnet(next, at.subnet)
	if s == nil || s.Imported {
		return at, t.stop(Insufficient, AtTransitAttachment, next.Ref, "the subnets of %s are in none of the templates", next.Ref)
	}
	t.hop(Forward, name, g.Ref, fmt.Sprintf("%s → %s", at.vpc.Ref, next.VPC.Ref))
	return position{next.VPC, s}, 0
}

// transitRoute finds the route of a transit gateway's table for an address, as [tracer.lookupIn] does for a VPC's.
func (t *tracer) transitRoute(table *TransitTable, a address) (*TransitRoute, []*TransitRoute) {
	route, uncertain := table.Lookup(a.one)
	if a.of == nil {
		return route, uncertain
	}
	if route != nil {
		t.inPrefix(a, route.Destination)
	}
	for _, r := range table.Routes {
		if r.Destination.IsValid() && !r.Destination.Contains(a.one) {
			t.inPrefix(a, r.Destination)
		}
	}
	return route, uncertain
}

// farSubnet is the subnet by which a packet leaves an attachment: one in the zone that it comes from, else the first.
func farSubnet(a *Attachment, from *Subnet) *Subnet {
	if from != nil {
		if s, _ := Serving(a.Subnets, from); s != nil {
			return s
		}
	}
	if len(a.Subnets) == 0 {
		return nil
	}
	return a.Subnets[0]
}
