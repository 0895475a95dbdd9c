#!/usr/bin/env python3
"""Writes createonly.json: which properties CloudFormation cannot change without making the resource anew, from the resource
schemas that come with cfn-lint, for the types of SERVICES: what a platform on EKS has beside it. A type that is not there is
unknown to preflight, which says so.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install cfn-lint==1.51.0 && /tmp/v/bin/python preflight/updates/createonly.py
    … createonly.py --check    fails if the file is out of date, and writes nothing
"""
import json
import pathlib
import sys

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER as schemas

REGION = "us-east-1"  # it has every type

SERVICES = """
APS ApplicationAutoScaling AutoScaling Backup CertificateManager CloudFormation CloudFront CloudWatch DocDB DynamoDB EC2 ECR ECS EFS EKS
ElastiCache ElasticLoadBalancing ElasticLoadBalancingV2 Events FSx GlobalAccelerator Grafana IAM KMS Kinesis Lambda Logs MSK MemoryDB
NetworkFirewall OpenSearchService RAM RDS Route53 Route53Resolver S3 SNS SQS SSM SecretsManager ServiceDiscovery StepFunctions VpcLattice
WAFv2
""".split()


def names(pointers):
    return sorted(p.removeprefix("/properties/") for p in pointers or [])


def entry(type_name):
    s = schemas.get_resource_schema(REGION, type_name).schema
    read_only = set(names(s.get("readOnlyProperties")))
    identifier = names(s.get("primaryIdentifier"))
    out = {
        "createOnly": names(s.get("createOnlyProperties")),
        "conditional": names(s.get("conditionalCreateOnlyProperties")),
        # what the template gives the resource as its identity: a second one with the same cannot be made beside the first
        "identifier": [] if read_only & set(identifier) else identifier,
        "deleteFirst": s.get("replacementStrategy") == "delete_then_create",
    }
    return {k: v for k, v in out.items() if v}


def main():
    types = sorted(t for t in schemas.get_resource_types(REGION) if t.startswith("AWS::") and t.split("::")[1] in SERVICES)
    lines = [f"{json.dumps(t)}:{json.dumps(entry(t), separators=(',', ':'))}" for t in types]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    path = pathlib.Path(__file__).with_name("createonly.json")
    if "--check" not in sys.argv:
        path.write_text(text)
    elif path.read_text() != text:
        sys.exit(f"{path} is out of date: run {__file__} without --check")


main()
