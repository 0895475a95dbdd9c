"""VPC endpoints and endpoint services."""

from selftest.base import Case
from selftest.templates import OWN_SERVICE, att, changed, interface, network, private, ref, resource, service, subnets

EC2, LOGS = "com.amazonaws.us-east-1.ec2", "com.amazonaws.us-east-1.logs"


def gateway(tables):
    return {
        "E": resource(
            "AWS::EC2::VPCEndpoint",
            VpcId=ref("V"),
            VpcEndpointType="Gateway",
            ServiceName="com.amazonaws.us-east-1.s3",
            RouteTableIds=tables,
        )
    }


class Endpoints(Case):
    def test_family_of_the_service(self):
        self.refused("does not support the IP address type dualstack", subnets() | {"E": interface(EC2, "dualstack")})
        self.accepted(subnets() | {"E": interface(EC2, "ipv4"), "L": interface(LOGS, "dualstack")})
        self.options.ipv4_only_endpoints = {"logs"}
        self.accepted(subnets() | {"E": interface(EC2, "dualstack")})
        self.refused("does not support the IP address type ipv6", subnets() | {"E": interface(LOGS, "ipv6")})

    def test_subnets(self):
        four = changed(subnets(), "Q1", Ipv6CidrBlock=None, AssignIpv6AddressOnCreation=None)
        self.refused("has no IPv6 CIDR for IpAddressType", four | {"E": interface(LOGS, "dualstack")})
        self.accepted(four | {"E": interface(LOGS, "ipv4")})
        two = [ref("P0"), ref("Q0")]
        self.refused("DuplicateSubnetsInSameZone", network() | {"E": interface(LOGS, "ipv4", SubnetIds=two)})

    def test_kinds(self):
        self.refused(
            "RouteTableIds are for gateway endpoints",
            network() | {"E": interface(LOGS, "ipv4", RouteTableIds=[ref("QT")])},
        )
        self.refused("are for interface endpoints", changed(network() | gateway([ref("QT")]), "E", SubnetIds=private()))

    def test_tables_of_another_vpc(self):
        other = {
            "W": resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16"),
            "WT": resource("AWS::EC2::RouteTable", VpcId=ref("W")),
        }
        self.refused("InvalidRouteTableId.NotFound", subnets() | other | gateway([ref("WT")]))

    def test_routes_follow_a_gateway_endpoints_tables(self):
        before, after = network() | gateway([ref("QT")]), network() | gateway([ref("PT")])
        name, done = self.updated(before, after)
        self.assertEqual(["E"], [x["id"] for x in done["updated"]])
        tables = self.ec2.describe_route_tables()["RouteTables"]
        with_route = [t["RouteTableId"] for t in tables if any(r.get("DestinationPrefixListId") for r in t["Routes"])]
        self.assertEqual([self.resource(name, "PT")["physical_id"]], with_route)

    def test_interface_endpoints_change_in_place(self):
        group = {"G": resource("AWS::EC2::SecurityGroup", GroupDescription="g", VpcId=ref("V"))}
        policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}],
        }
        before = subnets() | group | {"E": interface(LOGS, "ipv4")}
        after = changed(
            before,
            "E",
            IpAddressType="dualstack",
            SubnetIds=[ref("Q1")],
            SecurityGroupIds=[att("G", "GroupId")],
            PolicyDocument=policy,
            PrivateDnsEnabled=True,
        )
        name, done = self.updated(before, after)
        self.assertEqual(["E"], [x["id"] for x in done["updated"]])
        endpoint = self.resource(name, "E")["physical_id"]
        found = self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]
        self.assertEqual(
            ([self.resource(name, "Q1")["physical_id"]], "dualstack"), (found["SubnetIds"], found["IpAddressType"])
        )
        self.assertIn("Deny", found["PolicyDocument"])
        self.assertEqual(1, len(found["NetworkInterfaceIds"]))

    def test_an_update_is_checked_too(self):
        before = subnets() | {"E": interface(EC2, "ipv4")}
        self.update_refused(
            "does not support the IP address type dualstack", before, changed(before, "E", IpAddressType="dualstack")
        )


class Services(Case):
    def test_of_a_network_load_balancer(self):
        self.accepted(service() | {"X": interface(OWN_SERVICE, "dualstack", "EP")})
        self.assertEqual([], [w for w in self.state["warnings"] if "allows no principal" in w])
        self.accepted(service() | {"X": interface(OWN_SERVICE, "dualstack")})
        self.assertTrue([w for w in self.state["warnings"] if "allows no principal" in w])

    def test_families(self):
        self.refused("ipv6 needs a dualstack load balancer", service("ipv4", "ipv4"))
        self.refused(
            "does not support the IP address type ipv6",
            service(types=("ipv4",)) | {"X": interface(OWN_SERVICE, "dualstack")},
        )

    def test_zones_and_private_names(self):
        one = changed(service(), "B", Subnets=[ref("Q0")])
        self.refused("does not support the availability zone", one | {"X": interface(OWN_SERVICE, "ipv4")})
        self.refused(
            "does not provide a private DNS name",
            service() | {"X": interface(OWN_SERVICE, "ipv4", PrivateDnsEnabled=True)},
        )
        name = {"Fn::Join": ["", ["com.amazonaws.vpce.us-east-1.vpce-svc-", "0123456789abcdef0"]]}
        self.refused("does not exist", subnets() | {"X": interface(name, "ipv4")})

    def test_a_service_changes_in_place(self):
        after = changed(service(), "E", AcceptanceRequired=True, SupportedIpAddressTypes=["ipv4"])
        _, done = self.updated(service(), after)
        self.assertEqual(["E"], [x["id"] for x in done["updated"]])

    def test_of_no_application_load_balancer(self):
        resources = service()
        resources["B"]["Properties"]["Type"] = "application"
        for name in ("L", "T"):
            resources[name]["Properties"]["Protocol"] = "HTTP"
        self.refused("is no Network or Gateway Load Balancer", resources)

    def test_without_a_load_balancer(self):
        self.refused("a load balancer is needed", changed(service(), "E", NetworkLoadBalancerArns=[]))
        gone = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/gone/1"
        self.refused("LoadBalancerNotFound", changed(service(), "E", NetworkLoadBalancerArns=[gone]))

    def test_what_is_in_use_stays(self):
        name = self.accepted(service())
        found = self.resource(name, "E")["physical_id"]
        vpc = self.resource(name, "V")["physical_id"]
        made = self.ec2.create_vpc_endpoint(
            VpcId=vpc, ServiceName=f"com.amazonaws.vpce.us-east-1.{found}", VpcEndpointType="Interface"
        )["VpcEndpoint"]["VpcEndpointId"]
        self.delete_refused("ExistingVpcEndpointConnections", name)
        self.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
