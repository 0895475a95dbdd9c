package synthcheck

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/google/go-cmp/cmp"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/preflight/rules"
)

// What needs CDK's kernel is tested in the test folder; CDK's structs do not.

// context is what CDK hands to the plugin.
type context struct{ templates []string }

func (context) AccountId() *string                  { return nil }
func (context) AppConstruct() constructs.IConstruct { return nil }
func (context) Region() *string                     { return nil }
func (c context) TemplatePaths() *[]*string         { return jsiix.Strs(c.templates) }
func (c context) StackTemplates() *[]*awscdk.PolicyValidationStack {
	if c.templates == nil {
		panic("the kernel is gone")
	}
	var out []*awscdk.PolicyValidationStack
	for _, t := range c.templates {
		out = append(out, &awscdk.PolicyValidationStack{TemplatePath: jsiix.Str(t), StackConstructPath: jsiix.Str("P")})
	}
	return &out
}

// assembly writes the platform, changed by edit, as the only stack of a cloud assembly.
func assembly(t testing.TB, edit func(resources map[string]map[string]any)) context {
	t.Helper()
	text, err := os.ReadFile("../../test/testdata/templates/Ipv6Platform.json")
	if err != nil {
		t.Fatal(err)
	}
	var template map[string]any
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	resources := map[string]map[string]any{}
	for id, r := range template["Resources"].(map[string]any) {
		resources[id] = r.(map[string]any)
	}
	edit(resources)
	template["Resources"] = resources
	if text, err = json.Marshal(template); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"manifest.json":   []byte(`{"version":"48.0.0","artifacts":{"P":{"type":"aws:cloudformation:stack","properties":{"templateFile":"P.template.json"}}}}`),
		"P.template.json": text,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return context{[]string{filepath.Join(dir, "P.template.json")}}
}

// one are the properties of a resource whose logical id begins with prefix and that has the property.
func one(resources map[string]map[string]any, prefix, property string) map[string]any {
	for id, r := range resources {
		if p, ok := r["Properties"].(map[string]any); ok && strings.HasPrefix(id, prefix) && p[property] != nil {
			return p
		}
	}
	panic("no " + prefix + " with " + property)
}

// aFlow is a violation that is about a flow.
var aFlow = regexp.MustCompile(`^[a-z]+\|[FX][0-9]+ `)

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit    func(map[string]map[string]any)
		success bool
		want    []string // severity, begin of the description, part of the fix, begin of the logical id
		others  bool     // rules find it too
	}{
		"sound": {func(map[string]map[string]any) {}, true, nil, false},
		"no IPv4 route": {func(r map[string]map[string]any) {
			one(r, "NetworkPrivateSubnet2DefaultRoute", "DestinationCidrBlock")["DestinationCidrBlock"] = "192.0.2.0/24"
		}, false, []string{
			"error|F4 Pod to an IPv4 internet host: |route 0.0.0.0/0 in this table to a NAT gateway|NetworkPrivateSubnet2RouteTable",
			"error|V57 the image public.ecr.aws/eks/aws-load-balancer-controller |dual-stack name|LoadBalancerControllerChart", // and what it costs
			"error|V58 the nodes |route 0.0.0.0/0|ClusterNodes",
		}, true},
		"IPv6 to the internet gateway": {func(r map[string]map[string]any) {
			route := one(r, "NetworkPrivateSubnet1DefaultRoute", "DestinationIpv6CidrBlock")
			delete(route, "EgressOnlyInternetGatewayId")
			route["GatewayId"] = map[string]any{"Ref": "NetworkIGW094D9CE3"}
			r["Open"] = map[string]any{"Type": "AWS::EC2::SecurityGroupIngress", "Properties": map[string]any{
				"GroupId":    map[string]any{"Fn::GetAtt": []any{"ClusterC2E21B66", "ClusterSecurityGroupId"}},
				"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv6": "::/0",
			}}
		}, false, []string{"error|X1 IPv6 internet host directly to a Pod: internet6 → pod:any@…: Delivered, and must be refused|egress-only internet gateway, and open no port|ClusterNodes"}, true},
		"no answer known": {func(r map[string]map[string]any) {
			route := one(r, "NetworkPrivateSubnet1DefaultRoute", "DestinationIpv6CidrBlock")
			route["EgressOnlyInternetGatewayId"] = map[string]any{"Fn::ImportValue": "Gateway"}
		}, true, []string{"warning|F3 Pod to an IPv6 internet host: ||NetworkPrivateSubnet1RouteTable"}, true},
		"a network that is not seen": {func(r map[string]map[string]any) {
			text, _ := json.Marshal(r)
			for id, res := range r {
				if res["Type"] == "AWS::EC2::Subnet" {
					text = []byte(strings.ReplaceAll(string(text), `{"Ref":"`+id+`"}`, `"subnet-`+id+`"`))
				}
			}
			clear(r)
			_ = json.Unmarshal(text, &r)
		}, true, []string{"warning|W55 cluster ClusterC2E21B66 is in subnets |give the template of the network|ClusterC2E21B66"}, true},
		"not modelled": {func(r map[string]map[string]any) {
			r["Firewall"] = map[string]any{"Type": "AWS::NetworkFirewall::Firewall", "Properties": map[string]any{"FirewallName": "f"}}
		}, true, []string{"info|not-modelled AWS::NetworkFirewall::Firewall may decide over packets||Firewall"}, false},
		"manifest not JSON": {func(r map[string]map[string]any) {
			r["Broken"] = map[string]any{"Type": "Custom::AWSCDK-EKS-KubernetesResource", "Properties": map[string]any{
				"Manifest": "{", "ClusterName": map[string]any{"Ref": "ClusterC2E21B66"},
			}}
		}, true, []string{"warning|not-readable ||Broken"}, false},
		"no template": {func(r map[string]map[string]any) {
			one(r, "NetworkPrivateSubnet1Subnet", "VpcId")["VpcId"] = map[string]any{"Ref": "Nowhere"}
		}, false, []string{"fatal|not-readable Resources.NetworkPrivateSubnet1SubnetC4D46731.Properties.VpcId.Ref: ||NetworkPrivateSubnet1Subnet"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := (&plugin{today: time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)}).Validate(assembly(t, c.edit))
			if *report.Success != c.success {
				t.Errorf("success %v, want %v", *report.Success, c.success)
			}
			var rest []string
			for _, v := range *report.Violations {
				at := (*v.ViolatingResources)[0]
				got := strings.Join([]string{*v.Severity, *v.Description, jsiix.Value(v.Fix), jsiix.Value(at.ResourceLogicalId)}, "|")
				i := slices.IndexFunc(c.want, func(w string) bool { return matches(got, w) })
				if i < 0 {
					rest = append(rest, got)
					continue
				}
				c.want = slices.Delete(c.want, i, i+1)
			}
			if len(c.want) > 0 {
				t.Errorf("no violation with %q among\n%s", c.want, strings.Join(rest, "\n"))
			}
			if flows := slices.DeleteFunc(slices.Clone(rest), func(v string) bool { return !aFlow.MatchString(v) }); name == "a network that is not seen" && len(flows) > 0 {
				t.Errorf("flows of a network that is not seen:\n%s", strings.Join(flows, "\n"))
			}
			if !c.others && len(rest) > 0 {
				t.Errorf("more than wanted:\n%s", strings.Join(rest, "\n"))
			}
		})
	}
}

// matches compares part by part; … stands for anything in a description.
func matches(got, want string) bool {
	g, w := strings.Split(got, "|"), strings.Split(want, "|")
	begin, end, _ := strings.Cut(w[1], "…")
	return g[0] == w[0] && strings.HasPrefix(g[1], begin) && strings.Contains(g[1], end) && strings.Contains(g[2], w[2]) && strings.HasPrefix(g[3], w[3])
}

// TestValidateNeverPanics wants a violation that nobody can acknowledge, and not success.
func TestValidateNeverPanics(t *testing.T) {
	t.Parallel()
	report := (&plugin{}).Validate(context{})
	v := *report.Violations
	if *report.Success || len(v) != 1 || *v[0].Severity != severityFatal || !strings.Contains(*v[0].Description, "please report it: the kernel is gone") {
		t.Errorf("got %+v", report)
	}
}

func TestManyFailuresAreCut(t *testing.T) {
	t.Parallel()
	report := (&plugin{}).Validate(assembly(t, func(r map[string]map[string]any) {
		for _, res := range r {
			res["DependsOn"] = "Nowhere"
		}
	}))
	v := *report.Violations
	if len(v) != maxFailures+1 || !strings.HasSuffix(*v[maxFailures].Description, " more") {
		t.Errorf("%d violations", len(v))
	}
}

func TestAssemblies(t *testing.T) {
	t.Parallel()
	got := assemblies([]string{"/o/assembly-B/x.json", "/o/a.json", "/o/b.json", "/o/assembly-A/y.json", "/o-2/z.json"})
	if diff := cmp.Diff([]string{"/o", "/o-2"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	var none *Options
	good := &Options{Acknowledge: []rules.Acknowledge{{ID: "F15", Reason: "r"}, {ID: "X1", Reason: "r"}, {ID: "V01", Reason: "r"}, {ID: notModelled, Reason: "r"}}}
	for _, o := range []*Options{none, {}, good} {
		if err := o.Validate(); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	bad := &Options{Acknowledge: []rules.Acknowledge{{ID: "F16", Reason: "r"}, {ID: "", Reason: "r"}, {ID: "V01", Reason: " "}}, Deployed: []string{"old.json", " "}}
	err := bad.Validate()
	if err == nil || strings.Count(err.Error(), "\n") != 3 || !strings.Contains(err.Error(), "Deployed[1] is empty") || !strings.Contains(err.Error(), `"F16"`) || !strings.Contains(err.Error(), "V01: the reason is missing") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkValidate(b *testing.B) {
	c := assembly(b, func(map[string]map[string]any) {})
	for b.Loop() {
		if r := (&plugin{}).Validate(c); !*r.Success {
			b.Fatal("not sound")
		}
	}
}

// TestOneCause: in a VPC without an IPv6 range much is missing that it alone would mend. It is told once, as an error of the VPC; the flows
// that fail for it are a line each.
func TestOneCause(t *testing.T) {
	t.Parallel()
	report := (&plugin{today: time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)}).Validate(assembly(t, func(r map[string]map[string]any) {
		for id, res := range r {
			props, _ := res["Properties"].(map[string]any)
			switch res["Type"] {
			case "AWS::EC2::VPCCidrBlock":
				delete(r, id)
			case "AWS::EC2::Subnet":
				delete(props, "Ipv6CidrBlock")
				delete(props, "AssignIpv6AddressOnCreation")
			}
			delete(res, "DependsOn")
		}
	}))
	count := map[string]int{}
	long := 0
	for _, v := range *report.Violations {
		if *v.Severity != severityError {
			continue
		}
		count[*v.RuleName]++
		if strings.HasPrefix(*v.RuleName, "F") && !strings.Contains(*v.Description, ": as F1") {
			long++
		}
	}
	if count["V01"] != 1 || count["V02"]+count["V03"]+count["V28"] > 0 || count["F1"] != 1 || count["F3"] != 1 || count["F6"] > 2 || long > 4 {
		t.Errorf("errors %v, %d of flows in full", count, long)
		for _, v := range *report.Violations {
			t.Log(*v.Description)
		}
	}
}
