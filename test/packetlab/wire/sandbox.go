// Package wire makes network namespaces ("boxes"), links between them, and what a box does with packets: routes, filters
// and translations.
package wire

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const inside = "PACKETLAB_INSIDE"

// Outside is what the environment of a program has that starts within the namespaces of [Enter] and is to have its own.
const Outside = inside + "="

// Sharing is what the environment of a program has that starts within the namespaces of [Enter], in such of its own, and is
// to have the same files.
const (
	Sharing = sharing + "=1"
	sharing = "PACKETLAB_SHARING"
)

// Inside reports whether the process runs in the namespaces that [Enter] makes.
func Inside() bool { return os.Getenv(inside) != "" }

// Enter runs this program again, with the same arguments and the given additions to its environment, in network, mount
// and process namespaces of its own, and returns its exit code. Everything that the second run makes lives in there and
// ends with it, however it ends, also when the context does. Without root it takes a user namespace too, where the kernel
// allows that.
func Enter(ctx context.Context, env ...string) (int, error) {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(append(os.Environ(), inside+"=1"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	runtime.LockOSThread() // Pdeathsig is of the thread that starts the process
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1), nil
	case err != nil:
		return 1, &UnableError{fmt.Sprintf("namespaces: %v: run as root, or where the kernel allows user namespaces to others", err)}
	}
	return 0, nil
}

// UnableError is what the machine lacks for the lab.
type UnableError struct{ Lacks string }

func (e *UnableError) Error() string { return e.Lacks }

// Settle prepares the namespaces that the process was started in: file systems of its own for processes, run-time state and
// temporary files, so that nothing is seen outside, and nothing left there.
func Settle() error {
	type mount struct {
		source, to, kind string
		flags            uintptr
	}
	mounts := []mount{{"", "/", "", unix.MS_PRIVATE | unix.MS_REC}, {"proc", "/proc", "proc", 0}}
	own := os.Getenv(sharing) == ""
	if own {
		mounts = append(mounts, mount{"tmpfs", "/run", "tmpfs", 0})
	}
	for _, m := range mounts {
		if err := unix.Mount(m.source, m.to, m.kind, m.flags, ""); err != nil {
			return &UnableError{fmt.Sprintf("mount %s %s: %v", m.kind, m.to, err)}
		}
	}
	if own {
		const temporary = "/run/tmp"
		if err := errors.Join(os.Mkdir(temporary, 0o700), os.Setenv("TMPDIR", temporary)); err != nil {
			return err
		}
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(lo)
}

// sysctls holds for every box: it forwards, asks no other router for anything, and believes the addresses it is given.
var sysctls = map[string]string{
	"ipv4/ip_forward":                        "1",
	"ipv4/ip_nonlocal_bind":                  "1",
	"ipv4/conf/all/rp_filter":                "0",
	"ipv4/conf/default/rp_filter":            "0",
	"ipv4/conf/all/send_redirects":           "0",
	"ipv4/conf/default/send_redirects":       "0",
	"ipv4/conf/all/accept_redirects":         "0",
	"ipv6/conf/all/forwarding":               "1",
	"ipv6/conf/default/forwarding":           "1",
	"ipv6/conf/all/accept_dad":               "0",
	"ipv6/conf/default/accept_dad":           "0",
	"ipv6/conf/default/dad_transmits":        "0",
	"ipv6/conf/default/router_solicitations": "0",
	"ipv6/conf/default/accept_redirects":     "0",
	"ipv6/ip_nonlocal_bind":                  "1",
	"netfilter/nf_conntrack_tcp_loose":       "0",
}

// Set writes kernel parameters of the box, by their names below /proc/sys/net.
func (b *Box) Set(values map[string]string) error {
	return b.Do(func() error {
		var errs []error
		for name, value := range values {
			errs = append(errs, os.WriteFile("/proc/sys/net/"+name, []byte(value), 0))
		}
		return errors.Join(errs...)
	})
}
