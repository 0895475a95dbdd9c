package stacks

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// PlatformProps are the choices of a [Platform], those of its parts.
type PlatformProps struct {
	// Stack is for the stock stack: environment, name, tags, termination protection.
	// Default: an environment-agnostic stack, which needs no account at synth.
	Stack awscdk.StackProps

	// Network is the VPC. With NatNone, S3's gateway endpoint and those of dualstack.EksEndpoints are added, unless
	// InterfaceEndpoints names others.
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

	// KubectlLayerPath is a folder or zip file with another kubectl and helm than the built-in layer's, and
	// KubectlVersion its kubectl's minor version, such as 1.36.
	// Default: kubectllayer.New, which serves Kubernetes 1.33 to 1.35.
	KubectlLayerPath, KubectlVersion string

	// Nodes is the first node group. Add more with Cluster.AddNodeGroup.
	// Default: see ipv6eks.NodeGroupProps.
	Nodes ipv6eks.NodeGroupProps

	// Controller is the AWS Load Balancer Controller. Cluster is filled in.
	// Default: see lbc.ControllerProps.
	Controller lbc.ControllerProps
}

// Platform is an IPv6 EKS platform in one stack. Its outputs are the ids and ranges of the network, the cluster's name,
// endpoint and service range, and the command that points kubectl at it.
type Platform struct {
	Stack      awscdk.Stack
	Vpc        *dualstack.Vpc
	Cluster    *ipv6eks.Cluster
	Nodes      *ipv6eks.NodeGroup
	Controller *lbc.Controller
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *PlatformProps) Validate() error {
	v := jsiix.Value(p)
	return errors.Join(prefixed("Network", v.Network.Validate()), v.Workload.Validate())
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (w Workload) Validate() error {
	var errs []error
	if (w.KubectlLayerPath == "") != (w.KubectlVersion == "") {
		errs = append(errs, fmt.Errorf("KubectlLayerPath: %q with KubectlVersion %q: want both, or neither", w.KubectlLayerPath, w.KubectlVersion))
	}
	if w.Cluster.Kubectl.Layer != nil || w.Cluster.Vpc != nil {
		errs = append(errs, errors.New("Cluster.Vpc, Cluster.Kubectl: they are filled in here: leave them out, or compose the constructs yourself"))
	}
	version := w.KubectlVersion
	if version == "" {
		version = kubectllayer.Version
	}
	cluster := w.Cluster.Version
	if cluster == "" {
		cluster = ipv6eks.DefaultVersion
	}
	errs = append(errs, prefixed("Cluster", w.Cluster.Validate()), prefixed("Cluster", ipv6eks.CheckSkew(version, cluster)),
		prefixed("Nodes", w.Nodes.Validate()), prefixed("Controller", w.Controller.Validate(cluster)))
	return errors.Join(errs...)
}

// prefixed puts the name of a part before each of its errors.
func prefixed(part string, err error) error {
	if err == nil {
		return nil
	}
	var errs []error
	var walk func(error)
	walk = func(e error) {
		if joined, ok := e.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				walk(e)
			}
			return
		}
		errs = append(errs, fmt.Errorf("%s.%w", part, e))
	}
	walk(err)
	return errors.Join(errs...)
}

// NewPlatform makes a [Platform]. props may be nil. It panics with the error of [PlatformProps.Validate].
func NewPlatform(scope constructs.Construct, id string, props *PlatformProps) *Platform {
	if err := props.Validate(); err != nil {
		panic(fmt.Errorf("stacks.NewPlatform %s: %w", id, err))
	}
	p := jsiix.Value(props)
	stack := awscdk.NewStack(scope, jsiix.Str(id), &p.Stack)
	vpc := dualstack.NewVpc(stack, "Network", withEndpoints(p.Network))
	out := &Platform{Stack: stack, Vpc: vpc}
	out.Cluster, out.Nodes, out.Controller = p.Workload.build(stack, vpc)
	networkOutputs(stack, vpc)
	clusterOutputs(stack, out.Cluster)
	return out
}

// withEndpoints adds what a cluster without IPv4 egress calls.
func withEndpoints(p dualstack.VpcProps) *dualstack.VpcProps {
	if p.Nat == dualstack.NatNone && p.InterfaceEndpoints == nil {
		p.GatewayEndpoints = max(p.GatewayEndpoints, dualstack.GatewayS3)
		p.InterfaceEndpoints = dualstack.EksEndpoints()
	}
	return &p
}

// build makes the cluster, its nodes and its controller in a network.
func (w Workload) build(scope constructs.Construct, vpc *dualstack.Vpc) (*ipv6eks.Cluster, *ipv6eks.NodeGroup, *lbc.Controller) {
	cp := w.Cluster
	cp.Vpc = vpc.Vpc
	if w.KubectlLayerPath != "" {
		cp.Kubectl = kubectllayer.FromPath(scope, "Kubectl", w.KubectlLayerPath, w.KubectlVersion)
	} else {
		cp.Kubectl = kubectllayer.New(scope, "Kubectl")
	}
	cluster := ipv6eks.NewCluster(scope, "Cluster", &cp)
	nodes := cluster.AddNodeGroup("Nodes", &w.Nodes)
	lp := w.Controller
	lp.Cluster = cluster
	// WAF and Shield have no endpoints in a VPC, and without NAT there is no other way to them over IPv4.
	lp.WithoutWAFAndShield = lp.WithoutWAFAndShield || vpc.Nat == dualstack.NatNone
	return cluster, nodes, lbc.NewController(scope, "LoadBalancerController", &lp)
}
