package network

func init() {
	register(Kind{
		Component: AtEndpointService, Name: "VPC endpoint service",
		Fix:   "offer ipv4 and ipv6 in SupportedIpAddressTypes, in front of a dualstack load balancer",
		Types: []string{"AWS::EC2::VPCEndpointService"},
		Open: []Opening{
			{Type: "AWS::EC2::VPCEndpointService", Properties: []string{"SupportedIpAddressTypes", "NetworkLoadBalancerArns"}, Decides: []Component{AtEndpointService}},
		},
		Reads:   []Reading{{readEndpointServices, (*builder).endpointServices}},
		Subject: "PrivateLink services",
		Models:  "address types, the NLB behind, its rules on PrivateLink traffic",
		Source:  "[PrivateLink](https://docs.aws.amazon.com/vpc/latest/privatelink/)",
	})
}

// EndpointService is an AWS::EC2::VPCEndpointService: PrivateLink's provider side.
type EndpointService struct {
	Ref
	LoadBalancers []*LoadBalancer
	AddressTypes  []string // SupportedIpAddressTypes; ipv4 when none is given
}

func (b *builder) endpointServices() {
	for _, r := range b.set.Resources("AWS::EC2::VPCEndpointService") {
		s := &EndpointService{Ref: ref(r)}
		list, _ := items(r.Prop("NetworkLoadBalancerArns"))
		for _, e := range list {
			if l := b.balancers[key(e)]; l != nil {
				s.LoadBalancers = append(s.LoadBalancers, l)
			}
		}
		types, _ := items(r.Prop("SupportedIpAddressTypes"))
		for _, t := range types {
			s.AddressTypes = append(s.AddressTypes, str(t))
		}
		if len(types) == 0 {
			s.AddressTypes = []string{"ipv4"}
		}
		b.services[own(r)] = s
		b.net.EndpointServices = append(b.net.EndpointServices, s)
	}
}
