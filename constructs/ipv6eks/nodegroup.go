package ipv6eks

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/nag"
	"github.com/eks-ipv6/cdk/internal/problems"
	"github.com/eks-ipv6/cdk/internal/tuned"
)

// AMI is a family of EKS node images.
type AMI string

// The families that serve IPv6 clusters. Amazon Linux 2 ended with Kubernetes 1.32, and Windows has no IPv6 on EKS.
// Source: https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html (amiType)
const (
	AL2023             AMI = "AL2023"
	AL2023Nvidia       AMI = "AL2023_NVIDIA"
	AL2023Neuron       AMI = "AL2023_NEURON"
	Bottlerocket       AMI = "BOTTLEROCKET"
	BottlerocketFIPS   AMI = "BOTTLEROCKET_FIPS"
	BottlerocketNvidia AMI = "BOTTLEROCKET_NVIDIA"
)

// AMIs are the families of node images that a node group may have.
func AMIs() []AMI {
	return []AMI{AL2023, AL2023Nvidia, AL2023Neuron, Bottlerocket, BottlerocketFIPS, BottlerocketNvidia}
}

// amiTypes are EKS's names of an image family by architecture.
var amiTypes = map[AMI]map[Architecture]string{
	AL2023:             {X86: "AL2023_x86_64_STANDARD", ARM: "AL2023_ARM_64_STANDARD"},
	AL2023Nvidia:       {X86: "AL2023_x86_64_NVIDIA", ARM: "AL2023_ARM_64_NVIDIA"},
	AL2023Neuron:       {X86: "AL2023_x86_64_NEURON"},
	Bottlerocket:       {X86: "BOTTLEROCKET_x86_64", ARM: "BOTTLEROCKET_ARM_64"},
	BottlerocketFIPS:   {X86: "BOTTLEROCKET_x86_64_FIPS", ARM: "BOTTLEROCKET_ARM_64_FIPS"},
	BottlerocketNvidia: {X86: "BOTTLEROCKET_x86_64_NVIDIA", ARM: "BOTTLEROCKET_ARM_64_NVIDIA"},
}

// TaintEffect is what a taint does to Pods that do not tolerate it, as the EKS API spells it.
type TaintEffect string

// The effects of taints, in EKS' spelling.
const (
	NoSchedule       TaintEffect = "NO_SCHEDULE"
	PreferNoSchedule TaintEffect = "PREFER_NO_SCHEDULE"
	NoExecute        TaintEffect = "NO_EXECUTE"
)

// Taint keeps Pods that do not tolerate it off the nodes.
type Taint struct {
	// Key is the taint's name, such as dedicated or example.com/gpu: 63 characters at most.
	Key string
	// Value is what a toleration may ask for.
	// Default: none.
	Value string
	// Effect is NoSchedule, PreferNoSchedule or NoExecute. Both spellings are taken, Kubernetes' NoSchedule too.
	Effect TaintEffect
}

// NodeGroupProps are the choices of a node group. The zero value is two to four AL2023 nodes of type m6i.large.
type NodeGroupProps struct {
	// InstanceTypes are the EC2 types to choose from, all Nitro and of one architecture. Spot groups do better with several.
	// Default: m6i.large, or m6g.large if Architecture is ARM.
	InstanceTypes []string

	// Architecture is that of the instances and the image.
	// Default: that of InstanceTypes, or X86.
	Architecture Architecture

	// AMI is the image family.
	// Default: AL2023.
	AMI AMI

	// Version is the nodes' Kubernetes version. It may lag behind the cluster's by three minor versions, so that nodes are
	// upgraded after the control plane, in a deployment of their own; EKS makes a new group at the cluster's version only
	// (https://kubernetes.io/releases/version-skew-policy/#kubelet). EKS takes a change of it with no other change of the
	// group in the same deployment, the launch template's included
	// (https://github.com/aws/containers-roadmap/issues/1258): deploy the other change with the version that is deployed, then
	// the version. preflight check -deployed, and synthcheck with Deployed, refuse both at once (V64).
	// Default: the cluster's.
	Version string

	// ReleaseVersion is the image's release, such as 1.35.3-20261012 for AL2023. EKS takes a change of it with no other
	// change of the group, but for Version.
	// Default: the newest one when the group is made, or when Version changes.
	ReleaseVersion string

	// Force has an update delete Pods that cannot be evicted within 15 minutes, because of a disruption budget
	// (https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html).
	// Default: false, and the update fails with PodEvictionFailure.
	Force bool

	// Min is the fewest nodes that autoscaling leaves.
	// Default: 2, or as many as Desired or Max allows; 0 with ScaleToZero.
	Min int

	// Desired is how many nodes there are at first, and after each deployment that changes it.
	// Default: Min.
	Desired int

	// Max is the most nodes that autoscaling makes.
	// Default: 4, or as many as Desired asks for.
	Max int

	// ScaleToZero lets the group have no nodes: Min is 0, and so is Desired unless it is given. CoreDNS needs another group, or
	// a Fargate profile.
	// Default: false.
	ScaleToZero bool

	// Spot buys spare capacity, which EC2 takes back at two minutes' notice.
	// Default: false, on demand.
	Spot bool

	// VolumeKey encrypts the nodes' volumes. Its policy must let the service-linked role of Auto Scaling use it; NewVolumeKey
	// makes such a key.
	// Default: the account's key for EBS.
	VolumeKey awskms.IKey

	// DiskGiB is the size of the volume for images and Pods, 20 to 16384 GiB: gp3, encrypted.
	// Default: 50.
	DiskGiB int

	// Labels are Kubernetes labels of the nodes: keys such as team or example.com/team. The nodes' kubelets may set none under
	// kubernetes.io and k8s.io but those of node.kubernetes.io and kubelet.kubernetes.io.
	// Default: none.
	Labels map[string]string

	// Taints keep Pods off the nodes.
	// Default: none.
	Taints []Taint

	// Tags are AWS tags of the group's instances, volumes and network interfaces, which is where costs are. Tags of scopes above,
	// by awscdk.Tags_Of, are there too. The group itself gets none, and StackProps.Tags are left out: EKS changes no group's tags
	// together with its launch template (https://github.com/aws/aws-cdk/issues/16644), and CloudFormation puts those on the group.
	// A change replaces the nodes, MaxUnavailable at a time.
	// Default: a Name of the cluster's and the group's.
	Tags map[string]string

	// MaxUnavailable is how many nodes an update may replace at a time, 1 to 100.
	// Default: 1.
	MaxUnavailable int

	// NodeRepair has EKS replace nodes that NodeMonitoring finds broken.
	// Default: false.
	NodeRepair bool

	// PodsReachIMDS lets Pods without the host's network reach the instance metadata service, by a hop limit of 2, and
	// with it the node's role. Pods of this library get credentials from Pod Identity and do not need it.
	// Default: false, a hop limit of 1.
	PodsReachIMDS bool

	// SessionManager lets administrators open shells on the nodes through AWS Systems Manager. It applies to the role,
	// which the cluster's node groups share.
	// Default: false.
	SessionManager bool

	// SecurityGroups are on the nodes in addition to the cluster security group.
	// Default: none.
	SecurityGroups []awsec2.ISecurityGroup

	// Subnets is where the nodes go. Dual-stack and private; EKS refuses nodes in subnets that do not assign IPv6.
	// Default: the cluster's.
	Subnets *awsec2.SubnetSelection

	// Tune changes the node group's properties before it is made. What comes from the fields here, and what EKS refuses beside a
	// launch template, is refused.
	// Default: nil.
	Tune func(*awseksv2.CfnNodegroupProps)

	// TuneLaunchTemplate changes the launch template's data before it is made. What EKS does not take in one is refused, and
	// NetworkInterfaces, which override the subnets' IPv6 assignment.
	// Default: nil.
	TuneLaunchTemplate func(*awsec2.CfnLaunchTemplate_LaunchTemplateDataProperty)
}

// NodeGroup is a managed node group. It makes an AWS::EKS::Nodegroup, its launch template and, with the first one
// of a cluster, the nodes' role.
type NodeGroup struct {
	// L1 is the AWS::EKS::Nodegroup.
	L1 awseksv2.CfnNodegroup
	// LaunchTemplate requires IMDSv2 and encrypts the disks.
	LaunchTemplate awsec2.CfnLaunchTemplate
	// Role is what the nodes act as; the cluster's node groups share it. It has no rights of the VPC CNI.
	Role awsiam.Role
}

// How many nodes a group has that says nothing: one may fail, and there is room for an update.
const (
	defaultMin = 2
	defaultMax = 4
)

func (p *NodeGroupProps) withDefaults() NodeGroupProps {
	out := jsiix.Value(p)
	if out.AMI == "" {
		out.AMI = AL2023
	}
	if out.Architecture == "" {
		out.Architecture = X86
		if len(out.InstanceTypes) > 0 {
			if a, err := architectureOf(out.InstanceTypes[0]); err == nil {
				out.Architecture = a
			}
		}
	}
	if len(out.InstanceTypes) == 0 {
		out.InstanceTypes = []string{map[Architecture]string{X86: "m6i.large", ARM: "m6g.large"}[out.Architecture]}
	}
	if out.Min == 0 && !out.ScaleToZero {
		out.Min = defaultMin
		for _, given := range []int{out.Desired, out.Max} {
			if given > 0 {
				out.Min = min(out.Min, given)
			}
		}
	}
	if out.Desired == 0 {
		out.Desired = out.Min
	}
	if out.Max == 0 {
		out.Max = max(defaultMax, out.Desired)
	}
	if out.DiskGiB == 0 {
		out.DiskGiB = 50
	}
	if out.MaxUnavailable == 0 {
		out.MaxUnavailable = 1
	}
	return out
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *NodeGroupProps) Validate() error {
	_, err := p.resolve()
	return err
}

// resolve is the choices with every default written out, or what is wrong with them.
func (p *NodeGroupProps) resolve() (NodeGroupProps, error) {
	given, n := jsiix.Value(p), p.withDefaults()
	var bad problems.List
	checkInstances(&bad, given.InstanceTypes, given.Architecture)
	n.checkAMI(&bad)
	checkRelease(&bad, n.Version, n.ReleaseVersion)
	n.checkSize(&bad)
	checkLabels(&bad, n.Labels)
	checkTags(&bad, n.Tags)
	for i, t := range n.Taints {
		t.check(bad.At("Taints", i))
	}
	return n, bad.Err()
}

func (p NodeGroupProps) checkAMI(bad *problems.List) {
	switch ami := string(p.AMI); {
	case amiTypes[p.AMI] != nil:
		if _, ok := amiTypes[p.AMI][p.Architecture]; !ok && (p.Architecture == X86 || p.Architecture == ARM) {
			bad.Add("AMI", "%s has no %s image: want instance types of another architecture, or another AMI", p.AMI, p.Architecture)
		}
	case strings.HasPrefix(strings.ToUpper(ami), "WINDOWS"):
		bad.Add("AMI", "%q: EKS has no IPv6 for Windows nodes (https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html): want one of %s", ami, amiNames())
	case ami == "AL2" || strings.HasPrefix(ami, "AL2_"):
		bad.Add("AMI", "%q: EKS has no Amazon Linux 2 images for Kubernetes 1.33 and later: want one of %s", ami, amiNames())
	default:
		bad.Add("AMI", "%q: want one of %s", ami, amiNames())
	}
}

func (p NodeGroupProps) checkSize(bad *problems.List) {
	if p.Min < 0 || p.Desired < 0 || p.Max < 1 {
		bad.Add("Min, Desired, Max", "%d, %d, %d: want Min and Desired of at least 0 and Max of at least 1", p.Min, p.Desired, p.Max)
	}
	if p.ScaleToZero && p.Min > 0 {
		bad.Add("Min", "%d with ScaleToZero, which is a Min of 0: want one of the two", p.Min)
	}
	if p.Min > p.Max {
		bad.Add("Min", "%d is more than Max %d", p.Min, p.Max)
	}
	if p.Desired < p.Min || p.Desired > p.Max {
		bad.Add("Desired", "%d is not between Min %d and Max %d", p.Desired, p.Min, p.Max)
	}
	if p.DiskGiB < 20 || p.DiskGiB > 16384 {
		bad.Add("DiskGiB", "%d: want 20 to 16384, gp3's largest", p.DiskGiB)
	}
	if p.MaxUnavailable < 1 || p.MaxUnavailable > 100 {
		bad.Add("MaxUnavailable", "%d: want 1 to 100", p.MaxUnavailable)
	}
}

func amiNames() string {
	names := make([]string, 0, len(amiTypes))
	for _, a := range AMIs() {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
}

// maxNodeSkew is how many minor versions the kubelet and kube-proxy may be older than the API server; newer they must not
// be (https://kubernetes.io/releases/version-skew-policy/).
const maxNodeSkew = 3

// releaseVersion begins with the Kubernetes version: 1.35.3-20261012 of AL2023, 1.50.0-4cf0d7e1 of Bottlerocket, whose
// first number is Bottlerocket's own.
var releaseVersion = regexp.MustCompile(`^\d+\.\d+\.\d+-[0-9a-z.]+$`)

// checkRelease checks what does not depend on the cluster.
func checkRelease(bad *problems.List, version, release string) {
	if _, err := minor(version); version != "" && err != nil {
		bad.Add("Version", "%w", err)
	}
	if release != "" && !releaseVersion.MatchString(release) {
		bad.Add("ReleaseVersion", "%q: want a release such as 1.35.3-20261012 (https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html)", release)
	}
}

// CheckNodeSkew tells whether nodes of a Kubernetes version can join a cluster of another, or what to do about it. An empty
// node version is the cluster's.
func CheckNodeSkew(node, cluster string) error {
	have, errNode := minor(node)
	want, errCluster := minor(cluster)
	switch {
	case node == "" || errNode != nil || errCluster != nil: // Validate names what is no version
		return nil
	case have > want:
		return fmt.Errorf("Version: %s is newer than the cluster's %s, and nodes must not be: upgrade the control plane first", node, cluster)
	case have < want-maxNodeSkew:
		return fmt.Errorf("Version: %s is more than %d minor versions behind the cluster's %s: want 1.%d or later", node, maxNodeSkew, cluster, want-maxNodeSkew)
	}
	return nil
}

// NewVolumeKey makes a KMS key for NodeGroupProps.VolumeKey: Auto Scaling's service-linked role, which starts the nodes,
// may use it.
// Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func NewVolumeKey(scope constructs.Construct, id string) awskms.Key {
	key := awskms.NewKey(scope, jsiix.Str(id), &awskms.KeyProps{
		Description:       jsiix.Str("Volumes of EKS nodes"),
		EnableKeyRotation: jsiix.Bool(true),
		PendingWindow:     awscdk.Duration_Days(jsiix.Num(30)),
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY,
	})
	// The role as a principal would be refused in an account where Auto Scaling has not made it yet.
	role := "arn:" + *awscdk.Aws_PARTITION() + ":iam::" + *awscdk.Aws_ACCOUNT_ID() + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	allow := func(conditions map[string]any, actions ...string) {
		conditions["StringEquals"] = map[string]any{"aws:PrincipalArn": role, "kms:CallerAccount": awscdk.Aws_ACCOUNT_ID()}
		key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Principals: jsiix.List[awsiam.IPrincipal](awsiam.NewAnyPrincipal()), Actions: jsiix.Strs(actions), Resources: jsiix.Strs([]string{"*"}), Conditions: &conditions,
		}), nil)
	}
	allow(map[string]any{}, "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")
	allow(map[string]any{"Bool": map[string]any{"kms:GrantIsForAWSResource": "true"}}, "kms:CreateGrant")
	return key
}

// takesPods tells whether Pods without tolerations can run on the group's nodes, as it is made.
func (p NodeGroupProps) takesPods() bool {
	return p.Desired > 0 && !slices.ContainsFunc(p.Taints, func(t Taint) bool { return t.Effect.normal() != PreferNoSchedule })
}

// AddNodeGroup adds nodes to the cluster. They wait for the VPC CNI and its role, and coredns waits for them. props
// may be nil. It panics with the error of [NodeGroupProps.Validate] and the construct's path.
func (c *Cluster) AddNodeGroup(id string, props *NodeGroupProps) *NodeGroup {
	p, err := props.resolve()
	if err = errors.Join(err, CheckNodeSkew(p.Version, c.Version), c.take(id), c.checkNetwork(), c.checkGroup(len(p.SecurityGroups) > 0)); err != nil {
		panic(fmt.Errorf("ipv6eks.AddNodeGroup %s/%s: %w", *c.Construct.Node().Path(), id, err))
	}
	for _, t := range p.InstanceTypes {
		if said := unknownFamily(t); said != "" {
			awscdk.Annotations_Of(c.Construct).AddWarningV2(jsiix.Str("eks-ipv6:InstanceFamily-"+t), jsiix.Str(id+": InstanceTypes: "+said), nil)
		}
	}
	var bad problems.List
	stop := func() {
		if err := bad.Err(); err != nil {
			panic(fmt.Errorf("ipv6eks.AddNodeGroup %s/%s: %w", *c.Construct.Node().Path(), id, err))
		}
	}
	c.warnStackTags(id)
	n := &NodeGroup{Role: c.sharedNodeRole(p.SessionManager)}
	tags := &nodeTags{name: c.Name + "-" + id, given: p.Tags}
	n.LaunchTemplate = c.launchTemplate(id, p, tags, &bad)
	stop()

	subnets := []any{}
	for _, s := range c.subnetIDs(p.Subnets) {
		subnets = append(subnets, s)
	}
	capacity := "ON_DEMAND"
	if p.Spot {
		capacity = "SPOT"
	}
	np := &awseksv2.CfnNodegroupProps{
		ClusterName:   jsiix.Str(c.Name),
		NodeRole:      n.Role.RoleArn(),
		Subnets:       &subnets,
		AmiType:       jsiix.Str(amiTypes[p.AMI][p.Architecture]),
		CapacityType:  jsiix.Str(capacity),
		InstanceTypes: jsiix.Strs(p.InstanceTypes),
		Version:       jsiix.Str(cmp.Or(p.Version, c.Version)), ReleaseVersion: jsiix.StrOrNil(p.ReleaseVersion),
		LaunchTemplate: &awseksv2.CfnNodegroup_LaunchTemplateSpecificationProperty{
			Id: n.LaunchTemplate.Ref(), Version: n.LaunchTemplate.AttrLatestVersionNumber(),
		},
		ScalingConfig: &awseksv2.CfnNodegroup_ScalingConfigProperty{
			MinSize: jsiix.Num(p.Min), DesiredSize: jsiix.Num(p.Desired), MaxSize: jsiix.Num(p.Max),
		},
		UpdateConfig: &awseksv2.CfnNodegroup_UpdateConfigProperty{MaxUnavailable: jsiix.Num(p.MaxUnavailable)},
	}
	if len(p.Labels) > 0 {
		np.Labels = p.Labels
	}
	if len(p.Taints) > 0 {
		taints := []any{}
		for _, t := range p.Taints {
			taints = append(taints, &awseksv2.CfnNodegroup_TaintProperty{Key: jsiix.Str(t.Key), Value: jsiix.StrOrNil(t.Value), Effect: jsiix.Str(string(t.Effect.normal()))})
		}
		np.Taints = &taints
	}
	if p.Force {
		np.ForceUpdateEnabled = true
	}
	if p.NodeRepair {
		np.NodeRepairConfig = &awseksv2.CfnNodegroup_NodeRepairConfigProperty{Enabled: true}
	}
	tuned.Call(bad.In("Tune"), p.Tune, np, fixedOfNodes)
	checkTuned(bad.In("Tune"), np)
	stop()
	n.L1 = awseksv2.NewCfnNodegroup(c.Construct, jsiix.Str(id), np)
	n.L1.AddPropertyDeletionOverride(jsiix.Str("Tags"))
	tags.group = n.L1
	if p.takesPods() {
		c.schedulable++
	} else {
		c.idle = append(c.idle, id)
	}
	c.addNodes(n.L1)
	return n
}

// sharedNodeRole is the role of the cluster's nodes. The CNI's rights are not on it: they would be every Pod's that
// reaches the metadata service.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
func (c *Cluster) sharedNodeRole(sessionManager bool) awsiam.Role {
	if c.nodeRole == nil {
		c.nodeRole = awsiam.NewRole(c.Construct, jsiix.Str("NodeRole"), &awsiam.RoleProps{
			AssumedBy:       awsiam.NewServicePrincipal(jsiix.Str("ec2.amazonaws.com"), nil),
			ManagedPolicies: jsiix.List(managedPolicy("AmazonEKSWorkerNodePolicy"), managedPolicy("AmazonEC2ContainerRegistryPullOnly")),
		})
		nag.Suppress(c.nodeRole, nag.Reasons{"AwsSolutions-IAM4": "EKS documents these policies of AWS for nodes; they change with what kubelets call"})
	}
	if sessionManager {
		c.nodeRole.AddManagedPolicy(managedPolicy("AmazonSSMManagedInstanceCore"))
	}
	return c.nodeRole
}

func (c *Cluster) launchTemplate(id string, p NodeGroupProps, tags *nodeTags, bad *problems.List) awsec2.CfnLaunchTemplate {
	hops := 1
	if p.PodsReachIMDS {
		hops = 2
	}
	disk := func(device string, gib int) any {
		ebs := &awsec2.CfnLaunchTemplate_EbsProperty{
			VolumeType: jsiix.Str("gp3"), VolumeSize: jsiix.NumOrNil(gib), Encrypted: true, DeleteOnTermination: true,
		}
		if p.VolumeKey != nil {
			ebs.KmsKeyId = p.VolumeKey.KeyArn()
		}
		return &awsec2.CfnLaunchTemplate_BlockDeviceMappingProperty{DeviceName: jsiix.Str(device), Ebs: ebs}
	}
	disks := []any{disk("/dev/xvda", p.DiskGiB)}
	if strings.HasPrefix(string(p.AMI), string(Bottlerocket)) { // an operating system volume of the image's size, and one for the rest
		disks = []any{disk("/dev/xvda", 0), disk("/dev/xvdb", p.DiskGiB)}
	}
	data := &awsec2.CfnLaunchTemplate_LaunchTemplateDataProperty{
		BlockDeviceMappings: &disks,
		MetadataOptions: &awsec2.CfnLaunchTemplate_MetadataOptionsProperty{
			HttpEndpoint: jsiix.Str("enabled"), HttpTokens: jsiix.Str("required"), HttpPutResponseHopLimit: jsiix.Num(hops),
		},
		TagSpecifications: awscdk.Lazy_UncachedAny(tags, nil),
	}
	if len(p.SecurityGroups) > 0 {
		// Groups in a launch template take the place of the cluster security group, so it is named too.
		groups := []*string{c.L2.ClusterSecurityGroupId()}
		for _, g := range p.SecurityGroups {
			groups = append(groups, g.SecurityGroupId())
		}
		data.SecurityGroupIds = &groups
	}
	tuned.Call(bad.In("TuneLaunchTemplate"), p.TuneLaunchTemplate, data, fixedOfTemplate)
	return awsec2.NewCfnLaunchTemplate(c.Construct, jsiix.Str(id+"Template"), &awsec2.CfnLaunchTemplateProps{LaunchTemplateData: data})
}
