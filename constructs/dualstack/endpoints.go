package dualstack

import (
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
	"github.com/eks-ipv6/cdk/internal/tuned"
)

// GatewayEndpoints is a choice of free gateway endpoints. S3's is dual-stack: an IPv4-only one would catch IPv4 alone, and
// Pods that resolve the service's IPv6 addresses would go around it through the egress-only gateway. DynamoDB's is for
// IPv4: one AWS page offers dual-stack, DynamoDB's own denies it (internal/aws has both).
type GatewayEndpoints int

const (
	// GatewayS3 is an endpoint for S3, where container image layers come from: they then pass no NAT gateway, which
	// charges for them.
	GatewayS3 GatewayEndpoints = iota
	// GatewayS3AndDynamoDB adds one for DynamoDB.
	GatewayS3AndDynamoDB
	// GatewayNone makes no gateway endpoint.
	GatewayNone
)

// InterfaceEndpoint is a PrivateLink endpoint for an AWS service of the Region. It is dual-stack where AWS documents that
// the service's endpoints take both families, and for IPv4 elsewhere: nodes and, through the VPC CNI, Pods reach it then
// over IPv4. internal/aws has the table and its sources.
type InterfaceEndpoint struct {
	// Service is the name after com.amazonaws.REGION, for example "sts" or "ecr.api".
	Service string
	// IPv4Only makes an endpoint for IPv4 where both families are known to work.
	// Default: false.
	IPv4Only bool
	// DualStack makes a dual-stack endpoint where no AWS page says that the service takes it. EC2 refuses it if the
	// service does not.
	// Default: false.
	DualStack bool
	// Tune changes the endpoint's options before it is made.
	// Default: nil.
	Tune func(*awsec2.InterfaceVpcEndpointOptions)
}

// addressType is the endpoint's, as EC2 knows it.
func (e InterfaceEndpoint) addressType() awsec2.VpcEndpointIpAddressType {
	known, _ := aws.InterfaceEndpoint(e.Service)
	documented := known.Families.Has(aws.DualStack) && known.Disputed == "" // where pages disagree, IPv4 works by either
	if !e.IPv4Only && (e.DualStack || documented) {
		return awsec2.VpcEndpointIpAddressType_DUALSTACK
	}
	return awsec2.VpcEndpointIpAddressType_IPV4
}

// EKSEndpoints are what nodes, Pods, the load balancer controller and CDK's kubectl functions call in a VPC without
// NAT. S3 comes through GatewayS3.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
func EKSEndpoints() []InterfaceEndpoint {
	services := []string{"ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "lambda", "logs", "sts"}
	out := make([]InterfaceEndpoint, len(services))
	for i, s := range services {
		out[i].Service = s
	}
	return out
}

var serviceName = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$`)

func (p VpcProps) checkEndpoints(bad *problems.List) {
	if p.GatewayEndpoints < GatewayS3 || p.GatewayEndpoints > GatewayNone {
		bad.Add("GatewayEndpoints", "%d: want GatewayS3, GatewayS3AndDynamoDB or GatewayNone", p.GatewayEndpoints)
	}
	seen := map[string]bool{}
	for i, e := range p.InterfaceEndpoints {
		switch here := bad.At("InterfaceEndpoints", i); {
		case !serviceName.MatchString(e.Service) || strings.HasPrefix(e.Service, "com."):
			here.Add("Service", "%q: want the name after com.amazonaws.REGION, for example sts or ecr.api", e.Service)
		case seen[e.Service]:
			here.Add("Service", "%s is named twice: want each service once", e.Service)
		case e.IPv4Only && e.DualStack:
			here.Add("IPv4Only", "true with DualStack for %s: want one of the two, or neither for what AWS documents", e.Service)
		}
		seen[e.Service] = true
	}
}

func (v *Vpc) addEndpoints(p VpcProps, bad *problems.List) {
	gateway := func(id, service string, stock awsec2.GatewayVpcEndpointAwsService, family awsec2.VpcEndpointIpAddressType) {
		e := v.L2.AddGatewayEndpoint(jsiix.Str(id), &awsec2.GatewayVpcEndpointOptions{Service: stock, IpAddressType: family})
		if p.RestrictEndpoints {
			restrict(service, e.AddToPolicy)
		}
	}
	if p.GatewayEndpoints != GatewayNone {
		gateway("S3", "s3", awsec2.GatewayVpcEndpointAwsService_S3(), awsec2.VpcEndpointIpAddressType_DUALSTACK)
	}
	if p.GatewayEndpoints == GatewayS3AndDynamoDB {
		gateway("DynamoDB", "dynamodb", awsec2.GatewayVpcEndpointAwsService_DYNAMODB(), awsec2.VpcEndpointIpAddressType_IPV4)
	}
	if len(p.InterfaceEndpoints) == 0 {
		return
	}

	// The stock endpoint's own group admits the VPC's IPv4 range alone.
	v.EndpointSecurityGroup = awsec2.NewSecurityGroup(v.L2, jsiix.Str("Endpoints"), &awsec2.SecurityGroupProps{
		Vpc: v.L2, Description: jsiix.Str("Interface endpoints: HTTPS from the VPC, both families"),
		AllowAllOutbound: jsiix.Bool(true), AllowAllIpv6Outbound: jsiix.Bool(true),
	})
	v.AllowFrom(v.EndpointSecurityGroup, awsec2.Port_Tcp(jsiix.Num(443)), "HTTPS from the VPC")
	for i, e := range p.InterfaceEndpoints {
		options := &awsec2.InterfaceVpcEndpointOptions{
			Service:        awsec2.NewInterfaceVpcEndpointAwsService(jsiix.Str(e.Service), nil, nil, nil),
			IpAddressType:  e.addressType(),
			SecurityGroups: jsiix.List[awsec2.ISecurityGroup](v.EndpointSecurityGroup),
			Open:           jsiix.Bool(false),
			Subnets:        &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},
		}
		tuned.Call(bad.At("InterfaceEndpoints", i).In("Tune"), e.Tune, options, map[string]string{
			"Service": "want InterfaceEndpoint.Service", "IpAddressType": "want InterfaceEndpoint.IPv4Only or DualStack",
		})
		endpoint := v.L2.AddInterfaceEndpoint(jsiix.Str(endpointID(e.Service)), options)
		if p.RestrictEndpoints {
			restrict(e.Service, endpoint.AddToPolicy)
		}
	}
}

// endpointID is a service's construct id: Endpoint-ecr-api for ecr.api.
func endpointID(service string) string {
	return "Endpoint-" + strings.ReplaceAll(service, ".", "-")
}
