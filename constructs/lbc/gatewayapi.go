package lbc

import (
	"bytes"
	_ "embed" // crds/gateway-api-1.6.0.jsonl
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"golang.org/x/mod/semver"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// DefaultGatewayAPIVersion is the Gateway API's version when none is given: the first in which TCPRoute is v1, as the
// controller wants it from version 3.5.0 on.
const DefaultGatewayAPIVersion = "1.6.0"

// gatewayAPI are the kinds of the standard channel of that version, one a line, without descriptions, so that a synth has
// nothing to parse. They are of the Go module sigs.k8s.io/gateway-api (config/crd/standard).
//
//go:generate go test -run TestGatewayKindsAreUpstreams -update
//go:embed crds/gateway-api-1.6.0.jsonl
var gatewayAPI string

// GatewayAPIProps are the choices of a [GatewayAPI]. Cluster is required.
type GatewayAPIProps struct {
	// Cluster is where the kinds go. It needs a kubectl layer (ipv6eks.ClusterProps.Kubectl).
	Cluster *ipv6eks.Cluster

	// Version is the Gateway API's version.
	// Default: DefaultGatewayAPIVersion.
	Version string

	// CRDs are the kinds of Version, if it is not DefaultGatewayAPIVersion: those of standard-install.yaml of that release, which
	// [ParseCRDs] reads.
	// Default: the standard channel of DefaultGatewayAPIVersion.
	CRDs []map[string]any
}

// GatewayAPI is the kinds (CustomResourceDefinitions) of the Gateway API's standard channel, gateway.networking.k8s.io, which
// are not the controller's alone. It makes custom resources that apply them, and update them with Version. They stay when the
// stack goes: deleting a kind deletes all its objects in the cluster, other people's too.
//
// Make it before the controller, and give it to that (ControllerProps.GatewayAPI): the controller looks for the kinds when it
// starts. The release's admission policy safe-upgrades is left out: it would refuse the older kinds that a deployment that
// fails goes back to.
type GatewayAPI struct {
	// Construct is the scope that all parts are made in. What needs the kinds depends on it.
	Construct constructs.Construct
	// Version is the Gateway API's version.
	Version string
}

func (p *GatewayAPIProps) withDefaults() GatewayAPIProps {
	out := jsiix.Value(p)
	if out.Version == "" {
		out.Version = DefaultGatewayAPIVersion
	}
	return out
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK, and leaves Cluster to [NewGatewayAPI].
func (p *GatewayAPIProps) Validate() error {
	var bad problems.List
	p.withDefaults().check(&bad)
	return bad.Err()
}

// bundleVersion is the annotation by which each kind says of which release it is.
// Source: https://gateway-api.sigs.k8s.io/concepts/versioning/
const bundleVersion = "gateway.networking.k8s.io/bundle-version"

// check is Validate of choices with every default written out.
func (p GatewayAPIProps) check(bad *problems.List) {
	v := canonical(p.Version)
	switch {
	case !semver.IsValid(v):
		bad.Add("Version", "%q: want a version such as %s", p.Version, DefaultGatewayAPIVersion)
	case p.CRDs == nil && v != canonical(DefaultGatewayAPIVersion):
		bad.Add("Version", "%s: its kinds are not known here: want %s, or the kinds of that release in CRDs (ParseCRDs reads its standard-install.yaml)", p.Version, DefaultGatewayAPIVersion)
	case p.CRDs != nil && len(p.CRDs) == 0:
		bad.Add("CRDs", "none: want kinds, or no GatewayAPI where somebody else applies them")
	}
	for i, c := range p.CRDs {
		here := bad.At("CRDs", i)
		checkCRDs(here, "", []map[string]any{c})
		meta, _ := c["metadata"].(map[string]any)
		notes, _ := meta["annotations"].(map[string]any)
		if of, _ := notes[bundleVersion].(string); of != "" && semver.IsValid(v) && canonical(of) != v {
			here.Add("", "%v is of version %s: want %s, as Version says, or Version %s", meta["name"], of, p.Version, strings.TrimPrefix(of, "v"))
		}
	}
}

// NewGatewayAPI applies the kinds of the Gateway API. It panics with the error of [GatewayAPIProps.Validate] and the construct's
// path, as every CDK construct panics on bad properties.
func NewGatewayAPI(scope constructs.Construct, id string, props *GatewayAPIProps) *GatewayAPI {
	p := props.withDefaults()
	var bad problems.List
	p.check(&bad)
	switch {
	case p.Cluster == nil:
		bad.Add("Cluster", "missing: want a cluster of ipv6eks.NewCluster")
	case !p.Cluster.HasKubectl():
		bad.Add("Cluster", "it has no kubectl layer, which kinds are applied with: want ipv6eks.ClusterProps.Kubectl, for example kubectllayer.New(…)")
	}
	if err := bad.Err(); err != nil {
		panic(fmt.Errorf("lbc.NewGatewayAPI %s/%s: %w", *scope.Node().Path(), id, err))
	}
	g := &GatewayAPI{Construct: constructs.NewConstruct(scope, jsiix.Str(id)), Version: strings.TrimPrefix(p.Version, "v")}
	for i, objects := range portions(p.objects()) {
		part := constructs.NewConstruct(g.Construct, jsiix.Str(fmt.Sprintf("CRDs%d", i+1)))
		applyCRDs(part, p.Cluster, objects)
	}
	return g
}

// AtLeast tells whether the Gateway API's version is the given one, such as 1.6.0, or later.
func (g *GatewayAPI) AtLeast(version string) bool {
	return semver.Compare(canonical(g.Version), canonical(version)) >= 0
}

// objects are the kinds, each as JSON.
func (p GatewayAPIProps) objects() []string {
	if p.CRDs == nil {
		return strings.Split(strings.TrimSuffix(gatewayAPI, "\n"), "\n")
	}
	var out []string
	for _, c := range p.CRDs {
		text, _ := json.Marshal(c) // Validate has tried
		out = append(out, string(text))
	}
	return out
}

// portion is how much one resource applies: an update sends a function what was and what will be.
const portion = maxCRDs / 2

// portions are JSON lists of objects, in their order, each within a portion. A kind may move from one to another: they are
// applied over what is there, and none is deleted.
func portions(objects []string) (out []string) {
	var list []string
	size := 0
	flush := func() {
		if len(list) > 0 {
			out = append(out, "["+strings.Join(list, ",")+"]")
		}
		list, size = nil, 0
	}
	for _, o := range objects {
		if size+len(o) > portion {
			flush()
		}
		list, size = append(list, o), size+len(o)+1
	}
	flush()
	return out
}

// ParseCRDs reads the CustomResourceDefinitions of YAML text, such as a release's standard-install.yaml, and leaves out their
// descriptions, which are most of it, and whatever else is there. The error says what is no YAML, or that there are none.
func ParseCRDs(text []byte) ([]map[string]any, error) {
	var out []map[string]any
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096); ; {
		var o map[string]any
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("lbc.ParseCRDs: %w", err)
		}
		if o["kind"] == "CustomResourceDefinition" {
			out = append(out, withoutDescriptions(o).(map[string]any))
		}
	}
	if len(out) == 0 {
		return nil, errors.New("lbc.ParseCRDs: no CustomResourceDefinition in it")
	}
	return out, nil
}

// withoutDescriptions drops the text of schemas. A property that is called description is a schema, not a text.
func withoutDescriptions(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["description"].(string); ok {
			delete(v, "description")
		}
		for k, e := range v {
			v[k] = withoutDescriptions(e)
		}
	case []any:
		for i, e := range v {
			v[i] = withoutDescriptions(e)
		}
	}
	return v
}
