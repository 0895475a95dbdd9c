"""Add-ons, pod identity and access entries."""

from selftest.base import Case
from selftest.templates import POD_IDENTITY, att, changed, cluster, nodes, ref, resource, role

ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def addon(name="vpc-cni", **props):
    return cluster() | {
        "PR1": role(*POD_IDENTITY),
        "PR2": role(*POD_IDENTITY),
        "A": resource("AWS::EKS::Addon", ClusterName=ref("C"), AddonName=name, **props),
    }


def identity(account, name="PR1"):
    return {"ServiceAccount": account, "RoleArn": att(name, "Arn")}


def association(name="PR1"):
    props = {"ClusterName": ref("C"), "Namespace": "kube-system", "ServiceAccount": "aws-node"}
    return resource("AWS::EKS::PodIdentityAssociation", **props, RoleArn=att(name, "Arn"))


class Addons(Case):
    def describe(self, name="vpc-cni"):
        return self.eks.describe_addon(clusterName="the-cluster", addonName=name)["addon"]

    def test_versions_change_in_place(self):
        before, after = addon(AddonVersion="v1.20.4-eksbuild.1"), addon(AddonVersion="v1.21.1-eksbuild.3")
        _, done = self.updated(before, after)
        self.assertEqual(["A"], [x["id"] for x in done["updated"]])
        self.assertEqual("v1.21.1-eksbuild.3", self.describe()["addonVersion"])
        self.update_refused("only go up or down 1 minor version", before, addon(AddonVersion="v1.22.1-eksbuild.3"))
        self.refused("Addon version specified is not supported", addon(AddonVersion="1.2"))

    def test_kube_proxy_is_no_newer_than_the_cluster(self):
        self.accepted(addon("kube-proxy", AddonVersion="v1.35.0-eksbuild.2"))
        for version in ("v1.36.0-eksbuild.2", "v1.31.0-eksbuild.2"):
            self.refused("is not supported", addon("kube-proxy", AddonVersion=version))
        old = addon("kube-proxy", AddonVersion="v1.32.0-eksbuild.2")
        self.update_refused("more than three minor versions behind", old, changed(old, "C", Version="1.36"))

    def test_cluster_and_kube_proxy_go_up_together(self):
        before = addon("kube-proxy", AddonVersion="v1.35.0-eksbuild.2")
        after = changed(changed(before, "A", AddonVersion="v1.36.0-eksbuild.2"), "C", Version="1.36")
        _, done = self.updated(before, after)
        self.assertEqual(["A", "C"], sorted(x["id"] for x in done["updated"]))

    def test_values_and_roles_change_in_place(self):
        after = addon(ConfigurationValues='{"env":{}}', ServiceAccountRoleArn=att("PR1", "Arn"))
        self.updated(addon(), after)
        self.assertEqual('{"env":{}}', self.describe()["configurationValues"])
        self.refused("JSONDecodeError", addon(ConfigurationValues='{"env":'))

    def test_identities_belong_to_the_addon(self):
        before = addon(PodIdentityAssociations=[identity("aws-node")])
        after = addon(PodIdentityAssociations=[identity("aws-node", "PR2")])
        name, _ = self.updated(before, after)
        found = self.eks.list_pod_identity_associations(clusterName="the-cluster")["associations"]
        self.assertEqual(["aws-node"], [a["serviceAccount"] for a in found])
        self.assertEqual(found[0]["associationArn"], self.describe()["podIdentityAssociations"][0])
        role_arn = self.eks.describe_pod_identity_association(
            clusterName="the-cluster", associationId=found[0]["associationId"]
        )["association"]["roleArn"]
        self.assertEqual(self.resource(name, "PR2")["attributes"]["Arn"], role_arn)
        both = before | {"I": association()}
        both["A"]["DependsOn"] = ["I"]
        self.refused("Association already exists", both)

    def test_one_of_a_name(self):
        twice = addon()
        twice["A2"] = changed(twice, "A")["A"]
        self.refused("Addon already exists", twice)


class PodIdentity(Case):
    def test_associations(self):
        before, after = addon() | {"I": association()}, addon() | {"I": association("PR2")}
        _, done = self.updated(before, after)
        self.assertEqual(["I"], [x["id"] for x in done["updated"]])
        self.refused("Association already exists", before | {"J": association()})
        self.refused("cannot be assumed by pods.eks", before | {"PR1": role("ec2.amazonaws.com")})


def entry(policies=(), **props):
    given = {
        "ClusterName": ref("C"),
        "PrincipalArn": att("U", "Arn"),
        "AccessPolicies": [{"PolicyArn": arn, "AccessScope": scope} for arn, scope in policies],
    } | props
    return cluster() | {"U": role("ec2.amazonaws.com"), "X": resource("AWS::EKS::AccessEntry", **given)}


EVERYWHERE = {"Type": "cluster"}


def only(*namespaces):
    return {"Type": "namespace", "Namespaces": list(namespaces)}


class AccessEntries(Case):
    def test_policies_and_scopes_change_in_place(self):
        before = entry([(ADMIN, EVERYWHERE)])
        name, done = self.updated(before, entry([(VIEW, only("a", "b")), (ADMIN, only("c"))]))
        self.assertEqual(["X"], [x["id"] for x in done["updated"]])
        principal = self.resource(name, "U")["attributes"]["Arn"]
        found = self.eks.list_associated_access_policies(clusterName="the-cluster", principalArn=principal)
        scopes = {p["policyArn"]: p["accessScope"] for p in found["associatedAccessPolicies"]}
        self.assertEqual({"type": "namespace", "namespaces": ["a", "b"]}, scopes[VIEW])

    def test_scopes(self):
        self.refused("namespaces go with the scope namespace", entry([(VIEW, {"Type": "namespace"})]))
        self.refused(
            "namespaces go with the scope namespace", entry([(VIEW, {"Type": "cluster", "Namespaces": ["a"]})])
        )
        self.refused("is associated once", entry([(VIEW, only("a")), (VIEW, only("b"))]))
        self.refused("is invalid", entry([("arn:aws:iam::aws:policy/ReadOnlyAccess", EVERYWHERE)]))

    def test_types_and_groups(self):
        self.accepted(entry(Type="EC2_LINUX"))
        self.refused("takes neither policies nor groups", entry([(VIEW, EVERYWHERE)], Type="EC2_LINUX"))
        self.refused("has a reserved prefix", entry(KubernetesGroups=["system:masters"]))

    def test_authentication_mode(self):
        old = changed(entry(), "C", AccessConfig={"AuthenticationMode": "CONFIG_MAP"})
        self.refused("authentication mode must be set to one of", old)

    def test_the_node_roles_entry_is_eks_own(self):
        props = {"ClusterName": ref("C"), "PrincipalArn": att("NR", "Arn"), "Type": "EC2_LINUX"}
        self.refused("already in use", nodes() | {"X": resource("AWS::EKS::AccessEntry", "N", **props)})
        before = nodes() | {"X": resource("AWS::EKS::AccessEntry", **props)}
        before["N"]["DependsOn"] = ["X"]
        self.accepted(before)
