package packetlab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// Tools are the programs that the lab runs: the VPC CNI's egress plugin, the address management it calls, and a NAT64
// translator.
type Tools struct {
	Egress    string // path of egress-cni-plugin
	HostLocal string // path of host-local
	NAT64     string // path of tayga; "" where it cannot run
	NoNAT64   string // why it cannot run
}

// FindTools builds the plugins in the versions of go.mod and looks for the programs that must be installed. Building may
// download, so it is done outside the lab's namespaces.
func FindTools() (Tools, error) {
	// The programs of administrators are often not in the path of others. The plugin looks for iptables in the path.
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		return Tools{}, err
	}
	for _, program := range []string{"iptables", "ip6tables"} {
		if _, err := installed(program, "iptables"); err != nil {
			return Tools{}, err
		}
	}
	var t Tools
	var err error
	if t.Egress, err = built("egress-cni-plugin"); err != nil {
		return Tools{}, err
	}
	if t.HostLocal, err = built("host-local"); err != nil {
		return Tools{}, err
	}
	if t.NAT64, err = findNAT64(); err != nil {
		t.NoNAT64 = err.Error()
	}
	return t, nil
}

func findNAT64() (string, error) {
	path, err := installed("tayga", "tayga")
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		return "", fmt.Errorf("tayga: %w", err)
	}
	return path, f.Close()
}

func installed(program, debian string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", &wire.UnableError{Lacks: fmt.Sprintf("%s is not installed (Debian package %s)", program, debian)}
	}
	return path, nil
}

// built is the path of a tool of go.mod in the go command's cache, where it is built unless it is there.
func built(tool string) (string, error) {
	cmd := exec.Command("go", "tool", "-n", tool)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", tool, err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}

var toolVariables = map[string]func(*Tools) *string{
	"PACKETLAB_EGRESS":     func(t *Tools) *string { return &t.Egress },
	"PACKETLAB_HOST_LOCAL": func(t *Tools) *string { return &t.HostLocal },
	"PACKETLAB_NAT64":      func(t *Tools) *string { return &t.NAT64 },
	"PACKETLAB_NO_NAT64":   func(t *Tools) *string { return &t.NoNAT64 },
}

// Env hands the tools to a process by its environment.
func (t Tools) Env() []string {
	var env []string
	for name, field := range toolVariables {
		env = append(env, name+"="+*field(&t))
	}
	return env
}

// ToolsFromEnv are the tools that [Tools.Env] hands over.
func ToolsFromEnv() Tools {
	var t Tools
	for name, field := range toolVariables {
		*field(&t) = os.Getenv(name)
	}
	return t
}
