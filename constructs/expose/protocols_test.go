package expose_test

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/constructs/expose/kube"
)

func TestProtocolVersionsRefuse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*expose.IngressProps)
		want   string
	}{
		"gRPC":             {func(*expose.IngressProps) {}, ""},
		"HTTP/2":           {func(p *expose.IngressProps) { p.ProtocolVersion = expose.HTTP2 }, ""},
		"HTTP/1.1 open":    {func(p *expose.IngressProps) { p.ProtocolVersion, p.Certificates = expose.HTTP1, nil }, ""},
		"misspelt":         {func(p *expose.IngressProps) { p.ProtocolVersion = "grpc" }, `ProtocolVersion: "grpc": want HTTP1, HTTP2 or GRPC`},
		"open":             {func(p *expose.IngressProps) { p.Certificates = nil }, "ProtocolVersion: GRPC without Certificates"},
		"HTTP/2, open":     {func(p *expose.IngressProps) { p.ProtocolVersion, p.Certificates = expose.HTTP2, nil }, "ProtocolVersion: HTTP2 without Certificates"},
		"login":            {func(p *expose.IngressProps) { p.OIDC = oidc() }, "ProtocolVersion: GRPC with Cognito or OIDC"},
		"no HTTP/2":        {func(p *expose.IngressProps) { p.Attributes = map[string]string{"routing.http2.enabled": "false"} }, "Attributes[routing.http2.enabled]: false with ProtocolVersion GRPC"},
		"codes of gRPC":    {func(p *expose.IngressProps) { p.HealthCheck.SuccessCodes = "0,12" }, ""},
		"codes of HTTP":    {func(p *expose.IngressProps) { p.HealthCheck.SuccessCodes = "200" }, `HealthCheck.SuccessCodes: "200": want codes of gRPC`},
		"gRPC's of HTTP/2": {func(p *expose.IngressProps) { p.ProtocolVersion, p.HealthCheck.SuccessCodes = expose.HTTP2, "0" }, `HealthCheck.SuccessCodes: "0": want codes such as 200`},
		"by annotation": {func(p *expose.IngressProps) {
			p.Annotations = map[string]string{"alb.ingress.kubernetes.io/backend-protocol-version": "GRPC"}
		}, "want the field ProtocolVersion"},
	} {
		p := ingress(func(p *expose.IngressProps) { p.Certificates, p.ProtocolVersion = []string{cert}, expose.GRPC })
		c.change(p)
		limit(t, name, p, c.want)
	}
	limit(t, "gRPC by TCP", gateway(func(p *expose.GatewayProps) {
		p.HTTPRoutes, p.TCPRoutes, p.ProtocolVersion = nil, []expose.TCPRoute{{Port: 443, Backend: web}}, expose.GRPC
	}), "ProtocolVersion: GRPC with TCPRoutes: a network load balancer passes bytes on")
}

// The controller is told in its own words, for each kind of load balancer.
func TestGRPC(t *testing.T) {
	t.Parallel()
	objects, err := ingress(func(p *expose.IngressProps) { p.Certificates, p.ProtocolVersion = []string{cert}, expose.GRPC }).Objects()
	if err != nil {
		t.Fatal(err)
	}
	if got := objects[0].(*networkingv1.Ingress).Annotations["alb.ingress.kubernetes.io/backend-protocol-version"]; got != "GRPC" {
		t.Errorf("the Ingress says %q", got)
	}
	objects, err = gateway(func(p *expose.GatewayProps) {
		p.Certificates, p.ProtocolVersion, p.HealthCheck.SuccessCodes = []string{cert}, expose.GRPC, "0"
	}).Objects()
	if err != nil {
		t.Fatal(err)
	}
	targets := objects[0].(*kube.TargetGroupConfiguration).Spec.DefaultConfiguration
	if m := targets.HealthCheckConfig.Matcher; targets.ProtocolVersion != "GRPC" || m.GRPCCode != "0" || m.HTTPCode != "" {
		t.Errorf("the Gateway says %+v %+v", targets, m)
	}
	objects, err = service(func(p *expose.ServiceProps) {
		p.Ports, p.Certificates, p.ALPN = []expose.Port{{Port: 443, Protocol: expose.TLS}}, []string{cert}, expose.HTTP2Preferred
	}).Objects()
	if err != nil {
		t.Fatal(err)
	}
	if got := objects[0].(*corev1.Service).Annotations["service.beta.kubernetes.io/aws-load-balancer-alpn-policy"]; got != "HTTP2Preferred" {
		t.Errorf("the Service says %q", got)
	}
}

func TestALPNRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*expose.ServiceProps)
		want   string
	}{
		"none of TCP": {func(p *expose.ServiceProps) { p.ALPN = expose.HTTP2Only }, "ALPN: HTTP2Only without TLS, in whose handshake it is: want a port of Protocol TLS"},
		"misspelt": {func(p *expose.ServiceProps) {
			p.Ports[0].Protocol, p.Certificates, p.ALPN = expose.TLS, []string{cert}, "HTTP2Prefered"
		}, `ALPN: "HTTP2Prefered": want HTTP2Preferred`},
		"by annotation": {func(p *expose.ServiceProps) {
			p.Annotations = map[string]string{"service.beta.kubernetes.io/aws-load-balancer-alpn-policy": "HTTP2Only"}
		}, "want the field ALPN"},
	} {
		p := service(func(p *expose.ServiceProps) { p.Ports = []expose.Port{{Port: 443}} })
		c.change(p)
		limit(t, name, p, c.want)
	}
	for name, c := range map[string]struct {
		port expose.BoundPort
		want string
	}{
		"TLS":  {expose.BoundPort{Port: 443, CertificateArns: []string{certificate}, ALPN: expose.HTTP2Only}, ""},
		"TCP":  {expose.BoundPort{Port: 443, ALPN: expose.HTTP2Only}, "Ports[0].ALPN: HTTP2Only without TLS, in whose handshake it is: want CertificateArns"},
		"what": {expose.BoundPort{Port: 443, CertificateArns: []string{certificate}, ALPN: "h2"}, `Ports[0].ALPN: "h2": want one of HTTP1Only`},
	} {
		err := bound(func(p *expose.BoundNLBProps) { p.Ports = []expose.BoundPort{c.port} }).Validate()
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: got %v, want just %q", name, err, c.want)
		}
	}
}

// A TCP and a UDP port with one number are one listener, and need no health check of another port.
func TestBoundNLBOfBothProtocols(t *testing.T) {
	t.Parallel()
	p := bound(func(p *expose.BoundNLBProps) {
		p.Ports = []expose.BoundPort{{Port: 53, TargetPort: 8053, UDP: true}, {Port: 443}, {Port: 53, TargetPort: 8053}}
	})
	objects, err := p.Objects([]string{"arn:dns", "arn:web"}, "sg-1")
	if err != nil {
		t.Fatal(err)
	}
	dns := objects[0].(*kube.TargetGroupBinding)
	open, _ := json.Marshal(dns.Spec.Networking.Ingress[0].Ports)
	if want := `[{"protocol":"TCP","port":8053},{"protocol":"UDP","port":8053}]`; string(open) != want || dns.Spec.TargetGroupARN != "arn:dns" {
		t.Errorf("%s opens %s, want %s", dns.Spec.TargetGroupARN, open, want)
	}
	for name, c := range map[string]struct {
		ports []expose.BoundPort
		want  string
	}{
		"UDP twice":    {[]expose.BoundPort{{Port: 53}, {Port: 53, UDP: true}, {Port: 53, UDP: true}}, "Ports[2].Port: 53 is named twice"},
		"TLS and UDP":  {[]expose.BoundPort{{Port: 443, CertificateArns: []string{certificate}}, {Port: 443, UDP: true}}, "Ports[1].Port: 443 is named twice"},
		"two targets":  {[]expose.BoundPort{{Port: 53, TargetPort: 8053}, {Port: 53, UDP: true}}, "Ports[1].TargetPort: 53 of the Service's port 53, and 8053 of 53 for the other protocol of port 53: want one for both"},
		"two Services": {[]expose.BoundPort{{Port: 53, ServicePort: 54, TargetPort: 53}, {Port: 53, UDP: true}}, "Ports[1].TargetPort"},
	} {
		err := bound(func(p *expose.BoundNLBProps) { p.Ports, p.HealthCheck.Port = c.ports, 8080 }).Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want just %q", name, err, c.want)
		}
	}
}
