package lbc_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
	"github.com/eks-ipv6/cdk/constructs/lbc"
)

// upstreamPolicy is the SHA-256 of docs/install/iam_policy.json of release v3.5.0, with its JSON made canonical
// (encoding/json, keys sorted).
const upstreamPolicy = "bb9e48240ace4258c78d152ce98175ee6a118f0715faad4ff5a3e394c9d66171"

func TestPolicyIsUpstreams(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"3.0.0", "v3.2.2", "3.5.0"} {
		policy, err := lbc.Policy(version, "aws")
		if err != nil {
			t.Fatal(err)
		}
		canonical, err := json.Marshal(policy)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(canonical)
		if got := hex.EncodeToString(sum[:]); got != upstreamPolicy {
			t.Errorf("%s: the policy's sum is %s, upstream's %s", version, got, upstreamPolicy)
		}
	}
}

func TestPolicyFollowsThePartition(t *testing.T) {
	t.Parallel()
	policy, err := lbc.Policy(lbc.DefaultChartVersion, "aws-us-gov")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "arn:aws-us-gov:"); n == 0 || strings.Contains(string(text), `"arn:aws:`) {
		t.Errorf("%d ARNs of aws-us-gov, and those of aws should be gone:\n%s", n, text)
	}
}

func TestControllerPropsRefuses(t *testing.T) {
	t.Parallel()
	values := func(v map[string]any) lbc.ControllerProps { return lbc.ControllerProps{Values: v} }
	for name, c := range map[string]struct {
		props lbc.ControllerProps
		want  string
	}{
		"unknown chart":    {lbc.ControllerProps{ChartVersion: "3.9.0"}, "ChartVersion: chart 3.9.0: its IAM policy is not known here: want a version of 3.0.0 to 3.5.0, or give the policy"},
		"old chart":        {lbc.ControllerProps{ChartVersion: "1.11.0"}, "ChartVersion: 1.11.0: want 3.0.0 or later"},
		"no chart":         {lbc.ControllerProps{ChartVersion: "latest"}, `ChartVersion: "latest"`},
		"admission policy": {lbc.ControllerProps{DualStackServices: true}, "DualStackServices: Kubernetes 1.35 serves no MutatingAdmissionPolicy: want a cluster of version 1.36"},
		"instance targets": {values(map[string]any{"defaultTargetType": "instance"}), "Values[defaultTargetType]"},
		"instance Ingress": {values(map[string]any{"ingressClassParams": map[string]any{"spec": map[string]any{"targetType": "instance"}}}), "Values[ingressClassParams.spec.targetType]"},
		"IPv4 Ingress":     {values(map[string]any{"ingressClassParams": map[string]any{"spec": map[string]any{"ipAddressType": "ipv4"}}}), "Values[ingressClassParams.spec.ipAddressType]"},
		"cluster's own":    {values(map[string]any{"vpcId": "vpc-1"}), "Values[vpcId]: it comes from the cluster"},
		"service account":  {values(map[string]any{"serviceAccount": map[string]any{"name": "mine"}}), "Values[serviceAccount.name]"},
	} {
		err := c.props.Validate("1.35")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want just %q", name, err, c.want)
		}
	}
	two := lbc.ControllerProps{ChartVersion: "latest", Values: map[string]any{"region": "x"}}
	if err := two.Validate("1.35"); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two mistakes: got %v", err)
	}
}

func TestControllerPropsAccepts(t *testing.T) {
	t.Parallel()
	var none *lbc.ControllerProps
	for name, p := range map[string]*lbc.ControllerProps{
		"nil":        none,
		"own policy": {ChartVersion: "3.9.0", Policy: map[string]any{"Version": "2012-10-17", "Statement": []any{}}},
		"public":     {Values: map[string]any{"replicaCount": 3, "ingressClassParams": map[string]any{"spec": map[string]any{"scheme": "internet-facing", "ipAddressType": "dualstack-without-public-ipv4"}}}},
	} {
		if err := p.Validate("1.35"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (&lbc.ControllerProps{DualStackServices: true}).Validate("1.36"); err != nil {
		t.Error(err)
	}
}

func ExamplePolicy() {
	_, err := lbc.Policy("4.0.0", "aws")
	fmt.Println(err)
	// Output:
	// chart 4.0.0: its IAM policy is not known here: want a version of 3.0.0 to 3.5.0, or give the policy (docs/install/iam_policy.json of that release) in Policy
}

func ExampleNewController() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Demo"), nil)
	cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{
		Vpc:     dualstack.NewVpc(stack, "Network", nil).Vpc,
		Kubectl: kubectllayer.New(stack, "Kubectl"),
	})
	cluster.AddNodeGroup("Nodes", nil)

	lbc.NewController(stack, "LoadBalancerController", &lbc.ControllerProps{
		Cluster: cluster,
		Values:  map[string]any{"replicaCount": 3},
	})

	app.Synth(nil)
}
