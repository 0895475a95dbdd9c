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
		Component: AtControlPlane, Name: "EKS control plane",
		Types: []string{"AWS::EKS::Cluster", "Custom::AWSCDK-EKS-Cluster"},
		Open: []Opening{
			{Type: "AWS::EKS::Cluster", Properties: []string{"KubernetesNetworkConfig.IpFamily"}, Decides: []Component{anyComponent}},
		},
		Reads:   []Reading{{readClusters, (*builder).readClusters}},
		Subject: "EKS",
		Models: "family, the cluster security group that EKS makes, control-plane interfaces in the cluster's subnets, endpoint access and its CIDR lists, the private " +
			"endpoint from peered and transit VPCs where there is no public one, node groups with launch templates (groups, IPv6 addresses, public addresses), " +
			"Fargate profiles (without subnets: the cluster's that have no route to an internet gateway), Auto Mode's default NodeClass, tagged Auto Scaling groups " +
			"with launch templates or launch configurations",
		Source: "[networking requirements](https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html), [security groups](https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html)",
	})
	register(Kind{
		Component: AtPublicEndpoint, Name: "EKS public endpoint",
		Fix: "set EndpointPrivateAccess: true, or name the clients' ranges of both families in PublicAccessCidrs",
	})
}

// Cluster is an AWS::EKS::Cluster, or the Custom::AWSCDK-EKS-Cluster of CDK's older construct.
type Cluster struct {
	Ref
	Index   int // position in Network.Clusters
	Name    string
	Version string
	Family  Family
	VPC     *VPC
	Subnets []*Subnet

	// Group is the cluster security group that EKS makes and gives to managed nodes and to its own
	// interfaces: all traffic from itself, all egress in both families.
	// See https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html.
	Group *SecurityGroup
	// Groups are the groups that the template adds to the control plane's interfaces.
	Groups []*SecurityGroup

	PublicAccess  bool // default true
	PrivateAccess bool // default false
	// PublicCIDRs are who may use the public endpoint; all of both families when the template gives none.
	PublicCIDRs        []netip.Prefix
	PublicCIDRsUnknown string
	AccessUnknown      string // why public or private access is not known, else empty

	AutoMode          bool // ComputeConfig.Enabled: EKS runs nodes, CNI and load balancing itself
	SelfManagedAddons bool // BootstrapSelfManagedAddons: EKS installs aws-node, kube-proxy and coredns
	// AddonsElsewhere says that EKS installs none and the templates hold none: something else, as eksctl does
	// by the API, must install them.
	AddonsElsewhere bool
	ServiceRange    netip.Prefix

	Addons     []*Addon
	NodeGroups []*NodeGroup
	Fargate    []*FargateProfile
	Charts     []*Chart
	Objects    []*Object
	Controller *Controller // nil when the AWS Load Balancer Controller is not installed

	// Imported says that templates use this cluster but none declares it.
	Imported bool
}

func (b *builder) readClusters() {
	for i, r := range b.set.Resources(clusterTypes...) {
		props := r.Props()
		if r.Type == "Custom::AWSCDK-EKS-Cluster" {
			props = r.Prop("Config") // CDK's older construct: the API's own spelling, first letters in lower case
			b.cluster(r, i, lowerCamel{props})
			continue
		}
		b.cluster(r, i, props)
	}
}

// Unseen reports whether the templates hold none of the subnets that the cluster names, so that no way of its packets is known.
func (c *Cluster) Unseen() bool {
	return len(c.Subnets) > 0 && !slices.ContainsFunc(c.Subnets, func(s *Subnet) bool { return !s.Imported })
}

var clusterTypes = []string{"AWS::EKS::Cluster", "Custom::AWSCDK-EKS-Cluster"}

// serviceRange stands for the /108 of unique local addresses that EKS chooses for a cluster's Services.
func serviceRange(cluster int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 0x00, 0x0d, 0xb8, byte(cluster >> 8), byte(cluster)}), 108)
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

// lowerCamel reads a map whose keys begin in lower case.
type lowerCamel struct{ v cfn.Value }

func (l lowerCamel) Get(path string) cfn.Value {
	keys := strings.Split(path, ".")
	for i, k := range keys {
		keys[i] = strings.ToLower(k[:1]) + k[1:]
	}
	return l.v.Get(strings.Join(keys, "."))
}

// isAPI reports whether an endpoint is apiserver, or apiserver@SUBNET: one interface of the control plane.
func isAPI(ep Name) bool {
	return ep == APIServer || strings.HasPrefix(string(ep), string(APIServer)+"@")
}

// at is what follows the @ of an endpoint.
func at(ep Name) string {
	_, place, _ := strings.Cut(string(ep), "@")
	return place
}

// API is the Kubernetes API as a source sees it: the control plane's interfaces in the cluster's subnets with private
// access, else the public endpoint.
func (n *Network) API(q Query, from *Interface) []Destination {
	var out []Destination
	for _, sh := range n.ClusterPods {
		c := sh.Cluster
		if from.Cluster != nil && from.Cluster != c {
			continue
		}
		port := cmp.Or(q.Port, 443)
		inside := !from.Outside() && from.VPC != nil && from.VPC == c.VPC
		// Without public access the name has the private addresses everywhere, and other networks of the templates may lead there.
		// See https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html.
		joined := !from.Outside() && from.VPC != nil && !c.PublicAccess && c.AccessUnknown == "" && n.joins(from.VPC, c.VPC)
		if (inside || joined) && c.PrivateAccess {
			for _, p := range filter(sh.API, at(q.To)) {
				d := Destination{Name: p.Name, To: p, Port: port, Proto: TCP, Named: true}
				if c.Family == IPv6 {
					d.Family, d.Fails = IPv6, p.lacks6
				}
				out = append(out, d)
			}
			continue
		}
		f := IPv4
		if c.Family == IPv6 && (from.IPv6.IsValid() || !from.IPv4.IsValid()) {
			f = IPv6
		}
		a := netset.Plus(publicAPI4, c.Index)
		if f == IPv6 {
			a = netset.Plus(publicAPI6, c.Index)
		}
		p := internetHost("public endpoint of "+c.String(), a)
		d := Destination{Name: string(APIServer), To: p, Port: port, Proto: TCP, Named: true, Family: f, PublicAPI: c}
		if c.AccessUnknown != "" {
			d.Fails = &Failure{Insufficient, AtPublicEndpoint, c.In("ResourcesVpcConfig"), c.AccessUnknown}
		} else if !c.PublicAccess {
			d.Fails = &Failure{Denied, AtPublicEndpoint, c.In("ResourcesVpcConfig.EndpointPublicAccess"), ""}
			d.Fails.Why = "public access to the endpoint is off, and private access reaches no further than the VPC"
			if inside {
				d.Fails.Why = "public access and private access to the endpoint are both off"
			}
		}
		out = append(out, d)
	}
	return out
}

// publicCIDRs asks who may use the cluster's public endpoint.
func (t *tracer) publicCIDRs(c *Cluster) Verdict {
	src := t.pkt.src
	if t.among(src, c.PublicCIDRs) >= 0 {
		return 0
	}
	r := c.In("ResourcesVpcConfig.PublicAccessCidrs")
	some := slices.ContainsFunc(c.PublicCIDRs, func(p netip.Prefix) bool { return FamilyOf(p.Addr()) == src.family() })
	switch {
	case c.PublicCIDRsUnknown != "":
		return t.stop(Insufficient, AtPublicEndpoint, r, "PublicAccessCidrs holds %s, which is decided at deployment", c.PublicCIDRsUnknown)
	case some && len(t.net.StandIns(src.one)) > 0:
		return t.stop(Insufficient, AtPublicEndpoint, r, "whether PublicAccessCidrs holds the address that stands here as %s is decided at deployment", src.one)
	case some:
		return t.stop(Denied, AtPublicEndpoint, r, "PublicAccessCidrs does not hold %s", src.one)
	}
	return t.stop(Denied, AtPublicEndpoint, r, "PublicAccessCidrs holds no %s range", src.family())
}

// atPublicEndpoint delivers to the cluster's public endpoint who may use it.
func (t *tracer) atPublicEndpoint(c *Cluster) Verdict {
	if v := t.publicCIDRs(c); v != 0 {
		return v
	}
	t.hop(Deliver, AtPublicEndpoint, c.Ref, "kube-apiserver")
	return Delivered
}
