package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// Open is a property that says what a resource belongs to or does, and that only the deployment decides: a route whose
// table is a parameter may be the route that another table lacks. Nothing that an Open may concern is surely blocked.
type Open struct {
	Ref                // with the Property
	Value string       // the expression
	About netip.Prefix // the addresses that the resource is about, where they are known
	why   string       // instead of that it is decided at deployment
	parts []Component
}

func (o *Open) String() string {
	if o.why != "" {
		return fmt.Sprintf("%s: %s", o.Ref, o.why)
	}
	return fmt.Sprintf("%s (%s) is decided at deployment", o.Ref, o.Value)
}

// Undecided returns the properties that may change what a part of the network, such as a route table, does to a packet.
func (n *Network) Undecided(part Component) []*Open {
	var out []*Open
	for _, o := range n.open {
		if slices.Contains(o.parts, part) || slices.Contains(o.parts, anyComponent) {
			out = append(out, o)
		}
	}
	return out
}

// anyComponent stands for every part of the network.
const anyComponent = AtNothing

// What several kinds' properties decide over.
var (
	routing    = []Component{AtRouteTable, AtInternetGateway, AtNATGateway}
	attaching  = []Component{AtRouteTable, AtInternetGateway, AtNATGateway, AtVPC}
	transiting = []Component{AtTransitGateway, AtTransitAttachment, AtTransitTable}
	balancing  = []Component{AtALB, AtNLB, AtTargetGroup, AtSecurityGroup, AtInternetGateway, AtVPC, AtRouteTable}
	resolving  = []Component{AtHost, AtInstance, AtNetworkInterface, AtFunction, AtVPCCNI}
	exposing   = []Component{AtController}
)

// unread collects the parts of the templates that stand for resources which are not read. They may hold a route, a rule or an
// address of whatever there is.
func (b *builder) unread() {
	for _, n := range b.set.Notes() {
		if !n.Unread {
			continue
		}
		at := Ref{Stack: n.Stack.ID, Name: n.Path}
		if r := n.Stack.Resource(strings.TrimPrefix(n.Path, "Resources.")); r != nil {
			at = ref(r)
		}
		if strings.Contains(at.ConstructPath, kubectlStack) {
			continue
		}
		b.net.Unread = append(b.net.Unread, Problem{Ref: at, Text: n.Text})
		b.net.open = append(b.net.open, &Open{Ref: at, why: n.Text, parts: []Component{anyComponent}})
	}
}

// kubectlStack is in the construct path of the nested stack that CDK makes for its kubectl function: it gives nothing a way.
const kubectlStack = "@aws-cdk--aws-eks.KubectlProvider.NestedStack"

// undecided collects what is open.
func (b *builder) undecided() {
	b.unread()
	openings, also := map[string][]Opening{}, map[string][]func(*builder, *cfn.Resource){}
	for _, k := range kinds {
		for _, o := range k.Open {
			openings[o.Type] = append(openings[o.Type], o)
		}
		if k.OpenAlso != nil {
			also[k.Types[0]] = append(also[k.Types[0]], k.OpenAlso)
		}
	}
	for _, r := range b.set.Resources() {
		for _, o := range openings[r.Type] {
			b.open(o, r)
		}
		for _, find := range also[r.Type] {
			find(b, r)
		}
	}
}

// open collects the properties of a resource that only the deployment decides.
func (b *builder) open(o Opening, r *cfn.Resource) {
	for _, prop := range o.Properties {
		v := r.Prop(prop)
		if !waits(v) {
			continue
		}
		open := &Open{Ref: ref(r).In(prop), Value: v.String(), parts: o.Decides}
		for _, a := range o.About {
			if p, unknown := prefix(r.Prop(a), 0); unknown == "" && p.IsValid() {
				open.About = p
			}
		}
		b.net.open = append(b.net.open, open)
	}
}

// waits says that a value is a function or a parameter that only the deployment resolves; a text with unknown parts is no
// such value, and neither is what identifies a resource of the templates.
func waits(v cfn.Value) bool {
	if items, ok := v.List(); ok {
		return slices.ContainsFunc(items, waits)
	}
	if r, _, ok := v.Attribute(); ok {
		return !modelled[r.Type]
	}
	_, _, call := v.Call()
	return call
}
