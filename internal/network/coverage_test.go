package network

import (
	"os"
	"strings"
	"testing"
)

// TestSupportedPage keeps docs/supported.md true to the lists of resource types.
func TestSupportedPage(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/supported.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	known := map[string]bool{}
	for _, typ := range append(ModelledTypes(), IrrelevantTypes()...) {
		known[typ] = true
		if !strings.Contains(page, "`"+typ+"`") {
			t.Errorf("docs/supported.md does not name %s", typ)
		}
	}
	for _, word := range strings.Split(page, "`") {
		if (strings.HasPrefix(word, "AWS::") || strings.HasPrefix(word, "Custom::")) && !known[word] {
			t.Errorf("docs/supported.md names %s, which is in neither list", word)
		}
	}
	for typ := range modelled {
		if isIrrelevant(typ) {
			t.Errorf("%s is modelled and irrelevant at once", typ)
		}
	}
}
