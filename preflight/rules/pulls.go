package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

const docPrivateClusters = "https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html"

var pullRules = []Rule{
	{
		ID: "V57", Severity: Error, Title: "Image or chart that cannot be fetched",
		Why:    "A host is reached over the families that it has: public.ecr.aws and private ECR names have IPv4 only, so that nodes without NAT, and functions, do not get what is there. Pods stay in ImagePullBackOff, charts fail.",
		Fix:    "use the host's dual-stack name (ecr-public.aws.com for public.ecr.aws), route 0.0.0.0/0 to a NAT gateway, or copy it to private ECR with endpoints for ecr.api, ecr.dkr and s3",
		Source: "https://docs.aws.amazon.com/AmazonECR/latest/public/public-ecr-requests.html",
		check:  func(c *check) { c.fetches(aws.Documented) },
	},
	{
		ID: "W37", Severity: Warning, Title: "Image or chart from a host that is said to have IPv4 only",
		Why:    "Others found that the host has no IPv6 address, and nothing here reaches it over IPv4: GitHub and its registry among them.",
		Fix:    "route 0.0.0.0/0 to a NAT gateway, copy it to a registry that has IPv6, or see that the host has IPv6 by now and acknowledge this",
		Source: "https://github.com/kube-vip/kube-vip/issues/1165",
		check:  func(c *check) { c.fetches(aws.Reported) },
	},
	{
		ID: "V58", Severity: Error, Title: "Nodes or Fargate Pods without the services that they start with",
		Why: "Nodes ask the EC2 API for their name and the VPC CNI for its addresses, and pull EKS's own images from private ECR, whose layers are in S3: all by names that have IPv4 only. " +
			"Without a way to them nodes never become Ready, and Fargate Pods, CoreDNS among them, get no image.",
		Fix:    "route 0.0.0.0/0 to a NAT gateway, or add interface endpoints for ec2, ecr.api and ecr.dkr and a gateway endpoint for s3",
		Source: docPrivateClusters,
		check: func(c *check) {
			for _, cl := range c.net.Clusters {
				// Node groups that lack the same in the same subnets are one mistake.
				told := map[string]bool{}
				for _, n := range cl.NodeGroups {
					bad, lacks := c.stranded(cl, n)
					text := fmt.Sprintf("in %s have no way to %s: neither IPv4 to the internet nor an endpoint", names(bad), strings.Join(lacks, ", "))
					if len(bad) > 0 && !told[text] {
						told[text] = true
						c.report(c.raw(n), "", "the nodes %s %s", n.LogicalID, text)
					}
				}
				for _, f := range cl.Fargate {
					r := c.raw(f)
					if r == nil || r.Conditional {
						continue
					}
					var bad []puller
					var lacks []string
					for _, p := range c.fargatePullers(f) {
						got := c.lacking(p, "ecr.api", "ecr.dkr", "s3")
						// Images of EKS's own are in private ECR; others may be anywhere that IPv6 leads to.
						if len(got) > 0 && (c.takesDNS(cl, r) || c.internet(p, aws.IPv6) == surelyNot) {
							bad = append(bad, p)
							lacks = union(lacks, got)
						}
					}
					if len(bad) > 0 {
						c.reportFix(r, "Subnets", "route 0.0.0.0/0 of these subnets to a NAT gateway, or add endpoints for "+strings.Join(lacks, ", ")+" to the VPC",
							"Pods of the Fargate profile %s in %s have no way to %s, and so to no image: neither IPv4 to the internet nor an endpoint", f.LogicalID, names(bad), strings.Join(lacks, ", "))
					}
				}
			}
		},
	},
	{
		ID: "V59", Severity: Error, Title: "Function of CDK's kubectl provider without the services that it calls",
		Why:    "CDK's functions for charts and manifests call Lambda and EKS, and answer CloudFormation by a URL of S3, all by names that have IPv4 only: without a way there the deployment hangs until its time is up.",
		Fix:    "route 0.0.0.0/0 of the functions' subnets to a NAT gateway, or add interface endpoints for lambda, eks (and sts where a role is assumed) and a gateway endpoint for s3",
		Source: docPrivateClusters,
		check: func(c *check) {
			needs, order := c.called()
			for _, fn := range order {
				var bad []puller
				var lacks []string
				for _, p := range c.functionPullers(fn) {
					if got := c.lacking(p, needs[fn]...); len(got) > 0 {
						bad = append(bad, p)
						lacks = union(lacks, got)
					}
				}
				if len(bad) > 0 {
					c.report(fn, "VpcConfig", "the function %s in %s has no way to %s: neither IPv4 to the internet nor an endpoint", fn.ID, names(bad), strings.Join(lacks, ", "))
				}
			}
		},
	},
}

// called are the services that each function of CDK's kubectl provider calls by names with IPv4 only.
// Source: https://github.com/aws/aws-cdk/tree/main/packages/%40aws-cdk/custom-resource-handlers/lib/aws-eks-v2/kubectl-handler
// and https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/custom-resources/lib/provider-framework/runtime
func (c *check) called() (needs map[*cfn.Resource][]string, order []*cfn.Resource) {
	needs = map[*cfn.Resource][]string{}
	for _, r := range c.set.Resources(kubectlTypes...) {
		framework, handler := functionsOf(r)
		for fn, services := range map[*cfn.Resource][]string{framework: {"lambda", "s3"}, handler: {"eks"}} {
			if fn == nil || proxied(fn) {
				continue
			}
			if fn == handler {
				if r.Prop("RoleArn").Exists() {
					services = append(services, "sts")
				}
				if r.Prop("ChartAssetURL").Exists() {
					services = append(services, "s3")
				}
				if fn == framework { // no framework: the handler itself answers CloudFormation
					services = union(services, []string{"s3"})
				}
			}
			if fn.Prop("Environment.Variables.AWS_USE_DUALSTACK_ENDPOINT").Exists() {
				services = slices.DeleteFunc(services, func(s string) bool { return s != "s3" || fn != framework })
			}
			if needs[fn] == nil {
				order = append(order, fn)
			}
			needs[fn] = union(needs[fn], services)
		}
	}
	return needs, order
}

// proxied says that a function's environment names a proxy.
func proxied(fn *cfn.Resource) bool {
	v := fn.Prop("Environment.Variables")
	return !v.Known() && v.Kind() != cfn.Map || slices.ContainsFunc(v.Keys(), func(k string) bool { return strings.HasSuffix(strings.ToLower(k), "_proxy") })
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// stranded are the nodes of a group that surely cannot start, and the services that they lack. Auto Mode's have what
// they start with in their image.
func (c *check) stranded(cl *network.Cluster, n *network.NodeGroup) (bad []puller, lacks []string) {
	if n.Auto || c.raw(n) == nil || c.raw(n).Conditional || cl.AddonsElsewhere {
		return nil, nil
	}
	services := []string{"ec2", "ecr.api", "ecr.dkr", "s3"}
	// With this gate nodes do not ask for their name, and the VPC CNI may be told to use EC2's dual-stack name.
	if strings.Contains(c.userData(n), "InstanceIdNodeName") {
		services = services[1:]
	}
	for _, p := range c.nodePullers(n) {
		if got := c.lacking(p, services...); len(got) > 0 {
			bad = append(bad, p)
			lacks = union(lacks, got)
		}
	}
	return bad, lacks
}

// takesDNS says that a Fargate profile takes the Pods of kube-system, and that CoreDNS is there.
func (c *check) takesDNS(cl *network.Cluster, profile *cfn.Resource) bool {
	return cl.Runs("coredns") && c.fargateOf(cl, "kube-system") == profile
}

// fetch is an image or a chart that a template names.
type fetch struct {
	at       *cfn.Resource
	property string
	what     string // "the image x of deployment default/web", "the repository x"
	host     aws.Host
	by       []puller
	// anywhere says that whatever of these pullers may come to fetch it, and that one which cannot is one too many.
	anywhere bool
}

// fetches reports what surely cannot be fetched, from hosts whose families are known in a certain way.
func (c *check) fetches(how aws.Certainty) {
	seen := map[string]bool{}
	for _, f := range c.fetched() {
		known := f.host.Certainty
		if f.host.Families == aws.DualStack {
			known = aws.Documented // that no family leads out does not rest on what others found
		}
		if known != how || len(f.by) == 0 {
			continue
		}
		var bad []puller
		for _, p := range f.by {
			if c.reaches(p, f.host) == surelyNot {
				bad = append(bad, p)
			}
		}
		if len(bad) == 0 || len(bad) < len(f.by) && !f.anywhere {
			continue
		}
		key := f.at.Stack.ID + "\n" + f.at.ID + "\n" + f.what
		if seen[key] {
			continue
		}
		seen[key] = true
		has, instead := f.host.Families.String(), ""
		if f.host.Families != aws.DualStack {
			has += " only"
		}
		if f.host.Instead != "" {
			instead = "; " + f.host.Instead + " has both families"
		}
		c.report(f.at, f.property, "%s is at a host with %s, to which there is no way from %s%s", f.what, has, names(bad), instead)
	}
}

// fetched are the images and charts that the templates name, as far as their hosts are known, and who fetches them.
func (c *check) fetched() (out []fetch) {
	for _, cl := range c.net.Clusters {
		for _, w := range cl.Workloads() {
			r := c.raw(w)
			if r == nil {
				continue
			}
			by, anywhere := c.schedulers(cl, w)
			for _, image := range images(w.PodSpec()) {
				if h, ok := hostOf(image); ok {
					out = append(out, fetch{r, "Manifest", "the image " + image + " of " + w.Name, h, by, anywhere})
				}
			}
		}
		for _, ch := range cl.Charts {
			r := c.raw(ch)
			if r == nil {
				continue
			}
			by, anywhere := c.schedulers(cl, &network.Object{Kind: "Deployment", Namespace: ch.Namespace, Cluster: cl})
			anywhere = anywhere && !ch.Values.Field("nodeSelector").Exists() && !ch.Values.Field("affinity").Exists() && !ch.Values.Field("tolerations").Exists()
			for _, image := range chartImages(ch) {
				if h, ok := hostOf(image); ok {
					out = append(out, fetch{r, "Values", "the image " + image + " of the chart " + ch.LogicalID, h, by, anywhere})
				}
			}
			repository, property := r.Prop("Repository"), "Repository"
			if !repository.Exists() {
				repository, property = r.Prop("Chart"), "Chart"
			}
			url, ok := repository.Text()
			scheme, rest, cut := strings.Cut(url, "://")
			if !ok || !cut || scheme != "https" && scheme != "http" && scheme != "oci" {
				continue
			}
			_, handler := functionsOf(r)
			host, _, _ := strings.Cut(rest, "/")
			host, _, _ = strings.Cut(host, ":")
			if h, ok := aws.HostFamilies(host); ok && handler != nil && !proxied(handler) {
				out = append(out, fetch{r, property, "the repository " + url + " of the chart " + ch.LogicalID, h, c.functionPullers(handler), true})
			}
		}
	}
	return out
}

// schedulers are the places where a workload's Pods may run, and whether they may run in every one of them.
func (c *check) schedulers(cl *network.Cluster, w *network.Object) (by []puller, anywhere bool) {
	spec := w.PodSpec()
	if w.Kind != "DaemonSet" {
		if r := c.fargateOf(cl, w.Namespace); r != nil {
			for _, f := range cl.Fargate {
				if c.raw(f) == r {
					return c.fargatePullers(f), true
				}
			}
		}
		for _, f := range cl.Fargate {
			if c.mayTake(f, w.Namespace) {
				return nil, false // by labels that are not compared here
			}
		}
	}
	for _, n := range cl.NodeGroups {
		r := c.raw(n)
		if r == nil || n.Assumed || r.Conditional {
			return nil, false
		}
		if n.Managed && len(r.Prop("Taints").Items()) > 0 && !spec.Get("tolerations").Exists() {
			continue
		}
		list := c.nodePullers(n)
		if len(list) == 0 {
			return nil, false
		}
		by = append(by, list...)
	}
	if c.scales(cl) || c.stray("AWS::EKS::Nodegroup", "ClusterName") {
		return nil, false // other nodes, elsewhere
	}
	return by, !spec.Get("nodeSelector").Exists() && !spec.Get("affinity").Exists() && !spec.Get("tolerations").Exists() && !spec.Get("nodeName").Exists()
}

// images are those of a Pod spec, as far as they are known.
func images(spec cfn.Value) (out []string) {
	for _, list := range []string{"initContainers", "containers"} {
		for _, container := range spec.Get(list).Items() {
			if v := container.Get("image"); v.Exists() && !slices.Contains(out, v.String()) {
				out = append(out, v.String())
			}
		}
	}
	return out
}

// chartDefaults are the images of known charts where their values name none, and the value that names it.
// Source: the values.yaml of each chart, as of November 2026.
var chartDefaults = []struct{ chart, value, image string }{
	{"aws-load-balancer-controller", "image.repository", "public.ecr.aws/eks/aws-load-balancer-controller"}, // https://github.com/aws/eks-charts/blob/master/stable/aws-load-balancer-controller/values.yaml
	{"karpenter", "controller.image.repository", "public.ecr.aws/karpenter/controller"},                     // https://github.com/aws/karpenter-provider-aws/blob/main/charts/karpenter/values.yaml
	{"metrics-server", "image.repository", "registry.k8s.io/metrics-server/metrics-server"},                 // https://github.com/kubernetes-sigs/metrics-server/blob/master/charts/metrics-server/values.yaml
	{"external-dns", "image.repository", "registry.k8s.io/external-dns/external-dns"},                       // https://github.com/kubernetes-sigs/external-dns/blob/master/charts/external-dns/values.yaml
}

// chartImages are the images that a chart's values name, and the default of a known chart.
func chartImages(ch *network.Chart) (out []string) {
	if ch.ValuesUnknown != "" {
		return nil
	}
	walk(ch.Values, "", func(path string, v cfn.Value) {
		if last := strings.ToLower(path[strings.LastIndex(path, ".")+1:]); !strings.HasSuffix(last, "image") {
			return
		}
		if repository := v.Field("repository"); repository.Exists() {
			image := repository.String()
			if registry := v.Field("registry"); registry.Exists() {
				image = registry.String() + "/" + image
			} else if first, _, ok := strings.Cut(image, "/"); !ok || !strings.Contains(first, ".") {
				return // the chart's own registry, which is not known
			}
			out = append(out, image)
		}
	})
	name := ch.Chart
	if name == "" || strings.Contains(name, "/") {
		name = name[strings.LastIndex(name, "/")+1:]
	}
	if name == "" {
		name = ch.Repository[strings.LastIndex(ch.Repository, "/")+1:]
	}
	for _, d := range chartDefaults {
		if d.chart == name && !network.At(ch.Values, strings.Split(d.value, ".")...).Exists() && (ch.Values.Known() || ch.Values.Kind() == cfn.Map) {
			out = append(out, d.image)
		}
	}
	return out
}

// hostOf is the host of an image: docker.io where the name begins with none.
// Source: https://github.com/distribution/reference
func hostOf(image string) (aws.Host, bool) {
	image = strings.ReplaceAll(image, "${AWS::URLSuffix}", "amazonaws.com")
	first, _, more := strings.Cut(image, "/")
	host := "docker.io"
	switch {
	case more && (strings.ContainsAny(first, ".:") || first == "localhost"):
		host = first
	case strings.Contains(first, "${"):
		return aws.Host{}, false
	}
	if !strings.Contains(host, "${") {
		host, _, _ = strings.Cut(host, ":")
	}
	return aws.HostFamilies(host)
}
