package ipv6eks

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// configuration is what an add-on of the cluster is configured with: what the fields of ClusterProps say, and
// AddonConfiguration over it.
func (p ClusterProps) configuration(addon string) map[string]any {
	own := map[string]any{}
	switch addon {
	case addonVpcCNI:
		own = p.CNI.configuration()
	case addonCoreDNS:
		own = p.coreDNS()
	}
	return merged(own, p.AddonConfiguration[addon])
}

// merged is a with b over it, object by object; neither is changed.
func merged(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	for key, value := range b {
		if over, ok := value.(map[string]any); ok {
			if under, ok := out[key].(map[string]any); ok {
				out[key] = merged(under, over)
				continue
			}
		}
		out[key] = value
	}
	return out
}

// text is a configuration as EKS takes it, in JSON, and nothing where there is none.
func text(configuration map[string]any) string {
	if len(configuration) == 0 {
		return ""
	}
	out, err := json.Marshal(configuration)
	if err != nil {
		panic(err) // checkJSON has seen it
	}
	return string(out)
}

func checkJSON(here *problems.List, configuration map[string]any) {
	if _, err := json.Marshal(configuration); err != nil {
		here.Add("", "%w: want what JSON can say: maps, lists, strings, numbers and booleans", err)
	}
}

// fieldOf has the settings of add-ons that fields of ClusterProps make.
var fieldOf = map[string]map[string]string{
	addonVpcCNI:  {"enableNetworkPolicy": "CNI.NetworkPolicy"},
	addonCoreDNS: {"computeType": "CoreDNSOnFargate"},
}

// checkAddonConfiguration checks what is given for the add-ons of the cluster: what fields say is said there, and what breaks
// IPv6 is refused.
func (p ClusterProps) checkAddonConfiguration(bad *problems.List) {
	for _, name := range sortedKeys(p.AddonConfiguration) {
		here, given := bad.At("AddonConfiguration", name), p.AddonConfiguration[name]
		if name != addonVpcCNI && !p.installs(name) {
			here.Add("", "the cluster does not install this add-on: want one of %s, %s, or AddAddon with a configuration of its own", strings.Join(p.addons(), ", "), addonVpcCNI)
			continue
		}
		checkJSON(here, given)
		for _, key := range sortedKeys(fieldOf[name]) {
			if value, ok := given[key]; ok {
				here.Add(key, "%v: want ClusterProps.%s", value, fieldOf[name][key])
			}
		}
		switch name {
		case addonVpcCNI:
			p.CNI.checkConfiguration(here, given)
		case addonCoreDNS:
			if corefile, ok := given["corefile"].(string); ok && p.CNI.DisableIPv4Egress && strings.Contains(corefile, "/etc/resolv.conf") {
				here.Add("corefile", "it forwards to /etc/resolv.conf, which names the VPC's resolver by IPv4, and CNI.DisableIPv4Egress takes the way there: want forward . %s, or leave corefile out", aws.Resolver6.Addr())
			}
		}
	}
}

// checkConfiguration holds variables of aws-node against what ipamd refuses, as CNIOptions.Env does.
func (o CNIOptions) checkConfiguration(here *problems.List, given map[string]any) {
	value, ok := given["env"]
	if !ok {
		return
	}
	env, ok := value.(map[string]any)
	if !ok {
		here.Add("env", "%v: want CNI.Env", value)
		return
	}
	for _, name := range sortedKeys(env) {
		at := here.At("env", name)
		if why := cniEnv(name, fmt.Sprint(env[name])); why != "" {
			at.Add("", "%v: %s", env[name], why)
		}
		if _, twice := o.Env[name]; twice {
			at.Add("", "%v: CNI.Env says %q: want one of the two", env[name], o.Env[name])
		}
	}
}
