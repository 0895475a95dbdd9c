package random

import "slices"

// instance is one with an IPv4 address, which a target group may name.
type instance struct {
	id  string
	six bool
}

func (b *builder) instance(v *vpc) {
	s := one(b.Rand, v.subnets...)
	six := b.properties(s.id)["AssignIpv6AddressOnCreation"] != nil
	props := object{"ImageId": "ami-0123456789abcdef0", "SubnetId": ref(s.id), "SecurityGroupIds": b.someGroups(v)}
	if hasFour(s) && b.chance(35) {
		six = s.six && b.chance(80)
		props = object{"ImageId": props["ImageId"], "NetworkInterfaces": list{object{"DeviceIndex": "0", "SubnetId": ref(s.id),
			"GroupSet": list{att(one(b.Rand, v.filters...), "GroupId")}, "AssociatePublicIpAddress": b.chance(60), "Ipv6AddressCount": either(six, 1, 0)}}}
	}
	if id := b.add("AWS::EC2::Instance", props); hasFour(s) {
		v.instances = append(v.instances, instance{id, six})
	}
}

// service is a host that AWS runs in the VPC.
func (b *builder) service(v *vpc) {
	in := b.spread(v, false, hasFour)
	if len(in) == 0 {
		return
	}
	subnets, groups := refs(in), b.someGroups(v)
	six := b.chance(70) && !slices.ContainsFunc(in, func(s *subnet) bool { return !s.six })
	switch n := b.IntN(5); {
	case n == 0:
		b.add("AWS::EC2::NetworkInterface", object{"SubnetId": subnets[0], "GroupSet": groups, "Ipv6AddressCount": when(in[0].six, 1)})
	case n == 1:
		b.add("AWS::EFS::MountTarget", object{"FileSystemId": ref(b.add("AWS::EFS::FileSystem", object{})), "SubnetId": subnets[0], "SecurityGroups": groups,
			"IpAddressType": when(in[0].six && b.chance(70), "DUAL_STACK")})
	case n == 2:
		b.add("AWS::Lambda::Function", object{"Role": "arn:aws:iam::111122223333:role/function", "Code": object{"ZipFile": "pass"},
			"VpcConfig": object{"SubnetIds": subnets, "SecurityGroupIds": list{att(one(b.Rand, v.filters...), "GroupId")}, "Ipv6AllowedForDualStack": six}})
	case n == 3:
		of := b.add("AWS::ElastiCache::SubnetGroup", object{"Description": "random", "SubnetIds": subnets})
		b.add("AWS::ElastiCache::ReplicationGroup", object{"ReplicationGroupDescription": "random", "CacheSubnetGroupName": ref(of),
			"SecurityGroupIds": groups, "Port": one(b.Rand, servicePorts...), "NetworkType": when(six, "dual_stack")})
	case len(in) > 1:
		of := b.add("AWS::RDS::DBSubnetGroup", object{"DBSubnetGroupDescription": "random", "SubnetIds": subnets})
		b.add("AWS::RDS::DBInstance", object{"Engine": one(b.Rand, "postgres", "mysql"), "DBSubnetGroupName": ref(of), "VPCSecurityGroups": groups,
			"NetworkType": when(six, "DUAL")})
	}
}

func (b *builder) gatewayEndpoint(v *vpc) {
	b.add("AWS::EC2::VPCEndpoint", object{"VpcId": ref(v.id), "VpcEndpointType": "Gateway", "IpAddressType": when(v.six && b.chance(60), "dualstack"),
		"ServiceName": "com.amazonaws.eu-west-1." + one(b.Rand, "s3", "dynamodb"), "RouteTableIds": refs(some(b, 1+b.IntN(3), v.tables))})
}

func (b *builder) interfaceEndpoint(v *vpc) {
	b.endpoint(v, "com.amazonaws.eu-west-1.ecr.api", one(b.Rand, "ipv4", "dualstack"), v.subnets)
}

// endpoint makes an interface endpoint in the zones of some subnets, where the VPC has subnets of just the families of its type.
func (b *builder) endpoint(v *vpc, service any, addressType string, near []*subnet) {
	in := b.spread(v, false, func(s *subnet) bool {
		return hasFour(s) != (addressType == "ipv6") && (s.six || addressType == "ipv4") &&
			slices.ContainsFunc(near, func(o *subnet) bool { return o.zone == s.zone })
	})
	if len(in) > 0 {
		b.add("AWS::EC2::VPCEndpoint", object{"VpcId": ref(v.id), "VpcEndpointType": "Interface", "ServiceName": service, "IpAddressType": addressType,
			"SecurityGroupIds": b.someGroups(v), "SubnetIds": refs(in)})
	}
}

type balancer struct {
	id            string
	vpc           *vpc
	network, dual bool
	in            []*subnet
}

func (b *builder) balancer(v *vpc) {
	l := &balancer{vpc: v, network: b.chance(50), dual: b.chance(65)}
	facing := v.attached != "" && b.chance(60)
	if l.in = b.spread(v, facing != b.chance(15), either(l.dual, hasBoth, hasFour)); len(l.in) < either(l.network, 1, 2) {
		return
	}
	props := object{"Type": either(l.network, "network", "application"), "Scheme": either(facing, "internet-facing", "internal"),
		"IpAddressType": when(l.dual, "dualstack"), "Subnets": refs(l.in)}
	if l.dual && facing && !l.network && b.chance(15) {
		props["IpAddressType"] = "dualstack-without-public-ipv4"
	}
	if l.dual && b.chance(10) {
		props["LoadBalancerAttributes"] = list{object{"Key": "ipv6.deny_all_igw_traffic", "Value": one(b.Rand, "true", "false")}}
	}
	if !l.network || b.chance(60) {
		props["SecurityGroups"] = b.someGroups(v)
		if l.network && props["SecurityGroups"] != nil && b.chance(40) {
			props["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] = "off"
		}
	}
	l.id = b.add("AWS::ElasticLoadBalancingV2::LoadBalancer", props)
	for _, port := range some(b, 1+b.IntN(2), []int{53, 80, 443, 8080}) {
		protocol := either(l.network, either(port == 53 && !l.dual, "UDP", "TCP"), "HTTP")
		if t := b.targetGroup(l, protocol); t != "" {
			b.add("AWS::ElasticLoadBalancingV2::Listener", object{"LoadBalancerArn": ref(l.id), "Port": port, "Protocol": protocol,
				"DefaultActions": list{object{"Type": "forward", "TargetGroupArn": ref(t)}}})
		}
	}
	b.balancers = append(b.balancers, l)
}

// targetGroup registers instances, or the Pods of a cluster. IPv6 targets need a load balancer that is dual-stack.
func (b *builder) targetGroup(l *balancer, protocol string) string {
	const typ = "AWS::ElasticLoadBalancingV2::TargetGroup"
	v := l.vpc
	props := object{"VpcId": ref(v.id), "TargetType": one(b.Rand, "ip", "instance"), "Protocol": protocol, "Port": one(b.Rand, servicePorts...)}
	if protocol == "TCP" && b.chance(40) {
		props["TargetGroupAttributes"] = list{object{"Key": "preserve_client_ip.enabled", "Value": one(b.Rand, "true", "false")}}
	}
	if len(v.clusters) > 0 && b.chance(60) {
		c := one(b.Rand, v.clusters...)
		props["TargetType"], props["IpAddressType"] = "ip", when(l.dual && c.six != b.chance(10), "ipv6")
		id := b.add(typ, props)
		b.apply(c, object{"Fn::Sub": binding(id, b.chance(60))})
		return id
	}
	targets := some(b, 1+b.IntN(2), v.instances)
	if l.dual && props["TargetType"] == "ip" && b.chance(60) {
		props["IpAddressType"] = "ipv6"
		targets = slices.DeleteFunc(targets, func(t instance) bool { return !t.six })
	}
	if len(targets) == 0 {
		return ""
	}
	var registered list
	for _, t := range targets {
		registered = append(registered, object{"Id": ref(t.id)})
	}
	props["Targets"] = registered
	return b.add(typ, props)
}

// privateLink offers a network load balancer, of another VPC where there is one, by an endpoint.
func (b *builder) privateLink(v *vpc) {
	offered := slices.DeleteFunc(slices.Clone(b.balancers), func(l *balancer) bool { return !l.network || l.vpc == v && len(b.vpcs) > 1 })
	if len(offered) == 0 {
		return
	}
	l := one(b.Rand, offered...)
	types, addressType := list{"ipv4"}, one(b.Rand, "ipv4", "dualstack")
	if l.dual && b.chance(75) {
		types, addressType = list{"ipv4", "ipv6"}, one(b.Rand, "ipv4", "ipv6", "dualstack")
	}
	service := b.add("AWS::EC2::VPCEndpointService", object{"NetworkLoadBalancerArns": list{ref(l.id)}, "SupportedIpAddressTypes": types})
	b.endpoint(v, object{"Fn::Sub": "com.amazonaws.vpce.eu-west-1.${" + service + "}"}, addressType, l.in)
	b.balancers = slices.DeleteFunc(b.balancers, func(o *balancer) bool { return o == l }) // it is in one service at most
}
