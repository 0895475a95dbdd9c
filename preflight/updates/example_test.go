package updates_test

import (
	"fmt"

	"github.com/eks-ipv6/cdk/preflight/updates"
)

func ExampleCompare() {
	const template = `
Resources:
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties: {LaunchTemplateData: {MetadataOptions: {HttpPutResponseHopLimit: %d}}}
  Nodes:
    Type: AWS::EKS::Nodegroup
    Properties:
      ClusterName: shop
      NodeRole: arn:aws:iam::111122223333:role/nodes
      Subnets: [subnet-1, subnet-2]
      Version: "%s"
      LaunchTemplate: {Id: !Ref Template, Version: !GetAtt Template.LatestVersionNumber}
`
	deployed, err := updates.Read(map[string][]byte{"Shop": fmt.Appendf(nil, template, 2, "1.34")})
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := updates.Read(map[string][]byte{"Shop": fmt.Appendf(nil, template, 1, "1.35")})
	if err != nil {
		fmt.Println(err)
		return
	}
	update, err := updates.Compare(deployed, next)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, stack := range update.Stacks {
		for _, c := range stack.Changes {
			fmt.Println(c.ID, c.Kind, c.Properties)
			for _, r := range c.Refused {
				fmt.Println("  refused:", r.Text)
			}
		}
	}
	// Output:
	// Template changed [LaunchTemplateData]
	// Nodes changed [LaunchTemplate Version]
	//   refused: EKS changes a node group's Version alone: Version goes from 1.34 to 1.35 together with LaunchTemplate (Template changes in LaunchTemplateData)
}
