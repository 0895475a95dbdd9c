// Package kept lets a package of this library keep something with a construct of another one: what it must find again when it
// meets the construct for the second time. It is gone with the construct, and two apps of one process share nothing.
package kept

import "fmt"

// Values are what is kept with one construct, one value of each type. A construct has them in a field that nobody else sees:
// see In.
type Values struct{ list []any }

// fields find the values of a construct, one function for each kind of constructs that have some.
var fields []func(owner any) *Values

// In tells in which field constructs of a kind keep their values. The package of the kind calls it in its init.
func In[Owner any](field func(*Owner) *Values) {
	fields = append(fields, func(owner any) *Values {
		if o, ok := owner.(*Owner); ok {
			return field(o)
		}
		return nil
	})
}

// Of is the value of a type that is kept with a construct. It is empty the first time.
func Of[T any](owner any) *T {
	for _, field := range fields {
		if v := field(owner); v != nil {
			return of[T](v)
		}
	}
	panic(fmt.Sprintf("kept: nothing is kept with a %T", owner))
}

func of[T any](v *Values) *T {
	for _, kept := range v.list {
		if t, ok := kept.(*T); ok {
			return t
		}
	}
	t := new(T)
	v.list = append(v.list, t)
	return t
}
