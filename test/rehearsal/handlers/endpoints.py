"""VPC endpoints and endpoint services."""

import re

from moto.ec2.models import ec2_backends

from engine.errors import CfnError
from engine.options import options
from engine.resources import Handler, handles
from engine.state import warn
from handlers.common import (
    Ec2Handler,
    attach_interfaces,
    boolean,
    drop_interfaces,
    ec2_backend,
    has_ipv6,
    need_subnets,
    pick,
    policy_text,
    tag_specifications,
)
from handlers.elbv2 import load_balancer

AWS_SERVICE = re.compile(r"com\.amazonaws\.[\w-]+\.([\w.-]+)")
OWN_SERVICE = re.compile(r"com\.amazonaws\.vpce\.[\w-]+\.(vpce-svc-\w+)")


def own_service(ctx, name):
    """The endpoint service of this account that a service name means, or None."""
    match = OWN_SERVICE.fullmatch(name)
    if not match:
        return None
    service = ec2_backends[ctx.account][ctx.region].configurations.get(match[1])
    if service is None:
        raise CfnError(f"InvalidServiceName: The Vpc Endpoint Service '{name}' does not exist")
    return service


@handles("AWS::EC2::VPCEndpoint")
class VpcEndpoint(Ec2Handler):
    inplace = frozenset(
        {
            "RouteTableIds",
            "SubnetIds",
            "SecurityGroupIds",
            "PolicyDocument",
            "PrivateDnsEnabled",
            "IpAddressType",
            "DnsOptions",
        }
    )

    def check(self, ctx, props):
        interface = props.get("VpcEndpointType") == "Interface"
        subnets = need_subnets(ctx, props["SubnetIds"], props["VpcId"]) if props.get("SubnetIds") else []
        self.check_kind(ctx, props, interface, subnets)
        self.check_family(props, interface, subnets)
        service = own_service(ctx, props["ServiceName"])
        if service is not None:
            self.check_service(ctx, props, service, subnets)

    @staticmethod
    def check_kind(ctx, props, interface, subnets):
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpcendpoint.html
        if props.get("RouteTableIds"):
            if interface:
                raise CfnError("InvalidParameter: RouteTableIds are for gateway endpoints")
            found = ctx.client("ec2").describe_route_tables(RouteTableIds=props["RouteTableIds"])["RouteTables"]
            for table in found:
                if table["VpcId"] != props["VpcId"]:
                    raise CfnError(f"InvalidRouteTableId.NotFound: {table['RouteTableId']} is not in {props['VpcId']}")
        if not interface and (subnets or props.get("SecurityGroupIds")):
            raise CfnError("InvalidParameter: SubnetIds and SecurityGroupIds are for interface endpoints")
        # One subnet a zone: https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
        if len({s["AvailabilityZone"] for s in subnets}) < len(subnets):
            raise CfnError("DuplicateSubnetsInSameZone: Found another VPC endpoint subnet in the availability zone")

    @staticmethod
    def check_family(props, interface, subnets):
        kind = props.get("IpAddressType")
        if kind not in ("ipv6", "dualstack"):
            return
        # https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html, IP address type
        for subnet in subnets:
            if not has_ipv6(subnet):
                raise CfnError(f"InvalidParameter: {subnet['SubnetId']} has no IPv6 CIDR for IpAddressType {kind}")
        # https://docs.aws.amazon.com/vpc/latest/userguide/aws-ipv6-support.html
        match = AWS_SERVICE.fullmatch(props["ServiceName"])
        if interface and match and match[1] in options.ipv4_only_endpoints:
            raise CfnError(
                f"InvalidParameter: The VPC endpoint service {props['ServiceName']} does not support the IP address "
                f"type {kind}"
            )

    @staticmethod
    def check_service(ctx, props, service, subnets):
        # https://docs.aws.amazon.com/vpc/latest/privatelink/create-endpoint-service.html
        kind, name = props.get("IpAddressType"), service.service_name
        for wanted in {"dualstack": ("ipv4", "ipv6"), None: ("ipv4",)}.get(kind, (kind,)):
            if wanted not in service.ip_types:
                raise CfnError(
                    f"InvalidParameter: {name} does not support the IP address type {wanted}, only {service.ip_types}"
                )
        for subnet in subnets:
            if subnet["AvailabilityZone"] not in service.availability_zones:
                raise CfnError(
                    f"InvalidParameter: The VPC endpoint service {name} does not support the availability zone of the "
                    f"subnet: {subnet['SubnetId']}"
                )
        # https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html
        if boolean(props.get("PrivateDnsEnabled", False)) and not service.private_dns_name:
            raise CfnError(
                f"InvalidParameter: Private DNS can't be enabled because the service {name} does not provide a private "
                "DNS name."
            )
        me = ("*", f"arn:aws:iam::{ctx.account}:root")
        if not any(p in me or f"::{ctx.account}:" in p for p in service.principals):
            warn(f"{ctx.logical}: {name} allows no principal of this account yet (are its permissions a dependency?)")

    def create(self, ctx, props, inst):
        self.check(ctx, props)
        args = pick(
            props,
            "VpcId",
            "ServiceName",
            "VpcEndpointType",
            "SubnetIds",
            "SecurityGroupIds",
            "RouteTableIds",
            "IpAddressType",
            "DnsOptions",
        )
        if "PrivateDnsEnabled" in props:
            args["PrivateDnsEnabled"] = boolean(props["PrivateDnsEnabled"])
        if "PolicyDocument" in props:
            args["PolicyDocument"] = policy_text(props["PolicyDocument"])
        tags = tag_specifications("vpc-endpoint", props.get("Tags"), ctx)
        made = ctx.client("ec2").create_vpc_endpoint(**args, TagSpecifications=tags)["VpcEndpoint"]
        inst.physical_resource_id = endpoint = made["VpcEndpointId"]
        # moto's interfaces have neither the groups nor an address of the subnet.
        drop_interfaces(ctx, made.get("NetworkInterfaceIds", []))
        self.fill(ctx, props, endpoint)
        names = made.get("DnsEntries", [])
        inst.attrs = {
            "Id": endpoint,
            "CreationTimestamp": "2026-01-01T00:00:00Z",
            "DnsEntries": [f"{name.get('HostedZoneId', 'Z1')}:{name['DnsName']}" for name in names],
            "NetworkInterfaceIds": lambda: ec2_backend(ctx).vpc_end_points[endpoint].network_interface_ids,
        }

    @staticmethod
    def fill(ctx, props, endpoint):
        model = ec2_backend(ctx).vpc_end_points[endpoint]
        model.ip_address_type, model.dns_options = props.get("IpAddressType", "ipv4"), props.get("DnsOptions")
        model.network_interface_ids = attach_interfaces(
            ctx, props.get("SubnetIds", []), props.get("SecurityGroupIds"), f"VPC Endpoint Interface {endpoint}"
        )

    def modify(self, ctx, props, inst):
        backend = ec2_backend(ctx)
        model = backend.vpc_end_points[inst.physical_resource_id]
        self.check(ctx, props)
        if model.destination_prefix_list_id:
            self.move_routes(backend, model, props.get("RouteTableIds", []))
        model.route_table_ids = list(props.get("RouteTableIds", []))
        model.subnet_ids = list(props.get("SubnetIds", []))
        model.security_group_ids = list(props.get("SecurityGroupIds", []))
        if "PolicyDocument" in props:
            model.policy_document = policy_text(props["PolicyDocument"])
        model.private_dns_enabled = boolean(props.get("PrivateDnsEnabled", False))
        drop_interfaces(ctx, model.network_interface_ids)
        self.fill(ctx, props, model.id)

    @staticmethod
    def move_routes(backend, model, tables):
        """A gateway endpoint's routes follow its tables."""
        for table in set(model.route_table_ids) - set(tables):
            routes = backend.route_tables[table]._routes
            for key, route in list(routes.items()):
                if route.destination_prefix_list_id == model.destination_prefix_list_id:
                    routes.pop(key)
        for table in set(tables) - set(model.route_table_ids):
            backend.create_route(
                table, None, gateway_id=model.id, destination_prefix_list_id=model.destination_prefix_list_id
            )

    def delete(self, ctx, inst):
        endpoint = inst.physical_resource_id
        ids = list(ec2_backend(ctx).vpc_end_points[endpoint].network_interface_ids)
        ctx.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint])
        drop_interfaces(ctx, ids)


@handles("AWS::EC2::VPCEndpointService")
class EndpointService(Ec2Handler):
    inplace = frozenset(
        {
            "AcceptanceRequired",
            "NetworkLoadBalancerArns",
            "GatewayLoadBalancerArns",
            "SupportedIpAddressTypes",
            "PayerResponsibility",
            "ContributorInsightsEnabled",
        }
    )

    def balancers(self, ctx, props):
        # https://docs.aws.amazon.com/vpc/latest/privatelink/create-endpoint-service.html
        arns = props.get("NetworkLoadBalancerArns", []) + props.get("GatewayLoadBalancerArns", [])
        found = [load_balancer(ctx, arn) for arn in arns]
        if not found:
            raise CfnError("InvalidParameter: a load balancer is needed")
        for balancer in found:
            if balancer.type not in ("network", "gateway"):
                raise CfnError(f"InvalidParameter: {balancer.arn} is no Network or Gateway Load Balancer")
            if "ipv6" in props.get("SupportedIpAddressTypes", []) and balancer.ip_address_type != "dualstack":
                raise CfnError(
                    "InvalidParameter: SupportedIpAddressTypes ipv6 needs a dualstack load balancer; "
                    f"{balancer.name} is {balancer.ip_address_type}"
                )
        return found

    def create(self, ctx, props, inst):
        self.balancers(ctx, props)
        made = ctx.client("ec2").create_vpc_endpoint_service_configuration(
            **pick(props, "NetworkLoadBalancerArns", "GatewayLoadBalancerArns"),
            AcceptanceRequired=boolean(props.get("AcceptanceRequired", True)),
            TagSpecifications=tag_specifications("vpc-endpoint-service", props.get("Tags"), ctx),
        )
        inst.physical_resource_id = made["ServiceConfiguration"]["ServiceId"]
        self.modify(ctx, props, inst)
        inst.attrs = {"ServiceId": inst.physical_resource_id}

    def modify(self, ctx, props, inst):
        model = ec2_backend(ctx).configurations[inst.physical_resource_id]
        balancers = self.balancers(ctx, props)
        model.acceptance_required = boolean(props.get("AcceptanceRequired", True))
        model.ip_types = model.supported_ip_address_types = props.get("SupportedIpAddressTypes") or ["ipv4"]
        model.availability_zones = sorted({s.availability_zone for b in balancers for s in b.subnets})
        model.network_load_balancer_arns = props.get("NetworkLoadBalancerArns", [])
        model.gateway_load_balancer_arns = props.get("GatewayLoadBalancerArns", [])
        props.get("PayerResponsibility")
        props.get("ContributorInsightsEnabled")

    def delete(self, ctx, inst):
        service = inst.physical_resource_id
        # https://docs.aws.amazon.com/vpc/latest/privatelink/delete-endpoint-service.html
        endpoints = ec2_backend(ctx).vpc_end_points.values()
        used = [e.id for e in endpoints if e.service_name.endswith("." + service) and e.state != "deleted"]
        if used:
            raise CfnError(f"ExistingVpcEndpointConnections: {service} has the connections {used}")
        ctx.client("ec2").delete_vpc_endpoint_service_configurations(ServiceIds=[service])


@handles("AWS::EC2::VPCEndpointServicePermissions")
class EndpointServicePermissions(Handler):
    @staticmethod
    def put(ctx, service, new, old):
        ctx.client("ec2").modify_vpc_endpoint_service_permissions(
            ServiceId=service,
            AddAllowedPrincipals=[x for x in new if x not in old],
            RemoveAllowedPrincipals=[x for x in old if x not in new],
        )

    def create(self, ctx, props, inst):
        self.put(ctx, props["ServiceId"], props.get("AllowedPrincipals", []), [])
        inst.physical_resource_id = props["ServiceId"]

    def update(self, ctx, props, inst, old, changed):
        self.put(ctx, props["ServiceId"], props.get("AllowedPrincipals", []), old.get("AllowedPrincipals", []))

    def delete(self, ctx, inst):
        self.put(ctx, inst.physical_resource_id, [], inst.props.get("AllowedPrincipals", []))
