package network

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestSupportedPage keeps docs/supported.md true to the list of types that decide over no packet.
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

// TestKinds: every component has a kind with a name, every opening is of a type that its kind models, and nothing that is read is read
// by nobody.
func TestKinds(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, c := range Components() {
		if c.String() == "" || names[c.String()] {
			t.Errorf("component %d has no name of its own: %q", c, c)
		}
		names[c.String()] = true
	}
	for _, k := range Kinds() {
		for _, o := range k.Open {
			if !slices.Contains(k.Types, o.Type) || len(o.Properties) == 0 || len(o.Decides) == 0 {
				t.Errorf("%v %s: an opening of %s", k.Types, k.Name, o.Type)
			}
		}
		if (k.Subject == "") != (k.Models == "") {
			t.Errorf("%v %s: subject %q models %q", k.Types, k.Name, k.Subject, k.Models)
		}
	}
}
