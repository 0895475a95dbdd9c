package expose_test

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/expose/kube"
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

// mostly is the first, and seldom one of the others.
func mostly[T any](d dice, first T, others ...T) T {
	if d.Intn(16) > 0 {
		return first
	}
	return pick(d, others...)
}

func (d dice) path() string {
	return mostly(d, pick(d, "", "/a", "/a/b/"), "/a//b", "/a/../b", "/a/./b", "/a/..", "/a*", "/?", "/a b", "/a,b", "/%2f", "/"+strings.Repeat("a", 125+d.Intn(5)), "/..a", "a")
}

func (d dice) host() string {
	return mostly(d, pick(d, "", "a.example.com", "*.example.com"), "203.0.113.7", "2001:db8::7", "localhost", "a.b1", "a.example.com ", strings.Repeat("a.", 58+d.Intn(6))+"example.com")
}

func (d dice) health() expose.HealthCheck {
	return expose.HealthCheck{
		Port: pick(d, 0, 8080, 8080), Path: mostly(d, pick(d, "", "/healthz"), "healthz", "/a b"), SuccessCodes: mostly(d, "", "200", "200-399", "200,204", "2xx", "200, 204"),
		IntervalSeconds: mostly(d, 0, 4, 5, 6, 9, 10, 11, 15, 16, 30), TimeoutSeconds: mostly(d, 0, 1, 5, 6, 9, 10, 11, 14, 15, 16, 30),
	}
}

func (d dice) tags() map[string]string {
	out := mostly(d, map[string]string{"team": "net"}, nil, map[string]string{"elbv2.k8s.aws/cluster": "x"}, map[string]string{"service.k8s.aws/stack": "x"},
		map[string]string{"gateway.k8s.aws.alb/resource": "x"}, map[string]string{"aws:x": "y"}, map[string]string{"team ": "x"}, map[string]string{"team": "x "},
		map[string]string{"a": `b\c`}, map[string]string{"a": "b,c"}, map[string]string{"a": strings.Repeat("v", 255+d.Intn(3))}, map[string]string{})
	if len(out) == 0 && out != nil {
		for i := range 46 + d.Intn(4) {
			out[fmt.Sprint("t", i)] = "v"
		}
	}
	return out
}

func (d dice) attributes() map[string]string {
	return mostly(d, nil, map[string]string{"idle_timeout.timeout_seconds": pick(d, "60", "0", "4001", "60s")}, map[string]string{"idle_timeout": "60"},
		map[string]string{"dns_record.client_routing_policy": pick(d, "any_availability_zone", "any")}, map[string]string{"routing.http2.enabled": pick(d, "true", "true ", "on")})
}

func (d dice) certificates() []string { return certs(mostly(d, 1+d.Intn(2), 25, 26, 27, 28)) }

func (d dice) policy() string {
	return mostly(d, pick(d, "", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09"), "ELBSecurityPolicy-TLS13-1-3", "secure", "ELBSecurityPolicy-TLS13-1-2-2021-06 ")
}

func (d dice) ingress() *expose.IngressProps {
	p := &expose.IngressProps{
		Name: "echo", Namespace: "echo", Scheme: pick(d, expose.Internal, expose.InternetFacing), AddressType: pick(d, expose.DualStack, expose.DualStack, expose.DualStackWithoutPublicIPv4),
		Inbound: d.inbound(), DeletionProtection: d.yes(), Group: pick(d, "", "", "shared"), GroupOrder: pick(d, 0, 0, 7),
	}
	if d.yes() {
		p.Rules = []expose.Rule{{Host: d.host(), Paths: []expose.Path{{Path: d.path(), Exact: d.yes(), Backend: expose.EchoBackend()}}}}
	} else {
		p.DefaultBackend = expose.EchoBackend()
	}
	if d.yes() {
		p.Certificates, p.WithoutRedirect, p.TLSPolicy = d.certificates(), d.yes(), d.policy()
	}
	p.HealthCheck, p.Tags, p.Attributes = d.health(), d.tags(), d.attributes()
	p.ProtocolVersion = mostly(d, "", expose.HTTP1, expose.HTTP2, expose.GRPC, "grpc")
	if d.Intn(8) == 0 {
		p.OIDC = oidc()
		p.OIDC.SecretName = mostly(d, "oidc", "Oidc", "oidc ")
	}
	if d.Intn(4) == 0 {
		p.Cognito = &expose.Cognito{UserPoolArn: pool, UserPoolClientID: "b", UserPoolDomain: "c"}
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
	for range 1 + d.Intn(2) {
		p.Ports = append(p.Ports, expose.Port{Port: 80 + d.Intn(40), TargetName: pick(d, "http", "proxied"), Protocol: pick(d, expose.TCP, expose.TCP, expose.TCP, expose.TCP, expose.UDP, expose.TLS)})
	}
	tls := slices.ContainsFunc(p.Ports, func(port expose.Port) bool { return port.Protocol == expose.TLS })
	if mostly(d, tls, !tls) {
		p.Certificates, p.TLSPolicy = d.certificates(), d.policy()
	}
	p.HealthCheck, p.Tags, p.Attributes = d.health(), d.tags(), d.attributes()
	p.ALPN = mostly(d, "", expose.HTTP2Preferred, "h2")
	p.Selector = mostly(d, p.Selector, map[string]string{"my app": "web"}, map[string]string{"app": "web "}, map[string]string{"app": strings.Repeat("a", 64)}, nil)
	if d.Intn(6) == 0 {
		p.Annotations = map[string]string{"service.beta.kubernetes.io/aws-load-balancer-enable-icmp-for-path-mtu-discovery": pick(d, "on", "off", "true")}
	}
	if d.Intn(3) == 0 {
		for i := range 2 {
			s := expose.SubnetAddresses{Subnet: fmt.Sprint("subnet-", i)}
			if d.Intn(3) > 0 {
				s.IPv6 = netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%d::8", d.Intn(4)+i))
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
		for range mostly(d, 1, 2, 7) {
			r := expose.HTTPRoute{Hosts: many(mostly(d, d.Intn(2), 15, 16, 17), func(i int) string { return fmt.Sprintf("h%d.example.com", i) })}
			if d.yes() && len(r.Hosts) == 1 {
				r.Hosts[0] = d.host()
			}
			for range mostly(d, 1, 3, 16, 17) {
				r.Paths = append(r.Paths, expose.Path{Path: d.path(), Exact: d.yes(), Backend: backend})
			}
			p.HTTPRoutes = append(p.HTTPRoutes, r)
		}
	}
	if len(p.HTTPRoutes) == 0 || d.Intn(6) == 0 {
		p.TCPRoutes = []expose.TCPRoute{{Port: 7000, Backend: backend}}
	}
	if d.yes() {
		p.Certificates, p.TLSPolicy = d.certificates(), d.policy()
	}
	p.HealthCheck, p.Tags, p.Attributes = d.health(), d.tags(), d.attributes()
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
		case *kube.IngressClassParams:
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
		case *kube.LoadBalancerConfiguration:
			out = told{o.Spec.IPAddressType, out.target, o.Spec.Scheme, o.Spec.SourceRanges, false}
		case *kube.TargetGroupConfiguration:
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

// refusedLater is why the API server, the controller or Elastic Load Balancing would not take objects, or take something else
// than they say. It reads what is applied, as those do, and knows nothing of the options.
func refusedLater(objects []runtime.Object) string {
	for _, o := range objects {
		why := ""
		switch o := o.(type) {
		case *networkingv1.Ingress:
			a := func(name string) string { return o.Annotations["alb.ingress.kubernetes.io/"+name] }
			for _, r := range o.Spec.Rules {
				for _, p := range r.HTTP.Paths {
					why = firstOf(why, badRule(r.Host, p.Path, *p.PathType == networkingv1.PathTypeExact))
				}
			}
			why = firstOf(why, badTimes(a("healthcheck-interval-seconds"), a("healthcheck-timeout-seconds"), 15, 5, false), badPairs(a("tags")), badPairs(a("load-balancer-attributes")),
				badVersion(a("backend-protocol-version"), a("certificate-arn"), a("auth-type"), a("success-codes")), badCertificates(split(a("certificate-arn"))), badPolicy(a("ssl-policy")), badAttribute(a("load-balancer-attributes"), "dns_record"))
		case *corev1.Service:
			a := func(name string) string { return o.Annotations["service.beta.kubernetes.io/aws-load-balancer-"+name] }
			for k, v := range o.Spec.Selector {
				if strings.ContainsAny(k+v, " ") || len(v) > 63 {
					why = firstOf(why, "selector "+k+"="+v)
				}
			}
			blocks := map[netip.Prefix]bool{}
			for _, s := range split(a("ipv6-addresses")) {
				block := netip.PrefixFrom(netip.MustParseAddr(s), 64).Masked()
				if blocks[block] {
					why = firstOf(why, "two addresses of "+block.String())
				}
				blocks[block] = true
			}
			why = firstOf(why, badTimes(a("healthcheck-interval"), a("healthcheck-timeout"), 10, 10, true), badPairs(a("additional-resource-tags")), badPairs(a("attributes")),
				badCertificates(split(a("ssl-cert"))), badPolicy(a("ssl-negotiation-policy")), badAttribute(a("attributes"), "idle_timeout", "routing."))
			if v := a("alpn-policy"); v != "" && (a("ssl-ports") == "" || v == "h2") {
				why = firstOf(why, "ALPN "+v)
			}
			if v := a("enable-icmp-for-path-mtu-discovery"); v == "true" || v == "on" && a("security-groups") != "" {
				why = firstOf(why, "ICMP "+v)
			}
		case *gatewayv1.HTTPRoute:
			if len(o.Spec.Hostnames) > 16 || len(o.Spec.Rules) > 16 {
				why = firstOf(why, "hosts or rules of a route")
			}
			for _, r := range o.Spec.Rules {
				for _, h := range append([]gatewayv1.Hostname{""}, o.Spec.Hostnames...) {
					why = firstOf(why, badRule(string(h), *r.Matches[0].Path.Value, *r.Matches[0].Path.Type == gatewayv1.PathMatchExact))
				}
			}
		case *kube.TargetGroupConfiguration:
			if h := o.Spec.DefaultConfiguration.HealthCheckConfig; h != nil {
				nlb := len(objects) > 4 && strings.HasSuffix(fmt.Sprintf("%T", objects[4]), "TCPRoute")
				why = firstOf(why, badTimes(number(h.Interval), number(h.Timeout), 15, 5, nlb))
			}
		case *kube.LoadBalancerConfiguration:
			for k, v := range o.Spec.Tags {
				why = firstOf(why, badPairs(k+"="+v))
			}
			for _, l := range o.Spec.ListenerConfigurations {
				why = firstOf(why, badCertificates(append([]string{l.DefaultCertificate}, l.Certificates...)), badPolicy(l.SslPolicy))
			}
		}
		if why != "" {
			return why
		}
	}
	return ""
}

func firstOf(reasons ...string) string {
	for _, r := range reasons {
		if r != "" {
			return r
		}
	}
	return ""
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// badRule is why no rule can be made of a host and a path.
func badRule(host, path string, exact bool) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return "host " + host
	}
	longest := path
	if !exact && path != "/" {
		longest = strings.TrimSuffix(path, "/") + "/*"
	}
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "*?% ,#") || strings.Contains(path, "//") || strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../") || len(longest) > 128 {
		return "path " + path
	}
	if host != "" && (len(host) > 128 || !strings.Contains(host, ".") || strings.ContainsAny(host, " ") || strings.ContainsAny(host[strings.LastIndex(host, "."):], "0123456789")) {
		return "host " + host
	}
	return ""
}

func badTimes(interval, timeout string, i, t int, equal bool) string {
	for _, s := range []struct {
		text string
		n    *int
	}{{interval, &i}, {timeout, &t}} {
		if s.text != "" {
			if _, err := fmt.Sscan(s.text, s.n); err != nil {
				return err.Error()
			}
		}
	}
	if i < 5 || t < 2 || t > i || t == i && !equal {
		return fmt.Sprintf("timeout %d in an interval of %d", t, i)
	}
	return ""
}

// badPairs reads a list as the controller does.
func badPairs(list string) string {
	n := 0
	for _, pair := range split(list) {
		k, v, ok := strings.Cut(pair, "=")
		n++
		if !ok || k == "" || k != strings.TrimSpace(k) || v != strings.TrimSpace(v) || strings.Contains(pair, `\`) || strings.HasPrefix(k, "aws:") || strings.Contains(k, ".k8s.aws") || len(v) > 256 {
			return "pair " + pair
		}
	}
	if n > 47 {
		return "too many pairs"
	}
	return ""
}

func badAttribute(list string, others ...string) string {
	for _, pair := range split(list) {
		k, v, _ := strings.Cut(pair, "=")
		for _, o := range others {
			if strings.HasPrefix(k, o) {
				return "attribute " + k
			}
		}
		if k == "idle_timeout" || v == "on" || v == "any" || v == "60s" || v == "0" || v == "4001" {
			return "attribute " + pair
		}
	}
	return ""
}

func badVersion(version, certificates, login, codes string) string {
	if version == "grpc" || version != "" && version != "HTTP1" && (certificates == "" || login != "") || codes != "" && (len(codes) < 3) != (version == "GRPC") {
		return "version " + version + " with codes " + codes
	}
	return ""
}

func badCertificates(arns []string) string {
	if len(arns) > 26 {
		return fmt.Sprint(len(arns), " certificates")
	}
	return ""
}

func badPolicy(name string) string {
	if name != "" && name != expose.DefaultTLSPolicy && name != "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09" {
		return "policy " + name
	}
	return ""
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
			if why := refusedLater(objects); why != "" {
				t.Errorf("%s is accepted, and refused later: %s", c.kind, why)
			}
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
