package expose

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/constructs-go/constructs/v10"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// YAML writes Kubernetes objects as one YAML stream, in their order. What a cluster fills in, such as the status, is left
// out. It refuses objects that hold CDK tokens, which mean nothing outside a template.
func YAML(objects ...runtime.Object) ([]byte, error) {
	var out bytes.Buffer
	for i, o := range objects {
		m, err := manifest(o)
		if err != nil {
			return nil, err
		}
		text, err := yaml.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("expose.YAML: %w", err)
		}
		if bytes.Contains(text, []byte(tokenMark)) {
			return nil, fmt.Errorf("expose.YAML: %v %v holds a CDK token, which only a deployment can resolve: want plain values, or the construct", m["kind"], at(m, "metadata", "name"))
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}

// tokenMark begins every string that stands for a CDK token.
const tokenMark = "${Token["

// isToken tells whether a string holds a CDK token, whose value no one knows yet.
func isToken(s string) bool { return strings.Contains(s, tokenMark) }

// manifest is an object as it is applied.
func manifest(o runtime.Object) (map[string]any, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("expose: %w", err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("expose: %w", err)
	}
	delete(m, "status")
	return withoutNulls(m).(map[string]any), nil
}

// withoutNulls drops fields that have no value, such as the creationTimestamp of objects that were never created.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, e any) bool { return e == nil })
		for k, e := range v {
			v[k] = withoutNulls(e)
		}
	case []any:
		for i, e := range v {
			v[i] = withoutNulls(e)
		}
	}
	return v
}

func at(m map[string]any, path ...string) any {
	var v any = m
	for _, p := range path {
		inner, _ := v.(map[string]any)
		v = inner[p]
	}
	return v
}

// apply applies objects to a cluster, after what they wait for. CloudFormation deletes them before it.
func apply(scope constructs.Construct, id string, cluster *ipv6eks.Cluster, after []constructs.IDependable, objects ...runtime.Object) awseksv2.KubernetesManifest {
	list := make([]*map[string]any, len(objects))
	for i, o := range objects {
		m, err := manifest(o)
		if err != nil {
			panic(err)
		}
		list[i] = &m
	}
	out := awseksv2.NewKubernetesManifest(scope, jsiix.Str(id), &awseksv2.KubernetesManifestProps{Cluster: cluster.Cluster, Manifest: &list})
	out.Node().AddDependency(after...)
	return out
}

// hostname is a token for the DNS name that the controller writes into an object's status. It makes the deployment wait
// for the load balancer.
func hostname(scope constructs.Construct, cluster *ipv6eks.Cluster, manifest awseksv2.KubernetesManifest, kind, namespace, name, path string) string {
	const id = "Hostname"
	if found, ok := scope.Node().TryFindChild(jsiix.Str(id)).(awseksv2.KubernetesObjectValue); ok && found != nil {
		return *found.Value()
	}
	v := awseksv2.NewKubernetesObjectValue(scope, jsiix.Str(id), &awseksv2.KubernetesObjectValueProps{
		Cluster: cluster.Cluster, ObjectType: jsiix.Str(kind), ObjectName: jsiix.Str(name), ObjectNamespace: jsiix.Str(namespace),
		JsonPath: jsiix.Str(path), Timeout: awscdk.Duration_Minutes(jsiix.Num(10)),
	})
	v.Node().AddDependency(manifest)
	return *v.Value()
}

// checkTarget tells what is wrong with the cluster that a construct applies its objects to.
func checkTarget(cluster *ipv6eks.Cluster, controller *lbc.Controller) error {
	var errs []error
	switch {
	case cluster == nil:
		errs = append(errs, errors.New("Cluster: missing: want a cluster of ipv6eks.NewCluster"))
	case !cluster.HasKubectl():
		errs = append(errs, errors.New("Cluster: it has no kubectl layer, which manifests are applied with: want ipv6eks.ClusterProps.Kubectl, for example kubectllayer.New(…)"))
	}
	if controller == nil {
		errs = append(errs, errors.New("Controller: missing: want the cluster's lbc.NewController(…), which must be there to make and to delete the load balancer"))
	}
	return errors.Join(errs...)
}

// checkPublic tells whether an internet-facing load balancer has subnets to be in.
func checkPublic(cluster *ipv6eks.Cluster, scheme Scheme, subnets int) error {
	if cluster == nil || scheme != InternetFacing || subnets > 0 || len(*cluster.Vpc.PublicSubnets()) > 0 {
		return nil
	}
	return errors.New("Scheme: InternetFacing: the cluster's VPC has no public subnets for the load balancer: want Internal, or a VPC with public subnets")
}

// vpcRanges are the ranges of a cluster's VPC, IPv4 before IPv6, as tokens; nil where they are not known, as with a VPC
// that was made elsewhere.
func vpcRanges(cluster *ipv6eks.Cluster) []string {
	if cluster == nil {
		return nil
	}
	vpc, ok := cluster.Vpc.(awsec2.Vpc)
	if !ok {
		return nil
	}
	return []string{*vpc.VpcCidrBlock(), *awscdk.Fn_Select(jsiix.Num(0), vpc.VpcIpv6CidrBlocks())}
}

// pairs writes a map as the controller reads it, a=b,c=d, in order.
func pairs(m map[string]string) string {
	out := make([]string, 0, len(m))
	for _, k := range sorted(m) {
		out = append(out, k+"="+m[k])
	}
	return strings.Join(out, ",")
}

// or is what was given, or otherwise.
func or(given, otherwise string) string {
	if given == "" {
		return otherwise
	}
	return given
}
