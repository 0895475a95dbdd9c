package network

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// service is the protocol and the destination port, as in tcp/443.
func (h header) service() string {
	p := Proto(h.proto.one)
	if p != TCP && p != UDP && p != SCTP {
		return p.String()
	}
	return fmt.Sprintf("%s/%d", p, h.dstPort.one)
}

// covers reports whether the packet's protocol and destination port are among those of a rule or of an entry.
func (t *tracer) covers(p Proto, from, to uint16) bool {
	if p == AnyProto {
		return true
	}
	if !t.between(t.pkt.proto, p.Number(), p.Number()) {
		return false
	}
	return p != TCP && p != UDP || t.between(t.pkt.dstPort, from, to)
}

// ruleOf is a rule with the group that has it; nil for what the load balancer controller adds.
type ruleOf struct {
	group *SecurityGroup
	rule  *Rule
}

// everyone are the addresses of both families.
var everyone = []netip.Prefix{netset.Every4, netset.Every6}

// among finds the first of some prefixes that holds an address; -1 where none does. The decision is that one does: it is the
// same for all that the prefixes hold together.
func (t *tracer) among(a address, list []netip.Prefix) int {
	i := slices.IndexFunc(list, func(p netip.Prefix) bool { return p.Contains(a.one) })
	if a.of == nil {
		return i
	}
	if i >= 0 && a.as == itself && a.of.now.addrs.Inside(list[i]) {
		return i
	}
	t.in(a, netset.Of(list...))
	return i
}

// groups asks the security groups of the sender (egress) or the receiver. One allowing rule in any group is enough;
// answers to what was allowed are not asked about.
func (t *tracer) groups(from, to *Interface, egress bool) Verdict {
	here, there := to, from
	dir, peer := "from", t.pkt.src
	if egress {
		here, there = from, to
		dir, peer = "to", t.pkt.dst
	}
	if here == nil || here.Unfiltered || here.Outside() {
		return 0
	}
	if len(here.Groups) == 0 {
		return t.stop(Insufficient, AtSecurityGroup, here.Ref, "the security groups of %s are not known", here.Ref)
	}
	admits := func(r *Rule) []netip.Prefix { // the peers that a rule of these ports names
		switch {
		case r.Group != nil:
			if there != nil && !there.Outside() && slices.Contains(there.Groups, r.Group) && t.sees(here, there, egress) {
				return everyone
			}
			return nil
		case r.List != nil:
			return r.List.Entries
		case r.Prefix.IsValid():
			return []netip.Prefix{r.Prefix}
		}
		return nil
	}
	var admitted []netip.Prefix
	var by []ruleOf // the rule that each of admitted is of
	var unsure *Rule
	var imported *SecurityGroup
	families := map[Family]bool{}
	consider := func(g *SecurityGroup, r *Rule) {
		peers := admits(r)
		if r.Prefix.IsValid() && FamilyOf(r.Prefix.Addr()) != t.pkt.family() {
			families[FamilyOf(r.Prefix.Addr())] = families[FamilyOf(r.Prefix.Addr())] || r.Covers(Proto(t.pkt.proto.one), t.pkt.dstPort.one)
			return
		}
		if r.Unknown == "" && len(peers) == 0 || !t.covers(r.Proto, r.From, r.To) {
			return
		}
		if r.Unknown != "" {
			unsure = r
			return
		}
		if r.Prefix.IsValid() {
			families[t.pkt.family()] = true
		}
		for _, p := range peers {
			admitted = append(admitted, p)
			by = append(by, ruleOf{g, r})
		}
	}
	for _, g := range here.Groups {
		if g.Imported {
			imported = g
		}
		rules := g.Ingress
		if egress {
			rules = g.Egress
		}
		for _, r := range rules {
			consider(g, r)
		}
	}
	if !egress {
		for _, r := range here.Backend {
			consider(nil, r)
		}
	}
	if i := t.among(peer, admitted); i >= 0 {
		g, r := by[i].group, by[i].rule
		switch {
		case g == nil:
			t.hop(Allow, AtSecurityGroup, r.Ref, fmt.Sprintf("%s: %s, which the load balancer controller adds", r.Ref, ruleText(r, dir)))
			return 0
		case r.Implied:
			t.note("%s holds the rules that AWS documents for it: no template states them", g.Ref)
		}
		t.hop(Allow, AtSecurityGroup, owner(g, r), fmt.Sprintf("%s: %s", r.Ref, ruleText(r, dir)))
		return 0
	}
	first := here.Groups[0]
	switch {
	case imported != nil:
		return t.stop(Insufficient, AtSecurityGroup, imported.Ref, "the rules of %s are in none of the templates", imported.Ref)
	case unsure != nil:
		return t.stop(Insufficient, AtSecurityGroup, unsure.Ref, "%s names %s, which is decided at deployment", unsure.Ref, unsure.Unknown)
	}
	hint := ""
	if f := t.pkt.family(); families[4+6-f] && !families[f] {
		hint = fmt.Sprintf("; its rules name %s only", 4+6-f)
	}
	return t.stop(Denied, AtSecurityGroup, first.Ref, "no rule allows %s %s %s%s", t.pkt.service(), dir, peer.one, hint)
}

// sees reports whether a rule that names a group holds for interfaces of that group: in the same VPC, in one that is
// peered, or, for ingress and but for VPC endpoints, in one that a transit gateway joins with SecurityGroupReferencingSupport.
// See https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html and
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html.
func (t *tracer) sees(here, there *Interface, egress bool) bool {
	if here.VPC == there.VPC {
		return true
	}
	if here.VPC == nil || there.VPC == nil {
		return false
	}
	refers := func(a *Attachment) bool { return a != nil && a.GroupReferences }
	return slices.ContainsFunc(t.net.Peerings, func(p *Peering) bool { return p.Other(here.VPC) == there.VPC }) ||
		!egress && here.Kind != EndpointInterface && there.Kind != EndpointInterface && slices.ContainsFunc(t.net.TransitGateways, func(g *TransitGateway) bool {
			return g.GroupReferences && refers(g.Attachment(here.VPC)) && refers(g.Attachment(there.VPC))
		})
}

// owner is the resource a reader should open: the separate rule, or the group.
func owner(g *SecurityGroup, r *Rule) Ref {
	if r.Type == "AWS::EC2::SecurityGroupIngress" || r.Type == "AWS::EC2::SecurityGroupEgress" {
		return r.Ref
	}
	return g.Ref
}

func ruleText(r *Rule, dir string) string {
	what := r.Proto.String()
	if r.Proto == TCP || r.Proto == UDP {
		switch {
		case r.From == 0 && r.To == 65535:
		case r.From == r.To:
			what += fmt.Sprintf("/%d", r.From)
		default:
			what += fmt.Sprintf("/%d-%d", r.From, r.To)
		}
	}
	switch {
	case r.Group != nil:
		return fmt.Sprintf("%s %s %s", what, dir, r.Group.Ref)
	case r.List != nil:
		return fmt.Sprintf("%s %s %s", what, dir, r.List.Ref)
	}
	return fmt.Sprintf("%s %s %s", what, dir, r.Prefix)
}

// acl asks a subnet's network ACL: the first entry that matches decides. It knows no connections, so answers are asked about
// too, for every port that the asker may have chosen.
func (t *tracer) acl(s *Subnet, egress bool) Verdict {
	a := s.NetworkACL
	if a == nil {
		return 0
	}
	if a.Imported {
		return t.stop(Insufficient, AtNetworkACL, a.Ref, "the entries of %s are in none of the templates", a.Ref)
	}
	peer, dir := t.pkt.src, "inbound"
	if egress {
		peer, dir = t.pkt.dst, "outbound"
	}
	var perhaps []*ACLEntry // those that may decide, of what comes before
	undecided := func(allow bool) *ACLEntry {
		i := slices.IndexFunc(perhaps, func(e *ACLEntry) bool { return e.Undecided || e.Allow != allow })
		if i < 0 {
			return nil
		}
		return perhaps[i]
	}
	for _, e := range a.Entries {
		if e.Egress != egress || !t.mayMatch(e, peer) {
			continue
		}
		if e.Unknown != "" {
			perhaps = append(perhaps, e)
			continue
		}
		if o := undecided(e.Allow); o != nil {
			return t.entryUnknown(a, o)
		}
		if !e.Allow {
			t.explicit = true
			return t.stop(Denied, AtNetworkACL, aclRef(a, e), "%s entry %d denies %s %s", dir, e.Number, t.pkt.service(), peer.one)
		}
		if !a.Default {
			t.hop(Allow, AtNetworkACL, a.Ref, fmt.Sprintf("%s entry %d allows %s", dir, e.Number, e.Prefix))
		}
		return 0
	}
	if o := undecided(false); o != nil {
		return t.entryUnknown(a, o)
	}
	return t.stop(Denied, AtNetworkACL, a.Ref, "no %s entry of subnet %s allows %s with %s", dir, s.Ref, t.pkt.service(), peer.one)
}

// mayMatch reports whether an entry matches the packet by what is known of it.
func (t *tracer) mayMatch(e *ACLEntry, peer address) bool {
	if !e.Prefix.IsValid() && (e.Unknown == "" || e.Family != t.pkt.family()) {
		return false
	}
	return t.covers(e.Proto, e.From, e.To) && (!e.Prefix.IsValid() || t.inPrefix(peer, e.Prefix))
}

func (t *tracer) entryUnknown(a *NetworkACL, e *ACLEntry) Verdict {
	return t.stop(Insufficient, AtNetworkACL, e.Ref, "entry %d of %s names %s, which is decided at deployment", e.Number, a.Ref, e.Unknown)
}

func aclRef(a *NetworkACL, e *ACLEntry) Ref {
	if e.LogicalID != "" {
		return e.Ref
	}
	return a.Ref
}
