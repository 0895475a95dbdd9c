package aws

import (
	"regexp"
	"slices"
	"strings"
)

// xenFamilies are the instance families that are not built on the Nitro System: those whose hypervisor is Xen. Each
// newer family is Nitro, and so are the bare-metal sizes of these, such as i3.metal.
// Source: the column Hypervisor of https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-type-specifications.html
// (what is Nitro: https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-nitro-instances.html), and the table that the
// VPC CNI goes by, which is of DescribeInstanceTypes:
// https://github.com/aws/amazon-vpc-cni-k8s/blob/b52188387f2e/pkg/vpc/vpc_ip_resource_limit.go (August 2026).
// Neither lists any more what AWS has retired: cc1, cc2, cg1, cr1, g2, g3, g3s, hi1, hs1, p2.
var xenFamilies = []string{
	"c1", "c3", "c4", "cc1", "cc2", "cg1", "cr1", "d2", "f1", "g2", "g3", "g3s", "h1", "hi1", "hs1", "i2", "i3",
	"m1", "m2", "m3", "m4", "p2", "p3", "r3", "r4", "t1", "t2", "x1", "x1e",
}

// Xen tells that an instance type, such as m4.large, is not built on the Nitro System. The VPC CNI serves IPv6 on Nitro
// only: elsewhere it stops with "Prefix Delegation is not supported on non-nitro instance".
func Xen(instanceType string) bool {
	family, size, _ := strings.Cut(instanceType, ".")
	return slices.Contains(xenFamilies, family) && !strings.HasPrefix(size, "metal")
}

// graviton matches the types with an ARM processor: they have a g among the letters after the generation, as m7g, c7gn,
// im4gn, x2gd and p6e-gb200. a1 is older than the scheme.
// Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
var graviton = regexp.MustCompile(`^(a1|[a-z]+[0-9]+[a-z0-9-]*g[a-z0-9-]*)\.`)

// ARM tells that an instance type, such as m7g.large, has an ARM processor.
func ARM(instanceType string) bool { return graviton.MatchString(instanceType) }
