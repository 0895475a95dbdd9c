package test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
	"github.com/eks-ipv6/cdk/stacks"
)

// interops are the stacks of the VPC boundary that are golden, as examples/interop builds them with the named context:
// join, and where they differ from its default clientKind, clientCidr and clientDualStack.
var interops = map[string]*stacks.InteropProps{
	"InteropPeering":        {Clients: stacks.ClientProps{Kind: stacks.ClientIPv4Cluster}},
	"InteropTransitGateway": {Join: stacks.JoinTransitGateway, Clients: stacks.ClientProps{DualStack: true}},
	"InteropPrivateLink":    {Join: stacks.JoinPrivateLink, Clients: stacks.ClientProps{Cidr: netip.MustParsePrefix("10.0.0.0/16")}},
	"InteropSameVpc":        {Join: stacks.JoinSameVpc},
	"InteropIpv6Clusters":   {Join: stacks.JoinTransitGateway, Clients: stacks.ClientProps{Kind: stacks.ClientIPv6Cluster}},
}

func init() {
	for name, props := range interops {
		reference[name] = func(app awscdk.App) { stacks.NewInterop(app, name, props) }
	}
}

// every is each join with each kind of clients that it takes.
func every() map[string]*stacks.InteropProps {
	out := map[string]*stacks.InteropProps{}
	for _, j := range stacks.Joins() {
		for _, k := range stacks.ClientKinds() {
			for _, dual := range []bool{false, true} {
				p := &stacks.InteropProps{Join: j, Clients: stacks.ClientProps{Kind: k, DualStack: dual}}
				if j == stacks.JoinPrivateLink {
					p.Clients.Cidr = netip.MustParsePrefix("10.0.0.0/16")
				}
				if p.Validate() == nil {
					out[fmt.Sprintf("%v, %v, dual-stack %v", j, k, dual)] = p
				}
			}
		}
	}
	return out
}

// Whatever the join and the clients, the flows across the boundary pass, and nothing is open to everybody.
func TestInteropDelivers(t *testing.T) {
	all := every()
	if len(all) != 19 {
		t.Errorf("%d combinations, want 6 for each of three joins and 1 in the same VPC", len(all))
	}
	for name, props := range all {
		tpl := synth(t, func(app awscdk.App) { stacks.NewInterop(app, "I", props) })["I"]
		checkSecurityGroups(t, name, tpl)
		if strings.Contains(string(tpl.text), "arn:aws:") {
			t.Errorf("%s: a literal partition", name)
		}
		network, err := flow.Read(name, tpl.text)
		if err != nil {
			t.Fatal(err)
		}
		report := network.Check()
		if !report.OK() || len(report.Unmodelled) > 0 || len(report.Problems) > 0 {
			t.Errorf("%s: %v %v\n%s", name, report.Unmodelled, report.Problems, render.Text(report, render.TextOptions{}))
		}
		across := map[stacks.Join]string{stacks.JoinPeering: "F13", stacks.JoinTransitGateway: "F13", stacks.JoinPrivateLink: "F15", stacks.JoinSameVpc: "F11"}[props.Join]
		if props.Clients.Kind == stacks.ClientIPv6Cluster && props.Join != stacks.JoinPrivateLink {
			across = "F12"
		}
		found := false
		for _, r := range report.Results {
			found = found || r.ID == across
		}
		if !found {
			t.Errorf("%s: %s does not apply", name, across)
		}
		bridge, _ := tpl.find(t, "AWS::ElasticLoadBalancingV2::LoadBalancer", "Scheme", "internal")
		port := uint16(80)
		for _, subnet := range clientSubnets(tpl) {
			tr, err := network.Trace(flow.Query{From: flow.Subnet(subnet), To: flow.Resource(bridge), Port: port})
			six := props.Clients.DualStack && (props.Join == stacks.JoinPeering || props.Join == stacks.JoinTransitGateway)
			switch {
			case err != nil:
				t.Errorf("%s: %v", name, err)
			case props.Join == stacks.JoinPrivateLink && tr.Verdict.OK():
				t.Errorf("%s: %s reaches the load balancer itself, and not by an endpoint only", name, subnet)
			case props.Join != stacks.JoinPrivateLink && tr.Verdict != flow.Delivered:
				t.Errorf("%s:\n%s", name, render.TraceText(tr, render.TextOptions{}))
			case six && tr.Hops[0].FamilyIn() != flow.IPv6:
				t.Errorf("%s: dual-stack clients do not use IPv6", name)
			}
		}
	}
}

// clientSubnets are the private subnets of the clients' VPC.
func clientSubnets(tpl template) []string {
	var out []string
	for _, id := range tpl.of("AWS::EC2::Subnet") {
		if strings.HasPrefix(id, "ClientNetwork") && !strings.Contains(id, "Public") {
			out = append(out, id)
		}
	}
	return out
}

// The bridge must be registered after everything that it and the controller need, and be deleted before it.
func TestInteropOrder(t *testing.T) {
	tpl := synth(t, reference["InteropPrivateLink"])["InteropPrivateLink"]
	binding, _ := tpl.manifestOf(t, "TargetGroupBinding", "echo-80-to-8080")
	chart, _ := tpl.one(t, "Custom::AWSCDK-EKS-HelmChart")
	targets, _ := tpl.one(t, "AWS::ElasticLoadBalancingV2::TargetGroup")
	listener, _ := tpl.one(t, "AWS::ElasticLoadBalancingV2::Listener")
	namespace, _ := tpl.find(t, "Custom::AWSCDK-EKS-KubernetesResource", "Manifest", `\"Namespace\"`)
	for _, before := range []string{chart, targets, listener, namespace} {
		if !tpl.waitsFor(binding, before) {
			t.Errorf("the binding does not wait for %s", before)
		}
	}
	endpoint, e := tpl.find(t, "AWS::EC2::VPCEndpoint", "VpcEndpointType", "Interface")
	permissions, _ := tpl.one(t, "AWS::EC2::VPCEndpointServicePermissions")
	if !tpl.waitsFor(endpoint, permissions) {
		t.Error("the endpoint does not wait for the permission to make it")
	}
	if _, nlb := tpl.one(t, "AWS::ElasticLoadBalancingV2::LoadBalancer"); !strings.Contains(js(nlb.Properties["LoadBalancerAttributes"]), `{"Key":"load_balancing.cross_zone.enabled","Value":"true"}`) {
		t.Errorf("an endpoint in a zone without Pods reaches none: %s", js(nlb.Properties["LoadBalancerAttributes"]))
	}
	if e.Properties["IpAddressType"] != "ipv4" {
		t.Errorf("the endpoint of an IPv4 VPC is %v", e.Properties["IpAddressType"])
	}
	_, s := tpl.one(t, "AWS::EC2::VPCEndpointService")
	if js(s.Properties["SupportedIpAddressTypes"]) != `["ipv4","ipv6"]` {
		t.Errorf("the service takes %s", js(s.Properties["SupportedIpAddressTypes"]))
	}
}

// Routes of both families lead both ways, from every private table, and wait for the attachments.
func TestInteropTransitGatewayRoutes(t *testing.T) {
	props := *interops["InteropTransitGateway"]
	props.Network = dualstack.VpcProps{Azs: 3, IsolatedSubnets: true}
	tpl := synth(t, func(app awscdk.App) { stacks.NewInterop(app, "I", &props) })["I"]
	four, six := 0, 0
	for _, id := range tpl.of("AWS::EC2::Route") {
		r := tpl.Resources[id]
		if r.Properties["TransitGatewayId"] == nil {
			continue
		}
		if r.Properties["DestinationCidrBlock"] != nil {
			four++
		} else if r.Properties["DestinationIpv6CidrBlock"] != nil {
			six++
		}
		for _, a := range tpl.of("AWS::EC2::TransitGatewayAttachment") {
			if !tpl.waitsFor(id, a) {
				t.Errorf("%s does not wait for %s", id, a)
			}
		}
	}
	if four != 9 || six != 9 {
		t.Errorf("%d IPv4 and %d IPv6 routes, want one for each private and isolated table of three zones on the one side and each private one on the other", four, six)
	}
	for _, a := range tpl.of("AWS::EC2::TransitGatewayAttachment") {
		if r := tpl.Resources[a]; r.at("Options", "Ipv6Support") != "enable" || len(r.Properties["SubnetIds"].([]any)) != 3 {
			t.Errorf("%s: %s", a, js(r.Properties))
		}
	}
}

// A further zone must move no subnet of the clients.
func TestInteropClientSubnetsStay(t *testing.T) {
	build := func(azs int) template {
		p := &stacks.InteropProps{Network: dualstack.VpcProps{Azs: azs}, Clients: stacks.ClientProps{Kind: stacks.ClientIPv4Cluster}}
		return synth(t, func(app awscdk.App) { stacks.NewInterop(app, "I", p) })["I"]
	}
	two, three := build(2), build(3)
	n := 0
	for _, id := range two.of("AWS::EC2::Subnet") {
		if strings.HasPrefix(id, "ClientNetwork") {
			n++
			if a, b := two.Resources[id].Properties["CidrBlock"], three.Resources[id].Properties["CidrBlock"]; a != b {
				t.Errorf("%s: %v becomes %v", id, a, b)
			}
		}
	}
	if n != 4 || len(clientSubnets(three)) != 3 {
		t.Errorf("%d subnets of clients in two zones, %d private ones in three", n, len(clientSubnets(three)))
	}
}

func TestInteropRefuses(t *testing.T) {
	mustPanic(t, func() {
		app, _ := newApp(t)
		stacks.NewInterop(app, "I", &stacks.InteropProps{Clients: stacks.ClientProps{Cidr: netip.MustParsePrefix("10.0.128.0/20")}})
	}, "stacks.NewInterop I: Clients.Cidr: 10.0.128.0/20 overlaps 10.0.0.0/16 of Network")
}

// What is given of the bridge without a Service is the echo's.
func TestInteropEchoElsewhere(t *testing.T) {
	tpl := synth(t, func(app awscdk.App) {
		stacks.NewInterop(app, "I", &stacks.InteropProps{Bridge: expose.BoundNLBProps{Namespace: "demo", Ports: []expose.BoundPort{{Port: 8000}}}})
	})["I"]
	_, binding := tpl.manifestOf(t, "TargetGroupBinding", "echo-8000-to-8080")
	_, echo := tpl.manifestOf(t, "Deployment", "echo")
	_, listener := tpl.one(t, "AWS::ElasticLoadBalancingV2::Listener")
	_, targets := tpl.one(t, "AWS::ElasticLoadBalancingV2::TargetGroup")
	for what, ok := range map[string]bool{
		"the binding is in demo":      (resource{Properties: binding}).at("metadata", "namespace") == "demo",
		"the echo is in demo":         (resource{Properties: echo}).at("metadata", "namespace") == "demo",
		"the binding is for port 80":  (resource{Properties: binding}).at("spec", "serviceRef", "port") == 80.0,
		"clients connect to 8000":     listener.Properties["Port"] == 8000.0,
		"targets are the echo's port": targets.Properties["Port"] == 8080.0,
	} {
		if !ok {
			t.Errorf("not so: %s:\n%s\n%s", what, js(binding), js(listener.Properties))
		}
	}
}

func TestInteropOwnService(t *testing.T) {
	props := &stacks.InteropProps{
		Stack:  awscdk.StackProps{Description: jsiix.Str("own")},
		Bridge: expose.BoundNLBProps{Service: "shop", Namespace: "shop", Ports: []expose.BoundPort{{Port: 443, TargetPort: 8443}}},
	}
	tpl := synth(t, func(app awscdk.App) { stacks.NewInterop(app, "I", props) })["I"]
	tpl.manifestOf(t, "TargetGroupBinding", "shop-443-to-8443")
	if ids := tpl.of("Custom::AWSCDK-EKS-KubernetesResource"); len(ids) != 2 {
		t.Errorf("manifests %v, want the binding alone, and the controller's kinds", ids)
	}
	_, targets := tpl.one(t, "AWS::ElasticLoadBalancingV2::TargetGroup")
	if targets.Properties["Port"] != 8443.0 || targets.Properties["IpAddressType"] != "ipv6" || targets.Properties["TargetType"] != "ip" {
		t.Errorf("%s", js(targets.Properties))
	}
}
