package flow_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// world generates a network of VPCs in a ring of peerings, each with 10 subnets over three zones, 5 routes in every
// table, 20 rules in its security groups, and an IPv6 cluster. 100 of them are 1,000 subnets, 5,000 routes, 2,000
// rules and 100 peerings. first is the number of the first VPC.
func world(first, vpcs int) []byte {
	res := object{}
	put := func(id, typ string, props object) { res[id] = object{"Type": typ, "Properties": props} }
	four := func(v int) int { return v - first }
	six := func(v int) any { return fmt.Sprintf("2001:db8:%x:100::/56", v+1) }
	for v := first; v < first+vpcs; v++ {
		id := func(s string, args ...any) string { return fmt.Sprintf("V%d", v) + fmt.Sprintf(s, args...) }
		next, prev := first+(v-first+1)%vpcs, first+(v-first+vpcs-1)%vpcs
		put(id(""), "AWS::EC2::VPC", object{"CidrBlock": fmt.Sprintf("10.%d.0.0/16", four(v))})
		put(id("Six"), "AWS::EC2::VPCCidrBlock", object{"VpcId": ref(id("")), "Ipv6CidrBlock": six(v), "Ipv6Pool": "pool"})
		put(id("Igw"), "AWS::EC2::InternetGateway", object{})
		put(id("Att"), "AWS::EC2::VPCGatewayAttachment", object{"VpcId": ref(id("")), "InternetGatewayId": ref(id("Igw"))})
		put(id("Eigw"), "AWS::EC2::EgressOnlyInternetGateway", object{"VpcId": ref(id(""))})
		put(id("Eip"), "AWS::EC2::EIP", object{})
		put(id("Nat"), "AWS::EC2::NatGateway", object{"SubnetId": ref(id("S0")), "AllocationId": att(id("Eip"), "AllocationId")})
		put(id("Peer"), "AWS::EC2::VPCPeeringConnection", object{"VpcId": ref(id("")), "PeerVpcId": ref(fmt.Sprintf("V%d", next))})
		for s := range 10 {
			sub, table := id("S%d", s), id("T%d", s)
			put(sub, "AWS::EC2::Subnet", object{"VpcId": ref(id("")), "AvailabilityZone": fmt.Sprintf("z%d", s%3), "AssignIpv6AddressOnCreation": true,
				"CidrBlock": fmt.Sprintf("10.%d.%d.0/20", four(v), s*16), "Ipv6CidrBlock": fmt.Sprintf("2001:db8:%x:1%02x::/64", v+1, s)})
			put(table, "AWS::EC2::RouteTable", object{"VpcId": ref(id(""))})
			put(table+"A", "AWS::EC2::SubnetRouteTableAssociation", object{"SubnetId": ref(sub), "RouteTableId": ref(table)})
			route := func(n int, dst string, key string, target object) {
				p := object{"RouteTableId": ref(table), key: dst}
				for k, v := range target {
					p[k] = v
				}
				put(fmt.Sprintf("%sR%d", table, n), "AWS::EC2::Route", p)
			}
			if s == 0 {
				route(0, "0.0.0.0/0", "DestinationCidrBlock", object{"GatewayId": ref(id("Igw"))})
				route(1, "::/0", "DestinationIpv6CidrBlock", object{"GatewayId": ref(id("Igw"))})
			} else {
				route(0, "0.0.0.0/0", "DestinationCidrBlock", object{"NatGatewayId": ref(id("Nat"))})
				route(1, "::/0", "DestinationIpv6CidrBlock", object{"EgressOnlyInternetGatewayId": ref(id("Eigw"))})
			}
			route(2, six(next).(string), "DestinationIpv6CidrBlock", object{"VpcPeeringConnectionId": ref(id("Peer"))})
			route(3, six(prev).(string), "DestinationIpv6CidrBlock", object{"VpcPeeringConnectionId": ref(fmt.Sprintf("V%dPeer", prev))})
			route(4, fmt.Sprintf("10.%d.0.0/16", four(next)), "DestinationCidrBlock", object{"VpcPeeringConnectionId": ref(id("Peer"))})
		}
		var subnets []any
		for s := 1; s < 10; s++ {
			subnets = append(subnets, ref(id("S%d", s)))
		}
		put(id("Cluster"), "AWS::EKS::Cluster", object{"KubernetesNetworkConfig": object{"IpFamily": "ipv6"}, "ResourcesVpcConfig": object{"EndpointPrivateAccess": true, "SubnetIds": subnets}})
		put(id("Nodes"), "AWS::EKS::Nodegroup", object{"ClusterName": ref(id("Cluster")), "Subnets": subnets})
		group := att(id("Cluster"), "ClusterSecurityGroupId")
		for r := range 18 {
			put(id("Rule%d", r), "AWS::EC2::SecurityGroupIngress", object{"GroupId": group, "IpProtocol": "tcp", "FromPort": 9000 + r, "ToPort": 9000 + r, "CidrIp": "10.0.0.0/8"})
		}
		for _, o := range []int{next, prev} {
			put(id("From%d", o), "AWS::EC2::SecurityGroupIngress", object{"GroupId": group, "IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "CidrIpv6": six(o)})
		}
	}
	data, err := json.Marshal(object{"Resources": res})
	if err != nil {
		panic(err)
	}
	return data
}

// worlds are files with worlds of up to 250 VPCs, beside each other: one template would be larger than any that CloudFormation takes.
// Their IPv4 ranges are the same, as of networks that nobody joins.
func worlds(b *testing.B, vpcs int) (files []string) {
	dir := b.TempDir()
	for first := 0; first < vpcs; first += 250 {
		files = append(files, filepath.Join(dir, fmt.Sprintf("world%d.json", first)))
		if err := os.WriteFile(files[len(files)-1], world(first, min(250, vpcs-first)), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return files
}

// TestWorld keeps the benchmark honest: what it measures is a network without a miss, and has the flows it should.
func TestWorld(t *testing.T) {
	t.Parallel()
	n, err := flow.Read("world", world(0, 5))
	if err != nil {
		t.Fatal(err)
	}
	r := n.Check()
	count := map[string]int{}
	for _, res := range r.Results {
		count[res.ID]++
	}
	if !r.OK() || count["F3"] != 45 || count["F4"] != 45 || count["F12"] < 90 || count["X1"] < 45 {
		t.Errorf("ok %v, flows %v\n%s", r.OK(), count, render.Text(r, render.TextOptions{}))
	}
}

// BenchmarkCluster reads a template of one cluster and traces its whole catalogue, apart.
func BenchmarkCluster(b *testing.B) {
	data, err := json.Marshal(open(b, "cluster.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := flow.Read("t.json", data); err != nil {
				b.Fatal(err)
			}
		}
	})
	n, err := flow.Read("t.json", data)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("catalogue", func(b *testing.B) {
		traces := 0
		for b.Loop() {
			traces = len(n.Check().Results)
		}
		b.ReportMetric(float64(traces), "traces")
	})
}

// BenchmarkWorld grows the network: the time for one VPC of it, and what is kept of one subnet, should stay the same.
func BenchmarkWorld(b *testing.B) {
	for _, vpcs := range []int{10, 100, 1000} {
		files := worlds(b, vpcs)
		per := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*vpcs), "µs/vpc")
		}
		b.Run(fmt.Sprintf("read/subnets=%d", 10*vpcs), func(b *testing.B) {
			for b.Loop() {
				if _, err := flow.Load(files...); err != nil {
					b.Fatal(err)
				}
			}
			per(b)
		})
		before := heap()
		n, err := flow.Load(files...)
		if err != nil {
			b.Fatal(err)
		}
		network := heap() - before
		b.Run(fmt.Sprintf("catalogue/subnets=%d", 10*vpcs), func(b *testing.B) {
			for b.Loop() {
				n.Check()
			}
			per(b)
			before := heap()
			r := n.Check()
			b.ReportMetric(float64(network)/float64(10*vpcs), "network-B/subnet")
			b.ReportMetric(float64(heap()-before)/float64(10*vpcs), "report-B/subnet")
			runtime.KeepAlive(r)
		})
	}
}

// heap is the memory that is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkPlatform is what a user of the reference platform waits for: read the template, trace the catalogue.
func BenchmarkPlatform(b *testing.B) {
	data, err := os.ReadFile(filepath.Join(reference, "Ipv6Platform.json"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		n, err := flow.Read("Ipv6Platform.json", data)
		if err != nil {
			b.Fatal(err)
		}
		if !n.Check().OK() {
			b.Fatal("a flow is missed")
		}
	}
}
