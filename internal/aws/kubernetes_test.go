package aws

import "testing"

func TestImageMinor(t *testing.T) {
	t.Parallel()
	for release, want := range map[string]int{
		"1.35.3-20261012":     35,
		"1.31-2025.01.14":     31,
		"1.50.0-3a5c8b21":     -1, // Bottlerocket's own
		"1.50.0":              -1,
		"1.50.0-31234567":     -1, // a hash of digits only
		"ami-0123456789abcde": -1,
		"":                    -1,
	} {
		got, ok := ImageMinor(release)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q is of Kubernetes 1.%d, want %d", release, got, want)
		}
	}
}
