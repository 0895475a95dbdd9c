package network

import "fmt"

func init() {
	register(Kind{
		Types:   []string{"AWS::EC2::VPCBlockPublicAccessOptions", "AWS::EC2::VPCBlockPublicAccessExclusion"},
		Reads:   []Reading{{readRules, (*builder).blockPublicAccess}},
		Subject: "VPC Block Public Access",
		Models: "both modes and exclusions; `block-ingress` stops what hosts with public addresses send too, and leaves NAT and egress-only gateways alone; " +
			"`allow-egress` means something under `block-bidirectional` only",
		Source: "[Block Public Access](https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html)",
	})
}

// BlockPublicAccess is AWS::EC2::VPCBlockPublicAccessOptions with its exclusions.
// See https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html.
type BlockPublicAccess struct {
	Ref
	Mode       string // "", "block-bidirectional" or "block-ingress"
	Exclusions []BlockPublicAccessExclusion
}

// BlockPublicAccessExclusion lifts the block for one VPC or one subnet.
type BlockPublicAccessExclusion struct {
	Ref
	Mode   string // "allow-bidirectional" or "allow-egress"
	VPC    *VPC
	Subnet *Subnet
}

func (b *builder) blockPublicAccess() {
	for _, r := range b.set.Resources("AWS::EC2::VPCBlockPublicAccessOptions") {
		b.net.PublicAccess.Ref, b.net.PublicAccess.Mode = ref(r), str(r.Prop("InternetGatewayBlockMode"))
	}
	for _, r := range b.set.Resources("AWS::EC2::VPCBlockPublicAccessExclusion") {
		e := BlockPublicAccessExclusion{Ref: ref(r), Mode: str(r.Prop("InternetGatewayExclusionMode"))}
		if v := r.Prop("VpcId"); v.Exists() {
			e.VPC = b.vpc(v)
		}
		if v := r.Prop("SubnetId"); v.Exists() {
			e.Subnet = b.subnet(v)
		}
		b.net.PublicAccess.Exclusions = append(b.net.PublicAccess.Exclusions, e)
	}
}

// publicAccess asks VPC Block Public Access about what an interface of the VPC sends to the internet or gets from there.
func (t *tracer) publicAccess(p *Interface, v *VPC, outbound bool, name Component, r Ref) Verdict {
	bpa := t.net.PublicAccess
	if bpa.Mode == "" || bpa.Mode == "off" {
		return 0
	}
	if bpa.Mode != "block-bidirectional" && bpa.Mode != "block-ingress" {
		return t.stop(Insufficient, name, bpa.Ref, "the mode of VPC Block Public Access, %s, is decided at deployment", bpa.Mode)
	}
	open := ""
	for _, e := range bpa.Exclusions {
		if (e.VPC == nil || e.VPC != v) && (e.Subnet == nil || e.Subnet != p.Subnet) {
			continue
		}
		// allow-egress means something under block-bidirectional only.
		if e.Mode == "allow-bidirectional" || e.Mode == "allow-egress" && bpa.Mode == "block-bidirectional" && outbound && !t.reply {
			return 0
		}
		if e.Mode != "allow-egress" {
			open = fmt.Sprintf("%s, the mode of the exclusion %s, is decided at deployment", e.Mode, e.Ref)
		}
	}
	// block-ingress leaves NAT and egress-only gateways alone, and stops all else, what goes out too.
	if bpa.Mode == "block-ingress" && (p.nat != nil || name == AtEgressOnlyGateway) {
		return 0
	}
	if open != "" {
		return t.stop(Insufficient, name, bpa.Ref, "VPC Block Public Access is %s, and %s", bpa.Mode, open)
	}
	return t.stop(Denied, name, bpa.Ref, "VPC Block Public Access is %s and no exclusion covers the subnet", bpa.Mode)
}
