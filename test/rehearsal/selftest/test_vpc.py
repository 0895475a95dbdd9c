"""VPCs, subnets, routes, gateways, ACLs, security groups and flow logs."""

from selftest.base import Case
from selftest.templates import att, changed, network, ref, resource, role, six, subnets, without


class Subnets(Case):
    def test_ipv6_blocks(self):
        self.refused("cannot select nonexistent value", without(subnets(), "V6"))
        self.refused("InvalidSubnet.Conflict", changed(subnets(), "Q1", Ipv6CidrBlock=six(0)))
        short = {"Fn::Select": [3, {"Fn::Cidr": [{"Fn::Select": [0, att("V", "Ipv6CidrBlocks")]}, 4, "66"]}]}
        self.refused("IPv6 prefix /62", changed(subnets(), "Q1", Ipv6CidrBlock=short))
        self.refused("is not inside the VPC's IPv6 blocks", changed(subnets(), "Q1", Ipv6CidrBlock="2001:db8::/64"))
        self.refused(
            "AssignIpv6AddressOnCreation needs an IPv6 CIDR",
            changed(subnets(), "Q1", Ipv6CidrBlock=None),
        )
        self.refused(
            "EnableDns64 needs an IPv6 CIDR",
            changed(subnets(), "Q1", Ipv6CidrBlock=None, AssignIpv6AddressOnCreation=None, EnableDns64=True),
        )

    def test_ipv6_only(self):
        self.accepted(changed(subnets(), "Q1", Ipv6Native=True, CidrBlock=None))
        self.refused("cannot have an IPv4 CidrBlock", changed(subnets(), "Q1", Ipv6Native=True))
        self.refused(
            "needs Ipv6CidrBlock", changed(subnets(), "Q1", Ipv6Native=True, CidrBlock=None, Ipv6CidrBlock=None)
        )
        self.refused("MissingParameter: CidrBlock", changed(subnets(), "Q1", CidrBlock=None))

    def test_a_block_of_its_own_resource(self):
        four = changed(subnets(), "Q1", Ipv6CidrBlock=None, AssignIpv6AddressOnCreation=None)
        block = {"B": resource("AWS::EC2::SubnetCidrBlock", "V6", SubnetId=ref("Q1"), Ipv6CidrBlock=six(9))}
        self.accepted(four | block)
        self.refused("SubnetIpv6CidrBlockLimitExceeded", subnets() | block)

    def test_attributes_change_in_place(self):
        after = changed(subnets(), "Q0", AssignIpv6AddressOnCreation=False, MapPublicIpOnLaunch=True, EnableDns64=True)
        name, done = self.updated(subnets(), after)
        self.assertEqual(["Q0"], [x["id"] for x in done["updated"]])
        subnet = self.resource(name, "Q0")["physical_id"]
        found = self.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
        self.assertEqual((False, True), (found["AssignIpv6AddressOnCreation"], found["MapPublicIpOnLaunch"]))

    def test_zones_and_ranges_replace(self):
        _, done = self.updated(subnets(), changed(subnets(), "Q0", CidrBlock="10.0.9.0/24", Ipv6CidrBlock=six(9)))
        self.assertEqual(["Q0"], [x["id"] for x in done["replaced"]])


class Routes(Case):
    def test_targets(self):
        self.refused("one destination and one target", changed(network(), "QR", GatewayId=ref("IG")))
        self.refused(
            "routes IPv6 only",
            changed(network(), "QR", DestinationIpv6CidrBlock=None, DestinationCidrBlock="10.9.0.0/16"),
        )
        twice = {"X": changed(network(), "QR")["QR"]}
        self.refused("RouteAlreadyExists", network() | twice)

    def test_nat_takes_only_nat64(self):
        gateway = {
            "A": resource("AWS::EC2::EIP", Domain="vpc"),
            "N": resource("AWS::EC2::NatGateway", "IA", SubnetId=ref("P0"), AllocationId=att("A", "AllocationId")),
        }

        def route(to):
            to = {"RouteTableId": ref("QT"), "NatGatewayId": ref("N"), "DestinationIpv6CidrBlock": to}
            return {"X": resource("AWS::EC2::Route", **to)}

        self.accepted(network() | gateway | route("64:ff9b::/96"))
        self.refused("only for NAT64", network() | gateway | route("2000::/3"))

    def test_targets_are_of_the_tables_vpc(self):
        other = {
            "W": resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16"),
            "WT": resource("AWS::EC2::RouteTable", VpcId=ref("W")),
        }
        moved = changed(network() | other, "QR", RouteTableId=ref("WT"))
        self.refused("is not attached to", moved)
        gateway = {
            "A": resource("AWS::EC2::EIP", Domain="vpc"),
            "N": resource("AWS::EC2::NatGateway", "IA", SubnetId=ref("P0"), AllocationId=att("A", "AllocationId")),
            "X": resource(
                "AWS::EC2::Route", RouteTableId=ref("WT"), NatGatewayId=ref("N"), DestinationCidrBlock="0.0.0.0/0"
            ),
        }
        self.refused("InvalidNatGatewayID.NotFound", network() | other | gateway)

    def test_a_table_and_a_subnet_are_of_one_vpc(self):
        other = {
            "W": resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16"),
            "WT": resource("AWS::EC2::RouteTable", VpcId=ref("W")),
        }
        self.refused("belong to different networks", changed(network() | other, "QA0", RouteTableId=ref("WT")))
        again = resource("AWS::EC2::SubnetRouteTableAssociation", SubnetId=ref("Q0"), RouteTableId=ref("PT"))
        self.refused("Resource.AlreadyAssociated", network() | {"X": again})


class Gateways(Case):
    def zonal(self, **props):
        given = {"SubnetId": ref("P0"), "AllocationId": att("A", "AllocationId")} | props
        return {"A": resource("AWS::EC2::EIP", Domain="vpc"), "N": resource("AWS::EC2::NatGateway", "IA", **given)}

    def test_nat_gateways(self):
        self.accepted(network() | self.zonal())
        self.refused("needs AllocationId", changed(network() | self.zonal(), "N", AllocationId=None))
        self.refused("needs SubnetId", changed(network() | self.zonal(), "N", SubnetId=None))
        self.refused("Gateway.NotAttached", without(network() | self.zonal(), "IA", "PR"))

    def test_regional_nat_gateways(self):
        regional = {"N": resource("AWS::EC2::NatGateway", "IA", AvailabilityMode="regional", VpcId=ref("V"))}
        self.accepted(network() | regional)
        self.refused("takes VpcId and no SubnetId", changed(network() | regional, "N", SubnetId=ref("P0")))
        self.refused("is public", changed(network() | regional, "N", ConnectivityType="private"))
        self.refused("Gateway.NotAttached", without(network() | regional, "IA", "PR"))

    def test_quota_of_elastic_ips(self):
        six_of_them = {f"A{n}": resource("AWS::EC2::EIP", Domain="vpc") for n in range(6)}
        self.refused("AddressLimitExceeded", six_of_them)
        self.accepted(without(six_of_them, "A5"))
        self.options.eip_quota = 0
        self.accepted(six_of_them)


class Rules(Case):
    def test_security_groups(self):
        group = resource(
            "AWS::EC2::SecurityGroup",
            GroupDescription="g",
            VpcId=ref("V"),
            SecurityGroupIngress=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv6": "::/0"}],
        )
        rule = {"GroupId": att("G", "GroupId"), "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
        resources = subnets() | {
            "G": group,
            "GI": resource("AWS::EC2::SecurityGroupIngress", **rule, SourceSecurityGroupId=att("G", "GroupId")),
            "GE": resource("AWS::EC2::SecurityGroupEgress", **rule, CidrIp="10.0.0.0/8"),
        }
        after = changed(resources, "G", SecurityGroupIngress=[])
        name, done = self.updated(resources, after)
        found = self.ec2.describe_security_groups(GroupIds=[self.resource(name, "G")["physical_id"]])
        ports = [p["FromPort"] for p in found["SecurityGroups"][0]["IpPermissions"]]
        self.assertEqual([80], ports)
        self.refused("rule without a peer", changed(resources, "GE", CidrIp=None))

    def test_acls(self):
        resources = subnets() | {
            "A": resource("AWS::EC2::NetworkAcl", VpcId=ref("V")),
            "AE": resource(
                "AWS::EC2::NetworkAclEntry",
                NetworkAclId=ref("A"),
                RuleNumber=100,
                Protocol=-1,
                RuleAction="allow",
                Ipv6CidrBlock="::/0",
            ),
            "AA": resource("AWS::EC2::SubnetNetworkAclAssociation", SubnetId=ref("Q0"), NetworkAclId=ref("A")),
        }
        self.updated(resources, changed(resources, "AE", RuleAction="deny"))

    def test_flow_logs(self):
        log = resource(
            "AWS::EC2::FlowLog",
            ResourceId=ref("V"),
            ResourceType="VPC",
            TrafficType="ALL",
            LogGroupName=ref("L"),
            DeliverLogsPermissionArn=att("R", "Arn"),
            MaxAggregationInterval=60,
        )
        parts = {"L": resource("AWS::Logs::LogGroup"), "R": role("vpc-flow-logs.amazonaws.com"), "FL": log}
        self.accepted(subnets() | parts)
        self.assertEqual(1, len(self.ec2.describe_flow_logs()["FlowLogs"]))
        self.clean_up()
        self.assertEqual([], self.ec2.describe_flow_logs()["FlowLogs"])


class Deletion(Case):
    def test_what_is_in_use_stays(self):
        """An interface that nobody's template knows, such as a load balancer's of a controller, holds the subnet."""
        name = self.accepted(subnets())
        subnet = self.resource(name, "Q0")["physical_id"]
        interface = self.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        self.delete_refused("DependencyViolation", name)
        self.ec2.delete_network_interface(NetworkInterfaceId=interface)

    def test_a_group_of_somebody_else_holds_the_vpc(self):
        name = self.accepted(subnets())
        vpc = self.resource(name, "V")["physical_id"]
        group = self.ec2.create_security_group(GroupName="k8s-x", Description="x", VpcId=vpc)["GroupId"]
        self.delete_refused("DependencyViolation: security groups", name)
        self.ec2.delete_security_group(GroupId=group)

    def test_gateways_of_somebody_else_hold_the_vpc(self):
        name = self.accepted(subnets())
        vpc = self.resource(name, "V")["physical_id"]
        made = self.ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]
        self.delete_refused("DependencyViolation: egress-only internet gateway", name)
        self.ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=made["EgressOnlyInternetGatewayId"])
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self.delete_refused("internet gateway still attached", name)
        self.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self.ec2.delete_internet_gateway(InternetGatewayId=gateway)

    def test_a_route_of_somebody_else_holds_the_gateway(self):
        name = self.accepted(network())
        route = {"DestinationIpv6CidrBlock": "2001:db8::/32", "RouteTableId": self.resource(name, "PT")["physical_id"]}
        gateway = self.resource(name, "EO")["physical_id"]
        main = self.ec2.describe_route_tables(
            Filters=[
                {"Name": "vpc-id", "Values": [self.resource(name, "V")["physical_id"]]},
                {"Name": "association.main", "Values": ["true"]},
            ]
        )["RouteTables"][0]["RouteTableId"]
        self.ec2.create_route(**route | {"RouteTableId": main}, EgressOnlyInternetGatewayId=gateway)
        self.delete_refused("routes to it", name)
        self.ec2.delete_route(**route | {"RouteTableId": main})

    def test_public_addresses_hold_the_attachment(self):
        name = self.accepted(network())
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        subnet = self.resource(name, "P0")["physical_id"]
        gateway = self.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
        self.delete_refused("has mapped public addresses", name)
        self.ec2.delete_nat_gateway(NatGatewayId=gateway)
        self.moto.reset()  # moto leaves the interface of the gateway behind
