"""VPCs, their ranges, subnets, routes and gateways, and network ACLs."""

import ipaddress

from engine.errors import CfnError, NotModelled
from engine.options import options
from engine.resources import REPLACE_ON_ANY_CHANGE, Handler, handles
from handlers.common import (
    Ec2Handler,
    boolean,
    ec2_backend,
    has_ipv6,
    integer,
    pick,
    retag_ec2,
    tag_specifications,
    vpc_filter,
)

REPLACE_ON_ANY_CHANGE |= {"AWS::EC2::VPCCidrBlock", "AWS::EC2::SubnetRouteTableAssociation"}


def ipv6_blocks(vpc):
    blocks = vpc.get("Ipv6CidrBlockAssociationSet", [])
    return [a["Ipv6CidrBlock"] for a in blocks if a["Ipv6CidrBlockState"]["State"] == "associated"]


def attached_gateways(ec2, vpc):
    return ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])["InternetGateways"]


@handles("AWS::EC2::VPC")
class Vpc(Ec2Handler):
    inplace = frozenset({"EnableDnsSupport", "EnableDnsHostnames"})

    def create(self, ctx, props, inst):
        ec2 = ctx.client("ec2")
        if "CidrBlock" not in props:
            raise NotModelled("rehearsal: a VPC from an IPAM pool is not modelled")
        made = ec2.create_vpc(
            CidrBlock=props["CidrBlock"],
            InstanceTenancy=props.get("InstanceTenancy", "default"),
            TagSpecifications=tag_specifications("vpc", props.get("Tags"), ctx),
        )
        inst.physical_resource_id = vpc = made["Vpc"]["VpcId"]
        self.modify(ctx, props, inst)

        def now():
            return ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]

        def default_group():
            filters = vpc_filter(vpc) + [{"Name": "group-name", "Values": ["default"]}]
            return ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]

        def default_acl():
            acls = ec2.describe_network_acls(Filters=vpc_filter(vpc))["NetworkAcls"]
            return next(acl["NetworkAclId"] for acl in acls if acl["IsDefault"])

        inst.attrs = {
            "VpcId": vpc,
            "CidrBlock": lambda: now()["CidrBlock"],
            "CidrBlockAssociations": lambda: [a["AssociationId"] for a in now()["CidrBlockAssociationSet"]],
            # Read when it is resolved, as on AWS: without a dependency on the VPCCidrBlock it is empty
            # (https://github.com/aws/aws-cdk/issues/36714).
            "Ipv6CidrBlocks": lambda: ipv6_blocks(now()),
            "DefaultSecurityGroup": default_group,
            "DefaultNetworkAcl": default_acl,
        }

    def modify(self, ctx, props, inst):
        for key in ("EnableDnsSupport", "EnableDnsHostnames"):  # the API takes one attribute a call
            if key in props:
                value = {key: {"Value": boolean(props[key])}}
                ctx.client("ec2").modify_vpc_attribute(VpcId=inst.physical_resource_id, **value)

    def delete(self, ctx, inst):
        # https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html (moto checks none of these)
        ec2, vpc = ctx.client("ec2"), inst.physical_resource_id
        if attached_gateways(ec2, vpc):
            raise CfnError("DependencyViolation: internet gateway still attached")
        groups = ec2.describe_security_groups(Filters=vpc_filter(vpc))["SecurityGroups"]
        groups = [g["GroupId"] for g in groups if g["GroupName"] != "default"]
        if groups:
            raise CfnError(f"DependencyViolation: security groups {groups}")
        for gateway in ec2.describe_egress_only_internet_gateways()["EgressOnlyInternetGateways"]:
            if any(a["VpcId"] == vpc for a in gateway["Attachments"]):
                raise CfnError("DependencyViolation: egress-only internet gateway")
        ec2.delete_vpc(VpcId=vpc)


@handles("AWS::EC2::VPCCidrBlock")
class VpcCidrBlock(Ec2Handler):
    def create(self, ctx, props, inst):
        ec2 = ctx.client("ec2")
        if boolean(props.get("AmazonProvidedIpv6CidrBlock", False)):
            made = ec2.associate_vpc_cidr_block(VpcId=props["VpcId"], AmazonProvidedIpv6CidrBlock=True)
            made = made["Ipv6CidrBlockAssociation"]
        elif "CidrBlock" in props:
            made = ec2.associate_vpc_cidr_block(VpcId=props["VpcId"], CidrBlock=props["CidrBlock"])
            made = made["CidrBlockAssociation"]
        else:
            raise NotModelled(f"rehearsal: VPCCidrBlock with {sorted(props)} (own ranges and IPAM) is not modelled")
        inst.physical_resource_id = made["AssociationId"]
        inst.attrs = {"Id": made["AssociationId"], "IpSource": "amazon", "Ipv6AddressAttribute": "public"}

    def delete(self, ctx, inst):
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateVpcCidrBlock.html
        vpc = inst.props["VpcId"]
        for subnet in ctx.client("ec2").describe_subnets(Filters=vpc_filter(vpc))["Subnets"]:
            if "AmazonProvidedIpv6CidrBlock" in inst.props and has_ipv6(subnet):
                raise CfnError(f"DependencyViolation: subnet {subnet['SubnetId']} uses the IPv6 block")
        # moto's DisassociateVpcCidrBlock of an IPv6 block fails on the local route's id: done on its backend.
        backend = ec2_backend(ctx)
        block = backend.get_vpc(vpc)._cidr_block_association_set.pop(inst.physical_resource_id)["cidr_block"]
        for table in backend.route_tables.values():
            for key, route in list(table._routes.items()):
                mine = block in (route.destination_ipv6_cidr_block, route.destination_cidr_block)
                if table.vpc_id == vpc and route.local and mine:
                    table._routes.pop(key)


def check_ipv6_block(ec2, vpc, block):
    """https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""
    net = ipaddress.ip_network(block)
    blocks = ipv6_blocks(ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0])
    if not any(net.subnet_of(ipaddress.ip_network(b)) for b in blocks):
        raise CfnError(f"InvalidSubnet.Range: {block} is not inside the VPC's IPv6 blocks {blocks}")
    if net.prefixlen not in (44, 48, 52, 56, 60, 64):
        raise CfnError(f"InvalidSubnet.Range: IPv6 prefix /{net.prefixlen}")
    for subnet in ec2.describe_subnets(Filters=vpc_filter(vpc))["Subnets"]:
        for other in subnet.get("Ipv6CidrBlockAssociationSet", []):
            if ipaddress.ip_network(other["Ipv6CidrBlock"]).overlaps(net):
                raise CfnError(
                    f"InvalidSubnet.Conflict: {block} overlaps {subnet['SubnetId']} {other['Ipv6CidrBlock']}"
                )


@handles("AWS::EC2::Subnet")
class Subnet(Ec2Handler):
    inplace = frozenset(
        {
            "AssignIpv6AddressOnCreation",
            "MapPublicIpOnLaunch",
            "EnableDns64",
            "PrivateDnsNameOptionsOnLaunch",
        }
    )

    def check(self, ctx, props):
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-subnet.html
        native, four, six = boolean(props.get("Ipv6Native", False)), props.get("CidrBlock"), props.get("Ipv6CidrBlock")
        if native and four:
            raise CfnError("InvalidParameterCombination: Ipv6Native subnet cannot have an IPv4 CidrBlock")
        if native and not six:
            raise CfnError("MissingParameter: Ipv6Native subnet needs Ipv6CidrBlock")
        if not native and not four:
            raise CfnError("MissingParameter: CidrBlock")
        for key in ("AssignIpv6AddressOnCreation", "EnableDns64"):
            if boolean(props.get(key, False)) and not six:
                raise CfnError(f"InvalidParameterValue: {key} needs an IPv6 CIDR on the subnet")
        if six:
            check_ipv6_block(ctx.client("ec2"), props["VpcId"], six)

    def create(self, ctx, props, inst):
        ec2, native = ctx.client("ec2"), boolean(props.get("Ipv6Native", False))
        self.check(ctx, props)
        args = pick(props, "VpcId", "CidrBlock", "Ipv6CidrBlock", "AvailabilityZone", "AvailabilityZoneId")
        if native:
            args["Ipv6Native"] = True
        tags = tag_specifications("subnet", props.get("Tags"), ctx)
        made = ec2.create_subnet(**args, TagSpecifications=tags)["Subnet"]
        inst.physical_resource_id = subnet = made["SubnetId"]
        # moto makes the first subnet of a zone "default for AZ", with public addresses, in any VPC.
        model = ec2_backend(ctx).get_subnet(subnet)
        model.default_for_az = model.map_public_ip_on_launch = False
        if native:
            model.assign_ipv6_address_on_creation = False
        self.modify(ctx, props, inst)

        def acl_association():
            acls = ec2.describe_network_acls()["NetworkAcls"]
            found = [a for acl in acls for a in acl["Associations"] if a["SubnetId"] == subnet]
            return found[0]["NetworkAclAssociationId"]

        inst.attrs = {
            "SubnetId": subnet,
            "AvailabilityZone": made["AvailabilityZone"],
            "VpcId": props["VpcId"],
            "Ipv6CidrBlocks": [props["Ipv6CidrBlock"]] if props.get("Ipv6CidrBlock") else [],
            "NetworkAclAssociationId": acl_association,
        }

    def modify(self, ctx, props, inst):
        subnet = inst.physical_resource_id
        model = ec2_backend(ctx).get_subnet(subnet)
        now = {
            "MapPublicIpOnLaunch": model.map_public_ip_on_launch,
            "AssignIpv6AddressOnCreation": model.assign_ipv6_address_on_creation,
        }
        for key, value in now.items():
            wanted = boolean(props.get(key, False))
            if boolean(value) != wanted:
                ctx.client("ec2").modify_subnet_attribute(SubnetId=subnet, **{key: {"Value": wanted}})
        model.enable_dns64 = boolean(props.get("EnableDns64", False))  # moto's API does not take it
        for key, value in (props.get("PrivateDnsNameOptionsOnLaunch") or {}).items():
            model.private_dns_name_options_on_launch[key] = value if key == "HostnameType" else boolean(value)

    def delete(self, ctx, inst):
        # https://docs.aws.amazon.com/vpc/latest/userguide/subnet-deleting.html
        ec2, subnet = ctx.client("ec2"), inst.physical_resource_id
        filters = [{"Name": "subnet-id", "Values": [subnet]}]
        found = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        if found:
            ids = [interface["NetworkInterfaceId"] for interface in found]
            raise CfnError(f"DependencyViolation: interfaces {ids} in {subnet}")
        ec2.delete_subnet(SubnetId=subnet)


@handles("AWS::EC2::SubnetCidrBlock")
class SubnetCidrBlock(Ec2Handler):
    def create(self, ctx, props, inst):
        ec2 = ctx.client("ec2")
        subnet = ec2.describe_subnets(SubnetIds=[props["SubnetId"]])["Subnets"][0]
        # One IPv6 block a subnet: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateSubnetCidrBlock.html
        if has_ipv6(subnet):
            raise CfnError(f"SubnetIpv6CidrBlockLimitExceeded: {props['SubnetId']} has an IPv6 block")
        check_ipv6_block(ec2, subnet["VpcId"], props["Ipv6CidrBlock"])
        made = ec2.associate_subnet_cidr_block(SubnetId=props["SubnetId"], Ipv6CidrBlock=props["Ipv6CidrBlock"])
        inst.physical_resource_id = made["Ipv6CidrBlockAssociation"]["AssociationId"]
        inst.attrs = {"Id": inst.physical_resource_id, "IpSource": "amazon", "Ipv6AddressAttribute": "public"}

    def delete(self, ctx, inst):
        ctx.client("ec2").disassociate_subnet_cidr_block(AssociationId=inst.physical_resource_id)


# ---------------------------------------------------------------- routes


@handles("AWS::EC2::RouteTable")
class RouteTable(Ec2Handler):
    def create(self, ctx, props, inst):
        tags = tag_specifications("route-table", props.get("Tags"), ctx)
        made = ctx.client("ec2").create_route_table(VpcId=props["VpcId"], TagSpecifications=tags)
        inst.physical_resource_id = made["RouteTable"]["RouteTableId"]
        inst.attrs = {"RouteTableId": inst.physical_resource_id}

    def delete(self, ctx, inst):
        ctx.client("ec2").delete_route_table(RouteTableId=inst.physical_resource_id)


@handles("AWS::EC2::SubnetRouteTableAssociation")
class SubnetRouteTableAssociation(Ec2Handler):
    def create(self, ctx, props, inst):
        # https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html
        ec2 = ctx.client("ec2")
        table = ec2.describe_route_tables(RouteTableIds=[props["RouteTableId"]])["RouteTables"][0]
        subnet = ec2.describe_subnets(SubnetIds=[props["SubnetId"]])["Subnets"][0]
        if table["VpcId"] != subnet["VpcId"]:
            raise CfnError("InvalidParameterValue: route table and subnet belong to different networks")
        filters = [{"Name": "association.subnet-id", "Values": [props["SubnetId"]]}]
        if ec2.describe_route_tables(Filters=filters)["RouteTables"]:
            raise CfnError(f"Resource.AlreadyAssociated: {props['SubnetId']} has a route table")
        made = ec2.associate_route_table(RouteTableId=props["RouteTableId"], SubnetId=props["SubnetId"])
        inst.physical_resource_id = made["AssociationId"]
        inst.attrs = {"Id": inst.physical_resource_id}

    def delete(self, ctx, inst):
        ctx.client("ec2").disassociate_route_table(AssociationId=inst.physical_resource_id)


ROUTE_TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "EgressOnlyInternetGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "InstanceId",
    "CarrierGatewayId",
    "LocalGatewayId",
    "VpcEndpointId",
    "CoreNetworkArn",
    "OdbNetworkArn",
)


@handles("AWS::EC2::Route")
class Route(Ec2Handler):
    def create(self, ctx, props, inst):
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html
        ec2 = ctx.client("ec2")
        destination = pick(props, "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
        target = pick(props, *ROUTE_TARGETS)
        if len(destination) != 1 or len(target) != 1:
            raise CfnError(f"InvalidParameterCombination: one destination and one target, got {destination} {target}")
        (kind, to), (via, gateway) = next(iter(destination.items())), next(iter(target.items()))
        table = ec2.describe_route_tables(RouteTableIds=[props["RouteTableId"]])["RouteTables"][0]
        if any(route.get(kind) == to for route in table["Routes"]):
            raise CfnError(f"RouteAlreadyExists: {to} in {props['RouteTableId']}")
        six = kind == "DestinationIpv6CidrBlock"
        if six:
            ipaddress.IPv6Network(to)
        check = self.CHECKS.get(via)
        if check:
            check(ec2, table, gateway, to, six)
        ec2.create_route(RouteTableId=props["RouteTableId"], **destination, **target)
        inst.physical_resource_id = f"{props['RouteTableId']}|{to}"
        inst.attrs = {"CidrBlock": to}

    def egress_only(ec2, table, gateway, to, six):
        # https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html
        if not six:
            raise CfnError("InvalidParameterValue: an egress-only internet gateway routes IPv6 only")
        found = ec2.describe_egress_only_internet_gateways(EgressOnlyInternetGatewayIds=[gateway])
        found = found["EgressOnlyInternetGateways"]
        if not found or found[0]["Attachments"][0]["VpcId"] != table["VpcId"]:
            raise CfnError(f"InvalidParameterValue: {gateway} is not attached to {table['VpcId']}")

    def internet(ec2, table, gateway, to, six):
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-route.html
        if not gateway.startswith("igw-"):
            return
        found = ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]
        if table["VpcId"] not in [a["VpcId"] for a in found["Attachments"]]:
            raise CfnError(
                f"InvalidParameterValue: route table {table['RouteTableId']} and network gateway {gateway} belong to "
                "different networks (is the attachment a dependency?)"
            )

    def nat(ec2, table, gateway, to, six):
        found = ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"]
        found = [g for g in found if g["State"] != "deleted"]
        if not found or found[0]["VpcId"] != table["VpcId"]:
            raise CfnError(f"InvalidNatGatewayID.NotFound: {gateway} in {table['VpcId']}")
        # https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html
        if six and to != "64:ff9b::/96":
            raise CfnError(f"InvalidParameterValue: a NAT gateway takes IPv6 only for NAT64 64:ff9b::/96, not {to}")

    def peering(ec2, table, gateway, to, six):
        # https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html
        found = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[gateway])["VpcPeeringConnections"][0]
        code, sides = found["Status"]["Code"], (found["RequesterVpcInfo"]["VpcId"], found["AccepterVpcInfo"]["VpcId"])
        if code != "active" or table["VpcId"] not in sides:
            raise CfnError(f"InvalidParameterValue: {gateway} ({code}) is no peering of {table['VpcId']}")

    def transit(ec2, table, gateway, to, six):
        # https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
        found = ec2.describe_transit_gateway_vpc_attachments()["TransitGatewayVpcAttachments"]
        mine = [a for a in found if (a["TransitGatewayId"], a["VpcId"]) == (gateway, table["VpcId"])]
        if not [a for a in mine if a["State"] == "available"]:
            raise CfnError(
                f"InvalidTransitGatewayID.NotFound: {gateway} has no attachment of {table['VpcId']} "
                "(is the attachment a dependency?)"
            )

    CHECKS = {
        "EgressOnlyInternetGatewayId": egress_only,
        "GatewayId": internet,
        "NatGatewayId": nat,
        "VpcPeeringConnectionId": peering,
        "TransitGatewayId": transit,
    }

    def update(self, ctx, props, inst, old, changed):
        self.delete(ctx, inst)
        self.create(ctx, props, inst)

    def delete(self, ctx, inst):
        table, to = inst.physical_resource_id.split("|")
        routes = ec2_backend(ctx).route_tables[table]._routes  # moto's DeleteRoute does not find IPv6 routes
        for key, route in list(routes.items()):
            places = (route.destination_cidr_block, route.destination_ipv6_cidr_block, route.destination_prefix_list_id)
            if to in places and not route.local:
                routes.pop(key)


# ---------------------------------------------------------------- gateways


@handles("AWS::EC2::InternetGateway")
class InternetGateway(Ec2Handler):
    def create(self, ctx, props, inst):
        tags = tag_specifications("internet-gateway", props.get("Tags"), ctx)
        made = ctx.client("ec2").create_internet_gateway(TagSpecifications=tags)
        inst.physical_resource_id = made["InternetGateway"]["InternetGatewayId"]
        inst.attrs = {"InternetGatewayId": inst.physical_resource_id}

    def delete(self, ctx, inst):
        ctx.client("ec2").delete_internet_gateway(InternetGatewayId=inst.physical_resource_id)


@handles("AWS::EC2::VPCGatewayAttachment")
class GatewayAttachment(Ec2Handler):
    def create(self, ctx, props, inst):
        ec2 = ctx.client("ec2")
        if "InternetGatewayId" in props:
            ec2.attach_internet_gateway(InternetGatewayId=props["InternetGatewayId"], VpcId=props["VpcId"])
            inst.physical_resource_id = f"IGW|{props['VpcId']}"
        elif "VpnGatewayId" in props:
            ec2.attach_vpn_gateway(VpnGatewayId=props["VpnGatewayId"], VpcId=props["VpcId"])
            inst.physical_resource_id = f"VGW|{props['VpcId']}"
        else:
            raise CfnError("VPCGatewayAttachment: InternetGatewayId or VpnGatewayId")
        inst.attrs = {"AttachmentType": inst.physical_resource_id[:3]}

    def delete(self, ctx, inst):
        ec2, props = ctx.client("ec2"), inst.props
        if "InternetGatewayId" not in props:
            ec2.detach_vpn_gateway(VpnGatewayId=props["VpnGatewayId"], VpcId=props["VpcId"])
            return
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html
        found = ec2.describe_nat_gateways(Filters=vpc_filter(props["VpcId"]))["NatGateways"]
        public = [g for g in found if g.get("ConnectivityType", "public") == "public" and g["State"] != "deleted"]
        if public:
            ids = [g["NatGatewayId"] for g in public]
            raise CfnError(f"DependencyViolation: network {props['VpcId']} has mapped public addresses ({ids})")
        ec2.detach_internet_gateway(InternetGatewayId=props["InternetGatewayId"], VpcId=props["VpcId"])


@handles("AWS::EC2::EgressOnlyInternetGateway")
class EgressOnlyInternetGateway(Ec2Handler):
    def create(self, ctx, props, inst):
        tags = tag_specifications("egress-only-internet-gateway", props.get("Tags"), ctx)
        made = ctx.client("ec2").create_egress_only_internet_gateway(VpcId=props["VpcId"], TagSpecifications=tags)
        inst.physical_resource_id = made["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
        inst.attrs = {"Id": inst.physical_resource_id}

    def delete(self, ctx, inst):
        ec2, gateway = ctx.client("ec2"), inst.physical_resource_id
        # https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html
        for table in ec2.describe_route_tables()["RouteTables"]:
            if any(route.get("EgressOnlyInternetGatewayId") == gateway for route in table["Routes"]):
                raise CfnError(f"DependencyViolation: {table['RouteTableId']} routes to it")
        ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=gateway)


@handles("AWS::EC2::EIP")
class ElasticIp(Ec2Handler):
    def create(self, ctx, props, inst):
        ec2 = ctx.client("ec2")
        # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
        if options.eip_quota and len(ec2.describe_addresses()["Addresses"]) >= options.eip_quota:
            raise CfnError("AddressLimitExceeded: The maximum number of addresses has been reached.")
        tags = tag_specifications("elastic-ip", props.get("Tags"), ctx)
        made = ec2.allocate_address(Domain=props.get("Domain", "vpc"), TagSpecifications=tags)
        inst.physical_resource_id = made["PublicIp"]
        inst.attrs = {"AllocationId": made["AllocationId"], "PublicIp": made["PublicIp"]}

    def update(self, ctx, props, inst, old, changed):
        if changed != {"Tags"}:
            raise NotModelled(f"rehearsal: update of an Elastic IP {sorted(changed)} is not modelled")
        retag_ec2(ctx, inst.attrs["AllocationId"], old, props)
        props.items()

    def delete(self, ctx, inst):
        ctx.client("ec2").release_address(AllocationId=inst.attrs["AllocationId"])


@handles("AWS::EC2::NatGateway")
class NatGateway(Ec2Handler):
    """Zonal, or regional: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html

    moto knows zonal gateways only: a regional one is made in the default VPC and moved, and has a tag that tells so.
    AWS allocates the addresses of a regional one itself; here it holds one, which does not count towards the quota.
    """

    def create(self, ctx, props, inst):
        ec2 = ctx.client("ec2")
        regional, kind = props.get("AvailabilityMode") == "regional", props.get("ConnectivityType", "public")
        self.check(props, regional, kind)
        tags = list(props.get("Tags", []))
        if regional:
            subnet = next(s for s in ec2.describe_subnets()["Subnets"] if s["DefaultForAz"])
            vpc, tags = props["VpcId"], tags + [{"Key": "rehearsal:availability-mode", "Value": "regional"}]
        else:
            subnet = ec2.describe_subnets(SubnetIds=[props["SubnetId"]])["Subnets"][0]
            vpc = subnet["VpcId"]
        # https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
        if kind == "public" and not attached_gateways(ec2, vpc):
            raise CfnError(f"Gateway.NotAttached: network {vpc} has no Internet gateway attached")
        address = pick(props, "AllocationId")
        if regional:
            address = {"AllocationId": ec2.allocate_address(Domain="vpc")["AllocationId"]}
            inst.memory["address"] = address["AllocationId"]
        made = ec2.create_nat_gateway(
            SubnetId=subnet["SubnetId"],
            ConnectivityType=kind,
            **address,
            TagSpecifications=tag_specifications("natgateway", tags, ctx),
        )
        inst.physical_resource_id = made["NatGateway"]["NatGatewayId"]
        inst.attrs = {"NatGatewayId": inst.physical_resource_id}
        if regional:
            backend = ec2_backend(ctx)
            model = backend.nat_gateways[inst.physical_resource_id]
            model.vpc_id, model.subnet_id = vpc, ""
            backend.enis.pop(model._eni.id, None)

    @staticmethod
    def check(props, regional, kind):
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-natgateway.html
        if regional and ("SubnetId" in props or "VpcId" not in props):
            raise CfnError("InvalidParameter: a regional NAT gateway takes VpcId and no SubnetId")
        if regional and kind != "public":
            raise CfnError("InvalidParameter: a regional NAT gateway is public")
        if not regional and "SubnetId" not in props:
            raise CfnError("MissingParameter: a zonal NAT gateway needs SubnetId")
        if not regional and kind == "public" and "AllocationId" not in props:
            raise CfnError("MissingParameter: a public NAT gateway needs AllocationId")

    def delete(self, ctx, inst):
        backend, gateway = ec2_backend(ctx), inst.physical_resource_id
        model = backend.nat_gateways.get(gateway)
        ctx.client("ec2").delete_nat_gateway(NatGatewayId=gateway)
        if model is not None:  # moto leaves the interface and the address' association behind
            for address in list(backend.addresses):
                if getattr(address, "eni", None) is model._eni:
                    address.eni = address.association_id = None
            backend.enis.pop(model._eni.id, None)
            backend.nat_gateways.pop(gateway, None)
        if "address" in inst.memory:
            ctx.client("ec2").release_address(AllocationId=inst.memory["address"])


# ---------------------------------------------------------------- network ACLs


@handles("AWS::EC2::NetworkAcl")
class NetworkAcl(Ec2Handler):
    def create(self, ctx, props, inst):
        tags = tag_specifications("network-acl", props.get("Tags"), ctx)
        made = ctx.client("ec2").create_network_acl(VpcId=props["VpcId"], TagSpecifications=tags)
        inst.physical_resource_id = made["NetworkAcl"]["NetworkAclId"]
        inst.attrs = {"Id": inst.physical_resource_id}

    def delete(self, ctx, inst):
        ctx.client("ec2").delete_network_acl(NetworkAclId=inst.physical_resource_id)


@handles("AWS::EC2::NetworkAclEntry")
class NetworkAclEntry(Handler):
    def create(self, ctx, props, inst):
        egress = boolean(props.get("Egress", False))
        ctx.client("ec2").create_network_acl_entry(
            NetworkAclId=props["NetworkAclId"],
            RuleNumber=integer(props["RuleNumber"]),
            Protocol=str(props["Protocol"]),
            RuleAction=props["RuleAction"],
            Egress=egress,
            **pick(props, "CidrBlock", "Ipv6CidrBlock", "PortRange"),
            **({"IcmpTypeCode": props["Icmp"]} if "Icmp" in props else {}),
        )
        inst.physical_resource_id = f"{props['NetworkAclId']}|{props['RuleNumber']}|{egress}"
        inst.attrs = {"Id": inst.physical_resource_id}

    def update(self, ctx, props, inst, old, changed):
        self.delete(ctx, inst)
        self.create(ctx, props, inst)

    def delete(self, ctx, inst):
        acl, number, egress = inst.physical_resource_id.split("|")
        ctx.client("ec2").delete_network_acl_entry(NetworkAclId=acl, RuleNumber=int(number), Egress=egress == "True")


@handles("AWS::EC2::SubnetNetworkAclAssociation")
class NetworkAclAssociation(Ec2Handler):
    def create(self, ctx, props, inst):
        ec2 = ctx.client("ec2")
        acls = ec2.describe_network_acls()["NetworkAcls"]
        old = next(a for acl in acls for a in acl["Associations"] if a["SubnetId"] == props["SubnetId"])
        inst.memory["old"] = old["NetworkAclId"]
        made = ec2.replace_network_acl_association(
            AssociationId=old["NetworkAclAssociationId"], NetworkAclId=props["NetworkAclId"]
        )
        inst.physical_resource_id = made["NewAssociationId"]
        inst.attrs = {"AssociationId": inst.physical_resource_id}

    def delete(self, ctx, inst):
        ctx.client("ec2").replace_network_acl_association(
            AssociationId=inst.physical_resource_id, NetworkAclId=inst.memory["old"]
        )
