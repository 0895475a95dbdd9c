package aws

import (
	"net/netip"
	"slices"
	"testing"
)

func TestRanges(t *testing.T) {
	t.Parallel()
	seen := map[netip.Prefix]string{}
	for _, r := range Ranges() {
		source(t, r.Name, r.Source)
		if r.Name == "" || r.Prefix != r.Masked() {
			t.Errorf("not whole: %+v", r)
		}
		if other, twice := seen[r.Prefix]; twice {
			t.Errorf("%s is %s and %s", r.Prefix, other, r.Name)
		}
		seen[r.Prefix] = r.Name
	}
	for _, r := range []Range{Metadata4, Resolver4, Time4, PodIdentity4, PodEgress4} {
		if !LinkLocal4.Overlaps(r.Prefix) {
			t.Errorf("%s (%s) is not link-local", r, r.Name)
		}
	}
	for _, r := range []Range{Metadata6, Resolver6, Time6, PodIdentity6, PodEgress6} {
		if !UniqueLocal.Overlaps(r.Prefix) {
			t.Errorf("%s (%s) is not unique local", r, r.Name)
		}
	}
	for _, p := range slices.Concat(Special4(), Special6(), PrivateRanges()) {
		if OnInternet(p.Addr()) {
			t.Errorf("%s is on the internet", p)
		}
	}
	for a, of := range map[netip.Addr]Range{SomeHost4: Documentation4, SomeAPI4: Documentation4, SomeHost6: Documentation6, SomeAPI6: Documentation6, SomeImported6: Documentation6} {
		if !of.Contains(a) || !OnInternet(a) {
			t.Errorf("%s stands for no host on the internet", a)
		}
	}
}

func TestNth(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "169.254.172.0", 2: "169.254.172.2", 255: "169.254.172.255", 257: "169.254.173.1"} {
		if got := PodEgress4.Nth(n); got != netip.MustParseAddr(want) {
			t.Errorf("%d: %s", n, got)
		}
	}
	if got := PodEgress6.Nth(2); got != netip.MustParseAddr("fd00::ac:2") {
		t.Error(got)
	}
}

// RFC 6052 has the example.
func TestSynthesize(t *testing.T) {
	t.Parallel()
	if got := Synthesize(netip.MustParseAddr("192.0.2.33")); got != netip.MustParseAddr("64:ff9b::192.0.2.33") {
		t.Error(got)
	}
}

func TestOnInternet(t *testing.T) {
	t.Parallel()
	for a, want := range map[string]bool{
		"8.8.8.8": true, "203.0.113.7": true, "198.51.100.1": true, "192.0.2.1": true, "2606:4700::1111": true, "2001:db8::1": true, "3fff::1": true, "100.128.0.1": true,
		"10.1.2.3": false, "172.31.0.1": false, "192.168.1.1": false, "100.64.0.1": false, "127.0.0.1": false, "169.254.169.254": false, "0.0.0.0": false,
		"192.0.0.8": false, "198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "::ffff:10.0.0.1": false,
		"::1": false, "::": false, "fd00::1": false, "fe80::1": false, "ff02::1": false, "64:ff9b::808:808": false,
	} {
		if got := OnInternet(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s: %v", a, got)
		}
	}
}

func TestForVPCs(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]bool{
		"10.0.0.0/8": true, "10.4.0.0/16": true, "172.16.0.0/12": true, "192.168.0.0/24": true, "100.64.0.0/10": true,
		"10.0.0.0/7": false, "172.32.0.0/16": false, "203.0.113.0/24": false, "8.0.0.0/8": false, "fd00::/56": false, "100.0.0.0/8": false,
	} {
		if got := ForVPCs(netip.MustParsePrefix(p)); got != want {
			t.Errorf("%s: %v", p, got)
		}
	}
}

func TestWide(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]bool{
		"0.0.0.0/0": true, "128.0.0.0/1": true, "8.0.0.0/7": true, "::/0": true, "2000::/3": true, "2600::/12": true, "fc00::/6": true,
		"10.0.0.0/8": false, "203.0.113.0/24": false, "fc00::/7": false, "fd00::/8": false, "2001:db8::/32": false, "2600::/16": false,
	} {
		if got := Wide(netip.MustParsePrefix(p)); got != want {
			t.Errorf("%s: %v", p, got)
		}
	}
}
