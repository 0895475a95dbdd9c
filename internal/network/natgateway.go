package network

import (
	"fmt"
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/netset"
)

func init() {
	register(Kind{
		Component: AtNATGateway, Name: "NAT gateway",
		Fix:   "put it into a public subnet of this VPC, whose table routes 0.0.0.0/0 to the internet gateway, and route only IPv4 to it",
		Types: []string{"AWS::EC2::NatGateway"},
		Open: []Opening{
			{Type: "AWS::EC2::NatGateway", Properties: []string{"SubnetId", "VpcId"}, Decides: routing},
		},
		Reads:   []Reading{{readGateways, (*builder).natGateways}},
		Subject: "NAT gateway",
		Models: "zonal: its own subnet's table must lead on; regional: the table AWS keeps, for what leaves for the internet; private connectivity; NAT64 for " +
			"`64:ff9b::/96`; DNS64 for the names that Pods of an IPv6 cluster, and hosts without IPv4, ask for",
		Source: "[NAT gateways](https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html)",
	})
	register(Kind{
		Component: AtDNS64, Name: "DNS64",
	})
}

// NATGateway is an AWS::EC2::NatGateway.
type NATGateway struct {
	Ref
	Index    int     // position among the NAT gateways of the network
	Subnet   *Subnet // nil for a regional gateway
	VPC      *VPC
	Regional bool // AvailabilityMode regional: no subnet, AWS keeps its route table to the internet gateway
	Private  bool // ConnectivityType private
	Public   netip.Addr
	Fixed    netip.Addr // PrivateIpAddress, not valid where AWS chooses it
	// NoAddress says that a zonal public gateway has no AllocationId.
	NoAddress bool
}

// Address is the gateway's private IPv4 address: one from the end of its subnet, away from the hosts, and for a regional
// gateway one that no subnet holds. It is not valid where the subnet has no IPv4 range.
func (g *NATGateway) Address() netip.Addr {
	if g.Fixed.IsValid() {
		return g.Fixed
	}
	if g.Subnet == nil {
		return netip.AddrFrom4([4]byte{100, 64, byte(g.Index >> 8), byte(g.Index)})
	}
	p := g.Subnet.IPv4.Masked()
	if !p.IsValid() {
		return netip.Addr{}
	}
	room := min(p.Addr().BitLen()-p.Bits(), 16)
	return netset.Plus(p.Addr(), max(1<<room-3-g.Index%8, 1))
}

func (b *builder) natGateways() {
	for i, r := range b.set.Resources("AWS::EC2::NatGateway") {
		g := &NATGateway{Ref: ref(r), Index: i}
		// A zonal gateway has a SubnetId: one without, and of a mode that only the deployment decides, must be regional.
		mode := r.Prop("AvailabilityMode")
		g.Regional = mode.Is("regional") || !mode.Known() && !r.Prop("SubnetId").Exists()
		g.Private = r.Prop("ConnectivityType").Is("private")
		g.Fixed, _ = addressIn(r.Prop("PrivateIpAddress"))
		if s := b.subnet(r.Prop("SubnetId")); s != nil {
			g.Subnet, g.VPC = s, s.VPC
		}
		if v := b.vpc(r.Prop("VpcId")); v != nil {
			g.VPC = v
		}
		if g.Regional {
			g.Subnet = nil
		}
		g.NoAddress = !g.Regional && !g.Private && !r.Prop("AllocationId").Exists()
		if !g.Private && !g.NoAddress {
			// More than 254 gateways share addresses, which changes no verdict.
			g.Public = aws.DocumentationAWS4.Nth(i%254 + 1)
			b.assume(g.Ref, "public IPv4 address %s stands for the elastic address of %s", g.Public, g.Ref)
		}
		b.nats[own(r)] = g
		if g.VPC != nil {
			g.VPC.NATs = append(g.VPC.NATs, g)
		}
	}
}

// carry brings the packet to a NAT gateway.
func (g *NATGateway) carry(t *tracer, s step) (next, Verdict) {
	if own := s.from.Subnet; s.first && own != nil && own.IPv4.IsValid() && s.to.nat != g && t.inPrefix(t.pkt.dst, own.IPv4) {
		return next{}, t.stop(NoRoute, AtRouteTable, s.route.Table.Ref, "%s lies in the sender's own subnet %s, where no route is asked: the ranges overlap", t.pkt.dst.one, own.Ref)
	}
	if s.to.nat == g { // the answer to what it translated
		return next{}, t.arrive(s.to, s.from, s.at.subnet == s.to.Subnet)
	}
	i, v := t.toNAT(g, s.at, s.from, s.to, s.route)
	return next{by: i}, v
}

func (t *tracer) toNAT(g *NATGateway, at position, from, to *Interface, route *Route) (*Interface, Verdict) {
	const name = AtNATGateway
	switch {
	case g.VPC != at.vpc:
		return nil, t.stop(NoRoute, name, g.Ref, "%s is in another VPC", g.Ref)
	case !to.Outside() && !t.public(to) && t.pkt.family() == IPv4 && t.endsAtInternet(g):
		return nil, t.leadsAway(route, to)
	case from.nat == g:
		return nil, t.stop(NoRoute, name, g.Ref, "%s in %s, the table of its own subnet, leads back to it: it needs a subnet whose table leads to the internet gateway", describe(route), route.Table.Ref)
	case t.pkt.family() == IPv6 && !t.inPrefix(t.pkt.dst, nat64):
		return nil, t.stop(NoRoute, name, g.Ref, "%s carries IPv4, and of IPv6 only %s: %s cannot pass", g.Ref, nat64, describe(route))
	case t.reply: // it would translate the answer as a connection of its own
		return nil, t.stop(NoRoute, name, g.Ref, "the connection came in elsewhere: its answer cannot leave by %s", g.Ref)
	case g.Subnet != nil && g.Subnet.Imported:
		return nil, t.stop(Insufficient, name, g.Ref, "subnet %s of %s is in none of the templates", g.Subnet.Ref, g.Ref)
	}
	p := &Interface{Kind: NATInterface, Name: g.String(), Component: name, Ref: g.Ref, nat: g, VPC: g.VPC, Subnet: g.Subnet, Unfiltered: true, Public: g.Public}
	p.IPv4 = g.Address()
	if g.Subnet != nil && !g.Fixed.IsValid() {
		p.range4 = t.net.addressing.usable(g.Subnet.IPv4)
	}
	if g.Subnet == nil {
		p.On = "regional"
		return p, 0
	}
	p.On = "in " + g.Subnet.String()
	if !p.IPv4.IsValid() {
		return nil, t.stop(NoRoute, name, g.Ref, "subnet %s has no IPv4 range for %s", g.Subnet.Ref, g.Ref)
	}
	if g.Subnet != at.subnet {
		if v := t.acl(g.Subnet, false); v != 0 {
			return nil, v
		}
	}
	return p, 0
}

// endsAtInternet reports whether a NAT gateway sends the packet to the internet and nowhere else.
func (t *tracer) endsAtInternet(g *NATGateway) bool {
	if g.Subnet == nil {
		if g.VPC == nil || g.VPC.InternetGateway == nil {
			return false
		}
		_, own := t.block(g.VPC, t.pkt.dst)
		return !own
	}
	if g.Subnet.RouteTable == nil {
		return false
	}
	route, _ := t.lookupIn(g.Subnet.RouteTable, t.pkt.dst)
	if route == nil {
		return false
	}
	_, igw := route.Target.(*InternetGateway)
	return igw
}

// translate is what a NAT gateway does: source translation, and for 64:ff9b::/96 translation to IPv4.
func (t *tracer) translate(p *Interface) undo {
	before, after := t.pkt, t.pkt
	back := undo{action: DNAT, component: AtNATGateway, ref: p.Ref, by: "its connection table", after: before.reply()}
	after.src, after.srcPort = t.address(p, IPv4), t.port(p)
	if before.family() == IPv6 {
		after.dst = before.dst.extract()
		back.action = NAT64
		t.change(NAT64, AtNATGateway, p.Ref, fmt.Sprintf("%s to IPv4", nat64), after)
		return back
	}
	t.change(SNAT, AtNATGateway, p.Ref, "to the gateway's address "+p.On, after)
	return back
}

// untranslated ends a packet for a host that DNS64 gave an IPv6 address, at a gateway that does not translate it back.
func (t *tracer) untranslated(name Component, g Ref, route *Route) Verdict {
	return t.stop(NoRoute, name, g, "%s translates nothing: %s needs a route for %s to a NAT gateway in %s", g, t.pkt.dst.one, nat64, route.Table.Ref)
}

// byDNS64 starts a packet for the name of an IPv4 host from who has no IPv4 address: the subnet's resolver answers with an IPv6
// address that stands for the IPv4 address.
// See https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html.
func (t *tracer) byDNS64(from *Interface) {
	four := t.pkt.dst
	t.pkt.src, t.pkt.dst = t.address(from, IPv6), four.embed()
	t.hopAt(Originate, from, arrival(from))
	t.hop(Resolve, AtDNS64, from.Subnet.In("EnableDns64"), fmt.Sprintf("the resolver answers %s for %s", t.pkt.dst.one, four.one))
}
