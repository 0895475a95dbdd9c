package updates

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// pruned are the kinds that kubectl apply --prune deletes when they are in a manifest no longer; those of custom resources
// it leaves where they are (https://github.com/aws/aws-cdk/issues/22085).
// Source: https://github.com/kubernetes/kubectl/blob/master/pkg/util/prune/prune.go
var pruned = []string{
	"ConfigMap", "Endpoints", "Namespace", "PersistentVolumeClaim", "PersistentVolume", "Pod", "ReplicationController", "Secret", "Service",
	"Job", "CronJob", "Ingress", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet",
}

// immutable are the fields that the API server, or a webhook, lets nobody change, by kind.
// Sources: https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/webhooks/elbv2/targetgroupbinding_validator.go
// (checkImmutableFields), https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#label-selector-updates,
// https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/storage/validation/validation.go (ValidateStorageClassUpdate).
var immutable = map[string][]string{
	"TargetGroupBinding": {"spec/targetGroupARN", "spec/targetType", "spec/ipAddressType"},
	"Deployment":         {"spec/selector"}, "DaemonSet": {"spec/selector"}, "StatefulSet": {"spec/selector", "spec/serviceName"},
	"StorageClass": {"parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"},
}

// object is one of a manifest.
type object map[string]any

func (o object) kind() string { s, _ := o["kind"].(string); return s }

func (o object) name() string {
	name := fmt.Sprint(o.at("metadata/name"))
	if ns, ok := o.at("metadata/namespace").(string); ok {
		name = ns + "/" + name
	}
	return o.kind() + " " + name
}

// at is what is found at a path, or nil.
func (o object) at(path string) any {
	var v any = map[string]any(o)
	for _, p := range strings.Split(path, "/") {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// objects are those of a manifest. References are written as the name of what they refer to, with a mark where that is made
// anew.
func (c *comparison) objects(r *cfn.Resource, anew bool) []object {
	var text strings.Builder
	for _, part := range c.of(r).Field("Manifest").Parts() {
		text.WriteString(part.String())
		for _, ref := range references(part) {
			if anew && c.changes[ref.resource].Kind == Replaced {
				text.WriteString(" made anew")
			}
		}
	}
	var out []object
	if json.Unmarshal([]byte(text.String()), &out) != nil {
		return nil
	}
	return out
}

// kubernetes adds what becomes of a manifest's objects: what stays in the cluster although the manifest has it no longer, and
// what the cluster refuses.
func (c *comparison) kubernetes(out *Change, was, is *cfn.Resource) {
	before, after := c.objects(was, false), c.objects(is, true)
	find := func(list []object, name string) object {
		if i := slices.IndexFunc(list, func(o object) bool { return o.name() == name }); i >= 0 {
			return list[i]
		}
		return nil
	}
	for _, o := range before {
		if find(after, o.name()) == nil && !slices.Contains(pruned, o.kind()) {
			out.Left = append(out.Left, o.name())
		}
	}
	for _, o := range after {
		old := find(before, o.name())
		if old == nil {
			c.bound(out, o, was.Stack)
			continue
		}
		for _, field := range immutable[o.kind()] {
			if !reflect.DeepEqual(old.at(field), o.at(field)) {
				out.refuse(FixedObject, surely, "%s of a %s cannot change: %s", strings.ReplaceAll(field, "/", "."), o.kind(), o.name())
			}
		}
	}
}

// bound refuses a new binding of a target group whose old one is there until the end.
// Source: checkExistingTargetGroups of the webhook above.
func (c *comparison) bound(out *Change, o object, deployed *cfn.Stack) {
	arn := o.at("spec/targetGroupARN")
	if arn == nil {
		return
	}
	for _, r := range deployed.Resources() {
		if r.Type != manifestType {
			continue
		}
		for _, old := range c.objects(r, false) {
			if old.name() != o.name() && reflect.DeepEqual(arn, old.at("spec/targetGroupARN")) {
				out.refuse(FixedObject, surely, "a target group has one TargetGroupBinding, and the old one is there until the end: %s, %s", o.name(), old.name())
				return
			}
		}
	}
}
