// Package kube holds the AWS Load Balancer Controller's own kinds of Kubernetes objects, as far as package expose makes
// them: what its pure functions return beside the kinds of Kubernetes and of the Gateway API. Each is a runtime.Object.
// Fields that expose leaves alone are not there: see the controller's pages for all of them.
package kube
