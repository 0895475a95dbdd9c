package random

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxCalls is how often Shrink asks at most.
const maxCalls = 1000

// Shrink makes a template that fails smaller while it still fails: it takes resources away, many at once and then one by
// one, with what names them; then properties and list entries; and it makes rules of filters simpler. What CloudFormation
// requires stays, and nothing refers to what is gone. It asks at most 1,000 times, never twice about one template, and
// equal answers give an equal result. fails must not change the template.
func Shrink(t map[string]any, fails func(map[string]any) bool) map[string]any {
	asked := map[string]bool{}
	try := func(smaller object) bool {
		key, err := json.Marshal(smaller)
		if err != nil || asked[string(key)] || len(asked) == maxCalls {
			return false
		}
		asked[string(key)] = true
		if !fails(smaller) {
			return false
		}
		t = smaller
		return true
	}
	for again := true; again; {
		again = false
		for size := len(ids(t)); size > 0; size /= 2 {
			for i := 0; i < len(ids(t)); {
				if all := ids(t); try(without(t, all[i:min(i+size, len(all))])) {
					again = true
				} else {
					i += size
				}
			}
		}
		for i := 0; ; {
			smaller := clone(t).(object)
			all := edits(smaller)
			if i >= len(all) {
				break
			}
			if all[i](); try(smaller) {
				again = true
			} else {
				i++
			}
		}
	}
	return t
}

func ids(t object) []string { return slices.Sorted(maps.Keys(t["Resources"].(object))) }

func clone(v any) any {
	switch v := v.(type) {
	case object:
		out := make(object, len(v))
		for k, e := range v {
			out[k] = clone(e)
		}
		return out
	case list:
		out := make(list, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	}
	return v
}

// without is a template without some resources. What names them goes, too: the list entry, else the property where
// CloudFormation does not require it, else the resource.
func without(t object, gone []string) object {
	t = clone(t).(object)
	resources := t["Resources"].(object)
	var names []string // of what is gone; an attribute of a resource goes with another one
	for len(gone) > 0 {
		for _, id := range gone {
			r := resources[id].(object)
			props, _ := r["Properties"].(object)
			if vpc, ok := props["VpcId"].(object); ok && r["Type"] == "AWS::EC2::VPCCidrBlock" && props["CidrBlock"] == nil {
				names = append(names, fmt.Sprint(vpc["Ref"], ".Ipv6CidrBlocks"))
			}
			names = append(names, id)
			delete(resources, id)
		}
		gone = nil
		for _, id := range ids(t) {
			r := resources[id].(object)
			if r["DependsOn"] = slices.DeleteFunc(entries(r["DependsOn"]), func(e any) bool { return slices.Contains(names, fmt.Sprint(e)) }); len(r["DependsOn"].(list)) == 0 {
				delete(r, "DependsOn")
			}
			if _, ok := prune(r["Properties"], names); !ok {
				gone = append(gone, id)
			}
		}
	}
	return t
}

func entries(v any) list {
	switch v := v.(type) {
	case nil:
		return nil
	case list:
		return v
	}
	return list{v}
}

// prune takes what names the gone out of a value; not ok when the value goes with it.
func prune(v any, gone []string) (after any, ok bool) {
	switch v := v.(type) {
	case object:
		if function(v) {
			return v, !mentions(v, gone)
		}
		for k, e := range v {
			if e, ok := prune(e, gone); ok {
				v[k] = e
			} else if !drop(v, k) {
				return nil, false
			}
		}
	case list:
		out := list{}
		for _, e := range v {
			if e, ok := prune(e, gone); ok {
				out = append(out, e)
			}
		}
		return out, len(out) > 0 || len(v) == 0
	}
	return v, true
}

func function(v object) bool {
	for k := range v {
		if k == "Ref" || strings.HasPrefix(k, "Fn::") {
			return true
		}
	}
	return false
}

func mentions(v any, gone []string) bool {
	switch v := v.(type) {
	case object:
		at, sub := entries(v["Fn::GetAtt"]), fmt.Sprint(v["Fn::Sub"])
		named := func(id string) bool {
			return v["Ref"] == id || len(at) > 0 && (at[0] == id || fmt.Sprint(at[0], ".", at[len(at)-1]) == id) ||
				strings.Contains(sub, "${"+id+"}") || strings.Contains(sub, "${"+id+".")
		}
		return slices.ContainsFunc(gone, named) || mentions(slices.Collect(maps.Values(v)), gone)
	case list:
		return slices.ContainsFunc(v, func(e any) bool { return mentions(e, gone) })
	}
	return false
}

// optional are the properties that CloudFormation does not require, whatever resource has them: of those that Template
// writes, the ones that decide over packets.
var optional = strings.Fields("EnableDnsSupport EnableDnsHostnames MapPublicIpOnLaunch EnableDns64 Tags AssignIpv6AddressOnCreation Ipv6CidrBlock " +
	"SecurityGroupIngress SecurityGroupEgress SecurityGroupIds SecurityGroups GroupSet VPCSecurityGroups SecurityGroupReferencingSupport Options " +
	"Ipv6AddressCount AssociatePublicIpAddress IpAddressType NetworkType SupportedIpAddressTypes LoadBalancerAttributes TargetGroupAttributes " +
	"EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic BootstrapSelfManagedAddons PublicAccessCidrs LaunchTemplate ConfigurationValues")

// drop takes an optional property away, with those that mean nothing without it.
func drop(from object, name string) bool {
	switch {
	case !slices.Contains(optional, name) || name == "Ipv6CidrBlock" && from["CidrBlock"] == nil:
		return false
	case name == "Ipv6CidrBlock":
		delete(from, "AssignIpv6AddressOnCreation")
		delete(from, "EnableDns64")
	}
	delete(from, name)
	return true
}

// edits make one part of a template less, or simpler. Each is for a template of its own.
func edits(t object) (out []func()) {
	rule := object{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0", "CidrIpv6": "::/0"}
	entry := object{"Protocol": -1, "CidrBlock": "0.0.0.0/0", "Ipv6CidrBlock": "::/0"}
	var walk func(v any, set func(any))
	walk = func(v any, set func(any)) {
		switch v := v.(type) {
		case object:
			if function(v) {
				return
			}
			for _, k := range slices.Sorted(maps.Keys(v)) {
				if drop(maps.Clone(v), k) {
					out = append(out, func() { drop(v, k) })
				}
				to := either(v["RuleNumber"] != nil, entry, either(v["IpProtocol"] != nil, rule, nil))[k]
				if to != nil && fmt.Sprint(v[k]) != fmt.Sprint(to) {
					out = append(out, func() {
						v[k] = to
						if k == "IpProtocol" || k == "Protocol" {
							maps.DeleteFunc(v, func(k string, _ any) bool { return k == "FromPort" || k == "ToPort" || k == "PortRange" })
						}
					})
				}
				walk(v[k], func(e any) { v[k] = e })
			}
		case list:
			for i := range v {
				if len(v) > 1 {
					out = append(out, func() { set(slices.Concat(v[:i], v[i+1:])) })
				}
				walk(v[i], func(e any) { v[i] = e })
			}
		}
	}
	for _, id := range ids(t) {
		walk(t["Resources"].(object)[id].(object)["Properties"], nil)
	}
	return out
}
