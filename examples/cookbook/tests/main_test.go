package tests

import (
	"os"
	"testing"

	"github.com/aws/jsii-runtime-go"
)

// TestMain runs the tests of a package without CDK's own validation of templates, which takes some 8 s of CPU. The variable
// must be there when Node.js starts: the client has read the environment already, and a closed one reads it again.
func TestMain(m *testing.M) {
	os.Setenv("CDK_VALIDATION", "false")
	jsii.Close()
	code := m.Run()
	jsii.Close() // lets Node.js end first
	os.Exit(code)
}
