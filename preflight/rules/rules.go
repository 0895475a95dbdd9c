// Package rules finds the mistakes that break an IPv6 EKS cluster, in the templates, before anything is deployed.
//
// Each [Rule] has an id, a severity, a reason with its source, and a fix. [Check] runs them all over a network:
//
//	network, err := flow.Load("cdk.out")
//	findings, err := rules.Check(network, rules.Options{})
//
// An error is a template that EC2, EKS or the VPC CNI refuses, or a cluster that will not work; a warning works, with
// a cost or a risk that somebody should have chosen. What a template leaves to its deployment (a parameter without a
// default, an id from outside) is never an error: a rule that cannot know is silent.
//
// With [Options.Update] the rules also find which changes of what is deployed AWS refuses, and what they cost.
//
// A finding that is wanted is acknowledged by its id, with a reason, and then is no longer reported.
package rules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eks-ipv6/cdk/internal/behind"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/updates"
)

// Severity says whether a finding stops a deployment.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // it is refused, or the cluster will not work
	Warning Severity = "warning" // it works, with a cost or a risk
)

// Rule is one check.
type Rule struct {
	ID       string // ID is V and a number for what breaks, W and a number for what is unwise. It never changes.
	Severity Severity
	Title    string // Title is the mistake in a few words.
	Why      string // Why is what happens.
	Fix      string // Fix is what to do instead.
	Source   string // Source is the page or issue that it comes from.

	check func(*check)
}

// Finding is one place where a rule is broken.
type Finding struct {
	ID            string   `json:"id"`
	Severity      Severity `json:"severity"`
	Message       string   `json:"message"`
	Fix           string   `json:"fix"`
	LogicalID     string   `json:"logicalId"`
	ConstructPath string   `json:"constructPath"`
	// Path is the property in the template, for example Resources.Web.Properties.Scheme.
	Path string `json:"path"`
	// Stack is the stack that the resource is in: its name, or the template's, or where several share
	// that the CDK path or the file.
	Stack string `json:"stack"`
}

// String is one line: severity, id, where, what, and the fix.
func (f Finding) String() string {
	return fmt.Sprintf("%s %s %s: %s. Fix: %s", f.Severity, f.ID, cmp.Or(f.ConstructPath, f.LogicalID), f.Message, f.Fix)
}

// Acknowledge takes the findings of one rule for wanted.
type Acknowledge struct {
	ID     string // ID is the rule's.
	Reason string // Reason is why the finding is wanted here; it is required.
}

// Options change what [Check] reports. The zero value reports everything.
type Options struct {
	// Acknowledge lists what is wanted. Default: nothing.
	Acknowledge []Acknowledge
	// Today is the day for rules about support periods. Default: now.
	Today time.Time
	// Update is what the templates do to what is deployed, for the rules about updates (V64 to V70, W44 to W46): see
	// [updates.Compare]. Default: nothing is deployed.
	Update *updates.Update
}

// Validate reports every acknowledgement that names no rule or gives no reason.
func (o Options) Validate() error {
	var errs []error
	for _, a := range o.Acknowledge {
		if !slices.ContainsFunc(all, func(r Rule) bool { return r.ID == a.ID }) {
			errs = append(errs, fmt.Errorf("acknowledge %q: no rule has this id; wanted V01 to %s or W01 to %s", a.ID, last("V"), last("W")))
		} else if strings.TrimSpace(a.Reason) == "" {
			errs = append(errs, fmt.Errorf("acknowledge %s: the reason is missing; say why this finding is wanted", a.ID))
		}
	}
	return errors.Join(errs...)
}

func last(prefix string) string {
	id := ""
	for _, r := range all {
		if strings.HasPrefix(r.ID, prefix) {
			id = max(id, r.ID)
		}
	}
	return id
}

// all are the rules by id; V before W.
var all = sortRules(slices.Concat(networkRules, routeRules, endpointRules, clusterRules, nodeRules, addonRules, iamRules, balancerRules,
	fargateRules, versionRules, customRules, pullRules, quotaRules, updateRules, exclusiveRules, familyRules, pathRules, rangeRules, hostRules, readingRules, refusedRules))

func sortRules(rules []Rule) []Rule {
	slices.SortFunc(rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	return rules
}

// All lists the rules by id.
func All() []Rule { return slices.Clone(all) }

// Check runs every rule over a network. Findings come errors first, then by rule and resource; the same network gives
// the same findings. The error is for options that do not hold.
func Check(n *flow.Network, opts Options) ([]Finding, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if opts.Today.IsZero() {
		opts.Today = time.Now()
	}
	c := newCheck(behind.Network(n), opts.Today)
	c.update = opts.Update
	for i := range all {
		if slices.ContainsFunc(opts.Acknowledge, func(a Acknowledge) bool { return a.ID == all[i].ID }) {
			continue
		}
		c.rule = &all[i]
		c.rule.check(c)
	}
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Stack, b.Stack),
			cmp.Compare(a.LogicalID, b.LogicalID), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(c.findings), nil
}

// check is one run over one network.
type check struct {
	net       *network.Network
	set       *cfn.Set
	today     time.Time
	update    *updates.Update // nil where nothing is deployed
	byRef     map[network.Ref]*cfn.Resource
	endpoints map[*cfn.Resource]*network.Endpoint
	strays    map[string]bool
	ways      map[wayKey]map[wayFrom]certainty
	traced    map[wayKey][]network.Trace
	rule      *Rule
	findings  []Finding
}

func newCheck(net *network.Network, today time.Time) *check {
	c := &check{net: net, set: net.Templates, today: today, byRef: map[network.Ref]*cfn.Resource{}, endpoints: map[*cfn.Resource]*network.Endpoint{},
		strays: map[string]bool{}, ways: map[wayKey]map[wayFrom]certainty{}, traced: map[wayKey][]network.Trace{}}
	if c.set == nil {
		c.set = &cfn.Set{}
	}
	for _, r := range c.set.Resources() {
		c.byRef[network.Ref{Stack: r.Stack.ID, LogicalID: r.ID}] = r
	}
	for _, v := range net.VPCs {
		for _, e := range v.Endpoints {
			c.endpoints[c.raw(e)] = e
		}
	}
	return c
}

// raw is the resource that a model value was read from; nil for what no template declares.
func (c *check) raw(r network.Resource) *cfn.Resource {
	ref := r.Resource()
	return c.byRef[network.Ref{Stack: ref.Stack, LogicalID: ref.LogicalID}]
}

// report adds a finding at a property ("" for the resource as a whole).
func (c *check) report(r *cfn.Resource, property, format string, args ...any) {
	c.reportFix(r, property, c.rule.Fix, format, args...)
}

// reportFix is report where the rule's fix is not what this finding needs.
func (c *check) reportFix(r *cfn.Resource, property, fix, format string, args ...any) {
	path := "Resources." + r.ID
	if property != "" {
		path += ".Properties." + property
	}
	c.findings = append(c.findings, Finding{
		ID: c.rule.ID, Severity: c.rule.Severity, Fix: fix,
		Message:   fmt.Sprintf(format, args...),
		LogicalID: r.ID, ConstructPath: r.ConstructPath, Path: path, Stack: r.Stack.ID,
	})
}
