package rules

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
	"github.com/eks-ipv6/cdk/internal/network"
)

// flag is a boolean property with its default, and whether it is known.
func flag(v cfn.Value, otherwise bool) (on, known bool) {
	if !v.Exists() {
		return otherwise, true
	}
	return v.Bool()
}

// off says that a boolean property is surely false.
func off(v cfn.Value, otherwise bool) bool {
	on, known := flag(v, otherwise)
	return known && !on
}

// on says that a boolean property is surely true.
func on(v cfn.Value, otherwise bool) bool {
	set, known := flag(v, otherwise)
	return known && set
}

// missing says that none of the properties is given.
func missing(r *cfn.Resource, properties ...string) bool {
	for _, p := range properties {
		if r.Prop(p).Exists() {
			return false
		}
	}
	return true
}

func prefixOf(v cfn.Value) (netip.Prefix, bool) {
	s, ok := v.Text()
	if !ok {
		return netip.Prefix{}, false
	}
	p, err := netip.ParsePrefix(strings.TrimSpace(s))
	return p, err == nil
}

// clusters6 are the clusters of the templates that run on IPv6.
func (c *check) clusters6() (out []*network.Cluster) {
	for _, cl := range c.net.Clusters {
		if cl.Family == network.IPv6 && c.raw(cl) != nil {
			out = append(out, cl)
		}
	}
	return out
}

// clusterProp is a property of a cluster, in whichever of CDK's two spellings the template has it.
func (c *check) clusterProp(cl *network.Cluster, path string) (v cfn.Value, property string) {
	r := c.raw(cl)
	if r.Type != "Custom::AWSCDK-EKS-Cluster" {
		return r.Prop(path), path
	}
	steps := strings.Split(path, ".")
	for i, s := range steps {
		steps[i] = strings.ToLower(s[:1]) + s[1:]
	}
	property = "Config." + strings.Join(steps, ".")
	return r.Prop(property), property
}

// nodes are the groups of EC2 nodes of IPv6 clusters that a template declares, Auto Mode and those that the model
// assumes left out.
func (c *check) nodes() (out []*network.NodeGroup) {
	for _, cl := range c.clusters6() {
		for _, n := range cl.NodeGroups {
			if !n.Auto && !n.Assumed && c.raw(n) != nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// declared are those of the subnets that a template declares.
func (c *check) declared(lists ...[]*network.Subnet) (out []*network.Subnet) {
	seen := map[*network.Subnet]bool{}
	for _, s := range slices.Concat(lists...) {
		if !seen[s] && !s.Imported && c.raw(s) != nil {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// nodeSubnets are the subnets in which nodes of IPv6 clusters run, Auto Mode's included.
func (c *check) nodeSubnets() []*network.Subnet {
	var lists [][]*network.Subnet
	for _, cl := range c.clusters6() {
		for _, n := range cl.NodeGroups {
			if !n.Assumed {
				lists = append(lists, n.Subnets)
			}
		}
	}
	return c.declared(lists...)
}

// clusterSubnets are all subnets that IPv6 clusters, their nodes and their Fargate Pods use.
func (c *check) clusterSubnets() []*network.Subnet {
	var lists [][]*network.Subnet
	for _, cl := range c.clusters6() {
		lists = append(lists, cl.Subnets)
		for _, n := range cl.NodeGroups {
			lists = append(lists, n.Subnets)
		}
		for _, f := range cl.Fargate {
			lists = append(lists, f.Subnets)
		}
	}
	return c.declared(lists...)
}

var (
	all4  = netset.Every4
	all6  = netset.Every6
	nat64 = aws.NAT64.Prefix
)

// routeTo is a table's route for exactly a destination; sure is false where another route may be this one.
func (c *check) routeTo(t *network.RouteTable, dest netip.Prefix) (route *network.Route, sure bool) {
	if t == nil || t.Imported {
		return nil, false
	}
	sure = !c.stray("AWS::EC2::Route", "RouteTableId")
	for _, r := range t.Routes {
		switch {
		case r.Destination == dest:
			return r, true
		case r.Unknown != "" && (r.Family == 0 || r.Family == network.FamilyOf(dest.Addr())):
			sure = false
		}
	}
	return nil, sure
}

// internetRoute says whether a subnet's default route of a family is there, and its target.
func (c *check) internetRoute(s *network.Subnet, f network.Family) (target network.Target, sure bool) {
	dest := all4
	if f == network.IPv6 {
		dest = all6
	}
	if s.MainTable && (c.stray("AWS::EC2::SubnetRouteTableAssociation", "SubnetId") || c.stray("AWS::EC2::SubnetRouteTableAssociation", "RouteTableId")) {
		return nil, false
	}
	r, sure := c.routeTo(s.RouteTable, dest)
	if r == nil {
		return nil, sure
	}
	return r.Target, true
}

// stray says that some resource of the type does not tell at synth which other resource it belongs to: it may be any.
func (c *check) stray(typ, property string) bool {
	key := typ + " " + property
	if got, ok := c.strays[key]; ok {
		return got
	}
	found := slices.ContainsFunc(c.set.Resources(typ), func(r *cfn.Resource) bool {
		v := r.Prop(property)
		_, known := v.Resource()
		return v.Exists() && !known && !v.Known()
	})
	c.strays[key] = found
	return found
}

// public says that a subnet's IPv4 default route surely goes to an internet gateway.
func (c *check) public(s *network.Subnet) bool {
	t, _ := c.internetRoute(s, network.IPv4)
	_, igw := t.(*network.InternetGateway)
	return igw
}

// dependencies are all resources that r needs first: by reference, by DependsOn, and theirs in turn.
func dependencies(r *cfn.Resource) map[*cfn.Resource]bool {
	seen := map[*cfn.Resource]bool{}
	queue := []*cfn.Resource{r}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		var needs []*cfn.Resource
		for _, u := range next.Uses() {
			needs = append(needs, u.Resource)
		}
		needs = append(needs, next.DependsOn()...)
		if next.Stack.Parent != nil {
			needs = append(needs, next.Stack.Parent)
		}
		for _, n := range needs {
			if !seen[n] {
				seen[n] = true
				queue = append(queue, n)
			}
		}
	}
	return seen
}

// walk visits every value within v, with the path to it.
func walk(v cfn.Value, path string, visit func(path string, v cfn.Value)) {
	visit(path, v)
	join := func(step string) string {
		if path == "" {
			return step
		}
		return path + "." + step
	}
	for i, e := range v.Items() {
		walk(e, join(itoa(i)), visit)
	}
	for _, k := range v.Keys() {
		walk(v.Field(k), join(k), visit)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// admits says whether rules surely or possibly let one of the sources in at a TCP port. A source is a security group
// or an address range.
func admits(groups []*network.SecurityGroup, port uint16, from []*network.SecurityGroup, ranges []netip.Prefix) (yes, sure bool) {
	sure = true
	for _, g := range groups {
		if g.Imported {
			sure = false
		}
		for _, r := range g.Ingress {
			if r.Unknown != "" || r.List != nil {
				sure = false
				continue
			}
			if !r.Covers(network.TCP, port) {
				continue
			}
			if r.Group != nil && slices.Contains(from, r.Group) {
				return true, true
			}
			if r.Group != nil && r.Group.Imported {
				sure = false
			}
			if !r.Prefix.IsValid() {
				continue
			}
			for _, p := range ranges {
				if netset.Holds(r.Prefix, p) {
					return true, true
				}
			}
		}
	}
	return false, sure
}

// lets6 says whether some rule lets IPv6 through, by range or by a reference that knows no family; sure is false
// where a rule is unknown.
func lets6(rules []*network.Rule) (yes, sure bool) {
	sure = true
	for _, r := range rules {
		switch {
		case r.Unknown != "":
			sure = false
		case r.Group != nil || r.List != nil:
			return true, true
		case r.Prefix.IsValid() && r.Prefix.Addr().Is6():
			return true, true
		}
	}
	return false, sure
}
