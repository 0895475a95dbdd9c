package network

import (
	"cmp"
	"slices"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// Component is what a packet passes, or what decides over it there.
type Component uint8

// The components.
const (
	AtNothing Component = iota
	AtPod
	AtNode
	AtHost
	AtAddress
	AtInstance
	AtNetworkInterface
	AtFunction
	AtDatabase
	AtCache
	AtMountTarget
	AtInternet
	AtService
	AtVPNClient
	AtVPC
	AtRouteTable
	AtSecurityGroup
	AtNetworkACL
	AtInternetGateway
	AtEgressOnlyGateway
	AtNATGateway
	AtDNS64
	AtPeering
	AtTransitGateway
	AtTransitAttachment
	AtTransitTable
	AtEndpoint
	AtEndpointService
	AtALB
	AtNLB
	AtGLB
	AtTargetGroup
	AtControlPlane
	AtPublicEndpoint
	AtVPCCNI
	AtKubeProxy
	AtKubernetesService
	AtNetworkPolicy
	AtController

	lastComponent = AtController
)

// String is what readers call the component: "route table", "NAT gateway".
func (c Component) String() string { return byComponent[c].Name }

// Fix is what to do about packets that get no further at the component; "" where there is no one thing to do.
func (c Component) Fix() string { return byComponent[c].Fix }

// Components are all components.
func Components() (out []Component) {
	for c := AtNothing + 1; c <= lastComponent; c++ {
		out = append(out, c)
	}
	return out
}

// Kind is one thing of a network. Its file holds what it is, how it is read, and what it does with packets; the file registers it, and
// whatever lists things is made of the kinds: what is read and in which order, what is modelled, what may be undecided, the names of
// hops, the fixes, the table in docs/supported.md.
type Kind struct {
	// Component is what its hops are at, Name what they are called, and Fix what to do where packets get no further there. A kind that
	// hops are never at has none of them.
	Component Component
	Name, Fix string
	// Types are the resource types whose meaning for packets the kind models.
	Types []string
	// Reads are what reads it.
	Reads []Reading
	// Open are the properties that a deployment may decide, with what they then decide over; OpenAlso finds what no list tells in resources of the first of Types.
	Open     []Opening
	OpenAlso func(*builder, *cfn.Resource)
	// Subject, Models and Source are its row of the table in docs/supported.md; a kind without Subject is told of by another.
	Subject, Models, Source string
}

// Reading is a step of reading a network out of templates.
type Reading struct {
	at   stage
	read func(*builder)
}

// Opening are properties of a type of resources that say what a resource belongs to or does.
type Opening struct {
	Type       string
	Properties []string
	About      []string // properties with the addresses that the resource is about
	Decides    []Component
}

// stage is when something is read: after all that it refers to.
type stage uint8

const (
	readVPCs stage = iota
	readRouteTables
	readSubnets
	readAssociations
	readGateways
	readFilters
	readPaths
	readTemplates
	readClusters
	readTemplateGroups
	readAddons
	readNodes
	readFargate
	readAssumed
	readTargetGroups
	readLoadBalancers
	readListeners
	readInterfaces
	readInstances
	readElastic
	readTargets
	readServices
	readAccelerators
	readEndpointServices
	readEndpoints
	readRoutes
	readLearned
	readEndpointRoutes
	readFargateSubnets
	readObjects
	readControllers
	readRules
)

var (
	kinds       []Kind // in the order of their files
	byComponent [lastComponent + 1]Kind
	modelled    = map[string]bool{} // the types whose meaning for packets is modelled
)

// register adds a kind. A component or a type that has a kind already is a mistake in the program.
func register(k Kind) {
	if k.Component != AtNothing {
		if byComponent[k.Component].Name != "" {
			panic("network: two kinds of " + k.Name)
		}
		byComponent[k.Component] = k
	}
	for _, t := range k.Types {
		if modelled[t] {
			panic("network: two kinds read " + t)
		}
		modelled[t] = true
	}
	kinds = append(kinds, k)
}

// Kinds are all kinds, in the order of their names.
func Kinds() []Kind { return slices.Clone(kinds) }

// readAll reads every kind, stage by stage.
func (b *builder) readAll() {
	var all []Reading
	for _, k := range kinds {
		all = append(all, k.Reads...)
	}
	slices.SortStableFunc(all, func(x, y Reading) int { return cmp.Compare(x.at, y.at) })
	for _, r := range all {
		r.read(b)
	}
}
