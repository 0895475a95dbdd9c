package test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/preflighttest"
	"github.com/eks-ipv6/cdk/stacks"
)

var anywhere = expose.Inbound{Anywhere: true}

func init() {
	reference["exposed"] = exposed(&stacks.ExposedProps{Inbound: anywhere})
}

func exposed(props *stacks.ExposedProps) func(awscdk.App) {
	return func(app awscdk.App) { stacks.NewExposed(app, "Ipv6Exposed", props) }
}

// onPlatform builds a platform and something on it, and returns its template.
func onPlatform(t testing.TB, build func(p *stacks.Platform)) template {
	t.Helper()
	return synth(t, func(app awscdk.App) { build(stacks.NewPlatform(app, "P", nil)) })["P"]
}

// objects are the Kubernetes objects that a manifest resource applies.
func (t template) objects(tb testing.TB, id string) []map[string]any {
	tb.Helper()
	text, ok := t.Resources[id].Properties["Manifest"].(string)
	if !ok { // with references in it: their names stand for them
		join := t.Resources[id].at("Manifest", "Fn::Join").([]any)[1].([]any)
		for _, part := range join {
			if s, ok := part.(string); ok {
				text += s
			} else {
				text += "«" + strings.ReplaceAll(js(part), `"`, "'") + "»"
			}
		}
	}
	var out []map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		tb.Fatalf("%s: %v\n%s", id, err, text)
	}
	return out
}

// manifestOf is the manifest resource that applies an object of a kind and name.
func (t template) manifestOf(tb testing.TB, kind, name string) (id string, object map[string]any) {
	tb.Helper()
	for _, id := range t.of("Custom::AWSCDK-EKS-KubernetesResource") {
		for _, o := range t.objects(tb, id) {
			if o["kind"] == kind && o["metadata"].(map[string]any)["name"] == name {
				return id, o
			}
		}
	}
	tb.Fatalf("no manifest applies %s %s", kind, name)
	return "", nil
}

func annotation(o map[string]any, name string) any {
	a, _ := o["metadata"].(map[string]any)["annotations"].(map[string]any)
	return a[name]
}

// The flows from the internet are delivered through load balancers that objects of the template ask for, none assumed.
func TestExposedServesBothFamilies(t *testing.T) {
	tpl := synth(t, reference["exposed"])["Ipv6Exposed"]
	checkGolden(t, "Ipv6Exposed", tpl)
	checkWorkload(t, "exposed", tpl)
	checkSecurityGroups(t, "exposed", tpl)

	network := preflighttest.Load(t, tpl.text)
	preflighttest.MustPass(t, network)
	through := map[string][]string{}
	for _, r := range network.Check().Results {
		if r.ID != "F7" && r.ID != "F8" {
			continue
		}
		if r.Trace.Verdict != flow.Delivered {
			t.Errorf("%s to %s: %s", r.ID, r.To, r.Trace.Verdict)
		}
		if a := strings.Join(r.Trace.Assumptions, "\n"); strings.Contains(a, "stands for one") || strings.Contains(r.To, "hypothetical") {
			t.Errorf("%s to %s rests on a service that is not there: %s", r.ID, r.To, a)
		}
		for _, kind := range []string{"ingress echo/echo", "service echo/echo-nlb"} {
			if slices.ContainsFunc(r.Trace.Hops, func(h flow.Hop) bool { return strings.Contains(h.Component+h.Type+h.LogicalID+h.By, kind) }) || strings.Contains(r.To, kind) {
				through[r.ID] = append(through[r.ID], kind)
			}
		}
		last := r.Trace.Hops[len(r.Trace.Hops)-1]
		if last.FamilyIn() != flow.IPv6 {
			t.Errorf("%s to %s arrives as %s", r.ID, r.To, last.FamilyIn())
		}
	}
	for _, id := range []string{"F7", "F8"} {
		if got := slices.Compact(sorted(through[id])); len(got) != 2 {
			t.Errorf("%s goes through %v, want the Ingress and the Service", id, got)
		}
	}
	for _, port := range []uint16{22, 8080} {
		preflighttest.MustNotReach(t, network,
			flow.Query{From: flow.Internet6, To: flow.Ingress("echo", "echo"), Port: port}, flow.Query{From: flow.Internet4, To: flow.Service("echo", "echo-nlb"), Port: port})
	}
}

// With ranges, the load balancers take those clients and no others.
func TestExposedToRanges(t *testing.T) {
	in := expose.Inbound{Cidrs: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:1::/48")}}
	tpl := synth(t, exposed(&stacks.ExposedProps{Inbound: in, Certificates: []string{"arn:aws:acm:us-east-1:111122223333:certificate/c"}}))["Ipv6Exposed"]
	network := preflighttest.Load(t, tpl.text)
	for _, to := range []flow.Endpoint{flow.Ingress("echo", "echo"), flow.Service("echo", "echo-nlb")} {
		preflighttest.MustNotReach(t, network, flow.Query{From: "203.0.113.7", To: to, Port: 443}, flow.Query{From: "2001:db8:ffff::7", To: to, Port: 443})
		preflighttest.MustReach(t, network, flow.Query{From: "198.51.100.7", To: to, Port: 443}, flow.Query{From: "2001:db8:1::7", To: to, Port: 443})
	}
}

// CloudFormation deletes in the reverse order of creation: the controller outlives what only it can delete.
func TestControllerOutlivesLoadBalancers(t *testing.T) {
	tpl := onPlatform(t, func(p *stacks.Platform) {
		in := func(name string) *expose.IngressProps {
			return &expose.IngressProps{Cluster: p.Cluster, Controller: p.Controller, Name: name, DefaultBackend: expose.Backend{Service: "web", Port: 80}}
		}
		expose.NewIngress(p.Stack, "Inside", in("inside"))
		public := in("public")
		public.Scheme, public.AddressType, public.Inbound = expose.InternetFacing, expose.DualStackWithoutPublicIPv4, anywhere
		expose.NewIngress(p.Stack, "Public", public)
		expose.NewService(p.Stack, "Nlb", &expose.ServiceProps{
			Cluster: p.Cluster, Controller: p.Controller, Name: "tcp", Selector: map[string]string{"app": "web"}, Ports: []expose.Port{{Port: 5432}},
		})
		expose.NewGateway(p.Stack, "Gateway", &expose.GatewayProps{
			Cluster: p.Cluster, Controller: p.Controller, CRDsInstalled: true, Name: "door",
			HTTPRoutes: []expose.HTTPRoute{{Paths: []expose.Path{{Backend: expose.Backend{Service: "web", Port: 80}}}}},
		})
	})
	chart, _ := tpl.one(t, "Custom::AWSCDK-EKS-HelmChart")
	nodes, _ := tpl.one(t, "AWS::EKS::Nodegroup")
	for _, o := range [][2]string{{"Ingress", "inside"}, {"Ingress", "public"}, {"Service", "tcp"}, {"Gateway", "door"}} {
		id, _ := tpl.manifestOf(t, o[0], o[1])
		for _, before := range []string{chart, nodes} {
			if !tpl.waitsFor(id, before) {
				t.Errorf("%s %s does not wait for %s, so it may be there when that is gone", o[0], o[1], before)
			}
		}
		for _, vpcPart := range tpl.of("AWS::EC2::Subnet", "AWS::EC2::InternetGateway", "AWS::EC2::VPCCidrBlock") {
			if !tpl.waitsFor(id, vpcPart) && tpl.Resources[vpcPart].Type != "AWS::EC2::InternetGateway" {
				t.Errorf("%s %s does not wait for %s", o[0], o[1], vpcPart)
			}
		}
	}
	class, _ := tpl.manifestOf(t, "IngressClass", "alb.default.public")
	public, object := tpl.manifestOf(t, "Ingress", "public")
	if !tpl.waitsFor(public, class) || class == public || object["spec"].(map[string]any)["ingressClassName"] != "alb.default.public" {
		t.Errorf("Ingress public does not wait for its class: %s %s", class, js(object))
	}
	gatewayClass, _ := tpl.manifestOf(t, "GatewayClass", "default.door")
	if door, _ := tpl.manifestOf(t, "Gateway", "door"); !tpl.waitsFor(door, gatewayClass) || door == gatewayClass {
		t.Error("the Gateway does not wait for its class")
	}
}

// An internal load balancer lets in the VPC, both families, and traces as such.
func TestInternalLetsInTheVpc(t *testing.T) {
	tpl := onPlatform(t, func(p *stacks.Platform) {
		expose.NewIngress(p.Stack, "Inside", &expose.IngressProps{
			Cluster: p.Cluster, Controller: p.Controller, Name: "inside", DefaultBackend: expose.Backend{Service: "web", Port: 80},
			AccessLogs: &expose.AccessLogs{Bucket: *awscdk.Fn_ImportValue(jsiix.Str("LogBucket"))},
		})
		expose.NewService(p.Stack, "Nlb", &expose.ServiceProps{
			Cluster: p.Cluster, Controller: p.Controller, Name: "tcp", Selector: map[string]string{"app": "web"}, Ports: []expose.Port{{Port: 5432}},
		})
	})
	_, ingress := tpl.manifestOf(t, "Ingress", "inside")
	cidrs := annotation(ingress, "alb.ingress.kubernetes.io/inbound-cidrs")
	_, service := tpl.manifestOf(t, "Service", "tcp")
	ranges := js(service["spec"].(map[string]any)["loadBalancerSourceRanges"])
	for _, got := range []string{js(cidrs), ranges} {
		if !strings.Contains(got, "'CidrBlock'") || !strings.Contains(got, "'Ipv6CidrBlocks'") || strings.Contains(got, "/0") {
			t.Errorf("lets in %s, want the VPC's ranges of both families", got)
		}
	}
	if a := js(annotation(ingress, "alb.ingress.kubernetes.io/load-balancer-attributes")); !strings.Contains(a, "'Fn::ImportValue':'LogBucket'") {
		t.Errorf("a token in an attribute becomes %s", a)
	}
	network := preflighttest.Load(t, tpl.text)
	for _, to := range []flow.Query{{To: flow.Ingress("default", "inside"), Port: 80}, {To: flow.Service("default", "tcp"), Port: 5432}} {
		for _, from := range []flow.Endpoint{flow.Internet4, flow.Internet6} {
			to.From = from
			preflighttest.MustNotReach(t, network, to)
		}
		public, _ := tpl.find(t, "AWS::EC2::Subnet", "Tags", "PublicSubnet1")
		to.From = flow.Subnet(public)
		preflighttest.MustReach(t, network, to)
	}
}

func TestExposeRefusesTheCluster(t *testing.T) {
	service := func(c *ipv6eks.Cluster, l *lbc.Controller) *expose.ServiceProps {
		return &expose.ServiceProps{Cluster: c, Controller: l, Name: "tcp", Selector: map[string]string{"app": "web"}, Ports: []expose.Port{{Port: 80}}}
	}
	synthStack(t, func(stack awscdk.Stack) {
		vpc := awsec2.NewVpc(stack, jsiix.Str("Net"), &awsec2.VpcProps{
			IpProtocol: awsec2.IpProtocol_DUAL_STACK,
			SubnetConfiguration: jsiix.List(&awsec2.SubnetConfiguration{
				Name: jsiix.Str("Private"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED, Ipv6AssignAddressOnCreation: jsiix.Bool(true),
			}),
		})
		cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{
			Vpc: vpc, Kubectl: kubectllayer.New(stack, "Kubectl"), Subnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
		})
		cluster.AddNodeGroup("Nodes", nil)
		controller := lbc.NewController(stack, "Lbc", &lbc.ControllerProps{Cluster: cluster})

		public := service(cluster, controller)
		public.Scheme, public.Inbound = expose.InternetFacing, anywhere
		mustPanic(t, func() { expose.NewService(stack, "A", public) }, "expose.NewService S/A", "Scheme: InternetFacing", "no public subnets")
		alb := ingress(cluster, controller, "web")
		alb.Scheme, alb.Inbound = expose.InternetFacing, anywhere
		mustPanic(t, func() { expose.NewIngress(stack, "B", alb) }, "expose.NewIngress S/B", "no public subnets")
		alb.Subnets = []string{"subnet-1", "subnet-2"}
		expose.NewIngress(stack, "WithSubnets", alb)

		mustPanic(t, func() { expose.NewService(stack, "C", nil) }, "Cluster: missing", "Controller: missing", "Selector: missing")
		bare := ipv6eks.NewCluster(stack, "Bare", &ipv6eks.ClusterProps{Vpc: vpc, Subnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}})
		bare.AddNodeGroup("Nodes", nil)
		mustPanic(t, func() { expose.NewService(stack, "D", service(bare, controller)) }, "Cluster: it has no kubectl layer")

		door := &expose.GatewayProps{
			Cluster: cluster, Controller: lbc.NewController(stack, "Older", &lbc.ControllerProps{Cluster: cluster, ChartVersion: "3.4.0"}), CRDsInstalled: true, Name: "door",
			TCPRoutes: []expose.TCPRoute{{Port: 80, Backend: expose.Backend{Service: "web", Port: 80}}},
		}
		mustPanic(t, func() { expose.NewGateway(stack, "Tcp", door) }, "expose.NewGateway S/Tcp", "TCPRoutes: the controller's version 3.4.0", "want 3.5.0 or later")
		door.Controller = lbc.NewController(stack, "Oldest", &lbc.ControllerProps{Cluster: cluster, ChartVersion: "v3.1.0"})
		mustPanic(t, func() { expose.NewGateway(stack, "Old", door) }, "Controller: version v3.1.0 has the Gateway API off", "want 3.2.0 or later")

		alb = ingress(cluster, lbc.NewController(stack, "NoWaf", &lbc.ControllerProps{Cluster: cluster, WithoutWAFAndShield: true}), "waf")
		alb.WAFArn = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/a/b"
		mustPanic(t, func() { expose.NewIngress(stack, "Waf", alb) }, "expose.NewIngress S/Waf", "WAFArn: arn:aws:wafv2", "the controller's part for AWS WAF is off")
		door = &expose.GatewayProps{
			Cluster: cluster, Controller: alb.Controller, CRDsInstalled: true, Name: "waf", WAFArn: alb.WAFArn,
			HTTPRoutes: []expose.HTTPRoute{{Paths: []expose.Path{{Backend: expose.Backend{Service: "web", Port: 80}}}}},
		}
		mustPanic(t, func() { expose.NewGateway(stack, "WafDoor", door) }, "expose.NewGateway S/WafDoor", "WAFArn: arn:aws:wafv2")

		imported := awsec2.Vpc_FromVpcAttributes(stack, jsiix.Str("Imported"), &awsec2.VpcAttributes{
			VpcId: jsiix.Str("vpc-1"), AvailabilityZones: jsiix.Strs([]string{"a", "b"}), PrivateSubnetIds: jsiix.Strs([]string{"subnet-1", "subnet-2"}),
			PrivateSubnetRouteTableIds: jsiix.Strs([]string{"rtb-1", "rtb-2"}),
		})
		elsewhere := *cluster
		elsewhere.Vpc = imported
		mustPanic(t, func() { expose.NewService(stack, "E", service(&elsewhere, controller)) }, "Inbound.Cidrs: the ranges of the cluster's VPC are not known here")
	})
}

// The controller may read a login's Secret before the Ingress names it, and until it is gone.
func TestLoginsSecretIsReadable(t *testing.T) {
	tpl := onPlatform(t, func(p *stacks.Platform) {
		props := ingress(p.Cluster, p.Controller, "web")
		props.Certificates = []string{"arn:aws:acm:us-east-1:111122223333:certificate/c"}
		props.OIDC = &expose.OIDC{
			Issuer: "https://id.example.com", AuthorizationEndpoint: "https://id.example.com/a", TokenEndpoint: "https://id.example.com/t",
			UserInfoEndpoint: "https://id.example.com/u", SecretName: "login",
		}
		if i := expose.NewIngress(p.Stack, "Web", props); len(i.SecretAccess) != 2 {
			t.Errorf("%d manifests for the Secret", len(i.SecretAccess))
		}
	})
	role, r := tpl.manifestOf(t, "Role", "web-oidc")
	binding, _ := tpl.manifestOf(t, "RoleBinding", "web-oidc")
	web, _ := tpl.manifestOf(t, "Ingress", "web")
	if !tpl.waitsFor(web, binding) || !tpl.waitsFor(binding, role) || !strings.Contains(js(r["rules"]), `"resourceNames":["login"]`) {
		t.Errorf("%s, %s and %s are in no order, or not for the Secret: %s", web, binding, role, js(r))
	}
}

// A static address is held against the subnet that the template makes.
func TestStaticAddressesAreOfTheirSubnets(t *testing.T) {
	onPlatform(t, func(p *stacks.Platform) {
		subnet := (*p.Vpc.L2.PrivateSubnets())[0]
		with := func(address string) *expose.ServiceProps {
			return &expose.ServiceProps{
				Cluster: p.Cluster, Controller: p.Controller, Name: "tcp", Selector: map[string]string{"app": "web"}, Ports: []expose.Port{{Port: 80}},
				Subnets: []expose.SubnetAddresses{{Subnet: *subnet.SubnetId(), PrivateIPv4: netip.MustParseAddr(address)}},
			}
		}
		of := netip.MustParsePrefix(*subnet.Ipv4CidrBlock())
		mustPanic(t, func() { expose.NewService(p.Stack, "Outside", with("192.168.7.7")) }, "Subnets[0].PrivateIPv4: 192.168.7.7 is not of subnet", "which has "+of.String())
		mustPanic(t, func() { expose.NewService(p.Stack, "Kept", with(of.Addr().Next().String())) }, "which AWS keeps")
		expose.NewService(p.Stack, "Inside", with(of.Addr().Next().Next().Next().Next().Next().String()))
	})
}

// The VPC's ranges come from another stack.
func TestInternalAcrossStacks(t *testing.T) {
	both := synth(t, func(app awscdk.App) {
		network := stacks.NewNetwork(app, "Net", nil)
		c := stacks.NewCluster(app, "Clu", &stacks.ClusterProps{Network: network})
		expose.NewService(c.Stack, "Nlb", &expose.ServiceProps{
			Cluster: c.Cluster, Controller: c.Controller, Name: "tcp", Selector: map[string]string{"app": "web"}, Ports: []expose.Port{{Port: 80}},
		})
	})
	_, service := both["Clu"].manifestOf(t, "Service", "tcp")
	ranges := js(service["spec"].(map[string]any)["loadBalancerSourceRanges"])
	if strings.Count(ranges, "Fn::ImportValue") != 2 || !strings.Contains(ranges, "Ipv6CidrBlocks") {
		t.Errorf("lets in %s", ranges)
	}
}

// A name can be asked for as often as one likes, and makes the deployment wait once.
func TestHostnames(t *testing.T) {
	tpl := onPlatform(t, func(p *stacks.Platform) {
		backend := expose.Backend{Service: "web", Port: 80}
		i := expose.NewIngress(p.Stack, "Ingress", &expose.IngressProps{Cluster: p.Cluster, Controller: p.Controller, Name: "web", Namespace: "shop", DefaultBackend: backend})
		s := expose.NewService(p.Stack, "Service", &expose.ServiceProps{Cluster: p.Cluster, Controller: p.Controller, Name: "tcp", Selector: map[string]string{"app": "web"}, Ports: []expose.Port{{Port: 80}}})
		g := expose.NewGateway(p.Stack, "Gateway", &expose.GatewayProps{
			Cluster: p.Cluster, Controller: p.Controller, CRDsInstalled: true, Name: "door", HTTPRoutes: []expose.HTTPRoute{{Paths: []expose.Path{{Backend: backend}}}},
		})
		for n, name := range []string{i.Hostname(), s.Hostname(), g.Hostname(), i.Hostname(), s.Hostname(), g.Hostname()} {
			awscdk.NewCfnOutput(p.Stack, jsiix.Str("Name"+string(rune('A'+n))), &awscdk.CfnOutputProps{Value: jsiix.Str(name)})
		}
	})
	ids := tpl.of("Custom::AWSCDK-EKS-KubernetesObjectValue")
	if len(ids) != 3 {
		t.Fatalf("%d names are asked for, want three: %v", len(ids), ids)
	}
	for i, want := range []struct{ kind, name, object, namespace, begins string }{
		{"Gateway", "door", "gateway.gateway.networking.k8s.io", "default", "internal-k8s-default-door-"},
		{"Ingress", "web", "ingress", "shop", "internal-k8s-shop-web-"},
		{"Service", "tcp", "service", "default", "int-default-tcp-"},
	} {
		p := tpl.Resources[ids[i]].Properties
		manifest, _ := tpl.manifestOf(t, want.kind, want.name)
		if p["ObjectType"] != want.object || p["ObjectName"] != "--field-selector=metadata.name="+want.name || p["ObjectNamespace"] != want.namespace ||
			!strings.Contains(p["JsonPath"].(string), `>="`+want.begins) || !tpl.waitsFor(ids[i], manifest) {
			t.Errorf("%s: %s", want.kind, js(p))
		}
	}
}

// changes are what an update from one template to another adds, removes and changes, by type without its service.
func changes(old, new template) (added, removed, changed []string) {
	short := func(t template, id string) string {
		typ := t.Resources[id].Type
		return typ[strings.LastIndexAny(typ, ":-")+1:] + " " + id
	}
	for _, id := range new.ids() {
		switch r, ok := old.Resources[id]; {
		case !ok:
			added = append(added, short(new, id))
		case js(r) != js(new.Resources[id]):
			changed = append(changed, short(new, id))
		}
	}
	for _, id := range old.ids() {
		if _, ok := new.Resources[id]; !ok {
			removed = append(removed, short(old, id))
		}
	}
	return added, removed, changed
}

// With what replaces a load balancer the name is asked for again, and another one is waited for; with anything else it is not.
func TestHostnamesFollowTheLoadBalancer(t *testing.T) {
	backend := expose.Backend{Service: "web", Port: 80}
	type choices struct {
		scheme      expose.Scheme
		group, name string
		paths       []expose.Path
	}
	build := func(c choices) template {
		return onPlatform(t, func(p *stacks.Platform) {
			in := expose.Inbound{Anywhere: c.scheme == expose.InternetFacing}
			paths := append([]expose.Path{{Backend: backend}}, c.paths...)
			for n, name := range []string{
				expose.NewIngress(p.Stack, "Ingress", &expose.IngressProps{Cluster: p.Cluster, Controller: p.Controller, Name: "web", Scheme: c.scheme, Inbound: in, Group: c.group, LoadBalancerName: c.name, Rules: []expose.Rule{{Paths: paths}}}).Hostname(),
				expose.NewService(p.Stack, "Service", &expose.ServiceProps{Cluster: p.Cluster, Controller: p.Controller, Name: "tcp", Scheme: c.scheme, Inbound: in, LoadBalancerName: c.name, Selector: map[string]string{"app": "web"}, Ports: []expose.Port{{Port: 80}}}).Hostname(),
				expose.NewGateway(p.Stack, "Alb", &expose.GatewayProps{Cluster: p.Cluster, Controller: p.Controller, CRDsInstalled: true, Name: "alb", Scheme: c.scheme, Inbound: in, HTTPRoutes: []expose.HTTPRoute{{Paths: paths}}}).Hostname(),
				expose.NewGateway(p.Stack, "Nlb", &expose.GatewayProps{Cluster: p.Cluster, Controller: p.Controller, CRDsInstalled: true, Name: "nlb", Scheme: c.scheme, Inbound: in, TCPRoutes: []expose.TCPRoute{{Port: 80, Backend: backend}}}).Hostname(),
			} {
				awscdk.NewCfnOutput(p.Stack, jsiix.Str("Name"+string(rune('A'+n))), &awscdk.CfnOutputProps{Value: jsiix.Str(name)})
			}
		})
	}
	before := build(choices{})
	for name, c := range map[string]struct {
		choices
		want []string // the values that are read again
	}{
		"nothing": {choices{}, nil},
		"a path":  {choices{paths: []expose.Path{{Path: "/more", Backend: backend}}}, nil},
		"scheme":  {choices{scheme: expose.InternetFacing}, []string{"AlbHostname", "IngressHostname", "NlbHostname", "ServiceHostname"}},
		"group":   {choices{group: "shared"}, []string{"IngressHostname"}},
		"name":    {choices{name: "shop"}, []string{"IngressHostname", "ServiceHostname"}},
	} {
		after := build(c.choices)
		added, removed, changed := changes(before, after)
		var values []string
		for _, id := range append(append(added, removed...), changed...) {
			if v, ok := strings.CutPrefix(id, "KubernetesObjectValue "); ok {
				values = append(values, v[:len(v)-8])
			}
		}
		if !slices.Equal(values, c.want) || len(added)+len(removed) > 0 {
			t.Errorf("%s: read again: %v, want %v; added %v, removed %v", name, values, c.want, added, removed)
		}
	}
	// Also where the name does not tell the scheme: an NLB that keeps its own name.
	if _, _, changed := changes(build(choices{name: "shop"}), build(choices{name: "shop", scheme: expose.InternetFacing})); !slices.ContainsFunc(changed, func(id string) bool { return strings.HasPrefix(id, "KubernetesObjectValue ServiceHostname") }) {
		t.Errorf("a Service with a name and another scheme: changed %v", changed)
	}
	// The name of a network load balancer follows its scheme, so that the two can be told apart.
	for _, c := range []struct {
		tpl   template
		begin string
	}{{before, "int-default-"}, {build(choices{scheme: expose.InternetFacing}), "pub-default-"}} {
		_, service := c.tpl.manifestOf(t, "Service", "tcp")
		name, _ := annotation(service, "service.beta.kubernetes.io/aws-load-balancer-name").(string)
		_, conf := c.tpl.manifestOf(t, "LoadBalancerConfiguration", "nlb")
		other, _ := conf["spec"].(map[string]any)["loadBalancerName"].(string)
		if !strings.HasPrefix(name, c.begin) || !strings.HasPrefix(other, c.begin) || len(name) > 32 || len(other) > 32 || name == other {
			t.Errorf("names %q and %q, want %s…", name, other, c.begin)
		}
	}
}

func ingress(c *ipv6eks.Cluster, l *lbc.Controller, name string) *expose.IngressProps {
	return &expose.IngressProps{Cluster: c, Controller: l, Name: name, DefaultBackend: expose.Backend{Service: "web", Port: 80}}
}

// The Ingresses of a group are looked at together, when all are there, and only with those of their own cluster.
func TestGroupsAreCheckedAtSynth(t *testing.T) {
	synthesize := func(two func(*expose.IngressProps)) string {
		app, _ := newApp(t)
		p := stacks.NewPlatform(app, "P", nil)
		first, second := ingress(p.Cluster, p.Controller, "one"), ingress(p.Cluster, p.Controller, "two")
		first.Group, second.Group = "shared", "shared"
		two(second)
		expose.NewIngress(p.Stack, "First", first)
		expose.NewIngress(p.Stack, "Second", second)
		return panicOf(func() { app.Synth(nil) })
	}
	msg := synthesize(func(p *expose.IngressProps) {
		p.Scheme, p.AddressType, p.Inbound = expose.InternetFacing, expose.DualStackWithoutPublicIPv4, expose.Inbound{Anywhere: true}
	})
	for _, want := range []string{
		"[P/Cluster] expose: Group: shared: Ingress default/two has AddressType dualstack-without-public-ipv4, and default/one has dualstack",
		"[P/Cluster] expose: Group: shared: Ingress default/two has Scheme internet-facing, and default/one has internal",
	} {
		if !strings.Contains(msg, want) {
			t.Errorf("synth says %q, wanted %q", msg, want)
		}
	}
	for name, two := range map[string]func(*expose.IngressProps){
		"alike": func(*expose.IngressProps) {}, "another group": func(p *expose.IngressProps) {
			p.Group, p.WAFArn = "other", "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/a/b"
		},
	} {
		if msg := synthesize(two); msg != "" {
			t.Errorf("%s: synth says %q", name, msg)
		}
	}
}

// A name that another Ingress of the group gives its load balancer is the one to wait for.
func TestHostnameInANamedGroup(t *testing.T) {
	build := func(names ...string) string {
		app, _ := newApp(t)
		return panicOf(func() {
			p := stacks.NewPlatform(app, "P", nil)
			for i, name := range names {
				in := expose.NewIngress(p.Stack, string(rune('A'+i)), &expose.IngressProps{
					Cluster: p.Cluster, Controller: p.Controller, Name: string(rune('a' + i)), Group: "shared", LoadBalancerName: name, DefaultBackend: expose.Backend{Service: "web", Port: 80},
				})
				if i == 0 {
					in.Hostname()
					in.Hostname()
				}
			}
			app.Synth(nil)
		})
	}
	if msg := build("", "shop"); !strings.Contains(msg, "expose: LoadBalancerName: Ingress default/a of group shared says none, and default/b says shop") {
		t.Errorf("synth says %q", msg)
	}
	for _, names := range [][]string{{"shop", "shop"}, {"", ""}, {"shop", ""}} {
		if msg := build(names...); msg != "" {
			t.Errorf("%v: synth says %q", names, msg)
		}
	}
}

// kubectl apply --prune passes over custom kinds: what leaves the code must be a resource that leaves the template.
func TestWhatLeavesTheCodeLeavesTheCluster(t *testing.T) {
	build := func(routes ...expose.HTTPRoute) template {
		for i := range routes {
			routes[i].Paths = []expose.Path{{Backend: expose.Backend{Service: "web", Port: 80}}}
		}
		return onPlatform(t, func(p *stacks.Platform) {
			expose.NewGateway(p.Stack, "Gateway", &expose.GatewayProps{Cluster: p.Cluster, Controller: p.Controller, CRDsInstalled: true, Name: "door", Namespace: "shop", HTTPRoutes: routes})
			expose.NewIngress(p.Stack, "Public", &expose.IngressProps{
				Cluster: p.Cluster, Controller: p.Controller, Name: "public", Scheme: expose.InternetFacing, AddressType: expose.DualStackWithoutPublicIPv4, Inbound: anywhere,
				DefaultBackend: expose.Backend{Service: "web", Port: 80},
			})
		})
	}
	a, b := expose.HTTPRoute{Name: "a"}, expose.HTTPRoute{Name: "b"}
	both := build(a, b)
	for _, kind := range [][2]string{
		{"TargetGroupConfiguration", "door"}, {"LoadBalancerConfiguration", "door"}, {"GatewayClass", "shop.door"}, {"Gateway", "door"}, {"HTTPRoute", "a"}, {"HTTPRoute", "b"},
		{"IngressClassParams", "alb.default.public"}, {"IngressClass", "alb.default.public"},
	} {
		id, _ := both.manifestOf(t, kind[0], kind[1])
		if n := len(both.objects(t, id)); n != 1 || both.Resources[id].Properties["PruneLabel"] != nil {
			t.Errorf("%s shares its manifest: %d objects", kind, n)
		}
	}
	order := []string{}
	for _, kind := range [][2]string{{"TargetGroupConfiguration", "door"}, {"LoadBalancerConfiguration", "door"}, {"GatewayClass", "shop.door"}, {"Gateway", "door"}, {"HTTPRoute", "b"}} {
		id, _ := both.manifestOf(t, kind[0], kind[1])
		if len(order) > 0 && !both.waitsFor(id, order[len(order)-1]) {
			t.Errorf("%s does not wait for the one before it", kind)
		}
		order = append(order, id)
	}
	route, _ := both.manifestOf(t, "HTTPRoute", "a")
	if added, removed, changed := changes(both, build(b)); len(added)+len(changed) > 0 || len(removed) != 1 || !strings.HasSuffix(removed[0], route) {
		t.Errorf("without route a: added %v, removed %v, changed %v", added, removed, changed)
	}
	if added, removed, changed := changes(both, build(b, a)); len(added)+len(removed)+len(changed) > 0 {
		t.Errorf("in another order: added %v, removed %v, changed %v", added, removed, changed)
	}
}
