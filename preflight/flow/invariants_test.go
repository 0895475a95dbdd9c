package flow_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// invariants are what holds for every trace of every network.
func invariants(tr flow.Trace) error {
	if len(tr.Regions) == 0 {
		return fmt.Errorf("no regions")
	}
	var pass, other, open bool
	for _, r := range tr.Regions {
		if err := invariantsOfWay(r.Verdict, r.Hops, r.Return); err != nil {
			return err
		}
		if len(r.Packets()) == 0 {
			return fmt.Errorf("a region without packets: %v", r)
		}
		pass, other, open = pass || r.Verdict.OK(), other || !r.Verdict.OK() && !r.Exception, open || r.Verdict == flow.Insufficient || r.Unassigned
	}
	switch {
	case tr.Verdict.OK() && other, tr.Verdict.Blocked() && (pass || open && len(tr.Regions) == 1), tr.Verdict == flow.Mixed && len(tr.Regions) < 2, tr.Verdict == flow.Insufficient && !open:
		return fmt.Errorf("verdict %v of regions that pass: %v, do not: %v, are open: %v", tr.Verdict, pass, other, open)
	case tr.Verdict == flow.Mixed:
		return nil
	}
	return invariantsOfWay(tr.Verdict, tr.Hops, tr.Return)
}

func invariantsOfWay(verdict flow.Verdict, there, back []flow.Hop) error {
	tr := flow.Trace{Verdict: verdict, Hops: there, Return: back}
	if len(tr.Hops) == 0 {
		return fmt.Errorf("no hops")
	}
	if err := connected(tr.Hops); err != nil {
		return err
	}
	if err := connected(tr.Return); err != nil {
		return fmt.Errorf("return: %w", err)
	}
	reply := func(p flow.Packet) flow.Packet {
		p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
		return p
	}
	first, last := tr.Hops[0], tr.Last()
	if len(tr.Return) > 0 && tr.Return[0].Before != reply(tr.Hops[len(tr.Hops)-1].After) {
		return fmt.Errorf("the answer %v is not to what arrived, %v", tr.Return[0].Before, tr.Hops[len(tr.Hops)-1].After)
	}
	want := map[flow.Verdict]flow.Action{flow.Denied: flow.Deny, flow.NoRoute: flow.Drop, flow.Insufficient: flow.Unknown}
	switch tr.Verdict {
	case flow.Delivered, flow.ExitsNetwork:
		end := flow.Deliver
		if tr.Verdict == flow.ExitsNetwork {
			end = flow.Exit
		}
		if a := tr.Hops[len(tr.Hops)-1].Action; a != end {
			return fmt.Errorf("verdict %v ends with %s", tr.Verdict, a)
		}
		if len(tr.Return) == 0 {
			return fmt.Errorf("verdict %v without a way back", tr.Verdict)
		}
		back := tr.Return[len(tr.Return)-1]
		if back.Action != flow.Deliver || back.After != reply(first.Before) {
			return fmt.Errorf("the sender of %v gets %v (%s)", first.Before, back.After, back.Action)
		}
	case flow.Denied, flow.NoRoute, flow.Insufficient:
		if last.Action != want[tr.Verdict] || last.By == "" {
			return fmt.Errorf("verdict %v ends with %s by %q", tr.Verdict, last.Action, last.By)
		}
	default:
		return fmt.Errorf("invalid verdict %d", int(tr.Verdict))
	}
	for i, h := range tr.Hops {
		switch h.Action {
		case flow.Deliver, flow.Exit, flow.Deny, flow.Drop, flow.Unknown:
			if i != len(tr.Hops)-1 {
				return fmt.Errorf("hop %d of %d ends the trace: %s", i+1, len(tr.Hops), h.Action)
			}
		default:
		}
	}
	return nil
}

func connected(hops []flow.Hop) error {
	for i, h := range hops {
		if i > 0 && hops[i-1].After != h.Before {
			return fmt.Errorf("hop %d leaves %v and hop %d gets %v", i, hops[i-1].After, i+1, h.Before)
		}
		if h.Component == "" || h.Action == "" {
			return fmt.Errorf("hop %d has no component or action: %+v", i+1, h)
		}
		if !h.Before.Src.IsValid() || !h.Before.Dst.IsValid() || !h.After.Src.IsValid() || !h.After.Dst.IsValid() {
			return fmt.Errorf("hop %d (%s %s) has a packet without address: %v", i+1, h.Component, h.Action, h.Before)
		}
		if h.Before.Src.Is4() != h.Before.Dst.Is4() || h.After.Src.Is4() != h.After.Dst.Is4() {
			return fmt.Errorf("hop %d (%s %s) mixes families in one header: %v, %v", i+1, h.Component, h.Action, h.Before, h.After)
		}
		switch h.Action {
		case flow.NAT64, flow.Translate, flow.Connect:
		case flow.SNAT, flow.DNAT:
			if h.Before == h.After && h.Component != "VPC CNI" { // which may choose the port that the Pod chose
				return fmt.Errorf("hop %d (%s) translates nothing", i+1, h.Component)
			}
			fallthrough
		default:
			if h.FamilyIn() != h.FamilyOut() {
				return fmt.Errorf("hop %d (%s %s) changes the family", i+1, h.Component, h.Action)
			}
			if h.Action != flow.SNAT && h.Action != flow.DNAT && h.Before != h.After {
				return fmt.Errorf("hop %d (%s %s) changes the packet", i+1, h.Component, h.Action)
			}
		}
	}
	return nil
}

func checkReport(t *testing.T, r flow.Report) {
	t.Helper()
	for _, res := range r.Results {
		if err := invariants(res.Trace); err != nil {
			t.Fatalf("%s %s → %s: %v\n%s", res.ID, res.From, res.To, err, render.TraceText(res.Trace, render.TextOptions{}))
		}
		if res.OK != res.Expect.Met(res.Trace.Verdict) {
			t.Fatalf("%s: ok %v, expected %s, verdict %v", res.ID, res.OK, res.Expect, res.Trace.Verdict)
		}
	}
}

var fixtures = []string{"cluster.yaml", "peering.yaml", "transit.yaml", "privatelink.yaml", "interop.yaml", "egress.yaml"}

func TestInvariants(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures {
		n := read(t, open(t, name))
		var group sync.WaitGroup
		for range 3 { // a Network is safe for concurrent use: -race would tell
			group.Go(func() { checkReport(t, n.Check()) })
		}
		group.Wait()
	}
}

// FuzzBreak breaks good templates at random, several things at a time: whatever is left, traces keep their
// invariants, and the same template gives the same report, or the same refusal.
func FuzzBreak(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	for _, found := range []uint64{1041, 1117, 1704, 1941, 2197} { // each was a trace that mixed families or lost an address
		f.Add(found)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		tp := open(t, fixtures[rnd.IntN(len(fixtures))])
		for range 1 + rnd.IntN(6) {
			breakOne(rnd, tp)
		}
		ask(tp)
		data, err := json.Marshal(tp)
		if err != nil {
			t.Fatal(err)
		}
		report := func() []byte {
			n, err := flow.Read("t.json", data)
			if err != nil { // a circle, or a value of another type, which the error names
				if !strings.HasPrefix(err.Error(), "t.json: Resources") {
					t.Errorf("refused, and the place is not named: %v", err)
				}
				return []byte(err.Error())
			}
			r := n.Check()
			checkReport(t, r)
			out, err := render.JSON(r)
			if err != nil {
				t.Fatal(err)
			}
			return append(out, render.Text(r, render.TextOptions{Verbose: true})+render.Mermaid(r)...)
		}
		if a, b := report(), report(); !bytes.Equal(a, b) {
			t.Error("the same template gives different reports")
		}
	})
}

// breakOne drops a resource, or swaps, empties, or changes one of its properties.
func breakOne(rnd *rand.Rand, tp template) {
	res := tp["Resources"].(object)
	var ids []string
	for id := range res {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	pick := func() string { return ids[rnd.IntN(len(ids))] }
	id := pick()
	if rnd.IntN(3) == 0 {
		drop(id)(tp)
		return
	}
	p, ok := res[id].(object)["Properties"].(object)
	if !ok {
		return
	}
	var keys []string
	for k := range p {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if len(keys) == 0 {
		return
	}
	k := keys[rnd.IntN(len(keys))]
	values := []any{nil, true, false, "", "x", -1, 70000, "::/0", "0.0.0.0/0", "10.0.0.0/8", "64:ff9b::/96", "fd00::/8", "2001:db8::/32", "fe80::1/128",
		[]any{}, object{}, ref(pick()), []any{ref(pick())}, att(pick(), "Arn"), "dualstack", "ipv4", "ipv6", "internal", "internet-facing", "private", "regional", "{}", "[{}]", "a: [b"}
	v := values[rnd.IntN(len(values))]
	if v == nil {
		delete(p, k)
		return
	}
	p[k] = v
}

// ask makes a parameter of what is referred to and is not there any more, so that CloudFormation takes what is left: one
// that the deployment decides.
func ask(tp template) {
	const elsewhere = "Elsewhere"
	res := tp["Resources"].(object)
	gone := func(id any) bool {
		name, ok := id.(string)
		return ok && res[name] == nil && !strings.Contains(name, "::")
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case object:
			args, _ := v["Fn::GetAtt"].([]any)
			if gone(v["Ref"]) || len(args) > 0 && gone(args[0]) {
				return ref(elsewhere)
			}
			if text, ok := v["Fn::Sub"].(string); ok {
				v["Fn::Sub"] = substituted.ReplaceAllStringFunc(text, func(s string) string {
					if gone(substituted.FindStringSubmatch(s)[1]) {
						return "${" + elsewhere + "}"
					}
					return s
				})
			}
			for k, e := range v {
				v[k] = walk(e)
			}
		case []any:
			for i, e := range v {
				v[i] = walk(e)
			}
		}
		return v
	}
	for _, r := range res {
		r := r.(object)
		if after, ok := r["DependsOn"].([]any); ok {
			r["DependsOn"] = slices.DeleteFunc(after, gone)
		} else if gone(r["DependsOn"]) {
			delete(r, "DependsOn")
		}
		walk(r["Properties"])
	}
	walk(tp["Outputs"])
	parameters, _ := tp["Parameters"].(object)
	if parameters == nil {
		parameters = object{}
		tp["Parameters"] = parameters
	}
	parameters[elsewhere] = object{"Type": "String"}
}

// substituted is a name in the text of a Fn::Sub.
var substituted = regexp.MustCompile(`\$\{(\w+)(\.[^}]*)?\}`)

// FuzzRead reads anything: it never panics, and whatever reads as a template keeps the invariants.
func FuzzRead(f *testing.F) {
	f.Add([]byte(small)) // small seeds: the fuzzer spends its time on large ones
	f.Add([]byte(`{"Resources":{"S":{"Type":"AWS::EC2::Subnet"},"V":{"Type":"AWS::EC2::VPC"},"C":{"Type":"AWS::EKS::Cluster","Properties":{"KubernetesNetworkConfig":{"IpFamily":"ipv6"},"ResourcesVpcConfig":{"SubnetIds":[{"Ref":"S"}]}}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := flow.Read("t", data)
		if err != nil {
			return
		}
		checkReport(t, n.Check())
	})
}

// TestEveryPair asks for every pair of endpoints that a network has, in both families and unasked: the answer is an
// error or keeps the invariants.
func TestEveryPair(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := read(t, open(t, name))
			all := append(n.Endpoints(), "10.0.128.77", "10.9.9.9", "192.0.2.1", "2001:db8:1:108::99", "fd00::1", "169.254.169.254", "::1", "0.0.0.0")
			asked := 0
			for _, from := range all {
				for _, to := range all {
					for _, f := range []flow.Family{0, flow.IPv4, flow.IPv6} {
						traces, err := n.TraceAll(flow.Query{From: from, To: to, Family: f})
						if err != nil {
							continue
						}
						asked++
						if len(traces) == 0 {
							t.Fatalf("%s → %s: no trace and no error", from, to)
						}
						for _, tr := range traces {
							if err := invariants(tr); err != nil {
								t.Fatalf("%v: %v\n%s", tr.Query, err, render.TraceText(tr, render.TextOptions{}))
							}
						}
					}
				}
			}
			if asked < len(all) {
				t.Errorf("%d pairs of %d endpoints asked", asked, len(all))
			}
		})
	}
}
