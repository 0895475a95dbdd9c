// Package nag gives resources the reasons for what cdk-nag's rules find in them, where a construct cannot do without it: managed
// policies that are AWS's own, rights on whatever a controller will make. What a user can choose has none.
package nag

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// Reasons are by the rule's id, such as AwsSolutions-IAM4.
type Reasons map[string]string

// Suppress writes reasons into the metadata of the resource that a construct makes, as cdk-nag reads them from there
// (https://github.com/cdklabs/cdk-nag). A construct that is not there needs none.
func Suppress(of constructs.IConstruct, reasons Reasons) {
	if of == nil {
		return
	}
	resource, ok := of.(awscdk.CfnResource)
	if !ok {
		if resource, ok = of.Node().DefaultChild().(awscdk.CfnResource); !ok {
			return // imported: there is no resource here
		}
	}
	list := []any{}
	for _, id := range slices.Sorted(maps.Keys(reasons)) {
		list = append(list, map[string]any{"id": id, "reason": reasons[id]})
	}
	resource.AddMetadata(jsiix.Str("cdk_nag"), map[string]any{"rules_to_suppress": list})
}

// SuppressChild is Suppress of a child, if it is there.
func SuppressChild(of constructs.Node, id string, reasons Reasons) {
	if child := of.TryFindChild(jsiix.Str(id)); child != nil {
		Suppress(child, reasons)
	}
}
