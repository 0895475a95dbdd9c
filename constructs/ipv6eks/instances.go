package ipv6eks

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Architecture is a processor architecture.
type Architecture string

// The architectures of EKS nodes, as EC2 spells them.
const (
	X86 Architecture = "x86_64"
	ARM Architecture = "arm64"
)

// instanceType splits c7gn.2xlarge into c, 7, gn and 2xlarge.
var instanceType = regexp.MustCompile(`^([a-z]+)(\d+)?([a-z0-9-]*)\.([a-z0-9-]+)$`)

// xenFamilies are not Nitro: on them ipamd stops with "Prefix Delegation is not supported on non-nitro instance".
// Source: the VPC CNI's own table, https://github.com/aws/amazon-vpc-cni-k8s/blob/v1.23.2/pkg/vpc/vpc_ip_resource_limit.go,
// and, for what AWS has retired, https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-nitro-instances.html
var xenFamilies = []string{
	"c1", "c3", "c4", "cc1", "cc2", "cg1", "cr1", "d2", "f1", "g2", "g3", "g3s", "h1", "hi1", "hs1", "i2", "i3",
	"m1", "m2", "m3", "m4", "p2", "p3", "r3", "r4", "t1", "t2", "x1", "x1e",
}

// architectureOf tells the architecture of an instance type, or what keeps it from being an IPv6 node.
func architectureOf(name string) (Architecture, error) {
	m := instanceType.FindStringSubmatch(name)
	if m == nil {
		return "", fmt.Errorf("%q is no EC2 instance type: want one such as m7i.large or m7g.large", name)
	}
	family, attributes, size := m[1]+m[2]+m[3], m[3], m[4]
	if slices.Contains(xenFamilies, family) && !strings.HasPrefix(size, "metal") {
		return "", fmt.Errorf("%s is not a Nitro instance, and the VPC CNI serves IPv6 on Nitro only (https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html): want a newer family such as m7i or t3", name)
	}
	if strings.HasPrefix(family, "mac") {
		return "", fmt.Errorf("%s is a Mac, which EKS has no nodes on: want one such as m7i.large or m7g.large", name)
	}
	// Graviton carries a g among the letters after the generation: m7g, c7gn, im4gn, x2gd; a1 is older than the scheme.
	if family == "a1" || strings.Contains(attributes, "g") {
		return ARM, nil
	}
	return X86, nil
}

// validateInstances checks that all types are fit for IPv6 and of the wanted architecture, or of one if want is empty.
func validateInstances(types []string, want Architecture) error {
	if want != "" && want != X86 && want != ARM {
		return fmt.Errorf("Architecture: %q: want %s or %s", want, X86, ARM)
	}
	var errs []error
	of := map[Architecture][]string{}
	for i, t := range types {
		a, err := architectureOf(t)
		if err != nil {
			errs = append(errs, fmt.Errorf("InstanceTypes[%d]: %w", i, err))
			continue
		}
		if slices.Contains(of[a], t) {
			errs = append(errs, fmt.Errorf("InstanceTypes[%d]: %s is named twice: want each type once", i, t))
		}
		of[a] = append(of[a], t)
	}
	switch {
	case len(of) > 1:
		errs = append(errs, fmt.Errorf("InstanceTypes: mixed architectures: %s are %s, %s are %s: a node group has one image, so want types of one architecture",
			strings.Join(of[X86], ", "), X86, strings.Join(of[ARM], ", "), ARM))
	case want != "":
		for a, names := range of {
			if a != want {
				errs = append(errs, fmt.Errorf("InstanceTypes: %s are %s, and Architecture is %s: want types of that architecture, or another Architecture", strings.Join(names, ", "), a, want))
			}
		}
	}
	return errors.Join(errs...)
}
