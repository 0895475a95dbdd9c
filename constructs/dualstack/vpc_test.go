package dualstack_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestVpcPropsAccepts(t *testing.T) {
	t.Parallel()
	var none *dualstack.VpcProps
	for name, p := range map[string]*dualstack.VpcProps{
		"nil":          none,
		"zero":         {},
		"six zones":    {Azs: 6},
		"named zones":  {AvailabilityZones: []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}},
		"smallest":     {Cidr: netip.MustParsePrefix("192.168.4.0/22")},
		"shared space": {Cidr: netip.MustParsePrefix("100.64.0.0/16")},
		"secondary":    {SecondaryCidrs: prefixes("100.64.0.0/16", "10.1.0.0/24")},
		"no NAT":       {Nat: dualstack.NatNone, AcknowledgeNoIPv4Egress: true, InterfaceEndpoints: dualstack.EKSEndpoints()},
		"own address":  {Nat: dualstack.NatSingle, NatAllocationIDs: []string{"eipalloc-1"}},
		"IPAM":         {IPv6: dualstack.IPv6Source{IpamPoolID: "ipam-pool-1", NetmaskLength: 52}},
		"BYOIP":        {IPv6: dualstack.IPv6Source{PoolID: "ipv6pool-ec2-1", Cidr: netip.MustParsePrefix("2001:db8:1234:5600::/56")}},
	} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVpcPropsRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		props dualstack.VpcProps
		want  []string
	}{
		"one zone":            {dualstack.VpcProps{Azs: 1}, []string{"Azs: want 2 to 6 zones", "got 1"}},
		"seven zones":         {dualstack.VpcProps{Azs: 7}, []string{"Azs: want 2 to 6 zones", "got 7"}},
		"small range":         {dualstack.VpcProps{Cidr: netip.MustParsePrefix("10.0.0.0/24")}, []string{"Cidr: 10.0.0.0/24 is too small"}},
		"public range":        {dualstack.VpcProps{Cidr: netip.MustParsePrefix("52.0.0.0/16")}, []string{"Cidr: 52.0.0.0/16 is neither private"}},
		"overlap":             {dualstack.VpcProps{SecondaryCidrs: prefixes("10.0.128.0/20")}, []string{"SecondaryCidrs[0]: 10.0.128.0/20 overlaps 10.0.0.0/16"}},
		"overlap of two":      {dualstack.VpcProps{SecondaryCidrs: prefixes("10.1.0.0/16", "10.1.2.0/24")}, []string{"SecondaryCidrs[1]: 10.1.2.0/24 overlaps 10.1.0.0/16"}},
		"tiny secondary":      {dualstack.VpcProps{SecondaryCidrs: prefixes("10.1.0.0/29")}, []string{"SecondaryCidrs[0]: 10.1.0.0/29 is smaller"}},
		"too many":            {dualstack.VpcProps{SecondaryCidrs: prefixes("10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24", "10.4.0.0/24", "10.5.0.0/24")}, []string{"SecondaryCidrs: 5 ranges"}},
		"zone names":          {dualstack.VpcProps{Azs: 3, AvailabilityZones: []string{"a", "b"}}, []string{"AvailabilityZones: 2 names for Azs = 3"}},
		"zone twice":          {dualstack.VpcProps{AvailabilityZones: []string{"a", "a"}}, []string{"AvailabilityZones[1]: a is named twice"}},
		"zone empty":          {dualstack.VpcProps{AvailabilityZones: []string{"a", ""}}, []string{"AvailabilityZones[1]: empty"}},
		"NAT none":            {dualstack.VpcProps{Nat: dualstack.NatNone}, []string{"Nat: none", "AcknowledgeNoIPv4Egress"}},
		"needless ack":        {dualstack.VpcProps{AcknowledgeNoIPv4Egress: true}, []string{"AcknowledgeNoIPv4Egress: true with Nat per-az"}},
		"NAT mode":            {dualstack.VpcProps{Nat: 9}, []string{"Nat: NatMode(9): want NatPerAz"}},
		"addresses":           {dualstack.VpcProps{NatAllocationIDs: []string{"eipalloc-1"}}, []string{"NatAllocationIDs: 1 ids", "wants 2"}},
		"gateway endpoints":   {dualstack.VpcProps{GatewayEndpoints: 9}, []string{"GatewayEndpoints: 9"}},
		"endpoint name":       {dualstack.VpcProps{InterfaceEndpoints: []dualstack.InterfaceEndpoint{{Service: "com.amazonaws.eu-west-1.sts"}}}, []string{"InterfaceEndpoints[0].Service", "sts or ecr.api"}},
		"endpoint twice":      {dualstack.VpcProps{InterfaceEndpoints: []dualstack.InterfaceEndpoint{{Service: "sts"}, {Service: "sts"}}}, []string{"InterfaceEndpoints[1].Service: sts is named twice"}},
		"two families":        {dualstack.VpcProps{InterfaceEndpoints: []dualstack.InterfaceEndpoint{{Service: "sts", IPv4Only: true, DualStack: true}}}, []string{"InterfaceEndpoints[0].IPv4Only: true with DualStack for sts"}},
		"two sources":         {dualstack.VpcProps{IPv6: dualstack.IPv6Source{IpamPoolID: "p", PoolID: "q", Cidr: netip.MustParsePrefix("2001:db8::/56")}}, []string{"IPv6.IpamPoolID", "want one source"}},
		"pool without range":  {dualstack.VpcProps{IPv6: dualstack.IPv6Source{PoolID: "q"}}, []string{"IPv6.PoolID", "needs both"}},
		"range without pool":  {dualstack.VpcProps{IPv6: dualstack.IPv6Source{Cidr: netip.MustParsePrefix("2001:db8::/56")}}, []string{"IPv6.PoolID", "needs both"}},
		"IPv6 host bits":      {dualstack.VpcProps{IPv6: dualstack.IPv6Source{PoolID: "q", Cidr: netip.MustParsePrefix("2001:db8::1/56")}}, []string{"IPv6.Cidr: 2001:db8::1/56 has host bits set: want 2001:db8::/56"}},
		"IPv6 length":         {dualstack.VpcProps{IPv6: dualstack.IPv6Source{PoolID: "q", Cidr: netip.MustParsePrefix("2001:db8::/60")}}, []string{"IPv6.Cidr: 2001:db8::/60: want a /44, /48, /52 or /56"}},
		"IPv4 as IPv6":        {dualstack.VpcProps{IPv6: dualstack.IPv6Source{PoolID: "q", Cidr: netip.MustParsePrefix("10.0.0.0/16")}}, []string{"IPv6.Cidr: 10.0.0.0/16 is not IPv6"}},
		"IPAM length":         {dualstack.VpcProps{IPv6: dualstack.IPv6Source{IpamPoolID: "p", NetmaskLength: 57}}, []string{"IPv6.NetmaskLength: 57: want 44, 48, 52 or 56"}},
		"length of Amazon's":  {dualstack.VpcProps{IPv6: dualstack.IPv6Source{NetmaskLength: 52}}, []string{"IPv6.NetmaskLength: 52 without IpamPoolID"}},
		"border group of own": {dualstack.VpcProps{IPv6: dualstack.IPv6Source{IpamPoolID: "p", NetworkBorderGroup: "us-east-1"}}, []string{"IPv6.NetworkBorderGroup"}},
		"all at once":         {dualstack.VpcProps{Azs: 9, Nat: dualstack.NatNone, Cidr: netip.MustParsePrefix("10.0.0.1/16")}, []string{"Azs:", "Nat:", "Cidr:"}},
	} {
		err := c.props.Validate()
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error does not say %q:\n%v", name, want, err)
			}
		}
		if lines := strings.Count(err.Error(), "\n") + 1; name != "all at once" && lines != 1 {
			t.Errorf("%s: %d problems reported for one mistake:\n%v", name, lines, err)
		}
	}
}

func TestNatModeNames(t *testing.T) {
	t.Parallel()
	for _, m := range []dualstack.NatMode{dualstack.NatPerAz, dualstack.NatSingle, dualstack.NatRegional, dualstack.NatNone} {
		if got, err := dualstack.ParseNatMode(m.String()); got != m || err != nil {
			t.Errorf("ParseNatMode(%q) = %v, %v", m.String(), got, err)
		}
	}
	if _, err := dualstack.ParseNatMode("gateway"); err == nil || !strings.Contains(err.Error(), "per-az, single, regional or none") {
		t.Errorf("ParseNatMode of nonsense: %v", err)
	}
}

func ExampleNewVpc() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Demo"), nil)

	network := dualstack.NewVpc(stack, "Network", &dualstack.VpcProps{
		Cidr:            netip.MustParsePrefix("10.20.0.0/16"),
		Azs:             3,
		Nat:             dualstack.NatSingle,
		IsolatedSubnets: true,
	})

	// A database's security group, open to the whole VPC in both families.
	database := awsec2.NewSecurityGroup(stack, jsii.String("Database"), &awsec2.SecurityGroupProps{Vpc: network.L2})
	network.AllowFrom(database, awsec2.Port_Tcp(jsii.Number(5432)), "PostgreSQL from the VPC")

	app.Synth(nil)
}
