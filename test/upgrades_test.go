package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/preflight/updates"
	"github.com/eks-ipv6/cdk/stacks"
)

const (
	oldKubernetes, newKubernetes = "1.35", "1.36"
	oldChart, newChart           = "3.4.3", "3.5.0"
)

// upgradeSteps are the deployments of docs/upgrades.md, one after the other, each with what of a platform it changes. The
// page shows each step's difference from the one before, and what it may change is stated here.
var upgradeSteps = []struct {
	name    string
	props   func(*stacks.PlatformProps)
	changes []string // type and properties, sorted: the whole list
}{
	{"before", func(p *pp) {
		p.Cluster.Version, p.Controller.ChartVersion = oldKubernetes, oldChart
	}, nil},
	{"kubectl", func(p *pp) {
		p.Cluster.Version, p.Controller.ChartVersion, p.KubectlVersion = oldKubernetes, oldChart, newKubernetes
	}, []string{"AWS::Lambda::Function Layers", "AWS::Lambda::LayerVersion Description"}},
	{"control plane", func(p *pp) {
		p.Cluster.Version, p.Controller.ChartVersion, p.KubectlVersion = newKubernetes, oldChart, newKubernetes
		p.Nodes.Version = oldKubernetes
		p.Cluster.AddonVersions = pinned(oldKubernetes)
	}, []string{"AWS::EKS::Cluster Version"}},
	{"add-ons", func(p *pp) {
		p.Cluster.Version, p.Controller.ChartVersion, p.KubectlVersion = newKubernetes, oldChart, newKubernetes
		p.Nodes.Version = oldKubernetes
	}, []string{"AWS::EKS::Addon AddonVersion"}},
	{"nodes", func(p *pp) {
		p.Cluster.Version, p.Controller.ChartVersion, p.KubectlVersion = newKubernetes, oldChart, newKubernetes
	}, []string{"AWS::EKS::Nodegroup Version"}},
	{"charts", func(p *pp) {
		p.Cluster.Version, p.Controller.ChartVersion, p.KubectlVersion = newKubernetes, newChart, newKubernetes
	}, []string{"Custom::AWSCDK-EKS-HelmChart Version"}},
}

// pinned are the add-ons of a Kubernetes version that another version would change.
func pinned(kubernetes string) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"coredns", "kube-proxy"} {
		out[name], _ = ipv6eks.AddonVersion(kubernetes, name)
	}
	return out
}

// TestUpgrades plays a Kubernetes upgrade step by step, and keeps the differences in docs/upgrades.md what they are.
func TestUpgrades(t *testing.T) {
	kubectl135 = layerFolder(t)
	const page = "../docs/upgrades.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	out, shown := string(text), 0
	var before *state
	for i, step := range upgradeSteps {
		after := platform(step.props)
		if i > 0 {
			r := update{what: step.name, from: before, to: after}.outcome(t)[0]
			var got []string
			for _, c := range r.Changes {
				if s := c.Type + " " + strings.Join(c.Properties, ", "); !slices.Contains(got, s) {
					got = append(got, s)
				}
				if len(c.Refused) > 0 || c.Kind == updates.Added || c.Kind == updates.Deleted {
					t.Errorf("%s: %s is %v: %v", step.name, c.ID, c.Kind, c.Refused)
				}
			}
			if slices.Sort(got); !slices.Equal(got, step.changes) {
				t.Errorf("%s changes %q, want %q", step.name, got, step.changes)
			}
			block := regexp.MustCompile(`(?s)(<!-- diff: ` + step.name + ` -->\n).*?(<!-- /diff -->)`)
			out = block.ReplaceAllStringFunc(out, func(m string) string {
				shown++
				parts := block.FindStringSubmatch(m)
				return parts[1] + "```diff\n" + difference(properties(t, before), properties(t, after), r) + "```\n" + parts[2]
			})
		}
		before = after
	}
	if shown != len(upgradeSteps)-1 {
		t.Errorf("the page shows %d differences, want %d: each step has one, between <!-- diff: NAME --> and <!-- /diff -->", shown, len(upgradeSteps)-1)
	}
	for name, version := range pinned(oldKubernetes) { // in the text between the differences
		if want := fmt.Sprintf("%q: %q", name, version); !strings.Contains(out, want) {
			t.Errorf("the page does not say %s", want)
		}
	}
	golden.Check(t, page, []byte(out))
}

// difference shows what changes, resource by resource, as a diff with nothing around it.
func difference(before, after map[string]map[string]any, r updates.Stack) string {
	var b strings.Builder
	for _, c := range r.Changes {
		was, is := flat(before[c.ID]), flat(after[c.ID])
		keys := map[string]bool{}
		for _, m := range []map[string]string{was, is} {
			for k := range m {
				keys[k] = true
			}
		}
		fmt.Fprintf(&b, "  %s (%s)\n", c.ID, c.Type)
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			if was[k] == is[k] {
				continue
			}
			if was[k] != "" {
				fmt.Fprintf(&b, "-   %s: %s\n", k, was[k])
			}
			if is[k] != "" {
				fmt.Fprintf(&b, "+   %s: %s\n", k, is[k])
			}
		}
		if c.Kind == updates.Changed && fmt.Sprint(was) == fmt.Sprint(is) {
			fmt.Fprintf(&b, "    %s: refers to what is made anew\n", strings.Join(c.Properties, ", "))
		}
	}
	return b.String()
}

// properties are those of the resources of a platform, by logical id.
func properties(t *testing.T, s *state) map[string]map[string]any {
	t.Helper()
	var template struct {
		Resources map[string]struct{ Properties map[string]any }
	}
	if err := json.Unmarshal(s.texts["Ipv6Platform"], &template); err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]any{}
	for id, r := range template.Resources {
		out[id] = r.Properties
	}
	return out
}

// flat are the values of properties by their paths, as JSON.
func flat(properties map[string]any) map[string]string {
	out := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		if m, ok := v.(map[string]any); ok {
			for k, e := range m {
				walk(strings.TrimPrefix(path+"."+k, "."), e)
			}
			return
		}
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		out[path] = string(assetHash.ReplaceAll(text, []byte("ASSET-HASH")))
	}
	walk("", properties)
	return out
}
