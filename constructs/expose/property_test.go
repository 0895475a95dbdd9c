package expose_test

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"net/netip"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// A dice throws options, good and bad ones.
type dice struct{ *rand.Rand }

func (d dice) yes() bool { return d.Intn(2) == 0 }

func pick[T any](d dice, of ...T) T { return of[d.Intn(len(of))] }

func (d dice) inbound() expose.Inbound {
	in := expose.Inbound{Anywhere: d.Intn(3) == 0, Families: pick(d, expose.BothFamilies, expose.BothFamilies, expose.OnlyIPv4, expose.OnlyIPv6)}
	for _, s := range []string{"203.0.113.0/24", "198.51.100.0/25", "2001:db8::/32", "2a00:1450::/29", "0.0.0.0/0", "::/0", "203.0.113.7/24"} {
		if n := d.Intn(12); n == 0 || n < 5 && !strings.HasSuffix(s, "/0") && s != "203.0.113.7/24" {
			in.Cidrs = append(in.Cidrs, netip.MustParsePrefix(s))
		}
	}
	if in.Anywhere && d.yes() {
		in.Cidrs = nil
	}
	return in
}

func (d dice) ingress() *expose.IngressProps {
	p := &expose.IngressProps{
		Name: "echo", Namespace: "echo", Scheme: pick(d, expose.Internal, expose.InternetFacing), AddressType: pick(d, expose.DualStack, expose.DualStack, expose.DualStackWithoutPublicIPv4),
		Inbound: d.inbound(), DeletionProtection: d.yes(), Group: pick(d, "", "", "shared"), GroupOrder: pick(d, 0, 0, 7),
	}
	if d.yes() {
		p.Rules = []expose.Rule{{Host: pick(d, "", "a.example.com"), Paths: []expose.Path{{Path: pick(d, "", "/a"), Exact: d.yes(), Backend: expose.EchoBackend()}}}}
	} else {
		p.DefaultBackend = expose.EchoBackend()
	}
	if d.yes() {
		p.Certificates, p.WithoutRedirect, p.TLSPolicy = []string{cert}, d.yes(), pick(d, "", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09")
	}
	if d.Intn(4) == 0 {
		p.Cognito = &expose.Cognito{UserPoolArn: "a", UserPoolClientID: "b", UserPoolDomain: "c"}
	}
	if d.Intn(6) == 0 {
		p.SecurityGroups = []string{"sg-1"}
	}
	if d.Intn(6) == 0 {
		p.Annotations = map[string]string{"alb.ingress.kubernetes.io/" + pick(d, "target-type", "ip-address-type", "shield-advanced-protection"): pick(d, "instance", "ipv4", "true")}
	}
	return p
}

func (d dice) service() *expose.ServiceProps {
	p := expose.EchoService()
	p.Scheme, p.Inbound, p.CrossZone, p.ProxyProtocol = pick(d, expose.Internal, expose.InternetFacing), d.inbound(), d.yes(), d.yes()
	p.Ports = nil
	for range 1 + d.Intn(3) {
		p.Ports = append(p.Ports, expose.Port{Port: 80 + d.Intn(20), TargetName: pick(d, "http", "proxied"), Protocol: pick(d, expose.TCP, expose.TCP, expose.TCP, expose.UDP, expose.TLS)})
	}
	if d.yes() {
		p.Certificates = []string{cert}
	}
	if d.yes() {
		p.HealthCheck = expose.HealthCheck{Port: 8080, Path: pick(d, "", "/healthz")}
	}
	if d.Intn(3) == 0 {
		for i := range 2 {
			s := expose.SubnetAddresses{Subnet: fmt.Sprint("subnet-", i)}
			if d.Intn(3) > 0 {
				s.IPv6 = netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i+1))
			}
			if d.Intn(3) == 0 {
				s.EIPAllocation = fmt.Sprint("eipalloc-", i)
			}
			p.Subnets = append(p.Subnets, s)
		}
	}
	if d.Intn(6) == 0 {
		p.SecurityGroups = []string{"sg-1"}
	}
	return &p
}

func (d dice) gateway() *expose.GatewayProps {
	p := &expose.GatewayProps{
		Name: "door", Namespace: "echo", CRDsInstalled: d.Intn(6) > 0, Scheme: pick(d, expose.Internal, expose.InternetFacing),
		AddressType: pick(d, expose.DualStack, expose.DualStack, expose.DualStackWithoutPublicIPv4), Inbound: d.inbound(),
	}
	backend := expose.Backend{Service: "echo", Port: 80}
	if d.yes() {
		p.HTTPRoutes = []expose.HTTPRoute{{Paths: []expose.Path{{Backend: backend}}}}
	}
	if len(p.HTTPRoutes) == 0 || d.Intn(6) == 0 {
		p.TCPRoutes = []expose.TCPRoute{{Port: 7000, Backend: backend}}
	}
	if d.yes() {
		p.Certificates = []string{cert}
	}
	return p
}

// told is what the controller is told of a load balancer.
type told struct {
	address, target, scheme string
	ranges                  []string
	groups                  bool
}

func read(t *testing.T, objects []runtime.Object) (out told) {
	t.Helper()
	for _, o := range objects {
		switch o := o.(type) {
		case *networkingv1.Ingress:
			a := func(name string) string { return o.Annotations["alb.ingress.kubernetes.io/"+name] }
			out = told{a("ip-address-type"), a("target-type"), a("scheme"), split(a("inbound-cidrs")), a("security-groups") != ""}
			if own := *o.Spec.IngressClassName != "alb"; own != (out.address != "dualstack") {
				t.Errorf("%s with class %s, whose parameters outrank it", out.address, *o.Spec.IngressClassName)
			}
		case *expose.IngressClassParams:
			if o.Spec.IPAddressType != "dualstack-without-public-ipv4" || o.Spec.TargetType != "ip" {
				t.Errorf("the class says %+v", o.Spec)
			}
		case *corev1.Service:
			a := func(name string) string { return o.Annotations["service.beta.kubernetes.io/aws-load-balancer-"+name] }
			out = told{a("ip-address-type"), a("nlb-target-type"), a("scheme"), o.Spec.LoadBalancerSourceRanges, a("security-groups") != ""}
			udp := false
			for _, p := range o.Spec.Ports {
				udp = udp || p.Protocol == corev1.ProtocolUDP
			}
			if udp != (a("enable-prefix-for-ipv6-source-nat") == "on") {
				t.Errorf("UDP %t with the source NAT prefix %q", udp, a("enable-prefix-for-ipv6-source-nat"))
			}
			for _, static := range []string{"ipv6-addresses", "eip-allocations"} {
				if n := len(split(a(static))); n != 0 && n != len(split(a("subnets"))) {
					t.Errorf("%d %s for subnets %s", n, static, a("subnets"))
				}
			}
			if *o.Spec.LoadBalancerClass != "service.k8s.aws/nlb" {
				t.Errorf("class %s", *o.Spec.LoadBalancerClass)
			}
		case *expose.LoadBalancerConfiguration:
			out = told{o.Spec.IPAddressType, out.target, o.Spec.Scheme, o.Spec.SourceRanges, false}
		case *expose.TargetGroupConfiguration:
			out.target = o.Spec.DefaultConfiguration.TargetType
		}
	}
	return out
}

func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

// check wants of an accepted option set what must hold for every one.
func check(t *testing.T, in expose.Inbound, scheme expose.Scheme, got told) {
	t.Helper()
	if got.address != "dualstack" && got.address != "dualstack-without-public-ipv4" || got.target != "ip" || got.scheme != scheme.String() {
		t.Errorf("%+v, want dual-stack and IP targets, %s", got, scheme)
	}
	if got.groups {
		return
	}
	four, six := false, false
	for _, r := range got.ranges {
		p := netip.MustParsePrefix(r)
		four, six = four || p.Addr().Is4(), six || p.Addr().Is6()
		if p.Bits() == 0 && (!in.Anywhere || scheme == expose.Internal) {
			t.Errorf("open to %s, which no one chose: %+v", p, in)
		}
	}
	if four != (in.Families != expose.OnlyIPv6) || six != (in.Families != expose.OnlyIPv4) {
		t.Errorf("lets in IPv4 %t and IPv6 %t: %+v", four, six, in)
	}
}

// What is accepted is dual-stack with IP targets and lets in both families unless told otherwise; and a client of each
// family that is let in reaches the Pods, as the tracer sees it, and one that is not does not.
func TestEveryAcceptedOptionSetServesBothFamilies(t *testing.T) {
	t.Parallel()
	d := dice{rand.New(rand.NewSource(1))}
	base := exposedTemplate(t)
	accepted, traced := map[string]int{}, map[string]int{}
	const throws, traces = 2000, 12
	for range throws {
		i, s, g := d.ingress(), d.service(), d.gateway()
		for _, c := range []struct {
			kind        string
			props       props
			in          expose.Inbound
			scheme      expose.Scheme
			port        uint16
			to          flow.Endpoint
			private4    bool
			untraceable bool
		}{
			{"Ingress", i, i.Inbound, i.Scheme, map[bool]uint16{false: 80, true: 443}[len(i.Certificates) > 0], flow.Ingress("echo", "echo"), i.AddressType != expose.DualStack, len(i.SecurityGroups) > 0},
			{"Service", s, s.Inbound, s.Scheme, uint16(s.Ports[0].Port), flow.Service("echo", "echo-nlb"), false, len(s.SecurityGroups)+len(s.Subnets) > 0 || s.Ports[0].Protocol == expose.UDP},
			{"Gateway", g, g.Inbound, g.Scheme, map[bool]uint16{false: map[bool]uint16{false: 80, true: 443}[len(g.Certificates) > 0], true: 7000}[len(g.TCPRoutes) > 0], flow.Gateway("echo", "door"), g.AddressType != expose.DualStack, false},
		} {
			if c.props.Validate() != nil {
				continue
			}
			objects, err := c.props.Objects()
			if err != nil {
				if c.scheme == expose.Internal && len(c.in.Cidrs) == 0 { // the cluster's VPC, which is not there
					continue
				}
				t.Errorf("%s: valid, and still: %v", c.kind, err)
				continue
			}
			accepted[c.kind]++
			check(t, c.in, c.scheme, read(t, objects))
			if c.scheme == expose.Internal || c.untraceable || traced[c.kind] == traces {
				continue
			}
			traced[c.kind]++
			network := base.with(t, objects)
			for _, client := range []netip.Addr{netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("2001:db8::9"), netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("2620:0:2d0::9")} {
				trace, err := network.Trace(flow.Query{From: flow.Addr(client), To: c.to, Port: c.port})
				if err != nil {
					t.Fatal(err)
				}
				let := c.in.Anywhere
				for _, r := range c.in.Cidrs {
					let = let || r.Contains(client)
				}
				if client.Is4() && (c.in.Families == expose.OnlyIPv6 || c.private4) || client.Is6() && c.in.Families == expose.OnlyIPv4 {
					let = false
				}
				if (trace.Verdict == flow.Delivered) != let || trace.Verdict == flow.Insufficient {
					t.Errorf("%s from %s: %s, want delivered %t: %+v\n%s", c.kind, client, trace.Verdict, let, c.in, render.TraceText(trace, render.TextOptions{}))
				}
			}
		}
	}
	for _, kind := range []string{"Ingress", "Service", "Gateway"} {
		if n := accepted[kind]; n < throws/20 || n > throws*9/10 || traced[kind] != traces {
			t.Errorf("%s: %d of %d option sets are accepted and %d traced, which proves little", kind, n, throws, traced[kind])
		}
	}
}

// A template is the exposed platform's, whose load balancers can be exchanged.
type template map[string]any

func exposedTemplate(t *testing.T) template {
	t.Helper()
	text, err := os.ReadFile("../../test/testdata/templates/Ipv6Exposed.json")
	if err != nil {
		t.Fatal(err)
	}
	var out template
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// with is the network with these objects instead of the echo's Ingress and NLB.
func (tpl template) with(t *testing.T, objects []runtime.Object) *flow.Network {
	t.Helper()
	var list []any
	for _, o := range objects {
		text, err := expose.YAML(o)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := yaml.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	manifest, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	replaced := 0
	for id, r := range tpl["Resources"].(map[string]any) {
		p, _ := r.(map[string]any)["Properties"].(map[string]any)
		switch {
		case strings.HasPrefix(id, "AlbManifest"):
			p["Manifest"] = string(manifest)
			replaced++
		case strings.HasPrefix(id, "NlbManifest"):
			p["Manifest"] = "[]"
			replaced++
		}
	}
	if replaced != 2 {
		t.Fatalf("%d manifests replaced, want the Ingress's and the Service's", replaced)
	}
	text, err := json.Marshal(tpl)
	if err != nil {
		t.Fatal(err)
	}
	network, err := flow.Read("exposed", text)
	if err != nil {
		t.Fatal(err)
	}
	return network
}
