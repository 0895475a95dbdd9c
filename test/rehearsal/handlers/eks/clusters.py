"""EKS clusters."""

import random

from moto.eks.models import eks_backends

from engine.errors import CfnError, NotModelled
from engine.resources import Handler, handles
from handlers.common import boolean, camel, has_ipv6, need_role, need_subnets, tag_map
from handlers.logs import expect_late_logs

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def eks_backend(ctx):
    return eks_backends[ctx.account][ctx.region]


def the_cluster(ctx, name):
    found = eks_backend(ctx).clusters.get(name)
    if found is None:
        raise CfnError(f"ResourceNotFoundException: No cluster found for name: {name}.")
    return found


def minor(version):
    """(1, 35) of 1.35, 1.35.2-eksbuild.1 and v1.35.2"""
    return tuple(int(x) for x in str(version).lstrip("v").split(".")[:2])


def logging(props):
    """The logging property as DescribeCluster tells it."""
    enabled = ((props.get("Logging") or {}).get("ClusterLogging") or {}).get("EnabledTypes", [])
    on = [x["Type"] for x in enabled]
    off = [x for x in LOG_TYPES if x not in on]
    out = [{"types": on, "enabled": True}] if on else []
    return {"clusterLogging": out + ([{"types": off, "enabled": False}] if off else [])}


def auto_mode(props):
    """Is Auto Mode on? Its three parts go together.

    https://docs.aws.amazon.com/eks/latest/userguide/auto-enable-existing.html
    """
    compute, storage = props.get("ComputeConfig") or {}, props.get("StorageConfig") or {}
    balancing = (props.get("KubernetesNetworkConfig") or {}).get("ElasticLoadBalancing") or {}
    parts = (compute, storage.get("BlockStorage") or {}, balancing)
    on = {boolean(part.get("Enabled", False)) for part in parts}
    if len(on) > 1:
        raise CfnError(
            "InvalidParameterException: for EKS Auto Mode computeConfig, storageConfig and elasticLoadBalancing must "
            "be enabled or disabled together"
        )
    return True in on


def check_network(ctx, config, family):
    """The VPC of a cluster's subnets: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html"""
    subnets = need_subnets(ctx, config["SubnetIds"])
    vpc = subnets[0]["VpcId"]
    if {s["VpcId"] for s in subnets} != {vpc}:
        raise CfnError("InvalidParameterException: subnets in several VPCs")
    if len({s["AvailabilityZone"] for s in subnets}) < 2:
        raise CfnError("InvalidParameterException: Subnets specified must be in at least two different AZs")
    for group in config.get("SecurityGroupIds", []):
        found = ctx.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        if found["VpcId"] != vpc:
            raise CfnError(f"InvalidParameterException: {group} not in {vpc}")
    # https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html
    public, private = config.get("EndpointPublicAccess", True), config.get("EndpointPrivateAccess", False)
    if not boolean(public) and not boolean(private):
        raise CfnError("InvalidParameterException: Private and public endpoint access cannot be false")
    # https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html
    bare = [s["SubnetId"] for s in subnets if not has_ipv6(s)]
    if family == "ipv6" and bare:
        raise CfnError(
            f"InvalidParameterException: ipFamily ipv6 needs an IPv6 CIDR on every subnet; missing on {bare}"
        )
    return vpc


def make_cluster(ctx, inst, name, props):
    """Of AWS::EKS::Cluster, and of CDK's older Custom::AWSCDK-EKS-Cluster."""
    need_role(ctx, props["RoleArn"], "eks.amazonaws.com")
    network = dict(props.get("KubernetesNetworkConfig") or {})
    family = network.get("IpFamily", "ipv4")
    vpc = check_network(ctx, props["ResourcesVpcConfig"], family)
    # https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
    if family == "ipv6" and "ServiceIpv4Cidr" in network:
        raise CfnError("InvalidParameterException: serviceIpv4Cidr cannot be given with ipFamily ipv6")
    auto = auto_mode(props)
    args = arguments(props, network)
    ctx.client("eks").create_cluster(name=name, **args)
    model = eks_backend(ctx).clusters[name]
    fill(ctx, model, args, network, vpc, auto)
    inst.physical_resource_id = name
    issuer, config = model.identity["oidc"]["issuer"], model.resources_vpc_config
    keys = [x.get("Provider") or {} for x in props.get("EncryptionConfig") or []]
    inst.attrs = {
        "Name": name,
        "Arn": model.arn,
        "Id": issuer.split("/")[-1],
        "Endpoint": model.endpoint,
        "CertificateAuthorityData": "LS0tLS1CRUdJTi1FTVVMQVRFRA==",
        "ClusterSecurityGroupId": config["clusterSecurityGroupId"],
        "ClusterSecurityGroup": config["clusterSecurityGroupId"],
        "OpenIdConnectIssuerUrl": issuer,
        "OpenIdConnectIssuer": issuer.replace("https://", ""),
        "EncryptionConfigKeyArn": keys[0].get("KeyArn", "") if keys else "",
        "KubernetesNetworkConfig.ServiceIpv6Cidr": model.kubernetes_network_config.get("serviceIpv6Cidr", ""),
    }


def arguments(props, network):
    """CreateCluster's arguments."""
    config = camel(dict(props["ResourcesVpcConfig"]))
    for key in ("endpointPublicAccess", "endpointPrivateAccess"):
        if key in config:
            config[key] = boolean(config[key])
    args = {
        "roleArn": props["RoleArn"],
        "resourcesVpcConfig": config,
        "kubernetesNetworkConfig": camel(network),
        "logging": logging(props),
        "tags": tag_map(props.get("Tags")),
    }
    for key in (
        "AccessConfig",
        "ComputeConfig",
        "StorageConfig",
        "UpgradePolicy",
        "ZonalShiftConfig",
        "EncryptionConfig",
        "RemoteNetworkConfig",
    ):
        if key in props:
            args[key[0].lower() + key[1:]] = camel(props[key])
    for key in ("BootstrapSelfManagedAddons", "DeletionProtection"):
        if key in props:
            args[key[0].lower() + key[1:]] = boolean(props[key])
    if "Version" in props:
        args["version"] = str(props["Version"])
    return args


def fill(ctx, model, args, network, vpc, auto):
    """What moto's cluster lacks."""
    family, word = network.get("IpFamily", "ipv4"), "".join(random.choice("0123456789ABCDEF") for _ in range(32))
    model.identity = {"oidc": {"issuer": f"https://oidc.eks.{ctx.region}.amazonaws.com/id/{word}"}}
    facts = {"ipFamily": family, "elasticLoadBalancing": {"enabled": auto}}
    if family == "ipv6":
        model.endpoint = f"https://eks-cluster.{word}.{ctx.region}.api.aws"
        groups = [random.randrange(65536) for _ in range(3)]
        facts["serviceIpv6Cidr"] = "fd{:02x}:{:04x}:{:04x}::/108".format(groups[0] % 256, *groups[1:])
    else:
        model.endpoint = f"https://{word}.gr7.{ctx.region}.eks.amazonaws.com"
        facts["serviceIpv4Cidr"] = network.get("ServiceIpv4Cidr", "172.20.0.0/16")
    model.kubernetes_network_config = facts
    group = ctx.client("ec2").create_security_group(
        GroupName=f"eks-cluster-sg-{model.name}", Description="EKS created security group applied to ENI", VpcId=vpc
    )
    model.resources_vpc_config = {
        "publicAccessCidrs": ["0.0.0.0/0"],
        "endpointPublicAccess": True,
        "endpointPrivateAccess": False,
        **args["resourcesVpcConfig"],
        "vpcId": vpc,
        "clusterSecurityGroupId": group["GroupId"],
    }
    model.access_config = {"authenticationMode": "CONFIG_MAP", **(args.get("accessConfig") or {})}
    for field, key in FIELDS.items():
        if key in args:
            setattr(model, field, args[key])
    # Add-ons, pod identity associations, access entries, Helm releases and manifests.
    model.ext_addons, model.ext_pia, model.ext_access, model.ext_helm, model.ext_manifests = {}, {}, {}, {}, {}


FIELDS = {
    "compute_config": "computeConfig",
    "storage_config": "storageConfig",
    "upgrade_policy": "upgradePolicy",
    "zonal_shift_config": "zonalShiftConfig",
    "deletion_protection": "deletionProtection",
}


def drop_cluster(ctx, inst):
    name = inst.physical_resource_id
    model = eks_backend(ctx).clusters[name]
    # https://docs.aws.amazon.com/eks/latest/userguide/deletion-protection.html
    if getattr(model, "deletion_protection", False):
        raise CfnError("InvalidRequestException: cluster has deletion protection")
    # https://docs.aws.amazon.com/eks/latest/userguide/delete-cluster.html
    for kind in ("nodegroups", "fargate_profiles"):
        if getattr(model, kind):
            raise CfnError(f"ResourceInUseException: cluster has {kind}: {sorted(getattr(model, kind))}")
    ctx.client("eks").delete_cluster(name=name)
    if any(entry["enabled"] for entry in (model.logging or {}).get("clusterLogging") or []):
        expect_late_logs(name)
    ctx.client("ec2").delete_security_group(GroupId=inst.attrs["ClusterSecurityGroupId"])


@handles("AWS::EKS::Cluster")
class Cluster(Handler):
    INPLACE = {
        "Version",
        "Force",
        "Logging",
        "ResourcesVpcConfig",
        "AccessConfig",
        "UpgradePolicy",
        "ZonalShiftConfig",
        "DeletionProtection",
        "ComputeConfig",
        "StorageConfig",
        "KubernetesNetworkConfig",
        "Tags",
    }

    def create(self, ctx, props, inst):
        make_cluster(ctx, inst, props.get("Name") or ctx.name(100), props)
        props.items()

    def update(self, ctx, props, inst, old, changed):
        model = the_cluster(ctx, inst.physical_resource_id)
        if changed - self.INPLACE:
            raise NotModelled(f"rehearsal: update of a cluster {sorted(changed - self.INPLACE)} is not modelled")
        if "Version" in changed:
            self.upgrade(model, props, old, changed)
        if "Logging" in changed:
            model.logging = logging(props)
        if "ResourcesVpcConfig" in changed:
            self.move(ctx, model, props)
        if "AccessConfig" in changed:
            self.change_access(model, props)
        if changed & {"ComputeConfig", "StorageConfig", "KubernetesNetworkConfig"}:
            auto = auto_mode(props)
            model.kubernetes_network_config["elasticLoadBalancing"] = {"enabled": auto}
        for field, key in FIELDS.items():
            name = key[0].upper() + key[1:]
            if name in changed:
                value = props.get(name)
                setattr(model, field, boolean(value or False) if name == "DeletionProtection" else camel(value))
        if "Tags" in changed:
            model.tags = tag_map(props.get("Tags"))
        props.items()

    @staticmethod
    def upgrade(model, props, old, changed):
        # One minor version at a time, no way back: https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
        before, after = minor(old.get("Version") or model.version), minor(props.get("Version") or model.version)
        if after != (before[0], before[1] + 1):
            raise CfnError(
                "InvalidParameterException: Unsupported Kubernetes minor version update from "
                f"{old.get('Version')} to {props.get('Version')}"
            )
        # One type of update at a time, as UpdateClusterVersion and UpdateClusterConfig are calls of their own and a
        # cluster takes no second one while the first is under way:
        # https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html
        # (https://github.com/aws/aws-cdk/issues/33452 has the message)
        others = changed - {"Version", "Force", "Tags"}
        if others:
            raise CfnError(
                "InvalidParameterException: Only one type of update can be allowed: Version and "
                f"{', '.join(sorted(others))}"
            )
        # The kubelet and kube-proxy may be three minor versions behind, on the page above under "Review upgrade
        # considerations".
        far = [name for name, group in model.nodegroups.items() if after[1] - minor(group.version)[1] > 3]
        if far:
            raise CfnError(
                f"InvalidRequestException: node groups {far} would be more than three minor versions behind "
                f"{props['Version']}"
            )
        proxy = model.ext_addons.get("kube-proxy", {}).get("addonVersion", "")
        if proxy.startswith("v") and after[1] - minor(proxy)[1] > 3:
            raise CfnError(
                f"InvalidRequestException: kube-proxy {proxy} would be more than three minor versions behind "
                f"{props['Version']}"
            )
        model.version = str(props["Version"])

    @staticmethod
    def move(ctx, model, props):
        # https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html
        vpc = check_network(ctx, props["ResourcesVpcConfig"], model.kubernetes_network_config["ipFamily"])
        if vpc != model.resources_vpc_config["vpcId"]:
            raise CfnError("InvalidParameterException: the subnets must be in the VPC that the cluster was made in")
        model.resources_vpc_config.update(camel(props["ResourcesVpcConfig"]))

    @staticmethod
    def change_access(model, props):
        # From CONFIG_MAP to API and never back:
        # https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html
        order = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
        before = model.access_config["authenticationMode"]
        after = (props.get("AccessConfig") or {}).get("AuthenticationMode", before)
        if order.index(after) < order.index(before):
            raise CfnError(
                f"InvalidParameterException: Unsupported authentication mode update from {before} to {after}"
            )
        model.access_config.update(camel(props.get("AccessConfig") or {}))

    def delete(self, ctx, inst):
        drop_cluster(ctx, inst)
