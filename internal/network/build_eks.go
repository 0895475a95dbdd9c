package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func (b *builder) launchTemplates() {
	for _, r := range b.set.Resources("AWS::EC2::LaunchTemplate") {
		d := r.Prop("LaunchTemplateData")
		t := &LaunchTemplate{Ref: ref(r)}
		t.HTTPTokens = str(d.Get("MetadataOptions.HttpTokens"))
		t.HTTPProtocolIPv6 = str(d.Get("MetadataOptions.HttpProtocolIpv6"))
		t.HopLimit, _ = d.Get("MetadataOptions.HttpPutResponseHopLimit").Int()
		t.ImageID, t.InstanceType = str(d.Get("ImageId")), str(d.Get("InstanceType"))
		t.UserData, t.Data = str(d.Get("UserData")), d
		for _, ni := range d.Get("NetworkInterfaces").Items() {
			if i, _ := ni.Get("DeviceIndex").Int(); i != 0 {
				continue
			}
			t.HasInterfaces = true
			t.IPv6AddressCount, _ = ni.Get("Ipv6AddressCount").Int()
			t.PrimaryIPv6 = yes(ni.Get("PrimaryIpv6"), false)
			t.Public = ni.Get("AssociatePublicIpAddress")
			t.Interface = ni
		}
		b.templates[own(r)] = t
	}
}

// launchConfigurations reads what launch configurations say as launch templates.
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-autoscaling-launchconfiguration.html.
func (b *builder) launchConfigurations() {
	for _, r := range b.set.Resources("AWS::AutoScaling::LaunchConfiguration") {
		t := &LaunchTemplate{Ref: ref(r), Public: r.Prop("AssociatePublicIpAddress"), Data: r.Props()}
		t.ImageID, t.InstanceType, t.UserData = str(r.Prop("ImageId")), str(r.Prop("InstanceType")), str(r.Prop("UserData"))
		t.HTTPTokens = str(r.Prop("MetadataOptions.HttpTokens"))
		t.HopLimit, _ = r.Prop("MetadataOptions.HttpPutResponseHopLimit").Int()
		b.templates[own(r)] = t
	}
}

// configurationOf finds a launch configuration by reference or by its name.
func (b *builder) configurationOf(v cfn.Value) *LaunchTemplate {
	for _, r := range b.set.Resources("AWS::AutoScaling::LaunchConfiguration") {
		if n := r.Prop("LaunchConfigurationName"); n.Exists() && n.Equal(v) {
			return b.templates[own(r)]
		}
	}
	return b.templates[key(v)]
}

// templateGroups reads a launch template's groups once clusters exist: eksctl names the cluster's own group there.
func (b *builder) templateGroups() {
	for _, r := range b.set.Resources("AWS::AutoScaling::LaunchConfiguration") {
		t := b.templates[own(r)]
		t.Groups, t.GroupsUnknown = b.groupList(r.Prop("SecurityGroups"))
	}
	for _, r := range b.set.Resources("AWS::EC2::LaunchTemplate") {
		t := b.templates[own(r)]
		d := r.Prop("LaunchTemplateData")
		t.Groups, t.GroupsUnknown = b.groupList(d.Get("SecurityGroupIds"))
		for _, ni := range d.Get("NetworkInterfaces").Items() {
			if i, _ := ni.Get("DeviceIndex").Int(); i == 0 && ni.Get("Groups").Exists() {
				t.Groups, t.GroupsUnknown = b.groupList(ni.Get("Groups"))
			}
		}
	}
}

func (b *builder) eks() {
	b.launchConfigurations()
	for i, r := range b.set.Resources(clusterTypes...) {
		props := r.Props()
		if r.Type == "Custom::AWSCDK-EKS-Cluster" {
			props = r.Prop("Config") // CDK's older construct: the API's own spelling, first letters in lower case
			b.cluster(r, i, lowerCamel{props})
			continue
		}
		b.cluster(r, i, props)
	}
	b.templateGroups()
	for _, r := range b.set.Resources("AWS::EKS::Addon") {
		c := b.clusterOf(r.Prop("ClusterName"), ref(r))
		if c == nil {
			continue
		}
		a := &Addon{Ref: ref(r), Name: str(r.Prop("AddonName")), Version: str(r.Prop("AddonVersion"))}
		a.ServiceAccountRole = r.Prop("ServiceAccountRoleArn").Exists()
		a.PodIdentity = r.Prop("PodIdentityAssociations").Exists()
		if v := r.Prop("ConfigurationValues"); v.Exists() {
			d, err := v.Decode()
			switch {
			case err != nil:
				b.problem(a.Ref, "ConfigurationValues: %v", err)
				a.ConfigurationUnknown = "ConfigurationValues, which cannot be read"
			case d.Kind() != cfn.Map && d.Exists():
				a.ConfigurationUnknown = v.String()
			default:
				a.Configuration = d
			}
		}
		c.Addons = append(c.Addons, a)
	}
	for _, c := range b.net.Clusters {
		if len(c.Addons) == 0 && !c.SelfManagedAddons && !c.AutoMode {
			c.AddonsElsewhere = true
			b.assume(c.Ref, "vpc-cni, kube-proxy and coredns of %s are installed from outside the templates, with their defaults", c.Ref)
		}
	}
	for _, r := range b.set.Resources("AWS::EKS::Nodegroup") {
		b.nodegroup(r)
	}
	for _, r := range b.set.Resources("AWS::AutoScaling::AutoScalingGroup") {
		b.autoScaling(r)
	}
	for _, r := range b.set.Resources("AWS::EKS::FargateProfile", "Custom::AWSCDK-EKS-FargateProfile") {
		props := interface{ Get(string) cfn.Value }(r.Props())
		if strings.HasPrefix(r.Type, "Custom::") {
			props = lowerCamel{r.Prop("Config")}
		}
		c := b.clusterOf(props.Get("ClusterName"), ref(r))
		if c == nil {
			continue
		}
		f := &FargateProfile{Ref: ref(r), Cluster: c}
		f.Subnets, f.Unknown = b.subnetList(props.Get("Subnets"))
		if f.byDefault = len(f.Subnets) == 0 && f.Unknown == ""; f.byDefault {
			f.Subnets = c.Subnets
		}
		for _, s := range props.Get("Selectors").Items() {
			ns := str(s.Get("Namespace"))
			f.Namespaces = append(f.Namespaces, cmp.Or(ns, str(s.Get("namespace"))))
		}
		c.Fargate = append(c.Fargate, f)
	}
	for _, c := range b.net.Clusters {
		if len(c.NodeGroups) == 0 && len(c.Fargate) == 0 && !c.AutoMode && len(c.Subnets) > 0 {
			n := &NodeGroup{Ref: c.Ref, Cluster: c, Name: "assumed", Subnets: autoSubnets(c), Groups: []*SecurityGroup{c.Group}, Assumed: true}
			n.Ref.Name = "assumed nodes of " + c.String()
			c.NodeGroups = append(c.NodeGroups, n)
			b.assume(n.Ref, "no node group of %s is in the templates: nodes in its private subnets with the cluster security group stand for them", c.Ref)
		}
		if c.AutoMode {
			// The default NodeClass takes the cluster's subnets and the cluster security group.
			auto := &NodeGroup{Ref: c.Ref, Cluster: c, Name: "auto mode", Subnets: autoSubnets(c),
				Groups: []*SecurityGroup{c.Group}, Auto: true}
			auto.Ref.Name = "auto mode nodes of " + c.String()
			c.NodeGroups = append(c.NodeGroups, auto)
			b.assume(auto.Ref, "nodes of EKS Auto Mode start in the private subnets of %s with the cluster security group (the default NodeClass)", c.Ref)
		}
	}
}

// fargateSubnets leaves profiles that name no subnets the cluster's private ones, once the routes are known: EKS takes no subnet
// with a route to an internet gateway.
// See https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html.
func (b *builder) fargateSubnets() {
	for _, c := range b.net.Clusters {
		for _, f := range c.Fargate {
			if !f.byDefault {
				continue
			}
			f.Subnets = slices.DeleteFunc(slices.Clone(f.Subnets), func(s *Subnet) bool {
				return s.RouteTable != nil && slices.ContainsFunc(s.RouteTable.Routes, func(r *Route) bool {
					_, igw := r.Target.(*InternetGateway)
					return igw
				})
			})
			if len(f.Subnets) == 0 && len(c.Subnets) > 0 {
				b.problem(f.Ref, "names no subnets, and none of cluster %s is private: EKS refuses the profile", c.Ref)
			}
		}
	}
}

// autoSubnets are the private subnets among the cluster's, or all when none is private: what eksctl and CDK give
// the default NodeClass.
func autoSubnets(c *Cluster) []*Subnet {
	var private []*Subnet
	for _, s := range c.Subnets {
		if !s.MapPublic && !s.Tags.Has(aws.PublicRoleTag) {
			private = append(private, s)
		}
	}
	if len(private) == 0 {
		return c.Subnets
	}
	return private
}

// lowerCamel reads a map whose keys begin in lower case.
type lowerCamel struct{ v cfn.Value }

func (l lowerCamel) Get(path string) cfn.Value {
	keys := strings.Split(path, ".")
	for i, k := range keys {
		keys[i] = strings.ToLower(k[:1]) + k[1:]
	}
	return l.v.Get(strings.Join(keys, "."))
}

func (b *builder) cluster(r *cfn.Resource, i int, p interface{ Get(string) cfn.Value }) {
	c := &Cluster{Ref: ref(r), Index: i, Name: str(p.Get("Name")), Version: str(p.Get("Version"))}
	b.clusters[own(r)] = c
	b.net.Clusters = append(b.net.Clusters, c)
	c.Family = IPv4
	fam := p.Get("KubernetesNetworkConfig.IpFamily")
	if fam.Is("ipv6") {
		c.Family = IPv6
		c.ServiceRange = serviceRange(i)
		b.standIn(c.Ref, c.ServiceRange, "Service range %s stands for the one EKS will choose for %s", c.ServiceRange, c.Ref)
	} else {
		c.ServiceRange, _ = prefix(p.Get("KubernetesNetworkConfig.ServiceIpv4Cidr"), IPv4)
		if !c.ServiceRange.IsValid() {
			c.ServiceRange = aws.Services172.Prefix
		}
	}
	if fam.Exists() && !fam.Known() {
		b.problem(c.Ref, "IpFamily is %s, which is decided at deployment: read as ipv4", fam)
	}
	// EKS accepts the subnets and groups beside each other in the older spelling too.
	vpcConfig := "ResourcesVpcConfig."
	c.Subnets, _ = b.subnetList(p.Get(vpcConfig + "SubnetIds"))
	c.Groups, _ = b.groupList(p.Get(vpcConfig + "SecurityGroupIds"))
	for _, s := range c.Subnets {
		if s.VPC != nil && (c.VPC == nil || c.VPC.Imported) { // all are of one VPC
			c.VPC = s.VPC
		}
	}
	c.PublicAccess = yes(p.Get(vpcConfig+"EndpointPublicAccess"), true)
	c.PrivateAccess = yes(p.Get(vpcConfig+"EndpointPrivateAccess"), false)
	for _, access := range []string{"EndpointPrivateAccess", "EndpointPublicAccess"} {
		if v := p.Get(vpcConfig + access); v.Exists() && !v.Known() {
			c.AccessUnknown = fmt.Sprintf("%s is %s, which is decided at deployment", access, v)
		}
	}
	cidrs, unknown := items(p.Get(vpcConfig + "PublicAccessCidrs"))
	c.PublicCIDRsUnknown = unknown
	for _, e := range cidrs {
		one, unknown := prefix(e, 0)
		if one.IsValid() {
			c.PublicCIDRs = append(c.PublicCIDRs, one)
		} else {
			c.PublicCIDRsUnknown = unknown
		}
	}
	if len(cidrs) == 0 && unknown == "" {
		c.PublicCIDRs = allPrefixes
	}
	c.AutoMode = yes(p.Get("ComputeConfig.Enabled"), false)
	c.SelfManagedAddons = yes(p.Get("BootstrapSelfManagedAddons"), !c.AutoMode)

	g := c.Ref
	g.Type = "EKS cluster security group"
	g.Name = "cluster security group of " + c.String()
	c.Group = &SecurityGroup{Ref: g, VPC: c.VPC, Tags: Tags{"kubernetes.io/cluster/" + c.Name: "owned"}}
	c.Group.Ingress = []*Rule{{Ref: g.In("ingress self"), Proto: AnyProto, Group: c.Group, Implied: true}}
	c.Group.Egress = everywhere(g, nil) // both families: EKS adds them to every cluster security group
	b.net.SecurityGroups = append(b.net.SecurityGroups, c.Group)
}

// clusterOf finds the cluster of a ClusterName. A name from outside the templates is the only cluster there is, or
// one whose Name property holds the same.
func (b *builder) clusterOf(name cfn.Value, user Ref) *Cluster {
	if c := b.clusters[key(name)]; c != nil {
		return c
	}
	if r, _, ok := name.Attribute(); ok {
		if c := b.clusters[own(r)]; c != nil {
			return c
		}
	}
	for _, r := range b.set.Resources("AWS::EKS::Cluster") {
		if n := r.Prop("Name"); n.Exists() && n.Equal(name) {
			return b.clusters[own(r)]
		}
	}
	b.problem(user, "cluster %q is in none of the templates: its part in the network is left out", str(name))
	return nil
}

func (b *builder) nodegroup(r *cfn.Resource) {
	c := b.clusterOf(r.Prop("ClusterName"), ref(r))
	if c == nil {
		return
	}
	n := &NodeGroup{Ref: ref(r), Cluster: c, Name: str(r.Prop("NodegroupName")), AmiType: str(r.Prop("AmiType")), Managed: true}
	types, _ := items(r.Prop("InstanceTypes"))
	for _, t := range types {
		n.InstanceTypes = append(n.InstanceTypes, str(t))
	}
	n.Subnets, n.Unknown = b.subnetList(r.Prop("Subnets"))
	lt := r.Prop("LaunchTemplate")
	n.Template = b.templates[key(lt.Get("Id"))]
	if n.Template == nil && lt.Get("Name").Exists() {
		n.Template = b.templateNamed(lt.Get("Name"))
	}
	switch {
	case !lt.Exists():
		n.Groups = []*SecurityGroup{c.Group}
	case n.Template == nil:
		n.Unknown = cmp.Or(n.Unknown, "launch template "+str(lt))
	case n.Template.GroupsUnknown != "":
		n.Unknown = cmp.Or(n.Unknown, n.Template.GroupsUnknown)
	case len(n.Template.Groups) > 0:
		n.Groups = n.Template.Groups
	default:
		n.Groups = []*SecurityGroup{c.Group}
	}
	c.NodeGroups = append(c.NodeGroups, n)
}

func (b *builder) templateNamed(name cfn.Value) *LaunchTemplate {
	for _, r := range b.set.Resources("AWS::EC2::LaunchTemplate") {
		if n := r.Prop("LaunchTemplateName"); n.Exists() && n.Equal(name) {
			return b.templates[own(r)]
		}
	}
	return nil
}

// autoScaling takes an Auto Scaling group for nodes when its tags say that it belongs to a cluster.
func (b *builder) autoScaling(r *cfn.Resource) {
	var c *Cluster
	for _, t := range r.Prop("Tags").Items() {
		k := t.Get("Key")
		for _, e := range b.net.Clusters {
			own := b.find(e.Ref)
			text, _ := k.Text()
			if e.Name != "" && text == "kubernetes.io/cluster/"+e.Name {
				c = e
			}
			if own != nil && slices.Contains(k.Resources(), own) && strings.Contains(k.String(), "kubernetes.io/cluster/") {
				c = e
			}
		}
	}
	if c == nil {
		return
	}
	n := &NodeGroup{Ref: ref(r), Cluster: c, Name: str(r.Prop("AutoScalingGroupName"))}
	n.Subnets, n.Unknown = b.subnetList(r.Prop("VPCZoneIdentifier"))
	spec := r.Prop("LaunchTemplate")
	if !spec.Exists() {
		spec = r.Prop("MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification")
	}
	n.Template = b.templates[key(spec.Get("LaunchTemplateId"))]
	if n.Template == nil {
		n.Template = b.templateNamed(spec.Get("LaunchTemplateName"))
	}
	configuration := r.Prop("LaunchConfigurationName")
	if configuration.Exists() {
		n.Template = b.configurationOf(configuration)
	}
	switch n.Template {
	case nil:
		what := "the launch template"
		if configuration.Exists() {
			what = "launch configuration " + configuration.String()
		} else if r.Prop("InstanceId").Exists() {
			what = "instance " + str(r.Prop("InstanceId"))
		}
		n.Unknown = cmp.Or(n.Unknown, what)
	default:
		n.Groups, n.Unknown = n.Template.Groups, cmp.Or(n.Unknown, n.Template.GroupsUnknown)
	}
	c.NodeGroups = append(c.NodeGroups, n)
}

func (b *builder) loadBalancers() {
	for _, r := range b.set.Resources("AWS::ElasticLoadBalancingV2::TargetGroup") {
		t := &TargetGroup{Ref: ref(r), TargetType: cmp.Or(str(r.Prop("TargetType")), "instance"), Family: IPv4, VPC: b.vpc(r.Prop("VpcId"))}
		if r.Prop("IpAddressType").Is("ipv6") {
			t.Family = IPv6
		}
		t.Port = b.port(t.Ref, r.Prop("Port"))
		t.Protocol = str(r.Prop("Protocol"))
		t.Proto = transport(t.Protocol)
		datagrams := slices.Contains([]string{"UDP", "TCP_UDP", "QUIC", "TCP_QUIC"}, strings.ToUpper(str(r.Prop("Protocol"))))
		t.PreserveClient = preserves(datagrams, t.TargetType, attributeOf(r.Prop("TargetGroupAttributes"), preserveClient))
		t.CrossZone = strings.ToLower(str(attributeOf(r.Prop("TargetGroupAttributes"), crossZone)))
		b.targets[own(r)] = t
		b.net.TargetGroups = append(b.net.TargetGroups, t)
	}
	for _, r := range b.set.Resources("AWS::ElasticLoadBalancingV2::LoadBalancer") {
		l := &LoadBalancer{Ref: ref(r), Kind: LoadBalancerKind(cmp.Or(strings.ToLower(str(r.Prop("Type"))), "application"))}
		l.Internal = r.Prop("Scheme").Is("internal")
		l.AddressType = strings.ToLower(cmp.Or(str(r.Prop("IpAddressType")), "ipv4"))
		l.DenyIGW = yes(attributeOf(r.Prop("LoadBalancerAttributes"), denyIGW), l.Internal)
		l.CrossZone = yes(attributeOf(r.Prop("LoadBalancerAttributes"), crossZone), false)
		l.EnforcePrivateLink = !r.Prop("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic").Is("off")
		var unknown string
		l.Subnets, l.Unknown = b.subnetList(r.Prop("Subnets"))
		mappings, unknown := items(r.Prop("SubnetMappings"))
		l.Unknown = cmp.Or(l.Unknown, unknown)
		for _, m := range mappings {
			if s := b.subnet(m.Get("SubnetId")); s != nil {
				l.Subnets = append(l.Subnets, s)
				for _, at := range []string{"PrivateIPv4Address", "IPv6Address"} {
					if a, ok := addressIn(m.Get(at)); ok {
						l.Fixed = append(l.Fixed, a)
					}
				}
			}
		}
		l.Groups, unknown = b.groupList(r.Prop("SecurityGroups"))
		l.Unknown = cmp.Or(l.Unknown, unknown)
		for _, s := range l.Subnets {
			if s.VPC != nil {
				l.VPC = s.VPC
			}
		}
		if len(l.Groups) == 0 && l.Kind == ALB && l.VPC != nil && l.VPC.DefaultGroup != nil {
			l.Groups = []*SecurityGroup{l.VPC.DefaultGroup}
		}
		b.balancers[own(r)] = l
		b.net.LoadBalancers = append(b.net.LoadBalancers, l)
	}
	for _, r := range b.set.Resources("AWS::ElasticLoadBalancingV2::Listener") {
		l := b.balancers[key(r.Prop("LoadBalancerArn"))]
		li := &Listener{Ref: ref(r), Protocol: str(r.Prop("Protocol")), Targets: b.actions(r.Prop("DefaultActions"))}
		li.Proto = transport(li.Protocol)
		li.Port = b.port(li.Ref, r.Prop("Port"))
		b.listeners[own(r)] = li
		if l != nil && (li.Port != 0 || !r.Prop("Port").Known()) {
			l.Listeners = append(l.Listeners, li)
		}
	}
	for _, r := range b.set.Resources("AWS::ElasticLoadBalancingV2::ListenerRule") {
		if li := b.listeners[key(r.Prop("ListenerArn"))]; li != nil {
			for _, t := range b.actions(r.Prop("Actions")) {
				if !slices.Contains(li.Targets, t) {
					li.Targets = append(li.Targets, t)
				}
			}
		}
	}
}

// The attributes of load balancers and target groups that decide over packets.
const (
	denyIGW        = "ipv6.deny_all_igw_traffic"
	preserveClient = "preserve_client_ip.enabled"
	crossZone      = "load_balancing.cross_zone.enabled"
)

// attributeOf is the value of an attribute: of a template's list, of a Kubernetes object's, or of an annotation such as
// "key=value,key=value".
func attributeOf(v cfn.Value, name string) cfn.Value {
	for _, e := range v.Items() {
		switch {
		case e.Get("Key").Is(name):
			return e.Get("Value")
		case e.Get("key").Is(name):
			return e.Get("value")
		}
	}
	for e := range strings.SplitSeq(str(v), ",") {
		if k, value, ok := strings.Cut(strings.TrimSpace(e), "="); ok && k == name {
			return cfn.String(value)
		}
	}
	return cfn.Value{}
}

// preserves reports whether the targets of an NLB see the client's address. Where datagrams are among what the target group
// takes they do, whatever its attribute says.
// See https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation.
func preserves(datagrams bool, targetType string, attribute cfn.Value) bool {
	return datagrams || yes(attribute, targetType == "instance")
}

// transport is the protocol that a listener or target group is traced with: TCP where it takes both.
func transport(listener string) Proto {
	switch strings.ToUpper(listener) {
	case "UDP", "QUIC":
		return UDP
	}
	return TCP
}

func (b *builder) actions(v cfn.Value) (out []*TargetGroup) {
	list, _ := items(v)
	for _, a := range list {
		arns := []cfn.Value{a.Get("TargetGroupArn")}
		for _, t := range a.Get("ForwardConfig.TargetGroups").Items() {
			arns = append(arns, t.Get("TargetGroupArn"))
		}
		for _, arn := range arns {
			if t := b.targets[key(arn)]; arn.Exists() && t != nil && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}
