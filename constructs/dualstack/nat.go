package dualstack

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
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
	// NatNone is no IPv4 egress at all. It must be acknowledged with AcknowledgeNoIPv4Egress.
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
	default: // without NAT, or Validate refuses it
		return 0
	}
}

func (p VpcProps) checkNat(bad *problems.List) {
	if _, ok := natModes[p.Nat]; !ok {
		bad.Add("Nat", "%v: want NatPerAz, NatSingle, NatRegional or NatNone", p.Nat)
		return
	}
	if p.Nat == NatNone && !p.AcknowledgeNoIPv4Egress {
		bad.Add("Nat", "none: nodes and Pods could reach no IPv4-only host, most container registries among them: want another mode, or AcknowledgeNoIPv4Egress together with endpoints (EKSEndpoints)")
	}
	if p.Nat != NatNone && p.AcknowledgeNoIPv4Egress {
		bad.Add("AcknowledgeNoIPv4Egress", "true with Nat %v, which has IPv4 egress: want it with NatNone only", p.Nat)
	}
	if n, want := len(p.NatAllocationIDs), p.Nat.gateways(p.Azs); n > 0 && n != want {
		bad.Add("NatAllocationIDs", "%d ids: Nat %v in %d zones wants %d, or none for new addresses", n, p.Nat, p.Azs, want)
	}
}

// natProvider makes the gateways of the zonal modes: the stock construct does that well. The regional kind it has not
// (https://github.com/aws/aws-cdk/pull/36538), so that is added afterwards.
func (p VpcProps) natProvider(vp *awsec2.VpcProps) {
	vp.NatGateways = jsiix.Num(0)
	if p.Nat != NatPerAz && p.Nat != NatSingle {
		return
	}
	vp.NatGateways = jsiix.Num(p.Nat.gateways(p.Azs))
	if len(p.NatAllocationIDs) > 0 {
		vp.NatGatewayProvider = awsec2.NatProvider_Gateway(&awsec2.NatGatewayProps{EipAllocationIds: jsiix.Strs(p.NatAllocationIDs)})
	}
}

const natID = "NatGateway"

// addRegionalNat makes the regional gateway and the private subnets' IPv4 default routes to it.
func (v *Vpc) addRegionalNat(p VpcProps) {
	props := &awsec2.CfnNatGatewayProps{AvailabilityMode: jsiix.Str("regional"), VpcId: v.L2.VpcId()}
	if len(p.NatAllocationIDs) > 0 {
		addresses := []any{}
		for i, zone := range *p.zones() {
			addresses = append(addresses, &awsec2.CfnNatGateway_AvailabilityZoneAddressProperty{
				AvailabilityZone: zone, AllocationIds: jsiix.Strs(p.NatAllocationIDs[i : i+1]),
			})
		}
		props.AvailabilityZoneAddresses = &addresses
	}
	nat := awsec2.NewCfnNatGateway(v.L2, jsiix.Str(natID), props)
	// InternetConnectivityEstablished of the stock Vpc stands for the gateway alone, which may not be attached yet.
	nat.Node().AddDependency(v.L2.Node().FindChild(jsiix.Str("VPCGW")))
	for _, s := range v.PrivateSubnets {
		s.(awsec2.PrivateSubnet).AddDefaultNatRoute(nat.Ref())
	}
}

// NatGateways are the VPC's NAT gateways: one in each zone, one, or none, as VpcProps.Nat says.
func (v *Vpc) NatGateways() []awsec2.CfnNatGateway {
	var out []awsec2.CfnNatGateway
	add := func(scope constructs.IConstruct, id string) {
		if nat, ok := scope.Node().TryFindChild(jsiix.Str(id)).(awsec2.CfnNatGateway); ok {
			out = append(out, nat)
		}
	}
	add(v.L2, natID)
	for _, s := range v.PublicSubnets {
		add(s, "NATGateway")
	}
	return out
}
