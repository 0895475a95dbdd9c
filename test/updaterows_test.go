package test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/stacks"
)

type updateGroup struct {
	title, intro string
	updates      []update
}

type pp = stacks.PlatformProps

// updateGroups are the updates of docs/updates.md. A new choice of a construct wants a line here: what, from, to, means.
func updateGroups(t testing.TB) []updateGroup {
	t.Helper()
	layer := kubectlLayer(t)
	v36 := func(p *pp) { p.KubectlLayerPath, p.KubectlVersion, p.Cluster.Version = layer, "1.36", "1.36" }
	newer := func(p *pp) { p.KubectlLayerPath, p.KubectlVersion = layer, "1.36" }

	standard := platform()
	three := platform(func(p *pp) { p.Network.Azs = 3 })
	single := platform(func(p *pp) { p.Network.Nat = dualstack.NatSingle })
	regional := platform(func(p *pp) { p.Network.Nat = dualstack.NatRegional })
	none := platform(func(p *pp) { p.Network.Nat, p.Network.AcknowledgeNoIpv4Egress = dualstack.NatNone, true })
	flowLogs := platform(func(p *pp) { p.Network.FlowLogs = &dualstack.FlowLogs{} })
	cidr := func(s string) netip.Prefix { return netip.MustParsePrefix(s) }
	secondary := func(list ...string) *state {
		return platform(func(p *pp) {
			for _, s := range list {
				p.Network.SecondaryCidrs = append(p.Network.SecondaryCidrs, cidr(s))
			}
		})
	}
	inZones := &state{build: standard.build, adjust: func(s string) string {
		return strings.NewReplacer(azOf(0), `"eu-west-1a"`, azOf(1), `"eu-west-1b"`).Replace(squeeze(s))
	}}
	named := func(zones ...string) *state {
		return platform(func(p *pp) { p.Network.AvailabilityZones = zones })
	}
	roles := func(names ...string) func(p *pp) {
		return func(p *pp) {
			for _, n := range names {
				p.Cluster.AdminRoleArns = append(p.Cluster.AdminRoleArns, "arn:aws:iam::111122223333:role/"+n)
			}
		}
	}
	profile := func(namespaces ...string) *state {
		return with(func(p *stacks.Platform) {
			for _, n := range namespaces {
				id, ns, _ := strings.Cut(n, ":")
				p.Cluster.AddFargateProfile(id, &ipv6eks.FargateProfileProps{Selectors: []ipv6eks.FargateSelector{{Namespace: ns}}})
			}
		})
	}
	key := func(change func(*pp, awskms.IKey)) *state {
		return &state{build: func(app awscdk.App) {
			p := &pp{}
			env := awscdk.NewStack(app, jsiix.Str("Keys"), nil)
			change(p, awskms.Key_FromKeyArn(env, jsiix.Str("Key"), jsiix.Str("arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012")))
			stacks.NewPlatform(app, "Ipv6Platform", p)
		}}
	}
	exposedStd := exposing(func(*stacks.ExposedProps) {})
	ingress := func(scheme expose.Scheme) *state {
		return with(func(p *stacks.Platform) {
			e := expose.NewEcho(p.Stack, "Echo", &expose.EchoProps{Cluster: p.Cluster, Controller: p.Controller})
			i := &expose.IngressProps{Cluster: p.Cluster, Controller: p.Controller, Name: "echo", Namespace: "echo", Scheme: scheme, DefaultBackend: expose.EchoBackend()}
			if scheme == expose.InternetFacing {
				i.Inbound.Anywhere = true
			}
			alb := expose.NewIngress(p.Stack, "Alb", i)
			alb.Construct.Node().AddDependency(e.Construct)
			awscdk.NewCfnOutput(p.Stack, jsiix.Str("AlbHostname"), &awscdk.CfnOutputProps{Value: jsiix.Str(alb.Hostname())})
		})
	}
	boundStd := bound(func(*expose.BoundNLBProps) {})
	interopStd := interop(func(*stacks.InteropProps) {})
	splitStd := split(func(*stacks.NetworkProps, *stacks.ClusterProps) {})
	_ = awsec2.NewVpc

	return []updateGroup{
		{title: "Network", updates: []update{
			{what: "2 zones to 3", from: standard, to: three},
			{what: "3 zones to 6", from: three, to: platform(func(p *pp) { p.Network.Azs = 6 })},
			{what: "3 zones to 2", from: three, to: standard},
			{what: "the zones by name, the same ones", from: inZones, to: named("eu-west-1a", "eu-west-1b")},
			{what: "the zones by name, others", from: inZones, to: named("eu-west-1b", "eu-west-1c")},
			{what: "isolated subnets", from: standard, to: platform(func(p *pp) { p.Network.IsolatedSubnets = true })},
			{what: "NAT in each zone to one", from: standard, to: single},
			{what: "single to regional", from: single, to: regional},
			{what: "regional to none", from: regional, to: none},
			{what: "none to each zone", from: none, to: standard},
			{what: "NAT own addresses", from: standard, to: platform(func(p *pp) { p.Network.NatAllocationIDs = []string{"eipalloc-1", "eipalloc-2"} })},
			{what: "flow logs", from: standard, to: flowLogs},
			{what: "flow logs: rejected only", from: flowLogs, to: platform(func(p *pp) { p.Network.FlowLogs = &dualstack.FlowLogs{RejectedOnly: true} })},
			{what: "secondary range", from: standard, to: secondary("100.64.0.0/16")},
			{what: "first of two goes", from: secondary("100.64.0.0/16", "100.65.0.0/16"), to: secondary("100.65.0.0/16")},
			{what: "VPC cidr", from: standard, to: platform(func(p *pp) { p.Network.Cidr = cidr("10.64.0.0/16") })},
			{what: "IPv6 from IPAM", from: standard, to: platform(func(p *pp) { p.Network.Ipv6.IpamPoolID = "ipam-pool-1" })},
			{what: "endpoints", from: standard, to: platform(func(p *pp) { p.Network.InterfaceEndpoints = dualstack.EksEndpoints() })},
			{what: "no s3", from: standard, to: platform(func(p *pp) { p.Network.GatewayEndpoints = dualstack.GatewayNone })},
			{what: "endpoint policies", from: standard, to: platform(func(p *pp) { p.Network.RestrictEndpoints = true })},
			{what: "default SG", from: standard, to: platform(func(p *pp) { p.Network.RestrictDefaultSecurityGroup = true })},
		}},
		{title: "Cluster", updates: []update{
			{what: "1.34 to 1.35", from: platform(func(p *pp) { p.Cluster.Version = "1.34" }), to: standard},
			{what: "1.35 to 1.36", from: platform(newer), to: platform(v36)},
			{what: "kubectl layer", from: standard, to: platform(newer)},
			{what: "api cidrs", from: standard, to: platform(func(p *pp) { p.Cluster.APIAccessCidrs = []netip.Prefix{cidr("203.0.113.0/24")} })},
			{what: "private api", from: standard, to: platform(func(p *pp) { p.Cluster.PrivateAPICidrs = []netip.Prefix{cidr("10.8.0.0/16")} })},
			{what: "name", from: standard, to: platform(func(p *pp) { p.Cluster.Name = "shop" })},
			{what: "creator", from: standard, to: platform(func(p *pp) { p.Cluster.CreatorAdmin = true })},
			{what: "key", from: standard, to: key(func(p *pp, k awskms.IKey) { p.Cluster.SecretsKey = k })},
			{what: "admin", from: standard, to: platform(roles("Admin"))},
			{what: "admin first", from: platform(roles("B")), to: platform(roles("A", "B"))},
			{what: "log retention", from: standard, to: platform(func(p *pp) { p.Cluster.LogRetentionDays = 365 })},
			{what: "log types", from: standard, to: platform(func(p *pp) { p.Cluster.LogTypes = ipv6eks.AllLogTypes() })},
			{what: "retain logs", from: standard, to: platform(func(p *pp) { p.Cluster.RetainLogs = true })},
			{what: "deletion protection", from: standard, to: platform(func(p *pp) { p.Cluster.DeletionProtection = true })},
			{what: "zonal shift", from: standard, to: platform(func(p *pp) { p.Cluster.ZonalShift = true })},
			{what: "standard support", from: standard, to: platform(func(p *pp) { p.Cluster.StandardSupportOnly = true })},
			{what: "confine", from: standard, to: platform(func(p *pp) { p.Cluster.ConfinePodIdentity = true })},
		}},
		{title: "Nodes", updates: []update{
			{what: "types", from: standard, to: platform(func(p *pp) { p.Nodes.InstanceTypes = []string{"m7i.xlarge"} })},
			{what: "arch", from: standard, to: platform(func(p *pp) { p.Nodes.Architecture = ipv6eks.ARM })},
			{what: "ami", from: standard, to: platform(func(p *pp) { p.Nodes.AMI = ipv6eks.Bottlerocket })},
			{what: "size", from: standard, to: platform(func(p *pp) { p.Nodes.Min, p.Nodes.Desired, p.Nodes.Max = 3, 3, 9 })},
			{what: "disk", from: standard, to: platform(func(p *pp) { p.Nodes.DiskGiB = 100 })},
			{what: "labels", from: standard, to: platform(func(p *pp) { p.Nodes.Labels = map[string]string{"team": "web"} })},
			{what: "spot", from: standard, to: platform(func(p *pp) { p.Nodes.Spot = true })},
			{what: "maxunavail", from: standard, to: platform(func(p *pp) { p.Nodes.MaxUnavailable = 2 })},
			{what: "imds", from: standard, to: platform(func(p *pp) { p.Nodes.PodsReachIMDS = true })},
			{what: "ssm", from: standard, to: platform(func(p *pp) { p.Nodes.SessionManager = true })},
			{what: "volume key", from: standard, to: key(func(p *pp, k awskms.IKey) { p.Nodes.VolumeKey = k })},
			{what: "release", from: standard, to: platform(func(p *pp) { p.Nodes.ReleaseVersion = "1.35.3-20261012" })},
			{what: "second group", from: standard, to: with(func(p *stacks.Platform) { p.Cluster.AddNodeGroup("Spot", &ipv6eks.NodeGroupProps{Spot: true}) })},
			{what: "second group, ssm", from: standard, to: with(func(p *stacks.Platform) {
				p.Cluster.AddNodeGroup("Spot", &ipv6eks.NodeGroupProps{Spot: true, SessionManager: true})
			})},
			{what: "fargate", from: standard, to: profile("Batch:batch")},
			{what: "fargate 2", from: profile("Batch:batch"), to: profile("Batch:batch", "Web:web")},
			{what: "fargate first goes", from: profile("Batch:batch", "Web:web"), to: profile("Web:web")},
			{what: "fargate sel", from: profile("Batch:batch"), to: profile("Batch:jobs")},
		}},
		{title: "Addons", updates: []update{
			{what: "cni", from: standard, to: platform(func(p *pp) { p.Cluster.CNI.Version = "v1.23.1-eksbuild.1" })},
			{what: "netpol", from: standard, to: platform(func(p *pp) { p.Cluster.CNI.NetworkPolicy = true })},
			{what: "egress off", from: standard, to: platform(func(p *pp) { p.Cluster.CNI.DisableIpv4Egress = true })},
			{what: "eks default", from: standard, to: platform(func(p *pp) { p.Cluster.AddonVersions = map[string]string{"coredns": ipv6eks.EKSDefault} })},
			{what: "metrics", from: standard, to: platform(func(p *pp) { p.Cluster.MetricsServer = true })},
			{what: "ebs", from: standard, to: platform(func(p *pp) { p.Cluster.EBSDriver = true })},
			{what: "chart", from: platform(func(p *pp) { p.Controller.ChartVersion = "3.4.3" }), to: standard},
			{what: "values", from: standard, to: platform(func(p *pp) { p.Controller.Values = map[string]any{"replicaCount": 3} })},
			{what: "dual services", from: platform(v36), to: platform(v36, func(p *pp) { p.Controller.DualStackServices = true })},
			{what: "waf", from: standard, to: platform(func(p *pp) { p.Controller.WithoutWAFAndShield = true })},
		}},
		{title: "Services", updates: []update{
			{what: "echo replicas", from: exposedStd, to: exposing(func(p *stacks.ExposedProps) { p.Echo.Replicas = 3 })},
			{what: "echo namespace", from: exposedStd, to: exposing(func(p *stacks.ExposedProps) { p.Echo.Namespace = "demo" })},
			{what: "certificate", from: exposedStd, to: exposing(func(p *stacks.ExposedProps) {
				p.Certificates = []string{"arn:aws:acm:eu-west-1:111122223333:certificate/1"}
			})},
			{what: "alb scheme", from: ingress(expose.Internal), to: ingress(expose.InternetFacing)},
			{what: "bound target port", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.Ports[0].TargetPort = 9443 })},
			{what: "bound port", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.Ports[0].Port = 8443 })},
			{what: "bound udp", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.Ports[0].UDP = true; p.HealthCheck.Port = 8080 })},
			{what: "bound second", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.Ports = append(p.Ports, expose.BoundPort{Port: 80}) })},
			{what: "bound second goes", from: bound(func(p *expose.BoundNLBProps) { p.Ports = append(p.Ports, expose.BoundPort{Port: 80}) }), to: boundStd},
			{what: "bound facing", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.Scheme, p.Inbound.Anywhere = expose.InternetFacing, true })},
			{what: "bound cert", from: boundStd, to: bound(func(p *expose.BoundNLBProps) {
				p.Ports[0].CertificateArns = []string{"arn:aws:acm:eu-west-1:111122223333:certificate/1"}
			})},
			{what: "bound service", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.Service = "store" })},
			{what: "bound clients", from: boundStd, to: bound(func(p *expose.BoundNLBProps) {
				p.Inbound.Cidrs = []netip.Prefix{cidr("10.8.0.0/16"), cidr("2001:db8::/56")}
			})},
			{what: "bound delprot", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.DeletionProtection = true })},
		}},
		{title: "Interop", updates: []update{
			{what: "hosts to cluster", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Clients.Kind = stacks.ClientIpv4Cluster })},
			{what: "dual", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Clients.DualStack = true })},
			{what: "tgw", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Join = stacks.JoinTransitGateway })},
			{what: "plink", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Join = stacks.JoinPrivateLink })},
			{what: "ccidr", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Clients.Cidr = cidr("10.9.0.0/16") })},
			{what: "3 zones", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Network.Azs = 3 })},
		}},
		{title: "Split", updates: []update{
			{what: "3 zones", from: splitStd, to: split(func(n *stacks.NetworkProps, _ *stacks.ClusterProps) { n.Network.Azs = 3 })},
			{what: "3 to 2 zones", from: split(func(n *stacks.NetworkProps, _ *stacks.ClusterProps) { n.Network.Azs = 3 }), to: splitStd},
			{what: "nat", from: splitStd, to: split(func(n *stacks.NetworkProps, _ *stacks.ClusterProps) { n.Network.Nat = dualstack.NatSingle })},
			{what: "cidr", from: splitStd, to: split(func(n *stacks.NetworkProps, _ *stacks.ClusterProps) { n.Network.Cidr = cidr("10.64.0.0/16") })},
		}},
		{title: "Stack", updates: []update{
			{what: "tags", from: standard, to: platform(func(p *pp) { p.Stack.Tags = &map[string]*string{"team": jsiix.Str("web")} })},
			{what: "Tags_Of", from: standard, to: with(func(p *stacks.Platform) { awscdk.Tags_Of(p.Stack).Add(jsiix.Str("team"), jsiix.Str("web"), nil) })},
			{what: "name", from: standard, to: platform(func(p *pp) { p.Stack.StackName = jsiix.Str("other") })},
			{what: "region", from: standard, to: platform(func(p *pp) {
				p.Stack.Env = &awscdk.Environment{Account: jsiix.Str("111122223333"), Region: jsiix.Str("eu-west-1")}
			})},
			{what: "termination", from: standard, to: platform(func(p *pp) { p.Stack.TerminationProtection = jsiix.Bool(true) })},
		}},
	}
}

// azOf is how an environment-agnostic stack names a zone, without white space.
func azOf(i int) string { return `{"Fn::Select":[` + string(rune('0'+i)) + `,{"Fn::GetAZs":""}]}` }

// squeeze takes the white space out of a template.
func squeeze(s string) string {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		panic(err)
	}
	return b.String()
}
