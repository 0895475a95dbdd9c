package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
)

func init() {
	register(Kind{
		Component: AtNode, Name: "node",
		Fix:   "give the subnets of the nodes an IPv4 and an IPv6 range, and have instances get an address of each",
		Types: []string{"AWS::EKS::Nodegroup", "AWS::AutoScaling::AutoScalingGroup"},
		Reads: []Reading{{readNodes, (*builder).nodeGroups}, {readAssumed, (*builder).assumedNodes}},
	})
	register(Kind{
		Component: AtPod, Name: "pod",
	})
}

// NodeGroup is a place where Pods run on EC2: an AWS::EKS::Nodegroup, an Auto Scaling group that joins the
// cluster, or the nodes that EKS Auto Mode starts.
type NodeGroup struct {
	Ref
	Cluster       *Cluster
	Name          string
	Subnets       []*Subnet
	Groups        []*SecurityGroup // of the nodes' primary interface, which Pods share
	AmiType       string
	InstanceTypes []string
	Managed       bool
	Auto          bool // EKS Auto Mode
	Assumed       bool // the templates hold no node group: this one stands for those made elsewhere
	Template      *LaunchTemplate
	Unknown       string // names what is not known, such as subnets given by a parameter
}

// IPv6 reports whether the nodes get an IPv6 address in a subnet: as many as the launch template says, or what the subnet assigns.
func (n *NodeGroup) IPv6(s *Subnet) bool {
	if n.Template != nil {
		if count, known := n.Template.Interface.Get("Ipv6AddressCount").Int(); known {
			return count > 0
		}
		for _, prefix := range []string{"Ipv6PrefixCount", "Ipv6Prefixes"} { // for Pods: the node has no address of it
			if n.Template.Interface.Get(prefix).Exists() {
				return false
			}
		}
	}
	return s.AssignIPv6
}

// Public reports whether the nodes get a public IPv4 address in a subnet: the launch template's word overrides the subnet's.
// See https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html.
func (n *NodeGroup) Public(s *Subnet) (on bool, unknown string) {
	if n.Template == nil || !n.Template.Public.Exists() {
		return s.MapPublic, s.PublicUnknown
	}
	on, known := n.Template.Public.Bool()
	if !known {
		return false, fmt.Sprintf("AssociatePublicIpAddress of %s is %s", n.Template.Ref, n.Template.Public)
	}
	return on, ""
}

func (b *builder) nodeGroups() {
	for _, r := range b.set.Resources("AWS::EKS::Nodegroup") {
		b.nodegroup(r)
	}
	for _, r := range b.set.Resources("AWS::AutoScaling::AutoScalingGroup") {
		b.autoScaling(r)
	}
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

// assumedNodes stand for the nodes of clusters whose templates have none, and for those of Auto Mode.
func (b *builder) assumedNodes() {
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

// ClusterPods are the interfaces of a cluster's Pods and of its control plane.
type ClusterPods struct {
	Cluster *Cluster
	Pods    []*Interface // one for each node group or Fargate profile and subnet
	Peers   []*Interface // a Pod on another node in the same place
	API     []*Interface // the control plane's interfaces, one for each cluster subnet
}

func (a *addressing) clusterPods(c *Cluster) *ClusterPods {
	s := &ClusterPods{Cluster: c}
	add := func(ng *NodeGroup, ref Ref, subnets []*Subnet, groups []*SecurityGroup, unknown string) {
		if len(subnets) == 0 {
			if unknown == "" {
				return
			}
			subnets = []*Subnet{{Ref: Ref{Type: "AWS::EC2::Subnet", Name: unknown}, Imported: true}}
		}
		for _, sub := range subnets {
			s.Pods = append(s.Pods, a.pod(c, ng, ref, sub, groups, unknown))
			s.Peers = append(s.Peers, a.pod(c, ng, ref, sub, groups, unknown))
		}
	}
	for _, ng := range c.NodeGroups {
		add(ng, ng.Ref, ng.Subnets, ng.Groups, ng.Unknown)
	}
	for _, f := range c.Fargate {
		add(nil, f.Ref, f.Subnets, []*SecurityGroup{c.Group}, f.Unknown)
	}
	for _, sub := range c.Subnets {
		p := a.in(&Interface{Kind: ControlPlaneInterface, Name: string(APIServer), Component: AtControlPlane, Ref: c.Ref, Cluster: c, Port: 443,
			Groups: append([]*SecurityGroup{c.Group}, c.Groups...)}, sub)
		p.On = "interface in " + sub.String()
		p.Name = fmt.Sprintf("%s@%s", APIServer, sub.Ref)
		switch {
		case c.Family == IPv4:
			p.IPv6 = netip.Addr{}
		case p.Unknown == "" && !sub.IPv6.IsValid():
			p.lacks6 = sub.lacksIPv6(AtControlPlane)
		}
		s.API = append(s.API, p)
	}
	return s
}

func (a *addressing) pod(c *Cluster, ng *NodeGroup, ref Ref, sub *Subnet, groups []*SecurityGroup, unknown string) *Interface {
	p := &Interface{Kind: PodInterface, Component: AtPod, Ref: ref, Cluster: c, NodeGroup: ng, Groups: groups, Port: 8080, free: every}
	p.Name = fmt.Sprintf("%s@%s@%s", AnyPod, ref, sub.Ref)
	p.On = fmt.Sprintf("on %s in %s", ref, sub.Ref)
	n := a.used[sub]
	a.in(p, sub)
	if unknown != "" && p.Unknown == "" {
		p.Unknown = fmt.Sprintf("%s of %s is decided at deployment", unknown, ref)
	}
	p.nodeUnknown = p.Unknown
	if why := c.CustomNetworking(); why != "" {
		p.Unknown = cmp.Or(p.Unknown, why)
	} else if s := c.ExtraPodSubnet(); s != nil && s != sub {
		p.Unknown = cmp.Or(p.Unknown, fmt.Sprintf("%s has the tag kubernetes.io/role/cni: Pods may have addresses of it, which is not modelled", s.Ref))
	}
	if ng != nil && p.IPv4.IsValid() {
		public, unknown := ng.Public(sub)
		if p.PublicUnknown = unknown; public {
			p.Public = a.elastic()
		}
	}
	if c.Family == IPv4 {
		if sub.AssignIPv6 {
			p.NodeIPv6, p.nodeRange6 = p.IPv6, p.range6
		}
		p.IPv6 = netip.Addr{}
		return p
	}
	switch {
	case p.Unknown != "":
	case !sub.IPv6.IsValid():
		p.lacks6 = sub.lacksIPv6(AtNode)
	case ng != nil && !ng.IPv6(sub):
		p.lacks6 = &Failure{NoRoute, AtNode, sub.In("AssignIpv6AddressOnCreation"), fmt.Sprintf("subnet %s has AssignIpv6AddressOnCreation false: its nodes get no IPv6 address", sub.Ref)}
	}
	p.IPv6 = podAddr(sub.IPv6, n)
	if p.Unknown != "" && !p.IPv6.IsValid() {
		p.IPv6 = netset.Plus(aws.SomeImported6, n+1)
	}
	return p
}

// Node is the node that a Pod is on.
func (p *Interface) Node() *Interface {
	n := *p
	n.Kind, n.Component, n.HostNetwork, n.Port = NodeInterface, AtNode, true, 10250
	n.Name = fmt.Sprintf("nodegroup:%s@%s", p.Ref, p.Subnet.Ref)
	n.works, n.Workload = nil, ""
	if p.Kind == PodInterface && p.Cluster != nil && !p.HostNetwork {
		n.Unknown = p.nodeUnknown
	}
	n.IPv6 = p.nodesIPv6()
	if p.NodeIPv6.IsValid() {
		n.range6 = p.nodeRange6
	}
	return &n
}

// nodesIPv6 is the IPv6 address of the node that a Pod is on.
func (p *Interface) nodesIPv6() netip.Addr {
	if p.NodeIPv6.IsValid() {
		return p.NodeIPv6
	}
	return NodeIPv6(p.IPv6)
}

// workload is the interface of a workload's Pod.
func (p *Interface) workload(w *Object) *Interface {
	q := *p
	q.Name = strings.Replace(p.Name, string(AnyPod), "pod:"+w.Namespace+"/"+w.ObjectName, 1)
	q.Workload, q.works = w.ObjectName, []*Object{w}
	spec := w.PodSpec()
	for _, c := range spec.Get("containers").Items() {
		for _, port := range c.Get("ports").Items() {
			if v, ok := port.Get("containerPort").Int(); ok && q.Port == p.Port {
				q.Port = uint16(v)
			}
		}
	}
	if on, _ := spec.Get("hostNetwork").Bool(); on && p.NodeGroup != nil {
		node := q.Node()
		node.Kind, node.Name, node.Component, node.Workload, node.Port = PodInterface, q.Name, q.Component, q.Workload, q.Port
		return node
	}
	return &q
}

// podsOf are the Pods that "any", "NAME" or "NAMESPACE/NAME" means, in every cluster.
func (n *Network) podsOf(spec string, peers bool) []*Interface {
	name, at, _ := strings.Cut(spec, "@")
	var out []*Interface
	for _, s := range n.ClusterPods {
		list := s.Pods
		if peers {
			list = s.Peers
		}
		if name == "any" {
			out = append(out, filter(list, at)...)
			continue
		}
		for _, w := range s.Cluster.Workloads() {
			if w.ObjectName != name && w.Namespace+"/"+w.ObjectName != name {
				continue
			}
			for _, p := range filter(s.onFargate(list, w.Namespace), at) {
				out = append(out, p.workload(w))
			}
		}
	}
	return out
}

// onFargate keeps the interfaces where a namespace's Pods run: a matching Fargate profile takes them all.
func (s *ClusterPods) onFargate(list []*Interface, namespace string) []*Interface {
	var ids []Ref
	for _, f := range s.Cluster.Fargate {
		if slices.Contains(f.Namespaces, namespace) {
			ids = append(ids, f.Ref)
		}
	}
	out := slices.DeleteFunc(slices.Clone(list), func(p *Interface) bool {
		if len(ids) > 0 {
			return p.NodeGroup != nil || !slices.Contains(ids, p.Ref)
		}
		return p.NodeGroup == nil
	})
	if len(out) == 0 {
		return list
	}
	return out
}

func primaryIPv6(c *Cluster) bool {
	for _, n := range c.NodeGroups {
		if n.Template == nil || !n.Template.PrimaryIPv6 {
			return false
		}
	}
	return len(c.NodeGroups) > 0
}
