package network

func init() {
	register(Kind{
		Reads: []Reading{{readAccelerators, (*builder).accelerated}},
	})
}

// accelerated finds what Global Accelerator leads to: load balancers, instances, and elastic addresses of instances. It reaches
// them in private subnets too.
// See https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints.html.
func (b *builder) accelerated() {
	for _, r := range b.set.Resources("AWS::GlobalAccelerator::EndpointGroup") {
		at := ref(r)
		for _, e := range r.Prop("EndpointConfigurations").Items() {
			id := e.Get("EndpointId")
			if eip, _, ok := id.Attribute(); ok && eip.Type == "AWS::EC2::EIP" {
				id = eip.Prop("InstanceId")
			}
			if l := b.balancers[key(id)]; l != nil {
				l.Accelerator = &at
			}
			if h := b.hosts[key(id)]; h != nil {
				h.Accelerator = &at
			}
		}
	}
}
