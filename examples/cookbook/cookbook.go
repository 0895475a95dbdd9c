// Package cookbook has the programs of docs/cookbook.md: each recipe is a function that adds stacks to an app, in a file of
// its own that can be copied.
package cookbook

import "github.com/aws/aws-cdk-go/awscdk/v2"

// Recipes are the recipes by the name of their page in docs/cookbook.
var Recipes = map[string]func(awscdk.App){
	"application-stack": ApplicationStack,
	"argo-cd":           ArgoCD,
	"cert-manager":      CertManager,
	"database":          Database,
	"existing-cluster":  ExistingCluster,
	"grpc":              GRPC,
	"guardrails":        Guardrails,
	"private-cluster":   PrivateCluster,
	"stages":            Stages,
	"volumes":           Volumes,
}
