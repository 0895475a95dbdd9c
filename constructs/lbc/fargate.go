package lbc

import (
	"fmt"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// podLabels are those of the controller's Pods, as the chart makes them of its values.
func podLabels(values map[string]any) map[string]string {
	out := map[string]string{"app.kubernetes.io/name": chart, "app.kubernetes.io/instance": chart}
	if name, _ := values["nameOverride"].(string); name != "" {
		out["app.kubernetes.io/name"] = name
	}
	more, _ := values["podLabels"].(map[string]any)
	for k, v := range more {
		out[k] = fmt.Sprint(v)
	}
	return out
}

// fargateCheck looks, at synth, at the Fargate profiles, which may be added after the controller: Pod Identity is not
// there, and the controller would run without rights
// (https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html#pod-id-restrictions).
type fargateCheck struct {
	cluster *ipv6eks.Cluster
	labels  map[string]string
}

// Validate is called by CDK and tells that the controller's Pods would run on Fargate.
func (f *fargateCheck) Validate() *[]*string {
	var bad problems.List
	if profile, ok := f.cluster.RunsOnFargate(Namespace, f.labels); ok {
		bad.Add("", "Fargate profile %s takes the controller's Pods (namespace %s, label app.kubernetes.io/name=%s), and on Fargate there is no Pod Identity, from which they have their rights: "+
			"give that profile's selector a label that spares them, such as k8s-app: kube-dns for CoreDNS alone, and have a node group for the controller",
			profile, Namespace, f.labels["app.kubernetes.io/name"])
	}
	return jsiix.Strs(bad.Messages("lbc"))
}
