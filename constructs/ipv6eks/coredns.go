package ipv6eks

import "github.com/eks-ipv6/cdk/internal/aws"

// corefileIPv6 is EKS's own Corefile (https://github.com/aws/containers-roadmap/issues/2352), but for the upstream: not
// the node's resolv.conf, which names the VPC's resolver by IPv4, but the same resolver by its IPv6 address, which Nitro
// instances and the Pods on them reach
// (https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html). The probes of the add-on's Deployment ask
// for health and ready.
var corefileIPv6 = `.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }
    prometheus :9153
    forward . ` + aws.Resolver6.Addr().String() + `
    cache 30
    loop
    reload
    loadbalance
}
`

// coreDNS is the add-on's configuration, in its own JSON schema. Pods without a way to IPv4 cannot ask the VPC's resolver
// at its IPv4 address, coredns among them.
func (p ClusterProps) coreDNS() map[string]any {
	values := map[string]any{}
	if p.CoreDNSOnFargate {
		values["computeType"] = "Fargate"
	}
	if p.CNI.DisableIPv4Egress {
		values["corefile"] = corefileIPv6
	}
	return values
}
