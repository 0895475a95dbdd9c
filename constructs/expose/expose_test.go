package expose_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/expose/kube"
	"github.com/eks-ipv6/cdk/internal/golden"
)

var (
	four = netip.MustParsePrefix("203.0.113.0/24")
	six  = netip.MustParsePrefix("2001:db8::/32")
	both = expose.Inbound{Cidrs: []netip.Prefix{four, six}}
	web  = expose.Backend{Service: "web", Port: 80}
	pool = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_one"
	cert = "arn:aws:acm:eu-west-1:111122223333:certificate/one"
)

func ingress(change func(*expose.IngressProps)) *expose.IngressProps {
	p := &expose.IngressProps{Name: "web", DefaultBackend: web, Inbound: both}
	change(p)
	return p
}

func service(change func(*expose.ServiceProps)) *expose.ServiceProps {
	p := &expose.ServiceProps{Name: "tcp", Selector: map[string]string{"app": "web"}, Ports: []expose.Port{{Port: 443}}, Inbound: both}
	change(p)
	return p
}

func gateway(change func(*expose.GatewayProps)) *expose.GatewayProps {
	p := &expose.GatewayProps{Name: "door", CRDsInstalled: true, Inbound: both, HTTPRoutes: []expose.HTTPRoute{{Paths: []expose.Path{{Backend: web}}}}}
	change(p)
	return p
}

func oidc() *expose.OIDC {
	return &expose.OIDC{
		Issuer: "https://id.example.com", AuthorizationEndpoint: "https://id.example.com/a", TokenEndpoint: "https://id.example.com/t",
		UserInfoEndpoint: "https://id.example.com/u", SecretName: "oidc",
	}
}

// props are the choices of any of the three.
type props interface {
	Validate() error
	Objects() ([]runtime.Object, error)
}

// refused wants one problem, that text.
func refused(t *testing.T, name string, p props, want string) {
	t.Helper()
	err := p.Validate()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: got %v, want just %q", name, err, want)
	}
	if objects, err := p.Objects(); err == nil || objects != nil {
		t.Errorf("%s: Objects gives %v, %v", name, objects, err)
	}
}

func TestIngressRefuses(t *testing.T) {
	t.Parallel()
	type change = func(*expose.IngressProps)
	public := func(p *expose.IngressProps) { p.Scheme = expose.InternetFacing }
	note := func(k, v string) change {
		return func(p *expose.IngressProps) { p.Annotations = map[string]string{k: v} }
	}
	for name, c := range map[string]struct {
		change change
		want   string
	}{
		"no name":       {func(p *expose.IngressProps) { p.Name = "" }, `Name: "": want lower case letters`},
		"namespace":     {func(p *expose.IngressProps) { p.Namespace = "My" }, `Namespace: "My"`},
		"nowhere to go": {func(p *expose.IngressProps) { p.DefaultBackend = expose.Backend{} }, "Rules: missing"},
		"no paths":      {func(p *expose.IngressProps) { p.Rules = []expose.Rule{{Host: "a.example.com"}} }, "Rules[0].Paths: missing"},
		"host": {func(p *expose.IngressProps) {
			p.Rules = []expose.Rule{{Host: "a_b", Paths: []expose.Path{{Backend: web}}}}
		}, `Rules[0].Host: "a_b"`},
		"path": {func(p *expose.IngressProps) {
			p.Rules = []expose.Rule{{Paths: []expose.Path{{Path: "x", Backend: web}}}}
		}, `Rules[0].Paths[0].Path: "x"`},
		"two ports":           {func(p *expose.IngressProps) { p.DefaultBackend.PortName = "http" }, "DefaultBackend.Port: 80 with PortName"},
		"port":                {func(p *expose.IngressProps) { p.DefaultBackend.Port = 70000 }, "DefaultBackend.Port: 70000"},
		"service":             {func(p *expose.IngressProps) { p.DefaultBackend.Service = "" }, "DefaultBackend.Service"},
		"rules":               {func(p *expose.IngressProps) { p.Rules = []expose.Rule{{Paths: make101()}} }, "Rules: 101 paths: an ALB takes 100 rules"},
		"open by silence":     {func(p *expose.IngressProps) { public(p); p.Inbound = expose.Inbound{} }, "Inbound: missing: the controller would open"},
		"open inside":         {func(p *expose.IngressProps) { p.Inbound = expose.Inbound{Anywhere: true} }, "Inbound.Anywhere: an internal load balancer"},
		"open and not":        {func(p *expose.IngressProps) { public(p); p.Inbound.Anywhere = true }, "Inbound.Anywhere: true with ranges"},
		"only IPv4":           {func(p *expose.IngressProps) { p.Inbound.Cidrs = []netip.Prefix{four} }, "only IPv4 ranges, which shuts IPv6 clients out"},
		"only IPv6":           {func(p *expose.IngressProps) { p.Inbound.Cidrs = []netip.Prefix{six} }, "only IPv6 ranges, which shuts IPv4 clients out"},
		"other family":        {func(p *expose.IngressProps) { p.Inbound.Families = expose.OnlyIPv4 }, "Inbound.Cidrs[1]: 2001:db8::/32 with Families OnlyIPv4"},
		"other family, IPv6":  {func(p *expose.IngressProps) { p.Inbound.Families = expose.OnlyIPv6 }, "Inbound.Cidrs[0]: 203.0.113.0/24 with Families OnlyIPv6"},
		"no family":           {func(p *expose.IngressProps) { p.Inbound.Families = 7 }, "Inbound.Families: 7"},
		"world by range":      {func(p *expose.IngressProps) { public(p); p.Inbound.Cidrs[0] = netip.MustParsePrefix("0.0.0.0/0") }, "as wide as the world: want your clients' ranges, or Inbound.Anywhere"},
		"world by IPv6 range": {func(p *expose.IngressProps) { public(p); p.Inbound.Cidrs[1] = netip.MustParsePrefix("2000::/3") }, "Inbound.Cidrs[1]: 2000::/3 is as wide as the world"},
		"host bits":           {func(p *expose.IngressProps) { p.Inbound.Cidrs[0] = netip.MustParsePrefix("203.0.113.1/24") }, "has host bits set: want 203.0.113.0/24"},
		"no range":            {func(p *expose.IngressProps) { p.Inbound.Cidrs = append(p.Inbound.Cidrs, netip.Prefix{}) }, "Inbound.Cidrs[2]: invalid prefix"},
		"range twice":         {func(p *expose.IngressProps) { p.Inbound.Cidrs = append(p.Inbound.Cidrs, four) }, "Inbound.Cidrs[2]: 203.0.113.0/24 is named twice"},
		"rules of a group": {func(p *expose.IngressProps) {
			p.Certificates = []string{cert}
			for i := range 30 {
				p.Inbound.Cidrs = append(p.Inbound.Cidrs, netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 32))
			}
		}, "31 ranges of one family for 2 ports are 62 rules"},
		"ignored ranges": {func(p *expose.IngressProps) { p.SecurityGroups = []string{"sg-1"} }, "Inbound: given with SecurityGroups"},
		"groups": {func(p *expose.IngressProps) {
			p.SecurityGroups, p.Inbound = make([]string, 6), expose.Inbound{}
			for i := range p.SecurityGroups {
				p.SecurityGroups[i] = fmt.Sprint("sg-", i)
			}
		}, "SecurityGroups: 6"},
		"no group":        {func(p *expose.IngressProps) { p.SecurityGroups, p.Inbound = []string{""}, expose.Inbound{} }, "SecurityGroups[0]"},
		"private no IPv4": {func(p *expose.IngressProps) { p.AddressType = expose.DualStackWithoutPublicIPv4 }, "on an internal load balancer"},
		"IPv4 to no IPv4": {func(p *expose.IngressProps) {
			public(p)
			p.AddressType, p.Inbound = expose.DualStackWithoutPublicIPv4, expose.Inbound{Anywhere: true, Families: expose.OnlyIPv4}
		}, "no IPv4 client can reach it"},
		"login without IPv4": {func(p *expose.IngressProps) {
			public(p)
			p.AddressType, p.Certificates = expose.DualStackWithoutPublicIPv4, []string{cert}
			p.Cognito = &expose.Cognito{UserPoolArn: pool, UserPoolClientID: "b", UserPoolDomain: "c"}
		}, "AddressType: dualstack-without-public-ipv4 with authentication"},
		"login without TLS": {func(p *expose.IngressProps) {
			p.Cognito = &expose.Cognito{UserPoolArn: pool, UserPoolClientID: "b", UserPoolDomain: "c"}
		}, "Cognito, OIDC: without Certificates"},
		"half a login": {func(p *expose.IngressProps) { p.Certificates, p.OIDC = []string{cert}, &expose.OIDC{Issuer: "x"} }, "OIDC: {Issuer:x"},
		"half a pool":  {func(p *expose.IngressProps) { p.Certificates, p.Cognito = []string{cert}, &expose.Cognito{} }, "Cognito: {"},
		"two logins": {func(p *expose.IngressProps) {
			p.Certificates, p.Cognito = []string{cert}, &expose.Cognito{UserPoolArn: pool, UserPoolClientID: "b", UserPoolDomain: "c"}
			p.OIDC = oidc()
		}, "Cognito, OIDC: both"},
		"certificate": {func(p *expose.IngressProps) { p.Certificates = []string{"arn:aws:iam::1:server-certificate/x"} }, "Certificates[0]"},
		"certificates": {func(p *expose.IngressProps) {
			for range 27 {
				p.Certificates = append(p.Certificates, cert)
			}
		}, "Certificates: 27"},
		"policy for none":  {func(p *expose.IngressProps) { p.TLSPolicy = "x" }, "without Certificates"},
		"WAF":              {func(p *expose.IngressProps) { p.WAFArn = "acl" }, `WAFArn: "acl"`},
		"group's name":     {func(p *expose.IngressProps) { p.Group = "My group" }, "Group: \"My group\""},
		"order of none":    {func(p *expose.IngressProps) { p.GroupOrder = 3 }, "GroupOrder: 3 with Group"},
		"order":            {func(p *expose.IngressProps) { p.Group, p.GroupOrder = "g", 1001 }, "GroupOrder: 1001"},
		"one subnet":       {func(p *expose.IngressProps) { p.Subnets = []string{"subnet-1"} }, "Subnets: one"},
		"long name":        {func(p *expose.IngressProps) { p.LoadBalancerName = strings.Repeat("a", 33) }, "LoadBalancerName"},
		"internal- name":   {func(p *expose.IngressProps) { p.LoadBalancerName = "internal-a" }, "LoadBalancerName"},
		"health":           {func(p *expose.IngressProps) { p.HealthCheck.Protocol = "TCP" }, `HealthCheck.Protocol: "TCP": want HTTP, HTTPS`},
		"health path":      {func(p *expose.IngressProps) { p.HealthCheck.Path = "x" }, `HealthCheck.Path: "x"`},
		"health interval":  {func(p *expose.IngressProps) { p.HealthCheck.IntervalSeconds = 4 }, "HealthCheck.IntervalSeconds: 4: want 5 to 300"},
		"health timeout":   {func(p *expose.IngressProps) { p.HealthCheck.IntervalSeconds, p.HealthCheck.TimeoutSeconds = 10, 10 }, "want less than the interval"},
		"health threshold": {func(p *expose.IngressProps) { p.HealthCheck.HealthyThreshold = 11 }, "HealthCheck.HealthyThreshold: 11"},
		"log to nowhere":   {func(p *expose.IngressProps) { p.AccessLogs = &expose.AccessLogs{} }, "AccessLogs.Bucket: missing"},
		"comma":            {func(p *expose.IngressProps) { p.Tags = map[string]string{"team": "a,b"} }, "Tags[team]"},
		"own attribute":    {func(p *expose.IngressProps) { p.Attributes = map[string]string{"deletion_protection.enabled": "true"} }, "want the field DeletionProtection"},
		"open attribute":   {func(p *expose.IngressProps) { p.Attributes = map[string]string{"ipv6.deny_all_igw_traffic": "false"} }, "reachable from the IPv6 internet"},
		"instance targets": {note("alb.ingress.kubernetes.io/target-type", "instance"), "instance targets need a primary IPv6 address"},
		"IPv4 only":        {note("alb.ingress.kubernetes.io/ip-address-type", "ipv4"), "refuses an IPv4 load balancer in front of IPv6 Pods"},
		"other class":      {note("kubernetes.io/ingress.class", "nginx"), "the class is this package's"},
		"inbound":          {note("alb.ingress.kubernetes.io/inbound-cidrs", "0.0.0.0/0"), "want the field Inbound"},
	} {
		// Each case has slices of its own: ingress shares none that a change writes to.
		p := ingress(func(p *expose.IngressProps) { p.Inbound.Cidrs = []netip.Prefix{four, six} })
		c.change(p)
		refused(t, name, p, c.want)
	}
}

func make101() []expose.Path {
	out := make([]expose.Path, 101)
	for i := range out {
		out[i] = expose.Path{Path: fmt.Sprintf("/%d", i), Backend: web}
	}
	return out
}

func TestServiceRefuses(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr
	note := func(k, v string) func(*expose.ServiceProps) {
		return func(p *expose.ServiceProps) {
			p.Annotations = map[string]string{"service.beta.kubernetes.io/aws-load-balancer-" + k: v}
		}
	}
	for name, c := range map[string]struct {
		change func(*expose.ServiceProps)
		want   string
	}{
		"no Pods":    {func(p *expose.ServiceProps) { p.Selector = nil }, "Selector: missing"},
		"no ports":   {func(p *expose.ServiceProps) { p.Ports = nil }, "Ports: 0: want 1 to 50"},
		"port":       {func(p *expose.ServiceProps) { p.Ports[0].Port = 0 }, "Ports[0].Port: 0"},
		"port twice": {func(p *expose.ServiceProps) { p.Ports = append(p.Ports, expose.Port{Name: "b", Port: 443}) }, "Ports[1].Port: 443 is listened on twice: want each port once, or once for TCP and once for UDP"},
		"UDP twice": {func(p *expose.ServiceProps) {
			p.HealthCheck.Port = 80
			p.Ports = []expose.Port{{Port: 53}, {Port: 53, Protocol: expose.UDP}, {Name: "c", Port: 53, Protocol: expose.UDP}}
		}, "Ports[2].Port: 53 is listened on twice"},
		"TLS and UDP": {func(p *expose.ServiceProps) {
			p.HealthCheck.Port, p.Certificates = 80, []string{cert}
			p.Ports = []expose.Port{{Port: 443, Protocol: expose.TLS}, {Name: "b", Port: 443, Protocol: expose.UDP}}
		}, "Ports[1].Port: 443 is listened on twice"},
		"two targets of a pair": {func(p *expose.ServiceProps) {
			p.HealthCheck.Port = 80
			p.Ports = []expose.Port{{Port: 53, TargetPort: 8053}, {Port: 53, Protocol: expose.UDP}}
		}, "Ports[1].TargetPort: 53, and 8053 for the other protocol of port 53: want one for both"},
		"name twice":      {func(p *expose.ServiceProps) { p.Ports = []expose.Port{{Name: "a", Port: 1}, {Name: "a", Port: 2}} }, "Ports[1].Name: a is named twice"},
		"port's name":     {func(p *expose.ServiceProps) { p.Ports[0].Name = "A b" }, `Ports[0].Name: "A b"`},
		"two targets":     {func(p *expose.ServiceProps) { p.Ports[0].TargetPort, p.Ports[0].TargetName = 1, "a" }, "Ports[0].TargetPort: 1 with TargetName"},
		"target":          {func(p *expose.ServiceProps) { p.Ports[0].TargetPort = 65536 }, "Ports[0].TargetPort: 65536"},
		"target's name":   {func(p *expose.ServiceProps) { p.Ports[0].TargetName = "no spaces" }, "Ports[0].TargetName"},
		"protocol":        {func(p *expose.ServiceProps) { p.Ports[0].Protocol = "QUIC" }, `Ports[0].Protocol: "QUIC"`},
		"UDP's health":    {func(p *expose.ServiceProps) { p.Ports[0].Protocol = expose.UDP }, "UDP has no health check of its own"},
		"TLS without":     {func(p *expose.ServiceProps) { p.Ports[0].Protocol = expose.TLS }, "Certificates: missing"},
		"without TLS":     {func(p *expose.ServiceProps) { p.Certificates = []string{cert} }, "no port has Protocol TLS"},
		"open by silence": {func(p *expose.ServiceProps) { p.Scheme, p.Inbound = expose.InternetFacing, expose.Inbound{} }, "Inbound: missing"},
		"only IPv4":       {func(p *expose.ServiceProps) { p.Inbound.Cidrs = []netip.Prefix{four} }, "only IPv4 ranges"},
		"TCP's path":      {func(p *expose.ServiceProps) { p.HealthCheck = expose.HealthCheck{Protocol: "TCP", Path: "/"} }, "HealthCheck.Path"},
		"subnet":          {func(p *expose.ServiceProps) { p.Subnets = make([]expose.SubnetAddresses, 1) }, "Subnets[0].Subnet"},
		"subnet twice":    {func(p *expose.ServiceProps) { p.Subnets = []expose.SubnetAddresses{{Subnet: "a"}, {Subnet: "a"}} }, "Subnets[1].Subnet"},
		"some IPv6": {func(p *expose.ServiceProps) {
			p.Subnets = []expose.SubnetAddresses{{Subnet: "a", IPv6: addr("2001:db8::1")}, {Subnet: "b"}}
		}, "Subnets: 1 of 2 have IPv6: the count of static addresses and subnets must match"},
		"IPv4 as IPv6": {func(p *expose.ServiceProps) {
			p.Subnets = []expose.SubnetAddresses{{Subnet: "a", IPv6: addr("::ffff:10.0.0.1")}}
		}, "is not IPv6"},
		"IPv6 as IPv4": {func(p *expose.ServiceProps) {
			p.Subnets = []expose.SubnetAddresses{{Subnet: "a", PrivateIPv4: addr("2001:db8::1")}}
		}, "is not IPv4"},
		"EIP inside": {func(p *expose.ServiceProps) {
			p.Subnets = []expose.SubnetAddresses{{Subnet: "a", EIPAllocation: "eipalloc-1"}}
		}, "EIPAllocation: eipalloc-1 on an internal"},
		"EIP's id": {func(p *expose.ServiceProps) {
			p.Scheme = expose.InternetFacing
			p.Subnets = []expose.SubnetAddresses{{Subnet: "a", EIPAllocation: "203.0.113.1"}}
		}, "want the allocation id of an Elastic IP"},
		"private outside": {func(p *expose.ServiceProps) {
			p.Scheme = expose.InternetFacing
			p.Subnets = []expose.SubnetAddresses{{Subnet: "a", PrivateIPv4: addr("10.0.0.5")}}
		}, "PrivateIPv4: 10.0.0.5 on an internet-facing"},
		"own attribute": {func(p *expose.ServiceProps) {
			p.Attributes = map[string]string{"load_balancing.cross_zone.enabled": "true"}
		}, "want the field CrossZone"},
		"proxy attribute": {func(p *expose.ServiceProps) {
			p.TargetGroupAttributes = map[string]string{"proxy_protocol_v2.enabled": "true"}
		}, "want the field ProxyProtocol"},
		"no public IPv4": {note("ip-address-type", "dualstack-without-public-ipv4"), "an NLB has no dualstack-without-public-ipv4"},
		"IPv4 only":      {note("ip-address-type", "ipv4"), "refuses an IPv4 load balancer in front of IPv6 Pods"},
		"instances":      {note("nlb-target-type", "instance"), "instance targets need a primary IPv6 address"},
		"no prefix":      {note("enable-prefix-for-ipv6-source-nat", "off"), "a port of Protocol UDP, which turns it on"},
		"no group":       {note("disable-nlb-sg", "true"), "can never get one"},
		"ranges": {func(p *expose.ServiceProps) {
			p.Annotations = map[string]string{"service.beta.kubernetes.io/load-balancer-source-ranges": "10.0.0.0/8"}
		}, "want the field Inbound"},
	} {
		p := service(func(p *expose.ServiceProps) { p.Inbound.Cidrs = []netip.Prefix{four, six} })
		c.change(p)
		refused(t, name, p, c.want)
	}
}

func TestGatewayRefuses(t *testing.T) {
	t.Parallel()
	tcp := func(p *expose.GatewayProps) {
		p.HTTPRoutes, p.TCPRoutes = nil, []expose.TCPRoute{{Port: 5432, Backend: expose.Backend{Service: "db", Port: 5432}}}
	}
	for name, c := range map[string]struct {
		change func(*expose.GatewayProps)
		want   string
	}{
		"not installed": {func(p *expose.GatewayProps) { p.CRDsInstalled = false }, "CRDsInstalled: false: the controller brings no kinds of the Gateway API: want lbc.NewGatewayAPI for the controller, or version 1.6.0"},
		"no routes":     {func(p *expose.GatewayProps) { p.HTTPRoutes = nil }, "HTTPRoutes: missing"},
		"both kinds":    {func(p *expose.GatewayProps) { h := p.HTTPRoutes; tcp(p); p.HTTPRoutes = h }, "TCPRoutes: given with HTTPRoutes"},
		"NLB's addresses": {func(p *expose.GatewayProps) {
			tcp(p)
			p.Scheme, p.AddressType = expose.InternetFacing, expose.DualStackWithoutPublicIPv4
		}, "an NLB has no such address type"},
		"private no IPv4": {func(p *expose.GatewayProps) { p.AddressType = expose.DualStackWithoutPublicIPv4 }, "on an internal load balancer"},
		"IPv4 to no IPv4": {func(p *expose.GatewayProps) {
			p.Scheme, p.AddressType, p.Inbound = expose.InternetFacing, expose.DualStackWithoutPublicIPv4, expose.Inbound{Anywhere: true, Families: expose.OnlyIPv4}
		}, "no IPv4 client can reach it"},
		"open by silence": {func(p *expose.GatewayProps) { p.Scheme, p.Inbound = expose.InternetFacing, expose.Inbound{} }, "Inbound: missing"},
		"port by name": {func(p *expose.GatewayProps) {
			p.HTTPRoutes[0].Paths[0].Backend = expose.Backend{Service: "web", PortName: "http"}
		}, "the Gateway API knows ports by number"},
		"no paths":        {func(p *expose.GatewayProps) { p.HTTPRoutes[0].Paths = nil }, "HTTPRoutes[0].Paths: 0: want 1 to 16"},
		"path":            {func(p *expose.GatewayProps) { p.HTTPRoutes[0].Paths[0].Path = "x" }, `HTTPRoutes[0].Paths[0].Path: "x"`},
		"host":            {func(p *expose.GatewayProps) { p.HTTPRoutes[0].Hosts = []string{"*"} }, `HTTPRoutes[0].Hosts[0]: "*"`},
		"port twice":      {func(p *expose.GatewayProps) { tcp(p); p.TCPRoutes = append(p.TCPRoutes, p.TCPRoutes[0]) }, "TCPRoutes[1].Port: 5432"},
		"TLS on TCP":      {func(p *expose.GatewayProps) { tcp(p); p.Certificates = []string{cert} }, "Certificates, WAFArn: given with TCPRoutes"},
		"policy for none": {func(p *expose.GatewayProps) { p.TLSPolicy = "x" }, "TLSPolicy: x without Certificates"},
		"health":          {func(p *expose.GatewayProps) { p.HealthCheck.Protocol = "TCP" }, `HealthCheck.Protocol: "TCP"`},
	} {
		p := gateway(func(p *expose.GatewayProps) {
			p.HTTPRoutes = []expose.HTTPRoute{{Paths: []expose.Path{{Backend: web}}}}
		})
		c.change(p)
		refused(t, name, p, c.want)
	}
}

func TestEchoRefuses(t *testing.T) {
	t.Parallel()
	err := (&expose.EchoProps{Namespace: "No", Image: "a b", Replicas: -1}).Validate()
	for _, want := range []string{`Namespace: "No"`, `Image: "a b"`, "Replicas: -1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}

func TestCheckGroups(t *testing.T) {
	t.Parallel()
	in := func(name, group string, order int) *expose.IngressProps {
		return ingress(func(p *expose.IngressProps) { p.Name, p.Group, p.GroupOrder = name, group, order })
	}
	with := func(change func(*expose.IngressProps)) *expose.IngressProps {
		p := in("c", "g", 0)
		p.Namespace = "team"
		change(p)
		return p
	}
	reordered := with(func(p *expose.IngressProps) { p.Inbound.Cidrs = []netip.Prefix{six, four} })
	secure := with(func(p *expose.IngressProps) { p.Certificates = []string{cert} })
	if err := expose.CheckGroups(in("a", "g", 1), in("b", "g", 2), reordered, secure, nil, in("c", "", 0), in("d", "h", 1)); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		other *expose.IngressProps
		want  string
	}{
		"address types": {with(func(p *expose.IngressProps) { p.AddressType = expose.DualStackWithoutPublicIPv4 }), "Group: g: Ingress team/c has AddressType dualstack-without-public-ipv4, and default/a has dualstack: want the same"},
		"schemes":       {with(func(p *expose.IngressProps) { p.Scheme = expose.InternetFacing }), "Ingress team/c has Scheme internet-facing, and default/a has internal"},
		"ranges": {with(func(p *expose.IngressProps) {
			p.Inbound.Families, p.Inbound.Cidrs = expose.OnlyIPv4, []netip.Prefix{four}
		}), "has Inbound 203.0.113.0/24, and default/a has 2001:db8::/32,203.0.113.0/24: want"},
		"attributes": {with(func(p *expose.IngressProps) {
			p.Attributes = map[string]string{"idle_timeout.timeout_seconds": "90"}
		}), "Group: g: Ingress team/c has Attributes[idle_timeout.timeout_seconds] 90, and default/a has 60: want the same"},
		"logs":   {with(func(p *expose.IngressProps) { p.AccessLogs = &expose.AccessLogs{Bucket: "theirs"} }), "Ingress team/c has Attributes[access_logs.s3.bucket] theirs, and default/a has ours"},
		"tags":   {with(func(p *expose.IngressProps) { p.Tags = map[string]string{"team": "b"} }), "Ingress team/c has Tags[team] b, and default/a has a"},
		"places": {in("b", "g", 1), "GroupOrder: 1: Ingress default/b has the place of default/a"},
	} {
		a := in("a", "g", 1)
		a.Attributes, a.Tags, a.AccessLogs = map[string]string{"idle_timeout.timeout_seconds": "60"}, map[string]string{"team": "a"}, &expose.AccessLogs{Bucket: "ours"}
		if err := expose.CheckGroups(a, c.other); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want just %q", name, err, c.want)
		}
	}
}

func TestNothingGivenIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	var i *expose.IngressProps
	var s *expose.ServiceProps
	var g *expose.GatewayProps
	for _, p := range []props{i, s, g} {
		if err := p.Validate(); err == nil || strings.Count(err.Error(), "\n") < 1 {
			t.Errorf("%T: %v", p, err)
		}
	}
	// Without a cluster no one knows the ranges of its VPC.
	if _, err := ingress(func(p *expose.IngressProps) { p.Inbound = expose.Inbound{} }).Objects(); err == nil || !strings.Contains(err.Error(), "ranges of the cluster's VPC are not known here") {
		t.Errorf("internal without ranges: %v", err)
	}
}

// DNS has one port for TCP and UDP: one listener, which the controller makes of the two ports.
func TestServiceOfBothProtocols(t *testing.T) {
	t.Parallel()
	p := service(func(p *expose.ServiceProps) {
		p.HealthCheck.Port = 8080
		p.Ports = []expose.Port{{Port: 53, TargetPort: 8053}, {Port: 53, TargetPort: 8053, Protocol: expose.UDP}, {Port: 443}}
	})
	list, err := p.Objects()
	if err != nil {
		t.Fatal(err)
	}
	s := list[0].(*corev1.Service)
	var got []string
	for _, port := range s.Spec.Ports {
		got = append(got, fmt.Sprintf("%s %d %s %s", port.Name, port.Port, port.Protocol, port.TargetPort.String()))
	}
	if diff := cmp.Diff([]string{"port-53 53 TCP 8053", "port-53-udp 53 UDP 8053", "port-443 443 TCP 443"}, got); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"enable-tcp-udp-listener": "true", "enable-prefix-for-ipv6-source-nat": "on"} {
		if got := s.Annotations["service.beta.kubernetes.io/aws-load-balancer-"+name]; got != want {
			t.Errorf("%s is %q, wanted %q", name, got, want)
		}
	}
}

// manifests are what the goldens hold: every option at least once.
func manifests(t *testing.T) map[string]props {
	t.Helper()
	everything := ingress(func(p *expose.IngressProps) {
		p.Namespace, p.Scheme, p.AddressType = "shop", expose.InternetFacing, expose.DualStackWithoutPublicIPv4
		p.Rules = []expose.Rule{
			{Host: "shop.example.com", Paths: []expose.Path{{Path: "/cart", Exact: true, Backend: expose.Backend{Service: "cart", PortName: "http"}}, {Backend: web}}},
			{Host: "*.example.com", Paths: []expose.Path{{Path: "/img", Backend: web}}},
		}
		p.Certificates = []string{cert, "arn:aws:acm:eu-west-1:111122223333:certificate/two"}
		p.HealthCheck = expose.HealthCheck{Protocol: "HTTPS", Path: "/ok", Port: 9000, IntervalSeconds: 20, TimeoutSeconds: 5, HealthyThreshold: 3, UnhealthyThreshold: 4, SuccessCodes: "200-299"}
		p.WAFArn = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/acl/1"
		p.AccessLogs, p.DeletionProtection = &expose.AccessLogs{Bucket: "logs", Prefix: "shop"}, true
		p.Group, p.GroupOrder, p.LoadBalancerName, p.Subnets = "shop", 10, "shop", []string{"subnet-1", "subnet-2"}
		p.Attributes = map[string]string{"idle_timeout.timeout_seconds": "120", "routing.http2.enabled": "true"}
		p.TargetGroupAttributes = map[string]string{"deregistration_delay.timeout_seconds": "30"}
		p.Tags = map[string]string{"team": "shop", "env": "prod"}
		p.Annotations = map[string]string{"external-dns.alpha.kubernetes.io/hostname": "shop.example.com"}
	})
	login := ingress(func(p *expose.IngressProps) {
		p.Certificates, p.WithoutRedirect, p.TLSPolicy = []string{cert}, true, "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09"
		p.OIDC = oidc()
		p.SecurityGroups, p.Inbound = []string{"sg-1", "sg-2"}, expose.Inbound{}
	})
	static := service(func(p *expose.ServiceProps) {
		p.Scheme, p.CrossZone, p.ProxyProtocol, p.DeletionProtection = expose.InternetFacing, true, true, true
		p.Ports = []expose.Port{{Port: 443, TargetPort: 8080, Protocol: expose.TLS}, {Name: "dns", Port: 53, TargetName: "dns", Protocol: expose.UDP}, {Port: 5432}}
		p.Certificates, p.HealthCheck = []string{cert}, expose.HealthCheck{Path: "/healthz", Port: 8080}
		p.Subnets = []expose.SubnetAddresses{
			{Subnet: "subnet-1", EIPAllocation: "eipalloc-1", IPv6: netip.MustParseAddr("2001:db8:0:1::5")},
			{Subnet: "subnet-2", EIPAllocation: "eipalloc-2", IPv6: netip.MustParseAddr("2001:db8:0:2::5")},
		}
		p.AccessLogs = &expose.AccessLogs{Bucket: "logs"}
		p.LoadBalancerName, p.Tags = "static", map[string]string{"team": "net"}
		p.TargetGroupAttributes = map[string]string{"deregistration_delay.timeout_seconds": "60"}
	})
	inside := service(func(p *expose.ServiceProps) {
		p.Subnets = []expose.SubnetAddresses{{Subnet: "subnet-1", PrivateIPv4: netip.MustParseAddr("10.0.0.5")}}
		p.SecurityGroups, p.Inbound = []string{"sg-1"}, expose.Inbound{}
	})
	door := gateway(func(p *expose.GatewayProps) {
		p.Scheme, p.Certificates, p.Tags = expose.InternetFacing, []string{cert}, map[string]string{"team": "shop"}
		p.HTTPRoutes[0].Hosts = []string{"shop.example.com"}
		p.HealthCheck = expose.HealthCheck{Path: "/ok", Port: 9000, SuccessCodes: "200"}
		p.WAFArn = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/acl/1"
		p.DeletionProtection, p.LoadBalancerName = true, "door"
	})
	db := gateway(func(p *expose.GatewayProps) {
		p.Name, p.HTTPRoutes = "db", nil
		p.TCPRoutes = []expose.TCPRoute{{Port: 5432, Backend: expose.Backend{Service: "db", Port: 5432}}, {Port: 6432, Backend: expose.Backend{Service: "pool", Port: 6432}}}
	})
	return map[string]props{
		"ingress": ingress(func(*expose.IngressProps) {}), "ingress-everything": everything, "ingress-login": login,
		"service": service(func(*expose.ServiceProps) {}), "service-static": static, "service-inside": inside,
		"gateway-http": door, "gateway-tcp": db, "echo": &expose.EchoProps{},
	}
}

func TestGoldenManifests(t *testing.T) {
	t.Parallel()
	for name, p := range manifests(t) {
		objects, err := p.Objects()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := expose.YAML(objects...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		golden.Check(t, "testdata/"+name+".yaml", text)
		for _, o := range objects {
			if c := o.DeepCopyObject(); c == o || !reflect.DeepEqual(o, c) {
				t.Errorf("%s: a copy differs:\n%+v\n%+v", name, o, c)
			}
		}
	}
}

// A copy shares nothing with what it was made of.
func TestCopiesAreDeep(t *testing.T) {
	t.Parallel()
	objects, err := manifests(t)["gateway-http"].Objects()
	if err != nil {
		t.Fatal(err)
	}
	before, err := expose.YAML(objects...)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		switch c := o.DeepCopyObject().(type) {
		case *kube.LoadBalancerConfiguration:
			c.Spec.SourceRanges[0], c.Spec.Tags["team"], c.Spec.WAFv2.WebACL = "x", "x", "x"
			c.Spec.ListenerConfigurations[0].SslPolicy, c.Spec.LoadBalancerAttributes[0].Value, c.Spec.DefaultTargetGroupConfiguration.Name = "x", "x", "x"
		case *kube.TargetGroupConfiguration:
			c.Spec.DefaultConfiguration.HealthCheckConfig.Path, c.Spec.DefaultConfiguration.HealthCheckConfig.Matcher.HTTPCode = "x", "x"
		}
	}
	if after, err := expose.YAML(objects...); err != nil || string(before) != string(after) {
		t.Errorf("changing copies changed them: %v\n%s", err, after)
	}
}

func TestYAMLRefusesTokens(t *testing.T) {
	t.Parallel()
	objects, err := ingress(func(p *expose.IngressProps) { p.AccessLogs = &expose.AccessLogs{Bucket: "${Token[TOKEN.7]}"} }).Objects()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := expose.YAML(objects...); err == nil || !strings.Contains(err.Error(), "Ingress web holds a CDK token") {
		t.Errorf("%v\n%s", err, text)
	}
}
