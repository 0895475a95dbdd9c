package kube

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// leftOut are the fields of the controller's kinds that are not here, so that a new one shows.
var leftOut = map[string]string{
	"IngressClassParams.spec": "certificateArn group inboundCIDRs ipamConfiguration listeners loadBalancerAttributes loadBalancerName minimumLoadBalancerCapacity namespaceSelector " +
		"PrefixListsIDs prefixListsIDs sslPolicy sslRedirectPort subnets tags wafv2AclArn wafv2AclName",
	"TargetGroupBinding.spec":                                 "assumeRoleExternalId iamRoleArnToAssume multiClusterTargetGroup nodeSelector targetGroupName targetGroupProtocol vpcID",
	"TargetGroupBinding.spec.networking.ingress[].from[]":     "ipBlock",
	"LoadBalancerConfiguration.spec":                          "customerOwnedIpv4Pool disableSecurityGroup ipv4IPAMPoolId loadBalancerSubnetsSelector mergingMode",
	"LoadBalancerConfiguration.spec.listenerConfigurations[]": "quicEnabled targetGroupStickiness",
	"TargetGroupConfiguration.spec":                           "routeConfigurations targetReference",
	"TargetGroupConfiguration.spec.defaultConfiguration":      "enableMultiCluster ipAddressType nodeSelector targetControlPort targetGroupName",
}

// schemas are the specifications of the kinds that lbc installs, by kind, of the version that expose writes.
func schemas(t *testing.T) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for _, file := range []string{"../../lbc/crds/crds.yaml", "../../lbc/crds/gateway-crds.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range bytes.Split(text, []byte("\n---\n")) {
			var crd struct {
				Spec struct {
					Names    struct{ Kind string }
					Versions []struct {
						Name   string
						Schema struct{ OpenAPIV3Schema map[string]any }
					}
				}
			}
			if err := yaml.Unmarshal(doc, &crd); err != nil {
				t.Fatal(err)
			}
			for _, v := range crd.Spec.Versions {
				if v.Name == "v1beta1" {
					out[crd.Spec.Names.Kind] = v.Schema.OpenAPIV3Schema
				}
			}
		}
	}
	return out
}

// What is here is called as the controller calls it, and its schema takes it.
func TestFieldsAreTheControllers(t *testing.T) {
	t.Parallel()
	known := schemas(t)
	for _, object := range []any{IngressClassParams{}, TargetGroupBinding{}, LoadBalancerConfiguration{}, TargetGroupConfiguration{}} {
		typ := reflect.TypeOf(object)
		spec, _ := typ.FieldByName("Spec")
		schema, ok := known[typ.Name()]["properties"].(map[string]any)["spec"].(map[string]any)
		if !ok {
			t.Fatalf("no schema of %s", typ.Name())
		}
		walk(t, typ.Name()+".spec", spec.Type, schema)
	}
}

func walk(t *testing.T, path string, typ reflect.Type, schema map[string]any) {
	t.Helper()
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	want := map[reflect.Kind]string{
		reflect.Struct: "object", reflect.Map: "object", reflect.Slice: "array", reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Int32: "integer",
	}[typ.Kind()]
	if schema["x-kubernetes-int-or-string"] == true {
		return
	}
	if schema["type"] != want {
		t.Errorf("%s is %v in the controller's schema, and %s here", path, schema["type"], typ)
		return
	}
	if typ.Kind() == reflect.Slice {
		walk(t, path+"[]", typ.Elem(), schema["items"].(map[string]any))
	}
	if typ.Kind() == reflect.Struct {
		fields, _ := schema["properties"].(map[string]any)
		here := map[string]bool{}
		for i := range typ.NumField() {
			name, options, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			here[name] = true
			field, ok := fields[name].(map[string]any)
			if !ok {
				t.Errorf("%s has no field %s", path, name)
				continue
			}
			walk(t, path+"."+name, typ.Field(i).Type, field)
			if required, _ := schema["required"].([]any); options == "omitempty" && slices.Contains(required, any(name)) {
				t.Errorf("%s.%s is required, and left out when it is empty", path, name)
			}
		}
		for name := range fields {
			if !here[name] && !slices.Contains(strings.Fields(leftOut[path]), name) {
				t.Errorf("%s.%s is of the controller, and neither here nor left out", path, name)
			}
		}
	}
}

func TestCopiesShareNothing(t *testing.T) {
	t.Parallel()
	one := &LoadBalancerConfiguration{Spec: LoadBalancerConfigurationSpec{
		SecurityGroups: []string{"a"}, Tags: map[string]string{"a": "b"}, ShieldConfiguration: &ShieldConfiguration{Enabled: true},
		LoadBalancerSubnets: []SubnetConfiguration{{Identifier: "a"}},
	}}
	before, _ := json.Marshal(one)
	two := one.DeepCopyObject().(*LoadBalancerConfiguration)
	if !reflect.DeepEqual(one, two) {
		t.Errorf("%+v, %+v", one, two)
	}
	two.Spec.SecurityGroups[0], two.Spec.Tags["a"], two.Spec.ShieldConfiguration.Enabled, two.Spec.LoadBalancerSubnets[0].Identifier = "c", "c", false, "c"
	if after, _ := json.Marshal(one); string(after) != string(before) {
		t.Errorf("a change of the copy shows in the original: %s", after)
	}
}
