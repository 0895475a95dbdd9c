"""What is written down of a run, in one JSON file: run.sh, check_deployed.py and the self-tests read it."""

import json
import os
import threading

from moto.cloudformation import models

from engine.options import options

STATE = {
    "operations": [],  # each create, update and delete of a stack
    "unknown_resource_types": [],
    "problems": [],  # what fails the run
    "warnings": [],  # what a reader should know
    "stacks": {},  # resolved properties and attributes of what is deployed
    "late_log_groups": [],  # log groups that EKS made again
    "kept_log_groups": [],  # log groups that a Custom::LogRetention of a deleted stack was told to keep
    "kept_snapshots": [],  # the last snapshots of databases, where a DeletionPolicy asks for them
    "custom_resources": {},  # the last resolved properties of each
    "custom_resource_events": [],  # what their functions would have received, in order
}
LOCK = threading.RLock()


def warn(message):
    if message not in STATE["warnings"]:
        STATE["warnings"].append(message)


def problem(message):
    """A fault of which AWS would not tell: the deployment goes on and the run fails."""
    if message not in STATE["problems"]:
        STATE["problems"].append(message)


def save():
    if not options.state_file:
        return
    with LOCK:
        STATE["stacks"] = {}
        for regions in models.cloudformation_backends.values():
            for region, backend in regions.items():
                for stack in backend.stacks.values():
                    STATE["stacks"][stack.name] = of_stack(stack, region)
        with open(options.state_file + ".tmp", "w", encoding="utf-8") as file:
            json.dump(STATE, file, indent=1, default=str)
        os.replace(options.state_file + ".tmp", options.state_file)


def of_stack(stack, region):
    resources = {}
    for name, inst in getattr(stack, "engine_resources", {}).items():
        resources[name] = {
            "type": inst.cf_resource_type,
            "physical_id": inst.physical_resource_id,
            "properties": inst.props,
            "attributes": {k: (v() if callable(v) else v) for k, v in inst.attrs.items()},
            "not_modelled": inst.ignored,
        }
    outputs = getattr(stack, "engine_outputs", [])
    return {
        "status": stack.status,
        "region": region,
        "id": stack.stack_id,
        "outputs": {o["OutputKey"]: o["OutputValue"] for o in outputs},
        "resources": resources,
    }
