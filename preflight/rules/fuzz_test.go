package rules_test

import (
	"strings"
	"testing"

	"github.com/eks-ipv6/cdk/internal/behind"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/rules"
)

// FuzzCheck replaces any text of a good template by any other: no template makes a rule panic, and every finding
// names a resource of the template.
func FuzzCheck(f *testing.F) {
	f.Add(false, "ipv6", "ipv4")
	f.Add(false, "!Ref Vpc", "!Ref AWS::NoValue")
	f.Add(false, "[!Ref PrivateA, !Ref PrivateB]", "!Ref PrivateA")
	f.Add(false, "10.0.32.0/20", "::/0")
	f.Add(false, "Statement: [", "Statement: [{}, ")
	f.Add(false, "LaunchTemplateData:", "Data:")
	f.Add(true, "dualstack", "[]")
	f.Add(true, `"spec": {`, `"spec": [], "x": {`)
	f.Add(true, "SubnetIds: [!Ref A, !Ref B]", "SubnetIds: {a: b}")
	good, automode := read(f, "testdata/good.yaml"), read(f, "testdata/auto.yaml")
	f.Fuzz(func(t *testing.T, second bool, old, replacement string) {
		text := good
		if second {
			text = automode
		}
		if old == "" || len(replacement) > 1000 {
			return
		}
		text = strings.ReplaceAll(text, old, replacement)
		if len(text) > 1<<20 {
			return
		}
		set, err := cfn.Parse(cfn.Options{}, cfn.Source{Name: "t", Data: []byte(text)})
		if err != nil {
			return
		}
		findings, err := rules.Check(behind.Flow(network.Read(set)).(*flow.Network), rules.Options{Today: today})
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range findings {
			if len(set.Find(found.LogicalID)) == 0 || found.Message == "" || !strings.HasPrefix(found.Path, "Resources."+found.LogicalID) {
				t.Errorf("%+v", found)
			}
		}
	})
}
