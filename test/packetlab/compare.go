package packetlab

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sync/semaphore"

	"github.com/eks-ipv6/cdk/internal/behind"
	"github.com/eks-ipv6/cdk/internal/netset"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/catalogue"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// Disagreement is a flow about which the tracer and the lab say different things.
type Disagreement struct {
	Flow   *Flow
	Tracer string
	Lab    string
}

func (d Disagreement) String() string {
	return fmt.Sprintf("%s\n  tracer: %s\n  lab:    %s\n%s", d.Flow.Name, d.Tracer, d.Lab, render.TraceText(behind.Trace(d.Flow.Trace).(flow.Trace), render.TextOptions{}))
}

// Compare holds every flow's exchanges against its trace: the verdict, what the destination saw, and by which gateways
// and to which interfaces the packets went.
func (l *Lab) Compare() ([]Disagreement, error) {
	seen, err := l.sightings()
	if err != nil {
		return nil, err
	}
	var out []Disagreement
	claims := newClaims(l.flows)
	for _, f := range l.flows {
		tracer, lab := l.differ(f, seen, claims)
		if tracer != "" {
			out = append(out, Disagreement{f, tracer, lab + whereabouts(f, seen)})
		}
	}
	return out, nil
}

// differ says in which way a flow's trace and its exchanges differ; both texts are empty where they agree.
func (l *Lab) differ(f *Flow, seen []sighting, claims *claims) (tracer, lab string) {
	if len(f.Trace.Regions) != 1 {
		return fmt.Sprintf("%s, and the packet is in %d regions of the trace", f.Trace.Verdict, len(f.Trace.Regions)), "a packet is in one region"
	}
	if r := f.Trace.Regions[0]; r.Verdict != f.Trace.Verdict {
		return fmt.Sprintf("%s, and of its region %s at %s: %s", f.Trace.Verdict, r.Verdict, r.Last().Ref, r.Last().By), "a packet fares as its region"
	}
	ok, last, got := f.Trace.Verdict.OK(), f.Trace.Last(), f.Got
	answered := got.Answered && (got.Arrived != nil || f.pings())
	switch {
	case ok && !answered && got.Answered:
		return f.Trace.Verdict.String(), "another host answered"
	case ok && !answered:
		return f.Trace.Verdict.String(), "no answer: " + got.Err
	case !ok && answered:
		return fmt.Sprintf("%s at %s: %s", f.Trace.Verdict, last.Ref, last.By), "answered"
	}
	if f.pings() { // routers write down packets with ports only
		return "", ""
	}
	if ok {
		end := f.Trace.Hops[len(f.Trace.Hops)-1].After
		from, to := netip.AddrPortFrom(end.Src, end.SrcPort), netip.AddrPortFrom(end.Dst, end.DstPort)
		if got.Arrived.Remote != from || got.Arrived.Local != to {
			return fmt.Sprintf("%s sees %s → %s", last.Ref, from, to), fmt.Sprintf("%s sees %s → %s", got.Arrived.At, got.Arrived.Remote, got.Arrived.Local)
		}
	}
	for _, c := range passages(f.Trace) {
		if got.Tried && !slices.ContainsFunc(seen, func(s sighting) bool { return s.leads == c.leads && c.matches(s) }) {
			return fmt.Sprintf("%s was sent to %s", c, place(c.leads)), "nothing of it was sent there"
		}
	}
	if !got.Tried { // its trace ends before there is a packet
		return "", ""
	}
	for _, s := range seen {
		if !ok && (s.leads == "" && (!f.ends(s.Dst.Addr(), s.vpc) || s.Dst.Port() == f.Port && s.vpc == f.From.VPC && f.To.VPC != s.vpc && !f.proxied()) || s.from != nil && !f.ends(s.Src.Addr(), s.vpc)) {
			continue // where ranges overlap, a host of another VPC has the address, gets what is not its own, and answers
		}
		if claims.mine(f, s) && !claims.explain(s) {
			return fmt.Sprintf("%s; nothing was sent to %s", f.Trace.Verdict, place(s.leads)), fmt.Sprintf("%s → %s was sent there", s.Src, s.Dst)
		}
	}
	return "", ""
}

func (f *Flow) proxied() bool {
	return slices.ContainsFunc(f.Trace.Hops, func(h network.Hop) bool { return proxies[h.Component] })
}

// ends reports whether an address in a VPC is of one of the flow's own interfaces, as far as the flow comes.
func (f *Flow) ends(a netip.Addr, v *network.VPC) bool {
	list := []*network.Interface{&f.From, f.To}
	if f.proxied() {
		list = append(list, f.Front, f.Backend)
	}
	for _, i := range list {
		if i != nil && i.VPC == v && (a == i.IPv4 || a == i.IPv6 || slices.Contains(i.Instead, a)) {
			return true
		}
	}
	return false
}

// whereabouts lists where the flow's first packet was seen, for the reader of a disagreement.
func whereabouts(f *Flow, seen []sighting) string {
	var out []string
	for _, h := range f.Trace.Hops {
		c := claim{src: h.Before.Src, dst: h.Before.Dst, port: h.Before.DstPort}
		for _, s := range seen {
			if text := fmt.Sprintf("%s → %s to %s", s.Src, s.Dst, place(s.leads)); c.matches(s) && !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "\n          sent: " + strings.Join(out, ", ")
}

// sighting is a packet that a router sent on: to an interface that has its destination address, or to a gateway.
type sighting struct {
	wire.Sighting
	leads string       // "" for the interface that the packet is for
	vpc   *network.VPC // whose router it was
	from  *card        // the interface there that has the packet's source, nil if none
}

func (l *Lab) sightings() ([]sighting, error) {
	var out []sighting
	for _, r := range l.order {
		list, err := r.box.Sightings()
		if err != nil {
			return nil, err
		}
		ports := map[string]*port{}
		for _, p := range r.ports {
			ports[p.name] = p
		}
		for _, s := range list {
			p := ports[s.Link]
			leads := p.leads
			if p.card != nil && (p.card.has(s.Dst.Addr()) || leads == "") {
				leads = ""
			}
			var from *card
			for _, q := range r.ports {
				if q.card != nil && q.leads == "" && q.card.has(s.Src.Addr()) {
					from = q.card
				}
			}
			out = append(out, sighting{s, leads, r.vpc, from})
		}
	}
	return out, nil
}

// claim is a packet that a trace says was sent somewhere.
type claim struct {
	src, dst netip.Addr
	port     uint16 // of the service: the destination port, or on the way back the source port
	back     bool
	leads    string
}

func (c claim) String() string {
	if c.back {
		return fmt.Sprintf("the answer %s → %s", netip.AddrPortFrom(c.src, c.port), c.dst)
	}
	return fmt.Sprintf("%s → %s", c.src, netip.AddrPortFrom(c.dst, c.port))
}

// place is where a packet was sent, for a reader.
func place(leads string) string {
	if leads == "" {
		return "the interface with that address"
	}
	return leads
}

func (c claim) matches(s sighting) bool {
	port := s.Dst.Port()
	if c.back {
		port = s.Src.Port()
	}
	return c.src == s.Src.Addr() && c.dst == s.Dst.Addr() && c.port == port
}

func claimOf(p network.Packet, back bool, leads string) claim {
	if back {
		return claim{p.Src, p.Dst, p.SrcPort, true, leads}
	}
	return claim{p.Src, p.Dst, p.DstPort, false, leads}
}

// outward are the components that a router sends packets to.
var outward = map[network.Component]bool{
	network.AtInternetGateway: true, network.AtEgressOnlyGateway: true, network.AtNATGateway: true, network.AtPeering: true, network.AtTransitGateway: true, network.AtEndpoint: true,
}

// passages are the gateways and interfaces that a trace says its packets were sent to: not the gateways by which they came
// in, and not the one that refused a packet.
func passages(t network.Trace) []claim {
	var out []claim
	// A load balancer opens no connection for a client that its own answers do not reach.
	deaf := !t.Verdict.OK() && len(t.Return) > 0
	for i, hops := range [][]network.Hop{t.Hops, t.Return} {
		for n, h := range hops {
			if deaf && proxy(h) {
				return out
			}
			switch {
			case h.Action == network.Deliver && i == 0 && n > 1 && hops[n-1].Component != network.AtNode && h.Component != network.AtService && h.Component != network.AtPublicEndpoint && h.Component != network.AtInternet:
				out = append(out, claimOf(h.Before, false, ""))
			case !outward[h.Component] || n == 0:
			case h.Action != network.Forward && h.Action != network.SNAT && h.Action != network.NAT64:
			case i == 1 && h.Component == network.AtNATGateway: // its answers come to its own address
			case hops[n-1].Component != network.AtRouteTable && hops[n-1].Component != network.AtTransitTable && hops[n-1].Component != network.AtNetworkACL && hops[n-1].Action != network.Routed:
			default:
				out = append(out, claimOf(h.Before, i == 1, h.Stack+"/"+h.LogicalID))
			}
		}
	}
	return out
}

func proxy(h network.Hop) bool { return h.Action == network.Connect || h.Action == network.Translate }

// claims are what all traces of a network say together: flows share connections' addresses, as behind a NAT gateway.
type claims struct {
	at      map[claim]bool
	packets map[claim][]*Flow
}

func newClaims(flows []*Flow) *claims {
	c := &claims{at: map[claim]bool{}, packets: map[claim][]*Flow{}}
	for _, f := range flows {
		for i, hops := range [][]network.Hop{f.Trace.Hops, f.Trace.Return} {
			for _, h := range hops {
				for _, p := range []network.Packet{h.Before, h.After} {
					k := claimOf(p, i == 1, "")
					c.packets[k] = append(c.packets[k], f)
				}
				if outward[h.Component] { // a gateway may get a packet that it refuses
					c.at[claimOf(h.Before, i == 1, h.Stack+"/"+h.LogicalID)] = true
				}
				arrives := h.Action == network.Deliver || h.Action == network.Connect || h.Action == network.Translate || h.Action == network.DNAT || h.Action == network.NAT64 ||
					h.Action == network.SNAT && i == 1 || h.Action == network.Forward && h.Component == network.AtEndpointService
				if arrives {
					c.at[claimOf(h.Before, i == 1, "")] = true
				}
				// A proxy answers its client before it knows whether it reaches the target.
				if i == 0 && proxies[h.Component] && !f.Trace.Verdict.OK() {
					c.at[claimOf(h.Before, false, "")] = true
					c.at[claimOf(reverse(h.Before), true, "")] = true
					c.at[claimOf(reverse(h.Before), true, anyGateway)] = true
				}
			}
		}
		if !f.Trace.Verdict.OK() { // what refuses the packet may have got it
			c.at[claimOf(f.Trace.Last().Before, len(f.Trace.Return) > 0, anyGateway)] = true
		}
	}
	return c
}

const anyGateway = "*"

// proxies are the components that end a connection and open another, and what a trace names where the target is no good.
var proxies = map[network.Component]bool{network.AtALB: true, network.AtNLB: true, network.AtEndpointService: true, network.AtTargetGroup: true, network.AtNode: true}

func reverse(p network.Packet) network.Packet {
	p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	return p
}

// both are what a sighting can be: a packet towards a service, or an answer from one.
func both(s sighting) [2]claim {
	return [2]claim{{s.Src.Addr(), s.Dst.Addr(), s.Dst.Port(), false, s.leads}, {s.Src.Addr(), s.Dst.Addr(), s.Src.Port(), true, s.leads}}
}

// explain reports whether some trace says that the packet was sent there.
func (c *claims) explain(s sighting) bool {
	for _, k := range both(s) {
		if c.at[k] {
			return true
		}
		if k.leads != "" {
			if k.leads = anyGateway; c.at[k] {
				return true
			}
		}
	}
	return false
}

// mine reports whether a sighting is of a flow's packets.
func (c *claims) mine(f *Flow, s sighting) bool {
	for _, k := range both(s) {
		k.leads = ""
		if slices.Contains(c.packets[k], f) {
			return true
		}
	}
	return false
}

// Left is how many flows the lab cannot decide, and why.
type Left struct {
	Insufficient int // for the tracer, to say what becomes of any packet
	NAT64        int // needed and not to be had
	// Unsent are decided flows of which no packet can be sent beside those of the others. There are none.
	Unsent []string
}

// samples is how many packets of a trace are sent at most.
const samples = 8

// Flows are the packets of results that the lab sends: of each trace some that the tracer decided, and that the tools suffice for.
func Flows(net *network.Network, results []catalogue.Result, tools Tools) (decided []*Flow, left Left) {
	used, given := map[network.Header]bool{}, map[netip.Addr]netip.Addr{}
	for _, r := range results { // what a flow names has its own addresses
		if e, ok := r.Trace.Ends(); ok {
			for _, a := range []netip.Addr{e.From.IPv4, e.From.IPv6, e.To.IPv4, e.To.IPv6} {
				given[a] = a
			}
		}
	}
	for i, r := range results {
		if _, ok := r.Trace.Ends(); !ok {
			continue
		}
		first, lacks, drawn := true, false, false
		for _, s := range net.Sample(r.Trace, network.Sampling{Max: samples, Seed: uint64(i), Protocols: sent, Used: used, Given: given}) {
			drawn = true
			if s.Verdict == network.Insufficient {
				continue
			}
			ends, _ := s.Ends()
			f := &Flow{Ends: ends, Trace: s, ID: r.Flow.ID, Name: fmt.Sprintf("%s %s → %s: %s", r.Flow.ID, r.From, r.To, s.Hops[0].Before), First: first}
			if tools.NAT64 == "" && nat64.Contains(f.dialled()) {
				lacks = true
				continue
			}
			first = false
			decided = append(decided, f)
		}
		switch {
		case !drawn && r.Trace.Verdict != network.Insufficient:
			left.Unsent = append(left.Unsent, fmt.Sprintf("%s %s → %s", r.Flow.ID, r.From, r.To))
		case first && lacks:
			left.NAT64++
		case first:
			left.Insufficient++
		}
	}
	return decided, left
}

// sent are the protocols of packets that the lab sends.
var sent = netset.Just(uint16(network.TCP), uint16(network.UDP), uint16(network.ICMPv6))

// room bounds how many interfaces are built at a time: each takes files, of which the netfilter library can wait for 1024.
const capacity = 200

var room = semaphore.NewWeighted(capacity)

// Hold builds the lab for flows of a network, opens them, and compares. It may be called at several places at once.
func Hold(net *network.Network, flows []*Flow, tools Tools) ([]Disagreement, error) {
	keys := map[string]bool{}
	for _, f := range flows {
		for _, i := range []network.Interface{f.From, *f.To} {
			if inside(i) {
				keys[keyOf(i)] = true
			}
		}
	}
	size := min(int64(len(keys)+10*len(net.VPCs)), capacity)
	if err := room.Acquire(context.Background(), size); err != nil {
		return nil, err
	}
	defer room.Release(size)
	l, err := New(net, flows, tools)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	l.Run()
	return l.Compare()
}
