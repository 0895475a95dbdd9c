package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/netset"
	"github.com/eks-ipv6/cdk/stacks"
)

// A control is what a security standard asks of a template, and what here meets it.
type control struct {
	ids, asks string
	// field meets it, by way of with; both are empty where the zero value does.
	field string
	with  func(*stacks.PlatformProps)
	// hardened tells that Hardened is enough.
	hardened bool
	met      func(template) bool
}

const (
	fsbp = "https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html"
	cis  = "https://www.cisecurity.org/benchmark/kubernetes"
)

// each tells whether the template has resources of a type, and f holds for each of them.
func each(typ string, f func(resource) bool) func(template) bool {
	return func(t template) bool {
		ids := t.of(typ)
		for _, id := range ids {
			if !f(t.Resources[id]) {
				return false
			}
		}
		return len(ids) > 0
	}
}

// has tells whether a property of each resource of a type, written as JSON, holds all of the texts.
func has(typ string, path []string, texts ...string) func(template) bool {
	return each(typ, func(r resource) bool {
		v := js(r.at(path...))
		for _, s := range texts {
			if !strings.Contains(v, s) {
				return false
			}
		}
		return true
	})
}

// lacks tells that no resource of a type has any of the texts in its properties.
func lacks(typ string, texts ...string) func(template) bool {
	return func(t template) bool {
		for _, id := range t.of(typ) {
			for _, s := range texts {
				if strings.Contains(js(t.Resources[id].Properties), s) {
					return false
				}
			}
		}
		return true
	}
}

func all(list ...func(template) bool) func(template) bool {
	return func(t template) bool {
		for _, f := range list {
			if !f(t) {
				return false
			}
		}
		return true
	}
}

var (
	launchData = []string{"LaunchTemplateData"}
	logTypes   = []string{"Logging", "ClusterLogging", "EnabledTypes"}
	vpcConfig  = []string{"ResourcesVpcConfig"}
)

// controls are those that a template can show. Where a control speaks of an account, or of what Kubernetes holds, it is not
// here.
var controls = []control{
	{ids: "FSBP EKS.1, CIS 5.4.2", asks: "the API endpoint is not public, and is private",
		met: has("AWS::EKS::Cluster", vpcConfig, `"EndpointPublicAccess":false`, `"EndpointPrivateAccess":true`)},
	{ids: "CIS 5.4.1", asks: "a public endpoint admits named ranges only", field: "`Cluster.APIAccessCidrs`; `APIOpenToWorld` must be said",
		with: func(p *stacks.PlatformProps) {
			p.Cluster.APIAccessCidrs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
		},
		met: has("AWS::EKS::Cluster", vpcConfig, `"PublicAccessCidrs":["203.0.113.0/24"]`)},
	{ids: "FSBP EKS.2", asks: "a supported Kubernetes version", met: each("AWS::EKS::Cluster", func(r resource) bool { return r.Properties["Version"] == ipv6eks.DefaultVersion })},
	{ids: "FSBP EKS.3, CIS 5.3.1", asks: "Kubernetes secrets are encrypted with a key of the customer's", met: has("AWS::EKS::Cluster", []string{"EncryptionConfig"}, `"secrets"`, "KeyArn")},
	{ids: "FSBP EKS.8, CIS 2.1.1", asks: "audit logs are on", met: has("AWS::EKS::Cluster", logTypes, `"audit"`)},
	{ids: "CIS 2.1.2", asks: "all control plane logs are collected", field: "`Cluster.LogTypes`", hardened: true,
		with: func(p *stacks.PlatformProps) { p.Cluster.LogTypes = ipv6eks.AllLogTypes() },
		met:  has("AWS::EKS::Cluster", logTypes, "api", "audit", "authenticator", "controllerManager", "scheduler")},
	{ids: "CloudWatch.16", asks: "logs are kept for a year or longer", field: "`Cluster.LogRetentionDays`", hardened: true,
		with: func(p *stacks.PlatformProps) { p.Cluster.LogRetentionDays = 365 },
		met: func(t template) bool {
			year := func(r resource) bool {
				days, ok := r.Properties["RetentionInDays"].(float64)
				return ok && days >= 365 || strings.Contains(js(r.Properties["LogGroupName"]), "/aws/lambda/") // see "Not met"
			}
			return each("Custom::LogRetention", year)(t) && each("AWS::Logs::LogGroup", year)(t)
		}},
	{ids: "CIS 4.1.7, 5.5.1", asks: "users come in by access entries, and whoever made the cluster does not by itself",
		met: has("AWS::EKS::Cluster", []string{"AccessConfig"}, `"AuthenticationMode":"API"`, `"BootstrapClusterCreatorAdminPermissions":false`)},
	{ids: "CIS 5.2.1", asks: "controllers have service accounts and roles of their own",
		met: func(t template) bool {
			return len(t.of("AWS::EKS::PodIdentityAssociation")) == 2 && lacks("AWS::IAM::Role", "AmazonEKS_CNI")(t)
		}},
	{ids: "confused deputy", asks: "roles of Pods trust this cluster and account alone (aws:SourceArn, aws:SourceAccount)", field: "`Cluster.ConfinePodIdentity`", hardened: true,
		with: func(p *stacks.PlatformProps) { p.Cluster.ConfinePodIdentity = true },
		met: func(t template) bool {
			return each("AWS::IAM::Role", func(r resource) bool {
				trust := js(r.Properties["AssumeRolePolicyDocument"])
				return !strings.Contains(trust, "pods.eks") || strings.Contains(trust, "aws:SourceArn") && strings.Contains(trust, "aws:SourceAccount")
			})(t)
		}},
	{ids: "deletion", asks: "the cluster is protected from deletion", field: "`Cluster.DeletionProtection`", hardened: true,
		with: func(p *stacks.PlatformProps) { p.Cluster.DeletionProtection = true },
		met:  each("AWS::EKS::Cluster", func(r resource) bool { return r.Properties["DeletionProtection"] == true })},
	{ids: "CIS 4.3.1, 5.4.4", asks: "network policies are enforced (not of the Pods' IPv4: `Cluster.CNI.DisableIPv4Egress`)", field: "`Cluster.CNI.NetworkPolicy`",
		with: func(p *stacks.PlatformProps) { p.Cluster.CNI.NetworkPolicy = true },
		met: func(t template) bool {
			return strings.Contains(string(t.text), `\"enableNetworkPolicy\":\"true\"`)
		}},
	{ids: "CIS 5.4.3, FSBP EC2.9, EC2.25", asks: "nodes are in private subnets, without public addresses",
		met: all(has("AWS::EKS::Nodegroup", []string{"Subnets"}, "Private"), lacks("AWS::EKS::Nodegroup", "PublicSubnet"), lacks("AWS::EC2::LaunchTemplate", "AssociatePublicIpAddress"))},
	{ids: "CIS 5.1.3", asks: "nodes read from ECR, and do nothing else there", met: all(func(t template) bool { return strings.Contains(string(t.text), "AmazonEC2ContainerRegistryPullOnly") }, lacks("AWS::IAM::Role", "AmazonEC2ContainerRegistryPowerUser", "AmazonEC2ContainerRegistryFullAccess"))},
	{ids: "FSBP EC2.8, EC2.170", asks: "instances take IMDSv2 only, within one hop", met: has("AWS::EC2::LaunchTemplate", launchData, `"HttpTokens":"required"`, `"HttpPutResponseHopLimit":1`)},
	{ids: "FSBP EC2.3, EC2.181", asks: "volumes are encrypted", met: has("AWS::EC2::LaunchTemplate", launchData, `"Encrypted":true`)},
	{ids: "CMK for volumes", asks: "volumes are encrypted with a key of the customer's", field: "`Nodes.VolumeKey`", hardened: true,
		with: func(p *stacks.PlatformProps) { p.Hardened = true }, met: has("AWS::EC2::LaunchTemplate", launchData, `"KmsKeyId"`)},
	{ids: "KMS.4", asks: "keys rotate", met: each("AWS::KMS::Key", func(r resource) bool { return r.Properties["EnableKeyRotation"] == true })},
	{ids: "FSBP EC2.2", asks: "the default security group has no rules", field: "`Network.RestrictDefaultSecurityGroup`, or CDK's feature flag", hardened: true,
		with: func(p *stacks.PlatformProps) { p.Network.RestrictDefaultSecurityGroup = true },
		met:  func(t template) bool { return len(t.of("Custom::VpcRestrictDefaultSG")) > 0 }},
	{ids: "FSBP EC2.6", asks: "the VPC has flow logs", field: "`Network.FlowLogs`", hardened: true,
		with: func(p *stacks.PlatformProps) { p.Network.FlowLogs = &dualstack.FlowLogs{} },
		met:  func(t template) bool { return len(t.of("AWS::EC2::FlowLog")) > 0 }},
	{ids: "FSBP EC2.10, EC2.55, EC2.56", asks: "the VPC has interface endpoints for EC2 and ECR", field: "`Network.InterfaceEndpoints` (there with `NatNone`)",
		with: func(p *stacks.PlatformProps) { p.Network.InterfaceEndpoints = dualstack.EKSEndpoints() },
		met: func(t template) bool {
			return strings.Contains(string(t.text), `".ec2"`) && strings.Contains(string(t.text), `".ecr.api"`) && strings.Contains(string(t.text), `".ecr.dkr"`)
		}},
	{ids: "endpoint policies", asks: "endpoints let only the account's principals through", field: "`Network.RestrictEndpoints`", hardened: true,
		with: func(p *stacks.PlatformProps) { p.Network.RestrictEndpoints = true },
		met:  has("AWS::EC2::VPCEndpoint", []string{"PolicyDocument"}, "aws:PrincipalAccount")},
	{ids: "FSBP EC2.15", asks: "subnets give no public IPv4 address at launch", met: each("AWS::EC2::Subnet", func(r resource) bool { return r.Properties["MapPublicIpOnLaunch"] != true })},
	{ids: "FSBP EC2.18, EC2.19", asks: "no security group is open to the world", met: func(t template) bool { return len(admitted(t)) == 0 }},
	{ids: "FSBP EC2.21", asks: "no network ACL opens SSH or RDP to the world", met: lacks("AWS::EC2::NetworkAclEntry", "Allow", "allow")},
	{ids: "FSBP IAM.1, IAM.21", asks: "no policy allows everything, or everything of a service", met: func(t template) bool {
		for _, id := range t.of("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role") {
			for _, p := range append(policiesOf(t.Resources[id]), t.Resources[id].Properties["PolicyDocument"]) {
				if p == nil {
					continue
				}
				for _, a := range actionsOf(p) {
					if a == "*" || strings.HasSuffix(a, ":*") {
						return false
					}
				}
			}
		}
		return true
	}},
	{ids: "FSBP Lambda.1", asks: "no function may be called by everybody", met: lacks("AWS::Lambda::Permission", `"Principal":"*"`)},
	{ids: "FSBP Lambda.5", asks: "functions in the VPC are in two zones or more", met: func(t template) bool {
		found := false
		for _, id := range t.of("AWS::Lambda::Function") {
			if subnets, ok := t.Resources[id].at("VpcConfig", "SubnetIds").([]any); ok {
				if found = true; len(subnets) < 2 {
					return false
				}
			}
		}
		return found
	}},
	{ids: "availability", asks: "the load balancer controller keeps a Pod while nodes are drained", field: "`Controller.DisruptionBudget`", hardened: true,
		with: func(p *stacks.PlatformProps) { p.Controller.DisruptionBudget = true },
		met:  has("Custom::AWSCDK-EKS-HelmChart", []string{"Values"}, "podDisruptionBudget")},
}

// admitted are the addresses of the internet that security groups let in, all rules together: half of it is too much as well.
func admitted(t template) []netip.Prefix {
	var list []netip.Prefix
	add := func(rule any) {
		m, _ := rule.(map[string]any)
		for _, key := range []string{"CidrIp", "CidrIpv6"} {
			text, _ := m[key].(string)
			if p, err := netip.ParsePrefix(text); err == nil {
				list = append(list, p)
			}
		}
	}
	for _, id := range t.of("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress") {
		add(t.Resources[id].Properties)
		rules, _ := t.Resources[id].Properties["SecurityGroupIngress"].([]any)
		for _, rule := range rules {
			add(rule)
		}
	}
	return netset.Of(list...).Minus(private).Prefixes()
}

// private are the addresses that the internet does not route (RFC 1918, 6598, 4193, 4291).
var private = netset.Of(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"))

// Whatever way a group is opened to the internet, the control sees it.
func TestAdmitted(t *testing.T) {
	for rules, open := range map[string]bool{
		`{"IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"}`:                                                   true,
		`{"IpProtocol": "-1", "CidrIpv6": "8000::/1"}`:                                                   true,
		`{"IpProtocol": "tcp", "CidrIpv6": "2a00:1450::/32"}`:                                            true,
		`{"IpProtocol": "tcp", "CidrIpv6": "::/1"}, {"IpProtocol": "tcp", "CidrIpv6": "8000::/1"}`:       true,
		`{"IpProtocol": "tcp", "CidrIp": "10.0.0.0/7"}`:                                                  true,
		`{"IpProtocol": "tcp", "CidrIp": "10.0.0.0/9"}, {"IpProtocol": "tcp", "CidrIp": "10.128.0.0/9"}`: false,
		`{"IpProtocol": "-1", "CidrIpv6": "fd00::/8"}, {"IpProtocol": "-1", "CidrIp": {"Ref": "X"}}`:     false,
	} {
		var tpl template
		if err := json.Unmarshal([]byte(`{"Resources": {"G": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupIngress": [`+rules+`]}}}}`), &tpl); err != nil {
			t.Fatal(err)
		}
		if got := admitted(tpl); len(got) > 0 != open {
			t.Errorf("%s admits %v of the internet", rules, got)
		}
	}
}

// policiesOf are the documents of a role's inline policies.
func policiesOf(r resource) (out []any) {
	list, _ := r.Properties["Policies"].([]any)
	for _, p := range list {
		out = append(out, p.(map[string]any)["PolicyDocument"])
	}
	return out
}

// Each control is met by what docs/controls.md says, and by nothing less.
func TestControls(t *testing.T) {
	closed := false // the project's feature flag closes the default security group; a field must do it by itself
	layer := layerFolder(t)
	make := func(with func(*stacks.PlatformProps)) template {
		return synth(t, func(app awscdk.App) {
			app.Node().SetContext(jsiix.Str("@aws-cdk/aws-ec2:restrictDefaultSecurityGroup"), closed)
			p := &stacks.PlatformProps{}
			p.KubectlLayerPath, p.KubectlVersion = layer, "1.35" // a small one
			if with != nil {
				with(p)
			}
			stacks.NewPlatform(app, "P", p)
		})["P"]
	}
	plain := make(nil)
	hardened := make(func(p *stacks.PlatformProps) { p.Hardened = true })
	var rows bytes.Buffer
	for _, c := range controls {
		by := "met by default"
		if c.field != "" {
			by = c.field
			if c.met(plain) {
				t.Errorf("%s is met without %s", c.ids, c.field)
			}
			if !c.met(make(c.with)) {
				t.Errorf("%s is not met by %s", c.ids, c.field)
			}
			if c.hardened {
				by += "; `Hardened`"
			}
		} else if !c.met(plain) {
			t.Errorf("%s is not met by default", c.ids)
		}
		if got := c.met(hardened); got != (c.hardened || c.field == "") {
			t.Errorf("%s: met by Hardened: %v", c.ids, got)
		}
		fmt.Fprintf(&rows, "| %s | %s | %s |\n", c.ids, c.asks, by)
	}
	golden.Check(t, "../docs/controls.md", []byte(strings.Replace(controlsPage, "ROWS\n", rows.String(), 1)))
}

// What a load balancer that the stack owns has of the controls of ELB.
func TestControlsOfBoundNLB(t *testing.T) {
	tpl := synth(t, func(app awscdk.App) {
		p := stacks.NewPlatform(app, "P", nil)
		expose.NewBoundNLB(p.Stack, "Web", &expose.BoundNLBProps{
			Cluster: p.Cluster, Controller: p.Controller, Namespace: "web", Service: "web", Ports: []expose.BoundPort{{Port: 80}},
			DeletionProtection: true, CrossZone: true,
		})
	})["P"]
	_, nlb := tpl.one(t, "AWS::ElasticLoadBalancingV2::LoadBalancer")
	attributes := js(nlb.Properties["LoadBalancerAttributes"])
	for _, want := range []string{`{"Key":"deletion_protection.enabled","Value":"true"}`, `{"Key":"load_balancing.cross_zone.enabled","Value":"true"}`} {
		if !strings.Contains(attributes, want) {
			t.Errorf("no %s in %s", want, attributes)
		}
	}
	if n := len(nlb.Properties["Subnets"].([]any)); n < 2 {
		t.Errorf("FSBP ELB.13: in %d zones", n)
	}
}

const controlsPage = `# Security controls

What AWS Foundational Security Best Practices (FSBP, by the ids of [Security Hub](` + fsbp + `)) and the [CIS Amazon EKS Benchmark](` + cis + `) 1.8
ask of a template, and what meets it here. Fields are those of ` + "`stacks.PlatformProps`" + `; ` + "`Hardened`" + ` (context: ` + "`-c hardened=true`" + `) sets those
that name it. A test reads each line from the templates: with the field it is met, and without it it is not.

| control | asks | met by |
|---|---|---|
ROWS
## Hardened

It costs, by the list prices of us-east-1: a second KMS key, US$ 1 a month; flow logs and the five control plane logs, US$ 0.50 for a GB. It also gets in the way:

- The cluster cannot be deleted until deletion protection is off: deploy with ` + "`-c deletable=true`" + ` (` + "`Workload.Deletable`" + `) first. The same holds for a first deployment that
  fails: CloudFormation cannot take the cluster back. So make a stack with ` + "`deletable`" + `, and leave it out from the second deployment on.
- The control plane's logs stay when the stack is deleted, and so do those of CDK's functions for kubectl and log retention.
- Endpoints let only principals of the account through: public buckets of others cannot be read without signing.

## Not met, and why

| control | why |
|---|---|
| log groups encrypted with a key of the customer's (CKV_AWS_158) | the control plane's group is EKS's own, and CDK's log retention sets no key ([ADR 8](adr/0008-operations.md)); CloudWatch encrypts with its own |
| logs kept for a year (CloudWatch.16) | of the group that CDK's log retention function makes under its own name: a day, and there is nothing in it, since the function logs elsewhere |
| functions with reserved concurrency, a dead letter queue, an encrypted environment (CKV_AWS_115, 116, 173) | they are CDK's, called by CloudFormation alone, and their environment holds no secret |
| every function in a VPC (CKV_AWS_117) | the two of the kubectl provider are; CDK's for log retention and for the default security group call AWS's APIs and nothing else |
| no wildcard principal in a key's policy (CKV_AWS_33) | of the key for nodes' volumes: Auto Scaling's role is named in a condition, since KMS refuses a principal that the account does not have yet |
| no write access without constraints (CKV_AWS_111) | the policies of the VPC CNI and of the load balancer controller are upstream's, action for action |
| FSBP ELB.5, ELB.6, ELB.17, ELB.18 | of load balancers that ` + "`expose`" + ` makes: AccessLogs, DeletionProtection, TLSPolicy, Certificates |

checkov, which many teams run, finds on the platform's templates, plain and hardened, exactly what this table names: .ci/run holds it to that.

## cdk-nag

[cdk-nag](https://github.com/cdklabs/cdk-nag)'s AwsSolutions pack (2.37.55) finds one thing in the plain platform, AwsSolutions-VPC7: flow logs, which ` + "`Network.FlowLogs`" + ` or ` + "`Hardened`" + ` adds. What else it would find
is what constructs cannot do without, AWS's managed policies and rights on what a controller will make, and has its reason in the resource's metadata, where cdk-nag reads it. A test holds that each has one.
To run it on your app, beside what your program builds:

    import "github.com/cdklabs/cdk-nag-go/cdknag/v2"

    awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{}), nil)

and a reason of your own, which is added to those that are there:

    cdknag.NagSuppressions_AddResourceSuppressions(platform.Nodes.Role, &[]*cdknag.NagPackSuppression{
        {Id: jsii.String("AwsSolutions-IAM4"), Reason: jsii.String("agreed with security on 2026-11-27")},
    }, jsii.Bool(true))

Version 3 of cdk-nag does not read the metadata: there ` + "`awscdk.Validations_Of(construct).Acknowledge`" + ` takes the reasons, one for each finding.
`
