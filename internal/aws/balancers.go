package aws

import (
	"slices"
	"strings"
)

// targetProtocols are the protocols of target groups that a listener of a protocol may forward to, by the kind of load balancer.
// Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html#target-group-routing-configuration and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-routing-configuration
var targetProtocols = map[string]map[string][]string{
	"network": {
		"TCP": {"TCP", "TCP_UDP"}, "TLS": {"TCP", "TLS"}, "UDP": {"UDP", "TCP_UDP"}, "TCP_UDP": {"TCP_UDP"},
		"QUIC": {"QUIC", "TCP_QUIC"}, "TCP_QUIC": {"TCP_QUIC"},
	},
	"application": {"HTTP": {"HTTP", "HTTPS"}, "HTTPS": {"HTTP", "HTTPS"}},
}

// Fits reports whether a listener may forward to a target group, by the protocols of both. A protocol that no page names, or that
// is not known, counts as one that fits.
func Fits(kind, listener, target string) bool {
	fit, ok := targetProtocols[kind][strings.ToUpper(listener)]
	return !ok || !slices.ContainsFunc(allProtocols, func(p string) bool { return strings.EqualFold(p, target) }) ||
		slices.Contains(fit, strings.ToUpper(target))
}

var allProtocols = []string{"HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC", "GENEVE"}

// HearsBoth reports whether a listener takes TCP and UDP on its port.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html
func HearsBoth(protocol string) bool {
	return strings.EqualFold(protocol, "TCP_UDP") || strings.EqualFold(protocol, "TCP_QUIC")
}
