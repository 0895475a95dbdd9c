package network

import (
	"fmt"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func (b *builder) peeringAndTransit() {
	for _, r := range b.set.Resources("AWS::EC2::VPCPeeringConnection") {
		p := &Peering{Ref: ref(r), Requester: b.vpc(r.Prop("VpcId")), Accepter: b.vpc(r.Prop("PeerVpcId"))}
		b.peerings[own(r)] = p
		b.net.Peerings = append(b.net.Peerings, p)
	}
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
	for _, r := range b.set.Resources("AWS::EC2::TransitGatewayRouteTable") {
		t := &TransitTable{Ref: ref(r), Gateway: b.transit(r.Prop("TransitGatewayId"))}
		b.transitTables[own(r)] = t
		if t.Gateway != nil {
			t.Gateway.Tables = append(t.Gateway.Tables, t)
		}
	}
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
	b.learners()
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
