package ipv6eks

import (
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

func checkPrivateAPI(bad *problems.List, cidrs []netip.Prefix) {
	checkRanges(bad, "PrivateAPICidrs", cidrs, "10.8.0.0/16 or 2001:db8::/56", func(c netip.Prefix) string {
		if aws.Wide(c) {
			return "is as wide as the world: want the ranges of the networks that come in"
		}
		return ""
	})
}

// openPrivateAPI lets ranges reach the control plane's interfaces.
func (c *Cluster) openPrivateAPI(cidrs []netip.Prefix) {
	for _, r := range cidrs {
		peer := awsec2.Peer_Ipv4
		if r.Addr().Is6() {
			peer = awsec2.Peer_Ipv6
		}
		c.ControlPlaneSecurityGroup.AddIngressRule(peer(jsiix.Str(r.String())), awsec2.Port_Tcp(jsiix.Num(443)), jsiix.Str("Kubernetes API from a joined network"), nil)
	}
}
