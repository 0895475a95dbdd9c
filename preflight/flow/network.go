package flow

import (
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/model"
	"github.com/eks-ipv6/cdk/internal/netset"
)

// Network is what a set of templates describes. It is immutable and safe for concurrent use.
type Network struct {
	model *model.Network

	places      *places
	shelves     []*shelf // one for each cluster
	hosts       []*place
	endpoints   []endpointAt
	fronts      map[*model.LoadBalancer][]*place
	byRef       map[string][]any // what a logical id, construct path or name means
	byAddr      map[netip.Addr]*place
	assumptions map[declared][]string
	// global4 and global6 are the addresses that hosts on the internet have; anyone6 are all that IPv6 keeps for nothing else, which
	// a sender may claim.
	global4, global6, anyone6 netset.Addrs
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
	set, err := cfn.Load(cfn.Options{Region: d.Region, AccountID: d.AccountID, Parameters: d.Parameters}, paths...)
	if err != nil {
		return nil, err
	}
	return Of(model.Build(set)), nil
}

// Read reads one template from memory; name is what errors call it.
func Read(name string, template []byte) (*Network, error) {
	set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: name, Data: template})
	if err != nil {
		return nil, err
	}
	return Of(model.Build(set)), nil
}

// Of wraps a network that is already built, for callers in this module that also run rules over it.
func Of(m *model.Network) *Network {
	n := &Network{model: m}
	n.prepare()
	return n
}

// Model is the network behind n, for callers in this module.
func (n *Network) Model() *model.Network { return n.model }

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

// Report is the outcome of the catalogue.
type Report struct {
	Results []Result
	// Skipped are the flows that the templates have not the parts for. They are neither passed nor missed.
	Skipped []Skipped
	// Unmodelled are resources that may decide over packets and that the tracer does not know.
	Unmodelled []Component
	// Problems are parts of the templates that could not be read, such as a manifest that is not JSON.
	Problems []string
	// Unread are parts of the templates whose resources are not seen: a nested stack that is not at hand, a loop over what only the
	// deployment knows, a macro. What they may let through counts as not known, not as blocked.
	Unread []string
}

// Result is one flow of the catalogue between two places.
type Result struct {
	ID       string // F1 to F15, X1
	Title    string
	From, To string
	Expect   Expect
	Trace    Trace
	OK       bool // the verdict is the expected one
}

// Expect is what a flow of the catalogue needs.
type Expect string

// The expectations.
const (
	ExpectDelivered Expect = "Delivered"
	ExpectExits     Expect = "ExitsNetwork"
	ExpectPasses    Expect = "Passes"  // Delivered or ExitsNetwork
	ExpectRefused   Expect = "Refused" // Denied or NoRoute
)

// Met reports whether a verdict is the expected one. Insufficient meets nothing.
func (e Expect) Met(v Verdict) bool {
	switch e {
	case ExpectDelivered:
		return v == Delivered
	case ExpectExits:
		return v == ExitsNetwork
	case ExpectPasses:
		return v.OK()
	case ExpectRefused:
		return v.Blocked()
	}
	return false
}

// Skipped is a flow of the catalogue that does not apply.
type Skipped struct {
	ID, Title, Reason string
}

// Component names a resource of the templates.
type Component struct {
	Type          string `json:"type"`
	LogicalID     string `json:"logicalId"`
	ConstructPath string `json:"constructPath"`
}

// OK reports whether every flow met its expectation.
func (r Report) OK() bool {
	for _, f := range r.Results {
		if !f.OK {
			return false
		}
	}
	return true
}

// Insufficient reports whether some flow could not be decided.
func (r Report) Insufficient() bool {
	for _, f := range r.Results {
		if f.Trace.Verdict == Insufficient {
			return true
		}
	}
	return false
}

// Missed are the flows whose expectation is not met although the templates say enough.
func (r Report) Missed() []Result {
	var out []Result
	for _, f := range r.Results {
		if !f.OK && f.Trace.Verdict != Insufficient {
			out = append(out, f)
		}
	}
	return out
}

// declared is where a template declares a resource.
type declared struct{ stack, logicalID string }
