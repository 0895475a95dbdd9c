package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// Load reads the network out of template files and cloud assembly folders.
func Load(o cfn.Options, paths ...string) (*Network, error) {
	set, err := cfn.Load(o, paths...)
	if err != nil {
		return nil, err
	}
	return Read(set), nil
}

// Parse reads the network out of one template in memory; name is what errors call it.
func Parse(name string, template []byte) (*Network, error) {
	set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: name, Data: template})
	if err != nil {
		return nil, err
	}
	return Read(set), nil
}

// Read reads the network out of decoded templates. It decides the attributes that only a deployment knows
// (see [Network.Assumptions]) and installs them in the set with [cfn.Set.Provide]. It never fails: what it cannot
// read is in [Network.Problems], what it does not know in [Network.Unmodelled].
func Read(set *cfn.Set) *Network {
	b := &builder{
		set: set, net: &Network{Templates: set},
		vpcs: map[string]*VPC{}, subnets: map[string]*Subnet{}, tables: map[string]*RouteTable{},
		groups: map[string]*SecurityGroup{}, acls: map[string]*ACL{}, lists: map[string]*PrefixList{},
		internet: map[string]*InternetGateway{}, egress: map[string]*EgressOnlyGateway{}, nats: map[string]*NATGateway{},
		peerings: map[string]*Peering{}, transits: map[string]*TransitGateway{}, attachments: map[string]*Attachment{},
		transitTables: map[string]*TransitTable{}, endpoints: map[string]*Endpoint{}, services: map[string]*EndpointService{},
		balancers: map[string]*LoadBalancer{}, targets: map[string]*TargetGroup{}, listeners: map[string]*Listener{},
		clusters: map[string]*Cluster{}, templates: map[string]*LaunchTemplate{}, hosts: map[string]*Host{},
	}
	b.readAll()
	b.index()
	b.undecided()
	b.leftovers()
	b.net.prepare()
	return b.net
}

// builder keeps what is built by the key of the value that refers to it: a resource's own reference, or the
// expression of one from outside the templates.
type builder struct {
	set *cfn.Set
	net *Network

	vpcs          map[string]*VPC
	subnets       map[string]*Subnet
	tables        map[string]*RouteTable
	groups        map[string]*SecurityGroup
	acls          map[string]*ACL
	lists         map[string]*PrefixList
	internet      map[string]*InternetGateway
	egress        map[string]*EgressOnlyGateway
	nats          map[string]*NATGateway
	peerings      map[string]*Peering
	transits      map[string]*TransitGateway
	attachments   map[string]*Attachment
	transitTables map[string]*TransitTable
	endpoints     map[string]*Endpoint
	services      map[string]*EndpointService
	balancers     map[string]*LoadBalancer
	targets       map[string]*TargetGroup
	listeners     map[string]*Listener
	clusters      map[string]*Cluster
	templates     map[string]*LaunchTemplate
	hosts         map[string]*Host
}

// ref is where a resource is written.
func ref(r *cfn.Resource) Ref {
	at := Ref{Stack: r.Stack.ID, LogicalID: r.ID, Type: r.Type, ConstructPath: r.ConstructPath}
	if label := r.Label(); label != r.ID {
		at.Name = label
	}
	return at
}

// key is the map key of the resource that a value identifies, or of the value itself when it is from outside.
func key(v cfn.Value) string {
	if r, ok := v.Resource(); ok {
		return own(r)
	}
	return v.Key()
}

func own(r *cfn.Resource) string { return "r" + r.Ref().Key() }

// outside makes the Ref of a thing that templates use and none declares.
func outside(typ string, v cfn.Value) Ref {
	if fn, _, ok := v.Call(); ok && fn == "Ref" {
		return Ref{Type: typ, Name: "parameter " + v.String()} // no resource, though one may have that name
	}
	return Ref{Type: typ, Name: v.String()}
}

// outsideOr is the Ref of the resource that a value identifies, or of what no template declares.
func (b *builder) outsideOr(typ string, v cfn.Value) Ref {
	if r, ok := v.Resource(); ok {
		return ref(r)
	}
	return outside(typ, v)
}

func (b *builder) assume(r Ref, format string, args ...any) {
	b.net.Assumptions = append(b.net.Assumptions, Assumption{Ref: r, Text: fmt.Sprintf(format, args...)})
}

// standIn is an assumption about a range.
func (b *builder) standIn(r Ref, p netip.Prefix, format string, args ...any) {
	b.net.Assumptions = append(b.net.Assumptions, Assumption{Ref: r, Prefix: p, Text: fmt.Sprintf(format, args...)})
}

func (b *builder) problem(r Ref, format string, args ...any) {
	b.net.Problems = append(b.net.Problems, Problem{Ref: r, Text: fmt.Sprintf(format, args...)})
}

// items is a property as a list: CloudFormation takes one value for a list of one. A list that is not known at
// synth has no items and unknown names it.
func items(v cfn.Value) (list []cfn.Value, unknown string) {
	switch v.Kind() {
	case cfn.Absent:
		return nil, ""
	case cfn.List:
		return v.Items(), ""
	case cfn.Call, cfn.Text:
		return nil, v.String()
	default:
		return []cfn.Value{v}, ""
	}
}

func str(v cfn.Value) string {
	if !v.Exists() {
		return ""
	}
	return v.String()
}

// yes is a boolean property with its default; an unknown one counts as the default.
func yes(v cfn.Value, otherwise bool) bool {
	if on, ok := v.Bool(); ok {
		return on
	}
	return otherwise
}

// prefix is a CIDR block of a family; one of the other family is as unknown as one that is no CIDR block at all.
func prefix(v cfn.Value, f Family) (p netip.Prefix, unknown string) {
	if !v.Exists() {
		return p, ""
	}
	s, ok := v.Text()
	if !ok {
		return p, v.String()
	}
	p, err := netip.ParsePrefix(strings.TrimSpace(s))
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Sprintf("%q, which is not a CIDR block", s)
	case p.Addr().Is4In6() || f != 0 && FamilyOf(p.Addr()) != f:
		return netip.Prefix{}, fmt.Sprintf("%q, which is not an %s CIDR block", s, f)
	}
	return p.Masked(), ""
}

// addressIn is an address that is written down.
func addressIn(v cfn.Value) (a netip.Addr, ok bool) {
	s, ok := v.Text()
	if !ok {
		return a, false
	}
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	return a, err == nil
}

// port is a port number. One that is none, such as 65616, is 0 and a problem.
func (b *builder) port(at Ref, v cfn.Value) uint16 {
	n, ok := v.Int()
	if ok && (n < 0 || n > 65535) {
		b.problem(at, "port %d is no port", n)
		return 0
	}
	return uint16(n)
}

func tags(v cfn.Value) Tags {
	t := Tags{}
	for _, e := range v.Items() {
		if k, ok := e.Get("Key").Text(); ok {
			t[k] = str(e.Get("Value"))
		}
	}
	for _, k := range v.Keys() { // some types take a map
		t[k] = str(v.Field(k))
	}
	return t
}

// find returns the resource that a Ref was made from.
func (b *builder) find(r Ref) *cfn.Resource {
	for _, s := range b.set.Stacks() {
		if s.ID == r.Stack {
			if got := s.Resource(r.LogicalID); got != nil && got.Type == r.Type {
				return got
			}
		}
	}
	return nil
}

// index sorts routes and stand-in ranges for look-up.
func (b *builder) index() {
	for _, a := range b.net.Assumptions {
		if a.Prefix.IsValid() {
			b.net.standIns.Add(a.Prefix, a.Text)
		}
	}
	tables := map[*RouteTable]bool{}
	add := func(t *RouteTable) {
		if t == nil || t.Imported || tables[t] {
			return
		}
		tables[t] = true
		for _, r := range t.Routes {
			switch {
			case r.Destination.IsValid():
				if first := t.index.Add(r.Destination, r); first != r {
					if len(first.alternatives) == 0 {
						first.alternatives = []*Route{first}
					}
					first.alternatives = append(first.alternatives, r)
				}
			case r.PrefixList == nil || r.PrefixList.Unknown != "":
				t.uncertain = append(t.uncertain, r)
			}
		}
		t.uncertain = append(t.uncertain, t.Learned...)
		// A route to a CIDR wins over one to a prefix list that holds the same.
		for _, r := range t.Routes {
			if r.PrefixList != nil {
				for _, p := range r.PrefixList.Entries {
					t.index.Add(p, r)
				}
			}
		}
	}
	for _, v := range b.net.VPCs {
		for _, t := range v.RouteTables {
			add(t)
		}
		for _, s := range v.Subnets {
			add(s.RouteTable)
		}
	}
	for _, g := range b.net.TransitGateways {
		for _, t := range g.Tables {
			slices.SortStableFunc(t.Routes, func(x, y *TransitRoute) int { // static routes first
				return cmp.Compare(btoi(x.Propagated), btoi(y.Propagated))
			})
			for _, r := range t.Routes {
				if r.Destination.IsValid() {
					t.index.Add(r.Destination, r)
				} else {
					t.uncertain = append(t.uncertain, r)
				}
			}
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
