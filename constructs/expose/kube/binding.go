package kube

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TargetGroupBinding is the controller's kind elbv2.k8s.aws/v1beta1, as far as expose.BoundNLB uses it: it registers the Pods
// of a Service with a target group that somebody else owns.
// Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/targetgroupbinding/spec/
type TargetGroupBinding struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	// Spec says which Service goes to which target group.
	Spec TargetGroupBindingSpec `json:"spec"`
}

// DeepCopyObject makes it a runtime.Object.
func (t *TargetGroupBinding) DeepCopyObject() runtime.Object { return deepCopy(t) }

// TargetGroupBindingSpec says which Service's Pods go to which target group.
type TargetGroupBindingSpec struct {
	// TargetGroupARN is the target group, which cannot change.
	TargetGroupARN string `json:"targetGroupARN"`
	// TargetType is ip: the targets are Pods.
	TargetType string `json:"targetType"`
	// IPAddressType is ipv6, and cannot change. The controller registers no IPv6 Pods for ipv4.
	IPAddressType string `json:"ipAddressType"`
	// ServiceRef is where the Pods come from.
	ServiceRef ServiceReference `json:"serviceRef"`
	// Networking is what the controller opens in the nodes' security group. Without it, nothing.
	Networking *TargetGroupBindingNetworking `json:"networking,omitempty"`
}

// ServiceReference names a port of a Service in the binding's namespace.
type ServiceReference struct {
	// Name is the Service's.
	Name string `json:"name"`
	// Port is the Service's port, by number or name.
	Port intstr.IntOrString `json:"port"`
}

// TargetGroupBindingNetworking are the rules for the nodes' security group.
type TargetGroupBindingNetworking struct {
	// Ingress are the rules.
	Ingress []NetworkingIngressRule `json:"ingress"`
}

// NetworkingIngressRule lets peers reach ports of the Pods.
type NetworkingIngressRule struct {
	// From are those who are let in.
	From []NetworkingPeer `json:"from"`
	// Ports are the Pods'.
	Ports []NetworkingPort `json:"ports"`
}

// NetworkingPeer is who is let in.
type NetworkingPeer struct {
	// SecurityGroup is who is a member of it.
	SecurityGroup *SecurityGroupPeer `json:"securityGroup,omitempty"`
}

// SecurityGroupPeer is the members of a security group, whatever their address family.
type SecurityGroupPeer struct {
	// GroupID is the security group's id.
	GroupID string `json:"groupID"`
}

// NetworkingPort is a port of the Pods.
type NetworkingPort struct {
	// Protocol is TCP or UDP.
	Protocol string `json:"protocol"`
	// Port is the port by number.
	Port intstr.IntOrString `json:"port"`
}
