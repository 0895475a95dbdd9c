package network

import (
	"fmt"
	"net/netip"
	"strconv"
)

// Family is an address family. The zero value means no family was stated.
type Family uint8

// The two families.
const (
	IPv4 Family = 4
	IPv6 Family = 6
)

func (f Family) String() string {
	switch f {
	case IPv4:
		return "IPv4"
	case IPv6:
		return "IPv6"
	}
	return "none"
}

// FamilyOf returns the family of an address; an IPv4-mapped IPv6 address is IPv6.
func FamilyOf(a netip.Addr) Family {
	switch {
	case a.Is4():
		return IPv4
	case a.Is6():
		return IPv6
	}
	return 0
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

// Number is IANA's number of the protocol. AnyProto has none.
func (p Proto) Number() uint16 { return uint16(max(p, 0)) }

// addressKey tells the addresses of one walk apart: in VPCs whose ranges overlap, two interfaces may have the same one.
type addressKey struct {
	vpc int // its index, or noVPC
	one netip.Addr
}

// noVPC stands for no VPC.
const noVPC = -1

func (k addressKey) String() string { return fmt.Sprintf("%s in %d", k.one, k.vpc) }

func (p *Interface) key(a netip.Addr) addressKey {
	if p.VPC == nil {
		return addressKey{noVPC, a}
	}
	return addressKey{p.VPC.Index, a}
}

// backendPort is the key of the port of the Pods behind a load balancer that no template tells: it stands for that port.
type backendPort uint16

// portKey tells the source ports of one flow apart: a packet may pass one translator twice.
type portKey struct {
	place      string
	legs, hops int
}
