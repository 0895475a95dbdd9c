"""Application and Network Load Balancers, target groups, listeners and their rules."""

import copy
import random
import re

from moto.elbv2.models import ELBv2Backend, elbv2_backends

from engine.errors import CfnError
from engine.resources import Handler, handles
from engine.state import warn
from handlers.common import (
    attach_interfaces,
    boolean,
    drop_interfaces,
    ec2_backend,
    has_ipv6,
    integer,
    need_subnets,
    pick,
    tag_map,
)

NLB_PROTOCOLS = ("TCP", "UDP", "TCP_UDP", "TLS", "QUIC", "TCP_QUIC")
PROTOCOLS = {"network": NLB_PROTOCOLS, "application": ("HTTP", "HTTPS")}

validate_source_ip = ELBv2Backend._validate_source_ip_condition


def source_ip_condition(self, condition):
    """moto knows no condition on the client's address family."""
    if "IpAddressType" not in condition.get("SourceIpConfig", {}):
        validate_source_ip(self, condition)


ELBv2Backend._validate_source_ip_condition = source_ip_condition


def elb_backend(ctx):
    return elbv2_backends[ctx.account][ctx.region]


def load_balancer(ctx, arn):
    found = elb_backend(ctx).load_balancers.get(arn)
    if found is None:
        raise CfnError(f"LoadBalancerNotFound: {arn}")
    return found


def target_group(ctx, arn):
    found = elb_backend(ctx).target_groups.get(arn)
    if found is None:
        raise CfnError(f"TargetGroupNotFound: {arn}")
    return found


def attributes(props, key):
    return [pick(x, "Key", "Value") for x in props.get(key) or []]


class ElbHandler(Handler):
    @staticmethod
    def retag(ctx, inst, old, props):
        elb, arn = ctx.client("elbv2"), inst.physical_resource_id
        gone = [key for key in tag_map(old.get("Tags")) if key not in tag_map(props.get("Tags"))]
        if gone:
            elb.remove_tags(ResourceArns=[arn], TagKeys=gone)
        if props.get("Tags"):
            elb.add_tags(ResourceArns=[arn], Tags=props["Tags"])

    @staticmethod
    def short_name(ctx):
        """32 letters, digits and single hyphens."""
        name = f"{ctx.stack.name[:8].strip('-')}-{ctx.logical[:8]}-{random.randrange(16**12):012X}"
        return re.sub(r"[^A-Za-z0-9-]|-(?=-)", "", name)


# ---------------------------------------------------------------- load balancers


@handles("AWS::ElasticLoadBalancingV2::LoadBalancer")
class LoadBalancer(ElbHandler):
    @staticmethod
    def subnet_ids(props):
        return props.get("Subnets") or [m["SubnetId"] for m in props.get("SubnetMappings", [])]

    def check(self, ctx, props):
        kind, family = props.get("Type", "application"), props.get("IpAddressType", "ipv4")
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
        if bool(props.get("Subnets")) == bool(props.get("SubnetMappings")):
            raise CfnError("ValidationError: exactly one of Subnets and SubnetMappings must be specified")
        subnets = need_subnets(ctx, self.subnet_ids(props))
        if len({s["VpcId"] for s in subnets}) > 1:
            raise CfnError("InvalidConfigurationRequest: the subnets are in several VPCs")
        vpc, zones = subnets[0]["VpcId"], {s["AvailabilityZone"] for s in subnets}
        if len(zones) < len(subnets):
            raise CfnError(
                "InvalidConfigurationRequest: A load balancer cannot be attached to multiple subnets in the same "
                "Availability Zone"
            )
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
        if kind == "application" and len(zones) < 2:
            raise CfnError(
                "ValidationError: At least two subnets in two different Availability Zones must be specified"
            )
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-ip-address-type.html
        bare = [s["SubnetId"] for s in subnets if not has_ipv6(s)]
        if family.startswith("dualstack") and bare:
            raise CfnError(f"ValidationError: You must specify subnets with an associated IPv6 CIDR block. {bare}")
        source_nat = props.get("EnablePrefixForIpv6SourceNat") == "on"
        if source_nat and (kind, family) != ("network", "dualstack"):
            raise CfnError("ValidationError: EnablePrefixForIpv6SourceNat is for dualstack Network Load Balancers")
        self.check_groups(ctx, props, vpc)
        self.check_scheme(ctx, props, vpc)

    @staticmethod
    def check_groups(ctx, props, vpc):
        if not props.get("SecurityGroups"):
            return
        found = ctx.client("ec2").describe_security_groups(GroupIds=props["SecurityGroups"])["SecurityGroups"]
        for group in found:
            if group["VpcId"] != vpc:
                raise CfnError(
                    "InvalidConfigurationRequest: One or more security groups are invalid: "
                    f"{group['GroupId']} is not in {vpc}"
                )

    @staticmethod
    def check_scheme(ctx, props, vpc):
        # InvalidSubnet: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
        if props.get("Scheme", "internet-facing") != "internet-facing":
            return
        filters = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
        if not ctx.client("ec2").describe_internet_gateways(Filters=filters)["InternetGateways"]:
            raise CfnError(f"InvalidSubnet: VPC {vpc} has no internet gateway")

    def create(self, ctx, props, inst):
        self.check(ctx, props)
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSecurityGroups.html
        if "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic" in props and not props.get("SecurityGroups"):
            raise CfnError(
                "ValidationError: EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic needs a security group"
            )
        made = ctx.client("elbv2").create_load_balancer(
            Name=props.get("Name") or self.short_name(ctx),
            Scheme=props.get("Scheme", "internet-facing"),
            Type=props.get("Type", "application"),
            **pick(props, "Subnets", "SubnetMappings", "SecurityGroups"),
            **({"Tags": props["Tags"]} if props.get("Tags") else {}),
        )["LoadBalancers"][0]
        inst.physical_resource_id = arn = made["LoadBalancerArn"]
        model = load_balancer(ctx, arn)
        model.state = "active"
        self.apply(ctx, props, inst)
        inst.attrs = {
            "LoadBalancerArn": arn,
            "DNSName": made["DNSName"],
            "CanonicalHostedZoneID": made["CanonicalHostedZoneId"],
            "LoadBalancerName": model.name,
            "LoadBalancerFullName": arn.split("loadbalancer/")[1],
            "SecurityGroups": props.get("SecurityGroups", []),
        }

    def apply(self, ctx, props, inst):
        arn = inst.physical_resource_id
        model = load_balancer(ctx, arn)
        model.ip_address_type = props.get("IpAddressType", "ipv4")
        model.security_groups = list(props.get("SecurityGroups", []))
        model.subnets = [ec2_backend(ctx).get_subnet(s) for s in self.subnet_ids(props)]
        model.enable_prefix_for_ipv6_source_nat = props.get("EnablePrefixForIpv6SourceNat", "off")
        enforce = props.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
        model.enforce_security_group_inbound_rules_on_private_link_traffic = enforce
        if props.get("LoadBalancerAttributes"):
            ctx.client("elbv2").modify_load_balancer_attributes(
                LoadBalancerArn=arn, Attributes=attributes(props, "LoadBalancerAttributes")
            )
        drop_interfaces(ctx, inst.memory.get("interfaces", []))
        what = "ELB " + arn.split("loadbalancer/")[1]
        inst.memory["interfaces"] = attach_interfaces(ctx, self.subnet_ids(props), props.get("SecurityGroups"), what)

    def update(self, ctx, props, inst, old, changed):
        model = load_balancer(ctx, inst.physical_resource_id)
        self.check(ctx, props)
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
        if model.type == "network" and bool(old.get("SecurityGroups")) != bool(props.get("SecurityGroups")):
            raise CfnError(
                "InvalidConfigurationRequest: security groups can neither be added to a Network Load Balancer made "
                "without nor all be removed"
            )
        if "Tags" in changed:
            self.retag(ctx, inst, old, props)
        self.apply(ctx, props, inst)
        props.items()

    def delete(self, ctx, inst):
        arn = inst.physical_resource_id
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-delete.html
        if load_balancer(ctx, arn).attrs.get("deletion_protection.enabled") == "true":
            raise CfnError(
                f"OperationNotPermitted: Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            )
        for service in ec2_backend(ctx).configurations.values():
            if arn in service.network_load_balancer_arns + service.gateway_load_balancer_arns:
                raise CfnError(f"ResourceInUse: Load balancer '{arn}' is currently associated with another service")
        ctx.client("elbv2").delete_load_balancer(LoadBalancerArn=arn)
        drop_interfaces(ctx, inst.memory["interfaces"])


# ---------------------------------------------------------------- target groups


@handles("AWS::ElasticLoadBalancingV2::TargetGroup")
class TargetGroup(ElbHandler):
    HEALTH = (
        "HealthCheckPath",
        "HealthCheckPort",
        "HealthCheckProtocol",
        "HealthCheckEnabled",
        "HealthCheckIntervalSeconds",
        "HealthCheckTimeoutSeconds",
        "HealthyThresholdCount",
        "UnhealthyThresholdCount",
        "Matcher",
    )

    def health(self, props):
        args = pick(props, *self.HEALTH)
        for key in args:
            if key.endswith(("Seconds", "Count")):
                args[key] = integer(args[key])
        if "HealthCheckEnabled" in args:
            args["HealthCheckEnabled"] = boolean(args["HealthCheckEnabled"])
        return args

    def create(self, ctx, props, inst):
        kind, six = props.get("TargetType", "instance"), props.get("IpAddressType") == "ipv6"
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
        if six and kind in ("lambda", "alb"):
            raise CfnError(f"ValidationError: a target group of type {kind} cannot have the IP address type ipv6")
        if six:
            vpc = ctx.client("ec2").describe_vpcs(VpcIds=[props["VpcId"]])["Vpcs"][0]
            if not vpc.get("Ipv6CidrBlockAssociationSet"):
                warn(
                    f"{ctx.logical}: target group of IP address type ipv6 in {props['VpcId']}, which has no IPv6 CIDR "
                    "block yet (is the block a dependency?)"
                )
        args = pick(props, "Protocol", "ProtocolVersion", "VpcId", "TargetType", "IpAddressType") | self.health(props)
        if "Port" in props:
            args["Port"] = integer(props["Port"])
        if props.get("Tags"):
            args["Tags"] = props["Tags"]
        made = ctx.client("elbv2").create_target_group(Name=props.get("Name") or self.short_name(ctx), **args)
        inst.physical_resource_id = arn = made["TargetGroups"][0]["TargetGroupArn"]
        self.apply(ctx, props, inst, [])
        inst.attrs = {
            "TargetGroupArn": arn,
            "TargetGroupName": made["TargetGroups"][0]["TargetGroupName"],
            "TargetGroupFullName": "targetgroup/" + arn.split("targetgroup/")[1],
            "LoadBalancerArns": lambda: target_group(ctx, arn).load_balancer_arns,
        }

    @staticmethod
    def apply(ctx, props, inst, old_targets):
        elb, arn = ctx.client("elbv2"), inst.physical_resource_id
        if props.get("TargetGroupAttributes"):
            elb.modify_target_group_attributes(
                TargetGroupArn=arn, Attributes=attributes(props, "TargetGroupAttributes")
            )

        def numbered(targets):
            return [{**t, **({"Port": integer(t["Port"])} if "Port" in t else {})} for t in targets]

        gone = [target for target in old_targets if target not in props.get("Targets", [])]
        if gone:
            elb.deregister_targets(TargetGroupArn=arn, Targets=numbered(gone))
        if props.get("Targets"):
            elb.register_targets(TargetGroupArn=arn, Targets=numbered(props["Targets"]))

    def update(self, ctx, props, inst, old, changed):
        if changed & set(self.HEALTH):
            ctx.client("elbv2").modify_target_group(TargetGroupArn=inst.physical_resource_id, **self.health(props))
        if "Tags" in changed:
            self.retag(ctx, inst, old, props)
        self.apply(ctx, props, inst, old.get("Targets", []))
        props.items()

    def delete(self, ctx, inst):
        ctx.client("elbv2").delete_target_group(TargetGroupArn=inst.physical_resource_id)


# ---------------------------------------------------------------- listeners and rules


def targets_of(actions):
    """The target groups of actions in CloudFormation's form."""
    out = []
    for action in actions:
        if action.get("TargetGroupArn"):
            out.append(action["TargetGroupArn"])
        out += [g["TargetGroupArn"] for g in (action.get("ForwardConfig") or {}).get("TargetGroups", [])]
    return out


def check_actions(ctx, balancer, protocol, actions):
    for arn in targets_of(actions):
        group = target_group(ctx, arn)
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
        if group.vpc_id and group.vpc_id != balancer.vpc_id:
            raise CfnError(
                f"InvalidConfigurationRequest: target group {arn} and the load balancer are in different VPCs"
            )
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html
        if group.ip_address_type == "ipv6" and not balancer.ip_address_type.startswith("dualstack"):
            raise CfnError(
                f"InvalidConfigurationRequest: target group {arn} of IP address type ipv6 needs a dualstack load "
                "balancer"
            )
        wanted = {"HTTP": ("HTTP", "HTTPS"), "HTTPS": ("HTTP", "HTTPS"), "TLS": ("TCP", "TLS")}
        if group.target_type != "lambda" and group.protocol not in wanted.get(protocol, (protocol,)):
            raise CfnError(
                f"InvalidConfigurationRequest: a {protocol} listener cannot forward to {arn} of protocol "
                f"{group.protocol}"
            )
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html,
        # TargetGroupAssociationLimit
        if set(group.load_balancer_arns) - {balancer.arn}:
            raise CfnError(f"TargetGroupAssociationLimit: {arn} belongs to another load balancer")


def api_actions(ctx, balancer, protocol, actions):
    """Checked, and with numbers as the API takes them."""
    check_actions(ctx, balancer, protocol, actions)
    out = copy.deepcopy(list(actions))
    for action in out:
        if "Order" in action:
            action["Order"] = integer(action["Order"])
        for group in (action.get("ForwardConfig") or {}).get("TargetGroups", []):
            if "Weight" in group:
                group["Weight"] = integer(group["Weight"])
    return out


def associate(ctx):
    """A target group is behind the load balancers whose listeners and rules name it; moto only ever adds."""
    backend = elb_backend(ctx)
    behind = {arn: set() for arn in backend.target_groups}
    for balancer in backend.load_balancers.values():
        for listener in balancer.listeners.values():
            actions = list(listener.default_actions)
            for rule in listener.rules.values():
                actions += rule.actions
            for action in actions:
                for arn in backend._get_target_group_arns_from(action_data=action.data):
                    behind.setdefault(arn, set()).add(balancer.arn)
    for arn, group in backend.target_groups.items():
        group.load_balancer_arns = sorted(behind[arn])


@handles("AWS::ElasticLoadBalancingV2::Listener")
class Listener(ElbHandler):
    @staticmethod
    def args(ctx, props, balancer):
        protocol = props.get("Protocol") or "TCP"
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
        if protocol not in PROTOCOLS.get(balancer.type, (protocol,)):
            raise CfnError(f"ValidationError: Protocol {protocol} is not for a load balancer of type {balancer.type}")
        if protocol in ("HTTPS", "TLS") and not props.get("Certificates"):
            raise CfnError("ValidationError: A certificate must be specified for this listener")
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-ip-address-type.html
        source_nat = getattr(balancer, "enable_prefix_for_ipv6_source_nat", "off")
        if "UDP" in protocol and balancer.ip_address_type == "dualstack" and source_nat != "on":
            raise CfnError(
                "InvalidConfigurationRequest: a UDP listener of a dualstack load balancer needs "
                "EnablePrefixForIpv6SourceNat on"
            )
        args = pick(props, "Protocol", "SslPolicy", "AlpnPolicy", "Certificates")
        args["DefaultActions"] = api_actions(ctx, balancer, protocol, props["DefaultActions"])
        if "Port" in props:
            args["Port"] = integer(props["Port"])
        return args

    def create(self, ctx, props, inst):
        balancer = load_balancer(ctx, props["LoadBalancerArn"])
        args = self.args(ctx, props, balancer)
        # DuplicateListener: one listener a port, whatever the protocol
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
        for other in balancer.listeners.values():
            if str(other.port) == str(args.get("Port")):
                raise CfnError(
                    f"DuplicateListener: A listener already exists on port {args.get('Port')} of {balancer.arn}"
                )
        made = ctx.client("elbv2").create_listener(LoadBalancerArn=balancer.arn, **args)
        inst.physical_resource_id = made["Listeners"][0]["ListenerArn"]
        inst.attrs = {"ListenerArn": inst.physical_resource_id}
        self.finish(ctx, props, inst)

    @staticmethod
    def finish(ctx, props, inst):
        if props.get("ListenerAttributes"):
            ctx.client("elbv2").modify_listener_attributes(
                ListenerArn=inst.physical_resource_id, Attributes=attributes(props, "ListenerAttributes")
            )
        associate(ctx)

    def update(self, ctx, props, inst, old, changed):
        balancer = load_balancer(ctx, props["LoadBalancerArn"])
        ctx.client("elbv2").modify_listener(ListenerArn=inst.physical_resource_id, **self.args(ctx, props, balancer))
        self.finish(ctx, props, inst)
        props.items()

    def delete(self, ctx, inst):
        ctx.client("elbv2").delete_listener(ListenerArn=inst.physical_resource_id)
        associate(ctx)


@handles("AWS::ElasticLoadBalancingV2::ListenerRule")
class ListenerRule(ElbHandler):
    def args(self, ctx, props):
        listener = ctx.client("elbv2").describe_listeners(ListenerArns=[props["ListenerArn"]])["Listeners"][0]
        balancer = load_balancer(ctx, listener["LoadBalancerArn"])
        if balancer.type == "network":
            self.check_network(balancer, props["Conditions"])
        else:
            self.check_application(props["Conditions"])
        actions = api_actions(ctx, balancer, listener["Protocol"], props["Actions"])
        return {"Conditions": props["Conditions"], "Actions": actions}

    @staticmethod
    def check_network(balancer, conditions):
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-rule.html
        if balancer.ip_address_type != "dualstack":
            raise CfnError(
                "InvalidConfigurationRequest: listener rules of a Network Load Balancer need a dualstack one"
            )
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SourceIpConditionConfig.html
        for condition in conditions:
            config = condition.get("SourceIpConfig") or {}
            if condition.get("Field") != "source-ip" or "IpAddressType" not in config or config.get("Values"):
                raise CfnError(
                    "InvalidConfigurationRequest: a rule of a Network Load Balancer has a condition source-ip with "
                    f"IpAddressType, not {condition}"
                )

    @staticmethod
    def check_application(conditions):
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SourceIpConditionConfig.html
        for condition in conditions:
            if "IpAddressType" in (condition.get("SourceIpConfig") or {}):
                raise CfnError(
                    "InvalidConfigurationRequest: a condition on IpAddressType is for Network Load Balancers"
                )

    def create(self, ctx, props, inst):
        made = ctx.client("elbv2").create_rule(
            ListenerArn=props["ListenerArn"], Priority=integer(props["Priority"]), **self.args(ctx, props)
        )
        inst.physical_resource_id = made["Rules"][0]["RuleArn"]
        inst.attrs = {"RuleArn": inst.physical_resource_id, "IsDefault": False}
        associate(ctx)

    def update(self, ctx, props, inst, old, changed):
        elb, arn = ctx.client("elbv2"), inst.physical_resource_id
        args = self.args(ctx, props)
        if "Priority" in changed:
            elb.set_rule_priorities(RulePriorities=[{"RuleArn": arn, "Priority": integer(props["Priority"])}])
        elb.modify_rule(RuleArn=arn, **args)
        associate(ctx)
        props.items()

    def delete(self, ctx, inst):
        ctx.client("elbv2").delete_rule(RuleArn=inst.physical_resource_id)
        associate(ctx)
