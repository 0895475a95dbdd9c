package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens both ends of a pseudo-terminal: https://man7.org/linux/man-pages/man7/pty.7.html
func terminal(t *testing.T) (screen, program *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return screen, program
}

func TestTerminal(t *testing.T) {
	const green, red = "\x1b[32m✓", "\x1b[31merror"
	broken := t.TempDir() + "/broken.yaml"
	text, err := os.ReadFile("testdata/network.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken, []byte(strings.ReplaceAll(string(text), "DependsOn: Ipv6", "DependsOn: []")), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, noColor, term string
		args                []string
		status              int
		want                string
		colored             bool
	}{
		{"trace", "", "xterm-256color", []string{"trace", "testdata/network.yaml"}, exitOK, green, true},
		{"check", "", "xterm-256color", []string{"check", broken}, exitMissed, red, true},
		{"NO_COLOR", "1", "xterm-256color", []string{"trace", "testdata/network.yaml"}, exitOK, "✓", false},
		{"dumb", "", "dumb", []string{"check", broken}, exitMissed, "error", false},
		{"json", "", "xterm-256color", []string{"trace", "-o", "json", "testdata/network.yaml"}, exitOK, `"flows"`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", c.noColor)
			t.Setenv("TERM", c.term)
			screen, program := terminal(t)
			shown := make(chan string)
			go func() {
				b, _ := io.ReadAll(screen) // ends with EIO when the program's end is closed
				shown <- string(b)
			}()
			status := run(c.args, program, io.Discard)
			program.Close()
			got := <-shown
			if status != c.status || !strings.Contains(got, c.want) || strings.Contains(got, "\x1b") != c.colored {
				t.Errorf("status %d, want %d; want %q, coloured %v, in:\n%q", status, c.status, c.want, c.colored, got)
			}
		})
	}
}
