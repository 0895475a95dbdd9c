package rules

import (
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

const docEndpoint = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpcendpoint.html"

var endpointRules = []Rule{
	{
		ID: "V28", Severity: Error, Title: "Endpoint whose address type its subnets or records do not fit",
		Why:    "An ipv6 endpoint wants IPv6-only subnets, a dualstack one dual-stack subnets; its DNS records must be of a family that it has.",
		Fix:    "use IpAddressType: dualstack in dual-stack subnets, and leave DnsRecordIpType out or set it to dualstack",
		Source: docEndpoint,
		check: func(c *check) {
			for _, v := range c.net.VPCs {
				for _, e := range v.Endpoints {
					r := c.raw(e)
					if r == nil || !r.Prop("IpAddressType").Known() {
						continue
					}
					typ := "ipv4"
					if t, ok := r.Prop("IpAddressType").Text(); ok {
						typ = t
					}
					for _, s := range c.declared(e.Subnets) {
						native := on(c.raw(s).Prop("Ipv6Native"), false)
						switch {
						case typ == "ipv6" && off(c.raw(s).Prop("Ipv6Native"), false):
							c.report(r, "IpAddressType", "endpoint %s is ipv6, and its subnet %s has IPv4", r.ID, s.LogicalID)
						case typ == "ipv4" && native, typ == "dualstack" && !c.withoutIPv6(s.VPC) && (native || missing(c.raw(s), "Ipv6CidrBlock", "Ipv6IpamPoolId", "Ipv6NetmaskLength") && len(c.set.Resources("AWS::EC2::SubnetCidrBlock")) == 0):
							c.report(r, "IpAddressType", "endpoint %s is %s, and its subnet %s has not both families", r.ID, typ, s.LogicalID)
						}
					}
					record := r.Prop("DnsOptions.DnsRecordIpType")
					switch {
					case e.Gateway && e.ShortName == "dynamodb" && record.Known() && record.Exists() && !record.Is("service-defined"):
						c.report(r, "DnsOptions.DnsRecordIpType", "the gateway endpoint %s wants %s records, and DynamoDB takes service-defined only", r.ID, record)
					case record.Is("ipv6") && typ == "ipv4",
						record.Is("dualstack") && typ != "dualstack",
						record.Is("service-defined") && typ != "dualstack" && !e.Gateway: // of gateway endpoints it is the default
						c.report(r, "DnsOptions.DnsRecordIpType", "endpoint %s is %s and wants %s records", r.ID, typ, record)
					}
				}
			}
		},
	},
	{
		ID: "V29", Severity: Error, Title: "PrivateLink service offers IPv6 through an IPv4 load balancer",
		Why:    "A service that supports ipv6 needs dual-stack network load balancers.",
		Fix:    "set IpAddressType: dualstack on the load balancer, or take ipv6 out of SupportedIpAddressTypes",
		Source: "https://docs.aws.amazon.com/vpc/latest/privatelink/create-endpoint-service.html",
		check: func(c *check) {
			for _, s := range c.net.EndpointServices {
				if !slices.Contains(s.AddressTypes, "ipv6") || c.raw(s) == nil {
					continue
				}
				for _, l := range s.LoadBalancers {
					if r := c.raw(l); r != nil && r.Prop("IpAddressType").Known() && !r.Prop("IpAddressType").Is("dualstack") {
						c.report(c.raw(s), "SupportedIpAddressTypes", "service %s supports ipv6, and its load balancer %s is not dualstack", s.LogicalID, r.ID)
					}
				}
			}
		},
	},
	{
		ID: "V56", Severity: Error, Title: "Endpoint of a family that its service does not take",
		Why:    "EC2 refuses an endpoint whose service has not all families of its IpAddressType: the interface endpoints of EC2 and Elastic Load Balancing, among others, are IPv4 only.",
		Fix:    "leave IpAddressType out, or set it to ipv4: nodes, and Pods through the VPC CNI, reach the endpoint over IPv4",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/aws-ipv6-support.html",
		check: func(c *check) {
			c.eachMisfit(func(r *cfn.Resource, typ string, e aws.Endpoint) {
				if e.Disputed == "" {
					c.report(r, "IpAddressType", "endpoint %s is %s, and endpoints of %s take %s only", r.ID, typ, e.Service, e.Families)
				}
			})
		},
	},
	{
		ID: "W36", Severity: Warning, Title: "Endpoint of a family that AWS's pages differ about",
		Why:    "AWS's pages contradict each other on the families of this service's endpoints, or do not name it: the deployment may be refused.",
		Fix:    "leave IpAddressType out, or see that aws ec2 describe-vpc-endpoint-services lists ipv6 among the service's SupportedIpAddressTypes and acknowledge this",
		Source: docEndpoint,
		check: func(c *check) {
			c.eachMisfit(func(r *cfn.Resource, typ string, e aws.Endpoint) {
				if e.Disputed != "" {
					c.report(r, "IpAddressType", "endpoint %s is %s, and whether endpoints of %s take more than %s is not settled: %s", r.ID, typ, e.Service, e.Families, e.Disputed)
				}
			})
		},
	},
	{
		ID: "W06", Severity: Warning, Title: "Gateway endpoint for IPv4 only",
		Why:    "Pods that use the dual-stack name of S3 go around the endpoint and its policy, out through the egress-only gateway.",
		Fix:    "set IpAddressType: dualstack on the endpoint",
		Source: "https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html",
		check: func(c *check) {
			for _, v := range c.net.VPCs {
				for _, e := range v.Endpoints {
					r := c.raw(e)
					// DynamoDB's own page has IPv4 only: no advice to make its endpoint dual-stack.
					if service, ok := aws.GatewayEndpoint(e.ShortName); ok && !service.Families.Has(aws.DualStack) {
						continue
					}
					if r != nil && e.Gateway && len(v.Prefixes(network.IPv6)) > 0 && r.Prop("IpAddressType").Known() && !e.Speaks(network.IPv6) {
						c.report(r, "IpAddressType", "the gateway endpoint %s of the dual-stack VPC %s is for IPv4 only", r.ID, v.Ref)
					}
				}
			}
		},
	},
	{
		ID: "W42", Severity: Warning, Title: "PrivateLink service whose load balancer keeps to its zones",
		Why: "A consumer's endpoint in a zone uses the network load balancer's node in that zone, which without cross-zone load balancing sends to targets of its own zone only: " +
			"where these are gone, or were scheduled elsewhere, the endpoint is dead.",
		Fix:    "set the load balancer's attribute load_balancing.cross_zone.enabled to true, or keep targets in every zone and acknowledge this",
		Source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-cross-zone.html",
		check: func(c *check) {
			seen := map[*cfn.Resource]bool{}
			for _, s := range c.net.EndpointServices {
				for _, l := range s.LoadBalancers {
					r := c.raw(l)
					if r == nil || seen[r] || len(l.Subnets) < 2 || !off(attribute(r, "LoadBalancerAttributes", "load_balancing.cross_zone.enabled"), false) || c.crossesByTarget(l) {
						continue
					}
					seen[r] = true
					c.report(r, "LoadBalancerAttributes", "the load balancer %s of the PrivateLink service %s has no cross-zone load balancing", r.ID, s.LogicalID)
				}
			}
		},
	},
	{
		ID: "W07", Severity: Warning, Title: "Dual-stack service behind an IPv4-only security group",
		Why:    "Clients resolve the AAAA record, connect over IPv6 and are dropped.",
		Fix:    "let the VPC's IPv6 range, or the clients' security group, in as well",
		Source: "https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html",
		check: func(c *check) {
			closed := func(r *cfn.Resource, groups []*network.SecurityGroup, property, what string) {
				if len(groups) == 0 {
					return
				}
				var rules []*network.Rule
				for _, g := range groups {
					if g.Imported {
						return
					}
					rules = append(rules, g.Ingress...)
				}
				if open, sure := lets6(rules); len(rules) > 0 && !open && sure {
					// The group is what to edit, where it is declared.
					at, path := r, property
					if g := c.raw(groups[0]); g != nil && g.Type == "AWS::EC2::SecurityGroup" {
						at, path = g, "SecurityGroupIngress"
					}
					c.report(at, path, "the %s %s has IPv6 addresses, and its security group%s in IPv4 only", what, r.ID, letNames(groups))
				}
			}
			for _, v := range c.net.VPCs {
				for _, e := range v.Endpoints {
					if c.raw(e) != nil && !e.Gateway && e.Speaks(network.IPv6) {
						closed(c.raw(e), e.Groups, "SecurityGroupIds", "endpoint")
					}
				}
			}
			for _, l := range c.net.LoadBalancers {
				if r := c.raw(l); r != nil && l.For == nil && !l.Hypothetical && l.Speaks(network.IPv6) && l.Unknown == "" && !missing(r, "SecurityGroups") {
					closed(r, l.Groups, "SecurityGroups", "load balancer")
				}
			}
			for _, h := range c.net.Hosts {
				r := c.raw(h)
				if r == nil || !h.IPv6 || h.Unknown != "" || h.Kind != network.AtDatabase && h.Kind != network.AtMountTarget && h.Kind != network.AtCache {
					continue
				}
				property := "SecurityGroups"
				for _, p := range []string{"VPCSecurityGroups", "VpcSecurityGroupIds", "SecurityGroupIds"} {
					if !missing(r, p) {
						property = p
					}
				}
				closed(r, h.Groups, property, h.Kind.String())
			}
		},
	},
	{
		ID: "W23", Severity: Warning, Title: "Pods cut off from IPv4",
		Why:    "With ENABLE_V4_EGRESS false Pods have no IPv4 at all: IPv4-only endpoints, registries and APIs are out of their reach.",
		Fix:    "leave ENABLE_V4_EGRESS on, or make what Pods need dual-stack (NAT64 with DNS64 for the rest) and acknowledge this",
		Source: "https://github.com/aws/amazon-vpc-cni-k8s#enable_v4_egress-v1151",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				v4, by, unknown := cl.IPv4Egress()
				r := c.raw(by)
				if v4 || unknown != "" || r == nil || r.Type != "AWS::EKS::Addon" {
					continue
				}
				var only4 []string
				if cl.VPC != nil {
					for _, e := range cl.VPC.Endpoints {
						if !e.Speaks(network.IPv6) && c.raw(e) != nil && c.raw(e).Prop("IpAddressType").Known() {
							only4 = append(only4, e.LogicalID)
						}
					}
				}
				more := ""
				if len(only4) > 0 {
					more = "; these endpoints have IPv4 only: " + strings.Join(only4, ", ")
				}
				c.report(r, "ConfigurationValues", "the add-on %s turns the Pods' IPv4 egress off%s", r.ID, more)
			}
		},
	},
	{
		ID: "W33", Severity: Warning, Title: "Pod Identity in subnets without a way to its API",
		Why:    "The Pod Identity agent gets credentials from the EKS Auth API; without internet and without an endpoint Pods get none.",
		Fix:    "add an interface endpoint for eks-auth to the VPC",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				if len(c.identities(cl)) == 0 || cl.VPC == nil || cl.VPC.Imported {
					continue
				}
				for _, n := range cl.NodeGroups {
					if n.Assumed {
						continue
					}
					for _, s := range c.declared(n.Subnets) {
						four, sure4 := c.internetRoute(s, network.IPv4)
						six, sure6 := c.internetRoute(s, network.IPv6)
						if four == nil && six == nil && sure4 && sure6 && len(missingEndpoints(cl.VPC, "eks-auth")) > 0 {
							c.report(c.raw(s), "", "nodes in subnet %s use Pod Identity, have no route to the internet, and their VPC has no endpoint for eks-auth", s.LogicalID)
						}
					}
				}
			}
		},
	},
}

// letNames names groups, with the verb.
func letNames(groups []*network.SecurityGroup) string {
	var names []string
	for _, g := range groups {
		names = append(names, g.String())
	}
	if len(names) == 1 {
		return " " + names[0] + " lets"
	}
	return "s " + strings.Join(names, " and ") + " let"
}

// attribute is the value of a load balancer's or target group's attribute: absent where it is not set, unknown where
// the list is.
func attribute(r *cfn.Resource, property, key string) cfn.Value {
	list := r.Prop(property)
	for _, a := range list.Items() {
		if a.Get("Key").Is(key) {
			return a.Get("Value")
		}
	}
	if !list.Known() {
		return list
	}
	return cfn.Value{}
}

// crossesByTarget says that the target groups of a load balancer turn cross-zone load balancing on, or may.
func (c *check) crossesByTarget(l *network.LoadBalancer) bool {
	for _, li := range l.Listeners {
		for _, t := range li.Targets {
			if r := c.raw(t); r == nil || !off(attribute(r, "TargetGroupAttributes", "load_balancing.cross_zone.enabled"), false) {
				return true
			}
		}
	}
	return false
}

// eachMisfit visits the endpoints of AWS's services that have an address type with a family which the service's
// endpoints are not known to take.
func (c *check) eachMisfit(visit func(r *cfn.Resource, typ string, e aws.Endpoint)) {
	for _, r := range c.set.Resources("AWS::EC2::VPCEndpoint") {
		typ, ok := r.Prop("IpAddressType").Text()
		families, known := aws.OfAddressType(typ)
		if !ok || !known {
			continue
		}
		e := c.endpoints[r]
		if e == nil || e.Provider != nil {
			continue
		}
		service, known := aws.InterfaceEndpoint(e.ShortName)
		switch kind := r.Prop("VpcEndpointType"); {
		case !kind.Exists() || kind.Is("Gateway"):
			service, known = aws.GatewayEndpoint(e.ShortName)
		case !kind.Is("Interface"):
			continue
		}
		if known && !service.Families.Has(families) {
			visit(r, typ, service)
		}
	}
}
