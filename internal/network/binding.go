package network

import (
	"fmt"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// bindings joins target groups of the templates with the Services that TargetGroupBinding objects name.
func (b *builder) bindings(c *Cluster) {
	for _, o := range c.ObjectsOf("TargetGroupBinding") {
		arn := At(o.Value, "spec", "targetGroupARN")
		t := b.targets[key(arn)]
		if t == nil {
			continue
		}
		t.Binding, t.Cluster, t.PrimaryIPv6 = o, c, primaryIPv6(c)
		// Only spec.networking makes the controller open the nodes' security groups.
		for i, rule := range At(o.Value, "spec", "networking", "ingress").Items() {
			where := o.In(fmt.Sprintf("spec.networking.ingress[%d]", i))
			var ports []cfn.Value
			if ports = rule.Get("ports").Items(); len(ports) == 0 {
				ports = []cfn.Value{{}}
			}
			for _, from := range rule.Get("from").Items() {
				for _, p := range ports {
					r := &Rule{Ref: where, Proto: TCP, To: 65535}
					if p.Get("protocol").Is("UDP") {
						r.Proto = UDP
					}
					if n := b.port(where, p.Get("port")); n != 0 {
						r.From, r.To = n, n
					}
					if g := from.Get("securityGroup.groupID"); g.Exists() {
						r.Group = b.group(g)
					} else if cidr := from.Get("ipBlock.cidr"); cidr.Exists() {
						r.Prefix, r.Unknown = prefix(cidr, 0)
					} else {
						r.Unknown = from.String()
					}
					t.Backend = append(t.Backend, r)
				}
			}
		}
	}
}
