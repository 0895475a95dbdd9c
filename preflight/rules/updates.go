package rules

import (
	"fmt"
	"strings"

	"github.com/eks-ipv6/cdk/preflight/updates"
)

// updateRules compare with what is deployed: they are silent without [Options.Update].
var updateRules = []Rule{
	{
		ID: "V64", Severity: Error, Title: "An update of a node group's version together with another of the group",
		Why:    "EKS changes Version and ReleaseVersion with nothing else, the launch template's version included, and Tags not with the launch template: the deployment fails half-way and is rolled back.",
		Fix:    "deploy twice: first the rest with Version and ReleaseVersion as they are deployed (Nodes.Version and Nodes.ReleaseVersion, in the quickstart -c nodeVersion=… and -c nodeReleaseVersion=…), then these alone",
		Source: "https://github.com/aws/containers-roadmap/issues/1258",
		check:  refused(updates.Together),
	},
	{
		ID: "V65", Severity: Error, Title: "A control plane that goes up more than one minor version, or down",
		Why:    "EKS takes one minor version at a time. It goes back by a call of its own within a week, and CloudFormation is not said to make that call.",
		Fix:    "deploy each minor version by itself, and let the nodes follow within three; for the way back see docs/upgrades.md",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html",
		check:  refused(updates.VersionStep),
	},
	{
		ID: "V66", Severity: Error, Title: "Several updates at once of a cluster that CDK's own handler makes",
		Why:    "The handler of Custom::AWSCDK-EKS-Cluster makes one kind of update at a time and fails at two: version, logging, tags, subnets and security groups, endpoint access, authentication mode.",
		Fix:    "deploy each kind by itself",
		Source: "https://github.com/aws/aws-cdk/issues/33452",
		check:  refused(updates.OneUpdate),
	},
	{
		ID: "V67", Severity: Error, Title: "An update that EKS makes of no cluster",
		Why:    "A cluster stays in its VPC and in the zones that it was made in, and its authentication mode goes from CONFIG_MAP towards API and not back.",
		Fix:    "leave it as it is deployed, or make a second cluster beside the first",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html",
		check:  refused(updates.FixedCluster),
	},
	{
		ID: "V68", Severity: Error, Title: "A new resource that cannot be there while the old one is",
		Why:    "CloudFormation makes the new one first and deletes the old one at the end: a second one with the same name, range or target group is refused, and so is another type under a logical id.",
		Fix:    "give the new one another name, range or logical id, or take the old one away in a deployment of its own first",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html",
		check:  refused(updates.Beside),
	},
	{
		ID: "V69", Severity: Error, Title: "A manifest that the cluster refuses beside what is applied",
		Why:    "Some fields of an object cannot change, and a target group has one TargetGroupBinding; kubectl applies new objects before it deletes old ones.",
		Fix:    "give the object another name, and what it binds too, or take the old one away in a deployment of its own first",
		Source: "https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/webhooks/elbv2/targetgroupbinding_validator.go",
		check:  refused(updates.FixedObject),
	},
	{
		ID: "V70", Severity: Error, Title: "An output that changes or goes while another stack imports it",
		Why:    "CloudFormation refuses to change or delete an export that is in use, and what it exports with it.",
		Fix:    "deploy the stacks that import it without it first",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html",
		check: func(c *check) {
			for _, s := range c.stacks() {
				for _, r := range s.Refused {
					c.findings = append(c.findings, Finding{ID: c.rule.ID, Severity: c.rule.Severity, Fix: c.rule.Fix, Message: r.Text, LogicalID: r.Output, Path: "Outputs." + r.Output, Stack: s.Name})
				}
			}
		},
	},
	{
		ID: "W44", Severity: Warning, Title: "A resource with data or addresses that is made anew",
		Why:    "A property changes that CloudFormation cannot change in place: the new resource has other addresses and none of the data, and the old one is deleted at the end.",
		Fix:    "leave the property as it is deployed, or move what depends on the resource first; UpdateReplacePolicy: Retain keeps the old one in the account",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html",
		check: func(c *check) {
			c.changes(func(s updates.Stack, ch updates.Change) {
				held, ok := holds[ch.Type]
				if !ok || ch.Kind != updates.Replaced {
					return
				}
				how := "is made anew"
				if ch.Maybe {
					how = "may be made anew"
				}
				rest := ""
				if ch.Kept {
					rest = "; the old one stays in the account and is the stack's no more"
				}
				c.reportChange(s, ch, "the %s %s %s (%s) and loses %s%s", held.noun, ch.ID, how, whatChanges(ch), held.loses, rest)
			})
		},
	},
	{
		ID: "W45", Severity: Warning, Title: "A resource with data or addresses that is deleted",
		Why:    "The new template has no resource of this logical id. If one of another id takes its place, that is a new one: with CDK, a construct that was moved or renamed.",
		Fix:    "keep the logical id if the resource is to stay, or move what depends on it first; DeletionPolicy: Retain keeps it in the account",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
		check: func(c *check) {
			c.changes(func(s updates.Stack, ch updates.Change) {
				if held, ok := holds[ch.Type]; ok && ch.Kind == updates.Deleted && !ch.Kept {
					c.reportChange(s, ch, "the %s %s is deleted, and with it %s", held.noun, ch.ID, held.loses)
				}
			})
		},
	},
	{
		ID: "W46", Severity: Warning, Title: "An update of which nobody knows what it does",
		Why:    "The type is none of those that preflight knows, or a handler decides, or the templates leave a value open: the resource may be made anew, or the update refused.",
		Fix:    "look at the change set before it is executed: cdk deploy --method=prepare-change-set, or aws cloudformation create-change-set",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html",
		check: func(c *check) {
			c.changes(func(s updates.Stack, ch updates.Change) {
				if ch.Unknown {
					why := "what a change of " + ch.Type + " does is not known"
					if ch.Type == "AWS::CloudFormation::Stack" {
						why = "its template is not at hand, as deployed and as it will be"
					}
					c.reportChange(s, ch, "%s is updated (%s): %s", ch.ID, whatChanges(ch), why)
				}
				for _, r := range ch.Refused {
					if r.Maybe {
						c.reportChange(s, ch, "%s may be refused, as the templates leave a value open: %s", ch.ID, r.Text)
					}
				}
			})
		},
	},
}

// holds are the resource types that have data, or addresses and names that others know.
var holds = map[string]struct{ noun, loses string }{
	"AWS::EC2::VPC":                             {"VPC", "its ranges and all that is in it"},
	"AWS::EC2::VPCCidrBlock":                    {"VPC range", "the addresses of the range"},
	"AWS::EC2::Subnet":                          {"subnet", "its addresses and what runs in it"},
	"AWS::EC2::SubnetCidrBlock":                 {"subnet range", "the addresses of the range"},
	"AWS::EC2::EIP":                             {"Elastic IP", "its address"},
	"AWS::EC2::NatGateway":                      {"NAT gateway", "open connections over IPv4, and its address unless an Elastic IP stays"},
	"AWS::EC2::NetworkInterface":                {"network interface", "its addresses"},
	"AWS::EC2::Instance":                        {"instance", "its addresses and its disks"},
	"AWS::EC2::Volume":                          {"volume", "its data"},
	"AWS::EC2::VPCEndpointService":              {"endpoint service", "the name that its consumers know"},
	"AWS::EC2::TransitGateway":                  {"transit gateway", "all attachments and their routes"},
	"AWS::EC2::VPCPeeringConnection":            {"peering connection", "the way between the VPCs until routes and acceptance are there again"},
	"AWS::EC2::VPNConnection":                   {"VPN connection", "the addresses and keys of its tunnels"},
	"AWS::EKS::Cluster":                         {"cluster", "all objects in it, its endpoint and its certificate authority"},
	"Custom::AWSCDK-EKS-Cluster":                {"cluster", "all objects in it, its endpoint and its certificate authority"},
	"AWS::EKS::Nodegroup":                       {"node group", "its nodes, with what Pods keep on their disks"},
	"AWS::ElasticLoadBalancingV2::LoadBalancer": {"load balancer", "its addresses and its DNS name"},
	"AWS::ElasticLoadBalancing::LoadBalancer":   {"load balancer", "its addresses and its DNS name"},
	"AWS::GlobalAccelerator::Accelerator":       {"accelerator", "its addresses and its DNS name"},
	"AWS::CloudFront::Distribution":             {"distribution", "its domain name"},
	"AWS::Route53::HostedZone":                  {"hosted zone", "its records and its name servers"},
	"AWS::KMS::Key":                             {"KMS key", "what is encrypted with it"},
	"AWS::SecretsManager::Secret":               {"secret", "its value"},
	"AWS::Logs::LogGroup":                       {"log group", "its records"},
	"AWS::APS::Workspace":                       {"Prometheus workspace", "its metrics"},
	"AWS::S3::Bucket":                           {"bucket", "its objects"},
	"AWS::ECR::Repository":                      {"repository", "its images"},
	"AWS::EFS::FileSystem":                      {"file system", "its data"},
	"AWS::FSx::FileSystem":                      {"file system", "its data"},
	"AWS::RDS::DBInstance":                      {"database", "its data and its endpoint"},
	"AWS::RDS::DBCluster":                       {"database cluster", "its data and its endpoints"},
	"AWS::DocDB::DBCluster":                     {"database cluster", "its data and its endpoints"},
	"AWS::DynamoDB::Table":                      {"table", "its items"},
	"AWS::DynamoDB::GlobalTable":                {"table", "its items"},
	"AWS::ElastiCache::CacheCluster":            {"cache", "its data and its endpoint"},
	"AWS::ElastiCache::ReplicationGroup":        {"cache", "its data and its endpoints"},
	"AWS::ElastiCache::ServerlessCache":         {"cache", "its data and its endpoint"},
	"AWS::MemoryDB::Cluster":                    {"database cluster", "its data and its endpoint"},
	"AWS::OpenSearchService::Domain":            {"search domain", "its indexes and its endpoint"},
	"AWS::MSK::Cluster":                         {"Kafka cluster", "its topics and its brokers' addresses"},
	"AWS::Kinesis::Stream":                      {"stream", "its records"},
	"AWS::SQS::Queue":                           {"queue", "its messages and its URL"},
	"AWS::Backup::BackupVault":                  {"backup vault", "its backups"},
}

// refused reports what is surely refused for a reason.
func refused(reason updates.Reason) func(*check) {
	return func(c *check) {
		c.changes(func(s updates.Stack, ch updates.Change) {
			for _, r := range ch.Refused {
				if r.Reason == reason && !r.Maybe {
					c.reportChange(s, ch, "%s: %s", ch.ID, r.Text)
				}
			}
		})
	}
}

func whatChanges(ch updates.Change) string {
	verb := "change"
	if len(ch.Properties) == 1 {
		verb = "changes"
	}
	return strings.Join(ch.Properties, " and ") + " " + verb
}

func (c *check) stacks() []updates.Stack {
	if c.update == nil {
		return nil
	}
	return c.update.Stacks
}

// changes visits what the update does to each resource.
func (c *check) changes(visit func(updates.Stack, updates.Change)) {
	for _, s := range c.stacks() {
		for _, ch := range s.Changes {
			visit(s, ch)
		}
	}
}

// reportChange adds a finding at the first property that changes.
func (c *check) reportChange(s updates.Stack, ch updates.Change, format string, args ...any) {
	path := "Resources." + ch.ID
	if len(ch.Properties) > 0 {
		path += "." + ch.Place(ch.Properties[0])
	}
	c.findings = append(c.findings, Finding{
		ID: c.rule.ID, Severity: c.rule.Severity, Fix: c.rule.Fix, Message: fmt.Sprintf(format, args...),
		LogicalID: ch.ID, ConstructPath: ch.ConstructPath, Path: path, Stack: s.Name,
	})
}
