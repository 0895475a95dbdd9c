package rules_test

import (
	cmp2 "cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/model"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/rules"
)

// today is a day on which Kubernetes 1.35 is in standard support.
var today = time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)

func check(t testing.TB, opts cfn.Options, name, text string) []rules.Finding {
	t.Helper()
	set, err := cfn.Parse(opts, cfn.Source{Name: name, Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return checkSet(t, set)
}

func checkSet(t testing.TB, set *cfn.Set) []rules.Finding {
	t.Helper()
	findings, err := rules.Check(flow.Of(model.Build(set)), rules.Options{Today: today})
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestGoodTemplates(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"good.yaml", "auto.yaml"} {
		for _, f := range check(t, cfn.Options{}, name, read(t, "testdata/"+name)) {
			t.Errorf("%s: %s", name, f)
		}
	}
}

// Templates in the shape that others write get what is true of them and no more. The lists are the point: a rule that
// fires here for no reason is a bug.
func TestStockTemplates(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		// aws-cdk-lib 2.270, Vpc DUAL_STACK and awseksv2.Cluster IP_V6 with a node group.
		"cdk.json": {
			"W05 ClusterEB0386A7",                            // endpoint open to the world by default
			"W17 ClusterControlPlaneSecurityGroupD274242C",   // allowAllOutbound is IPv4 only
			"W24 ClusterNodegroupngNodeGroupRoleA8B5CF6A",    // the CNI's rights are the nodes'
			"W26 ClusterNodegroupngNodeGroupRoleDefault1234", // and name the partition aws
		},
		// eksctl with ipFamily IPv6 and a managed node group: one NAT gateway, public nodes, hop limit 2.
		"eksctl.yaml": {
			"W04 NATGateway",
			"W05 ControlPlane",
			"W12 LaunchTemplate",
		},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range check(t, cfn.Options{}, name, read(t, "testdata/"+name)) {
				got = append(got, f.ID+" "+f.LogicalID)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAcknowledge(t *testing.T) {
	t.Parallel()
	network, err := flow.Load("testdata/eksctl.yaml")
	if err != nil {
		t.Fatal(err)
	}
	findings, err := rules.Check(network, rules.Options{Today: today, Acknowledge: []rules.Acknowledge{
		{ID: "W04", Reason: "a test cluster"}, {ID: "W12", Reason: "Pods need the metadata"},
	}})
	if err != nil || len(findings) != 1 || findings[0].ID != "W05" {
		t.Errorf("got %v, %v, wanted W05 only", findings, err)
	}
	for want, a := range map[string]rules.Acknowledge{
		`acknowledge "W99": no rule has this id; wanted V01 to V52 or W01 to W33`: {ID: "W99", Reason: "x"},
		`acknowledge "w05": no rule has this id; wanted V01 to V52 or W01 to W33`: {ID: "w05", Reason: "x"},
		"acknowledge W05: the reason is missing; say why this finding is wanted":  {ID: "W05", Reason: " "},
	} {
		if _, err := rules.Check(network, rules.Options{Acknowledge: []rules.Acknowledge{a}}); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// The same network gives the same findings, in the same order.
func TestOrder(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("AssignIpv6AddressOnCreation: true", "", "PodIdentityAssociations", "Unused", "dualstack", "ipv4").Replace(read(t, "testdata/good.yaml"))
	first := check(t, cfn.Options{}, "t", text)
	if len(first) < 10 {
		t.Fatalf("only %d findings", len(first))
	}
	if !slices.IsSortedFunc(first, func(a, b rules.Finding) int {
		return cmp2.Or(cmp2.Compare(a.Severity, b.Severity), cmp2.Compare(a.ID, b.ID))
	}) {
		t.Error("the findings are not sorted")
	}
	for range 5 {
		if diff := cmp.Diff(first, check(t, cfn.Options{}, "t", text)); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestRulesAreWhole(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^[VW]\d\d$`)
	seen := map[string]bool{}
	for _, r := range rules.All() {
		if !id.MatchString(r.ID) || seen[r.ID] {
			t.Errorf("%s: not an id, or not the only one", r.ID)
		}
		seen[r.ID] = true
		if r.Severity != rules.Error && r.Severity != rules.Warning || r.Title == "" || r.Why == "" || r.Fix == "" || !strings.HasPrefix(r.Source, "https://") {
			t.Errorf("%s is not whole: %+v", r.ID, r)
		}
		if strings.HasSuffix(r.Title, ".") || !strings.HasSuffix(r.Why, ".") || strings.HasSuffix(r.Fix, ".") {
			t.Errorf("%s: a title and a fix end without a full stop, a reason with one", r.ID)
		}
		if strings.HasPrefix(r.ID, "W") && r.Severity == rules.Error {
			t.Errorf("%s is an error", r.ID)
		}
	}
	for i := range 52 {
		if v := fmt.Sprintf("V%02d", i+1); !seen[v] {
			t.Errorf("there is no %s", v)
		}
	}
	for i := range 33 {
		if w := fmt.Sprintf("W%02d", i+1); !seen[w] {
			t.Errorf("there is no %s", w)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "good.yaml", Data: []byte(read(b, "testdata/good.yaml"))})
	if err != nil {
		b.Fatal(err)
	}
	network := flow.Of(model.Build(set))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rules.Check(network, rules.Options{Today: today}); err != nil {
			b.Fatal(err)
		}
	}
}
