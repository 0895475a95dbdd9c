package expose

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/eks-ipv6/cdk/internal/problems"
)

// A part of an object is what a Tune function has to leave alone, because something else rests on it.
type part struct {
	path    []string // keys, from the object's root
	instead string   // what to want instead
}

// identity are the parts of every object: what it is, and where.
var identity = []part{
	{[]string{"apiVersion"}, "it left alone"}, {[]string{"kind"}, "it left alone"},
	{[]string{"metadata", "name"}, "the field Name"}, {[]string{"metadata", "namespace"}, "the field Namespace"},
}

// note is the part that is an annotation.
func note(prefix, name, instead string) part {
	return part{[]string{"metadata", "annotations", prefix + name}, instead}
}

// notes are the parts that are annotations, of those that fields stand for.
func notes(prefix string, owned []ownedAnnotation, names ...string) (out []part) {
	for _, name := range names {
		for _, o := range owned {
			if o.name == name {
				if strings.Contains(name, "/") { // with a prefix of its own
					prefix = ""
				}
				out = append(out, note(prefix, name, o.instead))
			}
		}
	}
	return out
}

// tuned is an object as a Tune function has it, which gets one that shares nothing with the choices. It tells which of its
// parts should not have been changed.
func tuned[T runtime.Object](bad *problems.List, object T, tune func(T), parts []part) T {
	if tune == nil {
		return object
	}
	before := mustManifest(object)
	object = object.DeepCopyObject().(T)
	tune(object)
	after, err := manifest(object)
	if err != nil {
		bad.Add("Tune", "%v %v: %w: want what JSON can hold", before["kind"], at(before, "metadata", "name"), err)
		return object
	}
	for _, p := range slices.Concat(parts, identity) {
		was, now := at(before, p.path...), at(after, p.path...)
		if reflect.DeepEqual(was, now) {
			continue
		}
		name := strings.Join(p.path, ".")
		if len(p.path) == 3 && p.path[1] == "annotations" {
			name = "metadata.annotations[" + p.path[2] + "]"
		}
		bad.Add("Tune", "%v %v: %s: %s: want %s", before["kind"], at(before, "metadata", "name"), name, shown(now), p.instead)
	}
	return object
}

// shown is a value as a message has it.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "left out"
	case string:
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(v)
}
