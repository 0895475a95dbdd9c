package test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/stacks"
)

// gatewayPlatform is a platform whose controller waits for the Gateway API's kinds.
func gatewayPlatform(app awscdk.App, version string, crds []map[string]any) (*stacks.Cluster, *lbc.Controller) {
	c := stacks.NewCluster(app, "Clu", &stacks.ClusterProps{Network: stacks.NewNetwork(app, "Net", nil)})
	api := lbc.NewGatewayAPI(c.Stack, "GatewayAPI", &lbc.GatewayAPIProps{Cluster: c.Cluster, Version: version, CRDs: crds})
	return c, lbc.NewController(c.Stack, "Second", &lbc.ControllerProps{Cluster: c.Cluster, GatewayAPI: api})
}

// The kinds come first, then the controller, which looks for them once, then what is of these kinds; and the kinds stay.
func TestGatewayAPIComesFirst(t *testing.T) {
	tpl := synth(t, func(app awscdk.App) {
		c, controller := gatewayPlatform(app, "", nil)
		expose.NewGateway(c.Stack, "Door", &expose.GatewayProps{
			Cluster: c.Cluster, Controller: controller, Name: "door", TCPRoutes: []expose.TCPRoute{{Port: 5432, Backend: expose.Backend{Service: "db", Port: 5432}}},
		})
	})["Clu"]
	kinds := map[string]string{}
	for _, id := range tpl.of("Custom::AWSCDK-EKS-KubernetesResource") {
		for _, o := range tpl.objects(t, id) {
			if name := o["metadata"].(map[string]any)["name"].(string); strings.HasSuffix(name, ".gateway.networking.k8s.io") {
				kinds[name] = id
			}
		}
	}
	if len(kinds) != 10 {
		t.Errorf("kinds %v", kinds)
	}
	gateway, _ := tpl.manifestOf(t, "Gateway", "door")
	var chart string
	for _, id := range tpl.of("Custom::AWSCDK-EKS-HelmChart") {
		if strings.HasPrefix(id, "Second") {
			chart = id
		}
	}
	for name, id := range kinds {
		if !tpl.waitsFor(chart, id) || !tpl.waitsFor(gateway, id) {
			t.Errorf("the controller, or the Gateway, does not wait for %s", name)
		}
		if r := tpl.Resources[id]; r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
			t.Errorf("%s goes with the stack: %s", name, r.DeletionPolicy)
		}
	}
	if values := js(tpl.Resources[chart].Properties["Values"]); !strings.Contains(values, `eks-ipv6/gateway-api\\\":\\\"1.6.0`) && !strings.Contains(values, `eks-ipv6/gateway-api\":\"1.6.0`) {
		t.Errorf("the controller's Pods would not start anew with another version: %s", values)
	}
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
	if n := len(tpl.text); n > 1_000_000 {
		t.Errorf("a template of %d bytes", n)
	}
}

func TestGatewayAPIRefuses(t *testing.T) {
	synth(t, func(app awscdk.App) {
		c, controller := gatewayPlatform(app, "1.5.1", []map[string]any{{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "gateways.gateway.networking.k8s.io"}}})
		mustPanic(t, func() { lbc.NewGatewayAPI(c.Stack, "Nowhere", nil) }, "lbc.NewGatewayAPI Clu/Nowhere", "Cluster: missing")
		mustPanic(t, func() {
			expose.NewGateway(c.Stack, "Door", &expose.GatewayProps{
				Cluster: c.Cluster, Controller: controller, Name: "door", TCPRoutes: []expose.TCPRoute{{Port: 80, Backend: expose.Backend{Service: "web", Port: 80}}},
			})
		}, "TCPRoutes: the Gateway API 1.5.1 has no TCPRoute of version v1")
	})
}
