"""Custom resources: their functions are not run.

What the well-known functions of CDK would have done is done to the emulator where something can read it back; the rest
is written down: the last properties of each custom resource, and each event in order.
"""

from botocore.exceptions import ClientError

from engine.errors import CfnError, NotModelled
from engine.resources import Handler, handles
from engine.state import STATE, warn
from handlers.custom import calls, cdk, kubernetes, timeouts
from handlers.lambda_ import write_logs

TYPES = {**cdk.TYPES, **kubernetes.TYPES, "Custom::AWS": calls.Call()}


@handles("AWS::CloudFormation::CustomResource")
class CustomResource(Handler):
    def create(self, ctx, props, inst):
        self.check_token(ctx, props)
        timeouts.check(ctx, props)
        inst.physical_resource_id = ctx.name(100)
        self.write_down(ctx, props, inst, "Create", self.provider(ctx, inst).create(ctx, props, inst))

    def update(self, ctx, props, inst, old, changed):
        # "Updates aren't supported" of the token:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
        if "ServiceToken" in changed:
            raise CfnError("Modifying service token is not allowed.")
        self.check_token(ctx, props)
        timeouts.check(ctx, props)
        self.write_down(ctx, props, inst, "Update", self.provider(ctx, inst).update(ctx, props, inst))

    def delete(self, ctx, inst):
        self.provider(ctx, inst).delete(ctx, inst)
        self.check_token(ctx, inst.props)  # AWS runs the function on a deletion too: it must still be there
        self.event(ctx, inst, "Delete", inst.props)
        STATE["custom_resources"].pop(f"{ctx.stack.name}/{ctx.logical}", None)

    @staticmethod
    def provider(ctx, inst):
        rtype = inst.cf_resource_type
        if rtype in TYPES:
            return TYPES[rtype]
        if rtype.startswith("Custom::AWSCDK-EKS-"):
            raise NotModelled(f"rehearsal: {rtype} is not modelled")
        warn(f"custom resource {ctx.stack.name}/{ctx.logical} ({rtype}) recorded only; its function was not run")
        return cdk.RECORDED

    @staticmethod
    def check_token(ctx, props):
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
        token = props["ServiceToken"]
        if ":function:" not in token and ":sns:" not in token:
            raise CfnError(f"Invalid PhysicalResourceId: ServiceToken {token!r} is no function or topic")
        if ":function:" in token:
            try:
                ctx.client("lambda").get_function(FunctionName=token)
            except ClientError as error:
                raise CfnError(f"custom resource's function does not exist: {error}") from error

    def write_down(self, ctx, props, inst, action, extra):
        entry = {"action": action, "type": inst.cf_resource_type, "stack": ctx.stack.name, "properties": dict(props)}
        STATE["custom_resources"][f"{ctx.stack.name}/{ctx.logical}"] = entry | (extra or {})
        self.event(ctx, inst, action, dict(props), inst.props if action == "Update" else None)
        props.items()

    @staticmethod
    def event(ctx, inst, kind, props, old=None):
        """What the function would have received: the keys are CloudFormation's."""
        if ":function:" in props["ServiceToken"]:
            write_logs(ctx, props["ServiceToken"])
        events = STATE["custom_resource_events"]
        events.append(
            {
                "n": len(events) + 1,
                "RequestType": kind,
                "StackId": ctx.stack.stack_id,
                "LogicalResourceId": ctx.logical,
                "ResourceType": inst.cf_resource_type,
                "PhysicalResourceId": inst.physical_resource_id,
                "ResourceProperties": props,
                **({"OldResourceProperties": old} if old else {}),
            }
        )
