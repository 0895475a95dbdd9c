package ipv6eks

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-ipv6/cdk/internal/problems"
)

// maxEKSText is how long EKS lets the key and the value of a label or a taint be. Kubernetes allows a key its prefix besides.
// Source: https://docs.aws.amazon.com/eks/latest/APIReference/API_Taint.html,
// https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateLabelsPayload.html
const maxEKSText = 63

// kubeletLabels are what a kubelet may give its own node under the reserved prefixes: any of the first, and the others. It
// refuses to start with another one.
// Source: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction, and the list of
// https://github.com/kubernetes/kubernetes/blob/v1.35.0/staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go
var (
	kubeletPrefixes = []string{"kubelet.kubernetes.io", "node.kubernetes.io"}
	kubeletLabels   = []string{
		"kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/instance-type", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
		"failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
	}
)

// checkLabels holds labels of nodes against what Kubernetes, the kubelet and EKS take.
func checkLabels(bad *problems.List, labels map[string]string) {
	for _, key := range sortedKeys(labels) {
		here := bad.At("Labels", key)
		switch why := wrongKey(key); {
		case why != "":
			here.Add("", "%s", why)
		case strings.HasPrefix(key, "eks.amazonaws.com/"):
			here.Add("", "EKS keeps the labels under eks.amazonaws.com for itself: want a prefix of your own, such as example.com")
		case !kubeletMaySet(key):
			name := key[strings.LastIndex(key, "/")+1:]
			here.Add("", "nodes that set this label themselves do not join the cluster, since kubelets set few under kubernetes.io and k8s.io: want a prefix of your own, such as example.com/%s, or node.kubernetes.io/%s", name, name)
		}
		value := labels[key]
		switch why := wrongValue(value); {
		case value == "":
			here.Add("", "the value is empty, which EKS does not take: want one such as true")
		case why != "":
			here.Add("", "%q: %s", value, why)
		}
	}
}

// kubeletMaySet tells whether a kubelet starts that is to give its node a label.
func kubeletMaySet(key string) bool {
	prefix, _, ok := strings.Cut(key, "/")
	under := func(domain string) bool { return prefix == domain || strings.HasSuffix(prefix, "."+domain) }
	return !ok || !under("kubernetes.io") && !under("k8s.io") || slices.ContainsFunc(kubeletPrefixes, under) || slices.Contains(kubeletLabels, key)
}

// check holds a taint against what Kubernetes and EKS take.
func (t Taint) check(here *problems.List) {
	switch why := wrongKey(t.Key); {
	case t.Key == "":
		here.Add("Key", "empty: want a key such as dedicated")
	case why != "":
		here.Add("Key", "%q: %s", t.Key, why)
	}
	if why := wrongValue(t.Value); why != "" {
		here.Add("Value", "%q: %s", t.Value, why)
	}
	if !slices.Contains([]TaintEffect{NoSchedule, PreferNoSchedule, NoExecute}, t.Effect.normal()) {
		here.Add("Effect", "%q: want NoSchedule, PreferNoSchedule or NoExecute", t.Effect)
	}
}

// normal is an effect as EKS spells it, if it is one.
func (e TaintEffect) normal() TaintEffect {
	switch e {
	case "NoSchedule":
		return NoSchedule
	case "PreferNoSchedule":
		return PreferNoSchedule
	case "NoExecute":
		return NoExecute
	default:
		return e
	}
}

// wrongKey tells what keeps a key from being a label's or a taint's, or nothing.
func wrongKey(key string) string {
	why := validation.IsQualifiedName(key)
	if len(why) == 0 && len(key) > maxEKSText {
		return fmt.Sprintf("%d characters: EKS takes %d at most, with the prefix", len(key), maxEKSText)
	}
	return first(why)
}

func wrongValue(value string) string { return first(validation.IsValidLabelValue(value)) }

// first is the first of Kubernetes' reasons, without the expression that it holds a text against.
func first(why []string) string {
	if len(why) == 0 {
		return ""
	}
	said, _, _ := strings.Cut(why[0], ", regex used for validation")
	if strings.Contains(said, "(") {
		said += ")"
	}
	return said
}
