package rules_test

import (
	cmp2 "cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/internal/behind"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/internal/network"
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
	findings, err := rules.Check(behind.Flow(network.Read(set)).(*flow.Network), rules.Options{Today: today})
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
	for _, name := range []string{"good.yaml", "auto.yaml", "more.yaml"} {
		for _, f := range check(t, cfn.Options{}, name, read(t, "testdata/"+name)) {
			t.Errorf("%s: %s", name, f)
		}
	}
}

// TestReferenceStacks wants nothing found in the stacks that this module makes.
func TestReferenceStacks(t *testing.T) {
	t.Parallel()
	templates, err := filepath.Glob("../../test/testdata/templates/*.json")
	if err != nil || len(templates) < 3 {
		t.Fatalf("%d golden templates, %v", len(templates), err)
	}
	for _, file := range templates {
		apart := filepath.Base(file) == "Ipv6Cluster.json" // from its network, which is Ipv6Network.json
		for _, f := range check(t, cfn.Options{}, filepath.Base(file), read(t, file)) {
			if apart && f.ID == "W55" {
				apart = false
				continue
			}
			t.Errorf("%s: %s", filepath.Base(file), f)
		}
		if apart {
			t.Error("nothing is said of the network that Ipv6Cluster.json is without")
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

// CDK's older cluster construct is a custom resource with the API's own spelling.
func TestOlderCluster(t *testing.T) {
	t.Parallel()
	const text = `
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, AvailabilityZone: a}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24, AvailabilityZone: b}}
  Cluster:
    Type: Custom::AWSCDK-EKS-Cluster
    Properties:
      Config:
        version: "1.35"
        kubernetesNetworkConfig: {ipFamily: ipv6, serviceIpv4Cidr: 172.20.0.0/16}
        resourcesVpcConfig: {subnetIds: [!Ref A, !Ref B], endpointPublicAccess: false, endpointPrivateAccess: true}
`
	golden.Keep(t, golden.Kept{Text: text})
	var got []string
	for _, f := range check(t, cfn.Options{}, "t", text) {
		got = append(got, f.ID+" "+f.Path)
	}
	want := []string{
		"V01 Resources.Vpc",
		"V05 Resources.Cluster.Properties.Config.kubernetesNetworkConfig.serviceIpv4Cidr",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
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
		`acknowledge "W99": no rule has this id; wanted V01 to V86 or W01 to W55`: {ID: "W99", Reason: "x"},
		`acknowledge "w05": no rule has this id; wanted V01 to V86 or W01 to W55`: {ID: "w05", Reason: "x"},
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
	golden.Keep(t, golden.Kept{Base: "good.yaml", Text: text})
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
	for i := range 86 {
		if v := fmt.Sprintf("V%02d", i+1); !seen[v] {
			t.Errorf("there is no %s", v)
		}
	}
	for i := range 54 {
		if w := fmt.Sprintf("W%02d", i+1); !seen[w] {
			t.Errorf("there is no %s", w)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, bench := range []struct{ name, text string }{
		{"good.yaml", read(b, "testdata/good.yaml")},
		{"subnets=100", wide(100)},
		{"subnets=1000", wide(1000)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "t", Data: []byte(bench.text)})
			if err != nil {
				b.Fatal(err)
			}
			network := behind.Flow(network.Read(set)).(*flow.Network)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rules.Check(network, rules.Options{Today: today}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestLinear: four times the subnets are four times the work, as what is allocated shows. Not parallel: the other tests allocate too.
func TestLinear(t *testing.T) {
	allocated := func(subnets int) uint64 {
		set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "t", Data: []byte(wide(subnets))})
		if err != nil {
			t.Fatal(err)
		}
		network := behind.Flow(network.Read(set)).(*flow.Network)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := rules.Check(network, rules.Options{Today: today}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	few, many := allocated(60), allocated(240)
	if float64(many) > 4.6*float64(few) {
		t.Errorf("all rules allocate %d bytes for 60 subnets and %d for 240: %.1f times as much", few, many, float64(many)/float64(few))
	}
	t.Logf("%.2f times", float64(many)/float64(few))
}

// wide is a cluster whose nodes run in n subnets, each with a route table and two routes of its own.
func wide(n int) string {
	var b, ids strings.Builder
	b.WriteString(`{"Resources": {
"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/8", "EnableDnsSupport": true, "EnableDnsHostnames": true}},
"Block": {"Type": "AWS::EC2::VPCCidrBlock", "Properties": {"VpcId": {"Ref": "Vpc"}, "Ipv6IpamPoolId": "ipam-pool-1", "Ipv6NetmaskLength": 52}},
"Eigw": {"Type": "AWS::EC2::EgressOnlyInternetGateway", "Properties": {"VpcId": {"Ref": "Vpc"}}},
"Nat": {"Type": "AWS::EC2::NatGateway", "Properties": {"AvailabilityMode": "regional", "VpcId": {"Ref": "Vpc"}}}`)
	for i := range n {
		fmt.Fprintf(&b, `,
"S%[1]d": {"Type": "AWS::EC2::Subnet", "DependsOn": "Block", "Properties": {"VpcId": {"Ref": "Vpc"}, "AvailabilityZone": "z%[4]d", "CidrBlock": "10.%[2]d.%[3]d.0/24", "AssignIpv6AddressOnCreation": true, "Ipv6CidrBlock": "2001:db8:%[1]x::/64"}},
"T%[1]d": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
"A%[1]d": {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": {"RouteTableId": {"Ref": "T%[1]d"}, "SubnetId": {"Ref": "S%[1]d"}}},
"F%[1]d": {"Type": "AWS::EC2::Route", "Properties": {"RouteTableId": {"Ref": "T%[1]d"}, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": {"Ref": "Nat"}}},
"X%[1]d": {"Type": "AWS::EC2::Route", "Properties": {"RouteTableId": {"Ref": "T%[1]d"}, "DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": {"Ref": "Eigw"}}}`, i, i/256, i%256, i%6)
		if i > 0 {
			ids.WriteString(", ")
		}
		fmt.Fprintf(&ids, `{"Ref": "S%d"}`, i)
	}
	fmt.Fprintf(&b, `,
"Cluster": {"Type": "AWS::EKS::Cluster", "Properties": {"RoleArn": "r", "KubernetesNetworkConfig": {"IpFamily": "ipv6"}, "ResourcesVpcConfig": {"SubnetIds": [%[1]s], "EndpointPrivateAccess": true, "EndpointPublicAccess": false}}},
"Nodes": {"Type": "AWS::EKS::Nodegroup", "Properties": {"ClusterName": {"Ref": "Cluster"}, "NodeRole": "r", "Subnets": [%[1]s]}}}}`, ids.String())
	return b.String()
}

// A break in one of two stacks that share a name is found, whichever it is.
func TestStacksOfOneName(t *testing.T) {
	t.Parallel()
	good := read(t, "testdata/good.yaml")
	broken := strings.Replace(good, "IpFamily: ipv6", "IpFamily: ipv6, ServiceIpv4Cidr: 172.20.0.0/16", 1)
	if broken == good {
		t.Fatal("testdata/good.yaml has no IpFamily: ipv6")
	}
	for _, bad := range []int{0, 1} {
		texts := []string{good, good}
		texts[bad] = broken
		golden.Keep(t, golden.Kept{Base: "good.yaml", Sources: []golden.Source{{Name: "dev/eks.yaml", Text: texts[0]}, {Name: "prod/eks.yaml", Text: texts[1]}}})
		set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "dev/eks.yaml", Data: []byte(texts[0])}, cfn.Source{Name: "prod/eks.yaml", Data: []byte(texts[1])})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range checkSet(t, set) {
			got = append(got, f.ID+" "+f.Stack)
		}
		want := []string{[]string{"V05 dev/eks.yaml", "V05 prod/eks.yaml"}[bad]}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("with the break in stack %d:\n%s", bad, diff)
		}
	}
}
