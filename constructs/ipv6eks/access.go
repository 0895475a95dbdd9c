package ipv6eks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

var principalArn = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:(role|user)/(?:[\w+=,.@-]+/)*([\w+=,.@-]+)$`)

func checkAdmins(bad *problems.List, arns []string) {
	ids := map[string]string{}
	for i, arn := range arns {
		if jsiix.IsToken(arn) {
			continue
		}
		id := principalID("Admin", i, arn)
		switch here := bad.At("AdminRoleArns", i); {
		case strings.Contains(arn, ":assumed-role/"):
			here.Add("", "%s is a session: want its role's ARN, arn:aws:iam::ACCOUNT:role/NAME", arn)
		case !principalArn.MatchString(arn):
			here.Add("", "%q: want an IAM role's or user's ARN such as arn:aws:iam::111122223333:role/Admin", arn)
		case ids[id] == arn:
			here.Add("", "%s is named twice: EKS takes one access entry for a principal", arn)
		case ids[id] != "":
			here.Add("", "%s has the name of %s, and construct ids come from the names: want an awseksv2.CfnAccessEntry of your own for one of them", arn, ids[id])
		default:
			ids[id] = arn
		}
	}
}

// principalID is the construct id of an entry: from the principal's name, so that reordering the list changes nothing, or
// from the position when the ARN is a token.
func principalID(kind string, i int, arn string) string {
	if m := principalArn.FindStringSubmatch(arn); m != nil {
		return kind + "-" + m[2]
	}
	return fmt.Sprintf("%s%d", kind, i+1)
}

// addAdmins makes an access entry with cluster administration for each principal.
func (c *Cluster) addAdmins(arns []string) {
	for i, arn := range arns {
		awseksv2.NewCfnAccessEntry(c.Construct, jsiix.Str(principalID("Admin", i, arn)), &awseksv2.CfnAccessEntryProps{
			ClusterName: jsiix.Str(c.Name), PrincipalArn: jsiix.Str(arn), AccessPolicies: accessPolicy(ClusterAdmin, nil),
		})
	}
}

// Right is what an access entry allows, by a policy of EKS.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
type Right string

// The rights, from the least to the most. Custom kinds, such as the load balancer controller's, are in none but
// ClusterAdmin: grant them to Access.Groups by RBAC.
const (
	// View reads most objects, and no secrets.
	View Right = "AmazonEKSViewPolicy"
	// AdminView reads every object, secrets too.
	AdminView Right = "AmazonEKSAdminViewPolicy"
	// Edit changes most objects, and reads secrets.
	Edit Right = "AmazonEKSEditPolicy"
	// Admin changes roles and bindings too.
	Admin Right = "AmazonEKSAdminPolicy"
	// ClusterAdmin does everything. It has no namespaces.
	ClusterAdmin Right = "AmazonEKSClusterAdminPolicy"
)

var rights = []Right{View, AdminView, Edit, Admin, ClusterAdmin}

// Access lets an IAM role or user into the cluster.
type Access struct {
	// Principal is the role's or user's ARN. It may hold tokens; it is then known by its position in the list.
	Principal string
	// Right is what it may do.
	// Default: none; Groups decide.
	Right Right
	// Namespaces are where it may; * matches, as in team-*.
	// Default: the whole cluster.
	Namespaces []string
	// Groups are Kubernetes groups that it is in, for RBAC of your own.
	// Default: none.
	Groups []string
}

func checkAccess(bad *problems.List, admins []string, list []Access) {
	ids := map[string]bool{}
	for i, arn := range admins {
		ids[arn] = true
		ids[principalID("Admin", i, arn)] = true
	}
	for i, a := range list {
		id, here := principalID("Access", i, a.Principal), bad.At("Access", i)
		switch {
		case jsiix.IsToken(a.Principal):
		case strings.Contains(a.Principal, ":assumed-role/"):
			here.Add("Principal", "%s is a session: want its role's ARN, arn:aws:iam::ACCOUNT:role/NAME", a.Principal)
		case !principalArn.MatchString(a.Principal):
			here.Add("Principal", "%q: want an IAM role's or user's ARN such as arn:aws:iam::111122223333:role/Reader", a.Principal)
		case ids[a.Principal]:
			here.Add("Principal", "%s is named twice: EKS takes one access entry for a principal", a.Principal)
		case ids[id]:
			here.Add("Principal", "%s has the name of another one, and construct ids come from the names: want an awseksv2.CfnAccessEntry of your own for one of them", a.Principal)
		}
		ids[a.Principal], ids[id] = true, true
		a.check(here)
	}
}

// check leaves out Principal, which must be one of its own in its list.
func (a Access) check(here *problems.List) {
	switch {
	case a.Right == "" && len(a.Groups) == 0:
		here.Add("Right", "missing, and no Groups: want one of View, AdminView, Edit, Admin, ClusterAdmin, or Groups for RBAC of your own")
	case a.Right != "" && !slices.Contains(rights, a.Right):
		here.Add("Right", "%q: want one of View, AdminView, Edit, Admin, ClusterAdmin", a.Right)
	case a.Right == ClusterAdmin && len(a.Namespaces) > 0:
		here.Add("Namespaces", "%s with ClusterAdmin, which is for the whole cluster: want Admin, or no Namespaces", strings.Join(a.Namespaces, ", "))
	case a.Right == "" && len(a.Namespaces) > 0:
		here.Add("Namespaces", "%s without Right, which they limit: want both, or neither", strings.Join(a.Namespaces, ", "))
	}
	for j, n := range a.Namespaces {
		if !accessNamespace.MatchString(n) {
			here.At("Namespaces", j).Add("", "%q: want a namespace such as web, or a pattern such as team-*", n)
		}
	}
	for j, g := range a.Groups {
		if g == "" || strings.HasPrefix(g, "system:") {
			// https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html
			here.At("Groups", j).Add("", "%q: EKS takes no empty name and none that begins with system: want a group of your own", g)
		}
	}
}

var accessNamespace = regexp.MustCompile(`^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?$`)

// addAccess makes an access entry for each of the list.
func (c *Cluster) addAccess(list []Access) {
	for i, a := range list {
		ep := &awseksv2.CfnAccessEntryProps{ClusterName: jsiix.Str(c.Name), PrincipalArn: jsiix.Str(a.Principal)}
		if len(a.Groups) > 0 {
			ep.KubernetesGroups = jsiix.Strs(a.Groups)
		}
		if a.Right != "" {
			ep.AccessPolicies = accessPolicy(a.Right, a.Namespaces)
		}
		awseksv2.NewCfnAccessEntry(c.Construct, jsiix.Str(principalID("Access", i, a.Principal)), ep)
	}
}

// accessPolicy is a right in namespaces, or in the whole cluster.
func accessPolicy(r Right, namespaces []string) *[]any {
	scope := &awseksv2.CfnAccessEntry_AccessScopeProperty{Type: jsiix.Str("cluster")}
	if len(namespaces) > 0 {
		scope = &awseksv2.CfnAccessEntry_AccessScopeProperty{Type: jsiix.Str("namespace"), Namespaces: jsiix.Strs(namespaces)}
	}
	return &[]any{&awseksv2.CfnAccessEntry_AccessPolicyProperty{
		PolicyArn: jsiix.Str("arn:" + *awscdk.Aws_PARTITION() + ":eks::aws:cluster-access-policy/" + string(r)), AccessScope: scope,
	}}
}
