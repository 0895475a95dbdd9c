//go:build !linux

package test

import (
	"os/exec"
	"testing"
	"time"
)

// cpuOf runs a program and returns the CPU time of it and of what it waited for.
func cpuOf(b *testing.B, cmd *exec.Cmd) time.Duration {
	b.Helper()
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, text)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}
