package test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/preflighttest"
	"github.com/eks-ipv6/cdk/preflight/render"
	"github.com/eks-ipv6/cdk/stacks"
)

// boundNLB is a platform with a load balancer of the stack's own.
func boundNLB(t testing.TB, change func(*stacks.Platform, *expose.BoundNLBProps)) template {
	t.Helper()
	return synth(t, func(app awscdk.App) {
		p := stacks.NewPlatform(app, "P", nil)
		bp := &expose.BoundNLBProps{Cluster: p.Cluster, Controller: p.Controller, Service: "shop", Ports: []expose.BoundPort{{Port: 443, TargetPort: 8443}}}
		if change != nil {
			change(p, bp)
		}
		b := expose.NewBoundNLB(p.Stack, "Bound", bp)
		awscdk.NewCfnOutput(p.Stack, jsiix.Str("Arn"), &awscdk.CfnOutputProps{Value: jsiix.Str(b.Arn())})
		awscdk.NewCfnOutput(p.Stack, jsiix.Str("Name"), &awscdk.CfnOutputProps{Value: jsiix.Str(b.DNSName())})
	})["P"]
}

const (
	lbType, targetsType = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup"
	listenerType        = "AWS::ElasticLoadBalancingV2::Listener"
)

// Whatever is chosen, the load balancer is dual-stack, its targets are IPv6 Pod addresses, it has a security group that
// lets out both families, and the catalogue's clients get through.
func TestBoundNLB(t *testing.T) {
	certificate := "arn:aws-us-gov:acm:us-gov-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
	for name, c := range map[string]struct {
		change func(*stacks.Platform, *expose.BoundNLBProps)
		from   flow.Endpoint
		facing bool
	}{
		"internal": {nil, flow.Subnet("NetworkPublicSubnet1Subnet5B78347B"), false},
		"public": {func(_ *stacks.Platform, p *expose.BoundNLBProps) {
			p.Scheme, p.Inbound.Anywhere = expose.InternetFacing, true
		}, flow.Internet4, true},
		"public IPv6": {func(_ *stacks.Platform, p *expose.BoundNLBProps) {
			p.Scheme, p.Inbound.Anywhere, p.CrossZone = expose.InternetFacing, true, true
		}, flow.Internet6, true},
		"TLS": {func(_ *stacks.Platform, p *expose.BoundNLBProps) {
			p.Ports[0].CertificateArns, p.ProxyProtocol = []string{certificate}, true
		}, flow.Subnet("NetworkPublicSubnet2SubnetC3758C96"), false},
		"tuned": {func(_ *stacks.Platform, p *expose.BoundNLBProps) {
			p.Tune = func(lp *awselasticloadbalancingv2.NetworkLoadBalancerProps) {
				lp.LoadBalancerName, lp.DenyAllIgwTraffic = jsiix.Str("shop"), jsiix.Bool(true)
			}
			p.TuneTargets = func(_ expose.BoundPort, tp *awselasticloadbalancingv2.NetworkTargetGroupProps) {
				tp.PreserveClientIp = jsiix.Bool(false)
			}
		}, flow.Subnet("NetworkPublicSubnet1Subnet5B78347B"), false},
	} {
		tpl := boundNLB(t, c.change)
		id, lb := tpl.one(t, lbType)
		_, targets := tpl.one(t, targetsType)
		if lb.Properties["IpAddressType"] != "dualstack" || lb.Properties["Type"] != "network" || len(lb.Properties["SecurityGroups"].([]any)) != 1 {
			t.Errorf("%s: %s", name, js(lb.Properties))
		}
		if targets.Properties["IpAddressType"] != "ipv6" || targets.Properties["TargetType"] != "ip" || targets.Properties["Port"] != 8443.0 {
			t.Errorf("%s: %s", name, js(targets.Properties))
		}
		if (lb.Properties["Scheme"] == "internet-facing") != c.facing || strings.Contains(js(lb.Properties["Subnets"]), "Public") != c.facing {
			t.Errorf("%s: %v in %s", name, lb.Properties["Scheme"], js(lb.Properties["Subnets"]))
		}
		if !c.facing {
			checkSecurityGroups(t, name, tpl)
		}
		group, _ := tpl.find(t, "AWS::EC2::SecurityGroup", "GroupDescription", "default/shop")
		if block, _ := tpl.one(t, "AWS::EC2::VPCCidrBlock"); !c.facing && !tpl.waitsFor(group, block) {
			t.Errorf("%s: the security group does not wait for the VPC's IPv6 range, which it names", name)
		}
		network, err := flow.Read(name, tpl.text)
		if err != nil {
			t.Fatal(err)
		}
		tr, err := network.Trace(flow.Query{From: c.from, To: flow.Service("default", "shop"), Port: 443})
		if err != nil || tr.Verdict != flow.Delivered {
			t.Errorf("%s: %v\n%s", name, err, render.TraceText(tr, render.TextOptions{}))
		}
		if r := network.Check(); !r.OK() {
			t.Errorf("%s: %s", name, render.Text(r, render.TextOptions{}))
		}
		if tpl.Outputs["Arn"].Value == nil || !strings.Contains(js(tpl.Outputs["Name"].Value), id) || !strings.Contains(js(tpl.Outputs["Name"].Value), "DNSName") {
			t.Errorf("%s: outputs %s %s", name, js(tpl.Outputs["Arn"]), js(tpl.Outputs["Name"]))
		}
	}
}

func TestBoundNLBOptions(t *testing.T) {
	tpl := boundNLB(t, func(p *stacks.Platform, b *expose.BoundNLBProps) {
		b.Ports = []expose.BoundPort{{Port: 53, UDP: true}, {Port: 853, CertificateArns: []string{"arn:aws-us-gov:acm:us-gov-west-1:111122223333:certificate/1", "arn:aws-us-gov:acm:us-gov-west-1:111122223333:certificate/2"}}}
		b.HealthCheck = expose.HealthCheck{Port: 8181, Path: "/ready", IntervalSeconds: 10}
		b.DeletionProtection, b.AnyPrivateLinkClient = true, true
		b.AccessLogs = &expose.AccessLogs{Bucket: "logs", Prefix: "nlb"}
		b.Inbound.Cidrs = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8:9::/48")}
		b.ClientVpcs = append(b.ClientVpcs, p.Vpc)
		b.ClientSecurityGroups = []awsec2.ISecurityGroup{awsec2.SecurityGroup_FromSecurityGroupId(p.Stack, jsiix.Str("G"), jsiix.Str("sg-0123456789abcdef0"), nil)}
	})
	_, lb := tpl.one(t, lbType)
	attributes := js(lb.Properties["LoadBalancerAttributes"])
	for _, want := range []string{
		`{"Key":"deletion_protection.enabled","Value":"true"}`, `{"Key":"access_logs.s3.enabled","Value":"true"}`,
		`{"Key":"access_logs.s3.bucket","Value":"logs"}`, `{"Key":"access_logs.s3.prefix","Value":"nlb"}`,
	} {
		if !strings.Contains(attributes, want) {
			t.Errorf("no %s in %s", want, attributes)
		}
	}
	if lb.Properties["EnablePrefixForIpv6SourceNat"] != "on" || lb.Properties["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] != "off" {
		t.Errorf("UDP and PrivateLink: %s", js(lb.Properties))
	}
	_, tls := tpl.find(t, listenerType, "Protocol", "TLS")
	if tls.Properties["SslPolicy"] != expose.DefaultTLSPolicy || !strings.Contains(js(tls.Properties["Certificates"]), "certificate/1") {
		t.Errorf("TLS: %s", js(tls.Properties))
	}
	_, udp := tpl.find(t, targetsType, "Protocol", "UDP")
	if udp.Properties["HealthCheckProtocol"] != "HTTP" || udp.Properties["HealthCheckPort"] != "8181" || udp.Properties["HealthCheckPath"] != "/ready" || udp.Properties["HealthCheckIntervalSeconds"] != 10.0 {
		t.Errorf("health: %s", js(udp.Properties))
	}
	_, group := tpl.find(t, "AWS::EC2::SecurityGroup", "GroupDescription", "default/shop")
	if rules := group.Properties["SecurityGroupIngress"].([]any); len(rules) != 8 { // two ranges and the VPC's two, for two ports
		t.Errorf("%d rules: %s", len(rules), js(rules))
	}
	if ids := tpl.of("AWS::EC2::SecurityGroupIngress"); len(ids) != 2 {
		t.Errorf("rules of a client's group: %v", ids)
	}
	chart, _ := tpl.one(t, "Custom::AWSCDK-EKS-HelmChart")
	for name, want := range map[string][]string{
		"shop-53-udp": {`"ipAddressType":"ipv6"`, `"port":53,"protocol":"UDP"`, `"port":8181,"protocol":"TCP"`, "SecurityGroup", "Targets53Udp"},
		"shop-853":    {`"port":853,"protocol":"TCP"`, "Targets853"},
	} {
		binding, object := tpl.manifestOf(t, "TargetGroupBinding", name)
		for _, w := range want {
			if !strings.Contains(js(object), w) {
				t.Errorf("%s: no %s in %s", name, w, js(object))
			}
		}
		listener, _ := tpl.find(t, listenerType, "Protocol", map[string]string{"shop-53-udp": "UDP", "shop-853": "TLS"}[name])
		for _, before := range []string{chart, listener} {
			if !tpl.waitsFor(binding, before) {
				t.Errorf("%s does not wait for %s", name, before)
			}
		}
	}
}

// DNS has one port for TCP and UDP: one listener and one target group, and rules for both. TLS agrees on HTTP/2 for gRPC.
func TestBoundNLBOfDNSAndGRPC(t *testing.T) {
	tpl := boundNLB(t, func(_ *stacks.Platform, b *expose.BoundNLBProps) {
		b.Ports = []expose.BoundPort{
			{Port: 53, TargetPort: 8053}, {Port: 53, TargetPort: 8053, UDP: true},
			{Port: 443, TargetPort: 50051, CertificateArns: []string{"arn:aws:acm:eu-west-1:111122223333:certificate/1"}, ALPN: expose.HTTP2Preferred},
		}
	})
	if listeners, targets := tpl.of(listenerType), tpl.of(targetsType); len(listeners) != 2 || len(targets) != 2 {
		t.Fatalf("%v and %v, want two of each", listeners, targets)
	}
	dns, listener := tpl.find(t, listenerType, "Protocol", "TCP_UDP")
	_, targets := tpl.find(t, targetsType, "Protocol", "TCP_UDP")
	if listener.Properties["Port"] != 53.0 || targets.Properties["Port"] != 8053.0 || targets.Properties["HealthCheckProtocol"] != "TCP" {
		t.Errorf("%s %s: %s", dns, js(listener.Properties), js(targets.Properties))
	}
	_, tls := tpl.find(t, listenerType, "Protocol", "TLS")
	if js(tls.Properties["AlpnPolicy"]) != `["HTTP2Preferred"]` {
		t.Errorf("gRPC: %s", js(tls.Properties))
	}
	_, lb := tpl.one(t, lbType)
	_, group := tpl.find(t, "AWS::EC2::SecurityGroup", "GroupDescription", "default/shop")
	rules := js(group.Properties["SecurityGroupIngress"])
	if lb.Properties["EnablePrefixForIpv6SourceNat"] != "on" || strings.Count(rules, `"IpProtocol":"udp"`) != 2 || strings.Count(rules, `"IpProtocol":"tcp"`) != 4 {
		t.Errorf("%s: %s", js(lb.Properties), rules)
	}
	if _, object := tpl.manifestOf(t, "TargetGroupBinding", "shop-53-to-8053-tcpudp"); !strings.Contains(js(object), "Targets53To8053Tcpudp") {
		t.Errorf("the binding: %s", js(object))
	}
	network := preflighttest.Load(t, tpl.text)
	for _, udp := range []bool{false, true} {
		q := flow.Query{From: flow.Subnet("NetworkPublicSubnet1Subnet5B78347B"), To: flow.Service("default", "shop"), Port: 53}
		if udp {
			q.Proto = flow.UDP
		}
		preflighttest.MustReach(t, network, q)
	}
}

// A target group's port and protocol cannot change, nor a binding's target group: another pair takes over.
func TestBoundNLBUpdates(t *testing.T) {
	two := func(change func(*expose.BoundNLBProps)) template {
		return boundNLB(t, func(_ *stacks.Platform, b *expose.BoundNLBProps) {
			b.Ports, b.HealthCheck.Port = []expose.BoundPort{{Port: 80}, {Port: 443, TargetPort: 8443}}, 8080
			if change != nil {
				change(b)
			}
		})
	}
	before := two(nil)
	named := func(name string) func(expose.BoundPort, *awselasticloadbalancingv2.NetworkTargetGroupProps) {
		return func(_ expose.BoundPort, tp *awselasticloadbalancingv2.NetworkTargetGroupProps) {
			tp.TargetGroupName = jsiix.Str(name)
		}
	}
	for name, c := range map[string]struct {
		change                  func(*expose.BoundNLBProps)
		added, removed, changed string
	}{
		"nothing":         {func(*expose.BoundNLBProps) {}, "", "", ""},
		"the other order": {func(b *expose.BoundNLBProps) { b.Ports[0], b.Ports[1] = b.Ports[1], b.Ports[0] }, "", "", "SecurityGroup BoundSecurityGroup"},
		"service port":    {func(b *expose.BoundNLBProps) { b.Ports[1].ServicePort = 444 }, "", "", "KubernetesResource BoundBinding443To8443"},
		"health check":    {func(b *expose.BoundNLBProps) { b.HealthCheck.IntervalSeconds = 10 }, "", "", "TargetGroup BoundTargets443To8443, TargetGroup BoundTargets80"},
		"target port": {func(b *expose.BoundNLBProps) { b.Ports[1].TargetPort = 9443 },
			"KubernetesResource BoundBinding443To9443, TargetGroup BoundTargets443To9443",
			"KubernetesResource BoundBinding443To8443, TargetGroup BoundTargets443To8443", "Listener BoundLoadBalancerListener443"},
		"to its own port": {func(b *expose.BoundNLBProps) { b.Ports[1].TargetPort = 443 },
			"KubernetesResource BoundBinding443, TargetGroup BoundTargets443",
			"KubernetesResource BoundBinding443To8443, TargetGroup BoundTargets443To8443", "Listener BoundLoadBalancerListener443"},
		"protocol": {func(b *expose.BoundNLBProps) { b.Ports[0].UDP = true },
			"KubernetesResource BoundBinding80Udp, TargetGroup BoundTargets80Udp",
			"KubernetesResource BoundBinding80, TargetGroup BoundTargets80",
			"Listener BoundLoadBalancerListener80, LoadBalancer BoundLoadBalancer, SecurityGroup BoundSecurityGroup"},
		"name": {func(b *expose.BoundNLBProps) { b.Ports, b.TuneTargets = b.Ports[:1], named("Mine") },
			"KubernetesResource BoundBinding80NamedMine, TargetGroup BoundTargets80NamedMine",
			"KubernetesResource BoundBinding443To8443, KubernetesResource BoundBinding80, Listener BoundLoadBalancerListener443, TargetGroup BoundTargets443To8443, TargetGroup BoundTargets80",
			"Listener BoundLoadBalancerListener80, SecurityGroup BoundSecurityGroup"},
	} {
		after := two(c.change)
		added, removed, changed := changes(before, after)
		for what, w := range map[string]struct {
			got  []string
			want string
		}{"added": {added, c.added}, "removed": {removed, c.removed}, "changed": {changed, c.changed}} {
			for i, id := range w.got {
				w.got[i] = id[:len(id)-8] // without the hash
			}
			if got := strings.Join(sorted(w.got), ", "); got != w.want {
				t.Errorf("%s: %s:\n got %s\nwant %s", name, what, got, w.want)
			}
		}
		// What goes, goes binding first: its controller then still finds the group.
		for _, id := range before.of(targetsType) {
			binding, _ := before.find(t, manifestType, "Manifest", id)
			if !before.waitsFor(binding, id) {
				t.Errorf("%s would go before its binding", id)
			}
		}
	}

	// A target group is one load balancer's: with another scheme there is another load balancer.
	public := two(func(b *expose.BoundNLBProps) { b.Scheme, b.Inbound.Anywhere = expose.InternetFacing, true })
	for _, id := range public.of(targetsType) {
		if _, ok := before.Resources[id]; ok {
			t.Errorf("%s would be on two load balancers", id)
		}
	}
}

// Any security group is let in, of this stack or another's, to each port by its protocol.
func TestBoundNLBAllowsFrom(t *testing.T) {
	tpl := synth(t, func(app awscdk.App) {
		p := stacks.NewPlatform(app, "P", nil)
		b := expose.NewBoundNLB(p.Stack, "Bound", &expose.BoundNLBProps{
			Cluster: p.Cluster, Controller: p.Controller, Service: "shop", Ports: []expose.BoundPort{{Port: 53}, {Port: 53, UDP: true}},
		})
		b.AllowFrom(awsec2.NewSecurityGroup(p.Stack, jsiix.Str("Own"), &awsec2.SecurityGroupProps{Vpc: p.Vpc.L2}), "ours")
		b.AllowFrom(awsec2.SecurityGroup_FromSecurityGroupId(p.Stack, jsiix.Str("Known"), jsiix.Str("sg-0123456789abcdef0"), nil), "theirs")
		mustPanic(t, func() { b.AllowFrom(nil, "nobody") }, "expose.BoundNLB.AllowFrom P/Bound: nil: want a security group")
	})["P"]
	rules := map[string]int{}
	for _, id := range tpl.of("AWS::EC2::SecurityGroupIngress") {
		r := tpl.Resources[id].Properties
		if r["Description"] == "ours" || r["Description"] == "theirs" {
			rules[r["Description"].(string)+" "+r["IpProtocol"].(string)]++
		}
	}
	if got := js(rules); got != `{"ours tcp":1,"ours udp":1,"theirs tcp":1,"theirs udp":1}` {
		t.Errorf("rules %s", got)
	}
}

// What Tune may not change is refused, not put right in silence.
func TestBoundNLBRefusesTune(t *testing.T) {
	type (
		balancer = awselasticloadbalancingv2.NetworkLoadBalancerProps
		targets  = awselasticloadbalancingv2.NetworkTargetGroupProps
	)
	app, _ := newApp(t)
	p := stacks.NewPlatform(app, "P", nil)
	other := awsec2.Vpc_FromVpcAttributes(p.Stack, jsiix.Str("Other"), &awsec2.VpcAttributes{VpcId: jsiix.Str("vpc-1"), AvailabilityZones: jsiix.Strs([]string{"a"})})
	n := 0
	bound := func(tune func(*balancer), tuneTargets func(*targets), want ...string) {
		n++
		props := &expose.BoundNLBProps{
			Cluster: p.Cluster, Controller: p.Controller, Service: "shop", Ports: []expose.BoundPort{{Port: 53, UDP: true}}, HealthCheck: expose.HealthCheck{Port: 8080}, Tune: tune,
		}
		if tuneTargets != nil {
			props.TuneTargets = func(_ expose.BoundPort, tp *targets) { tuneTargets(tp) }
		}
		id := "Bound" + string(rune('A'+n))
		mustPanic(t, func() { expose.NewBoundNLB(p.Stack, id, props) }, append(want, "expose.NewBoundNLB P/"+id+": Tune")...)
	}
	bound(func(lp *balancer) {
		lp.Vpc, lp.IpAddressType, lp.InternetFacing = other, awselasticloadbalancingv2.IpAddressType_IPV4, jsiix.Bool(true)
		lp.DisableSecurityGroups, lp.EnablePrefixForIpv6SourceNat = jsiix.Bool(true), jsiix.Bool(false)
	}, nil, "Vpc: another one", "IpAddressType: IPV4: a load balancer of one family", "InternetFacing: true: want BoundNLBProps.Scheme", "DisableSecurityGroups: true", "EnablePrefixForIpv6SourceNat: false with a UDP port")
	bound(nil, func(tp *targets) {
		tp.Vpc, tp.TargetType, tp.IpAddressType = other, awselasticloadbalancingv2.TargetType_INSTANCE, awselasticloadbalancingv2.TargetGroupIpAddressType_IPV4
		tp.Port, tp.Protocol = nil, awselasticloadbalancingv2.Protocol_TCP
	}, "TuneTargets of port 53", "Vpc: another one", "TargetType: INSTANCE: targets are Pod addresses", "IpAddressType: IPV4: Pods have IPv6 addresses", "Port: none", "Protocol: TCP: a UDP listener does not forward to it")
}

func TestBoundNLBRefuses(t *testing.T) {
	app, _ := newApp(t)
	stack := awscdk.NewStack(app, jsiix.Str("S"), nil)
	mustPanic(t, func() { expose.NewBoundNLB(stack, "B", nil) },
		"expose.NewBoundNLB S/B: Service: ", "Ports: 0", "Cluster: missing: want a cluster of ipv6eks.NewCluster", "Controller: missing")
	if n := len(*stack.Node().Children()); n != 0 {
		t.Errorf("%d constructs were left behind", n)
	}
}
