package rules

import (
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

var iamRules = []Rule{
	{
		ID: "V16", Severity: Error, Title: "VPC CNI without the permissions of IPv6 mode",
		Why:    "aws-node needs seven EC2 actions on IPv6; without AssignIpv6Addresses no Pod gets an address, and from v1.22.1 on it crash-loops without DescribeSubnets and DescribeSecurityGroups. AmazonEKS_CNI_Policy is for IPv4.",
		Fix:    "allow ec2:AssignIpv6Addresses, DescribeInstances, DescribeSecurityGroups, DescribeSubnets, DescribeTags, DescribeNetworkInterfaces and DescribeInstanceTypes on *, and ec2:CreateTags on network interfaces",
		Source: aws.DocCNIPolicy,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				roles, own := c.cniRoles(cl)
				for _, role := range roles {
					granted := c.permissions(role)
					if !granted.complete {
						continue
					}
					if lacking := granted.lacking(cniActions(cl)...); len(lacking) > 0 {
						who := "aws-node"
						if !own {
							who = "the nodes, which aws-node falls back to,"
						}
						c.report(role, "", "the role %s of %s in the IPv6 cluster %s lacks %s", role.ID, who, cl.LogicalID, strings.Join(lacking, ", "))
					}
				}
			}
		},
	},
	{
		ID: "V17", Severity: Error, Title: "Managed policy that does not exist",
		Why:    "AWS has no managed policy AmazonEKS_CNI_IPv6_Policy: the role is refused.",
		Fix:    "write the IPv6 policy of the VPC CNI into the role",
		Source: "https://github.com/aws/containers-roadmap/issues/1843",
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group") {
				for i, v := range r.Prop("ManagedPolicyArns").Items() {
					if s := lastText(v); strings.HasSuffix(s, "iam::aws:policy/AmazonEKS_CNI_IPv6_Policy") {
						c.report(r, "ManagedPolicyArns."+itoa(i), "%s names the managed policy AmazonEKS_CNI_IPv6_Policy", r.ID)
					}
				}
			}
		},
	},
	{
		ID: "V18", Severity: Error, Title: "Two identities for the VPC CNI",
		Why:    "With a role for its service account and a Pod Identity association, which of the two aws-node uses is left to the order of its SDK.",
		Fix:    "keep the Pod Identity association and remove ServiceAccountRoleArn",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/cni-iam-role.html",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				a := cl.Addon("vpc-cni")
				if a == nil || c.raw(a) == nil || !a.ServiceAccountRole {
					continue
				}
				for _, id := range c.identities(cl) {
					if id.account.Is("aws-node") && id.namespace.Is("kube-system") {
						c.report(c.raw(a), "ServiceAccountRoleArn", "the add-on %s has a service account role, and %s associates aws-node with another", a.LogicalID, id.at.ID)
					}
				}
			}
		},
	},
	{
		ID: "V44", Severity: Error, Title: "Pod Identity without its agent",
		Why:    "Associations give credentials only where the eks-pod-identity-agent runs: Pods get none.",
		Fix:    "add the add-on eks-pod-identity-agent to the cluster",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				installed := slices.ContainsFunc(cl.Charts, func(ch *network.Chart) bool { return strings.Contains(ch.Chart, "pod-identity-agent") })
				unknown := slices.ContainsFunc(c.set.Resources("AWS::EKS::Addon"), func(r *cfn.Resource) bool { return !r.Prop("AddonName").Known() })
				unknown = unknown || c.stray("AWS::EKS::Addon", "ClusterName")
				ids := c.identities(cl)
				if len(ids) > 0 && !cl.AutoMode && !installed && !unknown && cl.Addon("eks-pod-identity-agent") == nil {
					c.report(ids[0].at, ids[0].property, "%s associates a role by Pod Identity, and cluster %s has no eks-pod-identity-agent", ids[0].at.ID, cl.LogicalID)
				}
			}
		},
	},
	{
		ID: "V45", Severity: Error, Title: "Role that Pod Identity cannot assume",
		Why:    "pods.eks.amazonaws.com needs sts:AssumeRole and sts:TagSession in the role's trust policy.",
		Fix:    "allow both actions to the principal pods.eks.amazonaws.com",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html",
		check: func(c *check) {
			seen := map[*cfn.Resource]bool{}
			for _, cl := range c.clusters6() {
				for _, id := range c.identities(cl) {
					role, ok := id.role.Resource()
					if !ok || role.Type != "AWS::IAM::Role" || seen[role] {
						continue
					}
					seen[role] = true
					doc := role.Prop("AssumeRolePolicyDocument")
					if doc.Kind() != cfn.Map {
						continue
					}
					granted := grants{complete: true}
					for _, s := range oneOrMany(doc.Get("Statement")) {
						services := oneOrMany(s.Get("Principal.Service"))
						mine := s.Get("Principal").Is("*")
						for _, p := range services {
							mine = mine || p.Is("pods.eks.amazonaws.com")
							granted.complete = granted.complete && p.Known()
						}
						if mine {
							granted.add(s)
						}
					}
					if lacking := granted.lacking("sts:AssumeRole", "sts:TagSession"); granted.complete && len(lacking) > 0 {
						c.report(role, "AssumeRolePolicyDocument", "the role %s is given by Pod Identity, and does not allow pods.eks.amazonaws.com %s", role.ID, strings.Join(lacking, " and "))
					}
				}
			}
		},
	},
	{
		ID: "W24", Severity: Warning, Title: "VPC CNI with the permissions of the node",
		Why:    "On the node role the CNI's rights are every Pod's that reaches the instance metadata, and other nodes, such as Karpenter's, lack them.",
		Fix:    "give aws-node a role of its own by Pod Identity, and take the CNI's actions off the node role",
		Source: "https://github.com/awslabs/cdk-eks-blueprints/issues/1079",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				roles, own := c.cniRoles(cl)
				if own {
					continue
				}
				for _, role := range roles {
					if granted := c.permissions(role); len(granted.lacking(aws.AssignIPv6)) == 0 {
						c.report(role, "", "the node role %s of cluster %s carries the VPC CNI's permissions", role.ID, cl.LogicalID)
					}
				}
			}
		},
	},
	{
		ID: "W26", Severity: Warning, Title: "ARN with the partition written out",
		Why:    "arn:aws: matches nothing in China and GovCloud Regions: the policy is without effect there.",
		Fix:    "write arn:${AWS::Partition}: (in CDK Aws.PARTITION)",
		Source: "https://github.com/eksctl-io/eksctl/pull/5644",
		check: func(c *check) {
			for _, r := range c.set.Resources() {
				if !strings.HasPrefix(r.Type, "AWS::IAM::") && !strings.HasPrefix(r.Type, "AWS::EKS::") || r.Stack.Pseudo("AWS::Partition").Known() {
					continue
				}
				found := false
				walk(r.Props(), "", func(path string, v cfn.Value) {
					s, ok := v.Parts()[0].Text()
					if found || !ok || !strings.HasPrefix(s, "arn:aws:") {
						return
					}
					f := strings.Split(s, ":")
					if len(f) > 5 && (f[4] == "" || f[4] == "*" || f[4] == "aws") {
						found = true
						c.report(r, path, "%s has %s in it", r.ID, s)
					}
				})
			}
		},
	},
	{
		ID: "W27", Severity: Warning, Title: "IAM name that only one stack can have",
		Why:    "Names of roles and policies are unique in an account: a second cluster, or a replacement, fails with EntityAlreadyExists.",
		Fix:    "leave the name out, and CloudFormation makes one",
		Source: "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2131",
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::IAM::Role", "AWS::IAM::ManagedPolicy") {
				p := map[string]string{"AWS::IAM::Role": "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName"}[r.Type]
				if s, ok := r.Prop(p).Text(); ok {
					c.report(r, p, "%s has the fixed name %s", r.ID, s)
				}
			}
		},
	},
	{
		ID: "W28", Severity: Warning, Title: "Load balancer controller with an old policy",
		Why:    "The chart's controller calls APIs that the policy does not allow: load balancers are not made or not changed.",
		Fix:    "use the controller's own iam_policy.json of the chart's version",
		Source: "https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/main/docs/install/iam_policy.json",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				if cl.Controller == nil || cl.Controller.Chart == nil {
					continue
				}
				if v, ok := versionOf(c.raw(cl.Controller.Chart).Prop("Version")); ok && v.Before("v3.0.0") {
					continue
				}
				for _, role := range c.controllerRoles(cl) {
					granted := c.permissions(role)
					if lacking := granted.lacking(controllerActions...); granted.complete && len(lacking) > 0 {
						c.report(role, "", "the role %s of the load balancer controller lacks %s", role.ID, strings.Join(lacking, ", "))
					}
				}
			}
		},
	},
}

// cniActions are what aws-node calls on IPv6.
func cniActions(cl *network.Cluster) []string {
	if a := cl.Addon("vpc-cni"); a != nil {
		v, ok := versionOf(cfn.String(a.Version))
		if ok && v.Before(aws.CNIDiscovery) || off(a.Env("ENABLE_SUBNET_DISCOVERY"), true) {
			return aws.CNIActionsWithoutDiscovery()
		}
	}
	return aws.CNIActions()
}

// controllerActions are the youngest that the load balancer controller 3.x calls: a policy with them is no older.
var controllerActions = []string{
	"ec2:DescribeIpamPools", "ec2:DescribeRouteTables", "elasticloadbalancing:ModifyIpPools",
	"elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:SetRulePriorities",
}

// identity is one Pod Identity association.
type identity struct {
	at                       *cfn.Resource
	property                 string
	namespace, account, role cfn.Value
}

// identities are the Pod Identity associations of a cluster, those of its add-ons included.
func (c *check) identities(cl *network.Cluster) (out []identity) {
	for _, a := range cl.Addons {
		r := c.raw(a)
		list := r.Prop("PodIdentityAssociations")
		if list.Exists() && list.Kind() != cfn.List {
			out = append(out, identity{r, "PodIdentityAssociations", cfn.String("kube-system"), list, list})
		}
		for i, v := range list.Items() {
			out = append(out, identity{r, "PodIdentityAssociations." + itoa(i), cfn.String("kube-system"), v.Get("ServiceAccount"), v.Get("RoleArn")})
		}
	}
	for _, r := range c.set.Resources("AWS::EKS::PodIdentityAssociation") {
		if c.of(cl, r.Prop("ClusterName")) {
			out = append(out, identity{r, "RoleArn", r.Prop("Namespace"), r.Prop("ServiceAccount"), r.Prop("RoleArn")})
		}
	}
	return out
}

// of says that a ClusterName names the cluster.
func (c *check) of(cl *network.Cluster, name cfn.Value) bool {
	r := c.raw(cl)
	if got, ok := name.Resource(); ok {
		return got == r
	}
	if got, _, ok := name.Attribute(); ok {
		return got == r
	}
	own, _ := c.clusterProp(cl, "Name")
	return own.Exists() && own.Equal(name)
}

// cniRoles are the declared roles that aws-node acts as, none where that is not known; own is false where these are
// the nodes'.
func (c *check) cniRoles(cl *network.Cluster) (roles []*cfn.Resource, own bool) {
	add := func(v cfn.Value) {
		if r, ok := v.Resource(); ok && r.Type == "AWS::IAM::Role" && !slices.Contains(roles, r) {
			roles = append(roles, r)
		}
	}
	for _, id := range c.identities(cl) {
		if id.account.Is("aws-node") && id.namespace.Is("kube-system") {
			own = true
			add(id.role)
		}
	}
	if a := cl.Addon("vpc-cni"); a != nil && a.ServiceAccountRole {
		own = true
		add(c.raw(a).Prop("ServiceAccountRoleArn"))
	}
	for _, id := range c.identities(cl) {
		if !id.account.Known() || !id.namespace.Known() {
			return nil, true
		}
	}
	if own || c.stray("AWS::EKS::Addon", "ClusterName") || c.stray("AWS::EKS::Addon", "AddonName") || c.stray("AWS::EKS::PodIdentityAssociation", "ClusterName") {
		return roles, true
	}
	if cl.Addon("vpc-cni") == nil && !cl.SelfManagedAddons {
		return nil, false // the CNI is installed by other means, with a role that is not here
	}
	for _, n := range cl.NodeGroups {
		if r := c.raw(n); r != nil && n.Managed {
			add(r.Prop("NodeRole"))
		}
	}
	return roles, false
}

// controllerAccount is the name of the load balancer controller's service account.
func (c *check) controllerAccount(cl *network.Cluster) cfn.Value {
	if v := network.At(cl.Controller.Chart.Values, "serviceAccount", "name"); v.Exists() {
		return v
	}
	return cfn.String("aws-load-balancer-controller")
}

// controllerRoles are the declared roles of the load balancer controller.
func (c *check) controllerRoles(cl *network.Cluster) (roles []*cfn.Resource) {
	add := func(v cfn.Value) {
		if r, ok := v.Resource(); ok && r.Type == "AWS::IAM::Role" && !slices.Contains(roles, r) {
			roles = append(roles, r)
		}
	}
	name := c.controllerAccount(cl)
	for _, id := range c.identities(cl) {
		if id.account.Equal(name) {
			add(id.role)
		}
	}
	for _, o := range cl.ObjectsOf("ServiceAccount") {
		if network.At(o.Value, "metadata", "name").Equal(name) {
			add(o.Annotation("eks.amazonaws.com/role-arn"))
		}
	}
	return roles
}

// grants are the actions that policies allow; complete is false where some policy is not in the templates.
type grants struct {
	patterns []string
	complete bool
}

// permissions gathers what a role allows from the policies in the templates.
func (c *check) permissions(role *cfn.Resource) grants {
	g := grants{complete: true}
	if v := role.Prop("Policies"); v.Exists() && v.Kind() != cfn.List {
		g.complete = false
	}
	for _, p := range role.Prop("Policies").Items() {
		g.document(p.Get("PolicyDocument"))
	}
	arns := role.Prop("ManagedPolicyArns")
	if arns.Exists() && arns.Kind() != cfn.List {
		g.complete = false
	}
	for _, v := range arns.Items() {
		if r, ok := v.Resource(); ok && r.Type == "AWS::IAM::ManagedPolicy" {
			g.document(r.Prop("PolicyDocument"))
			continue
		}
		_, name, ok := strings.Cut(lastText(v), ":aws:policy/")
		actions, listed := aws.ManagedPolicy(name[strings.LastIndex(name, "/")+1:])
		if !ok || !listed {
			g.complete = false
		}
		g.patterns = append(g.patterns, actions...)
	}
	for _, r := range c.set.Resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy") {
		names := append(oneOrMany(r.Prop("Roles")), r.Prop("RoleName"))
		for _, n := range names {
			if got, ok := n.Resource(); ok && got == role {
				g.document(r.Prop("PolicyDocument"))
			} else if n.Exists() && !ok && !n.Known() {
				g.complete = false // it may be this role
			}
		}
	}
	return g
}

func (g *grants) document(doc cfn.Value) {
	if doc.Kind() != cfn.Map {
		g.complete = false
		return
	}
	for _, s := range oneOrMany(doc.Get("Statement")) {
		g.add(s)
	}
}

func (g *grants) add(s cfn.Value) {
	if s.Kind() != cfn.Map || !s.Get("Effect").Is("Allow") || s.Get("NotAction").Exists() {
		g.complete = false
		return
	}
	for _, a := range oneOrMany(s.Get("Action")) {
		if t, ok := a.Text(); ok {
			g.patterns = append(g.patterns, t)
		} else {
			g.complete = false
		}
	}
}

// lacking are those of the actions that are not allowed.
func (g grants) lacking(actions ...string) (out []string) {
	for _, a := range actions {
		if !slices.ContainsFunc(g.patterns, func(p string) bool { return glob(strings.ToLower(p), strings.ToLower(a)) }) {
			out = append(out, a)
		}
	}
	return out
}

// glob matches an IAM pattern, with * for any text and ? for any character.
func glob(pattern, s string) bool {
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '*':
			rest := strings.TrimLeft(pattern[i:], "*")
			for j := range len(s) + 1 {
				if glob(rest, s[j:]) {
					return true
				}
			}
			return false
		case '?':
			if s == "" {
				return false
			}
		default:
			if s == "" || s[0] != pattern[i] {
				return false
			}
		}
		s = s[1:]
	}
	return s == ""
}

// oneOrMany is a value as a list: IAM takes one for a list of one.
func oneOrMany(v cfn.Value) []cfn.Value {
	if !v.Exists() {
		return nil
	}
	if items, ok := v.List(); ok {
		return items
	}
	return []cfn.Value{v}
}

// lastText is the known text at the end of a value.
func lastText(v cfn.Value) string {
	parts := v.Parts()
	s, _ := parts[len(parts)-1].Text()
	return s
}
