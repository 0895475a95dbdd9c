package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/stacks"
)

// found are the ids of cdk-nag's rules that find something in a resource, of those that find something in the platform: AWS's
// managed policies (IAM4), wildcards in policies (IAM5), a function that CDK brings (L1). docs/controls.md says how to run cdk-nag
// itself.
func found(r resource) map[string]bool {
	out := map[string]bool{}
	if r.Type == "AWS::IAM::Role" && strings.Contains(js(r.Properties["ManagedPolicyArns"]), ":iam::aws:policy/") {
		out["AwsSolutions-IAM4"] = true
	}
	wild := func(document any) {
		statements, _ := document.(map[string]any)["Statement"].([]any)
		for _, s := range statements {
			s := s.(map[string]any)
			if s["Effect"] == "Allow" && (strings.Contains(js(s["Action"]), "*") || strings.Contains(js(s["Resource"]), "*")) {
				out["AwsSolutions-IAM5"] = true
			}
		}
	}
	if r.Type == "AWS::IAM::Policy" {
		wild(r.Properties["PolicyDocument"])
	}
	inline, _ := r.Properties["Policies"].([]any)
	for _, p := range inline {
		wild(p.(map[string]any)["PolicyDocument"])
	}
	if runtime := js(r.Properties["Runtime"]); r.Type == "AWS::Lambda::Function" && strings.Contains(runtime, "python") {
		out["AwsSolutions-L1"] = true
	}
	return out
}

// Each finding of cdk-nag that constructs cannot do without has its reason where cdk-nag reads it, and nothing else has.
func TestNagReasons(t *testing.T) {
	for name, tpl := range map[string]template{
		"platform": synth(t, reference["platform"])["Ipv6Platform"],
		"hardened": platformTemplate(t, &stacks.PlatformProps{Workload: stacks.Workload{Hardened: true, Cluster: ipv6eks.ClusterProps{EBSDriver: true}}}),
		"Fargate": clusterTemplate(t, ipv6eks.ClusterProps{CoreDNSOnFargate: true}, func(_ awscdk.Stack, c *ipv6eks.Cluster) {
			c.AddFargateProfile("System", &ipv6eks.FargateProfileProps{Selectors: []ipv6eks.FargateSelector{{Namespace: "kube-system"}}})
		}),
	} {
		seen := 0
		for id, r := range tpl.Resources {
			given := map[string]bool{}
			nag, _ := r.Metadata["cdk_nag"].(map[string]any)
			list, _ := nag["rules_to_suppress"].([]any)
			for _, s := range list {
				s := s.(map[string]any)
				given[s["id"].(string)] = len(fmt.Sprint(s["reason"])) > 20
			}
			finds := found(r)
			for rule := range finds {
				seen++
				if !given[rule] {
					t.Errorf("%s: %s has no reason for %s", name, id, rule)
				}
			}
			for rule := range given {
				if !finds[rule] {
					t.Errorf("%s: %s has a reason for %s, which finds nothing", name, id, rule)
				}
			}
		}
		if seen < 4 {
			t.Errorf("%s: only %d findings", name, seen)
		}
	}
}
