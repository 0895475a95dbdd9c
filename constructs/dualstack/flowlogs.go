package dualstack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// FlowLogs records the VPC's traffic, both families.
type FlowLogs struct {
	// Bucket receives the records. Its policy must let the log delivery service write; CDK adds that to buckets of
	// the same app.
	// Default: nil, a CloudWatch log group of the VPC's own.
	Bucket awss3.IBucket
	// Retention is how long the log group keeps records. It does not apply to a bucket.
	// Default: three months.
	Retention awslogs.RetentionDays
	// RejectedOnly leaves accepted traffic out.
	// Default: false.
	RejectedOnly bool
	// Tune changes the flow log's options before it is made, such as the fields of a record.
	// Default: nil.
	Tune func(*awsec2.FlowLogOptions)
}

func (v *Vpc) addFlowLogs(f *FlowLogs) {
	if f == nil {
		return
	}
	options := &awsec2.FlowLogOptions{TrafficType: awsec2.FlowLogTrafficType_ALL}
	if f.RejectedOnly {
		options.TrafficType = awsec2.FlowLogTrafficType_REJECT
	}
	if f.Bucket != nil {
		options.Destination = awsec2.FlowLogDestination_ToS3(f.Bucket, nil, nil)
	} else {
		retention := f.Retention
		if retention == "" {
			retention = awslogs.RetentionDays_THREE_MONTHS
		}
		group := awslogs.NewLogGroup(v.L2, jsiix.Str("FlowLogGroup"), &awslogs.LogGroupProps{
			Retention: retention, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		})
		options.Destination = awsec2.FlowLogDestination_ToCloudWatchLogs(group, nil)
	}
	if f.Tune != nil {
		f.Tune(options)
	}
	v.L2.AddFlowLog(jsiix.Str("FlowLog"), options)
}
