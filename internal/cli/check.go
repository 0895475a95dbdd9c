package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eks-ipv6/cdk/preflight/rules"
	"github.com/eks-ipv6/cdk/preflight/updates"
)

func checkCommand() *cobra.Command {
	var (
		output       = &choice{"text", []string{"text", "json"}}
		acknowledged []string
		deployed     []string
		known        deployment
	)
	c := &cobra.Command{
		Use:   "check [-deployed OLD]... [-o text|json] [-acknowledge ID=REASON]... [-parameter NAME=VALUE]... [-parameters FILE] [-region R] [PATH...]",
		Short: "Find the mistakes that break an IPv6 cluster",
		Long: `Check runs the rules V01 to W… over the templates: an error is a template that AWS refuses or a cluster that will not
work, a warning works at a cost or a risk. Exit status: 2 when there are errors, 0 when there are none.

Every PATH is a template or a cloud assembly folder (default: cdk.out); several are one network.

With -deployed the rules V64 to V70 and W44 to W46 compare with what is deployed: they find updates that AWS refuses
half-way, and resources with data or addresses that an update makes anew or deletes. OLD is a template or a cloud
assembly folder; a file that is not called after its stack is known by its resources. Of a deployed stack it comes from
aws cloudformation get-template --stack-name NAME --query TemplateBody > old.json`,
		Example: `  preflight check cdk.out
  preflight check -deployed old.json cdk.out
  preflight check -acknowledge 'W05=the API is public on purpose' cdk.out`,
		RunE: func(c *cobra.Command, args []string) error {
			var opts rules.Options
			for _, a := range acknowledged {
				id, reason, _ := strings.Cut(a, "=")
				opts.Acknowledge = append(opts.Acknowledge, rules.Acknowledge{ID: id, Reason: reason})
			}
			if err := opts.Validate(); err != nil {
				return err
			}
			network, err := known.load(args)
			if err != nil {
				return err
			}
			if opts.Update, err = known.update(deployed, args); err != nil {
				return err
			}
			findings, err := rules.Check(network, opts)
			if err != nil {
				return err
			}
			answer := ""
			if output.value == "json" {
				b, err := json.MarshalIndent(struct {
					Findings []rules.Finding `json:"findings"`
				}{append([]rules.Finding{}, findings...)}, "", "  ")
				if err != nil {
					return fmt.Errorf("findings to JSON: %w", err)
				}
				answer = string(b) + "\n"
			} else {
				answer = findingsText(findings, opts, colored(c.OutOrStdout()))
			}
			if count(findings, rules.Error) > 0 {
				return write(c, answer, exitMissed)
			}
			return write(c, answer, exitOK)
		},
	}
	f := c.Flags()
	f.VarP(output, "output", "o", "form of the answer")
	f.StringArrayVar(&deployed, "deployed", nil, "what is deployed: `OLD` is a template or a cloud assembly folder")
	f.StringArrayVar(&acknowledged, "acknowledge", nil, "`ID=REASON`: take the findings of a rule for wanted")
	known.flags(f)
	return c
}

// update compares the templates with what is deployed; nil where that is not said.
func (d *deployment) update(deployed, args []string) (*updates.Update, error) {
	if len(deployed) == 0 {
		return nil, nil
	}
	if slices.Contains(deployed, "") {
		return nil, errors.New("-deployed is empty: name the template that is deployed, or a cloud assembly folder")
	}
	next, err := inputs(args)
	if err != nil {
		return nil, err
	}
	parameters, err := d.values()
	if err != nil {
		return nil, err
	}
	before, errBefore := updates.LoadFor(d.region, parameters, deployed...)
	after, errAfter := updates.LoadFor(d.region, parameters, next...)
	if err := errors.Join(errBefore, errAfter); err != nil {
		return nil, err
	}
	return updates.Compare(before, after)
}

func count(findings []rules.Finding, s rules.Severity) (n int) {
	for _, f := range findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// findingsText is a paragraph for each finding, and a line that sums up.
func findingsText(findings []rules.Finding, opts rules.Options, color bool) string {
	paint := func(code int, s string) string {
		if !color {
			return s
		}
		return fmt.Sprintf("\x1b[%dm%s\x1b[0m", code, s)
	}
	const red, yellow = 31, 33
	var b strings.Builder
	for _, f := range findings {
		code := yellow
		if f.Severity == rules.Error {
			code = red
		}
		fmt.Fprintf(&b, "%s %s %s\n", paint(code, fmt.Sprintf("%-7s", f.Severity)), f.ID, cmp.Or(f.ConstructPath, f.LogicalID))
		fmt.Fprintf(&b, "        %s\n        at %s: %s\n        fix: %s\n\n", f.Message, f.Stack, f.Path, f.Fix)
	}
	if opts.Update != nil {
		for _, s := range opts.Update.Stacks {
			if s.Deployed == "" {
				fmt.Fprintf(&b, "compared: %s: nothing is deployed\n", s.Name)
			} else {
				fmt.Fprintf(&b, "compared: %s: with %s\n", s.Name, s.Deployed)
			}
		}
	}
	for _, a := range opts.Acknowledge {
		fmt.Fprintf(&b, "acknowledged: %s: %s\n", a.ID, a.Reason)
	}
	fmt.Fprintf(&b, "%s, %s\n", plural(count(findings, rules.Error), "error"), plural(count(findings, rules.Warning), "warning"))
	return b.String()
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
