package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// These tests hold what is read of a property that decides over packets, and of its absence. Each is the only one that some fault of a
// reader fails: internal/seeded has the faults.

// spelledRules writes the rules of one direction of a group, in order.
func spelledRules(list []*Rule) string {
	var out []string
	for _, r := range list {
		peer := r.Prefix.String()
		switch {
		case r.Unknown != "":
			peer = "unknown " + r.Unknown
		case r.Group != nil:
			peer = r.Group.String()
		case r.List != nil:
			peer = fmt.Sprint(r.List.Entries)
		}
		what := r.Proto.String()
		if r.Proto == TCP || r.Proto == UDP {
			what += fmt.Sprintf(" %d-%d", r.From, r.To)
		}
		out = append(out, what+" "+peer)
	}
	return strings.Join(out, "; ")
}

// TestReadRules reads groups of a VPC with both families. G is the group.
func TestReadRules(t *testing.T) {
	t.Parallel()
	const everything = "all 0.0.0.0/0; all ::/0"
	group := func(props string) string {
		return "  G: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref Vpc, GroupDescription: g" + props + "}}\n"
	}
	separate := func(direction, props string) string {
		return "  R: {Type: AWS::EC2::SecurityGroup" + direction + ", Properties: {GroupId: !Ref G, " + props + "}}\n"
	}
	const lists = `
  ListFour: {Type: AWS::EC2::PrefixList, Properties: {AddressFamily: IPv4, MaxEntries: 2, PrefixListName: four, Entries: [{Cidr: 192.0.2.0/24}, {Cidr: 198.51.100.0/24}]}}
  ListSix: {Type: AWS::EC2::PrefixList, Properties: {AddressFamily: IPv6, MaxEntries: 2, PrefixListName: six, Entries: [{Cidr: '2001:db8:a::/48'}, {Cidr: '2001:db8:b::/48'}]}}
`
	const fours, sixes = "[192.0.2.0/24 198.51.100.0/24]", "[2001:db8:a::/48 2001:db8:b::/48]"
	const other = "  Other: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref Vpc, GroupDescription: other}}\n"
	for _, c := range []struct{ name, resources, ingress, egress string }{
		{"no rule", group(""), "", everything},
		{"an empty egress", group(", SecurityGroupEgress: []"), "", everything},
		{"a separate egress", group("") + separate("Egress", "IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIpv6: '::/0'"), "", "tcp 443-443 ::/0"},
		{"an egress of its own", group(", SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]"), "", "tcp 443-443 0.0.0.0/0"},
		{"a prefix list as source", lists + group(", SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, SourcePrefixListId: !Ref ListFour}]"), "tcp 22-22 " + fours, everything},
		{"a prefix list of IPv6 as source", lists + group("") + separate("Ingress", "IpProtocol: tcp, FromPort: 22, ToPort: 22, SourcePrefixListId: !GetAtt ListSix.PrefixListId"), "tcp 22-22 " + sixes, everything},
		{"a prefix list of IPv6 as destination", lists + group(", SecurityGroupEgress: [{IpProtocol: '-1', DestinationPrefixListId: !Ref ListSix}]"), "", "all " + sixes},
		{"a group as destination", other + group(", SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 5432, ToPort: 5432, DestinationSecurityGroupId: !GetAtt Other.GroupId}]"), "", "tcp 5432-5432 Other"},
		{"a group as destination, separate", other + group(", SecurityGroupEgress: [{IpProtocol: udp, FromPort: 53, ToPort: 53, CidrIp: 10.0.0.2/32}]") +
			separate("Egress", "IpProtocol: tcp, FromPort: 5432, ToPort: 5432, DestinationSecurityGroupId: !Ref Other"), "", "udp 53-53 10.0.0.2/32; tcp 5432-5432 Other"},
		{"ICMPv6 by name, every type", group(", SecurityGroupIngress: [{IpProtocol: icmpv6, FromPort: -1, ToPort: -1, CidrIpv6: '::/0'}]"), "icmpv6 ::/0", everything},
		{"ICMPv6 by number", group(", SecurityGroupIngress: [{IpProtocol: 58, FromPort: -1, ToPort: -1, CidrIpv6: '::/0'}]"), "icmpv6 ::/0", everything},
		{"ICMP", group(", SecurityGroupIngress: [{IpProtocol: icmp, FromPort: -1, ToPort: -1, CidrIp: 0.0.0.0/0}]"), "icmp 0.0.0.0/0", everything},
		{"every port by -1", group(", SecurityGroupIngress: [{IpProtocol: tcp, FromPort: -1, ToPort: -1, CidrIp: 0.0.0.0/0}]"), "tcp 0-65535 0.0.0.0/0", everything},
		{"every port by their absence", group(", SecurityGroupIngress: [{IpProtocol: udp, CidrIp: 0.0.0.0/0}]"), "udp 0-65535 0.0.0.0/0", everything},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := build(t, vpc+six+c.resources)
			g := n.SecurityGroups[slices.IndexFunc(n.SecurityGroups, func(g *SecurityGroup) bool { return g.LogicalID == "G" })]
			if in, out := spelledRules(g.Ingress), spelledRules(g.Egress); in != c.ingress || out != c.egress {
				t.Errorf("ingress %q, egress %q, want %q and %q", in, out, c.ingress, c.egress)
			}
		})
	}
}

// TestDefaultGroup: what has no security group has the VPC's own, which admits itself unless CDK restricts it.
func TestDefaultGroup(t *testing.T) {
	t.Parallel()
	const hosts = `
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
  Own: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref Vpc, GroupDescription: own}}
  None: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref A}}
  Named: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref A, SecurityGroupIds: [!GetAtt Vpc.DefaultSecurityGroup]}}
  Other: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref A, SecurityGroupIds: [!GetAtt Own.GroupId]}}
  Mount: {Type: AWS::EFS::MountTarget, Properties: {FileSystemId: fs-1, SubnetId: !Ref A}}
  Endpoint: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Vpc, VpcEndpointType: Interface, ServiceName: com.amazonaws.eu-west-1.sts, SubnetIds: [!Ref A]}}
  Alb: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Subnets: [!Ref A, !Ref B]}}
  Nlb: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Type: network, Subnets: [!Ref A, !Ref B]}}
`
	const restricted = "  Restricted: {Type: Custom::VpcRestrictDefaultSG, Properties: {DefaultSecurityGroupId: !GetAtt Vpc.DefaultSecurityGroup}}\n"
	for _, c := range []struct{ name, resources, ingress, egress string }{
		{"admits itself, and lets all out", vpc + six + hosts, "all default security group of Vpc", "all 0.0.0.0/0; all ::/0"},
		{"lets out IPv4 only where the VPC has no IPv6", vpc + hosts, "all default security group of Vpc", "all 0.0.0.0/0"},
		{"restricted", vpc + six + hosts + restricted, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := build(t, c.resources)
			v := n.VPCs[0]
			if in, out := spelledRules(v.DefaultGroup.Ingress), spelledRules(v.DefaultGroup.Egress); in != c.ingress || out != c.egress {
				t.Errorf("ingress %q, egress %q, want %q and %q", in, out, c.ingress, c.egress)
			}
			has := map[string][]*SecurityGroup{"Endpoint": v.Endpoints[0].Groups}
			for _, h := range n.Hosts {
				has[h.LogicalID] = h.Groups
			}
			for _, l := range n.LoadBalancers {
				has[l.LogicalID] = l.Groups
			}
			for id, groups := range has {
				want := []*SecurityGroup{v.DefaultGroup}
				switch id {
				case "Other":
					want = []*SecurityGroup{n.SecurityGroups[slices.IndexFunc(n.SecurityGroups, func(g *SecurityGroup) bool { return g.LogicalID == "Own" })]}
				case "Nlb": // without groups nothing filters it
					want = nil
				}
				if !slices.Equal(groups, want) {
					t.Errorf("%s has the groups %v, want %v", id, groups, want)
				}
			}
		})
	}
}

// TestTransitDefaults: attachments are associated with the default table and propagate to it, unless the gateway says otherwise.
func TestTransitDefaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		props      string
		associated bool
		routes     int
	}{
		{"{}", true, 1},
		{"{DefaultRouteTableAssociation: enable, DefaultRouteTablePropagation: enable}", true, 1},
		{"{DefaultRouteTableAssociation: disable}", false, 1},
		{"{DefaultRouteTablePropagation: disable}", true, 0},
		{"{DefaultRouteTableAssociation: disable, DefaultRouteTablePropagation: disable}", false, -1},
	} {
		n := build(t, vpc+`
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}
  Transit: {Type: AWS::EC2::TransitGateway, Properties: `+c.props+`}
  Attachment: {Type: AWS::EC2::TransitGatewayAttachment, Properties: {TransitGatewayId: !Ref Transit, VpcId: !Ref Vpc, SubnetIds: [!Ref A]}}
`)
		g := n.TransitGateways[0]
		routes := -1
		if g.Default != nil {
			routes = len(g.Default.Routes)
		}
		if a := g.Attachments[0]; (a.Table != nil) != c.associated || c.associated && a.Table != g.Default || routes != c.routes {
			t.Errorf("%s: associated with %v, %d routes in the default table; want %v, %d", c.props, a.Table, routes, c.associated, c.routes)
		}
	}
}

// TestSeveralIPv6Blocks: each block of a VPC has a range of its own, and Ipv6CidrBlocks has them in order.
func TestSeveralIPv6Blocks(t *testing.T) {
	t.Parallel()
	n := build(t, vpc+six+`
  More: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, AmazonProvidedIpv6CidrBlock: true}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, Ipv6CidrBlock: !Select [0, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24, Ipv6CidrBlock: !Select [0, !Cidr [!Select [1, !GetAtt Vpc.Ipv6CidrBlocks], 4, 64]]}}
`)
	v := n.VPCs[0]
	var got []string
	for _, p := range v.Prefixes(IPv6) {
		got = append(got, p.String())
	}
	for _, s := range v.Subnets {
		got = append(got, s.IPv6.String())
	}
	if diff := cmp.Diff([]string{"2001:db8:1:100::/56", "2001:db8:1:200::/56", "2001:db8:1:100::/64", "2001:db8:1:200::/64"}, got); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
	for _, a := range []string{"2001:db8:1:100::1", "2001:db8:1:200::1"} {
		if b, ok := v.Contains(netip.MustParseAddr(a)); !ok {
			t.Errorf("%s is in no block of the VPC: %v", a, b)
		}
	}
}

// TestAutomaticAddresses: which addresses an instance has that asks for none, or for some.
func TestAutomaticAddresses(t *testing.T) {
	t.Parallel()
	const dual = "CidrBlock: 10.0.0.0/24, Ipv6CidrBlock: '2001:db8:1:100::/64'"
	for _, c := range []struct {
		name, subnet, instance string
		six, public            bool
	}{
		{"the subnet assigns none", dual, "SubnetId: !Ref A", false, false},
		{"the subnet assigns IPv6", dual + ", AssignIpv6AddressOnCreation: true", "SubnetId: !Ref A", true, false},
		{"the subnet that assigns IPv6 has none", "CidrBlock: 10.0.0.0/24, AssignIpv6AddressOnCreation: true", "SubnetId: !Ref A", false, false},
		{"an IPv6-only subnet assigns by itself", "Ipv6Native: true, Ipv6CidrBlock: '2001:db8:1:100::/64'", "SubnetId: !Ref A", true, false},
		{"an IPv6-only subnet that does not", "Ipv6Native: true, Ipv6CidrBlock: '2001:db8:1:100::/64', AssignIpv6AddressOnCreation: false", "SubnetId: !Ref A", false, false},
		{"the instance asks for IPv6", dual, "SubnetId: !Ref A, Ipv6AddressCount: 1", true, false},
		{"its interface asks for IPv6", dual, "NetworkInterfaces: [{DeviceIndex: '0', SubnetId: !Ref A, Ipv6AddressCount: 1}]", true, false},
		{"an interface of the template's own is assigned IPv6 by its subnet", dual + ", AssignIpv6AddressOnCreation: true", "NetworkInterfaces: [{DeviceIndex: '0', SubnetId: !Ref A}]", true, false},
		{"the subnet assigns public IPv4", dual + ", MapPublicIpOnLaunch: true", "SubnetId: !Ref A", false, true},
		{"the interface asks for public IPv4", dual, "NetworkInterfaces: [{DeviceIndex: '0', SubnetId: !Ref A, AssociatePublicIpAddress: true}]", false, true},
		{"the interface refuses public IPv4", dual + ", MapPublicIpOnLaunch: true", "NetworkInterfaces: [{DeviceIndex: '0', SubnetId: !Ref A, AssociatePublicIpAddress: false}]", false, false},
		{"another interface asks for it", dual, "NetworkInterfaces: [{DeviceIndex: '0', SubnetId: !Ref A}, {DeviceIndex: '1', SubnetId: !Ref A, AssociatePublicIpAddress: true}]", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := build(t, vpc+six+"  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, "+c.subnet+"}}\n  I: {Type: AWS::EC2::Instance, Properties: {"+c.instance+"}}\n")
			if h := n.Hosts[0]; h.IPv6 != c.six || h.PublicIPv4 != c.public {
				t.Errorf("IPv6 %v, public IPv4 %v; want %v, %v", h.IPv6, h.PublicIPv4, c.six, c.public)
			}
			if s := n.VPCs[0].Subnets[0]; strings.Contains(c.subnet, "Ipv6Native") && s.IPv4.IsValid() {
				t.Errorf("the IPv6-only subnet has %s", s.IPv4)
			}
		})
	}
}

// TestNATAddresses: a private NAT gateway has no public address, nor has a public one without an allocation.
func TestNATAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		props                  string
		private, public, lacks bool
	}{
		{"AllocationId: eipalloc-1", false, true, false},
		{"ConnectivityType: public, AllocationId: eipalloc-1", false, true, false},
		{"ConnectivityType: private", true, false, false},
		{"ConnectivityType: public", false, false, true},
	} {
		n := build(t, vpc+"  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}\n  Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref A, "+c.props+"}}\n")
		g := n.VPCs[0].NATs[0]
		if g.Private != c.private || g.Public.IsValid() != c.public || g.NoAddress != c.lacks {
			t.Errorf("%s: private %v, public address %s, lacks one %v", c.props, g.Private, g.Public, g.NoAddress)
		}
	}
}

// TestEndpointFamilies: an endpoint speaks IPv4 unless it says otherwise.
func TestEndpointFamilies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		props     string
		gateway   bool
		four, six bool
		entries   int
	}{
		{"ServiceName: com.amazonaws.eu-west-1.s3", true, true, false, 1},
		{"ServiceName: com.amazonaws.eu-west-1.s3, VpcEndpointType: Gateway, IpAddressType: dualstack", true, true, true, 2},
		{"ServiceName: com.amazonaws.eu-west-1.s3, VpcEndpointType: Gateway, IpAddressType: ipv6", true, false, true, 1},
		{"ServiceName: com.amazonaws.eu-west-1.sts, VpcEndpointType: Interface", false, true, false, 0},
		{"ServiceName: com.amazonaws.eu-west-1.sts, VpcEndpointType: Interface, IpAddressType: dualstack", false, true, true, 0},
		{"ServiceName: com.amazonaws.eu-west-1.sts, VpcEndpointType: Interface, IpAddressType: ipv6", false, false, true, 0},
	} {
		e := build(t, vpc+six+"  E: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Vpc, "+c.props+"}}\n").VPCs[0].Endpoints[0]
		entries := 0
		if e.PrefixList != nil {
			entries = len(e.PrefixList.Entries)
		}
		if e.Gateway != c.gateway || e.Speaks(IPv4) != c.four || e.Speaks(IPv6) != c.six || entries != c.entries {
			t.Errorf("%s: gateway %v, IPv4 %v, IPv6 %v, %d addresses", c.props, e.Gateway, e.Speaks(IPv4), e.Speaks(IPv6), entries)
		}
	}
}

// TestReadHosts: the port and the IPv6 of what is no instance.
func TestReadHosts(t *testing.T) {
	t.Parallel()
	const where = `
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, Ipv6CidrBlock: '2001:db8:1:100::/64', AssignIpv6AddressOnCreation: true}}
  Databases: {Type: AWS::RDS::DBSubnetGroup, Properties: {DBSubnetGroupDescription: d, SubnetIds: [!Ref A]}}
  Caches: {Type: AWS::ElastiCache::SubnetGroup, Properties: {Description: c, SubnetIds: [!Ref A]}}
`
	for _, c := range []struct {
		resource string
		port     uint16
		six      bool
	}{
		{"AWS::RDS::DBInstance, Properties: {DBSubnetGroupName: !Ref Databases, Engine: postgres}", 5432, false},
		{"AWS::RDS::DBInstance, Properties: {DBSubnetGroupName: !Ref Databases, Engine: mysql, NetworkType: DUAL}", 3306, true},
		{"AWS::RDS::DBInstance, Properties: {DBSubnetGroupName: !Ref Databases, Engine: mariadb, NetworkType: IPV4}", 3306, false},
		{"AWS::RDS::DBInstance, Properties: {DBSubnetGroupName: !Ref Databases, Engine: oracle-ee}", 1521, false},
		{"AWS::RDS::DBInstance, Properties: {DBSubnetGroupName: !Ref Databases, Engine: sqlserver-web}", 1433, false},
		{"AWS::RDS::DBInstance, Properties: {DBSubnetGroupName: !Ref Databases, Engine: postgres, Port: '6000'}", 6000, false},
		{"AWS::RDS::DBCluster, Properties: {DBSubnetGroupName: !Ref Databases, Engine: aurora-postgresql}", 5432, false},
		{"AWS::RDS::DBCluster, Properties: {DBSubnetGroupName: !Ref Databases, Engine: aurora-mysql, NetworkType: DUAL}", 3306, true},
		{"AWS::RDS::DBCluster, Properties: {DBSubnetGroupName: !Ref Databases, Engine: aurora-mysql, Port: 3307}", 3307, false},
		{"AWS::ElastiCache::ReplicationGroup, Properties: {CacheSubnetGroupName: !Ref Caches}", 6379, false},
		{"AWS::ElastiCache::ReplicationGroup, Properties: {CacheSubnetGroupName: !Ref Caches, Port: 6380, NetworkType: dual_stack}", 6380, true},
		{"AWS::ElastiCache::ReplicationGroup, Properties: {CacheSubnetGroupName: !Ref Caches, NetworkType: ipv6}", 6379, true},
		{"AWS::EFS::MountTarget, Properties: {SubnetId: !Ref A, FileSystemId: fs-1}", 2049, false},
		{"AWS::EFS::MountTarget, Properties: {SubnetId: !Ref A, FileSystemId: fs-1, IpAddressType: DUAL_STACK}", 2049, true},
		{"AWS::Lambda::Function, Properties: {VpcConfig: {SubnetIds: [!Ref A], SecurityGroupIds: [sg-1]}}", 0, false},
		{"AWS::Lambda::Function, Properties: {VpcConfig: {SubnetIds: [!Ref A], SecurityGroupIds: [sg-1], Ipv6AllowedForDualStack: true}}", 0, true},
	} {
		n := build(t, vpc+six+where+"  H: {Type: "+c.resource+"}\n")
		if len(n.Hosts) != 1 || n.Hosts[0].Port != c.port || n.Hosts[0].IPv6 != c.six || len(n.Hosts[0].Subnets) != 1 {
			t.Errorf("%s: %+v, want port %d, IPv6 %v", c.resource, n.Hosts, c.port, c.six)
		}
	}
}

// TestReadLoadBalancers: what a load balancer of a template is unless it says otherwise, and what its listeners forward to.
func TestReadLoadBalancers(t *testing.T) {
	t.Parallel()
	n := build(t, vpc+six+`
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
  Default: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Subnets: [!Ref A, !Ref B]}}
  Facing: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Scheme: internet-facing, Subnets: [!Ref A, !Ref B]}}
  Internal: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Scheme: internal, Subnets: [!Ref A, !Ref B]}}
  Mapped: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Type: network, SubnetMappings: [{SubnetId: !Ref B, AllocationId: e-1}, {SubnetId: !Ref A, AllocationId: e-2}]}}
  One: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref Vpc, Port: 80, Protocol: HTTP}}
  Two: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref Vpc, Port: 81, Protocol: HTTP}}
  Three: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref Vpc, Port: 82, Protocol: HTTP}}
  Four: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref Vpc, Port: 83, Protocol: HTTP}}
  Listener: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Default, Port: 80, Protocol: HTTP, DefaultActions: [{Type: forward, TargetGroupArn: !Ref One}]}}
  Rule: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref Listener, Priority: 1, Conditions: [], Actions: [{Type: forward, TargetGroupArn: !Ref Two}]}}
  Weighted: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref Listener, Priority: 2, Conditions: [], Actions: [{Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Three}, {TargetGroupArn: !Ref Four}]}}]}}
`)
	got := map[string]string{}
	for _, l := range n.LoadBalancers {
		var subnets, targets []string
		for _, s := range l.Subnets {
			subnets = append(subnets, s.LogicalID)
		}
		for _, li := range l.Listeners {
			for _, tg := range li.Targets {
				targets = append(targets, tg.LogicalID)
			}
		}
		got[l.LogicalID] = strings.TrimSpace(fmt.Sprintf("internal %v, %s, in %s %s", l.Internal, l.AddressType, strings.Join(subnets, " "), strings.Join(targets, " ")))
	}
	if diff := cmp.Diff(map[string]string{
		"Default":  "internal false, ipv4, in A B One Two Three Four",
		"Facing":   "internal false, ipv4, in A B",
		"Internal": "internal true, ipv4, in A B",
		"Mapped":   "internal false, ipv4, in B A",
	}, got); diff != "" {
		t.Errorf("load balancers (-want +got):\n%s", diff)
	}
}

// TestSourceRanges: a Service's load balancer lets in those whom it names, else everybody.
func TestSourceRanges(t *testing.T) {
	t.Parallel()
	const annotation = `"service.beta.kubernetes.io/load-balancer-source-ranges":"198.51.100.0/24, 2001:db8:c::/48"`
	for _, c := range []struct{ name, annotations, ranges, want string }{
		{"none", "", "", "tcp 443-443 0.0.0.0/0; tcp 443-443 ::/0"},
		{"of the Service", "", `"loadBalancerSourceRanges":["192.0.2.0/24","2001:db8:b::/48"],`, "tcp 443-443 192.0.2.0/24; tcp 443-443 2001:db8:b::/48"},
		{"of the annotation", "," + annotation, "", "tcp 443-443 198.51.100.0/24; tcp 443-443 2001:db8:c::/48"},
		{"of both", "," + annotation, `"loadBalancerSourceRanges":["192.0.2.0/24"],`, "tcp 443-443 192.0.2.0/24"},
	} {
		n := build(t, chart+manifest(`{"kind":"Service","metadata":{"name":"web","annotations":{"service.beta.kubernetes.io/aws-load-balancer-scheme":"internet-facing","service.beta.kubernetes.io/aws-load-balancer-ip-address-type":"dualstack"`+
			c.annotations+`}},"spec":{"type":"LoadBalancer","loadBalancerClass":"service.k8s.aws/nlb",`+c.ranges+`"ports":[{"port":443}]}}`))
		l := n.LoadBalancers[0]
		if l.Refused != "" || len(l.Groups) == 0 {
			t.Errorf("%s: refused: %s", c.name, l.Refused)
		} else if got := spelledRules(l.Groups[0].Ingress); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestSelected: a Service selects Pods of its own namespace, by all labels that it names.
func TestSelected(t *testing.T) {
	t.Parallel()
	deployment := func(namespace, name, labels string) string {
		return `{"kind":"Deployment","metadata":{"name":"` + name + `","namespace":"` + namespace + `"},"spec":{"template":{"metadata":{"labels":` + labels + `},"spec":{"containers":[]}}}}`
	}
	c := build(t, cluster+manifest(`[`+strings.Join([]string{
		deployment("shop", "web", `{"app":"web","tier":"front"}`),
		deployment("shop", "back", `{"app":"web","tier":"back"}`),
		deployment("bank", "web", `{"app":"web","tier":"front"}`),
		deployment("shop", "other", `{"app":"other","tier":"front"}`),
		`{"kind":"Service","metadata":{"name":"web","namespace":"shop"},"spec":{"selector":{"app":"web","tier":"front"}}}`,
		`{"kind":"Service","metadata":{"name":"none","namespace":"shop"},"spec":{}}`,
	}, ",")+`]`)).Clusters[0]
	for name, want := range map[string]string{"web": "deployment shop/web", "none": ""} {
		var got []string
		for _, w := range c.Selected(c.Object("Service", "shop", name)) {
			got = append(got, w.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("service %s selects %v, want %q", name, got, want)
		}
	}
}
