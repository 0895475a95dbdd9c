package lbc

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/mod/semver"
)

// policyV3 is the controller's own policy. It is the same file in every release from 3.0.0 to 3.5.0.
//
//go:embed policies/v3.json
var policyV3 []byte

// knownPolicies say which chart versions, from and to inclusive, a policy is of.
var knownPolicies = []struct {
	from, to string
	document []byte
}{
	{"v3.0.0", "v3.5.0", policyV3},
}

// Policy is the IAM policy that the controller of a chart version needs, in a partition: aws, aws-us-gov, or a token
// such as awscdk.Aws_PARTITION(). The error names the versions whose policies are known.
func Policy(chartVersion, partition string) (map[string]any, error) {
	v := canonical(chartVersion)
	var known []string
	for _, k := range knownPolicies {
		if semver.Compare(v, k.from) >= 0 && semver.Compare(v, k.to) <= 0 {
			return decodePolicy(k.document, partition)
		}
		known = append(known, strings.TrimPrefix(k.from, "v")+" to "+strings.TrimPrefix(k.to, "v"))
	}
	return nil, fmt.Errorf("chart %s: its IAM policy is not known here: want a version of %s, or give the policy (docs/install/iam_policy.json of that release) in Policy", chartVersion, strings.Join(known, ", "))
}

func decodePolicy(document []byte, partition string) (map[string]any, error) {
	var out map[string]any
	if err := json.Unmarshal(document, &out); err != nil {
		return nil, fmt.Errorf("lbc: the embedded policy: %w", err)
	}
	return inPartition(out, partition).(map[string]any), nil
}

// inPartition is a policy with the partition of every ARN replaced.
func inPartition(v any, partition string) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = inPartition(e, partition)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = inPartition(e, partition)
		}
		return out
	case string:
		if rest, ok := strings.CutPrefix(v, awsArn); ok {
			return "arn:" + partition + ":" + rest
		}
	}
	return v
}

// awsArn begins the ARNs of the upstream policy, which is written for the commercial partition.
const awsArn = "arn:" + "aws:"

// canonical is a chart version with the v that semver wants.
func canonical(version string) string { return "v" + strings.TrimPrefix(version, "v") }
