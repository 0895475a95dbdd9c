package cookbook

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/stacks"
)

// ApplicationStack has the platform in one stack and an application in another, in one app.
func ApplicationStack(app awscdk.App) {
	platform := stacks.NewPlatform(app, "Platform", nil)

	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	// CloudFormation then refuses to change or delete what of the platform this stack uses.
	stack.Node().SetContext(jsii.String("@aws-cdk/core:defaultCrossStackReferences"), "strong")
	cluster := ipv6eks.FromClusterAttributes(stack, "Cluster", &ipv6eks.ClusterAttributes{
		Name: platform.Cluster.Name, Version: platform.Cluster.Version, Vpc: platform.Vpc.L2,
		SecurityGroupID: *platform.Cluster.L2.ClusterSecurityGroupId(),
		// The functions that the platform has made run kubectl and helm for this stack too.
		KubectlToken: platform.Cluster.KubectlToken(), KubectlRoleArn: platform.Cluster.KubectlRoleArn(),
	})
	cluster.ChartsWaitFor(platform.Controller.Construct)

	web := cluster.NewPodIdentity(stack, "Web", &ipv6eks.PodIdentityProps{Namespace: "shop", ServiceAccount: "web"})
	chart := cluster.NewChart(stack, "Shop", &ipv6eks.ChartProps{
		Chart: "shop", Repository: "https://charts.example.com", Version: "1.4.0", Namespace: "shop",
		Values: map[string]any{"serviceAccount": map[string]any{"name": "web"}},
		After:  []constructs.IDependable{web.Association},
	})
	ingress := expose.NewIngress(stack, "Door", &expose.IngressProps{
		Cluster: cluster, Controller: platform.Controller,
		Name: "shop", Namespace: "shop",
		Scheme:         expose.InternetFacing,
		Inbound:        expose.Inbound{Anywhere: true},
		Certificates:   []string{"arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"},
		DefaultBackend: expose.Backend{Service: "shop", Port: 80},
	})
	ingress.Construct.Node().AddDependency(chart)
}
