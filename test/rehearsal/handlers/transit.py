"""VPC peering and transit gateways."""

import ipaddress

from engine.errors import CfnError
from engine.resources import Handler, handles
from handlers.common import (
    Ec2Handler,
    boolean,
    ec2_backend,
    has_ipv6,
    integer,
    need_subnets,
    pick,
    tag_specifications,
)


@handles("AWS::EC2::VPCPeeringConnection")
class Peering(Ec2Handler):
    def create(self, ctx, props, inst):
        ec2 = ctx.client("ec2")
        mine = props.get("PeerOwnerId", ctx.account) == ctx.account
        mine = mine and props.get("PeerRegion", ctx.region) == ctx.region
        if mine:
            self.check(ec2, props)
        made = ec2.create_vpc_peering_connection(
            **pick(props, "VpcId", "PeerVpcId", "PeerOwnerId", "PeerRegion"),
            TagSpecifications=tag_specifications("vpc-peering-connection", props.get("Tags"), ctx),
        )
        inst.physical_resource_id = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        inst.attrs = {"Id": inst.physical_resource_id}
        if mine:
            ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=inst.physical_resource_id)

    @staticmethod
    def check(ec2, props):
        # https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
        def ranges(vpc):
            found = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
            return [ipaddress.ip_network(a["CidrBlock"]) for a in found]

        one, other = ranges(props["VpcId"]), ranges(props["PeerVpcId"])
        if any(a.overlaps(b) for a in one for b in other):
            raise CfnError(f"InvalidParameterValue: VPC peering failed: the CIDR blocks {one} and {other} overlap")

    def delete(self, ctx, inst):
        ctx.client("ec2").delete_vpc_peering_connection(VpcPeeringConnectionId=inst.physical_resource_id)


@handles("AWS::EC2::TransitGateway")
class TransitGateway(Ec2Handler):
    OPTIONS = (
        "AutoAcceptSharedAttachments",
        "DefaultRouteTableAssociation",
        "DefaultRouteTablePropagation",
        "DnsSupport",
        "MulticastSupport",
        "VpnEcmpSupport",
        "TransitGatewayCidrBlocks",
        "SecurityGroupReferencingSupport",
    )

    def create(self, ctx, props, inst):
        args = pick(props, *self.OPTIONS)
        if "AmazonSideAsn" in props:
            args["AmazonSideAsn"] = integer(props["AmazonSideAsn"])
        made = ctx.client("ec2").create_transit_gateway(
            **pick(props, "Description"),
            Options=args,
            TagSpecifications=tag_specifications("transit-gateway", props.get("Tags"), ctx),
        )["TransitGateway"]
        inst.physical_resource_id = made["TransitGatewayId"]
        inst.attrs = {"Id": made["TransitGatewayId"], "TransitGatewayArn": made["TransitGatewayArn"]}

    def delete(self, ctx, inst):
        ec2, gateway = ctx.client("ec2"), inst.physical_resource_id
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTransitGateway.html
        found = ec2.describe_transit_gateway_vpc_attachments()["TransitGatewayVpcAttachments"]
        found = [a for a in found if a["TransitGatewayId"] == gateway and a["State"] not in ("deleted", "deleting")]
        if found:
            ids = [a["TransitGatewayAttachmentId"] for a in found]
            raise CfnError(f"IncorrectState: {gateway} has non-deleted VPC Attachments: {ids}")
        ec2.delete_transit_gateway(TransitGatewayId=gateway)


@handles("AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment")
class TransitGatewayAttachment(Ec2Handler):
    inplace = frozenset({"SubnetIds", "AddSubnetIds", "RemoveSubnetIds", "Options"})

    @staticmethod
    def check(ctx, props):
        # https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
        subnets = need_subnets(ctx, props["SubnetIds"], props["VpcId"])
        if len({s["AvailabilityZone"] for s in subnets}) < len(subnets):
            raise CfnError("DuplicateSubnetsInSameZone: one subnet of a zone for a transit gateway attachment")
        six = (props.get("Options") or {}).get("Ipv6Support") == "enable"
        if six and not all(has_ipv6(s) for s in subnets):
            raise CfnError("InvalidParameterValue: Ipv6Support needs subnets with an IPv6 CIDR block")

    def create(self, ctx, props, inst):
        self.check(ctx, props)
        made = ctx.client("ec2").create_transit_gateway_vpc_attachment(
            **pick(props, "TransitGatewayId", "VpcId", "SubnetIds"),
            **({"Options": props["Options"]} if props.get("Options") else {}),
            TagSpecifications=tag_specifications("transit-gateway-attachment", props.get("Tags"), ctx),
        )
        inst.physical_resource_id = made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
        inst.attrs = {"Id": inst.physical_resource_id}

    def modify(self, ctx, props, inst):
        self.check(ctx, props)
        model = ec2_backend(ctx).transit_gateway_attachments[inst.physical_resource_id]
        subnets = props["SubnetIds"] + props.get("AddSubnetIds", [])
        model.subnet_ids = [s for s in subnets if s not in props.get("RemoveSubnetIds", [])]
        model.options.update(props.get("Options") or {})

    def delete(self, ctx, inst):
        ctx.client("ec2").delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=inst.physical_resource_id)


@handles("AWS::EC2::TransitGatewayRouteTable")
class TransitGatewayRouteTable(Ec2Handler):
    def create(self, ctx, props, inst):
        made = ctx.client("ec2").create_transit_gateway_route_table(
            TransitGatewayId=props["TransitGatewayId"],
            TagSpecifications=tag_specifications("transit-gateway-route-table", props.get("Tags"), ctx),
        )
        inst.physical_resource_id = made["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"]
        inst.attrs = {"TransitGatewayRouteTableId": inst.physical_resource_id}

    def delete(self, ctx, inst):
        ctx.client("ec2").delete_transit_gateway_route_table(TransitGatewayRouteTableId=inst.physical_resource_id)


class TableLink(Handler):
    """An attachment's place in a transit gateway's route table."""

    def create(self, ctx, props, inst):
        getattr(ctx.client("ec2"), self.make)(**self.args(props))
        inst.physical_resource_id = "|".join(self.args(props).values())

    def delete(self, ctx, inst):
        getattr(ctx.client("ec2"), self.unmake)(**self.args(inst.props))

    @staticmethod
    def args(props):
        return pick(props, "TransitGatewayRouteTableId", "TransitGatewayAttachmentId")


@handles("AWS::EC2::TransitGatewayRouteTableAssociation")
class TableAssociation(TableLink):
    make, unmake = "associate_transit_gateway_route_table", "disassociate_transit_gateway_route_table"


@handles("AWS::EC2::TransitGatewayRouteTablePropagation")
class TablePropagation(TableLink):
    make, unmake = "enable_transit_gateway_route_table_propagation", "disable_transit_gateway_route_table_propagation"


@handles("AWS::EC2::TransitGatewayRoute")
class TransitGatewayRoute(Handler):
    def create(self, ctx, props, inst):
        ctx.client("ec2").create_transit_gateway_route(
            **pick(props, "TransitGatewayRouteTableId", "TransitGatewayAttachmentId", "DestinationCidrBlock"),
            Blackhole=boolean(props.get("Blackhole", False)),
        )
        inst.physical_resource_id = f"{props['TransitGatewayRouteTableId']}|{props['DestinationCidrBlock']}"

    def delete(self, ctx, inst):
        ctx.client("ec2").delete_transit_gateway_route(
            **pick(inst.props, "TransitGatewayRouteTableId", "DestinationCidrBlock")
        )
