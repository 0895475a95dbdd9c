package test

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/stacks"
)

// layerFolder passes for a layer with kubectl: much faster than the real one.
func layerFolder(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layer")
	if err := os.MkdirAll(filepath.Join(dir, "kubectl"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func anyLayer(t testing.TB, stack awscdk.Stack, version string) ipv6eks.KubectlLayer {
	t.Helper()
	return kubectllayer.FromPath(stack, "Kubectl", layerFolder(t), version)
}

// The control plane's log group is EKS's: a deployment takes it as it finds it, so that deploying after a deletion works.
func TestLogs(t *testing.T) {
	for _, retain := range []bool{false, true} {
		tpl := synthStack(t, func(stack awscdk.Stack) {
			addNodes(stack, cluster(stack, ipv6eks.ClusterProps{Kubectl: anyLayer(t, stack, "1.35"), RetainLogs: retain}))
		})
		id, logs := tpl.find(t, "Custom::LogRetention", "LogGroupName", "/aws/eks/")
		eks, _ := tpl.one(t, "AWS::EKS::Cluster")
		if name := js(logs.Properties["LogGroupName"]); !strings.Contains(name, "/cluster") || logs.Properties["RetentionInDays"] != 90.0 {
			t.Errorf("log retention: %s", js(logs.Properties))
		}
		if !tpl.waitsFor(eks, id) {
			t.Error("the cluster writes before its logs have a retention")
		}
		if got := logs.Properties["RemovalPolicy"] == "destroy"; got == retain {
			t.Errorf("retain %v: log retention: %s", retain, js(logs.Properties))
		}
	}
}

// EKS makes and deletes one profile at a time.
func TestFargateProfilesInAChain(t *testing.T) {
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{}, func(stack awscdk.Stack, c *ipv6eks.Cluster) {
		addNodes(stack, c)
		for _, ns := range []string{"a", "b", "c"} {
			c.AddFargateProfile("Profile-"+ns, &ipv6eks.FargateProfileProps{Selectors: []ipv6eks.FargateSelector{{Namespace: ns}}})
		}
	})
	ids := tpl.of("AWS::EKS::FargateProfile")
	if len(ids) != 3 {
		t.Fatalf("profiles %v", ids)
	}
	for i, id := range ids[1:] {
		if !tpl.waitsFor(id, ids[i]) {
			t.Errorf("%s does not wait for %s", id, ids[i])
		}
	}
}

// Capacity is where coredns can run.
func TestCapacityIsSchedulable(t *testing.T) {
	dedicated := []ipv6eks.Taint{{Key: "dedicated", Effect: ipv6eks.NoSchedule}}
	for name, c := range map[string]struct {
		props ipv6eks.ClusterProps
		more  func(*ipv6eks.Cluster)
		want  string // in the refusal, or empty
	}{
		"tainted": {ipv6eks.ClusterProps{}, func(c *ipv6eks.Cluster) {
			c.AddNodeGroup("Gpu", &ipv6eks.NodeGroupProps{Taints: dedicated})
		}, "no node group takes Pods without tolerations, so coredns would never start: Gpu: want one group without NoSchedule and NoExecute taints and with Desired of at least 1"},
		"empty": {ipv6eks.ClusterProps{}, func(c *ipv6eks.Cluster) {
			c.AddNodeGroup("Burst", &ipv6eks.NodeGroupProps{Max: 10, ScaleToZero: true})
		}, "Burst: want one group"},
		"a higher ceiling": {ipv6eks.ClusterProps{}, func(c *ipv6eks.Cluster) {
			c.AddNodeGroup("Burst", &ipv6eks.NodeGroupProps{Max: 10})
		}, ""},
		"tainted and free": {ipv6eks.ClusterProps{}, func(c *ipv6eks.Cluster) {
			c.AddNodeGroup("Gpu", &ipv6eks.NodeGroupProps{Taints: dedicated})
			c.AddNodeGroup("Nodes", nil)
		}, ""},
		"soft taint": {ipv6eks.ClusterProps{}, func(c *ipv6eks.Cluster) {
			c.AddNodeGroup("Nodes", &ipv6eks.NodeGroupProps{Taints: []ipv6eks.Taint{{Key: "spot", Effect: ipv6eks.PreferNoSchedule}}})
		}, ""},
		"Fargate without DNS": {ipv6eks.ClusterProps{CoreDNSOnFargate: true}, func(c *ipv6eks.Cluster) {
			c.AddFargateProfile("Web", &ipv6eks.FargateProfileProps{Selectors: []ipv6eks.FargateSelector{{Namespace: "web"}}})
		}, "CoreDNSOnFargate: no Fargate profile takes coredns"},
		"DNS on nodes that are not there": {ipv6eks.ClusterProps{}, func(c *ipv6eks.Cluster) {
			c.AddFargateProfile("System", &ipv6eks.FargateProfileProps{Selectors: []ipv6eks.FargateSelector{{Namespace: "kube-system"}}})
		}, "coredns waits for a node: want CoreDNSOnFargate"},
		"Fargate": {ipv6eks.ClusterProps{CoreDNSOnFargate: true}, func(c *ipv6eks.Cluster) {
			c.AddFargateProfile("System", &ipv6eks.FargateProfileProps{Selectors: []ipv6eks.FargateSelector{{Namespace: "kube-system", Labels: map[string]string{"k8s-app": "kube-dns"}}}})
		}, ""},
	} {
		app, _ := newApp(t)
		msg := panicOf(func() {
			c.more(cluster(awscdk.NewStack(app, jsiix.Str("S"), nil), c.props))
			app.Synth(nil)
		})
		if c.want == "" && msg != "" || !strings.Contains(msg, c.want) {
			t.Errorf("%s: %q, want %q", name, msg, c.want)
		}
	}
}

// Add-ons have versions of their own, which change with the Kubernetes version and not by themselves.
func TestAddonVersions(t *testing.T) {
	for _, k := range []string{"1.34", "1.35", "1.36"} {
		tpl := clusterTemplate(t, ipv6eks.ClusterProps{Version: k, MetricsServer: true, NodeMonitoring: true, EBSDriver: true}, addNodes)
		for _, id := range tpl.of("AWS::EKS::Addon") {
			p := tpl.Resources[id].Properties
			if want, _ := ipv6eks.AddonVersion(k, p["AddonName"].(string)); p["AddonVersion"] != want || want == "" {
				t.Errorf("Kubernetes %s: %s %v, want %q", k, p["AddonName"], p["AddonVersion"], want)
			}
		}
	}
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{
		CNI: ipv6eks.CNIOptions{Version: ipv6eks.EKSDefault}, AddonVersions: map[string]string{"coredns": ipv6eks.EKSDefault, "kube-proxy": "v1.34.6-eksbuild.29"},
	}, addNodes)
	for addon, want := range map[string]any{"vpc-cni": nil, "coredns": nil, "kube-proxy": "v1.34.6-eksbuild.29"} {
		if _, a := tpl.find(t, "AWS::EKS::Addon", "AddonName", addon); a.Properties["AddonVersion"] != want {
			t.Errorf("%s: %v, want %v", addon, a.Properties["AddonVersion"], want)
		}
	}
}

func TestNodeVersions(t *testing.T) {
	key := ""
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{Version: "1.36"}, func(stack awscdk.Stack, c *ipv6eks.Cluster) {
		volumes := ipv6eks.NewVolumeKey(stack, "Volumes")
		key = *stack.GetLogicalId(volumes.Node().DefaultChild().(awskms.CfnKey))
		c.AddNodeGroup("Nodes", &ipv6eks.NodeGroupProps{Version: "1.35", ReleaseVersion: "1.35.3-20261012", Force: true, VolumeKey: volumes})
	})
	_, n := tpl.one(t, "AWS::EKS::Nodegroup")
	if n.Properties["Version"] != "1.35" || n.Properties["ReleaseVersion"] != "1.35.3-20261012" || n.Properties["ForceUpdateEnabled"] != true {
		t.Errorf("nodes: %s", js(n.Properties))
	}
	_, lt := tpl.one(t, "AWS::EC2::LaunchTemplate")
	if !strings.Contains(js(lt.Properties), `"KmsKeyId":{"Fn::GetAtt":["`+key+`","Arn"]}`) {
		t.Errorf("the volumes do not have the key: %s", js(lt.Properties))
	}
	policy := js(tpl.Resources[key].Properties["KeyPolicy"])
	for _, want := range []string{"AWSServiceRoleForAutoScaling", `"kms:CallerAccount":{"Ref":"AWS::AccountId"}`, `"kms:GrantIsForAWSResource":"true"`, "kms:GenerateDataKey*"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the key's policy lacks %s: %s", want, policy)
		}
	}
	app, _ := newApp(t)
	mustPanic(t, func() {
		cluster(awscdk.NewStack(app, jsiix.Str("S"), nil), ipv6eks.ClusterProps{}).AddNodeGroup("Nodes", &ipv6eks.NodeGroupProps{Version: "1.36"})
	}, "ipv6eks.AddNodeGroup S/Cluster/Nodes: Version: 1.36 is newer than the cluster's 1.35")
}

// A cluster whose Pods have no IPv4 asks the VPC's resolver by IPv6.
func TestCoreDNSWithoutIPv4(t *testing.T) {
	values := func(props ipv6eks.ClusterProps) map[string]any {
		_, dns := clusterTemplate(t, props, addNodes).find(t, "AWS::EKS::Addon", "AddonName", "coredns")
		out := map[string]any{}
		if s, ok := dns.Properties["ConfigurationValues"].(string); ok {
			if err := json.Unmarshal([]byte(s), &out); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	corefile, _ := values(ipv6eks.ClusterProps{CNI: ipv6eks.CNIOptions{DisableIPv4Egress: true}})["corefile"].(string)
	for _, want := range []string{"forward . fd00:ec2::253\n", "health", "ready", "ip6.arpa", "reload"} {
		if !strings.Contains(corefile, want) {
			t.Errorf("the Corefile lacks %q:\n%s", want, corefile)
		}
	}
	if strings.Contains(corefile, "resolv.conf") {
		t.Errorf("the node's resolver, IPv4, is asked:\n%s", corefile)
	}
	if v := values(ipv6eks.ClusterProps{}); len(v) != 0 {
		t.Errorf("coredns is configured without need: %v", v)
	}
}

func TestEBSDriver(t *testing.T) {
	key := ""
	tpl := synthStack(t, func(stack awscdk.Stack) {
		volumes := awskms.NewKey(stack, jsiix.Str("Volumes"), nil)
		key = *stack.GetLogicalId(volumes.Node().DefaultChild().(awskms.CfnKey))
		addNodes(stack, cluster(stack, ipv6eks.ClusterProps{EBSDriver: true, VolumeKey: volumes, Kubectl: anyLayer(t, stack, "1.35")}))
	})
	driver, _ := tpl.find(t, "AWS::EKS::Addon", "AddonName", "aws-ebs-csi-driver")
	identity, a := tpl.find(t, "AWS::EKS::PodIdentityAssociation", "ServiceAccount", "ebs-csi-controller-sa")
	class, m := tpl.find(t, "Custom::AWSCDK-EKS-KubernetesResource", "Manifest", "StorageClass")
	nodes, _ := tpl.one(t, "AWS::EKS::Nodegroup")
	if !tpl.waitsFor(driver, identity) || !tpl.waitsFor(driver, nodes) || !tpl.waitsFor(class, driver) || a.Properties["Namespace"] != "kube-system" {
		t.Error("the driver, its identity, its nodes and its class are out of order")
	}
	role := js(tpl.Resources[tpl.directDeps(identity)[slices.IndexFunc(tpl.directDeps(identity), func(s string) bool { return strings.Contains(s, "Role") })]].Properties)
	if !strings.Contains(role, ":iam::aws:policy/service-role/AmazonEBSCSIDriverPolicyV2") {
		t.Errorf("role: %s", role)
	}
	_, grants := tpl.find(t, "AWS::IAM::Policy", "PolicyDocument", "kms:CreateGrant")
	if p := js(grants.Properties); !strings.Contains(p, "kms:GenerateDataKeyWithoutPlaintext") || !strings.Contains(p, key) || !strings.Contains(p, `"kms:GrantIsForAWSResource":"true"`) {
		t.Errorf("the driver may not use the key: %s", p)
	}
	if p := js(m.Properties["Manifest"]); !strings.Contains(p, `\"encrypted\":\"true\"`) || !strings.Contains(p, "is-default-class") || !strings.Contains(p, key) {
		t.Errorf("class: %s", p)
	}
}

func TestAccess(t *testing.T) {
	tpl := clusterTemplate(t, ipv6eks.ClusterProps{
		Access: []ipv6eks.Access{
			{Principal: "arn:aws:iam::111122223333:role/Readers", Right: ipv6eks.View},
			{Principal: "arn:aws:iam::111122223333:role/Web", Right: ipv6eks.Edit, Namespaces: []string{"web", "web-*"}, Groups: []string{"web-team"}},
		},
		PrivateAPICidrs: []netip.Prefix{netip.MustParsePrefix("10.8.0.0/16"), netip.MustParsePrefix("2001:db8:8::/48")},
	}, addNodes)
	_, readers := tpl.find(t, "AWS::EKS::AccessEntry", "PrincipalArn", "Readers")
	if got := js(readers.Properties["AccessPolicies"]); !strings.Contains(got, `"AccessScope":{"Type":"cluster"}`) || !strings.Contains(got, ":eks::aws:cluster-access-policy/AmazonEKSViewPolicy") || strings.Contains(got, "arn:aws:") {
		t.Errorf("readers: %s", got)
	}
	_, web := tpl.find(t, "AWS::EKS::AccessEntry", "PrincipalArn", "Web")
	if got := js(web.Properties); !strings.Contains(got, `"AccessScope":{"Namespaces":["web","web-*"],"Type":"namespace"}`) || !strings.Contains(got, "AmazonEKSEditPolicy") || !strings.Contains(got, `"KubernetesGroups":["web-team"]`) {
		t.Errorf("web: %s", got)
	}
	_, group := tpl.find(t, "AWS::EC2::SecurityGroup", "GroupDescription", "EKS control plane")
	if got := js(group.Properties["SecurityGroupIngress"]); !strings.Contains(got, `"CidrIp":"10.8.0.0/16"`) || !strings.Contains(got, `"CidrIpv6":"2001:db8:8::/48"`) || strings.Count(got, `"FromPort":443`) != 2 {
		t.Errorf("private API: %s", got)
	}
}

func TestConfinedPodIdentity(t *testing.T) {
	for _, confined := range []bool{false, true} {
		tpl := clusterTemplate(t, ipv6eks.ClusterProps{ConfinePodIdentity: confined}, addNodes)
		_, role := tpl.find(t, "AWS::IAM::Role", "AssumeRolePolicyDocument", "pods.eks.amazonaws.com")
		trust := js(role.Properties["AssumeRolePolicyDocument"])
		eks, _ := tpl.one(t, "AWS::EKS::Cluster")
		if got := strings.Contains(trust, `"aws:SourceAccount":{"Ref":"AWS::AccountId"}`) && strings.Contains(trust, `"aws:SourceArn":{"Fn::GetAtt":["`+eks+`","Arn"]}`); got != confined {
			t.Errorf("confined %v: %s", confined, trust)
		}
	}
}

// What somebody should have chosen is warned of where the Region is known.
func TestClusterWarnings(t *testing.T) {
	for _, c := range []struct {
		region, version string
		zones           []string
		want            []string
	}{
		{"us-east-1", "", nil, []string{"use1-az3 of us-east-1"}},
		{"us-east-1", "", []string{"us-east-1a", "us-east-1b"}, nil},
		{"eu-west-1", "", nil, nil},
		{"", "", nil, nil},
		{"", "1.34", nil, []string{"Kubernetes 1.34 leaves standard support on 2026-12-02"}},
	} {
		app, _ := newApp(t)
		sp := &awscdk.StackProps{}
		if c.region != "" {
			sp.Env = &awscdk.Environment{Account: jsiix.Str("111122223333"), Region: jsiix.Str(c.region)}
		}
		stack := awscdk.NewStack(app, jsiix.Str("S"), sp)
		made := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{Vpc: dualstack.NewVpc(stack, "Network", &dualstack.VpcProps{AvailabilityZones: c.zones}).L2, Version: c.version})
		var got []string
		for _, m := range *made.Construct.Node().Metadata() {
			if *m.Type == "aws:cdk:warning" {
				got = append(got, m.Data.(string))
			}
		}
		if len(got) != len(c.want) || len(got) > 0 && !strings.Contains(got[0], c.want[0]) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// The hardened platform: everything that docs/controls.md claims of it is held there; here, that deletion can be allowed
// again, and that the plain platform has none of it.
func TestHardened(t *testing.T) {
	hardened := platformTemplate(t, &stacks.PlatformProps{Workload: stacks.Workload{Hardened: true, Cluster: ipv6eks.ClusterProps{EBSDriver: true}}})
	_, c := hardened.one(t, "AWS::EKS::Cluster")
	_, logs := hardened.find(t, "Custom::LogRetention", "LogGroupName", "/aws/eks/")
	_, flow := hardened.one(t, "AWS::EC2::FlowLog")
	_, chart := hardened.one(t, "Custom::AWSCDK-EKS-HelmChart")
	for what, ok := range map[string]bool{
		"deletion protection": c.Properties["DeletionProtection"] == true,
		"five log types":      len(c.at("Logging", "ClusterLogging", "EnabledTypes").([]any)) == 5,
		"a year":              logs.Properties["RetentionInDays"] == 365.0 && logs.Properties["RemovalPolicy"] != "destroy",
		"flow logs":           flow.Properties["TrafficType"] == "ALL",
		"default group":       len(hardened.of("Custom::VpcRestrictDefaultSG")) == 1,
		"two keys":            len(hardened.of("AWS::KMS::Key")) == 2,
		"confined":            strings.Count(string(hardened.text), "aws:SourceArn") == 3,
		"budget":              strings.Contains(js(chart.Properties["Values"]), "podDisruptionBudget"),
	} {
		if !ok {
			t.Errorf("the hardened platform lacks: %s", what)
		}
	}
	for _, id := range hardened.of("AWS::EC2::VPCEndpoint") {
		if hardened.Resources[id].Properties["PolicyDocument"] == nil {
			t.Errorf("%s has no policy", id)
		}
	}
	_, c = platformTemplate(t, &stacks.PlatformProps{Workload: stacks.Workload{Hardened: true, Deletable: true}}).one(t, "AWS::EKS::Cluster")
	if c.Properties["DeletionProtection"] == true {
		t.Error("Deletable does not make it deletable")
	}
}
