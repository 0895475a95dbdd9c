package problems

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestList(t *testing.T) {
	t.Parallel()
	var none List
	none.Join(nil)
	none.In("Network").At("Zones", 1).Join(errors.Join())
	if err := none.Err(); err != nil {
		t.Errorf("nothing is wrong: %v", err)
	}

	var l List
	l.Add("Azs", "%d: want 2", 1)
	l.Add("", "no field at all")
	in := l.In("Network")
	in.Add("Nat", "none: want one")
	in.Add("", "missing")
	for i, s := range []string{"", "b"} {
		if e := in.At("Zones", i); s == "" {
			e.Add("", "empty")
			e.In("Name").Add("First", "%q", s)
		}
	}
	l.At("Tags", "k").Add("Value", "%w", fs.ErrExist)
	l.Join(errors.New("Cidr: wrong"))

	var part List
	part.Add("Version", "old")
	part.At("Env", "A").Add("", "%w", fs.ErrInvalid)
	l.Join(fmt.Errorf("one problem: %w", errors.Join(errors.New("a"), errors.New("b"))))
	in.At("Add", 0).Join(errors.Join(part.Err(), nil, errors.New("Name: none")))

	const want = `Azs: 1: want 2
no field at all
Network.Nat: none: want one
Network: missing
Network.Zones[0]: empty
Network.Zones[0].Name.First: ""
Tags[k].Value: file already exists
Cidr: wrong
one problem: a
b
Network.Add[0].Version: old
Network.Add[0].Env[A]: invalid argument
Network.Add[0].Name: none`
	err := l.Err()
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwanted\n%s", err, want)
	}
	if !errors.Is(err, fs.ErrExist) || !errors.Is(err, fs.ErrInvalid) {
		t.Error("what was wrapped is lost")
	}
	if n := len(err.(interface{ Unwrap() []error }).Unwrap()); n != 12 {
		t.Errorf("%d problems", n)
	}
	if m := in.Messages("p"); len(m) != 12 || m[0] != "p: Azs: 1: want 2" {
		t.Errorf("messages: %q", m)
	}
	if in.Err().Error() != want {
		t.Error("a part knows of less than the whole")
	}
}
