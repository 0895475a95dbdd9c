package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

// build reads a YAML template of which only the resources are given.
func build(t testing.TB, resources string) *Network {
	t.Helper()
	set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "t.yaml", Data: []byte("Parameters: {P: {Type: String}}\nResources:\n" + resources)})
	if err != nil {
		t.Fatal(err)
	}
	return Read(set)
}

const vpc = `
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
`

const six = `
  Six: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, AmazonProvidedIpv6CidrBlock: true}}
`

func TestBlocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, resources string
		want            []string // prefix, origin, what is marked
	}{
		{"literal", vpc, []string{"10.0.0.0/16 literal"}},
		{"Amazon", vpc + six, []string{"10.0.0.0/16 literal", "2001:db8:1:100::/56 Amazon assumed"}},
		{"secondary", vpc + "  More: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, CidrBlock: 100.64.0.0/16}}\n", []string{"10.0.0.0/16 literal", "100.64.0.0/16 literal"}},
		{"BYOIP", vpc + "  Own: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, Ipv6CidrBlock: '2001:db8:42::/48', Ipv6Pool: p}}\n", []string{"10.0.0.0/16 literal", "2001:db8:42::/48 BYOIP"}},
		{"unique local", vpc + "  Own: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, Ipv6CidrBlock: 'fd12::/56'}}\n", []string{"10.0.0.0/16 literal", "fd12::/56 literal private"}},
		{"IPAM, private scope", vpc + `
  Ipam: {Type: AWS::EC2::IPAM}
  Pool: {Type: AWS::EC2::IPAMPool, Properties: {AddressFamily: ipv6, IpamScopeId: !GetAtt Ipam.PrivateDefaultScopeId}}
  Six: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Vpc, Ipv6IpamPoolId: !Ref Pool, Ipv6NetmaskLength: 52}}
`, []string{"10.0.0.0/16 literal", "2001:db8:1::/52 IPAM assumed private"}},
		{"IPAM for IPv4", "  Vpc: {Type: AWS::EC2::VPC, Properties: {Ipv4IpamPoolId: ipam-pool-1, Ipv4NetmaskLength: 20}}\n", []string{"240.0.0.0/20 IPAM assumed"}},
		{"a parameter", "  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !Ref P}}\n", []string{"invalid Prefix literal unknown P"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := build(t, c.resources)
			var got []string
			for _, b := range n.VPCs[0].Blocks {
				s := fmt.Sprintf("%s %s", b.Prefix, b.Origin)
				if b.Assumed {
					s += " assumed"
				}
				if b.Private {
					s += " private"
				}
				if b.Unknown != "" {
					s += " unknown " + b.Unknown
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("blocks (-want +got):\n%s", diff)
			}
			for _, b := range n.VPCs[0].Blocks {
				if b.Assumed && !slices.ContainsFunc(n.Assumptions, func(a Assumption) bool { return a.Prefix == b.Prefix }) {
					t.Errorf("%s is assumed and no assumption says so", b.Prefix)
				}
			}
		})
	}
}

// TestDocumentation: no two VPCs and no two blocks share a stand-in range.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	var all []netip.Prefix
	for v := range 300 {
		for n := range 3 {
			for _, bits := range []int{44, 48, 56, 60} {
				if bits <= 48 && n > 0 {
					continue // a VPC with several blocks of that size needs more documentation space than there is
				}
				p := documentation(v, n, bits)
				if p.Bits() != bits {
					t.Fatalf("%s has not %d bits", p, bits)
				}
				if bits == 56 {
					all = append(all, p)
				}
			}
		}
	}
	seen := map[netip.Prefix]bool{}
	for _, p := range all {
		if seen[p] {
			t.Fatalf("%s twice", p)
		}
		seen[p] = true
	}
}

func TestSubnets(t *testing.T) {
	t.Parallel()
	n := build(t, vpc+six+`
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  A:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, AvailabilityZone: !Select [0, !GetAZs ''], Ipv6CidrBlock: !Select [2, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 8, 64]], AssignIpv6AddressOnCreation: true, EnableDns64: 'true', Tags: [{Key: kubernetes.io/role/elb, Value: 1}]}
  AssociationA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref A, RouteTableId: !Ref Table}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, Ipv4IpamPoolId: p, Ipv4NetmaskLength: 24, MapPublicIpOnLaunch: true}}
  C: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.255.0/24}}
  CSix: {Type: AWS::EC2::SubnetCidrBlock, Properties: {SubnetId: !Ref C, Ipv6CidrBlock: !Select [3, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 8, 64]]}}
`)
	v := n.VPCs[0]
	a, b, c := v.Subnets[0], v.Subnets[1], v.Subnets[2]
	if a.IPv6.String() != "2001:db8:1:102::/64" || !a.AssignIPv6 || !a.DNS64 || !a.Tags.Has(aws.PublicRoleTag) || a.MainTable || a.RouteTable.LogicalID != "Table" || a.Association.LogicalID != "AssociationA" {
		t.Errorf("A is %+v", a)
	}
	if a.Zone == b.Zone || a.Zone == "" {
		t.Errorf("zone of A is %q, of B %q", a.Zone, b.Zone)
	}
	if b.IPv4.String() != "10.0.254.0/24" || !b.MapPublic || !b.MainTable || b.RouteTable != v.MainTable {
		t.Errorf("B is %+v: want the last free /24 and the main table", b)
	}
	if c.IPv6.String() != "2001:db8:1:103::/64" || c.AssignIPv6 {
		t.Errorf("C is %+v", c)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	n := build(t, vpc+six+`
  Igw: {Type: AWS::EC2::InternetGateway}
  Att: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Igw}}
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  Default: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Igw}}
  More: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 192.0.2.0/24, NetworkInterfaceId: eni-1}}
  List: {Type: AWS::EC2::PrefixList, Properties: {AddressFamily: IPv4, MaxEntries: 2, PrefixListName: l, Entries: [{Cidr: 198.18.0.0/24}, {Cidr: 198.19.0.0/24}]}}
  ByList: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationPrefixListId: !GetAtt List.PrefixListId, TransitGatewayId: tgw-1}}
  Same: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 198.18.0.0/24, GatewayId: !Ref Igw}}
  Unsure: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationIpv6CidrBlock: !Ref P, GatewayId: !Ref Igw}}
  Wrong: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: '::/0', GatewayId: !Ref Igw}}
  S3: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Vpc, ServiceName: !Sub 'com.amazonaws.${AWS::Region}.s3', RouteTableIds: [!Ref Table]}}
`)
	table := n.VPCs[0].RouteTables[1]
	for _, c := range []struct {
		addr, target, by string
		uncertain        int
	}{
		{"10.0.3.4", "network.Local", "", 1},
		{"203.0.113.7", "*network.InternetGateway", "Default", 1},
		{"192.0.2.1", "*network.Other", "More", 1},
		{"198.19.0.9", "*network.TransitGateway", "ByList", 1},
		{"203.0.113.201", "*network.Endpoint", "S3", 1},
		{"2001:db8:1:100::1", "network.Local", "", 1},
		{"2001:db8:9::1", "", "", 1},
		{"198.18.0.9", "*network.InternetGateway", "Same", 1}, // a CIDR before a prefix list that holds the same
	} {
		r, uncertain := table.Lookup(netip.MustParseAddr(c.addr))
		target, by := "", ""
		if r != nil {
			target, by = fmt.Sprintf("%T", r.Target), r.LogicalID
			if target == "network.Local" {
				by = ""
			}
		}
		if target != c.target || by != c.by || len(uncertain) != c.uncertain {
			t.Errorf("%s: %s by %q, %d uncertain; want %s by %q, %d", c.addr, target, by, len(uncertain), c.target, c.by, c.uncertain)
		}
	}
	if n.VPCs[0].Endpoints[0].ShortName != "s3" {
		t.Errorf("service %q", n.VPCs[0].Endpoints[0].ShortName)
	}
}

func TestSecurityGroups(t *testing.T) {
	t.Parallel()
	const groups = `
  None: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref Vpc, GroupDescription: none}}
  Cdk: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref Vpc, GroupDescription: cdk, SecurityGroupEgress: [{CidrIp: 0.0.0.0/0, IpProtocol: '-1'}]}}
  Closed: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref Vpc, GroupDescription: closed, SecurityGroupEgress: [{CidrIp: 255.255.255.255/32, IpProtocol: icmp, FromPort: 252, ToPort: 86}]}}
  Rule: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !GetAtt None.GroupId, IpProtocol: tcp, FromPort: 80, ToPort: 90, SourceSecurityGroupId: !GetAtt Cdk.GroupId}}
  Both: {Type: AWS::EC2::SecurityGroupEgress, Properties: {GroupId: !GetAtt Cdk.GroupId, IpProtocol: 17, FromPort: 53, ToPort: 53, CidrIpv6: '::/0'}}
  Unsure: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !GetAtt Closed.GroupId, IpProtocol: tcp, FromPort: !Ref P, ToPort: 90, CidrIp: 10.0.0.0/8}}
`
	rules := func(n *Network, id string) string {
		for _, g := range n.SecurityGroups {
			if g.LogicalID != id || g.Type != "AWS::EC2::SecurityGroup" {
				continue
			}
			var out []string
			for dir, list := range map[string][]*Rule{"in": g.Ingress, "out": g.Egress} {
				for _, r := range list {
					s := fmt.Sprintf("%s %s %d-%d", dir, r.Proto, r.From, r.To)
					switch {
					case r.Unknown != "":
						s += " unknown " + r.Unknown
					case r.Group != nil:
						s += " " + r.Group.String()
					default:
						s += " " + r.Prefix.String()
					}
					out = append(out, s)
				}
			}
			slices.Sort(out)
			return strings.Join(out, "; ")
		}
		return "no group"
	}
	dual, four := build(t, vpc+six+groups), build(t, vpc+groups)
	for _, c := range []struct {
		n        *Network
		id, want string
	}{
		{dual, "None", "in tcp 80-90 Cdk; out all 0-0 0.0.0.0/0; out all 0-0 ::/0"},
		{four, "None", "in tcp 80-90 Cdk; out all 0-0 0.0.0.0/0"},
		{dual, "Cdk", "out all 0-65535 0.0.0.0/0; out udp 53-53 ::/0"},
		{dual, "Closed", "in tcp 0-90 unknown P; out icmp 252-86 255.255.255.255/32"},
	} {
		if got := rules(c.n, c.id); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.id, got, c.want)
		}
	}
}

func TestDefaultACL(t *testing.T) {
	t.Parallel()
	if got := len(build(t, vpc).VPCs[0].DefaultACL.Entries); got != 2 {
		t.Errorf("%d entries without IPv6, want one for each direction", got)
	}
	if got := len(build(t, vpc+six).VPCs[0].DefaultACL.Entries); got != 4 {
		t.Errorf("%d entries with IPv6, want two for each direction", got)
	}
}

const cluster = vpc + six + `
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, AvailabilityZone: a, CidrBlock: 10.0.0.0/24, Ipv6CidrBlock: '2001:db8:1:100::/64', AssignIpv6AddressOnCreation: true, Tags: [{Key: kubernetes.io/role/elb, Value: '1'}]}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, AvailabilityZone: b, CidrBlock: 10.0.1.0/24, Ipv6CidrBlock: '2001:db8:1:101::/64', AssignIpv6AddressOnCreation: true, Tags: [{Key: kubernetes.io/role/elb, Value: '1'}]}}
  Cluster: {Type: AWS::EKS::Cluster, Properties: {Name: demo, KubernetesNetworkConfig: {IpFamily: ipv6}, ResourcesVpcConfig: {SubnetIds: [!Ref A, !Ref B]}}}
  Nodes: {Type: AWS::EKS::Nodegroup, Properties: {ClusterName: demo, Subnets: [!Ref A, !Ref B]}}
`

func TestCluster(t *testing.T) {
	t.Parallel()
	c := build(t, cluster).Clusters[0]
	if c.Family != IPv6 || c.ServiceRange.Bits() != 108 || !c.ServiceRange.Addr().IsPrivate() || !c.PublicAccess || c.PrivateAccess || len(c.PublicCIDRs) != 2 || !c.SelfManagedAddons {
		t.Errorf("cluster is %+v", c)
	}
	if len(c.NodeGroups) != 1 || len(c.NodeGroups[0].Groups) != 1 || c.NodeGroups[0].Groups[0] != c.Group || c.NodeGroups[0].Assumed {
		t.Errorf("node groups are %+v", c.NodeGroups)
	}
	if len(c.Group.Egress) != 2 || len(c.Group.Ingress) != 1 || c.Group.Ingress[0].Group != c.Group {
		t.Errorf("the cluster security group has %v, %v", c.Group.Ingress, c.Group.Egress)
	}
}

func TestIPv4Egress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, addon string
		on          bool
		unknown     string
		property    string
	}{
		{"installed by EKS", "", true, "", "BootstrapSelfManagedAddons"},
		{"add-on without values", "{}", true, "", ""},
		{"JSON text", `{ConfigurationValues: '{"env":{"ENABLE_V4_EGRESS":"false"}}'}`, false, "", "ConfigurationValues.env.ENABLE_V4_EGRESS"},
		{"JSON boolean", `{ConfigurationValues: '{"env":{"ENABLE_V4_EGRESS":true}}'}`, true, "", "ConfigurationValues.env.ENABLE_V4_EGRESS"},
		{"YAML", `{ConfigurationValues: "env:\n  ENABLE_V4_EGRESS: 'false'\n"}`, false, "", "ConfigurationValues.env.ENABLE_V4_EGRESS"},
		{"another variable", `{ConfigurationValues: '{"env":{"ENABLE_PREFIX_DELEGATION":"true"}}'}`, true, "", ""},
		{"a parameter in the text", `{ConfigurationValues: !Sub '{"env":{"ENABLE_V4_EGRESS":"${P}"}}'}`, false, "P", "ConfigurationValues.env.ENABLE_V4_EGRESS"},
		{"a parameter for all of it", `{ConfigurationValues: !Ref P}`, false, "P", "ConfigurationValues"},
		{"not readable", `{ConfigurationValues: '{"env":'}`, false, "ConfigurationValues, which cannot be read", "ConfigurationValues"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			addon := ""
			if c.addon != "" {
				addon = "  Cni: {Type: AWS::EKS::Addon, Properties: " + strings.Replace(c.addon, "{", "{ClusterName: !Ref Cluster, AddonName: vpc-cni, ", 1) + "}\n"
			}
			on, by, unknown := build(t, cluster+addon).Clusters[0].IPv4Egress()
			if on != c.on || unknown != c.unknown || by.Property != c.property {
				t.Errorf("on %v, unknown %q, by %q; want %v, %q, %q", on, unknown, by.Property, c.on, c.unknown, c.property)
			}
		})
	}
}

const chart = cluster + `
  Chart:
    Type: Custom::AWSCDK-EKS-HelmChart
    Properties: {ClusterName: !Ref Cluster, Chart: aws-load-balancer-controller, Values: '{"defaultTargetType":"ip","ingressClassParams":{"spec":{"ipAddressType":"dualstack"}}}'}
`

// manifest is a Kubernetes object as a template applies it.
func manifest(json string) string {
	return "  M: {Type: Custom::AWSCDK-EKS-KubernetesResource, Properties: {ClusterName: !Ref Cluster, Manifest: '" + json + "'}}\n"
}

// TestExposed builds the load balancers of the controller: what it would create, or its refusal.
func TestExposed(t *testing.T) {
	t.Parallel()
	const policy = `[{"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingAdmissionPolicy","metadata":{"name":"p"},"spec":{"mutations":[{"applyConfiguration":{"expression":"Object{metadata: {annotations: {\"service.beta.kubernetes.io/aws-load-balancer-ip-address-type\": \"dualstack\"}}}"}}]}},` +
		`{"kind":"MutatingAdmissionPolicyBinding","metadata":{"name":"p"},"spec":{"policyName":"p"}},` +
		`{"kind":"Service","metadata":{"name":"s","annotations":{"service.beta.kubernetes.io/aws-load-balancer-scheme":"internet-facing"}},"spec":{"type":"LoadBalancer","ports":[{"port":443,"targetPort":8443}]}}]`
	const gateway = `[{"kind":"LoadBalancerConfiguration","metadata":{"name":"c"},"spec":{"ipAddressType":"%s","scheme":"internet-facing"}},` +
		`{"kind":"GatewayClass","metadata":{"name":"k"},"spec":{"controllerName":"gateway.k8s.aws/alb","parametersRef":{"name":"c"}}},` +
		`{"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"g"},"spec":{"gatewayClassName":"k","listeners":[{"port":443,"protocol":"HTTPS"}]}},` +
		`{"kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80,"targetPort":8080}]}},` +
		`{"kind":"HTTPRoute","metadata":{"name":"r"},"spec":{"parentRefs":[{"name":"g"}],"rules":[{"backendRefs":[{"name":"s","port":80}]}]}}]`
	for _, c := range []struct {
		name, resources string
		want            string // kind address scheme subnets listener→target, or the refusal
	}{
		{"no object: hypothetical", chart + "  Igw: {Type: AWS::EC2::InternetGateway}\n  Att: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Igw}}\n",
			"hypothetical application dualstack public [A B] 443→8080 ip IPv6; refused: unable to resolve at least 2 subnet(s) in different zones: 0 of Vpc are tagged kubernetes.io/role/internal-elb=1"},
		{"Ingress", chart + manifest(`{"kind":"Ingress","metadata":{"name":"i","annotations":{"alb.ingress.kubernetes.io/scheme":"internet-facing","alb.ingress.kubernetes.io/listen-ports":"[{\"HTTPS\":8443}]"}},"spec":{"ingressClassName":"alb","defaultBackend":{"service":{"name":"s","port":{"number":80}}}}}`),
			"application dualstack public [A B] 8443→80 ip IPv6"},
		{"Ingress of another class", chart + manifest(`{"kind":"Ingress","metadata":{"name":"i"},"spec":{"ingressClassName":"nginx"}}`), "refused: unable to resolve at least 2 subnet(s) in different zones: 0 of Vpc are tagged kubernetes.io/role/internal-elb=1"},
		{"Service with the annotation", chart + manifest(`{"kind":"Service","metadata":{"name":"s","annotations":{"service.beta.kubernetes.io/aws-load-balancer-ip-address-type":"dualstack","service.beta.kubernetes.io/aws-load-balancer-scheme":"internet-facing"}},"spec":{"type":"LoadBalancer","ports":[{"port":53,"protocol":"UDP"}]}}`),
			"network dualstack public [A B] 53→53 ip IPv6"},
		{"Service without", chart + manifest(`{"kind":"Service","metadata":{"name":"s","annotations":{"service.beta.kubernetes.io/aws-load-balancer-scheme":"internet-facing"}},"spec":{"type":"LoadBalancer","ports":[{"port":53}]}}`),
			"refused: unsupported IPv6 configuration, lb not dual-stack: its address type is ipv4 and its Pods have IPv6 addresses; want dualstack"},
		{"Service with the admission policy", chart + manifest(policy), "network dualstack public [A B] 443→8443 ip IPv6"},
		{"Gateway", chart + manifest(fmt.Sprintf(gateway, "dualstack")), "application dualstack public [A B] 443→8080 ip IPv6"},
		{"Gateway without dual stack", chart + manifest(fmt.Sprintf(gateway, "ipv4")), "refused: unsupported IPv6 configuration, lb not dual-stack: its address type is ipv4 and its Pods have IPv6 addresses; want dualstack"},
		{"Service without any controller", cluster + manifest(`{"kind":"Service","metadata":{"name":"s"},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}}`), "refused: Kubernetes' in-tree controller takes this Service, and it knows no IPv6: set loadBalancerClass to service.k8s.aws/nlb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, l := range build(t, c.resources).LoadBalancers {
				if l.Refused != "" {
					got = append(got, "refused: "+l.Refused)
					continue
				}
				scheme := "public"
				if l.Internal {
					scheme = "internal"
				}
				s := fmt.Sprintf("%s %s %s %v", l.Kind, l.AddressType, scheme, l.Subnets)
				if l.Hypothetical {
					s = "hypothetical " + s
				}
				for _, li := range l.Listeners {
					for _, tg := range li.Targets {
						s += fmt.Sprintf(" %d→%d %s %s", li.Port, tg.Port, tg.TargetType, tg.Family)
					}
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "; ")); diff != "" {
				t.Errorf("load balancers (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPreserveClient: the client's address reaches the targets by AWS's defaults, by the attribute, and over UDP and QUIC
// whatever the attribute says.
func TestPreserveClient(t *testing.T) {
	t.Parallel()
	const nlb = `[{"kind":"Service","metadata":{"name":"s","annotations":{"service.beta.kubernetes.io/aws-load-balancer-ip-address-type":"dualstack",` +
		`"service.beta.kubernetes.io/aws-load-balancer-scheme":"internet-facing"%s}},"spec":{"type":"LoadBalancer","ports":[{"port":53,"protocol":"%s"}]}}]`
	const gateway = `[{"kind":"LoadBalancerConfiguration","metadata":{"name":"c"},"spec":{"ipAddressType":"dualstack","scheme":"internet-facing","defaultTargetGroupConfiguration":{"name":"t"}}},` +
		`{"kind":"TargetGroupConfiguration","metadata":{"name":"t"},"spec":{"defaultConfiguration":{"targetType":"ip"%s}}},` +
		`{"kind":"GatewayClass","metadata":{"name":"k"},"spec":{"controllerName":"gateway.k8s.aws/nlb","parametersRef":{"name":"c"}}},` +
		`{"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"g"},"spec":{"gatewayClassName":"k","listeners":[{"port":53,"protocol":"%s"}]}},` +
		`{"kind":"%[2]sRoute","metadata":{"name":"r"},"spec":{"parentRefs":[{"name":"g"}],"rules":[{"backendRefs":[{"name":"s","port":53}]}]}}]`
	const off, on = `,"service.beta.kubernetes.io/aws-load-balancer-target-group-attributes":"deregistration_delay.timeout_seconds=1, preserve_client_ip.enabled=false"`,
		`,"service.beta.kubernetes.io/aws-load-balancer-target-group-attributes":"preserve_client_ip.enabled=true"`
	const instance = `,"service.beta.kubernetes.io/aws-load-balancer-nlb-target-type":"instance"`
	of := func(properties string) string {
		return vpc + "  T: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref Vpc, Port: 53, " + properties + "}}\n"
	}
	attribute := func(value string) string {
		return ", TargetGroupAttributes: [{Key: preserve_client_ip.enabled, Value: " + value + "}]"
	}
	old := strings.Replace(chart, "{IpFamily: ipv6}", "{IpFamily: ipv4}", 1)
	for _, c := range []struct {
		name, resources string
		want            bool
	}{
		{"ip, TCP", of("TargetType: ip, Protocol: TCP"), false},
		{"ip, TLS", of("TargetType: ip, Protocol: TLS"), false},
		{"ip, TCP, on", of("TargetType: ip, Protocol: TCP" + attribute("'true'")), true},
		{"ip, UDP", of("TargetType: ip, Protocol: UDP"), true},
		{"ip, TCP_UDP", of("TargetType: ip, Protocol: TCP_UDP"), true},
		{"ip, QUIC", of("TargetType: ip, Protocol: QUIC"), true},
		{"ip, TCP_QUIC", of("TargetType: ip, Protocol: TCP_QUIC"), true},
		{"ip, TCP_UDP, off", of("TargetType: ip, Protocol: TCP_UDP" + attribute("'false'")), true},
		{"ip, UDP, off", of("TargetType: ip, Protocol: UDP" + attribute("'false'")), true},
		{"instance, TCP", of("Protocol: TCP"), true},
		{"instance, TCP, off", of("Protocol: TCP" + attribute("'false'")), false},
		{"instance, UDP, off", of("Protocol: UDP" + attribute("'false'")), true},
		{"Service, TCP", chart + manifest(fmt.Sprintf(nlb, "", "TCP")), false},
		{"Service, TCP, on", chart + manifest(fmt.Sprintf(nlb, on, "TCP")), true},
		{"Service, UDP", chart + manifest(fmt.Sprintf(nlb, "", "UDP")), true},
		{"Service, UDP, off", chart + manifest(fmt.Sprintf(nlb, off, "UDP")), true},
		{"Service, instances", old + manifest(fmt.Sprintf(nlb, instance, "TCP")), true},
		{"Service, instances, off", old + manifest(fmt.Sprintf(nlb, instance+off, "TCP")), false},
		{"Gateway, TCP", chart + manifest(fmt.Sprintf(gateway, "", "TCP")), false},
		{"Gateway, TCP, on", chart + manifest(fmt.Sprintf(gateway, `,"targetGroupAttributes":[{"key":"preserve_client_ip.enabled","value":"true"}]`, "TCP")), true},
		{"Gateway, UDP", chart + manifest(fmt.Sprintf(gateway, "", "UDP")), true},
		{"Ingress, instances", old + manifest(`{"kind":"Ingress","metadata":{"name":"i","annotations":{"alb.ingress.kubernetes.io/scheme":"internet-facing","alb.ingress.kubernetes.io/target-type":"instance"}},"spec":{"ingressClassName":"alb","defaultBackend":{"service":{"name":"s","port":{"number":80}}}}}`), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := build(t, c.resources)
			groups := n.TargetGroups
			for _, l := range n.LoadBalancers {
				for _, li := range l.Listeners {
					groups = append(groups, li.Targets...)
				}
			}
			if len(groups) != 1 || groups[0].PreserveClient != c.want {
				t.Errorf("%d target groups of %v, %+v; want one, preserved %v", len(groups), n.LoadBalancers, groups, c.want)
			}
		})
	}
}

// TestDenyIGW: internal load balancers refuse the internet's IPv6 unless the attribute says otherwise, wherever it is set.
func TestDenyIGW(t *testing.T) {
	t.Parallel()
	const tagged = "  In: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.8.0/24, AvailabilityZone: a, Ipv6CidrBlock: !Select [8, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 10, 64]], Tags: [{Key: kubernetes.io/role/internal-elb, Value: 1}]}}\n" +
		"  Inb: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.9.0/24, AvailabilityZone: b, Ipv6CidrBlock: !Select [9, !Cidr [!Select [0, !GetAtt Vpc.Ipv6CidrBlocks], 10, 64]], Tags: [{Key: kubernetes.io/role/internal-elb, Value: 1}]}}\n"
	const service = `{"kind":"Service","metadata":{"name":"s","annotations":{"service.beta.kubernetes.io/aws-load-balancer-ip-address-type":"dualstack"%s}},"spec":{"type":"LoadBalancer","ports":[{"port":53}]}}`
	const ingress = `{"kind":"Ingress","metadata":{"name":"i","annotations":{%s}},"spec":{"ingressClassName":"alb","defaultBackend":{"service":{"name":"s","port":{"number":80}}}}}`
	const gateway = `[{"kind":"LoadBalancerConfiguration","metadata":{"name":"c"},"spec":{"ipAddressType":"dualstack","loadBalancerAttributes":[{"key":"ipv6.deny_all_igw_traffic","value":"%s"}]}},` +
		`{"kind":"GatewayClass","metadata":{"name":"k"},"spec":{"controllerName":"gateway.k8s.aws/alb","parametersRef":{"name":"c"}}},` +
		`{"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"g"},"spec":{"gatewayClassName":"k","listeners":[{"port":443,"protocol":"HTTPS"}]}}]`
	params := strings.Replace(chart, `"ipAddressType":"dualstack"`, `"ipAddressType":"dualstack","loadBalancerAttributes":[{"key":"ipv6.deny_all_igw_traffic","value":"false"}]`, 1)
	for _, c := range []struct {
		name, resources string
		want            bool
	}{
		{"Service", chart + manifest(fmt.Sprintf(service, "")), true},
		{"Service, opened", chart + manifest(fmt.Sprintf(service, `,"service.beta.kubernetes.io/aws-load-balancer-attributes":"deletion_protection.enabled=true,ipv6.deny_all_igw_traffic=false"`)), false},
		{"Service for the internet", chart + manifest(fmt.Sprintf(service, `,"service.beta.kubernetes.io/aws-load-balancer-scheme":"internet-facing"`)), false},
		{"Service for the internet, closed", chart + manifest(fmt.Sprintf(service, `,"service.beta.kubernetes.io/aws-load-balancer-scheme":"internet-facing","service.beta.kubernetes.io/aws-load-balancer-attributes":"ipv6.deny_all_igw_traffic=true"`)), true},
		{"Ingress", chart + manifest(fmt.Sprintf(ingress, "")), true},
		{"Ingress, opened", chart + manifest(fmt.Sprintf(ingress, `"alb.ingress.kubernetes.io/load-balancer-attributes":"ipv6.deny_all_igw_traffic=false"`)), false},
		{"Ingress, opened by its class", params + manifest(fmt.Sprintf(ingress, "")), false},
		{"Ingress, its class before its annotation", params + manifest(fmt.Sprintf(ingress, `"alb.ingress.kubernetes.io/load-balancer-attributes":"ipv6.deny_all_igw_traffic=true"`)), false},
		{"Gateway", chart + manifest(fmt.Sprintf(gateway, "true")), true},
		{"Gateway, opened", chart + manifest(fmt.Sprintf(gateway, "false")), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := build(t, c.resources+tagged)
			if len(n.LoadBalancers) != 1 || n.LoadBalancers[0].Refused != "" || n.LoadBalancers[0].DenyIGW != c.want {
				t.Errorf("load balancers %v; want one that denies %v", n.LoadBalancers, c.want)
			}
		})
	}
}

func TestUnmodelled(t *testing.T) {
	t.Parallel()
	n := build(t, vpc+`
  Role: {Type: AWS::IAM::Role}
  Zone: {Type: AWS::Route53::HostedZone}
  Firewall: {Type: AWS::NetworkFirewall::Firewall}
  Resolver: {Type: AWS::Route53Resolver::FirewallRuleGroup}
  Made: {Type: Custom::Anything}
  Bad: {Type: Custom::AWSCDK-EKS-KubernetesResource, Properties: {ClusterName: nobody, Manifest: '[]'}}
`)
	var got []string
	for _, u := range n.Unmodelled {
		got = append(got, u.LogicalID)
	}
	if diff := cmp.Diff([]string{"Firewall", "Made", "Resolver"}, got); diff != "" {
		t.Errorf("unmodelled (-want +got):\n%s", diff)
	}
	if len(n.Problems) != 1 || !strings.Contains(n.Problems[0].Text, `cluster "nobody" is in none of the templates`) {
		t.Errorf("problems %v", n.Problems)
	}
}

// Two stages may have a stack of one name, with the same logical ids in it.
func TestStacksOfOneName(t *testing.T) {
	t.Parallel()
	set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "dev/net.yaml", Data: []byte("Resources:" + vpc)}, cfn.Source{Name: "prod/net.yaml", Data: []byte("Resources:" + vpc + six)})
	if err != nil {
		t.Fatal(err)
	}
	n := Read(set)
	if len(n.VPCs) != 2 || n.VPCs[0].Ref == n.VPCs[1].Ref {
		t.Fatalf("VPCs %v, want two that are told apart", n.VPCs)
	}
	for i, want := range []int{0, 1} {
		if got := len(n.VPCs[i].Prefixes(IPv6)); got != want {
			t.Errorf("%s has %d IPv6 ranges, want %d", n.VPCs[i].Stack, got, want)
		}
	}
}
