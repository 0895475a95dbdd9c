package network

// Ends are the two ends of a trace, for callers that build them for real and send the trace's packets between them. Of a sample they have
// the values of its packet.
type Ends struct {
	From Interface
	Destination
}

// Ends are the trace's source and destination. The second result is false for a Trace that no Network made.
func (t Trace) Ends() (Ends, bool) {
	if t.from == nil {
		return Ends{}, false
	}
	e := Ends{From: *t.from, Destination: *t.dest}
	e.Family = e.over(t.from)
	for _, p := range []**Interface{&e.To, &e.Backend, &e.Front} {
		if *p != nil {
			own := **p
			*p = &own
		}
	}
	if e.Front == nil && e.Listener != nil {
		e.Front = e.To
	}
	t.sampled(&e)
	return e, true
}

// Absent says why there is nothing to reach, such as the controller's refusal to make a load balancer; "" where there is something.
func (d Destination) Absent() string {
	if d.Fails == nil {
		return ""
	}
	return d.Fails.Why
}

// Nowhere reports whether nothing is at the address.
func (i *Interface) Nowhere() bool { return i.gone != nil }
