package main

import (
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/stacks"
)

func TestChoices(t *testing.T) {
	t.Parallel()
	given := func(m map[string]string) func(string) string { return func(key string) string { return m[key] } }
	p, err := choices(&stacks.PlatformProps{}, given(map[string]string{"join": "transit-gateway", "clientKind": "ipv6-cluster", "clientCidr": "10.7.0.0/16", "clientDualStack": "true"}))
	if err != nil || p.Join != stacks.JoinTransitGateway || p.Clients.Kind != stacks.ClientIPv6Cluster || p.Clients.Cidr.String() != "10.7.0.0/16" || !p.Clients.DualStack {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := choices(&stacks.PlatformProps{}, given(nil)); err != nil || p.Join != stacks.JoinPeering {
		t.Errorf("%+v, %v", p, err)
	}
	for key, c := range map[string]struct{ value, want string }{
		"join":            {"vpn", `-c join=vpn: "vpn": want peering, transit-gateway, privatelink or same-vpc`},
		"clientKind":      {"phones", `-c clientKind=phones: "phones": want hosts, ipv4-cluster or ipv6-cluster`},
		"clientCidr":      {"10.0.0.0/16", "Clients.Cidr: 10.0.0.0/16 overlaps 10.0.0.0/16 of Network"},
		"clientDualStack": {"perhaps", "-c clientDualStack=perhaps: want true or false"},
	} {
		if _, err := choices(&stacks.PlatformProps{}, given(map[string]string{key: c.value})); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: %v, want %q", key, c.value, err, c.want)
		}
	}
	for name := range ids {
		if ids[name] == "" {
			t.Errorf("%v has no stack", name)
		}
	}
	if len(ids) != len(stacks.Joins()) {
		t.Errorf("%d stacks for %d joins", len(ids), len(stacks.Joins()))
	}
}
