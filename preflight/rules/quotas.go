package rules

import (
	"fmt"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

var quotaRules = []Rule{
	{
		ID: "W38", Severity: Warning, Title: "More of something than an account has by default",
		Why:    "The templates alone hold more than AWS's default quota, whatever the account has already: the deployment fails in the middle, unless the quota was raised.",
		Fix:    "ask for more in Service Quotas before the deployment (aws service-quotas request-service-quota-increase), or use less; acknowledge this where it is done",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
		check: func(c *check) {
			for _, q := range aws.Quotas() {
				for _, group := range c.counted(q) {
					if n := len(group.of); n > q.Default {
						raise := q.Code
						if q.With != "" {
							raise = q.With + ", which raises this one too"
						}
						c.report(group.of[q.Default], "", "the templates hold %d of the quota \"%s\" %s; its default is %d (quota %s of the service %s)", n, q.Name, group.in, q.Default, raise, q.Service)
					}
				}
			}
		},
	},
}

// tally is what surely counts towards a quota in one place.
type tally struct {
	in string
	of []*cfn.Resource
}

// counted are the resources that count towards a quota and surely exist, by the place that the quota is counted in.
// Stacks whose account or Region is not known are taken for the same place: where the caller deploys.
func (c *check) counted(q aws.Quota) (out []*tally) {
	byKey := map[string]*tally{}
	count := func(r *cfn.Resource, key, in string) {
		if r == nil || r.Conditional || conditionalParent(r) {
			return
		}
		t := byKey[key]
		if t == nil {
			t = &tally{in: in}
			byKey[key] = t
			out = append(out, t)
		}
		t.of = append(t.of, r)
	}
	inRegion := func(types ...string) {
		for _, r := range c.set.Resources(types...) {
			key, in := environment(r)
			count(r, key, in)
		}
	}
	switch q {
	case aws.ElasticIPs:
		inRegion("AWS::EC2::EIP")
	case aws.VPCs:
		inRegion("AWS::EC2::VPC")
	case aws.InternetGateways:
		inRegion("AWS::EC2::InternetGateway")
	case aws.EgressOnlyGateways:
		inRegion("AWS::EC2::EgressOnlyInternetGateway")
	case aws.Clusters:
		inRegion("AWS::EKS::Cluster", "Custom::AWSCDK-EKS-Cluster")
	case aws.GatewayEndpoints:
		for _, r := range c.set.Resources("AWS::EC2::VPCEndpoint") {
			if typ := r.Prop("VpcEndpointType"); !typ.Exists() || typ.Is("Gateway") {
				key, in := environment(r)
				count(r, key, in)
			}
		}
	case aws.NatGateways:
		for _, v := range c.net.VPCs {
			for _, n := range v.NATs {
				r := c.raw(n)
				if r == nil || n.Subnet == nil || c.raw(n.Subnet) == nil {
					continue
				}
				zone := c.raw(n.Subnet).Prop("AvailabilityZone")
				if !zone.Exists() {
					zone = c.raw(n.Subnet).Prop("AvailabilityZoneId")
				}
				if zone.Exists() {
					key, _ := environment(r)
					count(r, key+" "+zone.Key(), "in the zone "+zone.String())
				}
			}
		}
	case aws.InterfaceEndpoints, aws.Subnets:
		for i, v := range c.net.VPCs {
			key, in := fmt.Sprint(i), "in VPC "+v.String()
			if q == aws.Subnets {
				for _, s := range c.declared(v.Subnets) {
					count(c.raw(s), key, in)
				}
				continue
			}
			for _, e := range v.Endpoints {
				if r := c.raw(e); r != nil && r.Prop("VpcEndpointType").Is("Interface") {
					count(r, key, in)
				}
			}
		}
	case aws.ManagedNodeGroups, aws.FargateProfiles:
		for i, cl := range c.net.Clusters {
			key, in := fmt.Sprint(i), "in cluster "+cl.String()
			if q == aws.FargateProfiles {
				for _, f := range cl.Fargate {
					count(c.raw(f), key, in)
				}
				continue
			}
			for _, n := range cl.NodeGroups {
				if r := c.raw(n); n.Managed && r != nil {
					count(r, key, in)
				}
			}
		}
	}
	return out
}

// environment is the account and Region that a resource is deployed to, as far as known, as a key and in words.
func environment(r *cfn.Resource) (key, in string) {
	account, _ := r.Stack.Pseudo("AWS::AccountId").Text()
	region, _ := r.Stack.Pseudo("AWS::Region").Text()
	in = "in one Region"
	if region != "" {
		in = "in " + region
	}
	return strings.Join([]string{account, region}, "/"), in
}

// conditionalParent says that a nested stack may not be there.
func conditionalParent(r *cfn.Resource) bool {
	for p := r.Stack.Parent; p != nil; p = p.Stack.Parent {
		if p.Conditional {
			return true
		}
	}
	return false
}
