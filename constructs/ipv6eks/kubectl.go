package ipv6eks

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/functionlogs"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/nag"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// KubectlLayer is a Lambda layer with kubectl and helm, by which CDK applies manifests and charts.
type KubectlLayer struct {
	// Layer holds kubectl/kubectl and helm/helm.
	Layer awslambda.ILayerVersion
	// Version is the minor version of its kubectl, such as 1.35. kubectl works with clusters one minor version older
	// or newer (https://kubernetes.io/releases/version-skew-policy/#kubectl).
	Version string
}

func (k KubectlLayer) check(bad *problems.List, cluster string) {
	switch {
	case k.Layer != nil:
		bad.Join(CheckSkew(k.Version, cluster))
	case k.Version != "":
		bad.Add("Kubectl.Layer", "missing for version %s: want a layer, for example kubectllayer.New(…)", k.Version)
	}
}

// CheckSkew tells whether kubectl of a minor version, such as 1.34, can serve a cluster of another, or what to do about it.
func CheckSkew(kubectl, cluster string) error {
	have, err := minor(kubectl)
	if err != nil {
		return fmt.Errorf("Kubectl.Version: %w", err)
	}
	if want, err := minor(cluster); err == nil && (want < have-1 || want > have+1) {
		return fmt.Errorf("Kubectl.Version: kubectl %s works with Kubernetes 1.%d to 1.%d, not with the cluster's %s: want another layer (kubectllayer.FromPath) or another cluster version", kubectl, have-1, have+1, cluster)
	}
	return nil
}

func (k KubectlLayer) options() *awseksv2.KubectlProviderOptions {
	if k.Layer == nil {
		return nil
	}
	return &awseksv2.KubectlProviderOptions{KubectlLayer: k.Layer}
}

// tuneKubectl gives the kubectl function an IPv6 address in its dual-stack subnets, which the stock construct leaves out:
// chart repositories are then reachable without NAT. It also bounds the function's time, and settles what becomes of the
// logs of the provider's two functions.
func (c *Cluster) tuneKubectl(p ClusterProps, provider constructs.Node) {
	handler := provider.FindChild(jsiix.Str("Handler")).(constructs.Construct)
	function := functionlogs.Own(handler, "Resource", p.logRemoval()).(awslambda.CfnFunction)
	function.AddPropertyOverride(jsiix.Str("VpcConfig.Ipv6AllowedForDualStack"), true)
	limitKubectl(function)
	nag.Suppress(function, nag.Reasons{"AwsSolutions-L1": "the Python version of CDK's function for kubectl is CDK's choice"})
	nag.SuppressChild(handler.Node(), "ServiceRole", nag.Reasons{"AwsSolutions-IAM4": "CDK's function for kubectl has AWS's own policies for logs, network interfaces and charts in ECR"})
	framework := provider.FindChild(jsiix.Str("Provider")).Node().FindChild(jsiix.Str("framework-onEvent")).(constructs.Construct)
	functionlogs.Own(framework, "Resource", p.logRemoval())
	if role, ok := framework.Node().TryFindChild(jsiix.Str("ServiceRole")).(awsiam.IRole); ok {
		nag.Suppress(role, nag.Reasons{"AwsSolutions-IAM4": "CDK's provider framework has AWS's own policies for logs and network interfaces"})
		nag.SuppressChild(role.Node(), "DefaultPolicy", nag.Reasons{"AwsSolutions-IAM5": "CDK's provider framework calls one function, whichever its version"})
	}
}

// HasKubectl tells whether charts and manifests can be applied to the cluster.
func (c *Cluster) HasKubectl() bool { return c.kubectl }
