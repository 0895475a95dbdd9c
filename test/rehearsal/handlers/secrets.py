"""Secrets Manager: secrets, their link to a database, and the references to them in templates."""

import json
import re

from botocore.exceptions import ClientError

from engine.errors import CfnError, NotModelled
from engine.resources import Handler, handles
from handlers.common import integer, pick, tag_map

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
REFERENCE = re.compile(
    r"\{\{resolve:secretsmanager:(?P<secret>arn:(?:[^:}]+:){5}[^:}]+|[^:}]+)"
    r"(?::SecretString(?::(?P<key>[^:}]*)(?::(?P<stage>[^:}]*)(?::(?P<version>[^:}]*))?)?)?)?\}\}"
)


def secret_text(ctx, secret):
    try:
        return ctx.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    except ClientError as error:
        raise CfnError(f"Secrets Manager can't find the specified secret {secret}: {error}") from error


def resolved(ctx, text):
    """The text with the content of the secrets that it refers to, which is in no template and in no state."""

    def content(match):
        value = secret_text(ctx, match["secret"])
        if not match["key"]:
            return value
        try:
            return str(json.loads(value)[match["key"]])
        except (ValueError, KeyError, TypeError) as error:
            raise CfnError(f"Could not find a value associated with JSONKey {match['key']} in SecretString") from error

    out = REFERENCE.sub(content, text)
    if "{{resolve:" in out:
        raise NotModelled(f"rehearsal: the dynamic reference {text} is not modelled")
    return out


def generated(ctx, what):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html"""
    template, key = what.get("SecretStringTemplate"), what.get("GenerateStringKey")
    if (template is None) != (key is None):
        raise CfnError("InvalidRequest: SecretStringTemplate and GenerateStringKey go together")
    flags = pick(
        what,
        "ExcludeCharacters",
        "ExcludeLowercase",
        "ExcludeNumbers",
        "ExcludePunctuation",
        "ExcludeUppercase",
        "IncludeSpace",
        "RequireEachIncludedType",
    )
    length = integer(what.get("PasswordLength", 32))
    password = ctx.client("secretsmanager").get_random_password(PasswordLength=length, **flags)["RandomPassword"]
    if template is None:
        return password
    try:
        content = json.loads(template)
    except ValueError as error:
        raise CfnError(f"InvalidRequest: SecretStringTemplate is no JSON: {template}") from error
    if not isinstance(content, dict):
        raise CfnError(f"InvalidRequest: SecretStringTemplate is no JSON structure: {template}")
    return json.dumps({**content, key: password})


def api_tags(tags):
    return [{"Key": tag["Key"], "Value": tag["Value"]} for tag in tags or []]


@handles("AWS::SecretsManager::Secret")
class Secret(Handler):
    def create(self, ctx, props, inst):
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
        if "SecretString" in props and "GenerateSecretString" in props:
            raise CfnError("InvalidRequest: You can't specify both SecretString and GenerateSecretString")
        if "ReplicaRegions" in props:
            raise NotModelled("rehearsal: ReplicaRegions of a secret are not modelled")
        text = props.get("SecretString") or generated(ctx, props.get("GenerateSecretString") or {})
        args = pick(props, "Description", "KmsKeyId")
        if props.get("Tags"):
            args["Tags"] = api_tags(props["Tags"])
        name = props.get("Name") or ctx.name(200)
        made = ctx.client("secretsmanager").create_secret(Name=name, SecretString=text, **args)
        inst.physical_resource_id = made["ARN"]
        inst.attrs = {"Id": made["ARN"]}

    def update(self, ctx, props, inst, old, changed):
        if changed - {"Description", "Tags"}:
            raise NotModelled(f"rehearsal: update of a secret {sorted(changed)} is not modelled")
        api, arn = ctx.client("secretsmanager"), inst.physical_resource_id
        if "Description" in changed:
            api.update_secret(SecretId=arn, Description=props.get("Description", ""))
        if "Tags" in changed and old.get("Tags"):
            api.untag_resource(SecretId=arn, TagKeys=list(tag_map(old["Tags"])))
        if "Tags" in changed and props.get("Tags"):
            api.tag_resource(SecretId=arn, Tags=api_tags(props["Tags"]))
        props.items()

    def delete(self, ctx, inst):
        ctx.client("secretsmanager").delete_secret(SecretId=inst.physical_resource_id, ForceDeleteWithoutRecovery=True)


@handles("AWS::SecretsManager::SecretTargetAttachment")
class SecretTargetAttachment(Handler):
    """Writes where the database is into the secret.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secrettargetattachment.html
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
    """

    ADDED = ("engine", "host", "port", "dbClusterIdentifier")

    def create(self, ctx, props, inst):
        if props["TargetType"] != "AWS::RDS::DBCluster":
            raise NotModelled(f"rehearsal: SecretTargetAttachment to {props['TargetType']} is not modelled")
        secret, target = props["SecretId"], props["TargetId"]
        try:
            content = json.loads(secret_text(ctx, secret))
        except ValueError as error:
            raise CfnError(f"InvalidRequest: the secret {secret} is no JSON") from error
        missing = [key for key in ("username", "password") if key not in content]
        if missing:
            raise CfnError(f"InvalidRequest: the secret {secret} has no {' and no '.join(missing)}")
        try:
            cluster = ctx.client("rds").describe_db_clusters(DBClusterIdentifier=target)["DBClusters"][0]
        except ClientError as error:
            raise CfnError(f"DBClusterNotFoundFault: {target}: {error}") from error
        engine = "postgres" if "postgres" in cluster["Engine"] else "mysql"
        values = (engine, cluster["Endpoint"], cluster["Port"], target)
        content |= dict(zip(self.ADDED, values, strict=True))
        ctx.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=json.dumps(content))
        inst.physical_resource_id, inst.attrs = secret, {"Id": secret}

    def delete(self, ctx, inst):
        secret = inst.physical_resource_id
        content = json.loads(secret_text(ctx, secret))
        content = {key: value for key, value in content.items() if key not in self.ADDED}
        ctx.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=json.dumps(content))
