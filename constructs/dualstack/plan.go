package dualstack

import (
	"fmt"
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// Limits of the address plan.
const (
	// MinAzs is what EKS asks for: subnets in at least two Availability Zones.
	// Source: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
	MinAzs = 2
	// MaxAzs is the most zones that the plan has slots for. No AWS Region has more than six.
	MaxAzs = 6

	// A tier's block is cut into eight slots, of which MaxAzs are used: powers of two keep the cut exact.
	slotBits = 3
	// Sixteen /64 slots per tier, so that a tier can grow without touching the next one.
	ipv6SlotsPerTier = 16
	ipv6Slots        = ipv6SlotsPerTier * 4

	// A VPC's IPv4 range is between /16 and /28: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html.
	minCidrBits = 16
	// A load balancer wants /27 or larger and eight free addresses in each subnet
	// (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html);
	// the public tier gets /27 slots out of a /22.
	maxCidrBits = 22
	// An IPv6 block of /56 holds 256 subnets of /64, a /60 only 16: fewer than the plan's slots.
	maxIPv6Bits = 56
)

// Tier is one row of subnets, one subnet in each Availability Zone, with a common way out.
type Tier int

const (
	// Public subnets send both families to the internet gateway. Internet-facing load balancers and NAT gateways live here.
	Public Tier = iota
	// Private subnets send IPv4 to the NAT gateway and IPv6 to the egress-only internet gateway. Nodes and Pods live here.
	Private
	// Isolated subnets have no way out of the VPC. Databases live here.
	Isolated
)

// String is the tier's name, which is also the subnets' name in the construct tree.
func (t Tier) String() string {
	switch t {
	case Public:
		return "Public"
	case Private:
		return "Private"
	case Isolated:
		return "Isolated"
	}
	return fmt.Sprintf("Tier(%d)", int(t))
}

// Slot is the address space of one subnet.
type Slot struct {
	// Cidr is the subnet's IPv4 range.
	Cidr netip.Prefix
	// IPv6Index counts the /64 inside the VPC's IPv6 block: 0 is the first.
	IPv6Index int
}

// Plan gives every (tier, zone) pair of a VPC its own fixed slot. A slot depends on the VPC's range, the
// tier and the zone's position only: adding a zone or a tier changes no slot that was there before, and so
// replaces no subnet. (The stock Vpc and eksctl number subnets by position, which moves live subnets:
// https://github.com/aws/aws-cdk/issues/6683.)
//
//	half of the range      Private    for 10.0.0.0/16: 10.0.0.0/20, 10.0.16.0/20, … (nodes take one IPv4 address each)
//	a quarter              Public     10.0.128.0/21, 10.0.136.0/21, …
//	an eighth              Isolated   10.0.192.0/22, 10.0.196.0/22, …
//	an eighth              free, for subnets of your own
//
// Each part has eight slots: six for zones, two spare. IPv6 slots are numbered 0–15 for Public, 16–31 for
// Private, 32–47 for Isolated; 48–63 are kept for a fourth tier and 64–255 of a /56 are free.
type Plan struct {
	cidr netip.Prefix
}

// NewPlan is the plan of an IPv4 range. The error names what is wrong with the range, if anything.
func NewPlan(cidr netip.Prefix) (Plan, error) {
	if wrong := invalidCidr(cidr); wrong != "" {
		return Plan{}, fmt.Errorf("Cidr: %s", wrong)
	}
	if cidr.Bits() > maxCidrBits {
		return Plan{}, fmt.Errorf("Cidr: %s is too small for the address plan (six zones, each with public /27 subnets or larger, as load balancers need): want a prefix between /%d and /%d, for example %s",
			cidr, minCidrBits, maxCidrBits, netip.PrefixFrom(cidr.Addr(), maxCidrBits).Masked())
	}
	return Plan{cidr}, nil
}

// Slot is the address space of a tier's subnet in the zone at position az, counted from zero.
func (p Plan) Slot(t Tier, az int) Slot {
	if az < 0 || az >= MaxAzs {
		panic(fmt.Sprintf("dualstack: zone %d of a plan with zones 0 to %d", az, MaxAzs-1))
	}
	// A tier's share of the range: its prefix is more bits longer than the VPC's, and it is the nth such block.
	var more, nth int
	switch t {
	case Private:
		more, nth = 1, 0
	case Public:
		more, nth = 2, 2
	case Isolated:
		more, nth = 3, 6
	default:
		panic(fmt.Sprintf("dualstack: %v is not a tier of the plan", t))
	}
	part, _ := netset.Part(p.cidr, p.cidr.Bits()+more, nth)
	part, _ = netset.Part(part, part.Bits()+slotBits, az)
	return Slot{
		Cidr:      part,
		IPv6Index: int(t)*ipv6SlotsPerTier + az,
	}
}

// invalidCidr tells what keeps an IPv4 range from being a VPC's, or nothing.
func invalidCidr(c netip.Prefix) string {
	want := "want a private IPv4 range such as 10.0.0.0/16"
	switch {
	case !c.IsValid():
		return "invalid prefix: " + want
	case !c.Addr().Is4():
		return fmt.Sprintf("%s is not IPv4 (the IPv6 block comes from IPv6): %s", c, want)
	case c != c.Masked():
		return fmt.Sprintf("%s has host bits set: want %s", c, c.Masked())
	case c.Bits() < minCidrBits:
		return fmt.Sprintf("%s is larger than a VPC can be: want /%d or smaller, for example %s", c, minCidrBits, netip.PrefixFrom(c.Addr(), minCidrBits))
	case !aws.ForVPCs(c):
		return fmt.Sprintf("%s is neither private (RFC 1918) nor shared (%s) address space: %s", c, aws.Shared, want)
	}
	return ""
}
