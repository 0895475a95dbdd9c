package expose

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"

	near "github.com/eks-ipv6/cdk/internal/nearest"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/lbtags"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// A balancerKind is what Elastic Load Balancing calls a kind of load balancer.
type balancerKind string

const (
	application balancerKind = "application"
	network     balancerKind = "network"
)

// String is the kind as people say it.
func (k balancerKind) String() string {
	return map[balancerKind]string{application: "an application load balancer", network: "a network load balancer"}[k]
}

// other is the kind that it is not.
func (k balancerKind) other() balancerKind {
	return map[balancerKind]balancerKind{application: network, network: application}[k]
}

// nearest is a hint at the name most like a wanted one, or nothing where none is like it.
func nearest(name string, among []string) string {
	return near.Of(name, among, max(3, len(name)/2)-1)
}

// checkHost wants a DNS name, which may begin with a label *, and which a rule's condition takes: with a dot, letters after
// the last one, and not too long. The API server refuses addresses.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/add-rule.html and
// https://kubernetes.io/docs/concepts/services-networking/ingress/#hostname-wildcards
func checkHost(here *problems.List, name string) {
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	last := name[strings.LastIndex(name, ".")+1:]
	switch {
	case jsiix.IsToken(name):
		here.Add("", "a CDK token: want the name itself, as rules are checked against the API's limits")
	case err == nil:
		here.Add("", "%q is an address: want a DNS name such as www.example.com, or none for any host", name)
	case len(validation.IsDNS1123Subdomain(strings.TrimPrefix(name, "*."))) > 0:
		here.Add("", "%q: want a DNS name such as www.example.com or *.example.com", name)
	case len(name) > aws.ConditionMaxChars:
		here.Add("", "%d characters: a rule's condition takes %d: want a shorter name, or %q", len(name), aws.ConditionMaxChars, "*"+name[strings.Index(name, "."):])
	case !strings.Contains(name, ".") || !strings.HasPrefix(last, "xn--") && strings.ContainsFunc(last, func(r rune) bool { return !unicode.IsLetter(r) }):
		here.Add("", "%q: a rule's condition wants a dot, and letters alone after the last one: want a full name such as www.example.com", name)
	}
}

// prefixPattern is what the controller adds to the path of a prefix, which then matches all below it: two values of a condition.
// Source: buildPathPatternsForPrefixPathType of
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/ingress/model_build_listener_rules.go
const prefixPattern = "/*"

// values are what the rule's condition on a path holds.
func (p Path) values() []string {
	path := or(p.Path, "/")
	switch {
	case p.Exact:
		return []string{path}
	case path == "/":
		return []string{prefixPattern}
	}
	path = strings.TrimSuffix(path, "/")
	return []string{path, path + prefixPattern}
}

// checkPath wants a path that the API server, the controller and a rule's condition take.
// Source: https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/apis/networking/validation/validation.go (invalidPathSequences),
// https://gateway-api.sigs.k8s.io/reference/spec/#httppathmatch, the controller's as above, and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/add-rule.html
func checkPath(here *problems.List, p Path) {
	path := p.Path
	if path == "" {
		return
	}
	kind := "a prefix"
	if p.Exact {
		kind = "an exact path"
	}
	longest := slices.MaxFunc(p.values(), func(a, b string) int { return len(a) - len(b) })
	switch sequence := badSequence(path); {
	case jsiix.IsToken(path):
		here.Add("", "a CDK token: want the path itself, as rules are checked against the API's limits")
	case !strings.HasPrefix(path, "/"):
		here.Add("", "%q: want a path that begins with /", path)
	case strings.ContainsAny(path, "*?"):
		here.Add("", "%q: the controller takes no wildcards in %s: want it without, as a path takes all below it too", path, kind)
	case sequence != "":
		here.Add("", "%q has %s, which the API server refuses: want the path as a client asks for it", path, sequence)
	case strings.ContainsFunc(path, notInPath):
		i := strings.IndexFunc(path, notInPath)
		r := []rune(path[i:])[0]
		here.Add("", "%q has %q, which a rule's condition does not take: want letters, digits and %s", path, r, aws.PathChars)
	case len(longest) > aws.ConditionMaxChars:
		here.Add("", "%d characters, with %s %d: a rule's condition takes %d: want a shorter path", len(path), longest[len(longest)-2:], len(longest), aws.ConditionMaxChars)
	}
}

// badSequence is what the API server refuses of a path, or nothing.
func badSequence(path string) string {
	for _, s := range []string{"//", "/./", "/../", "%2f", "%2F"} {
		if strings.Contains(path, s) {
			return s
		}
	}
	for _, s := range []string{"/..", "/."} {
		if strings.HasSuffix(path, s) {
			return s
		}
	}
	return ""
}

func notInPath(r rune) bool {
	return (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)) && !strings.ContainsRune(aws.PathChars, r)
}

// A condition is the controller's word for a further condition of a rule, as an annotation has it.
// Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#conditions
type condition struct {
	Field                   string
	HostHeaderConfig        *conditionValues
	PathPatternConfig       *conditionValues
	HTTPHeaderConfig        *conditionValues
	HTTPRequestMethodConfig *conditionValues
	QueryStringConfig       *conditionValues
	SourceIPConfig          *conditionValues
}

type conditionValues struct {
	Values      []any
	RegexValues []any
}

func (c condition) count() (n int) {
	for _, v := range []*conditionValues{c.HostHeaderConfig, c.PathPatternConfig, c.HTTPHeaderConfig, c.HTTPRequestMethodConfig, c.QueryStringConfig, c.SourceIPConfig} {
		if v != nil {
			n += len(v.Values) + len(v.RegexValues)
		}
	}
	return n
}

// checkConditions wants no more values in a rule's conditions than it takes: the host, what its path becomes, and what the
// annotation conditions.SERVICE adds.
func (p IngressProps) checkConditions(bad *problems.List) {
	const prefix = aws.IngressAnnotation + "conditions."
	more := map[string]int{}
	for _, k := range sorted(p.Annotations) {
		service, ok := strings.CutPrefix(k, prefix)
		if !ok {
			continue
		}
		var list []condition
		if err := json.Unmarshal([]byte(p.Annotations[k]), &list); err != nil {
			bad.At("Annotations", k).Add("", "%w: want a JSON list of conditions", err)
		}
		for _, c := range list {
			more[service] += c.count()
		}
	}
	for i, r := range p.Rules {
		for j, path := range r.Paths {
			n := len(path.values()) + more[path.Backend.Service]
			if r.Host != "" {
				n++
			}
			if n > aws.ConditionValues {
				bad.At("Rules", i).At("Paths", j).Add("", "%d values in the conditions of one rule, %d of them in Annotations[%s%s]: an ALB takes %d: want fewer there",
					n, more[path.Backend.Service], prefix, path.Backend.Service, aws.ConditionValues)
			}
		}
	}
}

// checkLabels wants labels as Kubernetes takes them.
// Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
func checkLabels(bad *problems.List, field string, labels map[string]string) {
	for _, k := range sorted(labels) {
		here, v := bad.At(field, k), labels[k]
		if len(validation.IsQualifiedName(k)) > 0 {
			here.Add("", "no key of a label: want letters, digits, -, _ and ., 63 at most, and before a / a DNS name")
		}
		if !jsiix.IsToken(v) && len(validation.IsValidLabelValue(v)) > 0 {
			here.Add("", "%q is no value of a label: want letters, digits, -, _ and ., a letter or digit at both ends, 63 at most", v)
		}
	}
}

// checkKnown wants attributes that a kind of load balancer has, with values that they take, in a list that the controller can
// read. of gives those of a kind.
func checkKnown(bad *problems.List, field string, own map[string]string, kind balancerKind, of func(string) []aws.Attribute) {
	known, names := map[string]aws.Attribute{}, []string{}
	for _, a := range of(string(kind)) {
		known[a.Name], names = a, append(names, a.Name)
	}
	for _, k := range sorted(own) {
		here, v := bad.At(field, k), own[k]
		if !lbtags.Pair(here, k, v) {
			continue
		}
		a, ok := known[k]
		like := nearest(k, names)
		switch {
		case ok && !jsiix.IsToken(v) && !a.Takes(v):
			here.Add("", "%q: want %s", v, a.Wanted())
		case ok:
		case slices.ContainsFunc(of(string(kind.other())), func(a aws.Attribute) bool { return a.Name == k }):
			here.Add("", "%q: only %s has it: leave it out", v, kind.other())
		case like != "":
			here.Add("", "%q: %s has no such attribute: want %s, or Tune for one that is newer than this package", v, kind, like)
		default:
			here.Add("", "%q: %s has no such attribute: leave it out, or want Tune for one that is newer than this package", v, kind)
		}
	}
}

// checkPolicy wants a security policy that listeners know.
func checkPolicy(bad *problems.List, field, name string) {
	if name == "" || jsiix.IsToken(name) || aws.MaybeTLSPolicy(name) {
		return
	}
	bad.Add(field, "%q: no listener knows it: want %s", name, or(nearest(name, aws.TLSPolicies()), DefaultTLSPolicy))
}

// checkStatic wants one address in each subnet: that is what the controller looks for, by the subnets' own ranges. Where those
// are not known, two addresses that no two subnets can hold are refused.
// Source: buildLoadBalancerSubnetMappings of
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/service/model_build_load_balancer.go and
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
func checkStatic(bad *problems.List, subnets []SubnetAddresses) {
	seen := map[netip.Prefix]int{}
	for i, s := range subnets {
		for _, a := range []struct {
			field    string
			address  netip.Addr
			smallest int // the bits of the smallest subnet's range
		}{{"PrivateIPv4", s.PrivateIPv4, 28}, {"IPv6", s.IPv6, 64}} {
			if !a.address.IsValid() {
				continue
			}
			here := bad.At("Subnets", i).In(a.field)
			checkWithin(here, s, a.address)
			if a.address.BitLen() <= a.smallest {
				continue // of the other family, which is told elsewhere
			}
			block, _ := a.address.WithZone("").Prefix(a.smallest)
			if other, ok := seen[block]; ok {
				here.Add("", "%s, and %s for subnet %s, are both of %s, which no two subnets share: want an address of the range of %s", a.address,
					addressOf(subnets[other], a.address), subnets[other].Subnet, block, s.Subnet)
				continue
			}
			seen[block] = i
		}
	}
}

// addressOf is the address of a subnet that is of the same family as another.
func addressOf(s SubnetAddresses, like netip.Addr) netip.Addr {
	if like.Is4() {
		return s.PrivateIPv4
	}
	return s.IPv6
}

// reserved is how many addresses at the beginning of a subnet's range AWS keeps; the last one too.
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
const reserved = 4

// checkWithin wants an address of a subnet's ranges, as far as they are known, that AWS does not keep for itself.
func checkWithin(here *problems.List, s SubnetAddresses, a netip.Addr) {
	ranges := slices.DeleteFunc(slices.Clone(s.Cidrs), func(p netip.Prefix) bool { return !valid(p) || p.Addr().Is4() != a.Is4() })
	if len(ranges) == 0 {
		return
	}
	i := slices.IndexFunc(ranges, func(p netip.Prefix) bool { return p.Contains(a) })
	if i < 0 {
		here.Add("", "%s is not of subnet %s, which has %s: want an address of that range", a, s.Subnet, ranges[0])
		return
	}
	first := ranges[i].Masked().Addr()
	for range reserved {
		if first == a {
			here.Add("", "%s is one of the first %d addresses of %s, which AWS keeps: want another", a, reserved, ranges[i])
		}
		first = first.Next()
	}
	if next := a.Next(); !next.IsValid() || !ranges[i].Contains(next) {
		here.Add("", "%s is the last address of %s, which AWS keeps: want another", a, ranges[i])
	}
}

// checkCertificates wants no more than listeners take: a default one, and some beside it.
func checkCertificates(bad *problems.List, field string, kind balancerKind, arns []string) {
	if n := len(arns); n > 1+aws.ExtraCertificates {
		bad.Add(field, "%d: %s takes %d beside the default one: want fewer, such as one for *.example.com", n, kind, aws.ExtraCertificates)
	}
}

// checkPathMTU looks at the annotation by which the controller lets in the ICMP that tells of packets that are too big: it
// knows one word for yes, and writes the rules into its own security group alone, one for each range beside those of ports.
// Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/#icmp-path-mtu-discovery
// and buildManagedSecurityGroupIngressPermissions of
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/service/model_build_managed_sg.go
func (p ServiceProps) checkPathMTU(bad *problems.List) {
	v, ok := p.Annotations[pathMTU]
	here := bad.At("Annotations", pathMTU)
	switch {
	case !ok:
	case v != "on" && v != "off":
		here.Add("", "%q: the controller knows on and off, and takes anything else for off: want \"on\"", v)
	case v == "on" && len(p.SecurityGroups) > 0:
		here.Add("", "on with SecurityGroups: the controller lets ICMP into its own group alone: want the rules in yours: ICMP 3/4 for IPv4, ICMPv6 2/0 for IPv6")
	}
}

const pathMTU = aws.ServiceAnnotation + "enable-icmp-for-path-mtu-discovery"

// letsICMP tells that the security group has a rule for ICMP beside those for ports.
func (p ServiceProps) letsICMP() bool { return p.Annotations[pathMTU] == "on" }

// perRule names what a count of rules is made of.
func perRule(n, ports int, icmp bool) string {
	s := fmt.Sprintf("%d ranges of one family for %d ports", n, ports)
	if icmp {
		s += " and ICMP"
	}
	return s
}
