package aws

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Attribute is an attribute of load balancers or of target groups, and what it takes.
type Attribute struct {
	// Name is the attribute's, such as idle_timeout.timeout_seconds.
	Name string
	// Values are words that it takes.
	Values []string
	// Min and Max bound the numbers that it takes; it takes none where Max is 0.
	Min, Max int
}

// Takes reports whether an attribute may have a value. One without Values and numbers takes any text.
func (a Attribute) Takes(value string) bool {
	if len(a.Values) == 0 && a.Max == 0 || slices.Contains(a.Values, value) {
		return true
	}
	n, err := strconv.Atoi(value)
	return err == nil && a.Max > 0 && n >= a.Min && n <= a.Max
}

// Wanted says in words what an attribute takes.
func (a Attribute) Wanted() string {
	words := slices.Clone(a.Values)
	if a.Max > 0 {
		words = append(words, strconv.Itoa(a.Min)+" to "+strconv.Itoa(a.Max))
	}
	if len(words) == 0 {
		return "a text"
	}
	return strings.Join(words, " or ")
}

var (
	trueFalse = []string{"true", "false"}
	onOff     = []string{"on", "off"}
)

// The attributes of load balancers.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
var (
	balancerAttributes = []Attribute{
		{Name: "deletion_protection.enabled", Values: trueFalse},
		{Name: "access_logs.s3.enabled", Values: trueFalse}, {Name: "access_logs.s3.bucket"}, {Name: "access_logs.s3.prefix"},
		{Name: "ipv6.deny_all_igw_traffic", Values: trueFalse},
		{Name: "zonal_shift.config.enabled", Values: trueFalse},
	}
	applicationAttributes = []Attribute{
		{Name: "idle_timeout.timeout_seconds", Min: 1, Max: 4000},
		{Name: "client_keep_alive.seconds", Min: 60, Max: 604800},
		{Name: "connection_logs.s3.enabled", Values: trueFalse}, {Name: "connection_logs.s3.bucket"}, {Name: "connection_logs.s3.prefix"},
		{Name: "health_check_logs.s3.enabled", Values: trueFalse}, {Name: "health_check_logs.s3.bucket"}, {Name: "health_check_logs.s3.prefix"},
		{Name: "routing.http.desync_mitigation_mode", Values: []string{"monitor", "defensive", "strictest"}},
		{Name: "routing.http.drop_invalid_header_fields.enabled", Values: trueFalse},
		{Name: "routing.http.preserve_host_header.enabled", Values: trueFalse},
		{Name: "routing.http.x_amzn_tls_version_and_cipher_suite.enabled", Values: trueFalse},
		{Name: "routing.http.xff_client_port.enabled", Values: trueFalse},
		{Name: "routing.http.xff_header_processing.mode", Values: []string{"append", "preserve", "remove"}},
		{Name: "routing.http2.enabled", Values: trueFalse},
		{Name: "waf.fail_open.enabled", Values: trueFalse},
	}
	networkAttributes = []Attribute{
		{Name: "load_balancing.cross_zone.enabled", Values: trueFalse}, // always true for application load balancers, and not to be set
		{Name: "dns_record.client_routing_policy", Values: []string{"availability_zone_affinity", "partial_availability_zone_affinity", "any_availability_zone"}},
		{Name: "secondary_ips.auto_assigned.per_subnet", Max: 7},
	}
)

// LoadBalancerAttributes lists the attributes of a kind of load balancer, application or network.
func LoadBalancerAttributes(kind string) []Attribute {
	return slices.Concat(balancerAttributes, map[string][]Attribute{"application": applicationAttributes, "network": networkAttributes}[kind])
}

// The attributes of target groups of IP addresses.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
var (
	targetAttributes = []Attribute{
		{Name: "deregistration_delay.timeout_seconds", Max: 3600},
		{Name: "stickiness.enabled", Values: trueFalse},
		{Name: "load_balancing.cross_zone.enabled", Values: []string{"true", "false", "use_load_balancer_configuration"}},
		{Name: "target_group_health.dns_failover.minimum_healthy_targets.count", Values: []string{"off"}, Min: 1, Max: 1000},
		{Name: "target_group_health.dns_failover.minimum_healthy_targets.percentage", Values: []string{"off"}, Min: 1, Max: 100},
		{Name: "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", Min: 1, Max: 1000},
		{Name: "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", Values: []string{"off"}, Min: 1, Max: 100},
	}
	applicationTargetAttributes = []Attribute{
		{Name: "stickiness.type", Values: []string{"lb_cookie", "app_cookie"}},
		{Name: "load_balancing.algorithm.type", Values: []string{"round_robin", "least_outstanding_requests", "weighted_random"}},
		{Name: "load_balancing.algorithm.anomaly_mitigation", Values: onOff},
		{Name: "slow_start.duration_seconds", Values: []string{"0"}, Min: 30, Max: 900},
		{Name: "stickiness.app_cookie.cookie_name"},
		{Name: "stickiness.app_cookie.duration_seconds", Min: 1, Max: 604800},
		{Name: "stickiness.lb_cookie.duration_seconds", Min: 1, Max: 604800},
	}
	networkTargetAttributes = []Attribute{
		{Name: "stickiness.type", Values: []string{"source_ip"}},
		{Name: "deregistration_delay.connection_termination.enabled", Values: trueFalse},
		{Name: "preserve_client_ip.enabled", Values: trueFalse},
		{Name: "proxy_protocol_v2.enabled", Values: trueFalse},
		{Name: "target_health_state.unhealthy.connection_termination.enabled", Values: trueFalse},
		{Name: "target_health_state.unhealthy.draining_interval_seconds", Max: 360000},
	}
)

// TargetGroupAttributes lists the attributes of target groups behind a kind of load balancer, application or network.
func TargetGroupAttributes(kind string) []Attribute {
	return slices.Concat(targetAttributes, map[string][]Attribute{"application": applicationTargetAttributes, "network": networkTargetAttributes}[kind])
}

// tlsPolicies are the security policies of HTTPS and TLS listeners.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html
var tlsPolicies = []string{
	"ELBSecurityPolicy-TLS13-1-3-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
	"ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-Ext2-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-0-PQ-2025-09",
	"ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-FIPS-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09",
	"ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-PQ-2025-09",
	"ELBSecurityPolicy-TLS13-1-0-FIPS-PQ-2025-09",
	"ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
	"ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", "ELBSecurityPolicy-TLS13-1-1-2021-06", "ELBSecurityPolicy-TLS13-1-0-2021-06",
	"ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
	"ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-2023-04",
	"ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-0-FIPS-2023-04",
	"ELBSecurityPolicy-FS-1-2-Res-2020-10", "ELBSecurityPolicy-FS-1-2-Res-2019-08", "ELBSecurityPolicy-FS-1-2-2019-08", "ELBSecurityPolicy-FS-1-1-2019-08",
	"ELBSecurityPolicy-FS-2018-06", "ELBSecurityPolicy-TLS-1-2-Ext-2018-06", "ELBSecurityPolicy-TLS-1-2-2017-01", "ELBSecurityPolicy-TLS-1-1-2017-01",
	"ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS-1-0-2015-04", "ELBSecurityPolicy-2015-05",
}

// newestTLSPolicies is the month of the newest of them.
const newestTLSPolicies = "2025-09"

// TLSPolicies lists the security policies of HTTPS and TLS listeners that are known here.
func TLSPolicies() []string { return slices.Clone(tlsPolicies) }

// MaybeTLSPolicy reports whether a listener may take a security policy: one that is known, or one that is called as they
// are and is of a later month than any that is known.
func MaybeTLSPolicy(name string) bool {
	if slices.Contains(tlsPolicies, name) {
		return true
	}
	const month = len("2025-09")
	if !strings.HasPrefix(name, "ELBSecurityPolicy-") || len(name) < month {
		return false
	}
	of := name[len(name)-month:]
	for i, r := range of {
		if (i == 4) != (r == '-') || i != 4 && !unicode.IsDigit(r) {
			return false
		}
	}
	return of > newestTLSPolicies
}

// Limits of application load balancers' rules. A condition's value is a host, or a path with what the controller adds.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
const (
	ListenerRules     = 100 // of a load balancer, a default quota
	ConditionValues   = 5   // of a rule, whatever the conditions
	ConditionMaxChars = 128 // of a host or a path
	// PathChars are the characters of a path condition beside letters and digits. The wildcards * and ? are not among them.
	// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/add-rule.html
	PathChars = `_-.$/~"'@:+;&`
)

// ExtraCertificates is how many certificates a load balancer takes beside the default ones, a default quota.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html
const ExtraCertificates = 25

// Limits of tags.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Tag.html and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-tags.html
const (
	TagKeyMaxChars   = 128
	TagValueMaxChars = 256
	TagsOfResource   = 50
	TagChars         = "_.:/=+-@" // beside letters, digits and blanks
	TagReserved      = "aws:"     // begins the tags that only AWS sets, in any case
)

// IsTagText reports whether a tag's key or value has no other characters than tags take.
func IsTagText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Z, r) && !strings.ContainsRune(TagChars, r)
	})
}

// HealthCheckTimes are how often targets are checked, and how long they may take to answer, in seconds.
type HealthCheckTimes struct{ Interval, Timeout int }

// What the load balancer controller tells Elastic Load Balancing where nothing else is said.
// Source: NewDefaultModelBuilder and newTargetGroupBuilder in pkg/ingress, pkg/service and pkg/gateway/model of
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/tree/v3.5.0
var (
	IngressHealthCheck = HealthCheckTimes{15, 5}
	ServiceHealthCheck = HealthCheckTimes{10, 10}
	GatewayHealthCheck = HealthCheckTimes{15, 5}
)

// NetworkHealthCheck is what Elastic Load Balancing does for a network load balancer's targets where nothing else is said, by
// the protocol of the check.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
func NetworkHealthCheck(protocol string) HealthCheckTimes {
	if protocol == "HTTP" {
		return HealthCheckTimes{30, 6}
	}
	return HealthCheckTimes{30, 10}
}

// InTime reports whether an answer may take that long behind a kind of load balancer, application or network: an application
// load balancer wants it before the next check begins, a network load balancer by then.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html and
// https://github.com/aws/aws-cdk/issues/16446
func (t HealthCheckTimes) InTime(kind string) bool {
	return t.Timeout < t.Interval || kind == "network" && t.Timeout == t.Interval
}

// ALPNPolicies are what a TLS listener of a network load balancer says of HTTP/2.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html#alpn-policies
func ALPNPolicies() []string {
	return []string{"HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None"}
}
