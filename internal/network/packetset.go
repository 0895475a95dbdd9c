package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-ipv6/cdk/internal/netset"
)

// PacketSet is a set of packets: all combinations of the fields' values. A field has the fewest prefixes, or spans of numbers, that
// tell its values from the others that the question asks about. A field without a value is not of the question, as the ports of
// ICMP.
type PacketSet struct {
	Src, Dst         []netip.Prefix
	Proto            []Span // IANA's protocol numbers
	SrcPort, DstPort []Span
	// Where are the conditions on what is decided on the way, such as the source port that a NAT gateway chooses.
	Where []string

	narrowed       fields         // those that do not have all that the question asks for
	butSrc, butDst []netip.Prefix // what the question asks for beside Src and Dst
}

// fields are some fields of a packet.
type fields struct{ src, dst, proto, srcPort, dstPort bool }

// String tells the set from the other packets of the question: "from 2a00:1450::/32, tcp 22", or "every packet".
func (p PacketSet) String() string {
	var parts []string
	say := func(when bool, word, text string) {
		if when {
			parts = append(parts, word+text)
		}
	}
	say(p.narrowed.src, "from ", shorter(p.Src, p.butSrc))
	say(p.narrowed.dst, "to ", shorter(p.Dst, p.butDst))
	say(p.narrowed.proto || p.narrowed.dstPort, "", services(p.Proto, p.DstPort, p.narrowed.dstPort))
	say(p.narrowed.srcPort, "source port ", spans(p.SrcPort))
	parts = append(parts, p.Where...)
	if len(parts) == 0 {
		return "every packet"
	}
	return strings.Join(parts, ", ")
}

// shorter writes prefixes, or where those that are left out are fewer, all but them.
func shorter(list, but []netip.Prefix) string {
	if len(but) > 0 && len(but) < len(list) {
		return "all but " + netset.Text(but)
	}
	return netset.Text(list)
}

// services writes protocols and destination ports: "tcp 22,443".
func services(protos, ports []Span, withPorts bool) string {
	name := "protocol " + spans(protos)
	if len(protos) == 1 && protos[0].From == protos[0].To {
		name = Proto(protos[0].From).String()
	}
	if withPorts {
		name += " port " + spans(ports)
	}
	return name
}

func spans(list []Span) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.String()
	}
	return strings.Join(out, ",")
}

// Span is the numbers from From to To, both included.
type Span struct{ From, To uint16 }

// String is the number, or the first and the last: "80", "32768-60999".
func (s Span) String() string {
	if s.From == s.To {
		return strconv.Itoa(int(s.From))
	}
	return fmt.Sprintf("%d-%d", s.From, s.To)
}

// Packets are the packets of the region: it holds those of each set.
func (r Region) Packets() []PacketSet {
	out := make([]PacketSet, len(r.cases))
	for i, c := range r.cases {
		out[i] = c.packets()
	}
	return out
}

// Text says which packets the region holds, one line for each set.
func (r Region) Text() []string {
	out := make([]string, len(r.cases))
	for i, p := range r.Packets() {
		out[i] = p.String()
	}
	return out
}

// packets are a case as the packets of the question, and the conditions on what is no field of it.
func (c *variables) packets() PacketSet {
	h := c.asked
	now := func(of *variable) variable {
		i := slices.IndexFunc(c.list, func(v variable) bool { return v.key == of.key })
		return c.list[i]
	}
	addrs := func(a address) []netip.Prefix {
		if a.of == nil {
			if !a.one.IsValid() {
				return nil
			}
			return []netip.Prefix{netip.PrefixFrom(a.one, a.one.BitLen())}
		}
		v := now(a.of)
		if a.as == embedded {
			return netset.EmbedAll(nat64, v.now.addrs).Prefixes()
		}
		return v.now.addrs.Within(v.asked.addrs)
	}
	numbers := func(n number) (out []Span) {
		set := netset.Just(n.one)
		if n.of != nil {
			set = now(n.of).now.numbers
		}
		for _, s := range set.Spans() {
			out = append(out, Span(s))
		}
		return out
	}
	narrowed := func(of *variable) bool {
		if of == nil {
			return false
		}
		v := now(of)
		return v.narrowed()
	}
	p := PacketSet{Src: addrs(h.src), Dst: addrs(h.dst), Proto: numbers(h.proto), SrcPort: numbers(h.srcPort), DstPort: numbers(h.dstPort)}
	but := func(a address) []netip.Prefix {
		if a.of == nil || a.as != itself {
			return nil
		}
		v := now(a.of)
		return v.asked.addrs.Minus(v.now.addrs).Within(v.asked.addrs)
	}
	if narrowed(h.src.of) {
		p.butSrc = but(h.src)
	}
	if narrowed(h.dst.of) {
		p.butDst = but(h.dst)
	}
	p.narrowed = fields{narrowed(h.src.of), narrowed(h.dst.of), narrowed(h.proto.of), narrowed(h.srcPort.of), narrowed(h.dstPort.of)}
	for _, v := range c.list {
		if !v.narrowed() || slices.ContainsFunc([]*variable{h.src.of, h.dst.of, h.proto.of, h.srcPort.of, h.dstPort.of}, func(of *variable) bool { return of != nil && of.key == v.key }) {
			continue
		}
		set := v.now.numbers.String()
		if v.names != nil {
			set = v.chosen()
		}
		if v.address {
			set = netset.Text(v.now.addrs.Within(v.asked.addrs))
		}
		p.Where = append(p.Where, fmt.Sprintf("%s %s", v.name, set))
	}
	return p
}

// chosen names what is left of a choice.
func (v *variable) chosen() string {
	var out []string
	for i, name := range v.names {
		if v.now.numbers.Contains(uint16(i)) {
			out = append(out, name)
		}
	}
	return strings.Join(out, " or ")
}
