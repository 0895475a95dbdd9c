package kept

import "testing"

type box struct{ values Values }

func init() { In(func(b *box) *Values { return &b.values }) }

func TestOf(t *testing.T) {
	t.Parallel()
	type names []string
	type count int
	var one, other box
	*Of[names](&one) = append(*Of[names](&one), "a")
	*Of[count](&one)++
	*Of[count](&one)++
	if n, c := *Of[names](&one), *Of[count](&one); len(n) != 1 || n[0] != "a" || c != 2 {
		t.Errorf("%v, %d", n, c)
	}
	if c := *Of[count](&other); c != 0 {
		t.Errorf("%d, of another construct", c)
	}
}

func TestOfNothing(t *testing.T) {
	t.Parallel()
	defer func() {
		if got := recover(); got != "kept: nothing is kept with a *int" {
			t.Errorf("%v", got)
		}
	}()
	Of[string](new(int))
}
