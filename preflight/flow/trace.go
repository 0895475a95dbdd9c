package flow

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/network"
)

// Verdict is the fate of a packet and of its answer. The zero value is invalid.
type Verdict int

// The verdicts. Blocked is [Denied] or [NoRoute]; [Insufficient] is neither passed nor blocked.
const (
	Delivered    = Verdict(network.Delivered)    // it reached the destination and the answer came back
	ExitsNetwork = Verdict(network.ExitsNetwork) // it left for the internet and the answer can come back
	Denied       = Verdict(network.Denied)       // a rule refuses it, or no rule allows it
	NoRoute      = Verdict(network.NoRoute)      // nothing carries it towards its destination
	Insufficient = Verdict(network.Insufficient) // the templates do not say enough
	Mixed        = Verdict(network.Mixed)        // some of the packets pass, and some do not: the regions of the trace say which
)

// String is the verdict's name.
func (v Verdict) String() string { return network.Verdict(v).String() }

// OK reports whether the packet passes: Delivered or ExitsNetwork.
func (v Verdict) OK() bool { return network.Verdict(v).OK() }

// Blocked reports whether the packet is refused: Denied or NoRoute. Insufficient and Mixed are neither OK nor Blocked.
func (v Verdict) Blocked() bool { return network.Verdict(v).Blocked() }

// MarshalText writes the verdict's name; an invalid verdict is an error.
func (v Verdict) MarshalText() ([]byte, error) {
	if v < Delivered || v > Mixed {
		return nil, fmt.Errorf("flow: invalid verdict %d", int(v))
	}
	return []byte(v.String()), nil
}

// Action is what a hop did with the packet.
type Action string

// The actions.
const (
	Originate = Action(network.Originate) // the packet starts here
	Resolve   = Action(network.Resolve)   // DNS64 answers with an address of the other family
	SNAT      = Action(network.SNAT)      // the source address is translated
	DNAT      = Action(network.DNAT)      // the destination address is translated
	NAT64     = Action(network.NAT64)     // both addresses are translated to the other family, or back
	Route     = Action(network.Routed)    // a route carries it on
	Translate = Action(network.Translate) // a load balancer gives both addresses anew, of the other family where the ends differ
	Connect   = Action(network.Connect)   // a proxy ends the connection and opens a new one
	Forward   = Action(network.Forward)   // a gateway or load balancer passes it on
	Allow     = Action(network.Allow)     // a filter lets it pass
	Deny      = Action(network.Deny)      // a filter or gateway refuses it: the last hop of a Denied trace
	Drop      = Action(network.Drop)      // nothing carries it on: the last hop of a NoRoute trace
	Unknown   = Action(network.Unknown)   // what happens is not known: the last hop of an Insufficient trace
	Deliver   = Action(network.Deliver)   // it arrives
	Exit      = Action(network.Exit)      // it leaves for the internet
)

// Family is an address family, [IPv4] or [IPv6]. The zero value says none.
type Family uint8

// The two families.
const (
	IPv4 = Family(network.IPv4)
	IPv6 = Family(network.IPv6)
)

// String is "IPv4" or "IPv6".
func (f Family) String() string { return network.Family(f).String() }

// Packet is the header that routes and filters look at.
type Packet struct {
	Src, Dst         netip.Addr
	Proto            Proto
	SrcPort, DstPort uint16
}

// Family is the packet's address family.
func (p Packet) Family() Family { return Family(network.FamilyOf(p.Dst)) }

func (p Packet) String() string {
	return fmt.Sprintf("%s → %s", netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort))
}

// Proto is the transport protocol of a query. The zero value means TCP.
type Proto string

// The protocols a query can ask for.
const (
	TCP Proto = "tcp"
	UDP Proto = "udp"
	// SCTP is asked by the catalogue only, for Services that use it.
	SCTP Proto = "sctp"
)

// Hop is one step of a packet: a component did something because of a rule.
type Hop struct {
	Component     string // what the component is called: "route table", "NAT gateway", "security group"
	Type          string // its CloudFormation type, or what it is when AWS or Kubernetes makes it
	LogicalID     string // where it is in the template; empty for what no template declares
	ConstructPath string
	Stack         string // the stack or template of LogicalID
	Label         string // LogicalID, with the stack before it where several stacks have that logical id
	Action        Action
	By            string // the rule that decided: "::/0 → EgressOnly (AppRoute)", "no rule allows tcp/443 from ::/0"
	Before, After Packet
}

// FamilyIn and FamilyOut are the address families before and after the hop.
func (h Hop) FamilyIn() Family { return h.Before.Family() }

// FamilyOut is the address family after the hop.
func (h Hop) FamilyOut() Family { return h.After.Family() }

// Name is how a reader finds the component in the template: its construct path, else its logical id, else
// what it is.
func (h Hop) Name() string {
	switch {
	case h.ConstructPath != "":
		return h.ConstructPath
	case h.Label != "":
		return h.Label
	}
	return h.Component
}

// Trace is the answer to a question between two places: what becomes of every packet that it asks about, and of the answers.
//
// Regions are the whole answer: they are disjoint, and together they hold every packet of the question. The other fields show one
// packet of the region that decides: one that is lost where some are, else the first.
//
// A trace with an OK verdict has a complete Return. When the answer is what fails, the verdict says how and
// the last hop of Return says where. When the packet itself fails, the last hop of Hops says where and Return
// is empty.
type Trace struct {
	Query       Query
	From, To    string // the places this trace is about, where the query names several
	Verdict     Verdict
	Hops        []Hop
	Return      []Hop
	Assumptions []string // what the verdict rests on that the templates do not say
	Regions     []Region

	trace network.Trace
}

// Last is the hop that decided: the last of Return when the answer failed, else the last of Hops.
func (t Trace) Last() Hop { return last(t.Hops, t.Return) }

func last(hops, back []Hop) Hop {
	if n := len(back); n > 0 && back[n-1].Action != Deliver {
		return back[n-1]
	}
	if len(hops) == 0 {
		return Hop{}
	}
	return hops[len(hops)-1]
}

// For is the trace as an expectation sees it: its verdict is on the whole question, and its way that of the region that decides.
// Where packets must be refused, that is one that passes.
func (t Trace) For(e Expect) Trace {
	if len(t.Regions) == 0 {
		return t
	}
	return traceOf(t.trace.For(network.Expect(e)))
}

// Query asks for the fate of a packet.
type Query struct {
	From, To Endpoint
	Port     uint16 // destination port; 0 means the port the destination is known for, else 443
	Proto    Proto  // TCP unless said
	Family   Family // 0 means IPv6 where both ends have it, else IPv4
	// Everything asks for every protocol and every port, not for Port and Proto only. Of a load balancer it asks for the listeners.
	Everything bool
}

func (q Query) String() string {
	asked, _ := q.query() // of a protocol that there is not it says tcp
	return asked.String()
}

// query is the query as the tracer takes it.
func (q Query) query() (network.Query, error) {
	out := network.Query{From: network.Name(q.From), To: network.Name(q.To), Port: q.Port, Family: network.Family(q.Family), Everything: q.Everything}
	switch q.Proto {
	case "", TCP:
		out.Proto = network.TCP
	case UDP:
		out.Proto = network.UDP
	default:
		return out, fmt.Errorf("flow: unknown protocol %q: want tcp or udp", string(q.Proto))
	}
	return out, nil
}

// Endpoint names an end of a flow. Spell it with the functions and constants below, or as text:
//
//	pod:any  pod:NAME  pod:NAMESPACE/NAME    Pods, on every node group and Fargate profile
//	pod:any@PLACE                            Pods in one place: a node group, a subnet, or GROUP@SUBNET
//	service:NAMESPACE/NAME  ingress:NAMESPACE/NAME  gateway:NAMESPACE/NAME
//	nodegroup:NAME  nodegroup:NAME@SUBNET  subnet:NAME  internet4  internet6
//	apiserver  apiserver@SUBNET              the Kubernetes API, by one of its interfaces
//	internet  anyone                         hosts on the internet, of both families
//	203.0.113.7  2001:db8::7                 an address
//	203.0.113.0/24  2a00:1450::/32           a range beyond the network
//	example.com                              a host name, to which
//	s3  ecr.api  sts                         an AWS service, to which: by the VPC's endpoint, else by the internet
//	NAME                                     any of these by logical id or construct path
type Endpoint string

// Endpoints that need no name.
const (
	AnyPod    Endpoint = "pod:any"
	Internet  Endpoint = "internet"  // hosts on the internet, of both families
	Internet4 Endpoint = "internet4" // a host on the IPv4 internet
	Internet6 Endpoint = "internet6" // a host on the IPv6 internet
	APIServer Endpoint = "apiserver" // the Kubernetes API of the cluster
)

// Pod is the Pods of a workload of that name ("web" or "namespace/web") found in the templates.
func Pod(name string) Endpoint { return Endpoint("pod:" + name) }

// Service is a Kubernetes Service. From inside the cluster it is reached by its ClusterIP, from elsewhere by
// its load balancer.
func Service(namespace, name string) Endpoint { return Endpoint("service:" + namespace + "/" + name) }

// Ingress is a Kubernetes Ingress, reached by its load balancer.
func Ingress(namespace, name string) Endpoint { return Endpoint("ingress:" + namespace + "/" + name) }

// Gateway is a Kubernetes Gateway, reached by its load balancer.
func Gateway(namespace, name string) Endpoint { return Endpoint("gateway:" + namespace + "/" + name) }

// NodeGroup is the nodes of a node group, by logical id, construct path or name.
func NodeGroup(name string) Endpoint { return Endpoint("nodegroup:" + name) }

// Subnet is a host in a subnet, by logical id or construct path.
func Subnet(name string) Endpoint { return Endpoint("subnet:" + name) }

// Addr is an address.
func Addr(a netip.Addr) Endpoint { return Endpoint(a.String()) }

// Resource is a resource by logical id or construct path: an instance, a database, a load balancer, a VPC
// endpoint, a subnet, a node group.
func Resource(name string) Endpoint { return Endpoint(name) }

type jsonHop struct {
	Component     string `json:"component"`
	Type          string `json:"type"`
	LogicalID     string `json:"logicalId"`
	ConstructPath string `json:"constructPath"`
	Action        Action `json:"action"`
	FamilyIn      string `json:"familyIn"`
	FamilyOut     string `json:"familyOut"`
	By            string `json:"by"`
}

// MarshalJSON writes the hop as `preflight trace -o json` does.
func (h Hop) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonHop{h.Component, h.Type, h.LogicalID, h.ConstructPath, h.Action,
		h.FamilyIn().String(), h.FamilyOut().String(), h.By})
}
