#!/usr/bin/env python3
"""leftovers.py --state STATE: is anything left after `cdk destroy`? Exit 1 if so. The endpoint is $AWS_ENDPOINT_URL.

What a DeletionPolicy retains, and the log group that EKS makes again, are told and are no fault.
"""

import argparse
import json
import sys

import boto3

LOG_GROUPS, BUCKETS, SNAPSHOTS = "log groups", "buckets", "database snapshots"
BOOTSTRAP = "cdk-hnb659fds"


def client(service):
    return boto3.client(service)


def live(items, key, *gone):
    return [item for item in items if item[key] not in gone]


def ec2_leftovers(ec2):
    own = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]}
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    endpoints = [e for e in ec2.describe_vpc_endpoints()["VpcEndpoints"] if e.get("State") != "deleted"]
    peerings = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
    peerings = [p for p in peerings if p["Status"]["Code"] not in ("deleted", "rejected", "failed")]
    egress_only = ec2.describe_egress_only_internet_gateways()["EgressOnlyInternetGateways"]
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    services = ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    transit = live(ec2.describe_transit_gateways()["TransitGateways"], "State", "deleted")
    groups = live(ec2.describe_security_groups()["SecurityGroups"], "GroupName", "default")
    return {
        "VPCs": own,
        "subnets": [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"] if s["VpcId"] in own],
        "NAT gateways": [g["NatGatewayId"] for g in live(gateways, "State", "deleted")],
        "addresses": [a["PublicIp"] for a in ec2.describe_addresses()["Addresses"]],
        "internet gateways": [g["InternetGatewayId"] for g in ec2.describe_internet_gateways()["InternetGateways"]],
        "egress-only internet gateways": [g["EgressOnlyInternetGatewayId"] for g in egress_only],
        "interfaces": [i["NetworkInterfaceId"] for i in interfaces],
        "endpoints": [e["VpcEndpointId"] for e in endpoints],
        "endpoint services": [s["ServiceId"] for s in services],
        "peerings": [p["VpcPeeringConnectionId"] for p in peerings],
        "transit gateways": [g["TransitGatewayId"] for g in transit],
        "security groups": [g["GroupId"] for g in groups],
        "launch templates": [t["LaunchTemplateId"] for t in ec2.describe_launch_templates()["LaunchTemplates"]],
        "flow logs": [f["FlowLogId"] for f in ec2.describe_flow_logs()["FlowLogs"]],
    }


def kms_leftovers(kms):
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    keys = [key for key in keys if key["KeyManager"] == "CUSTOMER" and key["KeyState"] != "PendingDeletion"]
    return {"keys that are not scheduled for deletion": [key["KeyId"] for key in keys]}


def iam_leftovers(iam):
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    policies = [policy["Arn"] for policy in iam.list_policies(Scope="Local")["Policies"]]
    profiles = [p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]]
    providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return {
        "roles": [role for role in roles if not role.startswith(BOOTSTRAP)],
        "managed policies": [arn for arn in policies if BOOTSTRAP not in arn],
        "instance profiles": profiles,
        "OIDC providers": [provider["Arn"] for provider in providers],
    }


def data_leftovers():
    rds, snapshots = client("rds"), client("rds").describe_db_cluster_snapshots(SnapshotType="manual")
    buckets = [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]
    return {
        "database clusters": [c["DBClusterIdentifier"] for c in rds.describe_db_clusters()["DBClusters"]],
        "database instances": [i["DBInstanceIdentifier"] for i in rds.describe_db_instances()["DBInstances"]],
        "database subnet groups": [g["DBSubnetGroupName"] for g in rds.describe_db_subnet_groups()["DBSubnetGroups"]],
        SNAPSHOTS: [s["DBClusterSnapshotIdentifier"] for s in snapshots["DBClusterSnapshots"]],
        "secrets": [secret["Name"] for secret in client("secretsmanager").list_secrets()["SecretList"]],
        BUCKETS: [name for name in buckets if not name.startswith(BOOTSTRAP)],
    }


def other_leftovers():
    elb, logs, cfn, ssm = client("elbv2"), client("logs"), client("cloudformation"), client("ssm")
    parameters = [p["Name"] for p in ssm.describe_parameters()["Parameters"]]
    stacks = [s["StackName"] for s in cfn.describe_stacks()["Stacks"]]
    return {
        "EKS clusters": client("eks").list_clusters()["clusters"],
        "load balancers": [b["LoadBalancerArn"] for b in elb.describe_load_balancers()["LoadBalancers"]],
        "target groups": [g["TargetGroupArn"] for g in elb.describe_target_groups()["TargetGroups"]],
        "functions": [f["FunctionName"] for f in client("lambda").list_functions()["Functions"]],
        "SSM parameters": [name for name in parameters if not name.startswith("/cdk-bootstrap/")],
        "stacks": [name for name in stacks if name != "CDKToolkit"],
        "log resource policies": [p["policyName"] for p in logs.describe_resource_policies()["resourcePolicies"]],
        LOG_GROUPS: [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True)
    args = parser.parse_args()
    with open(args.state, encoding="utf-8") as file:
        state = json.load(file)
    left = ec2_leftovers(client("ec2")) | kms_leftovers(client("kms")) | iam_leftovers(client("iam"))
    left |= other_leftovers() | data_leftovers()
    late = set(state["late_log_groups"]) & set(left[LOG_GROUPS])
    if late:
        print("made again by EKS after the deletion:", sorted(late))
        left[LOG_GROUPS] = [name for name in left[LOG_GROUPS] if name not in late]
    retained = {}
    for operation in state["operations"]:
        if operation["op"] == "DELETE":
            retained |= operation["retained"]
    print("retained by DeletionPolicy:", retained)
    # A retained resource of another kind would have to be named here.
    kept = set(retained.values()) | set(state["kept_log_groups"]) | set(state["kept_snapshots"])
    for kind in (LOG_GROUPS, BUCKETS, SNAPSHOTS):
        print(f"{kind} that were to stay:", sorted(kept & set(left[kind])))
        left[kind] = [name for name in left[kind] if name not in kept]
    faults = {kind: items for kind, items in left.items() if items}
    for kind, items in faults.items():
        print("left:", kind, sorted(items))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
