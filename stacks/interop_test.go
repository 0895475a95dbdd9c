package stacks_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/stacks"
)

func TestInteropPropsRefuses(t *testing.T) {
	t.Parallel()
	cidr := func(s string) stacks.ClientProps { return stacks.ClientProps{Cidr: netip.MustParsePrefix(s)} }
	for name, c := range map[string]struct {
		props stacks.InteropProps
		want  string
	}{
		"join":                   {stacks.InteropProps{Join: 9}, "Join: Join(9): want JoinPeering, JoinTransitGateway, JoinPrivateLink or JoinSameVpc"},
		"clients":                {stacks.InteropProps{Clients: stacks.ClientProps{Kind: 9}}, "Clients.Kind: ClientKind(9): want ClientHosts"},
		"peering of one range":   {stacks.InteropProps{Clients: cidr("10.0.0.0/16")}, "Clients.Cidr: 10.0.0.0/16 overlaps 10.0.0.0/16 of Network: AWS peers no VPCs with overlapping IPv4 ranges"},
		"peering of a part":      {stacks.InteropProps{Network: dualstack.VpcProps{Cidr: netip.MustParsePrefix("10.1.0.0/18")}}, "Clients.Cidr: 10.1.0.0/16 overlaps 10.1.0.0/18 of Network"},
		"transit of one range":   {stacks.InteropProps{Join: stacks.JoinTransitGateway, Clients: cidr("10.0.64.0/20")}, "packets for the overlap would never leave their own VPC"},
		"secondary range":        {stacks.InteropProps{Network: dualstack.VpcProps{SecondaryCidrs: []netip.Prefix{netip.MustParsePrefix("10.1.128.0/20")}}}, "Clients.Cidr: 10.1.0.0/16 overlaps 10.1.128.0/20 of Network"},
		"clients' range":         {stacks.InteropProps{Clients: cidr("10.1.0.0/24")}, "Clients.Cidr: 10.1.0.0/24 is too small"},
		"public range":           {stacks.InteropProps{Join: stacks.JoinPrivateLink, Clients: cidr("8.0.0.0/16")}, "Clients.Cidr: 8.0.0.0/16 is neither private"},
		"hosts in the VPC":       {stacks.InteropProps{Join: stacks.JoinSameVpc, Clients: stacks.ClientProps{Kind: stacks.ClientHosts}}, "Clients.Kind: hosts with JoinSameVpc: want ClientIPv4Cluster"},
		"a range in the VPC":     {stacks.InteropProps{Join: stacks.JoinSameVpc, Clients: cidr("10.1.0.0/16")}, "Clients.Cidr, Clients.DualStack: given with JoinSameVpc"},
		"a cluster of one's own": {stacks.InteropProps{Bridge: expose.BoundNLBProps{Service: "shop", Ports: []expose.BoundPort{{Port: 80}}, Cluster: &ipv6eks.Cluster{}}}, "Bridge.Cluster, Bridge.Controller"},
		"a public bridge":        {stacks.InteropProps{Bridge: expose.BoundNLBProps{Service: "shop", Ports: []expose.BoundPort{{Port: 80}}, Scheme: expose.InternetFacing}}, "Bridge.Scheme: internet-facing: the bridge is for clients in VPCs"},
		"an open bridge":         {stacks.InteropProps{Bridge: expose.BoundNLBProps{Inbound: expose.Inbound{Anywhere: true}}}, "Bridge.Inbound.Anywhere: an internal load balancer is not for everyone"},
		"datagrams to the echo":  {stacks.InteropProps{Bridge: expose.BoundNLBProps{Ports: []expose.BoundPort{{Port: 80}, {Port: 53, UDP: true}}, HealthCheck: expose.HealthCheck{Port: 8080}}}, "Bridge.Ports[1].UDP: true without Bridge.Service"},
		"workload":               {stacks.InteropProps{Workload: stacks.Workload{Cluster: ipv6eks.ClusterProps{Name: "no spaces"}}}, "Cluster.Name:"},
		"network":                {stacks.InteropProps{Network: dualstack.VpcProps{Azs: 1}}, "Network.Azs:"},
	} {
		err := c.props.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want just %q", name, err, c.want)
		}
	}
	two := stacks.InteropProps{Join: 9, Network: dualstack.VpcProps{Azs: 1}}
	if err := two.Validate(); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two mistakes: got %v", err)
	}
}

func TestInteropPropsAccepts(t *testing.T) {
	t.Parallel()
	var none *stacks.InteropProps
	for name, p := range map[string]*stacks.InteropProps{
		"nil":              none,
		"zero":             {},
		"PrivateLink":      {Join: stacks.JoinPrivateLink, Clients: stacks.ClientProps{Cidr: netip.MustParsePrefix("10.0.0.0/16")}},
		"same VPC":         {Join: stacks.JoinSameVpc},
		"echo, logged":     {Bridge: expose.BoundNLBProps{CrossZone: true, DeletionProtection: true}},
		"echo, elsewhere":  {Bridge: expose.BoundNLBProps{Namespace: "demo", Ports: []expose.BoundPort{{Port: 8000}}}},
		"further clients":  {Bridge: expose.BoundNLBProps{Inbound: expose.Inbound{Cidrs: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16")}}}},
		"a second cluster": {Clients: stacks.ClientProps{Kind: stacks.ClientIPv6Cluster}},
	} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseJoin(t *testing.T) {
	t.Parallel()
	for _, j := range stacks.Joins() {
		if got, err := stacks.ParseJoin(j.String()); got != j || err != nil {
			t.Errorf("%v: %v, %v", j, got, err)
		}
	}
	for _, k := range stacks.ClientKinds() {
		if got, err := stacks.ParseClientKind(k.String()); got != k || err != nil {
			t.Errorf("%v: %v, %v", k, got, err)
		}
	}
	if _, err := stacks.ParseJoin("vpn"); err == nil || err.Error() != `"vpn": want peering, transit-gateway, privatelink or same-vpc` {
		t.Error(err)
	}
	if _, err := stacks.ParseClientKind(""); err == nil || err.Error() != `"": want hosts, ipv4-cluster or ipv6-cluster` {
		t.Error(err)
	}
}

func ExampleNewInterop() {
	app := awscdk.NewApp(nil)
	interop := stacks.NewInterop(app, "Interop", &stacks.InteropProps{
		Join:    stacks.JoinPrivateLink,
		Clients: stacks.ClientProps{Cidr: netip.MustParsePrefix("10.0.0.0/16")}, // the cluster's own range
	})
	interop.Cluster.AddNodeGroup("Spot", &ipv6eks.NodeGroupProps{Spot: true})
	app.Synth(nil)
}
