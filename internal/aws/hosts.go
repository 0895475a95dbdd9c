package aws

import (
	"path"
	"slices"
	"strings"
)

// Certainty says how a fact about somebody's host is known.
type Certainty string

// The certainties.
const (
	Documented Certainty = "documented" // who runs the host says so
	Reported   Certainty = "reported"   // others found it so, and say when
)

// Host is which families a host on the internet is reached over.
type Host struct {
	// Pattern is the host's name. A * stands for any text without a dot.
	Pattern string
	// Families are those of the host's addresses.
	Families Families
	// Certainty is how the families are known.
	Certainty Certainty
	// Instead is the name of the same content over both families. Empty where there is none.
	Instead string
	// Source is the page or the issue that says so.
	Source string
}

const (
	docECRPublic  = "https://docs.aws.amazon.com/AmazonECR/latest/public/public-ecr-requests.html"
	docECRPrivate = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html"
	docPages      = "https://github.blog/changelog/2021-09-30-enabling-ipv6-support-for-github-pages/"
	issueGitHub   = "https://github.com/kube-vip/kube-vip/issues/1165"
	issueGardener = "https://github.com/gardener/gardener-extension-provider-aws/issues/856"
)

// hosts are the image registries, chart repositories and their back ends that are known, as of November 2026. The
// first that matches counts.
var hosts = []Host{
	// The name is an alias of an accelerator that has IPv4 only; the second name is the same registry.
	{"public.ecr.aws", IPv4, Documented, "ecr-public.aws.com", docECRPublic},
	{"ecr-public.aws.com", DualStack, Documented, "", docECRPublic},
	{"ecr-public.us-east-1.api.aws", DualStack, Documented, "", docECRPublic},
	{"*.dkr.ecr.*.amazonaws.com", IPv4, Documented, "ACCOUNT.dkr-ecr.REGION.on.aws", docECRPrivate},
	{"*.dkr.ecr.*.amazonaws.com.cn", IPv4, Documented, "ACCOUNT.dkr-ecr.REGION.on.amazonwebservices.com.cn", docECRPrivate},
	{"*.dkr-ecr.*.on.aws", DualStack, Documented, "", "https://aws.amazon.com/about-aws/whats-new/2025/05/amazon-ecr-support-ipv6/"},
	{"*.dkr-ecr.*.on.amazonwebservices.com.cn", DualStack, Documented, "", docECRPrivate},

	// Pulls answer over IPv6. It sends clients on AWS to a back end in their Region, whose families no page gives.
	{"registry.k8s.io", DualStack, Reported, "", "https://github.com/gardener/gardener-extension-provider-aws/issues/820"},
	{"registry-1.docker.io", DualStack, Documented, "", docDocker},
	{"docker.io", DualStack, Documented, "", docDocker},
	{"quay.io", DualStack, Reported, "", "https://github.com/prometheus-operator/prometheus-operator/issues/6059"},
	{"gcr.io", DualStack, Reported, "", issueGardener},
	{"*.gcr.io", DualStack, Reported, "", issueGardener},
	{"*.pkg.dev", DualStack, Reported, "", issueGardener},
	{"reg.kyverno.io", IPv4, Reported, "", "https://github.com/kyverno/kyverno/issues/13257"},

	{"github.com", IPv4, Reported, "", issueGitHub},
	{"ghcr.io", IPv4, Reported, "", "https://github.com/kyverno/kyverno/issues/13257"},
	{"*.github.io", DualStack, Documented, "", docPages}, // aws.github.io, where eks-charts is
}

const docDocker = "https://www.docker.com/blog/docker-hub-registry-ipv6-support-now-generally-available/"

// HostFamilies is what is known of a host's address families; false for a host that is not known. The name has neither
// scheme nor path nor port.
func HostFamilies(name string) (Host, bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for _, h := range hosts {
		if ok, _ := path.Match(labels(h.Pattern), labels(name)); ok {
			return h, true
		}
	}
	return Host{}, false
}

// Hosts lists the hosts that are known.
func Hosts() []Host { return slices.Clone(hosts) }

// labels writes a name so that a * of path.Match stays within one label.
func labels(name string) string { return strings.ReplaceAll(name, ".", "/") }
