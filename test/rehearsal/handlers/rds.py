"""RDS: subnet groups, Aurora clusters and their instances."""

import re

from botocore.exceptions import ClientError
from moto.rds.models import rds_backends

from engine.errors import CfnError, NotModelled
from engine.resources import Handler, handles
from engine.state import STATE
from handlers.common import (
    attach_interfaces,
    boolean,
    drop_interfaces,
    ec2_backend,
    has_ipv6,
    integer,
    need_subnets,
    pick,
    tag_map,
)
from handlers.secrets import resolved


def api_tags(tags):
    return [{"Key": tag["Key"], "Value": tag["Value"]} for tag in tags or []]


def identifier(ctx, given, longest=63):
    """RDS keeps its identifiers in lower case.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
    """
    return (given or ctx.name(longest)).lower()


def retag(ctx, arn, old, new):
    rds = ctx.client("rds")
    if old:
        rds.remove_tags_from_resource(ResourceName=arn, TagKeys=list(tag_map(old)))
    if new:
        rds.add_tags_to_resource(ResourceName=arn, Tags=api_tags(new))


# ---------------------------------------------------------------- subnet groups


@handles("AWS::RDS::DBSubnetGroup")
class DBSubnetGroup(Handler):
    @staticmethod
    def check(ctx, ids):
        """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html"""
        subnets = need_subnets(ctx, ids)
        if len({s["VpcId"] for s in subnets}) > 1:
            raise CfnError(f"InvalidSubnet: the subnets {ids} are not all in the same VPC")
        if len({s["AvailabilityZone"] for s in subnets}) < 2:
            raise CfnError(
                "DBSubnetGroupDoesNotCoverEnoughAZs: The DB subnet group doesn't meet Availability Zone (AZ) coverage "
                "requirement. Current AZ coverage: "
                f"{', '.join(sorted({s['AvailabilityZone'] for s in subnets}))}. Add subnets to cover at least 2 AZs."
            )

    def create(self, ctx, props, inst):
        self.check(ctx, props["SubnetIds"])
        name = identifier(ctx, props.get("DBSubnetGroupName"), 255)
        made = ctx.client("rds").create_db_subnet_group(
            DBSubnetGroupName=name,
            DBSubnetGroupDescription=props["DBSubnetGroupDescription"],
            SubnetIds=props["SubnetIds"],
            Tags=api_tags(props.get("Tags")),
        )
        inst.physical_resource_id = name
        inst.memory["arn"] = made["DBSubnetGroup"]["DBSubnetGroupArn"]

    def update(self, ctx, props, inst, old, changed):
        name = inst.physical_resource_id
        if changed & {"SubnetIds", "DBSubnetGroupDescription"}:
            self.check(ctx, props["SubnetIds"])
            used = subnets_in_use(ctx, name)
            # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBSubnetGroup.html
            gone = used - set(props["SubnetIds"])
            if gone:
                raise CfnError(f"SubnetAlreadyInUse: the subnets {sorted(gone)} hold database instances")
            group = rds_backends[ctx.account][ctx.region].subnet_groups[name]  # moto's ModifyDBSubnetGroup loses it
            group.description = props["DBSubnetGroupDescription"]
            group.subnets = [ec2_backend(ctx).get_subnet(subnet) for subnet in props["SubnetIds"]]
        if "Tags" in changed:
            retag(ctx, inst.memory["arn"], old.get("Tags"), props.get("Tags"))
        props.items()

    def delete(self, ctx, inst):
        name = inst.physical_resource_id
        users = [c["DBClusterIdentifier"] for c in clusters_in(ctx, name)]
        # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBSubnetGroup.html
        if users:
            raise CfnError(f"InvalidDBSubnetGroupStateFault: the DB subnet group {name} is in use by {users}")
        ctx.client("rds").delete_db_subnet_group(DBSubnetGroupName=name)


def subnets_of(ctx, name):
    try:
        group = ctx.client("rds").describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"][0]
    except ClientError as error:
        raise CfnError(f"DBSubnetGroupNotFoundFault: {name}: {error}") from error
    return need_subnets(ctx, [s["SubnetIdentifier"] for s in group["Subnets"]])


def clusters_in(ctx, group):
    return [c for c in ctx.client("rds").describe_db_clusters()["DBClusters"] if c["DBSubnetGroup"] == group]


def subnets_in_use(ctx, group):
    """Those that hold the interfaces of instances."""
    names = [described(m["DBInstanceIdentifier"]) for c in clusters_in(ctx, group) for m in c["DBClusterMembers"]]
    interfaces = ctx.client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    return {i["SubnetId"] for i in interfaces if i.get("Description") in names}


def described(instance):
    return f"RDSNetworkInterface {instance}"


# ---------------------------------------------------------------- clusters


FAMILIES = {"aurora-postgresql": r"(\d+)\.", "aurora-mysql": r"(\d+\.\d+)\."}


def check_parameter_group(props):
    """A default parameter group is of one engine and major version.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_WorkingWithDBClusterParamGroups.html
    """
    name, version = props.get("DBClusterParameterGroupName"), props.get("EngineVersion")
    if name is None or not name.startswith("default."):
        if name is not None:
            raise NotModelled(f"rehearsal: the parameter group {name} is not modelled")
        return
    engine = props["Engine"]
    match = re.match(FAMILIES[engine], f"{version}.") if version else None
    if match and name != f"default.{engine}{match[1]}":
        raise CfnError(
            f"InvalidParameterCombination: The Parameter Group {name} can't be used for this instance. Please use a "
            f"Parameter Group with DBParameterGroupFamily {engine}{match[1]}"
        )


def check_capacity(config):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-rds-dbcluster-serverlessv2scalingconfiguration.html"""
    if config is None:
        return
    least, most = (float(config.get(key, 0)) for key in ("MinCapacity", "MaxCapacity"))
    if not 0 <= least <= most <= 256 or most < 1 or least * 2 % 1 or most * 2 % 1:
        raise CfnError(
            f"InvalidParameterValue: Serverless v2 capacity {least} to {most}: want half-steps, from 0 on, up to 256 "
            "and a maximum of 1 at least"
        )


def check_credentials(user, password):
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html"""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", user):
        raise CfnError("InvalidParameterValue: The parameter MasterUsername is not a valid identifier")
    if not 8 <= len(password) <= 41 or re.search(r'[/"@ ]|[^ -~]', password):
        raise CfnError(
            "InvalidParameterValue: The parameter MasterUserPassword is not a valid password: 8 to 41 printable ASCII "
            "characters besides '/', '@', '\"', ' '"
        )


def check_network(ctx, props):
    subnets = subnets_of(ctx, props["DBSubnetGroupName"])
    # "each subnet in the DB subnet group must have an IPv6 CIDR block":
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
    without = [s["SubnetId"] for s in subnets if not has_ipv6(s)]
    if props.get("NetworkType") == "DUAL" and without:
        raise CfnError(
            f"InvalidVPCNetworkStateFault: network type DUAL: the subnets {without} of the DB subnet group "
            f"{props['DBSubnetGroupName']} have no IPv6 CIDR block"
        )
    groups = props.get("VpcSecurityGroupIds")
    if groups:
        found = ctx.client("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"]
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.RDSSecurityGroups.html
        if {g["VpcId"] for g in found} != {subnets[0]["VpcId"]}:
            raise CfnError(
                "InvalidParameterCombination: The DB instance and EC2 security group are in different VPCs. The DB "
                f"instance is in {subnets[0]['VpcId']} and the EC2 security groups are {groups}"
            )


@handles("AWS::RDS::DBCluster")
class DBCluster(Handler):
    INPLACE = {
        "BackupRetentionPeriod",
        "CopyTagsToSnapshot",
        "DeletionProtection",
        "NetworkType",
        "ServerlessV2ScalingConfiguration",
        "Tags",
        "VpcSecurityGroupIds",
    }
    SAME = ("CopyTagsToSnapshot", "NetworkType", "ServerlessV2ScalingConfiguration", "VpcSecurityGroupIds")

    def args(self, props):
        out = pick(props, *self.SAME)
        for key in ("CopyTagsToSnapshot", "DeletionProtection"):
            if key in props:
                out[key] = boolean(props[key])
        if "BackupRetentionPeriod" in props:
            out["BackupRetentionPeriod"] = integer(props["BackupRetentionPeriod"])
        if "ServerlessV2ScalingConfiguration" in props:
            config = props["ServerlessV2ScalingConfiguration"]
            out["ServerlessV2ScalingConfiguration"] = {key: float(value) for key, value in config.items()}
        return out

    def check(self, ctx, props):
        if props["Engine"] not in FAMILIES:
            raise NotModelled(f"rehearsal: the engine {props['Engine']} is not modelled")
        check_parameter_group(props)
        check_capacity(props.get("ServerlessV2ScalingConfiguration"))
        check_network(ctx, props)

    def create(self, ctx, props, inst):
        self.check(ctx, props)
        user, password = (resolved(ctx, props[key]) for key in ("MasterUsername", "MasterUserPassword"))
        check_credentials(user, password)
        args = self.args(props) | pick(
            props,
            "DBClusterParameterGroupName",
            "DBSubnetGroupName",
            "DatabaseName",
            "Engine",
            "EngineVersion",
            "KmsKeyId",
        )
        if "Port" in props:
            args["Port"] = integer(props["Port"])
        if "StorageEncrypted" in props:
            args["StorageEncrypted"] = boolean(props["StorageEncrypted"])
        name = identifier(ctx, props.get("DBClusterIdentifier"))
        made = ctx.client("rds").create_db_cluster(
            DBClusterIdentifier=name,
            MasterUsername=user,
            MasterUserPassword=password,
            Tags=api_tags(props.get("Tags")),
            **args,
        )["DBCluster"]
        inst.physical_resource_id = name
        inst.attrs = {
            "DBClusterArn": made["DBClusterArn"],
            "DBClusterResourceId": made["DbClusterResourceId"],
            "Endpoint.Address": made["Endpoint"],
            "Endpoint.Port": str(made["Port"]),
            "ReadEndpoint.Address": made["ReaderEndpoint"],
        }

    def update(self, ctx, props, inst, old, changed):
        if changed - self.INPLACE:
            rest = sorted(changed - self.INPLACE)
            raise NotModelled(f"rehearsal: update of a database cluster {rest} is not modelled")
        self.check(ctx, props)
        name, args = inst.physical_resource_id, {"DeletionProtection": False} | self.args(props)
        ctx.client("rds").modify_db_cluster(DBClusterIdentifier=name, ApplyImmediately=True, **args)
        if "Tags" in changed:
            retag(ctx, inst.attrs["DBClusterArn"], old.get("Tags"), props.get("Tags"))
        props.items()

    def delete(self, ctx, inst):
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
        args = {"SkipFinalSnapshot": True}
        if inst.deletion_policy == "Snapshot":
            args = {"FinalDBSnapshotIdentifier": f"{ctx.name(200)}-snapshot".lower()}
        ctx.client("rds").delete_db_cluster(DBClusterIdentifier=inst.physical_resource_id, **args)
        STATE["kept_snapshots"] += [name for key, name in args.items() if key == "FinalDBSnapshotIdentifier"]


# ---------------------------------------------------------------- instances


@handles("AWS::RDS::DBInstance")
class DBInstance(Handler):
    def create(self, ctx, props, inst):
        if "DBClusterIdentifier" not in props:
            raise NotModelled("rehearsal: a database instance outside of a cluster is not modelled")
        rds, of = ctx.client("rds"), props["DBClusterIdentifier"]
        try:
            cluster = rds.describe_db_clusters(DBClusterIdentifier=of)["DBClusters"][0]
        except ClientError as error:
            raise CfnError(f"DBClusterNotFoundFault: {of}: {error}") from error
        # "you must set this attribute before you add a DB instance that uses the db.serverless DB instance class":
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-rds-dbcluster-serverlessv2scalingconfiguration.html
        if props["DBInstanceClass"] == "db.serverless" and "ServerlessV2ScalingConfiguration" not in cluster:
            raise CfnError(
                "InvalidDBClusterStateFault: Set the Serverless v2 scaling configuration on the parent DB cluster "
                "before creating a Serverless v2 DB instance."
            )
        # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html: the cluster has them.
        own = [key for key in ("VPCSecurityGroups", "AllocatedStorage", "MasterUserPassword") if key in props]
        if own:
            raise CfnError(f"InvalidParameterCombination: {own} of an instance of a cluster are the cluster's")
        name = identifier(ctx, props.get("DBInstanceIdentifier"))
        args = pick(props, "Engine", "DBInstanceClass")
        if "PubliclyAccessible" in props:
            args["PubliclyAccessible"] = boolean(props["PubliclyAccessible"])
        if "PromotionTier" in props:
            args["PromotionTier"] = integer(props["PromotionTier"])
        subnets = [s["SubnetId"] for s in subnets_of(ctx, cluster["DBSubnetGroup"])]
        groups = [g["VpcSecurityGroupId"] for g in cluster.get("VpcSecurityGroups", [])]
        made = rds.create_db_instance(
            DBInstanceIdentifier=name, DBClusterIdentifier=of, Tags=api_tags(props.get("Tags")), **args
        )["DBInstance"]
        # They hold the subnet and the groups, as a load balancer's do.
        inst.memory["interfaces"] = attach_interfaces(ctx, subnets[:1], groups, described(name))
        inst.physical_resource_id = name
        inst.attrs = {
            "DBInstanceArn": made["DBInstanceArn"],
            "DbiResourceId": made["DbiResourceId"],
            "Endpoint.Address": cluster["Endpoint"],
            "Endpoint.Port": str(cluster["Port"]),
        }

    def update(self, ctx, props, inst, old, changed):
        if changed != {"Tags"}:
            raise NotModelled(f"rehearsal: update of a database instance {sorted(changed)} is not modelled")
        retag(ctx, inst.attrs["DBInstanceArn"], old.get("Tags"), props.get("Tags"))
        props.items()

    def delete(self, ctx, inst):
        ctx.client("rds").delete_db_instance(DBInstanceIdentifier=inst.physical_resource_id, SkipFinalSnapshot=True)
        drop_interfaces(ctx, inst.memory["interfaces"])
