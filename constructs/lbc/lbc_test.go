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
	image := func(s string) lbc.ControllerProps { return lbc.ControllerProps{ImageRepository: s} }
	repository := func(s string) lbc.ControllerProps { return lbc.ControllerProps{ChartRepository: s} }
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
		"new certificates": {values(map[string]any{"keepTLSSecret": false}), "Values[keepTLSSecret]: each upgrade would change the webhook's certificate"},
		"image by value":   {values(map[string]any{"image": map[string]any{"repository": lbc.DualStackImageRepository}}), "Values[image.repository]: want ImageRepository instead"},
		"two budgets":      {lbc.ControllerProps{DisruptionBudget: true, Values: map[string]any{"podDisruptionBudget": map[string]any{"minAvailable": 1}}}, "Values[podDisruptionBudget]: given with DisruptionBudget"},
		"budget of one":    {lbc.ControllerProps{DisruptionBudget: true, Values: map[string]any{"replicaCount": 1}}, "DisruptionBudget: true with Values[replicaCount] 1"},
		"image's scheme":   {image("https://public.ecr.aws/eks/x"), `ImageRepository: "https://public.ecr.aws/eks/x": want a name without https://`},
		"image's tag":      {image("public.ecr.aws/eks/x:v3.5.0"), "want it without a tag"},
		"image's digest":   {image("public.ecr.aws/eks/x@sha256:abc"), "want it without a digest"},
		"no registry":      {image("aws-load-balancer-controller"), "want a registry's name and a path in lower case, such as ecr-public.aws.com/eks/aws-load-balancer-controller"},
		"registry alone":   {image("public.ecr.aws"), "want a registry's name and a path"},
		"capital letters":  {image("public.ecr.aws/EKS/x"), "want a registry's name and a path in lower case"},
		"blank in image":   {image("public.ecr.aws/eks/x y"), "want a registry's name and a path"},
		"plain HTTP":       {repository("http://charts.example.com"), `ChartRepository: "http://charts.example.com": a chart over plain HTTP can be changed on its way`},
		"no scheme":        {repository("charts.example.com"), "want an address that begins with https:// or oci://"},
		"user in address":  {repository("https://me:secret@charts.example.com"), "want the https:// address of a repository, without user"},
		"OCI host alone":   {repository("oci://111122223333.dkr.ecr.eu-west-1.amazonaws.com"), "want the oci:// address of the chart"},
		"OCI tag":          {repository("oci://ghcr.io/charts/lbc:3.5.0"), "want the oci:// address of the chart, without tag and digest"},
		"no CRD":           {lbc.ControllerProps{CRDs: []map[string]any{{"apiVersion": "v1", "kind": "ConfigMap"}}}, "CRDs[0]: v1 ConfigMap \"\": want a CustomResourceDefinition"},
		"CRDs too large":   {lbc.ControllerProps{CRDs: []map[string]any{crd("a.example.com", strings.Repeat("x", 200_000))}}, "CRDs: 200"},
		"token in CRDs":    {lbc.ControllerProps{CRDs: []map[string]any{crd("a.example.com", "${Token[AWS.Region.4]}")}}, "CRDs: a CDK token in them"},
	} {
		err := c.props.ValidateFor("1.35")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want just %q", name, err, c.want)
		}
	}
	two := lbc.ControllerProps{ChartVersion: "latest", Values: map[string]any{"region": "x"}}
	if err := two.ValidateFor("1.35"); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two mistakes: got %v", err)
	}
}

// crd is a kind with a description.
func crd(name, description string) map[string]any {
	return map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"description": description},
	}
}

func TestControllerPropsAccepts(t *testing.T) {
	t.Parallel()
	var none *lbc.ControllerProps
	for name, p := range map[string]*lbc.ControllerProps{
		"nil":              none,
		"own policy":       {ChartVersion: "3.9.0", Policy: map[string]any{"Version": "2012-10-17", "Statement": []any{}}},
		"dual-stack image": {ImageRepository: lbc.DualStackImageRepository},
		"mirrored image":   {ImageRepository: "111122223333.dkr-ecr.eu-west-1.on.aws/mirror/aws-load-balancer-controller"},
		"image by port":    {ImageRepository: "localhost:5000/lbc"},
		"image by token":   {ImageRepository: "111122223333.dkr.ecr.${Token[AWS.Region.4]}.amazonaws.com/lbc"},
		"chart's mirror":   {ChartRepository: "https://charts.example.com:8443/eks/"},
		"chart by OCI":     {ChartRepository: "oci://111122223333.dkr.ecr.eu-west-1.amazonaws.com/charts/aws-load-balancer-controller"},
		"chart by token":   {ChartRepository: "oci://111122223333.dkr.ecr.${Token[AWS.Region.4]}.amazonaws.com/lbc"},
		"cert-manager":     {Values: map[string]any{"keepTLSSecret": false, "enableCertManager": true}},
		"budget":           {DisruptionBudget: true, Values: map[string]any{"replicaCount": 3}},
		"kinds elsewhere":  {CRDs: []map[string]any{}},
		"own kinds":        {CRDs: []map[string]any{crd("a.example.com", "short")}},
		"public":           {Values: map[string]any{"replicaCount": 3, "ingressClassParams": map[string]any{"spec": map[string]any{"scheme": "internet-facing", "ipAddressType": "dualstack-without-public-ipv4"}}}},
	} {
		if err := p.ValidateFor("1.35"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	dual := &lbc.ControllerProps{DualStackServices: true}
	if err := dual.ValidateFor("1.36"); err != nil {
		t.Error(err)
	}
	if err := dual.Validate(); err != nil {
		t.Errorf("for a cluster of any version: %v", err)
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
		Vpc:     dualstack.NewVpc(stack, "Network", nil).L2,
		Kubectl: kubectllayer.New(stack, "Kubectl"),
	})
	cluster.AddNodeGroup("Nodes", nil)

	lbc.NewController(stack, "LoadBalancerController", &lbc.ControllerProps{
		Cluster: cluster,
		Values:  map[string]any{"replicaCount": 3},
	})

	app.Synth(nil)
}

// The Gateway API's kinds, the controller after them, and then what is of these kinds.
func ExampleNewGatewayAPI() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Demo"), nil)
	cluster := ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{
		Vpc:     dualstack.NewVpc(stack, "Network", nil).L2,
		Kubectl: kubectllayer.New(stack, "Kubectl"),
	})
	cluster.AddNodeGroup("Nodes", nil)

	api := lbc.NewGatewayAPI(stack, "GatewayAPI", &lbc.GatewayAPIProps{Cluster: cluster})
	lbc.NewController(stack, "LoadBalancerController", &lbc.ControllerProps{Cluster: cluster, GatewayAPI: api})

	app.Synth(nil)
}

// Another version of the Gateway API than the one that is known here.
func ExampleParseCRDs() {
	text := []byte(`# standard-install.yaml of that release
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gateways.gateway.networking.k8s.io
  annotations: {gateway.networking.k8s.io/bundle-version: v1.7.0}
`)
	kinds, err := lbc.ParseCRDs(text)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(kinds), (&lbc.GatewayAPIProps{Version: "1.7.0", CRDs: kinds}).Validate())
	fmt.Println((&lbc.GatewayAPIProps{Version: "1.7.0"}).Validate())
	// Output:
	// 1 <nil>
	// Version: 1.7.0: its kinds are not known here: want 1.6.0, or the kinds of that release in CRDs (ParseCRDs reads its standard-install.yaml)
}

func ExampleControllerProps_Validate() {
	fmt.Println((&lbc.ControllerProps{Values: map[string]any{"defaultTargetType": "instance"}}).Validate())
	// Output:
	// Values[defaultTargetType]: instance targets need a primary IPv6 address, which node groups do not give: leave it at "ip"
}
