package updates

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

const manifestType = "Custom::AWSCDK-EKS-KubernetesResource"

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
	name := fmt.Sprint(at(o, "metadata/name"))
	if ns, ok := at(o, "metadata/namespace").(string); ok {
		name = ns + "/" + name
	}
	return o.kind() + " " + name
}

// objects are those of a manifest. References are written as the name of what they refer to, with a mark where that is made
// anew.
func (c comparison) objects(r Resource, anew bool) []object {
	var text strings.Builder
	var write func(any)
	write = func(v any) {
		switch v := v.(type) {
		case string:
			text.WriteString(v)
		case map[string]any:
			if join, ok := v["Fn::Join"].([]any); ok && len(join) == 2 && join[0] == "" {
				parts, _ := join[1].([]any)
				for _, p := range parts {
					write(p)
				}
				return
			}
			for _, ref := range references(v) {
				text.WriteString(ref.id + "." + ref.attribute)
				if anew && c.changes[ref.id].Kind == Replaced {
					text.WriteString(" made anew")
				}
			}
		}
	}
	write(r.Properties["Manifest"])
	var out []object
	if json.Unmarshal([]byte(text.String()), &out) != nil {
		return nil
	}
	return out
}

// kubernetes tells what becomes of a manifest's objects: what stays in the cluster although the manifest has it no longer,
// and what the cluster refuses.
func (c comparison) kubernetes(was, is Resource) (left []string, refused string) {
	before, after := c.objects(was, false), c.objects(is, true)
	find := func(list []object, name string) object {
		if i := slices.IndexFunc(list, func(o object) bool { return o.name() == name }); i >= 0 {
			return list[i]
		}
		return nil
	}
	for _, o := range before {
		if find(after, o.name()) == nil && !slices.Contains(pruned, o.kind()) {
			left = append(left, o.name())
		}
	}
	for _, o := range after {
		if old := find(before, o.name()); old != nil {
			for _, field := range immutable[o.kind()] {
				if !reflect.DeepEqual(at(old, field), at(o, field)) && refused == "" {
					refused = fmt.Sprintf("%s of a %s cannot change: %s", strings.ReplaceAll(field, "/", "."), o.kind(), o.name())
				}
			}
			continue
		}
		if refused == "" {
			refused = c.bound(o)
		}
	}
	return left, refused
}

// bound tells which binding that is there until the end has the target group of a new one, or nothing.
// Source: checkExistingTargetGroups of the webhook above.
func (c comparison) bound(o object) string {
	arn := at(o, "spec/targetGroupARN")
	for _, id := range slices.Sorted(maps.Keys(c.before.Resources)) {
		for _, old := range c.objects(c.before.Resources[id], false) {
			if arn != nil && old.name() != o.name() && reflect.DeepEqual(arn, at(old, "spec/targetGroupARN")) {
				return fmt.Sprintf("a target group has one TargetGroupBinding, and the old one is there until the end: %s, %s", o.name(), old.name())
			}
		}
	}
	return ""
}

// made tells why the cluster refuses a new manifest, or nothing.
func (c comparison) made(is Resource) string {
	if is.Type == manifestType {
		for _, o := range c.objects(is, true) {
			if why := c.bound(o); why != "" {
				return why
			}
		}
	}
	return ""
}
