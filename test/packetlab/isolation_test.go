package packetlab

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// These tests run the lab within the lab: for the inner run, the outer one is the world.

const (
	// small is a part of the lab that takes a second.
	small = "TestReferenceStacks/Ipv6Network$"
	// temporary is where an inner run's environment says that temporary files belong.
	temporary = "/mnt"
)

// inner is a run within the run.
type inner struct {
	*exec.Cmd
	out  bytes.Buffer
	late context.Context // done if it does not end by itself
}

// again starts the lab's tests that a pattern names, as their own program would outside.
func again(t *testing.T, run string, change []string, args ...string) *inner {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	late, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	i := &inner{Cmd: exec.CommandContext(late, self, append([]string{"-test.run=" + run}, args...)...), late: late}
	i.Env = append(append(os.Environ(), wire.Outside, mutantsDir+"=", "TMPDIR="+temporary), change...)
	i.Stdout, i.Stderr, i.WaitDelay = &i.out, &i.out, 10*time.Second
	must(t, i.Start())
	return i
}

// ends waits for the end, and reports whether all tests passed.
func (i *inner) ends(t *testing.T) bool {
	t.Helper()
	err := i.Wait()
	if i.late.Err() != nil {
		t.Error("it did not end by itself")
	}
	return err == nil
}

// world is what a run may leave behind.
type world map[string][]string

const processes, namespaces, interfaces, mounts, files = "processes", "network namespaces", "interfaces", "mounts", "files"

func look(t *testing.T) world {
	t.Helper()
	w := world{}
	for _, dir := range glob(t, "/proc/[0-9]*") {
		if comm, err := os.ReadFile(dir + "/comm"); err == nil {
			w[processes] = append(w[processes], filepath.Base(dir)+" "+strings.TrimSpace(string(comm)))
		}
	}
	for _, link := range append(glob(t, "/proc/[0-9]*/task/*/ns/net"), glob(t, "/proc/[0-9]*/fd/*")...) {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "net:") && !slices.Contains(w[namespaces], to) {
			w[namespaces] = append(w[namespaces], to)
		}
	}
	links, err := net.Interfaces()
	must(t, err)
	for _, l := range links {
		w[interfaces] = append(w[interfaces], l.Name)
	}
	mounted, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	w[mounts] = strings.Split(strings.TrimSpace(string(mounted)), "\n")
	for _, dir := range []string{"/run", temporary} {
		must(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			w[files] = append(w[files], path)
			return err
		}))
	}
	return w
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	must(t, err)
	return names
}

// more is what the world has that it had not before.
func (w world) more(before world) (more []string) {
	for kind, list := range w {
		for _, one := range list {
			if !slices.Contains(before[kind], one) {
				more = append(more, kind+": "+one)
			}
		}
	}
	return more
}

// leftNothing gives the kernel time to clear away what nobody has any more.
func leftNothing(t *testing.T, before world) {
	t.Helper()
	var more []string
	for range 500 {
		reap(t)
		if more = look(t).more(before); len(more) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("left behind:\n%s", strings.Join(more, "\n"))
}

// reap buries the orphans that have ended: in these namespaces, this process is who does it.
func reap(t *testing.T) {
	t.Helper()
	for _, dir := range glob(t, "/proc/[0-9]*") {
		stat, err := os.ReadFile(dir + "/stat")
		if err != nil || !bytes.Contains(stat, []byte(") Z 1 ")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		must(t, err)
		_, err = unix.Wait4(pid, nil, 0, nil)
		must(t, err)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	must(t, unix.Mount("tmpfs", temporary, "tmpfs", 0, ""))
	t.Cleanup(func() { must(t, unix.Unmount(temporary, unix.MNT_DETACH)) })
	// Were mounts of the inner run not private, they would be seen here.
	must(t, unix.Mount("", "/", "", unix.MS_SHARED|unix.MS_REC, ""))
	t.Cleanup(func() { must(t, unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, "")) })
	built := func(now, before world) bool { return len(now[namespaces]) > len(before[namespaces])+5 }
	handingOut := func(now, before world) bool { return len(now[processes]) > len(before[processes])+3 } // outer, inner, go and what that runs
	for _, c := range []struct {
		name, run string
		change    []string
		args      []string
		middle    func(now, before world) bool // when it gets the signal
		signal    syscall.Signal
		want      string
		passes    bool
	}{
		{name: "passes", run: small, want: "PASS", passes: true},
		{name: "fails", run: "TestEgressIPv6", change: []string{"PACKETLAB_EGRESS=/bin/false"}, want: "--- FAIL"},
		{name: "panics", run: small, args: []string{"-test.count=1000", "-test.timeout=2s"}, want: "panic: test timed out"},
		{name: "is interrupted", run: small, args: []string{"-test.count=1000"}, middle: built, signal: syscall.SIGINT},
		{name: "is ended", run: small, args: []string{"-test.count=1000"}, middle: built, signal: syscall.SIGTERM},
		{name: "is killed", run: small, args: []string{"-test.count=1000"}, middle: built, signal: syscall.SIGKILL},
		{name: "is killed while preflight's tests run", run: "TestMutants", middle: handingOut, signal: syscall.SIGKILL},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := look(t)
			run := again(t, c.run, c.change, c.args...)
			if c.middle != nil {
				for !c.middle(look(t), before) && run.late.Err() == nil {
					time.Sleep(5 * time.Millisecond)
				}
				must(t, run.Process.Signal(c.signal))
			}
			if passes := run.ends(t); passes != c.passes || !strings.Contains(run.out.String(), c.want) {
				t.Errorf("passes: %t, want one that %s:\n%s", passes, c.name, &run.out)
			}
			leftNothing(t, before)
		})
	}
}

func TestRunsDoNotDisturbEachOther(t *testing.T) {
	before := look(t)
	var runs []*inner
	for range 3 {
		runs = append(runs, again(t, small+"|TestEgressIPv4|TestNAT64", nil))
	}
	for _, run := range runs {
		if !run.ends(t) {
			t.Errorf("one of three failed:\n%s", &run.out)
		}
	}
	leftNothing(t, before)
}

// TestNothingLeaves holds the sandbox to its loopback interface: there is no way out of it.
func TestNothingLeaves(t *testing.T) {
	links, err := netlink.LinkList()
	must(t, err)
	for _, l := range links {
		if l.Attrs().Name != "lo" {
			t.Errorf("there is the interface %s", l.Attrs().Name)
		}
	}
	for _, a := range []netip.Addr{serverIPv4, serverIPv6} {
		if routes, err := netlink.RouteGet(a.AsSlice()); err == nil {
			t.Errorf("there is a route to %s: %v", a, routes)
		}
	}
}

// TestLacksNamespaces runs the lab where the kernel gives no network namespace.
func TestLacksNamespaces(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	cmd := exec.Command("sh", "-c", `echo 0 >/proc/sys/user/max_net_namespaces && exec "$0" '-test.run=^$'`, self)
	cmd.Env = append(os.Environ(), wire.Outside)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER, // whose limit it is
		UidMappings: []syscall.SysProcIDMap{{Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	const want = "packet lab: cannot run here: namespaces: "
	if text := string(out); err == nil || !strings.HasPrefix(text, want) || strings.Count(text, "\n") != 1 {
		t.Errorf("%v: it says\n%s\nwant one line that begins with %q", err, out, want)
	}
}
