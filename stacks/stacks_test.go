package stacks_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/stacks"
)

func TestPlatformPropsReportsEveryPart(t *testing.T) {
	t.Parallel()
	p := &stacks.PlatformProps{
		Network: dualstack.VpcProps{Azs: 1, Nat: dualstack.NatNone},
		Workload: stacks.Workload{
			Cluster:    ipv6eks.ClusterProps{Version: "1.36", CNI: ipv6eks.CNIOptions{Env: map[string]string{"ENABLE_IPv4": "true"}}},
			Nodes:      ipv6eks.NodeGroupProps{InstanceTypes: []string{"t2.micro"}, Version: "1.32"},
			Controller: lbc.ControllerProps{ChartVersion: "9.9.9"},
			// kubectl of the built-in layer, for a cluster that it does not serve
			KubectlLayerPath: "layer.zip", KubectlVersion: "1.34", Deletable: true,
		},
	}
	err := p.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	want := []string{
		"Network.Azs:", "Network.Nat:", "Cluster.CNI.Env[ENABLE_IPv4]:", "Cluster.Kubectl.Version: kubectl 1.34",
		"Nodes.Version: 1.32 is more than 3 minor versions behind the cluster's 1.36", "Deletable: true without Hardened",
		"Nodes.InstanceTypes[0]:", "Controller.ChartVersion:",
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("no %q in:\n%v", w, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != len(want) {
		t.Errorf("%d problems, want %d:\n%v", n, len(want), err)
	}
}

// What the built-in layer does not serve wants the npm package, and the error says how to get it.
func TestPlatformWithoutKubectl(t *testing.T) {
	t.Chdir(t.TempDir())
	p := stacks.PlatformProps{Workload: stacks.Workload{Cluster: ipv6eks.ClusterProps{Version: "1.36"}}}
	err := p.Validate()
	for _, want := range []string{"KubectlLayerPath: missing", "does not serve Kubernetes 1.36", "npm install --save-exact @aws-cdk/lambda-layer-kubectl-v36"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}

func TestPlatformPropsAccepts(t *testing.T) {
	t.Parallel()
	var none *stacks.PlatformProps
	newer := &stacks.PlatformProps{Workload: stacks.Workload{
		KubectlLayerPath: "layer.zip", KubectlVersion: "1.36",
		Cluster: ipv6eks.ClusterProps{Version: "1.36"}, Controller: lbc.ControllerProps{DualStackServices: true},
	}}
	for name, p := range map[string]*stacks.PlatformProps{"nil": none, "zero": {}, "newer": newer} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWorkloadRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		workload stacks.Workload
		want     string
	}{
		"half a layer":          {stacks.Workload{KubectlLayerPath: "layer.zip"}, "want both, or neither"},
		"a cluster of its own":  {stacks.Workload{Controller: lbc.ControllerProps{Cluster: &ipv6eks.Cluster{}}}, "Controller.Cluster: it is filled in here"},
		"protected, and not so": {stacks.Workload{Hardened: true, Deletable: true, Cluster: ipv6eks.ClusterProps{DeletionProtection: true}}, "Deletable: true with Cluster.DeletionProtection"},
	} {
		if err := c.workload.Validate(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want just %q", name, err, c.want)
		}
	}
	var none *stacks.ClusterProps
	if err := none.Validate(); err == nil || err.Error() != "Network: missing: want stacks.NewNetwork(…)" {
		t.Errorf("no network: %v", err)
	}
}

func ExampleNewPlatform() {
	app := awscdk.NewApp(nil)
	platform := stacks.NewPlatform(app, "Platform", &stacks.PlatformProps{
		Network: dualstack.VpcProps{Azs: 3},
	})
	platform.Cluster.AddNodeGroup("Spot", &ipv6eks.NodeGroupProps{InstanceTypes: []string{"m7g.large", "m6g.large"}, Spot: true})
	app.Synth(nil)
}

func ExampleNewCluster() {
	app := awscdk.NewApp(nil)
	network := stacks.NewNetwork(app, "Network", nil)
	stacks.NewCluster(app, "Cluster", &stacks.ClusterProps{
		Stack:   awscdk.StackProps{TerminationProtection: jsii.Bool(true)},
		Network: network,
	})
	app.Synth(nil)
}

// What security teams ask for, in a VPC without IPv4 egress whose zones are named. Deletable is for the first deployment: a
// protected cluster that fails to come up cannot be taken back.
func ExampleNewPlatform_hardened() {
	app := awscdk.NewApp(nil)
	stacks.NewPlatform(app, "Platform", &stacks.PlatformProps{
		Network: dualstack.VpcProps{
			AvailabilityZones: []string{"eu-west-1a", "eu-west-1b"}, Nat: dualstack.NatNone, AcknowledgeNoIPv4Egress: true,
		},
		Workload: stacks.Workload{Hardened: true, Deletable: true},
	})
	app.Synth(nil)
}
