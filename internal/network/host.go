package network

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtHost, Name: "host",
		Subject: "hosts",
		Models: "instances, network interfaces, RDS, ElastiCache, EFS mount targets, functions in a VPC: subnets, groups, families, addresses that are written down, " +
			"those that a subnet assigns, elastic addresses and their associations, `PubliclyAccessible` and its default, launch templates; as targets by id or by " +
			"`GetAtt` of their address",
	})
	register(Kind{
		Component: AtAddress, Name: "address",
	})
}

// Host is a thing with one network interface per subnet that is not part of a cluster: an EC2 instance, a
// network interface, an RDS database, an EFS mount target.
type Host struct {
	Ref
	Kind       Component // an instance, a network interface, a database, a cache, a mount target or a function
	Subnets    []*Subnet
	Groups     []*SecurityGroup
	IPv6       bool // has IPv6 addresses
	PublicIPv4 bool
	// PublicUnknown says why it is not known whether it has a public IPv4 address; "" where it is.
	PublicUnknown string
	Accelerator   *Ref         // the endpoint group of Global Accelerator that leads to it, nil when none does
	Fixed         []netip.Addr // the addresses that are written down, at most one for each family counts
	Port          uint16       // where it listens, 0 when it does not say
	Source        bool         // it starts connections of its own (an instance does, a database does not)
	Unknown       string

	primary *Host // of an instance: the network interface of its own that is its first
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

func (b *builder) oneSubnet(h *Host, v cfn.Value) []*Subnet {
	s := b.subnet(v)
	if s == nil {
		h.Unknown = "no subnet"
		return nil
	}
	return []*Subnet{s}
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

// HostIn stands for any host in a subnet; what its security groups allow is for the asker to know.
func (n *Network) HostIn(s *Subnet, source bool) *Interface {
	p := &Interface{Kind: HostInterface, Name: string(Name("subnet:" + s.String())), Component: AtHost, Ref: s.Ref, Subnet: s, VPC: s.VPC, Unfiltered: true, Port: 443, free: every}
	p.On = "in " + s.String()
	i := anyHost
	if !source {
		i++
	}
	p.IPv4, p.IPv6 = hostAddr(s.IPv4, i), hostAddr(s.IPv6, i)
	p.range4, p.range6 = n.addressing.usable(s.IPv4), n.addressing.usable(s.IPv6)
	if p.PublicUnknown = s.PublicUnknown; s.MapPublic && p.IPv4.IsValid() {
		p.Public = netip.AddrFrom4([4]byte{198, 51, 100, byte(i - 37)}) // beside those of [addressing.elastic]; the range's last one is for no host
	}
	if s.Imported {
		p.Unknown = fmt.Sprintf("subnet %s is in none of the templates", s.Ref)
	}
	return p
}

// anyHost is the number of the address in a subnet that stands for any host there as a source; the next is that of a destination.
const anyHost = 100

// HostAssumption is what a host that stands for a subnet takes for granted.
const HostAssumption = "the security groups of the host in %s allow the flow"

// At is the interface of an address.
func (n *Network) At(a netip.Addr, source bool) (*Interface, []string) {
	if p := n.byAddr[a]; p != nil {
		return p, nil
	}
	for _, c := range n.VPNClients {
		if source && c.Prefix.Contains(a) {
			p := internetHost(a.String(), a)
			p.Component, p.Ref = AtVPNClient, c.Ref
			p.Unknown = fmt.Sprintf("%s is a client of the VPN endpoint %s, which gives its packets an address of its own: that is not modelled", a, c.Ref)
			return p, nil
		}
	}
	for _, v := range n.VPCs {
		if _, ok := v.Contains(a); !ok {
			continue
		}
		for _, s := range v.Subnets {
			if !s.Prefix(FamilyOf(a)).Contains(a) {
				continue
			}
			p := n.HostIn(s, source)
			p.Name = a.String()
			p.set(a)
			if source {
				return p, []string{fmt.Sprintf(HostAssumption, s.Ref)}
			}
			p.Unknown = fmt.Sprintf("no resource of the templates has the address %s: its security groups are not known", a)
			return p, nil
		}
		p := &Interface{Kind: HostInterface, Name: a.String(), Component: AtAddress, On: "in no subnet of " + v.String(), Ref: v.Ref, VPC: v, Unfiltered: true,
			gone: &Failure{NoRoute, AtAddress, v.Ref, fmt.Sprintf("%s lies in %s but in none of its subnets", a, v.Ref)}}
		p.set(a)
		return p, nil
	}
	return internetHost(a.String(), a), nil
}
