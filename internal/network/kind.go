package network

// Component is what a packet passes, or what decides over it there.
type Component uint8

// The components. Each is named and mended by its [Kind].
const (
	AtNothing Component = iota
	AtPod
	AtNode
	AtHost
	AtAddress
	AtInstance
	AtNetworkInterface
	AtFunction
	AtDatabase
	AtCache
	AtMountTarget
	AtInternet
	AtService
	AtVPNClient
	AtVPC
	AtRouteTable
	AtSecurityGroup
	AtNetworkACL
	AtInternetGateway
	AtEgressOnlyGateway
	AtNATGateway
	AtDNS64
	AtPeering
	AtTransitGateway
	AtTransitAttachment
	AtTransitTable
	AtEndpoint
	AtEndpointService
	AtALB
	AtNLB
	AtGLB
	AtTargetGroup
	AtControlPlane
	AtPublicEndpoint
	AtVPCCNI
	AtKubeProxy
	AtKubernetesService
	AtNetworkPolicy
	AtController

	lastComponent = AtController
)

var componentNames = [...]string{
	AtPod:               "pod",
	AtNode:              "node",
	AtHost:              "host",
	AtAddress:           "address",
	AtInstance:          "instance",
	AtNetworkInterface:  "interface",
	AtFunction:          "function",
	AtDatabase:          "database",
	AtCache:             "cache",
	AtMountTarget:       "mount target",
	AtInternet:          "internet",
	AtService:           "AWS service",
	AtVPNClient:         "VPN client",
	AtVPC:               "VPC",
	AtRouteTable:        "route table",
	AtSecurityGroup:     "security group",
	AtNetworkACL:        "network ACL",
	AtInternetGateway:   "internet gateway",
	AtEgressOnlyGateway: "egress-only internet gateway",
	AtNATGateway:        "NAT gateway",
	AtDNS64:             "DNS64",
	AtPeering:           "VPC peering connection",
	AtTransitGateway:    "transit gateway",
	AtTransitAttachment: "transit gateway attachment",
	AtTransitTable:      "transit gateway route table",
	AtEndpoint:          "VPC endpoint",
	AtEndpointService:   "VPC endpoint service",
	AtALB:               "application load balancer",
	AtNLB:               "network load balancer",
	AtGLB:               "gateway load balancer",
	AtTargetGroup:       "target group",
	AtControlPlane:      "EKS control plane",
	AtPublicEndpoint:    "EKS public endpoint",
	AtVPCCNI:            "VPC CNI",
	AtKubeProxy:         "kube-proxy",
	AtKubernetesService: "Service",
	AtNetworkPolicy:     "network policy",
	AtController:        "AWS Load Balancer Controller",
}

// String is what readers call the component: "route table", "NAT gateway".
func (c Component) String() string { return componentNames[c] }

var componentFixes = [lastComponent + 1]string{
	AtSecurityGroup:     "allow it in this security group: each address family needs a rule of its own",
	AtNetworkACL:        "allow it in this network ACL, in both directions and with an entry of each address family: answers go to the ports 1024 to 65535",
	AtInternetGateway:   "attach the internet gateway to the VPC, and give what is behind it a public address; in private subnets, route 0.0.0.0/0 to a NAT gateway instead",
	AtEgressOnlyGateway: "attach it to this VPC, route only IPv6 (::/0) to it, and IPv4 (0.0.0.0/0) to a NAT gateway",
	AtNATGateway:        "put it into a public subnet of this VPC, whose table routes 0.0.0.0/0 to the internet gateway, and route only IPv4 to it",
	AtVPCCNI:            "install the vpc-cni add-on before the nodes, and leave ENABLE_V4_EGRESS at its default true",
	AtPeering:           "peer the two VPCs themselves, with IPv4 ranges that do not overlap; otherwise use PrivateLink",
	AtTransitAttachment: "attach every zone's subnets, with Options {Ipv6Support: enable}, and associate the attachment with a route table",
	AtTransitTable:      "propagate the attachment of the other VPC into this table, or route its IPv4 and IPv6 ranges to it",
	AtEndpointService:   "offer ipv4 and ipv6 in SupportedIpAddressTypes, in front of a dualstack load balancer",
	AtTargetGroup:       "use target type ip with IpAddressType ipv6, behind a dualstack load balancer",
	AtALB:               "make it dualstack, in subnets of both address families, with a listener on the port",
	AtNLB:               "make it dualstack, in subnets of both address families, with a listener on the port",
	AtController:        "give the controller what it looks for: public subnets tagged kubernetes.io/role/elb, private ones kubernetes.io/role/internal-elb, and ip targets with address type dualstack",
	AtPublicEndpoint:    "set EndpointPrivateAccess: true, or name the clients' ranges of both families in PublicAccessCidrs",
	AtNode:              "give the subnets of the nodes an IPv4 and an IPv6 range, and have instances get an address of each",
	AtKubeProxy:         "install the kube-proxy add-on",
	AtVPC:               "attach an internet gateway to the VPC",
}

// Fix is what to do about packets that get no further at the component; "" where there is no one thing to do.
func (c Component) Fix() string { return componentFixes[c] }

// Components are all components.
func Components() (out []Component) {
	for c := AtNothing + 1; c <= lastComponent; c++ {
		out = append(out, c)
	}
	return out
}
