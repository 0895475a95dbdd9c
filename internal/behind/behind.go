// Package behind joins preflight/flow, whose exported signatures hold no internal type, with the packages of this module that work on
// the network behind it.
package behind

import "github.com/eks-ipv6/cdk/internal/network"

// Network is the network behind a *flow.Network, Flow the *flow.Network in front of a network, Trace the flow.Trace of a trace, and
// Traced the trace behind a flow.Trace. Package flow sets them.
var (
	Network func(flow any) *network.Network
	Flow    func(*network.Network) any
	Trace   func(network.Trace) any
	Traced  func(flow any) network.Trace
)
