package updates

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
)

// Schemas are the resource types that are known, by name.
type Schemas map[string]Schema

// Schema is what an update must know of a resource type. Properties are paths such as KubernetesNetworkConfig/IpFamily.
type Schema struct {
	CreateOnly  []string // a change makes the resource anew
	Conditional []string // a change may make it anew
	Identifier  []string // what the template names it by, if CloudFormation makes no part of that itself
	DeleteFirst bool     // the old one is deleted before the new one is made
}

// customResource stands for all types that begin with Custom::.
const customResource = "AWS::CloudFormation::CustomResource"

// ReadSchemas reads what test/testdata/createonly.py writes.
func ReadSchemas(path string) (Schemas, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var s Schemas
	return s, json.Unmarshal(text, &s)
}

func (s Schemas) of(typ string) (Schema, bool) {
	if !strings.HasPrefix(typ, "Custom::") {
		out, ok := s[typ]
		return out, ok
	}
	out, ok := s[customResource]
	out.CreateOnly = slices.Concat(out.CreateOnly, handlers[typ])
	return out, ok
}

// namesOfTheirOwn are create-only properties that nothing else of the type in the account and Region may have, beside the
// identifier.
var namesOfTheirOwn = []string{"Name", "GroupName", "NodegroupName", "LaunchTemplateName", "ManagedPolicyName", "QueueName"}

// volatile are the attributes that change with any change of their resource, by type.
var volatile = map[string][]string{"AWS::EC2::LaunchTemplate": {"LatestVersionNumber"}}

// handlers are the properties whose change gives a custom resource another physical id, so that CloudFormation deletes the
// old one, as far as CDK's handlers do that.
var handlers = map[string][]string{"Custom::LogRetention": {"LogGroupName"}}

// alone are the properties that EKS changes with no other, and those that may come along.
// Sources: https://github.com/aws/containers-roadmap/issues/1258 and what CloudFormation says of each property:
// "You can't update other properties at the same time as updating Version", and the same of ReleaseVersion.
var alone = map[string]map[string][]string{
	nodegroup: {"Version": {"ReleaseVersion", "ForceUpdateEnabled"}, "ReleaseVersion": {"Version", "ForceUpdateEnabled"}},
}

// apart are the pairs of properties that EKS does not change at once.
// Source: https://github.com/awsdocs/aws-cloudformation-user-guide/pull/1181
var apart = map[string][][2]string{nodegroup: {{"Tags", "LaunchTemplate"}}}

const (
	nodegroup = "AWS::EKS::Nodegroup"
	cluster   = "AWS::EKS::Cluster"
	subnet    = "AWS::EC2::Subnet"
	vpcRange  = "AWS::EC2::VPCCidrBlock"
	listener  = "AWS::ElasticLoadBalancingV2::Listener"
)
