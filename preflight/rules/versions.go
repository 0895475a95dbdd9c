package rules

import (
	"fmt"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

const docSkew = "https://kubernetes.io/releases/version-skew-policy/"

var versionRules = []Rule{
	{
		ID: "V63", Severity: Error, Title: "Nodes or kube-proxy of a version that the cluster does not take",
		Why:    "kubelet and kube-proxy may be up to three minor versions older than the API server (two before Kubernetes 1.28), and never newer: EKS refuses such a node group, and such an add-on breaks the Services.",
		Fix:    "give nodes and kube-proxy the minor version of the cluster",
		Source: docSkew,
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if c.raw(cl) == nil {
					continue
				}
				v, _ := c.clusterProp(cl, "Version")
				minor, ok := aws.MinorOf(v.String())
				if !ok || !v.Known() {
					continue
				}
				apart := func(r *cfn.Resource, property, what string, minorOf func(string) (int, bool)) {
					got := r.Prop(property)
					s, _ := got.Text()
					m, ok := minorOf(s)
					if !ok {
						return
					}
					if how := skew(minor, m); how != "" {
						c.report(r, property, "%s %s is %s, and cluster %s runs Kubernetes %s: %s", what, r.ID, s, cl.LogicalID, v, how)
					}
				}
				for _, n := range cl.NodeGroups {
					if r := c.raw(n); n.Managed && r != nil {
						apart(r, "Version", "the node group", aws.MinorOf)
						if ami, _ := r.Prop("AmiType").Text(); !strings.HasPrefix(ami, "BOTTLEROCKET_") { // whose releases are numbered by themselves
							apart(r, "ReleaseVersion", "the node group", aws.ImageMinor)
						}
					}
				}
				if a := cl.Addon("kube-proxy"); a != nil && c.raw(a) != nil {
					apart(c.raw(a), "AddonVersion", "the add-on", aws.MinorOf)
				}
			}
		},
	},
}

// skew says why a kubelet or kube-proxy of a minor version does not go with an API server of another; "" where it does.
func skew(server, other int) string {
	allowed := 3
	if server < 28 {
		allowed = 2
	}
	switch {
	case other > server:
		return "newer than the API server"
	case server-other > allowed:
		return fmt.Sprintf("more than %d minor versions older", allowed)
	}
	return ""
}

func versionOf(v cfn.Value) (aws.Release, bool) {
	s, ok := v.Text()
	if !ok {
		return "", false
	}
	return aws.ReleaseOf(s)
}
