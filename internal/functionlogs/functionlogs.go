// Package functionlogs sees to the logs of the functions that CDK's constructs bring along. Lambda makes their log groups by
// itself, without an end to their retention, and nobody deletes them. A group of the stack's own that is named after the
// function, as CDK makes for some, is deleted before the function runs for the last time, and Lambda makes it again.
package functionlogs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// Own has the function that is a child of scope write to a log group of the stack's own, which is made before the function and
// deleted after it, or kept. CloudFormation makes up the name, so that no group of an earlier deployment stands in the way.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
func Own(scope constructs.Construct, child string, keep awscdk.RemovalPolicy) awscdk.CfnResource {
	id, node := jsiix.Str("LogGroup"), scope.Node()
	function := node.FindChild(jsiix.Str(child)).(awscdk.CfnResource)
	node.TryRemoveChild(id) // CDK's, which is there with the flag useCdkManagedLogGroup
	group := awslogs.NewLogGroup(scope, id, &awslogs.LogGroupProps{Retention: awslogs.RetentionDays_TWO_YEARS, RemovalPolicy: keep})
	function.AddPropertyOverride(jsiix.Str("LoggingConfig.LogGroup"), group.LogGroupName())
	return function
}
