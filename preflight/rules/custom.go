package rules

import (
	"fmt"
	"time"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

const docCustomResource = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html"

var customRules = []Rule{
	{
		ID: "W39", Severity: Warning, Title: "Custom resource whose failure is told after an hour",
		Why: "CDK's functions for charts and manifests have 15 minutes; one that uses them up answers nobody, and CloudFormation waits for ServiceTimeout, an hour unless it is set. " +
			"A ServiceTimeout that is shorter than the function gives up on work that goes on.",
		Fix:    "set ServiceTimeout on the custom resource, a little longer than its function's Timeout",
		Source: docCustomResource,
		check: func(c *check) {
			silent := map[*cfn.Resource][]*cfn.Resource{}
			for _, r := range c.set.Resources(kubectlTypes...) {
				fn, _ := functionsOf(r)
				limit, ok := functionTimeout(fn)
				if !ok {
					continue
				}
				v := r.Prop("ServiceTimeout")
				if !v.Exists() {
					silent[fn] = append(silent[fn], r)
				} else if n, ok := v.Int(); ok && time.Duration(n)*time.Second <= limit {
					c.report(r, "ServiceTimeout", "%s has a ServiceTimeout of %d s, and its function %s has %d s", r.ID, n, fn.ID, int(limit.Seconds()))
				}
			}
			for fn, list := range silent {
				more := ""
				if n := len(list) - 1; n > 0 {
					more = fmt.Sprintf(" (and %d more of the function)", n)
				}
				limit, _ := functionTimeout(fn)
				c.report(list[0], "ServiceTimeout", "%s has no ServiceTimeout, and its function %s ends after %d s%s", list[0].ID, fn.ID, int(limit.Seconds()), more)
			}
		},
	},
	{
		ID: "W40", Severity: Warning, Title: "Chart that is given as long as its function",
		Why:    "The function is ended before helm gives up: nothing says what failed, and the release stays pending, so that the next deployment fails too.",
		Fix:    "give the chart a Timeout some minutes shorter than its function's, such as 600s of 900",
		Source: "https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_eks_v2.HelmChart.html",
		check: func(c *check) {
			for _, r := range c.set.Resources("Custom::AWSCDK-EKS-HelmChart") {
				_, handler := functionsOf(r)
				limit, ok := functionTimeout(handler)
				s, known := r.Prop("Timeout").Text()
				given, err := time.ParseDuration(s)
				if ok && known && err == nil && given >= limit {
					c.report(r, "Timeout", "the chart %s has a Timeout of %s, and its function %s has %d s", r.ID, s, handler.ID, int(limit.Seconds()))
				}
			}
		},
	},
}

// kubectlTypes are the custom resources of CDK's kubectl provider.
var kubectlTypes = []string{"Custom::AWSCDK-EKS-HelmChart", "Custom::AWSCDK-EKS-KubernetesResource", "Custom::AWSCDK-EKS-KubernetesPatch", "Custom::AWSCDK-EKS-KubernetesObjectValue"}

// functionsOf are the function that CloudFormation calls for a custom resource, and the one that this calls in turn: the
// provider framework's, and the handler. They are one where no framework is between; nil where the templates hold none.
func functionsOf(r *cfn.Resource) (framework, handler *cfn.Resource) {
	framework = function(r.Prop("ServiceToken"))
	if framework == nil {
		return nil, nil
	}
	if h := function(framework.Prop("Environment.Variables.USER_ON_EVENT_FUNCTION_ARN")); h != nil {
		return framework, h
	}
	return framework, framework
}

func function(v cfn.Value) *cfn.Resource {
	r, ok := v.Resource()
	if !ok {
		r, _, ok = v.Attribute()
	}
	if !ok || r.Type != "AWS::Lambda::Function" {
		return nil
	}
	return r
}

// functionTimeout is a function's Timeout; false where it is not known.
// Default: 3 s, https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
func functionTimeout(fn *cfn.Resource) (time.Duration, bool) {
	if fn == nil {
		return 0, false
	}
	v := fn.Prop("Timeout")
	if !v.Exists() {
		return 3 * time.Second, true
	}
	n, ok := v.Int()
	return time.Duration(n) * time.Second, ok
}
