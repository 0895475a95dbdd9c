package test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/preflight/updates"
)

// updatesPage is docs/updates.md as it grows.
type updatesPage struct {
	groups, commands strings.Builder
	short            map[string][]string
}

func (p *updatesPage) group(g updateGroup) {
	fmt.Fprintf(&p.groups, "\n## %s\n\n", g.title)
	if g.intro != "" {
		p.groups.WriteString(g.intro + "\n\n")
	}
	p.groups.WriteString("| what you change | what it means | added | changed in place | made anew | deleted |\n|---|---|---|---|---|---|\n")
}

func (p *updatesPage) row(u update, outcome []updates.Stack) {
	var all updates.Stack
	var why, left []string
	for _, r := range outcome {
		all.Changes = append(all.Changes, r.Changes...)
		all.AddedOutputs, all.DeletedOutputs = append(all.AddedOutputs, r.AddedOutputs...), append(all.DeletedOutputs, r.DeletedOutputs...)
		why = append(why, texts(r.Refused)...)
		for _, c := range r.Changes {
			why = append(why, texts(c.Refused)...)
			left = append(left, c.Left...)
		}
	}
	if u.stops != "" {
		why = append(why, u.stops)
	}
	means, refused := u.means, len(why) > 0
	if refused { // it is not done, so what of it would matter is enough
		reason, _, _ := strings.Cut(why[0], ": ")
		means = "**Refused**: " + reason + ". " + means
		all.AddedOutputs, all.DeletedOutputs, left = nil, nil, nil
		all.Changes = slices.DeleteFunc(all.Changes, func(c updates.Change) bool {
			return precious[c.Type] == "" || c.Kind == updates.Added || c.Kind == updates.Changed && len(c.Refused) == 0
		})
	}
	if len(left) > 0 {
		means += " Left in the cluster, for you to delete: " + strings.Join(left, ", ") + "."
	}
	p.remember(u, all, refused)
	what := u.what
	if before, after := u.args[0], u.args[1]; after != "" {
		what += "<br>`" + strings.TrimPrefix(before+" → "+after, " → ") + "`"
		if !refused {
			fmt.Fprintf(&p.commands, "# %s\n%s\n", u.what, strings.TrimSpace(before+" | "+after))
		}
	}
	fmt.Fprintf(&p.groups, "| %s | %s | %s | %s | %s | %s |\n", what, means,
		cell(all.Of(updates.Added), all.AddedOutputs), cell(all.Of(updates.Changed), nil), cell(all.Of(updates.Replaced), nil), cell(all.Of(updates.Deleted), all.DeletedOutputs))
}

// remember puts an update under what a reader looks for first.
func (p *updatesPage) remember(u update, all updates.Stack, refused bool) {
	add := func(title string) {
		if p.short == nil {
			p.short = map[string][]string{}
		}
		if !slices.Contains(p.short[title], u.what) {
			p.short[title] = append(p.short[title], u.what)
		}
	}
	nodes := func(properties ...string) bool {
		return slices.ContainsFunc(all.Of(updates.Changed, "AWS::EKS::Nodegroup"), func(c updates.Change) bool {
			return slices.ContainsFunc(properties, func(p string) bool { return slices.Contains(c.Properties, p) })
		})
	}
	switch {
	case refused:
		add("Refused")
	case len(all.Of(updates.Replaced, "AWS::EKS::Cluster")) > 0:
		add("A new cluster")
	case len(all.Of(updates.Replaced, "AWS::EKS::Nodegroup")) > 0:
		add("A new node group beside the old one")
	case nodes("LaunchTemplate", "Version", "ReleaseVersion"):
		add("Nodes replaced one at a time")
	case slices.ContainsFunc(all.Of(updates.Deleted), func(c updates.Change) bool { return c.Type == "AWS::EC2::EIP" || c.Type == "AWS::EC2::NatGateway" }):
		add("Other addresses on the IPv4 internet")
	}
}

// shortTitles are what remember sorts by, in the page's order.
var shortTitles = []string{"Refused", "A new cluster", "A new node group beside the old one", "Nodes replaced one at a time", "Other addresses on the IPv4 internet"}

// inShort is the list at the top of the page.
func (p *updatesPage) inShort() string {
	var b strings.Builder
	for _, title := range shortTitles {
		fmt.Fprintf(&b, "- **%s**: %s.\n", title, strings.Join(p.short[title], "; "))
	}
	return b.String() + "- Everything else on this page: none of these.\n"
}

// kindNames are the types as the page has them, one and several, in the order of its cells.
var kindNames = [][3]string{
	{"AWS::EC2::VPC", "VPC", "VPCs"}, {"AWS::EC2::VPCCidrBlock", "VPC range", "VPC ranges"}, {"AWS::EC2::Subnet", "subnet", "subnets"},
	{"AWS::EKS::Cluster", "cluster", "clusters"}, {"AWS::EKS::Nodegroup", "node group", "node groups"}, {"AWS::EKS::FargateProfile", "Fargate profile", "Fargate profiles"},
	{"AWS::EKS::Addon", "add-on", "add-ons"}, {"AWS::EKS::AccessEntry", "access entry", "access entries"},
	{"AWS::EKS::PodIdentityAssociation", "Pod identity", "Pod identities"},
	{"AWS::ElasticLoadBalancingV2::LoadBalancer", "load balancer", "load balancers"}, {"AWS::ElasticLoadBalancingV2::Listener", "listener", "listeners"},
	{"AWS::ElasticLoadBalancingV2::TargetGroup", "target group", "target groups"},
	{"Custom::AWSCDK-EKS-HelmChart", "chart", "charts"}, {"Custom::AWSCDK-EKS-KubernetesResource", "manifest", "manifests"},
	{"Custom::AWSCDK-EKS-KubernetesObjectValue", "value read from the cluster", "values read from the cluster"},
	{"AWS::EC2::NatGateway", "NAT gateway", "NAT gateways"}, {"AWS::EC2::EIP", "Elastic IP", "Elastic IPs"},
	{"AWS::EC2::VPCEndpoint", "endpoint", "endpoints"}, {"AWS::EC2::VPCEndpointService", "endpoint service", "endpoint services"},
	{"AWS::EC2::VPCEndpointServicePermissions", "endpoint service's permissions", "endpoint services' permissions"},
	{"AWS::EC2::VPCPeeringConnection", "peering connection", "peering connections"}, {"AWS::EC2::TransitGateway", "transit gateway", "transit gateways"},
	{"AWS::EC2::TransitGatewayAttachment", "attachment", "attachments"},
	{"AWS::EC2::InternetGateway", "internet gateway", "internet gateways"}, {"AWS::EC2::VPCGatewayAttachment", "internet gateway's attachment", "internet gateways' attachments"},
	{"AWS::EC2::EgressOnlyInternetGateway", "egress-only gateway", "egress-only gateways"},
	{"AWS::EC2::Route", "route", "routes"}, {"AWS::EC2::RouteTable", "route table", "route tables"},
	{"AWS::EC2::SubnetRouteTableAssociation", "route table's subnet", "route tables' subnets"},
	{"AWS::EC2::SecurityGroup", "security group", "security groups"}, {"AWS::EC2::SecurityGroupIngress", "security group rule", "security group rules"},
	{"AWS::EC2::LaunchTemplate", "launch template", "launch templates"}, {"AWS::EC2::FlowLog", "flow log", "flow logs"},
	{"AWS::KMS::Key", "KMS key", "KMS keys"}, {"AWS::Logs::LogGroup", "log group", "log groups"}, {"Custom::LogRetention", "log retention", "log retentions"},
	{"AWS::IAM::Role", "role", "roles"}, {"AWS::IAM::Policy", "policy", "policies"},
	{"AWS::Lambda::Function", "function", "functions"}, {"AWS::Lambda::LayerVersion", "layer", "layers"},
	{"Custom::VpcRestrictDefaultSG", "default security group's rules", "default security groups' rules"}, {"AWS::SSM::Parameter", "parameter", "parameters"},
}

// cell says in words what happens to some resources: how many of which type, and which properties make it so. Of few precious
// ones that are made anew or deleted it has the logical ids.
func cell(changes []updates.Change, outputs []string) string {
	byType := map[string][]updates.Change{}
	for _, c := range changes {
		byType[c.Type] = append(byType[c.Type], c)
	}
	if tables := byType["AWS::EC2::RouteTable"]; len(tables) > 0 && tables[0].Kind != updates.Changed { // with what is in them
		delete(byType, "AWS::EC2::Route")
		delete(byType, "AWS::EC2::SubnetRouteTableAssociation")
	}
	var out []string
	for _, name := range kindNames {
		list := byType[name[0]]
		delete(byType, name[0])
		for _, sort := range alike(list) {
			out = append(out, phrase(sort, name))
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(byType)) { // a type without words shows as it is
		for _, sort := range alike(byType[typ]) {
			out = append(out, phrase(sort, [3]string{typ, typ, typ}))
		}
	}
	for _, o := range outputs {
		if !strings.HasPrefix(o, "ExportsOutput") {
			out = append(out, "output "+o)
		}
	}
	return strings.Join(out, ", ")
}

// alike parts changes of a type by what changes, the larger parts first.
func alike(changes []updates.Change) [][]updates.Change {
	by := map[string][]updates.Change{}
	for _, c := range changes {
		key := strings.Join(c.Properties, ", ")
		by[key] = append(by[key], c)
	}
	return slices.SortedFunc(maps.Values(by), func(a, b []updates.Change) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a[0].ID, b[0].ID))
	})
}

func phrase(list []updates.Change, name [3]string) string {
	s := name[1]
	if len(list) > 1 {
		s = fmt.Sprintf("%d %s", len(list), name[2])
	}
	first := list[0]
	if first.Kind >= updates.Replaced && precious[first.Type] != "" {
		s = "**" + s + "**"
		if len(list) == 1 {
			s += " `" + first.ID + "`"
		}
	}
	if first.Maybe && first.Kind != updates.Changed {
		s += " perhaps"
	}
	if len(first.Properties) > 0 {
		s += " (" + strings.Join(first.Properties, ", ") + ")"
	}
	if first.Kept {
		s += ", the old one kept"
	}
	return s
}

// text is the page.
func (p *updatesPage) text(t testing.TB) []byte {
	t.Helper()
	intro, err := os.ReadFile("testdata/updates.intro.md")
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.Replace(string(intro), "IN SHORT\n", p.inShort(), 1) + p.groups.String())
}

// rehearsal are the updates that context expresses and that nothing refuses, for make rehearsal: arguments of the CDK CLI
// before and after, which come after those of before.
func (p *updatesPage) rehearsal() []byte {
	return []byte("# Updates of the quickstart, as docs/updates.md has them: CDK_ARGS | UPDATE_ARGS. Made by go test ./test -run '^TestUpdates$' -update.\n" + p.commands.String())
}
