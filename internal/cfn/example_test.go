package cfn_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func Example() {
	set, err := cfn.Load(cfn.Options{}, "testdata/cdk.out")
	if err != nil {
		fmt.Println(err)
		return
	}
	subnet := set.Find("Network/Vpc/PrivateSubnet1/Subnet")[0]
	fmt.Println(subnet.Prop("CidrBlock"))
	fmt.Println(subnet.Prop("Ipv6CidrBlock"))

	// The block that Amazon will assign is ours to decide; the expression over it then has a value.
	set.Provide(func(r *cfn.Resource, attr string) (cfn.Value, bool) {
		return cfn.Strings("2001:db8:0:100::/56"), r.Type == "AWS::EC2::VPC" && attr == "Ipv6CidrBlocks"
	})
	fmt.Println(subnet.Prop("Ipv6CidrBlock"))

	vpc, _ := subnet.Prop("VpcId").Resource()
	fmt.Println(vpc.Type, vpc.ConstructPath)
	// Output:
	// 10.0.128.0/18
	// Fn::Select(2, Fn::Cidr(Fn::Select(0, Vpc8378EB38.Ipv6CidrBlocks), 4, 64))
	// 2001:db8:0:102::/64
	// AWS::EC2::VPC Network/Vpc/Resource
}

func TestConcurrentReaders(t *testing.T) {
	t.Parallel()
	set := load(t, "testdata/eksctl.yaml", "testdata/cluster.yaml", "testdata/cdk.out")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, r := range set.Resources() {
				_ = r.Props().String()
			}
			for _, s := range set.Stacks() {
				for _, o := range s.Outputs() {
					_ = s.Output(o).Key()
				}
			}
			_ = set.Notes()
		})
	}
	wg.Wait()
}
