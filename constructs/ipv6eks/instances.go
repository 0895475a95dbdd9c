package ipv6eks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/nearest"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// Architecture is a processor architecture.
type Architecture string

// The architectures of EKS nodes, as EC2 spells them.
const (
	X86 Architecture = "x86_64"
	ARM Architecture = "arm64"
)

// architectureOf tells the architecture of an instance type, or what keeps it from being an IPv6 node.
func architectureOf(name string) (Architecture, error) {
	family, size, _ := strings.Cut(name, ".")
	sizes, known := aws.InstanceSizes(family)
	switch {
	case aws.Xen(name):
		return "", fmt.Errorf("%s is not a Nitro instance, and the VPC CNI serves IPv6 on Nitro only (https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html): want a newer family such as m7i or t3", name)
	case strings.HasPrefix(name, "mac"):
		return "", fmt.Errorf("%s is a Mac, which EKS has no nodes on: want one such as m7i.large or m7g.large", name)
	case known && !slices.Contains(sizes, size):
		return "", fmt.Errorf("%q: %s has no size %q (as of %s): want %s; a newer size can be set with Tune", name, family, size, aws.InstanceTypesAsOf, oneOf(size, sizes, family+"."))
	case !aws.IsInstanceType(name):
		return "", fmt.Errorf("%q is no EC2 instance type: want %s", name, cmp.Or(nearest.Of(name, aws.InstanceTypes(), 3), "one such as m7i.large or m7g.large"))
	case aws.ARM(name):
		return ARM, nil
	}
	return X86, nil
}

// oneOf is what a misspelt word was meant to be, or all there is.
func oneOf(word string, known []string, before string) string {
	if meant := nearest.Of(word, known, max(1, len(word)/3)); meant != "" {
		return before + meant
	}
	return "one of " + before + strings.Join(known, ", "+before)
}

// unknownFamily tells what to think of a type whose family is not in the list of this release, or nothing of one that is.
func unknownFamily(name string) string {
	family, size, _ := strings.Cut(name, ".")
	if _, known := aws.InstanceSizes(family); known {
		return ""
	}
	said := fmt.Sprintf("%s is of no instance family of %s, when this library's list was made: if EC2 has it by now, acknowledge this", name, aws.InstanceTypesAsOf)
	if meant := nearest.Of(name, aws.InstanceTypes(), max(2, len(family)-1)); strings.HasSuffix(meant, "."+size) {
		said += "; otherwise, did you mean " + meant + "?"
	}
	return said
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
