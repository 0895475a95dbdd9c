package packetlab

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/eks-ipv6/cdk/internal/seeded"
	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// disagrees matches the text of a [Disagreement] in a test's output.
var disagrees = regexp.MustCompile(`\n +tracer: .+\n +lab: `)

// TestBugs shows that the lab finds bugs: those of internal/seeded, each in a tracer built with it.
func TestBugs(t *testing.T) {
	unchanged, err := os.Executable()
	must(t, err)
	dir, err := mutants()
	must(t, err)
	t.Setenv(mutantsDir, dir)
	var shows []string
	for _, b := range seeded.Bugs {
		shows = append(shows, b.Shows)
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		if out, err := lab(t, unchanged, strings.Join(shows, "|")); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	for _, b := range seeded.Bugs {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			bin := build(t, b.Changes)
			out, err := lab(t, bin, b.Shows)
			for range 2 { // on a busy machine a packet that the tracer denies may come too late to be seen
				if err == nil {
					out, err = lab(t, bin, b.Shows)
				}
			}
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !disagrees.MatchString(out) || strings.Contains(out, "panic: ") {
				t.Errorf("%v, want a disagreement\n%s", err, out)
			}
		})
	}
}

// building bounds how many programs are built at a time.
var building = make(chan struct{}, runtime.NumCPU())

// build makes this test's program with changes.
func build(t *testing.T, changes []seeded.Change) string {
	t.Helper()
	dir, err := os.MkdirTemp("/run", "bug") // goes with the lab, however that ends
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	overlay, err := seeded.Overlay("../..", dir, changes...)
	must(t, err)
	bin := filepath.Join(dir, "bin")
	building <- struct{}{}
	defer func() { <-building }()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-gcflags=github.com/eks-ipv6/cdk/...=-N -l", "-ldflags=-w", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "GOTMPDIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return bin
}

// lab runs tests of such a program, in namespaces within this one's.
func lab(t *testing.T, bin, tests string) (string, error) {
	cmd := exec.CommandContext(t.Context(), bin, "-test.run", tests)
	cmd.Env = append(os.Environ(), wire.Sharing)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
