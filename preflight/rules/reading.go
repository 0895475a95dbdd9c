package rules

import (
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// readingRules are about what a template says that is not read, or that its author may not have meant.
var readingRules = []Rule{
	{
		ID: "W52", Severity: Warning, Title: "Part of a template that is not seen",
		Why:    "The resources of a nested stack whose template is not given, of a loop over what only the deployment knows, and of a macro are not checked, and what they let through is not known to a trace.",
		Fix:    "give the nested template as another path, or the processed template (aws cloudformation get-template --template-stage Processed)",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html",
		check:  (*check).unread,
	},
	{
		ID: "W53", Severity: Warning, Title: "Key that stands twice",
		Why:    "CloudFormation takes the last value and drops the others without a word.",
		Fix:    "keep one of the two",
		Source: "https://github.com/go-to-k/cdk-real-drift/issues/1074",
		check:  (*check).keysTwice,
	},
	{
		ID: "W55", Severity: Warning, Title: "Cluster in a network that is not seen",
		Why:    "Nothing is known of the routes, network ACLs and address ranges of subnets that the templates give by their ids only: none of the cluster's flows is decided, and rules about them are silent.",
		Fix:    "give the template of the network too (preflight trace network.yaml cluster.yaml), or make the VPC in the same app",
		Source: "https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ec2.Vpc.html#static-fromwbrvpcwbrattributesscope-id-attrs",
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if r := c.raw(cl); r != nil && cl.Unseen() {
					var names []string
					for _, s := range cl.Subnets {
						names = append(names, s.String())
					}
					c.report(r, "", "cluster %s is in subnets of which the templates hold none: %s", r.ID, strings.Join(names, ", "))
				}
			}
		},
	},
}

func (c *check) unread() {
	for _, p := range c.net.Unread {
		if r := c.raw(p.Ref); r != nil {
			c.report(r, "", "%s", p.Text)
			continue
		}
		c.findings = append(c.findings, Finding{ID: c.rule.ID, Severity: c.rule.Severity, Fix: c.rule.Fix, Message: p.Text, LogicalID: p.Ref.Name, Path: p.Ref.Name, Stack: p.Ref.Stack})
	}
}

func (c *check) keysTwice() {
	for _, n := range c.set.Notes() {
		if n.Twice {
			c.findings = append(c.findings, Finding{ID: c.rule.ID, Severity: c.rule.Severity, Fix: c.rule.Fix, Message: n.Text, LogicalID: keptBy(n), Path: n.Path, Stack: n.Stack.ID})
		}
	}
}

// keptBy is the logical id of the resource that a note is about, else its path.
func keptBy(n cfn.Note) string {
	parts := strings.Split(n.Path, ".")
	if len(parts) > 1 && parts[0] == "Resources" {
		return parts[1]
	}
	return n.Path
}
