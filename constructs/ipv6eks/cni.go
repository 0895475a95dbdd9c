package ipv6eks

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// CNIOptions tune the VPC CNI. The zero value is the pinned version with IPv4 egress on.
// Source of the settings: https://github.com/aws/amazon-vpc-cni-k8s#cni-configuration-variables
type CNIOptions struct {
	// Version is the add-on's version, such as v1.23.2-eksbuild.1: v1.16.0 or later; or EKSDefault.
	// Default: the pinned one of AddonVersion for the cluster's version.
	Version string

	// DisableIPv4Egress takes away the Pods' way to IPv4: the node-local address that the node translates to its own.
	// Every IPv4-only host is then out of reach, but network policies, which do not see that path, cover all there is.
	// coredns asks the VPC's resolver by its IPv6 address then, and the load balancer controller calls AWS by names with IPv6.
	// Pods that already run keep theirs until their nodes are replaced.
	// Default: false.
	DisableIPv4Egress bool

	// NetworkPolicy enforces Kubernetes network policies. Rules with IPv4 ranges are ignored on an IPv6 cluster, and
	// the Pods' IPv4 egress is not filtered: a synth warns unless DisableIPv4Egress is set
	// (https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html).
	// Default: false.
	NetworkPolicy bool

	// StrictNetworkPolicy starts Pods with everything denied until their policies are in place. It needs NetworkPolicy.
	// Default: false.
	StrictNetworkPolicy bool

	// Env sets further variables of aws-node. Those that ipamd refuses on IPv6, that do nothing there, or that have a
	// field here are refused.
	// Default: none.
	Env map[string]string
}

const minCNI aws.Release = "v1.16.0"

var addonVersion = regexp.MustCompile(`^v\d+\.\d+\.\d+-eksbuild\.\d+$`)

// cniEnv says what is wrong with a variable, given its value, or nothing. The refusals are those of ipamd's
// isConfigValid (https://github.com/aws/amazon-vpc-cni-k8s/blob/v1.23.2/pkg/ipamd/ipamd.go); the settings without
// effect are in the README's table of features by IP family.
func cniEnv(name, value string) string {
	off := strings.EqualFold(value, "false")
	switch name {
	case "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG":
		if !off {
			return "custom networking is not supported on IPv6, and ipamd would not start: leave it out"
		}
	case "ENABLE_PREFIX_DELEGATION":
		if off {
			return "IPv6 works with prefix delegation only, and ipamd would not start: leave it out"
		}
	case "ENABLE_IPv4":
		if !off {
			return "aws-node serves one family, and ipamd would not start with both: leave it out"
		}
	case "ENABLE_IPv6":
		if off {
			return "the cluster's Pods have no other family: leave it out"
		}
	case "ENABLE_V6_EGRESS":
		if !off {
			return "this is for IPv4 clusters; Pods here have IPv6 addresses already: leave it out"
		}
	case "ENABLE_V4_EGRESS":
		return "want DisableIPv4Egress instead"
	case "NETWORK_POLICY_ENFORCING_MODE":
		return "want StrictNetworkPolicy instead"
	case "WARM_ENI_TARGET", "WARM_IP_TARGET", "WARM_PREFIX_TARGET", "MINIMUM_IP_TARGET", "AWS_VPC_K8S_CNI_EXTERNALSNAT", "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS", "AWS_VPC_K8S_CNI_RANDOMIZESNAT":
		return "it has no effect on IPv6, where a node takes one /80 prefix and sources are not translated: leave it out"
	}
	return ""
}

func (o CNIOptions) check(bad *problems.List) {
	if o.Version != "" && o.Version != EKSDefault {
		switch release, _ := aws.ReleaseOf(o.Version); {
		case !addonVersion.MatchString(o.Version):
			bad.Add("Version", "%q: want a version such as v1.23.2-eksbuild.1, EKSDefault for EKS's own choice, or nothing for the pinned one", o.Version)
		case release.Before(minCNI):
			bad.Add("Version", "%s is too old: want %s or later", o.Version, minCNI)
		}
	}
	if o.StrictNetworkPolicy && !o.NetworkPolicy {
		bad.Add("StrictNetworkPolicy", "true without NetworkPolicy: want both, or neither")
	}
	for _, name := range sortedKeys(o.Env) {
		if why := cniEnv(name, o.Env[name]); why != "" {
			bad.At("Env", name).Add("", "%q: %s", o.Env[name], why)
		}
	}
}

// configuration is the add-on's configuration, in its own JSON schema. EKS adds what makes it IPv6.
func (o CNIOptions) configuration() map[string]any {
	env := map[string]any{"ENABLE_V4_EGRESS": strconv.FormatBool(!o.DisableIPv4Egress)}
	for name, value := range o.Env {
		env[name] = value
	}
	values := map[string]any{"env": env}
	if o.NetworkPolicy {
		values["enableNetworkPolicy"] = "true"
	}
	if o.StrictNetworkPolicy {
		env["NETWORK_POLICY_ENFORCING_MODE"] = "strict"
	}
	return values
}

// CNIActions are the IAM actions of the VPC CNI's role on an IPv6 cluster. AWS manages no policy with them
// (https://github.com/aws/containers-roadmap/issues/1843), and the five-action policy of older documents crashes aws-node
// from v1.22.1 on (https://github.com/aws/amazon-vpc-cni-k8s/issues/3704).
func CNIActions() []string { return slices.Concat(aws.CNIActions(), aws.CNITagActions()) }

func cniPolicy() awsiam.PolicyDocument {
	allow := func(actions []string, resource string) map[string]any {
		return map[string]any{"Effect": "Allow", "Action": actions, "Resource": resource}
	}
	return awsiam.PolicyDocument_FromJson(map[string]any{"Version": "2012-10-17", "Statement": []any{
		allow(aws.CNIActions(), "*"),
		allow(aws.CNITagActions(), "arn:"+*awscdk.Aws_PARTITION()+":ec2:*:*:network-interface/*"),
	}})
}
