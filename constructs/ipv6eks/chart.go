package ipv6eks

import (
	"fmt"
	"path"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
	"github.com/eks-ipv6/cdk/internal/tuned"
)

// ChartProps are the choices of a Helm chart. Either Chart with Repository and Version, or Asset is required.
type ChartProps struct {
	// Chart is the chart's name in Repository.
	Chart string

	// Repository is the address of the chart's repository: https://charts.jetstack.io, or with the chart's own name at its end,
	// oci://quay.io/jetstack/charts/cert-manager.
	Repository string

	// Version is the chart's: without one it would be another one on another day.
	Version string

	// Asset is a chart of your own, a folder or an archive, in place of the three above.
	// Default: none.
	Asset awss3assets.Asset

	// Release is helm's name for what it installs. A changed one installs the chart anew.
	// Default: the last part of Chart; with Asset it must be given.
	Release string

	// Namespace is where the chart goes. It is made if it is missing, and then stays when the chart goes.
	// Default: default.
	Namespace string

	// Values are the chart's. Strings may be tokens.
	// Default: none, the chart's own.
	Values map[string]any

	// After is what must be there before the chart beyond nodes, CoreDNS and what ChartsWaitFor names: the Association of a Pod
	// identity that its Pods use, another chart.
	// Default: none.
	After []constructs.IDependable

	// Tune changes the properties of CDK's construct before it is made: Timeout, up to ChartTimeoutMinutes, SkipCrds, Atomic.
	// Default: nil.
	Tune func(*awseksv2.HelmChartProps)
}

func (p *ChartProps) withDefaults() ChartProps {
	out := jsiix.Value(p)
	if out.Release == "" && out.Chart != "" {
		out.Release = path.Base(out.Chart)
	}
	if out.Namespace == "" {
		out.Namespace = "default"
	}
	return out
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *ChartProps) Validate() error {
	v := p.withDefaults()
	var bad problems.List
	for _, f := range []struct{ field, value, such string }{
		{"Chart", v.Chart, "cert-manager"}, {"Repository", v.Repository, "https://charts.jetstack.io"}, {"Version", v.Version, "v1.19.1"},
	} {
		switch {
		case v.Asset == nil && f.value == "":
			bad.Add(f.field, "missing: want one such as %s, or an Asset", f.such)
		case v.Asset != nil && f.value != "":
			bad.Add(f.field, "%q with an Asset, which is the whole chart: want one of the two", f.value)
		}
	}
	// https://github.com/helm/helm/blob/v3.19.0/pkg/chartutil/validate_name.go
	if v.Release != "" && (len(v.Release) > 53 || len(validation.IsDNS1123Subdomain(v.Release)) > 0) || v.Asset != nil && v.Release == "" {
		bad.Add("Release", "%q: want up to 53 lower-case letters, digits, hyphens and dots", v.Release)
	}
	if len(validation.IsDNS1123Label(v.Namespace)) > 0 {
		bad.Add("Namespace", "%q: want a namespace such as cert-manager", v.Namespace)
	}
	return bad.Err()
}

// NewChart installs a Helm chart in scope, as id, when what charts need is there: nodes, CoreDNS, and what ChartsWaitFor names,
// such as the load balancer controller, whose webhooks Services go through. Helm waits until the chart runs; a chart that fails
// is taken back, with its cause, in time. It panics with the error of [ChartProps.Validate] and the construct's path.
func (c *Cluster) NewChart(scope constructs.Construct, id string, props *ChartProps) awseksv2.HelmChart {
	p := props.withDefaults()
	var bad problems.List
	bad.Join(props.Validate())
	if !c.kubectl {
		bad.Add("", "the cluster has no kubectl layer, which charts are installed with: want ClusterProps.Kubectl, for example kubectllayer.New(…)")
	}
	stop := func() {
		if err := bad.Err(); err != nil {
			panic(fmt.Errorf("ipv6eks.NewChart %s/%s: %w", *scope.Node().Path(), id, err))
		}
	}
	stop()
	hp := &awseksv2.HelmChartProps{
		Cluster: c.L2, Chart: jsiix.StrOrNil(p.Chart), Repository: jsiix.StrOrNil(p.Repository), Version: jsiix.StrOrNil(p.Version), ChartAsset: p.Asset,
		Release: jsiix.Str(p.Release), Namespace: jsiix.Str(p.Namespace),
		Wait: jsiix.Bool(true), Atomic: jsiix.Bool(true), Timeout: awscdk.Duration_Minutes(jsiix.Num(ChartTimeoutMinutes)),
	}
	if len(p.Values) > 0 {
		hp.Values = &p.Values
	}
	tuned.Call(bad.In("Tune"), p.Tune, hp, map[string]string{"Cluster": "want the cluster's own NewChart"})
	if t := hp.Timeout; p.Tune != nil && (t == nil || *t.ToSeconds(nil) > 60*ChartTimeoutMinutes) {
		bad.Add("Tune.Timeout", "want %d minutes at most: helm takes a chart that failed back, which may last as long again, and the function that runs it would be cut off before it can say why", ChartTimeoutMinutes)
	}
	stop()
	chart := awseksv2.NewHelmChart(scope, jsiix.Str(id), hp)
	LimitTimeout(chart)
	after := slices.Concat(c.chartsAfter, p.After)
	if c.CoreDNS != nil {
		after = append(after, c.CoreDNS)
	}
	if len(after) > 0 {
		chart.Node().AddDependency(after...)
	}
	c.charts = append(c.charts, chart)
	return chart
}

// ChartsWaitFor has every chart of NewChart, those before it too, wait for what they need beside nodes and CoreDNS: the load
// balancer controller's Construct, since its webhooks answer for each Service; add-ons; another chart with kinds of its own.
func (c *Cluster) ChartsWaitFor(dependencies ...constructs.IDependable) {
	c.chartsAfter = append(c.chartsAfter, dependencies...)
	for _, chart := range c.charts {
		chart.Node().AddDependency(dependencies...)
	}
}
