"""RDS and Secrets Manager."""

import json

from selftest.base import Case
from selftest.templates import att, changed, ref, resource, subnet, subnets, without

PASSWORD = {
    "SecretStringTemplate": json.dumps({"username": "postgres"}),
    "GenerateStringKey": "password",
    "PasswordLength": 30,
    "ExcludeCharacters": " /@\"\\",
}
TAGS = [{"Key": "a", "Value": "b"}]


def of_secret(key):
    return {"Fn::Join": ["", ["{{resolve:secretsmanager:", ref("S"), f":SecretString:{key}::}}}}"]]}


def database():
    """A cluster D of both families with an instance W, whose password is in the secret S."""
    return {
        **subnets(),
        "G": resource("AWS::EC2::SecurityGroup", GroupDescription="g", VpcId=ref("V")),
        "DG": resource("AWS::RDS::DBSubnetGroup", DBSubnetGroupDescription="d", SubnetIds=[ref("Q0"), ref("Q1")]),
        "S": resource("AWS::SecretsManager::Secret", GenerateSecretString=PASSWORD),
        "D": resource(
            "AWS::RDS::DBCluster",
            Engine="aurora-postgresql",
            EngineVersion="16.4",
            DBClusterParameterGroupName="default.aurora-postgresql16",
            MasterUsername=of_secret("username"),
            MasterUserPassword=of_secret("password"),
            DBSubnetGroupName=ref("DG"),
            NetworkType="DUAL",
            Port=5432,
            StorageEncrypted=True,
            ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 2},
            VpcSecurityGroupIds=[att("G", "GroupId")],
        ),
        "W": resource(
            "AWS::RDS::DBInstance",
            DBClusterIdentifier=ref("D"),
            DBInstanceClass="db.serverless",
            Engine="aurora-postgresql",
            PubliclyAccessible=False,
        ),
        "SA": resource(
            "AWS::SecretsManager::SecretTargetAttachment",
            SecretId=ref("S"),
            TargetId=ref("D"),
            TargetType="AWS::RDS::DBCluster",
        ),
    }


class Databases(Case):
    def test_what_is_deployed(self):
        outputs = {"Host": {"Value": att("D", "Endpoint.Address")}}
        name = self.accepted(database(), Outputs=outputs)
        cluster = self.client("rds").describe_db_clusters()["DBClusters"][0]
        self.assertEqual("DUAL", cluster["NetworkType"])
        self.assertTrue(cluster["StorageEncrypted"])
        self.assertEqual(1, len(cluster["DBClusterMembers"]))
        secret = self.secret(name)
        self.assertEqual(cluster["Endpoint"], secret["host"])
        self.assertEqual(("postgres", 5432, 30), (secret["engine"], secret["port"], len(secret["password"])))
        self.assertNotIn(secret["password"], json.dumps(self.resource(name, "D")))
        self.delete(name)
        for what, found in (("DBClusters", "describe_db_clusters"), ("DBInstances", "describe_db_instances")):
            self.assertEqual([], getattr(self.client("rds"), found)()[what])
        self.assertEqual([], self.client("secretsmanager").list_secrets()["SecretList"])

    def test_port_of_a_rule(self):
        """An endpoint's port is text, and a rule takes it."""
        rule = resource(
            "AWS::EC2::SecurityGroupIngress",
            GroupId=att("G", "GroupId"),
            IpProtocol="tcp",
            FromPort=att("D", "Endpoint.Port"),
            ToPort=att("D", "Endpoint.Port"),
            SourceSecurityGroupId=att("G", "GroupId"),
        )
        self.accepted(database() | {"R": rule})
        self.refused("#/PromotionTier", changed(database(), "W", PromotionTier="-1"))

    def secret(self, stack):
        arn = self.resource(stack, "S")["physical_id"]
        return json.loads(self.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])

    def test_last_snapshot(self):
        resources = database()
        resources["D"]["DeletionPolicy"] = "Snapshot"
        self.delete(self.accepted(resources))
        rds = self.client("rds")
        found = [s["DBClusterSnapshotIdentifier"] for s in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]]
        self.assertEqual(1, len(set(found) & set(self.state["kept_snapshots"])))
        for snapshot in found:
            rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=snapshot)

    def test_updates(self):
        before = database()
        after = changed(before, "D", NetworkType="IPV4", BackupRetentionPeriod=7, Tags=TAGS)
        for name in ("DG", "S", "W"):
            after = changed(after, name, Tags=TAGS)
        _, done = self.updated(before, after)
        self.assertEqual(["D", "DG", "S", "W"], sorted(x["id"] for x in done["updated"]))
        self.assertEqual("IPV4", self.client("rds").describe_db_clusters()["DBClusters"][0]["NetworkType"])
        _, done = self.updated(before, changed(before, "DG", DBSubnetGroupDescription="e"))
        self.assertEqual(["DG"], [x["id"] for x in done["updated"]])

    def test_subnet_in_use(self):
        three = database() | {"Q2": subnet(2, 2)}
        three["DG"]["Properties"]["SubnetIds"].append(ref("Q2"))
        fewer = changed(three, "DG", SubnetIds=[ref("Q1"), ref("Q2")])
        self.update_refused("SubnetAlreadyInUse", three, fewer)
        self.updated(three, changed(three, "DG", SubnetIds=[ref("Q0"), ref("Q2")]))

    def test_protection(self):
        resources = changed(without(database(), "W"), "D", DeletionProtection=True)
        name = self.accepted(resources)
        self.delete_refused("deletion protection", name)
        self.client("rds").modify_db_cluster(
            DBClusterIdentifier=self.resource(name, "D")["physical_id"], DeletionProtection=False
        )

    def test_subnet_groups(self):
        zone = changed(database(), "Q1", AvailabilityZone={"Fn::Select": [0, {"Fn::GetAZs": ""}]})
        self.refused("DBSubnetGroupDoesNotCoverEnoughAZs", zone)
        other = {
            "V2": resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16"),
            "Z": resource(
                "AWS::EC2::Subnet",
                VpcId=ref("V2"),
                CidrBlock="10.1.0.0/24",
                AvailabilityZone={"Fn::Select": [1, {"Fn::GetAZs": ""}]},
            ),
        }
        self.refused("not all in the same VPC", changed(database() | other, "DG", SubnetIds=[ref("Q0"), ref("Z")]))
        group = {"G2": resource("AWS::EC2::SecurityGroup", GroupDescription="g", VpcId=ref("V2"))}
        foreign = changed(database() | other | group, "D", VpcSecurityGroupIds=[att("G2", "GroupId")])
        self.refused("are in different VPCs", foreign)

    def test_families(self):
        four = changed(database(), "Q1", Ipv6CidrBlock=None, AssignIpv6AddressOnCreation=None)
        self.refused("have no IPv6 CIDR block", four)
        self.accepted(changed(four, "D", NetworkType=None))

    def test_capacity(self):
        without_range = changed(database(), "D", ServerlessV2ScalingConfiguration=None)
        self.refused("Set the Serverless v2 scaling configuration", without_range)
        for least, most in ((0.7, 2), (4, 2), (0.5, 0.5)):
            config = {"MinCapacity": least, "MaxCapacity": most}
            self.refused("Serverless v2 capacity", changed(database(), "D", ServerlessV2ScalingConfiguration=config))

    def test_engines(self):
        self.refused("can't be used for this instance", changed(database(), "D", EngineVersion="15.8"))
        self.refused("InvalidParameterCombination", changed(database(), "W", Engine="aurora-mysql"))
        self.refused("are the cluster's", changed(database(), "W", VPCSecurityGroups=[att("G", "GroupId")]))

    def test_credentials(self):
        self.refused("MasterUsername", changed(database(), "D", MasterUsername="1st"))
        for password in ("short", "with a blank in it", "x" * 42):
            self.refused("MasterUserPassword", changed(database(), "D", MasterUserPassword=password))


class Secrets(Case):
    def test_secrets(self):
        def secret(**props):
            return {"S": resource("AWS::SecretsManager::Secret", **props)}

        self.accepted(secret())
        self.accepted(secret(SecretString="x"))
        self.refused("can't specify both", secret(SecretString="x", GenerateSecretString={}))
        self.refused("go together", secret(GenerateSecretString={"GenerateStringKey": "password"}))
        self.refused("is no JSON", secret(GenerateSecretString={**PASSWORD, "SecretStringTemplate": "x"}))
        before = secret(Description="a", Tags=TAGS)
        _, done = self.updated(before, secret(Description="b", Tags=[{"Key": "c", "Value": "d"}]))
        self.assertEqual(["S"], [x["id"] for x in done["updated"]])

    def test_references(self):
        self.refused("JSONKey pass in SecretString", changed(database(), "D", MasterUserPassword=of_secret("pass")))
        nowhere = "{{resolve:secretsmanager:nowhere:SecretString:password}}"
        self.refused("can't find the specified secret", changed(database(), "D", MasterUserPassword=nowhere))

    def test_attachments(self):
        other = changed(database(), "S", GenerateSecretString={**PASSWORD, "GenerateStringKey": "p"})
        self.refused("has no password", changed(other, "D", MasterUserPassword="long-enough"))
        self.refused("DBClusterNotFoundFault", changed(database(), "SA", TargetId="nothing"))
