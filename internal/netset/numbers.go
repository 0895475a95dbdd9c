package netset

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Numbers is a set of port numbers, protocol numbers or ICMP types. The zero value is the empty set.
type Numbers struct{ spans []Span }

// Span is the numbers from From to To, both included.
type Span struct{ From, To uint16 }

// Spans returns the set of the numbers in some spans. A span whose From is after its To has none.
func Spans(spans ...Span) Numbers {
	spans = slices.DeleteFunc(slices.Clone(spans), func(s Span) bool { return s.From > s.To })
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	var out []Span
	for _, s := range spans {
		if n := len(out); n > 0 && int(s.From) <= int(out[n-1].To)+1 {
			out[n-1].To = max(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return Numbers{out}
}

// Between returns the set of the numbers from one to another, both included.
func Between(from, to uint16) Numbers { return Spans(Span{from, to}) }

// Just returns the set of some numbers.
func Just(numbers ...uint16) Numbers {
	spans := make([]Span, len(numbers))
	for i, n := range numbers {
		spans[i] = Span{n, n}
	}
	return Spans(spans...)
}

// IsEmpty reports whether the set has no number.
func (s Numbers) IsEmpty() bool { return len(s.spans) == 0 }

// Contains reports whether a number is in the set.
func (s Numbers) Contains(n uint16) bool {
	_, ok := slices.BinarySearchFunc(s.spans, n, func(r Span, n uint16) int {
		switch {
		case r.To < n:
			return -1
		case r.From > n:
			return 1
		}
		return 0
	})
	return ok
}

// Covers reports whether every number of another set is in the set.
func (s Numbers) Covers(o Numbers) bool { return o.Minus(s).IsEmpty() }

// Overlaps reports whether the sets share a number.
func (s Numbers) Overlaps(o Numbers) bool { return !s.Intersect(o).IsEmpty() }

// Equal reports whether the sets have the same numbers.
func (s Numbers) Equal(o Numbers) bool { return slices.Equal(s.spans, o.spans) }

// Union returns the numbers in either set.
func (s Numbers) Union(o Numbers) Numbers { return Spans(append(slices.Clone(s.spans), o.spans...)...) }

// Intersect returns the numbers in both sets.
func (s Numbers) Intersect(o Numbers) Numbers {
	var out []Span
	for i, j := 0, 0; i < len(s.spans) && j < len(o.spans); {
		a, b := s.spans[i], o.spans[j]
		if from, to := max(a.From, b.From), min(a.To, b.To); from <= to {
			out = append(out, Span{from, to})
		}
		if a.To < b.To {
			i++
		} else {
			j++
		}
	}
	return Numbers{out}
}

// Minus returns the numbers of the set that are not in another.
func (s Numbers) Minus(o Numbers) Numbers {
	var out []Span
	j := 0
	for _, a := range s.spans {
		from, to := int(a.From), int(a.To)
		for j < len(o.spans) && int(o.spans[j].To) < from {
			j++
		}
		for k := j; k < len(o.spans) && int(o.spans[k].From) <= to; k++ {
			if b := o.spans[k]; int(b.From) > from {
				out = append(out, Span{uint16(from), b.From - 1})
			}
			from = int(o.spans[k].To) + 1
		}
		if from <= to {
			out = append(out, Span{uint16(from), uint16(to)})
		}
	}
	return Numbers{out}
}

// First returns the lowest number, 0 for the empty set.
func (s Numbers) First() uint16 {
	if s.IsEmpty() {
		return 0
	}
	return s.spans[0].From
}

// Last returns the highest number, 0 for the empty set.
func (s Numbers) Last() uint16 {
	if s.IsEmpty() {
		return 0
	}
	return s.spans[len(s.spans)-1].To
}

// Single returns the number of a set that has one only.
func (s Numbers) Single() (uint16, bool) {
	if len(s.spans) != 1 || s.spans[0].From != s.spans[0].To {
		return 0, false
	}
	return s.spans[0].From, true
}

// Spans returns the set as the fewest spans, in order.
func (s Numbers) Spans() []Span { return slices.Clone(s.spans) }

// String writes the spans with commas between: "22,80-443".
func (s Numbers) String() string {
	text := make([]string, len(s.spans))
	for i, r := range s.spans {
		text[i] = fmt.Sprint(r.From)
		if r.From != r.To {
			text[i] = fmt.Sprintf("%d-%d", r.From, r.To)
		}
	}
	return strings.Join(text, ",")
}
