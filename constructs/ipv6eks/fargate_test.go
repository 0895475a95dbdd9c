package ipv6eks

import "testing"

func TestFargateSelectorTakes(t *testing.T) {
	t.Parallel()
	controller := map[string]string{"app.kubernetes.io/name": "aws-load-balancer-controller", "app.kubernetes.io/instance": "aws-load-balancer-controller"}
	for name, c := range map[string]struct {
		selector FargateSelector
		want     bool
	}{
		"namespace":              {FargateSelector{Namespace: "kube-system"}, true},
		"other namespace":        {FargateSelector{Namespace: "default"}, false},
		"every namespace":        {FargateSelector{Namespace: "*"}, true},
		"namespace pattern":      {FargateSelector{Namespace: "kube-*"}, true},
		"nothing left for star":  {FargateSelector{Namespace: "kube-system*"}, true},
		"star in the middle":     {FargateSelector{Namespace: "k*s*em"}, true},
		"question marks":         {FargateSelector{Namespace: "kube-??????"}, true},
		"too few question marks": {FargateSelector{Namespace: "kube-?????"}, false},
		"beginning alone":        {FargateSelector{Namespace: "kube"}, false},
		"CoreDNS":                {FargateSelector{Namespace: "kube-system", Labels: map[string]string{"k8s-app": "kube-dns"}}, false},
		"label":                  {FargateSelector{Namespace: "kube-system", Labels: map[string]string{"app.kubernetes.io/name": "aws-*"}}, true},
		"label pattern":          {FargateSelector{Namespace: "kube-system", Labels: map[string]string{"app.kubernetes.io/*": "aws-load-balancer-controller"}}, true},
		"one label too many":     {FargateSelector{Namespace: "kube-system", Labels: map[string]string{"app.kubernetes.io/name": "*", "team": "*"}}, false},
		"value of another label": {FargateSelector{Namespace: "kube-system", Labels: map[string]string{"app.kubernetes.io/name": "kube-dns"}}, false},
	} {
		if got := c.selector.takes("kube-system", controller); got != c.want {
			t.Errorf("%s: %+v takes the controller: %t", name, c.selector, got)
		}
	}
}

func TestRunsOnFargateNamesTheProfile(t *testing.T) {
	t.Parallel()
	c := &Cluster{onFargate: []fargatePods{{"Apps", FargateSelector{Namespace: "apps"}}, {"System", FargateSelector{Namespace: "kube-*"}}}}
	if profile, ok := c.RunsOnFargate("kube-system", nil); !ok || profile != "System" {
		t.Errorf("kube-system: %q %t", profile, ok)
	}
	if profile, ok := c.RunsOnFargate("default", nil); ok {
		t.Errorf("default: %q", profile)
	}
}
