package stacks

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// NetworkProps are the choices of a [Network].
type NetworkProps struct {
	// Stack is for the stock stack.
	// Default: an environment-agnostic stack.
	Stack awscdk.StackProps
	// Network is the VPC. With NatNone, the endpoints of dualstack.EKSEndpoints are added, unless InterfaceEndpoints names
	// others.
	// Default: see dualstack.VpcProps.
	Network dualstack.VpcProps
	// Hardened adds flow logs, a closed default security group and endpoint policies, as Workload.Hardened does.
	// Default: false.
	Hardened bool
}

// Network is a dual-stack VPC in a stack of its own.
type Network struct {
	// Stack has the VPC and nothing else.
	Stack awscdk.Stack
	// Vpc is the VPC.
	Vpc *dualstack.Vpc
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *NetworkProps) Validate() error {
	var bad problems.List
	v := jsiix.Value(p)
	bad.In("Network").Join(v.Network.Validate())
	return bad.Err()
}

// NewNetwork makes a [Network]. props may be nil. It panics with the error of [NetworkProps.Validate].
func NewNetwork(scope constructs.Construct, id string, props *NetworkProps) *Network {
	if err := props.Validate(); err != nil {
		panic(fmt.Errorf("stacks.NewNetwork %s: %w", id, err))
	}
	p := jsiix.Value(props)
	stack := awscdk.NewStack(scope, jsiix.Str(id), &p.Stack)
	n := &Network{Stack: stack, Vpc: dualstack.NewVpc(stack, "Network", network(p.Network, p.Hardened))}
	networkOutputs(stack, n.Vpc)
	return n
}

// ClusterProps are the choices of a [Cluster]. Network is required.
type ClusterProps struct {
	// Stack is for the stock stack, in the network's account and Region.
	// Default: an environment-agnostic stack.
	Stack awscdk.StackProps
	// Network is where the cluster goes.
	Network *Network
	// Workload is what runs there.
	// Default: see Workload.
	Workload
}

// Cluster is an IPv6 EKS cluster, its nodes and its controller in a stack of their own. What it takes from the network's
// stack are CloudFormation exports: the network can be neither deleted nor changed in those parts under a living cluster.
type Cluster struct {
	// Stack has the cluster and what runs on it.
	Stack awscdk.Stack
	// Cluster is the EKS cluster.
	Cluster *ipv6eks.Cluster
	// Nodes is the first node group.
	Nodes *ipv6eks.NodeGroup
	// Controller is the AWS Load Balancer Controller. Charts of Cluster.NewChart wait for it.
	Controller *lbc.Controller
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *ClusterProps) Validate() error {
	var bad problems.List
	v := jsiix.Value(p)
	v.Workload.check(&bad)
	if v.Network == nil {
		bad.Add("Network", "missing: want stacks.NewNetwork(…)")
	}
	return bad.Err()
}

// NewCluster makes a [Cluster]. It panics with the error of [ClusterProps.Validate].
func NewCluster(scope constructs.Construct, id string, props *ClusterProps) *Cluster {
	if err := props.Validate(); err != nil {
		panic(fmt.Errorf("stacks.NewCluster %s: %w", id, err))
	}
	p := jsiix.Value(props)
	stack := awscdk.NewStack(scope, jsiix.Str(id), &p.Stack)
	// CDK's newer default lets a producer change under its consumers: https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/README.md#reference-strength
	stack.Node().SetContext(jsiix.Str("@aws-cdk/core:defaultCrossStackReferences"), "strong")
	out := &Cluster{Stack: stack}
	out.Cluster, out.Nodes, out.Controller = p.Workload.build(stack, p.Network.Vpc)
	clusterOutputs(stack, out.Cluster)
	return out
}
