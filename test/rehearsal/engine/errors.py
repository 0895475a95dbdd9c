"""The two ways in which a deployment ends early."""

from moto.cloudformation.exceptions import ValidationError


class CfnError(Exception):
    """AWS would refuse this too: a finding."""


class NotModelled(Exception):
    """The rehearsal lacks something. It fails the deployment rather than ignore it."""


def template_error(message):
    """What AWS answers at once to a template that it cannot use."""
    return ValidationError(message=message)


def reason(error):
    if isinstance(error, (CfnError, NotModelled)):
        return str(error)
    return f"{type(error).__name__}: {error}"
