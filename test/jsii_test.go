package test

import (
	"os"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// Before v1.142.0 two goroutines of jsii's Go runtime waited for Node.js when a program ended, and the one that came second said
// "Runtime process exited abnormally: waitid: no child processes", without an end of the line. Who imports this module gets
// the version that it requires, or a later one.
func TestJsiiRuntimeWaitsOnce(t *testing.T) {
	text, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		if r.Mod.Path == jsiiMod {
			if semver.Compare(r.Mod.Version, "v1.142.0") < 0 {
				t.Errorf("%s", r.Mod.Version)
			}
			return
		}
	}
	t.Error("no jsii")
}
