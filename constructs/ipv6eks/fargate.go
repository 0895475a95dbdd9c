package ipv6eks

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/nag"
	"github.com/eks-ipv6/cdk/internal/problems"
	"github.com/eks-ipv6/cdk/internal/tuned"
)

// FargateSelector says which Pods run on Fargate.
type FargateSelector struct {
	// Namespace is the Pods' namespace; * and ? match.
	Namespace string
	// Labels must all be on the Pod.
	// Default: none, every Pod of the namespace.
	Labels map[string]string
}

// FargateProfileProps are the choices of a Fargate profile. Each Pod takes an IPv4 and an IPv6 address of its subnet,
// and Pod Identity is not there (https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html): Pods that need
// AWS rights belong on nodes.
type FargateProfileProps struct {
	// Selectors are one to five; a Pod that matches one of them runs on Fargate.
	Selectors []FargateSelector

	// Subnets is where the Pods go: private and dual-stack.
	// Default: the cluster's.
	Subnets *awsec2.SubnetSelection

	// Tune changes the profile's properties before it is made.
	// Default: nil.
	Tune func(*awseksv2.CfnFargateProfileProps)
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *FargateProfileProps) Validate() error {
	f := jsiix.Value(p)
	var bad problems.List
	// https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html: five selectors, five labels in each.
	if n := len(f.Selectors); n < 1 || n > 5 {
		bad.Add("Selectors", "%d: want one to five", n)
	}
	for i, s := range f.Selectors {
		here := bad.At("Selectors", i)
		if s.Namespace == "" {
			here.Add("Namespace", "empty: want the namespace of the Pods")
		}
		if len(s.Labels) > 5 {
			here.Add("Labels", "%d: want five at most", len(s.Labels))
		}
	}
	return bad.Err()
}

// AddFargateProfile runs the selected Pods on Fargate. It makes an AWS::EKS::FargateProfile, after the one that was added
// before it, and, with the first one of a cluster, the role that pulls images for the Pods. It panics with the error of [FargateProfileProps.Validate] and
// the construct's path.
func (c *Cluster) AddFargateProfile(id string, props *FargateProfileProps) awseksv2.CfnFargateProfile {
	if err := errors.Join(props.Validate(), c.take(id), c.checkNetwork()); err != nil {
		panic(fmt.Errorf("ipv6eks.AddFargateProfile %s/%s: %w", *c.Construct.Node().Path(), id, err))
	}
	if c.fargateRole == nil {
		c.fargateRole = awsiam.NewRole(c.Construct, jsiix.Str("FargateRole"), &awsiam.RoleProps{
			AssumedBy:       awsiam.NewServicePrincipal(jsiix.Str("eks-fargate-pods.amazonaws.com"), nil),
			ManagedPolicies: jsiix.List(managedPolicy("AmazonEKSFargatePodExecutionRolePolicy")),
		})
		nag.Suppress(c.fargateRole, nag.Reasons{"AwsSolutions-IAM4": "EKS documents this policy of AWS for Fargate"})
	}
	subnets := c.subnetIDs(props.Subnets)
	selectors := []any{}
	for _, s := range props.Selectors {
		labels := []any{}
		for _, k := range sortedKeys(s.Labels) {
			labels = append(labels, &awseksv2.CfnFargateProfile_LabelProperty{Key: jsiix.Str(k), Value: jsiix.Str(s.Labels[k])})
		}
		selectors = append(selectors, &awseksv2.CfnFargateProfile_SelectorProperty{Namespace: jsiix.Str(s.Namespace), Labels: &labels})
	}
	fp := &awseksv2.CfnFargateProfileProps{
		ClusterName: jsiix.Str(c.Name), PodExecutionRoleArn: c.fargateRole.RoleArn(),
		Selectors: &selectors, Subnets: &subnets,
	}
	var bad problems.List
	tuned.Call(bad.In("Tune"), props.Tune, fp, map[string]string{"ClusterName": "want the cluster's own AddFargateProfile", "Selectors": "want FargateProfileProps.Selectors"})
	if err := bad.Err(); err != nil {
		panic(fmt.Errorf("ipv6eks.AddFargateProfile %s/%s: %w", *c.Construct.Node().Path(), id, err))
	}
	for _, s := range props.Selectors {
		c.onFargate = append(c.onFargate, fargatePods{id, s})
	}
	profile := awseksv2.NewCfnFargateProfile(c.Construct, jsiix.Str(id), fp)
	if c.lastProfile != nil {
		// EKS makes and deletes one at a time: https://docs.aws.amazon.com/eks/latest/APIReference/API_DeleteFargateProfile.html
		profile.Node().AddDependency(c.lastProfile)
	}
	c.lastProfile = profile
	c.runAfter(profile)
	return profile
}

// fargatePods are the Pods that a selector of a profile takes.
type fargatePods struct {
	profile string
	FargateSelector
}

// RunsOnFargate tells whether a Pod of a namespace, with labels, runs on Fargate by one of the profiles added so far, and
// which: profile is the id that AddFargateProfile was given. Profiles added later, or by other means, are not seen: ask
// in a CDK validation.
func (c *Cluster) RunsOnFargate(namespace string, labels map[string]string) (profile string, ok bool) {
	for _, f := range c.onFargate {
		if f.takes(namespace, labels) {
			return f.profile, true
		}
	}
	return "", false
}

// takes tells whether a Pod is selected. * and ? match in the namespace and in the labels' keys and values.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html#fargate-profile-wildcards
func (s FargateSelector) takes(namespace string, labels map[string]string) bool {
	if !wildcard(s.Namespace, namespace) {
		return false
	}
	for key, value := range s.Labels {
		found := false
		for k, v := range labels {
			found = found || wildcard(key, k) && wildcard(value, v)
		}
		if !found {
			return false
		}
	}
	return true
}

// wildcard tells whether s is of a pattern, in which * is any characters, none too, and ? is one.
func wildcard(pattern, s string) bool {
	if pattern == "" {
		return s == ""
	}
	if pattern[0] == '*' {
		return wildcard(pattern[1:], s) || s != "" && wildcard(pattern, s[1:])
	}
	return s != "" && (pattern[0] == '?' || pattern[0] == s[0]) && wildcard(pattern[1:], s[1:])
}
