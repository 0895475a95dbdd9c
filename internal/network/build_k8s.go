package network

import (
	"cmp"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// kubernetes reads the objects and charts that templates apply, finds the AWS Load Balancer Controller, and builds
// the load balancers that it will create.
func (b *builder) kubernetes() {
	for _, r := range b.set.Resources("Custom::AWSCDK-EKS-KubernetesResource") {
		c := b.clusterOf(r.Prop("ClusterName"), ref(r))
		if c == nil {
			continue
		}
		d, err := r.Prop("Manifest").Decode()
		if err != nil {
			b.problem(ref(r), "Manifest: %v", err)
			continue
		}
		list := []cfn.Value{d}
		if d.Kind() == cfn.List {
			list = d.Items()
		}
		for _, v := range list {
			b.object(c, ref(r), v)
		}
	}
	for _, r := range b.set.Resources("Custom::AWSCDK-EKS-HelmChart") {
		c := b.clusterOf(r.Prop("ClusterName"), ref(r))
		if c == nil {
			continue
		}
		ch := &Chart{Ref: ref(r), Cluster: c, Chart: str(r.Prop("Chart")), Repository: str(r.Prop("Repository")),
			Version: str(r.Prop("Version")), Release: str(r.Prop("Release")), Namespace: str(r.Prop("Namespace"))}
		if v := r.Prop("Values"); v.Exists() {
			d, err := v.Decode()
			switch {
			case err != nil:
				b.problem(ch.Ref, "Values: %v", err)
				ch.ValuesUnknown = "Values, which cannot be read"
			case d.Exists() && d.Kind() != cfn.Map:
				ch.ValuesUnknown = v.String()
			default:
				ch.Values = d
			}
		}
		c.Charts = append(c.Charts, ch)
	}
	for _, c := range b.net.Clusters {
		c.Controller = b.controller(c)
		b.exposed(c)
	}
}

func (b *builder) object(c *Cluster, where Ref, v cfn.Value) {
	if v.Kind() != cfn.Map {
		if v.Exists() {
			b.problem(where, "Manifest holds %s, which is no Kubernetes object", v.Kind())
		}
		return
	}
	if v.Field("kind").Is("List") {
		for _, e := range v.Field("items").Items() {
			b.object(c, where, e)
		}
		return
	}
	o := &Object{Ref: where, Cluster: c, Value: v}
	o.Kind, o.APIVersion = o.Text("kind"), o.Text("apiVersion")
	o.ObjectName, o.Namespace = o.Text("metadata", "name"), cmp.Or(o.Text("metadata", "namespace"), "default")
	o.Name = strings.ToLower(o.Kind) + " " + o.Namespace + "/" + o.ObjectName
	c.Objects = append(c.Objects, o)
}

// Object finds an object of the cluster, or nil.
func (c *Cluster) Object(kind, namespace, name string) *Object {
	for _, o := range c.Objects {
		if o.Kind == kind && o.Namespace == namespace && o.ObjectName == name {
			return o
		}
	}
	return nil
}

// named finds a cluster-scoped object.
func (c *Cluster) named(kind, name string) *Object {
	for _, o := range c.Objects {
		if o.Kind == kind && o.ObjectName == name {
			return o
		}
	}
	return nil
}

const controllerChart = "aws-load-balancer-controller"

func (b *builder) controller(c *Cluster) *Controller {
	var ctl *Controller
	for _, ch := range c.Charts {
		if ch.Chart == controllerChart || strings.HasSuffix(ch.Chart, "/"+controllerChart) || strings.HasSuffix(strings.TrimRight(ch.Repository, "/"), "/"+controllerChart) {
			ctl = &Controller{Ref: ch.Ref, Cluster: c, Chart: ch, DefaultTargetType: "instance", DefaultScheme: "internal"}
			if v := At(ch.Values, "defaultTargetType"); v.Exists() {
				ctl.DefaultTargetType = v.String()
			}
			if v := At(ch.Values, "defaultLoadBalancerScheme"); v.Exists() {
				ctl.DefaultScheme = v.String()
			}
			if yes(At(ch.Values, "ingressClassParams", "create"), true) {
				ctl.ClassParams = At(ch.Values, "ingressClassParams", "spec")
			}
		}
	}
	if ctl == nil && c.AutoMode {
		ctl = &Controller{Ref: c.In("ElasticLoadBalancing"), Cluster: c, DefaultTargetType: "ip", DefaultScheme: "internal"}
	}
	if ctl != nil {
		r := ctl.Ref
		r.Type = "security group of the load balancer controller"
		r.Name = "shared backend security group"
		ctl.BackendGroup = &SecurityGroup{Ref: r, VPC: c.VPC, Egress: everywhere(r, c.VPC)}
	}
	return ctl
}

// PodSpec is the Pod spec of a workload: a Pod's own, or its template's; absent for other kinds.
func (o *Object) PodSpec() cfn.Value {
	switch o.Kind {
	case "Pod":
		return At(o.Value, "spec")
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job":
		return At(o.Value, "spec", "template", "spec")
	case "CronJob":
		return At(o.Value, "spec", "jobTemplate", "spec", "template", "spec")
	}
	return cfn.Value{}
}

// Workloads are the objects that start Pods.
func (c *Cluster) Workloads() []*Object {
	var out []*Object
	for _, o := range c.Objects {
		if o.PodSpec().Exists() {
			out = append(out, o)
		}
	}
	return out
}

// Behind are the workloads whose Pods are the targets of a target group.
func (c *Cluster) Behind(t *TargetGroup) []*Object {
	svc := c.Object("Service", t.Namespace, t.Service)
	if b := t.Binding; b != nil && b.Kind == "TargetGroupBinding" {
		svc = c.Object("Service", b.Namespace, b.Text("spec", "serviceRef", "name"))
	}
	if svc == nil {
		return nil
	}
	return c.Selected(svc)
}

// Selected are the workloads whose Pods a Service selects.
func (c *Cluster) Selected(svc *Object) []*Object {
	sel := At(svc.Value, "spec", "selector")
	var out []*Object
	for _, w := range c.Workloads() {
		if w.Namespace != svc.Namespace || len(sel.Keys()) == 0 {
			continue
		}
		labels := At(w.Value, "spec", "template", "metadata", "labels")
		if w.Kind == "Pod" {
			labels = At(w.Value, "metadata", "labels")
		}
		match := true
		for _, k := range sel.Keys() {
			match = match && labels.Field(k).Exists() && labels.Field(k).Equal(sel.Field(k))
		}
		if match {
			out = append(out, w)
		}
	}
	return out
}
