package network

import (
	"cmp"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Component: AtInstance, Name: "instance",
		Types: []string{"AWS::EC2::Instance"},
		Reads: []Reading{{readInstances, (*builder).instances}},
	})
}

func (b *builder) instances() {
	b.hostsOf("AWS::EC2::Instance", b.instance)
}

// instance reads an instance. What it does not state is its launch template's, and then its subnet's.
func (b *builder) instance(h *Host, r *cfn.Resource) {
	h.Kind, h.Source = AtInstance, true
	template, given := b.templateOf(r.Prop("LaunchTemplate"))
	own := cfn.Value{}
	for _, ni := range r.Prop("NetworkInterfaces").Items() {
		if i, _ := ni.Get("DeviceIndex").Int(); i == 0 {
			own = ni
		}
	}
	if id := own.Get("NetworkInterfaceId"); id.Exists() {
		if e := b.hosts[key(id)]; e != nil {
			h.Subnets, h.Groups, h.IPv6, h.Fixed, h.primary = e.Subnets, e.Groups, e.IPv6, e.Fixed, e
			return
		}
	}
	say := func(names ...string) cfn.Value {
		where := []cfn.Value{own, r.Props()}
		if template != nil {
			where = append(where, template.Interface, template.Data)
		}
		for _, v := range where {
			for _, name := range names {
				if got := v.Get(name); got.Exists() {
					return got
				}
			}
		}
		return cfn.Value{}
	}
	h.Subnets = b.oneSubnet(h, say("SubnetId"))
	groups := say("GroupSet", "Groups", "SecurityGroupIds")
	var unknown string
	h.Groups, unknown = b.groupList(groups)
	h.Unknown = cmp.Or(h.Unknown, unknown)
	b.interfaceAddresses(h, say)
	public := say("AssociatePublicIpAddress")
	for _, s := range h.Subnets {
		h.PublicIPv4 = yes(public, s.MapPublic)
		if !public.Exists() {
			h.PublicUnknown = s.PublicUnknown
		}
		if public.Exists() && !public.Known() {
			h.PublicUnknown = "AssociatePublicIpAddress is " + public.String()
		}
	}
	if given && template == nil {
		what := "launch template " + str(r.Prop("LaunchTemplate"))
		if !groups.Exists() {
			h.Unknown = cmp.Or(h.Unknown, what)
		}
		h.PublicUnknown = what + " is in none of the templates"
	}
}
