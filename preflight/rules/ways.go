package rules

import (
	"math"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

// certainty is a yes or a no that may be open. The zero value is unknown.
type certainty int8

const (
	surelyNot certainty = -1
	surely    certainty = 1
)

func (a certainty) or(b certainty) certainty { return max(a, b) }

func (a certainty) and(b certainty) certainty { return min(a, b) }

// puller is what fetches images or charts: a node, a Pod on Fargate, or a function, in one subnet.
type puller struct {
	from   network.Name
	source network.Resource // the node group or the function; nil for Fargate, whose Pods are taken for any host of the subnet
	subnet *network.Subnet
}

type wayKey struct {
	from, to network.Name
	family   network.Family
}

type wayFrom struct {
	source network.Ref
	subnet *network.Subnet
}

// traces answer a question on port 443, none where it cannot be asked. Several rules ask the same ones.
func (c *check) traces(key wayKey) []network.Trace {
	found, ok := c.traced[key]
	if !ok {
		var err error
		if found, err = c.net.TraceAll(network.Query{From: key.from, To: key.to, Family: key.family, Port: 443}); err != nil {
			found = nil
		}
		c.traced[key] = found
	}
	return found
}

// way says whether a puller reaches an endpoint over a family, by the tracer. Where the endpoint has several
// interfaces, one that is reached is enough: the name answers with them all.
func (c *check) way(p puller, to network.Name, f network.Family) certainty {
	key := wayKey{p.from, to, f}
	found, ok := c.ways[key]
	if !ok {
		found = map[wayFrom]certainty{}
		c.ways[key] = found
		for _, t := range c.traces(key) {
			ends, ok := t.Ends()
			if !ok {
				continue
			}
			from := wayFrom{ends.From.Ref, ends.From.Subnet}
			got := certainty(0)
			switch {
			case t.Verdict.OK():
				got = surely
			case t.Verdict.Blocked(), t.Verdict == network.Mixed && passing(t) < 0.5:
				got = surelyNot
			}
			if before, twice := found[from]; twice {
				got = got.or(before)
			}
			found[from] = got
		}
	}
	if p.source == nil {
		for from, got := range found {
			if from.subnet == p.subnet {
				return got
			}
		}
		return 0
	}
	return found[wayFrom{p.source.Resource(), p.subnet}]
}

// passing is the part of a trace's destinations that passes, or of which that is not known: a host on the internet may have any
// address, and where few are reached it is none of them.
func passing(t network.Trace) float64 {
	part := 0.0
	for _, r := range t.Regions {
		if r.Verdict.Blocked() {
			continue
		}
		for _, set := range r.Packets() {
			for _, p := range set.Dst {
				whole := 0 // the internet is all of IPv4, and 2000::/3 of IPv6
				if p.Addr().Is6() {
					whole = 3
				}
				part += math.Pow(2, float64(whole-p.Bits()))
			}
		}
	}
	return part
}

// internet says whether a puller reaches hosts on the internet that have these families.
func (c *check) internet(p puller, families aws.Families) certainty {
	got := surelyNot
	if families.Has(aws.IPv4) {
		got = c.way(p, network.Internet4, network.IPv4)
		if got != surely {
			got = got.or(c.translated(p))
		}
	}
	if got != surely && families.Has(aws.IPv6) {
		got = got.or(c.way(p, network.Internet6, network.IPv6))
	}
	return got
}

// translated says whether a puller reaches IPv4 hosts on the internet by the names that DNS64 makes for them, and NAT64.
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html
func (c *check) translated(p puller) certainty {
	r := c.raw(p.subnet)
	switch {
	case p.subnet.DNS64:
		return c.way(p, network.Name(someIPv4Host.String()), network.IPv6)
	case r != nil && !r.Prop("EnableDns64").Known():
		return 0
	}
	return surelyNot
}

// someIPv4Host is the host on the internet as DNS64 answers for it.
var someIPv4Host = aws.Synthesize(aws.SomeHost4)

// private says whether a puller reaches an AWS service by its IPv4 name through an endpoint of its VPC.
func (c *check) private(p puller, service string) certainty {
	vpc := p.subnet.VPC
	if vpc == nil || vpc.Imported {
		return 0
	}
	got := surelyNot
	if c.stray("AWS::EC2::VPCEndpoint", "VpcId") {
		got = 0
	}
	for _, e := range vpc.Endpoints {
		r := c.raw(e)
		switch {
		case r == nil || e.ShortName == "" || strings.Contains(e.ShortName, "${"):
			got = got.or(0) // it may be this service's
		case e.ShortName != service:
		case !e.Gateway && !on(r.Prop("PrivateDnsEnabled"), true):
			got = got.or(0) // the name leads there only by a hosted zone of somebody's own
		case !r.Prop("IpAddressType").Known(), !r.Prop("RouteTableIds").Known(), !r.Prop("SubnetIds").Known() && len(e.Subnets) == 0:
			got = got.or(c.way(p, network.Name(e.String()), network.IPv4)).or(0)
		default:
			got = got.or(c.way(p, network.Name(e.String()), network.IPv4))
		}
	}
	return got
}

// service says whether a puller reaches an AWS service by its IPv4 name: on the internet, or by an endpoint.
func (c *check) service(p puller, service string) certainty {
	got := c.internet(p, aws.IPv4)
	if got == surely {
		return got
	}
	return got.or(c.private(p, service))
}

// lacking are the services that a puller surely does not reach by their IPv4 names.
func (c *check) lacking(p puller, services ...string) (out []string) {
	for _, s := range services {
		if c.service(p, s) == surelyNot {
			out = append(out, s)
		}
	}
	return out
}

// reaches says whether a puller reaches a host on the internet, or a private registry by the VPC's endpoints.
func (c *check) reaches(p puller, h aws.Host) certainty {
	got := c.internet(p, h.Families)
	if got == surely {
		return got
	}
	switch {
	case strings.HasPrefix(h.Pattern, "*.dkr.ecr."):
		return got.or(c.private(p, "ecr.dkr").and(c.service(p, "ecr.api")).and(c.service(p, "s3")))
	case strings.HasPrefix(h.Pattern, "*.dkr-ecr."), h.Pattern == "public.ecr.aws", strings.HasPrefix(h.Pattern, "ecr-public."):
		// What an endpoint for them would serve is not documented.
		if p.subnet.VPC == nil || slices.ContainsFunc(p.subnet.VPC.Endpoints, func(e *network.Endpoint) bool {
			return strings.HasPrefix(e.ShortName, "ecr") && h.Pattern != "public.ecr.aws" || strings.HasPrefix(e.ShortName, "ecr-public")
		}) {
			return got.or(0)
		}
	}
	return got
}

// nodePullers are the nodes of a group, one for each of its subnets. None where something may give them a way that the
// templates do not show (a proxy, or a mirror of registries), and none in subnets where nodes get no IPv4 or no IPv6 (V02,
// V03): an IPv6 cluster's do not come that far.
func (c *check) nodePullers(n *network.NodeGroup) (out []puller) {
	if n.Assumed || n.Unknown != "" || c.detours(n) {
		return nil
	}
	for _, s := range n.Subnets {
		if n.Cluster.Family == network.IPv6 && (!s.IPv4.IsValid() || !s.IPv6.IsValid() || !n.IPv6(s)) {
			continue
		}
		out = append(out, puller{network.Name("nodegroup:" + n.String()), n, s})
	}
	return out
}

// detours says that a node group's user data sets a proxy or mirrors of registries, or is not known at all.
func (c *check) detours(n *network.NodeGroup) bool {
	data := strings.ToLower(c.userData(n))
	return strings.HasPrefix(data, "${") || strings.Contains(data, "proxy") || strings.Contains(data, "certs.d") || strings.Contains(data, "mirror")
}

// userData is that of a node group's launch template, unknown parts as ${…}; "" where there is none.
func (c *check) userData(n *network.NodeGroup) string {
	if n.Template == nil || c.raw(n.Template) == nil {
		return ""
	}
	v := c.raw(n.Template).Prop("LaunchTemplateData.UserData")
	data, known := userData(v)
	if !known && data == "" && v.Exists() {
		return v.String()
	}
	return data
}

// fargatePullers are the Pods of a Fargate profile, one for each of its subnets. Fargate takes no subnet with a direct
// route to an internet gateway (https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html).
func (c *check) fargatePullers(f *network.FargateProfile) (out []puller) {
	for _, s := range f.Subnets {
		if !s.Imported && !c.public(s) {
			out = append(out, puller{network.Name("subnet:" + s.String()), nil, s})
		}
	}
	return out
}

// functionPullers are a function's interfaces, one for each of its subnets. None for a function outside of VPCs, which
// reaches the IPv4 internet by itself.
func (c *check) functionPullers(fn *cfn.Resource) (out []puller) {
	for _, h := range c.net.Hosts {
		if h.Kind == network.AtFunction && fn != nil && c.raw(h) == fn && h.Unknown == "" {
			for _, s := range h.Subnets {
				out = append(out, puller{network.Name(h.String()), h, s})
			}
		}
	}
	return out
}

// names lists the subnets of pullers.
func names(list []puller) string {
	var out []string
	for _, p := range list {
		if s := p.subnet.String(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) > 4 {
		out = append(out[:3:3], "others")
	}
	return strings.Join(out, ", ")
}
