package cookbook

import (
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/stacks"
)

// ArgoCD has Argo CD on the platform, behind a load balancer for the people who use it.
func ArgoCD(app awscdk.App) {
	platform := stacks.NewPlatform(app, "Platform", nil)

	argo := platform.Cluster.NewChart(platform.Stack, "ArgoCD", &ipv6eks.ChartProps{
		Chart: "argo-cd", Repository: "https://argoproj.github.io/argo-helm", Version: "10.1.1",
		Release: "argocd", Namespace: "argocd",
		Values: map[string]any{
			"global": map[string]any{"domain": "argocd.example.com"},
			// The load balancer ends TLS.
			"configs": map[string]any{"params": map[string]any{"server.insecure": true}},
			// Its image comes from ghcr.io, which has no IPv6; without single sign-on nothing needs it.
			"dex": map[string]any{"enabled": false},
		},
	})

	door := expose.NewIngress(platform.Stack, "ArgoCDDoor", &expose.IngressProps{
		Cluster: platform.Cluster, Controller: platform.Controller,
		Name: "argocd", Namespace: "argocd",
		Scheme: expose.InternetFacing,
		Inbound: expose.Inbound{Cidrs: []netip.Prefix{ // the office, both families
			netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:10::/48"),
		}},
		Certificates: []string{"arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"},
		Rules: []expose.Rule{{Host: "argocd.example.com", Paths: []expose.Path{
			{Backend: expose.Backend{Service: "argocd-server", Port: 80}},
		}}},
		HealthCheck: expose.HealthCheck{Path: "/healthz"},
	})
	door.Construct.Node().AddDependency(argo)
}
