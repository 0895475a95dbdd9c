package kube_test

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/eks-ipv6/cdk/constructs/expose/kube"
)

func ExampleTargetGroupBinding() {
	binding := &kube.TargetGroupBinding{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	binding.SetGroupVersionKind(schema.GroupVersionKind{Group: "elbv2.k8s.aws", Version: "v1beta1", Kind: "TargetGroupBinding"})
	text, err := json.Marshal(binding.TypeMeta)
	fmt.Println(string(text), err)
	// Output: {"kind":"TargetGroupBinding","apiVersion":"elbv2.k8s.aws/v1beta1"} <nil>
}
