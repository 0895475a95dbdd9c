package ipv6eks

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
	"github.com/eks-ipv6/cdk/internal/tuned"
)

// AddonProps are the choices of an add-on. The zero value is the version that AddonVersion knows, or else EKS's own choice,
// as EKS configures it, after the nodes.
type AddonProps struct {
	// Version is the add-on's version, such as v1.2.3-eksbuild.1, or EKSDefault.
	// Default: that of AddonVersion if it knows the add-on, and else whatever EKS installs on the day of the deployment.
	Version string

	// Configuration is the add-on's own, by the schema that aws eks describe-addon-configuration shows. Strings may be tokens.
	// Default: none.
	Configuration map[string]any

	// Identities give service accounts of the add-on an IAM role through Pod Identity, which EKS binds with the add-on.
	// Default: none.
	Identities []AddonIdentity

	// BeforeNodes has nodes wait for the add-on, as those of networks and of node agents. EKS reports the add-on active without
	// a node only if it has nothing that must run: daemons, and no Deployment.
	// Default: false, the add-on waits for all nodes and Fargate profiles.
	BeforeNodes bool

	// Tune changes the add-on's properties before it is made.
	// Default: nil.
	Tune func(*awseksv2.CfnAddonProps)
}

// AddonIdentity is the role of one of an add-on's service accounts.
type AddonIdentity struct {
	// ServiceAccount is its name, as aws eks describe-addon-configuration lists it with the policies that it needs.
	ServiceAccount string

	// ManagedPolicies are names of AWS's policies that the role has, such as service-role/AmazonEFSCSIDriverPolicy.
	// Default: none.
	ManagedPolicies []string

	// Policies are the role's inline policies, by name.
	// Default: none.
	Policies map[string]awsiam.PolicyDocument
}

// Addon is an add-on that EKS manages, beyond those that every cluster has. It makes an AWS::EKS::Addon and a role for each
// of AddonProps.Identities.
type Addon struct {
	// L1 is the AWS::EKS::Addon.
	L1 awseksv2.CfnAddon
	// Identities are the roles by service account. Their Association is nil: it is the add-on's.
	Identities map[string]*PodIdentity
}

var addonName = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`)

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *AddonProps) Validate() error {
	v := jsiix.Value(p)
	var bad problems.List
	if v.Version != "" && v.Version != EKSDefault && !addonVersion.MatchString(v.Version) {
		bad.Add("Version", "%q: want a version such as v1.2.3-eksbuild.1, or EKSDefault for EKS's own choice", v.Version)
	}
	checkJSON(bad.In("Configuration"), v.Configuration)
	seen := map[string]bool{}
	for i, identity := range v.Identities {
		here := bad.At("Identities", i)
		switch name := identity.ServiceAccount; {
		case name == "":
			here.Add("ServiceAccount", "empty: want one of those that aws eks describe-addon-configuration lists")
		case seen[name]:
			here.Add("ServiceAccount", "%s is named twice: want each service account once", name)
		}
		seen[identity.ServiceAccount] = true
		checkManagedPolicies(here, identity.ManagedPolicies)
	}
	return bad.Err()
}

// AddAddon installs an add-on of EKS, such as amazon-cloudwatch-observability or aws-efs-csi-driver. props may be nil. It panics
// with the error of [AddonProps.Validate] and the construct's path, and for add-ons that the cluster installs itself. Whether
// an add-on works on IPv6 says its own documentation.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
func (c *Cluster) AddAddon(name string, props *AddonProps) *Addon {
	p, id := jsiix.Value(props), "Addon-"+name
	var bad problems.List
	bad.Join(props.Validate())
	switch {
	case !addonName.MatchString(name):
		bad.Add("", "%q is no add-on: want a name such as aws-efs-csi-driver", name)
	case slices.Contains(c.own, name):
		bad.Add("", "the cluster installs %s itself: want ClusterProps.AddonVersions, AddonConfiguration and CNI", name)
	default:
		bad.Join(c.take(id))
	}
	stop := func() {
		if err := bad.Err(); err != nil {
			panic(fmt.Errorf("ipv6eks.AddAddon %s/%s: %w", *c.Construct.Node().Path(), name, err))
		}
	}
	stop()
	out := &Addon{Identities: map[string]*PodIdentity{}}
	ap := c.addonProps(name, p.Version, p.Configuration)
	associations := []any{}
	for _, identity := range p.Identities {
		role := awsiam.NewRole(c.Construct, jsiix.Str(id+"-"+identity.ServiceAccount+"Role"), c.podsRole(identity.ManagedPolicies, identity.Policies))
		out.Identities[identity.ServiceAccount] = &PodIdentity{Role: role}
		associations = append(associations, &awseksv2.CfnAddon_PodIdentityAssociationProperty{ServiceAccount: jsiix.Str(identity.ServiceAccount), RoleArn: role.RoleArn()})
	}
	if len(associations) > 0 {
		ap.PodIdentityAssociations = &associations
	}
	tuned.Call(bad.In("Tune"), p.Tune, ap, fixedOfAddon)
	stop()
	out.L1 = awseksv2.NewCfnAddon(c.Construct, jsiix.Str(id), ap)
	if len(associations) > 0 && c.PodIdentityAgent != nil {
		out.L1.Node().AddDependency(c.PodIdentityAgent)
	}
	if p.BeforeNodes {
		c.beforeNodes = append(c.beforeNodes, out.L1)
		for _, nodes := range c.nodes {
			nodes.Node().AddDependency(out.L1)
		}
		return out
	}
	c.afterNodes = append(c.afterNodes, out.L1)
	for _, capacity := range c.capacity {
		out.L1.Node().AddDependency(capacity)
	}
	return out
}
