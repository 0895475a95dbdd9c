package dualstack

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// NatMode is how private subnets reach IPv4-only hosts. IPv6 does not pass through NAT in any mode.
type NatMode int

const (
	// NatPerAz is a NAT gateway in each zone: a lost zone takes no other zone's egress with it, and no traffic
	// pays for crossing zones.
	NatPerAz NatMode = iota
	// NatSingle is one NAT gateway in the first zone: the cheapest, and a single point of failure.
	NatSingle
	// NatRegional is one regional NAT gateway, which needs no public subnet and spreads over the zones in use by
	// itself; until it has, traffic crosses zones. Not offered in every Region
	// (https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html).
	NatRegional
	// NatNone is no IPv4 egress at all. It must be acknowledged with AcknowledgeNoIpv4Egress.
	NatNone
)

var natModes = map[NatMode]string{NatPerAz: "per-az", NatSingle: "single", NatRegional: "regional", NatNone: "none"}

// String is the mode as the quickstart's context spells it: per-az, single, regional or none.
func (m NatMode) String() string {
	if s, ok := natModes[m]; ok {
		return s
	}
	return fmt.Sprintf("NatMode(%d)", int(m))
}

// ParseNatMode reads what [NatMode.String] writes.
func ParseNatMode(s string) (NatMode, error) {
	for m, name := range natModes {
		if s == name {
			return m, nil
		}
	}
	return 0, fmt.Errorf("%q is no NAT mode: want per-az, single, regional or none", s)
}

// gateways is how many addresses a mode takes when they are given.
func (m NatMode) gateways(azs int) int {
	switch m {
	case NatPerAz, NatRegional:
		return azs
	case NatSingle:
		return 1
	}
	return 0
}

func (p VpcProps) validateNat() error {
	var errs []error
	if _, ok := natModes[p.Nat]; !ok {
		return fmt.Errorf("Nat: %v: want NatPerAz, NatSingle, NatRegional or NatNone", p.Nat)
	}
	if p.Nat == NatNone && !p.AcknowledgeNoIpv4Egress {
		errs = append(errs, errors.New("Nat: none: nodes and Pods could reach no IPv4-only host, most container registries among them: want another mode, or AcknowledgeNoIpv4Egress together with endpoints (EksEndpoints)"))
	}
	if p.Nat != NatNone && p.AcknowledgeNoIpv4Egress {
		errs = append(errs, fmt.Errorf("AcknowledgeNoIpv4Egress: true with Nat %v, which has IPv4 egress: want it with NatNone only", p.Nat))
	}
	if n, want := len(p.NatAllocationIDs), p.Nat.gateways(p.Azs); n > 0 && n != want {
		errs = append(errs, fmt.Errorf("NatAllocationIDs: %d ids: Nat %v in %d zones wants %d, or none for new addresses", n, p.Nat, p.Azs, want))
	}
	return errors.Join(errs...)
}

// addNat makes the gateways and the private subnets' IPv4 default routes. The stock construct's own NAT
// gateways are off: it has no regional kind (https://github.com/aws/aws-cdk/pull/36538).
func (v *Vpc) addNat(p VpcProps) {
	switch p.Nat {
	case NatPerAz, NatSingle:
		zonal := (*v.Vpc.PublicSubnets())[:p.Nat.gateways(p.Azs)]
		for i, s := range zonal {
			v.NatGateways = append(v.NatGateways, v.zonalNat(s.(awsec2.PublicSubnet), at(p.NatAllocationIDs, i)))
		}
	case NatRegional:
		v.NatGateways = []awsec2.CfnNatGateway{v.regionalNat(p)}
	case NatNone:
		return
	}
	for i, s := range *v.Vpc.PrivateSubnets() {
		nat := v.NatGateways[min(i, len(v.NatGateways)-1)]
		s.(awsec2.PrivateSubnet).AddDefaultNatRoute(nat.Ref())
	}
}

func (v *Vpc) zonalNat(subnet awsec2.PublicSubnet, allocationID string) awsec2.CfnNatGateway {
	address := jsiix.StrOrNil(allocationID)
	if address == nil {
		eip := awsec2.NewCfnEIP(subnet, jsiix.Str("NatAddress"), &awsec2.CfnEIPProps{Domain: jsiix.Str("vpc")})
		eip.Node().AddDependency(v.attachment())
		address = eip.AttrAllocationId()
	}
	nat := awsec2.NewCfnNatGateway(subnet, jsiix.Str("NatGateway"), &awsec2.CfnNatGatewayProps{
		SubnetId: subnet.SubnetId(), AllocationId: address,
	})
	nat.Node().AddDependency(subnet.InternetConnectivityEstablished())
	return nat
}

func (v *Vpc) regionalNat(p VpcProps) awsec2.CfnNatGateway {
	props := &awsec2.CfnNatGatewayProps{AvailabilityMode: jsiix.Str("regional"), VpcId: v.Vpc.VpcId()}
	if len(p.NatAllocationIDs) > 0 {
		zones := *p.zones()
		addresses := make([]any, len(zones))
		for i, zone := range zones {
			addresses[i] = &awsec2.CfnNatGateway_AvailabilityZoneAddressProperty{
				AvailabilityZone: zone, AllocationIds: jsiix.Strs(p.NatAllocationIDs[i : i+1]),
			}
		}
		props.AvailabilityZoneAddresses = &addresses
	}
	nat := awsec2.NewCfnNatGateway(v.Vpc, jsiix.Str("NatGateway"), props)
	nat.Node().AddDependency(v.attachment())
	return nat
}

// attachment joins the internet gateway to the VPC. InternetConnectivityEstablished of the stock Vpc stands for
// the gateway only, which may not be attached yet.
func (v *Vpc) attachment() awsec2.CfnVPCGatewayAttachment {
	return v.Vpc.Node().FindChild(jsiix.Str("VPCGW")).(awsec2.CfnVPCGatewayAttachment)
}

// at is list[i], or the empty string past the end.
func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}
