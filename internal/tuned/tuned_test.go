package tuned

import (
	"testing"

	"github.com/eks-ipv6/cdk/internal/problems"
)

type object struct{ name string }

type props struct {
	Name   *string
	Count  *float64
	List   *[]*string
	Object *object
	Any    any
	Proxy  any
	Free   string
}

func TestCall(t *testing.T) {
	t.Parallel()
	fixed := map[string]string{"Name": "want X.Name", "Count": "leave it", "List": "leave it", "Object": "leave it", "Any": "leave it", "Proxy": "leave it"}
	pointer := func(s string) *string { return &s }
	for what, c := range map[string]struct {
		tune func(*props)
		want string
	}{
		"nil":           {nil, ""},
		"nothing":       {func(*props) {}, ""},
		"the same":      {func(p *props) { p.Name = pointer("a"); p.List = &[]*string{pointer("x")} }, ""},
		"free":          {func(p *props) { p.Free = "b" }, ""},
		"another name":  {func(p *props) { p.Name = pointer("b") }, `Name: "b": want X.Name`},
		"in place":      {func(p *props) { *p.Name = "b" }, `Name: "b": want X.Name`},
		"no name":       {func(p *props) { p.Name = nil }, "Name: none: want X.Name"},
		"a number":      {func(p *props) { n := 2.0; p.Count = &n }, "Count: 2: leave it"},
		"a longer list": {func(p *props) { *p.List = append(*p.List, pointer("y")) }, "List: changed: leave it"},
		"list in place": {func(p *props) { (*p.List)[0] = pointer("y") }, "List: changed: leave it"},
		"an object":     {func(p *props) { p.Object = &object{"other"} }, "Object: changed: leave it"},
		"one like it":   {func(p *props) { p.Object = &object{"one"} }, "Object: changed: leave it"},
		"proxy":         {func(p *props) { p.Proxy = &object{"one"} }, "Proxy: changed: leave it"},
		"anything":      {func(p *props) { p.Any = true }, "Any: true: leave it"},
		"two":           {func(p *props) { p.Any, p.Name = true, nil }, "Any: true: leave it\nName: none: want X.Name"},
	} {
		var bad problems.List
		Call(&bad, c.tune, &props{Name: pointer("a"), List: &[]*string{pointer("x")}, Object: &object{"one"}, Proxy: &object{"one"}}, fixed)
		got := ""
		if err := bad.Err(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}
