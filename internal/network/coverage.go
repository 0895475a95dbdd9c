package network

import (
	"maps"
	"slices"
	"strings"
)

// irrelevant are the resource types that decide over no packet. An entry that ends with "::" is a whole service.
var irrelevant = []string{
	"AWS::IAM::", "AWS::Logs::", "AWS::KMS::", "AWS::SSM::", "AWS::S3::", "AWS::SNS::", "AWS::SQS::", "AWS::SecretsManager::",
	"AWS::CloudWatch::", "AWS::CloudTrail::", "AWS::Events::", "AWS::Budgets::", "AWS::Config::", "AWS::CDK::",
	"AWS::CloudFormation::", "AWS::DynamoDB::", "AWS::ECR::", "AWS::CertificateManager::", "AWS::StepFunctions::",
	"AWS::Backup::", "AWS::RAM::", "AWS::GuardDuty::", "AWS::ApplicationAutoScaling::",
	"AWS::Lambda::LayerVersion", "AWS::Lambda::Permission", "AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::Lambda::EventSourceMapping",
	"AWS::EKS::AccessEntry", "AWS::EKS::PodIdentityAssociation", "AWS::EKS::IdentityProviderConfig",
	"AWS::EC2::FlowLog", "AWS::EC2::KeyPair", "AWS::EC2::PlacementGroup", "AWS::EC2::Volume", "AWS::EC2::VolumeAttachment",
	"AWS::EC2::VPCEndpointServicePermissions", "AWS::EC2::VPCEndpointConnectionNotification",
	"AWS::EC2::IPAMResourceDiscovery", "AWS::EC2::IPAMResourceDiscoveryAssociation", "AWS::EC2::CapacityReservation",
	"AWS::AutoScaling::ScalingPolicy", "AWS::AutoScaling::LifecycleHook", "AWS::AutoScaling::ScheduledAction",
	"AWS::ElasticLoadBalancingV2::ListenerCertificate", "AWS::EFS::FileSystem", "AWS::EFS::AccessPoint",
	"AWS::RDS::DBParameterGroup", "AWS::RDS::DBClusterParameterGroup", "AWS::RDS::OptionGroup",
	"AWS::ElastiCache::ParameterGroup", "AWS::ElastiCache::User",
	"AWS::Route53::", // names, not packets; Route53Resolver is another service
	"Custom::AWSCDKOpenIdConnectProvider", "Custom::AWSCDKCfnJson", "Custom::AWSCDK-EKS-KubernetesObjectValue",
	"Custom::AWSCDK-EKS-KubernetesPatch", "Custom::AWS", "Custom::S3AutoDeleteObjects", "Custom::LogRetention",
	"Custom::CrossRegionExportWriter", "Custom::CrossRegionExportReader",
}

// leftovers lists what is not modelled, and what is taken for granted.
func (b *builder) leftovers() {
	for _, r := range b.set.Resources() {
		if !modelled[r.Type] && !isIrrelevant(r.Type) {
			b.net.Unmodelled = append(b.net.Unmodelled, ref(r))
		}
		if r.Conditional {
			b.assume(ref(r), "%s is created: its condition is decided at deployment", r.ID)
		}
	}
	for _, n := range b.set.Notes() {
		if n.Unread {
			continue
		}
		b.assume(Ref{Stack: n.Stack.ID, LogicalID: n.Path}, "%s: %s", n.Path, n.Text)
	}
}

func isIrrelevant(typ string) bool {
	for _, e := range irrelevant {
		if typ == e || strings.HasSuffix(e, "::") && strings.HasPrefix(typ, e) {
			return true
		}
	}
	return false
}

// ModelledTypes are the CloudFormation types whose meaning for packets is modelled, sorted.
func ModelledTypes() []string { return slices.Sorted(maps.Keys(modelled)) }

// IrrelevantTypes are the CloudFormation types that decide over no packet; one that ends with "::" is a whole service.
func IrrelevantTypes() []string { return irrelevant }
