"""What CloudFormation says of a template, and what it does with a stack."""

import json

from selftest.base import Case
from selftest.templates import att, changed, independent, network, ref, resource, role, six, without

BOUND = {"Ref": "AWS::StackName"}


class Template(Case):
    def test_types_and_properties(self):
        self.accepted(network())
        self.refused("Unrecognized resource types", {"X": resource("AWS::EC2::EgressGateway")})
        self.refused("Ipv6CidrBlock", changed(network(), "V", Ipv6CidrBlock="AUTO"))
        self.refused("is not one of", changed(network(), "V", InstanceTenancy="shared"))
        self.refused("read-only", {"R": role("ec2.amazonaws.com", RoleId="x")})

    def test_references(self):
        self.refused("Unresolved resource dependencies [Nope]", changed(network(), "Q0", VpcId=ref("Nope")))
        self.refused("undefined resource Nope", changed(network(), "Q0", VpcId=att("Nope", "VpcId")))
        self.refused(
            "does not support attribute type Ipv6Cidr", network(), Outputs={"O": {"Value": att("V", "Ipv6Cidr")}}
        )
        resources = network()
        resources["V"]["DependsOn"], resources["IG"]["DependsOn"] = ["IG"], ["V"]
        self.refused("Circular dependency", resources)

    def test_functions(self):
        self.refused("cannot select nonexistent value at index 99", changed(network(), "Q0", Ipv6CidrBlock=six(99)))
        self.refused(
            "do not fit", changed(network(), "Q0", CidrBlock={"Fn::Select": [0, {"Fn::Cidr": ["10.0.0.0/24", 4, 9]}]})
        )
        name = self.accepted(
            {"R": role("ec2.amazonaws.com")},
            Outputs={"O": {"Value": {"Fn::Join": ["-", ["a", {"Fn::Sub": "${AWS::Region}.${R.Arn}"}]]}}},
        )
        outputs = self.cfn.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
        self.assertTrue(outputs[0]["OutputValue"].startswith("a-us-east-1.arn:aws:iam::"))

    def test_functions_that_do_not_resolve(self):
        def described(value):
            return {"R": role("ec2.amazonaws.com", Description=value)}

        mappings = {"Mappings": {"M": {"a": {"b": "c"}}}}
        zones = {"Fn::GetAZs": ""}
        for text, value in (
            ("count must be 1..256", {"Fn::Select": [0, {"Fn::Cidr": ["10.0.0.0/8", 257, 8]}]}),
            ("needs cidrBits", {"Fn::Select": [0, {"Fn::Cidr": ["10.0.0.0/8", 2]}]}),
            ("Fn::Join needs a list", {"Fn::Join": ["", "abc"]}),
            ("Fn::Join over a non-string", {"Fn::Join": ["", [zones]]}),
            ("Fn::Sub of non-string", {"Fn::Sub": ["${x}", {"x": zones}]}),
            ("Unable to get mapping", {"Fn::FindInMap": ["M", "a", "z"]}),
            ("is not supported here", {"Fn::Transform": {"Name": "AWS::Include"}}),
            ("intrinsic mixed with other keys", {"Ref": "AWS::Region", "Other": "x"}),
        ):
            with self.subTest(text):
                self.refused(text, described(value), **mappings)
        self.accepted(described({"Fn::FindInMap": ["M", "a", "b"]}), **mappings)
        self.refused("is not a string", described("x"), Outputs={"O": {"Value": zones}})
        self.refused("Output O has no Value", described("x"), Outputs={"O": {"Description": "x"}})
        parameter = {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/mine"}}
        self.refused("Unable to fetch parameters", described({"Ref": "P"}), Parameters=parameter)

    def test_conditions(self):
        parts = {
            "Parameters": {"P": {"Type": "String", "Default": "no"}},
            "Conditions": {"C": {"Fn::Equals": [ref("P"), "yes"]}},
        }
        resources = {"R": role("ec2.amazonaws.com"), "S": role("ec2.amazonaws.com") | {"Condition": "C"}}
        name = self.accepted(resources, **parts)
        self.assertEqual(["R"], self.state["operations"][-1]["created"])
        self.delete(name)
        self.refused("Unresolved condition D", {"R": role("ec2.amazonaws.com") | {"Condition": "D"}}, **parts)
        for text, what in (
            ("unresolved condition E", {"Condition": "E"}),
            ("bad condition", "yes"),
            ("unsupported condition function", {"Fn::Maybe": []}),
        ):
            with self.subTest(text):
                self.refused(text, {"R": role("ec2.amazonaws.com")}, Conditions={"C": what})
        rule = {"Assertions": [{"Assert": {"Fn::Equals": ["a", "b"]}, "AssertDescription": "a is b"}]}
        self.refused("Rule Q failed: a is b", {"R": role("ec2.amazonaws.com")}, Rules={"Q": rule})

    def test_a_dependency_that_nothing_names(self):
        """A subnet that does not depend on the VPC's IPv6 block: AWS may make it before the block."""
        self.refused("cannot select nonexistent value at index 0", independent(network(), "V6"))
        self.refused("is the attachment a dependency?", independent(network(), "IA"))
        self.options.order_seed = "template"
        self.accepted(independent(network(), "V6"))

    def test_order(self):
        from engine.template import creation_order

        resources = network()
        for seed in ("late", "template", "1", "2"):
            self.options.order_seed = seed
            order = creation_order(resources)
            self.assertLess(order.index("V6"), order.index("Q1"))
            self.assertLess(order.index("IA"), order.index("PR"))


class Stack(Case):
    def test_rollback_and_deletion(self):
        self.refused(
            "does not exist", {"R": role("ec2.amazonaws.com", ManagedPolicyArns=["arn:aws:iam::aws:policy/No"])}
        )
        resources = {"L": resource("AWS::Logs::LogGroup", LogGroupName="kept") | {"DeletionPolicy": "Retain"}}
        self.delete(self.accepted(resources))
        self.assertEqual({"L": "kept"}, self.state["operations"][-1]["retained"])
        self.refused("already exists", resources, beside=True)

    def test_update_in_place_replacement_and_removal(self):
        before = {
            "R": role("ec2.amazonaws.com", Description="a"),
            "L": resource("AWS::Logs::LogGroup", LogGroupName="one"),
            "M": resource("AWS::Logs::LogGroup", LogGroupName="two"),
        }
        after = without(changed(changed(before, "R", Description="b"), "L", LogGroupName="three"), "M")
        _, done = self.updated(before, after)
        self.assertEqual([{"id": "R", "type": "AWS::IAM::Role", "props": ["Description"]}], done["updated"])
        self.assertEqual(["L"], [x["id"] for x in done["replaced"]])
        self.assertEqual(["L", "M"], sorted(done["deleted"]))

    def test_a_resources_type_stays(self):
        before = {"X": role("ec2.amazonaws.com")}
        self.update_refused("Update of resource type is not permitted", before, {"X": resource("AWS::Logs::LogGroup")})

    def test_what_is_not_modelled_fails(self):
        before = {"X": role("ec2.amazonaws.com")}
        after = {"X": role("ec2.amazonaws.com", PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")}
        self.update_refused("is not modelled", before, after)

    def test_a_template_that_is_none(self):
        with self.assertRaisesRegex(self.cfn.exceptions.ClientError, "Template format error"):
            self.cfn.create_stack(StackName="None", TemplateBody="{")
        self.refused("At least one Resources member", {})

    def test_termination_protection(self):
        name = self.accepted({"R": role("ec2.amazonaws.com")})
        self.cfn.update_termination_protection(StackName=name, EnableTerminationProtection=True)
        with self.assertRaisesRegex(self.cfn.exceptions.ClientError, "TerminationProtection is enabled"):
            self.cfn.delete_stack(StackName=name)
        self.cfn.update_termination_protection(StackName=name, EnableTerminationProtection=False)

    def test_exports(self):
        parts = {"Outputs": {"O": {"Value": ref("R"), "Export": {"Name": "shared"}}}}
        exporter = self.accepted({"R": role("ec2.amazonaws.com")}, **parts)
        importer = self.accepted(
            {"S": role("ec2.amazonaws.com", Description={"Fn::ImportValue": "shared"})}, beside=True
        )
        with self.assertRaisesRegex(self.cfn.exceptions.ClientError, "cannot be deleted as it is in use"):
            self.cfn.delete_stack(StackName=exporter)
        status, why = self.update(exporter, {"R": role("ec2.amazonaws.com")})
        self.assertIn("cannot be deleted as it is in use", why)
        twice = {"Outputs": {"P": parts["Outputs"]["O"]}}
        _, status, why = self.create({"R": role("ec2.amazonaws.com")}, beside=True, **twice)
        self.assertIn("is already exported by another stack", why)
        self.delete(importer)
        self.refused(
            "No export named other", {"S": role("ec2.amazonaws.com", Description={"Fn::ImportValue": "other"})}
        )

    def test_change_sets(self):
        name, body = "Changes", json.dumps({"Resources": {"R": role("ec2.amazonaws.com")}})
        args = {"StackName": name, "TemplateBody": body}
        self.cfn.create_change_set(ChangeSetName="one", ChangeSetType="CREATE", **args)
        self.cfn.execute_change_set(ChangeSetName="one", StackName=name)
        with self.assertRaisesRegex(self.cfn.exceptions.ClientError, "cannot be executed in its current status"):
            self.cfn.execute_change_set(ChangeSetName="one", StackName=name)
        with self.assertRaisesRegex(self.cfn.exceptions.ClientError, "already exists"):
            self.cfn.create_stack(**args)
        with self.assertRaisesRegex(self.cfn.exceptions.ClientError, "does not exist"):
            self.cfn.create_change_set(ChangeSetName="x", ChangeSetType="UPDATE", **args | {"StackName": "Nobody"})
        self.assertEqual("CREATE_COMPLETE", self.outcome(name)[0])
        self.cfn.create_change_set(ChangeSetName="two", ChangeSetType="UPDATE", **args)
        found = self.cfn.describe_change_set(ChangeSetName="two", StackName=name)
        self.assertEqual("FAILED", found["Status"])
        self.assertIn("didn't contain changes", found["StatusReason"])
        self.cfn.delete_change_set(ChangeSetName="two", StackName=name)
        with self.assertRaisesRegex(self.cfn.exceptions.ClientError, "does not exist"):
            self.cfn.describe_change_set(ChangeSetName="two", StackName=name)

    def test_no_update_of_a_stuck_stack(self):
        before = {"R": role("ec2.amazonaws.com")}
        name = self.accepted(before)
        after = {"R": role("ec2.amazonaws.com", ManagedPolicyArns=["arn:aws:iam::aws:policy/No"])}
        self.assertEqual("UPDATE_ROLLBACK_FAILED", self.update(name, after)[0])
        body = json.dumps({"Resources": before})
        with self.assertRaisesRegex(self.cfn.exceptions.ClientError, "can not be updated"):
            self.cfn.create_change_set(StackName=name, ChangeSetName="x", ChangeSetType="UPDATE", TemplateBody=body)
