package netset

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Numbers is a set of port numbers, protocol numbers or ICMP types. The zero value is the empty set.
type Numbers struct{ set spans[number] }

type number uint16

func (n number) Compare(o number) int { return cmp.Compare(n, o) }
func (n number) Next() number         { return n + 1 }
func (n number) Prev() number         { return n - 1 }

// Span is the numbers from From to To, both included.
type Span struct{ From, To uint16 }

// Spans returns the set of the numbers in some spans. A span whose From is after its To has none.
func Spans(list ...Span) Numbers {
	out := make([]span[number], len(list))
	for i, s := range list {
		out[i] = span[number]{number(s.From), number(s.To)}
	}
	return Numbers{spansOf(out)}
}

// Between returns the set of the numbers from one to another, both included.
func Between(from, to uint16) Numbers { return Spans(Span{from, to}) }

// Just returns the set of some numbers.
func Just(numbers ...uint16) Numbers {
	out := make([]span[number], len(numbers))
	for i, n := range numbers {
		out[i] = span[number]{number(n), number(n)}
	}
	return Numbers{spansOf(out)}
}

// IsEmpty reports whether the set has no number.
func (s Numbers) IsEmpty() bool { return len(s.set) == 0 }

// Contains reports whether a number is in the set.
func (s Numbers) Contains(n uint16) bool { return s.set.contains(number(n)) }

// Covers reports whether every number of another set is in the set.
func (s Numbers) Covers(o Numbers) bool { return s.set.covers(o.set) }

// Overlaps reports whether the sets share a number.
func (s Numbers) Overlaps(o Numbers) bool { return s.set.overlaps(o.set) }

// Equal reports whether the sets have the same numbers.
func (s Numbers) Equal(o Numbers) bool { return slices.Equal(s.set, o.set) }

// Union returns the numbers in either set.
func (s Numbers) Union(o Numbers) Numbers { return Numbers{s.set.union(o.set)} }

// Intersect returns the numbers in both sets.
func (s Numbers) Intersect(o Numbers) Numbers { return Numbers{s.set.intersect(o.set)} }

// Minus returns the numbers of the set that are not in another.
func (s Numbers) Minus(o Numbers) Numbers { return Numbers{s.set.minus(o.set)} }

// First returns the lowest number, 0 for the empty set.
func (s Numbers) First() uint16 {
	if s.IsEmpty() {
		return 0
	}
	return uint16(s.set[0].from)
}

// Last returns the highest number, 0 for the empty set.
func (s Numbers) Last() uint16 {
	if s.IsEmpty() {
		return 0
	}
	return uint16(s.set[len(s.set)-1].to)
}

// Single returns the number of a set that has one only.
func (s Numbers) Single() (uint16, bool) {
	n, ok := s.set.single()
	return uint16(n), ok
}

// Spans returns the set as the fewest spans, in order.
func (s Numbers) Spans() []Span {
	out := make([]Span, len(s.set))
	for i, r := range s.set {
		out[i] = Span{uint16(r.from), uint16(r.to)}
	}
	return out
}

// String writes the spans with commas between: "22,80-443".
func (s Numbers) String() string {
	text := make([]string, len(s.set))
	for i, r := range s.set {
		text[i] = fmt.Sprint(r.from)
		if r.from != r.to {
			text[i] = fmt.Sprintf("%d-%d", r.from, r.to)
		}
	}
	return strings.Join(text, ",")
}
