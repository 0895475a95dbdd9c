package network

import (
	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Types: []string{"Custom::AWSCDK-EKS-HelmChart"},
		Open: []Opening{
			{Type: "Custom::AWSCDK-EKS-HelmChart", Properties: []string{"Chart", "ClusterName", "Values"}, Decides: []Component{AtController}},
		},
		Reads: []Reading{{readObjects, (*builder).charts}},
	})
}

// Chart is a Helm release: Custom::AWSCDK-EKS-HelmChart.
type Chart struct {
	Ref
	Cluster       *Cluster
	Chart         string
	Repository    string
	Version       string
	Release       string
	Namespace     string
	Values        cfn.Value // decoded; unknown parts stay in their places
	ValuesUnknown string    // the expression when Values could not be read at all
}

func (b *builder) charts() {
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
}
