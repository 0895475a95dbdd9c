"""The read calls that moto's EKS lacks: add-ons, pod identity associations and access entries."""

import json
import urllib.parse

import boto3
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.responses import ActionResult
from moto.eks import urls, utils
from moto.eks.exceptions import ResourceNotFoundException
from moto.eks.responses import EKSResponse

from handlers.common import camel

PATHS = (
    "addons$",
    "addons/(?P<addonName>[^/]+)$",
    "pod-identity-associations$",
    "pod-identity-associations/(?P<associationId>[^/]+)$",
    "access-entries$",
    "access-entries/(?P<principalArn>.+)$",
)


def cluster(self):
    return self.eks_backend.describe_cluster(name=self._get_param("name") or self._get_param("clusterName"))


def part(self, field):
    return getattr(cluster(self), field, {})


def found(item, what):
    if item is None:
        raise ResourceNotFoundException(
            clusterName=None, nodegroupName=None, fargateProfileName=None, addonName=None, message=f"No {what}"
        )
    return item


def entry(self):
    principal = urllib.parse.unquote(self._get_param("principalArn"))
    return found(part(self, "ext_access").get(principal), "access entry")


def list_addons(self):
    return ActionResult({"addons": list(part(self, "ext_addons"))})


def describe_addon(self):
    return ActionResult({"addon": found(part(self, "ext_addons").get(self._get_param("addonName")), "add-on")})


def list_pod_identity_associations(self):
    return ActionResult({"associations": list(part(self, "ext_pia").values())})


def describe_pod_identity_association(self):
    key = self._get_param("associationId")
    return ActionResult({"association": found(part(self, "ext_pia").get(key), "association")})


def list_access_entries(self):
    return ActionResult({"accessEntries": list(part(self, "ext_access"))})


def describe_access_entry(self):
    return ActionResult({"accessEntry": {k: v for k, v in entry(self).items() if k[0] != "_"}})


def list_associated_access_policies(self):
    policies = [
        {"policyArn": policy["PolicyArn"], "accessScope": camel(policy["AccessScope"])}
        for policy in entry(self)["_policies"]
    ]
    return ActionResult(
        {
            "clusterName": cluster(self).name,
            "principalArn": entry(self)["principalArn"],
            "associatedAccessPolicies": policies,
        }
    )


def lookup_events(self):
    """The CDK CLI asks CloudTrail for details of a failed resource; moto has no LookupEvents."""
    return json.dumps({"Events": []})


class Partitions:
    """moto reads the list of AWS's partitions from a file for every role that it validates: 0.1 s each time."""

    known = boto3.Session().get_available_partitions()

    def get_available_partitions(self):
        return self.known


def install():
    utils.Session = Partitions
    for call in (
        list_addons,
        describe_addon,
        list_pod_identity_associations,
        describe_pod_identity_association,
        list_access_entries,
        describe_access_entry,
        list_associated_access_policies,
    ):
        setattr(EKSResponse, call.__name__, call)
    CloudTrailResponse.lookup_events = lookup_events
    for path in PATHS:
        urls.url_paths["{0}/clusters/(?P<name>[^/]+)/" + path] = urls.response.dispatch
