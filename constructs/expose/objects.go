package expose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/constructs-go/constructs/v10"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
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
		if bytes.Contains(text, []byte(jsiix.TokenMark)) {
			return nil, fmt.Errorf("expose.YAML: %v %v holds a CDK token, which only a deployment can resolve: want plain values, or the construct", m["kind"], at(m, "metadata", "name"))
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}

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

// pruned are the kinds, by their group, that kubectl apply --prune deletes when they leave a manifest. Others stay in the
// cluster (https://github.com/aws/aws-cdk/issues/22085).
// Source: https://github.com/kubernetes/kubectl/blob/master/pkg/util/prune/prune.go
var pruned = map[string][]string{
	"":      {"ConfigMap", "Endpoints", "PersistentVolumeClaim", "Pod", "ReplicationController", "Secret", "Service", "Namespace", "PersistentVolume"},
	"batch": {"Job", "CronJob"}, "networking.k8s.io": {"Ingress"}, "apps": {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
}

// isPruned tells whether kubectl deletes an object that leaves its manifest.
func isPruned(m map[string]any) bool {
	version, _ := m["apiVersion"].(string)
	kind, _ := m["kind"].(string)
	group, _, ok := strings.Cut(version, "/")
	if !ok {
		group = ""
	}
	return slices.Contains(pruned[group], kind)
}

// ownID is the id of the manifest of one object: its kind, namespace and name, of which no two are equal, and which does not
// depend on the others.
func ownID(m map[string]any) string {
	id := fmt.Sprintf("%v-", m["kind"])
	if namespace, _ := at(m, "metadata", "namespace").(string); namespace != "" {
		id += namespace + "."
	}
	return id + fmt.Sprint(at(m, "metadata", "name"))
}

// apply applies objects to a cluster, in their order, after what they wait for. CloudFormation deletes them before it, in the
// reverse order. Objects that kubectl prunes share a manifest; each other one has its own, which goes when the object leaves
// the code, or gets another name. It returns the manifests.
func apply(scope constructs.Construct, id string, cluster *ipv6eks.Cluster, after []constructs.IDependable, objects ...runtime.Object) []awseksv2.KubernetesManifest {
	var out []awseksv2.KubernetesManifest
	var together []*map[string]any
	add := func(id string, list ...*map[string]any) {
		if len(list) == 0 {
			return
		}
		m := newManifest(scope, id, cluster, list)
		m.Node().AddDependency(after...)
		if len(out) > 0 {
			m.Node().AddDependency(out[len(out)-1])
		}
		out = append(out, m)
	}
	for _, o := range objects {
		m := mustManifest(o)
		if isPruned(m) {
			together = append(together, &m)
			continue
		}
		add(id, together...)
		together = nil
		add(ownID(m), &m)
	}
	add(id, together...)
	return out
}

// newManifest applies objects. One that kubectl does not prune is alone there.
func newManifest(scope constructs.Construct, id string, cluster *ipv6eks.Cluster, objects []*map[string]any) awseksv2.KubernetesManifest {
	m := awseksv2.NewKubernetesManifest(scope, jsiix.Str(id), &awseksv2.KubernetesManifestProps{
		Cluster: cluster.L2, Manifest: &objects, Prune: jsiix.Bool(isPruned(*objects[0])),
	})
	ipv6eks.LimitTimeout(m)
	return m
}

// mustManifest is manifest for objects of this package, which JSON can hold.
func mustManifest(o runtime.Object) map[string]any {
	m, err := manifest(o)
	if err != nil {
		panic(err)
	}
	return m
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

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
