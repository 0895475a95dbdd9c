"""Manifests, charts and values of CDK's kubectl provider, and the webhook of the AWS Load Balancer Controller."""

import json
import re

from moto.elbv2.models import elbv2_backends

from engine.errors import CfnError
from engine.state import warn
from handlers.common import need_object
from handlers.eks.clusters import eks_backend, the_cluster

CONTROLLER = "aws-load-balancer-controller"


class Provider:
    """create, update and delete; what create and update return is written down with the properties."""

    def update(self, ctx, props, inst):
        return self.create(ctx, props, inst)

    def delete(self, ctx, inst):
        model = eks_backend(ctx).clusters.get(inst.props["ClusterName"])
        if model is None:
            raise CfnError(f"{ctx.logical}: the cluster was deleted before this custom resource (missing dependency)")
        model.ext_manifests.pop(ctx.logical, None)
        model.ext_helm.pop(ctx.logical, None)


class Manifest(Provider):
    def create(self, ctx, props, inst):
        model = the_cluster(ctx, props["ClusterName"])
        # CDK's function hands the text to kubectl apply; it parses JSON itself.
        objects = json.loads(props["Manifest"])
        objects = objects if isinstance(objects, list) else [objects]
        for item in objects:
            if not all(key in item for key in ("apiVersion", "kind", "metadata")):
                raise CfnError(f"manifest without apiVersion/kind/metadata: {json.dumps(item)[:120]}")
        if has_controller(model):
            admit_bindings(ctx, model, objects)
        model.ext_manifests[ctx.logical] = objects
        return {"manifests": objects}


class Chart(Provider):
    def create(self, ctx, props, inst):
        model = the_cluster(ctx, props["ClusterName"])
        values = json.loads(props["Values"]) if "Values" in props else {}
        if "Chart" not in props and "ChartAssetURL" not in props:
            raise CfnError("helm: Chart or ChartAssetURL")
        match = re.fullmatch(r"s3://([^/]+)/(.+)", props.get("ChartAssetURL", ""))
        if match:
            need_object(ctx, match[1], match[2])
        release = {
            "release": props["Release"],
            "chart": props.get("Chart"),
            "version": props.get("Version"),
            "namespace": props.get("Namespace", "default"),
            "repository": props.get("Repository"),
            "values": values,
            "asset": props.get("ChartAssetURL"),
        }
        model.ext_helm[ctx.logical] = release
        return {"helm": release}


class ObjectValue(Provider):
    def create(self, ctx, props, inst):
        the_cluster(ctx, props["ClusterName"])
        inst.attrs["Value"] = f"emulated-{props['ObjectType']}-{props['ObjectName']}"
        warn(f"KubernetesObjectValue {ctx.logical}: a placeholder stands for the value")

    def delete(self, ctx, inst):
        pass


class Patch(Provider):
    def create(self, ctx, props, inst):
        the_cluster(ctx, props["ClusterName"])
        return {"patch": json.loads(props["ApplyPatchJson"])}

    def delete(self, ctx, inst):
        pass


TYPES = {
    "Custom::AWSCDK-EKS-KubernetesResource": Manifest(),
    "Custom::AWSCDK-EKS-HelmChart": Chart(),
    "Custom::AWSCDK-EKS-KubernetesObjectValue": ObjectValue(),
    "Custom::AWSCDK-EKS-KubernetesPatch": Patch(),
}


# ---------------------------------------------------------------- the controller's webhook


def has_controller(model):
    return any(CONTROLLER in json.dumps([h["chart"], h["release"], h["asset"]]) for h in model.ext_helm.values())


def bindings(objects):
    """(namespace, name) -> spec of the TargetGroupBindings among objects"""
    out = {}
    for item in objects:
        if item["kind"] == "TargetGroupBinding" and item["apiVersion"].startswith("elbv2.k8s.aws/"):
            meta = item["metadata"]
            out[meta.get("namespace", "default"), meta["name"]] = item["spec"]
    return out


def admit_bindings(ctx, model, objects):
    """The validating webhook of TargetGroupBindings.

    https://github.com/kubernetes-sigs/aws-load-balancer-controller, webhooks/elbv2/targetgroupbinding_validator.go;
    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/targetgroupbinding/targetgroupbinding/
    """
    there = {}
    for others in model.ext_manifests.values():
        there |= bindings(others)
    for (namespace, name), spec in bindings(objects).items():
        old = there.get((namespace, name))
        if old is None:
            admit_new(ctx, there, spec)
        else:
            admit_changed(ctx, f"{namespace}/{name}", old, spec)


def admit_new(ctx, there, spec):
    arn = spec["targetGroupARN"]
    for (namespace, name), other in there.items():
        if other["targetGroupARN"] == arn:
            raise CfnError(f"TargetGroup {arn} is already bound to TargetGroupBinding {namespace}/{name}")
    group = elbv2_backends[ctx.account][ctx.region].target_groups.get(arn)
    if group is None:
        raise CfnError(f"unable to get target group IP address type: TargetGroupNotFound: {arn}")
    family = group.ip_address_type or "ipv4"
    if spec.get("ipAddressType", family) != family:
        raise CfnError(f"invalid IP address type {family} for TargetGroup {arn}")


def admit_changed(ctx, name, old, new):
    groups = elbv2_backends[ctx.account][ctx.region].target_groups

    def whole(spec):
        """with what the mutating webhook fills in"""
        group = groups.get(spec["targetGroupARN"])
        filled = {"targetType": group.target_type, "ipAddressType": group.ip_address_type or "ipv4"} if group else {}
        return {**filled, **spec}

    before, after = whole(old), whole(new)
    if before["targetGroupARN"] != after["targetGroupARN"]:
        raise CfnError(
            f"TargetGroupBinding update may not change these fields: spec.targetGroupARN (of {name}: give the binding "
            "another name)"
        )
    fields = [key for key in ("targetType", "ipAddressType", "vpcID") if before.get(key) != after.get(key)]
    if fields:
        text = ",".join(f"spec.{key}" for key in fields)
        raise CfnError(f"TargetGroupBinding update may not change these fields: {text} (of {name})")
