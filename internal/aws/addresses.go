package aws

import (
	"net/netip"
	"slices"
)

// Range is addresses with a meaning of their own. One address is a range of a single one.
type Range struct {
	netip.Prefix
	// Name says what it is.
	Name string
	// Source is the page or the RFC that says so.
	Source string
}

// Nth is the address n after the range's first one.
func (r Range) Nth(n int) netip.Addr {
	b := r.Addr().AsSlice()
	for i := len(b) - 1; i >= 0 && n > 0; i-- {
		n += int(b[i])
		b[i] = byte(n)
		n >>= 8
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

const (
	docIANAv4   = "https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml"
	docIANAv6   = "https://www.iana.org/assignments/ipv6-address-space/ipv6-address-space.xhtml"
	docMetadata = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html"
	docResolver = "https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html"
	docTime     = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configure-ec2-ntp.html"
	docAgent    = "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html"
	docService  = "https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html"
	docCNI      = "https://github.com/aws/amazon-vpc-cni-k8s#cni-configuration-variables"
)

func named(name, prefix, source string) Range {
	return Range{netip.MustParsePrefix(prefix), name, source}
}

// NAT64 is the prefix that DNS64 writes before an IPv4 address, and that a NAT gateway translates (RFC 6052).
var NAT64 = named("NAT64", "64:ff9b::/96", "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html")

// Synthesize is the address that DNS64 answers with for an IPv4 address.
func Synthesize(ipv4 netip.Addr) netip.Addr {
	b, four := NAT64.Addr().As16(), ipv4.As4()
	copy(b[12:], four[:])
	return netip.AddrFrom16(b)
}

// Ranges that VPCs may have, and whose addresses the internet routes nothing to: those of RFC 1918, the shared one of
// RFC 6598, and the unique local addresses of RFC 4193.
var (
	Private10  = named("private", "10.0.0.0/8", docIANAv4)
	Private172 = named("private", "172.16.0.0/12", docIANAv4)
	Private192 = named("private", "192.168.0.0/16", docIANAv4)
	Shared     = named("shared address space", "100.64.0.0/10", docIANAv4)

	UniqueLocal = named("unique local", "fc00::/7", docIANAv6)
	LinkLocal4  = named("link-local", "169.254.0.0/16", docIANAv4)
	LinkLocal6  = named("link-local", "fe80::/10", docIANAv6)
	Multicast6  = named("multicast", "ff00::/8", docIANAv6)
)

// What EC2 answers on every instance, without a route and past security groups and network ACLs. The IPv6 addresses are
// there on Nitro instances.
var (
	Metadata4 = named("instance metadata", "169.254.169.254/32", docMetadata)
	Metadata6 = named("instance metadata", "fd00:ec2::254/128", docMetadata)
	Resolver4 = named("the VPC's resolver", "169.254.169.253/32", docResolver)
	Resolver6 = named("the VPC's resolver", "fd00:ec2::253/128", docResolver)
	Time4     = named("time", "169.254.169.123/32", docTime)
	Time6     = named("time", "fd00:ec2::123/128", docTime)
)

// Where the agent of EKS Pod Identity listens on a node.
var (
	PodIdentity4 = named("Pod Identity agent", "169.254.170.23/32", docAgent)
	PodIdentity6 = named("Pod Identity agent", "fd00:ec2::23/128", docAgent)
)

// Node-local addresses that the VPC CNI gives Pods for the family that their cluster has not: ENABLE_V4_EGRESS and
// ENABLE_V6_EGRESS.
var (
	PodEgress4 = named("the VPC CNI's IPv4 egress", "169.254.172.0/22", docCNI)
	PodEgress6 = named("the VPC CNI's IPv6 egress", "fd00::ac:0/118", docCNI)
)

// Service ranges that EKS takes for an IPv4 cluster when none is given, one of the two. That of an IPv6 cluster is out of
// UniqueLocal, and EKS chooses it.
var (
	Services172 = named("Kubernetes Services", "172.20.0.0/16", docService)
	Services10  = named("Kubernetes Services", "10.100.0.0/16", docService)
)

// Documentation ranges, which nobody has (RFC 5737, RFC 3849, RFC 9637). Here they stand for addresses that only a
// deployment knows, and so for public ones: hosts on the internet out of Documentation4 and Documentation6, the public
// IPv4 addresses that AWS gives out of DocumentationAWS4, IPv6 blocks of VPCs out of Documentation6, and those that are
// larger than a /48 out of DocumentationLarge6.
var (
	Documentation4      = named("documentation", "203.0.113.0/24", docIANAv4)
	DocumentationAWS4   = named("documentation", "198.51.100.0/24", docIANAv4)
	DocumentationOther4 = named("documentation", "192.0.2.0/24", docIANAv4)
	Documentation6      = named("documentation", "2001:db8::/32", "https://www.rfc-editor.org/rfc/rfc3849")
	DocumentationLarge6 = named("documentation", "3fff::/20", "https://www.rfc-editor.org/rfc/rfc9637")
)

// Addresses out of them that preflight writes: a host on the internet, AWS's public endpoints, and, the first of many,
// those of subnets that are in none of the templates.
var (
	SomeHost4 = netip.MustParseAddr("203.0.113.7")
	SomeHost6 = netip.MustParseAddr("2001:db8:ffff:ffff::7")
	SomeAPI4  = netip.MustParseAddr("203.0.113.8")
	SomeAPI6  = netip.MustParseAddr("2001:db8:ffff:ffff::8")

	SomeImported6 = netip.MustParseAddr("2001:db8:fffe::")
)

// special4 and special6 are the ranges that no host on the internet has. The documentation ranges are left out, because
// they stand for hosts here.
var special4 = []Range{
	named("this network", "0.0.0.0/8", docIANAv4), Private10, Shared, named("loopback", "127.0.0.0/8", docIANAv4), LinkLocal4, Private172,
	named("protocol assignments", "192.0.0.0/24", docIANAv4), Private192,
	named("benchmarks", "198.18.0.0/15", docIANAv4),
	named("multicast", "224.0.0.0/4", "https://www.iana.org/assignments/multicast-addresses/multicast-addresses.xhtml"),
	named("reserved", "240.0.0.0/4", docIANAv4),
}

var special6 = []Range{
	named("IPv4-compatible", "::/96", docIANAv6), named("IPv4-mapped", "::ffff:0:0/96", docIANAv6), NAT64,
	named("NAT64 of somebody's own", "64:ff9b:1::/48", "https://www.rfc-editor.org/rfc/rfc8215"),
	named("discarded", "100::/64", "https://www.rfc-editor.org/rfc/rfc6666"), UniqueLocal, LinkLocal6, named("multicast", "ff00::/8", docIANAv6),
}

func prefixes(ranges []Range) []netip.Prefix {
	out := make([]netip.Prefix, len(ranges))
	for i, r := range ranges {
		out[i] = r.Prefix
	}
	return out
}

// Special4 lists the IPv4 ranges that no host on the internet has.
func Special4() []netip.Prefix { return prefixes(special4) }

// Special6 lists those of IPv6 that have a name. Most of what is outside of 2000::/3 has none, and no host either.
func Special6() []netip.Prefix { return prefixes(special6) }

// Unroutable lists those that no router passes on.
func Unroutable() []netip.Prefix {
	return prefixes([]Range{named("this network", "0.0.0.0/8", docIANAv4), named("loopback", "127.0.0.0/8", docIANAv4), LinkLocal4,
		named("multicast", "224.0.0.0/4", docIANAv4), named("broadcast", "255.255.255.255/32", docIANAv4),
		named("unspecified and loopback", "::/127", docIANAv6), LinkLocal6, Multicast6})
}

// PrivateRanges lists those that RFC 1918 and RFC 4193 keep for private networks.
func PrivateRanges() []netip.Prefix {
	return prefixes([]Range{Private10, Private172, Private192, UniqueLocal})
}

// global6 is what IPv6 hosts on the internet have their addresses from.
var global6 = named("global unicast", "2000::/3", docIANAv6)

// GlobalUnicast6 is what IPv6 hosts on the internet have their addresses from.
func GlobalUnicast6() netip.Prefix { return global6.Prefix }

// OnInternet tells that a host on the internet may have an address.
func OnInternet(a netip.Addr) bool {
	if a = a.Unmap(); a.Is4() {
		return !slices.ContainsFunc(special4, func(r Range) bool { return r.Contains(a) })
	}
	return global6.Contains(a)
}

// Wide tells that a range is so wide that it amounts to every address: wider than any block that a registry hands out.
// All of the unique local addresses are no such range.
func Wide(p netip.Prefix) bool {
	switch {
	case p.Addr().Is4():
		return p.Bits() < 8
	case UniqueLocal.Contains(p.Addr()):
		return p.Bits() < UniqueLocal.Bits()
	}
	return p.Bits() < 16
}

// ForVPCs tells that AWS recommends an IPv4 range for VPCs: private address space or shared one.
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
func ForVPCs(p netip.Prefix) bool {
	return slices.ContainsFunc([]Range{Private10, Private172, Private192, Shared}, func(r Range) bool {
		return r.Contains(p.Addr()) && p.Bits() >= r.Bits()
	})
}

// Ranges lists those that have a name here.
func Ranges() []Range {
	return slices.Concat(special4, special6, []Range{
		global6, Metadata4, Metadata6, Resolver4, Resolver6, Time4, Time6, PodIdentity4, PodIdentity6,
		PodEgress4, PodEgress6, Services172, Services10, Documentation4, DocumentationAWS4, DocumentationOther4, Documentation6, DocumentationLarge6,
	})
}
