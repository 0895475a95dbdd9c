package options_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/examples/internal/options"
)

func TestParse(t *testing.T) {
	t.Parallel()
	p, err := options.Parse(map[string]any{
		"azs": "3", "nat": "none", "vpcCidr": "10.8.0.0/16", "isolatedSubnets": true, "clusterName": "demo", "kubernetesVersion": "1.34",
		"apiAccessCidrs": "203.0.113.0/24, 2001:db8::/32", "adminRoleArns": "arn:aws:iam::111122223333:role/Admin",
		"nodeInstanceTypes": "m7g.large,m6g.large", "nodeArchitecture": "arm64", "nodeAmi": "BOTTLEROCKET",
		"@aws-cdk/core:checkSecretUsage": true, "aws:cdk:toolkit": "x", "env": "prod",
	}, "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	n, c, g := p.Network, p.Cluster, p.Nodes
	switch {
	case n.Azs != 3, n.Nat != dualstack.NatNone, !n.AcknowledgeNoIPv4Egress, n.Cidr != netip.MustParsePrefix("10.8.0.0/16"), !n.IsolatedSubnets:
		t.Errorf("network: %+v", n)
	case c.Name != "demo", c.Version != "1.34", len(c.APIAccessCidrs) != 2, c.APIOpenToWorld, len(c.AdminRoleArns) != 1:
		t.Errorf("cluster: %+v", c)
	case len(g.InstanceTypes) != 2, g.Architecture != ipv6eks.ARM, g.AMI != ipv6eks.Bottlerocket:
		t.Errorf("nodes: %+v", g)
	}
	more, err := options.Parse(map[string]any{
		"availabilityZones": "us-east-1a, us-east-1b", "privateApiCidrs": "10.8.0.0/16,2001:db8::/48", "kubernetesVersion": "1.36", "nodeVersion": "1.35",
		"nodeReleaseVersion": "1.35.3-20261012", "hardened": "true", "deletable": true, "ebsDriver": "true", "controllerImage": "mirror.example.com/lbc",
	}, "us-east-1")
	switch {
	case err != nil:
		t.Error(err)
	case len(more.Network.AvailabilityZones) != 2, more.Network.AvailabilityZones[1] != "us-east-1b":
		t.Errorf("zones: %v", more.Network.AvailabilityZones)
	case len(more.Cluster.PrivateAPICidrs) != 2, more.Nodes.Version != "1.35", more.Nodes.ReleaseVersion != "1.35.3-20261012":
		t.Errorf("cluster and nodes: %+v, %+v", more.Cluster, more.Nodes)
	case !more.Hardened, !more.Deletable, !more.Cluster.EBSDriver, more.Controller.ImageRepository != "mirror.example.com/lbc":
		t.Errorf("more: %+v", more.Workload)
	}
	world, err := options.Parse(map[string]any{"apiAccessCidrs": "world", "azs": 4.0}, "")
	if err != nil || !world.Cluster.APIOpenToWorld || world.Network.Azs != 4 {
		t.Errorf("world: %+v, %v", world, err)
	}
	if _, err := options.Parse(nil, ""); err != nil {
		t.Errorf("no context: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key, value string
		want       []string
	}{
		{"azs", "1", []string{"want 2 to 6"}},
		{"azs", "many", []string{"want 2 to 6"}},
		{"nat", "gateway", []string{"per-az, single, regional or none"}},
		{"vpcCidr", "10.0.0.0", []string{"private IPv4 range"}},
		{"vpcCidr", "10.0.0.0/24", []string{"too small"}},
		{"vpcCidr", "8.0.0.0/16", []string{"neither private"}},
		{"isolatedSubnets", "perhaps", []string{"true or false"}},
		{"clusterName", "no spaces", []string{"letters, digits"}},
		{"kubernetesVersion", "1.33", []string{"1.34, 1.35, 1.36"}},
		{"apiAccessCidrs", "0.0.0.0/0", []string{"world", "as wide as the world"}},
		{"apiAccessCidrs", "203.0.113.7", []string{`"203.0.113.7" is not a range`}},
		{"apiAccessCidrs", "2001:db8::1/64", []string{"host bits"}},
		{"adminRoleArns", "Admin", []string{"ARN"}},
		{"nodeInstanceTypes", "t2.micro", []string{"not a Nitro instance"}},
		{"nodeInstanceTypes", "m7i.large,m7g.large", []string{"mixed architectures"}},
		{"nodeArchitecture", "sparc", []string{"x86_64 or arm64"}},
		{"kubernetesVersion", "1.37", []string{"1.34, 1.35, 1.36", "EKS has it, but the versions of its add-ons"}},
		{"availabilityZones", "us-east-1a", []string{"Azs: want 2 to 6 zones"}},
		{"availabilityZones", "us-east-1a,us-east-1a", []string{"named twice"}},
		{"privateApiCidrs", "0.0.0.0/0", []string{"as wide as the world"}},
		{"privateApiCidrs", "vpn", []string{`"vpn" is not a range`}},
		{"nodeVersion", "newest", []string{"is no Kubernetes version"}},
		{"nodeReleaseVersion", "newest", []string{"ReleaseVersion"}},
		{"controllerImage", "public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0", []string{"tag"}},
		{"hardened", "very", []string{"true or false"}},
		{"deletable", "no way", []string{"true or false"}},
		{"ebsDriver", "x", []string{"true or false"}},
		{"nodeAmi", "WINDOWS_CORE_2022_x86_64", []string{"no IPv6 for Windows"}},
	} {
		_, err := options.Parse(map[string]any{c.key: c.value}, "")
		if err == nil {
			t.Errorf("%s=%s: accepted", c.key, c.value)
			continue
		}
		for _, want := range append(c.want, "-c "+c.key+"="+c.value) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s=%s: no %q in: %v", c.key, c.value, want, err)
			}
		}
	}
	_, err := options.Parse(map[string]any{"azs": "9", "nat": "x", "vpcCidr": "?"}, "cn-north-1")
	if err == nil || strings.Count(err.Error(), "\n") != 3 || !strings.Contains(err.Error(), "China") {
		t.Errorf("four mistakes: %v", err)
	}
	_, err = options.Parse(map[string]any{"nodeVersion": "1.36"}, "")
	if err == nil || !strings.Contains(err.Error(), "Nodes.Version: 1.36 is newer than the cluster's 1.35") {
		t.Errorf("nodes ahead of the cluster: %v", err)
	}
	_, err = options.Parse(map[string]any{"nodeInstanceTypes": "m7i.large", "nodeArchitecture": "arm64"}, "")
	if err == nil || !strings.Contains(err.Error(), "Architecture is arm64") {
		t.Errorf("contradicting keys: %v", err)
	}
}

func TestParseKnowsMisspeltKeys(t *testing.T) {
	t.Parallel()
	for given, meant := range map[string]string{"vpcCIDR": "vpcCidr", "nodeInstanceType": "nodeInstanceTypes", "kubernetesVerson": "kubernetesVersion", "AZS": "azs", "nats": "nat", "natt": "nat"} {
		if _, err := options.Parse(map[string]any{given: "2"}, ""); err == nil || !strings.Contains(err.Error(), "did you mean "+meant) {
			t.Errorf("%s: %v", given, err)
		}
	}
}
