package lbc

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// apis are what the controller calls, by the name after com.amazonaws.REGION, and the chart value that switches a caller
// off, where there is one. Its clients are those of pkg/aws/provider/default_aws_clients_provider.go and of
// pkg/deploy/stack_deployer.go of release 3.5.0; credentials come from the Pod Identity agent on the node, over IPv6.
// Which of them have a name with IPv6 is written in internal/aws.
//
//	ec2, elasticloadbalancing  always
//	acm                        for certificates that are found by host name
//	wafv2                      for web ACLs
//	waf-regional, shield       WAF Classic, Shield Advanced: no name with IPv6 is documented
var apis = []struct{ service, off string }{
	{"ec2", ""}, {"elasticloadbalancing", ""}, {"acm", ""}, {"wafv2", "enableWafv2"}, {"waf-regional", "enableWaf"}, {"shield", "enableShield"},
}

// gates are features that call services for which no name with IPv6 is documented, off unless they are asked for.
var gates = []struct{ gate, service string }{
	{"EnableRGTAPI", "the Resource Groups Tagging API"}, {"GlobalAcceleratorController", "Global Accelerator"},
}

// dualStackEndpoints is the variable by which AWS's SDKs take the names that have IPv6.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
const dualStackEndpoints = "AWS_USE_DUALSTACK_ENDPOINT"

// overIPv6 tells whether the controller's Pods have no other way to AWS than IPv6. On the node's own network they have.
func (p ControllerProps) overIPv6() bool {
	return p.Cluster != nil && !p.Cluster.PodsReachIPv4 && p.Values["hostNetwork"] != true
}

// ipv6Values are what the controller needs then. AWS's SDKs ask for IPv4-only names unless they are told.
func ipv6Values() map[string]any {
	out := map[string]any{"env": map[string]any{dualStackEndpoints: "true"}}
	for _, a := range apis {
		if _, ok := aws.PublicEndpoint(a.service); !ok {
			out[a.off] = false
		}
	}
	return out
}

// checkIPv6 tells what the controller cannot reach in a Region, or a token for one, where its Pods do not reach IPv4.
func (p ControllerProps) checkIPv6(bad *problems.List, region string) {
	if !p.overIPv6() {
		return
	}
	const fix = "leave CNI.DisableIPv4Egress out, or put the controller on the node's network with Values[hostNetwork] true"
	if v, ok := p.envValue(); ok && v != "true" && v != true {
		bad.At("Values", "env."+dualStackEndpoints).Add("", "%v: Pods do not reach IPv4, and AWS's other names have no IPv6: leave it out, %s", v, fix)
	}
	for _, a := range apis {
		public, ok := aws.PublicEndpoint(a.service)
		switch {
		case !ok && p.Values[a.off] == true:
			bad.At("Values", a.off).Add("", "true: Pods do not reach IPv4, and no name with IPv6 is documented for %s: leave it out, %s", a.service, fix)
		case ok && !jsiix.IsToken(region):
			if name, _ := public.DualStackName(region); name == "" {
				bad.Add("Region", "%s: Pods do not reach IPv4, and no name with IPv6 is documented for %s there: %s", region, a.service, fix)
			}
		}
	}
	for _, g := range gates {
		if at(p.Values, "controllerConfig", "featureGates", g.gate) == true {
			bad.At("Values", "controllerConfig.featureGates."+g.gate).Add("", "true: Pods do not reach IPv4, and no name with IPv6 is documented for %s: leave it out, %s", g.service, fix)
		}
	}
}

func (p ControllerProps) envValue() (any, bool) {
	env, _ := p.Values["env"].(map[string]any)
	v, ok := env[dualStackEndpoints]
	return v, ok
}

// warnIPv6 warns where the SDKs' explicit data has no name with IPv6 for a service that the controller cannot do without.
func (c *Controller) warnIPv6(p ControllerProps) {
	region := p.Cluster.Region
	if !p.overIPv6() || jsiix.IsToken(region) {
		return
	}
	for _, a := range apis {
		public, ok := aws.PublicEndpoint(a.service)
		if !ok || a.off != "" {
			continue
		}
		if name, sure := public.DualStackName(region); !sure {
			awscdk.Annotations_Of(c.Construct).AddWarningV2(jsiix.Str("eks-ipv6:lbc.dualStackEndpoint."+a.service), jsiix.Str(fmt.Sprintf(
				"Region %s: Pods do not reach IPv4, and it is not sure that %s exists, which the controller calls then (%s): ask it from a host there before you deploy", region, name, public.Source)), nil)
		}
	}
}
