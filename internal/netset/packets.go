package netset

import "slices"

// Box is the packets whose source and destination address, protocol, source and destination port are each in a set. A box with
// an empty set has no packet. The protocol is IANA's number. For ICMP the destination port is the type and the source port the
// code; of other protocols without ports a box has every port.
type Box struct {
	Src, Dst                Addrs
	Proto, SrcPort, DstPort Numbers
}

// IsEmpty reports whether the box has no packet.
func (b Box) IsEmpty() bool {
	return b.Src.IsEmpty() || b.Dst.IsEmpty() || b.Proto.IsEmpty() || b.SrcPort.IsEmpty() || b.DstPort.IsEmpty()
}

// Covers reports whether every packet of another box is in the box.
func (b Box) Covers(o Box) bool {
	return o.IsEmpty() || b.Src.Covers(o.Src) && b.Dst.Covers(o.Dst) && b.Proto.Covers(o.Proto) && b.SrcPort.Covers(o.SrcPort) && b.DstPort.Covers(o.DstPort)
}

// Overlaps reports whether the boxes share a packet.
func (b Box) Overlaps(o Box) bool {
	return b.Src.Overlaps(o.Src) && b.Dst.Overlaps(o.Dst) && b.Proto.Overlaps(o.Proto) && b.SrcPort.Overlaps(o.SrcPort) && b.DstPort.Overlaps(o.DstPort)
}

// Intersect returns the packets in both boxes.
func (b Box) Intersect(o Box) Box {
	return Box{b.Src.Intersect(o.Src), b.Dst.Intersect(o.Dst), b.Proto.Intersect(o.Proto), b.SrcPort.Intersect(o.SrcPort), b.DstPort.Intersect(o.DstPort)}
}

// Minus returns the packets of the box that are not in another, as disjoint boxes: at most one for each field.
func (b Box) Minus(o Box) Packets {
	switch {
	case b.IsEmpty():
		return nil
	case !b.Overlaps(o):
		return Packets{b}
	}
	var out Packets
	cut := func(rest Box) {
		if !rest.IsEmpty() {
			out = append(out, rest)
		}
	}
	// What is left of b shrinks, field by field, to what o has too.
	rest := b
	rest.Src = b.Src.Minus(o.Src)
	cut(rest)
	rest.Src, rest.Dst = b.Src.Intersect(o.Src), b.Dst.Minus(o.Dst)
	cut(rest)
	rest.Dst, rest.Proto = b.Dst.Intersect(o.Dst), b.Proto.Minus(o.Proto)
	cut(rest)
	rest.Proto, rest.SrcPort = b.Proto.Intersect(o.Proto), b.SrcPort.Minus(o.SrcPort)
	cut(rest)
	rest.SrcPort, rest.DstPort = b.SrcPort.Intersect(o.SrcPort), b.DstPort.Minus(o.DstPort)
	cut(rest)
	return out
}

// Packets is a set of packets: a union of disjoint boxes. The zero value is the empty set.
type Packets []Box

// IsEmpty reports whether the set has no packet.
func (p Packets) IsEmpty() bool {
	return !slices.ContainsFunc(p, func(b Box) bool { return !b.IsEmpty() })
}

// Minus returns the packets of the set that are not in another.
func (p Packets) Minus(o Packets) Packets {
	out := slices.DeleteFunc(slices.Clone(p), Box.IsEmpty)
	for _, b := range o {
		var rest Packets
		for _, a := range out {
			rest = append(rest, a.Minus(b)...)
		}
		out = rest
	}
	return out
}

// Union returns the packets in either set.
func (p Packets) Union(o Packets) Packets { return append(p.Minus(nil), o.Minus(p)...) }

// Intersect returns the packets in both sets.
func (p Packets) Intersect(o Packets) Packets {
	var out Packets
	for _, a := range p {
		for _, b := range o {
			if a.Overlaps(b) {
				out = append(out, a.Intersect(b))
			}
		}
	}
	return out
}

// Covers reports whether every packet of another set is in the set.
func (p Packets) Covers(o Packets) bool { return o.Minus(p).IsEmpty() }

// Equal reports whether the sets have the same packets.
func (p Packets) Equal(o Packets) bool { return p.Covers(o) && o.Covers(p) }
