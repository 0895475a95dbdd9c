#!/usr/bin/env python3
"""Writes createonly.json: which properties CloudFormation cannot change without making the resource anew, from the resource
schemas that come with cfn-lint, for the types of the golden templates and those of MORE.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install cfn-lint==1.51.0 && /tmp/v/bin/python test/testdata/createonly.py
    … createonly.py --check    fails if the file is out of date, and writes nothing
"""
import json
import pathlib
import sys

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER as schemas

REGION = "us-east-1"  # it has every type

# Types that choices bring in which no golden template makes.
MORE = """
AWS::CloudFormation::CustomResource
AWS::EC2::CarrierGateway AWS::EC2::FlowLog AWS::EC2::NetworkAcl AWS::EC2::NetworkAclEntry AWS::EC2::PrefixList AWS::EC2::SecurityGroupEgress
AWS::EC2::SubnetCidrBlock AWS::EC2::SubnetNetworkAclAssociation AWS::EC2::TransitGatewayVpcAttachment AWS::EC2::VPCEndpoint
AWS::EKS::Capability AWS::EKS::FargateProfile AWS::EKS::IdentityProviderConfig
AWS::ElasticLoadBalancingV2::ListenerCertificate AWS::ElasticLoadBalancingV2::ListenerRule
AWS::Events::Rule AWS::IAM::InstanceProfile AWS::IAM::ManagedPolicy AWS::KMS::Alias AWS::Lambda::Permission AWS::Route53::HostedZone
AWS::Route53::RecordSet AWS::S3::Bucket AWS::S3::BucketPolicy AWS::SQS::Queue AWS::SQS::QueuePolicy
AWS::StepFunctions::StateMachine
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
    here = pathlib.Path(__file__).parent
    types = set(MORE)
    for f in sorted((here / "templates").glob("*.json")):
        types |= {r["Type"] for r in json.loads(f.read_text())["Resources"].values()}
    types = sorted(t for t in types if not t.startswith("Custom::"))  # those are AWS::CloudFormation::CustomResource
    lines = [f"  {json.dumps(t)}: {json.dumps(entry(t))}" for t in types]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    path = here / "createonly.json"
    if "--check" not in sys.argv:
        path.write_text(text)
    elif path.read_text() != text:
        sys.exit(f"{path} is out of date: run {__file__} without --check")


main()
