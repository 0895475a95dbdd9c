"""What the self-tests share: the emulator, and stacks that end in a status."""

import itertools
import json
import unittest

import server

SERVER = None
NUMBERS = itertools.count(1)


def start():
    """One emulator for the process."""
    global SERVER
    if SERVER is None:
        SERVER = server.start()


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        start()
        from moto.moto_api._internal import moto_api_backend

        from engine.options import options
        from engine.state import STATE
        from handlers.common import client

        cls.options, cls.state, cls.moto = options, STATE, moto_api_backend
        cls.client = staticmethod(lambda service: client(service, server.REGION))
        cls.cfn, cls.ec2, cls.eks = (cls.client(name) for name in ("cloudformation", "ec2", "eks"))

    def setUp(self):
        kept = dict(self.options.__dict__)
        self.addCleanup(self.options.__dict__.update, kept)
        self.addCleanup(self.clean_up)
        self.state["problems"].clear()
        self.state["warnings"].clear()

    def drop_stacks(self):
        """Delete the stacks, the importing ones first."""
        for _ in range(2):
            for stack in reversed(self.cfn.describe_stacks()["Stacks"]):
                try:
                    self.cfn.delete_stack(StackName=stack["StackName"])
                except self.cfn.exceptions.ClientError:
                    pass

    def clean_up(self):
        """Delete the stacks and the log groups, and ask that nothing of them is left."""
        from moto.cloudformation.models import cloudformation_backends
        from moto.ec2.models import ec2_backends
        from moto.iam.models import iam_backends

        self.drop_stacks()
        logs = self.client("logs")
        for group in logs.describe_log_groups()["logGroups"]:
            logs.delete_log_group(logGroupName=group["logGroupName"])
        stacks = cloudformation_backends[server.ACCOUNT][server.REGION].stacks.values()
        ec2, roles = ec2_backends[server.ACCOUNT][server.REGION], iam_backends[server.ACCOUNT]["aws"].roles
        left = [stack.name for stack in stacks] + [vpc.id for vpc in ec2.vpcs.values() if str(vpc.is_default).lower() != "true"]
        left += [role.name for role in roles.values()] + [address.public_ip for address in ec2.addresses]
        if left:  # a fault of this test, and not of those that follow
            self.moto.reset()
        self.assertEqual([], left)

    # ------------------------------------------------------------ stacks

    def create(self, resources, beside=False, **parts):
        """Returns the stack's name, its status and why; a refused template has the status refused.

        It takes the place of the test's earlier stacks, unless it is to be beside them.
        """
        if not beside:
            self.drop_stacks()
        name = f"S{next(NUMBERS)}"
        body = json.dumps({"Resources": resources, **parts})
        try:
            self.cfn.create_stack(StackName=name, TemplateBody=body)
        except self.cfn.exceptions.ClientError as error:
            return name, "refused", error.response["Error"]["Message"]
        return name, *self.outcome(name)

    def outcome(self, name):
        status = self.cfn.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        events = self.cfn.describe_stack_events(StackName=name)["StackEvents"]
        failed = [
            e.get("ResourceStatusReason") or ""
            for e in events
            if e["ResourceStatus"].endswith("_FAILED") or e["ResourceStatus"].startswith("ROLLBACK")
        ]
        return status, " ".join(reversed(failed))

    def accepted(self, resources, **parts):
        name, status, why = self.create(resources, **parts)
        self.assertEqual("CREATE_COMPLETE", status, why)
        return name

    def refused(self, text, resources, **parts):
        """CloudFormation takes the template back, or never takes it, with this text in the reason."""
        name, status, why = self.create(resources, **parts)
        self.assertIn(status, ("ROLLBACK_COMPLETE", "refused"), why)
        self.assertIn(text, why)
        if status != "refused":
            self.delete(name)

    def update(self, name, resources, **parts):
        body = json.dumps({"Resources": resources, **parts})
        try:
            self.cfn.update_stack(StackName=name, TemplateBody=body)
        except self.cfn.exceptions.ClientError as error:
            return "refused", error.response["Error"]["Message"]
        return self.outcome(name)

    def updated(self, before, after):
        """Returns the stack's name and what the update did."""
        name = self.accepted(before)
        status, why = self.update(name, after)
        self.assertEqual("UPDATE_COMPLETE", status, why)
        return name, self.state["operations"][-1]

    def update_refused(self, text, before, after):
        name = self.accepted(before)
        status, why = self.update(name, after)
        self.assertEqual("UPDATE_ROLLBACK_FAILED", status, why)
        self.assertIn(text, why)
        self.delete(name)

    def delete(self, name):
        self.cfn.delete_stack(StackName=name)
        left = [s["StackStatus"] for s in self.cfn.describe_stacks()["Stacks"] if s["StackName"] == name]
        self.assertEqual([], left, self.outcome(name)[1] if left else "")

    def delete_refused(self, text, name):
        self.cfn.delete_stack(StackName=name)
        status, why = self.outcome(name)
        self.assertEqual("DELETE_FAILED", status)
        self.assertIn(text, why)

    def resource(self, stack, logical_id):
        """What the state file says of a resource."""
        from moto.cloudformation.models import cloudformation_backends

        from engine.state import of_stack

        backend = cloudformation_backends[server.ACCOUNT][server.REGION]
        return of_stack(backend.get_stack(stack), server.REGION)["resources"][logical_id]
