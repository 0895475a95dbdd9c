"""CDK's AwsCustomResource: the call that it makes is made to the emulator."""

import json
import re

from botocore import xform_name
from botocore.exceptions import ClientError

from engine.errors import CfnError
from engine.options import options
from engine.state import warn
from handlers.common import boolean, client_of, ec2_backend

# Services that the emulator answers; calls of others are recorded only.
SERVICES = {"ec2", "eks", "elbv2", "iam", "kms", "lambda", "logs", "s3", "ssm", "sts"}
NAMES = {"elastic-load-balancing-v2": "elbv2", "cloudwatch-logs": "logs", "cloudwatchlogs": "logs"}


def typed(value, shape):
    """A value of the template in the type that the API has: CloudFormation makes strings of numbers and booleans."""
    if shape is None:
        return value
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {key: typed(item, shape.members.get(key)) for key, item in value.items()}
    if kind == "list" and isinstance(value, list):
        return [typed(item, shape.member) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: typed(item, shape.value) for key, item in value.items()}
    if kind == "boolean":
        return boolean(value)
    if kind in ("integer", "long"):
        return int(value)
    return value


def flat(value, path=""):
    """{"Subnets.0.SubnetId": "..."}, as CDK's function answers."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return {path: value}
    out = {}
    for key, item in items:
        out |= flat(item, f"{path}.{key}" if path else str(key))
    return out


class Call:
    """https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.custom_resources.AwsCustomResource.html"""

    def create(self, ctx, props, inst):
        return self.run(ctx, props.get("Create"), inst)

    def update(self, ctx, props, inst):
        return self.run(ctx, props.get("Update"), inst)

    def delete(self, ctx, inst):
        self.run(ctx, inst.props.get("Delete"), inst)

    def run(self, ctx, text, inst):
        if not text:
            return {}
        call = json.loads(text) if isinstance(text, str) else text
        service = re.sub(r"^@aws-sdk/client-", "", call["service"]).lower()
        service = NAMES.get(service, service)
        if service not in SERVICES:
            warn(f"{ctx.logical}: {call['service']} {call['action']} is recorded, not called")
            return {"call": call}
        answer = self.call(ctx, service, call)
        inst.attrs.update(flat(answer))
        physical = call.get("physicalResourceId") or {}
        if "id" in physical:
            inst.physical_resource_id = physical["id"]
        elif "responsePath" in physical:
            inst.physical_resource_id = str(flat(answer).get(physical["responsePath"], inst.physical_resource_id))
        return {"call": call}

    @staticmethod
    def call(ctx, service, call):
        client = client_of(service, call.get("region") or ctx.region, options.endpoint)
        action = call["action"].removesuffix("Command")
        action = action[0].upper() + action[1:]
        model = client.meta.service_model.operation_model(action).input_shape
        args = typed(call.get("parameters") or {}, model)
        if (service, action) == ("ec2", "ModifySubnetAttribute") and "EnableDns64" in args:
            subnet = ec2_backend(ctx).get_subnet(args["SubnetId"])  # moto's API does not take it
            subnet.enable_dns64 = args["EnableDns64"]["Value"]
            return {}
        try:
            answer = getattr(client, xform_name(action))(**args)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if call.get("ignoreErrorCodesMatching") and re.search(call["ignoreErrorCodesMatching"], code):
                return {}
            raise CfnError(f"Received response status [FAILED] from custom resource. {error}") from error
        answer.pop("ResponseMetadata", None)
        return answer
