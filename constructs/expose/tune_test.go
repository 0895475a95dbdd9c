package expose_test

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/expose/kube"
)

// What Tune changes is applied, and the choices stay as they were.
func TestTuneChanges(t *testing.T) {
	t.Parallel()
	selector, tags := map[string]string{"app": "web"}, map[string]string{"team": "net"}
	list := map[string]props{
		"Ingress": ingress(func(p *expose.IngressProps) {
			p.Tune = func(i *networkingv1.Ingress) {
				i.Labels = map[string]string{"tuned": "yes"}
				i.Annotations["alb.ingress.kubernetes.io/load-balancer-attributes"] = "brand.new=1"
			}
		}),
		"Service": service(func(p *expose.ServiceProps) {
			p.Selector = selector
			p.Tune = func(s *corev1.Service) {
				s.Labels, s.Spec.Selector["tuned"] = map[string]string{"tuned": "yes"}, "yes"
			}
		}),
		"Gateway": gateway(func(p *expose.GatewayProps) {
			p.Tags = tags
			p.Tune = func(o runtime.Object) {
				if c, ok := o.(*kube.LoadBalancerConfiguration); ok {
					c.Spec.ShieldConfiguration, c.Spec.Tags["tuned"] = &kube.ShieldConfiguration{Enabled: true}, "yes"
				}
			}
		}),
		"Echo": &expose.EchoProps{Tune: func(o runtime.Object) {
			if d, ok := o.(*appsv1.Deployment); ok {
				d.Labels["tuned"] = "yes"
			}
		}},
	}
	for name, p := range list {
		objects, err := p.Objects()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := expose.YAML(objects...)
		if want := map[bool]int{true: 2, false: 1}[name == "Service"]; err != nil || strings.Count(string(text), "tuned: \"yes\"") != want {
			t.Errorf("%s: %v: want Tune's change, there and nowhere else\n%s", name, err, text)
		}
	}
	if fmt.Sprint(selector, tags) != "map[app:web] map[team:net]" {
		t.Errorf("Tune wrote to the choices: %v, %v", selector, tags)
	}
}

// Nothing that Tune may not change is put right in silence.
func TestTuneIsRefused(t *testing.T) {
	t.Parallel()
	note := func(k, v string) func(*networkingv1.Ingress) {
		return func(i *networkingv1.Ingress) { i.Annotations["alb.ingress.kubernetes.io/"+k] = v }
	}
	for want, tune := range map[string]func(*networkingv1.Ingress){
		`Tune: Ingress web: metadata.annotations[alb.ingress.kubernetes.io/target-type]: "instance": want it left out: targets are Pod`: note("target-type", "instance"),
		`metadata.annotations[alb.ingress.kubernetes.io/ip-address-type]: "ipv4": want the field AddressType`:                           note("ip-address-type", "ipv4"),
		`metadata.annotations[alb.ingress.kubernetes.io/scheme]: "internet-facing": want the field Scheme`:                              note("scheme", "internet-facing"),
		`metadata.annotations[alb.ingress.kubernetes.io/group.name]: "g": want the field Group`:                                         note("group.name", "g"),
		`metadata.annotations[alb.ingress.kubernetes.io/inbound-cidrs]: left out: want the field Inbound`: func(i *networkingv1.Ingress) {
			delete(i.Annotations, "alb.ingress.kubernetes.io/inbound-cidrs")
		},
		`metadata.annotations[kubernetes.io/ingress.class]: "nginx": want it left out`: func(i *networkingv1.Ingress) { i.Annotations["kubernetes.io/ingress.class"] = "nginx" },
		`Tune: Ingress web: spec.ingressClassName: "nginx": want the field AddressType`: func(i *networkingv1.Ingress) {
			nginx := "nginx"
			i.Spec.IngressClassName = &nginx
		},
		`Tune: Ingress web: metadata.name: "other": want the field Name`:           func(i *networkingv1.Ingress) { i.Name = "other" },
		`Tune: Ingress web: metadata.namespace: "other": want the field Namespace`: func(i *networkingv1.Ingress) { i.Namespace = "other" },
	} {
		refusedTune(t, ingress(func(p *expose.IngressProps) { p.Tune = tune }), want)
	}
	for want, tune := range map[string]func(*corev1.Service){
		`Tune: Service tcp: spec.type: "ClusterIP": want it left alone`:         func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeClusterIP },
		`spec.ipFamilies: [IPv4]: want it left alone: Pods have IPv6 addresses`: func(s *corev1.Service) { s.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol} },
		`spec.ipFamilyPolicy: left out: want it left alone`:                     func(s *corev1.Service) { s.Spec.IPFamilyPolicy = nil },
		`spec.loadBalancerClass: left out: want it left alone: the class`:       func(s *corev1.Service) { s.Spec.LoadBalancerClass = nil },
		`spec.loadBalancerSourceRanges: left out: want the field Inbound`:       func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = nil },
		`spec.ports: tcp/443, udp/53: want the field Ports, which has tcp/443`: func(s *corev1.Service) {
			s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Port: 53, Protocol: "UDP"})
		},
		`metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]`: func(s *corev1.Service) {
			s.Annotations["service.beta.kubernetes.io/load-balancer-source-ranges"] = "0.0.0.0/0"
		},
		`metadata.annotations[service.beta.kubernetes.io/aws-load-balancer-ip-address-type]: "ipv4"`: func(s *corev1.Service) {
			s.Annotations["service.beta.kubernetes.io/aws-load-balancer-ip-address-type"] = "ipv4"
		},
	} {
		refusedTune(t, service(func(p *expose.ServiceProps) { p.Ports, p.Tune = []expose.Port{{Port: 443}}, tune }), want)
	}
	for want, tune := range map[string]func(runtime.Object){
		`Tune: LoadBalancerConfiguration door: spec.ipAddressType: "ipv4": want the field AddressType`: on(func(c *kube.LoadBalancerConfiguration) { c.Spec.IPAddressType = "ipv4" }),
		`spec.sourceRanges: left out: want the field Inbound`:                                          on(func(c *kube.LoadBalancerConfiguration) { c.Spec.SourceRanges = nil }),
		`spec.defaultTargetGroupConfiguration: left out: want it left alone`:                           on(func(c *kube.LoadBalancerConfiguration) { c.Spec.DefaultTargetGroupConfiguration = nil }),
		`TargetGroupConfiguration door: spec.defaultConfiguration.targetType: "instance"`:              on(func(c *kube.TargetGroupConfiguration) { c.Spec.DefaultConfiguration.TargetType = "instance" }),
		`GatewayClass default.door: spec.controllerName: "other": want HTTPRoutes or TCPRoutes`:        on(func(c *gatewayv1.GatewayClass) { c.Spec.ControllerName = "other" }),
		`Gateway door: spec.gatewayClassName: "other": want it left alone`:                             on(func(g *gatewayv1.Gateway) { g.Spec.GatewayClassName = "other" }),
		`Gateway door: spec.listeners: `:                                                               on(func(g *gatewayv1.Gateway) { g.Spec.Listeners[0].Port = 81 }),
		`HTTPRoute door-1: spec.parentRefs: left out: want it left alone`:                              on(func(r *gatewayv1.HTTPRoute) { r.Spec.ParentRefs = nil }),
	} {
		refusedTune(t, gateway(func(p *expose.GatewayProps) { p.Tune = tune }), want)
	}
	for want, tune := range map[string]func(runtime.Object){
		`Tune: Namespace echo: metadata.name: "other": want the field Name`:               on(func(n *corev1.Namespace) { n.Name = "other" }),
		`Deployment echo: spec.template.metadata.labels: `:                                on(func(d *appsv1.Deployment) { d.Spec.Template.Labels = nil }),
		`Service echo: spec.selector: map[app:x]: want it left alone: it is how the Pods`: on(func(s *corev1.Service) { s.Spec.Selector = map[string]string{"app": "x"} }),
	} {
		refusedTune(t, &expose.EchoProps{Tune: tune}, want)
	}
}

// on changes objects of one kind.
func on[T any](change func(T)) func(runtime.Object) {
	return func(o runtime.Object) {
		if v, ok := o.(T); ok {
			change(v)
		}
	}
}

func refusedTune(t *testing.T, p props, want string) {
	t.Helper()
	objects, err := p.Objects()
	if err == nil || objects != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want just %q", err, want)
	}
}
