// Package kept lets a package of this library keep something with a construct of another one: what it must find again when it
// meets the construct for the second time. It is gone with the construct, and two apps of one process share nothing.
package kept

// Values are what is kept with one construct, one value of each type.
type Values struct{ list []any }

// Of is the value of a type, which is empty the first time.
func Of[T any](v *Values) *T {
	for _, kept := range v.list {
		if t, ok := kept.(*T); ok {
			return t
		}
	}
	t := new(T)
	v.list = append(v.list, t)
	return t
}
