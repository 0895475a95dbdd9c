// Package ipv6eks builds an EKS cluster whose Pods and Services live on IPv6, with the VPC CNI wired so that
// nodes come up the first time.
//
// An IPv6 cluster fails in ways that an IPv4 cluster does not: the CNI needs a policy that AWS does not manage,
// it must have it before the first node joins, non-Nitro instances never become ready, and a security group that
// lets out IPv4 only cuts Pods off. [NewCluster] settles all of that, in this order of creation:
//
//	network, KMS key, log group
//	└─ cluster: ipFamily ipv6, API access entries, private endpoint
//	   ├─ eks-pod-identity-agent, kube-proxy
//	   ├─ role of aws-node, bound by Pod Identity
//	   ├─ vpc-cni
//	   └─ node groups (private subnets, IMDSv2, encrypted disks)
//	      └─ coredns, metrics-server, add-ons of AddAddon
//	         └─ the load balancer controller, and charts of NewChart after it
//
// The Pods' way to IPv4-only hosts is the VPC CNI's: each Pod has a node-local address out of 169.254.172.0/22
// that the node translates to its own. See [CNIOptions.DisableIPv4Egress].
//
// Applications may be in stacks of their own: [FromClusterAttributes] is a cluster that is there already.
//
// What EKS refuses on IPv6 is refused here before anything is synthesized: the service IPv4 range, Outposts,
// hybrid nodes, the China Regions, Windows and non-Nitro nodes, and CNI settings with which ipamd does not start.
package ipv6eks
