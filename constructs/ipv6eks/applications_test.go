package ipv6eks_test

import (
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
)

func TestAddonConfigurationRefuses(t *testing.T) {
	t.Parallel()
	of := func(addon string, values map[string]any) ipv6eks.ClusterProps {
		return ipv6eks.ClusterProps{AddonConfiguration: map[string]map[string]any{addon: values}}
	}
	without := of("coredns", map[string]any{"corefile": ".:53 {\n  forward . /etc/resolv.conf\n}"})
	without.CNI.DisableIPv4Egress = true
	twice := of("vpc-cni", map[string]any{"env": map[string]any{"AWS_VPC_ENI_MTU": "1500"}})
	twice.CNI.Env = map[string]string{"AWS_VPC_ENI_MTU": "9001"}
	for name, c := range map[string]struct {
		props ipv6eks.ClusterProps
		want  []string
	}{
		"not installed":    {of("metrics-server", nil), []string{"AddonConfiguration[metrics-server]: the cluster does not install this add-on: want one of coredns, eks-pod-identity-agent, kube-proxy, vpc-cni, or AddAddon"}},
		"no JSON":          {of("coredns", map[string]any{"a": func() {}}), []string{"AddonConfiguration[coredns]: json: unsupported type", "want what JSON can say"}},
		"a field of ours":  {of("coredns", map[string]any{"computeType": "Fargate"}), []string{"AddonConfiguration[coredns].computeType: Fargate: want ClusterProps.CoreDNSOnFargate"}},
		"network policy":   {of("vpc-cni", map[string]any{"enableNetworkPolicy": "true"}), []string{"AddonConfiguration[vpc-cni].enableNetworkPolicy: true: want ClusterProps.CNI.NetworkPolicy"}},
		"ipamd":            {of("vpc-cni", map[string]any{"env": map[string]any{"ENABLE_IPv4": true}}), []string{"AddonConfiguration[vpc-cni].env[ENABLE_IPv4]: true: aws-node serves one family"}},
		"variables":        {of("vpc-cni", map[string]any{"env": "a=b"}), []string{"AddonConfiguration[vpc-cni].env: a=b: want CNI.Env"}},
		"said twice":       {twice, []string{`AddonConfiguration[vpc-cni].env[AWS_VPC_ENI_MTU]: 1500: CNI.Env says "9001"`}},
		"resolver by IPv4": {without, []string{"AddonConfiguration[coredns].corefile: it forwards to /etc/resolv.conf", "want forward . fd00:ec2::253"}},
	} {
		refused(t, name, c.props.Validate(), c.want, 1)
	}
	ok := ipv6eks.ClusterProps{MetricsServer: true, AddonConfiguration: map[string]map[string]any{
		"coredns": {"replicaCount": 3, "corefile": ".:53 {\n  forward . /etc/resolv.conf\n}"}, "metrics-server": {"replicas": 2},
		"vpc-cni": {"env": map[string]any{"AWS_VPC_K8S_CNI_LOGLEVEL": "INFO"}}, "kube-proxy": {"mode": "ipvs"},
	}}
	if err := ok.Validate(); err != nil {
		t.Error(err)
	}
}

func TestAddonPropsRefuses(t *testing.T) {
	t.Parallel()
	p := ipv6eks.AddonProps{Version: "latest", Configuration: map[string]any{"a": make(chan int)}, Identities: []ipv6eks.AddonIdentity{
		{}, {ServiceAccount: "a", ManagedPolicies: []string{"arn:aws:iam::aws:policy/X"}}, {ServiceAccount: "a"},
	}}
	refused(t, "all", p.Validate(), []string{
		`Version: "latest"`, "Configuration: json: unsupported type", "Identities[0].ServiceAccount: empty",
		`Identities[1].ManagedPolicies[0]: "arn:aws:iam::aws:policy/X": want the name`, "Identities[2].ServiceAccount: a is named twice",
	}, 5)
	var none *ipv6eks.AddonProps
	for _, p := range []*ipv6eks.AddonProps{none, {Version: ipv6eks.EKSDefault}, {Version: "v2.1.9-eksbuild.1", Identities: []ipv6eks.AddonIdentity{{ServiceAccount: "a", ManagedPolicies: []string{"service-role/AmazonEFSCSIDriverPolicy"}}}}} {
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestChartPropsRefuses(t *testing.T) {
	t.Parallel()
	good := ipv6eks.ChartProps{Chart: "cert-manager", Repository: "https://charts.jetstack.io", Version: "v1.19.1"}
	for name, c := range map[string]struct {
		change func(*ipv6eks.ChartProps)
		want   string
	}{
		"chart":          {func(p *ipv6eks.ChartProps) { p.Chart, p.Release = "", "a" }, "Chart: missing: want one such as cert-manager, or an Asset"},
		"repository":     {func(p *ipv6eks.ChartProps) { p.Repository = "" }, "Repository: missing"},
		"version":        {func(p *ipv6eks.ChartProps) { p.Version = "" }, "Version: missing"},
		"release":        {func(p *ipv6eks.ChartProps) { p.Release = "My_Release" }, `Release: "My_Release": want up to 53`},
		"a long release": {func(p *ipv6eks.ChartProps) { p.Release = strings.Repeat("a", 54) }, "want up to 53"},
		"namespace":      {func(p *ipv6eks.ChartProps) { p.Namespace = "a.b" }, `Namespace: "a.b": want a namespace`},
	} {
		p := good
		c.change(&p)
		refused(t, name, p.Validate(), []string{c.want}, 1)
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

func TestPodIdentityPropsRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		props ipv6eks.PodIdentityProps
		want  []string
		n     int
	}{
		"nothing":   {ipv6eks.PodIdentityProps{}, []string{`Namespace: "": want a namespace such as shop`, `ServiceAccount: "": want a service account such as web`}, 2},
		"namespace": {ipv6eks.PodIdentityProps{Namespace: "Shop", ServiceAccount: "web"}, []string{`Namespace: "Shop"`}, 1},
		"account":   {ipv6eks.PodIdentityProps{Namespace: "shop", ServiceAccount: "web/x"}, []string{`ServiceAccount: "web/x"`}, 1},
		"policy":    {ipv6eks.PodIdentityProps{Namespace: "shop", ServiceAccount: "web", ManagedPolicies: []string{"A", "a b"}}, []string{`ManagedPolicies[1]: "a b"`}, 1},
	} {
		refused(t, name, c.props.Validate(), c.want, c.n)
	}
	for _, p := range []ipv6eks.PodIdentityProps{{Namespace: "shop", ServiceAccount: "web.v2"}, {Namespace: "${Token[A.1]}", ServiceAccount: "${Token[B.2]}"}} {
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestClusterAttributesRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attributes ipv6eks.ClusterAttributes
		want       []string
	}{
		"name":    {ipv6eks.ClusterAttributes{Name: "a b", Version: "1.35"}, []string{`Name: "a b": want the cluster's name`}},
		"version": {ipv6eks.ClusterAttributes{Name: "demo", Version: "v1.35"}, []string{`Version: "v1.35" is no Kubernetes version`}},
		"layer":   {ipv6eks.ClusterAttributes{Name: "demo", Version: "1.35", Kubectl: ipv6eks.KubectlLayer{Version: "1.34"}}, []string{"Kubectl.Layer: missing for version 1.34"}},
		"token":   {ipv6eks.ClusterAttributes{Name: "demo", Version: "1.35", KubectlToken: "arn"}, []string{`KubectlToken, KubectlRoleArn: "arn" and "": want both`}},
	} {
		refused(t, name, c.attributes.Validate(), c.want, 1)
	}
	if err := (&ipv6eks.ClusterAttributes{Name: "demo", Version: "1.35"}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestNodeTagsRefuses(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 51 {
		many[strings.Repeat("a", i+1)] = ""
	}
	for name, c := range map[string]struct {
		tags map[string]string
		want string
	}{
		"of AWS":  {map[string]string{"aws:team": "a"}, "Tags[aws:team]: keys that begin with aws: are AWS's own"},
		"no key":  {map[string]string{"": "a"}, "Tags[]: 0 characters: want a key of 1 to 128"},
		"long":    {map[string]string{strings.Repeat("k", 129): "a"}, "129 characters: want a key of 1 to 128"},
		"a novel": {map[string]string{"k": strings.Repeat("v", 257)}, "Tags[k]: a value of 257 characters: want 256 at most"},
		"many":    {many, "Tags: 51: EC2 takes 50"},
	} {
		refused(t, name, (&ipv6eks.NodeGroupProps{Tags: c.tags}).Validate(), []string{c.want}, 1)
	}
}
