package dualstack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// Tags by which the AWS Load Balancer Controller finds subnets for internet-facing and for internal load
// balancers.
const (
	PublicRoleTag   = aws.PublicRoleTag
	InternalRoleTag = aws.InternalRoleTag
)

const subnetType = "AWS::EC2::Subnet"

// tiers are the rows of subnets, in the order that the stock construct makes them.
func (p VpcProps) tiers() []Tier {
	if p.IsolatedSubnets {
		return []Tier{Public, Private, Isolated}
	}
	return []Tier{Public, Private}
}

// subnetting knows which slot each of the stock construct's subnets takes. It asks for them as one list, tier
// by tier, zone by zone.
type subnetting struct {
	plan  Plan
	tiers []Tier
	azs   int
}

func (s subnetting) slots() []Slot {
	var out []Slot
	for _, t := range s.tiers {
		for az := range s.azs {
			out = append(out, s.plan.Slot(t, az))
		}
	}
	return out
}

func (s subnetting) configuration() *[]*awsec2.SubnetConfiguration {
	types := map[Tier]awsec2.SubnetType{
		Public:   awsec2.SubnetType_PUBLIC,
		Private:  awsec2.SubnetType_PRIVATE_WITH_EGRESS,
		Isolated: awsec2.SubnetType_PRIVATE_ISOLATED,
	}
	var out []*awsec2.SubnetConfiguration
	for _, t := range s.tiers {
		out = append(out, &awsec2.SubnetConfiguration{Name: jsiix.Str(t.String()), SubnetType: types[t]})
	}
	return &out
}

// ipv6Block is the stock construct's source of the subnets' ranges, IPv4's too: it is asked last. CDK calls back into it, so
// it cannot fail: everything was validated before.
type ipv6Block struct {
	source      IPv6Source
	subnets     subnetting
	association awsec2.CfnVPCCidrBlock
}

// AmazonProvided is called by the stock Vpc.
func (b *ipv6Block) AmazonProvided() *bool {
	return jsiix.Bool(b.source.IpamPoolID == "" && b.source.PoolID == "")
}

// SetAmazonProvided is part of the stock interface; where the block comes from is settled here.
func (b *ipv6Block) SetAmazonProvided(*bool) {}

// AllocateVpcIpv6Cidr is called by the stock Vpc and associates the block.
func (b *ipv6Block) AllocateVpcIpv6Cidr(in *awsec2.AllocateVpcIpv6CidrRequest) awsec2.CfnVPCCidrBlock {
	props := &awsec2.CfnVPCCidrBlockProps{VpcId: in.VpcId}
	switch s := b.source; {
	case s.IpamPoolID != "":
		props.Ipv6IpamPoolId, props.Ipv6NetmaskLength = jsiix.Str(s.IpamPoolID), jsiix.Num(s.NetmaskLength)
	case s.PoolID != "":
		props.Ipv6Pool, props.Ipv6CidrBlock = jsiix.Str(s.PoolID), jsiix.Str(s.Cidr.String())
	default:
		props.AmazonProvidedIpv6CidrBlock = true
		props.Ipv6CidrBlockNetworkBorderGroup = jsiix.StrOrNil(s.NetworkBorderGroup)
	}
	b.association = awsec2.NewCfnVPCCidrBlock(in.Scope, jsiix.Str("Ipv6Block"), props)
	return b.association
}

// CreateIpv6CidrBlocks cuts the block into the plan's /64s, always the same number of them.
func (b *ipv6Block) CreateIpv6CidrBlocks(in *awsec2.CreateIpv6CidrBlocksRequest) *[]*string {
	return awscdk.Fn_Cidr(in.Ipv6SelectedCidr, jsiix.Num(ipv6Slots), jsiix.Str("64"))
}

// AllocateSubnetsIpv6Cidr gives each subnet the two ranges of its slot.
func (b *ipv6Block) AllocateSubnetsIpv6Cidr(in *awsec2.AllocateIpv6CidrRequest) *awsec2.SubnetIpamOptions {
	var out []*awsec2.AllocatedSubnet
	for _, s := range b.subnets.slots() {
		out = append(out, &awsec2.AllocatedSubnet{
			Cidr:     jsiix.Str(s.Cidr.String()),
			Ipv6Cidr: awscdk.Fn_Select(jsiix.Num(s.IPv6Index), in.Ipv6Cidrs),
		})
	}
	return &awsec2.SubnetIpamOptions{AllocatedSubnets: &out}
}

// tagSubnets marks public and private subnets for the load balancer controller. The stock EKS cluster puts the
// same tags on everything below a subnet, route tables and NAT gateways too; they are taken off again there.
func (v *Vpc) tagSubnets() {
	only, all := jsiix.Strs([]string{subnetType}), awscdk.Tags_Of(v.L2)
	tag := func(name string, subnets []awsec2.ISubnet) {
		for _, s := range subnets {
			awscdk.Tags_Of(s).Add(jsiix.Str(name), jsiix.Str("1"), &awscdk.TagProps{IncludeResourceTypes: only})
		}
		all.Remove(jsiix.Str(name), &awscdk.TagProps{ExcludeResourceTypes: only})
	}
	tag(PublicRoleTag, v.PublicSubnets)
	tag(InternalRoleTag, v.PrivateSubnets)
}
