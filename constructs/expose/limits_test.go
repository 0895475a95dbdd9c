package expose_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/eks-ipv6/cdk/constructs/expose"
)

// paths are n of them, each another.
func paths(n int) []expose.Path {
	out := make([]expose.Path, n)
	for i := range out {
		out[i] = expose.Path{Path: fmt.Sprintf("/%d", i), Backend: web}
	}
	return out
}

func many(n int, of func(int) string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = of(i)
	}
	return out
}

func certs(n int) []string {
	return many(n, func(i int) string { return fmt.Sprint(cert, i) })
}

// What the API server, the controller or Elastic Load Balancing would refuse, or take for something else, is refused here.
// Every limit is met from its two sides.
func TestIngressLimits(t *testing.T) {
	t.Parallel()
	type change = func(*expose.IngressProps)
	rule := func(host string, path expose.Path) change {
		path.Backend = web
		return func(p *expose.IngressProps) {
			p.Rules = []expose.Rule{{Host: host, Paths: []expose.Path{path}}}
		}
	}
	prefix := func(path string) change { return rule("", expose.Path{Path: path}) }
	exact := func(path string) change { return rule("", expose.Path{Path: path, Exact: true}) }
	host := func(name string) change { return rule(name, expose.Path{}) }
	health := func(interval, timeout int) change {
		return func(p *expose.IngressProps) {
			p.HealthCheck.IntervalSeconds, p.HealthCheck.TimeoutSeconds = interval, timeout
		}
	}
	attribute := func(k, v string) change {
		return func(p *expose.IngressProps) { p.Attributes = map[string]string{k: v} }
	}
	target := func(k, v string) change {
		return func(p *expose.IngressProps) { p.TargetGroupAttributes = map[string]string{k: v} }
	}
	tag := func(k, v string) change {
		return func(p *expose.IngressProps) { p.Tags = map[string]string{k: v} }
	}
	conditions := func(values int) change {
		return func(p *expose.IngressProps) {
			host("www.example.com")(p)
			p.Annotations = map[string]string{"alb.ingress.kubernetes.io/conditions.web": `[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X","values":["a"` + strings.Repeat(`,"b"`, values-1) + `]}}]`}
		}
	}
	login := func(change func(*expose.OIDC)) change {
		return func(p *expose.IngressProps) {
			p.Certificates, p.OIDC = []string{cert}, oidc()
			change(p.OIDC)
		}
	}
	policy := func(name string) change {
		return func(p *expose.IngressProps) { p.Certificates, p.TLSPolicy = []string{cert}, name }
	}
	for name, c := range map[string]struct {
		change change
		want   string // nothing: accepted
	}{
		"prefix with *":          {prefix("/a/*"), `Rules[0].Paths[0].Path: "/a/*": the controller takes no wildcards in a prefix`},
		"prefix with ?":          {prefix("/a?"), `the controller takes no wildcards in a prefix`},
		"exact with *":           {exact("/a*"), `the controller takes no wildcards in an exact path`},
		"exact with ?":           {exact("/a?b"), `the controller takes no wildcards in an exact path`},
		"//":                     {prefix("/a//b"), `"/a//b" has //, which the API server refuses`},
		"/../":                   {prefix("/a/../b"), "has /../, which"},
		"/./":                    {exact("/a/./b"), "has /./, which"},
		"/.. at the end":         {prefix("/a/.."), "has /.., which"},
		"/. at the end":          {prefix("/a/."), "has /., which"},
		"%2f":                    {prefix("/a%2fb"), "has %2f, which"},
		"dots in names":          {prefix("/a/..b/.c/d.."), ""},
		"characters":             {prefix(`/a_-.$/~"'@:+;&`), ""},
		"another character":      {prefix("/a,b"), "has ',', which a rule's condition does not take"},
		"a letter beyond ASCII":  {prefix("/é"), "has 'é', which a rule's condition does not take"},
		"blank at the end":       {exact("/a "), "has ' ', which a rule's condition does not take"},
		"longest prefix":         {prefix("/" + strings.Repeat("a", 125)), ""},
		"longer prefix":          {prefix("/" + strings.Repeat("a", 126)), "Path: 127 characters, with /* 129: a rule's condition takes 128"},
		"longest exact path":     {exact("/" + strings.Repeat("a", 127)), ""},
		"longer exact path":      {exact("/" + strings.Repeat("a", 128)), "129: a rule's condition takes 128"},
		"host of IPv4":           {host("203.0.113.7"), `Rules[0].Host: "203.0.113.7" is an address: want a DNS name`},
		"host of IPv6":           {host("2001:db8::7"), `"2001:db8::7" is an address`},
		"host in brackets":       {host("[2001:db8::7]"), `"[2001:db8::7]" is an address`},
		"longest host":           {host(strings.Repeat("a", 60) + "." + strings.Repeat("b", 63) + ".com"), ""},
		"longer host":            {host(strings.Repeat("a", 61) + "." + strings.Repeat("b", 63) + ".com"), "Rules[0].Host: 129 characters: a rule's condition takes 128"},
		"host without a dot":     {host("localhost"), `"localhost": a rule's condition wants a dot`},
		"host ends in digits":    {host("a.b1"), `"a.b1": a rule's condition wants a dot, and letters alone after the last one`},
		"host of another script": {host("www.xn--p1ai"), ""},
		"blank after a host":     {host("www.example.com "), `"www.example.com ": want a DNS name`},
		"values of a rule":       {conditions(3), ""},
		"more values":            {conditions(4), "Rules[0].Paths[0]: 6 values in the conditions of one rule"},
		"no JSON": {func(p *expose.IngressProps) {
			p.Annotations = map[string]string{"alb.ingress.kubernetes.io/conditions.web": "x"}
		}, "want a JSON list of conditions"},
		"most rules":              {func(p *expose.IngressProps) { p.Rules = []expose.Rule{{Paths: paths(100)}} }, ""},
		"timeout of the interval": {health(10, 10), "HealthCheck.TimeoutSeconds: 10 with an interval of 10: want less than the interval"},
		"timeout in time":         {health(10, 9), ""},
		"interval alone":          {health(5, 0), "HealthCheck.IntervalSeconds: 5 with the timeout's default, 5: want TimeoutSeconds too, less than the interval"},
		"interval alone, longer":  {health(6, 0), ""},
		"timeout alone":           {health(0, 15), "HealthCheck.TimeoutSeconds: 15 with the interval's default, 15: want less than the interval, or IntervalSeconds too"},
		"timeout alone, shorter":  {health(0, 14), ""},
		"health path with blank":  {func(p *expose.IngressProps) { p.HealthCheck.Path = "/ok " }, `HealthCheck.Path: "/ok "`},
		"codes":                   {func(p *expose.IngressProps) { p.HealthCheck.SuccessCodes = "200, 204" }, `HealthCheck.SuccessCodes: "200, 204": want codes such as`},
		"codes and ranges":        {func(p *expose.IngressProps) { p.HealthCheck.SuccessCodes = "200,300-399" }, ""},
		"most certificates":       {func(p *expose.IngressProps) { p.Certificates = certs(26) }, ""},
		"more certificates":       {func(p *expose.IngressProps) { p.Certificates = certs(27) }, "Certificates: 27: an application load balancer takes 25 beside the default one"},
		"blank before an ARN":     {func(p *expose.IngressProps) { p.Certificates = []string{" " + cert} }, "Certificates[0]: \" arn:aws:acm:eu-west-1:111122223333:certificate/one\": the controller takes blanks off"},
		"two ARNs in one":         {func(p *expose.IngressProps) { p.Certificates = []string{cert + "," + cert} }, "Certificates[0]"},
		"policy":                  {policy("ELBSecurityPolicy-TLS13-1-2-2021-06"), ""},
		"policy misspelt":         {policy("ELBSecurityPolicy-TLS13-1-2-2021-6"), `TLSPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-6": no listener knows it: want ELBSecurityPolicy-TLS13-1-2-2021-06`},
		"policy of no kind":       {policy("secure"), "want ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"},
		"policy of a later month": {policy("ELBSecurityPolicy-TLS13-1-3-PQ-2026-11"), ""},
		"policy of an older one":  {policy("ELBSecurityPolicy-TLS13-1-3-PQ-2024-11"), "no listener knows it: want ELBSecurityPolicy-TLS13-1-3-PQ-2025-09"},
		"attribute":               {attribute("idle_timeout.timeout_seconds", "4000"), ""},
		"attribute misspelt":      {attribute("idle_timeout.seconds", "60"), `Attributes[idle_timeout.seconds]: "60": an application load balancer has no such attribute: want idle_timeout.timeout_seconds`},
		"attribute of no kind":    {attribute("color", "red"), `Attributes[color]: "red": an application load balancer has no such attribute: leave it out`},
		"attribute of NLBs":       {attribute("dns_record.client_routing_policy", "any_availability_zone"), "only a network load balancer has it"},
		"attribute's number":      {attribute("idle_timeout.timeout_seconds", "4001"), `"4001": want 1 to 4000`},
		"attribute's word":        {attribute("routing.http2.enabled", "yes"), `"yes": want true or false`},
		"cross-zone":              {attribute("load_balancing.cross_zone.enabled", "false"), "an application load balancer always spreads requests over all zones: leave it out"},
		"blank in an attribute":   {attribute("routing.http2.enabled", "true "), `Attributes[routing.http2.enabled]: "true ": the controller takes blanks off`},
		"target attribute":        {target("slow_start.duration_seconds", "0"), ""},
		"target's number":         {target("slow_start.duration_seconds", "29"), `TargetGroupAttributes[slow_start.duration_seconds]: "29": want 0 or 30 to 900`},
		"target of NLBs":          {target("preserve_client_ip.enabled", "true"), "only a network load balancer has it"},
		"stickiness of NLBs":      {target("stickiness.type", "source_ip"), "want lb_cookie or app_cookie"},
		"tag":                     {tag("team/é", "net: 1+1=2 @home"), ""},
		"cluster's tag":           {tag("elbv2.k8s.aws/cluster", "x"), "Tags[elbv2.k8s.aws/cluster]: \"x\": the controller finds what it has made by this tag"},
		"stack's tag":             {tag("ingress.k8s.aws/stack", "x"), "by this tag"},
		"service's tag":           {tag("service.k8s.aws/resource", "x"), "by this tag"},
		"gateway's tag":           {tag("gateway.k8s.aws.alb/stack", "x"), "by this tag"},
		"AWS's tag":               {tag("aws:team", "x"), "Tags[aws:team]: only AWS sets tags that begin with aws:"},
		"AWS's tag in capitals":   {tag("AWS:team", "x"), "only AWS sets tags"},
		"longest tag":             {tag(strings.Repeat("k", 128), strings.Repeat("v", 256)), ""},
		"longer key":              {tag(strings.Repeat("k", 129), "v"), "want a key of 128 letters"},
		"longer value":            {tag("k", strings.Repeat("v", 257)), "want a value of 256 letters"},
		"tag's characters":        {tag("k", "a&b"), `Tags[k]: "a&b": want a value of`},
		"blank after a tag":       {tag("team", "net "), `Tags[team]: "net ": the controller takes blanks off the ends: want "net"`},
		"backslash in a tag":      {tag("team", `a\b`), "nor backslash in it"},
		"most tags": {func(p *expose.IngressProps) {
			p.Tags = map[string]string{}
			for i := range 47 {
				p.Tags[fmt.Sprint("t", i)] = ""
			}
		}, ""},
		"more tags": {func(p *expose.IngressProps) {
			p.Tags = map[string]string{}
			for i := range 48 {
				p.Tags[fmt.Sprint("t", i)] = ""
			}
		}, "Tags: 48: a resource takes 50, and the controller sets 3"},
		"blank before a subnet": {func(p *expose.IngressProps) { p.Subnets = []string{"subnet-1", " subnet-2"} }, `Subnets[1]: " subnet-2": the controller takes blanks off`},
		"no subnet":             {func(p *expose.IngressProps) { p.Subnets = []string{"subnet-1", " "} }, `Subnets[1]: " ": want the id`},
		"subnet twice":          {func(p *expose.IngressProps) { p.Subnets = []string{"subnet-1", "subnet-1"} }, `Subnets[1]: "subnet-1": want the id or Name tag of a subnet, each once`},
		"blank after a group":   {func(p *expose.IngressProps) { p.SecurityGroups, p.Inbound = []string{"sg-1 "}, expose.Inbound{} }, `SecurityGroups[0]: "sg-1 ": the controller takes blanks off`},
		"scheme":                {func(p *expose.IngressProps) { p.Scheme = 7 }, "Scheme: 7: want Internal or InternetFacing"},
		"address type":          {func(p *expose.IngressProps) { p.AddressType = 7 }, "AddressType: 7: want DualStack or"},
		"bucket":                {func(p *expose.IngressProps) { p.AccessLogs = &expose.AccessLogs{Bucket: "My logs"} }, `AccessLogs.Bucket: "My logs": want the name of an S3 bucket`},
		"prefix of logs":        {func(p *expose.IngressProps) { p.AccessLogs = &expose.AccessLogs{Bucket: "logs", Prefix: "a,b"} }, `AccessLogs.Prefix: "a,b"`},
		"login":                 {login(func(*expose.OIDC) {}), ""},
		"login without TLS":     {login(func(o *expose.OIDC) { o.TokenEndpoint = "http://id.example.com" }), `OIDC.TokenEndpoint: "http://id.example.com": want a whole address that begins with https://`},
		"login with a blank":    {login(func(o *expose.OIDC) { o.Issuer += " " }), "OIDC.Issuer"},
		"login's Secret":        {login(func(o *expose.OIDC) { o.SecretName = "My_secret" }), `OIDC.SecretName: "My_secret"`},
		"user pool": {func(p *expose.IngressProps) {
			p.Certificates, p.Cognito = []string{cert}, &expose.Cognito{UserPoolArn: "p", UserPoolClientID: "c", UserPoolDomain: "d"}
		}, `Cognito.UserPoolArn: "p": want the ARN of a Cognito user pool`},
		"user pool with https": {func(p *expose.IngressProps) {
			p.Certificates, p.Cognito = []string{cert}, &expose.Cognito{UserPoolArn: pool, UserPoolClientID: "c", UserPoolDomain: "https://d"}
		}, `Cognito.UserPoolDomain: "https://d"`},
		"WAF with a blank": {func(p *expose.IngressProps) { p.WAFArn = "arn:aws:wafv2:eu-west-1:1:regional/webacl/a/b " }, "WAFArn: "},
	} {
		p := ingress(func(p *expose.IngressProps) { p.Inbound.Cidrs = []netip.Prefix{four, six} })
		c.change(p)
		limit(t, name, p, c.want)
	}
}

// limit wants one problem, or none.
func limit(t *testing.T, name string, p props, want string) {
	t.Helper()
	if want != "" {
		refused(t, name, p, want)
		return
	}
	if err := p.Validate(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func TestServiceLimits(t *testing.T) {
	t.Parallel()
	type change = func(*expose.ServiceProps)
	health := func(interval, timeout int) change {
		return func(p *expose.ServiceProps) {
			p.HealthCheck.IntervalSeconds, p.HealthCheck.TimeoutSeconds = interval, timeout
		}
	}
	selector := func(k, v string) change {
		return func(p *expose.ServiceProps) { p.Selector = map[string]string{k: v} }
	}
	tls := func(change change) change {
		return func(p *expose.ServiceProps) {
			p.Ports[0].Protocol, p.Certificates = expose.TLS, []string{cert}
			change(p)
		}
	}
	static := func(list ...expose.SubnetAddresses) change {
		for i := range list {
			list[i].Subnet = fmt.Sprint("subnet-", i)
		}
		return func(p *expose.ServiceProps) { p.Subnets = list }
	}
	addr, ranges := netip.MustParseAddr, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("2001:db8:0:1::/64")}
	icmp := func(v string) change {
		return func(p *expose.ServiceProps) {
			p.Annotations = map[string]string{"service.beta.kubernetes.io/aws-load-balancer-enable-icmp-for-path-mtu-discovery": v}
		}
	}
	clients := func(n int) (out []netip.Prefix) {
		for i := range n {
			out = append(out, netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 32))
		}
		return append(out, six)
	}
	for name, c := range map[string]struct {
		change change
		want   string
	}{
		"timeout beyond the interval": {health(10, 11), "HealthCheck.TimeoutSeconds: 11 with an interval of 10: want no more than the interval"},
		"timeout of the interval":     {health(10, 10), ""},
		"interval alone":              {health(9, 0), "HealthCheck.IntervalSeconds: 9 with the timeout's default, 10: want TimeoutSeconds too, no more than the interval"},
		"interval alone, longer":      {health(10, 0), ""},
		"timeout alone":               {health(0, 11), "HealthCheck.TimeoutSeconds: 11 with the interval's default, 10: want no more than the interval, or IntervalSeconds too"},
		"timeout alone, shorter":      {health(0, 10), ""},
		"selector":                    {selector("app.kubernetes.io/name", "web-1"), ""},
		"selector without a value":    {selector("app", ""), ""},
		"selector's key":              {selector("my app", "web"), "Selector[my app]: no key of a label"},
		"selector's empty key":        {selector("", "web"), "Selector[]: no key of a label"},
		"selector's prefix":           {selector("My_Team/app", "web"), "no key of a label"},
		"selector's value":            {selector("app", "web server"), `Selector[app]: "web server" is no value of a label`},
		"selector's long value":       {selector("app", strings.Repeat("a", 64)), "is no value of a label"},
		"blank after a selector":      {selector("app", "web "), `"web " is no value of a label`},
		"most certificates":           {tls(func(p *expose.ServiceProps) { p.Certificates = certs(26) }), ""},
		"more certificates":           {tls(func(p *expose.ServiceProps) { p.Certificates = certs(27) }), "Certificates: 27: a network load balancer takes 25 beside the default one"},
		"policy":                      {tls(func(p *expose.ServiceProps) { p.TLSPolicy = "ELBSecurityPolicy-TLS-1-2-2017-1" }), "want ELBSecurityPolicy-TLS-1-2-2017-01"},
		"attribute of ALBs":           {func(p *expose.ServiceProps) { p.Attributes = map[string]string{"idle_timeout.timeout_seconds": "60"} }, "only an application load balancer has it"},
		"attribute's word": {func(p *expose.ServiceProps) {
			p.Attributes = map[string]string{"dns_record.client_routing_policy": "any"}
		}, "want availability_zone_affinity or partial_availability_zone_affinity or any_availability_zone"},
		"attribute": {func(p *expose.ServiceProps) {
			p.Attributes = map[string]string{"secondary_ips.auto_assigned.per_subnet": "7"}
		}, ""},
		"target attribute": {func(p *expose.ServiceProps) {
			p.TargetGroupAttributes = map[string]string{"preserve_client_ip.enabled": "1"}
		}, `"1": want true or false`},
		"tag":                 {func(p *expose.ServiceProps) { p.Tags = map[string]string{"service.k8s.aws/stack": "x"} }, "by this tag"},
		"IPv6 of two subnets": {static(expose.SubnetAddresses{IPv6: addr("2001:db8:0:1::8")}, expose.SubnetAddresses{IPv6: addr("2001:db8:0:2::8")}), ""},
		"IPv6 of one subnet twice": {static(expose.SubnetAddresses{IPv6: addr("2001:db8:0:1::8")}, expose.SubnetAddresses{IPv6: addr("2001:db8:0:1::9")}),
			"Subnets[1].IPv6: 2001:db8:0:1::9, and 2001:db8:0:1::8 for subnet subnet-0, are both of 2001:db8:0:1::/64, which no two subnets share"},
		"IPv4 of one subnet twice": {static(expose.SubnetAddresses{PrivateIPv4: addr("10.0.0.5")}, expose.SubnetAddresses{PrivateIPv4: addr("10.0.0.6")}),
			"Subnets[1].PrivateIPv4: 10.0.0.6, and 10.0.0.5 for subnet subnet-0, are both of 10.0.0.0/28"},
		"IPv4 of two subnets": {static(expose.SubnetAddresses{PrivateIPv4: addr("10.0.0.5")}, expose.SubnetAddresses{PrivateIPv4: addr("10.0.0.17")}), ""},
		"in the ranges":       {static(expose.SubnetAddresses{Cidrs: ranges, PrivateIPv4: addr("10.0.0.4"), IPv6: addr("2001:db8:0:1::4")}), ""},
		"IPv6 outside":        {static(expose.SubnetAddresses{Cidrs: ranges, IPv6: addr("2001:db8:0:2::8")}), "Subnets[0].IPv6: 2001:db8:0:2::8 is not of subnet subnet-0, which has 2001:db8:0:1::/64"},
		"IPv4 outside":        {static(expose.SubnetAddresses{Cidrs: ranges, PrivateIPv4: addr("10.0.1.4")}), "Subnets[0].PrivateIPv4: 10.0.1.4 is not of subnet subnet-0, which has 10.0.0.0/24"},
		"AWS's first":         {static(expose.SubnetAddresses{Cidrs: ranges, IPv6: addr("2001:db8:0:1::3")}), "2001:db8:0:1::3 is one of the first 4 addresses of 2001:db8:0:1::/64, which AWS keeps"},
		"AWS's last":          {static(expose.SubnetAddresses{Cidrs: ranges, PrivateIPv4: addr("10.0.0.255")}), "10.0.0.255 is the last address of 10.0.0.0/24, which AWS keeps"},
		"no range":            {static(expose.SubnetAddresses{Cidrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}}), "Subnets[0].Cidrs[0]: 10.0.0.1/24: want a range of the subnet"},
		"blank in a subnet":   {func(p *expose.ServiceProps) { p.Subnets = []expose.SubnetAddresses{{Subnet: "subnet-1 "}} }, `Subnets[0].Subnet: "subnet-1 ": the controller takes blanks off`},
		"EIP with a blank": {func(p *expose.ServiceProps) {
			p.Scheme, p.Subnets = expose.InternetFacing, []expose.SubnetAddresses{{Subnet: "subnet-1", EIPAllocation: "eipalloc-1 "}}
		}, `EIPAllocation: "eipalloc-1 ": want the allocation id`},
		"TCP and UDP, checked by TCP": {func(p *expose.ServiceProps) { p.Ports = []expose.Port{{Port: 53}, {Port: 53, Protocol: expose.UDP}} }, ""},
		"ICMP":                        {icmp("on"), ""},
		"ICMP off":                    {icmp("off"), ""},
		"ICMP otherwise":              {icmp("true"), `"true": the controller knows on and off, and takes anything else for off: want "on"`},
		"ICMP into one's own groups": {func(p *expose.ServiceProps) {
			icmp("on")(p)
			p.SecurityGroups, p.Inbound = []string{"sg-1"}, expose.Inbound{}
		}, "on with SecurityGroups: the controller lets ICMP into its own group alone"},
		"rules":              {func(p *expose.ServiceProps) { p.Inbound.Cidrs = clients(60) }, ""},
		"rules with ICMP":    {func(p *expose.ServiceProps) { icmp("on")(p); p.Inbound.Cidrs = clients(30) }, ""},
		"too many with ICMP": {func(p *expose.ServiceProps) { icmp("on")(p); p.Inbound.Cidrs = clients(31) }, "31 ranges of one family for 1 ports and ICMP are 62 rules"},
		"scheme":             {func(p *expose.ServiceProps) { p.Scheme = -1 }, "Scheme: -1: want Internal or InternetFacing"},
	} {
		p := service(func(p *expose.ServiceProps) {
			p.Inbound.Cidrs = []netip.Prefix{four, six}
			p.Ports = []expose.Port{{Port: 443}}
		})
		c.change(p)
		limit(t, name, p, c.want)
	}
}

func TestGatewayLimits(t *testing.T) {
	t.Parallel()
	hosts := func(n int) []string {
		return many(n, func(i int) string { return fmt.Sprintf("h%d.example.com", i) })
	}
	routes := func(list ...expose.HTTPRoute) func(*expose.GatewayProps) {
		return func(p *expose.GatewayProps) { p.HTTPRoutes = list }
	}
	for name, c := range map[string]struct {
		change func(*expose.GatewayProps)
		want   string
	}{
		"most hosts":             {routes(expose.HTTPRoute{Hosts: hosts(16), Paths: paths(6)}), ""},
		"more hosts":             {routes(expose.HTTPRoute{Hosts: hosts(17), Paths: paths(1)}), "HTTPRoutes[0].Hosts: 17: a route takes 16"},
		"most paths":             {routes(expose.HTTPRoute{Paths: paths(16)}), ""},
		"more paths":             {routes(expose.HTTPRoute{Paths: paths(17)}), "HTTPRoutes[0].Paths: 17: want 1 to 16"},
		"most rules":             {routes(expose.HTTPRoute{Hosts: hosts(10), Paths: paths(9)}, expose.HTTPRoute{Paths: paths(10)}), ""},
		"more rules":             {routes(expose.HTTPRoute{Hosts: hosts(10), Paths: paths(9)}, expose.HTTPRoute{Paths: paths(11)}), "HTTPRoutes: 101 rules, one for each host and path: an ALB takes 100"},
		"host of an address":     {routes(expose.HTTPRoute{Hosts: []string{"203.0.113.7"}, Paths: paths(1)}), `HTTPRoutes[0].Hosts[0]: "203.0.113.7" is an address`},
		"wildcard in a path":     {routes(expose.HTTPRoute{Paths: []expose.Path{{Path: "/a*", Backend: web}}}), "HTTPRoutes[0].Paths[0].Path: \"/a*\": the controller takes no wildcards"},
		"// in a path":           {routes(expose.HTTPRoute{Paths: []expose.Path{{Path: "//", Backend: web}}}), "has //, which the API server refuses"},
		"interval alone":         {func(p *expose.GatewayProps) { p.HealthCheck.IntervalSeconds = 5 }, "HealthCheck.IntervalSeconds: 5 with the timeout's default, 5"},
		"timeout alone":          {func(p *expose.GatewayProps) { p.HealthCheck.TimeoutSeconds = 15 }, "HealthCheck.TimeoutSeconds: 15 with the interval's default, 15"},
		"timeout alone, shorter": {func(p *expose.GatewayProps) { p.HealthCheck.TimeoutSeconds = 14 }, ""},
		"NLB's timeout": {func(p *expose.GatewayProps) {
			p.HTTPRoutes, p.TCPRoutes = nil, []expose.TCPRoute{{Port: 443, Backend: web}}
			p.HealthCheck.TimeoutSeconds = 15
		}, ""},
		"certificates": {func(p *expose.GatewayProps) { p.Certificates = certs(27) }, "Certificates: 27: an application load balancer takes 25"},
		"policy":       {func(p *expose.GatewayProps) { p.Certificates, p.TLSPolicy = certs(1), "x" }, "no listener knows it"},
		"attribute":    {func(p *expose.GatewayProps) { p.Attributes = map[string]string{"idle_timeout": "60"} }, "has no such attribute"},
		"NLB's attribute": {func(p *expose.GatewayProps) {
			p.HTTPRoutes, p.TCPRoutes = nil, []expose.TCPRoute{{Port: 443, Backend: web}}
			p.Attributes = map[string]string{"load_balancing.cross_zone.enabled": "true"}
		}, ""},
		"tag": {func(p *expose.GatewayProps) { p.Tags = map[string]string{"gateway.k8s.aws.nlb/stack": "x"} }, "by this tag"},
	} {
		p := gateway(func(p *expose.GatewayProps) {
			p.HTTPRoutes = []expose.HTTPRoute{{Paths: []expose.Path{{Backend: web}}}}
		})
		c.change(p)
		limit(t, name, p, c.want)
	}
}

func TestBoundNLBLimits(t *testing.T) {
	t.Parallel()
	health := func(h expose.HealthCheck) func(*expose.BoundNLBProps) {
		return func(p *expose.BoundNLBProps) { p.HealthCheck = h }
	}
	for name, c := range map[string]struct {
		change func(*expose.BoundNLBProps)
		want   string
	}{
		"interval alone":         {health(expose.HealthCheck{IntervalSeconds: 9}), "HealthCheck.IntervalSeconds: 9 with the timeout's default, 10"},
		"interval alone, longer": {health(expose.HealthCheck{IntervalSeconds: 10}), ""},
		"interval of HTTP":       {health(expose.HealthCheck{IntervalSeconds: 6, Path: "/ok"}), ""},
		"interval of HTTP, less": {health(expose.HealthCheck{IntervalSeconds: 5, Path: "/ok"}), "HealthCheck.IntervalSeconds: 5 with the timeout's default, 6"},
		"timeout alone":          {health(expose.HealthCheck{TimeoutSeconds: 31}), "HealthCheck.TimeoutSeconds: 31 with the interval's default, 30"},
		"timeout alone, shorter": {health(expose.HealthCheck{TimeoutSeconds: 30}), ""},
		"most certificates":      {func(p *expose.BoundNLBProps) { p.Ports[0].CertificateArns = certs(26) }, ""},
		"more certificates":      {func(p *expose.BoundNLBProps) { p.Ports[0].CertificateArns = certs(27) }, "Ports[0].CertificateArns: 27: a network load balancer takes 25"},
		"scheme":                 {func(p *expose.BoundNLBProps) { p.Scheme = 2 }, "Scheme: 2: want Internal or InternetFacing"},
		"nil group":              {func(p *expose.BoundNLBProps) { p.ClientSecurityGroups = []awsec2.ISecurityGroup{nil} }, "ClientSecurityGroups[0]: nil"},
	} {
		err := bound(c.change).Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: got %v, want just %q", name, err, c.want)
		}
	}
}

// All that is wrong is told at once.
func TestLimitsAreToldTogether(t *testing.T) {
	t.Parallel()
	err := ingress(func(p *expose.IngressProps) {
		p.Rules = []expose.Rule{{Host: "203.0.113.7", Paths: []expose.Path{{Path: "/a//b", Backend: web}, {Path: "/*", Backend: web}}}}
		p.Tags, p.Attributes = map[string]string{"aws:a": "b"}, map[string]string{"a": "b"}
		p.HealthCheck.TimeoutSeconds = 20
	}).Validate()
	for _, want := range []string{"Rules[0].Host", "Rules[0].Paths[0].Path", "Rules[0].Paths[1].Path", "Tags[aws:a]", "Attributes[a]", "HealthCheck.TimeoutSeconds"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
}

func TestCheckGroupsCounts(t *testing.T) {
	t.Parallel()
	in := func(name string, n, certificates int) *expose.IngressProps {
		return ingress(func(p *expose.IngressProps) {
			p.Name, p.Group, p.Rules = name, "g", []expose.Rule{{Paths: paths(n)}}
			p.Certificates = many(certificates, func(i int) string { return fmt.Sprint(cert, name, i) })
		})
	}
	if err := expose.CheckGroups(in("a", 50, 13), in("b", 50, 13)); err != nil {
		t.Error(err)
	}
	for want, list := range map[string][]*expose.IngressProps{
		"Group: g: its Ingresses have 101 paths together: an ALB takes 100 rules":           {in("a", 50, 0), in("b", 51, 0)},
		"Group: g: its Ingresses have 27 certificates together: an ALB takes 25 beside the": {in("a", 1, 13), in("b", 1, 14)},
	} {
		if err := expose.CheckGroups(list...); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want just %q", err, want)
		}
	}
}

// The controller may read the Secret of a login, that one alone.
func TestLoginGrantsItsSecret(t *testing.T) {
	t.Parallel()
	objects, err := ingress(func(p *expose.IngressProps) {
		p.Namespace, p.Certificates, p.OIDC = "shop", []string{cert}, oidc()
	}).Objects()
	if err != nil || len(objects) != 3 {
		t.Fatal(err, objects)
	}
	role, binding := objects[0].(*rbacv1.Role), objects[1].(*rbacv1.RoleBinding)
	if role.Namespace != "shop" || len(role.Rules) != 1 || strings.Join(role.Rules[0].ResourceNames, " ") != "oidc" || strings.Join(role.Rules[0].Verbs, " ") != "get list watch" {
		t.Errorf("%+v", role)
	}
	if s := binding.Subjects; binding.Namespace != "shop" || binding.RoleRef.Name != role.Name || len(s) != 1 || s[0].Name != "aws-load-balancer-controller" || s[0].Namespace != "kube-system" {
		t.Errorf("%+v", binding)
	}
}
