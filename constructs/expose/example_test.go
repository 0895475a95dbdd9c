package expose_test

import (
	"fmt"
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/stacks"
)

// A website for the internet, with its certificate.
func ExampleNewIngress() {
	app := awscdk.NewApp(nil)
	platform := stacks.NewPlatform(app, "Platform", nil)

	expose.NewIngress(platform.Stack, "Web", &expose.IngressProps{
		Cluster: platform.Cluster, Controller: platform.Controller,
		Name:         "web",
		Scheme:       expose.InternetFacing,
		Inbound:      expose.Inbound{Anywhere: true},
		Certificates: []string{"arn:aws:acm:eu-west-1:111122223333:certificate/one"},
		Rules: []expose.Rule{{Host: "www.example.com", Paths: []expose.Path{
			{Backend: expose.Backend{Service: "web", Port: 80}},
		}}},
	})

	app.Synth(nil)
}

// A database for the VPC and for clients of a peered one, by both families.
func ExampleNewService() {
	app := awscdk.NewApp(nil)
	platform := stacks.NewPlatform(app, "Platform", nil)

	expose.NewService(platform.Stack, "Database", &expose.ServiceProps{
		Cluster: platform.Cluster, Controller: platform.Controller,
		Name:     "database",
		Selector: map[string]string{"app": "database"},
		Ports:    []expose.Port{{Port: 5432}},
		Inbound: expose.Inbound{ClusterVpc: true, Cidrs: []netip.Prefix{
			netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8:1234:5600::/56"),
		}},
	})

	app.Synth(nil)
}

func ExampleNewGateway() {
	app := awscdk.NewApp(nil)
	platform := stacks.NewPlatform(app, "Platform", nil)

	expose.NewGateway(platform.Stack, "Door", &expose.GatewayProps{
		Cluster: platform.Cluster, Controller: platform.Controller,
		CRDsInstalled: true, // by somebody else; lbc.NewGatewayAPI applies them too
		Name:          "door",
		HTTPRoutes:    []expose.HTTPRoute{{Paths: []expose.Path{{Backend: expose.Backend{Service: "web", Port: 80}}}}},
	})

	app.Synth(nil)
}

// For those who keep manifests in Git.
func ExampleYAML() {
	service := &expose.ServiceProps{
		Name:     "dns",
		Selector: map[string]string{"app": "dns"},
		Ports:    []expose.Port{{Name: "dns", Port: 53, Protocol: expose.UDP}},
		// UDP is checked by something else that the Pods answer.
		HealthCheck: expose.HealthCheck{Port: 8080, Path: "/health"},
		Inbound:     expose.Inbound{Cidrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("2001:db8:1234:5600::/56")}},
	}
	objects, err := service.Objects()
	if err != nil {
		panic(err)
	}
	text, err := expose.YAML(objects...)
	if err != nil {
		panic(err)
	}
	fmt.Print(string(text))
	// Output:
	// apiVersion: v1
	// kind: Service
	// metadata:
	//   annotations:
	//     service.beta.kubernetes.io/aws-load-balancer-enable-prefix-for-ipv6-source-nat: "on"
	//     service.beta.kubernetes.io/aws-load-balancer-healthcheck-path: /health
	//     service.beta.kubernetes.io/aws-load-balancer-healthcheck-port: "8080"
	//     service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol: http
	//     service.beta.kubernetes.io/aws-load-balancer-ip-address-type: dualstack
	//     service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip
	//     service.beta.kubernetes.io/aws-load-balancer-scheme: internal
	//   name: dns
	//   namespace: default
	// spec:
	//   allocateLoadBalancerNodePorts: false
	//   ipFamilies:
	//   - IPv6
	//   ipFamilyPolicy: SingleStack
	//   loadBalancerClass: service.k8s.aws/nlb
	//   loadBalancerSourceRanges:
	//   - 10.0.0.0/16
	//   - 2001:db8:1234:5600::/56
	//   ports:
	//   - name: dns
	//     port: 53
	//     protocol: UDP
	//     targetPort: 53
	//   selector:
	//     app: dns
	//   type: LoadBalancer
}

// An application that says which address its client has.
func ExampleNewEcho() {
	app := awscdk.NewApp(nil)
	platform := stacks.NewPlatform(app, "Platform", nil)

	echo := expose.NewEcho(platform.Stack, "Echo", &expose.EchoProps{Cluster: platform.Cluster, Controller: platform.Controller})
	alb := expose.NewIngress(platform.Stack, "Alb", &expose.IngressProps{
		Cluster: platform.Cluster, Controller: platform.Controller,
		Name: "echo", Namespace: echo.NamespaceName, DefaultBackend: expose.EchoBackend(),
	})
	alb.Construct.Node().AddDependency(echo.Construct)

	app.Synth(nil)
}

// clients are the ranges of those who may connect, of both families.
var clients = expose.Inbound{Cidrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1234::/48")}}

// A gRPC service over HTTPS.
func ExampleIngressProps_Objects() {
	objects, err := (&expose.IngressProps{
		Name:            "greeter",
		Inbound:         clients,
		Certificates:    []string{"arn:aws:acm:eu-west-1:111122223333:certificate/one"},
		ProtocolVersion: expose.GRPC,
		Rules: []expose.Rule{{Host: "grpc.example.com", Paths: []expose.Path{
			{Path: "/helloworld.Greeter", Backend: expose.Backend{Service: "greeter", PortName: "grpc"}},
		}}},
		// What no field stands for.
		Tune: func(i *networkingv1.Ingress) { i.Labels = map[string]string{"team": "greetings"} },
	}).Objects()
	if err != nil {
		panic(err)
	}
	ingress := objects[0].(*networkingv1.Ingress)
	fmt.Println(ingress.Labels, ingress.Annotations["alb.ingress.kubernetes.io/backend-protocol-version"])
	fmt.Println(ingress.Annotations["alb.ingress.kubernetes.io/inbound-cidrs"])
	// Output:
	// map[team:greetings] GRPC
	// 10.0.0.0/8,2001:db8:1234::/48
}

// A gRPC service behind a network load balancer that ends TLS.
func ExampleServiceProps_Objects() {
	objects, err := (&expose.ServiceProps{
		Name:         "greeter",
		Selector:     map[string]string{"app": "greeter"},
		Ports:        []expose.Port{{Port: 443, TargetName: "grpc", Protocol: expose.TLS}},
		Certificates: []string{"arn:aws:acm:eu-west-1:111122223333:certificate/one"},
		ALPN:         expose.HTTP2Preferred,
		Inbound:      clients,
	}).Objects()
	if err != nil {
		panic(err)
	}
	service := objects[0].(*corev1.Service)
	fmt.Println(service.Annotations["service.beta.kubernetes.io/aws-load-balancer-alpn-policy"], service.Spec.LoadBalancerSourceRanges)
	// Output:
	// HTTP2Preferred [10.0.0.0/8 2001:db8:1234::/48]
}

func ExampleGatewayProps_Objects() {
	objects, err := (&expose.GatewayProps{
		Name:          "door",
		CRDsInstalled: true,
		Inbound:       clients,
		HTTPRoutes:    []expose.HTTPRoute{{Name: "web", Hosts: []string{"www.example.com"}, Paths: []expose.Path{{Backend: expose.Backend{Service: "web", Port: 80}}}}},
	}).Objects()
	for _, o := range objects {
		fmt.Println(o.GetObjectKind().GroupVersionKind().Kind)
	}
	fmt.Println(err)
	// Output:
	// TargetGroupConfiguration
	// LoadBalancerConfiguration
	// GatewayClass
	// Gateway
	// HTTPRoute
	// <nil>
}

func ExampleEchoProps_Objects() {
	objects, err := (&expose.EchoProps{Namespace: "demo", Replicas: 3}).Objects()
	for _, o := range objects {
		fmt.Println(o.GetObjectKind().GroupVersionKind().Kind)
	}
	fmt.Println(err)
	// Output:
	// Namespace
	// ConfigMap
	// Deployment
	// Service
	// <nil>
}

// Ingresses of one group are one load balancer, which has what it has once.
func ExampleCheckGroups() {
	shop := &expose.IngressProps{Name: "shop", Group: "public", Inbound: clients, DefaultBackend: expose.Backend{Service: "shop", Port: 80}}
	blog := &expose.IngressProps{Name: "blog", Group: "public", Inbound: clients, DefaultBackend: expose.Backend{Service: "blog", Port: 80}, Scheme: expose.InternetFacing}
	fmt.Println(expose.CheckGroups(shop, blog))
	// Output:
	// Group: public: Ingress default/blog has Scheme internet-facing, and default/shop has internal: want the same in all of a group
}

// What the API server, the controller or Elastic Load Balancing would refuse later is told at once.
func ExampleServiceProps_Validate() {
	err := (&expose.ServiceProps{
		Name:        "web",
		Selector:    map[string]string{"app": "web server"},
		Ports:       []expose.Port{{Port: 80}},
		Inbound:     clients,
		HealthCheck: expose.HealthCheck{IntervalSeconds: 5},
		Attributes:  map[string]string{"dns_record.client_routing": "any_availability_zone"},
		Tags:        map[string]string{"service.k8s.aws/stack": "mine"},
	}).Validate()
	fmt.Println(err)
	// Output:
	// Selector[app]: "web server" is no value of a label: want letters, digits, -, _ and ., a letter or digit at both ends, 63 at most
	// HealthCheck.IntervalSeconds: 5 with the timeout's default, 10: want TimeoutSeconds too, no more than the interval
	// Attributes[dns_record.client_routing]: "any_availability_zone": a network load balancer has no such attribute: want dns_record.client_routing_policy, or Tune for one that is newer than this package
	// Tags[service.k8s.aws/stack]: "mine": the controller finds what it has made by this tag: want another key
}

func ExampleIngressProps_Validate() {
	err := (&expose.IngressProps{
		Name:           "web",
		DefaultBackend: expose.Backend{Service: "web", Port: 80},
		Inbound:        expose.Inbound{Cidrs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}},
		Annotations:    map[string]string{"alb.ingress.kubernetes.io/target-type": "instance"},
	}).Validate()
	fmt.Println(err)
	// Output:
	// Inbound.Cidrs: only IPv4 ranges, which shuts IPv6 clients out: add their IPv6 ranges, or say so with Inbound.Families OnlyIPv4
	// Annotations[alb.ingress.kubernetes.io/target-type]: instance: want it left out: targets are Pod addresses, and instance targets need a primary IPv6 address that node groups do not give
}
