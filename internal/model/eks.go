package model

import "net/netip"

// Cluster is an AWS::EKS::Cluster, or the Custom::AWSCDK-EKS-Cluster of CDK's older construct.
type Cluster struct {
	Ref
	Index   int // position in Network.Clusters
	Name    string
	Version string
	Family  Family
	VPC     *VPC
	Subnets []*Subnet

	// Group is the cluster security group that EKS makes and gives to managed nodes and to its own
	// interfaces: all traffic from itself, all egress in both families.
	// See https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html.
	Group *SecurityGroup
	// Groups are the groups that the template adds to the control plane's interfaces.
	Groups []*SecurityGroup

	PublicAccess  bool // default true
	PrivateAccess bool // default false
	// PublicCIDRs are who may use the public endpoint; all of both families when the template gives none.
	PublicCIDRs        []netip.Prefix
	PublicCIDRsUnknown string

	AutoMode          bool // ComputeConfig.Enabled: EKS runs nodes, CNI and load balancing itself
	SelfManagedAddons bool // BootstrapSelfManagedAddons: EKS installs aws-node, kube-proxy and coredns
	ServiceRange      netip.Prefix

	Addons     []*Addon
	NodeGroups []*NodeGroup
	Fargate    []*FargateProfile
	Charts     []*Chart
	Objects    []*Object
	Controller *Controller // nil when the AWS Load Balancer Controller is not installed

	// Manifests that could not be read whole keep their unknown parts as "${...}".
	Imported bool
}

// Addon returns the add-on of a name, or nil.
func (c *Cluster) Addon(name string) *Addon {
	for _, a := range c.Addons {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Runs reports whether an add-on runs in the cluster: declared, installed by EKS itself, or part of
// Auto Mode. It answers for vpc-cni, kube-proxy and coredns.
func (c *Cluster) Runs(addon string) bool {
	return c.Addon(addon) != nil || c.SelfManagedAddons || c.AutoMode
}

// IPv4Egress reports whether IPv6 Pods get a node-local IPv4 address that the node translates: the VPC
// CNI's ENABLE_V4_EGRESS, true by default. by is where it is decided.
// See https://github.com/aws/amazon-vpc-cni-k8s#enable_v4_egress-v1151.
func (c *Cluster) IPv4Egress() (on bool, by Ref, unknown string) {
	a := c.Addon("vpc-cni")
	if a == nil {
		by := c.Ref
		by.Property = "BootstrapSelfManagedAddons"
		if c.AutoMode {
			by.Property = "ComputeConfig"
		}
		return c.Runs("vpc-cni"), by, ""
	}
	by = a.Ref.In("ConfigurationValues")
	if a.ConfigurationUnknown != "" {
		return false, by, a.ConfigurationUnknown
	}
	v, ok := a.Env("ENABLE_V4_EGRESS")
	if !ok {
		return true, a.Ref, ""
	}
	if IsUnknown(v) {
		return false, by.In("ConfigurationValues.env.ENABLE_V4_EGRESS"), v
	}
	return v == "true", by.In("ConfigurationValues.env.ENABLE_V4_EGRESS"), ""
}

// Addon is an AWS::EKS::Addon.
type Addon struct {
	Ref
	Name    string
	Version string
	// Configuration is the decoded configurationValues, JSON or YAML.
	Configuration map[string]any
	// ConfigurationUnknown names the expression when the values are not known at synth.
	ConfigurationUnknown string
	ServiceAccountRole   bool // ServiceAccountRoleArn is set
	PodIdentity          bool // PodIdentityAssociations is set
}

// Env returns an environment variable from configurationValues.env, as text.
func (a *Addon) Env(name string) (string, bool) {
	env, _ := a.Configuration["env"].(map[string]any)
	v, ok := env[name]
	if !ok {
		return "", false
	}
	return text(v), true
}

// NodeGroup is a place where Pods run on EC2: an AWS::EKS::Nodegroup, an Auto Scaling group that joins the
// cluster, or the nodes that EKS Auto Mode starts.
type NodeGroup struct {
	Ref
	Cluster       *Cluster
	Name          string
	Subnets       []*Subnet
	Groups        []*SecurityGroup // of the nodes' primary interface, which Pods share
	AmiType       string
	InstanceTypes []string
	Managed       bool
	Auto          bool // EKS Auto Mode
	Template      *LaunchTemplate
	Unknown       string // names what is not known, such as subnets given by a parameter
}

// LaunchTemplate is an AWS::EC2::LaunchTemplate, as far as it matters to the network.
type LaunchTemplate struct {
	Ref
	Groups           []*SecurityGroup
	GroupsUnknown    string
	HasInterfaces    bool // NetworkInterfaces is given: it overrides the subnet's address assignment
	IPv6AddressCount int
	PrimaryIPv6      bool
	HTTPTokens       string
	HopLimit         int // HttpPutResponseHopLimit, 0 when not given
	HTTPProtocolIPv6 string
	ImageID          string
	InstanceType     string
	UserData         string // as known; unknown parts are "${...}"
}

// FargateProfile is an AWS::EKS::FargateProfile.
type FargateProfile struct {
	Ref
	Cluster    *Cluster
	Subnets    []*Subnet
	Namespaces []string
}

// Chart is a Helm release: Custom::AWSCDK-EKS-HelmChart.
type Chart struct {
	Ref
	Cluster       *Cluster
	Chart         string
	Repository    string
	Version       string
	Release       string
	Namespace     string
	Values        map[string]any
	ValuesUnknown string // the expression when Values could not be read
}

// Value follows a path of keys into the chart's values.
func (c *Chart) Value(path ...string) (any, bool) { return dig(c.Values, path...) }

// Controller is the AWS Load Balancer Controller in a cluster.
type Controller struct {
	Ref
	Cluster           *Cluster
	Chart             *Chart // nil when built into Auto Mode
	DefaultTargetType string // instance by default; ip on Auto Mode
	DefaultScheme     string // internal by default
	// ClassParams is the spec of the IngressClassParams that the chart creates for class "alb".
	ClassParams map[string]any
	// BackendGroup is the shared backend security group that it puts on load balancers.
	BackendGroup *SecurityGroup
}

// Object is a Kubernetes object that a template applies.
type Object struct {
	Ref
	Cluster    *Cluster
	APIVersion string
	Kind       string
	Namespace  string // "default" when a namespaced object gives none
	ObjectName string
	Fields     map[string]any // the whole object; unknown parts are strings that start with "${"
}

// Field follows a path of keys into the object.
func (o *Object) Field(path ...string) (any, bool) { return dig(o.Fields, path...) }

// Text follows a path of keys to a scalar, as text; "" when there is none.
func (o *Object) Text(path ...string) string {
	v, ok := o.Field(path...)
	if !ok {
		return ""
	}
	return text(v)
}

// Annotation returns an annotation's value.
func (o *Object) Annotation(key string) (string, bool) {
	v, ok := o.Field("metadata", "annotations", key)
	if !ok {
		return "", false
	}
	return text(v), true
}

// Objects returns the cluster's objects of a kind.
func (c *Cluster) ObjectsOf(kind string) []*Object {
	var out []*Object
	for _, o := range c.Objects {
		if o.Kind == kind {
			out = append(out, o)
		}
	}
	return out
}
