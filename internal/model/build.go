package model

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// Build reads the network out of decoded templates. It decides the attributes that only a deployment knows
// (see [Network.Assumptions]) and installs them in the set with [cfn.Set.Provide]. It never fails: what it cannot
// read is in [Network.Problems], what it does not know in [Network.Unmodelled].
func Build(set *cfn.Set) *Network {
	b := &builder{
		set: set, net: &Network{Templates: set},
		vpcs: map[string]*VPC{}, subnets: map[string]*Subnet{}, tables: map[string]*RouteTable{},
		groups: map[string]*SecurityGroup{}, acls: map[string]*NetworkACL{}, lists: map[string]*PrefixList{},
		internet: map[string]*InternetGateway{}, egress: map[string]*EgressOnlyGateway{}, nats: map[string]*NATGateway{},
		peerings: map[string]*Peering{}, transits: map[string]*TransitGateway{}, attachments: map[string]*Attachment{},
		transitTables: map[string]*TransitTable{}, endpoints: map[string]*Endpoint{}, services: map[string]*EndpointService{},
		balancers: map[string]*LoadBalancer{}, targets: map[string]*TargetGroup{}, listeners: map[string]*Listener{},
		clusters: map[string]*Cluster{}, templates: map[string]*LaunchTemplate{}, hosts: map[string]*Host{},
	}
	b.addresses()
	b.subnetsAndTables()
	b.gateways()
	b.filters()
	b.peeringAndTransit()
	b.launchTemplates()
	b.eks()
	b.loadBalancers()
	b.hostsAndEndpoints()
	b.routes()
	b.kubernetes()
	b.rules()
	b.index()
	b.leftovers()
	return b.net
}

// builder keeps what is built by the key of the value that refers to it: a resource's own reference, or the
// expression of one from outside the templates.
type builder struct {
	set *cfn.Set
	net *Network

	vpcs          map[string]*VPC
	subnets       map[string]*Subnet
	tables        map[string]*RouteTable
	groups        map[string]*SecurityGroup
	acls          map[string]*NetworkACL
	lists         map[string]*PrefixList
	internet      map[string]*InternetGateway
	egress        map[string]*EgressOnlyGateway
	nats          map[string]*NATGateway
	peerings      map[string]*Peering
	transits      map[string]*TransitGateway
	attachments   map[string]*Attachment
	transitTables map[string]*TransitTable
	endpoints     map[string]*Endpoint
	services      map[string]*EndpointService
	balancers     map[string]*LoadBalancer
	targets       map[string]*TargetGroup
	listeners     map[string]*Listener
	clusters      map[string]*Cluster
	templates     map[string]*LaunchTemplate
	hosts         map[string]*Host
}

// ref is where a resource is written.
func ref(r *cfn.Resource) Ref {
	return Ref{Stack: r.Stack.Name, LogicalID: r.ID, Type: r.Type, ConstructPath: r.ConstructPath}
}

// key is the map key of the resource that a value identifies, or of the value itself when it is from outside.
func key(v cfn.Value) string {
	if r, ok := v.Resource(); ok {
		return own(r)
	}
	return v.Key()
}

func own(r *cfn.Resource) string { return "r" + r.Ref().Key() }

// outside makes the Ref of a thing that templates use and none declares.
func outside(typ string, v cfn.Value) Ref { return Ref{Type: typ, Name: v.String()} }

func (b *builder) assume(r Ref, format string, args ...any) {
	b.net.Assumptions = append(b.net.Assumptions, Assumption{Ref: r, Text: fmt.Sprintf(format, args...)})
}

// standIn is an assumption about a range.
func (b *builder) standIn(r Ref, p netip.Prefix, format string, args ...any) {
	b.net.Assumptions = append(b.net.Assumptions, Assumption{Ref: r, Prefix: p, Text: fmt.Sprintf(format, args...)})
}

func (b *builder) problem(r Ref, format string, args ...any) {
	b.net.Problems = append(b.net.Problems, Problem{Ref: r, Text: fmt.Sprintf(format, args...)})
}

// items is a property as a list: CloudFormation takes one value for a list of one. A list that is not known at
// synth has no items and unknown names it.
func items(v cfn.Value) (list []cfn.Value, unknown string) {
	switch v.Kind() {
	case cfn.Absent:
		return nil, ""
	case cfn.List:
		return v.Items(), ""
	case cfn.Call, cfn.Text:
		return nil, v.String()
	}
	return []cfn.Value{v}, ""
}

func str(v cfn.Value) string {
	if !v.Exists() {
		return ""
	}
	return v.String()
}

// yes is a boolean property with its default; an unknown one counts as the default.
func yes(v cfn.Value, otherwise bool) bool {
	if on, ok := v.Bool(); ok {
		return on
	}
	return otherwise
}

// prefix is a CIDR block of a family; one of the other family is as unknown as one that is no CIDR block at all.
func prefix(v cfn.Value, f Family) (p netip.Prefix, unknown string) {
	if !v.Exists() {
		return p, ""
	}
	s, ok := v.Text()
	if !ok {
		return p, v.String()
	}
	p, err := netip.ParsePrefix(strings.TrimSpace(s))
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Sprintf("%q, which is not a CIDR block", s)
	case p.Addr().Is4In6() || f != 0 && FamilyOf(p.Addr()) != f:
		return netip.Prefix{}, fmt.Sprintf("%q, which is not an %s CIDR block", s, f)
	}
	return p.Masked(), ""
}

func tags(v cfn.Value) Tags {
	t := Tags{}
	for _, e := range v.Items() {
		if k, ok := e.Get("Key").Text(); ok {
			t[k] = str(e.Get("Value"))
		}
	}
	for _, k := range v.Keys() { // some types take a map
		t[k] = str(v.Field(k))
	}
	return t
}

var clusterTypes = []string{"AWS::EKS::Cluster", "Custom::AWSCDK-EKS-Cluster"}

// addresses decides the ranges of every VPC and installs the attributes that depend on them.
func (b *builder) addresses() {
	for _, r := range b.set.Resources("AWS::EC2::VPC") {
		v := &VPC{Ref: ref(r), Index: len(b.net.VPCs)}
		v.DNSSupport = yes(r.Prop("EnableDnsSupport"), true)
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

// documentation is the IPv6 range that stands for block n of a VPC: a part of 2001:db8::/32 (RFC 3849), or of
// 3fff::/20 (RFC 9637) when the block is larger than a /48.
func documentation(vpc, n, bits int) netip.Prefix {
	i := vpc + 1
	if bits < 48 {
		i <<= 4
		return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x3f, 0xff, byte(n), 0, byte(i >> 8), byte(i)}), bits).Masked()
	}
	a := [16]byte{0x20, 0x01, 0x0d, 0xb8, byte(i >> 8), byte(i), byte(n + 1)}
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

// serviceRange stands for the /108 of unique local addresses that EKS chooses for a cluster's Services.
func serviceRange(cluster int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 0x00, 0x0d, 0xb8, byte(cluster >> 8), byte(cluster)}), 108)
}

// vpc finds a VPC, or makes one that is known by name only.
func (b *builder) vpc(v cfn.Value) *VPC {
	if !v.Exists() {
		return nil
	}
	k := key(v)
	if got := b.vpcs[k]; got != nil {
		return got
	}
	got := &VPC{Ref: outside("AWS::EC2::VPC", v), Index: len(b.net.VPCs), Imported: true, DNSSupport: true}
	b.net.VPCs = append(b.net.VPCs, got)
	b.vpcs[k] = got
	return got
}

func (b *builder) subnet(v cfn.Value) *Subnet {
	if !v.Exists() {
		return nil
	}
	k := key(v)
	if got := b.subnets[k]; got != nil {
		return got
	}
	got := &Subnet{Ref: outside("AWS::EC2::Subnet", v), Imported: true, Index: -1, Unknown: v.String()}
	b.subnets[k] = got
	return got
}

// subnetList reads a list of subnets; unknown names the list when it is not known at synth.
func (b *builder) subnetList(v cfn.Value) (out []*Subnet, unknown string) {
	list, unknown := items(v)
	for _, e := range list {
		if s := b.subnet(e); s != nil && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out, unknown
}

func (b *builder) group(v cfn.Value) *SecurityGroup {
	if !v.Exists() {
		return nil
	}
	if r, attr, ok := v.Attribute(); ok {
		switch {
		case attr == "DefaultSecurityGroup":
			if vpc := b.vpcs[own(r)]; vpc != nil && vpc.DefaultGroup != nil {
				return vpc.DefaultGroup
			}
		case strings.HasSuffix(attr, "lusterSecurityGroupId"): // also ClusterSecurityGroupId of CDK's custom resource
			if c := b.clusters[own(r)]; c != nil {
				return c.Group
			}
		}
	}
	k := key(v)
	if got := b.groups[k]; got != nil {
		return got
	}
	got := &SecurityGroup{Ref: outside("AWS::EC2::SecurityGroup", v), Imported: true}
	b.groups[k] = got
	b.net.SecurityGroups = append(b.net.SecurityGroups, got)
	return got
}

func (b *builder) groupList(v cfn.Value) (out []*SecurityGroup, unknown string) {
	list, unknown := items(v)
	for _, e := range list {
		if g := b.group(e); g != nil && !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	return out, unknown
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
		s.Zone = str(r.Prop("AvailabilityZone"))
		if s.Zone == "" {
			s.Zone = str(r.Prop("AvailabilityZoneId"))
		}
		s.Native = yes(r.Prop("Ipv6Native"), false)
		s.AssignIPv6 = yes(r.Prop("AssignIpv6AddressOnCreation"), s.Native)
		s.MapPublic = yes(r.Prop("MapPublicIpOnLaunch"), false)
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
			s.RouteTable, s.MainTable, s.Association = t, false, ref(r)
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
	if bits < vpc.Bits() || bits > vpc.Addr().BitLen() {
		return netip.Prefix{}
	}
	for {
		taken[s.VPC]++
		p, ok := fromEnd(vpc, bits, taken[s.VPC])
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
}

// fromEnd is the nth range of a length from the end of a block.
func fromEnd(block netip.Prefix, bits, n int) (netip.Prefix, bool) {
	room := bits - block.Bits()
	if room < 20 && n > 1<<room || n > 1<<20 {
		return netip.Prefix{}, false
	}
	addr := block.Masked().Addr().AsSlice()
	for i := block.Bits(); i < bits; i++ { // last range: all ones
		addr[i/8] |= 1 << (7 - i%8)
	}
	for i, left := bits-1, n-1; left > 0 && i >= block.Bits(); i, left = i-1, left>>1 {
		if left&1 == 1 {
			addr[i/8] &^= 1 << (7 - i%8)
		}
	}
	a, ok := netip.AddrFromSlice(addr)
	return netip.PrefixFrom(a, bits), ok
}

func (b *builder) table(v cfn.Value) *RouteTable {
	if !v.Exists() {
		return nil
	}
	k := key(v)
	if got := b.tables[k]; got != nil {
		return got
	}
	got := &RouteTable{Ref: outside("AWS::EC2::RouteTable", v), Imported: true}
	b.tables[k] = got
	return got
}

func (b *builder) gateways() {
	for _, r := range b.set.Resources("AWS::EC2::InternetGateway") {
		b.internet[own(r)] = &InternetGateway{Ref: ref(r)}
	}
	for _, r := range b.set.Resources("AWS::EC2::VPCGatewayAttachment") {
		v := b.vpc(r.Prop("VpcId"))
		id := r.Prop("InternetGatewayId")
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
	for _, r := range b.set.Resources("AWS::EC2::EgressOnlyInternetGateway") {
		g := &EgressOnlyGateway{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId"))}
		b.egress[own(r)] = g
		if g.VPC != nil {
			g.VPC.EgressOnly = append(g.VPC.EgressOnly, g)
		}
	}
	for i, r := range b.set.Resources("AWS::EC2::NatGateway") {
		g := &NATGateway{Ref: ref(r), Index: i}
		g.Regional = r.Prop("AvailabilityMode").Is("regional")
		g.Private = r.Prop("ConnectivityType").Is("private")
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
			// RFC 5737's second block; more than 254 gateways share addresses, which changes no verdict.
			g.Public = netip.AddrFrom4([4]byte{198, 51, 100, byte(i%254) + 1})
			b.assume(g.Ref, "public IPv4 address %s stands for the elastic address of %s", g.Public, g.Ref)
		}
		b.nats[own(r)] = g
		if g.VPC != nil {
			g.VPC.NATs = append(g.VPC.NATs, g)
		}
	}
}

func (b *builder) peeringAndTransit() {
	for _, r := range b.set.Resources("AWS::EC2::VPCPeeringConnection") {
		p := &Peering{Ref: ref(r), Requester: b.vpc(r.Prop("VpcId")), Accepter: b.vpc(r.Prop("PeerVpcId"))}
		b.peerings[own(r)] = p
		b.net.Peerings = append(b.net.Peerings, p)
	}
	for _, r := range b.set.Resources("AWS::EC2::TransitGateway") {
		g := &TransitGateway{Ref: ref(r)}
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
	for _, r := range b.set.Resources("AWS::EC2::TransitGatewayRouteTableAssociation") {
		a, t := b.attachments[key(r.Prop("TransitGatewayAttachmentId"))], b.transitTable(r.Prop("TransitGatewayRouteTableId"))
		if a != nil && t != nil {
			a.Table = t
		}
	}
	for _, r := range b.set.Resources("AWS::EC2::TransitGatewayRouteTablePropagation") {
		a, t := b.attachments[key(r.Prop("TransitGatewayAttachmentId"))], b.transitTable(r.Prop("TransitGatewayRouteTableId"))
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
		rt.Attachment = b.attachments[key(r.Prop("TransitGatewayAttachmentId"))]
		t.Routes = append(t.Routes, rt)
	}
}

// propagate puts a VPC's ranges into a transit gateway table. IPv6 ranges propagate only from attachments with
// IPv6 support: https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
func propagate(t *TransitTable, a *Attachment, by Ref) {
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

// find returns the resource that a Ref was made from.
func (b *builder) find(r Ref) *cfn.Resource {
	for _, s := range b.set.Stacks() {
		if s.Name == r.Stack {
			if got := s.Resource(r.LogicalID); got != nil && got.Type == r.Type {
				return got
			}
		}
	}
	return nil
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
		rt.Target = b.routeTarget(r)
		t.Routes = append(t.Routes, rt)
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

func (b *builder) routeTarget(r *cfn.Resource) Target {
	for _, name := range []string{"GatewayId", "EgressOnlyInternetGatewayId", "NatGatewayId", "VpcPeeringConnectionId",
		"TransitGatewayId", "VpcEndpointId", "InstanceId", "NetworkInterfaceId", "CarrierGatewayId", "LocalGatewayId",
		"CoreNetworkArn", "OdbNetworkArn"} {
		v := r.Prop(name)
		if !v.Exists() {
			continue
		}
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
	return &Other{Ref: ref(r), Property: "target", Dangling: true}
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

// index sorts routes and stand-in ranges for look-up.
func (b *builder) index() {
	for _, a := range b.net.Assumptions {
		if a.Prefix.IsValid() {
			b.net.standIns.add(a.Prefix, a.Text)
		}
	}
	tables := map[*RouteTable]bool{}
	add := func(t *RouteTable) {
		if t == nil || t.Imported || tables[t] {
			return
		}
		tables[t] = true
		t.index = &prefixIndex[*Route]{}
		for _, r := range t.Routes {
			switch {
			case r.PrefixList != nil:
				for _, p := range r.PrefixList.Entries {
					t.index.add(p, r)
				}
				if r.PrefixList.Unknown != "" {
					t.index.uncertain = append(t.index.uncertain, r)
				}
			case r.Destination.IsValid():
				t.index.add(r.Destination, r)
			default:
				t.index.uncertain = append(t.index.uncertain, r)
			}
		}
	}
	for _, v := range b.net.VPCs {
		for _, t := range v.RouteTables {
			add(t)
		}
		for _, s := range v.Subnets {
			add(s.RouteTable)
		}
	}
	for _, g := range b.net.TransitGateways {
		for _, t := range g.Tables {
			slices.SortStableFunc(t.Routes, func(x, y *TransitRoute) int { // static routes first
				return cmp.Compare(btoi(x.Propagated), btoi(y.Propagated))
			})
			t.index = &prefixIndex[*TransitRoute]{}
			for _, r := range t.Routes {
				if r.Destination.IsValid() {
					t.index.add(r.Destination, r)
				} else {
					t.index.uncertain = append(t.index.uncertain, r)
				}
			}
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
