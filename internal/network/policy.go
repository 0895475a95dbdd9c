package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

// policyKinds are the Kubernetes objects by which a cluster filters the packets of Pods, or gives Pods security groups of their own.
// See https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html and
// https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html.
var policyKinds = []string{"NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy",
	"AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy", "ApplicationNetworkPolicy", "SecurityGroupPolicy"}

// Policies are the cluster's objects that filter packets of Pods or change their groups.
func (c *Cluster) Policies() []*Object {
	var out []*Object
	for _, o := range c.Objects {
		if slices.Contains(policyKinds, o.Kind) {
			out = append(out, o)
		}
	}
	return out
}

// Policy is what the policies of a cluster mean for the packets of a workload's Pods in one direction.
type Policy struct {
	*Object
	// Denies says that they let nothing through. Else what they let through is not read.
	Denies bool
	Why    string
}

// PolicyFor is the policy that decides over the new connections of a workload's Pods, from them with egress, else to them; nil where
// all pass. Of Kubernetes' own NetworkPolicy it is read which Pods and which direction one is about, and whether it lets nothing or
// everything through; what others do is not read.
func (c *Cluster) PolicyFor(w *Object, egress bool) *Policy {
	direction := "Ingress"
	if egress {
		direction = "Egress"
	}
	var denies, unread *Policy
	for _, o := range c.Policies() {
		selected, sure := selects(o, w)
		selected = selected && o.Namespace == w.Namespace
		if o.Kind == "SecurityGroupPolicy" && selected {
			return &Policy{Object: o, Why: fmt.Sprintf("%s gives %s security groups of its own", o.Name, w.Name)}
		}
		if o.Kind != "NetworkPolicy" || !strings.HasPrefix(o.APIVersion, "networking.k8s.io/") {
			if o.Kind != "SecurityGroupPolicy" {
				unread = &Policy{Object: o, Why: fmt.Sprintf("what %s lets through is not read", o.Name)}
			}
			continue
		}
		if !selected || !isolates(o, direction) {
			continue
		}
		rules := At(o.Value, "spec", strings.ToLower(direction))
		switch {
		case !sure:
			unread = &Policy{Object: o, Why: fmt.Sprintf("whether %s is about %s is not read", o.Name, w.Name)}
		case slices.ContainsFunc(rules.Items(), everything):
			return nil // policies add up
		case rules.Exists() && (rules.Kind() != cfn.List || len(rules.Items()) > 0):
			unread = &Policy{Object: o, Why: fmt.Sprintf("what the rules of %s let through is not read", o.Name)}
		default:
			denies = &Policy{Object: o, Denies: true, Why: fmt.Sprintf("%s lets nothing through: it names %s and has no rule for it", o.Name, direction)}
		}
	}
	if unread == nil && denies != nil && !c.Enforces() {
		denies.Denies = false
		denies.Why += ", and nothing in the templates says that the cluster enforces it"
	}
	if unread != nil {
		return unread
	}
	return denies
}

// Enforces reports whether the VPC CNI is told to enforce NetworkPolicies.
func (c *Cluster) Enforces() bool {
	a := c.Addon("vpc-cni")
	return a != nil && At(a.Configuration, "enableNetworkPolicy").Is("true")
}

// isolates reports whether a NetworkPolicy is about a direction: ingress where it does not say, egress where it has such rules.
func isolates(o *Object, direction string) bool {
	types := At(o.Value, "spec", "policyTypes")
	if !types.Exists() {
		return direction == "Ingress" || At(o.Value, "spec", "egress").Exists()
	}
	return types.Kind() != cfn.List || slices.ContainsFunc(types.Items(), func(v cfn.Value) bool { return v.Is(direction) || !v.Known() })
}

// everything is a rule without peers and without ports.
func everything(rule cfn.Value) bool {
	return rule.Kind() == cfn.Map && len(rule.Keys()) == 0
}

// selects reports whether a policy's selector takes the Pods of a workload, and whether that is sure: expressions are not read.
func selects(o *Object, w *Object) (yes, sure bool) {
	sel := At(o.Value, "spec", "podSelector")
	want := sel.Field("matchLabels")
	labels := At(w.Value, "spec", "template", "metadata", "labels")
	if w.Kind == "Pod" {
		labels = At(w.Value, "metadata", "labels")
	}
	sure = !sel.Field("matchExpressions").Exists() && (!sel.Exists() || sel.Kind() == cfn.Map)
	for _, k := range want.Keys() {
		have := labels.Field(k)
		switch {
		case want.Field(k).Equal(have):
		case want.Field(k).Known() && have.Known():
			return false, true
		default:
			sure = false
		}
	}
	return true, sure
}

// CustomNetworking says why the Pods of an IPv4 cluster have addresses and groups of other network interfaces than the nodes' first;
// "" where they have not.
// See https://docs.aws.amazon.com/eks/latest/userguide/cni-custom-network.html.
func (c *Cluster) CustomNetworking() string {
	if c.Family != IPv4 {
		return ""
	}
	a := c.Addon("vpc-cni")
	if a == nil {
		return ""
	}
	v := a.Env("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG")
	if on, known := v.Bool(); !v.Exists() || known && !on {
		return ""
	}
	return fmt.Sprintf("custom networking of %s gives Pods the addresses and groups of ENIConfigs, which are not modelled", a.Ref)
}

// ExtraPodSubnet is a subnet of the VPC that the VPC CNI may take Pods' IPv4 addresses from beside the node's own, nil for none: it
// has the tag for that.
// See https://docs.aws.amazon.com/eks/latest/best-practices/subnets.html and the VPC CNI's ENABLE_SUBNET_DISCOVERY, which is on by default.
func (c *Cluster) ExtraPodSubnet() *Subnet {
	if c.Family != IPv4 || c.VPC == nil {
		return nil
	}
	if a := c.Addon("vpc-cni"); a != nil {
		if on, known := a.Env("ENABLE_SUBNET_DISCOVERY").Bool(); known && !on {
			return nil
		}
	}
	i := slices.IndexFunc(c.VPC.Subnets, func(s *Subnet) bool { return s.Tags.Has(aws.CNIRoleTag) })
	if i < 0 {
		return nil
	}
	return c.VPC.Subnets[i]
}
