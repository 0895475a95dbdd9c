package ipv6eks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// How long a chart or a manifest may take. Each time is shorter than the next, so that a failure comes back with its
// cause: a function that is cut off reports nothing, and CloudFormation then waits for its ServiceTimeout, an hour by
// default (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html).
const (
	// ChartTimeoutMinutes is helm's. A chart that does not come up is rolled back, which may take as long again.
	ChartTimeoutMinutes = 6
	// kubectlTimeoutMinutes is that of the function which runs kubectl and helm.
	kubectlTimeoutMinutes = 14
	// The function that calls it has 15 minutes, which Lambda allows at most and CDK does not let change.
	serviceTimeoutMinutes = 16
)

// LimitTimeout has CloudFormation give up on a chart, a manifest or an object value of the cluster's kubectl provider
// after 16 minutes instead of an hour. The constructs of this library do it; call it for stock ones that you make
// yourself, such as awseksv2.NewHelmChart.
func LimitTimeout(resource constructs.Construct) {
	child := resource.Node().FindChild(jsiix.Str("Resource")).Node().DefaultChild()
	child.(awscdk.CfnResource).AddPropertyOverride(jsiix.Str("ServiceTimeout"), serviceTimeoutMinutes*60)
}

// limitKubectl makes the kubectl function's time shorter than that of the function which calls it.
func limitKubectl(handler awslambda.CfnFunction) {
	handler.SetTimeout(jsiix.Num(kubectlTimeoutMinutes * 60))
}
