"""KMS keys and aliases."""

from engine.errors import CfnError, NotModelled
from engine.resources import Handler, handles
from handlers.common import boolean, integer, pick, policy_text


def key_tags(tags):
    return [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags or []]


@handles("AWS::KMS::Key")
class Key(Handler):
    INPLACE = {
        "KeyPolicy",
        "EnableKeyRotation",
        "Description",
        "Tags",
        "PendingWindowInDays",
        "RotationPeriodInDays",
        "Enabled",
    }

    def create(self, ctx, props, inst):
        kms, args = ctx.client("kms"), pick(props, "Description", "KeyUsage", "KeySpec")
        if "MultiRegion" in props:
            args["MultiRegion"] = boolean(props["MultiRegion"])
        policy = policy_text(props["KeyPolicy"]) if "KeyPolicy" in props else "{}"
        made = kms.create_key(Policy=policy, Tags=key_tags(props.get("Tags")), **args)["KeyMetadata"]
        if boolean(props.get("EnableKeyRotation", False)):
            kms.enable_key_rotation(KeyId=made["KeyId"])
        inst.physical_resource_id = made["KeyId"]
        inst.attrs = {"Arn": made["Arn"], "KeyId": made["KeyId"]}

    def update(self, ctx, props, inst, old, changed):
        kms, key = ctx.client("kms"), inst.physical_resource_id
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
        if changed & {"KeySpec", "KeyUsage", "MultiRegion", "Origin"}:
            raise CfnError(f"InvalidRequest: {sorted(changed)} of a KMS key cannot be changed")
        if changed - self.INPLACE:
            raise NotModelled(f"rehearsal: update of a KMS key {sorted(changed - self.INPLACE)} is not modelled")
        if "Tags" in changed and old.get("Tags"):
            kms.untag_resource(KeyId=key, TagKeys=[tag["Key"] for tag in old["Tags"]])
        if "Tags" in changed and props.get("Tags"):
            kms.tag_resource(KeyId=key, Tags=key_tags(props["Tags"]))
        if "Enabled" in changed:
            (kms.enable_key if boolean(props.get("Enabled", True)) else kms.disable_key)(KeyId=key)
        if "KeyPolicy" in changed:
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy_text(props["KeyPolicy"]))
        if "EnableKeyRotation" in changed:
            on = boolean(props.get("EnableKeyRotation", False))
            (kms.enable_key_rotation if on else kms.disable_key_rotation)(KeyId=key)
        if "Description" in changed:
            kms.update_key_description(KeyId=key, Description=props.get("Description", ""))
        props.items()

    def delete(self, ctx, inst):
        days = integer(inst.props.get("PendingWindowInDays", 30))
        ctx.client("kms").schedule_key_deletion(KeyId=inst.physical_resource_id, PendingWindowInDays=days)


@handles("AWS::KMS::Alias")
class Alias(Handler):
    def create(self, ctx, props, inst):
        ctx.client("kms").create_alias(AliasName=props["AliasName"], TargetKeyId=props["TargetKeyId"])
        inst.physical_resource_id = props["AliasName"]

    def update(self, ctx, props, inst, old, changed):
        ctx.client("kms").update_alias(AliasName=props["AliasName"], TargetKeyId=props["TargetKeyId"])

    def delete(self, ctx, inst):
        ctx.client("kms").delete_alias(AliasName=inst.physical_resource_id)
