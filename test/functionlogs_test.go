package test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// logGroups are the log groups that a template's functions write to, by the function. Each must be the stack's own, with an
// end to its retention, under a name that nobody else can have made before, and be deleted or kept as a whole.
func (t template) logGroups(tb testing.TB) map[string]resource {
	tb.Helper()
	out := map[string]resource{}
	for _, id := range t.of("AWS::Lambda::Function") {
		ref, _ := t.Resources[id].at("LoggingConfig", "LogGroup", "Ref").(string)
		group := t.Resources[ref]
		if group.Type != "AWS::Logs::LogGroup" {
			tb.Errorf("%s writes to no log group of the stack: Lambda makes one, and it stays", id)
			continue
		}
		if group.Properties["LogGroupName"] != nil || group.Properties["RetentionInDays"] == nil || group.DeletionPolicy == "" || group.DeletionPolicy != group.UpdateReplacePolicy {
			tb.Errorf("%s: log group %s: %s, %s, %s", id, ref, js(group.Properties), group.DeletionPolicy, group.UpdateReplacePolicy)
		}
		out[id] = group
	}
	return out
}

// What CDK's functions log goes with the stack, or stays if the cluster's logs are to: the network's function has no logs
// that anybody would keep.
func TestFunctionLogs(t *testing.T) {
	for _, retain := range [][2]bool{{false, false}, {false, true}, {true, false}} {
		tpl := synthStack(t, func(stack awscdk.Stack) {
			if retain[0] { // an app without CDK's flag, by which CDK makes two of the groups
				stack.Node().SetContext(jsiix.Str("@aws-cdk/aws-lambda:useCdkManagedLogGroup"), false)
			}
			vpc := dualstack.NewVpc(stack, "Network", nil).L2
			layer := anyLayer(t, stack, "1.35")
			for i, id := range []string{"One", "Two"} {
				addNodes(stack, ipv6eks.NewCluster(stack, id, &ipv6eks.ClusterProps{Vpc: vpc, Kubectl: layer, RetainLogs: retain[i]}))
			}
		})
		groups := tpl.logGroups(t)
		for part, keeps := range map[string]bool{
			"VpcRestrictDefaultSG": false, "OneClusterKubectl": retain[0], "TwoClusterKubectl": retain[1], "LogRetention": retain[0] || retain[1],
		} {
			found := 0
			for id, group := range groups {
				if strings.Contains(id, part) {
					found++
					if (group.DeletionPolicy == "Retain") != keeps {
						t.Errorf("retain %v: the logs of %s: %s", retain, id, group.DeletionPolicy)
					}
				}
			}
			if want := 1 + strings.Count(part, "Kubectl"); found != want {
				t.Errorf("%d functions of %s, want %d", found, part, want)
			}
		}
	}
}

// The function for log retention makes the group that Lambda would have made: it is asked to delete it again, and may.
func TestLogRetentionsOwnGroup(t *testing.T) {
	tpl := synthStack(t, func(stack awscdk.Stack) {
		addNodes(stack, cluster(stack, ipv6eks.ClusterProps{RetainLogs: true}))
	})
	function := tpl.of("AWS::Lambda::Function")
	for _, id := range function {
		if !strings.HasPrefix(id, "LogRetention") {
			continue
		}
		name := `["/aws/lambda/",{"Ref":"` + id + `"}]`
		own, logs := tpl.find(t, "Custom::LogRetention", "LogGroupName", name)
		if logs.Properties["RemovalPolicy"] != "destroy" {
			t.Errorf("%s: %s", own, js(logs.Properties))
		}
		policy, may := tpl.find(t, "AWS::IAM::Policy", "PolicyDocument", `:log-group:/aws/lambda/",{"Ref":"`+id+`"},":*"`)
		if !strings.Contains(js(may.Properties["PolicyDocument"]), `"Action":"logs:DeleteLogGroup"`) || !tpl.waitsFor(own, policy) {
			t.Errorf("%s may not delete its group: %s", own, js(may.Properties))
		}
		return
	}
	t.Errorf("functions %v", function)
}

// Functions of others are left as they are.
func TestFunctionLogsOfOthers(t *testing.T) {
	tpl := synthStack(t, func(stack awscdk.Stack) {
		vpc := dualstack.NewVpc(stack, "Network", nil).L2
		addNodes(stack, ipv6eks.NewCluster(stack, "Cluster", &ipv6eks.ClusterProps{Vpc: vpc}))
		awslambda.NewFunction(stack, jsiix.Str("Theirs"), &awslambda.FunctionProps{
			Code: awslambda.Code_FromInline(jsiix.Str("pass")), Handler: jsiix.Str("index.handler"), Runtime: awslambda.Runtime_PYTHON_3_13(),
		})
	})
	_, theirs := tpl.find(t, "AWS::Lambda::Function", "Code", "ZipFile")
	_, group := tpl.find(t, "AWS::Logs::LogGroup", "LogGroupName", "/aws/lambda/")
	if theirs.Properties["LoggingConfig"] != nil || group.DeletionPolicy != "Retain" {
		t.Errorf("%s, %s", js(theirs.Properties), group.DeletionPolicy)
	}
}
