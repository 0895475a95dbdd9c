package ipv6eks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// Architecture is a processor architecture.
type Architecture string

// The architectures of EKS nodes, as EC2 spells them.
const (
	X86 Architecture = "x86_64"
	ARM Architecture = "arm64"
)

// instanceType is a family and a size, such as c7gn.2xlarge.
var instanceType = regexp.MustCompile(`^[a-z][a-z0-9-]*\.[a-z0-9-]+$`)

// architectureOf tells the architecture of an instance type, or what keeps it from being an IPv6 node.
func architectureOf(name string) (Architecture, error) {
	switch {
	case !instanceType.MatchString(name):
		return "", fmt.Errorf("%q is no EC2 instance type: want one such as m7i.large or m7g.large", name)
	case aws.Xen(name):
		return "", fmt.Errorf("%s is not a Nitro instance, and the VPC CNI serves IPv6 on Nitro only (https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html): want a newer family such as m7i or t3", name)
	case strings.HasPrefix(name, "mac"):
		return "", fmt.Errorf("%s is a Mac, which EKS has no nodes on: want one such as m7i.large or m7g.large", name)
	case aws.ARM(name):
		return ARM, nil
	}
	return X86, nil
}

// checkInstances checks that all types are fit for IPv6 and of the wanted architecture, or of one if want is empty.
func checkInstances(bad *problems.List, types []string, want Architecture) {
	if want != "" && want != X86 && want != ARM {
		bad.Add("Architecture", "%q: want %s or %s", want, X86, ARM)
		return
	}
	of := map[Architecture][]string{}
	for i, t := range types {
		here := bad.At("InstanceTypes", i)
		a, err := architectureOf(t)
		if err != nil {
			here.Add("", "%w", err)
			continue
		}
		if slices.Contains(of[a], t) {
			here.Add("", "%s is named twice: want each type once", t)
		}
		of[a] = append(of[a], t)
	}
	switch {
	case len(of) > 1:
		bad.Add("InstanceTypes", "mixed architectures: %s are %s, %s are %s: a node group has one image, so want types of one architecture",
			strings.Join(of[X86], ", "), X86, strings.Join(of[ARM], ", "), ARM)
	case want != "":
		for a, names := range of {
			if a != want {
				bad.Add("InstanceTypes", "%s are %s, and Architecture is %s: want types of that architecture, or another Architecture", strings.Join(names, ", "), a, want)
			}
		}
	}
}
