"""Who may use a cluster, and what its Pods may use: access entries and pod identity associations."""

import random
import re
import string

from engine.errors import CfnError
from engine.resources import Handler, handles
from handlers.common import need_role, tag_map
from handlers.eks.clusters import eks_backend, the_cluster

POLICY = re.compile(r"arn:aws[\w-]*:eks::aws:cluster-access-policy/AmazonEKS\w+Policy")


# ---------------------------------------------------------------- access entries


def entry_arn(ctx, cluster, principal):
    return f"arn:aws:eks:{ctx.region}:{ctx.account}:access-entry/{cluster}/{principal.split('/')[-1]}"


def enter_role(ctx, model, principal, kind):
    """EKS makes the access entry of a node group's and a Fargate profile's role itself, unless there is one.

    https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
    """
    if model.access_config["authenticationMode"] == "CONFIG_MAP" or principal in model.ext_access:
        return
    model.ext_access[principal] = {
        "clusterName": model.name,
        "principalArn": principal,
        "type": kind,
        "kubernetesGroups": ["system:nodes"],
        "accessEntryArn": entry_arn(ctx, model.name, principal),
        "username": "system:node:{{EC2PrivateDNSName}}",
        "tags": {},
        "_policies": [],
    }


@handles("AWS::EKS::AccessEntry")
class AccessEntry(Handler):
    @staticmethod
    def check(model, ctx, props):
        # https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html
        if model.access_config.get("authenticationMode") == "CONFIG_MAP":
            raise CfnError(
                "InvalidRequestException: The cluster's authentication mode must be set to one of [API, "
                "API_AND_CONFIG_MAP] to perform this operation."
            )
        if ":role/" in props["PrincipalArn"]:
            need_role(ctx, props["PrincipalArn"])
        # https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
        kind = props.get("Type", "STANDARD")
        if kind != "STANDARD" and (props.get("AccessPolicies") or props.get("KubernetesGroups")):
            raise CfnError(
                f"InvalidParameterException: an access entry of type {kind} takes neither policies nor groups"
            )
        # https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html, kubernetesGroups
        for group in props.get("KubernetesGroups", []):
            if group.startswith(("system:", "eks:", "aws:", "amazon:", "iam:")):
                raise CfnError(f"InvalidParameterException: The group name {group} has a reserved prefix")
        for policy in props.get("AccessPolicies", []):
            AccessEntry.check_policy(policy)
        arns = [policy["PolicyArn"] for policy in props.get("AccessPolicies", [])]
        if len(set(arns)) < len(arns):
            raise CfnError("InvalidParameterException: an access policy is associated once with an access entry")

    @staticmethod
    def check_policy(policy):
        # https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html
        if not POLICY.fullmatch(policy["PolicyArn"]):
            raise CfnError(f"InvalidParameterException: The policyArn {policy['PolicyArn']} is invalid")
        # https://docs.aws.amazon.com/eks/latest/APIReference/API_AccessScope.html
        scope = policy["AccessScope"]
        if (scope["Type"] == "namespace") != bool(scope.get("Namespaces")):
            raise CfnError(f"InvalidParameterException: namespaces go with the scope namespace, not with {scope}")

    def put(self, ctx, props):
        model, principal = the_cluster(ctx, props["ClusterName"]), props["PrincipalArn"]
        self.check(model, ctx, props)
        model.ext_access[principal] = {
            "clusterName": props["ClusterName"],
            "principalArn": principal,
            "type": props.get("Type", "STANDARD"),
            "kubernetesGroups": props.get("KubernetesGroups", []),
            "accessEntryArn": entry_arn(ctx, props["ClusterName"], principal),
            "username": props.get("Username", principal),
            "tags": tag_map(props.get("Tags")),
            "_policies": props.get("AccessPolicies", []),
        }
        return model.ext_access[principal]

    def create(self, ctx, props, inst):
        if props["PrincipalArn"] in the_cluster(ctx, props["ClusterName"]).ext_access:
            raise CfnError(
                "ResourceInUseException: The specified access entry resource is already in use on this cluster."
            )
        entry = self.put(ctx, props)
        inst.physical_resource_id = f"{props['PrincipalArn']}|{props['ClusterName']}"
        inst.attrs = {"AccessEntryArn": entry["accessEntryArn"]}

    def update(self, ctx, props, inst, old, changed):
        self.put(ctx, props)
        props.items()

    def delete(self, ctx, inst):
        model = eks_backend(ctx).clusters.get(inst.props["ClusterName"])
        if model:
            model.ext_access.pop(inst.props["PrincipalArn"], None)


# ---------------------------------------------------------------- pod identity


def associate(ctx, model, namespace, account, role, tags=None, owner=None):
    """A pod identity association: one role for a service account in a cluster.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html
    """
    need_role(ctx, role, "pods.eks.amazonaws.com")
    for other in model.ext_pia.values():
        if (other["namespace"], other["serviceAccount"]) == (namespace, account):
            raise CfnError("ResourceInUseException: Association already exists: " + other["associationId"])
    key = "a-" + "".join(random.choice(string.ascii_lowercase + string.digits) for _ in range(17))
    model.ext_pia[key] = {
        "clusterName": model.name,
        "namespace": namespace,
        "serviceAccount": account,
        "roleArn": role,
        "associationId": key,
        "associationArn": f"arn:aws:eks:{ctx.region}:{ctx.account}:podidentityassociation/{model.name}/{key}",
        "tags": tags or {},
        **({"ownerArn": owner} if owner else {}),
    }
    return model.ext_pia[key]


@handles("AWS::EKS::PodIdentityAssociation")
class PodIdentityAssociation(Handler):
    def create(self, ctx, props, inst):
        model = the_cluster(ctx, props["ClusterName"])
        made = associate(
            ctx, model, props["Namespace"], props["ServiceAccount"], props["RoleArn"], tag_map(props.get("Tags"))
        )
        self.fill(made, props)
        inst.physical_resource_id = made["associationArn"]
        inst.attrs = {"AssociationArn": made["associationArn"], "AssociationId": made["associationId"]}

    @staticmethod
    def fill(association, props):
        for key in ("DisableSessionTags", "TargetRoleArn", "Policy"):
            association.pop(key[0].lower() + key[1:], None)
            if props.get(key) is not None:
                association[key[0].lower() + key[1:]] = props[key]

    def update(self, ctx, props, inst, old, changed):
        need_role(ctx, props["RoleArn"], "pods.eks.amazonaws.com")
        association = the_cluster(ctx, props["ClusterName"]).ext_pia[inst.attrs["AssociationId"]]
        association["roleArn"], association["tags"] = props["RoleArn"], tag_map(props.get("Tags"))
        self.fill(association, props)
        props.items()

    def delete(self, ctx, inst):
        model = eks_backend(ctx).clusters.get(inst.props["ClusterName"])
        if model:
            model.ext_pia.pop(inst.attrs["AssociationId"], None)
