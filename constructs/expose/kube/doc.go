// Package kube holds the AWS Load Balancer Controller's own kinds of Kubernetes objects, as far as they matter to load balancers
// in front of IPv6 Pods: what the pure functions of package expose return, and its Tune functions change, beside the kinds of
// Kubernetes and of the Gateway API. Each is a runtime.Object.
// Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/gateway/spec/ and
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/targetgroupbinding/spec/
package kube

import "encoding/json"

// deepCopy is a copy that shares nothing with what it was made of: these kinds are all that JSON can hold.
func deepCopy[T any](in *T) *T {
	out := new(T)
	text, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		panic(err)
	}
	return out
}
