package packetlab

import (
	"net/netip"
	"testing"

	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

func TestNAT64(t *testing.T) {
	tools := ToolsFromEnv()
	if tools.NAT64 == "" {
		if tools.NoNAT64 == "" {
			t.Fatal("there is no translator, and no reason is given")
		}
		t.Log("there is no NAT64 here: " + tools.NoNAT64)
		return
	}
	gateway, client := netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr("2001:db8:1::1")
	server := newServer(t)

	nat, host := box(t, "nat"), box(t, "host")
	for _, b := range []*wire.Box{nat, host} {
		must(t, wire.Link(server, b.Name, b, "eth0"))
		must(t, b.Default("eth0"))
	}
	must(t, nat.Address("eth0", gateway))
	must(t, host.Address("eth0", client))
	must(t, server.Route(wire.Route{To: nat64Prefix, Link: nat.Name, Via: leaf}))
	must(t, server.Route(wire.Route{To: wire.One(client), Link: host.Name}))
	must(t, server.Route(wire.Route{To: wire.One(gateway), Link: nat.Name}))
	must(t, nat.Filter(func(f *wire.Filter) {
		f.Translation("out", wire.After, 100).Rule(wire.Out("eth0"), wire.Four, wire.SNAT(gateway, 0, 0))
	}))

	through := func(a netip.Addr) netip.Addr {
		to := nat64Prefix.Addr().As16()
		copy(to[12:], a.AsSlice())
		return netip.AddrFrom16(to)
	}
	without := func() {
		t.Helper()
		if from, err := seen(host, "tcp", through(serverIPv4)); err == nil {
			t.Errorf("without a translator the host is seen from %s", from)
		}
	}
	without()
	translator, err := startNAT64(tools, nat)
	must(t, err)
	for _, a := range []netip.Addr{serverIPv4, privateIPv4} {
		for _, network := range []string{"tcp", "udp"} {
			from, err := seen(host, network, through(a))
			if err != nil || from.Addr() != gateway {
				t.Errorf("%s: %s is seen from %s (%v), want %s", a, network, from, err, gateway)
			}
		}
	}
	must(t, translator.Close())
	without()
}

func TestNAT64Fails(t *testing.T) {
	if _, err := startNAT64(Tools{NAT64: "/bin/false"}, box(t, "nat")); err == nil {
		t.Error("a translator that ends at once is said to run")
	}
}
