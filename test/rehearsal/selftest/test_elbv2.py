"""Load balancers, target groups, listeners and rules."""

from selftest.base import Case
from selftest.templates import balancer, changed, network, ref, resource, subnet, targets, without

RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"


def rule(condition, group="T", **props):
    forward = [{"Type": "forward", "TargetGroupArn": ref(group)}]
    given = {"ListenerArn": ref("L"), "Priority": 5, "Conditions": [condition], "Actions": forward} | props
    return resource(RULE, **given)


def family(kind):
    return {"Field": "source-ip", "SourceIpConfig": {"IpAddressType": kind}}


PATH = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/x"]}}


class Balancers(Case):
    def test_subnets(self):
        self.accepted(balancer())
        same = balancer(Subnets=[ref("P0"), ref("Q0")]) | {"P0": subnet(2, 0)}
        self.refused("multiple subnets in the same", same)
        self.refused("At least two subnets", balancer("application", Subnets=[ref("Q0")]))
        bare = changed(balancer(group="ipv4"), "Q1", Ipv6CidrBlock=None, AssignIpv6AddressOnCreation=None)
        self.refused("subnets with an associated IPv6 CIDR block", bare)
        self.accepted(changed(bare, "B", IpAddressType="ipv4"))
        self.refused("exactly one of Subnets and SubnetMappings", balancer(SubnetMappings=[{"SubnetId": ref("Q0")}]))

    def test_scheme(self):
        public = balancer(Scheme="internet-facing", Subnets=[ref("P0"), ref("P1")]) | network()
        public["B"]["DependsOn"] = ["IA"]
        self.accepted(public)
        self.refused("has no internet gateway", without(public, "IA", "PR"))

    def test_source_nat_prefixes(self):
        udp = balancer()
        for name in ("L", "T"):
            udp[name]["Properties"]["Protocol"] = "UDP"
        udp["T"]["Properties"]["HealthCheckProtocol"] = "TCP"
        self.refused("needs EnablePrefixForIpv6SourceNat on", udp)
        self.accepted(changed(udp, "B", EnablePrefixForIpv6SourceNat="on"))
        self.refused(
            "is for dualstack Network Load Balancers",
            balancer("network", "ipv4", "ipv4", EnablePrefixForIpv6SourceNat="on"),
        )

    def test_security_groups_of_a_network_load_balancer(self):
        self.update_refused(
            "security groups can neither be added", balancer(), changed(balancer(), "B", SecurityGroups=None)
        )
        other = {"W": resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16")}
        moved = changed(balancer() | other, "G", VpcId=ref("W"))
        self.refused("security groups are invalid", moved)

    def test_one_vpc(self):
        other = {
            "W": resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16"),
            "W0": resource("AWS::EC2::Subnet", VpcId=ref("W"), CidrBlock="10.1.0.0/24"),
        }
        both = balancer("network", "ipv4", "ipv4", Subnets=[ref("Q1"), ref("W0")]) | other
        self.refused("the subnets are in several VPCs", both)
        far = changed(balancer(group="ipv4") | other, "T", VpcId=ref("W"))
        self.refused("are in different VPCs", far)

    def test_private_link_rules_need_a_group(self):
        enforced = {"EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "off"}
        self.accepted(balancer(**enforced))
        self.refused("needs a security group", changed(balancer(**enforced), "B", SecurityGroups=None))

    def test_an_endpoint_service_holds_it(self):
        name = self.accepted(balancer())
        arn = self.resource(name, "B")["physical_id"]
        made = self.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[arn])
        self.delete_refused("is currently associated with another service", name)
        self.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[made["ServiceConfiguration"]["ServiceId"]])

    def test_deletion_protection(self):
        attributes = [{"Key": "deletion_protection.enabled", "Value": "true"}]
        name = self.accepted(balancer(LoadBalancerAttributes=attributes))
        self.delete_refused("deletion protection is enabled", name)
        arn = self.resource(name, "B")["physical_id"]
        attributes[0]["Value"] = "false"
        self.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)


class Listeners(Case):
    def test_families(self):
        self.refused("needs a dualstack load balancer", balancer("network", "ipv4", "ipv6"))
        self.accepted(balancer("network", "dualstack", "ipv4"))
        self.refused("cannot have the IP address type ipv6", changed(balancer(), "T", TargetType="alb"))
        gone = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/gone/1"
        forward = [{"Type": "forward", "TargetGroupArn": gone}]
        self.refused("TargetGroupNotFound", changed(balancer(), "L", DefaultActions=forward))

    def test_protocols(self):
        self.refused("is not for a load balancer of type network", changed(balancer(), "L", Protocol="HTTP"))
        self.refused("A certificate must be specified", changed(balancer(), "L", Protocol="TLS"))
        self.refused("cannot forward to", changed(balancer(), "T", Protocol="UDP", HealthCheckProtocol="TCP"))

    def test_one_listener_a_port(self):
        again = balancer()
        again["L2"] = changed(again, "L")["L"]
        self.refused("DuplicateListener", again)
        self.accepted(changed(again, "L2", Port=81))

    def test_a_target_group_is_behind_one_load_balancer(self):
        two = balancer()
        two["B2"], two["L2"] = changed(two, "B")["B"], changed(two, "L", LoadBalancerArn=ref("B2"))["L"]
        two["L2"]["DependsOn"] = ["L"]
        self.refused("TargetGroupAssociationLimit", two)

    def test_weights_move(self):
        def weights(old, new):
            groups = [{"TargetGroupArn": ref("T4"), "Weight": old}, {"TargetGroupArn": ref("T"), "Weight": new}]
            return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]

        both = balancer("application") | {"T4": targets("HTTP", "ipv4")}
        before = changed(both, "L", DefaultActions=[{"Type": "forward", "TargetGroupArn": ref("T4")}])
        name, done = self.updated(before, changed(both, "L", DefaultActions=weights(90, 10)))
        self.assertEqual(["L"], [x["id"] for x in done["updated"]])
        groups = self.client("elbv2").describe_target_groups()["TargetGroups"]
        self.assertEqual([1, 1], [len(group["LoadBalancerArns"]) for group in groups])
        status, why = self.update(name, both)
        self.assertEqual("UPDATE_COMPLETE", status, why)
        groups = {g["TargetGroupArn"]: g for g in self.client("elbv2").describe_target_groups()["TargetGroups"]}
        self.assertEqual([], groups[self.resource(name, "T4")["physical_id"]]["LoadBalancerArns"])

    def test_health_checks_change_in_place(self):
        _, done = self.updated(balancer(), changed(balancer(), "T", HealthCheckIntervalSeconds=10))
        self.assertEqual(["T"], [x["id"] for x in done["updated"]])


class Rules(Case):
    def test_of_an_application_load_balancer(self):
        resources = balancer("application") | {"R": rule(PATH)}
        _, done = self.updated(resources, changed(resources, "R", Priority=7))
        self.assertEqual(["R"], [x["id"] for x in done["updated"]])
        self.refused("is for Network Load Balancers", balancer("application") | {"R": rule(family("ipv6"))})

    def test_of_a_network_load_balancer(self):
        """IPv4 clients go to IPv4 targets, IPv6 clients to IPv6 targets."""
        resources = balancer() | {"T4": targets(family="ipv4"), "R": rule(family("ipv4"), "T4")}
        self.accepted(resources)
        self.refused("has a condition source-ip with IpAddressType", balancer() | {"R": rule(PATH)})
        four = balancer("network", "ipv4", "ipv4") | {"R": rule(family("ipv4"))}
        self.refused("need a dualstack one", four)
