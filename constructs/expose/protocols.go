package expose

import (
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// ProtocolVersion is what an ALB speaks with the Pods, in plain text on HTTP, or over TLS. What it speaks with clients is not
// chosen by it: they have HTTP/1.1 and HTTP/2.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-protocol-version
type ProtocolVersion string

// The protocol versions. HTTP2 and GRPC need an HTTPS listener, and forward requests alone: no login.
const (
	// HTTP1 is HTTP/1.1.
	HTTP1 ProtocolVersion = "HTTP1"
	// HTTP2 is HTTP/2.
	HTTP2 ProtocolVersion = "HTTP2"
	// GRPC is gRPC: health checks call a method, and SuccessCodes are gRPC's, 0 to 99.
	GRPC ProtocolVersion = "GRPC"
)

// ALPNPolicy says which version of HTTP a TLS listener of a network load balancer agrees on with clients. Those that speak gRPC
// insist on HTTP/2.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html#alpn-policies
type ALPNPolicy string

// The ALPN policies, by what they prefer. Without one nothing is agreed.
const (
	HTTP1Only      ALPNPolicy = "HTTP1Only"
	HTTP2Only      ALPNPolicy = "HTTP2Only"
	HTTP2Optional  ALPNPolicy = "HTTP2Optional"  // HTTP/1.1 before HTTP/2
	HTTP2Preferred ALPNPolicy = "HTTP2Preferred" // HTTP/2 before HTTP/1.1
)

// checkVersion wants a version that target groups know, behind a listener that takes it.
func (f front) checkVersion(bad *problems.List) {
	switch f.version {
	case "", HTTP1:
		return
	case HTTP2, GRPC:
	default:
		bad.Add("ProtocolVersion", "%q: want HTTP1, HTTP2 or GRPC", f.version)
		return
	}
	switch {
	case f.kind == network:
		bad.Add("ProtocolVersion", "%s with TCPRoutes: a network load balancer passes bytes on: want HTTPRoutes, or no ProtocolVersion", f.version)
	case len(f.certificates) == 0:
		bad.Add("ProtocolVersion", "%s without Certificates: an ALB takes it from HTTPS listeners only: want the ARN of a certificate", f.version)
	case f.login:
		bad.Add("ProtocolVersion", "%s with Cognito or OIDC: an ALB only forwards such requests: want no login, or HTTP1", f.version)
	}
	if f.attributes["routing.http2.enabled"] == "false" {
		bad.At("Attributes", "routing.http2.enabled").Add("", "false with ProtocolVersion %s, which clients speak HTTP/2 for: leave it out", f.version)
	}
}

// checkALPN wants a policy that listeners know, on a TLS listener.
func checkALPN(here *problems.List, policy ALPNPolicy, tls bool, want string) {
	switch {
	case policy == "":
	case !slices.Contains(aws.ALPNPolicies(), string(policy)):
		names := strings.Join(aws.ALPNPolicies(), ", ")
		here.Add("ALPN", "%q: want %s", policy, or(nearest(string(policy), aws.ALPNPolicies()), "one of "+names))
	case !tls:
		here.Add("ALPN", "%s without TLS, in whose handshake it is: want %s", policy, want)
	}
}

// checkCodes wants the codes of what health checks speak.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
func (h HealthCheck) checkCodes(bad *problems.List, version ProtocolVersion) {
	switch {
	case h.SuccessCodes == "" || jsiix.IsToken(h.SuccessCodes):
	case version == GRPC && !grpcCodes.MatchString(h.SuccessCodes):
		bad.Add("HealthCheck.SuccessCodes", "%q: want codes of gRPC such as 0, 0,12 or 0-99", h.SuccessCodes)
	case version != GRPC && !successCodes.MatchString(h.SuccessCodes):
		bad.Add("HealthCheck.SuccessCodes", "%q: want codes such as 200, 200,204 or 200-399", h.SuccessCodes)
	}
}
