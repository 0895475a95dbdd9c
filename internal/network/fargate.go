package network

import (
	"cmp"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Types: []string{"AWS::EKS::FargateProfile", "Custom::AWSCDK-EKS-FargateProfile"},
		Reads: []Reading{{readFargate, (*builder).fargateProfiles}, {readFargateSubnets, (*builder).fargateSubnets}},
	})
}

// FargateProfile is an AWS::EKS::FargateProfile.
type FargateProfile struct {
	Ref
	Cluster    *Cluster
	Subnets    []*Subnet
	Namespaces []string
	// Unknown names the list of subnets where the deployment decides it, else "".
	Unknown string

	byDefault bool // it names no subnets
}

func (b *builder) fargateProfiles() {
	for _, r := range b.set.Resources("AWS::EKS::FargateProfile", "Custom::AWSCDK-EKS-FargateProfile") {
		props := interface{ Get(string) cfn.Value }(r.Props())
		if strings.HasPrefix(r.Type, "Custom::") {
			props = lowerCamel{r.Prop("Config")}
		}
		c := b.clusterOf(props.Get("ClusterName"), ref(r))
		if c == nil {
			continue
		}
		f := &FargateProfile{Ref: ref(r), Cluster: c}
		f.Subnets, f.Unknown = b.subnetList(props.Get("Subnets"))
		if f.byDefault = len(f.Subnets) == 0 && f.Unknown == ""; f.byDefault {
			f.Subnets = c.Subnets
		}
		for _, s := range props.Get("Selectors").Items() {
			ns := str(s.Get("Namespace"))
			f.Namespaces = append(f.Namespaces, cmp.Or(ns, str(s.Get("namespace"))))
		}
		c.Fargate = append(c.Fargate, f)
	}
}

// fargateSubnets leaves profiles that name no subnets the cluster's private ones, once the routes are known: EKS takes no subnet
// with a route to an internet gateway.
// See https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html.
func (b *builder) fargateSubnets() {
	for _, c := range b.net.Clusters {
		for _, f := range c.Fargate {
			if !f.byDefault {
				continue
			}
			f.Subnets = slices.DeleteFunc(slices.Clone(f.Subnets), func(s *Subnet) bool {
				return s.RouteTable != nil && slices.ContainsFunc(s.RouteTable.Routes, func(r *Route) bool {
					_, igw := r.Target.(*InternetGateway)
					return igw
				})
			})
			if len(f.Subnets) == 0 && len(c.Subnets) > 0 {
				b.problem(f.Ref, "names no subnets, and none of cluster %s is private: EKS refuses the profile", c.Ref)
			}
		}
	}
}
