package seeded

const inNetwork = "internal/network"

// Bug is a fault that the tracer could have, with the test of the packet lab that shows it.
type Bug struct {
	Name    string
	Shows   string // as -run takes it
	Changes []Change
}

// Bugs are put into the tracer one by one by the packet lab, which must disagree with what comes of it.
var Bugs = []Bug{
	{"the shortest prefix wins", regression("shortest-prefix"), []Change{
		in("internal/netset", "Table.Add", `cmp.Compare(b, a)`, `cmp.Compare(a, b)`)}},
	{"any route goes before the local one", regression("local-route"), []Change{
		in(inNetwork, "RouteTable.Lookup", `localBits >= bits`, `localBits >= 0 && bits < 0`)}},
	{"answers need no routes", regression("answer-route"), []Change{
		in(inNetwork, "tracer.back", `_, _, v = t.carry(l.to, l.from)`, ``)}},

	{"network ACLs let all answers pass", regression("acl-stateful"), []Change{
		in(inNetwork, "tracer.acl", ``, `if t.reply { return 0 };`)}},
	{"the last matching entry of a network ACL decides", regression("acl-order"), []Change{
		in(inNetwork, "tracer.acl", ``, entries(`slices.Reverse(list)`))}},
	{"entries of network ACLs that deny are ignored", regression("acl-order"), []Change{
		in(inNetwork, "tracer.acl", ``, entries(`list = slices.DeleteFunc(list, func(e *ACLEntry) bool { return !e.Allow })`))}},
	{"rules of security groups match all of the other family", regression("group-family"), []Change{
		in(inNetwork, "tracer.groups", `FamilyOf(r.Prefix.Addr()) != t.pkt.family()`, `false`),
		in(inNetwork, "tracer.groups", `[]netip.Prefix{r.Prefix}`, `[]netip.Prefix{r.Prefix, everyone[map[bool]int{true: 1}[r.Prefix.Addr().Is4()]]}`)}},
	{"IPv6 rules of security groups are ignored", regression("group-ipv6"), []Change{
		in(inNetwork, "tracer.groups", `return []netip.Prefix{r.Prefix}`, `if r.Prefix.Addr().Is4() { return []netip.Prefix{r.Prefix} }`)}},
	{"egress rules of security groups are not asked", regression("group-egress"), []Change{
		in(inNetwork, "tracer.groups", ``, `if egress { return 0 };`)}},
	{"a rule that names a group matches everybody", regression("group-reference"), []Change{
		in(inNetwork, "tracer.groups", `slices.Contains(there.Groups, r.Group)`, `true`)}},

	{"egress-only internet gateways let connections in", regression("egress-only-inbound"), []Change{
		in(inNetwork, "tracer.enter", ``, `if !t.reply && to.Subnet != nil && to.Subnet.RouteTable != nil {
			if r, _ := t.lookupIn(to.Subnet.RouteTable, t.pkt.src); r != nil {
				if g, ok := r.Target.(*EgressOnlyGateway); ok {
					t.hop(Forward, AtEgressOnlyGateway, g.Ref, "a bug")
					return t.arrive(to, from, false)
				}
			}
		};`),
		in(inNetwork, "tracer.outOnly", `t.reply`, `false`)}},
	{"egress-only internet gateways carry IPv4", preflight("TestMutations-cluster.yaml-0.0.0.0-0_of_a_private_table_to_the_egress-only_gateway"), []Change{
		in(inNetwork, "tracer.outOnly", `t.pkt.family() == IPv4`, `false`)}},
	{"internet gateways carry private IPv4 addresses", regression("internet-private"), []Change{
		in(inNetwork, "tracer.toInternet", `!from.Public.IsValid()`, `false`),
		in(inNetwork, "tracer.toInternet", `t.publicAddress(from)`, `t.address(from, IPv4)`)}},
	{"NAT gateways take all of IPv6", preflight("TestMutations-cluster.yaml-0_of_a_private_table_to_the_NAT_gateway"), []Change{
		in(inNetwork, "tracer.toNAT", `t.pkt.family() == IPv6 && !t.inPrefix(t.pkt.dst, nat64)`, `false`),
		in(inNetwork, "tracer.translate", `before.dst.extract()`, `fixedAddress(internetHost4)`)}},
	{"peering is transitive", regression("peering-transitive"), []Change{
		in(inNetwork, "tracer.peer", `to.VPC != other`, `false`)}},
	{"Ipv6Support of transit gateway attachments is ignored", preflight("TestBreaks-the_far_attachment_has_no_IPv6_support-_by_a_static_route"), []Change{
		in(inNetwork, "tracer.transit", `six && !a.IPv6`, `six && a == nil`),
		in(inNetwork, "tracer.transit", `six && !next.IPv6`, `six && next == nil`)}},
	{"blackholes of transit gateways are ignored", preflight("TestMutations-transit.yaml-a_blackhole"), []Change{
		in(inNetwork, "TransitTable.Lookup", ``, `var x netset.Table[*TransitRoute]
		for _, r := range t.Routes {
			if r.Destination.IsValid() && !r.Blackhole {
				x.Add(r.Destination, r)
			}
		}
		route, _ = x.Lookup(a)
		return route, nil;`)}},

	{"Pods have IPv4 egress whatever the VPC CNI is told", regression("cni-egress"), []Change{
		in(inNetwork, "tracer.podToIPv4", `on, by, unknown := c.IPv4Egress()`, `_, by, unknown := c.IPv4Egress(); on := true`)}},
	{"Services work without kube-proxy", regression("kube-proxy"), []Change{
		in(inNetwork, "tracer.toPodBehind", `!from.Cluster.Runs("kube-proxy")`, `false`)}},
	{"IPv4 load balancers reach IPv6 targets", preflight("TestMutations-privatelink.yaml-an_IPv4-only_load_balancer_before_IPv6_targets"), []Change{
		in(inNetwork, "tracer.proxy", `tg.Family == IPv6 && !lb.Speaks(IPv6)`, `false`),
		in(inNetwork, "Network.balancer", `!l.Speaks(IPv6)`, `false`)}},
	{"a network ACL's range of ports ends one early", preflight("TestSampleEdges-source_ports"), []Change{
		in(inNetwork, "tracer.covers", ``, `to -= min(to, 1);`)}},
	{"a route's range ends one early", preflight("TestSampleEdges-destinations_on_the_internet"), []Change{
		in(inNetwork, "walk.inPrefix", ``, `if p.Bits() == 32 && p.Addr().Is6() { return w.in(a, netset.Of(p).Minus(netset.One(netset.Last(p)))) };`)}},
	{"a decision on the source address is of its whole subnet", preflight("TestSampleEdges-Pods-_addresses"), []Change{
		in(inNetwork, "tracer.among", ``, `if a.of != nil && a.of.free == every { return slices.IndexFunc(list, func(p netip.Prefix) bool { return p.Contains(a.one) }) };`)}},
}

func in(pkg, function, old, new string) Change {
	return Change{Package: pkg, Func: function, Old: old, New: new}
}

// entries changes the entries of the network ACL that is about to be asked, which are in list.
func entries(change string) string {
	return `if s.NetworkACL != nil {
		list := slices.Clone(s.NetworkACL.Entries)
		` + change + `
		subnet, acl := *s, *s.NetworkACL
		acl.Entries, subnet.NetworkACL = list, &acl
		s = &subnet
	};`
}

// regression is the test of a network in the packet lab's testdata.
func regression(name string) string { return "^TestRegressions$/^" + name + "$" }

// preflight is the test of a template that a test of preflight/flow makes; a hash follows that test's name.
func preflight(name string) string { return "^TestMutants$/^flow." + name + "-[0-9a-f]{8}$" }
