// Package synthcheck makes cdk synth prove the network before anything is deployed: flows that are missed, and findings
// that are errors, stop the synth, each with the construct's path and a fix.
//
//	app := awscdk.NewApp(nil)
//	synthcheck.Register(app, nil)
//
// With [Options.Deployed] it stops for an update that AWS would refuse half-way, too.
//
// It is a validation plugin of CDK, and CDK's own reports show what it finds:
// https://docs.aws.amazon.com/cdk/v2/guide/policy-validation-synthesis.html. What only warns, what the templates leave
// open and what the tracer does not know is reported and stops nothing, but with cdk synth --strict.
//
// A violation that is wanted is acknowledged by its id, here in [Options] or with CDK's own
// awscdk.Validations_Of(app).Acknowledge under the id preflight::V40; CDK keeps the reason in validation-report.json.
//
// This is the only package of preflight that imports CDK. In Go tests, package preflighttest is the quicker way.
package synthcheck

import (
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/preflight/catalogue"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/rules"
	"github.com/eks-ipv6/cdk/preflight/updates"
)

// Name is what CDK's reports call the plugin, and what stands before :: in the ids that CDK acknowledges.
const Name = "preflight"

// Options change what stops a synth. The zero value stops it for every flow missed and every error found.
type Options struct {
	// Acknowledge lists what is wanted: rules (V01, W01) and flows (F4, X1), each with the reason. It holds for the whole
	// app.
	// Default: nothing.
	Acknowledge []rules.Acknowledge
	// Today is the day for rules about support periods.
	// Default: now.
	Today time.Time
	// Deployed are the template files, or cloud assembly folders, of what is deployed: what AWS would refuse to make of it,
	// and what would be lost, is found too. aws cloudformation get-template --stack-name NAME --query TemplateBody writes such
	// a file; one that is not called after its stack is known by its resources. What cannot be read stops the synth.
	// Default: nothing is compared.
	Deployed []string
}

// Validate tells everything that is wrong with the options, or nil. It needs no CDK.
func (o *Options) Validate() error {
	opts := jsiix.Value(o)
	var errs []error
	for _, a := range opts.Acknowledge {
		if !slices.Contains(ids(), a.ID) {
			errs = append(errs, fmt.Errorf("Acknowledge %q: want the id of a rule, such as V40, or of a flow, such as F4", a.ID))
		} else if strings.TrimSpace(a.Reason) == "" {
			errs = append(errs, fmt.Errorf("Acknowledge %s: the reason is missing: say why this is wanted", a.ID))
		}
	}
	for i, path := range opts.Deployed {
		if strings.TrimSpace(path) == "" {
			errs = append(errs, fmt.Errorf("Deployed[%d] is empty: name a template file or a cloud assembly folder", i))
		}
	}
	return errors.Join(errs...)
}

// ids are those of the flows and of the rules, and of what stops nothing.
func ids() []string {
	var out []string
	for _, f := range catalogue.Flows {
		out = append(out, f.ID)
	}
	for _, r := range rules.All() {
		out = append(out, r.ID)
	}
	return append(out, notModelled, notReadable)
}

// Register has the synth of an app, or of one stage, run every flow and every rule over its templates, all stacks as one
// network. opts may be nil. It panics with the error of [Options.Validate].
func Register(stage awscdk.Stage, opts *Options) {
	if err := opts.Validate(); err != nil {
		panic(fmt.Errorf("synthcheck.Register: %w", err))
	}
	o := jsiix.Value(opts)
	validations := awscdk.Validations_Of(stage)
	validations.AddPlugins(&plugin{today: o.Today, deployed: slices.Clone(o.Deployed)})
	for _, a := range o.Acknowledge {
		validations.Acknowledge(&awscdk.Acknowledgment{Id: jsiix.Str(Name + "::" + a.ID), Reason: jsiix.Str(a.Reason)})
	}
}

// plugin is called back by CDK. Its methods are the interface's and no others: jsii sees every one.
type plugin struct {
	today    time.Time
	deployed []string
}

var _ awscdk.IPolicyValidationPlugin = (*plugin)(nil)

func (*plugin) Name() *string       { return jsiix.Str(Name) }
func (*plugin) RuleIds() *[]*string { return jsiix.Strs(ids()) }

// semver is what CDK takes for a version: https://semver.org, without the v of Go's.
var semver = regexp.MustCompile(`^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)`)

// Version is the version of this module, 0.0.0 in a checkout of it.
func (*plugin) Version() *string {
	const path = "github.com/eks-ipv6/cdk"
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == path {
				version = m.Version
			}
		}
	}
	if m := semver.FindStringSubmatch(version); m != nil {
		return jsiix.Str(m[1])
	}
	return jsiix.Str("0.0.0")
}

// Validate runs the flows and the rules over the templates that CDK has just written. It never panics: a panic in a
// callback would end the program without a word about where.
func (p *plugin) Validate(context awscdk.IPolicyValidationContext) (report *awscdk.PolicyValidationPluginReport) {
	defer func() {
		if r := recover(); r != nil {
			stack, _, _ := strings.Cut(string(debug.Stack()), "\nreflect.Value.call") // below is jsii's
			report = failure(fmt.Errorf("a defect of preflight, please report it: %v\n%s", r, stack))
		}
	}()
	var templates []string
	for _, t := range *context.StackTemplates() {
		templates = append(templates, *t.TemplatePath)
	}
	next := assemblies(templates)
	network, err := flow.Load(next...)
	if err != nil {
		return failure(err)
	}
	opts := rules.Options{Today: p.today}
	if len(p.deployed) > 0 {
		if opts.Update, err = updates.CompareFiles(p.deployed, next); err != nil {
			return failure(err)
		}
	}
	return inspect(network, opts)
}
