package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtNetworkPolicy, Name: "network policy",
	})
}

// Policy is what the policies of a cluster mean for the packets of a workload's Pods in one direction.
type Policy struct {
	*Object
	// Denies says that they let nothing through. Else what they let through is not read.
	Denies bool
	Why    string
}

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

// policies asks the NetworkPolicies and their like about a new connection of a Pod. An interface that stands for any Pod stands for one
// that none is about.
func (t *tracer) policies(p *Interface, egress bool) Verdict {
	if p.Kind != PodInterface || p.HostNetwork || p.Cluster == nil {
		return 0
	}
	if len(p.works) == 0 {
		for _, o := range p.Cluster.Policies() {
			t.note("any Pod stands for one that %s is not about", o.Name)
		}
		return 0
	}
	for _, w := range p.works {
		pol := p.Cluster.PolicyFor(w, egress)
		switch {
		case pol == nil:
		case pol.Denies:
			return t.stop(Denied, AtNetworkPolicy, pol.Ref, "%s", pol.Why)
		default:
			return t.stop(Insufficient, AtNetworkPolicy, pol.Ref, "%s", pol.Why)
		}
	}
	return 0
}
