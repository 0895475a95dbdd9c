package ipv6eks

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// ClusterAttributes are what is known of a cluster that another stack, or somebody else, has made. Name and Version are required.
type ClusterAttributes struct {
	// Name is the cluster's name.
	Name string

	// Version is its Kubernetes version, which kubectl and what is installed go by.
	Version string

	// Vpc is its network: of another stack, or awsec2.Vpc_FromLookup. Load balancers, node groups and Kubectl need it.
	// Default: none.
	Vpc awsec2.IVpc

	// Subnets is where nodes go, and the functions of Kubectl.
	// Default: the private subnets with egress.
	Subnets *awsec2.SubnetSelection

	// SecurityGroupID is the cluster security group, which EKS has made for nodes and control plane: sg-0123456789abcdef0.
	// Kubectl needs it to reach the private endpoint, and databases to let the Pods in.
	// Default: none.
	SecurityGroupID string

	// Kubectl is the layer with kubectl and helm that charts and manifests are applied with. It makes functions of this stack,
	// and an access entry with ClusterAdmin for their role.
	// Default: none, or KubectlToken.
	Kubectl KubectlLayer

	// KubectlToken and KubectlRoleArn are those of functions that are there already, such as the ones that NewCluster makes:
	// KubectlToken and KubectlRoleArn of its Cluster. They may be tokens.
	// Default: none.
	KubectlToken, KubectlRoleArn string

	// WithoutIPv4Egress tells that the cluster has CNI.DisableIPv4Egress: its Pods have no way to IPv4.
	// Default: false.
	WithoutIPv4Egress bool

	// ConfinePodIdentity is as in ClusterProps.
	// Default: false.
	ConfinePodIdentity bool
}

// Validate tells everything that is wrong with the attributes, or nil. It needs no CDK, and leaves Vpc, which does, to
// [FromClusterAttributes].
func (p *ClusterAttributes) Validate() error {
	v := jsiix.Value(p)
	var bad problems.List
	if !jsiix.IsToken(v.Name) && !clusterName.MatchString(v.Name) {
		bad.Add("Name", "%q: want the cluster's name", v.Name)
	}
	if _, err := minor(v.Version); err != nil {
		bad.Add("Version", "%w", err)
	}
	v.Kubectl.check(&bad, v.Version)
	if v.Kubectl.Layer != nil && v.SecurityGroupID == "" {
		bad.Add("SecurityGroupID", "missing: the functions of Kubectl reach the private endpoint by it: want the cluster security group's id")
	}
	if (v.KubectlToken == "") != (v.KubectlRoleArn == "") {
		bad.Add("KubectlToken, KubectlRoleArn", "%q and %q: want both, or neither", v.KubectlToken, v.KubectlRoleArn)
	}
	if v.Kubectl.Layer != nil && v.KubectlToken != "" {
		bad.Add("Kubectl", "given with KubectlToken: want functions of this stack's own, or those that are there")
	}
	return bad.Err()
}

// FromClusterAttributes is a cluster that another stack, or somebody else, has made, for applications in stacks of their own:
// charts, manifests, Pod identities, add-ons, node groups and what package expose makes. Its fields for what NewCluster makes
// (L1, the add-ons, keys, logs, groups) are nil. Nothing of it is changed, but for the access entry that Kubectl needs. It
// panics with the error of [ClusterAttributes.Validate] and the construct's path.
func FromClusterAttributes(scope constructs.Construct, id string, attributes *ClusterAttributes) *Cluster {
	p := jsiix.Value(attributes)
	var bad problems.List
	bad.Join(attributes.Validate())
	switch vpc, made := p.Vpc.(awsec2.Vpc); {
	case p.Vpc == nil && p.Kubectl.Layer != nil:
		bad.Add("Vpc", "missing: the functions of Kubectl go there: want the cluster's VPC")
	case made && !hasIPv6(vpc):
		bad.Add("Vpc", "%s has no IPv6: want the cluster's VPC", *vpc.Node().Path())
	}
	if err := bad.Err(); err != nil {
		panic(fmt.Errorf("ipv6eks.FromClusterAttributes %s/%s: %w", *scope.Node().Path(), id, err))
	}
	c := &Cluster{
		Construct: constructs.NewConstruct(scope, jsiix.Str(id)), Name: p.Name, Vpc: p.Vpc, Region: *awscdk.Stack_Of(scope).Region(), Version: p.Version,
		PodsReachIPv4: !p.WithoutIPv4Egress, kubectl: p.Kubectl.Layer != nil || p.KubectlToken != "", confined: p.ConfinePodIdentity, existing: true, groupID: p.SecurityGroupID,
	}
	if p.Vpc != nil {
		only := ClusterProps{Vpc: p.Vpc, Subnets: p.Subnets}
		c.subnets = only.nodeSubnets()
	}
	known := &awseksv2.ClusterAttributes{
		ClusterName: jsiix.Str(p.Name), IpFamily: awseksv2.IpFamily_IP_V6, Vpc: p.Vpc, ClusterSecurityGroupId: jsiix.StrOrNil(p.SecurityGroupID),
	}
	switch {
	case p.Kubectl.Layer != nil:
		known.KubectlProvider = c.newKubectl(p, awseksv2.Cluster_FromClusterAttributes(c.Construct, jsiix.Str("Bare"), known))
	case p.KubectlToken != "":
		known.KubectlProvider = awseksv2.KubectlProvider_FromKubectlProviderAttributes(c.Construct, jsiix.Str("KubectlProvider"), &awseksv2.KubectlProviderAttributes{
			ServiceToken: jsiix.Str(p.KubectlToken),
			Role:         awsiam.Role_FromRoleArn(c.Construct, jsiix.Str("KubectlRole"), jsiix.Str(p.KubectlRoleArn), nil),
		})
	}
	c.L2 = awseksv2.Cluster_FromClusterAttributes(c.Construct, jsiix.Str("Cluster"), known)
	return c
}

// newKubectl makes the functions that run kubectl and helm in the cluster's subnets, and lets their role in. What they apply
// waits for that.
func (c *Cluster) newKubectl(p ClusterAttributes, bare awseksv2.ICluster) awseksv2.KubectlProvider {
	kubectl := awseksv2.NewKubectlProvider(c.Construct, jsiix.Str("KubectlProvider"), &awseksv2.KubectlProviderProps{
		Cluster: bare, KubectlLayer: p.Kubectl.Layer, PrivateSubnets: &c.subnets,
	})
	c.tuneKubectl(ClusterProps{}, kubectl.Node())
	entry := awseksv2.NewCfnAccessEntry(c.Construct, jsiix.Str("KubectlAccess"), &awseksv2.CfnAccessEntryProps{
		ClusterName: jsiix.Str(p.Name), PrincipalArn: kubectl.Role().RoleArn(), AccessPolicies: accessPolicy(ClusterAdmin, nil),
	})
	// Of the function alone: the construct has the role too, which the entry names.
	kubectl.Node().FindChild(jsiix.Str("Handler")).Node().DefaultChild().Node().AddDependency(entry)
	return kubectl
}

// checkNetwork tells that there is no place for nodes.
func (c *Cluster) checkNetwork() error {
	if c.Vpc == nil {
		return errors.New("the cluster's network is not known: want ClusterAttributes.Vpc")
	}
	return nil
}

// checkGroup tells that the cluster security group is not known, where it is needed.
func (c *Cluster) checkGroup(needed bool) error {
	if needed && c.existing && c.groupID == "" {
		return errors.New("the cluster security group is not known: want ClusterAttributes.SecurityGroupID")
	}
	return nil
}

// Existing tells whether the cluster is one of [FromClusterAttributes]: what NewCluster makes is then nil.
func (c *Cluster) Existing() bool { return c.existing }

// KubectlToken and KubectlRoleArn are the token and the role of the functions that apply charts and manifests, for
// ClusterAttributes in a stack of its own; empty without a kubectl layer. They are tokens: outputs can carry them.
func (c *Cluster) KubectlToken() string {
	if !c.kubectl {
		return ""
	}
	return *c.L2.KubectlProvider().ServiceToken()
}

// KubectlRoleArn is the role's of KubectlToken.
func (c *Cluster) KubectlRoleArn() string {
	if !c.kubectl {
		return ""
	}
	return *c.L2.KubectlProvider().Role().RoleArn()
}
