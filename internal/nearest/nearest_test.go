package nearest

import "testing"

func TestOf(t *testing.T) {
	t.Parallel()
	keys := []string{"azs", "nat", "vpcCidr", "natMode"}
	for _, c := range []struct {
		word  string
		limit int
		want  string
	}{
		{"nats", 2, "nat"}, // azs is as good at a limit of 2, and comes first
		{"VPCCIDR", 2, "vpcCidr"},
		{"vpcCdir", 2, "vpcCidr"},
		{"aat", 2, "nat"}, // azs takes two
		{"bbb", 3, "azs"}, // all take three: the first
		{"vpcCidr", 0, "vpcCidr"},
		{"region", 2, ""},
		{"", 1, ""},
	} {
		if got := Of(c.word, keys, c.limit); got != c.want {
			t.Errorf("%q within %d: %q, want %q", c.word, c.limit, got, c.want)
		}
	}
	if got := Of("a", nil, 9); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}
