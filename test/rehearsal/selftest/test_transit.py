"""Peering and transit gateways."""

from selftest.base import Case
from selftest.templates import changed, independent, network, private, ref, resource


def peering(other="10.1.0.0/16"):
    return network() | {
        "W": resource("AWS::EC2::VPC", CidrBlock=other),
        "X": resource("AWS::EC2::VPCPeeringConnection", VpcId=ref("V"), PeerVpcId=ref("W")),
        "XR": resource(
            "AWS::EC2::Route",
            RouteTableId=ref("QT"),
            DestinationCidrBlock="10.1.0.0/16",
            VpcPeeringConnectionId=ref("X"),
        ),
    }


def transit(**props):
    given = {"TransitGatewayId": ref("T"), "VpcId": ref("V"), "SubnetIds": private()} | props
    link = {"TransitGatewayRouteTableId": ref("TT"), "TransitGatewayAttachmentId": ref("TA")}
    return network() | {
        "T": resource("AWS::EC2::TransitGateway", AmazonSideAsn=64512),
        "TA": resource("AWS::EC2::TransitGatewayAttachment", **given),
        "TT": resource("AWS::EC2::TransitGatewayRouteTable", TransitGatewayId=ref("T")),
        "TS": resource("AWS::EC2::TransitGatewayRouteTableAssociation", **link),
        "TP": resource("AWS::EC2::TransitGatewayRouteTablePropagation", **link),
        "TR": resource("AWS::EC2::TransitGatewayRoute", **link, DestinationCidrBlock="10.9.0.0/16"),
        "XR": resource(
            "AWS::EC2::Route",
            "TA",
            RouteTableId=ref("QT"),
            DestinationIpv6CidrBlock="2001:db8::/32",
            TransitGatewayId=ref("T"),
        ),
    }


class Joins(Case):
    def test_peering(self):
        self.accepted(peering())
        self.refused("overlap", peering("10.0.128.0/17"))
        self.refused(
            "is no peering of",
            changed(peering() | {"Y": resource("AWS::EC2::VPC", CidrBlock="10.2.0.0/16")}, "X", VpcId=ref("Y")),
        )

    def test_transit_gateway(self):
        name, done = self.updated(transit(), changed(transit(), "TA", Options={"Ipv6Support": "enable"}))
        self.assertEqual(["TA"], [x["id"] for x in done["updated"]])

    def test_transit_gateway_attachments(self):
        self.refused("is the attachment a dependency?", independent(transit(), "TA"))
        self.refused("one subnet of a zone", transit(SubnetIds=[ref("P0"), ref("Q0")]))
        bare = changed(
            transit(Options={"Ipv6Support": "enable"}), "Q1", Ipv6CidrBlock=None, AssignIpv6AddressOnCreation=None
        )
        self.refused("Ipv6Support needs subnets with an IPv6 CIDR", bare)

    def test_an_attachment_of_somebody_else_holds_the_gateway(self):
        name = self.accepted(transit())
        other = self.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=other, CidrBlock="10.7.0.0/24")["Subnet"]["SubnetId"]
        made = self.ec2.create_transit_gateway_vpc_attachment(
            TransitGatewayId=self.resource(name, "T")["physical_id"], VpcId=other, SubnetIds=[subnet]
        )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
        self.delete_refused("has non-deleted VPC Attachments", name)
        self.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=made)
        self.ec2.delete_subnet(SubnetId=subnet)
        self.ec2.delete_vpc(VpcId=other)
