"""What AWS reports of a template before it makes anything, and the order in which it makes the rest."""

import random

from moto.cloudformation import models, parsing

from engine.errors import CfnError, template_error
from engine.intrinsics import PSEUDO, references
from engine.options import options
from engine.resources import HANDLERS
from engine.schemas import has_attribute
from engine.state import STATE, save

RESOURCE_KEYS = {
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "CreationPolicy",
    "UpdatePolicy",
}

# They act by side effect: nothing names them, so a dependency on them is easily forgotten. Made as late as may be, and
# after what needs them (1 before 2), they show that it was.
LATE = {
    "AWS::EC2::Route": 1,
    "AWS::EC2::VPCEndpoint": 1,
    "AWS::EC2::SecurityGroupIngress": 2,
    "AWS::EC2::SecurityGroupEgress": 2,
    "AWS::EC2::SubnetCidrBlock": 2,
    "AWS::EC2::SubnetRouteTableAssociation": 2,
    "AWS::EC2::TransitGatewayAttachment": 2,
    "AWS::EC2::TransitGatewayVpcAttachment": 2,
    "AWS::EC2::VPCCidrBlock": 2,
    "AWS::EC2::VPCEndpointServicePermissions": 2,
    "AWS::EC2::VPCGatewayAttachment": 2,
    "AWS::EKS::AccessEntry": 2,
    "AWS::EKS::PodIdentityAssociation": 2,
    "AWS::IAM::Policy": 2,
    "AWS::IAM::RolePolicy": 2,
    "AWS::Lambda::Permission": 2,
    "AWS::S3::BucketPolicy": 2,
}


def depends_on(resource):
    names = resource.get("DependsOn", [])
    return [names] if isinstance(names, str) else list(names)


def supported(rtype):
    return rtype in HANDLERS or rtype.startswith("Custom::") or rtype in parsing.get_model_map()


def checked(text, region, stack_name):
    """The template as a dictionary; raises what AWS answers to CreateStack and CreateChangeSet."""
    try:
        template = models.Stack.parse_template(text)
    except Exception as error:  # noqa: BLE001
        raise template_error(f"Template format error: {error}") from error
    errors = static_errors(template, region)
    if errors:
        STATE["problems"] += [f"TEMPLATE {stack_name}: {error}" for error in errors]
        save()
        raise template_error(" | ".join(errors))
    return template


def static_errors(template, region):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html"""
    resources = template.get("Resources") or {}
    errors = []
    if not resources:
        errors.append("Template format error: At least one Resources member must be defined.")
    errors += unknown_types(resources)
    for name, resource in resources.items():
        errors += resource_errors(name, resource, template)
    for name, output in (template.get("Outputs") or {}).items():
        errors += reference_errors(f"output {name}", output, template, region)
        if "Value" not in output:
            errors.append(f"Output {name} has no Value")
    for name, resource in resources.items():
        errors += reference_errors(f"resource {name}", resource.get("Properties"), template, region)
    for name, what in (template.get("Conditions") or {}).items():
        errors += reference_errors(f"condition {name}", what, template, region)
    if not errors:
        try:
            creation_order(resources)
        except CfnError as error:
            errors.append(str(error))
    return errors


def unknown_types(resources):
    unknown = sorted({r.get("Type") for r in resources.values() if not supported(r.get("Type"))})
    for rtype in unknown:
        if rtype not in STATE["unknown_resource_types"]:
            STATE["unknown_resource_types"].append(rtype)
    if not unknown:
        return []
    return [f"Template format error: Unrecognized resource types: {unknown} (AWS does not know them, or the rehearsal)"]


def resource_errors(name, resource, template):
    errors = [f"Invalid template resource property '{key}' in {name}" for key in set(resource) - RESOURCE_KEYS]
    for other in depends_on(resource):
        if other not in template["Resources"]:
            errors.append(
                f"Unresolved resource dependencies [{other}] in the Resources block of the template "
                f"(DependsOn of {name})"
            )
    if "Condition" in resource and resource["Condition"] not in (template.get("Conditions") or {}):
        errors.append(f"Template format error: Unresolved condition {resource['Condition']} in {name}")
    return errors


def reference_errors(where, node, template, region):
    resources, conditions = template.get("Resources") or {}, template.get("Conditions") or {}
    names = set(resources) | set(template.get("Parameters") or {}) | PSEUDO
    errors = []
    for kind, name, attr in references(node):
        if kind == "Condition":
            if name not in conditions:
                errors.append(f"Template error: unresolved condition {name} in {where}")
        elif kind == "Ref":
            if name not in names:
                errors.append(f"Template format error: Unresolved resource dependencies [{name}] in {where}")
        elif name not in resources:
            errors.append(f"Template error: instance of Fn::GetAtt references undefined resource {name} in {where}")
        elif attr and not has_attribute(resources[name].get("Type"), attr, region):
            errors.append(
                f"Template error: resource {name} ({resources[name].get('Type')}) does not support attribute type "
                f"{attr} in Fn::GetAtt ({where})"
            )
    return errors


def dependencies(resources):
    """name -> the names that it depends on, by DependsOn and by reference"""
    out = {}
    for name, resource in resources.items():
        named = {n for kind, n, _ in references(resource.get("Properties")) if kind != "Condition"}
        out[name] = ((set(depends_on(resource)) | named) & set(resources)) - {name}
    return out


def all_dependencies(resources, name):
    """everything that a resource depends on, over any number of steps"""
    direct, seen, todo = dependencies(resources), set(), [name]
    while todo:
        for other in direct.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def creation_order(resources):
    direct, order, done, left = dependencies(resources), [], set(), list(resources)
    seed = options.order_seed
    shuffle = random.Random(seed) if seed not in ("late", "template") else None
    while left:
        ready = [name for name in left if direct[name] <= done]
        if not ready:
            raise CfnError(f"Circular dependency between resources: {sorted(left)[:12]}")
        if shuffle:
            ready = [shuffle.choice(ready)]
        elif seed == "late":
            late = {name: LATE.get(resources[name].get("Type"), 0) for name in ready}
            first = min(late.values())
            ready = [name for name in ready if late[name] == first][: None if first == 0 else 1]
        for name in ready:
            order.append(name)
            done.add(name)
            left.remove(name)
    return order
