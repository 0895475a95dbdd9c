package network

import (
	"maps"
	"slices"
	"strings"
)

// modelled are the resource types whose meaning for packets is modelled.
var modelled = set(
	"AWS::EC2::VPC", "AWS::EC2::VPCCidrBlock", "AWS::EC2::Subnet", "AWS::EC2::SubnetCidrBlock",
	"AWS::EC2::VPNGatewayRoutePropagation", "AWS::EC2::GatewayRouteTableAssociation",
	"AWS::EC2::RouteTable", "AWS::EC2::Route", "AWS::EC2::SubnetRouteTableAssociation",
	"AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::EgressOnlyInternetGateway",
	"AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::EIPAssociation",
	"AWS::EC2::VPCPeeringConnection", "AWS::EC2::TransitGateway", "AWS::EC2::TransitGatewayAttachment",
	"AWS::EC2::TransitGatewayVpcAttachment", "AWS::EC2::TransitGatewayRouteTable", "AWS::EC2::TransitGatewayRoute",
	"AWS::EC2::TransitGatewayRouteTableAssociation", "AWS::EC2::TransitGatewayRouteTablePropagation",
	"AWS::EC2::VPCEndpoint", "AWS::EC2::VPCEndpointService", "AWS::EC2::PrefixList",
	"AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress",
	"AWS::EC2::NetworkAcl", "AWS::EC2::NetworkAclEntry", "AWS::EC2::SubnetNetworkAclAssociation",
	"AWS::EC2::VPCBlockPublicAccessOptions", "AWS::EC2::VPCBlockPublicAccessExclusion",
	"AWS::EC2::Instance", "AWS::EC2::NetworkInterface", "AWS::EC2::LaunchTemplate", "AWS::AutoScaling::AutoScalingGroup", "AWS::AutoScaling::LaunchConfiguration",
	"AWS::EC2::IPAM", "AWS::EC2::IPAMPool", "AWS::EC2::IPAMScope", "AWS::EC2::IPAMPoolCidr",
	"AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::Listener",
	"AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::ElasticLoadBalancingV2::TargetGroup",
	"AWS::EKS::Cluster", "AWS::EKS::Nodegroup", "AWS::EKS::FargateProfile", "AWS::EKS::Addon",
	"Custom::AWSCDK-EKS-Cluster", "Custom::AWSCDK-EKS-FargateProfile",
	"Custom::AWSCDK-EKS-KubernetesResource", "Custom::AWSCDK-EKS-HelmChart", customRestrictDefault,
	"AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::DBSubnetGroup",
	"AWS::EFS::MountTarget", "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::SubnetGroup",
	"AWS::Lambda::Function", "AWS::Serverless::Function",
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

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// leftovers lists what is not modelled, and reads what concerns the network as a whole.
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
	for _, r := range b.set.Resources("AWS::EC2::VPCBlockPublicAccessOptions") {
		b.net.PublicAccess.Ref, b.net.PublicAccess.Mode = ref(r), str(r.Prop("InternetGatewayBlockMode"))
	}
	for _, r := range b.set.Resources("AWS::EC2::VPCBlockPublicAccessExclusion") {
		e := BlockPublicAccessExclusion{Ref: ref(r), Mode: str(r.Prop("InternetGatewayExclusionMode"))}
		if v := r.Prop("VpcId"); v.Exists() {
			e.VPC = b.vpc(v)
		}
		if v := r.Prop("SubnetId"); v.Exists() {
			e.Subnet = b.subnet(v)
		}
		b.net.PublicAccess.Exclusions = append(b.net.PublicAccess.Exclusions, e)
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
