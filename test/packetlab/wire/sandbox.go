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
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const inside = "PACKETLAB_INSIDE"

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
		return 1, fmt.Errorf("namespaces of its own: %w: run as root, or where unprivileged user namespaces are allowed", err)
	}
	return 0, nil
}

// Settle prepares the namespaces that the process was started in: file systems of its own for processes and run-time
// state, so that nothing is seen outside.
func Settle() error {
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
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

// Lookup says which of the named programs are not installed.
func Lookup(programs ...string) error {
	var missing []string
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			missing = append(missing, p)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("not installed: %s", strings.Join(missing, ", "))
	}
	return nil
}
