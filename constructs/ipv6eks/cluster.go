package ipv6eks

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/kept"
	"github.com/eks-ipv6/cdk/internal/nag"
	"github.com/eks-ipv6/cdk/internal/problems"
	"github.com/eks-ipv6/cdk/internal/tuned"
)

// ClusterProps are the choices of a [Cluster]. Vpc is required.
type ClusterProps struct {
	// Vpc is the dual-stack network: dualstack.Vpc's L2 field, or any VPC whose subnets carry both families,
	// assign IPv6 addresses and have routes out for both.
	Vpc awsec2.IVpc

	// Subnets is where nodes and Fargate Pods go: private dual-stack subnets.
	// Default: the private subnets with egress.
	Subnets *awsec2.SubnetSelection

	// ControlPlaneSubnets is where the control plane's network interfaces and CDK's kubectl functions go: dual-stack
	// subnets in at least two zones. EKS lets them change only within the zones that the cluster began with
	// (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html), so they do not follow a VPC that gains a zone.
	// Default: the first two of Subnets that lie in different zones.
	ControlPlaneSubnets *awsec2.SubnetSelection

	// Kubectl is the layer with kubectl and helm that charts and manifests are applied with; kubectllayer.New
	// supplies one. Without it the cluster is made, but no chart or manifest can be.
	// Default: none.
	Kubectl KubectlLayer

	// Name is the cluster's name, which is also in the name of its log group. Changing it replaces the cluster.
	// Default: a name made from the stack and the construct's path, the same at every synth.
	Name string

	// Version is the Kubernetes version: 1.34, 1.35 or 1.36. A change upgrades the control plane in place, one minor version
	// at a time, and the add-ons and nodes after it; docs/upgrades.md has the steps, and the way back.
	// Default: DefaultVersion.
	Version string

	// APIAccessCidrs opens the public API endpoint to these ranges of either family; the private endpoint, which
	// nodes use, is always on. EKS takes public ranges only, 40 at most
	// (https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html).
	// Default: none, the endpoint is private only.
	APIAccessCidrs []netip.Prefix

	// APIOpenToWorld opens the public API endpoint to every address of both families.
	// Default: false, and a range as wide as the world in APIAccessCidrs is refused.
	APIOpenToWorld bool

	// AdminRoleArns are IAM roles (or users) that become cluster administrators through access entries. An ARN may
	// hold tokens.
	// Default: none. An administrator of the account can add entries later.
	AdminRoleArns []string

	// Access lets further IAM roles and users into the cluster, with less than all rights.
	// Default: none.
	Access []Access

	// PrivateAPICidrs opens the private API endpoint to these ranges of either family: networks that come in by VPN, Direct
	// Connect, peering or a transit gateway. The VPC itself needs no entry.
	// Source: https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html#private-access
	// Default: none.
	PrivateAPICidrs []netip.Prefix

	// CreatorAdmin makes whoever creates the cluster, CloudFormation's execution role under the CDK CLI, an
	// administrator for good. EKS refuses a change of it: the cluster would be made anew under the name that it has.
	// AdminRoleArns does the same for a living cluster.
	// Default: false.
	CreatorAdmin bool

	// SecretsKey encrypts Kubernetes secrets. EKS changes no cluster's key: another one later is refused.
	// Default: a key of the cluster's own, with rotation, deleted 30 days after the cluster.
	SecretsKey awskms.IKey

	// LogTypes are the control plane logs to keep.
	// Default: api, audit and authenticator; AllLogTypes has all five.
	LogTypes []awseksv2.ClusterLoggingTypes

	// LogRetentionDays is how long control plane logs are kept: one of the numbers that CloudWatch takes
	// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html).
	// Default: 90.
	LogRetentionDays int

	// RetainLogs keeps the control plane's logs, and those of CDK's functions for kubectl and for log retention, when the
	// stack is deleted. The same cluster can be made again either way.
	// Default: false, they go with the stack; but EKS writes a last time after the cluster is gone, and the control
	// plane's group is then there again, without an end to its retention
	// (https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2763).
	RetainLogs bool

	// DeletionProtection makes EKS refuse to delete the cluster until it is switched off again.
	// Default: false.
	DeletionProtection bool

	// StandardSupportOnly has EKS upgrade the cluster at the end of a version's standard support instead of
	// charging for extended support. The upgrade happens outside the stack.
	// Default: false.
	StandardSupportOnly bool

	// ZonalShift lets ARC move traffic away from an impaired zone.
	// Default: false.
	ZonalShift bool

	// CNI tunes the VPC CNI.
	// Default: IPv4 egress on, network policy off, EKS's default version.
	CNI CNIOptions

	// CoreDNSOnFargate runs cluster DNS on Fargate, for clusters without node groups. A Fargate profile must
	// select kube-system.
	// Default: false.
	CoreDNSOnFargate bool

	// MetricsServer installs the metrics-server add-on, for autoscaling and kubectl top.
	// Default: false.
	MetricsServer bool

	// NodeMonitoring installs the eks-node-monitoring-agent add-on, which finds what NodeGroupProps.NodeRepair mends.
	// Default: false.
	NodeMonitoring bool

	// EBSDriver installs the EBS CSI driver as a managed add-on with a role of its own, and, with Kubectl, a default
	// StorageClass named ebs-gp3 of encrypted gp3 volumes.
	// Default: false.
	EBSDriver bool

	// VolumeKey encrypts what EBSDriver's StorageClass makes. The driver is granted its use. Kubernetes lets no parameter
	// of a StorageClass change: delete the class by kubectl before you deploy another key.
	// Default: the account's key for EBS.
	VolumeKey awskms.IKey

	// AddonVersions has the versions of add-ons by name, for example {"coredns": "v1.13.2-eksbuild.31"}, or EKSDefault
	// for whatever EKS installs at that time. The VPC CNI's is CNI.Version.
	// Default: the pinned version of AddonVersion for the cluster's version, so that what is installed changes with this
	// library or with the Kubernetes version, and not by itself.
	AddonVersions map[string]string

	// AddonConfiguration has what the add-ons of the cluster are configured with, by name, in their own schema, which
	// aws eks describe-addon-configuration shows: {"coredns": {"replicaCount": 3}}. It is laid over what the other fields say,
	// object by object; what a field says is said there, and what ipamd or IPv6 do not stand is refused.
	// Default: what the other fields say.
	AddonConfiguration map[string]map[string]any

	// TuneAddon changes the properties of an add-on of the cluster before it is made, whose name it gets.
	// Default: nil.
	TuneAddon func(name string, props *awseksv2.CfnAddonProps)

	// ConfinePodIdentity has the roles of NewPodIdentity, those of the VPC CNI and of the controller among them, trust
	// EKS for this cluster and this account alone (aws:SourceArn, aws:SourceAccount).
	// Default: false; an association, which only an administrator of EKS makes, is what binds a role.
	ConfinePodIdentity bool

	// Tune changes the properties of CDK's construct before it is made. What comes from the fields here, and what an IPv6 cluster
	// cannot have, is refused.
	// Default: nil.
	Tune func(*awseksv2.ClusterProps)
}

// Cluster is an IPv6 EKS cluster with its add-ons. It makes an AWS::EKS::Cluster, its role and control plane
// security group, a KMS key, a log group, access entries, the add-ons vpc-cni (with its own role), kube-proxy,
// coredns and eks-pod-identity-agent, and, with a kubectl layer, CDK's kubectl provider of two Lambda functions.
type Cluster struct {
	// Construct is the scope that all parts are made in.
	Construct constructs.Construct
	// L2 is CDK's construct, for manifests and whatever takes an awseksv2.ICluster. That of NewCluster is an awseksv2.Cluster.
	L2 awseksv2.ICluster
	// L1 is the AWS::EKS::Cluster itself.
	L1 awseksv2.CfnCluster
	// Name is a token for the cluster's name, which makes what uses it wait for the cluster.
	Name string
	// Vpc is the network the cluster is in.
	Vpc awsec2.IVpc
	// Region is the stack's, a token where it is not known at synth.
	Region string
	// Version is the Kubernetes version.
	Version string
	// PodsReachIPv4 tells whether Pods have a way to IPv4: false with CNI.DisableIPv4Egress.
	PodsReachIPv4 bool
	// ControlPlaneSecurityGroup is on the control plane's network interfaces, beside the cluster security group
	// that EKS makes for them and for nodes.
	ControlPlaneSecurityGroup awsec2.SecurityGroup
	// SecretsKey encrypts Kubernetes secrets.
	SecretsKey awskms.IKey
	// LogGroup keeps the control plane logs. It belongs to EKS.
	LogGroup awslogs.ILogGroup
	// LogRetention makes LogGroup if it is missing, and says how long it keeps logs.
	LogRetention awslogs.LogRetention
	// CNIIdentity is the role of the VPC CNI and what binds it to kube-system/aws-node.
	CNIIdentity *PodIdentity
	// VpcCNI, KubeProxy, PodIdentityAgent and CoreDNS are the add-ons that every cluster has. CoreDNS waits for all
	// node groups: what needs running Pods depends on it.
	VpcCNI, KubeProxy, PodIdentityAgent, CoreDNS awseksv2.CfnAddon
	// EBSIdentity is the EBS CSI driver's role and its binding, or nil.
	EBSIdentity *PodIdentity

	kept        kept.Values      // what this library's other packages keep with the cluster
	subnets     []awsec2.ISubnet // where nodes go by default
	existing    bool             // of FromClusterAttributes
	groupID     string           // of an existing cluster, if it is known
	connections awsec2.Connections
	charts      []constructs.IConstruct
	chartsAfter []constructs.IDependable // what charts wait for
	own         []string                 // the add-ons that the cluster installs itself
	beforeNodes []constructs.IDependable // what nodes wait for
	nodes       []constructs.IConstruct
	capacity    []constructs.IConstruct // nodes, and Fargate profiles
	afterNodes  []constructs.IConstruct // what waits for capacity
	nodeRole    awsiam.Role
	fargateRole awsiam.Role
	onFargate   []fargatePods
	kubectl     bool
	taken       map[string]bool // ids of what was added to the cluster
	confined    bool            // NewPodIdentity's roles trust this cluster alone
	pods        awsiam.IPrincipal

	schedulable  int      // those of the node groups that take Pods without tolerations
	idle         []string // the others, by id
	dnsOnFargate bool
	lastProfile  awseksv2.CfnFargateProfile
}

func init() { kept.In(func(c *Cluster) *kept.Values { return &c.kept }) }

// maxAPIAccessCidrs is an EKS quota: https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
const maxAPIAccessCidrs = 40

var clusterName = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`)

func (p *ClusterProps) withDefaults() ClusterProps {
	out := jsiix.Value(p)
	if out.Version == "" {
		out.Version = DefaultVersion
	}
	if out.LogTypes == nil {
		out.LogTypes = []awseksv2.ClusterLoggingTypes{
			awseksv2.ClusterLoggingTypes_API, awseksv2.ClusterLoggingTypes_AUDIT, awseksv2.ClusterLoggingTypes_AUTHENTICATOR,
		}
	}
	if out.LogRetentionDays == 0 {
		out.LogRetentionDays = 90
	}
	return out
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK, and leaves Vpc, which does, to
// [NewCluster].
func (p *ClusterProps) Validate() error {
	c := p.withDefaults()
	var bad problems.List
	c.check(&bad)
	return bad.Err()
}

// check is Validate of choices with every default written out.
func (p ClusterProps) check(bad *problems.List) {
	if p.Name != "" && !jsiix.IsToken(p.Name) && !clusterName.MatchString(p.Name) {
		bad.Add("Name", "%q: want 1 to 100 letters, digits, hyphens and underscores, beginning with a letter or digit", p.Name)
	}
	if _, ok := retentions[p.LogRetentionDays]; !ok {
		bad.Add("LogRetentionDays", "%d: CloudWatch takes one of %v", p.LogRetentionDays, slices.Sorted(maps.Keys(retentions)))
	}
	bad.Join(validateVersion(p.Version))
	p.Kubectl.check(bad, p.Version)
	p.checkAPIAccess(bad)
	checkAdmins(bad, p.AdminRoleArns)
	checkAccess(bad, p.AdminRoleArns, p.Access)
	checkPrivateAPI(bad, p.PrivateAPICidrs)
	p.CNI.check(bad.In("CNI"))
	p.checkEBS(bad)
	p.checkAddonVersions(bad)
	p.checkAddonConfiguration(bad)
}

func (p ClusterProps) checkEBS(bad *problems.List) {
	if p.EBSDriver && p.CNI.DisableIPv4Egress {
		// https://github.com/kubernetes-sigs/aws-ebs-csi-driver: its controller calls EC2 by its IPv4 name.
		bad.Add("EBSDriver", "true with CNI.DisableIPv4Egress: the driver's controller calls the EC2 API over IPv4: want one of the two, or the driver as a chart of your own with AWS_USE_DUALSTACK_ENDPOINT")
	}
	if p.VolumeKey != nil && !p.EBSDriver {
		bad.Add("VolumeKey", "given without EBSDriver: want both, or neither")
	}
}

func (p ClusterProps) checkAddonVersions(bad *problems.List) {
	for _, name := range sortedKeys(p.AddonVersions) {
		switch here := bad.At("AddonVersions", name); {
		case name == addonVpcCNI:
			here.Add("", "%s: want the VPC CNI's version in CNI.Version", p.AddonVersions[name])
		case !p.installs(name):
			here.Add("", "the cluster does not install this add-on: want one of %s", strings.Join(p.addons(), ", "))
		default:
			checkAddonVersion(here, p.Version, name, p.AddonVersions[name])
		}
	}
}

func (p ClusterProps) checkAPIAccess(bad *problems.List) {
	if p.APIOpenToWorld && len(p.APIAccessCidrs) > 0 {
		bad.Add("APIOpenToWorld", "true with %d ranges in APIAccessCidrs: want one of the two", len(p.APIAccessCidrs))
	}
	if len(p.APIAccessCidrs) > maxAPIAccessCidrs {
		bad.Add("APIAccessCidrs", "%d ranges: EKS takes %d at most", len(p.APIAccessCidrs), maxAPIAccessCidrs)
	}
	checkRanges(bad, "APIAccessCidrs", p.APIAccessCidrs, "203.0.113.0/24 or 2001:db8::/32", func(c netip.Prefix) string {
		switch {
		case aws.Wide(c):
			return "is as wide as the world: want your own ranges, or APIOpenToWorld to mean it"
		case !aws.OnInternet(c.Addr()):
			return "is not a public range, and the public endpoint sees no other: want the address your clients leave with; inside the VPC the private endpoint serves them"
		}
		return ""
	})
}

// checkRanges checks a list of ranges; wrong tells what else may be wrong with one.
func checkRanges(bad *problems.List, field string, ranges []netip.Prefix, such string, wrong func(netip.Prefix) string) {
	seen := map[netip.Prefix]bool{}
	for i, c := range ranges {
		here := bad.At(field, i)
		switch {
		case !c.IsValid() || c.Addr().Is4In6():
			here.Add("", "invalid prefix: want a range such as %s", such)
			continue
		case c != c.Masked():
			here.Add("", "%s has host bits set: want %s", c, c.Masked())
		case wrong(c) != "":
			here.Add("", "%s %s", c, wrong(c))
		case seen[c]:
			here.Add("", "%s is named twice: want each range once", c)
		}
		seen[c] = true
	}
}

// NewCluster makes a [Cluster] in scope. It panics with the error of [ClusterProps.Validate] and the construct's
// path, as every CDK construct panics on bad properties. Give it capacity with [Cluster.AddNodeGroup] or
// [Cluster.AddFargateProfile]: a cluster without any is refused at synth, because coredns would never start.
func NewCluster(scope constructs.Construct, id string, props *ClusterProps) *Cluster {
	p := props.withDefaults()
	var bad problems.List
	p.check(&bad)
	switch vpc, made := p.Vpc.(awsec2.Vpc); {
	case p.Vpc == nil:
		bad.Add("Vpc", "missing: want a dual-stack VPC, for example dualstack.NewVpc(…).L2")
	case made && !hasIPv6(vpc):
		bad.Add("Vpc", "%s has no IPv6: EKS refuses its subnets for an IPv6 cluster (https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html): want dualstack.NewVpc, or awsec2.VpcProps with IpProtocol DUAL_STACK", *vpc.Node().Path())
	}
	stack := awscdk.Stack_Of(scope)
	region := *stack.Region()
	if strings.HasPrefix(region, "cn-") {
		// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-eks-cluster-kubernetesnetworkconfig.html
		bad.Add("Region", "%s: EKS has no IPv6 clusters in the China Regions: want a Region of another partition", region)
	}
	stop := func() {
		if err := bad.Err(); err != nil {
			panic(fmt.Errorf("ipv6eks.NewCluster %s/%s: %w", *scope.Node().Path(), id, err))
		}
	}
	stop()

	c := &Cluster{
		Construct: constructs.NewConstruct(scope, jsiix.Str(id)), Vpc: p.Vpc, Region: region, Version: p.Version, PodsReachIPv4: !p.CNI.DisableIPv4Egress,
		subnets: p.nodeSubnets(), kubectl: p.Kubectl.Layer != nil,
		confined: p.ConfinePodIdentity, dnsOnFargate: p.CoreDNSOnFargate, own: append(p.addons(), addonVpcCNI),
	}
	name := p.Name
	if name == "" {
		name = *awscdk.Names_UniqueResourceName(c.Construct, &awscdk.UniqueResourceNameOptions{MaxLength: jsiix.Num(100), Separator: jsiix.Str("-")})
	}
	c.addSecretsKey(p)
	c.addLogs(p, stack, name)
	// The stock construct's own group lets out IPv4 only.
	c.ControlPlaneSecurityGroup = awsec2.NewSecurityGroup(c.Construct, jsiix.Str("ControlPlane"), &awsec2.SecurityGroupProps{
		Vpc: p.Vpc, Description: jsiix.Str("EKS control plane: out to nodes and Pods, both families"),
		AllowAllOutbound: jsiix.Bool(true), AllowAllIpv6Outbound: jsiix.Bool(true),
	})
	c.openPrivateAPI(p.PrivateAPICidrs)

	cp := &awseksv2.ClusterProps{
		ClusterName: jsiix.Str(name),
		IpFamily:    awseksv2.IpFamily_IP_V6, BootstrapSelfManagedAddons: jsiix.Bool(false),
		DefaultCapacity: jsiix.Num(0), DefaultCapacityType: awseksv2.DefaultCapacityType_NODEGROUP,
		Version:                                 awseksv2.KubernetesVersion_Of(jsiix.Str(p.Version)),
		Vpc:                                     p.Vpc,
		VpcSubnets:                              jsiix.List(c.controlPlaneSubnets(p)),
		EndpointAccess:                          p.endpointAccess(),
		ClusterLogging:                          &p.LogTypes,
		BootstrapClusterCreatorAdminPermissions: jsiix.Bool(p.CreatorAdmin),
		OutputConfigCommand:                     jsiix.Bool(false),
		KubectlProviderOptions:                  p.Kubectl.options(),
		SecretsEncryptionKey:                    c.SecretsKey,
		SecurityGroup:                           c.ControlPlaneSecurityGroup,
	}
	p.tune(bad.In("Tune"), cp)
	stop()
	c.L2 = awseksv2.NewCluster(c.Construct, jsiix.Str("Cluster"), cp)
	node := c.L2.Node()
	c.L1 = node.DefaultChild().(awseksv2.CfnCluster)
	c.Name = *c.L1.Ref()
	c.L1.Node().AddDependency(c.LogRetention)
	nag.SuppressChild(node, "Role", nag.Reasons{"AwsSolutions-IAM4": "EKS documents this policy of AWS for the role of a cluster"})
	c.L1.SetUpgradePolicy(&awseksv2.CfnCluster_UpgradePolicyProperty{SupportType: jsiix.Str(p.supportType())})
	if p.DeletionProtection {
		c.L1.SetDeletionProtection(true)
	}
	if p.ZonalShift {
		c.L1.SetZonalShiftConfig(&awseksv2.CfnCluster_ZonalShiftConfigProperty{Enabled: true})
	}
	// EKS deprecates Resources, which has one value; CloudFormation would replace the cluster if it were left out.
	awscdk.Validations_Of(c.L1).Acknowledge(&awscdk.Acknowledgment{
		Id: jsiix.Str("CloudFormation-Validate::W9009"), Reason: jsiix.Str("CDK's construct writes EncryptionConfig, and a changed one replaces the cluster"),
	})
	if c.kubectl {
		c.tuneKubectl(p, node.FindChild(jsiix.Str("KubectlProvider")).Node())
	}
	c.addAdmins(p.AdminRoleArns)
	c.addAccess(p.Access)
	c.addAddons(p, &bad, stop)
	c.Construct.Node().AddValidation(&treeCheck{c})
	c.warn()
	return c
}

// take keeps an id for what is added to the cluster, or tells that it has been given to something else. CDK would name the
// first part that it makes, such as the launch template.
func (c *Cluster) take(id string) error {
	if c.taken[id] {
		return fmt.Errorf("the id %q is given twice: want another one for each node group, Fargate profile and add-on of the cluster", id)
	}
	if c.taken == nil {
		c.taken = map[string]bool{}
	}
	c.taken[id] = true
	return nil
}

// warn tells what EKS takes and what somebody should have chosen.
func (c *Cluster) warn() {
	say := func(id, format string, args ...any) {
		awscdk.Annotations_Of(c.Construct).AddWarningV2(jsiix.Str("eks-ipv6:"+id), jsiix.Str(fmt.Sprintf(format, args...)), nil)
	}
	if v, ok := aws.KubernetesVersion(c.Version); ok && !AtLeast(c.Version, DefaultVersion) {
		say("EndOfStandardSupport", "Kubernetes %s leaves standard support on %s, and a cluster then costs six times as much (%s): upgrade to %s (docs/upgrades.md)",
			c.Version, v.StandardUntil.Format(time.DateOnly), aws.DocVersions, DefaultVersion)
	}
	if zone, ok := aws.NoControlPlaneIn(c.Region); ok && jsiix.IsToken(*c.subnets[0].AvailabilityZone()) {
		say("ControlPlaneZone", "EKS puts no control plane into %s of %s (%s), and the zones are the Region's first ones, whichever those are in the account: "+
			"name the zones, all but that one (dualstack.VpcProps.AvailabilityZones; aws ec2 describe-availability-zones tells the names of zone ids)",
			zone, c.Region, aws.DocZones)
	}
}

func (p ClusterProps) supportType() string {
	if p.StandardSupportOnly {
		return "STANDARD"
	}
	return "EXTENDED"
}

func (p ClusterProps) endpointAccess() awseksv2.EndpointAccess {
	switch {
	case p.APIOpenToWorld:
		return awseksv2.EndpointAccess_PUBLIC_AND_PRIVATE().OnlyFrom(jsiix.Str("0.0.0.0/0"), jsiix.Str("::/0"))
	case len(p.APIAccessCidrs) > 0:
		cidrs := make([]*string, len(p.APIAccessCidrs))
		for i, c := range p.APIAccessCidrs {
			cidrs[i] = jsiix.Str(c.String())
		}
		return awseksv2.EndpointAccess_PUBLIC_AND_PRIVATE().OnlyFrom(cidrs...)
	}
	return awseksv2.EndpointAccess_PRIVATE()
}

// nodeSubnets are where nodes go by default.
func (p ClusterProps) nodeSubnets() []awsec2.ISubnet {
	if p.Subnets == nil {
		if private := *p.Vpc.PrivateSubnets(); len(private) > 0 {
			return private
		}
		p.Subnets = &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS} // CDK says what there is instead
	}
	return *p.Vpc.SelectSubnets(p.Subnets).Subnets
}

func (c *Cluster) controlPlaneSubnets(p ClusterProps) *awsec2.SubnetSelection {
	if p.ControlPlaneSubnets != nil {
		return p.ControlPlaneSubnets
	}
	if len(c.subnets) == 2 { // EKS wants two zones: there is nothing to choose
		return &awsec2.SubnetSelection{Subnets: &c.subnets}
	}
	var first []awsec2.ISubnet
	zones := map[string]bool{}
	for _, s := range c.subnets {
		if zone := *s.AvailabilityZone(); !zones[zone] {
			zones[zone] = true
			first = append(first, s)
		}
		if len(first) == 2 {
			break
		}
	}
	return &awsec2.SubnetSelection{Subnets: &first}
}

// subnetIDs are the ids of a selection, or of the cluster's own subnets without one.
func (c *Cluster) subnetIDs(selection *awsec2.SubnetSelection) []*string {
	if selection != nil {
		return *c.Vpc.SelectSubnets(selection).SubnetIds
	}
	ids := make([]*string, len(c.subnets))
	for i, s := range c.subnets {
		ids[i] = s.SubnetId()
	}
	return ids
}

func (c *Cluster) addSecretsKey(p ClusterProps) {
	if c.SecretsKey = p.SecretsKey; c.SecretsKey == nil {
		c.SecretsKey = awskms.NewKey(c.Construct, jsiix.Str("SecretsKey"), &awskms.KeyProps{
			Description:       jsiix.Str("Kubernetes secrets of an EKS cluster"),
			EnableKeyRotation: jsiix.Bool(true),
			PendingWindow:     awscdk.Duration_Days(jsiix.Num(30)),
			RemovalPolicy:     awscdk.RemovalPolicy_DESTROY,
		})
	}
}

// fixed are the properties of the stock cluster that come from fields of ours, or that an IPv6 cluster cannot have.
var fixed = func() map[string]string {
	const (
		capacity = "want AddNodeGroup or AddFargateProfile; EKS Auto Mode brings its own CNI and load balancer controller, which this construct would fight: use awseksv2.NewCluster for it"
		// https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
		hybrid = "EKS has no hybrid nodes on IPv6 clusters: leave it out"
	)
	return map[string]string{
		"Version":                    "want ClusterProps.Version",
		"Vpc":                        "want ClusterProps.Vpc",
		"ClusterName":                "want ClusterProps.Name",
		"SecretsEncryptionKey":       "want ClusterProps.SecretsKey",
		"SecurityGroup":              "add rules to Cluster.ControlPlaneSecurityGroup instead",
		"IpFamily":                   "this construct makes IPv6 clusters: use awseksv2.NewCluster for another family",
		"ServiceIpv4Cidr":            "Services of an IPv6 cluster get IPv6 addresses, from a range that EKS chooses: leave it out",
		"BootstrapSelfManagedAddons": "the add-ons here are EKS' managed ones: leave it alone",
		"CoreDnsComputeType":         "want ClusterProps.CoreDNSOnFargate",
		"AlbController":              "want lbc.NewController, which knows IPv6",
		"DefaultCapacity":            capacity, "DefaultCapacityInstance": capacity, "DefaultCapacityType": capacity, "Compute": capacity,
		"RemoteNodeNetworks": hybrid, "RemotePodNetworks": hybrid,
	}
}()

// tune calls Tune, and adds what it changed and may not.
func (p ClusterProps) tune(bad *problems.List, cp *awseksv2.ClusterProps) {
	tuned.Call(bad, p.Tune, cp, fixed)
	if k := cp.KubectlProviderOptions; (k != nil) != (p.Kubectl.Layer != nil) || k != nil && k.KubectlLayer != p.Kubectl.Layer {
		bad.Add("KubectlProviderOptions", "another layer: want ClusterProps.Kubectl; the other options can be changed")
	}
}

// withoutDNS tells why coredns would have nowhere to run, so that the deployment would time out, or nothing.
func (c *Cluster) withoutDNS() string {
	_, fargate := c.RunsOnFargate("kube-system", map[string]string{"k8s-app": "kube-dns"})
	switch {
	case c.schedulable+len(c.idle) == 0 && c.lastProfile == nil:
		return "the cluster has no node group and no Fargate profile, so coredns would never start and the deployment would time out: call AddNodeGroup or AddFargateProfile"
	case c.dnsOnFargate && !fargate:
		return "CoreDNSOnFargate: no Fargate profile takes coredns, so it would never start: want AddFargateProfile with a selector of namespace kube-system, alone or with the label k8s-app: kube-dns"
	case !c.dnsOnFargate && c.schedulable == 0 && len(c.idle) > 0:
		return "no node group takes Pods without tolerations, so coredns would never start: " + strings.Join(c.idle, ", ") + ": want one group without NoSchedule and NoExecute taints and with Desired of at least 1"
	case !c.dnsOnFargate && c.schedulable == 0:
		return "the cluster has Fargate profiles alone, and coredns waits for a node: want CoreDNSOnFargate, or AddNodeGroup"
	}
	return ""
}

// treeCheck looks, at synth, at what was done to the cluster after NewCluster.
type treeCheck struct{ cluster *Cluster }

// Validate is called by CDK and tells what is wrong with the cluster as it stands.
func (t *treeCheck) Validate() *[]*string {
	var bad problems.List
	if why := t.cluster.withoutDNS(); why != "" {
		bad.Add("", "%s", why)
	}
	if t.cluster.L1.OutpostConfig() != nil {
		// https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html
		bad.Add("OutpostConfig", "EKS has no IPv6 clusters on Outposts: leave it out")
	}
	if t.cluster.L1.RemoteNetworkConfig() != nil {
		bad.Add("RemoteNetworkConfig", "EKS has no hybrid nodes on IPv6 clusters: leave it out")
	}
	return jsiix.Strs(bad.Messages("ipv6eks"))
}
