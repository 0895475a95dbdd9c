package kube

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// IngressClassParams is the controller's kind, elbv2.k8s.aws/v1beta1, with the fields that expose sets. It outranks
// the annotations of an Ingress of its class.
type IngressClassParams struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	// Spec is what the class forces.
	Spec IngressClassParamsSpec `json:"spec"`
}

// IngressClassParamsSpec is the specification of an [IngressClassParams].
type IngressClassParamsSpec struct {
	// IPAddressType is dualstack or dualstack-without-public-ipv4.
	IPAddressType string `json:"ipAddressType,omitempty"`
	// TargetType is ip: the targets are Pods.
	TargetType string `json:"targetType,omitempty"`
	// Scheme is internal or internet-facing.
	Scheme string `json:"scheme,omitempty"`
}

// DeepCopyObject makes it a runtime.Object.
func (p *IngressClassParams) DeepCopyObject() runtime.Object { return deepCopy(p) }
