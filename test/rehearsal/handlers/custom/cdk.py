"""CDK's other custom resources."""

import json

from engine.errors import CfnError
from engine.resources import SERIAL
from engine.state import STATE, warn
from handlers.common import boolean, integer, need_role, pascal, pick
from handlers.eks.clusters import drop_cluster, eks_backend, make_cluster
from handlers.logs import make_again, make_group

# https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
SERIAL["Custom::AWSCDK-EKS-FargateProfile"] = lambda props: props["Config"]["clusterName"]


class Recorded:
    """Nothing to do to the emulator."""

    def create(self, ctx, props, inst):
        return None

    def update(self, ctx, props, inst):
        return self.create(ctx, props, inst)

    def delete(self, ctx, inst):
        return None


RECORDED = Recorded()


class OidcProvider(Recorded):
    def create(self, ctx, props, inst):
        issuers = [model.identity["oidc"]["issuer"] for model in eks_backend(ctx).clusters.values()]
        if props["Url"] not in issuers and ".eks." in props["Url"]:
            raise CfnError(f"OIDC url {props['Url']} is no cluster's issuer")
        made = ctx.client("iam").create_open_id_connect_provider(
            Url=props["Url"],
            ClientIDList=props.get("ClientIDList", []),
            ThumbprintList=props.get("ThumbprintList") or ["0" * 40],
        )
        inst.physical_resource_id = made["OpenIDConnectProviderArn"]
        inst.attrs["Thumbprints"] = json.dumps(props.get("ThumbprintList") or [])

    def update(self, ctx, props, inst):
        inst.attrs["Thumbprints"] = json.dumps(props.get("ThumbprintList") or [])

    def delete(self, ctx, inst):
        ctx.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=inst.physical_resource_id)


class CfnJson(Recorded):
    def create(self, ctx, props, inst):
        value = props["Value"]
        inst.attrs["Value"] = json.loads(value) if isinstance(value, str) else value


class RestrictDefaultGroup(Recorded):
    """Takes every rule out of the default security group."""

    def create(self, ctx, props, inst):
        ec2, group = ctx.client("ec2"), props["DefaultSecurityGroupId"]
        found = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        if found["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(GroupId=group, IpPermissions=found["IpPermissionsEgress"])
        if found["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=found["IpPermissions"])


class LogRetention(Recorded):
    """Makes the group that it is to see to, and at its creation, whatever its function writes to, the function's own.

    aws-cdk-lib/custom-resource-handlers/dist/aws-logs/log-retention-handler
    """

    def create(self, ctx, props, inst):
        self.update(ctx, props, inst)
        own = "/aws/lambda/" + props["ServiceToken"].rsplit(":", 1)[-1]
        make_group(ctx, own)
        ctx.client("logs").put_retention_policy(logGroupName=own, retentionInDays=1)

    def update(self, ctx, props, inst):
        name = inst.attrs["LogGroupName"] = props["LogGroupName"]
        make_group(ctx, name)
        if "RetentionInDays" in props:
            ctx.client("logs").put_retention_policy(logGroupName=name, retentionInDays=integer(props["RetentionInDays"]))

    def delete(self, ctx, inst):
        logs, name = ctx.client("logs"), inst.props["LogGroupName"]
        if inst.props.get("RemovalPolicy") != "destroy":
            STATE["kept_log_groups"].append(name)
            return
        try:
            logs.delete_log_group(logGroupName=name)
        except logs.exceptions.ResourceNotFoundException:
            pass
        make_again(ctx, name)


class OldCluster(Recorded):
    """The cluster of CDK's aws-eks, which a function makes."""

    def create(self, ctx, props, inst):
        need_role(ctx, props["AssumeRoleArn"])
        config = props["Config"]
        name = config.get("name") or ctx.name(100)
        rest = {k[0].upper() + k[1:]: pascal(v) for k, v in config.items() if k not in ("name", "logging", "tags")}
        tags = [{"Key": key, "Value": value} for key, value in (config.get("tags") or {}).items()]
        make_cluster(ctx, inst, name, rest | {"Tags": tags})
        if config.get("logging"):
            entries = config["logging"]["clusterLogging"]
            entries = [{**entry, "enabled": boolean(entry["enabled"])} for entry in entries]
            eks_backend(ctx).clusters[inst.physical_resource_id].logging = {"clusterLogging": entries}

    def update(self, ctx, props, inst):
        warn("Custom::AWSCDK-EKS-Cluster: an update is recorded only")

    def delete(self, ctx, inst):
        drop_cluster(ctx, inst)


class OldFargateProfile(Recorded):
    def create(self, ctx, props, inst):
        config = props["Config"]
        name = config.get("fargateProfileName") or ctx.name(100)
        args = pick(config, "clusterName", "podExecutionRoleArn", "selectors", "subnets")
        ctx.client("eks").create_fargate_profile(fargateProfileName=name, **args)
        inst.physical_resource_id = name
        profile = eks_backend(ctx).clusters[config["clusterName"]].fargate_profiles[name]
        inst.attrs["fargateProfileArn"] = profile.fargate_profile_arn

    def update(self, ctx, props, inst):
        return None

    def delete(self, ctx, inst):
        cluster = inst.props["Config"]["clusterName"]
        ctx.client("eks").delete_fargate_profile(clusterName=cluster, fargateProfileName=inst.physical_resource_id)


TYPES = {
    "Custom::AWSCDKOpenIdConnectProvider": OidcProvider(),
    "Custom::AWSCDKCfnJson": CfnJson(),
    "Custom::VpcRestrictDefaultSG": RestrictDefaultGroup(),
    "Custom::LogRetention": LogRetention(),
    "Custom::S3AutoDeleteObjects": RECORDED,
    "Custom::AWSCDK-EKS-Cluster": OldCluster(),
    "Custom::AWSCDK-EKS-FargateProfile": OldFargateProfile(),
}
