package lbc

import (
	"maps"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// merge is base with the values of over laid on top: maps are merged key by key, everything else is replaced. It
// changes neither.
func merge(base, over map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range over {
		below, okBelow := out[k].(map[string]any)
		above, okAbove := v.(map[string]any)
		if okBelow && okAbove {
			v = merge(below, above)
		}
		out[k] = v
	}
	return out
}

// defaultValues are what an IPv6 cluster wants and a user may change.
func defaultValues() map[string]any {
	return map[string]any{
		"ingressClassParams": map[string]any{"create": true, "spec": map[string]any{"ipAddressType": "dualstack", "targetType": "ip"}},
		"defaultTargetType":  "ip",
		"keepTLSSecret":      true,
	}
}

// values are the user's, with what the controller cannot find out by itself: on nodes with a hop limit of 1 it does not
// reach the metadata service, where it would look for its Region and VPC.
func (p ControllerProps) values() map[string]any {
	out := merge(p.Values, map[string]any{
		"clusterName":    p.Cluster.Name,
		"region":         *awscdk.Aws_REGION(),
		"vpcId":          *p.Cluster.Vpc.VpcId(),
		"serviceAccount": map[string]any{"create": true, "name": ServiceAccount},
	})
	if p.ImageRepository != "" {
		out = merge(out, map[string]any{"image": map[string]any{"repository": p.ImageRepository}})
	}
	if p.DisruptionBudget {
		out = merge(out, map[string]any{"podDisruptionBudget": map[string]any{"maxUnavailable": 1}})
	}
	if len(p.Tags) > 0 {
		tags := map[string]any{}
		for k, v := range p.Tags {
			tags[k] = v
		}
		out = merge(map[string]any{"defaultTags": tags}, out)
	}
	if p.GatewayAPI != nil {
		out = merge(map[string]any{"podAnnotations": map[string]any{gatewayAPIAnnotation: p.GatewayAPI.Version}}, out)
	}
	if p.overIPv6() {
		out = merge(ipv6Values(), out)
	}
	if p.WithoutWAFAndShield {
		out = merge(map[string]any{"enableShield": false, "enableWaf": false, "enableWafv2": false}, out)
	}
	return out
}

// gatewayAPIAnnotation has the controller's Pods start anew with another version of the Gateway API.
const gatewayAPIAnnotation = "eks-ipv6/gateway-api"

// owned are the values that belong to the cluster.
var owned = []string{"clusterName", "region", "vpcId"}

// checkValues tells which of a user's values break an IPv6 cluster, or belong elsewhere.
func (p ControllerProps) checkValues(bad *problems.List) {
	values := p.Values
	checkBreaking(bad, values)
	value := func(name string) *problems.List { return bad.At("Values", name) }
	for _, key := range owned {
		if _, ok := values[key]; ok {
			value(key).Add("", "it comes from the cluster: leave it out")
		}
	}
	if at(values, "image", "repository") != nil {
		value("image.repository").Add("", "want ImageRepository instead")
	}
	if p.DisruptionBudget {
		if values["podDisruptionBudget"] != nil {
			value("podDisruptionBudget").Add("", "given with DisruptionBudget: want one of the two")
		}
		if n := values["replicaCount"]; n == 1 || n == 1.0 {
			bad.Add("DisruptionBudget", "true with Values[replicaCount] 1, for which the chart makes none: want two Pods or more")
		}
	}
	if account, _ := values["serviceAccount"].(map[string]any); account["name"] != nil {
		value("serviceAccount.name").Add("", "the controller's role is bound to %s: leave it out", ServiceAccount)
	}
}

// checkBreaking tells which values break an IPv6 cluster, or its next upgrade.
func checkBreaking(bad *problems.List, values map[string]any) {
	value := func(name string) *problems.List { return bad.At("Values", name) }
	if t, ok := values["defaultTargetType"]; ok && t != "ip" {
		value("defaultTargetType").Add("", `instance targets need a primary IPv6 address, which node groups do not give: leave it at "ip"`)
	}
	spec, _ := at(values, "ingressClassParams", "spec").(map[string]any)
	if t, ok := spec["targetType"]; ok && t != "ip" {
		value("ingressClassParams.spec.targetType").Add("", `instance targets need a primary IPv6 address, which node groups do not give: leave it at "ip"`)
	}
	if t, ok := spec["ipAddressType"]; ok && t != "dualstack" && t != aws.DualStackWithoutPublicIPv4 {
		value("ingressClassParams.spec.ipAddressType").Add("", `the controller puts no IPv4 load balancer in front of IPv6 Pods: want "dualstack" or %q`, aws.DualStackWithoutPublicIPv4)
	}
	if keep, ok := values["keepTLSSecret"]; ok && keep != true && values["enableCertManager"] != true {
		value("keepTLSSecret").Add("", "each upgrade would change the webhook's certificate under the running Pods, "+
			"and the API server would refuse Ingresses, Services and TargetGroupBindings until they have it: leave it out, or use enableCertManager")
	}
}

// chartDefaults are the chart's own, as far as checkBreaking asks for them.
func chartDefaults() map[string]any {
	return map[string]any{
		"defaultTargetType": "instance", "keepTLSSecret": false,
		"ingressClassParams": map[string]any{"spec": map[string]any{"targetType": "instance", "ipAddressType": "ipv4"}},
	}
}

// at is a value within values, or nil.
func at(values map[string]any, path ...string) any {
	var v any = values
	for _, p := range path {
		inner, _ := v.(map[string]any)
		v = inner[p]
	}
	return v
}

var (
	httpsRepository = regexp.MustCompile(`^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~%/-]*)?$`)
	ociRepository   = regexp.MustCompile(`^oci://[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`)
	// imageRepository is a registry's name and a path, https://github.com/distribution/reference.
	imageRepository = regexp.MustCompile(`^([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]+)?|localhost(:[0-9]+)?|[A-Za-z0-9-]+:[0-9]+)(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`)
)

// invalidChartRepository tells what is wrong with the address of a chart's repository, or nothing.
func invalidChartRepository(s string) string {
	switch scheme, _, _ := strings.Cut(s, "://"); {
	case jsiix.IsToken(s):
	case scheme == "http":
		return "a chart over plain HTTP can be changed on its way: want https:// or oci://"
	case scheme == "https" && !httpsRepository.MatchString(s):
		return "want the https:// address of a repository, without user, question mark and fragment"
	case scheme == "oci" && !ociRepository.MatchString(s):
		return "want the oci:// address of the chart, without tag and digest, which ChartVersion stands for"
	case scheme != "https" && scheme != "oci":
		return "want an address that begins with https:// or oci://"
	}
	return ""
}

// invalidImageRepository tells what is wrong with the name of an image's repository, or nothing.
func invalidImageRepository(s string) string {
	last := s[strings.LastIndex(s, "/")+1:]
	switch {
	case jsiix.IsToken(s):
	case strings.Contains(s, "://"):
		return "want a name without " + s[:strings.Index(s, "://")+3]
	case strings.Contains(s, "@"):
		return "want it without a digest: the chart's version says which image"
	case strings.Contains(s, "/") && strings.Contains(last, ":"):
		return "want it without a tag: the chart's version is the image's, and Values[image.tag] another"
	case !imageRepository.MatchString(s):
		return "want a registry's name and a path in lower case, such as " + DualStackImageRepository
	}
	return ""
}

// merged are the tags of a stack, if it has some, with those of over laid on top.
func merged(stack *map[string]*string, over map[string]string) map[string]string {
	out := map[string]string{}
	if stack != nil {
		for k, v := range *stack {
			out[k] = *v
		}
	}
	maps.Copy(out, over)
	return out
}
