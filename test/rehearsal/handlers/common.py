"""What the handlers share."""

import functools
import io
import json

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from engine.errors import CfnError, NotModelled
from engine.options import options
from engine.resources import Handler


def client(service, region):
    """A client of the emulator itself."""
    return client_of(service, region, options.endpoint)


@functools.lru_cache(maxsize=None)
def client_of(service, region, endpoint):
    made = boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, read_timeout=120),
    )
    made.meta.events.register("before-send", answer)
    return made


class Body(io.BytesIO):
    def stream(self, **_):
        """What botocore asks of the body of an answer."""
        yield self.read()


def answer(request, **_):
    """Asked of itself, the emulator answers without a socket: that is three times as fast."""
    if options.application is None:
        return None
    builder = EnvironBuilder(
        base_url=options.endpoint,
        path=request.url.removeprefix(options.endpoint),
        method=request.method,
        headers={key: value.decode() if isinstance(value, bytes) else value for key, value in request.headers.items()},
        data=request.body or b"",
    )
    response = Response.from_app(options.application, builder.get_environ())
    return AWSResponse(request.url, response.status_code, dict(response.headers), Body(response.get_data()))


def integer(value):
    return int(value)


def boolean(value):
    return value if isinstance(value, bool) else str(value).lower() == "true"


def pick(props, *keys):
    return {k: props[k] for k in keys if k in props}


def camel(value, keep=("Labels", "Tags", "Values")):
    """CloudFormation's PascalCase to the API's camelCase; what is below the names in keep has keys of the user."""
    if isinstance(value, list):
        return [camel(x, keep) for x in value]
    if isinstance(value, dict):
        return {k[0].lower() + k[1:]: (v if k in keep else camel(v, keep)) for k, v in value.items()}
    return value


def pascal(value):
    if isinstance(value, list):
        return [pascal(x) for x in value]
    if isinstance(value, dict):
        return {k[0].upper() + k[1:]: pascal(v) for k, v in value.items()}
    return value


def policy_text(document):
    return document if isinstance(document, str) else json.dumps(document)


# ---------------------------------------------------------------- tags


def tag_map(tags):
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def tag_specifications(kind, tags, ctx):
    """The resource's tags and the stack's, as EC2's API takes them."""
    out = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in tags or []]
    own = {tag["Key"] for tag in out}
    out += [{"Key": key, "Value": value} for key, value in ctx.stack.tags.items() if key not in own]
    return [{"ResourceType": kind, "Tags": out}] if out else []


def retag_ec2(ctx, resource, old, new):
    before, after = tag_map(old.get("Tags")), tag_map(new.get("Tags"))
    gone = [{"Key": key} for key in before if key not in after]
    if gone:
        ctx.client("ec2").delete_tags(Resources=[resource], Tags=gone)
    if after:
        tags = [{"Key": key, "Value": value} for key, value in after.items()]
        ctx.client("ec2").create_tags(Resources=[resource], Tags=tags)


class Ec2Handler(Handler):
    """An EC2 resource whose physical id takes tags. What is in `inplace`, `modify` changes."""

    inplace = frozenset()

    def update(self, ctx, props, inst, old, changed):
        rest = changed - {"Tags"} - self.inplace
        if rest:
            raise NotModelled(f"rehearsal: in-place update of {inst.cf_resource_type} {sorted(rest)} is not modelled")
        if "Tags" in changed:
            retag_ec2(ctx, inst.physical_resource_id, old, props)
        if changed & self.inplace:
            self.modify(ctx, props, inst)
        props.items()

    def modify(self, ctx, props, inst):
        """Bring what was made to these properties."""


# ---------------------------------------------------------------- what a resource needs of others


def ec2_backend(ctx):
    return ec2_backends[ctx.account][ctx.region]


def vpc_filter(vpc):
    return [{"Name": "vpc-id", "Values": [vpc]}]


def has_ipv6(subnet):
    """Has a subnet, as DescribeSubnets tells it, an IPv6 block?"""
    states = [(a.get("Ipv6CidrBlockState") or {}).get("State") for a in subnet.get("Ipv6CidrBlockAssociationSet", [])]
    return any(state != "disassociated" for state in states)


def need_subnets(ctx, ids, vpc=None):
    subnets = ctx.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    if vpc and {s["VpcId"] for s in subnets} != {vpc}:
        raise CfnError(f"InvalidParameterException: subnets {ids} are not all in {vpc}")
    return subnets


def need_role(ctx, arn, service=None):
    """The role, which must be there and let the service assume it."""
    try:
        role = ctx.client("iam").get_role(RoleName=arn.split("/")[-1])["Role"]
    except ClientError as error:
        raise CfnError(f"InvalidParameterException: role {arn} does not exist") from error
    if service and service not in json.dumps(role["AssumeRolePolicyDocument"]):
        raise CfnError(f"InvalidParameterException: role {arn} cannot be assumed by {service}")
    return role


def need_object(ctx, bucket, key):
    try:
        ctx.client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        raise CfnError(f"Error occurred while GetObject: s3://{bucket}/{key}: {error}") from error


def attach_interfaces(ctx, subnets, groups, description):
    """The network interfaces that a service puts into subnets: they hold the subnets and the security groups."""
    out = []
    for subnet in subnets:
        made = ctx.client("ec2").create_network_interface(
            SubnetId=subnet, Description=description, **({"Groups": groups} if groups else {})
        )
        out.append(made["NetworkInterface"]["NetworkInterfaceId"])
    return out


def drop_interfaces(ctx, ids):
    for interface in ids:
        try:
            ctx.client("ec2").delete_network_interface(NetworkInterfaceId=interface)
        except ClientError:
            pass
