// Package cfn reads CloudFormation and answers what a property will be.
//
// [Load] takes template files (JSON or YAML, short forms included) and cloud
// assembly folders (cdk.out); [Parse] takes templates already in memory. Either
// gives a [Set]: all stacks together, nested stacks bound to their parents'
// values, and Fn::ImportValue joined with the Export it names.
//
//	set, err := cfn.Load(cfn.Options{}, "cdk.out")
//	for _, subnet := range set.Resources("AWS::EC2::Subnet") {
//		vpc, ok := subnet.Prop("VpcId").Resource()     // *Resource of the VPC
//		cidr, ok := subnet.Prop("CidrBlock").Text()    // "10.0.0.0/18"
//		tag := subnet.Prop("Tags.0.Value")             // paths go into lists and maps
//	}
//
// Everything a template decides is evaluated: conditions, parameters' defaults,
// mappings and every intrinsic function. What only a deployment decides stays in
// the [Value] as what it is: a reference to a resource, an attribute of one, or an
// expression over them that prints as text. A value is never guessed.
//
// A caller that decides such a value itself (an Amazon-provided IPv6 block, say)
// hands it in with [Set.Provide]; from then on every expression over it evaluates:
//
//	set.Provide(func(r *cfn.Resource, attr string) (cfn.Value, bool) {
//		if r.Type == "AWS::EC2::VPC" && attr == "Ipv6CidrBlocks" {
//			return cfn.Strings("2001:db8:0:100::/56"), true
//		}
//		return cfn.Value{}, false
//	})
//	subnet.Prop("Ipv6CidrBlock").Text() // "2001:db8:0:102::/64"
package cfn
