package packetlab

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// change is a text of a file below the repository's root that occurs once there, and what stands in its place.
type change struct{ file, old, new string }

const (
	indexFile    = "internal/model/index.go"
	buildFile    = "internal/model/build.go"
	vpcFile      = "internal/model/vpc.go"
	filterFile   = "preflight/flow/filter.go"
	gatewayFile  = "preflight/flow/gateway.go"
	endpointFile = "preflight/flow/endpoint.go"
	pathFile     = "preflight/flow/path.go"
	tracerFile   = "preflight/flow/tracer.go"
)

// bugs are faults that the tracer could have. Each is put into its source in turn, and the lab must disagree with what
// comes of it.
var bugs = []struct {
	name    string
	shows   string // the test that shows it, as -run takes it
	changes []change
}{
	{"the shortest prefix wins", regression("shortest-prefix"), []change{
		{indexFile, `cmp.Compare(b, a)`, `cmp.Compare(a, b)`}}},
	{"any route goes before the local one", regression("local-route"), []change{
		{vpcFile, `localBits >= bits`, `localBits >= 0 && bits < 0`}}},
	{"answers need no routes", regression("answer-route"), []change{
		{tracerFile, `_, _, v = t.carry(l.to, l.from)`, ``}}},

	{"network ACLs let all answers pass", regression("acl-stateful"), []change{
		{filterFile, `if a == nil {`, `if a == nil || t.reply {`}}},
	{"the last matching entry of a network ACL decides", regression("acl-order"), []change{
		{filterFile, `range a.Entries {`, `range slices.Backward(a.Entries) {`}}},
	{"entries of network ACLs that deny are ignored", regression("acl-order"), []change{
		{filterFile, `if !e.Covers(p, port) ||`, `if !e.Allow || !e.Covers(p, port) ||`}}},
	{"rules of security groups match all of the other family", regression("group-family"), []change{
		{filterFile, `r.Prefix.IsValid() && r.Prefix.Contains(peer)`, `r.Prefix.IsValid() && (r.Prefix.Contains(peer) || r.Prefix.Addr().Is4() != peer.Is4())`}}},
	{"IPv6 rules of security groups are ignored", regression("group-ipv6"), []change{
		{filterFile, `r.Prefix.IsValid() && r.Prefix.Contains(peer)`, `peer.Is4() && r.Prefix.IsValid() && r.Prefix.Contains(peer)`}}},
	{"egress rules of security groups are not asked", regression("group-egress"), []change{
		{tracerFile, `t.groups(from, to, true)`, `Verdict(0)`}}},
	{"a rule that names a group matches everybody", regression("group-reference"), []change{
		{filterFile, `slices.Contains(there.groups, r.Group) && `, ``}}},

	{"egress-only internet gateways let connections in", regression("egress-only-inbound"), []change{
		{gatewayFile, `return t.stop(Denied, "egress-only internet gateway", g2.Ref, "%s in %s: it lets nothing in that was not asked for from inside", describe(route), table.Ref)`,
			`return t.arrive(to, from, false)`},
		{gatewayFile, `if t.reply {
		return t.stop(NoRoute, name, g.Ref, "the connection`, `if false {
		return t.stop(NoRoute, name, g.Ref, "the connection`}}},
	{"egress-only internet gateways carry IPv4", preflight("TestMutations-cluster.yaml-0.0.0.0-0_of_a_private_table_to_the_egress-only_gateway"), []change{
		{gatewayFile, `case t.pkt.Family() == IPv4:
		return t.stop(NoRoute, name, g.Ref, "%s carries IPv6 only`, `case false:
		return t.stop(NoRoute, name, g.Ref, "%s carries IPv6 only`}}},
	{"internet gateways carry private IPv4 addresses", regression("internet-private"), []change{
		{gatewayFile, `if !from.public.IsValid() {`, `if false {`},
		{gatewayFile, `after.Src = from.public`, `after.Src = from.v4`}}},
	{"NAT gateways take all of IPv6", preflight("TestMutations-cluster.yaml-0_of_a_private_table_to_the_NAT_gateway"), []change{
		{gatewayFile, `case t.pkt.Family() == IPv6 && !nat64.Contains(t.pkt.Dst):`, `case false:`}}},
	{"peering is transitive", regression("peering-transitive"), []change{
		{gatewayFile, `case to.vpc != other:`, `case false:`}}},
	{"Ipv6Support of transit gateway attachments is ignored", preflight("TestBreaks-the_far_attachment_has_no_IPv6_support-_by_a_static_route"), []change{
		{gatewayFile, `case six && !a.IPv6:`, `case six && a == nil:`},
		{gatewayFile, `case six && !next.IPv6:`, `case six && next == nil:`}}},
	{"blackholes of transit gateways are ignored", preflight("TestMutations-transit.yaml-a_blackhole"), []change{
		{buildFile, `if r.Destination.IsValid() {`, `if r.Blackhole {
					continue
				}
				if r.Destination.IsValid() {`}}},

	{"Pods have IPv4 egress whatever the VPC CNI is told", regression("cni-egress"), []change{
		{pathFile, `on, by, unknown := c.IPv4Egress()`, `_, by, unknown := c.IPv4Egress()
	on := true`}}},
	{"Services work without kube-proxy", regression("kube-proxy"), []change{
		{pathFile, `if !from.cluster.Runs("kube-proxy") {`, `if false {`}}},
	{"IPv4 load balancers reach IPv6 targets", preflight("TestMutations-privatelink.yaml-an_IPv4-only_load_balancer_before_IPv6_targets"), []change{
		{pathFile, `if tg.Family == IPv6 && !lb.Speaks(IPv6) {`, `if false {`},
		{endpointFile, `if !l.Speaks(IPv6) {`, `if false {`}}},
}

// regression is the test of a network in testdata.
func regression(name string) string { return "^TestRegressions$/^" + name + "$" }

// preflight is the test of a template that a test of preflight/flow makes; a hash follows that test's name.
func preflight(name string) string { return "^TestMutants$/^flow." + name + "-[0-9a-f]{8}$" }

// disagrees matches the text of a [Disagreement] in a test's output.
var disagrees = regexp.MustCompile(`\n +tracer: .+\n +lab: `)

// TestBugs shows that the lab finds bugs: those above, each in a tracer built with it.
func TestBugs(t *testing.T) {
	unchanged, err := os.Executable()
	must(t, err)
	dir, err := mutants()
	must(t, err)
	t.Setenv(mutantsDir, dir)
	var shows []string
	for _, b := range bugs {
		shows = append(shows, b.shows)
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		if out, err := lab(t, unchanged, strings.Join(shows, "|")); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			bin := build(t, b.changes)
			out, err := lab(t, bin, b.shows)
			for range 2 { // on a busy machine a packet that the tracer denies may come too late to be seen
				if err == nil {
					out, err = lab(t, bin, b.shows)
				}
			}
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !disagrees.MatchString(out) || strings.Contains(out, "panic: ") {
				t.Errorf("%v, want a disagreement\n%s", err, out)
			}
		})
	}
}

// building bounds how many programs are built at a time.
var building = make(chan struct{}, runtime.NumCPU())

// build makes this test's program with changes.
func build(t *testing.T, changes []change) string {
	t.Helper()
	texts := map[string]string{}
	for _, c := range changes {
		if texts[c.file] == "" {
			data, err := os.ReadFile("../../" + c.file)
			must(t, err)
			texts[c.file] = string(data)
		}
		if n := strings.Count(texts[c.file], c.old); n != 1 {
			t.Fatalf("%s has %d times %q, want it once", c.file, n, c.old)
		}
		texts[c.file] = strings.Replace(texts[c.file], c.old, c.new, 1)
	}
	dir, err := os.MkdirTemp("/run", "bug") // goes with the lab, however that ends
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	replace := map[string]string{}
	for file, text := range texts {
		changed := filepath.Join(dir, filepath.Base(file))
		must(t, os.WriteFile(changed, []byte(text), 0o644))
		replace["../../"+file] = changed
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	must(t, err)
	overlay, bin := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "bin")
	must(t, os.WriteFile(overlay, data, 0o644))
	building <- struct{}{}
	defer func() { <-building }()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-gcflags=github.com/eks-ipv6/cdk/...=-N -l", "-ldflags=-w", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "GOTMPDIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return bin
}

// lab runs tests of such a program, in namespaces within this one's.
func lab(t *testing.T, bin, tests string) (string, error) {
	cmd := exec.CommandContext(t.Context(), bin, "-test.run", tests)
	cmd.Env = append(os.Environ(), wire.Sharing)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
