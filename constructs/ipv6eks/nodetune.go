package ipv6eks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// fixedOfNodes are the properties of a node group that come from fields which more depends on, and those that EKS refuses
// beside a launch template.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
var fixedOfNodes = map[string]string{
	"ClusterName":   "want the cluster's own AddNodeGroup",
	"Version":       "want NodeGroupProps.Version",
	"ScalingConfig": "want NodeGroupProps.Min, Desired and Max",
	"Taints":        "want NodeGroupProps.Taints",
	"Tags":          "want NodeGroupProps.Tags",
	"DiskSize":      "want NodeGroupProps.DiskGiB: EKS takes no size beside a launch template",
	"RemoteAccess":  "want NodeGroupProps.SessionManager, or KeyName by TuneLaunchTemplate: EKS takes no remote access beside a launch template",
}

// fixedOfTemplate are the data that EKS refuses in a launch template of a node group, or that the group has.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html#launch-template-basics
var fixedOfTemplate = map[string]string{
	"InstanceType":                      "want NodeGroupProps.InstanceTypes",
	"InstanceRequirements":              "EKS takes none for node groups: want NodeGroupProps.InstanceTypes",
	"InstanceMarketOptions":             "want NodeGroupProps.Spot",
	"IamInstanceProfile":                "EKS makes the profile, of NodeGroup.Role: leave it out",
	"InstanceInitiatedShutdownBehavior": "EKS controls how nodes end: leave it out",
	"HibernationOptions":                "EKS controls how nodes end: leave it out",
	"SecurityGroups":                    "want NodeGroupProps.SecurityGroups: these are names, for networks before VPCs",
	"NetworkInterfaces": "an interface of a launch template takes the place of what the subnet assigns, and of the security groups: leave it out, " +
		"or make a launch template of your own and set it by Tune",
}

// checkTuned looks at what Tune has chosen.
func checkTuned(bad *problems.List, np *awseksv2.CfnNodegroupProps) {
	if ami := jsiix.Value(np.AmiType); strings.HasPrefix(strings.ToUpper(ami), "WINDOWS") {
		bad.Add("AmiType", "%q: EKS has no IPv6 for Windows nodes (https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html): want another type", ami)
	}
	for i, t := range jsiix.Value(np.InstanceTypes) {
		if name := jsiix.Value(t); aws.Xen(name) {
			bad.At("InstanceTypes", i).Add("", "%s is not a Nitro instance, and the VPC CNI serves IPv6 on Nitro only: want a newer family such as m7i or t3", name)
		}
	}
}
