package kube_test

import (
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/expose/kube"
)

// A Gateway's load balancer with what no field of expose.GatewayProps stands for.
func ExampleLoadBalancerConfiguration() {
	objects, err := (&expose.GatewayProps{
		Name:          "door",
		CRDsInstalled: true,
		Inbound:       expose.Inbound{Cidrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1234::/48")}},
		HTTPRoutes:    []expose.HTTPRoute{{Paths: []expose.Path{{Backend: expose.Backend{Service: "web", Port: 80}}}}},
		Tune: func(o runtime.Object) {
			if c, ok := o.(*kube.LoadBalancerConfiguration); ok {
				c.Spec.MinimumLoadBalancerCapacity = &kube.MinimumLoadBalancerCapacity{CapacityUnits: 100}
			}
		},
	}).Objects()
	if err != nil {
		panic(err)
	}
	text, err := expose.YAML(objects[1])
	fmt.Println(string(text), err)
	// Output:
	// apiVersion: gateway.k8s.aws/v1beta1
	// kind: LoadBalancerConfiguration
	// metadata:
	//   name: door
	//   namespace: default
	// spec:
	//   defaultTargetGroupConfiguration:
	//     name: door
	//   ipAddressType: dualstack
	//   minimumLoadBalancerCapacity:
	//     capacityUnits: 100
	//   scheme: internal
	//   sourceRanges:
	//   - 10.0.0.0/8
	//   - 2001:db8:1234::/48
	//  <nil>
}
