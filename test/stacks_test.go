package test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/stacks"
)

// reference are the stacks that ship, as their examples build them: their whole templates are golden.
var reference = map[string]func(app awscdk.App){
	"platform": func(app awscdk.App) { stacks.NewPlatform(app, "Ipv6Platform", nil) },
	"split": func(app awscdk.App) {
		network := stacks.NewNetwork(app, "Ipv6Network", nil)
		stacks.NewCluster(app, "Ipv6Cluster", &stacks.ClusterProps{Network: network})
	},
}

func TestGoldenTemplates(t *testing.T) {
	for _, build := range reference {
		for name, tpl := range synth(t, build) {
			checkGolden(t, name, tpl)
		}
	}
}

// platforms are the choices under which a platform must still hold to what it promises.
var platforms = map[string]*stacks.PlatformProps{
	"default":     nil,
	"three zones": {Network: dualstack.VpcProps{Azs: 3, IsolatedSubnets: true}},
	"single NAT":  {Network: dualstack.VpcProps{Nat: dualstack.NatSingle}},
	"regional":    {Network: dualstack.VpcProps{Nat: dualstack.NatRegional}},
	"no NAT":      {Network: dualstack.VpcProps{Nat: dualstack.NatNone, AcknowledgeNoIPv4Egress: true}},
	"ARM":         {Workload: stacks.Workload{Nodes: ipv6eks.NodeGroupProps{Architecture: ipv6eks.ARM, AMI: ipv6eks.Bottlerocket}}},
}

func platformTemplate(t testing.TB, props *stacks.PlatformProps) template {
	t.Helper()
	return synth(t, func(app awscdk.App) { stacks.NewPlatform(app, "P", props) })["P"]
}

func TestPlatforms(t *testing.T) {
	for name, props := range platforms {
		tpl := platformTemplate(t, props)
		checkSecurityGroups(t, name, tpl)
		checkRoleTags(t, name, tpl)
		checkWorkload(t, name, tpl)
	}
}

// checkWorkload wants what every cluster of this library has, wherever its network is.
func checkWorkload(t *testing.T, name string, tpl template) {
	t.Helper()
	if i := strings.Index(string(tpl.text), "arn:aws"); i >= 0 {
		t.Errorf("%s: a literal partition: …%s", name, tpl.text[max(0, i-80):i+40])
	}
	if n := len(tpl.of("AWS::Lambda::Function")); n > 4 {
		t.Errorf("%s: %d Lambda functions, want the kubectl provider's two, that for log retention, and that for the default security group", name, n)
	}
	if groups, functions := tpl.of("AWS::Logs::LogGroup"), tpl.logGroups(t); len(groups) != len(functions) {
		t.Errorf("%s: log groups %v, want those of the functions: the control plane's belongs to EKS", name, groups)
	}
	if ids := tpl.of("AWS::IAM::OIDCProvider", "Custom::AWSCDKOpenIdConnectProvider"); len(ids) > 0 {
		t.Errorf("%s: an OIDC provider: %v", name, ids)
	}
	if ids := tpl.of("AWS::EKS::Addon"); len(ids) != 4 {
		t.Errorf("%s: add-ons %v, want four", name, ids)
	}
	cluster, c := tpl.one(t, "AWS::EKS::Cluster")
	for what, ok := range map[string]bool{
		"IPv6":                 c.at("KubernetesNetworkConfig", "IpFamily") == "ipv6",
		"EKS's service range":  c.at("KubernetesNetworkConfig", "ServiceIpv4Cidr") == nil && c.at("KubernetesNetworkConfig", "ServiceIpv6Cidr") == nil,
		"no self-managed":      c.Properties["BootstrapSelfManagedAddons"] == false,
		"API access entries":   c.at("AccessConfig", "AuthenticationMode") == "API",
		"creator not an admin": c.at("AccessConfig", "BootstrapClusterCreatorAdminPermissions") == false,
		"private endpoint":     c.at("ResourcesVpcConfig", "EndpointPrivateAccess") == true,
		"no public endpoint":   c.at("ResourcesVpcConfig", "EndpointPublicAccess") == false,
		"two zones":            len(c.at("ResourcesVpcConfig", "SubnetIds").([]any)) == 2,
		"encryption":           strings.Contains(js(c.Properties["EncryptionConfig"]), "secrets"),
		"logs":                 js(c.at("Logging", "ClusterLogging", "EnabledTypes")) == `[{"Type":"api"},{"Type":"audit"},{"Type":"authenticator"}]`,
	} {
		if !ok {
			t.Errorf("%s: the cluster lacks: %s: %s", name, what, js(c.Properties))
		}
	}

	identity, association := tpl.find(t, "AWS::EKS::PodIdentityAssociation", "ServiceAccount", "aws-node")
	role := association.Properties["RoleArn"].(map[string]any)["Fn::GetAtt"].([]any)[0].(string)
	var actions []string
	for _, p := range tpl.Resources[role].Properties["Policies"].([]any) {
		actions = append(actions, actionsOf(p.(map[string]any)["PolicyDocument"])...)
	}
	want := ipv6eks.CNIActions()
	if diff := cmp.Diff(sorted(want), sorted(actions)); diff != "" || tpl.Resources[role].Properties["ManagedPolicyArns"] != nil {
		t.Errorf("%s: aws-node's rights (-want +got)\n%s", name, diff)
	}

	cni, _ := tpl.find(t, "AWS::EKS::Addon", "AddonName", "vpc-cni")
	agent, _ := tpl.find(t, "AWS::EKS::Addon", "AddonName", "eks-pod-identity-agent")
	proxy, _ := tpl.find(t, "AWS::EKS::Addon", "AddonName", "kube-proxy")
	dns, _ := tpl.find(t, "AWS::EKS::Addon", "AddonName", "coredns")
	chart, _ := tpl.one(t, "Custom::AWSCDK-EKS-HelmChart")
	controller, _ := tpl.find(t, "AWS::EKS::PodIdentityAssociation", "ServiceAccount", "aws-load-balancer-controller")
	for _, nodes := range tpl.of("AWS::EKS::Nodegroup") {
		for _, before := range []string{cluster, cni, identity, role, agent, proxy} {
			if !tpl.waitsFor(nodes, before) {
				t.Errorf("%s: nodes do not wait for %s", name, before)
			}
		}
		for _, after := range []string{dns, chart} {
			if !tpl.waitsFor(after, nodes) {
				t.Errorf("%s: %s does not wait for nodes", name, after)
			}
		}
		n := tpl.Resources[nodes]
		if s := js(n.Properties["Subnets"]); !strings.Contains(s, "Private") || strings.Contains(s, "Public") {
			t.Errorf("%s: nodes are in %s", name, s)
		}
	}
	for _, before := range []string{controller, dns} {
		if !tpl.waitsFor(chart, before) {
			t.Errorf("%s: the controller does not wait for %s", name, before)
		}
	}
}

// actionsOf are the actions that a policy document's statements allow.
func actionsOf(document any) []string {
	var out []string
	for _, s := range document.(map[string]any)["Statement"].([]any) {
		switch a := s.(map[string]any)["Action"].(type) {
		case string:
			out = append(out, a)
		case []any:
			for _, x := range a {
				out = append(out, x.(string))
			}
		}
	}
	return out
}

func TestPlatformWithoutNat(t *testing.T) {
	tpl := platformTemplate(t, platforms["no NAT"])
	if n := len(tpl.of("AWS::EC2::VPCEndpoint")); n != 1+len(dualstack.EKSEndpoints()) {
		t.Errorf("%d endpoints, want S3's and those that EKS calls", n)
	}
	_, chart := tpl.one(t, "Custom::AWSCDK-EKS-HelmChart")
	if v := js(chart.Properties["Values"]); !strings.Contains(v, `\\\"enableWafv2\\\":false`) && !strings.Contains(v, `\"enableWafv2\":false`) {
		t.Errorf("the controller calls WAF, which it cannot reach: %s", v)
	}
}

func TestPlatformOutputs(t *testing.T) {
	tpl := platformTemplate(t, &stacks.PlatformProps{Network: dualstack.VpcProps{IsolatedSubnets: true}})
	for _, name := range []string{"VpcId", "VpcIpv6Cidr", "PublicSubnetIds", "PrivateSubnetIds", "IsolatedSubnetIds", "ClusterName", "ClusterEndpoint", "ServiceIpv6Cidr", "KubeconfigCommand"} {
		if tpl.Outputs[name].Value == nil {
			t.Errorf("no output %s", name)
		}
	}
	if c := js(tpl.Outputs["KubeconfigCommand"].Value); !strings.Contains(c, "aws eks update-kubeconfig --name") || !strings.Contains(c, "AWS::Region") {
		t.Errorf("KubeconfigCommand: %s", c)
	}
}

// The network's stack must serve the cluster's, and CloudFormation must be able to delete them in the reverse order.
func TestSplit(t *testing.T) {
	both := synth(t, reference["split"])
	network, cluster := both["Ipv6Network"], both["Ipv6Cluster"]
	checkSecurityGroups(t, "network", network)
	checkRoleTags(t, "network", network)
	if strings.Contains(string(network.text), "Fn::ImportValue") || !strings.Contains(string(cluster.text), "Ipv6Network:ExportsOutput") {
		t.Error("the cluster does not import from the network, or the network imports too")
	}
	if strings.Contains(string(cluster.text), "Fn::GetStackOutput") {
		t.Error("the cluster's references do not hold the network in place")
	}
	if len(cluster.of("AWS::EC2::VPC", "AWS::EC2::Subnet")) != 0 || len(network.of("AWS::EKS::Cluster")) != 0 {
		t.Error("the parts are in the wrong stacks")
	}
	if len(cluster.of("AWS::EKS::Nodegroup")) != 1 || len(cluster.of("Custom::AWSCDK-EKS-HelmChart")) != 1 {
		t.Error("no nodes, or no controller")
	}
}

func TestStacksPanicWithTheirErrors(t *testing.T) {
	app, _ := newApp(t)
	mustPanic(t, func() {
		stacks.NewPlatform(app, "P", &stacks.PlatformProps{Network: dualstack.VpcProps{Azs: 7}, Workload: stacks.Workload{Nodes: ipv6eks.NodeGroupProps{Min: 9, Max: 1}}})
	}, "stacks.NewPlatform P: ", "Network.Azs: want 2 to 6 zones", "Nodes.Min: 9 is more than Max 1")
	mustPanic(t, func() { stacks.NewNetwork(app, "N", &stacks.NetworkProps{Network: dualstack.VpcProps{Azs: 1}}) }, "stacks.NewNetwork N: Network.Azs")
	mustPanic(t, func() { stacks.NewCluster(app, "C", nil) }, "stacks.NewCluster C: Network: missing")
	if n := len(*app.Node().Children()); n != 0 {
		t.Errorf("%d constructs were left behind", n)
	}
}

// A Region of a user's own choosing shows up in nothing but the stack's environment.
func TestPlatformInARegion(t *testing.T) {
	env := awscdk.StackProps{Env: &awscdk.Environment{Account: jsiix.Str("111111111111"), Region: jsiix.Str("eu-west-1")}}
	tpl := platformTemplate(t, &stacks.PlatformProps{Stack: env, Network: dualstack.VpcProps{Azs: 3}})
	if n := len(tpl.of("AWS::EC2::Subnet")); n != 6 || strings.Contains(string(tpl.text), "dummy1") {
		t.Errorf("%d subnets in three zones of a known Region", n)
	}
	mustPanic(t, func() {
		app, _ := newApp(t)
		china := awscdk.StackProps{Env: &awscdk.Environment{Account: jsiix.Str("111111111111"), Region: jsiix.Str("cn-north-1")}}
		stacks.NewPlatform(app, "P", &stacks.PlatformProps{Stack: china})
	}, "ipv6eks.NewCluster P/Cluster: Region: cn-north-1: EKS has no IPv6 clusters in the China Regions")
}
