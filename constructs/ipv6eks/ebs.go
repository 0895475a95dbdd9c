package ipv6eks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/nag"
)

// ebsPolicy is AWS's policy for the driver: it may touch the volumes and snapshots that the driver made and tagged, not
// every one of the account, as its predecessor (https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2918).
const ebsPolicy = "service-role/AmazonEBSCSIDriverPolicyV2"

// addEBS gives the driver its role, and the cluster a StorageClass: the add-on's own encrypts only where the account does.
func (c *Cluster) addEBS(p ClusterProps, driver awseksv2.CfnAddon) {
	c.EBSIdentity = c.NewPodIdentity(c.Construct, "EBSDriver", &PodIdentityProps{
		Namespace: "kube-system", ServiceAccount: "ebs-csi-controller-sa", ManagedPolicies: []string{ebsPolicy},
	})
	nag.Suppress(c.EBSIdentity.Role, nag.Reasons{"AwsSolutions-IAM4": "the policy is AWS's for this driver, and limits it to the volumes that it has tagged"})
	driver.Node().AddDependency(c.EBSIdentity.Association)
	parameters := map[string]any{"type": "gp3", "encrypted": "true"}
	if p.VolumeKey != nil {
		parameters["kmsKeyId"] = *p.VolumeKey.KeyArn()
		grantVolumeKey(p, c.EBSIdentity.Role)
	}
	if !c.kubectl {
		return
	}
	class := awseksv2.NewKubernetesManifest(c.Construct, jsiix.Str("StorageClass"), &awseksv2.KubernetesManifestProps{
		Cluster: c.L2,
		Manifest: &[]*map[string]any{{
			"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
			"metadata":    map[string]any{"name": "ebs-gp3", "annotations": map[string]any{"storageclass.kubernetes.io/is-default-class": "true"}},
			"provisioner": "ebs.csi.aws.com", "parameters": parameters,
			"volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": true, "reclaimPolicy": "Delete",
		}},
	})
	class.Node().AddDependency(driver)
	LimitTimeout(class)
}

// grantVolumeKey lets the driver use the key for volumes.
// Source: https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/install.md
func grantVolumeKey(p ClusterProps, role awsiam.Role) {
	p.VolumeKey.Grant(role, jsiix.Str("kms:Decrypt"), jsiix.Str("kms:GenerateDataKeyWithoutPlaintext"))
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsiix.Strs([]string{"kms:CreateGrant"}), Resources: jsiix.List(p.VolumeKey.KeyArn()),
		Conditions: &map[string]any{"Bool": map[string]any{"kms:GrantIsForAWSResource": "true"}},
	}))
}
