package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/preflight/flow"
)

// Mermaid draws a report as a Mermaid flowchart: a subgraph for each flow, with each different way of it once. An edge
// says what the next component did and in which family the packet went on.
func Mermaid(r flow.Report) string {
	p := printer{}
	p.line("flowchart LR")
	n := 0
	for _, g := range group(r.Results) {
		title := strings.TrimSpace(g[0].ID + " " + g[0].Title)
		p.line("  subgraph %s[%s]", fmt.Sprintf("s%d", n), quote(title))
		seen := map[string]bool{}
		for _, res := range g {
			k := shape(res.Trace)
			if !res.OK {
				k += cause(res)
			}
			if seen[k] {
				continue
			}
			seen[k] = true
			prev := ""
			hops := res.Trace.Hops
			if len(res.Trace.Return) > 0 && !res.Trace.Verdict.OK() {
				hops = append(slices.Clone(hops), res.Trace.Return...)
			}
			for _, h := range hops {
				if h.Action == flow.Allow {
					continue // filters that let it pass would drown the way
				}
				id := fmt.Sprintf("n%d", n)
				n++
				label := h.Component
				if h.Label != "" {
					label += "\n" + h.Label
				}
				shapeOf := "[%s]"
				switch h.Action {
				case flow.Deny, flow.Drop:
					shapeOf = "{{%s}}"
					label += "\n✗ " + h.By
				case flow.Unknown:
					shapeOf = "{{%s}}"
					label += "\n? " + h.By
				default:
				}
				p.line("    %s"+shapeOf, id, quote(label))
				if prev != "" {
					p.line("    %s -->|%s| %s", prev, quote(fmt.Sprintf("%s %s", h.Action, h.FamilyOut())), id)
				}
				prev = id
			}
		}
		p.line("  end")
		n++
	}
	return p.b.String()
}

// quote writes a Mermaid label: quotes and angle brackets would end or change it.
func quote(s string) string {
	s = strings.NewReplacer(`"`, "#quot;", "<", "#lt;", ">", "#gt;", "\n", "<br/>").Replace(s)
	return `"` + s + `"`
}
