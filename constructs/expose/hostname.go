package expose

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// A published is a load balancer whose DNS name the controller writes into the status of an object.
//
// The controller replaces a load balancer when its scheme changes, or when its Ingress goes to another group. It deletes the
// old one, makes the new one, and writes the new name, some seconds after kubectl apply has come back; until then the status
// has the old name. So the name that the status must have is known here as far as it can be: which name begins it.
// Source: isSDKLoadBalancerRequiresReplacement and Reconcile of
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/deploy/elbv2/load_balancer_synthesizer.go
type published struct {
	cluster *ipv6eks.Cluster
	// manifests are what must be applied first.
	manifests []awseksv2.KubernetesManifest
	// resource is the object's kind as kubectl knows it.
	resource, namespace, name string
	// list and field say where in the object the name is: .status.LIST[0].FIELD.
	list, field string
	// begins is what the DNS name begins with, without the scheme: the load balancer's name, or its beginning, and a hyphen.
	// Nothing where it is not known.
	begins string
	// application is for ALBs, whose scheme is in the DNS name.
	application bool
	scheme      Scheme
}

// internalPrefix begins the DNS name of an internal ALB, and of no other load balancer: a load balancer's name must not begin
// so. An NLB's DNS name begins with the NLB's name.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-internal-load-balancers.html and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
const internalPrefix = "internal-"

// jsonPath is what CDK's function asks kubectl for until it is something: the DNS name, if it is the one that must be there.
// The objects come as a list of one, because kubectl's filters look at lists only, and each compares one bound: names that
// begin with p- are those from "p-" up to "p.", the next character after the hyphen.
func (p published) jsonPath() string {
	prefix := p.begins
	if p.application && p.scheme == Internal {
		prefix = internalPrefix + prefix
	}
	switch {
	case prefix != "":
		return fmt.Sprintf(`.items[?(@.status.%[1]s[0].%[2]s>="%[3]s")].status.%[1]s[?(@.%[2]s<"%[4]s")].%[2]s`,
			p.list, p.field, prefix, strings.TrimSuffix(prefix, "-")+".")
	case p.application: // anything but an internal one
		return fmt.Sprintf(`.items[*].status.%[1]s[?(@.%[2]s<"%[3]s")].%[2]s}{.items[*].status.%[1]s[?(@.%[2]s>="%[4]s")].%[2]s`,
			p.list, p.field, internalPrefix, strings.TrimSuffix(internalPrefix, "-")+".")
	}
	return fmt.Sprintf(".items[*].status.%s[0].%s", p.list, p.field)
}

// hostnameMinutes is how long the deployment waits for a load balancer. It is less than the 14 minutes of the function that
// waits.
const hostnameMinutes = 10

// hostname is a token for the DNS name. It makes the deployment wait for the load balancer.
func (p published) hostname(scope constructs.Construct) string {
	const id = "Hostname"
	if found, ok := scope.Node().TryFindChild(jsiix.Str(id)).(awseksv2.KubernetesObjectValue); ok && found != nil {
		return *found.Value()
	}
	v := awseksv2.NewKubernetesObjectValue(scope, jsiix.Str(id), &awseksv2.KubernetesObjectValueProps{
		Cluster: p.cluster.L2, ObjectType: jsiix.Str(p.resource), ObjectNamespace: jsiix.Str(p.namespace),
		ObjectName: jsiix.Str("--field-selector=metadata.name=" + p.name), // a list of one
		JsonPath:   jsiix.Str(p.jsonPath()), Timeout: awscdk.Duration_Minutes(jsiix.Num(hostnameMinutes)),
	})
	// The value is read again when the scheme changes, also where the DNS name does not tell it.
	v.Node().FindChild(jsiix.Str("Resource")).Node().DefaultChild().(awscdk.CfnResource).AddPropertyOverride(jsiix.Str("Scheme"), p.scheme.String())
	ipv6eks.LimitTimeout(v)
	for _, m := range p.manifests {
		v.Node().AddDependency(m)
	}
	return *v.Value()
}

// nameBegins is what the DNS name of a load balancer with a name begins with. The controller writes it in lower case. A token's
// value may have capital letters, and is not asked for.
func nameBegins(name string) string {
	if jsiix.IsToken(name) {
		return ""
	}
	return strings.ToLower(name) + "-"
}

// namesKnown is the last version of the controller whose way to name load balancers is known here. It has been the same since
// its version 2.
const namesKnown = "3.6.0"

var notAlphanumeric = regexp.MustCompile("[^A-Za-z0-9]")

// controllersName is what the controller begins a load balancer's name with that has none of its own: k8s-, the namespace
// and the name of its object, or the name of an Ingress's group, and a hash. Nothing for versions that are not known.
// Source: buildLoadBalancerName of
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/ingress/model_build_load_balancer.go and
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/gateway/model/model_build_loadbalancer.go
func controllersName(controller *lbc.Controller, group, namespace, name string) string {
	plain := func(s string) string { return notAlphanumeric.ReplaceAllString(s, "") }
	switch {
	case controller == nil, controller.AtLeast(namesKnown):
		return ""
	case group != "":
		return strings.ToLower(fmt.Sprintf("k8s-%.17s-", plain(group)))
	}
	return fmt.Sprintf("k8s-%.8s-%.8s-", plain(namespace), plain(name))
}

// networkName is a name for an NLB that the controller makes. The controller's own name begins alike for both schemes, and an
// NLB's DNS name does not tell its scheme, so that nobody could tell the old one from the new one. It is no other
// construct's, nor that of another stack.
func networkName(scope constructs.Construct, id, namespace, name string, scheme Scheme) string {
	plain := func(s string) string { return notAlphanumeric.ReplaceAllString(s, "") }
	sum := sha256.New()
	stack := awscdk.Stack_Of(scope)
	for parent := stack.NestedStackParent(); parent != nil; parent = stack.NestedStackParent() {
		stack = parent // a nested stack's name is not known yet
	}
	for _, s := range []string{*stack.StackName(), *scope.Node().Path(), id, namespace, name} {
		sum.Write([]byte(s + "\x00"))
	}
	first := map[Scheme]string{Internal: "int", InternetFacing: "pub"}[scheme]
	return fmt.Sprintf("%s-%.8s-%.8s-%.8s", first, plain(namespace), plain(name), hex.EncodeToString(sum.Sum(nil)))
}
