package network

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtVPCCNI, Name: "VPC CNI",
		Fix:   "install the vpc-cni add-on before the nodes, and leave ENABLE_V4_EGRESS at its default true",
		Types: []string{"AWS::EKS::Addon"},
		Open: []Opening{
			{Type: "AWS::EKS::Addon", Properties: []string{"AddonName", "ClusterName"}, Decides: []Component{AtVPCCNI, AtKubeProxy}},
		},
		Reads:   []Reading{{readAddons, (*builder).addons}},
		Subject: "VPC CNI",
		Models: "one /80 for each node; IPv4 egress: 169.254.172.0/22 on the node, translated to the node's IPv4, off with `ENABLE_V4_EGRESS=false`; on IPv4 clusters " +
			"`ENABLE_V6_EGRESS`, to the node's IPv6, and beyond the VPC the node's IPv4 unless `AWS_VPC_K8S_CNI_EXTERNALSNAT`; any source port unless " +
			"`AWS_VPC_K8S_CNI_RANDOMIZESNAT=none`",
		Source: "[VPC CNI](https://github.com/aws/amazon-vpc-cni-k8s#readme)",
	})
	register(Kind{
		Component: AtKubeProxy, Name: "kube-proxy",
		Fix:     "install the kube-proxy add-on",
		Subject: "kube-proxy",
		Models:  "ClusterIP to a Pod, same family",
	})
}

// Addon is an AWS::EKS::Addon.
type Addon struct {
	Ref
	Name    string
	Version string
	// Configuration is the decoded configurationValues, JSON or YAML; absent when none are given.
	Configuration cfn.Value
	// ConfigurationUnknown names the expression when the values are decided at deployment.
	ConfigurationUnknown string
	ServiceAccountRole   bool // ServiceAccountRoleArn is set
	PodIdentity          bool // PodIdentityAssociations is set
}

// Addon returns the add-on of a name, or nil.
func (c *Cluster) Addon(name string) *Addon {
	for _, a := range c.Addons {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Runs reports whether an add-on runs in the cluster: declared, installed by EKS itself or from elsewhere, or part
// of Auto Mode. It answers for vpc-cni, kube-proxy and coredns.
func (c *Cluster) Runs(addon string) bool {
	return c.Addon(addon) != nil || c.SelfManagedAddons || c.AutoMode || c.AddonsElsewhere
}

// Env returns an environment variable from configurationValues.env; absent when it is not set.
func (a *Addon) Env(name string) cfn.Value { return At(a.Configuration, "env", name) }

func (b *builder) addons() {
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
}

// IPv4Egress reports whether IPv6 Pods get a node-local IPv4 address that the node translates: the VPC
// CNI's ENABLE_V4_EGRESS, true by default. by is where it is decided.
// See https://github.com/aws/amazon-vpc-cni-k8s#enable_v4_egress-v1151.
func (c *Cluster) IPv4Egress() (on bool, by Ref, unknown string) {
	a := c.Addon("vpc-cni")
	if a == nil {
		by := c.Ref
		by.Property = "BootstrapSelfManagedAddons"
		if c.AutoMode {
			by.Property = "ComputeConfig"
		}
		return c.Runs("vpc-cni"), by, ""
	}
	by = a.In("ConfigurationValues")
	if a.ConfigurationUnknown != "" {
		return false, by, a.ConfigurationUnknown
	}
	v := a.Env("ENABLE_V4_EGRESS")
	if !v.Exists() {
		return true, a.Ref, ""
	}
	by = a.In("ConfigurationValues.env.ENABLE_V4_EGRESS")
	on, ok := v.Bool()
	if !ok && v.Kind() != cfn.Scalar {
		return false, by, v.String()
	}
	return on, by, ""
}

// RandomPorts reports whether the VPC CNI's translation of Pods' connections takes any source port, as it does unless
// AWS_VPC_K8S_CNI_RANDOMIZESNAT is none.
// See https://github.com/aws/amazon-vpc-cni-k8s#aws_vpc_k8s_cni_randomizesnat.
func (c *Cluster) RandomPorts() bool {
	a := c.Addon("vpc-cni")
	return a == nil || !a.Env("AWS_VPC_K8S_CNI_RANDOMIZESNAT").Is("none")
}

// TranslatesOutside reports whether the VPC CNI of an IPv4 cluster gives Pods' connections to addresses beyond the VPC the
// node's own address, as it does unless AWS_VPC_K8S_CNI_EXTERNALSNAT is true.
// See https://github.com/aws/amazon-vpc-cni-k8s#aws_vpc_k8s_cni_externalsnat.
func (c *Cluster) TranslatesOutside() bool {
	a := c.Addon("vpc-cni")
	if a == nil {
		return c.Runs("vpc-cni")
	}
	off, _ := a.Env("AWS_VPC_K8S_CNI_EXTERNALSNAT").Bool()
	return !off
}

// CustomNetworking says why the Pods of an IPv4 cluster have addresses and groups of other network interfaces than the nodes' first;
// "" where they have not.
// See https://docs.aws.amazon.com/eks/latest/userguide/cni-custom-network.html.
func (c *Cluster) CustomNetworking() string {
	if c.Family != IPv4 {
		return ""
	}
	a := c.Addon("vpc-cni")
	if a == nil {
		return ""
	}
	v := a.Env("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG")
	if on, known := v.Bool(); !v.Exists() || known && !on {
		return ""
	}
	return fmt.Sprintf("custom networking of %s gives Pods the addresses and groups of ENIConfigs, which are not modelled", a.Ref)
}

// ExtraPodSubnet is a subnet of the VPC that the VPC CNI may take Pods' IPv4 addresses from beside the node's own, nil for none: it
// has the tag for that.
// See https://docs.aws.amazon.com/eks/latest/best-practices/subnets.html and the VPC CNI's ENABLE_SUBNET_DISCOVERY, which is on by default.
func (c *Cluster) ExtraPodSubnet() *Subnet {
	if c.Family != IPv4 || c.VPC == nil {
		return nil
	}
	if a := c.Addon("vpc-cni"); a != nil {
		if on, known := a.Env("ENABLE_SUBNET_DISCOVERY").Bool(); known && !on {
			return nil
		}
	}
	i := slices.IndexFunc(c.VPC.Subnets, func(s *Subnet) bool { return s.Tags.Has(aws.CNIRoleTag) })
	if i < 0 {
		return nil
	}
	return c.VPC.Subnets[i]
}

// NodeIPv6 is the address of the node whose Pod has the given address: outside the node's /80, and apart from the hosts of
// the subnet.
func NodeIPv6(pod netip.Addr) netip.Addr {
	if !pod.Is6() {
		return netip.Addr{}
	}
	a := pod.As16()
	a[8], a[9], a[13], a[14], a[15] = 0, 0, 1, a[8], a[9]
	return netip.AddrFrom16(a)
}

// podAddr is an address in the nth node's /80, the prefix that the VPC CNI takes for the node's Pods.
func podAddr(p netip.Prefix, n int) netip.Addr {
	if !p.IsValid() {
		return netip.Addr{}
	}
	a := p.Addr().As16()
	n += 16
	a[8], a[9], a[15] = a[8]|byte(n>>8), a[9]|byte(n), a[15]|2
	return netip.AddrFrom16(a)
}

// podToIPv4 is what an IPv6 Pod does with an IPv4 destination: with DNS64 it sees an IPv6 address; else the VPC
// CNI's IPv4 egress gives it a node-local address and the node translates that to its own.
// See https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html.
func (t *tracer) podToIPv4(from *Interface, d Destination) (*Interface, []undo, Verdict) {
	c := from.Cluster
	if d.Named && from.Subnet.DNS64 {
		t.byDNS64(from)
		return from, nil, 0
	}
	t.pkt.src = fixedAddress(podLinkLocal)
	t.hopAt(Originate, from, arrival(from))
	on, by, unknown := c.IPv4Egress()
	switch {
	case unknown != "":
		return nil, nil, t.stop(Insufficient, AtVPCCNI, by, "ENABLE_V4_EGRESS is %s, which is decided at deployment", unknown)
	case !on && by.Property == "ConfigurationValues.env.ENABLE_V4_EGRESS":
		return nil, nil, t.stop(NoRoute, AtVPCCNI, by, "ENABLE_V4_EGRESS is false: the Pod has no IPv4 address")
	case !on:
		return nil, nil, t.stop(NoRoute, AtVPCCNI, by, "the VPC CNI is not installed: EKS installs it with BootstrapSelfManagedAddons, otherwise an AWS::EKS::Addon does")
	case !from.IPv4.IsValid():
		return nil, nil, t.stop(NoRoute, AtNode, from.Subnet.Ref, "subnet %s has no IPv4 range", from.Subnet.Ref)
	}
	if from.beside(d.To) && t.pkt.dst.is(t.address(d.To, IPv4)) {
		return from, nil, 0
	}
	node, back := t.asNode(from, by, IPv4, "IPv4 egress: to the node's IPv4 address")
	return node, []undo{back}, 0
}

// podToIPv6 is the mirror for IPv4 clusters: ENABLE_V6_EGRESS, off by default.
func (t *tracer) podToIPv6(from *Interface, d Destination) (*Interface, []undo, Verdict) {
	a := from.Cluster.Addon("vpc-cni")
	on := false
	if a != nil {
		on, _ = a.Env("ENABLE_V6_EGRESS").Bool()
	}
	t.pkt.src = fixedAddress(podUniqueLocal)
	t.hopAt(Originate, from, arrival(from))
	if !on {
		return nil, nil, t.stop(NoRoute, AtVPCCNI, from.Cluster.Ref, "Pods of an IPv4 cluster have no IPv6 address, and ENABLE_V6_EGRESS is not set")
	}
	if !from.NodeIPv6.IsValid() {
		return nil, nil, t.stop(NoRoute, AtNode, from.Subnet.Ref, "nodes in subnet %s have no IPv6 address", from.Subnet.Ref)
	}
	if from.beside(d.To) && t.pkt.dst.is(t.address(d.To, IPv6)) {
		return from, nil, 0
	}
	by := a.In("ConfigurationValues.env.ENABLE_V6_EGRESS")
	node, back := t.asNode(from, by, IPv6, "IPv6 egress: to the node's IPv6 address")
	return node, []undo{back}, 0
}

// asNode is what the VPC CNI does with a Pod's connection that the network shall see under an address of the node: unless
// told otherwise it chooses a source port at random.
func (t *tracer) asNode(from *Interface, by Ref, f Family, how string) (*Interface, undo) {
	back := undo{DNAT, AtVPCCNI, by, "the node's connection table", t.pkt.reply()}
	node := *from
	node.Kind, node.Component, node.Workload, node.random = NodeInterface, AtNode, "", from.Cluster.RandomPorts()
	if f == IPv6 {
		node.IPv6, node.range6 = from.NodeIPv6, from.nodeRange6
	}
	after := t.pkt
	after.src, after.srcPort = t.address(&node, f), t.port(&node)
	t.change(SNAT, AtVPCCNI, by, how, after)
	return &node, back
}

// podOfOther starts the packet of a Pod for the family that its cluster does not have.
func (t *tracer) podOfOther(from *Interface, d Destination, f Family) (*Interface, []undo, Verdict) {
	if f == IPv4 {
		return t.podToIPv4(from, d)
	}
	return t.podToIPv6(from, d)
}

// beyondVPC is what the VPC CNI of an IPv4 cluster does with a Pod's packet for other networks: the node's address, from any port.
func (t *tracer) beyondVPC(from *Interface) (*Interface, []undo) {
	c := from.Cluster
	if c.Family != IPv4 || !c.TranslatesOutside() || !c.RandomPorts() {
		return from, nil
	}
	if _, own := t.block(from.VPC, t.pkt.dst); own || c.ServiceRange.IsValid() && t.inPrefix(t.pkt.dst, c.ServiceRange) {
		return from, nil
	}
	node, back := t.asNode(from, c.Ref, IPv4, "beyond the VPC: to the node's address, from any port")
	return node, []undo{back}
}
