package ipv6eks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eks-ipv6/cdk/internal/aws"
)

// DefaultVersion is the Kubernetes version of a cluster that names none: the newest but one, so that charts and operators
// had time to follow, with standard support until 2027-03-27. A release of this library that changes it upgrades the control
// plane of whoever names no version (docs/adr/0008).
const DefaultVersion = "1.35"

// versions are what this library was made for: those in EKS standard support. 1.34 leaves it on 2026-12-02; NewCluster warns.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
var versions = []string{"1.34", "1.35", "1.36"}

// Versions are the Kubernetes versions that a cluster may have, oldest first.
func Versions() []string { return slices.Clone(versions) }

func validateVersion(v string) error {
	known, ok := aws.KubernetesVersion(v)
	want := "want one of " + strings.Join(versions, ", ")
	switch {
	case slices.Contains(versions, v):
		return nil
	case ok && !AtLeast(v, versions[0]):
		return fmt.Errorf("Version: %s: its standard support ends on %s (%s): %s", v, known.StandardUntil.Format(time.DateOnly), aws.DocVersions, want)
	case ok:
		return fmt.Errorf("Version: %s: EKS has it, but the versions of its add-ons and a kubectl layer for it were not to be had when this release was made: %s", v, want)
	}
	return fmt.Errorf("Version: %q: %s", v, want)
}

// AtLeast tells whether version v of Kubernetes, such as 1.35, is want or later.
func AtLeast(v, want string) bool {
	a, errA := minor(v)
	b, errB := minor(want)
	return errA == nil && errB == nil && a >= b
}

// minor is the 35 of 1.35.
func minor(v string) (int, error) {
	n, ok := aws.MinorOf(v)
	if !ok || v != fmt.Sprintf("1.%d", n) {
		return 0, fmt.Errorf("%q is no Kubernetes version: want one such as %s", v, DefaultVersion)
	}
	return n, nil
}
