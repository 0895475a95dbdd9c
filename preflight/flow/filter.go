package flow

import (
	"fmt"
	"slices"

	"github.com/eks-ipv6/cdk/internal/model"
)

var protos = map[Proto]model.Proto{TCP: model.TCP, UDP: model.UDP}

// groups asks the security groups of the sender (egress) or the receiver. One allowing rule in any group is enough;
// answers to what was allowed are not asked about.
func (t *tracer) groups(from, to *place, egress bool) Verdict {
	here, there := to, from
	dir, peer := "from", t.pkt.Src
	if egress {
		here, there = from, to
		dir, peer = "to", t.pkt.Dst
	}
	if here == nil || here.open || here.outside() {
		return 0
	}
	if len(here.groups) == 0 {
		return t.stop(Insufficient, "security group", here.ref, "the security groups of %s are not known", here.ref)
	}
	p := protos[t.pkt.Proto]
	matches := func(r *model.Rule) bool {
		switch {
		case r.Unknown != "" || !r.Covers(p, t.pkt.DstPort):
			return false
		case r.Group != nil:
			return there != nil && !there.outside() && slices.Contains(there.groups, r.Group) && t.sees(here, there, egress)
		case r.List != nil:
			return slices.ContainsFunc(r.List.Entries, contains(peer))
		}
		return r.Prefix.IsValid() && r.Prefix.Contains(peer)
	}
	var unsure *model.Rule
	var imported *model.SecurityGroup
	families := map[Family]bool{}
	for _, g := range here.groups {
		if g.Imported {
			imported = g
		}
		rules := g.Ingress
		if egress {
			rules = g.Egress
		}
		for _, r := range rules {
			if matches(r) {
				if r.Implied {
					t.note("%s holds the rules that AWS documents for it: no template states them", g.Ref)
				}
				t.hop(Allow, "security group", owner(g, r), fmt.Sprintf("%s: %s", r.Ref, ruleText(r, dir)))
				return 0
			}
			if r.Unknown != "" && r.Covers(p, t.pkt.DstPort) {
				unsure = r
			}
			if r.Prefix.IsValid() && r.Covers(p, t.pkt.DstPort) {
				families[model.FamilyOf(r.Prefix.Addr())] = true
			}
		}
	}
	if !egress {
		for _, r := range here.backend {
			if matches(r) {
				t.hop(Allow, "security group", r.Ref, fmt.Sprintf("%s: %s, which the load balancer controller adds", r.Ref, ruleText(r, dir)))
				return 0
			}
			if r.Unknown != "" && r.Covers(p, t.pkt.DstPort) {
				unsure = r
			}
		}
	}
	first := here.groups[0]
	switch {
	case imported != nil:
		return t.stop(Insufficient, "security group", imported.Ref, "the rules of %s are in none of the templates", imported.Ref)
	case unsure != nil:
		return t.stop(Insufficient, "security group", unsure.Ref, "%s names %s, which is not known at synth", unsure.Ref, unsure.Unknown)
	}
	hint := ""
	if f := t.pkt.Family(); families[4+6-f] && !families[f] {
		hint = fmt.Sprintf("; its rules name %s only", 4+6-f)
	}
	return t.stop(Denied, "security group", first.Ref, "no rule allows %s/%d %s %s%s", t.pkt.Proto, t.pkt.DstPort, dir, peer, hint)
}

// sees reports whether a rule that names a group holds for interfaces of that group: in the same VPC, in one that is
// peered, or, for ingress and but for VPC endpoints, in one that a transit gateway joins with SecurityGroupReferencingSupport.
// See https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html and
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html.
func (t *tracer) sees(here, there *place, egress bool) bool {
	if here.vpc == there.vpc {
		return true
	}
	if here.vpc == nil || there.vpc == nil {
		return false
	}
	refers := func(a *model.Attachment) bool { return a != nil && a.GroupReferences }
	return slices.ContainsFunc(t.model.Peerings, func(p *model.Peering) bool { return p.Other(here.vpc) == there.vpc }) ||
		!egress && here.kind != endpointPlace && there.kind != endpointPlace && slices.ContainsFunc(t.model.TransitGateways, func(g *model.TransitGateway) bool {
			return g.GroupReferences && refers(g.Attachment(here.vpc)) && refers(g.Attachment(there.vpc))
		})
}

// owner is the resource a reader should open: the separate rule, or the group.
func owner(g *model.SecurityGroup, r *model.Rule) model.Ref {
	if r.Type == "AWS::EC2::SecurityGroupIngress" || r.Type == "AWS::EC2::SecurityGroupEgress" {
		return r.Ref
	}
	return g.Ref
}

func ruleText(r *model.Rule, dir string) string {
	what := r.Proto.String()
	if r.Proto == model.TCP || r.Proto == model.UDP {
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

// acl asks a subnet's network ACL: the first entry that matches decides. It knows no connections, so answers are
// asked about too, for the whole range of ports that the asker may have chosen.
func (t *tracer) acl(s *model.Subnet, egress bool, from, to *place) Verdict {
	a := s.NetworkACL
	if a == nil {
		return 0
	}
	if a.Imported {
		return t.stop(Insufficient, "network ACL", a.Ref, "the entries of %s are in none of the templates", a.Ref)
	}
	ports := []uint16{t.pkt.DstPort}
	if t.reply && to != nil {
		ports = append(ports, to.ephemeral()[1])
	}
	peer, dir := t.pkt.Src, "inbound"
	if egress {
		peer, dir = t.pkt.Dst, "outbound"
	}
	p := protos[t.pkt.Proto]
	for i, port := range ports {
		decided := false
		for _, e := range a.Entries {
			if e.Egress != egress {
				continue
			}
			if e.Unknown != "" {
				return t.stop(Insufficient, "network ACL", e.Ref, "entry %d of %s names %s, which is not known at synth", e.Number, a.Ref, e.Unknown)
			}
			if !e.Covers(p, port) || !e.Prefix.IsValid() || !e.Prefix.Contains(peer) {
				continue
			}
			if !e.Allow {
				return t.stop(Denied, "network ACL", aclRef(a, e), "%s entry %d denies %s/%d %s", dir, e.Number, t.pkt.Proto, port, peer)
			}
			if i == 0 && !a.Default {
				t.hop(Allow, "network ACL", a.Ref, fmt.Sprintf("%s entry %d allows %s", dir, e.Number, e.Prefix))
			}
			decided = true
			break
		}
		if !decided {
			return t.stop(Denied, "network ACL", a.Ref, "no %s entry of subnet %s allows %s/%d with %s", dir, s.Ref, t.pkt.Proto, port, peer)
		}
	}
	return 0
}

func aclRef(a *model.NetworkACL, e *model.ACLEntry) model.Ref {
	if e.LogicalID != "" {
		return e.Ref
	}
	return a.Ref
}
