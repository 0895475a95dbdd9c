package expose_test

import (
	"fmt"
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2"

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

// A database for the VPC and for IPv4 clients of a peered one.
func ExampleNewService() {
	app := awscdk.NewApp(nil)
	platform := stacks.NewPlatform(app, "Platform", nil)

	expose.NewService(platform.Stack, "Database", &expose.ServiceProps{
		Cluster: platform.Cluster, Controller: platform.Controller,
		Name:     "database",
		Selector: map[string]string{"app": "database"},
		Ports:    []expose.Port{{Port: 5432}},
		Inbound:  expose.Inbound{ClusterVpc: true, Cidrs: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}},
	})

	app.Synth(nil)
}

func ExampleNewGateway() {
	app := awscdk.NewApp(nil)
	platform := stacks.NewPlatform(app, "Platform", nil)

	expose.NewGateway(platform.Stack, "Door", &expose.GatewayProps{
		Cluster: platform.Cluster, Controller: platform.Controller,
		CRDsInstalled: true, // see the field for the two commands
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
