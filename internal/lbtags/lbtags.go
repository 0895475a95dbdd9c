// Package lbtags tells which tags and which pairs of key and value the AWS Load Balancer Controller takes.
package lbtags

import (
	"maps"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// Check wants tags that AWS and the controller take.
func Check(bad *problems.List, tags map[string]string) {
	if n := aws.TagsOfResource - aws.ControllerTags; len(tags) > n {
		bad.Add("Tags", "%d: a resource takes %d, and the controller sets %d: want %d at most", len(tags), aws.TagsOfResource, aws.ControllerTags, n)
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		here, v := bad.At("Tags", k), tags[k]
		if !Pair(here, k, v) {
			continue
		}
		switch {
		case strings.HasPrefix(strings.ToLower(k), aws.TagReserved):
			here.Add("", "only AWS sets tags that begin with %s: want another key", aws.TagReserved)
		case aws.IsControllerTag(k):
			here.Add("", "%q: the controller finds what it has made by this tag: want another key", v)
		case !jsiix.IsToken(k) && (len([]rune(k)) > aws.TagKeyMaxChars || !aws.IsTagText(k)):
			here.Add("", "want a key of %d letters, digits, blanks and %s at most", aws.TagKeyMaxChars, aws.TagChars)
		}
		if !jsiix.IsToken(v) && (len([]rune(v)) > aws.TagValueMaxChars || !aws.IsTagText(v)) {
			here.Add("", "%q: want a value of %d letters, digits, blanks and %s at most", v, aws.TagValueMaxChars, aws.TagChars)
		}
	}
}

// Pair wants a key and a value that a list a=b,c=d can hold as they are, and tells whether they are: the controller takes a
// backslash for the sign that the next character is no separator, and blanks off the ends.
// Source: ParseStringMapAnnotation of https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/annotations/parser.go
func Pair(here *problems.List, key, value string) bool {
	if key == "" || strings.ContainsAny(key, `,=\`) || strings.ContainsAny(value, `,\`) {
		here.Add("", "%q: the controller reads a list of a=b with commas between: want neither = nor comma nor backslash in it", value)
		return false
	}
	return Blanks(here, key) && Blanks(here, value)
}

// Blanks refuses blanks at the ends, which the controller takes off lists, so that something else is looked for than was
// said, and which Elastic Load Balancing refuses elsewhere.
// Source: https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/annotations/parser.go
func Blanks(here *problems.List, value string) bool {
	if value == strings.TrimSpace(value) {
		return true
	}
	here.Add("", "%q: the controller takes blanks off the ends: want %q", value, strings.TrimSpace(value))
	return false
}
