package stacks_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/eks-ipv6/cdk/constructs/dualstack"
	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/stacks"
)

func TestExposedPropsReportsEveryPart(t *testing.T) {
	t.Parallel()
	p := &stacks.ExposedProps{
		PlatformProps: stacks.PlatformProps{Network: dualstack.VpcProps{Azs: 1}},
		Certificates:  []string{"mine"},
		Echo:          expose.EchoProps{Replicas: -1, Cluster: &ipv6eks.Cluster{}},
	}
	want := []string{"Network.Azs:", "Inbound: missing:", `Certificates[0]: "mine"`, "Echo.Replicas: -1", "Echo.Cluster, Echo.Controller: they are filled in here"}
	err := p.Validate()
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("no %q in:\n%v", w, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != len(want) {
		t.Errorf("%d problems, want %d:\n%v", n, len(want), err)
	}
	var none *stacks.ExposedProps
	if err := none.Validate(); err == nil || !strings.HasPrefix(err.Error(), "Inbound: missing: ") {
		t.Errorf("open to the world by silence: %v", err)
	}
}

func TestExposedPropsAccepts(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]expose.Inbound{
		"anywhere": {Anywhere: true},
		"ranges":   {Cidrs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")}},
	} {
		p := &stacks.ExposedProps{Inbound: in, Certificates: []string{"arn:aws:acm:eu-west-1:111122223333:certificate/one"}, Echo: expose.EchoProps{Namespace: "demo"}}
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ExampleNewExposed() {
	app := awscdk.NewApp(nil)
	stacks.NewExposed(app, "Exposed", &stacks.ExposedProps{
		Inbound: expose.Inbound{Anywhere: true},
	})
	app.Synth(nil)
}
