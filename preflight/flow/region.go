package flow

import (
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/network"
)

// Region is a part of the packets that a question is about: all that take one way and come to one end.
type Region struct {
	Verdict Verdict
	// Hops and Return are the way of one of its packets, as in a [Trace].
	Hops, Return []Hop
	Assumptions  []string
	// Exception says that the author of the templates takes these destinations out by name, and that the others of the question
	// pass: an entry of a network ACL denies them, a blackhole route drops them, or, of the internet, a route leads to another
	// network. A flow that must pass is not missed for them.
	Exception bool
	// Unassigned says that the region rests on an address that AWS gives at deployment: one of the regions will hold, and which
	// the templates do not say.
	Unassigned bool

	region network.Region
}

// PacketSet is a set of packets: all combinations of the fields' values. A field has the fewest prefixes, or spans of numbers, that
// tell its values from the others that the question asks about. A field without a value is not of the question, as the ports of
// ICMP.
type PacketSet struct {
	Src, Dst         []netip.Prefix
	Proto            []Span // IANA's protocol numbers
	SrcPort, DstPort []Span
	// Where are the conditions on what is decided on the way, such as the source port that a NAT gateway chooses.
	Where []string

	text string
}

// String tells the set from the other packets of the question: "from 2a00:1450::/32, tcp 22", or "every packet".
func (p PacketSet) String() string { return p.text }

// Span is the numbers from From to To, both included.
type Span struct{ From, To uint16 }

// String is the number, or the first and the last: "80", "32768-60999".
func (s Span) String() string { return network.Span(s).String() }

// Exceptions are the regions that the author of the templates takes out of a flow by name; see [Region].
func (t Trace) Exceptions() (out []Region) {
	for _, r := range t.Regions {
		if r.Exception {
			out = append(out, r)
		}
	}
	return out
}

// Decisive is the region whose way the trace shows.
func (t Trace) Decisive() Region { return t.Regions[t.Shown()] }

// Shown is the place of that region in Regions.
func (t Trace) Shown() int { return t.trace.Shown() }

// Packets are the packets of the region: it holds those of each set.
func (r Region) Packets() []PacketSet {
	sets := r.region.Packets()
	out := make([]PacketSet, len(sets))
	for i, p := range sets {
		out[i] = PacketSet{Src: p.Src, Dst: p.Dst, Proto: spansOf(p.Proto), SrcPort: spansOf(p.SrcPort), DstPort: spansOf(p.DstPort), Where: p.Where, text: p.String()}
	}
	return out
}

// Text says which packets the region holds, one line for each set.
func (r Region) Text() []string { return r.region.Text() }

// Last is the hop that decided, as [Trace.Last].
func (r Region) Last() Hop { return last(r.Hops, r.Return) }

func spansOf(list []network.Span) (out []Span) {
	for _, s := range list {
		out = append(out, Span(s))
	}
	return out
}

// traceOf is the tracer's answer as it is told.
func traceOf(t network.Trace) Trace {
	q := t.Query
	out := Trace{Query: Query{From: Endpoint(q.From), To: Endpoint(q.To), Port: q.Port, Proto: Proto(q.Proto.String()), Family: Family(q.Family), Everything: q.Everything},
		From: t.From, To: t.To, Verdict: Verdict(t.Verdict), Hops: hopsOf(t.Hops), Return: hopsOf(t.Return), Assumptions: t.Assumptions,
		Regions: make([]Region, 0, len(t.Regions)), trace: t}
	for i, r := range t.Regions {
		hops, back := out.Hops, out.Return
		if i != t.Shown() || !same(r.Hops, t.Hops) || !same(r.Return, t.Return) { // else the trace's way is this region's
			hops, back = hopsOf(r.Hops), hopsOf(r.Return)
		}
		out.Regions = append(out.Regions, Region{Verdict: Verdict(r.Verdict), Hops: hops, Return: back, Assumptions: r.Assumptions,
			Exception: r.Exception, Unassigned: r.Unassigned, region: r})
	}
	return out
}

// same reports whether two lists are one.
func same(a, b []network.Hop) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

func hopsOf(list []network.Hop) []Hop {
	if list == nil {
		return nil
	}
	out := make([]Hop, len(list))
	for i, h := range list {
		out[i] = Hop{Component: h.Component.String(), Type: h.Type, LogicalID: h.LogicalID, ConstructPath: h.ConstructPath, Stack: h.Stack, Label: h.Ref.Label(),
			Action: Action(h.Action), By: h.By, Before: packetOf(h.Before), After: packetOf(h.After)}
		if h.Workload != "" {
			out[i].Component += " " + h.Workload
		}
	}
	return out
}

func packetOf(p network.Packet) Packet {
	return Packet{Src: p.Src, Dst: p.Dst, Proto: Proto(p.Proto.String()), SrcPort: p.SrcPort, DstPort: p.DstPort}
}
