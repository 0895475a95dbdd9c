package synthcheck

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/internal/behind"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/rules"
)

// The severities that CDK knows. Errors stop a synth; warnings do with --strict; what is fatal cannot be acknowledged.
const (
	severityFatal   = "fatal"
	severityError   = "error"
	severityWarning = "warning"
	severityInfo    = "info"
)

// The ids of what is neither a flow nor a rule.
const (
	notModelled = "not-modelled"
	notReadable = "not-readable"
)

// assemblies are the folders that hold the templates, without those within another: an assembly's manifest names the
// stages in it, and each stack's name and environment.
func assemblies(templates []string) []string {
	var dirs []string
	for _, t := range templates {
		dirs = append(dirs, filepath.Dir(t))
	}
	slices.Sort(dirs) // a folder comes before what is in it
	var out []string
	for _, d := range dirs {
		if !slices.ContainsFunc(out, func(o string) bool { return d == o || strings.HasPrefix(d, o+string(os.PathSeparator)) }) {
			out = append(out, d)
		}
	}
	return out
}

// failure is the report of a plugin that could not do its work: violations that nobody can acknowledge, since the CDK CLI
// takes a plugin that fails for one that found nothing (seen in 2.1148.1).
func failure(err error) *awscdk.PolicyValidationPluginReport {
	r := reporter{}
	for i, e := range parts(err) {
		var in *cfn.Error
		switch {
		case i == maxFailures:
			r.add(notReadable, severityFatal, fmt.Sprintf("and %d more", len(parts(err))-i), "", place{})
		case i > maxFailures:
		case errors.As(e, &in):
			id, property, _ := strings.Cut(strings.TrimPrefix(in.Path, "Resources."), ".")
			r.files = map[string]string{in.File: in.File}
			if id == "" {
				id = "Resources" // CDK shows a file only beside a logical id
			}
			r.add(notReadable, severityFatal, (&cfn.Error{Path: in.Path, Msg: in.Msg}).Error(), "", place{stack: in.File, logicalID: id, property: property})
		default:
			r.add(notReadable, severityFatal, e.Error(), "", place{})
		}
	}
	return r.report()
}

// maxFailures are shown: one mistake is often found in many places.
const maxFailures = 5

// parts are the errors that one joins.
func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// inspect is the report on a network.
func inspect(n *flow.Network, opts rules.Options) *awscdk.PolicyValidationPluginReport {
	r := reporter{files: map[string]string{}}
	net := behind.Network(n)
	for _, s := range net.Templates.Stacks() {
		r.files[s.ID] = s.File
	}
	findings, err := rules.Check(n, opts)
	if err != nil {
		return failure(err)
	}
	r.flows(n.Check())
	for _, f := range findings {
		at := place{stack: f.Stack, logicalID: f.LogicalID, constructPath: f.ConstructPath}
		if property, ok := strings.CutPrefix(f.Path, "Resources."+f.LogicalID+"."); ok {
			at.property = property
		}
		r.add(f.ID, string(f.Severity), f.Message, f.Fix, at)
	}
	for _, u := range net.Unmodelled {
		r.add(notModelled, severityInfo, u.Type+" may decide over packets, and preflight does not know it", "", placeOf(u))
	}
	for _, p := range net.Problems {
		r.add(notReadable, severityWarning, p.Text, "", placeOf(p.Ref))
	}
	return r.report()
}

type reporter struct {
	files      map[string]string // each stack's template file, by cfn.Stack.ID
	violations []*awscdk.PolicyViolation
	failed     bool
}

func (r *reporter) report() *awscdk.PolicyValidationPluginReport {
	if r.violations == nil {
		r.violations = []*awscdk.PolicyViolation{}
	}
	return &awscdk.PolicyValidationPluginReport{Success: jsiix.Bool(!r.failed), Violations: &r.violations}
}

// place is where in the templates something is wrong.
type place struct{ stack, logicalID, constructPath, property string }

func placeOf(r network.Ref) place {
	return place{stack: r.Stack, logicalID: r.LogicalID, constructPath: r.ConstructPath}
}

func (r *reporter) add(id, severity, description, fix string, at place) {
	resource := &awscdk.PolicyViolatingResource{Locations: &[]*string{}}
	if at.property != "" {
		resource.Locations = jsiix.Strs([]string{at.property})
	}
	if file := r.files[at.stack]; file != "" && at.logicalID != "" { // CDK finds the construct's path itself
		resource.ResourceLogicalId, resource.TemplatePath = jsiix.Str(at.logicalID), jsiix.Str(file)
	} else {
		resource.ConstructPath = jsiix.Str(cmp.Or(at.constructPath, path.Join(at.stack, at.logicalID)))
	}
	r.violations = append(r.violations, &awscdk.PolicyViolation{
		RuleName: jsiix.Str(id), Severity: jsiix.Str(severity), Description: jsiix.Str(id + " " + description), Fix: jsiix.StrOrNil(fix),
		ViolatingResources: jsiix.List(resource),
	})
	r.failed = r.failed || severity == severityError || severity == severityFatal
}

// flows adds a violation for each thing that flows fail on, however many fail on it.
func (r *reporter) flows(report flow.Report) {
	type cause struct{ id, stack, logicalID, by string }
	first := map[cause]flow.Result{}
	more := map[cause]int{}
	var order []cause
	for _, f := range report.Results {
		if f.OK || unseen(f.Trace) {
			continue
		}
		last := f.Trace.Last()
		c := cause{f.ID, last.Stack, last.LogicalID, last.By}
		if _, ok := first[c]; ok {
			more[c]++
			continue
		}
		first[c] = f
		order = append(order, c)
	}
	told := map[cause]string{} // the flow that a cause was told with
	for _, c := range order {
		f, others := first[c], ""
		if more[c] > 0 {
			others = fmt.Sprintf(" (and %d more)", more[c])
		}
		last, at := f.Trace.Last(), whereFailed(f.Trace)
		what := fmt.Sprintf("%s at %s: %s", last.Action, last.Component, last.By)
		decisive := f.Trace.Decisive()
		if decisive.Verdict.OK() { // what must be refused passes
			what = fmt.Sprintf("%s, and must be refused", decisive.Verdict)
		}
		if len(f.Trace.Regions) > 1 {
			what += " (" + strings.Join(decisive.Text(), "; ") + ")"
		}
		description := fmt.Sprintf("%s: %s → %s%s: %s", f.Title, f.From, f.To, others, what)
		same := cause{"", c.stack, c.logicalID, c.by}
		if before, ok := told[same]; ok && last.LogicalID != "" {
			description = fmt.Sprintf("%s%s: as %s, at %s", f.Title, others, before, last.By)
		} else {
			told[same] = c.id
		}
		if f.Trace.Verdict == flow.Insufficient {
			r.add(c.id, severityWarning, description, "", at)
			continue
		}
		r.add(c.id, severityError, description, f.Fix(), at)
	}
}

// unseen reports whether nothing is known of a flow because the templates hold none of its cluster's subnets: W55 tells that once.
func unseen(t flow.Trace) bool {
	ends, ok := behind.Traced(t).Ends()
	if !ok || t.Verdict != flow.Insufficient {
		return false
	}
	for _, i := range []*network.Interface{&ends.From, ends.To, ends.Front, ends.Backend} {
		if i != nil && i.Cluster != nil && i.Cluster.Unseen() {
			return true
		}
	}
	for _, i := range []*network.Interface{ends.To, ends.Front} {
		if i != nil && i.Balancer != nil && i.Balancer.Cluster != nil && i.Balancer.Cluster.Unseen() {
			return true
		}
	}
	return false
}

// whereFailed is the resource of the hop that decided, or of the last one before it that a template declares.
func whereFailed(t flow.Trace) place {
	hops := append(slices.Clone(t.Hops), t.Return...)
	if len(t.Return) > 0 && t.Decisive().Verdict.OK() { // what passes and must not was let through on the way there
		hops = t.Hops
	}
	for _, h := range slices.Backward(hops) {
		if h.LogicalID != "" {
			return place{stack: h.Stack, logicalID: h.LogicalID, constructPath: h.ConstructPath}
		}
	}
	return place{}
}
