package ipv6eks

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"

	"github.com/eks-ipv6/cdk/internal/jsiix"
)

var principalArn = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:(role|user)/(?:[\w+=,.@-]+/)*([\w+=,.@-]+)$`)

func validateAdmins(arns []string) error {
	var errs []error
	ids := map[string]string{}
	for i, arn := range arns {
		if isToken(arn) {
			continue
		}
		field := fmt.Sprintf("AdminRoleArns[%d]", i)
		switch m := principalArn.FindStringSubmatch(arn); {
		case strings.Contains(arn, ":assumed-role/"):
			errs = append(errs, fmt.Errorf("%s: %s is a session: want its role's ARN, arn:aws:iam::ACCOUNT:role/NAME", field, arn))
		case m == nil:
			errs = append(errs, fmt.Errorf("%s: %q: want an IAM role's or user's ARN such as arn:aws:iam::111122223333:role/Admin", field, arn))
		case ids[adminID(i, arn)] == arn:
			errs = append(errs, fmt.Errorf("%s: %s is named twice: EKS takes one access entry for a principal", field, arn))
		case ids[adminID(i, arn)] != "":
			errs = append(errs, fmt.Errorf("%s: %s has the name of %s, and construct ids come from the names: want an awseksv2.CfnAccessEntry of your own for one of them", field, arn, ids[adminID(i, arn)]))
		default:
			ids[adminID(i, arn)] = arn
		}
	}
	return errors.Join(errs...)
}

// adminID is the construct id of an administrator's entry: from the name, so that reordering the list changes
// nothing, or from the position when the ARN is a token.
func adminID(i int, arn string) string {
	if m := principalArn.FindStringSubmatch(arn); m != nil {
		return "Admin-" + m[2]
	}
	return fmt.Sprintf("Admin%d", i+1)
}

// addAdmins makes an access entry with cluster administration for each principal.
// Source: https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html
func (c *Cluster) addAdmins(arns []string) {
	for i, arn := range arns {
		awseksv2.NewCfnAccessEntry(c.Construct, jsiix.Str(adminID(i, arn)), &awseksv2.CfnAccessEntryProps{
			ClusterName:  jsiix.Str(c.Name),
			PrincipalArn: jsiix.Str(arn),
			AccessPolicies: &[]any{&awseksv2.CfnAccessEntry_AccessPolicyProperty{
				PolicyArn:   jsiix.Str("arn:" + *awscdk.Aws_PARTITION() + ":eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"),
				AccessScope: &awseksv2.CfnAccessEntry_AccessScopeProperty{Type: jsiix.Str("cluster")},
			}},
		})
	}
}
