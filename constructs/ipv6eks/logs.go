package ipv6eks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/functionlogs"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/nag"
)

// AllLogTypes are the five logs that a control plane can write.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
func AllLogTypes() []awseksv2.ClusterLoggingTypes {
	return []awseksv2.ClusterLoggingTypes{
		awseksv2.ClusterLoggingTypes_API, awseksv2.ClusterLoggingTypes_AUDIT, awseksv2.ClusterLoggingTypes_AUTHENTICATOR,
		awseksv2.ClusterLoggingTypes_CONTROLLER_MANAGER, awseksv2.ClusterLoggingTypes_SCHEDULER,
	}
}

// retentions are the periods in days that CloudWatch Logs knows, with CDK's names for them.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentions = map[int]awslogs.RetentionDays{
	1: awslogs.RetentionDays_ONE_DAY, 3: awslogs.RetentionDays_THREE_DAYS, 5: awslogs.RetentionDays_FIVE_DAYS,
	7: awslogs.RetentionDays_ONE_WEEK, 14: awslogs.RetentionDays_TWO_WEEKS, 30: awslogs.RetentionDays_ONE_MONTH,
	60: awslogs.RetentionDays_TWO_MONTHS, 90: awslogs.RetentionDays_THREE_MONTHS, 120: awslogs.RetentionDays_FOUR_MONTHS,
	150: awslogs.RetentionDays_FIVE_MONTHS, 180: awslogs.RetentionDays_SIX_MONTHS, 365: awslogs.RetentionDays_ONE_YEAR,
	400: awslogs.RetentionDays_THIRTEEN_MONTHS, 545: awslogs.RetentionDays_EIGHTEEN_MONTHS, 731: awslogs.RetentionDays_TWO_YEARS,
	1096: awslogs.RetentionDays_THREE_YEARS, 1827: awslogs.RetentionDays_FIVE_YEARS, 2192: awslogs.RetentionDays_SIX_YEARS,
	2557: awslogs.RetentionDays_SEVEN_YEARS, 2922: awslogs.RetentionDays_EIGHT_YEARS, 3288: awslogs.RetentionDays_NINE_YEARS,
	3653: awslogs.RetentionDays_TEN_YEARS,
}

// addLogs sees to the group of the control plane's logs before the cluster writes to it. EKS makes the group itself if it
// is missing, and again after the cluster's deletion; a group of the stack's own would then stand in the way of the next
// deployment. CDK's custom resource takes it as it finds it (docs/adr/0008).
func (c *Cluster) addLogs(p ClusterProps, stack awscdk.Stack, name string) {
	group := jsiix.Str("/aws/eks/" + name + "/cluster")
	c.LogRetention = awslogs.NewLogRetention(c.Construct, jsiix.Str("LogRetention"), &awslogs.LogRetentionProps{
		LogGroupName: group, Retention: retentions[p.LogRetentionDays], RemovalPolicy: p.logRemoval(),
	})
	c.LogGroup = awslogs.LogGroup_FromLogGroupName(c.Construct, jsiix.Str("Logs"), group)
	ownRetentionLogs(stack, stack.Node().FindChild(jsiix.Str("LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8a")).(constructs.Construct), p)
}

// ownRetentionLogs settles what becomes of the logs of the function behind [awslogs.LogRetention], which all clusters of a
// stack share: they stay if one of them says so. Whatever it writes to, the function also makes the group that Lambda
// would, with a retention of one day. Its own custom resource deletes that; the right to do so cannot be in the policy that
// the function waits for.
// Source: https://github.com/aws/aws-cdk/blob/main/packages/%40aws-cdk/custom-resource-handlers/lib/aws-logs/log-retention-handler/index.ts
func ownRetentionLogs(stack awscdk.Stack, retention constructs.Construct, p ClusterProps) {
	id, node := jsiix.Str("OwnLogs"), retention.Node()
	shared := node.TryFindChild(id) != nil
	if shared && !p.RetainLogs {
		return
	}
	function := functionlogs.Own(retention, "Resource", p.logRemoval())
	if shared {
		return
	}
	role := node.FindChild(jsiix.Str("ServiceRole")).(awsiam.IRole)
	nag.Suppress(role, nag.Reasons{"AwsSolutions-IAM4": "CDK's function for log retention writes its logs by AWS's own policy"})
	nag.SuppressChild(role.Node(), "DefaultPolicy", nag.Reasons{"AwsSolutions-IAM5": "CDK's function sets the retention of log groups by name, which it is told at the deployment"})
	group := "/aws/lambda/" + *function.Ref()
	policy := awsiam.NewPolicy(retention, jsiix.Str("OwnLogsPolicy"), &awsiam.PolicyProps{
		Roles: jsiix.List(role),
		Document: awsiam.PolicyDocument_FromJson(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect": "Allow", "Action": "logs:DeleteLogGroup", "Resource": stack.FormatArn(&awscdk.ArnComponents{
				Service: jsiix.Str("logs"), Resource: jsiix.Str("log-group"), ResourceName: jsiix.Str(group + ":*"), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
			}),
		}}}),
	})
	nag.Suppress(policy, nag.Reasons{"AwsSolutions-IAM5": "the ARN of a log group ends with :*, and this is one group's"})
	own := awscdk.NewCfnResource(retention, id, &awscdk.CfnResourceProps{Type: jsiix.Str("Custom::LogRetention"), Properties: &map[string]any{
		"ServiceToken": function.GetAtt(jsiix.Str("Arn"), ""), "LogGroupName": group, "RetentionInDays": 1, "RemovalPolicy": "destroy",
	}})
	own.Node().AddDependency(policy)
}

func (p ClusterProps) logRemoval() awscdk.RemovalPolicy {
	if p.RetainLogs {
		return awscdk.RemovalPolicy_RETAIN
	}
	return awscdk.RemovalPolicy_DESTROY
}
