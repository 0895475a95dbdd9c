package stacks

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/eks-ipv6/cdk/constructs/expose"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// ExposedProps are the choices of an [Exposed]. Inbound is required.
type ExposedProps struct {
	// PlatformProps are those of the platform below.
	// Default: see PlatformProps.
	PlatformProps

	// Inbound says who may connect to both load balancers, which face the internet: ranges, or Anywhere.
	Inbound expose.Inbound

	// Certificates are the ARNs of ACM certificates. With them the ALB serves HTTPS and redirects HTTP there, and the NLB
	// has a TLS port 443 beside port 80.
	// Default: none, and HTTP.
	Certificates []string

	// Echo is the example application. Cluster and Controller are filled in.
	// Default: see expose.EchoProps.
	Echo expose.EchoProps
}

// Exposed is a [Platform] with an example application behind an internet-facing ALB and an internet-facing NLB, both
// dual-stack: IPv4 and IPv6 clients reach IPv6 Pods through either. Its outputs AlbHostname and NlbHostname are the load
// balancers' names, for curl -4 and curl -6.
type Exposed struct {
	// Platform is below.
	*Platform
	// Echo is the example application.
	Echo *expose.Echo
	// ALB is its Ingress, and what becomes of it.
	ALB *expose.Ingress
	// NLB is its Service of type LoadBalancer.
	NLB *expose.Service
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK.
func (p *ExposedProps) Validate() error {
	var bad problems.List
	v := jsiix.Value(p)
	v.PlatformProps.check(&bad)
	bad.In("Echo").Join(v.Echo.Validate())
	if v.Echo.Cluster != nil || v.Echo.Controller != nil {
		bad.Add("Echo.Cluster, Echo.Controller", "they are filled in here: leave them out")
	}
	alb, nlb := v.alb(), v.nlb()
	if err := alb.Validate(); err != nil { // what both have in common is said once
		bad.Join(err)
	} else {
		bad.Join(nlb.Validate())
	}
	return bad.Err()
}

func (p ExposedProps) alb() expose.IngressProps {
	return expose.IngressProps{
		Name: "echo", Namespace: p.namespace(), Scheme: expose.InternetFacing, Inbound: p.Inbound, Certificates: p.Certificates,
		Rules:       []expose.Rule{{Paths: []expose.Path{{Backend: expose.EchoBackend()}}}},
		HealthCheck: expose.HealthCheck{Path: "/healthz"},
	}
}

func (p ExposedProps) nlb() expose.ServiceProps {
	nlb := expose.EchoService()
	nlb.Namespace, nlb.Scheme, nlb.Inbound = p.namespace(), expose.InternetFacing, p.Inbound
	if len(p.Certificates) > 0 {
		nlb.Certificates = p.Certificates
		nlb.Ports = append(nlb.Ports, expose.Port{Name: "https", Port: 443, TargetName: nlb.Ports[0].TargetName, Protocol: expose.TLS})
	}
	return nlb
}

func (p ExposedProps) namespace() string {
	if p.Echo.Namespace != "" {
		return p.Echo.Namespace
	}
	return expose.EchoService().Namespace
}

// NewExposed makes an [Exposed]. It panics with the error of [ExposedProps.Validate].
func NewExposed(scope constructs.Construct, id string, props *ExposedProps) *Exposed {
	if err := props.Validate(); err != nil {
		panic(fmt.Errorf("stacks.NewExposed %s: %w", id, err))
	}
	p := jsiix.Value(props)
	out := &Exposed{Platform: NewPlatform(scope, id, &p.PlatformProps)}
	ep := p.Echo
	ep.Cluster, ep.Controller = out.Cluster, out.Controller
	out.Echo = expose.NewEcho(out.Stack, "Echo", &ep)

	alb := p.alb()
	alb.Cluster, alb.Controller = out.Cluster, out.Controller
	out.ALB = expose.NewIngress(out.Stack, "Alb", &alb)
	nlb := p.nlb()
	nlb.Cluster, nlb.Controller = out.Cluster, out.Controller
	out.NLB = expose.NewService(out.Stack, "Nlb", &nlb)
	for _, c := range []constructs.Construct{out.ALB.Construct, out.NLB.Construct} {
		c.Node().AddDependency(out.Echo.Construct)
	}
	output(out.Stack, "AlbHostname", "The echo behind the ALB: curl -4 and curl -6 it", jsiix.Str(out.ALB.Hostname()))
	output(out.Stack, "NlbHostname", "The echo behind the NLB: curl -4 and curl -6 it", jsiix.Str(out.NLB.Hostname()))
	return out
}
