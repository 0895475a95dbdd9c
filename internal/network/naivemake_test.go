package network_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// naiveMaker draws small networks.
type naiveMaker struct {
	*rand.Rand
	*naiveNetwork
}

func (m *naiveMaker) chance(percent int) bool { return m.IntN(100) < percent }

func one[T any](m *naiveMaker, list []T) T { return list[m.IntN(len(list))] }

// naiveNetworkOf draws a network: up to three VPCs, whose tables, gateways and filters mostly make sense.
func naiveNetworkOf(rnd *rand.Rand) *naiveNetwork {
	m := &naiveMaker{rnd, &naiveNetwork{}}
	for i := range 1 + m.IntN(3) {
		m.vpc(i)
	}
	for i, v := range m.vpcs[1:] {
		if m.chance(70) {
			m.peerings = append(m.peerings, &naivePeering{fmt.Sprintf("Peer%d", i), m.vpcs[m.IntN(i+1)], v})
		}
	}
	for _, v := range m.vpcs {
		for range 2 {
			if m.chance(60) {
				s := one(m, v.subnets)
				g := &naiveNAT{id: fmt.Sprintf("Nat%d", len(m.nats)), subnet: s, public: v.attached && m.chance(80)}
				if m.chance(50) {
					g.four = netset.Plus(s.four.Addr(), 10+len(m.nats)%2)
				}
				m.nats = append(m.nats, g)
			}
		}
	}
	for _, v := range m.vpcs {
		for i := range 2 {
			g := &naiveGroup{id: fmt.Sprintf("%sGroup%d", v.id, i)}
			v.groups = append(v.groups, g)
		}
	}
	for _, v := range m.vpcs {
		for _, s := range v.subnets {
			m.routes(s)
			m.filter(s)
		}
		for _, g := range v.groups {
			for range m.IntN(4) {
				g.ingress = append(g.ingress, m.rule())
			}
			if m.chance(70) {
				g.ingress = append(g.ingress, naiveRule{naiveMatch: m.wide()})
			}
			if m.chance(40) {
				for range 1 + m.IntN(3) {
					g.egress = append(g.egress, m.rule())
				}
				if m.chance(50) {
					g.egress = append(g.egress, naiveRule{naiveMatch: m.wide()})
				}
			}
		}
	}
	for _, v := range m.vpcs {
		for range 1 + m.IntN(2) {
			m.host(v)
		}
	}
	return m.naiveNetwork
}

func (m *naiveMaker) vpc(i int) {
	v := &naiveVPC{id: fmt.Sprintf("Vpc%d", i), attached: m.chance(75)}
	v.four = netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/24", i))
	if i > 0 && m.chance(25) {
		v.four = m.vpcs[0].four
	}
	switch n := m.IntN(100); {
	case n < 75:
		v.six = netip.MustParsePrefix(fmt.Sprintf("2a05:d018:%x00::/56", i+1))
	case n < 85:
		v.six = netip.MustParsePrefix(fmt.Sprintf("fd00:0:0:%x00::/56", i+1))
	}
	for j := range 1 + m.IntN(3) {
		s := &naiveSubnet{id: fmt.Sprintf("%sSubnet%d", v.id, j), vpc: v}
		s.four, _ = netset.Part(v.four, 28, j)
		if v.six.IsValid() && m.chance(85) {
			s.six, _ = netset.Part(v.six, 64, j)
		}
		v.subnets = append(v.subnets, s)
	}
	m.vpcs = append(m.vpcs, v)
}

// routes gives a table its routes: to everywhere, to the other VPCs, and some odd ones.
func (m *naiveMaker) routes(s *naiveSubnet) {
	add := func(p netip.Prefix, list ...naiveRoute) {
		if !p.IsValid() || len(list) == 0 || slices.ContainsFunc(s.routes, func(r naiveRoute) bool { return r.destination == p }) {
			return
		}
		r := one(m, list)
		r.destination = p.Masked()
		s.routes = append(s.routes, r)
	}
	var nats, peers, outs []naiveRoute
	for _, g := range m.nats {
		if g.subnet.vpc == s.vpc {
			nats = append(nats, naiveRoute{kind: "nat", nat: g})
		}
	}
	for _, p := range m.peerings {
		if p.a == s.vpc || p.b == s.vpc || m.chance(5) {
			peers = append(peers, naiveRoute{kind: "peering", peering: p})
		}
	}
	internet := naiveRoute{kind: "internet", vpc: s.vpc}
	egress := naiveRoute{kind: "egress-only", vpc: s.vpc}
	outs = append(slices.Clone(nats), internet, egress)
	every4, every6 := netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")
	switch {
	case m.chance(40):
		add(every4, internet)
	case m.chance(90):
		add(every4, nats...)
	case m.chance(50):
		add(every4, append(outs, peers...)...)
	}
	switch {
	case m.chance(50):
		add(every6, internet)
	case m.chance(80):
		add(every6, egress)
	case m.chance(50):
		add(every6, append(outs, peers...)...)
	}
	for _, v := range m.vpcs {
		if v == s.vpc || !m.chance(75) {
			continue
		}
		for _, p := range []netip.Prefix{v.four, v.six} {
			if v.four == s.vpc.four && p.IsValid() && p.Addr().Is4() {
				p, _ = netset.Part(p, 28, m.IntN(3))
			}
			if m.chance(70) {
				add(p, peers...)
			} else {
				add(p, append(outs, peers...)...)
			}
		}
	}
	for range m.IntN(3) {
		add(m.anyPrefix(), append(slices.Concat(outs, peers), naiveRoute{kind: "nothing"})...)
	}
}

// filter gives a subnet a network ACL of its own, sometimes.
func (m *naiveMaker) filter(s *naiveSubnet) {
	if s.own = m.chance(45); !s.own {
		return
	}
	for i := range 2 + m.IntN(7) {
		s.entries = append(s.entries, naiveEntry{naiveMatch: m.match(), number: 10 + i, egress: m.chance(50), allow: m.chance(50)})
	}
	for i, egress := range []bool{false, true} {
		for j := range 2 {
			if m.chance(90) {
				match := naiveMatch{proto: -1, to: 65535, prefix: netip.MustParsePrefix([]string{"0.0.0.0/0", "::/0"}[j])}
				s.entries = append(s.entries, naiveEntry{naiveMatch: match, number: 100 + 2*i + j, egress: egress, allow: true})
			}
		}
	}
	m.Shuffle(len(s.entries), func(i, j int) { s.entries[i], s.entries[j] = s.entries[j], s.entries[i] })
}

func (m *naiveMaker) host(v *naiveVPC) {
	s := one(m, v.subnets)
	n := len(m.hosts)
	h := &naiveHost{id: fmt.Sprintf("Host%d", n), subnet: s, speaks6: s.six.IsValid() && m.chance(85), internet: m.chance(50)}
	if m.chance(50) {
		h.four = netset.Plus(s.four.Addr(), 4+n)
	}
	if h.speaks6 && m.chance(50) {
		h.six = netset.Plus(s.six.Addr(), 4+n)
	}
	for range 1 + m.IntN(2) {
		if g := one(m, v.groups); !slices.Contains(h.groups, g) {
			h.groups = append(h.groups, g)
		}
	}
	m.hosts = append(m.hosts, h)
}

func (m *naiveMaker) rule() naiveRule {
	r := naiveRule{naiveMatch: m.match()}
	if m.chance(30) {
		v := one(m, m.vpcs)
		r.group, r.prefix = one(m, v.groups), netip.Prefix{}
	}
	return r
}

// wide matches all of a family, or of TCP of it.
func (m *naiveMaker) wide() naiveMatch {
	return naiveMatch{proto: one(m, []int{-1, -1, 6}), to: 65535, prefix: netip.MustParsePrefix(one(m, []string{"0.0.0.0/0", "::/0"}))}
}

func (m *naiveMaker) match() naiveMatch {
	out := naiveMatch{proto: one(m, []int{-1, 6, 6, 17, 1, 58, 50}), to: 65535, prefix: m.anyPrefix()}
	if m.chance(35) {
		out.prefix = m.wide().prefix
	}
	if (out.proto == 6 || out.proto == 17) && m.chance(80) {
		span := one(m, [][2]uint16{{443, 443}, {80, 443}, {1024, 65535}, {32768, 60999}, {33000, 60000}, {5000, 6000}, {0, 1023}, {1024, 40000}})
		out.from, out.to = span[0], span[1]
	}
	return out
}

// anyPrefix is of the network, or of the internet.
func (m *naiveMaker) anyPrefix() netip.Prefix {
	switch m.IntN(4) {
	case 0:
		return netip.MustParsePrefix(one(m, []string{"8.0.0.0/6", "0.0.0.0/1", "128.0.0.0/1", "203.0.113.0/24", "10.0.0.0/8", "100.64.0.0/10", "8000::/1", "2000::/3", "2a00:1450::/32", "2a00::/12", "fd00::/8", "4000::/2"}))
	case 1:
		v := one(m, m.vpcs)
		if v.six.IsValid() && m.chance(60) {
			return v.six
		}
		return v.four
	}
	s := one(m, one(m, m.vpcs).subnets)
	if len(m.nats) > 0 && m.chance(30) {
		s = one(m, m.nats).subnet
	}
	p := s.four
	if s.six.IsValid() && m.chance(60) {
		p = s.six
	}
	if m.chance(50) { // a few hosts
		bits := p.Addr().BitLen() - m.IntN(4)
		p, _ = netset.Part(netip.PrefixFrom(p.Addr(), p.Addr().BitLen()-4), bits, 1)
	}
	return p
}

// template writes the network down as CloudFormation has it.
func (n *naiveNetwork) template() map[string]any {
	type object = map[string]any
	res := object{}
	put := func(id, typ string, props object) { res[id] = object{"Type": typ, "Properties": props} }
	ref := func(id string) object { return object{"Ref": id} }
	family := func(props object, p netip.Prefix, four, six string) object {
		if p.Addr().Is4() {
			props[four] = p.String()
		} else {
			props[six] = p.String()
		}
		return props
	}
	// rules are inline, but for those that name a group: groups may name each other.
	rules := func(g *naiveGroup, list []naiveRule, typ, peer string) (out []any) {
		for i, r := range list {
			props := object{"IpProtocol": fmt.Sprint(r.proto)}
			switch r.proto {
			case 6, 17:
				props["FromPort"], props["ToPort"] = r.from, r.to
			case 50: // which has no ports: they mean nothing
				props["FromPort"], props["ToPort"] = 443, 443
			}
			if r.group == nil {
				out = append(out, family(props, r.prefix, "CidrIp", "CidrIpv6"))
				continue
			}
			props["GroupId"], props[peer] = ref(g.id), ref(r.group.id)
			put(fmt.Sprintf("%s%s%d", g.id, peer, i), typ, props)
		}
		return out
	}
	for _, v := range n.vpcs {
		put(v.id, "AWS::EC2::VPC", object{"CidrBlock": v.four.String()})
		if v.six.IsValid() {
			put(v.id+"Six", "AWS::EC2::VPCCidrBlock", object{"VpcId": ref(v.id), "Ipv6CidrBlock": v.six.String(), "Ipv6Pool": "pool"})
		}
		put(v.id+"Internet", "AWS::EC2::InternetGateway", object{})
		if v.attached {
			put(v.id+"Attachment", "AWS::EC2::VPCGatewayAttachment", object{"VpcId": ref(v.id), "InternetGatewayId": ref(v.id + "Internet")})
		}
		put(v.id+"Egress", "AWS::EC2::EgressOnlyInternetGateway", object{"VpcId": ref(v.id)})
		for _, g := range v.groups {
			put(g.id, "AWS::EC2::SecurityGroup", object{"VpcId": ref(v.id), "GroupDescription": "-",
				"SecurityGroupIngress": rules(g, g.ingress, "AWS::EC2::SecurityGroupIngress", "SourceSecurityGroupId"),
				"SecurityGroupEgress":  rules(g, g.egress, "AWS::EC2::SecurityGroupEgress", "DestinationSecurityGroupId")})
		}
		for _, s := range v.subnets {
			props := object{"VpcId": ref(v.id), "CidrBlock": s.four.String()}
			if s.six.IsValid() {
				props["Ipv6CidrBlock"] = s.six.String()
			}
			put(s.id, "AWS::EC2::Subnet", props)
			put(s.id+"Table", "AWS::EC2::RouteTable", object{"VpcId": ref(v.id)})
			put(s.id+"TableOf", "AWS::EC2::SubnetRouteTableAssociation", object{"SubnetId": ref(s.id), "RouteTableId": ref(s.id + "Table")})
			for i, r := range s.routes {
				props := family(object{"RouteTableId": ref(s.id + "Table")}, r.destination, "DestinationCidrBlock", "DestinationIpv6CidrBlock")
				switch r.kind {
				case "internet":
					props["GatewayId"] = ref(r.vpc.id + "Internet")
				case "egress-only":
					props["EgressOnlyInternetGatewayId"] = ref(r.vpc.id + "Egress")
				case "nat":
					props["NatGatewayId"] = ref(r.nat.id)
				case "peering":
					props["VpcPeeringConnectionId"] = ref(r.peering.id)
				}
				put(fmt.Sprintf("%sRoute%d", s.id, i), "AWS::EC2::Route", props)
			}
			if s.own {
				put(s.id+"Acl", "AWS::EC2::NetworkAcl", object{"VpcId": ref(v.id)})
				put(s.id+"AclOf", "AWS::EC2::SubnetNetworkAclAssociation", object{"SubnetId": ref(s.id), "NetworkAclId": ref(s.id + "Acl")})
			}
			for i, e := range s.entries {
				props := family(object{"NetworkAclId": ref(s.id + "Acl"), "RuleNumber": e.number, "Egress": e.egress, "Protocol": e.proto,
					"RuleAction": map[bool]string{true: "allow", false: "deny"}[e.allow]}, e.prefix, "CidrBlock", "Ipv6CidrBlock")
				if e.proto == 6 || e.proto == 17 {
					props["PortRange"] = object{"From": e.from, "To": e.to}
				}
				put(fmt.Sprintf("%sEntry%d", s.id, i), "AWS::EC2::NetworkAclEntry", props)
			}
		}
	}
	for _, p := range n.peerings {
		put(p.id, "AWS::EC2::VPCPeeringConnection", object{"VpcId": ref(p.a.id), "PeerVpcId": ref(p.b.id)})
	}
	for _, g := range n.nats {
		props := object{"SubnetId": ref(g.subnet.id), "ConnectivityType": "private"}
		if g.public {
			put(g.id+"Address", "AWS::EC2::EIP", object{"Domain": "vpc"})
			props = object{"SubnetId": ref(g.subnet.id), "AllocationId": object{"Fn::GetAtt": []string{g.id + "Address", "AllocationId"}}}
		}
		if g.four.IsValid() {
			props["PrivateIpAddress"] = g.four.String()
		}
		put(g.id, "AWS::EC2::NatGateway", props)
	}
	for _, h := range n.hosts {
		var groups []any
		for _, g := range h.groups {
			groups = append(groups, ref(g.id))
		}
		card := object{"DeviceIndex": "0", "SubnetId": ref(h.subnet.id), "GroupSet": groups, "AssociatePublicIpAddress": h.internet}
		if h.four.IsValid() {
			card["PrivateIpAddress"] = h.four.String()
		}
		switch {
		case h.six.IsValid():
			card["Ipv6Addresses"] = []any{object{"Ipv6Address": h.six.String()}}
		case h.speaks6:
			card["Ipv6AddressCount"] = 1
		}
		put(h.id, "AWS::EC2::Instance", object{"NetworkInterfaces": []any{card}})
	}
	return object{"Resources": res}
}
