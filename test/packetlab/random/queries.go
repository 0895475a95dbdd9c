package random

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/network"
)

// Queries are up to limit random questions that a network can answer, the same ones for the same seed: over both families,
// mostly TCP, to the ports of services and others, between its endpoints, hosts on the internet, and addresses. Half of
// them pass, as far as so many do, and those whose packets go different ways come first.
func Queries(n *network.Network, seed uint64, limit int) []network.Query {
	r := rand.New(rand.NewPCG(seed, 1))
	all := n.Endpoints()
	to := slices.DeleteFunc(slices.Clone(all), func(e network.Name) bool { // what another name means, too
		return slices.Contains(all, network.Name("subnet:"+string(e))) || slices.Contains(all, network.Name("nodegroup:"+string(e)))
	})
	internet := []network.Name{network.Internet4, network.Internet6, "203.0.113.7", "2001:db8:ffff:ffff::7"}
	to = append(to, internet[2:]...)
	from := slices.DeleteFunc(slices.Clone(to), func(e network.Name) bool { // what only answers
		_, err := n.TraceAll(network.Query{From: e, To: network.Internet4})
		return err != nil
	})
	from = append(from, internet...)
	var nowhere network.Name // mostly in no subnet
	if vpcs := n.VPCs; len(vpcs) > 0 {
		blocks := vpcs[r.IntN(len(vpcs))].Blocks
		nowhere = network.Name(last(blocks[r.IntN(len(blocks))].Prefix).String())
		to = append(to, nowhere)
	}

	asked := map[network.Query]bool{}
	var passed, blocked []candidate
	for range 20 * limit {
		q := network.Query{From: one(r, from...), To: one(r, to...), Family: one(r, 0, 0, network.IPv4, network.IPv6),
			Proto: one(r, network.TCP, network.TCP, network.TCP, network.TCP, network.UDP), Port: one[uint16](r, 0, 0, 53, 80, 443, 443, 5432, 8080, 8080, 40000)}
		traces, err := n.TraceAll(q)
		if err != nil || asked[q] || q.From == q.To || slices.ContainsFunc(traces, void) {
			continue
		}
		asked[q] = true
		unknown := slices.ContainsFunc(traces, func(t network.Trace) bool { return t.Verdict == network.Insufficient })
		switch c := (candidate{q, way(traces)}); {
		case unknown && r.IntN(10) > 0: // nothing to compare
		case slices.ContainsFunc(traces, func(t network.Trace) bool { return !t.Verdict.OK() }):
			blocked = append(blocked, c)
		default:
			passed = append(passed, c)
			a := traces[0].Hops[0].Before.Src
			inside := slices.ContainsFunc(n.VPCs, func(v *network.VPC) bool { _, ok := v.Contains(a); return ok })
			if inside && r.IntN(4) == 0 && !strings.HasPrefix(string(q.From), "subnet:") {
				from, to = append(from, network.Name(a.String())), append(to, network.Name(a.String()))
			}
		}
	}
	passed, blocked = varied(passed), varied(blocked)
	passed = passed[:min(max(limit/2, limit-len(blocked)), len(passed))]
	blocked = blocked[:min(limit-len(passed), len(blocked))]
	var out []network.Query
	for _, c := range append(passed, blocked...) {
		out = append(out, c.query)
	}
	return out
}

// candidate is a question that may be asked, and the way that its packets go.
type candidate struct {
	query network.Query
	way   string
}

func way(traces []network.Trace) string {
	var b strings.Builder
	for _, t := range traces {
		for _, h := range slices.Concat(t.Hops, t.Return) {
			b.WriteString(h.Component.String() + " " + string(h.Action) + h.FamilyOut().String())
		}
	}
	return b.String()
}

// varied orders candidates so that each way comes once before any comes again.
func varied(list []candidate) []candidate {
	rank, seen := map[network.Query]int{}, map[string]int{}
	for _, c := range list {
		rank[c.query] = seen[c.way]
		seen[c.way]++
	}
	slices.SortStableFunc(list, func(x, y candidate) int { return rank[x.query] - rank[y.query] })
	return list
}

// void says that nothing enters a network: a host on the internet is asked for a family that it does not have, or the
// sender is its own destination. Both addresses are one also where the destination has none, but then no way leads there.
func void(t network.Trace) bool {
	p := t.Hops[0].Before
	return t.Verdict.Blocked() && t.Last().Component == network.AtInternet || p.Src == p.Dst && t.Verdict != network.NoRoute && t.Verdict != network.Insufficient
}

// last is the address before the last one of a range.
func last(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(a)*8-1; i++ {
		a[i/8] |= 1 << (7 - i%8)
	}
	out, _ := netip.AddrFromSlice(a)
	return out
}
