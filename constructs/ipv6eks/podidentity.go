package ipv6eks

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
	"github.com/eks-ipv6/cdk/internal/tuned"
)

// PodIdentityProps are the choices of a [PodIdentity]. Namespace and ServiceAccount are required.
type PodIdentityProps struct {
	// Namespace and ServiceAccount are the Kubernetes service account. It need not exist yet.
	Namespace, ServiceAccount string

	// ManagedPolicies are names of AWS's policies that the role has, such as CloudWatchAgentServerPolicy.
	// Default: none.
	ManagedPolicies []string

	// Policies are the role's inline policies, by name. [PodIdentity.GrantTo] adds what CDK's grants allow.
	// Default: none.
	Policies map[string]awsiam.PolicyDocument

	// Tune changes the role's properties before it is made.
	// Default: nil.
	Tune func(*awsiam.RoleProps)

	// TuneAssociation changes the association's properties before it is made: a role of another account (TargetRoleArn), a
	// session policy.
	// Default: nil.
	TuneAssociation func(*awseksv2.CfnPodIdentityAssociationProps)
}

// PodIdentity is an IAM role and what binds it to a Kubernetes service account through EKS Pod Identity. Pods of
// the account get the role's credentials over IPv6, from the agent at [fd00:ec2::23] on their node; no OIDC
// provider and no annotation are involved. Pods on Fargate get nothing from it: no agent runs there.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
type PodIdentity struct {
	// Role is what the Pods act as.
	Role awsiam.Role
	// Association binds the role. Pods get credentials if it exists when they start: what starts them depends on it. It is nil
	// where an add-on brings its own: see [Addon].
	Association awseksv2.CfnPodIdentityAssociation
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *PodIdentityProps) Validate() error {
	v := jsiix.Value(p)
	var bad problems.List
	for _, f := range []struct {
		field, value, such string
		wrong              func(string) []string
	}{
		{"Namespace", v.Namespace, "a namespace such as shop", validation.IsDNS1123Label},
		{"ServiceAccount", v.ServiceAccount, "a service account such as web", validation.IsDNS1123Subdomain},
	} {
		if f.value == "" || !jsiix.IsToken(f.value) && len(f.wrong(f.value)) > 0 {
			bad.Add(f.field, "%q: want %s", f.value, f.such)
		}
	}
	checkManagedPolicies(&bad, v.ManagedPolicies)
	return bad.Err()
}

func checkManagedPolicies(bad *problems.List, names []string) {
	for i, name := range names {
		if !managedPolicyName.MatchString(name) {
			bad.At("ManagedPolicies", i).Add("", "%q: want the name of an AWS managed policy, such as CloudWatchAgentServerPolicy or service-role/AmazonEFSCSIDriverPolicy", name)
		}
	}
}

// managedPolicyName is a policy's path and name (https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html).
var managedPolicyName = regexp.MustCompile(`^([\w+=,.@-]+/)*[\w+=,.@-]+$`)

// NewPodIdentity makes a role in scope, as id, and binds it to a service account of the cluster. It panics with the error of
// [PodIdentityProps.Validate] and the construct's path.
func (c *Cluster) NewPodIdentity(scope constructs.Construct, id string, props *PodIdentityProps) *PodIdentity {
	p := jsiix.Value(props)
	var bad problems.List
	bad.Join(props.Validate())
	if bad.Err() == nil && scope.Node().TryFindChild(jsiix.Str(id+"Role")) != nil {
		bad.Add("", "the id %q is given twice: want another one for each Pod identity of a scope", id)
	}
	stop := func() {
		if err := bad.Err(); err != nil {
			panic(fmt.Errorf("ipv6eks.NewPodIdentity %s/%s: %w", *scope.Node().Path(), id, err))
		}
	}
	stop()
	rp := c.podsRole(p.ManagedPolicies, p.Policies)
	tuned.Call(bad.In("Tune"), p.Tune, rp, map[string]string{"AssumedBy": "Pods could not assume the role: leave it alone, or use TuneAssociation with the TargetRoleArn of another role"})
	stop()
	role := awsiam.NewRole(scope, jsiix.Str(id+"Role"), rp)
	ap := &awseksv2.CfnPodIdentityAssociationProps{
		ClusterName: jsiix.Str(c.Name), Namespace: jsiix.Str(p.Namespace), ServiceAccount: jsiix.Str(p.ServiceAccount), RoleArn: role.RoleArn(),
	}
	tuned.Call(bad.In("TuneAssociation"), p.TuneAssociation, ap, map[string]string{
		"ClusterName": "want the cluster's own NewPodIdentity", "Namespace": "want PodIdentityProps.Namespace", "ServiceAccount": "want PodIdentityProps.ServiceAccount",
		"RoleArn": "the Pods would act as another role than PodIdentity.Role: leave it alone, or set TargetRoleArn",
	})
	stop()
	return &PodIdentity{Role: role, Association: awseksv2.NewCfnPodIdentityAssociation(scope, jsiix.Str(id+"Identity"), ap)}
}

// podsRole are the properties of a role for Pods.
func (c *Cluster) podsRole(managed []string, policies map[string]awsiam.PolicyDocument) *awsiam.RoleProps {
	rp := &awsiam.RoleProps{AssumedBy: c.podsPrincipal()}
	if len(policies) > 0 {
		rp.InlinePolicies = &policies
	}
	if len(managed) > 0 {
		list := make([]awsiam.IManagedPolicy, len(managed))
		for i, name := range managed {
			list[i] = managedPolicy(name)
		}
		rp.ManagedPolicies = &list
	}
	return rp
}

// GrantTo lets the Pods do what grants of CDK's constructs allow, and returns the identity:
//
//	cluster.NewPodIdentity(stack, "Web", props).GrantTo(bucket.GrantRead, table.GrantReadWriteData)
//
// A grant is a method that takes an awsiam.IGrantable and perhaps more, which is left at its default. It panics where it is given
// something else. For grants that need more than the grantee, such as table.Grant with its actions, call them with Role.
func (i *PodIdentity) GrantTo(grants ...any) *PodIdentity {
	to := reflect.ValueOf(i.Role)
	for n, grant := range grants {
		f := reflect.ValueOf(grant)
		if !f.IsValid() || f.Kind() != reflect.Func || f.IsNil() || f.Type().IsVariadic() || f.Type().NumIn() == 0 || f.Type().In(0) != reflect.TypeFor[awsiam.IGrantable]() {
			panic(fmt.Errorf("ipv6eks.PodIdentity.GrantTo: grants[%d]: %T: want a grant of a CDK construct that needs a grantee alone, such as bucket.GrantRead", n, grant))
		}
		arguments := []reflect.Value{to}
		for k := 1; k < f.Type().NumIn(); k++ {
			arguments = append(arguments, reflect.Zero(f.Type().In(k)))
		}
		f.Call(arguments)
	}
	return i
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
			"ArnEquals":    map[string]any{"aws:SourceArn": c.L2.ClusterArn()},
		}}
	}
	c.pods = awsiam.NewSessionTagsPrincipal(awsiam.NewServicePrincipal(jsiix.Str("pods.eks.amazonaws.com"), options))
	return c.pods
}

func managedPolicy(name string) awsiam.IManagedPolicy {
	return awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsiix.Str(name))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
