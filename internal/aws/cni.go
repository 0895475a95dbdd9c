package aws

import "slices"

// DocCNIPolicy is upstream's policy for the VPC CNI on IPv6.
const DocCNIPolicy = "https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/iam-policy.md#ipv6-mode"

// cniActions and cniTagActions are the VPC CNI's IPv6 policy as upstream has it since June 2026; AWS manages none
// (https://github.com/aws/containers-roadmap/issues/1843).
// Source: DocCNIPolicy
var (
	cniActions = []string{
		AssignIPv6,
		"ec2:DescribeInstances",
		"ec2:DescribeSecurityGroups",
		"ec2:DescribeSubnets",
		"ec2:DescribeTags",
		"ec2:DescribeNetworkInterfaces",
		"ec2:DescribeInstanceTypes",
	}
	cniTagActions       = []string{"ec2:CreateTags"}
	cniDiscoveryActions = []string{"ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"}
)

// AssignIPv6 is the action without which no Pod of an IPv6 cluster gets an address.
const AssignIPv6 = "ec2:AssignIpv6Addresses"

// CNIDiscovery is the first version of the VPC CNI that looks for subnets on IPv6 too, and crashes where it may not:
// https://github.com/aws/amazon-vpc-cni-k8s/issues/3704. ENABLE_SUBNET_DISCOVERY switches it off.
const CNIDiscovery Release = "v1.22.1"

// CNIActions are the actions that the VPC CNI's role allows on every resource on an IPv6 cluster.
func CNIActions() []string { return slices.Clone(cniActions) }

// CNITagActions are those that it allows on network interfaces, for tags.
func CNITagActions() []string { return slices.Clone(cniTagActions) }

// CNIActionsWithoutDiscovery are those of CNIActions that the VPC CNI calls where it does not look for subnets.
func CNIActionsWithoutDiscovery() []string {
	return slices.DeleteFunc(CNIActions(), func(a string) bool { return slices.Contains(cniDiscoveryActions, a) })
}

// managedPolicies are policies that AWS manages, with what they allow of EC2's networking and of EKS.
// Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html
var managedPolicies = map[string][]string{
	"AmazonEKS_CNI_Policy": {
		"ec2:AssignPrivateIpAddresses", "ec2:AttachNetworkInterface", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
		"ec2:DescribeInstances", "ec2:DescribeTags", "ec2:DescribeNetworkInterfaces", "ec2:DescribeInstanceTypes", "ec2:DescribeSubnets",
		"ec2:DetachNetworkInterface", "ec2:ModifyNetworkInterfaceAttribute", "ec2:UnassignPrivateIpAddresses", "ec2:CreateTags",
	},
	"AmazonEKSWorkerNodePolicy": {
		"ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
		"ec2:DescribeVolumes", "ec2:DescribeVolumesModifications", "ec2:DescribeVpcs", "eks:DescribeCluster", "eks-auth:AssumeRoleForPodIdentity",
	},
	"AmazonEKSWorkerNodeMinimalPolicy":   {"eks-auth:AssumeRoleForPodIdentity"},
	"AmazonEC2ContainerRegistryReadOnly": {},
	"AmazonEC2ContainerRegistryPullOnly": {},
	"AmazonSSMManagedInstanceCore":       {},
	"AmazonEKSClusterPolicy": {
		"ec2:DescribeInstances", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups", "ec2:DescribeNetworkInterfaces", "ec2:DescribeInstanceTypes",
	},
}

// ManagedPolicy is what a policy that AWS manages, such as AmazonEKS_CNI_Policy, allows of EC2's networking and of EKS;
// false for one that is not known, which may allow anything.
func ManagedPolicy(name string) (actions []string, ok bool) {
	actions, ok = managedPolicies[name]
	return slices.Clone(actions), ok
}
