"""CloudFormation's own types: metadata and nested stacks."""

from moto.cloudformation import models
from moto.cloudformation.utils import get_stack_from_s3_url

from engine import stacks
from engine.errors import CfnError
from engine.resources import Handler, handles
from engine.template import checked


@handles("AWS::CDK::Metadata", "AWS::CloudFormation::WaitConditionHandle")
class Metadata(Handler):
    def create(self, ctx, props, inst):
        inst.physical_resource_id = ctx.name()
        props.items()

    def update(self, ctx, props, inst, old, changed):
        props.items()

    def delete(self, ctx, inst):
        pass


@handles("AWS::CloudFormation::Stack")
class NestedStack(Handler):
    @staticmethod
    def body(ctx, props):
        return get_stack_from_s3_url(props["TemplateURL"], account_id=ctx.account, partition="aws")

    @staticmethod
    def parameters(props):
        found = props.get("Parameters") or {}
        return {key: ",".join(value) if isinstance(value, list) else str(value) for key, value in found.items()}

    @staticmethod
    def backend(ctx):
        return models.cloudformation_backends[ctx.account][ctx.region]

    def create(self, ctx, props, inst):
        stack = self.backend(ctx).create_stack(
            name=ctx.name(100), template=self.body(ctx, props), parameters=self.parameters(props)
        )
        self.finish(inst, stack)
        props.items()

    @staticmethod
    def finish(inst, stack):
        if stack.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            why = [e.resource_status_reason for e in stack.events if e.resource_status.endswith("_FAILED")]
            raise CfnError(f"Embedded stack {stack.name} was not successfully created: {why[:1] or stack.status}")
        inst.physical_resource_id = stack.stack_id
        inst.attrs = {f"Outputs.{o['OutputKey']}": o["OutputValue"] for o in stack.outputs or []}

    def update(self, ctx, props, inst, old, changed):
        backend, text = self.backend(ctx), self.body(ctx, props)
        stack = backend.get_stack(inst.physical_resource_id)
        checked(text, ctx.region, stack.name)
        stacks.deploy(backend, stack, text, self.parameters(props), "UPDATE")
        self.finish(inst, stack)
        props.items()

    def delete(self, ctx, inst):
        backend = self.backend(ctx)
        stack = backend.get_stack(inst.physical_resource_id)
        if not stacks.delete_stack(backend, stack):
            raise CfnError(f"Embedded stack {stack.name} was not deleted")
