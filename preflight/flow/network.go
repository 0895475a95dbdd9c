package flow

import (
	"errors"
	"fmt"

	"github.com/eks-ipv6/cdk/internal/behind"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/catalogue"
)

// Network is what a set of templates describes. It is immutable and safe for concurrent use.
type Network struct{ net *network.Network }

func init() {
	behind.Network = func(n any) *network.Network { return n.(*Network).net }
	behind.Flow = func(n *network.Network) any { return &Network{n} }
	behind.Trace = func(t network.Trace) any { return traceOf(t) }
	behind.Traced = func(t any) network.Trace { return t.(Trace).trace }
}

// Load reads template files (JSON or YAML) and cloud assembly folders as one network: exports and imports are
// joined, nested stacks are part of it.
func Load(paths ...string) (*Network, error) {
	return Deployment{}.Load(paths...)
}

// Deployment is what templates leave to their deployment, as far as it is known. The zero value leaves all of it open.
type Deployment struct {
	// Region and AccountID are the values of AWS::Region and AWS::AccountId. A stack of a cloud assembly that names its
	// environment goes before them. Default: symbolic.
	Region, AccountID string
	// Parameters are values for the parameters of the top-level stacks, by name, or by "stack.name" where two stacks share a name.
	// Default: each parameter's own Default.
	Parameters map[string]string
}

// Load reads templates as [Load] does, for a deployment.
func (d Deployment) Load(paths ...string) (*Network, error) {
	net, err := network.Load(cfn.Options{Region: d.Region, AccountID: d.AccountID, Parameters: d.Parameters}, paths...)
	if err != nil {
		return nil, err
	}
	return &Network{net}, nil
}

// Read reads one template from memory; name is what errors call it.
func Read(name string, template []byte) (*Network, error) {
	net, err := network.Parse(name, template)
	if err != nil {
		return nil, err
	}
	return &Network{net}, nil
}

// Trace answers a query. Where the query names several places (pod:any in a cluster with three node subnets),
// it traces them all and returns the first trace that is not OK, or the first of all when every one is;
// [Network.TraceAll] returns each. The error is for a query that cannot be asked, such as an unknown endpoint.
func (n *Network) Trace(q Query) (Trace, error) {
	all, err := n.TraceAll(q)
	if err != nil {
		return Trace{}, err
	}
	for _, t := range all {
		if !t.Verdict.OK() {
			return t, nil
		}
	}
	return all[0], nil
}

// TraceAll answers a query for every place that it names, at least one.
func (n *Network) TraceAll(q Query) ([]Trace, error) {
	asked, err := q.query()
	if err != nil {
		return nil, err
	}
	traces, err := n.net.TraceAll(asked)
	if err != nil {
		var unknown *network.UnknownNameError
		if errors.As(err, &unknown) {
			return nil, &UnknownEndpointError{Endpoint: Endpoint(unknown.Name), Nearest: unknown.Nearest, Why: unknown.Why}
		}
		return nil, fmt.Errorf("flow: %w", err)
	}
	out := make([]Trace, len(traces))
	for i, t := range traces {
		out[i] = traceOf(t)
	}
	return out, nil
}

// UnknownEndpointError is an endpoint of a query that the templates do not hold.
type UnknownEndpointError struct {
	Endpoint Endpoint
	Nearest  []string // names that may have been meant, best first
	Why      string   // why there is no such place, where the templates tell
}

func (e *UnknownEndpointError) Error() string {
	return "flow: " + (&network.UnknownNameError{Name: network.Name(e.Endpoint), Nearest: e.Nearest, Why: e.Why}).Error()
}

// Endpoints lists the names a query can use on this network, addresses aside.
func (n *Network) Endpoints() []Endpoint {
	names := n.net.Endpoints()
	out := make([]Endpoint, len(names))
	for i, name := range names {
		out[i] = Endpoint(name)
	}
	return out
}

// Listed is a name that a query can use, and what it stands for.
type Listed struct {
	Endpoint Endpoint
	What     string // "Pods of the Deployment", "subnet"
	Path     string // the construct path of what it is, or its logical id; empty where no template declares it
}

// List are the names that a query can use on this network, with what each stands for; addresses, ranges and host names aside.
func (n *Network) List() []Listed {
	var out []Listed
	for _, l := range n.net.List() {
		out = append(out, Listed{Endpoint(l.Name), l.What, l.Path})
	}
	return out
}

// Check traces the flows of the catalogue that apply to the network and compares each with its expectation. Every node
// group and every subnet of it is traced, not only the first.
func (n *Network) Check() Report {
	var r Report
	results, skipped := catalogue.Ask(n.net)
	r.Results = make([]Result, 0, len(results))
	for _, f := range results {
		r.Results = append(r.Results, Result{ID: f.Flow.ID, Title: f.Flow.Title, From: f.From, To: f.To, Expect: Expect(f.Expect), Trace: traceOf(f.Trace), OK: f.OK})
	}
	for _, s := range skipped {
		r.Skipped = append(r.Skipped, Skipped{s.Flow.ID, s.Flow.Title, s.Reason})
	}
	n.told(&r)
	return r
}

// Answer traces a query into a Report, for rendering: a flow is OK when its verdict is. It has no expectation.
func (n *Network) Answer(q Query) (Report, error) {
	traces, err := n.TraceAll(q)
	if err != nil {
		return Report{}, err
	}
	var r Report
	for _, t := range traces {
		r.Results = append(r.Results, Result{Title: q.String(), From: t.From, To: t.To, Trace: t, OK: t.Verdict.OK()})
	}
	n.told(&r)
	return r, nil
}

// told adds what a reader of any report must know of the templates.
func (n *Network) told(r *Report) {
	for _, u := range n.net.Unmodelled {
		r.Unmodelled = append(r.Unmodelled, Component{u.Type, u.LogicalID, u.ConstructPath})
	}
	for _, p := range n.net.Problems {
		r.Problems = append(r.Problems, fmt.Sprintf("%s: %s", p.Ref, p.Text))
	}
	for _, p := range n.net.Unread {
		r.Unread = append(r.Unread, fmt.Sprintf("%s: %s", p.Ref, p.Text))
	}
}
