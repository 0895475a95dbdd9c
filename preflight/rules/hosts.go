package rules

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

// hostRules are about what runs on nodes, or is told to them, wherever it is written.
var hostRules = []Rule{
	{
		ID: "V78", Severity: Error, Title: "Nodes or Pods that switch IPv6 off",
		Why:    "Hardening scripts often set net.ipv6.conf.all.disable_ipv6=1 or the kernel parameter ipv6.disable=1: nodes of an IPv6 cluster then cannot join, and Pods have no address.",
		Fix:    "take the setting out, and filter IPv6 by security groups instead",
		Source: docIPv6,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				c.eachNodeText(cl, func(t nodeText) {
					if what := switchesIPv6Off(t.text); what != "" {
						c.report(t.at, t.property, "%s of the IPv6 cluster %s switch IPv6 off: %s", t.who, cl.LogicalID, what)
					}
				})
				for _, w := range cl.Workloads() {
					if r := c.raw(w); r != nil {
						for _, s := range w.PodSpec().Get("securityContext.sysctls").Items() {
							name, _ := s.Get("name").Text()
							if sysctlName.MatchString(name) && s.Get("value").Is("1") {
								c.report(r, "Manifest", "the Pods of %s in the IPv6 cluster %s switch IPv6 off: the sysctl %s is 1", w.Name, cl.LogicalID, name)
							}
						}
					}
				}
			}
		},
	},
	{
		ID: "V79", Severity: Error, Title: "DNS server of a family that the cluster does not have",
		Why:    "kubelet gives Pods this name server, in the place of the cluster's own: an IPv6 cluster's DNS has an IPv6 address only, and no name is resolved.",
		Fix:    "leave clusterDNS out: nodes learn it from the cluster; or give the 10th address of the cluster's service range",
		Source: "https://github.com/aws/karpenter-provider-aws/issues/2776",
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				if !c.familyKnown(cl) {
					continue
				}
				c.eachNodeText(cl, func(t nodeText) {
					for _, m := range clusterDNS.FindAllStringSubmatch(t.text, -1) {
						if wrongDNS(cl, m[1]) {
							c.report(t.at, t.property, "%s of the %s cluster %s have the name server %s", t.who, cl.Family, cl.LogicalID, m[1])
						}
					}
				})
				for _, o := range slices.Concat(cl.ObjectsOf("EC2NodeClass"), cl.ObjectsOf("NodePool")) {
					for _, kubelet := range []cfn.Value{network.At(o.Value, "spec", "kubelet"), network.At(o.Value, "spec", "template", "spec", "kubelet")} {
						for _, v := range kubelet.Field("clusterDNS").Items() {
							if s, _ := v.Text(); c.raw(o) != nil && wrongDNS(cl, s) {
								c.report(c.raw(o), "Manifest", "the nodes of %s %s in the %s cluster %s have the name server %s", o.Kind, o.ObjectName, cl.Family, cl.LogicalID, s)
							}
						}
					}
				}
			}
		},
	},
	{
		ID: "W48", Severity: Warning, Title: "Karpenter pool that may choose instances without Nitro",
		Why:    "Without a requirement Karpenter takes whatever is cheapest, older types on Xen among them, on which the VPC CNI does not run in IPv6 mode: such nodes never become Ready.",
		Fix:    "require karpenter.k8s.aws/instance-hypervisor In [nitro], or instance-generation Gt 4",
		Source: "https://karpenter.sh/docs/concepts/nodepools/",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				for _, o := range cl.ObjectsOf("NodePool") {
					if r := c.raw(o); r != nil && c.karpenters(o) && anyType(o) {
						c.report(r, "Manifest", "the NodePool %s of the IPv6 cluster %s requires no hypervisor, generation, family or type", o.ObjectName, cl.LogicalID)
					}
				}
			}
		},
	},
}

// nodeText is what is given to nodes as text: user data, or a command that runs on every node.
type nodeText struct {
	at            *cfn.Resource
	property, who string
	text          string
}

// eachNodeText visits the user data of a cluster's nodes, by whatever starts them, and the commands of DaemonSets.
func (c *check) eachNodeText(cl *network.Cluster, visit func(nodeText)) {
	seen := map[*cfn.Resource]bool{}
	for _, n := range cl.NodeGroups {
		at, property := c.userDataOf(n)
		if at == nil || seen[at] {
			continue
		}
		seen[at] = true
		text, _ := userData(at.Prop(property))
		visit(nodeText{at, property, "the nodes " + n.LogicalID, uncommented(text)})
	}
	for _, o := range cl.ObjectsOf("EC2NodeClass") {
		if text, r := network.At(o.Value, "spec", "userData"), c.raw(o); r != nil && text.Exists() {
			visit(nodeText{r, "Manifest", "the nodes of EC2NodeClass " + o.ObjectName, uncommented(text.String())})
		}
	}
	for _, w := range cl.Workloads() {
		r := c.raw(w)
		if r == nil || w.Kind != "DaemonSet" {
			continue
		}
		for _, list := range []string{"initContainers", "containers"} {
			for _, container := range w.PodSpec().Get(list).Items() {
				var words []string
				for _, v := range slices.Concat(container.Get("command").Items(), container.Get("args").Items()) {
					words = append(words, v.String())
				}
				visit(nodeText{r, "Manifest", "the Pods of " + w.Name + ", and perhaps their nodes,", uncommented(strings.Join(words, " "))})
			}
		}
	}
}

// userDataOf is where a node group's user data is: in its launch template, or in an Auto Scaling group's launch configuration.
func (c *check) userDataOf(n *network.NodeGroup) (at *cfn.Resource, property string) {
	if n.Template == nil {
		return nil, ""
	}
	r := c.raw(n.Template)
	if r != nil && r.Type == "AWS::AutoScaling::LaunchConfiguration" {
		return r, "UserData"
	}
	return r, "LaunchTemplateData.UserData"
}

// uncommented is a script without the lines that are comments.
func uncommented(text string) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

var (
	// sysctlName is the kernel's switch for all interfaces, for new ones, or for one. The loopback interface is no matter.
	sysctlName = regexp.MustCompile(`^net[./]ipv6[./]conf[./](?:all|default|e[a-z0-9]+)[./]disable_ipv6$`)

	// ipv6Off are the ways to switch IPv6 off on a host: the kernel's switch as sysctl, TOML or YAML, or written to /proc; the
	// kernel's parameter; the module; and the network scripts of distributions.
	ipv6Off = []*regexp.Regexp{
		regexp.MustCompile(`net[./]ipv6[./]conf[./](?:all|default|e[a-z0-9]+|\*)[./]disable_ipv6["']?\s*[=:]\s*["']?1\b`),
		regexp.MustCompile(`echo\s+["']?1["']?\s*(?:>|\|\s*(?:sudo\s+)?tee)\s*(?:-a\s+)?/proc/sys/net/ipv6/conf/(?:all|default|e[a-z0-9]+|\*)/disable_ipv6`),
		regexp.MustCompile(`\bipv6\.disable["']?\s*[=:]\s*\[?\s*["']?1\b`),
		regexp.MustCompile(`\b(?:blacklist\s+ipv6|install\s+ipv6\s+/bin/(?:true|false)|options\s+ipv6\s+disable=1)\b`),
		regexp.MustCompile(`\b(?:IPV6INIT|NETWORKING_IPV6)\s*=\s*["']?no\b`),
		regexp.MustCompile(`\bipv6\.method\s+["']?(?:disabled|ignore)\b`),
	}

	// clusterDNS finds a name server that is given to kubelet: as its flag or its setting, to bootstrap.sh, or to Bottlerocket.
	clusterDNS = regexp.MustCompile(`(?:--cluster-dns[= ]|--dns-cluster-ip[= ]|cluster-dns-ip["']?\s*=\s*\[?|clusterDNS["']?:\s*\[?(?:\s*-)?)\s*["']?([0-9a-fA-F.:]{4,})`)
)

// switchesIPv6Off is the part of a text that switches IPv6 off; "" where there is none.
func switchesIPv6Off(text string) string {
	for _, way := range ipv6Off {
		if found := way.FindString(text); found != "" {
			return found
		}
	}
	return ""
}

// wrongDNS says that a text is an address of the family that a cluster does not have. Link-local ones are a cache on the node.
func wrongDNS(cl *network.Cluster, text string) bool {
	a, err := netip.ParseAddr(text)
	return err == nil && !a.IsLinkLocalUnicast() && network.FamilyOf(a) != cl.Family
}

// karpenters says that a NodePool is Karpenter's own, and not EKS Auto Mode's.
func (c *check) karpenters(o *network.Object) bool {
	group := network.At(o.Value, "spec", "template", "spec", "nodeClassRef", "group")
	return strings.HasPrefix(o.APIVersion, "karpenter.sh/") && group.Known() && !group.Is("eks.amazonaws.com")
}

// anyType says that a pool's requirements leave instances without Nitro in: all of these are of a generation up to 4, and
// none has an ARM processor.
func anyType(o *network.Object) bool {
	list := network.At(o.Value, "spec", "template", "spec", "requirements")
	if !list.Known() {
		return false
	}
	for _, r := range list.Items() {
		key, _ := r.Get("key").Text()
		operator, _ := r.Get("operator").Text()
		values := r.Get("values").Items()
		is := func(v string) bool { return len(values) == 1 && values[0].Is(v) }
		switch key {
		case aws.KarpenterLabel + "instance-hypervisor", aws.KarpenterLabel + "instance-family", "node.kubernetes.io/instance-type":
			return false // by name, which V12 reads; or without some
		case "kubernetes.io/arch":
			if operator == "In" && is("arm64") {
				return false
			}
		case aws.KarpenterLabel + "instance-generation":
			for _, v := range values {
				text, _ := v.Text()
				if n, err := strconv.Atoi(text); err == nil && (operator == "Gt" && n >= 4 || operator == "Gte" && n > 4) {
					return false
				}
			}
			if operator == "In" && !slices.ContainsFunc(values, func(v cfn.Value) bool {
				text, _ := v.Text()
				n, err := strconv.Atoi(text)
				return err != nil || n <= 4
			}) {
				return false
			}
		}
	}
	return true
}

// xenChosen are the instance types without Nitro that a pool names, as families or as types.
func xenChosen(o *network.Object) (out []string) {
	for _, r := range network.At(o.Value, "spec", "template", "spec", "requirements").Items() {
		key, _ := r.Get("key").Text()
		if !r.Get("operator").Is("In") || key != aws.KarpenterLabel+"instance-family" && key != "node.kubernetes.io/instance-type" {
			continue
		}
		for _, v := range r.Get("values").Items() {
			if t, ok := v.Text(); ok && aws.Xen(t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// nitroOnly says that another requirement of a pool keeps instances without Nitro out.
func nitroOnly(o *network.Object) bool {
	return slices.ContainsFunc(network.At(o.Value, "spec", "template", "spec", "requirements").Items(), func(r cfn.Value) bool {
		values := r.Get("values").Items()
		return r.Get("key").Is(aws.KarpenterLabel+"instance-hypervisor") && r.Get("operator").Is("In") && len(values) == 1 && values[0].Is("nitro")
	})
}
