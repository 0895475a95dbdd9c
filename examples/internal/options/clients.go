package options

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/eks-ipv6/cdk/constructs/expose"
)

// Clients reads who may connect to load balancers that face the internet from the context key clients: world, or ranges with
// commas between. Without the key it is world: the examples that ask for it are there to be reached.
func Clients(context map[string]any) (expose.Inbound, error) {
	const key = "clients"
	given, ok := context[key]
	value := strings.TrimSpace(fmt.Sprint(given))
	if !ok || value == "world" {
		return expose.Inbound{Anywhere: true}, nil
	}
	var in expose.Inbound
	var errs []error
	four, six := false, false
	for _, s := range strings.Split(value, ",") {
		c, err := netip.ParsePrefix(strings.TrimSpace(s))
		if err != nil {
			errs = append(errs, fmt.Errorf("%q is not a range such as 203.0.113.0/24 or 2001:db8::/32", s))
			continue
		}
		in.Cidrs = append(in.Cidrs, c)
		four, six = four || c.Addr().Is4(), six || c.Addr().Is6()
	}
	switch { // typing ranges of one family is meaning them
	case four && !six:
		in.Families = expose.OnlyIPv4
	case six && !four:
		in.Families = expose.OnlyIPv6
	}
	if len(errs) > 0 {
		return in, fmt.Errorf("-c %s=%s: want world, or IPv4 and IPv6 ranges with commas between: %w", key, value, errors.Join(errs...))
	}
	return in, nil
}
