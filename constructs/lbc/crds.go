package lbc

import (
	_ "embed" // crds/v3.json
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/constructs-go/constructs/v10"
	"golang.org/x/mod/semver"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// crdsV3 are the kinds of release 3.5.0, as one line of JSON without descriptions, so that a synth has nothing to parse.
// They serve every release from 3.0.0 on: 3.5.0 adds the version v1 to the Gateway kinds and keeps v1beta1, with the same
// schema, and that schema takes all that the older ones take. docs/adr/0009 has the comparison.
//
//go:generate go test -run TestCRDsAreUpstreams -update
//go:embed crds/v3.json
var crdsV3 string

// knownCRDs say which chart versions, from and to inclusive, kinds serve.
var knownCRDs = []struct{ from, to, objects string }{
	{"v3.0.0", "v3.5.0", crdsV3},
}

// crdsOf are the kinds of a chart version as a JSON list, or nothing where they are not known here.
func crdsOf(chartVersion string) string {
	v := canonical(chartVersion)
	for _, k := range knownCRDs {
		if semver.Compare(v, k.from) >= 0 && semver.Compare(v, k.to) <= 0 {
			return strings.TrimSuffix(k.objects, "\n")
		}
	}
	return ""
}

// maxCRDs keeps the kinds' JSON within what CloudFormation sends to a function: Lambda takes 1 MB in an asynchronous
// invocation, and took 256 KB before October 2025.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxCRDs = 200_000

// checkCRDs tells what is wrong with kinds of the user's, of a field or, without one, of an element.
func checkCRDs(bad *problems.List, field string, crds []map[string]any) {
	for i, c := range crds {
		meta, _ := c["metadata"].(map[string]any)
		name, _ := meta["name"].(string)
		if c["apiVersion"] != "apiextensions.k8s.io/v1" || c["kind"] != "CustomResourceDefinition" || name == "" {
			here := bad
			if field != "" {
				here = bad.At(field, i)
			}
			here.Add("", "%v %v %q: want a CustomResourceDefinition of apiextensions.k8s.io/v1 with a name", c["apiVersion"], c["kind"], name)
		}
	}
	text, err := json.Marshal(crds)
	switch {
	case err != nil:
		bad.Add(field, "%w: want objects that JSON can hold", err)
	case len(text) > maxCRDs:
		bad.Add(field, "%d bytes: want %d at most, what a function is sent: leave the schemas' descriptions out", len(text), maxCRDs)
	case jsiix.IsToken(string(text)):
		bad.Add(field, "a CDK token in them: want plain values")
	}
}

// addCRDs applies the controller's kinds, or warns that nobody updates them. helm makes those of a chart once, at the first
// install, and never touches them again (https://helm.sh/docs/chart_best_practices/custom_resource_definitions/).
//
// It is the resource that awseksv2.NewKubernetesManifest makes, with text that is ready: the stock construct would look for
// tokens in every field. The kinds stay when the stack goes: deleting one deletes all its objects in the cluster, and waits
// for a controller that may be gone to release them.
func (c *Controller) addCRDs(p ControllerProps) {
	objects := crdsOf(p.ChartVersion)
	if p.CRDs != nil {
		text, _ := json.Marshal(p.CRDs) // Validate has tried
		objects = string(text)
	}
	switch {
	case p.CRDs != nil && len(p.CRDs) == 0:
		return
	case objects == "":
		awscdk.Annotations_Of(c.Construct).AddWarningV2(jsiix.Str("eks-ipv6:lbc.crds"), jsiix.Str(fmt.Sprintf(
			"chart %s: its kinds (CRDs) are not known here, and helm installs a chart's kinds once and never updates them: give those of that release in CRDs, or an empty list if somebody else applies them", p.ChartVersion)), nil)
		return
	}
	c.CRDs = constructs.NewConstruct(c.Construct, jsiix.Str("CRDs"))
	applyCRDs(c.CRDs, p.Cluster, objects)
}

// applyCRDs makes the resource that applies kinds, a JSON list.
func applyCRDs(scope constructs.Construct, cluster *ipv6eks.Cluster, objects string) {
	awscdk.NewCustomResource(scope, jsiix.Str("Resource"), &awscdk.CustomResourceProps{
		ServiceToken:  awseksv2.KubectlProvider_GetKubectlProvider(scope, cluster.L2).ServiceToken(),
		ResourceType:  jsiix.Str("Custom::AWSCDK-EKS-KubernetesResource"),
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
		Properties: &map[string]any{
			"ClusterName": cluster.Name, "Manifest": objects,
			"Overwrite": true, // kubectl apply also when somebody has made them
		},
	})
	ipv6eks.LimitTimeout(scope)
}
