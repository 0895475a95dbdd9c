package network_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/netset"
	"github.com/eks-ipv6/cdk/internal/network"
)

var networks = flag.Int("networks", 300, "how many random networks TestBruteForce makes")

// TestBruteForce walks the packets of random small networks one by one, with the simple tracer of naive_test.go, and demands the
// same of the tracer: that each is in one region of its question, that it passes where the region passes, and that it is lost where
// the region is lost. The packets are made of the values at both sides of every edge that the network draws: all of them where they
// are few, else random ones.
func TestBruteForce(t *testing.T) {
	t.Parallel()
	var questions, packets, passed int
	lost := map[string]int{}
	for seed := range uint64(*networks) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		n := naiveNetworkOf(rnd)
		data, err := json.Marshal(n.template())
		if err != nil {
			t.Fatal(err)
		}
		read, err := network.Parse("tiny.json", data)
		if err != nil {
			t.Fatal(err)
		}
		if len(read.Problems)+len(read.Unmodelled)+len(read.Unread) > 0 {
			t.Fatalf("seed %d: %v %v %v", seed, read.Problems, read.Unmodelled, read.Unread)
		}
		for _, q := range n.questions(rnd) {
			traces, err := read.TraceAll(network.Query{From: network.Name(q.from.name), To: network.Name(q.to.name), Everything: true, Family: q.family})
			if err != nil || len(traces) != 1 {
				t.Fatalf("seed %d: %v: %d traces, %v", seed, q, len(traces), err)
			}
			names, draws := q.packets(n, rnd)
			find := network.RegionFinder(t, traces[0], names)
			questions++
			for _, values := range draws {
				packets++
				say := func(format string, args ...any) {
					t.Fatalf("seed %d: %s → %s over %s: %v of %v: %s\n%s", seed, q.from.name, q.to.name, q.family, values, names, fmt.Sprintf(format, args...), data)
				}
				in := find(values)
				if len(in) != 1 {
					say("in %d regions", len(in))
				}
				w := &naiveWalk{naiveNetwork: n}
				passes := q.walk(w, names, values)
				at := in[0].Last()
				switch {
				case in[0].Verdict == network.Insufficient:
					say("insufficient: %s", at.By)
				case passes != in[0].Verdict.OK():
					say("passes %v (lost: %s), and its region is %s: %s", passes, w.lost, in[0].Verdict, at.By)
				case !passes && w.lost != stage(at.Component):
					say("is lost at a %s, and its region at %s: %s", w.lost, at.Component, at.By)
				}
				lost[w.lost]++
				if passes {
					passed++
				}
			}
		}
	}
	t.Logf("%d networks, %d questions, %d packets, of which %d pass; lost: %v", *networks, questions, packets, passed, lost)
	for _, where := range []string{"", "security group", "network ACL", "way"} {
		if lost[where] < packets/50 {
			t.Errorf("of %d packets %d are lost at %q: the networks are too simple", packets, lost[where], where)
		}
	}
}

// stage is where a packet is lost: at which of the filters, or on the way between them.
func stage(c network.Component) string {
	if c == network.AtSecurityGroup || c == network.AtNetworkACL {
		return c.String()
	}
	return "way"
}

// naiveAsk is an end of a question: what its addresses and ports may be.
type naiveAsk struct {
	name   string
	host   *naiveHost
	subnet *naiveSubnet // any host in it, if it is no host
}

type naiveQuestion struct {
	from, to naiveAsk
	family   network.Family
}

// speaks reports whether an end has an address of a family.
func (a naiveAsk) speaks(f network.Family) bool {
	switch {
	case a.host != nil:
		return f == network.IPv4 || a.host.speaks6
	case a.subnet != nil:
		return f == network.IPv4 || a.subnet.six.IsValid()
	}
	return true
}

// questions are some of those that can be asked between hosts, any host of a subnet, and the internet.
func (n *naiveNetwork) questions(rnd *rand.Rand) (out []naiveQuestion) {
	for _, f := range []network.Family{network.IPv4, network.IPv6} {
		internet := naiveAsk{name: string(map[network.Family]network.Name{network.IPv4: network.Internet4, network.IPv6: network.Internet6}[f])}
		for i, h := range n.hosts {
			host := naiveAsk{name: h.id, host: h, subnet: h.subnet}
			anybody := n.hosts[(i+1)%len(n.hosts)].subnet
			out = append(out, naiveQuestion{host, internet, f}, naiveQuestion{internet, host, f}, naiveQuestion{naiveAsk{name: "subnet:" + anybody.id, subnet: anybody}, host, f})
			for _, o := range n.hosts {
				if o != h {
					out = append(out, naiveQuestion{host, naiveAsk{name: o.id, host: o, subnet: o.subnet}, f})
				}
			}
		}
	}
	out = slices.DeleteFunc(out, func(q naiveQuestion) bool { return !q.from.speaks(q.family) || !q.to.speaks(q.family) })
	rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:min(len(out), mostQuestions)]
}

// The names of the tracer's variables.
func addressName(end string) string { return "address of " + end }
func publicName(end string) string  { return "public address of " + end }
func portName(end string) string    { return "source port of " + end }

const protocolName, servicePortName = "protocol", "destination port"

// mostQuestions and mostPackets bound what is asked of one network, and the packets of one question.
const mostQuestions, mostPackets = 8, 60

// packets are the packets of a question: the names of their fields and of what is chosen on the way, and the values of each.
func (q naiveQuestion) packets(n *naiveNetwork, rnd *rand.Rand) (names []string, draws [][]network.Value) {
	edges4, edges6, ports, protocols := n.edges()
	edges := edges4
	if q.family == network.IPv6 {
		edges = edges6
	}
	var domains [][]network.Value
	add := func(name string, values []network.Value) {
		names, domains = append(names, name), append(domains, values)
	}
	addresses := func(points []netip.Addr, holds func(netip.Addr) bool) (out []network.Value) {
		for _, a := range points {
			if holds(a) {
				out = append(out, network.Value{Addr: a})
			}
		}
		return out
	}
	numbers := func(points []int, from, to int) (out []network.Value) {
		for _, n := range append([]int{from, to}, points...) {
			if from <= n && n <= to {
				out = append(out, network.Value{Number: uint16(n)})
			}
		}
		return out
	}
	end := func(a naiveAsk, sends bool) {
		switch {
		case a.host != nil && (q.family == network.IPv4 && a.host.four.IsValid() || q.family == network.IPv6 && a.host.six.IsValid()):
			one := a.host.four
			if q.family == network.IPv6 {
				one = a.host.six
			}
			add(addressName(a.name), []network.Value{{Addr: one}})
		case a.subnet != nil:
			add(addressName(a.name), addresses(edges, usable(a.subnet.prefix(q.family))))
		default:
			add(addressName(a.name), addresses(edges, func(a netip.Addr) bool { return n.onInternet(a, sends) }))
		}
		if a.host != nil && a.host.internet {
			add(publicName(a.name), addresses(edges4, func(a netip.Addr) bool { return n.onInternet(a, false) }))
		}
		if sends {
			from, to := 1024, 65535
			if a.subnet != nil {
				from, to = 32768, 60999 // Linux
			}
			add(portName(a.name), numbers(ports, from, to))
		}
	}
	end(q.from, true)
	end(q.to, false)
	add(protocolName, numbers(protocols, 0, 255))
	add(servicePortName, numbers(ports, 0, 65535))
	for _, g := range n.nats {
		if g.four.IsValid() {
			add(addressName(g.id), []network.Value{{Addr: g.four}})
		} else {
			add(addressName(g.id), addresses(edges4, usable(g.subnet.four)))
		}
		if g.public {
			add(publicName(g.id), addresses(edges4, func(a netip.Addr) bool { return n.onInternet(a, false) }))
		}
		add(portName(g.id), numbers(ports, 1024, 65535))
	}
	all := 1
	for _, d := range domains {
		all *= min(len(d), mostPackets+1)
		all = min(all, mostPackets+1)
	}
	if all <= mostPackets {
		draws = [][]network.Value{nil}
		for _, d := range domains {
			var longer [][]network.Value
			for _, packet := range draws {
				for _, v := range d {
					longer = append(longer, append(slices.Clone(packet), v))
				}
			}
			draws = longer
		}
		return names, draws
	}
	for range mostPackets {
		packet := make([]network.Value, len(domains))
		for i, d := range domains {
			packet[i] = d[rnd.IntN(len(d))]
		}
		if rnd.IntN(3) > 0 { // most filters are about these
			packet[slices.Index(names, protocolName)].Number = [...]uint16{6, 17}[rnd.IntN(2)]
		}
		draws = append(draws, packet)
	}
	return names, draws
}

// walk takes one packet through the network.
func (q naiveQuestion) walk(w *naiveWalk, names []string, values []network.Value) bool {
	value := func(name string) network.Value {
		if i := slices.Index(names, name); i >= 0 {
			return values[i]
		}
		return network.Value{}
	}
	end := func(a naiveAsk) naiveEnd {
		e := naiveEnd{subnet: a.subnet, unfiltered: a.host == nil, public: value(publicName(a.name)).Addr}
		if a.host != nil {
			e.groups = a.host.groups
		}
		if one := value(addressName(a.name)).Addr; one.Is4() {
			e.four = one
		} else {
			e.six = one
		}
		return e
	}
	from, to := end(q.from), end(q.to)
	w.nat = func(g *naiveNAT) (netip.Addr, uint16) {
		return value(addressName(g.id)).Addr, value(portName(g.id)).Number
	}
	p := naivePacket{proto: uint8(value(protocolName).Number), sport: value(portName(q.from.name)).Number, dport: value(servicePortName).Number}
	switch {
	case q.family == network.IPv6:
		p.src, p.dst = from.six, to.six
	case q.from.subnet == nil && to.public.IsValid(): // from outside, only the public address is known
		p.src, p.dst = from.four, to.public
	default:
		p.src, p.dst = from.four, to.four
	}
	return w.passes(p, from, to)
}

// usable are the addresses of a subnet that AWS gives.
func usable(p netip.Prefix) func(netip.Addr) bool {
	first := netset.Plus(p.Addr(), 4)
	return func(a netip.Addr) bool { return p.Contains(a) && !a.Less(first) && a != netset.Last(p) }
}

func (s *naiveSubnet) prefix(f network.Family) netip.Prefix {
	if f == network.IPv6 {
		return s.six
	}
	return s.four
}

// naiveGlobal tells that the internet routes an address.
func naiveGlobal(a netip.Addr) bool {
	return !slices.ContainsFunc(slices.Concat(aws.Special4(), aws.Special6()), func(p netip.Prefix) bool { return p.Contains(a) })
}

// onInternet tells that a host beyond the network may have an address; who sends may claim one that nobody has.
func (n *naiveNetwork) onInternet(a netip.Addr, sends bool) bool {
	own := slices.ContainsFunc(n.vpcs, func(v *naiveVPC) bool { return v.four.Contains(a) || v.six.Contains(a) })
	return !own && naiveGlobal(a) && (a.Is4() || sends || netip.MustParsePrefix("2000::/3").Contains(a))
}

// edges are the values at both sides of every edge of what the network holds.
func (n *naiveNetwork) edges() (four, six []netip.Addr, ports, protocols []int) {
	protocols = []int{1, 6, 17, 50, 58}
	list := slices.Concat(aws.Special4(), aws.Special6(), []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"), netip.MustParsePrefix("2000::/3")})
	match := func(m naiveMatch) {
		if m.prefix.IsValid() {
			list = append(list, m.prefix)
		}
		ports = append(ports, int(m.from)-1, int(m.from), int(m.to), int(m.to)+1)
	}
	for _, v := range n.vpcs {
		list = append(list, v.four, v.six)
		for _, g := range v.groups {
			for _, r := range slices.Concat(g.ingress, g.egress) {
				match(r.naiveMatch)
			}
		}
		for _, s := range v.subnets {
			for _, p := range []netip.Prefix{s.four, s.six} {
				if p.IsValid() {
					list = append(list, p, netip.PrefixFrom(netset.Plus(p.Addr(), 4), p.Addr().BitLen()), netip.PrefixFrom(netset.Last(p), p.Addr().BitLen()))
				}
			}
			for _, r := range s.routes {
				list = append(list, r.destination)
			}
			for _, e := range s.entries {
				match(e.naiveMatch)
			}
		}
	}
	for _, p := range list {
		if !p.IsValid() {
			continue
		}
		for _, a := range []netip.Addr{p.Addr().Prev(), p.Addr(), netset.Last(p), netset.Last(p).Next()} {
			switch {
			case !a.IsValid():
			case a.Is4():
				four = append(four, a)
			default:
				six = append(six, a)
			}
		}
	}
	for _, list := range []*[]netip.Addr{&four, &six} {
		slices.SortFunc(*list, netip.Addr.Compare)
		*list = slices.Compact(*list)
	}
	slices.Sort(ports)
	return four, six, slices.Compact(ports), protocols
}

// TestOverlappingAddresses: two interfaces of VPCs with one range may be given the same address, and are asked about apart.
func TestOverlappingAddresses(t *testing.T) {
	t.Parallel()
	n := &naiveNetwork{}
	for _, id := range []string{"Here", "There"} {
		v := &naiveVPC{id: id, four: netip.MustParsePrefix("10.0.0.0/24")}
		s := &naiveSubnet{id: id + "Subnet", vpc: v, four: netip.MustParsePrefix("10.0.0.0/28")}
		g := &naiveGroup{id: id + "Group", egress: []naiveRule{{naiveMatch: naiveMatch{proto: -1, to: 65535, prefix: netip.MustParsePrefix("10.0.0.8/29")}}}}
		v.subnets, v.groups = []*naiveSubnet{s}, []*naiveGroup{g}
		n.vpcs, n.hosts = append(n.vpcs, v), append(n.hosts, &naiveHost{id: id + "Host", subnet: s, groups: v.groups})
	}
	data, err := json.Marshal(n.template())
	if err != nil {
		t.Fatal(err)
	}
	read, err := network.Parse("tiny.json", data)
	if err != nil {
		t.Fatal(err)
	}
	traces, err := read.TraceAll(network.Query{From: "HereHost", To: "ThereHost"})
	if err != nil {
		t.Fatal(err)
	}
	find := network.RegionFinder(t, traces[0], []string{addressName("HereHost"), addressName("ThereHost"), portName("HereHost")})
	for from, to := range map[string]string{"10.0.0.4": "10.0.0.9", "10.0.0.9": "10.0.0.4"} {
		in := find([]network.Value{{Addr: netip.MustParseAddr(from)}, {Addr: netip.MustParseAddr(to)}, {Number: 40000}})
		if len(in) != 1 || (in[0].Last().Component == network.AtSecurityGroup) != (to == "10.0.0.4") {
			t.Errorf("%s → %s is in %d regions, the first ends at %s", from, to, len(in), in[0].Last().By)
		}
	}
}
