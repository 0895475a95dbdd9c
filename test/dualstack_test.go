package test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

func vpcTemplate(t testing.TB, props *dualstack.VpcProps) template {
	t.Helper()
	return synthStack(t, func(stack awscdk.Stack) { dualstack.NewVpc(stack, "Network", props) })
}

// networks are the VPCs that must hold to what the package promises.
var networks = map[string]*dualstack.VpcProps{
	"default":     nil,
	"three zones": {Azs: 3},
	"six zones":   {Azs: 6, IsolatedSubnets: true},
	"named zones": {AvailabilityZones: []string{"eu-west-1b", "eu-west-1a"}},
	"single NAT":  {Nat: dualstack.NatSingle},
	"regional":    {Nat: dualstack.NatRegional, Azs: 3},
	"no NAT":      {Nat: dualstack.NatNone, AcknowledgeNoIPv4Egress: true, InterfaceEndpoints: dualstack.EKSEndpoints()},
	"IPAM":        {IPv6: dualstack.IPv6Source{IpamPoolID: "ipam-pool-1"}},
	"smallest":    {Cidr: netip.MustParsePrefix("192.168.0.0/22"), SecondaryCidrs: []netip.Prefix{netip.MustParsePrefix("100.64.0.0/16")}},
}

func tagsOf(r resource) map[string]string {
	out := map[string]string{}
	tags, _ := r.Properties["Tags"].([]any)
	for _, t := range tags {
		m := t.(map[string]any)
		out[m["Key"].(string)], _ = m["Value"].(string)
	}
	return out
}

func TestSubnetsAreDualStack(t *testing.T) {
	for name, props := range networks {
		tpl := vpcTemplate(t, props)
		block := ""
		for _, id := range tpl.of("AWS::EC2::VPCCidrBlock") {
			if tpl.Resources[id].Properties["CidrBlock"] == nil {
				block = id
			}
		}
		seen := map[string]string{}
		for _, id := range tpl.of("AWS::EC2::Subnet") {
			s := tpl.Resources[id]
			if !tpl.waitsFor(id, block) {
				t.Errorf("%s: %s does not wait for the IPv6 block", name, id)
			}
			if s.Properties["AssignIpv6AddressOnCreation"] != true {
				t.Errorf("%s: %s does not assign IPv6 addresses", name, id)
			}
			if s.Properties["EnableDns64"] == true {
				t.Errorf("%s: %s has DNS64 on", name, id)
			}
			for _, range_ := range []string{js(s.Properties["CidrBlock"]), js(s.Properties["Ipv6CidrBlock"])} {
				if other := seen[range_]; other != "" || range_ == "null" {
					t.Errorf("%s: %s has the range %s, which %s has too", name, id, range_, other)
				}
				seen[range_] = id
			}
			if !strings.Contains(js(s.Properties["Ipv6CidrBlock"]), `,64,"64"]`) {
				t.Errorf("%s: %s's /64 is cut in another way: %s", name, id, js(s.Properties["Ipv6CidrBlock"]))
			}
		}
	}
}

// routesOf are the targets of a subnet's own route table by destination.
func routesOf(t testing.TB, tpl template, subnet string) map[string]string {
	t.Helper()
	_, association := tpl.find(t, "AWS::EC2::SubnetRouteTableAssociation", "SubnetId", `{"Ref":"`+subnet+`"}`)
	table := js(association.Properties["RouteTableId"])
	out := map[string]string{}
	for _, id := range tpl.of("AWS::EC2::Route") {
		p := tpl.Resources[id].Properties
		if js(p["RouteTableId"]) != table {
			continue
		}
		for _, kind := range []string{"GatewayId", "NatGatewayId", "EgressOnlyInternetGatewayId"} {
			if target, ok := p[kind].(map[string]any); ok {
				out[fmt.Sprint(p["DestinationCidrBlock"], p["DestinationIpv6CidrBlock"])] = kind + " " + fmt.Sprint(target["Ref"])
			}
		}
	}
	return out
}

func TestRoutesAndRoleTags(t *testing.T) {
	for name, props := range networks {
		tpl := vpcTemplate(t, props)
		igw, _ := tpl.one(t, "AWS::EC2::InternetGateway")
		eigw, _ := tpl.one(t, "AWS::EC2::EgressOnlyInternetGateway")
		attachment, _ := tpl.one(t, "AWS::EC2::VPCGatewayAttachment")
		for _, id := range tpl.of("AWS::EC2::Subnet") {
			routes, tags := routesOf(t, tpl, id), tagsOf(tpl.Resources[id])
			var want map[string]string
			var role string
			switch {
			case strings.Contains(id, "Public"):
				want, role = map[string]string{"0.0.0.0/0<nil>": "GatewayId " + igw, "<nil>::/0": "GatewayId " + igw}, dualstack.PublicRoleTag
			case strings.Contains(id, "Private"):
				want, role = map[string]string{"<nil>::/0": "EgressOnlyInternetGatewayId " + eigw}, dualstack.InternalRoleTag
				if len(tpl.of("AWS::EC2::NatGateway")) > 0 {
					nat := routes["0.0.0.0/0<nil>"]
					if !strings.HasPrefix(nat, "NatGatewayId ") {
						t.Errorf("%s: %s sends IPv4 to %q, want a NAT gateway", name, id, nat)
					}
					want["0.0.0.0/0<nil>"] = nat
				}
			default:
				want = map[string]string{}
			}
			if diff := cmp.Diff(want, routes); diff != "" {
				t.Errorf("%s: %s: routes (-want +got)\n%s", name, id, diff)
			}
			for _, tag := range []string{dualstack.PublicRoleTag, dualstack.InternalRoleTag} {
				if got := tags[tag]; (got == "1") != (tag == role) {
					t.Errorf("%s: %s: tag %s is %q", name, id, tag, got)
				}
			}
		}
		for _, id := range tpl.of("AWS::EC2::Route") {
			if tpl.Resources[id].Properties["GatewayId"] != nil && !tpl.waitsFor(id, attachment) {
				t.Errorf("%s: %s does not wait for the internet gateway's attachment", name, id)
			}
		}
		checkSecurityGroups(t, name, tpl)
		checkRoleTags(t, name, tpl)
	}
}

// checkRoleTags wants the controller's discovery tags on subnets alone.
func checkRoleTags(t *testing.T, name string, tpl template) {
	t.Helper()
	for id, r := range tpl.Resources {
		if r.Type != "AWS::EC2::Subnet" && strings.Contains(js(r.Properties["Tags"]), "kubernetes.io/role/") {
			t.Errorf("%s: %s (%s) carries a subnet's role tag", name, id, r.Type)
		}
	}
}

// checkSecurityGroups wants both families out, and nobody in from everywhere.
func checkSecurityGroups(t *testing.T, name string, tpl template) {
	t.Helper()
	for _, id := range tpl.of("AWS::EC2::SecurityGroup") {
		p := tpl.Resources[id].Properties
		egress := js(p["SecurityGroupEgress"])
		if strings.Contains(egress, "CidrIp\"") && !strings.Contains(egress, `"CidrIpv6":"::/0"`) {
			t.Errorf("%s: %s lets out IPv4 only: %s", name, id, egress)
		}
		for _, world := range []string{`"0.0.0.0/0"`, `"::/0"`} {
			if strings.Contains(js(p["SecurityGroupIngress"]), world) {
				t.Errorf("%s: %s is open to everybody", name, id)
			}
		}
	}
	for _, id := range tpl.of("AWS::EC2::SecurityGroupIngress") {
		if s := js(tpl.Resources[id].Properties); strings.Contains(s, `"0.0.0.0/0"`) || strings.Contains(s, `"::/0"`) {
			t.Errorf("%s: %s is open to everybody", name, id)
		}
	}
}

// A changed subnet is a replaced subnet, with everything in it.
func TestAddingZonesAndTiersChangesNoSubnet(t *testing.T) {
	base := vpcTemplate(t, &dualstack.VpcProps{Azs: 2})
	for name, props := range map[string]*dualstack.VpcProps{
		"three zones":       {Azs: 3},
		"six zones":         {Azs: 6},
		"a tier":            {Azs: 2, IsolatedSubnets: true},
		"a tier and a zone": {Azs: 3, IsolatedSubnets: true, Nat: dualstack.NatRegional},
	} {
		grown := vpcTemplate(t, props)
		for _, id := range base.of("AWS::EC2::VPC", "AWS::EC2::VPCCidrBlock", "AWS::EC2::Subnet", "AWS::EC2::RouteTable", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::EgressOnlyInternetGateway") {
			if diff := cmp.Diff(base.Resources[id], grown.Resources[id]); diff != "" {
				t.Errorf("%s: %s changed (-before +after)\n%s", name, id, diff)
			}
		}
		if len(grown.of("AWS::EC2::Subnet")) <= len(base.of("AWS::EC2::Subnet")) {
			t.Errorf("%s: nothing was added", name)
		}
	}
}

func TestNatModes(t *testing.T) {
	for name, c := range map[string]struct {
		props    *dualstack.VpcProps
		gateways int
		eips     int
	}{
		"per zone":      {&dualstack.VpcProps{Azs: 3}, 3, 3},
		"single":        {&dualstack.VpcProps{Azs: 3, Nat: dualstack.NatSingle}, 1, 1},
		"regional":      {&dualstack.VpcProps{Azs: 3, Nat: dualstack.NatRegional}, 1, 0},
		"none":          {&dualstack.VpcProps{Azs: 3, Nat: dualstack.NatNone, AcknowledgeNoIPv4Egress: true}, 0, 0},
		"own addresses": {&dualstack.VpcProps{NatAllocationIDs: []string{"eipalloc-a", "eipalloc-b"}}, 2, 0},
		"own, regional": {&dualstack.VpcProps{Nat: dualstack.NatRegional, NatAllocationIDs: []string{"eipalloc-a", "eipalloc-b"}}, 1, 0},
	} {
		tpl := vpcTemplate(t, c.props)
		gateways := tpl.of("AWS::EC2::NatGateway")
		if len(gateways) != c.gateways || len(tpl.of("AWS::EC2::EIP")) != c.eips {
			t.Errorf("%s: %d gateways and %d addresses, want %d and %d", name, len(gateways), len(tpl.of("AWS::EC2::EIP")), c.gateways, c.eips)
		}
		attachment, _ := tpl.one(t, "AWS::EC2::VPCGatewayAttachment")
		for i, id := range gateways {
			nat := tpl.Resources[id].Properties
			if !tpl.waitsFor(id, attachment) {
				t.Errorf("%s: %s does not wait for the internet gateway's attachment", name, id)
			}
			if c.props.Nat == dualstack.NatRegional {
				if nat["AvailabilityMode"] != "regional" || nat["SubnetId"] != nil || nat["VpcId"] == nil {
					t.Errorf("%s: %s", name, js(nat))
				}
				continue
			}
			if !strings.Contains(js(nat["SubnetId"]), "PublicSubnet") {
				t.Errorf("%s: %s is not in a public subnet: %s", name, id, js(nat))
			}
			for _, private := range tpl.of("AWS::EC2::Subnet") { // each zone's own gateway
				if c.gateways == 3 && strings.Contains(private, fmt.Sprintf("PrivateSubnet%d", i+1)) && routesOf(t, tpl, private)["0.0.0.0/0<nil>"] != "NatGatewayId "+id {
					t.Errorf("%s: %s does not use its zone's gateway %s", name, private, id)
				}
			}
		}
		if len(c.props.NatAllocationIDs) > 0 && strings.Count(string(tpl.text), "eipalloc-") != 2 {
			t.Errorf("%s: the given addresses are not used", name)
		}
	}
}

func TestIPv6Sources(t *testing.T) {
	for name, c := range map[string]struct {
		source dualstack.IPv6Source
		want   map[string]any
	}{
		"Amazon":       {dualstack.IPv6Source{}, map[string]any{"AmazonProvidedIpv6CidrBlock": true}},
		"border group": {dualstack.IPv6Source{NetworkBorderGroup: "us-west-2-lax-1"}, map[string]any{"AmazonProvidedIpv6CidrBlock": true, "Ipv6CidrBlockNetworkBorderGroup": "us-west-2-lax-1"}},
		"IPAM":         {dualstack.IPv6Source{IpamPoolID: "ipam-pool-1"}, map[string]any{"Ipv6IpamPoolId": "ipam-pool-1", "Ipv6NetmaskLength": 56.0}},
		"BYOIP":        {dualstack.IPv6Source{PoolID: "pool-1", Cidr: netip.MustParsePrefix("2001:db8::/52")}, map[string]any{"Ipv6Pool": "pool-1", "Ipv6CidrBlock": "2001:db8::/52"}},
	} {
		_, block := vpcTemplate(t, &dualstack.VpcProps{IPv6: c.source}).one(t, "AWS::EC2::VPCCidrBlock")
		delete(block.Properties, "VpcId")
		if diff := cmp.Diff(c.want, block.Properties); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestEndpoints(t *testing.T) {
	tpl := vpcTemplate(t, &dualstack.VpcProps{GatewayEndpoints: dualstack.GatewayS3AndDynamoDB, InterfaceEndpoints: dualstack.EKSEndpoints()})
	gateways := 0
	for _, id := range tpl.of("AWS::EC2::VPCEndpoint") {
		p := tpl.Resources[id].Properties
		service := js(p["ServiceName"])
		want := "dualstack"
		for _, ipv4 := range []string{".ecr.api", ".ecr.dkr", ".ec2\"", ".eks\"", ".elasticloadbalancing", ".dynamodb"} { // no, or disputed: internal/aws
			if strings.Contains(service, ipv4) {
				want = "ipv4"
			}
		}
		if p["IpAddressType"] != want {
			t.Errorf("%s: IpAddressType %v, want %s", service, p["IpAddressType"], want)
		}
		if p["VpcEndpointType"] == "Gateway" {
			gateways++
			if n := len(p["RouteTableIds"].([]any)); n != 4 {
				t.Errorf("%s is in %d route tables, want all 4", service, n)
			}
		} else if n := len(p["SubnetIds"].([]any)); n != 2 || !strings.Contains(js(p["SubnetIds"]), "Private") {
			t.Errorf("%s is in %s, want the two private subnets", service, js(p["SubnetIds"]))
		}
	}
	if n := len(tpl.of("AWS::EC2::VPCEndpoint")); gateways != 2 || n != 2+len(dualstack.EKSEndpoints()) {
		t.Errorf("%d endpoints, %d of them gateways", n, gateways)
	}
	id, group := tpl.one(t, "AWS::EC2::SecurityGroup")
	ingress := js(group.Properties["SecurityGroupIngress"])
	for _, want := range []string{`"CidrIp":{"Fn::GetAtt":["Network1C6012B5","CidrBlock"]}`, `"CidrIpv6":{"Fn::Select":[0,{"Fn::GetAtt":["Network1C6012B5","Ipv6CidrBlocks"]}]}`, `"FromPort":443`} {
		if !strings.Contains(ingress, want) {
			t.Errorf("the endpoints' group lacks %s: %s", want, ingress)
		}
	}
	block, _ := tpl.one(t, "AWS::EC2::VPCCidrBlock")
	if !tpl.waitsFor(id, block) {
		t.Error("the endpoints' group uses the VPC's IPv6 block and does not wait for it")
	}
	if _, s3 := vpcTemplate(t, nil).one(t, "AWS::EC2::VPCEndpoint"); !strings.Contains(js(s3.Properties["ServiceName"]), ".s3") || s3.Properties["IpAddressType"] != "dualstack" {
		t.Errorf("the default VPC's endpoint: %s", js(s3.Properties))
	}
	if n := len(vpcTemplate(t, &dualstack.VpcProps{GatewayEndpoints: dualstack.GatewayNone}).of("AWS::EC2::VPCEndpoint")); n != 0 {
		t.Errorf("%d endpoints with GatewayNone", n)
	}
}

// What a user asks for wins over the table of documented families.
func TestEndpointFamiliesByHand(t *testing.T) {
	tpl := vpcTemplate(t, &dualstack.VpcProps{GatewayEndpoints: dualstack.GatewayNone, InterfaceEndpoints: []dualstack.InterfaceEndpoint{
		{Service: "sts", IPv4Only: true}, {Service: "ecr.api", DualStack: true}, {Service: "unheard-of"},
	}})
	for service, want := range map[string]string{".sts": "ipv4", ".ecr.api": "dualstack", ".unheard-of": "ipv4"} {
		if _, e := tpl.find(t, "AWS::EC2::VPCEndpoint", "ServiceName", service); e.Properties["IpAddressType"] != want {
			t.Errorf("%s: %v, want %s", service, e.Properties["IpAddressType"], want)
		}
	}
}

// A restricted endpoint lets the account's principals through, and what works without one.
func TestRestrictedEndpoints(t *testing.T) {
	tpl := vpcTemplate(t, &dualstack.VpcProps{RestrictEndpoints: true, InterfaceEndpoints: dualstack.EKSEndpoints(), GatewayEndpoints: dualstack.GatewayS3AndDynamoDB})
	for _, id := range tpl.of("AWS::EC2::VPCEndpoint") {
		p := tpl.Resources[id].Properties
		service, policy := js(p["ServiceName"]), js(p["PolicyDocument"])
		if !strings.Contains(policy, `{"StringEquals":{"aws:PrincipalAccount":{"Ref":"AWS::AccountId"}}}`) {
			t.Errorf("%s: %s", service, policy)
		}
		open := strings.Count(policy, `"Effect":"Allow"`)
		switch {
		case strings.Contains(service, ".s3"):
			for _, want := range []string{"starport-layer-bucket/*", "al2023-repos-", "cloudformation-custom-resource-response-*/*", "s3:PutObject"} {
				if !strings.Contains(policy, want) {
					t.Errorf("S3's policy lacks %s: %s", want, policy)
				}
			}
		case strings.Contains(service, ".sts"):
			if open != 2 || !strings.Contains(policy, "sts:AssumeRoleWithWebIdentity") {
				t.Errorf("STS's policy: %s", policy)
			}
		case open != 1:
			t.Errorf("%s: %s", service, policy)
		}
	}
	if p := js(vpcTemplate(t, nil).Resources["NetworkS3C0D10ADE"].Properties["PolicyDocument"]); p != "null" {
		t.Errorf("an endpoint that nobody restricted has the policy %s", p)
	}
}

func TestFlowLogs(t *testing.T) {
	tpl := vpcTemplate(t, &dualstack.VpcProps{FlowLogs: &dualstack.FlowLogs{}})
	_, log := tpl.one(t, "AWS::EC2::FlowLog")
	ref, _ := log.at("LogGroupName", "Ref").(string)
	group := tpl.Resources[ref]
	if log.Properties["LogDestinationType"] != "cloud-watch-logs" || log.Properties["TrafficType"] != "ALL" || group.Properties["RetentionInDays"] != 90.0 {
		t.Errorf("%s, %s", js(log.Properties), js(group.Properties))
	}
	tpl = synthStack(t, func(stack awscdk.Stack) {
		bucket := awss3.NewBucket(stack, jsiix.Str("Bucket"), nil)
		dualstack.NewVpc(stack, "Network", &dualstack.VpcProps{FlowLogs: &dualstack.FlowLogs{Bucket: bucket, RejectedOnly: true}})
	})
	_, log = tpl.one(t, "AWS::EC2::FlowLog")
	if log.Properties["LogDestinationType"] != "s3" || log.Properties["TrafficType"] != "REJECT" || len(tpl.of("AWS::Logs::LogGroup")) != len(tpl.logGroups(t)) {
		t.Errorf("%s", js(log.Properties))
	}
}

func TestVpcOptions(t *testing.T) {
	tpl := vpcTemplate(t, &dualstack.VpcProps{
		SecondaryCidrs:               []netip.Prefix{netip.MustParsePrefix("100.64.0.0/16"), netip.MustParsePrefix("10.1.0.0/16")},
		RestrictDefaultSecurityGroup: true,
		Tune: func(p *awsec2.VpcProps) {
			p.VpcName = jsiix.Str("tuned")
		},
	})
	if ids := tpl.of("AWS::EC2::VPCCidrBlock"); len(ids) != 3 {
		t.Errorf("%d associations, want the IPv6 block and two IPv4 ranges", len(ids))
	}
	if len(tpl.of("Custom::VpcRestrictDefaultSG")) != 1 {
		t.Error("the default security group is not restricted")
	}
	_, vpc := tpl.one(t, "AWS::EC2::VPC")
	if tagsOf(vpc)["Name"] != "tuned" || vpc.Properties["EnableDnsSupport"] != true || vpc.Properties["EnableDnsHostnames"] != true {
		t.Errorf("%s", js(vpc.Properties))
	}
	if n := len(tpl.of("AWS::EC2::NatGateway")); n != 2 {
		t.Errorf("%d NAT gateways, want one in each zone", n)
	}
}

// What comes from fields, and what EKS cannot do without, is refused.
func TestVpcTuneRefuses(t *testing.T) {
	app, _ := newApp(t)
	stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
	mustPanic(t, func() {
		dualstack.NewVpc(stack, "A", &dualstack.VpcProps{Tune: func(p *awsec2.VpcProps) {
			p.IpProtocol = awsec2.IpProtocol_IPV4_ONLY
			p.NatGateways = jsiix.Num(1)
			p.MaxAzs = jsiix.Num(3)
			p.EnableDnsSupport = jsiix.Bool(false)
			p.SubnetConfiguration = nil
			p.VpcName = jsiix.Str("free")
		}})
	}, `dualstack.NewVpc S/A: Tune.EnableDnsSupport: false: nodes find`, `Tune.IpProtocol: "IPV4_ONLY": EKS wants subnets of both families`, "Tune.MaxAzs: 3: want VpcProps.Azs",
		"Tune.NatGateways: 1: want VpcProps.Nat", "Tune.SubnetConfiguration: none: want")
	mustPanic(t, func() {
		dualstack.NewVpc(stack, "B", &dualstack.VpcProps{InterfaceEndpoints: []dualstack.InterfaceEndpoint{{Service: "sts"}, {Service: "ec2", Tune: func(p *awsec2.InterfaceVpcEndpointOptions) {
			p.IpAddressType = awsec2.VpcEndpointIpAddressType_IPV6
		}}}})
	}, `dualstack.NewVpc S/B: InterfaceEndpoints[1].Tune.IpAddressType: "IPV6": want InterfaceEndpoint.IPv4Only or DualStack`)
}

func TestEndpointAndFlowLogTune(t *testing.T) {
	tpl := vpcTemplate(t, &dualstack.VpcProps{
		InterfaceEndpoints: []dualstack.InterfaceEndpoint{{Service: "sts", Tune: func(p *awsec2.InterfaceVpcEndpointOptions) { p.PrivateDnsEnabled = jsiix.Bool(false) }}},
		FlowLogs:           &dualstack.FlowLogs{Tune: func(p *awsec2.FlowLogOptions) { p.LogFormat = jsiix.List(awsec2.LogFormat_DST_PORT()) }},
	})
	_, log := tpl.one(t, "AWS::EC2::FlowLog")
	_, endpoint := tpl.find(t, "AWS::EC2::VPCEndpoint", "VpcEndpointType", "Interface")
	if log.Properties["LogFormat"] != "${dstport}" || endpoint.Properties["PrivateDnsEnabled"] != false {
		t.Errorf("%s, %s", js(log.Properties), js(endpoint.Properties))
	}
}

// The app's feature flag decides, unless a user asks for a closed group.
func TestDefaultSecurityGroup(t *testing.T) {
	for _, c := range []struct {
		flag, field, tuned, want bool
	}{{false, false, false, false}, {true, false, false, true}, {false, true, false, true}, {true, false, true, false}} {
		app, out := newApp(t)
		app.Node().SetContext(jsiix.Str("@aws-cdk/aws-ec2:restrictDefaultSecurityGroup"), c.flag)
		stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
		p := &dualstack.VpcProps{RestrictDefaultSecurityGroup: c.field}
		if c.tuned {
			p.Tune = func(p *awsec2.VpcProps) { p.RestrictDefaultSecurityGroup = jsiix.Bool(false) }
		}
		dualstack.NewVpc(stack, "Network", p)
		app.Synth(nil)
		text, err := os.ReadFile(filepath.Join(out, "S.template.json"))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(text), "Custom::VpcRestrictDefaultSG"); got != c.want {
			t.Errorf("flag %v, field %v, tuned off %v: closed %v", c.flag, c.field, c.tuned, got)
		}
	}
}

func TestRouteEgressOnly(t *testing.T) {
	tpl := synthStack(t, func(stack awscdk.Stack) {
		v := dualstack.NewVpc(stack, "Network", nil)
		own := awsec2.NewSubnet(stack, jsiix.Str("Own"), &awsec2.SubnetProps{
			VpcId: v.L2.VpcId(), AvailabilityZone: jsiix.Str("eu-west-1a"), CidrBlock: jsiix.Str("10.0.224.0/24"),
		})
		v.RouteEgressOnly(own)
	})
	for _, id := range tpl.of("AWS::EC2::Subnet") {
		if strings.HasPrefix(id, "Own") && !strings.HasPrefix(routesOf(t, tpl, id)["<nil>::/0"], "EgressOnlyInternetGatewayId") {
			t.Errorf("%s: %v", id, routesOf(t, tpl, id))
		}
	}
}

// Another team's stock cluster in this VPC must not spread the tags either.
func TestRoleTagsSurviveTheStockCluster(t *testing.T) {
	tpl := synthStack(t, func(stack awscdk.Stack) {
		awseksv2.NewCluster(stack, jsiix.Str("Cluster"), &awseksv2.ClusterProps{
			Version: awseksv2.KubernetesVersion_V1_34(), Vpc: dualstack.NewVpc(stack, "Network", nil).L2,
		})
	})
	checkRoleTags(t, "stock cluster", tpl)
}

func TestNewVpcPanicsWithThePath(t *testing.T) {
	app, _ := newApp(t)
	stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
	mustPanic(t, func() { dualstack.NewVpc(stack, "Network", &dualstack.VpcProps{Azs: 1}) }, "dualstack.NewVpc S/Network: Azs: want 2 to 6 zones")
}
