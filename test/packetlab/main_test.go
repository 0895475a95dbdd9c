package packetlab

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"testing"

	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// The flags of a run. The table in docs/packetlab.md is of the defaults.
var (
	networks = flag.Int("networks", 200, "how many random networks to compare")
	seed     = flag.Uint64("seed", 1, "the seed of the first random network")
)

// TestMain runs the tests in namespaces of their own. What needs the world outside is done before: tools are found or built.
func TestMain(m *testing.M) {
	code, err := run(m)
	var unable *wire.UnableError
	switch {
	case errors.As(err, &unable):
		fmt.Fprintln(os.Stderr, "packet lab: cannot run here:", err)
	case err != nil:
		fmt.Fprintln(os.Stderr, "packet lab:", err)
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	if wire.Inside() {
		if err := wire.Settle(); err != nil {
			return 1, err
		}
		// Most of a run is waiting for answers that do not come, so that many networks fit at a time.
		if err := flag.Set("test.parallel", "24"); err != nil {
			return 1, err
		}
		code := m.Run()
		if tally.nat64 > 0 {
			fmt.Printf("packet lab: %d flows are left out, and the counts not compared with the documented ones: no NAT64 here: %s\n", tally.nat64, ToolsFromEnv().NoNAT64)
		}
		return code, nil
	}
	tools := ToolsFromEnv()
	if tools.Egress == "" { // a run within a run has them
		var err error
		if tools, err = FindTools(); err != nil {
			return 1, err
		}
		if out, err := preflightTests("-c", "-o", os.DevNull).CombinedOutput(); err != nil {
			return 1, fmt.Errorf("build preflight's tests: %w\n%s", err, out)
		}
	}
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return wire.Enter(interrupted, tools.Env()...)
}

func preflightTests(args ...string) *exec.Cmd {
	cmd := exec.Command("go", append([]string{"test", "./preflight/flow", "./preflight/rules"}, args...)...)
	cmd.Dir = "../.."
	return cmd
}

// mutantsDir names, in the environment of a run within a run, the folder that [mutants] makes.
const mutantsDir = "PACKETLAB_MUTANTS"

// mutants is a folder with the templates that preflight's own tests make. It goes with the namespaces that the tests run in.
var mutants = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv(mutantsDir); dir != "" {
		return dir, nil
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return "", err
	}
	// Those left out make thousands of templates, or none of their own.
	keep := preflightTests("-run", "^Test", "-skip", "^(TestUnknown|TestUnknownIsNeverBlocked|TestEveryPair|TestInvariants)$", "-keep", dir)
	if out, err := keep.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", keep, err, out)
	}
	return dir, nil
})
