package ipv6eks

import "testing"

// Each size has its default by itself: what is given moves the others only where it must.
func TestSizes(t *testing.T) {
	t.Parallel()
	for given, want := range map[[3]int][3]int{
		{}:        {2, 2, 4},
		{0, 0, 1}: {1, 1, 1}, {0, 0, 3}: {2, 2, 3}, {0, 0, 10}: {2, 2, 10},
		{0, 1, 0}: {1, 1, 4}, {0, 3, 0}: {2, 3, 4}, {0, 6, 0}: {2, 6, 6},
		{1, 0, 0}: {1, 1, 4}, {3, 0, 0}: {3, 3, 4}, {9, 0, 0}: {9, 9, 9},
		{0, 1, 9}: {1, 1, 9}, {1, 0, 9}: {1, 1, 9}, {3, 5, 0}: {3, 5, 5}, {1, 2, 3}: {1, 2, 3},
	} {
		p, err := (&NodeGroupProps{Min: given[0], Desired: given[1], Max: given[2]}).resolve()
		if got := [3]int{p.Min, p.Desired, p.Max}; got != want || err != nil {
			t.Errorf("Min, Desired, Max %v are %v, want %v: %v", given, got, want, err)
		}
	}
	for given, want := range map[[2]int][3]int{{}: {0, 0, 4}, {0, 9}: {0, 0, 9}, {1, 0}: {0, 1, 4}} {
		p, err := (&NodeGroupProps{Desired: given[0], Max: given[1], ScaleToZero: true}).resolve()
		if got := [3]int{p.Min, p.Desired, p.Max}; got != want || err != nil {
			t.Errorf("ScaleToZero with Desired, Max %v is %v, want %v: %v", given, got, want, err)
		}
	}
}
