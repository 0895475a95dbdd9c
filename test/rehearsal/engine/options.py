"""What the environment asks of the emulator. The self-tests set the fields themselves."""

import os


class Options:
    def __init__(self, env):
        self.state_file = env.get("STATE_FILE", "")
        # The creation order among resources whose dependencies are met; AWS makes them in parallel, so in any order.
        #   late      resources that act by side effect come as late as they may: this shows a missing DependsOn
        #   template  as the template has them
        #   else      the seed of a shuffle
        self.order_seed = env.get("CFN_ORDER_SEED") or "late"
        # Elastic IP addresses per Region: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
        # (5 unless AWS raised it). 0: no limit.
        self.eip_quota = int(env.get("EIP_QUOTA") or 5)
        # Services whose interface endpoints take IPv4 only: the table of
        # https://docs.aws.amazon.com/vpc/latest/userguide/aws-ipv6-support.html
        services = env.get("IPV4_ONLY_ENDPOINTS", "ec2,elasticloadbalancing")
        self.ipv4_only_endpoints = set(services.replace(" ", "").split(","))
        # EKS writes the last control-plane logs after the deletion of a cluster and makes the log group again.
        self.eks_late_logs = env.get("EKS_LATE_LOGS", "1") != "0"
        # Where the emulator answers, and the WSGI application that does; the server fills them in.
        self.endpoint, self.application = "", None


options = Options(os.environ)
