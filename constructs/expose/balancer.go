package expose

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/lbtags"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// DefaultTLSPolicy is what AWS recommends and its console sets for HTTPS and TLS listeners: TLS 1.3 and 1.2 with forward
// secrecy, and a post-quantum key exchange for clients that know it. The API's own default is of 2016.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html
const DefaultTLSPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

// Scheme says from where a load balancer is reached.
type Scheme int

// The schemes.
const (
	// Internal is reached from the VPC and from what is joined to it.
	Internal Scheme = iota
	// InternetFacing is reached from the internet, by both families.
	InternetFacing
)

// String is the controller's name for it.
func (s Scheme) String() string {
	if s == InternetFacing {
		return "internet-facing"
	}
	return "internal"
}

// AddressType says which addresses a load balancer has. There is no IPv4-only one: the controller puts none in front of
// IPv6 Pods.
type AddressType int

// The address types.
const (
	// DualStack has addresses of both families.
	DualStack AddressType = iota
	// DualStackWithoutPublicIPv4 has public IPv6 and private IPv4 addresses: no charge for public IPv4, and no IPv4 client
	// from the internet. ALBs only, and not with authentication, whose calls to the identity provider need public IPv4.
	// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#ip-address-type
	DualStackWithoutPublicIPv4
)

// String is the controller's name for it.
func (a AddressType) String() string {
	if a == DualStackWithoutPublicIPv4 {
		return aws.DualStackWithoutPublicIPv4
	}
	return "dualstack"
}

// Families says which families of clients may connect.
type Families int

// The families.
const (
	BothFamilies Families = iota
	OnlyIPv4
	OnlyIPv6
)

// String names the families.
func (f Families) String() string { return [...]string{"BothFamilies", "OnlyIPv4", "OnlyIPv6"}[f] }

// Inbound says who may connect to a load balancer: the rules of the security group that the controller makes for it.
type Inbound struct {
	// Cidrs are the clients' ranges, of both families. Ranges of one family alone are refused unless Families says so: the
	// controller would take them as they are and shut the other family out.
	// Default: the cluster's VPC for an internal load balancer. An internet-facing one has no default.
	Cidrs []netip.Prefix

	// ClusterVpc adds both ranges of the cluster's VPC to Cidrs. Only the constructs know them.
	// Default: false, but true for an internal load balancer without Cidrs.
	ClusterVpc bool

	// Anywhere opens an internet-facing load balancer to every address.
	// Default: false.
	Anywhere bool

	// Families shuts one family out.
	// Default: BothFamilies.
	Families Families

	vpc []string // both ranges of the cluster's VPC, IPv4 first, when a construct knows them
}

// maxGroupRules is a quota of security groups, for each family:
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
const maxGroupRules = 60

// check tells what is wrong with who may connect. ports is how many listeners the ranges open, icmp that each has a rule for
// ICMP too; groups says that security groups of the user's decide instead.
func (in Inbound) check(bad *problems.List, scheme Scheme, ports int, icmp, groups bool) {
	if groups {
		if len(in.Cidrs) > 0 || in.Anywhere || in.ClusterVpc || in.Families != BothFamilies {
			bad.Add("Inbound", "given with SecurityGroups, whose rules decide, so that the controller ignores it: want one of the two")
		}
		return
	}
	in.checkCidrs(bad, scheme)
	if in.Families < BothFamilies || in.Families > OnlyIPv6 {
		bad.Add("Inbound.Families", "%d: want BothFamilies, OnlyIPv4 or OnlyIPv6", int(in.Families))
	}
	four, six := in.count()
	each := max(ports, 1)
	if icmp {
		each++
	}
	for _, n := range []int{four, six} {
		if rules := n * each; rules > maxGroupRules {
			bad.Add("Inbound.Cidrs", "%s are %d rules: a security group takes %d in each family: want fewer ranges, or SecurityGroups with prefix lists", perRule(n, ports, icmp), rules, maxGroupRules)
		}
	}
	in.checkWho(bad, scheme)
}

func (in Inbound) checkCidrs(bad *problems.List, scheme Scheme) {
	seen := map[netip.Prefix]bool{}
	for i, c := range in.Cidrs {
		here := bad.At("Inbound.Cidrs", i)
		switch {
		case !valid(c):
			here.Add("", "invalid prefix: want a range such as 203.0.113.0/24 or 2001:db8::/32")
			continue
		case c != c.Masked():
			here.Add("", "%s has host bits set: want %s", c, c.Masked())
		case aws.Wide(c):
			here.Add("", "%s is as wide as the world: want your clients' ranges%s", c, map[Scheme]string{InternetFacing: ", or Inbound.Anywhere to mean it"}[scheme])
		case seen[c]:
			here.Add("", "%s is named twice: want each range once", c)
		case in.Families == OnlyIPv4 && c.Addr().Is6(), in.Families == OnlyIPv6 && c.Addr().Is4():
			here.Add("", "%s with Families %s: want ranges of that family, or BothFamilies", c, in.Families)
		}
		seen[c] = true
	}
}

// checkWho tells what is wrong with the choice as a whole, and whether it shuts a family out in silence.
func (in Inbound) checkWho(bad *problems.List, scheme Scheme) {
	four, six := in.count()
	switch {
	case in.Anywhere && scheme == Internal:
		bad.Add("Inbound.Anywhere", "an internal load balancer is not for everyone: want Inbound.Cidrs, or nothing for the cluster's VPC")
	case in.Anywhere && (len(in.Cidrs) > 0 || in.ClusterVpc):
		bad.Add("Inbound.Anywhere", "true with ranges: want one of the two")
	case in.Anywhere || len(in.Cidrs) == 0 && in.ClusterVpc:
	case len(in.Cidrs) == 0 && scheme == InternetFacing:
		bad.Add("Inbound", "missing: the controller would open an internet-facing load balancer to the world: want your clients' ranges of both families in Inbound.Cidrs, or Inbound.Anywhere to mean it")
	case four+six == 0 || in.Families != BothFamilies || in.ClusterVpc: // which has both families
	case six == 0:
		bad.Add("Inbound.Cidrs", "only IPv4 ranges, which shuts IPv6 clients out: add their IPv6 ranges, or say so with Inbound.Families OnlyIPv4")
	case four == 0:
		bad.Add("Inbound.Cidrs", "only IPv6 ranges, which shuts IPv4 clients out: add their IPv4 ranges, or say so with Inbound.Families OnlyIPv6")
	}
}

// count is how many of the ranges are of each family.
func (in Inbound) count() (four, six int) {
	for _, c := range in.Cidrs {
		switch {
		case !valid(c):
		case c.Addr().Is4():
			four++
		default:
			six++
		}
	}
	return four, six
}

// valid tells that a range is one of IPv4 or of IPv6.
func valid(c netip.Prefix) bool { return c.IsValid() && !c.Addr().Is4In6() }

// ranges are what the controller is told, always something: left alone it opens the load balancer to the world. The error
// says that the ranges of the cluster's VPC are not known here.
func (in Inbound) ranges() ([]string, error) {
	keep := func(ipv4 bool) bool {
		return in.Families == BothFamilies || in.Families == OnlyIPv4 && ipv4 || in.Families == OnlyIPv6 && !ipv4
	}
	var out []string
	add := func(s string, ipv4 bool) {
		if keep(ipv4) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if in.Anywhere {
		add("0.0.0.0/0", true)
		add("::/0", false)
		return out, nil
	}
	if in.ClusterVpc || len(in.Cidrs) == 0 {
		if len(in.vpc) != 2 {
			return nil, fmt.Errorf("Inbound.Cidrs: the ranges of the cluster's VPC are not known here: want the VPC's IPv4 and IPv6 ranges, or those of your clients")
		}
		add(in.vpc[0], true)
		add(in.vpc[1], false)
	}
	for _, c := range in.Cidrs {
		add(c.String(), c.Addr().Is4())
	}
	return out, nil
}

// HealthCheck says how a load balancer finds Pods that can serve. Limits:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
type HealthCheck struct {
	// Protocol is HTTP, HTTPS or, for an NLB, TCP.
	// Default: HTTP for an ALB and where Path is given, else TCP.
	Protocol string
	// Path is what HTTP checks ask for.
	// Default: /.
	Path string
	// Port is the Pod's port that is asked.
	// Default: the port that traffic goes to.
	Port int
	// IntervalSeconds is the time between two checks, 5 to 300.
	// Default: the controller's, 15 for an Ingress or a Gateway and 10 for a Service; AWS's 30 for a BoundNLB.
	IntervalSeconds int
	// TimeoutSeconds is how long an answer may take, 2 to 120: less than the interval behind an ALB, and no more than it behind
	// an NLB. Where one of the two is given, it must fit the other's default.
	// Default: the controller's, 5 for an Ingress or a Gateway and 10 for a Service; AWS's for a BoundNLB, 6 for HTTP and
	// otherwise 10.
	TimeoutSeconds int
	// HealthyThreshold and UnhealthyThreshold are how many checks in a row decide, 2 to 10.
	// Default: the controller's.
	HealthyThreshold, UnhealthyThreshold int
	// SuccessCodes are the HTTP codes of a healthy Pod, such as 200 or 200-399; with ProtocolVersion GRPC those of gRPC, such as
	// 0.
	// Default: the controller's: for an Ingress 200, for a Service and a Gateway 200-399, for gRPC 12, a method that is not there.
	SuccessCodes string
}

// check tells what is wrong with a health check. times are those where it says none.
func (h HealthCheck) check(bad *problems.List, kind balancerKind, times aws.HealthCheckTimes) {
	protocols := healthProtocols[kind]
	if h.Protocol != "" && !slices.Contains(protocols, h.Protocol) {
		bad.Add("HealthCheck.Protocol", "%q: want %s", h.Protocol, strings.Join(protocols, ", "))
	}
	if h.Protocol == "TCP" && (h.Path != "" || h.SuccessCodes != "") {
		bad.Add("HealthCheck.Path", "%q with Protocol TCP, which asks for nothing: want HTTP, or no Path and SuccessCodes", h.Path)
	}
	if h.Path != "" && !jsiix.IsToken(h.Path) && (!strings.HasPrefix(h.Path, "/") || strings.ContainsFunc(h.Path, unicode.IsSpace) || len(h.Path) > maxHealthPath) {
		bad.Add("HealthCheck.Path", "%q: want a path that begins with /, without blanks, %d characters at most", h.Path, maxHealthPath)
	}
	between := func(field string, v, low, high int) {
		if v != 0 && (v < low || v > high) {
			bad.Add("HealthCheck."+field, "%d: want %d to %d", v, low, high)
		}
	}
	between("Port", h.Port, 1, 65535)
	between("IntervalSeconds", h.IntervalSeconds, minInterval, 300)
	between("TimeoutSeconds", h.TimeoutSeconds, minTimeout, 120)
	between("HealthyThreshold", h.HealthyThreshold, 2, 10)
	between("UnhealthyThreshold", h.UnhealthyThreshold, 2, 10)
	h.checkTimes(bad, kind, times)
}

// checkTimes wants answers in time, also where one of the times is a default.
func (h HealthCheck) checkTimes(bad *problems.List, kind balancerKind, times aws.HealthCheckTimes) {
	if h.IntervalSeconds == 0 && h.TimeoutSeconds == 0 {
		return
	}
	if h.IntervalSeconds != 0 && h.IntervalSeconds < minInterval || h.TimeoutSeconds != 0 && h.TimeoutSeconds < minTimeout {
		return // which is told already
	}
	own, want := times, map[balancerKind]string{application: "less than the interval", network: "no more than the interval"}[kind]
	if h.IntervalSeconds != 0 {
		own.Interval = h.IntervalSeconds
	}
	if h.TimeoutSeconds != 0 {
		own.Timeout = h.TimeoutSeconds
	}
	switch {
	case own.InTime(string(kind)):
	case h.IntervalSeconds == 0:
		bad.Add("HealthCheck.TimeoutSeconds", "%d with the interval's default, %d: want %s, or IntervalSeconds too", own.Timeout, own.Interval, want)
	case h.TimeoutSeconds == 0:
		bad.Add("HealthCheck.IntervalSeconds", "%d with the timeout's default, %d: want TimeoutSeconds too, %s", own.Interval, own.Timeout, want)
	default:
		bad.Add("HealthCheck.TimeoutSeconds", "%d with an interval of %d: want %s", own.Timeout, own.Interval, want)
	}
}

const minInterval, minTimeout = 5, 2

// maxHealthPath is the API's: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
const maxHealthPath = 1024

// Lists of codes and ranges of them, of HTTP and of gRPC.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
var (
	successCodes = regexp.MustCompile(`^[2-5][0-9]{2}(-[2-5][0-9]{2})?(,[2-5][0-9]{2}(-[2-5][0-9]{2})?)*$`)
	grpcCodes    = regexp.MustCompile(`^[0-9]{1,2}(-[0-9]{1,2})?(,[0-9]{1,2}(-[0-9]{1,2})?)*$`)
)

// AccessLogs is the S3 bucket that a load balancer writes its log to. The bucket's policy must let Elastic Load Balancing
// write: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
type AccessLogs struct {
	// Bucket is the bucket's name, which may be a token.
	Bucket string
	// Prefix goes before the objects' names.
	// Default: none.
	Prefix string
}

// attributes are a load balancer's, from the fields that stand for one and the user's own.
func attributes(own map[string]string, logs *AccessLogs, protection, crossZone bool) map[string]string {
	out := maps.Clone(own)
	if out == nil {
		out = map[string]string{}
	}
	if logs != nil {
		out["access_logs.s3.enabled"], out["access_logs.s3.bucket"] = "true", logs.Bucket
		if logs.Prefix != "" {
			out["access_logs.s3.prefix"] = logs.Prefix
		}
	}
	if protection {
		out["deletion_protection.enabled"] = "true"
	}
	if crossZone {
		out["load_balancing.cross_zone.enabled"] = "true"
	}
	return out
}

// attributeFields are the attributes that fields stand for.
var attributeFields = []struct{ prefix, field string }{
	{"access_logs.s3.", "AccessLogs"}, {"deletion_protection.enabled", "DeletionProtection"},
}

const crossZoneAttribute = "load_balancing.cross_zone.enabled"

func (f front) checkAttributes(bad *problems.List) {
	own := maps.Clone(f.attributes)
	for k := range f.attributes {
		for _, field := range attributeFields {
			if strings.HasPrefix(k, field.prefix) {
				bad.At("Attributes", k).Add("", "want the field %s", field.field)
				delete(own, k)
			}
		}
	}
	if _, ok := own[crossZoneAttribute]; ok {
		if f.kind == application {
			// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
			bad.At("Attributes", crossZoneAttribute).Add("", "%s always spreads requests over all zones: leave it out", f.kind)
		} else if f.crossZoneField {
			bad.At("Attributes", crossZoneAttribute).Add("", "want the field CrossZone")
		}
		if f.kind == application || f.crossZoneField {
			delete(own, crossZoneAttribute)
		}
	}
	checkKnown(bad, "Attributes", own, f.kind, aws.LoadBalancerAttributes)
	for _, k := range sorted(own) {
		if k == "ipv6.deny_all_igw_traffic" && f.scheme == Internal && own[k] == "false" {
			// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
			bad.At("Attributes", k).Add("", "%s: an internal load balancer would be reachable from the IPv6 internet through an internet gateway: leave it out, or want InternetFacing", own[k])
		}
	}
	if f.logs != nil {
		f.logs.check(bad.In("AccessLogs"))
	}
}

// check wants a bucket, and a prefix that a list a=b,c=d can hold.
func (l AccessLogs) check(here *problems.List) {
	switch {
	case l.Bucket == "":
		here.Add("Bucket", "missing: want the name of an S3 bucket")
	case !jsiix.IsToken(l.Bucket) && !bucketName.MatchString(l.Bucket):
		here.Add("Bucket", "%q: want the name of an S3 bucket: 3 to 63 lower case letters, digits, hyphens and dots", l.Bucket)
	}
	if !jsiix.IsToken(l.Prefix) && strings.ContainsFunc(l.Prefix, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`,\=`, r) }) {
		here.Add("Prefix", "%q: want it without blanks, commas, = and backslashes", l.Prefix)
	}
}

// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// checkAnnotations refuses those that fields stand for. owned are their names, after the prefix.
func checkAnnotations(bad *problems.List, own map[string]string, prefix string, owned []ownedAnnotation) {
	for _, k := range sorted(own) {
		name, ok := strings.CutPrefix(k, prefix)
		for _, o := range owned {
			if ok && name == o.name || k == o.name {
				bad.At("Annotations", k).Add("", "%s: want %s", own[k], o.instead)
			}
		}
	}
}

type ownedAnnotation struct{ name, instead string }

// checkName wants a name that Kubernetes takes for an object and its namespace.
func checkName(bad *problems.List, name, namespace string) {
	if msgs := validation.IsDNS1035Label(name); len(msgs) > 0 {
		bad.Add("Name", "%q: want lower case letters, digits and hyphens, beginning with a letter, 63 at most", name)
	}
	checkNamespace(bad, namespace)
}

func checkNamespace(bad *problems.List, namespace string) {
	if msgs := validation.IsDNS1123Label(namespace); len(msgs) > 0 {
		bad.Add("Namespace", "%q: want lower case letters, digits and hyphens, 63 at most", namespace)
	}
}

// maxName is the API's: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
const maxName = 32

func checkBalancerName(bad *problems.List, name string) {
	if name == "" || jsiix.IsToken(name) {
		return
	}
	ok := len(name) <= maxName && !strings.HasPrefix(name, "-") && !strings.HasSuffix(name, "-") && !strings.HasPrefix(name, "internal-")
	for _, r := range name {
		ok = ok && (r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	if !ok {
		bad.Add("LoadBalancerName", "%q: want %d letters, digits and hyphens at most, no hyphen at either end, and no internal- before it", name, maxName)
	}
}

// arnOf are what ARNs are of, by their service.
var arnOf = map[string]string{"acm": "an ACM certificate", "wafv2": "a WAF web ACL", "cognito-idp": "a Cognito user pool"}

// checkArns wants ARNs, or tokens for them.
func checkArns(bad *problems.List, field, service string, arns ...string) {
	for i, a := range arns {
		checkArn(bad.At(field, i), service, a)
	}
}

func checkArn(here *problems.List, service, arn string) {
	if !lbtags.Blanks(here, arn) {
		return
	}
	if parts := strings.SplitN(arn, ":", 6); !jsiix.IsToken(arn) && (len(parts) != 6 || parts[0] != "arn" || parts[2] != service || strings.ContainsAny(arn, ", ")) {
		here.Add("", "%q: want the ARN of %s", arn, arnOf[service])
	}
}

// maxGroups is how many security groups a load balancer takes.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const maxGroups = 5

func checkSecurityGroups(bad *problems.List, groups []string) {
	if len(groups) > maxGroups {
		bad.Add("SecurityGroups", "%d: a load balancer takes %d", len(groups), maxGroups)
	}
	for i, g := range groups {
		here := bad.At("SecurityGroups", i)
		if strings.TrimSpace(g) == "" || strings.Contains(g, ",") {
			here.Add("", "%q: want the id or Name tag of a security group", g)
			continue
		}
		lbtags.Blanks(here, g)
	}
}

// A set collects annotations, leaving out those without a value.
type set map[string]string

func (s set) put(name, value string) {
	if value != "" {
		s[name] = value
	}
}

func (s set) num(name string, value int) {
	if value != 0 {
		s[name] = strconv.Itoa(value)
	}
}
