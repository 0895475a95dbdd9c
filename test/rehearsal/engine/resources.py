"""A resource of a stack, and what a handler of a resource type is."""

from moto.cloudformation import parsing

from engine.errors import NotModelled
from engine.state import warn

HANDLERS = {}  # resource type -> handler

# Types that have no schema, or one that does not say so: every change makes a new resource.
REPLACE_ON_ANY_CHANGE = set()

# type -> key of the properties: of one key, resources are neither made nor deleted in parallel.
SERIAL = {}


def handles(*types):
    """Class decorator: an object of the class handles these resource types."""

    def register(cls):
        for rtype in types:
            HANDLERS[rtype] = cls()
        return cls

    return register


class Tracked(dict):
    """Properties that remember which of the top-level ones a handler read: what it never read, it does not model."""

    def __init__(self, values):
        super().__init__(values)
        self.read = set()

    def __getitem__(self, key):
        self.read.add(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.read.add(key)
        return super().get(key, default)

    def pop(self, key, *default):
        self.read.add(key)
        return super().pop(key, *default)

    def items(self):
        self.read |= set(self)
        return super().items()

    def values(self):
        self.read |= set(self)
        return super().values()

    def copy(self):
        self.read |= set(self)
        return dict(self)

    def unread(self):
        return sorted(set(super().keys()) - self.read)


class Context:
    """Where a handler works: the stack, the logical id, account and Region."""

    def __init__(self, stack, rm, logical, rtype):
        self.stack, self.logical, self.rtype = stack, logical, rtype
        self.account, self.region = rm._account_id, rm._region_name

    def client(self, service):
        from handlers.common import client

        return client(service, self.region)

    def name(self, longest=64):
        """A physical name as CloudFormation makes it up, cut to a length."""
        name = parsing.generate_resource_name(self.rtype, self.stack.name, self.logical)
        return name if len(name) <= longest else name[: longest - 13] + name[-13:]


class Resource:
    """What was made. The names of the fields are moto's where moto's API reads them."""

    def __init__(self, logical_id, rtype):
        self.logical_resource_id, self.cf_resource_type = logical_id, rtype
        self.physical_resource_id = None
        self.props, self.attrs = {}, {}
        self.ignored = []  # properties that the handler never read
        self.memory = {}  # what the handler must remember
        self.handler = self.native = self.deletion_policy = None
        self.after = set()  # logical ids that it depends on, of types in SERIAL

    def is_created(self):
        return True

    def is_custom(self):
        rtype = self.cf_resource_type
        return rtype.startswith("Custom::") or rtype == "AWS::CloudFormation::CustomResource"

    def getatt(self, attr):
        if attr in self.attrs:
            value = self.attrs[attr]
            return value() if callable(value) else value
        if self.native is not None:
            try:
                value = self.native.get_cfn_attribute(attr)
            except (NotImplementedError, parsing.UnformattedGetAttTemplateException):
                value = None
            if value is not None:
                return value
        if attr in self.props:  # the schema said already that the attribute is a legal one
            return self.props[attr]
        if self.is_custom():
            warn(
                f"GetAtt {self.logical_resource_id}.{attr} ({self.cf_resource_type}): the value comes from a function "
                "that is not run; a placeholder stands for it"
            )
            return f"<{self.logical_resource_id}.{attr}>"
        raise NotModelled(
            f"rehearsal: Fn::GetAtt {self.logical_resource_id}.{attr} ({self.cf_resource_type}) is legal, "
            "and not modelled"
        )


class Handler:
    """What a resource type does.

    create sets inst.physical_resource_id and inst.attrs (values, or functions that are called whenever the attribute
    is read); update gets the old properties and the names of those that changed; props are Tracked.
    """

    def create(self, ctx, props, inst):
        raise NotImplementedError

    def update(self, ctx, props, inst, old, changed):
        raise NotModelled(f"rehearsal: in-place update of {inst.cf_resource_type} {sorted(changed)} is not modelled")

    def delete(self, ctx, inst):
        raise NotModelled(f"rehearsal: delete of {inst.cf_resource_type} is not modelled")


class Native(Handler):
    """moto's own CloudFormation model of a type, where there is no handler."""

    def create(self, ctx, props, inst):
        model = parsing.get_model_map()[inst.cf_resource_type]
        name, key = ctx.name(), model.cloudformation_name_type()
        if key and key in props:
            name = props[key]
        inst.native = model.create_from_cloudformation_json(
            name,
            {"Type": inst.cf_resource_type, "Properties": props},
            ctx.account,
            ctx.region,
            LogicalId=ctx.logical,
            StackId=ctx.stack.stack_id,
            ResourceType=inst.cf_resource_type,
        )
        inst.native.cf_resource_type, inst.native.logical_resource_id = inst.cf_resource_type, ctx.logical
        inst.physical_resource_id = inst.native.physical_resource_id
        warn(f"{inst.cf_resource_type}: created through moto's own CloudFormation model")

    def update(self, ctx, props, inst, old, changed):
        model = parsing.get_model_map()[inst.cf_resource_type]
        if hasattr(model.update_from_cloudformation_json, "__isabstractmethod__"):
            raise NotModelled(f"rehearsal: moto has no in-place update of {inst.cf_resource_type} {sorted(changed)}")
        inst.native = model.update_from_cloudformation_json(
            original_resource=inst.native,
            new_resource_name=inst.physical_resource_id,
            cloudformation_json={"Type": inst.cf_resource_type, "Properties": props},
            account_id=ctx.account,
            region_name=ctx.region,
        )
        inst.physical_resource_id = inst.native.physical_resource_id

    def delete(self, ctx, inst):
        model = parsing.get_model_map()[inst.cf_resource_type]
        try:
            inst.native.delete(ctx.account, ctx.region)
        except (TypeError, AttributeError):
            if hasattr(model.delete_from_cloudformation_json, "__isabstractmethod__"):
                warn(f"{inst.cf_resource_type}: moto has no delete; {inst.physical_resource_id} left behind")
                return
            model.delete_from_cloudformation_json(
                inst.physical_resource_id,
                {"Type": inst.cf_resource_type, "Properties": inst.props},
                ctx.account,
                ctx.region,
            )


def handler_for(rtype):
    if rtype in HANDLERS:
        return HANDLERS[rtype]
    if rtype.startswith("Custom::"):
        return HANDLERS["AWS::CloudFormation::CustomResource"]
    return Native()
