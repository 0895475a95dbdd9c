package random

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/eks-ipv6/cdk/internal/behind"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/catalogue"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

var (
	first = flag.Uint64("first", 0, "first seed")
	seeds = flag.Uint64("seeds", 300, "how many seeds")
)

func read(t *testing.T, template map[string]any) *network.Network {
	t.Helper()
	n, err := network.Parse("template.json", []byte(encode(t, template)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func encode(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestSameSeed(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		template := Template(seed)
		return encode(t, []any{template, Queries(read(t, template), seed, 20)})
	}
	for seed := range uint64(20) {
		if once, again := run(seed), run(seed); once != again {
			t.Errorf("seed %d gives two networks, or two lists of questions", seed)
		}
		if encode(t, Template(seed)) == encode(t, Template(seed+1)) {
			t.Errorf("seeds %d and %d give one network", seed, seed+1)
		}
	}
}

// components are what hops are called, and what a random network shows of each.
var components = map[network.Component]struct{ passed, blocked bool }{
	network.AtSecurityGroup: {true, true}, network.AtNetworkACL: {true, true}, network.AtRouteTable: {true, true},
	network.AtInternetGateway: {true, true}, network.AtEgressOnlyGateway: {true, true}, network.AtNATGateway: {true, true},
	network.AtPeering: {true, true}, network.AtTransitGateway: {true, true}, network.AtTransitTable: {true, true},
	network.AtEndpoint: {true, true}, network.AtEndpointService: {true, true}, network.AtService: {true, true},
	network.AtALB: {true, true}, network.AtNLB: {true, true},
	network.AtVPCCNI: {true, true}, network.AtKubeProxy: {true, true}, network.AtControlPlane: {true, true}, network.AtPublicEndpoint: {true, true},
	network.AtPod: {true, true}, network.AtNode: {true, true}, network.AtHost: {true, true},
	network.AtInstance: {true, true}, network.AtNetworkInterface: {true, true}, network.AtDatabase: {true, true}, network.AtCache: {true, true},
	network.AtMountTarget: {true, true}, network.AtFunction: {true, true},
	// These are shown only where they block, or only where they pass.
	network.AtTransitAttachment: {blocked: true}, network.AtVPC: {blocked: true}, network.AtKubernetesService: {blocked: true}, network.AtAddress: {blocked: true},
	network.AtTargetGroup: {blocked: true}, network.AtController: {blocked: true}, network.AtDNS64: {passed: true}, network.AtInternet: {passed: true},
	// docs/supported.md ignores these, and the networks have none.
	network.AtGLB: {}, network.AtNetworkPolicy: {}, network.AtVPNClient: {},
}

// TestComponents wants every component of the tracer in the table.
func TestComponents(t *testing.T) {
	t.Parallel()
	for _, c := range network.Components() {
		if _, ok := components[c]; !ok {
			t.Errorf("component %q is not in the table", c)
		}
	}
	if len(components) != len(network.Components()) {
		t.Errorf("%d components in the table, %d in the tracer", len(components), len(network.Components()))
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	verdicts, actions := map[network.Verdict]int{}, map[network.Action]int{}
	passed, blocked := map[network.Component]int{}, map[network.Component]int{}
	total, alive := 0, 0
	for seed := *first; seed < *first+*seeds; seed++ {
		template := Template(seed)
		n := read(t, template)
		m := n
		if len(m.Problems)+len(m.Unmodelled) > 0 {
			t.Fatalf("seed %d: problems %v, unmodelled %v", seed, m.Problems, m.Unmodelled)
		}
		if err := acceptable(m); err != nil {
			t.Errorf("seed %d: AWS would refuse: %v", seed, err)
		}
		queries := Queries(n, seed, 40)
		if len(queries) < 40 {
			t.Errorf("seed %d: %d questions", seed, len(queries))
		}
		ok, all := 0, 0
		for _, q := range queries {
			traces, err := n.TraceAll(q)
			if err != nil {
				t.Fatalf("seed %d: %v: %v", seed, q, err)
			}
			for _, tr := range traces {
				if err := invariants(tr); err != nil {
					t.Errorf("seed %d: %v: %v\n%s", seed, q, err, render.TraceText(behind.Trace(tr).(flow.Trace), render.TextOptions{}))
				}
				all++
				verdicts[tr.Verdict]++
				switch {
				case tr.Verdict.OK():
					ok++
					for _, h := range slices.Concat(tr.Hops, tr.Return) {
						passed[h.Component]++
						actions[h.Action]++
					}
				case tr.Verdict.Blocked():
					blocked[tr.Last().Component]++
				}
			}
		}
		total += all
		if ok*4 >= all {
			alive++
		}
		results, _ := catalogue.Ask(n)
		for _, r := range results {
			if err := invariants(r.Trace); err != nil {
				t.Errorf("seed %d: %s: %v\n%s", seed, r.Flow.ID, err, render.TraceText(behind.Trace(r.Trace).(flow.Trace), render.TextOptions{}))
			}
		}
	}
	t.Logf("%d traces of %d networks: %v, %d alive", total, *seeds, verdicts, alive)
	share := func(name string, of, least, most int) {
		if of*100 < least*total || of*100 > most*total {
			t.Errorf("%s are %d of %d traces, want %d to %d %%", name, of, total, least, most)
		}
	}
	share("passed", verdicts[network.Delivered]+verdicts[network.ExitsNetwork], 40, 60)
	share("gone to the internet", verdicts[network.ExitsNetwork], 2, 20)
	share("denied", verdicts[network.Denied], 10, 30)
	share("without route", verdicts[network.NoRoute], 20, 45)
	share("undecided", verdicts[network.Insufficient], 0, 2)
	if alive*10 < int(*seeds)*9 {
		t.Errorf("%d of %d networks are alive", alive, *seeds)
	}
	for name, want := range components {
		t.Logf("%-30s %6d passed %6d blocked", name, passed[name], blocked[name])
		if (passed[name] > 0) != want.passed || (blocked[name] > 0) != want.blocked {
			t.Errorf("%s is in %d passed traces and blocks %d, want some: %v", name, passed[name], blocked[name], want)
		}
		delete(passed, name)
		delete(blocked, name)
	}
	if len(passed)+len(blocked) > 0 {
		t.Errorf("components that are not in the table: %v %v", passed, blocked)
	}
	for _, a := range []network.Action{network.Originate, network.Resolve, network.SNAT, network.DNAT, network.NAT64, network.Routed, network.Translate, network.Connect,
		network.Forward, network.Allow, network.Deliver, network.Exit} {
		if actions[a] == 0 {
			t.Errorf("no passed trace does %s", a)
		}
	}
}

// acceptable says what EC2 would refuse to create.
func acceptable(n *network.Network) error {
	gateways := map[*network.VPC]string{}
	for _, r := range n.Templates.Resources("AWS::EC2::VPCGatewayAttachment") {
		for _, v := range n.VPCs {
			if vpc, _ := r.Prop("VpcId").Resource(); vpc.ID == v.LogicalID {
				if gateways[v] != "" {
					return fmt.Errorf("%s and %s both attach an internet gateway to %s", gateways[v], r.ID, v)
				}
				gateways[v] = r.ID
			}
		}
	}
	for _, v := range n.VPCs {
		var taken []netip.Prefix
		for _, s := range v.Subnets {
			for _, p := range []netip.Prefix{s.IPv4, s.IPv6} {
				if !p.IsValid() {
					continue
				}
				if b, ok := v.Contains(p.Addr()); !ok || b.Prefix.Bits() > p.Bits() || slices.ContainsFunc(taken, p.Overlaps) {
					return fmt.Errorf("%s of %s is outside its VPC, or taken", p, s.Ref)
				}
				taken = append(taken, p)
			}
			if s.AssignIPv6 && !s.IPv6.IsValid() || !s.IPv4.IsValid() && !s.Native {
				return fmt.Errorf("%s has not the ranges it wants", s.Ref)
			}
		}
		for _, table := range v.RouteTables {
			destinations := map[netip.Prefix]bool{}
			for _, r := range table.Routes {
				if r.PrefixList != nil {
					continue
				}
				if destinations[r.Destination] {
					return fmt.Errorf("%s: %s is there twice", r.Ref, r.Destination)
				}
				destinations[r.Destination] = true
				_, nat := r.Target.(*network.NATGateway)
				instead := nat && slices.ContainsFunc(v.Subnets, func(s *network.Subnet) bool { return s.IPv4 == r.Destination })
				if b, ok := v.Contains(r.Destination.Addr()); ok && b.Prefix.Bits() <= r.Destination.Bits() && !instead {
					return fmt.Errorf("%s: %s lies in the VPC's own range", r.Ref, r.Destination)
				}
				if _, ok := r.Target.(*network.EgressOnlyGateway); ok && r.Destination.Addr().Is4() {
					return fmt.Errorf("%s: an egress-only gateway for IPv4", r.Ref)
				}
			}
		}
		for _, a := range v.NetworkACLs {
			numbers := map[string]bool{}
			for _, e := range a.Entries {
				at := fmt.Sprint(e.Egress, e.Number)
				if numbers[at] || e.Number < 1 || e.Number > 32766 {
					return fmt.Errorf("%s: number %d", e.Ref, e.Number)
				}
				numbers[at] = true
			}
		}
		for _, g := range v.NATs {
			if !g.Private && v.InternetGateway == nil || g.NoAddress {
				return fmt.Errorf("%s has no internet gateway in its VPC, or no address", g.Ref)
			}
		}
	}
	for _, g := range n.TransitGateways {
		for _, table := range g.Tables {
			destinations := map[netip.Prefix]bool{}
			for _, r := range table.Routes {
				if !r.Propagated && destinations[r.Destination] {
					return fmt.Errorf("%s: %s is there twice", r.Ref, r.Destination)
				}
				destinations[r.Destination] = !r.Propagated || destinations[r.Destination]
			}
		}
	}
	for _, l := range n.LoadBalancers {
		zones := map[string]bool{}
		for _, s := range l.Subnets {
			zones[s.Zone] = true
			if s.VPC != l.VPC || l.Speaks(network.IPv6) && !s.IPv6.IsValid() {
				return fmt.Errorf("%s cannot be in %s", l.Ref, s.Ref)
			}
		}
		if l.Cluster == nil && (len(zones) < len(l.Subnets) || l.Kind == network.ALB && len(zones) < 2 || !l.Internal && l.VPC.InternetGateway == nil) {
			return fmt.Errorf("%s cannot be in zones %v", l.Ref, zones)
		}
	}
	return nil
}

// invariants are what holds for every trace of every network.
func invariants(t network.Trace) error {
	for _, r := range t.Regions {
		if err := invariantsOfWay(network.Trace{Verdict: r.Verdict, Hops: r.Hops, Return: r.Return}); err != nil {
			return err
		}
	}
	if t.Verdict == network.Mixed { // the verdict of all regions, with the way of one
		return nil
	}
	return invariantsOfWay(t)
}

func invariantsOfWay(t network.Trace) error {
	answer := func(p network.Packet) network.Packet {
		p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
		return p
	}
	for _, hops := range [][]network.Hop{t.Hops, t.Return} {
		for i, h := range hops {
			translates := slices.Contains([]network.Action{network.SNAT, network.DNAT, network.NAT64, network.Translate, network.Connect}, h.Action)
			bothFamilies := slices.Contains([]network.Action{network.NAT64, network.Translate, network.Connect}, h.Action)
			switch {
			case i > 0 && hops[i-1].After != h.Before:
				return fmt.Errorf("hop %d leaves %v, the next one gets %v", i, hops[i-1].After, h.Before)
			case !h.Before.Src.IsValid() || h.Before.Src.Is4() != h.Before.Dst.Is4() || h.After.Src.Is4() != h.After.Dst.Is4():
				return fmt.Errorf("hop %d: addresses of %v, %v", i+1, h.Before, h.After)
			case !translates && h.Before != h.After, !bothFamilies && h.FamilyIn() != h.FamilyOut():
				return fmt.Errorf("hop %d: %s changes %v to %v", i+1, h.Action, h.Before, h.After)
			}
		}
	}
	if len(t.Hops) == 0 {
		return fmt.Errorf("no hops")
	}
	arrived := t.Hops[len(t.Hops)-1]
	if len(t.Return) > 0 && t.Return[0].Before != answer(arrived.After) {
		return fmt.Errorf("the answer %v is not to %v", t.Return[0].Before, arrived.After)
	}
	ends := map[network.Verdict]network.Action{network.Delivered: network.Deliver, network.ExitsNetwork: network.Exit, network.Denied: network.Deny, network.NoRoute: network.Drop, network.Insufficient: network.Unknown}
	if t.Verdict.OK() {
		if len(t.Return) == 0 || arrived.Action != ends[t.Verdict] {
			return fmt.Errorf("%v ends with %s", t.Verdict, arrived.Action)
		}
		if back := t.Return[len(t.Return)-1]; back.After != answer(t.Hops[0].Before) || back.Action != network.Deliver {
			return fmt.Errorf("the sender of %v gets %v", t.Hops[0].Before, back.After)
		}
		return nil
	}
	if last := t.Last(); ends[t.Verdict] == "" || last.Action != ends[t.Verdict] || last.By == "" {
		return fmt.Errorf("%v ends with %s by %q", t.Verdict, last.Action, last.By)
	}
	return nil
}
