"""Clusters, node groups and Fargate profiles."""

import copy

from selftest.base import Case
from selftest.templates import att, changed, cluster, network, nodes, private, ref, resource, role, template

CONFIG = cluster()["C"]["Properties"]["ResourcesVpcConfig"]


class Clusters(Case):
    def test_network(self):
        self.accepted(cluster())
        self.refused("at least two different AZs", cluster(ResourcesVpcConfig=CONFIG | {"SubnetIds": [ref("Q0")]}))
        closed = CONFIG | {"EndpointPrivateAccess": False}
        self.refused("endpoint access cannot be false", cluster(ResourcesVpcConfig=closed))
        bare = changed(cluster(), "Q1", Ipv6CidrBlock=None, AssignIpv6AddressOnCreation=None)
        self.refused("needs an IPv6 CIDR on every subnet", bare)
        self.accepted(changed(bare, "C", KubernetesNetworkConfig={"IpFamily": "ipv4"}))

    def test_one_vpc(self):
        other = {
            "W": resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16"),
            "W0": resource("AWS::EC2::Subnet", VpcId=ref("W"), CidrBlock="10.1.0.0/24", AvailabilityZone="us-east-1a"),
            "W1": resource("AWS::EC2::Subnet", VpcId=ref("W"), CidrBlock="10.1.1.0/24", AvailabilityZone="us-east-1b"),
            "G": resource("AWS::EC2::SecurityGroup", GroupDescription="g", VpcId=ref("W")),
        }
        four = cluster(KubernetesNetworkConfig={"IpFamily": "ipv4"}) | other

        def moved(**config):
            return changed(four, "C", ResourcesVpcConfig=CONFIG | config)

        self.refused("subnets in several VPCs", moved(SubnetIds=[ref("Q0"), ref("W1")]))
        self.refused("not in vpc-", moved(SecurityGroupIds=[att("G", "GroupId")]))
        self.update_refused(
            "must be in the VPC that the cluster was made in", four, moved(SubnetIds=[ref("W0"), ref("W1")])
        )
        far = changed(nodes() | other, "N", Subnets=[ref("W0")])
        self.refused("are not all in", far)

    def test_nodes_of_somebody_else_hold_it(self):
        name = self.accepted(cluster())
        arn = self.resource(name, "CR")["attributes"]["Arn"]
        subnet = self.resource(name, "Q0")["physical_id"]
        self.eks.create_nodegroup(clusterName="the-cluster", nodegroupName="n", subnets=[subnet], nodeRole=arn)
        self.delete_refused("cluster has nodegroups", name)
        self.eks.delete_nodegroup(clusterName="the-cluster", nodegroupName="n")

    def test_service_range(self):
        network = {"IpFamily": "ipv6", "ServiceIpv4Cidr": "10.100.0.0/16"}
        self.refused("serviceIpv4Cidr cannot be given", cluster(KubernetesNetworkConfig=network))
        self.refused("is not one of", cluster(KubernetesNetworkConfig={"IpFamily": "dualstack"}))

    def test_role(self):
        self.refused("cannot be assumed by eks.amazonaws.com", cluster() | {"CR": role("ec2.amazonaws.com")})
        self.refused("does not exist", cluster(RoleArn="arn:aws:iam::123456789012:role/gone"))
        self.refused("No cluster found for name: gone", nodes(ClusterName="gone"))

    def test_auto_mode_is_whole(self):
        whole = {
            "ComputeConfig": {"Enabled": True},
            "StorageConfig": {"BlockStorage": {"Enabled": True}},
            "KubernetesNetworkConfig": {"IpFamily": "ipv6", "ElasticLoadBalancing": {"Enabled": True}},
        }
        self.accepted(cluster(**whole))
        self.refused("must be enabled or disabled together", cluster(ComputeConfig={"Enabled": True}))
        gateway = {"Enabled": True, "GatewayApi": {"Crds": {"Managed": True}}}
        whole["KubernetesNetworkConfig"]["ElasticLoadBalancing"] = gateway
        self.accepted(cluster(**whole))

    def test_one_minor_version_up(self):
        _, done = self.updated(cluster(), changed(cluster(), "C", Version="1.36"))
        self.assertEqual([["Version"]], [x["props"] for x in done["updated"]])
        self.assertEqual("1.36", self.eks.describe_cluster(name="the-cluster")["cluster"]["version"])

    def test_no_other_version(self):
        text = "Unsupported Kubernetes minor version update"
        self.update_refused(text, cluster(), changed(cluster(), "C", Version="1.37"))
        self.update_refused(text, cluster(), changed(cluster(), "C", Version="1.34"))

    def test_a_version_with_nothing_else(self):
        logging = {"ClusterLogging": {"EnabledTypes": [{"Type": "audit"}]}}
        self.update_refused(
            "Only one type of update can be allowed",
            cluster(),
            changed(cluster(), "C", Version="1.36", Logging=logging),
        )
        self.updated(cluster(), changed(cluster(), "C", Version="1.36", Tags=[{"Key": "a", "Value": "b"}]))

    def test_settings_change_in_place(self):
        after = changed(
            cluster(),
            "C",
            Logging={"ClusterLogging": {"EnabledTypes": [{"Type": "audit"}]}},
            UpgradePolicy={"SupportType": "STANDARD"},
            DeletionProtection=True,
        )
        name, done = self.updated(cluster(), after)
        self.assertEqual(["C"], [x["id"] for x in done["updated"]])
        self.assertEqual(
            "STANDARD", self.eks.describe_cluster(name="the-cluster")["cluster"]["upgradePolicy"]["supportType"]
        )
        self.delete_refused("cluster has deletion protection", name)

        from handlers.eks.clusters import eks_backends

        eks_backends["123456789012"]["us-east-1"].clusters["the-cluster"].deletion_protection = False

    def test_endpoint_access_changes_in_place(self):
        config = CONFIG | {"EndpointPublicAccess": True, "PublicAccessCidrs": ["192.0.2.0/24"]}
        self.updated(cluster(), changed(cluster(), "C", ResourcesVpcConfig=config))
        closed = CONFIG | {"EndpointPrivateAccess": False}
        self.update_refused(
            "endpoint access cannot be false", cluster(), changed(cluster(), "C", ResourcesVpcConfig=closed)
        )

    def test_authentication_never_goes_back(self):
        def mode(name):
            return {"AuthenticationMode": name}

        both = cluster(AccessConfig=mode("API_AND_CONFIG_MAP"))
        self.updated(both, changed(both, "C", AccessConfig=mode("API")))
        self.update_refused(
            "Unsupported authentication mode", cluster(), changed(cluster(), "C", AccessConfig=mode("CONFIG_MAP"))
        )

    def test_the_log_group_comes_again(self):
        logging = {"ClusterLogging": {"EnabledTypes": [{"Type": "audit"}]}}
        group = {"LG": resource("AWS::Logs::LogGroup", LogGroupName="/aws/eks/the-cluster/cluster")}
        resources = cluster(Logging=logging) | group
        resources["C"]["DependsOn"] = ["LG"]
        self.delete(self.accepted(resources))
        self.assertIn("/aws/eks/the-cluster/cluster", self.state["late_log_groups"])
        self.refused("already exists", resources, beside=True)
        self.client("logs").delete_log_group(logGroupName="/aws/eks/the-cluster/cluster")
        self.options.eks_late_logs = False
        self.delete(self.accepted(resources))
        self.accepted(resources)


class Nodes(Case):
    def test_subnets(self):
        self.accepted(nodes())
        bare = copy.deepcopy(nodes())
        for name in ("Q0", "Q1"):
            bare[name]["Properties"]["AssignIpv6AddressOnCreation"] = False
        self.refused("Ec2SubnetMissingIpv6Assignment", bare)
        public = changed(nodes() | network(), "N", Subnets=[ref("P0"), ref("P1")])
        public["N"]["DependsOn"] = ["PA0", "PA1", "PR"]
        self.refused("Ec2SubnetInvalidConfiguration", public)
        for name in ("P0", "P1"):
            public[name]["Properties"]["MapPublicIpOnLaunch"] = True
        self.accepted(public)

    def test_an_ipv4_cluster_takes_them(self):
        four = changed(nodes(), "C", KubernetesNetworkConfig={"IpFamily": "ipv4"})
        for name in ("Q0", "Q1"):
            four[name]["Properties"]["AssignIpv6AddressOnCreation"] = False
        self.accepted(four)

    def test_versions(self):
        self.refused("is newer than the cluster's", nodes(Version="1.36"))
        self.accepted(nodes(Version="1.34"))
        self.accepted(nodes(ReleaseVersion="1.35.2-20260801"))
        self.refused("is not valid for kubernetes version", nodes(ReleaseVersion="1.36.2-20260801"))

    def test_scaling(self):
        self.refused("scaling", nodes(ScalingConfig={"MinSize": 3, "DesiredSize": 2, "MaxSize": 4}))
        _, done = self.updated(nodes(), nodes(ScalingConfig={"MinSize": 3, "DesiredSize": 3, "MaxSize": 4}))
        self.assertEqual(["N"], [x["id"] for x in done["updated"]])

    def test_cluster_and_nodes_go_up_together(self):
        before, after = nodes(Version="1.35"), changed(nodes(Version="1.36"), "C", Version="1.36")
        _, done = self.updated(before, after)
        self.assertEqual(["C", "N"], sorted(x["id"] for x in done["updated"]))

    def test_no_way_back(self):
        self.update_refused("cannot go from 1.35 down to 1.34", nodes(Version="1.35"), nodes(Version="1.34"))
        self.update_refused(
            "release version cannot go from",
            nodes(ReleaseVersion="1.35.2-20260801"),
            nodes(ReleaseVersion="1.35.2-20260701"),
        )
        self.updated(nodes(ReleaseVersion="1.35.2-20260701"), nodes(ReleaseVersion="1.35.2-20260801"))

    def test_a_version_with_nothing_else(self):
        text = "cannot be combined with other updates"
        scaling = {"MinSize": 3, "DesiredSize": 3, "MaxSize": 4}
        before = nodes(Version="1.34")
        self.update_refused(text, before, nodes(Version="1.35", ScalingConfig=scaling))
        self.update_refused(
            text, nodes(ReleaseVersion="1.35.1-20260701"), nodes(ReleaseVersion="1.35.2-20260801", Labels={"a": "b"})
        )
        self.updated(before, nodes(Version="1.35", ForceUpdateEnabled=True))

    def test_a_release_of_another_version(self):
        self.update_refused(
            "is not valid for kubernetes version 1.35",
            nodes(Version="1.34", ReleaseVersion="1.34.2-20260801"),
            nodes(Version="1.35", ReleaseVersion="1.34.2-20260801"),
        )
        self.updated(
            nodes(Version="1.34", ReleaseVersion="1.34.2-20260801"),
            nodes(Version="1.35", ReleaseVersion="1.35.2-20260801"),
        )

    def test_three_versions_behind_at_most(self):
        before = nodes(Version="1.32")
        self.update_refused("more than three minor versions behind", before, changed(before, "C", Version="1.36"))
        before = nodes(Version="1.33")
        self.updated(before, changed(before, "C", Version="1.36"))

    def test_instance_types_replace(self):
        _, done = self.updated(nodes(InstanceTypes=["m6i.large"]), nodes(InstanceTypes=["m7i.large"]))
        self.assertEqual(["N"], [x["id"] for x in done["replaced"]])
        named = nodes(InstanceTypes=["m6i.large"], NodegroupName="fixed")
        self.update_refused("already exists", named, changed(named, "N", InstanceTypes=["m7i.large"]))


class LaunchTemplates(Case):
    @staticmethod
    def with_template(data, **props):
        chosen = {"Id": ref("LT"), "Version": att("LT", "LatestVersionNumber")}
        return nodes(LaunchTemplate=chosen, **props) | template(**data)

    def test_what_may_stand_in_one_of_the_two(self):
        self.accepted(self.with_template({"EbsOptimized": True}))
        self.refused("Disk size must be specified within", self.with_template({}, DiskSize=20))
        self.refused("not in both", self.with_template({"InstanceType": "m6i.large"}, InstanceTypes=["m6i.large"]))
        self.refused("Remote access configuration", self.with_template({}, RemoteAccess={"Ec2SshKey": "key"}))
        interface = {"DeviceIndex": 0, "SubnetId": "subnet-1"}
        self.refused("should not specify a subnet", self.with_template({"NetworkInterfaces": [interface]}))
        self.refused(
            "should not specify an instance profile", self.with_template({"IamInstanceProfile": {"Name": "p"}})
        )

    def test_an_ami_of_ones_own(self):
        ami = {"ImageId": "ami-0123456789abcdef0"}
        self.accepted(self.with_template(ami))
        for props in ({"AmiType": "AL2023_x86_64_STANDARD"}, {"Version": "1.35"}):
            self.refused("when the launch template has an AMI ID", self.with_template(ami, **props))
        self.update_refused(
            "cannot change between", self.with_template({"EbsOptimized": True}), self.with_template(ami)
        )

    def test_a_new_version(self):
        _, done = self.updated(self.with_template({"EbsOptimized": True}), self.with_template({"EbsOptimized": False}))
        self.assertEqual(["LT", "N"], sorted(x["id"] for x in done["updated"]))
        self.update_refused(
            "cannot be combined with other updates",
            self.with_template({"EbsOptimized": True}, Version="1.34"),
            self.with_template({"EbsOptimized": False}, Version="1.35"),
        )

    def test_another_template(self):
        both = self.with_template({"EbsOptimized": True}) | template("LU", EbsOptimized=True)
        chosen = {"Id": ref("LU"), "Version": att("LU", "LatestVersionNumber")}
        self.update_refused("launch template cannot be changed", both, changed(both, "N", LaunchTemplate=chosen))


class Fargate(Case):
    @staticmethod
    def profiles(*depends_on, subnets=None):
        """Profiles X0, X1, ..., with the dependencies of each."""
        out = cluster() | {"FR": role("eks-fargate-pods.amazonaws.com")}
        for number, names in enumerate(depends_on):
            out[f"X{number}"] = resource(
                "AWS::EKS::FargateProfile",
                *names,
                ClusterName=ref("C"),
                PodExecutionRoleArn=att("FR", "Arn"),
                Selectors=[{"Namespace": f"n{number}"}],
                Subnets=subnets or private(),
            )
        return out

    def test_one_at_a_time(self):
        self.refused("in status CREATING", self.profiles((), ()))
        self.delete(self.accepted(self.profiles((), ("X0",))))

    def test_private_subnets(self):
        public = self.profiles(("PA0", "PR"), subnets=[ref("P0")]) | network()
        self.refused("is not a private subnet", public)

    def test_role(self):
        self.refused("cannot be assumed by eks-fargate-pods", self.profiles(()) | {"FR": role("ec2.amazonaws.com")})
