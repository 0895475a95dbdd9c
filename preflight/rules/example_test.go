package rules_test

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/rules"
	"github.com/eks-ipv6/cdk/preflight/updates"
)

func ExampleCheck() {
	network, err := flow.Load("testdata/eksctl.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	findings, err := rules.Check(network, rules.Options{
		Acknowledge: []rules.Acknowledge{{ID: "W04", Reason: "a test cluster: one NAT gateway is enough"}},
		Today:       time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range findings {
		fmt.Println(f.Severity, f.ID, f.Path)
		fmt.Println(" ", f.Message)
		fmt.Println("  fix:", f.Fix)
	}
	// Output:
	// warning W05 Resources.ControlPlane.Properties.ResourcesVpcConfig.PublicAccessCidrs
	//   the API endpoint of cluster ControlPlane is open to 0.0.0.0/0 and ::/0 (the default)
	//   fix: name the ranges in PublicAccessCidrs, or set EndpointPublicAccess: false
	// warning W12 Resources.LaunchTemplate.Properties.LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit
	//   the launch template LaunchTemplate gives Pods the instance metadata: its hop limit is 2
	//   fix: set HttpPutResponseHopLimit: 1 and leave HttpProtocolIpv6 disabled; give Pods roles by Pod Identity
}

func ExampleCheck_update() {
	const file = "testdata/eksctl.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	// What is deployed comes from aws cloudformation get-template. Here it is the same template, two Kubernetes versions ago.
	deployed, err := updates.Read(map[string][]byte{"eksctl": bytes.Replace(text, []byte(`Version: "1.35"`), []byte(`Version: "1.33"`), 1)})
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := updates.Load(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	update, err := updates.Compare(deployed, next)
	if err != nil {
		fmt.Println(err)
		return
	}
	network, err := flow.Load(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	findings, err := rules.Check(network, rules.Options{Update: update, Today: time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range findings {
		if f.Severity == rules.Error {
			fmt.Println(f.ID, f.Message)
		}
	}
	// Output:
	// V65 ControlPlane: EKS raises a control plane by one minor version at a time: not from 1.33 to 1.35
}
