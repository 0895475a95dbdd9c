// Package options reads the choices of the example stacks from CDK context, so that people who write no Go can make
// them with -c KEY=VALUE.
package options

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/nearest"
	"github.com/eks-ipv6/cdk/stacks"
)

// A key is one choice: its name, what may be given, and how a value is put into the properties.
type key struct {
	name, want string
	set        func(*stacks.PlatformProps, string) error
}

var errValue = errors.New("") // the key's want says it all

var keys = []key{
	{"azs", "2 to 6", func(p *stacks.PlatformProps, s string) (err error) {
		if p.Network.Azs, err = strconv.Atoi(s); err != nil || p.Network.Azs < dualstack.MinAzs || p.Network.Azs > dualstack.MaxAzs {
			return errValue
		}
		return nil
	}},
	{"nat", "per-az, single, regional or none", func(p *stacks.PlatformProps, s string) (err error) {
		if p.Network.Nat, err = dualstack.ParseNatMode(s); err != nil {
			return errValue
		}
		p.Network.AcknowledgeNoIPv4Egress = p.Network.Nat == dualstack.NatNone // typing it is the acknowledgement
		return nil
	}},
	{"availabilityZones", "names of zones with commas between, such as us-east-1a,us-east-1b", func(p *stacks.PlatformProps, s string) error {
		p.Network.AvailabilityZones = strings.Split(s, ",")
		for i, z := range p.Network.AvailabilityZones {
			p.Network.AvailabilityZones[i] = strings.TrimSpace(z)
		}
		only := dualstack.VpcProps{AvailabilityZones: p.Network.AvailabilityZones}
		return only.Validate()
	}},
	{"vpcCidr", "a private IPv4 range from /16 to /22, such as 10.0.0.0/16", func(p *stacks.PlatformProps, s string) (err error) {
		if p.Network.Cidr, err = netip.ParsePrefix(s); err != nil {
			return errValue
		}
		_, err = dualstack.NewPlan(p.Network.Cidr)
		return err
	}},
	{"isolatedSubnets", "true or false", boolean(func(p *stacks.PlatformProps) *bool { return &p.Network.IsolatedSubnets })},
	{"hardened", "true or false", boolean(func(p *stacks.PlatformProps) *bool { return &p.Hardened })},
	{"deletable", "true or false", boolean(func(p *stacks.PlatformProps) *bool { return &p.Deletable })},
	{"ebsDriver", "true or false", boolean(func(p *stacks.PlatformProps) *bool { return &p.Cluster.EBSDriver })},
	{"clusterName", "1 to 100 letters, digits, hyphens and underscores", func(p *stacks.PlatformProps, s string) error {
		p.Cluster.Name = s
		return p.Cluster.Validate()
	}},
	{"kubernetesVersion", strings.Join(ipv6eks.Versions(), ", "), func(p *stacks.PlatformProps, s string) error {
		only := ipv6eks.ClusterProps{Version: s}
		if err := only.Validate(); err != nil {
			return err
		}
		p.Cluster.Version = s
		if _, err := kubectllayer.NpmPath(npmKubectl); err != nil && ipv6eks.CheckSkew(kubectllayer.Version, s) != nil {
			return fmt.Errorf("%s needs kubectl %s, which npm ci installs: run it in the project's root", s, npmKubectl)
		}
		return nil
	}},
	{"apiAccessCidrs", "public IPv4 and IPv6 ranges with commas between, or world for every address", func(p *stacks.PlatformProps, s string) error {
		if s == "world" {
			p.Cluster.APIOpenToWorld = true
			return nil
		}
		var err error
		p.Cluster.APIAccessCidrs, err = prefixes(s)
		only := ipv6eks.ClusterProps{APIAccessCidrs: p.Cluster.APIAccessCidrs}
		return errors.Join(err, only.Validate())
	}},
	{"privateApiCidrs", "IPv4 and IPv6 ranges of joined networks with commas between, such as 10.8.0.0/16", func(p *stacks.PlatformProps, s string) (err error) {
		if p.Cluster.PrivateAPICidrs, err = prefixes(s); err != nil {
			return err
		}
		only := ipv6eks.ClusterProps{PrivateAPICidrs: p.Cluster.PrivateAPICidrs}
		return only.Validate()
	}},
	{"adminRoleArns", "ARNs of IAM roles or users with commas between", func(p *stacks.PlatformProps, s string) error {
		p.Cluster.AdminRoleArns = strings.Split(s, ",")
		only := ipv6eks.ClusterProps{AdminRoleArns: p.Cluster.AdminRoleArns}
		return only.Validate()
	}},
	{"nodeInstanceTypes", "Nitro instance types of one architecture with commas between, such as m7g.large,m6g.large", func(p *stacks.PlatformProps, s string) error {
		p.Nodes.InstanceTypes = strings.Split(s, ",")
		only := ipv6eks.NodeGroupProps{InstanceTypes: p.Nodes.InstanceTypes}
		return only.Validate()
	}},
	{"nodeArchitecture", string(ipv6eks.X86) + " or " + string(ipv6eks.ARM), func(p *stacks.PlatformProps, s string) error {
		p.Nodes.Architecture = ipv6eks.Architecture(s)
		if p.Nodes.Architecture != ipv6eks.X86 && p.Nodes.Architecture != ipv6eks.ARM {
			return errValue
		}
		return nil
	}},
	{"nodeAmi", "AL2023, BOTTLEROCKET and the others of ipv6eks.AMIs", func(p *stacks.PlatformProps, s string) error {
		p.Nodes.AMI = ipv6eks.AMI(s)
		only := ipv6eks.NodeGroupProps{AMI: p.Nodes.AMI}
		return only.Validate()
	}},
	{"nodeVersion", "a Kubernetes version that is the cluster's or up to three minor versions older", func(p *stacks.PlatformProps, s string) error {
		p.Nodes.Version = s
		only := ipv6eks.NodeGroupProps{Version: s}
		return only.Validate()
	}},
	{"nodeReleaseVersion", "a release of the node image, such as 1.35.3-20261012", func(p *stacks.PlatformProps, s string) error {
		p.Nodes.ReleaseVersion = s
		only := ipv6eks.NodeGroupProps{ReleaseVersion: s}
		return only.Validate()
	}},
	{"controllerImage", "the repository of the load balancer controller's image, without a tag, such as ACCOUNT.dkr.ecr.REGION.amazonaws.com/eks/aws-load-balancer-controller", func(p *stacks.PlatformProps, s string) error {
		p.Controller.ImageRepository = s
		only := lbc.ControllerProps{ImageRepository: s}
		return only.Validate()
	}},
}

func boolean(field func(*stacks.PlatformProps) *bool) func(*stacks.PlatformProps, string) error {
	return func(p *stacks.PlatformProps, s string) (err error) {
		if *field(p), err = strconv.ParseBool(s); err != nil {
			return errValue
		}
		return nil
	}
}

// prefixes reads ranges with commas between. The error names each that is none.
func prefixes(s string) (out []netip.Prefix, err error) {
	var errs []error
	for _, c := range strings.Split(s, ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(c))
		if err != nil {
			errs = append(errs, fmt.Errorf("%q is not a range such as 203.0.113.0/24 or 2001:db8::/32", c))
			continue
		}
		out = append(out, prefix)
	}
	return out, errors.Join(errs...)
}

// npmKubectl is the minor version of kubectl that package.json pins. It is newer than the built-in layer's, and faster to
// synthesize: no 36 MB module goes through the jsii kernel.
const npmKubectl = "1.36"

// useNpmLayer takes that layer where npm ci has put it and the cluster's version is within its reach.
func useNpmLayer(w *stacks.Workload) {
	version := cmp.Or(w.Cluster.Version, ipv6eks.DefaultVersion)
	if path, err := kubectllayer.NpmPath(npmKubectl); err == nil && ipv6eks.CheckSkew(npmKubectl, version) == nil {
		w.KubectlLayerPath, w.KubectlVersion = path, npmKubectl
	}
}

// Parse turns context into the platform's properties. Keys that are none of its own, CDK's feature flags among them, are
// left alone, unless they look like a misspelt one. region is where the stack would go, if that is known. The error names
// every bad key with what it takes.
func Parse(context map[string]any, region string) (*stacks.PlatformProps, error) {
	p := &stacks.PlatformProps{}
	var errs []error
	for _, k := range keys {
		given, ok := context[k.name]
		if !ok {
			continue
		}
		value := strings.TrimSpace(fmt.Sprint(given))
		if err := k.set(p, value); err != nil {
			errs = append(errs, k.refuse(value, err))
		}
	}
	useNpmLayer(&p.Workload)
	for name := range context {
		if meant := misspelt(name); meant != "" {
			errs = append(errs, fmt.Errorf("-c %s: no such key: did you mean %s?", name, meant))
		}
	}
	if strings.HasPrefix(region, "cn-") {
		errs = append(errs, fmt.Errorf("region %s: EKS has no IPv6 clusters in the China Regions: want a Region of another partition", region))
	}
	if len(errs) == 0 { // what is wrong only between keys, such as ARM instances with x86_64
		errs = append(errs, p.Validate())
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return p, errors.Join(errs...)
}

func (k key) refuse(value string, err error) error {
	if errors.Is(err, errValue) {
		return fmt.Errorf("-c %s=%s: want %s", k.name, value, k.want)
	}
	return fmt.Errorf("-c %s=%s: want %s: %s", k.name, value, k.want, strings.ReplaceAll(err.Error(), "\n", "; "))
}

// misspelt is the key that an unknown one was probably meant to be, or nothing.
func misspelt(name string) string {
	if strings.HasPrefix(name, "@") { // one of CDK's flags, a hundred of which are in cdk.json
		return ""
	}
	known := make([]string, len(keys))
	for i, k := range keys {
		if known[i] = k.name; name == k.name {
			return ""
		}
	}
	limit := 2
	if len(name) <= 3 { // env is no misspelt azs
		limit = 0
	}
	return nearest.Of(name, known, limit)
}
