"""SSM parameters."""

from engine.resources import Handler, handles
from handlers.common import pick


@handles("AWS::SSM::Parameter")
class Parameter(Handler):
    @staticmethod
    def put(ctx, props, name, overwrite):
        args = pick(props, "Description", "Tier", "AllowedPattern")
        if props.get("Tags") and not overwrite:
            args["Tags"] = [{"Key": key, "Value": value} for key, value in props["Tags"].items()]
        ctx.client("ssm").put_parameter(
            Name=name, Value=props["Value"], Type=props["Type"], Overwrite=overwrite, **args
        )

    def create(self, ctx, props, inst):
        name = props.get("Name") or "CFN-" + ctx.name(100)
        self.put(ctx, props, name, False)
        inst.physical_resource_id = name
        inst.attrs = {"Type": props["Type"], "Value": props["Value"]}

    def update(self, ctx, props, inst, old, changed):
        self.put(ctx, props, inst.physical_resource_id, True)
        inst.attrs["Value"] = props["Value"]
        ssm, where = ctx.client("ssm"), {"ResourceType": "Parameter", "ResourceId": inst.physical_resource_id}
        before, after = old.get("Tags") or {}, props.get("Tags") or {}
        gone = [key for key in before if key not in after]
        if gone:
            ssm.remove_tags_from_resource(**where, TagKeys=gone)
        if after:
            ssm.add_tags_to_resource(**where, Tags=[{"Key": key, "Value": value} for key, value in after.items()])
        props.items()

    def delete(self, ctx, inst):
        ctx.client("ssm").delete_parameter(Name=inst.physical_resource_id)
