// Package tuned calls Tune functions, by which users change the properties of CDK's constructs, and refuses what they may not
// change: a change that would be lost, or that the rest of a construct does not hear of.
package tuned

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/eks-ipv6/cdk/internal/problems"
)

// Call has a function change properties, unless it is nil. fixed are the fields that it must leave as they are, each with what
// to do instead.
func Call[P any](bad *problems.List, tune func(*P), p *P, fixed map[string]string) {
	if tune == nil {
		return
	}
	before := snapshot(reflect.ValueOf(p).Elem(), slices.Sorted(maps.Keys(fixed)))
	tune(p)
	after := reflect.ValueOf(p).Elem()
	for _, name := range slices.Sorted(maps.Keys(fixed)) {
		if now := after.FieldByName(name); !same(before[name], now) {
			bad.Add(name, "%s: %s", text(now), fixed[name])
		}
	}
}

// snapshot are the values of fields, with lists and what pointers lead to copied: a function may change them in place.
func snapshot(of reflect.Value, names []string) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	for _, name := range names {
		f := of.FieldByName(name)
		if !f.IsValid() {
			panic(fmt.Sprintf("tuned: %v has no field %s", of.Type(), name))
		}
		out[name] = reflect.New(f.Type()).Elem()
		out[name].Set(copied(f))
	}
	return out
}

func copied(v reflect.Value) reflect.Value {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() != reflect.Struct:
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(copied(v.Elem()))
		return p
	case v.Kind() == reflect.Slice && !v.IsNil():
		s := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(s, v)
		return s
	}
	return v
}

// same tells whether two values of a field are the same. Objects of CDK have nothing in them here: each is itself only.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Interface, reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() && b.IsNil()
		}
		if a.Kind() == reflect.Pointer && a.Elem().Kind() == reflect.Struct {
			return a.Pointer() == b.Pointer()
		}
		return a.Elem().Type() == b.Elem().Type() && same(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	default:
		return reflect.DeepEqual(a.Interface(), b.Interface())
	}
}

// text is a value for a message: what a pointer leads to, or that something else is there.
func text(v reflect.Value) string {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return "none"
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return fmt.Sprintf("%q", v)
	case reflect.Bool, reflect.Float64:
		return fmt.Sprint(v)
	default:
		return "changed"
	}
}
