package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
	"github.com/eks-ipv6/cdk/internal/network"
)

// rangeRules look at rules and entries as sets: what all of them together let through.
var rangeRules = []Rule{
	{
		ID: "W50", Severity: Warning, Title: "Nodes or databases open to the internet",
		Why:    "Pods, nodes and databases have public IPv6 addresses: a security group that admits ranges as wide as the world, or in a public subnet any range of the internet, leaves nothing before them. Two halves are the world as well, and so is 8000::/1.",
		Fix:    "admit the security groups or ranges of the clients alone, and the internet at a load balancer",
		Source: "https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html",
		check: func(c *check) {
			told := map[*cfn.Resource]bool{}
			for _, o := range c.guarded() {
				for _, in := range c.open(o) {
					if r := in.at; !told[r] {
						told[r] = true
						c.report(r, in.property, "%s lets %s in on %s to %s%s", r.ID, in.from, in.ports, o.what, in.why)
					}
				}
			}
		},
	},
	{
		ID: "W51", Severity: Warning, Title: "Network ACL that drops some of the answers",
		Why:    "A network ACL knows no connections: answers come back to ports that the client chose, 32768 to 60999 on Linux and 1024 to 65535 behind the VPC CNI's translation, NAT gateways and load balancers. With a part of these closed, some connections hang and others do not.",
		Fix:    "allow TCP 1024-65535 from 0.0.0.0/0 and ::/0, before entries that deny",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html",
		check: func(c *check) {
			told := map[string]bool{}
			for _, s := range c.nodeSubnets() {
				acl := s.NetworkACL
				if acl == nil || acl.Default || acl.Imported || c.raw(acl) == nil || c.stray("AWS::EC2::NetworkAclEntry", "NetworkAclId") {
					continue
				}
				for _, f := range []network.Family{network.IPv4, network.IPv6} {
					if target, _ := c.internetRoute(s, f); target == nil {
						continue
					}
					closed, ok := c.closedPorts(acl, f)
					key := c.raw(acl).Ref().Key() + f.String()
					if ok && !closed.IsEmpty() && !told[key] {
						told[key] = true
						c.report(c.raw(acl), "", "the network ACL %s of subnet %s lets %s answers of the internet in, and not to the ports %s", acl.LogicalID, s.LogicalID, f, closed)
					}
				}
			}
		},
	},
}

// world says that a range is so wide that it amounts to every address: wider than any block that a registry hands out. All
// private addresses, 10.0.0.0/8 and fc00::/7, are not.
func world(p netip.Prefix) bool {
	switch {
	case p.Addr().Is4():
		return p.Bits() < 8
	case netset.Of(aws.UniqueLocal.Prefix, aws.LinkLocal6.Prefix, aws.Multicast6.Prefix).Covers(netset.Of(p)):
		return false
	}
	return p.Bits() < 16
}

// worldly are those of some ranges, taken together, that amount to every address.
func worldly(list ...netip.Prefix) (out []netip.Prefix) {
	for _, p := range netset.Of(list...).Prefixes() {
		if world(p) {
			out = append(out, p)
		}
	}
	return out
}

// guardedHost is what only its security groups stand before.
type guardedHost struct {
	what    string
	groups  []*network.SecurityGroup
	subnets []*network.Subnet
}

// guarded are the nodes of IPv6 clusters, and the databases, caches and mount targets.
func (c *check) guarded() (out []guardedHost) {
	for _, cl := range c.clusters6() {
		for _, n := range cl.NodeGroups {
			if !n.Assumed && n.Unknown == "" {
				out = append(out, guardedHost{"the nodes " + n.String(), n.Groups, n.Subnets})
			}
		}
	}
	for _, h := range c.net.Hosts {
		if c.raw(h) != nil && (h.Kind == network.AtDatabase || h.Kind == network.AtCache || h.Kind == network.AtMountTarget) {
			out = append(out, guardedHost{"the " + h.Kind.String() + " " + h.LogicalID, h.Groups, h.Subnets})
		}
	}
	return out
}

// opening is what a security group lets in from the internet.
type opening struct {
	at                         *cfn.Resource
	property, from, ports, why string
}

// open are the openings of a host's security groups: of all rules with the same ports together.
func (c *check) open(h guardedHost) (out []opening) {
	for _, g := range h.groups {
		byPorts := map[string][]*network.Rule{}
		var order []string
		for _, r := range g.Ingress {
			if r.Unknown != "" || r.Implied || len(ranges(r)) == 0 || c.raw(r) == nil || r.Proto == network.ICMP || r.Proto == network.ICMPv6 {
				continue
			}
			key := portsOf(r)
			if byPorts[key] == nil {
				order = append(order, key)
			}
			byPorts[key] = append(byPorts[key], r)
		}
		for _, key := range order {
			for i, r := range byPorts[key] {
				property := strings.NewReplacer("[", ".", "]", "").Replace(r.Property)
				from, why := "", ""
				if wide := widens(byPorts[key], i); wide.IsValid() {
					from = wide.String()
				} else if p, s := c.exposes(r, h.subnets); s != nil {
					from, why = p.String(), fmt.Sprintf(", which subnet %s opens to the internet", s)
				}
				if from != "" {
					out = append(out, opening{c.raw(r), property, from, key, why})
				}
			}
		}
	}
	return out
}

// widens is the range, as wide as the world, that one of some rules admits, by itself or with the others; not valid where the rule
// has no part in it.
func widens(rules []*network.Rule, i int) netip.Prefix {
	if own := worldly(ranges(rules[i])...); len(own) > 0 {
		return own[0]
	}
	var others []netip.Prefix
	for j, r := range rules {
		if j != i {
			others = append(others, ranges(r)...)
		}
	}
	for _, w := range worldly(append(ranges(rules[i]), others...)...) {
		if !netset.Of(others...).Covers(netset.Of(w)) {
			return w
		}
	}
	return netip.Prefix{}
}

// ranges are the addresses that a rule names.
func ranges(r *network.Rule) []netip.Prefix {
	switch {
	case r.List != nil:
		return slices.Clone(r.List.Entries)
	case r.Prefix.IsValid():
		return []netip.Prefix{r.Prefix}
	}
	return nil
}

func portsOf(r *network.Rule) string {
	switch {
	case r.Proto == network.AnyProto:
		return "all protocols and ports"
	case r.Proto != network.TCP && r.Proto != network.UDP:
		return r.Proto.String()
	}
	return r.Proto.String() + " " + netset.Between(r.From, r.To).String()
}

// exposes is a range of the internet that a rule admits, and a subnet to which the internet has a way in that family. Ranges of
// the templates' own VPCs are not the internet.
func (c *check) exposes(r *network.Rule, subnets []*network.Subnet) (netip.Prefix, *network.Subnet) {
	var own []netip.Prefix
	for _, v := range c.net.VPCs {
		for _, b := range v.Blocks {
			if b.Prefix.IsValid() {
				own = append(own, b.Prefix)
			}
		}
	}
	for _, p := range ranges(r) {
		if p.Addr().Is4() || !p.Addr().IsGlobalUnicast() || p.Addr().IsPrivate() || netset.Of(own...).Covers(netset.Of(p)) {
			continue // with IPv4 a host is reached by a public address that it may not have
		}
		for _, s := range subnets {
			if s.MainTable && c.stray("AWS::EC2::SubnetRouteTableAssociation", "SubnetId") || s.RouteTable == nil {
				continue
			}
			if slices.ContainsFunc(s.RouteTable.Routes, func(route *network.Route) bool {
				_, igw := route.Target.(*network.InternetGateway)
				return igw && route.Destination.IsValid() && route.Destination.Addr().Is6() && route.Destination.Overlaps(p)
			}) {
				return p, s
			}
		}
	}
	return netip.Prefix{}, nil
}

// answerPorts are those that a subnet's Pods and nodes get answers at: over IPv4 behind the VPC CNI's translation any port that
// is not reserved, over IPv6 Linux's own choice.
var answerPorts = map[network.Family]netset.Numbers{network.IPv4: netset.Between(1024, 65535), network.IPv6: netset.Between(32768, 60999)}

// closedPorts are those of the ports for answers to which a network ACL lets no TCP in from some address of the internet, where
// it lets answers in at all; ok is false where that is not known.
func (c *check) closedPorts(acl *network.ACL, f network.Family) (closed netset.Numbers, ok bool) {
	everywhere := all4
	if f == network.IPv6 {
		everywhere = all6
	}
	tcp := netset.Just(uint16(network.TCP))
	rest := netset.Packets{{Src: netset.Of(everywhere), Dst: netset.Of(everywhere), Proto: tcp, SrcPort: netset.Between(0, 65535), DstPort: answerPorts[f]}}
	var allowed netset.Packets
	for _, e := range acl.Entries { // sorted: the first that matches decides
		if r := c.raw(e); e.Unknown != "" || r != nil && (!r.Prop("Egress").Known() || !r.Prop("RuleAction").Known() || r.Conditional) {
			return closed, false
		}
		if e.Egress || !e.Prefix.IsValid() || network.FamilyOf(e.Prefix.Addr()) != f || e.Proto != network.AnyProto && e.Proto != network.TCP {
			continue
		}
		from, to := e.From, e.To
		if e.Proto == network.AnyProto {
			from, to = 0, 65535
		}
		match := netset.Packets{{Src: netset.Of(e.Prefix), Dst: netset.Of(everywhere), Proto: tcp, SrcPort: netset.Between(0, 65535), DstPort: netset.Between(from, to)}}
		if e.Allow {
			allowed = allowed.Union(rest.Intersect(match))
		}
		rest = rest.Minus(match)
	}
	// An ACL that lets in what comes from a few networks does not mean the internet.
	meant := slices.ContainsFunc(allowed, func(b netset.Box) bool { return slices.ContainsFunc(b.Src.Prefixes(), world) })
	if !meant {
		return closed, false
	}
	for _, b := range (netset.Packets{{Src: netset.Of(everywhere), Dst: netset.Of(everywhere), Proto: tcp, SrcPort: netset.Between(0, 65535), DstPort: answerPorts[f]}}).Minus(allowed) {
		if slices.ContainsFunc(b.Src.Prefixes(), world) {
			closed = closed.Union(b.DstPort)
		}
	}
	return closed, true
}

// admits6 says whether a network ACL lets any IPv6 through in a direction; sure is false where an entry is not known. Entries are
// in order, and what an earlier one denies a later one does not allow.
func (c *check) admits6(acl *network.ACL, egress bool) (yes, sure bool) {
	tcp, udp := netset.Just(uint16(network.TCP)), netset.Just(uint16(network.UDP))
	all := netset.Between(0, 65535)
	rest := netset.Packets{{Src: netset.Of(all6), Dst: netset.Of(all6), Proto: netset.Between(0, 255), SrcPort: all, DstPort: all}}
	for _, e := range acl.Entries {
		if r := c.raw(e); e.Unknown != "" || r != nil && (!r.Prop("Egress").Known() || !r.Prop("RuleAction").Known()) {
			return false, false
		}
		if e.Egress != egress || !e.Prefix.IsValid() || e.Prefix.Addr().Is4() {
			continue
		}
		match := netset.Box{Src: netset.Of(e.Prefix), Dst: netset.Of(all6), Proto: netset.Between(0, 255), SrcPort: all, DstPort: all}
		if e.Proto != network.AnyProto {
			match.Proto = netset.Just(uint16(e.Proto))
			if match.Proto.Equal(tcp) || match.Proto.Equal(udp) {
				match.DstPort = netset.Between(e.From, e.To)
			}
		}
		if e.Allow && !rest.Intersect(netset.Packets{match}).IsEmpty() {
			return true, true
		}
		rest = rest.Minus(netset.Packets{match})
	}
	return false, true
}
