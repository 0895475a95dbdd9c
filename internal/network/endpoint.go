package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtEndpoint, Name: "VPC endpoint",
		Types: []string{"AWS::EC2::VPCEndpoint"},
		Open: []Opening{
			{Type: "AWS::EC2::VPCEndpoint", Properties: []string{"RouteTableIds"}, Decides: []Component{AtEndpoint, AtEndpointService, AtRouteTable}},
		},
		Reads:   []Reading{{readEndpoints, (*builder).readEndpoints}, {readEndpointRoutes, (*builder).endpointRoutes}},
		Subject: "VPC endpoints",
		Models:  "gateway (S3, DynamoDB) by family and route table, for its own VPC and TCP only; interface by address type, subnets and security groups",
		Source:  "[PrivateLink](https://docs.aws.amazon.com/vpc/latest/privatelink/)",
	})
	register(Kind{
		Component: AtService, Name: "AWS service",
	})
}

// Endpoint is an AWS::EC2::VPCEndpoint.
type Endpoint struct {
	Ref
	VPC         *VPC
	Gateway     bool   // S3 and DynamoDB: reached by routes instead of interfaces
	Middlebox   bool   // of a gateway load balancer: what is behind it may drop the packet
	Service     string // service name as far as known, such as com.amazonaws.eu-west-1.s3
	ShortName   string // last part of the name: s3, ecr.api
	AddressType string // ipv4 (default), ipv6 or dualstack
	Subnets     []*Subnet
	Groups      []*SecurityGroup
	RouteTables []*RouteTable
	PrefixList  *PrefixList      // of a gateway endpoint: assumed addresses of the service
	Provider    *EndpointService // when the service is declared in the templates
}

// Speaks reports whether the endpoint has addresses of a family.
func (e *Endpoint) Speaks(f Family) bool {
	switch e.AddressType {
	case "dualstack":
		return true
	case "ipv6":
		return f == IPv6
	}
	return f == IPv4
}

func (b *builder) readEndpoints() {
	for _, r := range b.set.Resources("AWS::EC2::VPCEndpoint") {
		b.endpoint(r)
	}
}

func (b *builder) endpoint(r *cfn.Resource) {
	e := &Endpoint{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId")), Service: str(r.Prop("ServiceName"))}
	if e.Service == "" {
		e.Service = str(r.Prop("ServiceConfigurationArn"))
	}
	typ := str(r.Prop("VpcEndpointType"))
	e.Gateway = typ == "" || strings.EqualFold(typ, "Gateway")
	e.Middlebox = strings.EqualFold(typ, "GatewayLoadBalancer")
	e.AddressType = strings.ToLower(cmp.Or(str(r.Prop("IpAddressType")), "ipv4"))
	e.ShortName = shortService(e.Service)
	e.Subnets, _ = b.subnetList(r.Prop("SubnetIds"))
	e.Groups, _ = b.groupList(r.Prop("SecurityGroupIds"))
	if !e.Gateway && len(e.Groups) == 0 && e.VPC != nil && e.VPC.DefaultGroup != nil {
		e.Groups = []*SecurityGroup{e.VPC.DefaultGroup}
	}
	tables, _ := items(r.Prop("RouteTableIds"))
	for _, t := range tables {
		if rt := b.table(t); rt != nil {
			e.RouteTables = append(e.RouteTables, rt)
		}
	}
	for _, used := range r.Prop("ServiceName").Resources() {
		if s := b.services[own(used)]; s != nil {
			e.Provider, e.ShortName = s, s.String()
		}
	}
	if e.Gateway {
		e.PrefixList = b.serviceList(e)
	}
	b.endpoints[own(r)] = e
	if e.VPC != nil {
		e.VPC.Endpoints = append(e.VPC.Endpoints, e)
	}
}

// serviceList stands for the prefix list of a gateway endpoint's service: one documentation address in each family
// that the endpoint routes.
func (b *builder) serviceList(e *Endpoint) *PrefixList {
	p := &PrefixList{Ref: Ref{Type: "AWS-managed prefix list", Name: "prefix list of " + e.ShortName}}
	for _, a := range ServiceAddresses(e.ShortName) {
		if e.Speaks(FamilyOf(a)) {
			p.Entries = append(p.Entries, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return p
}

// ServiceAddresses are the documentation addresses, IPv4 and IPv6, that stand for an AWS service on the internet.
func ServiceAddresses(service string) []netip.Addr {
	n := 200
	switch service {
	case "s3":
		n = 201
	case "dynamodb":
		n = 202
	}
	six := aws.Documentation6.Addr().As16()
	six[4], six[5], six[6], six[7], six[15] = 0xff, 0xff, 0xaa, byte(n), 1
	return []netip.Addr{aws.Documentation4.Nth(n), netip.AddrFrom16(six)}
}

// shortService is the service in a name such as com.amazonaws.eu-west-1.ecr.api.
func shortService(name string) string {
	rest, ok := strings.CutPrefix(name, "com.amazonaws.")
	if !ok {
		return name
	}
	if strings.HasPrefix(rest, "${") { // an unknown region holds dots of its own
		if i := strings.Index(rest, "}."); i >= 0 {
			return rest[i+2:]
		}
	}
	_, service, ok := strings.Cut(rest, ".")
	if !ok {
		return name
	}
	return service
}

// endpointRoutes are the routes of gateway endpoints.
func (b *builder) endpointRoutes() {
	for _, v := range b.net.VPCs {
		for _, e := range v.Endpoints {
			if !e.Gateway {
				continue
			}
			for _, t := range e.RouteTables {
				t.Routes = append(t.Routes, &Route{Ref: e.In("RouteTableIds"), Table: t, PrefixList: e.PrefixList, Target: e})
			}
		}
	}
}

// toService delivers the packet to an AWS service by a gateway endpoint.
// See https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html.
func (e *Endpoint) carry(t *tracer, s step) (next, Verdict) {
	if e.Middlebox {
		return next{}, t.middlebox(s.route, s.to)
	}
	return next{out: e}, t.toService(e, s.from, s.to)
}

func (t *tracer) toService(e *Endpoint, from, to *Interface) Verdict {
	const name = AtEndpoint
	switch {
	case to.Kind != ServiceHost || to.Service != e.ShortName:
		return t.stop(NoRoute, name, e.Ref, "%s leads to %s only", e.Ref, e.ShortName)
	case e.VPC != nil && from.VPC != e.VPC:
		return t.stop(NoRoute, name, e.Ref, "%s serves %s only: %s is in another VPC", e.Ref, e.VPC.Ref, from.Name)
	case !t.covers(TCP, 0, 65535):
		return t.stop(NoRoute, name, e.Ref, "%s carries TCP only", e.Ref)
	}
	t.hop(Forward, AtEndpoint, e.Ref, "gateway endpoint of "+e.ShortName)
	return 0
}

// ToEndpoint is a VPC endpoint as destination.
func (n *Network) ToEndpoint(e *Endpoint, q Query) []Destination {
	if e.Gateway {
		var out []Destination
		for _, a := range ServiceAddresses(e.ShortName) {
			if !e.Speaks(FamilyOf(a)) {
				continue
			}
			p := &Interface{Kind: ServiceHost, Name: e.ShortName, Component: AtService, Ref: Ref{Type: "AWS service", Name: e.ShortName}, Service: e.ShortName, Unfiltered: true}
			if a.Is4() {
				p.IPv4 = a
			} else {
				p.IPv6 = a
			}
			out = append(out, Destination{Name: e.String(), To: p, Port: cmp.Or(q.Port, 443), Proto: q.Proto, Family: FamilyOf(a),
				Assumes: []string{fmt.Sprintf("%s stands for the addresses of %s", a, e.ShortName)}})
		}
		return out
	}
	var out []Destination
	for _, at := range n.endpoints {
		if at.endpoint != e {
			continue
		}
		if e.Provider == nil {
			out = append(out, Destination{Name: e.String(), To: at.place, Port: cmp.Or(q.Port, 443), Proto: q.Proto, Named: true})
			continue
		}
		if len(e.Provider.LoadBalancers) == 0 {
			out = append(out, Destination{Name: e.String(), To: at.place, Port: cmp.Or(q.Port, 443), Proto: q.Proto, Named: true, Endpoint: e})
		}
		for _, l := range e.Provider.LoadBalancers {
			for _, d := range n.Through(l, q, at.place) {
				d.Name, d.Front, d.To, d.Endpoint, d.Named = e.String(), d.To, at.place, e, true
				out = append(out, d)
			}
		}
	}
	return out
}

type endpointAt struct {
	endpoint *Endpoint
	place    *Interface
}

// offNetwork tells of a packet for an AWS service that no endpoint carried: it goes there by the internet.
func (t *tracer) offNetwork(service *Interface) Verdict {
	if open := t.undecided(AtEndpoint); open != nil {
		return t.stop(Insufficient, AtEndpoint, open.Ref, "%s, by the internet; but %s", service.Name, open)
	}
	t.hopAt(Exit, service, service.Name+", by the internet")
	return ExitsNetwork
}
