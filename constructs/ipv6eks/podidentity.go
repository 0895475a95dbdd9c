package ipv6eks

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// PodIdentity is an IAM role and what binds it to a Kubernetes service account through EKS Pod Identity. Pods of
// the account get the role's credentials over IPv6, from the agent at [fd00:ec2::23] on their node; no OIDC
// provider and no annotation are involved.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
type PodIdentity struct {
	// Role is what the Pods act as.
	Role awsiam.Role
	// Association binds the role. Pods get credentials if it exists when they start: what starts them depends on it.
	Association awseksv2.CfnPodIdentityAssociation
}

// NewPodIdentity makes a role with the given inline policies in scope, as id, and binds it to a service account of
// the cluster. The account need not exist yet. Pods on Fargate get nothing from it: no agent runs there.
func (c *Cluster) NewPodIdentity(scope constructs.Construct, id, namespace, serviceAccount string, policies map[string]awsiam.PolicyDocument) *PodIdentity {
	rp := &awsiam.RoleProps{AssumedBy: c.podsPrincipal()}
	if policies != nil {
		rp.InlinePolicies = &policies
	}
	role := awsiam.NewRole(scope, jsiix.Str(id+"Role"), rp)
	association := awseksv2.NewCfnPodIdentityAssociation(scope, jsiix.Str(id+"Identity"), &awseksv2.CfnPodIdentityAssociationProps{
		ClusterName: jsiix.Str(c.Name), Namespace: jsiix.Str(namespace), ServiceAccount: jsiix.Str(serviceAccount), RoleArn: role.RoleArn(),
	})
	return &PodIdentity{Role: role, Association: association}
}

// podsPrincipal is who assumes the roles of Pod identities, with sts:AssumeRole and sts:TagSession
// (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html).
func (c *Cluster) podsPrincipal() awsiam.IPrincipal {
	if c.pods != nil {
		return c.pods
	}
	var options *awsiam.ServicePrincipalOpts
	if c.confined {
		// aws:SourceArn is the cluster's: with an association's, Pods get no credentials
		// (https://github.com/awslabs/mountpoint-s3-csi-driver/issues/781).
		options = &awsiam.ServicePrincipalOpts{Conditions: &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()},
			"ArnEquals":    map[string]any{"aws:SourceArn": c.L1.AttrArn()},
		}}
	}
	c.pods = awsiam.NewSessionTagsPrincipal(awsiam.NewServicePrincipal(jsiix.Str("pods.eks.amazonaws.com"), options))
	return c.pods
}

func managedPolicy(name string) awsiam.IManagedPolicy {
	return awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsiix.Str(name))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
