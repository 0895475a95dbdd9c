package lbc

import (
	"fmt"
	"maps"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"golang.org/x/mod/semver"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/lbtags"
	"github.com/eks-ipv6/cdk/internal/nag"
	"github.com/eks-ipv6/cdk/internal/problems"
)

const (
	// DefaultChartVersion is the Helm chart's, and so the controller's, version when none is given.
	DefaultChartVersion = "3.5.0"
	// Repository is where the chart comes from when no ChartRepository is given. It answers over both families.
	Repository = "https://aws.github.io/eks-charts"
	// ImageRepository is where the controller's image comes from when no other is given: a name without IPv6.
	// Source: https://docs.aws.amazon.com/AmazonECR/latest/public/public-ecr-requests.html
	ImageRepository = "public.ecr.aws/eks/aws-load-balancer-controller"
	// DualStackImageRepository is the same image by the name of Amazon ECR Public that has IPv6 too, for nodes without a way
	// to IPv4 hosts. Kubelets of AMIs since March 2026 send it their credentials, which raise the limit on pulls
	// (https://github.com/awslabs/amazon-eks-ami/pull/2593); others pull without.
	// Source: https://docs.aws.amazon.com/AmazonECR/latest/public/public-ecr-requests.html
	DualStackImageRepository = "ecr-public.aws.com/eks/aws-load-balancer-controller"
	// ServiceAccount is what the controller runs as, in Namespace.
	ServiceAccount = "aws-load-balancer-controller"
	// Namespace is where the controller runs.
	Namespace = "kube-system"

	chart = "aws-load-balancer-controller"
	// minChart is the first chart of the controller's third major version, whose defaults this package was made for.
	minChart = "v3.0.0"
	// admissionPolicyVersion is the first Kubernetes that serves MutatingAdmissionPolicy as v1.
	// Source: https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
	admissionPolicyVersion = "1.36"
)

// ControllerProps are the choices of a [Controller]. Cluster is required.
type ControllerProps struct {
	// Cluster is where the controller runs. It needs a kubectl layer (ipv6eks.ClusterProps.Kubectl).
	Cluster *ipv6eks.Cluster

	// ChartVersion is the Helm chart's version, 3.0.0 or later.
	// Default: DefaultChartVersion.
	ChartVersion string

	// Policy is the controller's IAM policy document, for a ChartVersion whose policy is not known here. Nothing in it
	// is changed.
	// Default: the policy of ChartVersion, for the stack's partition.
	Policy map[string]any

	// ChartRepository is where the chart comes from: the https:// address of a repository that has an index.yaml, or the
	// oci:// address of the chart itself, such as oci://111122223333.dkr.ecr.eu-west-1.amazonaws.com/aws-load-balancer-controller.
	// CDK's kubectl function, in the cluster's subnets, fetches it. It may hold tokens.
	// Default: Repository.
	ChartRepository string

	// ImageRepository is where nodes pull the controller's image from, without tag and digest: DualStackImageRepository, or a
	// mirror. It may hold tokens.
	// Default: public.ecr.aws/eks/aws-load-balancer-controller, the constant ImageRepository.
	ImageRepository string

	// CRDs are the controller's own kinds (CustomResourceDefinitions), for a ChartVersion whose kinds are not known here: those
	// of helm/aws-load-balancer-controller/crds of that release. An empty list, not nil, leaves them to somebody else.
	// Default: the kinds of ChartVersion, or, where they are not known, those that helm installs the first time, with a warning.
	CRDs []map[string]any

	// GatewayAPI is the Gateway API's kinds, which expose.NewGateway needs. The chart waits for them, and its Pods start anew when
	// they come or change (chart value podAnnotations), as the controller looks for them when it starts.
	// Default: none; somebody else applies them, or there are no Gateways.
	GatewayAPI *GatewayAPI

	// DisruptionBudget lets a drained node take one of the controller's Pods at a time (chart value podDisruptionBudget).
	// Default: false.
	DisruptionBudget bool

	// DualStackServices makes dual-stack the default of every new Service of type LoadBalancer, which the controller
	// has no setting for, by a MutatingAdmissionPolicy. Services that carry the annotation are left as they are. It
	// needs Kubernetes 1.36.
	// Default: false; each Service says so itself.
	DualStackServices bool

	// WithoutWAFAndShield switches off what calls AWS WAF and Shield, for VPCs where those cannot be reached. What names a web
	// ACL, such as expose.IngressProps.WAFArn, is then refused.
	// Default: false; but Shield and WAF Classic, which have no IPv6, are off for a cluster whose Pods do not reach IPv4.
	WithoutWAFAndShield bool

	// Tags are put on every load balancer, target group and security group that the controller makes (chart value defaultTags), beside
	// those of StackProps.Tags; an object's own tags go before both. At most 47.
	// Default: none.
	Tags map[string]string

	// Values are further values of the chart, merged over this package's. What breaks IPv6 or belongs to the cluster is
	// refused.
	// Default: none.
	Values map[string]any

	// Tune changes the stock chart's properties before it is made. What this package has to rely on (release, namespace,
	// waiting, rollback and their time, the values that belong to the cluster) is refused.
	// Default: nil.
	Tune func(*awseksv2.HelmChartProps)
}

// Controller is the AWS Load Balancer Controller. It makes an IAM role with the controller's policy, a Pod Identity
// association, the controller's kinds, a Helm release in kube-system, and, with DualStackServices, an admission policy.
//
// The release keeps its webhook's certificate when it is upgraded (chart value keepTLSSecret): a new one would be asked for
// before the running Pods have it, and no Ingress, Service or TargetGroupBinding could be made meanwhile
// (https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2473). A release that does not come up in
// ipv6eks.ChartTimeoutMinutes is taken back, and CloudFormation hears why.
type Controller struct {
	// Construct is the scope that all parts are made in.
	Construct constructs.Construct
	// ChartVersion is the Helm chart's, and so the controller's, version.
	ChartVersion string
	// Identity is the controller's role and its binding.
	Identity *ipv6eks.PodIdentity
	// CRDs applies the controller's kinds, which stay when it goes; nil where somebody else does. The chart waits for it.
	CRDs constructs.Construct
	// GatewayAPI is ControllerProps.GatewayAPI, or nil.
	GatewayAPI *GatewayAPI
	// Chart is the Helm release. Ingresses and Services depend on it, so that it is there to delete their load balancers.
	Chart awseksv2.HelmChart
	// ServiceDefault is the admission policy of DualStackServices, or nil.
	ServiceDefault awseksv2.KubernetesManifest
	// WithoutWAF tells that the controller does not join load balancers with web ACLs (chart value enableWafv2 false).
	WithoutWAF bool
}

func (p *ControllerProps) withDefaults() ControllerProps {
	out := jsiix.Value(p)
	if out.ChartVersion == "" {
		out.ChartVersion = DefaultChartVersion
	}
	if out.ChartRepository == "" {
		out.ChartRepository = Repository
	}
	return out
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK: what depends on Cluster, its version of
// Kubernetes among it, is left to [NewController]; [ControllerProps.ValidateFor] looks at the version too.
func (p *ControllerProps) Validate() error { return p.ValidateFor("") }

// ValidateFor is Validate for a cluster of a version of Kubernetes, such as 1.36.
func (p *ControllerProps) ValidateFor(kubernetesVersion string) error {
	var bad problems.List
	p.withDefaults().check(&bad, kubernetesVersion)
	return bad.Err()
}

// check is ValidateFor of choices with every default written out.
func (p ControllerProps) check(bad *problems.List, kubernetesVersion string) {
	switch v := canonical(p.ChartVersion); {
	case !semver.IsValid(v):
		bad.Add("ChartVersion", "%q: want a version such as %s", p.ChartVersion, DefaultChartVersion)
	case semver.Compare(v, minChart) < 0:
		bad.Add("ChartVersion", "%s: want 3.0.0 or later", p.ChartVersion)
	case p.Policy == nil:
		if _, err := Policy(p.ChartVersion, ""); err != nil {
			bad.Add("ChartVersion", "%w", err)
		}
	}
	if msg := invalidChartRepository(p.ChartRepository); msg != "" {
		bad.Add("ChartRepository", "%q: %s", p.ChartRepository, msg)
	}
	if msg := invalidImageRepository(p.ImageRepository); p.ImageRepository != "" && msg != "" {
		bad.Add("ImageRepository", "%q: %s", p.ImageRepository, msg)
	}
	checkCRDs(bad, "CRDs", p.CRDs)
	lbtags.Check(bad, p.Tags)
	p.checkValues(bad)
	if p.DualStackServices && kubernetesVersion != "" && !ipv6eks.AtLeast(kubernetesVersion, admissionPolicyVersion) {
		bad.Add("DualStackServices", "Kubernetes %s serves no MutatingAdmissionPolicy: want a cluster of version %s or later, or the annotation on each Service", kubernetesVersion, admissionPolicyVersion)
	}
}

// NewController installs the controller. It waits for coredns, and so for the cluster's nodes. It panics with the error
// of [ControllerProps.Validate] and the construct's path, as every CDK construct panics on bad properties.
func NewController(scope constructs.Construct, id string, props *ControllerProps) *Controller {
	p, err := props.resolve()
	if err != nil {
		panic(fmt.Errorf("lbc.NewController %s/%s: %w", *scope.Node().Path(), id, err))
	}
	if p.Policy == nil {
		p.Policy, _ = Policy(p.ChartVersion, *awscdk.Aws_PARTITION())
	}
	c := &Controller{Construct: constructs.NewConstruct(scope, jsiix.Str(id)), ChartVersion: p.ChartVersion, GatewayAPI: p.GatewayAPI}
	c.Identity = p.Cluster.NewPodIdentity(c.Construct, "Controller", &ipv6eks.PodIdentityProps{
		Namespace: Namespace, ServiceAccount: ServiceAccount,
		Policies: map[string]awsiam.PolicyDocument{"Controller": awsiam.PolicyDocument_FromJson(p.Policy)},
	})
	nag.Suppress(c.Identity.Role, nag.Reasons{"AwsSolutions-IAM5": "the policy is the controller's own: it limits changes to what the controller has tagged, and EC2 and ELB know no resources for what describes"})
	p.Cluster.ChartsWaitFor(c.Construct)

	c.addCRDs(p)
	c.warnIPv6(p)

	p.Tags = merged(awscdk.Stack_Of(scope).Tags().TagValues(), p.Tags)
	values := merge(defaultValues(), p.values())
	c.WithoutWAF = values["enableWafv2"] == false
	hp := &awseksv2.HelmChartProps{
		Cluster: p.Cluster.L2, Chart: jsiix.Str(chart), Repository: jsiix.Str(p.ChartRepository), Version: jsiix.Str(p.ChartVersion),
		Release: jsiix.Str(chart), Namespace: jsiix.Str(Namespace), CreateNamespace: jsiix.Bool(false), Values: &values,
		Wait: jsiix.Bool(true), Atomic: jsiix.Bool(true), Timeout: awscdk.Duration_Minutes(jsiix.Num(ipv6eks.ChartTimeoutMinutes)),
	}
	if p.Tune != nil {
		before, was := *hp, maps.Clone(values)
		before.Values = &was
		p.Tune(hp)
		if err := refuse(&before, hp); err != nil {
			panic(fmt.Errorf("lbc.NewController %s: Tune: %w", *c.Construct.Node().Path(), err))
		}
	}
	c.Chart = awseksv2.NewHelmChart(c.Construct, jsiix.Str("Chart"), hp)
	ipv6eks.LimitTimeout(c.Chart)
	after := []constructs.IDependable{c.Identity.Association}
	if p.Cluster.CoreDNS != nil { // an existing cluster has its own
		after = append(after, p.Cluster.CoreDNS)
	}
	if c.CRDs != nil {
		after = append(after, c.CRDs)
	}
	if p.GatewayAPI != nil {
		after = append(after, p.GatewayAPI.Construct)
	}
	c.Chart.Node().AddDependency(after...)
	c.Construct.Node().AddValidation(&fargateCheck{p.Cluster, podLabels(*hp.Values)})
	if p.DualStackServices {
		manifest := serviceDefault()
		c.ServiceDefault = awseksv2.NewKubernetesManifest(c.Construct, jsiix.Str("ServiceDefault"), &awseksv2.KubernetesManifestProps{
			Cluster: p.Cluster.L2, Manifest: &manifest,
		})
		ipv6eks.LimitTimeout(c.ServiceDefault)
	}
	return c
}

// AtLeast tells whether the controller's version is the given one, such as 3.5.0, or later.
func (c *Controller) AtLeast(version string) bool {
	return semver.Compare(canonical(c.ChartVersion), canonical(version)) >= 0
}

// resolve is the choices with every default written out, or what is wrong with them for the cluster that was given.
func (p *ControllerProps) resolve() (ControllerProps, error) {
	c := p.withDefaults()
	var bad problems.List
	if c.Cluster == nil {
		c.check(&bad, ipv6eks.DefaultVersion)
		bad.Add("Cluster", "missing: want a cluster of ipv6eks.NewCluster")
		return c, bad.Err()
	}
	c.check(&bad, c.Cluster.Version)
	c.checkIPv6(&bad, c.Cluster.Region)
	if !c.Cluster.HasKubectl() {
		bad.Add("Cluster", "it has no kubectl layer, which charts are installed with: want ipv6eks.ClusterProps.Kubectl, for example kubectllayer.New(…)")
	}
	return c, bad.Err()
}

// serviceDefault adds the annotation to Services of type LoadBalancer that lack it and that the controller will take.
func serviceDefault() []*map[string]any {
	const (
		name       = "nlb-dualstack-default"
		api        = "admissionregistration.k8s.io/v1"
		annotation = aws.ServiceAnnotation + "ip-address-type"
	)
	list := func(items ...any) []any { return items }
	policy := map[string]any{
		"apiVersion": api, "kind": "MutatingAdmissionPolicy", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"matchConstraints": map[string]any{"resourceRules": list(map[string]any{
				"apiGroups": list(""), "apiVersions": list("v1"), "operations": list("CREATE"), "resources": list("services"),
			})},
			"matchConditions": list(
				map[string]any{"name": "controller-takes-it", "expression": `object.spec.type == "LoadBalancer" && (!has(object.spec.loadBalancerClass) || object.spec.loadBalancerClass == "` + aws.ServiceClass + `")`},
				map[string]any{"name": "not-said", "expression": `!has(object.metadata.annotations) || !("` + annotation + `" in object.metadata.annotations)`},
			),
			"failurePolicy":      "Fail",
			"reinvocationPolicy": "IfNeeded",
			"mutations": list(map[string]any{
				"patchType":          "ApplyConfiguration",
				"applyConfiguration": map[string]any{"expression": `Object{metadata: Object.metadata{annotations: {"` + annotation + `": "dualstack"}}}`},
			}),
		},
	}
	binding := map[string]any{
		"apiVersion": api, "kind": "MutatingAdmissionPolicyBinding", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"policyName": name},
	}
	return []*map[string]any{&policy, &binding}
}
