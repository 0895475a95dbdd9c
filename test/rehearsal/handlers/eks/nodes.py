"""Managed node groups and Fargate profiles."""

import re

from engine.errors import CfnError, NotModelled
from engine.resources import SERIAL, Handler, handles
from handlers.common import camel, integer, need_role, need_subnets, tag_map
from handlers.eks.access import enter_role
from handlers.eks.clusters import minor, the_cluster

# One at a time in a cluster, made or deleted: https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
SERIAL["AWS::EKS::FargateProfile"] = lambda props: props["ClusterName"]

RELEASE = re.compile(r"(\d+\.\d+)\.(\d+)-(\d{8})")  # 1.35.2-20260801; Bottlerocket has numbers of its own


def template_data(ctx, template):
    """The launch template's data, of the version that a node group names."""
    where = {"LaunchTemplateId": template["id"]} if "id" in template else {"LaunchTemplateName": template["name"]}
    version = str(template.get("version", "$Default"))
    found = ctx.client("ec2").describe_launch_template_versions(**where, Versions=[version])
    return found["LaunchTemplateVersions"][0]["LaunchTemplateData"]


def check_template(props, data):
    """What may stand in only one of the two: https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html"""
    if "DiskSize" in props:
        raise CfnError("InvalidParameterException: Disk size must be specified within the launch template.")
    if "RemoteAccess" in props:
        raise CfnError(
            "InvalidParameterException: Remote access configuration cannot be specified with a launch template."
        )
    if data.get("InstanceType") and props.get("InstanceTypes"):
        raise CfnError(
            "InvalidParameterException: Instance type must be specified in the launch template or in the request, "
            "not in both"
        )
    if data.get("IamInstanceProfile"):
        raise CfnError("InvalidParameterException: Launch template should not specify an instance profile.")
    if any(interface.get("SubnetId") for interface in data.get("NetworkInterfaces", [])):
        raise CfnError("InvalidParameterException: Launch template should not specify a subnet.")
    if data.get("ImageId"):
        for key in ("AmiType", "Version", "ReleaseVersion"):
            if key in props and (key, props[key]) != ("AmiType", "CUSTOM"):
                raise CfnError(
                    f"InvalidParameterException: You cannot specify {key} when the launch template has an AMI ID"
                )


def check_version(model, props):
    """https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html, version and releaseVersion"""
    if "Version" in props and minor(props["Version"]) > minor(model.version):
        raise CfnError(
            f"InvalidParameterException: node group version {props['Version']} is newer than the cluster's "
            f"{model.version}"
        )


def check_release(props, version):
    match = RELEASE.fullmatch(props.get("ReleaseVersion") or "")
    if match and minor(match[1]) != minor(version):
        raise CfnError(
            f"InvalidParameterException: Requested release version {props['ReleaseVersion']} is not valid for "
            f"kubernetes version {version}"
        )


def is_public(ctx, subnet):
    """Has a subnet a route to an internet gateway in its own table?"""
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    tables = ctx.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    return any(route.get("GatewayId", "").startswith("igw-") for table in tables for route in table["Routes"])


@handles("AWS::EKS::Nodegroup")
class Nodegroup(Handler):
    INPLACE = {
        "ScalingConfig",
        "Labels",
        "Taints",
        "UpdateConfig",
        "Version",
        "ReleaseVersion",
        "LaunchTemplate",
        "ForceUpdateEnabled",
        "NodeRepairConfig",
        "Tags",
    }

    def create(self, ctx, props, inst):
        model = the_cluster(ctx, props["ClusterName"])
        need_role(ctx, props["NodeRole"], "ec2.amazonaws.com")
        self.check_subnets(ctx, model, props)
        check_version(model, props)
        name, args = props.get("NodegroupName") or ctx.name(63), self.arguments(props)
        inst.memory["ami"] = False
        if "LaunchTemplate" in props:
            data = template_data(ctx, camel(props["LaunchTemplate"]))
            check_template(props, data)
            inst.memory["ami"] = bool(data.get("ImageId"))
        check_release(props, props.get("Version") or model.version)
        ctx.client("eks").create_nodegroup(clusterName=props["ClusterName"], nodegroupName=name, **args)
        self.fill(model, model.nodegroups[name], props, args)
        enter_role(ctx, model, props["NodeRole"], "EC2_LINUX")
        inst.physical_resource_id = f"{props['ClusterName']}/{name}"
        inst.attrs = {
            "Arn": model.nodegroups[name].arn,
            "ClusterName": props["ClusterName"],
            "NodegroupName": name,
            "Id": inst.physical_resource_id,
        }

    @staticmethod
    def check_subnets(ctx, model, props):
        subnets = need_subnets(ctx, props["Subnets"], model.resources_vpc_config["vpcId"])
        # Ec2SubnetMissingIpv6Assignment: https://docs.aws.amazon.com/eks/latest/APIReference/API_Issue.html
        six = model.kubernetes_network_config["ipFamily"] == "ipv6"
        bare = [s["SubnetId"] for s in subnets if not s.get("AssignIpv6AddressOnCreation")]
        if six and bare:
            raise CfnError(
                f"Ec2SubnetMissingIpv6Assignment: the cluster's IP family is ipv6 and {bare} do not assign IPv6 "
                "addresses on creation"
            )
        # Ec2SubnetInvalidConfiguration, on the same page.
        public = [s["SubnetId"] for s in subnets if is_public(ctx, s["SubnetId"]) and not s["MapPublicIpOnLaunch"]]
        if public:
            raise CfnError(
                f"Ec2SubnetInvalidConfiguration: {public} for node group do not automatically assign public IP "
                "addresses to instances launched into them"
            )

    @staticmethod
    def scaling(props):
        # https://docs.aws.amazon.com/eks/latest/APIReference/API_NodegroupScalingConfig.html
        out = {key: integer(value) for key, value in camel(props["ScalingConfig"]).items()}
        least, most = out.get("minSize", 0), out.get("maxSize", 10**6)
        if not least <= out.get("desiredSize", least) <= most:
            raise CfnError(f"InvalidParameterException: scaling {out}")
        return out

    @staticmethod
    def update_config(props):
        found = camel(props.get("UpdateConfig") or {})
        return {key: integer(value) if str(value).isdigit() else value for key, value in found.items()}

    def arguments(self, props):
        """CreateNodegroup's arguments."""
        args = {"nodeRole": props["NodeRole"], "subnets": props["Subnets"]}
        for key in (
            "InstanceTypes",
            "CapacityType",
            "AmiType",
            "RemoteAccess",
            "Taints",
            "NodeRepairConfig",
            "ReleaseVersion",
        ):
            if key in props:
                args[key[0].lower() + key[1:]] = camel(props[key])
        for key in ("Labels", "Tags"):
            if key in props:
                args[key.lower()] = props[key]
        if "ScalingConfig" in props:
            args["scalingConfig"] = self.scaling(props)
        if "DiskSize" in props:
            args["diskSize"] = integer(props["DiskSize"])
        if "UpdateConfig" in props:
            args["updateConfig"] = self.update_config(props)
        if "Version" in props:
            args["version"] = str(props["Version"])
        if "LaunchTemplate" in props:
            args["launchTemplate"] = {key: str(value) for key, value in camel(props["LaunchTemplate"]).items()}
        props.get("ForceUpdateEnabled")
        return args

    @staticmethod
    def fill(model, group, props, args):
        if "Version" not in props:
            group.version = model.version  # moto says 1.19
        if "ReleaseVersion" not in props:
            group.release_version = f"{group.version}.0-emulated"
        if "AmiType" not in props:
            group.ami_type = "AL2023_x86_64_STANDARD"
        if "UpdateConfig" in props:
            group.update_config = args["updateConfig"]
        if "RemoteAccess" not in props:
            group.remote_access = {}

    def update(self, ctx, props, inst, old, changed):
        cluster, name = inst.physical_resource_id.split("/")
        model = the_cluster(ctx, cluster)
        group = model.nodegroups[name]
        if changed - self.INPLACE:
            raise NotModelled(f"rehearsal: update of a node group {sorted(changed - self.INPLACE)} is not modelled")
        self.check_update(ctx, model, group, props, inst, old, changed)
        if "ScalingConfig" in changed:
            group.scaling_config = self.scaling(props)
        if "Labels" in changed:
            group.labels = props.get("Labels", {})
        if "Taints" in changed:
            group.taints = camel(props.get("Taints", []))
        if "Tags" in changed:
            group.tags = props.get("Tags", {})
        if "UpdateConfig" in changed:
            group.update_config = self.update_config(props)
        if "Version" in changed and "Version" in props:
            group.version = str(props["Version"])
            group.release_version = f"{group.version}.0-emulated"
        if "ReleaseVersion" in changed and "ReleaseVersion" in props:
            group.release_version = props["ReleaseVersion"]
        if "LaunchTemplate" in changed:
            group.launch_template = camel(props["LaunchTemplate"])
        props.items()

    @staticmethod
    def check_update(ctx, model, group, props, inst, old, changed):
        # Version and ReleaseVersion with nothing else, the launch template's version included:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-eks-nodegroup.html
        versions = changed & {"Version", "ReleaseVersion"}
        if versions and changed - versions - {"ForceUpdateEnabled"}:
            raise CfnError(
                "InvalidRequest: Version and ReleaseVersion updates cannot be combined with other updates: "
                f"{sorted(changed)}"
            )
        # The same launch template, in another version: the page above, LaunchTemplate.
        before, after = old.get("LaunchTemplate") or {}, props.get("LaunchTemplate") or {}
        if any(before.get(key) != after.get(key) for key in ("Id", "Name")):
            raise CfnError(
                "InvalidParameterException: a node group's launch template cannot be changed, only its version"
            )
        if after:
            data = template_data(ctx, camel(after))
            check_template(props, data)
            # https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html, specifying an AMI
            if bool(data.get("ImageId")) != inst.memory["ami"]:
                raise CfnError(
                    "InvalidParameterException: a node group cannot change between a launch template with an AMI ID "
                    "and one without"
                )
        check_version(model, props)
        # No way back: https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateNodegroupVersion.html
        if "Version" in props and minor(props["Version"]) < minor(group.version):
            raise CfnError(
                f"InvalidParameterException: node group version cannot go from {group.version} down to "
                f"{props['Version']}"
            )
        check_release(props, props.get("Version") or group.version)
        releases = [RELEASE.fullmatch(str(x)) for x in (group.release_version, props.get("ReleaseVersion"))]
        if all(releases) and (minor(releases[1][1]), releases[1][3]) < (minor(releases[0][1]), releases[0][3]):
            raise CfnError(
                f"InvalidParameterException: node group release version cannot go from {group.release_version} down "
                f"to {props['ReleaseVersion']}"
            )

    def delete(self, ctx, inst):
        cluster, name = inst.physical_resource_id.split("/")
        ctx.client("eks").delete_nodegroup(clusterName=cluster, nodegroupName=name)


@handles("AWS::EKS::FargateProfile")
class FargateProfile(Handler):
    def create(self, ctx, props, inst):
        model = the_cluster(ctx, props["ClusterName"])
        need_role(ctx, props["PodExecutionRoleArn"], "eks-fargate-pods.amazonaws.com")
        if props.get("Subnets"):
            self.check_subnets(ctx, model, props)
        name = props.get("FargateProfileName") or ctx.name(100)
        ctx.client("eks").create_fargate_profile(
            fargateProfileName=name,
            clusterName=props["ClusterName"],
            podExecutionRoleArn=props["PodExecutionRoleArn"],
            selectors=[self.selector(s) for s in props["Selectors"]],
            subnets=props.get("Subnets", []),
            tags=tag_map(props.get("Tags")),
        )
        enter_role(ctx, model, props["PodExecutionRoleArn"], "FARGATE_LINUX")
        inst.physical_resource_id = f"{props['ClusterName']}|{name}"
        inst.attrs = {"Arn": model.fargate_profiles[name].fargate_profile_arn}

    @staticmethod
    def check_subnets(ctx, model, props):
        # Private subnets only: https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
        need_subnets(ctx, props["Subnets"], model.resources_vpc_config["vpcId"])
        for subnet in props["Subnets"]:
            if is_public(ctx, subnet):
                raise CfnError(
                    f"InvalidParameterException: Subnet {subnet} provided in Fargate Profile is not a private subnet"
                )

    @staticmethod
    def selector(selector):
        out = {"namespace": selector["Namespace"]}
        if selector.get("Labels"):
            out["labels"] = {label["Key"]: label["Value"] for label in selector["Labels"]}
        return out

    def delete(self, ctx, inst):
        cluster, name = inst.physical_resource_id.split("|")
        ctx.client("eks").delete_fargate_profile(clusterName=cluster, fargateProfileName=name)
