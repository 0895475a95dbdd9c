package flow_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/eks-ipv6/cdk/internal/behind"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/netset"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/catalogue"
)

func sampling(most int) network.Sampling {
	return network.Sampling{Max: most, Protocols: netset.Just(6, 17), Used: map[network.Header]bool{}, Given: map[netip.Addr]netip.Addr{}}
}

// TestSample: a sample is one packet, which is in one region and fares as that does; its ends are the packet's.
func TestSample(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			n, err := network.Load(cfn.Options{}, file)
			if err != nil {
				t.Fatal(err)
			}
			of := sampling(8)
			sent := map[string]bool{}
			results, _ := catalogue.Ask(n)
			for i, r := range results {
				of.Seed = uint64(i)
				list := n.Sample(r.Trace, of)
				if len(list) == 0 || len(list) > of.Max {
					t.Errorf("%s → %s: %d samples", r.From, r.To, len(list))
				}
				for _, s := range list {
					checkSample(t, s)
					checkGiven(t, s, of)
					if p := s.Hops[0].Before; sent[fmt.Sprint(p)] {
						t.Errorf("%s → %s: %v is sent twice", r.From, r.To, p)
					} else {
						sent[fmt.Sprint(p)] = true
					}
				}
			}
		})
	}
}

func checkSample(t *testing.T, s network.Trace) {
	t.Helper()
	if len(s.Regions) != 1 || s.Regions[0].Verdict != s.Verdict {
		t.Errorf("%s → %s: %v is %v, and is in %d regions: %+v", s.From, s.To, s.Hops[0].Before, s.Verdict, len(s.Regions), s.Regions)
	}
	e, ok := s.Ends()
	p := s.Hops[0].Before
	if !ok || e.Port != p.DstPort || e.Proto.String() != p.Proto.String() {
		t.Errorf("%s → %s: %v has ends %s/%d", s.From, s.To, p, e.Proto, e.Port)
	}
	if e.From.Kind == network.InternetHost && p.Src != e.From.IPv4 && p.Src != e.From.IPv6 {
		t.Errorf("%s → %s: %v begins at %s or %s", s.From, s.To, p, e.From.IPv4, e.From.IPv6)
	}
}

// checkGiven wants every address that an interface has instead of its own to be noted, so that no other interface gets it.
func checkGiven(t *testing.T, s network.Trace, of network.Sampling) {
	t.Helper()
	e, _ := s.Ends()
	for _, i := range []*network.Interface{&e.From, e.To} {
		for _, a := range i.Instead {
			if own, ok := of.Given[a]; !ok || own != i.IPv4 && own != i.IPv6 && own != i.NodeIPv6 {
				t.Errorf("%s → %s: %s has %s instead of its own address, and who has it is %q", s.From, s.To, i.Name, a, own)
			}
		}
	}
}

// TestSampleEdges: a region is sampled at its edges and one step outside.
func TestSampleEdges(t *testing.T) {
	t.Parallel()
	deny := func(cidr, key string, ports object) func(template) {
		props := object{"NetworkAclId": ref("Acl"), "RuleNumber": 50, "Protocol": 6, "RuleAction": "deny", "Egress": false, key: cidr}
		if ports != nil {
			props["PortRange"] = ports
		}
		return add("Denied", "AWS::EC2::NetworkAclEntry", props)
	}
	half := func(group, key, cidr string, port int) func(template) {
		return set(group, "SecurityGroupIngress", []any{object{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, key: cidr}})
	}
	for _, c := range []struct {
		name, id string
		edit     func(template)
		value    func(network.Packet) string
		want     map[string]network.Verdict
	}{
		{"source ports", "F3", deny("::/0", "Ipv6CidrBlock", object{"From": 33000, "To": 40000}), func(p network.Packet) string { return fmt.Sprint(p.SrcPort) },
			map[string]network.Verdict{"32999": network.ExitsNetwork, "33000": network.Denied, "40000": network.Denied, "40001": network.ExitsNetwork}},
		{"destinations on the internet", "F3", deny("2a00:1450::/32", "Ipv6CidrBlock", nil), func(p network.Packet) string { return p.Dst.String() },
			map[string]network.Verdict{"2a00:144f:ffff:ffff:ffff:ffff:ffff:ffff": network.ExitsNetwork, "2a00:1450::": network.Denied, "2a00:1451::": network.ExitsNetwork}},
		{"Pods' addresses", "F9", half("EndpointGroup", "CidrIpv6", "2001:db8:1:108:8000::/65", 443), func(p network.Packet) string { return p.Src.String() },
			map[string]network.Verdict{"2001:db8:1:108:7fff:ffff:ffff:ffff": network.Denied, "2001:db8:1:108:8000::": network.Delivered}},
		{"nodes' addresses", "F5", all(drop("DatabaseFromNodes"), half("DatabaseGroup", "CidrIp", "10.0.136.0/21", 5432)), func(p network.Packet) string { return p.Src.String() },
			map[string]network.Verdict{"10.0.135.255": network.Denied, "10.0.136.0": network.Delivered}},
		{"protocols", "X1", all(set("PrivateADefault6", "EgressOnlyInternetGatewayId", nil), set("PrivateADefault6", "GatewayId", ref("Igw")),
			add("Open", "AWS::EC2::SecurityGroupIngress", object{"GroupId": att("Cluster", "ClusterSecurityGroupId"), "IpProtocol": "udp", "FromPort": 5000, "ToPort": 5000, "CidrIpv6": "::/0"})),
			func(p network.Packet) string { return fmt.Sprintf("%s %d", p.Proto, p.DstPort) },
			map[string]network.Verdict{"udp 5000": network.Delivered, "udp 4999": network.Denied, "udp 5001": network.Denied}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tp := open(t, "cluster.yaml")
			c.edit(tp)
			n := behind.Network(networkOf(t, "cluster.yaml", tp))
			got := map[string]network.Verdict{}
			results, _ := catalogue.Ask(n)
			for i, r := range results {
				if r.Flow.ID != c.id {
					continue
				}
				of := sampling(12)
				of.Seed = uint64(i)
				for _, s := range n.Sample(r.Trace, of) {
					checkSample(t, s)
					for _, h := range s.Hops {
						got[c.value(h.After)] = s.Verdict
					}
				}
			}
			for v, verdict := range c.want {
				if got[v] != verdict {
					t.Errorf("%s is %v, want %v; sampled: %v", v, got[v], verdict, got)
				}
			}
		})
	}
}
