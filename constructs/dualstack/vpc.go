package dualstack

import (
	"fmt"
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/functionlogs"
	"github.com/eks-ipv6/cdk/internal/intent"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/nag"
	"github.com/eks-ipv6/cdk/internal/problems"
	"github.com/eks-ipv6/cdk/internal/tuned"
)

// VpcProps are the choices of a [Vpc]. The zero value is a VPC of 10.0.0.0/16 in two zones, with a NAT
// gateway in each, and an Amazon-provided IPv6 /56.
type VpcProps struct {
	// Cidr is the primary IPv4 range, private or shared address space between /16 and /22. It cannot be
	// changed later without replacing the VPC.
	// Default: 10.0.0.0/16.
	Cidr netip.Prefix

	// SecondaryCidrs are further IPv4 ranges of the VPC, for subnets of your own. The plan puts no subnet into
	// them. Private or shared address space between /16 and /28; AWS allows four by default
	// (https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html).
	// Default: none.
	SecondaryCidrs []netip.Prefix

	// IPv6 says where the VPC's IPv6 block comes from.
	// Default: a /56 from Amazon's pool.
	IPv6 IPv6Source

	// Azs is how many Availability Zones have subnets: 2 to 6. The first ones of the Region are taken at
	// deployment, so no look-up and no account are needed at synth; a deployment fails if the Region has fewer.
	// Raising it later adds subnets and changes none; managed node groups, whose subnets EKS fixes, are made anew in all.
	// Default: 2, or as many as AvailabilityZones names.
	Azs int

	// AvailabilityZones names the zones, for example to stay out of use1-az3, usw1-az2 and cac1-az3, where EKS
	// places no control plane (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html). The order is
	// the address plan's: append, do not reorder.
	// Default: the Region's first zones.
	AvailabilityZones []string

	// Nat says how private subnets reach IPv4-only hosts.
	// Default: NatPerAz.
	Nat NatMode

	// NatAllocationIDs are the allocation ids (eipalloc-…) of Elastic IPs you own, so that IPv4 egress keeps
	// addresses that others can allow: one per zone for NatPerAz and NatRegional, one for NatSingle. A regional
	// gateway then no longer takes addresses of its own for further zones.
	// Default: new addresses, released with the VPC.
	NatAllocationIDs []string

	// AcknowledgeNoIPv4Egress confirms NatNone: IPv4-only hosts, most container registries among them, cannot be
	// reached but through VPC endpoints.
	// Default: false, and NatNone is refused.
	AcknowledgeNoIPv4Egress bool

	// IsolatedSubnets adds a third tier without any way out of the VPC. Adding it later changes no other subnet.
	// Default: false.
	IsolatedSubnets bool

	// GatewayEndpoints are free routes to AWS services that bypass NAT.
	// Default: GatewayS3.
	GatewayEndpoints GatewayEndpoints

	// InterfaceEndpoints are PrivateLink endpoints in the private subnets, open on port 443 to both of the VPC's
	// families. See [EKSEndpoints] for what a cluster without internet access needs.
	// Default: none.
	InterfaceEndpoints []InterfaceEndpoint

	// FlowLogs records traffic.
	// Default: nil, nothing is recorded.
	FlowLogs *FlowLogs

	// RestrictEndpoints gives every endpoint a policy that lets only principals of the stack's own account through, and
	// what works without one: image layers and packages from AWS's own buckets, CloudFormation's answers, web identities.
	// Public buckets of others cannot then be read without signing.
	// Default: false, AWS's policy, which lets everything through.
	RestrictEndpoints bool

	// RestrictDefaultSecurityGroup removes all rules from the VPC's default security group, which nothing here
	// uses. CloudFormation cannot do it alone: CDK adds a custom resource with a Lambda function, whose logs go with the stack.
	// Default: as the app's feature flag @aws-cdk/aws-ec2:restrictDefaultSecurityGroup says.
	RestrictDefaultSecurityGroup bool

	// Tune changes the properties of CDK's construct before it is made. What comes from the fields here, and what EKS cannot do
	// without, is refused.
	// Default: nil.
	Tune func(*awsec2.VpcProps)
}

// IPv6Source says where a VPC's IPv6 block comes from. The zero value is Amazon's pool. Sources of the rules:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpccidrblock.html
type IPv6Source struct {
	// IpamPoolID takes the block from an IPAM pool (ipam-pool-…), with NetmaskLength. May be a token.
	// Default: not from IPAM.
	IpamPoolID string
	// NetmaskLength is the size of the block from IPAM: 44, 48, 52 or 56.
	// Default: 56.
	NetmaskLength int
	// PoolID is the id of an address pool of your own (ipv6pool-ec2-…, BYOIP) that Cidr is part of.
	// Default: not from a pool of your own.
	PoolID string
	// Cidr is the block out of PoolID, /44 to /56 in steps of four.
	// Default: not from a pool of your own.
	Cidr netip.Prefix
	// NetworkBorderGroup limits where Amazon announces an Amazon-provided block.
	// Default: the Region.
	NetworkBorderGroup string
}

// Vpc is a dual-stack network. It makes an AWS::EC2::VPC with an IPv6 block, a public and a private (and
// optionally an isolated) subnet with a route table in each zone, an internet gateway, an egress-only internet
// gateway, NAT gateways with their Elastic IPs, and what the other choices ask for.
type Vpc struct {
	// Construct is the scope that all parts are made in.
	Construct constructs.Construct
	// L2 is CDK's construct, for whatever takes an awsec2.IVpc.
	L2 awsec2.Vpc
	// PublicSubnets, PrivateSubnets and IsolatedSubnets are in the order of their zones.
	PublicSubnets, PrivateSubnets, IsolatedSubnets []awsec2.ISubnet
	// IPv6Block associates the IPv6 block. Whatever uses [Vpc.IPv6Cidr] must depend on it.
	IPv6Block awsec2.CfnVPCCidrBlock
	// EgressOnly lets private subnets open IPv6 connections and lets none in.
	EgressOnly awsec2.CfnEgressOnlyInternetGateway
	// Nat is how private subnets reach IPv4-only hosts.
	Nat NatMode
	// EndpointSecurityGroup guards the interface endpoints. It is nil when there are none.
	EndpointSecurityGroup awsec2.SecurityGroup
	// Plan is where the subnets' addresses come from.
	Plan Plan
}

// defaultCidr is the IPv4 range when none is given.
var defaultCidr = netip.MustParsePrefix("10.0.0.0/16")

// withDefaults is a copy with every default written out. It is nil-safe.
func (p *VpcProps) withDefaults() VpcProps {
	out := jsiix.Value(p)
	if !out.Cidr.IsValid() {
		out.Cidr = defaultCidr
	}
	if out.Azs == 0 {
		if out.Azs = len(out.AvailabilityZones); out.Azs == 0 {
			out.Azs = MinAzs
		}
	}
	if out.IPv6.IpamPoolID != "" && out.IPv6.NetmaskLength == 0 {
		out.IPv6.NetmaskLength = maxIPv6Bits
	}
	return out
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *VpcProps) Validate() error {
	_, _, err := p.resolve()
	return err
}

// resolve is the choices with every default written out, and their address plan, or what is wrong with them.
func (p *VpcProps) resolve() (VpcProps, Plan, error) {
	v := p.withDefaults()
	var bad problems.List
	plan, err := NewPlan(v.Cidr)
	bad.Join(err)
	v.checkSecondary(&bad)
	v.checkZones(&bad)
	v.IPv6.check(bad.In("IPv6"))
	v.checkNat(&bad)
	v.checkEndpoints(&bad)
	return v, plan, bad.Err()
}

func (p VpcProps) checkSecondary(bad *problems.List) {
	all := []netip.Prefix{p.Cidr}
	for i, c := range p.SecondaryCidrs {
		here := bad.At("SecondaryCidrs", i)
		if wrong := invalidCidr(c); wrong != "" {
			here.Add("", "%s", wrong)
			continue
		}
		if c.Bits() > 28 {
			here.Add("", "%s is smaller than a VPC range can be: want /28 or larger", c)
		}
		for _, other := range all {
			if other.Overlaps(c) {
				here.Add("", "%s overlaps %s: want a range of its own", c, other)
			}
		}
		all = append(all, c)
	}
	if len(p.SecondaryCidrs) > 4 {
		bad.Add("SecondaryCidrs", "%d ranges: AWS allows five IPv4 ranges in a VPC, the primary one included; raise the quota and use Tune and your own associations for more", len(p.SecondaryCidrs))
	}
}

func (p VpcProps) checkZones(bad *problems.List) {
	if p.Azs < MinAzs || p.Azs > MaxAzs {
		bad.Add("Azs", "want %d to %d zones (EKS needs two, the address plan has slots for six), got %d", MinAzs, MaxAzs, p.Azs)
	}
	if n := len(p.AvailabilityZones); n > 0 && n != p.Azs {
		bad.Add("AvailabilityZones", "%d names for Azs = %d: name each zone once, or leave one of the two out", n, p.Azs)
	}
	seen := map[string]bool{}
	for i, az := range p.AvailabilityZones {
		switch here := bad.At("AvailabilityZones", i); {
		case az == "":
			here.Add("", "empty: want a zone's name such as eu-west-1a")
		case seen[az]:
			here.Add("", "%s is named twice: want each zone once", az)
		}
		seen[az] = true
	}
}

func (s IPv6Source) check(bad *problems.List) {
	ipam, own := s.IpamPoolID != "", s.PoolID != "" || s.Cidr.IsValid()
	if ipam && own {
		bad.Add("IpamPoolID", "an IPAM pool and a pool of your own (PoolID, Cidr) are both given: want one source")
	}
	if own && (s.PoolID == "" || !s.Cidr.IsValid()) {
		bad.Add("PoolID", "%q with Cidr %q: a pool of your own needs both", s.PoolID, cidrString(s.Cidr))
	}
	if s.NetworkBorderGroup != "" && (ipam || own) {
		bad.Add("NetworkBorderGroup", "%s: only an Amazon-provided block takes one", s.NetworkBorderGroup)
	}
	if s.NetmaskLength != 0 && !ipam {
		bad.Add("NetmaskLength", "%d without IpamPoolID: Amazon's block is always a /56, a block of your own has its length in Cidr", s.NetmaskLength)
	}
	if ipam && !ipv6Length(s.NetmaskLength) {
		bad.Add("NetmaskLength", "%d: want 44, 48, 52 or 56, so that the address plan's %d subnets of /64 fit", s.NetmaskLength, ipv6Slots)
	}
	if c := s.Cidr; c.IsValid() {
		switch {
		case !c.Addr().Is6() || c.Addr().Is4In6():
			bad.Add("Cidr", "%s is not IPv6: want a block such as 2001:db8:1234:5600::/56", c)
		case c != c.Masked():
			bad.Add("Cidr", "%s has host bits set: want %s", c, c.Masked())
		case !ipv6Length(c.Bits()):
			bad.Add("Cidr", "%s: want a /44, /48, /52 or /56, so that the address plan's %d subnets of /64 fit", c, ipv6Slots)
		}
	}
}

// ipv6Length tells whether a VPC's IPv6 block of this length exists and holds the plan.
func ipv6Length(bits int) bool { return bits >= 44 && bits <= maxIPv6Bits && bits%4 == 0 }

func cidrString(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

// NewVpc makes a [Vpc] in scope. props may be nil. It panics with the error of [VpcProps.Validate] and the
// construct's path, as every CDK construct panics on bad properties.
func NewVpc(scope constructs.Construct, id string, props *VpcProps) *Vpc {
	p, plan, err := props.resolve()
	if err != nil {
		panic(fmt.Errorf("dualstack.NewVpc %s/%s: %w", *scope.Node().Path(), id, err))
	}
	network := subnetting{plan: plan, tiers: p.tiers(), azs: p.Azs}
	block := &ipv6Block{source: p.IPv6, subnets: network}
	vp := &awsec2.VpcProps{
		IpProtocol:          awsec2.IpProtocol_DUAL_STACK,
		AvailabilityZones:   p.zones(),
		IpAddresses:         awsec2.IpAddresses_Cidr(jsiix.Str(p.Cidr.String())),
		Ipv6Addresses:       block,
		SubnetConfiguration: network.configuration(),
	}
	if p.RestrictDefaultSecurityGroup { // an explicit false would override the feature flag
		vp.RestrictDefaultSecurityGroup = jsiix.Bool(true)
	}
	p.natProvider(vp)
	var bad problems.List
	stop := func() {
		if err := bad.Err(); err != nil {
			panic(fmt.Errorf("dualstack.NewVpc %s/%s: %w", *scope.Node().Path(), id, err))
		}
	}
	tuned.Call(bad.In("Tune"), p.Tune, vp, fixed)
	stop()

	vpc := awsec2.NewVpc(scope, jsiix.Str(id), vp)
	v := &Vpc{Construct: vpc, L2: vpc, IPv6Block: block.association, Plan: plan, Nat: p.Nat, PublicSubnets: *vpc.PublicSubnets(), PrivateSubnets: *vpc.PrivateSubnets()}
	if p.IsolatedSubnets {
		v.IsolatedSubnets = *vpc.IsolatedSubnets()
	}
	for i, c := range p.SecondaryCidrs {
		awsec2.NewCfnVPCCidrBlock(vpc, jsiix.Str(fmt.Sprintf("SecondaryCidr%d", i+1)), &awsec2.CfnVPCCidrBlockProps{
			VpcId: vpc.VpcId(), CidrBlock: jsiix.Str(c.String()),
		})
	}
	v.tagSubnets()
	node := vpc.Node()
	v.EgressOnly = egressOnly(node)
	switch p.Nat {
	case NatRegional:
		v.addRegionalNat(p)
	case NatNone:
		vpc.Node().DefaultChild().(awsec2.CfnVPC).AddMetadata(jsiix.Str(intent.Metadata), []string{intent.NoIPv4Internet})
	default:
	}
	v.addEndpoints(p, &bad)
	stop()
	v.addFlowLogs(p.FlowLogs)
	if node.TryFindChild(jsiix.Str("RestrictDefaultSecurityGroupCustomResource")) != nil {
		provider := awscdk.Stack_Of(scope).Node().FindChild(jsiix.Str("Custom::VpcRestrictDefaultSGCustomResourceProvider")).(constructs.Construct)
		functionlogs.Own(provider, "Handler", awscdk.RemovalPolicy_DESTROY)
		nag.SuppressChild(provider.Node(), "Role", nag.Reasons{"AwsSolutions-IAM4": "CDK's function for the default security group writes its logs by AWS's own policy"})
	}
	return v
}

// fixed are the properties of the stock construct that come from fields of ours, or that EKS and the subnets' routes need.
var fixed = map[string]string{
	"IpProtocol":            "EKS wants subnets of both families: leave it alone",
	"AvailabilityZones":     "want VpcProps.AvailabilityZones",
	"MaxAzs":                "want VpcProps.Azs",
	"ReservedAzs":           "leave it out: the address plan has room for six zones",
	"IpAddresses":           "want VpcProps.Cidr",
	"Cidr":                  "want VpcProps.Cidr",
	"Ipv6Addresses":         "want VpcProps.IPv6",
	"SubnetConfiguration":   "want VpcProps.IsolatedSubnets, or subnets of your own in the part of the plan that is free",
	"NatGateways":           "want VpcProps.Nat",
	"NatGatewayProvider":    "want VpcProps.Nat and NatAllocationIDs",
	"NatGatewaySubnets":     "the gateways are in the public subnets: leave it out",
	"CreateInternetGateway": "the public subnets and the NAT gateways need it: leave it out",
	"EnableDnsHostnames":    "nodes find the cluster's private endpoint by it: leave it out",
	"EnableDnsSupport":      "nodes find the cluster's private endpoint by it: leave it out",
}

// zones are the named zones, or the Region's first ones as the deployment finds them.
func (p VpcProps) zones() *[]*string {
	if len(p.AvailabilityZones) > 0 {
		return jsiix.Strs(p.AvailabilityZones)
	}
	names := awscdk.Fn_GetAzs(nil)
	zones := make([]*string, p.Azs)
	for i := range zones {
		zones[i] = awscdk.Fn_Select(jsiix.Num(i), names)
	}
	return &zones
}

// IPv6Cidr is the VPC's IPv6 block, as a token: CloudFormation knows it once IPv6Block exists, so what uses it
// must depend on that (https://github.com/aws/aws-cdk/issues/36714). [Vpc.AllowFrom] does.
func (v *Vpc) IPv6Cidr() string {
	return *awscdk.Fn_Select(jsiix.Num(0), v.L2.VpcIpv6CidrBlocks())
}

// AllowFrom opens a port of a security group to the whole VPC, in both families.
func (v *Vpc) AllowFrom(group awsec2.ISecurityGroup, port awsec2.Port, description string) {
	group.AddIngressRule(awsec2.Peer_Ipv4(v.L2.VpcCidrBlock()), port, jsiix.Str(description), nil)
	group.AddIngressRule(awsec2.Peer_Ipv6(jsiix.Str(v.IPv6Cidr())), port, jsiix.Str(description), nil)
	group.Node().AddDependency(v.IPv6Block)
}
