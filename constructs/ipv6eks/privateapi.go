package ipv6eks

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

func validatePrivateAPI(cidrs []netip.Prefix) error {
	var errs []error
	seen := map[netip.Prefix]bool{}
	for i, c := range cidrs {
		field := fmt.Sprintf("PrivateAPICidrs[%d]", i)
		switch {
		case !c.IsValid() || c.Addr().Is4In6():
			errs = append(errs, fmt.Errorf("%s: invalid prefix: want a range such as 10.8.0.0/16 or 2001:db8::/56", field))
		case c != c.Masked():
			errs = append(errs, fmt.Errorf("%s: %s has host bits set: want %s", field, c, c.Masked()))
		case isWorld(c):
			errs = append(errs, fmt.Errorf("%s: %s is as wide as the world: want the ranges of the networks that come in", field, c))
		case seen[c]:
			errs = append(errs, fmt.Errorf("%s: %s is named twice: want each range once", field, c))
		}
		seen[c] = true
	}
	return errors.Join(errs...)
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
