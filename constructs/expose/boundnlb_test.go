package expose_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/expose/kube"
	"github.com/eks-ipv6/cdk/stacks"
)

// bound is the smallest sound choice, with changes.
func bound(change func(*expose.BoundNLBProps)) *expose.BoundNLBProps {
	p := &expose.BoundNLBProps{Service: "shop", Ports: []expose.BoundPort{{Port: 80}}}
	if change != nil {
		change(p)
	}
	return p
}

func TestBoundNLBPropsRefuses(t *testing.T) {
	t.Parallel()
	ranges := func(list ...string) expose.Inbound {
		var in expose.Inbound
		for _, s := range list {
			in.Cidrs = append(in.Cidrs, netip.MustParsePrefix(s))
		}
		return in
	}
	for name, c := range map[string]struct {
		change func(*expose.BoundNLBProps)
		want   string
	}{
		"no Service":     {func(p *expose.BoundNLBProps) { p.Service = "" }, `Service: "": want the name of a Service`},
		"namespace":      {func(p *expose.BoundNLBProps) { p.Namespace = "My_Shop" }, `Namespace: "My_Shop": want lower case letters`},
		"scheme":         {func(p *expose.BoundNLBProps) { p.Scheme = 7 }, "Scheme: 7: want Internal or InternetFacing"},
		"no ports":       {func(p *expose.BoundNLBProps) { p.Ports = nil }, "Ports: 0: want 1 to 50"},
		"too many ports": {func(p *expose.BoundNLBProps) { p.Ports = ports(51) }, "Ports: 51: want 1 to 50"},
		"port":           {func(p *expose.BoundNLBProps) { p.Ports[0].Port = 70000 }, "Ports[0].Port: 70000: want 1 to 65535"},
		"service port":   {func(p *expose.BoundNLBProps) { p.Ports[0].ServicePort = -1 }, "Ports[0].ServicePort: -1: want 1 to 65535"},
		"target port":    {func(p *expose.BoundNLBProps) { p.Ports[0].TargetPort = 65536 }, "Ports[0].TargetPort: 65536: want 1 to 65535"},
		"port twice":     {func(p *expose.BoundNLBProps) { p.Ports = append(p.Ports, p.Ports[0]) }, "Ports[1].Port: 80 is named twice"},
		"UDP unchecked":  {func(p *expose.BoundNLBProps) { p.Ports[0].UDP = true }, "Ports[0].UDP: true without HealthCheck.Port"},
		"UDP with TLS": {func(p *expose.BoundNLBProps) {
			p.Ports[0].UDP, p.HealthCheck.Port, p.Ports[0].CertificateArns = true, 8080, []string{certificate}
		}, "Ports[0].CertificateArns: given for a UDP port"},
		"no certificate":        {func(p *expose.BoundNLBProps) { p.Ports[0].CertificateArns = []string{"shop.example.com"} }, `Ports[0].CertificateArns[0]: "shop.example.com"`},
		"IPv4 clients alone":    {func(p *expose.BoundNLBProps) { p.Inbound = ranges("10.1.0.0/16") }, "Inbound.Cidrs: only IPv4 ranges"},
		"IPv6 clients alone":    {func(p *expose.BoundNLBProps) { p.Inbound = ranges("2001:db8::/48") }, "Inbound.Cidrs: only IPv6 ranges"},
		"world":                 {func(p *expose.BoundNLBProps) { p.Inbound = ranges("0.0.0.0/0", "2001:db8::/48") }, "0.0.0.0/0 is as wide as the world"},
		"internal for everyone": {func(p *expose.BoundNLBProps) { p.Inbound.Anywhere = true }, "Inbound.Anywhere: an internal load balancer is not for everyone"},
		"public for nobody":     {func(p *expose.BoundNLBProps) { p.Scheme = expose.InternetFacing }, "Inbound: missing"},
		"everyone and some": {func(p *expose.BoundNLBProps) {
			p.Scheme, p.Inbound.Anywhere, p.ClientVpcs = expose.InternetFacing, true, []*dualstack.Vpc{{}}
		}, "Inbound.Anywhere: true with ClientVpcs"},
		"nil VPC":         {func(p *expose.BoundNLBProps) { p.ClientVpcs = []*dualstack.Vpc{nil} }, "ClientVpcs[0]: nil"},
		"nil group":       {func(p *expose.BoundNLBProps) { p.ClientSecurityGroups = []awsec2.ISecurityGroup{nil} }, "ClientSecurityGroups[0]: nil"},
		"health path":     {func(p *expose.BoundNLBProps) { p.HealthCheck.Path = "healthz" }, `HealthCheck.Path: "healthz"`},
		"logs of nothing": {func(p *expose.BoundNLBProps) { p.AccessLogs = &expose.AccessLogs{Bucket: "logs"} }, "AccessLogs: given, and no port has certificates"},
		"logs to nowhere": {func(p *expose.BoundNLBProps) {
			p.AccessLogs, p.Ports[0].CertificateArns = &expose.AccessLogs{}, []string{certificate}
		}, "AccessLogs.Bucket: missing"},
	} {
		err := bound(c.change).Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want just %q", name, err, c.want)
		}
	}
	two := bound(func(p *expose.BoundNLBProps) { p.Service, p.Ports = "", nil })
	if err := two.Validate(); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two mistakes: got %v", err)
	}
	var none *expose.BoundNLBProps
	if err := none.Validate(); err == nil || !strings.Contains(err.Error(), "Service: ") {
		t.Errorf("nil: got %v", err)
	}
}

const certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"

func ports(n int) []expose.BoundPort {
	out := make([]expose.BoundPort, n)
	for i := range out {
		out[i].Port = 8000 + i
	}
	return out
}

func TestBoundNLBPropsAccepts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*expose.BoundNLBProps){
		"smallest": nil,
		"UDP": func(p *expose.BoundNLBProps) {
			p.Ports, p.HealthCheck.Port = []expose.BoundPort{{Port: 53, UDP: true}}, 8080
		},
		"TLS, logged": func(p *expose.BoundNLBProps) {
			p.Ports[0].CertificateArns, p.AccessLogs = []string{certificate}, &expose.AccessLogs{Bucket: "logs"}
		},
		"public": func(p *expose.BoundNLBProps) { p.Scheme, p.Inbound.Anywhere = expose.InternetFacing, true },
		"a VPC's IPv4": func(p *expose.BoundNLBProps) {
			p.ClientVpcs, p.Inbound.Cidrs = []*dualstack.Vpc{{}}, []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
		},
		"fifty ports": func(p *expose.BoundNLBProps) { p.Ports = ports(50) },
	} {
		if err := bound(change).Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every binding is for IPv6 Pod addresses, and opens the nodes to the load balancer's group and to the checked port alone.
func TestBoundNLBObjects(t *testing.T) {
	t.Parallel()
	p := bound(func(p *expose.BoundNLBProps) {
		p.Namespace, p.HealthCheck.Port = "games", 8080
		p.Ports = []expose.BoundPort{{Port: 443, ServicePort: 80, TargetPort: 8080}, {Port: 7777, UDP: true}}
	})
	objects, err := p.Objects([]string{"arn:one", "arn:two"}, "sg-1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(objects)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"kind":"TargetGroupBinding","apiVersion":"elbv2.k8s.aws/v1beta1","metadata":{"name":"shop-443","namespace":"games"},` +
		`"spec":{"targetGroupARN":"arn:one","targetType":"ip","ipAddressType":"ipv6","serviceRef":{"name":"shop","port":80},` +
		`"networking":{"ingress":[{"from":[{"securityGroup":{"groupID":"sg-1"}}],"ports":[{"protocol":"TCP","port":8080}]}]}}},` +
		`{"kind":"TargetGroupBinding","apiVersion":"elbv2.k8s.aws/v1beta1","metadata":{"name":"shop-7777","namespace":"games"},` +
		`"spec":{"targetGroupARN":"arn:two","targetType":"ip","ipAddressType":"ipv6","serviceRef":{"name":"shop","port":7777},` +
		`"networking":{"ingress":[{"from":[{"securityGroup":{"groupID":"sg-1"}}],"ports":[{"protocol":"UDP","port":7777},{"protocol":"TCP","port":8080}]}]}}}]`
	if s := strings.ReplaceAll(string(got), `,"creationTimestamp":null`, ""); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
	if objects, err := p.Objects([]string{"arn:one"}, "sg-1"); err == nil || objects != nil || !strings.Contains(err.Error(), "1 target groups for 2 listeners") {
		t.Errorf("one target group for two ports: %v, %v", objects, err)
	}
	p.Service = ""
	if _, err := p.Objects([]string{"arn:one", "arn:two"}, "sg-1"); err == nil || !strings.Contains(err.Error(), "Service: ") {
		t.Errorf("no Service: %v", err)
	}
}

func TestTargetGroupBindingCopies(t *testing.T) {
	t.Parallel()
	objects, err := bound(nil).Objects([]string{"arn:one"}, "sg-1")
	if err != nil {
		t.Fatal(err)
	}
	one := objects[0].(*kube.TargetGroupBinding)
	one.Labels = map[string]string{"a": "b"}
	before, _ := json.Marshal(one)
	two := one.DeepCopyObject().(*kube.TargetGroupBinding)
	two.Labels["a"] = "c"
	two.Spec.Networking.Ingress[0].From[0].SecurityGroup.GroupID = "sg-2"
	two.Spec.Networking.Ingress[0].Ports[0].Protocol = "UDP"
	if after, _ := json.Marshal(one); string(after) != string(before) {
		t.Errorf("a change of the copy shows in the original:\n%s", after)
	}
}

// A service of the cluster, offered to other VPCs over PrivateLink.
func ExampleNewBoundNLB() {
	app := awscdk.NewApp(nil)
	platform := stacks.NewPlatform(app, "Platform", nil)
	stack := platform.Stack
	clients := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8:1234:5600::/56")}

	bridge := expose.NewBoundNLB(stack, "Bridge", &expose.BoundNLBProps{
		Cluster: platform.Cluster, Controller: platform.Controller,
		Namespace: "shop", Service: "shop", Ports: []expose.BoundPort{{Port: 443, TargetPort: 8443}},
		Inbound: expose.Inbound{ClusterVpc: true, Cidrs: clients},
	})
	awsec2.NewVpcEndpointService(stack, jsii.String("Service"), &awsec2.VpcEndpointServiceProps{
		VpcEndpointServiceLoadBalancers: &[]awsec2.IVpcEndpointServiceLoadBalancer{bridge.LoadBalancer},
		SupportedIpAddressTypes:         &[]awsec2.IpAddressType{awsec2.IpAddressType_IPV4, awsec2.IpAddressType_IPV6},
	})
	app.Synth(nil)
}

func ExampleBoundNLBProps_Objects() {
	p := &expose.BoundNLBProps{Service: "shop", Ports: []expose.BoundPort{{Port: 443, TargetPort: 8443}}}
	objects, err := p.Objects([]string{"arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/0123456789abcdef"}, "sg-0123456789abcdef0")
	if err != nil {
		panic(err)
	}
	text, err := expose.YAML(objects...)
	fmt.Println(string(text), err)
	// Output:
	// apiVersion: elbv2.k8s.aws/v1beta1
	// kind: TargetGroupBinding
	// metadata:
	//   name: shop-443
	//   namespace: default
	// spec:
	//   ipAddressType: ipv6
	//   networking:
	//     ingress:
	//     - from:
	//       - securityGroup:
	//           groupID: sg-0123456789abcdef0
	//       ports:
	//       - port: 8443
	//         protocol: TCP
	//   serviceRef:
	//     name: shop
	//     port: 443
	//   targetGroupARN: arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/0123456789abcdef
	//   targetType: ip
	//  <nil>
}
