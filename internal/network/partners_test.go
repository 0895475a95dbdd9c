package network

import "testing"

// TestPartners: every source and every destination is in some pair, few make every pair, and many do not make many.
func TestPartners(t *testing.T) {
	t.Parallel()
	for ns := 1; ns < 40; ns++ {
		for nd := range 40 {
			met, pairs := map[int]bool{}, 0
			for i := range ns {
				own := Partners(i, ns, nd)
				if nd > 0 && len(own) == 0 {
					t.Fatalf("%d to %d: source %d has none", ns, nd, i)
				}
				once := map[int]bool{}
				for _, j := range own {
					if j < 0 || j >= nd || once[j] {
						t.Fatalf("%d to %d: source %d has %v", ns, nd, i, own)
					}
					once[j], met[j] = true, true
				}
				pairs += len(own)
			}
			if len(met) != nd {
				t.Fatalf("%d to %d: %d destinations met", ns, nd, len(met))
			}
			if all := ns * nd; all <= 16 && pairs != all || all > 16 && pairs > 2*(ns+nd) {
				t.Fatalf("%d to %d: %d pairs", ns, nd, pairs)
			}
		}
	}
}
