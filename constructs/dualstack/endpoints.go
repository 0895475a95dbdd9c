package dualstack

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// GatewayEndpoints is a choice of free gateway endpoints. They are dual-stack: an IPv4-only one would catch
// IPv4 alone, and Pods that resolve a service's IPv6 addresses would go around it through the egress-only gateway.
// Source: https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
type GatewayEndpoints int

const (
	// GatewayNone makes no gateway endpoint.
	GatewayNone GatewayEndpoints = iota
	// GatewayS3 is an endpoint for S3, where container image layers come from: they then pass no NAT gateway, which
	// charges for them.
	GatewayS3
	// GatewayS3AndDynamoDB adds one for DynamoDB.
	GatewayS3AndDynamoDB
)

// InterfaceEndpoint is a PrivateLink endpoint for an AWS service of the Region.
type InterfaceEndpoint struct {
	// Service is the name after com.amazonaws.REGION, for example "sts" or "ecr.api".
	Service string
	// Ipv4Only is for services whose endpoints take no IPv6; nodes and, through the VPC CNI, Pods reach them over IPv4.
	// Default: false, the endpoint is dual-stack.
	Ipv4Only bool
}

// EksEndpoints are what nodes, Pods, the load balancer controller and CDK's kubectl functions call in a VPC without
// NAT. S3 comes through GatewayS3.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
func EksEndpoints() []InterfaceEndpoint {
	return []InterfaceEndpoint{
		{Service: "ec2"},
		// https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html: no dual-stack endpoints over PrivateLink.
		{Service: "ecr.api", Ipv4Only: true},
		{Service: "ecr.dkr", Ipv4Only: true},
		{Service: "eks"},
		{Service: "eks-auth"},
		{Service: "elasticloadbalancing"},
		{Service: "lambda"},
		{Service: "logs"},
		{Service: "sts"},
	}
}

var serviceName = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$`)

func (p VpcProps) validateEndpoints() error {
	var errs []error
	if p.GatewayEndpoints < GatewayNone || p.GatewayEndpoints > GatewayS3AndDynamoDB {
		errs = append(errs, fmt.Errorf("GatewayEndpoints: %d: want GatewayNone, GatewayS3 or GatewayS3AndDynamoDB", p.GatewayEndpoints))
	}
	seen := map[string]bool{}
	for i, e := range p.InterfaceEndpoints {
		switch {
		case !serviceName.MatchString(e.Service) || strings.HasPrefix(e.Service, "com."):
			errs = append(errs, fmt.Errorf("InterfaceEndpoints[%d].Service: %q: want the name after com.amazonaws.REGION, for example sts or ecr.api", i, e.Service))
		case seen[e.Service]:
			errs = append(errs, fmt.Errorf("InterfaceEndpoints[%d].Service: %s is named twice: want each service once", i, e.Service))
		}
		seen[e.Service] = true
	}
	return errors.Join(errs...)
}

func (v *Vpc) addEndpoints(p VpcProps) {
	gateway := func(id string, service awsec2.GatewayVpcEndpointAwsService) {
		v.Vpc.AddGatewayEndpoint(jsiix.Str(id), &awsec2.GatewayVpcEndpointOptions{
			Service: service, IpAddressType: awsec2.VpcEndpointIpAddressType_DUALSTACK,
		})
	}
	if p.GatewayEndpoints != GatewayNone {
		gateway("S3", awsec2.GatewayVpcEndpointAwsService_S3())
	}
	if p.GatewayEndpoints == GatewayS3AndDynamoDB {
		gateway("DynamoDB", awsec2.GatewayVpcEndpointAwsService_DYNAMODB())
	}
	if len(p.InterfaceEndpoints) == 0 {
		return
	}

	// The stock endpoint's own group admits the VPC's IPv4 range alone.
	v.EndpointSecurityGroup = awsec2.NewSecurityGroup(v.Vpc, jsiix.Str("Endpoints"), &awsec2.SecurityGroupProps{
		Vpc: v.Vpc, Description: jsiix.Str("Interface endpoints: HTTPS from the VPC, both families"),
		AllowAllOutbound: jsiix.Bool(true), AllowAllIpv6Outbound: jsiix.Bool(true),
	})
	v.AllowFrom(v.EndpointSecurityGroup, awsec2.Port_Tcp(jsiix.Num(443)), "HTTPS from the VPC")
	for _, e := range p.InterfaceEndpoints {
		family := awsec2.VpcEndpointIpAddressType_DUALSTACK
		if e.Ipv4Only {
			family = awsec2.VpcEndpointIpAddressType_IPV4
		}
		v.Vpc.AddInterfaceEndpoint(jsiix.Str(endpointID(e.Service)), &awsec2.InterfaceVpcEndpointOptions{
			Service:        awsec2.NewInterfaceVpcEndpointAwsService(jsiix.Str(e.Service), nil, nil, nil),
			IpAddressType:  family,
			SecurityGroups: jsiix.List[awsec2.ISecurityGroup](v.EndpointSecurityGroup),
			Open:           jsiix.Bool(false),
			Subnets:        &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},
		})
	}
}

// endpointID is a service's construct id: Endpoint-ecr-api for ecr.api.
func endpointID(service string) string {
	return "Endpoint-" + strings.ReplaceAll(service, ".", "-")
}
