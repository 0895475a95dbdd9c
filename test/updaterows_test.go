package test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
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
// The test says which loses and refused it must have.
func updateGroups() []updateGroup {
	v36 := func(p *pp) { p.Cluster.Version = "1.36" }

	standard := platform()
	labels := func(p *pp) { p.Nodes.Labels = map[string]string{"team": "web"} }
	three := platform(func(p *pp) { p.Network.Azs = 3 })
	single := platform(func(p *pp) { p.Network.Nat = dualstack.NatSingle })
	regional := platform(func(p *pp) { p.Network.Nat = dualstack.NatRegional })
	none := platform(func(p *pp) { p.Network.Nat, p.Network.AcknowledgeNoIPv4Egress = dualstack.NatNone, true })
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
			p := &pp{Workload: withKubectl(stacks.Workload{})}
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
	grpc := func(version expose.ProtocolVersion) *state {
		return with(func(p *stacks.Platform) {
			expose.NewIngress(p.Stack, "Alb", &expose.IngressProps{
				Cluster: p.Cluster, Controller: p.Controller, Name: "web", Certificates: []string{"arn:aws:acm:eu-west-1:111122223333:certificate/1"},
				ProtocolVersion: version, DefaultBackend: expose.Backend{Service: "web", Port: 80},
			})
		})
	}
	tls := func(policy expose.ALPNPolicy) *state {
		return bound(func(p *expose.BoundNLBProps) {
			p.Ports[0].CertificateArns, p.Ports[0].ALPN = []string{"arn:aws:acm:eu-west-1:111122223333:certificate/1"}, policy
		})
	}
	second := with(func(p *stacks.Platform) { p.Cluster.AddNodeGroup("Spot", &ipv6eks.NodeGroupProps{Spot: true}) })
	boundTwo := bound(func(p *expose.BoundNLBProps) { p.Ports = append(p.Ports, expose.BoundPort{Port: 80}) })
	splitThree := split(func(n *stacks.NetworkProps, _ *stacks.ClusterProps) { n.Network.Azs = 3 })
	boundStd := bound(func(*expose.BoundNLBProps) {})
	interopStd := interop(func(*stacks.InteropProps) {})
	splitStd := split(func(*stacks.NetworkProps, *stacks.ClusterProps) {})
	return []updateGroup{
		{title: "Network", updates: []update{
			{what: "zones from 2 to 3", from: standard, to: three, args: [2]string{"", "-c azs=3"}, loses: []string{"node group"},
				means: "No subnet, address or route of the other zones changes. The node group is made anew, in three zones."},
			{what: "zones from 3 to 6", from: three, to: platform(func(p *pp) { p.Network.Azs = 6 }), args: [2]string{"-c azs=3", "-c azs=6"}, loses: []string{"node group"},
				means: "The same. The Region must have six, and the account six Elastic IPs; five is the quota until you ask for more."},
			{what: "zones from 3 to 2", from: three, to: standard, args: [2]string{"-c azs=3", "-c azs=2"}, loses: []string{"Elastic IP", "NAT gateway", "node group", "subnet"},
				means: "What you put into the third zone must be gone first, load balancers too: a subnet in use is not deleted."},
			{what: "the zones by name, those that the stack has", from: inZones, to: named("eu-west-1a", "eu-west-1b"),
				means: "Nothing, as long as the names are what the Region's first zones are in your account."},
			{what: "the zones by name, others", from: inZones, to: named("eu-west-1b", "eu-west-1c"), refused: "EKS moves no cluster", loses: []string{"NAT gateway", "node group", "subnet"},
				means: "Name zones at the end of the list, and keep those that are there."},
			{what: "isolated subnets", from: standard, to: platform(func(p *pp) { p.Network.IsolatedSubnets = true }), args: [2]string{"", "-c isolatedSubnets=true"},
				means: "Nothing else changes."},
			{what: "NAT from each zone to one", from: standard, to: single, args: [2]string{"", "-c nat=single"}, loses: []string{"Elastic IP", "NAT gateway"},
				means: "Connections over IPv4 that are open in the other zones break. The first zone keeps its address, the others' are given back."},
			{what: "NAT from one to regional", from: single, to: regional, args: [2]string{"-c nat=single", "-c nat=regional"}, loses: []string{"Elastic IP", "NAT gateway"},
				means: "IPv4 leaves with new addresses, and open connections break: tell whoever has the old ones in an allow list first."},
			{what: "NAT from regional to none", from: regional, to: none, args: [2]string{"-c nat=regional", "-c nat=none"}, loses: []string{"NAT gateway"},
				means: "No way to IPv4-only hosts any more: images and charts from such hosts must be mirrored before."},
			{what: "NAT from none to each zone", from: none, to: standard, args: [2]string{"-c nat=none", "-c nat=per-az"}, loses: []string{"endpoint", "security group"},
				means: "The endpoints that were there for the missing NAT go; name them in InterfaceEndpoints to keep them."},
			{what: "NAT with Elastic IPs of your own", from: standard, to: platform(func(p *pp) { p.Network.NatAllocationIDs = []string{"eipalloc-1", "eipalloc-2"} }), loses: []string{"Elastic IP", "NAT gateway"},
				means: "New gateways; open IPv4 connections break, once."},
			{what: "flow logs", from: standard, to: flowLogs, means: "Records begin."},
			{what: "flow logs of what is rejected only", from: flowLogs, to: platform(func(p *pp) { p.Network.FlowLogs = &dualstack.FlowLogs{RejectedOnly: true} }),
				means: "Another flow log into the same group; its records stay."},
			{what: "a secondary range", from: standard, to: secondary("100.64.0.0/16"), means: "Nothing else changes; subnets in it are your own."},
			{what: "the first of two secondary ranges goes", from: secondary("100.64.0.0/16", "100.65.0.0/16"), to: secondary("100.65.0.0/16"), refused: "the range is made while the old one is still there", loses: []string{"VPC range"},
				means: "Ranges are known by their place in the list: take them from its end."},
			{what: "the VPC's IPv4 range", from: standard, to: platform(func(p *pp) { p.Network.Cidr = cidr("10.64.0.0/16") }), refused: "EKS moves no cluster to another VPC",
				loses: []string{"NAT gateway", "VPC", "VPC range", "egress-only gateway", "endpoint", "node group", "security group", "subnet"},
				means: "A VPC keeps its primary range. Add a secondary one, or make a new platform beside this one."},
			{what: "the IPv6 block from an IPAM pool instead of Amazon", from: standard, to: platform(func(p *pp) { p.Network.IPv6.IpamPoolID = "ipam-pool-0123456789abcdef0" }), loses: []string{"VPC range"},
				stops: "the old block cannot go while the subnets have addresses of it, and which of the two blocks the subnets then name is open",
				means: "Choose the source before the first deployment."},
			{what: "interface endpoints", from: standard, to: platform(func(p *pp) { p.Network.InterfaceEndpoints = dualstack.EKSEndpoints() }),
				means: "Names of the services resolve to the endpoints at once, for the whole VPC."},
			{what: "S3's gateway endpoint goes", from: standard, to: platform(func(p *pp) { p.Network.GatewayEndpoints = dualstack.GatewayNone }), loses: []string{"endpoint"},
				means: "Image layers pass NAT, at its price. Connections to S3 that are open break."},
			{what: "endpoint policies (RestrictEndpoints)", from: standard, to: platform(func(p *pp) { p.Network.RestrictEndpoints = true }),
				means: "Principals of other accounts no longer get through."},
		}},
		{title: "Cluster", updates: []update{
			{what: "Kubernetes from 1.34 to 1.35, all at once", from: platform(func(p *pp) { p.Cluster.Version = "1.34" }), to: standard, args: [2]string{"-c kubernetesVersion=1.34", "-c kubernetesVersion=1.35"},
				means: "In this order: control plane, kube-proxy, nodes one at a time, coredns. There is a way back for a week at most: see [upgrades](upgrades.md) for one step at a time."},
			{what: "Kubernetes from 1.35 to 1.36, all at once", from: standard, to: platform(v36),
				means: "The same. The kubectl layer comes first, if it is older than 1.35."},
			{what: "another kubectl layer", from: standard, to: platform(func(p *pp) { p.KubectlVersion = "1.36" }), means: "Charts and manifests are applied by the new kubectl from now on; none is applied again."},
			{what: "the public API endpoint, for some ranges", from: standard, to: platform(func(p *pp) { p.Cluster.APIAccessCidrs = []netip.Prefix{cidr("203.0.113.0/24"), cidr("2001:db8::/32")} }),
				args: [2]string{"", "-c apiAccessCidrs=198.51.100.0/24,2600:1f18::/32"}, means: "A few minutes, in which the API stays in reach."},
			{what: "the private API endpoint, for joined networks", from: standard, to: platform(func(p *pp) { p.Cluster.PrivateAPICidrs = []netip.Prefix{cidr("10.8.0.0/16")} }),
				args: [2]string{"", "-c privateApiCidrs=10.8.0.0/16"}, means: "At once."},
			{what: "the cluster's name", from: standard, to: platform(func(p *pp) { p.Cluster.Name = "shop" }), args: [2]string{"", "-c clusterName=shop"},
				loses: []string{"add-on", "cluster", "log retention", "node group"},
				means: "**A new, empty cluster**; the old one and its logs go at the end. Only charts and manifests of this stack are applied to it. Load balancers that the old controller made stay behind: delete Ingresses, Gateways and Services before."},
			{what: "CreatorAdmin", from: standard, to: platform(func(p *pp) { p.Cluster.CreatorAdmin = true }), refused: "under the same name", loses: []string{"add-on", "cluster", "node group"},
				means: "With another Name at the same time it is a new cluster. An access entry (AdminRoleArns) does the same for a living one."},
			{what: "another key for secrets (SecretsKey)", from: standard, to: key(func(p *pp, k awskms.IKey) { p.Cluster.SecretsKey = k }), refused: "under the same name", loses: []string{"KMS key", "add-on", "cluster", "node group"},
				means: "EKS changes no cluster's key. With another Name at the same time it is a new cluster."},
			{what: "an administrator", from: standard, to: platform(roles("Admin")), args: [2]string{"", "-c adminRoleArns=arn:aws:iam::123456789012:role/cdk-hnb659fds-lookup-role-123456789012-us-east-1"}, means: "At once."},
			{what: "an administrator before another in the list", from: platform(roles("Operator")), to: platform(roles("Admin", "Operator")), means: "The order does not matter."},
			{what: "a reader (Access)", from: standard, to: platform(func(p *pp) {
				p.Cluster.Access = []ipv6eks.Access{{Principal: "arn:aws:iam::111122223333:role/Reader", Right: ipv6eks.View}}
			}), means: "At once."},
			{what: "how long logs are kept", from: standard, to: platform(func(p *pp) { p.Cluster.LogRetentionDays = 365 }), means: "For old records too; a shorter time deletes them."},
			{what: "which logs are kept", from: standard, to: platform(func(p *pp) { p.Cluster.LogTypes = ipv6eks.AllLogTypes() }), means: "A few minutes."},
			{what: "logs outlive the stack (RetainLogs)", from: standard, to: platform(func(p *pp) { p.Cluster.RetainLogs = true }), means: "Nothing, until the stack is deleted."},
			{what: "deletion protection", from: standard, to: platform(func(p *pp) { p.Cluster.DeletionProtection = true }),
				means: "From then on `cdk destroy` fails, and so does an update that makes the cluster anew."},
			{what: "zonal shift", from: standard, to: platform(func(p *pp) { p.Cluster.ZonalShift = true }), means: "Nothing, until ARC shifts."},
			{what: "standard support only", from: standard, to: platform(func(p *pp) { p.Cluster.StandardSupportOnly = true }), means: "EKS then upgrades the cluster itself, and the template is behind."},
			{what: "roles that trust this cluster alone (ConfinePodIdentity)", from: standard, to: platform(func(p *pp) { p.Cluster.ConfinePodIdentity = true }), means: "Pods get their next credentials under the new condition."},
		}},
		{title: "Nodes", intro: "What makes a node group anew makes all of its nodes beside the old ones, and then drains and deletes these: twice the nodes for a while, within your quotas. What changes the launch template replaces nodes by MaxUnavailable, one at a time by default.",
			updates: []update{
				{what: "instance types", from: standard, to: platform(func(p *pp) { p.Nodes.InstanceTypes = []string{"m7i.xlarge"} }), args: [2]string{"", "-c nodeInstanceTypes=m7i.xlarge"}, loses: []string{"node group"},
					means: "A new node group."},
				{what: "x86_64 to ARM", from: standard, to: platform(func(p *pp) { p.Nodes.Architecture = ipv6eks.ARM }), args: [2]string{"", "-c nodeArchitecture=arm64"}, loses: []string{"node group"},
					means: "A new node group: every image must be there for ARM before. A second group first is safer."},
				{what: "AL2023 to Bottlerocket", from: standard, to: platform(func(p *pp) { p.Nodes.AMI = ipv6eks.Bottlerocket }), args: [2]string{"", "-c nodeAmi=BOTTLEROCKET"}, loses: []string{"node group"},
					means: "A new node group."},
				{what: "on demand to Spot", from: standard, to: platform(func(p *pp) { p.Nodes.Spot = true }), loses: []string{"node group"}, means: "A new node group."},
				{what: "how many nodes (Min, Desired, Max)", from: standard, to: platform(func(p *pp) { p.Nodes.Min, p.Nodes.Desired, p.Nodes.Max = 3, 3, 9 }),
					means: "The number that an autoscaler has chosen is overwritten."},
				{what: "disk size", from: standard, to: platform(func(p *pp) { p.Nodes.DiskGiB = 100 }), means: "Nodes are replaced one at a time."},
				{what: "a key for the disks (VolumeKey)", from: standard, to: key(func(p *pp, k awskms.IKey) { p.Nodes.VolumeKey = k }), means: "Nodes are replaced one at a time."},
				{what: "Pods reach the metadata service", from: standard, to: platform(func(p *pp) { p.Nodes.PodsReachIMDS = true }), means: "Nodes are replaced one at a time."},
				{what: "labels", from: standard, to: platform(labels), means: "On the living nodes, at once."},
				{what: "tags of the nodes (Tags)", from: standard, to: platform(func(p *pp) { p.Nodes.Tags = map[string]string{"team": "web"} }),
					means: "Nodes are replaced one at a time, since instances and volumes have those of the launch template."},
				{what: "a taint", from: platform(), to: platform(func(p *pp) {
					p.Nodes.Taints = []ipv6eks.Taint{{Key: "dedicated", Value: "web", Effect: ipv6eks.PreferNoSchedule}}
				}),
					means: "On the living nodes, at once; NoExecute takes Pods off them. The only group must take Pods without tolerations, or coredns has no place."},
				{what: "MaxUnavailable", from: standard, to: platform(func(p *pp) { p.Nodes.MaxUnavailable = 2 }), means: "Nothing, until the next update of the nodes."},
				{what: "node repair, with its agent", from: standard, to: platform(func(p *pp) { p.Nodes.NodeRepair, p.Cluster.NodeMonitoring = true, true }), means: "Broken nodes are replaced from now on."},
				{what: "Session Manager", from: standard, to: platform(func(p *pp) { p.Nodes.SessionManager = true }), means: "On the role that all groups share: on all of their nodes, within minutes."},
				{what: "the image's release", from: standard, to: platform(func(p *pp) { p.Nodes.ReleaseVersion = "1.35.3-20261012" }), args: [2]string{"", "-c nodeReleaseVersion=1.35.3-20261012"}, means: "Nodes are replaced one at a time."},
				{what: "the image's release and labels", from: standard, to: platform(labels, func(p *pp) { p.Nodes.ReleaseVersion = "1.35.3-20261012" }), refused: "EKS changes a node group's ReleaseVersion alone",
					means: "The same holds for Version with anything else of the group, the launch template included."},
				{what: "a second node group", from: standard, to: second, means: "Nothing else changes."},
				{what: "a node group goes", from: second, to: standard, loses: []string{"node group"}, means: "Its nodes are drained first."},
				{what: "a Fargate profile", from: standard, to: profile("Batch:batch"), means: "Pods of the namespace that start from now on run on Fargate."},
				{what: "a second Fargate profile", from: profile("Batch:batch"), to: profile("Batch:batch", "Web:web"), means: "The same; EKS makes one profile at a time, and they wait for each other."},
				{what: "another selector of a Fargate profile", from: profile("Batch:batch"), to: profile("Batch:jobs"), loses: []string{"Fargate profile"},
					means: "A new profile; Pods that run by the old one are stopped with it."},
			}},
		{title: "Add-ons and the load balancer controller", updates: []update{
			{what: "the VPC CNI's version", from: standard, to: platform(func(p *pp) { p.Cluster.CNI.Version = "v1.23.1-eksbuild.1" }), means: "aws-node restarts node by node; Pods keep their addresses."},
			{what: "network policies", from: standard, to: platform(func(p *pp) { p.Cluster.CNI.NetworkPolicy = true }), means: "aws-node restarts node by node; policies that exist take effect."},
			{what: "no IPv4 egress for Pods", from: standard, to: platform(func(p *pp) { p.Cluster.CNI.DisableIPv4Egress = true }), means: "Pods that run keep theirs until their nodes are replaced."},
			{what: "an add-on's version left to EKS", from: standard, to: platform(func(p *pp) { p.Cluster.AddonVersions = map[string]string{"coredns": ipv6eks.EKSDefault} }), means: "It stays at the version that it has, or takes EKS's default: CloudFormation does not say which."},
			{what: "an add-on's configuration (AddonConfiguration)", from: standard, to: platform(func(p *pp) {
				p.Cluster.AddonConfiguration = map[string]map[string]any{"coredns": {"replicaCount": 3}}
			}), means: "EKS applies it; its Pods roll, where the configuration is theirs."},
			{what: "a further add-on (AddAddon)", from: standard, to: with(func(p *stacks.Platform) { p.Cluster.AddAddon("aws-efs-csi-driver", nil) }), means: "Nothing else changes."},
			{what: "a chart (NewChart)", from: standard, to: with(func(p *stacks.Platform) {
				p.Cluster.NewChart(p.Stack, "CertManager", &ipv6eks.ChartProps{Chart: "cert-manager", Repository: "https://charts.jetstack.io", Version: "v1.19.1", Namespace: "cert-manager"})
			}), means: "Nothing else changes."},
			{what: "metrics-server", from: standard, to: platform(func(p *pp) { p.Cluster.MetricsServer = true }), means: "Nothing else changes."},
			{what: "the EBS CSI driver", from: standard, to: platform(func(p *pp) { p.Cluster.EBSDriver = true }), args: [2]string{"", "-c ebsDriver=true"}, means: "Nothing else changes."},
			{what: "the controller's chart, 3.4.3 to 3.5.0", from: platform(func(p *pp) { p.Controller.ChartVersion = "3.4.3" }), to: standard, means: "Its Pods roll; load balancers go on. The controller's own kinds are applied before it, where they differ."},
			{what: "the controller's image from a mirror", from: standard, to: platform(func(p *pp) {
				p.Controller.ImageRepository = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/aws-load-balancer-controller"
			}), args: [2]string{"", "-c controllerImage=123456789012.dkr.ecr.us-east-1.amazonaws.com/aws-load-balancer-controller"}, means: "Its Pods roll; the image must be in the mirror before, or the chart is taken back."},
			{what: "a disruption budget for the controller", from: standard, to: platform(func(p *pp) { p.Controller.DisruptionBudget = true }), means: "Nothing, until a node is drained."},
			{what: "the chart's values", from: standard, to: platform(func(p *pp) { p.Controller.Values = map[string]any{"replicaCount": 3} }), means: "Its Pods roll, where the values are theirs."},
			{what: "dual-stack as the default of Services", from: platform(v36), to: platform(v36, func(p *pp) { p.Controller.DualStackServices = true }), means: "For Services that are made from now on."},
		}},
		{title: "Services", intro: "Ingresses, Gateways and Services of type LoadBalancer are objects in the cluster: the templates show the manifest, the controller changes the load balancer.",
			updates: []update{
				{what: "replicas of the echo", from: exposedStd, to: exposing(func(p *stacks.ExposedProps) { p.Echo.Replicas = 3 }), means: "Its Deployment changes."},
				{what: "certificates for the ALB and the NLB", from: exposedStd, to: exposing(func(p *stacks.ExposedProps) {
					p.Certificates = []string{"arn:aws:acm:eu-west-1:111122223333:certificate/1"}
				}), means: "The same load balancers and names, with new listeners."},
				{what: "the echo's namespace", from: exposedStd, to: exposing(func(p *stacks.ExposedProps) { p.Echo.Namespace = "demo" }),
					means: "**New load balancers with new names**; kubectl deletes the old namespace with all that is in it, first."},
				{what: "an Ingress from internal to the internet", from: ingress(expose.Internal), to: ingress(expose.InternetFacing),
					means: "**A new ALB with a new name**: the controller deletes the old one first. The deployment waits for the new name."},
				{what: "an Ingress from HTTP to gRPC (ProtocolVersion)", from: grpc(""), to: grpc(expose.GRPC),
					means: "The same ALB with new target groups: the controller turns the listener over and deletes the old ones. Requests fail until the new targets are healthy, and clients of HTTP/1.1 from then on."},
				{what: "BoundNLB: a second port", from: boundStd, to: boundTwo, means: "Nothing else changes."},
				{what: "BoundNLB: a port goes", from: boundTwo, to: boundStd, loses: []string{"listener", "target group"}, means: "Its clients lose it at the end of the update."},
				{what: "BoundNLB: another port", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.Ports[0].Port, p.Ports[0].ServicePort = 8443, 443 }), loses: []string{"listener", "target group"},
					means: "A new listener beside the old one, which goes at the end."},
				{what: "BoundNLB: the Pods' port (TargetPort)", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.Ports[0].TargetPort = 9443 }), loses: []string{"target group"},
					means: "The port is not served for some minutes, until the new targets are healthy. Without a gap: add a port, move the clients, take the old one away."},
				{what: "BoundNLB: TCP to UDP", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.Ports[0].UDP = true; p.HealthCheck.Port = 8080 }), loses: []string{"target group"},
					means: "The same; clients of TCP are cut off."},
				{what: "BoundNLB: UDP beside TCP on a port", from: boundStd, to: bound(func(p *expose.BoundNLBProps) {
					p.Ports = append(p.Ports, expose.BoundPort{Port: p.Ports[0].Port, ServicePort: p.Ports[0].ServicePort, TargetPort: p.Ports[0].TargetPort, UDP: true})
				}), loses: []string{"target group"}, means: "One listener for both, with a new target group; TCP is not served for some minutes, as with another Pods' port."},
				{what: "BoundNLB: HTTP/2 for gRPC (ALPN)", from: tls(""), to: tls(expose.HTTP2Preferred), means: "For new connections."},
				{what: "BoundNLB: a certificate, TCP to TLS", from: boundStd, to: bound(func(p *expose.BoundNLBProps) {
					p.Ports[0].CertificateArns = []string{"arn:aws:acm:eu-west-1:111122223333:certificate/1"}
				}), means: "New connections are TLS; the Pods get what is inside."},
				{what: "BoundNLB: from internal to the internet", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.Scheme, p.Inbound.Anywhere = expose.InternetFacing, true }), loses: []string{"listener", "load balancer", "target group"},
					means: "**A new NLB with a new name**; the old one goes at the end."},
				{what: "BoundNLB: another Service", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.Service = "store" }), refused: "a target group has one TargetGroupBinding", loses: []string{"security group"},
					means: "Change the port with it, or make a second BoundNLB and take the first away later."},
				{what: "BoundNLB: who may connect", from: boundStd, to: bound(func(p *expose.BoundNLBProps) {
					p.Inbound.Cidrs = []netip.Prefix{cidr("10.8.0.0/16"), cidr("2001:db8::/56")}
				}), means: "At once; open connections go on."},
				{what: "BoundNLB: deletion protection", from: boundStd, to: bound(func(p *expose.BoundNLBProps) { p.DeletionProtection = true }), means: "From then on `cdk destroy` fails."},
			}},
		{title: "Across the VPC's boundary", intro: "Of `stacks.NewInterop`.", updates: []update{
			{what: "interop: peering to a transit gateway", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Join = stacks.JoinTransitGateway }), loses: []string{"peering connection"},
				means: "Routes turn to the gateway once its attachments are there; the peering connection goes at the end."},
			{what: "interop: peering to PrivateLink", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Join = stacks.JoinPrivateLink }), loses: []string{"peering connection"},
				means: "Clients must call another name (output ServiceName) before."},
			{what: "interop: clients from hosts to an IPv4 cluster", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Clients.Kind = stacks.ClientIPv4Cluster }), refused: "the range is made while the old one is still there", loses: []string{"subnet"},
				means: "The clients' subnets are others with the same addresses: take the stack down first."},
			{what: "interop: dual-stack clients", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Clients.DualStack = true }), refused: "the range is made while the old one is still there", loses: []string{"subnet"},
				means: "The same: choose it before the first deployment."},
			{what: "interop: the clients' IPv4 range", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Clients.Cidr = cidr("10.9.0.0/16") }), loses: []string{"VPC", "peering connection", "subnet"},
				means: "**A new clients' VPC**: what you put into the old one must be gone first."},
			{what: "interop: zones from 2 to 3", from: interopStd, to: interop(func(p *stacks.InteropProps) { p.Network.Azs = 3 }), loses: []string{"node group"}, means: "As above; the load balancer in between takes the new zone."},
		}},
		{title: "In two stacks", intro: "`stacks.NewNetwork` and `stacks.NewCluster`: what the cluster's stack imports, the network's must keep.", updates: []update{
			{what: "two stacks: zones from 2 to 3", from: splitStd, to: splitThree, loses: []string{"node group"}, means: "The network first, then the cluster, as `cdk deploy --all` does."},
			{what: "two stacks: zones from 3 to 2", from: splitThree, to: splitStd, refused: "another stack imports", loses: []string{"Elastic IP", "NAT gateway", "node group", "subnet"},
				means: "In two deployments: nodes that do not use the third zone (Nodes.Subnets), then the network."},
			{what: "two stacks: NAT from each zone to one", from: splitStd, to: split(func(n *stacks.NetworkProps, _ *stacks.ClusterProps) { n.Network.Nat = dualstack.NatSingle }), loses: []string{"Elastic IP", "NAT gateway"},
				means: "The cluster's stack does not change."},
			{what: "two stacks: the VPC's IPv4 range", from: splitStd, to: split(func(n *stacks.NetworkProps, _ *stacks.ClusterProps) { n.Network.Cidr = cidr("10.64.0.0/16") }), refused: "another stack imports",
				loses: []string{"NAT gateway", "VPC", "VPC range", "egress-only gateway", "endpoint", "subnet"}, means: "CloudFormation refuses it before anything happens."},
		}},
		{title: "The stack itself", updates: []update{
			{what: "Hardened", from: standard, to: platform(func(p *pp) { p.Hardened = true }), args: [2]string{"", "-c hardened=true"},
				means: "All of what it chooses, at once: nodes are replaced one at a time for the key of their disks, and the cluster is protected from deletion."},
			{what: "Deletable, before the end of a hardened platform", from: platform(func(p *pp) { p.Hardened = true }), to: platform(func(p *pp) { p.Hardened, p.Deletable = true, true }),
				args: [2]string{"-c hardened=true", "-c deletable=true"}, means: "`cdk destroy` works then."},
			{what: "tags of the stack (StackProps.Tags)", from: standard, to: platform(func(p *pp) { p.Stack.Tags = &map[string]*string{"team": jsiix.Str("web")} }),
				means: "They are not in the template: CloudFormation puts them on every resource that takes tags, the node group among them, and on no instance or volume of it."},
			{what: "tags by awscdk.Tags_Of", from: standard, to: with(func(p *stacks.Platform) { awscdk.Tags_Of(p.Stack).Add(jsiix.Str("team"), jsiix.Str("web"), nil) }),
				means: "On the resources, in place; nodes are replaced one at a time, since instances and volumes have those of the launch template."},
			{what: "termination protection", from: standard, to: platform(func(p *pp) { p.Stack.TerminationProtection = jsiix.Bool(true) }), means: "Not in the template: the CDK CLI sets it."},
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
