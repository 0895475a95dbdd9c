package aws

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func source(t *testing.T, what, url string) {
	t.Helper()
	if !strings.HasPrefix(url, "https://") || strings.ContainsAny(url, " \n") {
		t.Errorf("%s: %q is no address of a source", what, url)
	}
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	for f, want := range map[Families]string{0: "no family", IPv4: "IPv4", IPv6: "IPv6", DualStack: "IPv4 and IPv6"} {
		if got := f.String(); got != want {
			t.Errorf("%d: %q, wanted %q", f, got, want)
		}
	}
	if IPv4.Has(DualStack) || !DualStack.Has(IPv6) || !IPv6.Has(0) {
		t.Error("Has is not the subset")
	}
	for s, want := range map[string]Families{"ipv4": IPv4, "ipv6": IPv6, "dualstack": DualStack, "DualStack": 0, "": 0} {
		if got, ok := OfAddressType(s); got != want || ok != (want != 0) {
			t.Errorf("OfAddressType(%q) = %v, %v", s, got, ok)
		}
	}
}

// The services of nodes and controllers, and what the rehearsal's emulator holds to be true.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	for service, want := range map[string]Families{
		"ec2": IPv4, "elasticloadbalancing": IPv4, "rds": IPv4, "acm": IPv4, "ec2messages": IPv4, "autoscaling": IPv4, "guardduty-data": IPv4,
		"ecr.api": DualStack, "ecr.dkr": DualStack, "eks": DualStack, "eks-auth": DualStack, "lambda": DualStack, "logs": DualStack,
		"sts": DualStack, "s3": DualStack, "ssm": DualStack, "ssmmessages": DualStack, "kms": DualStack, "secretsmanager": DualStack,
		"sqs": DualStack, "sns": DualStack, "monitoring": DualStack, "elasticfilesystem": DualStack, "wafv2": DualStack, "shield": DualStack,
		"cloudformation": DualStack, "states": DualStack, "events": DualStack, "xray": DualStack, "aps-workspaces": DualStack,
		"kinesis-streams": DualStack, "bedrock-runtime": DualStack,
	} {
		if e, ok := InterfaceEndpoint(service); !ok || e.Families != want || e.Service != service {
			t.Errorf("InterfaceEndpoint(%q) = %+v, %v, wanted %v", service, e, ok, want)
		}
	}
	for service, want := range map[string]Families{"s3": DualStack, "dynamodb": IPv4} {
		if e, ok := GatewayEndpoint(service); !ok || e.Families != want {
			t.Errorf("GatewayEndpoint(%q) = %+v, %v, wanted %v", service, e, ok, want)
		}
	}
	for _, unknown := range []string{"", "dynamodb", "com.amazonaws.eu-west-1.ec2"} {
		if e, ok := InterfaceEndpoint(unknown); ok {
			t.Errorf("InterfaceEndpoint(%q) = %+v", unknown, e)
		}
	}
	for _, disputed := range []string{"ecr.api", "ecr.dkr", "eks", "s3", "ec2messages", "autoscaling", "guardduty-data"} {
		if e, _ := InterfaceEndpoint(disputed); e.Disputed == "" {
			t.Errorf("%s is not disputed", disputed)
		}
	}
	for _, table := range []map[string]Endpoint{interfaceEndpoints, gatewayEndpoints} {
		for name, e := range table {
			source(t, name, e.Source)
			if !e.Families.Has(IPv4) {
				t.Errorf("%s has %v", name, e.Families)
			}
		}
	}
}

func TestPublicEndpoints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service, region, name string
		sure                  bool
	}{
		{"ec2", "us-east-1", "ec2.us-east-1.api.aws", true},
		{"ec2", "eu-central-2", "ec2.eu-central-2.api.aws", false},
		{"ec2", "us-gov-west-1", "ec2.us-gov-west-1.api.aws", true},
		{"sqs", "us-gov-west-1", "sqs.us-gov-west-1.api.aws", false},
		{"ecr.api", "eu-west-1", "ecr.eu-west-1.api.aws", true},
		{"kinesis-streams", "cn-north-1", "kinesis.cn-north-1.api.amazonwebservices.com.cn", true},
		{"kms", "eusc-de-east-1", "kms.eusc-de-east-1.api.amazonwebservices.eu", true},
		{"kms", "us-iso-east-1", "", false},
		{"s3", "eu-west-1", "s3.dualstack.eu-west-1.amazonaws.com", true},
		{"s3", "cn-north-1", "s3.dualstack.cn-north-1.amazonaws.com.cn", true},
		{"s3", "eusc-de-east-1", "", false},
	} {
		p, ok := PublicEndpoint(c.service)
		if name, sure := p.DualStackName(c.region); !ok || name != c.name || sure != c.sure {
			t.Errorf("%s in %s: %q, %v, wanted %q, %v", c.service, c.region, name, sure, c.name, c.sure)
		}
	}
	for _, none := range []string{"", "ec2messages", "ecr.dkr", "shield"} {
		if p, ok := PublicEndpoint(none); ok {
			t.Errorf("PublicEndpoint(%q) = %+v", none, p)
		}
	}
	for name, p := range publics {
		source(t, name, p.Source)
		if p.form == "" || p.Service != name {
			t.Errorf("%s is not whole: %+v", name, p)
		}
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Families{
		"public.ecr.aws": IPv4, "ecr-public.aws.com": DualStack, "Public.ECR.aws.": IPv4,
		"602401143452.dkr.ecr.eu-west-1.amazonaws.com": IPv4, "123456789012.dkr-ecr.eu-west-1.on.aws": DualStack,
		"${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com": IPv4, "918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn": IPv4,
		"registry.k8s.io": DualStack, "ghcr.io": IPv4, "docker.io": DualStack, "registry-1.docker.io": DualStack, "quay.io": DualStack,
		"gcr.io": DualStack, "europe-docker.pkg.dev": DualStack, "aws.github.io": DualStack, "github.com": IPv4,
		"mcr.microsoft.com": 0, "registry.example.com": 0, "": 0, "a.b.github.io": 0, "notpublic.ecr.aws": 0,
	} {
		if h, ok := HostFamilies(name); h.Families != want || ok != (want != 0) {
			t.Errorf("HostFamilies(%q) = %+v, %v, wanted %v", name, h, ok, want)
		}
	}
	for _, h := range hosts {
		source(t, h.Pattern, h.Source)
		if h.Families == 0 || h.Certainty != Documented && h.Certainty != Reported {
			t.Errorf("%s is not whole: %+v", h.Pattern, h)
		}
		if h.Instead != "" {
			instead := strings.NewReplacer("ACCOUNT", "1", "REGION", "r").Replace(h.Instead)
			if other, ok := HostFamilies(instead); !ok || other.Families != DualStack {
				t.Errorf("%s: %s, which is to be used instead, is %+v", h.Pattern, h.Instead, other)
			}
		}
	}
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`^L-[0-9A-F]{8}$`)
	byCode := map[string]Quota{}
	for _, q := range Quotas() {
		source(t, q.Name, q.Source)
		if !code.MatchString(q.Code) || q.Default <= 0 || q.Name == "" || q.Service == "" || q.Per == "" {
			t.Errorf("not whole: %+v", q)
		}
		if _, twice := byCode[q.Code]; twice {
			t.Errorf("%s is there twice", q.Code)
		}
		byCode[q.Code] = q
	}
	for _, q := range Quotas() {
		if with, ok := byCode[q.With]; q.With != "" && (!ok || with.With != "") {
			t.Errorf("%s is raised with %q, which is no quota that is raised itself", q.Name, q.With)
		}
	}
	if ElasticIPs.Default != 5 || VPCs.Default != 5 || EgressOnlyGateways.Default != 5 || InternetGateways.Default != 5 || NatGateways.Default != 5 {
		t.Error("the five that are five are not")
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, listener, target string
		fits                   bool
	}{
		{"network", "TCP", "TCP", true}, {"network", "TCP", "TCP_UDP", true}, {"network", "TCP", "UDP", false}, {"network", "tls", "tcp", true},
		{"network", "UDP", "TCP", false}, {"network", "TCP_UDP", "TCP", false}, {"network", "TCP_UDP", "TCP_UDP", true}, {"network", "QUIC", "TCP_QUIC", true},
		{"application", "HTTPS", "HTTP", true}, {"application", "HTTP", "TCP", false}, {"application", "HTTP", "${Protocol}", true}, {"gateway", "GENEVE", "GENEVE", true},
	} {
		if got := Fits(c.kind, c.listener, c.target); got != c.fits {
			t.Errorf("Fits(%s, %s, %s) is %v", c.kind, c.listener, c.target, got)
		}
	}
	if HearsBoth("TCP") || !HearsBoth("TCP_UDP") || !HearsBoth("tcp_quic") {
		t.Error("a listener of both is not told")
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	for id, region := range map[string]string{"use1-az3": "us-east-1", "usw1-az2": "us-west-1", "cac1-az3": "ca-central-1"} {
		if got, ok := NoControlPlane(id); !ok || got != region {
			t.Errorf("NoControlPlane(%q) = %q, %v", id, got, ok)
		}
		if got, ok := NoControlPlaneIn(region); !ok || got != id {
			t.Errorf("NoControlPlaneIn(%q) = %q, %v", region, got, ok)
		}
	}
	if _, ok := NoControlPlane("use1-az1"); ok {
		t.Error("use1-az1 has control planes")
	}
	if _, ok := NoControlPlaneIn("eu-west-1"); ok {
		t.Error("eu-west-1 has control planes everywhere")
	}
}

func TestKubernetes(t *testing.T) {
	t.Parallel()
	list := KubernetesVersions()
	for i, k := range list {
		if k.Version != "1."+itoa(k.Minor) {
			t.Errorf("%s has the minor version %d", k.Version, k.Minor)
		}
		if i > 0 && (k.Minor != list[i-1].Minor+1 || !k.StandardUntil.After(list[i-1].StandardUntil)) {
			t.Errorf("%s does not follow %s", k.Version, list[i-1].Version)
		}
	}
	if k, ok := KubernetesVersion("1.34"); !ok || k.StandardUntil.Format(time.DateOnly) != "2026-12-02" {
		t.Errorf("1.34 is %+v, %v", k, ok)
	}
	if _, ok := KubernetesVersion("1.3"); ok {
		t.Error("1.3 is known")
	}

	version := regexp.MustCompile(`^v(\d+\.\d+)\.\d+-eksbuild\.\d+$`)
	always := []string{"coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"}
	for kubernetes := range maps.Keys(addonVersions) {
		if _, ok := KubernetesVersion(kubernetes); !ok {
			t.Errorf("add-ons of %s, which is no version", kubernetes)
		}
		var names []string
		for _, a := range AddonVersions(kubernetes) {
			names = append(names, a.Addon)
			m := version.FindStringSubmatch(a.Version)
			if m == nil || a.Source == "" {
				t.Errorf("%s: not whole: %+v", kubernetes, a)
			} else if a.Addon == "kube-proxy" && m[1] != kubernetes {
				t.Errorf("%s: kube-proxy is %s", kubernetes, a.Version)
			}
			if got, ok := AddonVersionFor(kubernetes, a.Addon); !ok || got != a {
				t.Errorf("%s: AddonVersionFor(%q) = %+v, %v", kubernetes, a.Addon, got, ok)
			}
		}
		if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%s: not sorted, or one twice: %v", kubernetes, names)
		}
		for _, name := range always {
			if !slices.Contains(names, name) {
				t.Errorf("%s: no %s", kubernetes, name)
			}
		}
	}
	if list := AddonVersions("1.37"); list != nil {
		t.Errorf("1.37 has %v, and no source has any", list)
	}
	if a, ok := AddonVersionFor("1.36", "aws-load-balancer-controller"); ok {
		t.Errorf("%+v is no add-on", a)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{
		"1.35": 35, "1.9": 9, "1.35.3": 35, "v1.35.3-eksbuild.29": 35, "1.35.3-20261012": 35,
		"": -1, "1": -1, "v1": -1, "1.": -1, "1.x": -1, "2.1": -1, "1.-5": -1, "1.035": -1, "35": -1, "latest": -1, "${Version}": -1,
	} {
		if got, ok := MinorOf(version); ok != (want >= 0) || ok && got != want {
			t.Errorf("MinorOf(%q) = %d, %v", version, got, ok)
		}
	}
	for version, want := range map[string]Release{
		"v1.22.4-eksbuild.3": "v1.22.4", "1.22.4": "v1.22.4", "3.5.0": "v3.5.0", "v1.22.4+build": "v1.22.4",
		"": "", "1.22": "", "v1": "", "v1.2.3.4": "", "latest": "",
	} {
		if got, ok := ReleaseOf(version); got != want || ok != (want != "") {
			t.Errorf("ReleaseOf(%q) = %q, %v", version, got, ok)
		}
	}
	inOrder := []Release{"v1.9.3", "v1.10.0", "v1.10.1", "v1.22.1", "v3.0.0"}
	for i, a := range inOrder {
		for j, b := range inOrder {
			if a.Before(b) != (i < j) {
				t.Errorf("%s before %s: %v", a, b, a.Before(b))
			}
		}
	}
}

func itoa(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
