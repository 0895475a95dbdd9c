package cookbook

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/stacks"
)

// CertManager has cert-manager, which gets certificates from Let's Encrypt and proves the domain by DNS.
func CertManager(app awscdk.App) {
	platform := stacks.NewPlatform(app, "Platform", nil)
	stack := platform.Stack
	zone := awsroute53.HostedZone_FromHostedZoneAttributes(stack, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{
		HostedZoneId: jsii.String("Z0123456789ABCDEFGHIJ"), ZoneName: jsii.String("example.com"),
	})

	// Source: https://cert-manager.io/docs/configuration/acme/dns01/route53/
	identity := platform.Cluster.NewPodIdentity(stack, "CertManager", &ipv6eks.PodIdentityProps{Namespace: "cert-manager", ServiceAccount: "cert-manager"})
	for _, right := range []awsiam.PolicyStatementProps{
		{
			Actions:   jsii.Strings("route53:GetChange"),
			Resources: jsii.Strings(*awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:route53:::change/*"), nil)),
		},
		{
			Actions:    jsii.Strings("route53:ChangeResourceRecordSets"),
			Resources:  jsii.Strings(*zone.HostedZoneArn()),
			Conditions: &map[string]any{"ForAllValues:StringEquals": map[string]any{"route53:ChangeResourceRecordSetsRecordTypes": []string{"TXT"}}},
		},
		{Actions: jsii.Strings("route53:ListResourceRecordSets"), Resources: jsii.Strings(*zone.HostedZoneArn())},
	} {
		identity.Role.AddToPolicy(awsiam.NewPolicyStatement(&right))
	}

	chart := platform.Cluster.NewChart(stack, "CertManagerChart", &ipv6eks.ChartProps{
		Chart: "cert-manager", Repository: "oci://quay.io/jetstack/charts/cert-manager", Version: "v1.21.1",
		Namespace: "cert-manager",
		Values:    map[string]any{"crds": map[string]any{"enabled": true, "keep": true}},
		After:     []constructs.IDependable{identity.Association, identity.Role},
	})

	issuer := platform.Cluster.L2.AddManifest(jsii.String("LetsEncrypt"), &map[string]any{
		"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer",
		"metadata": map[string]any{"name": "letsencrypt"},
		"spec": map[string]any{"acme": map[string]any{
			"server": "https://acme-v02.api.letsencrypt.org/directory", "email": "platform@example.com",
			"privateKeySecretRef": map[string]any{"name": "letsencrypt-account"},
			"solvers": []any{map[string]any{"dns01": map[string]any{"route53": map[string]any{
				"hostedZoneID": *zone.HostedZoneId(), "region": *stack.Region(),
			}}}},
		}},
	})
	issuer.Node().AddDependency(chart) // its kind is the chart's
	ipv6eks.LimitTimeout(issuer)       // what fails is told in minutes
}
