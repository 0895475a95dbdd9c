package expose

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/constructs/lbc"
)

// A cluster's answer while the controller replaces a load balancer: first the old name, then the new one.
func TestHostnameIsNeverTheOldOne(t *testing.T) {
	t.Parallel()
	known, newer := &lbc.Controller{ChartVersion: "3.5.0"}, &lbc.Controller{ChartVersion: "3.9.0"}
	alb := func(begins string, scheme Scheme) published {
		return published{resource: "ingress", namespace: "shop", name: "web", list: "loadBalancer.ingress", field: "hostname", begins: begins, application: true, scheme: scheme}
	}
	nlb := func(begins string) published {
		return published{resource: "service", namespace: "shop", name: "web", list: "loadBalancer.ingress", field: "hostname", begins: begins}
	}
	gateway := func(begins string, application bool, scheme Scheme) published {
		return published{resource: "gateway." + gatewayGroup, namespace: "shop", name: "web", list: "addresses", field: "value", begins: begins, application: application, scheme: scheme}
	}
	const (
		albPublic, albInternal = "k8s-shop-web-0123456789-12345.eu-west-1.elb.amazonaws.com", "internal-k8s-shop-web-9876543210-67890.eu-west-1.elb.amazonaws.com"
		albGroup               = "internal-k8s-teamashared-0123456789-12345.eu-west-1.elb.amazonaws.com"
		nlbPublic, nlbInternal = "pub-shop-web-01234567-0123456789abcdef.elb.eu-west-1.amazonaws.com", "int-shop-web-01234567-fedcba9876543210.elb.eu-west-1.amazonaws.com"
	)
	own := func(c *lbc.Controller, group string) string { return controllersName(c, group, "shop", "web") }
	kubectl := newKubectl(t)
	for name, c := range map[string]struct {
		want     published
		old, new string
	}{
		"ALB to internal":                     {alb(own(known, ""), Internal), albPublic, albInternal},
		"ALB to internet-facing":              {alb(own(known, ""), InternetFacing), albInternal, albPublic},
		"newer controller, to internal":       {alb(own(newer, ""), Internal), "aaa-1.elb", "internal-zzz-1.elb"},
		"newer controller, to internal again": {alb(own(newer, ""), Internal), "zzz-1.elb", "internal-aaa-1.elb"},
		"newer controller, to the internet":   {alb(own(newer, ""), InternetFacing), "internal-aaa-1.elb", "zzz-1.elb"},
		"newer controller, before internal":   {alb(own(newer, ""), InternetFacing), "internal-zzz-1.elb", "aaa-1.elb"},
		"ALB into a group":                    {alb(own(known, "team-a.shared"), Internal), albInternal, albGroup},
		"ALB out of a group":                  {alb(own(known, ""), Internal), albGroup, albInternal},
		"ALB with a name, to internal":        {alb(nameBegins("Shop"), Internal), "shop-1.elb", "internal-shop-2.elb"},
		"ALB with a name, to the internet":    {alb(nameBegins("Shop"), InternetFacing), "internal-shop-1.elb", "shop-2.elb"},
		"ALB with another name":               {alb(nameBegins("shop"), Internal), "internal-shop2-1.elb", "internal-shop-1.elb"},
		"NLB to internal":                     {nlb(nameBegins("int-shop-web-01234567")), nlbPublic, nlbInternal},
		"NLB to internet-facing":              {nlb(nameBegins("pub-shop-web-01234567")), nlbInternal, nlbPublic},
		"NLB of the controller's naming":      {nlb(nameBegins("pub-shop-web-01234567")), "k8s-shop-web-0123456789-0123456789abcdef.elb", nlbPublic},
		"Gateway's ALB to internal":           {gateway(own(known, ""), true, Internal), albPublic, albInternal},
		"Gateway's NLB to internal":           {gateway(nameBegins("int-shop-web-01234567"), false, Internal), nlbPublic, nlbInternal},
	} {
		if got := kubectl.ask(t, c.want, c.old); got != "" {
			t.Errorf("%s: with the old name in the status the function goes on with %q", name, got)
		}
		if got := kubectl.ask(t, c.want, c.new); got != c.new {
			t.Errorf("%s: %q, want %s (%s)", name, got, c.new, c.want.jsonPath())
		}
	}
	for _, p := range []published{alb(own(known, ""), Internal), alb(own(newer, ""), InternetFacing), nlb(""), gateway(own(known, ""), true, Internal)} {
		for _, status := range []string{`{}`, `{"loadBalancer":{}}`, `{"loadBalancer":{"ingress":[]},"addresses":[]}`} {
			if got := kubectl.askStatus(t, p, status); got != "" {
				t.Errorf("%s: with the status %s the function goes on with %q", p.resource, status, got)
			}
		}
	}
	token := nlb(nameBegins("${Token[Name.1]}"))
	if got := kubectl.ask(t, token, nlbPublic); got != nlbPublic {
		t.Errorf("a name that is a token: %q", got)
	}
}

func TestControllersNames(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"3.0.0": "k8s-myshop-webfront-", "3.5.0": "k8s-myshop-webfront-", "3.6.0": ""} {
		if got := controllersName(&lbc.Controller{ChartVersion: version}, "", "my-shop", "web-frontend"); got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
	if got := controllersName(&lbc.Controller{ChartVersion: "3.5.0"}, "pgv-next.shared-alb-of-all", "a", "b"); got != "k8s-pgvnextsharedalbo-" {
		t.Errorf("a group: %q", got)
	}
}

// kubectl is that of the layer, in front of an API server that has one object of each kind, called web.
type kubectl struct {
	path, server, cache string
	status              *string
}

// newKubectl is the layer's, which is for Linux on x86-64, as this file is.
func newKubectl(t *testing.T) kubectl {
	t.Helper()
	k := kubectl{path: layersKubectl(t), cache: t.TempDir(), status: new(string)}
	resources := map[string]string{"v1": "services Service", "networking.k8s.io/v1": "ingresses Ingress", gatewayGroup + "/v1": "gateways Gateway"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := func(v any) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(v)
		}
		version := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/apis/"), "/api/")
		switch {
		case r.URL.Path == "/api":
			answer(map[string]any{"kind": "APIVersions", "versions": []string{"v1"}})
		case r.URL.Path == "/apis":
			var groups []any
			for version := range resources {
				if group, _, ok := strings.Cut(version, "/"); ok {
					v := map[string]any{"groupVersion": version, "version": "v1"}
					groups = append(groups, map[string]any{"name": group, "versions": []any{v}, "preferredVersion": v})
				}
			}
			answer(map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
		case resources[version] != "":
			name, kind, _ := strings.Cut(resources[version], " ")
			answer(map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": []any{map[string]any{
				"name": name, "singularName": strings.ToLower(kind), "namespaced": true, "kind": kind, "verbs": []string{"get", "list"},
			}}})
		default:
			version, rest, _ := strings.Cut(version, "/namespaces/shop/")
			name, kind, _ := strings.Cut(resources[version], " ")
			if rest != name || r.URL.Query().Get("fieldSelector") != "metadata.name=web" {
				http.NotFound(w, r)
				return
			}
			answer(map[string]any{"kind": kind + "List", "apiVersion": version, "metadata": map[string]any{"resourceVersion": "1"}, "items": []any{map[string]any{
				"kind": kind, "apiVersion": version, "metadata": map[string]any{"name": "web", "namespace": "shop"}, "status": json.RawMessage(*k.status),
			}}})
		}
	}))
	t.Cleanup(server.Close)
	k.server = server.URL
	return k
}

// ask is what CDK's function makes of a status with a DNS name, or nothing where it would ask again.
func (k kubectl) ask(t *testing.T, p published, dns string) string {
	t.Helper()
	return k.askStatus(t, p, fmt.Sprintf(`{"loadBalancer":{"ingress":[{"hostname":%[1]q,"ports":[{"port":80,"protocol":"TCP"}]}]},"addresses":[{"type":"Hostname","value":%[1]q}]}`, dns))
}

func (k kubectl) askStatus(t *testing.T, p published, status string) string {
	t.Helper()
	*k.status = status
	// As custom-resource-handlers/dist/aws-eks-v2/kubectl-handler/get/__init__.py of aws-cdk-lib does.
	cmd := exec.Command(k.path, "--server", k.server, "--cache-dir", k.cache, "get", "-n", p.namespace, p.resource, "--field-selector=metadata.name="+p.name, "-o=jsonpath='{"+p.jsonPath()+"}'")
	cmd.Env = []string{"HOME=" + k.cache}
	out, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if !errors.As(err, &failed) || !strings.Contains(string(failed.Stderr), "array index out of bounds") {
			t.Fatalf("%v: %v", cmd.Args, err)
		}
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(out), "'"), "'")
}

// layersKubectl takes kubectl out of the layer that the module kubectllayer embeds.
func layersKubectl(t *testing.T) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cdklabs/awscdk-kubectl-go/kubectlv34/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "jsii", "*.tgz"))
	if err != nil || len(packages) != 1 {
		t.Fatal(packages, err)
	}
	file, err := os.Open(packages[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if err != nil {
			t.Fatal("no layer in the package: ", err)
		}
		if filepath.Base(h.Name) != "layer.zip" {
			continue
		}
		layer, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		archive, err := zip.NewReader(bytes.NewReader(layer), int64(len(layer)))
		if err != nil {
			t.Fatal(err)
		}
		in, err := archive.Open("kubectl/kubectl")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = in.Close() }()
		path := filepath.Join(t.TempDir(), "kubectl")
		out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(out, in); err != nil {
			t.Fatal(err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
}
