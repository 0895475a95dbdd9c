package packetlab

import (
	"fmt"
	"os"
	"testing"

	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

func TestMain(m *testing.M) {
	if !wire.Inside() {
		tools, err := FindTools()
		if err != nil {
			fmt.Fprintln(os.Stderr, "packetlab:", err)
			os.Exit(1)
		}
		code, err := wire.Enter(tools.Env()...)
		if err != nil {
			fmt.Fprintln(os.Stderr, "packetlab:", err)
		}
		os.Exit(code)
	}
	if err := wire.Settle(); err != nil {
		fmt.Fprintln(os.Stderr, "packetlab:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
