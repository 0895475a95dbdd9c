"""CloudWatch Logs: log groups and resource policies, and the log group that EKS makes again."""

from engine.errors import CfnError, NotModelled
from engine.options import options
from engine.resources import Handler, handles
from engine.state import STATE, warn
from handlers.common import boolean, integer, policy_text, tag_map

# Log groups of deleted clusters: EKS makes them again once the owner deleted them.
LATE_GROUPS = set()


def expect_late_logs(cluster):
    LATE_GROUPS.add(f"/aws/eks/{cluster}/cluster")


def make_again(ctx, name):
    """EKS writes the last control-plane logs after the deletion of a cluster and makes the log group for them.

    https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2763 has the CloudTrail event: it is EKS' service
    role that calls CreateLogGroup. https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html says where
    the logs go.
    """
    if name not in LATE_GROUPS or not options.eks_late_logs:
        return
    LATE_GROUPS.discard(name)
    ctx.client("logs").create_log_group(logGroupName=name)
    STATE["late_log_groups"].append(name)
    warn(
        f"EKS wrote its last control-plane logs after the deletion and made {name} again: a second deploy that creates "
        "this group fails with AlreadyExists"
    )


def make_group(ctx, name):
    """A log group that whoever writes to it makes if it is missing."""
    logs = ctx.client("logs")
    try:
        logs.create_log_group(logGroupName=name)
    except logs.exceptions.ResourceAlreadyExistsException:
        pass


@handles("AWS::Logs::LogGroup")
class LogGroup(Handler):
    INPLACE = {"RetentionInDays", "Tags", "DeletionProtectionEnabled", "KmsKeyId"}

    def create(self, ctx, props, inst):
        logs, name = ctx.client("logs"), props.get("LogGroupName") or ctx.name(200)
        args = {"kmsKeyId": props["KmsKeyId"]} if "KmsKeyId" in props else {}
        if props.get("Tags"):
            args["tags"] = tag_map(props["Tags"])
        logs.create_log_group(logGroupName=name, **args)
        if "RetentionInDays" in props:
            logs.put_retention_policy(logGroupName=name, retentionInDays=integer(props["RetentionInDays"]))
        props.get("DeletionProtectionEnabled")
        inst.physical_resource_id = name
        inst.attrs = {"Arn": f"arn:aws:logs:{ctx.region}:{ctx.account}:log-group:{name}:*"}

    def update(self, ctx, props, inst, old, changed):
        logs, name = ctx.client("logs"), inst.physical_resource_id
        if changed - self.INPLACE:
            raise NotModelled(f"rehearsal: update of a log group {sorted(changed - self.INPLACE)} is not modelled")
        if "RetentionInDays" in props:
            logs.put_retention_policy(logGroupName=name, retentionInDays=integer(props["RetentionInDays"]))
        elif "RetentionInDays" in changed:
            logs.delete_retention_policy(logGroupName=name)
        if "Tags" in changed and old.get("Tags"):
            logs.untag_log_group(logGroupName=name, tags=list(tag_map(old["Tags"])))
        if "Tags" in changed and props.get("Tags"):
            logs.tag_log_group(logGroupName=name, tags=tag_map(props["Tags"]))
        props.items()

    def delete(self, ctx, inst):
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/protecting-log-groups-from-deletion.html
        if boolean(inst.props.get("DeletionProtectionEnabled", False)):
            raise CfnError(f"ValidationException: log group {inst.physical_resource_id} has deletion protection")
        ctx.client("logs").delete_log_group(logGroupName=inst.physical_resource_id)
        make_again(ctx, inst.physical_resource_id)


@handles("AWS::Logs::ResourcePolicy")
class ResourcePolicy(Handler):
    @staticmethod
    def put(ctx, props):
        document = policy_text(props["PolicyDocument"])
        ctx.client("logs").put_resource_policy(policyName=props["PolicyName"], policyDocument=document)

    def create(self, ctx, props, inst):
        self.put(ctx, props)
        inst.physical_resource_id = props["PolicyName"]

    def update(self, ctx, props, inst, old, changed):
        self.put(ctx, props)

    def delete(self, ctx, inst):
        ctx.client("logs").delete_resource_policy(policyName=inst.physical_resource_id)
