package flow

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/eks-ipv6/cdk/internal/network"
)

// Report is the outcome of the catalogue.
type Report struct {
	Results []Result
	// Skipped are the flows that the templates have not the parts for. They are neither passed nor missed.
	Skipped []Skipped
	// Unmodelled are resources that may decide over packets and that the tracer does not know.
	Unmodelled []Component
	// Problems are parts of the templates that could not be read, such as a manifest that is not JSON.
	Problems []string
	// Unread are parts of the templates whose resources are not seen: a nested stack that is not at hand, a loop over what only the
	// deployment knows, a macro. What they may let through counts as not known, not as blocked.
	Unread []string
}

// Result is one flow of the catalogue between two places.
type Result struct {
	ID       string // F1 to F15, X1
	Title    string
	From, To string
	Expect   Expect
	Trace    Trace
	OK       bool // the verdict is the expected one
}

// Fix is what to do about a flow that is missed, for the one who wrote the templates; "" of one that is met.
func (r Result) Fix() string {
	switch {
	case r.OK || len(r.Trace.Regions) == 0:
		return ""
	case r.Expect == ExpectRefused:
		return "route ::/0 of private subnets to an egress-only internet gateway, and open no port of the nodes to ::/0"
	}
	last := r.Trace.trace.Last()
	six := last.Before.Family() == network.IPv6
	if last.Component == network.AtRouteTable {
		internet := []string{string(Internet4), string(Internet6)}
		toInternet := slices.Contains(internet, r.To) || slices.Contains(internet, r.From)
		switch {
		case toInternet && six:
			return "route ::/0 in this table to an egress-only internet gateway (private subnets) or to the internet gateway (public subnets)"
		case toInternet:
			return "route 0.0.0.0/0 in this table to a NAT gateway (private subnets) or to the internet gateway (public subnets); if no IPv4 internet is meant, say so: dualstack.NatNone does, and ENABLE_V4_EGRESS false of the VPC CNI"
		}
		return fmt.Sprintf("route the range of %s in this table to the peering connection or transit gateway that leads there", last.Before.Dst)
	}
	return cmp.Or(last.Component.Fix(), fmt.Sprintf("preflight trace -from '%s' -to '%s' shows the way up to there", r.From, r.To))
}

// Expect is what a flow of the catalogue needs.
type Expect string

// The expectations.
const (
	ExpectDelivered = Expect(network.ExpectDelivered)
	ExpectExits     = Expect(network.ExpectExits)
	ExpectPasses    = Expect(network.ExpectPasses)  // Delivered or ExitsNetwork
	ExpectRefused   = Expect(network.ExpectRefused) // Denied or NoRoute
)

// Met reports whether a verdict is the expected one. Insufficient meets nothing.
func (e Expect) Met(v Verdict) bool { return network.Expect(e).Met(network.Verdict(v)) }

// Skipped is a flow of the catalogue that does not apply.
type Skipped struct {
	ID, Title, Reason string
}

// Component names a resource of the templates.
type Component struct {
	Type          string `json:"type"`
	LogicalID     string `json:"logicalId"`
	ConstructPath string `json:"constructPath"`
}

// OK reports whether every flow met its expectation.
func (r Report) OK() bool {
	for _, f := range r.Results {
		if !f.OK {
			return false
		}
	}
	return true
}

// Insufficient reports whether some flow could not be decided.
func (r Report) Insufficient() bool {
	for _, f := range r.Results {
		if f.Trace.Verdict == Insufficient {
			return true
		}
	}
	return false
}

// Missed are the flows whose expectation is not met although the templates say enough.
func (r Report) Missed() []Result {
	var out []Result
	for _, f := range r.Results {
		if !f.OK && f.Trace.Verdict != Insufficient {
			out = append(out, f)
		}
	}
	return out
}
