// Package render writes reports and traces of preflight/flow: as text for people, as JSON and Mermaid for programs.
package render

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/flow"
)

// TextOptions say how [Text] writes.
type TextOptions struct {
	Verbose bool // the hops too
	Color   bool // ANSI colours
}

// Text writes a report as a table for people: one line for each flow, under it what was missed. Verbose writes the hops
// of every way that a flow takes, once.
func Text(r flow.Report, o TextOptions) string {
	p := printer{color: o.Color}
	width := 0
	groups := group(r.Results)
	for _, g := range groups {
		width = max(width, utf8.RuneCountInString(g[0].Title))
	}
	for _, g := range groups {
		p.flow(g, width)
		if o.Verbose {
			p.ways(g)
		}
	}
	if len(r.Skipped) > 0 {
		p.line("")
		p.line("not applicable:")
		for _, s := range joinSkipped(r.Skipped) {
			p.line("%s: %s", s.Title, s.Reason)
		}
	}
	if len(r.Unmodelled) > 0 {
		p.line("")
		p.line("not modelled, may decide over packets:")
		for _, u := range r.Unmodelled {
			p.line("     %s %s", u.Type, named(u.ConstructPath, u.LogicalID))
		}
	}
	if len(r.Problems) > 0 {
		p.line("")
		p.line("not readable:")
		for _, s := range r.Problems {
			p.line("     %s", s)
		}
	}
	if len(r.Unread) > 0 {
		p.line("")
		p.line("not seen, may decide over packets:")
		for _, s := range r.Unread {
			p.line("     %s", s)
		}
	}
	return p.b.String()
}

// joinSkipped makes one line of flows that are left out for one reason, where they are many.
func joinSkipped(list []flow.Skipped) (out []flow.Skipped) {
	const many = 4
	same := map[string][]string{}
	for _, s := range list {
		same[s.Reason] = append(same[s.Reason], s.ID)
	}
	told := map[string]bool{}
	for _, s := range list {
		ids := same[s.Reason]
		switch {
		case len(ids) < many:
			out = append(out, flow.Skipped{ID: s.ID, Title: fmt.Sprintf("%-4s %s", s.ID, s.Title), Reason: s.Reason})
		case !told[s.Reason]:
			told[s.Reason] = true
			out = append(out, flow.Skipped{ID: s.ID, Title: strings.Join(ids, ", "), Reason: s.Reason})
		}
	}
	return out
}

// group puts the results of one flow together, in order.
func group(results []flow.Result) (out [][]flow.Result) {
	for _, r := range results {
		if n := len(out); n > 0 && out[n-1][0].ID == r.ID && out[n-1][0].Title == r.Title {
			out[n-1] = append(out[n-1], r)
			continue
		}
		out = append(out, []flow.Result{r})
	}
	return out
}

type printer struct {
	b     strings.Builder
	color bool
}

func (p *printer) line(format string, args ...any) {
	p.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	p.b.WriteByte('\n')
}

func (p *printer) paint(code int, s string) string {
	if !p.color {
		return s
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", code, s)
}

const (
	red    = 31
	green  = 32
	yellow = 33
	dim    = 2
)

func (p *printer) mark(r flow.Result) string {
	switch {
	case r.OK && len(r.Trace.Exceptions()) > 0:
		return p.paint(yellow, "◐")
	case r.OK:
		return p.paint(green, "✓")
	case r.Trace.Verdict == flow.Insufficient:
		return p.paint(yellow, "?")
	}
	return p.paint(red, "✗")
}

func (p *printer) flow(g []flow.Result, width int) {
	worst, bad := g[0], 0
	var verdicts []string
	for _, r := range g {
		if !r.OK {
			if bad == 0 || worst.Trace.Verdict == flow.Insufficient {
				worst = r
			}
			bad++
		}
		if v := r.Trace.Verdict.String(); !slices.Contains(verdicts, v) && (r.OK || bad > 0) {
			verdicts = append(verdicts, v)
		}
	}
	count := fmt.Sprintf("%d of %d", len(g)-bad, len(g))
	id := ""
	if g[0].ID != "" {
		id = fmt.Sprintf("%-4s ", g[0].ID)
	}
	p.line("%s%s %-*s  %8s  %s", id, p.mark(worst), width, g[0].Title, count, strings.Join(verdicts, ", "))
	same := map[string]int{}
	for _, r := range g {
		if !r.OK {
			same[cause(r)]++
		}
	}
	for _, r := range g {
		n := same[cause(r)]
		if r.OK || n == 0 {
			continue
		}
		delete(same, cause(r)) // a cause is told once
		more := ""
		if n > 1 {
			more = fmt.Sprintf(" (and %d more)", n-1)
		}
		last := r.Trace.Last()
		way := ""
		if len(r.Trace.Return) > 0 {
			way = " on the way back"
		}
		p.line("     %s %s → %s%s: %s%s at %s: %s", p.mark(r), short(r.From), short(r.To), more, last.Action, way, where(last), last.By)
		if len(r.Trace.Regions) > 1 {
			p.packets(r.Trace.Decisive())
		}
	}
	told := map[string]bool{}
	for _, r := range g {
		if !r.OK {
			continue
		}
		for _, e := range r.Trace.Exceptions() {
			if key := fmt.Sprint(e.Last().Component, e.Last().Stack, e.Last().LogicalID, e.Text()); !told[key] {
				told[key] = true
				p.line("     %s but not: %s at %s: %s", p.mark(r), e.Last().Action, where(e.Last()), e.Last().By)
				p.packets(e)
			}
		}
	}
}

// packets writes which packets a region holds.
func (p *printer) packets(r flow.Region) {
	lines := r.Text()
	for i, s := range lines {
		if i == maxSets && len(lines) > maxSets+1 {
			p.line("         and %d more sets of packets", len(lines)-i)
			return
		}
		p.line("         %s", s)
	}
}

// maxSets is how many sets of packets are written for a region.
const maxSets = 8

// cause is what a missed flow ended at: equal for flows that one change would mend.
func cause(r flow.Result) string {
	last := r.Trace.Last()
	return fmt.Sprint(last.Action, last.Component, last.Stack, last.LogicalID, last.By)
}

// ways prints each different way once, misses always.
func (p *printer) ways(g []flow.Result) {
	seen := map[string]int{}
	var order []flow.Result
	for _, r := range g {
		k := shape(r.Trace)
		if !r.OK {
			k = short(r.From) + short(r.To) + k
		}
		if seen[k]++; seen[k] == 1 {
			order = append(order, r)
		}
	}
	for _, r := range order {
		k := shape(r.Trace)
		if !r.OK {
			k = short(r.From) + short(r.To) + k
		}
		more := ""
		if n := seen[k] - 1; n > 0 {
			more = fmt.Sprintf("  (and %d more this way)", n)
		}
		p.line("")
		p.b.WriteString(indent(TraceText(r.Trace, TextOptions{Color: p.color}), "     ", more))
	}
	p.line("")
}

func shape(t flow.Trace) string {
	var b strings.Builder
	for _, hops := range [][]flow.Hop{t.Hops, t.Return} {
		for _, h := range hops {
			fmt.Fprintf(&b, "%s %s %s;", h.Component, h.Action, h.FamilyOut())
		}
		b.WriteByte('|')
	}
	return b.String()
}

func indent(s, by, afterFirst string) string {
	lines := strings.SplitAfter(s, "\n")
	if len(lines) > 0 && afterFirst != "" {
		lines[0] = strings.TrimSuffix(lines[0], "\n") + afterFirst + "\n"
	}
	for i, l := range lines {
		if l != "" && l != "\n" {
			lines[i] = by + l
		}
	}
	return strings.Join(lines, "")
}

// TraceText writes a trace hop by hop. Verbose has no meaning here.
func TraceText(t flow.Trace, o TextOptions) string {
	p := printer{color: o.Color}
	v := strings.ToUpper(t.Verdict.String())
	code := green
	switch {
	case t.Verdict.Blocked():
		code = red
	case t.Verdict == flow.Insufficient:
		code = yellow
	}
	port := ""
	if len(t.Hops) > 0 {
		port = fmt.Sprintf(":%d/%s", t.Hops[0].Before.DstPort, t.Hops[0].Before.Proto)
	}
	p.line("%s → %s%s  %s", short(t.From), network.Bracketed(short(t.To)), port, p.paint(code, v))
	p.hops(t.Hops)
	if len(t.Return) > 0 {
		p.line("return:")
		p.hops(t.Return)
	}
	if len(t.Regions) > 1 {
		for _, r := range t.Regions {
			last := r.Last()
			p.line("%s at %s: %s", r.Verdict, where(last), last.By)
			p.packets(r)
		}
	}
	for i, a := range t.Assumptions {
		if i == 0 {
			p.line("assumes:")
		}
		p.line("  - %s", a)
	}
	return p.b.String()
}

func (p *printer) hops(hops []flow.Hop) {
	wName, wAction, wPacket := 0, 0, 0
	names := make([]string, len(hops))
	for i, h := range hops {
		names[i] = h.Component
		if n := named("", h.Label); n != "" {
			names[i] += " " + n
		}
		wName = max(wName, utf8.RuneCountInString(names[i]))
		wAction = max(wAction, len(h.Action))
		wPacket = max(wPacket, utf8.RuneCountInString(addresses(h.After)))
	}
	for i, h := range hops {
		mark := " "
		switch h.Action {
		case flow.Deny, flow.Drop:
			mark = p.paint(red, "✗")
		case flow.Unknown:
			mark = p.paint(yellow, "?")
		default:
		}
		p.line("%2d %s %-*s  %-*s  %s  %s  %s", i+1, mark, wName, names[i], wAction, h.Action, h.FamilyOut(), p.paint(dim, pad(addresses(h.After), wPacket)), h.By)
	}
}

func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s))) }

func addresses(p flow.Packet) string { return fmt.Sprintf("%s → %s", p.Src, p.Dst) }

// where is the component with its name, where it has one of its own.
func where(h flow.Hop) string {
	if name := h.Name(); name != h.Component {
		return h.Component + " " + name
	}
	return h.Component
}

func named(path, id string) string {
	if path != "" {
		return path
	}
	return id
}

// short is an end of a result for a reader: without what every name of the report repeats.
func short(name string) string {
	if rest, ok := strings.CutPrefix(name, string(flow.AnyPod)+"@"); ok {
		group, subnet, _ := strings.Cut(rest, "@")
		return fmt.Sprintf("pod on %s in %s", group, subnet)
	}
	if rest, ok := strings.CutPrefix(name, "nodegroup:"); ok {
		group, subnet, two := strings.Cut(rest, "@")
		if two {
			return fmt.Sprintf("node of %s in %s", group, subnet)
		}
	}
	return name
}
