"""EKS add-ons."""

import json
import re

from engine.errors import CfnError
from engine.resources import Handler, handles
from engine.state import warn
from handlers.common import need_role, tag_map
from handlers.eks.access import associate
from handlers.eks.clusters import eks_backend, minor, the_cluster

# https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html and
# https://docs.aws.amazon.com/eks/latest/userguide/community-addons.html
KNOWN = {
    "adot",
    "amazon-cloudwatch-observability",
    "aws-ebs-csi-driver",
    "aws-efs-csi-driver",
    "aws-fsx-csi-driver",
    "aws-guardduty-agent",
    "aws-mountpoint-s3-csi-driver",
    "aws-network-flow-monitoring-agent",
    "cert-manager",
    "coredns",
    "eks-node-monitoring-agent",
    "eks-pod-identity-agent",
    "external-dns",
    "kube-proxy",
    "kube-state-metrics",
    "metrics-server",
    "prometheus-node-exporter",
    "snapshot-controller",
    "vpc-cni",
}
NAMESPACES = {"amazon-cloudwatch-observability": "amazon-cloudwatch", "external-dns": "external-dns"}
VERSION = re.compile(r"v\d+\.\d+\.\d+(-[\w.]+)?")

# "You can only update one minor version at a time": https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html
ONE_MINOR = ("vpc-cni", "eks-pod-identity-agent")


def check(ctx, model, props):
    if props["AddonName"] not in KNOWN:
        warn(f"EKS add-on {props['AddonName']} is not in the rehearsal's list of known add-ons")
    values = props.get("ConfigurationValues")
    if values is not None:
        if values.lstrip()[:1] == "{":
            json.loads(values)
        else:
            warn(f"ConfigurationValues of the add-on {props['AddonName']} is YAML; not parsed")
    if "ServiceAccountRoleArn" in props:
        need_role(ctx, props["ServiceAccountRoleArn"])
    version = props.get("AddonVersion")
    if version is None:
        return
    # https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonVersions.html lists what there is.
    if not VERSION.fullmatch(version):
        raise CfnError(f"InvalidParameterException: Addon version specified is not supported: {version}")
    # kube-proxy is as old as the cluster or up to three minor versions older:
    # https://docs.aws.amazon.com/eks/latest/userguide/managing-kube-proxy.html
    if props["AddonName"] == "kube-proxy" and not 0 <= minor(model.version)[1] - minor(version)[1] <= 3:
        raise CfnError(
            f"InvalidParameterException: Addon version specified is not supported: {version} on Kubernetes "
            f"{model.version}"
        )


@handles("AWS::EKS::Addon")
class Addon(Handler):
    def put(self, ctx, props):
        model, name = the_cluster(ctx, props["ClusterName"]), props["AddonName"]
        check(ctx, model, props)
        addon = {
            "addonName": name,
            "clusterName": props["ClusterName"],
            "status": "ACTIVE",
            "addonVersion": props.get("AddonVersion") or model.ext_addons.get(name, {}).get("addonVersion", "default"),
            "addonArn": f"arn:aws:eks:{ctx.region}:{ctx.account}:addon/{props['ClusterName']}/{name}/emulated",
            "tags": tag_map(props.get("Tags")),
        }
        for key in ("ConfigurationValues", "ServiceAccountRoleArn"):
            if key in props:
                addon[key[0].lower() + key[1:]] = props[key]
        addon["podIdentityAssociations"] = self.identities(ctx, model, addon["addonArn"], props)
        model.ext_addons[name] = addon
        return addon

    @staticmethod
    def identities(ctx, model, owner, props):
        """The associations that the add-on owns: https://docs.aws.amazon.com/eks/latest/userguide/add-ons-iam.html"""
        for key in [k for k, a in model.ext_pia.items() if a.get("ownerArn") == owner]:
            del model.ext_pia[key]
        name = props["AddonName"]
        namespace = (props.get("NamespaceConfig") or {}).get("Namespace") or NAMESPACES.get(name, "kube-system")
        made = []
        for wanted in props.get("PodIdentityAssociations") or []:
            association = associate(ctx, model, namespace, wanted["ServiceAccount"], wanted["RoleArn"], owner=owner)
            made.append(association["associationArn"])
        return made

    def create(self, ctx, props, inst):
        if props["AddonName"] in the_cluster(ctx, props["ClusterName"]).ext_addons:
            raise CfnError("ResourceInUseException: Addon already exists.")
        addon = self.put(ctx, props)
        props.get("ResolveConflicts")
        props.get("PreserveOnDelete")
        inst.physical_resource_id = f"{props['ClusterName']}|{props['AddonName']}"
        inst.attrs = {"Arn": addon["addonArn"]}

    def update(self, ctx, props, inst, old, changed):
        versions = [x.get("AddonVersion") or "" for x in (old, props)]
        pinned = all(VERSION.fullmatch(v) for v in versions)
        if props["AddonName"] in ONE_MINOR and pinned and abs(minor(versions[0])[1] - minor(versions[1])[1]) > 1:
            raise CfnError(
                f"InvalidParameterException: Updating {props['AddonName']} can only go up or down 1 minor version at "
                "a time"
            )
        self.put(ctx, props)
        props.items()

    def delete(self, ctx, inst):
        cluster, name = inst.physical_resource_id.split("|")
        model = eks_backend(ctx).clusters.get(cluster)
        if not model:
            return
        addon = model.ext_addons.pop(name, {})
        for key in [k for k, a in model.ext_pia.items() if a.get("ownerArn") == addon.get("addonArn")]:
            del model.ext_pia[key]
