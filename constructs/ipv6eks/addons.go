package ipv6eks

import (
	"cmp"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/nag"
	"github.com/eks-ipv6/cdk/internal/problems"
	"github.com/eks-ipv6/cdk/internal/tuned"
)

const (
	addonVpcCNI           = "vpc-cni"
	addonKubeProxy        = "kube-proxy"
	addonPodIdentityAgent = "eks-pod-identity-agent"
	addonCoreDNS          = "coredns"
	addonMetricsServer    = "metrics-server"
	addonNodeMonitoring   = "eks-node-monitoring-agent"
	addonEBSDriver        = "aws-ebs-csi-driver"
)

// EKSDefault as the version of an add-on leaves it to EKS: what is its default on the day of the deployment.
const EKSDefault = "default"

// AddonVersion is the version of an add-on that clusters of a Kubernetes version get when none is named: one that
// EKS has offered for it, held by tests. ok is false for what this library does not install.
func AddonVersion(kubernetes, addon string) (version string, ok bool) {
	v, ok := aws.AddonVersionFor(kubernetes, addon)
	return v.Version, ok
}

// versionOf is what an AWS::EKS::Addon is given: empty for EKS's default.
func versionOf(kubernetes, addon, given string) string {
	switch given {
	case EKSDefault:
		return ""
	case "":
		v, _ := AddonVersion(kubernetes, addon)
		return v
	}
	return given
}

// checkAddonVersion checks a version that was given. kube-proxy goes with the control plane: it must not be newer, and
// may be three minor versions older (https://kubernetes.io/releases/version-skew-policy/#kube-proxy).
func checkAddonVersion(here *problems.List, kubernetes, addon, version string) {
	known, _ := AddonVersion(kubernetes, addon)
	switch {
	case version == EKSDefault:
	case !addonVersion.MatchString(version):
		here.Add("", "%q: want a version such as %s, EKSDefault for EKS's own choice, or nothing for the pinned one", version, cmp.Or(known, "v1.2.3-eksbuild.1"))
	case addon == addonKubeProxy:
		have, _ := aws.MinorOf(version)
		if want, err := minor(kubernetes); err == nil && (have > want || have < want-maxNodeSkew) {
			here.Add("", "%s: kube-proxy must not be newer than the cluster's %s, and three minor versions older at most: want %s", version, kubernetes, cmp.Or(known, "another"))
		}
	}
}

// addons are the names of what the cluster installs and whose versions AddonVersions can pin.
func (p ClusterProps) addons() []string {
	names := []string{addonCoreDNS, addonPodIdentityAgent, addonKubeProxy}
	if p.MetricsServer {
		names = append(names, addonMetricsServer)
	}
	if p.NodeMonitoring {
		names = append(names, addonNodeMonitoring)
	}
	if p.EBSDriver {
		names = append(names, addonEBSDriver)
	}
	slices.Sort(names)
	return names
}

func (p ClusterProps) installs(addon string) bool { return slices.Contains(p.addons(), addon) }

// addAddons installs the managed add-ons. The stock L2 knows neither conflicts nor associations
// (https://github.com/aws/aws-cdk/issues/34903), so these are AWS::EKS::Addon as CloudFormation has it.
func (c *Cluster) addAddons(p ClusterProps, bad *problems.List, stop func()) {
	addon := func(id, name string) awseksv2.CfnAddon {
		version := p.AddonVersions[name]
		if name == addonVpcCNI {
			version = p.CNI.Version
		}
		ap := c.addonProps(name, version, p.configuration(name))
		if p.TuneAddon != nil {
			tuned.Call(bad.In("TuneAddon"), func(ap *awseksv2.CfnAddonProps) { p.TuneAddon(name, ap) }, ap, fixedOfAddon)
			stop()
		}
		return awseksv2.NewCfnAddon(c.Construct, jsiix.Str(id), ap)
	}
	c.PodIdentityAgent = addon("PodIdentityAgent", addonPodIdentityAgent)
	c.KubeProxy = addon("KubeProxy", addonKubeProxy)
	c.CNIIdentity = c.NewPodIdentity(c.Construct, "VpcCni", &PodIdentityProps{
		Namespace: "kube-system", ServiceAccount: "aws-node", Policies: map[string]awsiam.PolicyDocument{"VpcCni": cniPolicy()},
	})
	nag.Suppress(c.CNIIdentity.Role, nag.Reasons{"AwsSolutions-IAM5": "aws-node gives addresses to the interfaces of nodes, which autoscaling makes; its other rights describe, for which EC2 knows no resources"})
	c.VpcCNI = addon("VpcCni", addonVpcCNI)
	c.VpcCNI.AddResourceDependency(c.CNIIdentity.Association, nil)
	if p.CNI.NetworkPolicy && !p.CNI.DisableIPv4Egress {
		awscdk.Annotations_Of(c.Construct).AddWarningV2(jsiix.Str("eks-ipv6:NetworkPolicyIpv4Egress"),
			jsiix.Str("network policies do not filter the Pods' IPv4 egress (https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html): set CNI.DisableIPv4Egress, or acknowledge this"), nil)
	}
	c.beforeNodes = []constructs.IDependable{c.VpcCNI, c.CNIIdentity.Association, c.PodIdentityAgent, c.KubeProxy}

	c.CoreDNS = addon("CoreDNS", addonCoreDNS)
	c.afterNodes = append(c.afterNodes, c.CoreDNS)
	if p.MetricsServer {
		c.afterNodes = append(c.afterNodes, addon("MetricsServer", addonMetricsServer))
	}
	if p.NodeMonitoring {
		addon("NodeMonitoring", addonNodeMonitoring)
	}
	if p.EBSDriver {
		driver := addon("EBSDriver", addonEBSDriver)
		c.afterNodes = append(c.afterNodes, driver)
		c.addEBS(p, driver)
	}
}

// addonProps are the properties of an add-on. Values without a version, or without configuration, are left to EKS.
func (c *Cluster) addonProps(name, version string, configuration map[string]any) *awseksv2.CfnAddonProps {
	return &awseksv2.CfnAddonProps{
		ClusterName: jsiix.Str(c.Name), AddonName: jsiix.Str(name), AddonVersion: jsiix.StrOrNil(versionOf(c.Version, name, version)),
		ConfigurationValues: jsiix.StrOrNil(text(configuration)), ResolveConflicts: jsiix.Str("OVERWRITE"),
	}
}

// fixedOfAddon are the properties of an add-on that come from elsewhere.
var fixedOfAddon = map[string]string{"ClusterName": "leave it alone", "AddonName": "want AddAddon for another add-on"}

// AddCapacity tells the cluster of nodes that were made without it, such as the stock construct's: they wait for
// the VPC CNI and its role, and coredns waits for them.
func (c *Cluster) AddCapacity(nodes constructs.IConstruct) {
	c.schedulable++
	c.addNodes(nodes)
}

// addNodes has nodes wait for what must be in place when the first one joins, or its Pods get no addresses.
func (c *Cluster) addNodes(nodes constructs.IConstruct) {
	if len(c.beforeNodes) > 0 { // an existing cluster has it
		nodes.Node().AddDependency(c.beforeNodes...)
	}
	c.nodes = append(c.nodes, nodes)
	c.runAfter(nodes)
}

// runAfter has the add-ons that are Deployments wait for somewhere to run.
func (c *Cluster) runAfter(capacity constructs.IConstruct) {
	c.capacity = append(c.capacity, capacity)
	for _, a := range c.afterNodes {
		a.Node().AddDependency(capacity)
	}
}
