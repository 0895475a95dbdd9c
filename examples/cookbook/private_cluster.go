package cookbook

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/stacks"
)

// PrivateCluster has no NAT gateway and no public API endpoint; people come in by Session Manager.
func PrivateCluster(app awscdk.App) {
	stacks.NewPlatform(app, "Platform", &stacks.PlatformProps{
		Network: dualstack.VpcProps{
			Nat: dualstack.NatNone, AcknowledgeNoIPv4Egress: true,
			InterfaceEndpoints: append(dualstack.EKSEndpoints(),
				dualstack.InterfaceEndpoint{Service: "ssm"}, dualstack.InterfaceEndpoint{Service: "ssmmessages"}),
		},
		Workload: stacks.Workload{
			Cluster: ipv6eks.ClusterProps{Access: []ipv6eks.Access{
				{Principal: "arn:aws:iam::111122223333:role/OnCall", Right: ipv6eks.AdminView},
			}},
			Nodes: ipv6eks.NodeGroupProps{SessionManager: true},
		},
	})
}
