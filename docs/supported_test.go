package docs_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/internal/network"
)

// TestSupported writes what the kinds of internal/network say of themselves into supported.md.
func TestSupported(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("supported.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for name, block := range map[string]string{"modelled": modelled(), "types": types(), "open": openProperties(), "fixes": fixes()} {
		begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->\n"
		before, rest, ok := strings.Cut(text, begin)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("supported.md has no place for %s", name)
		}
		text = before + begin + block + end + after
	}
	golden.Check(t, "supported.md", []byte(text))
}

// inOrder are the kinds in the order of their components, those of no component last.
func inOrder() []network.Kind {
	list := network.Kinds()
	slices.SortStableFunc(list, func(a, b network.Kind) int { return cmp.Compare(a.Component-1, b.Component-1) })
	return list
}

func modelled() string {
	var b strings.Builder
	b.WriteString("| subject | what is modelled | source |\n|---|---|---|\n")
	for _, k := range inOrder() {
		if k.Subject != "" {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", k.Subject, k.Models, k.Source)
		}
	}
	return b.String()
}

// types are the types that the kinds model, a line for each service.
func types() string {
	services := map[string][]string{}
	for _, typ := range network.ModelledTypes() {
		service := typ[:strings.LastIndex(typ, "::")]
		services[service] = append(services[service], "`"+typ+"`")
	}
	var out []string
	for _, list := range services {
		out = append(out, "- "+strings.Join(list, ", ")+"\n")
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

func openProperties() string {
	var b strings.Builder
	b.WriteString("| property | decides over |\n|---|---|\n")
	for _, k := range inOrder() {
		for _, o := range k.Open {
			over := make([]string, len(o.Decides))
			for i, c := range o.Decides {
				over[i] = cmp.Or(c.String(), "everything")
			}
			fmt.Fprintf(&b, "| `%s`: %s | %s |\n", o.Type, strings.Join(o.Properties, ", "), strings.Join(over, ", "))
		}
	}
	return b.String()
}

func fixes() string {
	var b strings.Builder
	b.WriteString("| where | what to do |\n|---|---|\n")
	for _, c := range network.Components() {
		if fix := c.Fix(); fix != "" {
			fmt.Fprintf(&b, "| %s | %s |\n", c, fix)
		}
	}
	return b.String()
}
