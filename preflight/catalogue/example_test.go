package catalogue_test

import (
	"fmt"

	"github.com/eks-ipv6/cdk/preflight/catalogue"
)

// The table is what [flow.Network.Check] asks of a network.
func Example() {
	for _, f := range catalogue.Flows[:4] {
		fmt.Println(f.ID, f.Title)
	}
	// Output:
	// F1 Pod to Pod in the cluster
	// F2 Pod to Service ClusterIP
	// F3 Pod to an IPv6 internet host
	// F4 Pod to an IPv4 internet host
}
