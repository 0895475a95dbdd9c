package lbc

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// refuse tells what a Tune function changed that the rest of this package relies on. before is what it was given, with
// values of its own.
func refuse(before, p *awseksv2.HelmChartProps) error {
	var bad problems.List
	if p.Cluster != before.Cluster {
		bad.Add("Cluster", "another one: want ControllerProps.Cluster")
	}
	for _, f := range []struct {
		name   string
		now    *string
		was    *string
		reason string
	}{
		{"Release", p.Release, before.Release, "the Pods' labels have it, and a changed one would leave the old release in the cluster: leave it alone"},
		{"Namespace", p.Namespace, before.Namespace, "the controller's role is bound to a service account there: leave it alone"},
	} {
		if now := jsiix.Value(f.now); now != jsiix.Value(f.was) {
			bad.Add(f.name, "%q: %s", now, f.reason)
		}
	}
	if p.ChartAsset == nil {
		for _, f := range []struct {
			name, instead string
			now, was      *string
		}{
			{"Chart", "a ChartAsset for a chart of your own", p.Chart, before.Chart},
			{"Repository", "ControllerProps.ChartRepository", p.Repository, before.Repository},
			{"Version", "ControllerProps.ChartVersion, which the IAM policy and the kinds go by", p.Version, before.Version},
		} {
			if now := jsiix.Value(f.now); now != jsiix.Value(f.was) {
				bad.Add(f.name, "%q: want %s", now, f.instead)
			}
		}
	}
	if !jsiix.Value(p.Wait) {
		bad.Add("Wait", "false: what depends on the controller would begin before its webhooks answer: leave it true")
	}
	if !jsiix.Value(p.Atomic) {
		bad.Add("Atomic", "false: a release that fails would stay pending, and each later one would be refused (another operation is in progress): leave it true")
	}
	switch {
	case p.Timeout == nil:
		bad.Add("Timeout", "none: want %d minutes at most", ipv6eks.ChartTimeoutMinutes)
	case *p.Timeout.ToSeconds(nil) > 60*ipv6eks.ChartTimeoutMinutes:
		bad.Add("Timeout", "%v seconds: helm waits, and after a failure takes the release back, which may last as long again: the function that runs it would be cut off before it can say why: want %d minutes at most",
			*p.Timeout.ToSeconds(nil), ipv6eks.ChartTimeoutMinutes)
	}
	if jsiix.Value(p.SkipCrds) {
		bad.Add("SkipCrds", "true: CDK's function does not pass it on to helm: leave it out; kinds that exist are left alone anyway")
	}
	was, now := jsiix.Value(before.Values), jsiix.Value(p.Values)
	for _, key := range owned {
		if now[key] != was[key] {
			bad.At("Values", key).Add("", "%v: it comes from the cluster: leave it alone", now[key])
		}
	}
	if name := at(now, "serviceAccount", "name"); name != ServiceAccount {
		bad.Add("Values[serviceAccount.name]", "%v: the controller's role is bound to %s: leave it alone", name, ServiceAccount)
	}
	checkBreaking(&bad, merge(chartDefaults(), now))
	return bad.Err()
}
