package flow_test

import (
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// TestBackendsElsewhere: where the Service behind a load balancer, or the container that gives its port a name, is applied from elsewhere
// (GitOps), no template tells the Pods' port. What the controller opens for it passes.
func TestBackendsElsewhere(t *testing.T) {
	t.Parallel()
	manifest := func(objects ...string) func(template) {
		return add("Web", "Custom::AWSCDK-EKS-KubernetesResource", object{"ClusterName": ref("Cluster"), "Manifest": "[" + strings.Join(objects, ",") + "]"})
	}
	ingress := func(port string) string {
		return `{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web","namespace":"web","annotations":{"alb.ingress.kubernetes.io/scheme":"internet-facing",
			"alb.ingress.kubernetes.io/ip-address-type":"dualstack","alb.ingress.kubernetes.io/target-type":"ip"}},
			"spec":{"ingressClassName":"alb","rules":[{"http":{"paths":[{"path":"/","pathType":"Prefix","backend":{"service":{"name":"web","port":` + port + `}}}]}}]}}`
	}
	service := `{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"web"},"spec":{"selector":{"app":"web"},"ports":[{"port":80,"targetPort":"http"}]}}`
	workload := func(port string) string {
		return `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"web"},"spec":{"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"x","ports":[{"name":"` + port + `","containerPort":8080}]}]}}}}`
	}
	for _, c := range []struct {
		name    string
		objects []string
		want    flow.Verdict
	}{
		{"a port by name of a Service that is elsewhere", []string{ingress(`{"name":"http"}`)}, flow.Delivered},
		{"a port by number of a Service that is elsewhere", []string{ingress(`{"number":80}`)}, flow.Delivered},
		{"a target port by name of containers that are elsewhere", []string{service, ingress(`{"number":80}`)}, flow.Delivered},
		{"a port name that the Service does not have", []string{service, ingress(`{"name":"htpt"}`)}, flow.Denied},
		{"a port number that the Service does not have", []string{service, ingress(`{"number":443}`)}, flow.Denied},
		{"a target port's name that no container has", []string{service, workload("web"), ingress(`{"number":80}`)}, flow.Denied},
		{"a target port's name that a container has", []string{service, workload("http"), ingress(`{"number":80}`)}, flow.Delivered},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tp := open(t, "cluster.yaml")
			manifest(c.objects...)(tp)
			n := networkOf(t, "cluster.yaml", tp)
			checkReport(t, n.Check())
			for _, client := range []flow.Endpoint{flow.Internet4, flow.Internet6} {
				traces, err := n.TraceAll(flow.Query{From: client, To: flow.Ingress("web", "web")})
				if err != nil {
					t.Fatal(err)
				}
				for _, tr := range traces {
					if tr.Verdict != c.want {
						t.Errorf("%s is %v, want %v\n%s", client, tr.Verdict, c.want, render.TraceText(tr, render.TextOptions{}))
					}
				}
			}
		})
	}
}
