package render

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/eks-ipv6/cdk/preflight/flow"
)

// jsonVersion is raised when a field changes its meaning or goes.
const jsonVersion = 2

type jsonReport struct {
	Version    int              `json:"version"`
	Flows      []jsonFlow       `json:"flows"`
	Unmodelled []flow.Component `json:"unmodelled"`
	Unread     []string         `json:"unread,omitempty"`
}

type jsonFlow struct {
	ID          string       `json:"id"`
	From        string       `json:"from"`
	To          string       `json:"to"`
	Expect      flow.Expect  `json:"expect"`
	Verdict     flow.Verdict `json:"verdict"`
	OK          bool         `json:"ok"`
	Hops        []flow.Hop   `json:"hops"`
	Return      []flow.Hop   `json:"return"`
	Assumptions []string     `json:"assumptions"`
	Regions     []jsonRegion `json:"regions"`
}

// JSON writes a report for programs. Lists that are empty are [], never null.
func JSON(r flow.Report) ([]byte, error) {
	out := jsonReport{Version: jsonVersion, Flows: []jsonFlow{}, Unmodelled: append([]flow.Component{}, r.Unmodelled...), Unread: r.Unread}
	for _, f := range r.Results {
		out.Flows = append(out.Flows, jsonFlow{ID: f.ID, From: f.From, To: f.To, Expect: f.Expect, Verdict: f.Trace.Verdict, OK: f.OK,
			Hops: append([]flow.Hop{}, f.Trace.Hops...), Return: append([]flow.Hop{}, f.Trace.Return...), Assumptions: append([]string{}, f.Trace.Assumptions...), Regions: jsonRegions(f.Trace)})
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("render: report to JSON: %w", err)
	}
	return append(b, '\n'), nil
}

type jsonRegion struct {
	Verdict     flow.Verdict    `json:"verdict"`
	Exception   bool            `json:"exception"`
	Unassigned  bool            `json:"unassigned"`
	Packets     []jsonPacketSet `json:"packets"`
	Hops        []flow.Hop      `json:"hops,omitempty"`
	Return      []flow.Hop      `json:"return,omitempty"`
	Assumptions []string        `json:"assumptions,omitempty"`
}

type jsonPacketSet struct {
	Src             []netip.Prefix `json:"src"`
	Dst             []netip.Prefix `json:"dst"`
	Protocols       []string       `json:"protocols"`
	SourcePort      []string       `json:"sourcePorts"`
	DestinationPort []string       `json:"destinationPorts"`
	Where           []string       `json:"where"`
	Text            string         `json:"text"`
}

// jsonRegions are the regions of a trace. The region whose way the flow itself shows does not repeat it. Numbers are spans, such
// as "32768-60999".
func jsonRegions(t flow.Trace) []jsonRegion {
	out := []jsonRegion{}
	for i, r := range t.Regions {
		j := jsonRegion{Verdict: r.Verdict, Exception: r.Exception, Unassigned: r.Unassigned, Packets: jsonPackets(r)}
		if i != t.Shown() {
			j.Hops, j.Return, j.Assumptions = r.Hops, r.Return, r.Assumptions
		}
		out = append(out, j)
	}
	return out
}

func jsonPackets(r flow.Region) []jsonPacketSet {
	out := []jsonPacketSet{}
	list := func(spans []flow.Span) []string {
		out := make([]string, len(spans))
		for i, s := range spans {
			out[i] = s.String()
		}
		return out
	}
	for _, p := range r.Packets() {
		out = append(out, jsonPacketSet{Src: append([]netip.Prefix{}, p.Src...), Dst: append([]netip.Prefix{}, p.Dst...), Protocols: list(p.Proto),
			SourcePort: list(p.SrcPort), DestinationPort: list(p.DstPort), Where: append([]string{}, p.Where...), Text: p.String()})
	}
	return out
}
