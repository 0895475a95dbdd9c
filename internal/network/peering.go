package network

import "fmt"

func init() {
	register(Kind{
		Component: AtPeering, Name: "VPC peering connection",
		Fix:   "peer the two VPCs themselves, with IPv4 ranges that do not overlap; otherwise use PrivateLink",
		Types: []string{"AWS::EC2::VPCPeeringConnection"},
		Open: []Opening{
			{Type: "AWS::EC2::VPCPeeringConnection", Properties: []string{"VpcId", "PeerVpcId"}, Decides: []Component{AtPeering}},
		},
		Reads:   []Reading{{readPaths, (*builder).peeringConnections}},
		Subject: "peering",
		Models:  "routes on both sides, not transitive, refused where ranges of either family overlap",
		Source:  "[peering limits](https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html)",
	})
}

// Peering is an AWS::EC2::VPCPeeringConnection.
type Peering struct {
	Ref
	Requester, Accepter *VPC
}

// Other returns the VPC at the far end.
func (p *Peering) Other(v *VPC) *VPC {
	switch v {
	case p.Requester:
		return p.Accepter
	case p.Accepter:
		return p.Requester
	}
	return nil
}

func (b *builder) peeringConnections() {
	for _, r := range b.set.Resources("AWS::EC2::VPCPeeringConnection") {
		p := &Peering{Ref: ref(r), Requester: b.vpc(r.Prop("VpcId")), Accepter: b.vpc(r.Prop("PeerVpcId"))}
		b.peerings[own(r)] = p
		b.net.Peerings = append(b.net.Peerings, p)
	}
}

// peer carries the packet over a peering connection.
func (p *Peering) carry(t *tracer, s step) (next, Verdict) {
	return next{}, t.peer(p, s.at, s.from, s.to)
}

func (t *tracer) peer(p *Peering, at position, from, to *Interface) Verdict {
	const name = AtPeering
	other := p.Other(at.vpc)
	shared := Overlap(p.Requester, p.Accepter, IPv4)
	if six := Overlap(p.Requester, p.Accepter, IPv6); six.IsValid() {
		shared = six
	}
	switch {
	case other == nil:
		return t.stop(NoRoute, name, p.Ref, "%s does not join %s", p.Ref, at.vpc.Ref)
	case shared.IsValid():
		return t.stop(Denied, name, p.Ref, "%s and %s both hold %s: AWS does not peer VPCs whose ranges overlap", p.Requester.Ref, p.Accepter.Ref, shared)
	case to.Outside():
		return t.stop(NoRoute, name, p.Ref, "a peering connection leads to the VPC at its other end only, not to the internet behind it")
	case other.Imported:
		return t.stop(Insufficient, name, p.Ref, "%s at the other end is in none of the templates", other.Ref)
	case to.VPC != other:
		return t.stop(NoRoute, name, p.Ref, "%s is not in %s at the other end: peering is not transitive", to.Name, other.Ref)
	}
	t.hop(Forward, name, p.Ref, fmt.Sprintf("%s → %s", at.vpc.Ref, other.Ref))
	return t.arrive(to, from, false)
}
