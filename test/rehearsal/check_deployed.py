#!/usr/bin/env python3
"""check_deployed.py [--state STATE] [--no-eks] [--no-nat] [--no-lbc] STACK [STACK...]

Reads back through the AWS APIs what a deployment made, and checks the facts of a dual-stack VPC with an EKS cluster on
IPv6 and the AWS Load Balancer Controller. Beside them a stack may hold IPv4-only VPCs, VPCs of clients with any layout,
and IPv4 clusters, of which less is asked. Prints a table; exit 1 on a FAIL. The endpoint is $AWS_ENDPOINT_URL.

What only a function would have applied (charts, manifests) is read from the state file. Nothing here depends on the
names of constructs or resources: VPCs and clusters are found in the stacks.
"""

import argparse
import fnmatch
import ipaddress
import json
import os
import sys

import boto3

CONTROLLER = "aws-load-balancer-controller"
ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"

CNI_ACTIONS = ["ec2:AssignIpv6Addresses"]
NODE_ACTIONS = ["ec2:DescribeInstances", "ecr:GetAuthorizationToken"]
CONTROLLER_ACTIONS = [
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:CreateTargetGroup",
    "elasticloadbalancing:RegisterTargets",
    "elasticloadbalancing:SetIpAddressType",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateSecurityGroup",
    "iam:CreateServiceLinkedRole",
]
NEWER_CONTROLLER_ACTIONS = [
    "elasticloadbalancing:ModifyListenerAttributes",
    "elasticloadbalancing:DescribeListenerAttributes",
    "ec2:DescribeIpamPools",
]

args = None
rows = []


def row(level, what, found=""):
    rows.append((level, what, str(found)))


def check(ok, what, found="", soft=False):
    row("ok" if ok else "WARN" if soft else "FAIL", what, found)
    return ok


class Deployed:
    """What the stacks hold."""

    def __init__(self, endpoint, region, stacks, state):
        self.region, self.state = region, state
        services = ("cloudformation", "ec2", "eks", "iam", "elbv2")
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        made = [boto3.client(name, region_name=region, endpoint_url=endpoint, **keys) for name in services]
        self.cfn, self.ec2, self.eks, self.iam, self.elb = made
        self.resources = []
        for name in stacks:
            self.add(name)
        self.vpcs = self.ids("AWS::EC2::VPC")
        self.clusters = self.ids("AWS::EKS::Cluster", "Custom::AWSCDK-EKS-Cluster")
        self.facts = {name: self.eks.describe_cluster(name=name)["cluster"] for name in self.clusters}
        self.ipv6_clusters = [
            name for name, c in self.facts.items() if c["kubernetesNetworkConfig"].get("ipFamily") == "ipv6"
        ]
        # The VPCs of which everything is asked: those of IPv6 clusters, or else those with IPv6.
        self.homes = {self.facts[name]["resourcesVpcConfig"]["vpcId"] for name in self.ipv6_clusters}
        self.homes = self.homes or {vpc for vpc in self.vpcs if self.ipv6_blocks(vpc)}
        self.kinds = {}  # subnet -> public, private or isolated
        self.custom = state.get("custom_resources", {})

    def add(self, name):
        stack = self.cfn.describe_stacks(StackName=name)["Stacks"][0]
        status = stack["StackStatus"]
        check(status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), f"stack {name} complete", status)
        found = self.flat(name)
        self.resources += found
        row("info", f"stack {name}", f"{len(found)} resources, {len(stack.get('Outputs', []))} outputs")

    def flat(self, stack):
        """the resources of a stack and of its nested stacks"""
        out = []
        for resource in self.cfn.describe_stack_resources(StackName=stack)["StackResources"]:
            out.append(resource)
            if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                out += self.flat(resource["PhysicalResourceId"])
        return out

    def ids(self, *types):
        return [r["PhysicalResourceId"] for r in self.resources if r["ResourceType"] in types]

    def ipv6_blocks(self, vpc):
        found = self.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0].get("Ipv6CidrBlockAssociationSet", [])
        return [a["Ipv6CidrBlock"] for a in found if a["Ipv6CidrBlockState"]["State"] == "associated"]

    def missing(self, role, actions):
        """the actions that the role's policies do not allow, whatever the resource"""
        documents, iam = [], self.iam
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            documents.append(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
        for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            arn = policy["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
            documents.append(found["PolicyVersion"]["Document"])
        allowed = []
        for document in documents:
            document = json.loads(document) if isinstance(document, str) else document
            statements = document["Statement"]
            for statement in statements if isinstance(statements, list) else [statements]:
                if statement["Effect"] == "Allow":
                    found = statement.get("Action", [])
                    allowed += [found] if isinstance(found, str) else found
        return [a for a in actions if not any(fnmatch.fnmatch(a.lower(), p.lower()) for p in allowed)]

    def manifests(self):
        return [manifest for entry in self.custom.values() for manifest in entry.get("manifests", [])]


# ---------------------------------------------------------------- the network


def target(routes, destination):
    keys = ("EgressOnlyInternetGatewayId", "NatGatewayId", "TransitGatewayId", "VpcPeeringConnectionId", "GatewayId")
    for route in routes:
        if destination in (route.get("DestinationCidrBlock"), route.get("DestinationIpv6CidrBlock")):
            return next((route[key] for key in keys if route.get(key)), "?")
    return None


def check_vpc(d, vpc):
    home, six = vpc in d.homes, d.ipv6_blocks(vpc)
    if not home:
        row("info", f"{vpc}: of clients", "dual-stack" if six else "IPv4 only")
    if home or six:
        one = len(six) == 1 and ipaddress.ip_network(six[0]).prefixlen == 56
        check(one, f"{vpc}: one IPv6 /56", six)
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        found = d.ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)
        check(found[name[0].upper() + name[1:]]["Value"], f"{vpc}: {name}")
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    subnets = sorted(d.ec2.describe_subnets(Filters=filters)["Subnets"], key=lambda s: s["CidrBlock"] or "")
    tables = d.ec2.describe_route_tables(Filters=filters)["RouteTables"]
    nets = [net for net in (check_subnet(d, s, tables, home, six) for s in subnets) if net]
    apart = not any(a.overlaps(b) for i, a in enumerate(nets) for b in nets[i + 1 :])
    whole = len(set(nets)) == (len(subnets) if home else len(nets))
    check(whole and apart, f"{vpc}: every subnet a distinct /64", len(nets))
    for kind in ("public", "private") if home else ():
        zones = {s["AvailabilityZone"] for s in subnets if d.kinds[s["SubnetId"]] == kind}
        check(len(zones) >= 2, f"{vpc}: {kind} subnets in >= 2 AZs", sorted(zones))
    for gateway in d.ec2.describe_nat_gateways(Filters=filters)["NatGateways"]:
        regional = any(tag["Key"] == "rehearsal:availability-mode" for tag in gateway.get("Tags", []))
        if not regional and gateway["State"] != "deleted":
            place = d.kinds.get(gateway["SubnetId"])
            check(place == "public", f"{gateway['NatGatewayId']} sits in a public subnet", gateway["SubnetId"])


def check_subnet(d, subnet, tables, home, six):
    """Returns the subnet's IPv6 range, or None."""
    name = subnet["SubnetId"]
    blocks = [a["Ipv6CidrBlock"] for a in subnet.get("Ipv6CidrBlockAssociationSet", [])]
    net = ipaddress.ip_network(blocks[0]) if blocks else None
    if home or blocks:
        inside = net is not None and any(net.subnet_of(ipaddress.ip_network(b)) for b in six)
        what = f"{name} {subnet['AvailabilityZone']} {subnet.get('CidrBlock')}: IPv6 /64 in the VPC's block"
        check(inside and net.prefixlen == 64, what, blocks)
    if home:
        check(subnet.get("AssignIpv6AddressOnCreation", False), f"{name}: assigns IPv6 on creation", soft=True)
    own = [t for t in tables if any(a.get("SubnetId") == name for a in t["Associations"])]
    check(len(own) == 1, f"{name}: own route table", [t["RouteTableId"] for t in own])
    main = [t for t in tables if any(a.get("Main") for a in t["Associations"])]
    check_routes(d, subnet, (own or main)[0]["Routes"], home, six)
    return net


def check_routes(d, subnet, routes, home, six):
    name, four, to_six = subnet["SubnetId"], target(routes, "0.0.0.0/0"), target(routes, "::/0")
    public = (four or "").startswith("igw-") or (to_six or "").startswith("igw-")
    kind = "public" if public else "private" if four or to_six else "isolated"
    d.kinds[name] = kind
    tags = {tag["Key"]: tag["Value"] for tag in subnet.get("Tags", [])}
    tagged = bool(d.clusters) or not args.no_eks
    if not home:
        if six and four and public:
            check((to_six or "igw-").startswith("igw-"), f"{name} public: ::/0 -> IGW", to_six)
        row("info", f"{name} {kind}: default routes", [four, to_six])
    elif kind == "public":
        check((four or "").startswith("igw-"), f"{name} public: 0.0.0.0/0 -> IGW", four)
        check((to_six or "").startswith("igw-"), f"{name} public: ::/0 -> IGW", to_six)
        if tagged:
            role = "kubernetes.io/role/elb"
            check(tags.get(role) == "1", f"{name} public: tag {role}=1")
    elif kind == "private":
        wanted = four is None if args.no_nat else (four or "").startswith("nat-")
        check(wanted, f"{name} private: 0.0.0.0/0 -> " + ("nothing" if args.no_nat else "NAT"), four)
        check((to_six or "").startswith("eigw-"), f"{name} private: ::/0 -> egress-only IGW", to_six)
        if (four or "").startswith("nat-"):
            gateway = d.ec2.describe_nat_gateways(NatGatewayIds=[four])["NatGateways"][0]
            up = gateway["State"] == "available" and bool(gateway["NatGatewayAddresses"][0].get("AllocationId"))
            check(up, f"{name}: its NAT is available with an EIP", gateway["SubnetId"])
        if tagged:
            role = "kubernetes.io/role/internal-elb"
            check(tags.get(role) == "1", f"{name} private: tag {role}=1")


# ---------------------------------------------------------------- clusters


def check_cluster(d, name):
    cluster = d.facts[name]
    network, config, six = cluster["kubernetesNetworkConfig"], cluster["resourcesVpcConfig"], name in d.ipv6_clusters
    check(cluster["status"] == "ACTIVE", f"cluster {name} ACTIVE", f"version {cluster['version']}")
    if six:
        services = network.get("serviceIpv6Cidr")
        check(ipaddress.ip_network(services or "0.0.0.0/0").version == 6, "cluster serviceIpv6Cidr", services)
        subnets = d.ec2.describe_subnets(SubnetIds=config["subnetIds"])["Subnets"]
        with_ipv6 = all(s.get("Ipv6CidrBlockAssociationSet") for s in subnets)
        check(with_ipv6, "all cluster subnets have IPv6", f"{len(subnets)} subnets")
    else:
        services = network.get("serviceIpv4Cidr")
        check(network.get("ipFamily") == "ipv4" and bool(services), "IPv4 cluster: serviceIpv4Cidr", services)
    check(not d.vpcs or config["vpcId"] in d.vpcs, "cluster is in the stacks' VPC", config["vpcId"])
    access = ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")
    row("info", "endpoint access", {key: config.get(key) for key in access})
    logged = cluster.get("logging", {}).get("clusterLogging", [])
    row("info", "control-plane logs", [kind for entry in logged if entry["enabled"] for kind in entry["types"]])
    row("info", "secrets encryption", bool(cluster.get("encryptionConfig")))
    groups = d.eks.list_nodegroups(clusterName=name)["nodegroups"]
    profiles = d.eks.list_fargate_profiles(clusterName=name)["fargateProfileNames"]
    auto = (cluster.get("computeConfig") or {}).get("enabled", False)
    found = f"nodegroups {len(groups)}, fargate {len(profiles)}, auto mode {auto}"
    check(bool(groups or profiles or auto), "the cluster has capacity", found)
    addons = d.eks.list_addons(clusterName=name)["addons"]
    identities = [
        d.eks.describe_pod_identity_association(clusterName=name, associationId=a["associationId"])["association"]
        for a in d.eks.list_pod_identity_associations(clusterName=name)["associations"]
    ]
    row("info", "add-ons", addons)
    row("info", "access entries", d.eks.list_access_entries(clusterName=name)["accessEntries"])
    row("info", "pod identities", [(a["namespace"], a["serviceAccount"]) for a in identities])
    cni_roles = [a["roleArn"] for a in identities if a["serviceAccount"] == "aws-node"]
    if "vpc-cni" in addons:
        addon = d.eks.describe_addon(clusterName=name, addonName="vpc-cni")["addon"]
        cni_roles += [addon["serviceAccountRoleArn"]] if addon.get("serviceAccountRoleArn") else []
    for group in groups:
        check_nodes(d, name, group, cni_roles, six)
    check_controller(d, name, identities)
    objects = [(m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in d.manifests()]
    row("info", "manifests", objects)


def check_nodes(d, cluster, name, cni_roles, six):
    group = d.eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
    private = all(d.kinds.get(s, "private") == "private" for s in group["subnets"])
    found = f"{group['instanceTypes']} {group['scalingConfig']} {group['version']}"
    check(private, f"nodegroup {name[:40]} on private subnets", found)
    role = group["nodeRole"].split("/")[-1]
    missing = d.missing(role, NODE_ACTIONS)
    check(not missing, "node role: worker + ECR permissions", missing)
    if not six:
        return
    # The VPC CNI gives Pods IPv6 prefixes: on the node role, or on a role of its own.
    missing = {r: d.missing(r, CNI_ACTIONS) for r in [role] + [arn.split("/")[-1] for arn in cni_roles]}
    able = any(not lacks for lacks in missing.values())
    check(able, "VPC CNI may assign IPv6 (node role or aws-node role)", missing)


# ---------------------------------------------------------------- the load balancer controller


def controllers(d, cluster):
    """the Helm releases of the controller in a cluster"""
    releases = [
        entry["helm"]
        for entry in d.custom.values()
        if "helm" in entry and entry["properties"].get("ClusterName") == cluster
    ]
    return [r for r in releases if CONTROLLER in json.dumps([r["chart"], r["release"], r.get("asset")])]


def check_controller(d, cluster, identities):
    releases = controllers(d, cluster)
    found = [(r["chart"], r["version"], r["namespace"]) for r in releases]
    check(len(releases) <= 1, f"at most one AWS Load Balancer Controller Helm release in {cluster}", found)
    for release in releases:
        values, vpc = release["values"], d.facts[cluster]["resourcesVpcConfig"]["vpcId"]
        for key, wanted in (("clusterName", cluster), ("vpcId", vpc), ("region", d.region)):
            check(values.get(key) == wanted, f"LBC values: {key}", values.get(key))
        rest = {k: v for k, v in values.items() if k not in ("clusterName", "vpcId", "region")}
        row("info", "LBC values: other", rest)
        check_controller_role(d, cluster, release, identities)


def check_controller_role(d, cluster, release, identities):
    account, namespace = release["values"].get("serviceAccount") or {}, release["namespace"]
    name = account.get("name", CONTROLLER)
    manifests = [
        m["metadata"]
        for m in d.manifests()
        if m["kind"] == "ServiceAccount"
        and (m["metadata"].get("namespace"), m["metadata"]["name"]) == (namespace, name)
    ]
    annotations = [account.get("annotations") or {}] + [m.get("annotations", {}) for m in manifests]
    annotated = next((a[ROLE_ANNOTATION] for a in annotations if ROLE_ANNOTATION in a), None)
    there = bool(manifests) or account.get("create", True)
    check(there, "LBC service account exists (manifest, or the chart makes it)", f"{namespace}/{name}")
    bound = [a["roleArn"] for a in identities if (a["namespace"], a["serviceAccount"]) == (namespace, name)]
    arn = bound[0] if bound else annotated
    if not check(bool(arn), "LBC has an IAM role (pod identity or IRSA)", arn):
        return
    role = d.iam.get_role(RoleName=arn.split("/")[-1])["Role"]
    trust = json.dumps(role["AssumeRolePolicyDocument"])
    if bound:
        trusts = "pods.eks.amazonaws.com" in trust and "sts:TagSession" in trust
        check(trusts, "LBC role trusts pods.eks.amazonaws.com")
    else:
        issuer = d.facts[cluster]["identity"]["oidc"]["issuer"].replace("https://", "")
        providers = [p["Arn"] for p in d.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
        providers = [p for p in providers if p.endswith(issuer)]
        check(bool(providers) and providers[0] in trust, "LBC role trusts the cluster's OIDC provider", providers)
        parts = (f"{issuer}:sub", f"system:serviceaccount:{namespace}:{name}", "sts.amazonaws.com")
        check(all(part in trust for part in parts), "LBC role trust: sub and aud")
    missing = d.missing(role["RoleName"], CONTROLLER_ACTIONS)
    check(not missing, "LBC role: core permissions", missing)
    missing = d.missing(role["RoleName"], NEWER_CONTROLLER_ACTIONS)
    if missing:
        row("WARN", "LBC role lacks permissions that newer controllers ask for", missing)


# ---------------------------------------------------------------- load balancers and joins


def check_balancers(d):
    balancers = {b["LoadBalancerArn"]: b for b in d.elb.describe_load_balancers()["LoadBalancers"]}
    for arn in d.ids("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        balancer = balancers.get(arn, {})
        listeners = d.elb.describe_listeners(LoadBalancerArn=arn)["Listeners"] if balancer else []
        active = (balancer.get("State") or {}).get("Code") == "active"
        ports = [(listener["Protocol"], listener["Port"]) for listener in listeners]
        found = [balancer.get(key) for key in ("Type", "Scheme", "IpAddressType")] + [ports]
        what = f"load balancer {balancer.get('LoadBalancerName')} active with a listener"
        check(active and bool(listeners), what, found)
    groups = {g["TargetGroupArn"]: g for g in d.elb.describe_target_groups()["TargetGroups"]}
    for manifest in d.manifests():
        if manifest["kind"] != "TargetGroupBinding":
            continue
        spec = manifest["spec"]
        group = groups.get(spec["targetGroupARN"])
        same = group is not None and group.get("IpAddressType", "ipv4") == spec.get("ipAddressType", "ipv4")
        what = f"TargetGroupBinding {manifest['metadata']['name']}: its target group is there, of its family, behind a "
        check(same and bool(group["LoadBalancerArns"]), what + "load balancer", group and group["TargetGroupName"])


def check_joins(d):
    services = set()
    if d.ids("AWS::EC2::VPCEndpointService"):
        found = d.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
        services = {s["ServiceName"] for s in found}
    for endpoint in d.ec2.describe_vpc_endpoints()["VpcEndpoints"]:
        name = endpoint["ServiceName"]
        if endpoint["VpcId"] in d.vpcs and "vpce-svc-" in name:
            up = endpoint["State"] == "available" and name in services
            what = f"endpoint {endpoint['VpcEndpointId']} reaches its endpoint service"
            check(up, what, [endpoint.get("IpAddressType"), endpoint["SubnetIds"]])
    peerings = d.ids("AWS::EC2::VPCPeeringConnection")
    for peering in d.ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]:
        if peering["VpcPeeringConnectionId"] in peerings:
            active = peering["Status"]["Code"] == "active"
            check(active, f"peering {peering['VpcPeeringConnectionId']} active")
    for attachment in d.ec2.describe_transit_gateway_vpc_attachments()["TransitGatewayVpcAttachments"]:
        if attachment["VpcId"] in d.vpcs:
            found = [attachment["VpcId"], (attachment.get("Options") or {}).get("Ipv6Support")]
            up = attachment["State"] == "available"
            check(up, f"attachment {attachment['TransitGatewayAttachmentId']} available", found)


def main():
    global args
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", default=os.environ.get("AWS_ENDPOINT_URL"))
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--state")
    parser.add_argument("--no-eks", action="store_true", help="the stacks are not meant to hold a cluster")
    parser.add_argument("--no-nat", action="store_true", help="the VPC is meant to have no NAT gateway")
    parser.add_argument("--no-lbc", action="store_true", help="no AWS Load Balancer Controller is meant to be there")
    parser.add_argument("stacks", nargs="+")
    args = parser.parse_args()
    if not args.endpoint:
        parser.error("--endpoint or AWS_ENDPOINT_URL")
    state = {}
    if args.state:
        with open(args.state, encoding="utf-8") as file:
            state = json.load(file)
    d = Deployed(args.endpoint, args.region, args.stacks, state)
    if check(bool(d.vpcs), "a VPC is in the stacks", d.vpcs):
        check(bool(d.homes & set(d.vpcs)) or bool(d.clusters), "a VPC with IPv6 is in the stacks", sorted(d.homes))
    for vpc in d.vpcs:
        check_vpc(d, vpc)
    if not args.no_eks:
        check(bool(d.clusters), "an EKS cluster is in the stacks", d.clusters)
        check(bool(d.ipv6_clusters), "an IPv6 EKS cluster is in the stacks", d.ipv6_clusters)
    for name in d.clusters:
        check_cluster(d, name)
    if d.clusters and state and not args.no_lbc:
        found = [name for name in d.clusters if controllers(d, name)]
        check(bool(set(found) & set(d.ipv6_clusters)), "an IPv6 cluster has the AWS Load Balancer Controller", found)
    check_balancers(d)
    check_joins(d)
    texts = {name: json.dumps(entry["properties"]) for name, entry in d.custom.items()}
    placeholders = [name for name, text in texts.items() if "<" in text and ".*>" in text]
    check(not placeholders, "no placeholder in custom resource properties", placeholders)
    return show()


def show():
    width = min(max(len(what) for _, what, _ in rows), 96)
    for level, what, found in rows:
        print(f"{level:5} {what:{width}} {found[:160]}")
    count = {level: sum(r[0] == level for r in rows) for level in ("ok", "FAIL", "WARN")}
    print(f"{count['ok']} ok, {count['FAIL']} failed, {count['WARN']} warnings")
    return 1 if count["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
