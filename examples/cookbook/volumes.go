package cookbook

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/stacks"
)

// Volumes has Pods with encrypted EBS volumes.
func Volumes(app awscdk.App) {
	platform := stacks.NewPlatform(app, "Platform", &stacks.PlatformProps{
		Workload: stacks.Workload{Cluster: ipv6eks.ClusterProps{EBSDriver: true}},
	})

	labels := map[string]any{"app": "cache"}
	cache := platform.Cluster.L2.AddManifest(jsii.String("Cache"), &map[string]any{
		"apiVersion": "apps/v1", "kind": "StatefulSet",
		"metadata": map[string]any{"name": "cache", "namespace": "default"},
		"spec": map[string]any{
			"serviceName": "cache", "replicas": 2,
			"selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels},
				"spec": map[string]any{"containers": []any{map[string]any{
					"name": "valkey", "image": "docker.io/valkey/valkey:8.1-alpine",
					"args":         []any{"--appendonly", "yes"}, // it listens on both families, and writes to /data
					"ports":        []any{map[string]any{"name": "valkey", "containerPort": 6379}},
					"volumeMounts": []any{map[string]any{"name": "data", "mountPath": "/data"}},
				}}},
			},
			"volumeClaimTemplates": []any{map[string]any{
				"metadata": map[string]any{"name": "data"},
				"spec": map[string]any{ // of the default class, ebs-gp3
					"accessModes": []any{"ReadWriteOnce"},
					"resources":   map[string]any{"requests": map[string]any{"storage": "20Gi"}},
				},
			}},
		},
	}, &map[string]any{
		"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "cache", "namespace": "default"},
		"spec": map[string]any{"selector": labels, "clusterIP": "None", "ports": []any{map[string]any{"name": "valkey", "port": 6379}}},
	})
	// When the stack is deleted, the Pods go before the driver that takes their volumes off.
	cache.Node().AddDependency(platform.Cluster.Construct)
	ipv6eks.LimitTimeout(cache) // what fails is told in minutes
}
