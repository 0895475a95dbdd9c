// Split synthesizes the network and the cluster as two stacks, for two owners: see README.md beside it.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/examples/internal/options"
	"github.com/eks-ipv6/cdk/stacks"
)

func main() {
	options.Run(func(app awscdk.App, props *stacks.PlatformProps) {
		network := stacks.NewNetwork(app, "Ipv6Network", &stacks.NetworkProps{Network: props.Network, Hardened: props.Hardened})
		stacks.NewCluster(app, "Ipv6Cluster", &stacks.ClusterProps{Network: network, Workload: props.Workload})
	})
}
