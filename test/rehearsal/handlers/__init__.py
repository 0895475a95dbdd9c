"""What each resource type does.

A handler calls the AWS API of the emulator itself through boto3: botocore validates the parameters, and what a reader
gets from `aws ec2 describe-...` is what the handler made. It adds the rules that moto lacks. A rule that refuses
something has the page that says so above it, and a self-test in which it refuses and one in which it lets pass.
"""

from handlers import (  # noqa: F401  an import registers the handlers
    cloudformation,
    custom,
    ec2,
    eks,
    elbv2,
    endpoints,
    iam,
    kms,
    lambda_,
    logs,
    rds,
    s3,
    secrets,
    ssm,
    transit,
    vpc,
)
