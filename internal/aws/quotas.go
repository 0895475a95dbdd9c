package aws

import "slices"

// Quota is a limit that AWS sets for an account until it is asked for more.
type Quota struct {
	// Name and Code are the quota's in Service Quotas, for example EC2-VPC Elastic IPs and L-0263D0A3.
	Name, Code string
	// Service is the quota's service code, such as vpc.
	Service string
	// Default is what an account has that never asked.
	Default int
	// Per is what the quota is counted in: an account's Region, a VPC, a cluster, a zone.
	Per Scope
	// With is the quota that carries this one when it is raised, by code; empty where this one is raised itself.
	With string
	// Source is the page with the number.
	Source string
}

// Scope is what a quota is counted in.
type Scope string

// The scopes.
const (
	PerRegion  Scope = "Region"
	PerZone    Scope = "Availability Zone"
	PerVPC     Scope = "VPC"
	PerCluster Scope = "cluster"
)

const (
	docVPCQuotas = "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"
	docEKSQuotas = "https://docs.aws.amazon.com/general/latest/gr/eks.html"
)

// The quotas that the resources of one assembly can reach.
var (
	ElasticIPs         = Quota{"EC2-VPC Elastic IPs", "L-0263D0A3", "ec2", 5, PerRegion, "", docVPCQuotas}
	VPCs               = Quota{"VPCs per Region", "L-F678F1CE", "vpc", 5, PerRegion, "", docVPCQuotas}
	InternetGateways   = Quota{"Internet gateways per Region", "L-A4707A72", "vpc", 5, PerRegion, "L-F678F1CE", docVPCQuotas}
	EgressOnlyGateways = Quota{"Egress-only internet gateways per Region", "L-45FE3B85", "vpc", 5, PerRegion, "L-F678F1CE", docVPCQuotas}
	NatGateways        = Quota{"NAT gateways per Availability Zone", "L-FE5A380F", "vpc", 5, PerZone, "", docVPCQuotas}
	GatewayEndpoints   = Quota{"Gateway VPC endpoints per Region", "L-1B52E74A", "vpc", 20, PerRegion, "", docEndpointQuotas}
	InterfaceEndpoints = Quota{"Interface VPC endpoints per VPC", "L-29B6F2EB", "vpc", 50, PerVPC, "", docEndpointQuotas}
	Subnets            = Quota{"Subnets per VPC", "L-407747CB", "vpc", 200, PerVPC, "", docVPCQuotas}
	Clusters           = Quota{"Clusters", "L-1194D53C", "eks", 100, PerRegion, "", docEKSQuotas}
	ManagedNodeGroups  = Quota{"Managed node groups per cluster", "L-6D54EA21", "eks", 30, PerCluster, "", docEKSQuotas}
	FargateProfiles    = Quota{"Fargate profiles per cluster", "L-33415657", "eks", 10, PerCluster, "", docEKSQuotas}
)

const docEndpointQuotas = "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html"

// Quotas lists them all.
func Quotas() []Quota {
	return slices.Clone([]Quota{ElasticIPs, VPCs, InternetGateways, EgressOnlyGateways, NatGateways, GatewayEndpoints, InterfaceEndpoints, Subnets,
		Clusters, ManagedNodeGroups, FargateProfiles})
}
