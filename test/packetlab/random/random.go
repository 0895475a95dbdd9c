// Package random makes networks from a seed, asks questions of them, and makes the one that failed smaller: for holding
// the verdicts of preflight/flow against real packets on networks that nobody thought of.
package random

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
)

type (
	object = map[string]any
	list   = []any
)

// Template is the CloudFormation template of a random network, the same one for the same seed: one to three VPCs, mostly
// alive, with missing and contradictory parts. AWS would create it, but for states that only a later change leads to: a
// route to a gateway that is detached since, a peering of ranges that overlap, an endpoint of a family that its service
// no longer offers; and for instances in a target group of addresses, the only such targets that the tracer knows.
func Template(seed uint64) map[string]any {
	b := &builder{Rand: rand.New(rand.NewPCG(seed, 0)), resources: object{}, count: map[string]int{}}
	b.publicAccess()
	for range 1 + b.IntN(3) {
		b.vpc()
	}
	for _, m := range makers {
		for _, v := range b.vpcs {
			for range m.most {
				if b.chance(m.percent) {
					m.make(b, v)
				}
			}
		}
	}
	return object{"AWSTemplateFormatVersion": "2010-09-09", "Resources": b.resources}
}

// makers make the parts of each VPC, in this order: later parts name earlier ones. Each is called up to most times, each
// time with a chance.
var makers = []struct {
	most, percent int
	make          func(*builder, *vpc)
}{
	{1, 100, (*builder).subnet},
	{3, 85, (*builder).subnet},
	{1, 90, (*builder).internetGateway},
	{1, 80, (*builder).egressOnlyGateway},
	{2, 60, (*builder).natGateway},
	{1, 55, (*builder).peering},
	{1, 60, (*builder).attachment},
	{1, 100, (*builder).transitRoutes},
	{1, 25, (*builder).prefixList},
	{1, 100, (*builder).group},
	{2, 60, (*builder).group},
	{2, 30, (*builder).acl},
	{1, 100, (*builder).table},
	{2, 70, (*builder).table},
	{1, 100, (*builder).associations},
	{1, 100, (*builder).routes},
	{1, 35, (*builder).gatewayEndpoint},
	{1, 30, (*builder).interfaceEndpoint},
	{1, 100, (*builder).instance},
	{2, 60, (*builder).instance},
	{2, 30, (*builder).service},
	{1, 45, func(b *builder, v *vpc) { b.cluster(v, true) }},
	{1, 15, func(b *builder, v *vpc) { b.cluster(v, false) }},
	{2, 40, (*builder).balancer},
	{1, 50, (*builder).privateLink},
	{1, 100, (*builder).rules},
	{1, 100, (*builder).exclusion},
}

// builder collects the resources, and what the makers must know of the parts that exist.
type builder struct {
	*rand.Rand
	resources object
	count     map[string]int // of resources, by the beginning of their ids

	vpcs      []*vpc
	transit   *transit
	lists     []prefixList
	balancers []*balancer
	clusters  int
	blocked   bool // by VPC Block Public Access
}

// add declares a resource, without the properties that are nil, and names it.
func (b *builder) add(typ string, props object) string {
	kind := typ[strings.LastIndexAny(typ, ":-")+1:]
	b.count[kind]++
	id := fmt.Sprint(kind, b.count[kind])
	for k, v := range props {
		if v == nil {
			delete(props, k)
		}
	}
	b.resources[id] = object{"Type": typ, "Properties": props}
	return id
}

func (b *builder) properties(id string) object {
	return b.resources[id].(object)["Properties"].(object)
}

func (b *builder) chance(percent int) bool { return b.IntN(100) < percent }

func one[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// some are up to n of a list, in random order.
func some[T any](b *builder, n int, of []T) (out []T) {
	for _, i := range b.Perm(len(of))[:min(n, len(of))] {
		out = append(out, of[i])
	}
	return out
}

// either is the first value where something is so, else the second.
func either[T any](is bool, yes, no T) T {
	if is {
		return yes
	}
	return no
}

// when is a property that is left out where something is not so.
func when(is bool, v any) any { return either(is, v, nil) }

func ref(id string) object       { return object{"Ref": id} }
func att(id, attr string) object { return object{"Fn::GetAtt": list{id, attr}} }

func refs[T fmt.Stringer](of []T) (out list) {
	for _, e := range of {
		out = append(out, ref(e.String()))
	}
	return out
}

// cidr is an address range: a literal, or the expression of one that AWS chooses for a VPC.
type cidr struct {
	value any
	four  netip.Prefix // a literal of IPv4
	of    *vpc         // of an expression
}

func literal(s string) cidr {
	c := cidr{value: s}
	if p := netip.MustParsePrefix(s); p.Addr().Is4() {
		c.four = p
	}
	return c
}

func all(six bool) cidr { return literal(either(six, "::/0", "0.0.0.0/0")) }

func (c cidr) six() bool { return !c.four.IsValid() }

// in is the property that names the range.
func (c cidr) in(four, six string) string { return either(c.six(), six, four) }

// part is the ith part of a length of an IPv4 range.
func part(p netip.Prefix, bits, i int) netip.Prefix {
	a := p.Addr().As4()
	n := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3]) | uint32(i)<<(32-bits)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), bits)
}

// everywhere are ranges that hold all or some hosts on the internet, or all networks.
var everywhere = strings.Fields("0.0.0.0/0 128.0.0.0/1 10.0.0.0/8 203.0.113.0/24 203.0.113.7/32 " +
	"::/0 2000::/3 2001:db8::/32 2001:db8:ffff::/48 2001:db8:ffff:ffff::7/128")

// destination is a range of the internet, of a VPC, or of a part of one; of the given VPC where one is given.
func (b *builder) destination(of *vpc) cidr {
	if of == nil {
		if b.chance(50) {
			return literal(one(b.Rand, everywhere...))
		}
		of = one(b.Rand, b.vpcs...)
	}
	c := one(b.Rand, append(of.ranges, one(b.Rand, of.subnets...).ranges...)...)
	if !c.six() && b.chance(20) { // a half, or a host's
		bits := one(b.Rand, c.four.Bits()+1, 32)
		return literal(part(c.four, bits, either(bits == 32, 4, 0)+b.IntN(2)).String())
	}
	return c
}

var servicePorts = []int{53, 80, 443, 5432, 8080}

// ports are a protocol with its ports. Ranges begin and end where the ranges of source ports do, so that one source port
// of each decides for all.
func (b *builder) ports() (proto string, from, to int) {
	switch n := b.IntN(100); {
	case n < 30:
		return "-1", 0, 65535
	case n < 65:
		p := one(b.Rand, servicePorts...)
		return "tcp", p, p
	case n < 75:
		return "udp", 53, 53
	}
	i := b.IntN(4)
	return one(b.Rand, "tcp", "tcp", "udp"), []int{0, 1024, 32768, 61000}[i], []int{1023, 32767, 60999, 65535}[i+b.IntN(4-i)]
}
