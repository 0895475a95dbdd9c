package cookbook

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/stacks"
)

// Database has Pods that use an Aurora database over IPv6 and a bucket, with the rights of their service account.
func Database(app awscdk.App) {
	platform := stacks.NewPlatform(app, "Platform", &stacks.PlatformProps{
		Network: dualstack.VpcProps{IsolatedSubnets: true},
	})
	stack, cluster := platform.Stack, platform.Cluster

	database := awsrds.NewDatabaseCluster(stack, jsii.String("Orders"), &awsrds.DatabaseClusterProps{
		Engine: awsrds.DatabaseClusterEngine_AuroraPostgres(&awsrds.AuroraPostgresClusterEngineProps{
			Version: awsrds.AuroraPostgresEngineVersion_VER_16_4(),
		}),
		Writer:           awsrds.ClusterInstance_ServerlessV2(jsii.String("Writer"), nil),
		Vpc:              platform.Vpc.L2,
		VpcSubnets:       &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
		NetworkType:      awsrds.NetworkType_DUAL, // an IPv6 address too
		StorageEncrypted: jsii.Bool(true),
	})
	database.Connections().AllowDefaultPortFrom(cluster, jsii.String("Pods"))

	pictures := awss3.NewBucket(stack, jsii.String("Pictures"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(), EnforceSSL: jsii.Bool(true),
	})

	// The identity is for Pods of one service account in one namespace, and no other Pod's: each name is written once.
	const namespace, account = "shop", "web"
	web := cluster.NewPodIdentity(stack, "Web", &ipv6eks.PodIdentityProps{Namespace: namespace, ServiceAccount: account}).
		GrantTo(pictures.GrantReadWrite, database.Secret().GrantRead)

	cluster.NewChart(stack, "Shop", &ipv6eks.ChartProps{
		Chart: "shop", Repository: "https://charts.example.com", Version: "1.4.0", Namespace: namespace,
		Values: map[string]any{
			"serviceAccount": map[string]any{"name": account},
			"env": map[string]any{
				"DATABASE_HOST":              *database.ClusterEndpoint().Hostname(),
				"DATABASE_SECRET":            *database.Secret().SecretArn(),
				"BUCKET":                     *pictures.BucketName(),
				"AWS_USE_DUALSTACK_ENDPOINT": "true", // the AWS SDKs then reach S3 over IPv6
			},
		},
		After: []constructs.IDependable{web.Association, database},
	})
}
