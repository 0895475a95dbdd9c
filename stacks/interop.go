package stacks

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// Join is how clients and the IPv6 cluster are joined.
type Join int

const (
	// JoinPeering joins two VPCs whose IPv4 ranges do not overlap, without a price of its own. It is not transitive: each
	// further VPC needs a connection with each other one
	// (https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html).
	JoinPeering Join = iota
	// JoinTransitGateway joins two VPCs by a hub that further ones, VPNs and Direct Connect gateways can join. Their IPv4
	// ranges must not overlap (https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html).
	JoinTransitGateway
	// JoinPrivateLink gives clients one address in their own VPC for one service, whatever their IPv4 range: it may be that
	// of the cluster's VPC. Nothing else is joined, and nothing can be called the other way
	// (https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-share-your-services.html).
	JoinPrivateLink
	// JoinSameVpc has an IPv4 and an IPv6 cluster side by side in one VPC, as during a migration.
	JoinSameVpc
)

var joins = map[Join]string{JoinPeering: "peering", JoinTransitGateway: "transit-gateway", JoinPrivateLink: "privatelink", JoinSameVpc: "same-vpc"}

// String is the join as the example's context spells it: peering, transit-gateway, privatelink or same-vpc.
func (j Join) String() string {
	if s, ok := joins[j]; ok {
		return s
	}
	return fmt.Sprintf("Join(%d)", int(j))
}

// Joins are all of them, in order.
func Joins() []Join { return slices.Sorted(maps.Keys(joins)) }

// ParseJoin reads what [Join.String] writes.
func ParseJoin(s string) (Join, error) {
	return parse(Joins(), s)
}

// ClientKind is what calls the IPv6 cluster's service.
type ClientKind int

const (
	// ClientHosts are hosts of private subnets: instances, databases, functions of your own. The VPC has no way to the
	// internet.
	ClientHosts ClientKind = iota + 1
	// ClientIPv4Cluster is an IPv4 EKS cluster of the stock construct, with a node group.
	ClientIPv4Cluster
	// ClientIPv6Cluster is a second IPv6 cluster, in a dual-stack VPC.
	ClientIPv6Cluster
)

var clientKinds = map[ClientKind]string{ClientHosts: "hosts", ClientIPv4Cluster: "ipv4-cluster", ClientIPv6Cluster: "ipv6-cluster"}

// String is the kind as the example's context spells it: hosts, ipv4-cluster or ipv6-cluster.
func (k ClientKind) String() string {
	if s, ok := clientKinds[k]; ok {
		return s
	}
	return fmt.Sprintf("ClientKind(%d)", int(k))
}

// ClientKinds are all of them, in order.
func ClientKinds() []ClientKind { return slices.Sorted(maps.Keys(clientKinds)) }

// ParseClientKind reads what [ClientKind.String] writes.
func ParseClientKind(s string) (ClientKind, error) {
	return parse(ClientKinds(), s)
}

func parse[T fmt.Stringer](all []T, s string) (T, error) {
	names := make([]string, len(all))
	for i, v := range all {
		if names[i] = v.String(); names[i] == s {
			return v, nil
		}
	}
	var zero T
	last := len(names) - 1
	return zero, fmt.Errorf("%q: want %s or %s", s, strings.Join(names[:last], ", "), names[last])
}

// InteropProps are the choices of an [Interop], those of its parts. The zero value is an IPv6 cluster and a VPC of IPv4
// hosts, joined by peering.
type InteropProps struct {
	// Stack is for the stock stack.
	// Default: an environment-agnostic stack.
	Stack awscdk.StackProps

	// Network is the IPv6 cluster's VPC.
	// Default: see dualstack.VpcProps, with endpoints as PlatformProps.Network has them.
	Network dualstack.VpcProps

	// Workload is the IPv6 cluster.
	// Default: see Workload.
	Workload

	// Join is how clients come to it.
	// Default: JoinPeering.
	Join Join

	// Clients are on the other side.
	// Default: see ClientProps.
	Clients ClientProps

	// Bridge is the internal load balancer in front of the service that clients call. Cluster and Controller are filled in,
	// both VPCs may connect, and with JoinPrivateLink CrossZone is on. With a Service of your own, name it and its Ports.
	// Default: port 80 of an expose.Echo, made here, in the namespace echo. Ports without a Service lead to the echo, and a
	// Namespace without one is the echo's.
	Bridge expose.BoundNLBProps
}

// ClientProps are the choices of the clients' side.
type ClientProps struct {
	// Kind is what there is.
	// Default: ClientHosts, or ClientIPv4Cluster with JoinSameVpc.
	Kind ClientKind

	// Cidr is the IPv4 range of the clients' VPC, as dualstack.VpcProps takes it. Its subnets are in the zones of Network.
	// Default: 10.1.0.0/16.
	Cidr netip.Prefix

	// DualStack gives the clients' VPC IPv6 too: what is there may then call over both families. A ClientIPv6Cluster has
	// it in any case.
	// Default: false, IPv4 only.
	DualStack bool
}

// Interop is an IPv6 cluster, clients beyond its boundary, and what joins them, in one stack: a join belongs to both sides
// (docs/adr/0006). Its outputs are those of a platform, the clients' VPC, and the name that clients connect to.
type Interop struct {
	// Stack has both sides.
	Stack awscdk.Stack
	// Vpc is the IPv6 cluster's.
	Vpc *dualstack.Vpc
	// Cluster is the IPv6 cluster.
	Cluster *ipv6eks.Cluster
	// Nodes is its first node group.
	Nodes *ipv6eks.NodeGroup
	// Controller is its AWS Load Balancer Controller.
	Controller *lbc.Controller
	// Bridge is the internal dual-stack load balancer: clients reach it over IPv4, it reaches the Pods over IPv6.
	Bridge *expose.BoundNLB
	// Echo is the service behind it, or nil when Bridge named another.
	Echo *expose.Echo
	// Clients are on the other side.
	Clients Clients
	// Peering is JoinPeering's, or nil.
	Peering awsec2.CfnVPCPeeringConnection
	// TransitGateway is JoinTransitGateway's, or nil.
	TransitGateway awsec2.CfnTransitGateway
	// EndpointService offers the bridge with JoinPrivateLink, or is nil.
	EndpointService awsec2.VpcEndpointService
	// Endpoint is where the clients find it with JoinPrivateLink, or nil.
	Endpoint awsec2.InterfaceVpcEndpoint
}

// Clients are what calls the service.
type Clients struct {
	// Vpc is where they are: the cluster's own with JoinSameVpc.
	Vpc awsec2.Vpc
	// DualStack is Vpc when that has IPv6, else nil.
	DualStack *dualstack.Vpc
	// Subnets are private, in the order of their zones.
	Subnets []awsec2.ISubnet
	// IPv4Cluster is that of ClientIPv4Cluster, or nil.
	IPv4Cluster awseksv2.Cluster
	// IPv6Cluster is that of ClientIPv6Cluster, or nil.
	IPv6Cluster *ipv6eks.Cluster
}

const (
	// podPort is where Pods of two clusters may call each other without a load balancer, and where the echo's listen.
	podPort = 8080
	// bridgeName is the echo's Service, and its namespace.
	bridgeName = "echo"
	// echoPort is the port of the echo's Service.
	echoPort = 80
)

var defaultClientCidr = netip.MustParsePrefix("10.1.0.0/16")

func (p *InteropProps) withDefaults() InteropProps {
	out := jsiix.Value(p)
	c := &out.Clients
	if c.Kind == 0 {
		if c.Kind = ClientHosts; out.Join == JoinSameVpc {
			c.Kind = ClientIPv4Cluster
		}
	}
	if !c.Cidr.IsValid() && out.Join != JoinSameVpc {
		c.Cidr = defaultClientCidr
	}
	c.DualStack = c.DualStack || c.Kind == ClientIPv6Cluster
	if out.needsEcho() {
		out.Bridge.Namespace, out.Bridge.Service = cmp.Or(out.Bridge.Namespace, bridgeName), bridgeName
		if out.Bridge.Ports == nil {
			out.Bridge.Ports = []expose.BoundPort{{Port: echoPort}}
		}
		out.Bridge.Ports = slices.Clone(out.Bridge.Ports)
		for i := range out.Bridge.Ports {
			b := &out.Bridge.Ports[i]
			b.ServicePort, b.TargetPort = cmp.Or(b.ServicePort, echoPort), cmp.Or(b.TargetPort, podPort)
		}
	}
	return out
}

// needsEcho tells, before defaults, that no Service was named.
func (p InteropProps) needsEcho() bool { return p.Bridge.Service == "" }

// cidr is the network's primary IPv4 range.
func (p InteropProps) cidr() netip.Prefix {
	if p.Network.Cidr.IsValid() {
		return p.Network.Cidr
	}
	return netip.MustParsePrefix("10.0.0.0/16")
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *InteropProps) Validate() error {
	_, err := p.resolve()
	return err
}

// resolve is the choices with every default written out, or what is wrong with them.
func (p *InteropProps) resolve() (InteropProps, error) {
	v := p.withDefaults()
	var bad problems.List
	bad.In("Network").Join(v.Network.Validate())
	v.Workload.check(&bad)
	v.checkJoin(&bad, jsiix.Value(p).Clients)
	v.checkBridge(&bad)
	if given := jsiix.Value(p); given.needsEcho() {
		for i, b := range v.Bridge.Ports {
			if b.UDP {
				bad.At("Bridge.Ports", i).Add("UDP", "true without Bridge.Service: the echo speaks TCP: want a Service of your own, or TCP")
			}
		}
	}
	return v, bad.Err()
}

// checkJoin checks how clients come to the cluster, and what was given of them.
func (p InteropProps) checkJoin(bad *problems.List, given ClientProps) {
	if _, ok := joins[p.Join]; !ok {
		bad.Add("Join", "%v: want JoinPeering, JoinTransitGateway, JoinPrivateLink or JoinSameVpc", p.Join)
	}
	if _, ok := clientKinds[p.Clients.Kind]; !ok {
		bad.Add("Clients.Kind", "%v: want ClientHosts, ClientIPv4Cluster or ClientIPv6Cluster", p.Clients.Kind)
	}
	if p.Join != JoinSameVpc {
		p.checkClientCidr(bad)
		return
	}
	if p.Clients.Kind != ClientIPv4Cluster {
		bad.Add("Clients.Kind", "%v with JoinSameVpc: want ClientIPv4Cluster: hosts of your own go into Vpc's subnets, and a second IPv6 cluster needs no bridge there", p.Clients.Kind)
	}
	if given.Cidr.IsValid() || given.DualStack {
		bad.Add("Clients.Cidr, Clients.DualStack", "given with JoinSameVpc, where the clients are in Network: leave them out")
	}
}

func (p InteropProps) checkBridge(bad *problems.List) {
	b := p.Bridge
	if b.Cluster != nil || b.Controller != nil || b.ClientVpcs != nil || b.Inbound.ClusterVpc || b.Inbound.Families != expose.BothFamilies {
		bad.Add("Bridge.Cluster, Bridge.Controller, Bridge.ClientVpcs, Bridge.Inbound.ClusterVpc, Bridge.Inbound.Families", "they are filled in here: leave them out")
	}
	if b.Scheme != expose.Internal {
		bad.Add("Bridge.Scheme", "%v: the bridge is for clients in VPCs: want Internal, and expose.NewBoundNLB for another load balancer", b.Scheme)
	}
	b.Scheme, b.Inbound.ClusterVpc, b.Inbound.Families = expose.Internal, true, expose.BothFamilies
	bad.In("Bridge").Join(b.Validate())
}

func (p InteropProps) checkClientCidr(bad *problems.List) {
	c := p.Clients.Cidr
	if _, err := dualstack.NewPlan(c); err != nil {
		bad.In("Clients").Join(err)
		return
	}
	if p.Join == JoinPrivateLink {
		return
	}
	why := map[Join]string{
		// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-limitations
		JoinPeering: "AWS peers no VPCs with overlapping IPv4 ranges, even where only IPv6 is routed",
		// https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html
		JoinTransitGateway: "packets for the overlap would never leave their own VPC for the transit gateway",
	}[p.Join]
	for _, r := range append([]netip.Prefix{p.cidr()}, p.Network.SecondaryCidrs...) {
		if r.IsValid() && r.Overlaps(c) {
			bad.Add("Clients.Cidr", "%s overlaps %s of Network: %s: want another range, or JoinPrivateLink", c, r, why)
		}
	}
}

// NewInterop makes an [Interop]. props may be nil. It panics with the error of [InteropProps.Validate].
func NewInterop(scope constructs.Construct, id string, props *InteropProps) *Interop {
	p, err := props.resolve()
	if err != nil {
		panic(fmt.Errorf("stacks.NewInterop %s: %w", id, err))
	}
	stack := awscdk.NewStack(scope, jsiix.Str(id), &p.Stack)
	out := &Interop{Stack: stack, Vpc: dualstack.NewVpc(stack, "Network", network(p.Network, p.Hardened))}
	out.Cluster, out.Nodes, out.Controller = p.Workload.build(stack, out.Vpc)
	out.addClients(p)
	out.addBridge(p)
	if jsiix.Value(props).needsEcho() {
		out.Echo = expose.NewEcho(stack, "Echo", &expose.EchoProps{Cluster: out.Cluster, Controller: out.Controller, Namespace: p.Bridge.Namespace})
		out.Bridge.BindAfter(out.Echo.Manifest)
	}
	switch p.Join {
	case JoinPeering:
		out.peer()
	case JoinTransitGateway:
		out.transit()
	case JoinPrivateLink:
		out.privateLink(p)
	case JoinSameVpc: // nothing is between them
	}
	out.openPods(p)
	networkOutputs(stack, out.Vpc)
	clusterOutputs(stack, out.Cluster)
	if p.Join != JoinSameVpc {
		output(stack, "ClientVpcId", "The clients' VPC", out.Clients.Vpc.VpcId())
	}
	output(stack, "ServiceName", "What clients connect to", out.name())
	return out
}

// name is what clients connect to: the load balancer's name, or that of the endpoint in their own VPC.
func (i *Interop) name() *string {
	if i.Endpoint == nil {
		return jsiix.Str(i.Bridge.DNSName())
	}
	// Each entry is ZONE:NAME, the first one that of all zones.
	entry := awscdk.Fn_Select(jsiix.Num(0), i.Endpoint.VpcEndpointDnsEntries())
	return awscdk.Fn_Select(jsiix.Num(1), awscdk.Fn_Split(jsiix.Str(":"), entry, nil))
}

// addClients makes the other side.
func (i *Interop) addClients(p InteropProps) {
	c := &i.Clients
	switch {
	case p.Join == JoinSameVpc:
		c.Vpc, c.DualStack, c.Subnets = i.Vpc.L2, i.Vpc, i.Vpc.PrivateSubnets
	case p.Clients.DualStack:
		np := dualstack.VpcProps{Cidr: p.Clients.Cidr, Azs: p.Network.Azs, AvailabilityZones: p.Network.AvailabilityZones}
		if p.Clients.Kind == ClientHosts {
			np.Nat, np.AcknowledgeNoIPv4Egress, np.GatewayEndpoints = dualstack.NatNone, true, dualstack.GatewayNone
		}
		c.DualStack = dualstack.NewVpc(i.Stack, "ClientNetwork", &np)
		c.Vpc, c.Subnets = c.DualStack.L2, c.DualStack.PrivateSubnets
	default:
		c.Vpc = ipv4Vpc(i.Stack, i.Vpc, p.Clients)
		c.Subnets = *c.Vpc.PrivateSubnets()
		if p.Clients.Kind == ClientHosts {
			c.Subnets = *c.Vpc.IsolatedSubnets()
		}
	}
	switch p.Clients.Kind {
	case ClientIPv4Cluster:
		c.IPv4Cluster = ipv4Cluster(i.Stack, c, i.Cluster.Version)
	case ClientIPv6Cluster:
		c.IPv6Cluster = ipv6eks.NewCluster(i.Stack, "ClientCluster", &ipv6eks.ClusterProps{Vpc: c.Vpc, Version: i.Cluster.Version})
		c.IPv6Cluster.AddNodeGroup("Nodes", nil)
	case ClientHosts: // they are the user's
	}
}

// ipv4Vpc is a VPC without IPv6, by the stock construct, in the zones of the network. Room is kept for the zones that
// dualstack.MaxAzs allows, so that a further one moves no subnet.
func ipv4Vpc(scope constructs.Construct, network *dualstack.Vpc, p ClientProps) awsec2.Vpc {
	zones := network.L2.AvailabilityZones()
	subnet := func(name string, t awsec2.SubnetType) *awsec2.SubnetConfiguration {
		return &awsec2.SubnetConfiguration{Name: jsiix.Str(name), SubnetType: t, CidrMask: jsiix.Num(p.Cidr.Bits() + 4)}
	}
	vp := &awsec2.VpcProps{
		IpAddresses:       awsec2.IpAddresses_Cidr(jsiix.Str(p.Cidr.String())),
		AvailabilityZones: zones, ReservedAzs: jsiix.Num(dualstack.MaxAzs - len(*zones)),
		RestrictDefaultSecurityGroup: jsiix.Bool(false),
	}
	if p.Kind == ClientHosts {
		vp.SubnetConfiguration = jsiix.List(subnet("Hosts", awsec2.SubnetType_PRIVATE_ISOLATED))
	} else {
		vp.SubnetConfiguration = jsiix.List(subnet("Private", awsec2.SubnetType_PRIVATE_WITH_EGRESS), subnet("Public", awsec2.SubnetType_PUBLIC))
	}
	return awsec2.NewVpc(scope, jsiix.Str("ClientNetwork"), vp)
}

// ipv4Cluster is what many have today: the stock construct's IPv4 cluster, in private subnets.
func ipv4Cluster(scope constructs.Construct, c *Clients, version string) awseksv2.Cluster {
	two := c.Subnets[:2]
	cluster := awseksv2.NewCluster(scope, jsiix.Str("ClientCluster"), &awseksv2.ClusterProps{
		Version: awseksv2.KubernetesVersion_Of(jsiix.Str(version)), Vpc: c.Vpc,
		VpcSubnets:     jsiix.List(&awsec2.SubnetSelection{Subnets: &two}),
		EndpointAccess: awseksv2.EndpointAccess_PRIVATE(),
		SecurityGroup: awsec2.NewSecurityGroup(scope, jsiix.Str("ClientControlPlane"), &awsec2.SecurityGroupProps{
			Vpc: c.Vpc, Description: jsiix.Str("Control plane of the IPv4 cluster"),
			AllowAllOutbound: jsiix.Bool(true), AllowAllIpv6Outbound: jsiix.Bool(true),
		}),
		IpFamily:        awseksv2.IpFamily_IP_V4,
		DefaultCapacity: jsiix.Num(0), DefaultCapacityType: awseksv2.DefaultCapacityType_NODEGROUP,
		BootstrapClusterCreatorAdminPermissions: jsiix.Bool(false),
		OutputConfigCommand:                     jsiix.Bool(false),
	})
	cluster.AddNodegroupCapacity(jsiix.Str("Nodes"), &awseksv2.NodegroupOptions{
		AmiType:       awseksv2.NodegroupAmiType_AL2023_X86_64_STANDARD,
		InstanceTypes: jsiix.List(awsec2.NewInstanceType(jsiix.Str("m6i.large"))),
		Subnets:       &awsec2.SubnetSelection{Subnets: &c.Subnets},
	})
	return cluster
}

// addBridge puts the internal dual-stack load balancer in front of the service. Clients of both VPCs may connect: those of
// the cluster's own can then use the same name.
func (i *Interop) addBridge(p InteropProps) {
	bp := p.Bridge
	bp.Cluster, bp.Controller = i.Cluster, i.Controller
	bp.Inbound.ClusterVpc = true
	// An endpoint's interface sends to the load balancer in its own zone, and a zone may be without a Pod.
	bp.CrossZone = bp.CrossZone || p.Join == JoinPrivateLink
	if c := p.Clients.Cidr; p.Join != JoinSameVpc && c != p.cidr() && !slices.Contains(bp.Inbound.Cidrs, c) { // EC2 refuses a rule twice
		bp.Inbound.Cidrs = append(slices.Clone(bp.Inbound.Cidrs), c)
	}
	i.Bridge = expose.NewBoundNLB(i.Stack, "Bridge", &bp)
	if six := i.Clients.DualStack; six != nil && six != i.Vpc {
		for _, port := range bp.Ports {
			i.Bridge.SecurityGroup.AddIngressRule(awsec2.Peer_Ipv6(jsiix.Str(six.IPv6Cidr())), ec2Port(port), jsiix.Str("clients"), nil)
		}
		i.Bridge.SecurityGroup.Node().AddDependency(six.IPv6Block)
	}
}

func ec2Port(p expose.BoundPort) awsec2.Port {
	if p.UDP {
		return awsec2.Port_Udp(jsiix.Num(p.Port))
	}
	return awsec2.Port_Tcp(jsiix.Num(p.Port))
}

// side is one of two joined VPCs.
type side struct {
	id        string
	vpc       awsec2.Vpc
	dualStack *dualstack.Vpc // nil without IPv6
	subnets   []awsec2.ISubnet
}

// sides are the cluster's VPC and the clients', with the subnets whose tables lead across: private and isolated ones.
func (i *Interop) sides() (network, clients side) {
	c := i.Clients
	return side{"Network", i.Vpc.L2, i.Vpc, slices.Concat(i.Vpc.PrivateSubnets, i.Vpc.IsolatedSubnets)},
		side{"Clients", c.Vpc, c.DualStack, c.Subnets}
}

// routes lead from one side to the other, in every table and in every family that both have.
func (s side) routes(scope constructs.Construct, to side, target func(*awsec2.CfnRouteProps), after ...constructs.IDependable) {
	for n, subnet := range s.subnets {
		route := func(family string, rp *awsec2.CfnRouteProps) awsec2.CfnRoute {
			rp.RouteTableId = subnet.RouteTable().RouteTableId()
			target(rp)
			r := awsec2.NewCfnRoute(scope, jsiix.Str(fmt.Sprintf("%s%dTo%s%s", s.id, n+1, to.id, family)), rp)
			r.Node().AddDependency(after...)
			return r
		}
		route("Ipv4", &awsec2.CfnRouteProps{DestinationCidrBlock: to.vpc.VpcCidrBlock()})
		if s.dualStack != nil && to.dualStack != nil {
			six := route("Ipv6", &awsec2.CfnRouteProps{DestinationIpv6CidrBlock: jsiix.Str(to.dualStack.IPv6Cidr())})
			six.Node().AddDependency(to.dualStack.IPv6Block)
		}
	}
}

// peer joins the sides by a peering connection. Both VPCs are of one account and Region, so that CloudFormation accepts it.
func (i *Interop) peer() {
	scope := constructs.NewConstruct(i.Stack, jsiix.Str("Join"))
	network, clients := i.sides()
	i.Peering = awsec2.NewCfnVPCPeeringConnection(scope, jsiix.Str("Peering"), &awsec2.CfnVPCPeeringConnectionProps{
		VpcId: network.vpc.VpcId(), PeerVpcId: clients.vpc.VpcId(),
	})
	across := func(rp *awsec2.CfnRouteProps) { rp.VpcPeeringConnectionId = i.Peering.Ref() }
	network.routes(scope, clients, across)
	clients.routes(scope, network, across)
}

// transit joins the sides by a transit gateway, whose default table all attachments use and announce their ranges in. An
// attachment carries IPv6 only if it says so, which it can where its subnets have IPv6
// (https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html).
func (i *Interop) transit() {
	scope := constructs.NewConstruct(i.Stack, jsiix.Str("Join"))
	network, clients := i.sides()
	i.TransitGateway = awsec2.NewCfnTransitGateway(scope, jsiix.Str("TransitGateway"), &awsec2.CfnTransitGatewayProps{
		Description:                  jsiix.Str("Joins an IPv6 EKS cluster with its clients"),
		DefaultRouteTableAssociation: jsiix.Str("enable"), DefaultRouteTablePropagation: jsiix.Str("enable"),
		AutoAcceptSharedAttachments: jsiix.Str("disable"), DnsSupport: jsiix.Str("enable"),
	})
	attach := func(s side, subnets []awsec2.ISubnet) awsec2.CfnTransitGatewayAttachment {
		ids := []any{}
		for _, subnet := range subnets {
			ids = append(ids, subnet.SubnetId())
		}
		support := "disable"
		if s.dualStack != nil {
			support = "enable"
		}
		a := awsec2.NewCfnTransitGatewayAttachment(scope, jsiix.Str(s.id+"Attachment"), &awsec2.CfnTransitGatewayAttachmentProps{
			TransitGatewayId: i.TransitGateway.Ref(), VpcId: s.vpc.VpcId(), SubnetIds: &ids,
			Options: map[string]any{"DnsSupport": "enable", "Ipv6Support": support}, // spelled as CloudFormation has it: CDK does not
		})
		for _, subnet := range subnets {
			a.Node().AddDependency(subnet)
		}
		return a
	}
	one, two := attach(network, i.Vpc.PrivateSubnets), attach(clients, i.Clients.Subnets)
	across := func(rp *awsec2.CfnRouteProps) { rp.TransitGatewayId = i.TransitGateway.Ref() }
	network.routes(scope, clients, across, one, two)
	clients.routes(scope, network, across, one, two)
}

// privateLink offers the bridge as an endpoint service to this account, and gives the clients an endpoint for it.
func (i *Interop) privateLink(p InteropProps) {
	scope := constructs.NewConstruct(i.Stack, jsiix.Str("Join"))
	// Clients of either family, whatever the family of their endpoint: the load balancer is dual-stack.
	i.EndpointService = awsec2.NewVpcEndpointService(scope, jsiix.Str("EndpointService"), &awsec2.VpcEndpointServiceProps{
		VpcEndpointServiceLoadBalancers: jsiix.List[awsec2.IVpcEndpointServiceLoadBalancer](i.Bridge.LoadBalancer),
		AcceptanceRequired:              jsiix.Bool(false), // who may connect is named
		AllowedPrincipals:               jsiix.List(awsiam.NewArnPrincipal(awsiam.NewAccountRootPrincipal().Arn())),
		SupportedIpAddressTypes:         jsiix.List(awsec2.IpAddressType_IPV4, awsec2.IpAddressType_IPV6),
	})
	family := awsec2.VpcEndpointIpAddressType_IPV4
	if i.Clients.DualStack != nil {
		family = awsec2.VpcEndpointIpAddressType_DUALSTACK
	}
	group := awsec2.NewSecurityGroup(scope, jsiix.Str("EndpointSecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc: i.Clients.Vpc, Description: jsiix.Str("Endpoint of a service of the IPv6 cluster"),
		AllowAllOutbound: jsiix.Bool(true), AllowAllIpv6Outbound: jsiix.Bool(true),
	})
	for _, port := range p.Bridge.Ports {
		open := ec2Port(port)
		if six := i.Clients.DualStack; six != nil {
			six.AllowFrom(group, open, "clients")
		} else {
			group.AddIngressRule(awsec2.Peer_Ipv4(i.Clients.Vpc.VpcCidrBlock()), open, jsiix.Str("clients"), nil)
		}
	}
	i.Endpoint = awsec2.NewInterfaceVpcEndpoint(scope, jsiix.Str("Endpoint"), &awsec2.InterfaceVpcEndpointProps{
		Vpc:           i.Clients.Vpc,
		Service:       awsec2.NewInterfaceVpcEndpointService(i.EndpointService.VpcEndpointServiceName(), jsiix.Num(p.Bridge.Ports[0].Port)),
		IpAddressType: family, Open: jsiix.Bool(false), PrivateDnsEnabled: jsiix.Bool(false),
		SecurityGroups: jsiix.List[awsec2.ISecurityGroup](group),
		Subnets:        &awsec2.SubnetSelection{Subnets: &i.Clients.Subnets},
	})
	i.Endpoint.Node().AddDependency(i.EndpointService) // and its permissions
}

// openPods lets Pods of two clusters call each other on podPort where a way leads: IPv6 Pods an IPv4 cluster's, whose
// nodes see the address of the IPv6 Pods' node; and the Pods of two IPv6 clusters each other.
func (i *Interop) openPods(p InteropProps) {
	c := i.Clients
	allow := func(id, group string, rule awsec2.CfnSecurityGroupIngressProps) awsec2.CfnSecurityGroupIngress {
		rule.GroupId, rule.IpProtocol = jsiix.Str(group), jsiix.Str("tcp")
		rule.FromPort, rule.ToPort = jsiix.Num(podPort), jsiix.Num(podPort)
		rule.Description = jsiix.Str("Pods of the other cluster")
		return awsec2.NewCfnSecurityGroupIngress(i.Stack, jsiix.Str(id), &rule)
	}
	own := *i.Cluster.L1.AttrClusterSecurityGroupId()
	switch {
	case p.Join == JoinPrivateLink:
	case p.Join == JoinSameVpc:
		allow("ClientsFromCluster", *c.IPv4Cluster.ClusterSecurityGroupId(), awsec2.CfnSecurityGroupIngressProps{SourceSecurityGroupId: jsiix.Str(own)})
	case c.IPv4Cluster != nil:
		allow("ClientsFromCluster", *c.IPv4Cluster.ClusterSecurityGroupId(), awsec2.CfnSecurityGroupIngressProps{CidrIp: i.Vpc.L2.VpcCidrBlock()})
	case c.IPv6Cluster != nil:
		allow("ClientsFromCluster", *c.IPv6Cluster.L1.AttrClusterSecurityGroupId(),
			awsec2.CfnSecurityGroupIngressProps{CidrIpv6: jsiix.Str(i.Vpc.IPv6Cidr())}).Node().AddDependency(i.Vpc.IPv6Block)
		allow("ClusterFromClients", own,
			awsec2.CfnSecurityGroupIngressProps{CidrIpv6: jsiix.Str(c.DualStack.IPv6Cidr())}).Node().AddDependency(c.DualStack.IPv6Block)
	}
}
