package cookbook

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/stacks"
)

// GRPC has a gRPC service on the internet, for clients of both families.
func GRPC(app awscdk.App) {
	platform := stacks.NewPlatform(app, "Platform", nil)

	// Workload, Service and Ingress find each other by these names: each is written once.
	const name, port = "greeter", "grpc"
	labels := map[string]any{"app": name}
	greeter := platform.Cluster.L2.AddManifest(jsii.String("Greeter"), &map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": name, "namespace": "default"},
		"spec": map[string]any{
			"replicas": 2,
			"selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels},
				"spec": map[string]any{"containers": []any{map[string]any{
					"name": name, "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/greeter:1.0.0",
					// Plain text: the load balancer ends TLS. The server listens on [::]:50051.
					"ports":          []any{map[string]any{"name": port, "containerPort": 50051}},
					"readinessProbe": map[string]any{"grpc": map[string]any{"port": 50051}},
				}}},
			},
		},
	}, &map[string]any{
		"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": name, "namespace": "default"},
		"spec": map[string]any{"selector": labels, "ports": []any{map[string]any{"name": port, "port": 50051, "targetPort": port}}},
	})
	greeter.Node().AddDependency(platform.Cluster.CoreDNS)
	ipv6eks.LimitTimeout(greeter) // what fails is told in minutes

	door := expose.NewIngress(platform.Stack, "GreeterDoor", &expose.IngressProps{
		Cluster: platform.Cluster, Controller: platform.Controller,
		Name:            name,
		Scheme:          expose.InternetFacing,
		Inbound:         expose.Inbound{Anywhere: true},
		Certificates:    []string{"arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"},
		ProtocolVersion: expose.GRPC,
		HealthCheck:     expose.HealthCheck{Path: "/grpc.health.v1.Health/Check", SuccessCodes: "0"},
		Rules: []expose.Rule{{Host: "grpc.example.com", Paths: []expose.Path{
			{Path: "/helloworld.Greeter", Backend: expose.Backend{Service: name, PortName: port}},
		}}},
	})
	door.Construct.Node().AddDependency(greeter)
	awscdk.NewCfnOutput(platform.Stack, jsii.String("GreeterHostname"), &awscdk.CfnOutputProps{Value: jsii.String(door.Hostname())})
}
