package expose

import (
	"maps"
	"slices"
	"strconv"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/kept"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// exclusive are what the controller takes once for a group: every Ingress that says it says the same.
// Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
var exclusive = []struct{ annotation, field string }{
	{"ip-address-type", "AddressType"}, {"scheme", "Scheme"}, {"inbound-cidrs", "Inbound"}, {"ssl-policy", "TLSPolicy"}, {"wafv2-acl-arn", "WAFArn"},
	{"security-groups", "SecurityGroups"}, {"subnets", "Subnets"}, {"load-balancer-name", "LoadBalancerName"},
}

// CheckGroups tells which Ingresses of a group cannot be on one load balancer. The controller refuses a group whose members
// contradict each other ("conflicting IPAddressType"), and then serves none of it. A synth asks it of all Ingresses that
// [NewIngress] made for a cluster.
func CheckGroups(ingresses ...*IngressProps) error {
	var bad problems.List
	check := groupCheck{bad: &bad, first: map[string]said{}, orders: map[string]string{}, rules: map[string]int{}, certificates: map[string]map[string]bool{}}
	for _, p := range ingresses {
		if v := p.withDefaults(); v.Group != "" {
			check.exclusive(v)
			check.pairs(v, "Attributes", v.front().allAttributes())
			check.pairs(v, "Tags", v.Tags)
			check.order(v)
			check.count(v)
		}
	}
	check.totals()
	return bad.Err()
}

// said is what an Ingress says, and which one that is.
type said struct{ by, value string }

// groupCheck is what the Ingresses before have said, by the group and what it is about.
type groupCheck struct {
	bad          *problems.List
	first        map[string]said
	orders       map[string]string
	rules        map[string]int
	certificates map[string]map[string]bool
}

// count adds what an Ingress brings to its group's load balancer.
func (g groupCheck) count(p IngressProps) {
	for _, r := range p.Rules {
		g.rules[p.Group] += len(r.Paths)
	}
	if g.certificates[p.Group] == nil {
		g.certificates[p.Group] = map[string]bool{}
	}
	for _, arn := range p.Certificates {
		g.certificates[p.Group][arn] = true
	}
}

// totals tells what is too much for one load balancer.
func (g groupCheck) totals() {
	for _, group := range slices.Sorted(maps.Keys(g.certificates)) {
		if n := g.rules[group]; n > aws.ListenerRules {
			g.bad.Add("Group", "%s: its Ingresses have %d paths together: an ALB takes %d rules: want two groups, or a higher quota", group, n, aws.ListenerRules)
		}
		if n := len(g.certificates[group]); n > 1+aws.ExtraCertificates {
			g.bad.Add("Group", "%s: its Ingresses have %d certificates together: an ALB takes %d beside the default one: want two groups, or a higher quota", group, n, aws.ExtraCertificates)
		}
	}
}

func (g groupCheck) exclusive(p IngressProps) {
	var ranges []string
	if len(p.SecurityGroups) == 0 {
		ranges, _ = p.Inbound.ranges() // Validate tells what is wrong with them
	}
	slices.Sort(ranges)
	annotations := p.annotations(ranges)
	for _, e := range exclusive {
		value, key := annotations[aws.IngressAnnotation+e.annotation], p.Group+" "+e.annotation
		switch f, ok := g.first[key]; {
		case value == "":
		case !ok:
			g.first[key] = said{p.called(), value}
		case f.value != value:
			g.bad.Add("Group", "%s: Ingress %s has %s %s, and %s has %s: want the same in all of a group", p.Group, p.called(), e.field, value, f.by, f.value)
		}
	}
}

// pairs tells which attributes and tags an Ingress has otherwise than one before: those that one alone has are the group's.
// Source: https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/ingress/model_build_load_balancer_attributes.go and
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/ingress/model_build_tags.go
func (g groupCheck) pairs(p IngressProps, field string, own map[string]string) {
	for _, k := range sorted(own) {
		at := field + "[" + k + "]"
		key := p.Group + " " + at
		switch f, ok := g.first[key]; {
		case !ok:
			g.first[key] = said{p.called(), own[k]}
		case f.value != own[k]:
			g.bad.Add("Group", "%s: Ingress %s has %s %s, and %s has %s: want the same in all of a group", p.Group, p.called(), at, own[k], f.by, f.value)
		}
	}
}

func (g groupCheck) order(p IngressProps) {
	if p.GroupOrder == 0 {
		return
	}
	key := p.Group + " " + strconv.Itoa(p.GroupOrder)
	if other := g.orders[key]; other != "" {
		g.bad.Add("GroupOrder", "%d: Ingress %s has the place of %s in group %s: want each place once", p.GroupOrder, p.called(), other, p.Group)
	}
	g.orders[key] = p.called()
}

// called is the Ingress's namespace and name.
func (p IngressProps) called() string { return p.Namespace + "/" + p.Name }

// grouped are the Ingresses of a cluster that are in groups. The cluster keeps them.
type grouped struct{ ingresses []*Ingress }

// joinGroups adds an Ingress to those of its cluster, which are looked at together when all are there.
func joinGroups(i *Ingress) {
	if i.props.Group == "" {
		return
	}
	all := kept.Of[grouped](i.props.Cluster)
	if len(all.ingresses) == 0 {
		i.props.Cluster.Construct.Node().AddValidation(all)
	}
	all.ingresses = append(all.ingresses, i)
}

// Validate is called by CDK and tells which Ingresses cannot be on one load balancer, and which wait for a name that it does
// not get.
func (g *grouped) Validate() *[]*string {
	var bad problems.List
	props := make([]*IngressProps, len(g.ingresses))
	for n, i := range g.ingresses {
		props[n] = &i.props
	}
	bad.Join(CheckGroups(props...))
	for _, i := range g.ingresses {
		if i.awaited && i.props.LoadBalancerName == "" {
			g.checkName(&bad, i.props)
		}
	}
	return jsiix.Strs(bad.Messages("expose"))
}

// checkName tells that the group's load balancer has a name that an Ingress does not say.
func (g *grouped) checkName(bad *problems.List, p IngressProps) {
	for _, i := range g.ingresses {
		if other := i.props; other.Group == p.Group && other.LoadBalancerName != "" {
			bad.Add("LoadBalancerName", "Ingress %s of group %s says none, and %s says %s: Hostname waits for the name that the Ingress says: want the same in both",
				p.called(), p.Group, other.called(), other.LoadBalancerName)
			return
		}
	}
}
