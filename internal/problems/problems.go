// Package problems collects what is wrong with choices, so that a user hears of everything at once. Each problem begins
// with where it is: Network.InterfaceEndpoints[2].Service: "com.amazonaws.sts": want …
package problems

import (
	"errors"
	"fmt"
)

// List collects problems in the order in which they are found. The zero value is empty.
type List struct {
	field string // where this part of the list is, from the root
	root  *List  // nil for the root itself
	found []error
}

// Add tells that a field is wrong. An empty field is the part itself that the list is of: see In and At.
func (l *List) Add(field, format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if at := l.path(field); at != "" {
		err = fmt.Errorf("%s: %w", at, err)
	}
	l.add(err)
}

// In is the part of the list that is about a field: what is added to it has the field's name before its own.
func (l *List) In(field string) *List {
	return &List{field: l.path(field), root: l.whole()}
}

// At is the part of the list that is about an element of a field, by its position or its key.
func (l *List) At(field string, element any) *List {
	return l.In(fmt.Sprintf("%s[%v]", field, element))
}

// Join adds the problems that an error joins, or the one that it is. They say themselves where they are, from here on.
func (l *List) Join(err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			l.Join(e)
		}
		return
	}
	if l.field != "" {
		err = fmt.Errorf("%s.%w", l.field, err)
	}
	l.add(err)
}

// Err is all problems of the whole list as one error, one on each line, or nil.
func (l *List) Err() error { return errors.Join(l.whole().found...) }

// Messages are all problems of the whole list as a CDK validation returns them, each with the name of its package before
// it.
func (l *List) Messages(pkg string) []string {
	out := []string{}
	for _, err := range l.whole().found {
		out = append(out, pkg+": "+err.Error())
	}
	return out
}

func (l *List) add(err error) {
	whole := l.whole()
	whole.found = append(whole.found, err)
}

func (l *List) whole() *List {
	if l.root != nil {
		return l.root
	}
	return l
}

func (l *List) path(field string) string {
	switch {
	case l.field == "":
		return field
	case field == "":
		return l.field
	}
	return l.field + "." + field
}
