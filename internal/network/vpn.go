package network

import (
	"fmt"
	"net/netip"
)

func init() {
	register(Kind{
		Types: []string{"AWS::EC2::VPNGatewayRoutePropagation"},
		Open: []Opening{
			{Type: "AWS::EC2::VPNGatewayRoutePropagation", Properties: []string{"RouteTableIds"}, Decides: routing},
		},
		Reads: []Reading{{readLearned, (*builder).learnedRoutes}},
	})
	register(Kind{
		Component: AtVPNClient, Name: "VPN client",
		Reads: []Reading{{readServices, (*builder).vpnClients}},
	})
}

// VPNClients are the addresses that an AWS::EC2::ClientVpnEndpoint gives its clients.
type VPNClients struct {
	Ref
	Prefix netip.Prefix
}

func (b *builder) vpnClients() {
	for _, r := range b.set.Resources("AWS::EC2::ClientVpnEndpoint") {
		if p, unknown := prefix(r.Prop("ClientCidrBlock"), 0); unknown == "" && p.IsValid() {
			b.net.VPNClients = append(b.net.VPNClients, VPNClients{Ref: ref(r), Prefix: p})
		}
	}
}

// learnedRoutes are the routes that a virtual private gateway propagates: which, its other side tells.
func (b *builder) learnedRoutes() {
	for _, r := range b.set.Resources("AWS::EC2::VPNGatewayRoutePropagation") {
		gateway := b.outsideOr("AWS::EC2::VPNGateway", r.Prop("VpnGatewayId"))
		tables, _ := items(r.Prop("RouteTableIds"))
		for _, e := range tables {
			if t := b.table(e); t != nil {
				t.Learned = append(t.Learned, &Route{Ref: ref(r), Table: t, Unknown: fmt.Sprintf("what %s learns from the other side", gateway),
					Target: &Other{Ref: gateway, Property: "VpnGatewayId", Value: gateway.String()}})
			}
		}
	}
}

// private is where a packet with a private source may come in that no internet gateway lets in: by a VPN or a Direct Connect of
// the VPC, or of a transit gateway that it is attached to, or by what the subnet's table sends the answer to.
func (t *tracer) private(v *VPC, to *Interface) Verdict {
	var by *Ref
	if v.PrivateGateway != nil {
		by = v.PrivateGateway
	}
	for _, g := range t.net.TransitGateways {
		if g.Attachment(v) == nil {
			continue
		}
		for _, a := range g.Attachments {
			if a.Learns {
				by = &a.Ref
			}
		}
	}
	if t.among(t.pkt.src, privateRanges) < 0 {
		return 0
	}
	if s := to.Subnet; by == nil && s != nil && s.RouteTable != nil && !s.RouteTable.Imported {
		if route, _ := t.lookupIn(s.RouteTable, t.pkt.src); route != nil {
			g, transit := route.Target.(*TransitGateway)
			if isMiddlebox(route.Target) || transit && g.Imported {
				at := route.Target.Resource()
				by = &at
			}
		}
	}
	if by == nil {
		return 0
	}
	return t.stopAt(Insufficient, to, "%s may come by %s, whose other side is not in the templates", t.pkt.src.one, *by)
}
