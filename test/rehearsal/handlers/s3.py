"""S3 bucket policies; buckets are moto's own."""

import json

from engine.resources import Handler, handles
from engine.state import warn
from handlers.common import policy_text


@handles("AWS::S3::BucketPolicy")
class BucketPolicy(Handler):
    def create(self, ctx, props, inst):
        s3, bucket = ctx.client("s3"), props["Bucket"]
        document = json.loads(policy_text(props["PolicyDocument"]))
        # moto enforces bucket policies and does not evaluate conditions: the bootstrap's "deny unless
        # aws:SecureTransport" would deny everything.
        keep = [statement for statement in document["Statement"] if not statement.get("Condition")]
        if len(keep) < len(document["Statement"]):
            warn(f"bucket policy of {bucket}: statements with a condition are recorded, not applied")
        if keep:
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({**document, "Statement": keep}))
        else:
            s3.head_bucket(Bucket=bucket)
        inst.physical_resource_id = bucket

    def update(self, ctx, props, inst, old, changed):
        self.create(ctx, props, inst)

    def delete(self, ctx, inst):
        ctx.client("s3").delete_bucket_policy(Bucket=inst.physical_resource_id)
