package ipv6eks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// DefaultVersion is the Kubernetes version of a cluster that names none.
const DefaultVersion = "1.35"

// versions are what this library was made for: those in EKS standard support.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
var versions = []string{"1.34", "1.35", "1.36"}

// Versions are the Kubernetes versions that a cluster may have, oldest first.
func Versions() []string { return slices.Clone(versions) }

func validateVersion(v string) error {
	if !slices.Contains(versions, v) {
		return fmt.Errorf("Version: %q: want one of %s", v, strings.Join(versions, ", "))
	}
	return nil
}

// AtLeast tells whether version v of Kubernetes, such as 1.35, is want or later.
func AtLeast(v, want string) bool {
	a, errA := minor(v)
	b, errB := minor(want)
	return errA == nil && errB == nil && a >= b
}

// minor is the 35 of 1.35.
func minor(v string) (int, error) {
	rest, ok := strings.CutPrefix(v, "1.")
	if !ok {
		return 0, fmt.Errorf("%q is no Kubernetes version: want one such as %s", v, DefaultVersion)
	}
	n, err := strconv.Atoi(rest)
	if err != nil {
		return 0, fmt.Errorf("%q is no Kubernetes version: want one such as %s", v, DefaultVersion)
	}
	return n, nil
}
