"""AWS's resource schemas, as cfn-lint bundles them: properties are validated after every function was resolved."""

import copy
import functools
import json
import re

import jsonschema
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from engine.errors import CfnError

UNCHECKED = ("AWS::CloudFormation::CustomResource", "AWS::CDK::Metadata")

# What AWS has and this cfn-lint's schemas have not yet: type -> definition -> properties.
NEWER = {
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SourceIpConditionConfig.html
    "AWS::ElasticLoadBalancingV2::ListenerRule": {
        "SourceIpConfig": {"IpAddressType": {"type": "string", "enum": ["ipv4", "ipv6"]}},
    },
    # https://docs.aws.amazon.com/eks/latest/APIReference/API_ElasticLoadBalancing.html
    "AWS::EKS::Cluster": {"ElasticLoadBalancing": {"GatewayApi": {"type": "object"}}},
}


@functools.lru_cache(maxsize=None)
def schema_for(rtype, region):
    """The schema as a dictionary, or None where there is none."""
    if rtype.startswith("Custom::") or rtype in UNCHECKED:
        return None
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, rtype).schema
    except Exception:  # noqa: BLE001  cfn-lint has several errors for a type that it does not know
        return None
    if rtype not in NEWER:
        return schema
    schema = copy.deepcopy(schema)
    for definition, properties in NEWER[rtype].items():
        for name, what in properties.items():
            schema["definitions"][definition]["properties"].setdefault(name, what)
    return schema


def is_integer(_, value):
    if isinstance(value, str):
        return re.fullmatch(r"-?\d+", value) is not None
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(_, value):
    if isinstance(value, str):
        return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# CloudFormation takes "900" for 900 and "true" for true.
TYPES = jsonschema.Draft7Validator.TYPE_CHECKER.redefine_many(
    {
        "integer": is_integer,
        "number": is_number,
        "boolean": lambda _, value: isinstance(value, bool) or value in ("true", "false"),
        "string": lambda _, value: isinstance(value, (str, int, float, bool)),
    }
)


def matches(_, pattern, instance, __):
    if not isinstance(instance, str):
        return
    try:
        found = re.search(pattern, instance)
    except re.error:
        return
    if not found:
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


def bounds(keyword):
    """A bound of a number, which may stand there as text: Fn::GetAtt Endpoint.Port is "5432"."""
    check = jsonschema.Draft7Validator.VALIDATORS[keyword]

    def bounded(validator, bound, instance, schema):
        if isinstance(instance, str) and is_number(None, instance):
            instance = float(instance)
        return check(validator, bound, instance, schema)

    return bounded


BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
Validator = jsonschema.validators.extend(
    jsonschema.Draft7Validator,
    type_checker=TYPES,
    validators={"pattern": matches} | {keyword: bounds(keyword) for keyword in BOUNDS},
)


@functools.lru_cache(maxsize=None)
def validator_for(rtype, region):
    schema = schema_for(rtype, region)
    if schema is None:
        return None
    # Python's re has no \p{..}: letters, digits and spaces are near enough.
    classes = {"Z": r"\\s", "N": r"\\d"}
    text = re.sub(r"\\\\p\{(\w)\w*\}", lambda m: classes.get(m[1], r"\\w"), json.dumps(schema))
    return Validator(json.loads(text))


def top_level(paths):
    return {path.split("/")[2] for path in paths if path.count("/") == 2}


def validate_props(rtype, props, region, logical_id):
    validator = validator_for(rtype, region)
    if validator is None:
        return
    schema = validator.schema
    found = []
    for error in validator.iter_errors(props):
        # What a dynamic reference stands for is known to the service alone.
        if isinstance(error.instance, str) and "{{resolve:" in error.instance:
            continue
        found.append(f"#/{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
    read_only = top_level(schema.get("readOnlyProperties", [])) - top_level(schema.get("createOnlyProperties", []))
    for name in props:
        if name in read_only:
            found.append(f"#/{name}: read-only property set")
    if found:
        raise CfnError(
            f"Properties validation failed for resource {logical_id} ({rtype}) with message: " + "; ".join(found[:6])
        )


def has_attribute(rtype, attr, region):
    """Is this an attribute that Fn::GetAtt may name?"""
    if schema_for(rtype, region) is None:
        return True
    if rtype == "AWS::CloudFormation::Stack":
        return attr.startswith("Outputs.")
    try:
        names = list(PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, rtype).get_atts.keys())
    except Exception:  # noqa: BLE001
        return True
    return attr in names or any(re.fullmatch(name, attr) for name in names if "*" in name)


def create_only_changes(rtype, region, old, new):
    """The properties whose change needs a new resource."""
    schema = schema_for(rtype, region)
    changed = set()
    for path in schema.get("createOnlyProperties", []) if schema else []:
        keys = path.split("/")[2:]
        before, after = old, new
        for key in keys:
            before = before.get(key) if isinstance(before, dict) else None
            after = after.get(key) if isinstance(after, dict) else None
        if before != after:
            changed.add("/".join(keys))
    return changed
