package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder is a testing.TB that keeps failures instead of failing.
type recorder struct {
	testing.TB
	text string
}

func (r *recorder) Helper()                           {}
func (r *recorder) Name() string                      { return "TestX" }
func (r *recorder) Errorf(format string, args ...any) { r.text += fmt.Sprintf(format, args...) }
func (r *recorder) Fatalf(format string, args ...any) {
	r.text += fmt.Sprintf(format, args...)
	panic(r)
}
func (r *recorder) Fatal(args ...any) { r.text += fmt.Sprint(args...); panic(r) }

func check(t *testing.T, name, got string) (failure string) {
	r := &recorder{TB: t}
	defer func() {
		if p := recover(); p != nil && p != any(r) {
			panic(p)
		}
		failure = r.text
	}()
	Check(r, name, []byte(got))
	return r.text
}

func TestCheck(t *testing.T) {
	name := filepath.Join(t.TempDir(), "new", "x.txt")
	if got := check(t, name, "a\n"); !strings.Contains(got, "make golden") {
		t.Errorf("a missing file fails with %q, want the command that writes it", got)
	}
	*update = true
	failure := check(t, name, "a\n")
	*update = false
	if failure != "" {
		t.Fatalf("-update fails: %s", failure)
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != "a\n" {
		t.Errorf("-update wrote %q, %v", data, err)
	}
	if got := check(t, name, "a\n"); got != "" {
		t.Errorf("equal bytes fail: %s", got)
	}
	if got := check(t, name, "b\n"); !strings.Contains(got, "make golden") || !strings.Contains(got, "out of date") {
		t.Errorf("a difference fails with %q, want the diff and the command", got)
	}
}
