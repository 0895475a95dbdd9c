"""Small templates, built of parts: each function returns resources, and a change is an edit of the dictionary."""

import copy


def ref(name):
    return {"Ref": name}


def att(name, attribute):
    return {"Fn::GetAtt": [name, attribute]}


def resource(rtype, *depends_on, **props):
    out = {"Type": rtype, "Properties": props}
    if depends_on:
        out["DependsOn"] = list(depends_on)
    return out


def changed(resources, name, **props):
    """A copy in which the resource has these properties; None takes one away."""
    out = copy.deepcopy(resources)
    for key, value in props.items():
        if value is None:
            out[name]["Properties"].pop(key, None)
        else:
            out[name]["Properties"][key] = value
    return out


def without(resources, *names):
    """A copy without these resources and without the dependencies on them."""
    out = copy.deepcopy({name: r for name, r in resources.items() if name not in names})
    for r in out.values():
        if "DependsOn" in r:
            r["DependsOn"] = [name for name in r["DependsOn"] if name not in names]
    return out


def independent(resources, *names):
    """A copy in which nothing depends on these by DependsOn."""
    out = copy.deepcopy(resources)
    for r in out.values():
        if "DependsOn" in r:
            r["DependsOn"] = [name for name in r["DependsOn"] if name not in names]
    return out


def six(index, vpc="V", count=16):
    """The index-th /64 of the VPC's block."""
    block = {"Fn::Select": [0, att(vpc, "Ipv6CidrBlocks")]}
    return {"Fn::Select": [index, {"Fn::Cidr": [block, count, "64"]}]}


def trust(service, *actions):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": list(actions) or "sts:AssumeRole",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def role(service, *actions, **props):
    return resource("AWS::IAM::Role", AssumeRolePolicyDocument=trust(service, *actions), **props)


POD_IDENTITY = ("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession")
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
}


def subnet(number, zone):
    return resource(
        "AWS::EC2::Subnet",
        "V6",
        VpcId=ref("V"),
        CidrBlock=f"10.0.{number}.0/24",
        Ipv6CidrBlock=six(number),
        AssignIpv6AddressOnCreation=True,
        AvailabilityZone={"Fn::Select": [zone, {"Fn::GetAZs": ""}]},
    )


def subnets():
    """A dual-stack VPC with a subnet in each of two zones, Q0 and Q1, and no routes: enough for most tests."""
    return {
        "V": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
        "V6": resource("AWS::EC2::VPCCidrBlock", VpcId=ref("V"), AmazonProvidedIpv6CidrBlock=True),
        "Q0": subnet(0, 0),
        "Q1": subnet(1, 1),
    }


def network():
    """Beside them a public tier, P0 and P1, gateways, and a route table of each tier."""
    out = subnets() | {
        "P0": subnet(2, 0),
        "P1": subnet(3, 1),
        "IG": resource("AWS::EC2::InternetGateway"),
        "IA": resource("AWS::EC2::VPCGatewayAttachment", VpcId=ref("V"), InternetGatewayId=ref("IG")),
        "EO": resource("AWS::EC2::EgressOnlyInternetGateway", VpcId=ref("V")),
        "PT": resource("AWS::EC2::RouteTable", VpcId=ref("V")),
        "QT": resource("AWS::EC2::RouteTable", VpcId=ref("V")),
        "PR": resource(
            "AWS::EC2::Route", "IA", RouteTableId=ref("PT"), DestinationCidrBlock="0.0.0.0/0", GatewayId=ref("IG")
        ),
        "QR": resource(
            "AWS::EC2::Route",
            RouteTableId=ref("QT"),
            DestinationIpv6CidrBlock="::/0",
            EgressOnlyInternetGatewayId=ref("EO"),
        ),
    }
    for name in ("P0", "P1", "Q0", "Q1"):
        association = {"SubnetId": ref(name), "RouteTableId": ref(f"{name[0]}T")}
        out[f"{name[0]}A{name[1]}"] = resource("AWS::EC2::SubnetRouteTableAssociation", **association)
    return out


def private():
    return [ref("Q0"), ref("Q1")]


def cluster(**props):
    """An IPv6 cluster C in the subnets."""
    config = {
        "SubnetIds": private(),
        "EndpointPrivateAccess": True,
        "EndpointPublicAccess": False,
    }
    given = {
        "Name": "the-cluster",
        "Version": "1.35",
        "RoleArn": att("CR", "Arn"),
        "ResourcesVpcConfig": config,
        "KubernetesNetworkConfig": {"IpFamily": "ipv6"},
        "AccessConfig": {"AuthenticationMode": "API"},
    } | props
    return {
        **subnets(),
        "CR": role("eks.amazonaws.com"),
        "C": resource("AWS::EKS::Cluster", **given),
    }


def nodes(**props):
    """A cluster with a node group N."""
    given = {
        "ClusterName": ref("C"),
        "NodeRole": att("NR", "Arn"),
        "Subnets": private(),
        "ScalingConfig": {"MinSize": 2, "DesiredSize": 2, "MaxSize": 4},
    } | props
    return {
        **cluster(),
        "NR": role("ec2.amazonaws.com"),
        "N": resource("AWS::EKS::Nodegroup", **given),
    }


def template(name="LT", **data):
    """A launch template."""
    return {name: resource("AWS::EC2::LaunchTemplate", LaunchTemplateData=data)}


def balancer(kind="network", family="dualstack", group="ipv6", **props):
    """A load balancer B with a listener L that forwards to a target group T, in the subnets."""
    protocol = "TCP" if kind == "network" else "HTTP"
    forward = [{"Type": "forward", "TargetGroupArn": ref("T")}]
    return {
        **subnets(),
        "G": resource("AWS::EC2::SecurityGroup", GroupDescription="g", VpcId=ref("V")),
        "B": resource(
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "V6",
            **(
                {
                    "Type": kind,
                    "Scheme": "internal",
                    "IpAddressType": family,
                    "Subnets": private(),
                    "SecurityGroups": [att("G", "GroupId")],
                }
                | props
            ),
        ),
        "T": targets(protocol, group),
        "L": resource(
            "AWS::ElasticLoadBalancingV2::Listener",
            LoadBalancerArn=ref("B"),
            Port=80,
            Protocol=protocol,
            DefaultActions=forward,
        ),
    }


def targets(protocol="TCP", family="ipv6", **props):
    return resource(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "V6",
        TargetType="ip",
        Protocol=protocol,
        Port=8080,
        IpAddressType=family,
        VpcId=ref("V"),
        **props,
    )


def service(family="dualstack", group="ipv6", types=("ipv4", "ipv6")):
    """An endpoint service E of a Network Load Balancer, which this account may use."""
    return {
        **balancer("network", family, group),
        "E": resource(
            "AWS::EC2::VPCEndpointService",
            NetworkLoadBalancerArns=[ref("B")],
            AcceptanceRequired=False,
            SupportedIpAddressTypes=list(types),
        ),
        "EP": resource(
            "AWS::EC2::VPCEndpointServicePermissions",
            ServiceId=ref("E"),
            AllowedPrincipals=[{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}],
        ),
    }


OWN_SERVICE = {"Fn::Join": [".", ["com.amazonaws.vpce", ref("AWS::Region"), ref("E")]]}


def interface(name, family, *depends_on, **props):
    """An interface endpoint of a service."""
    return resource(
        "AWS::EC2::VPCEndpoint",
        "V6",
        *depends_on,
        VpcId=ref("V"),
        VpcEndpointType="Interface",
        ServiceName=name,
        IpAddressType=family,
        **({"SubnetIds": private()} | props),
    )


def function(timeout=900):
    """A function F that custom resources call."""
    return {
        "FR": role("lambda.amazonaws.com"),
        "F": resource(
            "AWS::Lambda::Function",
            Role=att("FR", "Arn"),
            Code={"ZipFile": "pass"},
            Handler="index.handler",
            Runtime="python3.13",
            Timeout=timeout,
        ),
    }


def custom(rtype, *depends_on, **props):
    return resource(rtype, *depends_on, ServiceToken=att("F", "Arn"), **props)
