package ipv6eks

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

var _ awsec2.IConnectable = (*Cluster)(nil)

// Connections makes the cluster an awsec2.IConnectable, so that security groups of others let its Pods and nodes in:
//
//	database.Connections().AllowDefaultPortFrom(cluster, jsii.String("Pods"))
//
// Pods have their node's groups, of which the cluster security group is one; the default port is that of the Kubernetes API. Of
// a cluster of FromClusterAttributes, SecurityGroupID must be known.
func (c *Cluster) Connections() awsec2.Connections {
	if err := c.checkGroup(true); err != nil {
		panic(fmt.Errorf("ipv6eks.Cluster.Connections %s: %w", *c.Construct.Node().Path(), err))
	}
	if c.connections == nil {
		c.connections = awsec2.NewConnections(&awsec2.ConnectionsProps{
			SecurityGroups: jsiix.List(c.L2.ClusterSecurityGroup()), DefaultPort: awsec2.Port_Tcp(jsiix.Num(443)),
		})
	}
	return c.connections
}
