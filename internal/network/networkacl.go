package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtNetworkACL, Name: "network ACL",
		Fix:   "allow it in this network ACL, in both directions and with an entry of each address family: answers go to the ports 1024 to 65535",
		Types: []string{"AWS::EC2::NetworkAcl", "AWS::EC2::NetworkAclEntry", "AWS::EC2::SubnetNetworkAclAssociation"},
		Open: []Opening{
			{Type: "AWS::EC2::NetworkAclEntry", Properties: []string{"NetworkAclId", "Egress", "RuleAction"}, About: []string{"CidrBlock", "Ipv6CidrBlock"}, Decides: []Component{AtNetworkACL}},
			{Type: "AWS::EC2::SubnetNetworkAclAssociation", Properties: []string{"SubnetId", "NetworkAclId"}, Decides: []Component{AtNetworkACL}},
		},
		Reads:   []Reading{{readFilters, (*builder).networkACLs}},
		Subject: "network ACLs",
		Models:  "custom ones with their entries; the default one allows IPv4 and, where the VPC has it, IPv6",
		Source:  "[default network ACL](https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html)",
	})
}

// ACL is an AWS::EC2::NetworkAcl, or the default one of a VPC. It is stateless.
type ACL struct {
	Ref
	VPC     *VPC
	Default bool
	// Entries are sorted by number. The default ACL has 100 (IPv4) and, where the VPC has IPv6, 101.
	// See https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html.
	Entries []*ACLEntry
	// Imported says that templates use this ACL but none declares it.
	Imported bool
}

// ACLEntry is an AWS::EC2::NetworkAclEntry.
type ACLEntry struct {
	Ref
	Number   int
	Egress   bool
	Allow    bool
	Proto    Proto
	From, To uint16
	Prefix   netip.Prefix
	Family   Family // that the entry is about
	// Unknown names an expression that is decided at deployment. What beside it is known holds: an entry for one port does not
	// match another, whatever its range is.
	Unknown string
	// Undecided says that whether the entry allows, or where it stands among the others, is decided at deployment.
	Undecided bool
}

// Covers reports whether the entry's protocol and ports cover a protocol and destination port.
func (e *ACLEntry) Covers(p Proto, port uint16) bool {
	r := Rule{Proto: e.Proto, From: e.From, To: e.To}
	return r.Covers(p, port)
}

// networkACLs reads network ACLs with their entries, and gives every subnet its own.
func (b *builder) networkACLs() {
	for _, v := range b.net.VPCs {
		if v.Imported {
			continue
		}
		a := v.Ref
		a.Name = "default network ACL of " + v.String()
		v.DefaultACL = &ACL{Ref: a, VPC: v, Default: true}
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
	for _, r := range b.set.Resources("AWS::EC2::NetworkAcl") {
		a := &ACL{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId"))}
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
			s.NetworkACL = &ACL{Ref: outside("AWS::EC2::NetworkAcl", id), Imported: true}
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

func sortEntries(a *ACL) {
	slices.SortStableFunc(a.Entries, func(x, y *ACLEntry) int { return cmp.Compare(x.Number, y.Number) })
}

func (b *builder) acl(v cfn.Value) *ACL {
	if r, attr, ok := v.Attribute(); ok && attr == "DefaultNetworkAcl" {
		if vpc := b.vpcs[own(r)]; vpc != nil {
			return vpc.DefaultACL
		}
	}
	return b.acls[key(v)]
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

func (t *tracer) entryUnknown(a *ACL, e *ACLEntry) Verdict {
	return t.stop(Insufficient, AtNetworkACL, e.Ref, "entry %d of %s names %s, which is decided at deployment", e.Number, a.Ref, e.Unknown)
}

func aclRef(a *ACL, e *ACLEntry) Ref {
	if e.LogicalID != "" {
		return e.Ref
	}
	return a.Ref
}
