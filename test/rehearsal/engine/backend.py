"""moto's CloudFormation API, answered by this engine."""

from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.ssm.models import ssm_backends

from engine import stacks
from engine.errors import CfnError, template_error
from engine.intrinsics import resolve
from engine.state import warn
from engine.template import checked

# An update may start from neither of them, nor while something is in progress.
STUCK = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED")


class ChangeSetNotFound(CloudFormationError):
    code, status_code = "ChangeSetNotFound", 404


def new_stack(backend, name, params, notification_arns=None, tags=None, role_arn=None):
    stack = models.Stack(
        stack_id=models.generate_stack_id(name, backend.region_name, backend.account_id),
        name=name,
        template={},
        parameters=params,
        account_id=backend.account_id,
        region_name=backend.region_name,
        notification_arns=notification_arns,
        tags=tags,
        role_arn=role_arn,
    )
    stack.parameters = dict(params or {})
    backend.stacks[stack.stack_id] = stack
    return stack


def find_stack(backend, name_or_id):
    return next((s for s in backend.stacks.values() if name_or_id in (s.name, s.stack_id)), None)


def find_change_set(backend, name, stack):
    """The key of the last change set of this name; moto looks over all stacks."""
    hits = [
        key
        for key, x in backend.change_sets.items()
        if key == name or (x.change_set_name == name and stack in (None, x.stack_name, x.stack_id))
    ]
    return hits[-1] if hits else None


def create_stack(self, name, template, parameters, notification_arns=None, tags=None, role_arn=None, **rest):
    if any(s.name == name for s in self.stacks.values()):
        raise template_error(f"Stack [{name}] already exists")
    checked(template, self.region_name, name)
    stack = new_stack(self, name, parameters, notification_arns, tags, role_arn)
    stack.enable_termination_protection = str(rest.get("enable_termination_protection")).lower() == "true"
    stacks.deploy(self, stack, template, parameters, "CREATE")
    return stack


def update_stack(self, name, template, role_arn, parameters, tags):
    stack = self.get_stack(name)
    checked(template, self.region_name, name)
    if isinstance(parameters, list):
        parameters = {p["ParameterKey"]: p["ParameterValue"] for p in parameters}
    stacks.deploy(self, stack, template, parameters or {}, "UPDATE")
    return stack


def create_change_set(
    self,
    stack_name,
    change_set_name,
    template,
    parameters,
    description,
    change_set_type,
    notification_arns=None,
    tags=None,
    role_arn=None,
):
    models.validate_create_change_set(change_set_name)
    stack, update = find_stack(self, stack_name), change_set_type == "UPDATE"
    if update and stack is None:
        raise template_error(f"Stack [{stack_name}] does not exist")
    if update and (stack.status.endswith("IN_PROGRESS") or stack.status in STUCK):
        raise template_error(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
    checked(template, self.region_name, stack_name)
    if stack is None:
        stack = new_stack(self, stack_name, {}, notification_arns, tags, role_arn)
        stack.status = "REVIEW_IN_PROGRESS"
        stacks.event(stack, "REVIEW_IN_PROGRESS", why="User Initiated")
    key = models.generate_changeset_id(change_set_name, self.region_name, self.account_id)
    change_set = models.ChangeSet(
        change_set_type=change_set_type,
        change_set_id=key,
        change_set_name=change_set_name,
        stack=stack,
        template=template,
        parameters=parameters,
        description=description,
        notification_arns=notification_arns,
        tags=tags,
        role_arn=role_arn,
    )
    change_set.status, change_set.execution_status = "CREATE_COMPLETE", "AVAILABLE"
    same = update and stack.template and models.Stack.parse_template(stack.template) == change_set.template_dict
    if same and stack.parameters == parameters:
        change_set.status, change_set.execution_status = "FAILED", "UNAVAILABLE"
        change_set.status_reason = (
            "The submitted information didn't contain changes. Submit different information to create a change set."
        )
    self.change_sets[key] = change_set
    return key, stack.stack_id


def execute_change_set(self, change_set_name, stack_name=None):
    key = find_change_set(self, change_set_name, stack_name)
    if key is None:
        raise template_error(f"ChangeSet [{change_set_name}] does not exist")
    change_set = self.change_sets[key]
    if change_set.execution_status != "AVAILABLE":
        raise template_error(
            f"ChangeSet [{change_set_name}] cannot be executed in its current status of [{change_set.status}]"
        )
    stack = self.stacks[change_set.stack_id]
    if change_set.tags is not None:
        stack.tags = change_set.tags
    stacks.deploy(self, stack, change_set.template, change_set.parameters, change_set.change_set_type)
    change_set.execution_status = "EXECUTE_COMPLETE"


def delete_stack(self, name_or_stack_id):
    stack = find_stack(self, name_or_stack_id)
    if stack is None:  # as on AWS, the deletion of a missing stack succeeds
        return
    if stack.enable_termination_protection:
        raise template_error(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    stacks.delete_stack(self, stack)


def describe_change_set(self):
    backend, name = self.cloudformation_backend, self._get_param("ChangeSetName")
    key = find_change_set(backend, name, self._get_param("StackName"))
    if key is None:
        raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")
    return ActionResult(backend.change_sets[key])


def delete_change_set(self):
    backend = self.cloudformation_backend
    key = find_change_set(backend, self._get_param("ChangeSetName"), self._get_param("StackName"))
    if key:
        del backend.change_sets[key]
    return EmptyResult()


def update_termination_protection(self):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateTerminationProtection.html"""
    name = self._get_param("StackName")
    stack = find_stack(self.cloudformation_backend, name)
    if stack is None:
        raise template_error(f"Stack [{name}] does not exist")
    stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})


def parse_ssm_parameter(self, name, value_type):
    found = ssm_backends[self._account_id][self._region_name].get_parameter(name)
    if found is not None:
        return found.value.split(",") if "List" in value_type.split("<")[-1] else found.value
    if not name.startswith("/aws/service/"):
        raise CfnError(f"Unable to fetch parameters [{name}] from parameter store for this account.")
    warn(f"public SSM parameter {name}: a made-up value stands for it")
    if "ami" in name or "/eks/" in name:
        return "ami-0" + format(abs(hash(name)) % 16**16, "016x")
    return f"synthetic-{name}"


def stack_parameters(stack):
    """Raw values, not resolved ones, as UsePreviousValue needs them."""
    declared = stack.template_dict.get("Parameters") or {}
    return {name: stack.parameters.get(name, what.get("Default")) for name, what in declared.items()}


def install():
    parsing.clean_json = resolve

    resource_map = parsing.ResourceMap
    resource_map.parse_ssm_parameter = parse_ssm_parameter
    resource_map.validate_outputs = lambda self: None
    resource_map.load_conditions = lambda self: setattr(
        self, "lazy_condition_map", getattr(self, "lazy_condition_map", {})
    )
    resource_map.__getitem__ = lambda self, key: self._parsed_resources[key]

    stack = models.Stack
    stack.stack_resources = property(lambda s: list(getattr(s, "engine_resources", {}).values()))
    stack.outputs = property(lambda s: getattr(s, "engine_outputs", None) or None)
    stack.exports = property(lambda s: list(getattr(s, "engine_exports", {}).values()))
    stack.stack_parameters = property(stack_parameters)

    backend = models.CloudFormationBackend
    backend.create_stack, backend.update_stack, backend.delete_stack = create_stack, update_stack, delete_stack
    backend.create_change_set, backend.execute_change_set = create_change_set, execute_change_set

    response = CloudFormationResponse
    response.describe_change_set, response.delete_change_set = describe_change_set, delete_change_set
    response.update_termination_protection = update_termination_protection
