package expose

import (
	"crypto/sha256"
	_ "embed" // echo.conf
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awseksv2"
	"github.com/aws/constructs-go/constructs/v10"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/eks-ipv6/cdk/constructs/ipv6eks"
	"github.com/eks-ipv6/cdk/constructs/lbc"
	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/jsiix"
	"github.com/eks-ipv6/cdk/internal/problems"
)

// EchoImage is NGINX without root, from Docker Hub, which answers over both families
// (https://github.com/docker/roadmap/issues/89), so that nodes without IPv4 egress can pull it too.
const EchoImage = "docker.io/nginxinc/nginx-unprivileged:1.29.3-alpine"

const (
	echoName      = "echo"
	echoHTTP      = "http"    // the container's port for ALBs
	echoProxied   = "proxied" // the container's port for NLBs, which wants the proxy protocol
	echoUser      = 101       // the image's
	readinessGate = aws.ControllerGroup + "/pod-readiness-gate-inject"
)

//go:embed echo.conf
var echoConf string

// EchoProps are the choices of an [Echo].
type EchoProps struct {
	// Cluster is where it goes. Only [NewEcho] needs it.
	Cluster *ipv6eks.Cluster
	// Controller is the cluster's. Only [NewEcho] needs it. For an existing cluster
	// (ipv6eks.FromClusterAttributes) whose controller is not of this app it may be nil.
	Controller *lbc.Controller

	// Namespace is made for it, with restricted Pod security, and with the label by which the controller keeps a Pod from
	// being ready before its targets are healthy.
	// Default: echo.
	Namespace string
	// Image is an NGINX that runs without root, as user 101.
	// Default: EchoImage.
	Image string
	// Replicas are its Pods, spread over zones and nodes.
	// Default: 2.
	Replicas int

	// Tune changes each object before it is applied, also where Objects gives it: the Namespace, the ConfigMap, the Deployment
	// and the Service. What they find each other by (names, labels of the Pods, the Service's selector) is refused.
	// Default: nil.
	Tune func(runtime.Object)
}

// Echo is an example application that answers every request with the client's address, its own, and the family of each:
//
//	client IPv4 203.0.113.7
//	load balancer IPv6 2001:db8::1f
//	Pod IPv6 2001:db8::7b (echo-…)
//
// It makes a Namespace, a ConfigMap, a Deployment and a Service. It serves nothing but that text: no shell, no files.
type Echo struct {
	// Construct is the scope that all parts are made in. What is put into its namespace depends on it.
	Construct constructs.Construct
	// Namespace and Manifest apply the Namespace and what is in it.
	Namespace, Manifest awseksv2.KubernetesManifest
	// NamespaceName is the Namespace's name.
	NamespaceName string
}

func (p *EchoProps) withDefaults() EchoProps {
	out := jsiix.Value(p)
	out.Namespace, out.Image = or(out.Namespace, echoName), or(out.Image, EchoImage)
	if out.Replicas == 0 {
		out.Replicas = 2
	}
	return out
}

// Validate tells everything that is wrong with the choices, or nil. It needs no CDK, and leaves Cluster and Controller to
// [NewEcho].
func (p *EchoProps) Validate() error {
	var bad problems.List
	p.withDefaults().check(&bad)
	return bad.Err()
}

// check is Validate of choices with every default written out.
func (p EchoProps) check(bad *problems.List) {
	checkName(bad, echoName, p.Namespace)
	if strings.ContainsAny(p.Image, " \t\n") {
		bad.Add("Image", "%q: want a container image", p.Image)
	}
	if p.Replicas < 0 {
		bad.Add("Replicas", "%d: want 1 or more", p.Replicas)
	}
}

// EchoBackend is where an Ingress or an HTTPRoute in the echo's namespace sends requests.
func EchoBackend() Backend { return Backend{Service: echoName, PortName: echoHTTP} }

// EchoService is an NLB's Service in front of the echo's Pods, to choose a Scheme and Inbound for. The proxy protocol tells
// the Pods the client's address, which an NLB cannot keep from IPv4 to IPv6.
func EchoService() ServiceProps {
	return ServiceProps{
		Name: echoName + "-nlb", Namespace: echoName, Selector: echoLabels(), ProxyProtocol: true,
		Ports: []Port{{Name: echoHTTP, Port: 80, TargetName: echoProxied}},
	}
}

func echoLabels() map[string]string { return map[string]string{"app.kubernetes.io/name": echoName} }

// Objects are the Namespace, then the ConfigMap, the Deployment and the Service in it. The error is that of Validate.
func (p *EchoProps) Objects() ([]runtime.Object, error) {
	v := p.withDefaults()
	var bad problems.List
	v.check(&bad)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	objects := v.objects(&bad)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return objects, nil
}

// echoParts are what Tune leaves alone, by the kind of object.
var echoParts = map[string][]part{
	"Deployment": {{[]string{"spec", "selector"}, "it left alone: it is how the Pods are found"}, {[]string{"spec", "template", "metadata", "labels"}, "it left alone: they are how the Pods are found"}},
	"Service":    {{[]string{"spec", "selector"}, "it left alone: it is how the Pods are found"}, {[]string{"spec", "ports"}, "it left alone: EchoBackend names them"}},
}

// objects are all of them, as Tune has them. What Tune should not have changed is added to the problems.
func (p EchoProps) objects(bad *problems.List) []runtime.Object {
	out := p.untuned()
	for i, o := range out {
		out[i] = tuned(bad, o, p.Tune, echoParts[o.GetObjectKind().GroupVersionKind().Kind])
	}
	return out
}

func (p EchoProps) untuned() []runtime.Object {
	meta := metav1.ObjectMeta{Name: echoName, Namespace: p.Namespace, Labels: echoLabels()}
	return []runtime.Object{
		&corev1.Namespace{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
			ObjectMeta: metav1.ObjectMeta{Name: p.Namespace, Labels: map[string]string{
				"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted", readinessGate: "enabled",
			}},
		},
		&corev1.ConfigMap{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: meta,
			Data: map[string]string{"nginx.conf": echoConf},
		},
		p.deployment(meta),
		&corev1.Service{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: meta,
			Spec: corev1.ServiceSpec{Selector: echoLabels(), Ports: []corev1.ServicePort{{
				Name: echoHTTP, Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromString(echoHTTP),
			}}},
		},
	}
}

func (p EchoProps) deployment(meta metav1.ObjectMeta) *appsv1.Deployment {
	replicas, user, grace := int32(p.Replicas), int64(echoUser), int64(45)
	yes, no := true, false
	sum := sha256.Sum256([]byte(echoConf))
	spread := func(key string) corev1.TopologySpreadConstraint {
		return corev1.TopologySpreadConstraint{
			MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: &metav1.LabelSelector{MatchLabels: echoLabels()},
		}
	}
	healthy := func() *corev1.Probe {
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString(echoHTTP)}}}
	}
	container := corev1.Container{
		Name: echoName, Image: p.Image,
		// Not the image's own start-up script, which edits files.
		Command: []string{"nginx", "-e", "stderr", "-c", "/etc/echo/nginx.conf", "-g", "daemon off;"},
		Ports: []corev1.ContainerPort{
			{Name: echoHTTP, ContainerPort: 8080, Protocol: corev1.ProtocolTCP}, {Name: echoProxied, ContainerPort: 8081, Protocol: corev1.ProtocolTCP},
		},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")},
		},
		ReadinessProbe: healthy(), LivenessProbe: healthy(),
		// Targets are told to go while the Pod still serves.
		Lifecycle: &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 30}}},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		VolumeMounts: []corev1.VolumeMount{{Name: "conf", MountPath: "/etc/echo", ReadOnly: true}, {Name: "tmp", MountPath: "/tmp"}},
	}
	return &appsv1.Deployment{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}, ObjectMeta: meta,
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: echoLabels()},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: echoLabels(), Annotations: map[string]string{"checksum/conf": hex.EncodeToString(sum[:8])}},
				Spec: corev1.PodSpec{
					AutomountServiceAccountToken: &no, EnableServiceLinks: &no, TerminationGracePeriodSeconds: &grace,
					SecurityContext: &corev1.PodSecurityContext{
						RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &user, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
					},
					TopologySpreadConstraints: []corev1.TopologySpreadConstraint{spread(corev1.LabelTopologyZone), spread(corev1.LabelHostname)},
					Containers:                []corev1.Container{container},
					Volumes: []corev1.Volume{
						{Name: "conf", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: echoName}}}},
						{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
					},
				},
			},
		},
	}
}

// NewEcho applies an [Echo] to a cluster, after the controller's chart: its webhook sees each Pod and Service. It panics with
// the error of [EchoProps.Validate].
func NewEcho(scope constructs.Construct, id string, props *EchoProps) *Echo {
	p := props.withDefaults()
	var bad problems.List
	p.check(&bad)
	checkTarget(&bad, p.Cluster, p.Controller)
	var objects []runtime.Object
	if bad.Err() == nil { // Tune sees what is sound
		objects = p.objects(&bad)
	}
	if err := bad.Err(); err != nil {
		panic(fmt.Errorf("expose.NewEcho %s/%s: %w", *scope.Node().Path(), id, err))
	}
	e := &Echo{Construct: constructs.NewConstruct(scope, jsiix.Str(id)), NamespaceName: p.Namespace}
	e.Namespace = apply(e.Construct, "Namespace", p.Cluster, after(p.Controller), objects[0])[0]
	e.Manifest = apply(e.Construct, "Manifest", p.Cluster, []constructs.IDependable{e.Namespace}, objects[1:]...)[0]
	return e
}
