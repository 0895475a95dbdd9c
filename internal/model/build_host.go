package model

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
		h.Kind, h.Source = "interface", true
		h.Subnets = b.oneSubnet(h, r.Prop("SubnetId"))
		h.Groups, h.Unknown = b.groupList(r.Prop("GroupSet"))
		n, _ := r.Prop("Ipv6AddressCount").Int()
		h.IPv6 = n > 0 || r.Prop("Ipv6Addresses").Exists() || assigns(h.Subnets)
	})
	b.hostsOf("AWS::EC2::Instance", b.instance)
	b.registerHosts()
	b.hostsOf("AWS::RDS::DBInstance", func(h *Host, r *cfn.Resource) {
		if r.Prop("DBClusterIdentifier").Exists() {
			h.Kind = "" // the cluster has the groups and subnets
			return
		}
		b.database(h, r, "VPCSecurityGroups")
	})
	b.hostsOf("AWS::RDS::DBCluster", func(h *Host, r *cfn.Resource) { b.database(h, r, "VpcSecurityGroupIds") })
	b.hostsOf("AWS::EFS::MountTarget", func(h *Host, r *cfn.Resource) {
		h.Kind, h.Port = "mount target", 2049
		h.Subnets = b.oneSubnet(h, r.Prop("SubnetId"))
		h.Groups, h.Unknown = b.groupList(r.Prop("SecurityGroups"))
		h.IPv6 = r.Prop("IpAddressType").Is("DUAL_STACK") || r.Prop("IpAddressType").Is("IPV6_ONLY")
	})
	b.hostsOf("AWS::ElastiCache::ReplicationGroup", func(h *Host, r *cfn.Resource) {
		h.Kind, h.Port = "cache", 6379
		if n, ok := r.Prop("Port").Int(); ok {
			h.Port = uint16(n)
		}
		h.Groups, h.Unknown = b.groupList(r.Prop("SecurityGroupIds"))
		b.subnetGroup(h, r.Prop("CacheSubnetGroupName"))
		h.IPv6 = r.Prop("NetworkType").Is("dual_stack") || r.Prop("NetworkType").Is("ipv6")
	})
	b.hostsOf("AWS::Lambda::Function", func(h *Host, r *cfn.Resource) {
		if !r.Prop("VpcConfig").Exists() {
			h.Kind = ""
			return
		}
		h.Kind, h.Source = "function", true
		h.Subnets, h.Unknown = b.subnetList(r.Prop("VpcConfig.SubnetIds"))
		groups, unknown := b.groupList(r.Prop("VpcConfig.SecurityGroupIds"))
		h.Groups, h.Unknown = groups, cmp.Or(h.Unknown, unknown)
		h.IPv6 = yes(r.Prop("VpcConfig.Ipv6AllowedForDualStack"), false)
	})

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
		if h.Kind == "" {
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

func (b *builder) instance(h *Host, r *cfn.Resource) {
	h.Kind, h.Source = "instance", true
	subnet, groups := r.Prop("SubnetId"), r.Prop("SecurityGroupIds")
	count, _ := r.Prop("Ipv6AddressCount").Int()
	six := count > 0 || r.Prop("Ipv6Addresses").Exists()
	public := cfn.Value{}
	own := true
	for _, ni := range r.Prop("NetworkInterfaces").Items() {
		if i, _ := ni.Get("DeviceIndex").Int(); i != 0 {
			continue
		}
		own = false
		if id := ni.Get("NetworkInterfaceId"); id.Exists() {
			if e := b.hosts[key(id)]; e != nil {
				h.Subnets, h.Groups, h.IPv6 = e.Subnets, e.Groups, e.IPv6
				return
			}
		}
		subnet, groups, public = ni.Get("SubnetId"), ni.Get("GroupSet"), ni.Get("AssociatePublicIpAddress")
		n, _ := ni.Get("Ipv6AddressCount").Int()
		six = n > 0 || ni.Get("Ipv6Addresses").Exists()
	}
	h.Subnets = b.oneSubnet(h, subnet)
	var unknown string
	h.Groups, unknown = b.groupList(groups)
	h.Unknown = cmp.Or(h.Unknown, unknown)
	h.IPv6 = six || own && assigns(h.Subnets)
	for _, s := range h.Subnets {
		h.PublicIPv4 = yes(public, s.MapPublic)
	}
}

func (b *builder) database(h *Host, r *cfn.Resource, groups string) {
	h.Kind = "database"
	h.Groups, h.Unknown = b.groupList(r.Prop(groups))
	b.subnetGroup(h, r.Prop("DBSubnetGroupName"))
	h.IPv6 = r.Prop("NetworkType").Is("DUAL")
	if n, ok := r.Prop("Port").Int(); ok {
		h.Port = uint16(n)
		return
	}
	engine := str(r.Prop("Engine"))
	for prefix, port := range map[string]uint16{"postgres": 5432, "aurora-postgresql": 5432, "mysql": 3306, "mariadb": 3306,
		"aurora-mysql": 3306, "oracle": 1521, "sqlserver": 1433} {
		if strings.HasPrefix(engine, prefix) {
			h.Port = port
		}
	}
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
