// Package model is the network that a set of CloudFormation templates describes: addresses, routes,
// gateways, filters, load balancers, EKS clusters and the Kubernetes objects the templates apply.
//
// [Build] reads decoded templates and answers with a [Network] of linked values. It holds facts only:
// what a packet does with them is the business of preflight/flow, and what is a mistake is the business
// of preflight/rules.
//
// What the templates cannot tell (the /56 Amazon will choose, an elastic address) gets a documentation
// address, the same one for the same input, and is written down as an [Assumption]. What is not known and
// cannot be assumed stays unknown: an Unknown field names the expression, and callers must not read the
// value beside it as a fact.
package network

import (
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// Ref says where a thing is written in the templates. Every modelled resource embeds one.
type Ref struct {
	Stack         string // the stack the resource is in, by cfn.Stack.ID
	LogicalID     string // logical id in that template; empty for what no template declares
	Type          string // CloudFormation type, or a Kubernetes kind, or a name such as "EKS cluster security group"
	ConstructPath string // aws:cdk:path metadata, empty on templates that CDK did not make
	Property      string // path within the resource, such as SecurityGroupEgress[0]
	Name          string // a name better than the logical id, such as "ingress default/web"
}

// Resource returns the Ref itself: embedding a Ref makes a type a [Resource].
func (r Ref) Resource() Ref { return r }

// In returns the Ref of a property inside the resource.
func (r Ref) In(property string) Ref {
	r.Property = property
	return r
}

// String is the shortest name a reader can find in the template: the logical id, with the property when
// there is one.
func (r Ref) String() string {
	name := r.LogicalID
	if r.Name != "" {
		name = r.Name
	}
	if name == "" {
		name = r.Type
	}
	if r.Property != "" {
		return name + "." + r.Property
	}
	return name
}

// Label is the logical id, with the stack before it where several stacks have that logical id.
func (r Ref) Label() string {
	if label := r.Stack + "/" + r.LogicalID; r.Name == label {
		return label
	}
	return r.LogicalID
}

// Resource is anything that knows where it is written.
type Resource interface{ Resource() Ref }

// Family is an address family. The zero value means no family was stated.
type Family uint8

// The two families.
const (
	IPv4 Family = 4
	IPv6 Family = 6
)

func (f Family) String() string {
	switch f {
	case IPv4:
		return "IPv4"
	case IPv6:
		return "IPv6"
	}
	return "none"
}

// FamilyOf returns the family of an address; an IPv4-mapped IPv6 address is IPv6.
func FamilyOf(a netip.Addr) Family {
	switch {
	case a.Is4():
		return IPv4
	case a.Is6():
		return IPv6
	}
	return 0
}

// Network is everything the templates say about the network. Its slices are in the order of the templates
// (sorted by logical id inside each), so equal input gives an equal Network.
type Network struct {
	// Templates are what the network was read from, for readers that need a property which is not modelled.
	Templates *cfn.Set

	VPCs             []*VPC
	Peerings         []*Peering
	TransitGateways  []*TransitGateway
	EndpointServices []*EndpointService
	SecurityGroups   []*SecurityGroup
	PrefixLists      []*PrefixList
	LoadBalancers    []*LoadBalancer // those in the templates, then those the controller will create
	TargetGroups     []*TargetGroup
	Clusters         []*Cluster
	Hosts            []*Host // instances, databases and other single interfaces
	PublicAccess     BlockPublicAccess
	VPNClients       []VPNClients

	// Assumptions are the values put in place of what the templates leave open.
	Assumptions []Assumption
	// Unmodelled are resources that may decide over packets and that this package does not know. They are
	// listed so that nobody takes a verdict for more than it is.
	Unmodelled []Ref
	// Problems are parts of resources that could not be read, such as a manifest that is not JSON.
	Problems []Problem
	// Unread are parts of the templates whose resources are not seen: a nested stack that is not at hand, a loop, a macro.
	Unread []Problem

	open     []*Open
	standIns netset.Table[string]
	ends
}

// StandIns returns the assumptions whose stand-in range holds an address.
func (n *Network) StandIns(a netip.Addr) []string {
	var out []string
	for _, text := range n.standIns.Matches(a) {
		out = append(out, text)
	}
	return out
}

// VPNClients are the addresses that an AWS::EC2::ClientVpnEndpoint gives its clients.
type VPNClients struct {
	Ref
	Prefix netip.Prefix
}

// Assumption is a value the templates do not hold and that was assumed.
type Assumption struct {
	Ref    Ref
	Prefix netip.Prefix // the stand-in range, when it is one
	Text   string       // "IPv6 range 2001:db8:0:100::/56 stands for the /56 Amazon will choose"
}

// Problem is a part of a resource that could not be read.
type Problem struct {
	Ref  Ref
	Text string
}

// BlockPublicAccess is AWS::EC2::VPCBlockPublicAccessOptions with its exclusions.
// See https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html.
type BlockPublicAccess struct {
	Ref
	Mode       string // "", "block-bidirectional" or "block-ingress"
	Exclusions []BlockPublicAccessExclusion
}

// BlockPublicAccessExclusion lifts the block for one VPC or one subnet.
type BlockPublicAccessExclusion struct {
	Ref
	Mode   string // "allow-bidirectional" or "allow-egress"
	VPC    *VPC
	Subnet *Subnet
}

// Tags are the tags of a resource. A tag whose key is decided at deployment is left out.
type Tags map[string]string

// Has reports whether a tag is present with the value "1" or an empty value: the way the AWS Load Balancer
// Controller reads subnet role tags.
func (t Tags) Has(key string) bool {
	v, ok := t[key]
	return ok && (v == "" || v == "1")
}
