package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

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
	AccessUnknown      string // why public or private access is not known, else empty

	AutoMode          bool // ComputeConfig.Enabled: EKS runs nodes, CNI and load balancing itself
	SelfManagedAddons bool // BootstrapSelfManagedAddons: EKS installs aws-node, kube-proxy and coredns
	// AddonsElsewhere says that EKS installs none and the templates hold none: something else, as eksctl does
	// by the API, must install them.
	AddonsElsewhere bool
	ServiceRange    netip.Prefix

	Addons     []*Addon
	NodeGroups []*NodeGroup
	Fargate    []*FargateProfile
	Charts     []*Chart
	Objects    []*Object
	Controller *Controller // nil when the AWS Load Balancer Controller is not installed

	// Imported says that templates use this cluster but none declares it.
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

// Runs reports whether an add-on runs in the cluster: declared, installed by EKS itself or from elsewhere, or part
// of Auto Mode. It answers for vpc-cni, kube-proxy and coredns.
func (c *Cluster) Runs(addon string) bool {
	return c.Addon(addon) != nil || c.SelfManagedAddons || c.AutoMode || c.AddonsElsewhere
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
	by = a.In("ConfigurationValues")
	if a.ConfigurationUnknown != "" {
		return false, by, a.ConfigurationUnknown
	}
	v := a.Env("ENABLE_V4_EGRESS")
	if !v.Exists() {
		return true, a.Ref, ""
	}
	by = a.In("ConfigurationValues.env.ENABLE_V4_EGRESS")
	on, ok := v.Bool()
	if !ok && v.Kind() != cfn.Scalar {
		return false, by, v.String()
	}
	return on, by, ""
}

// RandomPorts reports whether the VPC CNI's translation of Pods' connections takes any source port, as it does unless
// AWS_VPC_K8S_CNI_RANDOMIZESNAT is none.
// See https://github.com/aws/amazon-vpc-cni-k8s#aws_vpc_k8s_cni_randomizesnat.
func (c *Cluster) RandomPorts() bool {
	a := c.Addon("vpc-cni")
	return a == nil || !a.Env("AWS_VPC_K8S_CNI_RANDOMIZESNAT").Is("none")
}

// TranslatesOutside reports whether the VPC CNI of an IPv4 cluster gives Pods' connections to addresses beyond the VPC the
// node's own address, as it does unless AWS_VPC_K8S_CNI_EXTERNALSNAT is true.
// See https://github.com/aws/amazon-vpc-cni-k8s#aws_vpc_k8s_cni_externalsnat.
func (c *Cluster) TranslatesOutside() bool {
	a := c.Addon("vpc-cni")
	if a == nil {
		return c.Runs("vpc-cni")
	}
	off, _ := a.Env("AWS_VPC_K8S_CNI_EXTERNALSNAT").Bool()
	return !off
}

// Addon is an AWS::EKS::Addon.
type Addon struct {
	Ref
	Name    string
	Version string
	// Configuration is the decoded configurationValues, JSON or YAML; absent when none are given.
	Configuration cfn.Value
	// ConfigurationUnknown names the expression when the values are decided at deployment.
	ConfigurationUnknown string
	ServiceAccountRole   bool // ServiceAccountRoleArn is set
	PodIdentity          bool // PodIdentityAssociations is set
}

// Env returns an environment variable from configurationValues.env; absent when it is not set.
func (a *Addon) Env(name string) cfn.Value { return At(a.Configuration, "env", name) }

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
	Assumed       bool // the templates hold no node group: this one stands for those made elsewhere
	Template      *LaunchTemplate
	Unknown       string // names what is not known, such as subnets given by a parameter
}

// IPv6 reports whether the nodes get an IPv6 address in a subnet: as many as the launch template says, or what the subnet assigns.
func (n *NodeGroup) IPv6(s *Subnet) bool {
	if n.Template != nil {
		if count, known := n.Template.Interface.Get("Ipv6AddressCount").Int(); known {
			return count > 0
		}
		for _, prefix := range []string{"Ipv6PrefixCount", "Ipv6Prefixes"} { // for Pods: the node has no address of it
			if n.Template.Interface.Get(prefix).Exists() {
				return false
			}
		}
	}
	return s.AssignIPv6
}

// Public reports whether the nodes get a public IPv4 address in a subnet: the launch template's word overrides the subnet's.
// See https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html.
func (n *NodeGroup) Public(s *Subnet) (on bool, unknown string) {
	if n.Template == nil || !n.Template.Public.Exists() {
		return s.MapPublic, s.PublicUnknown
	}
	on, known := n.Template.Public.Bool()
	if !known {
		return false, fmt.Sprintf("AssociatePublicIpAddress of %s is %s", n.Template.Ref, n.Template.Public)
	}
	return on, ""
}

// LaunchTemplate is an AWS::EC2::LaunchTemplate, as far as it matters to the network.
type LaunchTemplate struct {
	Ref
	Groups           []*SecurityGroup
	GroupsUnknown    string
	HasInterfaces    bool // NetworkInterfaces is given: it overrides the subnet's address assignment
	IPv6AddressCount int
	PrimaryIPv6      bool
	Public           cfn.Value // AssociatePublicIpAddress of the interface: it overrides the subnet's MapPublicIpOnLaunch
	Interface, Data  cfn.Value // NetworkInterfaces with DeviceIndex 0, and LaunchTemplateData
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
	// Unknown names the list of subnets where the deployment decides it, else "".
	Unknown string

	byDefault bool // it names no subnets
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
	Values        cfn.Value // decoded; unknown parts stay in their places
	ValuesUnknown string    // the expression when Values could not be read at all
}

// Controller is the AWS Load Balancer Controller in a cluster.
type Controller struct {
	Ref
	Cluster           *Cluster
	Chart             *Chart // nil when built into Auto Mode
	DefaultTargetType string // instance by default; ip on Auto Mode
	DefaultScheme     string // internal by default
	// ClassParams is the spec of the IngressClassParams that the chart creates for class "alb".
	ClassParams cfn.Value
	// BackendGroup is the shared backend security group that it puts on load balancers.
	BackendGroup *SecurityGroup
}

// AtLeast reports whether the controller's version is the given one or later; known is false for Auto Mode's, and where the
// template does not say. Charts of major version 1 hold the controller's version 2 with the same minor one.
func (c *Controller) AtLeast(major, minor, patch int) (yes, known bool) {
	if c.Chart == nil {
		return false, false
	}
	text, _, _ := strings.Cut(strings.TrimPrefix(c.Chart.Version, "v"), "-")
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return false, false
	}
	var v [3]int
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil {
			return false, false
		}
		v[i] = n
	}
	if v[0] == 1 {
		v[0] = 2
	}
	return slices.Compare(v[:], []int{major, minor, patch}) >= 0, true
}

// Object is a Kubernetes object that a template applies.
type Object struct {
	Ref
	Cluster    *Cluster
	APIVersion string
	Kind       string
	Namespace  string // "default" when a namespaced object gives none
	ObjectName string
	Value      cfn.Value // the whole object; unknown parts stay in their places
}

// Text follows keys to a scalar, as text; "" when there is none. An unknown value is its expression.
func (o *Object) Text(keys ...string) string {
	v := At(o.Value, keys...)
	if !v.Exists() {
		return ""
	}
	return v.String()
}

// Annotation returns an annotation; absent when it is not set.
func (o *Object) Annotation(key string) cfn.Value { return At(o.Value, "metadata", "annotations", key) }

// At follows keys into maps. Unlike [cfn.Value.Get] it takes a key with dots for one key, as Kubernetes
// annotations need.
func At(v cfn.Value, keys ...string) cfn.Value {
	for i, k := range keys {
		if v.Kind() != cfn.Map {
			return v.Get(strings.Join(keys[i:], "."))
		}
		v = v.Field(k)
	}
	return v
}

// ObjectsOf returns the cluster's objects of a kind.
func (c *Cluster) ObjectsOf(kind string) []*Object {
	var out []*Object
	for _, o := range c.Objects {
		if o.Kind == kind {
			out = append(out, o)
		}
	}
	return out
}
