package rules

import (
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
	"github.com/eks-ipv6/cdk/internal/network"
)

const (
	docNLBType  = "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-ip-address-type.html"
	docTargets  = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-targetgroup.html"
	docClass    = "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/ingress_class/"
	notePrefix  = aws.ServiceAnnotation
	ingressNote = aws.IngressAnnotation
)

var balancerRules = []Rule{
	{
		ID: "V30", Severity: Error, Title: "UDP on a dual-stack NLB without a source NAT prefix",
		Why:    "A dual-stack network load balancer takes UDP listeners only with IPv6 source NAT on.",
		Fix:    "set EnablePrefixForIpv6SourceNat: \"on\" (on a Service the annotation aws-load-balancer-enable-prefix-for-ipv6-source-nat)",
		Source: docNLBType,
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::ElasticLoadBalancingV2::Listener") {
				l, ok := r.Prop("LoadBalancerArn").Resource()
				if !ok || !r.Prop("Protocol").Is("UDP") && !r.Prop("Protocol").Is("TCP_UDP") {
					continue
				}
				if nat := l.Prop("EnablePrefixForIpv6SourceNat"); l.Prop("IpAddressType").Is("dualstack") && off(nat, false) {
					c.report(l, "EnablePrefixForIpv6SourceNat", "the dual-stack load balancer %s has the %s listener %s and no prefix for source NAT", l.ID, r.Prop("Protocol"), r.ID)
				}
			}
			for _, l := range c.net.LoadBalancers {
				if r := c.udpWithoutPrefix(l); r != nil {
					c.report(r, "Manifest", "the %s %s/%s has UDP ports on a dual-stack load balancer and no prefix for source NAT", l.For.Kind, l.For.Namespace, l.For.ObjectName)
				}
			}
		},
	},
	{
		ID: "V31", Severity: Error, Title: "IPv6 target group whose targets have no IPv6",
		Why:    "IPv6 target groups take addresses, and instances with a primary IPv6 address, which nodes have only by their launch template. Behind a network load balancer an application load balancer is reached over IPv4, and a function has no address.",
		Fix:    "set TargetType: ip, or PrimaryIpv6: true on the interface in the nodes' launch template",
		Source: docTargets,
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::ElasticLoadBalancingV2::TargetGroup") {
				typ := r.Prop("TargetType")
				if !r.Prop("IpAddressType").Is("ipv6") || !typ.Known() {
					continue
				}
				switch {
				case typ.Is("alb"), typ.Is("lambda"):
					c.reportFix(r, "IpAddressType", "set IpAddressType: ipv4 on the target group, or leave it out; IPv6 clients still come in by a dual-stack load balancer",
						"the target group %s of the target type %s is ipv6, wanted ipv4", r.ID, typ)
				case typ.Is("ip"), c.primaryIPv6(r):
				default:
					c.report(r, "TargetType", "the IPv6 target group %s has the target type %s, and what may be registered has no primary IPv6 address", r.ID, orDefault(typ, "instance"))
				}
			}
		},
	},
	{
		ID: "V38", Severity: Error, Title: "Auto Mode load balancer without tagged subnets",
		Why:    "Auto Mode finds subnets of dual-stack load balancers by their role tags only.",
		Fix:    "tag public subnets kubernetes.io/role/elb=1 and private ones kubernetes.io/role/internal-elb=1",
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/auto-change.html",
		check: func(c *check) {
			for _, l := range c.net.LoadBalancers {
				if l.Cluster == nil || !l.Cluster.AutoMode || l.Hypothetical || l.For == nil || c.raw(l.For) == nil || !l.Speaks(network.IPv6) || l.Cluster.VPC == nil || l.Cluster.VPC.Imported {
					continue
				}
				tag := aws.PublicRoleTag
				if l.Internal {
					tag = aws.InternalRoleTag
				}
				subnets := c.declared(l.Cluster.VPC.Subnets)
				unknown := slices.ContainsFunc(subnets, func(s *network.Subnet) bool { return !c.raw(s).Prop("Tags").Known() })
				tagged := slices.ContainsFunc(subnets, func(s *network.Subnet) bool { return s.Tags.Has(tag) })
				if named := l.For.Annotation(notePrefix + "subnets"); len(subnets) > 0 && !tagged && !unknown && !named.Exists() && !l.For.Annotation(ingressNote+"subnets").Exists() {
					c.report(c.raw(l.For), "Manifest", "%s wants a dual-stack load balancer, and no subnet of %s has the tag %s", l.For.Name, l.Cluster.LogicalID, tag)
				}
			}
		},
	},
	{
		ID: "V46", Severity: Error, Title: "IPv6 targets behind an IPv4 load balancer",
		Why:    "\"You cannot associate an IPv6 target group with a load balancer that has an 'ipv4' IP address type\"; and one action takes groups of one family.",
		Fix:    "set IpAddressType: dualstack on the load balancer, and the same IpAddressType on all target groups of an action",
		Source: docTargets,
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule") {
				listener := r
				if r.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" {
					l, ok := r.Prop("ListenerArn").Resource()
					if !ok {
						continue
					}
					listener = l
				}
				l, known := listener.Prop("LoadBalancerArn").Resource()
				for _, actions := range []string{"DefaultActions", "Actions"} {
					for i, a := range r.Prop(actions).Items() {
						groups := []cfn.Value{a.Get("TargetGroupArn")}
						for _, t := range a.Get("ForwardConfig.TargetGroups").Items() {
							groups = append(groups, t.Get("TargetGroupArn"))
						}
						families := map[bool]bool{}
						for _, g := range groups {
							t, ok := g.Resource()
							if !ok || !t.Prop("IpAddressType").Known() {
								continue
							}
							six := t.Prop("IpAddressType").Is("ipv6")
							families[six] = true
							if six && known && l.Prop("IpAddressType").Known() && !strings.HasPrefix(strings.ToLower(l.Prop("IpAddressType").String()), "dualstack") {
								c.report(r, actions+"."+itoa(i), "%s forwards to the IPv6 target group %s on the load balancer %s, which is %s", r.ID, t.ID, l.ID, orDefault(l.Prop("IpAddressType"), "ipv4"))
							}
						}
						if len(families) == 2 {
							c.report(r, actions+"."+itoa(i), "%s forwards to IPv4 and IPv6 target groups in one action", r.ID)
						}
					}
				}
			}
		},
	},
	{
		ID: "V47", Severity: Error, Title: "Load balancer that the controller refuses to make",
		Why:    "The AWS Load Balancer Controller makes no load balancer for IPv6 Pods that is not dual-stack, and none with settings that contradict each other.",
		Fix:    "give it what the message asks for: ip-address-type dualstack (an annotation, or ingressClassParams.spec in the chart's values), target type ip, subnets with role tags and IPv6 in two zones",
		Source: "https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/3572",
		check: func(c *check) {
			for _, l := range c.net.LoadBalancers {
				if l.Refused == "" || l.Hypothetical || l.For == nil || c.raw(l.For) == nil || l.Cluster == nil || l.Cluster.Family != network.IPv6 || l.Cluster.Controller == nil {
					continue
				}
				if !c.decided(l) {
					continue
				}
				c.reportFix(c.raw(l.For), "Manifest", remedy(l.Refused, c.rule.Fix), "the controller makes no load balancer for %s: %s", l.For.Name, l.Refused)
			}
		},
	},
	{
		ID: "V77", Severity: Error, Title: "Two listeners on one port",
		Why:    "A load balancer has one listener on a port: Elastic Load Balancing refuses the second, and of a TCP and a UDP port of a Service with one number the load balancer controller makes the last one only.",
		Fix:    "make one listener of protocol TCP_UDP: on a Service set the annotation aws-load-balancer-enable-tcp-udp-listener to \"true\" (controller 2.13.0 or later)",
		Source: "https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/4405",
		check: func(c *check) {
			first := map[string]*cfn.Resource{}
			for _, r := range c.set.Resources("AWS::ElasticLoadBalancingV2::Listener") {
				port, ok := r.Prop("Port").Int()
				if !ok || missing(r, "LoadBalancerArn") || r.Conditional || conditionalParent(r) {
					continue
				}
				key := sameAs(r.Prop("LoadBalancerArn")) + " " + itoa(port)
				if other := first[key]; other != nil {
					c.reportFix(r, "Port", "make one listener of them; for TCP and UDP one of Protocol: TCP_UDP, with a target group of that protocol",
						"the listeners %s (%s) and %s (%s) of %s are both on port %d", other.ID, other.Prop("Protocol"), r.ID, r.Prop("Protocol"), r.Prop("LoadBalancerArn"), port)
					continue
				}
				first[key] = r
			}
			for _, l := range c.net.LoadBalancers {
				if l.Refused != "" || l.For == nil || l.For.Kind != "Service" || c.raw(l.For) == nil || c.mergesUDP(l) {
					continue
				}
				for _, port := range twoProtocols(l.For) {
					c.report(c.raw(l.For), "Manifest", "the Service %s/%s has TCP and UDP on port %d, and its load balancer gets a listener for one of them", l.For.Namespace, l.For.ObjectName, port)
				}
			}
		},
	},
	{
		ID: "W11", Severity: Warning, Title: "Controller whose default is not dual-stack",
		Why:    "Its default is ipv4: every Ingress without the annotation ip-address-type fails with \"unsupported IPv6 configuration, lb not dual-stack\".",
		Fix:    "set ingressClassParams: {create: true, spec: {ipAddressType: dualstack, targetType: ip}} in the chart's values",
		Source: docClass,
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				if cl.Controller == nil || cl.Controller.Chart == nil || cl.Controller.Chart.ValuesUnknown != "" || c.raw(cl.Controller.Chart) == nil {
					continue
				}
				if slices.ContainsFunc(cl.ObjectsOf("IngressClassParams"), func(o *network.Object) bool {
					return strings.HasPrefix(o.Text("spec", "ipAddressType"), "dualstack")
				}) {
					continue
				}
				if v := cl.Controller.ClassParams.Get("ipAddressType"); v.Known() && !v.Is("dualstack") && !v.Is(aws.DualStackWithoutPublicIPv4) {
					c.report(c.raw(cl.Controller.Chart), "Values", "the chart %s in the IPv6 cluster %s sets no dual-stack default for Ingresses", cl.Controller.Chart.LogicalID, cl.LogicalID)
				}
			}
		},
	},
	{
		ID: "W34", Severity: Warning, Title: "Exposed, and no controller to do it",
		Why:    "Without the AWS Load Balancer Controller an Ingress does nothing, and a Service gets a load balancer of Kubernetes' own, which knows no IPv6.",
		Fix:    "install the chart aws-load-balancer-controller, or acknowledge this where something else installs it",
		Source: docPractices,
		check: func(c *check) {
			for _, l := range c.net.LoadBalancers {
				if l.Refused == "" || l.For == nil || l.Cluster == nil || l.Cluster.Family != network.IPv6 || l.Cluster.Controller != nil || c.raw(l.For) == nil || c.raw(l.Cluster) == nil ||
					c.stray("Custom::AWSCDK-EKS-HelmChart", "ClusterName") || c.stray("Custom::AWSCDK-EKS-HelmChart", "Chart") {
					continue
				}
				if auto, _ := c.clusterProp(l.Cluster, "ComputeConfig"); !auto.Known() {
					continue
				}
				c.report(c.raw(l.For), "Manifest", "%s wants a load balancer, and no template installs the AWS Load Balancer Controller in %s", l.For.Name, l.Cluster.LogicalID)
			}
		},
	},
	{
		ID: "W14", Severity: Warning, Title: "ALB that logs users in, without public IPv4",
		Why:    "The load balancer calls the identity provider over IPv4: with dualstack-without-public-ipv4 users get HTTP 500.",
		Fix:    "use dualstack, or log users in elsewhere",
		Source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html",
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule") {
				listener := r
				if l, ok := r.Prop("ListenerArn").Resource(); ok {
					listener = l
				}
				l, ok := listener.Prop("LoadBalancerArn").Resource()
				if !ok || !l.Prop("IpAddressType").Is(aws.DualStackWithoutPublicIPv4) {
					continue
				}
				for _, actions := range []string{"DefaultActions", "Actions"} {
					for i, a := range r.Prop(actions).Items() {
						if t := a.Get("Type"); t.Is("authenticate-oidc") || t.Is("authenticate-cognito") {
							c.report(r, actions+"."+itoa(i), "%s logs users in (%s) on %s, which has no public IPv4", r.ID, t, l.ID)
						}
					}
				}
			}
			for _, cl := range c.clusters6() {
				for _, o := range cl.ObjectsOf("Ingress") {
					auth := o.Annotation(ingressNote + "auth-type")
					if c.raw(o) != nil && (auth.Is("oidc") || auth.Is("cognito")) && o.Annotation(ingressNote+"ip-address-type").Is(aws.DualStackWithoutPublicIPv4) {
						c.report(c.raw(o), "Manifest", "the Ingress %s/%s logs users in on a load balancer without public IPv4", o.Namespace, o.ObjectName)
					}
				}
			}
		},
	},
	{
		ID: "W18", Severity: Warning, Title: "NLB made without a security group",
		Why:    "A network load balancer that starts without one can never have one.",
		Fix:    "give SecurityGroups when the load balancer is made",
		Source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html",
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::ElasticLoadBalancingV2::LoadBalancer") {
				groups := r.Prop("SecurityGroups")
				if r.Prop("Type").Is("network") && groups.Known() && len(groups.Items()) == 0 {
					c.report(r, "SecurityGroups", "the network load balancer %s has no security group", r.ID)
				}
			}
		},
	},
	{
		ID: "W29", Severity: Warning, Title: "Dual-stack Ingress that lets IPv4 clients in only",
		Why:    "A list of ranges replaces the default of both families: IPv6 clients are dropped.",
		Fix:    "name the IPv6 ranges in the list as well, such as ::/0",
		Source: "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/",
		check: func(c *check) {
			for _, cl := range c.clusters6() {
				for _, o := range cl.Objects {
					var list cfn.Value
					switch o.Kind {
					case "Ingress":
						list = o.Annotation(ingressNote + "inbound-cidrs")
					case "Service":
						list = network.At(o.Value, "spec", "loadBalancerSourceRanges")
					}
					if c.raw(o) == nil || !list.Known() || !list.Exists() {
						continue
					}
					if s := list.String(); strings.Contains(s, ".") && !strings.Contains(s, ":") {
						c.report(c.raw(o), "Manifest", "%s lets only %s in", o.Name, s)
					}
				}
			}
		},
	},
	{
		ID: "W30", Severity: Warning, Title: "Internal load balancer open to the internet gateway",
		Why:    "An internal dual-stack load balancer has public IPv6 addresses; with ipv6.deny_all_igw_traffic false, and a route, the internet reaches it.",
		Fix:    "leave ipv6.deny_all_igw_traffic at its default",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-elasticloadbalancingv2-loadbalancer-loadbalancerattribute.html",
		check: func(c *check) {
			for _, r := range c.set.Resources("AWS::ElasticLoadBalancingV2::LoadBalancer") {
				for i, a := range r.Prop("LoadBalancerAttributes").Items() {
					if r.Prop("Scheme").Is("internal") && a.Get("Key").Is("ipv6.deny_all_igw_traffic") && off(a.Get("Value"), true) {
						c.report(r, "LoadBalancerAttributes."+itoa(i), "the internal load balancer %s takes traffic from the internet gateway", r.ID)
					}
				}
			}
		},
	},
}

// udpWithoutPrefix is the object that asks for a dual-stack network load balancer with UDP and no prefix for source NAT;
// nil where it does not, or where that is not known.
func (c *check) udpWithoutPrefix(l *network.LoadBalancer) *cfn.Resource {
	if l.For == nil || l.Kind != network.NLB || l.AddressType != "dualstack" || l.Cluster == nil || l.Refused != "" {
		return nil
	}
	if !slices.ContainsFunc(l.Listeners, func(li *network.Listener) bool { return li.Proto == network.UDP }) {
		return nil
	}
	settings := []cfn.Value{l.For.Annotation(notePrefix + "enable-prefix-for-ipv6-source-nat")}
	if l.For.Kind == "Gateway" {
		settings = nil
		for _, conf := range l.Cluster.ObjectsOf("LoadBalancerConfiguration") {
			settings = append(settings, network.At(conf.Value, "spec", "enablePrefixForIpv6SourceNat"))
		}
	}
	if slices.ContainsFunc(settings, func(v cfn.Value) bool { return !off(v, false) }) {
		return nil
	}
	return c.raw(l.For)
}

// primaryIPv6 says that an instance which may be a target has a primary IPv6 address, or may have one.
func (c *check) primaryIPv6(group *cfn.Resource) bool {
	has := func(r *cfn.Resource, at string) bool {
		list := r.Prop(at)
		return !list.Known() && list.Kind() != cfn.List || slices.ContainsFunc(list.Items(), func(ni cfn.Value) bool { return !off(ni.Get("PrimaryIpv6"), false) })
	}
	for _, t := range group.Prop("Targets").Items() {
		if r, ok := t.Get("Id").Resource(); ok && r.Type == "AWS::EC2::Instance" && has(r, "NetworkInterfaces") {
			return true
		}
	}
	return slices.ContainsFunc(c.set.Resources("AWS::EC2::LaunchTemplate"), func(r *cfn.Resource) bool { return has(r, "LaunchTemplateData.NetworkInterfaces") })
}

// mergesUDP says that the controller makes one listener of a TCP and a UDP port with one number, or that this is not known.
func (c *check) mergesUDP(l *network.LoadBalancer) bool {
	if l.Cluster.Controller == nil {
		return true // another controller's
	}
	asked := l.For.Annotation(notePrefix + "enable-tcp-udp-listener")
	if chart := l.Cluster.Controller.Chart; chart != nil {
		if yes, known := l.Cluster.Controller.AtLeast(2, 13, 0); known && !yes {
			return false
		}
		gate := network.At(chart.Values, "controllerConfig", "featureGates", "EnableTCPUDPListener")
		if chart.ValuesUnknown != "" || !asked.Exists() && !off(gate, false) {
			return true
		}
	}
	return !off(asked, false)
}

// twoProtocols are the port numbers that a Service has for TCP and for UDP.
func twoProtocols(o *network.Object) (out []int) {
	udp := map[int]bool{}
	seen := map[int]int{}
	for _, p := range network.At(o.Value, "spec", "ports").Items() {
		n, ok := p.Get("port").Int()
		if !ok || !p.Get("protocol").Known() {
			continue
		}
		if seen[n]++; seen[n] == 2 && udp[n] != p.Get("protocol").Is("UDP") {
			out = append(out, n)
		}
		udp[n] = p.Get("protocol").Is("UDP")
	}
	return out
}

// remedy is the fix for what the controller refuses.
func remedy(refused, otherwise string) string {
	for _, r := range []struct{ begins, fix string }{
		{"conflicting", "give the Ingresses of a group one value, or groups of their own (alb.ingress.kubernetes.io/group.name)"},
		{"count of", "give as many addresses as the load balancer has subnets, and name these subnets in the annotation aws-load-balancer-subnets"},
		{"EIP allocations can only", "set the annotation aws-load-balancer-scheme to internet-facing, or leave the elastic addresses out"},
		{"private IPv4 addresses can only", "set the annotation aws-load-balancer-scheme to internal, or leave the private addresses out"},
		{"IPv6 addresses can only", "set the annotation aws-load-balancer-ip-address-type to dualstack"},
		{"expect one", "give one address out of each subnet's range"},
		{"unable to resolve", "tag subnets of two zones that have IPv6 with kubernetes.io/role/elb=1 (internet-facing) or kubernetes.io/role/internal-elb=1 (internal)"},
		{"subnet ", "give the subnet an Ipv6CidrBlock, or take it out: by another role tag, or of the annotation; from controller 3.5.0 on subnets that it finds by tags are left out by itself"},
		{"unsupported IPv6 configuration", "set ip-address-type dualstack: by the annotation, or for every Ingress by ingressClassParams.spec.ipAddressType in the chart's values"},
		{"target type instance", "set the target type ip: by the annotation, or by defaultTargetType in the chart's values"},
	} {
		if strings.HasPrefix(refused, r.begins) {
			return r.fix
		}
	}
	return otherwise
}

// decided says that all is known that the controller's refusal of a load balancer may rest on.
func (c *check) decided(l *network.LoadBalancer) bool {
	ctl := l.Cluster.Controller
	if ctl.Chart != nil && (ctl.Chart.ValuesUnknown != "" || !ctl.ClassParams.Known()) || !network.At(l.For.Value, "metadata", "annotations").Known() ||
		c.stray("AWS::EC2::Subnet", "VpcId") || c.stray("AWS::EC2::VPCCidrBlock", "VpcId") {
		return false
	}
	if l.Cluster.VPC == nil || l.Cluster.VPC.Imported {
		return false
	}
	if slices.ContainsFunc(c.set.Resources("AWS::EC2::VPCCidrBlock"), func(r *cfn.Resource) bool { return !r.Prop("AmazonProvidedIpv6CidrBlock").Known() }) {
		return false
	}
	return !slices.ContainsFunc(c.declared(l.Cluster.VPC.Subnets), func(s *network.Subnet) bool {
		return !c.raw(s).Prop("Tags").Known() || s.Unknown != ""
	})
}

func orDefault(v cfn.Value, otherwise string) string {
	if !v.Exists() {
		return otherwise
	}
	return v.String()
}
