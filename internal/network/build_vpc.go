package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/intent"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// addresses decides the ranges of every VPC and installs the attributes that depend on them.
func (b *builder) addresses() {
	for _, r := range b.set.Resources("AWS::EC2::VPC") {
		v := &VPC{Ref: ref(r), Index: len(b.net.VPCs)}
		v.DNSSupport = yes(r.Prop("EnableDnsSupport"), true)
		v.NoIPv4Internet = intends(r, intent.NoIPv4Internet)
		v.DNSHostnames = yes(r.Prop("EnableDnsHostnames"), false)
		b.net.VPCs = append(b.net.VPCs, v)
		b.vpcs[own(r)] = v
		b.block4(v, r, "CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength")
	}
	// A block's own VpcId may be an attribute of another stack: install the provider before reading them.
	b.set.Provide(b.attribute)
	for _, r := range b.set.Resources("AWS::EC2::VPCCidrBlock") {
		v := b.vpc(r.Prop("VpcId"))
		switch {
		case v == nil:
			b.problem(ref(r), "VpcId is missing")
		case r.Prop("CidrBlock").Exists() || r.Prop("Ipv4IpamPoolId").Exists():
			b.block4(v, r, "CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength")
		default:
			b.block6(v, r)
		}
	}
	b.set.Provide(b.attribute) // again: what was read before is read anew
}

func (b *builder) block4(v *VPC, r *cfn.Resource, cidr, pool, length string) {
	bl := Block{Ref: ref(r).In(cidr), Origin: OriginLiteral}
	if r.Prop(pool).Exists() {
		bl.Origin = OriginIPAM
		bl.Ref = ref(r).In(pool)
	}
	bl.Prefix, bl.Unknown = prefix(r.Prop(cidr), IPv4)
	if !bl.Prefix.IsValid() && bl.Origin == OriginIPAM {
		bits := 16
		if n, ok := r.Prop(length).Int(); ok && n >= 16 && n <= 28 {
			bits = n
		}
		// Class E: reserved, so it collides with no range that anyone writes in a template.
		base := netip.AddrFrom4([4]byte{240 + byte(v.Index>>8)%15, byte(v.Index), byte(len(v.Blocks)) << 4, 0})
		bl.Prefix, bl.Assumed, bl.Unknown = netip.PrefixFrom(base, bits).Masked(), true, ""
		b.standIn(bl.Ref, bl.Prefix, "IPv4 range %s stands for the range that IPAM will choose for %s", bl.Prefix, v.Ref)
	}
	if bl.Prefix.IsValid() || bl.Unknown != "" {
		v.Blocks = append(v.Blocks, bl)
	}
}

func (b *builder) block6(v *VPC, r *cfn.Resource) {
	bl := Block{Ref: ref(r), Origin: OriginLiteral}
	bits := 56
	what := "the range that Amazon will choose"
	switch {
	case yes(r.Prop("AmazonProvidedIpv6CidrBlock"), false):
		bl.Origin = OriginAmazon
	case r.Prop("Ipv6IpamPoolId").Exists():
		bl.Origin = OriginIPAM
		what = "the range that IPAM will choose"
		if n, ok := r.Prop("Ipv6NetmaskLength").Int(); ok && n >= 44 && n <= 60 {
			bits = n
		}
		bl.Private = b.privatePool(r.Prop("Ipv6IpamPoolId"))
	case r.Prop("Ipv6Pool").Exists():
		bl.Origin = OriginBYOIP
		what = "the range of the pool"
	}
	bl.Prefix, bl.Unknown = prefix(r.Prop("Ipv6CidrBlock"), IPv6)
	if !bl.Prefix.IsValid() {
		if bl.Origin == OriginLiteral && bl.Unknown == "" {
			b.problem(ref(r), "names no range: want AmazonProvidedIpv6CidrBlock, Ipv6IpamPoolId, or Ipv6CidrBlock with Ipv6Pool")
			return
		}
		bl.Prefix, bl.Assumed, bl.Unknown = documentation(v.Index, len(v.Prefixes(IPv6)), bits), true, ""
		b.standIn(bl.Ref, bl.Prefix, "IPv6 range %s stands for %s for %s", bl.Prefix, what, v.Ref)
	}
	bl.Private = bl.Private || bl.Prefix.Addr().IsPrivate()
	v.Blocks = append(v.Blocks, bl)
}

// privatePool reports whether an IPAM pool of the templates lies in a private scope.
func (b *builder) privatePool(pool cfn.Value) bool {
	r, ok := pool.Resource()
	if !ok || r.Type != "AWS::EC2::IPAMPool" {
		return false
	}
	scope := r.Prop("IpamScopeId")
	if _, attr, ok := scope.Attribute(); ok && attr == "PrivateDefaultScopeId" {
		return true
	}
	s, ok := scope.Resource() // AWS::EC2::IPAMScope is always private
	return ok && s.Type == "AWS::EC2::IPAMScope"
}

// documentation is the IPv6 range that stands for block n of a VPC: a part of aws.Documentation6, or of
// aws.DocumentationLarge6 when the block is larger than a /48.
func documentation(vpc, n, bits int) netip.Prefix {
	i := vpc + 1
	if bits < 48 {
		i <<= 4
		a := aws.DocumentationLarge6.Addr().As16()
		a[2], a[4], a[5] = byte(n), byte(i>>8), byte(i)
		return netip.PrefixFrom(netip.AddrFrom16(a), bits).Masked()
	}
	a := aws.Documentation6.Addr().As16()
	a[4], a[5], a[6] = byte(i>>8), byte(i), byte(n+1)
	return netip.PrefixFrom(netip.AddrFrom16(a), bits).Masked()
}

// attribute decides what only a deployment knows.
func (b *builder) attribute(r *cfn.Resource, attr string) (cfn.Value, bool) {
	switch r.Type {
	case "AWS::EC2::VPC":
		v := b.vpcs[own(r)]
		if v == nil {
			return cfn.Value{}, false
		}
		switch attr {
		case "CidrBlock":
			return first(v.Blocks, IPv4)
		case "Ipv6CidrBlocks":
			var out []string
			for _, p := range v.Prefixes(IPv6) {
				out = append(out, p.String())
			}
			return cfn.Strings(out...), len(out) > 0
		}
	case "AWS::EC2::Subnet":
		switch attr {
		case "CidrBlock":
			v := r.Prop("CidrBlock")
			return v, v.Known() && v.Exists()
		case "Ipv6CidrBlocks":
			if v := r.Prop("Ipv6CidrBlock"); v.Exists() && v.Known() {
				return cfn.ListOf(v), true
			}
		}
	case "AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::ElastiCache::ReplicationGroup":
		switch attr {
		case "Endpoint.Port", "PrimaryEndPoint.Port", "ConfigurationEndPoint.Port":
			if n := b.portOf(r); n != 0 {
				return cfn.String(strconv.Itoa(int(n))), true
			}
		}
	case "AWS::EKS::Cluster":
		if attr == "KubernetesNetworkConfig.ServiceIpv6Cidr" {
			for i, c := range b.set.Resources(clusterTypes...) {
				if c == r {
					return cfn.String(serviceRange(i).String()), true
				}
			}
		}
	}
	return cfn.Value{}, false
}

func first(blocks []Block, f Family) (cfn.Value, bool) {
	for _, bl := range blocks {
		if bl.Prefix.IsValid() && FamilyOf(bl.Prefix.Addr()) == f {
			return cfn.String(bl.Prefix.String()), true
		}
	}
	return cfn.Value{}, false
}

func (b *builder) subnetsAndTables() {
	for _, v := range b.net.VPCs {
		if v.Imported {
			continue
		}
		main := v.Ref
		main.Name = "main route table of " + v.String()
		v.MainTable = &RouteTable{Ref: main, VPC: v, Main: true}
		v.RouteTables = append(v.RouteTables, v.MainTable)
	}
	for _, r := range b.set.Resources("AWS::EC2::RouteTable") {
		t := &RouteTable{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId"))}
		b.tables[own(r)] = t
		if t.VPC != nil {
			t.VPC.RouteTables = append(t.VPC.RouteTables, t)
		}
	}
	taken := map[*VPC]int{}
	var later []func()
	for _, r := range b.set.Resources("AWS::EC2::Subnet") {
		s := &Subnet{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId")), Tags: tags(r.Prop("Tags"))}
		b.subnets[own(r)] = s
		s.zone, s.zoneID = r.Prop("AvailabilityZone"), r.Prop("AvailabilityZoneId")
		s.Zone = str(r.Prop("AvailabilityZone"))
		if s.Zone == "" {
			s.Zone = str(r.Prop("AvailabilityZoneId"))
		}
		s.Native = yes(r.Prop("Ipv6Native"), false)
		s.AssignIPv6 = yes(r.Prop("AssignIpv6AddressOnCreation"), s.Native)
		s.MapPublic = yes(r.Prop("MapPublicIpOnLaunch"), false)
		if v := r.Prop("MapPublicIpOnLaunch"); v.Exists() && !v.Known() {
			s.PublicUnknown = "MapPublicIpOnLaunch is " + v.String()
		}
		s.DNS64 = yes(r.Prop("EnableDns64"), false)
		var unknown4, unknown6 string
		s.IPv4, unknown4 = prefix(r.Prop("CidrBlock"), IPv4)
		s.IPv6, unknown6 = prefix(r.Prop("Ipv6CidrBlock"), IPv6)
		if s.VPC == nil {
			b.problem(s.Ref, "VpcId is missing")
			continue
		}
		s.Index = len(s.VPC.Subnets)
		s.VPC.Subnets = append(s.VPC.Subnets, s)
		later = append(later, func() { // once the ranges that are written down are all known
			if !s.IPv4.IsValid() && !s.Native && (unknown4 != "" || r.Prop("Ipv4IpamPoolId").Exists()) {
				n, _ := r.Prop("Ipv4NetmaskLength").Int()
				s.IPv4 = b.slice(s, IPv4, taken, cmp.Or(n, 24))
			}
			if !s.IPv6.IsValid() && (unknown6 != "" || r.Prop("Ipv6IpamPoolId").Exists()) {
				n, _ := r.Prop("Ipv6NetmaskLength").Int()
				s.IPv6 = b.slice(s, IPv6, taken, cmp.Or(n, 64))
			}
			switch {
			case unknown4 != "" && !s.IPv4.IsValid():
				s.Unknown = unknown4
			case unknown6 != "" && !s.IPv6.IsValid():
				s.Unknown = unknown6
			}
		})
		s.RouteTable, s.MainTable, s.Association = s.VPC.MainTable, true, s.Ref
	}
	for _, r := range b.set.Resources("AWS::EC2::SubnetCidrBlock") {
		s := b.subnet(r.Prop("SubnetId"))
		if s == nil || s.Imported || s.IPv6.IsValid() {
			continue
		}
		var unknown string
		s.IPv6, unknown = prefix(r.Prop("Ipv6CidrBlock"), IPv6)
		later = append(later, func() {
			if s.IPv6.IsValid() {
				return
			}
			if s.VPC != nil {
				s.IPv6 = b.slice(s, IPv6, taken, 64)
			}
			if !s.IPv6.IsValid() {
				s.Unknown = unknown
			}
		})
	}
	for _, f := range later {
		f()
	}
	for _, r := range b.set.Resources("AWS::EC2::SubnetRouteTableAssociation") {
		s, t := b.subnet(r.Prop("SubnetId")), b.table(r.Prop("RouteTableId"))
		if s != nil && t != nil {
			if !s.MainTable { // EC2 takes one association only: a condition leaves one of them out
				t = &RouteTable{Ref: s.Ref, VPC: s.VPC, Imported: true,
					Unknown: fmt.Sprintf("which of %s and %s is there is decided at deployment", s.Association, ref(r))}
			}
			s.RouteTable, s.MainTable, s.Association = t, false, ref(r)
			if !t.Imported && (t.VPC == nil || t.VPC.Imported) && s.VPC != nil {
				t.VPC = s.VPC // a table serves subnets of its own VPC only
				s.VPC.RouteTables = append(s.VPC.RouteTables, t)
			}
		}
	}
}

// slice takes a range for a subnet whose range is not known from the end of its VPC's first block, away from the
// ranges that templates usually write.
func (b *builder) slice(s *Subnet, f Family, taken map[*VPC]int, bits int) netip.Prefix {
	blocks := s.VPC.Prefixes(f)
	if len(blocks) == 0 {
		return netip.Prefix{}
	}
	vpc := blocks[0]
	for taken[s.VPC] < 1<<20 {
		taken[s.VPC]++
		p, ok := netset.Part(vpc, bits, -taken[s.VPC])
		if !ok {
			return netip.Prefix{}
		}
		clash := slices.ContainsFunc(s.VPC.Subnets, func(o *Subnet) bool {
			q := o.Prefix(f)
			return q.IsValid() && q.Overlaps(p)
		})
		if !clash {
			b.standIn(s.Ref, p, "%s range %s stands for the one %s will get", f, p, s.Ref)
			return p
		}
	}
	return netip.Prefix{}
}

func (b *builder) gateways() {
	for _, r := range b.set.Resources("AWS::EC2::InternetGateway") {
		b.internet[own(r)] = &InternetGateway{Ref: ref(r)}
	}
	for _, r := range b.set.Resources("AWS::EC2::VPCGatewayAttachment") {
		v := b.vpc(r.Prop("VpcId"))
		id := r.Prop("InternetGatewayId")
		if gw := r.Prop("VpnGatewayId"); v != nil && gw.Exists() {
			at := b.outsideOr("AWS::EC2::VPNGateway", gw)
			v.PrivateGateway = &at
		}
		if v == nil || !id.Exists() {
			continue
		}
		g := b.internet[key(id)]
		if g == nil {
			g = &InternetGateway{Ref: outside("AWS::EC2::InternetGateway", id)}
			b.internet[key(id)] = g
		}
		g.Attachment, g.VPC, v.InternetGateway = ref(r), v, g
	}
	for _, r := range b.set.Resources("AWS::EC2::GatewayRouteTableAssociation") {
		if g, t := b.internet[key(r.Prop("GatewayId"))], b.table(r.Prop("RouteTableId")); g != nil && t != nil {
			g.Edge = t
		}
	}
	for _, r := range b.set.Resources("AWS::EC2::EgressOnlyInternetGateway") {
		g := &EgressOnlyGateway{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId"))}
		b.egress[own(r)] = g
		if g.VPC != nil {
			g.VPC.EgressOnly = append(g.VPC.EgressOnly, g)
		}
	}
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

// routes come last of the network: their targets must exist.
func (b *builder) routes() {
	for _, r := range b.set.Resources("AWS::EC2::Route") {
		t := b.table(r.Prop("RouteTableId"))
		if t == nil {
			b.problem(ref(r), "RouteTableId is missing")
			continue
		}
		rt := &Route{Ref: ref(r), Table: t}
		four, unknown4 := prefix(r.Prop("DestinationCidrBlock"), IPv4)
		six, unknown6 := prefix(r.Prop("DestinationIpv6CidrBlock"), IPv6)
		switch {
		case four.IsValid():
			rt.Destination = four
		case six.IsValid():
			rt.Destination = six
		case r.Prop("DestinationPrefixListId").Exists():
			rt.PrefixList = b.prefixList(r.Prop("DestinationPrefixListId"))
			rt.Unknown = rt.PrefixList.Unknown
		default:
			rt.Unknown = cmp.Or(unknown4, unknown6, "no destination")
			switch {
			case unknown4 != "":
				rt.Family = IPv4
			case unknown6 != "":
				rt.Family = IPv6
			}
		}
		list := b.routeTargets(r)
		if len(list) > 1 && !rt.Destination.IsValid() {
			list = []Target{&Other{Ref: rt.Ref, Property: "one of several targets", Value: list[0].Resource().String()}}
		}
		for _, target := range list { // one, or of several that exclude each other
			one := *rt
			one.Target = target
			t.Routes = append(t.Routes, &one)
		}
	}
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
	for _, v := range b.net.VPCs {
		for _, e := range v.Endpoints {
			if !e.Gateway {
				continue
			}
			for _, t := range e.RouteTables {
				t.Routes = append(t.Routes, &Route{Ref: e.In("RouteTableIds"), Table: t, PrefixList: e.PrefixList, Target: e})
			}
		}
	}
}

// targetProperties are the properties of a route of which one names its target.
var targetProperties = []string{"GatewayId", "EgressOnlyInternetGatewayId", "NatGatewayId", "VpcPeeringConnectionId",
	"TransitGatewayId", "VpcEndpointId", "InstanceId", "NetworkInterfaceId", "CarrierGatewayId", "LocalGatewayId",
	"CoreNetworkArn", "OdbNetworkArn"}

// routeTargets are the targets that a route may have: one, or those among which the deployment chooses.
func (b *builder) routeTargets(r *cfn.Resource) (out []Target) {
	for _, name := range targetProperties {
		for _, v := range r.Prop(name).Branches() {
			if !v.Exists() {
				continue
			}
			if t := b.routeTarget(name, v); !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
		if len(out) > 0 && !r.Prop(name).MayBeAbsent() {
			return out
		}
	}
	if len(out) == 0 {
		out = []Target{&Other{Ref: ref(r), Property: "target", Dangling: true}}
	}
	return out
}

func (b *builder) routeTarget(name string, v cfn.Value) Target {
	k := key(v)
	switch {
	case b.internet[k] != nil:
		return b.internet[k]
	case b.egress[k] != nil:
		return b.egress[k]
	case b.nats[k] != nil:
		return b.nats[k]
	case b.peerings[k] != nil:
		return b.peerings[k]
	case b.transits[k] != nil:
		return b.transits[k]
	case b.endpoints[k] != nil:
		return b.endpoints[k]
	case name == "TransitGatewayId":
		return b.transit(v)
	}
	o := &Other{Ref: outside(routeTargetTypes[name], v), Property: name, Value: v.String()}
	if res, ok := v.Resource(); ok {
		o.Ref = ref(res)
	}
	return o
}

var routeTargetTypes = map[string]string{
	"GatewayId":                   "AWS::EC2::InternetGateway",
	"EgressOnlyInternetGatewayId": "AWS::EC2::EgressOnlyInternetGateway",
	"NatGatewayId":                "AWS::EC2::NatGateway",
	"VpcPeeringConnectionId":      "AWS::EC2::VPCPeeringConnection",
	"VpcEndpointId":               "AWS::EC2::VPCEndpoint",
	"InstanceId":                  "AWS::EC2::Instance",
	"NetworkInterfaceId":          "AWS::EC2::NetworkInterface",
	"CarrierGatewayId":            "AWS::EC2::CarrierGateway",
	"LocalGatewayId":              "AWS::EC2::LocalGateway",
	"CoreNetworkArn":              "AWS::NetworkManager::CoreNetwork",
	"OdbNetworkArn":               "AWS::ODB::OdbNetwork",
}

func (b *builder) prefixList(v cfn.Value) *PrefixList {
	k := key(v)
	if got := b.lists[k]; got != nil {
		return got
	}
	got := &PrefixList{Ref: outside("AWS::EC2::PrefixList", v), Unknown: "prefix list " + v.String()}
	if r, ok := v.Resource(); ok && r.Type == "AWS::EC2::PrefixList" {
		got.Ref, got.Unknown = ref(r), ""
		entries, unknown := items(r.Prop("Entries"))
		got.Unknown = unknown
		for _, e := range entries {
			p, unknown := prefix(e.Get("Cidr"), 0)
			if unknown != "" {
				got.Unknown = unknown
				continue
			}
			got.Entries = append(got.Entries, p)
		}
	}
	b.lists[k] = got
	b.net.PrefixLists = append(b.net.PrefixLists, got)
	return got
}

// intends reports whether the metadata of a resource holds an intent of its author.
func intends(r *cfn.Resource, name string) bool {
	return slices.ContainsFunc(r.Metadata(intent.Metadata).Items(), func(v cfn.Value) bool { return v.Is(name) })
}
