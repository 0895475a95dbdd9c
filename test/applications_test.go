package test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
	"github.com/eks-ipv6/cdk/stacks"
)

// What the cluster's own add-ons are configured with is laid over what its fields say.
func TestAddonConfiguration(t *testing.T) {
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{
		CNI: ipv6eks.CNIOptions{NetworkPolicy: true, DisableIPv4Egress: true, Env: map[string]string{"AWS_VPC_ENI_MTU": "9001"}},
		AddonConfiguration: map[string]map[string]any{
			"coredns":    {"replicaCount": 3},
			"kube-proxy": {"mode": "ipvs"},
			"vpc-cni":    {"env": map[string]any{"AWS_VPC_K8S_CNI_LOGLEVEL": "INFO"}, "livenessProbeTimeoutSeconds": 20},
		},
		TuneAddon: func(name string, p *awseksv2.CfnAddonProps) {
			if name == "eks-pod-identity-agent" {
				p.ResolveConflicts = jsiix.Str("PRESERVE")
			}
		},
	}, addNodes)
	for name, want := range map[string]string{
		"coredns":    `{"corefile":"`,
		"kube-proxy": `{"mode":"ipvs"}`,
		"vpc-cni":    `{"enableNetworkPolicy":"true","env":{"AWS_VPC_ENI_MTU":"9001","AWS_VPC_K8S_CNI_LOGLEVEL":"INFO","ENABLE_V4_EGRESS":"false"},"livenessProbeTimeoutSeconds":20}`,
	} {
		_, a := tpl.find(t, "AWS::EKS::Addon", "AddonName", name)
		if got, _ := a.Properties["ConfigurationValues"].(string); !strings.HasPrefix(got, want) || name == "coredns" && !strings.HasSuffix(got, `"replicaCount":3}`) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	_, agent := tpl.find(t, "AWS::EKS::Addon", "AddonName", "eks-pod-identity-agent")
	if agent.Properties["ResolveConflicts"] != "PRESERVE" {
		t.Errorf("%s", js(agent.Properties))
	}
}

func TestAddAddon(t *testing.T) {
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{}, func(stack awscdk.Stack, c *ipv6eks.Cluster) {
		c.AddNodeGroup("Early", nil)
		efs := c.AddAddon("aws-efs-csi-driver", &ipv6eks.AddonProps{
			Version: "v2.1.9-eksbuild.1", Configuration: map[string]any{"controller": map[string]any{"replicaCount": 1}},
			Identities: []ipv6eks.AddonIdentity{{ServiceAccount: "efs-csi-controller-sa", ManagedPolicies: []string{"service-role/AmazonEFSCSIDriverPolicy"}}},
		})
		efs.Identities["efs-csi-controller-sa"].GrantTo(awssqs.NewQueue(stack, jsiix.Str("Queue"), nil).GrantPurge)
		c.AddAddon("aws-network-flow-monitoring-agent", &ipv6eks.AddonProps{BeforeNodes: true, Tune: func(p *awseksv2.CfnAddonProps) { p.PreserveOnDelete = true }})
		c.AddAddon("metrics-server", nil)
		c.AddNodeGroup("Late", nil)
	})
	efs, addon := tpl.find(t, "AWS::EKS::Addon", "AddonName", "aws-efs-csi-driver")
	agent, before := tpl.find(t, "AWS::EKS::Addon", "AddonName", "aws-network-flow-monitoring-agent")
	_, metrics := tpl.find(t, "AWS::EKS::Addon", "AddonName", "metrics-server")
	role, _ := tpl.find(t, "AWS::IAM::Role", "ManagedPolicyArns", "AmazonEFSCSIDriverPolicy")
	pinned, _ := ipv6eks.AddonVersion(ipv6eks.DefaultVersion, "metrics-server")
	tpl.find(t, "AWS::IAM::Policy", "Roles", role)
	for what, ok := range map[string]bool{
		"version":                 addon.Properties["AddonVersion"] == "v2.1.9-eksbuild.1" && before.Properties["AddonVersion"] == nil && metrics.Properties["AddonVersion"] == pinned,
		"configuration":           addon.Properties["ConfigurationValues"] == `{"controller":{"replicaCount":1}}`,
		"role":                    js(addon.Properties["PodIdentityAssociations"]) == `[{"RoleArn":{"Fn::GetAtt":["`+role+`","Arn"]},"ServiceAccount":"efs-csi-controller-sa"}]`,
		"tuned":                   before.Properties["PreserveOnDelete"] == true,
		"after the agent of Pods": tpl.waitsFor(efs, tpl.addon(t, "eks-pod-identity-agent")),
	} {
		if !ok {
			t.Errorf("not so: %s: %s, %s", what, js(addon.Properties), js(before.Properties))
		}
	}
	for _, nodes := range tpl.of("AWS::EKS::Nodegroup") {
		if !tpl.waitsFor(efs, nodes) || !tpl.waitsFor(nodes, agent) || tpl.waitsFor(nodes, efs) {
			t.Errorf("%s is out of order", nodes)
		}
	}
}

func (t template) addon(tb testing.TB, name string) string {
	tb.Helper()
	id, _ := t.find(tb, "AWS::EKS::Addon", "AddonName", name)
	return id
}

func TestAddAddonRefuses(t *testing.T) {
	app, _ := newApp(t)
	c := cluster(awscdk.NewStack(app, jsiix.Str("S"), nil), ipv6eks.ClusterProps{})
	mustPanic(t, func() { c.AddAddon("coredns", nil) }, "ipv6eks.AddAddon S/Cluster/coredns: the cluster installs coredns itself")
	mustPanic(t, func() { c.AddAddon("a b", nil) }, `"a b" is no add-on`)
	mustPanic(t, func() { c.AddAddon("adot", nil); c.AddAddon("adot", nil) }, `"Addon-adot" is given twice`)
	mustPanic(t, func() {
		c.AddAddon("x", &ipv6eks.AddonProps{Tune: func(p *awseksv2.CfnAddonProps) { p.AddonName = jsiix.Str("y") }})
	}, `Tune.AddonName: "y": want AddAddon for another add-on`)
	mustPanic(t, func() {
		cluster(awscdk.NewStack(app, jsiix.Str("T"), nil), ipv6eks.ClusterProps{TuneAddon: func(_ string, p *awseksv2.CfnAddonProps) { p.ClusterName = nil }})
	}, "ipv6eks.NewCluster T/Cluster: TuneAddon.ClusterName: none: leave it alone")
}

func TestGrantTo(t *testing.T) {
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{}, func(stack awscdk.Stack, c *ipv6eks.Cluster) {
		addNodes(stack, c)
		bucket := awss3.NewBucket(stack, jsiix.Str("Bucket"), nil)
		table := awsdynamodb.NewTableV2(stack, jsiix.Str("Table"), &awsdynamodb.TablePropsV2{PartitionKey: &awsdynamodb.Attribute{Name: jsiix.Str("id"), Type: awsdynamodb.AttributeType_STRING}})
		c.NewPodIdentity(stack, "Web", &ipv6eks.PodIdentityProps{
			Namespace: "shop", ServiceAccount: "web", ManagedPolicies: []string{"CloudWatchAgentServerPolicy"},
			Tune:            func(p *awsiam.RoleProps) { p.MaxSessionDuration = awscdk.Duration_Hours(jsiix.Num(2)) },
			TuneAssociation: func(p *awseksv2.CfnPodIdentityAssociationProps) { p.DisableSessionTags = true },
		}).GrantTo(bucket.GrantRead, table.GrantReadWriteData)
	})
	_, a := tpl.find(t, "AWS::EKS::PodIdentityAssociation", "ServiceAccount", "web")
	id := a.Properties["RoleArn"].(map[string]any)["Fn::GetAtt"].([]any)[0].(string)
	_, policy := tpl.find(t, "AWS::IAM::Policy", "Roles", id)
	role := tpl.Resources[id]
	for what, ok := range map[string]bool{
		"bucket":  strings.Contains(js(policy.Properties), "s3:GetObject*"),
		"table":   strings.Contains(js(policy.Properties), "dynamodb:PutItem"),
		"managed": strings.Contains(js(role.Properties["ManagedPolicyArns"]), "CloudWatchAgentServerPolicy"),
		"session": role.Properties["MaxSessionDuration"] == 7200.0,
		"tags":    a.Properties["DisableSessionTags"] == true,
	} {
		if !ok {
			t.Errorf("not so: %s: %s", what, js(policy.Properties))
		}
	}
}

func TestPodIdentityRefuses(t *testing.T) {
	app, _ := newApp(t)
	stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
	c := cluster(stack, ipv6eks.ClusterProps{})
	web := &ipv6eks.PodIdentityProps{Namespace: "shop", ServiceAccount: "web"}
	identity := c.NewPodIdentity(stack, "Web", web)
	mustPanic(t, func() { c.NewPodIdentity(stack, "Web", web) }, `ipv6eks.NewPodIdentity S/Web: the id "Web" is given twice`)
	mustPanic(t, func() { c.NewPodIdentity(stack, "A", nil) }, `ipv6eks.NewPodIdentity S/A: Namespace: "": want`, `ServiceAccount: ""`)
	mustPanic(t, func() {
		c.NewPodIdentity(stack, "B", &ipv6eks.PodIdentityProps{Namespace: "shop", ServiceAccount: "web", TuneAssociation: func(p *awseksv2.CfnPodIdentityAssociationProps) { p.RoleArn = jsiix.Str("arn") }})
	}, `TuneAssociation.RoleArn: "arn": the Pods would act as another role`)
	bucket := awss3.NewBucket(stack, jsiix.Str("Bucket"), nil)
	for name, wrong := range map[string]any{"nil": nil, "no function": bucket, "a function of something else": strings.ToUpper, "variadic": bucket.AddToResourcePolicy} {
		mustPanic(t, func() { identity.GrantTo(bucket.GrantRead, wrong) }, "ipv6eks.PodIdentity.GrantTo: grants[1]: ")
		_ = name
	}
}

func TestNewChart(t *testing.T) {
	tpl := synth(t, func(app awscdk.App) {
		p := stacks.NewPlatform(app, "P", nil)
		web := p.Cluster.NewPodIdentity(p.Stack, "Web", &ipv6eks.PodIdentityProps{Namespace: "shop", ServiceAccount: "web"})
		p.Cluster.NewChart(p.Stack, "Shop", &ipv6eks.ChartProps{
			Chart: "shop/web", Repository: "https://charts.example.com", Version: "1.2.3", Namespace: "shop", Values: map[string]any{"replicas": 2},
			After: []constructs.IDependable{web.Association},
		})
	})["P"]
	chart, shop := tpl.find(t, "Custom::AWSCDK-EKS-HelmChart", "Release", "web")
	controller, _ := tpl.find(t, "Custom::AWSCDK-EKS-HelmChart", "Chart", "aws-load-balancer-controller")
	association, _ := tpl.find(t, "AWS::EKS::PodIdentityAssociation", "ServiceAccount", "web")
	nodes, _ := tpl.one(t, "AWS::EKS::Nodegroup")
	for _, first := range []string{controller, association, nodes, tpl.addon(t, "coredns")} {
		if !tpl.waitsFor(chart, first) {
			t.Errorf("the chart does not wait for %s", first)
		}
	}
	if got := js(shop.Properties["Values"]); got != `"{\"replicas\":2}"` || shop.Properties["Wait"] != true || shop.Properties["Atomic"] != true || shop.Properties["Timeout"] != "360s" || js(shop.Properties["ServiceTimeout"]) != "960" {
		t.Errorf("%s", js(shop.Properties))
	}
}

// What charts wait for may be named after them.
func TestChartsWaitFor(t *testing.T) {
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{Kubectl: ipv6eks.KubectlLayer{}}, addNodes)
	if len(tpl.of("Custom::AWSCDK-EKS-HelmChart")) != 0 {
		t.Fatal("a chart without kubectl")
	}
	tpl = synthStack(t, func(stack awscdk.Stack) {
		c := cluster(stack, ipv6eks.ClusterProps{Kubectl: kubectllayer.New(stack, "Kubectl")})
		addNodes(stack, c)
		one := &ipv6eks.ChartProps{Chart: "one", Repository: "https://charts.example.com", Version: "1"}
		c.NewChart(stack, "One", one)
		topic := awssqs.NewQueue(stack, jsiix.Str("Queue"), nil)
		c.ChartsWaitFor(topic)
	})
	chart, _ := tpl.one(t, "Custom::AWSCDK-EKS-HelmChart")
	queue, _ := tpl.one(t, "AWS::SQS::Queue")
	if !tpl.waitsFor(chart, queue) {
		t.Error("the chart does not wait")
	}
	app, _ := newApp(t)
	stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
	c := cluster(stack, ipv6eks.ClusterProps{})
	mustPanic(t, func() { c.NewChart(stack, "A", nil) }, "ipv6eks.NewChart S/A: Chart: missing", "Repository: missing", "Version: missing", "the cluster has no kubectl layer")
	k := ipv6eks.NewCluster(stack, "Other", &ipv6eks.ClusterProps{Vpc: c.Vpc, Kubectl: kubectllayer.New(stack, "Kubectl")})
	mustPanic(t, func() {
		k.NewChart(stack, "B", &ipv6eks.ChartProps{Chart: "b", Repository: "r", Version: "1", Tune: func(p *awseksv2.HelmChartProps) {
			p.Timeout, p.Cluster = awscdk.Duration_Minutes(jsiix.Num(10)), c.L2
		}})
	}, "Tune.Cluster: changed: want the cluster's own NewChart", "Tune.Timeout: want 6 minutes at most")
}

// An application in a stack of its own, with functions of its own or those of the platform.
func TestFromClusterAttributes(t *testing.T) {
	known := func(stack awscdk.Stack) *ipv6eks.ClusterAttributes {
		return &ipv6eks.ClusterAttributes{Name: "demo", Version: "1.35", SecurityGroupID: "sg-0123456789abcdef0", Vpc: awsec2.Vpc_FromVpcAttributes(stack, jsiix.Str("Vpc"), &awsec2.VpcAttributes{
			VpcId: jsiix.Str("vpc-1"), AvailabilityZones: jsiix.Strs([]string{"a", "b"}), PrivateSubnetIds: jsiix.Strs([]string{"subnet-1", "subnet-2"}),
		})}
	}
	use := func(stack awscdk.Stack, c *ipv6eks.Cluster) {
		web := c.NewPodIdentity(stack, "Web", &ipv6eks.PodIdentityProps{Namespace: "shop", ServiceAccount: "web"})
		c.NewChart(stack, "Shop", &ipv6eks.ChartProps{Chart: "web", Repository: "https://charts.example.com", Version: "1.2.3", After: []constructs.IDependable{web.Association}})
		c.L2.AddManifest(jsiix.Str("Config"), &map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a"}})
		c.AddNodeGroup("Batch", &ipv6eks.NodeGroupProps{SecurityGroups: []awsec2.ISecurityGroup{awsec2.NewSecurityGroup(stack, jsiix.Str("Group"), &awsec2.SecurityGroupProps{Vpc: c.Vpc})}})
		c.AddAddon("aws-efs-csi-driver", nil)
		if !c.Existing() || c.L1 != nil {
			t.Error("it is made here")
		}
	}
	own := synthStack(t, func(stack awscdk.Stack) {
		p := known(stack)
		p.Kubectl = kubectllayer.New(stack, "Kubectl")
		use(stack, ipv6eks.FromClusterAttributes(stack, "Cluster", p))
	})
	entry, access := own.one(t, "AWS::EKS::AccessEntry")
	chart, _ := own.one(t, "Custom::AWSCDK-EKS-HelmChart")
	manifest, _ := own.one(t, "Custom::AWSCDK-EKS-KubernetesResource")
	if access.Properties["ClusterName"] != "demo" || !strings.Contains(js(access.Properties), "AmazonEKSClusterAdminPolicy") || !own.waitsFor(chart, entry) || !own.waitsFor(manifest, entry) {
		t.Errorf("the function is not let in, or not in time: %s", js(access.Properties))
	}
	handler, function := own.find(t, "AWS::Lambda::Function", "Layers", "Kubectl")
	if js(function.at("VpcConfig", "SecurityGroupIds")) != `["sg-0123456789abcdef0"]` || function.at("VpcConfig", "Ipv6AllowedForDualStack") != true || js(function.at("Timeout")) != "840" {
		t.Errorf("%s: %s", handler, js(function.Properties))
	}
	_, template := own.one(t, "AWS::EC2::LaunchTemplate")
	if !strings.HasPrefix(js(template.at("LaunchTemplateData", "SecurityGroupIds")), `["sg-0123456789abcdef0",`) {
		t.Errorf("%s", js(template.Properties))
	}
	for _, id := range own.ids() {
		if own.waitsFor(id, id) {
			t.Errorf("%s waits for itself", id)
		}
	}
	if len(own.of("AWS::EKS::Cluster")) != 0 {
		t.Error("a cluster is made")
	}

	two := synth(t, func(app awscdk.App) {
		p := stacks.NewPlatform(app, "P", nil)
		stack := awscdk.NewStack(app, jsiix.Str("Shop"), nil)
		c := ipv6eks.FromClusterAttributes(stack, "Cluster", &ipv6eks.ClusterAttributes{
			Name: p.Cluster.Name, Version: p.Cluster.Version, Vpc: p.Vpc.L2, SecurityGroupID: *p.Cluster.L2.ClusterSecurityGroupId(),
			KubectlToken: p.Cluster.KubectlToken(), KubectlRoleArn: p.Cluster.KubectlRoleArn(),
		})
		use(stack, c)
		e := expose.NewEcho(stack, "Echo", &expose.EchoProps{Cluster: c, Controller: p.Controller})
		service := expose.EchoService()
		service.Cluster, service.Controller, service.Scheme, service.Inbound = c, p.Controller, expose.InternetFacing, expose.Inbound{Anywhere: true}
		expose.NewService(stack, "Service", &service).Construct.Node().AddDependency(e.Construct)
		expose.NewBoundNLB(stack, "Bound", &expose.BoundNLBProps{
			Cluster: c, Controller: p.Controller, Service: "echo", Namespace: "echo", Ports: []expose.BoundPort{{Port: 80, TargetPort: 8080}}, Inbound: expose.Inbound{ClusterVpc: true},
		})
	})
	shop := two["Shop"]
	if len(shop.of("AWS::Lambda::Function")) != 0 || len(shop.of("Custom::AWSCDK-EKS-HelmChart")) != 1 || len(shop.of("AWS::ElasticLoadBalancingV2::LoadBalancer")) != 1 {
		t.Errorf("%v", shop.ids())
	}
	shop.manifestOf(t, "Service", "echo")
	shop.manifestOf(t, "TargetGroupBinding", "echo-80-to-8080")

	foreign := synthStack(t, func(stack awscdk.Stack) { // its controller is nobody's here
		p := known(stack)
		p.Kubectl = kubectllayer.New(stack, "Kubectl")
		service := expose.EchoService()
		service.Cluster, service.Scheme, service.Inbound = ipv6eks.FromClusterAttributes(stack, "Cluster", p), expose.Internal, expose.Inbound{Cidrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
		expose.NewService(stack, "Service", &service)
	})
	foreign.manifestOf(t, "Service", "echo-nlb")

	app, _ := newApp(t)
	stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
	mustPanic(t, func() { ipv6eks.FromClusterAttributes(stack, "A", nil) }, `ipv6eks.FromClusterAttributes S/A: Name: "": want the cluster's name`, `Version: "" is no Kubernetes version`)
	bare := ipv6eks.FromClusterAttributes(stack, "B", &ipv6eks.ClusterAttributes{Name: "demo", Version: "1.35"})
	mustPanic(t, func() { bare.AddNodeGroup("N", nil) }, "ipv6eks.AddNodeGroup S/B/N: the cluster's network is not known: want ClusterAttributes.Vpc")
	mustPanic(t, func() { bare.Connections() }, "ipv6eks.Cluster.Connections S/B: the cluster security group is not known")
	mustPanic(t, func() { bare.NewChart(stack, "C", &ipv6eks.ChartProps{Chart: "a", Repository: "b", Version: "c"}) }, "the cluster has no kubectl layer")
	mustPanic(t, func() {
		ipv6eks.FromClusterAttributes(stack, "D", &ipv6eks.ClusterAttributes{Name: "demo", Version: "1.35", Vpc: awsec2.NewVpc(stack, jsiix.Str("Old"), nil), Kubectl: kubectllayer.New(stack, "K"), KubectlToken: "t"})
	}, "SecurityGroupID: missing", "KubectlToken, KubectlRoleArn", "Kubectl: given with KubectlToken", "Vpc: S/Old has no IPv6")
}

// The cluster is what CDK's databases let in, and the way to their port is traced.
func TestDatabaseConnections(t *testing.T) {
	tpl := synth(t, func(app awscdk.App) {
		p := stacks.NewPlatform(app, "P", nil)
		db := awsrds.NewDatabaseCluster(p.Stack, jsiix.Str("Db"), &awsrds.DatabaseClusterProps{
			Engine: awsrds.DatabaseClusterEngine_AuroraPostgres(&awsrds.AuroraPostgresClusterEngineProps{Version: awsrds.AuroraPostgresEngineVersion_VER_16_4()}),
			Vpc:    p.Vpc.L2, Writer: awsrds.ClusterInstance_ServerlessV2(jsiix.Str("writer"), nil),
			VpcSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},
		})
		db.Connections().AllowDefaultPortFrom(p.Cluster, jsiix.Str("Pods"))
	})["P"]
	_, rule := tpl.find(t, "AWS::EC2::SecurityGroupIngress", "Description", "Pods")
	id, _ := tpl.one(t, "AWS::EKS::Cluster")
	if !strings.Contains(js(rule.Properties["SourceSecurityGroupId"]), `["`+id+`","ClusterSecurityGroupId"]`) || !strings.Contains(js(rule.Properties["FromPort"]), "Endpoint.Port") {
		t.Errorf("%s", js(rule.Properties))
	}
	network, err := flow.Read("P", tpl.text)
	if err != nil {
		t.Fatal(err)
	}
	pod := slices.IndexFunc(network.Endpoints(), func(e flow.Endpoint) bool { return strings.Contains(fmt.Sprint(e), "pod") })
	db, _ := tpl.one(t, "AWS::RDS::DBCluster")
	for port, want := range map[uint16]bool{5432: true, 5433: false} {
		tr, err := network.Trace(flow.Query{From: network.Endpoints()[pod], To: flow.Resource(db), Port: port})
		if err != nil || tr.Verdict.OK() != want {
			t.Errorf("port %d: %v\n%s", port, err, render.TraceText(tr, render.TextOptions{}))
		}
	}
}

// Tags of the group and of the scopes above are on what costs money. Those of the stack are CloudFormation's, and the group has
// none, since EKS does not change its tags and its launch template at once.
func TestNodeTags(t *testing.T) {
	app, outdir := newApp(t)
	stack := awscdk.NewStack(app, jsiix.Str("S"), &awscdk.StackProps{Tags: &map[string]*string{"team": jsiix.Str("a")}})
	c := cluster(stack, ipv6eks.ClusterProps{})
	c.AddNodeGroup("Nodes", &ipv6eks.NodeGroupProps{Tags: map[string]string{"pool": "general"}})
	awscdk.Tags_Of(stack).Add(jsiix.Str("cost"), jsiix.Str("42"), nil)
	awscdk.Tags_Of(app).Add(jsiix.Str("app"), jsiix.Str("shop"), nil)
	c.AddNodeGroup("Named", &ipv6eks.NodeGroupProps{Tags: map[string]string{"Name": "mine"}})
	app.Synth(nil)
	tpl := readTemplates(t, outdir)["S"]
	seen := 0
	for _, id := range tpl.of("AWS::EC2::LaunchTemplate") {
		for name, want := range map[string]string{
			"Nodes": `{"Key":"app","Value":"shop"},{"Key":"cost","Value":"42"},{"Key":"pool","Value":"general"}]`,
			"Named": `[{"Key":"Name","Value":"mine"},{"Key":"app","Value":"shop"},{"Key":"cost","Value":"42"}]`,
		} {
			if !strings.Contains(id, name) {
				continue
			}
			seen++
			data := js(tpl.Resources[id].at("LaunchTemplateData", "TagSpecifications"))
			for _, of := range []string{"instance", "volume", "network-interface"} {
				if !strings.Contains(data, `{"ResourceType":"`+of+`","Tags":[`) || strings.Count(data, want) != 3 {
					t.Errorf("%s: %s", id, data)
				}
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d launch templates", seen)
	}
	for _, id := range tpl.of("AWS::EKS::Nodegroup") {
		if tags := tpl.Resources[id].Properties["Tags"]; tags != nil {
			t.Errorf("%s has tags: %s", id, js(tags))
		}
	}
	if got := warningsOf(t, outdir); !strings.Contains(got, "StackProps.Tags (team) are on no instance") {
		t.Errorf("no warning: %s", got)
	}
}

func TestNodeTunes(t *testing.T) {
	app, _ := newApp(t)
	c := cluster(awscdk.NewStack(app, jsiix.Str("S"), nil), ipv6eks.ClusterProps{})
	mustPanic(t, func() {
		c.AddNodeGroup("A", &ipv6eks.NodeGroupProps{Tune: func(p *awseksv2.CfnNodegroupProps) {
			p.DiskSize, p.Taints, p.AmiType, p.InstanceTypes = jsiix.Num(9), &[]any{}, jsiix.Str("WINDOWS_CORE_2022_x86_64"), jsiix.Strs([]string{"m4.large"})
		}})
	}, "ipv6eks.AddNodeGroup S/Cluster/A: Tune.DiskSize: 9: want NodeGroupProps.DiskGiB", "Tune.Taints: changed: want NodeGroupProps.Taints", "Tune.AmiType: ", "no IPv6 for Windows", "Tune.InstanceTypes[0]: m4.large is not a Nitro instance")
	mustPanic(t, func() {
		c.AddNodeGroup("B", &ipv6eks.NodeGroupProps{TuneLaunchTemplate: func(p *awsec2.CfnLaunchTemplate_LaunchTemplateDataProperty) {
			p.InstanceType, p.NetworkInterfaces = jsiix.Str("m7i.large"), &[]any{}
		}})
	}, `TuneLaunchTemplate.InstanceType: "m7i.large": want NodeGroupProps.InstanceTypes`, "TuneLaunchTemplate.NetworkInterfaces: changed: an interface of a launch template")
	mustPanic(t, func() {
		c.AddFargateProfile("F", &ipv6eks.FargateProfileProps{Selectors: []ipv6eks.FargateSelector{{Namespace: "a"}}, Tune: func(p *awseksv2.CfnFargateProfileProps) { p.Selectors = &[]any{} }})
	}, "ipv6eks.AddFargateProfile S/Cluster/F: Tune.Selectors: changed: want FargateProfileProps.Selectors")
	// A newer size, and anything else, can be set.
	c.AddNodeGroup("C", &ipv6eks.NodeGroupProps{Tune: func(p *awseksv2.CfnNodegroupProps) { p.InstanceTypes = jsiix.Strs([]string{"m7i.96xlarge"}) }})
}
