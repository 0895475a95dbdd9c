"""IAM: roles, policies, instance profiles and OIDC providers."""

import json
import random
import re

from botocore.exceptions import ClientError
from moto.iam import models

from engine.errors import CfnError, NotModelled
from engine.resources import Handler, handles
from engine.state import warn
from handlers.common import integer, pick, policy_text


# AWS's policies that are newer than moto's list, which refuses a name it does not know. Their documents are not needed:
# rights are not enforced here.
NEWER_POLICIES = {
    # https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2918, April 2026
    "AmazonEBSCSIDriverPolicyV2": "/service-role/",
}


def attach(ctx, role, arn):
    name = arn.rsplit("/", 1)[1]
    if ":iam::aws:policy/" in arn and name in NEWER_POLICIES:
        date = "2026-04-15T00:00:00+00:00"
        data = {"Path": NEWER_POLICIES[name], "DefaultVersionId": "v1", "CreateDate": date, "UpdateDate": date}
        data["Document"] = {"Version": "2012-10-17", "Statement": []}
        policy = models.AWSManagedPolicy.from_data(name, ctx.account, "us-east-1", data)
        models.iam_backends[ctx.account]["aws"].managed_policies.setdefault(policy.arn, policy)
    ctx.client("iam").attach_role_policy(RoleName=role, PolicyArn=arn)


def size(document):
    """IAM does not count white space."""
    return len(re.sub(r"\s", "", document))


@handles("AWS::IAM::Role")
class Role(Handler):
    INPLACE = {"AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies", "Description", "MaxSessionDuration", "Tags"}

    def create(self, ctx, props, inst):
        iam, name = ctx.client("iam"), props.get("RoleName") or ctx.name(64)
        args = pick(props, "Path", "Description", "PermissionsBoundary")
        if "MaxSessionDuration" in props:
            args["MaxSessionDuration"] = integer(props["MaxSessionDuration"])
        trust = props["AssumeRolePolicyDocument"]
        for word in re.findall(r'"(<[^"]*>)"', json.dumps(trust)):
            warn(f"the trust policy of {name} holds the placeholder {word}")
        made = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=policy_text(trust), Tags=props.get("Tags", []), **args
        )["Role"]
        inst.physical_resource_id = name
        inst.attrs = {"Arn": made["Arn"], "RoleId": made["RoleId"]}
        try:
            for arn in props.get("ManagedPolicyArns", []):
                attach(ctx, name, arn)
            self.put_inline(iam, name, props)
        except Exception:
            self.delete(ctx, inst)
            raise

    @staticmethod
    def put_inline(iam, name, props):
        for policy in props.get("Policies", []):
            iam.put_role_policy(
                RoleName=name,
                PolicyName=policy["PolicyName"],
                PolicyDocument=policy_text(policy["PolicyDocument"]),
            )

    def update(self, ctx, props, inst, old, changed):
        iam, name = ctx.client("iam"), inst.physical_resource_id
        if changed - self.INPLACE:
            raise NotModelled(f"rehearsal: update of a role {sorted(changed - self.INPLACE)} is not modelled")
        if "AssumeRolePolicyDocument" in changed:
            document = policy_text(props["AssumeRolePolicyDocument"])
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
        before, after = set(old.get("ManagedPolicyArns", [])), set(props.get("ManagedPolicyArns", []))
        for arn in before - after:
            iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in after - before:
            attach(ctx, name, arn)
        if "Policies" in changed:
            for policy in old.get("Policies", []):
                iam.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
            self.put_inline(iam, name, props)
        if "Description" in changed:
            iam.update_role_description(RoleName=name, Description=props.get("Description", ""))
        if "MaxSessionDuration" in changed:
            iam.update_role(RoleName=name, MaxSessionDuration=integer(props.get("MaxSessionDuration", 3600)))
        if "Tags" in changed:
            if old.get("Tags"):
                iam.untag_role(RoleName=name, TagKeys=[tag["Key"] for tag in old["Tags"]])
            if props.get("Tags"):
                iam.tag_role(RoleName=name, Tags=props["Tags"])
        props.items()

    def delete(self, ctx, inst):
        iam, name = ctx.client("iam"), inst.physical_resource_id
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


@handles("AWS::IAM::Policy", "AWS::IAM::RolePolicy")
class InlinePolicy(Handler):
    @staticmethod
    def holders(props):
        """(kind, name) of who has the policy"""
        roles = [props["RoleName"]] if "RoleName" in props else props.get("Roles", [])
        out = [("role", name) for name in roles]
        out += [("user", name) for name in props.get("Users", [])]
        return out + [("group", name) for name in props.get("Groups", [])]

    def create(self, ctx, props, inst):
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-policy.html
        holders = self.holders(props)
        if not holders:
            raise CfnError("At least one of [Groups,Roles,Users] must be non-empty.")
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        document = policy_text(props["PolicyDocument"])
        if size(document) > 10240:
            raise CfnError("LimitExceeded: Maximum policy size of 10240 bytes exceeded for role")
        for kind, name in holders:
            put = getattr(ctx.client("iam"), f"put_{kind}_policy")
            put(**{kind.title() + "Name": name}, PolicyName=props["PolicyName"], PolicyDocument=document)
        inst.physical_resource_id = f"{ctx.stack.name[:5]}-{ctx.logical[:4]}-{random.randrange(10**9)}"
        inst.attrs = {"Id": inst.physical_resource_id}

    def update(self, ctx, props, inst, old, changed):
        name = inst.physical_resource_id
        self.delete(ctx, inst)
        self.create(ctx, props, inst)
        inst.physical_resource_id = name

    def delete(self, ctx, inst):
        for kind, name in self.holders(inst.props):
            drop = getattr(ctx.client("iam"), f"delete_{kind}_policy")
            try:
                drop(**{kind.title() + "Name": name}, PolicyName=inst.props["PolicyName"])
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchEntity":
                    raise


@handles("AWS::IAM::ManagedPolicy")
class ManagedPolicy(Handler):
    KINDS = (("Roles", "role"), ("Users", "user"), ("Groups", "group"))

    @staticmethod
    def document(props):
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        document = policy_text(props["PolicyDocument"])
        if size(document) > 6144:
            raise CfnError("LimitExceeded: Cannot exceed quota for PolicySize: 6144")
        return document

    def attach(self, iam, arn, old, new):
        for key, kind in self.KINDS:
            before, after = set(old.get(key, [])), set(new.get(key, []))
            for name in before - after:
                getattr(iam, f"detach_{kind}_policy")(**{kind.title() + "Name": name}, PolicyArn=arn)
            for name in after - before:
                getattr(iam, f"attach_{kind}_policy")(**{kind.title() + "Name": name}, PolicyArn=arn)

    def create(self, ctx, props, inst):
        iam = ctx.client("iam")
        made = iam.create_policy(
            PolicyName=props.get("ManagedPolicyName") or ctx.name(128),
            PolicyDocument=self.document(props),
            **pick(props, "Path", "Description"),
        )["Policy"]
        inst.physical_resource_id = made["Arn"]
        inst.attrs = {"PolicyArn": made["Arn"], "PolicyId": made["PolicyId"]}
        self.attach(iam, made["Arn"], {}, props)

    def update(self, ctx, props, inst, old, changed):
        iam, arn = ctx.client("iam"), inst.physical_resource_id
        if "PolicyDocument" in changed:
            versions = [v for v in iam.list_policy_versions(PolicyArn=arn)["Versions"] if not v["IsDefaultVersion"]]
            versions.sort(key=lambda v: int(v["VersionId"][1:]))
            if len(versions) > 3:  # five versions at most
                iam.delete_policy_version(PolicyArn=arn, VersionId=versions[0]["VersionId"])
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=self.document(props), SetAsDefault=True)
        self.attach(iam, arn, old, props)
        props.items()

    def delete(self, ctx, inst):
        iam, arn = ctx.client("iam"), inst.physical_resource_id
        for role in inst.props.get("Roles", []):
            try:
                iam.detach_role_policy(RoleName=role, PolicyArn=arn)
            except ClientError:
                pass
        self.attach(iam, arn, {k: inst.props.get(k, []) for k in ("Users", "Groups")}, {})
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)


@handles("AWS::IAM::InstanceProfile")
class InstanceProfile(Handler):
    def create(self, ctx, props, inst):
        iam, name = ctx.client("iam"), props.get("InstanceProfileName") or ctx.name(128)
        made = iam.create_instance_profile(InstanceProfileName=name, **pick(props, "Path"))["InstanceProfile"]
        for role in props["Roles"]:
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
        inst.physical_resource_id, inst.attrs = name, {"Arn": made["Arn"]}

    def delete(self, ctx, inst):
        iam, name = ctx.client("iam"), inst.physical_resource_id
        for role in inst.props["Roles"]:
            iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
        iam.delete_instance_profile(InstanceProfileName=name)


@handles("AWS::IAM::OIDCProvider")
class OidcProvider(Handler):
    """https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html"""

    def create(self, ctx, props, inst):
        made = ctx.client("iam").create_open_id_connect_provider(
            Url=props["Url"],
            ClientIDList=props.get("ClientIdList", []),
            ThumbprintList=props.get("ThumbprintList") or ["0" * 40],
            Tags=props.get("Tags", []),
        )
        inst.physical_resource_id = made["OpenIDConnectProviderArn"]
        inst.attrs = {"Arn": inst.physical_resource_id}

    def update(self, ctx, props, inst, old, changed):
        iam, arn = ctx.client("iam"), inst.physical_resource_id
        if changed - {"ThumbprintList", "Tags"}:
            raise NotModelled(f"rehearsal: update of an OIDC provider {sorted(changed)} is not modelled")
        if "ThumbprintList" in changed:
            iam.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=arn, ThumbprintList=props.get("ThumbprintList") or ["0" * 40]
            )
        if "Tags" in changed and old.get("Tags"):
            keys = [tag["Key"] for tag in old["Tags"]]
            iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=keys)
        if "Tags" in changed and props.get("Tags"):
            iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=props["Tags"])
        props.items()

    def delete(self, ctx, inst):
        ctx.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=inst.physical_resource_id)
