package options_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/examples/internal/options"
)

// The rehearsal's updates are context keys that are there, and each changes something.
func TestUpdatesOfTheRehearsal(t *testing.T) {
	text, err := os.ReadFile("../../../test/rehearsal/updates.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		lines++
		before, after, ok := strings.Cut(line, "|")
		context := contextOf(t, nil, before)
		was, err := options.Parse(context, "")
		if !ok || err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		is, err := options.Parse(contextOf(t, context, after), "")
		if err != nil || reflect.DeepEqual(was, is) {
			t.Errorf("%s: %v, or nothing changes", line, err)
		}
	}
	if lines < 10 {
		t.Errorf("only %d updates", lines)
	}
}

// contextOf is what the CDK CLI makes of -c KEY=VALUE arguments, after others.
func contextOf(t *testing.T, others map[string]any, args string) map[string]any {
	t.Helper()
	out := map[string]any{}
	for k, v := range others {
		out[k] = v
	}
	words := strings.Fields(args)
	for i := 0; i < len(words); i += 2 {
		if words[i] != "-c" || i+1 == len(words) {
			t.Fatalf("%s: want -c KEY=VALUE", args)
		}
		key, value, ok := strings.Cut(words[i+1], "=")
		if !ok {
			t.Fatalf("%s: want KEY=VALUE", words[i+1])
		}
		out[key] = value
	}
	return out
}
