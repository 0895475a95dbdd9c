"""Resolve a template's functions, strictly: no unresolved node passes."""

import base64
import ipaddress
import json
import re

from moto.cloudformation import models
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from engine.errors import CfnError

PSEUDO = {
    "AWS::AccountId",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
    "AWS::Partition",
    "AWS::NoValue",
    "AWS::NotificationARNs",
}
SUB = re.compile(r"\$\{(!?)([^}]+)\}")


class NoValue:
    def __repr__(self):
        return "<AWS::NoValue>"


NOVALUE = NoValue()


def text_of(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def fn_cidr(block, count, bits):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html"""
    net = ipaddress.ip_network(block)
    count, bits = int(count), int(bits)
    prefix = net.max_prefixlen - bits
    if not 1 <= count <= 256:
        raise CfnError(f"Template error: Fn::Cidr count must be 1..256, got {count}")
    if prefix < net.prefixlen or 2 ** (prefix - net.prefixlen) < count:
        raise CfnError(f"Template error: Fn::Cidr of {block}: {count} x /{prefix} do not fit")
    out = []
    for subnet in net.subnets(new_prefix=prefix):
        out.append(str(subnet))
        if len(out) == count:
            break
    return out


def ref(name, rm):
    """rm is moto's map of the stack's resources, parameters and conditions."""
    parsed = rm._parsed_resources
    if name == "AWS::NoValue":
        return NOVALUE
    if name == "AWS::URLSuffix":
        return "amazonaws.com"
    if name == "AWS::NotificationARNs":
        return []
    if name in rm.resolved_parameters:
        return rm.resolved_parameters[name]
    if name in parsed:
        return parsed[name] if name in PSEUDO else parsed[name].physical_resource_id
    raise CfnError(f"Template error: unresolved Ref {name}")


def getatt(value, rm):
    if isinstance(value, str):
        name, attr = value.split(".", 1)
    else:
        name, attr = value[0], ".".join(resolve(x, rm) for x in value[1:])
    inst = rm._parsed_resources.get(name)
    if inst is None or name in PSEUDO:
        raise CfnError(f"Template error: instance of Fn::GetAtt references undefined or not created resource {name}")
    return inst.getatt(attr)


def fn_join(value, rm):
    items = resolve(value[1], rm)
    if not isinstance(items, list):
        raise CfnError("Template error: Fn::Join needs a list")
    for item in items:
        if isinstance(item, (dict, list)):
            raise CfnError(f"Template error: Fn::Join over a non-string: {json.dumps(item)[:80]}")
    return value[0].join(text_of(item) for item in items)


def fn_select(value, rm):
    index, items = int(resolve(value[0], rm)), resolve(value[1], rm)
    if not isinstance(items, list) or index >= len(items):
        raise CfnError(
            f"Template error: Fn::Select cannot select nonexistent value at index {index} of {items!r} "
            f"from {json.dumps(value[1])[:160]}"
        )
    return items[index]


def fn_sub(value, rm):
    text, local = (value, {}) if isinstance(value, str) else (value[0], resolve(value[1], rm))

    def replace(match):
        name = match[2].strip()
        if match[1]:
            return "${" + match[2] + "}"
        if name in local:
            found = local[name]
        else:
            found = getatt(name, rm) if "." in name else ref(name, rm)
        if isinstance(found, (dict, list)):
            raise CfnError(f"Template error: Fn::Sub of non-string {name}")
        return text_of(found)

    return SUB.sub(replace, text)


def fn_if(value, rm):
    if value[0] not in rm.lazy_condition_map:
        raise CfnError(f"Template error: unresolved condition {value[0]}")
    return resolve(value[1] if rm.lazy_condition_map[value[0]] else value[2], rm)


def fn_find_in_map(value, rm):
    mappings = rm._template.get("Mappings") or {}
    try:
        return mappings[resolve(value[0], rm)][resolve(value[1], rm)][resolve(value[2], rm)]
    except KeyError as error:
        if len(value) > 3 and "DefaultValue" in value[3]:
            return resolve(value[3]["DefaultValue"], rm)
        raise CfnError(f"Template error: Unable to get mapping for {value}: {error}") from error


def fn_import_value(value, rm):
    name = resolve(value, rm)
    backend = models.cloudformation_backends[rm._account_id][rm._region_name]
    if name not in backend.exports:
        raise CfnError(f"No export named {name} found")
    rm.engine_imports.add(name)
    return backend.exports[name].value


def fn_get_azs(value, rm):
    region = resolve(value, rm) or rm._region_name
    return [zone.name for zone in RegionsAndZonesBackend.zones[region]]


def fn_cidr_of(value, rm):
    args = [resolve(x, rm) for x in value]
    if len(args) < 3:
        raise CfnError("Template error: Fn::Cidr needs cidrBits here")
    return fn_cidr(*args)


FUNCTIONS = {
    "Ref": ref,
    "Fn::GetAtt": getatt,
    "Fn::Join": fn_join,
    "Fn::Split": lambda value, rm: resolve(value[1], rm).split(value[0]),
    "Fn::Select": fn_select,
    "Fn::Sub": fn_sub,
    "Fn::If": fn_if,
    "Fn::FindInMap": fn_find_in_map,
    "Fn::ImportValue": fn_import_value,
    "Fn::GetAZs": fn_get_azs,
    "Fn::Base64": lambda value, rm: base64.b64encode(text_of(resolve(value, rm)).encode()).decode(),
    "Fn::Cidr": fn_cidr_of,
    "Fn::ToJsonString": lambda value, rm: json.dumps(resolve(value, rm)),
    "Fn::Length": lambda value, rm: len(resolve(value, rm)),
}


def resolve(node, rm):
    if isinstance(node, list):
        return [x for x in (resolve(n, rm) for n in node) if x is not NOVALUE]
    if not isinstance(node, dict):
        return node
    if len(node) == 1:
        key, value = next(iter(node.items()))
        if key in FUNCTIONS:
            return FUNCTIONS[key](value, rm)
        if key.startswith("Fn::"):
            raise CfnError(f"Template error: intrinsic {key} is not supported here")
    elif any(key == "Ref" or key.startswith("Fn::") for key in node if isinstance(key, str)):
        raise CfnError(f"Template format error: intrinsic mixed with other keys: {sorted(node)}")
    out = {}
    for key, value in node.items():
        found = resolve(value, rm)
        if found is not NOVALUE:
            out[key] = found
    return out


def condition(node, rm, conditions):
    if isinstance(node, bool):
        return node
    if not isinstance(node, dict) or len(node) != 1:
        raise CfnError(f"Template error: bad condition {node!r}")
    key, value = next(iter(node.items()))
    if key == "Condition":
        if value not in conditions:
            raise CfnError(f"Template error: unresolved condition {value}")
        return condition(conditions[value], rm, conditions)
    if key == "Fn::Equals":
        left, right = (resolve(x, rm) for x in value)
        return text_of(left) == text_of(right)
    if key == "Fn::Not":
        return not condition(value[0], rm, conditions)
    if key == "Fn::And":
        return all(condition(x, rm, conditions) for x in value)
    if key == "Fn::Or":
        return any(condition(x, rm, conditions) for x in value)
    if key == "Fn::Contains":
        return text_of(resolve(value[1], rm)) in [text_of(x) for x in resolve(value[0], rm)]
    raise CfnError(f"Template error: unsupported condition function {key}")


def references(node, found=None):
    """[(kind, name, attribute)] of every reference below a node; kind is Ref, GetAtt or Condition."""
    found = [] if found is None else found
    if isinstance(node, list):
        for item in node:
            references(item, found)
    if not isinstance(node, dict):
        return found
    if len(node) == 1:
        key, value = next(iter(node.items()))
        if key == "Ref" and isinstance(value, str):
            found.append(("Ref", value, None))
            return found
        if key == "Fn::GetAtt":
            value = value.split(".", 1) if isinstance(value, str) else value
            found.append(("GetAtt", value[0], value[1] if isinstance(value[1], str) else None))
            return references(value[1], found)
        if key == "Fn::Sub":
            text, local = (value, {}) if isinstance(value, str) else value
            for escaped, name in SUB.findall(text):
                name = name.strip()
                if escaped or name in local:
                    continue
                parts = name.split(".", 1)
                found.append(("GetAtt", *parts) if len(parts) == 2 else ("Ref", name, None))
            return references(local, found)
        if key == "Fn::If":
            found.append(("Condition", value[0], None))
            return references(value[1:], found)
    for value in node.values():
        references(value, found)
    return found
