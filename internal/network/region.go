package network

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/eks-ipv6/cdk/internal/netset"
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

	cases []*variables
}

// variables are what the walk of a region left of each variable, and the header that the question began with.
type variables struct {
	list  []variable
	asked header
}

// maxRegions bounds how many packets are walked for one question between two interfaces.
const maxRegions = 4096

// Ask answers a question between two interfaces.
func (n *Network) Ask(q Query, from *Interface, d Destination) Trace {
	tr := Trace{Query: q, From: from.Name, To: d.Name, from: from, dest: &d}
	from = n.anyone(from, d)
	todo := []map[any]domain{nil}
	for i := 0; i < len(todo); i++ {
		r, forks := n.walk(todo[i], from, d, i >= maxRegions)
		tr.Regions = append(tr.Regions, r)
		if i < maxRegions {
			todo = append(todo, forks...)
		}
	}
	tr.Regions = merge(tr.Regions)
	classify(tr.Regions)
	tr.show(judge(tr.Regions))
	return tr
}

// anyone is a source on the internet as a question means it: who asks may be any of them, and for what must be refused, also who
// claims an address that nobody has.
func (n *Network) anyone(from *Interface, d Destination) *Interface {
	if !from.Outside() || from.free != chosen {
		return from
	}
	p := *from
	p.free = every
	if d.Everything && p.range6.Equal(n.global6) {
		p.range6 = n.anyone6
	}
	return &p
}

// walk follows one packet of a question, and its answer. It returns the packets that fare the same, and where the others start.
func (n *Network) walk(start map[any]domain, from *Interface, d Destination, tooMany bool) (Region, []map[any]domain) {
	hops := hopLists.Get().(*[]Hop)
	defer hopLists.Put(hops)
	t := &tracer{walk: newWalk(start), net: n, hops: (*hops)[:0]}
	var r Region
	if tooMany {
		t.question(from, d)
		r.Verdict = t.stopAt(Insufficient, d.To, "the question falls into more than %d cases: ask for fewer packets", maxRegions)
	} else {
		r.Verdict = t.forward(from, d)
	}
	r.Hops, t.hops = slices.Clone(t.hops), t.hops[:0]
	if r.Verdict.OK() {
		if back := t.back(); back != 0 {
			r.Verdict = back
		} else {
			t.hopAt(Deliver, from, "answer to "+from.Name)
		}
		r.Return = slices.Clone(t.hops)
	}
	*hops = t.hops
	r.Exception = r.Verdict.Blocked() && t.explicit || !r.Verdict.OK() && t.elsewhere
	r.Assumptions = slices.Concat(d.Assumes, t.notes, n.assumed(r))
	left := &variables{list: make([]variable, 0, len(t.vars)), asked: t.asked}
	for _, v := range t.vars {
		left.list = append(left.list, *v)
	}
	r.cases = []*variables{left}
	return r, t.forks
}

// hopLists are what walks collect their hops in: a region keeps a copy of its own, of the length that it has.
var hopLists = sync.Pool{New: func() any { return new([]Hop) }}

// narrowed reports whether a decision took values from a variable.
func (v *variable) narrowed() bool {
	if v.address {
		return !v.now.addrs.Equal(v.asked.addrs)
	}
	return !v.now.numbers.Equal(v.asked.numbers)
}

// merge joins the regions that take the same way to the same end.
func merge(list []Region) []Region {
	if len(list) == 1 {
		return list
	}
	var out []Region
	at := map[string]int{}
	for _, r := range list {
		key := fmt.Sprint(r.Verdict, r.Exception, way(r.Hops), way(r.Return))
		i, ok := at[key]
		if !ok {
			at[key] = len(out)
			out = append(out, r)
			continue
		}
		out[i].cases = append(out[i].cases, r.cases...)
	}
	for i := range out {
		out[i].cases = join(out[i].cases)
	}
	return out
}

// way is what a packet passes, without the values of its fields.
func way(hops []Hop) string {
	var b strings.Builder
	for _, h := range hops {
		fmt.Fprintf(&b, "%s %s %s %s;", h.Component, h.Stack, h.LogicalID, h.Action)
	}
	return b.String()
}

// join makes one case of two that differ in one variable only, as long as there are two.
func join(list []*variables) []*variables {
	for again := true; again; {
		again = false
		for i := 0; i < len(list); i++ {
			for j := i + 1; j < len(list); j++ {
				if both := list[i].join(list[j]); both != nil {
					list[i] = both
					list = slices.Delete(list, j, j+1)
					j--
					again = true
				}
			}
		}
	}
	return list
}

// join is the union of two cases that differ in the values of one variable, else nil.
func (c *variables) join(b *variables) *variables {
	if len(c.list) != len(b.list) {
		return nil
	}
	differ := -1
	for i, v := range c.list {
		w := b.list[i]
		if v.key != w.key {
			return nil
		}
		if v.address && v.now.addrs.Equal(w.now.addrs) || !v.address && v.now.numbers.Equal(w.now.numbers) {
			continue
		}
		if differ >= 0 {
			return nil
		}
		differ = i
	}
	if differ < 0 {
		return c
	}
	out := &variables{list: slices.Clone(c.list), asked: c.asked}
	v := &out.list[differ]
	if v.address {
		v.now.addrs = v.now.addrs.Union(b.list[differ].now.addrs)
	} else {
		v.now.numbers = v.now.numbers.Union(b.list[differ].now.numbers)
	}
	return out
}

// classify says which regions are exceptions, and which rest on an address that AWS gives.
func classify(list []Region) {
	passes := slices.ContainsFunc(list, func(r Region) bool { return r.Verdict.OK() })
	for i := range list {
		r := &list[i]
		free := map[freedom]bool{}
		for _, c := range r.cases {
			for _, v := range c.list {
				if v.narrowed() {
					free[v.free] = true
				}
			}
		}
		r.Exception = r.Exception && passes && free[chosen] && !free[every] && !free[assigned]
		r.Unassigned = len(list) > 1 && free[assigned]
	}
}

// judge finds the region that decides over a flow that must pass, and the verdict on the whole.
func judge(list []Region) (int, Verdict) {
	passes := slices.IndexFunc(list, func(r Region) bool { return r.Verdict.OK() })
	lost := slices.IndexFunc(list, func(r Region) bool { return r.Verdict.Blocked() && !r.Exception && !r.Unassigned })
	open := slices.IndexFunc(list, func(r Region) bool { return r.Verdict == Insufficient && !r.Exception })
	perhaps := slices.IndexFunc(list, func(r Region) bool { return r.Verdict.Blocked() && r.Unassigned })
	switch {
	case lost >= 0 && (passes >= 0 || open >= 0):
		return lost, Mixed
	case lost >= 0:
		return lost, list[lost].Verdict
	case open >= 0:
		return open, Insufficient
	case perhaps >= 0 && passes >= 0:
		return perhaps, Insufficient
	case perhaps >= 0:
		return perhaps, list[perhaps].Verdict
	}
	return max(passes, 0), list[max(passes, 0)].Verdict
}

// judgeRefused finds the region that decides over a flow of which no packet may pass, and the verdict on the whole.
func judgeRefused(list []Region) (int, Verdict) {
	passes := slices.IndexFunc(list, func(r Region) bool { return r.Verdict.OK() && !r.Unassigned })
	perhaps := slices.IndexFunc(list, func(r Region) bool { return r.Verdict.OK() })
	open := slices.IndexFunc(list, func(r Region) bool { return r.Verdict == Insufficient })
	all := !slices.ContainsFunc(list, func(r Region) bool { return !r.Verdict.OK() })
	switch {
	case passes >= 0 && all:
		return passes, list[passes].Verdict
	case passes >= 0:
		return passes, Mixed
	case perhaps >= 0:
		return perhaps, Insufficient
	case open >= 0:
		return open, Insufficient
	}
	return 0, list[0].Verdict
}

// For is the trace as an expectation sees it: its verdict is on the whole question, and its way that of the region that decides.
// Where packets must be refused, that is one that passes.
func (t Trace) For(e Expect) Trace {
	if e == ExpectRefused {
		t.show(judgeRefused(t.Regions))
	} else {
		t.show(judge(t.Regions))
	}
	return t
}

// show takes the way of a region for that of the trace.
func (t *Trace) show(i int, v Verdict) {
	r := t.Regions[i]
	t.region = i
	t.Verdict, t.Hops, t.Return, t.Assumptions = v, r.Hops, r.Return, r.Assumptions
	if v != Insufficient || r.Verdict == Insufficient {
		return
	}
	// What ends the walk is not sure: the address is not.
	hops := &t.Hops
	if r.Verdict.Blocked() && len(r.Return) > 0 {
		hops = &t.Return
	}
	if len(*hops) == 0 {
		return
	}
	*hops = slices.Clone(*hops)
	end := &(*hops)[len(*hops)-1]
	end.Action = Unknown
	end.By += "; but " + strings.Join(r.unassigned(), ", and ") + ", is decided at deployment"
	if r.Verdict.OK() {
		t.Return = nil
	}
}

// unassigned names the addresses that a region rests on.
func (r Region) unassigned() (out []string) {
	for _, c := range r.cases {
		for _, v := range c.list {
			if v.free == assigned && v.narrowed() {
				s := fmt.Sprintf("which %s is there", v.name)
				if v.address {
					s = fmt.Sprintf("whether the %s is in %s", v.name, netset.Text(v.now.addrs.Within(v.asked.addrs)))
				}
				if !slices.Contains(out, s) {
					out = append(out, s)
				}
			}
		}
	}
	return out
}

// Decisive is the region whose way the trace shows.
func (t Trace) Decisive() Region { return t.Regions[t.region] }

// Shown is the place in Regions of the region whose way the trace shows.
func (t Trace) Shown() int { return t.region }

// Exceptions are the regions that the author of the templates takes out of a flow by name; see [Region].
func (t Trace) Exceptions() (out []Region) {
	for _, r := range t.Regions {
		if r.Exception {
			out = append(out, r)
		}
	}
	return out
}

// Last is the hop that decided, as [Trace.Last].
func (r Region) Last() Hop { return last(r.Hops, r.Return) }
