"""Security groups, launch templates and flow logs."""

import base64
import copy
import ipaddress

from engine.errors import CfnError, NotModelled
from engine.resources import Handler, handles
from handlers.common import Ec2Handler, integer, pick, tag_specifications


def permissions(rules, egress):
    """A security group's rules as EC2's API takes them."""
    out = []
    for rule in rules or []:
        entry = {"IpProtocol": str(rule["IpProtocol"])}
        for key in ("FromPort", "ToPort"):
            if key in rule:
                entry[key] = integer(rule[key])
        text = {"Description": rule["Description"]} if "Description" in rule else {}
        if "CidrIp" in rule:
            ipaddress.IPv4Network(rule["CidrIp"])
            entry["IpRanges"] = [{"CidrIp": rule["CidrIp"], **text}]
        if "CidrIpv6" in rule:
            ipaddress.IPv6Network(rule["CidrIpv6"])
            entry["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **text}]
        group = rule.get("DestinationSecurityGroupId" if egress else "SourceSecurityGroupId")
        if group:
            entry["UserIdGroupPairs"] = [{"GroupId": group, **text}]
        prefixes = rule.get("DestinationPrefixListId" if egress else "SourcePrefixListId")
        if prefixes:
            entry["PrefixListIds"] = [{"PrefixListId": prefixes, **text}]
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroupingress.html
        if not set(entry) & {"IpRanges", "Ipv6Ranges", "UserIdGroupPairs", "PrefixListIds"}:
            raise CfnError(f"security group rule without a peer: {rule}")
        out.append(entry)
    return out


@handles("AWS::EC2::SecurityGroup")
class SecurityGroup(Ec2Handler):
    inplace = frozenset({"SecurityGroupEgress", "SecurityGroupIngress"})

    def create(self, ctx, props, inst):
        made = ctx.client("ec2").create_security_group(
            GroupName=props.get("GroupName") or ctx.name(255),
            Description=props["GroupDescription"],
            **pick(props, "VpcId"),
            TagSpecifications=tag_specifications("security-group", props.get("Tags"), ctx),
        )
        inst.physical_resource_id = group = made["GroupId"]
        inst.attrs = {"GroupId": group, "Id": group, "VpcId": props.get("VpcId")}
        self.modify(ctx, props, inst)

    def modify(self, ctx, props, inst):
        ec2, group, memory = ctx.client("ec2"), inst.physical_resource_id, inst.memory
        now = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        if memory.get("ingress"):
            ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=memory["ingress"])
        replaces_default = "SecurityGroupEgress" in props and "egress" not in memory
        if (memory.get("egress") or replaces_default) and now["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(GroupId=group, IpPermissions=now["IpPermissionsEgress"])
        ingress = permissions(props.get("SecurityGroupIngress"), False)
        egress = permissions(props.get("SecurityGroupEgress"), True)
        if ingress:
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress)
        if egress:
            ec2.authorize_security_group_egress(GroupId=group, IpPermissions=egress)
        memory["ingress"], memory["egress"] = ingress, egress

    def delete(self, ctx, inst):
        ec2, group = ctx.client("ec2"), inst.physical_resource_id
        # https://docs.aws.amazon.com/vpc/latest/userguide/deleting-security-groups.html
        if ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])["NetworkInterfaces"]:
            raise CfnError(f"DependencyViolation: {group} in use")
        ec2.delete_security_group(GroupId=group)


@handles("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
class SecurityGroupRule(Handler):
    def create(self, ctx, props, inst):
        ec2, egress = ctx.client("ec2"), inst.cf_resource_type.endswith("Egress")
        call = ec2.authorize_security_group_egress if egress else ec2.authorize_security_group_ingress
        inst.memory["rule"] = permissions([dict(props)], egress)
        props.items()
        made = call(GroupId=props["GroupId"], IpPermissions=inst.memory["rule"])
        rules = made.get("SecurityGroupRules") or [{}]
        inst.physical_resource_id = rules[0].get("SecurityGroupRuleId") or ctx.name()
        inst.attrs = {"Id": inst.physical_resource_id}

    def update(self, ctx, props, inst, old, changed):
        self.delete(ctx, inst)
        self.create(ctx, props, inst)

    def delete(self, ctx, inst):
        ec2, egress = ctx.client("ec2"), inst.cf_resource_type.endswith("Egress")
        call = ec2.revoke_security_group_egress if egress else ec2.revoke_security_group_ingress
        call(GroupId=inst.props["GroupId"], IpPermissions=inst.memory["rule"])


@handles("AWS::EC2::LaunchTemplate")
class LaunchTemplate(Ec2Handler):
    def create(self, ctx, props, inst):
        made = ctx.client("ec2").create_launch_template(
            LaunchTemplateName=props.get("LaunchTemplateName") or ctx.name(128),
            LaunchTemplateData=self.data(props["LaunchTemplateData"]),
            TagSpecifications=list(props.get("TagSpecifications") or []),
        )
        inst.physical_resource_id = made["LaunchTemplate"]["LaunchTemplateId"]
        inst.attrs = {
            "LaunchTemplateId": inst.physical_resource_id,
            "LatestVersionNumber": "1",
            "DefaultVersionNumber": "1",
        }

    @staticmethod
    def data(data):
        """As the API takes it: numbers are numbers, and user data is base64."""
        data = copy.deepcopy(data)
        for mapping in data.get("BlockDeviceMappings", []):
            disk = mapping.get("Ebs", {})
            for key in ("VolumeSize", "Iops", "Throughput"):
                if key in disk:
                    disk[key] = integer(disk[key])
        metadata = data.get("MetadataOptions", {})
        if "HttpPutResponseHopLimit" in metadata:
            metadata["HttpPutResponseHopLimit"] = integer(metadata["HttpPutResponseHopLimit"])
        if "UserData" in data:
            base64.b64decode(data["UserData"], validate=True)
        return data

    def update(self, ctx, props, inst, old, changed):
        if changed - {"LaunchTemplateData", "VersionDescription", "TagSpecifications"}:
            raise NotModelled(f"rehearsal: update of a launch template {sorted(changed)} is not modelled")
        made = ctx.client("ec2").create_launch_template_version(
            LaunchTemplateId=inst.physical_resource_id, LaunchTemplateData=self.data(props["LaunchTemplateData"])
        )
        inst.attrs["LatestVersionNumber"] = str(made["LaunchTemplateVersion"]["VersionNumber"])
        props.items()

    def delete(self, ctx, inst):
        ctx.client("ec2").delete_launch_template(LaunchTemplateId=inst.physical_resource_id)


@handles("AWS::EC2::FlowLog")
class FlowLog(Ec2Handler):
    KEYS = (
        "ResourceType",
        "TrafficType",
        "LogGroupName",
        "LogDestination",
        "LogDestinationType",
        "DeliverLogsPermissionArn",
        "LogFormat",
    )

    def create(self, ctx, props, inst):
        args = pick(props, *self.KEYS)
        if "MaxAggregationInterval" in props:
            args["MaxAggregationInterval"] = integer(props["MaxAggregationInterval"])
        made = ctx.client("ec2").create_flow_logs(
            ResourceIds=[props["ResourceId"]],
            **args,
            TagSpecifications=tag_specifications("vpc-flow-log", props.get("Tags"), ctx),
        )
        if made.get("Unsuccessful"):
            raise CfnError(f"flow log: {made['Unsuccessful']}")
        inst.physical_resource_id = made["FlowLogIds"][0]
        inst.attrs = {"Id": inst.physical_resource_id}

    def delete(self, ctx, inst):
        ctx.client("ec2").delete_flow_logs(FlowLogIds=[inst.physical_resource_id])
