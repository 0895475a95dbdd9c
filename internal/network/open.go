package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/aws"
	"github.com/eks-ipv6/cdk/internal/cfn"
)

// Open is a property that says what a resource belongs to or does, and that only the deployment decides: a route whose
// table is a parameter may be the route that another table lacks. Nothing that an Open may concern is surely blocked.
type Open struct {
	Ref                // with the Property
	Value string       // the expression
	About netip.Prefix // the addresses that the resource is about, where they are known
	why   string       // instead of that it is decided at deployment
	parts []Component
}

func (o *Open) String() string {
	if o.why != "" {
		return fmt.Sprintf("%s: %s", o.Ref, o.why)
	}
	return fmt.Sprintf("%s (%s) is decided at deployment", o.Ref, o.Value)
}

// Undecided returns the properties that may change what a part of the network, such as a route table, does to a packet.
func (n *Network) Undecided(part Component) []*Open {
	var out []*Open
	for _, o := range n.open {
		if slices.Contains(o.parts, part) || slices.Contains(o.parts, anyPart) {
			out = append(out, o)
		}
	}
	return out
}

// anyPart stands for every part of the network.
const anyPart = AtNothing

// The parts of the network, by the names that hops have.
var (
	routing    = []Component{AtRouteTable, AtInternetGateway, AtNATGateway}
	attaching  = []Component{AtRouteTable, AtInternetGateway, AtNATGateway, AtVPC}
	filtering  = []Component{AtSecurityGroup}
	listing    = []Component{AtNetworkACL}
	transiting = []Component{AtTransitGateway, AtTransitAttachment, AtTransitTable}
	balancing  = []Component{AtALB, AtNLB, AtTargetGroup, AtSecurityGroup, AtInternetGateway, AtVPC, AtRouteTable}
	unlimited  = []Component{anyPart}
	placing    = []Component{AtNode}
	resolving  = []Component{AtHost, AtInstance, AtNetworkInterface, AtFunction, AtVPCCNI}
	exposing   = []Component{AtController}
	addons     = []Component{AtVPCCNI, AtKubeProxy}
)

// decisive are the properties that may be Open, and the parts that each decides over.
var decisive = map[string]struct {
	parts []Component
	props []string
	about []string // properties with the addresses that the resource is about
}{
	"AWS::EC2::Route": {routing, []string{"RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId", "GatewayId"},
		[]string{"DestinationCidrBlock", "DestinationIpv6CidrBlock"}},
	"AWS::EC2::SubnetRouteTableAssociation":  {routing, []string{"SubnetId", "RouteTableId"}, nil},
	"AWS::EC2::VPCGatewayAttachment":         {attaching, []string{"VpcId", "InternetGatewayId", "VpnGatewayId"}, nil},
	"AWS::EC2::GatewayRouteTableAssociation": {attaching, []string{"GatewayId", "RouteTableId"}, nil},
	"AWS::EC2::VPNGatewayRoutePropagation":   {routing, []string{"RouteTableIds"}, nil},
	"AWS::EC2::EgressOnlyInternetGateway":    {[]Component{AtEgressOnlyGateway}, []string{"VpcId"}, nil},
	"AWS::EC2::EIP":                          {[]Component{AtInternetGateway}, []string{"InstanceId"}, nil},
	"AWS::EC2::EIPAssociation":               {[]Component{AtInternetGateway}, []string{"InstanceId", "NetworkInterfaceId"}, nil},
	"AWS::EC2::NatGateway":                   {routing, []string{"SubnetId", "VpcId"}, nil},
	"AWS::EC2::SecurityGroupIngress":         {filtering, []string{"GroupId", "SourceSecurityGroupId"}, []string{"CidrIp", "CidrIpv6"}},
	"AWS::EC2::SecurityGroupEgress":          {filtering, []string{"GroupId", "DestinationSecurityGroupId"}, []string{"CidrIp", "CidrIpv6"}},
	"AWS::EC2::NetworkAclEntry":              {listing, []string{"NetworkAclId", "Egress", "RuleAction"}, []string{"CidrBlock", "Ipv6CidrBlock"}},
	"AWS::EC2::SubnetNetworkAclAssociation":  {listing, []string{"SubnetId", "NetworkAclId"}, nil},

	"AWS::EC2::TransitGatewayAttachment":            {transiting, []string{"TransitGatewayId", "VpcId", "SubnetIds", "Options.Ipv6Support"}, nil},
	"AWS::EC2::TransitGatewayVpcAttachment":         {transiting, []string{"TransitGatewayId", "VpcId", "SubnetIds", "Options.Ipv6Support"}, nil},
	"AWS::EC2::TransitGatewayRoute":                 {transiting, []string{"TransitGatewayRouteTableId", "TransitGatewayAttachmentId", "DestinationCidrBlock"}, []string{"DestinationCidrBlock"}},
	"AWS::EC2::TransitGatewayRouteTableAssociation": {transiting, []string{"TransitGatewayRouteTableId", "TransitGatewayAttachmentId"}, nil},
	"AWS::EC2::TransitGatewayRouteTablePropagation": {transiting, []string{"TransitGatewayRouteTableId", "TransitGatewayAttachmentId"}, nil},

	"AWS::EC2::VPC":          {[]Component{AtNATGateway}, []string{"CidrBlock"}, nil},
	"AWS::EC2::VPCCidrBlock": {unlimited, []string{"VpcId", "AmazonProvidedIpv6CidrBlock"}, nil},
	"AWS::EC2::Subnet":       {placing, []string{"AssignIpv6AddressOnCreation", "Ipv6Native"}, nil},

	"AWS::EKS::Addon":                           {addons, []string{"AddonName", "ClusterName"}, nil},
	"Custom::AWSCDK-EKS-HelmChart":              {exposing, []string{"Chart", "ClusterName", "Values"}, nil},
	"AWS::EC2::VPCEndpointService":              {[]Component{AtEndpointService}, []string{"SupportedIpAddressTypes", "NetworkLoadBalancerArns"}, nil},
	"AWS::EC2::VPCEndpoint":                     {[]Component{AtEndpoint, AtEndpointService, AtRouteTable}, []string{"RouteTableIds"}, nil},
	"AWS::EC2::VPCPeeringConnection":            {[]Component{AtPeering}, []string{"VpcId", "PeerVpcId"}, nil},
	"AWS::EKS::Cluster":                         {unlimited, []string{"KubernetesNetworkConfig.IpFamily"}, nil},
	"AWS::EC2::TransitGateway":                  {transiting, []string{"DefaultRouteTableAssociation", "DefaultRouteTablePropagation"}, nil},
	"AWS::EC2::SubnetCidrBlock":                 {placing, []string{"SubnetId"}, nil},
	"AWS::ElasticLoadBalancingV2::LoadBalancer": {balancing, []string{"Scheme", "IpAddressType"}, nil},
	"AWS::ElasticLoadBalancingV2::Listener":     {balancing, []string{"LoadBalancerArn", "Port", "Protocol", "DefaultActions"}, nil},
	"AWS::ElasticLoadBalancingV2::TargetGroup":  {balancing, []string{"IpAddressType", "Port", "Protocol", "TargetType"}, nil},
}

// unread collects the parts of the templates that stand for resources which are not read. They may hold a route, a rule or an
// address of whatever there is.
func (b *builder) unread() {
	for _, n := range b.set.Notes() {
		if !n.Unread {
			continue
		}
		at := Ref{Stack: n.Stack.ID, Name: n.Path}
		if r := n.Stack.Resource(strings.TrimPrefix(n.Path, "Resources.")); r != nil {
			at = ref(r)
		}
		if strings.Contains(at.ConstructPath, kubectlStack) {
			continue
		}
		b.net.Unread = append(b.net.Unread, Problem{Ref: at, Text: n.Text})
		b.net.open = append(b.net.open, &Open{Ref: at, why: n.Text, parts: []Component{anyPart}})
	}
}

// kubectlStack is in the construct path of the nested stack that CDK makes for its kubectl function: it gives nothing a way.
const kubectlStack = "@aws-cdk--aws-eks.KubectlProvider.NestedStack"

// undecided collects what is open.
func (b *builder) undecided() {
	b.unread()
	for _, r := range b.set.Resources() {
		d, ok := decisive[r.Type]
		if !ok {
			continue
		}
		for _, prop := range d.props {
			v := r.Prop(prop)
			if !waits(v) {
				continue
			}
			o := &Open{Ref: ref(r).In(prop), Value: v.String(), parts: d.parts}
			for _, a := range d.about {
				if p, unknown := prefix(r.Prop(a), 0); unknown == "" && p.IsValid() {
					o.About = p
				}
			}
			b.net.open = append(b.net.open, o)
		}
		if r.Type == "AWS::EC2::Subnet" {
			b.openSubnet(r)
		}
	}
}

// openSubnet finds role tags and a VPC that a deployment decides, and a zone that is a parameter.
func (b *builder) openSubnet(r *cfn.Resource) {
	for i, tag := range r.Prop("Tags").Items() {
		k, known := tag.Get("Key").Text()
		role := k == aws.PublicRoleTag || k == aws.InternalRoleTag
		if !known || role && !tag.Get("Value").Known() {
			b.net.open = append(b.net.open, &Open{Ref: ref(r).In(fmt.Sprintf("Tags[%d]", i)), Value: tag.String(), parts: exposing})
		}
	}
	if vpc := r.Prop("VpcId"); waits(vpc) {
		b.net.open = append(b.net.open, &Open{Ref: ref(r).In("VpcId"), Value: vpc.String(), parts: append([]Component{AtNATGateway}, exposing...)})
	}
	if v := r.Prop("EnableDns64"); waits(v) {
		b.net.open = append(b.net.open, &Open{Ref: ref(r).In("EnableDns64"), Value: v.String(), parts: resolving})
	}
	zone := r.Prop("AvailabilityZone")
	if fn, _, ok := zone.Call(); ok && fn == "Ref" {
		b.net.open = append(b.net.open, &Open{Ref: ref(r).In("AvailabilityZone"), Value: zone.String(), parts: transiting})
	}
}

// waits says that a value is a function or a parameter that only the deployment resolves; a text with unknown parts is no
// such value, and neither is what identifies a resource of the templates.
func waits(v cfn.Value) bool {
	if items, ok := v.List(); ok {
		return slices.ContainsFunc(items, waits)
	}
	if r, _, ok := v.Attribute(); ok {
		return !modelled[r.Type]
	}
	_, _, call := v.Call()
	return call
}
