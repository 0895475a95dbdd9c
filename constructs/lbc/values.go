package lbc

import "maps"

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
	}
}

// invalidValues tells which of a user's values break an IPv6 cluster. The messages name the Helm value.
func invalidValues(values map[string]any) []string {
	var out []string
	if t, ok := values["defaultTargetType"]; ok && t != "ip" {
		out = append(out, `Values[defaultTargetType]: instance targets need a primary IPv6 address, which node groups do not give: leave it at "ip"`)
	}
	params, _ := values["ingressClassParams"].(map[string]any)
	spec, _ := params["spec"].(map[string]any)
	if t, ok := spec["targetType"]; ok && t != "ip" {
		out = append(out, `Values[ingressClassParams.spec.targetType]: instance targets need a primary IPv6 address, which node groups do not give: leave it at "ip"`)
	}
	if t, ok := spec["ipAddressType"]; ok && t != "dualstack" && t != "dualstack-without-public-ipv4" {
		out = append(out, `Values[ingressClassParams.spec.ipAddressType]: the controller puts no IPv4 load balancer in front of IPv6 Pods: want "dualstack" or "dualstack-without-public-ipv4"`)
	}
	for _, owned := range []string{"clusterName", "region", "vpcId"} {
		if _, ok := values[owned]; ok {
			out = append(out, "Values["+owned+"]: it comes from the cluster: leave it out")
		}
	}
	if account, _ := values["serviceAccount"].(map[string]any); account["name"] != nil {
		out = append(out, "Values[serviceAccount.name]: the controller's role is bound to "+ServiceAccount+": leave it out")
	}
	return out
}
