package test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/internal/behind"
	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/rules"
	"github.com/eks-ipv6/cdk/preflight/updates"
	"github.com/eks-ipv6/cdk/stacks"
)

// A state is something that is deployed: the stacks that an app makes, synthesized once for all updates that begin or end
// with it.
type state struct {
	build  func(app awscdk.App)
	adjust func(text string) string // what is known of the deployment, put into the templates
	texts  map[string][]byte        // by stack
	read   *updates.Templates
}

func (s *state) templates(t testing.TB) *updates.Templates {
	t.Helper()
	if s.read != nil {
		return s.read
	}
	s.texts = map[string][]byte{}
	build := func(app awscdk.App) {
		app.Node().SetContext(jsiix.Str("aws:cdk:disable-asset-staging"), true) // templates alone are looked at
		s.build(app)
	}
	for name, tpl := range synth(t, build) {
		text := string(tpl.text)
		if s.adjust != nil {
			text = s.adjust(text)
		}
		if strings.Contains(text, `"Resources"`) { // others are of keys and the like, made elsewhere
			s.texts[name] = []byte(text)
		}
	}
	read, err := updates.Read(s.texts)
	if err != nil {
		t.Fatal(err)
	}
	s.read = read
	return s.read
}

// kubectl135 is a layer that stands for kubectl 1.35, which serves all versions here and is faster than the built-in one.
var kubectl135 string

func withKubectl(w stacks.Workload) stacks.Workload {
	w.KubectlLayerPath, w.KubectlVersion = kubectl135, "1.35"
	return w
}

// platform is a platform with its choices made by change.
func platform(change ...func(*stacks.PlatformProps)) *state {
	return &state{build: func(app awscdk.App) {
		p := &stacks.PlatformProps{}
		p.Workload = withKubectl(p.Workload)
		for _, c := range change {
			c(p)
		}
		stacks.NewPlatform(app, "Ipv6Platform", p)
	}}
}

// with is a platform and what more adds to it.
func with(more func(*stacks.Platform)) *state {
	return &state{build: func(app awscdk.App) {
		more(stacks.NewPlatform(app, "Ipv6Platform", &stacks.PlatformProps{Workload: withKubectl(stacks.Workload{})}))
	}}
}

// exposing is a platform with the echo behind an ALB and an NLB.
func exposing(change func(*stacks.ExposedProps)) *state {
	return &state{build: func(app awscdk.App) {
		p := &stacks.ExposedProps{Inbound: expose.Inbound{Anywhere: true}}
		p.Workload = withKubectl(p.Workload)
		change(p)
		stacks.NewExposed(app, "Ipv6Exposed", p)
	}}
}

// bound is a platform with a load balancer of the stack's own.
func bound(change func(*expose.BoundNLBProps)) *state {
	return with(func(p *stacks.Platform) {
		bp := &expose.BoundNLBProps{Cluster: p.Cluster, Controller: p.Controller, Service: "shop", Ports: []expose.BoundPort{{Port: 443, TargetPort: 8443}}}
		change(bp)
		expose.NewBoundNLB(p.Stack, "Shop", bp)
	})
}

// interop is a platform and clients beyond its boundary.
func interop(change func(*stacks.InteropProps)) *state {
	return &state{build: func(app awscdk.App) {
		p := &stacks.InteropProps{Workload: withKubectl(stacks.Workload{})}
		change(p)
		stacks.NewInterop(app, "Interop", p)
	}}
}

// split is a platform in two stacks.
func split(change func(*stacks.NetworkProps, *stacks.ClusterProps)) *state {
	return &state{build: func(app awscdk.App) {
		n, c := &stacks.NetworkProps{}, &stacks.ClusterProps{Workload: withKubectl(stacks.Workload{})}
		change(n, c)
		c.Network = stacks.NewNetwork(app, "Ipv6Network", n)
		stacks.NewCluster(app, "Ipv6Cluster", c)
	}}
}

// An update is a change that people make to what is deployed.
type update struct {
	what     string // in their words
	from, to *state
	means    string // what they will see
	// args are the context keys of the quickstart that make it, before and after, for the rehearsal; none if it has none.
	args [2]string
	// loses are the kinds of resources, of precious ones, that are replaced or deleted. It is the whole list.
	loses []string
	// refused is a part of why the update fails, or nothing. Where the templates do not show it, stops has all of it.
	refused, stops string
}

// precious are the types that nobody wants to lose by an update of something else, with the names that update.loses has.
var precious = map[string]string{
	"AWS::EC2::VPC": "VPC", "AWS::EC2::VPCCidrBlock": "VPC range", "AWS::EC2::Subnet": "subnet", "AWS::EC2::EIP": "Elastic IP",
	"AWS::EC2::NatGateway": "NAT gateway", "AWS::EC2::InternetGateway": "internet gateway", "AWS::EC2::EgressOnlyInternetGateway": "egress-only gateway",
	"AWS::EC2::SecurityGroup": "security group", "AWS::EC2::VPCEndpoint": "endpoint", "AWS::EC2::VPCEndpointService": "endpoint service",
	"AWS::EC2::VPCPeeringConnection": "peering connection", "AWS::EC2::TransitGateway": "transit gateway", "AWS::EC2::TransitGatewayAttachment": "transit gateway attachment",
	"AWS::EKS::Cluster": "cluster", "AWS::EKS::Nodegroup": "node group", "AWS::EKS::FargateProfile": "Fargate profile", "AWS::EKS::Addon": "add-on",
	"AWS::KMS::Key": "KMS key", "AWS::Logs::LogGroup": "log group", "Custom::LogRetention": "log retention", "AWS::S3::Bucket": "bucket",
	"AWS::ElasticLoadBalancingV2::LoadBalancer": "load balancer", "AWS::ElasticLoadBalancingV2::Listener": "listener", "AWS::ElasticLoadBalancingV2::TargetGroup": "target group",
}

// outcome is what an update does to each stack.
func (u update) outcome(t testing.TB) []updates.Stack {
	t.Helper()
	out, err := updates.Compare(u.from.templates(t), u.to.templates(t))
	if err != nil {
		t.Fatalf("%s: %v", u.what, err)
	}
	return out.Stacks
}

// check holds an update to what it says of itself, whatever the page has.
func (u update) check(t *testing.T, outcome []updates.Stack) {
	t.Helper()
	lost := map[string]bool{}
	var refused []string
	for _, r := range outcome {
		refused = append(refused, texts(r.Refused)...)
		for _, c := range r.Changes {
			if name, ok := precious[c.Type]; ok && (c.Kind == updates.Replaced || c.Kind == updates.Deleted && !c.Kept) {
				lost[name] = true
			}
			refused = append(refused, texts(c.Refused)...)
			if c.Unknown {
				t.Errorf("%s: nothing is known of %s: see TestTypes of preflight/updates", u.what, c.Type)
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(lost)), slices.Sorted(slices.Values(u.loses)); !slices.Equal(got, want) {
		t.Errorf("%s: loses %q, want %q", u.what, got, want)
	}
	if text := strings.Join(refused, "\n"); (text != "") != (u.refused != "") || !strings.Contains(text, u.refused) {
		t.Errorf("%s: refused: %q, want %q in it", u.what, text, u.refused)
	}
	findings, err := rules.Check(behind.Flow(&network.Network{}).(*flow.Network), rules.Options{Today: today, Update: &updates.Update{Stacks: outcome}})
	if err != nil {
		t.Fatal(err)
	}
	errs := slices.DeleteFunc(findings, func(f rules.Finding) bool { return f.Severity != rules.Error })
	if (len(errs) > 0) != (u.refused != "") { // preflight check -deployed refuses what the page says is refused, and nothing else
		t.Errorf("%s: refused: %q, and preflight finds %v", u.what, u.refused, errs)
	}
	if u.means == "" {
		t.Errorf("%s: the page does not say what it means", u.what)
	}
}

func texts(refused []updates.Refusal) (out []string) {
	for _, r := range refused {
		out = append(out, r.Text)
	}
	return out
}

// TestUpdates plays the updates that people make, holds each to what it may lose, and keeps docs/updates.md and
// test/rehearsal/updates.txt what it found.
func TestUpdates(t *testing.T) {
	kubectl135 = layerFolder(t)
	var page updatesPage
	names := map[string]bool{}
	for _, g := range updateGroups() {
		page.group(g)
		for _, u := range g.updates {
			if names[u.what] {
				t.Errorf("%s: two updates of one name", u.what)
			}
			names[u.what] = true
			outcome := u.outcome(t)
			u.check(t, outcome)
			page.row(u, outcome)
		}
	}
	golden.Check(t, "../docs/updates.md", page.text(t))
	golden.Check(t, "rehearsal/updates.txt", page.rehearsal())
}
