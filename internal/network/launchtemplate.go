package network

import (
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Types: []string{"AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration"},
		Reads: []Reading{{readTemplates, (*builder).launchTemplates}, {readTemplates, (*builder).launchConfigurations}, {readTemplateGroups, (*builder).templateGroups}},
	})
}

// LaunchTemplate is an AWS::EC2::LaunchTemplate, as far as it matters to the network.
type LaunchTemplate struct {
	Ref
	Groups           []*SecurityGroup
	GroupsUnknown    string
	HasInterfaces    bool // NetworkInterfaces is given: it overrides the subnet's address assignment
	IPv6AddressCount int
	PrimaryIPv6      bool
	Public           cfn.Value // AssociatePublicIpAddress of the interface: it overrides the subnet's MapPublicIpOnLaunch
	Interface, Data  cfn.Value // NetworkInterfaces with DeviceIndex 0, and LaunchTemplateData
	HTTPTokens       string
	HopLimit         int // HttpPutResponseHopLimit, 0 when not given
	HTTPProtocolIPv6 string
	ImageID          string
	InstanceType     string
	UserData         string // as known; unknown parts are "${...}"
}

func (b *builder) launchTemplates() {
	for _, r := range b.set.Resources("AWS::EC2::LaunchTemplate") {
		d := r.Prop("LaunchTemplateData")
		t := &LaunchTemplate{Ref: ref(r)}
		t.HTTPTokens = str(d.Get("MetadataOptions.HttpTokens"))
		t.HTTPProtocolIPv6 = str(d.Get("MetadataOptions.HttpProtocolIpv6"))
		t.HopLimit, _ = d.Get("MetadataOptions.HttpPutResponseHopLimit").Int()
		t.ImageID, t.InstanceType = str(d.Get("ImageId")), str(d.Get("InstanceType"))
		t.UserData, t.Data = str(d.Get("UserData")), d
		for _, ni := range d.Get("NetworkInterfaces").Items() {
			if i, _ := ni.Get("DeviceIndex").Int(); i != 0 {
				continue
			}
			t.HasInterfaces = true
			t.IPv6AddressCount, _ = ni.Get("Ipv6AddressCount").Int()
			t.PrimaryIPv6 = yes(ni.Get("PrimaryIpv6"), false)
			t.Public = ni.Get("AssociatePublicIpAddress")
			t.Interface = ni
		}
		b.templates[own(r)] = t
	}
}

// launchConfigurations reads what launch configurations say as launch templates.
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-autoscaling-launchconfiguration.html.
func (b *builder) launchConfigurations() {
	for _, r := range b.set.Resources("AWS::AutoScaling::LaunchConfiguration") {
		t := &LaunchTemplate{Ref: ref(r), Public: r.Prop("AssociatePublicIpAddress"), Data: r.Props()}
		t.ImageID, t.InstanceType, t.UserData = str(r.Prop("ImageId")), str(r.Prop("InstanceType")), str(r.Prop("UserData"))
		t.HTTPTokens = str(r.Prop("MetadataOptions.HttpTokens"))
		t.HopLimit, _ = r.Prop("MetadataOptions.HttpPutResponseHopLimit").Int()
		b.templates[own(r)] = t
	}
}

// configurationOf finds a launch configuration by reference or by its name.
func (b *builder) configurationOf(v cfn.Value) *LaunchTemplate {
	for _, r := range b.set.Resources("AWS::AutoScaling::LaunchConfiguration") {
		if n := r.Prop("LaunchConfigurationName"); n.Exists() && n.Equal(v) {
			return b.templates[own(r)]
		}
	}
	return b.templates[key(v)]
}

// templateGroups reads a launch template's groups once clusters exist: eksctl names the cluster's own group there.
func (b *builder) templateGroups() {
	for _, r := range b.set.Resources("AWS::AutoScaling::LaunchConfiguration") {
		t := b.templates[own(r)]
		t.Groups, t.GroupsUnknown = b.groupList(r.Prop("SecurityGroups"))
	}
	for _, r := range b.set.Resources("AWS::EC2::LaunchTemplate") {
		t := b.templates[own(r)]
		d := r.Prop("LaunchTemplateData")
		t.Groups, t.GroupsUnknown = b.groupList(d.Get("SecurityGroupIds"))
		for _, ni := range d.Get("NetworkInterfaces").Items() {
			if i, _ := ni.Get("DeviceIndex").Int(); i == 0 && ni.Get("Groups").Exists() {
				t.Groups, t.GroupsUnknown = b.groupList(ni.Get("Groups"))
			}
		}
	}
}

func (b *builder) templateNamed(name cfn.Value) *LaunchTemplate {
	for _, r := range b.set.Resources("AWS::EC2::LaunchTemplate") {
		if n := r.Prop("LaunchTemplateName"); n.Exists() && n.Equal(name) {
			return b.templates[own(r)]
		}
	}
	return nil
}

// templateOf is the launch template of a LaunchTemplate property; given says that there is the property.
func (b *builder) templateOf(v cfn.Value) (t *LaunchTemplate, given bool) {
	if !v.Exists() {
		return nil, false
	}
	for _, id := range []string{"LaunchTemplateId", "Id"} {
		if t = b.templates[key(v.Get(id))]; t != nil {
			return t, true
		}
	}
	for _, name := range []string{"LaunchTemplateName", "Name"} {
		if n := v.Get(name); n.Exists() {
			return b.templateNamed(n), true
		}
	}
	return nil, true
}
