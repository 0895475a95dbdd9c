package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// customRestrictDefault is the custom resource by which CDK takes every rule out of a VPC's default group.
const customRestrictDefault = "Custom::VpcRestrictDefaultSG"

// filters makes security groups and network ACLs without their rules: a rule may name any group, so rules come
// after all groups exist.
func (b *builder) filters() {
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

		a := v.Ref
		a.Name = "default network ACL of " + v.String()
		v.DefaultACL = &NetworkACL{Ref: a, VPC: v, Default: true}
		for i, all := range allPrefixes {
			if all.Addr().Is6() && len(v.Prefixes(IPv6)) == 0 {
				continue
			}
			for _, egress := range []bool{false, true} {
				v.DefaultACL.Entries = append(v.DefaultACL.Entries, &ACLEntry{
					Ref: a, Number: 100 + i, Egress: egress, Allow: true, Proto: AnyProto, Prefix: all})
			}
		}
		v.NetworkACLs = append(v.NetworkACLs, v.DefaultACL)
		for _, s := range v.Subnets {
			s.NetworkACL = v.DefaultACL
		}
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
	for _, r := range b.set.Resources("AWS::EC2::NetworkAcl") {
		a := &NetworkACL{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId"))}
		b.acls[own(r)] = a
		if a.VPC != nil {
			a.VPC.NetworkACLs = append(a.VPC.NetworkACLs, a)
		}
	}
	for _, r := range b.set.Resources("AWS::EC2::SubnetNetworkAclAssociation") {
		s, id := b.subnet(r.Prop("SubnetId")), r.Prop("NetworkAclId")
		if s == nil || !id.Exists() {
			continue
		}
		if s.NetworkACL = b.acl(id); s.NetworkACL == nil {
			s.NetworkACL = &NetworkACL{Ref: outside("AWS::EC2::NetworkAcl", id), Imported: true}
		}
	}
	for _, r := range b.set.Resources("AWS::EC2::NetworkAclEntry") {
		b.aclEntry(r)
	}
	for _, a := range b.acls {
		sortEntries(a)
	}
	for _, v := range b.net.VPCs {
		if v.DefaultACL != nil {
			sortEntries(v.DefaultACL)
		}
	}
}

func sortEntries(a *NetworkACL) {
	slices.SortStableFunc(a.Entries, func(x, y *ACLEntry) int { return cmp.Compare(x.Number, y.Number) })
}

func (b *builder) acl(v cfn.Value) *NetworkACL {
	if r, attr, ok := v.Attribute(); ok && attr == "DefaultNetworkAcl" {
		if vpc := b.vpcs[own(r)]; vpc != nil {
			return vpc.DefaultACL
		}
	}
	return b.acls[key(v)]
}

var allPrefixes = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

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

func (b *builder) aclEntry(r *cfn.Resource) {
	a := b.acl(r.Prop("NetworkAclId"))
	if a == nil {
		return
	}
	e := &ACLEntry{Ref: ref(r), Egress: yes(r.Prop("Egress"), false), Allow: r.Prop("RuleAction").Is("allow")}
	var ok bool
	if e.Number, ok = r.Prop("RuleNumber").Int(); !ok {
		e.Unknown, e.Undecided = r.Prop("RuleNumber").String(), true
	}
	if !r.Prop("RuleAction").Known() {
		e.Unknown, e.Undecided = r.Prop("RuleAction").String(), true
	}
	var unknown string
	if e.Proto, unknown = ruleProtocol(r.Prop("Protocol")); unknown != "" {
		e.Unknown = unknown
	}
	e.From, e.To, unknown = ports(r.Prop("PortRange.From"), r.Prop("PortRange.To"))
	e.Unknown = cmp.Or(e.Unknown, unknown)
	cidr, f := r.Prop("CidrBlock"), IPv4
	if !cidr.Exists() {
		cidr, f = r.Prop("Ipv6CidrBlock"), IPv6
	}
	e.Family = f
	if e.Prefix, unknown = prefix(cidr, f); unknown != "" {
		e.Unknown = unknown
	}
	a.Entries = append(a.Entries, e)
}
