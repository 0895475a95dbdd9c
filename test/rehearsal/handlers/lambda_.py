"""Lambda functions, layers and permissions. Functions are made, not run."""

import io
import zipfile

from engine.errors import NotModelled
from engine.resources import REPLACE_ON_ANY_CHANGE, Handler, handles
from handlers.common import boolean, integer, need_object, need_role, need_subnets, pick, tag_map
from handlers.logs import make_group

REPLACE_ON_ANY_CHANGE |= {"AWS::Lambda::LayerVersion", "AWS::Lambda::Permission"}

LOG_GROUPS = {}  # function -> the log group that its LoggingConfig names, which moto does not keep


def chain(ctx, arn):
    """A custom resource's function and those that it calls: the framework's and the one behind it."""
    found = ctx.client("lambda").get_function(FunctionName=arn)["Configuration"]
    called = found.get("Environment", {}).get("Variables", {}).get("USER_ON_EVENT_FUNCTION_ARN")
    return [found] + (chain(ctx, called) if called else [])


def write_logs(ctx, arn):
    """Functions that run write logs, and Lambda makes the group that is missing.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
    """
    for function in chain(ctx, arn):
        name = function["FunctionName"]
        make_group(ctx, LOG_GROUPS.get(name, f"/aws/lambda/{name}"))


def note_log_group(name, props):
    LOG_GROUPS.pop(name, None)
    if "LogGroup" in (props.get("LoggingConfig") or {}):
        LOG_GROUPS[name] = props["LoggingConfig"]["LogGroup"]


def configuration(props):
    args = pick(
        props,
        "Handler",
        "Runtime",
        "Role",
        "Description",
        "Layers",
        "Environment",
        "TracingConfig",
        "LoggingConfig",
        "EphemeralStorage",
        "DeadLetterConfig",
    )
    for key in ("Timeout", "MemorySize"):
        if key in props:
            args[key] = integer(props[key])
    if "VpcConfig" in props:
        vpc = props["VpcConfig"]
        args["VpcConfig"] = {k: (list(v) if isinstance(v, list) else boolean(v)) for k, v in vpc.items()}
    return args


@handles("AWS::Lambda::Function")
class Function(Handler):
    def create(self, ctx, props, inst):
        need_role(ctx, props["Role"], "lambda.amazonaws.com")
        code = dict(props["Code"])
        if "ZipFile" in code:
            file = "index.py" if "python" in props.get("Runtime", "") else "index.js"
            code = {"ZipFile": zipped(file, code["ZipFile"])}
        elif "S3Bucket" in code:
            need_object(ctx, code["S3Bucket"], code["S3Key"])
        if (props.get("VpcConfig") or {}).get("SubnetIds"):
            need_subnets(ctx, props["VpcConfig"]["SubnetIds"])
        name = props.get("FunctionName") or ctx.name(64)
        made = ctx.client("lambda").create_function(
            FunctionName=name,
            Code=code,
            **configuration(props),
            **pick(props, "Architectures", "PackageType"),
            Tags=tag_map(props.get("Tags")),
        )
        inst.physical_resource_id, inst.attrs = name, {"Arn": made["FunctionArn"]}
        note_log_group(name, props)

    def update(self, ctx, props, inst, old, changed):
        functions, name = ctx.client("lambda"), inst.physical_resource_id
        if "Code" in changed:
            code = props["Code"]
            if "S3Bucket" not in code:
                raise NotModelled("rehearsal: update of a function's inline code is not modelled")
            need_object(ctx, code["S3Bucket"], code["S3Key"])
            functions.update_function_code(FunctionName=name, **pick(code, "S3Bucket", "S3Key"))
        if changed - {"Code", "Tags"}:
            functions.update_function_configuration(FunctionName=name, **configuration(props))
        note_log_group(name, props)
        props.items()

    def delete(self, ctx, inst):
        ctx.client("lambda").delete_function(FunctionName=inst.physical_resource_id)


def zipped(name, text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(name, text)
    return out.getvalue()


@handles("AWS::Lambda::LayerVersion")
class LayerVersion(Handler):
    def create(self, ctx, props, inst):
        content = props["Content"]
        need_object(ctx, content["S3Bucket"], content["S3Key"])
        made = ctx.client("lambda").publish_layer_version(
            LayerName=props.get("LayerName") or ctx.name(64),
            Content=pick(content, "S3Bucket", "S3Key"),
            **pick(props, "Description", "CompatibleRuntimes", "LicenseInfo"),
        )
        inst.physical_resource_id = made["LayerVersionArn"]
        inst.attrs = {"LayerVersionArn": made["LayerVersionArn"]}

    def delete(self, ctx, inst):
        layer, version = inst.physical_resource_id.rsplit(":", 1)
        ctx.client("lambda").delete_layer_version(LayerName=layer, VersionNumber=int(version))


@handles("AWS::Lambda::Permission")
class Permission(Handler):
    def create(self, ctx, props, inst):
        name = ctx.name(100)
        ctx.client("lambda").add_permission(
            FunctionName=props["FunctionName"],
            StatementId=name,
            **pick(props, "Action", "Principal", "SourceArn", "SourceAccount"),
        )
        inst.physical_resource_id, inst.attrs = name, {"Id": name}

    def delete(self, ctx, inst):
        ctx.client("lambda").remove_permission(
            FunctionName=inst.props["FunctionName"], StatementId=inst.physical_resource_id
        )
