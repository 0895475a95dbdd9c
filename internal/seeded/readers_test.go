package seeded

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

var run = flag.Bool("faults", false, "run the tests that find each of the readers' faults; without it the faults are only put in")

const inCfn = "internal/cfn"

// readerFaults are faults that what reads templates could have, each with a test that finds it.
var readerFaults = []struct {
	name  string
	found string // by the test, of the package that the fault is in or of the one before the point
	change
}{
	{"a nested stack's parameters are its defaults", "TestNestedParameters", change{inCfn, "evaluator.parameter", `given != nil`, `false && given != nil`}},
	{"Fn::FindInMap has no default", "TestMapDefaults", change{inCfn, "evaluator.callFindInMap", `fallback != nil`, `false && fallback != nil`}},
	{"Fn::FindInMap has a default for its map only", "TestMapDefaults", change{inCfn, "evaluator.callFindInMap", `fallback != nil`, `fallback != nil && i == 0`}},
	{"Fn::Equals does not look at case", "TestEqualsCase", change{inCfn, "evaluator.test", `a.Equal(b)`, `strings.EqualFold(a.String(), b.String())`}},

	{"an empty egress takes the default away", "TestReadRules", change{inNetwork, "builder.rules", `len(list) == 0 && unknown == ""`,
		`len(list) == 0 && unknown == "" && !r.Prop("SecurityGroupEgress").Exists()`}},
	{"a separate egress leaves the default", "TestReadRules", change{inNetwork, "builder.rules", `separate[g] = true`, ``}},
	{"the default egress stays beside the group's own", "TestReadRules", change{inNetwork, "builder.rules", `b.inline(g, "SecurityGroupEgress", list, unknown)`,
		`append(everywhere(g.Ref, g.VPC), b.inline(g, "SecurityGroupEgress", list, unknown)...)`}},
	{"the default egress is of IPv4", "TestReadRules", change{inNetwork, "everywhere", `all.Addr().Is6() && v != nil && !v.Imported && len(v.Prefixes(IPv6)) == 0`, `all.Addr().Is6()`}},
	{"the default egress is of both families in a VPC without IPv6", "TestDefaultGroup", change{inNetwork, "everywhere", `all.Addr().Is6() && v != nil && !v.Imported && len(v.Prefixes(IPv6)) == 0`, `false`}},
	{"a prefix list is no source", "TestReadRules", change{inNetwork, "builder.rule", `[]string{"SourcePrefixListId", "DestinationPrefixListId"}`, `[]string{"DestinationPrefixListId"}`}},
	{"a prefix list is no destination", "TestReadRules", change{inNetwork, "builder.rule", `[]string{"SourcePrefixListId", "DestinationPrefixListId"}`, `[]string{"SourcePrefixListId"}`}},
	{"a prefix list has no IPv6", "TestReadRules", change{inNetwork, "builder.prefixList", `prefix(e.Get("Cidr"), 0)`, `prefix(e.Get("Cidr"), IPv4)`}},
	{"a group is no destination", "TestReadRules", change{inNetwork, "builder.rule", `[]string{"SourceSecurityGroupId", "DestinationSecurityGroupId"}`, `[]string{"SourceSecurityGroupId"}`}},
	{"icmpv6 is ICMP", "TestReadRules", change{inNetwork, "ruleProtocol", `return ICMPv6, ""`, `return ICMP, ""`}},
	{"port -1 is the last", "TestReadRules", change{inNetwork, "ports", `n < 0`, `false`}},
	{"ports that are not given are none", "TestReadRules", change{inNetwork, "ports", `return read(from, 0), read(to, 65535), unknown`, `return read(from, 0), read(to, 0), unknown`}},

	{"the default group does not admit itself", "TestDefaultGroup", change{inNetwork, "builder.securityGroups",
		`v.DefaultGroup.Ingress = []*Rule{{Ref: g.In("ingress self"), Proto: AnyProto, Group: v.DefaultGroup, Implied: true}}`, ``}},
	{"the default group admits everybody", "TestDefaultGroup", change{inNetwork, "builder.securityGroups",
		`v.DefaultGroup.Ingress = []*Rule{{Ref: g.In("ingress self"), Proto: AnyProto, Group: v.DefaultGroup, Implied: true}}`, `v.DefaultGroup.Ingress = everywhere(g, v)`}},
	{"the default group is not restricted", "TestDefaultGroup", change{inNetwork, "builder.securityGroups", `v.DefaultGroup.Ingress, v.DefaultGroup.Egress = nil, nil`, ``}},
	{"a host that names no group has none", "TestDefaultGroup", change{inNetwork, "builder.hostsOf", `h.Groups = []*SecurityGroup{g}`, `_ = g`}},
	{"DefaultSecurityGroup is another group", "TestDefaultGroup", change{inNetwork, "builder.group", `vpc != nil && vpc.DefaultGroup != nil`, `vpc != nil && false`}},

	{"attachments are associated although the gateway says no", "TestTransitDefaults", change{inNetwork, "builder.transitAttachments",
		`tgw == nil || !tgw.Prop("DefaultRouteTableAssociation").Is("disable")`, `true`}},
	{"attachments propagate although the gateway says no", "TestTransitDefaults", change{inNetwork, "builder.transitAttachments",
		`tgw == nil || !tgw.Prop("DefaultRouteTablePropagation").Is("disable")`, `true`}},
	{"a gateway without association has no default table", "TestTransitDefaults", change{inNetwork, "builder.transitGateways",
		`!r.Prop("DefaultRouteTableAssociation").Is("disable") || !r.Prop("DefaultRouteTablePropagation").Is("disable")`, `!r.Prop("DefaultRouteTableAssociation").Is("disable")`}},

	{"all IPv6 blocks of a VPC are one range", "TestSeveralIPv6Blocks", change{inNetwork, "builder.block6", `len(v.Prefixes(IPv6))`, `0`}},
	{"Ipv6CidrBlocks has the first block only", "TestSeveralIPv6Blocks", change{inNetwork, "builder.attribute", `out = append(out, p.String())`, `if len(out) == 0 { out = append(out, p.String()) }`}},

	{"AssignIpv6AddressOnCreation gives instances nothing", "TestAutomaticAddresses", change{inNetwork, "builder.interfaceAddresses", `assigns(h.Subnets)`, `false`}},
	{"AssignIpv6AddressOnCreation gives IPv6 without a range", "TestAutomaticAddresses", change{inNetwork, "assigns", `s.AssignIPv6 && s.IPv6.IsValid()`, `s.AssignIPv6`}},
	{"Ipv6AddressCount is not read", "TestAutomaticAddresses", change{inNetwork, "builder.interfaceAddresses", `h.IPv6 = n > 0`, `_ = n`}},
	{"what an interface says is not read", "TestAutomaticAddresses", change{inNetwork, "builder.instance", `[]cfn.Value{own, r.Props()}`, `[]cfn.Value{r.Props()}`}},
	{"what an instance says is not read", "TestAutomaticAddresses", change{inNetwork, "builder.instance", `[]cfn.Value{own, r.Props()}`, `[]cfn.Value{own}`}},
	{"IPv6-only subnets do not assign IPv6", "TestAutomaticAddresses", change{inNetwork, "builder.readSubnets", `yes(r.Prop("AssignIpv6AddressOnCreation"), s.Native)`, `yes(r.Prop("AssignIpv6AddressOnCreation"), false)`}},
	{"AssociatePublicIpAddress is not read", "TestAutomaticAddresses", change{inNetwork, "builder.instance", `yes(public, s.MapPublic)`, `s.MapPublic || false && public.Exists()`}},
	{"MapPublicIpOnLaunch is not read", "TestAutomaticAddresses", change{inNetwork, "builder.instance", `yes(public, s.MapPublic)`, `yes(public, false && s.MapPublic)`}},
	{"another interface decides over the first", "TestAutomaticAddresses", change{inNetwork, "builder.instance", `i == 0`, `i >= 0`}},

	{"a private NAT gateway has a public address", "TestNATAddresses", change{inNetwork, "builder.natGateways", `!g.Private && !g.NoAddress`, `!g.NoAddress`}},
	{"every NAT gateway is public", "TestNATAddresses", change{inNetwork, "builder.natGateways", `r.Prop("ConnectivityType").Is("private")`, `false`}},
	{"a NAT gateway needs no allocation", "TestNATAddresses", change{inNetwork, "builder.natGateways", `!g.Regional && !g.Private && !r.Prop("AllocationId").Exists()`, `false`}},

	{"an endpoint that names no group has none", "TestDefaultGroup", change{inNetwork, "builder.endpoint", `e.Groups = []*SecurityGroup{e.VPC.DefaultGroup}`, ``}},
	{"endpoints are dual-stack by default", "TestEndpointFamilies", change{inNetwork, "builder.endpoint", `cmp.Or(str(r.Prop("IpAddressType")), "ipv4")`, `cmp.Or(str(r.Prop("IpAddressType")), "dualstack")`}},
	{"a gateway endpoint routes both families", "TestEndpointFamilies", change{inNetwork, "builder.serviceList", `e.Speaks(FamilyOf(a))`, `true`}},
	{"an endpoint without a type is an interface", "TestEndpointFamilies", change{inNetwork, "builder.endpoint", `typ == "" || strings.EqualFold(typ, "Gateway")`, `strings.EqualFold(typ, "Gateway")`}},
	{"an IPv6 endpoint has IPv4 too", "TestEndpointFamilies", change{inNetwork, "Endpoint.Speaks", `return f == IPv6`, `return true`}},

	{"functions have no IPv6", "TestReadHosts", change{inNetwork, "builder.functions", `yes(r.Prop("VpcConfig.Ipv6AllowedForDualStack"), false)`, `false`}},
	{"functions have IPv6 by default", "TestReadHosts", change{inNetwork, "builder.functions", `yes(r.Prop("VpcConfig.Ipv6AllowedForDualStack"), false)`, `yes(r.Prop("VpcConfig.Ipv6AllowedForDualStack"), true)`}},
	{"the port of a database is its engine's", "TestReadHosts", change{inNetwork, "builder.portOf", `return b.port(ref(r), v)`, `_ = v`}},
	{"editions of engines are unknown", inNetwork + ".TestReadHosts", change{"internal/aws", "DatabasePort", `strings.HasPrefix(strings.ToLower(engine), e.engine)`, `strings.ToLower(engine) == e.engine`}},
	{"databases have no default port", "TestReadHosts", change{inNetwork, "builder.portOf", `return aws.DatabasePort(str(r.Prop("Engine")))`, `_ = aws.DatabasePort; return 0`}},
	{"databases have no IPv6", "TestReadHosts", change{inNetwork, "builder.database", `r.Prop("NetworkType").Is("DUAL")`, `false`}},
	{"caches have no default port", "TestReadHosts", change{inNetwork, "builder.portOf", `return 6379`, `return 0`}},
	{"dual-stack caches have no IPv6", "TestReadHosts", change{inNetwork, "builder.caches", `r.Prop("NetworkType").Is("dual_stack") || r.Prop("NetworkType").Is("ipv6")`, `r.Prop("NetworkType").Is("ipv6")`}},
	{"mount targets have no IPv6", "TestReadHosts", change{inNetwork, "builder.mountTargets", `r.Prop("IpAddressType").Is("DUAL_STACK") || r.Prop("IpAddressType").Is("IPV6_ONLY")`, `false`}},

	{"load balancers are internal by default", "TestReadLoadBalancers", change{inNetwork, "builder.loadBalancers", `r.Prop("Scheme").Is("internal")`, `!r.Prop("Scheme").Is("internet-facing")`}},
	{"load balancers are dual-stack by default", "TestReadLoadBalancers", change{inNetwork, "builder.loadBalancers", `cmp.Or(str(r.Prop("IpAddressType")), "ipv4")`, `cmp.Or(str(r.Prop("IpAddressType")), "dualstack")`}},
	{"subnet mappings are not read", "TestReadLoadBalancers", change{inNetwork, "builder.loadBalancers", `l.Subnets = append(l.Subnets, s)`, `_ = s`}},
	{"an ALB that names no group has none", "TestDefaultGroup", change{inNetwork, "builder.loadBalancers", `l.Groups = []*SecurityGroup{l.VPC.DefaultGroup}`, ``}},
	{"an NLB that names no group has the default one", "TestDefaultGroup", change{inNetwork, "builder.loadBalancers", `l.Kind == ALB`, `true`}},
	{"rules of listeners forward nothing", "TestReadLoadBalancers", change{inNetwork, "builder.readListeners", `li.Targets = append(li.Targets, t)`, `_ = t`}},
	{"weighted forwards are not read", "TestReadLoadBalancers", change{inNetwork, "builder.actions", `arns = append(arns, t.Get("TargetGroupArn"))`, `_ = t`}},

	{"loadBalancerSourceRanges is not read", "TestSourceRanges", change{inNetwork, "builder.serviceLB", `s.cidrs = append(s.cidrs, v.String())`, `_ = v`}},
	{"the annotation for source ranges is not read", "TestSourceRanges", change{inNetwork, "builder.serviceLB", `s.cidrs = split(v)`, ``}},
	{"the annotation goes before loadBalancerSourceRanges", "TestSourceRanges", change{inNetwork, "builder.serviceLB", `len(s.cidrs) == 0 && v.Exists()`, `v.Exists()`}},
	{"Services select Pods of every namespace", "TestSelected", change{inNetwork, "Cluster.Selected", `w.Namespace != svc.Namespace || len(sel.Keys()) == 0`, `len(sel.Keys()) == 0`}},
	{"one label of a selector is enough", "TestSelected", change{inNetwork, "Cluster.Selected", `match = match && labels.Field(k).Exists() && labels.Field(k).Equal(sel.Field(k))`,
		`match = labels.Field(k).Exists() && labels.Field(k).Equal(sel.Field(k))`}},
	{"no selector selects all", "TestSelected", change{inNetwork, "Cluster.Selected", `w.Namespace != svc.Namespace || len(sel.Keys()) == 0`, `w.Namespace != svc.Namespace`}},
}

// change is [Change] in one line.
type change struct{ pkg, function, old, new string }

// running bounds how many tests are built at a time.
var running = make(chan struct{}, runtime.NumCPU())

// TestReaderFaults puts each fault in, and with -faults shows that its test finds it.
func TestReaderFaults(t *testing.T) {
	t.Parallel()
	for _, f := range readerFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			overlay, err := Overlay(filepath.Join("..", ".."), t.TempDir(), Change{Package: f.pkg, Func: f.function, Old: f.old, New: f.new})
			if err != nil {
				t.Fatal(err)
			}
			if !*run {
				return
			}
			pkg, test, elsewhere := strings.Cut(f.found, ".")
			if !elsewhere {
				pkg, test = f.pkg, f.found
			}
			running <- struct{}{}
			defer func() { <-running }()
			cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-vet=off", "-overlay", overlay, "-run", "^"+test+"$", "github.com/eks-ipv6/cdk/"+pkg)
			cmd.Env = append(os.Environ(), "GOFLAGS=")
			out, err := cmd.CombinedOutput()
			if err == nil || !regexp.MustCompile(`(?m)^--- FAIL: `+test).Match(out) || strings.Contains(string(out), "panic: ") {
				t.Errorf("%v, want %s to fail\n%s", err, test, out)
			}
		})
	}
}
