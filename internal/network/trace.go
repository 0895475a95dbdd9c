package network

import (
	"fmt"
	"net/netip"
)

// Verdict is the fate of a packet and of its answer. The zero value is invalid.
type Verdict int

// The verdicts. Blocked is [Denied] or [NoRoute]; [Insufficient] is neither passed nor blocked.
const (
	Delivered    Verdict = iota + 1 // it reached the destination and the answer came back
	ExitsNetwork                    // it left for the internet and the answer can come back
	Denied                          // a rule refuses it, or no rule allows it
	NoRoute                         // nothing carries it towards its destination
	Insufficient                    // the templates do not say enough
	Mixed                           // some of the packets pass, and some do not: the regions of the trace say which
)

var verdictNames = map[Verdict]string{
	Delivered: "Delivered", ExitsNetwork: "ExitsNetwork", Denied: "Denied", NoRoute: "NoRoute", Insufficient: "Insufficient", Mixed: "Mixed",
}

func (v Verdict) String() string {
	if s, ok := verdictNames[v]; ok {
		return s
	}
	return fmt.Sprintf("Verdict(%d)", int(v))
}

// OK reports whether the packet passes: Delivered or ExitsNetwork.
func (v Verdict) OK() bool { return v == Delivered || v == ExitsNetwork }

// Blocked reports whether the packet is refused: Denied or NoRoute. Insufficient and Mixed are neither OK nor Blocked.
func (v Verdict) Blocked() bool { return v == Denied || v == NoRoute }

// Action is what a hop did with the packet.
type Action string

// The actions.
const (
	Originate Action = "originate" // the packet starts here
	Resolve   Action = "resolve"   // DNS64 answers with an address of the other family
	SNAT      Action = "snat"      // the source address is translated
	DNAT      Action = "dnat"      // the destination address is translated
	NAT64     Action = "nat64"     // both addresses are translated to the other family, or back
	Routed    Action = "route"     // a route carries it on
	Translate Action = "translate" // a load balancer gives both addresses anew, of the other family where the ends differ
	Connect   Action = "connect"   // a proxy ends the connection and opens a new one
	Forward   Action = "forward"   // a gateway or load balancer passes it on
	Allow     Action = "allow"     // a filter lets it pass
	Deny      Action = "deny"      // a filter or gateway refuses it: the last hop of a Denied trace
	Drop      Action = "drop"      // nothing carries it on: the last hop of a NoRoute trace
	Unknown   Action = "unknown"   // what happens is not known: the last hop of an Insufficient trace
	Deliver   Action = "deliver"   // it arrives
	Exit      Action = "exit"      // it leaves for the internet
)

// Packet is the header that routes and filters look at.
type Packet struct {
	Src, Dst         netip.Addr
	Proto            Proto
	SrcPort, DstPort uint16
}

// Family is the packet's address family.
func (p Packet) Family() Family { return FamilyOf(p.Dst) }

func (p Packet) String() string {
	return fmt.Sprintf("%s → %s", netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort))
}

// Hop is one step of a packet: a component did something because of a rule.
type Hop struct {
	Component     Component
	Workload      string // of a Pod: what it is of, where that is known
	Ref                  // the resource, where it is one
	Action        Action
	By            string // the rule that decided: "::/0 → EgressOnly (AppRoute)", "no rule allows tcp/443 from ::/0"
	Before, After Packet
}

// FamilyIn and FamilyOut are the address families before and after the hop.
func (h Hop) FamilyIn() Family { return h.Before.Family() }

// FamilyOut is the address family after the hop.
func (h Hop) FamilyOut() Family { return h.After.Family() }

// Trace is the answer to a question between two interfaces: what becomes of every packet that it asks about, and of the answers.
//
// Regions are the whole answer: they are disjoint, and together they hold every packet of the question. The other fields show one
// packet of the region that decides: one that is lost where some are, else the first.
//
// A trace with an OK verdict has a complete Return. When the answer is what fails, the verdict says how and
// the last hop of Return says where. When the packet itself fails, the last hop of Hops says where and Return
// is empty.
type Trace struct {
	Query       Query
	From, To    string // the interfaces this trace is about, where the query names several
	Verdict     Verdict
	Hops        []Hop
	Return      []Hop
	Assumptions []string // what the verdict rests on that the templates do not say
	Regions     []Region

	from   *Interface
	dest   *Destination
	region int            // whose way is shown
	one    map[any]domain // of a sample: the values of its packet
}

// Last is the hop that decided: the last of Return when the answer failed, else the last of Hops.
func (t Trace) Last() Hop { return last(t.Hops, t.Return) }

func last(hops, back []Hop) Hop {
	if n := len(back); n > 0 && back[n-1].Action != Deliver {
		return back[n-1]
	}
	if len(hops) == 0 {
		return Hop{}
	}
	return hops[len(hops)-1]
}

// Expect is what a flow needs.
type Expect string

// The expectations.
const (
	ExpectDelivered Expect = "Delivered"
	ExpectExits     Expect = "ExitsNetwork"
	ExpectPasses    Expect = "Passes"  // Delivered or ExitsNetwork
	ExpectRefused   Expect = "Refused" // Denied or NoRoute
)

// Met reports whether a verdict is the expected one. Insufficient meets nothing.
func (e Expect) Met(v Verdict) bool {
	switch e {
	case ExpectDelivered:
		return v == Delivered
	case ExpectExits:
		return v == ExitsNetwork
	case ExpectPasses:
		return v.OK()
	case ExpectRefused:
		return v.Blocked()
	}
	return false
}
