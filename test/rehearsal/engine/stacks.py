"""Create, update and delete a stack."""

import copy
import traceback
from collections import OrderedDict

from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import ValidationError

from engine.errors import CfnError, NotModelled, reason, template_error
from engine.intrinsics import PSEUDO, condition, resolve, text_of
from engine.resources import REPLACE_ON_ANY_CHANGE, SERIAL, Context, Resource, Tracked, handler_for
from engine.schemas import create_only_changes, validate_props
from engine.state import STATE, save, warn
from engine.template import all_dependencies, creation_order, dependencies


def event(stack, status, inst=None, why=None):
    stack.events.append(
        models.Event(
            stack.stack_id,
            stack.name,
            inst.logical_resource_id if inst else stack.name,
            (inst.physical_resource_id or "") if inst else stack.stack_id,
            inst.cf_resource_type if inst else "AWS::CloudFormation::Stack",
            status,
            why,
            None,
        )
    )


def new_operation(verb, stack):
    operation = {
        "op": verb,
        "stack": stack.name,
        "created": [],
        "updated": [],
        "replaced": [],
        "deleted": [],
        "retained": {},
        "unchanged": 0,
        "error": None,
    }
    STATE["operations"].append(operation)
    return operation


def prepare_map(stack, template, params):
    """moto's map of the stack, with this template's parameters and conditions."""
    rm = stack.resource_map
    rm.engine_imports = set()
    rm._template, rm._resource_json_map, rm.input_parameters = template, template["Resources"], dict(params or {})
    rm._parsed_resources = {k: v for k, v in rm._parsed_resources.items() if k in PSEUDO}
    rm.resolved_parameters = {}
    rm.load_parameters()
    conditions = template.get("Conditions") or {}
    rm.lazy_condition_map = {}
    for name, what in conditions.items():
        rm.lazy_condition_map[name] = condition(what, rm, conditions)
    for name, rule in (template.get("Rules") or {}).items():
        if "RuleCondition" in rule and not condition(rule["RuleCondition"], rm, conditions):
            continue
        for assertion in rule.get("Assertions", []):
            if not condition(assertion["Assert"], rm, conditions):
                raise CfnError(f"Rule {name} failed: {assertion.get('AssertDescription')}")
    return rm


class Deployment:
    """One create or update of a stack."""

    def __init__(self, backend, stack, template_text, params, verb):
        self.backend, self.stack, self.verb = backend, stack, verb
        self.text, self.params = template_text, params
        self.template = stack.parse_template(template_text)
        self.old = getattr(stack, "engine_resources", OrderedDict())
        self.new, self.created, self.replaced = OrderedDict(), [], []
        self.current = self.rm = None
        self.operation = new_operation(verb, stack)

    def run(self):
        """True when complete; the stack's status and events tell the rest."""
        event(self.stack, f"{self.verb}_IN_PROGRESS", why="User Initiated")
        try:
            self.rm = prepare_map(self.stack, self.template, self.params)
            for name in creation_order(self.template["Resources"]):
                resource = self.template["Resources"][name]
                if "Condition" not in resource or self.rm.lazy_condition_map[resource["Condition"]]:
                    self.put(name, resource)
            self.current = None
            outputs, exports = self.outputs()
            self.clean_up()
        except Exception as error:  # noqa: BLE001  whatever went wrong, the stack ends in a status
            self.failed(error)
            return False
        self.complete(outputs, exports)
        return True

    def put(self, name, resource):
        rtype = resource["Type"]
        ctx = Context(self.stack, self.rm, name, rtype)
        self.current = Resource(name, rtype)
        props = resolve(resource.get("Properties") or {}, self.rm)
        validate_props(rtype, props, ctx.region, name)
        previous = self.old.get(name)
        if previous is not None and previous.cf_resource_type != rtype:
            raise CfnError(f"Update of resource type is not permitted: {name}")
        if previous is None:
            event(self.stack, "CREATE_IN_PROGRESS", self.current)
            self.make(ctx, props, resource, self.created)
            self.created.append(self.current)
            self.operation["created"].append(name)
            event(self.stack, "CREATE_COMPLETE", self.current)
        elif previous.props == props:
            previous.deletion_policy = resource.get("DeletionPolicy")
            self.new[name] = self.rm._parsed_resources[name] = previous
            self.operation["unchanged"] += 1
        else:
            self.change(ctx, props, resource, previous)

    def make(self, ctx, props, resource, others):
        inst, tracked = self.current, Tracked(copy.deepcopy(props))
        inst.handler = handler_for(inst.cf_resource_type)
        refuse_parallel(self.template["Resources"], inst, props, others)
        inst.handler.create(ctx, tracked, inst)
        inst.props, inst.ignored, inst.deletion_policy = props, tracked.unread(), resource.get("DeletionPolicy")
        if not inst.physical_resource_id:
            raise NotModelled(f"rehearsal: no physical id for {inst.logical_resource_id}")
        self.new[inst.logical_resource_id] = self.rm._parsed_resources[inst.logical_resource_id] = inst

    def change(self, ctx, props, resource, previous):
        name, rtype = previous.logical_resource_id, previous.cf_resource_type
        changed = {k for k in set(props) | set(previous.props) if props.get(k) != previous.props.get(k)}
        create_only = create_only_changes(rtype, ctx.region, previous.props, props)
        why = "Requested update requires the creation of a new physical resource" if create_only else None
        event(self.stack, "UPDATE_IN_PROGRESS", previous, why)
        if create_only or rtype in REPLACE_ON_ANY_CHANGE:
            self.make(ctx, props, resource, [self.new[x["id"]] for x in self.operation["replaced"]] + self.created)
            if resource.get("UpdateReplacePolicy") != "Retain":
                self.replaced.append(previous)
            because = sorted(create_only or changed)
            self.operation["replaced"].append({"id": name, "type": rtype, "because": because})
            event(self.stack, "UPDATE_COMPLETE", self.current)
            return
        tracked = Tracked(copy.deepcopy(props))
        try:
            handler_for(rtype).update(ctx, tracked, previous, previous.props, changed)
        except NotModelled:
            if changed != {"Tags"}:
                raise
            warn(f"{rtype}: update of Tags recorded, not applied")
            tracked.items()
        previous.props, previous.ignored = props, tracked.unread()
        previous.deletion_policy = resource.get("DeletionPolicy")
        self.new[name] = self.rm._parsed_resources[name] = previous
        self.operation["updated"].append({"id": name, "type": rtype, "props": sorted(changed)})
        event(self.stack, "UPDATE_COMPLETE", previous)

    def outputs(self):
        outputs, exports = [], {}
        for key, output in (self.template.get("Outputs") or {}).items():
            if "Condition" in output and not self.rm.lazy_condition_map[output["Condition"]]:
                continue
            value = resolve(output["Value"], self.rm)
            if not isinstance(value, (str, int, float, bool)):
                raise CfnError(f"Output {key} is not a string: {value!r}")
            export = resolve(output["Export"]["Name"], self.rm) if "Export" in output else None
            outputs.append(
                {
                    "OutputKey": key,
                    "OutputValue": text_of(value),
                    "Description": output.get("Description"),
                    "ExportName": export,
                }
            )
            if export:
                exports[export] = parsing.Export(self.stack.stack_id, export, text_of(value))
        self.check_exports(exports)
        return outputs, exports

    def check_exports(self, exports):
        """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html"""
        known, old = self.backend.exports, getattr(self.stack, "engine_exports", {})
        for name in exports:
            if name in known and known[name].exporting_stack_id != self.stack.stack_id:
                raise CfnError(f"Export with name {name} is already exported by another stack")
        for name, export in old.items():
            users = importers(self.backend, name)
            if not users or (name in exports and exports[name].value == export.value):
                continue
            what = "updated" if name in exports else "deleted"
            raise CfnError(f"Export {name} cannot be {what} as it is in use by {users}")
        for name in old:
            known.pop(name, None)
        known.update(exports)

    def clean_up(self):
        """Delete what was replaced and what the template no longer has, in the reverse order of creation."""
        gone = [inst for name, inst in reversed(list(self.old.items())) if name not in self.new]
        gone = [inst for inst in gone if inst.deletion_policy != "Retain"]
        left = destroy(self.stack, self.rm, gone + list(reversed(self.replaced)), self.operation)
        if left:
            raise CfnError(f"cleanup failed: {[(inst.logical_resource_id, why) for inst, why in left]}")

    def complete(self, outputs, exports):
        stack = self.stack
        stack.template, stack.template_dict, stack.parameters = self.text, self.template, dict(self.params or {})
        stack.description = self.template.get("Description")
        stack.engine_resources, stack.engine_outputs, stack.engine_exports = self.new, outputs, exports
        stack.engine_imports = self.rm.engine_imports
        stack.status = f"{self.verb}_COMPLETE"
        event(stack, stack.status)
        finish(stack)

    def failed(self, error):
        stack, current, why = self.stack, self.current, reason(error)
        expected = isinstance(error, (CfnError, NotModelled, ValidationError)) or "botocore" in type(error).__module__
        if not expected:
            traceback.print_exc()
        name = current.logical_resource_id if current else ""
        self.operation["error"] = f"{name}: {why}"
        STATE["problems"].append(f"{self.verb} {stack.name}: {self.operation['error']}")
        if current is not None:
            updating = self.verb == "UPDATE" and name in self.old
            event(stack, "UPDATE_FAILED" if updating else "CREATE_FAILED", current, why)
        if self.verb == "CREATE":
            event(
                stack,
                "ROLLBACK_IN_PROGRESS",
                why=f"The following resource(s) failed to create: [{name}]. {why}",
            )
            left = destroy(stack, stack.resource_map, list(reversed(self.created)), self.operation)
            stack.engine_resources = in_order(left)
            stack.status = "ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE"
        else:  # the rollback of an update is not modelled
            stack.engine_resources = OrderedDict(self.old) | self.new
            stack.status = "UPDATE_ROLLBACK_FAILED"
        event(stack, stack.status, why=why)
        finish(stack)


def deploy(backend, stack, template_text, params, verb):
    """verb is CREATE or UPDATE."""
    return Deployment(backend, stack, template_text, params, verb).run()


def refuse_parallel(resources, inst, props, others):
    """EKS makes one Fargate profile of a cluster at a time, and CloudFormation makes in parallel what it may.

    https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
    """
    key = SERIAL.get(inst.cf_resource_type)
    if key is None:
        return
    inst.after = all_dependencies(resources, inst.logical_resource_id)
    for other in others:
        same = other.cf_resource_type == inst.cf_resource_type and key(other.props) == key(props)
        if same and other.logical_resource_id not in inst.after:
            raise CfnError(
                f"ResourceInUseException: Cannot create Fargate Profile {inst.logical_resource_id} because cluster "
                f"{key(props)} currently has Fargate profile {other.logical_resource_id} in status CREATING "
                "(neither depends on the other)"
            )


def importers(backend, export):
    users = [s for s in backend.stacks.values() if export in getattr(s, "engine_imports", set())]
    return [s.name for s in users if s.status != "DELETE_COMPLETE"]


def destroy(stack, rm, insts, operation):
    """Delete in this order, in several passes where something is still in use.

    Returns what is left, with the reasons.
    """
    left = list(insts)
    while left:
        again, progressed, busy = [], False, []
        for inst in left:
            rival = deleting_too(inst, busy)
            if rival:
                again.append((inst, rival))
                continue
            if inst.cf_resource_type in SERIAL:
                busy.append(inst)
            ctx = Context(stack, rm, inst.logical_resource_id, inst.cf_resource_type)
            try:
                (inst.handler or handler_for(inst.cf_resource_type)).delete(ctx, inst)
                operation["deleted"].append(inst.logical_resource_id)
                event(stack, "DELETE_COMPLETE", inst)
                progressed = True
            except Exception as error:  # noqa: BLE001  tried again, or reported
                again.append((inst, reason(error)))
        if again and not progressed:
            for inst, why in again:
                event(stack, "DELETE_FAILED", inst, why)
                STATE["problems"].append(
                    f"DELETE {stack.name}/{inst.logical_resource_id} ({inst.cf_resource_type}): {why}"
                )
            return again
        for inst, why in again:
            operation.setdefault("delete_retries", []).append(f"{inst.logical_resource_id}: {why}")
            warn(f"delete of {inst.logical_resource_id} ({inst.cf_resource_type}) had to be retried: {why[:160]}")
        left = [inst for inst, _ in again]
    return []


def deleting_too(inst, busy):
    """Why a Fargate profile cannot be deleted while another one is.

    https://docs.aws.amazon.com/eks/latest/userguide/delete-fargate-profile.html
    """
    key = SERIAL.get(inst.cf_resource_type)
    for other in busy if key else []:
        same = other.cf_resource_type == inst.cf_resource_type and key(other.props) == key(inst.props)
        if same and inst.logical_resource_id not in other.after:
            return (
                f"ResourceInUseException: cluster {key(inst.props)} has Fargate profile {other.logical_resource_id} "
                "in status DELETING"
            )
    return None


def in_order(left):
    """What destroy left, in the order of creation."""
    return OrderedDict((inst.logical_resource_id, inst) for inst, _ in reversed(left))


def deletion_order(stack, resources):
    """The order of creation turned round, but for log groups that nothing depends on.

    AWS deletes in parallel, and a log group is gone before most things: who writes to it later makes it again.
    """
    needed = set().union(*dependencies((stack.template_dict or {}).get("Resources") or {}).values())
    order = list(reversed(resources.values()))
    first = [i for i in order if i.cf_resource_type == "AWS::Logs::LogGroup" and i.logical_resource_id not in needed]
    return first + [inst for inst in order if inst not in first]


def delete_stack(backend, stack):
    for name in getattr(stack, "engine_exports", {}):
        users = [user for user in importers(backend, name) if user != stack.name]
        if users:
            raise template_error(f"Export {name} cannot be deleted as it is in use by {', '.join(users)}")
    event(stack, "DELETE_IN_PROGRESS", why="User Initiated")
    operation = new_operation("DELETE", stack)
    resources = getattr(stack, "engine_resources", OrderedDict())
    kept = [inst for inst in resources.values() if inst.deletion_policy == "Retain"]
    operation["retained"] = {inst.logical_resource_id: inst.physical_resource_id for inst in kept}
    gone = [inst for inst in deletion_order(stack, resources) if inst.deletion_policy != "Retain"]
    left = destroy(stack, stack.resource_map, gone, operation)
    if left:
        stack.status = "DELETE_FAILED"
        operation["error"] = str([(inst.logical_resource_id, why) for inst, why in left])
        stack.engine_resources = in_order(left)
        event(stack, "DELETE_FAILED", why=operation["error"])
        finish(stack)
        return False
    stack.status, stack.engine_resources = "DELETE_COMPLETE", OrderedDict()
    event(stack, "DELETE_COMPLETE")
    for name in getattr(stack, "engine_exports", {}):
        backend.exports.pop(name, None)
    stack.engine_exports, stack.engine_imports, stack.engine_outputs = {}, set(), []
    backend.stacks.pop(stack.stack_id, None)
    backend.deleted_stacks[stack.stack_id] = stack
    finish(stack)
    return True


def finish(stack):
    """Keep moto's map in step, so that its Describe and List answers are right, and write the state down."""
    rm = stack.resource_map
    rm._parsed_resources = {k: v for k, v in rm._parsed_resources.items() if k in PSEUDO}
    rm._parsed_resources.update(getattr(stack, "engine_resources", {}))
    save()
