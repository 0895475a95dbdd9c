package cookbook

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/stacks"
)

// Guardrails has a permissions boundary on every role, and an Aspect that refuses what the company does not allow.
func Guardrails(app awscdk.App) {
	platform := stacks.NewPlatform(app, "Platform", &stacks.PlatformProps{
		// Every role of the stack, those of CDK's own functions too.
		Stack: awscdk.StackProps{PermissionsBoundary: awscdk.PermissionsBoundary_FromName(jsii.String("developers"))},
	})
	awscdk.Aspects_Of(app).Add(&versionedBuckets{}, nil)
	awscdk.Tags_Of(app).Add(jsii.String("cost-center"), jsii.String("42"), nil)

	reports := awss3.NewBucket(platform.Stack, jsii.String("Reports"), &awss3.BucketProps{
		Versioned: jsii.Bool(true), EnforceSSL: jsii.Bool(true), BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
	})
	platform.Cluster.NewPodIdentity(platform.Stack, "Reporter", &ipv6eks.PodIdentityProps{
		Namespace: "reports", ServiceAccount: "reporter",
	}).GrantTo(reports.GrantWrite)
}

// versionedBuckets is an Aspect: CDK calls Visit for each construct before it writes the templates.
type versionedBuckets struct{}

// Visit refuses buckets without versions.
func (*versionedBuckets) Visit(node constructs.IConstruct) {
	if bucket, ok := node.(awss3.CfnBucket); ok && bucket.VersioningConfiguration() == nil {
		awscdk.Annotations_Of(node).AddError(jsii.String("this bucket keeps no versions: want BucketProps.Versioned"))
	}
}
