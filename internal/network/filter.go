package network

import (
	"net/netip"
	"strconv"
)

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

// Proto is an IP protocol number, or AnyProto. ICMP stands for both ICMP and ICMPv6.
type Proto int16

// The protocols the rules can name. Others keep their number.
const (
	AnyProto Proto = -1
	ICMP     Proto = 1
	TCP      Proto = 6
	UDP      Proto = 17
	ICMPv6   Proto = 58
	SCTP     Proto = 132
)

func (p Proto) String() string {
	switch p {
	case AnyProto:
		return "all"
	case ICMP:
		return "icmp"
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	case ICMPv6:
		return "icmpv6"
	case SCTP:
		return "sctp"
	}
	return "protocol " + strconv.Itoa(int(p))
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

// NetworkACL is an AWS::EC2::NetworkAcl, or the default one of a VPC. It is stateless.
type NetworkACL struct {
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

// Number is IANA's number of the protocol. AnyProto has none.
func (p Proto) Number() uint16 { return uint16(max(p, 0)) }
