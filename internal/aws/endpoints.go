package aws

import (
	"maps"
	"slices"
	"strings"
)

// Endpoint is which families the VPC endpoints of an AWS service take.
type Endpoint struct {
	// Service is the name after com.amazonaws.REGION, such as ecr.api.
	Service string
	// Families are what an endpoint may have. An IpAddressType with a family that is not among them is refused.
	Families Families
	// Disputed says what is open: AWS's pages contradict each other, or speak of the service only together with others.
	// Families is then the reading that this module goes by. Empty where nothing is open.
	Disputed string
	// Source is the page that says so.
	Source string
}

const (
	// docSupport is AWS's own table of services and their address families. Its last column is PrivateLink.
	docSupport = "https://docs.aws.amazon.com/vpc/latest/userguide/aws-ipv6-support.html"
	docGateway = "https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html"
)

// interfaceEndpoints are the interface endpoints (PrivateLink) that are documented, as of November 2026.
// What EC2 really takes is the answer of DescribeVpcEndpointServices (SupportedIpAddressTypes), which needs an account.
var interfaceEndpoints = byService(
	rows(DualStack, docSupport,
		"acm-pca", "aps", "aps-workspaces", "bedrock", "bedrock-runtime", "cloudformation", "eks-auth", "elasticache",
		"elasticfilesystem", "events", "guardduty", "kinesis-firehose", "kinesis-streams", "kms", "lambda", "logs", "monitoring", "secretsmanager",
		"shield", "sns", "sqs", "ssm", "ssmmessages", "states", "sts", "wafv2", "xray"),
	rows(IPv4, docSupport, "acm", "ec2", "elasticloadbalancing", "rds"),
	[]Endpoint{
		{Service: "autoscaling", Families: IPv4, Source: docSupport,
			Disputed: "the table says Yes for AWS Auto Scaling, and does not name EC2 Auto Scaling, whose service this is"},
		{Service: "ec2messages", Families: IPv4, Source: docSupport,
			Disputed: "the table says Yes for Systems Manager as a whole, and no page names ec2messages on its own"},
		{Service: "guardduty-data", Families: IPv4, Source: docSupport,
			Disputed: "the table says Yes for GuardDuty as a whole, and no page names guardduty-data on its own"},
		{Service: "ecr.api", Families: DualStack, Source: docECR, Disputed: disputedECR},
		{Service: "ecr.dkr", Families: DualStack, Source: docECR, Disputed: disputedECR},
		{Service: "eks", Families: DualStack, Source: "https://docs.aws.amazon.com/eks/latest/userguide/vpc-interface-endpoints.html",
			Disputed: "https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html, which is older, says that the endpoint of the EKS API has IPv4 only"},
		{Service: "s3", Families: DualStack, Source: "https://aws.amazon.com/about-aws/whats-new/2025/11/ipv6-amazon-s3-gateway-interface-vpc-endpoints/",
			Disputed: docSupport + " says No for PrivateLink; the announcement and S3's own page name dual-stack interface endpoints"},
	},
)

const (
	docECR      = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html"
	disputedECR = docSupport + " says No, and an older page (https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html) that PrivateLink takes no dual-stack endpoints; the newest one names both families"
)

// gatewayEndpoints are the two services that have gateway endpoints.
var gatewayEndpoints = byService([]Endpoint{
	{Service: "s3", Families: DualStack, Source: docGateway},
	{Service: "dynamodb", Families: IPv4, Source: "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-ddb.html",
		Disputed: docGateway + " says of gateway endpoints at large that they may be dual-stack, and DynamoDB's own page that its gateway endpoint takes IPv4 only"},
})

// InterfaceEndpoint is what interface endpoints of a service take; false where no page says it. The service is the
// name after com.amazonaws.REGION, such as ecr.api.
func InterfaceEndpoint(service string) (Endpoint, bool) {
	e, ok := interfaceEndpoints[service]
	return e, ok
}

// GatewayEndpoint is what gateway endpoints of a service take; false for a service that has none.
func GatewayEndpoint(service string) (Endpoint, bool) {
	e, ok := gatewayEndpoints[service]
	return e, ok
}

// AllInterfaceEndpoints lists the services whose interface endpoints are documented.
func AllInterfaceEndpoints() []Endpoint { return sorted(interfaceEndpoints) }

// AllGatewayEndpoints lists the services that have gateway endpoints.
func AllGatewayEndpoints() []Endpoint { return sorted(gatewayEndpoints) }

func sorted(m map[string]Endpoint) []Endpoint {
	return slices.SortedFunc(maps.Values(m), func(a, b Endpoint) int { return strings.Compare(a.Service, b.Service) })
}

func rows(f Families, source string, services ...string) (out []Endpoint) {
	for _, s := range services {
		out = append(out, Endpoint{Service: s, Families: f, Source: source})
	}
	return out
}

func byService(lists ...[]Endpoint) map[string]Endpoint {
	out := map[string]Endpoint{}
	for _, e := range slices.Concat(lists...) {
		if _, twice := out[e.Service]; twice {
			panic("aws: two rows for the endpoint of " + e.Service)
		}
		out[e.Service] = e
	}
	return out
}

// Public is how a service's regional endpoint on the internet is reached.
type Public struct {
	// Service is the name after com.amazonaws.REGION, such as ecr.api.
	Service string
	// Source is the page that says that the service has a dual-stack name.
	Source string

	form    string   // the dual-stack name, R for the Region and D for the partition's domain
	without []string // Regions for which the SDKs' explicit data names no dual-stack endpoint
}

// docRuleSet is the SDKs' rules for names of endpoints, read in botocore 1.44.8. A rule makes a name; it does not prove
// that the name resolves in every Region.
const docRuleSet = "https://docs.aws.amazon.com/general/latest/gr/rande.html#dual-stack-endpoints"

// publics are the services with a dual-stack name on the internet. The plain name, SERVICE.REGION.amazonaws.com, is
// IPv4 for all of them.
var publics = func() map[string]Public {
	out := map[string]Public{}
	for _, s := range []string{"acm", "acm-pca", "aps", "autoscaling", "bedrock", "bedrock-runtime", "cloudformation", "dynamodb", "ec2", "eks",
		"eks-auth", "elasticfilesystem", "elasticloadbalancing", "events", "guardduty", "kms", "lambda", "logs", "monitoring", "rds",
		"secretsmanager", "sns", "sqs", "ssm", "states", "sts", "wafv2", "xray"} {
		out[s] = Public{Service: s, form: s + ".R.api.D", Source: docRuleSet}
	}
	for s, form := range map[string]string{"kinesis-streams": "kinesis.R.api.D", "kinesis-firehose": "firehose.R.api.D", "ecr.api": "ecr.R.api.D"} {
		out[s] = Public{Service: s, form: form, Source: docRuleSet}
	}
	out["s3"] = Public{Service: "s3", form: "s3.dualstack.R.amazonaws.com", Source: "https://docs.aws.amazon.com/AmazonS3/latest/API/dual-stack-endpoints.html"}

	// Regions for which the explicit data, endpoints.json of botocore 1.44.8, names none. Newer Regions are missing
	// there for other reasons too, so that a name in one of these is not sure.
	young := []string{"ap-east-2", "ap-southeast-6"}
	gov := []string{"us-gov-east-1", "us-gov-west-1"}
	for service, without := range map[string][]string{
		"ec2": {"ap-east-2", "ap-northeast-3", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
			"ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-2", "eu-south-2", "il-central-1", "me-central-1", "mx-central-1"},
		"ecr.api": young, "lambda": young, "secretsmanager": young, "s3": young,
		"events": slices.Concat(young, gov), "sqs": slices.Concat(young, gov), "sns": slices.Concat(young, gov),
		"logs": {"ap-east-2", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "mx-central-1"},
	} {
		p := out[service]
		p.without = without
		out[service] = p
	}
	return out
}()

// PublicEndpoint is a service's dual-stack endpoint on the internet; false where none is documented. The service is
// the name after com.amazonaws.REGION, such as ecr.api.
func PublicEndpoint(service string) (Public, bool) {
	p, ok := publics[service]
	return p, ok
}

// DualStackName is the host name that has IPv4 and IPv6 in a Region. The name is empty in a partition whose names are
// not known; sure is false in a Region for which the SDKs' explicit data has no such name.
func (p Public) DualStackName(region string) (name string, sure bool) {
	domain, suffix := "", ""
	switch {
	case strings.HasPrefix(region, "cn-"):
		domain, suffix = "amazonwebservices.com.cn", ".cn"
	case strings.HasPrefix(region, "eusc-"):
		domain = "amazonwebservices.eu"
	case strings.HasPrefix(region, "us-iso") || strings.HasPrefix(region, "eu-iso"):
		return "", false
	default:
		domain = "aws"
	}
	if strings.HasSuffix(p.form, ".amazonaws.com") { // S3
		if domain == "amazonwebservices.eu" {
			return "", false // not documented there
		}
		return strings.Replace(p.form, ".R.", "."+region+".", 1) + suffix, !slices.Contains(p.without, region)
	}
	name = strings.Replace(strings.TrimSuffix(p.form, "D")+domain, ".R.", "."+region+".", 1)
	return name, !slices.Contains(p.without, region)
}
