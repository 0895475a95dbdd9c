package updates

import (
	_ "embed" // of the schemas
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// schema is what an update must know of a resource type. Properties are paths such as KubernetesNetworkConfig/IpFamily.
type schema struct {
	CreateOnly  []string // a change makes the resource anew
	Conditional []string // a change may make it anew
	Identifier  []string // what the template names it by, if CloudFormation makes no part of that itself
	DeleteFirst bool     // the old one is deleted before the new one is made
}

// createonly.py makes the table: 48 kB for 424 types.
//
//go:embed createonly.json
var createOnly []byte

// schemas are the resource types that are known, by name.
var schemas = sync.OnceValue(func() map[string]schema {
	s := map[string]schema{}
	if err := json.Unmarshal(createOnly, &s); err != nil {
		panic("createonly.json: " + err.Error()) // it is a part of this program
	}
	return s
})

const (
	nodegroup      = "AWS::EKS::Nodegroup"
	cluster        = "AWS::EKS::Cluster"
	olderCluster   = "Custom::AWSCDK-EKS-Cluster" // of CDK's first construct, with the API's spelling in Config
	launchTemplate = "AWS::EC2::LaunchTemplate"
	nestedStack    = "AWS::CloudFormation::Stack"
	subnet         = "AWS::EC2::Subnet"
	vpcRange       = "AWS::EC2::VPCCidrBlock"
	listener       = "AWS::ElasticLoadBalancingV2::Listener"
	manifestType   = "Custom::AWSCDK-EKS-KubernetesResource"
	customResource = "AWS::CloudFormation::CustomResource" // stands for all types that begin with Custom::
)

// handlers are the custom resources whose handlers are known, with the properties whose change gives one another physical id,
// so that CloudFormation deletes the old one. What others do is their own.
// Source: https://github.com/aws/aws-cdk/tree/main/packages/%40aws-cdk/custom-resource-handlers/lib
var handlers = map[string][]string{
	"Custom::LogRetention":                     {"LogGroupName"},
	"Custom::VpcRestrictDefaultSG":             nil,
	"Custom::AWSCDK-EKS-HelmChart":             nil,
	"Custom::AWSCDK-EKS-KubernetesObjectValue": nil,
	"Custom::AWSCDK-EKS-KubernetesPatch":       nil,
	"Custom::AWSCDK-EKS-FargateProfile":        {"Config"},
	manifestType:                               nil,
	olderCluster:                               {"Config/name", "Config/roleArn", "Config/accessConfig/bootstrapClusterCreatorAdminPermissions"},
}

// schemaOf is what is known of a type; ok is false where a change may do anything.
func schemaOf(typ string) (s schema, ok bool) {
	custom := strings.HasPrefix(typ, "Custom::") || typ == customResource
	if !custom {
		s, ok = schemas()[typ]
		return s, ok
	}
	more, known := handlers[typ]
	s = schemas()[customResource]
	s.CreateOnly = slices.Concat(s.CreateOnly, more)
	if typ == olderCluster {
		s.Identifier = []string{"Config/name"}
	}
	return s, known
}

// namesOfTheirOwn are create-only properties that nothing else of the type in the account and Region may have, beside the
// identifier.
var namesOfTheirOwn = []string{"Name", "GroupName", "NodegroupName", "LaunchTemplateName", "ManagedPolicyName", "QueueName"}

// volatile are the attributes that change when their resource changes in place, by type, each with the properties whose
// change it follows. A launch template's DefaultVersionNumber is none: CloudFormation leaves it at 1
// (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1518).
var volatile = map[string]map[string][]string{
	launchTemplate: {"LatestVersionNumber": {"LaunchTemplateData", "VersionDescription"}},
}
