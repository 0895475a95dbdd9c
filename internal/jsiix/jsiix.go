// Package jsiix turns plain Go values into the pointers that jsii's generated code wants. It is the only
// place in the module that spells jsii.String and its kin.
package jsiix

import (
	"strings"

	"github.com/aws/jsii-runtime-go"
)

// Str is a pointer to s, also when s is empty.
func Str(s string) *string { return jsii.String(s) }

// StrOrNil is nil for the empty string, so that the property is left out of the template.
func StrOrNil(s string) *string {
	if s == "" {
		return nil
	}
	return jsii.String(s)
}

// Num is a pointer to n as the float64 that JavaScript has for every number.
func Num(n int) *float64 { return jsii.Number(n) }

// NumOrNil is nil for zero, so that the property is left out of the template.
func NumOrNil(n int) *float64 {
	if n == 0 {
		return nil
	}
	return jsii.Number(n)
}

// Bool is a pointer to b.
func Bool(b bool) *bool { return jsii.Bool(b) }

// Strs is a list of string pointers.
func Strs[S ~string](list []S) *[]*string {
	out := make([]*string, len(list))
	for i, s := range list {
		out[i] = jsii.String(string(s))
	}
	return &out
}

// List is a pointer to a list of its arguments, in the type that the context wants.
func List[T any](items ...T) *[]T { return &items }

// Value is what p points to, or the zero value when p is nil.
func Value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// TokenMark begins every string that stands for a CDK token: ${Token[Name.123]}.
const TokenMark = "${Token["

// IsToken tells whether s holds a CDK token, whose value no one knows yet, without asking the kernel.
func IsToken(s string) bool { return strings.Contains(s, TokenMark) }
