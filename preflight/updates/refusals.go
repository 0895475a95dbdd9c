package updates

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// Reason is a class of what is refused.
type Reason int

// The reasons.
const (
	Together      Reason = iota // EKS changes one property of a node group and not another with it
	VersionStep                 // EKS raises a control plane by one minor version
	OneUpdate                   // CDK's older cluster takes one kind of update at a time
	FixedCluster                // EKS changes it in no cluster
	Beside                      // the new resource cannot be there while the old one is
	FixedObject                 // Kubernetes, or a webhook, refuses the object
	UsedElsewhere               // another stack imports it
)

// Refusal is why an update fails.
type Refusal struct {
	Reason Reason
	// Text is the reason in words, a colon, and what it is about.
	Text string
	// Maybe says that the deployment decides whether it comes to that: the templates leave a value open.
	Maybe bool
	// Output is the name of the output that another stack imports, or "".
	Output string
}

func (c *Change) refuse(reason Reason, how certainty, format string, args ...any) {
	if how > same {
		c.Refused = append(c.Refused, Refusal{Reason: reason, Text: fmt.Sprintf(format, args...), Maybe: how == perhaps})
	}
}

// refusals adds why a change is refused. was is nil for what is added.
func (c *comparison) refusals(out *Change, was, is *cfn.Resource) {
	switch {
	case out.Kind == Changed:
		switch is.Type {
		case nodegroup:
			c.together(out, was, is)
		case cluster, olderCluster:
			c.step(out, was, is)
			c.fixed(out, was, is)
		case manifestType:
			c.kubernetes(out, was, is)
		}
		if is.Type == olderCluster {
			c.oneUpdate(out, was, is)
		}
	case out.Kind == Replaced && was != nil:
		if s, _ := schemaOf(is.Type); !s.DeleteFirst {
			how := surely
			if out.Maybe {
				how = perhaps
			}
			c.overlaps(out, is, how)
			c.served(out, is, how)
			c.taken(out, s, was, is, how)
		}
	case out.Kind == Added:
		c.overlaps(out, is, surely)
		if is.Type == manifestType {
			for _, o := range c.objects(is, true) {
				c.bound(out, o, c.before[is.Stack])
			}
		}
	}
}

// alone are the properties that EKS changes with no other of a node group, and those that may come along.
// Sources: https://github.com/aws/containers-roadmap/issues/1258 and what CloudFormation says of each property:
// "You can't update other properties at the same time as updating Version", and the same of ReleaseVersion.
var alone = []struct {
	name string
	with []string
}{
	{"Version", []string{"ReleaseVersion", "ForceUpdateEnabled"}},
	{"ReleaseVersion", []string{"Version", "ForceUpdateEnabled"}},
}

// together refuses what EKS does not change at once.
func (c *comparison) together(out *Change, was, is *cfn.Resource) {
	for _, a := range alone {
		how := out.certainty[a.name]
		var others []string
		worst := same
		for _, p := range out.Properties {
			if p != a.name && !slices.Contains(a.with, p) && !slices.Contains(policies, p) {
				others = append(others, c.named(p, is))
				worst = max(worst, out.certainty[p])
			}
		}
		if how = min(how, worst); how > same {
			out.refuse(Together, how, "EKS changes a node group's %s alone: %s goes from %s to %s together with %s",
				a.name, a.name, shown(was.Prop(a.name)), shown(is.Prop(a.name)), strings.Join(others, " and "))
			return
		}
	}
	// Source: https://github.com/awsdocs/aws-cloudformation-user-guide/pull/1181
	out.refuse(Together, min(out.certainty["Tags"], out.certainty["LaunchTemplate"]),
		"EKS changes a node group's Tags and LaunchTemplate one after the other: not Tags at once with %s", c.named("LaunchTemplate", is))
}

// named is a property with the launch template whose change makes it change.
func (c *comparison) named(property string, is *cfn.Resource) string {
	for _, ref := range references(is.Prop(property)) {
		if change, ok := c.changes[ref.resource]; ok && change.Type == launchTemplate {
			return fmt.Sprintf("%s (%s changes in %s)", property, change.ID, strings.Join(change.Properties, ", "))
		}
	}
	return property
}

func shown(v cfn.Value) string {
	if !v.Exists() {
		return "none"
	}
	return v.String()
}

// spelled is a path of a cluster's properties, in whichever of CDK's two spellings it has.
func spelled(typ, path string) string {
	if typ != olderCluster {
		return path
	}
	steps := strings.Split(path, "/")
	for i, s := range steps {
		steps[i] = strings.ToLower(s[:1]) + s[1:]
	}
	return "Config/" + strings.Join(steps, "/")
}

// step refuses to raise a control plane by more than one minor version, or to lower it.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html. EKS takes a control plane back by a call of
// its own, within a week (https://docs.aws.amazon.com/eks/latest/userguide/rollback-cluster.html); nothing says that
// CloudFormation makes it.
func (c *comparison) step(out *Change, was, is *cfn.Resource) {
	path := spelled(is.Type, "Version")
	before, after := at(c.of(was), path), at(c.of(is), path)
	old, okOld := minor(before)
	next, okNext := minor(after)
	switch {
	case !okOld || !okNext:
	case next > old+1:
		out.refuse(VersionStep, surely, "EKS raises a control plane by one minor version at a time: not from %s to %s", before, after)
	case next < old:
		out.refuse(VersionStep, surely, "CloudFormation does not lower a control plane's version: not from %s to %s", before, after)
	}
}

func minor(v cfn.Value) (int, bool) {
	text, _ := v.Text()
	rest, ok := strings.CutPrefix(text, "1.")
	n, err := strconv.Atoi(rest)
	return n, ok && err == nil
}

// modes are the ways to know who may use a cluster's API, in the order in which a cluster can go through them.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html
var modes = []string{"CONFIG_MAP", "API_AND_CONFIG_MAP", "API"}

// fixed refuses what EKS changes in no cluster.
func (c *comparison) fixed(out *Change, was, is *cfn.Resource) {
	// Source: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
	for _, ref := range references(at(c.of(is), spelled(is.Type, "ResourcesVpcConfig"))) {
		change := c.changes[ref.resource]
		if change.Type == subnet && change.Kind == Replaced && !change.Maybe && (slices.Contains(change.Properties, "VpcId") || slices.Contains(change.Properties, "AvailabilityZone")) {
			out.refuse(FixedCluster, surely, "EKS moves no cluster to another VPC or to other zones: %s is made anew there", ref.resource.ID)
			break
		}
	}
	path := spelled(is.Type, "AccessConfig/AuthenticationMode")
	before, _ := at(c.of(was), path).Text()
	after, _ := at(c.of(is), path).Text()
	if old, next := slices.Index(modes, before), slices.Index(modes, after); next >= 0 && next < old {
		out.refuse(FixedCluster, surely, "EKS takes no authentication mode back: not from %s to %s", before, after)
	}
	if is.Type == olderCluster {
		path := spelled(is.Type, "EncryptionConfig")
		out.refuse(FixedCluster, c.differ(at(c.of(was), path), at(c.of(is), path)), "CDK's handler changes no encryption: the EncryptionConfig of %s", is.ID)
	}
}

// updateKinds are the kinds of updates that the handler of CDK's older cluster tells apart.
// Source: https://github.com/aws/aws-cdk/blob/main/packages/%40aws-cdk/custom-resource-handlers/lib/aws-eks/cluster-resource-handler/cluster.ts
// (analyzeUpdate) and https://github.com/aws/aws-cdk/issues/33452.
var updateKinds = []struct {
	name  string
	paths []string
}{
	{"the version", []string{"Version"}}, {"logging", []string{"Logging"}}, {"tags", []string{"Tags"}},
	{"subnets and security groups", []string{"ResourcesVpcConfig/SubnetIds", "ResourcesVpcConfig/SecurityGroupIds"}},
	{"endpoint access", []string{"ResourcesVpcConfig/EndpointPrivateAccess", "ResourcesVpcConfig/EndpointPublicAccess", "ResourcesVpcConfig/PublicAccessCidrs"}},
	{"the authentication mode", []string{"AccessConfig/AuthenticationMode"}},
}

// oneUpdate refuses several kinds of updates at once.
func (c *comparison) oneUpdate(out *Change, was, is *cfn.Resource) {
	var sure, all []string
	for _, kind := range updateKinds {
		worst := same
		for _, p := range kind.paths {
			p = spelled(is.Type, p)
			worst = max(worst, c.differ(at(c.of(was), p), at(c.of(is), p)))
		}
		if worst > same {
			all = append(all, kind.name)
		}
		if worst == surely {
			sure = append(sure, kind.name)
		}
	}
	if len(all) > 1 {
		how := perhaps
		if len(sure) > 1 {
			how = surely
		}
		out.refuse(OneUpdate, how, "CDK's handler makes one kind of update at a time: not %s", strings.Join(all, ", "))
	}
}

// taken refuses a second resource of the same name.
func (c *comparison) taken(out *Change, s schema, was, is *cfn.Resource, how certainty) {
	stays := func(path string) bool {
		before, after := at(c.of(was), path), at(c.of(is), path)
		return after.Exists() && c.differ(before, after) == same // else CloudFormation makes a new one up, or it is another
	}
	name := strings.Join(s.Identifier, ", ")
	for _, n := range s.Identifier {
		if !stays(n) {
			name = ""
		}
	}
	for _, n := range namesOfTheirOwn {
		if slices.Contains(s.CreateOnly, n) && stays(n) {
			name = n
		}
	}
	if name != "" {
		out.refuse(Beside, how, "it is made anew under the same name, which the old one still has: %s, %s", is.ID, name)
	}
}

// overlaps refuses a range of the same VPC that another one has, which goes only at the end.
func (c *comparison) overlaps(out *Change, is *cfn.Resource, how certainty) {
	if is.Type != subnet && is.Type != vpcRange {
		return
	}
	for _, was := range c.before[is.Stack].Resources() {
		stays := is.Stack.Resource(was.ID)
		goes := stays == nil || c.changes[stays].Kind == Replaced
		if was.Type != is.Type || !goes || c.differ(was.Prop("VpcId"), is.Prop("VpcId")) > same {
			continue
		}
		for _, family := range []string{"CidrBlock", "Ipv6CidrBlock"} {
			if a, b := was.Prop(family), is.Prop(family); a.Exists() && b.Exists() && c.overlap(a, b) {
				out.refuse(Beside, how, "the range is made while the old one is still there: %s, %s", is.ID, was.ID)
				return
			}
		}
	}
}

// overlap tells whether two ranges do, as far as templates show it.
func (c *comparison) overlap(was, is cfn.Value) bool {
	a, _ := was.Text()
	b, _ := is.Text()
	first, errA := netip.ParsePrefix(a)
	second, errB := netip.ParsePrefix(b)
	if errA != nil || errB != nil {
		return c.differ(was, is) == same
	}
	return first.Overlaps(second)
}

// served refuses a new listener of another load balancer whose target group serves the old one until the end.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html (TargetGroupAssociationLimit)
func (c *comparison) served(out *Change, is *cfn.Resource, how certainty) {
	if is.Type != listener {
		return
	}
	for _, ref := range references(is.Prop("DefaultActions")) {
		if c.twin(ref.resource) != nil && c.changes[ref.resource].Kind != Replaced {
			out.refuse(Beside, how, "a target group serves one load balancer, until the end the old one: %s", ref.resource.ID)
			return
		}
	}
}

// imported refuses to change or delete outputs that other stacks import.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
func imported(was *cfn.Stack, outputs []string, deployed *Templates) (out []Refusal) {
	for _, name := range outputs {
		export := was.Export(name)
		for _, other := range deployed.set.Stacks() {
			if export.Exists() && other != was && slices.ContainsFunc(imports(other), export.Equal) {
				out = append(out, Refusal{Reason: UsedElsewhere, Text: fmt.Sprintf("another stack imports what would change or go: %s, by %s", export, other.ID), Output: name})
				break
			}
		}
	}
	return out
}
