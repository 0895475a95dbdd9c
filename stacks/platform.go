package stacks

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// PlatformProps are the choices of a [Platform], those of its parts.
type PlatformProps struct {
	// Stack is for the stock stack: environment, name, tags, termination protection.
	// Default: an environment-agnostic stack, which needs no account at synth.
	Stack awscdk.StackProps

	// Network is the VPC. With NatNone, the endpoints of dualstack.EKSEndpoints are added, unless InterfaceEndpoints names
	// others.
	// Default: see dualstack.VpcProps.
	Network dualstack.VpcProps

	// Workload is what runs in it.
	// Default: see Workload.
	Workload
}

// Workload is the cluster with its nodes and controller, wherever its network comes from.
type Workload struct {
	// Cluster is the EKS cluster. Vpc and Kubectl are filled in.
	// Default: see ipv6eks.ClusterProps.
	Cluster ipv6eks.ClusterProps

	// KubectlLayerPath is a folder or zip file with kubectl and helm, and KubectlVersion its kubectl's minor version, such as
	// 1.36: both, or neither.
	// Default: kubectllayer.For the cluster's version.
	KubectlLayerPath, KubectlVersion string

	// Nodes is the first node group. Add more with Cluster.AddNodeGroup.
	// Default: see ipv6eks.NodeGroupProps.
	Nodes ipv6eks.NodeGroupProps

	// Controller is the AWS Load Balancer Controller. Cluster is filled in. With NatNone its image comes from ECR Public's
	// dual-stack name, unless ImageRepository names another.
	// Default: see lbc.ControllerProps.
	Controller lbc.ControllerProps

	// Hardened chooses what costs something and what security teams ask for, where the other fields leave it open: all five
	// control plane logs, kept for a year, and beyond the stack as Cluster.RetainLogs says, deletion protection, a KMS key for
	// the nodes' volumes, Pod identities confined to the cluster, and a disruption budget for the controller; in the network
	// that is made with it, flow logs, a closed default security group and endpoint policies. docs/controls.md has which
	// control each meets.
	// Default: false.
	Hardened bool

	// Deletable leaves out the deletion protection of Hardened: deploy with it before you destroy the stack.
	// Default: false.
	Deletable bool
}

// Platform is an IPv6 EKS platform in one stack. Its outputs are the ids and ranges of the network, the cluster's name,
// endpoint and service range, and the command that points kubectl at it.
type Platform struct {
	// Stack has all of it. What is added goes there too, or into stacks of their own.
	Stack awscdk.Stack
	// Vpc is the network.
	Vpc *dualstack.Vpc
	// Cluster is the EKS cluster.
	Cluster *ipv6eks.Cluster
	// Nodes is the first node group.
	Nodes *ipv6eks.NodeGroup
	// Controller is the AWS Load Balancer Controller. Charts of Cluster.NewChart wait for it.
	Controller *lbc.Controller
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *PlatformProps) Validate() error {
	var bad problems.List
	jsiix.Value(p).check(&bad)
	return bad.Err()
}

func (p PlatformProps) check(bad *problems.List) {
	bad.In("Network").Join(p.Network.Validate())
	p.Workload.check(bad)
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (w *Workload) Validate() error {
	var bad problems.List
	jsiix.Value(w).check(&bad)
	return bad.Err()
}

func (w Workload) check(bad *problems.List) {
	if (w.KubectlLayerPath == "") != (w.KubectlVersion == "") {
		bad.Add("KubectlLayerPath", "%q with KubectlVersion %q: want both, or neither", w.KubectlLayerPath, w.KubectlVersion)
	}
	if w.Cluster.Kubectl.Layer != nil || w.Cluster.Vpc != nil {
		bad.Add("Cluster.Vpc, Cluster.Kubectl", "they are filled in here: leave them out, or compose the constructs yourself")
	}
	if w.Controller.Cluster != nil {
		bad.Add("Controller.Cluster", "it is filled in here: leave it out, or compose the constructs yourself")
	}
	if w.Deletable && w.Cluster.DeletionProtection {
		bad.Add("Deletable", "true with Cluster.DeletionProtection: want one of the two")
	}
	if w.Deletable && !w.Hardened {
		bad.Add("Deletable", "true without Hardened: a cluster without deletion protection is deletable: leave it out, or leave out Cluster.DeletionProtection")
	}
	cluster := cmp.Or(w.Cluster.Version, ipv6eks.DefaultVersion)
	bad.In("Cluster").Join(w.Cluster.Validate())
	w.checkKubectl(bad, cluster)
	bad.In("Nodes").Join(w.Nodes.Validate())
	bad.In("Nodes").Join(ipv6eks.CheckNodeSkew(w.Nodes.Version, cluster))
	bad.In("Controller").Join(w.Controller.ValidateFor(cluster))
}

// checkKubectl checks that there is a kubectl for the cluster's version.
func (w Workload) checkKubectl(bad *problems.List, cluster string) {
	if w.KubectlVersion != "" {
		bad.In("Cluster").Join(ipv6eks.CheckSkew(w.KubectlVersion, cluster))
		return
	}
	if ipv6eks.CheckSkew(kubectllayer.Version, cluster) == nil || !slices.Contains(ipv6eks.Versions(), cluster) {
		return
	}
	if _, npm := kubectllayer.NpmPath(cluster); npm != nil {
		bad.Add("KubectlLayerPath", "missing, and the built-in layer does not serve Kubernetes %s: %w", cluster, npm)
	}
}

// NewPlatform makes a [Platform]. props may be nil. It panics with the error of [PlatformProps.Validate].
func NewPlatform(scope constructs.Construct, id string, props *PlatformProps) *Platform {
	if err := props.Validate(); err != nil {
		panic(fmt.Errorf("stacks.NewPlatform %s: %w", id, err))
	}
	p := jsiix.Value(props)
	stack := awscdk.NewStack(scope, jsiix.Str(id), &p.Stack)
	vpc := dualstack.NewVpc(stack, "Network", network(p.Network, p.Hardened))
	out := &Platform{Stack: stack, Vpc: vpc}
	out.Cluster, out.Nodes, out.Controller = p.Workload.build(stack, vpc)
	networkOutputs(stack, vpc)
	clusterOutputs(stack, out.Cluster)
	return out
}

// network adds what a cluster without IPv4 egress calls, and what Workload.Hardened says.
func network(p dualstack.VpcProps, hardened bool) *dualstack.VpcProps {
	if p.Nat == dualstack.NatNone && p.InterfaceEndpoints == nil {
		p.InterfaceEndpoints = dualstack.EKSEndpoints()
	}
	if hardened {
		p.RestrictDefaultSecurityGroup, p.RestrictEndpoints = true, true
		if p.FlowLogs == nil {
			p.FlowLogs = &dualstack.FlowLogs{Retention: awslogs.RetentionDays_ONE_YEAR}
		}
	}
	return &p
}

// harden does what Hardened says of the workload.
func (w *Workload) harden(scope constructs.Construct) {
	c := &w.Cluster
	if c.LogTypes == nil {
		c.LogTypes = ipv6eks.AllLogTypes()
	}
	if c.LogRetentionDays == 0 {
		c.LogRetentionDays = 365
	}
	c.RetainLogs, c.ConfinePodIdentity, c.DeletionProtection = true, true, !w.Deletable
	if w.Nodes.VolumeKey == nil {
		w.Nodes.VolumeKey = ipv6eks.NewVolumeKey(scope, "VolumeKey")
	}
	if c.EBSDriver && c.VolumeKey == nil {
		c.VolumeKey = w.Nodes.VolumeKey
	}
	w.Controller.DisruptionBudget = true
}

// build makes the cluster, its nodes and its controller in a network.
func (w Workload) build(scope constructs.Construct, vpc *dualstack.Vpc) (*ipv6eks.Cluster, *ipv6eks.NodeGroup, *lbc.Controller) {
	if w.Hardened {
		w.harden(scope)
	}
	cp := w.Cluster
	cp.Vpc = vpc.L2
	if w.KubectlLayerPath != "" {
		cp.Kubectl = kubectllayer.FromPath(scope, "Kubectl", w.KubectlLayerPath, w.KubectlVersion)
	} else {
		cp.Kubectl = kubectllayer.For(scope, "Kubectl", cmp.Or(cp.Version, ipv6eks.DefaultVersion))
	}
	cluster := ipv6eks.NewCluster(scope, "Cluster", &cp)
	nodes := cluster.AddNodeGroup("Nodes", &w.Nodes)
	lp := w.Controller
	lp.Cluster = cluster
	if vpc.Nat == dualstack.NatNone {
		// WAF and Shield have no endpoints in a VPC, and without NAT there is no other way to them over IPv4.
		lp.WithoutWAFAndShield = true
		lp.ImageRepository = cmp.Or(lp.ImageRepository, lbc.DualStackImageRepository)
	}
	return cluster, nodes, lbc.NewController(scope, "LoadBalancerController", &lp)
}
