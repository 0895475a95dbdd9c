package rules_test

import (
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// A finding names what to edit and the value, and its fix is one for that: not another finding's of the same rule.
func TestMessages(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		add   string
		edits []string
		at    string   // the path of the finding
		want  []string // parts of its message or its fix
		not   string   // what neither says
	}{
		"alb target group": {edits: []string{"TargetType: instance, IpAddressType: ipv6", "TargetType: alb, IpAddressType: ipv6"},
			at: "Resources.Targets.Properties.IpAddressType", want: []string{"Targets of the target type alb is ipv6, wanted ipv4", "set IpAddressType: ipv4"}, not: "TargetType: ip"},
		"instances": {edits: []string{"Ipv6AddressCount: 1, PrimaryIpv6: true", "Ipv6AddressCount: 1"},
			at: "Resources.Targets.Properties.TargetType", want: []string{"has the target type instance", "PrimaryIpv6: true"}, not: "ipv4"},
		"addresses": {edits: []string{"2001:db8:1::53, 2001:db8:1:1::53", "2001:db8:1::53"},
			at: "Resources.Web.Properties.Manifest", want: []string{"service default/dns: count of IPv6 addresses (1) and subnets (2) must match", "aws-load-balancer-subnets"}, not: "target type"},
		"group": {edits: []string{`"namespace": "other", "annotations": {`, `"namespace": "other", "annotations": {"alb.ingress.kubernetes.io/scheme": "internal", `},
			at: "Resources.Web.Properties.Manifest", want: []string{"conflicting scheme in the Ingress group edge: internet-facing (default/one) and internal (other/two)", "one value, or groups of their own"}, not: "role tags"},
		"Fargate": {add: "  Fargate: {Type: AWS::EKS::FargateProfile, Properties: {ClusterName: !Ref Cluster, PodExecutionRoleArn: x, Subnets: [!Ref PublicA], Selectors: [{Namespace: batch}]}}\n",
			at: "Resources.Fargate.Properties.Subnets", want: []string{"Fargate is in subnet PublicA", "name private subnets"}, not: "MapPublicIpOnLaunch"},
		"peering": {edits: []string{"  Peer6: {Type: AWS::EC2::Route, DependsOn: PeerBlock, Properties: {RouteTableId: !Ref Table, DestinationIpv6CidrBlock: !Select [0, !GetAtt Peer.Ipv6CidrBlocks], VpcPeeringConnectionId: !Ref Peering}}\n", ""},
			at: "Resources.Table", want: []string{"Table has the route Peer4 for 10.91.0.0/16 of VPC Peer by Peering, and none for its IPv6 range Peer.Ipv6CidrBlocks", "DestinationIpv6CidrBlock"}},
		"transit gateway": {edits: []string{"  HubBack6: {Type: AWS::EC2::Route, DependsOn: HubAttachment, Properties: {RouteTableId: !Ref HubTable, DestinationIpv6CidrBlock: \"2001:db8:1::/60\", TransitGatewayId: !Ref Tgw}}\n", ""},
			at: "Resources.HubTable", want: []string{"none for its IPv6 range 2001:db8:1::/60"}},
		"load balancer's group": {edits: []string{`, {IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIpv6: "::/0"}`, ""},
			at: "Resources.NlbGroup.Properties.SecurityGroupIngress", want: []string{"the load balancer Nlb has IPv6 addresses, and its security group NlbGroup lets in IPv4 only"}},
		"prefix and address": {edits: []string{"Ipv6AddressCount: 1, PrimaryIpv6: true", "Ipv6AddressCount: 1, Ipv6PrefixCount: 1, PrimaryIpv6: true"},
			at: "Resources.Template.Properties.LaunchTemplateData.NetworkInterfaces.0", want: []string{"Ipv6AddressCount and Ipv6PrefixCount, wanted one of them"}},
		"open rule": {add: admits("Open", `IpProtocol: "-1", CidrIpv6: "8000::/1"`),
			at: "Resources.Open", want: []string{"lets 8000::/1 in on all protocols and ports to the cache Cache"}},
		"closed ports": {add: acl("Deny", "50", "deny", "From: 33000, To: 60000", "::/0"), at: "Resources.Acl", want: []string{"IPv6 answers of the internet in, and not to the ports 33000-60000"}},
		"user data": {edits: userData("sysctl -w net.ipv6.conf.all.disable_ipv6=1"),
			at: "Resources.Template.Properties.LaunchTemplateData.UserData", want: []string{"the nodes Nodes of the IPv6 cluster Cluster switch IPv6 off: net.ipv6.conf.all.disable_ipv6=1"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := check(t, cfn.Options{}, more, edited(t, more, test.edits...)+test.add)
			if len(findings) == 0 {
				t.Fatal("nothing is found")
			}
			f := findings[0]
			if f.Path != test.at {
				t.Errorf("at %s, wanted %s", f.Path, test.at)
			}
			text := f.Message + "\n" + f.Fix
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
			if test.not != "" && strings.Contains(text, test.not) {
				t.Errorf("%q is in\n%s", test.not, text)
			}
		})
	}
}
