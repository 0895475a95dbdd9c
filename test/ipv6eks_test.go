package test

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

func sorted(list []string) []string {
	out := slices.Clone(list)
	sort.Strings(out)
	return out
}

// clusterTemplate is a stack with a cluster in a fresh VPC, and what more is added to it.
func clusterTemplate(t testing.TB, props ipv6eks.ClusterProps, more func(awscdk.Stack, *ipv6eks.Cluster)) template {
	t.Helper()
	return synthStack(t, func(stack awscdk.Stack) { more(stack, cluster(stack, props)) })
}

func cluster(stack awscdk.Stack, props ipv6eks.ClusterProps) *ipv6eks.Cluster {
	props.Vpc = dualstack.NewVpc(stack, "Network", &dualstack.VpcProps{Azs: 3}).L2
	return ipv6eks.NewCluster(stack, "Cluster", &props)
}

func addNodes(_ awscdk.Stack, c *ipv6eks.Cluster) { c.AddNodeGroup("Nodes", nil) }

func TestClusterOptions(t *testing.T) {
	key := ""
	tpl := synthStack(t, func(stack awscdk.Stack) {
		own := awskms.NewKey(stack, jsiix.Str("Own"), nil)
		c := cluster(stack, ipv6eks.ClusterProps{
			Name: "demo", Version: "1.34", SecretsKey: own,
			APIAccessCidrs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")},
			AdminRoleArns:  []string{"arn:aws:iam::111122223333:role/team/Admin"},
			LogTypes:       []awseksv2.ClusterLoggingTypes{awseksv2.ClusterLoggingTypes_AUDIT}, RetainLogs: true,
			DeletionProtection: true, StandardSupportOnly: true, ZonalShift: true, CreatorAdmin: true,
			MetricsServer: true, NodeMonitoring: true, AddonVersions: map[string]string{"coredns": "v1.13.2-eksbuild.4"},
			CNI: ipv6eks.CNIOptions{Version: "v1.23.1-eksbuild.1", DisableIPv4Egress: true, NetworkPolicy: true, StrictNetworkPolicy: true, Env: map[string]string{"AWS_VPC_ENI_MTU": "9001"}},
			Tune: func(p *awseksv2.ClusterProps) {
				p.ControlPlaneScalingTier = awseksv2.ControlPlaneScalingTier_TIER_XL()
			},
		})
		addNodes(stack, c)
		key = *awscdk.Stack_Of(stack).GetLogicalId(own.Node().DefaultChild().(awskms.CfnKey))
	})
	_, c := tpl.one(t, "AWS::EKS::Cluster")
	for what, ok := range map[string]bool{
		"name":       c.Properties["Name"] == "demo",
		"version":    c.Properties["Version"] == "1.34",
		"cidrs":      js(c.at("ResourcesVpcConfig", "PublicAccessCidrs")) == `["203.0.113.0/24","2001:db8::/32"]`,
		"endpoints":  c.at("ResourcesVpcConfig", "EndpointPublicAccess") == true && c.at("ResourcesVpcConfig", "EndpointPrivateAccess") == true,
		"key":        strings.Contains(js(c.Properties["EncryptionConfig"]), key),
		"protection": c.Properties["DeletionProtection"] == true,
		"support":    c.at("UpgradePolicy", "SupportType") == "STANDARD",
		"shift":      c.at("ZonalShiftConfig", "Enabled") == true,
		"creator":    c.at("AccessConfig", "BootstrapClusterCreatorAdminPermissions") == true,
		"log types":  js(c.at("Logging", "ClusterLogging", "EnabledTypes")) == `[{"Type":"audit"}]`,
		"tuned":      strings.Contains(js(c.Properties["ControlPlaneScalingConfig"]), "tier-xl"),
	} {
		if !ok {
			t.Errorf("%s: %s", what, js(c.Properties))
		}
	}
	if keys := tpl.of("AWS::KMS::Key"); len(keys) != 1 {
		t.Errorf("keys: %v, want the given one alone", keys)
	}
	_, logs := tpl.find(t, "Custom::LogRetention", "LogGroupName", "/aws/eks/")
	if logs.Properties["RemovalPolicy"] == "destroy" || logs.Properties["LogGroupName"] != "/aws/eks/demo/cluster" || logs.Properties["RetentionInDays"] != 90.0 {
		t.Errorf("logs: %s", js(logs.Properties))
	}
	_, entry := tpl.one(t, "AWS::EKS::AccessEntry")
	if !strings.Contains(js(entry.Properties), "AmazonEKSClusterAdminPolicy") || entry.Properties["PrincipalArn"] != "arn:aws:iam::111122223333:role/team/Admin" {
		t.Errorf("access entry: %s", js(entry.Properties))
	}
	_, cni := tpl.find(t, "AWS::EKS::Addon", "AddonName", "vpc-cni")
	var values map[string]any
	if err := json.Unmarshal([]byte(cni.Properties["ConfigurationValues"].(string)), &values); err != nil {
		t.Fatal(err)
	}
	if got := js(values); cni.Properties["AddonVersion"] != "v1.23.1-eksbuild.1" || got != `{"enableNetworkPolicy":"true","env":{"AWS_VPC_ENI_MTU":"9001","ENABLE_V4_EGRESS":"false","NETWORK_POLICY_ENFORCING_MODE":"strict"}}` {
		t.Errorf("vpc-cni: %s", js(cni.Properties))
	}
	nodes, _ := tpl.one(t, "AWS::EKS::Nodegroup")
	metrics, _ := tpl.find(t, "AWS::EKS::Addon", "AddonName", "metrics-server")
	dns, d := tpl.find(t, "AWS::EKS::Addon", "AddonName", "coredns")
	if !tpl.waitsFor(metrics, nodes) || !tpl.waitsFor(dns, nodes) || d.Properties["AddonVersion"] != "v1.13.2-eksbuild.4" {
		t.Errorf("metrics-server or coredns: %s", js(d.Properties))
	}
	tpl.find(t, "AWS::EKS::Addon", "AddonName", "eks-node-monitoring-agent")
	if n := len(tpl.of("Custom::AWSCDK-EKS-KubernetesResource", "AWS::Lambda::LayerVersion")); n != 0 {
		t.Error("a cluster without a kubectl layer has the kubectl provider")
	}
}

func TestClusterOpenToWorld(t *testing.T) {
	_, c := clusterTemplate(t, ipv6eks.ClusterProps{APIOpenToWorld: true}, addNodes).one(t, "AWS::EKS::Cluster")
	if got := js(c.at("ResourcesVpcConfig", "PublicAccessCidrs")); got != `["0.0.0.0/0","::/0"]` {
		t.Errorf("public access: %s", got)
	}
}

// EKS lets a cluster's subnets change within its first zones only; nodes go to all.
func TestControlPlaneStaysInItsZones(t *testing.T) {
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{}, addNodes)
	_, c := tpl.one(t, "AWS::EKS::Cluster")
	_, n := tpl.one(t, "AWS::EKS::Nodegroup")
	if got := js(c.at("ResourcesVpcConfig", "SubnetIds")); strings.Contains(got, "PrivateSubnet3") || strings.Count(got, "PrivateSubnet") != 2 {
		t.Errorf("the control plane is in %s", got)
	}
	if got := js(n.Properties["Subnets"]); strings.Count(got, "PrivateSubnet") != 3 {
		t.Errorf("nodes are in %s", got)
	}
	_, c = clusterTemplate(t, ipv6eks.ClusterProps{ControlPlaneSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}}, addNodes).one(t, "AWS::EKS::Cluster")
	if got := js(c.at("ResourcesVpcConfig", "SubnetIds")); strings.Count(got, "PrivateSubnet") != 3 {
		t.Errorf("the control plane is in %s", got)
	}
}

func TestNodeGroups(t *testing.T) {
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{}, func(stack awscdk.Stack, c *ipv6eks.Cluster) {
		extra := awsec2.NewSecurityGroup(stack, jsiix.Str("Extra"), &awsec2.SecurityGroupProps{Vpc: c.Vpc, AllowAllIpv6Outbound: jsiix.Bool(true)})
		c.AddNodeGroup("Plain", nil)
		c.AddNodeGroup("Rocket", &ipv6eks.NodeGroupProps{
			AMI: ipv6eks.Bottlerocket, InstanceTypes: []string{"m7g.large", "m6g.large"}, Spot: true, DiskGiB: 100,
			Min: 1, Max: 5, Labels: map[string]string{"team": "a"}, MaxUnavailable: 2, NodeRepair: true, SessionManager: true, PodsReachIMDS: true,
			Taints:         []ipv6eks.Taint{{Key: "dedicated", Value: "a", Effect: ipv6eks.NoSchedule}},
			SecurityGroups: []awsec2.ISecurityGroup{extra},
			Tune:           func(p *awseksv2.CfnNodegroupProps) { p.NodegroupName = jsiix.Str("rocket") },
			TuneLaunchTemplate: func(d *awsec2.CfnLaunchTemplate_LaunchTemplateDataProperty) {
				d.Monitoring = &awsec2.CfnLaunchTemplate_MonitoringProperty{Enabled: true}
			},
		})
	})
	_, plain := tpl.find(t, "AWS::EKS::Nodegroup", "AmiType", "AL2023_x86_64_STANDARD")
	if got := js(plain.Properties["ScalingConfig"]); got != `{"DesiredSize":2,"MaxSize":4,"MinSize":2}` || plain.Properties["CapacityType"] != "ON_DEMAND" || js(plain.Properties["InstanceTypes"]) != `["m6i.large"]` || plain.Properties["Version"] != ipv6eks.DefaultVersion {
		t.Errorf("plain: %s", js(plain.Properties))
	}
	_, rocket := tpl.find(t, "AWS::EKS::Nodegroup", "AmiType", "BOTTLEROCKET_ARM_64")
	for property, want := range map[string]string{
		"ScalingConfig": `{"DesiredSize":1,"MaxSize":5,"MinSize":1}`, "CapacityType": `"SPOT"`, "Labels": `{"team":"a"}`,
		"Taints": `[{"Effect":"NO_SCHEDULE","Key":"dedicated","Value":"a"}]`, "UpdateConfig": `{"MaxUnavailable":2}`,
		"NodeRepairConfig": `{"Enabled":true}`, "NodegroupName": `"rocket"`,
	} {
		if got := js(rocket.Properties[property]); got != want {
			t.Errorf("rocket: %s is %s, want %s", property, got, want)
		}
	}
	for _, id := range tpl.of("AWS::EC2::LaunchTemplate") {
		d := tpl.Resources[id].Properties["LaunchTemplateData"].(map[string]any)
		m := d["MetadataOptions"].(map[string]any)
		isRocket := strings.Contains(id, "Rocket")
		if want := map[bool]float64{true: 2, false: 1}[isRocket]; m["HttpTokens"] != "required" || m["HttpPutResponseHopLimit"] != want || m["HttpProtocolIpv6"] != nil {
			t.Errorf("%s: metadata %s", id, js(m))
		}
		disks := d["BlockDeviceMappings"].([]any)
		for _, disk := range disks {
			if e := disk.(map[string]any)["Ebs"].(map[string]any); e["Encrypted"] != true || e["VolumeType"] != "gp3" {
				t.Errorf("%s: disk %s", id, js(disk))
			}
		}
		if isRocket && (len(disks) != 2 || !strings.Contains(js(disks[1]), `"VolumeSize":100`) || !strings.Contains(js(d["SecurityGroupIds"]), "ClusterSecurityGroupId") || !strings.Contains(js(d["SecurityGroupIds"]), "Extra") || d["Monitoring"] == nil) {
			t.Errorf("%s: %s", id, js(d))
		}
		if !isRocket && (len(disks) != 1 || d["SecurityGroupIds"] != nil) {
			t.Errorf("%s: %s", id, js(d))
		}
		if d["NetworkInterfaces"] != nil {
			t.Errorf("%s names network interfaces, which switches off the subnets' IPv6 assignment", id)
		}
	}
	_, role := tpl.find(t, "AWS::IAM::Role", "ManagedPolicyArns", "AmazonEKSWorkerNodePolicy")
	arns := js(role.Properties["ManagedPolicyArns"])
	if strings.Contains(arns, "CNI") || role.Properties["Policies"] != nil || !strings.Contains(arns, "AmazonEC2ContainerRegistryPullOnly") || !strings.Contains(arns, "AmazonSSMManagedInstanceCore") {
		t.Errorf("the nodes' role: %s", js(role.Properties))
	}
}

func TestFargate(t *testing.T) {
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{CoreDNSOnFargate: true}, func(_ awscdk.Stack, c *ipv6eks.Cluster) {
		c.AddFargateProfile("System", &ipv6eks.FargateProfileProps{Selectors: []ipv6eks.FargateSelector{{Namespace: "kube-system", Labels: map[string]string{"k8s-app": "kube-dns"}}}})
		c.AddFargateProfile("Batch", &ipv6eks.FargateProfileProps{
			Selectors: []ipv6eks.FargateSelector{{Namespace: "batch-*"}},
			Tune:      func(p *awseksv2.CfnFargateProfileProps) { p.FargateProfileName = jsiix.Str("batch") },
		})
	})
	dns, d := tpl.find(t, "AWS::EKS::Addon", "AddonName", "coredns")
	if d.Properties["ConfigurationValues"] != `{"computeType":"Fargate"}` {
		t.Errorf("coredns: %s", js(d.Properties))
	}
	for _, id := range tpl.of("AWS::EKS::FargateProfile") {
		if p := tpl.Resources[id].Properties; !tpl.waitsFor(dns, id) || strings.Contains(js(p["Subnets"]), "Public") || strings.Count(js(p["Subnets"]), "Private") != 3 {
			t.Errorf("%s: %s", id, js(p))
		}
	}
	_, system := tpl.find(t, "AWS::EKS::FargateProfile", "Selectors", "kube-system")
	if got := js(system.Properties["Selectors"]); got != `[{"Labels":[{"Key":"k8s-app","Value":"kube-dns"}],"Namespace":"kube-system"}]` {
		t.Errorf("selectors: %s", got)
	}
	if n := len(tpl.of("AWS::EKS::FargateProfile")); n != 2 {
		t.Errorf("%d profiles", n)
	}
	tpl.find(t, "AWS::IAM::Role", "ManagedPolicyArns", "AmazonEKSFargatePodExecutionRolePolicy")
}

func TestCapacityOfOthers(t *testing.T) {
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{}, func(stack awscdk.Stack, c *ipv6eks.Cluster) {
		c.AddCapacity(c.L2.(awseksv2.Cluster).AddNodegroupCapacity(jsiix.Str("Stock"), &awseksv2.NodegroupOptions{AmiType: awseksv2.NodegroupAmiType_AL2023_X86_64_STANDARD}))
	})
	nodes, _ := tpl.one(t, "AWS::EKS::Nodegroup")
	cni, _ := tpl.find(t, "AWS::EKS::Addon", "AddonName", "vpc-cni")
	dns, _ := tpl.find(t, "AWS::EKS::Addon", "AddonName", "coredns")
	if !tpl.waitsFor(nodes, cni) || !tpl.waitsFor(dns, nodes) {
		t.Error("the stock node group is outside the order of creation")
	}
}

func TestPodIdentity(t *testing.T) {
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{}, func(stack awscdk.Stack, c *ipv6eks.Cluster) {
		addNodes(stack, c)
		web := c.NewPodIdentity(stack, "Web", &ipv6eks.PodIdentityProps{Namespace: "shop", ServiceAccount: "web"})
		web.Role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsiix.Strs([]string{"sns:Publish"}), Resources: jsiix.Strs([]string{"*"})}))
	})
	_, a := tpl.find(t, "AWS::EKS::PodIdentityAssociation", "ServiceAccount", "web")
	role := tpl.Resources[a.Properties["RoleArn"].(map[string]any)["Fn::GetAtt"].([]any)[0].(string)]
	trust := js(role.Properties["AssumeRolePolicyDocument"])
	if a.Properties["Namespace"] != "shop" || !strings.Contains(trust, "pods.eks.amazonaws.com") || !strings.Contains(trust, "sts:TagSession") || !strings.Contains(trust, "sts:AssumeRole") {
		t.Errorf("%s, trust %s", js(a.Properties), trust)
	}
}

func TestClusterRefusals(t *testing.T) {
	app, _ := newApp(t)
	stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
	vpc := dualstack.NewVpc(stack, "Network", nil).L2
	mustPanic(t, func() { ipv6eks.NewCluster(stack, "A", nil) }, "ipv6eks.NewCluster S/A: Vpc: missing")
	mustPanic(t, func() { ipv6eks.NewCluster(stack, "B", &ipv6eks.ClusterProps{Vpc: vpc, Version: "1.2"}) }, `ipv6eks.NewCluster S/B: Version: "1.2"`)
	mustPanic(t, func() {
		ipv6eks.NewCluster(stack, "C", &ipv6eks.ClusterProps{Vpc: vpc, Version: "1.36", Kubectl: kubectllayer.New(stack, "Kubectl")})
	}, "Kubectl.Version: kubectl 1.34 works with Kubernetes 1.33 to 1.35, not with the cluster's 1.36")
	tune := func(f func(*awseksv2.ClusterProps)) func() {
		return func() {
			app, _ := newApp(t)
			stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
			cluster(stack, ipv6eks.ClusterProps{Tune: f})
		}
	}
	mustPanic(t, tune(func(p *awseksv2.ClusterProps) {
		p.ServiceIpv4Cidr = jsiix.Str("172.20.0.0/16")
		p.RemoteNodeNetworks = jsiix.List(&awseksv2.RemoteNodeNetwork{Cidrs: jsiix.Strs([]string{"10.9.0.0/16"})})
		p.IpFamily = awseksv2.IpFamily_IP_V4
		p.Compute = &awseksv2.ComputeConfig{}
		p.AlbController = &awseksv2.AlbControllerOptions{Version: awseksv2.AlbControllerVersion_V3_2_2()}
	}), "ipv6eks.NewCluster S/Cluster: Tune.", `Tune.ServiceIpv4Cidr: "172.20.0.0/16"`, "Tune.RemoteNodeNetworks", `Tune.IpFamily: "IP_V4"`, "Auto Mode", "lbc.NewController")
	mustPanic(t, tune(func(p *awseksv2.ClusterProps) {
		p.ClusterName, p.DefaultCapacity = jsiix.Str("other"), jsiix.Num(2)
		p.Version, p.SecurityGroup = awseksv2.KubernetesVersion_Of(jsiix.Str("1.34")), nil
		p.KubectlProviderOptions = &awseksv2.KubectlProviderOptions{}
		p.Prune = jsiix.Bool(false)
	}), `Tune.ClusterName: "other": want ClusterProps.Name`, "Tune.DefaultCapacity: 2: want AddNodeGroup", "Tune.Version: changed: want ClusterProps.Version",
		"Tune.SecurityGroup: none: add rules", "Tune.KubectlProviderOptions: another layer")

	synthesize := func(more func(*ipv6eks.Cluster)) func() {
		return func() {
			app, _ := newApp(t)
			more(cluster(awscdk.NewStack(app, jsiix.Str("S"), nil), ipv6eks.ClusterProps{}))
			app.Synth(nil)
		}
	}
	mustPanic(t, synthesize(func(*ipv6eks.Cluster) {}), "[S/Cluster] ipv6eks: the cluster has no node group and no Fargate profile")
	mustPanic(t, synthesize(func(c *ipv6eks.Cluster) {
		c.AddNodeGroup("Nodes", nil)
		c.L1.SetOutpostConfig(&awseksv2.CfnCluster_OutpostConfigProperty{ControlPlaneInstanceType: jsiix.Str("m5.large"), OutpostArns: jsiix.Strs([]string{"arn"})})
		c.L1.SetRemoteNetworkConfig(&awseksv2.CfnCluster_RemoteNetworkConfigProperty{RemoteNodeNetworks: []any{}})
	}), "EKS has no IPv6 clusters on Outposts", "EKS has no hybrid nodes on IPv6 clusters")
	mustPanic(t, synthesize(func(c *ipv6eks.Cluster) {
		c.AddNodeGroup("Nodes", &ipv6eks.NodeGroupProps{InstanceTypes: []string{"t2.micro"}})
	}), "ipv6eks.AddNodeGroup S/Cluster/Nodes: InstanceTypes[0]: t2.micro is not a Nitro instance")
	mustPanic(t, synthesize(func(c *ipv6eks.Cluster) { c.AddFargateProfile("F", nil) }), "ipv6eks.AddFargateProfile S/Cluster/F: Selectors: 0")
	// CDK's own message names a part that the user has not written, such as NodesTemplate.
	mustPanic(t, synthesize(func(c *ipv6eks.Cluster) {
		c.AddNodeGroup("Nodes", nil)
		c.AddNodeGroup("Nodes", nil)
	}), `ipv6eks.AddNodeGroup S/Cluster/Nodes: the id "Nodes" is given twice`)
	mustPanic(t, synthesize(func(c *ipv6eks.Cluster) {
		c.AddNodeGroup("Nodes", nil)
		c.AddFargateProfile("Nodes", &ipv6eks.FargateProfileProps{Selectors: []ipv6eks.FargateSelector{{Namespace: "batch"}}})
	}), `ipv6eks.AddFargateProfile S/Cluster/Nodes: the id "Nodes" is given twice`)
}

// A VPC of this app without IPv6 is refused where the cluster is made; of one from elsewhere nothing is known.
func TestClusterWantsIPv6(t *testing.T) {
	for name, c := range map[string]struct {
		vpc  func(awscdk.Stack) awsec2.IVpc
		want string
	}{
		"IPv4 only": {func(s awscdk.Stack) awsec2.IVpc { return awsec2.NewVpc(s, jsiix.Str("Old"), nil) }, "ipv6eks.NewCluster S/Cluster: Vpc: S/Old has no IPv6"},
		"two IPv4 ranges": {func(s awscdk.Stack) awsec2.IVpc {
			vpc := awsec2.NewVpc(s, jsiix.Str("Old"), nil)
			awsec2.NewCfnVPCCidrBlock(s, jsiix.Str("More"), &awsec2.CfnVPCCidrBlockProps{VpcId: vpc.VpcId(), CidrBlock: jsiix.Str("100.64.0.0/16")})
			return vpc
		}, "Vpc: S/Old has no IPv6"},
		"IPv4 only beside another": {func(s awscdk.Stack) awsec2.IVpc {
			dualstack.NewVpc(s, "Network", nil)
			return awsec2.NewVpc(s, jsiix.Str("Old"), nil)
		}, "Vpc: S/Old has no IPv6"},
		"dual-stack of CDK": {func(s awscdk.Stack) awsec2.IVpc {
			return awsec2.NewVpc(s, jsiix.Str("New"), &awsec2.VpcProps{IpProtocol: awsec2.IpProtocol_DUAL_STACK})
		}, ""},
		"a block of one's own": {func(s awscdk.Stack) awsec2.IVpc {
			vpc := awsec2.NewVpc(s, jsiix.Str("Old"), nil)
			awsec2.NewCfnVPCCidrBlock(s, jsiix.Str("Six"), &awsec2.CfnVPCCidrBlockProps{VpcId: vpc.VpcId(), AmazonProvidedIpv6CidrBlock: true})
			return vpc
		}, ""},
		"imported": {func(s awscdk.Stack) awsec2.IVpc {
			return awsec2.Vpc_FromVpcAttributes(s, jsiix.Str("Old"), &awsec2.VpcAttributes{
				VpcId: jsiix.Str("vpc-1"), AvailabilityZones: jsiix.Strs([]string{"a", "b"}), PrivateSubnetIds: jsiix.Strs([]string{"subnet-1", "subnet-2"}),
			})
		}, ""},
	} {
		app, _ := newApp(t)
		stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
		vpc := c.vpc(stack)
		msg := panicOf(func() { ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{Vpc: vpc}) })
		if (msg == "") != (c.want == "") || !strings.Contains(msg, c.want) {
			t.Errorf("%s: %q, want %q", name, msg, c.want)
		}
	}
}

// A family that came after the release may be there: it is named, and taken.
func TestUnknownInstanceFamily(t *testing.T) {
	app, outdir := newApp(t)
	c := cluster(awscdk.NewStack(app, jsiix.Str("S"), nil), ipv6eks.ClusterProps{})
	c.AddNodeGroup("Nodes", &ipv6eks.NodeGroupProps{InstanceTypes: []string{"m7i.large", "m7y.large", "qqqqq9.large"}})
	app.Synth(nil)
	got := warningsOf(t, outdir)
	for _, want := range []string{
		"Nodes: InstanceTypes: m7y.large is of no instance family of August 2026", "did you mean m7a.large?", "qqqqq9.large is of no instance family",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if strings.Contains(got, "m7i.large is") || strings.Count(got, "did you mean") != 1 {
		t.Errorf("too much: %s", got)
	}
}

func TestController(t *testing.T) {
	tpl := synthStack(t, func(stack awscdk.Stack) {
		c := cluster(stack, ipv6eks.ClusterProps{Kubectl: kubectllayer.New(stack, "Kubectl")})
		addNodes(stack, c)
		lbc.NewController(stack, "Controller", &lbc.ControllerProps{
			Cluster: c, Values: map[string]any{"replicaCount": 3, "serviceAccount": map[string]any{"annotations": map[string]any{"a": "b"}}},
			Tune: func(p *awseksv2.HelmChartProps) { p.Atomic = jsiix.Bool(true) },
		})
	})
	_, chart := tpl.one(t, "Custom::AWSCDK-EKS-HelmChart")
	if chart.Properties["Version"] != lbc.DefaultChartVersion || chart.Properties["Namespace"] != "kube-system" || chart.Properties["Atomic"] != true || chart.Properties["Wait"] != true {
		t.Errorf("chart: %s", js(chart.Properties))
	}
	values := helmValues(t, chart)
	want := `{"clusterName":"«ref»","defaultTargetType":"ip","ingressClassParams":{"create":true,"spec":{"ipAddressType":"dualstack","targetType":"ip"}},"keepTLSSecret":true,` +
		`"region":"«ref»","replicaCount":3,"serviceAccount":{"annotations":{"a":"b"},"create":true,"name":"aws-load-balancer-controller"},"vpcId":"«ref»"}`
	if got := js(values); got != want {
		t.Errorf("values:\n got %s\nwant %s", got, want)
	}
	_, a := tpl.find(t, "AWS::EKS::PodIdentityAssociation", "ServiceAccount", "aws-load-balancer-controller")
	role := tpl.Resources[a.Properties["RoleArn"].(map[string]any)["Fn::GetAtt"].([]any)[0].(string)]
	var got []string
	for _, p := range role.Properties["Policies"].([]any) {
		got = append(got, actionsOf(p.(map[string]any)["PolicyDocument"])...)
	}
	upstream, err := lbc.Policy(lbc.DefaultChartVersion, "aws")
	if err != nil {
		t.Fatal(err)
	}
	var plain any // through JSON, so that it has a template's types
	if err := json.Unmarshal([]byte(js(upstream)), &plain); err != nil {
		t.Fatal(err)
	}
	unique := func(list []string) []string { return slices.Compact(sorted(list)) }
	if g, w := unique(got), unique(actionsOf(plain)); !slices.Equal(g, w) || len(w) < 50 {
		t.Errorf("the controller's actions: %v, upstream's: %v", g, w)
	}
}

// helmValues are a chart's values with every reference written as «ref».
func helmValues(t *testing.T, chart resource) map[string]any {
	t.Helper()
	join := chart.Properties["Values"].(map[string]any)["Fn::Join"].([]any)
	text := ""
	for _, part := range join[1].([]any) {
		s, ok := part.(string)
		if !ok {
			s = "«ref»"
		}
		text += s
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestControllerOnNewerKubernetes(t *testing.T) {
	layer := filepath.Join(t.TempDir(), "layer")
	if err := os.MkdirAll(filepath.Join(layer, "kubectl"), 0o755); err != nil {
		t.Fatal(err)
	}
	tpl := synthStack(t, func(stack awscdk.Stack) {
		c := cluster(stack, ipv6eks.ClusterProps{Version: "1.36", Kubectl: kubectllayer.FromPath(stack, "Kubectl", layer, "1.35")})
		addNodes(stack, c)
		lbc.NewController(stack, "Controller", &lbc.ControllerProps{Cluster: c, DualStackServices: true, ChartVersion: "9.0.0", Policy: map[string]any{
			"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": "elasticloadbalancing:*", "Resource": "*"}},
		}})
	})
	_, manifest := tpl.one(t, "Custom::AWSCDK-EKS-KubernetesResource")
	var objects []map[string]any
	if err := json.Unmarshal([]byte(manifest.Properties["Manifest"].(string)), &objects); err != nil {
		t.Fatal(err)
	}
	if len(objects) != 2 || objects[0]["kind"] != "MutatingAdmissionPolicy" || objects[1]["kind"] != "MutatingAdmissionPolicyBinding" {
		t.Errorf("manifest: %s", js(objects))
	}
}

func TestControllerRefusals(t *testing.T) {
	app, _ := newApp(t)
	stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
	c := cluster(stack, ipv6eks.ClusterProps{})
	mustPanic(t, func() { lbc.NewController(stack, "A", nil) }, "lbc.NewController S/A: Cluster: missing")
	mustPanic(t, func() {
		lbc.NewController(stack, "B", &lbc.ControllerProps{Cluster: c, DualStackServices: true, ChartVersion: "7.0.0"})
	}, "lbc.NewController S/B: ", "no kubectl layer", "DualStackServices: Kubernetes 1.35", "ChartVersion: chart 7.0.0")
	mustPanic(t, func() { kubectllayer.FromPath(stack, "L", "/does/not/exist", "1.35") }, "kubectllayer.FromPath S/L: ", "/does/not/exist", "want a folder or zip file")
}
