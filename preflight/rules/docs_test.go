package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/preflight/rules"
)

// TestDocs keeps docs/rules.md what the rules are.
func TestDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Rules

What ` + "`preflight check`" + ` looks for in CloudFormation templates, before anything is deployed. An **error** is refused by AWS or breaks
the cluster; a **warning** works, at a cost or a risk. What a template leaves to its deployment is never a finding.

V64 to V70 and W44 to W46 compare with what is deployed, where ` + "`-deployed`" + ` says what that is ([how](preflight.md#what-is-deployed)).

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
	facts(&b)
	golden.Check(t, "../../docs/rules.md", []byte(strings.TrimSuffix(b.String(), "\n")))
}

// facts writes what the rules know of hosts, endpoints and quotas, from the tables that they read.
func facts(b *strings.Builder) {
	fmt.Fprintf(b, `## What is known of hosts

For V57 and W37. A node, a Pod on Fargate or a function reaches a host over a family that both have and that a route leads out:
IPv4 by a NAT gateway, IPv6 by an egress-only internet gateway. Without NAT only hosts with IPv6 are left, and private ECR by
endpoints. A host that is not here is not known, and no finding.

| host | families | known | the same over both | source |
|---|---|---|---|---|
`)
	for _, h := range aws.Hosts() {
		fmt.Fprintf(b, "| %s | %s | %s | %s | [link](%s) |\n", cell(h.Pattern), h.Families, h.Certainty, cell(h.Instead), h.Source)
	}
	fmt.Fprintf(b, `
## What endpoints take

For V56 and W36. Where something is open, the families are those that the rules go by.

| service | endpoint | families | open | source |
|---|---|---|---|---|
`)
	for _, kind := range []struct {
		name string
		list []aws.Endpoint
	}{{"interface", aws.AllInterfaceEndpoints()}, {"gateway", aws.AllGatewayEndpoints()}} {
		for _, e := range kind.list {
			fmt.Fprintf(b, "| %s | %s | %s | %s | [link](%s) |\n", e.Service, kind.name, e.Families, cell(e.Disputed), e.Source)
		}
	}
	fmt.Fprintf(b, `
## Quotas that are counted

For W38.

| quota | code | default | source |
|---|---|---|---|
`)
	for _, q := range aws.Quotas() {
		fmt.Fprintf(b, "| %s | %s (%s) | %d | [link](%s) |\n", q.Name, q.Code, q.Service, q.Default, q.Source)
	}
	b.WriteString("\n")
}

func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(s)
}
