package aws

import (
	"slices"
	"strings"
	"testing"
)

func TestAttributes(t *testing.T) {
	t.Parallel()
	for kind, lists := range map[string][][]Attribute{
		"application": {LoadBalancerAttributes("application"), TargetGroupAttributes("application")},
		"network":     {LoadBalancerAttributes("network"), TargetGroupAttributes("network")},
	} {
		for _, list := range lists {
			seen := map[string]bool{}
			for _, a := range list {
				if seen[a.Name] || a.Name == "" || strings.ToLower(a.Name) != a.Name || a.Min > a.Max {
					t.Errorf("%s: %+v", kind, a)
				}
				seen[a.Name] = true
			}
		}
	}
	for _, c := range []struct {
		a      Attribute
		value  string
		takes  bool
		wanted string
	}{
		{Attribute{Name: "text"}, "anything", true, "a text"},
		{Attribute{Values: trueFalse}, "true", true, "true or false"},
		{Attribute{Values: trueFalse}, "True", false, "true or false"},
		{Attribute{Min: 1, Max: 9}, "9", true, "1 to 9"},
		{Attribute{Min: 1, Max: 9}, "0", false, "1 to 9"},
		{Attribute{Min: 1, Max: 9}, "10", false, "1 to 9"},
		{Attribute{Min: 1, Max: 9}, "two", false, "1 to 9"},
		{Attribute{Values: []string{"off"}, Min: 1, Max: 9}, "off", true, "off or 1 to 9"},
	} {
		if c.a.Takes(c.value) != c.takes || c.a.Wanted() != c.wanted {
			t.Errorf("%+v: %q is taken: %t; wants %s", c.a, c.value, !c.takes, c.a.Wanted())
		}
	}
	if has := func(kind string) bool {
		return slices.ContainsFunc(LoadBalancerAttributes(kind), func(a Attribute) bool { return a.Name == "load_balancing.cross_zone.enabled" })
	}; has("application") || !has("network") {
		t.Error("cross-zone load balancing is set for network load balancers alone")
	}
}

func TestTLSPolicies(t *testing.T) {
	t.Parallel()
	for _, name := range TLSPolicies() {
		if !MaybeTLSPolicy(name) || !strings.HasPrefix(name, "ELBSecurityPolicy-") || name[len(name)-7:] > newestTLSPolicies {
			t.Error(name)
		}
	}
	for name, want := range map[string]bool{
		"ELBSecurityPolicy-TLS14-1-4-2027-01": true, "ELBSecurityPolicy-TLS14-1-4-2025-09": false, "ELBSecurityPolicy-TLS14-1-4-9999-xx": false,
		"Policy-2027-01": false, "ELBSecurityPolicy-": false, "": false, "ELBSecurityPolicy-TLS13-1-2-2021-6": false,
	} {
		if MaybeTLSPolicy(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{
		"elbv2.k8s.aws/cluster": true, "ingress.k8s.aws/stack": true, "service.k8s.aws/resource": true, "gateway.k8s.aws.nlb/stack": true, "gateway.k8s.aws.alb/resource": true,
		"team": false, "elbv2.k8s.aws": false, "example.com/elbv2.k8s.aws": false,
	} {
		if IsControllerTag(key) != want {
			t.Errorf("%s: %t", key, !want)
		}
	}
	for s, want := range map[string]bool{"": true, "Größe 1_.:/=+-@": true, "a,b": false, "a\nb": false, "a&b": false} {
		if IsTagText(s) != want {
			t.Errorf("%q: %t", s, !want)
		}
	}
}

func TestHealthCheckTimes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		times HealthCheckTimes
		kind  string
		want  bool
	}{
		"Ingress": {IngressHealthCheck, "application", true}, "Service": {ServiceHealthCheck, "network", true}, "Gateway": {GatewayHealthCheck, "application", true},
		"Gateway's NLB": {GatewayHealthCheck, "network", true}, "TCP": {NetworkHealthCheck("TCP"), "network", true}, "HTTP": {NetworkHealthCheck("HTTP"), "network", true},
		"as long as the interval": {HealthCheckTimes{10, 10}, "application", false}, "longer": {HealthCheckTimes{10, 11}, "network", false},
	} {
		if c.times.InTime(c.kind) != c.want {
			t.Errorf("%s: %t", name, !c.want)
		}
	}
}
