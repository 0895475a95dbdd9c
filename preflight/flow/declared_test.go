package flow_test

import (
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// TestDeclaredPorts: what the templates declare is what the catalogue asks, and no more.
func TestDeclaredPorts(t *testing.T) {
	t.Parallel()
	object2 := func(id, manifest string) func(template) {
		return add(id, "Custom::AWSCDK-EKS-KubernetesResource", object{"ClusterName": ref("Cluster"), "Manifest": "[" + manifest + "]"})
	}
	service := func(name, selector, ports string) string {
		return `{"apiVersion":"v1","kind":"Service","metadata":{"name":"` + name + `","namespace":"hooks"},"spec":{"selector":{"app":"` + selector + `"},"ports":[` + ports + `]}}`
	}
	workload := func(name, ports string) string {
		return `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"` + name + `","namespace":"hooks"},"spec":{"template":{"metadata":{"labels":{"app":"` + name + `"}},"spec":{"containers":[{"name":"c","image":"x","ports":[` + ports + `]}]}}}}`
	}
	webhook := func(kind string) string {
		return `{"apiVersion":"admissionregistration.k8s.io/v1","kind":"` + kind + `","metadata":{"name":"h"},"webhooks":[{"name":"h","clientConfig":{"service":{"namespace":"hooks","name":"hook"}}}]}`
	}
	// The nodes have a group of their own that admits what the reference needs, and not the ports below.
	narrow := all(add("NodeGroup", "AWS::EC2::SecurityGroup", object{"VpcId": ref("Vpc"), "GroupDescription": "nodes",
		"SecurityGroupEgress": []any{object{"IpProtocol": "-1", "CidrIpv6": "::/0"}, object{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}},
		"SecurityGroupIngress": []any{
			object{"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "CidrIpv6": "::/0"},
			object{"IpProtocol": "tcp", "FromPort": 9443, "ToPort": 9443, "CidrIpv6": "::/0"},
			object{"IpProtocol": "tcp", "FromPort": 10250, "ToPort": 10250, "CidrIpv6": "::/0"},
			object{"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "CidrIpv6": "::/0"},
			object{"IpProtocol": "tcp", "FromPort": 53, "ToPort": 53, "CidrIpv6": "::/0"}}}),
		set("NodeTemplate", "LaunchTemplateData.SecurityGroupIds", []any{att("NodeGroup", "GroupId")}))
	for _, c := range []struct {
		name string
		edit func(template)
		miss string // id and what the miss says; "" where all is well
	}{
		{"nothing declared", nil, ""},
		{"a validating webhook", all(object2("Hook", workload("hook", `{"containerPort":8443}`)+","+service("hook", "hook", `{"port":443,"targetPort":8443}`)+","+webhook("ValidatingWebhookConfiguration"))), "F6 no rule allows tcp/8443"},
		{"a mutating webhook by the name of a port", all(object2("Hook", workload("hook", `{"containerPort":4443,"name":"https"}`)+","+service("hook", "hook", `{"port":443,"targetPort":"https"}`)+","+webhook("MutatingWebhookConfiguration"))), "F6 no rule allows tcp/4443"},
		{"an API service", all(object2("Hook", service("metrics", "metrics", `{"port":443,"targetPort":10251}`)+`,{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.metrics"},"spec":{"service":{"namespace":"hooks","name":"metrics"}}}`)), "F6 no rule allows tcp/10251"},
		{"a webhook on a port that is not in the templates", all(object2("Hook", service("hook", "hook", `{"port":443,"targetPort":"https"}`)+","+webhook("ValidatingWebhookConfiguration"))), "F6 is decided at deployment"},
		{"a webhook on a port that is open", all(object2("Hook", workload("hook", `{"containerPort":8080}`)+","+service("hook", "hook", `{"port":443,"targetPort":8080}`)+","+webhook("ValidatingWebhookConfiguration"))), ""},
		{"the second port of a Service", all(object2("Two", workload("two", `{"containerPort":8080}`)+","+service("two", "two", `{"port":80,"targetPort":8080},{"port":81,"targetPort":8088}`))), "F2 no rule allows tcp/8088"},
		{"a UDP port of a Service", all(object2("Udp", workload("udp", `{"containerPort":8080}`)+","+service("udp", "udp", `{"port":80,"targetPort":8080},{"port":5000,"protocol":"UDP"}`))), "F2 no rule allows udp/5000"},
		{"a container's port without a Service", all(object2("Bare", workload("bare", `{"containerPort":7000}`))), "F1 no rule allows tcp/7000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tp := open(t, "cluster.yaml")
			narrow(tp)
			before := missed(networkOf(t, "cluster.yaml", tp).Check()) // of the node group that has another group
			if c.edit != nil {
				c.edit(tp)
			}
			report := networkOf(t, "cluster.yaml", tp).Check()
			checkReport(t, report)
			id, by, _ := strings.Cut(c.miss, " ")
			found := false
			for miss := range missed(report) {
				switch {
				case before[miss]:
				case c.miss != "" && strings.HasPrefix(miss, id) && strings.Contains(miss, by):
					found = true
				case c.miss == "":
					t.Errorf("missed: %s", miss)
				}
			}
			if c.miss != "" && !found {
				t.Errorf("no miss %q in:\n%s", c.miss, render.Text(report, render.TextOptions{}))
			}
		})
	}
}

func missed(r flow.Report) map[string]bool {
	out := map[string]bool{}
	for _, f := range r.Results {
		if !f.OK {
			out[f.ID+" "+f.Trace.Last().By] = true
		}
	}
	return out
}

// TestNoNAT: a cluster whose Pods reach the IPv6 internet and not the IPv4 one is a miss, unless the template says that it is meant.
func TestNoNAT(t *testing.T) {
	t.Parallel()
	noNAT := all(drop("PrivateADefault4", "PrivateBDefault4", "PrivateCDefault4", "NatA", "NatB", "NatC"))
	for _, c := range []struct {
		name string
		edit func(template)
		want string // of F4
	}{
		{"nothing says so", noNAT, "Exits missed"},
		{"the VPC's metadata says so", all(noNAT, func(tp template) {
			tp["Resources"].(object)["Vpc"].(object)["Metadata"] = object{"eks-ipv6:intents": []any{"no-ipv4-internet"}}
		}), "Refused"},
		{"the VPC CNI says so", all(noNAT, set("Cni", "ConfigurationValues", `{"env":{"ENABLE_V4_EGRESS":"false"}}`)), "skipped"},
		{"there is NAT and the VPC CNI is off", set("Cni", "ConfigurationValues", `{"env":{"ENABLE_V4_EGRESS":"false"}}`), "Exits missed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tp := open(t, "cluster.yaml")
			c.edit(tp)
			got := "skipped"
			for _, r := range networkOf(t, "cluster.yaml", tp).Check().Results {
				if r.ID == "F4" {
					got = strings.TrimSuffix(string(r.Expect), "Network")
					if !r.OK {
						got += " missed"
					}
				}
			}
			if got != c.want {
				t.Errorf("F4 is %s, want %s", got, c.want)
			}
		})
	}
}
