package dualstack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// restrict gives an endpoint's policy what VpcProps.RestrictEndpoints says. What passes without a principal of the account:
//
//   - S3: layers of images, which ECR hands out as links that it has signed itself
//     (https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-setting-up-s3-gateway), packages of
//     Amazon Linux 2023 (https://docs.aws.amazon.com/linux/al2023/ug/deterministic-upgrades.html), and the answers of custom
//     resources, to links that CloudFormation has signed
//     (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-vpce-bucketnames.html).
//   - STS: a web identity is exchanged for a role before there is a principal.
func restrict(service string, add func(awsiam.PolicyStatement)) {
	allow := func(actions, resources []string, conditions map[string]any) {
		props := &awsiam.PolicyStatementProps{
			Principals: jsiix.List[awsiam.IPrincipal](awsiam.NewAnyPrincipal()),
			Actions:    jsiix.Strs(actions), Resources: jsiix.Strs(resources),
		}
		if conditions != nil {
			props.Conditions = &conditions
		}
		add(awsiam.NewPolicyStatement(props))
	}
	allow([]string{"*"}, []string{"*"}, map[string]any{"StringEquals": map[string]any{"aws:PrincipalAccount": awscdk.Aws_ACCOUNT_ID()}})
	switch service {
	case "s3":
		bucket := "arn:" + *awscdk.Aws_PARTITION() + ":s3:::"
		region := *awscdk.Aws_REGION()
		allow([]string{"s3:GetObject"}, []string{bucket + "prod-" + region + "-starport-layer-bucket/*", bucket + "al2023-repos-" + region + "-de612dc2/*"}, nil)
		allow([]string{"s3:PutObject"}, []string{bucket + "cloudformation-custom-resource-response-*/*"}, nil)
	case "sts":
		allow([]string{"sts:AssumeRoleWithWebIdentity"}, []string{"*"}, nil)
	}
}
