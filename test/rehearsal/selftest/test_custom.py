"""Custom resources: their times, the controller's webhook, and the calls that CDK makes."""

import json

from selftest.base import Case
from selftest.templates import balancer, changed, cluster, custom, function, ref, resource, subnets, targets

CHART = "Custom::AWSCDK-EKS-HelmChart"
MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"


def chart(timeout=900, **props):
    """A cluster with a chart H."""
    given = {"ClusterName": ref("C"), "Release": "r", "Chart": "aws-load-balancer-controller"} | props
    return cluster() | function(timeout) | {"H": custom(CHART, **given)}


class Times(Case):
    def problems(self, resources):
        self.accepted(resources)
        found = list(self.state["problems"])
        self.state["problems"].clear()
        return found

    def test_a_charts_timeout(self):
        self.assertEqual([], self.problems(chart(Timeout="840s")))
        self.assertIn("is not shorter than its function's 900 s", self.problems(chart(Timeout="15m"))[0])
        self.assertIn("is not shorter than its function's 300 s", self.problems(chart(300, Timeout="5m0s"))[0])

    def test_an_update_is_checked_too(self):
        self.updated(chart(Timeout="840s"), chart(Timeout="900s"))
        self.assertIn("is not shorter", self.state["problems"][0])

    def test_the_function_that_a_provider_calls(self):
        resources = chart(900, Timeout="400s") | {"FI": function(300)["F"]}
        inner = {"Variables": {"USER_ON_EVENT_FUNCTION_ARN": {"Fn::GetAtt": ["FI", "Arn"]}}}
        self.assertEqual([], self.problems(resources))
        self.assertIn("300 s", self.problems(changed(resources, "F", Environment=inner))[0])

    def test_service_timeout(self):
        self.assertEqual([], self.problems(chart(Timeout="840s", ServiceTimeout="960")))
        self.assertIn("ServiceTimeout 900 s is not longer", self.problems(chart(ServiceTimeout=900))[0])
        self.refused("is not between 1 and 3600", chart(ServiceTimeout=3601))

    def test_an_object_values_timeout(self):
        def value(seconds):
            props = {"ClusterName": ref("C"), "ObjectType": "service", "ObjectName": "x", "TimeoutSeconds": seconds}
            return cluster() | function() | {"O": custom("Custom::AWSCDK-EKS-KubernetesObjectValue", **props)}

        self.assertEqual([], self.problems(value(300)))
        self.assertIn("TimeoutSeconds 900 is not shorter", self.problems(value(900))[0])


class Functions(Case):
    def test_tokens(self):
        resources = chart()
        self.refused("is no function or topic", changed(resources, "H", ServiceToken="x"))
        gone = "arn:aws:lambda:us-east-1:123456789012:function:gone"
        self.refused("function does not exist", changed(resources, "H", ServiceToken=gone))
        other = resources | {"F2": function()["F"]}
        self.update_refused(
            "Modifying service token is not allowed",
            other,
            changed(other, "H", ServiceToken={"Fn::GetAtt": ["F2", "Arn"]}),
        )

    def test_events_in_order(self):
        first = len(self.state["custom_resource_events"])
        name, _ = self.updated(chart(Version="1.0.0"), chart(Version="1.1.0"))
        self.delete(name)
        events = self.state["custom_resource_events"][first:]
        self.assertEqual(["Create", "Update", "Delete"], [e["RequestType"] for e in events])
        self.assertEqual("1.0.0", events[1]["OldResourceProperties"]["Version"])
        self.assertEqual("the-cluster", events[0]["ResourceProperties"]["ClusterName"])

    def left_behind(self, resources):
        self.delete(self.accepted(resources))
        found = [group["logGroupName"] for group in self.client("logs").describe_log_groups()["logGroups"]]
        return ["/aws/lambda/" if name.startswith("/aws/lambda/") else name for name in found]

    def test_their_logs(self):
        runs = function() | {"X": custom("Custom::X")}
        group = {"L": resource("AWS::Logs::LogGroup")}
        self.assertEqual([], self.left_behind(group | changed(runs, "F", LoggingConfig={"LogGroup": ref("L")})))
        self.assertEqual(["/aws/lambda/"], self.left_behind(runs))

    def test_a_group_that_goes_before_the_function(self):
        named = {"L": resource("AWS::Logs::LogGroup", LogGroupName={"Fn::Sub": "/aws/lambda/${F}"})}
        self.assertEqual(["/aws/lambda/"], self.left_behind(function() | named | {"X": custom("Custom::X")}))

    def test_log_retention(self):
        props = {"LogGroupName": "/aws/eks/x", "RetentionInDays": "30", "RemovalPolicy": "destroy"}
        logged = changed(function(), "F", LoggingConfig={"LogGroup": ref("L")}) | {"L": resource("AWS::Logs::LogGroup")}
        seen = logged | {"R": custom("Custom::LogRetention", **props)}
        own = {"Fn::Sub": "/aws/lambda/${F}"}
        both = seen | {"O": custom("Custom::LogRetention", LogGroupName=own, RemovalPolicy="destroy")}
        self.assertEqual([], self.left_behind(both))
        self.assertEqual(1, len(self.left_behind(seen)))  # the function's own, which nobody asked for
        self.clean_up()
        self.assertIn("/aws/eks/x", self.left_behind(changed(both, "R", RemovalPolicy="retain")))
        self.assertEqual(["/aws/eks/x"], self.state["kept_log_groups"])

    def test_the_cluster_must_still_be_there(self):
        name = self.accepted(chart())
        self.eks.delete_cluster(name="the-cluster")
        self.delete_refused("the cluster was deleted before this custom resource", name)
        self.moto.reset()

    def test_charts(self):
        self.refused("Chart or ChartAssetURL", changed(chart(), "H", Chart=None))
        self.refused("Error occurred while GetObject", chart(ChartAssetURL="s3://nowhere/chart.tgz"))
        odd = custom("Custom::AWSCDK-EKS-Odd", ClusterName=ref("C"))
        self.refused("is not modelled", cluster() | function() | {"X": odd})

    def test_oidc_providers(self):
        def provider(url):
            return {"O": custom("Custom::AWSCDKOpenIdConnectProvider", Url=url, ClientIDList=["sts.amazonaws.com"])}

        issuer = {"Fn::GetAtt": ["C", "OpenIdConnectIssuerUrl"]}
        self.accepted(cluster() | function() | provider(issuer))
        other = "https://oidc.eks.us-east-1.amazonaws.com/id/0"
        self.refused("is no cluster's issuer", cluster() | function() | provider(other))

    def test_texts(self):
        resources = cluster() | function()
        props = {"ClusterName": ref("C"), "Manifest": "apiVersion: v1"}
        self.refused("JSONDecodeError", resources | {"M": custom(MANIFEST, **props)})
        props["Manifest"] = json.dumps([{"kind": "Pod"}])
        self.refused("without apiVersion/kind/metadata", resources | {"M": custom(MANIFEST, **props)})
        self.refused("JSONDecodeError", chart(Values="a: b"))


def binding(group, name="web", **spec):
    return {
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"targetGroupARN": f"${{{group}}}", "serviceRef": {"name": "web", "port": 80}, **spec},
    }


def bound(*bindings, charts=True):
    """A cluster with the controller, a load balancer with a target group T, another group U, and a manifest M."""
    text = json.dumps(list(bindings))
    resources = chart(Timeout="840s") | balancer() | {"U": targets()}
    if not charts:
        del resources["H"]
    wait = ["H"] if charts else []
    manifest = custom(MANIFEST, *wait, ClusterName=ref("C"), Manifest={"Fn::Sub": text})
    return resources | {"M": manifest}


class Webhook(Case):
    def test_a_bindings_target_group_stays(self):
        self.update_refused(
            "TargetGroupBinding update may not change these fields: spec.targetGroupARN",
            bound(binding("T")),
            bound(binding("U")),
        )
        self.updated(bound(binding("T")), bound(binding("U", "other")))

    def test_a_bindings_family_stays(self):
        self.updated(bound(binding("T")), bound(binding("T", ipAddressType="ipv6")))
        self.update_refused(
            "may not change these fields: spec.ipAddressType",
            bound(binding("T")),
            bound(binding("T", ipAddressType="ipv4")),
        )
        self.refused("invalid IP address type ipv6", bound(binding("T", ipAddressType="ipv4")))

    def test_one_binding_of_a_target_group(self):
        self.accepted(bound(binding("T"), binding("U", "other")))
        self.update_refused("is already bound to TargetGroupBinding", bound(binding("T")), bound(binding("T", "new")))

    def test_the_target_group_must_be_there(self):
        gone = binding("T")
        gone["spec"]["targetGroupARN"] = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/gone/1"
        self.refused("unable to get target group IP address type", bound(gone))

    def test_no_webhook_without_the_controller(self):
        self.updated(bound(binding("T"), charts=False), bound(binding("U"), charts=False))


class Calls(Case):
    def test_a_subnets_assignment(self):
        """What CDK's AwsCustomResource is asked to call is called."""
        call = {
            "service": "EC2",
            "action": "modifySubnetAttribute",
            "parameters": {"SubnetId": "${Q0}", "AssignIpv6AddressOnCreation": {"Value": "true"}},
            "physicalResourceId": {"id": "assign"},
        }
        off = json.loads(json.dumps(call).replace('"true"', '"false"'))
        text = {"Fn::Sub": json.dumps(call)}
        undo = {"Fn::Sub": json.dumps(off)}
        resources = changed(subnets(), "Q0", AssignIpv6AddressOnCreation=False) | function()
        resources["X"] = custom("Custom::AWS", Create=text, Update=text, Delete=undo)
        name = self.accepted(resources)
        subnet = self.resource(name, "Q0")["physical_id"]
        self.assertTrue(self.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AssignIpv6AddressOnCreation"])
        self.assertEqual("assign", self.resource(name, "X")["physical_id"])

    def test_answers_and_errors(self):
        def call(**parts):
            asked = {"service": "EKS", "action": "describeCluster", "parameters": {"name": "gone"}} | parts
            return function() | {"X": custom("Custom::AWS", Create=json.dumps(asked))}

        self.refused("ResourceNotFoundException", call())
        self.accepted(call(ignoreErrorCodesMatching="ResourceNotFoundException"))
        asked = {"service": "@aws-sdk/client-sts", "action": "GetCallerIdentityCommand"}
        resources = function() | {"X": custom("Custom::AWS", Create=json.dumps(asked))}
        name = self.accepted(resources, Outputs={"O": {"Value": {"Fn::GetAtt": ["X", "Account"]}}})
        outputs = self.cfn.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
        self.assertEqual("123456789012", outputs[0]["OutputValue"])

    def test_the_default_security_group(self):
        group = {"Fn::GetAtt": ["V", "DefaultSecurityGroup"]}
        rule = custom("Custom::VpcRestrictDefaultSG", DefaultSecurityGroupId=group, Account=ref("AWS::AccountId"))
        name = self.accepted(subnets() | function() | {"X": rule})
        vpc = self.resource(name, "V")["physical_id"]
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        found = self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
        self.assertEqual(([], []), (found["IpPermissions"], found["IpPermissionsEgress"]))

    def test_an_unknown_one_is_recorded(self):
        name = self.accepted(function() | {"X": custom("Custom::Mine", Size=3)})
        self.assertEqual("3", str(self.state["custom_resources"][f"{name}/X"]["properties"]["Size"]))
        self.assertTrue([w for w in self.state["warnings"] if "recorded only" in w])
        self.assertEqual("Custom::Mine", resource("Custom::Mine")["Type"])
