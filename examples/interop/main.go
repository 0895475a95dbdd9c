// Interop synthesizes an IPv6 cluster, clients beyond its boundary and what joins them: see README.md beside it.
package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/eks-ipv6/cdk/examples/internal/options"
	"github.com/eks-ipv6/cdk/stacks"
)

// ids are the stacks', one for each join, so that deploying one does not turn another into it. Together they take more VPCs
// and Elastic IPs than an account has by default.
var ids = map[stacks.Join]string{
	stacks.JoinPeering: "InteropPeering", stacks.JoinTransitGateway: "InteropTransitGateway",
	stacks.JoinPrivateLink: "InteropPrivateLink", stacks.JoinSameVpc: "InteropSameVpc",
}

func main() {
	options.Run(func(app awscdk.App, props *stacks.PlatformProps) {
		p, err := choices(props, func(key string) string {
			if v := app.Node().TryGetContext(jsii.String(key)); v != nil {
				return fmt.Sprint(v)
			}
			return ""
		})
		if err != nil {
			options.Fail(err)
		}
		stacks.NewInterop(app, ids[p.Join], p)
	})
}

// choices adds the example's own context keys to those of the quickstart.
func choices(platform *stacks.PlatformProps, context func(key string) string) (*stacks.InteropProps, error) {
	p := &stacks.InteropProps{Network: platform.Network, Workload: platform.Workload}
	for _, k := range []struct {
		name string
		set  func(string) error
	}{
		{"join", func(s string) (err error) { p.Join, err = stacks.ParseJoin(s); return err }},
		{"clientKind", func(s string) (err error) { p.Clients.Kind, err = stacks.ParseClientKind(s); return err }},
		{"clientCidr", func(s string) (err error) {
			if p.Clients.Cidr, err = netip.ParsePrefix(s); err != nil {
				return errors.New("want a private IPv4 range from /16 to /22, such as 10.1.0.0/16")
			}
			return nil
		}},
		{"clientDualStack", func(s string) (err error) {
			if p.Clients.DualStack, err = strconv.ParseBool(s); err != nil {
				return errors.New("want true or false")
			}
			return nil
		}},
	} {
		if s := context(k.name); s != "" {
			if err := k.set(s); err != nil {
				return nil, fmt.Errorf("-c %s=%s: %w", k.name, s, err)
			}
		}
	}
	return p, p.Validate()
}
