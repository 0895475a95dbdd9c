package netset

import (
	"slices"
	"sort"
)

// point is what a line is made of: an address, or a number. The next point of the last one, and the previous of the first, are
// never asked for.
type point[T any] interface {
	comparable
	Compare(T) int
	Next() T
	Prev() T
}

// span is the points from one to another, both included.
type span[T point[T]] struct{ from, to T }

// spans is a set of points: disjoint spans in order, of which none begins right after the one before it. A set has one such
// form only. It is never changed, so that sets can share it.
type spans[T point[T]] []span[T]

// spansOf makes a set of spans in any order. It takes over the list. A span that ends before it begins has no point.
func spansOf[T point[T]](list []span[T]) spans[T] {
	list = slices.DeleteFunc(list, func(s span[T]) bool { return s.from.Compare(s.to) > 0 })
	if len(list) > 1 {
		slices.SortFunc(list, func(a, b span[T]) int { return a.from.Compare(b.from) })
	}
	return merge(list)
}

// merge joins the spans of a list in order that overlap or touch. It takes over the list.
func merge[T point[T]](list []span[T]) spans[T] {
	out := list[:0]
	for _, s := range list {
		n := len(out) - 1
		switch {
		case n < 0, s.from.Compare(out[n].to) > 0 && s.from != out[n].to.Next():
			out = append(out, s)
		case s.to.Compare(out[n].to) > 0:
			out[n].to = s.to
		}
	}
	return spans[T](out)
}

// after returns the index of the first span that ends at a point or after it.
func (s spans[T]) after(p T) int {
	return sort.Search(len(s), func(i int) bool { return s[i].to.Compare(p) >= 0 })
}

func (s spans[T]) contains(p T) bool {
	i := s.after(p)
	return i < len(s) && s[i].from.Compare(p) <= 0
}

func (s spans[T]) covers(o spans[T]) bool {
	i := 0
	for _, b := range o {
		for i < len(s) && s[i].to.Compare(b.from) < 0 {
			i++
		}
		if i == len(s) || s[i].from.Compare(b.from) > 0 || s[i].to.Compare(b.to) < 0 {
			return false
		}
	}
	return true
}

func (s spans[T]) overlaps(o spans[T]) bool {
	for i, j := 0, 0; i < len(s) && j < len(o); {
		switch {
		case s[i].to.Compare(o[j].from) < 0:
			i++
		case o[j].to.Compare(s[i].from) < 0:
			j++
		default:
			return true
		}
	}
	return false
}

func (s spans[T]) union(o spans[T]) spans[T] {
	switch {
	case s.covers(o):
		return s
	case o.covers(s):
		return o
	}
	out := make([]span[T], 0, len(s)+len(o))
	for len(s) > 0 && len(o) > 0 {
		if s[0].from.Compare(o[0].from) > 0 {
			s, o = o, s
		}
		out, s = append(out, s[0]), s[1:]
	}
	return merge(append(append(out, s...), o...))
}

func (s spans[T]) intersect(o spans[T]) spans[T] {
	switch {
	case o.covers(s):
		return s
	case s.covers(o):
		return o
	}
	var out spans[T]
	for i, j := 0, 0; i < len(s) && j < len(o); {
		a, b := s[i], o[j]
		if a.to.Compare(b.to) < 0 {
			i++
		} else {
			a.to = b.to
			j++
		}
		if a.from.Compare(b.from) < 0 {
			a.from = b.from
		}
		if a.from.Compare(a.to) <= 0 {
			out = append(out, a)
		}
	}
	return out
}

func (s spans[T]) minus(o spans[T]) spans[T] {
	if !s.overlaps(o) {
		return s
	}
	var out spans[T]
	j := 0
next:
	for _, a := range s {
		for j < len(o) && o[j].to.Compare(a.from) < 0 {
			j++
		}
		for ; j < len(o) && o[j].from.Compare(a.to) <= 0; j++ {
			if a.from.Compare(o[j].from) < 0 {
				out = append(out, span[T]{a.from, o[j].from.Prev()})
			}
			if o[j].to.Compare(a.to) >= 0 { // it may reach into the next span
				continue next
			}
			a.from = o[j].to.Next()
		}
		out = append(out, a)
	}
	return out
}

func (s spans[T]) single() (p T, ok bool) {
	if len(s) != 1 || s[0].from != s[0].to {
		return p, false
	}
	return s[0].from, true
}

// cut returns the spans that have a point from one to another. Those at the ends may reach beyond.
func (s spans[T]) cut(from, to T) spans[T] {
	i := s.after(from)
	n := sort.Search(len(s)-i, func(n int) bool { return s[i+n].from.Compare(to) > 0 })
	return s[i : i+n]
}

func least[T point[T]](a, b T) T {
	if b.Compare(a) < 0 {
		return b
	}
	return a
}

func most[T point[T]](a, b T) T {
	if b.Compare(a) > 0 {
		return b
	}
	return a
}
