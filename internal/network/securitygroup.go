package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
)

func init() {
	register(Kind{
		Component: AtSecurityGroup, Name: "security group",
		Fix:   "allow it in this security group: each address family needs a rule of its own",
		Types: []string{"AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress", "Custom::VpcRestrictDefaultSG"},
		Open: []Opening{
			{Type: "AWS::EC2::SecurityGroupIngress", Properties: []string{"GroupId", "SourceSecurityGroupId"}, About: []string{"CidrIp", "CidrIpv6"}, Decides: []Component{AtSecurityGroup}},
			{Type: "AWS::EC2::SecurityGroupEgress", Properties: []string{"GroupId", "DestinationSecurityGroupId"}, About: []string{"CidrIp", "CidrIpv6"}, Decides: []Component{AtSecurityGroup}},
		},
		Reads:   []Reading{{readFilters, (*builder).securityGroups}, {readRules, (*builder).rules}},
		Subject: "security groups",
		Models: "inline and separate rules, both families, references to groups (same VPC, peered, or inbound over a transit gateway that supports it, but for VPC " +
			"endpoints; of another VPC never by the internet), prefix lists of the templates, EC2's default egress when no rule is stated, inline or as a resource",
		Source: "[security groups](https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html)",
	})
}

// SecurityGroup is an AWS::EC2::SecurityGroup with its inline and separate rules, or a group that AWS
// makes itself (the VPC's default group, the EKS cluster group, the groups of the load balancer controller).
type SecurityGroup struct {
	Ref
	VPC     *VPC
	Tags    Tags
	Ingress []*Rule
	Egress  []*Rule
	// Imported says that templates use this group but none declares it: its rules are not known.
	Imported bool
}

// Rule is one rule of a security group. It allows; there are no denying rules.
type Rule struct {
	Ref
	Proto    Proto
	From, To uint16 // port range; for ICMP not used
	Prefix   netip.Prefix
	Group    *SecurityGroup // instead of Prefix
	List     *PrefixList    // instead of Prefix
	// Implied says that AWS adds this rule by itself, as EC2's default egress.
	Implied bool
	// Unknown names the expression that is decided at deployment: whether the rule matches cannot be said.
	Unknown string
}

// Peers are the ranges that a rule names; none where it names a group, or what only the deployment knows.
func (r *Rule) Peers() []netip.Prefix {
	switch {
	case r.Unknown != "" || r.Group != nil:
		return nil
	case r.List != nil:
		return r.List.Entries
	case r.Prefix.IsValid():
		return []netip.Prefix{r.Prefix}
	}
	return nil
}

// Covers reports whether a rule's protocol and ports cover a protocol and destination port.
func (r *Rule) Covers(p Proto, port uint16) bool {
	if r.Proto == AnyProto {
		return true
	}
	if r.Proto != p {
		return false
	}
	return (p != TCP && p != UDP) || (r.From <= port && port <= r.To)
}

// customRestrictDefault is the custom resource by which CDK takes every rule out of a VPC's default group.
const customRestrictDefault = "Custom::VpcRestrictDefaultSG"

// securityGroups makes security groups without their rules: a rule may name any group, so rules come after all groups exist.
func (b *builder) securityGroups() {
	for _, v := range b.net.VPCs {
		if v.Imported {
			continue
		}
		g := v.Ref
		g.Name = "default security group of " + v.String()
		v.DefaultGroup = &SecurityGroup{Ref: g, VPC: v}
		v.DefaultGroup.Ingress = []*Rule{{Ref: g.In("ingress self"), Proto: AnyProto, Group: v.DefaultGroup, Implied: true}}
		v.DefaultGroup.Egress = everywhere(g, v)
		b.net.SecurityGroups = append(b.net.SecurityGroups, v.DefaultGroup)
	}
	for _, r := range b.set.Resources(customRestrictDefault) {
		if vpc, attr, ok := r.Prop("DefaultSecurityGroupId").Attribute(); ok && attr == "DefaultSecurityGroup" {
			if v := b.vpcs[own(vpc)]; v != nil && v.DefaultGroup != nil {
				v.DefaultGroup.Ingress, v.DefaultGroup.Egress = nil, nil
				v.DefaultGroup.Ref = ref(r)
			}
		}
	}
	for _, r := range b.set.Resources("AWS::EC2::SecurityGroup") {
		g := &SecurityGroup{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId")), Tags: tags(r.Prop("Tags"))}
		b.groups[own(r)] = g
		b.net.SecurityGroups = append(b.net.SecurityGroups, g)
	}
}

// everywhere is the egress that EC2 gives a group which states none: all of IPv4 and, where the VPC has IPv6, all
// of IPv6. See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-securitygroup.html.
func everywhere(r Ref, v *VPC) []*Rule {
	var out []*Rule
	for _, all := range allPrefixes {
		if all.Addr().Is6() && v != nil && !v.Imported && len(v.Prefixes(IPv6)) == 0 {
			continue
		}
		out = append(out, &Rule{Ref: r.In("default egress"), Proto: AnyProto, Prefix: all, Implied: true})
	}
	return out
}

var allPrefixes = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// rules fills the security groups. CloudFormation takes EC2's default egress away with the first rule that a template states,
// inline or as a resource.
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-securitygroup.html and
// https://github.com/aws-cloudformation/cfn-language-discussion/issues/157.
func (b *builder) rules() {
	separate := map[*SecurityGroup]bool{}
	for _, r := range b.set.Resources("AWS::EC2::SecurityGroupEgress") {
		if g := b.group(r.Prop("GroupId")); g != nil {
			separate[g] = true
		}
	}
	for _, r := range b.set.Resources("AWS::EC2::SecurityGroup") {
		g := b.groups[own(r)]
		list, unknown := items(r.Prop("SecurityGroupIngress"))
		g.Ingress = append(g.Ingress, b.inline(g, "SecurityGroupIngress", list, unknown)...)
		list, unknown = items(r.Prop("SecurityGroupEgress"))
		if len(list) == 0 && unknown == "" {
			if separate[g] {
				continue
			}
			g.Egress = append(g.Egress, everywhere(g.Ref, g.VPC)...)
			continue
		}
		g.Egress = append(g.Egress, b.inline(g, "SecurityGroupEgress", list, unknown)...)
	}
	for _, r := range b.set.Resources("AWS::EC2::SecurityGroupIngress") {
		if g := b.group(r.Prop("GroupId")); g != nil {
			g.Ingress = append(g.Ingress, b.rule(ref(r), r.Props())...)
		}
	}
	for _, r := range b.set.Resources("AWS::EC2::SecurityGroupEgress") {
		if g := b.group(r.Prop("GroupId")); g != nil {
			g.Egress = append(g.Egress, b.rule(ref(r), r.Props())...)
		}
	}
}

func (b *builder) inline(g *SecurityGroup, property string, list []cfn.Value, unknown string) (out []*Rule) {
	if unknown != "" {
		return []*Rule{{Ref: g.In(property), Proto: AnyProto, Unknown: unknown}}
	}
	for i, e := range list {
		out = append(out, b.rule(g.In(fmt.Sprintf("%s[%d]", property, i)), e)...)
	}
	return out
}

// rule reads one rule; several peers in one entry make several rules.
func (b *builder) rule(where Ref, v cfn.Value) []*Rule {
	if v.Kind() != cfn.Map {
		return []*Rule{{Ref: where, Proto: AnyProto, Unknown: v.String()}}
	}
	r := Rule{Ref: where}
	r.Proto, r.Unknown = ruleProtocol(v.Get("IpProtocol"))
	var unknown string
	if r.From, r.To, unknown = ports(v.Get("FromPort"), v.Get("ToPort")); r.Unknown == "" {
		r.Unknown = unknown
	}
	var out []*Rule
	with := func(f func(*Rule)) {
		one := r
		f(&one)
		out = append(out, &one)
	}
	for _, f := range []Family{IPv4, IPv6} {
		if c := v.Get(map[Family]string{IPv4: "CidrIp", IPv6: "CidrIpv6"}[f]); c.Exists() {
			with(func(r *Rule) {
				p, unknown := prefix(c, f)
				if r.Prefix = p; unknown != "" {
					r.Unknown = unknown
				}
			})
		}
	}
	for _, name := range []string{"SourceSecurityGroupId", "DestinationSecurityGroupId"} {
		if c := v.Get(name); c.Exists() {
			with(func(r *Rule) { r.Group = b.group(c) })
		}
	}
	for _, name := range []string{"SourcePrefixListId", "DestinationPrefixListId"} {
		if c := v.Get(name); c.Exists() {
			with(func(r *Rule) {
				r.List = b.prefixList(c)
				r.Unknown = cmp.Or(r.Unknown, r.List.Unknown)
			})
		}
	}
	if c := v.Get("SourceSecurityGroupName"); c.Exists() {
		with(func(r *Rule) { r.Unknown = "security group named " + c.String() })
	}
	return out
}

func ruleProtocol(v cfn.Value) (Proto, string) {
	if !v.Exists() {
		return AnyProto, ""
	}
	s, ok := v.Text()
	if !ok {
		return AnyProto, v.String()
	}
	switch strings.ToLower(s) {
	case "-1", "all", "any":
		return AnyProto, ""
	case "tcp":
		return TCP, ""
	case "udp":
		return UDP, ""
	case "icmp":
		return ICMP, ""
	case "icmpv6", "ipv6-icmp":
		return ICMPv6, ""
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 255 {
		return AnyProto, fmt.Sprintf("%q, which is no protocol", s)
	}
	return Proto(n), ""
}

func ports(from, to cfn.Value) (lo, hi uint16, unknown string) {
	read := func(v cfn.Value, absent uint16) uint16 {
		if !v.Exists() {
			return absent
		}
		n, ok := v.Int()
		switch {
		case !ok:
			unknown = v.String()
			return absent
		case n < 0: // -1: all
			return absent
		case n > 65535:
			unknown = fmt.Sprintf("port %d", n)
		}
		return uint16(n)
	}
	return read(from, 0), read(to, 65535), unknown
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

// ruleOf is a rule with the group that has it; nil for what the load balancer controller adds.
type ruleOf struct {
	group *SecurityGroup
	rule  *Rule
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

// everyone are the addresses of both families.
var everyone = []netip.Prefix{netset.Every4, netset.Every6}
