package ipv6eks_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// refused checks that an error is there, says everything wanted, and reports as many problems as expected.
func refused(t *testing.T, name string, err error, want []string, problems int) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: accepted", name)
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error does not say %q:\n%v", name, w, err)
		}
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != problems {
		t.Errorf("%s: %d problems reported, want %d:\n%v", name, lines, problems, err)
	}
}

func TestClusterPropsAccepts(t *testing.T) {
	t.Parallel()
	var none *ipv6eks.ClusterProps
	for name, p := range map[string]*ipv6eks.ClusterProps{
		"nil":           none,
		"zero":          {},
		"oldest":        {Version: "1.34"},
		"newest":        {Version: "1.36"},
		"both families": {APIAccessCidrs: prefixes("203.0.113.0/24", "2001:db8::/32")},
		"world":         {APIOpenToWorld: true},
		"admins":        {AdminRoleArns: []string{"arn:aws:iam::111122223333:role/team/Admin", "arn:aws-us-gov:iam::111122223333:user/eve"}},
		"token":         {AdminRoleArns: []string{"${Token[TOKEN.1]}"}, Name: "${Token[TOKEN.2]}"},
		"CNI":           {CNI: ipv6eks.CNIOptions{Version: "v1.23.1-eksbuild.1", NetworkPolicy: true, StrictNetworkPolicy: true, Env: map[string]string{"AWS_VPC_ENI_MTU": "9001", "ENABLE_IPv6": "true"}}},
		"add-ons":       {MetricsServer: true, AddonVersions: map[string]string{"metrics-server": "v0.8.0-eksbuild.2", "coredns": "v1.13.2-eksbuild.4"}},
	} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClusterPropsRefuses(t *testing.T) {
	t.Parallel()
	env := func(name, value string) ipv6eks.ClusterProps {
		return ipv6eks.ClusterProps{CNI: ipv6eks.CNIOptions{Env: map[string]string{name: value}}}
	}
	for name, c := range map[string]struct {
		props ipv6eks.ClusterProps
		want  []string
	}{
		"old version":       {ipv6eks.ClusterProps{Version: "1.33"}, []string{"Version: 1.33: its standard support ends on 2026-07-29", "want one of 1.34, 1.35, 1.36"}},
		"version too new":   {ipv6eks.ClusterProps{Version: "1.37"}, []string{"Version: 1.37: EKS has it, but the versions of its add-ons", "want one of 1.34, 1.35, 1.36"}},
		"nonsense version":  {ipv6eks.ClusterProps{Version: "latest"}, []string{`Version: "latest"`}},
		"name":              {ipv6eks.ClusterProps{Name: "-x"}, []string{`Name: "-x"`}},
		"host bits":         {ipv6eks.ClusterProps{APIAccessCidrs: prefixes("2001:db8::1/32")}, []string{"APIAccessCidrs[0]: 2001:db8::1/32 has host bits set: want 2001:db8::/32"}},
		"IPv4 world":        {ipv6eks.ClusterProps{APIAccessCidrs: prefixes("0.0.0.0/0")}, []string{"APIAccessCidrs[0]: 0.0.0.0/0 is as wide as the world", "APIOpenToWorld"}},
		"IPv6 world":        {ipv6eks.ClusterProps{APIAccessCidrs: prefixes("::/0")}, []string{"as wide as the world"}},
		"half the world":    {ipv6eks.ClusterProps{APIAccessCidrs: prefixes("128.0.0.0/1")}, []string{"as wide as the world"}},
		"all global IPv6":   {ipv6eks.ClusterProps{APIAccessCidrs: prefixes("2000::/3")}, []string{"as wide as the world"}},
		"private":           {ipv6eks.ClusterProps{APIAccessCidrs: prefixes("10.0.0.0/8")}, []string{"is not a public range"}},
		"ULA":               {ipv6eks.ClusterProps{APIAccessCidrs: prefixes("fd00::/16")}, []string{"is not a public range"}},
		"twice":             {ipv6eks.ClusterProps{APIAccessCidrs: prefixes("203.0.113.0/24", "203.0.113.0/24")}, []string{"APIAccessCidrs[1]", "named twice"}},
		"invalid":           {ipv6eks.ClusterProps{APIAccessCidrs: []netip.Prefix{{}}}, []string{"APIAccessCidrs[0]: invalid prefix"}},
		"too many":          {ipv6eks.ClusterProps{APIAccessCidrs: manyPrefixes(41)}, []string{"41 ranges: EKS takes 40"}},
		"world and ranges":  {ipv6eks.ClusterProps{APIOpenToWorld: true, APIAccessCidrs: prefixes("203.0.113.0/24")}, []string{"want one of the two"}},
		"session":           {ipv6eks.ClusterProps{AdminRoleArns: []string{"arn:aws:sts::111122223333:assumed-role/Admin/eve"}}, []string{"is a session", "role/NAME"}},
		"not an ARN":        {ipv6eks.ClusterProps{AdminRoleArns: []string{"Admin"}}, []string{`AdminRoleArns[0]: "Admin"`}},
		"admin twice":       {ipv6eks.ClusterProps{AdminRoleArns: []string{"arn:aws:iam::111122223333:role/A", "arn:aws:iam::111122223333:role/A"}}, []string{"AdminRoleArns[1]", "named twice"}},
		"same name":         {ipv6eks.ClusterProps{AdminRoleArns: []string{"arn:aws:iam::111122223333:role/A", "arn:aws:iam::444455556666:role/A"}}, []string{"AdminRoleArns[1]", "has the name of"}},
		"layer":             {ipv6eks.ClusterProps{Kubectl: ipv6eks.KubectlLayer{Version: "1.35"}}, []string{"Kubectl.Layer: missing for version 1.35"}},
		"custom networking": {env("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", "true"), []string{"CNI.Env[AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG]", "not supported on IPv6"}},
		"no prefixes":       {env("ENABLE_PREFIX_DELEGATION", "false"), []string{"prefix delegation only"}},
		"IPv4 on":           {env("ENABLE_IPv4", "true"), []string{"CNI.Env[ENABLE_IPv4]", "one family"}},
		"IPv6 off":          {env("ENABLE_IPv6", "false"), []string{"CNI.Env[ENABLE_IPv6]"}},
		"IPv6 egress":       {env("ENABLE_V6_EGRESS", "true"), []string{"CNI.Env[ENABLE_V6_EGRESS]"}},
		"warm pool":         {env("WARM_IP_TARGET", "5"), []string{"has no effect on IPv6"}},
		"field":             {env("ENABLE_V4_EGRESS", "false"), []string{"want DisableIPv4Egress instead"}},
		"mode":              {env("NETWORK_POLICY_ENFORCING_MODE", "strict"), []string{"want StrictNetworkPolicy instead"}},
		"CNI version":       {ipv6eks.ClusterProps{CNI: ipv6eks.CNIOptions{Version: "1.23"}}, []string{`CNI.Version: "1.23"`}},
		"old CNI":           {ipv6eks.ClusterProps{CNI: ipv6eks.CNIOptions{Version: "v1.15.5-eksbuild.1"}}, []string{"CNI.Version: v1.15.5-eksbuild.1 is too old: want v1.16.0"}},
		"strict alone":      {ipv6eks.ClusterProps{CNI: ipv6eks.CNIOptions{StrictNetworkPolicy: true}}, []string{"CNI.StrictNetworkPolicy: true without NetworkPolicy"}},
		"CNI among add-ons": {ipv6eks.ClusterProps{AddonVersions: map[string]string{"vpc-cni": "v1.23.1-eksbuild.1"}}, []string{"CNI.Version"}},
		"add-on not there":  {ipv6eks.ClusterProps{AddonVersions: map[string]string{"metrics-server": "v0.8.0-eksbuild.2"}}, []string{"does not install", "coredns, eks-pod-identity-agent, kube-proxy"}},
		"kube-proxy ahead":  {ipv6eks.ClusterProps{AddonVersions: map[string]string{"kube-proxy": "v1.36.0-eksbuild.25"}}, []string{"AddonVersions[kube-proxy]: v1.36.0-eksbuild.25: kube-proxy must not be newer than the cluster's 1.35", "want v1.35.3-eksbuild.29"}},
		"kube-proxy behind": {ipv6eks.ClusterProps{AddonVersions: map[string]string{"kube-proxy": "v1.31.9-eksbuild.2"}}, []string{"three minor versions older at most"}},
		"reader":            {ipv6eks.ClusterProps{Access: []ipv6eks.Access{{Principal: "Reader", Right: ipv6eks.View}}}, []string{`Access[0].Principal: "Reader"`, "role/Reader"}},
		"reader's session":  {ipv6eks.ClusterProps{Access: []ipv6eks.Access{{Principal: "arn:aws:sts::111122223333:assumed-role/R/eve", Right: ipv6eks.View}}}, []string{"Access[0].Principal: ", "is a session"}},
		"no right":          {ipv6eks.ClusterProps{Access: []ipv6eks.Access{{Principal: readerArn}}}, []string{"Access[0].Right: missing", "View, AdminView, Edit, Admin, ClusterAdmin"}},
		"strange right":     {ipv6eks.ClusterProps{Access: []ipv6eks.Access{{Principal: readerArn, Right: "view"}}}, []string{`Access[0].Right: "view"`}},
		"all of a part":     {ipv6eks.ClusterProps{Access: []ipv6eks.Access{{Principal: readerArn, Right: ipv6eks.ClusterAdmin, Namespaces: []string{"web"}}}}, []string{"Access[0].Namespaces: web with ClusterAdmin", "want Admin"}},
		"part of nothing":   {ipv6eks.ClusterProps{Access: []ipv6eks.Access{{Principal: readerArn, Groups: []string{"team"}, Namespaces: []string{"web"}}}}, []string{"Access[0].Namespaces: web without Right"}},
		"namespace":         {ipv6eks.ClusterProps{Access: []ipv6eks.Access{{Principal: readerArn, Right: ipv6eks.Edit, Namespaces: []string{"web", "Team A"}}}}, []string{`Access[0].Namespaces[1]: "Team A"`}},
		"system group":      {ipv6eks.ClusterProps{Access: []ipv6eks.Access{{Principal: readerArn, Groups: []string{"system:masters"}}}}, []string{`Access[0].Groups[0]: "system:masters"`}},
		"access twice":      {ipv6eks.ClusterProps{Access: []ipv6eks.Access{{Principal: readerArn, Right: ipv6eks.View}, {Principal: readerArn, Right: ipv6eks.Edit}}}, []string{"Access[1].Principal", "named twice"}},
		"admin and reader":  {ipv6eks.ClusterProps{AdminRoleArns: []string{readerArn}, Access: []ipv6eks.Access{{Principal: readerArn, Right: ipv6eks.View}}}, []string{"Access[0].Principal", "named twice"}},
		"API for all":       {ipv6eks.ClusterProps{PrivateAPICidrs: prefixes("0.0.0.0/0")}, []string{"PrivateAPICidrs[0]: 0.0.0.0/0 is as wide as the world"}},
		"API host bits":     {ipv6eks.ClusterProps{PrivateAPICidrs: prefixes("10.8.0.1/16")}, []string{"PrivateAPICidrs[0]: 10.8.0.1/16 has host bits set: want 10.8.0.0/16"}},
		"API twice":         {ipv6eks.ClusterProps{PrivateAPICidrs: prefixes("10.8.0.0/16", "10.8.0.0/16")}, []string{"PrivateAPICidrs[1]: 10.8.0.0/16 is named twice"}},
		"API nothing":       {ipv6eks.ClusterProps{PrivateAPICidrs: []netip.Prefix{{}}}, []string{"PrivateAPICidrs[0]: invalid prefix"}},
		"retention":         {ipv6eks.ClusterProps{LogRetentionDays: 42}, []string{"LogRetentionDays: 42: CloudWatch takes one of [1 3 5 7"}},
		"EBS without IPv4":  {ipv6eks.ClusterProps{EBSDriver: true, CNI: ipv6eks.CNIOptions{DisableIPv4Egress: true}}, []string{"EBSDriver: true with CNI.DisableIPv4Egress"}},
		"add-on version":    {ipv6eks.ClusterProps{AddonVersions: map[string]string{"coredns": "latest"}}, []string{`AddonVersions[coredns]: "latest"`}},
	} {
		refused(t, name, c.props.Validate(), c.want, 1)
	}
	both := ipv6eks.ClusterProps{Version: "1.20", Name: "", APIAccessCidrs: prefixes("0.0.0.0/0", "::/0"), CNI: ipv6eks.CNIOptions{Env: map[string]string{"ENABLE_IPv4": "true"}}}
	refused(t, "all at once", both.Validate(), []string{"Version", "APIAccessCidrs[0]", "APIAccessCidrs[1]", "CNI.Env"}, 4)
}

const readerArn = "arn:aws:iam::111122223333:role/Reader"

func manyPrefixes(n int) []netip.Prefix {
	var out []netip.Prefix
	for i := range n {
		out = append(out, netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, byte(i), 0}), 24))
	}
	return out
}

func TestCheckSkew(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"1.33", "1.34", "1.35"} {
		if err := ipv6eks.CheckSkew("1.34", ok); err != nil {
			t.Errorf("kubectl 1.34 with %s: %v", ok, err)
		}
	}
	refused(t, "too new", ipv6eks.CheckSkew("1.34", "1.36"), []string{"kubectl 1.34 works with Kubernetes 1.33 to 1.35", "the cluster's 1.36", "kubectllayer.FromPath"}, 1)
	refused(t, "too old", ipv6eks.CheckSkew("1.36", "1.34"), []string{"1.35 to 1.37"}, 1)
	refused(t, "nonsense", ipv6eks.CheckSkew("v1.34", "1.34"), []string{`"v1.34" is no Kubernetes version`}, 1)
}

// Nodes may lag behind the control plane by three minor versions and must not be ahead.
func TestCheckNodeSkew(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"", "1.36", "1.35", "1.33"} {
		if err := ipv6eks.CheckNodeSkew(ok, "1.36"); err != nil {
			t.Errorf("nodes of %q with 1.36: %v", ok, err)
		}
	}
	refused(t, "ahead", ipv6eks.CheckNodeSkew("1.36", "1.35"), []string{"Version: 1.36 is newer than the cluster's 1.35", "upgrade the control plane first"}, 1)
	refused(t, "behind", ipv6eks.CheckNodeSkew("1.32", "1.36"), []string{"Version: 1.32 is more than 3 minor versions behind the cluster's 1.36: want 1.33 or later"}, 1)
}

// Every version has a pinned version of every add-on that a cluster can install, and kube-proxy's is of that version.
func TestAddonVersionsArePinned(t *testing.T) {
	t.Parallel()
	for _, k := range ipv6eks.Versions() {
		for _, addon := range []string{"vpc-cni", "coredns", "kube-proxy", "eks-pod-identity-agent", "metrics-server", "eks-node-monitoring-agent", "aws-ebs-csi-driver"} {
			v, ok := ipv6eks.AddonVersion(k, addon)
			if !ok || v == "" {
				t.Errorf("%s has no version for Kubernetes %s", addon, k)
			}
			if addon == "kube-proxy" && !strings.HasPrefix(v, "v"+k+".") {
				t.Errorf("kube-proxy %s for Kubernetes %s", v, k)
			}
		}
	}
	if v, ok := ipv6eks.AddonVersion("1.35", "velero"); ok {
		t.Errorf("velero has the version %s", v)
	}
}

func TestAtLeast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v, want string
		ok      bool
	}{{"1.36", "1.36", true}, {"1.36", "1.35", true}, {"1.9", "1.36", false}, {"1.35", "1.36", false}, {"", "1.36", false}} {
		if got := ipv6eks.AtLeast(c.v, c.want); got != c.ok {
			t.Errorf("AtLeast(%q, %q) = %v", c.v, c.want, got)
		}
	}
}

// The VPC CNI's IPv6 policy upstream, which aws-node v1.22.1 and later crash without.
func TestCNIActionsAreUpstreams(t *testing.T) {
	t.Parallel()
	want := map[string]bool{
		"ec2:AssignIpv6Addresses": true, "ec2:DescribeInstances": true, "ec2:DescribeSecurityGroups": true, "ec2:DescribeSubnets": true,
		"ec2:DescribeTags": true, "ec2:DescribeNetworkInterfaces": true, "ec2:DescribeInstanceTypes": true, "ec2:CreateTags": true,
	}
	got := ipv6eks.CNIActions()
	if len(got) != len(want) {
		t.Errorf("%d actions, want %d: %v", len(got), len(want), got)
	}
	for _, a := range got {
		if !want[a] {
			t.Errorf("%s is not in the upstream policy", a)
		}
	}
}

func TestNodeGroupPropsAccepts(t *testing.T) {
	t.Parallel()
	var none *ipv6eks.NodeGroupProps
	for name, p := range map[string]*ipv6eks.NodeGroupProps{
		"nil":            none,
		"zero":           {},
		"ARM by name":    {InstanceTypes: []string{"m7g.large", "c7gn.xlarge", "im4gn.large", "x2gd.medium", "a1.large", "t4g.small"}},
		"x86 by name":    {InstanceTypes: []string{"m7i.large", "m7i-flex.large", "g4dn.xlarge", "g5.xlarge", "p5.48xlarge", "u7i-12tb.224xlarge", "t3.medium"}},
		"ARM, no types":  {Architecture: ipv6eks.ARM},
		"Grace":          {Architecture: ipv6eks.ARM, InstanceTypes: []string{"p6e-gb200.36xlarge"}},
		"Nitro metal":    {InstanceTypes: []string{"i3.metal"}},
		"Bottlerocket":   {AMI: ipv6eks.Bottlerocket},
		"scaled to zero": {Max: 5, ScaleToZero: true},
		"fixed":          {Min: 3},
		"taints":         {Taints: []ipv6eks.Taint{{Key: "dedicated", Value: "gpu", Effect: ipv6eks.NoSchedule}, {Key: "a", Effect: "NoExecute"}, {Key: "example.com/b", Effect: "PREFER_NO_SCHEDULE"}}},
		"labels":         {Labels: map[string]string{"team": "a", "example.com/team": "a_b.c-d", "node.kubernetes.io/pool": "x", "a.node.kubernetes.io/pool": "x", "topology.kubernetes.io/zone": "z", "notk8s.io/a": "b"}},
		"a new family":   {InstanceTypes: []string{"m12x-flex.large"}},
	} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNodeGroupPropsRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		props ipv6eks.NodeGroupProps
		want  []string
	}{
		"Xen":              {ipv6eks.NodeGroupProps{InstanceTypes: []string{"t2.medium"}}, []string{"InstanceTypes[0]: t2.medium is not a Nitro instance"}},
		"Xen storage":      {ipv6eks.NodeGroupProps{InstanceTypes: []string{"i3.large"}}, []string{"i3.large is not a Nitro instance"}},
		"nonsense":         {ipv6eks.NodeGroupProps{InstanceTypes: []string{"large"}}, []string{`InstanceTypes[0]: "large" is no EC2 instance type`}},
		"Mac":              {ipv6eks.NodeGroupProps{InstanceTypes: []string{"mac2-m2.metal"}}, []string{"is a Mac"}},
		"mixed":            {ipv6eks.NodeGroupProps{InstanceTypes: []string{"m7i.large", "m7g.large"}}, []string{"mixed architectures: m7i.large are x86_64, m7g.large are arm64"}},
		"contradiction":    {ipv6eks.NodeGroupProps{Architecture: ipv6eks.ARM, InstanceTypes: []string{"m7i.large"}}, []string{"m7i.large are x86_64, and Architecture is arm64"}},
		"type twice":       {ipv6eks.NodeGroupProps{InstanceTypes: []string{"m7i.large", "m7i.large"}}, []string{"InstanceTypes[1]: m7i.large is named twice"}},
		"architecture":     {ipv6eks.NodeGroupProps{Architecture: "sparc"}, []string{`Architecture: "sparc": want x86_64 or arm64`}},
		"Windows":          {ipv6eks.NodeGroupProps{AMI: "WINDOWS_CORE_2022_x86_64"}, []string{"AMI:", "no IPv6 for Windows"}},
		"AL2":              {ipv6eks.NodeGroupProps{AMI: "AL2_x86_64"}, []string{"AMI:", "Amazon Linux 2"}},
		"other AMI":        {ipv6eks.NodeGroupProps{AMI: "UBUNTU"}, []string{`AMI: "UBUNTU": want one of AL2023`}},
		"Neuron on ARM":    {ipv6eks.NodeGroupProps{AMI: ipv6eks.AL2023Neuron, Architecture: ipv6eks.ARM}, []string{"AL2023_NEURON has no arm64 image"}},
		"zero and more":    {ipv6eks.NodeGroupProps{Min: 1, ScaleToZero: true}, []string{"Min: 1 with ScaleToZero"}},
		"min over max":     {ipv6eks.NodeGroupProps{Min: 3, Desired: 3, Max: 2}, []string{"Min: 3 is more than Max 2", "Desired: 3 is not between"}},
		"desired over max": {ipv6eks.NodeGroupProps{Min: 1, Desired: 5, Max: 4}, []string{"Desired: 5 is not between Min 1 and Max 4"}},
		"desired too few":  {ipv6eks.NodeGroupProps{Min: 3, Desired: 2, Max: 4}, []string{"Desired: 2 is not between Min 3 and Max 4"}},
		"negative":         {ipv6eks.NodeGroupProps{Min: -1, Max: 2, Desired: 1}, []string{"Min, Desired, Max: -1, 1, 2"}},
		"small disk":       {ipv6eks.NodeGroupProps{DiskGiB: 8}, []string{"DiskGiB: 8: want 20 to 16384"}},
		"updates":          {ipv6eks.NodeGroupProps{MaxUnavailable: 101}, []string{"MaxUnavailable: 101"}},
		"taint":            {ipv6eks.NodeGroupProps{Taints: []ipv6eks.Taint{{Key: "a", Effect: "Never"}}}, []string{`Taints[0].Effect: "Never": want NoSchedule`}},
		"taint's key":      {ipv6eks.NodeGroupProps{Taints: []ipv6eks.Taint{{Key: "a b", Effect: ipv6eks.NoExecute}}}, []string{`Taints[0].Key: "a b": name part must consist of`}},
		"taint's prefix":   {ipv6eks.NodeGroupProps{Taints: []ipv6eks.Taint{{Key: "Example.com/a", Effect: ipv6eks.NoExecute}}}, []string{`Taints[0].Key: "Example.com/a": prefix part a lowercase RFC 1123 subdomain`}},
		"taint's length":   {ipv6eks.NodeGroupProps{Taints: []ipv6eks.Taint{{Key: "example.com/" + strings.Repeat("a", 60), Effect: ipv6eks.NoExecute}}}, []string{"72 characters: EKS takes 63 at most"}},
		"taint's value":    {ipv6eks.NodeGroupProps{Taints: []ipv6eks.Taint{{Key: "a", Value: "-", Effect: ipv6eks.NoExecute}}}, []string{`Taints[0].Value: "-": a valid label must be an empty string or consist of`}},
		"label's key":      {ipv6eks.NodeGroupProps{Labels: map[string]string{"team/": "a"}}, []string{"Labels[team/]: name part must be non-empty"}},
		"label's value":    {ipv6eks.NodeGroupProps{Labels: map[string]string{"team": "a b"}}, []string{`Labels[team]: "a b": a valid label must be`}},
		"label of nothing": {ipv6eks.NodeGroupProps{Labels: map[string]string{"team": ""}}, []string{"Labels[team]: the value is empty"}},
		"label of a role":  {ipv6eks.NodeGroupProps{Labels: map[string]string{"node-role.kubernetes.io/worker": "true"}}, []string{"Labels[node-role.kubernetes.io/worker]: nodes that set this label themselves do not join", "example.com/worker"}},
		"label of EKS":     {ipv6eks.NodeGroupProps{Labels: map[string]string{"eks.amazonaws.com/nodegroup": "a"}}, []string{"EKS keeps the labels under eks.amazonaws.com for itself"}},
		"size":             {ipv6eks.NodeGroupProps{InstanceTypes: []string{"m7i.larg"}}, []string{`InstanceTypes[0]: "m7i.larg": m7i has no size "larg" (as of August 2026): want m7i.large; a newer size`}},
		"size of others":   {ipv6eks.NodeGroupProps{InstanceTypes: []string{"inf1.nano"}}, []string{`inf1 has no size "nano"`, "want one of inf1.xlarge, inf1.2xlarge, inf1.6xlarge, inf1.24xlarge"}},
		"size of nobody":   {ipv6eks.NodeGroupProps{InstanceTypes: []string{"zz9.larg"}}, []string{`"zz9.larg" is no EC2 instance type`}},
		"no dot":           {ipv6eks.NodeGroupProps{InstanceTypes: []string{"m7ilarge"}}, []string{`"m7ilarge" is no EC2 instance type: want m7i.large`}},
		"capitals":         {ipv6eks.NodeGroupProps{InstanceTypes: []string{"M7i.Large"}}, []string{`"M7i.Large" is no EC2 instance type: want m7i.large`}},
		"node version":     {ipv6eks.NodeGroupProps{Version: "latest"}, []string{`Version: "latest" is no Kubernetes version`}},
		"release":          {ipv6eks.NodeGroupProps{ReleaseVersion: "latest"}, []string{`ReleaseVersion: "latest": want a release such as`}},
		"taint key":        {ipv6eks.NodeGroupProps{Taints: []ipv6eks.Taint{{Effect: ipv6eks.NoExecute}}}, []string{"Taints[0].Key: empty"}},
	} {
		problems := 1
		if name == "min over max" {
			problems = 2
		}
		refused(t, name, c.props.Validate(), c.want, problems)
	}
}

func TestFargateProfilePropsRefuses(t *testing.T) {
	t.Parallel()
	var none *ipv6eks.FargateProfileProps
	refused(t, "nil", none.Validate(), []string{"Selectors: 0: want one to five"}, 1)
	refused(t, "no namespace", (&ipv6eks.FargateProfileProps{Selectors: []ipv6eks.FargateSelector{{}}}).Validate(), []string{"Selectors[0].Namespace: empty"}, 1)
	if err := (&ipv6eks.FargateProfileProps{Selectors: []ipv6eks.FargateSelector{{Namespace: "batch"}}}).Validate(); err != nil {
		t.Error(err)
	}
}
