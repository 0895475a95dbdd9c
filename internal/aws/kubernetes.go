package aws

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// Kubernetes is a minor version of Kubernetes as EKS has it.
type Kubernetes struct {
	// Version is the minor version, such as 1.36.
	Version string
	// Minor is its second number.
	Minor int
	// StandardUntil is the last day of standard support. From then on a cluster costs six times as much.
	StandardUntil time.Time
	// Derived says that StandardUntil is counted from the launch (14 months), and was not read from AWS's page.
	Derived bool
}

// DocVersions is the page with the versions and the dates.
const DocVersions = "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html"

// versions are the minor versions that EKS has at the end of November 2026, and 1.32 and 1.33, whose standard support
// has ended this year.
// Source: DocVersions; the launch of 1.37: https://aws.amazon.com/about-aws/whats-new/2026/10/amazon-eks-distro-kubernetes-version-1-37/
var versions = []Kubernetes{
	{"1.32", 32, day(2026, time.March, 23), false},
	{"1.33", 33, day(2026, time.July, 29), false},
	{"1.34", 34, day(2026, time.December, 2), false},
	{"1.35", 35, day(2027, time.March, 27), false},
	{"1.36", 36, day(2027, time.August, 2), false},
	{"1.37", 37, day(2027, time.December, 2), true},
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// KubernetesVersions lists the minor versions that are known, oldest first.
func KubernetesVersions() []Kubernetes { return slices.Clone(versions) }

// KubernetesVersion is what is known of a minor version such as 1.36.
func KubernetesVersion(version string) (Kubernetes, bool) {
	i := slices.IndexFunc(versions, func(k Kubernetes) bool { return k.Version == version })
	if i < 0 {
		return Kubernetes{}, false
	}
	return versions[i], true
}

// MinorOf is the 35 of Kubernetes 1.35, and of what goes on after that, such as v1.35.3-eksbuild.29 of kube-proxy or
// 1.35.3-20261012 of a node's image; false for what is no version of Kubernetes.
func MinorOf(version string) (int, bool) {
	v := "v" + strings.TrimPrefix(version, "v")
	minor, ok := strings.CutPrefix(semver.MajorMinor(v), "v1.")
	if !ok || v == "v1" {
		return 0, false
	}
	n, err := strconv.Atoi(minor)
	return n, err == nil
}

// imageRelease is the release of an image that EKS makes of Amazon Linux, 1.35.3-20261012, or of Windows, 1.35-2026.10.12. Those of
// Bottlerocket, 1.50.0-0123abcd, are numbered by themselves.
// See https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html,
// https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-versions-windows.html and https://github.com/bottlerocket-os/bottlerocket/releases.
var imageRelease = regexp.MustCompile(`^(1\.[0-9]+)(\.[0-9]+)?-20[0-9]{2}(\.?)(0[1-9]|1[0-2])\.?[0-3][0-9]$`)

// ImageMinor is the minor version of Kubernetes in the release of a node's image; false where its number is not Kubernetes'.
func ImageMinor(release string) (int, bool) {
	m := imageRelease.FindStringSubmatch(release)
	if m == nil {
		return 0, false
	}
	return MinorOf(m[1])
}

// Release is the v1.22.4 of versions such as v1.22.4-eksbuild.3. The build counts for nothing: in the order of semantic
// versions it would make the version older than v1.22.4, as a pre-release is.
type Release string

// ReleaseOf is the release of a version with three numbers, with a v before it or without; false for any other.
func ReleaseOf(version string) (Release, bool) {
	v := "v" + strings.TrimPrefix(version, "v")
	if !semver.IsValid(v) || strings.Count(v, ".") < 2 {
		return "", false
	}
	return Release(strings.TrimSuffix(semver.Canonical(v), semver.Prerelease(v))), true
}

// Before tells that a release is older than another.
func (r Release) Before(other Release) bool { return semver.Compare(string(r), string(other)) < 0 }

// AddonVersion is a version of an EKS add-on that is offered for a version of Kubernetes.
type AddonVersion struct {
	// Addon is the add-on's name, such as vpc-cni.
	Addon string
	// Version is what AddonVersion takes, such as v1.22.4-eksbuild.3.
	Version string
	// Default says that EKS takes it where no version is named. False where that is not known.
	Default bool
	// Source says where the version was read: what DescribeAddonVersions answered, and when.
	Source string
}

// What DescribeAddonVersions answered, as public repositories that pin its answers say; no page of AWS's has these.
const (
	september  = "DescribeAddonVersions in 2026-09, by several public repositories that pin its answer"
	october    = "DescribeAddonVersions in 2026-10, by several public repositories that pin its answer"
	resolved   = "what a cluster without pins had on 2026-09-24, and others pinned in 2026-10"
	midsummer  = "DescribeAddonVersions in the summer of 2026, by public repositories; the same string for every version"
	everyMinor = "DescribeAddonVersions in 2026-09 and 2026-10; the same for 1.34 to 1.36"
)

// addonVersions are, by version of Kubernetes, one version of each add-on: the default where it is known, otherwise one
// that was offered. For 1.37 none was found.
// https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonVersions.html has the newest.
var addonVersions = map[string][]AddonVersion{
	"1.34": {
		{"aws-ebs-csi-driver", "v1.66.0-eksbuild.1", true, everyMinor},
		{"coredns", "v1.12.4-eksbuild.38", true, september},
		{"eks-node-monitoring-agent", "v1.6.6-eksbuild.1", false, midsummer},
		{"eks-pod-identity-agent", "v1.3.10-eksbuild.3", true, everyMinor},
		{"kube-proxy", "v1.34.6-eksbuild.29", true, september},
		{"metrics-server", "v0.9.0-eksbuild.11", true, everyMinor},
		{"vpc-cni", "v1.22.4-eksbuild.3", true, everyMinor},
	},
	"1.35": {
		{"aws-ebs-csi-driver", "v1.66.0-eksbuild.1", true, everyMinor},
		{"coredns", "v1.13.2-eksbuild.31", true, october},
		{"eks-node-monitoring-agent", "v1.6.6-eksbuild.1", false, midsummer},
		{"eks-pod-identity-agent", "v1.3.10-eksbuild.3", true, everyMinor},
		{"kube-proxy", "v1.35.3-eksbuild.29", true, october},
		{"metrics-server", "v0.9.0-eksbuild.11", false, everyMinor},
		{"vpc-cni", "v1.22.4-eksbuild.3", true, everyMinor},
	},
	"1.36": {
		{"aws-ebs-csi-driver", "v1.66.0-eksbuild.1", false, everyMinor},
		{"coredns", "v1.14.6-eksbuild.4", false, resolved},
		{"eks-node-monitoring-agent", "v1.6.6-eksbuild.1", true, midsummer},
		{"eks-pod-identity-agent", "v1.3.10-eksbuild.3", true, everyMinor},
		{"kube-proxy", "v1.36.0-eksbuild.25", false, resolved},
		{"metrics-server", "v0.9.0-eksbuild.11", false, everyMinor},
		{"vpc-cni", "v1.22.4-eksbuild.3", true, everyMinor},
	},
}

// AddonVersions lists one version of each add-on for a version of Kubernetes, by name; none where none is known.
func AddonVersions(kubernetes string) []AddonVersion { return slices.Clone(addonVersions[kubernetes]) }

// AddonVersionFor is the version of an add-on for a version of Kubernetes.
func AddonVersionFor(kubernetes, addon string) (AddonVersion, bool) {
	list := addonVersions[kubernetes]
	i := slices.IndexFunc(list, func(a AddonVersion) bool { return a.Addon == addon })
	if i < 0 {
		return AddonVersion{}, false
	}
	return list[i], true
}
