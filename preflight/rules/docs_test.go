package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/preflight/rules"
)

// TestDocs keeps docs/rules.md what the rules are.
func TestDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Rules

What ` + "`preflight check`" + ` looks for in CloudFormation templates, before anything is deployed. An **error** is refused by AWS or breaks
the cluster; a **warning** works, at a cost or a risk. What a template leaves to its deployment is never a finding.

Acknowledge a finding that is wanted by its id, with a reason. Ids are never given to another rule.

This page is made from the rules (` + "`go test ./preflight/rules -run '^TestDocs$' -update`" + `).

`)
	for _, group := range []struct {
		title    string
		severity rules.Severity
	}{{"Errors", rules.Error}, {"Warnings", rules.Warning}} {
		fmt.Fprintf(&b, "## %s\n\n| id | what | why | fix | source |\n|---|---|---|---|---|\n", group.title)
		for _, r := range rules.All() {
			if r.Severity == group.severity {
				fmt.Fprintf(&b, "| %s | %s | %s | %s | [link](%s) |\n", r.ID, cell(r.Title), cell(r.Why), cell(r.Fix), r.Source)
			}
		}
		b.WriteString("\n")
	}
	golden.Check(t, "../../docs/rules.md", []byte(strings.TrimSuffix(b.String(), "\n")))
}

func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(s)
}
