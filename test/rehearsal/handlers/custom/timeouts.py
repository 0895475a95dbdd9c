"""The times that a custom resource's parts wait for each other.

AWS takes any of them. A chart that waits as long as its function may run ends with the function: helm can neither
report nor roll back, and the resource fails with a message that tells nothing. So these are problems, not refusals.
"""

import re

from engine.errors import CfnError
from engine.state import problem
from handlers.common import integer
from handlers.lambda_ import chain

DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")

# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
SERVICE_TIMEOUT = 3600


def seconds(duration):
    """900 of 900s and of 15m, or None."""
    match = DURATION.fullmatch(str(duration or ""))
    if not match or not match[0]:
        return None
    return sum(int(x or 0) * unit for x, unit in zip(match.groups(), (3600, 60, 1)))


def function_timeout(ctx, arn):
    """The shortest of a provider's functions.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
    """
    return min(function["Timeout"] for function in chain(ctx, arn))


def check(ctx, props):
    service = integer(props.get("ServiceTimeout", SERVICE_TIMEOUT))
    # The page above: "an integer from 1 to 3600".
    if not 1 <= service <= SERVICE_TIMEOUT:
        raise CfnError(f"Properties validation failed: ServiceTimeout {service} is not between 1 and {SERVICE_TIMEOUT}")
    if ":function:" not in props["ServiceToken"]:
        return
    limit = function_timeout(ctx, props["ServiceToken"])
    # CloudFormation gives up after ServiceTimeout (the page above): a function that may run longer answers too late.
    if service <= limit:
        problem(
            f"{ctx.logical}: ServiceTimeout {service} s is not longer than its function's {limit} s: CloudFormation "
            "gives up before the function can answer"
        )
    # helm's --timeout and kubectl's retries run inside of the function.
    chart = seconds(props.get("Timeout")) if "Release" in props else None
    if chart is not None and chart >= limit:
        problem(
            f"Helm chart {ctx.logical}: Timeout {props['Timeout']} is not shorter than its function's {limit} s: the "
            "function ends before helm can report or roll back"
        )
    value = integer(props["TimeoutSeconds"]) if "ObjectName" in props and "TimeoutSeconds" in props else None
    if value is not None and value >= limit:
        problem(
            f"object value {ctx.logical}: TimeoutSeconds {value} is not shorter than its function's {limit} s: the "
            "function ends before it can report"
        )
