package network

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func (b *builder) hostsAndEndpoints() {
	b.hostsOf("AWS::EC2::NetworkInterface", func(h *Host, r *cfn.Resource) {
		h.Kind, h.Source = AtNetworkInterface, true
		h.Subnets = b.oneSubnet(h, r.Prop("SubnetId"))
		h.Groups, h.Unknown = b.groupList(r.Prop("GroupSet"))
		b.interfaceAddresses(h, func(names ...string) cfn.Value { return r.Prop(names[0]) })
	})
	b.hostsOf("AWS::EC2::Instance", b.instance)
	b.elasticAddresses()
	b.registerHosts()
	b.hostsOf("AWS::RDS::DBInstance", func(h *Host, r *cfn.Resource) {
		if r.Prop("DBClusterIdentifier").Exists() {
			h.Kind = AtNothing // the cluster has the groups and subnets
			return
		}
		b.database(h, r, "VPCSecurityGroups")
		h.publiclyAccessible(r.Prop("PubliclyAccessible"))
	})
	b.hostsOf("AWS::RDS::DBCluster", func(h *Host, r *cfn.Resource) {
		b.database(h, r, "VpcSecurityGroupIds")
		instances := 0
		for _, i := range b.set.Resources("AWS::RDS::DBInstance") {
			if of, ok := i.Prop("DBClusterIdentifier").Resource(); ok && of == r {
				h.publiclyAccessible(i.Prop("PubliclyAccessible"))
				instances++
			}
		}
		if instances == 0 {
			h.publiclyAccessible(r.Prop("PubliclyAccessible"))
		}
	})
	b.hostsOf("AWS::EFS::MountTarget", func(h *Host, r *cfn.Resource) {
		h.Kind, h.Port = AtMountTarget, 2049
		h.Subnets = b.oneSubnet(h, r.Prop("SubnetId"))
		h.Groups, h.Unknown = b.groupList(r.Prop("SecurityGroups"))
		for _, at := range []string{"IpAddress", "Ipv6Address"} {
			if a, ok := addressIn(r.Prop(at)); ok {
				h.Fixed = append(h.Fixed, a)
			}
		}
		h.IPv6 = r.Prop("IpAddressType").Is("DUAL_STACK") || r.Prop("IpAddressType").Is("IPV6_ONLY")
	})
	b.hostsOf("AWS::ElastiCache::ReplicationGroup", func(h *Host, r *cfn.Resource) {
		h.Kind, h.Port = AtCache, b.portOf(r)
		h.Groups, h.Unknown = b.groupList(r.Prop("SecurityGroupIds"))
		b.subnetGroup(h, r.Prop("CacheSubnetGroupName"))
		h.IPv6 = r.Prop("NetworkType").Is("dual_stack") || r.Prop("NetworkType").Is("ipv6")
	})
	function := func(h *Host, r *cfn.Resource) {
		if !r.Prop("VpcConfig").Exists() {
			h.Kind = AtNothing
			return
		}
		h.Kind, h.Source = AtFunction, true
		h.Subnets, h.Unknown = b.subnetList(r.Prop("VpcConfig.SubnetIds"))
		groups, unknown := b.groupList(r.Prop("VpcConfig.SecurityGroupIds"))
		h.Groups, h.Unknown = groups, cmp.Or(h.Unknown, unknown)
		h.IPv6 = yes(r.Prop("VpcConfig.Ipv6AllowedForDualStack"), false)
	}
	b.hostsOf("AWS::Lambda::Function", function)
	b.hostsOf("AWS::Serverless::Function", function)

	b.accelerated()
	for _, r := range b.set.Resources("AWS::EC2::ClientVpnEndpoint") {
		if p, unknown := prefix(r.Prop("ClientCidrBlock"), 0); unknown == "" && p.IsValid() {
			b.net.VPNClients = append(b.net.VPNClients, VPNClients{Ref: ref(r), Prefix: p})
		}
	}
	for _, r := range b.set.Resources("AWS::EC2::VPCEndpointService") {
		s := &EndpointService{Ref: ref(r)}
		list, _ := items(r.Prop("NetworkLoadBalancerArns"))
		for _, e := range list {
			if l := b.balancers[key(e)]; l != nil {
				s.LoadBalancers = append(s.LoadBalancers, l)
			}
		}
		types, _ := items(r.Prop("SupportedIpAddressTypes"))
		for _, t := range types {
			s.AddressTypes = append(s.AddressTypes, str(t))
		}
		if len(types) == 0 {
			s.AddressTypes = []string{"ipv4"}
		}
		b.services[own(r)] = s
		b.net.EndpointServices = append(b.net.EndpointServices, s)
	}
	for _, r := range b.set.Resources("AWS::EC2::VPCEndpoint") {
		b.endpoint(r)
	}
}

func (b *builder) hostsOf(typ string, read func(*Host, *cfn.Resource)) {
	for _, r := range b.set.Resources(typ) {
		h := &Host{Ref: ref(r)}
		read(h, r)
		if h.Kind == AtNothing {
			continue
		}
		if len(h.Groups) == 0 && h.Unknown == "" && len(h.Subnets) > 0 && h.Subnets[0].VPC != nil {
			if g := h.Subnets[0].VPC.DefaultGroup; g != nil {
				h.Groups = []*SecurityGroup{g}
			}
		}
		b.hosts[own(r)] = h
		b.net.Hosts = append(b.net.Hosts, h)
	}
}

// accelerated finds what Global Accelerator leads to: load balancers, instances, and elastic addresses of instances. It reaches
// them in private subnets too.
// See https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints.html.
func (b *builder) accelerated() {
	for _, r := range b.set.Resources("AWS::GlobalAccelerator::EndpointGroup") {
		at := ref(r)
		for _, e := range r.Prop("EndpointConfigurations").Items() {
			id := e.Get("EndpointId")
			if eip, _, ok := id.Attribute(); ok && eip.Type == "AWS::EC2::EIP" {
				id = eip.Prop("InstanceId")
			}
			if l := b.balancers[key(id)]; l != nil {
				l.Accelerator = &at
			}
			if h := b.hosts[key(id)]; h != nil {
				h.Accelerator = &at
			}
		}
	}
}

func (b *builder) oneSubnet(h *Host, v cfn.Value) []*Subnet {
	s := b.subnet(v)
	if s == nil {
		h.Unknown = "no subnet"
		return nil
	}
	return []*Subnet{s}
}

func assigns(subnets []*Subnet) bool {
	return slices.ContainsFunc(subnets, func(s *Subnet) bool { return s.AssignIPv6 && s.IPv6.IsValid() })
}

// instance reads an instance. What it does not state is its launch template's, and then its subnet's.
func (b *builder) instance(h *Host, r *cfn.Resource) {
	h.Kind, h.Source = AtInstance, true
	template, given := b.templateOf(r.Prop("LaunchTemplate"))
	own := cfn.Value{}
	for _, ni := range r.Prop("NetworkInterfaces").Items() {
		if i, _ := ni.Get("DeviceIndex").Int(); i == 0 {
			own = ni
		}
	}
	if id := own.Get("NetworkInterfaceId"); id.Exists() {
		if e := b.hosts[key(id)]; e != nil {
			h.Subnets, h.Groups, h.IPv6, h.Fixed, h.primary = e.Subnets, e.Groups, e.IPv6, e.Fixed, e
			return
		}
	}
	say := func(names ...string) cfn.Value {
		where := []cfn.Value{own, r.Props()}
		if template != nil {
			where = append(where, template.Interface, template.Data)
		}
		for _, v := range where {
			for _, name := range names {
				if got := v.Get(name); got.Exists() {
					return got
				}
			}
		}
		return cfn.Value{}
	}
	h.Subnets = b.oneSubnet(h, say("SubnetId"))
	groups := say("GroupSet", "Groups", "SecurityGroupIds")
	var unknown string
	h.Groups, unknown = b.groupList(groups)
	h.Unknown = cmp.Or(h.Unknown, unknown)
	b.interfaceAddresses(h, say)
	public := say("AssociatePublicIpAddress")
	for _, s := range h.Subnets {
		h.PublicIPv4 = yes(public, s.MapPublic)
		if !public.Exists() {
			h.PublicUnknown = s.PublicUnknown
		}
		if public.Exists() && !public.Known() {
			h.PublicUnknown = "AssociatePublicIpAddress is " + public.String()
		}
	}
	if given && template == nil {
		what := "launch template " + str(r.Prop("LaunchTemplate"))
		if !groups.Exists() {
			h.Unknown = cmp.Or(h.Unknown, what)
		}
		h.PublicUnknown = what + " is in none of the templates"
	}
}

// templateOf is the launch template of a LaunchTemplate property; given says that there is the property.
func (b *builder) templateOf(v cfn.Value) (t *LaunchTemplate, given bool) {
	if !v.Exists() {
		return nil, false
	}
	for _, id := range []string{"LaunchTemplateId", "Id"} {
		if t = b.templates[key(v.Get(id))]; t != nil {
			return t, true
		}
	}
	for _, name := range []string{"LaunchTemplateName", "Name"} {
		if n := v.Get(name); n.Exists() {
			return b.templateNamed(n), true
		}
	}
	return nil, true
}

// interfaceAddresses reads which addresses a network interface has: those that are written down, a number of IPv6 addresses, 0
// among them, and else what the subnet assigns.
// See https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html (assignIpv6AddressOnCreation) and
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html (Ipv6AddressCount).
func (b *builder) interfaceAddresses(h *Host, say func(names ...string) cfn.Value) {
	h.IPv6 = assigns(h.Subnets)
	if count := say("Ipv6AddressCount"); count.Exists() {
		if n, known := count.Int(); known {
			h.IPv6 = n > 0
		}
	}
	fixed := func(v cfn.Value) {
		if a, ok := addressIn(v); ok {
			h.Fixed = append(h.Fixed, a)
		}
	}
	fixed(say("PrivateIpAddress"))
	for _, e := range say("PrivateIpAddresses").Items() {
		if primary, _ := e.Get("Primary").Bool(); primary {
			fixed(e.Get("PrivateIpAddress"))
		}
	}
	if list := say("Ipv6Addresses"); list.Exists() {
		h.IPv6 = true
		for _, e := range list.Items() {
			fixed(e.Get("Ipv6Address"))
		}
	}
}

// elasticAddresses gives hosts the public addresses that elastic addresses are.
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-eipassociation.html.
func (b *builder) elasticAddresses() {
	for _, r := range b.set.Resources("AWS::EC2::EIP", "AWS::EC2::EIPAssociation") {
		for _, at := range []string{"InstanceId", "NetworkInterfaceId"} {
			if h := b.hosts[key(r.Prop(at))]; h != nil {
				h.PublicIPv4 = true
			}
		}
	}
	for _, h := range b.net.Hosts {
		if h.primary != nil {
			h.PublicIPv4 = h.PublicIPv4 || h.primary.PublicIPv4
		}
	}
}

// publiclyAccessible reads whether a database has a public address. Where the template does not say, it has one if its VPC has
// an internet gateway.
// See https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html (PubliclyAccessible).
func (h *Host) publiclyAccessible(v cfn.Value) {
	on, known := v.Bool()
	switch {
	case known:
		h.PublicIPv4 = h.PublicIPv4 || on
	case v.Exists():
		h.PublicUnknown = "PubliclyAccessible is " + v.String()
	default:
		h.PublicIPv4 = h.PublicIPv4 || slices.ContainsFunc(h.Subnets, func(s *Subnet) bool { return s.VPC != nil && s.VPC.InternetGateway != nil })
	}
}

func (b *builder) database(h *Host, r *cfn.Resource, groups string) {
	h.Kind = AtDatabase
	h.Groups, h.Unknown = b.groupList(r.Prop(groups))
	b.subnetGroup(h, r.Prop("DBSubnetGroupName"))
	h.IPv6 = r.Prop("NetworkType").Is("DUAL")
	h.Port = b.portOf(r)
}

// portOf is the port of a database or cache: the one that it names, else the engine's; 0 where neither is known.
func (b *builder) portOf(r *cfn.Resource) uint16 {
	if v := r.Prop("Port"); v.Exists() {
		return b.port(ref(r), v)
	}
	if r.Type == "AWS::ElastiCache::ReplicationGroup" {
		return 6379
	}
	if c, ok := r.Prop("DBClusterIdentifier").Resource(); ok && c != r {
		return b.portOf(c)
	}
	return aws.DatabasePort(str(r.Prop("Engine")))
}

func (b *builder) subnetGroup(h *Host, name cfn.Value) {
	r, ok := name.Resource()
	if !ok {
		h.Unknown = cmp.Or(h.Unknown, "subnet group "+name.String())
		return
	}
	var unknown string
	h.Subnets, unknown = b.subnetList(r.Prop("SubnetIds"))
	h.Unknown = cmp.Or(h.Unknown, unknown)
}

// registerHosts joins target groups with the instances they name.
func (b *builder) registerHosts() {
	for _, r := range b.set.Resources("AWS::ElasticLoadBalancingV2::TargetGroup") {
		t := b.targets[own(r)]
		for _, e := range r.Prop("Targets").Items() {
			h := b.hosts[key(e.Get("Id"))]
			if of, _, ok := e.Get("Id").Attribute(); ok { // an address of the host, as targets of type ip are registered
				h = b.hosts[own(of)]
			}
			if h != nil && t != nil {
				t.Hosts = append(t.Hosts, h)
			}
		}
	}
}

func (b *builder) endpoint(r *cfn.Resource) {
	e := &Endpoint{Ref: ref(r), VPC: b.vpc(r.Prop("VpcId")), Service: str(r.Prop("ServiceName"))}
	if e.Service == "" {
		e.Service = str(r.Prop("ServiceConfigurationArn"))
	}
	typ := str(r.Prop("VpcEndpointType"))
	e.Gateway = typ == "" || strings.EqualFold(typ, "Gateway")
	e.Middlebox = strings.EqualFold(typ, "GatewayLoadBalancer")
	e.AddressType = strings.ToLower(cmp.Or(str(r.Prop("IpAddressType")), "ipv4"))
	e.ShortName = shortService(e.Service)
	e.Subnets, _ = b.subnetList(r.Prop("SubnetIds"))
	e.Groups, _ = b.groupList(r.Prop("SecurityGroupIds"))
	if !e.Gateway && len(e.Groups) == 0 && e.VPC != nil && e.VPC.DefaultGroup != nil {
		e.Groups = []*SecurityGroup{e.VPC.DefaultGroup}
	}
	tables, _ := items(r.Prop("RouteTableIds"))
	for _, t := range tables {
		if rt := b.table(t); rt != nil {
			e.RouteTables = append(e.RouteTables, rt)
		}
	}
	for _, used := range r.Prop("ServiceName").Resources() {
		if s := b.services[own(used)]; s != nil {
			e.Provider, e.ShortName = s, s.String()
		}
	}
	if e.Gateway {
		e.PrefixList = b.serviceList(e)
	}
	b.endpoints[own(r)] = e
	if e.VPC != nil {
		e.VPC.Endpoints = append(e.VPC.Endpoints, e)
	}
}

// serviceList stands for the prefix list of a gateway endpoint's service: one documentation address in each family
// that the endpoint routes.
func (b *builder) serviceList(e *Endpoint) *PrefixList {
	p := &PrefixList{Ref: Ref{Type: "AWS-managed prefix list", Name: "prefix list of " + e.ShortName}}
	for _, a := range ServiceAddresses(e.ShortName) {
		if e.Speaks(FamilyOf(a)) {
			p.Entries = append(p.Entries, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return p
}

// ServiceAddresses are the documentation addresses, IPv4 and IPv6, that stand for an AWS service on the internet.
func ServiceAddresses(service string) []netip.Addr {
	n := 200
	switch service {
	case "s3":
		n = 201
	case "dynamodb":
		n = 202
	}
	six := aws.Documentation6.Addr().As16()
	six[4], six[5], six[6], six[7], six[15] = 0xff, 0xff, 0xaa, byte(n), 1
	return []netip.Addr{aws.Documentation4.Nth(n), netip.AddrFrom16(six)}
}

// shortService is the service in a name such as com.amazonaws.eu-west-1.ecr.api.
func shortService(name string) string {
	rest, ok := strings.CutPrefix(name, "com.amazonaws.")
	if !ok {
		return name
	}
	if strings.HasPrefix(rest, "${") { // an unknown region holds dots of its own
		if i := strings.Index(rest, "}."); i >= 0 {
			return rest[i+2:]
		}
	}
	_, service, ok := strings.Cut(rest, ".")
	if !ok {
		return name
	}
	return service
}
