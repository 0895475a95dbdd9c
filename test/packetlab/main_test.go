package packetlab

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// The flags of a run. The table in docs/packetlab.md is of the defaults.
var (
	networks = flag.Int("networks", 300, "how many random networks to compare")
	seed     = flag.Uint64("seed", 1, "the seed of the first random network")
)

// mutantsDir names, in the environment of the tests, the folder with the templates that preflight's own tests make.
const mutantsDir = "PACKETLAB_MUTANTS"

// TestMain runs the tests in namespaces of their own. What needs the world outside is done before: tools are found or built,
// and preflight's tests hand out their templates.
func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "packetlab:", err)
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
		return m.Run(), nil
	}
	tools, err := FindTools()
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "packetlab")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Those left out make thousands of templates, or none of their own.
	keep := exec.CommandContext(interrupted, "go", "test", "./preflight/flow", "./preflight/rules", "-run", "^Test",
		"-skip", "^(TestUnknown|TestUnknownIsNeverBlocked|TestEveryPair|TestInvariants)$", "-keep", dir)
	keep.Dir = "../.."
	if out, err := keep.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("%s: %w\n%s", keep, err, out)
	}
	return wire.Enter(interrupted, append(tools.Env(), mutantsDir+"="+dir)...)
}
