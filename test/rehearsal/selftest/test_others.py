"""IAM, Lambda, logs, KMS and SSM."""

from selftest.base import Case
from selftest.templates import POLICY, att, changed, function, ref, resource, role


def long_policy(size):
    text = "x" * size
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{text}"}
    return {"Version": "2012-10-17", "Statement": [statement]}


class Iam(Case):
    def test_roles(self):
        self.refused(
            "is not attachable", {"R": role("ec2.amazonaws.com", ManagedPolicyArns=["arn:aws:iam::aws:policy/None"])}
        )
        managed = ["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"]
        inline = [{"PolicyName": "p", "PolicyDocument": POLICY}]
        before = {"R": role("ec2.amazonaws.com", ManagedPolicyArns=managed)}
        _, done = self.updated(before, {"R": role("eks.amazonaws.com", Policies=inline)})
        self.assertEqual(["R"], [x["id"] for x in done["updated"]])

    def test_policies(self):
        before = {
            "R": role("ec2.amazonaws.com"),
            "P": resource("AWS::IAM::Policy", PolicyName="p", PolicyDocument=POLICY, Roles=[ref("R")]),
            "M": resource("AWS::IAM::ManagedPolicy", PolicyDocument=POLICY, Roles=[ref("R")]),
            "I": resource("AWS::IAM::InstanceProfile", Roles=[ref("R")]),
        }
        after = changed(changed(before, "P", PolicyDocument=long_policy(5)), "M", PolicyDocument=long_policy(5))
        _, done = self.updated(before, after)
        self.assertEqual(["M", "P"], sorted(x["id"] for x in done["updated"]))
        self.refused("quota for PolicySize: 6144", changed(before, "M", PolicyDocument=long_policy(6144)))
        self.refused("10240 bytes", changed(before, "P", PolicyDocument=long_policy(10240)))
        self.refused("must be non-empty", changed(before, "P", Roles=[]))

    def test_oidc_providers(self):
        provider = resource(
            "AWS::IAM::OIDCProvider",
            Url="https://oidc.eks.us-east-1.amazonaws.com/id/ABC",
            ClientIdList=["sts.amazonaws.com"],
        )
        after = changed({"O": provider}, "O", ThumbprintList=["a" * 40], Tags=[{"Key": "a", "Value": "b"}])
        _, done = self.updated({"O": provider}, after)
        self.assertEqual(["O"], [x["id"] for x in done["updated"]])


class Functions(Case):
    def test_role_and_logging(self):
        logged = {"LogGroup": ref("L"), "LogFormat": "JSON"}
        resources = function() | {"L": resource("AWS::Logs::LogGroup")}
        name, done = self.updated(resources, changed(resources, "F", LoggingConfig=logged, Timeout=60))
        found = self.client("lambda").get_function(FunctionName=self.resource(name, "F")["physical_id"])
        self.assertEqual(60, found["Configuration"]["Timeout"])
        self.refused("cannot be assumed by lambda", function() | {"FR": role("ec2.amazonaws.com")})

    def test_code_must_be_there(self):
        code = {"S3Bucket": "nowhere", "S3Key": "code.zip"}
        self.refused("Error occurred while GetObject", changed(function(), "F", Code=code))


class Logs(Case):
    def test_groups(self):
        def group(**props):
            return {"L": resource("AWS::Logs::LogGroup", LogGroupName="one", **props)}

        self.updated(group(RetentionInDays=30), group(RetentionInDays=90, Tags=[{"Key": "a", "Value": "b"}]))
        name = self.accepted(group(DeletionProtectionEnabled=True))
        self.delete_refused("has deletion protection", name)
        self.assertEqual("UPDATE_COMPLETE", self.force(name, group()))

    def force(self, name, resources):
        """Out of DELETE_FAILED nothing but a deletion leads: the update is the test's."""
        return self.update(name, resources)[0]

    def test_resource_policies(self):
        policy = resource("AWS::Logs::ResourcePolicy", PolicyName="p", PolicyDocument='{"Version":"2012-10-17"}')
        _, done = self.updated({"P": policy}, changed({"P": policy}, "P", PolicyDocument='{"Statement":[]}'))
        self.assertEqual(["P"], [x["id"] for x in done["updated"]])
        self.refused("#/PolicyDocument", changed({"P": policy}, "P", PolicyDocument="x" * 5121))


class Keys(Case):
    def test_keys(self):
        before = {
            "K": resource("AWS::KMS::Key"),
            "A": resource("AWS::KMS::Alias", AliasName="alias/x", TargetKeyId=ref("K")),
        }
        after = changed(before, "K", Description="d", EnableKeyRotation=True, Tags=[{"Key": "a", "Value": "b"}])
        _, done = self.updated(before, after)
        self.assertEqual(["K"], [x["id"] for x in done["updated"]])
        self.update_refused("cannot be changed", before, changed(before, "K", MultiRegion=True))


class Parameters(Case):
    def test_parameters(self):
        before = {"P": resource("AWS::SSM::Parameter", Type="String", Value="a", Tags={"a": "b"})}
        _, done = self.updated(before, changed(before, "P", Value="b", Tags={"c": "d"}))
        self.assertEqual(["P"], [x["id"] for x in done["updated"]])
        self.assertEqual({"Fn::GetAtt": ["P", "Value"]}, att("P", "Value"))
