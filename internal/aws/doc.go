// Package aws holds facts about AWS that are written once and read by constructs, rules and the tracer: which address
// families services and hosts are reached over, ranges of addresses, instance types, the IAM actions, tags and annotations
// that the VPC CNI and the load balancer controller go by, default quotas, zones and versions.
//
// Every fact names its source, the page or the issue that it was read from. A fact that is not here is unknown: the
// functions answer with false, and a caller must not take that for a yes or a no. Where AWS's own pages contradict
// each other, the fact says so, and says which reading this module goes by.
//
// The package is pure: no network, no jsii, nothing of this module.
package aws

import "strings"

// Families is a set of address families.
type Families uint8

// The families. The zero value is no family.
const (
	IPv4 Families = 1 << iota
	IPv6

	DualStack = IPv4 | IPv6
)

// Has says that a set has all families of another.
func (f Families) Has(g Families) bool { return f&g == g }

// String is "IPv4", "IPv6", "IPv4 and IPv6" or "no family".
func (f Families) String() string {
	var names []string
	if f.Has(IPv4) {
		names = append(names, "IPv4")
	}
	if f.Has(IPv6) {
		names = append(names, "IPv6")
	}
	if len(names) == 0 {
		return "no family"
	}
	return strings.Join(names, " and ")
}

// OfAddressType is the families of an endpoint's IpAddressType: ipv4, ipv6 or dualstack.
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
func OfAddressType(addressType string) (Families, bool) {
	switch addressType {
	case "ipv4":
		return IPv4, true
	case "ipv6":
		return IPv6, true
	case "dualstack":
		return DualStack, true
	}
	return 0, false
}
