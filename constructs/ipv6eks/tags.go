package ipv6eks

import (
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// Limits of EC2's tags: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

func checkTags(bad *problems.List, tags map[string]string) {
	if len(tags) > maxTags {
		bad.Add("Tags", "%d: EC2 takes %d for a resource", len(tags), maxTags)
	}
	for _, key := range sortedKeys(tags) {
		switch here := bad.At("Tags", key); {
		case key == "" || utf8.RuneCountInString(key) > maxTagKey && !jsiix.IsToken(key):
			here.Add("", "%d characters: want a key of 1 to %d", utf8.RuneCountInString(key), maxTagKey)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			here.Add("", "keys that begin with aws: are AWS's own: want another one")
		}
		if value := tags[key]; utf8.RuneCountInString(value) > maxTagValue && !jsiix.IsToken(value) {
			bad.At("Tags", key).Add("", "a value of %d characters: want %d at most", utf8.RuneCountInString(value), maxTagValue)
		}
	}
}

// nodeTags are the tags of what a node group starts. EKS puts a group's own on nothing that it starts, so the launch template
// says them, when all tags are known: those given, and those of scopes above, which CDK gives to the group. The stack's own are
// CloudFormation's to put on the group, and EKS changes no group's tags together with its launch template.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-eks-nodegroup.html
type nodeTags struct {
	name  string // the tag Name, where there is no other
	given map[string]string
	group awseksv2.CfnNodegroup
}

// Produce is called by CDK when it writes the template.
func (t *nodeTags) Produce(awscdk.IResolveContext) any {
	all := map[string]string{"Name": t.name}
	stacks := jsiix.Value(awscdk.Stack_Of(t.group).Tags().TagValues())
	for key, value := range jsiix.Value(t.group.Tags().TagValues()) {
		if jsiix.Value(stacks[key]) != *value {
			all[key] = *value
		}
	}
	maps.Copy(all, t.given)
	list := []any{}
	for _, key := range sortedKeys(all) {
		list = append(list, map[string]any{"key": key, "value": all[key]})
	}
	specifications := []any{}
	for _, of := range []string{"instance", "volume", "network-interface"} {
		specifications = append(specifications, map[string]any{"resourceType": of, "tags": list})
	}
	return specifications
}

// warnStackTags tells that tags of the stack are on no instance.
func (c *Cluster) warnStackTags(id string) {
	if tags := jsiix.Value(awscdk.Stack_Of(c.Construct).Tags().TagValues()); len(tags) > 0 {
		awscdk.Annotations_Of(c.Construct).AddWarningV2(jsiix.Str("eks-ipv6:StackTags"), jsiix.Str(fmt.Sprintf(
			"StackProps.Tags (%s) are on no instance, volume or interface of nodes: CloudFormation puts them on the node group %s, whose tags EKS does not change together with its launch template: "+
				"want awscdk.Tags_Of(stack).Add, or NodeGroupProps.Tags", strings.Join(sortedKeys(tags), ", "), id)), nil)
	}
}
